//! What one bus of a recording brings.

use super::*;
use crate::engine::can::bus::Received;
use crate::engine::can::frame::{Frame, Id};

/// A bus that brings a frame and fails then.
struct Failing {
    looks: u32,
}

impl BusRx for Failing {
    fn receive(&mut self, into: &mut Frames, _wait: Duration) -> Received {
        self.looks += 1;
        if self.looks == 1 {
            into.push(Frame::classic(Id::standard(1).unwrap(), &[]).unwrap().view());
        }
        std::thread::yield_now();
        Received { status_changed: self.looks == 2, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        let state = if self.looks < 2 { BusState::Active } else { BusState::Failed };
        BusStatus {
            sentence: Some("it cannot be read any further".into()),
            ..BusStatus::plain(state)
        }
    }
}

#[test]
fn a_recording_that_is_broken_ends_there_and_an_interface_may_come_back() {
    for is_recording in [true, false] {
        let (tap, told, _aside) = tap(10);
        let over = Arc::new(AtomicBool::new(false));
        let ear = Ear { rx: Box::new(Failing { looks: 0 }), name: "a".into(), tap, is_recording };
        let asked = Arc::clone(&over);
        let thread = std::thread::spawn(move || ear.run(&asked));
        let limit = Duration::from_secs(20);
        let first = told.recv_timeout(limit).unwrap();
        assert!(matches!(first.what, Told::Frames(0, frames) if frames.len() == 1));
        let second = told.recv_timeout(limit).unwrap();
        assert!(matches!(second.what, Told::Gap(0, why) if why.contains("cannot be read")));
        if is_recording {
            // Nobody says that it is over.
            assert!(told.recv_timeout(limit).is_err_and(|error| error.is_disconnected()));
        }
        over.store(true, Ordering::SeqCst);
        thread.join().unwrap();
    }
}

/// A clock that goes on by so much with every look at it.
struct Hurried(Arc<crate::base::time::FakeClock>, Duration);

impl Clock for Hurried {
    fn now(&self) -> Mono {
        let now = self.0.now();
        self.0.advance(self.1);
        now
    }

    fn wall(&self) -> crate::base::time::Wall {
        self.0.wall()
    }
}

/// Records five batches of a frame each that wait already, and is told to stop at once.
fn stopped_with_five_waiting(look: Duration) -> (Summary, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.log");
    let clock =
        Hurried(crate::base::time::FakeClock::new(crate::base::time::Wall::from_nanos(0)), look);
    let (mut tap, told, aside) = tap(10);
    for number in 0..5 {
        let mut frames = Frames::default();
        frames.push(Frame::classic(Id::standard(1).unwrap(), &[]).unwrap().view());
        tap.frames(number, &Arc::new(frames));
    }
    let title = Title { name: "a".into(), by: "a test".into(), filter: String::new() };
    let asked = (FilePlan::default(), Place::File(file.clone()), title);
    let begun = Moment::of(&clock);
    let desk = Desk {
        roll: Roll::begin(asked, Box::new(RealDisk), Vec::new(), begun).unwrap(),
        sieve: Filter::parse("").unwrap().compile(&Vocabulary::new(), Scope::Recording).unwrap(),
        names: [(BusId(0), "can0".to_owned())].into(),
        memory: Memory::new(),
        count: None,
        aside,
        heard: 0,
        left_out: 0,
    };
    let stop = AtomicBool::new(true);
    let summary = desk.record(&told, &clock, (begun, None, &stop), &mut |_| {});
    (summary, std::fs::read_to_string(file).unwrap())
}

#[test]
fn what_had_come_when_it_is_stopped_is_written() {
    let (summary, text) = stopped_with_five_waiting(Duration::from_micros(1));
    assert_eq!((summary.frames, summary.missing, summary.gaps), (5, 0, 0));
    assert_eq!((summary.ended, summary.why), (Ended::Stopped, None));
    assert_eq!(text.lines().filter(|line| line.contains("can0")).count(), 5, "{text}");
}

#[test]
fn what_cannot_be_written_within_a_second_is_a_gap_with_its_count() {
    let (summary, text) = stopped_with_five_waiting(Duration::from_millis(400));
    assert_eq!((summary.frames + summary.missing, summary.gaps), (5, 1), "{summary:?}");
    assert!(summary.frames >= 2 && summary.missing >= 1, "{summary:?}");
    let said = match summary.missing {
        1 => "1 frame is missing".to_owned(),
        lost => format!("{lost} frames are missing"),
    };
    assert!(text.contains(&format!("{said}: {UNWRITTEN}")), "{text}");
}

/// An interface that is not there, and stays so.
struct Absent;

impl BusRx for Absent {
    fn receive(&mut self, _into: &mut Frames, _wait: Duration) -> Received {
        std::thread::yield_now();
        Received::default()
    }

    fn status(&self) -> BusStatus {
        let sentence = Some("there is no such interface".into());
        BusStatus { sentence, ..BusStatus::plain(BusState::Missing) }
    }
}

#[test]
fn an_interface_that_was_never_there_is_said_to_be_missing() {
    let (tap, told, _aside) = tap(10);
    let over = AtomicBool::new(true);
    Ear { rx: Box::new(Absent), name: "a".into(), tap, is_recording: false }.run(&over);
    let said = told.try_recv().map(|tapped| tapped.what);
    assert!(matches!(said, Ok(Told::Gap(0, why)) if &*why == "a: there is no such interface"));
}
