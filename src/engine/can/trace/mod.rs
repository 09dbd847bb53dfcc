//! Recordings: log formats found by content, read line by line or block by block into frames.
//!
//! A frame of a recording carries the recording's own time: nanoseconds since 1970 where the log
//! has a date (its timebase says so), else time that begins wherever the recorder began. A part
//! that cannot be read is skipped, counted and kept with its line or byte; it never ends the reading.
//! Knows nothing of what frames mean, nor of pacing.

mod asc;
mod blf;
mod block;
mod buses;
mod candump;
mod crtd;
mod format;
mod keeps;
mod line;
mod mf4;
mod packed;
mod pcap;
mod python_can;
mod quick;
mod reader;
#[cfg(test)]
mod round;
mod scan;
mod screen;
mod scribe;
mod sniff;
mod source;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod times;
mod trc;
mod window;
pub(crate) mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::base::time::{Mono, Timebase};
use crate::engine::can::room::Room;
use block::Shape;
use format::Dialect;
pub use format::LogFormat;
use line::Line;
pub use packed::Packing;
use packed::Place;
pub(crate) use reader::Mark;
pub use reader::Reader;
pub use scribe::Scribe;
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
    /// A recording whose front is broken, or that holds no frames of CAN.
    #[error("{}: this begins like {format}, but {what}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        format: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// It was packed, and cannot be unpacked.
    #[error("{}: this is packed, but {what}", path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Text, but no recording.
    #[error(
        "{}: no line of the first {looked_at} bytes is one of a recording that Busbar knows \
         (candump, ASC, BLF, PCAN, ArrowPoint, GVRET, python-can CSV, CRTD, pcap, MF4); line {line} is “{text}”",
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

/// What the front of a recording says about the rest.
#[derive(Clone, Debug)]
enum Front {
    /// About the lines behind it.
    Lines(Dialect),
    /// About the blocks behind it.
    Blocks(Shape),
}

/// A recording whose format is known. Cheap to clone; readers of it do not disturb each other.
#[derive(Clone, Debug)]
pub struct Log {
    path: Arc<Path>,
    source: Source,
    format: LogFormat,
    front: Front,
    style: TimeStyle,
    /// Why there is no more of it than there is, where it was packed and is broken.
    broken: Option<Arc<str>>,
}

impl Log {
    /// Opens the recording at `path` and finds out what it is.
    ///
    /// # Errors
    /// The file cannot be read, or is no recording that Busbar knows; one sentence says why.
    pub fn open(path: &Path) -> Result<Self, OpenLogError> {
        Self::open_with(path, Room::default())
    }

    /// The same, with so much room that stays free where it has to be unpacked.
    ///
    /// # Errors
    /// As of [`Log::open`].
    pub fn open_with(path: &Path, room: Room) -> Result<Self, OpenLogError> {
        let open = |cause| OpenLogError::Open { path: path.to_owned(), cause };
        let read = |cause| OpenLogError::Read { path: path.to_owned(), cause };
        let mut file = File::open(path).map_err(open)?;
        let kind = file.metadata().map_err(open)?;
        if kind.is_dir() {
            return Err(OpenLogError::Folder { path: path.to_owned() });
        }
        let mut head = Vec::new();
        (&mut file).take(sniff::HEAD_BYTES as u64).read_to_end(&mut head).map_err(read)?;
        let packing = Packing::of(&head);
        if packing != Packing::None {
            let front = std::mem::take(&mut head);
            return Self::unpacked(path, packing, front.chain(file), room);
        }
        let source = if kind.is_file() {
            Source::File(Arc::new(file), kind.len())
        } else {
            Source::Pipe(Arc::new(Mutex::new(Pipe { head: head.clone(), taken: 0, rest: file })))
        };
        Self::judge(path, &head, source)
    }

    fn unpacked(
        path: &Path,
        packing: Packing,
        from: impl Read,
        room: Room,
    ) -> Result<Self, OpenLogError> {
        let packed = |what| OpenLogError::Packed { path: path.to_owned(), what };
        let place = Place { beside: path.parent(), room };
        let unpacked = packed::unpack(packing, from, sniff::HEAD_BYTES, place).map_err(packed)?;
        let mut log = Self::judge(path, &unpacked.head, unpacked.source)?;
        log.broken = unpacked.broken.map(Into::into);
        Ok(log)
    }

    /// A recording in memory; `name` stands for its path in sentences.
    ///
    /// # Errors
    /// It is no recording that Busbar knows.
    #[cfg(any(test, feature = "testing"))]
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, OpenLogError> {
        let path = Path::new(name);
        let head = bytes.get(..sniff::HEAD_BYTES).unwrap_or(&bytes);
        let packing = Packing::of(head);
        if packing != Packing::None {
            return Self::unpacked(path, packing, &*bytes, Room::default());
        }
        Self::judge(path, head, Source::Memory(bytes.clone().into()))
    }

    fn judge(at: &Path, head: &[u8], source: Source) -> Result<Self, OpenLogError> {
        let path = || at.to_owned();
        if head.is_empty() {
            return Err(OpenLogError::Empty { path: path() });
        }
        let looked_at = head.len();
        let (format, front, style) = match sniff::look(head) {
            Verdict::Log(format, dialect, style) => (format, Front::Lines(dialect), style),
            Verdict::Blocks(format) => {
                // A pipe can be read only once, so its front is looked at by itself.
                let front = match &source {
                    Source::File(..) | Source::Memory(_) => source.clone(),
                    Source::Pipe(_) => Source::Memory(head.into()),
                };
                let broken =
                    |what| OpenLogError::Broken { path: path(), format: format.words(), what };
                if format == LogFormat::Mf4 && source.size().is_none() {
                    // Its blocks point here and there.
                    let what = "it cannot be read from a pipe; save it first";
                    return Err(broken(what.to_owned()));
                }
                let (shape, style) = Shape::read(format, front).map_err(broken)?;
                (format, Front::Blocks(shape), style)
            }
            Verdict::Wide => return Err(OpenLogError::Wide { path: path() }),
            Verdict::Binary => return Err(OpenLogError::Binary { path: path(), looked_at }),
            Verdict::Text(line, text) => {
                return Err(OpenLogError::Unknown { path: path(), looked_at, line, text });
            }
            Verdict::Blank => return Err(OpenLogError::Empty { path: path() }),
        };
        let path = at.into();
        Ok(Self { path, source, format, front, style, broken: None })
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
        if !self.style.is_absolute() || !self.format.is_text() {
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

    /// Whether its lines can be read side by side.
    const fn has_independent_lines(&self) -> bool {
        self.format.is_text() && self.style.is_independent()
    }

    /// A reader of the lines that begin within these bytes.
    fn reader_of(&self, bytes: std::ops::Range<u64>) -> Reader {
        Reader::of_lines(self.clone(), bytes)
    }

    fn source(&self) -> Source {
        self.source.clone()
    }

    /// Reads one line of it.
    fn line<'a>(&self, text: &'a [u8]) -> Result<Line<'a>, line::Fault> {
        match &self.front {
            Front::Lines(dialect) => self.format.read(dialect, text),
            Front::Blocks(_) => Err(line::Fault::Form),
        }
    }

    const fn time_style(&self) -> TimeStyle {
        self.style
    }
}
