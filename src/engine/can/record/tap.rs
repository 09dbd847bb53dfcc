//! Hands what the buses bring to a recorder without ever waiting for it: what does not fit into its
//! queue is counted, and the recorder hears how much is missing before the next thing that fits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::can::frame::Frames;

/// Batches that a recorder may be behind: a few seconds of several buses, at most 13 MB.
pub const QUEUE: usize = 2048;

/// What a recorder hears, and how many frames did not fit before it.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Frames that did not fit since the last that did.
    pub missed: u64,
    /// What it is.
    pub what: Told,
}

/// What a recorder hears.
#[derive(Clone, Debug)]
pub enum Told {
    /// Frames; the first has this number on the tape.
    Frames(u64, Arc<Frames>),
    /// So many frames are missing here, or something else happened that leaves a gap.
    Gap(u64, Arc<str>),
    /// Something that it waits for has begun.
    Begin,
    /// It is over.
    End,
}

/// The giving end.
#[derive(Debug)]
pub struct Tap {
    give: Sender<Tapped>,
    missed: u64,
    /// All that did not fit, for the recorder's end and for whoever looks.
    all: Arc<AtomicU64>,
}

/// A tap, what comes out of it, and the count of what did not fit in all.
#[must_use]
pub fn tap(queue: usize) -> (Tap, Receiver<Tapped>, Arc<AtomicU64>) {
    let (give, take) = bounded(queue);
    let all = Arc::new(AtomicU64::new(0));
    (Tap { give, missed: 0, all: Arc::clone(&all) }, take, all)
}

impl Tap {
    /// Another one into the same queue.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { give: self.give.clone(), missed: 0, all: Arc::clone(&self.all) }
    }

    /// Whether something is missing that the recorder has not heard of.
    #[cfg(test)]
    pub const fn is_behind(&self) -> bool {
        self.missed > 0
    }

    /// Hands on a batch whose first frame has this number on the tape.
    pub fn frames(&mut self, number: u64, frames: &Arc<Frames>) {
        self.tell(Told::Frames(number, Arc::clone(frames)), frames.len() as u64);
    }

    /// Hands on something else.
    pub fn word(&mut self, what: Told) {
        let missing = match &what {
            Told::Gap(frames, _) => *frames,
            Told::Frames(..) | Told::Begin | Told::End => 0,
        };
        self.tell(what, missing);
    }

    fn tell(&mut self, what: Told, frames: u64) {
        let told = Tapped { missed: self.missed, what };
        if self.give.try_send(told).is_ok() {
            self.missed = 0;
        } else {
            self.missed += frames;
            self.all.fetch_add(frames, Ordering::Relaxed);
        }
    }
}
