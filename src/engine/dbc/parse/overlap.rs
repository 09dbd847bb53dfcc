//! Signals that share bits, and signals that reach beyond their message: worth a warning, never a
//! reason to leave anything out, because every signal is decoded on its own.

use std::collections::HashMap;

use super::report::Report;
use crate::engine::dbc::layout::{FRAME_BYTES, span};
use crate::engine::dbc::schema::{Message, Order, Schema, Selection, Signal};

const BITS: usize = FRAME_BYTES * 8;
/// Nobody owns the bit.
const FREE: u32 = u32::MAX;

/// Warns of both.
pub(super) fn check(schema: &Schema, report: &mut Report) {
    for message in &schema.messages {
        beyond(message, report);
        shared(message, report);
    }
}

fn beyond(message: &Message, report: &mut Report) {
    for signal in &message.signals {
        let need = span(signal).need();
        if need <= usize::from(message.len) {
            continue;
        }
        let text = if need > FRAME_BYTES {
            format!(
                "signal {} of message {} ends at byte {need}, beyond any frame; it is never there",
                signal.name, message.name
            )
        } else {
            format!(
                "signal {} ends at byte {need}, message {} has {}; decoded where a frame is long \
                 enough",
                signal.name, message.name, message.len
            )
        };
        report.warn(signal.line, text);
    }
}

fn shared(message: &Message, report: &mut Report) {
    // Signals can be in a frame together when they are always there or have the same selection.
    let mut owners: HashMap<Option<&Selection>, Box<[u32; BITS]>> = HashMap::new();
    for (position, signal) in message.signals.iter().enumerate() {
        let mine =
            owners.entry(signal.selection.as_ref()).or_insert_with(|| Box::new([FREE; BITS]));
        let mut met = None;
        for bit in bits(signal) {
            let Some(owner) = mine.get_mut(bit) else { continue };
            if *owner == FREE {
                *owner = position as u32;
            } else {
                met.get_or_insert(*owner);
            }
        }
        if met.is_none() && signal.selection.is_some() {
            let always = owners.get(&None);
            met = always.and_then(|map| {
                bits(signal).find_map(|bit| map.get(bit).copied().filter(|&owner| owner != FREE))
            });
        }
        if let Some(other) = met.and_then(|at| message.signals.get(at as usize)) {
            let text = format!(
                "signals {} and {} of message {} share bits; both are decoded",
                other.name, signal.name, message.name
            );
            report.warn(signal.line, text);
        }
    }
}

/// The bits of a signal, in one numbering for both byte orders.
fn bits(signal: &Signal) -> impl Iterator<Item = usize> + use<> {
    let start = usize::from(signal.start);
    let (first, big) = match signal.order {
        Order::Little => (start, 0),
        Order::Big => ((start & !7) + (7 - start % 8), 7),
    };
    (first..first + usize::from(signal.length)).map(move |bit| bit ^ big)
}
