//! Playing small recordings on a clock that the test moves.

use std::fmt::Write as _;
use std::io::Write as _;

use super::*;
use crate::base::problem::Severity;
use crate::base::time::{FakeClock, SystemClock, TimeSource, Wall};
use crate::engine::can::bus::{BATCH_FRAMES, BusRx, BusState, Received};
use crate::engine::can::frame::Frames;
use crate::engine::testing::shared_data;

const MS: fn(u64) -> Duration = Duration::from_millis;
const NOW: Duration = Duration::ZERO;
/// The front of the recordings made here, seconds since 1970.
const START: i64 = 1_436_509_000;

struct Playing {
    _file: tempfile::NamedTempFile,
    clock: Arc<FakeClock>,
    rx: Box<dyn BusRx>,
    player: Player,
}

impl Playing {
    fn new(text: &str) -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let clock = FakeClock::new(Wall::from_nanos(0));
        let link = open(file.path(), BusId(7), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        assert!(link.tx.is_none());
        let player = link.player.unwrap();
        Self { _file: file, clock, rx: link.rx, player }
    }

    /// What comes at once: the numbers of the frames, and what the last call said.
    fn take(&mut self) -> (Vec<u32>, Received) {
        let mut frames = Frames::default();
        let mut restarted = false;
        loop {
            let before = frames.len();
            let mut said = self.rx.receive(&mut frames, NOW);
            restarted |= said.restarted;
            if frames.len() == before && self.player.progress().seeking.is_none() {
                said.restarted = restarted;
                assert_eq!(frames.timebase().source, TimeSource::Recording);
                assert!(frames.iter().all(|f| f.bus() == BusId(7)));
                return (frames.iter().map(|f| f.id().raw()).collect(), said);
            }
        }
    }

    fn after(&mut self, span: Duration) -> Vec<u32> {
        self.clock.advance(span);
        self.take().0
    }

    fn state(&self) -> PlayState {
        self.player.progress().state
    }
}

/// Frames 0, 1, 2 ... `step` apart, each with its number as its id.
fn every(step: Duration, count: u32) -> String {
    let mut text = String::new();
    for n in 0..count {
        let at = Mono::from_secs(START).after(step * n).nanos();
        let (s, us) = (at / 1_000_000_000, at % 1_000_000_000 / 1000);
        writeln!(text, "({s}.{us:06}) can0 {n:08X}#11").unwrap();
    }
    text
}

fn at(ms: i64) -> Mono {
    Mono::from_nanos(Mono::from_secs(START).nanos() + ms * 1_000_000)
}

#[test]
fn a_recording_that_was_paused_stands_at_its_first_frame() {
    let mut play = Playing::new(&every(MS(100), 20));
    play.player.pause();
    assert!(play.after(Duration::from_secs(5)).is_empty());
    let progress = play.player.progress();
    let shown = [progress.position, progress.start, progress.end];
    assert_eq!(shown, [Some(at(0)), Some(at(0)), Some(at(1900))]);
    assert_eq!((progress.state, progress.end_known), (PlayState::Paused, EndKnown::Exactly));
    assert_eq!((progress.frames, &progress.bus_names[..]), (20, &["can0".into()][..]));
}

#[test]
fn frames_come_when_they_are_due() {
    let mut play = Playing::new(&every(MS(100), 6));
    play.player.resume();
    assert_eq!(play.take().0, [0]);
    assert!(play.after(MS(99)).is_empty());
    assert_eq!(play.after(MS(1)), [1]);
    assert_eq!(play.after(MS(250)), [2, 3]);
    let (_, said) = play.take();
    assert_eq!(said.position, Some(at(350)));
    assert_eq!(play.after(MS(150)), [4, 5]);
    assert_eq!(play.state(), PlayState::Ended);
    assert_eq!(play.rx.status().state, BusState::Ended);
    play.clock.advance(Duration::from_secs(9));
    assert_eq!(play.take().1.position, Some(at(500)));
}

#[test]
fn a_factor_makes_it_faster_and_slower_from_where_it_stands() {
    let mut play = Playing::new(&every(MS(100), 1000));
    play.player.set_speed(Speed::Factor(10.0));
    play.player.resume();
    assert_eq!(play.take().0, [0]);
    assert_eq!(play.after(MS(20)), [1, 2]);
    play.player.set_speed(Speed::Factor(0.5));
    assert!(play.take().0.is_empty());
    assert!(play.after(MS(199)).is_empty());
    assert_eq!(play.after(MS(1)), [3]);
    play.player.set_speed(Speed::Factor(1e9));
    assert_eq!(play.player.progress().speed, Speed::Factor(1000.0));
    play.take();
    assert_eq!(play.after(MS(1)).len(), 10);
    assert_eq!(Speed::Factor(f64::NAN).in_range(), Speed::NORMAL);
}

#[test]
fn a_pause_stops_the_clock_of_the_recording() {
    let mut play = Playing::new(&every(MS(100), 10));
    play.player.resume();
    assert_eq!(play.take().0, [0]);
    assert!(play.after(MS(50)).is_empty());
    play.player.pause();
    play.take();
    assert!(play.after(Duration::from_secs(60)).is_empty());
    assert_eq!(play.take().1.position, Some(at(50)));
    play.player.resume();
    play.take();
    assert!(play.after(MS(49)).is_empty());
    assert_eq!(play.after(MS(1)), [1]);
}

#[test]
fn a_seek_feeds_the_ten_seconds_before_its_target_and_says_that_it_jumped() {
    // 200 s of frames, enough for several places of the scout.
    let mut play = Playing::new(&every(MS(5), 40_000));
    play.player.pause();
    play.player.seek(Duration::from_secs(100));
    assert_eq!(play.player.progress().position, Some(at(100_000)));
    let (fed, said) = play.take();
    assert!(said.restarted);
    assert_eq!(said.position, Some(at(100_000)));
    assert_eq!((fed[0], fed[fed.len() - 1], fed.len()), (18_000, 20_000, 2001));
    assert_eq!(play.state(), PlayState::Paused);
    assert!(!play.take().1.restarted);
    play.player.resume();
    play.take();
    assert_eq!(play.after(MS(10)), [20_001, 20_002]);
    // Backward, into what was never played.
    play.player.seek(MS(1000));
    let (fed, said) = play.take();
    assert!(said.restarted);
    assert_eq!((fed[0], fed[fed.len() - 1]), (0, 200));
    assert_eq!(play.after(MS(5)), [201]);
}

#[test]
fn a_seek_beyond_an_end_goes_to_that_end() {
    let mut play = Playing::new(&every(MS(100), 50));
    play.player.pause();
    play.player.seek(NOW);
    assert_eq!(play.take().0, [0]);
    play.player.seek(Duration::MAX);
    let (fed, said) = play.take();
    assert_eq!((fed.len(), said.position), (50, Some(at(4900))));
    play.player.resume();
    play.take();
    assert_eq!(play.state(), PlayState::Ended);
    play.player.resume();
    assert_eq!(play.take().0, [0]);
    assert_eq!(play.after(MS(100)), [1]);
}

#[test]
fn unpaced_gives_everything_without_the_clock_moving() {
    let mut play = Playing::new(&every(MS(100), 5000));
    play.player.set_speed(Speed::Fastest);
    play.player.resume();
    let mut frames = Frames::default();
    let said = play.rx.receive(&mut frames, NOW);
    assert_eq!(frames.len(), BATCH_FRAMES);
    assert_eq!(said.position, Some(at(25_500)));
    assert_eq!(play.take().0.len(), 5000 - BATCH_FRAMES);
    assert_eq!(play.state(), PlayState::Ended);
}

#[test]
fn a_listener_that_is_behind_sees_its_own_time() {
    let mut play = Playing::new(&every(MS(1), 10_000));
    play.player.resume();
    play.take();
    play.clock.advance(Duration::from_secs(8));
    let mut frames = Frames::default();
    let said = play.rx.receive(&mut frames, NOW);
    assert_eq!(frames.len(), BATCH_FRAMES);
    assert_eq!(said.position, Some(at(256)), "not eight seconds on");
    // More than half a second late: it goes on from here instead of rushing.
    assert!(play.take().0.is_empty());
    assert_eq!(play.after(MS(1)).len(), 1);
}

#[test]
fn a_recorder_that_started_anew_is_played_on_and_frames_out_of_turn_are_not() {
    let text = "(1436509000.0) a 001#\n(1436509000.5) a 002#\n(1436509000.4) a 003#\n\
                (1436508000.0) a 004#\n(1436508000.2) a 005#\n";
    let mut play = Playing::new(text);
    play.player.resume();
    let mut frames = Frames::default();
    play.rx.receive(&mut frames, NOW);
    play.clock.advance(Duration::from_secs(5));
    play.rx.receive(&mut frames, NOW);
    let times: Vec<_> =
        frames.iter().map(|f| (f.time().nanos() - at(0).nanos()) / 1_000_000).collect();
    assert_eq!(times, [0, 500, 400, 500, 700]);
    assert_eq!(play.player.progress().end, Some(at(700)));
    assert!(play.player.progress().problems[0].text.contains("backwards"));
}

#[test]
fn broken_lines_are_shown_in_the_progress() {
    let play = Playing::new("(1436509000.0) a 001#\nbroken\n(1436509000.5) a 002#\n");
    let progress = play.player.progress();
    assert_eq!((progress.skipped, progress.problems.len()), (1, 1));
    assert_eq!(progress.problems[0].line, 2);
}

#[test]
fn of_several_buses_only_the_first_is_played_and_that_is_said() {
    let text = "(1436509000.0) can1 601#11\n(1436509000.1) can0 602#11\n\
                (1436509000.2) can1 603#11\n(1436509000.3) can0 604#11\n";
    let mut play = Playing::new(text);
    play.player.resume();
    assert_eq!(play.take().0, [0x601]);
    assert!(play.after(MS(150)).is_empty());
    assert_eq!(play.after(MS(100)), [0x603]);
    assert_eq!(play.state(), PlayState::Playing, "the other bus still speaks");
    assert!(play.after(MS(100)).is_empty());
    let progress = play.player.progress();
    assert_eq!((progress.state, progress.position), (PlayState::Ended, Some(at(300))));
    let [problem] = &progress.problems[..] else { panic!("{:?}", progress.problems) };
    assert_eq!((problem.line, problem.severity), (0, Severity::Warning));
    assert_eq!(problem.text, "the recording has the buses can1, can0: only can1 is played");
    play.player.seek(Duration::from_secs(1));
    assert_eq!(play.take().0, [0x601, 0x603]);
}

#[test]
fn a_real_clock_is_waited_on_no_longer_than_asked() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(every(MS(20), 3).as_bytes()).unwrap();
    let clock = SystemClock::new();
    let link = open(file.path(), BusId(0), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let (mut rx, player) = (link.rx, link.player.unwrap());
    player.pause();
    let mut frames = Frames::default();
    rx.receive(&mut frames, MS(1));
    assert!(frames.is_empty());
    player.resume();
    let begun = clock.now();
    while rx.status().state != BusState::Ended {
        rx.receive(&mut frames, MS(100));
        assert!(clock.now().since(begun) < Duration::from_secs(10));
    }
    assert_eq!(frames.len(), 3);
    assert!(clock.now().since(begun) >= MS(40));
}

#[test]
fn a_real_recording_is_played_whole() {
    let Some(path) = shared_data("logs/prohelion-two-bmu-elcon-charge.arrowpoint.csv") else {
        return;
    };
    let clock = FakeClock::new(Wall::from_nanos(0));
    let link = open(&path, BusId(0), clock).unwrap();
    let (mut rx, player) = (link.rx, link.player.unwrap());
    player.set_speed(Speed::Fastest);
    player.resume();
    let mut count = 0;
    let mut frames = Frames::default();
    while rx.status().state != BusState::Ended {
        frames.clear();
        rx.receive(&mut frames, NOW);
        count += frames.len();
    }
    let progress = player.progress();
    assert_eq!((count, progress.frames, progress.skipped), (32_284, 32_284, 0));
    assert_eq!(progress.position, progress.end);
    assert_eq!(
        progress.end.unwrap().since(progress.start.unwrap()),
        Duration::from_millis(179_619)
    );
}
