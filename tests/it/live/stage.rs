//! An engine that plays a scene, a listener on loopback, and clients of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use busbar::base::time::Clock;
use busbar::engine::testing::start_cheaply;
use busbar::engine::{
    AccountId, AccountKind, ActivateProfile, AddAccount, Config, Credential, Door, Face, Gate,
    MustChangeIt, Order, Origin, Preset, Running, Secret, ServiceChoice, Session, SignedIn,
    demo_profile,
};
use busbar::web::{Certificate, Listener, Shared, Socket};
use serde_json::Value;
use tempfile::TempDir;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::{HandshakeError, Message, WebSocket};

const PASSWORD: &str = "tin of beans 4";
/// Longest wait for anything to be heard.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stage {
    listener: Option<Listener>,
    pub running: Running,
    pub desk: Session,
    port: u16,
    folder: TempDir,
}

/// What the listener speaks.
enum Scheme {
    Http,
    Https,
}

/// One stream, from the client's side.
pub struct Stream {
    pub socket: WebSocket<TcpStream>,
}

/// "snapshot" or "change".
pub fn kind(message: &Value) -> &'static str {
    let known = ["snapshot", "change"].into_iter().find(|kind| message.get(kind).is_some());
    known.unwrap_or("neither")
}

impl Stage {
    /// One where `scene` plays, on the machine's clock.
    pub fn playing(scene: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage =
            Self::with(Config::new(folder.path().to_owned(), "a test"), folder, Scheme::Http);
        stage.order(ActivateProfile::of(demo_profile(scene).unwrap()));
        stage
    }

    /// One where nothing is open, on this clock.
    pub fn at(clock: std::sync::Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { clock, ..Config::new(folder.path().to_owned(), "a test") };
        Self::with(config, folder, Scheme::Http)
    }

    /// One where the demo plays and HTTPS is spoken.
    pub fn secure() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let stage = Self::with(config, folder, Scheme::Https);
        stage.order(ActivateProfile::of(demo_profile("demo").unwrap()));
        stage
    }

    /// The listener's certificate, as it lies in a file.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls/cert.pem")
    }

    fn with(config: Config, folder: TempDir, scheme: Scheme) -> Self {
        let mut running = start_cheaply(config).unwrap();
        let desk = running.take_seat().unwrap().sit(Face::Desktop);
        let socket = Socket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let port = socket.address().port();
        let (base, certificate) = match scheme {
            Scheme::Http => (format!("http://127.0.0.1:{port}"), None),
            Scheme::Https => {
                let (names, now) = (["127.0.0.1".to_owned()], running.door.clock().wall());
                let own = Certificate::own(&folder.path().join("tls"), &names, now);
                (format!("https://127.0.0.1:{port}"), Some(own.unwrap()))
            }
        };
        let shared = Shared::new(running.door.clone(), running.gate.clone(), base);
        let listener = Some(Listener::open(socket, certificate.as_ref(), shared).unwrap());
        Self { listener, running, desk, port, folder }
    }

    pub fn door(&self) -> &Door {
        &self.running.door
    }

    pub fn gate(&self) -> &Gate {
        &self.running.gate
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn order<O: Order>(&self, order: O) -> O::Done {
        self.door().submit(&self.desk, order).unwrap().wait().unwrap()
    }

    /// Stops the listener.
    pub fn stop_listening(&mut self) {
        drop(self.listener.take());
    }

    pub fn add(&self, name: &str, preset: Preset, must_change: MustChangeIt) -> AccountId {
        let hash = self.gate().hash(name, &Secret::new(PASSWORD.into())).unwrap();
        let added = self.order(AddAccount {
            kind: AccountKind::Person,
            name: name.into(),
            email: None,
            service: ServiceChoice::None,
            rights: preset.rights(),
            credential: Credential::Password { hash, must_change },
            link_base: self.base(),
        });
        added.account.id
    }

    /// Signs in somebody who is there.
    pub fn enter(&self, name: &str) -> SignedIn {
        let origin = Origin { face: Face::Api, address: None, agent: None };
        self.gate().sign_in(name, &Secret::new(PASSWORD.into()), &origin).unwrap()
    }

    /// Adds somebody and signs them in.
    pub fn sign_in(&self, name: &str, preset: Preset) -> SignedIn {
        self.add(name, preset, MustChangeIt::No);
        self.enter(name)
    }

    /// The token of somebody new.
    pub fn token(&self, name: &str, preset: Preset) -> String {
        self.sign_in(name, preset).token.reveal().to_owned()
    }

    /// The token of somebody new who must change the password first.
    pub fn must_change(&self, name: &str) -> String {
        self.add(name, Preset::Administrator, MustChangeIt::Yes);
        self.enter(name).token.reveal().to_owned()
    }

    /// A stream for the page at `path`, as a browser opens it.
    pub fn page(&self, path: &str, token: &str) -> Stream {
        let cookie = format!("busbar={token}");
        let fields = [("Cookie", cookie.as_str()), ("Origin", &self.base())];
        self.connect_to(path, &fields).unwrap()
    }

    /// A stream for who holds `token`.
    pub fn stream(&self, token: &str) -> Stream {
        self.connect(&[("Authorization", &format!("Bearer {token}"))]).unwrap()
    }

    /// Asks for a stream with these header fields; the status where it is refused.
    pub fn connect(&self, fields: &[(&str, &str)]) -> Result<Stream, u16> {
        self.connect_to("/api/v1/live", fields)
    }

    fn connect_to(&self, path: &str, fields: &[(&str, &str)]) -> Result<Stream, u16> {
        let address = format!("ws://127.0.0.1:{}{path}", self.port);
        let mut request = address.into_client_request().unwrap();
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        let stream = self.wire();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Stream { socket }),
            Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => unreachable!("{error}"),
        }
    }

    /// A bare connection.
    pub fn wire(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The status of a plain GET.
    pub fn plain(&self, path: &str, fields: &[(&str, &str)]) -> u16 {
        let mut stream = self.wire();
        let fields: String = fields.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl Stream {
    pub fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The same where the other side may have closed already.
    pub fn try_say(&mut self, text: &str) {
        drop(self.socket.send(Message::text(text)));
    }

    /// The next message.
    pub fn hear(&mut self) -> Value {
        loop {
            match self.socket.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => unreachable!("{other:?}"),
            }
        }
    }

    /// The next message that is `wanted`.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        (0..1000).map(|_| self.hear()).find(|message| wanted(message)).unwrap()
    }

    /// The code that it is closed with; `None` where it just ends.
    pub fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}
