//! Recordings that are looked at beside the running plant.

use serde::Serialize;

use crate::view::shown::Tone;

/// Most recordings that are open at once.
pub const MOST_LOGS: usize = 8;

/// A recording that is open. Its number is never given to another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct LogId(pub u64);

/// Where frames are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TraceOf {
    /// The running plant.
    #[default]
    Live,
    /// A recording.
    Log(LogId),
}

/// How a recording stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogView {
    /// Which.
    pub id: LogId,
    /// "drive.log".
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// Share that was read, while it is; none where it is not known or all is done.
    pub progress: Option<f32>,
    /// Whether it is being read.
    pub is_reading: bool,
    /// Whether it is no recording, or cannot be read: there is nothing to be done with it.
    pub is_refused: bool,
    /// "Vector BLF, 1 412 frames of 2 buses, 35 MB in memory".
    pub summary: String,
    /// What went wrong or was left out, in a sentence; empty where nothing was.
    pub remark: (Tone, String),
    /// The first of what was passed over, a line each.
    pub passed_over: Vec<String>,
    /// The DBC files it is decoded with, before those of the plant: "think-city.dbc".
    pub dictionaries: Vec<String>,
}
