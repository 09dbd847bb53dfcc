//! The whole way of a frame that is sent by hand, from the window to the demo's bus and back.

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::tests::desk_in;
use crate::desktop::app::App;
use crate::desktop::fixture::keys::{Key, Modifiers, Role};
use crate::desktop::source::{Intent, Source};

/// How often the window is drawn before something counts as never coming.
const DRAWN: usize = 4_000;

fn shows(harness: &Harness<'_, App>, wanted: &str) -> bool {
    let mut nodes = harness.root().children_recursive();
    nodes.any(|node| {
        let said = |text: Option<String>| text.is_some_and(|text| text.contains(wanted));
        said(node.accesskit_node().label()) || said(node.value())
    })
}

#[track_caller]
fn until(harness: &mut Harness<'_, App>, wanted: &str) {
    for _ in 0..DRAWN {
        harness.step();
        if shows(harness, wanted) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{wanted:?} never came");
}

#[track_caller]
fn press(harness: &mut Harness<'_, App>, label: &str) {
    until(harness, label);
    harness.get_all_by_label(label).last().unwrap().click();
    harness.run_steps(3);
}

fn retype(harness: &mut Harness<'_, App>, label: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, label).click();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    harness.run_steps(3);
}

#[test]
fn a_frame_sent_from_the_window_is_seen_in_the_trace_and_by_id_and_silence_ends_it() {
    let mut desk = desk_in(tempfile::tempdir().unwrap());
    desk.console.submit(Intent::ChooseDemo("demo".into()));
    let running = desk.running;
    let console = desk.console;
    let size = [1_440.0, 900.0];
    let mut harness = Harness::builder()
        .with_size(size)
        .build_eframe(|cc| App::new(&cc.egui_ctx, None, Box::new(console)).unwrap());
    until(&mut harness, "CMU 5 cell 5");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    press(&mut harness, "Send");
    until(&mut harness, "is listened to only: arm it first.");
    let arm = harness
        .root()
        .children_recursive()
        .find_map(|node| node.accesskit_node().label().filter(|label| label.starts_with("Arm ")));
    let arm = arm.unwrap();
    press(&mut harness, &arm);
    press(&mut harness, &arm);
    until(&mut harness, "armed, 10 min");
    retype(&mut harness, "Id", "321");
    retype(&mut harness, "Bytes", "C0 FF EE");
    press(&mut harness, "Send once");
    press(&mut harness, "Trace");
    retype(&mut harness, "Filter the trace", "id:321");
    until(&mut harness, "0x321  tx C0 FF EE");
    press(&mut harness, "By id");
    until(&mut harness, "0x321 unknown message, tx on");
    press(&mut harness, "Send");
    retype(&mut harness, "Milliseconds between two", "10");
    press(&mut harness, "Start the schedule");
    until(&mut harness, "Schedule 0x321 on");
    until(&mut harness, "running");
    harness.key_press(Key::F11);
    until(&mut harness, "stopped: silenced by");
    until(&mut harness, "is listened to only: arm it first.");
    drop(harness);
    drop(running);
}
