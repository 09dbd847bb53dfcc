//! Recording with real processes that are killed, and through the API of a real engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use busbar::engine::convert::{Existing, Job, Request};

use crate::processes::{Process, busbar};

/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The recordings of a folder, without what stands beside them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_file = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        !name.starts_with('.') && !name.ends_with(".json")
    };
    let mut files: Vec<_> = all.filter(is_file).collect();
    files.sort();
    files
}

/// How many frames a recording has, and everything that is wrong with it.
fn read(file: &Path) -> (u64, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("read.log");
    let existing = Existing::Keep;
    let asked = Request { input: file.to_owned(), output, to: None, existing };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let report = Job::open(&asked).unwrap().run(&stop, &mut |_| {}).unwrap();
    assert_eq!(report.summary.skipped_lines, 0);
    let words = report.problems.into_iter().map(|one| one.text);
    (report.summary.frames, words.collect())
}

/// How many frames the label of a recording says that it has.
fn frames_of(label: &Path) -> u64 {
    let text = std::fs::read_to_string(label).unwrap_or_default();
    let label: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    label["frames"].as_u64().unwrap_or_default()
}

#[test]
fn a_program_that_is_killed_leaves_a_recording_that_is_whole_up_to_the_last_second() {
    for ending in ["log", "log.zst", "log.gz", "asc", "blf", "trc", "crtd", "pcapng"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("killed.{ending}"));
        let mut command = busbar(&["record", "--demo", "--free", "0", "--out"]);
        let child = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut process = Process(child);
        let begun = Instant::now();
        // Its label says once a second what is surely in the file.
        let label = file.with_file_name(format!("killed.{ending}.json"));
        while frames_of(&label) <= 200 {
            assert!(begun.elapsed() < PATIENCE, "{ending}: nothing was recorded");
            std::thread::yield_now();
        }
        process.0.kill().unwrap();
        process.0.wait().unwrap();
        // What the label has said by the time it was killed, and no less.
        let frames = frames_of(&label);
        let (count, problems) = read(&file);
        assert!(count >= frames, "{ending}: {count} of {frames}");
        let cut = ["cut", "broken", "cannot", "unpacked"];
        let bad = |text: &&String| cut.iter().any(|word| text.contains(word));
        assert_eq!(problems.iter().find(bad), None, "{ending}");
    }
}

#[test]
fn a_recording_ends_by_itself_by_time_and_by_count_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        // How much has to stay free is a question of the test's own, but not of the machine's disk.
        let free: &[&str] = if arguments.contains(&"--free") { &[] } else { &["--free", "0"] };
        let all = [&["record", "--demo", "--format", "json"], free, arguments].concat();
        let ran = busbar(&all).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap_or_default();
        (ran.status.code(), summary, said)
    };
    let (code, summary, said) = run(&["--count", "100", "--out", "count.blf"]);
    assert_eq!((code, summary["ended"].as_str()), (Some(0), Some("count")), "{said}");
    assert_eq!((summary["frames"].as_u64(), summary["missing"].as_u64()), (Some(100), Some(0)));
    assert_eq!(read(&folder.path().join("count.blf")).0, 100);

    let (code, summary, said) =
        run(&["--for", "2500ms", "--rotate-time", "1s", "--zstd", "--filter", "id:600..6FF"]);
    assert_eq!((code, summary["ended"].as_str()), (Some(0), Some("time")), "{said}");
    let written = summary["files"].as_array().unwrap();
    assert!(written.len() >= 2, "{summary}");
    let counts = written.iter().map(|file| read(&folder.path().join(file.as_str().unwrap())).0);
    assert_eq!(Some(counts.sum::<u64>()), summary["frames"].as_u64());

    for (arguments, why) in [
        (&["--count", "1", "--out", "count.blf"][..], "count.blf"),
        (&["--count", "1", "--to", "mf4"], "there is candump"),
        (&["--count", "1", "--to", "blf", "--zstd"], "packed by itself"),
        (&["--count", "1", "--filter", "id:"], "filter, character"),
        (&["--count", "1", "none"], "no bus \"none\""),
        (&["--count", "1", "--rotate-size", "12"], "4096"),
        (&["--count", "1", "--free", "900000G"], "disk is full"),
    ] {
        let (code, _, said) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn an_interrupted_recording_is_whole_and_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = busbar(&["record", "--demo", "--free", "0", "--format", "json", "--out"]);
    command.arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process(command.spawn().unwrap());
    let begun = Instant::now();
    let recorded = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap();
        frames_of(&file.with_file_name(format!("{name}.json"))) > 0
    };
    while !files(folder.path()).iter().any(recorded) {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    let id = process.0.id().to_string();
    assert!(Command::new("sh").args(["-c", "kill -s INT \"$0\"", &id]).status().unwrap().success());
    let mut said = String::new();
    let mut out = process.0.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut out, &mut said).unwrap();
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
    let summary: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(summary["ended"], "stopped");
    let file = files(folder.path()).remove(0);
    assert!(file.to_str().unwrap().ends_with("Z_001.log"), "{file:?}");
    let (count, frames) = (read(&file).0, summary["frames"].as_u64());
    assert!(count > 0, "{summary}");
    assert_eq!(Some(count), frames);
}

#[cfg(feature = "web")]
mod api {
    use busbar::engine::{ActivateProfile, Right, demo_profile};
    use serde_json::{Value, json};

    use crate::listening::Listening;

    const LOG: &str = "(1.000000) can0 123#11\n(3.500000) can1 123#2233\n";

    struct Bench {
        house: Listening,
        sender: String,
        viewer: String,
    }

    fn bench() -> Bench {
        let house = Listening::new();
        let (_, sender) = house.program("sender", &[Right::SendReceiveCan]);
        let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
        house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
        Bench { house, sender, viewer }
    }

    impl Bench {
        fn get(&self, path: &str) -> Value {
            self.house.get(path, &self.sender).is(200).json()
        }

        fn post(&self, path: &str, body: &Value) -> crate::listening::Answered {
            self.house.json("POST", path, &self.sender, body)
        }

        fn put(&self, name: &str, body: &str) -> crate::listening::Answered {
            let kind = [("content-type", "application/octet-stream")];
            let path = format!("/api/v1/recordings/{name}");
            self.house.send("PUT", &path, &self.sender, &kind, body)
        }
    }

    #[test]
    fn a_recording_is_started_listed_stopped_taken_along_and_deleted() {
        let bench = bench();
        let wanted = json!({"name": "drive", "free_bytes": 0, "before_s": 1});
        let denied = bench.house.json("POST", "/api/v1/recordings", &bench.viewer, &wanted);
        denied.refuses(403, "permission_missing", "");
        let shown = bench.post("/api/v1/recordings", &wanted).is(201).json();
        assert_eq!(
            (&shown["state"], &shown["by"]),
            (&json!("running"), &json!("sender (token a token)"))
        );
        bench.post("/api/v1/recordings", &wanted).refuses(409, "name_taken", "name");
        // Until its first second is in the file.
        let name = loop {
            let list = bench.get("/api/v1/recordings");
            let item = &list["items"][0];
            if item["frames"].as_u64() > Some(0) {
                assert_eq!(item["grows"], true);
                break item["name"].as_str().unwrap().to_owned();
            }
        };
        let place = format!("/api/v1/recordings/{name}");
        bench.house.ask("DELETE", &place, &bench.sender).refuses(409, "unfit", "");
        bench
            .house
            .ask("DELETE", "/api/v1/recorders/drive", &bench.sender)
            .refuses(409, "unfit", "");
        let stop = "/api/v1/recorders/drive/stop";
        bench.house.ask("POST", stop, &bench.sender).is(204);
        bench.house.ask("POST", stop, &bench.sender).refuses(404, "not_found", "");
        let recorders = bench.get("/api/v1/recorders");
        assert_eq!(recorders["items"][0]["state"], "ended");
        let known = bench.get(&place);
        assert_eq!((&known["grows"], &known["format"]), (&json!(false), &json!("candump")));
        let file = bench.house.get(&format!("{place}/file"), &bench.sender).is(200).text;
        assert_eq!(Some(file.lines().count() as u64), known["frames"].as_u64());
        let range = [("range", "bytes=0-9")];
        let part = bench.house.send("GET", &format!("{place}/file"), &bench.sender, &range, "");
        assert_eq!((part.status, part.text.as_str()), (206, &file[..10]));
        bench.house.ask("DELETE", &place, &bench.sender).is(204);
        bench.house.ask("DELETE", "/api/v1/recorders/drive", &bench.sender).is(204);
        assert_eq!(bench.get("/api/v1/recordings")["items"], json!([]));
        assert_eq!(bench.get("/api/v1/recorders")["items"], json!([]));
    }

    #[test]
    fn what_talks_in_a_recording_is_found_with_its_score_and_its_reasons() {
        let bench = bench();
        let sample = include_str!("../../assets/devices/prohelion-d1000-gen1/sample.log");
        bench.put("car.log", sample).is(201);
        // The same battery at an address where the profile has none.
        bench.put("other.log", &sample.replace(" can0 6", " can0 3")).is(201);
        bench.put("strange.log", LOG).is(201);
        let place = |name: &str| format!("/api/v1/recordings/{name}/discovery");
        bench.house.get(&place("car.log"), &bench.viewer).refuses(403, "permission_missing", "");
        bench.house.get(&place("none.log"), &bench.sender).is(404);
        let pack = |name: &str| {
            let found = bench.get(&place(name));
            assert_eq!(found["recording"], json!(name));
            let bus = found["buses"][0].clone();
            assert_eq!((&bus["bus"], &bus["ids"]), (&json!("can0"), &json!(18)), "{bus}");
            let pack = bus["candidates"][0].clone();
            assert_eq!(pack["kind"], json!("prohelion-d1000-gen1"), "{pack}");
            assert!(pack["score"].as_u64().is_some_and(|score| (60..99).contains(&score)));
            for reasons in ["reasons_for", "reasons_against"] {
                assert!(pack[reasons].as_array().is_some_and(|all| !all.is_empty()), "{pack}");
            }
            pack
        };
        let known = pack("car.log");
        assert_eq!((&known["base"], &known["offered"]), (&json!(0x600), &json!(false)), "{known}");
        assert!(known["component"].is_string(), "{known}");
        let new = pack("other.log");
        assert_eq!((&new["base"], &new["offered"]), (&json!(0x300), &json!(true)), "{new}");
        let strange = bench.get(&place("strange.log"));
        let buses = strange["buses"].as_array().unwrap();
        assert_eq!(buses.len(), 2, "{strange}");
        assert!(buses.iter().all(|bus| bus["candidates"] == json!([])), "{strange}");
    }

    #[test]
    fn the_page_of_a_recording_shows_the_same_and_offers_adding_to_whoever_may() {
        let bench = bench();
        let sample = include_str!("../../assets/devices/prohelion-d1000-gen1/sample.log");
        bench.put("other.log", &sample.replace(" can0 6", " can0 3")).is(201);
        let list = bench.house.get("/can/recordings", &bench.sender).is(200).text;
        let place = "/can/recordings/other.log/discover";
        assert!(list.contains(&format!("href=\"{place}\"")), "{list}");
        bench.house.get(place, &bench.viewer).is(403);
        bench.house.get("/can/recordings/none.log/discover", &bench.sender).is(404);
        let add = "/parts/add?kind=prohelion-d1000-gen1";
        let page = bench.house.get(place, &bench.sender).is(200).text;
        for words in
            ["Prohelion D1000 Gen 1", "at 0x300, serial 12345", " %", "says in its heartbeat"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains(add), "{page}");
        let both = [Right::SendReceiveCan, Right::ReadSettings, Right::ChangeSettings];
        let (_, changer) = bench.house.program("changer", &both);
        let page = bench.house.get(place, &changer).is(200).text;
        assert!(page.contains(add), "{page}");
    }

    #[test]
    fn what_is_wrong_with_a_recording_is_said_with_its_field() {
        let bench = bench();
        let wrong = |body: Value, field: &str| {
            bench.post("/api/v1/recordings", &body).refuses(422, "invalid", field);
        };
        wrong(json!({"format": "mf4"}), "format");
        wrong(json!({"format": "blf", "compression": "zstd"}), "compression");
        wrong(json!({"filter": "id:"}), "filter");
        wrong(json!({"begin": "frames"}), "begin_filter");
        wrong(json!({"begin": "whenever"}), "begin");
        wrong(json!({"begin_filter": "id:100"}), "begin_filter");
        wrong(json!({"begin": "charge", "end_filter": "id:100"}), "end_filter");
        wrong(json!({"pattern": "../{n}"}), "pattern");
        wrong(json!({"rotate_bytes": 5}), "rotate_bytes");
        wrong(json!({"rotate_s": 0}), "rotate_s");
        wrong(json!({"rotate_s": 604_801}), "rotate_s");
        wrong(json!({"keep_files": 0}), "keep_files");
        bench.post("/api/v1/recordings", &json!({"buses": ["none"]})).is(404);
    }

    #[test]
    fn a_recording_that_is_brought_must_be_one_and_its_name_no_path() {
        let bench = bench();
        let kept = bench.put("mine.log", LOG).is(201).json();
        assert_eq!((&kept["frames"], &kept["seconds"]), (&json!(2), &json!(2.5)));
        assert_eq!(kept["buses"], json!(["can0", "can1"]));
        bench.put("mine.log", LOG).refuses(409, "name_taken", "");
        bench.put("junk.log", "nothing of a recording\n").refuses(422, "no_recording", "");
        for name in ["..%2Fup.log", "%2e%2e%2fup.log", ".hidden", "a%5Cb.log", "mine.log.json"] {
            let said = bench.put(name, LOG);
            assert!(said.status == 422 || said.status == 404, "{name}: {}", said.status);
        }
        let list = bench.get("/api/v1/recordings");
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let file = bench.house.get("/api/v1/recordings/mine.log/file", &bench.sender);
        assert_eq!(file.is(200).text, LOG);
        bench.house.get("/api/v1/recordings/mine.log/file", &bench.viewer).is(403);
        bench.house.get("/api/v1/recordings/none.log", &bench.sender).is(404);
        bench.house.ask("DELETE", "/api/v1/recordings/none.log", &bench.sender).is(404);
    }
}
