//! The cell map: one row per module, one tile per cell.

use serde::Serialize;

use crate::view::shown::{Shade, Shown};

/// The cells of one BMS.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CellMap {
    /// Widest row, in cells.
    pub columns: usize,
    /// One per module.
    pub rows: Vec<CellRow>,
    /// What the colours mean.
    pub scale: Scale,
    /// What stands here when there are no rows.
    pub empty: String,
    /// The unit of temperatures.
    pub unit: &'static str,
}

/// The colour scale: deviation from the mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scale {
    /// At the cold end: "−50 mV".
    pub low: String,
    /// In the middle: "mean 3741 mV".
    pub middle: String,
    /// At the hot end: "+50 mV".
    pub high: String,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CellRow {
    /// "CMU 1".
    pub label: String,
    /// Its serial number and what else is known.
    pub hover: String,
    /// Its cells.
    pub cells: Vec<CellTile>,
    /// Temperature of its cells.
    pub cell_temperature: Shown,
    /// Temperature of its board.
    pub board_temperature: Shown,
}

/// What a cell's place holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// A measured cell.
    Ok,
    /// Measured, but the module's two channels disagree: hatched.
    Untrusted,
    /// No cell is configured here: a dash.
    Absent,
    /// A voltage where no cell should be.
    Extra,
    /// Nothing (any more) is known: a dash.
    #[default]
    NoData,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CellTile {
    /// "3699", or a dash.
    pub text: String,
    /// What it holds.
    pub kind: CellKind,
    /// Place on the colour scale, -1 (cold end) to 1 (hot end); `None` without a trusted value.
    pub deviation: Option<f32>,
    /// The lowest cell: ▼.
    pub lowest: bool,
    /// The highest cell: ▲.
    pub highest: bool,
    /// Being balanced: corner.
    pub balancing: bool,
    /// Age.
    pub shade: Shade,
    /// Name for a screen reader with its value: "CMU 1 cell 3, 3708 mV".
    pub name: String,
    /// Exact value, age, deviation, state in words, one line each.
    pub hover: String,
}
