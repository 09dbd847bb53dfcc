//! Composes one line per pack, for a terminal.

use crate::engine::Snapshot;
use crate::view::chrome::Chip;
use crate::view::compose::chrome::{bus_chip, trouble};
use crate::view::compose::pack::{pack, pictures};
use crate::view::shown::Tile;

/// The states alone (to notice a change), and the lines: one per pack, or per bus where there is no
/// pack.
#[must_use]
pub fn lines(snapshot: &Snapshot) -> (String, Vec<String>) {
    let names: Vec<String> = pictures(snapshot).map(|(name, _)| name).collect();
    if names.is_empty() {
        let chips: Vec<Chip> = snapshot.buses.iter().map(bus_chip).collect();
        let lines =
            chips.into_iter().map(|chip| format!("{}: {}", chip.text, chip.hover)).collect();
        return (String::new(), lines);
    }
    let mut lines: Vec<String> = trouble(snapshot).map(|note| note.text).collect();
    let mut states = lines.concat();
    for name in names {
        let view = pack(snapshot, Some(&name));
        let tile = |tile: &Tile| match tile.value.note.is_empty() {
            true => tile.value.line(),
            false => format!("{} ({})", tile.value.line(), tile.value.note),
        };
        let tiles: Vec<String> = view.tiles.iter().map(tile).collect();
        states.push_str(&view.state.word);
        lines.push(format!("{name}  {}  {}", view.state.word, tiles.join("  ")));
    }
    (states, lines)
}
