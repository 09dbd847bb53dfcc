//! What people send by hand, within the sending thread of a bus: its guard, what is scheduled and
//! when that is due. Silencing overtakes whatever waits in the queue, and so does stopping a schedule.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::base::id::Name;
use crate::base::time::Mono;
use crate::engine::can::frame::Frame;
use crate::engine::can::guard::{HandGuard, Reach};
use crate::engine::can::replay::Outcome;
use crate::engine::can::schedule::{Schedule, ScheduleFigures, Timetable};
use crate::engine::drive::replay::Given;
use crate::engine::drive::sending::Outlet;
use crate::engine::hub::{HandNews, HandPlan, HandWork};

/// Without the hub's heartbeat for this long, nothing goes out by hand and every schedule ends. Longer
/// than for a charge: nobody's cells hang on it, and a busy machine is no reason to break off.
const PATIENCE: Duration = Duration::from_secs(2);
/// Orders that may wait for a bus.
const QUEUE: usize = 64;
/// How often it is told how schedules are doing.
const NEWS: Duration = Duration::from_millis(200);

/// Held by a schedule from the order to start it on: once it is cut, the schedule sends nothing more,
/// wherever it is by then.
#[derive(Clone, Debug, Default)]
struct Leash(Arc<AtomicBool>);

impl Leash {
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether a schedule is at its other end, or the order to start one.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// An order on its way to a sending thread.
#[derive(Debug)]
pub(super) struct HandOrder {
    number: u64,
    work: HandWork,
    /// Of a schedule to start.
    leash: Leash,
}

/// The near end of the way to a sending thread.
#[derive(Debug)]
pub(super) struct HandSender {
    orders: Sender<HandOrder>,
    given: Sender<Given>,
    /// Orders of a lower number than this are void.
    silenced: Arc<AtomicU64>,
    number: u64,
    /// Schedules that were started, as many as wait in the queue or run.
    started: Vec<(Name, Leash)>,
}

/// Its far end.
pub(super) struct HandReceiver {
    pub(super) orders: Receiver<HandOrder>,
    /// Frames of replays, each of which has some on their way.
    pub(super) given: Receiver<Given>,
    silenced: Arc<AtomicU64>,
}

/// A way for orders.
pub(super) fn way() -> (HandSender, HandReceiver) {
    let (sender, receiver) = bounded(QUEUE);
    let (given, replayed) = bounded(QUEUE);
    let silenced = Arc::new(AtomicU64::new(0));
    let near = HandSender {
        orders: sender,
        given,
        silenced: Arc::clone(&silenced),
        number: 0,
        started: Vec::new(),
    };
    (near, HandReceiver { orders: receiver, given: replayed, silenced })
}

impl HandSender {
    /// The way for the frames of replays.
    pub(super) fn for_replays(&self) -> Sender<Given> {
        self.given.clone()
    }

    /// Passes an order on.
    ///
    /// # Errors
    /// Too many wait already. Silencing works all the same, and so does stopping a schedule.
    pub(super) fn send(&mut self, work: HandWork) -> Result<(), String> {
        self.number += 1;
        let number = self.number;
        let leash = Leash::default();
        let silence = matches!(work, HandWork::Silence);
        match &work {
            HandWork::Silence => self.silenced.store(number, Ordering::SeqCst),
            HandWork::Stop(name) => {
                self.cut(name);
                return Ok(());
            }
            HandWork::Start(_, schedule) => {
                // One name is one schedule: the old one ends even where the new one does not fit.
                self.cut(&schedule.name);
                self.started.push((schedule.name.clone(), leash.clone()));
            }
            HandWork::Arm(_) | HandWork::Send(_) | HandWork::Replan(_) => {}
        }
        match self.orders.try_send(HandOrder { number, work, leash }) {
            Ok(()) => Ok(()),
            // A full queue means that the thread is awake and looks at the number.
            Err(TrySendError::Full(_)) if silence => Ok(()),
            Err(TrySendError::Full(_)) => Err("too many orders wait to be sent".to_owned()),
            Err(TrySendError::Disconnected(_)) => Err("this bus takes no frames".to_owned()),
        }
    }

    /// Ends the schedule of this name, and forgets those that have ended.
    fn cut(&mut self, name: &Name) {
        let named = self.started.iter().filter(|(own, _)| own == name);
        named.for_each(|(_, leash)| leash.cut());
        self.started.retain(|(own, leash)| own != name && leash.is_held());
    }
}

/// A schedule in the table.
struct Held {
    name: Name,
    number: u64,
    leash: Leash,
}

/// What a sending thread does for people.
pub(super) struct HandDesk {
    guard: HandGuard,
    /// The guard of replays: armed with the other, but for a bus within the program.
    replays: HandGuard,
    reach: Reach,
    table: Timetable,
    held: Vec<Held>,
    silenced: (u64, Arc<AtomicU64>),
    ended: Vec<(u64, String)>,
    /// How those did that have ended since it was last told.
    last: Vec<(u64, ScheduleFigures)>,
    refused: Option<String>,
    told: Option<Mono>,
    heard: Option<Mono>,
}

impl HandDesk {
    pub(super) fn new(plan: &HandPlan, receiver: &HandReceiver) -> Self {
        Self {
            guard: HandGuard::new(plan.blocks.clone(), PATIENCE),
            replays: HandGuard::of_replays(plan.blocks.clone(), PATIENCE, plan.reach),
            reach: plan.reach,
            table: Timetable::default(),
            held: Vec::new(),
            silenced: (0, Arc::clone(&receiver.silenced)),
            ended: Vec::new(),
            last: Vec::new(),
            refused: None,
            told: None,
            heard: None,
        }
    }

    /// The hub was alive at `at`.
    pub(super) const fn beat(&mut self, at: Mono) {
        self.guard.beat(at);
        self.replays.beat(at);
        self.heard = Some(at);
    }

    /// When something is due by itself.
    pub(super) fn next(&self) -> Option<Mono> {
        self.table.next()
    }

    /// Takes an order.
    pub(super) fn work(&mut self, now: Mono, order: HandOrder, outlet: &mut Outlet) {
        self.hush();
        let HandOrder { number, work, leash } = order;
        if let HandWork::Replan(plans) = work {
            let (sending, hand) = *plans;
            outlet.replan(sending);
            self.guard = HandGuard::new(hand.blocks.clone(), PATIENCE);
            self.replays = HandGuard::of_replays(hand.blocks, PATIENCE, hand.reach);
            self.reach = hand.reach;
            if let Some(heard) = self.heard {
                self.beat(heard);
            }
            return;
        }
        if number < self.silenced.0 {
            return;
        }
        match work {
            HandWork::Arm(until) => self.arm(until),
            HandWork::Silence => self.silence(),
            // Done above, whatever was silenced.
            HandWork::Replan(_) => {}
            HandWork::Send(frames) => {
                for frame in frames {
                    if let Err(why) = outlet.send_by_hand(now, frame, &mut self.guard) {
                        self.refused = Some(why);
                        return;
                    }
                }
            }
            HandWork::Start(number, schedule) => {
                self.start(now, (number, *schedule), leash);
            }
            // Heard of already: see [`Leash`].
            HandWork::Stop(_) => {}
        }
    }

    fn start(&mut self, now: Mono, (number, schedule): (u64, Schedule), leash: Leash) {
        if leash.is_cut() {
            return;
        }
        let name = schedule.name.clone();
        match self.table.start(now, schedule) {
            Ok(()) => self.held.push(Held { name, number, leash }),
            Err(error) => self.ended.push((number, error.to_string())),
        }
    }

    /// Sends what is due.
    pub(super) fn tick(&mut self, now: Mono, outlet: &mut Outlet) {
        self.hush();
        let Some(next) = self.table.next() else { return };
        let alive = self.heard.is_some_and(|at| now.since(at) <= PATIENCE);
        if !alive || !self.guard.is_armed(now) {
            let why = if alive { "the bus is no longer armed" } else { "the hub was silent" };
            let over = self.table.clear();
            self.end(over, why);
            return;
        }
        if next > now {
            return;
        }
        let (guard, refused) = (&mut self.guard, &mut self.refused);
        let over = self.table.send_due(now, |frame: Frame| {
            let sent = outlet.send_by_hand(now, frame, guard);
            sent.map_err(|why| *refused = Some(why)).is_ok()
        });
        self.end(over, "it was sent as often as asked");
    }

    /// These have ended by themselves.
    fn end(&mut self, over: Vec<(Name, ScheduleFigures)>, why: &str) {
        for number in self.part(over) {
            self.ended.push((number, why.to_owned()));
        }
    }

    /// These have left the table: how they did is kept to be told. Their numbers.
    fn part(&mut self, over: Vec<(Name, ScheduleFigures)>) -> Vec<u64> {
        let mut numbers = Vec::with_capacity(over.len());
        for (name, figures) in over {
            for held in self.held.extract_if(.., |held| held.name == name) {
                self.last.push((held.number, figures));
                numbers.push(held.number);
            }
        }
        numbers
    }

    /// A bus within the program takes replays armed or not.
    const fn arm(&mut self, until: Mono) {
        self.guard.arm(until);
        if matches!(self.reach, Reach::Wire) {
            self.replays.arm(until);
        }
    }

    /// Sends one of the frames of a replay, where the word they were given under still stands.
    pub(super) fn replay(
        &mut self,
        now: Mono,
        (given, frame): (&Given, Frame),
        outlet: &mut Outlet,
    ) -> Outcome {
        self.hush();
        given.begun.one();
        if !given.gate.lets(given.pass) {
            return Outcome::Void;
        }
        match outlet.send_replayed(now, frame, &mut self.replays) {
            Ok(()) => Outcome::Sent,
            Err(why) => why.outcome(now, &self.replays),
        }
    }

    fn silence(&mut self) {
        self.guard.silence();
        if matches!(self.reach, Reach::Wire) {
            self.replays.silence();
        }
        let over = self.table.clear();
        self.part(over);
    }

    /// Looks whether it was silenced since it last looked, or a schedule stopped.
    fn hush(&mut self) {
        let newest = self.silenced.1.load(Ordering::SeqCst);
        if newest > self.silenced.0 {
            self.silenced.0 = newest;
            self.silence();
        }
        for stopped in self.held.extract_if(.., |held| held.leash.is_cut()) {
            let figures = self.table.stop(&stopped.name);
            self.last.extend(figures.map(|figures| (stopped.number, figures)));
        }
    }

    /// What there is to tell, a few times a second.
    pub(super) fn news(&mut self, now: Mono) -> Option<HandNews> {
        let quiet = self.table.next().is_none();
        let ended = !self.ended.is_empty() || !self.last.is_empty();
        let nothing = quiet && !ended && self.refused.is_none();
        if nothing || self.told.is_some_and(|at| now.since(at) < NEWS) {
            return None;
        }
        self.told = Some(now);
        let mut figures = std::mem::take(&mut self.last);
        for (name, own) in self.table.figures() {
            let held = self.held.iter().find(|held| held.name == name);
            figures.extend(held.map(|held| (held.number, own)));
        }
        let (ended, refused) = (std::mem::take(&mut self.ended), self.refused.take());
        Some(HandNews { figures, ended, refused })
    }

    /// News that the hub had no room for: what is not said again by itself is told a little later.
    pub(super) fn untold(&mut self, news: HandNews) {
        let runs = |number: u64| self.held.iter().any(|held| held.number == number);
        let last = news.figures.into_iter().filter(|(number, _)| !runs(*number));
        self.last.splice(0..0, last);
        self.ended.splice(0..0, news.ended);
        self.refused = self.refused.take().or(news.refused);
    }
}

#[cfg(test)]
mod tests;
