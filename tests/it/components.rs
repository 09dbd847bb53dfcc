//! Components of the running profile, changed through the API and the pages: in force at once, on the
//! version that was looked at, and by nobody who may not.

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::{Value, json};

use crate::listening::{Answered, Listening};

struct Bench {
    house: Listening,
    changer: String,
    viewer: String,
    /// Name of the demo's battery and of its bus.
    pack: String,
    bus: String,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let list = house.get("/api/v1/components", &viewer).is(200).json();
    let pack = list["items"].as_array().unwrap().iter().find(|one| !one["pack"].is_null());
    let (pack, bus) = (pack.unwrap()["name"].clone(), pack.unwrap()["bus"].clone());
    let text = |value: Value| value.as_str().unwrap().to_owned();
    Bench { house, changer, viewer, pack: text(pack), bus: text(bus) }
}

fn path(name: &str) -> String {
    format!("/api/v1/components/{}", name.replace(' ', "%20"))
}

impl Bench {
    fn put(&self, name: &str, body: &Value) -> Answered {
        self.house.json("PUT", &path(name), &self.changer, body)
    }

    fn look(&self, name: &str) -> Answered {
        self.house.get(&path(name), &self.viewer)
    }

    /// The component in the list of those that are listened to.
    fn listed(&self, name: &str) -> Option<Value> {
        let list = self.house.get("/api/v1/components?limit=1000", &self.viewer).is(200).json();
        let items = list["items"].as_array().unwrap().iter();
        items.filter(|one| one["enabled"] != false).find(|one| one["name"] == name).cloned()
    }
}

fn setting(component: &Value, label: &str) -> String {
    let settings = component["settings"].as_array().unwrap().iter();
    let found = settings.filter(|one| one["name"] == label).map(|one| one["value"].clone()).next();
    found.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn a_component_is_added_changed_switched_and_deleted_while_everything_goes_on() {
    let bench = bench();
    let heard = bench.house.get("/api/v1/buses", &bench.viewer).is(200).json();
    assert_eq!(heard["items"].as_array().unwrap().len(), 1);
    let body = json!({
        "kind": "ev-driver-controls", "fields": {"bus": bench.bus, "base": 0x700, "late_ms": 150}
    });
    let added = bench.put("Second pedals", &body).is(201).json();
    assert_eq!((&added["kind"], &added["enabled"]), (&json!("ev-driver-controls"), &json!(true)));
    assert_eq!(
        (&added["fields"]["base"], &added["fields"]["late_ms"]),
        (&json!("0x700"), &json!("150"))
    );
    let listed = bench.listed("Second pedals").unwrap();
    assert_eq!(setting(&listed, "Late after"), "150 ms");
    // Changed under another name, with what is left out set back.
    let body = json!({"fields": {"name": "Pedals 2", "bus": bench.bus, "base": "0x720"}});
    let changed = bench.put("Second pedals", &body).is(200).json();
    assert_eq!(
        (&changed["name"], &changed["fields"]["late_ms"]),
        (&json!("Pedals 2"), &Value::Null)
    );
    bench.look("Second pedals").refuses(404, "not_found", "");
    let url = |what: &str| format!("{}/{what}", path("Pedals 2"));
    let off = bench.house.ask("POST", &url("disable"), &bench.changer).is(200).json();
    assert_eq!((&off["enabled"], &off["fields"]["base"]), (&json!(false), &json!("0x720")));
    assert!(bench.listed("Pedals 2").is_none(), "it is not listened to");
    bench.house.ask("POST", &url("enable"), &bench.changer).is(200);
    assert!(bench.listed("Pedals 2").is_some());
    bench.house.ask("DELETE", &path("Pedals 2"), &bench.changer).is(204);
    bench.look("Pedals 2").refuses(404, "not_found", "");
}

#[test]
fn a_limit_is_in_force_as_soon_as_it_is_changed() {
    let bench = bench();
    let fields = bench.look(&bench.pack).is(200).json()["fields"].clone();
    let mut fields: Value = fields;
    fields["cell_max_mv"] = json!(3000);
    bench.put(&bench.pack, &json!({"fields": fields})).is(200);
    let mut now = Value::Null;
    for _ in 0..2_000 {
        now = bench.listed(&bench.pack).unwrap();
        if now["status"] == "warning" || now["status"] == "fault" {
            break;
        }
    }
    // Every cell of the demo is above it, and the reason names the limit.
    let reason = now["reason"].as_str().unwrap();
    assert!(reason.contains("3.000") || reason.contains("3000"), "{now}");
    assert_ne!(now["level"], "ok");
}

#[test]
fn whoever_looked_at_an_older_version_is_told() {
    let bench = bench();
    let tag = bench.look(&bench.pack).is(200).header("etag").to_owned();
    let strings = |count: u32| json!({"fields": {"bus": bench.bus, "strings": count}});
    let asked = |tag: &str, body: &Value| {
        let head = [("content-type", "application/json"), ("if-match", tag)];
        bench.house.send("PUT", &path(&bench.pack), &bench.changer, &head, &body.to_string())
    };
    let first = asked(&tag, &strings(2));
    let newer = first.is(200).header("etag").to_owned();
    assert_ne!(newer, tag);
    asked(&tag, &strings(3)).refuses(412, "changed_meanwhile", "");
    asked("\"nonsense\"", &strings(3)).refuses(412, "changed_meanwhile", "");
    asked("nonsense", &strings(3)).refuses(400, "broken_if_match", "");
    assert_eq!(bench.look(&bench.pack).is(200).json()["fields"]["strings"], "2");
    asked(&newer, &strings(1)).is(200);
}

#[test]
fn what_cannot_be_is_refused_by_its_field_and_changes_nothing() {
    let bench = bench();
    let before = bench.look(&bench.pack).is(200).header("etag").to_owned();
    let new = |fields: Value| json!({"kind": "ev-driver-controls", "fields": fields});
    let table = [
        (json!({}), "kind"),
        (json!({"kind": "nothing"}), "kind"),
        (new(json!({"bus": "nowhere"})), "fields.bus"),
        (new(json!({"bus": bench.bus, "base": 0x501})), "fields.base"),
        (new(json!({"bus": bench.bus, "base": true})), "fields.base"),
        (new(json!({"bus": bench.bus, "strings": 2})), "fields.strings"),
        (new(json!({"bus": bench.bus, "name": "a/b"})), "fields.name"),
        (new(json!({"bus": bench.bus, "name": bench.pack})), "fields.name"),
        (json!({"kind": "ev-driver-controls", "speed": 1}), "speed"),
    ];
    for (body, field) in table {
        bench.put("New one", &body).refuses(422, "invalid", field);
    }
    let other = json!({"kind": "elcon-tc", "fields": {"bus": bench.bus}});
    bench.put(&bench.pack, &other).refuses(422, "invalid", "kind");
    let after = bench.look(&bench.pack).is(200).header("etag").to_owned();
    assert_eq!(before, after);
}

#[test]
fn an_address_within_the_block_of_a_battery_is_told_on_the_form_and_on_the_page() {
    let bench = bench();
    let body = json!({"kind": "ev-driver-controls", "fields": {"bus": bench.bus, "base": "0x6A0"}});
    let said = bench.put("Inside", &body).is(201).json();
    let remark = said["remarks"][0].as_str().unwrap();
    assert!(remark.contains("claims 0x6A0 to 0x6BF on this bus too"), "{remark}");
    assert!(remark.contains("what comes there is taken for \"Inside\""), "{remark}");
    let page = bench.house.get("/parts", &bench.viewer).is(200).text;
    // Every page has it above itself: the page of the parts does not say it again.
    assert_eq!(page.matches("both claim 0x6A0 to 0x6BF").count(), 1, "{page}");
}

#[test]
fn the_kinds_are_searched_and_say_what_can_be_set() {
    let bench = bench();
    let list = |search: &str| {
        let path = format!("/api/v1/component-kinds?search={search}");
        bench.house.get(&path, &bench.viewer).is(200).json()["items"].as_array().unwrap().len()
    };
    assert!(list("") >= 7);
    assert_eq!(list("no+such+thing"), 0);
    assert!(list("charger+elcon") >= 1 && list("charger+elcon") < list(""));
    let kind = "/api/v1/component-kinds/prohelion-d1000-gen1";
    let kind = bench.house.get(kind, &bench.viewer).is(200).json();
    let fields = kind["fields"].as_array().unwrap();
    let base = fields.iter().find(|field| field["name"] == "base").unwrap();
    assert_eq!((&base["type"], &base["default"]), (&json!("integer"), &json!("0x600")));
    assert!(fields.iter().all(|field| !field["help"].as_str().unwrap().is_empty()));
    bench.house.get("/api/v1/component-kinds/none", &bench.viewer).refuses(404, "not_found", "");
}

#[test]
fn somebody_without_the_right_changes_nothing_by_any_route() {
    let bench = bench();
    let before = bench.look(&bench.pack).is(200).header("etag").to_owned();
    let everyone = [Right::ReadSettings, Right::ChargePacks, Right::SendReceiveCan];
    let (_, other) = bench.house.program("other", &everyone);
    let body = json!({"fields": {"bus": bench.bus, "strings": 4}});
    for token in [&bench.viewer, &other] {
        let own = path(&bench.pack);
        bench.house.json("PUT", &own, token, &body).refuses(403, "permission_missing", "");
        bench.house.ask("DELETE", &own, token).refuses(403, "permission_missing", "");
        for what in ["enable", "disable"] {
            let path = format!("{own}/{what}");
            bench.house.ask("POST", &path, token).refuses(403, "permission_missing", "");
        }
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let page = format!("/parts/{}", bench.pack.replace(' ', "%20"));
        for what in ["edit", "enable", "disable", "delete"] {
            let path = format!("{page}/{what}");
            assert_eq!(bench.house.send("POST", &path, token, &form, "strings=4").status, 403);
        }
        for path in ["/parts/add", "/parts/check"] {
            assert_eq!(bench.house.send("POST", path, token, &form, "kind=elcon-tc").status, 403);
        }
        assert_eq!(bench.house.get("/parts/add", token).status, 403);
        let parts = bench.house.get("/parts", token).is(200).text;
        assert!(!parts.contains("/parts/add") && !parts.contains("/edit"), "nothing is offered");
    }
    let after = bench.look(&bench.pack).is(200).header("etag").to_owned();
    assert_eq!(before, after);
}
