//! Signals that share bits, and signals that reach beyond their message: worth a warning, never a
//! reason to leave anything out, because every signal is decoded on its own.

use std::collections::HashMap;

use super::report::Report;
use crate::engine::dbc::layout::{FRAME_BYTES, bits, span};
use crate::engine::dbc::schema::{Message, Schema, Selection};

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
    for (other, position) in meetings(message) {
        let (Some(other), Some(signal)) =
            (message.signals.get(other), message.signals.get(position))
        else {
            continue;
        };
        let text = format!(
            "signals {} and {} of message {} share bits; both are decoded",
            other.name, signal.name, message.name
        );
        report.warn(signal.line, text);
    }
}

/// The signals that share bits with one before them: the position of that one, and theirs.
pub(in crate::engine::dbc) fn meetings(message: &Message) -> Vec<(usize, usize)> {
    // Signals can be in a frame together when they are always there or have the same selection.
    let mut owners: HashMap<Option<&Selection>, Box<[u32; BITS]>> = HashMap::new();
    let mut all = Vec::new();
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
        all.extend(met.map(|other| (other as usize, position)));
    }
    all
}
