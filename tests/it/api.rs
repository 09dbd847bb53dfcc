//! The API as a program uses it: over the real listener, one request after the other.

use std::collections::BTreeSet;

use busbar::engine::{ActivateProfile, ModelPicture, Right, ViewPlant, demo_profile};
use busbar::web::{Audience, routes};
use serde_json::{Value, json};

use crate::listening::{BETTER, GOOD, Listening};

fn with_ada() -> (Listening, String) {
    let house = Listening::new();
    house.administrator("ada");
    let token = house.sign_in("ada", GOOD);
    (house, token)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_moment(value: &Value) -> bool {
    let text = text(value);
    text.len() == "2026-01-01T00:00:00.000Z".len() && text.ends_with('Z')
}

#[test]
fn the_document_and_the_table_name_the_same_routes() {
    let house = Listening::new();
    let document = house.get("/api/v1/openapi.json", "").is(200).json();
    assert!(text(&document["openapi"]).starts_with("3.1."));
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let table = routes(house.listener.shared());
    let programs = table.entries().iter().filter(|entry| entry.audience == Audience::Programs);
    let entered: BTreeSet<String> =
        programs.map(|entry| format!("{} {}", entry.method, entry.path)).collect();
    assert_eq!(told, entered);
}

#[test]
fn the_page_of_the_api_comes_from_the_program_itself() {
    let house = Listening::new();
    let page = house.get("/api", "").is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("/api/v1/users/{id}/password-reset"));
    assert!(!page.text.contains("<script"));
}

#[test]
fn somebody_signs_in_looks_who_they_are_and_signs_out() {
    let house = Listening::new();
    house.administrator("ada");
    let body = json!({"username": "ADA", "password": GOOD});
    let new = house.json("POST", "/api/v1/session", "", &body).is(200).json();
    assert_eq!(new["must_change_password"], false);
    assert!(is_moment(&new["expires_at"]), "{new}");
    assert_eq!(new["user"]["name"], "ada");
    assert_eq!(new["user"]["permissions"], json!(["administrator"]));
    assert_eq!(new["user"]["status"], "active");
    let token = text(&new["token"]);
    let me = house.get("/api/v1/session", token).is(200).json();
    assert_eq!((&me["user"]["name"], &me["face"]), (&json!("ada"), &json!("api")));
    assert_eq!(me["expires_at"], new["expires_at"]);
    house.ask("DELETE", "/api/v1/session", token).is(204);
    house.get("/api/v1/session", token).refuses(401, "not_signed_in", "");
    house.get("/api/v1/session", "").refuses(401, "not_signed_in", "");
    let wrong = json!({"username": "ada", "password": "not the one at all"});
    house.json("POST", "/api/v1/session", "", &wrong).refuses(401, "wrong_credentials", "");
}

#[test]
fn an_administrator_adds_changes_and_deletes_a_user() {
    let (house, ada) = with_ada();
    let new = json!({"name": "grace", "email": "grace@example.org", "service": "Workshop",
        "permissions": ["charge_packs"], "password": GOOD});
    let added = house.json("POST", "/api/v1/users", &ada, &new).is(201);
    let place = added.header("location").to_owned();
    let user = added.json();
    assert_eq!(added.header("etag"), format!("\"{}\"", user["version"]));
    assert_eq!(user["permissions"], json!(["read_settings", "charge_packs"]));
    assert_eq!((&user["service"], &user["kind"]), (&json!("Workshop"), &json!("person")));
    assert_eq!((&user["invitation"], &user["last_sign_in"]), (&Value::Null, &Value::Null));
    assert_eq!(user["must_change_password"], true);
    assert_eq!(place, format!("/api/v1/users/{}", user["id"]));

    let seen = house.get(&place, &ada).is(200);
    let tag = seen.header("etag").to_owned();
    let json = [("content-type", "application/json"), ("if-match", &tag)];
    let change = json!({"permissions": ["change_settings"], "email": null, "service": null});
    let change = change.to_string();
    let changed = house.send("PATCH", &place, &ada, &json, &change).is(200);
    assert_ne!(changed.header("etag"), tag);
    let user = changed.json();
    assert_eq!(user["permissions"], json!(["read_settings", "change_settings"]));
    assert_eq!((&user["email"], &user["service"]), (&Value::Null, &Value::Null));
    house.send("PATCH", &place, &ada, &json, &change).refuses(412, "changed_meanwhile", "");
    let gone = house.send("DELETE", &place, &ada, &[("if-match", &tag)], "");
    gone.refuses(412, "changed_meanwhile", "");

    let preset = json!({"preset": "engineer", "status": "disabled"});
    let user = house.json("PATCH", &place, &ada, &preset).is(200).json();
    assert_eq!(user["status"], "disabled");
    assert_eq!(
        user["permissions"],
        json!(["read_settings", "change_settings", "send_receive_can"])
    );
    house.ask("DELETE", &place, &ada).is(204);
    house.get(&place, &ada).refuses(404, "not_found", "");
}

#[test]
fn a_first_password_must_be_changed_before_anything_else() {
    let (house, ada) = with_ada();
    let new = json!({"name": "grace", "preset": "viewer", "password": GOOD});
    house.json("POST", "/api/v1/users", &ada, &new).is(201);
    let grace = house.sign_in("grace", GOOD);
    house.get("/api/v1/packs", &grace).refuses(403, "password_change_required", "");
    house.get("/api/v1/session", &grace).is(200);
    let path = "/api/v1/session/password";
    let wrong = json!({"current_password": "something else", "new_password": BETTER});
    house.json("POST", path, &grace, &wrong).refuses(403, "wrong_password", "current_password");
    let short = json!({"current_password": GOOD, "new_password": "short"});
    house.json("POST", path, &grace, &short).refuses(422, "password_refused", "new_password");
    let good = json!({"current_password": GOOD, "new_password": BETTER});
    let new = house.json("POST", path, &grace, &good).is(200).json();
    assert_eq!(new["must_change_password"], false);
    house.get("/api/v1/packs", &grace).is(401);
    house.get("/api/v1/packs", text(&new["token"])).is(200);
    house.get("/api/v1/users", text(&new["token"])).refuses(403, "permission_missing", "");
}

#[test]
fn an_invitation_is_used_once_and_signs_in() {
    let (house, ada) = with_ada();
    let added = house.json("POST", "/api/v1/users", &ada, &json!({"name": "grace"})).is(201).json();
    assert_eq!(added["status"], "invited");
    let link = &added["invitation"];
    assert!(text(&link["url"]).ends_with(text(&link["token"])), "{link}");
    assert!(is_moment(&link["expires_at"]));
    assert_eq!(link["mailed_to"], Value::Null);
    let place = format!("/api/v1/invitations/{}", text(&link["token"]));
    let offer = house.get(&place, "").is(200).json();
    assert_eq!((&offer["purpose"], &offer["name"]), (&json!("invitation"), &json!("grace")));
    let short = house.json("POST", &place, "", &json!({"password": "short"}));
    short.refuses(422, "password_refused", "password");
    let signed = house.json("POST", &place, "", &json!({"password": GOOD})).is(200).json();
    assert_eq!(signed["user"]["status"], "active");
    house.get("/api/v1/packs", text(&signed["token"])).is(200);
    house.get(&place, "").refuses(404, "link_unusable", "");
    house.json("POST", &place, "", &json!({"password": GOOD})).refuses(404, "link_unusable", "");

    let id = &added["id"];
    let reset = house.ask("POST", &format!("/api/v1/users/{id}/password-reset"), &ada).is(201);
    assert_eq!(reset.json()["purpose"], "reset");
    let given = json!({"password": BETTER});
    let path = format!("/api/v1/users/{id}/password-reset");
    let user = house.json("POST", &path, &ada, &given).is(200).json();
    assert_eq!(user["must_change_password"], true);
    house.get("/api/v1/packs", text(&signed["token"])).is(401);
    house.sign_in("grace", BETTER);
    house.ask("POST", &format!("/api/v1/users/{id}/lift-wait"), &ada).is(204);
    house.ask("POST", &format!("/api/v1/users/{id}/invitation"), &ada).is(409);
}

#[test]
fn the_last_administrator_stays_whatever_is_asked() {
    let (house, ada) = with_ada();
    let me = house.get("/api/v1/session", &ada).is(200).json();
    let place = format!("/api/v1/users/{}", me["user"]["id"]);
    for change in [json!({"preset": "viewer"}), json!({"status": "disabled"})] {
        house.json("PATCH", &place, &ada, &change).refuses(409, "last_administrator", "");
    }
    house.ask("DELETE", &place, &ada).refuses(409, "last_administrator", "");
    house.get("/api/v1/users", &ada).is(200);
}

#[test]
fn what_is_wrong_with_a_request_is_named() {
    let (house, ada) = with_ada();
    let add = |body: Value| house.json("POST", "/api/v1/users", &ada, &body);
    add(json!({"name": "grace", "role": "boss"})).refuses(422, "invalid", "role");
    add(json!({"email": "x@example.org"})).refuses(422, "invalid", "name");
    add(json!({"name": " "})).refuses(422, "invalid", "name");
    add(json!({"name": "grace", "email": "nobody"})).refuses(422, "invalid", "email");
    add(json!({"name": "grace", "permissions": ["fly"]})).refuses(422, "invalid", "permissions[0]");
    add(json!({"name": "grace", "service": true})).refuses(422, "invalid", "service");
    let both = json!({"name": "grace", "preset": "viewer", "permissions": []});
    add(both).refuses(422, "invalid", "preset");
    add(json!({"name": "grace", "password": "short"})).refuses(422, "password_refused", "password");
    let machine = json!({"name": "robot", "kind": "machine", "password": GOOD});
    add(machine).refuses(422, "invalid", "password");
    add(json!({"name": "Ada"})).refuses(409, "name_taken", "name");
    let users = "/api/v1/users";
    let kind = [("content-type", "application/json")];
    house.send("POST", users, &ada, &kind, "{\"name\": ").refuses(400, "broken_json", "");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    house.send("POST", users, &ada, &form, "name=grace").refuses(415, "not_json", "");
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(100_000));
    house.send("POST", users, &ada, &kind, &large).refuses(413, "too_large", "");
    house.get("/api/v1/users?limit=0", &ada).refuses(422, "invalid", "limit");
    house.get("/api/v1/users?limit=many", &ada).refuses(422, "invalid", "limit");
    house.get("/api/v1/users?sort=name", &ada).refuses(422, "invalid", "sort");
    house.get("/api/v1/users?cursor=x", &ada).refuses(422, "invalid", "cursor");
    house.get("/api/v1/users/nobody", &ada).refuses(404, "not_found", "");
    house.get("/api/v1/nothing", &ada).refuses(404, "not_found", "");
    house.ask("PUT", users, &ada).refuses(405, "method_not_allowed", "");
}

#[test]
fn a_list_is_walked_page_by_page() {
    let (house, ada) = with_ada();
    for n in 0..5 {
        let new = json!({"name": format!("robot {n}"), "kind": "machine", "service": "Robots"});
        house.json("POST", "/api/v1/users", &ada, &new).is(201);
    }
    let mut names = Vec::new();
    let mut place = "/api/v1/users?limit=2&service=Robots".to_owned();
    for _ in 0..3 {
        let page = house.get(&place, &ada).is(200).json();
        names.extend(page["items"].as_array().unwrap().iter().map(|u| text(&u["name"]).to_owned()));
        place = format!("/api/v1/users?limit=2&service=Robots&cursor={}", text(&page["next"]));
    }
    assert_eq!(names, ["robot 0", "robot 1", "robot 2", "robot 3", "robot 4"]);
    let found = house.get("/api/v1/users?text=BOT%203&status=active", &ada).is(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let services = house.get("/api/v1/services", &ada).is(200).json();
    assert_eq!(services["items"][0]["members"], 5);
    let place = format!("/api/v1/services/{}", services["items"][0]["id"]);
    house.ask("DELETE", &place, &ada).refuses(409, "service_in_use", "");
    let renamed = house.json("PATCH", &place, &ada, &json!({"name": "Machines"})).is(200);
    assert_eq!(renamed.json()["name"], "Machines");
    house
        .json("POST", "/api/v1/services", &ada, &json!({"name": ""}))
        .refuses(422, "invalid", "name");
    let new = house.json("POST", "/api/v1/services", &ada, &json!({"name": "Night shift"})).is(201);
    house.ask("DELETE", new.header("location"), &ada).is(204);
}

#[test]
fn a_token_allows_what_it_says_until_it_is_revoked() {
    let (house, ada) = with_ada();
    let robot = json!({"name": "robot", "kind": "machine", "preset": "engineer"});
    let robot = house.json("POST", "/api/v1/users", &ada, &robot).is(201).json()["id"].clone();
    let wanted = json!({"account": robot, "name": "nightly", "permissions": ["read_settings"]});
    let made = house.json("POST", "/api/v1/tokens", &ada, &wanted).is(201);
    let place = made.header("location").to_owned();
    let made = made.json();
    let token = text(&made["token"]);
    assert_eq!(made["permissions"], json!(["read_settings"]));
    house.get("/api/v1/packs", token).is(200);
    house.get("/api/v1/frames", token).refuses(403, "permission_missing", "");
    let me = house.get("/api/v1/session", token).is(200).json();
    assert_eq!((&me["token"], &me["session"]), (&json!("nightly"), &Value::Null));
    house.ask("DELETE", "/api/v1/session", token).refuses(409, "no_session", "");
    let own = house.get("/api/v1/tokens", token).is(200).json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    assert!(!house.get("/api/v1/tokens", &ada).is(200).text.contains(token));
    let more = json!({"account": robot, "name": "more", "permissions": ["administrator"]});
    let refused = house.json("POST", "/api/v1/tokens", &ada, &more);
    assert!((400..500).contains(&refused.status), "{}", refused.text);
    let days = json!({"account": robot, "name": "days", "expires_in_days": 0});
    house.json("POST", "/api/v1/tokens", &ada, &days).refuses(422, "invalid", "expires_in_days");
    house.ask("DELETE", &place, token).is(204);
    house.get("/api/v1/packs", token).is(401);
}

#[test]
fn sessions_are_seen_and_ended_by_their_owner_and_by_administrators() {
    let (house, ada) = with_ada();
    let new = json!({"name": "grace", "password": GOOD, "must_change_password": false});
    let grace_id = house.json("POST", "/api/v1/users", &ada, &new).is(201).json()["id"].clone();
    let (first, second) = (house.sign_in("grace", GOOD), house.sign_in("grace", GOOD));
    let own = house.get("/api/v1/sessions", &first).is(200).json();
    assert_eq!(own["items"].as_array().unwrap().len(), 2);
    let me = house.get("/api/v1/session", &ada).is(200).json()["user"]["id"].clone();
    house.get(&format!("/api/v1/sessions?account={me}"), &first).refuses(
        403,
        "permission_missing",
        "",
    );
    assert_eq!(
        house.get("/api/v1/sessions", &ada).is(200).json()["items"].as_array().unwrap().len(),
        3
    );
    let all = house.get(&format!("/api/v1/sessions?account={me}"), &ada).is(200).json();
    let ada_session = all["items"][0]["id"].clone();
    assert_eq!(all["items"][0]["current"], true);
    house.ask("DELETE", &format!("/api/v1/sessions/{ada_session}"), &first).is(404);
    let ended = house.ask("DELETE", "/api/v1/sessions?keep_current=true", &first).is(200).json();
    assert_eq!(ended["ended"], 1);
    house.get("/api/v1/session", &second).refuses(401, "not_signed_in", "");
    house.ask("DELETE", &format!("/api/v1/sessions?account={grace_id}"), &ada).is(200);
    house.get("/api/v1/session", &first).is(401);
    let past = house.get(&format!("/api/v1/sessions?account={grace_id}&ended=true"), &ada).is(200);
    let past = past.json();
    assert_eq!(past["items"].as_array().unwrap().len(), 2);
    assert_eq!(past["items"][0]["ended"]["why"], "ended_by_others");
}

#[test]
fn the_journal_is_read_filtered_exported_and_verified() {
    let (house, ada) = with_ada();
    house
        .json("POST", "/api/v1/users", &ada, &json!({"name": "=grace()", "password": GOOD}))
        .is(201);
    let page = house.get("/api/v1/journal?action=add_account&limit=1", &ada).is(200).json();
    let line = &page["items"][0];
    assert_eq!((&line["who"], &line["outcome"]), (&json!("ada"), &json!("done")));
    assert!(is_moment(&line["at"]) && text(&line["hash"]).len() == 64, "{line}");
    let older = house.get(&format!("/api/v1/journal?cursor={}&limit=1", text(&page["next"])), &ada);
    assert!(older.is(200).json()["items"][0]["seq"].as_u64() < line["seq"].as_u64());
    let from = text(&line["at"]);
    let none = house.get("/api/v1/journal?until=2020-01-01T00:00:00Z", &ada).is(200).json();
    assert_eq!(none, json!({"items": [], "next": null}));
    assert_eq!(house.get(&format!("/api/v1/journal?from={from}"), &ada).is(200).status, 200);
    house.get("/api/v1/journal?from=yesterday", &ada).is(422);
    house.get("/api/v1/journal?outcome=perhaps", &ada).is(422);
    let csv = house.get("/api/v1/journal/export", &ada).is(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.header("content-disposition").contains("journal.csv"));
    assert!(csv.text.starts_with("seq,at,who,") && csv.text.contains("add_account"));
    let list = house.get("/api/v1/journal/export?format=json&action=add_account", &ada).is(200);
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    let verdict = house.get("/api/v1/journal/verification", &ada).is(200).json();
    assert_eq!((&verdict["whole"], &verdict["first_bad"]), (&json!(true), &Value::Null));
    assert!(!csv.text.contains(GOOD) && !csv.text.contains("argon2"));
}

#[test]
fn settings_are_changed_field_by_field_and_keep_their_secret() {
    let (house, ada) = with_ada();
    let seen = house.get("/api/v1/settings", &ada).is(200);
    let tag = seen.header("etag").to_owned();
    assert_eq!(seen.json()["sessions"]["idle_min"], 30);
    let change = json!({"sessions": {"idle_min": 15}, "mail": {"host": "mail.example.org",
        "from": "busbar@example.org", "user": "busbar", "password": "post box 12"}});
    let changed = house.json("PATCH", "/api/v1/settings", &ada, &change).is(200);
    assert!(!changed.text.contains("post box"));
    let now = changed.json();
    assert_eq!(
        (&now["sessions"]["idle_min"], &now["sessions"]["absolute_h"]),
        (&json!(15), &json!(12))
    );
    assert_eq!(
        (&now["mail"]["has_password"], &now["mail"]["user"]),
        (&json!(true), &json!("busbar"))
    );
    assert!(is_moment(&now["mail"]["password_set_at"]), "{now}");
    assert_eq!(now["mail"]["password_set_by"], "ada");
    let stale = [("content-type", "application/json"), ("if-match", tag.as_str())];
    let body = json!({"sessions": {"idle_min": 20}}).to_string();
    house.send("PATCH", "/api/v1/settings", &ada, &stale, &body).refuses(
        412,
        "changed_meanwhile",
        "",
    );
    let patch = |body: Value| house.json("PATCH", "/api/v1/settings", &ada, &body);
    patch(json!({"sessions": {"idle_min": 0}})).refuses(422, "invalid", "sessions.idle_min");
    let both = |charges: u32, idle: u32| {
        patch(json!({"records": {"charges": charges}, "sessions": {"idle_min": idle}}))
    };
    both(1, 45).refuses(422, "invalid", "records.charges");
    both(77, 0).refuses(422, "invalid", "sessions.idle_min");
    let kept = house.get("/api/v1/settings", &ada).is(200).json();
    assert_eq!(kept["sessions"]["idle_min"], 15, "nothing of what is refused in part");
    assert_ne!(kept["records"]["charges"], 77);
    let now = both(77, 15).is(200).json();
    assert_eq!(
        (&now["sessions"]["idle_min"], &now["records"]["charges"]),
        (&json!(15), &json!(77))
    );
    patch(json!({"web": {"listen": "everywhere"}})).refuses(422, "invalid", "web.listen");
    patch(json!({"web": {"port": 1}})).refuses(422, "invalid", "port");
    patch(json!({"mail": {"has_password": false}})).refuses(422, "invalid", "has_password");
    let (_, reader) = house.program("reader", &[Right::ReadSettings]);
    let seen = house.get("/api/v1/settings", &reader).is(200).json();
    assert!(is_moment(&seen["mail"]["password_set_at"]), "{seen}");
    assert_eq!(seen["mail"]["password_set_by"], Value::Null, "who it was is for administrators");
    let kept = patch(json!({"mail": {"password": ""}})).is(200).json();
    assert_eq!(kept["mail"]["has_password"], true, "an empty one changes nothing");
    patch(json!({"mail": {"password": "two\nlines"}})).refuses(422, "invalid", "mail.password");
    let long = patch(json!({"mail": {"password": "x".repeat(1025)}}));
    long.refuses(422, "invalid", "mail.password");
    let gone = patch(json!({"mail": {"password": null}})).is(200).json();
    assert_eq!(gone["mail"]["has_password"], false);
    assert_eq!(gone["mail"]["password_set_at"], Value::Null);
    house.json("PATCH", "/api/v1/settings", &reader, &json!({})).refuses(
        403,
        "permission_missing",
        "",
    );
}

#[test]
fn the_demo_pack_is_read_with_its_units_ages_and_cells() {
    let house = Listening::new();
    let (_, token) = house.program("reader", &[Right::SendReceiveCan]);
    let (tell, news) = std::sync::mpsc::sync_channel(1);
    let grant = house.desk.permit(ViewPlant).unwrap();
    house.running.door.watch(&grant, Box::new(move || _ = tell.try_send(())));
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let counted = |house: &Listening| {
        let snapshot = house.running.door.look(&grant);
        snapshot.components.iter().any(|part| match &part.model {
            ModelPicture::Bms(picture) => {
                picture.modules.len() == 14 && picture.soc.value.is_some()
            }
            ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => {
                false
            }
        })
    };
    while !counted(&house) {
        news.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    }
    let packs = house.get("/api/v1/packs", &token).is(200).json();
    let (id, name) = (packs["items"][0]["id"].clone(), text(&packs["items"][0]["name"]).to_owned());
    let seen = house.get(&format!("/api/v1/packs/{id}"), &token).is(200);
    let pack = seen.json();
    let volts = pack["voltage_v"]["value"].as_f64().unwrap();
    assert!((300.0..500.0).contains(&volts), "{volts} V");
    assert_eq!(pack["voltage_v"]["state"], "fresh");
    assert!(pack["current_a"]["age_s"].as_f64().unwrap() < 1.0 && is_moment(&pack["at"]));
    assert!(pack["soc_percent"]["value"].is_number() && pack["modules"] == 14, "{pack}");
    assert!(pack["flags"].as_array().unwrap().iter().all(|flag| !flag["flag"].is_null()));
    let by_name = name.replace(' ', "%20");
    assert_eq!(house.get(&format!("/api/v1/packs/{by_name}"), &token).is(200).json()["id"], id);
    house.get("/api/v1/packs/none", &token).refuses(404, "not_found", "");
    let cells = house.get(&format!("/api/v1/packs/{id}/cells?limit=2"), &token).is(200).json();
    assert_eq!((cells["items"].as_array().unwrap().len(), &cells["next"]), (2, &json!("1")));
    let cell = &cells["items"][0]["cells"][0];
    assert!((2000..4500).contains(&cell["voltage_mv"].as_i64().unwrap()), "{cell}");
    assert_eq!(cell["state"], "ok");
    let buses = house.get("/api/v1/buses", &token).is(200).json();
    assert_eq!(buses["items"][0]["state"], "active");
    let parts = house.get("/api/v1/components", &token).is(200).json();
    assert!(parts["items"].as_array().unwrap().iter().any(|part| part["pack"] == id));
    let frames = house.get("/api/v1/frames?id=6FA&limit=5", &token).is(200).json();
    let frame = &frames["items"][0];
    assert_eq!((&frame["id"], &frame["direction"]), (&json!("0x6FA"), &json!("received")));
    assert!(frame["signals"].as_array().is_some_and(|all| !all.is_empty()), "{frame}");
    house.get("/api/v1/frames?id=six", &token).refuses(422, "invalid", "id");
    let picked = "/api/v1/frames?filter=id:6F0..6FF%20sig:PackVoltage%3E1V%20count:%3E0";
    let frames = house.get(picked, &token).is(200).json();
    assert_eq!(frames["items"][0]["id"], "0x6FA", "{frames}");
    assert_eq!(frames["items"].as_array().map(Vec::len), Some(1));
    house.get("/api/v1/frames?filter=mgs:x", &token).refuses(422, "invalid", "filter");
}

#[test]
fn the_newest_state_is_sent_only_to_who_does_not_have_it() {
    let (house, _clock) = Listening::in_the_morning();
    let (_, token) = house.program("reader", &[Right::ReadSettings]);
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let (status, tag) = {
        let seen = house.get("/api/v1/packs/0", &token);
        (seen.status, seen.header("etag").to_owned())
    };
    assert_eq!(status, 200);
    // The clock stands still, but a snapshot may just have been made: the tag says which it was.
    for _ in 0..100 {
        let again = house.send("GET", "/api/v1/packs/0", &token, &[("if-none-match", &tag)], "");
        if again.status == 304 {
            assert_eq!((again.text.as_str(), again.header("etag")), ("", tag.as_str()));
            return;
        }
        assert_ne!(again.header("etag"), tag);
    }
    let last = house.get("/api/v1/packs/0", &token).header("etag").to_owned();
    house.send("GET", "/api/v1/packs/0", &token, &[("if-none-match", &last)], "").is(304);
}
