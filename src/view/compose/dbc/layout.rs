//! The picture of where the bits of a message lie.

use crate::engine::{DbcMessage, DbcSignal, signal_bits};
use crate::view::dbc::{BitCell, LayoutView};

/// Most bytes that are drawn.
const MOST: usize = 64;

/// The picture of `message`, with the values of the bits in `data`.
#[must_use]
pub fn layout(message: &DbcMessage, data: Option<&[u8]>) -> LayoutView {
    let bytes = usize::from(message.len).min(MOST);
    let reach = message.signals.iter().flat_map(signal_bits).max().map_or(0, |bit| bit / 8 + 1);
    let rows = bytes.max(reach.min(MOST)).max(1);
    let mut cells: Vec<BitCell> = (0..rows * 8)
        .map(|at| {
            // The highest bit of a byte stands at the left.
            let bit = at / 8 * 8 + (7 - at % 8);
            let byte = data.and_then(|data| data.get(bit / 8));
            BitCell {
                bit: bit as u16,
                signals: Vec::new(),
                value: byte.map(|byte| byte >> (bit % 8) & 1),
                wrong: bit / 8 >= bytes,
                hover: String::new(),
            }
        })
        .collect();
    let present: Vec<bool> =
        message.signals.iter().map(|signal| is_present(message, signal, data)).collect();
    for (at, signal) in message.signals.iter().enumerate() {
        for bit in signal_bits(signal) {
            let Some(cell) = cells.get_mut(bit / 8 * 8 + (7 - bit % 8)) else { continue };
            let meets = |other: &u16| {
                let other = message.signals.get(usize::from(*other));
                other.is_some_and(|other| {
                    other.selection.is_none()
                        || signal.selection.is_none()
                        || other.selection == signal.selection
                })
            };
            cell.wrong |= cell.signals.iter().any(meets);
            let is_first = present.get(at).copied().unwrap_or(false);
            let ahead = cell
                .signals
                .first()
                .is_some_and(|first| !present.get(usize::from(*first)).copied().unwrap_or(false));
            let place = if is_first && ahead { 0 } else { cell.signals.len() };
            cell.signals.insert(place, at as u16);
        }
    }
    for cell in &mut cells {
        cell.hover = hover(message, cell, bytes);
    }
    let names = message.signals.iter().map(|signal| signal.name.clone()).collect();
    LayoutView { bytes, cells, names }
}

/// Whether the switches of `data` select a signal; without data, whether it is always there.
fn is_present(message: &DbcMessage, signal: &DbcSignal, data: Option<&[u8]>) -> bool {
    let mut signal = signal;
    // Switches do not go round in circles, and there are not more of them than signals.
    for _ in 0..=message.signals.len() {
        let Some(selection) = &signal.selection else { return true };
        let Some(switch) = message.signals.get(selection.switch) else { return false };
        let Some(raw) = data.and_then(|data| raw(switch, data)) else { return false };
        if !selection.holds(raw) {
            return false;
        }
        signal = switch;
    }
    false
}

/// The bits of a signal as a number, whatever they mean.
fn raw(signal: &DbcSignal, data: &[u8]) -> Option<u64> {
    let mut raw = 0;
    let is_little = signal.order == crate::engine::BitOrder::Little;
    for (nth, bit) in signal_bits(signal).enumerate() {
        let value = u64::from(data.get(bit / 8)? >> (bit % 8) & 1);
        raw = if is_little { raw | value << (nth % 64) } else { raw << 1 | value };
    }
    Some(raw)
}

fn hover(message: &DbcMessage, cell: &BitCell, bytes: usize) -> String {
    let bit = usize::from(cell.bit);
    let mut lines = vec![format!("bit {bit}: byte {}, bit {} of it", bit / 8, bit % 8)];
    if bit / 8 >= bytes {
        lines.push(format!("beyond the {bytes} bytes of the message"));
    }
    for at in &cell.signals {
        let Some(signal) = message.signals.get(usize::from(*at)) else { continue };
        let nth = signal_bits(signal).position(|one| one == bit).unwrap_or_default();
        let nth = match signal.order {
            crate::engine::BitOrder::Little => nth,
            crate::engine::BitOrder::Big => usize::from(signal.length).saturating_sub(nth + 1),
        };
        lines.push(format!("{}, its bit {nth}", signal.name));
    }
    lines.join("\n")
}
