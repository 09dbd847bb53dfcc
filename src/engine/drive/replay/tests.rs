//! The thread of a replay; the test is the sending thread of its bus.

use std::fmt::Write as _;

use super::*;
use crate::base::time::{FakeClock, Wall};
use crate::engine::can::replay::{PlayState, ReplayPlan, Routes, Speed};
use crate::engine::hub::event::ReplayTarget;

/// Nothing is expected within this.
const QUIET: Duration = Duration::from_millis(150);

struct Scene {
    _file: tempfile::NamedTempFile,
    clock: Arc<FakeClock>,
    handle: Option<ReplayHandle>,
    given: Receiver<Given>,
    events: Receiver<Event>,
}

/// A recording of 1000 frames a hundred milliseconds apart, each with its number as its id.
fn scene(speed: Speed) -> Scene {
    let mut text = String::new();
    for n in 0..1000 {
        writeln!(text, "({}.{}00000) can0 {n:03X}#11", 1_436_509_000 + n / 10, n % 10).unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let clock = FakeClock::new(Wall::from_nanos(0));
    let (way, given) = bounded(QUEUE);
    let (inbox, events) = bounded(QUEUE);
    let stage = Stage {
        epoch: Epoch(1),
        inbox,
        stop: Arc::default(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ways: vec![(BusId(0), way)],
    };
    let job = ReplayJob {
        number: 7,
        file: file.path().to_owned(),
        plan: ReplayPlan { speed, ..ReplayPlan::default() },
        pick: None,
        routes: Routes::default(),
        targets: vec![ReplayTarget { bus: BusId(0), withheld: Vec::new() }],
    };
    let handle = Some(start(&Name::new("r").unwrap(), job, stage).unwrap());
    Scene { _file: file, clock, handle, given, events }
}

impl Scene {
    fn tell(&self, work: ReplayWork) {
        self.handle.as_ref().unwrap().tell(work).unwrap();
    }

    /// The next frame on its way.
    fn next(&self) -> Given {
        self.given.recv_timeout(Duration::from_secs(20)).expect("a frame is given")
    }

    /// Takes it to the wire, or not, as a sending thread does; gives its number.
    fn send(&self, given: &Given) -> Option<u32> {
        let goes = given.gate.lets(given.pass);
        let outcome = if goes { Outcome::Sent } else { Outcome::Void };
        given.back.try_send((self.clock.now(), outcome)).unwrap();
        goes.then(|| given.frame.id().raw())
    }

    fn nothing_more(&self) {
        assert!(self.given.recv_timeout(QUIET).is_err(), "nothing is given any more");
    }
}

#[test]
fn frames_are_given_when_they_are_due_and_not_before() {
    let mut scene = scene(Speed::NORMAL);
    scene.nothing_more();
    scene.tell(ReplayWork::Play);
    assert_eq!(scene.send(&scene.next()), Some(0));
    scene.nothing_more();
    for n in 1..5 {
        scene.clock.set(Mono::from_millis(n * 100 - 1));
        scene.nothing_more();
        scene.clock.set(Mono::from_millis(n * 100));
        assert_eq!(scene.send(&scene.next()), Some(n as u32));
    }
    scene.handle.take().unwrap().close();
}

#[test]
fn after_a_word_to_stand_still_no_frame_goes_out_but_the_one_in_flight() {
    for word in [|| ReplayWork::Pause, || ReplayWork::Stop] {
        let mut scene = scene(Speed::Fastest);
        scene.tell(ReplayWork::Play);
        for n in 0..100 {
            assert_eq!(scene.send(&scene.next()), Some(n));
        }
        // One is on its way; the word is given before it is at the wire.
        let in_flight = scene.next();
        scene.tell(word());
        assert_eq!(scene.send(&in_flight), None);
        scene.nothing_more();
        if matches!(word(), ReplayWork::Pause) {
            // It was not lost either: it is the next.
            scene.tell(ReplayWork::Play);
            assert_eq!(scene.send(&scene.next()), Some(100));
        }
        scene.handle.take().unwrap().close();
    }
}

#[test]
fn a_step_out_of_playing_sends_one_frame() {
    let mut scene = scene(Speed::Fastest);
    scene.tell(ReplayWork::Play);
    assert_eq!(scene.send(&scene.next()), Some(0));
    let in_flight = scene.next();
    scene.tell(ReplayWork::Step(None));
    assert_eq!(scene.send(&in_flight), None, "what was on its way is the step's to send");
    assert_eq!(scene.send(&scene.next()), Some(1));
    scene.nothing_more();
    scene.handle.take().unwrap().close();
}

#[test]
fn a_replay_that_is_closed_or_left_gives_nothing_more_and_says_how_far_it_came() {
    let mut scene = scene(Speed::Fastest);
    scene.tell(ReplayWork::Play);
    for n in 0..10 {
        assert_eq!(scene.send(&scene.next()), Some(n));
    }
    let in_flight = scene.next();
    scene.handle.take().unwrap().leave();
    assert_eq!(scene.send(&in_flight), None);
    scene.nothing_more();
    let told = |event: Event| match event {
        Event::Replay { number: 7, news, .. } => news.progress,
        _ => None,
    };
    let last = scene.events.iter().filter_map(told).last().unwrap();
    assert_eq!((last.figures.sent, last.state), (10, PlayState::Playing));
}

#[test]
fn a_recording_that_cannot_be_opened_is_told() {
    let mut scene = scene(Speed::NORMAL);
    scene.handle.take().unwrap().close();
    let (inbox, events) = bounded(QUEUE);
    let stage = Stage {
        epoch: Epoch(1),
        inbox,
        stop: Arc::default(),
        clock: Arc::clone(&scene.clock) as Arc<dyn Clock>,
        ways: Vec::new(),
    };
    let job = ReplayJob {
        number: 1,
        file: "/nowhere/at/all.log".into(),
        plan: ReplayPlan::default(),
        pick: None,
        routes: Routes::default(),
        targets: Vec::new(),
    };
    start(&Name::new("r").unwrap(), job, stage).unwrap().close();
    let Ok(Event::Replay { news, .. }) = events.recv() else { panic!("it is told") };
    assert!(news.ended.unwrap().contains("cannot be opened"));
}
