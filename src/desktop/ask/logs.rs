//! What a person asks for about recordings that are looked at, and about saving what is shown.

use std::path::PathBuf;

use super::SaveTo;
use crate::view::logs::{LogId, TraceOf};
use crate::view::plot::PlotKey;

/// Something asked for about recordings that are looked at beside what runs. What comes of it shows
/// on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAsk {
    /// Open this file under this number.
    Open(LogId, PathBuf),
    /// Let go of a recording.
    Close(LogId),
    /// Read no further.
    Stop(LogId),
    /// Decode it with this DBC file, before those of the plant.
    Decode(LogId, PathBuf),
    /// Decode it with those of the plant alone.
    Plain(LogId),
    /// Save frames of what is shown.
    Save {
        /// Whose frames.
        of: TraceOf,
        /// Which.
        part: SavedPart,
        /// The filter of the trace.
        filter: String,
        /// Where to.
        to: SaveTo,
    },
    /// Save the values of a plot.
    SaveValues {
        /// Whose plot.
        of: TraceOf,
        /// The signals.
        lines: Vec<PlotKey>,
        /// The first and the last moment that count, nanoseconds; none: all.
        between: Option<(i64, i64)>,
        /// Where to.
        to: SaveTo,
    },
    /// Stop the saving that goes on.
    StopSaving,
}

/// Which frames of a trace are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SavedPart {
    /// Those that the filter lets through.
    #[default]
    Fitting,
    /// All of them.
    All,
    /// Of those between these two frames, what the filter lets through.
    Between(u64, u64),
}

/// Frames that somebody wants to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramesWanted {
    /// Which.
    pub part: SavedPart,
    /// Where to, as typed; none: the system's dialog is asked.
    pub path: Option<PathBuf>,
}

/// Values of the plot that somebody wants to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesWanted {
    /// The first and the last moment that count, nanoseconds; none: all.
    pub between: Option<(i64, i64)>,
    /// Where to, as typed; none: the system's dialog is asked.
    pub path: Option<PathBuf>,
}
