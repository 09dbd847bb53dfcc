//! The sending side of a bus with a wire that remembers, by a clock that the test moves.

use std::sync::Mutex;

use super::*;
use crossbeam_channel::bounded;

use crate::base::id::Name;
use crate::base::time::{FakeClock, Wall};
use crate::engine::can::bus::SendError;
use crate::engine::can::dress::Dress;
use crate::engine::can::guard::{Cleared, Reach};
use crate::engine::can::schedule::Schedule;
use crate::engine::device::{Catalog, Device};
use crate::engine::drive::hand::{HandSender, way};
use crate::engine::drive::replay::{Answer, Begun, Gate};
use crate::engine::hub::{HandPlan, HandWork};

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

fn device(kind: &str) -> Device {
    let catalog = Catalog::builtin();
    let kind = catalog.find(kind).unwrap();
    kind.bind(kind.defaults()).unwrap()
}

fn give(amps: f64) -> Frame {
    let values = [("MaxVoltage", 160.0), ("MaxCurrent", amps)];
    device("elcon-tc").encode("Elcon_Command", &values).unwrap()
}

fn stop() -> Frame {
    device("elcon-tc").encode("Elcon_Command", &[("Control", 1.0)]).unwrap()
}

fn key(run: f64) -> Frame {
    device("ev-driver-controls").encode("EVDC_Switches", &[("Run", run)]).unwrap()
}

fn outlet() -> (Wire, Outlet) {
    let mut rules = device("elcon-tc").allows_up_to(198.0, 46.0);
    rules.extend(device("ev-driver-controls").allows());
    let plan =
        SendingPlan { rules, blocks: Vec::new(), stops: vec![stop()], held: vec![key(0.0).id()] };
    let wire = Wire::default();
    (wire.clone(), Outlet::new(Box::new(wire), plan))
}

const fn t(ms: i64) -> Mono {
    Mono::from_millis(ms)
}

#[test]
fn a_frame_that_came_too_soon_goes_out_when_its_time_has_come_the_newest_of_its_kind() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), give(1.0)).unwrap();
    outlet.send(t(30), give(2.0)).unwrap();
    outlet.send(t(60), give(3.0)).unwrap();
    outlet.tick(t(90)).unwrap();
    assert_eq!(wire.take().len(), 1);
    outlet.tick(t(100)).unwrap();
    let sent = wire.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].view().data, give(3.0).view().data);
}

#[test]
fn a_stop_is_not_overtaken_by_what_waited_before_it() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), give(1.0)).unwrap();
    outlet.send(t(1), give(2.0)).unwrap();
    outlet.send(t(2), stop()).unwrap();
    for ms in 3..300 {
        outlet.tick(t(ms)).unwrap();
    }
    let sent = wire.take();
    assert_eq!(sent.last().unwrap().view().data, stop().view().data);
    assert_eq!(sent.len(), 2, "the second command went with the stop");
}

#[test]
fn when_the_hub_is_silent_a_charger_that_was_told_to_charge_is_stopped_again_and_again() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), give(5.0)).unwrap();
    wire.take();
    let mut at = Vec::new();
    for ms in (10..3000).step_by(10) {
        let _said = outlet.tick(t(ms));
        for frame in wire.take() {
            assert_eq!(frame.view().data, stop().view().data);
            at.push(ms);
        }
    }
    assert_eq!(at.first(), Some(&510), "as soon as the patience is over");
    assert!((10..=11).contains(&at.len()) && at.last().is_some_and(|ms| *ms <= 1520), "{at:?}");
    // And nothing else goes out until the hub is back.
    assert!(outlet.send(t(3000), give(5.0)).is_err());
}

#[test]
fn a_charger_that_was_told_to_stop_is_left_alone_when_the_hub_is_silent() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), give(5.0)).unwrap();
    outlet.send(t(1), stop()).unwrap();
    wire.take();
    for ms in (10..3000).step_by(10) {
        outlet.tick(t(ms)).unwrap();
    }
    assert!(wire.take().is_empty());
}

#[test]
fn the_switches_are_held_while_the_hub_is_late_and_never_longer_than_its_patience() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), key(1.0)).unwrap();
    let mut at = Vec::new();
    wire.take();
    for ms in (10..2000).step_by(10) {
        let _said = outlet.tick(t(ms));
        at.extend(wire.take().iter().map(|_| ms));
    }
    assert_eq!(at, [150, 300, 450]);
}

#[test]
fn a_hub_that_rests_after_a_stop_is_no_fault_of_the_bus() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    outlet.send(t(0), give(5.0)).unwrap();
    outlet.send(t(0), key(1.0)).unwrap();
    outlet.send(t(10), stop()).unwrap();
    wire.take();
    for ms in (20..3000).step_by(10) {
        outlet.tick(t(ms)).unwrap();
    }
}

#[test]
fn what_was_decided_before_a_freeze_does_not_go_out_beside_a_fresh_heartbeat() {
    let (wire, mut outlet) = outlet();
    // Decided at 0, and in the queue while the program was frozen; the hub has decided anew since.
    outlet.beat(t(6000));
    let said = outlet.send(t(6001), give(5.0).at(t(0))).unwrap_err();
    assert!(said.contains("waited too long"), "{said}");
    assert_eq!(wire.take(), []);
    outlet.send(t(6002), stop().at(t(0))).unwrap();
    assert_eq!(wire.take().len(), 1, "a stop is never too old");
    outlet.send(t(6200), give(5.0).at(t(5900))).unwrap();
    assert_eq!(wire.take().len(), 1);
}

#[test]
fn what_the_guard_keeps_back_is_told() {
    let (wire, mut outlet) = outlet();
    outlet.beat(t(0));
    let said = outlet.send(t(0), give(46.1)).unwrap_err();
    assert!(said.contains("at most 460"), "{said}");
    let bmu = Frame::classic(Id::standard(0x6F0).unwrap(), &[0; 8]).unwrap();
    assert!(outlet.send(t(0), bmu).unwrap_err().contains("not on the list"));
    assert!(wire.take().is_empty());
}

/// A wire that fails by a fault of the program at its second frame.
struct Broken(Wire, u32);

impl BusTx for Broken {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        self.1 += 1;
        assert!(self.1 != 2, "the wire falls, as a test wants it");
        self.0.transmit(frame)
    }
}

fn thread(tx: Box<dyn BusTx>) -> (TxThread, Sender<Frame>, Receiver<Event>) {
    let clock = crate::base::time::SystemClock::new();
    let pulse = Pulse::new();
    pulse.beat(clock.now());
    let rules = device("elcon-tc").allows_up_to(198.0, 46.0);
    let plan = SendingPlan { rules, stops: vec![stop()], ..SendingPlan::default() };
    let (queue, frames) = crossbeam_channel::bounded(QUEUE);
    let (inbox, events) = crossbeam_channel::bounded(QUEUE);
    let thread = TxThread {
        epoch: Epoch(1),
        bus: BusId(0),
        outlet: Outlet::new(tx, plan),
        frames,
        hand: None,
        pulse,
        inbox,
        stop: Arc::default(),
        clock,
    };
    (thread, queue, events)
}

#[test]
fn a_sending_thread_that_falls_tells_the_charger_to_stop_and_the_hub_that_it_fell() {
    let wire = Wire::default();
    let (thread, queue, events) = thread(Box::new(Broken(wire.clone(), 0)));
    for amps in [1.0, 2.0, 3.0] {
        queue.send(give(amps)).unwrap();
    }
    // The second command that goes out brings it down.
    assert!(std::thread::spawn(|| thread.run()).join().is_err());
    let sent = wire.take();
    let stops = sent.iter().filter(|frame| frame.view().data == stop().view().data).count();
    assert!(stops >= 9, "{stops} stops");
    assert_eq!(sent.last().unwrap().view().data, stop().view().data);
    let failed =
        |event: &Event| matches!(event, Event::Bus { status, .. } if status.sentence.is_some());
    assert!(events.try_iter().any(|event| failed(&event)));
    drop(queue);
}

#[test]
fn a_sending_thread_whose_hub_is_gone_tells_the_charger_to_stop() {
    let wire = Wire::default();
    let (thread, queue, _events) = thread(Box::new(wire.clone()));
    queue.send(give(5.0)).unwrap();
    drop(queue);
    thread.run();
    let sent = wire.take();
    assert_eq!(sent.len(), 11, "one command and ten stops");
    assert!(sent.iter().skip(1).all(|frame| frame.view().data == stop().view().data));
}

/// A wire that shuts the gate of a replay with its third frame.
struct Shutting(Wire, Gate);

impl BusTx for Shutting {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        self.0.transmit(frame)?;
        if self.0.0.lock().unwrap().len() == 3 {
            self.1.shut();
        }
        Ok(())
    }
}

/// A sending thread that is not running, with the ends of its queues.
fn with_hand(tx: Box<dyn BusTx>) -> (TxThread, Sender<Frame>, Receiver<Event>, HandSender) {
    let (frames, waiting) = bounded(QUEUE);
    let (inbox, events) = bounded(1);
    let (sender, receiver) = way();
    let mut desk = HandDesk::new(&HandPlan { blocks: Vec::new(), reach: Reach::Within }, &receiver);
    desk.beat(t(0));
    let thread = TxThread {
        epoch: Epoch(1),
        bus: BusId(0),
        outlet: Outlet::new(tx, SendingPlan::default()),
        frames: waiting,
        hand: Some((desk, receiver)),
        pulse: Pulse::new(),
        inbox,
        stop: Arc::default(),
        clock: FakeClock::new(Wall::from_nanos(0)),
    };
    (thread, frames, events, sender)
}

fn given(gate: &Gate) -> (Given, Receiver<Answer>) {
    let (back, answers) = bounded(1);
    let frame = |n| Frame::classic(Id::standard(n).unwrap(), &[]).unwrap();
    let frames = (1..=10).map(frame).collect();
    let (pass, begun) = (gate.pass().unwrap(), Begun::default());
    (Given { frames, gate: gate.clone(), pass, begun, back }, answers)
}

#[test]
fn of_frames_of_a_replay_that_came_together_none_goes_out_after_a_word_to_stand_still() {
    let (wire, gate) = (Wire::default(), Gate::default());
    gate.open();
    let (mut thread, _frames, _events, _hand) =
        with_hand(Box::new(Shutting(wire.clone(), gate.clone())));
    let (given, answers) = given(&gate);
    thread.replayed(t(0), &given);
    assert_eq!(wire.take().len(), 3);
    let outcomes: Vec<Outcome> = answers.recv().unwrap().into_iter().map(|(_, one)| one).collect();
    assert_eq!(outcomes, [Outcome::Sent, Outcome::Sent, Outcome::Sent, Outcome::Void]);
}

#[test]
fn what_the_hub_sends_does_not_wait_behind_the_frames_of_a_replay() {
    let (wire, gate) = (Wire::default(), Gate::default());
    gate.open();
    let (mut thread, frames, _events, _hand) = with_hand(Box::new(wire.clone()));
    frames.try_send(stop()).unwrap();
    let (given, answers) = given(&gate);
    thread.replayed(t(0), &given);
    assert_eq!(wire.take().len(), 1);
    assert_eq!(answers.recv().unwrap().len(), 1, "of the others nothing did become");
}

#[test]
fn what_became_of_a_schedule_is_told_once_the_hub_has_room_again() {
    let (mut thread, _frames, events, mut hand) = with_hand(Box::new(Wire::default()));
    thread.inbox.try_send(Event::Tick).unwrap();
    let frame = Frame::classic(Id::standard(1).unwrap(), &[]).unwrap();
    let (name, every) = (Name::new("s").unwrap(), Duration::from_millis(10));
    let schedule = Schedule { name, frame, every, times: None, dress: Dress::default() };
    // Nobody has armed the bus.
    hand.send(HandWork::Start(7, Box::new(schedule))).unwrap();
    let order = thread.hand.as_ref().unwrap().1.orders.recv().unwrap();
    thread.by_hand(t(0), Some(order));
    assert!(matches!(events.recv(), Ok(Event::Tick)));
    assert!(events.try_recv().is_err(), "there was no room for it");
    thread.by_hand(t(300), None);
    let Ok(Event::Hand { news, .. }) = events.try_recv() else { panic!("it is told") };
    assert!(matches!(news.ended.as_slice(), [(7, why)] if why.contains("no longer armed")));
}
