//! A charge through a supply on the network, with real processes: the console, its watchdog, the
//! supply. The console is killed, or hangs, or its watchdog goes first, and the supply says when its
//! output went off. Times are measured from the signal to the supply's own line.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::processes::{Console, Lines, Process, SUITS, Suit, supply, wait_for};

/// Within this the output has to be off after a console was killed.
const KILLED: Duration = Duration::from_secs(2);
/// And after one has begun to hang: the watchdog's patience, a first try, and a second one.
const HUNG: Duration = Duration::from_secs(4);
/// Everything that runs.
struct Charge {
    console: Console,
    lines: Lines,
    _supply: Process,
}

impl Charge {
    /// A console that charges a simulated pack through a simulated supply.
    fn through(suit: &Suit) -> Self {
        let (own, place, lines) = supply(suit.brand, suit.pack_volts);
        let console = Console::open(|desk| suit.profile(desk, &place));
        let charge = Self { console, lines, _supply: own };
        charge.console.until("ready to start", |console| console.start(&[]).code == Some(0));
        wait_for(&charge.lines, "output on");
        charge.console.until("charging", |console| console.state() == "constant_current");
        charge
    }

    /// The output goes off within `limit` of `since`.
    #[track_caller]
    fn off_within(&self, what: &str, since: Instant, limit: Duration) {
        let off = wait_for(&self.lines, "output off").duration_since(since);
        assert!(off < limit, "{what}: off after {off:?}, the limit is {limit:?}");
        println!("{what}: off after {} ms", off.as_millis());
    }

    /// And it stays off, for as long as a supply is asked ten times over.
    #[track_caller]
    fn stays_off(&self, what: &str) {
        let more = self.lines.recv_timeout(Duration::from_secs(2));
        assert!(more.is_err(), "{what}: {more:?}");
    }

    /// The processes that the console has started.
    #[cfg(target_os = "linux")]
    fn children(&self) -> Vec<u32> {
        let console = self.console.process.0.id();
        let children = format!("/proc/{console}/task");
        let tasks = std::fs::read_dir(children).into_iter().flatten().flatten();
        let lists =
            tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists.flat_map(|list| numbers(&list)).collect()
    }
}

#[cfg(target_os = "linux")]
fn numbers(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

fn signal(name: &str, process: u32) {
    let number = process.to_string();
    let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &number]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_supply_goes_off_when_the_console_that_charges_through_it_is_killed() {
    for suit in &SUITS {
        let mut charge = Charge::through(suit);
        let killed = Instant::now();
        charge.console.process.0.kill().unwrap();
        let what = format!("{}: console killed", suit.brand);
        charge.off_within(&what, killed, KILLED);
        charge.stays_off(&what);
    }
}

#[test]
fn a_supply_goes_off_when_the_console_that_charges_through_it_hangs_with_its_connection() {
    for suit in &SUITS {
        let mut charge = Charge::through(suit);
        let hung = Instant::now();
        signal("STOP", charge.console.process.0.id());
        let what = format!("{}: console stopped in its tracks", suit.brand);
        charge.off_within(&what, hung, HUNG);
        // It was ended, because it held the only connection that the supply takes.
        assert!(!charge.console.process.0.wait().unwrap().success(), "{what}");
        charge.stays_off(&what);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_supply_goes_off_when_first_the_watchdog_dies_and_then_the_console() {
    for suit in &SUITS {
        let mut charge = Charge::through(suit);
        let before = charge.children();
        let &[watchdog] = before.as_slice() else { panic!("the console has started {before:?}") };
        let killed = Instant::now();
        signal("KILL", watchdog);
        let what = format!("{}: watchdog killed", suit.brand);
        // Either the console ends a charge that nobody would stop if it died, or it goes on with
        // another watchdog, which then does its work.
        match charge.lines.recv_timeout(KILLED) {
            Ok((line, at)) => {
                assert_eq!(line, "output off", "{what}");
                let took = at.duration_since(killed);
                println!("{what}: the console took it off after {} ms", took.as_millis());
            }
            Err(_) => {
                assert!(charge.children().iter().any(|child| *child != watchdog), "{what}: alone");
                let killed = Instant::now();
                charge.console.process.0.kill().unwrap();
                charge.off_within(&what, killed, KILLED);
            }
        }
        charge.stays_off(&what);
    }
}
