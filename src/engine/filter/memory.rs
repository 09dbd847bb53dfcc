//! What a filter keeps from one frame to the next: the last bytes of every bus and id, and when the
//! stream began. Nothing here grows beyond [`IDS`].

use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::can::frame::{FD_BYTES, FrameRef, Kind};

/// Most pairs of bus and id whose last bytes are kept; a frame of a further one counts as changed.
pub const IDS: usize = 1 << 17;
const SMALLEST: usize = 1 << 8;
/// No place among the long payloads.
const SHORT: u32 = u32::MAX;

/// The state of one filter over one stream of frames.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    begin: Option<Mono>,
    now: Option<Mono>,
    slots: Vec<Slot>,
    used: usize,
    long: Vec<[u8; FD_BYTES]>,
    /// Frames of ids for which there was no room.
    pub beyond: u64,
}

/// The last bytes of one bus and id.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Bus and id plus one; zero where the slot is free.
    key: u64,
    word: u64,
    long: u32,
    len: u8,
}

const FREE: Slot = Slot { key: 0, word: 0, long: SHORT, len: 0 };

impl Memory {
    /// Of a stream that begins with its first frame.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a stream that began at `begin`.
    #[must_use]
    pub fn since(begin: Mono) -> Self {
        Self { begin: Some(begin), ..Self::default() }
    }

    /// Says what time it is, for `since:`. Not said, it is the time of the frame that is looked at.
    pub const fn set_now(&mut self, now: Mono) {
        self.now = Some(now);
    }

    /// Forgets everything, as after a jump in a recording, and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.fill(FREE);
        self.long.clear();
        (self.used, self.beyond, self.begin, self.now) = (0, 0, None, None);
    }

    /// Seconds from the beginning to a frame.
    pub(super) fn elapsed(&mut self, at: Mono) -> f64 {
        let begin = *self.begin.get_or_insert(at);
        at.nanos().saturating_sub(begin.nanos()) as f64 / 1e9
    }

    /// How long ago a frame was.
    pub(super) fn age(&self, at: Mono) -> Duration {
        self.now.unwrap_or(at).since(at)
    }

    /// Keeps the bytes of a frame and says whether they differ from the last of its bus and id. The
    /// first ones do; remote requests and error frames carry none and never do.
    #[inline]
    pub(super) fn takes_change(&mut self, frame: &FrameRef<'_>) -> bool {
        match frame.kind() {
            Kind::Remote | Kind::Error => return false,
            Kind::Data | Kind::Fd => {}
        }
        let id = frame.id();
        let raw = id.raw() | u32::from(id.is_extended()) << 31;
        let key = (u64::from(frame.bus().0) << 32 | u64::from(raw)) + 1;
        if self.slots.is_empty() {
            self.slots = vec![FREE; SMALLEST];
        }
        let at = self.place(key);
        let Some(slot) = self.slots.get_mut(at) else { return true };
        if slot.key == key {
            if let Some(bytes) = short(frame.data)
                && slot.long == SHORT
            {
                let before = (slot.word, slot.len);
                (slot.word, slot.len) = (bytes, frame.data.len() as u8);
                return before != (slot.word, slot.len);
            }
            return self.takes_long(at, frame.data);
        }
        self.enter(at, key, frame.data);
        true
    }

    /// The slot of a key, or the free one where it goes. At most half of the slots are in use.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        while let Some(slot) = self.slots.get(at) {
            if slot.key == key || slot.key == 0 {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    #[cold]
    fn enter(&mut self, at: usize, key: u64, bytes: &[u8]) {
        if self.used >= IDS {
            self.beyond += 1;
            return;
        }
        let mut at = at;
        if (self.used + 1) * 2 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![FREE; old.len() * 2];
            for slot in old.into_iter().filter(|slot| slot.key != 0) {
                let at = self.place(slot.key);
                if let Some(free) = self.slots.get_mut(at) {
                    *free = slot;
                }
            }
            at = self.place(key);
        }
        let word = short(bytes);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot { key, word: word.unwrap_or(0), long: SHORT, len: bytes.len() as u8 };
            self.used += 1;
        }
        if word.is_none() {
            self.takes_long(at, bytes);
        }
    }

    /// Keeps more than eight bytes, or fewer of an id that once had more.
    fn takes_long(&mut self, at: usize, bytes: &[u8]) -> bool {
        let Some(slot) = self.slots.get_mut(at) else { return true };
        let mut wide = [0; FD_BYTES];
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        if slot.long == SHORT {
            slot.long = self.long.len() as u32;
            let mut before = [0; FD_BYTES];
            before.iter_mut().zip(slot.word.to_le_bytes()).for_each(|(to, from)| *to = from);
            self.long.push(before);
        }
        let Some(kept) = self.long.get_mut(slot.long as usize) else { return true };
        let differs = *kept != wide || usize::from(slot.len) != bytes.len();
        (*kept, slot.len) = (wide, bytes.len() as u8);
        differs
    }
}

/// Up to eight bytes as one number.
#[inline]
fn short(bytes: &[u8]) -> Option<u64> {
    if let Ok(eight) = <[u8; 8]>::try_from(bytes) {
        return Some(u64::from_le_bytes(eight));
    }
    if bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::engine::can::frame::{Frame, Id};

    fn frame(raw: u32, bytes: &[u8]) -> Frame {
        let id = Id::extended(raw).unwrap();
        Frame::classic(id, bytes).or_else(|| Frame::fd(id, bytes)).unwrap()
    }

    #[test]
    fn a_change_is_another_payload_of_the_same_bus_and_id() {
        let mut memory = Memory::new();
        let mut changes = |frame: Frame| memory.takes_change(&frame.view());
        assert!(changes(frame(1, &[1, 2])), "the first one is new");
        assert!(!changes(frame(1, &[1, 2])));
        assert!(changes(frame(1, &[1, 2]).on(BusId(1))), "another bus");
        assert!(changes(frame(1, &[1, 2, 0])), "another length");
        assert!(changes(frame(1, &[7; 48])) && !changes(frame(1, &[7; 48])));
        assert!(changes(frame(1, &[1, 2])) && !changes(frame(1, &[1, 2])));
        assert!(!changes(Frame::remote(Id::extended(9).unwrap(), 2).unwrap()));
    }

    #[test]
    fn very_many_ids_are_kept_apart_and_those_beyond_are_counted() {
        let mut memory = Memory::new();
        for raw in 0..IDS as u32 + 3 {
            assert!(memory.takes_change(&frame(raw, &[1]).view()));
        }
        assert_eq!(memory.beyond, 3);
        assert!((0..IDS as u32).all(|raw| !memory.takes_change(&frame(raw, &[1]).view())));
        memory.clear();
        assert!(memory.takes_change(&frame(0, &[1]).view()));
    }
}
