//! Whatever is given to the program on its command line: it says in a sentence what is wrong and
//! where, ends with the exit code for it, and never panics.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::support::{Desk, asset};

const FOUR_GB: u64 = 4 << 30;
const DBC: &str = "VERSION \"\"\n\nBU_: BMU\n\nBO_ 1786 Total: 8 BMU\n SG_ Volts : 0|32@1+ (0.001,0) [0|0] \"V\" BMU\n";
const LOG: &str = "(1562885457.402001) can0 6FA#A75D0200170A0000\n";

/// Files that are none of what they should be.
fn bad_files(desk: &Desk, extension: &str) -> Vec<(&'static str, PathBuf)> {
    let name = |stem: &str| format!("{stem}.{extension}");
    vec![
        ("missing", desk.path(&name("missing"))),
        ("empty", desk.file(&name("empty"), "")),
        ("binary", desk.file(&name("binary"), (0..=255_u8).cycle().take(5000).collect::<Vec<_>>())),
        ("folder", desk.path("")),
        ("huge", desk.sparse(&name("huge"), FOUR_GB)),
    ]
}

fn arguments<'a>(all: &'a [&'a str]) -> Vec<&'a dyn AsRef<OsStr>> {
    all.iter().map(|one| one as &dyn AsRef<OsStr>).collect()
}

#[test]
fn a_recording_that_is_none_is_refused_by_name() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    for (what, file) in bad_files(&desk, "log") {
        let name = file.file_name().unwrap_or_default().to_str().unwrap().to_owned();
        let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &file, &"--format", &"jsonl"]);
        ran.ends_with(2).names(&[&name]);
        assert!(ran.out.is_empty(), "{what}: {}", ran.out);
        let ran = desk.busbar(&[&"inspect", &file, &"--device", &"prohelion-d1000-gen1"]);
        ran.ends_with(2).names(&[&name]);
    }
}

#[test]
fn a_conversion_is_done_whole_or_not_at_all() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let out = desk.path("new.blf");
    for (_, file) in bad_files(&desk, "log") {
        let name = file.file_name().unwrap_or_default().to_str().unwrap().to_owned();
        desk.busbar(&[&"convert", &file, &out]).ends_with(2).names(&[&name]);
        assert!(!out.exists());
    }
    let ran = desk.busbar(&[&"convert", &log, &out, &"--format", &"json"]);
    let said = ran.ends_with(0).out.trim().to_owned();
    let wanted =
        "{\"frames\":1,\"error_frames\":0,\"remote_frames\":0,\"skipped_lines\":0,\"not_kept\":[]}";
    assert_eq!(said, wanted);
    desk.busbar(&[&"convert", &log, &out]).ends_with(2).names(&["new.blf", "--force"]);
    desk.busbar(&[&"convert", &log, &out, &"--force"]).ends_with(0);
    desk.busbar(&[&"convert", &log, &desk.path("new.mf4")]).ends_with(0);
    assert!(std::fs::read(desk.path("new.mf4")).unwrap().starts_with(b"MDF     "));
    let ran = desk.busbar(&[&"convert", &log, &desk.path("new.xyz")]);
    ran.ends_with(2).names(&["new.xyz", "--to"]);
}

#[test]
fn a_dbc_file_that_is_none_is_refused_by_name() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let good = desk.file("good.dbc", DBC);
    desk.busbar(&[&"dbc", &"check", &good]).ends_with(0);
    for (what, file) in bad_files(&desk, "dbc") {
        let name = file.file_name().unwrap_or_default().to_str().unwrap().to_owned();
        // What is no file was not checked.
        let code = if matches!(what, "missing" | "folder") { 2 } else { 1 };
        desk.busbar(&[&"dbc", &"check", &file]).ends_with(code).names(&[&name]);
        let ran = desk.busbar(&[&"dbc", &"check", &file, &"--format", &"json"]);
        let json: serde_json::Value = serde_json::from_str(&ran.ends_with(code).out).unwrap();
        assert_eq!((&json["messages"], &json["signals"]), (&0.into(), &0.into()));
        let problem = &json["problems"][0];
        assert_eq!((&problem["line"], &problem["severity"]), (&0.into(), &"error".into()));
        assert!(problem["text"].as_str().unwrap().contains(&name), "{json}");
        let ran = desk.busbar(&[&"decode", &"--dbc", &file, &log]);
        ran.ends_with(2).names(&[&name]);
        let ran = desk.busbar(&[&"decode", &"--dbc", &file, &"--dbc", &good, &log]);
        ran.ends_with(0).names(&[&name, "it is left out", "1 decoded"]);
    }
}

#[test]
fn a_profile_that_is_none_is_refused_by_name() {
    let desk = Desk::new();
    for (what, file) in bad_files(&desk, "toml") {
        let name = file.file_name().unwrap_or_default().to_str().unwrap().to_owned();
        let ran = desk.busbar(&[&"profile", &"check", &file]);
        // Only a file that is not there cannot be checked.
        ran.ends_with(if what == "missing" { 2 } else { 1 }).names(&[&name]);
        desk.busbar(&[&"--profile", &file, &"serve"]).ends_with(2).names(&[&name]);
    }
}

#[test]
fn a_truncated_recording_gives_what_it_has_and_names_the_line() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let whole = LOG.repeat(3);
    let log = desk.file("cut.log", &whole[..whole.len() - 9]);
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--format", &"jsonl"]);
    ran.ends_with(0).names(&["cut.log", "line 3"]);
    assert!(ran.out.lines().count() >= 2, "{}", ran.out);
}

#[test]
fn a_broken_line_in_a_recording_is_skipped_counted_and_named() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let log = desk.file("some.log", format!("{LOG}(1562885457.5) can0 6FA#A7ZZ\n{LOG}"));
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--format", &"csv"]);
    ran.ends_with(0).names(&["1 lines skipped", "line 2"]);
}

#[test]
fn a_recording_whose_time_runs_backwards_is_read_and_said_so() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let log = desk.file(
        "back.log",
        "(1562885457.4) can0 6FA#A75D0200170A0000\n(1562885400.0) can0 6FA#A75D0200170A0000\n",
    );
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--format", &"jsonl"]);
    ran.ends_with(0).names(&["line 2"]);
    assert_eq!(ran.out.lines().count(), 2);
    let ran = desk.busbar(&[&"inspect", &log, &"--device", &"prohelion-d1000-gen1"]);
    ran.ends_with(0);
}

#[test]
fn a_recording_without_a_date_is_read() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let log = desk.file("span.log", "  can0  6FA   [8]  A7 5D 02 00 17 0A 00 00\n".repeat(3));
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--format", &"jsonl"]);
    ran.ends_with(0);
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.err);
}

#[test]
fn frames_with_a_wrong_length_give_the_signals_that_fit() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let log = desk.file(
        "short.log",
        "(1.0) can0 6FA#A75D\n(2.0) can0 6FA#\n(3.0) can0 6FA#A75D0200\n(4.0) can0 6FA##0A75D0200170A00000102030405060708\n",
    );
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--format", &"jsonl"]);
    ran.ends_with(0);
    assert!(ran.out.contains("155.047"), "{}", ran.out);
    assert_eq!(ran.out.matches("Volts").count(), 2, "{}", ran.out);
    let ran = desk.busbar(&[&"inspect", &log, &"--device", &"prohelion-d1000-gen1"]);
    ran.ends_with(0);
}

#[test]
fn a_dbc_with_an_error_on_every_line_is_told_line_by_line() {
    let desk = Desk::new();
    let bad = "BO_ x y z\n SG_ nothing : here\nVAL_ oops\nBA_ \"none\" 1;\n\u{1}\u{2}\n".repeat(40);
    let file = desk.file("bad.dbc", bad);
    let ran = desk.busbar(&[&"dbc", &"check", &file]);
    ran.ends_with(1).names(&["bad.dbc:1:", "bad.dbc:2:", "bad.dbc:3:"]);
    let ran = desk.busbar(&[&"dbc", &"check", &file, &"--format", &"json"]);
    ran.ends_with(1);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["messages"], 0);
    assert!(json["problems"].as_array().unwrap().len() >= 40, "{}", json["problems"]);
    let half = desk.file("half.dbc", format!("{DBC}\n SG_ broken : 1|\nBO_ what\n"));
    desk.busbar(&[&"dbc", &"check", &half]).ends_with(1).names(&["half.dbc:8:", "error"]);
    // A warning alone is no error.
    let odd = desk.file("odd.dbc", format!("{DBC}{DBC}"));
    desk.busbar(&[&"dbc", &"check", &odd])
        .ends_with(0)
        .names(&["odd.dbc:11: warning", "1 problem"]);
}

#[test]
fn an_unknown_device_lists_the_known_ones() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let ran = desk.busbar(&[&"inspect", &log, &"--device", &"acme-9000"]);
    ran.ends_with(2).names(&["acme-9000", "prohelion-d1000-gen1", "elcon-tc"]);
}

#[test]
fn a_base_address_that_cannot_be_says_which_can() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let inspect = |base: &str| {
        desk.busbar(&[&"inspect", &log, &"--device", &"prohelion-d1000-gen1", &"--base", &base])
    };
    inspect("0x601").ends_with(2).names(&["0x601", "multiple"]);
    inspect("0x800").ends_with(2).names(&["0x800", "out of range"]);
    inspect("0x123456789").ends_with(2).names(&["0x123456789"]);
    inspect("high").ends_with(2).names(&["high"]);
    inspect("-1").ends_with(2).names(&["-1"]);
}

#[test]
fn a_moment_that_the_recording_does_not_have_is_told() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let inspect = |at: &str| {
        let at = format!("--at={at}");
        desk.busbar(&[&"inspect", &log, &"--device", &"prohelion-d1000-gen1", &at])
    };
    inspect("soon").ends_with(2).names(&["soon"]);
    inspect("nan").ends_with(2).names(&["NaN"]);
    inspect("1e300").ends_with(2);
}

#[test]
fn a_negative_number_is_answered_and_not_taken_for_an_option() {
    let desk = Desk::new();
    let log = desk.file("good.log", LOG);
    let out = desk.path("out.log");
    let inspect = |option: &str, value: &str| desk.busbar(&[&"inspect", &log, &option, &value]);
    let ran = [
        inspect("--base", "-32"),
        inspect("--at", "-1"),
        desk.busbar(&[&"simulate", &"--log", &out, &"--duration", &"-5"]),
        desk.busbar(&[&"--demo", &"serve", &"--duration", &"-5"]),
    ];
    for (ran, word) in ran.iter().zip(["is no address", "not within", "-5", "-5"]) {
        ran.ends_with(2).names(&[word]);
        assert!(!ran.err.contains("unexpected argument"), "{}", ran.err);
        assert!(!ran.out.contains("http"), "nothing is opened before: {}", ran.out);
    }
}

#[test]
fn an_unknown_scene_lists_the_known_ones() {
    let desk = Desk::new();
    let ran = desk.busbar(&[&"simulate", &"--scene", &"beach", &"--bus", &"virtual:x"]);
    ran.ends_with(2).names(&["beach", "cold-morning"]);
    let ran = desk.busbar(&[&"--demo", &"--scene", &"beach", &"serve"]);
    ran.ends_with(2).names(&["beach", "cold-morning"]);
    let broken = desk.file("broken.toml", "title = \"x\"\nwhat = 1\n");
    let ran = desk.busbar(&[&"simulate", &"--scene", &broken, &"--bus", &"virtual:x"]);
    ran.ends_with(2).names(&["broken.toml", "2"]);
    let huge = desk.sparse("huge.toml", FOUR_GB);
    let ran = desk.busbar(&[&"simulate", &"--scene", &huge, &"--bus", &"virtual:x"]);
    ran.ends_with(2).names(&["huge.toml"]);
}

#[test]
fn an_unknown_bus_says_what_to_write() {
    let desk = Desk::new();
    let on = |bus: &str| desk.busbar(&arguments(&["simulate", "--scene", "demo", "--bus", bus]));
    on("can0").ends_with(2).names(&["can0", "socketcan:can0"]);
    on("usb:1").ends_with(2).names(&["usb", "socketcan"]);
    on("socketcan:").ends_with(2).names(&["socketcan:"]);
    #[cfg(target_os = "linux")]
    on("socketcan:nocan77").ends_with(2).names(&["nocan77"]);
}

#[test]
fn an_unknown_profile_lists_the_known_ones() {
    let desk = Desk::new();
    desk.busbar(&[&"profile", &"show", &"Mine"]).ends_with(2).names(&["Mine", "none yet"]);
    desk.file("data/profiles/Workshop.toml", "name = 'Workshop'\n");
    desk.busbar(&[&"profile", &"show", &"Mine"]).ends_with(2).names(&["Mine", "Workshop"]);
    let ran = desk.busbar(&[&"--profile", &"Mine", &"serve"]);
    ran.ends_with(2).names(&["Mine", "Workshop"]);
    desk.busbar(&[&"profile", &"check", &"a:b"]).ends_with(2).names(&["a:b"]);
}

const BUS: &str = "name = 'P'\n[[bus]]\nname = 'car'\naddress = 'virtual:x'\n";

fn component(name: &str, more: &str) -> String {
    format!("[[component]]\nname = '{name}'\nkind = 'prohelion-d1000-gen1'\nbus = 'car'\n{more}\n")
}

#[test]
fn every_mistake_in_a_profile_has_its_file_and_line() {
    let desk = Desk::new();
    let cases = [
        (component("a", "base = 0x601"), "p.toml:9: error: ", "0x601"),
        (component("a", "base = 0x800"), "p.toml:9: error: ", "out of range"),
        (component("a", "bsae = 0x600"), "p.toml:9: error: ", "bsae"),
        (component("a", "base = ${BUSBAR_NOT_SET}"), "p.toml:9: error: ", "BUSBAR_NOT_SET"),
        (component("a", "late_ms = 9\nlost_ms = 5"), "p.toml:10: error: ", "lost_ms"),
        (
            component("a", "").replace("'car'", "'bus'"),
            "p.toml:8: error: ",
            "unknown bus \"bus\": there is car",
        ),
        (component("a", "").replace("gen1", "gen9"), "p.toml:7: error: ", "unknown kind"),
        (
            component("a", "") + &component("a", "base = 0x200"),
            "p.toml:11: error: ",
            "second component",
        ),
        (
            "[[bus]]\nname='b'\naddress='virtual:y'\nscene='beach'\n".into(),
            "p.toml:8: error: ",
            "beach",
        ),
    ];
    for (more, place, word) in cases {
        let file = desk.file("p.toml", format!("{BUS}{more}"));
        let ran = desk.busbar(&[&"profile", &"check", &file]);
        ran.ends_with(1).names(&[place, word, "is refused"]);
        let ran = desk.busbar(&[&"--profile", &file, &"serve"]);
        ran.ends_with(2).names(&[&place.replace(" error: ", ""), word]);
    }
}

#[test]
fn two_components_on_the_same_address_are_named_with_their_ids() {
    let desk = Desk::new();
    let both = component("front", "base = 0x600") + &component("rear", "base = 0x600");
    let file = desk.file("p.toml", format!("{BUS}{both}"));
    let words = ["p.toml:14:", "\"front\"", "\"rear\"", "0x600 to 0x6FF", "\"car\""];
    desk.busbar(&[&"profile", &"check", &file]).ends_with(1).names(&words);
    let ran = desk.busbar(&[&"profile", &"check", &file, &"--format", &"json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.ends_with(1).out).unwrap();
    assert_eq!(json["problems"][0]["line"], 14);
    assert_eq!(json["problems"][0]["severity"], "error");
}

#[test]
fn a_sound_profile_is_listed_shown_and_checked() {
    let desk = Desk::new();
    let text =
        format!("{BUS}{}", component("front", "base = ${BUSBAR_NOT_SET:-0x200}\nstrings = 2"));
    desk.file("data/profiles/Mine.toml", text);
    desk.file("data/profiles/Broken.toml", "name = 'Broken'\nbus = 7\n");
    let list = desk.busbar(&[&"profile", &"list"]);
    list.ends_with(0).names(&["Mine    1 bus, 1 component", "Broken  refused: ", "Broken.toml:2:"]);
    let show = desk.busbar(&[&"profile", &"show", &"Mine"]);
    show.ends_with(0).names(&[
        "component front",
        "base 0x200, charge-positive (default)",
        "virtual:x",
    ]);
    show.names(&[", 2 strings, pack front (default), late after 300 ms (default)"]);
    show.names(&["no limits (default)"]);
    let show = desk.busbar(&[&"profile", &"show", &"Mine", &"--format", &"json"]);
    let json: serde_json::Value = serde_json::from_str(&show.ends_with(0).out).unwrap();
    let component = &json["component"][0];
    assert_eq!(component["base"], 0x200);
    assert_eq!(component["current_sign"], "charge-positive");
    assert_eq!(component["lost_ms"], 1000);
    let defaults = serde_json::json!(["current_sign", "pack", "late_ms", "lost_ms"]);
    assert_eq!(component["defaults"], defaults);
    desk.busbar(&[&"profile", &"check", &"Mine"]).ends_with(0).names(&["can run: 1 bus"]);
}

#[test]
fn a_data_folder_that_cannot_be_read_is_named() {
    let desk = Desk::new();
    desk.file("data", "a file where a folder should be");
    let is_file = ["data", "cannot be used: ", "is a file", ": "];
    desk.busbar(&[&"profile", &"list"]).ends_with(2).names(&is_file);
    desk.busbar(&[&"user", &"list"]).ends_with(2).names(&is_file);
    desk.busbar(&[&"doctor"]).ends_with(2).names(&["The data folder", "is a file", "--data-dir"]);
}

#[test]
fn without_a_display_the_program_says_what_works() {
    let desk = Desk::new();
    let ran = desk.busbar(&[&"--demo"]);
    ran.ends_with(2);
    let said = ran.said().to_lowercase();
    assert!(said.contains("display") || said.contains("window"), "{said}");
    assert!(said.contains("busbar "), "no command that works here: {said}");
}

#[test]
fn our_own_dbc_files_are_sound() {
    let desk = Desk::new();
    for kind in ["prohelion-d1000-gen1", "elcon-tc", "ev-driver-controls"] {
        let folder = asset("devices").join(kind);
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "dbc") {
                desk.busbar(&[&"dbc", &"check", &file]).ends_with(0).names(&["0 problems"]);
            }
        }
    }
}

#[test]
fn a_file_that_is_there_is_written_over_only_where_that_is_said() {
    let desk = Desk::new();
    let (dbc, log) = (desk.file("good.dbc", DBC), desk.file("good.log", LOG));
    let out = desk.file("precious", "mine");
    let commands: [&[&dyn AsRef<OsStr>]; 3] = [
        &[&"simulate", &"--duration", &"1", &"--log", &out],
        &[&"decode", &"--dbc", &dbc, &log, &"--output", &out],
        &[&"dbc", &"format", &dbc, &out],
    ];
    for command in commands {
        std::fs::write(&out, "mine").unwrap();
        desk.busbar(command).ends_with(2).names(&["precious", "--force"]);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
        desk.busbar(&[command, &[&"--force"]].concat()).ends_with(0);
        assert_ne!(std::fs::read_to_string(&out).unwrap(), "mine");
    }
    #[cfg(unix)]
    {
        desk.busbar(&[&"simulate", &"--duration", &"1", &"--log", &"/dev/null"]).ends_with(0);
        // What is no regular file stays what it is.
        let socket = desk.path("socket.dbc");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let ran = desk.busbar(&[&"dbc", &"format", &dbc, &socket, &"--force"]);
        ran.ends_with(2).names(&["socket.dbc", "no regular file"]);
        assert!(!std::fs::metadata(&socket).unwrap().is_file());
        // A link stays one, for every command.
        let link = desk.path("link.out");
        std::os::unix::fs::symlink(&out, &link).unwrap();
        let through: [&[&dyn AsRef<OsStr>]; 3] = [
            &[&"simulate", &"--duration", &"1", &"--log", &link, &"--force"],
            &[&"decode", &"--dbc", &dbc, &log, &"--output", &link, &"--force"],
            &[&"dbc", &"format", &dbc, &link, &"--force"],
        ];
        for command in through {
            std::fs::write(&out, "mine").unwrap();
            desk.busbar(command).ends_with(0);
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_ne!(std::fs::read_to_string(&out).unwrap(), "mine");
        }
    }
}

#[test]
fn what_says_how_a_thing_is_replaced_or_given_names_the_option() {
    let desk = Desk::new();
    let dbc = desk.file("good.dbc", DBC);
    let make: &[&dyn AsRef<OsStr>] = &[&"device", &"make", &dbc, &"--id", &"my-pack"];
    desk.busbar(make).ends_with(0);
    desk.busbar(make).ends_with(2).names(&["my-pack is there already", "--replace"]);
    desk.busbar(&[make, &[&"--replace"]].concat()).ends_with(0);
    let empty = desk.file("empty.dbc", "");
    desk.busbar(&[&"device", &"make", &empty, &"--id", &"x"]).ends_with(2).names(&["empty.dbc: "]);
    let backup = desk.path("all.bak");
    let ran = desk.busbar(&[&"backup", &backup, &"--encrypt"]);
    ran.ends_with(2).names(&["--passphrase-stdin"]);
    assert!(!backup.exists());
    desk.busbar(&[&"record", &"--demo", &"--for", &"-1s"]).ends_with(2).names(&["-1s"]);
}

#[test]
fn a_command_says_at_length_what_it_does_and_what_its_exit_codes_mean() {
    let desk = Desk::new();
    let words: [(&str, &[&str]); 10] = [
        ("backup", &["read back before it is called done"]),
        ("restore", &["kept under another name"]),
        ("convert", &["Exit code 0: done; 2: not done"]),
        ("decode", &["They go to standard output, one line a frame", "[default: standard output]"]),
        ("discover", &["with 2 where"]),
        ("doctor", &["The exit code is 0 if all is well"]),
        ("replay", &["130: stopped by Ctrl+C"]),
        ("campaign", &["The exit code is 1"]),
        ("record", &["2: nothing recorded"]),
        ("simulate", &["Ctrl+C ends it"]),
    ];
    for (command, words) in words {
        let said = desk.busbar(&[&command, &"--help"]).ends_with(0).out.clone();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(said.contains(words), "no {words:?} in: {said}");
        }
    }
}

#[test]
fn a_bus_in_a_log_has_a_name_without_blanks() {
    let desk = Desk::new();
    let log = desk.path("new.log");
    for (name, words) in [("a b", "no blanks"), ("a\nb", "no line breaks"), ("", "has a name")] {
        let ran =
            desk.busbar(&[&"simulate", &"--duration", &"1", &"--log", &log, &"--log-bus", &name]);
        ran.ends_with(2).names(&["--log-bus", words]);
        assert!(!log.exists());
    }
    desk.busbar(&[&"simulate", &"--duration", &"1", &"--log", &log, &"--log-bus", &"car.1"])
        .ends_with(0);
    assert!(std::fs::read_to_string(&log).unwrap().contains(") car.1 "));
}

#[test]
fn versions_of_a_profile_that_never_was_are_none() {
    let desk = Desk::new();
    for format in ["text", "json"] {
        let ran = desk.busbar(&[&"profile", &"versions", &"NOPE", &"--format", &format]);
        ran.ends_with(2).names(&["no profile NOPE"]);
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
    desk.file("data/profiles/Mine.toml", "[[bus]]\nname = \"can0\"\naddress = \"virtual:a\"\n");
    desk.busbar(&[&"profile", &"versions", &"Mine"]).ends_with(0);
}

/// A device that is full whatever is written to it.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_said_with_what_was_to_be_written_and_what_the_system_says() {
    let desk = Desk::new();
    let (dbc, log) = (desk.file("good.dbc", DBC), desk.file("good.log", LOG.repeat(20_000)));
    let full = "the disk is full: No space left on device";
    let ran = desk.busbar(&[&"simulate", &"--duration", &"60", &"--log", &"/dev/full"]);
    ran.ends_with(2).names(&["/dev/full cannot be written", full]);
    let ran = desk.busbar(&[&"decode", &"--dbc", &dbc, &log, &"--output", &"/dev/full"]);
    ran.ends_with(2).names(&["/dev/full: the decoded text cannot be written", full]);
    let log = log.to_str().unwrap();
    for arguments in [
        &["simulate", "--list"][..],
        &["inspect", log],
        &["discover", log],
        &["completions", "bash"],
        &["device", "make", dbc.to_str().unwrap(), "--id", "my-pack"],
        &["profile", "list"],
    ] {
        let out = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_busbar"));
        command.args(arguments).arg("--data-dir").arg(desk.path("data")).stdout(out);
        let ran: crate::support::Ran = command.output().unwrap().into();
        ran.ends_with(2).names(&["standard output cannot be written", full]);
    }
}

/// Whoever reads only the first lines ends no command with an error.
#[test]
fn output_that_nobody_reads_to_its_end_is_no_error() {
    let desk = Desk::new();
    for arguments in [
        &["simulate", "--list"][..],
        &["simulate", "--log", "-", "--duration", "60"],
        &["completions", "bash"],
    ] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_busbar"))
            .args(arguments)
            .arg("--data-dir")
            .arg(desk.path("data"))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() && !said.contains("Broken pipe"), "{arguments:?}: {said}");
    }
}
