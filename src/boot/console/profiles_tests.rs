//! The Profiles page's asks on a real engine in a folder of its own.

use super::tests::{Desk, desk_in};
use crate::desktop::ask::{Ask, Brought, ProfileAsk};
use crate::view::profiles::{Beginning, ProfileView, ProfilesLook, ProfilesSeen, Shown};

impl Desk {
    fn profiles(&mut self, ask: ProfileAsk) -> Result<String, String> {
        match self.ask(Ask::Profiles(ask))? {
            Brought::Done(words) => Ok(words),
            other => panic!("{other:?}"),
        }
    }

    fn look(&mut self, look: ProfilesLook) -> ProfilesSeen {
        match self.ask(Ask::Profiles(ProfileAsk::Look(look))).unwrap() {
            Brought::Profiles(seen) => *seen,
            other => panic!("{other:?}"),
        }
    }

    fn one(&mut self, name: &str) -> ProfileView {
        *self.look(ProfilesLook::One(name.into(), None)).one.unwrap().unwrap()
    }

    fn add_profile(&mut self, name: &str, begins: Beginning) -> Result<String, String> {
        self.profiles(ProfileAsk::Add { name: name.into(), begins })
    }

    fn describe(&mut self, name: &str, revision: &str, text: &str) -> Result<String, String> {
        self.profiles(ProfileAsk::Save {
            profile: name.into(),
            revision: revision.into(),
            name: name.into(),
            description: text.into(),
        })
    }
}

fn desk() -> Desk {
    desk_in(tempfile::tempdir().unwrap())
}

#[test]
fn a_profile_is_added_copied_described_and_called_otherwise() {
    let mut desk = desk();
    desk.add_profile("Bench", Beginning::Interface("can7".into())).unwrap();
    desk.add_profile("Bench", Beginning::Empty).unwrap_err();
    desk.add_profile("a/b", Beginning::Empty).unwrap_err();
    let revision = desk.one("Bench").row.revision;
    desk.describe("Bench", &revision, "For trying things").unwrap();
    desk.add_profile("Second", Beginning::Copy("Bench".into())).unwrap();
    let scene = desk
        .look(ProfilesLook::All)
        .all
        .scenes
        .into_iter()
        .find(|scene| scene.name == "demo")
        .unwrap();
    desk.add_profile("Simulated", Beginning::Scene(scene)).unwrap();
    let seen = desk.look(ProfilesLook::All);
    let rows: Vec<(&str, &str)> =
        seen.all.rows.iter().map(|row| (row.name.as_str(), row.description.as_str())).collect();
    assert_eq!(
        rows,
        [("Bench", "For trying things"), ("Second", "For trying things"), ("Simulated", "")]
    );
    assert!(seen.all.rows[0].by.contains("desktop"), "{}", seen.all.rows[0].by);
    let one = desk.one("Second");
    let ask = ProfileAsk::Save {
        profile: "Second".into(),
        revision: one.row.revision,
        name: "Third".into(),
        description: one.row.description,
    };
    desk.profiles(ask).unwrap();
    let gone = desk.look(ProfilesLook::One("Second".into(), None)).one.unwrap();
    assert!(gone.unwrap_err().contains("no profile Second"));
    assert_eq!(desk.one("Third").versions.len(), 2, "its versions went with it");
}

#[test]
fn whoever_edits_an_older_text_is_told_and_nothing_is_overwritten() {
    let mut desk = desk();
    desk.add_profile("Bench", Beginning::Empty).unwrap();
    let seen = desk.one("Bench").row.revision;
    desk.describe("Bench", &seen, "mine").unwrap();
    let told = desk.describe("Bench", &seen, "yours").unwrap_err();
    assert!(told.contains("changed by somebody else meanwhile"), "{told}");
    assert_eq!(desk.one("Bench").row.description, "mine");
}

#[test]
fn a_change_is_shown_as_lines_and_undone_and_gone_back_to() {
    let mut desk = desk();
    desk.add_profile("Bench", Beginning::Empty).unwrap();
    for text in ["one", "two"] {
        let revision = desk.one("Bench").row.revision;
        desk.describe("Bench", &revision, text).unwrap();
    }
    let view = desk.one("Bench");
    let newest = view.versions[0].id;
    let looked = desk.look(ProfilesLook::One("Bench".into(), Some(newest)));
    let Shown::Change { lines, .. } = looked.one.unwrap().unwrap().shown else { panic!("a text") };
    let of = |sign: &str| -> Vec<&str> {
        lines.iter().filter(|line| line.sign == sign).map(|line| line.text.as_str()).collect()
    };
    assert_eq!((of("-"), of("+")), (vec!["description = \"one\""], vec!["description = \"two\""]));
    let back = |view: &ProfileView, version| ProfileAsk::Restore {
        profile: "Bench".into(),
        revision: view.row.revision.clone(),
        version,
    };
    desk.profiles(back(&view, view.undo_to.unwrap())).unwrap();
    let undone = desk.one("Bench");
    assert_eq!(undone.row.description, "one");
    assert_eq!(undone.versions.len(), 4, "going back is a version, too");
    let first = undone.versions.last().unwrap().id;
    desk.profiles(back(&undone, first)).unwrap();
    assert_eq!(desk.one("Bench").row.description, "");
}

#[test]
fn a_profile_runs_without_a_restart_and_stays_while_it_does() {
    let mut desk = desk();
    desk.add_profile("Bench", Beginning::Empty).unwrap();
    desk.add_profile("Other", Beginning::Empty).unwrap();
    desk.profiles(ProfileAsk::Run("Bench".into())).unwrap();
    let row = desk.one("Bench").row;
    assert_eq!(row.state, "runs");
    assert!(!row.activate.is_open() && !row.delete.offer.is_open());
    let delete = |row: &crate::view::profiles::ProfileRow| ProfileAsk::Delete {
        profile: row.name.clone(),
        revision: row.revision.clone(),
    };
    let told = desk.profiles(delete(&row)).unwrap_err();
    assert!(told.contains("let another one run first"), "{told}");
    let file = desk.folder.path().join("profiles/Other.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[[bus]]\nname = 7\n")).unwrap();
    let broken = desk.look(ProfilesLook::All).all.rows[1].clone();
    assert_eq!((broken.name.as_str(), broken.state), ("Other", "refused"));
    let why = broken.refused.as_deref().unwrap();
    assert!(why.contains("Other.toml:"), "{why}");
    assert_eq!(broken.by, "somebody outside of Busbar");
    desk.profiles(ProfileAsk::Run("Other".into())).unwrap_err();
    desk.profiles(delete(&broken)).unwrap();
    assert_eq!(desk.look(ProfilesLook::All).all.rows.len(), 1);
}
