//! The plot of signals below the trace.

use busbar::desktop::ask::{Existing, LogAsk, SaveTo};
use busbar::desktop::pages::can::plot::PICTURE;
use busbar::desktop::pages::can::save::{SAVE_VALUES, VALUES_PATH};
use busbar::view::logs::TraceOf;
use busbar::view::plot::{PlotKey, PlotSpan};
use busbar::view::traffic::{GroupView, SignalLook, StudyView};
use egui::{Pos2, Rect};

use super::*;

/// The window with one signal plotted.
fn plotted(size: Vec2) -> Window {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().record(300);
    let mut window = open(source, size);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "6FA");
    window.click_containing("0x6FA Pack voltage/current, rx on demo");
    window.click("Plot PackVoltage");
    window
}

fn picture(window: &Window) -> Rect {
    window.harness.get_by_label_contains(PICTURE).rect()
}

fn span(window: &Window) -> PlotSpan {
    window.world.borrow().plotted.last().expect("it was asked for").span
}

fn at(window: &mut Window, place: Pos2, event: impl FnOnce(&mut Window)) {
    window.harness.input_mut().events.push(egui::Event::PointerMoved(place));
    window.harness.run();
    event(window);
    window.harness.run();
}

#[test]
fn a_signal_is_plotted_from_its_id_and_removed_again() {
    let mut window = plotted(LARGE);
    let key = PlotKey { bus: "demo".into(), id: 0x6FA, signal: "PackVoltage".into() };
    assert_eq!(window.world.borrow().plotted.last().unwrap().lines, [key]);
    assert!(window.shows("PackVoltage 142.410 V") && window.shows("Plot of signals"));
    window.click("Remove PackVoltage from the plot");
    assert!(!window.shows("Plot of signals"));
}

#[test]
fn the_plot_is_zoomed_moved_and_shown_whole_again() {
    let mut window = plotted(LARGE);
    window.click("Zoom in");
    assert_eq!(span(&window), PlotSpan::Between(7_500_000_000, 22_500_000_000));
    let middle = picture(&window).center();
    at(&mut window, middle, |window| {
        let delta = Vec2::new(0.0, 50.0);
        let (unit, modifiers) = (egui::MouseWheelUnit::Point, Modifiers::NONE);
        let phase = egui::TouchPhase::Move;
        let wheel = egui::Event::MouseWheel {
            unit,
            delta,
            modifiers,
            phase,
            source: egui::MouseWheelSource::Wheel,
        };
        window.harness.input_mut().events.push(wheel);
    });
    let PlotSpan::Between(from, until) = span(&window) else { panic!("{:?}", span(&window)) };
    assert!(until - from < 15_000_000_000 && from > 7_500_000_000, "{from} {until}");
    window.harness.drag_at(middle);
    window.harness.run();
    window.harness.hover_at(middle + Vec2::new(80.0, 0.0));
    window.harness.run();
    window.harness.drop_at(middle + Vec2::new(80.0, 0.0));
    window.harness.run();
    let PlotSpan::Between(moved, _) = span(&window) else { panic!("{:?}", span(&window)) };
    assert!(moved < from, "to earlier times: {moved} from {from}");
    window.click("Whole");
    assert_eq!(span(&window), PlotSpan::Whole);
}

#[test]
fn a_click_in_the_plot_leads_to_the_row_of_that_moment() {
    let mut window = plotted(LARGE);
    let place = picture(&window).center();
    at(&mut window, place, |window| {
        for pressed in [true, false] {
            let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::NONE);
            let event = egui::Event::PointerButton { pos: place, button, pressed, modifiers };
            window.harness.input_mut().events.push(event);
        }
    });
    let told = window.world.borrow().plotted.iter().filter_map(|ask| ask.cursor).next_back();
    let number = told.expect("the cursor was there") / 100_000_000;
    assert!(window.shows(&format!("Frame {number} ")), "{number}: {:?}", window.names());
}

#[test]
fn the_values_of_a_plot_are_saved_of_the_time_that_is_shown_or_of_all() {
    let mut window = plotted(LARGE);
    let saved = |window: &Window| {
        window.asked().into_iter().rev().find_map(|intent| match intent {
            Intent::Log(LogAsk::SaveValues { of, lines, between, to }) => {
                let signals: Vec<String> = lines.into_iter().map(|key| key.signal).collect();
                Some((of, signals, between, to))
            }
            _ => None,
        })
    };
    window.click("Zoom in");
    window.click(SAVE_VALUES);
    window.type_into(VALUES_PATH, "/logs/part.csv");
    window.click("Save");
    let PlotSpan::Between(from, until) = span(&window) else { panic!("{:?}", span(&window)) };
    let volts = vec!["PackVoltage".to_owned()];
    let to = |path: &str| SaveTo { path: path.into(), existing: Existing::Keep };
    let part = (TraceOf::Live, volts.clone(), Some((from, until)), to("/logs/part.csv"));
    assert_eq!(saved(&window), Some(part));
    window.click(SAVE_VALUES);
    window.click("All there is");
    window.click("Save");
    assert_eq!(saved(&window), Some((TraceOf::Live, volts, None, to("/logs/part.csv"))));
}

#[test]
fn rows_and_plot_stand_without_overlaps_in_windows_of_every_size() {
    for size in [LARGE, SMALLEST, Vec2::new(800.0, 600.0)] {
        let window = plotted(size);
        let picture = picture(&window);
        assert!(picture.height() > 60.0 && picture.bottom() <= size.y, "{size}: {picture}");
        let rows = window.harness.query_all_by_label_contains("Frame ");
        for row in rows {
            let row = row.rect();
            assert!(row.bottom() <= picture.top(), "{size}: {row} over {picture}");
        }
    }
}

#[test]
fn a_close_look_shows_extremes_and_what_came_with_every_multiplexer_value() {
    let source = FixtureSource::running(38);
    let look = SignalLook {
        name: "PackVoltage".into(),
        extremes: "139.200 to 142.410".into(),
        strokes: vec![vec![[0.0, 0.0], [1.0, 1.0]]],
    };
    let group = GroupView {
        value: "3".into(),
        bytes: "03 52".into(),
        count: "12 frames".into(),
        says: "Cell9 3.310 V".into(),
    };
    source.world.borrow_mut().study =
        StudyView { signals: vec![look], switches: "Mux".into(), groups: vec![group] };
    let mut window = open(source, LARGE);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "6FA");
    window.click_containing("0x6FA Pack voltage/current, rx on demo");
    assert!(window.shows("Mux = 3") && window.shows("03 52"), "{:?}", window.names());
    assert!(window.shows("Cell9 3.310 V") && window.shows("12 frames"));
}
