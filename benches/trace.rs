//! The trace of ten million frames: putting frames on the tape, taking a picture of it, finding what
//! fits a filter, and writing out a page of rows.

#![expect(clippy::expect_used, reason = "a bench says what went wrong by failing")]

use std::hint::black_box;

use busbar::base::time::Mono;
use busbar::engine::testing::plant::Plant;
use busbar::engine::{Filter, Frame, Frames, Id, Scope, Sieve, Tape, USUAL_FRAMES};
use busbar::view::compose::trace::{Naming, trace};
use busbar::view::trace::{Looked, TraceIndex, TracePrefs};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Rows of a tall window.
const ROWS: usize = 60;

/// A batch as a bus hands it on, of the BMU's ids.
fn batch(from: u64, count: u64) -> Frames {
    let mut frames = Frames::default();
    for n in from..from + count {
        let id = Id::standard(0x600 + (n % 0x100) as u32).expect("a standard id");
        let frame = Frame::classic(id, &(n / 0x200).to_le_bytes()).expect("eight bytes");
        frames.push(frame.at(Mono::from_nanos(n as i64 * 100_000)).view());
    }
    frames
}

fn full() -> Tape {
    let mut tape = Tape::default();
    let batch = batch(0, 1 << 16);
    for _ in 0..=USUAL_FRAMES >> 16 {
        tape.push(&batch);
    }
    tape
}

fn sieve(text: &str, plant: &Plant) -> Sieve {
    let filter = Filter::parse(text).expect("a filter");
    let vocabulary = plant.published().vocabulary();
    filter.compile(&vocabulary, Scope::Trace).expect("it can run")
}

fn tape(c: &mut Criterion) {
    let mut group = c.benchmark_group("trace");
    let some = batch(0, 256);
    let mut endless = full();
    group.throughput(Throughput::Elements(256));
    group.bench_function("push, full tape, batches of 256", |b| {
        b.iter(|| endless.push(black_box(&some)));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("picture of 10 M frames", |b| b.iter(|| black_box(endless.reel())));
    let reel = endless.reel();
    println!("{:.1} bytes a frame", reel.bytes() as f64 / reel.len() as f64);
    group.finish();
}

fn rows(c: &mut Criterion) {
    let mut plant = Plant::of("demo");
    plant.run(std::time::Duration::from_secs(2));
    let snapshot = plant.published();
    let zone = jiff::tz::TimeZone::UTC;
    let naming = Naming::of(&snapshot, &zone);
    let reel = full().reel();
    let prefs = TracePrefs::default();
    let mut all = TraceIndex::new(Sieve::everything());
    all.advance(&reel, 1);
    let mut group = c.benchmark_group("trace");
    group.bench_function("60 rows at the end of 10 M", |b| {
        b.iter(|| trace(&naming, (&reel, &all), &prefs, (reel.len() - ROWS as u64, ROWS)));
    });
    group.sample_size(10);
    group.throughput(Throughput::Elements(reel.len()));
    for text in ["id:6FA", "data:12*", "changed", "sig:PackVoltage>140"] {
        group.bench_function(format!("filter 10 M by {text}"), |b| {
            let sieve = sieve(text, &plant);
            b.iter(|| {
                let mut index = TraceIndex::new(sieve.clone());
                while index.advance(&reel, 1 << 20) == Looked::Part {}
                black_box(index.fit(&reel))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tape, rows);
criterion_main!(benches);
