//! Keeping charges and latches: nobody waits, the newest state wins, nothing is lost that can be
//! written at all.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::base::time::FakeClock;
use crate::engine::charge::{Keep, ReportEvent, ReportPoint};
use crate::engine::store::historian::INBOX_JOBS;
use crate::engine::store::{Opener, Store, settings};

const NOON: Wall = Wall::from_nanos(1_700_000_000_000_000_000);
const WINDOW: Opener = Opener::Engine { face: "the window" };
/// How often it is looked whether something was kept.
const TRIES: u32 = 20;
const IDS: u64 = 1_700_000_000_000;

fn open(folder: &Path, opener: Opener) -> (Store, Vec<String>) {
    Store::open(folder, opener, FakeClock::new(NOON), Box::new(|_| {})).unwrap()
}

fn charge(number: u64) -> ChargeReport {
    let id = IDS + number;
    ChargeReport {
        id,
        pack: if number.is_multiple_of(2) { "Even" } else { "Odd" }.to_owned(),
        charger: "Elcon".to_owned(),
        by: "ada".to_owned(),
        face: "web".to_owned(),
        started_ms: id as i64,
        pace: 1.0,
        ah: number as f64 + 0.5,
        kwh: 0.25,
        rules: vec![("current_max_a".to_owned(), 17.5)],
        events: vec![ReportEvent { seconds: 0.5, text: "It began.".to_owned() }],
        governors: vec![(0.0, "ramp".to_owned())],
        curve: vec![ReportPoint { seconds: 1.0, amps: Some(17.5), ..ReportPoint::default() }],
        ..ChargeReport::default()
    }
}

fn ended(number: u64) -> ChargeReport {
    let ended_ms = Some(charge(number).started_ms + 60_000);
    let (outcome, outcome_words) = ("complete".to_owned(), "The pack is full.".to_owned());
    ChargeReport { ended_ms, outcome, outcome_words, ..charge(number) }
}

fn keep(store: &Store, charge: ChargeReport) {
    store.keep(Keep::Charge(Box::new(charge)));
}

fn kept(store: &Store, number: u64) -> Option<ChargeReport> {
    store.read(|reading| one(reading, IDS + number)).unwrap()
}

fn count(store: &Store) -> usize {
    store.read(|reading| page(reading, &Filter::default(), None, PAGE_MOST)).unwrap().charges.len()
}

#[test]
fn the_newest_state_of_a_charge_is_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    for seconds in 0..50 {
        keep(&store, ChargeReport { seconds: f64::from(seconds), ..charge(1) });
    }
    keep(&store, ended(1));
    store.settle().unwrap();
    assert_eq!(kept(&store, 1), Some(ended(1)));
    assert_eq!((kept(&store, 2), count(&store)), (None, 1));
    assert_eq!(store.read(|reading| one(reading, u64::MAX)).unwrap(), None);
    let list = store.read(|reading| page(reading, &Filter::default(), None, 10)).unwrap();
    let line = &list.charges[0];
    assert_eq!((line.id, &*line.pack, &*line.charger, &*line.by), (IDS + 1, "Odd", "Elcon", "ada"));
    assert_eq!((&*line.outcome, &*line.words), ("complete", "The pack is full."));
    assert_eq!((line.ah, line.kwh), (1.5, 0.25));
    assert_eq!(line.started, columns::wall(IDS as i64 + 1));
    assert_eq!(line.ended, Some(columns::wall(IDS as i64 + 60_001)));
}

#[test]
fn charges_are_listed_newest_first_page_by_page_and_by_pack() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    // In two portions, since not more than so many may wait.
    for numbers in [0..30, 30..45] {
        numbers.for_each(|number| keep(&store, ended(number)));
        store.settle().unwrap();
    }
    let numbers = |filter: &Filter, before, limit| {
        let page = store.read(|reading| page(reading, filter, before, limit)).unwrap();
        let ids: Vec<u64> = page.charges.iter().map(|line| line.id - IDS).collect();
        (ids, page.next.map(|id| id - IDS))
    };
    let all = Filter::default();
    assert_eq!(numbers(&all, None, 3), (vec![44, 43, 42], Some(42)));
    assert_eq!(numbers(&all, Some(IDS + 42), 2), (vec![41, 40], Some(40)));
    assert_eq!(numbers(&all, Some(IDS + 2), 2), (vec![1, 0], None), "exactly the last page");
    assert_eq!(numbers(&all, Some(IDS), 2), (vec![], None));
    let odd = Filter { pack: Some("Odd".to_owned()) };
    assert_eq!(numbers(&odd, None, 2), (vec![43, 41], Some(41)));
    let other = Filter { pack: Some("' OR 1 = 1 --".to_owned()) };
    assert_eq!(numbers(&other, None, 2), (vec![], None));
}

#[test]
fn keeping_never_waits_for_the_disk_and_coalesces_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let clock = FakeClock::new(NOON);
    let opened = Store::open(folder.path(), WINDOW, clock.clone(), Box::new(|_| {}));
    let (store, _) = opened.unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel::<()>();
    let job = move |_: &Writing<'_>| {
        begun.send(()).map_err(|_| StoreError::Closed)?;
        gate.recv().map_err(|_| StoreError::Closed)
    };
    store.post(job, |_| {}).unwrap();
    has_begun.recv().unwrap();
    // The inbox is full, and the historian stands still: nothing below could wait for it.
    while store.post(|_| Ok::<_, StoreError>(()), |_| {}).is_ok() {}
    let local = Latches { local_stop: true, ..Latches::default() };
    for call in 0..10 * INBOX_JOBS {
        keep(&store, ChargeReport { seconds: call as f64, ..charge(call as u64 % 3) });
        let pack = format!("Pack {}", call % 5);
        store.keep(Keep::Latches { pack, latches: Latches { fault: true, ..local } });
    }
    store.keep(Keep::Latches { pack: "Pack 0".to_owned(), latches: local });
    keep(&store, ended(2));
    assert_eq!(count(&store), 0, "nothing could be written so far");
    go.send(()).unwrap();
    // A machine that is hard pressed may refuse a try; the next comes when its time has come, and this
    // clock goes only when it is told to.
    for _ in 0..TRIES {
        store.settle().unwrap();
        if kept(&store, 2) == Some(ended(2)) && store.latches().unwrap().len() == 5 {
            break;
        }
        clock.advance(Duration::from_secs(2));
    }
    assert_eq!((count(&store), kept(&store, 2)), (3, Some(ended(2))));
    let latches = store.latches().unwrap();
    assert_eq!(latches.len(), 5);
    assert_eq!((latches["Pack 0"], latches["Pack 1"].fault), (local, true));
}

#[test]
fn the_oldest_charges_go_when_there_are_too_many_and_one_that_runs_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    store
        .write(|writing| settings::save(writing, "records", &serde_json::json!({"charges": 10})))
        .unwrap();
    keep(&store, charge(0));
    for number in 1..30 {
        keep(&store, ended(number));
    }
    store.settle().unwrap();
    let list = store.read(|reading| page(reading, &Filter::default(), None, 100)).unwrap();
    let left: Vec<u64> = list.charges.iter().map(|line| line.id - IDS).collect();
    // The ten newest; and the oldest, which runs.
    assert_eq!(left, (20..30).rev().chain([0]).collect::<Vec<_>>());
    store.write(|writing| prune(writing, 3)).unwrap();
    keep(&store, ended(0));
    store.settle().unwrap();
    assert_eq!(
        (count(&store), kept(&store, 27)),
        (4, Some(ended(27))),
        "it is written as it ended"
    );
    keep(&store, ended(30));
    store.settle().unwrap();
    let unlimited = store.write(|writing| prune(writing, u32::MAX)).unwrap();
    assert_eq!((unlimited, count(&store)), (0, 5));
    assert_eq!(store.read(newest).unwrap(), IDS + 30);
}

#[test]
fn what_a_full_disk_refuses_is_written_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = FakeClock::new(NOON);
    let opened = Store::open(folder.path(), WINDOW, clock.clone(), Box::new(|_| {}));
    let (store, _) = opened.unwrap();
    let pages = |most: &'static str| {
        move |writing: &Writing<'_>| Ok::<_, StoreError>(writing.tx.execute_batch(most)?)
    };
    store.write(pages("PRAGMA max_page_count = 1")).unwrap();
    let fault = Latches { fault: true, ..Latches::default() };
    let point = ReportPoint { seconds: 0.1, volts: Some(141.8), ..ReportPoint::default() };
    for number in 0..40 {
        keep(&store, ChargeReport { curve: vec![point; 720], ..ended(number) });
    }
    store.keep(Keep::Latches { pack: "Yard".to_owned(), latches: fault });
    store.settle().unwrap();
    assert!(count(&store) < 40, "the disk was never full");
    store.write(pages("PRAGMA max_page_count = 1000000")).unwrap();
    clock.advance(Duration::from_secs(2));
    store.settle().unwrap();
    assert_eq!((count(&store), store.latches().unwrap()["Yard"]), (40, fault));
}

#[test]
fn what_waits_when_the_store_is_closed_is_written_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    keep(&store, ended(1));
    let remote = Latches { remote_stop: true, ..Latches::default() };
    store.keep(Keep::Latches { pack: "Yard".to_owned(), latches: remote });
    drop(store);
    let (store, remarks) = open(folder.path(), WINDOW);
    assert_eq!(remarks, [] as [String; 0]);
    assert_eq!((kept(&store, 1), store.latches().unwrap()["Yard"]), (Some(ended(1)), remote));
}

#[test]
fn a_charge_that_never_ended_is_closed_by_the_next_engine_and_not_by_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    keep(&store, charge(1));
    keep(&store, ended(2));
    store.settle().unwrap();
    let (command, remarks) = open(folder.path(), Opener::Command);
    assert_eq!((kept(&command, 1), remarks.len()), (Some(charge(1)), 0), "it runs elsewhere");
    drop((command, store));
    let (store, remarks) = open(folder.path(), WINDOW);
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].starts_with("A charge of Odd was running when Busbar ended."));
    let found = kept(&store, 1).unwrap();
    assert_eq!((&*found.outcome, found.ended_ms), ("interrupted", None));
    assert_eq!(found.outcome_words, "The program ended while this charge ran.");
    assert_eq!(found.events, charge(1).events);
    let list = store.read(|reading| page(reading, &Filter::default(), None, 10)).unwrap();
    assert_eq!((&*list.charges[1].outcome, list.charges[1].ended), ("interrupted", None));
    assert_eq!(kept(&store, 2), Some(ended(2)));
    drop(store);
    assert_eq!(open(folder.path(), WINDOW).1, [] as [String; 0], "it is said once");
}

#[test]
fn a_report_that_cannot_be_read_spoils_neither_the_list_nor_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    keep(&store, charge(1));
    store.settle().unwrap();
    let spoil = |writing: &Writing<'_>| {
        Ok::<_, StoreError>(writing.tx.execute("UPDATE charges SET report = '{'", [])?)
    };
    store.write(spoil).unwrap();
    drop(store);
    let (store, remarks) = open(folder.path(), WINDOW);
    assert_eq!(remarks.len(), 1);
    let list = store.read(|reading| page(reading, &Filter::default(), None, 10)).unwrap();
    assert_eq!(list.charges[0].outcome, "interrupted");
    assert!(matches!(store.read(|reading| one(reading, IDS + 1)), Err(StoreError::Odd(_))));
}

#[test]
fn what_is_no_number_keeps_no_report_from_being_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    let point = ReportPoint { seconds: f64::NAN, amps: Some(f64::NAN), ..ReportPoint::default() };
    let curve = vec![point];
    let governors = vec![(f64::INFINITY, "ramp".to_owned())];
    keep(&store, ChargeReport { ah: f64::NAN, kwh: f64::INFINITY, curve, governors, ..ended(1) });
    // A number that no row can have is not tried for ever.
    keep(&store, ChargeReport { id: u64::MAX, ..ended(2) });
    store.settle().unwrap();
    let found = kept(&store, 1).unwrap();
    assert_eq!((found.ah, found.kwh, &*found.outcome), (0.0, 0.0, "complete"));
    assert_eq!((found.curve[0].amps, found.curve[0].seconds), (None, 0.0));
    assert_eq!(found.governors[0].0, 0.0);
    assert_eq!(count(&store), 1);
}

#[test]
fn a_report_of_another_version_is_read_as_far_as_it_goes() {
    let text = r#"{"id": 7, "pack": "Yard", "something_new": 1}"#;
    let report = parsed(text).unwrap();
    assert_eq!((report.id, &*report.pack, report.outcome), (7, "Yard", String::new()));
}

#[test]
fn who_has_read_the_safety_text_is_known_by_account_and_for_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW);
    let all = [Reader::Local, Reader::Account(AccountId(7))];
    for reader in [all[0], all[1], all[0]] {
        store.write(move |writing| note_read(writing, reader, NOON)).unwrap();
    }
    assert_eq!(store.read(readers).unwrap(), BTreeSet::from(all));
}
