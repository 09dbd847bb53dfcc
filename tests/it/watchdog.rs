//! Process death, with real processes: a simulated supply is on, whoever held it is killed without
//! a word, and the output goes off. Times are measured from the kill to the supply's own line.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::processes::{Process, busbar, supply, wait_for};

/// Within this an output has to be off; the issue is how long current flows that nobody watches.
const LIMIT: Duration = Duration::from_secs(3);

/// Switches it on as somebody else would: set points and all.
fn switch_on(place: &str, brand: &str) {
    let mut stream = TcpStream::connect(place).unwrap();
    let text = match brand {
        "tdk" => "ADR 5\rPV 28\rPC 2\rOUT 1\r",
        _ => "CH1:VOLTage 28\nCH1:CURRent 2\nOUTPut CH1,ON\n",
    };
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    // Its answers are read, so that it does not meet a closed door before it has heard everything.
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
}

fn hold(place: &str, brand: &str) -> String {
    let (host, port) = place.split_once(':').unwrap();
    let number = if brand == "tdk" { 5 } else { 1 };
    format!("hold tcp {brand} {number} {port} {host}")
}

/// A process that holds the watchdog's pipe and beats, as the console does.
fn console(hold: &str) -> Process {
    let program = env!("CARGO_BIN_EXE_busbar");
    // Its shell replaces nothing: the shell is the parent that beats, the watchdog its pipe's end.
    let script =
        format!("{{ echo '{hold}'; while echo beat; do sleep 0.2; done; }} | '{program}' watchdog");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).stdin(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    Process(command.spawn().unwrap())
}

#[cfg(unix)]
#[test]
fn when_the_console_hangs_the_output_goes_off_in_time() {
    for brand in ["tdk", "siglent"] {
        let (_supply, place, lines) = supply(brand, 24.0);
        switch_on(&place, brand);
        wait_for(&lines, "output on");
        let mut command = busbar(&["watchdog"]);
        let mut child = Process(command.stdin(Stdio::piped()).spawn().unwrap());
        let pipe = child.0.stdin.as_mut().unwrap();
        writeln!(pipe, "{}", hold(&place, brand)).unwrap();
        writeln!(pipe, "beat").unwrap();
        let silent = Instant::now();
        // The pipe stays open and nothing more comes.
        let off = wait_for(&lines, "output off").duration_since(silent);
        assert!(off > Duration::from_millis(1400), "{brand}: it acted early, after {off:?}");
        assert!(off < LIMIT, "{brand}: off after {off:?}");
        assert!(child.0.wait().unwrap().success(), "{brand}");
        println!("{brand}: silent console: off after {} ms", off.as_millis());
    }
}

#[cfg(unix)]
#[test]
fn when_the_console_is_killed_the_output_goes_off_in_time() {
    for brand in ["tdk", "siglent"] {
        let (_supply, place, lines) = supply(brand, 24.0);
        switch_on(&place, brand);
        wait_for(&lines, "output on");
        let mut command = busbar(&["watchdog"]);
        let mut child = Process(command.stdin(Stdio::piped()).spawn().unwrap());
        let mut pipe = child.0.stdin.take().unwrap();
        writeln!(pipe, "{}", hold(&place, brand)).unwrap();
        writeln!(pipe, "beat").unwrap();
        let killed = Instant::now();
        // What the kernel does to the pipe of a killed process.
        drop(pipe);
        let off = wait_for(&lines, "output off").duration_since(killed);
        assert!(off < LIMIT, "{brand}: off after {off:?}");
        assert!(child.0.wait().unwrap().success(), "{brand}");
        println!("{brand}: killed console: off after {} ms", off.as_millis());
    }
}

#[cfg(unix)]
#[test]
fn a_console_that_beats_is_left_alone_until_it_is_killed() {
    let (_supply, place, lines) = supply("tdk", 24.0);
    switch_on(&place, "tdk");
    wait_for(&lines, "output on");
    let console = console(&hold(&place, "tdk"));
    // Longer than the watchdog's patience: beats keep it quiet.
    let quiet = lines.recv_timeout(Duration::from_millis(2500));
    assert!(quiet.is_err(), "it said {quiet:?} while the console was alive");
    // Only the shell that beats dies by the signal; the loop in it is its child and ends with it.
    let group = format!("-{}", console.0.id());
    let killed = Instant::now();
    let beating = Command::new("pkill").args(["-9", "-g", &group[1..], "sh"]).status();
    if !beating.is_ok_and(|status| status.success()) {
        return println!("skipped: there is no pkill here");
    }
    let off = wait_for(&lines, "output off").duration_since(killed);
    assert!(off < LIMIT, "off after {off:?}");
    println!("kill -9 of the beating process: off after {} ms", off.as_millis());
}

#[test]
fn a_released_watchdog_leaves_the_supply_alone() {
    let (_supply, place, lines) = supply("siglent", 24.0);
    switch_on(&place, "siglent");
    wait_for(&lines, "output on");
    let mut command = busbar(&["watchdog"]);
    let mut child = Process(command.stdin(Stdio::piped()).spawn().unwrap());
    let mut pipe = child.0.stdin.take().unwrap();
    writeln!(pipe, "{}\nbeat\nrelease", hold(&place, "siglent")).unwrap();
    assert!(child.0.wait().unwrap().success());
    let quiet = lines.recv_timeout(Duration::from_millis(500));
    assert!(quiet.is_err(), "it said {quiet:?}");
}
