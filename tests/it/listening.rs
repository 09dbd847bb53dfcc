//! An engine with the real listener on loopback, and a program that talks to it.

use std::sync::Arc;
use std::time::Duration;

use busbar::base::time::{Clock, FakeClock, SystemClock, Wall};
use busbar::engine::{
    AccountId, AccountKind, AddAccount, Added, Config, CreateToken, Credential, Face, MustChangeIt,
    Order, Preset, Right, Rights, Running, Secret, ServiceChoice, Session, start,
};
use busbar::web::{Limits, Listener, Shared, Site};
use serde_json::Value;
use tempfile::TempDir;
use ureq::http::{HeaderMap, Request};

/// 2026-06-01T08:00:00Z.
const MORNING: i64 = 1_780_300_800_000_000_000;
/// A password that passes the rules.
pub const GOOD: &str = "tin of beans 4";
/// Another.
pub const BETTER: &str = "kettle on the hob";
/// Longest answer that is read.
const MOST: u64 = 16 << 20;

/// An engine that listens.
pub struct Listening {
    /// The listener, which ends before the engine.
    pub listener: Listener,
    /// The engine.
    pub running: Running,
    /// Somebody at the desk.
    pub desk: Session,
    agent: ureq::Agent,
    folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answered {
    /// The answer as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The code of a problem; empty where it is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// One of its headers.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// It has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// It is a problem with this status and code, about `field` unless that is empty.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str, field: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text);
        let json = self.json();
        assert_eq!(json["field"].as_str().unwrap_or_default(), field, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        for part in ["detail", "advice", "title"] {
            assert!(json[part].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
        }
    }
}

impl Listening {
    /// On the machine's clock.
    pub fn new() -> Self {
        Self::on(SystemClock::new())
    }

    /// On a clock that stands still in the morning until it is moved.
    pub fn in_the_morning() -> (Self, Arc<FakeClock>) {
        let clock = FakeClock::new(Wall::from_nanos(MORNING));
        (Self::on(clock.clone()), clock)
    }

    fn on(clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { clock, ..Config::new(folder.path().to_owned(), "a test") };
        let mut running = start(config).unwrap();
        let seat = running.take_seat().unwrap();
        let desk = seat.sit(Face::Desktop);
        let reader = Some(Arc::new(seat.send_web_reader()));
        let base = "http://127.0.0.1".to_owned();
        let (door, gate) = (running.door.clone(), running.gate.clone());
        let shared = Shared::of(door, gate, Site::at(base), Limits::default(), reader);
        let listener = Listener::start("127.0.0.1:0".parse().unwrap(), shared).unwrap();
        let agent = ureq::Agent::config_builder()
            // A connection that rested may be closed by the listener while the next request is sent.
            .max_idle_connections(0)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        Self { listener, running, desk, agent, folder }
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Gives an order from the desk.
    pub fn order<O: Order>(&self, order: O) -> O::Done {
        self.running.door.submit(&self.desk, order).unwrap().wait().unwrap()
    }

    /// Adds a person with the password [`GOOD`].
    pub fn person(&self, name: &str, rights: Rights, must_change: MustChangeIt) -> Added {
        let hash = self.running.gate.hash(name, &Secret::new(GOOD.into())).unwrap();
        let credential = Credential::Password { hash, must_change };
        self.order(AddAccount { credential, ..machine(name, AccountKind::Person, rights) })
    }

    /// Adds an administrator with the password [`GOOD`].
    pub fn administrator(&self, name: &str) -> AccountId {
        self.person(name, Preset::Administrator.rights(), MustChangeIt::No).account.id
    }

    /// Adds a machine that holds `rights`, and gives it a token for a month.
    pub fn program(&self, name: &str, rights: &[Right]) -> (AccountId, String) {
        let rights = Rights::of_account(rights);
        let account = self.order(machine(name, AccountKind::Machine, rights)).account.id;
        let month = 30 * 24 * 3600 * 1_000_000_000;
        let now = self.running.door.clock().wall();
        let expires = Wall::from_nanos(now.nanos() + month);
        let create = CreateToken { account, name: "a token".into(), rights, expires };
        (account, self.order(create).token.reveal().to_owned())
    }

    /// Where it listens.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.address())
    }

    /// Asks for something, as whoever holds `token`.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(self.url(path));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body.to_owned()).unwrap())
        };
        let mut response = response.unwrap_or_else(|error| panic_of(method, path, &error));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.body_mut().with_config().limit(MOST).read_to_string().unwrap();
        Answered { status, headers, text }
    }

    /// Asks without a body.
    pub fn ask(&self, method: &str, path: &str, token: &str) -> Answered {
        self.send(method, path, token, &[], "")
    }

    /// Looks.
    pub fn get(&self, path: &str, token: &str) -> Answered {
        self.ask("GET", path, token)
    }

    /// Sends JSON.
    pub fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Answered {
        self.send(method, path, token, &[("content-type", "application/json")], &body.to_string())
    }

    /// Signs in and returns the token.
    pub fn sign_in(&self, name: &str, password: &str) -> String {
        let body = serde_json::json!({"username": name, "password": password});
        let answer = self.json("POST", "/api/v1/session", "", &body).is(200);
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}

#[expect(clippy::panic, reason = "a test says what went wrong by failing")]
fn panic_of<T>(method: &str, path: &str, error: &ureq::Error) -> T {
    panic!("{method} {path}: {error}")
}

fn machine(name: &str, kind: AccountKind, rights: Rights) -> AddAccount {
    AddAccount {
        kind,
        name: name.into(),
        email: None,
        service: ServiceChoice::None,
        rights,
        credential: Credential::None,
        link_base: "http://127.0.0.1".into(),
    }
}
