//! Hands what the buses bring to a recorder without ever waiting for it: what does not fit into its
//! queue is counted, and the recorder hears how much is missing before the next thing that fits, or at
//! its end. A word about its rule that does not fit is put aside for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::can::frame::Frames;

/// Batches that a recorder may be behind: a few seconds of several buses, at most 13 MB.
pub const QUEUE: usize = 2048;

/// What a recorder hears, and how many frames did not fit before it.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Frames that did not fit since the last that did.
    pub missed: u64,
    /// A word may have been put aside before it.
    pub has_word: bool,
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

/// A word about the rule of a recorder that did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// What it waits for has begun.
    Begin,
    /// It is over.
    End,
    /// It has begun, and is over.
    BeginAndEnd,
}

impl Word {
    const ALL: [Self; 3] = [Self::Begin, Self::End, Self::BeginAndEnd];

    const fn code(self) -> u8 {
        match self {
            Self::Begin => 1,
            Self::End => 2,
            Self::BeginAndEnd => 3,
        }
    }

    fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.code() == code)
    }

    /// The word that says both: what came before, and then this.
    const fn after(self, before: Option<Self>) -> Self {
        match (before, self) {
            (Some(Self::Begin | Self::BeginAndEnd), Self::End) => Self::BeginAndEnd,
            (_, word) => word,
        }
    }
}

/// What did not fit into the queue, for the taking end and for whoever looks.
#[derive(Clone, Debug, Default)]
pub struct Aside(Arc<Spilled>);

#[derive(Debug, Default)]
struct Spilled {
    frames: AtomicU64,
    word: AtomicU8,
}

impl Aside {
    /// All frames that did not fit.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.0.frames.load(Ordering::SeqCst)
    }

    /// The word that did not fit, once.
    #[must_use]
    pub fn take_word(&self) -> Option<Word> {
        Word::of(self.0.word.swap(0, Ordering::SeqCst))
    }

    fn put(&self, word: Word) {
        let both = |before| Some(word.after(Word::of(before)).code());
        let _always = self.0.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, both);
    }
}

/// The giving end.
#[derive(Debug)]
pub struct Tap {
    give: Sender<Tapped>,
    missed: u64,
    has_word: bool,
    aside: Aside,
}

/// A tap, what comes out of it, and what does not fit.
#[must_use]
pub fn tap(queue: usize) -> (Tap, Receiver<Tapped>, Aside) {
    let (give, take) = bounded(queue);
    let aside = Aside::default();
    (Tap { give, missed: 0, has_word: false, aside: aside.clone() }, take, aside)
}

impl Tap {
    /// Another one into the same queue.
    #[must_use]
    pub fn another(&self) -> Self {
        let (give, aside) = (self.give.clone(), self.aside.clone());
        Self { give, missed: 0, has_word: false, aside }
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
        let told = Tapped { missed: self.missed, has_word: self.has_word, what };
        let Err(error) = self.give.try_send(told) else {
            (self.missed, self.has_word) = (0, false);
            return;
        };
        self.missed += frames;
        self.aside.0.frames.fetch_add(frames, Ordering::SeqCst);
        let word = match error.into_inner().what {
            Told::Begin => Word::Begin,
            Told::End => Word::End,
            Told::Frames(..) | Told::Gap(..) => return,
        };
        self.has_word = true;
        self.aside.put(word);
    }
}
