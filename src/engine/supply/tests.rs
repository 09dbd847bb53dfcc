//! A real line against simulated supplies on loopback, fault by fault. Test code only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::*;
use crate::base::time::{Clock, SystemClock};

const PATIENCE: Duration = Duration::from_secs(8);

struct Bench {
    stand: Stand,
    line: Line,
    news: Receiver<Status>,
    clock: Arc<SystemClock>,
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn target(brand: Brand, at: SocketAddr) -> Target {
    let number = if brand == Brand::Genesys { 5 } else { 1 };
    let (volts, amps) = if brand == Brand::Genesys { (200.0, 8.0) } else { (30.0, 3.0) };
    let host = at.ip().to_string();
    Target { brand, host, port: at.port(), number, volts: Volts(volts), amps: Amps(amps) }
}

impl Bench {
    fn with(brand: Brand, fault: Fault) -> Self {
        let pack = if brand == Brand::Genesys { 150.0 } else { 24.0 };
        let device = Pretend::new(brand, Some(pack)).broken(fault);
        let stand = Stand::open(loopback(), device).unwrap();
        let clock = SystemClock::new();
        let (to, news) = bounded(1000);
        let sink = Box::new(move |status| {
            let _full = to.try_send(status);
        });
        let line = Line::start("test", target(brand, stand.address), clock.clone(), sink).unwrap();
        Self { stand, line, news, clock }
    }

    /// Waits for a status that is so.
    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Status {
        let begun = self.clock.now();
        let mut last = None;
        while self.clock.now().since(begun) < PATIENCE {
            if let Ok(status) = self.news.recv_timeout(PATIENCE) {
                if is_so(&status) {
                    return status;
                }
                last = Some(status);
            }
        }
        panic!("not {what}; last {last:?}, heard {:?}", self.stand.device().heard)
    }

    fn ready(&self) -> Status {
        self.until("ready", |status| status.stage == Stage::Ready && status.measured.is_some())
    }

    fn give(&self, volts: f64, amps: f64) {
        self.line.tell(self.clock.now(), Command::Give { volts: Volts(volts), amps: Amps(amps) });
    }
}

/// Set points that suit each of them: enough for its pack.
fn points(brand: Brand) -> (f64, f64) {
    if brand == Brand::Genesys { (160.0, 5.0) } else { (28.0, 2.5) }
}

#[test]
fn a_supply_is_identified_seen_off_set_read_back_and_stopped() {
    for brand in Brand::ALL {
        let bench = Bench::with(brand, Fault::None);
        let first = bench.ready();
        assert_eq!(first.output, Some(false), "{brand:?}");
        assert!(!first.in_doubt && first.sentence.is_none(), "{first:?}");
        let (volts, amps) = points(brand);
        bench.give(volts, amps);
        let gives = bench.until("giving", |status| status.measured.is_some_and(|m| m.1.0 > 0.1));
        assert_eq!(gives.measured.unwrap().1, Amps(amps));
        bench.line.tell(bench.clock.now(), Command::Stop);
        bench.until("off", |status| status.output == Some(false));
        assert!(!bench.stand.device().on);
        let order = bench.stand.device().heard.clone();
        let at = |text: &str| order.iter().position(|line| line.contains(text)).unwrap();
        let (off, on) = if brand == Brand::Genesys { ("OUT 0", "OUT 1") } else { (",OFF", ",ON") };
        assert!(at("IDN?") < at(off) && at(off) < at(on), "{order:?}");
    }
}

#[test]
fn whatever_is_wrong_with_a_supply_takes_its_output_off_and_keeps_it_off() {
    let faults =
        [Fault::Silent, Fault::Garbage, Fault::Slow, Fault::Refuses, Fault::Drops, Fault::Lies];
    // Side by side, because each waits for time-outs most of the time.
    std::thread::scope(|scope| {
        let cases = Brand::ALL.iter().flat_map(|brand| faults.map(|fault| (*brand, fault)));
        let begin = |(brand, fault)| {
            let thread = std::thread::Builder::new().name(format!("{brand:?} {fault:?}"));
            thread.spawn_scoped(scope, move || goes_off_and_stays_off(brand, fault)).unwrap()
        };
        let running: Vec<_> = cases.map(begin).collect();
        running.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

fn goes_off_and_stays_off(brand: Brand, fault: Fault) {
    let bench = Bench::with(brand, Fault::None);
    bench.ready();
    let (volts, amps) = points(brand);
    bench.give(volts, amps);
    bench.until("on", |status| status.output == Some(true) && status.measured.is_some());
    bench.stand.device().fault = fault;
    // Another set point, so that writes and read-backs meet the fault too.
    bench.give(volts - 1.0, amps - 1.0);
    let doubt = bench.until("in doubt", |status| status.in_doubt);
    assert!(doubt.sentence.is_some(), "{brand:?} {fault:?}: {doubt:?}");
    // Set points do not bring it back.
    bench.give(volts, amps);
    bench.stand.device().fault = Fault::None;
    bench.until("off", |status| status.output == Some(false) && status.measured.is_some());
    assert!(!bench.stand.device().on, "{brand:?} {fault:?}");
    assert!(bench.until("still in doubt", |_| true).in_doubt, "{brand:?} {fault:?}");
    // A stop that was told and seen does.
    bench.line.tell(bench.clock.now(), Command::Stop);
    bench.until("sound again", |status| !status.in_doubt);
    bench.give(volts, amps);
    bench.until("on again", |status| status.output == Some(true));
}

#[test]
fn another_device_is_left_alone() {
    for brand in Brand::ALL {
        let bench = Bench::with(brand, Fault::OtherDevice);
        bench.give(10.0, 1.0);
        let refused = bench.until("refused", |status| status.stage == Stage::Refused);
        assert!(refused.sentence.unwrap().contains("it says it is"));
        let heard = bench.stand.device().heard.clone();
        let harmless = |line: &String| line.contains("IDN?") || line.starts_with("ADR");
        assert!(heard.iter().all(harmless), "{heard:?}");
    }
}

#[test]
fn nothing_beyond_rating_or_model_is_ever_written() {
    for (volts, amps) in [(200.1, 1.0), (100.0, 8.1), (f64::NAN, 1.0), (-1.0, 1.0), (1.0, -0.1)] {
        let bench = Bench::with(Brand::Genesys, Fault::None);
        bench.ready();
        bench.give(volts, amps);
        let doubt = bench.until("in doubt", |status| status.in_doubt);
        assert!(doubt.sentence.unwrap().contains("at most"));
        let heard = bench.stand.device().heard.clone();
        assert!(!heard.iter().any(|line| line.starts_with("PV ") || line == "OUT 1"), "{heard:?}");
    }
}

#[test]
fn a_lost_connection_is_taken_up_again_with_off_as_the_first_command() {
    let bench = Bench::with(Brand::Genesys, Fault::None);
    bench.ready();
    bench.give(160.0, 5.0);
    bench.until("on", |status| status.output == Some(true) && status.measured.is_some());
    bench.stand.device().heard.clear();
    bench.stand.device().fault = Fault::Drops;
    bench.give(150.0, 5.0);
    bench.until("offline", |status| status.stage == Stage::Offline);
    bench.stand.device().fault = Fault::None;
    bench.until("off", |status| status.output == Some(false));
    let heard = bench.stand.device().heard.clone();
    let after = heard.iter().skip_while(|line| !line.starts_with("ADR")).take(2);
    assert_eq!(after.collect::<Vec<_>>(), ["ADR 5", "OUT 0"], "{heard:?}");
}

#[test]
fn a_line_that_is_dropped_switches_off_first() {
    let bench = Bench::with(Brand::Spd3303x, Fault::None);
    bench.ready();
    bench.give(28.0, 2.0);
    bench.until("on", |status| status.output == Some(true));
    let Bench { stand, line, .. } = bench;
    drop(line);
    assert!(!stand.device().on);
}

#[test]
fn whoever_takes_over_switches_off_and_sees_it() {
    for brand in Brand::ALL {
        let device = Pretend::new(brand, Some(10.0)).giving(20.0, 2.0);
        let stand = Stand::open(loopback(), device).unwrap();
        let clock = SystemClock::new();
        assert!(switch_off(target(brand, stand.address), clock.clone(), PATIENCE));
        assert!(!stand.device().on);
        stand.device().on = true;
        stand.device().fault = Fault::StaysOn;
        let limit = Duration::from_millis(600);
        assert!(!switch_off(target(brand, stand.address), clock, limit), "{brand:?}");
    }
}

/// A whole conversation of a machine with a simulated supply, in a time of its own.
fn exchange(brand: Brand) -> String {
    let at = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut machine = Machine::new(target(brand, at));
    let mut device = Pretend::new(brand, Some(if brand == Brand::Genesys { 150.0 } else { 24.0 }));
    let (volts, amps) = points(brand);
    let mut orders = vec![Command::Stop, Command::Give { volts: Volts(volts), amps: Amps(amps) }];
    let mut now = crate::base::time::Mono::ZERO;
    let mut text = String::new();
    machine.connected(now);
    for _ in 0..200 {
        match machine.next(now) {
            Need::Send(bytes) => {
                let line = String::from_utf8(bytes).unwrap();
                text += &format!("> {}\n", line.trim());
                if let Some(answer) = device.answers(line.trim()) {
                    text += &format!("< {answer}\n");
                    machine.heard(now, format!("{answer}\n").as_bytes());
                }
            }
            // After each round of questions comes the next order; the last is followed by one round.
            Need::Wait(until) => {
                now = until;
                let rounds = text.matches(['M']).count();
                if machine.news().is_some_and(|news| news.measured.is_some()) && rounds > 0 {
                    match orders.pop() {
                        Some(order) => machine.tell(now, order),
                        None => return text,
                    }
                }
            }
            Need::Connect | Need::Close => panic!("the connection was given up:\n{text}"),
        }
    }
    panic!("no end:\n{text}")
}

#[test]
fn every_device_of_text_shows_its_conversation() {
    for brand in Brand::ALL {
        let text = exchange(brand);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/devices");
        let path = folder.join(brand.kind()).join("exchange.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, golden, "{}", path.display());
    }
}

/// The machine alone, in a time of its own.
mod alone {
    use super::*;
    use crate::base::time::Mono;

    const MS: fn(i64) -> Mono = Mono::from_millis;

    /// A machine and the supply that it talks to.
    struct Pair {
        machine: Machine,
        on: bool,
        volts: String,
        amps: String,
    }

    /// Answers whatever the machine sends until it waits.
    fn serve(pair: &mut Pair, now: Mono) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..200 {
            let Need::Send(bytes) = pair.machine.next(now) else { break };
            let line = String::from_utf8(bytes).unwrap().trim().to_owned();
            let back = pair.answer(&line);
            pair.machine.heard(now, format!("{back}\r").as_bytes());
            said.push(line);
        }
        said
    }

    impl Pair {
        fn answer(&mut self, line: &str) -> String {
            match line {
                "IDN?" => return "LAMBDA,GEN300-10".to_owned(),
                "OUT?" => return if self.on { "ON" } else { "OFF" }.to_owned(),
                "PV?" => return self.volts.clone(),
                "PC?" => return self.amps.clone(),
                "MV?" | "MC?" => return "0.00".to_owned(),
                _ => {}
            }
            match line.split_once(' ') {
                Some(("OUT", value)) => self.on = value == "1",
                Some(("PV", value)) => value.clone_into(&mut self.volts),
                Some(("PC", value)) => value.clone_into(&mut self.amps),
                _ => {}
            }
            "OK".to_owned()
        }
    }

    fn ready() -> Pair {
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let machine = Machine::new(target(Brand::Genesys, at));
        let mut pair = Pair { machine, on: false, volts: String::new(), amps: String::new() };
        assert_eq!(pair.machine.next(MS(0)), Need::Connect);
        pair.machine.connected(MS(0));
        serve(&mut pair, MS(0));
        pair
    }

    #[test]
    fn an_output_goes_off_when_nobody_tells_it_anything() {
        let mut pair = ready();
        pair.machine.tell(MS(100), Command::Give { volts: Volts(150.0), amps: Amps(2.0) });
        assert!(serve(&mut pair, MS(100)).contains(&"OUT 1".to_owned()));
        let late = MS(100).after(COMMAND_LIFE).after(Duration::from_millis(1));
        assert!(serve(&mut pair, late).contains(&"OUT 0".to_owned()));
        let status = pair.machine.news().unwrap();
        assert!(status.in_doubt && status.sentence.unwrap().contains("nobody"));
    }

    #[test]
    fn nothing_that_was_planned_before_a_standstill_is_said_after_it() {
        let give = Command::Give { volts: Volts(150.0), amps: Amps(2.0) };
        let late = |at: Mono| at.after(COMMAND_LIFE).after(Duration::from_millis(1));
        let switched_on =
            |said: &[String]| said.iter().any(|line| line.starts_with("PC ") || line == "OUT 1");
        // In the middle of setting it.
        let mut pair = ready();
        pair.machine.tell(MS(100), give);
        assert_eq!(pair.machine.next(MS(100)), Need::Send(b"PV 150.00\r".to_vec()));
        pair.machine.heard(MS(101), b"OK\r");
        let said = serve(&mut pair, late(MS(100)));
        assert!(!switched_on(&said) && pair.machine.is_off(), "{said:?}");
        // Before it was even taken: it is as old as its decision.
        let mut pair = ready();
        pair.machine.tell(MS(100), give);
        let said = serve(&mut pair, late(MS(100)));
        assert!(!switched_on(&said) && !said.iter().any(|one| one.starts_with("PV ")), "{said:?}");
        assert!(pair.machine.is_off());
    }

    #[test]
    fn current_goes_down_before_the_voltage_changes_and_up_after_it() {
        let mut pair = ready();
        let sets = |said: Vec<String>| -> Vec<String> {
            said.into_iter().filter(|line| line.contains(' ')).collect()
        };
        pair.machine.tell(MS(100), Command::Give { volts: Volts(150.0), amps: Amps(2.0) });
        let said = sets(serve(&mut pair, MS(100)));
        assert_eq!(said, ["PV 150.00", "PC 2.00", "OUT 1"]);
        pair.machine.tell(MS(200), Command::Give { volts: Volts(149.0), amps: Amps(1.0) });
        assert_eq!(sets(serve(&mut pair, MS(200))), ["PC 1.00", "PV 149.00"]);
        // The same again says nothing, and nothing is rounded up.
        pair.machine.tell(MS(300), Command::Give { volts: Volts(149.0), amps: Amps(1.009) });
        assert_eq!(sets(serve(&mut pair, MS(300))), [] as [String; 0]);
    }

    #[test]
    fn rounds_come_every_500_ms_though_set_points_change_all_the_time() {
        let mut pair = ready();
        let mut rounds = 0;
        for step in 1..=40 {
            let amps = Amps(1.0 + f64::from(step) / 100.0);
            let now = MS(i64::from(step) * 100);
            pair.machine.tell(now, Command::Give { volts: Volts(150.0), amps });
            rounds += serve(&mut pair, now).iter().filter(|line| *line == "MC?").count();
        }
        assert!((8..=9).contains(&rounds), "{rounds} rounds in 4 s");
    }

    #[test]
    fn a_stop_cuts_short_what_was_still_to_be_said() {
        let mut pair = ready();
        pair.machine.tell(MS(100), Command::Give { volts: Volts(150.0), amps: Amps(2.0) });
        let Need::Send(first) = pair.machine.next(MS(100)) else { panic!("nothing to send") };
        assert_eq!(first, b"PV 150.00\r");
        pair.machine.tell(MS(110), Command::Stop);
        pair.machine.heard(MS(120), b"OK\r");
        let said = serve(&mut pair, MS(120));
        assert!(!said.iter().any(|line| line == "OUT 1" || line.starts_with("PC")), "{said:?}");
        assert!(pair.machine.is_off());
    }

    #[test]
    fn an_output_that_is_going_on_when_the_stop_comes_is_taken_off() {
        let mut pair = ready();
        pair.machine.tell(MS(100), Command::Give { volts: Volts(150.0), amps: Amps(2.0) });
        loop {
            let Need::Send(line) = pair.machine.next(MS(100)) else { panic!("never on") };
            if line == b"OUT 1\r" {
                break;
            }
            let back: &[u8] = match line.as_slice() {
                b"PV?\r" => b"150.00\r",
                b"PC?\r" => b"2.00\r",
                _ => b"OK\r",
            };
            pair.machine.heard(MS(100), back);
        }
        pair.machine.tell(MS(101), Command::Stop);
        pair.machine.heard(MS(102), b"OK\r");
        assert_eq!(pair.machine.next(MS(103)), Need::Send(b"OUT 0\r".to_vec()));
    }

    #[test]
    fn attempts_to_connect_grow_rare_and_never_end() {
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut machine = Machine::new(target(Brand::Spd3303x, at));
        let mut now = MS(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            assert_eq!(machine.next(now), Need::Connect);
            machine.lost(now, "cannot be reached");
            let Need::Wait(until) = machine.next(now) else { panic!("no wait") };
            waits.push(until.since(now).as_millis());
            now = until;
        }
        assert_eq!(waits, [250, 500, 1000, 2000, 2000, 2000, 2000]);
    }
}
