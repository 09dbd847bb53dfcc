//! A recording that is sent onto buses: which frame is due when, and what became of it. Pure: whoever
//! sends asks what is due and says how it went, with the time of a clock of their own.
//!
//! Deadlines are absolute, so lateness does not add up. A frame that is later than [`LAG`] is sent
//! and everything behind it put off by as much, so that what was missed does not go out in a bunch;
//! how far it fell behind is told. It never starts or resumes by itself: what brings it to a stand
//! leaves it paused, with the reason, until somebody plays on.

mod batch;
mod progress;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::batch::Takes;
pub use self::progress::{Odd, ReplayProgress};

use crate::base::time::{Mono, Timebase};
use crate::engine::can::frame::{Frame, Frames, Kind};
use crate::engine::can::replay::Speed;
use crate::engine::can::replay::feed::{Feed, Pick};
use crate::engine::can::replay::figures::{Lateness, Refusal, ReplayFigures};
use crate::engine::can::replay::plan::{PlanError, ReplayPlan};
use crate::engine::can::replay::scout::Seen;
use crate::engine::can::trace::Log;

/// Frames looked at in one call, at most.
const LOOK_FRAMES: usize = 16_384;
/// Frames the scout looks at in one call, about a millisecond of work; and while a seek waits.
const SCOUT_FRAMES: usize = 8192;
const HURRY_FRAMES: usize = 131_072;
/// A replay that is later than this is put off rather than made up for.
const LAG: Duration = Duration::from_millis(20);
/// A round takes at least this long, however short the recording.
const ROUND: Duration = Duration::from_millis(1);
/// A bus that takes nothing for this long brings the replay to a stand.
const STUCK: Duration = Duration::from_secs(2);
/// Why a part of which nothing was sent is over.
const NONE_PASSES: &str = "no frame of this part passes the filter";
const NONE_THERE: &str = "there is no frame in this part of the recording";

/// Which target a bus of the recording goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// By name in the recording; a bus without one is called can0.
    pub named: Vec<(String, usize)>,
    /// Where all others go.
    pub others: usize,
}

impl Routes {
    fn of(&self, name: &str) -> usize {
        let name = if name.is_empty() { "can0" } else { name };
        let found = self.named.iter().find(|(own, _)| own == name);
        found.map_or(self.others, |(_, target)| *target)
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send this to that target, now; then say [`Replay::done`].
    Frame(Frame, usize),
    /// Nothing before then.
    At(Mono),
    /// There is more work: ask again.
    Busy,
    /// Nothing until something is changed.
    Nothing,
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bus took it.
    Sent,
    /// The bus took it, and nothing more is to be sent, and why.
    Last(String),
    /// It may not be sent.
    Refused(Refusal),
    /// It may be sent then: there is no room at the moment.
    Later(Mono),
    /// It was overtaken by a change, and stays the next.
    Void,
    /// Nothing can be sent any more, and why.
    Halt(String),
}

/// A step forward.
pub enum Step {
    /// To the next frame.
    Frame,
    /// To the next that is chosen; those before it are not sent.
    Chosen(Box<dyn Pick>),
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeekTo {
    /// So long after the first frame.
    Offset(Duration),
    /// This share of the recording, 0 to 1.
    Share(f64),
}

/// What it is doing.
enum Going {
    On,
    Standing,
    Stepping(Step),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for the scout to have seen the target.
    Seeking(Mono),
    /// At its place.
    Ready,
    /// Everything was sent.
    Ended,
}

/// Where a round of the part began.
#[derive(Clone, Copy, Default)]
struct Round {
    began: Mono,
    /// Frames that were dealt with before it, and frames that the filter left out before it.
    dealt_with: u64,
    left_out: u64,
}

/// A recording that is sent onto buses.
pub struct Replay {
    feed: Feed,
    timebase: Timebase,
    last_line: Option<Mono>,
    plan: ReplayPlan,
    routes: Routes,
    going: Going,
    phase: Phase,
    why: Option<String>,
    /// The position at this reading of the clock; it moves from there while going on.
    anchor: (Mono, Mono),
    /// Nothing before this is sent.
    floor: Mono,
    /// When the last frame was due.
    last: Option<Mono>,
    /// When the frame at hand should have gone out, before anything was put off.
    owed: Option<Mono>,
    /// Since when the frame at hand waits for room, and until when.
    held: Option<(Mono, Mono)>,
    /// Whether a step chose the frame at hand, where it was asked already: whoever chooses may count.
    choice: Option<bool>,
    rounds: u32,
    round: Round,
    /// What was odd in the first round: whoever reads counts on in those behind it.
    odd: Option<Odd>,
    figures: ReplayFigures,
    lateness: Lateness,
}

impl Replay {
    /// Of a recording, standing at the beginning of its part. `pick` chooses what is sent.
    ///
    /// # Errors
    /// There is no frame in it.
    pub fn new(
        log: &Log,
        plan: ReplayPlan,
        routes: Routes,
        pick: Option<Box<dyn Pick>>,
    ) -> Result<Self, String> {
        let feed = Feed::new(log);
        let mut feed = match pick {
            Some(pick) => feed.picking(pick),
            None => feed,
        };
        feed.scout.advance(SCOUT_FRAMES);
        if feed.scout.seen() == Seen::Everything && feed.scout.reader().frames() == 0 {
            return Err(format!("{}: there is no frame in it", log.path().display()));
        }
        let start = feed.scout.start();
        let begin = start.after(plan.from.unwrap_or_default());
        Ok(Self {
            timebase: log.timebase(),
            last_line: log.last_time(start),
            feed,
            plan,
            routes,
            going: Going::Standing,
            phase: Phase::Seeking(begin),
            why: None,
            anchor: (Mono::ZERO, begin),
            floor: begin,
            last: None,
            owed: None,
            held: None,
            choice: None,
            rounds: 0,
            round: Round::default(),
            odd: None,
            figures: ReplayFigures::default(),
            lateness: Lateness::default(),
        })
    }

    /// Sends on; from the beginning of its part, where it had come to the end.
    pub fn play(&mut self, now: Mono) {
        if self.phase == Phase::Ended {
            self.begin_anew(now);
        }
        if !matches!(self.going, Going::On) {
            self.set_going(now, Going::On);
        }
    }

    /// Stands still.
    pub fn pause(&mut self, now: Mono) {
        self.set_going(now, Going::Standing);
    }

    /// Sends one frame at once and stands still.
    pub fn step(&mut self, now: Mono, step: Step) {
        if self.phase == Phase::Ended {
            self.begin_anew(now);
        }
        self.set_going(now, Going::Stepping(step));
    }

    /// Goes to a place; goes on from there if it went on.
    pub fn seek(&mut self, now: Mono, to: SeekTo) {
        let start = self.feed.scout.start();
        let end = self.feed.end(self.last_line).unwrap_or(self.feed.scout.end());
        let target = match to {
            SeekTo::Offset(offset) => start.after(offset),
            SeekTo::Share(share) => {
                let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
                start.after(end.since(start).mul_f64(share))
            }
        };
        if self.phase == Phase::Ended {
            self.going = Going::Standing;
        }
        self.why = None;
        self.leave();
        self.anchor = (now, target);
        self.phase = Phase::Seeking(target);
    }

    /// Goes on at another speed.
    pub fn set_speed(&mut self, now: Mono, speed: Speed) {
        self.anchor = (now, self.position(now));
        self.owed = None;
        self.plan.speed = speed;
    }

    /// Is sent so often; `None`: until somebody stops it.
    pub const fn set_times(&mut self, times: Option<u32>) {
        self.plan.times = times;
    }

    fn set_going(&mut self, now: Mono, going: Going) {
        self.anchor = (now, self.position(now));
        self.leave();
        self.why = None;
        self.going = going;
    }

    /// Forgets the frame at hand.
    const fn leave(&mut self) {
        self.last = None;
        self.owed = None;
        self.held = None;
        self.choice = None;
    }

    fn begin(&self) -> Mono {
        self.feed.scout.start().after(self.plan.from.unwrap_or_default())
    }

    fn begin_anew(&mut self, now: Mono) {
        let begin = self.begin();
        self.rounds = 0;
        self.begin_round(now);
        self.leave();
        self.going = Going::Standing;
        self.anchor = (now, begin);
        self.phase = Phase::Seeking(begin);
    }

    const fn is_stepping(&self) -> bool {
        matches!(self.going, Going::Stepping(_))
    }

    /// What there is to do at `now`.
    pub fn next(&mut self, now: Mono) -> Due {
        match self.phase {
            Phase::Ended => return Due::Nothing,
            Phase::Seeking(target) => {
                if !self.try_seek(now, target) {
                    return Due::Busy;
                }
            }
            Phase::Ready => {}
        }
        if matches!(self.going, Going::Standing) {
            return Due::Nothing;
        }
        if let Some((_, until)) = self.held.filter(|(_, until)| *until > now) {
            return Due::At(until);
        }
        for _ in 0..LOOK_FRAMES {
            let Some((_, due)) = self.feed.peek() else { return self.end_round(now) };
            if due < self.floor {
                self.feed.pass();
                continue;
            }
            if self.plan.to.is_some_and(|to| due > self.feed.scout.start().after(to)) {
                return self.end_round(now);
            }
            if !self.is_chosen() {
                self.feed.pass();
                self.choice = None;
                continue;
            }
            if let Some(when) = self.moment_of(now, due).filter(|when| *when > now) {
                return Due::At(when);
            }
            match self.frame_at_hand() {
                Ok((frame, target)) => return Due::Frame(frame, target),
                Err(why) => self.done(now, Outcome::Refused(why)),
            }
            if matches!(self.going, Going::Standing) {
                return Due::Nothing;
            }
        }
        Due::Busy
    }

    /// Whether the frame at hand is to be sent.
    fn is_chosen(&mut self) -> bool {
        if !self.feed.is_picked() {
            self.figures.left_out += 1;
            return false;
        }
        let Going::Stepping(Step::Chosen(pick)) = &mut self.going else { return true };
        if let Some(choice) = self.choice {
            return choice;
        }
        let mut batch = Frames::default();
        if let Some(frame) = self.feed.frame() {
            batch.push(frame);
        }
        let mut picked = Vec::new();
        pick.pick(&batch, self.feed.bus_names(), &mut picked);
        *self.choice.insert(picked.first().copied().unwrap_or_default())
    }

    /// When the frame at hand goes out, where that is by the clock.
    fn moment_of(&mut self, now: Mono, due: Mono) -> Option<Mono> {
        let Speed::Factor(factor) = self.plan.speed else { return None };
        if self.is_stepping() {
            return None;
        }
        self.shorten_gap(due);
        let when = self.moment(due, factor);
        self.owed.get_or_insert(when);
        let late = now.since(when);
        if late > LAG {
            self.anchor.0 = self.anchor.0.after(late);
            self.figures.behind += late;
            return Some(now);
        }
        Some(when)
    }

    fn moment(&self, due: Mono, factor: f64) -> Mono {
        self.anchor.0.after(due.since(self.anchor.1).div_f64(factor.max(Speed::SLOWEST)))
    }

    /// Leaves out what a pause of the recording is too long.
    fn shorten_gap(&mut self, due: Mono) {
        let Some(longest) = self.plan.longest_gap else { return };
        let last = self.last.unwrap_or(self.anchor.1);
        let gap = due.since(last);
        if gap > longest {
            let left_out = gap.saturating_sub(longest);
            self.anchor.1 = self.anchor.1.after(left_out);
            self.figures.gaps.0 += 1;
            self.figures.gaps.1 += left_out;
            self.last = Some(due.before(longest));
        }
    }

    /// The frame as it goes out, and where to.
    fn frame_at_hand(&self) -> Result<(Frame, usize), Refusal> {
        let Some(found) = self.feed.frame() else { return Err(Refusal::Unfit) };
        if found.kind() == Kind::Error {
            return Err(Refusal::ErrorFrame);
        }
        let name = self.feed.bus_names().get(usize::from(found.bus().0));
        let target = self.routes.of(name.map_or("", String::as_str));
        let frame = found.to_frame();
        Ok((frame.with_id(self.plan.mapped(frame.id())), target))
    }

    /// What became of the frame that was due.
    pub fn done(&mut self, now: Mono, outcome: Outcome) {
        match outcome {
            Outcome::Sent => self.sent(now),
            Outcome::Last(why) => {
                self.sent(now);
                self.halt(now, why);
            }
            Outcome::Refused(why) => {
                self.figures.refused.count(why);
                self.pass(now);
            }
            Outcome::Later(until) => {
                let since = self.held.map_or(now, |(since, _)| since);
                self.held = Some((since, until.max(now)));
                if now.since(since) >= STUCK {
                    self.halt(now, "the bus takes no frames: is anybody else on it?".to_owned());
                }
            }
            Outcome::Void => {}
            Outcome::Halt(why) => self.halt(now, why),
        }
    }

    fn sent(&mut self, now: Mono) {
        self.figures.sent += 1;
        if let Some(owed) = self.owed.filter(|_| !self.is_stepping()) {
            self.lateness.note(now.since(owed));
        }
        self.pass(now);
    }

    /// The frame at hand is dealt with.
    fn pass(&mut self, now: Mono) {
        let due = self.feed.coming();
        self.feed.pass();
        self.leave();
        self.last = due;
        if self.is_stepping() {
            self.going = Going::Standing;
            // Strictly after it, so that it is not the next once more.
            self.anchor = (now, due.unwrap_or(self.anchor.1));
        } else if self.plan.speed == Speed::Fastest {
            self.anchor = (now, due.unwrap_or(self.anchor.1));
        }
    }

    /// Comes to a stand by itself.
    fn halt(&mut self, now: Mono, why: String) {
        self.set_going(now, Going::Standing);
        self.why = Some(why);
    }

    fn dealt_with(&self) -> u64 {
        self.figures.sent + self.figures.refused.total()
    }

    fn begin_round(&mut self, began: Mono) {
        self.round =
            Round { began, dealt_with: self.dealt_with(), left_out: self.figures.left_out };
    }

    /// There is no more frame in the part.
    fn end_round(&mut self, now: Mono) -> Due {
        if let Some(why) = self.feed.failure() {
            self.halt(now, why);
            return Due::Nothing;
        }
        let more = self.plan.times.is_none_or(|times| self.rounds + 1 < times);
        if self.odd.is_none() {
            self.odd = Some(self.odd_so_far());
        }
        let Round { began, dealt_with, left_out } = self.round;
        let nothing = self.dealt_with() == dealt_with && self.floor == self.begin();
        if !more || self.is_stepping() || nothing {
            let position = self.last.unwrap_or(self.anchor.1).max(self.anchor.1);
            let is_sifted = self.figures.left_out > left_out
                || matches!(self.going, Going::Stepping(Step::Chosen(_)));
            let none = if is_sifted { NONE_PASSES } else { NONE_THERE };
            self.set_going(now, Going::Standing);
            self.anchor = (now, position);
            self.why = nothing.then(|| none.to_owned());
            self.rounds = self.rounds.saturating_add(1);
            self.phase = Phase::Ended;
            return Due::Nothing;
        }
        let end = self.part_end();
        let next = match self.plan.speed {
            Speed::Factor(factor) => self.moment(end, factor).max(began.after(ROUND)),
            Speed::Fastest => began.after(ROUND),
        };
        if next > now {
            return Due::At(next);
        }
        self.rounds = self.rounds.saturating_add(1);
        self.leave();
        self.begin_round(next);
        let begin = self.begin();
        self.floor = begin;
        if !self.feed.go_before(begin) {
            self.phase = Phase::Seeking(begin);
        }
        self.anchor = (next, begin);
        Due::Busy
    }

    /// Where the part ends.
    fn part_end(&self) -> Mono {
        let end = self.feed.reached().unwrap_or(self.feed.scout.end());
        // A part may be said to end behind the recording.
        self.plan.to.map_or(end, |to| self.feed.scout.start().after(to).min(end))
    }

    /// Whether the part begins within the recording, as far as that is known yet.
    ///
    /// # Errors
    /// It begins behind the recording's end.
    pub fn check_begin(&self) -> Result<(), PlanError> {
        let scout = &self.feed.scout;
        let length = scout.end().since(scout.start());
        match self.plan.from {
            Some(from) if scout.seen() == Seen::Everything && from > length => {
                Err(PlanError::Behind { from, length })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Goes to the target of a seek once the scout has seen it.
    fn try_seek(&mut self, now: Mono, target: Mono) -> bool {
        self.feed.scout.advance(HURRY_FRAMES);
        if target == self.begin()
            && let Err(behind) = self.check_begin()
        {
            self.set_going(now, Going::Standing);
            self.why = Some(behind.to_string());
            self.phase = Phase::Ended;
            return false;
        }
        let target = match self.feed.scout.seen() {
            Seen::Everything => target.min(self.feed.scout.end()),
            Seen::Front => target,
        };
        if !self.feed.go_before(target) {
            return false;
        }
        self.floor = target;
        self.anchor = (now, target);
        self.round.began = now;
        self.phase = Phase::Ready;
        true
    }

    /// Looks further ahead in the recording, about a millisecond's work; `false` once it has seen
    /// everything.
    pub fn look_ahead(&mut self) -> bool {
        self.feed.scout.advance(SCOUT_FRAMES);
        self.feed.scout.seen() == Seen::Front
    }
}
