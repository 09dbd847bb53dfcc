//! The desk of a sending thread for what people send, on a wire that remembers.

use std::sync::Mutex;

use super::*;
use crate::engine::can::bus::{BusTx, SendError};
use crate::engine::can::dress::Dress;
use crate::engine::can::frame::Id;
use crate::engine::can::guard::{Block, Cleared};
use crate::engine::can::replay::Refusal;
use crate::engine::device::{Catalog, Device};
use crate::engine::drive::replay::{Begun, Gate};
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
    let dress = Dress::default();
    let schedule = Schedule { name: name("s"), frame: frame(raw), every, times, dress };
    HandWork::Start(u64::from(raw), Box::new(schedule))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn sent(news: &HandNews, number: u64) -> u64 {
    news.figures.iter().find(|(own, _)| *own == number).unwrap().1.sent
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
    let news = bench.desk.news(t(600)).unwrap();
    assert!(news.ended[0].1.contains("as often as asked"));
    assert_eq!(sent(&news, 0x100), 3, "the last word of it is how often it was sent");
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
    let given =
        Given { frames: vec![frame(raw)], gate: gate.clone(), pass, begun: Begun::default(), back };
    bench.desk.replay(now, (&given, frame(raw)), &mut bench.outlet)
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
    let one = frame(0x100);
    let given =
        Given { frames: vec![one], gate: gate.clone(), pass, begun: Begun::default(), back };
    gate.shut();
    assert_eq!(bench.desk.replay(t(0), (&given, one), &mut bench.outlet), Outcome::Void);
    gate.open();
    // A word to go on is for what comes after it.
    assert_eq!(bench.desk.replay(t(0), (&given, one), &mut bench.outlet), Outcome::Void);
    assert!(bench.wire.take().is_empty());
    assert_eq!(replayed(&mut bench, t(0), &gate, 0x100), Outcome::Sent);
}

#[test]
fn a_schedule_that_was_stopped_sends_nothing_more_even_with_a_full_queue() {
    let mut bench = bench(SendingPlan::default());
    bench.give(t(0), HandWork::Arm(t(60_000)));
    bench.give(t(0), schedule(0x100, 10, None));
    assert_eq!(bench.wire.take().len(), 1);
    while bench.sender.send(HandWork::Send(vec![frame(0x200)])).is_ok() {}
    bench.sender.send(HandWork::Stop(name("s"))).unwrap();
    // Not one of the orders that wait has been looked at.
    bench.desk.tick(t(10), &mut bench.outlet);
    assert!(bench.wire.take().is_empty());
    bench.run(t(500));
    assert!(bench.wire.take().iter().all(|sent| sent.id().raw() == 0x200));
}

#[test]
fn an_order_to_start_that_still_waits_is_stopped_too_and_the_next_of_its_name_is_not() {
    let mut bench = bench(SendingPlan::default());
    bench.give(t(0), HandWork::Arm(t(60_000)));
    bench.sender.send(schedule(0x100, 10, None)).unwrap();
    bench.sender.send(HandWork::Stop(name("s"))).unwrap();
    bench.sender.send(schedule(0x101, 10, None)).unwrap();
    (0..100).for_each(|ms| bench.run(t(ms)));
    let sent: Vec<u32> = bench.wire.take().iter().map(|sent| sent.id().raw()).collect();
    assert_eq!(sent, [0x101; 10]);
    for n in 0..1000 {
        bench.give(t(100), schedule(0x100 + n, 1000, Some(1)));
    }
    assert!(bench.sender.started.len() <= 2, "what has ended is forgotten");
}

#[test]
fn one_that_takes_the_place_of_another_and_does_not_fit_leaves_neither_running() {
    let mut bench = bench(SendingPlan::default());
    bench.give(t(0), HandWork::Arm(t(60_000)));
    bench.give(t(0), schedule(0x100, 10, None));
    bench.wire.take();
    while bench.sender.send(HandWork::Send(vec![frame(0x200)])).is_ok() {}
    let said = bench.sender.send(schedule(0x101, 10, None)).unwrap_err();
    assert!(said.contains("too many orders"), "{said}");
    bench.run(t(500));
    assert!(bench.wire.take().iter().all(|sent| sent.id().raw() == 0x200));
}

#[test]
fn news_that_the_hub_had_no_room_for_are_told_again() {
    let mut bench = bench(SendingPlan::default());
    bench.give(t(0), HandWork::Arm(t(60_000)));
    bench.give(t(0), schedule(0x100, 10, Some(1)));
    bench.give(t(1), HandWork::Send(vec![frame(0x6F0)]));
    let lost = bench.desk.news(t(1)).unwrap();
    assert_eq!(lost.ended.len(), 1);
    bench.desk.untold(lost);
    assert!(bench.desk.news(t(100)).is_none(), "a few times a second");
    bench.give(t(101), schedule(0x102, 10, Some(1)));
    let told = bench.desk.news(t(201)).unwrap();
    let ended: Vec<u64> = told.ended.iter().map(|(number, _)| *number).collect();
    assert_eq!(ended, [0x100, 0x102]);
    assert!(told.refused.unwrap().contains("may never be sent"));
}

#[test]
fn the_figures_of_a_schedule_that_was_stopped_are_told_once_more() {
    let mut bench = bench(SendingPlan::default());
    bench.give(t(0), HandWork::Arm(t(60_000)));
    bench.give(t(0), schedule(0x100, 10, None));
    let news = bench.desk.news(t(0)).unwrap();
    assert_eq!(sent(&news, 0x100), 1);
    (1..=95).for_each(|ms| bench.run(t(ms)));
    bench.give(t(96), HandWork::Stop(name("s")));
    let news = bench.desk.news(t(300)).unwrap();
    assert_eq!((sent(&news, 0x100), news.ended.len()), (10, 0));
    bench.desk.untold(news);
    assert_eq!(sent(&bench.desk.news(t(600)).unwrap(), 0x100), 10, "there was no room for it");
    assert!(bench.desk.news(t(900)).is_none(), "once");
    bench.give(t(901), schedule(0x101, 10, None));
    (902..=950).for_each(|ms| bench.run(t(ms)));
    bench.give(t(951), HandWork::Silence);
    assert_eq!(sent(&bench.desk.news(t(1200)).unwrap(), 0x101), 5);
}
