//! The sending side of a bus with a wire that remembers, by a clock that the test moves.

use std::sync::Mutex;

use super::*;
use crate::engine::can::bus::SendError;
use crate::engine::can::guard::Cleared;
use crate::engine::device::{Catalog, Device};

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
