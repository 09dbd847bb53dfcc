//! What is shown of charges at every stage, and what is made of typed set points.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::engine::testing::{golden, local_session, remote_session};
use crate::engine::{ChargeRules, Right, Session, SetPoints, Snapshot};
use crate::view::charge::{ChargePrefs, ChargeView, Leaving, SafetyText};
use crate::view::compose::charge::{alerts, charge, chip, closing, stop, typed};
use crate::view::fixtures::{Stage, charging};
use crate::view::offer::{Grave, Offer};

fn read() -> ChargePrefs {
    ChargePrefs { safety: SafetyText::Read, ..ChargePrefs::default() }
}

fn page(snapshot: &Snapshot, prefs: &ChargePrefs, session: &Session) -> ChargeView {
    charge(snapshot, prefs, session, &TimeZone::UTC)
}

fn local(stage: Stage) -> ChargeView {
    page(&charging(stage), &read(), &local_session())
}

fn offer(offer: &Offer) -> String {
    match &offer.why_not {
        None => format!("[{}]", offer.label),
        Some(why) => format!("({}: {why})", offer.label),
    }
}

fn grave(grave: &Grave) -> String {
    let question = &grave.question;
    format!(
        "{}\n    {} {} [{}]",
        offer(&grave.offer),
        question.title,
        question.text,
        question.confirm
    )
}

fn text(view: &ChargeView) -> String {
    let mut text = format!("{} with {}\n", view.pack, view.charger);
    let mut line = |said: String| writeln!(text, "{}", said.trim_end()).unwrap();
    let steps = view.steps.iter().map(|step| match step.now {
        true => format!("<{} {:?}>", step.label, step.tone),
        false => step.label.clone(),
    });
    line(steps.collect::<Vec<_>>().join(" > "));
    line(format!("state [{:?}] {}", view.state.1, view.state.0));
    line(format!("line {}", view.line));
    line(format!("governs {}", view.governs));
    if !view.empty.is_empty() {
        line(format!("empty {}", view.empty));
    }
    for field in &view.fields {
        let (range, origin) = (&field.range, &field.origin);
        line(format!("{}: {} {} ({range}, {origin})", field.label, field.text, field.unit));
    }
    for shown in &view.charger_lines {
        line(format!("charger {}: {} [{:?}]", shown.label, shown.text, shown.tone));
    }
    line(format!("{}: {}", view.checks_title, view.checks_word.0));
    for check in &view.checks {
        line(format!("[{:?}] {}: {} {}", check.tone, check.label, check.text, check.why));
    }
    view.latches.iter().for_each(|latch| line(format!("latched {latch}")));
    for (label, shown) in
        [("left", &view.left), ("ah", &view.ah), ("kwh", &view.kwh), ("elapsed", &view.elapsed)]
    {
        line(format!("{label}: {} {}", shown.line(), shown.note));
    }
    for curve in &view.curve.lines {
        line(format!("{}: {} points, now {}", curve.label, curve.values.len(), curve.now));
    }
    view.log.iter().for_each(|log| line(format!("{} {}", log.at, log.text)));
    line(grave(&view.start));
    line(grave(&view.engage));
    line([&view.stop, &view.apply, &view.clear].map(offer).join(" "));
    if let Some(demo) = &view.demo {
        line(format!("demo {} {}", offer(&demo.offer), demo.text));
    }
    text
}

#[test]
fn every_stage_of_a_charge_is_shown_as_agreed() {
    for stage in Stage::ALL {
        let name = format!("{stage:?}").to_lowercase();
        golden(&format!("view/charge-{name}.txt"), &text(&local(stage)));
    }
}

#[test]
fn who_may_not_charge_sees_everything_and_may_still_stop() {
    let session = remote_session(&[]);
    let view = page(&charging(Stage::Idle), &read(), &session);
    let why = view.start.offer.why_not.unwrap();
    assert!(why.to_lowercase().contains("charge battery packs"), "{why}");
    assert!(!view.engage.offer.is_open() && !view.apply.is_open());
    let snapshot = charging(Stage::Charging);
    assert!(page(&snapshot, &read(), &session).stop.is_open());
    assert!(stop(&snapshot, &session).unwrap().is_open());
}

#[test]
fn nothing_is_started_before_the_safety_text_was_read() {
    let view = page(&charging(Stage::Idle), &ChargePrefs::default(), &local_session());
    assert_eq!(view.start.offer.why_not.as_deref(), Some("Read the safety text first."));
    assert!(view.safety_text.contains("The BMS is the safety device"));
    assert_eq!(local(Stage::Idle).safety_text, "");
}

#[test]
fn a_stop_at_the_machine_is_cleared_there_and_not_from_the_web() {
    let snapshot = charging(Stage::Stopped);
    assert!(local(Stage::Stopped).clear.is_open());
    let remote = page(&snapshot, &read(), &remote_session(&[Right::ChargePacks]));
    assert!(remote.clear.why_not.unwrap().contains("only there"));
    assert!(remote.start.offer.why_not.unwrap().contains("cleared only there"));
}

#[test]
fn a_charge_from_a_page_says_whether_it_outlives_it() {
    let session = remote_session(&[Right::ChargePacks]);
    let said = |leaving| {
        let prefs = ChargePrefs { leaving, ..read() };
        page(&charging(Stage::Idle), &prefs, &session).start.question.text
    };
    assert!(said(Leaving::GoesOn).contains("goes on when this page is closed"));
    assert!(said(Leaving::Stops).contains("stops when this browser has shown no page"));
}

#[test]
fn the_question_names_what_was_typed_and_a_bad_field_shuts_the_start() {
    let typed = |field: &str, text: &str| ChargePrefs {
        typed: BTreeMap::from([(field.to_owned(), text.to_owned())]),
        ..read()
    };
    let snapshot = charging(Stage::Idle);
    let view = page(&snapshot, &typed("current_a", "14"), &local_session());
    let question = view.start.question.text;
    assert!(question.contains("at up to 14.0 A, until 90 % SoC"), "{question}");
    for (field, text) in [("current_a", "21"), ("soc_percent", "50"), ("cell_mv", "")] {
        let view = page(&snapshot, &typed(field, text), &local_session());
        let error = view.fields.iter().find(|shown| shown.field == field).unwrap().error.clone();
        assert!(!error.is_empty(), "{field}");
        assert_eq!(view.start.offer.why_not, Some(error));
    }
}

#[test]
fn only_what_charges_brings_the_red_button_and_only_a_fault_an_alert() {
    let session = local_session();
    for stage in Stage::ALL {
        let snapshot = charging(stage);
        let runs = snapshot.charges.iter().any(|picture| picture.state.is_running());
        assert_eq!(stop(&snapshot, &session).is_some(), runs, "{stage:?}");
        assert_eq!(chip(&snapshot).is_some(), runs, "{stage:?}");
        assert_eq!(closing(&snapshot).is_some(), runs, "{stage:?}");
        assert_eq!(alerts(&snapshot).len(), usize::from(stage == Stage::Fault), "{stage:?}");
    }
}

fn all(fields: &[(&str, &str)]) -> Result<SetPoints, Vec<String>> {
    let rules = ChargeRules::default();
    let set = SetPoints::usual(&rules);
    let fields: BTreeMap<&str, &str> = fields.iter().copied().collect();
    typed(&set, &rules, &|name| fields.get(name).copied())
        .map_err(|bad| bad.iter().map(ToString::to_string).collect())
}

#[test]
fn set_points_are_typed_with_or_without_their_units() {
    let set = all(&[
        ("current_a", " 17.5 A "),
        ("cell_mv", "4.1"),
        ("soc_percent", "90%"),
        ("seconds", "6:30"),
        ("charge_ah", "12 Ah"),
        ("pack_v", ""),
    ])
    .unwrap();
    assert_eq!((set.current.get(), set.cell.get(), set.pack), (17.5, 4_100, None));
    assert_eq!((set.soc.unwrap().get(), set.charge.unwrap().get()), (90.0, 12.0));
    let seconds = |typed| all(&[("seconds", typed)]).unwrap().seconds;
    for (typed, wanted) in [
        ("6:30", 23_400.0),
        ("90 min", 5_400.0),
        ("45 s", 45.0),
        ("1.5", 5_400.0),
        ("2 h", 7_200.0),
    ] {
        assert_eq!(seconds(typed), Some(wanted), "{typed}");
    }
    assert_eq!(seconds(""), None);
    assert_eq!(all(&[("cell_mv", "4100 mV")]).unwrap().cell.get(), 4_100);
}

#[test]
fn every_bad_set_point_gets_its_own_sentence() {
    for (field, typed) in [
        ("current_a", "NaN"),
        ("current_a", "inf"),
        ("current_a", "-3"),
        ("current_a", "17,5"),
        ("current_a", "1e1"),
        ("current_a", "20.1"),
        ("current_a", ""),
        ("cell_mv", "4150"),
        ("cell_mv", "4.151"),
        ("soc_percent", "0"),
        ("soc_percent", "101"),
        ("seconds", "6:75"),
        ("seconds", "-1:30"),
        ("seconds", "-0:30"),
        ("seconds", "soon"),
        ("mains_a", "17"),
    ] {
        let bad = all(&[(field, typed)]).unwrap_err();
        assert_eq!(bad.len(), 1, "{field} {typed}");
    }
    let both = all(&[("current_a", "21"), ("cell_mv", "x")]).unwrap_err();
    assert_eq!(
        both,
        [
            "Max current cannot be 21 A: it is 0.1 to 20 A",
            "Max cell voltage: \u{201c}x\u{201d} is no voltage such as 4.150 V or 4150 mV"
        ]
    );
}
