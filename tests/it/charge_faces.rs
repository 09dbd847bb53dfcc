//! Charging through the API, the pages and the control socket, on a real engine with the demo.

use busbar::engine::{
    ActivateProfile, GivePassword, MustChangeIt, Preset, Right, Secret, ViewPlant, demo_profile,
};
use serde_json::{Value, json};

use crate::listening::{GOOD, Listening};
use crate::visit::Inn;

/// How often something is looked at before it counts as never coming.
const LOOKS: usize = 2_000;

fn with_demo() -> (Listening, String, String) {
    let house = Listening::new();
    let (_, operator) = house.program("operator", &[Right::ChargePacks]);
    let (_, viewer) = house.program("viewer", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    (house, operator, viewer)
}

/// The address of the charge of the first pack that can be charged.
fn charge_of(house: &Listening, token: &str) -> String {
    let packs = house.get("/api/v1/packs", token).is(200).json();
    let mut ids = packs["items"].as_array().unwrap().iter().map(|pack| pack["id"].to_string());
    let path = |id: String| format!("/api/v1/packs/{id}/charge");
    ids.find_map(|id| (house.get(&path(id.clone()), token).status == 200).then(|| path(id)))
        .unwrap()
}

/// What is shown once `wanted` holds of it.
#[track_caller]
fn once(house: &Listening, path: &str, token: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..LOOKS {
        last = house.get(path, token).is(200).json();
        if wanted(&last) {
            return last;
        }
    }
    last["log"].take();
    assert_eq!(last, Value::Null, "it never came");
    last
}

#[test]
fn a_start_says_first_what_it_will_do_and_only_who_may_charge_gives_it() {
    let (house, operator, viewer) = with_demo();
    let path = charge_of(&house, &viewer);
    let shown = house.get(&path, &viewer).is(200).json();
    assert_eq!((&shown["running"], &shown["demo"]), (&json!(false), &json!(true)));
    assert_eq!(shown["ranges"].as_array().unwrap().len(), 7);
    house.json("POST", &path, &viewer, &json!({"confirm": true})).refuses(
        403,
        "permission_missing",
        "",
    );
    let asked = house.json("POST", &path, &operator, &json!({"set": {"current_a": 5}}));
    asked.refuses(409, "confirmation_needed", "confirm");
    let detail = asked.json()["detail"].as_str().unwrap().to_owned();
    for word in ["closes its contactors", "5 A", "goes on without", "Nothing was started"] {
        assert!(detail.contains(word), "{detail}");
    }
    let leaving = json!({"stop_if_i_leave": true});
    let detail = house.json("POST", &path, &operator, &leaving).json()["detail"].clone();
    assert!(detail.as_str().unwrap().contains("ten seconds"), "{detail}");
    let close = json!({"closed": true});
    let contactors = path.replace("/charge", "/contactors");
    house.json("POST", &contactors, &viewer, &close).refuses(403, "permission_missing", "");
    house.json("POST", &contactors, &operator, &close).refuses(
        409,
        "confirmation_needed",
        "confirm",
    );
}

#[test]
fn a_set_point_that_cannot_be_is_refused_by_its_name() {
    let (house, operator, _) = with_demo();
    let path = charge_of(&house, &operator);
    let start = |set: Value| json!({"set": set, "confirm": true});
    for (set, field) in [
        (json!({"current_a": -1}), "set.current_a"),
        (json!({"current_a": 1e9}), "set.current_a"),
        (json!({"cell_mv": 9000}), "set.cell_mv"),
        (json!({"soc_percent": 101}), "set.soc_percent"),
        (json!({"seconds": 0}), "set.seconds"),
        (json!({"cell_mv": "high"}), "set.cell_mv"),
    ] {
        house.json("POST", &path, &operator, &start(set)).refuses(422, "invalid", field);
    }
    house.json("POST", &path, &operator, &json!({"amps": 5})).refuses(422, "invalid", "amps");
    house.json("PATCH", &path, &operator, &json!({"current_a": 0})).refuses(
        422,
        "invalid",
        "current_a",
    );
    house.json("PATCH", &path, &operator, &json!({"volts": 0})).refuses(422, "invalid", "volts");
    let set = json!({"current_a": 4.5, "soc_percent": 80});
    house.json("PATCH", &path, &operator, &set).is(200);
    once(&house, &path, &operator, |charge| charge["set"]["current_a"] == 4.5);
    house.json("PATCH", &path, &operator, &json!({"soc_percent": null})).is(200);
    let shown = once(&house, &path, &operator, |charge| charge["set"]["soc_percent"].is_null());
    assert_eq!(shown["set"]["current_a"], 4.5, "what is left out stays");
}

#[test]
fn everybody_signed_in_stops_even_before_the_password_is_changed() {
    let (house, operator, viewer) = with_demo();
    let path = charge_of(&house, &viewer);
    house.send("DELETE", &path, "", &[], "").refuses(401, "not_signed_in", "");
    let stopped = house.ask("DELETE", &path, &viewer).is(202).json();
    assert_eq!(stopped["stop"], "done", "{stopped}");
    once(&house, &path, &viewer, |charge| charge["latches"]["remote_stop"] == true);
    // A start does not pass a latch.
    let start = json!({"confirm": true});
    house.json("POST", &path, &operator, &start).refuses(409, "unfit", "");
    house.ask("POST", &format!("{path}/latches"), &viewer).refuses(403, "permission_missing", "");
    house.ask("POST", &format!("{path}/latches"), &operator).is(200);
    once(&house, &path, &viewer, |charge| charge["latches"]["remote_stop"] == false);
    // Whoever must change the password sees nothing, and stops all the same.
    house.person("new", Preset::Viewer.rights(), MustChangeIt::Yes);
    let new = house.sign_in("new", GOOD);
    house.get(&path, &new).refuses(403, "password_change_required", "");
    house.ask("DELETE", &path, &new).is(202);
    once(&house, &path, &viewer, |charge| charge["latches"]["remote_stop"] == true);
    house.ask("DELETE", "/api/v1/charge", &new).is(202);
    house.json("POST", &path, &new, &start).refuses(403, "password_change_required", "");
    let open = json!({"closed": false});
    let contactors = path.replace("/charge", "/contactors");
    let opened = house.json("POST", &contactors, &viewer, &open).is(202).json();
    // Whoever sees nothing of the plant is answered the same as others.
    assert_eq!(house.json("POST", &contactors, &new, &open).is(202).json(), opened);
    assert_eq!(opened, json!({"pack": "Demo pack", "closed": false, "order": "done"}));
    house.ask("DELETE", "/api/v1/packs/none/charge", &viewer).refuses(404, "not_found", "");
}

#[test]
fn the_demo_is_parked_and_its_rules_charges_and_safety_text_are_told() {
    let (house, operator, viewer) = with_demo();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let demo = json!({"parked": true, "pace": 60});
    house.json("PUT", "/api/v1/demo", &viewer, &demo).refuses(403, "permission_missing", "");
    let fast = json!({"parked": true, "pace": 61});
    house.json("PUT", "/api/v1/demo", &changer, &fast).refuses(422, "invalid", "pace");
    house.json("PUT", "/api/v1/demo", &changer, &demo).is(204);
    once(&house, &charge_of(&house, &viewer), &viewer, |charge| charge["pace"] == 60.0);
    let rules = house.get("/api/v1/charge/rules", &viewer).is(200).json();
    assert!(rules.as_array().unwrap().len() > 30 && rules[0]["name"].is_string());
    assert_eq!(house.get("/api/v1/charges", &viewer).is(200).json()["items"], json!([]));
    for gone in ["1", "1.csv", "1.html", "x", "1.exe"] {
        house.get(&format!("/api/v1/charges/{gone}"), &viewer).refuses(404, "not_found", "");
    }
    house.ask("POST", "/api/v1/charge/safety-text", &viewer).refuses(403, "permission_missing", "");
    house.ask("POST", "/api/v1/charge/safety-text", &operator).is(204);
}

#[test]
fn a_rule_is_changed_by_who_may_within_its_bounds_and_only_on_the_version_that_was_seen() {
    let (house, operator, viewer) = with_demo();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let (_, admin) = house.program("admin", &[Right::Administrator]);
    let rule = "/api/v1/charge/rules/cell_max_mv";
    let seen = house.get("/api/v1/charge/rules", &viewer).is(200);
    let tag = seen.header("etag").to_owned();
    let to = |value: Value| json!({"value": value});
    for token in [&viewer, &operator] {
        let refused = house.json("PATCH", rule, token, &to(json!(4100)));
        refused.refuses(403, "permission_missing", "");
    }
    for value in [json!(4251), json!(-1), json!(1e300)] {
        house.json("PATCH", rule, &changer, &to(value)).refuses(422, "invalid", "value");
    }
    for body in [json!({}), json!({"value": "high"}), json!({"value": 4100, "more": 1})] {
        house.json("PATCH", rule, &changer, &body).is(422);
    }
    let unknown = house.json("PATCH", "/api/v1/charge/rules/cell_max", &changer, &to(json!(1)));
    unknown.refuses(404, "not_found", "");
    let on = |tag: &str, value: Value| {
        let body = to(value).to_string();
        let headers = [("If-Match", tag), ("Content-Type", "application/json")];
        house.send("PATCH", rule, &changer, &headers, &body)
    };
    on("\"1\"", json!(4100)).refuses(412, "changed_meanwhile", "");
    let changed = on(&tag, json!(4100)).is(200);
    assert_ne!(changed.header("etag"), tag);
    let shown = changed.json();
    assert_eq!((&shown["value"], &shown["origin"]), (&json!(4100.0), &json!("person")));
    assert_eq!((&shown["usual"], &shown["from_profile"]), (&json!(4150.0), &json!(false)));
    on(&tag, json!(4000)).refuses(412, "changed_meanwhile", "");
    // The set points of the next charge cannot pass it, and every line is in the journal.
    let high = json!({"cell_mv": 4120});
    let charge = charge_of(&house, &operator);
    house.json("PATCH", &charge, &operator, &high).refuses(422, "invalid", "cell_mv");
    let lines = || house.get("/api/v1/journal?action=charge_rule", &admin).is(200).json();
    // The line is written without anybody waiting for it.
    let found = (0..LOOKS).map(|_| lines()).find(|page| page["items"][0].is_object());
    let line = found.expect("a line")["items"][0].clone();
    assert_eq!(line["before"], json!({"cell_max_mv": 4150.0}), "{line}");
    assert_eq!(line["after"], json!({"cell_max_mv": 4100.0}), "{line}");
    let swapped =
        house.json("PATCH", "/api/v1/charge/rules/cell_min_mv", &changer, &to(json!(3600)));
    swapped.is(200);
    on("*", json!(3600)).refuses(422, "invalid", "value");
    let back = on("*", Value::Null).is(200).json();
    assert_eq!((&back["value"], &back["origin"]), (&json!(4150.0), &json!("default")));
}

#[test]
fn a_rule_of_a_profile_is_kept_in_its_file_with_the_comments_of_whoever_wrote_it() {
    let (house, _, _) = with_demo();
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.toml");
    let text = "# Ours.\nname = \"Ours\"\n[[bus]]\nname = \"b\"\naddress = \"virtual:ours\"\n\n[charge]\nmatch_v = 5 # checked\n";
    std::fs::write(&file, text).unwrap();
    house.order(ActivateProfile::loaded(
        busbar::engine::load_profile(&file, &busbar::engine::Catalog::builtin()).unwrap(),
    ));
    let rule = |name: &str| format!("/api/v1/charge/rules/{name}");
    let shown = house.json("PATCH", &rule("match_v"), &changer, &json!({"value": 4.5})).is(200);
    assert_eq!(shown.json()["origin"], "profile");
    house.json("PATCH", &rule("longest_h"), &changer, &json!({"value": 2})).is(200);
    let wanted =
        text.replace("match_v = 5 # checked\n", "match_v = 4.5 # checked\nlongest_h = 2\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), wanted);
    // What somebody edits meanwhile is not overwritten, and what cannot be kept is not in force.
    std::fs::write(&file, text).unwrap();
    let refused = house.json("PATCH", &rule("longest_h"), &changer, &json!({"value": 3}));
    refused.refuses(409, "unfit", "");
    assert!(refused.text.contains("edited meanwhile"), "{}", refused.text);
    let rules = house.get("/api/v1/charge/rules", &changer).is(200).json();
    let longest = rules.as_array().unwrap().iter().find(|rule| rule["name"] == "longest_h");
    assert_eq!(longest.unwrap()["value"], 2.0);
    let again = ActivateProfile::loaded(
        busbar::engine::load_profile(&file, &busbar::engine::Catalog::builtin()).unwrap(),
    );
    house.order(again);
    house.json("PATCH", &rule("match_v"), &changer, &json!({"value": null})).is(200);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        text.replace("match_v = 5 # checked\n", "")
    );
}

#[test]
fn a_form_that_is_not_from_our_own_page_neither_starts_nor_stops() {
    let inn = Inn::new();
    inn.add("vera", Preset::Viewer);
    inn.add("otto", Preset::Operator);
    inn.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let (viewer, operator) = (inn.cookie("vera"), inn.cookie("otto"));
    let origin = inn.origin();
    let page = inn.get("/charge", &[("Cookie", &viewer)]);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.body.contains("I have read this"), "a viewer is asked what only others can say");
    let boxes = page.body.matches("form=\"f-charge\"").count();
    let shut = page.body.matches("form=\"f-charge\" disabled").count();
    assert!(shut >= 7 && boxes > shut, "{shut} of {boxes} boxes are shut to a viewer");
    let token = page.form_token();
    let from_us = [("Cookie", viewer.as_str()), ("Origin", origin.as_str())];
    let from_elsewhere = [("Cookie", viewer.as_str()), ("Origin", "http://evil.example")];
    assert_eq!(inn.form("/charge/stop", &from_us, "pack=").status, 403);
    let sealed = format!("form_token={token}");
    assert_eq!(inn.form("/charge/stop", &from_elsewhere, &sealed).status, 403);
    // The form of a page stops; a viewer starts nothing.
    let stopped = inn.form("/charge/stop", &from_us, &sealed);
    assert_eq!(
        (stopped.status, stopped.header("location")),
        (303, Some("/charge?done=charge-stopped"))
    );
    assert_eq!(inn.form("/charge/start", &from_us, &sealed).status, 403);
    let page = inn.get("/charge", &[("Cookie", &operator)]);
    assert!(page.body.contains("form=\"f-charge\"") && page.body.contains("I have read this"));
    assert!(!page.body.contains("form=\"f-charge\" disabled"), "{page:?}");
    let own = [("Cookie", operator.as_str()), ("Origin", origin.as_str())];
    let read = format!("form_token={}", page.form_token());
    assert_eq!(inn.form("/charge/read", &own, &read).status, 303);
    let cleared = inn.form("/charge/clear", &own, &format!("{read}&pack=Demo+pack"));
    assert_eq!(cleared.status, 303, "{cleared:?}");
    // A set point that cannot be is told at its box, with what can be.
    let wrong = format!("{read}&pack=Demo+pack&current_a=9999");
    for path in ["/charge/ask", "/charge/start", "/charge/apply"] {
        let refused = inn.form(path, &own, &wrong);
        assert_eq!(refused.status, 422, "{path}: {refused:?}");
        let said = "<p class=\"wrong\">Max current cannot be 9999 A: it is ";
        assert!(refused.body.contains(said), "{path}: {}", refused.body);
        assert!(!refused.body.contains("list of checks"), "{path}: {}", refused.body);
    }
    let sealed = format!("form_token={}&pack=none", page.form_token());
    let refused = inn.form("/charge/start", &own, &sealed);
    assert_eq!(refused.status, 404, "{refused:?}");
    assert_eq!(inn.get("/charges", &[("Cookie", &viewer)]).status, 200);
    assert_eq!(inn.get("/charges/7", &[("Cookie", &viewer)]).status, 404);
}

#[test]
fn a_rule_is_changed_on_its_page_within_its_bounds_by_whoever_may() {
    let inn = Inn::new();
    inn.add("vera", Preset::Viewer);
    inn.add("emil", Preset::Engineer);
    inn.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let (viewer, engineer) = (inn.cookie("vera"), inn.cookie("emil"));
    let origin = inn.origin();
    let seen = inn.get("/charge/rules", &[("Cookie", &viewer)]);
    assert_eq!(seen.status, 200);
    for shown in ["Default", "Hard bounds", "4150 mV", "2000 to 4250 mV", "usual"] {
        assert!(seen.body.contains(shown), "{shown}");
    }
    assert!(!seen.body.contains("action=\"/charge/rules\""), "a viewer is offered a change");
    let own = [("Cookie", engineer.as_str()), ("Origin", origin.as_str())];
    let look = || inn.get("/charge/rules", &[("Cookie", &engineer)]);
    let give = |rule: &str, value: &str, version: &str| {
        let token = look().form_token();
        let body = format!("form_token={token}&rule={rule}&version={version}&{value}");
        inn.form("/charge/rules", &own, &body)
    };
    for wrong in ["4251", "nan", "much", "1e9", "-4100"] {
        let refused = give("cell_max_mv", &format!("value={wrong}"), "");
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.body.contains(&format!("value=\"{wrong}\"")), "what was typed is lost");
        assert!(refused.body.contains("class=\"wrong\""), "{wrong}");
        assert!(!refused.body.contains("Cell_max_mv"), "a name of the file is shown to people");
    }
    assert_eq!(give("no_such_rule", "value=1", "").status, 422);
    let done = give("cell_max_mv", "value=4100", "");
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some("/charge/rules?done=rule#r-cell_max_mv"))
    );
    assert!(look().body.contains("set here, not kept"));
    // Somebody else's change in between is not written over.
    let stale = give("cell_max_mv", "value=4050", "1");
    assert_eq!(stale.status, 412, "{stale:?}");
    assert_eq!(give("cell_max_mv", "value=4100&usual=yes", "").status, 303);
    assert!(!look().body.contains("set here, not kept"));
    let sealed = format!("form_token={}&rule=cell_max_mv&value=4000", seen.form_token());
    let from_viewer = [("Cookie", viewer.as_str()), ("Origin", origin.as_str())];
    assert_eq!(inn.form("/charge/rules", &from_viewer, &sealed).status, 403);
}

#[test]
fn whoever_must_change_the_password_stops_from_that_page_and_is_told_that_it_was_taken_up() {
    let inn = Inn::new();
    inn.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let new = inn.add("nils", Preset::Viewer);
    let hash = inn.running.gate.hash("nils", &Secret::new(GOOD.to_owned())).unwrap();
    let (id, must_change) = (new.account.id, MustChangeIt::Yes);
    inn.order(GivePassword { id, expected: None, hash, must_change });
    let (cookie, origin) = (inn.cookie("nils"), inn.origin());
    let page = inn.get("/account/password", &[("Cookie", &cookie)]);
    assert!(page.body.contains("Stop every charge"), "{page:?}");
    let own = [("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
    let stopped = inn.form("/charge/stop", &own, &format!("form_token={}", page.form_token()));
    let place = stopped.header("location").unwrap_or_default().to_owned();
    assert_eq!((stopped.status, place.as_str()), (303, "/account/password?done=stop-taken"));
    let told = inn.get(&place, &[("Cookie", &cookie)]);
    assert_eq!(told.status, 200);
    assert!(told.body.contains("The stop was taken up"), "{told:?}");
    let grant = inn.desk.permit(ViewPlant).unwrap();
    let latched = || inn.running.door.look(&grant).charges.first().unwrap().latches.remote_stop;
    assert!((0..LOOKS * 1000).any(|_| latched()), "it was said and not done");
}

#[cfg(unix)]
mod socket {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use busbar::boot::local;
    use busbar::engine::testing::start_cheaply;
    use busbar::engine::{Config, Face, Running, ViewPlant};

    use super::*;
    use crate::support::Desk;

    /// An engine with the demo and the control socket in the data folder of `desk`.
    fn open(desk: &Desk) -> (Running, busbar::engine::Session, local::ControlSocket) {
        let folder = desk.path("data");
        let mut running = start_cheaply(Config::new(folder.clone(), "a test")).unwrap();
        let seat = running.take_seat().unwrap();
        let session = seat.sit(Face::Desktop);
        let order = ActivateProfile::of(demo_profile("demo").unwrap());
        running.door.submit(&session, order).unwrap().wait().unwrap();
        let door = running.door.clone();
        let socket = local::open(&folder, door, seat.sit(Face::CommandLine)).unwrap();
        (running, session, socket)
    }

    fn say(socket: &Path, text: &[u8]) -> String {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(text).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_command_line_stops_and_clears_on_the_engine_that_runs() {
        let desk = Desk::new();
        let (running, session, socket) = open(&desk);
        let latched = || {
            let grant = session.permit(ViewPlant).unwrap();
            running.door.look(&grant).charges.first().unwrap().latches.local_stop
        };
        let wait_for = |wanted: bool| (0..LOOKS * 1000).any(|_| latched() == wanted);
        desk.busbar(&[&"charge", &"start"]).ends_with(2).names(&["contactors", "--yes"]);
        // What --yes would refuse is told without it.
        let nobody: [&dyn AsRef<std::ffi::OsStr>; 4] =
            [&"charge", &"start", &"--charger", &"nobody"];
        desk.busbar(&nobody).ends_with(2).names(&["there is no charger nobody"]);
        desk.busbar(&[&"charge", &"start"]).ends_with(2).names(&["It is not ready now: "]);
        desk.busbar(&[&"charge", &"start", &"--current", &"900", &"--yes"])
            .ends_with(2)
            .names(&["the highest current", "900"]);
        desk.busbar(&[&"charge", &"stop"]).ends_with(0).names(&["stop is under way"]);
        assert!(wait_for(true), "a stop on the command line is a stop at the machine");
        let status = desk.busbar(&[&"charge", &"status", &"--format", &"json"]);
        let status: Value = serde_json::from_str(&status.ends_with(0).out).unwrap();
        assert_eq!(status[0]["latches"], json!(["local_stop"]), "{status}");
        desk.busbar(&[&"charge", &"start", &"--yes"]).ends_with(2);
        desk.busbar(&[&"charge", &"clear"]).ends_with(0);
        assert!(wait_for(false));
        desk.busbar(&[&"charge", &"stop", &"nothing"]).ends_with(2).names(&["nothing"]);
        drop(socket);
        assert!(!desk.path("data/control.sock").exists());
        desk.busbar(&[&"charge", &"stop"]).ends_with(2).names(&["no Busbar runs on"]);
    }

    #[test]
    fn the_command_line_lists_the_rules_and_sets_one_and_sets_it_back() {
        let desk = Desk::new();
        let (_running, _session, _socket) = open(&desk);
        desk.busbar(&[&"charge", &"rules"]).ends_with(0).names(&["cell_max_mv", "4150 mV"]);
        let set = |value: &str| desk.busbar(&[&"charge", &"rule", &"cell_max_mv", &value]);
        set("4100").ends_with(0).names(&["cell_max_mv is 4100 mV", "kept in no file"]);
        set("4300").ends_with(2).names(&["Highest cell voltage cannot be 4300", "2000 to 4250"]);
        set("-1").ends_with(2).names(&["cannot be -1"]);
        set("high").ends_with(2).names(&["is no number such as 4150 mV"]);
        let rules =
            desk.busbar(&[&"charge", &"rules", &"--format", &"json"]).ends_with(0).out.clone();
        let rules: Value = serde_json::from_str(&rules).unwrap();
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["name"] == "cell_max_mv");
        assert_eq!(rule.unwrap()["origin"], "person");
        set("default").ends_with(0).names(&["cell_max_mv is 4150 mV"]);
        desk.busbar(&[&"charge", &"rule", &"no_such", &"1"]).ends_with(2).names(&["no_such"]);
    }

    #[test]
    fn the_socket_is_closed_to_others_and_bounded() {
        let desk = Desk::new();
        let (_running, _session, _socket) = open(&desk);
        let path = desk.path("data/control.sock");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(say(&path, b"{\"do\":\"fly\"}\n").contains("refused"));
        assert!(say(&path, b"\xff\xfe\n").contains("refused"));
        assert!(say(&path, &[b'x'; 9000]).contains("one line of at most"));
        // Silent connections hold nobody up for long, and more than there may be are closed.
        let silent: Vec<_> = (0..20).map(|_| UnixStream::connect(&path).unwrap()).collect();
        drop(silent);
        let answered = (0..LOOKS).any(|_| {
            let Ok(mut stream) = UnixStream::connect(&path) else { return false };
            let mut answer = String::new();
            let asked = stream.write_all(b"{\"do\":\"status\"}\n");
            asked.is_ok()
                && BufReader::new(stream).read_line(&mut answer).is_ok()
                && answer.contains("charges")
        });
        assert!(answered, "it answers again once the others have gone");
    }

    #[test]
    fn a_socket_that_an_earlier_run_left_is_replaced() {
        let desk = Desk::new();
        std::fs::create_dir_all(desk.path("data")).unwrap();
        drop(std::os::unix::net::UnixListener::bind(desk.path("data/control.sock")).unwrap());
        desk.busbar(&[&"charge", &"status"]).ends_with(2).names(&["no Busbar runs on"]);
        let (_running, _session, _socket) = open(&desk);
        desk.busbar(&[&"charge", &"status"]).ends_with(0);
    }
}
