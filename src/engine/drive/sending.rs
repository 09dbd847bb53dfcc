//! The sending side of a bus: the thread `tx:<bus>` with the wire's transmit half and its guard. It
//! takes frames from a bounded queue and decides nothing, but for three things that must not wait for
//! a hub that is late: a frame that came too soon after the last one goes out when its time has come,
//! the newest of its kind; the vehicle's switches are held while the hub is late by less than the
//! guard's patience; and when the hub has been silent for longer, every charger that was told to
//! charge is told to stop, again and again for a second. That covers a hub that hangs. A thread that
//! ends, because the hub's thread has or by a fault of its own, says the same before it goes.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, never, select};

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::BusTx;
use crate::engine::can::frame::{Frame, Id};
use crate::engine::can::guard::{Guard, HandGuard, HandRefusal, Withheld};
use crate::engine::can::replay::{Outcome, Unsent};
use crate::engine::drive::hand::{HandDesk, HandOrder, HandReceiver};
use crate::engine::drive::replay::Given;
use crate::engine::drive::threads::Mourner;
use crate::engine::hub::{Epoch, Event, SendingPlan};

/// Frames that may wait for a bus: some seconds of everything that a station ever says.
pub(super) const QUEUE: usize = 64;
/// Without the hub's heartbeat for this long, nothing but stops goes out.
const PATIENCE: Duration = Duration::from_millis(500);
/// A BMU opens its contactors when the switches are silent for little longer than this.
const HOLD_AFTER: Duration = Duration::from_millis(150);
/// How long and how often chargers are told to stop when the hub is silent.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LAST_WORDS_EVERY: Duration = Duration::from_millis(100);
/// How often a sending thread that ends tells them so.
const FAREWELLS: u32 = 10;
/// How often it is looked whether something is due, while there is; and while there is nothing.
const LOOK: Duration = Duration::from_millis(10);
const REST: Duration = Duration::from_millis(100);

/// When the hub last said that it still decides; shared with every sending thread.
#[derive(Clone, Debug)]
pub(super) struct Pulse(Arc<AtomicI64>);

/// Before the first beat.
const NEVER: i64 = i64::MIN;

impl Pulse {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NEVER)))
    }

    pub(super) fn beat(&self, now: Mono) {
        self.0.store(now.nanos(), Ordering::SeqCst);
    }

    fn last(&self) -> Option<Mono> {
        let last = self.0.load(Ordering::SeqCst);
        (last != NEVER).then(|| Mono::from_nanos(last))
    }
}

/// A charger that was told to charge, or the switches that were told to close: the last such frame
/// and when it went out.
#[derive(Clone, Copy, Debug)]
struct Told {
    frame: Frame,
    at: Mono,
}

/// The transmit half of a bus with its guard.
pub(in crate::engine) struct Outlet {
    tx: Box<dyn BusTx>,
    guard: Guard,
    plan: SendingPlan,
    /// The newest frame of an id that has to wait for its time.
    waiting: HashMap<Id, Frame>,
    /// By id what was last told that was no stop.
    told: HashMap<Id, Told>,
    /// Since when the hub has been silent, and when the last stop of its own went out.
    silent: Option<(Mono, Option<Mono>)>,
}

impl Outlet {
    pub(in crate::engine) fn new(tx: Box<dyn BusTx>, plan: SendingPlan) -> Self {
        let guard = Guard::new(plan.rules.clone(), PATIENCE).blocking(plan.blocks.clone());
        let (waiting, told) = (HashMap::new(), HashMap::new());
        Self { tx, guard, plan, waiting, told, silent: None }
    }

    /// Other things may be sent from now on. Only while nothing is: whoever was told to charge would not
    /// be told to stop by the new rules.
    pub(super) fn replan(&mut self, plan: SendingPlan) {
        self.guard = Guard::new(plan.rules.clone(), PATIENCE).blocking(plan.blocks.clone());
        self.plan = plan;
        self.waiting.clear();
        self.told.clear();
        self.silent = None;
    }

    /// The hub was alive at `at`.
    pub(in crate::engine) const fn beat(&mut self, at: Mono) {
        self.guard.beat(at);
    }

    /// Whether something may fall due by itself.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.told.is_empty()
    }

    /// Sends a frame, now or as soon as its rate allows. It bears the moment it was decided at: what was
    /// decided before the hub's patience, by a program that was frozen since, goes out no more, however
    /// fresh the heartbeat is. Stops do.
    ///
    /// # Errors
    /// Why it will not go out.
    pub(in crate::engine) fn send(&mut self, now: Mono, frame: Frame) -> Result<(), String> {
        let id = frame.id();
        // Whatever waits with this id is older than this.
        self.waiting.remove(&id);
        let stop = self.guard.is_stop(&frame);
        if stop != Some(true) && now.since(frame.time()) > PATIENCE {
            return Err(format!("what was decided for {id} has waited too long to be sent"));
        }
        match self.guard.clear(now, frame) {
            Ok(cleared) => {
                match stop {
                    Some(false) => {
                        self.told.insert(id, Told { frame, at: now });
                    }
                    Some(true) | None => {
                        self.told.remove(&id);
                    }
                }
                self.tx.transmit(cleared).map_err(|error| error.to_string())
            }
            Err(Withheld::TooOften(_)) => {
                self.waiting.insert(id, frame);
                Ok(())
            }
            Err(why) => Err(why.to_string()),
        }
    }

    /// Sends a frame for a person, now or not at all.
    ///
    /// # Errors
    /// Why it did not go out.
    pub(super) fn send_by_hand(
        &mut self,
        now: Mono,
        frame: Frame,
        guard: &mut HandGuard,
    ) -> Result<(), String> {
        // While a charge says something with this id, nobody else does.
        if self.told.contains_key(&frame.id()) {
            return Err(HandRefusal::Charging(frame.id()).to_string());
        }
        let cleared = guard.clear(now, frame).map_err(|why| why.to_string())?;
        self.tx.transmit(cleared).map_err(|error| error.to_string())
    }

    /// Sends a frame of a replay, now or not at all.
    ///
    /// # Errors
    /// Why it did not go out.
    pub(super) fn send_replayed(
        &mut self,
        now: Mono,
        frame: Frame,
        guard: &mut HandGuard,
    ) -> Result<(), Unsent> {
        if self.told.contains_key(&frame.id()) {
            return Err(Unsent::Kept(HandRefusal::Charging(frame.id())));
        }
        let cleared = guard.clear(now, frame).map_err(Unsent::Kept)?;
        self.tx.transmit(cleared).map_err(Unsent::Wire)
    }

    /// What falls due by itself.
    ///
    /// # Errors
    /// Why something did not go out.
    pub(in crate::engine) fn tick(&mut self, now: Mono) -> Result<(), String> {
        let waiting: Vec<Frame> = self.waiting.values().copied().collect();
        let mut result = Ok(());
        for frame in waiting {
            result = result.and(self.send(now, frame));
        }
        if self.guard.is_alive(now) {
            self.silent = None;
            return result.and(self.hold(now));
        }
        result.and(self.last_words(now))
    }

    /// Repeats the switches while the hub is a little late.
    fn hold(&mut self, now: Mono) -> Result<(), String> {
        let held = self.plan.held.iter().filter_map(|id| self.told.get(id)).copied();
        let late: Vec<Frame> = held
            .filter(|told| now.since(told.at) >= HOLD_AFTER)
            .map(|told| told.frame.at(now))
            .collect();
        let mut result = Ok(());
        for frame in late {
            result = result.and(self.send(now, frame));
        }
        result
    }

    /// Tells everything that was told to charge to stop, now, whether the hub lives or not.
    fn farewell(&mut self, now: Mono) -> Heard {
        self.waiting.clear();
        let told = |stop: &Frame| self.told.get(&stop.id()).copied().map(|told| (*stop, told));
        let stops: Vec<(Frame, Told)> = self.plan.stops.iter().filter_map(told).collect();
        if stops.is_empty() {
            return Heard::Nobody;
        }
        let mut result = Ok(());
        for (stop, told) in stops {
            result = result.and(self.send(now, stop));
            // It goes on being told until whoever says this is done.
            self.told.insert(stop.id(), told);
        }
        result.map_or_else(Heard::No, |()| Heard::All)
    }

    /// Stops what was told to charge, because the hub no longer says that it decides.
    fn last_words(&mut self, now: Mono) -> Result<(), String> {
        if !self.plan.stops.iter().any(|stop| self.told.contains_key(&stop.id())) {
            // A hub that has nothing more to say is silent, and nobody has to be stopped: the vehicle's
            // heartbeat, say, is never taken back.
            self.told.clear();
            self.silent = None;
            return Ok(());
        }
        let (since, last) = *self.silent.get_or_insert((now, None));
        if now.since(since) > LAST_WORDS {
            self.told.clear();
            self.silent = None;
            return Ok(());
        }
        if last.is_some_and(|last| now.since(last) < LAST_WORDS_EVERY) {
            return Ok(());
        }
        self.silent = Some((since, Some(now)));
        let mut result = Ok(());
        for stop in self.plan.stops.clone() {
            let Some(told) = self.told.get(&stop.id()).copied() else { continue };
            result = result.and(self.send(now, stop));
            // It goes on being told until the second is over.
            self.told.insert(stop.id(), told);
        }
        result.and_then(|()| Err("the hub has been silent: chargers were told to stop".to_owned()))
    }
}

/// Who heard a last stop.
enum Heard {
    /// Nobody was told to charge: there is nothing to stop.
    Nobody,
    /// It went out.
    All,
    /// It did not go out, and why.
    No(String),
}

/// The thread around it.
pub(super) struct TxThread {
    pub(super) epoch: Epoch,
    pub(super) bus: BusId,
    pub(super) outlet: Outlet,
    pub(super) frames: Receiver<Frame>,
    /// What people send by hand, where they may.
    pub(super) hand: Option<(HandDesk, HandReceiver)>,
    pub(super) pulse: Pulse,
    pub(super) inbox: Sender<Event>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why a sending thread woke.
enum Woken {
    Frame(Frame),
    Order(HandOrder),
    Given(Given),
    Time,
    End,
}

impl TxThread {
    /// Waits for something to do; what the hub says goes before what people send.
    fn wait(&self) -> Woken {
        match self.frames.try_recv() {
            Ok(frame) => return Woken::Frame(frame),
            Err(TryRecvError::Disconnected) => return Woken::End,
            Err(TryRecvError::Empty) => {}
        }
        let mut wait = if self.outlet.is_waiting() { LOOK } else { REST };
        let (none, no_given) = (never(), never());
        let (mut orders, mut given) = (&none, &no_given);
        if let Some((desk, receiver)) = &self.hand {
            (orders, given) = (&receiver.orders, &receiver.given);
            let now = self.clock.now();
            wait = desk.next().map_or(wait, |next| wait.min(next.since(now)));
        }
        select! {
            recv(self.frames) -> frame => frame.map_or(Woken::End, Woken::Frame),
            recv(orders) -> order => order.map_or(Woken::End, Woken::Order),
            recv(given) -> given => given.map_or(Woken::End, Woken::Given),
            default(wait) => Woken::Time,
        }
    }

    /// What people send, and what there is to tell of it.
    fn by_hand(&mut self, now: Mono, order: Option<HandOrder>) {
        let (epoch, bus) = (self.epoch, self.bus);
        let Some((desk, _)) = &mut self.hand else { return };
        if let Some(order) = order {
            desk.work(now, order, &mut self.outlet);
        }
        desk.tick(now, &mut self.outlet);
        if let Some(news) = desk.news(now)
            && let Err(error) = self.inbox.try_send(Event::Hand { epoch, bus, news })
            && let Event::Hand { news, .. } = error.into_inner()
        {
            desk.untold(news);
        }
    }

    /// Sends frames of a replay and tells it what became of them. Whatever else is to be sent goes
    /// between them.
    fn replayed(&mut self, mut now: Mono, given: &Given) {
        let Some((desk, receiver)) = &mut self.hand else { return };
        let mut outcomes = Vec::with_capacity(given.frames.len());
        for frame in &given.frames {
            let outcome = desk.replay(now, (given, *frame), &mut self.outlet);
            let goes_on = matches!(outcome, Outcome::Sent | Outcome::Refused(_));
            now = self.clock.now();
            outcomes.push((now, outcome));
            let others = !self.frames.is_empty()
                || !receiver.orders.is_empty()
                || desk.next().is_some_and(|next| next <= now);
            if others || !goes_on {
                break;
            }
        }
        // Its queue has room for the one answer it waits for.
        drop(given.back.try_send(outcomes));
    }

    /// Works until the plant ends. However that comes, whoever was told to charge is told to stop.
    pub(super) fn run(mut self) {
        let _mourner = Mourner::new(self.inbox.clone(), self.epoch, self.bus);
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        self.farewell();
        if let Err(fault) = worked {
            resume_unwind(fault);
        }
    }

    /// Nobody decides any more what is sent here: chargers that were told to charge are told to stop
    /// for a second.
    fn farewell(&mut self) {
        for left in (0..FAREWELLS).rev() {
            // What has made this thread end may do so again, and must not keep it from trying.
            let said = catch_unwind(AssertUnwindSafe(|| self.outlet.farewell(self.clock.now())));
            match said {
                Ok(Heard::Nobody) => return,
                Ok(Heard::All) => {}
                Ok(Heard::No(why)) => tracing::error!(bus = self.bus.0, why, "a stop was not sent"),
                Err(_fault) => tracing::error!(bus = self.bus.0, "a stop was not sent: a fault"),
            }
            if left > 0 {
                std::thread::sleep(LAST_WORDS_EVERY);
            }
        }
    }

    fn work(&mut self) {
        let (epoch, bus) = (self.epoch, self.bus);
        let mut told = None;
        while !self.stop.load(Ordering::SeqCst) {
            let (mut frame, mut order, mut given) = (None, None, None);
            match self.wait() {
                Woken::Frame(one) => frame = Some(one),
                Woken::Order(one) => order = Some(one),
                Woken::Given(one) => given = Some(one),
                Woken::Time => {}
                Woken::End => break,
            }
            let now = self.clock.now();
            if let Some(last) = self.pulse.last() {
                self.outlet.beat(last);
                if let Some((desk, _)) = &mut self.hand {
                    desk.beat(last);
                }
            }
            let sent = frame.map_or(Ok(()), |frame| self.outlet.send(now, frame));
            if let Err(why) = sent.and(self.outlet.tick(now)) {
                // The same again and again is told ten times a second at most.
                if told.is_none_or(|at| now.since(at) >= REST) {
                    told = Some(now);
                    tracing::warn!(bus = bus.0, why, "a frame was not sent");
                    drop(self.inbox.try_send(Event::Unsent { epoch, bus, why }));
                }
            }
            if let Some(given) = given {
                self.replayed(now, &given);
            }
            self.by_hand(now, order);
        }
    }
}

#[cfg(test)]
mod tests;
