//! Tests on a real kernel CAN interface. They run where `BUSBAR_VCAN` names a virtual one (such as
//! `vcan0`) that nobody else uses; what changes interfaces needs root as well and makes an
//! interface of its own. `tests/vcan.sh` provides all of it in a small guest.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono, SystemClock, TimeSource};
use crate::engine::can::bus::{BATCH_WAIT, BusState, Link, SendError};
use crate::engine::can::conformance::{Pair, clear, data, gather, rest, send, suite};
use crate::engine::can::frame::{Direction, Frame, Frames, Id, Kind};
use crate::engine::can::socketcan::{interfaces, open};

const LIMIT: Duration = Duration::from_secs(20);

/// The interface is one for all tests, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The interface to test on, and this test's turn on it.
fn vcan() -> Option<(String, MutexGuard<'static, ()>)> {
    let Some(name) = std::env::var("BUSBAR_VCAN").ok().filter(|name| !name.is_empty()) else {
        println!("skipped: no kernel CAN (set BUSBAR_VCAN=vcan0, or run tests/vcan.sh)");
        return None;
    };
    Some((name, TURN.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Runs a program of the system; false where it is not there or fails.
fn run(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(program) = words.next() else { return false };
    let status = Command::new(program).args(words).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// A virtual interface of this test alone, gone at its end. `None` without the right to make one.
struct Scratch(&'static str);

impl Scratch {
    fn new(name: &'static str) -> Option<Self> {
        run(&format!("ip link del {name}"));
        if run(&format!("ip link add dev {name} type vcan")) {
            return Some(Self(name));
        }
        println!("skipped: making a vcan interface needs root and the program ip");
        None
    }

    fn set(&self, how: &str) {
        assert!(run(&format!("ip link set {} {how}", self.0)), "ip link set {} {how}", self.0);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        run(&format!("ip link del {}", self.0));
    }
}

fn listen(name: &str) -> (Link, Arc<SystemClock>) {
    let clock = SystemClock::new();
    (open(name, BusId(1), Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

/// Reads until the status has become `state`, and says how long that took.
fn until(link: &mut Link, clock: &dyn Clock, state: BusState) -> Duration {
    let start = clock.now();
    let mut changed = link.rx.status().state == state;
    while !changed || link.rx.status().state != state {
        let mut frames = Frames::default();
        changed |= link.rx.receive(&mut frames, BATCH_WAIT).status_changed;
        let spent = clock.now().since(start);
        assert!(spent < LIMIT, "still {:?} instead of {state:?}", link.rx.status());
    }
    clock.now().since(start)
}

#[test]
fn what_is_no_can_interface_is_a_status_and_not_an_error() {
    let (mut lo, _) = listen("lo");
    let mut frames = Frames::default();
    lo.rx.receive(&mut frames, Duration::ZERO);
    let status = lo.rx.status();
    assert_eq!(status.state, BusState::Failed);
    assert!(status.sentence.unwrap().starts_with("lo is the loopback interface, not CAN"));
    let said = lo.tx.unwrap().transmit(clear(data(1))).unwrap_err().to_string();
    assert!(said.starts_with("socketcan:lo is not running: lo is the loopback"), "{said}");
}

#[test]
fn an_interface_that_is_not_there_says_what_to_type() {
    let (mut link, _) = listen("nosuchcan7");
    let mut frames = Frames::default();
    assert!(!link.rx.receive(&mut frames, Duration::from_millis(1)).status_changed);
    let sentence = link.rx.status().sentence.unwrap();
    assert!(sentence.contains("sudo "), "{sentence}");
    let (link, _) = listen("a name that is too long");
    assert!(link.rx.status().sentence.unwrap().contains("at most 15"));
}

#[test]
fn a_look_for_interfaces_finds_some_or_says_what_to_type() {
    let found = interfaces();
    assert_eq!(found.interfaces.is_empty(), found.sentence.is_some(), "{found:?}");
    assert!(found.interfaces.iter().all(|interface| !interface.words.is_empty()));
    assert!(found.interfaces.iter().all(|interface| interface.name != "lo"));
    if let Some((name, _turn)) = vcan() {
        let here = found.interfaces.iter().find(|interface| interface.name == name).unwrap();
        assert!(here.words.starts_with("up, no bit rate"), "{here:?}");
    }
}

#[test]
fn a_kernel_interface_passes_the_conformance_suite() {
    let Some((name, _turn)) = vcan() else { return };
    let clock: Arc<dyn Clock> = SystemClock::new();
    let ends = [1, 2, 3].map(|number| open(&name, BusId(number), Arc::clone(&clock)));
    suite(&mut Pair::new(ends, clock, || (), 60_000));
}

#[test]
fn frames_of_other_programs_come_in_and_ours_go_out() {
    let Some((name, _turn)) = vcan() else { return };
    if !run("which cansend candump") {
        println!("skipped: no can-utils");
        return;
    }
    let (mut link, _) = listen(&name);
    for text in ["605#0102030405060708", "18FF50E5#11", "700#R4", "123##3DEADBEEF", "20000004#0010"]
    {
        assert!(run(&format!("cansend {name} {text}")), "{text}");
    }
    let got = gather(&mut link, 5);
    let bare: Vec<Frame> = got.iter().map(|f| f.at(Mono::ZERO).on(BusId(0))).collect();
    let sent = [
        Frame::classic(Id::standard(0x605).unwrap(), &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
        Frame::classic(Id::extended(0x18FF_50E5).unwrap(), &[0x11]).unwrap(),
        Frame::remote(Id::standard(0x700).unwrap(), 4).unwrap(),
        Frame::fd(Id::standard(0x123).unwrap(), &[0xDE, 0xAD, 0xBE, 0xEF])
            .unwrap()
            .with_bit_rate_switch()
            .with_error_state_indicator(),
    ];
    assert_eq!(bare[..4], sent);
    assert_eq!(bare[4].kind(), Kind::Error);
    assert!(got.iter().all(|frame| frame.direction() == Direction::Received));
    assert_eq!(link.rx.status().state, BusState::Passive);

    let dump = Command::new("candump")
        .args(["-L", "-n", "1", "-T", "5000", &name])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Until candump listens, one frame after the other goes past it.
    let mut dump = Some(dump);
    let mut heard = String::new();
    while let Some(mut running) = dump.take() {
        send(&mut link, data(0xDDCC_BBAA));
        rest(&mut link);
        if running.try_wait().unwrap().is_some() {
            heard = String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap();
        } else {
            dump = Some(running);
        }
    }
    assert!(heard.trim_end().ends_with(&format!("{name} 123#AABBCCDD")), "{heard:?}");
}

#[test]
fn a_bus_follows_its_interface_down_and_up_again() {
    let Some((_, _turn)) = vcan() else { return };
    let Some(scratch) = Scratch::new("busbar-down") else { return };
    let (mut link, clock) = listen(scratch.0);
    assert_eq!(link.rx.status().state, BusState::Down);
    let sentence = link.rx.status().sentence.unwrap();
    assert!(sentence.ends_with("sudo ip link set busbar-down up"), "{sentence}");
    assert!(matches!(
        link.tx.as_mut().unwrap().transmit(clear(data(1))),
        Err(SendError::NotRunning { .. })
    ));
    for round in 0..5 {
        scratch.set("up");
        let spent = until(&mut link, clock.as_ref(), BusState::Active);
        assert!(spent < Duration::from_millis(500), "up is seen by its notice, took {spent:?}");
        assert_eq!(link.rx.status().sentence, None);
        send(&mut link, data(round));
        assert_eq!(gather(&mut link, 1).len(), 1);
        scratch.set("down");
        let spent = until(&mut link, clock.as_ref(), BusState::Down);
        assert!(spent < Duration::from_millis(500), "down is seen by its notice, took {spent:?}");
    }
}

#[test]
fn a_bus_finds_its_interface_again_after_it_was_unplugged() {
    let Some((_, _turn)) = vcan() else { return };
    let Some(scratch) = Scratch::new("busbar-plug") else { return };
    scratch.set("up");
    let (mut link, clock) = listen(scratch.0);
    let mut before = Mono::ZERO;
    for round in 0..5 {
        until(&mut link, clock.as_ref(), BusState::Active);
        send(&mut link, data(round));
        let got = gather(&mut link, 1);
        assert_eq!(got[0].view().data, round.to_le_bytes());
        assert!(got[0].time() > before, "time runs on over a new socket");
        before = got[0].time();
        assert!(run("ip link del busbar-plug"));
        until(&mut link, clock.as_ref(), BusState::Missing);
        let sentence = link.rx.status().sentence.unwrap();
        assert!(sentence.starts_with("There is no interface busbar-plug"), "{sentence}");
        let said = link.tx.as_mut().unwrap().transmit(clear(data(1))).unwrap_err().to_string();
        assert!(said.contains("There is no interface"), "{said}");
        assert!(run("ip link add dev busbar-plug type vcan"));
        scratch.set("up");
    }
}

#[test]
fn an_interface_of_classic_can_takes_no_fd_frame() {
    let Some((_, _turn)) = vcan() else { return };
    let Some(scratch) = Scratch::new("busbar-16") else { return };
    scratch.set("mtu 16 up");
    let (mut link, clock) = listen(scratch.0);
    until(&mut link, clock.as_ref(), BusState::Active);
    assert!(!link.rx.status().fd);
    let fd = Frame::fd(Id::standard(1).unwrap(), &[0; 12]).unwrap();
    let said = link.tx.as_mut().unwrap().transmit(clear(fd)).unwrap_err();
    assert!(matches!(said, SendError::Unfit { .. }), "{said}");
    send(&mut link, data(1));
    assert_eq!(gather(&mut link, 1).len(), 1);
}

#[test]
fn four_thousand_frames_a_second_come_in_complete() {
    const SECONDS: u32 = 5;
    const RATE: u32 = 4000;
    let Some((name, _turn)) = vcan() else { return };
    if !run("which cangen") {
        println!("skipped: no can-utils");
        return;
    }
    let (mut link, clock) = listen(&name);
    let total = SECONDS * RATE;
    // Bursts of eight: a small guest sleeps about two milliseconds when it is told one.
    let count = total.to_string();
    let mut sender = Command::new("cangen")
        .args([&name, "-g", "1", "-c", "8", "-n", &count, "-I", "42", "-L", "8", "-D", "i"])
        .spawn()
        .unwrap();
    let mut frames = Frames::default();
    let (mut heard, mut calls, mut worst) = (0_u64, 0_u32, Duration::ZERO);
    let (mut first, mut last) = (None, Mono::ZERO);
    let start = clock.now();
    while heard < u64::from(total) && clock.now().since(start) < LIMIT {
        frames.clear();
        link.rx.receive(&mut frames, BATCH_WAIT);
        let now = clock.now();
        calls += 1;
        for frame in frames.iter() {
            let number = u64::from_le_bytes(frame.data.try_into().unwrap());
            assert_eq!(number, heard, "a frame is missing");
            assert!(frame.time() >= last);
            last = frame.time();
            first.get_or_insert(last);
            worst = worst.max(now.since(last));
            heard += 1;
        }
    }
    assert!(sender.wait().unwrap().success());
    let span = last.since(first.unwrap());
    println!(
        "{heard} frames in {:.3} s ({:.0}/s), {calls} reads, longest wait in the kernel {worst:?}",
        span.as_secs_f64(),
        heard as f64 / span.as_secs_f64()
    );
    assert_eq!(heard, u64::from(total));
    assert_eq!(link.rx.status().dropped, 0);
}

#[test]
fn a_wall_clock_that_is_set_moves_no_frame() {
    let Some((name, _turn)) = vcan() else { return };
    if std::env::var_os("BUSBAR_GUEST").is_none() {
        println!("skipped: setting the clock is for a guest only (run tests/vcan.sh)");
        return;
    }
    let (mut link, clock) = listen(&name);
    for (number, step) in ["+1 hour", "-2 hours", "+1 hour"].into_iter().enumerate() {
        let mut batch = Frames::default();
        let before = clock.now();
        send(&mut link, data(number as u32));
        let set = Command::new("date").args(["-s", step]).stdout(Stdio::null()).status();
        assert!(set.unwrap().success());
        let between = clock.now();
        send(&mut link, data(number as u32));
        while batch.len() < 2 {
            link.rx.receive(&mut batch, BATCH_WAIT);
            assert!(clock.now().since(before) < LIMIT);
        }
        let after = clock.now();
        let slack = Duration::from_millis(5);
        let times: Vec<Mono> = batch.iter().map(|frame| frame.time()).collect();
        assert!(times[0] >= before.before(slack) && times[0] <= between.after(slack), "{times:?}");
        assert!(times[1] >= between.before(slack) && times[1] <= after, "{times:?}");
        assert_eq!(batch.timebase().source, TimeSource::Kernel);
    }
}
