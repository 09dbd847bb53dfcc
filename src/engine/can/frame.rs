//! CAN frames: classic, FD, remote and error, 11 and 29 bit, up to 64 bytes.
//!
//! [`Frame`] is one frame by value. [`Frames`] is a batch of them, compact: a classic frame takes
//! 24 bytes, an FD frame 88. A frame carries its monotonic time; the [`Timebase`] of its batch
//! says what that is on the wall clock and who put it there.

use std::fmt;

use crate::base::id::BusId;
use crate::base::time::{Mono, Timebase};

const EXTENDED: u32 = 1 << 31;

/// Largest payload of a classic frame, bytes.
pub const CLASSIC_BYTES: usize = 8;
/// Largest payload of an FD frame, bytes.
pub const FD_BYTES: usize = 64;

/// A CAN identifier, 11 bit (standard) or 29 bit (extended). Orders standard before extended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u32);

impl Id {
    /// Largest standard id.
    pub const MAX_STANDARD: u32 = 0x7FF;
    /// Largest extended id.
    pub const MAX_EXTENDED: u32 = 0x1FFF_FFFF;

    /// An 11-bit id; `None` above 0x7FF.
    #[must_use]
    pub const fn standard(raw: u32) -> Option<Self> {
        if raw <= Self::MAX_STANDARD { Some(Self(raw)) } else { None }
    }

    /// A 29-bit id; `None` above 0x1FFFFFFF.
    #[must_use]
    pub const fn extended(raw: u32) -> Option<Self> {
        if raw <= Self::MAX_EXTENDED { Some(Self(raw | EXTENDED)) } else { None }
    }

    /// Standard where the number fits into 11 bits, extended otherwise: for formats that do not
    /// say which it was. `None` above 29 bits.
    #[must_use]
    pub const fn guess(raw: u32) -> Option<Self> {
        if raw <= Self::MAX_STANDARD { Self::standard(raw) } else { Self::extended(raw) }
    }

    /// The number, without its kind.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0 & !EXTENDED
    }

    /// Whether it is a 29-bit id.
    #[must_use]
    pub const fn is_extended(self) -> bool {
        self.0 & EXTENDED != 0
    }

    /// The id `offset` further on, of the same kind; `None` where that is no id.
    #[must_use]
    pub const fn offset(self, offset: i64) -> Option<Self> {
        let raw = self.raw() as i64 + offset;
        if raw < 0 || raw > Self::MAX_EXTENDED as i64 {
            return None;
        }
        if self.is_extended() { Self::extended(raw as u32) } else { Self::standard(raw as u32) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_extended() {
            write!(f, "0x{:08X}", self.raw())
        } else {
            write!(f, "0x{:03X}", self.raw())
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The classes of an error frame in words, by the bit of its id (`linux/can/error.h`).
pub const ERROR_CLASSES: [&str; 10] = [
    "transmit timeout",
    "lost arbitration",
    "controller problem",
    "protocol violation",
    "transceiver status",
    "no acknowledgement",
    "bus off",
    "bus error",
    "controller restarted",
    "error counters",
];

/// What kind of frame it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Classic data frame, 0 to 8 bytes.
    Data,
    /// Remote request: a length, no bytes.
    Remote,
    /// Error frame made by the driver: the id holds the error class, the bytes the details
    /// (`linux/can/error.h`).
    Error,
    /// FD data frame, 0 to 64 bytes.
    Fd,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Somebody else sent it.
    #[default]
    Received,
    /// This program sent it.
    Sent,
}

const KIND: u8 = 0b11;
const BRS: u8 = 1 << 2;
const ESI: u8 = 1 << 3;
const SENT: u8 = 1 << 4;

/// Time, id, bus, length and kind: what a frame has besides its bytes. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    time: Mono,
    id: Id,
    bus: BusId,
    len: u8,
    flags: u8,
}

impl Head {
    /// Monotonic time of its bus.
    #[must_use]
    pub const fn time(&self) -> Mono {
        self.time
    }

    /// Identifier.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// The bus it was seen on.
    #[must_use]
    pub const fn bus(&self) -> BusId {
        self.bus
    }

    /// Length in bytes; for a remote frame the length it asks for.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the length is zero.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Kind of frame.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.flags & KIND {
            0 => Kind::Data,
            1 => Kind::Remote,
            2 => Kind::Error,
            _ => Kind::Fd,
        }
    }

    /// Which way it went.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        if self.flags & SENT != 0 { Direction::Sent } else { Direction::Received }
    }

    /// FD: the data phase ran at the second bit rate.
    #[must_use]
    pub const fn has_bit_rate_switch(&self) -> bool {
        self.flags & BRS != 0
    }

    /// FD: the sender was error passive.
    #[must_use]
    pub const fn has_error_state_indicator(&self) -> bool {
        self.flags & ESI != 0
    }

    /// Bytes that follow: none for a remote frame.
    const fn stored(&self) -> usize {
        match self.kind() {
            Kind::Remote => 0,
            Kind::Data | Kind::Error | Kind::Fd => self.len as usize,
        }
    }
}

/// One frame by value, whatever its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    head: Head,
    data: [u8; FD_BYTES],
}

impl Frame {
    /// A classic data frame; `None` with more than 8 bytes.
    #[must_use]
    pub fn classic(id: Id, bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= CLASSIC_BYTES).then(|| Self::build(id, 0, bytes))
    }

    /// An FD data frame; `None` unless the length is one that FD has (0-8, 12, 16, 20, 24, 32, 48,
    /// 64).
    #[must_use]
    pub fn fd(id: Id, bytes: &[u8]) -> Option<Self> {
        let fits = matches!(bytes.len(), 0..=8 | 12 | 16 | 20 | 24 | 32 | 48 | 64);
        fits.then(|| Self::build(id, 3, bytes))
    }

    /// A remote request for `len` bytes; `None` above 8.
    #[must_use]
    pub fn remote(id: Id, len: usize) -> Option<Self> {
        (len <= CLASSIC_BYTES).then(|| {
            let mut frame = Self::build(id, 1, &[]);
            frame.head.len = len as u8;
            frame
        })
    }

    /// An error frame: `class` as in `linux/can/error.h`, at most 8 bytes of details.
    #[must_use]
    pub fn error(class: u32, details: &[u8]) -> Option<Self> {
        let id = Id::extended(class)?;
        (details.len() <= CLASSIC_BYTES).then(|| Self::build(id, 2, details))
    }

    fn build(id: Id, flags: u8, bytes: &[u8]) -> Self {
        let len = bytes.len() as u8;
        let head = Head { time: Mono::ZERO, id, bus: BusId(0), len, flags };
        let mut data = [0; FD_BYTES];
        data[..bytes.len()].copy_from_slice(bytes);
        Self { head, data }
    }

    /// The same frame, stamped.
    #[must_use]
    pub const fn at(mut self, time: Mono) -> Self {
        self.head.time = time;
        self
    }

    /// The same frame, on a bus.
    #[must_use]
    pub const fn on(mut self, bus: BusId) -> Self {
        self.head.bus = bus;
        self
    }

    /// The same frame, under another id.
    #[must_use]
    pub const fn with_id(mut self, id: Id) -> Self {
        self.head.id = id;
        self
    }

    /// The same frame, going `direction`.
    #[must_use]
    pub const fn going(mut self, direction: Direction) -> Self {
        match direction {
            Direction::Sent => self.head.flags |= SENT,
            Direction::Received => self.head.flags &= !SENT,
        }
        self
    }

    /// The same FD frame with bit rate switch; no effect on other kinds.
    #[must_use]
    pub const fn with_bit_rate_switch(mut self) -> Self {
        if matches!(self.head.kind(), Kind::Fd) {
            self.head.flags |= BRS;
        }
        self
    }

    /// The same FD frame with error state indicator; no effect on other kinds.
    #[must_use]
    pub const fn with_error_state_indicator(mut self) -> Self {
        if matches!(self.head.kind(), Kind::Fd) {
            self.head.flags |= ESI;
        }
        self
    }

    /// The same frame, its bytes edited in place; their number stays.
    #[must_use]
    pub fn edited(mut self, edit: impl FnOnce(&mut [u8])) -> Self {
        let stored = self.head.stored();
        edit(&mut self.data[..stored]);
        self
    }

    /// A borrowed view.
    #[must_use]
    pub fn view(&self) -> FrameRef<'_> {
        FrameRef { head: self.head, data: &self.data[..self.head.stored()] }
    }
}

impl std::ops::Deref for Frame {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.view())
    }
}

/// A frame as the layers pass it on: the head by value, the bytes borrowed. For a remote frame
/// `data` is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FrameRef<'a> {
    /// Time, id, bus, length, kind.
    pub head: Head,
    /// The payload.
    pub data: &'a [u8],
}

impl FrameRef<'_> {
    /// The same frame, on a bus.
    #[must_use]
    pub const fn on(mut self, bus: BusId) -> Self {
        self.head.bus = bus;
        self
    }

    /// The frame by value.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let mut data = [0; FD_BYTES];
        data[..self.data.len()].copy_from_slice(self.data);
        Frame { head: self.head, data }
    }
}

impl std::ops::Deref for FrameRef<'_> {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl fmt::Debug for FrameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { time, bus, len, .. } = self.head;
        write!(f, "{:.6} bus {} {} {:?} [{len}]", time.secs_f64(), bus.0, self.id(), self.kind())?;
        self.data.iter().try_for_each(|byte| write!(f, " {byte:02X}"))
    }
}

/// A classic frame in a batch; a long payload's place in the side arena stands in `short`.
#[derive(Clone, Copy)]
struct Slot {
    head: Head,
    short: [u8; CLASSIC_BYTES],
}

const _: () = assert!(size_of::<Slot>() == 24);

/// A classic data frame that is not yet stamped, with its bytes in a row of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classic {
    /// Identifier.
    pub id: Id,
    /// Which way it went.
    pub way: Direction,
    /// Number of bytes; more than eight count as eight.
    pub len: usize,
    /// The bytes; zero behind `len`.
    pub bytes: [u8; CLASSIC_BYTES],
}

/// A batch of frames of one stream, in order of arrival.
#[derive(Clone, Default)]
pub struct Frames {
    timebase: Timebase,
    slots: Vec<Slot>,
    long: Vec<[u8; FD_BYTES]>,
}

impl Frames {
    /// An empty batch.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn new(timebase: Timebase) -> Self {
        Self { timebase, slots: Vec::new(), long: Vec::new() }
    }

    /// An empty batch with room for `frames` classic frames.
    #[must_use]
    pub fn with_capacity(timebase: Timebase, frames: usize) -> Self {
        Self { timebase, slots: Vec::with_capacity(frames), long: Vec::new() }
    }

    /// What the stamps of this batch mean.
    #[must_use]
    pub const fn timebase(&self) -> Timebase {
        self.timebase
    }

    /// Says what the stamps of this batch mean.
    pub const fn set_timebase(&mut self, timebase: Timebase) {
        self.timebase = timebase;
    }

    /// Wall clock of a frame of this batch, where it is known.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn wall(&self, frame: &FrameRef<'_>) -> Option<crate::base::time::Wall> {
        self.timebase.wall(frame.time())
    }

    /// Number of frames.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes that they take in memory, with the room that is kept for more.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        let long = self.long.capacity() * FD_BYTES;
        (self.slots.capacity() * size_of::<Slot>() + long) as u64
    }

    /// Takes all frames out and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.long.clear();
    }

    /// Appends a frame.
    pub fn push(&mut self, frame: FrameRef<'_>) {
        let mut short = [0; CLASSIC_BYTES];
        if frame.data.len() <= CLASSIC_BYTES {
            short[..frame.data.len()].copy_from_slice(frame.data);
        } else {
            let place = self.long.len() as u64;
            short = place.to_le_bytes();
            let mut long = [0; FD_BYTES];
            long[..frame.data.len()].copy_from_slice(frame.data);
            self.long.push(long);
        }
        self.slots.push(Slot { head: frame.head, short });
    }

    /// Appends a classic data frame of this time and bus. The short way in for readers of recordings.
    pub fn push_classic(&mut self, time: Mono, bus: BusId, classic: &Classic) {
        let Classic { id, way, len, bytes } = *classic;
        let len = len.min(CLASSIC_BYTES) as u8;
        let flags = match way {
            Direction::Received => 0,
            Direction::Sent => SENT,
        };
        self.slots.push(Slot { head: Head { time, id, bus, len, flags }, short: bytes });
    }

    /// Appends the frames of `more` from place `from` on, at most `count`; gives how many there were.
    pub fn append(&mut self, more: &Self, from: usize, count: usize) -> usize {
        let some = more.slots.get(from..).unwrap_or_default();
        let some = some.get(..count).unwrap_or(some);
        if more.long.is_empty() {
            self.slots.extend_from_slice(some);
        } else {
            some.iter().for_each(|slot| self.push(more.open(slot)));
        }
        some.len()
    }

    /// Gives every frame the bus that stands at the place of its own; frames whose place has none are
    /// taken out and counted.
    pub fn renumber(&mut self, buses: &[Option<BusId>]) -> u64 {
        let before = self.slots.len();
        self.slots.retain_mut(|slot| match buses.get(usize::from(slot.head.bus.0)) {
            Some(Some(bus)) => {
                slot.head.bus = *bus;
                true
            }
            Some(None) | None => false,
        });
        (before - self.slots.len()) as u64
    }

    /// The frame at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<FrameRef<'_>> {
        self.slots.get(index).map(|slot| self.open(slot))
    }

    /// All frames in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = FrameRef<'_>> + '_ {
        self.slots.iter().map(|slot| self.open(slot))
    }

    fn open<'a>(&'a self, slot: &'a Slot) -> FrameRef<'a> {
        let stored = slot.head.stored();
        let data = if stored <= CLASSIC_BYTES {
            &slot.short[..stored]
        } else {
            &self.long[u64::from_le_bytes(slot.short) as usize][..stored]
        };
        FrameRef { head: slot.head, data }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(raw: u32) -> Id {
        Id::guess(raw).unwrap()
    }

    #[test]
    fn a_classic_frame_takes_24_bytes_and_an_fd_frame_88() {
        assert_eq!(size_of::<Slot>(), 24);
        assert_eq!(size_of::<Slot>() + FD_BYTES, 88);
        assert!(size_of::<Frame>() <= 88);
    }

    #[test]
    fn a_batch_gives_back_what_was_put_in() {
        let frames = [
            Frame::classic(id(0x600), &[1, 2, 3]).unwrap().at(Mono::from_millis(5)),
            Frame::fd(id(0x18FF_50E5), &[7; 48]).unwrap().with_bit_rate_switch(),
            Frame::classic(id(0x080), &[]).unwrap().on(BusId(3)),
            Frame::remote(id(0x700), 8).unwrap().going(Direction::Sent),
            Frame::error(0x40, &[0; 8]).unwrap(),
            Frame::fd(id(0x123), &[9; 64]).unwrap().with_error_state_indicator(),
        ];
        let mut batch = Frames::default();
        frames.iter().for_each(|f| batch.push(f.view()));
        let back: Vec<Frame> = batch.iter().map(|f| f.to_frame()).collect();
        assert_eq!(back, frames);
        assert_eq!(back[3].len(), 8);
        assert!(back[3].view().data.is_empty());
        assert_eq!(back[3].direction(), Direction::Sent);
        assert_eq!(back[4].kind(), Kind::Error);
    }

    #[test]
    fn lengths_that_can_does_not_have_are_no_frames() {
        assert!(Frame::classic(id(1), &[0; 9]).is_none());
        assert!(Frame::fd(id(1), &[0; 9]).is_none());
        assert!(Frame::fd(id(1), &[0; 12]).is_some());
        assert!(Frame::remote(id(1), 9).is_none());
    }

    #[test]
    fn ids_know_their_kind() {
        assert_eq!(Id::standard(0x800), None);
        assert_eq!(Id::extended(0x2000_0000), None);
        assert!(Id::guess(0x800).unwrap().is_extended());
        assert_eq!(Id::standard(0x600).unwrap().offset(0xFD), Id::standard(0x6FD));
        assert_eq!(Id::standard(0x700).unwrap().offset(0x100), None);
        assert_eq!(Id::extended(0x10).unwrap().to_string(), "0x00000010");
        assert!(Id::standard(0x7FF).unwrap() < Id::extended(0).unwrap());
    }
}
