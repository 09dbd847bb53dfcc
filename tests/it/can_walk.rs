//! What people come for, from one end to the other: a recording is opened and a frame found in it, a
//! message of a DBC file is sent by a schedule, recorded, replayed at ten times its speed and converted.

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::{Value, json};

use crate::listening::Listening;
use crate::processes::busbar;

/// How often something is looked at before it counts as never coming.
const LOOKS: usize = 4_000;
const CAR: &str = "BO_ 291 Door: 2 X\n SG_ Open : 0|8@1+ (0.5,0) [0|127.5] \"%\" X\n SG_ Turn : 8|8@1+ (1,0) [0|255] \"\" X\n";

struct Bench {
    house: Listening,
    token: String,
}

impl Bench {
    fn get(&self, path: &str) -> Value {
        self.house.get(path, &self.token).is(200).json()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> crate::listening::Answered {
        self.house.json(method, path, &self.token, body)
    }

    fn put(&self, path: &str, text: &str) {
        let kind = [("content-type", "text/plain")];
        let answer = self.house.send("PUT", path, &self.token, &kind, text);
        assert!((200..300).contains(&answer.status), "{}", answer.text);
    }

    #[track_caller]
    fn once(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..LOOKS {
            last = self.get(path);
            if wanted(&last) {
                return last;
            }
        }
        assert_eq!(last, Value::Null, "it never came");
        last
    }
}

/// What the program prints.
fn ran(arguments: &[&str]) -> String {
    let output = busbar(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_recording_is_opened_a_message_sent_recorded_replayed_and_converted() {
    let house = Listening::new();
    let rights = [Right::SendReceiveCan, Right::ChangeSettings];
    let (_, token) = house.program("engineer", &rights);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let bench = Bench { house, token };
    let bus = bench.get("/api/v1/buses")["items"][0]["name"].as_str().unwrap().to_owned();

    // A recording is brought, and a frame is found in it by what it says.
    let lines = (0..100).map(|n| format!("(1436509000.{:06}) can0 123#{n:02X}00\n", n * 10_000));
    bench.put("/api/v1/recordings/drive.log", &lines.collect::<String>());
    assert_eq!(bench.get("/api/v1/recordings/drive.log")["frames"], 100);
    let folder = bench.house.folder().to_owned();
    let (log, dbc) = (folder.join("recordings/drive.log"), folder.join("car.dbc"));
    std::fs::write(&dbc, CAR).unwrap();
    let (log, dbc) = (log.to_str().unwrap(), dbc.to_str().unwrap());
    let found = ran(&["decode", "--dbc", dbc, "--filter", "sig:Open=25", log]);
    assert_eq!(found.lines().count(), 1, "{found}");
    assert!(found.contains("Door") && found.contains("25"), "{found}");

    // A message of the DBC file goes out by a schedule, once the bus is armed.
    bench.put("/api/v1/dbc/car", CAR);
    bench.send("POST", "/api/v1/dbc/car/assign", &json!({"bus": bus})).is(204);
    let frame = json!({"message": "Door", "signals": {"Open": 21}});
    let schedule =
        json!({"bus": bus, "frame": frame, "every_ms": 5, "counter": {"byte": 1, "bits": 4}});
    let door = "/api/v1/schedules/door";
    bench.send("PUT", door, &schedule).refuses(409, "unfit", "");
    let arm = format!("/api/v1/buses/{}/arm", bus.replace(' ', "%20"));
    bench.send("PUT", &arm, &json!({"seconds": 60})).is(200);
    let wanted = json!({"name": "walk", "free_bytes": 0, "filter": "msg:Door dir:tx"});
    bench.send("POST", "/api/v1/recordings", &wanted).is(201);
    bench.send("PUT", door, &schedule).is(200);
    let sent = bench.once("/api/v1/schedules", |all| all["items"][0]["sent"].as_u64() > Some(40));
    assert_eq!(sent["items"][0]["failed"], 0, "{sent}");
    // A burst is back to back, and ends by itself.
    let burst =
        json!({"bus": bus, "frame": {"id": "124", "data": "00"}, "every_ms": 0, "times": 50});
    bench.send("PUT", "/api/v1/schedules/burst", &burst).is(200);
    bench.once("/api/v1/frames?id=124", |rows| rows["items"][0]["count"] == 50);
    bench.house.ask("DELETE", "/api/v1/sending", &bench.token).is(204);
    bench.house.ask("POST", "/api/v1/recorders/walk/stop", &bench.token).is(204);

    // What was recorded is what was sent.
    let recorded = bench.get("/api/v1/recordings");
    let mut all = recorded["items"].as_array().unwrap().iter();
    let walk = all.find(|one| one["name"].as_str().unwrap().starts_with("walk")).unwrap();
    let (name, frames) = (walk["name"].as_str().unwrap(), walk["frames"].as_u64().unwrap());
    assert!(frames > 40, "{recorded}");
    let file = format!("/api/v1/recordings/{name}/file");
    let text = bench.house.get(&file, &bench.token).is(200).text;
    // A T behind the bytes says that the frame was sent here.
    let said = |line: &str| line.rsplit_once('#').unwrap().1.strip_suffix(" T").unwrap().to_owned();
    let turns = text.lines().map(said);
    let counted = (0..frames).map(|turn| format!("2A{:02X}", turn % 16));
    assert!(turns.eq(counted), "{text}");

    // It is replayed at ten times its speed onto the bus, which is within the program.
    let replay = json!({"recording": name, "bus": bus, "name": "again", "speed": 10});
    bench.send("POST", "/api/v1/replays", &replay).is(201);
    let over = bench.once("/api/v1/replays/again", |one| one["state"] == "ended");
    assert_eq!((&over["sent"], &over["speed"]), (&json!(frames), &json!(10.0)), "{over}");

    // And it is converted, and read back.
    let out = folder.join("walk.blf");
    let out = out.to_str().unwrap();
    let recording = folder.join("recordings").join(name);
    let summary = ran(&["convert", recording.to_str().unwrap(), out, "--format", "json"]);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["frames"], &summary["skipped_lines"]), (&json!(frames), &json!(0)));
    let back = ran(&["decode", "--dbc", dbc, "--filter", "sig:Open=21", out]);
    assert_eq!(back.lines().count() as u64, frames);
}
