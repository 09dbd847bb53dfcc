//! The scout runs ahead of the playing: it finds the end of the recording, counts what is broken,
//! and leaves marks from which a seek can start without reading everything before.

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::can::frame::Frames;
use crate::engine::can::trace::{Log, Mark, Reader};

/// Frames between two marks.
const STRIDE: usize = 16_384;
/// A step back in time longer than this is a recorder that started anew, not two buses that were
/// written out of turn.
const NEW_START_NS: i64 = 1_000_000_000;

/// The time line of playing: it never runs backwards. Where a recorder started anew, what follows is
/// played right after what came before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline {
    shift: i64,
    latest: Option<i64>,
}

impl Timeline {
    /// When the last frame is due.
    pub fn reached(&self) -> Option<Mono> {
        self.latest.map(Mono::from_nanos)
    }

    /// The time of the next frame on this line, and when it is due.
    pub fn take(&mut self, at: Mono) -> (Mono, Mono) {
        let mut ns = at.nanos().saturating_add(self.shift);
        if let Some(latest) = self.latest
            && ns < latest.saturating_sub(NEW_START_NS)
        {
            self.shift = self.shift.saturating_add(latest - ns);
            ns = latest;
        }
        let due = self.latest.map_or(ns, |latest| latest.max(ns));
        self.latest = Some(due);
        (Mono::from_nanos(ns), Mono::from_nanos(due))
    }
}

/// A place from which playing can start.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where in the file.
    pub mark: Mark,
    /// The time line up to here.
    pub timeline: Timeline,
    /// When the frame before this place was due.
    due: Mono,
}

/// Whether the scout has been everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The whole recording.
    Everything,
    /// Its front.
    Front,
}

pub struct Scout {
    reader: Reader,
    frames: Frames,
    timeline: Timeline,
    places: Vec<Place>,
    since_place: usize,
    start: Option<Mono>,
    first_bus: Option<BusId>,
    end: Mono,
    seen: Seen,
}

impl Scout {
    pub fn new(log: &Log) -> Self {
        Self {
            reader: log.reader(),
            frames: Frames::default(),
            timeline: Timeline::default(),
            places: Vec::new(),
            since_place: 0,
            start: None,
            first_bus: None,
            end: Mono::ZERO,
            seen: Seen::Front,
        }
    }

    /// Looks at about `frames` more frames.
    pub fn advance(&mut self, frames: usize) {
        let mut left = frames;
        while left > 0 && self.seen == Seen::Front {
            let got = self.look(left.min(STRIDE));
            left = left.saturating_sub(got.max(1));
        }
    }

    fn look(&mut self, frames: usize) -> usize {
        if self.places.is_empty() || self.since_place >= STRIDE {
            let place = Place { mark: self.reader.mark(), timeline: self.timeline, due: self.end };
            self.places.push(place);
            self.since_place = 0;
        }
        self.frames.clear();
        let got = self.reader.read(&mut self.frames, frames);
        if got == 0 {
            self.seen = Seen::Everything;
        }
        for frame in self.frames.iter() {
            let (at, due) = self.timeline.take(frame.time());
            self.start.get_or_insert(at);
            self.first_bus.get_or_insert(frame.bus());
            self.end = due;
        }
        self.since_place += got;
        got
    }

    /// How much it has seen.
    pub const fn seen(&self) -> Seen {
        self.seen
    }

    /// Time of the first frame.
    pub fn start(&self) -> Mono {
        self.start.unwrap_or(Mono::ZERO)
    }

    /// Bus of the first frame, by the numbers of its reader.
    pub const fn first_bus(&self) -> Option<BusId> {
        self.first_bus
    }

    /// Time of the last frame it has seen.
    pub const fn end(&self) -> Mono {
        self.end
    }

    /// What it has read so far, for its counts and problems.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The last place before everything that is due at `at` or later; `None` while it has not been
    /// that far.
    pub fn place_before(&self, at: Mono) -> Option<Place> {
        if self.seen == Seen::Front && self.end < at {
            return None;
        }
        // The first place is the front of the file, and good for every time.
        let before = self.places.partition_point(|place| place.due < at);
        self.places.get(before.saturating_sub(1)).cloned()
    }
}
