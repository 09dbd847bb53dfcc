//! What every bus must do, written once: run on the virtual bus always, and on a kernel interface
//! where there is one. A suite takes two ends of one bus on which nobody else talks.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::{BATCH_FRAMES, BATCH_WAIT, BusState, Link};
use crate::engine::can::frame::{Direction, Frame, Frames, Id, Kind};
use crate::engine::can::guard::{Allow, Cleared, Guard};

/// How often an end is asked before its frames count as lost: 10 s on a real clock.
const ATTEMPTS: usize = 1000;
/// How far a stamp may be off: two clocks are compared to make it.
const SLACK: Duration = Duration::from_millis(5);

/// Two ends of one bus, and a third that plays its faults.
pub struct Pair {
    a: Link,
    b: Link,
    /// Sends the faults and never reads: whoever learns that he is off the bus sends no more.
    fault: Link,
    clock: Arc<dyn Clock>,
    tick: Box<dyn Fn()>,
    /// More frames than the bus keeps for a reader who does not read.
    flood: usize,
}

impl Pair {
    /// The first two ends were opened as bus 1 and 2; `tick` lets a millisecond pass, or nothing where time
    /// passes by itself; `flood` frames are more than an end keeps.
    pub fn new(
        [a, b, fault]: [Link; 3],
        clock: Arc<dyn Clock>,
        tick: impl Fn() + 'static,
        flood: usize,
    ) -> Self {
        Self { a, b, fault, clock, tick: Box::new(tick), flood }
    }
}

/// A guard that lets just this frame through.
pub fn clear(frame: Frame) -> Cleared {
    let rule = Allow::any(frame.id(), frame.kind(), frame.len(), Duration::ZERO);
    let mut guard = Guard::new(vec![rule], Duration::from_secs(1));
    guard.beat(Mono::ZERO);
    guard.clear(Mono::ZERO, frame).expect("its own rule must let it through")
}

/// A data frame that carries `number`.
pub fn data(number: u32) -> Frame {
    Frame::classic(Id::standard(0x123).unwrap(), &number.to_le_bytes()).unwrap()
}

/// Sends `frame` on `link`.
pub fn send(link: &mut Link, frame: Frame) {
    let sent = link.tx.as_mut().expect("no transmit half").transmit(clear(frame));
    sent.unwrap_or_else(|error| panic!("{frame:?}: {error}"));
}

/// Reads `link` until it has given `count` frames.
pub fn gather(link: &mut Link, count: usize) -> Vec<Frame> {
    let mut frames = Frames::default();
    let mut got = Vec::new();
    for _ in 0..ATTEMPTS {
        frames.clear();
        link.rx.receive(&mut frames, BATCH_WAIT);
        assert!(frames.len() <= BATCH_FRAMES, "a batch of {}", frames.len());
        got.extend(frames.iter().map(|frame| frame.to_frame()));
        if got.len() >= count {
            break;
        }
    }
    got
}

/// Reads `link` until nothing more comes.
pub fn rest(link: &mut Link) -> Vec<Frame> {
    let mut frames = Frames::default();
    let mut got = Vec::new();
    for _ in 0..ATTEMPTS {
        frames.clear();
        link.rx.receive(&mut frames, 5 * BATCH_WAIT);
        if frames.is_empty() {
            break;
        }
        got.extend(frames.iter().map(|frame| frame.to_frame()));
    }
    got
}

/// What holds for frames alone, on a wire that passes no error frames on and loses none by itself.
pub fn frames_alone(pair: &mut Pair) {
    nothing_goes_out_by_itself(pair);
    frames_arrive_as_they_were_sent(pair);
    own_frames_come_back_marked_as_sent(pair);
    ten_thousand_frames_keep_their_order(pair);
    stamps_increase_and_lie_between_sending_and_reading(pair);
}

/// All of it.
pub fn suite(pair: &mut Pair) {
    frames_alone(pair);
    an_overload_is_counted(pair);
    error_frames_change_the_status(pair);
}

fn nothing_goes_out_by_itself(pair: &mut Pair) {
    let refused = Guard::silent().clear(pair.clock.now(), data(1));
    assert!(refused.is_err(), "a guard without rules cleared a frame");
    assert_eq!(rest(&mut pair.a), []);
    assert_eq!(rest(&mut pair.b), []);
    for status in [pair.a.rx.status(), pair.b.rx.status()] {
        assert_eq!(status.state, BusState::Active, "{status:?}");
        assert_eq!((status.dropped, status.sentence), (0, None));
    }
}

/// Every kind and length of frame.
fn frames(fd: bool) -> Vec<Frame> {
    let bytes: Vec<u8> = (0..64).map(|byte| 0xA0 ^ byte).collect();
    let ids = [
        Id::standard(0).unwrap(),
        Id::standard(0x7FF).unwrap(),
        Id::extended(0).unwrap(),
        Id::extended(0x7FF).unwrap(),
        Id::extended(0x1FFF_FFFF).unwrap(),
    ];
    let mut frames = Vec::new();
    for id in ids {
        frames.extend((0..=8).map(|len| Frame::classic(id, &bytes[..len]).unwrap()));
        frames.extend((0..=8).map(|len| Frame::remote(id, len).unwrap()));
        if !fd {
            continue;
        }
        for len in (0..=8).chain([12, 16, 20, 24, 32, 48, 64]) {
            let frame = Frame::fd(id, &bytes[..len]).unwrap();
            let switched = frame.with_bit_rate_switch();
            let flagged = frame.with_error_state_indicator();
            frames.extend([frame, switched, flagged, switched.with_error_state_indicator()]);
        }
    }
    frames
}

fn frames_arrive_as_they_were_sent(pair: &mut Pair) {
    let fd = pair.b.rx.status().fd;
    for frame in frames(fd) {
        (pair.tick)();
        send(&mut pair.a, frame);
        let got = gather(&mut pair.b, 1);
        let [got] = got.as_slice() else { panic!("{frame:?} arrived as {got:?}") };
        assert_eq!(*got, frame.at(got.time()).on(BusId(2)));
        assert_eq!(got.direction(), Direction::Received);
    }
    rest(&mut pair.a);
}

fn own_frames_come_back_marked_as_sent(pair: &mut Pair) {
    for number in 0..100 {
        send(&mut pair.a, data(number));
        send(&mut pair.b, data(1000 + number));
    }
    for (link, bus, own) in [(&mut pair.a, BusId(1), 0..100), (&mut pair.b, BusId(2), 1000..1100)] {
        let got = gather(link, 200);
        assert_eq!(got.len(), 200);
        for frame in got {
            let number = u32::from_le_bytes(frame.view().data.try_into().unwrap());
            let direction =
                if own.contains(&number) { Direction::Sent } else { Direction::Received };
            assert_eq!(frame.direction(), direction, "frame {number} at {bus:?}");
            assert_eq!(frame.bus(), bus);
        }
    }
}

fn ten_thousand_frames_keep_their_order(pair: &mut Pair) {
    const BURST: u32 = 100;
    for burst in 0..100 {
        // No wire carries so many in no time at all.
        (pair.tick)();
        for number in 0..BURST {
            send(&mut pair.a, data(burst * BURST + number));
        }
        for (link, direction) in
            [(&mut pair.a, Direction::Sent), (&mut pair.b, Direction::Received)]
        {
            let got = gather(link, BURST as usize);
            let sent: Vec<Frame> =
                (0..BURST).map(|number| data(burst * BURST + number).going(direction)).collect();
            let got: Vec<Frame> =
                got.into_iter().map(|frame| frame.at(Mono::ZERO).on(BusId(0))).collect();
            assert!(got == sent, "burst {burst} came as {got:?}");
        }
    }
    assert_eq!(pair.b.rx.status().dropped, 0);
}

fn stamps_increase_and_lie_between_sending_and_reading(pair: &mut Pair) {
    let mut last = Mono::from_nanos(i64::MIN);
    let mut batch = Frames::default();
    for number in 0..100 {
        (pair.tick)();
        let (before, wall_before) = (pair.clock.now(), pair.clock.wall());
        // Whoever is made to wait between the two does not blame the frame.
        let between = pair.clock.now().since(before);
        send(&mut pair.a, data(number));
        batch.clear();
        for _ in 0..ATTEMPTS {
            pair.b.rx.receive(&mut batch, BATCH_WAIT);
            if !batch.is_empty() {
                break;
            }
        }
        let after = pair.clock.now();
        let frame = batch.get(0).expect("the frame did not arrive");
        let time = frame.time();
        assert!(time > last, "frame {number}: {time:?} after {last:?}");
        assert!(time >= before.before(SLACK), "stamped {time:?} before it was sent at {before:?}");
        assert!(time <= after, "stamped {time:?} after it was read at {after:?}");
        let wall = batch.wall(&frame).expect("no date").nanos();
        let off = wall.saturating_sub(wall_before.nanos()) - time.nanos() + before.nanos();
        let most = (SLACK + between).as_nanos() as u64;
        assert!(off.unsigned_abs() <= most, "wall clock off by {off} ns");
        last = time;
    }
    rest(&mut pair.a);
}

fn an_overload_is_counted(pair: &mut Pair) {
    for number in 0..pair.flood {
        send(&mut pair.a, data(number as u32));
    }
    let mut heard = rest(&mut pair.b);
    // The kernel tells of losses with the next frame that gets through.
    send(&mut pair.a, data(u32::MAX));
    heard.extend(gather(&mut pair.b, 1));
    let dropped = pair.b.rx.status().dropped;
    assert!(dropped > 0, "{} frames were kept for a reader who does not read", pair.flood);
    assert_eq!(heard.len() as u64 + dropped, pair.flood as u64 + 1);
    let numbers: Vec<u32> =
        heard.iter().map(|f| u32::from_le_bytes(f.view().data.try_into().unwrap())).collect();
    assert!(numbers.is_sorted(), "an overload disturbed the order");
    rest(&mut pair.a);
    rest(&mut pair.b);
}

fn error_frames_change_the_status(pair: &mut Pair) {
    let steps = [
        (Frame::error(0x004, &[0, 0x04, 0, 0, 0, 0, 0, 0]), BusState::Warning),
        (Frame::error(0x204, &[0, 0x20, 0, 0, 0, 0, 130, 7]), BusState::Passive),
        (Frame::error(0x040, &[0; 8]), BusState::Off),
        (Frame::error(0x100, &[0; 8]), BusState::Active),
    ];
    for (frame, state) in steps {
        let frame = frame.unwrap();
        send(&mut pair.fault, frame);
        let got = gather(&mut pair.a, 1);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].kind(), got[0].view().data), (Kind::Error, frame.view().data));
        let status = pair.a.rx.status();
        assert_eq!(status.state, state);
        let worried = matches!(state, BusState::Warning | BusState::Passive | BusState::Off);
        assert_eq!(status.sentence.is_some(), worried, "{status:?}");
        gather(&mut pair.b, 1);
    }
    assert_eq!(pair.a.rx.status().error_counters, Some((130, 7)));
}
