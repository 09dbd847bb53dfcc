//! The key in the vehicle's place: what a BMU that misses the vehicle means before, while and after
//! the contactors are closed.

use super::bench::Bench;
use crate::engine::charge::{CheckId, Lease, Message, StopReason};
use crate::engine::device::{Flag, FlagSet, PackState};

fn words(bench: &Bench) -> Vec<u16> {
    let word = |message: &Message| match message {
        Message::Key(word) => Some(*word),
        Message::Give { .. } | Message::Stop | Message::Command(_) | Message::Heartbeat => None,
    };
    bench.sent.iter().filter_map(|(_, message)| word(message)).collect()
}

#[test]
fn a_bmu_that_misses_the_vehicle_before_the_key_is_sent_is_no_fault() {
    let mut bench = Bench::new(0.5);
    let (pack, _) = bench.views();
    assert_eq!(pack.state, Some(PackState::Error));
    assert!(pack.flags.is_some_and(|flags| flags.has(Flag::VehicleTimeout)));
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
}

#[test]
fn a_bmu_that_never_hears_the_key_is_named_and_never_told_to_start() {
    let mut bench = Bench::started(0.5);
    bench.deaf = true;
    bench.run(40.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::KeyHeard));
    assert!(words(&bench).iter().all(|word| *word == 0), "{:?}", words(&bench));
    assert!(bench.station.wish().latches.is_clear(), "nothing has flowed: it is no fault");
    let asked = bench.now;
    bench.run(60.0);
    assert!(!bench.gave_after(asked), "and nothing is tried again");
}

#[test]
fn start_is_not_said_while_a_bmu_still_misses_the_vehicle() {
    let mut bench = Bench::started(0.5);
    bench.bend = |pack, _| pack.flags = Some(FlagSet::of(&[Flag::VehicleTimeout]));
    bench.until("contactors", 10.0);
    bench.run(3.0);
    assert_eq!((bench.state, bench.name()), (PackState::Idle, "contactors"));
    assert!(words(&bench).iter().all(|word| *word == 0), "{:?}", words(&bench));
    // The status comes once a second: a late one costs a second and ends nothing.
    bench.bend = |_, _| {};
    bench.until("constant_current", 5.0);
}

#[test]
fn current_waits_until_a_bmu_in_run_no_longer_misses_the_vehicle() {
    let mut bench = Bench::started(0.5);
    bench.until_key(0x70, 10.0);
    bench.bend = |pack, _| pack.flags = Some(FlagSet::of(&[Flag::VehicleTimeout]));
    bench.run(2.0);
    assert_eq!((bench.state, bench.name()), (PackState::Run, "contactors"));
    bench.bend = |_, _| {};
    bench.until("constant_current", 1.0);
}

#[test]
fn a_bmu_in_run_that_misses_the_vehicle_stops_the_charge_in_one_step() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, _| pack.flags = Some(FlagSet::of(&[Flag::VehicleTimeout]));
    bench.step();
    assert_eq!(bench.name(), "finishing");
    bench.until("fault", 10.0);
    assert_eq!(bench.outcome().why, StopReason::Interlock(CheckId::BmuFlags));
}

#[test]
fn only_run_is_held_and_a_bmu_that_reboots_is_not_started_again() {
    let mut bench = Bench::charging(0.5);
    let from = bench.now;
    bench.run(5.0);
    bench.state = PackState::Error;
    bench.amps = 0.0;
    bench.run(60.0);
    let after = bench.sent.iter().filter(|(at, _)| *at > from);
    let started = after.filter(|(_, message)| *message == Message::Key(0x70)).count();
    assert_eq!(started, 0);
    assert_eq!(bench.outcome().why, StopReason::Interlock(CheckId::BmuState));
}

#[test]
fn a_stop_while_the_contactors_are_still_closing_closes_none() {
    for word in [0x00, 0x70] {
        let mut bench = Bench::started(0.5);
        bench.until_key(word, 10.0);
        bench.run(0.3);
        let from = bench.now;
        bench.station.stop(crate::engine::access::grant::Face::Desktop);
        bench.until("done", 9.3);
        let after = bench.sent.iter().filter(|(at, _)| *at > from);
        let held = after.filter(|(_, m)| matches!(m, Message::Key(word) if *word != 0)).count();
        assert_eq!(held, 0, "after {word:#x}");
        assert_ne!(bench.state, PackState::Run, "after {word:#x}");
    }
}
