//! The System page of the window while what was asked of it takes its time.

use busbar::desktop::ask::Ask;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::desktop::{LARGE, Window, open};

const PATH: &str = "Path of the backup";

fn system() -> Window {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.click("Admin");
    window.harness.get_by_role_and_label(Role::Tab, "System").click();
    window.harness.run();
    window.harness.run();
    window
}

fn press(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).scroll_to_me();
    window.harness.run();
    window.click(label);
}

fn count(window: &Window, wanted: impl Fn(&Ask) -> bool) -> usize {
    let all = window.asked();
    all.iter().filter(|intent| matches!(intent, Intent::Admin(ask) if wanted(ask))).count()
}

fn looks(window: &Window) -> usize {
    count(window, |ask| matches!(ask, Ask::LookAtSystem(_)))
}

fn is_slow(window: &mut Window, is_slow: bool) {
    window.world.borrow_mut().is_slow = is_slow;
    window.world.borrow_mut().version += 1;
    window.harness.run();
    window.harness.run();
}

#[test]
fn a_backup_that_is_being_made_stays_so_whatever_else_is_asked_for_meanwhile() {
    let mut window = system();
    is_slow(&mut window, true);
    press(&mut window, "Make the backup");
    assert!(window.shows("It is being made"), "{:?}", window.names());
    window.type_into("What to report", "It hums.");
    press(&mut window, "Write the report");
    assert_eq!(count(&window, |ask| matches!(ask, Ask::WriteFeedback(_))), 1);
    assert!(window.shows("It is being made"), "{:?}", window.names());
    let button = window.harness.get_by_label("Make the backup");
    let button = button.accesskit_node();
    assert!(button.is_disabled());
    assert_eq!(button.data().description(), Some("A backup is being made."));
    is_slow(&mut window, false);
    assert!(!window.shows("It is being made"), "{:?}", window.names());
    assert_eq!(count(&window, |ask| matches!(ask, Ask::MakeBackup { .. })), 1);
}

#[test]
fn a_window_that_makes_a_backup_asks_before_it_closes() {
    let mut window = system();
    let question = "Closing Busbar breaks the backup off";
    is_slow(&mut window, true);
    press(&mut window, "Make the backup");
    window.ctrl(Key::Q);
    assert!(window.shows(question), "{:?}", window.names());
    window.press(Key::Enter);
    assert!(!window.shows(question), "Enter leaves it open");
    window.ctrl(Key::Num1);
    window.ctrl(Key::Q);
    assert!(window.shows(question), "from every page");
    window.click("Keep the window open");
    is_slow(&mut window, false);
    window.ctrl(Key::Q);
    assert!(!window.shows(question), "it is made");
}

#[test]
fn a_look_at_the_system_that_something_else_went_before_or_that_is_lost_is_asked_for_again() {
    let mut window = system();
    let next = |window: &mut Window, seconds: f64| {
        let now = window.harness.ctx.input(|input| input.time);
        window.harness.input_mut().time = Some(now + seconds);
        window.harness.step();
    };
    // In the frame in which a look is due, somebody goes to another page and comes back.
    for label in ["Browse for the backup", "Users"] {
        window.harness.get_by_label(label).click_accesskit();
        next(&mut window, 3.0);
    }
    window.harness.get_by_role_and_label(Role::Tab, "System").click_accesskit();
    next(&mut window, 0.1);
    let before = looks(&window);
    (0..4).for_each(|_| next(&mut window, 3.0));
    assert!(looks(&window) > before, "it is not looked at any more");
    // One that nobody answers.
    window.world.borrow_mut().is_slow = true;
    (0..4).for_each(|_| next(&mut window, 3.0));
    let before = looks(&window);
    (0..4).for_each(|_| next(&mut window, 3.0));
    assert_eq!(looks(&window), before, "it waits for the answer");
    window.world.borrow_mut().answers.clear();
    window.world.borrow_mut().is_slow = false;
    (0..4).for_each(|_| next(&mut window, 30.0));
    assert!(looks(&window) > before, "it waits for ever");
}

#[test]
fn the_path_of_a_backup_is_proposed_once_and_can_be_emptied() {
    let mut window = system();
    let value = |window: &Window| {
        let field = window.harness.get_by_role_and_label(Role::TextInput, PATH);
        field.value().unwrap_or_default()
    };
    assert!(value(&window).ends_with("busbar-20261121T140008Z.backup"), "{}", value(&window));
    window.harness.get_by_role_and_label(Role::TextInput, PATH).scroll_to_me();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, PATH).click();
    window.harness.run();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.press(Key::Delete);
    window.harness.run();
    assert_eq!(value(&window), "");
    let button = window.harness.get_by_label("Make the backup");
    assert_eq!(button.accesskit_node().data().description(), Some("Type a path first."));
    window.type_into(PATH, "/backups/mine.backup");
    assert_eq!(value(&window), "/backups/mine.backup");
}
