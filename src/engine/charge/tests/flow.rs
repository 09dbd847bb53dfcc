//! The current: which limit governs, how it rises, tapers and completes.

use super::bench::Bench;
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Millivolts, Percent, Volts};
use crate::engine::charge::current::follow;
use crate::engine::charge::{
    Governor, Key, Lease, Message, Note, PackView, Rules, SetPoints, State, Station, StopReason,
};

fn governor(bench: &Bench) -> Governor {
    match bench.station.state() {
        State::ConstantCurrent(_, flow) | State::Taper(_, flow) | State::BalanceHold(_, flow) => {
            flow.governor
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_charge_goes_through_the_documented_steps() {
    let mut bench = Bench::started(0.5);
    bench.run(40.0);
    let entered: Vec<&str> = bench
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::Entered { to, .. } => Some(to.name()),
            Note::Began { .. } | Note::Governed { .. } => None,
        })
        .collect();
    assert_eq!(entered, ["checking", "preconditioning", "contactors", "constant_current"]);
    let words: Vec<u16> = bench
        .sent
        .iter()
        .filter_map(|(_, m)| if let Message::Key(word) = m { Some(*word) } else { None })
        .collect();
    let start = words.iter().position(|word| *word == 0x70).unwrap();
    let run = words.iter().position(|word| *word == 0x30).unwrap();
    assert!(start >= 10 && words[..start].iter().all(|word| *word == 0), "off first: {words:?}");
    assert!(words[run..].iter().all(|word| *word == 0x30), "start is never held");
}

#[test]
fn the_current_rises_slowly_and_stays_at_the_persons_limit() {
    let mut bench = Bench::started(0.5);
    bench.until("constant_current", 30.0);
    bench.run(5.0);
    assert!(bench.amps > 3.0 && bench.amps < 6.0, "{}", bench.amps);
    assert_eq!(bench.station.meter().left, None, "a current that rises says nothing of the end");
    bench.run(10.0);
    assert!((bench.amps - 10.0).abs() < 0.1, "{}", bench.amps);
    assert_eq!(governor(&bench), Governor::Person);
}

#[test]
fn the_smallest_limit_governs_and_is_named() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |_, charger| {
        if let Some(rating) = &mut charger.rating {
            rating.amps = Amps(7.0);
        }
    };
    bench.run(1.0);
    assert_eq!(governor(&bench), Governor::ChargerCurrent);
    bench.bend = |_, charger| {
        if let Some(rating) = &mut charger.rating {
            rating.watts = crate::base::units::Watts(150.0);
        }
    };
    bench.run(1.0);
    assert_eq!(governor(&bench), Governor::ChargerPower);
    assert!(bench.amps < 4.2, "down at once: {}", bench.amps);
    bench.bend = |pack, _| pack.margin_k = Some(-4.0);
    bench.run(4.0);
    assert_eq!(governor(&bench), Governor::Temperature);
    assert!((bench.amps - 2.5).abs() < 0.1, "a quarter of the way: {}", bench.amps);
}

#[test]
fn the_socket_limits_and_a_larger_one_is_taken_again() {
    let mut bench = Bench::charging(0.5);
    let small = SetPoints { mains: Some(Amps(1.0)), ..Bench::set() };
    bench.station.change(small).unwrap();
    bench.run(2.0);
    assert_eq!(governor(&bench), Governor::Supply);
    // 1 A of 230 V, nine tenths of it, into some 37 V.
    assert!((5.0..6.0).contains(&bench.amps), "{}", bench.amps);
    bench.station.change(SetPoints { mains: Some(Amps(16.0)), ..small }).unwrap();
    bench.run(20.0);
    assert_eq!(governor(&bench), Governor::Person);
    assert!((bench.amps - 10.0).abs() < 0.1, "{}", bench.amps);
}

#[test]
fn a_command_that_does_not_change_is_said_again_every_second() {
    let mut bench = Bench::charging(0.5);
    let from = bench.now;
    bench.run(10.0);
    let given = |(at, m): &&(Mono, Message)| *at > from && matches!(m, Message::Give { .. });
    let count = bench.sent.iter().filter(given).count();
    assert!((9..=20).contains(&count), "{count}");
}

#[test]
fn without_a_cell_a_threshold_or_a_voltage_the_command_is_nothing() {
    let bench = Bench::charging(0.5);
    let State::ConstantCurrent(_, flow) = *bench.station.state() else { panic!() };
    assert!(flow.command.get() > 9.0);
    let (pack, charger) = bench.views();
    let next = |pack: &PackView| {
        let now = bench.now.after(Station::CYCLE);
        let next = follow(flow, now, pack, &charger, &Bench::set(), &Rules::default());
        (next.command, next.governor)
    };
    assert!(next(&pack).0.get() > 9.0);
    // An interlock ends the charge as well; this is the number that would go out without it.
    let volts = |volts: f64| PackView { voltage: Some(Volts(volts)), ..pack };
    for pack in [
        PackView { highest: None, ..pack },
        PackView { balance_mv: None, ..pack },
        PackView { voltage: None, ..pack },
        PackView { margin_k: None, ..pack },
        volts(0.0),
        volts(-3.0),
        volts(0.5),
        volts(f64::NAN),
    ] {
        assert_eq!(next(&pack).0, Amps(0.0), "{pack:?}");
    }
}

#[test]
fn a_charge_tapers_on_the_highest_cell_and_completes_at_any_pace() {
    for (pace, most) in [(1.0, 20_000.0), (10.0, 6000.0), (60.0, 3000.0)] {
        let mut bench = Bench::started(0.93);
        bench.socs = (0.93, 0.9285);
        bench.hurry = pace;
        bench.station.pace(pace);
        bench.until("taper", most);
        bench.until("done", most);
        assert_eq!(bench.outcome().why, StopReason::Complete, "pace {pace}");
        assert!(bench.highest_mv <= 4105, "pace {pace}: {} mV", bench.highest_mv);
        assert!(bench.outcome().current_gone && bench.outcome().opened);
        assert_eq!(bench.outcome().under_load, None);
    }
}

#[test]
fn a_charge_ends_at_its_targets() {
    let usual = Bench::set();
    for (set, why) in [
        (SetPoints { soc: Some(Percent(51.0)), ..usual }, StopReason::TargetSoc),
        (SetPoints { charge: Some(AmpHours(0.1)), ..usual }, StopReason::TargetCharge),
        (SetPoints { seconds: Some(60.0), ..usual }, StopReason::Time),
    ] {
        let mut bench = Bench::new(0.505);
        bench.station.start(set, Lease::GoesOn).unwrap();
        bench.until("done", 400.0);
        assert_eq!(bench.outcome().why, why);
    }
}

#[test]
fn without_a_voltage_nothing_is_divided_and_nothing_flows() {
    let mut bench = Bench::charging(0.5);
    bench.bend = |pack, _| pack.voltage = Some(Volts(0.0));
    let from = bench.now;
    bench.step();
    assert!(!bench.gave_after(from));
    bench.bend = |pack, _| pack.voltage = Some(Volts(f64::NAN));
    bench.step();
    assert!(!bench.gave_after(from));
}

#[test]
fn a_taper_to_the_highest_cell_voltage_of_the_rules_completes_and_does_not_trip() {
    let mut rules = Rules::default();
    rules.set(Key::CellMax, 4100.0).unwrap();
    let mut bench = Bench::new(0.93);
    bench.socs = (0.93, 0.9285);
    bench.station.set_rules(rules).unwrap();
    let set = SetPoints { cell: Millivolts(4100), ..Bench::set() };
    bench.station.start(set, Lease::GoesOn).unwrap();
    bench.until("done", 20_000.0);
    assert_eq!(bench.outcome().why, StopReason::Complete);
    let aim = 4075;
    assert!((aim - 1..=aim + 5).contains(&bench.highest_mv), "{} mV", bench.highest_mv);
}

/// The last command that gave.
fn last_given(bench: &Bench) -> (f64, f64) {
    let gives = bench.sent.iter().rev().find_map(|(_, message)| match message {
        Message::Give { volts, amps } => Some((volts.get(), amps.get())),
        Message::Stop | Message::Key(_) | Message::Command(_) | Message::Heartbeat => None,
    });
    gives.unwrap()
}

#[test]
fn a_limit_of_current_never_becomes_a_voltage_nor_the_other_way_round() {
    let mut bench = Bench::charging(0.5);
    let (volts, amps) = last_given(&bench);
    assert!((volts - 41.5).abs() < 0.01 && (amps - 10.0).abs() < 0.01, "{volts} V, {amps} A");
    bench.bend = |_, charger| {
        if let Some(rating) = &mut charger.rating {
            rating.amps = Amps(3.0);
        }
    };
    bench.run(2.0);
    let (volts, amps) = last_given(&bench);
    assert!((volts - 41.5).abs() < 0.01 && (amps - 3.0).abs() < 0.01, "{volts} V, {amps} A");
    bench.bend = |_, charger| {
        if let Some(rating) = &mut charger.rating {
            rating.volts = Volts(40.0);
        }
    };
    bench.run(15.0);
    let (volts, amps) = last_given(&bench);
    assert!((volts - 40.0).abs() < 0.01 && (amps - 10.0).abs() < 0.01, "{volts} V, {amps} A");
}

#[test]
fn a_supply_that_gives_more_again_lets_more_flow_again() {
    let mut bench = Bench::charging(0.5);
    let set = Bench::set();
    bench.station.change(SetPoints { mains: Some(Amps(1.0)), ..set }).unwrap();
    bench.run(2.0);
    assert_eq!(governor(&bench), Governor::Supply);
    assert!(bench.amps < 6.0, "{}", bench.amps);
    bench.station.change(SetPoints { mains: Some(Amps(16.0)), ..set }).unwrap();
    bench.run(15.0);
    assert!((bench.amps - 10.0).abs() < 0.1, "{}", bench.amps);
}
