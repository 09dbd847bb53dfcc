//! What each scene promises, read back through the device folders; and the power side alone.

use super::{bytes, long, run, word, world};
use crate::base::time::Mono;
use crate::base::units::Celsius;
use crate::engine::can::frame::{Frames, Kind};
use crate::engine::device::{Catalog, CellWord, Device, Fact, Flag, PackState, Taken};
use crate::engine::sim::plant::Plant;
use crate::engine::sim::scene::Doing;
use crate::engine::sim::{Scene, SceneComponent, World};

#[test]
fn every_scene_lives_an_hour_in_order_and_without_a_malformed_frame() {
    for name in Scene::names() {
        let scene = Scene::builtin(name).unwrap();
        let mut devices = bind(&scene);
        let mut world = World::new(&scene, scene.seed).unwrap();
        let mut last = Mono::ZERO;
        let mut known = 0u64;
        for _ in 0..12 {
            let frames = run(&mut world, 300.0);
            let data = frames.iter().filter(|f| f.kind() == Kind::Data);
            // All frames are made; to keep the test short, the first ones of five minutes are read.
            for frame in data.take(4_000) {
                assert!(frame.time() >= last, "{name}");
                last = frame.time();
                let mut facts = Vec::new();
                let taken = devices.iter_mut().map(|device| device.take(frame, &mut facts));
                let taken: Vec<Taken> = taken.collect();
                assert!(taken.contains(&Taken::Known), "{name}: {frame:?}");
                assert!(!taken.contains(&Taken::Malformed), "{name}: {frame:?}");
                known += 1;
            }
        }
        assert!(known > 30_000, "{name}: {known}");
        let parts = scene.components();
        assert!(!parts.is_empty() && !scene.title.is_empty() && scene.description.ends_with('.'));
    }
}

/// The devices of a scene, as a profile would bind them.
fn bind(scene: &Scene) -> Vec<Device> {
    let catalog = Catalog::builtin();
    let bind = |part: SceneComponent| {
        let kind = catalog.find(part.kind).unwrap();
        let mut settings = kind.defaults();
        settings.base = part.base.unwrap_or(settings.base);
        kind.bind(settings).unwrap()
    };
    scene.components().into_iter().map(bind).collect()
}

/// What the first device of a scene, its first BMU, says in `seconds`.
fn facts(name: &str, seconds: f64) -> Vec<(f64, Fact)> {
    let scene = Scene::builtin(name).unwrap();
    let mut bmu = bind(&scene).remove(0);
    let mut all = Vec::new();
    for frame in run(&mut World::new(&scene, scene.seed).unwrap(), seconds).iter() {
        let mut facts = Vec::new();
        bmu.take(frame, &mut facts);
        all.extend(facts.into_iter().map(|fact| (frame.time().secs_f64(), fact)));
    }
    all
}

/// Raised flags as often as they were told, with their time.
fn raised(facts: &[(f64, Fact)], flag: Flag) -> Vec<f64> {
    let tells = |fact: &Fact| matches!(fact, Fact::Flags { raised, .. } if raised.has(flag));
    facts.iter().filter(|(_, fact)| tells(fact)).map(|(at, _)| *at).collect()
}

#[test]
fn the_weak_cell_is_the_lowest_under_load() {
    let low: Vec<(u16, u8)> = facts("weak-cell", 600.0)
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::CellRange { low, .. } => Some((low.module, low.cell)),
            _ => None,
        })
        .skip(600)
        .collect();
    let weak = low.iter().filter(|place| **place == (6, 3)).count();
    assert!(weak * 10 > low.len() * 9, "{weak} of {}", low.len());
}

#[test]
fn a_silent_module_is_lost_opens_the_contactors_and_comes_back() {
    let facts = facts("cmu-dropout", 120.0);
    let lost = raised(&facts, Flag::ModuleTimeout);
    assert!(lost.iter().all(|at| (31.0..70.0).contains(at)), "{lost:?}");
    assert!(!lost.is_empty());
    let spoke = |from: f64, to: f64| {
        let nine = |fact: &Fact| matches!(fact, Fact::Module { module: 9, .. });
        facts.iter().filter(|(at, fact)| nine(fact) && *at > from && *at < to).count()
    };
    assert!(spoke(0.0, 20.0) > 15 && spoke(30.0, 60.0) == 0 && spoke(60.0, 120.0) > 50);
    let states: Vec<(f64, PackState)> = facts
        .iter()
        .filter_map(|(at, fact)| match fact {
            Fact::Precharge(precharge) => Some((*at, precharge.state)),
            _ => None,
        })
        .collect();
    let state_at = |t: f64| states.iter().rfind(|(at, _)| *at <= t).unwrap().1;
    assert_eq!(state_at(29.0), PackState::Run);
    assert_eq!(state_at(40.0), PackState::Error);
    assert_eq!(state_at(90.0), PackState::Run, "the driver starts again");
}

#[test]
fn bus_off_is_told_by_error_frames_and_followed_by_silence_and_recovery() {
    let frames = run(&mut world("bus-off"), 60.0);
    let errors: Vec<(f64, u32)> = frames
        .iter()
        .filter(|f| f.kind() == Kind::Error)
        .map(|f| (f.time().secs_f64(), f.id().raw()))
        .collect();
    let classes: Vec<u32> = errors.iter().map(|(_, class)| *class).collect();
    assert_eq!(classes, [0x204, 0x204, 0x40, 0x100]);
    assert!((errors[2].0 - 20.08).abs() < 0.01 && (errors[3].0 - 28.0).abs() < 0.01);
    let heard = |from: f64, to: f64| {
        let data = frames.iter().filter(|f| f.kind() == Kind::Data);
        data.filter(|f| f.time().secs_f64() > from && f.time().secs_f64() < to).count()
    };
    assert_eq!(heard(20.1, 28.0), 0);
    assert!(heard(10.0, 18.0) > 700 && heard(30.0, 38.0) > 700);
}

#[test]
fn untrusted_cells_are_negative_and_a_short_pulse_raises_no_flag() {
    let facts = facts("sensor-untrusted", 120.0);
    let negative: Vec<(f64, u16)> = facts
        .iter()
        .filter_map(|(at, fact)| match fact {
            Fact::Cells { module, cells, .. } => {
                let bad = cells.iter().any(|cell| matches!(cell, CellWord::Untrusted(_)));
                bad.then_some((*at, *module))
            }
            _ => None,
        })
        .collect();
    assert!(negative.iter().all(|(_, module)| [4, 12].contains(module)));
    let lasting = negative.iter().filter(|(_, module)| *module == 12).count();
    assert!((50..70).contains(&lasting), "{lasting}");
    let flagged = raised(&facts, Flag::MeasurementUntrusted);
    assert!(flagged.iter().all(|at| (25.5..87.5).contains(at)), "{flagged:?}");
    assert!(flagged.len() > 50);
    let cold = facts.iter().any(|(at, fact)| {
        *at > 52.0 && matches!(fact, Fact::TemperatureRange { low, .. } if low.module == 2)
    });
    assert!(cold, "the thermistor of module 2 reads too low");
}

#[test]
fn a_cold_pack_sags_more_and_warms_while_driving() {
    let totals = |name| {
        let facts = facts(name, 900.0);
        let volts = facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Totals { voltage, current } if current.get() < -60.0 => Some(voltage.get()),
            _ => None,
        });
        let least = volts.fold(f64::MAX, f64::min);
        let temperature = facts.iter().rev().find_map(|(_, fact)| match fact {
            Fact::TemperatureRange { high, .. } => high.temperature.map(Celsius::get),
            _ => None,
        });
        (least, temperature.unwrap())
    };
    let (cold_volts, warm_to) = totals("cold-morning");
    let (demo_volts, _) = totals("demo");
    assert!(cold_volts < demo_volts, "although it is fuller: {cold_volts} {demo_volts}");
    assert!(warm_to > -11.0 && warm_to < 20.0, "{warm_to}");
}

#[test]
fn an_unbalanced_pack_on_charge_holds_its_full_cells_with_shunts() {
    let scene = Scene::builtin("unbalanced").unwrap();
    let mut world = World::new(&scene, scene.seed).unwrap();
    let spread = |frames: &Frames| {
        let last = bytes(frames, 0x6F8).pop().unwrap();
        (word(&last, 0), word(&last, 2))
    };
    let (low, high) = spread(&run(&mut world, 60.0));
    assert!(high - low > 80, "{low} {high}");
    let mut frames = Frames::default();
    (0..8).for_each(|_| frames = run(&mut world, 900.0));
    let (low_then, high_then) = spread(&frames);
    assert!((4085..=4130).contains(&high_then), "held at the threshold: {high_then}");
    assert!(high_then - low_then < high - low, "{low_then} {high_then}");
    let balance = bytes(&frames, 0x6F5).pop().unwrap();
    assert!(f32::from_le_bytes(balance[..4].try_into().unwrap()) > 0.0);
    let charge = bytes(&frames, 0x6F4).pop().unwrap();
    let used = f32::from_le_bytes(charge[..4].try_into().unwrap());
    assert!(used <= 0.0, "full was counted when the first cell reached the threshold: {used}");
    let amps = long(bytes(&frames, 0x6FA).last().unwrap(), 4);
    assert!((0..4000).contains(&amps), "the current has tapered: {amps} mA");
}

#[test]
fn charge_that_flows_is_charge_in_the_cells() {
    let scene = Scene::builtin("demo").unwrap();
    let mut plant = Plant::new(&scene, 1);
    plant.strands[0].connected = true;
    plant.drive(Doing::Drive, Some(40.0));
    let before = plant.strands[0].cells.charge_ah();
    let mut flown = 0.0;
    for _ in 0..36_000 {
        plant.step();
        flown += plant.strands[0].cells.amps() * 0.1 / 3600.0;
    }
    let gone = before - plant.strands[0].cells.charge_ah();
    let cells = f64::from(scene.components()[0].cells);
    // Self-discharge is 0.05 % a day, so a hundredth of an ampere-hour over all cells in an hour.
    assert!((gone + flown * cells).abs() < 0.15, "{gone} {flown}");
    assert!((30.0..50.0).contains(&-flown), "drives about what it was asked: {flown} Ah");
}

#[test]
fn strings_in_parallel_share_the_current_and_even_out() {
    let scene = Scene::builtin("large").unwrap();
    let mut plant = Plant::new(&scene, 1);
    plant.strands.iter_mut().for_each(|strand| strand.connected = true);
    plant.drive(Doing::Off, None);
    plant.step();
    let [first, second] = [0, 1].map(|n| plant.strands[n].cells.amps());
    assert!(first < -0.5, "the fuller string charges the other: {first}");
    assert!((first + second).abs() < 1e-6, "nothing leaves the pack");
    (0..36_000).for_each(|_| plant.step());
    assert!(plant.strands[0].cells.amps().abs() < first.abs() / 2.0);
    let volts = [0, 1].map(|n| plant.strands[n].cells.volts());
    assert!((volts[0] - volts[1]).abs() < 1e-6);
}
