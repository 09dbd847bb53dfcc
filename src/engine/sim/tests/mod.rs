//! Worlds looked at from outside: their frames, their timing, their faults.

mod faults;
mod files;
mod parts;
mod scenes;

use std::hash::{DefaultHasher, Hasher};

use super::{Scene, World};
use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Frames, Id};

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
