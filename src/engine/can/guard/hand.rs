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
    /// Frames that may still go out, in thousandths, and when that was so.
    room: (u64, Mono),
}

impl HandGuard {
    /// A guard that nobody has armed, which never lets `blocks` through.
    #[must_use]
    pub const fn new(blocks: Vec<Block>, patience: Duration) -> Self {
        let room = (BURST as u64 * 1000, Mono::ZERO);
        Self { blocks, armed_until: None, heartbeat: None, patience, room }
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
        let grown = now.since(since).as_micros() as u64 * u64::from(FRAMES_A_SECOND) / 1000;
        let room = room.saturating_add(grown).min(u64::from(BURST) * 1000);
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
}
