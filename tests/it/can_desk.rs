//! The tabs of the CAN page in the window: what asks before a bus is armed, what never asks, and that
//! bytes, numbers and signals of a frame are always the same frame.

use std::time::Duration;

use busbar::desktop::ask::SendAsk;
use busbar::desktop::fixture::FixtureSource;
use busbar::desktop::pages::can::trace;
use busbar::desktop::source::Intent;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::desktop::{LARGE, SMALLEST, Window, open, overlaps};

fn sending(size: egui::Vec2) -> Window {
    let mut window = open(FixtureSource::running(38), size);
    window.ctrl(Key::Num3);
    window.click("Send");
    window
}

fn armed(size: egui::Vec2) -> Window {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().armed = Some(Duration::from_secs(572));
    let mut window = open(source, size);
    window.ctrl(Key::Num3);
    window.can_tab("Send");
    window
}

fn asked(window: &Window) -> Vec<SendAsk> {
    let sent = window.asked().into_iter().filter_map(|intent| match intent {
        Intent::Send(ask) => Some(ask),
        _ => None,
    });
    sent.collect()
}

/// Replaces what stands in a field.
fn retype(window: &mut Window, label: &str, text: &str) {
    let field = |window: &Window| {
        window.harness.get_by_role_and_label(Role::TextInput, label).click();
    };
    field(window);
    window.harness.run();
    window.ctrl(Key::A);
    window.harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    window.harness.run();
}

fn field(window: &Window, label: &str) -> String {
    let node = window.harness.get_by_role_and_label(Role::TextInput, label);
    node.value().unwrap_or_default()
}

#[test]
fn arming_says_what_it_means_and_is_not_on_enter() {
    let mut window = sending(LARGE);
    let bus = window.world.borrow().plant.get().unwrap().buses[0].name.to_string();
    let arm = format!("Arm {bus}");
    window.click(&arm);
    assert!(window.shows("can move it or switch it off"));
    window.press(Key::Enter);
    assert!(!window.shows("can move it or switch it off"), "Enter leaves it");
    assert_eq!(asked(&window), []);
    window.click(&arm);
    // The button of the question has the same words; it is the later one.
    let buttons: Vec<egui::Rect> =
        window.harness.get_all_by_label(&arm).map(|node| node.rect()).collect();
    assert_eq!(buttons.len(), 2);
    window.harness.get_all_by_label(&arm).last().unwrap().click();
    window.harness.run();
    assert_eq!(asked(&window), [SendAsk::Arm(bus)]);
    assert!(window.shows("armed, 10 min"), "{:?}", window.names());
}

#[test]
fn silence_never_asks_and_is_on_every_page_with_the_time_left() {
    let mut window = armed(SMALLEST);
    for key in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::O, Key::Num9] {
        window.ctrl(key);
        assert!(window.shows(" armed, 10 min"), "{key:?}");
        window.click("Silence");
        assert_eq!(asked(&window).last(), Some(&SendAsk::Silence(None)), "{key:?}");
        assert_eq!(window.count("Silence"), 0, "nothing is left to be silenced");
        window.world.borrow_mut().armed = Some(Duration::from_secs(572));
        window.world.borrow_mut().version += 1;
        window.harness.run();
    }
}

#[test]
fn f11_silences_from_every_page_while_typing_and_out_of_every_box() {
    let mut window = sending(LARGE);
    window.press(Key::F11);
    retype(&mut window, "Id", "12");
    window.press(Key::F11);
    window.ctrl(Key::K);
    window.press(Key::F11);
    window.press(Key::Escape);
    let arm = window.names().into_iter().find(|name| name.starts_with("Arm ")).unwrap();
    window.click(&arm);
    window.press(Key::F11);
    assert!(!window.shows("can move it or switch it off"), "the question is gone with it");
    assert_eq!(asked(&window), vec![SendAsk::Silence(None); 4]);
    window.press(Key::F1);
    assert!(window.shows("Silence every bus, at once"));
}

#[test]
fn nothing_is_sent_to_a_bus_that_is_not_armed() {
    let mut window = sending(LARGE);
    assert!(window.shows("is listened to only: arm it first."));
    window.click("Send once");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.harness.run();
    assert_eq!(asked(&window), []);
}

#[test]
fn bytes_numbers_and_signals_are_the_same_frame() {
    let mut window = armed(LARGE);
    retype(&mut window, "Id", "500");
    retype(&mut window, "Bytes", "02 10 00 00 07 00 00 00");
    assert_eq!(field(&window, "DeviceId"), "4098", "{:?}", window.names());
    retype(&mut window, "DeviceId", "4099");
    assert_eq!(field(&window, "Bytes"), "03 10 00 00 07 00 00 00");
    assert_eq!(field(&window, "Number"), "4099");
    retype(&mut window, "Number", "258");
    assert_eq!(field(&window, "Bytes"), "02 01 00 00 07 00 00 00");
    retype(&mut window, "Number", "65536");
    assert!(window.shows("is no 16 bit number"), "what does not fit is said");
    assert_eq!(field(&window, "Bytes"), "02 01 00 00 07 00 00 00", "and changes nothing");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.harness.run();
    assert_eq!(asked(&window), [], "what would go out is not what stands there");
    retype(&mut window, "Number", "258");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.harness.run();
    match asked(&window).as_slice() {
        [SendAsk::Once(prefs)] => {
            assert_eq!(prefs.draft.id, "500");
            assert_eq!(prefs.draft.hex(), "02 01 00 00 07 00 00 00");
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn what_a_field_cannot_hold_is_not_taken_for_what_was_typed_of_it_so_far() {
    let mut window = armed(LARGE);
    retype(&mut window, "Id", "500");
    retype(&mut window, "Bytes", "02 10 00 00 07 00 00 00");
    for (label, typed, own) in [("DeviceId", "50000000000", "4098"), ("Number", "12x", "4098")] {
        retype(&mut window, label, "");
        for letter in typed.chars() {
            let node = window.harness.get_by_role_and_label(Role::TextInput, label);
            node.type_text(&letter.to_string());
            window.harness.run();
        }
        assert_eq!(field(&window, label), typed, "it stays while it is typed");
        window.click("Send once");
        assert_eq!(asked(&window), [], "{label}");
        window.press(Key::Tab);
        assert_eq!(field(&window, label), own, "what was there before comes back");
        assert_eq!(field(&window, "Bytes"), "02 10 00 00 07 00 00 00", "{label}");
    }
    window.click("Send once");
    let sent = asked(&window);
    let [SendAsk::Once(prefs)] = sent.as_slice() else { unreachable!("{sent:?}") };
    assert_eq!(prefs.draft.hex(), "02 10 00 00 07 00 00 00");
}

#[test]
fn a_frame_is_scheduled_by_a_name_stopped_started_again_and_forgotten() {
    let mut window = armed(LARGE);
    retype(&mut window, "Milliseconds between two", "x");
    assert!(window.shows("type a number of milliseconds"));
    retype(&mut window, "Milliseconds between two", "50");
    retype(&mut window, "Name of the schedule", "beat");
    window.click("Start the schedule");
    assert!(window.shows("Schedule beat on"), "{:?}", window.names());
    window.click("Stop beat");
    assert!(window.shows("stopped: stopped by local console"));
    window.click("Start beat again");
    assert!(window.shows("running"));
    window.click("Stop beat");
    window.click("Forget beat");
    assert!(!window.shows("Schedule beat on"));
    let names: Vec<String> = asked(&window).iter().map(|ask| format!("{ask:?}")).collect();
    assert!(names[0].starts_with("Start("), "{names:?}");
    assert_eq!(
        names[1..],
        [r#"Stop("beat")"#, r#"Again("beat")"#, r#"Stop("beat")"#, r#"Forget("beat")"#]
    );
}

#[test]
fn a_frame_that_was_seen_is_taken_over() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.press(Key::ArrowDown);
    window.click("Send like this\u{2026}");
    assert_eq!(field(&window, "Id"), "600", "{:?}", window.names());
    assert!(window.shows("8 bytes"));
}

#[test]
fn the_tabs_stand_without_overlaps_in_windows_of_every_size() {
    for size in [SMALLEST, LARGE, egui::Vec2::new(720.0, 450.0), egui::Vec2::new(3_840.0, 2_160.0)]
    {
        let mut window = armed(size);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "at {size:?}");
        if size.x >= SMALLEST.x {
            window.click("Start the schedule");
            assert_eq!(overlaps(&window, size), Vec::<String>::new(), "scheduled at {size:?}");
        }
    }
}

fn traced(size: egui::Vec2, frames: u64) -> Window {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().record(frames);
    let mut window = open(source, size);
    window.ctrl(Key::Num3);
    window.click("Trace");
    window
}

/// Numbers of the frames in sight.
fn in_sight(window: &Window) -> Vec<u64> {
    let rows = window.harness.get_all_by_role(Role::Row);
    let names = rows.filter_map(|node| node.accesskit_node().label());
    let numbers =
        names.filter_map(|name| name.strip_prefix("Frame ")?.split(' ').next()?.parse().ok());
    numbers.collect()
}

#[test]
fn the_trace_follows_until_somebody_moves_and_end_follows_again() {
    let mut window = traced(LARGE, 10_000);
    assert_eq!(in_sight(&window).last(), Some(&9_999));
    let more = |window: &mut Window| {
        let mut world = window.world.borrow_mut();
        world.record(1_000);
        world.version += 1;
        drop(world);
        window.harness.run();
    };
    more(&mut window);
    assert_eq!(in_sight(&window).last(), Some(&10_999));
    window.press(Key::PageUp);
    let there = in_sight(&window);
    assert!(there.last() < Some(&10_999));
    more(&mut window);
    assert_eq!(in_sight(&window), there, "what is read stands still");
    window.press(Key::Home);
    assert_eq!(in_sight(&window).first(), Some(&0));
    window.press(Key::End);
    assert_eq!(in_sight(&window).last(), Some(&11_999));
    window.press(Key::Space);
    more(&mut window);
    assert_eq!(in_sight(&window).last(), Some(&11_999), "Space pauses");
    window.press(Key::Space);
    assert_eq!(in_sight(&window).last(), Some(&12_999), "and goes on");
}

#[test]
fn the_trace_is_filtered_and_says_how_much_fits() {
    let mut window = traced(SMALLEST, 1_000);
    window.type_into(trace::FILTER, "id:603");
    assert!(window.shows("100 of 1\u{a0}000 frames"), "{:?}", window.names());
    assert!(in_sight(&window).iter().all(|number| number % 10 == 3));
    retype(&mut window, trace::FILTER, "idd:603");
    assert!(window.shows("Until then everything is shown."), "{:?}", window.names());
}

#[test]
fn a_frame_is_gone_to_by_its_number_and_by_its_time_or_it_is_said_why_not() {
    let mut window = traced(LARGE, 100_000);
    window.type_into(trace::GO_TO, "5000");
    window.press(Key::Enter);
    assert!(in_sight(&window).contains(&5_000), "{:?}", in_sight(&window));
    retype(&mut window, trace::GO_TO, "700.0 s");
    window.press(Key::Enter);
    assert!(in_sight(&window).contains(&7_000), "{:?}", in_sight(&window));
    retype(&mut window, trace::GO_TO, "200000");
    window.press(Key::Enter);
    assert!(window.shows("Frame 200000 is not kept: there are 0 to 99999."));
    assert!(in_sight(&window).contains(&7_000), "it stays where it was");
}

#[test]
fn the_next_and_the_previous_match_are_found_through_the_whole_trace() {
    let mut window = traced(LARGE, 500_000);
    window.press(Key::Home);
    window.type_into(trace::FIND, "b7=27 b6=A1 b5=7");
    window.press(Key::Enter);
    // 0x07A127 is frame 500 007: beyond the end.
    window.harness.run_steps(20);
    assert!(window.shows("Nothing further down fits."), "{:?}", window.names());
    retype(&mut window, trace::FIND, "b7=09 b6=A1 b5=6");
    window.press(Key::Enter);
    window.harness.run_steps(20);
    let wanted = 0x06_A1_09;
    assert!(in_sight(&window).contains(&wanted), "{:?}", in_sight(&window));
    retype(&mut window, trace::FIND, "b7=00 b6=00 b5=0");
    window.click("Find previous");
    window.harness.run_steps(20);
    assert!(in_sight(&window).contains(&0), "{:?}", in_sight(&window));
}

#[test]
fn rows_are_chosen_marked_copied_and_sent_again() {
    let mut window = traced(LARGE, 1_000);
    window.press(Key::Home);
    let row = |window: &Window, number: u64| {
        let start = format!("Frame {number} ");
        let rows = window.harness.get_all_by_role(Role::Row);
        rows.into_iter()
            .find(|node| {
                node.accesskit_node().label().is_some_and(|label| label.starts_with(&start))
            })
            .map(|node| node.rect().center())
            .unwrap()
    };
    let at = row(&window, 3);
    window.harness.hover_at(at);
    window.harness.run();
    window.harness.drag_at(at);
    window.harness.drop_at(at);
    window.harness.run();
    window.press(Key::M);
    assert!(window.shows("00 00 00 00 00 00 00 03, marked"), "{:?}", window.names());
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    window.harness.run();
    window.harness.get_by_label("Copy").click();
    let copied = (0..4).find_map(|_| {
        window.harness.step();
        let commands = &window.harness.output().platform_output.commands;
        commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    let copied = copied.expect("something is copied");
    let lines: Vec<&str> = copied.lines().collect();
    assert_eq!(lines.len(), 2, "{copied}");
    assert!(lines[0].ends_with("603#0000000000000003"), "{copied}");
    window.press(Key::End);
    window.click("Next mark");
    assert!(in_sight(&window).contains(&3));
    window.press(Key::M);
    assert!(!window.shows("03, marked"), "a mark is taken away as it is set");
    window.click("Send like this\u{2026}");
    assert_eq!(field(&window, "Bytes"), "00 00 00 00 00 00 00 03");
}

#[test]
fn the_trace_stands_without_overlaps_in_windows_of_every_size() {
    for size in [SMALLEST, LARGE, egui::Vec2::new(3_840.0, 2_160.0)] {
        let mut window = traced(size, 1_000);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "at {size:?}");
        window.press(Key::ArrowUp);
        window.press(Key::M);
        assert_eq!(overlaps(&window, size), Vec::<String>::new(), "marked at {size:?}");
        assert!(in_sight(&window).len() > 10, "there is room for rows");
    }
}

#[test]
fn a_trace_without_frames_says_what_would_be_there() {
    let window = traced(SMALLEST, 0);
    assert!(window.shows("No frame has come yet."));
}
