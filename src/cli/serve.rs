//! `busbar serve`: the console without a window. Shows the pack on the terminal, line by line, and
//! opens the web listener.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::time::{Clock as _, SystemClock};
use crate::cli::Wanted;
use crate::engine::{Door, OneTimeLink, Session, Snapshot, ViewPlant};
use crate::view::compose::line;
use crate::view::text;

/// Arguments of `busbar serve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to run; here or in front of `serve`.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Where the web listener listens, instead of where the settings say (127.0.0.1:18080, unless
    /// changed). On addresses other than loopback it speaks HTTPS.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Speak HTTPS on loopback too.
    #[arg(long)]
    pub tls: bool,
    /// Certificate for HTTPS with its chain, a PEM file; without it Busbar makes one of its own.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Private key of the certificate, a PEM file.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Speak plain HTTP even on an address that is not loopback: passwords then cross the network
    /// in the clear.
    #[arg(long, conflicts_with_all = ["tls", "certificate"])]
    pub allow_plain_http: bool,
    /// Stop after so many seconds instead of running until Ctrl+C.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub duration: Option<f64>,
}

/// Shortest time between two lines when standard output is not a terminal, unless the state
/// changes.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often the wish to stop is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// On a terminal the line is renewed this often.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// Shows the packs on standard output until `stop` is set or `deadline` has passed.
///
/// # Errors
/// The session may not look, or standard output is gone.
pub fn watch(
    door: &Door,
    session: &Session,
    stop: &AtomicBool,
    deadline: Option<Duration>,
) -> Result<(), Box<dyn std::error::Error>> {
    let grant = session.permit(ViewPlant)?;
    let mut paper = Paper::new();
    let looks = RENEW_EVERY.as_millis() / LOOK_EVERY.as_millis();
    let mut spent = Duration::ZERO;
    while deadline.is_none_or(|deadline| spent < deadline) {
        for _ in 0..looks {
            std::thread::sleep(LOOK_EVERY);
            if stop.load(Ordering::Relaxed) {
                return paper.end();
            }
        }
        paper.show(&door.look(&grant))?;
        spent += RENEW_EVERY;
    }
    paper.end()
}

/// Standard output: renewed in place on a terminal, a log of changes elsewhere.
struct Paper {
    out: io::Stdout,
    terminal: bool,
    shown: usize,
    last_states: String,
    since_line: Duration,
    /// A snapshot may be older than the line: where nothing happens, none is made.
    clock: Arc<SystemClock>,
}

impl Paper {
    fn new() -> Self {
        let out = io::stdout();
        let terminal = out.is_terminal();
        let since_line = LINE_EVERY;
        Self {
            out,
            terminal,
            shown: 0,
            last_states: String::new(),
            since_line,
            clock: SystemClock::new(),
        }
    }

    fn show(&mut self, snapshot: &Snapshot) -> Result<(), Box<dyn std::error::Error>> {
        let (states, lines) = line::lines(snapshot);
        let clock = text::clock(self.clock.wall(), &TimeZone::system());
        let mut out = self.out.lock();
        if self.terminal {
            if self.shown > 0 {
                write!(out, "\x1b[{}A", self.shown)?;
            }
            for line in &lines {
                writeln!(out, "\x1b[2K{clock}  {line}")?;
            }
            // Lines that were there before and are no more.
            write!(out, "\x1b[J")?;
            self.shown = lines.len();
        } else {
            self.since_line += RENEW_EVERY;
            if states != self.last_states || self.since_line >= LINE_EVERY {
                for line in &lines {
                    writeln!(out, "{clock}  {line}")?;
                }
                self.since_line = Duration::ZERO;
            }
        }
        self.last_states = states;
        Ok(out.flush()?)
    }

    fn end(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        Ok(self.out.lock().flush()?)
    }
}

/// Says where the listener is found, and how to know that it is the right one.
pub fn announce(base: &str, also: &[String], fingerprint: Option<&str>) {
    let also = match also {
        [] => String::new(),
        also => format!(" (or {}/)", also.join("/, ")),
    };
    eprintln!("busbar: listens on {base}/{also}. Ctrl+C ends.");
    if let Some(fingerprint) = fingerprint {
        eprintln!("busbar: SHA-256 fingerprint of its certificate, which browsers show too:");
        eprintln!("  {fingerprint}");
    }
}

/// Hands over the link with which the first administrator is made.
pub fn announce_set_up(link: &OneTimeLink) {
    let until = text::date(link.expires, &TimeZone::system());
    eprintln!(
        "busbar: nobody can sign in yet. Whoever opens this link makes the first administrator; it works once, until {until}:"
    );
    eprintln!("  {}", link.url.reveal());
}
