//! A listener on a real engine, and a client that sends exactly what it is told to, byte by byte.

#![expect(clippy::panic, reason = "a test says what went wrong by failing")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use busbar::base::time::{FakeClock, Wall};
use busbar::engine::{
    AccountKind, AddAccount, Added, Administer, Config, Credential, Face, LocalSeat, MustChangeIt,
    Order, Preset, Roster, Running, Secret, ServiceChoice, Session, start,
};
use busbar::web::{Limits, Listener, Shared, Site, Socket};
use tempfile::TempDir;

/// 2026-06-01T08:00:00Z.
const MORNING: i64 = 1_780_300_800_000_000_000;
/// A password that passes the rules.
pub const GOOD: &str = "tin of beans 4";
/// Longest wait for an answer that takes milliseconds on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An engine and a listener on it.
pub struct Inn {
    pub folder: TempDir,
    pub clock: Arc<FakeClock>,
    pub listener: Option<Listener>,
    pub running: Running,
    pub seat: LocalSeat,
    pub desk: Session,
    limits: Limits,
}

/// An answer as it came over the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Inn {
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        let clock = FakeClock::new(Wall::from_nanos(MORNING));
        Self::in_folder(tempfile::tempdir().unwrap(), clock, limits)
    }

    fn in_folder(folder: TempDir, clock: Arc<FakeClock>, limits: Limits) -> Self {
        let path = folder.path().to_owned();
        let config = Config { clock: clock.clone(), ..Config::new(path, "a test") };
        let mut running = start(config).unwrap();
        let seat = running.take_seat().unwrap();
        let desk = seat.sit(Face::Desktop);
        let mut inn = Self { folder, clock, listener: None, running, seat, desk, limits };
        inn.listener = Some(inn.listen(|site| site));
        inn
    }

    /// The same with another site.
    pub fn moved(mut self, site: impl Fn(Site) -> Site) -> Self {
        self.listener = Some(self.listen(site));
        self
    }

    fn listen(&self, site: impl Fn(Site) -> Site) -> Listener {
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let site = site(Site::at(format!("http://{}", socket.address())));
        let reader = Some(Arc::new(self.seat.send_web_reader()));
        let (door, gate) = (self.running.door.clone(), self.running.gate.clone());
        Listener::open(socket, None, Shared::of(door, gate, site, self.limits.clone(), reader))
            .unwrap()
    }

    /// Stops the engine and the listener, and starts both on the same folder.
    pub fn restarted(self) -> Self {
        let Self { folder, clock, listener, running, seat, desk, limits } = self;
        drop((listener, running, seat, desk));
        Self::in_folder(folder, clock, limits)
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.as_ref().unwrap().address()
    }

    pub fn shared(&self) -> &Shared {
        self.listener.as_ref().unwrap().shared()
    }

    /// What pages of this listener give as their origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    pub fn order<O: Order>(&self, order: O) -> O::Done {
        self.running.door.submit(&self.desk, order).unwrap().wait().unwrap()
    }

    pub fn roster(&self) -> Arc<Roster> {
        self.running.door.roster(&self.desk.permit(Administer).unwrap())
    }

    /// Adds somebody with the password [`GOOD`].
    pub fn add(&self, name: &str, preset: Preset) -> Added {
        let hash = self.running.gate.hash(name, &Secret::new(GOOD.to_owned())).unwrap();
        self.order(AddAccount {
            kind: AccountKind::Person,
            name: name.into(),
            email: None,
            service: ServiceChoice::None,
            rights: preset.rights(),
            credential: Credential::Password { hash, must_change: MustChangeIt::No },
            link_base: self.origin(),
        })
    }

    /// A token of the API for `name`, who signs in with [`GOOD`].
    pub fn token(&self, name: &str) -> String {
        let body = format!("{{\"username\":\"{name}\",\"password\":\"{GOOD}\"}}");
        let answer = self.json("POST", "/api/v1/session", &[], &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text_field("token")
    }

    /// The cookie of `name`, who signs in on the page with [`GOOD`].
    pub fn cookie(&self, name: &str) -> String {
        let answer = self.sign_in_page(name, GOOD, &[]);
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.cookie().expect("a cookie").to_owned()
    }

    /// Posts the sign-in form as our own page does.
    pub fn sign_in_page(&self, name: &str, password: &str, more: &[(&str, &str)]) -> Answer {
        let body = format!("username={}&password={}", coded(name), coded(password));
        let origin = self.origin();
        let mut headers = vec![("Origin", origin.as_str())];
        headers.extend_from_slice(more);
        self.form("/sign-in", &headers, &body)
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&self.request("GET", path, headers, ""))
    }

    pub fn form(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send(&self.request("POST", path, &[headers, &[kind]].concat(), body))
    }

    pub fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let kind = ("Content-Type", "application/json");
        self.send(&self.request(method, path, &[headers, &[kind]].concat(), body))
    }

    /// A request; `Host` is ours unless `headers` has one.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str(&format!("Host: {}\r\n", self.address()));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        format!("{text}Connection: close\r\n\r\n{body}")
    }

    /// Sends these bytes and reads the answer.
    pub fn send(&self, bytes: &str) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early may close before it has read everything.
        let _sent = stream.write_all(bytes.as_bytes());
        Answer::read(&mut stream)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Answer {
    /// Reads one answer from a connection that is closed after it.
    pub fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("no answer: {error}; so far {bytes:?}"),
        }
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// Name and value of the session's cookie that it sets.
    pub fn cookie(&self) -> Option<&str> {
        let set = self.all("set-cookie").into_iter().find(|set| set.contains("busbar="))?;
        set.split(';').next()
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.text_field("code")
    }

    /// A field of the JSON object that the answer is, whose value is a text.
    pub fn text_field(&self, name: &str) -> String {
        let value: serde_json::Value = serde_json::from_str(self.plain_body().as_str())
            .unwrap_or_else(|error| panic!("{error}: {self:?}"));
        value.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned()
    }

    /// The body, put together where it came in chunks.
    pub fn plain_body(&self) -> String {
        if self.header("transfer-encoding").is_none() {
            return self.body.clone();
        }
        let (mut whole, mut rest) = (String::new(), self.body.as_str());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap_or(0);
            whole.push_str(after.get(..size).unwrap_or_default());
            rest = after.get(size + 2..).unwrap_or_default();
        }
        whole
    }

    /// The hidden token of the forms of a page.
    pub fn form_token(&self) -> String {
        let after = self.body.split("name=\"form_token\" value=\"").nth(1).unwrap_or_default();
        after.split('"').next().unwrap_or_default().to_owned()
    }
}

/// `text` as a form has it.
pub fn coded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Whether the other side has closed; bytes that come meanwhile are passed over.
pub fn is_closed(stream: &mut TcpStream, wait: Duration) -> bool {
    stream.set_read_timeout(Some(wait)).unwrap();
    let mut bytes = [0; 1024];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
}

/// Where a file of the data folder is.
pub fn in_data(inn: &Inn, path: &str) -> std::path::PathBuf {
    Path::new(inn.folder.path()).join(path)
}
