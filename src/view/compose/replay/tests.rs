//! Replays as people make them up and see them.

use std::sync::Arc;

use super::*;
use crate::base::problem::Severity;
use crate::engine::ReplayOdd;
use crate::engine::testing::local_session;
use crate::engine::testing::plant::Plant;

fn snapshot() -> Snapshot {
    let scene = Plant::of("demo");
    Snapshot::clone(&scene.hub.snapshot(scene.now()))
}

fn prefs(snapshot: &Snapshot) -> ReplayPrefs {
    ReplayPrefs {
        file: "/logs/drive day.log".to_owned(),
        bus: snapshot.buses[0].name.to_string(),
        ..ReplayPrefs::default()
    }
}

fn plan(snapshot: &Snapshot, prefs: &ReplayPrefs) -> Result<StartReplay, String> {
    planned(snapshot, prefs, PathBuf::from(&prefs.file))
}

#[test]
fn what_was_typed_becomes_a_replay() {
    let snapshot = snapshot();
    let wanted = ReplayPrefs {
        speed: "10x".to_owned(),
        again: true,
        filter: "id:600..6FF".to_owned(),
        ids: "0x600-0x6FF=0x200, 123=456".to_owned(),
        buses: format!("can1={}", snapshot.buses[0].name),
        from: "1,5".to_owned(),
        to: "20".to_owned(),
        gap: "3".to_owned(),
        ..prefs(&snapshot)
    };
    let order = plan(&snapshot, &wanted).unwrap();
    assert_eq!((order.name.as_str(), order.plan.times), ("drive day", None));
    assert_eq!(order.plan.speed, Speed::Factor(10.0));
    assert_eq!(order.plan.from, Some(Duration::from_millis(1500)));
    assert_eq!((order.plan.ids.len(), order.named.len()), (2, 1));
    assert_eq!((order.keeps, order.begins), (Keeps::WithSession, Begins::Playing));
}

#[test]
fn what_cannot_be_is_said_in_a_sentence() {
    let snapshot = snapshot();
    let usual = prefs(&snapshot);
    let said = |prefs: ReplayPrefs| plan(&snapshot, &prefs).unwrap_err();
    let text = str::to_owned;
    assert!(said(ReplayPrefs { file: text(" "), ..usual.clone() }).contains("Choose a recording"));
    assert!(said(ReplayPrefs { bus: text("x"), ..usual.clone() }).contains("Choose a bus"));
    assert!(said(ReplayPrefs { from: text("soon"), ..usual.clone() }).contains("no beginning"));
    assert!(said(ReplayPrefs { ids: text("1"), ..usual.clone() }).contains("maps no id"));
    assert!(said(ReplayPrefs { buses: text("can1"), ..usual.clone() }).contains("maps no bus"));
    assert!(said(ReplayPrefs { filter: text("id:"), ..usual.clone() }).contains("filter"));
    assert!(said(ReplayPrefs { name: text("a/b"), ..usual.clone() }).contains("The name"));
    assert!(said(ReplayPrefs { speed: text("0x"), ..usual }).contains("0.1 to 100"));
}

#[test]
fn a_row_says_where_it_stands_how_late_it_was_and_what_was_not_sent() {
    let mut snapshot = snapshot();
    let order = plan(&snapshot, &prefs(&snapshot)).unwrap();
    let mut figures = ReplayFigures { sent: 12_345, ..ReplayFigures::default() };
    figures.refused.count(ReplayRefusal::Blocked);
    figures.late_p50 = Duration::from_micros(20);
    figures.late_p99 = Duration::from_micros(110);
    figures.late_max = Duration::from_millis(3);
    figures.behind = Duration::from_secs(2);
    let problem =
        Problem { line: 7, severity: Severity::Error, text: "this is no frame".to_owned() };
    let progress = ReplayProgress {
        start: crate::base::time::Mono::ZERO,
        timebase: crate::base::time::Timebase::default(),
        position: Duration::from_secs(15),
        length: Some(Duration::from_secs(60)),
        length_known: EndKnown::Exactly,
        state: PlayState::Playing,
        why: None,
        speed: Speed::Factor(10.0),
        times: None,
        rounds: 2,
        figures,
        bus_names: Vec::new(),
        odd: ReplayOdd { skipped: 1234, problems: vec![problem] },
    };
    let mut one = ReplayPicture {
        name: order.name,
        file: order.file,
        bus: snapshot.buses[0].id,
        named: Vec::new(),
        plan: order.plan,
        filter: String::new(),
        keeps: Keeps::WithSession,
        by: "ada".to_owned(),
        state: ReplayState::Ready,
        progress: Some(progress),
        is_of_now: true,
    };
    snapshot.replays = vec![Arc::new(one.clone())];
    let session = local_session();
    let view = replays(&snapshot, &session, &prefs(&snapshot));
    let row = &view.rows[0];
    assert_eq!((row.state.as_str(), row.toggle.label.as_str()), ("playing", "Pause"));
    assert_eq!((row.position.as_str(), row.length.as_str()), ("0:15.0", "1:00.0"));
    assert!((row.fraction - 0.25).abs() < 1e-9);
    assert_eq!(row.jitter, "late by 0.020 ms, 99 % within 0.110 ms, at most 3.000 ms");
    assert!(row.remarks[0].1.contains("cannot keep up: 2.0 s behind"));
    assert!(row.remarks[1].1.contains("1 not sent: reserved for setting devices up"));
    let skipped =
        "1\u{a0}234 lines or parts of the recording were skipped: line 7: this is no frame";
    assert_eq!(row.remarks[2], (Tone::Warning, skipped.to_owned()));
    assert_eq!((row.rounds.as_str(), row.again), ("2 rounds", true));
    assert!(row.stop.is_some() && row.forget.is_none() && view.start.is_open());
    one.state = ReplayState::Stopped("silenced by ada".to_owned());
    snapshot.replays = vec![Arc::new(one)];
    let row = &replays(&snapshot, &session, &prefs(&snapshot)).rows[0];
    assert_eq!(row.state, "stopped: silenced by ada");
    assert!(row.stop.is_none() && row.forget.is_some() && !row.toggle.is_open());
    assert!(row.again_from_start.as_ref().is_some_and(Offer::is_open));
    // A second one of the same recording has a name of its own.
    assert_eq!(plan(&snapshot, &prefs(&snapshot)).unwrap().name.as_str(), "drive day 2");
}
