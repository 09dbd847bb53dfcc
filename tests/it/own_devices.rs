//! Device folders of one's own and discovery through the API and the pages, on a real engine.

use std::time::Duration;

use busbar::engine::{ActivateProfile, Right, demo_profile};
use serde_json::{Value, json};

use crate::listening::{Answered, Listening};

const ONE: &str = "/api/v1/devices/my-pack";
const DBC: &str = "BU_: X\nBO_ 256 Main: 8 X\n SG_ Volts : 0|16@1+ (0.1,0) [0|100] \"V\" X\n \
                   SG_ Amps : 16|16@1- (0.1,0) [-100|100] \"A\" X\n \
                   SG_ Spare : 32|8@1+ (1,0) [0|255] \"\" X\n\
                   BO_ 257 Cells: 8 X\n SG_ A : 0|16@1+ (1,0) [0|5000] \"mV\" X\n";

struct Bench {
    house: Listening,
    changer: String,
    viewer: String,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    Bench { house, changer, viewer }
}

impl Bench {
    fn put(&self, path: &str, who: &str, more: &[(&str, &str)], text: &str) -> Answered {
        let kind = [("content-type", "text/plain")];
        self.house.send("PUT", path, who, &[&kind, more].concat(), text)
    }

    fn kinds(&self) -> Vec<String> {
        let all = self.house.get("/api/v1/devices", &self.viewer).is(200).json();
        let kinds = all["kinds"].as_array().unwrap().clone();
        kinds
            .iter()
            .filter(|kind| kind["own"] == json!(true))
            .map(|kind| kind["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Waits, with a limit, until something is so.
#[expect(clippy::panic, reason = "a test that waits in vain says for what")]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    for _ in 0..1500 {
        if is_so() {
            return;
        }
        let _tick = wait.recv_timeout(Duration::from_millis(20));
    }
    panic!("{what}: not within 30 s");
}

#[test]
fn a_dbc_becomes_a_component_of_ones_own_that_is_known_without_a_restart() {
    let bench = bench();
    let dbc = format!("{ONE}/dbc");
    bench.put(&dbc, &bench.viewer, &[], DBC).refuses(403, "permission_missing", "");
    let new = [("if-none-match", "*")];
    let made =
        bench.put(&format!("{dbc}?title=My%20pack"), &bench.changer, &new, DBC).is(200).json();
    assert_eq!(
        (&made["made"], &made["signals"]["Main.Volts"]),
        (&json!(true), &json!("reading")),
        "{made}"
    );
    let again = bench.put(&dbc, &bench.changer, &new, DBC);
    again.refuses(412, "changed_meanwhile", "");
    let signals = json!({"signals": {
        "Main.Volts": "pack voltage", "Main.Amps": "pack current", "Cells.A": "cell 1", "Main.Spare": "signal",
    }});
    bench.house.json("PATCH", ONE, &bench.viewer, &signals).refuses(403, "permission_missing", "");
    let mapped = bench.house.json("PATCH", ONE, &bench.changer, &signals).is(200).json();
    assert!(mapped["manifest"].as_str().unwrap().contains("[battery]"), "{mapped}");
    // The hub takes another catalog in its next turn.
    let known = || bench.kinds().contains(&"my-pack".to_owned());
    until("the kind is known", known);
    let wrong = json!({"signals": {"Main.Spare": "cell 2"}});
    let said = bench.house.json("PATCH", ONE, &bench.changer, &wrong);
    assert_eq!(said.status, 422, "{}", said.text);
    assert!(said.text.contains("Main.Spare") && said.text.contains("unit"), "{}", said.text);
    bench.house.ask("DELETE", ONE, &bench.viewer).refuses(403, "permission_missing", "");
    bench.house.ask("DELETE", ONE, &bench.changer).is(204);
    bench.house.get(ONE, &bench.changer).is(404);
}

#[test]
fn what_is_no_folder_is_refused_with_file_and_line() {
    let bench = bench();
    let dbc = format!("{ONE}/dbc");
    let said = bench.put(&dbc, &bench.changer, &[], "nothing of a DBC\n");
    assert_eq!(said.status, 422, "{}", said.text);
    assert!(said.text.contains("messages.dbc"), "{}", said.text);
    bench.put(&dbc, &bench.changer, &[], DBC).is(200);
    let there = bench.house.get(ONE, &bench.changer).is(200).json();
    let broken = there["manifest"]
        .as_str()
        .unwrap()
        .replace("category = \"custom\"", "category = \"toaster\"");
    let said = bench.put(&format!("{ONE}/manifest"), &bench.changer, &[], &broken);
    assert_eq!(said.status, 422, "{}", said.text);
    assert!(said.text.contains("device.toml:") && said.text.contains("toaster"), "{}", said.text);
    let stale = [("if-match", "\"00\"")];
    let text = there["manifest"].as_str().unwrap();
    let said = bench.put(&format!("{ONE}/manifest"), &bench.changer, &stale, text);
    assert_eq!(said.status, 412, "{}", said.text);
    // A condition that nobody can read is not left out.
    let mark = bench.house.get(ONE, &bench.changer).is(200).header("etag").to_owned();
    for (header, value, wanted) in [
        ("if-match", "no ETag", 400),
        ("if-match", "\u{e9}", 400),
        ("if-match", &format!("W/{mark}"), 412),
        ("if-none-match", &mark, 400),
    ] {
        let told = [(header, value)];
        let place = format!("{ONE}/manifest");
        let said = bench.put(&place, &bench.changer, &told, &text.replace("my-pack", "other"));
        assert_eq!(said.status, wanted, "{header}: {value}: {}", said.text);
        let said = bench.house.send("DELETE", ONE, &bench.changer, &told, "");
        assert_eq!(said.status, wanted, "{header}: {value}: {}", said.text);
    }
    bench.house.get(ONE, &bench.changer).is(200);
    for name in ["..%2Fup", "%2e%2e%2fup", "elcon-tc", "Upper", "a%00b"] {
        let said = bench.put(&format!("/api/v1/devices/{name}/dbc"), &bench.changer, &[], DBC);
        assert!((400..500).contains(&said.status), "{name}: {}", said.status);
    }
    for name in ["Bad%20Name", "%C3%A4", "Upper"] {
        let said = bench.put(&format!("/api/v1/devices/{name}/dbc"), &bench.changer, &[], DBC);
        assert_eq!(said.status, 422, "{name}: {}", said.text);
        assert!(said.text.contains("small letters, digits and hyphens"), "{}", said.text);
    }
}

#[test]
fn discovery_says_what_the_demo_is_and_that_it_is_configured_already() {
    let bench = bench();
    let place = "/api/v1/buses/demo/discovery";
    bench.house.get(place, &bench.viewer).refuses(403, "permission_missing", "");
    let pack = |found: &Value| {
        let all = found["candidates"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["kind"] == json!("prohelion-d1000-gen1"))
    };
    until("the pack is heard", || {
        let found = bench.house.get(place, &bench.changer).is(200).json();
        pack(&found).is_some_and(|pack| pack["score"].as_u64().unwrap() >= 60)
    });
    let found = bench.house.get(place, &bench.changer).is(200).json();
    let pack = pack(&found).unwrap();
    assert_eq!((&pack["base"], &pack["offered"]), (&json!(0x600), &json!(false)), "{pack}");
    assert!(pack["component"].is_string() && pack["serial"].is_u64(), "{pack}");
    bench.house.get("/api/v1/buses/none/discovery", &bench.changer).is(404);
    let page = bench.house.get("/parts/discover", &bench.changer).is(200).text;
    assert!(
        page.contains("Prohelion D1000 Gen 1") && page.contains("in the profile already"),
        "{page}"
    );
}
