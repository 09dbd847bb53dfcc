//! The guard before what people send by hand: silent until a person has armed the bus, for a time;
//! silent without the hub's heartbeat; ids that are never sent stay unsent, and what goes out in a
//! second is bounded, so that a slip does not fill the bus.

use std::time::Duration;

use thiserror::Error;

use super::{Block, Cleared};
use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Id, Kind};

/// Frames a second, in the long run.
pub const FRAMES_A_SECOND: u32 = 2000;
/// Frames at once.
pub const BURST: u32 = 500;
/// How much more a replay may send than a hand: on a wire what the fastest classic bus carries, within
/// the program what others there can follow.
const REPLAYED_A_SECOND: u32 = 20_000;
const REPLAYED_WITHIN: u32 = 500_000;
/// Frames of a replay at once.
const REPLAYED_BURST: u32 = 200;

/// Why a frame that a person wanted to send did not go out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HandRefusal {
    /// Nobody has armed the bus, or its time is over.
    #[error("the bus is not armed: arm it first, then send")]
    NotArmed,
    /// The id is never sent.
    #[error("{0} may never be sent: it is reserved for setting devices up or for their programs")]
    Blocked(Id),
    /// A charge sends this id itself.
    #[error("{0} belongs to the charge that runs: stop that first")]
    Charging(Id),
    /// An error frame is made by a controller and cannot be sent.
    #[error("an error frame cannot be sent")]
    ErrorFrame,
    /// Too many frames.
    #[error("more than {FRAMES_A_SECOND} frames a second are not sent by hand")]
    TooMany,
    /// The hub has not been heard for too long.
    #[error("the hub has been silent for too long")]
    NoHeartbeat,
}

/// The guard of one bus for what people send.
#[derive(Debug)]
pub struct HandGuard {
    blocks: Vec<Block>,
    armed_until: Option<Mono>,
    heartbeat: Option<Mono>,
    patience: Duration,
    /// Frames a second in the long run, and at once.
    rate: (u32, u32),
    /// Frames that may still go out, in thousandths, and when that was so.
    room: (u64, Mono),
}

/// What a replay goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A wire, or an interface: only while a person has armed it.
    Wire,
    /// A bus within the program, which needs no arming.
    Within,
}

impl HandGuard {
    /// A guard that nobody has armed, which never lets `blocks` through.
    #[must_use]
    pub const fn new(blocks: Vec<Block>, patience: Duration) -> Self {
        Self::at_rate(blocks, patience, (FRAMES_A_SECOND, BURST))
    }

    /// A guard for replays. One of a bus within the program is armed for ever.
    #[must_use]
    pub const fn of_replays(blocks: Vec<Block>, patience: Duration, reach: Reach) -> Self {
        match reach {
            Reach::Wire => Self::at_rate(blocks, patience, (REPLAYED_A_SECOND, REPLAYED_BURST)),
            Reach::Within => {
                let mut guard = Self::at_rate(blocks, patience, (REPLAYED_WITHIN, REPLAYED_BURST));
                guard.arm(Mono::from_nanos(i64::MAX));
                guard
            }
        }
    }

    const fn at_rate(blocks: Vec<Block>, patience: Duration, rate: (u32, u32)) -> Self {
        let room = (rate.1 as u64 * 1000, Mono::ZERO);
        Self { blocks, armed_until: None, heartbeat: None, patience, rate, room }
    }

    /// When there is room for a frame again, where there was none at `now`.
    #[must_use]
    pub fn room_at(&self, now: Mono) -> Mono {
        now.after(Duration::from_nanos(1_000_000_000_u64.div_ceil(u64::from(self.rate.0.max(1)))))
    }

    /// Lets frames through until then.
    pub const fn arm(&mut self, until: Mono) {
        self.armed_until = Some(until);
    }

    /// Lets nothing through any more.
    pub const fn silence(&mut self) {
        self.armed_until = None;
    }

    /// The hub is alive at `now`.
    pub const fn beat(&mut self, now: Mono) {
        self.heartbeat = Some(now);
    }

    /// Whether a person has armed it, and its time is not over.
    #[must_use]
    pub fn is_armed(&self, now: Mono) -> bool {
        self.armed_until.is_some_and(|until| now < until)
    }

    /// Checks a frame.
    ///
    /// # Errors
    /// Why it is kept back.
    pub fn clear(&mut self, now: Mono, frame: Frame) -> Result<Cleared, HandRefusal> {
        let id = frame.id();
        if frame.kind() == Kind::Error {
            return Err(HandRefusal::ErrorFrame);
        }
        if self.blocks.iter().any(|block| block.holds(id)) {
            return Err(HandRefusal::Blocked(id));
        }
        if !self.is_armed(now) {
            return Err(HandRefusal::NotArmed);
        }
        if self.heartbeat.is_none_or(|at| now.since(at) > self.patience) {
            return Err(HandRefusal::NoHeartbeat);
        }
        let (room, since) = self.room;
        let (a_second, burst) = self.rate;
        let passed = u64::try_from(now.since(since).as_nanos()).unwrap_or(u64::MAX);
        let grown = passed.saturating_mul(u64::from(a_second)) / 1_000_000;
        let room = room.saturating_add(grown).min(u64::from(burst) * 1000);
        // What is too little to count is not lost between two frames that follow at once.
        let now = if grown == 0 { since.max(Mono::ZERO) } else { now };
        self.room = (room, now);
        let Some(left) = room.checked_sub(1000) else { return Err(HandRefusal::TooMany) };
        self.room = (left, now);
        Ok(Cleared(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    fn t(ms: i64) -> Mono {
        Mono::from_millis(ms)
    }

    fn frame(raw: u32) -> Frame {
        Frame::classic(Id::guess(raw).unwrap(), &[1, 2]).unwrap()
    }

    fn armed() -> HandGuard {
        let blocks = vec![Block { ids: 0x6F0..=0x6F1, extended: false }];
        let mut guard = HandGuard::new(blocks, PATIENCE);
        guard.beat(t(0));
        guard.arm(t(10_000));
        guard
    }

    #[test]
    fn nothing_goes_out_by_hand_before_the_bus_is_armed_nor_when_its_time_is_over() {
        let mut guard = HandGuard::new(Vec::new(), PATIENCE);
        guard.beat(t(0));
        assert_eq!(guard.clear(t(0), frame(0x100)).unwrap_err(), HandRefusal::NotArmed);
        guard.arm(t(100));
        assert!(guard.clear(t(99), frame(0x100)).is_ok());
        assert_eq!(guard.clear(t(100), frame(0x100)).unwrap_err(), HandRefusal::NotArmed);
        guard.arm(t(300));
        guard.silence();
        assert_eq!(guard.clear(t(200), frame(0x100)).unwrap_err(), HandRefusal::NotArmed);
    }

    #[test]
    fn nothing_goes_out_by_hand_when_the_hub_is_silent() {
        let mut guard = armed();
        assert!(guard.clear(t(500), frame(0x100)).is_ok());
        assert_eq!(guard.clear(t(501), frame(0x100)).unwrap_err(), HandRefusal::NoHeartbeat);
        guard.beat(t(501));
        assert!(guard.clear(t(501), frame(0x100)).is_ok());
    }

    #[test]
    fn reserved_ids_and_error_frames_never_go_out_armed_or_not() {
        let mut guard = armed();
        let id = Id::guess(0x6F0).unwrap();
        assert_eq!(guard.clear(t(0), frame(0x6F0)).unwrap_err(), HandRefusal::Blocked(id));
        let error = Frame::error(4, &[0; 8]).unwrap();
        assert_eq!(guard.clear(t(0), error).unwrap_err(), HandRefusal::ErrorFrame);
        let remote = Frame::remote(Id::guess(0x6F1).unwrap(), 2).unwrap();
        assert!(matches!(guard.clear(t(0), remote).unwrap_err(), HandRefusal::Blocked(_)));
        let long = Frame::classic(Id::extended(0x6F0).unwrap(), &[0]).unwrap();
        assert!(guard.clear(t(0), long).is_ok(), "another id");
    }

    #[test]
    fn a_slip_does_not_fill_the_bus() {
        let mut guard = armed();
        let at_once = (0..2000).filter(|_| guard.clear(t(0), frame(1)).is_ok()).count();
        assert_eq!(at_once, BURST as usize);
        assert_eq!(guard.clear(t(0), frame(1)).unwrap_err(), HandRefusal::TooMany);
        let mut sent = 0;
        for ms in 1..=1000 {
            guard.beat(t(ms));
            sent += (0..10).filter(|_| guard.clear(t(ms), frame(1)).is_ok()).count();
        }
        assert_eq!(sent, FRAMES_A_SECOND as usize);
    }

    #[test]
    fn a_replay_within_the_program_needs_no_arming_and_one_onto_a_wire_does() {
        let guard = |reach| HandGuard::of_replays(Vec::new(), PATIENCE, reach);
        let (mut within, mut wire) = (guard(Reach::Within), guard(Reach::Wire));
        for guard in [&mut within, &mut wire] {
            assert!(guard.clear(t(0), frame(1)).is_err(), "without the hub nothing goes out");
            guard.beat(t(0));
        }
        assert!(within.clear(t(0), frame(1)).is_ok());
        assert_eq!(wire.clear(t(0), frame(1)).unwrap_err(), HandRefusal::NotArmed);
        wire.arm(t(100));
        assert!(wire.clear(t(99), frame(1)).is_ok());
        assert_eq!(wire.clear(t(100), frame(1)).unwrap_err(), HandRefusal::NotArmed);
    }

    #[test]
    fn a_replay_that_asks_too_often_is_told_when_there_is_room() {
        let mut guard = HandGuard::of_replays(Vec::new(), PATIENCE, Reach::Wire);
        guard.arm(t(60_000));
        let (mut now, mut sent) = (t(0), 0);
        while now < t(1000) {
            guard.beat(now);
            match guard.clear(now, frame(1)) {
                Ok(_) => sent += 1,
                Err(HandRefusal::TooMany) => now = guard.room_at(now),
                Err(other) => panic!("{other}"),
            }
        }
        let most = REPLAYED_A_SECOND + REPLAYED_BURST;
        assert!((REPLAYED_A_SECOND..=most).contains(&sent), "{sent} frames");
    }
}
