//! What people send by hand, within the sending thread of a bus: its guard, what is scheduled and
//! when that is due. Silencing overtakes whatever waits in the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::base::id::Name;
use crate::base::time::Mono;
use crate::engine::can::frame::Frame;
use crate::engine::can::guard::{HandGuard, Reach};
use crate::engine::can::replay::Outcome;
use crate::engine::can::schedule::Timetable;
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

/// The near end of the way to a sending thread.
#[derive(Clone, Debug)]
pub(super) struct HandSender {
    orders: Sender<(u64, HandWork)>,
    given: Sender<Given>,
    /// Orders of a lower number than this are void.
    silenced: Arc<AtomicU64>,
    number: Arc<AtomicU64>,
}

/// Its far end.
pub(super) struct HandReceiver {
    pub(super) orders: Receiver<(u64, HandWork)>,
    /// Frames of replays, each of which has one on its way.
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
        number: Arc::new(AtomicU64::new(1)),
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
    /// Too many wait already. Silencing works all the same.
    pub(super) fn send(&self, work: HandWork) -> Result<(), String> {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let silence = matches!(work, HandWork::Silence);
        if silence {
            self.silenced.store(number, Ordering::SeqCst);
        }
        match self.orders.try_send((number, work)) {
            Ok(()) => Ok(()),
            // A full queue means that the thread is awake and looks at the number.
            Err(TrySendError::Full(_)) if silence => Ok(()),
            Err(TrySendError::Full(_)) => Err("too many orders wait to be sent".to_owned()),
            Err(TrySendError::Disconnected(_)) => Err("this bus takes no frames".to_owned()),
        }
    }
}

/// What a sending thread does for people.
pub(super) struct HandDesk {
    guard: HandGuard,
    /// The guard of replays: armed with the other, but for a bus within the program.
    replays: HandGuard,
    reach: Reach,
    table: Timetable,
    silenced: (u64, Arc<AtomicU64>),
    ended: Vec<(Name, String)>,
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
            silenced: (0, Arc::clone(&receiver.silenced)),
            ended: Vec::new(),
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
    pub(super) fn work(&mut self, now: Mono, order: (u64, HandWork), outlet: &mut Outlet) {
        self.hush();
        let (number, work) = order;
        if number < self.silenced.0 {
            return;
        }
        match work {
            HandWork::Arm(until) => self.arm(until),
            HandWork::Silence => self.silence(),
            HandWork::Send(frames) => {
                for frame in frames {
                    if let Err(why) = outlet.send_by_hand(now, frame, &mut self.guard) {
                        self.refused = Some(why);
                        return;
                    }
                }
            }
            HandWork::Start(schedule) => {
                let name = schedule.name.clone();
                if let Err(error) = self.table.start(now, *schedule) {
                    self.ended.push((name, error.to_string()));
                }
            }
            HandWork::Stop(name) => self.table.stop(&name),
        }
    }

    /// Sends what is due.
    pub(super) fn tick(&mut self, now: Mono, outlet: &mut Outlet) {
        self.hush();
        let Some(next) = self.table.next() else { return };
        let alive = self.heard.is_some_and(|at| now.since(at) <= PATIENCE);
        if !alive || !self.guard.is_armed(now) {
            let why = if alive { "the bus is no longer armed" } else { "the hub was silent" };
            let names = self.table.figures().into_iter();
            self.ended.extend(names.map(|(name, _)| (name, why.to_owned())));
            self.table.clear();
            return;
        }
        if next > now {
            return;
        }
        let before = self.names();
        let (guard, refused) = (&mut self.guard, &mut self.refused);
        self.table.send_due(now, |frame: Frame| {
            let sent = outlet.send_by_hand(now, frame, guard);
            sent.map_err(|why| *refused = Some(why)).is_ok()
        });
        let left = self.names();
        let over = before.into_iter().filter(|name| !left.contains(name));
        self.ended.extend(over.map(|name| (name, "it was sent as often as asked".to_owned())));
    }

    fn names(&self) -> Vec<Name> {
        self.table.names().cloned().collect()
    }

    /// A bus within the program takes replays armed or not.
    const fn arm(&mut self, until: Mono) {
        self.guard.arm(until);
        if matches!(self.reach, Reach::Wire) {
            self.replays.arm(until);
        }
    }

    /// Sends a frame of a replay, where the word it was given under still stands.
    pub(super) fn replay(&mut self, now: Mono, given: &Given, outlet: &mut Outlet) -> Outcome {
        self.hush();
        if !given.gate.lets(given.pass) {
            return Outcome::Void;
        }
        match outlet.send_replayed(now, given.frame, &mut self.replays) {
            Ok(()) => Outcome::Sent,
            Err(why) => why.outcome(now, &self.replays),
        }
    }

    fn silence(&mut self) {
        self.guard.silence();
        if matches!(self.reach, Reach::Wire) {
            self.replays.silence();
        }
        self.table.clear();
    }

    /// Looks whether it was silenced since it last looked.
    fn hush(&mut self) {
        let newest = self.silenced.1.load(Ordering::SeqCst);
        if newest > self.silenced.0 {
            self.silenced.0 = newest;
            self.silence();
        }
    }

    /// What there is to tell, a few times a second.
    pub(super) fn news(&mut self, now: Mono) -> Option<HandNews> {
        let quiet = self.table.next().is_none();
        let nothing = quiet && self.ended.is_empty() && self.refused.is_none();
        if nothing || self.told.is_some_and(|at| now.since(at) < NEWS) {
            return None;
        }
        self.told = Some(now);
        let (ended, refused) = (std::mem::take(&mut self.ended), self.refused.take());
        Some(HandNews { figures: self.table.figures(), ended, refused })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::can::bus::{BusTx, SendError};
    use crate::engine::can::dress::Dress;
    use crate::engine::can::frame::Id;
    use crate::engine::can::guard::{Block, Cleared};
    use crate::engine::can::replay::Refusal;
    use crate::engine::can::schedule::Schedule;
    use crate::engine::device::{Catalog, Device};
    use crate::engine::drive::replay::Gate;
    use crate::engine::hub::SendingPlan;

    #[derive(Clone, Default)]
    struct Wire(Arc<Mutex<Vec<Frame>>>);

    impl BusTx for Wire {
        fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
            self.0.lock().unwrap().push(frame.into_frame());
            Ok(())
        }
    }

    impl Wire {
        fn take(&self) -> Vec<Frame> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    struct Bench {
        wire: Wire,
        outlet: Outlet,
        desk: HandDesk,
        sender: HandSender,
        receiver: HandReceiver,
    }

    fn t(ms: i64) -> Mono {
        Mono::from_millis(ms)
    }

    fn frame(raw: u32) -> Frame {
        Frame::classic(Id::guess(raw).unwrap(), &[1]).unwrap()
    }

    fn bench(plan: SendingPlan) -> Bench {
        bench_of(plan, Reach::Wire)
    }

    fn bench_of(plan: SendingPlan, reach: Reach) -> Bench {
        let wire = Wire::default();
        let mut outlet = Outlet::new(Box::new(wire.clone()), plan);
        let (sender, receiver) = way();
        let blocks = vec![Block { ids: 0x6F0..=0x6FF, extended: false }];
        let mut desk = HandDesk::new(&HandPlan { blocks, reach }, &receiver);
        desk.beat(t(0));
        outlet.beat(t(0));
        Bench { wire, outlet, desk, sender, receiver }
    }

    impl Bench {
        fn give(&mut self, now: Mono, work: HandWork) {
            self.sender.send(work).unwrap();
            self.run(now);
        }

        fn run(&mut self, now: Mono) {
            while let Ok(order) = self.receiver.orders.try_recv() {
                self.desk.work(now, order, &mut self.outlet);
            }
            self.desk.tick(now, &mut self.outlet);
        }
    }

    fn schedule(raw: u32, ms: u64, times: Option<u64>) -> HandWork {
        let every = Duration::from_millis(ms);
        let name = Name::new("s").unwrap();
        let dress = Dress::default();
        HandWork::Start(Box::new(Schedule { name, frame: frame(raw), every, times, dress }))
    }

    #[test]
    fn only_an_armed_bus_takes_what_people_send_and_a_refusal_is_told() {
        let mut bench = bench(SendingPlan::default());
        bench.give(t(0), HandWork::Send(vec![frame(0x100)]));
        assert!(bench.wire.take().is_empty());
        let news = bench.desk.news(t(0)).unwrap();
        assert!(news.refused.unwrap().contains("not armed"));
        bench.give(t(1), HandWork::Arm(t(400)));
        bench.give(t(1), HandWork::Send(vec![frame(0x100), frame(0x101)]));
        assert_eq!(bench.wire.take().len(), 2);
        bench.give(t(2), HandWork::Send(vec![frame(0x6F0), frame(0x100)]));
        assert!(bench.wire.take().is_empty(), "what follows a refused frame is not sent either");
        assert!(bench.desk.news(t(300)).unwrap().refused.unwrap().contains("may never be sent"));
    }

    #[test]
    fn a_schedule_goes_on_until_the_bus_is_silenced_even_with_a_full_queue() {
        let mut bench = bench(SendingPlan::default());
        bench.give(t(0), HandWork::Arm(t(60_000)));
        bench.give(t(0), schedule(0x100, 10, None));
        for ms in 1..=100 {
            bench.run(t(ms));
        }
        assert_eq!(bench.wire.take().len(), 11);
        while bench.sender.send(HandWork::Send(vec![frame(0x200)])).is_ok() {}
        bench.sender.send(HandWork::Silence).unwrap();
        bench.run(t(120));
        assert!(bench.wire.take().is_empty(), "what waited before the silence is void");
        bench.give(t(121), HandWork::Arm(t(60_000)));
        bench.run(t(200));
        assert!(bench.wire.take().is_empty(), "and no schedule resumes by itself");
        bench.give(t(201), HandWork::Send(vec![frame(0x200)]));
        assert_eq!(bench.wire.take().len(), 1);
    }

    #[test]
    fn a_silent_hub_ends_every_schedule_and_none_resumes_when_it_is_back() {
        let mut bench = bench(SendingPlan::default());
        bench.give(t(0), HandWork::Arm(t(60_000)));
        bench.give(t(0), schedule(0x100, 10, None));
        for ms in 1..=3000 {
            bench.run(t(ms));
        }
        assert_eq!(bench.wire.take().len(), 201, "until the patience is over");
        let news = bench.desk.news(t(3000)).unwrap();
        assert!(news.ended[0].1.contains("the hub was silent"));
        bench.desk.beat(t(3001));
        bench.run(t(3100));
        assert!(bench.wire.take().is_empty());
    }

    #[test]
    fn the_time_of_arming_ends_a_schedule_and_one_with_a_number_ends_by_itself() {
        let mut bench = bench(SendingPlan::default());
        bench.give(t(0), HandWork::Arm(t(105)));
        bench.give(t(0), schedule(0x100, 10, None));
        (1..=300).for_each(|ms| bench.run(t(ms)));
        assert_eq!(bench.wire.take().len(), 11);
        assert!(bench.desk.news(t(300)).unwrap().ended[0].1.contains("no longer armed"));
        bench.give(t(301), HandWork::Arm(t(60_000)));
        bench.give(t(301), schedule(0x100, 10, Some(3)));
        (302..=400).for_each(|ms| bench.run(t(ms)));
        assert_eq!(bench.wire.take().len(), 3);
        assert!(bench.desk.news(t(600)).unwrap().ended[0].1.contains("as often as asked"));
    }

    #[test]
    fn what_a_charge_sends_itself_is_not_sent_by_hand_while_it_does() {
        let catalog = Catalog::builtin();
        let kind = catalog.find("elcon-tc").unwrap();
        let device: Device = kind.bind(kind.defaults()).unwrap();
        let give = device.charger_frame(Some((160.0, 5.0))).unwrap();
        let stop = device.charger_frame(None).unwrap();
        let rules = device.allows_up_to(198.0, 46.0);
        let mut bench = bench(SendingPlan { rules, ..SendingPlan::default() });
        bench.give(t(0), HandWork::Arm(t(60_000)));
        bench.outlet.send(t(0), give).unwrap();
        bench.wire.take();
        bench.give(t(1), HandWork::Send(vec![give]));
        assert!(bench.wire.take().is_empty());
        assert!(bench.desk.news(t(1)).unwrap().refused.unwrap().contains("belongs to the charge"));
        bench.outlet.send(t(2), stop).unwrap();
        bench.wire.take();
        bench.give(t(3), HandWork::Send(vec![stop]));
        assert_eq!(bench.wire.take().len(), 1);
    }

    /// Gives a frame of a replay under the word that stands.
    fn replayed(bench: &mut Bench, now: Mono, gate: &Gate, raw: u32) -> Outcome {
        let (back, _answers) = bounded(1);
        let pass = gate.pass().unwrap_or_default();
        let given = Given { frame: frame(raw), gate: gate.clone(), pass, back };
        bench.desk.replay(now, &given, &mut bench.outlet)
    }

    fn open() -> Gate {
        let gate = Gate::default();
        gate.open();
        gate
    }

    #[test]
    fn a_replay_goes_onto_a_wire_only_while_it_is_armed_and_within_the_program_at_will() {
        let gate = open();
        let mut wire = bench(SendingPlan::default());
        let said = replayed(&mut wire, t(0), &gate, 0x100);
        assert!(matches!(said, Outcome::Halt(why) if why.contains("not armed")));
        wire.give(t(1), HandWork::Arm(t(100)));
        assert_eq!(replayed(&mut wire, t(99), &gate, 0x100), Outcome::Sent);
        assert!(matches!(replayed(&mut wire, t(100), &gate, 0x100), Outcome::Halt(_)));
        wire.give(t(101), HandWork::Arm(t(60_000)));
        wire.sender.send(HandWork::Silence).unwrap();
        // Not even the queue has been looked at, and nothing goes out any more.
        assert!(matches!(replayed(&mut wire, t(102), &gate, 0x100), Outcome::Halt(_)));
        assert_eq!(wire.wire.take().len(), 1);
        let mut within = bench_of(SendingPlan::default(), Reach::Within);
        assert_eq!(replayed(&mut within, t(0), &gate, 0x100), Outcome::Sent);
        // The hub has been silent for longer than its patience.
        assert!(matches!(replayed(&mut within, t(2001), &gate, 0x100), Outcome::Halt(_)));
    }

    #[test]
    fn what_may_never_be_sent_is_refused_by_its_reason_and_the_rest_goes_on() {
        let gate = open();
        let mut bench = bench_of(SendingPlan::default(), Reach::Within);
        let blocked = Outcome::Refused(Refusal::Blocked);
        assert_eq!(replayed(&mut bench, t(0), &gate, 0x6F0), blocked);
        assert_eq!(replayed(&mut bench, t(0), &gate, 0x100), Outcome::Sent);
        let mut later = 0;
        for _ in 0..10_000 {
            later += usize::from(matches!(
                replayed(&mut bench, t(0), &gate, 0x100),
                Outcome::Later(until) if until > t(0)
            ));
        }
        assert!(later > 0, "what is too much waits, and is not lost");
    }

    #[test]
    fn after_a_word_to_stand_still_what_was_given_and_not_sent_stays_unsent() {
        let gate = open();
        let mut bench = bench_of(SendingPlan::default(), Reach::Within);
        let (back, _answers) = bounded(1);
        let pass = gate.pass().unwrap();
        let given = Given { frame: frame(0x100), gate: gate.clone(), pass, back };
        gate.shut();
        assert_eq!(bench.desk.replay(t(0), &given, &mut bench.outlet), Outcome::Void);
        gate.open();
        // A word to go on is for what comes after it.
        assert_eq!(bench.desk.replay(t(0), &given, &mut bench.outlet), Outcome::Void);
        assert!(bench.wire.take().is_empty());
        assert_eq!(replayed(&mut bench, t(0), &gate, 0x100), Outcome::Sent);
    }
}
