//! The Charge page, as finished plain data: for the window, the pages and the command line alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::view::offer::{Grave, Offer};
use crate::view::shown::{Shown, Tone};

/// What somebody looks at on the page, and has typed there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChargePrefs {
    /// The pack; none: the first, or the one that runs.
    pub pack: Option<String>,
    /// The charger for the next charge; none: the one there is.
    pub charger: Option<String>,
    /// What was typed, by name of the field; fields that were not touched are missing.
    pub typed: BTreeMap<String, String>,
    /// Whether this person has read the safety text.
    pub safety: SafetyText,
    /// What is to become of a charge from here when the page is left.
    pub leaving: Leaving,
}

/// Whether somebody has read the safety text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyText {
    /// Not yet: nothing is started before.
    #[default]
    Unread,
    /// It was read.
    Read,
}

/// What becomes of a charge when whoever started it leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// It goes on.
    #[default]
    GoesOn,
    /// It stops.
    Stops,
}

/// The Charge page of one pack.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChargeView {
    /// Packs that can be chosen.
    pub packs: Vec<String>,
    /// The chosen one; empty where there is none.
    pub pack: String,
    /// Chargers that can be chosen.
    pub chargers: Vec<String>,
    /// The chosen one; empty where there is none.
    pub charger: String,
    /// What there is to say where no pack or no charger is there; empty otherwise.
    pub empty: String,
    /// The five steps.
    pub steps: Vec<StepView>,
    /// The state in words: "Charging at 17.5 A", and its tone.
    pub state: (String, Tone),
    /// What governs: "Highest cell governs: 4.083 V of 4.100 V"; empty where nothing flows.
    pub governs: String,
    /// Set points with their ranges.
    pub fields: Vec<FieldView>,
    /// The charger's lines.
    pub charger_lines: Vec<LineView>,
    /// What the list of checks is: "Before the start" or "Safety interlocks".
    pub checks_title: String,
    /// One word on all of them: "ALL CLEAR", "CLEAR SO FAR", "2 NOT CLEAR".
    pub checks_word: (String, Tone),
    /// Preconditions or interlocks.
    pub checks: Vec<CheckView>,
    /// Latches that are set, in sentences, each with who may clear it.
    pub latches: Vec<String>,
    /// "1 h 12 min left"; a dash where it cannot be said.
    pub left: Shown,
    /// Ampere-hours.
    pub ah: Shown,
    /// Kilowatt-hours.
    pub kwh: Shown,
    /// Time since the start.
    pub elapsed: Shown,
    /// Plot of this charge.
    pub curve: CurveView,
    /// Log of this charge, newest first.
    pub log: Vec<LogView>,
    /// Number of the kept charge, for a link to its report.
    pub record: Option<u64>,
    /// "Charging at 17.5 A \u{b7} 1 h 12 min left \u{b7} 6.4 Ah delivered".
    pub line: String,
    /// Start, with what will happen.
    pub start: Grave,
    /// Close contactors, with what will happen.
    pub engage: Grave,
    /// Stop: open whenever anything runs. Never asks.
    pub stop: Offer,
    /// Apply changed set points.
    pub apply: Offer,
    /// Clear latches.
    pub clear: Offer,
    /// The safety text, while this person has not read it; empty after.
    pub safety_text: String,
    /// The demo's controls, where this is a demo.
    pub demo: Option<DemoView>,
    /// What it is decided by.
    pub rules: RulesView,
}

/// One of the five steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepView {
    /// "3 Constant current".
    pub label: String,
    /// Ok where it is the present one, muted where it is to come, plain where it is behind.
    pub tone: Tone,
    /// Whether it is the present one.
    pub now: bool,
}

/// A set point.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldView {
    /// Name in the API: "current_a".
    pub field: String,
    /// "Max current".
    pub label: String,
    /// What stands in it, as typed; empty where it is not set.
    pub text: String,
    /// Unit.
    pub unit: String,
    /// "0.1 to 20 A".
    pub range: String,
    /// Where the limit comes from: "profile", "usual", "fixed".
    pub origin: String,
    /// Why what was typed cannot be; empty where it can.
    pub error: String,
    /// What it does, and what an empty field means.
    pub about: String,
}

/// A line of the table of rules that charging decides by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleView {
    /// Its name in a profile: "cell_max_mv".
    pub name: String,
    /// What to call it.
    pub title: String,
    /// Its value as it is typed.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// Its hard bounds: "2000 to 4250 mV".
    pub bounds: String,
    /// What it is unless somebody sets it: "4150 mV".
    pub usual: String,
    /// Who set it: "profile", "usual", "set here, not kept".
    pub origin: String,
    /// Whether there is something to set back.
    pub is_set: bool,
    /// What it does.
    pub about: String,
    /// Where the figure comes from.
    pub source: String,
}

/// The table of rules that charging decides by, as something that can be changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RulesView {
    /// Every rule.
    pub rows: Vec<RuleView>,
    /// The version that a change is made on.
    pub version: i64,
    /// What becomes of a change: that it is kept in the profile's file, or not at all.
    pub kept: String,
    /// Change one.
    pub change: Offer,
    /// Set one back to what is usual.
    pub reset: Offer,
}

/// A label and a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LineView {
    /// "Output".
    pub label: String,
    /// "141.8 V · 17.4 A · 2.47 kW".
    pub text: String,
    /// Its tone.
    pub tone: Tone,
}

/// A check.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckView {
    /// Its code.
    pub code: String,
    /// What it is.
    pub label: String,
    /// "80 ms, limit 1000 ms".
    pub text: String,
    /// Why it does not hold; empty where it does.
    pub why: String,
    /// "holds", "does not hold", "is not asked for yet".
    pub said: &'static str,
    /// Ok, fault, or muted where it is not asked for yet.
    pub tone: Tone,
}

/// The plot of a charge. Three lines with scales of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CurveView {
    /// Seconds since the start, one for each value of the lines.
    pub seconds: Vec<f64>,
    /// Current, pack voltage, highest cell.
    pub lines: Vec<CurveLine>,
    /// Said where there is nothing to draw.
    pub empty: String,
}

/// One line of the plot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CurveLine {
    /// "Current".
    pub label: String,
    /// Unit.
    pub unit: String,
    /// Decimals that it is worth.
    pub decimals: usize,
    /// Newest value, in words.
    pub now: String,
    /// Values; none where one was not known.
    pub values: Vec<Option<f64>>,
}

/// A line of the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogView {
    /// "14:26:08".
    pub at: String,
    /// What happened.
    pub text: String,
}

/// The demo's controls.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DemoView {
    /// Whether the simulated vehicle is parked at its charger.
    pub parked: bool,
    /// How fast its cells live.
    pub pace: f64,
    /// Paces to choose: 1, 10, 30, 60.
    pub paces: Vec<f64>,
    /// What this does, in a sentence.
    pub text: String,
    /// Whether it can be changed, or why not.
    pub offer: Offer,
}
