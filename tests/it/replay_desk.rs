//! The Replay tab in the window: what is asked for, and that nothing lies over anything else.

use busbar::desktop::ask::ReplayAsk;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use busbar::view::replay::ReplayPrefs;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

/// The tab with a replay that plays.
fn playing(size: egui::Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.ctrl(Key::Num3);
    window.click("Replay");
    window.harness.get_by_role_and_label(Role::TextInput, "Recording").click();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, "Recording").type_text("/logs/a.log");
    window.harness.run();
    window.click("Start the replay");
    window.harness.run();
    window
}

fn asked(window: &Window) -> Vec<ReplayAsk> {
    let asked = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Replay(ask) => Some(ask),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_replay_is_made_up_started_paused_stepped_and_stopped() {
    let mut window = playing(LARGE);
    let started = asked(&window);
    let [ReplayAsk::Start(prefs)] = started.as_slice() else { panic!("{started:?}") };
    let ReplayPrefs { file, speed, again, .. } = &**prefs;
    assert_eq!((file.as_str(), speed.as_str(), *again), ("/logs/a.log", "1x", false));
    assert!(
        window.shows("playing") && window.shows("1500 sent") || window.shows("1\u{a0}500 sent")
    );
    window.click("Pause a");
    window.click("Step a");
    window.click("Play a");
    window.click("Stop a");
    let name = || "a".to_owned();
    let wanted = [
        ReplayAsk::Pause(name()),
        ReplayAsk::Step(name(), None),
        ReplayAsk::Play(name()),
        ReplayAsk::Stop(name()),
    ];
    assert_eq!(asked(&window)[1..], wanted);
    assert!(window.shows("stopped by local console"));
    window.click("Start a anew");
    assert!(matches!(asked(&window).last(), Some(ReplayAsk::Anew(_))));
}

#[test]
fn space_pauses_and_plays_while_no_field_has_the_focus() {
    let mut window = playing(LARGE);
    window.harness.get_by_role_and_label(Role::TextInput, "Recording").click();
    window.harness.run();
    window.press(Key::Escape);
    window.press(Key::Space);
    let pauses = asked(&window).into_iter().filter(|ask| matches!(ask, ReplayAsk::Pause(_)));
    assert_eq!(pauses.count(), 1);
}

#[test]
fn nothing_lies_over_anything_else_on_a_small_window() {
    for size in [LARGE, SMALLEST] {
        let window = playing(size);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "{size:?}");
    }
}
