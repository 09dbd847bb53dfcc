//! Orders about replays, given to a hub on a clock that stands still.

use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::engine::access::grant::LocalSeat;
use crate::engine::can::replay::{ReplayFigures, ReplayPlan, SeekTo, Speed};
use crate::engine::hub::event::{Event, HandWork};
use crate::engine::orders::charging::{Confirm, EngageContactors};
use crate::engine::orders::replaying::PauseReplay;
use crate::engine::orders::sending::Silence;
use crate::engine::orders::{Admitted, Order, Reply, Route};
use crate::engine::testing::plant::Plant as Scene;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn give<O: Order<Done = ()>>(scene: &mut Scene, order: O) -> Answer {
    let session = LocalSeat::new().sit(Face::Desktop);
    let grant = session.permit(order.needs()).unwrap();
    let Route::Plant(command, ()) = order.route() else { panic!("not for the hub") };
    let admitted = Admitted::new(&grant, command, (Face::Desktop, None), scene.now().mono);
    let answer = Arc::new(Mutex::new(None));
    let told = Arc::clone(&answer);
    let reply = Reply::new(move |answer| *told.lock().unwrap() = Some(answer));
    scene.step(Event::Order { order: admitted, reply });
    for effect in &mut scene.effects {
        let taken = std::mem::replace(effect, Effect::Wipe);
        match taken {
            Effect::Answer(reply, answer) => reply.give(answer),
            other => *effect = other,
        }
    }
    answer.lock().unwrap().take().expect("an answer")
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
    let scene = Scene::of("demo");
    StartReplay {
        name: name(called),
        file: "a.log".into(),
        bus: scene.hub.snapshot(scene.now()).buses[0].name.clone(),
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
    }
}

fn tell(scene: &mut Scene, number: u64, state: PlayState, why: Option<&str>) {
    let news = ReplayNews { progress: Some(progress(state, why)), ended: None };
    let (epoch, news) = (scene.epoch, Box::new(news));
    scene.step(Event::Replay { epoch, name: name("r"), number, news });
}

fn picture(scene: &Scene) -> Arc<ReplayPicture> {
    Arc::clone(&scene.hub.snapshot(scene.now()).replays[0])
}

#[test]
fn a_bus_within_the_program_is_replayed_onto_without_arming_and_the_guards_hear_the_hub() {
    let mut scene = Scene::of("demo");
    give(&mut scene, start("r")).unwrap();
    assert!(scene.effects.iter().any(|effect| matches!(effect, Effect::Beat)));
    assert_eq!(works(&mut scene), ["r: start", "r: play"]);
    scene.run(Duration::from_secs(1));
    let beats = scene.effects.iter().filter(|effect| matches!(effect, Effect::Beat)).count();
    assert!((9..=11).contains(&beats), "{beats}");
    tell(&mut scene, 1, PlayState::Ended, None);
    scene.effects.clear();
    scene.run(Duration::from_secs(1));
    assert!(!scene.effects.iter().any(|effect| matches!(effect, Effect::Beat)));
    assert_eq!(picture(&scene).by, "local console");
}

#[test]
fn one_word_silences_every_replay_before_anything_else_is_done() {
    let mut scene = Scene::of("demo");
    for called in ["r", "s"] {
        give(&mut scene, start(called)).unwrap();
    }
    scene.effects.clear();
    give(&mut scene, Silence { bus: None }).unwrap();
    let place = |found: &dyn Fn(&Effect) -> bool| scene.effects.iter().position(found);
    let stopped = place(&|one| matches!(one, Effect::Replay { work: ReplayWork::Stop, .. }));
    let hushed = place(&|one| matches!(one, Effect::Hand { work: HandWork::Silence, .. }));
    assert!(stopped.unwrap() < hushed.unwrap());
    assert_eq!(works(&mut scene), ["r: stop", "s: stop"]);
    let stopped = "silenced by local console";
    assert!(matches!(&picture(&scene).state, ReplayState::Stopped(why) if why == stopped));
    // And what was silenced does not go on, whatever is said.
    let said = why(give(&mut scene, change("r", ReplayChange::Play)));
    assert!(said.contains("start it anew"), "{said}");
    scene.run(Duration::from_secs(2));
    assert!(works(&mut scene).is_empty());
}

#[test]
fn the_transport_is_passed_on_and_what_cannot_be_is_said() {
    let mut scene = Scene::of("demo");
    let paused = StartReplay { begins: Begins::Paused, ..start("r") };
    give(&mut scene, paused).unwrap();
    for one in [
        ReplayChange::Play,
        ReplayChange::Seek(SeekTo::Share(0.5)),
        ReplayChange::Speed(Speed::Factor(10.0)),
        ReplayChange::Times(None),
        ReplayChange::Step(Some("id:622".to_owned())),
    ] {
        give(&mut scene, change("r", one)).unwrap();
    }
    give(&mut scene, PauseReplay { name: name("r") }).unwrap();
    let wanted = ["r: start", "r: play", "r: seek", "r: speed", "r: times", "r: step", "r: pause"];
    assert_eq!(works(&mut scene), wanted);
    let refused = |scene: &mut Scene, one| why(give(scene, change("r", one)));
    let speed = ReplayChange::Speed(Speed::Factor(1000.0));
    assert!(refused(&mut scene, speed).contains("0.1 to 100"));
    let step = ReplayChange::Step(Some("id:".to_owned()));
    assert!(refused(&mut scene, step).contains("the filter cannot be used"));
    assert!(refused(&mut scene, ReplayChange::Times(Some(0))).contains("0 times"));
    let said = why(give(&mut scene, change("t", ReplayChange::Play)));
    assert!(said.contains("no replay t"), "{said}");
    let said = why(give(&mut scene, StartReplay { bus: name("x"), ..start("t") }));
    assert!(said.contains("no bus x"), "{said}");
    let filter = "bus:".to_owned();
    assert!(why(give(&mut scene, StartReplay { filter, ..start("t") })).contains("filter"));
    assert!(works(&mut scene).is_empty(), "what was refused does nothing");
}

#[test]
fn there_are_only_so_many_replays_and_those_that_are_over_make_room() {
    let mut scene = Scene::of("demo");
    for n in 0..REPLAYS {
        give(&mut scene, start(&format!("r{n}"))).unwrap();
    }
    assert!(why(give(&mut scene, start("more"))).contains("stop one first"));
    assert!(why(give(&mut scene, start("r3"))).contains("is playing"));
    let then = Then::Keep;
    give(&mut scene, StopReplay { name: name("r3"), then }).unwrap();
    works(&mut scene);
    give(&mut scene, start("more")).unwrap();
    assert_eq!(works(&mut scene), ["r3: stop", "more: start", "more: play"]);
    give(&mut scene, StopReplay { name: name("more"), then: Then::Forget }).unwrap();
    assert_eq!(scene.hub.snapshot(scene.now()).replays.len(), REPLAYS - 1);
}

#[test]
fn news_of_one_that_was_replaced_are_not_taken_for_those_of_its_successor() {
    let mut scene = Scene::of("demo");
    give(&mut scene, start("r")).unwrap();
    give(&mut scene, StopReplay { name: name("r"), then: Then::Keep }).unwrap();
    give(&mut scene, start("r")).unwrap();
    tell(&mut scene, 1, PlayState::Ended, None);
    assert_eq!(picture(&scene).progress, None);
    tell(&mut scene, 2, PlayState::Paused, Some("the bus takes no frames"));
    assert!(picture(&scene).progress.as_ref().unwrap().why.is_some());
    scene.effects.clear();
    scene.run(Duration::from_secs(1));
    assert!(!scene.effects.iter().any(|effect| matches!(effect, Effect::Beat)));
}

#[test]
fn nothing_is_charged_beside_a_replay_nor_right_after_it_and_nothing_replayed_beside_a_charge() {
    let mut scene = Scene::of("demo");
    give(&mut scene, start("r")).unwrap();
    let pack = scene.hub.snapshot(scene.now()).charges[0].pack.clone();
    let engage = || EngageContactors { pack: pack.clone(), confirm: Confirm };
    assert!(why(give(&mut scene, engage())).contains("stop it before charging"));
    give(&mut scene, StopReplay { name: name("r"), then: Then::Forget }).unwrap();
    assert!(why(give(&mut scene, engage())).contains("a moment ago"));
    scene.run(AFTERGLOW);
    // Whatever else may be in the way, it is no replay.
    let said = give(&mut scene, engage()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(!said.contains("replay"), "{said}");
}
