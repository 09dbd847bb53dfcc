//! Profile packs through the asks of the window, on real engines: saved on one machine, brought on another.

use std::path::Path;

use super::tests::{Desk, desk_in};
use crate::desktop::ask::{Ask, Brought, Existing, ProfileAsk, SaveTo};
use crate::engine::PackCarry;
use crate::view::exchange::PackView;
use crate::view::profiles::{Beginning, ProfilesLook};

impl Desk {
    fn pack(&mut self, ask: ProfileAsk) -> Result<Brought, String> {
        self.ask(Ask::Profiles(ask))
    }

    fn bring(&mut self, path: &Path, name: &str) -> Result<PackView, String> {
        let (path, name) = (path.to_owned(), name.to_owned());
        match self.pack(ProfileAsk::Bring { path, name, carry: PackCarry::Take })? {
            Brought::Pack(found) => Ok(found.view),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_profile_goes_to_another_machine_and_is_taken_as_it_was_seen() {
    let mut here = desk_in(tempfile::tempdir().unwrap());
    let begins = Beginning::Interface("can7".into());
    here.pack(ProfileAsk::Add { name: "Bench".into(), begins }).unwrap();
    let path = here.folder.path().join("bench.zip");
    let to = SaveTo { path: path.clone(), existing: Existing::Keep };
    let export = ProfileAsk::Export { profile: "Bench".into(), recordings: Vec::new(), to };
    here.pack(export.clone()).unwrap();
    let again = here.pack(export).unwrap_err();
    assert!(again.contains("left alone"), "{again}");

    let mut there = desk_in(tempfile::tempdir().unwrap());
    let view = there.bring(&path, "").unwrap();
    assert_eq!((view.name.as_str(), view.summary.as_str()), ("Bench", "1 new"));
    let take = |name: &str, mark: &str| ProfileAsk::Take {
        path: path.clone(),
        name: name.into(),
        carry: PackCarry::Take,
        mark: mark.into(),
    };
    there.pack(take("", "another")).unwrap_err();
    there.pack(take("", &view.mark)).unwrap();
    assert_eq!(there.bring(&path, "").unwrap().summary, "1 same");
    let file = there.folder.path().join("profiles/Bench.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}# One's own.\n")).unwrap();
    assert!(!there.bring(&path, "").unwrap().take.is_open(), "a profile is never replaced");
    let other = there.bring(&path, "Second").unwrap();
    assert_eq!(other.name, "Second");
    there.pack(take("Second", &other.mark)).unwrap();
    let Brought::Profiles(seen) = there.pack(ProfileAsk::Look(ProfilesLook::All)).unwrap() else {
        panic!("a list")
    };
    let names: Vec<&str> = seen.all.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Bench", "Second"]);
}

#[test]
fn a_recording_that_is_chosen_goes_along_and_stands_in_the_folder_of_the_other_machine() {
    const LOG: &[u8] = b"(1780300800.000000) can0 123#0011223344556677\n";
    let mut here = desk_in(tempfile::tempdir().unwrap());
    let begins = Beginning::Interface("can7".into());
    here.pack(ProfileAsk::Add { name: "Bench".into(), begins }).unwrap();
    let recordings = here.folder.path().join("recordings");
    std::fs::create_dir_all(&recordings).unwrap();
    std::fs::write(recordings.join("drive.log"), LOG).unwrap();
    let look = ProfileAsk::Look(ProfilesLook::One("Bench".into(), None));
    let Brought::Profiles(seen) = here.pack(look).unwrap() else { panic!("a profile") };
    let offered: Vec<_> = seen.along.iter().map(|row| (row.name.as_str(), row.why_not)).collect();
    assert_eq!(offered, [("drive.log", None)]);
    let path = here.folder.path().join("bench.zip");
    let export = |recording: &str| ProfileAsk::Export {
        profile: "Bench".into(),
        recordings: vec![recording.into()],
        to: SaveTo { path: path.clone(), existing: Existing::Keep },
    };
    let refused = here.pack(export("gone.log")).unwrap_err();
    assert!(refused.contains("gone.log"), "{refused}");
    assert!(!path.exists(), "nothing is written where something lacks");
    let Brought::Done(said) = here.pack(export("drive.log")).unwrap() else { panic!("a word") };
    assert!(said.contains("recordings: 1."), "{said}");

    let mut there = desk_in(tempfile::tempdir().unwrap());
    let view = there.bring(&path, "").unwrap();
    assert_eq!(view.summary, "2 new");
    let take = ProfileAsk::Take {
        path: path.clone(),
        name: String::new(),
        carry: PackCarry::Take,
        mark: view.mark,
    };
    there.pack(take).unwrap();
    let came = std::fs::read(there.folder.path().join("recordings/drive.log")).unwrap();
    assert_eq!(came, LOG);

    let mut third = desk_in(tempfile::tempdir().unwrap());
    let (name, carry) = (String::new(), PackCarry::Leave);
    let bring = ProfileAsk::Bring { path: path.clone(), name: name.clone(), carry };
    let Brought::Pack(found) = third.pack(bring).unwrap() else { panic!("a pack") };
    assert_eq!(found.view.summary, "1 new, 1 left out");
    assert!(found.view.recordings.left);
    third.pack(ProfileAsk::Take { path, name, carry, mark: found.view.mark }).unwrap();
    assert!(!third.folder.path().join("recordings/drive.log").exists());
}

#[test]
fn what_is_no_pack_is_refused_with_its_path() {
    let mut desk = desk_in(tempfile::tempdir().unwrap());
    let path = desk.folder.path().join("a.zip");
    for (bytes, word) in [(&b"PK\x03\x04"[..], "no profile pack"), (&b""[..], "no profile pack")] {
        std::fs::write(&path, bytes).unwrap();
        let told = desk.bring(&path, "").unwrap_err();
        assert!(told.contains("a.zip") && told.contains(word), "{told}");
    }
    let folder = desk.folder.path().to_owned();
    assert!(desk.bring(&folder, "").unwrap_err().contains("no regular file"));
    assert!(desk.bring(&folder.join("none.zip"), "").unwrap_err().contains("none.zip"));
}
