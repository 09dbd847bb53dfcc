//! The receive half of a recording: what is due is handed on, what is asked for is done.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::problem::{Problem, Severity};
use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::{BATCH_FRAMES, BusRx, BusState, BusStatus, Received};
use crate::engine::can::frame::Frames;
use crate::engine::can::replay::feed::Feed;
use crate::engine::can::replay::scout::Seen;
use crate::engine::can::replay::{
    Deck, EndKnown, LEAD_IN, PlayState, Progress, Running, Speed, Wish,
};
use crate::engine::can::trace::Log;

/// Frames the scout looks at in one call, about a millisecond of work.
const SCOUT_FRAMES: usize = 8192;
/// Frames the scout looks at in one call while a seek waits for it.
const HURRY_FRAMES: usize = 131_072;
/// A listener that is further behind than this makes the recording slower rather than later.
const LAG: Duration = Duration::from_millis(500);

/// Buses of a recording that are named; of more only the first are.
const BUSES_NAMED: usize = 8;

/// What the receive half is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for the scout to have seen the target.
    Seeking { target: Mono },
    /// Feeding what stands before the target.
    LeadingIn { from: Mono, target: Mono },
    /// Handing on what is due.
    Playing,
    /// Everything was handed on.
    Ended,
}

pub struct Rx {
    deck: Arc<Deck>,
    clock: Arc<dyn Clock>,
    bus: BusId,
    feed: Feed,
    phase: Phase,
    /// The position at this reading of the clock; it moves from there while running.
    anchor: (Mono, Mono),
    running: Running,
    speed: Speed,
    begun: bool,
    restarted: bool,
    /// End of the recording as its last line says.
    last_line: Option<Mono>,
    told: Option<BusState>,
    told_lines: u64,
}

impl Rx {
    pub fn new(log: &Log, bus: BusId, clock: Arc<dyn Clock>) -> (Self, Arc<Deck>) {
        let mut feed = Feed::new(log);
        feed.scout.advance(SCOUT_FRAMES);
        let start = feed.scout.start();
        let last_line = log.last_time(start);
        let deck = Arc::new(Deck {
            wish: Mutex::new(Wish { running: Running::Yes, speed: Speed::NORMAL, seek: None }),
            changed: Condvar::new(),
            progress: Mutex::new(Progress {
                file: log.path().to_owned(),
                format: log.format().words(),
                timebase: log.timebase(),
                start: None,
                end: None,
                end_known: EndKnown::Roughly,
                position: None,
                seeking: None,
                state: PlayState::Playing,
                speed: Speed::NORMAL,
                frames: 0,
                skipped: 0,
                problems: Arc::default(),
                bus_names: Arc::default(),
            }),
        });
        let mut rx = Self {
            deck: Arc::clone(&deck),
            anchor: (clock.now(), start),
            clock,
            bus,
            feed,
            phase: Phase::Playing,
            running: Running::Yes,
            speed: Speed::NORMAL,
            begun: false,
            restarted: false,
            last_line,
            told: Some(BusState::Active),
            told_lines: 0,
        };
        rx.tell(start);
        (rx, deck)
    }

    /// Takes up what the player asked for.
    fn take_wishes(&mut self) {
        let deck = Arc::clone(&self.deck);
        let mut wish = deck.wish();
        if !std::mem::replace(&mut self.begun, true) {
            // Time counts from the first look at the bus, not from when it was opened.
            self.anchor.0 = self.clock.now();
        }
        if wish.running != self.running || wish.speed != self.speed {
            self.anchor = (self.clock.now(), self.position());
            self.running = wish.running;
            self.speed = wish.speed;
        }
        if let Some(target) = wish.seek.take() {
            self.phase = Phase::Seeking { target: self.feed.scout.start().after(target) };
        }
    }

    /// Where the recording stands by the clock.
    fn position(&self) -> Mono {
        let (then, position) = self.anchor;
        match (self.running, self.speed) {
            (Running::Yes, Speed::Factor(factor)) => {
                let passed = self.clock.now().since(then);
                position.after(passed.mul_f64(factor.max(Speed::SLOWEST)))
            }
            (Running::No, _) | (_, Speed::Fastest) => position,
        }
    }

    /// Starts the lead-in of a seek once the scout has seen its target.
    fn try_seek(&mut self, target: Mono) {
        self.feed.scout.advance(HURRY_FRAMES);
        let target = match self.feed.scout.seen() {
            Seen::Everything => target.min(self.feed.scout.end()),
            Seen::Front => target,
        };
        if self.feed.scout.place_before(target).is_none() {
            return;
        }
        let from = target.before(LEAD_IN);
        if !self.feed.go_before(from) {
            return;
        }
        self.restarted = true;
        self.anchor = (self.clock.now(), from.max(self.feed.scout.start()));
        self.phase = Phase::LeadingIn { from, target };
    }

    /// Hands on the next frame, stamped `at`, where it is of the bus that is played. What is of
    /// another one takes its time all the same, so that the recording ends when all of it does.
    fn hand_on(&mut self, at: Mono, into: &mut Frames) {
        let played = self.feed.scout.first_bus();
        if let Some(frame) = self.feed.frame().filter(|f| Some(f.bus()) == played) {
            into.push(frame.to_frame().at(at).on(self.bus).view());
        }
        self.feed.pass();
    }

    /// Feeds the lead-in; the clock stands at its latest frame until the target is reached.
    fn lead_in(&mut self, from: Mono, target: Mono, into: &mut Frames, full: usize) {
        // Places are close together, so few frames stand before the lead-in.
        while let Some((at, due)) = self.feed.peek() {
            if due > target {
                break;
            }
            if due < from {
                self.feed.pass();
                continue;
            }
            if into.len() >= full {
                self.anchor = (self.clock.now(), due);
                return;
            }
            self.hand_on(at, into);
        }
        self.anchor = (self.clock.now(), target);
        self.phase = Phase::Playing;
    }

    /// Hands on what is due, until `into` has `full` frames; gives the time until the next frame where the batch is not full.
    fn play(&mut self, into: &mut Frames, full: usize) -> Option<Duration> {
        if self.running == Running::No {
            return None;
        }
        let now = self.position();
        let mut reached = None;
        while let Some((at, due)) = self.feed.peek() {
            if let Speed::Factor(factor) = self.speed
                && due > now
            {
                return Some(due.since(now).div_f64(factor.max(Speed::SLOWEST)));
            }
            if into.len() >= full {
                let reached = reached.unwrap_or(due);
                if self.speed == Speed::Fastest || now.since(reached) > self.lag() {
                    self.anchor = (self.clock.now(), reached);
                }
                return Some(Duration::ZERO);
            }
            self.hand_on(at, into);
            reached = Some(due);
        }
        let end = reached.unwrap_or_else(|| now.min(self.feed.scout.end()));
        self.anchor = (self.clock.now(), end);
        self.phase = Phase::Ended;
        self.running = Running::No;
        let mut wish = self.deck.wish();
        if wish.seek.is_none() {
            wish.running = Running::No;
        }
        None
    }

    /// [`LAG`] of the clock, on the time line of the recording.
    fn lag(&self) -> Duration {
        match self.speed {
            Speed::Factor(factor) => LAG.mul_f64(factor),
            Speed::Fastest => Duration::ZERO,
        }
    }

    /// One round of work; the time until there is more to do, where that is known.
    fn work(&mut self, into: &mut Frames, full: usize) -> Option<Duration> {
        self.take_wishes();
        match self.phase {
            Phase::Seeking { target } => self.try_seek(target),
            Phase::LeadingIn { .. } | Phase::Playing | Phase::Ended => {
                self.feed.scout.advance(SCOUT_FRAMES);
            }
        }
        if let Phase::LeadingIn { from, target } = self.phase {
            self.lead_in(from, target, into, full);
        }
        let busy = match self.phase {
            Phase::Playing => self.play(into, full),
            Phase::Seeking { .. } | Phase::LeadingIn { .. } => Some(Duration::ZERO),
            Phase::Ended => None,
        };
        match self.feed.scout.seen() {
            Seen::Front => Some(Duration::ZERO),
            Seen::Everything => busy,
        }
    }

    /// Where the listener's clock should stand: at what it was given while more is due.
    fn shown_position(&self) -> Mono {
        let position = self.position();
        match self.feed.coming() {
            Some(due) if due < position => due,
            Some(_) | None => position,
        }
    }

    /// Publishes how far it is.
    fn tell(&mut self, position: Mono) {
        let mut progress = self.deck.progress();
        progress.position = Some(position);
        (progress.state, progress.seeking) = match (self.phase, self.running) {
            (Phase::Seeking { target } | Phase::LeadingIn { target, .. }, Running::Yes) => {
                (PlayState::Playing, Some(target))
            }
            (Phase::Seeking { target } | Phase::LeadingIn { target, .. }, Running::No) => {
                (PlayState::Paused, Some(target))
            }
            (Phase::Ended, _) => (PlayState::Ended, None),
            (Phase::Playing, Running::Yes) => (PlayState::Playing, None),
            (Phase::Playing, Running::No) => (PlayState::Paused, None),
        };
        let found = self.feed.scout.reader();
        if self.told_lines != found.lines() || progress.end_known == EndKnown::Roughly {
            progress.start = Some(self.feed.scout.start());
            progress.frames = found.frames();
            progress.skipped = found.skipped();
            let others = not_played(found.bus_names(), self.feed.scout.first_bus());
            progress.problems = Arc::new(others.into_iter().chain(found.problems()).collect());
            progress.bus_names = Arc::new(found.bus_names().to_vec());
            progress.end = self.feed.end(self.last_line);
            progress.end_known = match self.feed.scout.seen() {
                Seen::Everything => EndKnown::Exactly,
                Seen::Front => EndKnown::Roughly,
            };
            self.told_lines = found.lines();
        }
    }
}

/// What there is to say where the recording has more buses than the one that is played.
fn not_played(names: &[String], played: Option<BusId>) -> Option<Problem> {
    let played = names.get(usize::from(played?.0))?;
    if names.len() < 2 {
        return None;
    }
    let mut listed: Vec<&str> = names.iter().take(BUSES_NAMED).map(String::as_str).collect();
    let more = format!("{} more", names.len() - listed.len());
    if names.len() > listed.len() {
        listed.push(&more);
    }
    let listed = listed.join(", ");
    let text = format!("the recording has the buses {listed}: only {played} is played");
    Some(Problem { line: 0, severity: Severity::Warning, text })
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        into.set_timebase(self.deck.progress().timebase);
        let before = into.len();
        let full = before + BATCH_FRAMES;
        let soon = self.work(into, full);
        if into.len() == before && !wait.is_zero() && soon != Some(Duration::ZERO) {
            let deck = Arc::clone(&self.deck);
            let wish = deck.wish();
            if wish.seek.is_none() && wish.running == self.running && wish.speed == self.speed {
                deck.wait(wish, soon.map_or(wait, |soon| soon.min(wait)));
                self.work(into, full);
            }
        }
        let position = self.shown_position();
        self.tell(position);
        let state = self.status().state;
        let status_changed = self.told.replace(state).is_some_and(|told| told != state);
        let restarted = std::mem::take(&mut self.restarted);
        Received { status_changed, position: Some(position), restarted }
    }

    fn status(&self) -> BusStatus {
        let failure = self.feed.failure();
        let state = match (self.phase, &failure) {
            // What was read before it broke is handed on first.
            (Phase::Ended, Some(_)) => BusState::Failed,
            (Phase::Ended, None) => BusState::Ended,
            (Phase::Seeking { .. } | Phase::LeadingIn { .. } | Phase::Playing, _) => {
                BusState::Active
            }
        };
        BusStatus { fd: true, sentence: failure, ..BusStatus::plain(state) }
    }
}
