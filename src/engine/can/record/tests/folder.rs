//! The folder of recordings: how much is taken in at once, what is left when something fails, and
//! which files are seen where there are more than are listed.

use super::*;
use crate::engine::can::record::shelf::{ShelfError, Shelved};

const LINE: &[u8] = b"(1.000000) can0 123#11\n";

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut all: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

#[test]
fn so_many_are_taken_in_at_once_however_many_hold_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    // Every face and every recorder has a handle of its own.
    let _handles = vec![shelf.clone(); 20];
    let mut taken: Vec<_> =
        (0..8).map(|n| shelf.take_in(&format!("{n}.log"), 100).unwrap()).collect();
    assert!(matches!(shelf.take_in("8.log", 100), Err(ShelfError::TooMany)));
    taken.pop();
    let again = shelf.take_in("8.log", 100).unwrap();
    assert!(matches!(shelf.take_in("9.log", 100), Err(ShelfError::TooMany)));
    drop((taken, again));
    shelf.take_in("9.log", 100).unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn what_could_not_be_kept_leaves_nothing_and_what_was_kept_is_kept_without_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    let take = |name: &str| {
        let mut incoming = shelf.take_in(name, 1000).unwrap();
        incoming.add(LINE).unwrap();
        incoming.look(moment(0).wall).unwrap()
    };
    let incoming = take("a.log");
    // Somebody has cleared the folder meanwhile: it can be neither linked nor renamed.
    for name in names(folder.path()) {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert!(matches!(shelf.keep(incoming), Err(ShelfError::Disk(_))));
    assert!(names(folder.path()).is_empty(), "no empty file holds its name");
    // Its label cannot be written.
    std::fs::create_dir(folder.path().join("b.log.json")).unwrap();
    shelf.keep(take("b.log")).unwrap();
    assert_eq!(shelf.find("b.log").unwrap().bytes, LINE.len() as u64);
    assert_eq!(names(folder.path()), ["b.log", "b.log.json"]);
}

#[test]
fn what_a_killed_program_left_is_swept_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for name in
        [".upload-77-0.part", ".a.log.json.part", "a.log", "a.log.json", ".upload", "x.part"]
    {
        std::fs::write(folder.path().join(name), LINE).unwrap();
    }
    std::fs::create_dir(folder.path().join(".upload-dir.part")).unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    shelf.sweep();
    let left = [".upload", ".upload-dir.part", "a.log", "a.log.json", "x.part"];
    assert_eq!(names(folder.path()), left);
    Shelf::new(folder.path().join("nowhere")).sweep();
}

#[test]
fn the_newest_are_listed_whatever_order_the_folder_is_in() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    for n in 0..60_u64 {
        let path = folder.path().join(format!("{:02}.log", n * 37 % 60));
        std::fs::write(&path, LINE).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        let at = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + n);
        file.set_modified(at).unwrap();
    }
    let name = |one: Shelved| one.name;
    for most in [1, 7, 59, 60, 100] {
        let found: Vec<String> = shelf.newest(most).unwrap().into_iter().map(name).collect();
        let newest = (0..60_u64).rev().map(|n| format!("{:02}.log", n * 37 % 60));
        assert_eq!(found, newest.take(most).collect::<Vec<_>>(), "{most}");
    }
}

#[cfg(unix)]
#[test]
fn what_the_system_will_not_look_for_is_not_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    // A name in letters, and longer in bytes than a file system takes.
    let name = "\u{e4}".repeat(160);
    assert!(matches!(shelf.find(&name), Err(ShelfError::Disk(_))));
    assert!(matches!(shelf.take_in(&name, 100), Err(ShelfError::Disk(_))));
    assert!(matches!(shelf.find("a.log"), Err(ShelfError::Missing(_))));
}
