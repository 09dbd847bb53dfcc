//! What recording costs: a frame through the tap, and a frame into a file.

#![expect(clippy::expect_used, reason = "a bench says what went wrong by failing")]

use busbar::engine::testing::record::{Stand, WAYS};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Frames of a batch, as a receiving thread hands them on.
const BATCH: usize = 256;

fn through_the_tap(c: &mut Criterion) {
    let mut group = c.benchmark_group("tap");
    group.throughput(Throughput::Elements(BATCH as u64));
    for recordings in [1, 4] {
        let mut stand = Stand::new(BATCH);
        stand.listen(recordings);
        group.bench_function(format!("{recordings} recordings"), |b| b.iter(|| stand.hand_on()));
    }
    group.finish();
}

fn into_a_file(c: &mut Criterion) {
    let mut group = c.benchmark_group("file");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.sample_size(20);
    for way in WAYS {
        let folder = tempfile::tempdir().expect("a folder for the recording");
        let mut stand = Stand::new(BATCH);
        stand.open(folder.path(), way);
        group.bench_function(way, |b| b.iter(|| stand.write()));
    }
    group.finish();
}

criterion_group!(benches, through_the_tap, into_a_file);
criterion_main!(benches);
