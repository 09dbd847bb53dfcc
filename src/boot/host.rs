//! Hosts the web listener: opens it as the settings say, follows them when they change, and keeps the
//! old one where the new one cannot be had. The engine, sessions and charging go on meanwhile.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::boot::machine::{Machine, host_of};
use crate::boot::standing::{OpenListener, Standing, State};
use crate::engine::{
    ChangeSettings, Door, Gate, LocalSeat, Notice, Session, SettingError, Settings, Tls, ViewPlant,
    WebSettings,
};
use crate::web::{Certificate, Limits, ListenError, Listener, Shared, Site, Socket, TlsError};

/// How often what could not be had is tried again, and certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What the notices are about.
const SUBJECT: &str = "web listener";
/// Where the certificate is that Busbar makes, in the data folder.
const OWN_CERTIFICATE: &str = "tls";

/// Whether and how the listener is opened.
#[derive(Clone, Debug)]
pub enum Opening {
    /// When the settings say so: the desktop.
    AsSettings,
    /// Always, and for this run with something else than the settings say: `busbar serve`.
    Always(Overrides),
}

/// What a run of `busbar serve` wants else than the settings say; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Where to listen.
    pub listen: Option<std::net::SocketAddr>,
    /// HTTPS or not.
    pub tls: Option<Tls>,
    /// Certificate and key.
    pub files: Option<(PathBuf, PathBuf)>,
    /// Allows plain HTTP on an address that is not loopback.
    pub allow_plain_http: Option<bool>,
}

/// Why the listener is not as it is wanted.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// What is wanted cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The socket or the threads.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The host itself cannot run.
    #[error("the thread that hosts the web listener cannot be started")]
    Thread(#[from] io::Error),
}

/// A running host; dropping it closes the listener.
pub struct Host {
    standing: Standing,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Opens the listener if it is to be open, and keeps following the settings.
    ///
    /// # Errors
    /// A listener that is always to be open cannot be had. On the desktop that is a notice.
    pub fn start(
        door: &Door,
        gate: &Gate,
        seat: &LocalSeat,
        folder: &Path,
        opening: Opening,
    ) -> Result<Self, HostError> {
        let standing = Standing::default();
        let must = matches!(opening, Opening::Always(_));
        let mut keeper = Keeper {
            door: door.clone(),
            gate: gate.clone(),
            session: seat.send_web_host(),
            reader: Arc::new(seat.send_web_reader()),
            folder: folder.join(OWN_CERTIFICATE),
            opening,
            standing: standing.clone(),
            opened: None,
        };
        let (wake, woken) = bounded(1);
        if let Ok(grant) = keeper.session.permit(ViewPlant) {
            // A waker that finds the queue full has been there already.
            door.watch_roster(
                &grant,
                Box::new(move || {
                    let _full = wake.try_send(());
                }),
            );
        }
        if let Err(error) = keeper.follow() {
            if must {
                return Err(error);
            }
            keeper.complain(&error);
        }
        let (stop, stopped) = bounded::<()>(0);
        let body = move || keeper.run(&woken, &stopped);
        let thread = std::thread::Builder::new().name("web host".into()).spawn(body)?;
        Ok(Self { standing, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the listener stands, for whoever shows it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the host of the web listener ended by a panic");
        }
    }
}

impl Overrides {
    fn over(&self, settings: &WebSettings) -> WebSettings {
        let mut web = settings.clone();
        web.listen = self.listen.unwrap_or(web.listen);
        web.tls = self.tls.unwrap_or(web.tls);
        web.allow_plain_http = self.allow_plain_http.unwrap_or(web.allow_plain_http);
        if let Some((certificate, key)) = self.files.clone() {
            (web.certificate, web.key) = (Some(certificate), Some(key));
        }
        web
    }
}

impl Opening {
    fn wanted(&self, settings: &Settings) -> Option<WebSettings> {
        match self {
            Self::AsSettings => settings.web.enabled.then(|| settings.web.clone()),
            Self::Always(overrides) => Some(overrides.over(&settings.web)),
        }
    }
}

/// Keeps the listener as it is wanted.
struct Keeper {
    door: Door,
    gate: Gate,
    session: Session,
    reader: Arc<Session>,
    folder: PathBuf,
    opening: Opening,
    standing: Standing,
    opened: Option<Opened>,
}

/// An open listener, and what it was opened for.
struct Opened {
    wanted: WebSettings,
    /// When the certificate files were written.
    written: Written,
    socket: Socket,
    listener: Listener,
}

/// When certificate and key were last written.
type Written = [Option<SystemTime>; 2];

impl Keeper {
    fn run(mut self, woken: &Receiver<()>, stopped: &Receiver<()>) {
        loop {
            crossbeam_channel::select! {
                recv(stopped) -> _ended => return,
                recv(woken) -> _woken => {}
                default(LOOK_EVERY) => {}
            }
            match self.follow() {
                Ok(()) => self.all_well(),
                Err(error) => self.complain(&error),
            }
        }
    }

    /// Brings the listener to what is wanted now.
    fn follow(&mut self) -> Result<(), HostError> {
        let Ok(grant) = self.session.permit(ViewPlant) else { return Ok(()) };
        let wanted = self.opening.wanted(&self.door.settings(&grant));
        let Some(wanted) = wanted else {
            if let Some(old) = self.opened.take() {
                retire(old);
                self.standing.set(State::default());
            }
            return Ok(());
        };
        let written = written(&wanted);
        if let Some(opened) = &mut self.opened {
            if opened.wanted == wanted && opened.written == written {
                return Ok(());
            }
            if stays(&opened.wanted, &wanted) && opened.written == written {
                let fingerprint = opened.listener.shared().site().fingerprint().map(str::to_owned);
                let (site, _) = site(&wanted, opened.socket.address().port(), fingerprint);
                opened.listener.shared().move_to(site);
                opened.wanted = wanted;
                return Ok(());
            }
        }
        self.reopen(wanted, written)
    }

    /// Opens what is wanted; what is open stays where that fails.
    fn reopen(&mut self, wanted: WebSettings, written: Written) -> Result<(), HostError> {
        wanted.check()?;
        let socket = match &self.opened {
            Some(old) if old.wanted.listen == wanted.listen => old.socket.again()?,
            old => match Socket::bind(wanted.listen) {
                Ok(socket) => socket,
                // Perhaps it is the old listener that holds the port, on another address.
                Err(_taken) if old.as_ref().is_some_and(|old| same_port(old, &wanted)) => {
                    return self.change_over(wanted, written);
                }
                Err(error) => return Err(error.into()),
            },
        };
        let opened = self.open(wanted, written, socket)?;
        if let Some(old) = self.opened.replace(opened) {
            retire(old);
        }
        tracing::info!(now = ?self.standing.address(), "the web listener is open");
        Ok(())
    }

    /// Closes the old listener first, and opens it again where the new one cannot be had.
    fn change_over(&mut self, wanted: WebSettings, written: Written) -> Result<(), HostError> {
        let Some(old) = self.opened.take() else { return Ok(()) };
        let (before, before_written) = (old.wanted.clone(), old.written);
        drop(old);
        let bound = Socket::bind(wanted.listen).map_err(HostError::from);
        match bound.and_then(|socket| self.open(wanted, written, socket)) {
            Ok(opened) => {
                self.opened = Some(opened);
                Ok(())
            }
            Err(error) => {
                let socket = Socket::bind(before.listen)?;
                self.opened = Some(self.open(before, before_written, socket)?);
                Err(error)
            }
        }
    }

    fn open(
        &self,
        wanted: WebSettings,
        written: Written,
        socket: Socket,
    ) -> Result<Opened, HostError> {
        let certificate = self.certificate(&wanted)?;
        let fingerprint = certificate.as_ref().map(|c| c.fingerprint().to_owned());
        let address = socket.address();
        let (site, also) = site(&wanted, address.port(), fingerprint.clone());
        let base = site.base().to_owned();
        let reader = Some(Arc::clone(&self.reader));
        let limits = Limits::of_this_machine();
        let shared = Shared::of(self.door.clone(), self.gate.clone(), site, limits, reader);
        let listener = Listener::open(socket.again()?, certificate.as_ref(), shared)?;
        let open = OpenListener { address, base, also, fingerprint };
        self.standing.set(State { open: Some(open), trouble: None });
        Ok(Opened { wanted, written, socket, listener })
    }

    fn certificate(&self, wanted: &WebSettings) -> Result<Option<Certificate>, HostError> {
        if !wanted.is_https() {
            return Ok(None);
        }
        if let (Some(certificate), Some(key)) = (&wanted.certificate, &wanted.key) {
            return Ok(Some(Certificate::from_files(certificate, key)?));
        }
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend(hosts(wanted));
        Ok(Some(Certificate::own(&self.folder, &names, self.door.clock().wall())?))
    }

    /// Says what went wrong, once.
    fn complain(&self, error: &HostError) {
        let stays = match self.standing.now().open {
            Some(open) => format!("It still listens on {}, as before.", open.address),
            None => "Until it can, nobody comes in that way; it is tried again every few seconds."
                .to_owned(),
        };
        let text = format!(
            "The web listener cannot be opened as the settings say: {}. {stays}",
            causes(error)
        );
        let state = self.standing.now();
        if state.trouble.as_deref() != Some(&text) {
            self.standing.set(State { trouble: Some(text.clone()), ..state });
            self.say(text);
        }
    }

    /// What went wrong is over.
    fn all_well(&self) {
        let state = self.standing.now();
        if state.trouble.is_none() {
            return;
        }
        let text = match &state.open {
            Some(open) => format!("The web listener listens on {}.", open.address),
            None => "The web listener is closed, as the settings say.".to_owned(),
        };
        self.standing.set(State { trouble: None, ..state });
        self.say(text);
    }

    fn say(&self, text: String) {
        if let Ok(grant) = self.session.permit(ChangeSettings) {
            self.door.tell(&grant, Notice { subject: SUBJECT, text });
        }
    }
}

/// An error and its causes in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text} ({said})");
        }
        cause = inner.source();
    }
    text
}

/// Lets an old listener finish what it has in hand, aside.
fn retire(old: Opened) {
    old.listener.close();
    drop(old.socket);
    let listener = old.listener;
    let ended = std::thread::Builder::new().name("web drain".into()).spawn(move || drop(listener));
    if let Err(error) = ended {
        // It was dropped here instead, which is only slower.
        tracing::debug!(%error, "no thread to drain the old listener");
    }
}

fn same_port(old: &Opened, new: &WebSettings) -> bool {
    old.wanted.listen.port() == new.listen.port()
}

/// Whether a listener of `old` can serve `new`: only its names change.
fn stays(old: &WebSettings, new: &WebSettings) -> bool {
    let names = |web: &WebSettings| WebSettings {
        public_url: None,
        cross_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        enabled: true,
        ..web.clone()
    };
    names(old) == names(new)
}

fn written(wanted: &WebSettings) -> Written {
    let written = |file: &Option<PathBuf>| {
        let file = file.as_ref()?;
        std::fs::metadata(file).and_then(|about| about.modified()).ok()
    };
    [written(&wanted.certificate), written(&wanted.key)]
}

/// Names and addresses of this machine under which the listener may be called.
fn hosts(wanted: &WebSettings) -> Vec<String> {
    let ip = wanted.listen.ip();
    let own = if ip.is_loopback() { Machine::default() } else { Machine::look() };
    let mut hosts = own.hosts();
    if !ip.is_unspecified() {
        hosts.insert(0, host_of(ip));
    }
    hosts
}

/// How the listener is found, and under which other names too.
fn site(wanted: &WebSettings, port: u16, fingerprint: Option<String>) -> (Site, Vec<String>) {
    let scheme = if wanted.is_https() { "https" } else { "http" };
    let url = |host: &str| format!("{scheme}://{host}:{port}");
    let all = hosts(wanted);
    let (first, also) = match wanted.listen.ip() {
        // An address that a browser can be given: that of this machine, if it has one.
        IpAddr::V4(ip) if ip.is_unspecified() => pick(&all),
        IpAddr::V6(ip) if ip.is_unspecified() => pick(&all),
        ip => (host_of(ip), Vec::new()),
    };
    let also = also.iter().map(|host| url(host)).collect();
    let site = Site::at(url(&first))
        .named(all.into_iter().chain(Machine::look().hosts()))
        .found_under(wanted.public_url.clone())
        .open_to(wanted.cross_origins.clone())
        .behind(wanted.trusted_proxies.clone())
        .certified(fingerprint);
    (site, also)
}

/// The host to show first: an address, else a name, else this machine to itself.
fn pick(all: &[String]) -> (String, Vec<String>) {
    let is_address = |host: &&String| host.parse::<IpAddr>().is_ok() || host.starts_with('[');
    let first = all.iter().find(is_address).or_else(|| all.first());
    let first = first.cloned().unwrap_or_else(|| "localhost".to_owned());
    let also = all.iter().filter(|host| **host != first).cloned().collect();
    (first, also)
}
