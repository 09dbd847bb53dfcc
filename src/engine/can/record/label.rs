//! What stands beside a recording: its figures and its gaps, as JSON in a file of the same name with
//! `.json` behind it. Written anew once a second while the recording grows, so that what is known of
//! it is no older than what is in it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Gaps that are kept with their words; all are counted.
pub const GAPS: usize = 1000;
/// Largest label that is read, bytes.
const LARGEST: u64 = 1024 * 1024;

/// Where frames are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// When, seconds since 1970 UTC.
    pub at: f64,
    /// How many frames, as far as that is known.
    pub frames: u64,
    /// Why.
    pub why: String,
}

/// What is known of a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Label {
    /// The recording that the file belongs to.
    pub recording: String,
    /// Number of the file in it.
    pub number: u32,
    /// Short name of its format.
    pub format: String,
    /// Who has started it.
    pub by: String,
    /// The filter, if not everything was recorded.
    pub filter: String,
    /// When the file was begun, nanoseconds since 1970.
    pub started: i64,
    /// When it was finished; none while it grows, or where nobody could finish it.
    pub ended: Option<i64>,
    /// Frames in it.
    pub frames: u64,
    /// Seconds from the first frame to the last.
    pub seconds: f64,
    /// Names of its buses.
    pub buses: Vec<String>,
    /// Frames that are missing.
    pub missing: u64,
    /// How many gaps there are.
    pub gap_count: u64,
    /// The first of them.
    pub gaps: Vec<Gap>,
    /// What the format could not hold.
    pub not_kept: Vec<String>,
}

impl Label {
    /// Where the label of a recording is.
    #[must_use]
    pub fn place(recording: &Path) -> PathBuf {
        let mut name = recording.file_name().unwrap_or_default().to_os_string();
        name.push(".json");
        recording.with_file_name(name)
    }

    /// The label of a recording, where there is one that can be read.
    #[must_use]
    pub fn read(recording: &Path) -> Option<Self> {
        let place = Self::place(recording);
        let size = fs::metadata(&place).ok()?.len();
        if size > LARGEST {
            return None;
        }
        serde_json::from_str(&fs::read_to_string(place).ok()?).ok()
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        // It has nothing that JSON cannot say.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
