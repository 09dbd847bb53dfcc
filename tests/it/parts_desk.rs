//! Components in the window: a kind is found and its form filled in, what is wrong stands beside the
//! field while it is typed, and deleting asks first and names what goes with it.

use busbar::desktop::ask::Ask;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use busbar::view::components::{DraftOf, Switch};
use busbar::view::custom::OwnAsk;
use egui::accesskit::Role;
use egui::{FontSelection, Key, TextStyle, Vec2};
use egui_kittest::kittest::Queryable;

use crate::desktop::{LARGE, SMALLEST, Window, in_sight, open, overlaps};

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

/// Opens the form of a new battery management system.
fn battery(size: Vec2) -> Window {
    let mut window = parts(size);
    window.click("Add component\u{2026}");
    window.type_into("Search kinds", "d1000");
    window.click("Add Prohelion D1000 Gen 1");
    window
}

#[test]
fn the_labels_of_a_form_are_whole() {
    for size in [SMALLEST, LARGE] {
        let window = battery(size);
        for label in [
            "Lowest cell voltage (mV)",
            "Highest cell voltage (mV)",
            "Lowest cell temperature (\u{b0}C)",
            "Highest cell temperature (\u{b0}C)",
            "Highest current (A)",
        ] {
            let style = window.harness.ctx.global_style();
            let font = FontSelection::Style(TextStyle::Body).resolve(&style);
            let needed = window.harness.ctx.fonts_mut(|fonts| {
                fonts.layout_no_wrap(label.to_owned(), font, egui::Color32::WHITE).size().x
            });
            let has = window.harness.get_by_role_and_label(Role::Label, label).rect().width();
            assert!(has >= needed - 1.0, "{label} at {size:?}: {has} of {needed}");
        }
    }
}

/// Whether something with these words stands between the top bar and the bottom line of the smallest
/// window.
fn sees(window: &Window, part: &str) -> bool {
    let page = egui::Rect::from_x_y_ranges(0.0..=SMALLEST.x, 46.0..=SMALLEST.y - 26.0);
    let found = window.harness.query_all_by_label_contains(part);
    found.filter_map(|node| in_sight(&node)).any(|rect| page.contains_rect(rect))
}

/// Scrolls to what is pressed, as a person does.
fn click_below(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).scroll_to_me();
    for _ in 0..4 {
        window.harness.run();
    }
    window.click(label);
}

#[test]
fn a_refusal_stands_beside_the_button_that_was_pressed() {
    let mut window = battery(SMALLEST);
    window.type_into("Name", " 2");
    assert!(!sees(&window, "Highest current"), "the end of the form is out of sight");
    window.world.borrow_mut().refusal = Some("There is no room on the disk.".into());
    click_below(&mut window, "Add component");
    for _ in 0..4 {
        window.harness.run();
    }
    assert!(!sees(&window, "Base address"), "its beginning is out of sight now");
    assert!(sees(&window, "There is no room on the disk."), "{:?}", window.names());
    assert!(sees(&window, "Add component"), "the button went out of sight");
    window.world.borrow_mut().refusal = None;
    window.world.borrow_mut().rewrite(|profile| profile.description = Some("x".into()));
    for _ in 0..4 {
        window.harness.run();
    }
    assert!(sees(&window, "Go on with what I typed"), "the buttons went out of sight");
    window.click("Go on with what I typed");
    assert!(!window.shows("There is no room on the disk."), "{:?}", window.names());
    click_below(&mut window, "Add component");
    window.harness.run();
    assert!(sees(&window, "Done.") && sees(&window, "Discover"), "the list stands at its top");
}

#[test]
fn what_was_typed_goes_on_when_somebody_else_changed_the_profile() {
    let mut window = battery(LARGE);
    window.type_into("Name", " 2");
    window.world.borrow_mut().rewrite(|profile| profile.description = Some("x".into()));
    window.harness.run();
    assert!(window.shows("The profile was changed since you began to type."));
    click_below(&mut window, "Add component");
    assert_eq!(asked(&window), [], "on a version that nobody looked at");
    click_below(&mut window, "Go on with what I typed");
    assert!(!window.shows("since you began to type"), "{:?}", window.names());
    click_below(&mut window, "Add component");
    let all = asked(&window);
    let [Ask::PutComponent { typed, revision, .. }] = all.as_slice() else {
        assert_eq!(all, [], "it is not added");
        return;
    };
    assert_eq!(typed["name"], "Prohelion D1000 Gen 1 2");
    let text = window.world.borrow().plant.get().and_then(|it| it.profile.clone()).unwrap();
    assert_eq!(*revision, text.revision().unwrap().to_string());
}

#[test]
fn what_somebody_else_changed_in_the_same_component_is_kept_unless_it_was_typed_anew() {
    let mut window = parts(LARGE);
    let kind = "prohelion-d1000-gen1";
    window.world.borrow_mut().rewrite(|profile| {
        let pack = profile.components.iter_mut().find(|one| one.kind == kind).unwrap();
        (pack.strings, pack.late) = (1, None);
    });
    window.harness.run();
    let name = window.world.borrow().plant.get().and_then(|plant| plant.profile.clone()).unwrap();
    let pack = name.said.components.iter().find(|one| one.kind == kind).unwrap().name.to_string();
    window.click(&format!("Edit {pack}"));
    window.type_into("Late after", "400");
    window.world.borrow_mut().rewrite(|profile| {
        let pack = profile.components.iter_mut().find(|one| one.kind == kind).unwrap();
        pack.strings = 3;
        pack.late = Some(std::time::Duration::from_millis(200));
    });
    window.harness.run();
    assert!(window.shows("Late after is 200 ms there now"), "{:?}", window.names());
    click_below(&mut window, "Go on with what I typed");
    click_below(&mut window, "Save");
    let all = asked(&window);
    let [Ask::PutComponent { of: DraftOf::Known(of), typed, .. }] = all.as_slice() else {
        assert_eq!(all, [], "it is not saved");
        return;
    };
    let text = |field: &str| typed[field].as_str();
    assert_eq!((of, text("strings"), text("late_ms")), (&pack, "3", "400"));
}
