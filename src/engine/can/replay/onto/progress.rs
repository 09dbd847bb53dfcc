//! How far a replay is, for whoever looks.

use std::time::Duration;

use super::{Going, Phase, Replay};
use crate::base::problem::Problem;
use crate::base::time::{Mono, Timebase};
use crate::engine::can::replay::figures::ReplayFigures;
use crate::engine::can::replay::scout::Seen;
use crate::engine::can::replay::{EndKnown, PlayState, Speed};

/// How far a replay is. Times are those of the recording.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayProgress {
    /// Time of its first frame.
    pub start: Mono,
    /// What its times mean.
    pub timebase: Timebase,
    /// Where it stands, after the first frame.
    pub position: Duration,
    /// How long the recording is, where that is known.
    pub length: Option<Duration>,
    /// How well.
    pub length_known: EndKnown,
    /// What it is doing.
    pub state: PlayState,
    /// Why it came to a stand by itself.
    pub why: Option<String>,
    /// How fast.
    pub speed: Speed,
    /// How often it is to be sent; `None`: until somebody stops it.
    pub times: Option<u32>,
    /// Rounds that are over.
    pub rounds: u32,
    /// How it is doing.
    pub figures: ReplayFigures,
    /// The buses found so far in the recording.
    pub bus_names: Vec<String>,
    /// What is odd about the recording.
    pub odd: Odd,
}

/// What is odd about a recording, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// Lines that were skipped.
    pub skipped: u64,
    /// The first of them with their numbers, and what holds for the recording as a whole.
    pub problems: Vec<Problem>,
}

impl Replay {
    /// What is odd about the recording, as far as it was read.
    fn odd(&self) -> Odd {
        match &self.odd {
            Some(odd) if self.feed.scout.seen() == Seen::Front => odd.clone(),
            Some(_) | None => self.odd_so_far(),
        }
    }

    pub(super) fn odd_so_far(&self) -> Odd {
        // Whichever of the two has read more.
        let (scout, own) = (self.feed.scout.reader(), self.feed.reader());
        let is_ahead = self.feed.scout.seen() == Seen::Everything || scout.offset() >= own.offset();
        let reader = if is_ahead { scout } else { own };
        Odd { skipped: reader.skipped(), problems: reader.problems() }
    }

    pub(super) fn position(&self, now: Mono) -> Mono {
        let (then, position) = self.anchor;
        if let Phase::Seeking(target) = self.phase {
            return target;
        }
        let (Going::On, Speed::Factor(factor)) = (&self.going, self.plan.speed) else {
            return position;
        };
        if self.phase == Phase::Ended {
            return position;
        }
        let moved = position.after(now.since(then).mul_f64(factor));
        // While the next frame waits, so does the position.
        self.feed.coming().map_or(moved, |due| moved.min(due.max(position)))
    }

    /// How far it is.
    pub fn progress(&self, now: Mono) -> ReplayProgress {
        let start = self.feed.scout.start();
        let mut figures = self.figures;
        self.lateness.tell(&mut figures);
        let end = self.feed.end(self.last_line);
        let position = self.position(now);
        ReplayProgress {
            start,
            timebase: self.timebase,
            position: end.map_or(position, |end| position.min(end.max(start))).since(start),
            length: end.map(|end| end.since(start)),
            length_known: match self.feed.scout.seen() {
                Seen::Everything => EndKnown::Exactly,
                Seen::Front => EndKnown::Roughly,
            },
            state: match (self.phase, &self.going) {
                (Phase::Ended, _) => PlayState::Ended,
                // One that still looks for the frame of a step goes on until it has sent that.
                (Phase::Seeking(_) | Phase::Ready, Going::On | Going::Stepping(_)) => {
                    PlayState::Playing
                }
                (Phase::Seeking(_) | Phase::Ready, Going::Standing) => PlayState::Paused,
            },
            why: self.why.clone(),
            speed: self.plan.speed,
            times: self.plan.times,
            rounds: self.rounds,
            figures,
            bus_names: self.feed.scout.reader().bus_names().to_vec(),
            odd: self.odd(),
        }
    }
}
