//! Faults while current flows: each leads to the stop sequence in its time, latches, and nothing
//! resumes by itself.

use std::time::Duration;

use super::bench::{Bench, Bend};
use crate::base::units::{Amps, Celsius, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::checks::FORBIDDING;
use crate::engine::charge::{CheckId, Foreign, Lease, StopReason};
use crate::engine::device::{ChargerCommand, ChargerControl, Flag, FlagSet};

const SECOND: Duration = Duration::from_secs(1);

/// Bends a running charge and gives the seconds until its stop begins.
fn reaction(bend: Bend, id: CheckId, most: f64) -> f64 {
    let mut bench = Bench::charging(0.5);
    bench.bend = bend;
    let from = bench.now;
    let took = bench.until("finishing", most);
    bench.until("fault", 10.0);
    assert_eq!(bench.outcome().why, StopReason::Interlock(id));
    assert!(bench.station.wish().latches.fault);
    // All is well again: nothing goes on, and no start is taken before somebody clears it.
    bench.bend = |_, _| {};
    let ended = bench.now;
    bench.run(60.0);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.run(30.0);
    assert!(!bench.gave_after(ended), "{id:?}: it went on by itself");
    assert!(bench.stops_after(from) > 0, "{id:?}: it was told to stop");
    took
}

#[test]
fn a_charger_that_was_seen_off_and_looked_at_is_somebody_elses() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, _| pack.untrusted = 1;
    bench.until("fault", 20.0);
    assert!(bench.outcome().current_gone);
    bench.run(5.0);
    let delivers: Bend = |_, charger| charger.current = Some(Amps(8.0));
    bench.bend = delivers;
    let from = bench.now;
    bench.run(3.0);
    assert!(bench.stops_after(from) > 10 && bench.station.still_stops(), "nobody has looked at it");
    bench.bend = |_, _| {};
    bench.run(3.0);
    bench.station.clear(Face::Desktop);
    bench.bend = delivers;
    let from = bench.now;
    bench.run(10.0);
    assert_eq!((bench.stops_after(from), bench.station.still_stops()), (0, false));
}

#[test]
fn what_is_broken_stops_in_one_step() {
    let bends: [(CheckId, Bend); 19] = [
        (CheckId::BmuFresh, |pack, _| pack.fast_age = Some(SECOND * 4)),
        (CheckId::BmuStatusFresh, |pack, _| pack.slow_age = Some(SECOND * 6)),
        (CheckId::ModulesFresh, |pack, _| pack.module_age = Some(SECOND * 6)),
        (CheckId::ChargerFresh, |_, charger| charger.age = Some(SECOND * 4)),
        (CheckId::HighestCell, |pack, _| {
            if let Some(cell) = &mut pack.highest {
                cell.mv = 4151;
            }
        }),
        (CheckId::HighestCell, |pack, _| pack.balance_mv = Some(3500)),
        (CheckId::PackVoltage, |pack, _| pack.voltage = Some(Volts(600.1))),
        (CheckId::HottestCell, |pack, _| pack.margin_k = Some(-1.9)),
        (CheckId::HottestCell, |pack, _| {
            if let Some(at) = &mut pack.hottest {
                at.temperature = Celsius(43.1);
            }
        }),
        (CheckId::ColdestCell, |pack, _| {
            if let Some(at) = &mut pack.coldest {
                at.temperature = Celsius(-0.1);
            }
        }),
        (CheckId::CellSpread, |pack, _| {
            if let Some(cell) = &mut pack.lowest {
                cell.mv -= 400;
            }
        }),
        (CheckId::CellsTrusted, |pack, _| pack.untrusted = 1),
        (CheckId::BmuFlags, |pack, _| pack.flags = Some(FlagSet::of(&[Flag::ModuleTimeout]))),
        (CheckId::BmuState, |pack, _| pack.all_run = false),
        (CheckId::ChargerFaults, |_, charger| {
            if let Some(faults) = &mut charger.faults {
                faults.over_temperature = true;
            }
        }),
        (CheckId::OtherCharger, |_, charger| {
            let command = ChargerCommand {
                voltage: Volts(80.0),
                current: Amps(5.0),
                control: ChargerControl::Charge,
            };
            charger.foreign = Some(Foreign { ago: Duration::ZERO, command });
        }),
        (CheckId::OtherKey, |pack, _| pack.foreign_key = Some(Duration::ZERO)),
        (CheckId::PackBus, |pack, _| pack.bus_ok = false),
        (CheckId::ChargerBus, |_, charger| charger.bus_ok = false),
    ];
    for (id, bend) in bends {
        let took = reaction(bend, id, 1.0);
        assert!(took <= 0.11, "{id:?} took {took} s");
    }
}

#[test]
fn a_charger_fault_stops_a_charge_although_it_still_delivers() {
    let took = reaction(
        |_, charger| {
            if let Some(faults) = &mut charger.faults {
                faults.hardware = true;
            }
            charger.current = Some(Amps(10.0));
        },
        CheckId::ChargerFaults,
        1.0,
    );
    assert!(took <= 0.11);
}

#[test]
fn what_takes_time_to_be_seen_stops_in_its_time() {
    let over = reaction(|pack, _| pack.current = Some(Amps(12.1)), CheckId::CurrentAbove, 5.0);
    assert!((2.9..=3.3).contains(&over), "{over}");
    let wrong = reaction(|pack, _| pack.current = Some(Amps(-9.0)), CheckId::CurrentSign, 5.0);
    assert!((1.9..=2.3).contains(&wrong), "{wrong}");
    let missing = reaction(|pack, _| pack.current = Some(Amps(0.0)), CheckId::CurrentArrives, 8.0);
    assert!((4.9..=5.3).contains(&missing), "{missing}");
}

#[test]
fn a_charger_that_gives_nothing_is_found_although_the_command_still_rises() {
    let took = reaction(
        |pack, charger| {
            pack.current = Some(Amps(0.0));
            charger.current = Some(Amps(0.0));
        },
        CheckId::Flows,
        25.0,
    );
    assert!((19.9..=20.4).contains(&took), "{took}");
}

#[test]
fn a_bmu_that_falls_into_error_while_its_contactors_close_gets_no_more_start() {
    let mut bench = Bench::started(0.5);
    bench.until_key(0x70, 10.0);
    bench.run(0.3);
    bench.moves = false;
    bench.state = crate::engine::device::PackState::Error;
    let from = bench.now;
    bench.run(0.2);
    assert_eq!(bench.name(), "finishing");
    bench.until("done", 10.0);
    let starts = bench.sent.iter().filter(|(at, m)| {
        *at > from.after(Duration::from_millis(150))
            && *m == crate::engine::charge::Message::Key(0x70)
    });
    assert_eq!(starts.count(), 0);
}

#[test]
fn a_pause_forgets_what_was_counted_before_it() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, _| pack.current = Some(Amps(12.1));
    bench.run(2.0);
    bench.bend = |pack, _| pack.fast_age = Some(Duration::from_millis(1500));
    bench.run(1.5);
    assert_eq!(bench.name(), "paused", "the current went with the command");
}

#[test]
fn a_late_bmu_means_zero_at_once_and_a_slow_rise_when_it_is_back_in_time() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, _| pack.fast_age = Some(Duration::from_millis(1500));
    let from = bench.now;
    bench.step();
    assert_eq!(bench.name(), "paused");
    assert!(!bench.gave_after(from));
    assert!(bench.amps < 0.1, "{}", bench.amps);
    bench.bend = |_, _| {};
    bench.until("constant_current", 2.0);
    bench.run(1.0);
    assert!(bench.amps < 1.5, "from zero, slowly: {}", bench.amps);
}

#[test]
fn a_late_charger_means_zero_at_once_too() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |_, charger| charger.age = Some(Duration::from_millis(2500));
    let from = bench.now;
    bench.step();
    assert_eq!(bench.name(), "paused");
    bench.run(10.0);
    assert!(!bench.gave_after(from));
    assert_eq!(bench.key, Some(0x30), "the contactors are held");
    bench.bend = |_, _| {};
    bench.until("constant_current", 2.0);
}

#[test]
fn the_hottest_pack_counts_and_not_the_coolest() {
    let mut bench = Bench::charging(0.5);
    // The worst margin of several BMUs is the greatest one; a charge at -2 K to go stops.
    bench.bend = |pack, _| pack.margin_k = Some(-2.0_f64.min(-1.0));
    bench.run(2.0);
    assert!(bench.amps < 0.1 || bench.name() == "finishing", "{}", bench.amps);
}

#[test]
fn whoever_calls_too_late_gets_no_current_for_what_was_not_seen() {
    let mut bench = Bench::charging(0.5);
    bench.now = bench.now.after(Duration::from_secs(5));
    // The sending thread has gone on with the key meanwhile.
    bench.key_at = bench.now;
    let from = bench.now;
    bench.step();
    assert_eq!(bench.name(), "paused");
    assert!(!bench.gave_after(from));
}

#[test]
fn start_is_never_held_after_run() {
    let mut bench = Bench::charging(0.5);
    bench.run(30.0);
    assert_eq!(bench.key, Some(0x30));
}

#[test]
fn a_current_that_is_no_number_is_not_a_small_one() {
    let pack = reaction(|pack, _| pack.current = Some(Amps(f64::NAN)), CheckId::CurrentSign, 2.5);
    let charger =
        reaction(|_, charger| charger.current = Some(Amps(f64::NAN)), CheckId::CurrentAbove, 3.5);
    assert!(pack <= 2.3 && charger <= 3.3, "{pack} s, {charger} s");
}

#[test]
fn no_warning_beside_a_failure_hides_it() {
    for failure in FORBIDDING.iter() {
        for beside in Flag::ALL {
            let mut bench = Bench::charging(0.5);
            let (mut pack, charger) = bench.views();
            pack.flags = Some(FlagSet::of(&[failure, beside]));
            let (mut messages, mut notes) = (Vec::new(), Vec::new());
            let now = bench.now.after(Duration::from_millis(100));
            bench.station.step(now, &pack, &charger, &mut messages, &mut notes);
            assert_eq!(bench.name(), "finishing", "{failure:?} beside {beside:?}");
        }
    }
}
