//! Profiles in the window: the list, a new one, one that is described, run, gone back with and deleted,
//! with what differs drawn as lines.

use busbar::desktop::ask::{Ask, Existing, ProfileAsk, SaveTo};
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use busbar::engine::{PackCarry, VersionId};
use busbar::view::exchange::{AlongRow, CarryRow, PackRow, PackView};
use busbar::view::offer::Offer;
use busbar::view::profiles::Beginning;
use busbar::view::shown::Tone;
use egui::Key;

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

fn profiles(size: egui::Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.ctrl(Key::Num6);
    window
}

/// What was asked to be changed.
fn asked(window: &Window) -> Vec<ProfileAsk> {
    let all = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Admin(Ask::Profiles(ask)) => Some(ask),
        _ => None,
    });
    all.filter(|ask| !matches!(ask, ProfileAsk::Look(_))).collect()
}

#[test]
fn the_list_says_what_is_in_each_who_changed_it_and_why_one_is_refused() {
    let source = FixtureSource::running(38);
    let reason = "/data/profiles/Car.toml:4: name: a name must be a text";
    source.world.borrow_mut().profiles[0].refused = Some(reason.into());
    let mut window = open(source, LARGE);
    window.ctrl(Key::Num6);
    for part in ["2 profiles", "The bench", "1 bus, 1 component: Pack", "by ada (desktop)", reason]
    {
        assert!(window.shows(part), "{part}: {:?}", window.names());
    }
    window.click("Run Car");
    assert_eq!(asked(&window), [], "what is refused does not run");
    window.click("Run Workshop");
    assert_eq!(asked(&window), [ProfileAsk::Run("Workshop".into())]);
    assert!(window.shows("It runs."));
}

#[test]
fn a_copy_has_a_name_of_its_own_and_a_taken_one_is_told_as_it_is_typed() {
    let mut window = profiles(LARGE);
    window.click("Copy Workshop");
    assert!(window.shows("It begins: as a copy of Workshop"), "{:?}", window.names());
    window.type_into("Name", "/");
    assert!(window.shows("A profile cannot be called so"), "{:?}", window.names());
    window.press(Key::Backspace);
    assert!(!window.shows("A profile cannot be called so"));
    window.click("Add it");
    let begins = Beginning::Copy("Workshop".into());
    assert_eq!(asked(&window), [ProfileAsk::Add { name: "Workshop copy".into(), begins }]);
    assert!(window.shows("It is added.") && window.shows("What it says"), "{:?}", window.names());
}

#[test]
fn a_description_is_typed_and_saved_on_the_text_that_was_seen() {
    let mut window = profiles(LARGE);
    window.click("Open Workshop");
    assert!(window.shows("socketcan:can0"), "{:?}", window.names());
    window.click("Save");
    assert_eq!(asked(&window), [], "nothing was typed yet");
    window.type_into("Description", " in the cellar");
    window.click("Save");
    let all = asked(&window);
    let [ProfileAsk::Save { profile, revision, name, description }] = all.as_slice() else {
        assert_eq!(all, [], "it is not saved");
        return;
    };
    assert_eq!((profile.as_str(), name.as_str()), ("Workshop", "Workshop"));
    assert_eq!(description, "The bench in the cellar");
    assert!(!revision.is_empty());
    assert!(window.shows("It is saved."));
}

#[test]
fn what_somebody_else_has_changed_meanwhile_is_told_before_it_is_saved() {
    let mut window = profiles(LARGE);
    window.click("Open Workshop");
    window.type_into("Description", "!");
    {
        let mut world = window.world.borrow_mut();
        let kept = world.profiles.iter_mut().find(|one| one.name == "Workshop").unwrap();
        kept.description = "Somebody else's".into();
        kept.keep("description changed");
    }
    // Looked at again because a version was asked for.
    window.click("What version 1 changed");
    assert!(
        window.shows("changed by somebody else since you began to type"),
        "{:?}",
        window.names()
    );
    window.click("Discard what was typed");
    assert!(!window.shows("since you began to type"));
    assert!(window.names().contains(&"Somebody else's".to_owned()), "{:?}", window.names());
}

#[test]
fn what_a_version_changed_is_drawn_with_signs_and_can_be_gone_back_to() {
    let mut window = profiles(LARGE);
    window.click("Open Workshop");
    window.click("What version 2 changed");
    assert!(window.shows("- description = \"\""), "{:?}", window.names());
    assert!(window.shows("+ description = \"The bench\""), "{:?}", window.names());
    window.click("Go back to version 2");
    assert_eq!(asked(&window), [], "the present version cannot be gone back to");
    window.click("Go back to version 1");
    let all = asked(&window);
    assert!(
        matches!(all.as_slice(), [ProfileAsk::Restore { version: VersionId(1), .. }]),
        "{all:?}"
    );
}

#[test]
fn deleting_asks_first_and_enter_keeps_the_profile() {
    let mut window = profiles(SMALLEST);
    window.click("Delete Workshop");
    assert!(window.shows("Delete Workshop?"), "{:?}", window.names());
    window.press(Key::Enter);
    assert_eq!(asked(&window), []);
    window.click("Delete Workshop");
    window.click("Keep it");
    assert_eq!(asked(&window), []);
    window.click("Open Workshop");
    window.click("Delete\u{2026}");
    window.click("Delete Workshop");
    let all = asked(&window);
    assert!(
        matches!(all.as_slice(), [ProfileAsk::Delete { profile, .. }] if profile == "Workshop"),
        "{all:?}"
    );
    assert!(!window.shows("Open Workshop"));
}

#[test]
fn a_refusal_stays_with_what_was_typed() {
    let mut window = profiles(LARGE);
    window.click("Add profile");
    window.world.borrow_mut().refusal = Some("There is no room on the disk.".into());
    window.type_into("Name", " two");
    window.click("Add it");
    assert!(window.shows("There is no room on the disk."), "{:?}", window.names());
    let typed = "New profile two".to_owned();
    assert!(window.names().contains(&typed), "{:?}", window.names());
}

#[test]
fn list_form_and_profile_stand_without_overlaps_in_windows_of_every_size() {
    for size in [egui::Vec2::new(620.0, 700.0), SMALLEST, LARGE, egui::Vec2::new(3_840.0, 2_160.0)]
    {
        let mut window = profiles(size);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "list at {size:?}");
        window.click("Add profile");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "form at {size:?}");
        window.click("Cancel");
        window.click("Open Workshop");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "profile at {size:?}");
        window.click("What version 2 changed");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "difference at {size:?}");
    }
}

#[test]
fn the_name_of_a_refused_profile_is_not_covered() {
    for size in [egui::Vec2::new(620.0, 700.0), SMALLEST, LARGE] {
        let source = FixtureSource::running(38);
        source.world.borrow_mut().profiles[0].refused = Some("/data/Car.toml:4: no".into());
        let mut window = open(source, size);
        window.ctrl(Key::Num6);
        window.click("Open Car");
        assert!(window.shows("refused") && window.shows("/data/Car.toml:4: no"));
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "at {size:?}");
    }
}

fn pack() -> PackView {
    let row = |what, name: &str, state, tone, means| PackRow {
        what,
        name: name.to_owned(),
        state,
        tone,
        means,
    };
    PackView {
        name: "Boat".into(),
        summary: "1 new, 1 changed".into(),
        rows: vec![
            row("device folder", "winch", "changed", Tone::Warning, "Another one is replaced."),
            row("profile", "Boat", "new", Tone::Ok, "It is added."),
        ],
        lacks: vec!["The DBC file rudder.dbc is not in it.".into()],
        recordings: CarryRow { count: 1, ..CarryRow::default() },
        take: Offer::open("Take it"),
        mark: "f00d".into(),
    }
}

#[test]
fn a_dropped_pack_is_shown_with_what_it_changes_before_it_is_taken() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    window.world.borrow_mut().pack = pack();
    window.drop_file("/packs/boat.zip");
    for part in
        ["1 new, 1 changed", "device folder winch", "Another one is replaced.", "rudder.dbc"]
    {
        assert!(window.shows(part), "{part}: {:?}", window.names());
    }
    assert_eq!(overlaps(&window, SMALLEST), Vec::<String>::new());
    window.type_into("Name of the profile here", " 2");
    window.click("Leave its recordings out");
    window.click("Take it as Boat 2");
    let (path, name) = (std::path::PathBuf::from("/packs/boat.zip"), String::new());
    let all = asked(&window);
    let carry = PackCarry::Take;
    assert_eq!(all.first(), Some(&ProfileAsk::Bring { path: path.clone(), name, carry }));
    let (name, carry, mark) = ("Boat 2".into(), PackCarry::Leave, "f00d".into());
    let taken = ProfileAsk::Take { path, name, carry, mark };
    assert_eq!(all.last(), Some(&taken));
    assert!(window.shows("It is here."), "{:?}", window.names());
}

#[test]
fn a_pack_that_is_refused_says_why_and_leaves_nothing_behind() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().refusal = Some("This is no profile pack: it ends too early.".into());
    let mut window = open(source, LARGE);
    window.drop_file("/packs/boat.ZIP");
    assert!(window.shows("This is no profile pack"), "{:?}", window.names());
    assert!(!window.shows("Take it"));
}

#[test]
fn without_a_file_dialog_the_path_of_a_pack_is_typed() {
    let mut window = profiles(LARGE);
    window.click("Open Workshop");
    window.click("Save as a pack\u{2026}");
    window.until_it_shows("no file dialog");
    window.type_into("Path to save the profile pack to", "/tmp/w.zip");
    window.press(Key::Enter);
    let to = SaveTo { path: "/tmp/w.zip".into(), existing: Existing::Keep };
    let (profile, recordings) = ("Workshop".into(), Vec::new());
    assert_eq!(asked(&window), [ProfileAsk::Export { profile, recordings, to }]);
}

#[test]
fn recordings_that_are_ticked_go_along_in_a_pack() {
    let source = FixtureSource::running(38);
    let row = |name: &str, bytes, why_not| AlongRow {
        name: name.into(),
        size: format!("{bytes} B"),
        bytes,
        why_not,
    };
    source.world.borrow_mut().along = vec![
        row("drive.log", 3_000, None),
        row("charge.log", 64 << 20, None),
        row("now.log", 9, Some("it is being written")),
    ];
    let mut window = open(source, LARGE);
    window.ctrl(Key::Num6);
    window.click("Open Workshop");
    assert!(window.shows("0 chosen"), "{:?}", window.names());
    window.click("now.log, 9 B: it is being written");
    assert!(window.shows("0 chosen"), "what grows cannot go along");
    window.click("drive.log, 3000 B");
    assert!(window.shows("1 chosen, 3 kB; at most 16 of 67 MB together"), "{:?}", window.names());
    window.click("charge.log, 67108864 B");
    window.click("drive.log, 3000 B");
    window.click("Save as a pack\u{2026}");
    window.until_it_shows("no file dialog");
    window.type_into("Path to save the profile pack to", "/tmp/w.zip");
    window.press(Key::Enter);
    let to = SaveTo { path: "/tmp/w.zip".into(), existing: Existing::Keep };
    let (profile, recordings) = ("Workshop".into(), vec!["charge.log".into()]);
    assert_eq!(asked(&window), [ProfileAsk::Export { profile, recordings, to }]);
    assert!(window.shows("It is saved, with charge.log."));
}
