//! Rules that are changed while the hub runs: what is taken, what is refused, what is written.

use std::time::Duration;

use super::*;
use crate::base::time::Mono;
use crate::engine::access::grant::LocalSeat;
use crate::engine::access::permission::{ChangeSettings, ChargePacks};
use crate::engine::charge::{Lease, SetPoints};
use crate::engine::device::Catalog;
use crate::engine::hub::{Event, Hub};
use crate::engine::orders::charging::{Charging as ChargeOrder, Confirm, SetDemo, StartCharge};
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::{Admitted, Answer};
use crate::engine::profile::model::Profile;
use crate::engine::testing::plant::Plant as Scene;

const FILE: &str = "/profiles/a.toml";
const TEXT: &str = "name = \"a\"\n[charge]\nmatch_v = 5 # ours\n";

/// A hub on a clock that stands still.
struct House {
    hub: Hub,
    effects: Vec<Effect>,
}

const NOW: Now = Now { mono: Mono::ZERO, wall: Wall::from_nanos(1_000_000_000) };

impl House {
    /// With a profile that is kept in a file.
    fn kept() -> Self {
        let mut profile = Profile::for_interface("can0").unwrap();
        profile.charge.set(Key::Match, 5.0).unwrap();
        let order = ActivateProfile::of(profile);
        Self::of(ActivateProfile { file: Some(FILE.into()), text: Some(TEXT.into()), ..order })
    }

    fn of(order: ActivateProfile) -> Self {
        let mut hub = Hub::new(Arc::new(Catalog::builtin()), NOW);
        let mut effects = Vec::new();
        hub.activate(order, &mut effects).unwrap();
        Self { hub, effects: Vec::new() }
    }

    fn set(&mut self, key: Key, value: Option<f64>) {
        self.give(SetChargeRule { key, value, expected: None });
    }

    fn give(&mut self, order: SetChargeRule) {
        let session = LocalSeat::new().sit(Face::Desktop);
        let grant = session.permit(ChangeSettings).unwrap();
        let order = Admitted::new(&grant, Command::Rule(order), (Face::Desktop, None));
        let reply = Reply::new(drop);
        self.hub.step(NOW, Event::Order { order, reply }, &mut self.effects);
    }

    fn kept_now(&mut self, number: u64, outcome: Result<(), String>) {
        self.hub.step(NOW, Event::Kept { number, outcome }, &mut self.effects);
    }

    /// What is asked to be written, since this was last asked.
    fn job(&mut self) -> Option<KeepProfile> {
        let at = self.effects.iter().position(|one| matches!(one, Effect::KeepProfile(_)))?;
        match self.effects.remove(at) {
            Effect::KeepProfile(job) => Some(job),
            _ => None,
        }
    }

    fn answer(&mut self) -> Option<Answer> {
        let at = self.effects.iter().position(|one| matches!(one, Effect::Answer(..)))?;
        match self.effects.remove(at) {
            Effect::Answer(_, answer) => Some(answer),
            _ => None,
        }
    }

    fn refused(&mut self) -> String {
        self.answer().expect("an answer").unwrap_err().to_string()
    }

    fn rules(&self) -> Rules {
        self.hub.snapshot(NOW).rules.rules
    }

    fn version(&self) -> i64 {
        self.hub.snapshot(NOW).rules.version
    }

    fn lines(&self) -> Vec<&Entry> {
        let lines = self.effects.iter();
        lines
            .filter_map(|one| match one {
                Effect::Journal(entry) => Some(&**entry),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_change_is_in_force_once_it_is_written_and_its_line_says_from_what_to_what() {
    let mut house = House::kept();
    let version = house.version();
    house.set(Key::CellMax, Some(4100.0));
    let job = house.job().expect("something to write");
    assert_eq!(job.file.to_str(), Some(FILE));
    assert_eq!((&*job.before, &*job.text), (TEXT, &*format!("{TEXT}cell_max_mv = 4100\n")));
    assert!(house.answer().is_none() && house.rules().get(Key::CellMax) == 4150.0);
    assert!(house.lines().is_empty());
    house.kept_now(job.number, Ok(()));
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert_eq!(house.rules().get(Key::CellMax), 4100.0);
    assert_eq!(house.rules().origin(Key::CellMax), Origin::Profile);
    assert_ne!(house.version(), version);
    let [line] = house.lines()[..] else { panic!("one line") };
    assert_eq!((line.action, &*line.target, line.face), ("charge_rule", "cell_max_mv", "desktop"));
    assert_eq!(line.before, Some(serde_json::json!({"cell_max_mv": 4150.0})));
    assert_eq!(line.after, Some(serde_json::json!({"cell_max_mv": 4100.0})));
    let note = line.note.as_deref().unwrap_or_default();
    assert!(note.contains("4100 mV now, before 4150 mV") && note.contains(FILE), "{note}");
    // And back again, from the text that is there now.
    house.set(Key::CellMax, None);
    let job = house.job().expect("something to write");
    assert_eq!(&*job.text, TEXT);
    house.kept_now(job.number, Ok(()));
    assert_eq!(house.rules().origin(Key::CellMax), Origin::Usual);
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence_and_nothing_is_written() {
    let mut house = House::kept();
    for value in [f64::NAN, f64::INFINITY, -1.0, 4250.5, 1999.0] {
        house.set(Key::CellMax, Some(value));
        let said = house.refused();
        assert!(said.ends_with("it is 2000 to 4250 mV"), "{said}");
    }
    house.set(Key::CellMin, Some(3600.0));
    let job = house.job().expect("in order by itself");
    house.kept_now(job.number, Ok(()));
    assert!(matches!(house.answer(), Some(Ok(()))));
    house.set(Key::CellMax, Some(3600.0));
    assert_eq!(house.refused(), "cell_min_mv must be below cell_max_mv");
    let expected = Some(house.version() - 1);
    house.give(SetChargeRule { key: Key::CellMax, value: None, expected });
    assert!(house.refused().contains("changed by somebody else meanwhile"));
    assert!(house.job().is_none());
    assert_eq!((house.rules().get(Key::CellMax), house.lines().len()), (4150.0, 1));
}

#[test]
fn what_cannot_be_written_does_not_come_into_force() {
    let mut house = House::kept();
    house.set(Key::CellMax, Some(4100.0));
    let job = house.job().expect("something to write");
    // Meanwhile another change waits its turn, and so does a start.
    house.set(Key::Match, Some(3.0));
    assert_eq!(house.refused(), WRITING);
    assert_eq!(house.hub.snapshot(NOW).rules.why_not.as_deref(), Some(WRITING));
    house.kept_now(job.number + 1, Ok(()));
    assert!(house.answer().is_none(), "the word of another writing is nothing");
    house.kept_now(job.number, Err("the disk is full".into()));
    assert_eq!(house.refused(), "the rule stays as it was: the disk is full");
    assert_eq!((house.rules().get(Key::CellMax), house.lines().len()), (4150.0, 0));
    let profile = house.hub.snapshot(NOW).profile.clone();
    assert_eq!(profile.and_then(|profile| profile.text).as_deref(), Some(TEXT));
    house.set(Key::CellMax, Some(4100.0));
    assert!(house.job().is_some(), "it can be tried again");
}

#[test]
fn a_profile_in_no_file_takes_a_change_for_as_long_as_it_runs_and_says_so() {
    let profile = Profile::for_interface("can0").unwrap();
    let mut house = House::of(ActivateProfile::of(profile));
    house.set(Key::CurrentMax, Some(7.5));
    assert!(matches!(house.answer(), Some(Ok(()))));
    assert!(house.job().is_none());
    assert_eq!(house.rules().origin(Key::CurrentMax), Origin::Person);
    let [line] = house.lines()[..] else { panic!("one line") };
    assert!(line.note.as_deref().unwrap_or_default().contains("not kept"), "{line:?}");
    house.set(Key::CurrentMax, None);
    assert_eq!(house.rules(), Rules::default());
    let mut house = House { hub: Hub::new(Arc::new(Catalog::builtin()), NOW), effects: vec![] };
    house.set(Key::CurrentMax, Some(7.5));
    assert!(house.refused().contains("no profile runs"));
}

fn give(scene: &mut Scene, command: Command) -> Answer {
    let session = LocalSeat::new().sit(Face::Desktop);
    let order = match &command {
        Command::Rule(_) => {
            let grant = session.permit(ChangeSettings).unwrap();
            Admitted::new(&grant, command, (Face::Desktop, None))
        }
        _ => {
            let grant = session.permit(ChargePacks).unwrap();
            Admitted::new(&grant, command, (Face::Desktop, None))
        }
    };
    scene.step(Event::Order { order, reply: Reply::new(drop) });
    let answers = scene.effects.iter_mut().rev();
    let mut answers = answers.filter_map(|effect| match effect {
        Effect::Answer(_, answer) => Some(std::mem::replace(answer, Ok(()))),
        _ => None,
    });
    answers.next().expect("an answer")
}

#[test]
fn every_station_charges_by_the_new_rules_and_none_changes_them_while_one_charges() {
    let mut scene = Scene::of("demo");
    scene.run(Duration::from_secs(1));
    let set = |key, value| Command::Rule(SetChargeRule { key, value, expected: None });
    give(&mut scene, set(Key::CurrentMax, Some(6.0))).unwrap();
    let picture = scene.published().charges[0].clone();
    assert_eq!((picture.rules.get(Key::CurrentMax), picture.set.current.get()), (6.0, 6.0));
    let demo = ChargeOrder::Demo(SetDemo { parked: true, pace: 1.0 });
    give(&mut scene, Command::Charging(demo)).unwrap();
    scene.run(Duration::from_secs(5));
    let set_points = SetPoints::usual(&Rules::default());
    let start = |set| {
        Command::Charging(ChargeOrder::Start(StartCharge {
            pack: picture.pack.clone(),
            charger: None,
            set,
            lease: Lease::GoesOn,
            confirm: Confirm,
        }))
    };
    let said = give(&mut scene, start(set_points)).unwrap_err().to_string();
    assert!(said.contains("0.1 to 6 A"), "{said}");
    give(&mut scene, start(picture.set)).unwrap();
    let why = give(&mut scene, set(Key::CurrentMax, Some(5.0))).unwrap_err().to_string();
    assert!(why.contains("is being charged") && why.contains("stop that before"), "{why}");
    assert_eq!(scene.published().charges[0].rules.get(Key::CurrentMax), 6.0);
}
