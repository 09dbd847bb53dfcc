//! The store: what a change costs, alone and among others, what keeping a charge costs whoever asks
//! for it, and what a journal of a million lines answers. Beside them a line written and synced to a
//! plain file, which is what the disk allows.
//!
//! `BUSBAR_BENCH_LINES` sets another length of the journal.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use busbar::base::time::{SystemClock, Wall};
use busbar::engine::testing::records::{
    Entry, Keep, Opener, Store, Writing, append, each, page, verify,
};
use busbar::engine::{JournalFilter, Outcome, StoreError, Verdict};
use busbar::view::fixtures::charge_report;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

const START_NS: i64 = 1_700_000_000_000_000_000;
const LINES: u64 = 1_000_000;

fn open(folder: &Path) -> Store {
    let opener = Opener::Engine { face: "a bench" };
    Store::open(folder, opener, SystemClock::new(), Box::new(|_| {})).unwrap().0
}

fn entry(number: u64) -> Entry {
    let people = ["ada", "grace", "katherine", "margaret", "\u{c9}lodie"];
    let actions = ["sign_in", "change_account", "activate_profile", "play", "save_settings"];
    let turn = number as usize % 5;
    let changed = number.is_multiple_of(3);
    Entry {
        at: Wall::from_nanos(START_NS + number as i64 * 7_000_000_000),
        who: people[turn].into(),
        face: "web",
        address: Some([10, 0, 0, 7].into()),
        action: actions[(number / 5) as usize % 5],
        target: format!("account {}", number % 997),
        before: changed.then(|| json!({ "status": "active", "rights": ["read_settings"] })),
        after: changed.then(|| json!({ "status": "disabled", "rights": ["administrator"] })),
        outcome: if number.is_multiple_of(50) { Outcome::Refused } else { Outcome::Done },
        note: (number.is_multiple_of(50)).then(|| "the name or the password is wrong".into()),
        of: None,
    }
}

fn add(writing: &Writing<'_>, numbers: std::ops::Range<u64>) -> Result<(), StoreError> {
    numbers.into_iter().try_for_each(|number| append(writing, &entry(number)).map(drop))
}

fn writing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut group = criterion.benchmark_group("store/write");
    let mut plain = File::create(folder.path().join("plain")).unwrap();
    group.bench_function("a plain file, 400 bytes and sync", |b| {
        b.iter(|| plain.write_all(&[0x5A; 400]).and_then(|()| plain.sync_data()).unwrap());
    });
    group.bench_function("one line and its commit", |b| {
        b.iter(|| store.write(|writing| add(writing, 0..1)).unwrap());
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("100 lines in one change", |b| {
        b.iter(|| store.write(|writing| add(writing, 0..100)).unwrap());
    });
    group.bench_function("100 changes of one line posted together", |b| {
        b.iter_batched(
            || (),
            |()| {
                for number in 0..100 {
                    store.post(move |writing| add(writing, number..number + 1), |_| {}).unwrap();
                }
                store.settle().unwrap();
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn keeping(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut charge = charge_report();
    let points = charge.curve.clone();
    charge.curve = points.iter().copied().cycle().take(720).collect();
    let mut group = criterion.benchmark_group("store/keep a charge of 720 points");
    group.bench_function("what the hub pays", |b| {
        b.iter_batched(
            || Keep::Charge(Box::new(charge.clone())),
            |keep| store.keep(keep),
            BatchSize::SmallInput,
        );
    });
    store.settle().unwrap();
    group.bench_function("until it is on the disk", |b| {
        b.iter(|| {
            store.keep(Keep::Charge(Box::new(charge.clone())));
            store.settle().unwrap();
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let lines = std::env::var("BUSBAR_BENCH_LINES").ok().and_then(|text| text.parse().ok());
    let lines: u64 = lines.unwrap_or(LINES);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for first in (0..lines).step_by(10_000) {
        let numbers = first..lines.min(first + 10_000);
        store.write(move |writing| add(writing, numbers)).unwrap();
    }
    let some = |text: &str| Some(text.to_owned());
    let at = |number: u64| Some(Wall::from_nanos(START_NS + number as i64 * 7_000_000_000));
    let filters = [
        ("the newest 50", JournalFilter::default(), None),
        ("50 in the middle", JournalFilter::default(), Some(lines / 2)),
        ("50 of a person", JournalFilter { who: some("\u{e9}lodie"), ..Default::default() }, None),
        ("50 of an action", JournalFilter { action: some("play"), ..Default::default() }, None),
        (
            "50 of one old day",
            JournalFilter { from: at(1_000), until: at(13_000), ..Default::default() },
            None,
        ),
        ("50 with a text", JournalFilter { text: some("password"), ..Default::default() }, None),
        (
            "a text that is nowhere",
            JournalFilter { text: some("zebra"), ..Default::default() },
            None,
        ),
        (
            "an action that is nowhere",
            JournalFilter { action: some("zebra"), ..Default::default() },
            None,
        ),
    ];
    let mut group = criterion.benchmark_group(format!("store/read of {lines}"));
    group.sample_size(10);
    for (name, filter, before) in &filters {
        group.bench_function(*name, |b| {
            b.iter(|| store.read(|reading| page(reading, filter, *before, 50)).unwrap());
        });
    }
    group.throughput(Throughput::Elements(lines));
    group.bench_function("every line for an export", |b| {
        b.iter(|| {
            each(&store, &JournalFilter::default(), &mut |line| {
                black_box(line);
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        });
    });
    group.bench_function("the chain", |b| {
        b.iter(|| {
            let verdict = store.read(verify).unwrap();
            assert!(matches!(verdict, Verdict::Whole { lines: n, .. } if n == lines));
        });
    });
    group.finish();
    drop(store);
    let mut group = criterion.benchmark_group(format!("store/open of {lines}"));
    group.sample_size(10);
    group.bench_function("opening, read through, and closing", |b| {
        b.iter(|| drop(open(folder.path())));
    });
    group.finish();
    let bytes = std::fs::metadata(folder.path().join("busbar.db")).unwrap().len();
    eprintln!("{lines} lines take {bytes} bytes, {} a line", bytes / lines.max(1));
}

criterion_group!(benches, writing, keeping, reading);
criterion_main!(benches);
