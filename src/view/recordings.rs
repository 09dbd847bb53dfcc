//! Recording: what runs, what a person wants recorded, and the recordings in the folder.

use serde::{Deserialize, Serialize};

use crate::view::offer::{Grave, Offer};
use crate::view::shown::Tone;

/// What a person wants recorded, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordPrefs {
    /// Its name; empty: "recording".
    pub name: String,
    /// Names of buses with blanks or commas between them; empty: all of them.
    pub buses: String,
    /// Which frames.
    pub filter: String,
    /// Short name of the format.
    pub format: String,
    /// How it is packed: "none", "gzip", "zstd".
    pub compression: String,
    /// When it begins: "at-once", "charge", "fault", "frames".
    pub begin: String,
    /// Frames that begin it.
    pub begin_filter: String,
    /// Frames that end it.
    pub end_filter: String,
    /// Seconds before.
    pub before_s: String,
    /// Seconds after.
    pub after_s: String,
    /// A new file after so many megabytes.
    pub rotate_mb: String,
    /// A new file after so many minutes.
    pub rotate_min: String,
    /// So many files are kept.
    pub keep_files: String,
    /// So many megabytes are kept.
    pub keep_mb: String,
    /// So many hours are kept.
    pub keep_h: String,
    /// What happens when the disk is full: "stop", "delete-oldest".
    pub when_full: String,
}

impl Default for RecordPrefs {
    fn default() -> Self {
        let empty = String::new;
        Self {
            name: empty(),
            buses: empty(),
            filter: empty(),
            format: "candump".to_owned(),
            compression: "none".to_owned(),
            begin: "at-once".to_owned(),
            begin_filter: empty(),
            end_filter: empty(),
            before_s: empty(),
            after_s: empty(),
            rotate_mb: empty(),
            rotate_min: empty(),
            keep_files: empty(),
            keep_mb: empty(),
            keep_h: empty(),
            when_full: "stop".to_owned(),
        }
    }
}

/// A choice of a list: what is sent, and what is shown.
pub type Choice = (&'static str, &'static str);

impl RecordPrefs {
    /// The formats.
    pub const FORMATS: [Choice; 9] = [
        ("candump", "candump log"),
        ("asc", "Vector ASC"),
        ("blf", "Vector BLF"),
        ("trc", "PCAN trace"),
        ("gvret", "GVRET CSV"),
        ("crtd", "CRTD"),
        ("arrowpoint", "ArrowPoint CSV"),
        ("pcap", "pcap"),
        ("pcapng", "pcapng"),
    ];
    /// How files are packed.
    pub const COMPRESSIONS: [Choice; 3] =
        [("none", "not compressed"), ("zstd", "zstd"), ("gzip", "gzip")];
    /// When a recording begins.
    pub const BEGINS: [Choice; 4] = [
        ("at-once", "at once"),
        ("charge", "with every charge"),
        ("fault", "with every fault"),
        ("frames", "with a frame"),
    ];
    /// What happens when the disk is full.
    pub const WHEN_FULL: [Choice; 2] =
        [("stop", "stop"), ("delete-oldest", "delete the oldest file of this recording")];

    /// The field of this name, as forms send it.
    pub fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "name" => &mut self.name,
            "buses" => &mut self.buses,
            "filter" => &mut self.filter,
            "format" => &mut self.format,
            "compression" => &mut self.compression,
            "begin" => &mut self.begin,
            "begin_filter" => &mut self.begin_filter,
            "end_filter" => &mut self.end_filter,
            "before_s" => &mut self.before_s,
            "after_s" => &mut self.after_s,
            "rotate_mb" => &mut self.rotate_mb,
            "rotate_min" => &mut self.rotate_min,
            "keep_files" => &mut self.keep_files,
            "keep_mb" => &mut self.keep_mb,
            "keep_h" => &mut self.keep_h,
            "when_full" => &mut self.when_full,
            _ => return None,
        })
    }
}

/// What is recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordView {
    /// What runs, and what has ended lately.
    pub running: Vec<RecordRow>,
    /// Starting another.
    pub start: Offer,
    /// "2 recordings" that run, for the frame around every page; `None` while none does.
    pub chip: Option<String>,
    /// Names of the buses there are.
    pub buses: Vec<String>,
}

/// A recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordRow {
    /// Its name.
    pub name: String,
    /// "recording", "waiting for a charge", "stopped by ada".
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// "can0 as candump log, zstd".
    pub what: String,
    /// "12,345 frames, 1.2 MB, 820 frames/s".
    pub figures: String,
    /// "120 frames are missing in 2 gaps"; empty where none is.
    pub missing: String,
    /// Name of the file that is written.
    pub file: String,
    /// "by ada since 12:03:44".
    pub by: String,
    /// Stopping it, while it runs.
    pub stop: Option<Offer>,
    /// Taking it from the list, once it has stopped.
    pub forget: Option<Offer>,
}

/// The recordings in the folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShelfView {
    /// The folder.
    pub folder: String,
    /// The recordings, the newest first.
    pub rows: Vec<ShelfRow>,
    /// What is said where there is none, or it cannot be read.
    pub empty: String,
    /// "12 recordings, 340 MB".
    pub summary: String,
}

/// A recording in the folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShelfRow {
    /// Its name.
    pub name: String,
    /// Where it is, for faces on this machine.
    pub path: std::path::PathBuf,
    /// When it was begun.
    pub started: String,
    /// "12 min 3 s".
    pub took: String,
    /// "12,345".
    pub frames: String,
    /// "1.2 MB".
    pub size: String,
    /// "candump".
    pub format: String,
    /// "can0, can1".
    pub buses: String,
    /// "120 missing, 2 gaps", "being written", "was cut off".
    pub state: String,
    /// Colour of that.
    pub tone: Tone,
    /// What is behind that: the first gaps.
    pub hover: String,
    /// Deleting it.
    pub delete: Grave,
}
