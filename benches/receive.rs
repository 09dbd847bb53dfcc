//! Eight saturated 1 Mbit/s buses, 70,032 frames a second, through the running engine: receiving, the
//! table by id, decoding, the pack model, the trace and the pictures of it, for ten seconds of real
//! time (`BUSBAR_SECONDS`). The frames come out of recordings that are played at their own pace, so
//! that no hardware and no kernel bus is needed. Prints frames lost, which must be none, and processor
//! time a frame by kind of thread: `rx` is receiving, with the reading of the recording in it.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use busbar::engine::{ActivateProfile, Config, Face, UseCan, ViewPlant, load_profile, start};

/// Buses, and frames a second on each: standard ids, eight bytes, average stuffing.
const BUSES: usize = 8;
const RATE: u64 = 8_754;

fn seconds() -> u64 {
    std::env::var("BUSBAR_SECONDS").map_or(10, |text| text.parse().unwrap())
}

/// A candump log of one bus: a pack's messages in turn, with values that move.
fn recording(bus: usize, seconds: u64) -> String {
    let mut text = String::new();
    for n in 0..RATE * seconds {
        let us = 1_700_000_000_000_000 + n * 1_000_000 / RATE;
        let id = 0x600 + n % 0x2A;
        let cell = 3_700 + (n / 0x2A + bus as u64) % 64;
        let word = format!("{:02X}{:02X}", cell & 0xFF, cell >> 8);
        let _ = writeln!(
            text,
            "({}.{:06}) can0 {id:03X}#{word}{word}{word}{word}",
            us / 1_000_000,
            us % 1_000_000
        );
    }
    text
}

fn profile(folder: &Path, seconds: u64) -> String {
    let mut text = String::from("name = \"Saturated\"\n");
    for bus in 0..BUSES {
        let file = folder.join(format!("bus{bus}.log"));
        fs::write(&file, recording(bus, seconds)).unwrap();
        let _ = write!(
            text,
            "\n[[bus]]\nname = \"bus{bus}\"\naddress = \"replay:{}\"\n\n[[component]]\n\
             name = \"pack{bus}\"\nkind = \"prohelion-d1000-gen1\"\nbus = \"bus{bus}\"\n",
            file.display()
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
    let span = seconds();
    let file = folder.path().join("saturated.toml");
    fs::write(&file, profile(folder.path(), span + 5)).unwrap();
    let data = folder.path().join("data");
    let mut running = start(Config::new(data, "a bench")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::CommandLine);
    let (tell, news) = channel();
    let view = session.permit(ViewPlant).unwrap();
    let can = session.permit(UseCan).unwrap();
    running.door.watch(&view, Box::new(move || tell.send(()).unwrap_or_default()));
    let order = ActivateProfile::loaded(load_profile(&file).unwrap());
    running.door.submit(&session, order).unwrap().wait().unwrap();
    while running.door.look(&view).totals.received < RATE {
        news.recv().unwrap();
    }
    let (before, first, start) = (spent(), running.door.reel(&can).end(), Instant::now());
    let end = Duration::from_secs(span);
    while let Some(left) = end.checked_sub(start.elapsed()) {
        // Whoever watches takes every picture, as a window does.
        if news.recv_timeout(left).is_ok() {
            std::hint::black_box(running.door.look(&view));
        }
    }
    let (took, last) = (start.elapsed().as_secs_f64(), running.door.reel(&can).end());
    let totals = running.door.look(&view).totals.clone();
    let frames = last - first;
    println!(
        "{BUSES} buses: {frames} frames in {took:.2} s, {:.0} frames/s of {}, {} lost",
        frames as f64 / took,
        RATE * BUSES as u64,
        totals.lost
    );
    let mut all = 0;
    for (name, ns) in spent() {
        let ns = ns.saturating_sub(before.get(&name).copied().unwrap_or(0));
        all += ns;
        if ns > 1_000_000 {
            println!("  {name:16} {:.3} us a frame", ns as f64 / 1e3 / frames as f64);
        }
    }
    println!("  {:16} {:.3} us a frame (target 3)", "everything", all as f64 / 1e3 / frames as f64);
    assert_eq!(totals.lost, 0, "frames were lost");
    let rate = frames as f64 / took;
    assert!(rate > 0.98 * (RATE * BUSES as u64) as f64, "the machine is too busy to keep up");
}
