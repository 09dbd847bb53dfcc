//! Reports of charges, saved from the real window on a real engine with a store of its own.

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::tests::{Desk, desk_in};
use crate::base::time::{FakeClock, Wall};
use crate::desktop::app::App;
use crate::desktop::fixture::keys;
use crate::desktop::source::{Intent, Source as _};
use crate::engine::testing::records::{Keep, Opener, Store};
use crate::engine::{ChargeReport, ReportPoint};

/// A charge of yesterday in the store of `folder`.
fn keep_a_charge(folder: &std::path::Path) -> ChargeReport {
    let started = 1_790_000_000_000;
    let point = |seconds: f64| ReportPoint {
        seconds,
        amps: Some(17.5),
        volts: Some(145.0 + seconds / 100.0),
        ..ReportPoint::default()
    };
    let charge = ChargeReport {
        id: started,
        pack: "Solar car".into(),
        charger: "Elcon".into(),
        by: "ada".into(),
        face: "desktop".into(),
        started_ms: started as i64,
        ended_ms: Some(started as i64 + 3_600_000),
        outcome: "complete".into(),
        outcome_words: "Done: the pack is full.".into(),
        pace: 1.0,
        ah: 12.5,
        kwh: 1.75,
        curve: vec![point(0.0), point(1_800.0), point(3_600.0)],
        ..ChargeReport::default()
    };
    let clock = FakeClock::new(Wall::from_nanos(1_790_000_000_000_000_000));
    let opener = Opener::Engine { face: "the window" };
    let (store, _) = Store::open(folder, opener, clock, Box::new(|_| {})).unwrap();
    store.keep(Keep::Charge(Box::new(charge.clone())));
    drop(store);
    charge
}

/// Lets the window run until it shows `wanted`: what it waits for is done on other threads.
#[track_caller]
fn until_shown(harness: &mut Harness<'_, App>, wanted: &str) {
    for _ in 0..4_000 {
        harness.step();
        if harness.query_all_by_label_contains(wanted).next().is_some() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the window never shows {wanted:?}");
}

/// Presses a button as a hand does: what lay over it a moment ago is gone first.
fn press(harness: &mut Harness<'_, App>, label: &str) {
    harness.run_steps(3);
    harness.get_by_label(label).hover();
    harness.run_steps(2);
    harness.get_by_label(label).click();
    harness.run_steps(2);
}

#[test]
fn the_reports_of_a_charge_are_saved_from_the_window_as_files() {
    let folder = tempfile::tempdir().unwrap();
    keep_a_charge(folder.path());
    let desk = desk_in(folder);
    let Desk { mut console, folder, running, .. } = desk;
    console.submit(Intent::ChooseDemo("demo".to_owned()));
    let mut harness = Harness::builder()
        .with_size([1_440.0, 900.0])
        .with_max_steps(12)
        .build_eframe(|cc| App::new(&cc.egui_ctx, None, Box::new(console)).unwrap());
    harness.step();
    harness.key_press_modifiers(keys::Modifiers::COMMAND, keys::Key::Num2);
    until_shown(&mut harness, "Later");
    press(&mut harness, "Later");
    press(&mut harness, "Past charges");
    until_shown(&mut harness, "Solar car");
    let forms = [("Page", "report.html"), ("CSV", "report.csv"), ("Plot as CSV", "plot.csv")];
    for (form, file) in forms {
        let path = folder.path().join(file);
        let buttons = harness.query_all_by_role(keys::Role::Button);
        let name = buttons
            .filter_map(|node| node.accesskit_node().label())
            .find(|label| {
                label.starts_with("Save the report of") && label.ends_with(&format!("as {form}"))
            })
            .expect("a button for this form");
        press(&mut harness, &name);
        until_shown(&mut harness, "Path of the report");
        press(&mut harness, "Path of the report");
        harness.get_by_label("Path of the report").type_text(&path.display().to_string());
        harness.step();
        press(&mut harness, "Save");
        until_shown(&mut harness, &format!("The report was saved in {}.", path.display()));
        let text = std::fs::read_to_string(&path).unwrap();
        match form {
            "Page" => {
                assert!(text.starts_with("<!DOCTYPE html>") && text.contains("Solar car"));
                assert!(text.contains("<svg") && text.contains("12.500 Ah"), "{text}");
            }
            "CSV" => assert!(text.contains("Solar car") && text.contains("12.5"), "{text}"),
            _ => assert_eq!(text.lines().count(), 4, "a head and three points: {text}"),
        }
    }
    drop(harness);
    drop(running);
}
