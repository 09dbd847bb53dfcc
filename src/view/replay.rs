//! Recordings that are sent onto buses: those that are there, and one that somebody makes up.

use serde::{Deserialize, Serialize};

use crate::view::filter::FilterView;
use crate::view::offer::Offer;
use crate::view::shown::Tone;

/// How fast a replay can be chosen to go; the last is as fast as its bus takes it.
pub const SPEEDS: [(&str, Option<f64>); 9] = [
    ("0.1x", Some(0.1)),
    ("0.5x", Some(0.5)),
    ("1x", Some(1.0)),
    ("2x", Some(2.0)),
    ("5x", Some(5.0)),
    ("10x", Some(10.0)),
    ("20x", Some(20.0)),
    ("100x", Some(100.0)),
    ("as fast as possible", None),
];
/// Words of the usual speed.
pub const USUAL_SPEED: &str = "1x";

/// A replay that somebody makes up, all of it as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayPrefs {
    /// The recording: a path at the machine, a name in the folder of recordings elsewhere.
    pub file: String,
    /// What it is called; empty: by the recording.
    pub name: String,
    /// The bus that its frames go onto.
    pub bus: String,
    /// Words of the speed.
    pub speed: String,
    /// Whether it begins again at its end.
    pub again: bool,
    /// Which frames.
    pub filter: String,
    /// Where the cursor of the filter stands, while somebody types there.
    #[serde(skip)]
    pub cursor: Option<usize>,
    /// Ids that go out as others, one a line or parted by commas: "0x600-0x6FF=0x200".
    pub ids: String,
    /// Buses of the recording that go onto others: "can1=powertrain".
    pub buses: String,
    /// Where the part begins, seconds; empty: at its front.
    pub from: String,
    /// Where it ends, seconds; empty: with the recording.
    pub to: String,
    /// Longer pauses are shortened to this, seconds; empty: none is.
    pub gap: String,
    /// Whether it goes on without the session that starts it.
    pub stays: bool,
    /// Which frame a step goes to; empty: the next.
    pub step: String,
    /// Where the cursor stands there, while somebody types there.
    #[serde(skip)]
    pub step_cursor: Option<usize>,
}

impl Default for ReplayPrefs {
    fn default() -> Self {
        Self {
            file: String::new(),
            name: String::new(),
            bus: String::new(),
            speed: USUAL_SPEED.to_owned(),
            again: false,
            filter: String::new(),
            cursor: None,
            ids: String::new(),
            buses: String::new(),
            from: String::new(),
            to: String::new(),
            gap: String::new(),
            stays: false,
            step: String::new(),
            step_cursor: None,
        }
    }
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReplayView {
    /// The replays.
    pub rows: Vec<ReplayRow>,
    /// The buses that can be replayed onto.
    pub buses: Vec<ReplayBus>,
    /// What the filter box shows.
    pub filter: FilterView,
    /// What the box shows that says which frame a step goes to.
    pub step: FilterView,
    /// Starting the one that is made up.
    pub start: Offer,
}

/// A bus that can be replayed onto.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplayBus {
    /// Its name.
    pub name: String,
    /// "within the program", "armed, 9 min left", "not armed".
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// Arming it, where it has to be.
    pub arm: Option<Offer>,
}

/// A replay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReplayRow {
    /// Its name.
    pub name: String,
    /// Name of the recording.
    pub file: String,
    /// "can0", "can0, can1 onto powertrain".
    pub onto: String,
    /// "playing", "paused", "at its end", or why it stands.
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// Where it stands: "0:12.3".
    pub position: String,
    /// How long the recording is: "1:00.0", "about 1:00.0".
    pub length: String,
    /// The same as a share, 0 to 1.
    pub fraction: f64,
    /// Its length in seconds; 0 while it is not known.
    pub length_s: f64,
    /// Words of its speed.
    pub speed: String,
    /// Whether it begins again at its end.
    pub again: bool,
    /// "3 rounds", or empty.
    pub rounds: String,
    /// How many frames were sent.
    pub sent: String,
    /// "late by 0.02 ms, 99 % within 0.11 ms, at most 0.4 ms".
    pub jitter: String,
    /// What it could not keep up with, shortened or left out, each a sentence.
    pub remarks: Vec<(Tone, String)>,
    /// "by ada, stops with the session".
    pub hangs: String,
    /// Playing or pausing it.
    pub toggle: Offer,
    /// Whether the toggle would pause it.
    pub plays: bool,
    /// Sending one frame.
    pub step: Offer,
    /// Stopping it; `None` once it has.
    pub stop: Option<Offer>,
    /// Starting it anew, once it has stopped.
    pub again_from_start: Option<Offer>,
    /// Taking it from the list, once it is over.
    pub forget: Option<Offer>,
}
