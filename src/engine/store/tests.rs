//! Opening, writing, reading: what is acknowledged is kept, what fails is taken back.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, UNIX_EPOCH};

use super::journal::Verdict;
use super::journal::tests::entry;
use super::*;
use crate::base::time::{FakeClock, Wall};

const NOON: Wall = Wall::from_nanos(1_700_000_000_000_000_000);
const WINDOW: Opener = Opener::Engine { face: "the window" };

fn open(folder: &Path, opener: Opener) -> Result<(Store, Vec<String>), OpenError> {
    Store::open(folder, opener, FakeClock::new(NOON), Box::new(|_| {}))
}

fn opened(folder: &Path) -> Store {
    let (store, remarks) = open(folder, WINDOW).unwrap();
    assert_eq!(remarks, [] as [String; 0]);
    store
}

fn services(reading: &Reading<'_>) -> Result<i64, StoreError> {
    Ok(reading.connection.query_row("SELECT count(*) FROM services", [], |row| row.get(0))?)
}

fn add(writing: &Writing<'_>, name: &str) -> Result<(), StoreError> {
    writing.tx.execute("INSERT INTO services (name) VALUES (?1)", [name])?;
    Ok(())
}

/// Keeps the historian busy until `gate` opens.
fn until_told(gate: &mpsc::Receiver<()>) -> Result<(), StoreError> {
    gate.recv().map_err(|_| StoreError::Closed)
}

/// The text of every file in `folder`, by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_written_is_there_after_closing_and_the_files_are_tidied_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    store.write(|writing| add(writing, "Yard")).unwrap();
    assert_eq!(store.read(services).unwrap(), 1);
    drop(store);
    let names: Vec<String> = contents(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["busbar.db", "engine.lock"]);
    assert_eq!(opened(folder.path()).read(services).unwrap(), 1);
}

#[cfg(unix)]
#[test]
fn every_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("new");
    let store = opened(&inside);
    store.write(|writing| add(writing, "Yard")).unwrap();
    assert_eq!(place::mode(&inside).unwrap(), Some(0o700));
    for name in ["busbar.db", "busbar.db-wal", "busbar.db-shm", "engine.lock"] {
        assert_eq!(place::mode(&inside.join(name)).unwrap(), Some(0o600), "{name}");
    }
}

#[test]
fn every_commit_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let settings = store.write(|writing| {
        let ask = |sql: &str| writing.tx.query_row(sql, [], |row| row.get::<_, i64>(0));
        let mode: String = writing.tx.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        Ok::<_, StoreError>((mode, ask("PRAGMA synchronous")?, ask("PRAGMA foreign_keys")?))
    });
    assert_eq!(settings.unwrap(), ("wal".to_owned(), 2, 1));
}

#[test]
fn a_second_engine_is_refused_and_a_command_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let said = open(folder.path(), Opener::Engine { face: "busbar serve" }).err().unwrap();
    assert!(matches!(&said, OpenError::Held { holder, .. } if holder.contains("the window")));
    let (command, _) = open(folder.path(), Opener::Command).unwrap();
    command.write(|writing| add(writing, "Yard")).unwrap();
    assert_eq!(store.read(services).unwrap(), 1);
    drop((store, command));
    opened(folder.path());
}

#[test]
fn a_job_that_fails_is_taken_back_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let (told, answers) = mpsc::channel();
    // The first one keeps the historian busy until all the others wait for the same transaction.
    let (go, gate) = mpsc::channel::<()>();
    store.post(move |_| until_told(&gate), |_| {}).unwrap();
    for number in 0..10 {
        let told = told.clone();
        let job = move |writing: &Writing<'_>| {
            add(writing, &format!("service {number}"))?;
            if number % 2 == 0 { Ok(number) } else { Err(StoreError::Odd("an odd number")) }
        };
        store.post(job, move |outcome| told.send(outcome.is_ok()).unwrap()).unwrap();
    }
    go.send(()).unwrap();
    drop(told);
    assert_eq!(answers.iter().filter(|done| *done).count(), 5);
    assert_eq!(store.read(services).unwrap(), 5);
}

#[test]
fn a_part_that_fails_is_taken_back_and_the_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let job = |writing: &Writing<'_>| {
        add(writing, "kept")?;
        let part = writing.part(|part| {
            add(part, "inner")?;
            part.part(|inner| add(inner, "innermost"))?;
            add(part, "KEPT")
        });
        assert!(part.is_err());
        add(writing, "after")
    };
    store.write(job).unwrap();
    assert_eq!(store.read(services).unwrap(), 2);
}

#[test]
fn a_panic_in_a_job_takes_it_back_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let job = |writing: &Writing<'_>| -> Result<(), StoreError> {
        writing.part(|part| {
            add(part, "lost")?;
            panic!("a fault that is meant to be here")
        })
    };
    assert!(matches!(store.write(job), Err(StoreError::Fault)));
    store.write(|writing| add(writing, "kept")).unwrap();
    let (told, answer) = mpsc::channel();
    store
        .post(|_| Ok::<_, StoreError>(()), |_| panic!("a fault that is meant to be here"))
        .unwrap();
    store.post(|_| Ok::<_, StoreError>(()), move |_| told.send(()).unwrap()).unwrap();
    answer.recv().unwrap();
    assert_eq!(store.read(services).unwrap(), 1);
    let query = |_: &Reading<'_>| -> Result<(), StoreError> { panic!("meant to be here") };
    for _ in 0..5 {
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.read(query)));
        assert!(asked.is_err());
    }
    assert_eq!(store.read(services).unwrap(), 1, "the connections were given back");
}

#[test]
fn a_full_disk_refuses_everybody_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    store.write(|writing| journal::append(writing, &entry("before"))).unwrap();
    // Allowing not one page more is what a full disk looks like from inside.
    let pages = |most: &'static str| {
        move |writing: &Writing<'_>| Ok::<_, StoreError>(writing.tx.execute_batch(most)?)
    };
    store.write(pages("PRAGMA max_page_count = 1")).unwrap();
    let long = "x".repeat(200);
    let mut refused = 0;
    for _ in 0..200 {
        let entry = entry(&long);
        if let Err(error) = store.write(move |writing| journal::append(writing, &entry)) {
            assert!(error.to_string().contains("the disk is full"), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 0, "the disk was never full");
    store.write(pages("PRAGMA max_page_count = 1000000")).unwrap();
    let next = store.write(|writing| journal::append(writing, &entry("after"))).unwrap();
    let verdict = store.read(journal::verify).unwrap();
    assert!(matches!(verdict, Verdict::Whole { lines, .. } if lines == next), "{verdict:?}");
    assert_eq!(next, 202 - refused);
}

#[test]
fn lines_for_which_there_was_no_room_are_missed_in_the_journal_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let (go, gate) = mpsc::channel::<()>();
    store.post(move |_| until_told(&gate), |_| {}).unwrap();
    let filed = 2 * INBOX_JOBS;
    (0..filed).for_each(|_| store.file(entry("x")));
    go.send(()).unwrap();
    store.settle().unwrap();
    // The line about the others comes with the next change, or within a moment.
    store.settle().unwrap();
    let all = journal::Filter::default();
    let page = store.read(|reading| journal::page(reading, &all, None, 2 * filed)).unwrap();
    let (about, kept): (Vec<_>, Vec<_>) =
        page.lines.iter().partition(|line| line.action == "lose_lines");
    let count = |line: &&journal::Line| -> usize {
        line.note.as_deref().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let missed: usize = about.iter().map(count).sum();
    assert!(missed > 0 && kept.len() + missed == filed, "{} kept, {missed} missed", kept.len());
    assert!(matches!(store.read(journal::verify).unwrap(), Verdict::Whole { .. }));
}

#[test]
fn changes_are_told_before_the_answer_whoever_made_them() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let (told, changes) = mpsc::channel();
    let counter = Arc::clone(&seen);
    let on_change: OnChange = Box::new(move |reading| {
        let count = services(reading).unwrap();
        counter.store(count as usize, Ordering::SeqCst);
        told.send(count).unwrap();
    });
    let clock = FakeClock::new(NOON);
    let (store, _) = Store::open(folder.path(), WINDOW, clock, on_change).unwrap();
    store.write(|writing| add(writing, "quiet")).unwrap();
    assert!(changes.try_recv().is_err(), "nobody touched anything");
    store.write(|writing| add(writing, "loud").map(|()| writing.touch())).unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 2, "told before the answer");
    changes.recv().unwrap();
    let failing = |writing: &Writing<'_>| -> Result<(), StoreError> {
        writing.touch();
        Err(StoreError::Odd("this"))
    };
    assert!(store.write(failing).is_err());
    assert!(changes.try_recv().is_err(), "what was taken back is no change");
    let (command, _) = open(folder.path(), Opener::Command).unwrap();
    command.write(|writing| add(writing, "another process")).unwrap();
    let limit = std::time::Duration::from_secs(5);
    assert_eq!(changes.recv_timeout(limit).unwrap(), 3, "seen by itself within a moment");
}

#[test]
fn what_is_to_be_done_afterwards_is_done_only_where_the_change_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), WINDOW).unwrap();
    let (done, acts) = mpsc::channel();
    let (kept, inner, lost) = (done.clone(), done.clone(), done);
    let job = move |writing: &Writing<'_>| {
        writing.afterwards(move || kept.send("kept").unwrap());
        let part = writing.part(|part| -> Result<(), StoreError> {
            part.afterwards(move || inner.send("taken back").unwrap());
            Err(StoreError::Odd("this"))
        });
        assert!(part.is_err());
        add(writing, "one")
    };
    store.write(job).unwrap();
    assert_eq!(acts.try_recv(), Ok("kept"), "before the answer");
    let failing = move |writing: &Writing<'_>| -> Result<(), StoreError> {
        writing.afterwards(move || lost.send("lost").unwrap());
        Err(StoreError::Odd("this"))
    };
    assert!(store.write(failing).is_err());
    assert_eq!(acts.try_recv(), Err(mpsc::TryRecvError::Disconnected), "dropped, not done");
}

#[test]
fn files_are_what_they_were_where_the_commit_fails() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let (kept, kind) = (folder.path().join("a.dbc"), folder.path().join("my-pack"));
    fs::write(&kept, "was").unwrap();
    fs::create_dir(&kind).unwrap();
    fs::write(kind.join("device.toml"), "was").unwrap();
    let (file, device, new) = (kept.clone(), kind.clone(), folder.path().join("new.dbc"));
    let made = new.clone();
    let job = move |writing: &Writing<'_>| {
        for path in [&file, &device, &made] {
            putback::guard(writing, path).unwrap();
        }
        fs::remove_file(&file).unwrap();
        fs::remove_dir_all(&device).unwrap();
        fs::write(&made, "is").unwrap();
        add(writing, "one")?;
        // As SQLite does by itself on a full disk: nothing is left that could be committed.
        Ok::<(), StoreError>(writing.tx.execute_batch("ROLLBACK")?)
    };
    assert!(store.write(job).is_err());
    assert_eq!(fs::read_to_string(&kept).unwrap(), "was");
    assert_eq!(fs::read_to_string(kind.join("device.toml")).unwrap(), "was");
    assert!(!new.exists());
    let hidden = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".before"));
    assert_eq!(hidden.count(), 0, "nothing is left beside");
}

#[test]
fn what_a_backup_left_that_was_killed_is_gone_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join(place::BACKUPS);
    fs::create_dir(&backups).unwrap();
    let noon = UNIX_EPOCH + Duration::from_nanos(NOON.nanos() as u64);
    let day = Duration::from_hours(24);
    let left = [
        ("making-20231113T000000Z.db", 2 * day),
        ("making-20231113T000000Z.db-journal", 2 * day),
        ("sending-20231113T000000Z.backup", day),
        ("making-20231114T220000Z.db", day / 12),
        ("busbar-20200101T000000Z.backup", 900 * day),
    ];
    for (name, age) in left {
        let file = fs::File::create(backups.join(name)).unwrap();
        file.set_modified(noon - age).unwrap();
    }
    let there = || {
        let names = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    drop(open(folder.path(), Opener::Command).unwrap());
    assert_eq!(there().len(), 5, "a command is no start");
    drop(opened(folder.path()));
    assert_eq!(there(), ["busbar-20200101T000000Z.backup", "making-20231114T220000Z.db"]);
}

#[test]
fn the_last_handle_waits_until_everything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    for number in 0..1000 {
        store.post(move |writing| add(writing, &format!("service {number}")), |_| {}).unwrap();
    }
    drop(store);
    assert_eq!(opened(folder.path()).read(services).unwrap(), 1000);
}

#[test]
fn a_job_may_hold_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let (told, answer) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let handle = store.clone();
    let job = move |writing: &Writing<'_>| {
        until_told(&gate)?;
        let refused = handle.write(|_| Ok::<_, StoreError>(())).is_err();
        drop(handle);
        add(writing, "Yard").map(|()| refused)
    };
    store.post(job, move |outcome| told.send(outcome.unwrap()).unwrap()).unwrap();
    drop(store);
    go.send(()).unwrap();
    assert!(answer.recv().unwrap(), "the historian must not wait for itself");
}

#[test]
fn too_much_that_waits_is_refused_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let (go, gate) = mpsc::channel::<()>();
    store.post(move |_| until_told(&gate), |_| {}).unwrap();
    let refused =
        (0..2 * INBOX_JOBS).find_map(|_| store.post(|_| Ok::<_, StoreError>(()), |_| {}).err());
    assert!(matches!(refused, Some(StoreError::Busy)));
    go.send(()).unwrap();
    store.settle().unwrap();
}

#[test]
fn a_newer_file_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    let file = folder.path().join(place::DATABASE);
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(&file).unwrap();
    let said = open(folder.path(), WINDOW).err().unwrap().to_string();
    let known = migrate::newest(migrate::MIGRATIONS);
    assert!(said.contains(&format!("schema 99; this one knows up to {known}")), "{said}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(!place::beside(&file, "-wal").exists());
}

#[test]
fn a_damaged_file_is_moved_aside_and_announced() {
    type Ruin = (&'static str, fn(&Path));
    let ruin: [Ruin; 3] = [
        ("no database", |file| fs::write(file, "not a database at all, but long enough").unwrap()),
        ("pages overwritten", |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes[4096..].fill(0x5A);
            fs::write(file, bytes).unwrap();
        }),
        ("cut off", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
    ];
    for (what, ruin) in ruin {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path());
        store.write(|writing| add(writing, "Yard")).unwrap();
        drop(store);
        let file = folder.path().join(place::DATABASE);
        ruin(&file);
        let ruined = fs::read(&file).unwrap();
        let (store, remarks) = open(folder.path(), WINDOW).unwrap();
        assert_eq!(remarks.len(), 1, "{what}: {remarks:?}");
        assert!(remarks[0].contains("busbar.db.damaged-20231114T221320Z"), "{what}: {remarks:?}");
        let aside = folder.path().join("busbar.db.damaged-20231114T221320Z");
        assert_eq!(fs::read(aside).unwrap(), ruined, "{what}");
        assert_eq!(store.read(services).unwrap(), 0);
        store.write(|writing| add(writing, "Yard")).unwrap();
    }
}

#[test]
fn a_command_does_not_move_a_damaged_file_aside() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    let file = folder.path().join(place::DATABASE);
    fs::write(&file, "ruined").unwrap();
    let said = open(folder.path(), Opener::Command).err().unwrap();
    assert!(matches!(said, OpenError::Damaged { .. }), "{said}");
    assert_eq!(fs::read(&file).unwrap(), b"ruined");
}

#[test]
fn an_older_file_is_copied_before_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    let next = migrate::Migration {
        name: "next",
        then: None,
        sql: "CREATE TABLE next (id INTEGER) STRICT",
    };
    let migrations = [migrate::MIGRATIONS, &[next]].concat();
    let file = folder.path().join(place::DATABASE);
    let opening =
        Opening { file: &file, lock: None, look: Look::Briefly, at: NOON, migrations: &migrations };
    let held = lock::take(folder.path(), "the window", NOON).unwrap();
    let said = opening.writer(&mut Vec::new()).unwrap_err();
    assert!(matches!(said, OpenError::Held { .. }), "under a running engine: {said}");
    drop(held);
    let mut remarks = Vec::new();
    let connection = opening.writer(&mut remarks).unwrap();
    assert_eq!(migrate::version(&connection).unwrap(), migrate::newest(&migrations));
    let known = migrate::newest(migrate::MIGRATIONS);
    let copy = folder.path().join(format!("backups/busbar-{known}-20231114T221320Z.db"));
    assert!(copy.is_file() && remarks[0].contains(&*copy.to_string_lossy()), "{remarks:?}");
}

#[test]
fn many_openings_at_once_do_not_hinder_each_other() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::thread::scope(|scope| {
            let open = |number| {
                let (store, remarks) = open(path, Opener::Command).unwrap();
                assert_eq!(remarks, [] as [String; 0]);
                store.write(move |writing| add(writing, &format!("service {number}"))).unwrap();
            };
            (0..6).for_each(|number| drop(scope.spawn(move || open(number))));
        });
        assert_eq!(opened(path).read(services).unwrap(), 6);
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::write(&taken, "").unwrap();
    let said = open(&taken, WINDOW).err().unwrap().to_string();
    assert!(said.starts_with(&format!("the data folder {} cannot be used", taken.display())));
    let database = folder.path().join(place::DATABASE);
    fs::create_dir(database).unwrap();
    assert!(matches!(open(folder.path(), WINDOW), Err(OpenError::File { .. })));
}
