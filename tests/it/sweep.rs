//! The unauthorised sweep: every order, every route and every live subscription, as everybody whom
//! the program can meet. What comes of it is held against what the access of each says, and kept as
//! text in `tests/golden/policy.txt`. A route or an order that the sweep does not know fails.

mod people;
mod policy;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use busbar::engine::testing::golden;
use busbar::web::{Access, Audience, Entry, routes};
use serde_json::{Value, json};

use crate::listening::{Answered, Listening};
use people::{Crowd, Somebody};

/// What came of a request, as far as rights are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Not signed in, or not any more.
    NotIn,
    /// Signed in without the right, or the password must be changed first.
    Denied,
    /// Let through to what is behind, whatever that then said.
    Through,
}

impl Came {
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotIn => "401",
            Self::Denied => "403",
            Self::Through => "passes",
        }
    }
}

/// A number that nothing has.
const NOBODY: &str = "999999";

/// What stands for a parameter of a path.
fn parameter(name: &str) -> Option<&'static str> {
    match name {
        "id" => Some(NOBODY),
        "token" => Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "set" => Some("0000000000000000"),
        "name" => Some("none.css"),
        "key" => Some("cell_max_mv"),
        "section" => Some("look"),
        "version" => Some(NOBODY),
        _ => None,
    }
}

/// A path with something in the place of its parameters.
fn sample_path(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => parameter(name)
                .unwrap_or_else(|| unknown(&format!("the parameter {name} of {path}"))),
            None => part,
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[expect(clippy::panic, reason = "a test says what went wrong by failing")]
fn unknown(what: &str) -> ! {
    panic!("the sweep has no sample for {what}: add one to tests/it/sweep.rs")
}

/// A body that the route understands and that changes nothing of what the sweep stands on.
fn sample_body(entry: &Entry) -> Option<Value> {
    let good = "a password for nobody";
    Some(match (entry.method.as_str(), entry.path) {
        ("GET" | "DELETE", _) => Value::Null,
        ("POST", "/api/v1/session") => json!({"username": "nobody", "password": good}),
        ("POST", "/api/v1/session/password") => {
            json!({"current_password": "not the one", "new_password": good})
        }
        ("POST", "/api/v1/invitations/{token}") => json!({"password": good}),
        ("POST", "/api/v1/users" | "/api/v1/services") => json!({"name": ""}),
        ("PATCH", "/api/v1/users/{id}" | "/api/v1/settings") => json!({}),
        ("POST", "/api/v1/feedback") => json!({"text": "x", "with": []}),
        ("POST", "/api/v1/feedback/mail") => json!({"to": "nobody@example.org", "text": "x"}),
        ("POST", "/api/v1/settings/reset") => json!({"setting": "look.theme"}),
        ("PATCH", "/api/v1/services/{id}") => json!({"name": "x"}),
        ("POST", "/api/v1/users/{id}/invitation" | "/api/v1/users/{id}/lift-wait") => Value::Null,
        ("POST", "/api/v1/users/{id}/password-reset") => json!({}),
        ("POST" | "PATCH", "/api/v1/packs/{id}/charge") => json!({}),
        ("POST", "/api/v1/packs/{id}/charge/latches" | "/api/v1/charge/safety-text") => Value::Null,
        ("POST", "/api/v1/packs/{id}/contactors") => json!({"closed": false}),
        ("PUT", "/api/v1/buses/{name}/arm") => json!({"seconds": 60}),
        ("POST", "/api/v1/buses/{name}/restart" | "/api/v1/buses/{name}/scan") => Value::Null,
        ("POST", "/api/v1/recordings") => json!({"buses": ["none"]}),
        ("PUT", "/api/v1/recordings/{name}") | ("POST", "/api/v1/recorders/{name}/stop") => {
            Value::Null
        }
        ("POST", "/api/v1/frames") => json!({"bus": "none", "frames": []}),
        ("PUT", "/api/v1/schedules/{name}") => {
            json!({"bus": "none", "frame": {"id": "1"}, "every_ms": 1000})
        }
        ("POST", "/api/v1/replays") => json!({"recording": "none.log", "bus": "none"}),
        ("PATCH", "/api/v1/replays/{name}") => json!({"do": "pause"}),
        ("PUT", "/api/v1/filters/{name}") => json!({"filter": ""}),
        ("PUT", "/api/v1/messages/{name}") => json!({"bus": "none", "frame": {"id": "1"}}),
        ("POST", "/api/v1/messages/{name}/send" | "/api/v1/messages/{name}/start") => Value::Null,
        ("PUT", "/api/v1/components/{name}") => json!({"kind": "none"}),
        ("POST", "/api/v1/components/{name}/enable" | "/api/v1/components/{name}/disable") => {
            Value::Null
        }
        ("PATCH", "/api/v1/charge/rules/{key}") => json!({"value": 1e9}),
        ("POST", "/api/v1/profiles") => json!({"name": ""}),
        ("PATCH", "/api/v1/profiles/{name}") => json!({}),
        (
            "POST",
            "/api/v1/profiles/{name}/activate"
            | "/api/v1/profiles/{name}/undo"
            | "/api/v1/profiles/{name}/versions/{version}/restore",
        ) => Value::Null,
        ("PUT", "/api/v1/dbc/{name}") => json!({}),
        ("POST", "/api/v1/packs") => Value::Null,
        ("POST", "/api/v1/backup") => json!({"passphrase": "short"}),
        ("PUT", "/api/v1/devices/{id}/dbc" | "/api/v1/devices/{id}/manifest")
        | ("PATCH", "/api/v1/devices/{id}") => json!({}),
        ("POST", "/api/v1/dbc/{name}/assign" | "/api/v1/dbc/{name}/unassign") => {
            json!({"bus": "none"})
        }
        ("PUT", "/api/v1/demo") => json!({"parked": true, "pace": 0}),
        ("POST", "/api/v1/tokens") => json!({"account": 999_999, "name": "x"}),
        _ => return None,
    })
}

fn request(house: &Listening, entry: &Entry, token: &str) -> Answered {
    let path = sample_path(entry.path);
    let method = entry.method.as_str();
    match entry.audience {
        Audience::Programs => {
            let body = sample_body(entry)
                .unwrap_or_else(|| unknown(&format!("the body of {method} {}", entry.path)));
            if body.is_null() {
                house.ask(method, &path, token)
            } else {
                house.json(method, &path, token, &body)
            }
        }
        Audience::People if method == "GET" => house.get(&path, token),
        Audience::People => {
            let kind = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
            ];
            house.send(method, &path, token, &kind, "nothing=to+see")
        }
    }
}

/// What an answer says about rights. What a route behind an open door says is its own matter.
fn judge(entry: &Entry, answered: &Answered) -> Came {
    let what = format!("{} {}: {} {}", entry.method, entry.path, answered.status, answered.text);
    assert!(answered.status < 500, "{what}");
    if entry.audience == Audience::Programs {
        return match (answered.status, answered.code().as_str()) {
            (401, "not_signed_in") => Came::NotIn,
            (403, "permission_missing" | "password_change_required") => Came::Denied,
            (401 | 403, "wrong_credentials" | "wrong_password") => Came::Through,
            (401 | 403, _) => unknown(&format!("the answer {what}")),
            (_, _) => Came::Through,
        };
    }
    match (entry.access, answered.status) {
        (Access::Open, _) => Came::Through,
        (_, 401) => Came::NotIn,
        (_, 403) => Came::Denied,
        (_, _) => Came::Through,
    }
}

#[test]
fn every_route_is_open_to_those_it_names_and_to_nobody_else() {
    let (house, clock) = Listening::in_the_morning();
    let mut crowd = Crowd::gather(&house, &clock);
    let table = routes(house.listener.shared());
    assert!(table.entries().len() > 30);
    let mut lines = Vec::new();
    for entry in table.entries() {
        let mut line =
            format!("{:6} {:38} {:16}", entry.method.as_str(), entry.path, entry.access.word());
        for who in Somebody::ALL {
            let token = crowd.token(&house, who);
            let came = judge(entry, &request(&house, entry, &token));
            let said = policy::expected(entry.access, who);
            assert_eq!(came, said, "{} {} as {who:?}", entry.method, entry.path);
            _ = write!(line, " {:8}", came.word());
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.sort_by_key(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let method = words.next();
        (words.next(), method)
    });
    let live = live(&house, &mut crowd);
    let orders = policy::orders(&house, &mut crowd);
    golden("policy.txt", &policy::text(&orders, &lines, &live));
}

/// Every kind of live subscription, as everybody.
fn live(house: &Listening, crowd: &mut Crowd) -> Vec<String> {
    let kinds = [
        ("packs", Access::Needs(busbar::engine::Right::ReadSettings), json!({"packs": ["*"]})),
        ("charges", Access::Needs(busbar::engine::Right::ReadSettings), json!({"charges": ["*"]})),
        ("signals", Access::Needs(busbar::engine::Right::ReadSettings), json!({"signals": ["*"]})),
        ("events", Access::Needs(busbar::engine::Right::ReadSettings), json!({"events": true})),
        ("frames", Access::Needs(busbar::engine::Right::SendReceiveCan), json!({"frames": {}})),
        ("trace", Access::Needs(busbar::engine::Right::SendReceiveCan), json!({"trace": {}})),
        ("replays", Access::Needs(busbar::engine::Right::SendReceiveCan), json!({"replays": true})),
    ];
    let mut lines = Vec::new();
    for (name, access, mut wish) in kinds {
        wish["id"] = json!("a");
        let mut line = format!("{:6} {name:38} {:16}", "live", access.word());
        for who in Somebody::ALL {
            let token = crowd.token(house, who);
            let came = subscribe(house, &token, &json!({ "subscribe": wish }));
            assert_eq!(came, policy::expected(access, who), "live {name} as {who:?}");
            _ = write!(line, " {:8}", came.word());
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Connects, asks for something and waits for the first answer.
fn subscribe(house: &Listening, token: &str, wish: &Value) -> Came {
    use tungstenite::client::IntoClientRequest as _;
    let address = house.listener.address();
    let mut request = format!("ws://{address}/api/v1/live").into_client_request().unwrap();
    if !token.is_empty() {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut socket = match tungstenite::client(request, stream) {
        Ok((socket, _)) => socket,
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
            return match response.status().as_u16() {
                401 => Came::NotIn,
                403 => Came::Denied,
                other => unknown(&format!("the status {other} of the live stream")),
            };
        }
        Err(error) => unknown(&format!("the live stream's {error}")),
    };
    socket.send(tungstenite::Message::text(wish.to_string())).unwrap();
    let said = loop {
        match socket.read().unwrap() {
            tungstenite::Message::Text(text) => break text.to_string(),
            tungstenite::Message::Close(_) => unknown("a live stream that closes without a word"),
            tungstenite::Message::Binary(_)
            | tungstenite::Message::Ping(_)
            | tungstenite::Message::Pong(_)
            | tungstenite::Message::Frame(_) => {}
        }
    };
    let said: Value = serde_json::from_str(&said).unwrap();
    if !said["snapshot"].is_null() {
        return Came::Through;
    }
    let code = said["ended"]["code"].as_str().or_else(|| said["error"]["code"].as_str());
    match code {
        Some("permission_missing") => Came::Denied,
        Some(_) | None => unknown(&format!("the live answer {said}")),
    }
}

#[test]
fn no_path_takes_a_method_that_is_not_in_the_table() {
    let (house, clock) = Listening::in_the_morning();
    let mut crowd = Crowd::gather(&house, &clock);
    let administrator = crowd.token(&house, Somebody::Administrator);
    let table = routes(house.listener.shared());
    let paths: BTreeSet<&str> = table.entries().iter().map(|entry| entry.path).collect();
    for path in paths {
        let entered = table.entries().iter().filter(|entry| entry.path == path);
        let known: Vec<&str> = entered.map(|entry| entry.method.as_str()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
            if known.contains(&method) {
                continue;
            }
            for token in ["", &administrator] {
                let own = [("sec-fetch-site", "same-origin")];
                let answered = house.send(method, &sample_path(path), token, &own, "");
                let refused = matches!(answered.status, 401 | 405);
                assert!(refused, "{method} {path}: {} {}", answered.status, answered.text);
            }
        }
    }
}

#[test]
fn every_order_of_the_engine_is_in_the_policy() {
    let (house, clock) = Listening::in_the_morning();
    let mut crowd = Crowd::gather(&house, &clock);
    // What needs more where it holds more has a line for each.
    let name = |order: &policy::OrderLine| order.name.split(',').next().unwrap_or("").to_owned();
    let listed: BTreeSet<String> = policy::orders(&house, &mut crowd).iter().map(name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/orders");
    let mut written = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            written.extend(names_in(&fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(written.len() > 10, "{written:?}");
    assert_eq!(listed, written);
}

/// Names of the orders that a file of orders makes, by `const NAME` or by one of the macros.
fn names_in(text: &str) -> Vec<String> {
    let by_hand = text.split("const NAME: &'static str = \"").skip(1);
    let macros = ["\norder!(", "\nplant_order!(", "\nprofile_order!("];
    let by_macro = macros.into_iter().flat_map(|name| text.split(name).skip(1));
    let by_macro = by_macro.filter_map(|rest| rest.split_once('"'));
    let parts = by_hand.chain(by_macro.map(|(_, rest)| rest));
    parts.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()).collect()
}
