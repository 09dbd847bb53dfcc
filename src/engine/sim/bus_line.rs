//! The simulated wire: frames one after the other, each taking its time, delayed ones when they
//! are due, nothing while the controller is off the bus. Knows no device.

use std::collections::{BTreeMap, VecDeque};

use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Frames, Id};

/// Nanoseconds that a bit takes at 500 kbit/s.
const BIT_NS: i64 = 2_000;
/// Bits of a frame besides its data, with the usual stuffing, 11 and 29 bit.
const BITS: (i64, i64) = (55, 78);
/// Bits that a byte takes with the usual stuffing.
const BYTE_BITS: i64 = 9;
/// Most frames that may be on their way late.
const MOST_LATE: usize = 65_536;

/// The wire.
#[derive(Clone, Debug, Default)]
pub(super) struct BusLine {
    free: Mono,
    ready: VecDeque<Frame>,
    late: BTreeMap<(Mono, u64), Frame>,
    late_count: u64,
    off: bool,
}

impl BusLine {
    /// Puts a frame on the wire at `now`, behind those that are on it already; says whether
    /// anybody can hear it.
    pub(super) fn put(&mut self, now: Mono, frame: Frame) -> bool {
        if self.off {
            return false;
        }
        let start = self.free.max(now);
        let bits = if frame.id().is_extended() { BITS.1 } else { BITS.0 };
        let long = (bits + BYTE_BITS * frame.len() as i64) * BIT_NS;
        self.free = Mono::from_nanos(start.nanos() + long);
        self.ready.push_back(frame.at(self.free));
        true
    }

    /// Whether nobody can be heard.
    pub(super) const fn is_off(&self) -> bool {
        self.off
    }

    /// Puts a frame on the wire later.
    pub(super) fn put_later(&mut self, at: Mono, frame: Frame) {
        if self.late.len() < MOST_LATE {
            self.late_count += 1;
            self.late.insert((at, self.late_count), frame);
        }
    }

    /// When the next late frame is due.
    pub(super) fn next_late(&self) -> Option<Mono> {
        self.late.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next late frame.
    pub(super) fn take_late(&mut self) -> Option<Frame> {
        self.late.pop_first().map(|(_, frame)| frame)
    }

    /// The driver's word on the state of the controller, as an error frame (`linux/can/error.h`).
    pub(super) fn complain(&mut self, now: Mono, complaint: Complaint) {
        let (class, details) = complaint.words();
        self.off = complaint == Complaint::Off;
        let at = self.free.max(now);
        self.free = at;
        if let Some(frame) = Frame::error(class, &details) {
            self.ready.push_back(frame.at(at));
        }
    }

    /// When the next frame has been on the wire.
    pub(super) fn next_ready(&self) -> Option<Mono> {
        self.ready.front().map(|frame| frame.time())
    }

    /// Gives out all frames that are through by `to`.
    pub(super) fn hand_out(&mut self, to: Mono, out: &mut Frames) {
        while let Some(frame) = self.ready.pop_front_if(|frame| frame.time() <= to) {
            out.push(frame.view());
        }
    }
}

/// What a controller's driver says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// 96 errors.
    Warning,
    /// 128 errors: it no longer signals them.
    Passive,
    /// It has taken itself off the bus.
    Off,
    /// It is back.
    Restarted,
}

impl Complaint {
    const fn words(self) -> (u32, [u8; 8]) {
        match self {
            Self::Warning => (0x204, [0, 0x08, 0, 0, 0, 0, 96, 0]),
            Self::Passive => (0x204, [0, 0x20, 0, 0, 0, 0, 128, 0]),
            Self::Off => (0x40, [0; 8]),
            Self::Restarted => (0x100, [0; 8]),
        }
    }

    /// The ids under which they are sent.
    pub(super) fn ids() -> impl Iterator<Item = Id> {
        [0x204, 0x40, 0x100].into_iter().filter_map(Id::extended)
    }
}
