//! The Charge page in the window: what asks, what never asks, and that F12 stops from everywhere.

use busbar::desktop::ask::{Ask, ChargeAsk};
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::pages::charge::VALUE;
use busbar::desktop::source::Intent;
use busbar::view::charge::SafetyText;
use busbar::view::fixtures::Stage;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

fn at(stage: Stage) -> Window {
    let source = FixtureSource::running(38);
    {
        let mut world = source.world.borrow_mut();
        (world.charge, world.safety) = (Some(stage), SafetyText::Read);
    }
    let mut window = open(source, LARGE);
    window.ctrl(Key::Num2);
    window
}

fn asked(window: &Window) -> Vec<ChargeAsk> {
    let world = window.world.borrow();
    let charging = world.asked.iter().filter_map(|intent| match intent {
        Intent::Charge(ask) => Some(ask.clone()),
        _ => None,
    });
    charging.collect()
}

fn stops(window: &Window) -> usize {
    asked(window).iter().filter(|ask| **ask == ChargeAsk::Stop).count()
}

/// Types into a set point; its label has the same words.
fn type_into(window: &mut Window, label: &str, text: &str) {
    let field = |window: &Window| {
        window.harness.get_by_role_and_label(Role::TextInput, label).click();
    };
    field(window);
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    window.harness.run();
}

#[test]
fn a_start_says_what_will_happen_and_is_not_on_enter() {
    let mut window = at(Stage::Idle);
    window.click("Start charge\u{2026}");
    assert!(window.shows("Closes the contactors of"));
    window.press(Key::Enter);
    assert!(!window.shows("Closes the contactors of"), "Enter leaves it");
    window.click("Start charge\u{2026}");
    window.press(Key::Escape);
    assert_eq!(asked(&window), []);
    window.click("Start charge\u{2026}");
    window.click("Start charge");
    match asked(&window).as_slice() {
        [ChargeAsk::Start(prefs)] => {
            assert_eq!(prefs.typed.get("current_a").map(String::as_str), Some("17.5"));
            assert_eq!(prefs.typed.get("cell_mv").map(String::as_str), Some("4.150"));
            assert!(prefs.pack.is_some() && prefs.charger.is_some());
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn closing_contactors_asks_too() {
    let mut window = at(Stage::Idle);
    window.click("Close contactors\u{2026}");
    assert!(window.shows("its full voltage stands on the wires"));
    window.press(Key::Enter);
    assert_eq!(asked(&window), []);
    window.click("Close contactors\u{2026}");
    window.click("Close contactors");
    assert!(matches!(asked(&window).as_slice(), [ChargeAsk::Engage(_)]));
}

#[test]
fn stop_never_asks_and_is_on_every_page() {
    let mut window = at(Stage::Charging);
    window.click("Stop");
    assert_eq!(stops(&window), 1);
    for key in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::O, Key::Num9] {
        window.world.borrow_mut().charge = Some(Stage::Charging);
        window.world.borrow_mut().version += 1;
        window.ctrl(key);
        let before = stops(&window);
        window.click("Stop charge");
        assert_eq!(stops(&window), before + 1, "{key:?}");
    }
}

#[test]
fn f12_stops_from_every_page_while_typing_and_out_of_every_box() {
    let mut window = at(Stage::Idle);
    for (count, key) in [Key::Num1, Key::Num2, Key::Num3, Key::O].into_iter().enumerate() {
        window.ctrl(key);
        window.press(Key::F12);
        assert_eq!(stops(&window), count + 1, "{key:?}");
    }
    window.ctrl(Key::Num2);
    type_into(&mut window, "Max current", "1");
    window.press(Key::F12);
    assert_eq!(stops(&window), 5, "while typing");
    window.world.borrow_mut().charge = Some(Stage::Idle);
    window.world.borrow_mut().version += 1;
    window.ctrl(Key::K);
    window.press(Key::F12);
    assert_eq!(stops(&window), 6, "out of the palette");
    window.press(Key::Escape);
    window.click("Close contactors\u{2026}");
    window.press(Key::F12);
    assert_eq!(stops(&window), 7, "out of a question");
    assert!(!window.shows("its full voltage"), "the question is gone with the stop");
}

#[test]
fn the_red_button_works_while_a_box_lies_on_top() {
    let mut window = at(Stage::Charging);
    window.ctrl(Key::Q);
    assert!(window.shows("is being charged"));
    window.click("Stop charge");
    assert_eq!(stops(&window), 1);
}

#[test]
fn a_window_that_charges_asks_before_it_closes() {
    let mut window = at(Stage::Charging);
    window.ctrl(Key::Q);
    window.press(Key::Enter);
    assert_eq!(stops(&window), 0, "Enter keeps charging");
    window.ctrl(Key::Q);
    window.click("Keep charging");
    assert_eq!(stops(&window), 0);
    window.ctrl(Key::Q);
    window.click("Stop the charge and close");
    assert_eq!(stops(&window), 1);
}

#[test]
fn the_safety_text_is_shown_once_and_has_to_be_confirmed() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().charge = Some(Stage::Idle);
    let mut window = open(source, LARGE);
    window.ctrl(Key::Num2);
    assert!(window.shows("The BMS is the safety device"));
    window.press(Key::Enter);
    assert!(!window.shows("The BMS is the safety device"));
    assert_eq!(asked(&window), [], "Enter does not count as reading it");
    window.click("Read the safety text");
    window.click("I have read this");
    assert_eq!(asked(&window), [ChargeAsk::ReadSafetyText]);
    window.ctrl(Key::Num1);
    window.ctrl(Key::Num2);
    assert!(!window.shows("The BMS is the safety device"));
}

#[test]
fn a_bad_set_point_is_named_and_shuts_the_start() {
    let mut window = at(Stage::Idle);
    type_into(&mut window, "Max current", "x");
    assert!(window.shows("is no number such as 17.5"));
    window.click("Start charge\u{2026}");
    assert!(!window.shows("Closes the contactors of"));
}

#[test]
fn the_demo_is_parked_and_hurried_and_charged_from_the_first_screen() {
    let mut window = at(Stage::Unready);
    window.click("Park the demo");
    window.click("Pace 60\u{d7}");
    let demo: Vec<ChargeAsk> = asked(&window);
    assert!(matches!(demo.first(), Some(ChargeAsk::Demo { parked: true, .. })), "{demo:?}");
    assert!(matches!(demo.last(), Some(ChargeAsk::Demo { pace, .. }) if *pace > 59.0), "{demo:?}");
    let mut window = open(FixtureSource::first_start(), LARGE);
    window.click("Charge the demo pack");
    window.harness.run();
    assert!(matches!(asked(&window).as_slice(), [ChargeAsk::Demo { parked: true, .. }]));
}

#[test]
fn every_stage_fits_the_smallest_window_with_its_buttons() {
    for stage in Stage::ALL {
        let source = FixtureSource::running(38);
        {
            let mut world = source.world.borrow_mut();
            (world.charge, world.safety) = (Some(stage), SafetyText::Read);
        }
        let mut window = open(source, SMALLEST);
        window.ctrl(Key::Num2);
        assert!(window.shows("Close contactors\u{2026}"), "{stage:?}");
        assert!(window.shows("5 Done"), "{stage:?}");
        assert_eq!(overlaps(&window, SMALLEST), Vec::<String>::new(), "{stage:?}");
        for label in ["Start charge\u{2026}", "Stop", "Close contactors\u{2026}"] {
            let rect = window.harness.get_by_label(label).rect();
            let whole = egui::Rect::from_min_size(egui::Pos2::ZERO, SMALLEST);
            assert!(whole.contains_rect(rect), "{stage:?} {label} {rect:?}");
        }
    }
}

#[test]
fn every_stage_stands_without_overlaps_in_windows_of_other_sizes() {
    for size in [LARGE, egui::Vec2::new(1_180.0, 720.0), egui::Vec2::new(3_840.0, 2_160.0)] {
        for stage in Stage::ALL {
            let source = FixtureSource::running(38);
            {
                let mut world = source.world.borrow_mut();
                (world.charge, world.safety) = (Some(stage), SafetyText::Read);
            }
            let mut window = open(source, size);
            window.ctrl(Key::Num2);
            assert_eq!(overlaps(&window, size), Vec::<String>::new(), "{stage:?} at {size:?}");
        }
    }
}

#[test]
fn past_charges_are_listed_and_their_reports_saved() {
    let mut window = at(Stage::Idle);
    window.click("Past charges");
    assert!(window.shows("2026-11-21 14:00"));
    let read = |window: &Window| {
        let world = window.world.borrow();
        world.asked.iter().filter(|intent| **intent == Intent::Admin(Ask::ReadCharges)).count()
    };
    assert_eq!(read(&window), 1, "it is read once while it is in sight");
    window.click("Log");
    window.click("Past charges");
    assert_eq!(read(&window), 2);
}

#[test]
fn the_log_and_the_rules_are_in_the_lower_panel() {
    let mut window = at(Stage::Charging);
    window.click("Log");
    assert!(window.shows("All preconditions hold."));
    window.click("Rules");
    assert!(window.shows("BMU telemetry late after: 1000 ms"));
}

#[test]
fn a_rule_is_changed_in_a_line_of_its_own_that_says_what_it_may_be() {
    let mut window = at(Stage::Idle);
    window.click("Rules");
    window.click("Change BMU telemetry late after");
    assert!(window.shows("300 to 1000 ms; usual 1000 ms."));
    window.harness.get_by_role_and_label(Role::TextInput, VALUE).type_text("9");
    window.harness.run();
    window.click("Save");
    let asked = |window: &Window| {
        let world = window.world.borrow();
        let rules = world.asked.iter().filter_map(|intent| match intent {
            Intent::Admin(Ask::SetRule { name, text, .. }) => Some((name.clone(), text.clone())),
            _ => None,
        });
        rules.collect::<Vec<_>>()
    };
    let asked = asked(&window);
    assert!(
        matches!(asked.as_slice(), [(name, text)] if name == "bmu_late_ms" && text.contains('9')),
        "{asked:?}"
    );
}

#[test]
fn set_points_are_in_sight_and_what_is_scrolled_away_is_not() {
    let mut window = at(Stage::Charging);
    let in_sight = |window: &Window, label: &str| {
        let node = window.harness.get_by_role_and_label(Role::TextInput, label);
        crate::desktop::in_sight(&node).map_or(0.0, |rect| rect.height() / node.rect().height())
    };
    assert!(in_sight(&window, "Mains current") > 0.99, "all of them in a window of usual size");
    window.harness.set_size(SMALLEST);
    window.harness.run();
    assert!(in_sight(&window, "Max current") > 0.99);
    assert!(in_sight(&window, "Mains current") < 0.01, "the list scrolls in the smallest window");
}
