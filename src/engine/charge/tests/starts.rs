//! Starts: what must hold before anything is sent.

use super::bench::{Bench, Bend};
use crate::base::units::{Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::charge::wish::Want;
use crate::engine::charge::{
    CheckId, Lease, Message, SetPoints, Station, StationError, StopReason,
};
use crate::engine::device::{Flag, FlagSet};

#[test]
fn nothing_is_sent_while_a_precondition_does_not_hold() {
    let bends: [(CheckId, Bend); 14] = [
        (CheckId::PackBus, |pack, _| pack.bus_ok = false),
        (CheckId::BmuFresh, |pack, _| pack.fast_age = None),
        (CheckId::BmuStatusFresh, |pack, _| pack.slow_age = None),
        (CheckId::ModulesFresh, |pack, _| pack.module_age = None),
        (CheckId::BmuFlags, |pack, _| pack.flags = Some(FlagSet::of(&[Flag::IsolationFailed]))),
        (CheckId::LowestCell, |pack, _| {
            if let Some(cell) = &mut pack.lowest {
                cell.mv = 2400;
            }
        }),
        (CheckId::CellsTrusted, |pack, _| pack.untrusted = 1),
        (CheckId::HottestCell, |pack, _| pack.hottest = None),
        (CheckId::ColdestCell, |pack, _| {
            if let Some(at) = &mut pack.coldest {
                at.temperature = Celsius(-1.0);
            }
        }),
        (CheckId::ChargerFresh, |_, charger| charger.age = None),
        (CheckId::ChargerFaults, |_, charger| {
            if let Some(faults) = &mut charger.faults {
                faults.input = true;
            }
        }),
        (CheckId::ChargerFits, |_, charger| {
            if let Some(rating) = &mut charger.rating {
                rating.volts = Volts(30.0);
            }
        }),
        (CheckId::OtherKey, |pack, _| pack.foreign_key = Some(std::time::Duration::ZERO)),
        (CheckId::ChargerBus, |_, charger| charger.bus_ok = false),
    ];
    for (id, bend) in bends {
        let mut bench = Bench::started(0.5);
        bench.bend = bend;
        bench.run(20.0);
        assert!(bench.sent.is_empty(), "{id:?}: {:?}", bench.sent.first());
        assert_eq!(bench.outcome().why, StopReason::NotReady(id));
        assert!(bench.station.wish().latches.is_clear(), "{id:?}: what never began is no fault");
    }
}

#[test]
fn the_bus_is_listened_to_before_anything_is_sent() {
    let mut bench = Bench::started(0.5);
    bench.run(2.4);
    assert!(bench.sent.is_empty());
    bench.run(1.0);
    assert!(!bench.sent.is_empty());
}

#[test]
fn contactors_are_not_closed_on_a_charger_at_another_voltage() {
    let mut bench = Bench::started(0.5);
    bench.bend = |pack, charger| charger.voltage = pack.voltage.map(|v| Volts(v.get() - 10.5));
    bench.until("done", 20.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::Matched));
    assert_eq!(bench.key, None, "no key was ever turned");
}

#[test]
fn a_target_below_the_present_charge_is_refused() {
    let mut bench = Bench::new(0.5);
    let set = SetPoints { soc: Some(Percent(40.0)), ..Bench::set() };
    bench.station.start(set, Lease::GoesOn).unwrap();
    bench.run(10.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::Target));
}

#[test]
fn set_points_that_cannot_be_are_refused_at_once() {
    let usual = Bench::set();
    let bad = [
        SetPoints { current: Amps(f64::NAN), ..usual },
        SetPoints { current: Amps(-1.0), ..usual },
        SetPoints { current: Amps(1000.0), ..usual },
        SetPoints { cell: Millivolts(4300), ..usual },
        SetPoints { cell: Millivolts(0), ..usual },
        SetPoints { soc: Some(Percent(101.0)), ..usual },
        SetPoints { seconds: Some(f64::INFINITY), ..usual },
        SetPoints { pack: Some(Volts(-5.0)), ..usual },
    ];
    for set in bad {
        let mut station = Station::new(Default::default(), Default::default());
        let said = station.start(set, Lease::GoesOn);
        assert!(matches!(said, Err(StationError::SetPoint(_))), "{set:?}");
    }
}

#[test]
fn contactors_that_do_not_close_end_the_start() {
    let mut bench = Bench::started(0.5);
    bench.moves = false;
    bench.run(40.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::Engaged));
}

#[test]
fn contactors_are_closed_without_a_charger_and_a_charge_takes_them_over() {
    let mut bench = Bench::new(0.5);
    bench.station.engage().unwrap();
    bench.until("engaged", 20.0);
    bench.run(5.0);
    assert!(bench.sent.iter().all(|(_, m)| !matches!(
        m,
        crate::engine::charge::Message::Give { .. } | crate::engine::charge::Message::Stop
    )));
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 20.0);
    assert_eq!(bench.station.start(Bench::set(), Lease::GoesOn), Err(StationError::Busy));
}

#[test]
fn closed_contactors_are_no_way_around_a_cell_that_is_too_low_to_be_charged() {
    let mut bench = Bench::new(0.5);
    bench.station.engage().unwrap();
    bench.until("engaged", 20.0);
    bench.bend = |pack, _| {
        for (cell, mv) in [(&mut pack.lowest, 2_300), (&mut pack.highest, 2_400)] {
            if let Some(cell) = cell {
                cell.mv = mv;
            }
        }
    };
    bench.run(1.0);
    assert_eq!(bench.station.state().name(), "engaged");
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("done", 20.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::LowestCell));
    let gave = bench.sent.iter().any(|(_, message)| matches!(message, Message::Give { .. }));
    assert!(!gave, "nothing was given");
}

#[test]
fn a_refused_start_leaves_nothing_that_could_begin_later() {
    let mut bench = Bench::started(0.5);
    bench.bend = |pack, _| pack.untrusted = 1;
    bench.until("done", 10.0);
    assert_eq!(bench.station.wish().want, Want::Nothing);
    bench.bend = |_, _| {};
    bench.run(120.0);
    assert!(bench.sent.is_empty(), "{:?}", bench.sent.first());
}

#[test]
fn the_first_words_are_off_and_a_charger_at_the_packs_voltage() {
    let mut bench = Bench::started(0.5);
    bench.until("constant_current", 30.0);
    let gives = bench.sent.iter().filter_map(|(_, message)| match message {
        Message::Give { volts, amps } => Some((volts.get(), amps.get())),
        Message::Stop | Message::Key(_) | Message::Command(_) | Message::Heartbeat => None,
    });
    let before: Vec<(f64, f64)> = gives.take(3).collect();
    assert!(before.iter().all(|(volts, amps)| (30.0..=45.0).contains(volts) && *amps <= 0.1));
    assert!(!before.is_empty());
}
