//! Worlds looked at from outside: their frames, their timing, their faults.

use std::hash::{DefaultHasher, Hasher};

use super::plant::Plant;
use super::scene::Doing;
use super::{Scene, SceneComponent, World};
use crate::base::time::Mono;
use crate::base::units::Celsius;
use crate::engine::can::frame::{Frame, Frames, Id, Kind};
use crate::engine::device::{Catalog, CellWord, Device, Fact, Flag, PackState, Taken};

fn world(name: &str) -> World {
    let scene = Scene::builtin(name).unwrap();
    World::new(&scene, scene.seed).unwrap()
}

fn parsed(text: &str) -> World {
    let scene = Scene::parse(text, "test", "test").unwrap();
    World::new(&scene, scene.seed).unwrap()
}

/// Runs for `seconds` and gives all frames.
fn run(world: &mut World, seconds: f64) -> Frames {
    let mut frames = Frames::default();
    let to = world.now().nanos() + (seconds * 1e9) as i64;
    world.advance(Mono::from_nanos(to), &mut frames);
    frames
}

fn id(raw: u32) -> Id {
    Id::guess(raw).unwrap()
}

/// Times of all frames with an id, seconds.
fn times(frames: &Frames, raw: u32) -> Vec<f64> {
    frames.iter().filter(|f| f.id() == id(raw)).map(|f| f.time().secs_f64()).collect()
}

/// Data of all frames with an id.
fn bytes(frames: &Frames, raw: u32) -> Vec<[u8; 8]> {
    let of = frames.iter().filter(|f| f.id() == id(raw));
    of.map(|f| f.data.try_into().unwrap()).collect()
}

fn word(data: &[u8; 8], at: usize) -> i16 {
    i16::from_le_bytes([data[at], data[at + 1]])
}

fn long(data: &[u8; 8], at: usize) -> i32 {
    i32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]])
}

fn state(data: &[u8; 8]) -> u8 {
    data[1]
}

fn hash(frames: &Frames, into: &mut DefaultHasher) {
    for frame in frames.iter() {
        into.write_i64(frame.time().nanos());
        into.write_u32(frame.id().raw());
        into.write(frame.data);
    }
}

/// The key, as a host would send it.
fn key(word: u16) -> Frame {
    let [low, high] = word.to_le_bytes();
    Frame::classic(id(0x505), &[low, high, 0, 0, 0, 0, 0, 0]).unwrap()
}

/// Ten seconds of a world in which a host sends `word` ten times a second.
fn hold_key(world: &mut World, word: u16, tenths: usize, frames: &mut Frames) {
    for _ in 0..tenths {
        world.receive(key(word).view());
        let to = Mono::from_nanos(world.now().nanos() + 100_000_000);
        world.advance(to, frames);
    }
}

const BARE: &str = r#"
title = "Bare"
description = "One BMU and nobody who drives."
pack = "Pack"
[[bmu]]
name = "BMU"
modules = 2
"#;

#[test]
fn the_same_scene_and_seed_give_the_same_frames_in_whatever_steps() {
    let mut hashes = Vec::new();
    for step_ms in [1, 7, 3_600_000] {
        let mut world = world("demo");
        let mut hasher = DefaultHasher::new();
        let mut at = 0;
        while at < 3_600_000 {
            at = (at + step_ms).min(3_600_000);
            let mut frames = Frames::default();
            world.advance(Mono::from_millis(at), &mut frames);
            hash(&frames, &mut hasher);
        }
        hashes.push(hasher.finish());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn another_seed_gives_other_cells() {
    let scene = Scene::builtin("demo").unwrap();
    let first = |seed| bytes(&run(&mut World::new(&scene, seed).unwrap(), 3.0), 0x602)[0];
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn stamps_rise_and_frames_do_not_overlap_on_the_wire() {
    let frames = run(&mut world("demo"), 60.0);
    let stamps: Vec<i64> = frames.iter().map(|f| f.time().nanos()).collect();
    assert!(stamps.windows(2).all(|pair| pair[1] - pair[0] >= 100_000));
}

#[test]
fn messages_come_as_often_as_measured_on_a_real_pack() {
    let frames = run(&mut world("demo"), 100.0);
    for fast in [0x6F6, 0x6F8, 0x6FA] {
        let count = times(&frames, fast).len();
        assert!((990..=1000).contains(&count), "{fast:X}: {count}");
    }
    for slow in [0x600, 0x6F4, 0x6F5, 0x6F9, 0x6FB, 0x6FC, 0x6FD, 0x500] {
        let count = times(&frames, slow).len();
        assert!((98..=101).contains(&count), "{slow:X}: {count}");
    }
    for module in 0..14 {
        let seen = times(&frames, 0x601 + 3 * module);
        let gaps: Vec<f64> = seen.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (0.88..1.13).contains(gap)), "CMU {module}: {gaps:?}");
    }
    for evdc in [0x501, 0x502, 0x505] {
        let count = times(&frames, evdc).len();
        assert!((985..=1015).contains(&count), "{evdc:X}: {count}");
    }
    assert!((99..=101).contains(&times(&frames, 0x18FF_50E5).len()));
}

#[test]
fn a_healthy_pack_speaks_the_golden_bytes() {
    let frames = run(&mut world("demo"), 30.0);
    assert_eq!(bytes(&frames, 0x600)[0], [0x00, 0x10, 0, 0, 0xD1, 0xF1, 0, 0]);
    assert_eq!(bytes(&frames, 0x6FD).last().unwrap(), &[0x80, 0, 0, 0, 0, 0, 0, 0]);
    let status = bytes(&frames, 0x6FB).pop().unwrap();
    assert_eq!(status, [0x04, 0x10, 0xFF, 0x0F, 0x80, 14, 0xA3, 0x03]);
    let running = bytes(&frames, 0x6F7).pop().unwrap();
    assert_eq!([running[0], running[1], running[6], running[7]], [0x7F, 4, 1, 0]);
    assert_eq!(bytes(&frames, 0x500)[0][..4], [0x02, 0x10, 0, 0]);
    let absent = bytes(&frames, 0x603 + 3 * 13)[0];
    assert_eq!((word(&absent, 4), word(&absent, 6)), (-32768, -32768));
}

#[test]
fn precharge_on_the_bus_takes_a_tenth_of_a_second_a_step_and_counts_its_frames() {
    let frames = run(&mut world("demo"), 20.0);
    let told: Vec<(f64, [u8; 8])> =
        times(&frames, 0x6F7).into_iter().zip(bytes(&frames, 0x6F7)).collect();
    let start = told.iter().position(|(_, data)| state(data) == 5).unwrap();
    let sequence: Vec<[u8; 4]> =
        told[start..].iter().map(|(_, d)| [d[0], d[1], d[6], d[7]]).take(5).collect();
    let observed =
        [[0x10, 5, 0, 0], [0x15, 2, 0, 0], [0x75, 3, 0, 200], [0x75, 4, 0, 190], [0x7F, 4, 1, 0]];
    // A regular frame may fall between two steps; it repeats the step before it.
    let mut distinct = sequence.clone();
    distinct.dedup();
    assert!(observed.starts_with(&distinct), "{sequence:02X?}");
    let counts: Vec<i16> = told.iter().map(|(_, data)| word(data, 4)).collect();
    assert!(counts.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let steps = &told[start..start + distinct.len()];
    assert!(steps.windows(2).all(|pair| pair[1].0 - pair[0].0 < 0.102));
}

#[test]
fn the_vehicle_counts_as_lost_a_quarter_second_after_its_last_word() {
    let mut world = parsed(BARE);
    let mut frames = Frames::default();
    world.advance(Mono::from_secs(3), &mut frames);
    assert_eq!(state(bytes(&frames, 0x6F7).last().unwrap()), 0, "nobody sends: it rests in Error");
    assert_eq!(bytes(&frames, 0x6FD).last().unwrap()[0], 0xA0);
    frames.clear();
    hold_key(&mut world, 0, 10, &mut frames);
    assert_eq!(state(bytes(&frames, 0x6F7).last().unwrap()), 1);
    frames.clear();
    hold_key(&mut world, 0x70, 10, &mut frames);
    assert_eq!(state(bytes(&frames, 0x6F7).last().unwrap()), 4, "it runs for a host too");
    hold_key(&mut world, 0x30, 10, &mut frames);
    let last_word = world.now().secs_f64() - 0.1;
    frames.clear();
    world.advance(Mono::from_nanos(world.now().nanos() + 3_000_000_000), &mut frames);
    let told: Vec<(f64, [u8; 8])> =
        times(&frames, 0x6F7).into_iter().zip(bytes(&frames, 0x6F7)).collect();
    let (at, _) = told.iter().find(|(_, data)| state(data) == 0).unwrap();
    assert!((at - last_word - 0.25).abs() < 0.002, "{}", at - last_word);
    assert_eq!(bytes(&frames, 0x6FD).last().unwrap()[0], 0xA0);
    let amps = long(bytes(&frames, 0x6FA).last().unwrap(), 4);
    assert_eq!(amps, 0);
}

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
        assert!(known > 40_000, "{name}: {known}");
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
fn the_charger_ramps_an_ampere_a_second_stops_in_silence_and_resumes() {
    let text = format!("{BARE}\n[charger]\nname = 'Charger'\nvolts = 100.0\namps = 10.0\n");
    let mut world = parsed(&text);
    let mut frames = Frames::default();
    hold_key(&mut world, 0, 20, &mut frames);
    hold_key(&mut world, 0x70, 20, &mut frames);
    let command = |amps: u8| {
        Frame::classic(id(0x1806_E5F4), &[0x03, 0x20, 0, amps * 10, 0, 0, 0, 0]).unwrap()
    };
    let status = |frames: &Frames| {
        let data = bytes(frames, 0x18FF_50E5).pop().unwrap();
        (u16::from_be_bytes([data[2], data[3]]), data[4])
    };
    assert_eq!(status(&frames), (0, 0));
    let mut ramp = Vec::new();
    for _ in 0..8 {
        world.receive(command(5).view());
        frames.clear();
        hold_key(&mut world, 0x30, 10, &mut frames);
        ramp.push(status(&frames).0);
    }
    assert!(ramp.windows(2).all(|pair| pair[1] - pair[0] <= 10), "{ramp:?}");
    assert_eq!(ramp.last(), Some(&50));
    let milliamps = long(bytes(&frames, 0x6FA).last().unwrap(), 4);
    assert!((4950..5050).contains(&milliamps), "it flows into the pack: {milliamps}");
    hold_key(&mut world, 0x30, 38, &mut frames);
    assert_eq!(status(&frames), (50, 0), "not yet five seconds of silence");
    hold_key(&mut world, 0x30, 22, &mut frames);
    assert_eq!(status(&frames), (0, 0x10));
    world.receive(command(5).view());
    hold_key(&mut world, 0x30, 15, &mut frames);
    let (amps, bits) = status(&frames);
    assert!(amps > 0 && bits == 0, "it resumes by itself");
    hold_key(&mut world, 0, 15, &mut frames);
    assert_eq!(status(&frames), (0, 0x08), "contactors open: no battery");
}

/// The bare scene with a driver and one fault.
fn faulty(fault: &str) -> World {
    let tail = "[controls]\nname = 'EVDC'\n[charger]\nname = 'Charger'\nvolts = 70.0\n\
                [[leg]]\ndo = 'rest'\nseconds = 3600\n[[fault]]\nfrom = 20\nuntil = 30\n";
    parsed(&format!("{BARE}last_module_cells = 6\n{tail}{fault}\n"))
}

#[test]
fn every_way_to_go_wrong_shows_in_the_frames() {
    let during = |fault: &str| {
        let mut world = faulty(fault);
        run(&mut world, 20.5);
        run(&mut world, 9.0)
    };
    let healthy = during("do = 'no-mains'\non = 'Charger'");
    assert_eq!(bytes(&healthy, 0x18FF_50E5).pop().unwrap()[4] & 0x04, 0x04);
    assert_eq!(state(bytes(&healthy, 0x6F7).last().unwrap()), 4);

    let seen = during("do = 'silent'\non = 'BMU'\nmessage = 'BMU_PackSoc'");
    assert!(times(&seen, 0x6F4).is_empty() && !times(&seen, 0x6F5).is_empty());
    let seen = during("do = 'silent'\non = 'EVDC'");
    assert!(times(&seen, 0x505).is_empty());
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[0] & 0x20, 0x20);

    let seen = during("do = 'lost'\non = 'BMU'\nby = 0.5");
    let share = times(&seen, 0x6FA).len() as f64 / times(&healthy, 0x6FA).len() as f64;
    assert!((0.3..0.7).contains(&share), "{share}");

    let seen = during("do = 'stuck'\non = 'BMU'\nmessage = 'BMU_PackVoltageCurrent'");
    let all = bytes(&seen, 0x6FA);
    assert!(all.len() > 80 && all.windows(2).all(|pair| pair[0] == pair[1]));
    let seen = during("do = 'wrong'\non = 'BMU'\nmessage = 'BMU_PackVoltageCurrent'");
    let all = bytes(&seen, 0x6FA);
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));

    let seen = during("do = 'wrong'\non = 'BMU'\nmodule = 1\ncell = 3\nby = -400");
    let cells = bytes(&seen, 0x602).pop().unwrap();
    assert!(word(&cells, 4) < word(&cells, 2) - 350);
    let range = bytes(&seen, 0x6F8).pop().unwrap();
    assert_eq!([range[4], range[5]], [1, 2], "CMU from 1, cell from 0");

    let seen = during("do = 'extra-cell'\non = 'BMU'\nmodule = 2\ncell = 8");
    assert_eq!(word(&bytes(&seen, 0x606).pop().unwrap(), 6), -32767);
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[1] & 0x10, 0x10);
    assert_eq!(state(bytes(&seen, 0x6F7).last().unwrap()), 0);

    let seen = during("do = 'contactor-supply'\non = 'BMU'");
    let told = bytes(&seen, 0x6F7).pop().unwrap();
    assert_eq!([told[0], told[1]], [0x6F, 6]);
    let seen = during("do = 'contactor-stuck'\non = 'BMU'");
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[1] & 0x08, 0x08);

    let seen = during("do = 'second-controls'");
    let count = times(&seen, 0x505).len();
    assert!((170..190).contains(&count), "two of them: {count}");
    assert!(bytes(&seen, 0x6F7).iter().any(|data| state(data) != 4), "the pack opens");

    let mut world = faulty("do = 'late'\non = 'BMU'\nby = 3.0");
    let frames = run(&mut world, 60.0);
    let seen = times(&frames, 0x6FA);
    let gaps: Vec<f64> = seen.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let longest = gaps.iter().copied().fold(0.0, f64::max);
    assert!((2.9..3.2).contains(&longest), "{longest}");
    let mut world = parsed(&format!(
        "{BARE}[controls]\nname = 'EVDC'\n[[leg]]\ndo = 'rest'\nseconds = 99\n\
         [[fault]]\ndo = 'precharge-fails'\non = 'BMU'\nfrom = 0\n"
    ));
    let frames = run(&mut world, 10.0);
    let timers: Vec<u8> =
        bytes(&frames, 0x6F7).iter().filter(|d| state(d) == 3).map(|d| d[7]).collect();
    assert!(timers.len() >= 2 && timers.windows(2).all(|pair| pair[1] < pair[0]), "{timers:?}");
    assert!(bytes(&frames, 0x6F7).iter().any(|d| state(d) == 0));
}

#[test]
fn a_broken_scene_is_refused_with_its_line_and_what_would_be_right() {
    let said = |tail: &str| {
        let text = format!("{}{tail}", BARE.trim_start());
        Scene::parse(&text, "x.toml", "x").unwrap_err().to_string()
    };
    let cases = [
        ("modules = 3\n", "x.toml, line 7: "),
        ("colour = 'red'\n", "x.toml, line 7: unknown field `colour`"),
        ("soc_percent = 170\n", "x.toml, line 4: soc_percent is 170; it may be 0 to 100"),
        ("[[cell]]\nmodule = 3\ncell = 1\n", "line 7: module is 3; \"BMU\" has modules 1 to 2"),
        ("[[cell]]\nmodule = 1\ncell = 9\n", "line 7: cell is 9; a module has cells 1 to 8"),
        ("[[leg]]\ndo = 'drive'\nseconds = 5\n", "line 7: a [[leg]] needs somebody who drives"),
        ("[[leg]]\ndo = 'fly'\nseconds = 5\n", "line 8: unknown variant `fly`"),
        ("[[fault]]\ndo = 'silent'\non = 'X'\nfrom = 1\n", "line 7: there is no device \"X\""),
        ("[[fault]]\ndo = 'bus-off'\non = 'BMU'\nfrom = 1\n", "line 7: a bus-off fault is on the"),
        ("[[fault]]\ndo = 'bus-off'\nfrom = 9\nuntil = 3\n", "line 7: until is 3"),
        ("[[fault]]\ndo = 'untrusted'\non = 'BMU'\nfrom = 1\n", "add on, module and cell"),
        ("[charger]\nname = 'BMU'\nvolts = 60\n", "two devices are called \"BMU\""),
    ];
    for (tail, expected) in cases {
        let text = said(tail);
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
    let missing = Scene::builtin("dmeo").unwrap_err().to_string();
    assert!(missing.contains("\"dmeo\"") && missing.contains("demo, cold-morning"), "{missing}");
    let lost = Scene::find("nowhere/x.toml").unwrap_err().to_string();
    assert!(lost.starts_with("nowhere/x.toml cannot be read: "), "{lost}");
    let base = BARE.replace("modules = 2", "modules = 2\nbase = 0x610");
    let scene = Scene::parse(&base, "x", "x").unwrap();
    let said = World::new(&scene, 0).unwrap_err().to_string();
    assert!(said.starts_with("BMU: base address 0x610"), "{said}");
    let fault = "[[fault]]\ndo = 'silent'\non = 'BMU'\nmessage = 'Soup'\nfrom = 1\n";
    let scene = Scene::parse(&format!("{BARE}{fault}"), "x", "x").unwrap();
    let said = World::new(&scene, 0).unwrap_err().to_string();
    assert!(said.contains("\"Soup\"") && said.contains("BMU_PackSoc"), "{said}");
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

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn no_scene_file_makes_a_world_panic(
        modules in 0u16..90, cells in 0u16..10, base in 0u32..0x900, soc in -5.0f64..110.0,
        spread in 0.0f64..40.0, capacity in 0.0f64..200.0, ambient in -50.0f64..70.0,
        what in "(drive|rest|regen|charge|off|fly)", amps in 0.0f64..900.0,
        fault in "(silent|late|stuck|wrong|lost|untrusted|extra-cell|contactor-supply|contactor-stuck|precharge-fails|no-mains|second-controls|bus-off|nonsense)",
        on in "(BMU|Charger|EVDC|X)", place in 0u8..4, from in 0.0f64..20.0, span in 0.0f64..20.0,
        every in 0.001f64..9.0, by in -100.0f64..100.0, extra in "[a-z\\[\\]=\"\n]{0,12}",
        seed in proptest::prelude::any::<u64>(),
    ) {
        let target = match place {
            0 => "module = 1\n",
            1 => "module = 1\ncell = 2\n",
            2 => "message = 'BMU_PackSoc'\n",
            _ => "",
        };
        let text = format!(
            "title = 'T'\ndescription = 'D.'\npack = 'P'\nambient_c = {ambient}\n[[bmu]]\nname = 'BMU'\n\
             modules = {modules}\ncells = {cells}\nbase = {base}\nsoc_percent = {soc}\n\
             soc_spread_percent = {spread}\ncapacity_ah = {capacity}\n\
             [charger]\nname = 'Charger'\nvolts = 300\n[controls]\nname = 'EVDC'\n\
             [[leg]]\ndo = '{what}'\nseconds = 9\namps = {amps}\n[[fault]]\ndo = '{fault}'\n\
             on = '{on}'\n{target}from = {from}\nuntil = {}\nevery = {every}\nby = {by}\n{extra}",
            from + span,
        );
        let scene = [text.clone(), text.replace(&format!("by = {by}\n"), "")]
            .into_iter()
            .find_map(|text| Scene::parse(&text, "x", "x").ok());
        if let Some(Ok(mut world)) = scene.map(|scene| World::new(&scene, seed)) {
            let frames = run(&mut world, 40.0);
            proptest::prop_assert!(frames.len() < 200_000);
        }
    }
}
