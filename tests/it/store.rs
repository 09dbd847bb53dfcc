//! The store under a program that is killed at any moment: what was acknowledged is there, the chain
//! is whole, and nobody has to repair anything.

mod charges;
mod doctor;
mod orders;
#[cfg(feature = "web")]
mod server;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use busbar::base::time::SystemClock;
use busbar::engine::testing::records::{Entry, Opener, Store, append, each, verify};
use busbar::engine::{Health, JournalFilter, Outcome, StoreError, Verdict, examine};

/// Names the folder for the process that is killed.
const FOLDER: &str = "BUSBAR_TEST_FOLDER";
/// How often somebody is killed.
const KILLS: u64 = 24;
/// Threads of the process that is killed.
const WRITERS: u64 = 3;

fn open(folder: &Path) -> Store {
    let opener = Opener::Engine { face: "a test" };
    let opened = Store::open(folder, opener, SystemClock::new(), Box::new(|_| {}));
    let (store, remarks) = opened.unwrap();
    assert_eq!(remarks, [] as [String; 0]);
    store
}

fn entry(target: String) -> Entry {
    Entry {
        at: busbar::base::time::Wall::from_nanos(1_700_000_000_000_000_000),
        who: "ada".into(),
        face: "inside",
        address: None,
        action: "add_account",
        target,
        before: None,
        after: None,
        outcome: Outcome::Done,
        note: None,
        of: None,
    }
}

/// A small generator, so that a run can be repeated from its seed.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        let seed = std::env::var("BUSBAR_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("BUSBAR_SEED={seed}");
        Self(seed | 1)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Not a test by itself: the process that the tests below kill. It writes for ever and says what has
/// been acknowledged.
#[test]
#[ignore = "run by the tests that kill it"]
fn somebody_writes_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.clone();
            scope.spawn(move || write_for_ever(&store, writer));
        }
    });
}

fn write_for_ever(store: &Store, writer: u64) {
    for number in 0_u64.. {
        let target = format!("{}-{writer}-{number}", std::process::id());
        let line = entry(target.clone());
        let seq = store.write(move |writing| append(writing, &line)).unwrap();
        // What fails in between is taken back and must leave no trace.
        let line = entry("never".into());
        let failed = store.write(move |writing| {
            append(writing, &line)?;
            Err::<(), _>(StoreError::Odd("this"))
        });
        assert!(failed.is_err());
        let mut out = std::io::stdout().lock();
        if writeln!(out, "acknowledged {seq} {target} .").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn writer(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::somebody_writes_until_killed", "--ignored", "--nocapture"])
        .args(["--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the writer once it has acknowledged `after` changes; what it acknowledged, by number.
fn kill(mut child: Child, after: u64) -> BTreeMap<u64, String> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = BTreeMap::new();
    let mut note = |line: &str| {
        // A line that was cut short by the kill lacks its full stop.
        if let ["acknowledged", seq, target, "."] = line.split(' ').collect::<Vec<_>>()[..] {
            acknowledged.insert(seq.parse::<u64>().unwrap(), target.to_owned());
        }
        acknowledged.len() as u64
    };
    let mut so_far = 0;
    while so_far < after {
        so_far = note(&lines.next().expect("the writer ended by itself").unwrap());
    }
    child.kill().unwrap();
    // What it said before it died, and nobody had read yet.
    for line in lines.map_while(Result::ok) {
        note(&line);
    }
    assert!(!child.wait().unwrap().success());
    acknowledged
}

/// Everything in the journal, by number.
fn journal(store: &Store) -> BTreeMap<u64, String> {
    let mut all = BTreeMap::new();
    let mut take = |line: busbar::engine::JournalLine| {
        all.insert(line.seq, line.target);
        ControlFlow::Continue(())
    };
    each(store, &JournalFilter::default(), &mut take).unwrap();
    all
}

/// Nothing is damaged, nothing acknowledged is missing, nothing that was taken back is there.
fn look_over(folder: &Path, acknowledged: &BTreeMap<u64, String>) {
    for finding in examine(folder) {
        let is_well = finding.health == Health::Ok || acknowledged.is_empty();
        assert!(is_well, "right after the kill: {finding:?}");
    }
    let store = open(folder);
    let found = journal(&store);
    for (seq, target) in acknowledged {
        assert_eq!(found.get(seq), Some(target), "the acknowledged line {seq} is lost");
    }
    assert!(found.values().all(|target| target != "never"));
    let verdict = store.read(verify).unwrap();
    let lines = found.len() as u64;
    assert!(matches!(verdict, Verdict::Whole { lines: n, .. } if n == lines), "{verdict:?}");
    drop(store);
    let found = examine(folder);
    assert!(found.iter().all(|finding| finding.health == Health::Ok), "{found:#?}");
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let mut dice = Dice::new();
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for _ in 0..KILLS {
        acknowledged.extend(kill(writer(folder.path()), 1 + dice.below(60)));
        look_over(folder.path(), &acknowledged);
    }
    assert!(acknowledged.len() as u64 >= KILLS, "only {} were written", acknowledged.len());
    eprintln!("{} acknowledged changes survived {KILLS} kills", acknowledged.len());
}

#[test]
fn killed_while_it_opens_a_new_folder_it_opens_the_next_time() {
    let mut dice = Dice::new();
    let (mut before, mut during, mut after) = (0, 0, 0);
    for _ in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let child = writer(folder.path());
            // As long as it takes to count so far: anywhere from before the first file to after it.
            let turns = 1_u64 << (8 + dice.below(16));
            std::hint::black_box((0..turns).fold(0_u64, |sum, n| std::hint::black_box(sum ^ n)));
            let acknowledged = kill(child, 0);
            match (acknowledged.is_empty(), folder.path().join("busbar.db").exists()) {
                (true, false) => before += 1,
                (true, true) => during += 1,
                (false, _) => after += 1,
            }
            look_over(folder.path(), &acknowledged);
        }
    }
    eprintln!(
        "killed {before} times before there was a file, {during} while it opened, {after} after"
    );
}
