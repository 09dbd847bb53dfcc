//! Progress on a terminal, for commands that take long.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crate::base::time::{Clock, Mono, SystemClock};

/// Progress is shown for runs longer than this, and as often as this.
const EVERY: Duration = Duration::from_secs(1);

/// Shows how far a command is, on standard error where that is a terminal.
pub struct Meter {
    clock: std::sync::Arc<SystemClock>,
    size: Option<u64>,
    shown: Option<Mono>,
    place: Place,
}

/// Where it is shown.
#[derive(PartialEq, Eq)]
enum Place {
    Terminal,
    Nowhere,
}

impl Meter {
    /// For `size` bytes of input, where that is known.
    #[must_use]
    pub fn new(size: Option<u64>) -> Self {
        let place = if io::stderr().is_terminal() { Place::Terminal } else { Place::Nowhere };
        Self { clock: SystemClock::new(), size, shown: None, place }
    }

    /// The same, but silent: what is written goes to the terminal itself.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.place = Place::Nowhere;
        self
    }

    /// Tells how far it is, where it is time for that.
    pub fn show(&mut self, frames: u64, bytes: u64) {
        if self.place == Place::Nowhere {
            return;
        }
        let now = self.clock.now();
        if now.since(self.shown.unwrap_or(Mono::ZERO)) < EVERY {
            return;
        }
        self.shown = Some(now);
        let mut err = io::stderr().lock();
        let _ = match self.size {
            Some(size) if size > 0 => {
                let percent = bytes.min(size) as f64 * 100.0 / size as f64;
                write!(err, "\r{percent:3.0} %, {frames} frames ")
            }
            Some(_) | None => write!(err, "\r{frames} frames "),
        };
        let _ = err.flush();
    }

    /// Takes it away again.
    pub fn clear(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1B[K");
        }
    }
}
