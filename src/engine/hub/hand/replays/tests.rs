//! Orders about replays, given to a hub on a clock that stands still.

use std::time::Duration;

use super::*;
use crate::engine::can::bus::{BusState, BusStatus};
use crate::engine::can::replay::{ReplayFigures, ReplayPlan, SeekTo, Speed};
use crate::engine::hub::event::{Event, HandWork};
use crate::engine::orders::charging::{Confirm, EngageContactors};
use crate::engine::orders::replaying::PauseReplay;
use crate::engine::orders::sending::{ArmBus, Silence};
use crate::engine::testing::plant::Plant as Scene;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What the hub asked of replays since the last look, in words.
fn works(scene: &mut Scene) -> Vec<String> {
    let works = scene.effects.drain(..).filter_map(|effect| match effect {
        Effect::Replay { name, work, .. } => {
            let work = match work {
                ReplayWork::Start(_) => "start",
                ReplayWork::Play => "play",
                ReplayWork::Pause => "pause",
                ReplayWork::Step(_) => "step",
                ReplayWork::Seek(_) => "seek",
                ReplayWork::Speed(_) => "speed",
                ReplayWork::Times(_) => "times",
                ReplayWork::Stop => "stop",
            };
            Some(format!("{name}: {work}"))
        }
        _ => None,
    });
    works.collect()
}

fn start(called: &str) -> StartReplay {
    StartReplay {
        name: name(called),
        file: "a.log".into(),
        bus: Scene::of("demo").bus_name(),
        named: Vec::new(),
        plan: ReplayPlan::default(),
        filter: String::new(),
        keeps: Keeps::WithSession,
        begins: Begins::Playing,
    }
}

fn change(called: &str, change: ReplayChange) -> ChangeReplay {
    ChangeReplay { name: name(called), change }
}

fn why(answer: Answer) -> String {
    answer.unwrap_err().to_string()
}

fn progress(state: PlayState, why: Option<&str>) -> ReplayProgress {
    ReplayProgress {
        start: crate::base::time::Mono::ZERO,
        timebase: crate::base::time::Timebase::default(),
        position: Duration::ZERO,
        length: None,
        length_known: crate::engine::can::replay::EndKnown::Roughly,
        state,
        why: why.map(str::to_owned),
        speed: Speed::NORMAL,
        times: Some(1),
        rounds: 0,
        figures: ReplayFigures::default(),
        bus_names: Vec::new(),
        odd: crate::engine::can::replay::Odd::default(),
    }
}

/// The replay says how it is doing, having heard of every order.
fn tell(scene: &mut Scene, number: u64, state: PlayState, why: Option<&str>) {
    let order = scene.hub.hands.replays.all[0].orders;
    tell_of(scene, (number, order), state, why);
}

/// The same, having heard of `order` and none after it.
fn tell_of(scene: &mut Scene, (number, order): (u64, u64), state: PlayState, why: Option<&str>) {
    let news = ReplayNews { order, progress: Some(progress(state, why)), ended: None };
    let (epoch, news) = (scene.epoch, Box::new(news));
    scene.step(Event::Replay { epoch, name: name("r"), number, news });
}

/// How often the guards hear the hub within a second.
fn beats(scene: &mut Scene) -> usize {
    scene.effects.clear();
    scene.run(Duration::from_secs(1));
    scene.effects.iter().filter(|effect| matches!(effect, Effect::Beat)).count()
}

fn picture(scene: &Scene) -> Arc<ReplayPicture> {
    Arc::clone(&scene.hub.snapshot(scene.now()).replays[0])
}

#[test]
fn a_bus_within_the_program_is_replayed_onto_without_arming_and_the_guards_hear_the_hub() {
    let mut scene = Scene::of("demo");
    scene.give(start("r")).unwrap();
    assert!(scene.effects.iter().any(|effect| matches!(effect, Effect::Beat)));
    assert_eq!(works(&mut scene), ["r: start", "r: play"]);
    let heard = beats(&mut scene);
    assert!((9..=11).contains(&heard), "{heard}");
    tell(&mut scene, 1, PlayState::Ended, None);
    assert_eq!(beats(&mut scene), 0);
    assert_eq!(picture(&scene).by, "local console");
}

#[test]
fn one_word_silences_every_replay_before_anything_else_is_done() {
    let mut scene = Scene::of("demo");
    for called in ["r", "s"] {
        scene.give(start(called)).unwrap();
    }
    scene.effects.clear();
    scene.give(Silence { bus: None }).unwrap();
    let place = |found: &dyn Fn(&Effect) -> bool| scene.effects.iter().position(found);
    let stopped = place(&|one| matches!(one, Effect::Replay { work: ReplayWork::Stop, .. }));
    let hushed = place(&|one| matches!(one, Effect::Hand { work: HandWork::Silence, .. }));
    assert!(stopped.unwrap() < hushed.unwrap());
    assert_eq!(works(&mut scene), ["r: stop", "s: stop"]);
    let stopped = "silenced by local console";
    assert!(matches!(&picture(&scene).state, ReplayState::Stopped(why) if why == stopped));
    // And what was silenced does not go on, whatever is said.
    let said = why(scene.give(change("r", ReplayChange::Play)));
    assert!(said.contains("start it anew"), "{said}");
    scene.run(Duration::from_secs(2));
    assert!(works(&mut scene).is_empty());
}

#[test]
fn the_transport_is_passed_on_and_what_cannot_be_is_said() {
    let mut scene = Scene::of("demo");
    let paused = StartReplay { begins: Begins::Paused, ..start("r") };
    scene.give(paused).unwrap();
    for one in [
        ReplayChange::Play,
        ReplayChange::Seek(SeekTo::Share(0.5)),
        ReplayChange::Speed(Speed::Factor(10.0)),
        ReplayChange::Times(None),
        ReplayChange::Step(Some("id:622".to_owned())),
    ] {
        scene.give(change("r", one)).unwrap();
    }
    scene.give(PauseReplay { name: name("r") }).unwrap();
    let wanted = ["r: start", "r: play", "r: seek", "r: speed", "r: times", "r: step", "r: pause"];
    assert_eq!(works(&mut scene), wanted);
    let refused = |scene: &mut Scene, one| why(scene.give(change("r", one)));
    let speed = ReplayChange::Speed(Speed::Factor(1000.0));
    assert!(refused(&mut scene, speed).contains("0.1 to 100"));
    let step = ReplayChange::Step(Some("id:".to_owned()));
    assert!(refused(&mut scene, step).contains("the filter cannot be used"));
    assert!(refused(&mut scene, ReplayChange::Times(Some(0))).contains("0 times"));
    let said = why(scene.give(change("t", ReplayChange::Play)));
    assert!(said.contains("no replay t"), "{said}");
    let said = why(scene.give(StartReplay { bus: name("x"), ..start("t") }));
    assert!(said.contains("no bus x"), "{said}");
    let filter = "bus:".to_owned();
    assert!(why(scene.give(StartReplay { filter, ..start("t") })).contains("filter"));
    assert!(works(&mut scene).is_empty(), "what was refused does nothing");
}

#[test]
fn there_are_only_so_many_replays_and_those_that_are_over_make_room() {
    let mut scene = Scene::of("demo");
    for n in 0..REPLAYS {
        scene.give(start(&format!("r{n}"))).unwrap();
    }
    assert!(why(scene.give(start("more"))).contains("stop one first"));
    assert!(why(scene.give(start("r3"))).contains("is playing"));
    let then = Then::Keep;
    scene.give(StopReplay { name: name("r3"), then }).unwrap();
    works(&mut scene);
    scene.give(start("more")).unwrap();
    assert_eq!(works(&mut scene), ["r3: stop", "more: start", "more: play"]);
    scene.give(StopReplay { name: name("more"), then: Then::Forget }).unwrap();
    assert_eq!(scene.hub.snapshot(scene.now()).replays.len(), REPLAYS - 1);
}

#[test]
fn news_of_one_that_was_replaced_are_not_taken_for_those_of_its_successor() {
    let mut scene = Scene::of("demo");
    scene.give(start("r")).unwrap();
    scene.give(StopReplay { name: name("r"), then: Then::Keep }).unwrap();
    scene.give(start("r")).unwrap();
    tell(&mut scene, 1, PlayState::Ended, None);
    assert_eq!(picture(&scene).progress, None);
    tell(&mut scene, 2, PlayState::Paused, Some("the bus takes no frames"));
    assert!(picture(&scene).progress.as_ref().unwrap().why.is_some());
    assert_eq!(beats(&mut scene), 0);
}

#[test]
fn nothing_is_charged_beside_a_replay_nor_right_after_it_and_nothing_replayed_beside_a_charge() {
    let mut scene = Scene::of("demo");
    scene.give(start("r")).unwrap();
    let pack = scene.hub.snapshot(scene.now()).charges[0].pack.clone();
    let engage = || EngageContactors { pack: pack.clone(), confirm: Confirm };
    assert!(why(scene.give(engage())).contains("stop it before charging"));
    scene.give(StopReplay { name: name("r"), then: Then::Forget }).unwrap();
    assert!(why(scene.give(engage())).contains("a moment ago"));
    scene.run(AFTERGLOW);
    // Whatever else may be in the way, it is no replay.
    let said = scene.give(engage()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(!said.contains("replay"), "{said}");
}

#[test]
fn a_replay_onto_a_bus_that_was_lost_does_not_go_on_when_that_is_back_and_armed_again() {
    let mut scene = Scene::of("demo");
    let arm = || ArmBus { bus: Scene::of("demo").bus_name(), span: Duration::from_secs(60) };
    scene.give(arm()).unwrap();
    scene.give(start("r")).unwrap();
    // As if its bus were an interface.
    scene.hub.hands.replays.all[0].targets[0].1 = Reach::Wire;
    works(&mut scene);
    let (epoch, bus) = (scene.epoch, scene.hub.plant.bus_ids().next().unwrap());
    let status = |state| Event::Bus { epoch, bus, status: BusStatus::plain(state) };
    scene.step(status(BusState::Missing));
    assert_eq!(works(&mut scene), ["r: pause"]);
    let held = ReplayState::Held("the bus was lost".to_owned());
    assert_eq!(picture(&scene).state, held);
    scene.step(status(BusState::Active));
    scene.give(arm()).unwrap();
    scene.run(Duration::from_secs(5));
    assert!(works(&mut scene).is_empty(), "nothing goes on by itself");
    assert_eq!(picture(&scene).state, held);
}

#[test]
fn a_step_counts_as_sending_until_it_is_done_however_long_it_looks_for_its_frame() {
    let mut scene = Scene::of("demo");
    scene.give(StartReplay { begins: Begins::Paused, ..start("r") }).unwrap();
    tell(&mut scene, 1, PlayState::Paused, None);
    assert_eq!(beats(&mut scene), 0);
    let pack = scene.hub.snapshot(scene.now()).charges[0].pack.clone();
    let engage = || EngageContactors { pack: pack.clone(), confirm: Confirm };
    scene.give(change("r", ReplayChange::Step(Some("id:622".to_owned())))).unwrap();
    assert!(why(scene.give(engage())).contains("stop it before charging"));
    // What it said before it heard of the step is no answer to that.
    tell_of(&mut scene, (1, 1), PlayState::Paused, None);
    let heard = beats(&mut scene);
    assert!((9..=11).contains(&heard), "the guards hear the hub while it looks: {heard}");
    assert!(why(scene.give(engage())).contains("stop it before charging"));
    scene.give(change("r", ReplayChange::Step(None))).unwrap();
    tell(&mut scene, 1, PlayState::Paused, None);
    assert_eq!(beats(&mut scene), 0);
    assert!(why(scene.give(engage())).contains("a moment ago"), "it may have sent one");
}

#[test]
fn news_from_before_a_word_to_play_do_not_take_that_word_back() {
    let mut scene = Scene::of("demo");
    scene.give(start("r")).unwrap();
    tell(&mut scene, 1, PlayState::Ended, None);
    let heard = scene.hub.hands.replays.all[0].orders;
    scene.give(change("r", ReplayChange::Play)).unwrap();
    for (state, why) in [
        (PlayState::Ended, None),
        (PlayState::Paused, None),
        (PlayState::Paused, Some("the bus takes no frames")),
    ] {
        tell_of(&mut scene, (1, heard), state, why);
        let heard = beats(&mut scene);
        assert!((9..=11).contains(&heard), "{state:?}: {heard}");
    }
    tell(&mut scene, 1, PlayState::Ended, None);
    assert_eq!(beats(&mut scene), 0);
}
