//! Frames that are due together, so that whoever hands them to another thread need not hand over each
//! by itself. They are only looked at: what became of each is said afterwards, one after the other, as
//! if each had been asked for alone.

use super::{Outcome, Replay};
use crate::base::time::Mono;
use crate::engine::can::frame::Frame;
use crate::engine::can::replay::Due;

/// What [`Replay::also_due`] is told of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// It goes along; the next one may too.
    On,
    /// It does not go along, nor does what follows it.
    Enough,
}

impl Replay {
    /// Shows the frames that are due behind the one that [`Replay::next`] gave at the same `now`, in
    /// their order and with where they go, until there is enough of them. Nothing is changed by it.
    pub fn also_due(&mut self, now: Mono, take: &mut dyn FnMut(Frame, usize) -> Takes) {
        if self.is_stepping() {
            return;
        }
        let (mark, figures) = (self.feed.mark(), self.figures);
        let (anchor, last) = (self.anchor, self.last);
        let (owed, held, choice) = (self.owed, self.held, self.choice);
        loop {
            self.pass(now);
            let Some((frame, target)) = self.look(now) else { break };
            if take(frame, target) == Takes::Enough {
                break;
            }
        }
        self.feed.go_back(mark);
        self.figures = figures;
        (self.anchor, self.last) = (anchor, last);
        (self.owed, self.held, self.choice) = (owed, held, choice);
    }

    /// The next frame, where it is due now and nothing but that has to be done.
    fn look(&mut self, now: Mono) -> Option<(Frame, usize)> {
        while self.feed.has_read_on() {
            let (_, due) = self.feed.peek()?;
            if self.plan.to.is_some_and(|to| due > self.feed.scout.start().after(to)) {
                return None;
            }
            if !self.is_chosen() {
                self.feed.pass();
                continue;
            }
            if self.moment_of(now, due).is_some_and(|when| when > now) {
                return None;
            }
            return self.frame_at_hand().ok();
        }
        None
    }

    /// What became of the frame that was due at `now` and of those that were due with it, in their
    /// order; of those behind them nothing did.
    pub fn settle(&mut self, now: Mono, outcomes: impl IntoIterator<Item = (Mono, Outcome)>) {
        for (place, (at, outcome)) in outcomes.into_iter().enumerate() {
            if place > 0 && !matches!(self.next(now), Due::Frame(..)) {
                // Cannot be: the same was due when it was looked at.
                return;
            }
            self.done(at, outcome);
        }
    }
}
