//! Processes of the program for tests that kill them, and what a simulated supply says.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Desk, Ran};

/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process says, line by line, and when.
pub type Lines = Receiver<(String, Instant)>;

/// A process that is killed when the test ends, however it ends.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

pub fn busbar(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_busbar"));
    command.args(arguments);
    command
}

/// A simulated supply in a process of its own, its place and what it says.
pub fn supply(brand: &str, pack_volts: f64) -> (Process, String, Lines) {
    supply_of(&["--supply", brand, "--pack-volts", &pack_volts.to_string()])
}

/// The same with these arguments.
pub fn supply_of(arguments: &[&str]) -> (Process, String, Lines) {
    let mut command = busbar(&[&["simulate"], arguments].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (to, lines) = sync_channel(64);
    let reader = std::thread::Builder::new().name("supply's words".into());
    reader
        .spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if to.send((line, Instant::now())).is_err() {
                    return;
                }
            }
        })
        .unwrap();
    let (first, _) = lines.recv_timeout(Duration::from_secs(20)).unwrap();
    let place = first.strip_prefix("listening at ").unwrap().to_owned();
    (Process(child), place, lines)
}

#[track_caller]
pub fn wait_for(lines: &Lines, wanted: &str) -> Instant {
    loop {
        let (line, at) = lines.recv_timeout(Duration::from_secs(20)).unwrap();
        if line == wanted {
            return at;
        }
    }
}

/// A supply and a pack of so many modules that suits it.
pub struct Suit {
    pub brand: &'static str,
    pub kind: &'static str,
    pub modules: u8,
    pub pack_volts: f64,
    pub rating: &'static str,
}

pub const SUITS: [Suit; 2] = [
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

impl Suit {
    /// A profile that has the pack as a scene within the console and the supply on the network.
    pub fn profile(&self, desk: &Desk, place: &str) -> PathBuf {
        self.profile_with(desk, place, "", "")
    }

    /// The same with more lines for the pack, and others at the end.
    pub fn profile_with(&self, desk: &Desk, place: &str, pack: &str, end: &str) -> PathBuf {
        let scene = format!(
            "title = \"Bench\"\ndescription = \"A small pack.\"\nseed = 21\nambient_c = 21.0\n\
             pack = \"Bench pack\"\n[[bmu]]\nname = \"BMU\"\nmodules = {}\ncapacity_ah = 20.0\n\
             soc_percent = 45.0\n",
            self.modules
        );
        let scene = desk.file("bench.toml", scene);
        let text = format!(
            "name = \"Bench\"\n[[bus]]\nname = \"sim\"\naddress = \"virtual:sim\"\nscene = {:?}\n\
             [[bus]]\nname = \"supply\"\naddress = \"tcp:{place}\"\n\
             [[component]]\nname = \"Bench pack\"\nkind = \"prohelion-d1000-gen1\"\nbus = \"sim\"\n\
             {pack}\n[[component]]\nname = \"Supply\"\nkind = \"{}\"\nbus = \"supply\"\n{}\n{end}\n",
            scene.display(),
            self.kind,
            self.rating
        );
        desk.file("profile.toml", text)
    }
}

/// A console in a process of its own, without a window.
pub struct Console {
    desk: Desk,
    pub process: Process,
}

impl Console {
    /// With the profile that is made in its folder.
    pub fn open(profile: impl FnOnce(&Desk) -> PathBuf) -> Self {
        let desk = Desk::new();
        let profile = profile(&desk);
        let mut command = Command::new(env!("CARGO_BIN_EXE_busbar"));
        command.arg("--data-dir").arg(desk.path("data")).arg("serve");
        command.arg("--profile").arg(profile).args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: Process(command.spawn().unwrap()), desk }
    }

    /// Tries to start a charge of less than an ampere: pack and supply are not connected, and so little
    /// is not yet missed at the pack.
    pub fn start(&self, more: &[&str]) -> Ran {
        let usual = ["start", "--current", "0.9", "--cell-mv", "3900", "--yes"];
        let own = ["start", "--yes"];
        let first = if more.is_empty() { &usual[..] } else { &own };
        self.charge(&[first, more].concat())
    }

    /// `busbar charge`.
    pub fn charge(&self, arguments: &[&str]) -> Ran {
        let all = ["charge"].iter().chain(arguments);
        let all: Vec<&dyn AsRef<std::ffi::OsStr>> =
            all.map(|one| one as &dyn AsRef<std::ffi::OsStr>).collect();
        self.desk.busbar(&all)
    }

    /// The state of the only pack.
    pub fn state(&self) -> String {
        let said = self.charge(&["status", "--format", "json"]).out;
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        said[0]["state"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let status = || self.charge(&["status"]).out;
            assert!(begun.elapsed() < PATIENCE, "never {what}: {}", status());
        }
    }
}
