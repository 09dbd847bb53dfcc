//! Eight saturated 1 Mbit/s buses, 70,032 frames a second, through the running engine: receiving, the
//! table by id, decoding, the pack model, the trace and the pictures of it, for ten seconds of real
//! time (`BUSBAR_SECONDS`). The buses are virtual, so that no hardware and no kernel bus is needed.
//! Prints frames lost, which must be none, and processor time a frame by kind of thread: `rx` is
//! receiving (target 0.8 us), `voice` the sender, which does not count.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench says what went wrong by failing"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use busbar::engine::testing::wire::{Voice, start_beside};
use busbar::engine::{ActivateProfile, Catalog, Config, Face, Frame, Id, ViewPlant, load_profile};

/// Buses, and frames a second on each: standard ids, eight bytes, average stuffing.
const BUSES: usize = 8;
const RATE: u64 = 8_754;

fn seconds() -> u64 {
    std::env::var("BUSBAR_SECONDS").map_or(10, |text| text.parse().unwrap())
}

/// Frames are sent so many at a time, as they come out of a controller under load.
const TOGETHER: Duration = Duration::from_millis(1);

/// Sends a pack's messages in turn, with values that move, until told to stop; gives how many.
fn saturate(mut voice: Voice, stop: &AtomicBool) -> u64 {
    let (start, mut sent) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = (start.elapsed().as_secs_f64() * RATE as f64) as u64;
        while sent < due {
            let id = Id::standard(0x600 + (sent % 0x2A) as u32).unwrap();
            let cell = (3_700 + sent / 0x2A % 64) as u16;
            let bytes = [cell; 4].map(u16::to_le_bytes).concat();
            if !voice.send(Frame::classic(id, &bytes).unwrap()) {
                // Its guard lets only so many through at once: the rest goes a little later.
                break;
            }
            sent += 1;
        }
        std::thread::park_timeout(TOGETHER);
    }
    sent
}

fn profile() -> String {
    let mut text = String::from("name = \"Saturated\"\n");
    for bus in 0..BUSES {
        let _ = write!(
            text,
            "\n[[bus]]\nname = \"bus{bus}\"\naddress = \"virtual:bus{bus}\"\n\n[[component]]\n\
             name = \"pack{bus}\"\nkind = \"prohelion-d1000-gen1\"\nbus = \"bus{bus}\"\n"
        );
    }
    text
}

/// Processor time of every thread of this process by its name, nanoseconds; empty where the system
/// does not say.
fn spent() -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return all };
    for task in tasks.flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let times = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let ns = times.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
        let name = name.trim();
        let kind = name.split(':').next().unwrap_or(name).to_owned();
        *all.entry(kind).or_default() += ns;
    }
    all
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("saturated.toml");
    fs::write(&file, profile()).unwrap();
    let (mut running, wire) =
        start_beside(Config::new(folder.path().join("data"), "a bench")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::CommandLine);
    let (tell, news) = channel();
    let view = session.permit(ViewPlant).unwrap();
    running.door.watch(&view, Box::new(move || tell.send(()).unwrap_or_default()));
    let order = ActivateProfile::loaded(load_profile(&file, &Catalog::builtin()).unwrap());
    running.door.submit(&session, order).unwrap().wait().unwrap();
    let stop = AtomicBool::new(false);
    let (sent, took, before, after) = std::thread::scope(|scope| {
        let voices: Vec<_> = (0..BUSES)
            .map(|bus| {
                let voice = wire.voice(&format!("bus{bus}")).unwrap();
                let name = format!("voice:{bus}");
                let saturate = || saturate(voice, &stop);
                std::thread::Builder::new().name(name).spawn_scoped(scope, saturate).unwrap()
            })
            .collect();
        let (before, start) = (spent(), Instant::now());
        let end = Duration::from_secs(seconds());
        while let Some(left) = end.checked_sub(start.elapsed()) {
            // Whoever watches takes every picture, as a window does.
            if news.recv_timeout(left).is_ok() {
                std::hint::black_box(running.door.look(&view));
            }
        }
        stop.store(true, Ordering::Relaxed);
        let took = start.elapsed().as_secs_f64();
        let sent: u64 = voices.into_iter().map(|voice| voice.join().unwrap()).sum();
        (sent, took, before, spent())
    });
    // What is still on its way gets the time to arrive.
    while running.door.look(&view).totals.received + running.door.look(&view).totals.lost < sent {
        news.recv_timeout(Duration::from_secs(20)).expect("frames that are neither here nor lost");
    }
    let totals = running.door.look(&view).totals;
    println!(
        "{BUSES} buses: {sent} frames in {took:.2} s, {:.0} frames/s of {}; {} received, {} lost",
        sent as f64 / took,
        RATE * BUSES as u64,
        totals.received,
        totals.lost
    );
    let mut all = 0;
    for (name, ns) in after {
        let ns = ns.saturating_sub(before.get(&name).copied().unwrap_or(0));
        let us = ns as f64 / 1e3 / sent as f64;
        match name.as_str() {
            "voice" => println!("  {name:16} {us:.3} us a frame, which is the sender's"),
            _ if ns > 1_000_000 => println!("  {name:16} {us:.3} us a frame"),
            _ => {}
        }
        all += if name == "voice" { 0 } else { ns };
    }
    println!("  {:16} {:.3} us a frame (target 3)", "everything", all as f64 / 1e3 / sent as f64);
    assert_eq!((totals.received, totals.lost), (sent, 0), "frames were lost");
}
