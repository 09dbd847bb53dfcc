//! The frames of a recording one after the other, each with the moment it is due on the recording's
//! time line, from any place in it. Whoever plays, onto the program's own view or onto other buses,
//! is fed by this; it knows no clock.

use crate::base::time::Mono;
use crate::engine::can::frame::{FrameRef, Frames};
use crate::engine::can::replay::scout::{Scout, Seen, Timeline};
use crate::engine::can::trace::{Log, Reader};

/// Frames read ahead at once.
const BLOCK_FRAMES: usize = 1024;

/// Chooses frames, batch by batch in the order of the recording.
pub trait Pick: Send {
    /// Says of each frame of the next batch whether it is chosen; `names` are those of all buses so
    /// far.
    fn pick(&mut self, frames: &Frames, names: &[String], picked: &mut Vec<bool>);
}

/// A recording being read, with the scout that runs ahead of it.
pub struct Feed {
    /// Finds the end, and the places from which a seek can start.
    pub scout: Scout,
    reader: Reader,
    timeline: Timeline,
    block: Frames,
    next: usize,
    /// The next frame's time and when it is due, once it is known.
    coming: Option<(Mono, Mono)>,
    pick: Option<Box<dyn Pick>>,
    picked: Vec<bool>,
}

/// A place among what a feed has read ahead.
#[derive(Clone, Copy, Debug)]
pub struct FeedMark {
    next: usize,
    timeline: Timeline,
    coming: Option<(Mono, Mono)>,
}

impl Feed {
    /// From the front of a recording.
    pub fn new(log: &Log) -> Self {
        Self {
            scout: Scout::new(log),
            reader: log.reader(),
            timeline: Timeline::default(),
            block: Frames::default(),
            next: 0,
            coming: None,
            pick: None,
            picked: Vec::new(),
        }
    }

    /// The same, asking of each frame whether it is chosen.
    pub fn picking(self, pick: Box<dyn Pick>) -> Self {
        Self { pick: Some(pick), ..self }
    }

    /// Goes to the last place that is known before `from`; `false` while there is none.
    pub fn go_before(&mut self, from: Mono) -> bool {
        let Some(place) = self.scout.place_before(from) else { return false };
        self.reader.go_to(&place.mark);
        self.timeline = place.timeline;
        self.block.clear();
        self.picked.clear();
        self.next = 0;
        self.coming = None;
        true
    }

    /// Where it is, to go back to before more is read.
    pub fn mark(&self) -> FeedMark {
        FeedMark { next: self.next, timeline: self.timeline, coming: self.coming }
    }

    /// Goes back to a place among what has been read ahead.
    pub fn go_back(&mut self, mark: FeedMark) {
        (self.next, self.timeline, self.coming) = (mark.next, mark.timeline, mark.coming);
    }

    /// Whether the next frame has been read already.
    pub fn has_read_on(&self) -> bool {
        self.next < self.block.len()
    }

    /// When the last frame that was looked at is due.
    pub fn reached(&self) -> Option<Mono> {
        self.timeline.reached()
    }

    /// Time and due time of the next frame; `None` at the end.
    pub fn peek(&mut self) -> Option<(Mono, Mono)> {
        if self.coming.is_none() {
            if self.next >= self.block.len() {
                self.block.clear();
                self.next = 0;
                self.reader.read(&mut self.block, BLOCK_FRAMES);
                if let Some(pick) = &mut self.pick {
                    pick.pick(&self.block, self.reader.bus_names(), &mut self.picked);
                }
            }
            let frame = self.block.get(self.next)?;
            self.coming = Some(self.timeline.take(frame.time()));
        }
        self.coming
    }

    /// The frame that was last looked at.
    pub fn frame(&self) -> Option<FrameRef<'_>> {
        self.block.get(self.next)
    }

    /// Whether it is one of those that were chosen; every frame is where nobody chooses.
    pub fn is_picked(&self) -> bool {
        self.pick.is_none() || self.picked.get(self.next).copied().unwrap_or_default()
    }

    /// Leaves it behind.
    pub fn pass(&mut self) {
        self.next += 1;
        self.coming = None;
    }

    /// When the next frame is due, where it was looked at.
    pub fn coming(&self) -> Option<Mono> {
        self.coming.map(|(_, due)| due)
    }

    /// What reads, for its counts and problems.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The names of the buses found so far.
    pub fn bus_names(&self) -> &[String] {
        self.reader.bus_names()
    }

    /// Why reading broke off.
    pub fn failure(&self) -> Option<String> {
        self.reader.failure()
    }

    /// Where the recording ends, and whether that is known for certain; `last_line` is what its last
    /// line says.
    pub fn end(&self, last_line: Option<Mono>) -> Option<Mono> {
        match self.scout.seen() {
            Seen::Everything => Some(self.scout.end()),
            Seen::Front => last_line.map(|last| last.max(self.scout.end())),
        }
    }
}
