//! Discovery on simulated scenes, on mixed buses, on real recordings, and on noise.

use std::fmt::Write as _;
use std::sync::Arc;

use super::*;
use crate::base::id::{BusId, Name};
use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, Frame, Frames, Id};
use crate::engine::device::Claim;
use crate::engine::discovery::*;
use crate::engine::hub::traffic::Traffic;
use crate::engine::sim::{Scene, World};
use crate::engine::testing::shared_folder;

fn traffic(frames: &Frames) -> (Traffic, Mono) {
    let mut traffic = Traffic::default();
    let mut last = Mono::ZERO;
    for frame in frames.iter() {
        traffic.take(frame);
        last = last.max(frame.time());
    }
    (traffic, last)
}

fn found(frames: &Frames) -> Discovery {
    found_beside(frames, &[])
}

fn found_beside(frames: &Frames, configured: &[Configured]) -> Discovery {
    let (traffic, last) = traffic(frames);
    discover(&traffic.hearing(BusId(0), last), &Catalog::builtin(), configured)
}

fn scene(name: &str, seconds: i64) -> Frames {
    let scene = Scene::builtin(name).unwrap();
    let mut world = World::new(&scene, scene.seed).unwrap();
    let mut frames = Frames::default();
    world.advance(Mono::from_secs(seconds), &mut frames);
    frames
}

fn offered(discovery: &Discovery) -> Vec<(String, u32)> {
    let offered = discovery.candidates.iter().filter(|c| c.is_offered());
    offered.map(|c| (c.kind.manifest.id.clone(), c.base)).collect()
}

/// A bus on which `ids` come every `period` milliseconds for `seconds`, with what `bytes` says.
fn bus(ids: &[u32], period: i64, seconds: i64, bytes: impl Fn(u32) -> Vec<u8>) -> Frames {
    let mut frames = Frames::default();
    for at in (0..seconds * 1000).step_by(period as usize) {
        for raw in ids {
            let frame = Frame::classic(Id::guess(*raw).unwrap(), &bytes(*raw)).unwrap();
            frames.push(frame.at(Mono::from_millis(at)).view());
        }
    }
    frames
}

fn reasons(candidate: &Candidate) -> String {
    let mut text = String::new();
    for reason in &candidate.reasons {
        writeln!(text, "{:?}: {}", reason.side, reason.text).unwrap();
    }
    text
}

#[test]
fn every_pack_of_every_scene_is_found_with_its_address_and_serial() {
    for name in Scene::names() {
        let wanted = Scene::builtin(name).unwrap().components();
        // Long enough that whoever is silent at first, such as after a fault, has spoken.
        let discovery = found(&scene(name, 20));
        for part in wanted.iter().filter(|part| part.kind == "prohelion-d1000-gen1") {
            let base = part.base.unwrap_or(0x600);
            let pack = discovery
                .candidates
                .iter()
                .find(|c| c.kind.manifest.id == part.kind && c.base == base);
            let pack = pack.unwrap_or_else(|| panic!("{name}: no pack at {base:X}: {discovery:?}"));
            assert!(pack.is_offered(), "{name}: {}\n{}", pack.words(), reasons(pack));
            assert!(pack.serial.is_some_and(|serial| serial > 0), "{name}: {}", pack.words());
            assert!(pack.firmware.is_some(), "{name}: {}", pack.words());
        }
    }
}

#[test]
fn the_demo_is_found_whole_and_said_with_reasons() {
    let discovery = found(&scene("demo", 12));
    let kind = |c: &&Candidate| c.kind.manifest.id == "prohelion-d1000-gen1";
    let pack = discovery.candidates.iter().find(kind).unwrap();
    assert!(pack.score >= 90, "{}\n{}", pack.words(), reasons(pack));
    assert!(
        pack.words().starts_with("Prohelion D1000 Gen 1 at 0x600, serial "),
        "{}",
        pack.words()
    );
    assert!(reasons(pack).contains("says in its heartbeat that it is a D1000 Gen 1 BMU (0x600)"));
    let wanted = Scene::builtin("demo").unwrap().components();
    for part in wanted {
        let there =
            discovery.candidates.iter().any(|c| c.kind.manifest.id == part.kind && c.is_offered());
        assert!(there, "{} is not offered: {:?}", part.kind, offered(&discovery));
    }
}

#[test]
fn what_is_configured_already_is_said_and_not_offered_again() {
    let name = |text: &str| Name::new(text).unwrap();
    let claims = vec![Claim { ids: 0x600..=0x6FF, extended: false }];
    let pack = Configured {
        name: name("Pack 1"),
        kind: "prohelion-d1000-gen1".into(),
        base: 0x600,
        claims: claims.clone(),
    };
    let discovery = found_beside(&scene("demo", 12), std::slice::from_ref(&pack));
    let known = discovery.candidates.iter().find(|c| c.base == 0x600).unwrap();
    assert_eq!(known.known, Some(name("Pack 1")));
    assert!(!known.is_offered());
    // Another kind of device that is configured there is in the way, and is named.
    let other = Configured { name: name("Tracker"), kind: "something-else".into(), ..pack };
    let discovery = found_beside(&scene("demo", 12), &[other]);
    let there = discovery.candidates.iter().find(|c| c.base == 0x600).unwrap();
    assert_eq!((there.known.as_ref(), &there.shares[..]), (None, &[name("Tracker")][..]));
    assert!(there.is_offered());
}

#[test]
fn several_devices_on_one_bus_are_each_found_at_their_own_address() {
    let mut frames = Frames::default();
    for frame in scene("demo", 12).iter() {
        frames.push(frame);
        // A second pack that says the same 0x400 further down, with a serial of its own.
        if let 0x600..=0x6FF = frame.id().raw() {
            let mut bytes = frame.data.to_vec();
            if frame.id().raw() == 0x600 {
                bytes[4..].copy_from_slice(&61905_u32.to_le_bytes());
            }
            let id = Id::standard(frame.id().raw() - 0x400).unwrap();
            frames.push(Frame::classic(id, &bytes).unwrap().at(frame.time()).view());
        }
    }
    let discovery = found(&frames);
    let packs: Vec<&Candidate> = discovery
        .candidates
        .iter()
        .filter(|c| c.kind.manifest.id.starts_with("prohelion-d1000-gen1"))
        .collect();
    let bases: Vec<u32> = packs.iter().map(|c| c.base).collect();
    assert!(bases.contains(&0x200) && bases.contains(&0x600), "{bases:X?}");
    let second = packs.iter().find(|c| c.base == 0x200).unwrap();
    assert_eq!(second.serial, Some(61905));
    assert!(second.words().contains("at 0x200, serial 61905, "), "{}", second.words());
}

/// All messages of every kind, as often as they should come, with bytes that mean nothing.
#[test]
fn ids_and_times_alone_are_never_offered() {
    let catalog = Catalog::builtin();
    for kind in catalog.iter() {
        for filling in [0xFF, 0xA5, 0x5A] {
            let device = kind.bind(kind.defaults()).unwrap();
            let mut frames = Frames::default();
            for (_, message) in device.codec().messages() {
                let Some(rate) = kind.manifest.rate_of(&message.name) else { continue };
                for at in (0..10_000).step_by(rate.period_ms as usize) {
                    let bytes = vec![filling; usize::from(message.len)];
                    let frame = Frame::classic(message.id, &bytes).unwrap();
                    frames.push(frame.at(Mono::from_millis(at)).view());
                }
            }
            let mut sorted: Vec<Frame> = frames.iter().map(|f| f.to_frame()).collect();
            sorted.sort_by_key(|frame| frame.time());
            let mut frames = Frames::default();
            sorted.iter().for_each(|frame| frames.push(frame.view()));
            let all = found(&frames);
            let wrong = all
                .candidates
                .iter()
                .find(|c| c.kind.manifest.id == kind.manifest.id && c.is_offered());
            assert!(
                wrong.is_none(),
                "{} with {filling:02X}: {}",
                kind.manifest.id,
                reasons(wrong.unwrap())
            );
        }
    }
}

#[test]
fn what_contradicts_a_sign_is_said_and_costs_points() {
    let sound = scene("demo", 12);
    let mut odd = Frames::default();
    for frame in sound.iter() {
        let changed = match frame.id().raw() {
            // A state of charge of 57 is none as a fraction; the fan message has half its length.
            0x6F4 => Frame::classic(frame.id(), &[0, 0, 0, 0, 0, 0, 0x64, 0x42]),
            0x6FC => Frame::classic(frame.id(), &[0; 4]),
            _ => None,
        };
        match changed {
            Some(changed) => odd.push(changed.at(frame.time()).view()),
            None => odd.push(frame),
        }
    }
    let (before, after) = (found(&sound), found(&odd));
    let pack = |d: &Discovery| d.candidates.iter().find(|c| c.base == 0x600).unwrap().clone();
    let (before, after) = (pack(&before), pack(&after));
    assert!(after.score + 10 <= before.score, "{} then {}", before.words(), after.words());
    let said = reasons(&after);
    assert!(said.contains("Against: BMU_PackSoc (0x6F4) does not hold what it should"), "{said}");
    assert!(said.contains("0x6FC comes with 4 bytes, BMU_Fans has 8"), "{said}");
}

#[test]
fn frames_of_this_program_and_what_has_gone_silent_are_nobody() {
    let mut frames = Frames::default();
    let heartbeat =
        Frame::classic(Id::standard(0x600).unwrap(), &[0, 0x10, 0, 0, 1, 0, 0, 0]).unwrap();
    for at in 0..10 {
        frames.push(heartbeat.at(Mono::from_secs(at)).going(Direction::Sent).view());
    }
    assert_eq!(found(&frames).ids, 0);
    let mut frames = Frames::default();
    frames.push(heartbeat.at(Mono::ZERO).view());
    let other = Frame::classic(Id::standard(0x123).unwrap(), &[1]).unwrap();
    frames.push(other.at(Mono::from_secs(60)).view());
    let discovery = found(&frames);
    assert_eq!((discovery.ids, discovery.candidates.len()), (1, 0));
    assert_eq!(discovery.unknown, [Id::standard(0x123).unwrap()]);
}

#[test]
fn a_charger_is_told_from_its_newer_dialect_by_what_only_that_one_sends() {
    let old = bus(&[0x18FF_50E5], 1000, 10, |_| vec![0x06, 0x10, 0, 0x31, 0, 0, 0, 0]);
    let discovery = found(&old);
    let kinds: Vec<&str> =
        discovery.candidates.iter().map(|c| c.kind.manifest.id.as_str()).collect();
    assert_eq!(kinds.first(), Some(&"elcon-tc"), "{kinds:?}");
    let newer = discovery.candidates.iter().find(|c| c.kind.manifest.id == "elcon-tc-v1").unwrap();
    assert!(reasons(newer).contains("more likely"), "{}", reasons(newer));
    let new = bus(&[0x18FF_50E7], 1000, 10, |_| vec![0x06, 0x10, 0, 0x31, 0, 0x40, 1, 0]);
    assert_eq!(offered(&found(&new)), [("elcon-tc-v1".to_owned(), 0xE7)]);
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

/// Thousands of buses of random ids, lengths, times and bytes: nothing is offered.
#[test]
fn random_traffic_is_no_device() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x0D15_C0DE_u64);
    println!("SEED={seed}");
    let mut chance = Dice(seed);
    let catalog = Catalog::builtin();
    let mut most = 0;
    for round in 0..2000 {
        let count = 1 + (chance.next_u64() % 200) as usize;
        let mut heard: BTreeMap<Id, Heard> = BTreeMap::new();
        for _ in 0..count {
            let word = chance.next_u64();
            let id = match word % 4 {
                0 => Id::extended((word >> 8) as u32 & Id::MAX_EXTENDED),
                _ => Id::standard((word >> 8) as u32 & Id::MAX_STANDARD),
            };
            let id = id.unwrap();
            let len = if chance.next_u64().is_multiple_of(3) {
                (chance.next_u64() % 9) as usize
            } else {
                8
            };
            // Half of the buses are quiet ones: most of their bytes are zero, as they are in life.
            let mut bytes = chance.next_u64().to_le_bytes().to_vec();
            if round % 2 == 0 {
                for byte in &mut bytes {
                    if !chance.next_u64().is_multiple_of(4) {
                        *byte = 0;
                    }
                }
            }
            bytes.truncate(len);
            let periods = [10, 20, 50, 100, 200, 500, 1000];
            let period = periods[(chance.next_u64() % 7) as usize];
            let period = Some(Duration::from_millis(period));
            heard.insert(id, Heard { id, len, count: 100, period, samples: vec![bytes] });
        }
        let hearing =
            Hearing { heard: heard.into_values().collect(), span: Duration::from_secs(10) };
        let discovery = discover(&hearing, &catalog, &[]);
        let score = discovery.candidates.iter().map(|c| c.score).max().unwrap_or(0);
        most = most.max(score);
        let wrong = discovery.candidates.iter().find(|c| c.is_offered());
        assert!(
            wrong.is_none(),
            "SEED={seed}, round {round}: {}\n{}",
            wrong.unwrap().words(),
            reasons(wrong.unwrap())
        );
    }
    println!("the surest of 2000 random buses: {most} %");
}

#[test]
fn a_bus_full_of_heartbeats_is_looked_at_within_bounds() {
    let every = (0..0x800).step_by(0x20).collect::<Vec<u32>>();
    let frames = bus(&every, 1000, 5, |raw| {
        let mut bytes = vec![0, 0x10, 0, 0];
        bytes.extend(raw.to_le_bytes());
        bytes
    });
    let discovery = found(&frames);
    assert!(discovery.candidates.len() <= CANDIDATE_LIMIT, "{}", discovery.candidates.len());
    assert!(!discovery.candidates.is_empty());
}

#[test]
fn real_recordings_look_like_what_they_are_of() {
    let catalog = Catalog::builtin();
    let Some(folder) = shared_folder() else { return };
    let entries = std::fs::read_dir(folder.join("data/logs")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut looked = 0;
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let buses = match recording(&file, &catalog) {
            Ok(found) => found.buses,
            Err(why) => {
                println!("skipped {name}: {why}");
                continue;
            }
        };
        looked += 1;
        let all: Vec<Candidate> =
            buses.iter().flat_map(|bus| bus.discovery.candidates.clone()).collect();
        let said: Vec<String> = all.iter().map(Candidate::words).collect();
        println!("{name}: {} buses, {said:?}", buses.len());
        let is = |kind: &str, base: u32| {
            all.iter().any(|c| c.kind.manifest.id == kind && c.base == base && c.is_offered())
        };
        if name.starts_with("prohelion-two-bmu") {
            assert!(
                is("prohelion-d1000-gen1", 0x600) && is("prohelion-d1000-gen1", 0x200),
                "{said:?}"
            );
            assert!(is("elcon-tc", 0xE5), "{said:?}");
            let pack = all.iter().find(|c| c.serial == Some(61905));
            assert!(pack.is_some_and(|pack| pack.score > 90), "{said:?}");
        } else {
            let pack = all.iter().find(|c| c.kind.manifest.id.starts_with("prohelion-d1000"));
            assert!(
                pack.is_none(),
                "{name} does not hold a D1000: {}\n{}",
                pack.unwrap().words(),
                reasons(pack.unwrap())
            );
        }
    }
    assert!(looked > 0, "no recording could be read");
}

#[test]
fn a_folder_without_the_table_is_never_offered() {
    let mut bare = Catalog::default();
    for kind in Catalog::builtin().iter() {
        let manifest = crate::engine::device::Manifest { recognise: None, ..kind.manifest.clone() };
        let kind = crate::engine::device::Kind::for_tests(manifest, kind.schema.clone());
        bare.put(Arc::new(kind));
    }
    let (traffic, last) = traffic(&scene("demo", 12));
    assert!(discover(&traffic.hearing(BusId(0), last), &bare, &[]).candidates.is_empty());
}
