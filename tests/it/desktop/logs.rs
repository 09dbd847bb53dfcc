//! Recordings that are looked at beside what runs.

use std::path::PathBuf;

use busbar::desktop::ask::LogAsk;
use busbar::desktop::pages::can::logs::OPEN;
use busbar::desktop::shell::path_box::PATH;
use busbar::view::logs::LogId;

use super::*;

fn dropped(window: &mut Window, path: &str) {
    let file: Arc<dyn egui::DroppedFile + Send + Sync> = Arc::new(Dropped(path.into()));
    window.harness.input_mut().dropped_files.push(file);
    window.harness.run();
    window.harness.run();
}

fn asked(window: &Window) -> Vec<LogAsk> {
    let logs = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Log(ask) => Some(ask),
        _ => None,
    });
    logs.collect()
}

#[test]
fn a_file_dropped_on_the_window_is_shown_beside_what_runs() {
    let mut window = open(FixtureSource::running(38), LARGE);
    dropped(&mut window, "/logs/race.csv");
    assert_eq!(asked(&window), [LogAsk::Open(LogId(1), "/logs/race.csv".into())]);
    assert!(window.shows("candump log, 300 frames of can9"), "{:?}", window.names());
    assert!(window.shows("Frame 0 0x600"), "from its front on: {:?}", window.names());
    assert!(window.asked().iter().all(|ask| !matches!(ask, Intent::OpenRecording(_))));
    window.click("Live");
    assert!(!window.shows("300 frames of can9"));
    window.click("race.csv");
    assert!(window.shows("300 frames of can9"));
}

#[test]
fn a_recording_has_its_own_table_filter_and_place() {
    let mut window = open(FixtureSource::running(38), LARGE);
    dropped(&mut window, "/logs/race.csv");
    window.type_into(can::trace::FILTER, "id:603");
    assert!(window.shows("30 of 300 frames"), "{:?}", window.names());
    window.click("By id");
    assert!(window.shows("10 ids, 300 frames"), "{:?}", window.names());
    window.click_containing("0x603");
    window.click("Live");
    assert!(window.shows("49 ids"), "{:?}", window.names());
    assert!(window.shows("Choose an id"), "what is chosen in a recording is not chosen elsewhere");
}

#[test]
fn closing_a_recording_shows_what_stands_beside_it() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    dropped(&mut window, "/logs/a.log");
    dropped(&mut window, "/logs/b.log");
    window.click("Close b.log");
    assert_eq!(asked(&window).last(), Some(&LogAsk::Close(LogId(2))));
    assert!(window.shows("300 frames of can9") && !window.shows("b.log"));
    window.click("Close a.log");
    assert_eq!(window.count("Live"), 0, "there is nothing to switch between");
}

#[test]
fn nine_recordings_are_one_too_many_and_the_oldest_goes() {
    let mut window = open(FixtureSource::running(38), LARGE);
    (0..9).for_each(|n| dropped(&mut window, &format!("/logs/{n}.log")));
    assert!(asked(&window).contains(&LogAsk::Close(LogId(1))));
    assert_eq!(window.world.borrow().logs.len(), 8);
}

#[test]
fn a_file_that_is_no_recording_says_so_where_its_rows_would_be() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().refusal = Some("a.png: this is a picture.".into());
    let mut window = open(source, LARGE);
    dropped(&mut window, "/logs/a.png");
    assert!(window.shows("a.png: this is a picture."), "{:?}", window.names());
    for offer in ["Decode with a DBC\u{2026}", "Play it as a bus"] {
        assert!(!window.shows(offer), "there is nothing to be done with it: {offer}");
    }
}

#[test]
fn a_dbc_that_is_dropped_decodes_the_recording_that_is_shown() {
    let mut window = open(FixtureSource::running(38), LARGE);
    dropped(&mut window, "/dbc/car.DBC");
    assert!(window.shows("open one first"), "{:?}", window.names());
    dropped(&mut window, "/logs/a.log");
    dropped(&mut window, "/dbc/car.DBC");
    assert_eq!(
        asked(&window).last(),
        Some(&LogAsk::Decode(LogId(1), PathBuf::from("/dbc/car.DBC")))
    );
}

#[test]
fn a_recording_is_shown_where_nothing_runs() {
    let mut window = open(FixtureSource::first_start(), LARGE);
    dropped(&mut window, "/logs/a.log");
    assert!(window.shows("300 frames of can9"), "{:?}", window.names());
}

#[test]
fn a_log_is_asked_for_by_button_key_and_palette() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    assert_eq!(window.count(OPEN), 1);
    window.ctrl(Key::K);
    assert!(window.shows(OPEN), "the palette has it");
    window.press(Key::Escape);
    window.ctrl(Key::L);
    type_path(&mut window, "/logs/a.log");
    assert_eq!(asked(&window).last(), Some(&LogAsk::Open(LogId(1), PathBuf::from("/logs/a.log"))));
}

/// Without a dialog a path is typed.
#[track_caller]
fn type_path(window: &mut Window, path: &str) {
    for _ in 0..200 {
        window.harness.run();
        if window.shows("This system has no file dialog") {
            window.harness.get_by_role_and_label(Role::TextInput, PATH).type_text(path);
            window.harness.run();
            window.press(Key::Enter);
            return;
        }
        std::thread::yield_now();
    }
    unreachable!("without a dialog it says what else there is");
}

#[test]
fn without_a_dialog_a_recording_is_decoded_by_a_path_that_is_typed() {
    let mut window = open(FixtureSource::running(38), LARGE);
    dropped(&mut window, "/logs/a.log");
    window.click("Decode with a DBC\u{2026}");
    type_path(&mut window, "/dbc/car.dbc");
    let decoded = LogAsk::Decode(LogId(1), PathBuf::from("/dbc/car.dbc"));
    assert_eq!(asked(&window).last(), Some(&decoded));
    assert!(!window.shows("This system has no file dialog"));
}

#[test]
fn a_frame_of_a_recording_is_the_start_of_one_to_send() {
    let mut window = open(FixtureSource::running(38), LARGE);
    dropped(&mut window, "/logs/a.log");
    window.click_containing("Frame 3 0x603");
    window.click("Send like this\u{2026}");
    assert!(window.shows("Arm "), "the Send tab is shown: {:?}", window.names());
}
