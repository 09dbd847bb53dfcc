//! The journal, line by line: what is written comes back, and what is tampered with is named.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::base::time::FakeClock;
use crate::engine::store::Opener;

const NOON_NS: i64 = 1_700_000_000_000_000_000;

/// A line about `target`.
pub fn entry(target: &str) -> Entry {
    Entry {
        at: Wall::from_nanos(NOON_NS),
        who: "ada".into(),
        face: "web",
        address: Some([10, 0, 0, 7].into()),
        action: "add_account",
        target: target.into(),
        before: None,
        after: Some(json!({ "name": target })),
        outcome: Outcome::Done,
        note: None,
        of: None,
    }
}

fn open(folder: &Path) -> Store {
    let clock = FakeClock::new(Wall::from_nanos(NOON_NS));
    let opener = Opener::Engine { face: "a test" };
    Store::open(folder, opener, clock, Box::new(|_| {})).unwrap().0
}

fn write(store: &Store, entries: Vec<Entry>) {
    let job = move |writing: &Writing<'_>| {
        entries.iter().try_for_each(|entry| append(writing, entry).map(drop))
    };
    store.write(job).unwrap();
}

fn seqs(page: &Page) -> Vec<u64> {
    page.lines.iter().map(|line| line.seq).collect()
}

fn at(store: &Store, filter: &Filter, before: Option<u64>, limit: usize) -> Page {
    store.read(|reading| page(reading, filter, before, limit)).unwrap()
}

/// Three people do ten things, a second apart.
fn ten(store: &Store) {
    let entries = (0..10).map(|n: i64| Entry {
        at: Wall::from_nanos(NOON_NS + n * 1_000_000_000),
        who: ["ada", "Élodie", "grace_hopper"][n as usize % 3].into(),
        action: if n % 2 == 0 { "sign_in" } else { "add_account" },
        outcome: if n == 4 { Outcome::Refused } else { Outcome::Done },
        note: (n == 4).then(|| "wrong password (100%)".into()),
        ..entry(&format!("thing {n}"))
    });
    write(store, entries.collect());
}

#[test]
fn a_line_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let whole = Entry {
        before: Some(json!({ "name": "x", "rights": ["read_settings"] })),
        note: Some("because".into()),
        outcome: Outcome::Failed,
        of: Some(1),
        ..entry("b")
    };
    write(&store, vec![entry("a"), whole.clone()]);
    let page = at(&store, &Filter::default(), None, 10);
    assert_eq!((seqs(&page), page.next), (vec![2, 1], None));
    let line = &page.lines[0];
    let said = (&*line.who, &*line.face, &*line.action, &*line.target);
    assert_eq!(said, ("ada", "web", "add_account", "b"));
    assert_eq!((line.at, line.outcome, line.of), (whole.at, Outcome::Failed, Some(1)));
    assert_eq!((&line.before, &line.after), (&whole.before, &whole.after));
    assert_eq!(line.address.as_deref(), Some("10.0.0.7"));
    assert_eq!(line.note.as_deref(), Some("because"));
    assert_eq!(line.hash.len(), 64);
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    ten(&store);
    let (mut before, mut all) = (None, Vec::new());
    for _ in 0..4 {
        let page = at(&store, &Filter::default(), before, 3);
        all.extend(seqs(&page));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(all, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(at(&store, &Filter::default(), None, 10).next, None, "exactly full, and no more");
}

#[test]
fn a_filter_finds_by_person_action_object_time_outcome_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    ten(&store);
    let some = |text: &str| Some(text.to_owned());
    let found = |filter: Filter| seqs(&at(&store, &filter, None, 50));
    assert_eq!(found(Filter { who: some("ÉLO"), ..Filter::default() }), [8, 5, 2]);
    assert_eq!(found(Filter { who: some("e_h"), ..Filter::default() }), [9, 6, 3]);
    assert_eq!(found(Filter { action: some("sign_in"), ..Filter::default() }), [9, 7, 5, 3, 1]);
    assert_eq!(found(Filter { action: some("sign"), ..Filter::default() }), [] as [u64; 0]);
    assert_eq!(found(Filter { target: some("thing 3"), ..Filter::default() }), [4]);
    let outcome = Some(Outcome::Refused);
    assert_eq!(found(Filter { outcome, ..Filter::default() }), [5]);
    assert_eq!(found(Filter { text: some("100%"), ..Filter::default() }), [5]);
    assert_eq!(found(Filter { text: some("%"), ..Filter::default() }), [5], "no wildcard");
    assert_eq!(found(Filter { text: some("PASSWORD"), ..Filter::default() }), [5]);
    assert_eq!(found(Filter { text: some("10.0.0.7"), ..Filter::default() }).len(), 10);
    let second = |n: i64| Some(Wall::from_nanos(NOON_NS + n * 1_000_000_000));
    let (from, until) = (second(2), second(4));
    assert_eq!(found(Filter { from, until, ..Filter::default() }), [4, 3]);
    let who = some("ada");
    assert_eq!(found(Filter { from, until, who, ..Filter::default() }), [4]);
    let (from, until) = (second(20), None);
    assert_eq!(found(Filter { from, until, ..Filter::default() }), [] as [u64; 0]);
    let after = Wall::from_nanos(NOON_NS + 9_000_000_001);
    assert_eq!(found(Filter { from: Some(after), ..Filter::default() }), [] as [u64; 0]);
}

#[test]
fn all_lines_are_handed_on_oldest_first_until_it_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let lines = 2 * CHUNK_LINES + 1;
    write(&store, (0..lines).map(|n| entry(&n.to_string())).collect());
    let handed = |filter: &Filter, most: usize| {
        let mut seen = Vec::new();
        each(&store, filter, &mut |line| {
            seen.push(line.seq);
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
        seen
    };
    let all: Vec<u64> = (1..=lines as u64).collect();
    assert_eq!(handed(&Filter::default(), usize::MAX), all);
    assert_eq!(handed(&Filter::default(), 3), [1, 2, 3]);
    let filter = Filter { target: Some("1000".into()), ..Filter::default() };
    assert_eq!(handed(&filter, 9), [1001]);
}

#[test]
fn a_text_without_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let long = "é".repeat(100_000);
    let after = Some(json!({ "name": &long }));
    write(&store, vec![Entry { who: long.clone(), note: Some(long), after, ..entry("x") }]);
    let line = at(&store, &Filter::default(), None, 1).lines.remove(0);
    assert_eq!(line.who.chars().count(), SHORT_CHARS + 1);
    assert_eq!(line.note.unwrap().chars().count(), NOTE_CHARS + 1);
    assert_eq!(line.after.unwrap()["left_out"], "too long for the journal");
    assert!(matches!(store.read(verify).unwrap(), Verdict::Whole { lines: 1, .. }));
}

#[test]
fn an_empty_journal_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.read(verify).unwrap(), Verdict::Whole { lines: 0, head: None });
    assert_eq!(at(&store, &Filter::default(), None, 10).lines, []);
}

#[test]
fn a_line_that_was_taken_back_leaves_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, vec![entry("a")]);
    let failing = |writing: &Writing<'_>| -> Result<(), StoreError> {
        append(writing, &entry("lost"))?;
        Err(StoreError::Odd("this"))
    };
    assert!(store.write(failing).is_err());
    write(&store, vec![entry("b")]);
    assert!(matches!(store.read(verify).unwrap(), Verdict::Whole { lines: 2, head: Some(_) }));
}

#[test]
fn the_database_itself_refuses_to_change_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, vec![entry("a")]);
    for sql in ["UPDATE journal SET who = 'bob'", "DELETE FROM journal"] {
        let job = move |writing: &Writing<'_>| Ok::<_, StoreError>(writing.tx.execute(sql, [])?);
        let said = store.write(job).unwrap_err().to_string();
        assert!(said.contains("the journal is append-only"), "{said}");
    }
}

#[test]
fn the_first_line_that_was_tampered_with_is_named() {
    let cases: [(&str, u64, &str); 11] = [
        ("UPDATE journal SET who = 'bob' WHERE seq IN (4, 7)", 4, "what line 4 says was changed"),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 10", 10, "what line 10 says"),
        ("UPDATE journal SET note = '' WHERE seq = 2", 2, "what line 2 says was changed"),
        ("UPDATE journal SET of_seq = 1 WHERE seq = 3", 3, "what line 3 says was changed"),
        ("UPDATE journal SET target = who, who = target WHERE seq = 6", 6, "what line 6 says"),
        ("DELETE FROM journal WHERE seq = 5", 5, "line 5 is missing"),
        ("DELETE FROM journal WHERE seq BETWEEN 1 AND 3", 1, "lines 1 to 3 are missing (3)"),
        ("DELETE FROM journal WHERE seq > 8", 9, "the end was cut off: the last line is 8, but 10"),
        ("DELETE FROM journal", 1, "the end was cut off: the last line is 0, but 10"),
        (
            "INSERT INTO journal SELECT 0, at_ms, who, face, address, action, target, before, after, outcome, note, of_seq, prev_hash, hash FROM journal WHERE seq = 1",
            0,
            "line 0 was put in",
        ),
        ("DELETE FROM sqlite_sequence", 1, "its count of lines says 0"),
    ];
    for (sql, seq, part) in cases {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        ten(&store);
        drop(store);
        tamper(folder.path(), sql);
        let verdict = open(folder.path()).read(verify).unwrap();
        let Verdict::Broken { seq: first, why } = verdict else { panic!("{sql} was not seen") };
        assert_eq!(first, seq, "{sql}: {why}");
        assert!(why.contains(part), "{sql}: {why}");
    }
}

#[test]
fn a_line_replaced_with_a_fitting_hash_breaks_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    ten(&store);
    drop(store);
    let connection = tamper(folder.path(), "");
    let prev: Hash = connection
        .query_row("SELECT hash FROM journal WHERE seq = 3", [], |row| row.get(0))
        .unwrap();
    let forged = Sealed {
        seq: 4,
        at_ms: 5,
        who: "bob",
        face: "web",
        address: None,
        action: "sign_in",
        target: "",
        before: None,
        after: None,
        outcome: "done",
        note: None,
        of: None,
    };
    let sql = "UPDATE journal SET at_ms = 5, who = 'bob', face = 'web', address = NULL, action = 'sign_in', target = '', before = NULL, after = NULL, outcome = 'done', note = NULL, of_seq = NULL, hash = ?1 WHERE seq = 4";
    connection.execute(sql, [forged.hash(&prev)]).unwrap();
    drop(connection);
    let verdict = open(folder.path()).read(verify).unwrap();
    let why = "line 5 does not follow line 4: one of them was put in or replaced".to_owned();
    assert_eq!(verdict, Verdict::Broken { seq: 5, why });
}

#[test]
fn the_hash_of_a_line_never_changes_its_making() {
    // A line as it was hashed when the first version was released: an old journal must stay whole.
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write(&store, vec![entry("a")]);
    let line = at(&store, &Filter::default(), None, 1).lines.remove(0);
    assert_eq!(line.hash, "9f48dcf8f586ef4481444132030c21c6d592804bfaf944fce1a2a7c6f42728f5");
}

/// Does what the triggers forbid, as somebody with the file in hand can.
fn tamper(folder: &Path, sql: &str) -> Connection {
    let connection = Connection::open(folder.join("busbar.db")).unwrap();
    let triggers = "DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_shortened;";
    connection.execute_batch(triggers).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

#[test]
fn appending_goes_on_after_tampering_and_does_not_hide_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    ten(&store);
    drop(store);
    drop(tamper(folder.path(), "DELETE FROM journal WHERE seq > 8"));
    let store = open(folder.path());
    write(&store, vec![entry("later")]);
    let verdict = store.read(verify).unwrap();
    let why = "lines 9 to 10 are missing (2)".to_owned();
    assert_eq!(verdict, Verdict::Broken { seq: 9, why });
    let store = Arc::new(store);
    assert_eq!(seqs(&at(&store, &Filter::default(), None, 2)), [11, 8]);
}
