//! The last frames of all buses in the order they came, bounded: what a trace shows. A [`Reel`] is
//! what was on the tape at a moment; it costs a list of pointers, not the frames.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::can::frame::{FrameRef, Frames};

/// Frames of a piece of tape: what is copied at most to look at the newest, and forgotten at once when
/// the tape is full.
const PIECE: usize = 4096;
/// Frames that a tape holds unless told otherwise: 240 MB of classic ones.
pub const USUAL_FRAMES: u64 = 10_000_000;

#[derive(Debug)]
struct Piece {
    /// Number of its first frame since the tape was begun.
    first: u64,
    frames: Frames,
}

impl Piece {
    const fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }
}

/// The frames of a running plant, or of a recording that is being read.
#[derive(Debug)]
pub struct Tape {
    full: VecDeque<Arc<Piece>>,
    open: Piece,
    limit: u64,
    /// Counts how often it was wiped, so that a reader knows that the numbers mean other frames.
    wiped: u64,
}

impl Default for Tape {
    fn default() -> Self {
        Self::new(USUAL_FRAMES)
    }
}

impl Tape {
    /// A tape for about `limit` frames, rounded up to whole pieces.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        let open = Piece { first: 0, frames: Frames::default() };
        Self { full: VecDeque::new(), open, limit, wiped: 0 }
    }

    /// Appends a batch. The oldest frames make room where it is full.
    pub fn push(&mut self, frames: &Frames) {
        let mut from = 0;
        while from < frames.len() {
            if self.open.frames.len() >= PIECE {
                self.seal();
            }
            from += self.open.frames.append(frames, from, PIECE - self.open.frames.len());
        }
    }

    fn seal(&mut self) {
        let first = self.open.end();
        let fresh = Frames::with_capacity(self.open.frames.timebase(), PIECE);
        let full = std::mem::replace(&mut self.open, Piece { first, frames: fresh });
        self.full.push_back(Arc::new(full));
        self.cut();
    }

    fn cut(&mut self) {
        while self.full.len() as u64 * PIECE as u64 > self.limit {
            self.full.pop_front();
        }
    }

    /// Holds about `limit` frames from now on; the oldest go at once where that is fewer.
    pub fn hold(&mut self, limit: u64) {
        if self.limit != limit {
            self.limit = limit;
            self.cut();
        }
    }

    /// Forgets everything. Numbers go on, so that no frame takes the place of another.
    pub fn wipe(&mut self) {
        let first = self.open.end();
        self.full.clear();
        self.open = Piece { first, frames: Frames::default() };
        self.wiped += 1;
    }

    /// Number that the next frame will have.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.open.end()
    }

    /// What is on it now.
    #[must_use]
    pub fn reel(&self) -> Reel {
        let mut pieces: Vec<Arc<Piece>> = self.full.iter().cloned().collect();
        if !self.open.frames.is_empty() {
            let open = Piece { first: self.open.first, frames: self.open.frames.clone() };
            pieces.push(Arc::new(open));
        }
        let first = pieces.first().map_or(self.open.first, |piece| piece.first);
        Reel { pieces, first, end: self.open.end(), wiped: self.wiped }
    }
}

/// What was on a tape at a moment. Frames go by their numbers since the tape was begun.
#[derive(Clone, Debug, Default)]
pub struct Reel {
    pieces: Vec<Arc<Piece>>,
    first: u64,
    end: u64,
    wiped: u64,
}

impl Reel {
    /// Number of the oldest frame.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Number that the next frame will have.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many frames there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end - self.first
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == self.first
    }

    /// Counts how often the tape was wiped before.
    #[must_use]
    pub const fn wiped(&self) -> u64 {
        self.wiped
    }

    /// The frame of this number, while it is there.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<FrameRef<'_>> {
        let at = number.checked_sub(self.first)?;
        // Every piece but the last is full.
        let piece = self.pieces.get((at / PIECE as u64) as usize)?;
        piece.frames.get((at % PIECE as u64) as usize)
    }

    /// The frames from `number` on, with their numbers; from the oldest where that one has gone.
    pub fn from(&self, number: u64) -> impl Iterator<Item = (u64, FrameRef<'_>)> + '_ {
        let start = number.max(self.first);
        let skip = ((start - self.first) / PIECE as u64) as usize;
        let pieces = self.pieces.iter().skip(skip);
        pieces.flat_map(move |piece| {
            let before = start.saturating_sub(piece.first) as usize;
            let numbered = (piece.first..).zip(piece.frames.iter());
            numbered.skip(before)
        })
    }

    /// Bytes that its frames take in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.frames.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Mono;
    use crate::engine::can::frame::{FD_BYTES, Frame, Id};

    fn batch(from: u64, count: u64) -> Frames {
        let mut frames = Frames::default();
        for n in from..from + count {
            let id = Id::guess((n % 0x700) as u32).unwrap();
            let frame = match n % 7 {
                0 => Frame::fd(id, &[n as u8; FD_BYTES]).unwrap(),
                _ => Frame::classic(id, &n.to_le_bytes()).unwrap(),
            };
            frames.push(frame.at(Mono::from_nanos(n as i64)).view());
        }
        frames
    }

    /// A tape of `count` frames whose stamps are their numbers, put on in batches of odd sizes.
    fn tape(limit: u64, count: u64) -> Tape {
        let mut tape = Tape::new(limit);
        let (mut from, mut size) = (0, 1);
        while from < count {
            let some = size.min(count - from);
            tape.push(&batch(from, some));
            from += some;
            size = size % 300 + 37;
        }
        tape
    }

    #[test]
    fn every_frame_is_found_by_its_number() {
        let reel = tape(1_000_000, 20_000).reel();
        assert_eq!((reel.first(), reel.end(), reel.len()), (0, 20_000, 20_000));
        for number in [0, 1, 4095, 4096, 4097, 8191, 8192, 19_999] {
            assert_eq!(reel.get(number).unwrap().time().nanos(), number as i64);
        }
        assert!(reel.get(20_000).is_none());
        let all = reel.from(0).inspect(|(n, frame)| assert_eq!(frame.time().nanos(), *n as i64));
        assert_eq!(all.count(), 20_000);
        assert_eq!(reel.from(8190).next().unwrap().0, 8190);
        assert_eq!(reel.from(19_999).count(), 1);
        assert_eq!(reel.from(20_000).count(), 0);
    }

    #[test]
    fn a_full_tape_forgets_its_oldest_frames_and_keeps_their_numbers() {
        let limit = 3 * PIECE as u64;
        let tape = tape(limit, 10 * PIECE as u64 + 5);
        let reel = tape.reel();
        assert_eq!(reel.end(), 10 * PIECE as u64 + 5);
        assert_eq!(reel.len(), limit + 5);
        assert!(reel.get(reel.first() - 1).is_none());
        assert_eq!(reel.get(reel.first()).unwrap().time().nanos(), reel.first() as i64);
        assert_eq!(reel.from(0).next().unwrap().0, reel.first());
    }

    #[test]
    fn a_reel_stays_as_it_was_while_the_tape_goes_on() {
        let mut tape = tape(2 * PIECE as u64, 5000);
        let before = tape.reel();
        tape.push(&batch(5000, 20_000));
        tape.wipe();
        assert_eq!((before.len(), before.wiped()), (5000, 0));
        assert_eq!(before.get(4999).unwrap().time().nanos(), 4999);
        let after = tape.reel();
        assert!(after.is_empty());
        assert_eq!((after.first(), after.end(), after.wiped()), (25_000, 25_000, 1));
        tape.push(&batch(25_000, 3));
        assert_eq!(tape.reel().get(25_001).unwrap().time().nanos(), 25_001);
    }

    #[test]
    fn a_classic_frame_on_the_tape_takes_no_more_than_thirty_bytes() {
        let mut tape = Tape::default();
        let mut frames = Frames::default();
        let frame = Frame::classic(Id::guess(1).unwrap(), &[1; 8]).unwrap();
        (0..100 * PIECE).for_each(|_| frames.push(frame.view()));
        tape.push(&frames);
        let reel = tape.reel();
        assert!(reel.bytes() <= 30 * reel.len(), "{} bytes", reel.bytes());
    }
}
