//! Classes for tones, shades, tiles and bytes: what colour and sign a piece gets from the style sheet.
//! Judges nothing: the view has done so.

use crate::view::cells::{CellKind, CellTile};
use crate::view::shown::{Shade, Tone};
use crate::web::pages::theme;

/// The class of a tone.
#[must_use]
pub const fn tone(tone: &Tone) -> &'static str {
    match tone {
        Tone::Muted => "muted",
        Tone::Plain => "plain",
        Tone::Ok => "ok",
        Tone::Info => "info",
        Tone::Warning => "warning",
        Tone::Fault => "fault",
    }
}

/// The class of an age.
#[must_use]
pub const fn shade(shade: &Shade) -> &'static str {
    match shade {
        Shade::Fresh => "fresh",
        Shade::Late => "late",
        Shade::Lost => "lost",
        Shade::Never => "never",
    }
}

/// The classes of a cell's tile.
#[must_use]
pub fn tile(cell: &CellTile) -> String {
    let mut classes = String::from(match cell.kind {
        CellKind::Ok => "tile",
        CellKind::Untrusted => "tile untrusted",
        CellKind::Absent => "tile absent",
        CellKind::Extra => "tile extra",
        CellKind::NoData => "tile none",
    });
    if let Some(deviation) = cell.deviation {
        classes.push_str(&format!(" d{}", theme::deviation(deviation)));
    }
    let marks = [(cell.lowest, " low"), (cell.highest, " high"), (cell.balancing, " balancing")];
    for (_, class) in marks.into_iter().filter(|(set, _)| *set) {
        classes.push_str(class);
    }
    match cell.shade {
        Shade::Late => classes.push_str(" late"),
        Shade::Fresh | Shade::Lost | Shade::Never => {}
    }
    classes
}

/// What a tile says under the pointer: its name and value; where it is overdue, its age too. An age
/// that is as it should be changes with every picture and says nothing.
#[must_use]
pub fn tip(cell: &CellTile) -> &str {
    match cell.shade {
        Shade::Late => &cell.hover,
        Shade::Fresh | Shade::Lost | Shade::Never => &cell.name,
    }
}

/// The class of a byte.
#[must_use]
pub fn byte(heat: &f32) -> String {
    theme::heat(*heat).map_or_else(String::new, |step| format!(" hot h{step}"))
}
