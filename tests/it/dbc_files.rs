//! DBC files through the API, on a real engine with the demo: kept, looked at, taken along, replaced,
//! refused and removed.

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::json;

use crate::listening::Listening;

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
    bench.house.get("/api/v1/dbc", &bench.viewer).refuses(403, "permission_missing", "");
    let list = bench.house.get("/api/v1/dbc", &bench.sender).is(200).json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    let shown = bench.house.get(ONE, &bench.sender).is(200).text;
    assert!(shown.contains("Door") && shown.contains("shut"), "{shown}");
    assert_eq!(bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200).text, CAR);
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
    let stale = [("if-match", "\"of another file\"")];
    let refused = bench.put(ONE, &bench.changer, &stale, &other);
    assert!(matches!(refused.status, 409 | 412), "{}: {}", refused.status, refused.text);
    assert_eq!(bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200).text, CAR);
    bench.put(ONE, &bench.changer, &[], &other).is(200);
    assert_eq!(bench.house.get(&format!("{ONE}/file"), &bench.sender).is(200).text, other);
}

#[test]
fn what_is_no_dbc_file_and_what_is_no_name_are_refused() {
    let bench = bench();
    bench.put(ONE, &bench.changer, &[], "nothing of a DBC\n").refuses(422, "invalid", "");
    for name in ["..%2Fup", "%2e%2e%2fup", "a%5Cb", "a%00b"] {
        let said = bench.put(&format!("/api/v1/dbc/{name}"), &bench.changer, &[], CAR);
        assert!((400..500).contains(&said.status), "{name}: {}", said.status);
    }
    let list = bench.house.get("/api/v1/dbc", &bench.sender).is(200).json();
    assert_eq!(list, json!([]));
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
