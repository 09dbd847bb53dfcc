//! The plot of signals: what a person wants of it, and the finished picture of lines, scales and the
//! values under the cursor. Places are shares of the picture, so every face draws it in its own size.

use serde::{Deserialize, Serialize};

/// Most lines of a plot.
pub const MOST_LINES: usize = 8;

/// A signal that is plotted, by the names that people see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PlotKey {
    /// The bus.
    pub bus: String,
    /// Identifier with bit 31 set where it is extended.
    pub id: u32,
    /// The signal.
    pub signal: String,
}

/// The time that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PlotSpan {
    /// All there is.
    #[default]
    Whole,
    /// The newest so many seconds, as time goes on.
    Newest(f64),
    /// From one moment to another, nanoseconds.
    Between(i64, i64),
}

/// What a person wants of the plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotAsk {
    /// The lines.
    pub lines: Vec<PlotKey>,
    /// The time.
    pub span: PlotSpan,
    /// How many columns of points the picture has.
    pub columns: usize,
    /// The moment whose values are told, nanoseconds; none: the newest.
    pub cursor: Option<i64>,
}

/// The picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotPicture {
    /// Its lines, in the order they were wanted.
    pub lines: Vec<PlotLine>,
    /// Its scales, one for each unit.
    pub scales: Vec<PlotScale>,
    /// Marks of time: share from the left, words.
    pub times: Vec<(f32, String)>,
    /// The moments at its left and its right end, nanoseconds.
    pub ends: (i64, i64),
    /// The first and the last moment of all lines.
    pub whole: (i64, i64),
    /// When the values of the lines are told for: "14:26:08.123456".
    pub moment: String,
    /// Share of the frames that was looked through.
    pub looked: f32,
    /// What is to be said of it, in a sentence; empty where nothing is.
    pub remark: String,
    /// What stands in its place where there is no line.
    pub empty: String,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotLine {
    /// What it shows.
    pub key: PlotKey,
    /// "PackVoltage".
    pub label: String,
    /// Its value at the moment that is told, with its unit, or a dash.
    pub value: String,
    /// "0x6FA BMU_PackVoltageCurrent on can0, 139.200 to 142.410 V in the picture".
    pub hover: String,
    /// Its scale, by place.
    pub scale: usize,
    /// What is drawn in one stroke: shares from the left and from the bottom.
    pub strokes: Vec<Vec<[f32; 2]>>,
    /// Time of the value that is told, nanoseconds.
    pub at: Option<i64>,
}

/// The upright scale of a unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotScale {
    /// The unit.
    pub unit: String,
    /// Marks: share from the bottom, words.
    pub marks: Vec<(f32, String)>,
}

impl PlotSpan {
    /// The same about `share` of the picture, closer by `factor` (below 1) or wider.
    #[must_use]
    pub fn zoomed(ends: (i64, i64), share: f64, factor: f64) -> Self {
        let length = (ends.1 - ends.0) as f64;
        let wanted = (length * factor).clamp(1e5, 4e18);
        let middle = ends.0 as f64 + length * share;
        let first = middle - wanted * share;
        Self::Between(first as i64, (first + wanted) as i64)
    }

    /// The same, moved by `share` of the picture.
    #[must_use]
    pub fn moved((first, last): (i64, i64), share: f64) -> Self {
        let by = ((last - first) as f64 * share) as i64;
        Self::Between(first.saturating_add(by), last.saturating_add(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_moment_under_the_pointer_and_ends_somewhere() {
        assert_eq!(
            PlotSpan::zoomed((0, 1_000_000_000), 0.25, 0.5),
            PlotSpan::Between(125_000_000, 625_000_000)
        );
        let PlotSpan::Between(from, to) = PlotSpan::zoomed((0, 1_000), 0.5, 0.5) else { panic!() };
        assert!(to - from >= 99_000, "no closer than a tenth of a millisecond");
        assert_eq!(PlotSpan::moved((0, 1_000), -0.5), PlotSpan::Between(-500, 500));
    }
}
