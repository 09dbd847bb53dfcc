//! Secrets: they come back to whoever says them, to nobody else, and not out of any file.

use std::fs;

use super::*;
use crate::base::time::{FakeClock, Wall};
use crate::engine::store::migrate::{self, MIGRATIONS};
use crate::engine::store::secrets::key::Key;
use crate::engine::store::{Opener, Store, place};

const AT: Wall = Wall::from_nanos(1_700_000_000_000_000_000);
const PLANTED: &str = "planted beans of the mail server 7";

fn open_store(folder: &Path) -> (Store, Vec<String>) {
    let opener = Opener::Engine { face: "the window" };
    Store::open(folder, opener, FakeClock::new(AT), Box::new(|_| {})).unwrap()
}

fn by() -> Mark {
    Mark { who: "ada".into(), at: AT }
}

fn set(store: &Store, name: &'static str, text: &str) -> Result<(), StoreError> {
    let secret = Secret::new(text.to_owned());
    store.write(move |writing| keep(writing, name, &secret, &by()))
}

fn get(store: &Store, name: &str) -> Result<Option<String>, StoreError> {
    let opened = store.read(|reading| open(reading, name))?;
    Ok(opened.map(|secret| secret.reveal().to_owned()))
}

/// Every file in the folder and below that holds `text`.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(holding(&entry, text));
        } else {
            let bytes = fs::read(&entry).unwrap();
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(entry);
            }
        }
    }
    found
}

#[test]
fn a_secret_comes_back_says_who_set_it_and_stands_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    assert!(!folder.path().join(key::FILE).exists(), "a key is made on first need");
    assert_eq!(get(&store, "a").unwrap(), None);
    set(&store, "a", PLANTED).unwrap();
    set(&store, "b", "other").unwrap();
    assert_eq!(get(&store, "a").unwrap().as_deref(), Some(PLANTED));
    assert_eq!(store.read(|reading| mark(reading, "a")).unwrap(), Some(by()));
    assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0]);
    drop(store);
    assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0]);
    let (store, _) = open_store(folder.path());
    assert_eq!(get(&store, "a").unwrap().as_deref(), Some(PLANTED));
    store.write(|writing| remove(writing, "a")).unwrap();
    assert_eq!(get(&store, "a").unwrap(), None);
    assert!(!store.read(|reading| is_set(reading, "a")).unwrap());
    assert_eq!(get(&store, "b").unwrap().as_deref(), Some("other"));
}

#[test]
fn the_key_file_is_its_owners_alone_and_one_that_is_left_half_made_is_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    let draft = folder.path().join("secrets.key.new");
    fs::write(&draft, "half").unwrap();
    set(&store, "a", PLANTED).unwrap();
    let file = folder.path().join(key::FILE);
    assert_eq!(fs::read(&file).unwrap().len(), key::BYTES);
    assert!(!draft.exists());
    #[cfg(unix)]
    assert_eq!(place::mode(&file).unwrap(), Some(0o600));
    let before = fs::read(&file).unwrap();
    set(&store, "b", "other").unwrap();
    assert_eq!(fs::read(&file).unwrap(), before, "a key is made once");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused_until_it_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    set(&store, "a", PLANTED).unwrap();
    let file = folder.path().join(key::FILE);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let said = get(&store, "a").unwrap_err().to_string();
        let wanted = format!("may read the key file {} (mode {mode:o}): run chmod", file.display());
        assert!(said.contains(&wanted), "{said}");
        assert!(matches!(
            set(&store, "b", "other"),
            Err(StoreError::Secret(SecretError::Open { .. }))
        ));
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(get(&store, "a").unwrap().as_deref(), Some(PLANTED));
}

#[test]
fn a_key_that_is_missing_short_or_another_one_is_named_and_removing_still_works() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    set(&store, "a", PLANTED).unwrap();
    let file = folder.path().join(key::FILE);
    let whole = fs::read(&file).unwrap();
    let said = |wanted: &str| {
        let said = get(&store, "a").unwrap_err().to_string();
        assert!(said.contains(wanted) && !said.contains(PLANTED), "{said}");
    };
    fs::write(&file, &whole[1..]).unwrap();
    said("holds 31 bytes instead of 32");
    fs::write(&file, [7; key::BYTES]).unwrap();
    said("the secret a does not open with the key file");
    fs::remove_file(&file).unwrap();
    said("is missing, and secrets were sealed with it");
    let refused = set(&store, "a", "new").unwrap_err();
    assert!(matches!(refused, StoreError::Secret(SecretError::Missing { .. })), "{refused}");
    assert!(!file.exists(), "no new key while there are secrets of the old one");
    store.write(|writing| remove(writing, "a")).unwrap();
    set(&store, "a", "new").unwrap();
    assert_eq!(get(&store, "a").unwrap().as_deref(), Some("new"));
    assert_ne!(fs::read(&file).unwrap(), whole);
}

#[test]
fn a_sealed_secret_opens_under_its_name_only_and_not_once_it_was_changed() {
    let key = Key::of([3; key::BYTES]);
    let value = Secret::new(PLANTED.into());
    let sealed = seal::seal(&key, "a", &value).unwrap();
    let again = seal::seal(&key, "a", &value).unwrap();
    assert_ne!(sealed.nonce, again.nonce, "a nonce is used once");
    let opened = |name: &str, nonce: &[u8], text: &[u8]| seal::open(&key, name, nonce, text);
    assert_eq!(opened("a", &sealed.nonce, &sealed.text), Some(value));
    assert_eq!(opened("b", &sealed.nonce, &sealed.text), None, "under another name");
    assert_eq!(opened("a", &again.nonce, &sealed.text), None, "with another nonce");
    assert_eq!(opened("a", &sealed.nonce[1..], &sealed.text), None);
    assert_eq!(opened("a", &sealed.nonce, &[]), None);
    for at in 0..sealed.text.len() {
        let mut text = sealed.text.clone();
        text[at] ^= 1;
        assert_eq!(opened("a", &sealed.nonce, &text), None, "byte {at} was changed");
    }
    let other = Key::of([4; key::BYTES]);
    assert_eq!(seal::open(&other, "a", &sealed.nonce, &sealed.text), None);
}

#[test]
fn rows_that_were_swapped_in_the_database_do_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    set(&store, "a", "one").unwrap();
    set(&store, "b", "two").unwrap();
    let swap = "UPDATE secrets SET name = 'c' WHERE name = 'a';
         UPDATE secrets SET name = 'a' WHERE name = 'b'; UPDATE secrets SET name = 'b' WHERE name = 'c'";
    store.write(move |writing| Ok::<_, StoreError>(writing.tx.execute_batch(swap)?)).unwrap();
    for name in ["a", "b"] {
        let refused = get(&store, name).unwrap_err();
        assert!(matches!(refused, StoreError::Secret(SecretError::Sealed { .. })), "{refused}");
    }
}

#[test]
fn a_secret_that_is_too_long_is_refused_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_store(folder.path());
    let refused = set(&store, "a", &"x".repeat(LONGEST + 1)).unwrap_err();
    assert_eq!(refused.to_string(), "a secret has at most 1024 bytes");
    assert!(!folder.path().join(key::FILE).exists());
}

/// A data folder as a program of the schema `schema` left it, with a password in the clear that took the
/// place of an older, longer one, and a copy from before an upgrade.
fn old_folder(folder: &Path, schema: usize) {
    let file = folder.join(place::DATABASE);
    let mut connection = Connection::open(&file).unwrap();
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    migrate::apply(&mut connection, &file, &MIGRATIONS[..schema]).unwrap();
    let older = format!("{PLANTED} and a longer one");
    let sql = "INSERT INTO secrets (name, value) VALUES ('mail_password', ?1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    for text in [older.as_str(), PLANTED] {
        connection.execute(sql, [text.as_bytes()]).unwrap();
    }
    let line = "INSERT INTO journal (at_ms, who, face, action, target, after, outcome, prev_hash, hash)
         VALUES (1600000000000, 'grace', 'web', 'save_settings', 'mail', '{\"mail.password\":\"given\"}',
         'done', zeroblob(32), zeroblob(32))";
    connection.execute_batch(line).unwrap();
    let copies = folder.join(place::BACKUPS);
    fs::create_dir(&copies).unwrap();
    let copy = copies.join("busbar-1-20200101T000000Z.db");
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).unwrap();
    // A copy of another program's is left alone.
    fs::write(copies.join("busbar-notes.db"), "not a database").unwrap();
    drop(connection);
    assert!(holding(folder, PLANTED).len() >= 2, "it is there to be found");
}

#[test]
fn a_password_of_every_earlier_schema_is_sealed_and_gone_from_every_file() {
    for schema in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        old_folder(folder.path(), schema);
        let (store, remarks) = open_store(folder.path());
        assert_eq!(get(&store, MAIL_PASSWORD).unwrap().as_deref(), Some(PLANTED), "{schema}");
        let set_by = store.read(|reading| mark(reading, MAIL_PASSWORD)).unwrap().unwrap();
        assert_eq!((set_by.who.as_str(), columns::ms(set_by.at)), ("grace", 1_600_000_000_000));
        assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0], "from {schema}");
        assert!(remarks.iter().any(|said| said.contains("was brought up to date")), "{remarks:?}");
        drop(store);
        assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0], "closed, from {schema}");
        let copies = fs::read_dir(folder.path().join(place::BACKUPS)).unwrap();
        let copies: Vec<PathBuf> = copies
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().is_some_and(|name| name != "busbar-notes.db"))
            .collect();
        assert_eq!(copies.len(), 2);
        for copy in copies {
            let copy = Connection::open(copy).unwrap();
            let journal = "SELECT count(*) FROM journal";
            let kept: i64 = copy.query_row(journal, [], |row| row.get(0)).unwrap();
            assert_eq!(kept, 1, "the rest of a copy stays");
        }
        let (store, remarks) = open_store(folder.path());
        assert_eq!(remarks, [] as [String; 0], "once is enough");
        assert_eq!(get(&store, MAIL_PASSWORD).unwrap().as_deref(), Some(PLANTED));
    }
}

#[test]
fn an_upgrade_that_cannot_seal_is_refused_and_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    old_folder(folder.path(), 3);
    // A key of another kind is in the way.
    let key = folder.path().join(key::FILE);
    fs::write(&key, "short").unwrap();
    #[cfg(unix)]
    place::tighten(&key, 0o600).unwrap();
    let opener = Opener::Engine { face: "the window" };
    let opened = Store::open(folder.path(), opener, FakeClock::new(AT), Box::new(|_| {}));
    let said = opened.err().unwrap().to_string();
    assert!(said.contains("a secret in it cannot be sealed"), "{said}");
    assert!(said.contains("holds 5 bytes instead of 32"), "{said}");
    let file = folder.path().join(place::DATABASE);
    let connection = Connection::open(&file).unwrap();
    assert_eq!(migrate::version(&connection).unwrap(), 3);
    drop(connection);
    fs::remove_file(&key).unwrap();
    let (store, _) = open_store(folder.path());
    assert_eq!(get(&store, MAIL_PASSWORD).unwrap().as_deref(), Some(PLANTED));
    assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0]);
}

#[test]
fn a_move_that_was_cut_off_after_its_step_is_ended_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    old_folder(folder.path(), 3);
    let file = folder.path().join(place::DATABASE);
    let mut connection = Connection::open(&file).unwrap();
    migrate::apply(&mut connection, &file, MIGRATIONS).unwrap();
    assert!(moving::is_due(&connection).unwrap());
    drop(connection);
    assert_ne!(holding(folder.path(), PLANTED), [] as [PathBuf; 0], "still in a copy");
    let (store, _) = open_store(folder.path());
    assert_eq!(holding(folder.path(), PLANTED), [] as [PathBuf; 0]);
    assert_eq!(get(&store, MAIL_PASSWORD).unwrap().as_deref(), Some(PLANTED));
}

#[test]
fn a_new_folder_has_nothing_to_move() {
    let folder = tempfile::tempdir().unwrap();
    drop(open_store(folder.path()));
    let connection = Connection::open(folder.path().join(place::DATABASE)).unwrap();
    assert!(!moving::is_due(&connection).unwrap());
    assert!(!folder.path().join(key::FILE).exists());
}
