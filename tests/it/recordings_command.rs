//! What the commands that take a recording say of it: `replay` and `discover`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Desk;

/// A hundred frames in 990 ms.
fn drive() -> String {
    let mut text = String::new();
    for n in 0..100 {
        writeln!(text, "(1436509000.{:06}) can0 {:03X}#{n:02X}", n * 10_000, 0x100 + n).unwrap();
    }
    text
}

#[test]
fn a_part_behind_the_recording_is_refused_with_its_length() {
    let desk = Desk::new();
    let log = desk.file("drive.log", drive());
    for more in [&["--loop"][..], &[], &["--format", "json"]] {
        let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"replay", &log, &"--bus"];
        all.extend([&"virtual:a" as &dyn AsRef<_>, &"--from", &"20"]);
        all.extend(more.iter().map(|one| one as &dyn AsRef<_>));
        let ran = desk.busbar(&all);
        ran.ends_with(2).names(&["begins at 20s", "only 990ms long"]);
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
}

#[test]
fn a_part_of_which_nothing_is_sent_says_why() {
    let desk = Desk::new();
    let log = desk.file("drive.log", drive());
    let ran = |to: &str, filter: &[&str]| {
        let part = ["--from", "0.105", "--to", to, "--speed", "max"];
        let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"replay", &log, &"--bus"];
        all.extend([&"virtual:a" as &dyn AsRef<_>, &"--format", &"json"]);
        all.extend(part.iter().chain(filter).map(|one| one as &dyn AsRef<_>));
        let ran = desk.busbar(&all);
        let json: Value = serde_json::from_str(&ran.ends_with(2).out).unwrap();
        assert_eq!(json["frames_sent"], 0);
        let why = json["why"].as_str().unwrap();
        ran.names(&[&format!("busbar: nothing was sent: {why}")]);
        why.to_owned()
    };
    assert_eq!(ran("0.108", &[]), "there is no frame in this part of the recording");
    let passes = "no frame of this part passes the filter";
    assert_eq!(ran("0.2", &["--filter", "id:7FF"]), passes);
}

/// What is wrong with a recording is told by every command that reads one, in the same words.
#[test]
fn a_recording_that_is_broken_and_cut_off_is_said_to_be_so() {
    let desk = Desk::new();
    let mut text = drive().replacen("can0 110#10", "can0 110#1Z", 1);
    text.truncate(text.len() - 1);
    let log = desk.file("torn.log", text);
    let commands: [&[&dyn AsRef<std::ffi::OsStr>]; 2] =
        [&[&"replay", &log, &"--bus", &"virtual:a", &"--speed", &"max"], &[&"discover", &log]];
    let convert = desk.busbar(&[&"convert", &log, &desk.path("new.asc")]);
    let told: Vec<&str> = convert.ends_with(0).out.lines().skip(1).collect();
    let told: Vec<&str> = told.into_iter().filter(|line| line.contains("line ")).collect();
    assert_eq!(told.len(), 2, "{}", convert.out);
    for command in commands {
        let ran = desk.busbar(&[command, &[&"--format", &"json"]].concat());
        assert!(ran.err.contains("torn.log: 1 lines skipped"), "{}", ran.err);
        for line in &told {
            assert!(ran.err.contains(line), "no {line:?} in: {}", ran.err);
        }
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(json["skipped_lines"], 1);
        let lines: Vec<u64> = json["problems"].as_array().unwrap().iter().map(line_of).collect();
        assert!(lines.contains(&17) && lines.contains(&100), "{json}");
        let ran = desk.busbar(command);
        assert!(ran.err.contains("torn.log: 1 lines skipped"), "{}", ran.err);
    }
    let whole = desk.file("whole.log", drive());
    let ran = desk.busbar(&[&"replay", &whole, &"--bus", &"virtual:a", &"--speed", &"max"]);
    assert!(!ran.ends_with(0).err.contains("skipped"), "{}", ran.err);
}

fn line_of(problem: &Value) -> u64 {
    assert!(problem["severity"].is_string() && problem["text"].is_string(), "{problem}");
    problem["line"].as_u64().unwrap()
}

#[test]
fn a_bus_that_cannot_be_heard_is_no_bus_on_which_nothing_talks() {
    let desk = Desk::new();
    let ran = desk.busbar(&[&"discover", &"--bus", &"nope0"]);
    ran.ends_with(2).names(&["socketcan:nope0 cannot be used: "]);
    assert!(ran.out.is_empty(), "{}", ran.out);
    desk.busbar(&[&"discover", &"--bus", &"slcan:/nowhere/tty@500000"]).ends_with(2);
    desk.busbar(&[&"discover"]).ends_with(2).names(&["<LOG|--bus <ADDRESS>"]);
    let log = desk.file("drive.log", drive());
    desk.busbar(&[&"discover", &log, &"--bus", &"can0"])
        .ends_with(2)
        .names(&["cannot be used with"]);
    desk.busbar(&[&"discover", &"--demo", &"--seconds", &"1"]).ends_with(0);
    // Nothing talks there, and it was heard.
    desk.busbar(&[&"discover", &"--bus", &"virtual:a", &"--seconds", &"0.2"]).ends_with(1);
}

#[test]
fn a_recording_of_which_the_filter_let_nothing_through_says_how_much_came() {
    let desk = Desk::new();
    let ran = desk.busbar(&[
        &"record",
        &"--demo",
        &"--for",
        &"1s",
        &"--free",
        &"0",
        &"--filter",
        &"id:7FF",
        &"--format",
        &"json",
    ]);
    let json: Value = serde_json::from_str(&ran.ends_with(2).out).unwrap();
    let left_out = json["left_out"].as_u64().unwrap();
    assert!(left_out > 0, "{json}");
    ran.names(&[&format!("{left_out} frames came, and the filter let none through")]);
    let ran = desk.busbar(&[
        &"record",
        &"--demo",
        &"--for",
        &"1s",
        &"--free",
        &"0",
        &"--filter",
        &"id:600..6FF",
    ]);
    assert!(ran.ends_with(0).out.contains("frames left out by the filter"), "{}", ran.out);
    let ran = desk.busbar(&[&"record", &"virtual:a", &"--for", &"200ms", &"--free", &"0"]);
    ran.ends_with(2).names(&["nothing was recorded: no frame came"]);
}
