//! The binary log of Vector's tools: a header, then containers, mostly compressed, whose contents put
//! end to end are objects, some of them frames. An object may begin in one container and end in the
//! next. Objects of other kinds are passed over.

mod object;
mod runs;
#[cfg(test)]
mod tests;
mod write;

use std::io;

use crate::engine::can::trace::block::{self, Piece, u16_at, u32_at, u64_at};
use crate::engine::can::trace::line::{Bus, Entry, Fault, Stamp};
use crate::engine::can::trace::scan;
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::times::{self, TimeStyle};
use crate::engine::can::trace::window::{CHUNK, Window};
pub use runs::parts;
pub use write::Writer;

/// How an object begins.
const MARK: &[u8; 4] = b"LOBJ";
/// The fixed front of an object.
const OBJECT_HEAD: usize = 16;
/// An object that holds others.
const CONTAINER: u32 = 10;
/// Front of a container, before its contents.
const CONTAINER_HEAD: usize = 32;
/// Contents as they are.
const PLAIN: u16 = 0;
/// Contents packed by zlib.
const ZLIB: u16 = 2;
/// Greatest size of a container that is read, packed and unpacked, and of an object.
const LIMIT: usize = 64 * 1024 * 1024;
/// Pieces of this size are searched for the next object where the file is broken.
const SEARCH: usize = 256 * 1024;

/// What the front says.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Where the first container begins.
    first: u64,
    /// When times began to count, nanoseconds since 1970 as if in UTC.
    start: Option<i64>,
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// It is too short or claims a size that it cannot have.
    pub fn read(source: Source) -> Result<(Self, TimeStyle), String> {
        let mut window = Window::new(source, CHUNK);
        let head = window.bytes(0, 144);
        let size = u32_at(head, 4).ok_or("it ends within its header")?;
        if !(72..=4096).contains(&size) {
            return Err(format!("its header claims to have {size} bytes"));
        }
        let start = head.get(40..).and_then(system_time).filter(|at| *at >= times::FIRST_DATE);
        let style = if start.is_some() { TimeStyle::Local } else { TimeStyle::Relative };
        Ok((Self { first: u64::from(size), start }, style))
    }
}

/// A date and time in eight numbers: year, month, day of the week, day, hour, minute, second,
/// millisecond.
fn system_time(bytes: &[u8]) -> Option<i64> {
    let at = |place: usize| u16_at(bytes, 2 * place).map(i64::from);
    let clock = (at(4)? * 60 + at(5)?) * 60_000 + at(6)? * 1000 + at(7)?;
    scan::midnight(at(0)?, at(1)?, at(3)?)?.checked_add(clock * 1_000_000)
}

/// A place: where a container begins, and how far into its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    container: u64,
    inside: usize,
}

/// Which bytes of the buffer came from which container.
#[derive(Clone, Copy, Debug)]
struct Seam {
    container: u64,
    /// Where in the buffer they begin.
    from: usize,
    /// How far into its contents that is.
    inside: usize,
}

/// One pass through a file.
#[derive(Debug)]
pub struct Pass {
    window: Window,
    header: Header,
    /// Where the next container begins.
    at: u64,
    /// Contents of containers that are not yet used up.
    buffer: Vec<u8>,
    used: usize,
    seams: Vec<Seam>,
    /// What has to be told before anything else.
    told: Option<(Fault, u64)>,
    /// From this container on, objects are somebody else's.
    until: u64,
}

/// Whether there was another container.
enum More {
    Yes,
    No,
}

impl Pass {
    /// Starts at the front.
    pub fn new(header: &Header, source: Source) -> Self {
        Self {
            window: Window::new(source, CHUNK),
            header: *header,
            at: header.first,
            buffer: Vec::new(),
            used: 0,
            seams: Vec::new(),
            told: None,
            until: u64::MAX,
        }
    }

    /// Bytes of the file passed.
    pub fn offset(&self) -> u64 {
        self.at.min(self.window.size().unwrap_or(u64::MAX))
    }

    /// Why reading stopped early.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.window.failure()
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        match self.seams.iter().rfind(|seam| seam.from <= self.used) {
            Some(seam) => {
                let inside = seam.inside + (self.used - seam.from);
                Place { container: seam.container, inside }
            }
            None => Place { container: self.at, inside: 0 },
        }
    }

    /// Goes to a place.
    pub fn go_to(&mut self, place: Place) {
        self.at = place.container;
        self.buffer.clear();
        self.seams.clear();
        self.used = 0;
        if place.inside > 0 {
            let _ = self.load();
            self.used = place.inside.min(self.buffer.len());
        }
        self.told = None;
    }

    /// The next piece.
    pub fn next(&mut self) -> Piece<'static> {
        let size = match self.find() {
            Ok(size) => size,
            Err(piece) => return *piece,
        };
        if self.until < u64::MAX && self.place().container >= self.until {
            return Piece::End;
        }
        let object = self.buffer.get(self.used..).and_then(|rest| rest.get(..size));
        let piece = Self::read(&self.header, object.unwrap_or_default());
        self.used += size;
        match piece {
            Ok(Some(entry)) => Piece::Frame(entry),
            Ok(None) => Piece::Nothing,
            Err(fault) => Piece::Skip(fault, self.place().container),
        }
    }

    /// Goes to the front of the next object, of which all is there then; gives its size, or what is
    /// there instead.
    fn find(&mut self) -> Result<usize, Box<Piece<'static>>> {
        loop {
            if let Some((fault, at)) = self.told.take() {
                return Err(Box::new(Piece::Skip(fault, at)));
            }
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            if rest.len() < OBJECT_HEAD + 4 {
                match self.load() {
                    More::Yes => continue,
                    More::No if rest_is_padding(self.buffer.get(self.used..)) => {
                        return Err(Box::new(Piece::End));
                    }
                    More::No => return Err(Box::new(self.cut())),
                }
            }
            // Up to three bytes of padding stand between objects; some writers have more.
            let front = rest.get(..12).unwrap_or(rest);
            let pad =
                if front.starts_with(MARK) { Some(0) } else { memchr::memmem::find(front, MARK) };
            let Some(pad) = pad else { return Err(Box::new(self.search())) };
            self.used += pad;
            let head = rest.get(pad..).unwrap_or_default();
            let size = u32_at(head, 8).map_or(0, |size| size as usize);
            let head_size = u16_at(head, 4).map_or(0, usize::from);
            if size < head_size.max(OBJECT_HEAD) || size > LIMIT {
                self.used += MARK.len();
                return Err(Box::new(Piece::Skip(Fault::Object, self.place().container)));
            }
            if head.len() >= size {
                return Ok(size);
            }
            match self.load() {
                More::Yes => {}
                More::No => return Err(Box::new(self.cut())),
            }
        }
    }

    /// The frame of an object; `None` where it is something else.
    fn read(header: &Header, object: &[u8]) -> Result<Option<Entry<'static>>, Fault> {
        let Some((channel, frame)) = object::read(object)? else { return Ok(None) };
        // All versions of the front have the time in the same place.
        let flags = u32_at(object, 16).ok_or(Fault::Object)?;
        let count = u64_at(object, 24).and_then(|n| i64::try_from(n).ok()).ok_or(Fault::Time)?;
        let unit = if flags & 3 == 1 { 10_000 } else { 1 };
        let at = count.checked_mul(unit).ok_or(Fault::Time)?;
        let stamp = match header.start {
            Some(start) => Stamp::Local(start.checked_add(at).ok_or(Fault::Time)?),
            None => Stamp::At(at),
        };
        // Channels count from one, buses from zero.
        let bus = Bus::Numbered(u32::from(channel.saturating_sub(1)));
        Ok(Some(Entry { stamp, bus, frame }))
    }

    /// The file ends within an object.
    fn cut(&mut self) -> Piece<'static> {
        self.used = self.buffer.len();
        Piece::Skip(Fault::Cut, self.place().container)
    }

    /// Looks for the next object in what the buffer holds.
    fn search(&mut self) -> Piece<'static> {
        let at = self.place().container;
        let rest = self.buffer.get(self.used + 1..).unwrap_or_default();
        self.used = match memchr::memmem::find(rest, MARK) {
            Some(found) => self.used + 1 + found,
            // Its first letters may be the last that are there.
            None => (self.buffer.len() + 1).saturating_sub(MARK.len()).max(self.used + 1),
        };
        Piece::Skip(Fault::Object, at)
    }

    /// Takes in the next container.
    fn load(&mut self) -> More {
        self.forget();
        let head = self.window.bytes(self.at, CONTAINER_HEAD);
        if head.len() < OBJECT_HEAD {
            return More::No;
        }
        if !head.starts_with(MARK) {
            return self.search_file();
        }
        let size = u32_at(head, 8).map_or(0, |size| size as usize);
        let kind = u32_at(head, 12);
        if !(OBJECT_HEAD..=LIMIT).contains(&size) {
            self.told = Some((Fault::Object, self.at));
            self.at += MARK.len() as u64;
            return More::Yes;
        }
        let container = self.at;
        self.at += (size + size % 4) as u64;
        self.seams.push(Seam { container, from: self.buffer.len(), inside: 0 });
        let whole = self.window.bytes(container, size);
        let is_cut = whole.len() < size;
        let read = if kind == Some(CONTAINER) {
            unpack(whole, &mut self.buffer)
        } else {
            // An object that stands in the file by itself, with its padding.
            self.buffer.extend_from_slice(whole);
            Ok(())
        };
        self.told = match read {
            Err(fault) => Some((fault, container)),
            Ok(()) => is_cut.then_some((Fault::Cut, container)),
        };
        More::Yes
    }

    /// Lets go of what is used up.
    fn forget(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.buffer.drain(..used.min(self.buffer.len()));
        let left = self.seams.iter().rposition(|seam| seam.from <= used).unwrap_or(0);
        self.seams.drain(..left);
        for seam in &mut self.seams {
            seam.inside += used.saturating_sub(seam.from);
            seam.from = seam.from.saturating_sub(used);
        }
    }

    /// Looks for the next object in the file.
    fn search_file(&mut self) -> More {
        let from = self.at;
        let found = loop {
            let piece = self.window.bytes(self.at, SEARCH);
            if let Some(found) = memchr::memmem::find(piece, MARK) {
                self.at += found as u64;
                break More::Yes;
            }
            if piece.len() < OBJECT_HEAD {
                self.at += piece.len() as u64;
                break More::No;
            }
            self.at += (piece.len() + 1 - MARK.len()) as u64;
        };
        // A little padding is nothing to speak of.
        if self.at - from > 8 {
            self.told = Some((Fault::Object, from));
            return More::Yes;
        }
        found
    }
}

fn rest_is_padding(rest: Option<&[u8]>) -> bool {
    rest.unwrap_or_default().iter().all(|byte| *byte == 0)
}

/// Puts the contents of a container behind what `into` holds.
fn unpack(whole: &[u8], into: &mut Vec<u8>) -> Result<(), Fault> {
    let (method, claimed) = (u16_at(whole, 16), u32_at(whole, 24).unwrap_or(0) as usize);
    let packed = whole.get(CONTAINER_HEAD..).unwrap_or_default();
    match method {
        Some(PLAIN) => {
            into.extend_from_slice(packed);
            Ok(())
        }
        Some(ZLIB) if claimed <= LIMIT => block::inflate(packed, claimed, into),
        Some(_) | None => Err(Fault::Packed),
    }
}
