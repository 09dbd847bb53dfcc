//! Backups through the asks of the window, on a real engine.

use std::fs;

use super::tests::{Desk, desk_in};
use crate::desktop::ask::{Ask, Brought, Existing, SaveTo};
use crate::engine::{BackupRecordings, Secret, is_sealed_backup, preview_backup};
use crate::view::journal::JournalPrefs;
use crate::view::system::{BackupView, LogPrefs};

const WORD: &str = "tin of beans 4";

fn seen(desk: &mut Desk) -> BackupView {
    match desk.ask(Ask::LookAtSystem(LogPrefs::default())).unwrap() {
        Brought::System(seen) => seen.backup.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_backup_is_made_into_a_file_encrypted_and_its_outcome_is_told_and_written_down() {
    let mut desk = desk_in(tempfile::tempdir().unwrap());
    let place = tempfile::tempdir().unwrap();
    let view = seen(&mut desk);
    assert!(view.holds.ends_with("before packing."), "{}", view.holds);
    assert!(view.name.starts_with("busbar-") && view.name.ends_with(".backup"), "{}", view.name);

    let path = place.path().join("mine.backup");
    let ask = |existing, passphrase: Option<&str>| Ask::MakeBackup {
        recordings: BackupRecordings::Leave,
        passphrase: passphrase.map(|word| Secret::new(word.to_owned())),
        to: SaveTo { path: path.clone(), existing },
    };
    let Brought::Done(said) = desk.ask(ask(Existing::Keep, None)).unwrap() else {
        panic!("a sentence")
    };
    assert!(said.contains("mine.backup") && said.contains("read back and found whole"), "{said}");
    assert!(said.contains("Left out: Recordings."), "{said}");
    assert!(!is_sealed_backup(&path).unwrap());
    let before = fs::read(&path).unwrap();

    // One that is there stays, unless the system's own dialog has asked.
    let refused = desk.ask(ask(Existing::Keep, Some(WORD))).unwrap_err();
    assert!(refused.contains("mine.backup"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let short = desk.ask(ask(Existing::Replace, Some("short"))).unwrap_err();
    assert!(short.contains("fewer than 10"), "{short}");
    assert_eq!(fs::read(&path).unwrap(), before);
    // What cannot be made leaves nothing under the name, nor beside it.
    let to = SaveTo { path: place.path().join("new.backup"), existing: Existing::Keep };
    let passphrase = Some(Secret::new("short".to_owned()));
    let refused = desk.ask(Ask::MakeBackup { recordings: BackupRecordings::Leave, passphrase, to });
    assert!(refused.unwrap_err().contains("fewer than 10"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    desk.ask(ask(Existing::Replace, Some(WORD))).unwrap();
    assert!(is_sealed_backup(&path).unwrap());
    let word = Secret::new(WORD.to_owned());
    preview_backup(&path, Some(&word), place.path()).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside it");

    // A link is followed and stays; what is no file is left alone.
    #[cfg(unix)]
    {
        let (link, aside) = (place.path().join("link.backup"), place.path().join("aside.backup"));
        fs::write(&aside, "older").unwrap();
        std::os::unix::fs::symlink(&aside, &link).unwrap();
        let to = |path| Ask::MakeBackup {
            recordings: BackupRecordings::Leave,
            passphrase: None,
            to: SaveTo { path, existing: Existing::Replace },
        };
        desk.ask(to(link.clone())).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link is gone");
        preview_backup(&aside, None, place.path()).unwrap();
        let refused = desk.ask(to(std::path::PathBuf::from("/dev/null"))).unwrap_err();
        assert!(refused.contains("/dev/null") && refused.contains("no regular file"), "{refused}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3, "nothing is left beside it");
    }

    let all = Ask::ReadJournal { prefs: JournalPrefs::default(), before: None };
    let Brought::Lines { view, .. } = desk.ask(all).unwrap() else { panic!("lines") };
    let lines = format!("{:?}", view.rows);
    let made = if cfg!(unix) { 7 } else { 5 };
    assert_eq!(lines.matches("backup_made").count(), made, "{lines}");
    assert!(!lines.contains(WORD));
}
