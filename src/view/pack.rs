//! The Pack page.

use serde::Serialize;

use crate::view::cells::CellMap;
use crate::view::shown::{Badge, Lamp, Note, Tile, Tone};

/// One pack (or one BMS of it) as the Pack page shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PackView {
    /// "Prohelion D1000 Gen 1".
    pub title: String,
    /// "0x600".
    pub base: String,
    /// State word.
    pub state: Badge,
    /// "updated 80 ms ago".
    pub updated: String,
    /// Tone of that line.
    pub updated_tone: Tone,
    /// What else could be shown: one entry per BMS of the profile; empty when there is just one.
    pub tabs: Vec<Tab>,
    /// Sentences about this pack.
    pub notes: Vec<Note>,
    /// Voltage, current, power, state of charge, cells, temperature.
    pub tiles: Vec<Tile>,
    /// The cell map.
    pub cells: CellMap,
    /// Precharge and contactors.
    pub contactors: ContactorsView,
    /// One lamp per event flag.
    pub events: Vec<Lamp>,
    /// Limits and facts: balance threshold, capacity, firmware, fans.
    pub facts: Vec<Tile>,
    /// Voltage and current of the last ten minutes.
    pub trend: Trend,
}

/// A BMS to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tab {
    /// Name of the component or pack.
    pub label: String,
    /// Shown now.
    pub selected: bool,
    /// Its state.
    pub tone: Tone,
}

/// The sequence of states and the lamps below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ContactorsView {
    /// Idle, Enable, Measure, Precharge, Run.
    pub steps: Vec<StepView>,
    /// A sentence on the state: what it is waiting for.
    pub sentence: String,
    /// Contactors, supply.
    pub lamps: Vec<Lamp>,
}

/// A step of the sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Its name.
    pub label: String,
    /// The pack is in it.
    pub current: bool,
    /// Tone when current.
    pub tone: Tone,
}

/// Two lines over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trend {
    /// "Last 10 minutes".
    pub label: String,
    /// (seconds before now, negative; volts); gaps are NaN.
    pub voltage: Vec<[f64; 2]>,
    /// (seconds before now, negative; amperes, positive into the battery); gaps are NaN.
    pub current: Vec<[f64; 2]>,
}
