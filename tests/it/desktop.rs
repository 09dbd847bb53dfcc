//! The window, clicked and typed into as a person would, by accessible name. No display, no GPU.

mod by_id;
mod logs;
mod plots;
mod sizes;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use busbar::desktop::app::App;
use busbar::desktop::fixture::{FixtureSource, World};
use busbar::desktop::pages::{can, start};
use busbar::desktop::shell::{bars, overlay};
use busbar::desktop::source::{Intent, Pace, PlayerIntent};
use busbar::desktop::widgets::filter_box;
use busbar::desktop::widgets::text::CLOSE_NOTE;
use busbar::view::fixtures;
use busbar::view::shown::{Note, Tone};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

pub const LARGE: Vec2 = Vec2::new(1440.0, 900.0);
pub const SMALLEST: Vec2 = Vec2::new(1024.0, 640.0);

pub struct Window {
    pub harness: Harness<'static, App>,
    pub world: Rc<RefCell<World>>,
}

pub fn open(source: FixtureSource, size: Vec2) -> Window {
    let world = Rc::clone(&source.world);
    let mut harness = Harness::builder().with_size(size).with_max_steps(12).build_eframe(|cc| {
        App::new(&cc.egui_ctx, None, Box::new(source)).expect("the tokens are sound")
    });
    harness.run();
    Window { harness, world }
}

fn playing(size: Vec2) -> Window {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().player = Some(fixtures::player());
    open(source, size)
}

impl Window {
    /// Moves the pointer there, as a hand does, and clicks.
    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).hover();
        self.harness.run();
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    /// Lets go of a file over the window.
    pub fn drop_file(&mut self, path: &str) {
        let file: Arc<dyn egui::DroppedFile + Send + Sync> = Arc::new(Dropped(path.into()));
        self.harness.input_mut().dropped_files.push(file);
        self.harness.run();
        self.harness.run();
    }

    /// Waits for what comes from a thread aside.
    pub fn until_it_shows(&mut self, part: &str) {
        for _ in 0..2_000 {
            self.harness.run();
            if self.shows(part) {
                return;
            }
            std::thread::yield_now();
        }
        assert!(self.shows(part), "{part}: {:?}", self.names());
    }

    fn click_containing(&mut self, part: &str) {
        self.harness.get_by_label_contains(part).click();
        self.harness.run();
    }

    pub fn press(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.run();
    }

    pub fn ctrl(&mut self, key: Key) {
        self.harness.key_press_modifiers(Modifiers::COMMAND, key);
        self.harness.run();
    }

    /// Opens a tab of the CAN page, which are one box in a narrow window.
    pub fn can_tab(&mut self, tab: &str) {
        let folded = self.harness.query_by_label("CAN: By id").is_some();
        if folded {
            self.click("CAN: By id");
        }
        self.click(tab);
    }

    pub fn type_into(&mut self, label: &str, text: &str) {
        // The word that stands before a field may be its name too.
        let field = |node: &egui_kittest::Node<'_>| {
            let role = node.accesskit_node().role();
            matches!(role, Role::TextInput | Role::MultilineTextInput | Role::PasswordInput)
        };
        self.harness.get_all_by_label(label).find(field).expect("a field").click();
        self.harness.run();
        self.harness.get_all_by_label(label).find(field).expect("a field").type_text(text);
        self.harness.run();
    }

    pub fn shows(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }

    pub fn count(&self, label: &str) -> usize {
        self.harness.query_all_by_label(label).count()
    }

    pub fn names(&self) -> Vec<String> {
        let nodes = self.harness.root().children_recursive();
        nodes.filter_map(|n| n.accesskit_node().label().or_else(|| n.value())).collect()
    }

    pub fn asked(&self) -> Vec<Intent> {
        self.world.borrow().asked.clone()
    }

    /// The name of the cell map's first cell.
    fn first_cell(&self) -> String {
        self.harness
            .get_all_by_role(Role::GridCell)
            .next()
            .and_then(|n| n.accesskit_node().label())
            .expect("a cell")
    }
}

#[test]
fn at_the_first_start_one_click_opens_the_demo_and_shows_its_cells() {
    let mut window = open(FixtureSource::first_start(), LARGE);
    assert!(window.shows("What would you like to look at?"));
    assert_eq!(window.count("CAN"), 0, "there is no traffic to look at yet");
    window.click("Open the demo");
    assert_eq!(window.asked(), [Intent::ChooseDemo("demo".into())]);
    assert!(window.shows("CMU 5 cell 5"));
    assert_eq!(window.count("CAN"), 1);
}

#[test]
fn at_the_first_start_an_interface_that_was_found_is_used() {
    let mut window = open(FixtureSource::first_start(), SMALLEST);
    assert!(window.shows("up, 500 kbit/s"));
    window.click("Look again");
    window.click("Use can0");
    assert_eq!(window.asked(), [Intent::FindInterfaces, Intent::ChooseInterface("can0".into())]);
}

#[test]
fn a_typed_path_opens_a_recording_with_enter_or_the_button() {
    let mut window = open(FixtureSource::first_start(), LARGE);
    window.click("Play the recording");
    assert_eq!(window.asked(), [], "without a path the button does nothing");
    window.type_into(start::PATH, "/tmp/a drive.log");
    window.press(Key::Enter);
    assert_eq!(window.asked(), [Intent::OpenRecording(PathBuf::from("/tmp/a drive.log"))]);
    assert!(window.shows("a drive.log"), "the player names the file");
    window.click("Open");
    window.click("Play the recording");
    assert_eq!(window.asked().len(), 2, "the path is still there");
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it here".into())
    }
}

#[test]
fn every_page_is_reached_by_click_and_by_key() {
    let mut window = open(FixtureSource::running(38), LARGE);
    let pages = [
        ("CAN", Key::Num3, "BMU heartbeat"),
        ("Parts", Key::Num4, "Nothing was heard for 12 s"),
        ("About", Key::Num9, "The BMS remains the safety device"),
        ("Open", Key::O, "What would you like to look at?"),
        ("Pack", Key::Num1, "Prohelion D1000 Gen 1"),
    ];
    for (entry, _, sentence) in pages {
        window.click(entry);
        assert!(window.shows(sentence), "{entry} by click");
    }
    for (entry, key, sentence) in pages {
        window.ctrl(key);
        assert!(window.shows(sentence), "{entry} by key");
    }
}

#[test]
fn the_pack_page_shows_its_numbers_cells_contactors_and_events() {
    let window = open(FixtureSource::running(38), LARGE);
    for part in [
        "Current: +10.05 A, charging",
        "State of charge: 66.4 %",
        "Run, current state",
        "Measurement untrusted",
        "Last 10 minutes: now",
        "Balance above: 3.72 V",
        "0x600",
        "updated 80 ms ago",
        "CMU 5 cell 6, absent",
    ] {
        assert!(window.shows(part), "{part}");
    }
    let cells = window.harness.get_all_by_role(Role::GridCell).count();
    assert_eq!(cells, 40, "38 cells and two absent places");
}

#[test]
fn a_clicked_cell_shows_its_details_and_arrow_keys_move_on() {
    let mut window = open(FixtureSource::running(38), LARGE);
    let first = window.first_cell();
    assert_eq!(window.count(&first), 1);
    window.click(&first);
    assert_eq!(window.count(&first), 2, "the tile and its details");
    window.press(Key::ArrowRight);
    window.press(Key::ArrowDown);
    assert_eq!(window.count(&first), 1);
    let below = "CMU 2 cell 1,";
    assert_eq!(window.harness.query_all_by_label_contains(below).count(), 2);
    window.press(Key::Escape);
    assert_eq!(window.harness.query_all_by_label_contains(below).count(), 1);
}

#[test]
fn arrow_keys_move_on_the_map_that_was_reached_by_tab() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.harness.get_by_role(Role::Grid).focus();
    window.harness.run();
    for key in [Key::ArrowRight, Key::ArrowDown, Key::ArrowDown, Key::ArrowRight] {
        window.press(key);
    }
    assert_eq!(window.harness.query_all_by_label_contains("CMU 3 cell 1,").count(), 2);
}

#[test]
fn arrow_keys_find_the_cells_without_a_click() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    let first = window.first_cell();
    window.press(Key::ArrowRight);
    assert_eq!(window.count(&first), 2);
}

#[test]
fn the_overview_keeps_every_cell_of_800() {
    let mut window = open(FixtureSource::running(800), SMALLEST);
    window.click("Overview");
    assert_eq!(window.harness.get_all_by_role(Role::GridCell).count(), 800);
    assert!(window.shows("CMU 100 cell 7"));
    window.click("Numbers");
    assert!(window.shows("CMU 100 cell 7"));
}

#[test]
fn another_bms_is_chosen_by_its_tab() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().two_packs = true;
    let mut window = open(source, LARGE);
    assert!(window.shows("nobody sends the vehicle heartbeat"));
    assert!(window.shows("CMU 5 cell 1"));
    window.click("Rear pack");
    assert!(!window.shows("CMU 5 cell 1"));
    assert!(window.shows("CMU 2 cell 4"));
}

#[test]
fn a_pack_never_heard_says_what_would_be_there() {
    let window = open(FixtureSource::running(0), SMALLEST);
    assert!(window.shows("No cell has been heard yet"));
    assert!(window.shows("has not reported its contactors yet"));
}

fn told(text: &str, closable: bool) -> Note {
    Note { tone: Tone::Warning, text: text.into(), closable }
}

#[test]
fn a_message_is_closed_by_its_button_and_by_escape_and_a_lasting_one_stays() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().notes =
        vec![told("can1 is down.", false), told("No such file.", true)];
    let mut window = open(source, SMALLEST);
    assert_eq!(window.count(CLOSE_NOTE), 1, "only what is over can be closed");
    let close = window.harness.get_by_label(CLOSE_NOTE).rect();
    assert!(close.right() <= SMALLEST.x - 28.0, "it makes the page no wider: {close:?}");
    window.click(CLOSE_NOTE);
    assert_eq!(window.asked(), [Intent::DismissNotes]);
    assert!(!window.shows("No such file.") && window.shows("can1 is down."));
    window.press(Key::Escape);
    assert_eq!(window.asked().len(), 1, "there is nothing left to close");

    window.world.borrow_mut().notes.push(told("Still no such file.", true));
    window.world.borrow_mut().version += 1;
    window.harness.run();
    let first = window.first_cell();
    window.click(&first);
    window.ctrl(Key::K);
    window.press(Key::Escape);
    assert!(window.shows("Still no such file."), "Esc closed the palette first");
    window.press(Key::Escape);
    assert!(window.shows("Still no such file."), "then it let go of the cell");
    window.press(Key::Escape);
    assert!(!window.shows("Still no such file."));
}

#[test]
fn a_try_that_fails_leaves_the_open_page_and_says_why_once() {
    let source = FixtureSource::running(38);
    source.world.borrow_mut().refusal = Some("/tmp/none.log: no such file.".into());
    let mut window = open(source, SMALLEST);
    window.ctrl(Key::O);
    window.type_into(start::PATH, "/tmp/none.log");
    window.press(Key::Enter);
    assert_eq!(window.asked(), [Intent::OpenRecording("/tmp/none.log".into())]);
    assert!(window.shows("What would you like to look at?"));
    assert_eq!(window.harness.query_all_by_label_contains("no such file").count(), 1);
    window.world.borrow_mut().refusal = None;
    window.click("Play the recording");
    assert!(window.shows("CMU 5 cell 5"), "what runs now is shown");
}

#[test]
fn a_window_made_small_still_shows_eight_bytes_cycle_and_count() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.press(Key::ArrowDown);
    let rect = |window: &Window, label: &str| window.harness.get_by_label(label).rect();
    let message = |window: &Window| {
        rect(window, "Sort by Dir").left() - rect(window, "Sort by Message").left()
    };
    let wide = message(&window);
    window.harness.set_size(SMALLEST);
    window.harness.run();
    assert!(message(&window) < wide, "the message gives way");
    let between = rect(&window, "Sort by Cycle ms").left() - rect(&window, "Sort by Bus").left();
    assert!(between >= 52.0 + 8.0 + 8.0 * 20.5, "bus and eight bytes have room: {between}");
    let end = rect(&window, "Sort by Count").left() + 50.0;
    let panel = rect(&window, "Bytes: 00 52 46 41 10 27 00 00").left();
    assert!(end < panel, "the count ends at {end}, the signals begin at {panel}");
}

#[test]
fn the_selected_id_keeps_its_bytes_when_the_filter_hides_it() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    window.ctrl(Key::Num3);
    window.press(Key::ArrowDown);
    window.type_into(can::FILTER, "6FA");
    assert!(!window.shows("0x600 BMU heartbeat, rx on demo"), "its row is hidden");
    assert!(window.shows("0x600 · BMU heartbeat"));
    assert_eq!(window.count("Bytes: 00 52 46 41 10 27 00 00"), 1);
}

#[test]
fn no_tip_of_the_page_stays_above_the_palette() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.harness.get_by_label(bars::PALETTE).hover();
    window.harness.run_steps(60);
    assert!(window.shows("Command palette, Ctrl+K"), "{:?}", window.names());
    window.ctrl(Key::K);
    assert!(!window.shows("Command palette, Ctrl+K"));
}

#[test]
fn the_last_speed_is_reached_without_scrolling_its_list() {
    let mut window = playing(SMALLEST);
    window.click("Playing speed");
    window.click("as fast as possible");
    let fastest = Intent::Player(PlayerIntent::Pace(Pace::Fastest));
    assert_eq!(window.asked(), [fastest]);
}

#[test]
fn a_column_sorts_both_ways() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "pack");
    // What may follow lies above the head of the table until it is sent away.
    window.press(Key::Escape);
    let top = |window: &Window, part: &str| window.harness.get_by_label_contains(part).rect().top();
    let soc_first =
        |window: &Window| top(window, "0x6F4 Pack SoC") < top(window, "0x6FA Pack voltage");
    assert!(soc_first(&window));
    window.click("Sort by Count");
    assert!(soc_first(&window), "178 before 1780");
    window.click("Sort by Count");
    assert!(!soc_first(&window), "1780 before 178");
}

#[test]
fn clear_forgets_the_table() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    window.ctrl(Key::Num3);
    window.click("Clear");
    assert_eq!(window.asked(), [Intent::ClearTraffic]);
    assert!(window.shows("Nothing has been heard yet"));
}

#[test]
fn the_palette_finds_an_action_by_a_few_letters() {
    let mut window = open(FixtureSource::running(38), LARGE);
    assert_eq!(window.harness.ctx.theme(), egui::Theme::Dark);
    window.ctrl(Key::K);
    window.harness.get_by_label(overlay::FIELD).type_text("lithe");
    window.harness.run();
    window.press(Key::Enter);
    assert_eq!(window.harness.ctx.theme(), egui::Theme::Light);
    assert_eq!(window.count(overlay::FIELD), 0, "the palette is gone");
    window.click(bars::PALETTE);
    window.press(Key::ArrowDown);
    window.press(Key::ArrowDown);
    window.press(Key::Enter);
    assert!(window.shows("BMU heartbeat"), "the third entry is the CAN page");
    window.ctrl(Key::K);
    // The list is longer than the palette is high.
    window.harness.get_by_label(overlay::FIELD).type_text("weak");
    window.harness.run();
    window.click("Run the demo: weak-cell");
    assert_eq!(window.asked(), [Intent::ChooseDemo("weak-cell".into())]);
}

#[test]
fn escape_closes_what_is_on_top() {
    let mut window = open(FixtureSource::running(38), SMALLEST);
    for key in [Key::F1, Key::K] {
        if key == Key::K {
            window.ctrl(key)
        } else {
            window.press(key)
        }
        let open = window.shows("Command palette: find") || window.count(overlay::FIELD) == 1;
        assert!(open, "{key:?} opens");
        window.press(Key::Escape);
        let open = window.shows("Command palette: find") || window.count(overlay::FIELD) == 1;
        assert!(!open, "Esc closes what {key:?} opened");
    }
}

#[test]
fn a_recording_is_paused_by_button_and_by_space_but_not_while_typing() {
    let mut window = playing(SMALLEST);
    let toggle = Intent::Player(PlayerIntent::Toggle);
    assert!(window.shows("2 of 81 402 lines were skipped"));
    window.click("Pause");
    assert_eq!(window.count("Play"), 1);
    window.press(Key::Space);
    assert_eq!(window.count("Pause"), 1);
    assert_eq!(window.asked(), [toggle.clone(), toggle.clone()]);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "cmu");
    window.press(Key::Space);
    assert_eq!(window.asked(), [toggle.clone(), toggle]);
}

#[test]
fn a_recording_is_wound_and_its_speed_chosen() {
    let mut window = playing(LARGE);
    window.harness.get_by_label("Position in the recording").set_value_accesskit(0.5);
    window.harness.run();
    assert_eq!(window.asked(), [Intent::Player(PlayerIntent::Seek(92.0))]);
    assert!(window.shows("1:32.0"));
    window.click("Playing speed");
    window.click("10×");
    let fast = Intent::Player(PlayerIntent::Pace(Pace::Times(10.0)));
    assert_eq!(window.asked().last(), Some(&fast));
}

#[test]
fn theme_and_size_are_set_on_the_about_page() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.click("About");
    window.click("Light theme");
    assert_eq!(window.harness.ctx.theme(), egui::Theme::Light);
    window.click("Dark theme");
    assert_eq!(window.harness.ctx.theme(), egui::Theme::Dark);
    window.click("Larger");
    assert!((window.harness.ctx.zoom_factor() - 1.1).abs() < 0.001);
    window.click("Normal size");
    assert!((window.harness.ctx.zoom_factor() - 1.0).abs() < 0.001);
    assert!(window.shows("JetBrains Mono — numbers, ids and bytes, SIL Open Font License 1.1"));
}

#[test]
fn a_still_picture_asks_for_no_frame_and_for_no_view() {
    let mut window = open(FixtureSource::running(112), LARGE);
    let looks = window.world.borrow().looks.get();
    // `run` fails by itself where the window keeps asking for frames.
    for at in 0..20_u8 {
        window.harness.hover_at(egui::pos2(300.0 + f32::from(at) * 20.0, 400.0));
        window.harness.run();
    }
    assert_eq!(window.world.borrow().looks.get(), looks, "the mouse alone changes no view");
    window.world.borrow_mut().version += 1;
    window.harness.run();
    assert_eq!(window.world.borrow().looks.get(), looks + 1);
}

/// The part of it that the scrolled panels around it let through.
pub fn in_sight(node: &egui_kittest::Node<'_>) -> Option<egui::Rect> {
    let mut rect = node.rect();
    let mut around = node.parent();
    while let Some(parent) = around {
        if parent.accesskit_node().clips_children() {
            rect = rect.intersect(parent.rect());
        }
        around = parent.parent();
    }
    rect.is_positive().then_some(rect)
}

/// What must not overlap: texts and things to press that stand in the window.
pub fn overlaps(window: &Window, size: Vec2) -> Vec<String> {
    let whole = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
    let roles =
        [Role::Label, Role::Button, Role::Tab, Role::GridCell, Role::TextInput, Role::Slider];
    let mut seen: Vec<(egui::Rect, String)> = Vec::new();
    let mut found = Vec::new();
    for node in window.harness.root().children_recursive() {
        let shown = node.accesskit_node();
        let name = shown.label().or_else(|| shown.value()).unwrap_or_default();
        if !roles.contains(&shown.role()) || name.is_empty() || shown.raw_bounds().is_none() {
            continue;
        }
        let Some(rect) = in_sight(&node) else { continue };
        // What a scroll area hides keeps its place below the window's bottom line.
        if rect.bottom() > size.y - 26.0 && shown.role() != Role::Tab {
            continue;
        }
        // The table scrolls sideways in a narrow window, its head with it.
        if name.starts_with("Sort by") && size.x < SMALLEST.x {
            continue;
        }
        if rect.left() < -0.5 || rect.top() < -0.5 || rect.right() > size.x + 0.5 {
            found.push(format!("{name:?} at {rect:?} leaves the window {whole:?}"));
        }
        for (other, label) in &seen {
            let both = rect.intersect(*other);
            if both.width() > 1.5 && both.height() > 1.5 {
                found.push(format!("{name:?} {rect:?} overlaps {label:?} {other:?}"));
            }
        }
        seen.push((rect, name));
    }
    assert!(seen.len() > 5, "the page is not empty");
    found
}
