//! Orders and the journal: none is carried out without its line, none ends without its outcome.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;

use busbar::base::time::SystemClock;
use busbar::engine::testing::records::{Opener, Store, page};
use busbar::engine::{
    AddService, ClearTraffic, Config, Face, JournalFilter, JournalLine, OrderError, Outcome,
    Refusal, StoreError, start,
};

/// Orders that nobody waits for.
const ORDERS: usize = 40;

fn lines(folder: &Path) -> Vec<JournalLine> {
    let opened = Store::open(folder, Opener::Command, SystemClock::new(), Box::new(|_| {}));
    let (store, _) = opened.unwrap();
    store.read(|reading| page(reading, &JournalFilter::default(), None, 1000)).unwrap().lines
}

#[test]
fn what_was_asked_and_what_was_refused_is_written_though_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(Config::new(folder.path().to_owned(), "a test")).unwrap();
    let seat = running.take_seat().unwrap();
    let session = seat.sit(Face::CommandLine);
    for _ in 0..ORDERS {
        drop(running.door.submit(&session, ClearTraffic).unwrap());
    }
    let watcher = seat.send_profile_watcher();
    let refused = running.door.submit(&watcher, AddService { name: "Yard".into() });
    assert!(matches!(refused, Err(Refusal::Denied(_))));
    drop(running);
    let lines = lines(folder.path());
    let of = |outcome| lines.iter().filter(move |line| line.outcome == outcome);
    let asked: BTreeSet<u64> = of(Outcome::Asked).map(|line| line.seq).collect();
    let ends = lines.iter().filter_map(|line| line.of);
    assert_eq!(asked.len(), ORDERS);
    assert_eq!(ends.collect::<BTreeSet<u64>>(), asked, "an order has no outcome");
    let refused: Vec<&JournalLine> = of(Outcome::Refused).collect();
    assert_eq!((refused.len(), &*refused[0].action), (1, "add_service"));
}

#[test]
fn an_order_whose_line_cannot_be_written_is_not_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(Config::new(folder.path().to_owned(), "a test")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::CommandLine);
    // Another process that does not let go of the database for longer than the engine waits.
    let other = Store::open(folder.path(), Opener::Command, SystemClock::new(), Box::new(|_| {}));
    let (other, _) = other.unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let job = move |_: &busbar::engine::testing::records::Writing<'_>| {
        began.send(()).unwrap();
        gate.recv().map_err(|_| StoreError::Closed)?;
        Ok::<_, StoreError>(())
    };
    other.post(job, |_| {}).unwrap();
    has_begun.recv().unwrap();
    let plant = running.door.submit(&session, ClearTraffic).unwrap();
    let records = running.door.submit(&session, AddService { name: "Yard".into() }).unwrap();
    let said = plant.wait().unwrap_err();
    assert!(matches!(said, OrderError::Store(_)), "{said}");
    let said = records.wait().unwrap_err();
    assert!(matches!(said, OrderError::Store(_)), "{said}");
    assert_eq!(said.to_string(), "it cannot be written down, so it was not done");
    go.send(()).unwrap();
    running.door.submit(&session, AddService { name: "Yard".into() }).unwrap().wait().unwrap();
    drop((running, other));
    let actions: Vec<String> = lines(folder.path()).into_iter().map(|line| line.action).collect();
    assert_eq!(actions, ["add_service"]);
}
