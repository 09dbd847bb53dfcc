//! Processes of the program for tests that kill them, and what a simulated supply says.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

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
    let volts = pack_volts.to_string();
    let mut command = busbar(&["simulate", "--supply", brand, "--pack-volts", &volts]);
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
