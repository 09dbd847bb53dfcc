//! The trace: every frame in the order it came. Which rows fit the filter is found a stretch at a
//! time, so that no face waits for ten million of them; only rows that are seen are written out.

#[cfg(test)]
mod tests;
pub mod window;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::{FilterMemory, FrameRef, Reel, Sieve};
use crate::view::filter::FilterView;
use crate::view::logs::TraceOf;
use crate::view::plot::PlotKey;

/// What a person wants of the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TracePrefs {
    /// What is shown, in the filter language.
    pub filter: String,
    /// Where somebody types in it, bytes.
    #[serde(skip)]
    pub cursor: Option<usize>,
    /// How times are told.
    pub times: TraceTimes,
    /// Whether new frames are followed.
    pub pace: TracePace,
    /// Frames that somebody wants to find again, by their numbers, with what they are called; an empty
    /// name is none.
    pub marks: BTreeMap<u64, String>,
}

impl TracePrefs {
    /// Most marks.
    pub const MOST_MARKS: usize = 1_000;
}

/// What a face wants to see of the trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceAsk {
    /// Whose frames.
    pub of: TraceOf,
    /// What the person wants.
    pub prefs: TracePrefs,
    /// Where it stands.
    pub place: TracePlace,
    /// How many rows are in sight.
    pub rows: usize,
    /// The frame of which more is wanted.
    pub chosen: Option<u64>,
    /// What is looked for.
    pub find: Option<Finding>,
    /// The place to go to, as typed.
    pub go_to: Option<String>,
}

/// Where the trace stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TracePlace {
    /// The newest rows.
    #[default]
    End,
    /// The frame of this number on top, or the next one that fits.
    Number(u64),
    /// This row on top.
    Row(u64),
}

/// What is looked for in the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In the filter language.
    pub text: String,
    /// Upwards or downwards.
    pub towards: Towards,
    /// The frame beside which it begins; none: at the end.
    pub from: Option<u64>,
}

/// A direction in the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Towards {
    /// Towards newer frames.
    #[default]
    Next,
    /// Towards older ones.
    Previous,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This frame.
    At(u64),
    /// Nothing as far as this frame; there is more to look at.
    Looking(Option<u64>),
    /// Nothing.
    Nothing,
}

/// What was seen of the trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSeen {
    /// The rows in sight.
    pub view: TraceView,
    /// Whether the filter has more to look at.
    pub looked: Looked,
    /// What the search came to.
    pub found: Option<Found>,
    /// The frame that was gone to.
    pub goes_to: Option<u64>,
    /// Why nothing was gone to, in a sentence.
    pub refused: Option<String>,
}

/// How the time of a frame is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceTimes {
    /// The time of day, where the bus knows it.
    #[default]
    Clock,
    /// Seconds since the first frame.
    Relative,
    /// Milliseconds since the row before.
    Delta,
}

impl TraceTimes {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Clock, Self::Relative, Self::Delta];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Clock => "Clock",
            Self::Relative => "From the first",
            Self::Delta => "Between rows",
        }
    }
}

/// Whether the trace goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TracePace {
    /// The newest rows are shown.
    #[default]
    Following,
    /// It stands still; frames are kept all the same.
    Paused,
}

/// A stretch of rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TraceView {
    /// The rows asked for.
    pub rows: Vec<TraceRow>,
    /// Place of the first of them among all rows that fit.
    pub top: u64,
    /// Rows that fit, as far as was looked.
    pub fit: u64,
    /// Frames that are kept.
    pub kept: u64,
    /// "1 412 of 10 000 000 frames, 240 MB".
    pub summary: String,
    /// Share that was looked through, 0 to 1.
    pub looked: f64,
    /// What stands here when there are no rows.
    pub empty: String,
    /// What the filter says.
    pub filter: FilterView,
    /// More about the frame that is chosen.
    #[serde(skip)]
    pub chosen: Option<ChosenFrame>,
    /// All marks, in their order.
    #[serde(skip)]
    pub marks: Vec<MarkView>,
}

/// More about a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChosenFrame {
    /// Its number.
    pub number: u64,
    /// When it was, nanoseconds as the plot counts them.
    pub at: i64,
    /// Its signals.
    pub signals: Vec<PlotKey>,
}

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TraceRow {
    /// Its number since the trace was begun.
    pub number: u64,
    /// Its time, as wanted.
    pub time: String,
    /// Bus name.
    pub bus: String,
    /// "rx", "tx", "rtr", "err", "fd".
    pub direction: String,
    /// "0x6FA".
    pub id: String,
    /// Message name, or empty.
    pub message: String,
    /// Its length.
    pub length: usize,
    /// "00 52 46".
    pub data: String,
    /// Its signals: "PackVoltage 142.410 V, PackCurrent \u{2212}10.050 A".
    pub says: String,
    /// Whether somebody has marked it.
    pub mark: Mark,
    /// What the mark is called; empty where it has no name.
    #[serde(skip)]
    pub mark_name: String,
}

/// A mark in the list of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkView {
    /// Number of its frame.
    pub number: u64,
    /// Its time, as wanted of the trace; a dash where the frame is no longer kept.
    pub time: String,
}

/// Whether a row is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is not.
    #[default]
    None,
    /// It is.
    Marked,
}

/// Which frames of a tape fit a filter. Follows the tape as it goes on, forgets and is wiped.
#[derive(Debug)]
pub struct TraceIndex {
    sieve: Arc<Sieve>,
    memory: FilterMemory,
    /// Numbers of what fits, where not everything does.
    found: VecDeque<u64>,
    /// Everything before this was looked at.
    looked: u64,
    wiped: u64,
}

impl TraceIndex {
    /// For what `sieve` lets through.
    #[must_use]
    pub fn new(sieve: impl Into<Arc<Sieve>>) -> Self {
        let (sieve, memory, found) = (sieve.into(), FilterMemory::new(), VecDeque::new());
        Self { sieve, memory, found, looked: 0, wiped: 0 }
    }

    /// Looks at up to `most` further frames, and forgets what the tape has forgotten. Says whether
    /// there is more to look at.
    pub fn advance(&mut self, reel: &Reel, most: usize) -> Looked {
        if self.wiped != reel.wiped() || self.looked > reel.end() {
            self.found.clear();
            self.memory.clear();
            self.wiped = reel.wiped();
            self.looked = reel.first();
        }
        if self.sieve.is_everything() {
            self.looked = reel.end();
            return Looked::All;
        }
        while self.found.front().is_some_and(|number| *number < reel.first()) {
            self.found.pop_front();
        }
        let from = self.looked.max(reel.first());
        let end = reel.end().min(from.saturating_add(most as u64));
        for (number, frame) in reel.from(from).take((end - from) as usize) {
            if self.sieve.lets(frame, &mut self.memory) {
                self.found.push_back(number);
            }
        }
        self.looked = end;
        if end == reel.end() { Looked::All } else { Looked::Part }
    }

    /// How many rows fit, as far as was looked.
    #[must_use]
    pub fn fit(&self, reel: &Reel) -> u64 {
        if self.sieve.is_everything() { reel.len() } else { self.found.len() as u64 }
    }

    /// Share of the tape that was looked through, 0 to 1.
    #[must_use]
    pub fn looked(&self, reel: &Reel) -> f64 {
        let done = self.looked.clamp(reel.first(), reel.end()) - reel.first();
        if reel.is_empty() { 1.0 } else { done as f64 / reel.len() as f64 }
    }

    /// Number of the frame in this row.
    #[must_use]
    pub fn number(&self, reel: &Reel, row: u64) -> Option<u64> {
        if self.sieve.is_everything() {
            return (row < reel.len()).then(|| reel.first() + row);
        }
        self.found.get(usize::try_from(row).ok()?).copied()
    }

    /// Row of the frame with this number, or of the next one that fits.
    #[must_use]
    pub fn row_of(&self, reel: &Reel, number: u64) -> u64 {
        if self.sieve.is_everything() {
            return number.clamp(reel.first(), reel.end()) - reel.first();
        }
        self.found.partition_point(|found| *found < number) as u64
    }

    /// The frames of the rows from `top` on, with their numbers.
    pub fn rows<'r>(
        &'r self,
        reel: &'r Reel,
        top: u64,
        most: usize,
    ) -> impl Iterator<Item = (u64, FrameRef<'r>)> + 'r {
        let rows = top..top.saturating_add(most as u64);
        rows.map_while(move |row| {
            let number = self.number(reel, row)?;
            Some((number, reel.get(number)?))
        })
    }
}

/// How far was looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// At every frame.
    All,
    /// There is more.
    Part,
}
