//! What is kept of a charge: plain data that the store keeps and the faces print.

use serde::{Deserialize, Serialize};

use crate::engine::charge::wish::{Latches, SetPoints};

/// A charge, as it is kept. Written when it begins, every half minute, and when it ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChargeReport {
    /// Its number: milliseconds since 1970 UTC of its start, made unique.
    pub id: u64,
    /// The pack.
    pub pack: String,
    /// The charger.
    pub charger: String,
    /// Who started it.
    pub by: String,
    /// Through which face.
    pub face: String,
    /// When, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended; none while it runs, or when the program ended before it.
    pub ended_ms: Option<i64>,
    /// How much faster than the clock the cells of a demo lived; 1 for anything real.
    pub pace: f64,
    /// What was asked at last.
    pub set: Option<SetPoints>,
    /// Rules that a profile had set, by name.
    pub rules: Vec<(String, f64)>,
    /// How it ended, in a word for machines: "complete", "asked", "interlock"; empty while it runs.
    pub outcome: String,
    /// The same in a sentence.
    pub outcome_words: String,
    /// How the stop went, in a sentence.
    pub stop_words: String,
    /// Time charged, by the cells' clock, seconds.
    pub seconds: f64,
    /// Ampere-hours.
    pub ah: f64,
    /// Kilowatt-hours.
    pub kwh: f64,
    /// State of charge at start and end, percent.
    pub soc: (Option<f64>, Option<f64>),
    /// Cell spread at start and end, millivolts.
    pub spread_mv: (Option<i32>, Option<i32>),
    /// Highest cell at any time, millivolts.
    pub highest_mv: Option<i32>,
    /// Hottest cell at any time, degrees Celsius.
    pub hottest_c: Option<f64>,
    /// What happened, oldest first, at most 256.
    pub events: Vec<ReportEvent>,
    /// What governed from when on, oldest first, at most 256.
    pub governors: Vec<(f64, String)>,
    /// The plot: seconds, amperes, volts, highest and lowest cell in millivolts, hottest, state of
    /// charge.
    pub curve: Vec<ReportPoint>,
}

/// Something that happened in a charge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportEvent {
    /// Seconds since the start, by the clock.
    pub seconds: f64,
    /// In a sentence.
    pub text: String,
}

/// A point of the plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportPoint {
    /// Seconds since the start, by the cells' clock.
    pub seconds: f64,
    /// Current into the pack.
    pub amps: Option<f64>,
    /// Pack voltage.
    pub volts: Option<f64>,
    /// Highest cell, millivolts.
    pub highest_mv: Option<i32>,
    /// Lowest cell, millivolts.
    pub lowest_mv: Option<i32>,
    /// Hottest cell, degrees Celsius.
    pub hottest_c: Option<f64>,
    /// State of charge, percent.
    pub soc: Option<f64>,
}

/// What the hub asks the store to keep of charging. Nobody waits for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// A charge as it is now; the newest takes the place of the older one with its number.
    Charge(Box<ChargeReport>),
    /// What is latched at a pack.
    Latches {
        /// The pack.
        pack: String,
        /// What.
        latches: Latches,
    },
}
