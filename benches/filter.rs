//! Filtering ten million frames, one core: frames a second for each kind of term, over a stream like
//! that of a BMU with a charger beside it. The frames lie in memory as a trace keeps them.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::hint::black_box;
use std::path::Path;

use busbar::base::time::Mono;
use busbar::engine::testing::filter::names_of;
use busbar::engine::testing::inside::Frames;
use busbar::engine::{Filter, FilterMemory, Frame, Id, Scope, Sieve};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const FRAMES: u32 = 10_000_000;

/// What is asked, and what share of the frames it lets through, so that nothing is measured that
/// does nothing.
const ASKED: &[(&str, &str, std::ops::Range<f64>)] = &[
    ("everything", "", 1.0..1.1),
    ("id", "id:600..6FF", 0.5..0.95),
    ("ids", "id:600,604,6FA,18FF50E5,700..7FF", 0.05..0.5),
    ("data", "data:73??75", 0.1..0.9),
    ("sig", "sig:PackVoltage>142.5V", 0.001..0.2),
    ("message", "msg:*cell*", 0.0..1.0),
    ("changed", "changed", 0.2..0.99),
    ("text", "6fa", 0.001..0.2),
    ("note", "bus:can0 id:600..6ff sig:PackVoltage>142.5V changed \"pack\"", 0.0001..0.2),
];

fn frames() -> Frames {
    let mut frames = Frames::with_capacity(Default::default(), FRAMES as usize);
    let standard = |raw| Id::standard(raw).unwrap();
    let ids: Vec<Id> = (0x600..0x62A)
        .chain([0x6F4, 0x6FA, 0x6FD])
        .map(standard)
        .chain((0x400..0x410).map(standard))
        .chain([Id::extended(0x18FF_50E5).unwrap(), Id::extended(0x1806_E5F4).unwrap()])
        .collect();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for n in 0..FRAMES {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let id = ids[n as usize % ids.len()];
        let mut bytes = [0x73, 0x0E, 0x75, 0x0E, 0x71, 0x0E, 0x7A, 0x0E];
        if id.raw() == 0x6FA {
            bytes = (0x0002_2C4A + (seed % 800) as u32).to_le_bytes().repeat(2).try_into().unwrap();
        } else if seed & 1 == 0 {
            bytes[0] = (seed >> 8) as u8;
        }
        let frame =
            Frame::classic(id, &bytes).unwrap().at(Mono::from_nanos(i64::from(n) * 200_000));
        frames.push(frame.view());
    }
    frames
}

fn run(sieve: &Sieve, frames: &Frames) -> usize {
    let mut memory = FilterMemory::new();
    frames.iter().filter(|frame| sieve.lets(*frame, &mut memory)).count()
}

fn filters(c: &mut Criterion) {
    let dbc = "assets/devices/prohelion-d1000-gen1/messages.dbc";
    let dbc = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(dbc)).unwrap();
    let names = names_of("can0", &dbc);
    let frames = frames();
    let mut group = c.benchmark_group("filter");
    group.throughput(Throughput::Elements(u64::from(FRAMES))).sample_size(10);
    for (name, text, share) in ASKED {
        let sieve = Filter::parse(text).unwrap().compile(&names, Scope::Recording).unwrap();
        let let_through = run(&sieve, &frames);
        println!("{name}: `{text}` lets {let_through} of {FRAMES} frames through");
        let got = let_through as f64 / f64::from(FRAMES);
        assert!(share.contains(&got), "{name} lets {got} through");
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| run(black_box(&sieve), &frames));
        });
    }
    group.finish();
}

criterion_group!(benches, filters);
criterion_main!(benches);
