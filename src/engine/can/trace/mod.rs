//! Recordings: log formats found by content, read line by line into frames.
//!
//! A frame of a recording carries the recording's own time: nanoseconds since 1970 where the log
//! has a date (its timebase says so), else time that begins wherever the recorder began. A line
//! that cannot be read is skipped, counted and kept with its number; it never ends the reading.
//! Knows nothing of what frames mean, nor of pacing.

mod asc;
mod candump;
mod crtd;
mod format;
mod line;
mod quick;
mod reader;
mod scan;
mod screen;
mod sniff;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod times;
mod trc;
pub(crate) mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::base::time::{Mono, Timebase};
use format::Dialect;
pub use format::LogFormat;
use line::Line;
pub(crate) use reader::Mark;
pub use reader::Reader;
use sniff::Verdict;
use source::{Pipe, Source};
use times::{TimeStyle, Times};

/// Why a recording cannot be opened.
#[derive(Debug, Error)]
pub enum OpenLogError {
    /// The file is not there or may not be read.
    #[error("{}: the recording cannot be opened: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A folder.
    #[error("{}: this is a folder, not a recording", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Its front cannot be read.
    #[error("{}: the recording cannot be read at its start: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Nothing in it.
    #[error("{}: the file is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// No text.
    #[error(
        "{}: this is no recording that Busbar knows: its first {looked_at} bytes hold no line of \
         a log, and bytes that are no text",
        path.display()
    )]
    Binary {
        /// The file.
        path: PathBuf,
        /// How far it was looked at.
        looked_at: usize,
    },
    /// UTF-16.
    #[error("{}: this text has two bytes a character (UTF-16); save it as UTF-8", path.display())]
    Wide {
        /// The file.
        path: PathBuf,
    },
    /// A pipe where a file is needed.
    #[error("{}: a recording is played from a file, and this is a pipe; save it first", path.display())]
    Pipe {
        /// The pipe.
        path: PathBuf,
    },
    /// A recording of another kind.
    #[error(
        "{}: this is {what}, which Busbar does not read yet; convert it to a candump log",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Text, but no recording.
    #[error(
        "{}: no line of the first {looked_at} bytes is one of a recording that Busbar knows \
         (candump, ASC, BLF, PCAN, ArrowPoint, GVRET, CRTD, pcap, MF4); line {line} is “{text}”",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// How far it was looked at.
        looked_at: usize,
        /// The first line that says something.
        line: usize,
        /// What it says.
        text: String,
    },
}

/// A recording whose format is known. Cheap to clone; readers of it do not disturb each other.
#[derive(Clone, Debug)]
pub struct Log {
    path: Arc<Path>,
    source: Source,
    format: LogFormat,
    dialect: Dialect,
    style: TimeStyle,
}

impl Log {
    /// Opens the recording at `path` and finds out what it is.
    ///
    /// # Errors
    /// The file cannot be read, or is no recording that Busbar knows; one sentence says why.
    pub fn open(path: &Path) -> Result<Self, OpenLogError> {
        let open = |cause| OpenLogError::Open { path: path.to_owned(), cause };
        let read = |cause| OpenLogError::Read { path: path.to_owned(), cause };
        let mut file = File::open(path).map_err(open)?;
        let kind = file.metadata().map_err(open)?;
        if kind.is_dir() {
            return Err(OpenLogError::Folder { path: path.to_owned() });
        }
        let mut head = Vec::new();
        (&mut file).take(sniff::HEAD_BYTES as u64).read_to_end(&mut head).map_err(read)?;
        let (format, dialect, style) = judge(path, &head)?;
        let source = if kind.is_file() {
            Source::File(Arc::new(file), kind.len())
        } else {
            Source::Pipe(Arc::new(Mutex::new(Pipe { head, taken: 0, rest: file })))
        };
        Ok(Self { path: path.into(), source, format, dialect, style })
    }

    /// A recording in memory; `name` stands for its path in sentences.
    ///
    /// # Errors
    /// It is no recording that Busbar knows.
    #[cfg(any(test, feature = "testing"))]
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, OpenLogError> {
        let path = Path::new(name);
        let head = bytes.get(..sniff::HEAD_BYTES).unwrap_or(&bytes);
        let (format, dialect, style) = judge(path, head)?;
        let source = Source::Memory(bytes.into());
        Ok(Self { path: path.into(), source, format, dialect, style })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub const fn format(&self) -> LogFormat {
        self.format
    }

    /// Size in bytes; `None` for a pipe, which has none and can be read only once.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// What the times of its frames mean.
    #[must_use]
    pub fn timebase(&self) -> Timebase {
        self.style.timebase()
    }

    /// Starts reading at the front.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// The time of the last frame, as far as its line alone tells it; `start` is the time of the
    /// first.
    #[must_use]
    pub fn last_time(&self, start: Mono) -> Option<Mono> {
        if !self.style.is_absolute() {
            return None;
        }
        let mut tail = vec![0; source::LINE_BYTES];
        let offset = self.size()?.saturating_sub(tail.len() as u64);
        let got = self.source.read(offset, &mut tail).ok()?;
        tail.truncate(got);
        tail.rsplit(|b| *b == b'\n').find_map(|text| match self.line(text) {
            Ok(Line::Frame(entry)) => {
                Times::continued(self.style, start.nanos(), entry.stamp).map(Mono::from_nanos)
            }
            Ok(Line::Nothing | Line::Heartbeat) | Err(_) => None,
        })
    }

    fn source(&self) -> Source {
        self.source.clone()
    }

    /// Reads one line of it.
    fn line<'a>(&self, text: &'a [u8]) -> Result<Line<'a>, line::Fault> {
        self.format.read(&self.dialect, text)
    }

    const fn time_style(&self) -> TimeStyle {
        self.style
    }
}

fn judge(path: &Path, head: &[u8]) -> Result<(LogFormat, Dialect, TimeStyle), OpenLogError> {
    let path = || path.to_owned();
    if head.is_empty() {
        return Err(OpenLogError::Empty { path: path() });
    }
    let looked_at = head.len();
    match sniff::look(head) {
        Verdict::Log(format, dialect, style) => Ok((format, dialect, style)),
        Verdict::Foreign(what) => Err(OpenLogError::Foreign { path: path(), what }),
        Verdict::Wide => Err(OpenLogError::Wide { path: path() }),
        Verdict::Binary => Err(OpenLogError::Binary { path: path(), looked_at }),
        Verdict::Text(line, text) => {
            Err(OpenLogError::Unknown { path: path(), looked_at, line, text })
        }
        Verdict::Blank => Err(OpenLogError::Empty { path: path() }),
    }
}
