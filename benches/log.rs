//! Recordings: opening a log as the window does, in every format that is written, its first rows,
//! and turning it into decoded text.
//!
//! The log is made up here: a pack of 14 modules on an 18,000 frames a second bus, all cell, module
//! and pack messages in turn, values that move, two ids in ten that no DBC file has, and one frame in
//! 29 shorter than eight bytes, down to none. `BUSBAR_FRAMES=10000000` makes it longer than a million
//! frames. Not a frame may be lost or changed in any format, which is looked at before anything is
//! measured.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use busbar::base::time::SystemClock;
use busbar::engine::convert;
use busbar::engine::decode::{Format, Job, Request, Values};
use busbar::engine::logs::{LogPicture, LogState, Opening};
use busbar::engine::testing::inside::Log;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The formats by the endings of their files.
const FORMATS: [&str; 10] =
    ["log", "asc", "blf", "trc", "csv", "arrowpoint.csv", "crtd", "pcap", "pcapng", "mf4"];

fn wanted() -> u64 {
    std::env::var("BUSBAR_FRAMES").map_or(1_000_000, |text| text.parse().unwrap())
}

fn log(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("pack.log");
    let mut out = io::BufWriter::new(fs::File::create(&path)?);
    let modules = (0x601..=0x62A).chain([0x6F4, 0x6F6, 0x6F7, 0x6F8, 0x6F9, 0x6FA, 0x6FB, 0x6FD]);
    let strange = (0x300..0x30D).chain([0x505]);
    let ids: Vec<u32> = modules.chain(strange).collect();
    // A small generator with a fixed seed, so that every run has the same log.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for n in 0..wanted() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let us = 1_700_000_000_000_000 + n * 55;
        let id = ids[n as usize % ids.len()];
        let len = if n % 29 == 0 { n / 29 % 8 } else { 8 };
        // Four readings of some 3,700 with noise, low byte first.
        write!(out, "({}.{:06}) can0 {id:03X}#", us / 1_000_000, us % 1_000_000)?;
        for byte in 0..len {
            let reading = 3_700 + (state >> (60 - 15 * (byte / 2)) & 0x3F) as u16;
            write!(out, "{:02X}", reading.to_le_bytes()[byte as usize % 2])?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(path)
}

fn request(log: &Path, dbc: &str, format: Format, threads: usize) -> Request {
    Request {
        dbcs: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/devices").join(dbc)],
        log: log.to_owned(),
        format,
        values: Values::Numbers,
        filter: String::new(),
        threads: NonZeroUsize::new(threads).unwrap(),
    }
}

fn run(request: &Request) -> u64 {
    let job = Job::open(request).unwrap();
    let summary = job.run(&mut io::sink(), &mut |_| ()).unwrap();
    assert_eq!(summary.tally.frames, wanted());
    summary.tally.decoded
}

fn decoded_text(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path()).unwrap();
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(wanted())).sample_size(10);
    // No id of the log is in this file: what is measured is reading alone.
    let reading = request(&log, "elcon-tc/messages.dbc", Format::Jsonl, 1);
    group.bench_function("read", |b| b.iter(|| black_box(run(&reading))));
    for (name, format) in [("jsonl", Format::Jsonl), ("csv", Format::Csv), ("text", Format::Text)] {
        for threads in [1, 4] {
            let request = request(&log, "prohelion-d1000-gen1/messages.dbc", format, threads);
            group.bench_with_input(BenchmarkId::new(name, threads), &request, |b, request| {
                b.iter(|| black_box(run(request)));
            });
        }
    }
    group.finish();
}

/// What there is of a recording, whatever format it is in: how many frames, and a sum over ids,
/// lengths and bytes that tells any two apart.
fn contents(path: &Path) -> (u64, u64) {
    let log = Log::open(path).unwrap();
    let (mut all, mut sum) = (0, 0_u64);
    let reader = log.sweep(NonZeroUsize::new(4).unwrap(), &mut |frames, _| {
        for frame in frames.iter() {
            all += 1;
            let head = u64::from(frame.id().raw()) << 8 | frame.len() as u64;
            let bytes = frame
                .data
                .iter()
                .fold(head, |sum, byte| sum.wrapping_mul(0x0100_0000_01B3) ^ u64::from(*byte));
            sum = sum.rotate_left(7) ^ bytes;
        }
        ControlFlow::Continue(())
    });
    assert_eq!(reader.skipped(), 0);
    (all, sum)
}

/// A recording being opened, and what is told of it.
fn opening(path: &Path) -> (Opening, Receiver<()>) {
    let (give, told) = channel();
    let tell = Box::new(move || give.send(()).unwrap_or_default());
    (Opening::start(path, u64::MAX, SystemClock::new(), tell).unwrap(), told)
}

/// Opens a recording as the window does: until its first rows are there.
fn first_rows(path: &Path) -> u64 {
    let (opening, told) = opening(path);
    loop {
        told.recv().unwrap();
        let rows = opening.picture().reel.len();
        if rows > 0 {
            return rows;
        }
    }
}

/// The same until all of it is there, with its table by id.
fn whole(path: &Path) -> std::sync::Arc<LogPicture> {
    let (opening, told) = opening(path);
    while opening.picture().state.is_reading() {
        told.recv().unwrap();
    }
    let picture = opening.picture();
    assert_eq!((&picture.state, picture.reel.len()), (&LogState::Whole, wanted()));
    picture
}

/// Resident memory of this process, bytes; 0 where it cannot be read.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kb| kb.parse().ok());
    kb.unwrap_or(0_u64) * 1024
}

/// Every format, of the same frames.
fn formats(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let source = log(folder.path()).unwrap();
    let there = contents(&source);
    assert_eq!(there.0, wanted());
    let mut group = c.benchmark_group("open");
    for ending in FORMATS {
        let path = folder.path().join(format!("converted.{ending}"));
        let (input, output) = (source.clone(), path.clone());
        let existing = convert::Existing::Replace;
        let request = convert::Request { input, output, to: None, existing };
        let stop = AtomicBool::new(false);
        convert::Job::open(&request).unwrap().run(&stop, &mut |_| {}).unwrap();
        assert_eq!(contents(&path), there, "{ending}: not a frame is lost or changed");
        let size = fs::metadata(&path).unwrap().len();
        let before = resident();
        let start = Instant::now();
        let picture = whole(&path);
        let took = start.elapsed().as_secs_f64();
        let frames = wanted() as f64;
        println!(
            "{ending}: {:.0} MB in {took:.3} s, {:.0} MB/s, {:.1} M frames/s; {:.1} bytes a frame on \
             disk, {:.1} in memory by our own count, {:.1} by the system's",
            size as f64 / 1e6,
            size as f64 / 1e6 / took,
            frames / 1e6 / took,
            size as f64 / frames,
            picture.reel.bytes() as f64 / frames,
            resident().saturating_sub(before) as f64 / frames,
        );
        drop(picture);
        group.throughput(Throughput::Elements(wanted())).sample_size(10);
        group.bench_function(BenchmarkId::new("whole", ending), |b| {
            b.iter(|| black_box(whole(&path)));
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("first rows", ending), |b| {
            b.iter(|| black_box(first_rows(&path)));
        });
        fs::remove_file(&path).unwrap();
    }
    group.finish();
}

criterion_group!(benches, formats, decoded_text);
criterion_main!(benches);
