//! Components in the window: a kind is found and its form filled in, what is wrong stands beside the
//! field while it is typed, and deleting asks first and names what goes with it.

use busbar::desktop::ask::Ask;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use busbar::view::components::{DraftOf, Switch};
use busbar::view::custom::OwnAsk;
use egui::Key;

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

fn parts(size: egui::Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.ctrl(Key::Num4);
    window
}

fn asked(window: &Window) -> Vec<Ask> {
    let admin = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Admin(ask) => Some(ask),
        _ => None,
    });
    admin.collect()
}

#[test]
fn a_kind_is_found_and_what_is_typed_is_checked_and_asked_for() {
    let mut window = parts(LARGE);
    window.click("Add component\u{2026}");
    window.type_into("Search kinds", "pedals key");
    assert!(window.shows("EV driver controls") && !window.shows("Elcon"), "{:?}", window.names());
    window.click("Add EV driver controls");
    window.type_into("Name", " 2");
    window.type_into("Base address", "1");
    assert!(window.shows("it must be a whole number from 0x000"), "{:?}", window.names());
    window.press(Key::Backspace);
    assert!(!window.shows("it must be"), "{:?}", window.names());
    window.click("Add component");
    let all = asked(&window);
    let Some(Ask::PutComponent { of, typed, revision }) = all.first() else {
        assert_eq!(all, [], "nothing was added");
        return;
    };
    assert_eq!(*of, DraftOf::New("ev-driver-controls".to_owned()));
    assert_eq!((typed["name"].as_str(), typed["base"].as_str()), ("EV driver controls 2", "0x520"));
    assert!(!revision.is_empty());
}

#[test]
fn deleting_a_component_asks_first_and_names_what_goes_with_it() {
    let mut window = parts(LARGE);
    let name = window.names().into_iter().find_map(|name| {
        name.strip_prefix("Delete ").map(str::to_owned).filter(|name| name != "\u{2026}")
    });
    let name = name.expect("a component that can be deleted");
    window.click(&format!("Delete {name}"));
    assert_eq!(asked(&window), []);
    assert!(window.shows("is taken out of the profile"), "{:?}", window.names());
    window.click("Keep it");
    assert_eq!(asked(&window), []);
    window.click(&format!("Disable {name}"));
    let first = asked(&window).into_iter().next();
    assert!(
        matches!(&first, Some(Ask::SwitchComponent { name: own, to: Switch::Disable, .. }) if *own == name)
    );
}

#[test]
fn a_component_of_ones_own_is_made_out_of_a_dbc_and_its_signals_are_said() {
    let mut window = parts(LARGE);
    window.click("Components of one's own");
    assert!(window.shows("There is none yet."), "{:?}", window.names());
    window.click("Make a component");
    assert_eq!(asked(&window), [], "no file was chosen");
    window.type_into("DBC file", "/tmp/Roof pack.dbc");
    window.type_into("Folder", "roof-pack");
    window.click("Make a component");
    let all = asked(&window);
    let Some(Ask::Own(OwnAsk::Make { file, id, title })) = all.last() else {
        assert_eq!(all, [], "nothing was made");
        return;
    };
    assert_eq!(
        (file.to_str(), id.as_str(), title.as_str()),
        (Some("/tmp/Roof pack.dbc"), "roof-pack", "")
    );
    assert!(window.shows("It is kept."), "{:?}", window.names());
    window.type_into("What Main.Volts is", " 2");
    assert!(window.shows("is nothing that a signal can be"), "{:?}", window.names());
    window.press(Key::Backspace);
    window.press(Key::Backspace);
    assert!(!window.shows("is nothing that a signal can be"), "{:?}", window.names());
    window.click("Take Cells");
    window.click("Save");
    let all = asked(&window);
    let Some(Ask::Own(OwnAsk::Save { id, mark, typed })) = all.last() else {
        assert_eq!(all, [], "nothing was saved");
        return;
    };
    assert!(id == "roof-pack" && !mark.is_empty());
    let volts = ("Main".to_owned(), "Volts".to_owned());
    assert_eq!(typed.roles.get(&volts).map(String::as_str), Some("reading"));
    assert!(typed.messages["Main"].taken && !typed.messages["Cells"].taken);
    window.click("Remove\u{2026}");
    assert!(window.shows("Its folder is removed"), "{:?}", window.names());
    window.click("Keep it");
    assert!(matches!(asked(&window).last(), Some(Ask::Own(OwnAsk::Save { .. }))), "it was removed");
}

#[test]
fn list_kinds_and_form_stand_without_overlaps_in_windows_of_every_size() {
    for size in [SMALLEST, LARGE, egui::Vec2::new(3_840.0, 2_160.0)] {
        let mut window = parts(size);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "list at {size:?}");
        window.click("Components of one's own");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "own at {size:?}");
        window.type_into("DBC file", "/tmp/roof.dbc");
        window.type_into("Folder", "roof-pack");
        window.click("Make a component");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "one of them at {size:?}");
        window.click("All parts");
        window.click("Add component\u{2026}");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "kinds at {size:?}");
        window.type_into("Search kinds", "pedals");
        window.click("Add EV driver controls");
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "form at {size:?}");
    }
}
