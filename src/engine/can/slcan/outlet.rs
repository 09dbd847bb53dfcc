//! The transmit half, and what both halves know together: which commands wait for an answer, in the
//! order of their saying. An adapter answers one by one and does not say to what.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::{BusTx, SendError};
use crate::engine::can::frame::{Direction, Frame, Kind};
use crate::engine::can::guard::Cleared;
use crate::engine::can::slcan::line;
use crate::engine::can::slcan::port::Port;

/// Most commands that may wait for their answers. A frame of eight bytes takes a
/// quarter of a millisecond on a fast line, so that all of them are through within the patience.
const WAITING: usize = 128;
/// After this long there will be no answer any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// What waits for an answer.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Frame(Frame),
    Flags,
}

/// What both halves know.
#[derive(Debug, Default)]
pub struct Desk {
    /// The port, while the adapter is open.
    pub port: Option<Arc<dyn Port>>,
    /// Why nothing can be sent, while it cannot.
    pub mute: Option<String>,
    /// It carries FD frames.
    pub fd: bool,
    /// It answers what is said to it.
    pub answers: bool,
    /// The port did not take what was written: the receive half has to open it again.
    pub broken: bool,
    waiting: VecDeque<(Mono, Asked)>,
    /// Sent, to be handed on with what is received.
    pub echoes: VecDeque<Frame>,
    /// The adapter did not take a frame: whoever sends next is told.
    refused: Option<String>,
    /// How many frames it has not taken.
    pub refusals: u64,
}

/// Shared by both halves.
pub type Outlet = Arc<Mutex<Desk>>;

/// The desk, whatever became of whoever held it last.
pub fn desk(outlet: &Outlet) -> std::sync::MutexGuard<'_, Desk> {
    outlet.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Forgets what waited: the port is another.
    pub fn restart(&mut self) {
        self.waiting.clear();
        self.broken = false;
    }

    /// The last command was carried out (or not); `now` is when that was heard.
    pub fn answered(&mut self, now: Mono, done: Done) {
        match (self.waiting.pop_front(), done) {
            (Some((_, Asked::Frame(frame))), Done::Yes) => self.echo(frame.at(now)),
            (Some((_, Asked::Frame(frame))), Done::No) => {
                self.refuse(format!("the adapter did not take {}", frame.id()));
            }
            (Some((_, Asked::Flags)) | None, _) => {}
        }
    }

    /// Its flags came.
    pub fn flags_came(&mut self) {
        if let Some((_, Asked::Flags)) = self.waiting.front() {
            self.waiting.pop_front();
        }
    }

    /// Gives up what has waited for too long.
    pub fn give_up(&mut self, now: Mono) {
        while self.waiting.front().is_some_and(|(at, _)| now.since(*at) > PATIENCE) {
            if let Some((_, Asked::Frame(frame))) = self.waiting.pop_front() {
                self.refuse(format!("the adapter did not say that it took {}", frame.id()));
            }
        }
    }

    /// Asks for its flags. Says whether there was room to.
    ///
    /// # Errors
    /// The port.
    pub fn ask_flags(&mut self, now: Mono) -> io::Result<()> {
        let Some(port) = self.port.clone().filter(|_| self.waiting.len() < WAITING) else {
            return Ok(());
        };
        self.waiting.push_back((now, Asked::Flags));
        port.write(b"F\r")
    }

    fn refuse(&mut self, why: String) {
        self.refusals = self.refusals.saturating_add(1);
        self.refused = Some(why);
    }

    fn echo(&mut self, frame: Frame) {
        // The receive half takes them out with every turn.
        if self.echoes.len() < WAITING * 8 {
            self.echoes.push_back(frame.going(Direction::Sent));
        }
    }

    fn send(&mut self, bus: &str, now: Mono, frame: Frame) -> Result<(), SendError> {
        let bus = || bus.to_owned();
        let unfit = |why: &str| SendError::Unfit { bus: bus(), why: why.to_owned() };
        let Some(port) = self.port.clone() else {
            let why = self.mute.clone().unwrap_or_else(|| "it is not yet open".to_owned());
            return Err(SendError::NotRunning { bus: bus(), why });
        };
        if let Some(why) = &self.mute {
            return Err(SendError::NotRunning { bus: bus(), why: why.clone() });
        }
        if frame.kind() == Kind::Fd && !self.fd {
            return Err(unfit("the adapter is open for classic CAN: set data_bit_rate"));
        }
        if frame.view().has_error_state_indicator() {
            return Err(unfit("the error state is the adapter's own to tell"));
        }
        let line = line::write(&frame.view());
        let line = line.ok_or_else(|| unfit("error frames are made by controllers"))?;
        if self.waiting.len() >= WAITING {
            return Err(SendError::Full { bus: bus() });
        }
        if self.answers {
            self.waiting.push_back((now, Asked::Frame(frame)));
        }
        if let Err(error) = port.write(&line) {
            // Half a line may have gone out: only opening it anew makes both sides agree again.
            self.broken = true;
            self.port = None;
            return Err(match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                    SendError::Full { bus: bus() }
                }
                _ => SendError::NotRunning { bus: bus(), why: error.to_string() },
            });
        }
        if !self.answers {
            self.echo(frame.at(now));
        }
        // This one is on its way; the one before is not, and somebody has to hear it.
        match self.refused.take() {
            Some(why) => Err(SendError::Earlier { bus: bus(), why }),
            None => Ok(()),
        }
    }
}

/// Whether a command was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was.
    Yes,
    /// It was not.
    No,
}

/// Sends through an adapter.
pub struct Tx {
    /// Its address, for what is said.
    pub name: String,
    /// What the receive half knows.
    pub outlet: Outlet,
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
}

impl BusTx for Tx {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let now = self.clock.now();
        desk(&self.outlet).send(&self.name, now, frame.into_frame())
    }
}
