//! Batteries that are no first generation: a second one that is commanded step by step, and one that
//! works its contactors by itself and sets limits.

use super::bench::Bench;
use crate::base::units::{Amps, Percent};
use crate::engine::charge::state::Governor;
use crate::engine::charge::view::{BmsLimit, ChargerView};
use crate::engine::charge::{
    CheckId, Lease, Message, Note, State, StopReason, interlocks, preconditions,
};
use crate::engine::device::{CellsTold, Flag, FlagSet, PackState, Switching};

fn second(soc: f64) -> Bench {
    let mut bench = Bench::new(soc);
    bench.switching = Switching::Command;
    bench.state = PackState::Safe;
    bench
}

/// Commands in the order in which they were first said.
fn commands(bench: &Bench) -> Vec<u8> {
    let mut said: Vec<u8> = Vec::new();
    for (_, message) in &bench.sent {
        match message {
            Message::Command(command) if said.last() != Some(command) => said.push(*command),
            Message::Key(word) => panic!("a key {word:#x} is no business of a second generation"),
            Message::Heartbeat => panic!("neither is a heartbeat"),
            Message::Command(_) | Message::Give { .. } | Message::Stop => {}
        }
    }
    said
}

fn governor(bench: &Bench) -> Option<Governor> {
    match bench.station.state() {
        State::ConstantCurrent(_, flow)
        | State::Taper(_, flow)
        | State::BalanceHold(_, flow)
        | State::Paused(_, flow, _) => Some(flow.governor),
        _ => None,
    }
}

#[test]
fn a_second_generation_is_told_idle_then_init_then_enable_and_idle_again_after_the_current() {
    let mut bench = second(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
    assert_eq!(commands(&bench), [1, 8, 16]);
    bench.run(30.0);
    assert_eq!(commands(&bench), [1, 8, 16], "enable is held");
    assert!(bench.amps > 5.0, "{}", bench.amps);
    bench.station.stop(crate::engine::access::grant::Face::Desktop);
    bench.until("done", 9.5);
    assert_eq!(commands(&bench), [1, 8, 16, 1]);
    let outcome = bench.outcome();
    assert!(outcome.opened && outcome.current_gone && outcome.under_load.is_none(), "{outcome:?}");
}

#[test]
fn enable_is_not_said_before_the_charge_was_taken_up_and_that_is_not_waited_for_without_end() {
    let mut bench = second(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("contactors", 20.0);
    // It stays idle whatever it is told.
    bench.moves = false;
    bench.state = PackState::Idle;
    bench.run(20.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::Engaged));
    assert!(!commands(&bench).contains(&16), "{:?}", commands(&bench));
}

#[test]
fn a_second_generation_that_falls_into_safe_ends_the_charge_in_one_step() {
    let mut bench = second(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
    bench.run(5.0);
    bench.moves = false;
    for thrown in [PackState::Disconnect, PackState::Safe] {
        bench.state = thrown;
        bench.step();
        assert_eq!(bench.name(), "finishing", "{thrown:?}");
    }
    bench.until("fault", 10.0);
    assert_eq!(bench.outcome().why, StopReason::Interlock(CheckId::BmuState));
}

#[test]
fn a_second_generation_that_ends_by_itself_when_full_is_complete_and_no_fault() {
    let mut bench = second(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
    bench.run(5.0);
    bench.bend = |pack, _| {
        pack.soc = Some(Percent(100.0));
        pack.state = Some(PackState::ChargeStopping);
        pack.all_run = false;
    };
    bench.step();
    bench.bend = |_, _| {};
    bench.until("done", 10.0);
    assert_eq!(bench.outcome().why, StopReason::Complete);
}

#[test]
fn a_firmware_without_documented_commands_is_not_charged_and_says_so() {
    let mut bench = second(0.5);
    bench.bend = |pack, _| pack.takes_commands = false;
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.run(5.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::BmuState));
    assert!(commands(&bench).is_empty());
    let (mut pack, charger) = bench.views();
    pack.takes_commands = false;
    let checks = preconditions(&pack, &charger, bench.station.wish(), &Bench::set());
    let state = checks.iter().find(|check| check.id == CheckId::BmuState).unwrap();
    assert!(!state.ok && state.why.contains("firmware 1.2"), "{}", state.why);
}

#[test]
fn contactors_of_a_second_generation_are_not_closed_without_a_charge() {
    let mut bench = second(0.5);
    bench.station.engage().unwrap();
    bench.run(5.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::BmuState));
    assert!(commands(&bench).is_empty());
}

/// One that works its contactors by itself, tells its cells and sets a limit of 4 A and 41 V.
fn own(soc: f64) -> Bench {
    let mut bench = Bench::new(soc);
    bench.switching = Switching::Own;
    bench.bend = |pack, _| {
        pack.state = None;
        pack.any_closed = None;
        pack.all_run = true;
        pack.balance_mv = None;
        pack.all_balancing = None;
        pack.no_threshold = true;
        pack.cells_told = CellsTold::Range;
        pack.flags = Some(FlagSet::NONE);
        pack.charge_amps = BmsLimit::At(4.0);
        pack.charge_volts = BmsLimit::At(41.0);
    };
    bench
}

#[test]
fn the_limits_of_the_battery_govern_by_name_and_no_key_is_sent() {
    let mut bench = own(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
    bench.run(30.0);
    assert_eq!(governor(&bench), Some(Governor::Bms));
    assert!((bench.amps - 4.0).abs() < 0.01, "{}", bench.amps);
    let most = bench.sent.iter().filter_map(|(_, message)| match message {
        Message::Give { volts, .. } => Some(volts.get()),
        _ => None,
    });
    assert!(most.fold(0.0, f64::max) <= 41.0);
    let keyed = bench.sent.iter().any(|(_, message)| {
        matches!(message, Message::Key(_) | Message::Command(_) | Message::Heartbeat)
    });
    assert!(!keyed, "it works its contactors by itself");
    assert!(
        bench.notes.iter().any(|note| matches!(note, Note::Governed { by: Governor::Bms, .. }))
    );
    bench.station.stop(crate::engine::access::grant::Face::Desktop);
    bench.until("done", 9.5);
    assert!(bench.outcome().current_gone);
}

#[test]
fn a_limit_that_falls_to_nothing_or_is_lost_stops_the_current_at_once() {
    for bent in [BmsLimit::At(0.0), BmsLimit::Unknown] {
        let mut bench = own(0.5);
        bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
        bench.until("constant_current", 30.0);
        bench.run(20.0);
        assert!(bench.amps > 3.0);
        bench.bend = if bent == BmsLimit::Unknown {
            |pack, _| {
                (own(0.5).bend)(pack, &mut Default::default());
                pack.charge_amps = BmsLimit::Unknown;
            }
        } else {
            |pack, _| {
                (own(0.5).bend)(pack, &mut Default::default());
                pack.charge_amps = BmsLimit::At(0.0);
            }
        };
        bench.step();
        assert_eq!(bench.told.map(|(_, amps)| amps), Some(0.0), "{bent:?}");
        assert_eq!(governor(&bench), Some(Governor::Bms));
    }
}

#[test]
fn a_pack_above_the_voltage_that_its_battery_allows_stops() {
    let mut bench = own(0.5);
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.until("constant_current", 30.0);
    bench.bend = |pack, _| {
        (own(0.5).bend)(pack, &mut Default::default());
        pack.charge_volts = BmsLimit::At(pack.voltage.map_or(0.0, |volts| volts.get() - 1.5));
    };
    bench.step();
    assert_eq!(bench.name(), "finishing");
    bench.until("fault", 10.0);
    assert_eq!(bench.outcome().why, StopReason::Interlock(CheckId::PackVoltage));
}

#[test]
fn a_battery_that_tells_no_cells_is_refused_with_the_reason() {
    let mut bench = own(0.5);
    bench.step();
    let (mut pack, charger) = bench.views();
    (bench.bend)(&mut pack, &mut Default::default());
    pack.cells_told = CellsTold::Nothing;
    (pack.highest, pack.lowest, pack.module_age) = (None, None, None);
    let checks = preconditions(&pack, &charger, bench.station.wish(), &Bench::set());
    for id in [CheckId::ModulesFresh, CheckId::HighestCell, CheckId::LowestCell] {
        let check = checks.iter().find(|check| check.id == id).unwrap();
        assert!(!check.ok, "{id:?}");
    }
    let modules = checks.iter().find(|check| check.id == CheckId::ModulesFresh).unwrap();
    assert!(modules.why.contains("nothing of its cells"), "{}", modules.why);
}

#[test]
fn a_battery_that_does_not_say_how_it_works_its_contactors_is_not_charged() {
    let mut bench = Bench::new(0.5);
    bench.switching = Switching::Unknown;
    bench.station.start(Bench::set(), Lease::GoesOn).unwrap();
    bench.run(5.0);
    assert_eq!(bench.outcome().why, StopReason::NotReady(CheckId::BmuState));
}

#[test]
fn every_new_fault_flag_ends_a_charge() {
    for flag in Flag::ALL {
        if flag.level() != crate::engine::device::Level::Fault || flag == Flag::VehicleTimeout {
            continue;
        }
        let bench = Bench::charging(0.5);
        let (mut pack, charger) = bench.views();
        pack.current = Some(Amps(5.0));
        pack.flags = Some(FlagSet::of(&[flag]));
        let checks = interlocks(&pack, &charger, bench.station.wish(), bench.station.state());
        let flags = checks.iter().find(|check| check.id == CheckId::BmuFlags).unwrap();
        assert!(!flags.ok && !flags.waits, "{flag:?}");
    }
}

#[test]
fn what_a_step_does_not_ask_for_yet_waits_and_whatever_would_end_it_does_not() {
    let mut bench = Bench::started(0.5);
    let mut waited = 0;
    for _ in 0..400 {
        bench.run(0.1);
        let (state, (pack, charger)) = (*bench.station.state(), bench.views());
        if !state.is_running() || matches!(state, State::Checking(_)) {
            continue;
        }
        let checks = interlocks(&pack, &charger, bench.station.wish(), &state);
        let open = !matches!(state, State::Preconditioning(_) | State::Contactors(..));
        for check in &checks {
            assert!(check.ok || check.waits, "{}: {check:?}", state.name());
            assert!(!(open && check.waits), "{}: {check:?}", state.name());
        }
        waited += checks.iter().filter(|check| check.waits).count();
        // What ends this step is never said to wait.
        let lost = ChargerView { age: None, ..charger };
        let checks = interlocks(&pack, &lost, bench.station.wish(), &state);
        let fresh = checks.iter().find(|check| check.id == CheckId::ChargerFresh).unwrap();
        assert!(!fresh.ok && !fresh.waits, "{}", state.name());
    }
    assert!(waited > 0, "the contactors are open at first");
}
