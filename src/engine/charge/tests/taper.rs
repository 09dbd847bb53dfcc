//! The taper on many plants: small and large resistance, small and large chargers, chargers that
//! follow late and in steps, readings that come seldom. The highest cell must hardly pass its aim
//! anywhere, the current must not swing, and the way goes forward only.

use super::bench::{Bench, Plant, USUAL};
use crate::base::units::{Amps, Millivolts};
use crate::engine::charge::current::follow;
use crate::engine::charge::{Flow, Key, Lease, Note, Rules, SetPoints, State, Station, StopReason};

/// The highest cell may pass its aim by so much, millivolts.
const OVER_MV: f64 = 5.0;
/// The current may come up again by so much of its limit once it has begun to go down.
const SWING: f64 = 0.12;

/// The curve of the simulated cells near full: flat, then steep.
fn kneed(soc: f64) -> f64 {
    if soc < 0.95 { 3.25 + soc * 0.886 } else { 4.092 + (soc - 0.95) * 2.16 }
}

/// Iron phosphate: flat for long, and then almost a wall.
fn wall(soc: f64) -> f64 {
    let above = (soc - 0.96).max(0.0);
    3.3 + soc * 0.05 + above * 12.0 * (1.0 + above * 20.0)
}

/// A charge to see through.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    plant: Plant,
    limit: f64,
    /// How far below the aim the highest cell is at rest when the charge begins, millivolts.
    below: f64,
    ramp: f64,
    pace: f64,
}

const SLOW: Plant = Plant { dead_s: 1.5, grain: 0.1, slow_status: true, rise: 1.0, ..USUAL };

const fn case(name: &'static str, plant: Plant, limit: f64) -> Case {
    Case { name, plant, limit, below: 150.0, ramp: 1.0, pace: 1.0 }
}

/// 100 A, which comes up by five a second.
const fn strong(name: &'static str, plant: Plant) -> Case {
    Case { ramp: 5.0, ..case(name, Plant { rise: 10.0, most_amps: 100.0, ..plant }, 100.0) }
}

const CASES: [Case; 17] = [
    case("ten amperes that follow at once", USUAL, 10.0),
    case("ten amperes that follow after two seconds", Plant { dead_s: 2.0, ..SLOW }, 10.0),
    case(
        "five amperes into a large pack of little resistance",
        Plant { ohm: 0.001, slow_ohm: 0.001, capacity_ah: 60.0, ..SLOW },
        5.0,
    ),
    case(
        "five amperes into small cells of 20 milliohms",
        Plant { ohm: 0.02, slow_ohm: 0.01, capacity_ah: 3.0, curve: kneed, ..SLOW },
        5.0,
    ),
    case(
        "five amperes into bad cells of 50 milliohms, two seconds late",
        Plant { ohm: 0.05, slow_ohm: 0.02, capacity_ah: 3.0, curve: kneed, dead_s: 2.0, ..SLOW },
        5.0,
    ),
    case(
        "no resistance, a wall of a curve, two seconds late",
        Plant {
            ohm: 0.0001,
            capacity_ah: 10.0,
            curve: wall,
            balance_mv: 3600,
            dead_s: 2.0,
            ..SLOW
        },
        10.0,
    ),
    case(
        "cells that are read once a second",
        Plant { ohm: 0.01, capacity_ah: 10.0, reading_s: 1.0, ..SLOW },
        10.0,
    ),
    case("a weak supply", Plant { capacity_ah: 3.0, grain: 0.01, ..SLOW }, 1.0),
    strong(
        "a hundred amperes, half a milliohm",
        Plant { ohm: 0.0005, slow_ohm: 0.0005, capacity_ah: 200.0, ..SLOW },
    ),
    strong(
        "a hundred amperes, a milliohm, two seconds late",
        Plant { ohm: 0.001, slow_ohm: 0.001, capacity_ah: 100.0, dead_s: 2.0, ..SLOW },
    ),
    strong(
        "a hundred amperes in steps of one",
        Plant { ohm: 0.001, slow_ohm: 0.001, capacity_ah: 100.0, grain: 1.0, ..SLOW },
    ),
    strong(
        "a hundred amperes against a wall",
        Plant {
            ohm: 0.0003,
            slow_ohm: 0.0003,
            capacity_ah: 100.0,
            curve: wall,
            balance_mv: 3600,
            ..SLOW
        },
    ),
    Case { below: 20.0, ..case("almost full at the start", Plant { ohm: 0.01, ..SLOW }, 10.0) },
    Case {
        below: 20.0,
        ramp: 3.0,
        ..case(
            "almost full, and a rise of three amperes a second",
            Plant { ohm: 0.02, rise: 10.0, ..SLOW },
            10.0,
        )
    },
    Case { below: 300.0, pace: 60.0, ..case("cells that live sixty times as fast", USUAL, 10.0) },
    Case { below: 300.0, pace: 20.0, ..case("cells that live twenty times as fast", USUAL, 10.0) },
    Case {
        below: 150.0,
        pace: 60.0,
        ..case(
            "the cells of the demo, sixty times as fast, and a charger that is late",
            Plant { ohm: 0.0036, slow_ohm: 0.0036, capacity_ah: 50.0, curve: kneed, ..SLOW },
            16.0,
        )
    },
];

/// What was seen of a charge.
#[derive(Debug, Default)]
struct Course {
    /// How far the highest cell really was above its aim, millivolts.
    over_mv: f64,
    /// The greatest rise of the command once it had begun to fall, as a share of the limit.
    swing: f64,
    states: Vec<&'static str>,
    complete: bool,
    seconds: f64,
}

fn soc_at(curve: fn(f64) -> f64, mv: f64) -> f64 {
    (0..20_000).map(|n| f64::from(n) / 20_000.0).find(|soc| curve(*soc) * 1000.0 >= mv).unwrap()
}

fn live_through(case: &Case) -> Course {
    let Case { plant, limit, below, ramp, pace, .. } = *case;
    let aim = f64::from(plant.balance_mv);
    let soc = soc_at(plant.curve, aim - below);
    let mut rules = Rules::default();
    rules.set(Key::CurrentMax, limit).unwrap();
    rules.set(Key::RampUp, ramp).unwrap();
    rules.set(Key::MainsAmps, 60.0).unwrap();
    rules.set(Key::OverPercent, 20.0).unwrap();
    let mut bench = Bench::of(plant, soc);
    // The lowest cell is eight millivolts below.
    bench.socs = (soc, soc_at(plant.curve, aim - below - 8.0));
    bench.hurry = pace;
    bench.station.pace(pace);
    bench.station.set_rules(rules).unwrap();
    let set = SetPoints { current: Amps(limit), cell: Millivolts(4150), ..Bench::set() };
    bench.station.start(set, Lease::GoesOn).unwrap();
    let mut course = Course { over_mv: f64::MIN, ..Course::default() };
    let (mut most, mut least): (f64, Option<f64>) = (0.0, None);
    let from = bench.now;
    for _ in 0..150_000 {
        bench.step();
        course.over_mv = course.over_mv.max(bench.highest_really() - aim);
        let amps = bench.told.map_or(0.0, |(_, amps)| amps);
        if bench.name() == "taper" {
            most = most.max(amps);
            // What still rises at the start is no swing: it has to have come down before.
            let low = least.map_or(amps, |low: f64| low.min(amps));
            if low < most - 0.02 * limit {
                course.swing = course.swing.max((amps - low) / limit);
            } else if amps >= most {
                least = None;
            }
            if amps < most {
                least = Some(low);
            }
        }
        if !bench.station.state().is_running() {
            break;
        }
    }
    course.complete =
        !bench.station.state().is_running() && bench.outcome().why == StopReason::Complete;
    course.seconds = bench.now.since(from).as_secs_f64();
    course.states = bench
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::Entered { to, .. } => Some(to.name()),
            Note::Began { .. } | Note::Governed { .. } => None,
        })
        .collect();
    course
}

#[test]
fn the_highest_cell_hardly_passes_its_aim_on_any_plant() {
    let all: Vec<(&str, Course)> =
        CASES.iter().map(|case| (case.name, live_through(case))).collect();
    for (name, course) in &all {
        println!(
            "{name}: over {:.1} mV, swing {:.2}, {} states, {:.0} s, {}",
            course.over_mv,
            course.swing,
            course.states.len(),
            course.seconds,
            course.complete
        );
    }
    for (name, course) in &all {
        assert!(course.over_mv <= OVER_MV, "{name}: {course:?}");
        assert!(course.complete, "{name}: {course:?}");
        assert!(course.swing <= SWING, "{name}: {course:?}");
        let back = course
            .states
            .windows(2)
            .any(|two| matches!(two, ["taper" | "balance_hold", "constant_current"]));
        assert!(!back, "{name}: {course:?}");
        assert!(course.states.len() <= 14, "{name}: the state flickers: {course:?}");
    }
}

/// The taper alone, with the highest cell so far below its aim in every step.
fn held_at(error_mv: i32, seconds: u32, limit: f64) -> Flow {
    let mut bench = Bench::charging(0.5);
    let (mut pack, charger) = bench.views();
    if let Some(cell) = &mut pack.highest {
        cell.mv = 4100 - error_mv;
    }
    let State::ConstantCurrent(_, mut flow) = *bench.station.state() else { panic!() };
    let set = SetPoints { current: Amps(limit), ..Bench::set() };
    for _ in 0..seconds * 10 {
        bench.now = bench.now.after(Station::CYCLE);
        flow = follow(flow, bench.now, &pack, &charger, &set, &Rules::default());
    }
    flow
}

#[test]
fn the_integral_never_fills_itself_on_the_way() {
    // A cell that stays below its aim for an hour leaves an integral that moves the aim by 4 mV.
    for (below, most) in [(100, 0.0), (59, 0.0), (21, 0.0), (20, 0.667), (5, 0.667), (1, 0.667)] {
        let flow = held_at(below, 3600, 10.0);
        assert!(flow.integral <= most, "{below} mV below: {flow:?}");
    }
    assert!(held_at(1, 3600, 10.0).integral > 0.6, "close to the aim it does correct what is left");
    assert!(held_at(-1, 3600, 10.0).command.get() < 0.01, "and a cell above its aim empties it");
}

#[test]
fn the_band_below_the_aim_is_the_same_for_every_limit() {
    for limit in [0.5, 5.0, 10.0] {
        for (below, share) in [(200, 1.0), (60, 1.0), (45, 0.75), (30, 0.5), (0, 0.0)] {
            let given = held_at(below, 600, limit).command.get() / limit;
            assert!((given - share).abs() < 0.01, "{limit} A, {below} mV below: {given}");
        }
    }
}
