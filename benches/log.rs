//! Recordings: reading a log of a million frames in every format that is written, its first frames,
//! and turning it into decoded text.
//!
//! The log is made up here: a pack of 14 modules on an 18,000 frames a second bus, all cell, module
//! and pack messages in turn, values that move, and two ids in ten that no DBC file has.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use busbar::engine::convert;
use busbar::engine::decode::{Format, Job, Request, Values};
use busbar::engine::testing::inside::{Frames, Log};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const FRAMES: u64 = 1_000_000;

fn log(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("pack.log");
    let mut out = io::BufWriter::new(fs::File::create(&path)?);
    let modules = (0x601..=0x62A).chain([0x6F4, 0x6F6, 0x6F7, 0x6F8, 0x6F9, 0x6FA, 0x6FB, 0x6FD]);
    let strange = (0x300..0x30D).chain([0x505]);
    let ids: Vec<u32> = modules.chain(strange).collect();
    // A small generator with a fixed seed, so that every run has the same log.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for n in 0..FRAMES {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let us = 1_700_000_000_000_000 + n * 55;
        let id = ids[n as usize % ids.len()];
        // Four readings of some 3,700 with noise, low byte first.
        write!(out, "({}.{:06}) can0 {id:03X}#", us / 1_000_000, us % 1_000_000)?;
        for word in 0..4 {
            let reading = 3_700 + (state >> (60 - 15 * word) & 0x3F) as u16;
            write!(out, "{:02X}{:02X}", reading & 0xFF, reading >> 8)?;
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
    assert_eq!(summary.tally.frames, FRAMES);
    summary.tally.decoded
}

fn decoded_text(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path()).unwrap();
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(FRAMES)).sample_size(10);
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

/// Frames on the first screen.
const FIRST: usize = 100;

/// Reads up to `limit` frames of a recording.
fn frames_of(path: &Path, limit: u64) -> u64 {
    let log = Log::open(path).unwrap();
    let mut reader = log.reader();
    let mut frames = Frames::with_capacity(log.timebase(), 8192);
    let mut all = 0;
    while all < limit {
        frames.clear();
        let got = reader.read(&mut frames, 8192.min((limit - all) as usize));
        if got == 0 {
            break;
        }
        all += got as u64;
    }
    assert_eq!(reader.skipped(), 0);
    all
}

/// Reads all frames of a recording, on four threads beside this one.
fn swept(path: &Path) -> u64 {
    let log = Log::open(path).unwrap();
    let mut all = 0;
    log.sweep(NonZeroUsize::new(4).unwrap(), &mut |frames, _| {
        all += frames.len() as u64;
        ControlFlow::Continue(())
    });
    all
}

/// Every format, of the same frames.
fn formats(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let source = log(folder.path()).unwrap();
    let mut group = c.benchmark_group("formats");
    group.throughput(Throughput::Elements(FRAMES)).sample_size(10);
    for ending in ["log", "asc", "blf", "trc", "csv", "arrowpoint.csv", "crtd", "pcap", "pcapng"] {
        let path = folder.path().join(format!("converted.{ending}"));
        let (input, output) = (source.clone(), path.clone());
        let existing = convert::Existing::Keep;
        let request = convert::Request { input, output, to: None, existing };
        let stop = AtomicBool::new(false);
        convert::Job::open(&request).unwrap().run(&stop, &mut |_| {}).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        eprintln!("{ending}: {:.1} bytes a frame", size as f64 / FRAMES as f64);
        assert_eq!(frames_of(&path, u64::MAX), FRAMES, "not a frame is lost");
        group.bench_function(BenchmarkId::new("whole", ending), |b| {
            b.iter(|| black_box(frames_of(&path, u64::MAX)));
        });
        group.bench_function(BenchmarkId::new("whole on four", ending), |b| {
            b.iter(|| black_box(swept(&path)));
        });
        group.bench_function(BenchmarkId::new("first", ending), |b| {
            b.iter(|| black_box(frames_of(&path, FIRST as u64)));
        });
    }
    group.finish();
}

criterion_group!(benches, decoded_text, formats);
criterion_main!(benches);
