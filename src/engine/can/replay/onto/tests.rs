//! Recordings sent onto buses by a clock that the test moves.

use std::fmt::Write as _;

use super::*;
use crate::engine::can::frame::{FrameRef, Id};
use crate::engine::can::replay::PlayState;

const MS: fn(u64) -> Duration = Duration::from_millis;
const START: i64 = 1_436_509_000;

fn t(ms: i64) -> Mono {
    Mono::from_millis(ms)
}

/// Chooses by id.
struct Ids(fn(u32) -> bool);

impl Pick for Ids {
    fn pick(&mut self, frames: &Frames, _names: &[String], picked: &mut Vec<bool>) {
        picked.clear();
        picked.extend(frames.iter().map(|frame| self.0(frame.id().raw())));
    }
}

/// Frames with these ids at these milliseconds, on this bus.
fn log(frames: impl IntoIterator<Item = (u64, u32, &'static str)>) -> Log {
    let mut text = String::new();
    for (ms, id, bus) in frames {
        let at = Mono::from_secs(START).after(MS(ms)).nanos();
        let (s, us) = (at / 1_000_000_000, at % 1_000_000_000 / 1000);
        writeln!(text, "({s}.{us:06}) {bus} {id:03X}#11").unwrap();
    }
    Log::from_bytes("test", text.into_bytes()).unwrap()
}

/// `count` frames 0, 1, 2 ... `step` ms apart.
fn every(step: u64, count: u32) -> Log {
    log((0..count).map(|n| (step * u64::from(n), n, "can0")))
}

struct Bench {
    replay: Replay,
    /// (when, id, target) of what went out.
    sent: Vec<(i64, u32, usize)>,
}

impl Bench {
    fn new(log: &Log, plan: ReplayPlan) -> Self {
        Self { replay: Replay::new(log, plan, Routes::default(), None).unwrap(), sent: Vec::new() }
    }

    fn picking(log: &Log, plan: ReplayPlan, ids: fn(u32) -> bool) -> Self {
        let pick: Box<dyn Pick> = Box::new(Ids(ids));
        let replay = Replay::new(log, plan, Routes::default(), Some(pick)).unwrap();
        Self { replay, sent: Vec::new() }
    }

    /// Sends what is due at `ms`; says what there is to wait for.
    fn at(&mut self, ms: i64) -> Due {
        for _ in 0..10_000 {
            match self.replay.next(t(ms)) {
                Due::Frame(frame, target) => {
                    self.sent.push((ms, frame.id().raw(), target));
                    self.replay.done(t(ms), Outcome::Sent);
                }
                Due::Busy => {}
                other @ (Due::At(_) | Due::Nothing) => return other,
            }
        }
        panic!("there is no end of work at {ms} ms");
    }

    /// The same at every millisecond of a span.
    fn run(&mut self, span: std::ops::Range<i64>) -> Vec<(i64, u32)> {
        self.sent.clear();
        for ms in span {
            self.at(ms);
        }
        self.sent.iter().map(|(at, id, _)| (*at, *id)).collect()
    }

    fn state(&self, ms: i64) -> PlayState {
        self.replay.progress(t(ms)).state
    }

    fn position(&self, ms: i64) -> Duration {
        self.replay.progress(t(ms)).position
    }
}

#[test]
fn nothing_goes_out_before_somebody_plays_and_then_each_frame_when_it_is_due() {
    let mut bench = Bench::new(&every(100, 4), ReplayPlan::default());
    assert!(bench.run(0..500).is_empty());
    assert_eq!((bench.state(500), bench.position(500)), (PlayState::Paused, MS(0)));
    bench.replay.play(t(1000));
    assert_eq!(bench.run(1000..2000), [(1000, 0), (1100, 1), (1200, 2), (1300, 3)]);
    let progress = bench.replay.progress(t(2000));
    assert_eq!((progress.state, progress.rounds), (PlayState::Ended, 1));
    assert_eq!((progress.position, progress.length), (MS(300), Some(MS(300))));
    assert_eq!((progress.figures.sent, progress.figures.late_max), (4, MS(0)));
    // It does not begin again by itself, and does from its front where somebody says so.
    assert!(bench.run(2000..3000).is_empty());
    bench.replay.play(t(3000));
    assert_eq!(bench.run(3000..3150), [(3000, 0), (3100, 1)]);
}

#[test]
fn a_factor_makes_it_faster_and_slower_from_where_it_stands() {
    let speed = Speed::Factor(10.0);
    let mut bench = Bench::new(&every(100, 20), ReplayPlan { speed, ..ReplayPlan::default() });
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..25), [(0, 0), (10, 1), (20, 2)]);
    assert_eq!(bench.position(25), MS(250));
    bench.replay.set_speed(t(25), Speed::Factor(0.5));
    assert_eq!(bench.run(25..400), [(125, 3), (325, 4)]);
    bench.replay.set_speed(t(400), Speed::Fastest);
    let sent = bench.run(400..401);
    assert_eq!(sent.len(), 15, "all that is left, at once");
    assert_eq!(bench.state(401), PlayState::Ended);
    assert_eq!(bench.replay.progress(t(401)).figures.late_max, MS(0));
}

#[test]
fn deadlines_do_not_drift_however_late_each_frame_was() {
    let mut bench = Bench::new(&every(10, 1000), ReplayPlan::default());
    bench.replay.play(t(0));
    // It is looked at every 7 ms only.
    for n in 0..9990 / 7 + 2 {
        bench.at(n * 7);
    }
    assert_eq!(bench.sent.len(), 1000);
    assert!(bench.sent.iter().all(|(at, id, _)| (0..7).contains(&(at - i64::from(*id) * 10))));
    let figures = bench.replay.progress(t(10_000)).figures;
    assert_eq!((figures.late_max, figures.behind), (MS(6), MS(0)));
    assert!(figures.late_p50 >= MS(3) && figures.late_p50 < MS(4), "{:?}", figures.late_p50);
}

#[test]
fn what_is_too_late_is_put_off_and_told_and_does_not_go_out_in_a_bunch() {
    let mut bench = Bench::new(&every(10, 100), ReplayPlan::default());
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..15), [(0, 0), (10, 1)]);
    // The program was away for a second.
    assert_eq!(bench.run(1000..1035), [(1000, 2), (1010, 3), (1020, 4), (1030, 5)]);
    let figures = bench.replay.progress(t(1035)).figures;
    assert_eq!((figures.behind, figures.late_max, figures.late), (MS(980), MS(980), 1));
}

#[test]
fn a_pause_holds_everything_and_going_on_waits_for_what_was_left() {
    let mut bench = Bench::new(&every(100, 10), ReplayPlan::default());
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..131), [(0, 0), (100, 1)]);
    bench.replay.pause(t(130));
    assert!(bench.run(130..5000).is_empty());
    assert_eq!((bench.state(5000), bench.position(5000)), (PlayState::Paused, MS(130)));
    bench.replay.play(t(5000));
    assert_eq!(bench.run(5000..5180), [(5070, 2), (5170, 3)]);
    assert_eq!(bench.replay.progress(t(5180)).figures.behind, MS(0));
}

#[test]
fn a_step_sends_one_frame_at_once_and_a_step_to_a_chosen_one_none_before_it() {
    let mut bench = Bench::new(&every(100, 10), ReplayPlan::default());
    bench.replay.step(t(0), Step::Frame);
    assert_eq!(bench.run(0..500), [(0, 0)]);
    bench.replay.step(t(500), Step::Frame);
    assert_eq!(bench.run(500..600), [(500, 1)]);
    bench.replay.step(t(600), Step::Chosen(Box::new(Ids(|id| id == 6))));
    assert_eq!(bench.run(600..700), [(600, 6)]);
    assert_eq!((bench.state(700), bench.position(700)), (PlayState::Paused, MS(600)));
    bench.replay.play(t(700));
    assert_eq!(bench.run(700..950), [(800, 7), (900, 8)]);
    // A step out of playing stands still after it.
    bench.replay.step(t(950), Step::Frame);
    assert_eq!(bench.run(950..2000), [(950, 9)]);
    bench.replay.step(t(2000), Step::Frame);
    assert!(bench.run(2000..2001).is_empty());
    assert_eq!(bench.state(2001), PlayState::Ended);
}

#[test]
fn a_seek_goes_on_from_there_and_by_itself_starts_nothing() {
    let mut bench = Bench::new(&every(100, 11), ReplayPlan::default());
    bench.replay.play(t(0));
    bench.run(0..150);
    bench.replay.seek(t(150), SeekTo::Offset(MS(650)));
    assert_eq!(bench.run(150..301), [(200, 7), (300, 8)]);
    bench.replay.seek(t(301), SeekTo::Share(0.2));
    assert_eq!(bench.run(301..302), [(301, 2)]);
    bench.replay.pause(t(302));
    bench.replay.seek(t(302), SeekTo::Share(0.5));
    assert!(bench.run(302..900).is_empty());
    assert_eq!((bench.state(900), bench.position(900)), (PlayState::Paused, MS(500)));
    bench.replay.play(t(900));
    assert_eq!(bench.run(900..5000).len(), 6);
    bench.replay.seek(t(5000), SeekTo::Share(f64::NAN));
    assert!(bench.run(5000..6000).is_empty(), "a replay that has ended stays where it was put");
    assert_eq!(bench.state(6000), PlayState::Paused);
    // Beyond the end is the end.
    bench.replay.seek(t(6000), SeekTo::Offset(Duration::from_secs(99)));
    bench.at(6000);
    assert_eq!(bench.position(6000), MS(1000));
}

#[test]
fn a_part_is_sent_as_often_as_asked_in_its_own_rhythm() {
    let (from, to) = (Some(MS(200)), Some(MS(400)));
    let plan = ReplayPlan { from, to, times: Some(3), ..ReplayPlan::default() };
    let mut bench = Bench::new(&every(100, 10), plan);
    bench.replay.play(t(0));
    let round = |at| [(at, 2), (at + 100, 3), (at + 200, 4)];
    let wanted = [round(0), round(200), round(400)].concat();
    assert_eq!(bench.run(0..3000), wanted);
    assert_eq!(bench.replay.progress(t(3000)).rounds, 3);
    assert_eq!(bench.replay.progress(t(3000)).figures.behind, MS(0));
}

#[test]
fn a_loop_goes_on_until_it_is_told_otherwise_and_a_single_frame_does_not_flood_the_bus() {
    let plan = ReplayPlan { times: None, ..ReplayPlan::default() };
    let mut bench = Bench::new(&every(10, 1), plan.clone());
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..1000).len(), 1000);
    bench.replay.set_times(Some(1));
    assert!(bench.run(1000..2000).len() <= 1);
    let plan = ReplayPlan { speed: Speed::Fastest, ..plan };
    let mut bench = Bench::new(&every(10, 1), plan);
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..100).len(), 100);
}

#[test]
fn what_the_filter_leaves_out_takes_its_time_all_the_same() {
    let mut bench = Bench::picking(&every(100, 6), ReplayPlan::default(), |id| id % 2 == 1);
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..1000), [(100, 1), (300, 3), (500, 5)]);
    assert_eq!(bench.replay.progress(t(1000)).figures.left_out, 3);
    let plan = ReplayPlan { times: None, ..ReplayPlan::default() };
    let mut bench = Bench::picking(&every(100, 6), plan, |_| false);
    bench.replay.play(t(0));
    assert!(bench.run(0..1000).is_empty());
    let progress = bench.replay.progress(t(1000));
    assert_eq!(progress.state, PlayState::Ended);
    assert!(progress.why.unwrap().contains("passes the filter"));
}

#[test]
fn long_pauses_are_shortened_where_that_is_asked() {
    let frames = [(0, 0, "can0"), (100, 1, "can0"), (60_100, 2, "can0"), (60_200, 3, "can0")];
    let plan = ReplayPlan { longest_gap: Some(MS(1000)), ..ReplayPlan::default() };
    let mut bench = Bench::new(&log(frames), plan);
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..3000), [(0, 0), (100, 1), (1100, 2), (1200, 3)]);
    let figures = bench.replay.progress(t(3000)).figures;
    assert_eq!((figures.gaps, figures.behind), ((1, Duration::from_secs(59)), MS(0)));
}

#[test]
fn ids_and_buses_are_mapped_and_error_frames_are_counted_and_not_sent() {
    let frames = [(0, 0x600, "can0"), (1, 0x622, "can1"), (2, 0x123, "can2")];
    let ids = vec!["0x600-0x6FF=0x200".parse().unwrap()];
    let plan = ReplayPlan { ids, ..ReplayPlan::default() };
    let named = vec![("can1".to_owned(), 1)];
    let routes = Routes { named, others: 0 };
    let replay = Replay::new(&log(frames), plan, routes, None).unwrap();
    let mut bench = Bench { replay, sent: Vec::new() };
    bench.replay.play(t(0));
    bench.run(0..10);
    assert_eq!(bench.sent, [(0, 0x200, 0), (1, 0x222, 1), (2, 0x123, 0)]);
    let text = "(1436509000.000000) can0 20000004#0000000000000000\n";
    let text = format!("{text}(1436509000.001000) can0 123#11\n");
    let log = Log::from_bytes("test", text.into_bytes()).unwrap();
    let mut bench = Bench::new(&log, ReplayPlan::default());
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..10), [(1, 0x123)]);
    assert_eq!(bench.replay.progress(t(9)).figures.refused.of(Refusal::ErrorFrame), 1);
}

#[test]
fn a_bus_without_room_makes_it_later_and_one_that_takes_nothing_brings_it_to_a_stand() {
    let mut bench = Bench::new(&every(10, 10), ReplayPlan::default());
    bench.replay.play(t(0));
    let Due::Frame(..) = bench.replay.next(t(0)) else { panic!("a frame is due") };
    bench.replay.done(t(0), Outcome::Later(t(5)));
    assert_eq!(bench.replay.next(t(4)), Due::At(t(5)));
    assert_eq!(bench.run(5..15), [(5, 0), (10, 1)]);
    let mut tries = 0;
    for ms in 20..5000 {
        if let Due::Frame(..) = bench.replay.next(t(ms)) {
            tries += 1;
            bench.replay.done(t(ms), Outcome::Later(t(ms + 10)));
        }
    }
    assert_eq!(tries, 201);
    let progress = bench.replay.progress(t(5000));
    assert_eq!(progress.state, PlayState::Paused);
    assert!(progress.why.unwrap().contains("takes no frames"));
    // The frame was not lost.
    bench.replay.play(t(5000));
    assert_eq!(bench.run(5000..5001), [(5000, 2)]);
    assert_eq!(bench.replay.progress(t(5001)).why, None);
}

#[test]
fn a_halt_says_why_and_a_frame_that_was_overtaken_stays_the_next() {
    let mut bench = Bench::new(&every(10, 10), ReplayPlan::default());
    bench.replay.play(t(0));
    let Due::Frame(first, _) = bench.replay.next(t(0)) else { panic!("a frame is due") };
    bench.replay.done(t(0), Outcome::Void);
    bench.replay.pause(t(0));
    assert_eq!(bench.replay.next(t(1)), Due::Nothing);
    bench.replay.play(t(2));
    assert_eq!(bench.replay.next(t(2)), Due::Frame(first, 0));
    bench.replay.done(t(2), Outcome::Halt("the bus is no longer armed".to_owned()));
    assert_eq!(bench.replay.next(t(3)), Due::Nothing);
    assert!(bench.replay.progress(t(3)).why.unwrap().contains("no longer armed"));
}

#[test]
fn a_recording_that_is_long_is_sought_without_being_read_from_its_front_each_time() {
    let count = 100_000;
    let mut bench = Bench::new(&every(1, count), ReplayPlan::default());
    let look = |id: u32| move |frame: FrameRef<'_>| frame.id() == Id::guess(id).unwrap();
    assert!(bench.replay.look_ahead());
    while bench.replay.look_ahead() {}
    for target in [90_000, 20, 50_001] {
        bench.replay.seek(t(0), SeekTo::Offset(MS(u64::from(target))));
        bench.replay.step(t(0), Step::Frame);
        bench.sent.clear();
        bench.at(0);
        let (_, id, _) = bench.sent[0];
        let frame = Frame::classic(Id::guess(id).unwrap(), &[]).unwrap();
        assert!(look(target)(frame.view()), "{id} for {target}");
    }
}

#[test]
fn a_recording_without_a_frame_is_refused() {
    let log = Log::from_bytes(
        "empty.asc",
        b"date Mon Jul 10 06:16:40 2015\nbase hex  timestamps absolute\n".to_vec(),
    );
    let Ok(log) = log else { return };
    let said = Replay::new(&log, ReplayPlan::default(), Routes::default(), None).err().unwrap();
    assert!(said.contains("no frame in it"), "{said}");
}

/// Chooses every third frame it is asked about.
struct Third(u32);

impl Pick for Third {
    fn pick(&mut self, frames: &Frames, _names: &[String], picked: &mut Vec<bool>) {
        picked.clear();
        picked.extend(frames.iter().map(|_| {
            self.0 += 1;
            self.0 == 3
        }));
    }
}

#[test]
fn whoever_chooses_for_a_step_is_asked_once_about_each_frame() {
    let mut bench = Bench::new(&every(100, 10), ReplayPlan::default());
    bench.replay.step(t(0), Step::Chosen(Box::new(Third(0))));
    let Due::Frame(frame, _) = bench.replay.next(t(0)) else { panic!("a frame is due") };
    assert_eq!(frame.id().raw(), 2);
    // The bus has no room for it yet.
    bench.replay.done(t(0), Outcome::Later(t(5)));
    assert_eq!(bench.replay.next(t(4)), Due::At(t(5)));
    assert_eq!(bench.state(4), PlayState::Playing, "it goes on until its frame is out");
    assert_eq!(bench.run(5..50), [(5, 2)]);
    assert_eq!(bench.state(50), PlayState::Paused);
}

#[test]
fn a_part_that_is_said_to_end_behind_the_recording_ends_with_it() {
    let plan = ReplayPlan { to: Some(MS(60_000)), times: Some(3), ..ReplayPlan::default() };
    let mut bench = Bench::new(&every(100, 3), plan);
    bench.replay.play(t(0));
    let round = |at| [(at, 0), (at + 100, 1), (at + 200, 2)];
    assert_eq!(bench.run(0..5000), [round(0), round(200), round(400)].concat());
}

#[test]
fn a_part_that_begins_behind_the_recording_is_not_sent_and_says_how_long_the_recording_is() {
    let part = |ms| ReplayPlan { from: Some(MS(ms)), ..ReplayPlan::default() };
    for count in [3, 40_000] {
        let length = 100 * (u64::from(count) - 1);
        let mut bench = Bench::new(&every(100, count), part(length + 1));
        bench.replay.play(t(0));
        assert_eq!(bench.run(0..100), [], "{count} frames");
        let progress = bench.replay.progress(t(100));
        let said = progress.why.unwrap();
        assert!(said.contains(&format!("only {:?} long", MS(length))), "{said}");
        assert_eq!(progress.state, PlayState::Ended);
        // It can still be sought, and goes on from there.
        bench.replay.seek(t(100), SeekTo::Offset(MS(length)));
        bench.replay.play(t(100));
        assert_eq!(bench.run(100..200), [(100, count - 1)]);
        // Its last frame is within it.
        let mut bench = Bench::new(&every(100, count), part(length));
        bench.replay.play(t(0));
        assert_eq!(bench.run(0..100), [(0, count - 1)]);
    }
}

#[test]
fn a_part_without_a_frame_blames_the_filter_only_where_it_left_one_out() {
    let (from, to) = (Some(MS(110)), Some(MS(190)));
    let part = ReplayPlan { from, to, ..ReplayPlan::default() };
    let why = |mut bench: Bench| {
        bench.replay.play(t(0));
        assert_eq!(bench.run(0..500), []);
        bench.replay.progress(t(500)).why.unwrap()
    };
    let none = "there is no frame in this part of the recording";
    assert_eq!(why(Bench::new(&every(100, 5), part.clone())), none);
    assert_eq!(why(Bench::picking(&every(100, 5), part.clone(), |_| true)), none);
    assert_eq!(why(Bench::picking(&every(100, 5), part.clone(), |_| false)), none);
    let wider = ReplayPlan { to: Some(MS(210)), ..part };
    let said = why(Bench::picking(&every(100, 5), wider, |_| false));
    assert_eq!(said, "no frame of this part passes the filter");
}

#[test]
fn frames_that_are_shown_together_are_those_that_come_one_by_one() {
    let plans = [
        ReplayPlan { speed: Speed::Fastest, times: Some(2), ..ReplayPlan::default() },
        ReplayPlan { longest_gap: Some(MS(40)), ..ReplayPlan::default() },
        ReplayPlan { from: Some(MS(20)), to: Some(MS(700)), ..ReplayPlan::default() },
    ];
    for plan in plans {
        // Several at a time, with pauses between them.
        let log =
            log((0..3000)
                .map(|n| (u64::from(n / 7) * 3 + u64::from(n / 500) * 90, n % 0x700, "can0")));
        let picking = |ids| Bench::picking(&log, plan.clone(), ids);
        let odd: fn(u32) -> bool = |id| id % 5 != 1;
        let (mut alone, mut together) = (picking(odd), picking(odd));
        alone.replay.play(t(0));
        together.replay.play(t(0));
        for turn in 0..4000_u32 {
            let ms = i64::from(turn) * 2 + i64::from(turn / 100) * 35;
            alone.at(ms);
            while let due @ (Due::Frame(..) | Due::Busy) = together.replay.next(t(ms)) {
                let Due::Frame(frame, target) = due else { continue };
                let mut shown = vec![(frame, target)];
                let before = together.replay.progress(t(ms));
                together.replay.also_due(t(ms), &mut |frame, target| {
                    shown.push((frame, target));
                    if shown.len() < 64 { Takes::On } else { Takes::Enough }
                });
                assert_eq!(
                    together.replay.progress(t(ms)),
                    before,
                    "nothing is changed by looking"
                );
                let dealt = 1 + turn as usize % shown.len();
                let sent = shown.iter().take(dealt);
                together.sent.extend(sent.map(|(frame, to)| (ms, frame.id().raw(), *to)));
                together.replay.settle(t(ms), vec![(t(ms), Outcome::Sent); dealt]);
            }
        }
        assert!(alone.sent.len() > 500);
        assert_eq!(together.sent, alone.sent);
        let figures = |bench: &Bench| bench.replay.progress(t(100_000)).figures;
        assert_eq!(figures(&together), figures(&alone));
    }
}

#[test]
fn a_frame_that_went_out_as_the_last_is_not_sent_again() {
    let mut bench = Bench::new(&every(10, 10), ReplayPlan::default());
    bench.replay.play(t(0));
    let Due::Frame(..) = bench.replay.next(t(0)) else { panic!("a frame is due") };
    bench.replay.done(t(0), Outcome::Last("an adapter did not take one before it".to_owned()));
    let progress = bench.replay.progress(t(0));
    assert_eq!((progress.state, progress.figures.sent), (PlayState::Paused, 1));
    assert!(progress.why.unwrap().contains("did not take"));
    bench.replay.play(t(0));
    assert_eq!(bench.run(0..11), [(10, 1)]);
}
