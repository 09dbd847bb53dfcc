//! The frame around every page: top bar, bottom line, player.

use serde::Serialize;

use crate::view::offer::Offer;
use crate::view::shown::{Note, Tone};

/// Top bar and bottom line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chrome {
    /// Name of the running profile.
    pub profile: String,
    /// One chip per bus: state, bit rate, load, frames a second.
    pub buses: Vec<Chip>,
    /// Open alarms in one chip; `None` when there are none.
    pub alarms: Option<Chip>,
    /// What charges, or whose contactors are closed; `None` while nothing runs.
    pub charging: Option<Chip>,
    /// Stop, while anything runs. Never asks.
    pub stop: Option<Offer>,
    /// The buses that frames may be sent to by hand; `None` while none is armed.
    pub armed: Option<Chip>,
    /// What is being recorded; `None` while nothing is.
    pub recording: Option<Chip>,
    /// Silencing them. Never asks.
    pub silence: Option<Offer>,
    /// Charging the demo, while it drives about.
    pub demo: Option<Offer>,
    /// Who is signed in: "Desktop · full access".
    pub who: String,
    /// Sentences that concern everything (a refused profile file, frames lost).
    pub notes: Vec<Note>,
    /// Bottom line, left part: frames received, sent, lost; recording.
    pub bottom: Vec<Chip>,
    /// Bottom line, right part: where the web listener listens, and how many sessions there are.
    pub web: Option<Chip>,
    /// Wall clock with its zone, at the right of the bottom line.
    pub clock: String,
    /// Where a recording is being played.
    pub player: Option<PlayerView>,
}

/// A short text with a dot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chip {
    /// The text.
    pub text: String,
    /// Colour of the dot.
    pub tone: Tone,
    /// More words.
    pub hover: String,
}

/// A recording being played.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlayerView {
    /// File name.
    pub file: String,
    /// Position, "1:02.3".
    pub position: String,
    /// Length, "3:04.0".
    pub length: String,
    /// Position as a share of the length, 0 to 1.
    pub fraction: f64,
    /// Length in seconds, to turn a share back into a moment.
    pub length_s: f64,
    /// "1×", "10×", "as fast as possible".
    pub speed: String,
    /// Playing, paused or ended.
    pub state: Playing,
    /// Lines of the recording that were skipped, in words with numbers; empty if none.
    pub skipped: String,
    /// "Pause" or "Play".
    pub toggle: Offer,
}

/// What a player is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Playing {
    /// Running.
    Playing,
    /// Standing still.
    Paused,
    /// At the end.
    Ended,
}
