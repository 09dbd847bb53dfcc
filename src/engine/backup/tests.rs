//! Backups there and back: the same folder, whatever was in it; nothing secret where it is not sealed;
//! nothing touched where something is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::envelope::{KeyCost, Sealer};
use super::*;
use crate::base::time::{FakeClock, Wall};
use crate::engine::access::secret::Secret;
use crate::engine::access::settings::RecordSettings;
use crate::engine::store::{Opener, Store, copy, settings};

const AT: Wall = Wall::from_nanos(1_780_300_800_000_000_000);
const SECRET: &str = "planted-5ecret";

fn word() -> Secret {
    Secret::new("tin of beans 4".into())
}

fn clock() -> Arc<FakeClock> {
    FakeClock::new(AT)
}

fn source(folder: &Path, with: Recordings) -> Source {
    Source::new(folder, &RecordSettings::default(), with, AT).cheap()
}

fn put(folder: &Path, name: &str, says: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, says).unwrap();
}

/// A place with a data folder that holds something of everything.
fn furnished() -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    fs::create_dir(&folder).unwrap();
    copy::old_folder(&folder, usize::try_from(copy::newest_schema()).unwrap());
    put(&folder, "settings.toml", b"profile = \"Car\"\n");
    put(&folder, "profiles/Car.toml", b"name = \"Car\"\n");
    put(&folder, "dbc/car.dbc", b"BO_ 1 A: 8 X\n");
    put(&folder, "devices/my-pack/device.toml", b"x = 1\n");
    put(&folder, "devices/my-pack/messages.dbc", b"BO_ 2 B: 8 X\n");
    put(&folder, "recordings/run.log", b"(0.0) can0 1#00\n");
    put(&folder, "secrets.key", format!("{SECRET}{SECRET}1234").as_bytes());
    put(&folder, "tls/key.pem", SECRET.as_bytes());
    put(&folder, "engine.lock", b"nobody");
    put(&folder, "backups/old.db", b"an older copy");
    (place, folder)
}

/// Everything in a folder that a backup keeps, but the database.
fn kept(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                waiting.push(path);
            } else if super::place::Place::of(&name).is_some() && name != "busbar.db" {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn contains(file: &Path, needle: &str) -> bool {
    let bytes = fs::read(file).unwrap();
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn the_newest_pages_of_an_open_database_are_weighed_with_it() {
    let (place, folder) = furnished();
    let open = copy::grown(&folder);
    let weight = weigh(&folder, &RecordSettings::default()).unwrap();
    let to = place.path().join("copy.db");
    copy::copy(&folder, &to, copy::Secrets::Take).unwrap();
    let size = |file: &Path| fs::metadata(file).unwrap().len();
    let (file, copied) = (size(&folder.join("busbar.db")), size(&to));
    drop(open);
    assert!(file * 2 < copied, "{file} bytes of {copied} are in the file: the log holds nothing");
    let others: u64 = kept(&folder).values().map(|bytes| bytes.len() as u64).sum();
    let recorded = weight.recording_bytes;
    assert_eq!(
        weight.bytes,
        copied + others - recorded,
        "the database and {others} bytes beside it"
    );
}

#[test]
fn a_sealed_backup_restores_to_the_same_folder_with_its_secrets() {
    let (place, folder) = furnished();
    let file = place.path().join("all.backup");
    let made = source(&folder, Recordings::Take).write(&file, Some(&word())).unwrap();
    assert_eq!(made.bytes, fs::metadata(&file).unwrap().len());
    assert_eq!(made.left_out, [] as [String; 0]);
    assert!(is_sealed(&file).unwrap() && !contains(&file, SECRET));
    let there = place.path().join("there");
    let done = restore(&file, Some(&word()), &there, clock()).unwrap();
    assert_eq!((done.aside, done.remarks), (None, vec![]));
    assert_eq!(kept(&there), kept(&folder));
    let secrets = copy::seen(&folder).1;
    assert_eq!(copy::seen(&there), ("{\"name\":\"Rig\"}".into(), secrets, copy::newest_schema()));
    assert!(!there.join("engine.lock").exists() && !there.join("backups/old.db").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |name: &str| fs::metadata(there.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("secrets.key"), mode("busbar.db")), (0o700, 0o600, 0o600));
    }
    // No copy of the database is left of making it.
    let left: Vec<_> = fs::read_dir(folder.join("backups")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_preview_names_what_goes_and_nothing_else_goes() {
    let (place, folder) = furnished();
    let (file, sealed) = (place.path().join("all.backup"), place.path().join("sealed.backup"));
    source(&folder, Recordings::Leave).write(&file, None).unwrap();
    source(&folder, Recordings::Take).write(&sealed, Some(&word())).unwrap();
    for later in ["profiles/Later.toml", "notes.txt", "recordings/b.log", "recordings/old/c.log"] {
        put(&folder, later, b"later");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(place.path(), folder.join("tls/out")).unwrap();
    let outside = fs::read_dir(place.path()).unwrap().count();
    let always = ["backups/old.db", "notes.txt", "profiles/Later.toml", "recordings/old/c.log"];
    let link = cfg!(unix).then_some("tls/out");
    for (backup, passphrase, more) in
        [(&file, None, "secrets.key"), (&sealed, Some(word()), "recordings/b.log")]
    {
        let seen = preview(backup, passphrase.as_ref(), &folder).unwrap();
        let mut told: Vec<&str> = always.into_iter().chain(link).chain([more]).collect();
        told.sort_unstable();
        assert_eq!(seen.goes, told);
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), outside, "a preview changes nothing");
    let before = names(&folder);
    let goes = preview(&file, None, &folder).unwrap().goes;
    let done = restore(&file, None, &folder, clock()).unwrap();
    let after = names(&folder);
    let own = |name: &&String| *name != "engine.lock";
    let gone: Vec<_> = before.difference(&after).filter(own).cloned().collect();
    assert_eq!(gone, goes, "what went is what was told");
    assert_eq!(names(&done.aside.unwrap()), before);
    let nowhere = place.path().join("nowhere");
    assert_eq!(preview(&file, None, &nowhere).unwrap().goes, [] as [String; 0]);
}

/// The names of all files below a folder, no link followed.
fn names(folder: &Path) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inside) = waiting.pop() {
        for entry in fs::read_dir(inside).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else {
                let path = entry.path();
                found.insert(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn what_whoever_reads_it_would_refuse_is_left_out_and_told() {
    let (place, folder) = furnished();
    put(&folder, "profiles/car.toml", b"name = \"car\"\n");
    let large = fs::File::create(folder.join("dbc/huge.dbc")).unwrap();
    large.set_len(17 << 20).unwrap();
    let file = place.path().join("all.backup");
    let made = source(&folder, Recordings::Take).write(&file, Some(&word())).unwrap();
    let told = made.left_out.join("\n");
    assert!(told.contains("car.toml differs from profiles/Car.toml in case alone"), "{told}");
    assert!(told.contains("huge.dbc is larger than any of its kind"), "{told}");
    assert_eq!(made.left_out.len(), 2, "{told}");
    let there = place.path().join("there");
    restore(&file, Some(&word()), &there, clock()).unwrap();
    assert_eq!(fs::read(there.join("profiles/Car.toml")).unwrap(), b"name = \"Car\"\n");
}

#[test]
fn dbc_files_that_profiles_name_go_along_and_those_elsewhere_are_told() {
    let (place, folder) = furnished();
    let bus = "name = \"Shop\"\n\n[[bus]]\nname = \"b\"\naddress = \"virtual:b\"\n";
    let says = format!("{bus}dbc = [\"motor.dbc\", \"drive/rear/axle.dbc\", \"../../far.dbc\"]\n");
    put(&folder, "profiles/Shop.toml", says.as_bytes());
    put(&folder, "profiles/motor.dbc", b"BO_ 3 C: 8 X\n");
    put(&folder, "profiles/drive/rear/axle.dbc", b"BO_ 4 D: 8 X\n");
    put(&folder, "profiles/drive/rear/notes.txt", b"mine");
    put(place.path(), "far.dbc", b"BO_ 5 E: 8 X\n");
    let (file, there) = (place.path().join("all.backup"), place.path().join("there"));
    let made = source(&folder, Recordings::Take).write(&file, Some(&word())).unwrap();
    assert_eq!(made.left_out.len(), 1, "{made:?}");
    assert!(made.left_out[0].contains("far.dbc, which the profile Shop names"), "{made:?}");
    restore(&file, Some(&word()), &there, clock()).unwrap();
    let now = kept(&there);
    assert_eq!(now, kept(&folder));
    assert_eq!(now["profiles/motor.dbc"], b"BO_ 3 C: 8 X\n");
    assert_eq!(now["profiles/drive/rear/axle.dbc"], b"BO_ 4 D: 8 X\n");
}

#[test]
fn no_secret_is_in_a_backup_that_is_not_sealed() {
    let (place, folder) = furnished();
    let file = place.path().join("all.backup");
    let made = source(&folder, Recordings::Leave).write(&file, None).unwrap();
    assert!(made.left_out.iter().any(|what| what.contains("private keys")), "{made:?}");
    let mut all = Vec::new();
    let whole = stream::read(&file, None, &mut |_, name, from| {
        all.extend_from_slice(name.as_bytes());
        from.read_to_end(&mut all).unwrap();
        Ok(())
    });
    let names: Vec<String> = whole.unwrap().listed.into_iter().map(|one| one.name).collect();
    assert!(
        !names.iter().any(|name| name.starts_with("tls") || name == "secrets.key"),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.starts_with("recordings")), "{names:?}");
    assert!(!all.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    let there = place.path().join("there");
    restore(&file, None, &there, clock()).unwrap();
    assert_eq!(copy::seen(&there).1, 0, "no secret is in its database");
}

#[test]
fn what_was_there_is_kept_aside_and_what_is_not_in_the_backup_stays() {
    let (place, folder) = furnished();
    let file = place.path().join("all.backup");
    source(&folder, Recordings::Leave).write(&file, None).unwrap();
    put(&folder, "profiles/Car.toml", b"name = \"Car\"\ndescription = \"later\"\n");
    put(&folder, "profiles/New.toml", b"name = \"New\"\n");
    let before = kept(&folder);
    let seen = preview(&file, None, &folder).unwrap();
    let stand =
        |name: &str| seen.items.iter().find(|item| item.name == name).map(|item| item.stand);
    assert_eq!(stand("profiles/Car.toml"), Some(BackupStand::Replaces));
    assert_eq!(stand("dbc/car.dbc"), Some(BackupStand::Same));
    assert_eq!(kept(&folder), before, "a look changes nothing");
    let done = restore(&file, None, &folder, clock()).unwrap();
    let aside = done.aside.unwrap();
    assert_eq!(aside, place.path().join("data.before-restore-20260601T080000Z"));
    assert_eq!(kept(&aside), before);
    let now = kept(&folder);
    assert_eq!(now["profiles/Car.toml"], b"name = \"Car\"\n");
    assert!(!now.contains_key("profiles/New.toml"));
    assert_eq!(now["recordings/run.log"], before["recordings/run.log"]);
    assert_eq!(now["tls/key.pem"], before["tls/key.pem"]);
    // Once more: the name is taken.
    let again = restore(&file, None, &folder, clock()).unwrap().aside.unwrap();
    assert_eq!(again, place.path().join("data.before-restore-20260601T080000Z-2"));
}

#[test]
fn recordings_that_were_elsewhere_are_told_where_they_are_now() {
    let (place, folder) = furnished();
    let elsewhere = place.path().join("big disk");
    put(&elsewhere, "far.log", b"(0.0) can0 2#00\n");
    let records = RecordSettings { recordings: Some(elsewhere), ..RecordSettings::default() };
    let (store, _) = Store::open(&folder, Opener::Command, clock(), Box::new(|_| {})).unwrap();
    let saved = records.clone();
    store.write(move |writing| settings::save(writing, "records", &saved)).unwrap();
    drop(store);
    for (with, told) in [(Recordings::Take, 1), (Recordings::Leave, 0)] {
        let file = place.path().join(format!("{told}.backup"));
        Source::new(&folder, &records, with, AT).cheap().write(&file, None).unwrap();
        let there = place.path().join(format!("there{told}"));
        let remarks = restore(&file, None, &there, clock()).unwrap().remarks;
        let said = remarks.iter().filter(|remark| remark.contains("big disk by the settings"));
        assert_eq!(said.count(), told, "{remarks:?}");
        assert_eq!(there.join("recordings/far.log").exists(), told == 1);
    }
}

#[test]
fn databases_of_every_earlier_schema_restore_and_are_brought_up_to_date() {
    for schema in 1..=usize::try_from(copy::newest_schema()).unwrap() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        fs::create_dir(&folder).unwrap();
        copy::old_folder(&folder, schema);
        for passphrase in [None, Some(word())] {
            let name = format!("{}", passphrase.is_some());
            let file = place.path().join(format!("{name}.backup"));
            source(&folder, Recordings::Leave).write(&file, passphrase.as_ref()).unwrap();
            let there = place.path().join(name);
            let seen = preview(&file, passphrase.as_ref(), &there).unwrap();
            assert_eq!(seen.about.schema, i64::try_from(schema).unwrap());
            restore(&file, passphrase.as_ref(), &there, clock()).unwrap();
            let (name, secrets, now) = copy::seen(&there);
            assert_eq!((&*name, now), ("{\"name\":\"Rig\"}", copy::newest_schema()));
            let some = passphrase.is_some() && schema < 4;
            assert_eq!(secrets > 0, some, "schema {schema}");
        }
    }
}

#[test]
fn a_backup_of_a_newer_busbar_is_refused_and_nothing_is_touched() {
    let (place, folder) = furnished();
    copy::pretend(&folder, copy::newest_schema() + 1);
    let file = place.path().join("all.backup");
    let why = source(&folder, Recordings::Leave).write(&file, None).unwrap_err().to_string();
    assert!(why.contains("newer Busbar") && !file.exists(), "{why}");
    // One that says that it is older than it is.
    let database = fs::read(folder.join("busbar.db")).unwrap();
    let entries = [("about.json", ABOUT.as_bytes()), ("busbar.db", database.as_slice())];
    let why = refusal(&made_by_hand(&entries, None));
    assert!(why.contains("newer Busbar") && why.contains("update Busbar"), "{why}");
}

#[test]
fn a_folder_on_which_busbar_runs_is_left_alone() {
    let (place, folder) = furnished();
    let file = place.path().join("all.backup");
    source(&folder, Recordings::Leave).write(&file, None).unwrap();
    let before = kept(&folder);
    let held = crate::engine::store::hold(&folder, "the window", AT).unwrap();
    let why = restore(&file, None, &folder, clock()).unwrap_err().to_string();
    assert!(why.contains("already runs"), "{why}");
    drop(held);
    assert_eq!(kept(&folder), before);
    let beside: Vec<_> = fs::read_dir(place.path()).unwrap().flatten().collect();
    assert_eq!(beside.len(), 2, "{beside:?}");
}

#[test]
fn a_file_that_is_there_is_not_replaced_and_half_a_backup_does_not_stay() {
    let (place, folder) = furnished();
    let file = place.path().join("mine.txt");
    fs::write(&file, "mine").unwrap();
    source(&folder, Recordings::Leave).write(&file, None).unwrap_err();
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let short = Secret::new("short".into());
    let file = place.path().join("all.backup");
    source(&folder, Recordings::Leave).write(&file, Some(&short)).unwrap_err();
    fs::remove_file(folder.join("busbar.db")).unwrap();
    source(&folder, Recordings::Leave).write(&file, None).unwrap_err();
    assert!(!file.exists());
}

/// A stream of entries as somebody might make it.
fn made_by_hand(entries: &[(&str, &[u8])], list: Option<&str>) -> Vec<u8> {
    let mut out = zstd::Encoder::new(Vec::new(), 1).unwrap();
    out.write_all(b"busbar\0\x01").unwrap();
    let list = list.map(str::to_owned).unwrap_or_else(|| {
        let listed = entries.iter().map(|(name, says)| Listed {
            name: (*name).to_owned(),
            bytes: says.len() as u64,
            sha256: data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(says)),
        });
        serde_json::to_string(&listed.collect::<Vec<_>>()).unwrap()
    });
    let last = [("list.json", list.as_bytes())];
    for (name, says) in entries.iter().chain(&last) {
        out.write_all(&u16::try_from(name.len()).unwrap().to_be_bytes()).unwrap();
        out.write_all(name.as_bytes()).unwrap();
        out.write_all(&(says.len() as u64).to_be_bytes()).unwrap();
        out.write_all(says).unwrap();
    }
    out.write_all(&[0, 0]).unwrap();
    out.finish().unwrap()
}

const ABOUT: &str = r#"{"form":1,"busbar":"x","made":"x","schema":1,"recordings":true,"secrets":false,"recordings_in":"recordings"}"#;

fn refusal(bytes: &[u8]) -> String {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hostile");
    fs::write(&file, bytes).unwrap();
    let there = place.path().join("there");
    let why = restore(&file, None, &there, clock()).unwrap_err().to_string();
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    why
}

#[test]
fn hostile_backups_are_refused_and_leave_nothing() {
    let about = ("about.json", ABOUT.as_bytes());
    let says = |entries: &[(&str, &[u8])], word: &str| {
        let why = refusal(&made_by_hand(entries, None));
        assert!(why.contains(word), "{why}, not {word}");
    };
    says(&[about, ("../evil", b"x")], "nothing that a backup holds");
    says(&[about, ("profiles/../../x.dbc", b"x")], "nothing that a backup holds");
    says(&[about, ("/etc/cron.d/x", b"x")], "nothing that a backup holds");
    says(&[about, ("recordings/../../x", b"x")], "nothing that a backup holds");
    says(&[("busbar.db", b"x"), about], "not where a backup has it");
    says(&[about, about], "not where a backup has it");
    says(&[about, ("settings.toml", b""), ("settings.toml", b"")], "twice");
    says(&[about, ("dbc/a.dbc", b""), ("dbc/A.dbc", b"")], "in case alone");
    says(&[about, ("settings.toml", &vec![b' '; 2 << 20])], "it can have");
    says(&[about], "no database");
    says(&[about, ("busbar.db", b"no database at all")], "cannot be opened");
    let newer = ABOUT.replace("\"schema\":1", "\"schema\":999");
    says(&[("about.json", newer.as_bytes())], "newer Busbar");
    let climbs = ABOUT.replace("\"recordings_in\":\"recordings\"", "\"recordings_in\":\"../x\"");
    says(&[("about.json", climbs.as_bytes()), ("busbar.db", b"x")], "where none belong");
    let tls = ABOUT.replace("\"recordings_in\":\"recordings\"", "\"recordings_in\":\"tls\"");
    says(&[("about.json", tls.as_bytes()), ("busbar.db", b"x")], "where none belong");
    let other = made_by_hand(&[about, ("busbar.db", b"x")], Some("[]"));
    assert!(refusal(&other).contains("not what its list says"));
    let good = made_by_hand(&[about, ("busbar.db", b"x")], None);
    assert!(refusal(&[good.as_slice(), b"more"].concat()).contains("no backup"));
    for length in [0, 3, 10, good.len() / 2, good.len() - 1] {
        assert!(refusal(good.get(..length).unwrap()).contains("no backup"), "{length}");
    }
    assert!(refusal(b"PK\x03\x04 a ZIP").contains("no backup"));
    // What swells without end ends at what its entry may have.
    let bomb = zstd::encode_all(std::io::repeat(0).take(1 << 30), 1).unwrap();
    assert!(refusal(&bomb).contains("no backup"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_in_a_folder_comes_back(
        profiles in prop::collection::btree_map("[A-Za-z][A-Za-z0-9 ]{0,12}[a-z]", prop::collection::vec(any::<u8>(), 0..3000), 0..4),
        recordings in prop::collection::btree_map("[a-z][a-zA-Z0-9 ._-]{0,40}[a-z]", prop::collection::vec(any::<u8>(), 0..200_000), 0..3),
        sealed in any::<bool>(),
    ) {
        let (place, folder) = furnished();
        // Names that differ in case alone are one name on some disks.
        let mut seen = std::collections::BTreeSet::new();
        for (name, says) in &profiles {
            if seen.insert(name.to_lowercase()) && name != "Car" {
                put(&folder, &format!("profiles/{name}.toml"), says);
            }
        }
        for (name, says) in &recordings {
            if seen.insert(name.to_lowercase()) && !name.ends_with(".part") {
                put(&folder, &format!("recordings/{name}"), says);
            }
        }
        let (file, there) = (place.path().join("all.backup"), place.path().join("there"));
        let word = sealed.then(word);
        source(&folder, Recordings::Take).write(&file, word.as_ref()).unwrap();
        restore(&file, word.as_ref(), &there, clock()).unwrap();
        let mut expected = kept(&folder);
        if !sealed {
            expected.retain(|name, _| name != "secrets.key" && !name.starts_with("tls"));
        }
        prop_assert_eq!(kept(&there), expected);
    }

    #[test]
    fn no_bytes_make_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..4000), sealed in any::<bool>()) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("odd");
        let packed = zstd::encode_all(&[b"busbar\0\x01", bytes.as_slice()].concat()[..], 1).unwrap();
        let all = if sealed {
            let mut sealer = Sealer::new(Vec::new(), &word(), KeyCost::CHEAP).unwrap();
            sealer.write_all(&packed).unwrap();
            sealer.finish().unwrap()
        } else {
            packed
        };
        fs::write(&file, all).unwrap();
        prop_assert!(stream::read(&file, Some(&word()), &mut |_, _, _| Ok(())).is_err());
    }
}
