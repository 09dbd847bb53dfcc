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
    let handle = Some(start(&Name::new("r").unwrap(), (1, job), stage).unwrap());
    Scene { _file: file, clock, handle, given, events }
}

impl Scene {
    fn tell(&self, work: ReplayWork) {
        self.handle.as_ref().unwrap().tell(2, work).unwrap();
    }

    /// The next frames on their way.
    fn next(&self) -> Given {
        self.given.recv_timeout(Duration::from_secs(20)).expect("a frame is given")
    }

    /// Takes the first of them to the wire, or not, as a sending thread does that has other things to do;
    /// gives its number.
    fn send(&self, given: &Given) -> Option<u32> {
        let goes = given.gate.lets(given.pass);
        let outcome = if goes { Outcome::Sent } else { Outcome::Void };
        given.back.try_send(vec![(self.clock.now(), outcome)]).unwrap();
        goes.then(|| given.frames[0].id().raw())
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
fn a_recording_that_cannot_be_opened_is_told_however_late_the_hub_listens() {
    let mut scene = scene(Speed::NORMAL);
    scene.handle.take().unwrap().close();
    let (inbox, events) = bounded(1);
    let inbox_full = inbox.clone();
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
    // The hub has no time just now.
    inbox_full.try_send(Event::Tick).unwrap();
    let handle = start(&Name::new("r").unwrap(), (1, job), stage).unwrap();
    scene.nothing_more();
    assert!(matches!(events.recv(), Ok(Event::Tick)));
    let Ok(Event::Replay { news, .. }) = events.recv_timeout(Duration::from_secs(20)) else {
        panic!("it is told")
    };
    assert!(news.ended.unwrap().contains("cannot be opened"));
    while !handle.thread.as_ref().unwrap().is_finished() {
        std::thread::yield_now();
    }
    let said = handle.tell(2, ReplayWork::Play).unwrap_err();
    assert!(said.contains("start it anew"), "{said}");
    handle.tell(3, ReplayWork::Pause).unwrap();
    handle.close();
}

#[test]
fn what_is_due_together_is_given_together_and_every_frame_goes_out_once() {
    let mut scene = scene(Speed::Fastest);
    scene.tell(ReplayWork::Play);
    let (mut got, mut most) = (Vec::new(), 0);
    for turn in 0.. {
        let given = scene.next();
        most = most.max(given.frames.len());
        // What a sending thread says at one time or another: all, some, or some and no room then.
        let some = given.frames.len().min(1 + turn % 70);
        let sent = given.frames.iter().take(some);
        got.extend(sent.map(|frame| frame.id().raw()));
        let mut outcomes = vec![(scene.clock.now(), Outcome::Sent); some];
        if turn % 3 == 0 && some < given.frames.len() {
            outcomes.push((scene.clock.now(), Outcome::Later(scene.clock.now())));
        }
        given.back.try_send(outcomes).unwrap();
        if got.len() >= 1000 {
            break;
        }
    }
    assert_eq!(got, (0..1000).collect::<Vec<u32>>());
    assert_eq!(most, TOGETHER);
    scene.nothing_more();
    scene.handle.take().unwrap().close();
    let sent = scene.events.try_iter().filter_map(|event| match event {
        Event::Replay { news, .. } => news.progress.map(|progress| progress.figures.sent),
        _ => None,
    });
    assert_eq!(sent.last(), Some(1000));
}

#[test]
fn an_answer_that_comes_too_late_is_none_to_what_was_given_since() {
    let mut scene = scene(Speed::NORMAL);
    scene.tell(ReplayWork::Play);
    let first = scene.next();
    // Nobody answers for as long as it waits.
    let stands = |event: Event| match event {
        Event::Replay { news, .. } => news.progress.is_some_and(|one| one.why.is_some()),
        _ => false,
    };
    loop {
        scene.clock.advance(Duration::from_millis(1));
        if scene.events.recv_timeout(QUIET).is_ok_and(stands) {
            break;
        }
    }
    assert!(!first.gate.lets(first.pass), "what still waits there does not go out late");
    scene.tell(ReplayWork::Play);
    let second = scene.next();
    let _late = first.back.try_send(vec![(scene.clock.now(), Outcome::Sent)]);
    // The next one is due by now, and waits until it is known what became of this one.
    scene.clock.advance(Duration::from_millis(200));
    scene.nothing_more();
    assert_eq!(scene.send(&second), Some(0));
    scene.handle.take().unwrap().close();
}

#[test]
fn a_frame_of_which_nobody_says_whether_it_went_out_is_never_sent_again_and_that_is_said() {
    let mut scene = scene(Speed::Fastest);
    scene.tell(ReplayWork::Play);
    let first = scene.next();
    assert!(first.frames.len() > 3);
    // Three have come to the wire, of which the third takes too long; the others wait behind it.
    (0..3).for_each(|_| first.begun.one());
    let stands = loop {
        scene.clock.advance(Duration::from_millis(100));
        let Ok(Event::Replay { news, .. }) = scene.events.recv_timeout(QUIET) else { continue };
        if let Some(stands) = news.progress.filter(|progress| progress.why.is_some()) {
            break stands;
        }
    };
    assert_eq!(stands.figures.sent, 3);
    let why = stands.why.unwrap();
    assert!(
        why.ends_with("whether the last 3 frames went out is not known, and they count as sent")
    );
    assert!(!first.gate.lets(first.pass), "those behind it do not go out late");
    scene.tell(ReplayWork::Play);
    assert_eq!(scene.send(&scene.next()), Some(3), "the first that has certainly not gone out");
    scene.handle.take().unwrap().close();
}

#[test]
fn a_thread_that_ends_by_a_fault_lets_nothing_out_and_says_so() {
    let (inbox, events) = bounded(1);
    let gate = Gate::default();
    gate.open();
    let pass = gate.pass().unwrap();
    let last = LastWord {
        name: Name::new("r").unwrap(),
        number: 7,
        order: 1,
        epoch: Epoch(1),
        gate: gate.clone(),
        inbox,
        stop: Arc::default(),
        why: None,
    };
    let ended = std::thread::spawn(move || {
        let _last = last;
        panic!("as a test of what is said then");
    });
    assert!(ended.join().is_err());
    assert!(!gate.lets(pass));
    let Ok(Event::Replay { number: 7, news, .. }) = events.try_recv() else { panic!("it is told") };
    assert!(news.ended.unwrap().contains("a fault"));
}
