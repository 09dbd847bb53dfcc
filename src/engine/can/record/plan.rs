//! What is wanted of the files of a recording. Checked where it is made; says what is wrong in half a
//! sentence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::can::record::stamp;
use crate::engine::can::trace::{LogFormat, Packing, Scribe};

/// How the name of a file is made unless told otherwise.
pub const USUAL_PATTERN: &str = "{name}_{time}_{n}";
/// Most letters of a name of a file.
pub const NAME_LETTERS: usize = 120;
/// Least size of a file before a new one begins, bytes.
pub const LEAST_SIZE: u64 = 4096;
/// Least time before a new one begins.
pub const LEAST_SPAN: Duration = Duration::from_secs(1);
/// Room that stays free on the disk unless told otherwise, bytes.
pub const USUAL_FLOOR: u64 = 100 * 1000 * 1000;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A format that is only read, or cannot be cut.
    #[error("{} is not recorded: take candump, asc, blf, trc, gvret, crtd, arrowpoint, pcap or pcapng", .0.words())]
    Format(LogFormat),
    /// A format that is packed by itself.
    #[error("{} is packed by itself: leave the compression away", .0.words())]
    PackedAlready(LogFormat),
    /// The pattern of names.
    #[error("{pattern:?} is no pattern of names: {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A bound that is too small.
    #[error("{what} is at least {least}")]
    TooSmall {
        /// Which.
        what: &'static str,
        /// How much it is at least.
        least: &'static str,
    },
}

/// What is done when the disk has no more room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The recording stops and says so.
    #[default]
    Stop,
    /// The oldest file of this recording makes room; without one it stops.
    DeleteOldest,
}

impl WhenFull {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stop, Self::DeleteOldest];

    /// Its name in profiles and requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::DeleteOldest => "delete-oldest",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What is kept of the files of a recording; nothing said is kept for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// So many files.
    pub files: Option<u32>,
    /// So many bytes.
    pub bytes: Option<u64>,
    /// Files that ended no longer ago than this.
    pub age: Option<Duration>,
}

/// What is wanted of the files of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlan {
    /// The format.
    pub format: LogFormat,
    /// How they are packed.
    pub packing: Packing,
    /// A new file begins when one has so many bytes.
    pub rotate_size: Option<u64>,
    /// A new file begins after so long.
    pub rotate_span: Option<Duration>,
    /// What is kept.
    pub keeping: Keeping,
    /// What is done when the disk is full.
    pub when_full: WhenFull,
    /// So many bytes stay free on the disk.
    pub floor: u64,
    /// How a name is made: `{name}`, `{time}` and `{n}` stand for the recording, its start and the
    /// number of the file.
    pub pattern: String,
}

impl Default for FilePlan {
    fn default() -> Self {
        Self {
            format: LogFormat::Candump,
            packing: Packing::None,
            rotate_size: None,
            rotate_span: None,
            keeping: Keeping::default(),
            when_full: WhenFull::Stop,
            floor: USUAL_FLOOR,
            pattern: USUAL_PATTERN.to_owned(),
        }
    }
}

impl FilePlan {
    /// The formats that are recorded, by their short names.
    pub const FORMATS: [(&'static str, LogFormat); 9] = [
        ("candump", LogFormat::Candump),
        ("asc", LogFormat::Asc),
        ("blf", LogFormat::Blf),
        ("trc", LogFormat::Trc),
        ("gvret", LogFormat::Gvret),
        ("crtd", LogFormat::Crtd),
        ("arrowpoint", LogFormat::ArrowPoint),
        ("pcap", LogFormat::Pcap),
        ("pcapng", LogFormat::Pcapng),
    ];

    /// The short name of a format that is recorded.
    #[must_use]
    pub fn format_name(format: LogFormat) -> &'static str {
        let known = Self::FORMATS.into_iter().find(|(_, one)| *one == format);
        known.map_or("", |(name, _)| name)
    }

    /// The format with this short name.
    #[must_use]
    pub fn format_named(name: &str) -> Option<LogFormat> {
        Self::FORMATS.into_iter().find(|(one, _)| *one == name).map(|(_, format)| format)
    }

    /// Whether files can be made so.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), PlanError> {
        if Self::format_name(self.format).is_empty()
            || !Scribe::<std::fs::File>::can_write(self.format)
        {
            return Err(PlanError::Format(self.format));
        }
        if self.format == LogFormat::Blf && self.packing != Packing::None {
            return Err(PlanError::PackedAlready(self.format));
        }
        if self.rotate_size.is_some_and(|size| size < LEAST_SIZE) {
            return Err(PlanError::TooSmall { what: "the size of a file", least: "4096 bytes" });
        }
        if self.rotate_span.is_some_and(|span| span < LEAST_SPAN) {
            return Err(PlanError::TooSmall { what: "the time of a file", least: "1 s" });
        }
        if self.keeping.files == Some(0) {
            return Err(PlanError::TooSmall { what: "the number of files", least: "1" });
        }
        check_pattern(&self.pattern)
    }

    /// What stands behind the name of a file.
    #[must_use]
    pub fn ending(&self) -> String {
        let plain = match self.format {
            LogFormat::Candump | LogFormat::CandumpScreen => ".log",
            LogFormat::Asc => ".asc",
            LogFormat::Blf => ".blf",
            LogFormat::Trc => ".trc",
            LogFormat::Gvret | LogFormat::PythonCan => ".csv",
            LogFormat::ArrowPoint => ".arrowpoint.csv",
            LogFormat::Crtd => ".crtd",
            LogFormat::Pcap => ".pcap",
            LogFormat::Pcapng => ".pcapng",
            LogFormat::Mf4 => ".mf4",
        };
        format!("{plain}{}", self.packing.ending())
    }
}

fn check_pattern(pattern: &str) -> Result<(), PlanError> {
    let wrong = |why| Err(PlanError::Pattern { pattern: pattern.to_owned(), why });
    if !pattern.contains("{time}") && !pattern.contains("{n}") {
        return wrong("it has neither {time} nor {n}, so that no two files could be told apart");
    }
    let rest = ["{name}", "{time}", "{n}"].iter().fold(pattern.to_owned(), |t, w| t.replace(w, ""));
    if rest.starts_with('.') || !rest.chars().all(is_plain) {
        return wrong(
            "besides {name}, {time} and {n} it has letters, digits, points, dashes and underscores",
        );
    }
    if pattern.len() > NAME_LETTERS / 2 {
        return wrong("it is too long");
    }
    Ok(())
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-".contains(letter)
}

/// Where the files of a recording go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into a folder, by the pattern of the plan.
    Folder(PathBuf),
    /// To this file; further ones have a number before their ending.
    File(PathBuf),
}

impl Place {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::File(file) => file.parent().unwrap_or(Path::new("")),
        };
        if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
    }

    /// The file number `number` of the recording `name` that begins at `at`; `again` counts how often
    /// there was one of that name already.
    #[must_use]
    pub fn file(
        &self,
        plan: &FilePlan,
        name: &str,
        (number, at, again): (u32, Wall, u32),
    ) -> PathBuf {
        let again = if again == 0 { String::new() } else { format!("-{again}") };
        match self {
            Self::Folder(folder) => {
                let stem = plan.pattern.replace("{time}", &stamp(at));
                let stem = stem.replace("{n}", &format!("{number:03}"));
                let stem = stem.replace("{name}", &plain(name));
                folder.join(format!("{stem}{again}{}", plan.ending()))
            }
            Self::File(file) if number == 1 && again.is_empty() => file.clone(),
            Self::File(file) => {
                let whole = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let (stem, ending) = match whole.strip_suffix(&plan.ending()) {
                    Some(stem) => (stem.to_owned(), plan.ending()),
                    None => match whole.split_once('.') {
                        Some((stem, ending)) => (stem.to_owned(), format!(".{ending}")),
                        None => (whole, String::new()),
                    },
                };
                file.with_file_name(format!("{stem}_{number:03}{again}{ending}"))
            }
        }
    }
}

/// A name with nothing in it that a file's name should not have. Letters of any script may be in it.
#[must_use]
pub fn plain(name: &str) -> String {
    let letters = name
        .chars()
        .take(NAME_LETTERS / 3)
        .map(|c| if c.is_alphanumeric() || is_plain(c) { c } else { '_' });
    let text: String = letters.collect();
    let text = text.trim_start_matches('.');
    if text.is_empty() { "recording".to_owned() } else { text.to_owned() }
}
