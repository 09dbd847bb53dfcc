//! A recording as a bus: paced by time, at a factor, or as fast as possible; paused and sought
//! through its [`Player`].
//!
//! The bus has a clock of its own, the position in the recording. Pausing stops it, so ages on this
//! bus stand still; seeking moves it, and the frames of the [`LEAD_IN`] before the target are fed at
//! once so that what a listener knows is complete. Of a recording with several buses only the first
//! is played: a BMU on another bus may have the same base, and the two would become one pack.
//!
//! A recording can also be sent onto other buses: see [`Replay`], which shares the reading, the time
//! line and the places for seeking with the bus.

mod feed;
mod figures;
mod offered;
mod onto;
mod plan;
mod rx;
mod scout;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::feed::Pick;
pub use self::figures::{Refusal, ReplayFigures};
pub use self::offered::Unsent;
pub use self::onto::{Due, Odd, Outcome, Replay, ReplayProgress, Routes, SeekTo, Step, Takes};
pub use self::plan::{IdMap, PlanError, ReplayPlan, check_speed};
use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Clock, Mono, Timebase};
use crate::engine::can::bus::Link;
use crate::engine::can::trace::{Log, OpenLogError};

/// How much before the target of a seek is fed at once.
pub const LEAD_IN: Duration = Duration::from_secs(10);

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times its own speed, [`Speed::SLOWEST`] to [`Speed::QUICKEST`].
    Factor(f64),
    /// In virtual time: as fast as it can be read and the listener takes it.
    Fastest,
}

impl Speed {
    /// As it was recorded.
    pub const NORMAL: Self = Self::Factor(1.0);
    /// Least factor.
    pub const SLOWEST: f64 = 0.1;
    /// Greatest factor.
    pub const QUICKEST: f64 = 1000.0;

    /// The same speed with its factor in range; what is no number is normal speed.
    #[must_use]
    pub fn in_range(self) -> Self {
        match self {
            Self::Factor(factor) if factor.is_nan() => Self::NORMAL,
            Self::Factor(factor) => Self::Factor(factor.clamp(Self::SLOWEST, Self::QUICKEST)),
            Self::Fastest => Self::Fastest,
        }
    }
}

/// What a player is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayState {
    /// Running.
    Playing,
    /// Standing still.
    Paused,
    /// At the end.
    Ended,
}

/// How well the end of a recording is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKnown {
    /// The whole recording has been looked through.
    Exactly,
    /// From its last line.
    Roughly,
}

/// Where a player stands, and what was found in the recording. Times are the recording's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The recording.
    pub file: PathBuf,
    /// Its format in words: "candump log", "ArrowPoint CSV".
    pub format: &'static str,
    /// What its times mean.
    pub timebase: Timebase,
    /// First frame; `None` before it was read.
    pub start: Option<Mono>,
    /// Last frame; `None` while it is not known yet.
    pub end: Option<Mono>,
    /// How well the end is known.
    pub end_known: EndKnown,
    /// Where it stands; the target while a seek is on its way.
    pub position: Option<Mono>,
    /// The target of a seek that is on its way.
    pub seeking: Option<Mono>,
    /// What it is doing.
    pub state: PlayState,
    /// How fast.
    pub speed: Speed,
    /// Frames found so far; all of them once the end is known exactly.
    pub frames: u64,
    /// Lines found so far that could not be read.
    pub skipped: u64,
    /// The first of them with their numbers, and what holds for the recording as a whole.
    pub problems: Arc<Vec<Problem>>,
    /// The buses found so far in the recording; only the first is played.
    pub bus_names: Arc<Vec<String>>,
}

/// The controls of a recording being played. Cloning gives another handle to the same player.
#[derive(Clone)]
pub struct Player {
    deck: Arc<Deck>,
}

/// What a player and its receive half share.
struct Deck {
    wish: Mutex<Wish>,
    changed: Condvar,
    progress: Mutex<Progress>,
}

/// What was asked for and is not done yet.
struct Wish {
    running: Running,
    speed: Speed,
    seek: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

impl Deck {
    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a wish changes, at most for `span`.
    fn wait(&self, wish: MutexGuard<'_, Wish>, span: Duration) {
        let _woken = self.changed.wait_timeout(wish, span);
    }
}

impl Player {
    /// Stops the clock of the recording.
    pub fn pause(&self) {
        self.ask(|wish| wish.running = Running::No);
    }

    /// Lets it go on; from its start, where it had come to its end.
    pub fn resume(&self) {
        let ended = self.deck.progress().state == PlayState::Ended;
        self.ask(|wish| {
            wish.running = Running::Yes;
            if ended && wish.seek.is_none() {
                wish.seek = Some(Duration::ZERO);
            }
        });
    }

    /// Plays at `speed`; a factor out of range is brought into it.
    pub fn set_speed(&self, speed: Speed) {
        self.ask(|wish| wish.speed = speed.in_range());
    }

    /// Goes to `offset` after the first frame, or to the last one where that is nearer.
    pub fn seek(&self, offset: Duration) {
        self.ask(|wish| wish.seek = Some(offset));
    }

    /// Where it stands. What was asked for and is not done yet shows as if it were.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = self.deck.progress().clone();
        let wish = self.deck.wish();
        progress.speed = wish.speed;
        if let (Some(offset), Some(start)) = (wish.seek, progress.start) {
            let target = start.after(offset);
            progress.seeking = Some(progress.end.map_or(target, |end| target.min(end)));
        }
        if progress.seeking.is_some() {
            progress.position = progress.seeking;
        }
        if progress.seeking.is_some() || progress.state != PlayState::Ended {
            progress.state = match wish.running {
                Running::Yes => PlayState::Playing,
                Running::No => PlayState::Paused,
            };
        }
        progress
    }

    fn ask(&self, change: impl FnOnce(&mut Wish)) {
        change(&mut self.deck.wish());
        self.deck.changed.notify_all();
    }
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Player").field(&self.deck.progress().file).finish()
    }
}

/// Opens the recording at `path` as a bus, playing from its first frame.
///
/// # Errors
/// The file cannot be read, is a pipe, or is no recording that Busbar knows.
pub fn open(path: &Path, bus: BusId, clock: Arc<dyn Clock>) -> Result<Link, OpenLogError> {
    // A pipe blocks whoever opens it until somebody writes.
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        return Err(OpenLogError::Pipe { path: path.to_owned() });
    }
    let log = Log::open(path)?;
    if log.size().is_none() {
        return Err(OpenLogError::Pipe { path: path.to_owned() });
    }
    let (rx, deck) = rx::Rx::new(&log, bus, clock);
    Ok(Link { rx: Box::new(rx), tx: None, player: Some(Player { deck }), control: None })
}
