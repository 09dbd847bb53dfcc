//! The Record tab in the window: what is typed is what is asked for, deleting asks first, and a
//! recording is opened as a trace.

use busbar::desktop::ask::{LogAsk, RecordAsk};
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::source::Intent;
use egui::Key;

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

fn recording(size: egui::Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.ctrl(Key::Num3);
    window.click("Record");
    window
}

fn asked(window: &Window) -> Vec<RecordAsk> {
    let recorded = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Record(ask) => Some(ask),
        _ => None,
    });
    recorded.collect()
}

#[test]
fn what_is_typed_is_what_is_recorded_and_what_cannot_be_is_said() {
    let mut window = recording(LARGE);
    window.type_into("Name", "drive");
    window.type_into("Only frames", "id:");
    window.click("Start recording");
    assert!(window.shows("Filter: character"), "{:?}", window.names());
    assert_eq!(asked(&window), []);
    window.type_into("Only frames", "600");
    window.click("Start recording");
    let all = asked(&window);
    let Some(RecordAsk::Start(prefs)) = all.first() else {
        assert_eq!(all, [], "nothing was started");
        return;
    };
    assert_eq!((prefs.name.as_str(), prefs.filter.as_str()), ("drive", "id:600"));
}

#[test]
fn deleting_a_recording_asks_first_and_what_grows_cannot_be_deleted() {
    let mut window = recording(LARGE);
    assert!(window.shows("120 frames are missing in 2 gaps"));
    window.click("Delete drive_20260504T120000Z_001.log");
    assert_eq!(asked(&window), []);
    window.click("Delete it");
    let name = "drive_20260504T120000Z_001.log".to_owned();
    assert_eq!(asked(&window), [RecordAsk::Delete(name)]);
    window.click("Delete drive_20260504T130000Z_001.log");
    assert_eq!(asked(&window).len(), 1, "it is being written");
}

#[test]
fn a_recording_is_opened_as_a_trace() {
    let mut window = recording(LARGE);
    window.click("Look at drive_20260504T120000Z_001.log");
    let opened = |intent: &Intent| matches!(intent, Intent::Log(LogAsk::Open(_, path)) if path.ends_with("drive_20260504T120000Z_001.log"));
    assert!(window.asked().iter().any(opened), "{:?}", window.asked());
}

#[test]
fn the_tab_stands_without_overlaps_in_windows_of_every_size() {
    for size in [SMALLEST, LARGE, egui::Vec2::new(3_840.0, 2_160.0)] {
        let mut window = recording(size);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "at {size:?}");
        if size != SMALLEST {
            window.click("Files, disk, time before");
            assert_eq!(overlaps(&window, size), Vec::<String>::new(), "more at {size:?}");
        }
    }
}
