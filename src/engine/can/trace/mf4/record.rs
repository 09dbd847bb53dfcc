//! One record of a group: which bits are which part of a frame.

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame, Id};
use crate::engine::can::trace::block::u64_at;
use crate::engine::can::trace::line::{self, Fault};

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Whole, low byte first.
    Little,
    /// Whole, high byte first.
    Big,
    /// Real, low byte first.
    RealLittle,
    /// Real, high byte first.
    RealBig,
}

/// Where a number lies.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// How it is written.
    pub number: Number,
    /// Its first byte.
    pub byte: usize,
    /// Bits below it in that byte.
    pub shift: u32,
    /// Its bits, 1 to 64.
    pub bits: u32,
}

impl Field {
    /// The bits as they are.
    fn raw(self, record: &[u8]) -> Option<u64> {
        // What lies within eight bytes that are there is one look.
        if self.shift + self.bits <= 64
            && matches!(self.number, Number::Little | Number::RealLittle)
            && let Some(word) = u64_at(record, self.byte)
        {
            return Some((word >> self.shift) & (u64::MAX >> (64 - self.bits)));
        }
        let count = (self.shift + self.bits).div_ceil(8) as usize;
        let bytes = record.get(self.byte..self.byte.checked_add(count)?)?;
        let mut wide = [0_u8; 16];
        for (place, byte) in bytes.iter().enumerate() {
            let to = match self.number {
                Number::Little | Number::RealLittle => place,
                Number::Big | Number::RealBig => count - 1 - place,
            };
            *wide.get_mut(to)? = *byte;
        }
        let value = u128::from_le_bytes(wide) >> self.shift;
        Some(value as u64 & (u64::MAX >> (64 - self.bits)))
    }

    /// The number, if it is a whole one.
    pub fn whole(self, record: &[u8]) -> Option<u64> {
        match self.number {
            Number::Little | Number::Big => self.raw(record),
            Number::RealLittle | Number::RealBig => None,
        }
    }

    /// The number as a real one.
    pub fn real(self, record: &[u8]) -> Option<f64> {
        let raw = self.raw(record)?;
        match (self.number, self.bits) {
            (Number::Little | Number::Big, _) => Some(raw as f64),
            (_, 64) => Some(f64::from_bits(raw)),
            (_, 32) => Some(f64::from(f32::from_bits(raw as u32))),
            (Number::RealLittle | Number::RealBig, _) => None,
        }
    }
}

/// What the frames of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Data frames.
    Data,
    /// Remote frames.
    Remote,
    /// Error frames.
    Error,
}

/// Where the bytes of a frame are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// Nowhere.
    None,
    /// In the record.
    Fixed { byte: usize, len: usize },
    /// In a signal of varying length: the record says where in it.
    Signal { byte: usize, place: usize },
    /// Among the values of varying length between the records: the record says which.
    Values { byte: usize, place: usize },
}

/// Where the parts of a frame lie in a record.
#[derive(Debug)]
pub struct Frames {
    pub what: What,
    pub time: Field,
    pub offset: f64,
    pub factor: f64,
    pub channel: Option<Field>,
    pub id: Option<Field>,
    pub wide: Option<Field>,
    pub code: Option<Field>,
    pub len: Option<Field>,
    pub way: Option<Field>,
    pub form: Option<Field>,
    pub brs: Option<Field>,
    pub esi: Option<Field>,
    pub remote: Option<Field>,
    pub bytes: Bytes,
}

/// A frame without its bytes.
#[derive(Clone, Debug)]
pub struct Bare {
    /// Nanoseconds since the start of the file.
    pub at: i64,
    /// Number of the bus, from zero.
    pub bus: u32,
    what: What,
    id: Id,
    len: usize,
    way: Direction,
    flags: Option<u8>,
}

impl Frames {
    /// Nanoseconds since the start of the file.
    fn at(&self, record: &[u8]) -> Option<i64> {
        let seconds = |value: f64| (self.offset + self.factor * value) * 1e9;
        // A count of nanoseconds comes through unrounded.
        let is_count = self.offset == 0.0 && (self.factor * 1e9 - 1.0).abs() < 1e-6;
        let ns = match (is_count, self.time.whole(record)) {
            (true, Some(count)) => return i64::try_from(count).ok(),
            (true, None) => self.time.real(record)?,
            (false, _) => seconds(self.time.real(record)?),
        };
        // Beyond what is counted the conversion stays at the end of the range.
        ns.is_finite().then(|| ns.round() as i64)
    }

    /// Everything but the bytes.
    pub fn bare(&self, record: &[u8]) -> Result<Bare, Fault> {
        let at = self.at(record).ok_or(Fault::Time)?;
        let whole = |field: Option<Field>| field.and_then(|field| field.whole(record));
        let is_set = |field: Option<Field>| whole(field).is_some_and(|bit| bit != 0);
        let channel = u32::try_from(whole(self.channel).unwrap_or(1)).map_err(|_| Fault::Form)?;
        let raw = whole(self.id).and_then(|raw| u32::try_from(raw).ok()).unwrap_or(0);
        let number = raw & Id::MAX_EXTENDED;
        let id = match whole(self.wide) {
            Some(0) => Id::standard(number),
            Some(_) => Id::extended(number),
            None if raw >> 31 == 1 => Id::extended(number),
            None => Id::guess(number),
        };
        let is_fd = is_set(self.form);
        let code = whole(self.code).and_then(|code| usize::try_from(code).ok());
        let len = whole(self.len).and_then(|len| usize::try_from(len).ok());
        let by_code = code.map(|code| {
            if is_fd { line::fd_length(code).unwrap_or(FD_BYTES) } else { code.min(CLASSIC_BYTES) }
        });
        let flags = if is_set(self.brs) { line::BRS } else { 0 }
            | if is_set(self.esi) { line::ESI } else { 0 };
        let what = match self.what {
            What::Data if is_set(self.remote) => What::Remote,
            what => what,
        };
        let len = match what {
            // A remote frame has no bytes; its code says how many it asks for.
            What::Remote => by_code.or(len),
            What::Data | What::Error => len.or(by_code),
        };
        Ok(Bare {
            at,
            // Channels count from one, buses from zero.
            bus: channel.saturating_sub(1),
            what,
            id: id.ok_or(Fault::Id)?,
            len: len.unwrap_or(0),
            way: if is_set(self.way) { Direction::Sent } else { Direction::Received },
            flags: is_fd.then_some(flags),
        })
    }

    /// What the record says of where the bytes are.
    pub fn pointer(byte: usize, record: &[u8]) -> Option<u64> {
        u64_at(record, byte)
    }
}

impl Bare {
    /// Whether it has bytes at all.
    pub fn has_bytes(&self) -> bool {
        self.what == What::Data && self.len > 0
    }

    /// The frame, with its bytes; there may be more of them than it has.
    pub fn with(&self, bytes: &[u8]) -> Result<Frame, Fault> {
        let frame = match self.what {
            What::Error => Frame::error(line::BUS_ERROR, &[]),
            What::Remote => Frame::remote(self.id, self.len.min(CLASSIC_BYTES)),
            What::Data => {
                let data = bytes.get(..self.len).ok_or(Fault::Length)?;
                match self.flags {
                    Some(flags) => {
                        Frame::fd(self.id, data).map(|frame| line::with_flags(frame, flags))
                    }
                    None => line::data_frame(self.id, data).ok(),
                }
            }
        };
        let way = if self.what == What::Error { Direction::Received } else { self.way };
        frame.map(|frame| frame.going(way)).ok_or(Fault::Length)
    }
}
