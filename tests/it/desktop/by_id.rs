//! The table by id: its signals and its filter.

use std::collections::BTreeMap;

use busbar::view::filter::{FilterAsk, SavedFilter};

use super::*;

#[test]
fn an_id_shows_its_signals_by_click_and_by_arrow_keys() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    assert!(window.shows("Choose an id"));
    window.press(Key::ArrowDown);
    assert!(window.shows("0x600 · BMU heartbeat"));
    window.type_into(can::FILTER, "6FA");
    window.click_containing("0x6FA Pack voltage/current, rx on demo");
    assert!(window.shows("PackVoltage: 142.410 V"));
    window.click("Close the signals");
    assert!(window.shows("Choose an id"));
}

#[test]
fn the_filter_keeps_what_fits_and_says_so_when_nothing_does() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.ctrl(Key::F);
    window.harness.get_by_label(can::FILTER).type_text("heartbeat");
    window.harness.run();
    assert!(window.shows("0x600 BMU heartbeat"));
    assert!(!window.shows("CMU 1 status"));
    assert!(window.shows("1 of 49 ids"));
    window.harness.get_by_label(can::FILTER).type_text(" of nobody");
    window.harness.run();
    assert!(window.shows("None of the 49 ids fits"), "{:?}", window.names());
    window.click("Clear the filter");
    assert!(window.shows("CMU 1 status"));
}

#[test]
fn what_is_typed_in_the_filter_is_completed_by_keys() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "msg:hea");
    assert!(window.shows("\"BMU heartbeat\""), "{:?}", window.names());
    window.press(Key::Tab);
    assert!(window.shows("1 of 49 ids"), "{:?}", window.names());
    window.harness.get_by_label(can::FILTER).type_text(" or dir:");
    window.harness.run();
    assert!(window.shows("sent by this program"));
    window.press(Key::ArrowDown);
    window.press(Key::ArrowUp);
    window.press(Key::Tab);
    assert!(window.shows("49 of 49 ids"), "received ones are all there are");
}

#[test]
fn a_mistake_in_the_filter_is_told_with_its_place_and_mended_by_a_button() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "mgs:cmu*");
    assert!(window.shows("There is no term `mgs:`; did you mean `msg:`?"));
    assert!(window.shows("Here: mgs:") && window.shows("49 of 49 ids"), "nothing is hidden");
    window.click("Use msg:cmu*");
    assert!(window.shows("42 of 49 ids"), "{:?}", window.names());
    assert!(!window.shows("Here: "));
}

#[test]
fn a_filter_is_kept_by_a_name_and_taken_again() {
    let mut window = open(FixtureSource::running(38), LARGE);
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "id:6FA");
    window.click(filter_box::KEPT);
    assert!(window.shows("None yet."));
    window.type_into(filter_box::KEEP_AS, "Only volts");
    window.click("Keep");
    assert!(window.shows("Forget Only volts"));
    assert!(window.shows("Filter \u{201c}Only volts\u{201d} is kept."), "{:?}", window.names());
    window.press(Key::Escape);
    window.click("Clear the filter");
    assert!(window.shows("49 of 49 ids"));
    window.click(filter_box::KEPT);
    window.click("Only volts");
    assert!(window.shows("1 of 49 ids"), "{:?}", window.names());
    window.click(filter_box::KEPT);
    window.click("Forget Only volts");
    assert!(window.shows("Filter \u{201c}Only volts\u{201d} is forgotten."));
    assert!(window.shows("None yet."), "{:?}", window.names());
}

/// What a window remembers.
#[derive(Clone, Default)]
struct Remembered(BTreeMap<String, String>);

impl eframe::Storage for Remembered {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

#[test]
fn filters_that_a_window_kept_itself_are_taken_over_and_then_forgotten_by_it() {
    let mut remembered = Remembered::default();
    let filter = SavedFilter { name: "Old".into(), text: "id:6FA".into() };
    let kept = "(traffic: (saved: [(name: \"Old\", text: \"id:6FA\")]))";
    remembered.0.insert("window".into(), kept.into());
    let source = FixtureSource::running(38);
    let (world, storage) = (Rc::clone(&source.world), remembered.clone());
    let mut harness = Harness::builder().with_size(LARGE).with_max_steps(12).build_eframe(|cc| {
        App::new(&cc.egui_ctx, Some(&storage), Box::new(source)).expect("the tokens are sound")
    });
    harness.run();
    let mut window = Window { harness, world };
    let taken =
        Intent::Filter(FilterAsk::TakeOver { earlier: vec![filter.clone()], told: Vec::new() });
    assert_eq!(window.asked(), [taken]);
    assert_eq!(window.world.borrow().filters, [filter]);
    window.ctrl(Key::Num3);
    window.click(filter_box::KEPT);
    window.click("Old");
    assert!(window.shows("1 of 49 ids"), "{:?}", window.names());
    eframe::App::save(window.harness.state_mut(), &mut remembered);
    let said = &remembered.0["window"];
    assert!(!said.contains("Old"), "{said}");
}

#[test]
fn a_filter_that_cannot_be_taken_over_is_told_of_once_and_tried_again() {
    let mut remembered = Remembered::default();
    let kept = "(traffic: (saved: [(name: \"Odd\", text: \"id:zz\")]))";
    remembered.0.insert("window".into(), kept.into());
    for told in [vec![], vec!["Odd".to_owned()]] {
        let source = FixtureSource::running(38);
        source.world.borrow_mut().refusal = Some("It cannot be read.".into());
        let (world, storage) = (Rc::clone(&source.world), remembered.clone());
        let builder = Harness::builder().with_size(LARGE).with_max_steps(12);
        let mut harness = builder.build_eframe(|cc| {
            App::new(&cc.egui_ctx, Some(&storage), Box::new(source)).expect("the tokens are sound")
        });
        harness.run();
        let mut window = Window { harness, world };
        let earlier = vec![SavedFilter { name: "Odd".into(), text: "id:zz".into() }];
        assert_eq!(window.asked(), [Intent::Filter(FilterAsk::TakeOver { earlier, told })]);
        eframe::App::save(window.harness.state_mut(), &mut remembered);
    }
}

#[test]
fn the_name_of_a_filter_that_is_refused_stays_where_it_was_typed() {
    let mut window = open(FixtureSource::running(38), LARGE);
    let named = |window: &Window| {
        window.harness.get_by_label(filter_box::KEEP_AS).value().unwrap_or_default()
    };
    window.ctrl(Key::Num3);
    window.type_into(can::FILTER, "id:6FA");
    window.click(filter_box::KEPT);
    window.world.borrow_mut().refusal = Some("The disk is full.".into());
    window.type_into(filter_box::KEEP_AS, "Only volts");
    window.click("Keep");
    assert!(window.shows("The disk is full."), "{:?}", window.names());
    assert_eq!(named(&window), "Only volts");
    window.world.borrow_mut().refusal = None;
    window.click("Keep");
    assert!(window.shows("Forget Only volts"), "{:?}", window.names());
    assert_eq!(named(&window), "", "it is kept");
}
