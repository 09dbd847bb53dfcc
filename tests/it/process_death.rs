//! A charge through a supply on the network, with real processes: the console, its watchdog, the
//! supply. The console is killed, or hangs, or its watchdog goes first, and the supply says when its
//! output went off. Times are measured from the signal to the supply's own line.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::processes::{Lines, Process, busbar, supply, wait_for};
use crate::support::Desk;

/// Within this the output has to be off after a console was killed.
const KILLED: Duration = Duration::from_secs(2);
/// And after one has begun to hang: the watchdog's patience, a first try, and a second one.
const HUNG: Duration = Duration::from_secs(4);
/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A supply and a pack of so many modules that suits it.
struct Suit {
    brand: &'static str,
    kind: &'static str,
    modules: u8,
    pack_volts: f64,
    rating: &'static str,
}

const SUITS: [Suit; 2] = [
    Suit {
        brand: "tdk",
        kind: "tdk-genesys",
        modules: 2,
        pack_volts: 58.3,
        rating: "rating_v = 100.0\nrating_a = 5.0\nrating_w = 500.0",
    },
    Suit {
        brand: "siglent",
        kind: "siglent-spd3303x",
        modules: 1,
        pack_volts: 29.2,
        rating: "rating_v = 32.0\nrating_a = 3.2\nrating_w = 102.0",
    },
];

/// Everything that runs, and the folder that it runs in.
struct Charge {
    desk: Desk,
    console: Process,
    lines: Lines,
    _supply: Process,
}

impl Charge {
    /// A console that charges a simulated pack through a simulated supply. It gives less than an
    /// ampere: the two are not connected, and so little is not yet missed at the pack.
    fn through(suit: &Suit) -> Self {
        let (own, place, lines) = supply(suit.brand, suit.pack_volts);
        let desk = Desk::new();
        let scene = format!(
            "title = \"Bench\"\ndescription = \"A small pack.\"\nseed = 21\nambient_c = 21.0\n\
             pack = \"Bench pack\"\n[[bmu]]\nname = \"BMU\"\nmodules = {}\ncapacity_ah = 20.0\n\
             soc_percent = 45.0\n",
            suit.modules
        );
        let scene = desk.file("bench.toml", scene);
        let profile = format!(
            "name = \"Bench\"\n[[bus]]\nname = \"sim\"\naddress = \"virtual:sim\"\nscene = {:?}\n\
             [[bus]]\nname = \"supply\"\naddress = \"tcp:{place}\"\n\
             [[component]]\nname = \"Bench pack\"\nkind = \"prohelion-d1000-gen1\"\nbus = \"sim\"\n\
             [[component]]\nname = \"Supply\"\nkind = \"{}\"\nbus = \"supply\"\n{}\n",
            scene.display(),
            suit.kind,
            suit.rating
        );
        let profile = desk.file("profile.toml", profile);
        let data = desk.path("data");
        let (data, profile) = (data.to_str().unwrap(), profile.to_str().unwrap());
        let serve = ["--data-dir", data, "serve", "--profile", profile, "--listen", "127.0.0.1:0"];
        let mut command = busbar(&serve);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let console = Process(command.spawn().unwrap());
        let charge = Self { desk, console, lines, _supply: own };
        charge.until("ready to start", || charge.start());
        wait_for(&charge.lines, "output on");
        charge.until("charging", || charge.state() == "constant_current");
        charge
    }

    /// Whether a charge could be started.
    fn start(&self) -> bool {
        let points = ["--current", "0.9", "--cell-mv", "3900", "--yes"];
        self.charge("start", &points).0
    }

    fn state(&self) -> String {
        let (_, said) = self.charge("status", &["--format", "json"]);
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        said[0]["state"].as_str().unwrap_or_default().to_owned()
    }

    fn charge(&self, what: &str, more: &[&str]) -> (bool, String) {
        let data = self.desk.path("data");
        let mut command = busbar(&["--data-dir", data.to_str().unwrap(), "charge", what]);
        let ran = command.args(more).stdin(Stdio::null()).output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    #[track_caller]
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let status = || self.charge("status", &[]);
            assert!(begun.elapsed() < PATIENCE, "never {what}: {:?}", status());
        }
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
        let console = self.console.0.id();
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
        charge.console.0.kill().unwrap();
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
        signal("STOP", charge.console.0.id());
        let what = format!("{}: console stopped in its tracks", suit.brand);
        charge.off_within(&what, hung, HUNG);
        // It was ended, because it held the only connection that the supply takes.
        assert!(!charge.console.0.wait().unwrap().success(), "{what}");
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
                charge.console.0.kill().unwrap();
                charge.off_within(&what, killed, KILLED);
            }
        }
        charge.stays_off(&what);
    }
}
