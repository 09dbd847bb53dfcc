//! The guard: a second, dumb, independent check between any decision and the wire. It knows
//! nothing of charging. Silent by default: a frame passes only where a rule names its id, kind,
//! length, content and rate, and only while the hub's heartbeat is fresh; a blocked id never passes.
//! What a rule calls a stop by its content passes without the heartbeat, and has a rate of its own, so
//! that no other frame holds it back. [`Cleared`] is the proof, and the only thing a wire takes.
//! What people send by hand goes by a guard of its own, [`HandGuard`].

mod hand;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

pub use self::hand::{HandGuard, HandRefusal, Reach};
use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, FrameRef, Id, Kind};

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
    /// Per byte the bits that may be set; bytes beyond the list are free.
    pub bits: Vec<u8>,
    /// Greatest values of words in it.
    pub words: Vec<WordLimit>,
    /// Content by which a frame is a stop, per byte the least and the greatest value; an empty list
    /// calls every such frame a stop. `None`: none is.
    pub stop: Option<Vec<(u8, u8)>>,
}

/// The greatest value of a 16-bit word, most significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordLimit {
    /// Its first byte, from 0.
    pub byte: usize,
    /// The greatest value.
    pub most: u16,
}

/// Ids that are never sent, whatever rule names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The ids.
    pub ids: RangeInclusive<u32>,
    /// Whether they are 29-bit ids.
    pub extended: bool,
}

impl Block {
    /// Whether `id` is one of them.
    #[must_use]
    pub fn holds(&self, id: Id) -> bool {
        self.extended == id.is_extended() && self.ids.contains(&id.raw())
    }
}

impl Allow {
    /// Frames with `id` of `len` bytes at most every `every`, whatever is in them; none is a stop.
    #[must_use]
    pub const fn any(id: Id, kind: Kind, len: usize, every: Duration) -> Self {
        let ranges = Vec::new();
        Self { id, kind, len, every, ranges, bits: Vec::new(), words: Vec::new(), stop: None }
    }

    /// Whether such a frame is a stop.
    #[must_use]
    pub fn is_stop(&self, frame: FrameRef<'_>) -> bool {
        let Some(stop) = &self.stop else { return false };
        let within = |(&found, &(least, most)): (&u8, &(u8, u8))| (least..=most).contains(&found);
        frame.data.len() >= stop.len() && frame.data.iter().zip(stop).all(within)
    }

    /// Checks the shape and content of a frame.
    fn check(&self, frame: &Frame) -> Result<(), Withheld> {
        let id = self.id;
        // A remote frame has a length and no bytes.
        if frame.kind() != self.kind || frame.len() != self.len {
            let (wanted, found) = (self.len, frame.len());
            return Err(Withheld::WrongShape { id, wanted, found });
        }
        let frame = frame.view();
        for (byte, (&found, &(least, most))) in frame.data.iter().zip(&self.ranges).enumerate() {
            if found < least || found > most {
                return Err(Withheld::OutOfRange { id, byte, found, least, most });
            }
        }
        for (byte, (&found, &bits)) in frame.data.iter().zip(&self.bits).enumerate() {
            if found & !bits != 0 {
                return Err(Withheld::WrongBits { id, byte, found, bits });
            }
        }
        for &WordLimit { byte, most } in &self.words {
            let word = frame.data.get(byte..byte.saturating_add(2)).unwrap_or_default();
            // A frame too short for its word has no value that could be allowed.
            let found = <[u8; 2]>::try_from(word).map_or(u16::MAX, u16::from_be_bytes);
            if word.len() < 2 || found > most {
                return Err(Withheld::TooMuch { id, byte, found, most });
            }
        }
        Ok(())
    }
}

/// Why a guard kept a frame back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Withheld {
    /// No rule names this id.
    #[error("{0} is not on the list of what may be sent")]
    NotListed(Id),
    /// The id is never sent.
    #[error("{0} may never be sent")]
    Blocked(Id),
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
    /// A byte has bits that must not be set.
    #[error("byte {byte} of {id} is {found:#04x}, allowed are the bits {bits:#04x}")]
    WrongBits {
        /// Identifier.
        id: Id,
        /// Byte, from 0.
        byte: usize,
        /// Offered value.
        found: u8,
        /// Allowed bits.
        bits: u8,
    },
    /// A word is greater than allowed.
    #[error("the word at byte {byte} of {id} is {found}, at most {most} is allowed")]
    TooMuch {
        /// Identifier.
        id: Id,
        /// First byte, from 0.
        byte: usize,
        /// Offered value.
        found: u16,
        /// Greatest allowed.
        most: u16,
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
    blocks: Vec<Block>,
    /// By id, and apart for stops.
    last_sent: HashMap<(Id, bool), Mono>,
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
        let (blocks, last_sent) = (Vec::new(), HashMap::new());
        Self { rules, blocks, last_sent, heartbeat: None, patience }
    }

    /// The same, with ids that never pass.
    #[must_use]
    pub fn blocking(self, blocks: Vec<Block>) -> Self {
        Self { blocks, ..self }
    }

    /// The hub is alive at `now`.
    pub const fn beat(&mut self, now: Mono) {
        self.heartbeat = Some(now);
    }

    /// Whether the heartbeat is fresh.
    #[must_use]
    pub fn is_alive(&self, now: Mono) -> bool {
        self.heartbeat.is_some_and(|at| now.since(at) <= self.patience)
    }

    /// Whether its rule calls `frame` a stop; `None` where no rule names it.
    #[must_use]
    pub fn is_stop(&self, frame: &Frame) -> Option<bool> {
        self.rules.get(&frame.id()).map(|rule| rule.is_stop(frame.view()))
    }

    /// Checks a frame.
    ///
    /// # Errors
    /// Says which rule keeps it back.
    pub fn clear(&mut self, now: Mono, frame: Frame) -> Result<Cleared, Withheld> {
        let id = frame.id();
        if self.blocks.iter().any(|block| block.holds(id)) {
            return Err(Withheld::Blocked(id));
        }
        let Some(rule) = self.rules.get(&id) else { return Err(Withheld::NotListed(id)) };
        rule.check(&frame)?;
        let stop = rule.is_stop(frame.view());
        if !stop && !self.is_alive(now) {
            return Err(Withheld::NoHeartbeat);
        }
        if let Some(&last) = self.last_sent.get(&(id, stop))
            && now.since(last) < rule.every
        {
            return Err(Withheld::TooOften(id));
        }
        self.last_sent.insert((id, stop), now);
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
        let id = Id::guess(raw).unwrap();
        let any = Allow::any(id, Kind::Data, 2, Duration::from_millis(50));
        Allow { ranges: vec![(0, 10)], ..any }
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
        let stop = Allow { stop: Some(vec![(0, 0)]), ..rule(0x505) };
        let mut guard = Guard::new(vec![stop], LIFE);
        assert!(guard.clear(Mono::from_secs(9), frame(0x505, &[0, 7])).is_ok());
        // What is no stop by its content is none, though the same rule names it.
        let said = guard.clear(Mono::from_secs(10), frame(0x505, &[1, 0])).unwrap_err();
        assert_eq!(said, Withheld::NoHeartbeat);
        let every = Allow { stop: Some(Vec::new()), ..rule(0x506) };
        let mut guard = Guard::new(vec![every], LIFE);
        assert!(guard.clear(Mono::from_secs(9), frame(0x506, &[9, 9])).is_ok());
    }

    #[test]
    fn what_says_stop_in_one_byte_and_gives_in_another_is_no_stop() {
        let stop = Allow { ranges: Vec::new(), stop: Some(vec![(0, 0), (1, 1)]), ..rule(0x505) };
        let mut guard = Guard::new(vec![stop], LIFE);
        for bytes in [[9, 1], [0, 0]] {
            assert_eq!(guard.is_stop(&frame(0x505, &bytes)), Some(false));
            let said = guard.clear(Mono::from_secs(9), frame(0x505, &bytes)).unwrap_err();
            assert_eq!(said, Withheld::NoHeartbeat, "{bytes:?}");
        }
        assert!(guard.clear(Mono::from_secs(9), frame(0x505, &[0, 1])).is_ok());
    }

    #[test]
    fn a_stop_is_never_held_back_by_what_was_sent_before_it() {
        let rule = Allow { stop: Some(vec![(0, 0)]), ..rule(0x505) };
        let mut guard = Guard::new(vec![rule], LIFE);
        let t = Mono::from_millis;
        guard.beat(t(0));
        assert!(guard.clear(t(0), frame(0x505, &[5, 0])).is_ok());
        assert!(guard.clear(t(1), frame(0x505, &[0, 0])).is_ok());
        // Stops themselves have a rate too.
        let said = guard.clear(t(2), frame(0x505, &[0, 0])).unwrap_err();
        assert!(matches!(said, Withheld::TooOften(_)));
        assert!(guard.clear(t(51), frame(0x505, &[0, 0])).is_ok());
    }

    #[test]
    fn a_blocked_id_never_passes_even_as_a_stop_that_a_rule_names() {
        let stop = Allow { stop: Some(Vec::new()), ..rule(0x6F0) };
        let blocks = vec![Block { ids: 0x6F0..=0x6F1, extended: false }];
        let mut guard = Guard::new(vec![stop], LIFE).blocking(blocks);
        guard.beat(Mono::ZERO);
        let said = guard.clear(Mono::ZERO, frame(0x6F0, &[0, 0])).unwrap_err();
        assert_eq!(said, Withheld::Blocked(Id::guess(0x6F0).unwrap()));
        let long = Frame::classic(Id::extended(0x6F0).unwrap(), &[0, 0]).unwrap();
        assert!(matches!(guard.clear(Mono::ZERO, long).unwrap_err(), Withheld::NotListed(_)));
    }

    #[test]
    fn words_and_bits_are_limited() {
        let word = |most| vec![WordLimit { byte: 0, most }];
        let rule = |most| Allow { ranges: Vec::new(), words: word(most), ..rule(0x505) };
        let mut guard = Guard::new(vec![rule(0x0102)], LIFE);
        let t = Mono::from_millis;
        guard.beat(t(0));
        assert!(guard.clear(t(0), frame(0x505, &[0x01, 0x02])).is_ok());
        // The second byte alone would be within its range; the word is not.
        let said = guard.clear(t(100), frame(0x505, &[0x01, 0x03])).unwrap_err();
        assert!(matches!(said, Withheld::TooMuch { found: 0x0103, most: 0x0102, .. }));
        let beyond = Allow { words: vec![WordLimit { byte: 1, most: 9 }], ..rule(9) };
        let mut guard = Guard::new(vec![beyond], LIFE);
        guard.beat(t(0));
        let said = guard.clear(t(0), frame(0x505, &[0, 0])).unwrap_err();
        assert!(matches!(said, Withheld::TooMuch { .. }), "a word that is not there");
        let bits = Allow { ranges: Vec::new(), words: Vec::new(), bits: vec![0x70], ..rule(9) };
        let mut guard = Guard::new(vec![bits], LIFE);
        guard.beat(t(0));
        assert!(guard.clear(t(0), frame(0x505, &[0x30, 9])).is_ok());
        let said = guard.clear(t(100), frame(0x505, &[0x31, 9])).unwrap_err();
        assert!(matches!(said, Withheld::WrongBits { byte: 0, found: 0x31, bits: 0x70, .. }));
    }
}
