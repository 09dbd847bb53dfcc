//! The check-up: what is right is called right, what is wrong is named, and nothing is changed.

use super::*;
use crate::base::time::{FakeClock, Wall};
use crate::engine::store::journal::{self, tests::entry};
use crate::engine::store::{Opener, Store};

fn open(folder: &Path) -> Store {
    let clock = FakeClock::new(Wall::from_nanos(1_700_000_000_000_000_000));
    let opener = Opener::Engine { face: "the window" };
    Store::open(folder, opener, clock, Box::new(|_| {})).unwrap().0
}

fn with_lines(folder: &Path, lines: u32) -> Store {
    let store = open(folder);
    for _ in 0..lines {
        store.write(|writing| journal::append(writing, &entry("x"))).unwrap();
    }
    store
}

fn the<'f>(found: &'f [Finding], check: &str) -> &'f Finding {
    found.iter().find(|finding| finding.check == check).unwrap()
}

/// Name and bytes of every file.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    named(folder, |_| true)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_stopped_engine_is_examined_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_lines(folder.path(), 3));
    let before = contents(folder.path());
    let found = examine(folder.path());
    assert!(found.iter().all(|finding| finding.health == Health::Ok), "{found:#?}");
    assert_eq!(the(&found, "engine").text, "Busbar is not running on it.");
    let said = &the(&found, "journal").text;
    assert!(said.starts_with("The journal has 3 lines, and each fits the one before"), "{said}");
    let said = the(&found, "people");
    assert_eq!(said.text, "There is no account, and no administrator that can sign in.");
    assert!(said.advice.is_some());
    assert_eq!(contents(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn the_key_of_secrets_is_looked_at_and_nothing_of_them_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said = |health: Health, wanted: &str| {
        let found = examine(folder.path());
        let finding = the(&found, "secrets");
        assert_eq!(finding.health, health, "{finding:?}");
        let advice = finding.advice.clone().unwrap_or_default();
        let said = format!("{} {advice}", finding.text);
        assert!(said.contains(wanted) && !said.contains("planted beans"), "{said}");
    };
    said(Health::Ok, "No secret is kept, and there is no key file yet.");
    let set = |writing: &crate::engine::store::Writing<'_>| {
        let by =
            crate::engine::access::settings::Mark { who: "ada".into(), at: Wall::from_nanos(0) };
        let secret = crate::engine::access::secret::Secret::new("planted beans".into());
        secrets::keep(writing, secrets::MAIL_PASSWORD, &secret, &by)
    };
    store.write(set).unwrap();
    said(
        Health::Ok,
        "1 secret is kept, the mail server\u{2019}s password, and opens with the key file",
    );
    let file = folder.path().join(key::FILE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    said(Health::Fault, "(mode 644). Run chmod 600 on it as its owner");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [1; key::BYTES]).unwrap();
    said(Health::Fault, "The mail server\u{2019}s password does not open with the key file");
    fs::write(&file, "short").unwrap();
    said(Health::Fault, "holds 5 bytes instead of 32. Put it back from a backup");
    fs::remove_file(&file).unwrap();
    said(Health::Fault, "is missing, and secrets were sealed with it. Put it back");
    fs::write(&file, whole).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    said(Health::Ok, "1 secret is kept");
}

#[test]
fn a_running_engine_is_examined_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_lines(folder.path(), 1);
    let found = examine(folder.path());
    assert!(found.iter().all(|finding| finding.health == Health::Ok), "{found:#?}");
    assert!(the(&found, "engine").text.starts_with("Busbar is running on it: the window, process"));
    assert!(the(&found, "journal").text.starts_with("The journal has 1 line, which fits"));
    store.write(|writing| journal::append(writing, &entry("still works"))).unwrap();
}

#[test]
fn administrators_who_can_sign_in_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let job = |writing: &crate::engine::store::Writing<'_>| {
        let sql = "INSERT INTO accounts (kind, name, rights, status, password_hash, created_ms) VALUES \
                   ('person', 'ada', 1, 'active', 'x', 0), ('person', 'bob', 1, 'disabled', 'x', 0), \
                   ('person', 'cleo', 2, 'active', 'x', 0), ('person', 'dan', 1, 'active', NULL, 0), \
                   ('machine', 'logger', 1, 'active', NULL, 0)";
        Ok::<_, StoreError>(writing.tx.execute_batch(sql)?)
    };
    store.write(job).unwrap();
    let found = examine(folder.path());
    let people = the(&found, "people");
    assert_eq!(people.health, Health::Ok);
    assert_eq!(people.text, "There are 5 accounts, and 1 administrator that can sign in.");
    let job = |writing: &crate::engine::store::Writing<'_>| {
        Ok::<_, StoreError>(writing.tx.execute_batch("DELETE FROM accounts WHERE name = 'ada'")?)
    };
    store.write(job).unwrap();
    assert_eq!(the(&examine(folder.path()), "people").health, Health::Warning);
}

#[test]
fn a_folder_without_anything_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let found = examine(&folder.path().join("absent"));
    assert!(found[0].text.starts_with("There is no data folder"), "{found:?}");
    let found = examine(folder.path());
    assert!(found[0].text.starts_with("There is no database in"), "{found:?}");
    fs::write(folder.path().join(place::DATABASE), "").unwrap();
    let found = examine(folder.path());
    assert!(found[0].text.ends_with("is empty: nothing was written yet."), "{found:?}");
    assert!(contents(folder.path()).len() == 1 && found[0].health == Health::Warning);
}

#[test]
fn a_line_that_was_changed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_lines(folder.path(), 5));
    let connection = Connection::open(folder.path().join(place::DATABASE)).unwrap();
    let sql = "DROP TRIGGER journal_is_not_changed; UPDATE journal SET who = 'bob' WHERE seq = 2";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let journal = the(&examine(folder.path()), "journal").clone();
    assert_eq!(journal.health, Health::Fault);
    let why = "The journal cannot be relied on from line 2 on: what line 2 says was changed after it was written.";
    assert_eq!(journal.text, why);
}

#[test]
fn a_file_that_is_damaged_newer_or_strange_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_lines(folder.path(), 5));
    let file = folder.path().join(place::DATABASE);
    let whole = fs::read(&file).unwrap();
    let found_with = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        examine(folder.path())
    };
    let found = found_with(b"no database");
    assert!(the(&found, "database").text.contains("cannot be read"), "{found:?}");
    let mut ruined = whole.clone();
    ruined[8192..].fill(0x5A);
    let found = found_with(&ruined);
    assert_eq!(the(&found, "database").health, Health::Fault, "{found:?}");
    let mut newer = whole.clone();
    newer[63] = 99;
    let found = found_with(&newer);
    let known = crate::engine::store::migrate::newest(crate::engine::store::migrate::MIGRATIONS);
    let said = format!("The schema is 99, from a newer Busbar; this one knows up to {known}.");
    assert_eq!(the(&found, "schema").text, said);
    let mut strange = whole;
    strange[63] = 0;
    assert_eq!(the(&found_with(&strange), "schema").health, Health::Fault);
}

#[test]
fn a_damaged_database_that_was_moved_aside_is_mentioned() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    for name in ["busbar.db.damaged-1", "busbar.db.damaged-1-wal", "busbar.db.damaged-2"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let found = examine(folder.path());
    let said = &the(&found, "aside").text;
    assert!(said.starts_with("2 damaged databases") && said.ends_with("damaged-2."), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_named_and_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let file = folder.path().join(place::DATABASE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let files = the(&examine(folder.path()), "files").clone();
    assert_eq!(files.health, Health::Warning);
    assert!(files.text.contains("busbar.db has mode 644 instead of 600"), "{}", files.text);
    assert_eq!(place::mode(&file).unwrap(), Some(0o644));
}

#[test]
fn a_path_with_odd_letters_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("50% ä?mode=rw#x");
    drop(with_lines(&odd, 2));
    assert_eq!(the(&examine(&odd), "journal").health, Health::Ok);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    drop(with_lines(folder.path(), 3));
    assert!(examine(folder.path()).iter().all(|finding| finding.check != "writing"));
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    let found = examine(folder.path());
    mode(0o700);
    let finding = the(&found, "writing");
    assert_eq!(finding.health, Health::Fault);
    assert!(finding.text.contains("Nothing can be written into"), "{}", finding.text);
}
