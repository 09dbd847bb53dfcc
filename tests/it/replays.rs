//! Replays through the API, on a real engine with the demo: from a file in the folder of recordings to
//! the wire.

use std::fmt::Write as _;

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::{Value, json};

use crate::listening::Listening;

/// How often something is looked at before it counts as never coming.
const LOOKS: usize = 4_000;
const ALL: &str = "/api/v1/replays";
const ONE: &str = "/api/v1/replays/drive";

struct Bench {
    house: Listening,
    sender: String,
    viewer: String,
    bus: String,
}

/// A house with the demo and a recording of 100 frames, a hundred a second.
fn bench() -> Bench {
    let house = Listening::new();
    let (_, sender) = house.program("sender", &[Right::SendReceiveCan]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let buses = house.get("/api/v1/buses", &viewer).is(200).json();
    let bus = buses["items"][0]["name"].as_str().unwrap().to_owned();
    let mut text = String::new();
    for n in 0..100 {
        writeln!(text, "(1436509000.{:06}) can0 {:03X}#{n:02X}", n * 10_000, 0x100 + n).unwrap();
    }
    let recordings = house.folder().join("recordings");
    std::fs::create_dir_all(&recordings).unwrap();
    std::fs::write(recordings.join("drive.log"), text).unwrap();
    Bench { house, sender, viewer, bus }
}

impl Bench {
    fn start(&self, more: Value) -> crate::listening::Answered {
        let mut body = json!({"recording": "drive.log", "bus": self.bus});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.house.json("POST", ALL, &self.sender, &body)
    }

    fn change(&self, body: Value) -> crate::listening::Answered {
        self.house.json("PATCH", ONE, &self.sender, &body)
    }

    /// The replay once `wanted` holds of it.
    #[track_caller]
    fn once(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..LOOKS {
            last = self.house.get(ONE, &self.sender).is(200).json();
            if wanted(&last) {
                return last;
            }
        }
        assert_eq!(last, Value::Null, "it never came");
        last
    }
}

#[test]
fn a_recording_is_replayed_onto_a_bus_within_the_program_and_its_figures_are_told() {
    let bench = bench();
    let wanted = json!({"speed": "max", "ids": ["0x100-0x1FF=0x300"], "filter": "id:100..131"});
    let begun = bench.start(wanted).is(201).json();
    assert_eq!((&begun["name"], &begun["recording"]), (&json!("drive"), &json!("drive.log")));
    let over = bench.once(|one| one["state"] == "ended");
    assert_eq!(
        (&over["sent"], &over["left_out"], &over["rounds"]),
        (&json!(50), &json!(50), &json!(1))
    );
    assert_eq!(over["refused"]["blocked"], 0);
    let frames = bench.house.get("/api/v1/frames?limit=1000", &bench.sender).is(200).json();
    let sent = |id: &str| {
        let mut rows = frames["items"].as_array().unwrap().iter();
        rows.any(|row| row["id"] == id && row["direction"] == "sent")
    };
    assert!(sent("0x300") && sent("0x331"), "{frames}");
    assert!(!sent("0x100") && !sent("0x332"));
    let listed = bench.house.get(ALL, &bench.sender).is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[test]
fn lines_of_a_recording_that_are_skipped_are_told() {
    let bench = bench();
    let recording = bench.house.folder().join("recordings/drive.log");
    let mut text = std::fs::read_to_string(&recording).unwrap();
    assert_eq!(bench.start(json!({"speed": "max"})).is(201).json()["problems"], json!([]));
    bench.once(|one| one["state"] == "ended");
    bench.house.ask("DELETE", ONE, &bench.sender).is(204);
    text.insert_str(0, "no frame at all\n");
    std::fs::write(&recording, text).unwrap();
    bench.start(json!({"speed": "max"})).is(201);
    let over = bench.once(|one| one["state"] == "ended");
    assert_eq!((&over["sent"], &over["skipped_lines"]), (&json!(100), &json!(1)));
    assert!(over["problems"][0].as_str().unwrap().starts_with("line 1: "), "{over}");
}

#[test]
fn a_replay_is_paused_sought_stepped_and_stopped() {
    let bench = bench();
    bench.start(json!({"paused": true, "loop": true})).is(201);
    let stands = bench.once(|one| one["state"] == "paused");
    assert_eq!((&stands["sent"], &stands["times"]), (&json!(0), &Value::Null));
    bench.change(json!({"position": 0.5})).is(200);
    bench.once(|one| one["position_s"].as_f64().unwrap() > 0.4);
    bench.change(json!({"do": "step", "until": "id:160"})).is(200);
    let stepped = bench.once(|one| one["sent"] == 1);
    assert_eq!(stepped["position_s"], 0.96);
    let plays = bench.change(json!({"do": "play", "speed": 100})).is(200).json();
    assert_eq!((&plays["state"], &plays["speed"]), (&json!("playing"), &json!(100.0)));
    bench.once(|one| one["rounds"].as_u64().unwrap() >= 2);
    let stands = bench.change(json!({"do": "pause"})).is(200).json();
    assert_eq!(stands["state"], "paused", "the answer says what is");
    let stands = stands["sent"].clone();
    // At a hundred times its speed a replay that went on would send ten frames a millisecond.
    for _ in 0..50 {
        let later = bench.house.get(ONE, &bench.sender).is(200).json();
        assert_eq!(later["sent"], stands, "nothing goes out any more");
    }
    // Whoever is signed in may stop it.
    bench.house.ask("DELETE", ONE, &bench.viewer).is(204);
    bench.house.get(ONE, &bench.sender).refuses(404, "not_found", "");
}

#[test]
fn silence_stops_every_replay() {
    let bench = bench();
    bench.start(json!({"loop": true})).is(201);
    bench.once(|one| one["sent"].as_u64().unwrap() > 2);
    bench.house.ask("DELETE", "/api/v1/sending", &bench.viewer).is(204);
    let over = bench.once(|one| one["state"] == "stopped");
    assert!(over["why"].as_str().unwrap().contains("silenced by"), "{over}");
    bench.change(json!({"do": "play"})).refuses(409, "unfit", "");
}

#[test]
fn recordings_are_named_and_never_a_path_and_what_cannot_be_is_refused_by_its_field() {
    let bench = bench();
    std::fs::write(bench.house.folder().join("secret.log"), "(1.0) can0 1#11\n").unwrap();
    for path in ["../secret.log", "/etc/passwd", "..", "", "recordings/drive.log", "none.log"] {
        bench.start(json!({"recording": path})).refuses(404, "not_found", "recording");
    }
    bench.start(json!({"bus": "none"})).refuses(404, "not_found", "");
    let refused = [
        (json!({"speed": 101}), "speed"),
        (json!({"speed": 0}), "speed"),
        (json!({"times": 0}), "times"),
        (json!({"times": 2, "loop": true}), "loop"),
        (json!({"from_s": -1}), "from_s"),
        (json!({"from_s": 5, "to_s": 5}), "to_s"),
        (json!({"ids": ["0x123"]}), "ids.0"),
        (json!({"name": "a/b"}), "name"),
    ];
    for (body, field) in refused {
        bench.start(body).refuses(422, "invalid", field);
    }
    bench.start(json!({"filter": "id:"})).refuses(409, "unfit", "");
    bench
        .house
        .json("POST", ALL, &bench.viewer, &json!({"recording": "drive.log", "bus": "x"}))
        .refuses(403, "permission_missing", "");
    bench.start(json!({"paused": true})).is(201);
    let refused = [
        (json!({}), ""),
        (json!({"position": 1.5}), "position"),
        (json!({"position": 0.5, "position_s": 1}), "position"),
        (json!({"until": "id:1"}), "until"),
        (json!({"speed": 1000}), "speed"),
    ];
    for (body, field) in refused {
        bench.change(body).refuses(422, "invalid", field);
    }
}
