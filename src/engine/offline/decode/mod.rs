//! Decodes a recording with DBC files and writes it as text: one JSON object a frame, CSV with one
//! line a signal, or aligned text for people. Numbers are physical values and read back exactly; a
//! value that is no number (NaN, infinite) is `null` in JSON and empty in CSV. Frames of ids that no
//! DBC file has, remote frames and error frames are counted and give no line.

mod line;
mod number;
mod scribe;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::base::problem::{Problem, system_words};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::dbc::{self, Codec, Parsed};
use crate::engine::filter::{Mistake, Sifter};
use scribe::Scribe;

/// Largest DBC file that is read, bytes; real ones have a few megabytes at most.
const DBC_BYTES: u64 = 256 * 1024 * 1024;

/// How decoded frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a frame and line.
    Jsonl,
    /// One line a signal, with a header.
    Csv,
    /// One line a frame, for people.
    Text,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// As numbers.
    Numbers,
    /// By their name in the DBC file, where they have one.
    Labels,
}

/// Why a recording cannot be decoded.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// A DBC file cannot be read.
    #[error("{}: the DBC file cannot be read: {cause}", path.display())]
    ReadDbc {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is far larger than any DBC file.
    #[error("{}: the file has {bytes} bytes or more, too many for a DBC file", path.display())]
    LargeDbc {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It holds no message.
    #[error("{}: the DBC file {}", path.display(), without_message(*bytes, *problems, worst))]
    EmptyDbc {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// How many problems it has.
        problems: usize,
        /// The first of the worst; empty where there is none.
        worst: String,
    },
    /// The recording cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenLogError),
    /// The filter cannot be used.
    #[error("{}\n{}", mistake.text, mistake.marked(filter))]
    Filter {
        /// What was asked.
        filter: String,
        /// What is wrong with it.
        mistake: Mistake,
    },
    /// The output would overwrite an input.
    #[error("{}: the output would overwrite an input; choose another file", path.display())]
    Overwrite {
        /// The file.
        path: PathBuf,
    },
    /// The output cannot be made.
    #[error("{}: the output cannot be written: {}", path.display(), system_words(cause))]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The output was not taken.
    #[error("the decoded text cannot be written: {}", system_words(.0))]
    Write(io::Error),
}

/// What is wrong with a DBC file that has no message.
fn without_message(bytes: u64, problems: usize, worst: &str) -> String {
    match (bytes, problems) {
        (0, _) => "is empty".to_owned(),
        (_, 0) => "has no message".to_owned(),
        (_, 1) => format!("has no message that can be used: {worst}"),
        (_, n) => format!("has no message that can be used; {n} problems, such as: {worst}"),
    }
}

impl DecodeError {
    /// Whether the reader of the output has gone away, which is its own business.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// What to decode, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The DBC files; where several know an id, the first of them is used.
    pub dbcs: Vec<PathBuf>,
    /// The recording.
    pub log: PathBuf,
    /// How frames are written.
    pub format: Format,
    /// How values are written.
    pub values: Values,
    /// Only frames that this filter lets through; empty for all.
    pub filter: String,
    /// Threads that decode.
    pub threads: NonZeroUsize,
}

/// How far decoding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Frames so far.
    pub frames: u64,
    /// Bytes of the recording so far.
    pub bytes: u64,
}

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames read.
    pub frames: u64,
    /// Frames of a message that a DBC file has.
    pub decoded: u64,
    /// Data frames of ids that no DBC file has.
    pub unknown: u64,
    /// Remote and error frames.
    pub without_data: u64,
    /// Frames that the filter kept back; they count as read and as nothing else.
    pub filtered: u64,
}

impl Tally {
    const fn add(&mut self, more: &Self) {
        self.frames += more.frames;
        self.decoded += more.decoded;
        self.unknown += more.unknown;
        self.without_data += more.without_data;
        self.filtered += more.filtered;
    }
}

/// What was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What the recording is, in words.
    pub format: &'static str,
    /// What became of its frames.
    pub tally: Tally,
    /// Lines that could not be read.
    pub skipped: u64,
    /// The first of them, and what else there is to know of the recording.
    pub problems: Vec<Problem>,
    /// DBC files with problems, and how many.
    pub dbc_problems: Vec<(PathBuf, usize)>,
    /// Names in the filter that nothing has.
    pub filter_problems: Vec<Mistake>,
}

/// A request whose files are open.
pub struct Job {
    log: Log,
    codec: Arc<Codec>,
    scribe: Scribe,
    sifter: Option<Sifter>,
    threads: NonZeroUsize,
    dbc_problems: Vec<(PathBuf, usize)>,
    unusable: Vec<DecodeError>,
}

impl Job {
    /// Reads the DBC files and opens the recording.
    ///
    /// # Errors
    /// The recording cannot be read or is none, or no DBC file has a message.
    pub fn open(request: &Request) -> Result<Self, DecodeError> {
        let log = Log::open(&request.log)?;
        let mut schemas = Vec::new();
        let mut dbc_problems = Vec::new();
        let mut unusable = Vec::new();
        for path in &request.dbcs {
            let Parsed { schema, problems, .. } = match load(path) {
                Ok(parsed) => parsed,
                Err(error) => {
                    unusable.push(error);
                    continue;
                }
            };
            if !problems.is_empty() {
                dbc_problems.push((path.clone(), problems.len()));
            }
            schemas.push(schema);
        }
        // One bad file among several does not keep the others from being used.
        if schemas.is_empty() && !unusable.is_empty() {
            return Err(unusable.swap_remove(0));
        }
        let codec = Arc::new(Codec::compile(&schemas.iter().collect::<Vec<_>>()));
        let scribe = Scribe::new(&codec, request.format, request.values);
        let sifter = sifter(&request.filter, &codec)?;
        let threads = request.threads;
        Ok(Self { log, codec, scribe, sifter, threads, dbc_problems, unusable })
    }

    /// Why DBC files are left out, where another one has messages.
    #[must_use]
    pub fn left_out(&self) -> &[DecodeError] {
        &self.unusable
    }

    /// Size of the recording in bytes; `None` for a pipe.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.log.size()
    }

    /// Decodes and writes to `out`; `watch` is called after every batch.
    ///
    /// # Errors
    /// The output was not taken.
    pub fn run(
        &self,
        out: &mut (dyn Write + Send),
        watch: &mut (dyn FnMut(Position) + Send),
    ) -> Result<Summary, DecodeError> {
        let mut reader = self.log.reader();
        let mut sifter = self.sifter.clone();
        let feed = line::Feed::new(&mut reader, &self.scribe, sifter.as_mut());
        let tally = line::run(&self.codec, &self.scribe, feed, self.threads, out, watch)
            .map_err(DecodeError::Write)?;
        Ok(Summary {
            format: self.log.format().words(),
            tally,
            skipped: reader.skipped(),
            problems: reader.problems(),
            dbc_problems: self.dbc_problems.clone(),
            filter_problems: sifter.map(|sifter| sifter.warnings().to_vec()).unwrap_or_default(),
        })
    }
}

fn sifter(filter: &str, codec: &Arc<Codec>) -> Result<Option<Sifter>, DecodeError> {
    if filter.trim().is_empty() {
        return Ok(None);
    }
    let wrong = |mistake| DecodeError::Filter { filter: filter.to_owned(), mistake };
    Sifter::new(filter, Arc::clone(codec)).map(Some).map_err(wrong)
}

/// Reads a DBC file that has messages.
pub(super) fn load(path: &Path) -> Result<Parsed, DecodeError> {
    let read = |cause| DecodeError::ReadDbc { path: path.to_owned(), cause };
    let bytes = fs::metadata(path).map_err(read)?.len();
    if bytes > DBC_BYTES {
        return Err(DecodeError::LargeDbc { path: path.to_owned(), bytes });
    }
    // A pipe or a device has no size, and may have no end.
    let mut text = Vec::new();
    let mut file = fs::File::open(path).map_err(read)?.take(DBC_BYTES + 1);
    file.read_to_end(&mut text).map_err(read)?;
    let bytes = text.len() as u64;
    if bytes > DBC_BYTES {
        return Err(DecodeError::LargeDbc { path: path.to_owned(), bytes });
    }
    let parsed = dbc::parse(&text);
    if parsed.schema.messages.is_empty() {
        let problems = parsed.problems.len();
        // The first of the worst ones says most.
        let worst = parsed.problems.iter().rev().max_by_key(|problem| problem.severity);
        let worst = match worst {
            Some(Problem { line: 0, text, .. }) => text.clone(),
            Some(Problem { line, text, .. }) => format!("line {line}: {text}"),
            None => String::new(),
        };
        return Err(DecodeError::EmptyDbc { path: path.to_owned(), bytes, problems, worst });
    }
    Ok(parsed)
}

/// Makes the file that decoded text goes to; never one that is read.
///
/// # Errors
/// It is an input, or cannot be made.
pub fn create(path: &Path, request: &Request) -> Result<fs::File, DecodeError> {
    if let Ok(place) = fs::canonicalize(path) {
        let mut inputs = request.dbcs.iter().chain([&request.log]);
        if inputs.any(|input| fs::canonicalize(input).is_ok_and(|input| input == place)) {
            return Err(DecodeError::Overwrite { path: path.to_owned() });
        }
    }
    fs::File::create(path).map_err(|cause| DecodeError::Create { path: path.to_owned(), cause })
}
