//! What one line of a recording can be, for all formats.

use thiserror::Error;

use crate::engine::can::frame::{Direction, FD_BYTES, Frame, Head, Id};
use crate::engine::can::trace::scan;

/// The bit that marks an error frame in the ids of candump.
pub const ERROR_FLAG: u32 = 0x2000_0000;

/// The class of an error frame (`linux/can/error.h`) of which a recording only says that there was
/// one.
pub const BUS_ERROR: u32 = 0x80;

/// Lengths that FD has, by their codes.
const FD_LENGTHS: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64];

/// The number of bytes that a length code of FD stands for.
pub fn fd_length(code: usize) -> Option<usize> {
    FD_LENGTHS.get(code).copied()
}

/// The length code of FD for a number of bytes that FD has.
pub fn fd_code(len: usize) -> usize {
    FD_LENGTHS.iter().position(|known| *known >= len).unwrap_or(15)
}

/// FD: bit rate switch, among the flags of [`with_flags`].
pub const BRS: u8 = 1;
/// FD: error state indicator, among the flags of [`with_flags`].
pub const ESI: u8 = 2;

/// The frame with the flags of FD that it came with.
pub const fn with_flags(frame: Frame, flags: u8) -> Frame {
    let frame = if flags & BRS != 0 { frame.with_bit_rate_switch() } else { frame };
    if flags & ESI != 0 { frame.with_error_state_indicator() } else { frame }
}

/// The flags of FD that a frame has.
pub const fn flags(head: &Head) -> u8 {
    let brs = if head.has_bit_rate_switch() { BRS } else { 0 };
    let esi = if head.has_error_state_indicator() { ESI } else { 0 };
    brs | esi
}

/// One line, understood.
pub enum Line<'a> {
    /// A frame, not yet stamped.
    Frame(Entry<'a>),
    /// A comment, a header, a blank line.
    Nothing,
    /// A bridge's own heartbeat, which is no CAN frame.
    Heartbeat,
}

/// A frame of a line.
pub struct Entry<'a> {
    /// When, as the line says it.
    pub stamp: Stamp,
    /// What the line calls the bus.
    pub bus: Bus<'a>,
    /// The frame.
    pub frame: Frame,
}

/// What a line says about the bus.
#[derive(Clone, Copy)]
pub enum Bus<'a> {
    /// A name.
    Named(&'a [u8]),
    /// A number.
    Numbered(u32),
    /// Nothing.
    Unsaid,
}

/// What a line says about the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Nanoseconds since 1970, or since whatever the recorder began with.
    At(i64),
    /// Nanoseconds since 1970 if the recorder stood in UTC: the line has a local time.
    Local(i64),
    /// The same for a log whose times count from the line before: when the log began, and the
    /// nanoseconds since then.
    LocalSpan(i64, i64),
    /// Nanoseconds since midnight.
    OfDay(i64),
    /// Nothing.
    Unsaid,
}

/// Why a line is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The shape is another.
    #[error("not in the form of this recording")]
    Form,
    /// The time cannot be read.
    #[error("the time cannot be read")]
    Time,
    /// The id cannot be read or is too large.
    #[error("the id is no CAN id")]
    Id,
    /// The data cannot be read.
    #[error("the data bytes cannot be read")]
    Data,
    /// The length is none that CAN has, or another than that of the data.
    #[error("the length does not fit the data or the kind of frame")]
    Length,
    /// A part of a binary recording that is none.
    #[error("what stands there is no part of such a recording")]
    Object,
    /// A compressed part.
    #[error("this part cannot be unpacked, or not whole")]
    Packed,
    /// The file ends too early.
    #[error("it is cut off")]
    Cut,
    /// An interface that nobody described.
    #[error("it came from an interface that the capture does not describe")]
    Interface,
    /// One bus name too many.
    #[error("the recording names more than 256 buses")]
    Buses,
    /// More than any line of a recording has.
    #[error("the line is longer than {} bytes", super::source::LINE_BYTES)]
    Long,
}

/// The id of candump: 8 digits for extended and error frames, up to 3 for standard ones.
pub enum Code {
    /// A data or remote frame.
    Frame(Id),
    /// An error frame of this class.
    Error(u32),
}

/// Reads an id as candump prints it.
pub fn code(digits: &[u8]) -> Result<Code, Fault> {
    let raw = scan::hex(digits).ok_or(Fault::Id)?;
    if digits.len() <= 3 {
        return Id::standard(raw).map(Code::Frame).ok_or(Fault::Id);
    }
    if raw & ERROR_FLAG != 0 && raw >> 30 == 0 {
        return Ok(Code::Error(raw & Id::MAX_EXTENDED));
    }
    Id::extended(raw).map(Code::Frame).ok_or(Fault::Id)
}

/// A data frame: classic up to 8 bytes, FD above, for formats that do not say which.
pub fn data_frame(id: Id, bytes: &[u8]) -> Result<Frame, Fault> {
    Frame::classic(id, bytes).or_else(|| Frame::fd(id, bytes)).ok_or(Fault::Length)
}

/// Reads words of two hex digits until they end; more than 64 are a fault.
pub fn byte_words<'a>(
    words: impl Iterator<Item = &'a [u8]>,
    into: &mut [u8; FD_BYTES],
) -> Result<usize, Fault> {
    let mut len = 0;
    for word in words {
        let &[high, low] = word else { return Err(Fault::Data) };
        let slot = into.get_mut(len).ok_or(Fault::Length)?;
        *slot = scan::byte(high, low).ok_or(Fault::Data)?;
        len += 1;
    }
    Ok(len)
}

/// `Rx`, `Tx` and their short forms, in any case.
pub const fn direction(word: &[u8]) -> Option<Direction> {
    match word {
        b"R" | b"r" | b"RX" | b"Rx" | b"rx" => Some(Direction::Received),
        b"T" | b"t" | b"TX" | b"Tx" | b"tx" => Some(Direction::Sent),
        _ => None,
    }
}
