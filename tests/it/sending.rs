//! Sending by hand through the API, on a real engine with the demo: the way from the request to the
//! wire and back.

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::{Value, json};

use crate::listening::{GOOD, Listening};

/// How often something is looked at before it counts as never coming.
const LOOKS: usize = 2_000;

struct Bench {
    house: Listening,
    sender: String,
    viewer: String,
    /// Name of the demo's bus, as it stands in an address.
    bus: String,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, sender) = house.program("sender", &[Right::SendReceiveCan]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let buses = house.get("/api/v1/buses", &viewer).is(200).json();
    let bus = buses["items"][0]["name"].as_str().unwrap().to_owned();
    Bench { house, sender, viewer, bus }
}

impl Bench {
    fn arm_path(&self) -> String {
        format!("/api/v1/buses/{}/arm", self.bus.replace(' ', "%20"))
    }

    fn arm(&self) {
        self.house.json("PUT", &self.arm_path(), &self.sender, &json!({"seconds": 60})).is(200);
    }

    fn send(&self, frame: &Value) -> crate::listening::Answered {
        let body = json!({"bus": self.bus, "frames": [frame]});
        self.house.json("POST", "/api/v1/frames", &self.sender, &body)
    }

    /// The answer to `path` once `wanted` holds of it.
    #[track_caller]
    fn once(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..LOOKS {
            last = self.house.get(path, &self.sender).is(200).json();
            if wanted(&last) {
                return last;
            }
        }
        let buses = self.house.get("/api/v1/buses", &self.sender).is(200).json();
        assert_eq!(last, Value::Null, "it never came; the buses: {buses}");
        last
    }
}

fn sent(list: &Value, data: &str) -> bool {
    let mut rows = list["items"].as_array().unwrap().iter();
    rows.any(|row| row["direction"] == "sent" && row["data"] == data)
}

#[test]
fn a_frame_goes_out_only_to_an_armed_bus_and_only_for_who_may_send() {
    let bench = bench();
    let frame = json!({"id": "123", "data": "01 02 ff"});
    bench.send(&frame).refuses(409, "unfit", "");
    let body = json!({"bus": bench.bus, "frames": [frame]});
    bench.house.json("POST", "/api/v1/frames", &bench.viewer, &body).refuses(
        403,
        "permission_missing",
        "",
    );
    let arm = json!({"seconds": 60});
    bench.house.json("PUT", &bench.arm_path(), &bench.viewer, &arm).refuses(
        403,
        "permission_missing",
        "",
    );
    let armed = bench.house.json("PUT", &bench.arm_path(), &bench.sender, &arm).is(200).json();
    assert_eq!(armed["by"], "sender (token a token)");
    let buses = bench.house.get("/api/v1/buses", &bench.viewer).is(200).json();
    assert!(buses["items"][0]["armed_seconds"].as_f64().unwrap() > 50.0, "everybody sees it");
    bench.send(&frame).is(202);
    bench.once("/api/v1/frames?id=123", |list| sent(list, "0102FF"));
    // Anybody may silence it, and then it is listened to only.
    bench.house.ask("DELETE", &bench.arm_path(), &bench.viewer).is(204);
    bench.send(&frame).refuses(409, "unfit", "");
}

#[test]
fn a_message_is_sent_by_its_name_with_its_signals() {
    let bench = bench();
    bench.arm();
    let message = |signals: Value| json!({"message": "EVDC_Heartbeat", "signals": signals});
    bench.send(&message(json!({"Nothing": 1}))).refuses(422, "invalid", "frames.0.message");
    let refused = bench.send(&message(json!({"DeviceId": 4098}))).is(403).json();
    assert_eq!(refused["code"], "permission_missing");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("Charge battery packs"), "{detail}");
    let beat = json!({"bus": bench.bus, "frame": message(json!({"DeviceId": 1})), "every_ms": 100});
    bench.house.json("PUT", "/api/v1/schedules/beat", &bench.sender, &beat).refuses(
        403,
        "permission_missing",
        "",
    );
    bench.house.ask("DELETE", "/api/v1/sending", &bench.viewer).is(204);
}

#[test]
fn what_cannot_be_a_frame_is_refused_by_its_field() {
    let bench = bench();
    bench.arm();
    for (frame, field) in [
        (json!({}), "frames.0.id"),
        (json!({"id": "123", "message": "x"}), "frames.0.message"),
        (json!({"id": "xyz"}), "frames.0.id"),
        (json!({"id": "20000000"}), "frames.0.id"),
        (json!({"id": "123", "data": "0"}), "frames.0.data"),
        (json!({"id": "123", "data": "000102030405060708"}), "frames.0.data"),
        (json!({"id": "123", "kind": "fd", "data": "000102030405060708"}), "frames.0.data"),
        (json!({"id": "123", "kind": "remote", "length": 9}), "frames.0.length"),
        (json!({"message": "nobody knows it"}), "frames.0.message"),
    ] {
        bench.send(&frame).refuses(422, "invalid", field);
    }
    let none = json!({"bus": bench.bus, "frames": []});
    bench
        .house
        .json("POST", "/api/v1/frames", &bench.sender, &none)
        .refuses(422, "invalid", "frames");
    let long = json!({"seconds": 9});
    bench
        .house
        .json("PUT", &bench.arm_path(), &bench.sender, &long)
        .refuses(422, "invalid", "seconds");
    let elsewhere = json!({"seconds": 60});
    bench.house.json("PUT", "/api/v1/buses/none/arm", &bench.sender, &elsewhere).is(404);
}

#[test]
fn a_schedule_counts_up_on_the_wire_and_stops_with_the_session_that_started_it() {
    let bench = bench();
    bench.house.person(
        "ada",
        busbar::engine::Rights::of(&[Right::SendReceiveCan]),
        busbar::engine::MustChangeIt::No,
    );
    let ada = bench.house.sign_in("ada", GOOD);
    bench.arm();
    let path = "/api/v1/schedules/beat";
    let body = |stays: bool| {
        json!({
            "bus": bench.bus, "frame": {"id": "321", "data": "00 00"}, "every_ms": 1, "stays": stays,
            "counter": {"byte": 0, "bits": 8}, "checksum": {"rule": "xor", "byte": 1},
        })
    };
    let bad = json!({"bus": bench.bus, "frame": {"id": "321", "data": "00"}, "every_ms": 10,
        "counter": {"byte": 1, "bits": 8}});
    bench.house.json("PUT", path, &ada, &bad).refuses(422, "invalid", "");
    bench.house.json("PUT", path, &ada, &body(false)).is(200);
    bench.house.json("PUT", "/api/v1/schedules/stays", &ada, &body(true)).is(200);
    let list = bench.once("/api/v1/frames?id=321", |list| {
        list["items"].as_array().unwrap().iter().any(|row| row["count"].as_u64().unwrap() > 20)
    });
    let data = list["items"][0]["data"].as_str().unwrap();
    assert_eq!(data[..2], data[2..], "the checksum follows the counter");
    bench.house.ask("DELETE", "/api/v1/session", &ada).is(204);
    let list = bench.once("/api/v1/schedules", |list| list["items"][0]["running"] == false);
    assert!(list["items"][0]["stopped"].as_str().unwrap().contains("session"));
    assert_eq!(list["items"][1]["running"], true);
    bench.house.ask("DELETE", "/api/v1/sending", &bench.viewer).is(204);
    bench.once("/api/v1/schedules", |list| list["items"][1]["running"] == false);
    bench.house.ask("DELETE", path, &bench.sender).is(204);
    bench.house.ask("DELETE", path, &bench.sender).refuses(404, "not_found", "");
}

#[test]
fn a_kept_message_that_somebody_else_has_changed_is_not_replaced_or_forgotten_unseen() {
    const ONE: &str = "/api/v1/messages/Lamp";
    let bench = bench();
    let put = |data: &str, condition: Option<(&str, &str)>| {
        let body = json!({"bus": bench.bus, "frame": {"id": "123", "data": data}}).to_string();
        let json = ("content-type", "application/json");
        let headers: Vec<_> = [json].into_iter().chain(condition).collect();
        bench.house.send("PUT", ONE, &bench.sender, &headers, &body)
    };
    put("01", Some(("if-match", "\"of another\""))).refuses(412, "changed_meanwhile", "");
    let first = put("01", Some(("if-none-match", "*"))).is(200);
    let mark = first.header("etag").to_owned();
    assert!(mark.len() > 10 && mark == format!("\"{}\"", first.json()["mark"].as_str().unwrap()));
    assert_eq!(bench.house.get(ONE, &bench.sender).is(200).header("etag"), mark);
    bench.house.get(ONE, &bench.viewer).refuses(403, "permission_missing", "");
    put("02", Some(("if-none-match", "*"))).refuses(409, "name_taken", "name");
    put("02", Some(("if-match", "no ETag"))).refuses(400, "broken_if_match", "");
    put("02", Some(("if-match", &mark))).is(200);
    put("03", Some(("if-match", &mark))).refuses(412, "changed_meanwhile", "");
    let stale = [("if-match", mark.as_str())];
    bench.house.send("DELETE", ONE, &bench.sender, &stale, "").refuses(
        412,
        "changed_meanwhile",
        "",
    );
    let there = bench.house.get(ONE, &bench.sender).is(200);
    assert_eq!(there.json()["data"], "02");
    let fresh = [("if-match", there.header("etag"))];
    bench.house.send("DELETE", ONE, &bench.sender, &fresh, "").is(204);
    bench.house.get(ONE, &bench.sender).is(404);
    bench.house.send("DELETE", ONE, &bench.sender, &stale, "").is(404);
    put("04", None).is(200);
    put("05", None).is(200);
}

#[test]
fn the_trace_tells_every_frame_in_its_order_a_page_at_a_time() {
    let bench = bench();
    bench.arm();
    let frames: Vec<Value> =
        (0..40).map(|n| json!({"id": "123", "data": format!("{n:02X}")})).collect();
    let body = json!({"bus": bench.bus, "frames": frames});
    bench.house.json("POST", "/api/v1/frames", &bench.sender, &body).is(202);
    let path = "/api/v1/trace?filter=id:123%20dir:tx";
    let page = bench.once(path, |page| page["items"].as_array().unwrap().len() == 40);
    let data: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|one| one["data"].as_str().unwrap()).collect();
    let sent: Vec<String> = (0..40).map(|n| format!("{n:02X}")).collect();
    assert_eq!(data, sent);
    // In pages from the beginning, each where the last one ended.
    let (mut from, mut seen) = (0, Vec::new());
    while seen.len() < 40 {
        let path = format!("{path}&limit=7&from={from}");
        let page = bench.house.get(&path, &bench.sender).is(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["data"].clone()));
        assert!(page["next"].as_u64().unwrap() > from);
        from = page["next"].as_u64().unwrap();
    }
    assert_eq!(seen, sent);
    let newest = bench.house.get("/api/v1/trace?limit=3", &bench.sender).is(200).json();
    assert_eq!(newest["items"].as_array().unwrap().len(), 3);
    assert_eq!(newest["items"][2]["number"].as_u64().unwrap() + 1, newest["end"].as_u64().unwrap());
    bench.house.get("/api/v1/trace", &bench.viewer).refuses(403, "permission_missing", "");
    bench.house.get("/api/v1/trace?filter=id:xyz", &bench.sender).refuses(422, "invalid", "filter");
    bench.house.get("/api/v1/trace?limit=0", &bench.sender).refuses(422, "invalid", "limit");
}
