//! Composes pages of the trace: looks for rows on either side of a frame, never farther than a bounded
//! stretch, and keeps nothing. Whoever follows the newest rows keeps a [`Tail`], which looks at every
//! frame once.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Naming, megabytes, row, time};
use crate::engine::{FilterMemory, FrameRef, Reel, Sieve};
use crate::view::filter::FilterView;
use crate::view::text;
use crate::view::trace::window::{WindowAsk, WindowPlace, WindowView};
use crate::view::trace::{Towards, TraceRow, TraceTimes};

/// Frames that one page looks at, at most, in either direction.
pub const LOOKED_AT: u64 = 500_000;
/// Frames before those in question that a filter is shown first, so that `changed` knows what was
/// there before.
const WARM: u64 = 4_096;
/// Frames that are looked at first when rows are looked for backwards; then eight times as many.
const FIRST_STEP: u64 = 8_192;

/// The numbers of the frames from `from` on that fit, at most `most`, and where to go on.
#[must_use]
pub fn onward(reel: &Reel, sieve: &Sieve, from: u64, most: usize) -> (Vec<u64>, u64) {
    let begin = from.clamp(reel.first(), reel.end());
    let end = reel.end().min(begin.saturating_add(LOOKED_AT));
    let mut numbers = Vec::new();
    if most == 0 {
        return (numbers, begin);
    }
    let mut memory = warm(reel, sieve, begin);
    for (number, frame) in reel.from(begin).take((end - begin) as usize) {
        if sieve.lets(frame, &mut memory) {
            numbers.push(number);
            if numbers.len() == most {
                return (numbers, number + 1);
            }
        }
    }
    (numbers, end)
}

/// The numbers of the last frames before `until` that fit, at most `most`, oldest first; and the
/// oldest frame that was looked at.
#[must_use]
pub fn backward(reel: &Reel, sieve: &Sieve, until: u64, most: usize) -> (Vec<u64>, u64) {
    let until = until.clamp(reel.first(), reel.end());
    let least = until.saturating_sub(LOOKED_AT).max(reel.first());
    if sieve.is_everything() {
        let from = until.saturating_sub(most as u64).max(reel.first());
        return ((from..until).collect(), from);
    }
    let (mut found, mut top, mut step) = (VecDeque::new(), until, FIRST_STEP);
    while top > least && found.len() < most {
        let from = top.saturating_sub(step).max(least);
        let mut memory = warm(reel, sieve, from);
        let fit = reel.from(from).take((top - from) as usize);
        let fit: Vec<u64> = fit
            .filter(|(_, frame)| sieve.lets(*frame, &mut memory))
            .map(|(number, _)| number)
            .collect();
        for number in fit.into_iter().rev().take(most - found.len()) {
            found.push_front(number);
        }
        (top, step) = (from, step * 8);
    }
    (found.into(), top)
}

/// What a filter knows after the frames just before `from`.
fn warm(reel: &Reel, sieve: &Sieve, from: u64) -> FilterMemory {
    let begin = reel.get(reel.first()).map(|frame| frame.time());
    let mut memory = begin.map_or_else(FilterMemory::new, FilterMemory::since);
    if sieve.is_everything() {
        return memory;
    }
    let start = from.saturating_sub(WARM).max(reel.first());
    for (_, frame) in reel.from(start).take((from - start) as usize) {
        sieve.lets(frame, &mut memory);
    }
    memory
}

/// The newest rows that fit: looks at every frame once, however often it is asked.
#[derive(Debug)]
pub struct Tail {
    sieve: Arc<Sieve>,
    memory: FilterMemory,
    /// One more than is shown, so that the first row knows the time since the one before.
    numbers: VecDeque<u64>,
    most: usize,
    /// Everything before this was looked at; `None` before the first look.
    looked: Option<(u64, u64)>,
}

impl Tail {
    /// Of the newest `most` rows that `sieve` lets through.
    #[must_use]
    pub fn new(sieve: Arc<Sieve>, most: usize) -> Self {
        let (memory, numbers) = (FilterMemory::new(), VecDeque::new());
        Self { sieve, memory, numbers, most, looked: None }
    }

    /// Looks at what came since.
    pub fn advance(&mut self, reel: &Reel) {
        let fresh = self.looked.is_none_or(|(looked, wiped)| {
            wiped != reel.wiped() || looked + LOOKED_AT < reel.end() || looked > reel.end()
        });
        if fresh {
            let (numbers, _) = backward(reel, &self.sieve, reel.end(), self.most + 1);
            self.memory = warm(reel, &self.sieve, reel.end());
            self.numbers = numbers.into();
        } else if let Some((looked, _)) = self.looked {
            for (number, frame) in reel.from(looked) {
                if self.sieve.lets(frame, &mut self.memory) {
                    self.numbers.push_back(number);
                    if self.numbers.len() > self.most + 1 {
                        self.numbers.pop_front();
                    }
                }
            }
        }
        self.looked = Some((reel.end(), reel.wiped()));
    }

    /// The page of the newest rows.
    #[must_use]
    pub fn page(
        &self,
        naming: &Naming<'_>,
        reel: &Reel,
        (times, filter): (TraceTimes, FilterView),
    ) -> WindowView {
        let numbers: Vec<u64> = self.numbers.iter().copied().collect();
        let skip = numbers.len().saturating_sub(self.most);
        let rows = rows(naming, reel, (&numbers, skip), times);
        let older = rows.first().map(|row| row.number).filter(|number| *number > reel.first());
        WindowView { rows, older, filter, ..empty(reel) }
    }
}

/// Makes a page.
#[must_use]
pub fn window(
    naming: &Naming<'_>,
    (reel, sieve): (&Reel, &Sieve),
    ask: &WindowAsk,
    filter: FilterView,
) -> WindowView {
    let found = find(reel, sieve, ask);
    let rows = rows(naming, reel, (&found.numbers, found.before), ask.times);
    WindowView {
        rows,
        filter,
        older: (found.reached > reel.first()).then_some(found.reached),
        newer: (found.next < reel.end()).then_some(found.next),
        partly: partly(reel, &found),
        ..empty(reel)
    }
}

/// Rows that were found for a page.
struct FoundRows {
    numbers: Vec<u64>,
    /// How many of them only say when the row before the page was.
    before: usize,
    /// Everything from here on to the page was looked at.
    reached: u64,
    /// And everything from the page to here.
    next: u64,
    /// How many were wanted.
    wanted: usize,
}

fn find(reel: &Reel, sieve: &Sieve, ask: &WindowAsk) -> FoundRows {
    let wanted = ask.rows.max(1);
    let (until, back) = match ask.place {
        WindowPlace::End => (reel.end(), wanted),
        WindowPlace::Until(number) => (number, wanted),
        WindowPlace::Around(number) => (number, wanted / 2),
        WindowPlace::From(number) => (number, 0),
    };
    let until = until.clamp(reel.first(), reel.end());
    let (mut numbers, looked) = backward(reel, sieve, until, back + 1);
    // The one row too many is only there for its time; what was looked at ends after it.
    let before = numbers.len().saturating_sub(back);
    let reached = if before > 0 { numbers.get(before).copied().unwrap_or(until) } else { looked };
    let room = match ask.place {
        WindowPlace::End | WindowPlace::Until(_) => 0,
        WindowPlace::Around(_) | WindowPlace::From(_) => wanted + before - numbers.len(),
    };
    let (onward, next) = onward(reel, sieve, until, room);
    numbers.extend(onward);
    FoundRows { numbers, before, reached, next, wanted }
}

fn partly(reel: &Reel, found: &FoundRows) -> String {
    let shown = found.numbers.len() - found.before;
    let is_cut = found.next < reel.end() || found.reached > reel.first();
    if shown >= found.wanted || !is_cut {
        return String::new();
    }
    format!(
        "Only the frames {} to {} were looked through: go on to look at more.",
        text::grouped(found.reached),
        text::grouped(found.next.saturating_sub(1))
    )
}

fn empty(reel: &Reel) -> WindowView {
    let kept = reel.len();
    WindowView {
        summary: format!("{} frames are kept, {} MB", text::grouped(kept), megabytes(reel)),
        empty: super::empty(kept),
        first: reel.first(),
        end: reel.end(),
        ..WindowView::default()
    }
}

/// The rows of these frames; the first few only say when the row before was.
fn rows(
    naming: &Naming<'_>,
    reel: &Reel,
    (numbers, skip): (&[u64], usize),
    times: TraceTimes,
) -> Vec<TraceRow> {
    let begin = reel.get(reel.first()).map(|frame| frame.time());
    let frame = |number: u64| -> Option<(u64, FrameRef<'_>)> { Some((number, reel.get(number)?)) };
    let mut before = None;
    let mut rows = Vec::with_capacity(numbers.len());
    for (place, (number, frame)) in numbers.iter().filter_map(|n| frame(*n)).enumerate() {
        if place >= skip {
            let time = time(naming, frame, times, (begin, before));
            rows.push(TraceRow { number, time, ..row(naming, frame) });
        }
        before = Some(frame.time());
    }
    rows
}

/// A piece of a candump log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPiece {
    /// Its lines.
    pub text: String,
    /// How many.
    pub frames: usize,
    /// Where the next piece begins; `None` at the end.
    pub next: Option<u64>,
}

/// The frames from one number to another, both with them, that fit, as lines of a candump log: as many
/// as [`LOOKED_AT`] frames hold, and at most [`super::MOST_LINES`].
#[must_use]
pub fn log(
    naming: &Naming<'_>,
    (reel, sieve): (&Reel, &Sieve),
    (one, other): (u64, u64),
) -> LogPiece {
    let (first, last) = (one.min(other), one.max(other));
    let (numbers, next) = onward(reel, sieve, first, super::MOST_LINES);
    let frames = numbers.iter().take_while(|number| **number <= last);
    let mut lines = Vec::new();
    let mut piece = LogPiece::default();
    for frame in frames.filter_map(|number| reel.get(*number)) {
        super::candump(naming, frame, &mut lines);
        piece.frames += 1;
    }
    piece.text = String::from_utf8_lossy(&lines).into_owned();
    piece.next = Some(next).filter(|next| *next <= last && *next < reel.end());
    piece
}

/// What a search beside a row came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// This frame.
    At(u64),
    /// Nothing, in a sentence.
    Nothing(String),
}

/// Looks for the next frame beside `from` that both filters let through, in at most [`LOOKED_AT`]
/// frames.
#[must_use]
pub fn beside(
    (reel, sieve): (&Reel, &Sieve),
    wanted: &Sieve,
    (from, towards): (Option<u64>, Towards),
) -> Beside {
    let begin = reel.get(reel.first()).map(|frame| frame.time());
    let fresh = || begin.map_or_else(FilterMemory::new, FilterMemory::since);
    let (mut shown, mut looked) = (fresh(), fresh());
    let mut lets = |frame: FrameRef<'_>| {
        let fits = sieve.lets(frame, &mut shown);
        wanted.lets(frame, &mut looked) && fits
    };
    let (first, end) = (reel.first(), reel.end());
    match towards {
        Towards::Next => {
            let start = from.map_or(first, |number| number + 1).clamp(first, end);
            let warm = start.saturating_sub(WARM).max(first);
            let last = end.min(start.saturating_add(LOOKED_AT));
            let mut frames = reel.from(warm).take((last - warm) as usize);
            let found = frames.find(|(number, frame)| lets(*frame) && *number >= start);
            match found {
                Some((number, _)) => Beside::At(number),
                None if last < end => Beside::Nothing(format!(
                    "Nothing up to frame {} fits: choose a row there and look on.",
                    text::grouped(last - 1)
                )),
                None => Beside::Nothing("Nothing further down fits.".to_owned()),
            }
        }
        Towards::Previous => {
            let until = from.unwrap_or(end).clamp(first, end);
            let least = until.saturating_sub(LOOKED_AT).max(first);
            let warm = least.saturating_sub(WARM).max(first);
            let frames = reel.from(warm).take((until - warm) as usize);
            let found = frames.filter(|(number, frame)| lets(*frame) && *number >= least).last();
            match found {
                Some((number, _)) => Beside::At(number),
                None if least > first => Beside::Nothing(format!(
                    "Nothing down from frame {} fits: choose a row there and look on.",
                    text::grouped(least)
                )),
                None => Beside::Nothing("Nothing further up fits.".to_owned()),
            }
        }
    }
}

/// A page without rows: what is kept.
#[must_use]
pub fn nothing(reel: &Reel) -> WindowView {
    empty(reel)
}

#[cfg(test)]
mod tests;
