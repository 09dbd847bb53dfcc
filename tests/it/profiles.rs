//! Profiles through the API, on a real engine: added, described, edited by two, undone, run.

use busbar::engine::Right;
use serde_json::{Value, json};

use crate::listening::Listening;

const ALL: &str = "/api/v1/profiles";
const ONE: &str = "/api/v1/profiles/Workshop";

struct Bench {
    house: Listening,
    changer: String,
    viewer: String,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    Bench { house, changer, viewer }
}

impl Bench {
    fn with(
        &self,
        method: &str,
        path: &str,
        tag: &str,
        body: &Value,
    ) -> crate::listening::Answered {
        let kind = [("content-type", "application/json"), ("if-match", tag)];
        self.house.send(method, path, &self.changer, &kind, &body.to_string())
    }

    fn versions(&self) -> Vec<Value> {
        let all = self.house.get(&format!("{ONE}/versions"), &self.viewer).is(200).json();
        all.as_array().cloned().unwrap_or_default()
    }
}

#[test]
fn a_profile_is_added_described_renamed_copied_and_deleted() {
    let bench = bench();
    let (house, changer, viewer) = (&bench.house, &bench.changer, &bench.viewer);
    assert_eq!(house.get(ALL, viewer).is(200).json(), json!([]));
    let wanted = json!({"name": "Workshop", "interface": "can7"});
    house.json("POST", ALL, viewer, &wanted).refuses(403, "permission_missing", "");
    let added = house.json("POST", ALL, changer, &wanted).is(201);
    assert_eq!(added.header("location"), "/api/v1/profiles/Workshop");
    house.json("POST", ALL, changer, &wanted).refuses(409, "name_taken", "name");
    house.json("POST", ALL, changer, &json!({"name": "a/b"})).refuses(422, "invalid", "name");
    let tag = added.header("etag").to_owned();
    let said = bench.with("PATCH", ONE, &tag, &json!({"description": "The bench"})).is(200);
    assert_eq!(said.json()["description"], "The bench");
    // Whoever saw it before is told.
    let late = bench.with("PATCH", ONE, &tag, &json!({"description": "Another"}));
    late.refuses(412, "changed_meanwhile", "");
    // A condition that nobody can read is not left out.
    for broken in ["no ETag", "\u{e9}"] {
        let said = bench.with("PATCH", ONE, broken, &json!({"description": "Another"}));
        said.refuses(400, "broken_if_match", "");
        bench.with("DELETE", ONE, broken, &json!({})).refuses(400, "broken_if_match", "");
    }
    let weak = bench.with("PATCH", ONE, &format!("W/{tag}"), &json!({"description": "Another"}));
    weak.refuses(412, "changed_meanwhile", "");
    assert_eq!(house.get(ONE, viewer).is(200).json()["description"], "The bench");
    let copy = json!({"name": "Second", "copy_of": "Workshop"});
    house.json("POST", ALL, changer, &copy).is(201);
    let renamed = json!({"name": "Third"});
    house.json("PATCH", "/api/v1/profiles/Second", changer, &renamed).is(200);
    let list = house.get(ALL, viewer).is(200).json();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["Third", "Workshop"]);
    // Who changed each last, when and how; what was edited outside is told apart.
    let last = &list[1]["last_change"];
    assert!(last["by"].as_str().unwrap().starts_with("changer"), "{list}");
    assert_eq!(last["face"], "api", "{list}");
    assert!(last["at"].is_string() && !last["what"].as_str().unwrap().is_empty(), "{list}");
    assert_eq!(list[1]["edited_outside"], false, "{list}");
    let file = house.folder().join("profiles/Workshop.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}# By hand.\n")).unwrap();
    let edited = house.get(ALL, viewer).is(200).json();
    assert_eq!(edited[1]["edited_outside"], true, "{edited}");
    assert_eq!(edited[1]["last_change"], *last, "{edited}");
    std::fs::write(&file, text).unwrap();
    assert_eq!(list[0]["description"], "The bench");
    house.ask("DELETE", "/api/v1/profiles/Third", viewer).refuses(403, "permission_missing", "");
    house.ask("DELETE", "/api/v1/profiles/Third", changer).is(204);
    house.get("/api/v1/profiles/Third", viewer).refuses(404, "not_found", "");
}

#[test]
fn every_edit_is_a_version_that_can_be_gone_back_to() {
    let bench = bench();
    let (house, changer) = (&bench.house, &bench.changer);
    house.json("POST", ALL, changer, &json!({"name": "Workshop"})).is(201);
    for text in ["one", "two"] {
        house.json("PATCH", ONE, changer, &json!({"description": text})).is(200);
    }
    let versions = bench.versions();
    assert_eq!(versions.len(), 3, "{versions:?}");
    assert_eq!(versions[0]["what"], "description changed");
    assert!(versions[0]["by"].as_str().unwrap().contains("changer"), "{}", versions[0]);
    assert_eq!(versions[0]["face"], "api");
    let newest = versions[0]["version"].as_i64().unwrap();
    let one = house.get(&format!("{ONE}/versions/{newest}"), &bench.viewer).is(200).json();
    let lines = one["difference"].as_array().unwrap();
    let of = |kind: &str| -> Vec<&str> {
        let here = lines.iter().filter(|line| line["kind"] == kind);
        here.filter_map(|line| line["text"].as_str()).collect()
    };
    assert_eq!(of("removed"), ["description = \"one\""]);
    assert_eq!(of("added"), ["description = \"two\""]);
    let undone = house.ask("POST", &format!("{ONE}/undo"), changer).is(200).json();
    assert_eq!(undone["description"], "one");
    let first = versions[2]["version"].as_i64().unwrap();
    let back = house.ask("POST", &format!("{ONE}/versions/{first}/restore"), changer).is(200);
    assert_eq!(back.json()["description"], Value::Null);
    assert_eq!(bench.versions().len(), 5);
    let nothing = format!("{ONE}/versions/999999/restore");
    house.ask("POST", &nothing, changer).refuses(404, "not_found", "");
}

#[test]
fn the_running_profile_is_amended_in_its_file_and_cannot_be_deleted() {
    let bench = bench();
    let (house, changer) = (&bench.house, &bench.changer);
    let text = "# Ours.\nname = \"Workshop\"\n\n[[bus]]\nname = \"b\"\naddress = \"virtual:b\"\n";
    let wanted = json!({"name": "Workshop", "text": text});
    house.json("POST", ALL, changer, &wanted).is(201);
    let file = house.folder().join("profiles/Workshop.toml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    house.ask("POST", &format!("{ONE}/activate"), &bench.viewer).refuses(
        403,
        "permission_missing",
        "",
    );
    let ran = house.ask("POST", &format!("{ONE}/activate"), changer).is(200).json();
    assert_eq!(ran["runs"], true, "{ran}");
    house.json("PATCH", ONE, changer, &json!({"description": "Now"})).is(200);
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written, text.replace("\"Workshop\"\n", "\"Workshop\"\ndescription = \"Now\"\n"));
    house.ask("DELETE", ONE, changer).refuses(409, "unfit", "");
    // Called otherwise while it runs: its file and its versions go along.
    house.json("PATCH", ONE, changer, &json!({"name": "Bench"})).is(200);
    assert!(!file.exists());
    let bench_file = house.folder().join("profiles/Bench.toml");
    assert!(std::fs::read_to_string(&bench_file).unwrap().contains("name = \"Bench\""));
    let list = house.get(ALL, &bench.viewer).is(200).json();
    assert_eq!((&list[0]["name"], &list[0]["runs"]), (&json!("Bench"), &json!(true)));
    // An edit outside that nobody has picked up is not overwritten.
    std::fs::write(&bench_file, "name = \"Bench\"\n").unwrap();
    let late = house.json("PATCH", "/api/v1/profiles/Bench", changer, &json!({"description": "x"}));
    late.refuses(409, "unfit", "");
    assert_eq!(std::fs::read_to_string(&bench_file).unwrap(), "name = \"Bench\"\n");
}

#[test]
fn the_demo_is_had_back_by_a_profile_with_its_scene() {
    let bench = bench();
    let (house, changer) = (&bench.house, &bench.changer);
    house.json("POST", ALL, changer, &json!({"name": "Workshop"})).is(201);
    house.ask("POST", &format!("{ONE}/activate"), changer).is(200);
    let buses = || house.get("/api/v1/buses", &bench.viewer).is(200).json()["items"].clone();
    assert_eq!(buses(), json!([]));
    let added = json!({"name": "Back", "scene": "demo"});
    let added = house.json("POST", ALL, changer, &added).is(201).json();
    assert_eq!(added["profile"]["bus"][0]["scene"], "demo", "{added}");
    house.ask("POST", "/api/v1/profiles/Back/activate", changer).is(200);
    assert_eq!(buses()[0]["name"], "demo");
    let driven = json!({"parked": true, "pace": 1});
    house.json("PUT", "/api/v1/demo", changer, &driven).is(204);
    // A scene that is a file of the machine is none, nor are two beginnings one.
    for scene in ["../../x.toml", "/etc/passwd", ""] {
        let wanted = json!({"name": "Other", "scene": scene});
        house.json("POST", ALL, changer, &wanted).refuses(422, "invalid", "scene");
    }
    let both = json!({"name": "Other", "scene": "demo", "interface": "can7"});
    house.json("POST", ALL, changer, &both).refuses(422, "invalid", "copy_of");
}

#[test]
fn what_is_the_machines_is_not_named_from_elsewhere_and_stays_where_it_was() {
    let bench = bench();
    let (house, changer) = (&bench.house, &bench.changer);
    let bus = "[[bus]]\nname = \"b\"\naddress = \"virtual:b\"\n";
    for (text, why) in [
        (
            "description = \"${PATH}\"".to_owned(),
            "line 2: ${PATH} is filled in from the environment",
        ),
        ("base = ${PATH}".to_owned(), "line 2: ${PATH} is filled in from the environment"),
        (
            bus.replace("virtual:b", "replay:/etc/passwd"),
            "etc/passwd is outside of the data folder",
        ),
        (format!("{bus}dbc = [\"../../x.dbc\"]"), "../../x.dbc is outside of the data"),
        (format!("{bus}scene = \"/none/x.toml\""), "none/x.toml is outside of the data folder"),
        (bus.replace("virtual:b", "replay:../busbar.db"), "is one that Busbar keeps for itself"),
    ] {
        let wanted = json!({"name": "Workshop", "text": format!("name = \"x\"\n{text}\n")});
        let refused = house.json("POST", ALL, changer, &wanted);
        refused.refuses(409, "profile_refused", "");
        assert!(refused.text.contains(why), "{}", refused.text);
        let value = std::env::var("PATH").unwrap();
        assert!(!refused.text.contains(&value), "{}", refused.text);
    }
    // Lines are counted as they were sent, also where the name that is missing is put in front.
    for (before, line) in [("", 4), ("name = \"x\"\n", 5), ("# About it.\n", 5)] {
        let text = format!("{before}{bus}dbc = [\"../../x.dbc\"]\n");
        let refused =
            house.json("POST", ALL, changer, &json!({"name": "Workshop", "text": text})).text;
        assert!(refused.contains(&format!("line {line}: the file")), "{before}: {refused}");
    }
    assert_eq!(house.get(ALL, &bench.viewer).is(200).json(), json!([]));
    // What somebody wrote at the machine is edited, copied, called otherwise and gone back to.
    let text = format!(
        "name = \"Workshop\"\ndescription = \"${{NO_SUCH:-a}}\"\n{bus}dbc = [\"../../x.dbc\"]\n"
    );
    let file = house.folder().join("profiles/Workshop.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &text).unwrap();
    let said = "5 $ and ${PATH}";
    let edited = house.json("PATCH", ONE, changer, &json!({"description": said})).is(200).json();
    assert_eq!(edited["description"], said, "it is no variable");
    house.ask("POST", &format!("{ONE}/undo"), changer).is(200);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    house.json("POST", ALL, changer, &json!({"name": "Copy", "copy_of": "Workshop"})).is(201);
    house.json("PATCH", ONE, changer, &json!({"name": "Bench"})).is(200);
    house.ask("POST", "/api/v1/profiles/Bench/activate", changer).is(200);
    let running = json!({"description": "It runs"});
    house.json("PATCH", "/api/v1/profiles/Bench", changer, &running).is(200);
}
