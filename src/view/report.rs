//! The report of a charge and the list of all charges, as finished plain data: for the window, the
//! pages, the command line and the files alike.

use serde::Serialize;

use crate::view::charge::{LineView, LogView};
use crate::view::shown::Tone;

/// The list of charges.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportsView {
    /// Newest first.
    pub rows: Vec<ReportRow>,
    /// Charges with smaller numbers than this are older; none where these are the oldest.
    pub next: Option<u64>,
    /// Said where there is none.
    pub empty: String,
}

/// One charge in the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportRow {
    /// Its number, for the link to its report.
    pub id: u64,
    /// "2026-11-21 14:00".
    pub started: String,
    /// "1 h 12 min"; a dash while it runs, or where nobody saw its end.
    pub took: String,
    /// The pack.
    pub pack: String,
    /// The charger.
    pub charger: String,
    /// Who started it.
    pub by: String,
    /// "12.40 Ah".
    pub ah: String,
    /// "1.76 kWh".
    pub kwh: String,
    /// "Complete", "Running", and its tone.
    pub outcome: (String, Tone),
    /// How it ended, in a sentence.
    pub words: String,
}

/// The report of one charge.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportView {
    /// Its number.
    pub id: u64,
    /// "Charge of Demo pack, 2026-11-21 14:00".
    pub title: String,
    /// Whether it ended, and how, in a word, with its tone.
    pub outcome: (String, Tone),
    /// The same in a sentence.
    pub outcome_words: String,
    /// How the stop went, in a sentence; empty where nothing is known of it.
    pub stop_words: String,
    /// Pack, charger, person, times, ampere-hours, energy, state of charge, spread, extremes.
    pub summary: Vec<LineView>,
    /// What was asked.
    pub set_points: Vec<LineView>,
    /// Rules that the profile had set, with their units; empty where all were the usual ones.
    pub rules: Vec<LineView>,
    /// Said of the rules that are not listed.
    pub rules_words: String,
    /// What governed the current, from when to when.
    pub governors: Vec<GovernorView>,
    /// What happened, oldest first.
    pub events: Vec<LogView>,
    /// Current, pack voltage, cells, temperature over the time of the charge.
    pub plots: Vec<PlotView>,
    /// Name of a file for it, without an ending: "charge-2026-11-21-1400-Demo-pack".
    pub file: String,
    /// When this was made and by which version of the program.
    pub made: String,
}

/// A span of time in which one limit governed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GovernorView {
    /// "0:00:12".
    pub from: String,
    /// "0:41:03"; a dash where it governed to the end of what is known.
    pub until: String,
    /// "Highest cell".
    pub label: String,
}

/// A plot, ready to be drawn: paths in a field of [`PlotView::WIDTH`] by [`PlotView::HEIGHT`], the
/// origin at the top left, as SVG has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlotView {
    /// "Pack voltage".
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// The lines.
    pub lines: Vec<PlotLine>,
    /// Marks of the upright axis: where (from the top) and what.
    pub values: Vec<(f64, String)>,
    /// Marks of the time axis: where (from the left) and what.
    pub times: Vec<(f64, String)>,
    /// What a screen reader says.
    pub spoken: String,
    /// Said where there is nothing to draw; empty otherwise.
    pub empty: String,
}

/// A line of a plot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlotLine {
    /// "Highest cell".
    pub label: String,
    /// The `d` of an SVG path.
    pub path: String,
}

impl PlotView {
    /// Width of the field.
    pub const WIDTH: f64 = 600.0;
    /// Its height.
    pub const HEIGHT: f64 = 160.0;
}
