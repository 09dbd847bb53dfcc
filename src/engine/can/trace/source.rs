//! Where the bytes of a recording come from: a file read at any place by any number of readers, or
//! a pipe read once. Hands out whole lines; a line longer than anything a recorder writes is passed
//! over without being kept in memory.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest line that is looked at, bytes.
pub const LINE_BYTES: usize = 64 * 1024;
/// Bytes asked for at once.
const BUFFER_BYTES: usize = 2 * 1024 * 1024;

/// An opened recording.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file of a size: every reader has its own place.
    File(Arc<File>, u64),
    /// Bytes in memory.
    Memory(Arc<[u8]>),
    /// A pipe: what was read to find the format, then the rest, once.
    Pipe(Arc<Mutex<Pipe>>),
}

/// A pipe and what was already taken from it.
#[derive(Debug)]
pub struct Pipe {
    pub head: Vec<u8>,
    pub taken: usize,
    pub rest: File,
}

impl Source {
    /// Size in bytes, where it is known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(_, size) => Some(*size),
            Self::Memory(bytes) => Some(bytes.len() as u64),
            Self::Pipe(_) => None,
        }
    }

    /// Reads at `offset` into `into`; 0 at the end. A pipe goes on where it stands.
    pub fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let got = match self {
                Self::File(file, _) => read_at(file, into, offset),
                Self::Memory(bytes) => {
                    let place = usize::try_from(offset).unwrap_or(usize::MAX);
                    bytes.get(place..).unwrap_or_default().read(into)
                }
                Self::Pipe(pipe) => {
                    let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
                    pipe.read(into)
                }
            };
            match got {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut waiting = self.head.get(self.taken..).unwrap_or_default();
        if waiting.is_empty() {
            return self.rest.read(into);
        }
        let got = waiting.read(into)?;
        self.taken += got;
        Ok(got)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

/// What [`Lines::next_line`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A line, without its end, at this place of [`Lines::bytes`].
    Line(Range<usize>),
    /// The last line, which has no line end.
    Unended(Range<usize>),
    /// A line that is too long.
    TooLong,
    /// Nothing more.
    End,
}

/// Lines of a source, one after the other, from one reused buffer.
#[derive(Debug)]
pub struct Lines {
    source: Source,
    buffer: Vec<u8>,
    /// Where in the source the buffer begins.
    origin: u64,
    start: usize,
    end: usize,
    ended: bool,
    passing_over: bool,
    failure: Option<io::Error>,
}

impl Lines {
    /// Starts at the front.
    pub fn new(source: Source) -> Self {
        let wanted = source.size().map_or(BUFFER_BYTES, |size| {
            usize::try_from(size.saturating_add(1)).unwrap_or(BUFFER_BYTES)
        });
        // A growing file is read on in pieces of at least one longest line.
        let buffer = vec![0; wanted.clamp(2 * LINE_BYTES, BUFFER_BYTES)];
        Self {
            source,
            buffer,
            origin: 0,
            start: 0,
            end: 0,
            ended: false,
            passing_over: false,
            failure: None,
        }
    }

    /// Goes to byte `offset` of the file, which must be the front of a line.
    pub fn go_to(&mut self, offset: u64) {
        self.origin = offset;
        (self.start, self.end) = (0, 0);
        self.ended = false;
        self.passing_over = false;
        self.failure = None;
    }

    /// Where the next line begins, bytes from the front of the source.
    pub const fn offset(&self) -> u64 {
        self.origin + self.start as u64
    }

    /// The bytes of a found line.
    pub fn bytes(&self, place: Range<usize>) -> &[u8] {
        self.buffer.get(place).unwrap_or_default()
    }

    /// Why reading stopped early, where it did.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Finds the next line.
    pub fn next_line(&mut self) -> Found {
        loop {
            let window = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', window) {
                let place = self.start..self.start + length;
                self.start = place.end + 1;
                return self.judge(place, Found::Line);
            }
            if self.ended {
                let place = self.start..self.end;
                self.start = self.end;
                if place.is_empty() && !self.passing_over {
                    return Found::End;
                }
                return self.judge(place, Found::Unended);
            }
            if window.len() > LINE_BYTES {
                self.passing_over = true;
                self.start = self.end;
            }
            self.refill();
        }
    }

    /// Passes over the rest of a line, up to byte `end` of the file.
    pub fn pass_line(&mut self, end: u64) {
        loop {
            let window = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', window) {
                self.start += length + 1;
                return;
            }
            self.start = self.end;
            if self.ended || self.offset() >= end {
                return;
            }
            self.refill();
        }
    }

    fn judge(&mut self, place: Range<usize>, kind: fn(Range<usize>) -> Found) -> Found {
        let too_long = std::mem::take(&mut self.passing_over) || place.len() > LINE_BYTES;
        if too_long { Found::TooLong } else { kind(place) }
    }

    fn refill(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.origin += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        let offset = self.origin + self.end as u64;
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.source.read(offset, room) {
            Ok(0) => self.ended = true,
            Ok(got) => self.end += got,
            Err(error) => {
                self.failure = Some(error);
                self.ended = true;
            }
        }
    }
}
