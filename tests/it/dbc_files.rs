//! DBC files through the API, on a real engine with the demo: kept, looked at, taken along, replaced,
//! refused and removed.

use std::io::Write as _;

use busbar::engine::{
    ActivateProfile, Catalog, LARGEST_DBC, Preset, Right, demo_profile, load_profile,
};
use serde_json::{Value, json};

use crate::listening::Listening;
use crate::visit::{Answer, Inn};

const ONE: &str = "/api/v1/dbc/car";
const CAR: &str =
    "BO_ 291 Door: 8 X\n SG_ Open : 0|8@1+ (1,0) [0|255] \"%\" X\nVAL_ 291 Open 0 \"shut\" ;\n";

struct Bench {
    house: Listening,
    changer: String,
    sender: String,
    viewer: String,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings, Right::SendReceiveCan]);
    let (_, sender) = house.program("sender", &[Right::SendReceiveCan]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    Bench { house, changer, sender, viewer }
}

impl Bench {
    fn put(
        &self,
        path: &str,
        who: &str,
        more: &[(&str, &str)],
        text: &str,
    ) -> crate::listening::Answered {
        let kind = [("content-type", "text/plain")];
        self.house.send("PUT", path, who, &[&kind, more].concat(), text)
    }
}

#[test]
fn a_file_is_kept_looked_at_taken_along_and_removed() {
    let bench = bench();
    bench.put(ONE, &bench.sender, &[], CAR).refuses(403, "permission_missing", "");
    let kept = bench.put(ONE, &bench.changer, &[], CAR).is(200).json();
    assert_eq!((&kept["name"], &kept["messages"]), (&json!("car"), &json!(1)), "{kept}");
    let long = "x".repeat(65);
    for (name, why) in [
        ("a%3Ab", "A name may not contain ':'."),
        (long.as_str(), "A name may have at most 64 characters, this one has 65."),
    ] {
        let refused = bench.put(&format!("/api/v1/dbc/{name}"), &bench.changer, &[], CAR);
        refused.refuses(422, "invalid", "name");
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    bench.house.get("/api/v1/dbc", &bench.viewer).refuses(403, "permission_missing", "");
    let list = bench.house.get("/api/v1/dbc", &bench.sender).is(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    let shown = bench.house.get(ONE, &bench.sender).is(200).json();
    let signal = &shown["contents"][0]["signals"][0];
    assert_eq!((&shown["contents"][0]["name"], &signal["name"]), (&json!("Door"), &json!("Open")));
    assert_eq!(signal["labels"], json!([{"value": 0, "text": "shut"}]));
    let file = bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"car.dbc\"");
    assert_eq!(file.text, CAR);
    bench.house.ask("DELETE", ONE, &bench.sender).refuses(403, "permission_missing", "");
    bench.house.ask("DELETE", ONE, &bench.changer).is(204);
    bench.house.get(ONE, &bench.sender).is(404);
    bench.house.ask("DELETE", ONE, &bench.changer).is(404);
}

#[test]
fn what_somebody_else_has_changed_is_not_replaced_unseen() {
    let bench = bench();
    bench.put(ONE, &bench.changer, &[], CAR).is(200);
    let other = CAR.replace("Door", "Gate");
    let put =
        |condition: (&'static str, &str)| bench.put(ONE, &bench.changer, &[condition], &other);
    put(("if-match", "\"of another file\"")).refuses(412, "changed_meanwhile", "");
    put(("if-match", "no ETag")).refuses(400, "broken_if_match", "");
    let mark = bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200);
    let mark = mark.header("etag").to_owned();
    put(("if-match", &format!("W/{mark}"))).refuses(412, "changed_meanwhile", "");
    put(("if-none-match", "*")).refuses(409, "name_taken", "name");
    put(("if-none-match", &mark)).refuses(400, "broken_if_none_match", "");
    assert_eq!(bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200).text, CAR);
    put(("if-match", &mark)).is(200);
    put(("if-match", &mark)).refuses(412, "changed_meanwhile", "");
    let stale = [("if-match", mark.as_str())];
    bench.house.send("DELETE", ONE, &bench.changer, &stale, "").is(412);
    bench.put(ONE, &bench.changer, &[], &other).is(200);
    assert_eq!(bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200).text, other);
}

#[test]
fn what_is_no_dbc_file_and_what_is_no_name_are_refused() {
    let bench = bench();
    bench.put(ONE, &bench.changer, &[], "nothing of a DBC\n").refuses(422, "invalid", "");
    let message = |n: u32| format!("BO_ {} M{n}: 8 X\n", n | 1 << 31);
    let vast: String = (0..16_385).map(message).collect();
    let refused = bench.put(ONE, &bench.changer, &[], &vast).is(422).json();
    assert_eq!(refused["detail"], "The file has 16385 messages; a DBC file can have 16384.");
    for name in ["..%2Fup", "%2e%2e%2fup", "a%5Cb", "a%00b"] {
        let said = bench.put(&format!("/api/v1/dbc/{name}"), &bench.changer, &[], CAR);
        assert!((400..500).contains(&said.status), "{name}: {}", said.status);
    }
    let list = bench.house.get("/api/v1/dbc", &bench.sender).is(200).json();
    assert_eq!(list["items"], json!([]));
}

#[test]
fn a_bus_is_read_by_a_file_that_is_there_and_by_no_other() {
    let bench = bench();
    let buses = bench.house.get("/api/v1/buses", &bench.viewer).is(200).json();
    let bus = buses["items"][0]["name"].clone();
    let give = |who: &str, bus: &serde_json::Value| {
        bench.house.json("POST", &format!("{ONE}/assign"), who, &json!({"bus": bus}))
    };
    give(&bench.changer, &bus).is(404);
    bench.put(ONE, &bench.changer, &[], CAR).is(200);
    give(&bench.sender, &bus).refuses(403, "permission_missing", "");
    give(&bench.changer, &json!("none")).is(404);
    give(&bench.changer, &bus).is(204);
    let used = bench.house.get(ONE, &bench.sender).is(200).json();
    assert_eq!(used["buses"], json!([bus]), "{used}");
    bench.house.ask("DELETE", ONE, &bench.changer).refuses(409, "in_use", "");
    let place = format!("{ONE}/unassign");
    bench.house.json("POST", &place, &bench.sender, &json!({"bus": bus})).is(403);
    bench.house.json("POST", &place, &bench.changer, &json!({"bus": bus})).is(204);
    bench.house.ask("DELETE", ONE, &bench.changer).is(204);
}

#[test]
fn a_bus_that_a_reloaded_profile_names_is_read_by_a_file_once_and_by_no_namesake() {
    let bench = bench();
    bench.put(ONE, &bench.changer, &[], CAR).is(200);
    let profiles = bench.house.folder().join("profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let file = profiles.join("bench.toml");
    let namesake = bench.house.folder().join("car.dbc");
    std::fs::write(&namesake, "BO_ 292 Seat: 8 X\n").unwrap();
    let text = "name = \"bench\"\n\n[[bus]]\nname = \"a\"\naddress = \"virtual:a\"\n\
        dbc = [\"../car.dbc\", \"../dbc/car.dbc\"]\n";
    std::fs::write(&file, text).unwrap();
    bench.house.order(ActivateProfile::loaded(load_profile(&file, &Catalog::builtin()).unwrap()));
    let change = |what: &str| {
        let body = json!({"bus": "a"});
        bench.house.json("POST", &format!("{ONE}/{what}"), &bench.changer, &body).is(204);
        std::fs::read_to_string(&file).unwrap()
    };
    assert_eq!(change("assign"), text, "it is read by it already");
    let used = bench.house.get(ONE, &bench.sender).is(200).json();
    assert_eq!(used["buses"], json!(["a"]));
    let after = change("unassign");
    assert!(after.contains("dbc = [\"../car.dbc\"]"), "{after}");
    assert_eq!(bench.house.get(ONE, &bench.sender).is(200).json()["buses"], json!([]));
    bench.house.ask("DELETE", ONE, &bench.changer).is(204);
}

#[test]
fn a_kept_file_is_in_force_at_once_whoever_keeps_it_and_what_is_not_is_told() {
    let bench = bench();
    let (_, settings) = bench.house.program("settings", &[Right::ChangeSettings]);
    bench.put(ONE, &settings, &[], CAR).is(200);
    let buses = bench.house.get("/api/v1/buses", &bench.viewer).is(200).json();
    let bus = buses["items"][0]["name"].clone();
    let assign = format!("{ONE}/assign");
    bench.house.json("POST", &assign, &settings, &json!({"bus": bus})).is(204);
    // Whoever may change settings need not be one who may look at frames.
    let kept = bench.put(ONE, &settings, &[], &CAR.replace("Door", "Gate")).is(200).json();
    assert_eq!((&kept["buses"], &kept["unread"]), (&json!([bus]), &json!([])), "{kept}");
    let send = json!({"bus": bus, "frames": [{"message": "Door", "signals": {}}]});
    let by_name = |body: &Value| bench.house.json("POST", "/api/v1/frames", &bench.sender, body);
    // The bus knows the message by the name of the file as it is now: the refusal is another.
    by_name(&send).refuses(422, "invalid", "frames.0.message");
    let send = json!({"bus": bus, "frames": [{"message": "Gate", "signals": {}}]});
    by_name(&send).refuses(409, "unfit", "");
}

fn large(bytes: usize) -> String {
    let line = "CM_ \"as large as the files of whole vehicles are, and no larger\";\n";
    let mut text = CAR.to_owned();
    while text.len() + line.len() <= bytes {
        text.push_str(line);
    }
    text
}

#[test]
fn a_file_of_a_whole_vehicle_is_taken_however_it_is_sent_and_no_larger_one() {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    let token = format!("Bearer {}", inn.token("ada"));
    let headers = [("Authorization", token.as_str()), ("Content-Type", "text/plain")];
    let text = large(1 << 20);
    let answer = inn.send(&inn.request("PUT", ONE, &headers, &text));
    assert_eq!(answer.status, 200, "{answer:?}");
    let chunked = [&headers[..], &[("Transfer-Encoding", "chunked")]].concat();
    let head = inn.request("PUT", "/api/v1/dbc/other", &chunked, "");
    let answer = inn.send(&format!("{head}{:X}\r\n{text}\r\n0\r\n\r\n", text.len()));
    assert_eq!(answer.status, 200, "{answer:?}");
    let refused = |answer: Answer| {
        assert_eq!(answer.status, 413, "{answer:?}");
        assert!(answer.body.contains("larger than 16 MiB"), "{answer:?}");
    };
    let told = [&headers[..], &[("Content-Length", "17000000")]].concat();
    refused(inn.send(&inn.request("PUT", ONE, &told, "")));
    let mut stream = inn.connect();
    let more = "x".repeat(usize::try_from(LARGEST_DBC).unwrap() + 1);
    // Not a byte is sent that is not read: the answer would be lost with them.
    let _sent = stream.write_all(format!("{head}{:X}\r\n{more}", more.len()).as_bytes());
    refused(Answer::read(&mut stream));
}
