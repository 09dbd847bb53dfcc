//! The hub: frames of a scene from batches through the by-id table, decoding and the pack model to
//! snapshots, on one core; and a simulated day of it with the memory it takes.

#![expect(clippy::expect_used, reason = "a bench says what went wrong by failing")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use busbar::base::id::BusId;
use busbar::base::time::{Mono, TimeSource, Timebase, Wall};
use busbar::engine::testing::inside::{
    Catalog, Effect, Epoch, Event, Frames, Hub, Now, Received, World,
};
use busbar::engine::{ActivateProfile, Scene, demo_profile};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Length of a batch, as a bus would hand it on.
const BATCH: Duration = Duration::from_millis(10);

fn now(at: Mono) -> Now {
    Now { mono: at, wall: Wall::from_nanos(at.nanos()) }
}

/// A hub that runs `scene`.
fn hub(scene: &str) -> (Hub, Epoch) {
    let mut hub = Hub::new(Arc::new(Catalog::builtin()), now(Mono::ZERO));
    let order = ActivateProfile::of(demo_profile(scene).expect("a built-in scene"));
    let mut effects = Vec::new();
    hub.activate(order, &mut effects).expect("it runs");
    let epoch = effects.iter().find_map(|effect| {
        if let Effect::Connect { epoch, .. } = effect { Some(*epoch) } else { None }
    });
    (hub, epoch.expect("a plant is connected"))
}

/// `span` of a scene in batches.
fn batches(scene: &str, span: Duration) -> Vec<Frames> {
    let scene = Scene::find(scene).expect("a built-in scene");
    let mut world = World::new(&scene, scene.seed).expect("it can be built");
    let mut at = Mono::ZERO;
    let mut batches = Vec::new();
    while at < Mono::ZERO.after(span) {
        at = at.after(BATCH);
        let timebase = Timebase { source: TimeSource::Simulation, wall_at_zero: None };
        let mut frames = Frames::new(timebase);
        world.advance(at, &mut frames);
        if !frames.is_empty() {
            batches.push(frames);
        }
    }
    batches
}

fn feed(hub: &mut Hub, epoch: Epoch, batch: Frames, effects: &mut Vec<Effect>) {
    let at = batch.get(batch.len() - 1).map_or(Mono::ZERO, |frame| frame.time());
    let (bus, received) = (BusId(0), Received::default());
    hub.step(now(at), Event::Frames { epoch, bus, frames: batch, received }, effects);
    black_box(&effects);
    effects.clear();
}

fn minute(c: &mut Criterion) {
    for scene in ["demo", "large"] {
        let batches = batches(scene, Duration::from_secs(60));
        let frames: usize = batches.iter().map(Frames::len).sum();
        let mut group = c.benchmark_group("hub");
        group.throughput(Throughput::Elements(frames as u64)).sample_size(10);
        group.bench_function(format!("a minute of {scene}"), |b| {
            b.iter_batched(
                || (hub(scene), batches.clone()),
                |((mut hub, epoch), batches)| {
                    let mut effects = Vec::new();
                    batches.into_iter().for_each(|b| feed(&mut hub, epoch, b, &mut effects));
                    hub
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

/// Resident memory of this process, kilobytes; 0 where it cannot be read.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

/// A day of the demo through the hub: printed, since criterion does not measure memory.
fn day(_: &mut Criterion) {
    let scene = Scene::find("demo").expect("a built-in scene");
    let mut world = World::new(&scene, scene.seed).expect("it can be built");
    let ((mut hub, epoch), mut effects, mut count) = (hub("demo"), Vec::new(), 0_usize);
    let mut marks = Vec::new();
    for step in 1..=24 * 36_000_i64 {
        let mut frames = Frames::default();
        world.advance(Mono::from_millis(step * 100), &mut frames);
        count += frames.len();
        if !frames.is_empty() {
            feed(&mut hub, epoch, frames, &mut effects);
        }
        if step == 36_000 || step == 24 * 36_000 {
            marks.push(resident_kb());
        }
    }
    println!(
        "hub/a simulated day of demo: {count} frames; kB resident after 1 h and 24 h: {marks:?}"
    );
}

criterion_group!(benches, minute, day);
criterion_main!(benches);
