//! Stops: from every state, whatever anybody answers, within their bounds.

use std::time::Duration;

use super::bench::Bench;
use crate::base::units::Amps;
use crate::engine::access::grant::Face;
use crate::engine::charge::{CheckId, Lease, Message, Standing, StopReason};

/// The longest a stop may take, by the usual rules, and one cycle.
const BOUND: f64 = 6.0 + 3.0 + 0.3;

#[test]
fn a_stop_ends_every_state_within_its_bound() {
    for state in ["checking", "preconditioning", "contactors", "constant_current"] {
        let mut bench = Bench::started(0.5);
        bench.until(state, 30.0);
        let from = bench.now;
        bench.station.stop(Face::Desktop);
        bench.step();
        assert!(matches!(bench.name(), "finishing" | "done"), "{state}: {}", bench.name());
        assert!(!bench.gave_after(from), "{state}");
        let took = bench.until("done", BOUND);
        assert!(took <= 3.0, "{state}: a willing charger is off soon, not after {took} s");
        bench.run(60.0);
        assert!(!bench.gave_after(from), "{state}: nothing resumes");
        assert!(bench.station.wish().latches.local_stop);
    }
}

#[test]
fn a_stop_ends_the_late_states_too() {
    type Begin = fn() -> Bench;
    let late: [(&str, Begin); 4] = [
        ("taper", || {
            let mut bench = Bench::started(0.95);
            bench.until("taper", 3000.0);
            bench
        }),
        ("balance_hold", || {
            let mut bench = Bench::started(0.955);
            bench.socs = (0.958, 0.94);
            bench.until("balance_hold", 9000.0);
            bench
        }),
        ("paused", || {
            let mut bench = Bench::charging(0.5);
            bench.bend = |pack, _| pack.fast_age = Some(std::time::Duration::from_millis(1500));
            bench.step();
            bench
        }),
        ("engaged", || {
            let mut bench = Bench::new(0.5);
            bench.station.engage().unwrap();
            bench.until("engaged", 20.0);
            bench
        }),
    ];
    for (state, begin) in late {
        let mut bench = begin();
        assert_eq!(bench.name(), state);
        bench.bend = |_, _| {};
        let from = bench.now;
        bench.station.stop(Face::Web);
        bench.step();
        assert_eq!(bench.name(), "finishing", "{state}");
        bench.until("done", BOUND);
        assert!(!bench.gave_after(from), "{state}");
    }
}

#[test]
fn a_stop_is_told_ten_times_in_its_first_second_while_the_current_lasts() {
    let mut bench = Bench::charging(0.5);
    bench.obeys = false;
    let from = bench.now;
    bench.station.stop(Face::Web);
    bench.run(1.0);
    assert!(bench.stops_after(from) >= 10, "{}", bench.stops_after(from));
    bench.run(4.0);
    assert!(bench.stops_after(from) >= 13, "and on, once a second");
}

#[test]
fn a_stop_ends_though_charger_and_contactors_do_not_follow() {
    let mut bench = Bench::charging(0.5);
    bench.obeys = false;
    bench.moves = false;
    bench.station.stop(Face::Api);
    bench.until("fault", BOUND);
    let outcome = bench.outcome();
    assert!(!outcome.current_gone && !outcome.opened);
    assert!(outcome.under_load.is_some_and(|amps| amps.get() > 9.0));
    let from = bench.now;
    bench.run(5.0);
    assert!(bench.stops_after(from) >= 4, "a charger that still delivers is told so");
    assert!(bench.station.still_stops());
    // Cleared or not: it was never seen to be off.
    bench.station.clear(Face::Desktop);
    let from = bench.now;
    bench.run(5.0);
    assert!(bench.stops_after(from) >= 4);
}

#[test]
fn a_stop_ends_though_nobody_is_heard_any_more() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, charger| {
        *pack = Default::default();
        *charger = Default::default();
    };
    let from = bench.now;
    bench.step();
    assert_eq!(bench.name(), "finishing");
    bench.until("fault", BOUND);
    assert!(!bench.gave_after(from));
    assert!(matches!(bench.outcome().why, StopReason::Interlock(_)));
}

#[test]
fn contactors_open_only_when_the_current_is_gone() {
    let mut bench = Bench::charging(0.5);
    bench.station.stop(Face::Desktop);
    let mut amps_before = bench.amps;
    for _ in 0..100 {
        if bench.key == Some(0) {
            break;
        }
        amps_before = bench.amps;
        bench.step();
    }
    assert_eq!(bench.key, Some(0));
    assert!(amps_before < 0.5, "{amps_before}");
}

#[test]
fn what_was_said_before_a_stop_does_not_show_that_the_current_is_gone() {
    let mut bench = Bench::charging(0.5);
    // Readings of nine tenths of a second ago, in which hardly anything flowed.
    bench.bend = |pack, charger| {
        (pack.fast_age, pack.current) = (Some(Duration::from_millis(900)), Some(Amps(0.1)));
        (charger.age, charger.current) = (Some(Duration::from_millis(900)), Some(Amps(0.1)));
    };
    bench.station.stop(Face::Desktop);
    bench.run(0.8);
    assert_eq!((bench.name(), bench.key), ("finishing", Some(0x30)), "the contactors are held");
    bench.run(0.4);
    assert_eq!(bench.key, Some(0), "what came after it shows it");
}

#[test]
fn a_stop_where_nothing_runs_stands_against_the_next_start() {
    for face in [Face::Web, Face::Api, Face::Desktop, Face::CommandLine] {
        let mut bench = Bench::new(0.5);
        bench.station.stop(face);
        bench.run(1.0);
        bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
        bench.run(10.0);
        assert!(bench.sent.is_empty(), "{face:?}");
        assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::Latches));
    }
}

#[test]
fn a_latched_stop_at_the_machine_is_cleared_only_there() {
    let mut bench = Bench::charging(0.5);
    bench.station.stop(Face::Desktop);
    bench.until("done", BOUND);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.run(10.0);
    assert!(matches!(bench.outcome().why, StopReason::NotReady(_)), "the latch stands in the way");
    assert!(bench.station.clear(Face::Web).local_stop, "not from elsewhere");
    assert!(bench.station.clear(Face::Desktop).is_clear());
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
}

#[test]
fn whoever_leaves_and_wanted_it_to_stop_then_stops_it() {
    let mut bench = Bench::new(0.5);
    bench.station.start(Bench::set(), Lease::WhilePresent { present: true }).unwrap();
    bench.until("constant_current", 30.0);
    bench.station.presence(false.into());
    bench.until("done", BOUND);
    assert_eq!(bench.outcome().why, StopReason::Left);
}

#[test]
fn whoever_may_no_longer_stops_what_was_started() {
    let mut bench = Bench::charging(0.5);
    bench.station.permit(Standing::MayNot);
    let from = bench.now;
    bench.until("finishing", 0.2);
    bench.until("done", BOUND);
    assert_eq!(bench.outcome().why, StopReason::NotPermitted);
    bench.station.permit(Standing::May);
    bench.run(30.0);
    assert!(!bench.gave_after(from), "and it does not go on with the right given back");
}

#[test]
fn the_end_of_the_program_stops_first() {
    let mut bench = Bench::charging(0.5);
    bench.station.end(StopReason::Shutdown);
    bench.until("done", BOUND);
    let from = bench.now;
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.run(30.0);
    assert!(!bench.gave_after(from), "nothing is taken up any more");
}

#[test]
fn a_charger_that_never_obeys_is_not_told_for_ever() {
    let mut bench = Bench::charging(0.5);
    bench.obeys = false;
    bench.station.stop(Face::Desktop);
    bench.until("fault", BOUND);
    bench.run(60.0);
    let from = bench.now;
    bench.run(30.0);
    assert_eq!(bench.stops_after(from), 0);
}

#[test]
fn a_stop_that_nobody_could_hear_is_told_once_the_bus_is_back() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, charger| (pack.bus_ok, charger.bus_ok) = (false, false);
    bench.run(15.0);
    assert_eq!(bench.name(), "fault", "the stop has ended, whatever was heard");
    bench.bend = |_, _| {};
    let back = bench.now;
    bench.run(10.0);
    let stops = |from: f64, to: f64| {
        let within = |at: f64| at > from && at <= to;
        let told = bench.sent.iter().filter(|(_, message)| *message == Message::Stop);
        told.filter(|(at, _)| within(at.since(back).as_secs_f64())).count()
    };
    assert!(stops(0.05, 1.2) >= 9, "{}", stops(0.05, 1.2));
    assert_eq!(stops(1.3, 10.0), 0, "and then it is silent");
}
