//! The guard: a second, dumb, independent check between any decision and the wire. It knows
//! nothing of charging. Silent by default: a frame passes only where a rule names its id, kind,
//! length and rate, and only while the hub's heartbeat is fresh. [`Cleared`] is the proof, and the
//! only thing a wire takes.

use std::collections::HashMap;
use std::time::Duration;

use thiserror::Error;

use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Id, Kind};

/// A frame that a guard let through. Nobody else can make one.
#[derive(Debug)]
pub struct Cleared(Frame);

impl Cleared {
    /// The frame, for the wire.
    #[must_use]
    pub const fn into_frame(self) -> Frame {
        self.0
    }
}

/// One thing that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Identifier.
    pub id: Id,
    /// Kind of frame.
    pub kind: Kind,
    /// Exact length, bytes.
    pub len: usize,
    /// Shortest time between two frames.
    pub every: Duration,
    /// Per byte the least and the greatest value; bytes beyond the list are free.
    pub ranges: Vec<(u8, u8)>,
    /// A stop passes even when the heartbeat is old.
    pub stops: bool,
}

/// Why a guard kept a frame back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Withheld {
    /// No rule names this id.
    #[error("{0} is not on the list of what may be sent")]
    NotListed(Id),
    /// The kind or length is another.
    #[error("{id} may be sent only as {wanted} bytes of its kind, not {found}")]
    WrongShape {
        /// Identifier.
        id: Id,
        /// Allowed length.
        wanted: usize,
        /// Offered length.
        found: usize,
    },
    /// A byte is out of its range.
    #[error("byte {byte} of {id} is {found:#04x}, allowed is {least:#04x} to {most:#04x}")]
    OutOfRange {
        /// Identifier.
        id: Id,
        /// Byte, from 0.
        byte: usize,
        /// Offered value.
        found: u8,
        /// Least allowed.
        least: u8,
        /// Greatest allowed.
        most: u8,
    },
    /// Too soon after the last one.
    #[error("{0} is sent more often than allowed")]
    TooOften(Id),
    /// The hub has not been heard for too long.
    #[error("the hub has been silent for too long")]
    NoHeartbeat,
}

/// The guard of one bus.
#[derive(Debug)]
pub struct Guard {
    rules: HashMap<Id, Allow>,
    last_sent: HashMap<Id, Mono>,
    heartbeat: Option<Mono>,
    patience: Duration,
}

impl Guard {
    /// A guard that lets nothing through.
    #[cfg(test)]
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Vec::new(), Duration::ZERO)
    }

    /// A guard that lets through what `rules` name, while the heartbeat is younger than
    /// `patience`.
    #[must_use]
    pub fn new(rules: Vec<Allow>, patience: Duration) -> Self {
        let rules = rules.into_iter().map(|rule| (rule.id, rule)).collect();
        Self { rules, last_sent: HashMap::new(), heartbeat: None, patience }
    }

    /// The hub is alive at `now`.
    pub const fn beat(&mut self, now: Mono) {
        self.heartbeat = Some(now);
    }

    /// Checks a frame.
    ///
    /// # Errors
    /// Says which rule keeps it back.
    pub fn clear(&mut self, now: Mono, frame: Frame) -> Result<Cleared, Withheld> {
        let id = frame.id();
        let Some(rule) = self.rules.get(&id) else { return Err(Withheld::NotListed(id)) };
        if frame.kind() != rule.kind || frame.len() != rule.len {
            return Err(Withheld::WrongShape { id, wanted: rule.len, found: frame.len() });
        }
        let view = frame.view();
        for (byte, (&found, &(least, most))) in view.data.iter().zip(&rule.ranges).enumerate() {
            if found < least || found > most {
                return Err(Withheld::OutOfRange { id, byte, found, least, most });
            }
        }
        let alive = self.heartbeat.is_some_and(|at| now.since(at) <= self.patience);
        if !alive && !rule.stops {
            return Err(Withheld::NoHeartbeat);
        }
        if let Some(&last) = self.last_sent.get(&id)
            && now.since(last) < rule.every
        {
            return Err(Withheld::TooOften(id));
        }
        self.last_sent.insert(id, now);
        Ok(Cleared(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(1);

    fn frame(raw: u32, bytes: &[u8]) -> Frame {
        Frame::classic(Id::guess(raw).unwrap(), bytes).unwrap()
    }

    fn rule(raw: u32) -> Allow {
        Allow {
            id: Id::guess(raw).unwrap(),
            kind: Kind::Data,
            len: 2,
            every: Duration::from_millis(50),
            ranges: vec![(0, 10)],
            stops: false,
        }
    }

    #[test]
    fn a_guard_is_silent_by_default() {
        let mut guard = Guard::silent();
        guard.beat(Mono::ZERO);
        let said = guard.clear(Mono::ZERO, frame(0x505, &[0, 0])).unwrap_err();
        assert!(matches!(said, Withheld::NotListed(_)));
    }

    #[test]
    fn every_rule_of_the_guard_holds_a_frame_back() {
        let mut guard = Guard::new(vec![rule(0x505)], LIFE);
        let t = Mono::from_millis;
        assert_eq!(guard.clear(t(0), frame(0x505, &[1, 1])).unwrap_err(), Withheld::NoHeartbeat);
        guard.beat(t(0));
        assert!(guard.clear(t(0), frame(0x505, &[1, 255])).is_ok());
        let said = guard.clear(t(49), frame(0x505, &[1, 1])).unwrap_err();
        assert!(matches!(said, Withheld::TooOften(_)));
        assert!(guard.clear(t(50), frame(0x505, &[10, 0])).is_ok());
        let said = guard.clear(t(200), frame(0x505, &[11, 0])).unwrap_err();
        assert!(matches!(said, Withheld::OutOfRange { byte: 0, found: 11, .. }));
        let said = guard.clear(t(200), frame(0x505, &[1])).unwrap_err();
        assert!(matches!(said, Withheld::WrongShape { found: 1, .. }));
        let remote = Frame::remote(Id::guess(0x505).unwrap(), 2).unwrap();
        assert!(matches!(guard.clear(t(200), remote).unwrap_err(), Withheld::WrongShape { .. }));
        let said = guard.clear(t(200), frame(0x506, &[1, 1])).unwrap_err();
        assert!(matches!(said, Withheld::NotListed(_)));
        assert_eq!(guard.clear(t(1001), frame(0x505, &[1, 1])).unwrap_err(), Withheld::NoHeartbeat);
    }

    #[test]
    fn a_stop_passes_without_a_heartbeat() {
        let stop = Allow { stops: true, ..rule(0x505) };
        let mut guard = Guard::new(vec![stop], LIFE);
        assert!(guard.clear(Mono::from_secs(9), frame(0x505, &[0, 0])).is_ok());
    }
}
