//! Sending by hand: which buses are armed, what is scheduled, and a frame that somebody makes up.
//! The bytes of that frame are the one truth: numbers and signals are read from them and put into
//! them, so that no two fields can disagree.

mod draft;
mod plan;

use serde::{Deserialize, Serialize};

pub use self::draft::{ByteOrder, Draft, DraftKind, DraftProblem, NumberPlace, Width};
pub use self::plan::{CounterPrefs, Stays, SumPrefs, SumRule};
use crate::view::offer::Offer;
use crate::view::shown::Tone;

/// What a person wants of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SendPrefs {
    /// The frame that is made up.
    pub draft: Draft,
    /// Time between two sendings, as typed, milliseconds.
    pub every: String,
    /// After how many it ends, as typed; empty: when somebody stops it.
    pub times: String,
    /// Name of the schedule, as typed.
    pub name: String,
    /// The key that sends it once it is kept, as typed: "F5", "K"; empty: none.
    pub key: String,
    /// What ends the schedule besides a stop.
    pub stays: Stays,
    /// A counter that rolls from one sending to the next.
    pub counter: CounterPrefs,
    /// A checksum over the bytes.
    pub sum: SumPrefs,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SendView {
    /// The buses.
    pub buses: Vec<SendBus>,
    /// What is scheduled.
    pub schedules: Vec<ScheduleRow>,
    /// Messages that the profile keeps.
    pub kept: Vec<KeptRow>,
    /// What the draft says, signal by signal; empty where nobody knows its id.
    pub signals: Vec<DraftSignal>,
    /// Name of its message.
    pub message: String,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// The messages that the devices and DBC files of its bus know.
    pub messages: Vec<MessageChoice>,
    /// "The first goes out as 02 10 5C": where a counter or a checksum changes it.
    pub first: Option<String>,
    /// Sending it once.
    pub send: Offer,
    /// Sending it again and again.
    pub schedule: Offer,
    /// Keeping the draft in the profile.
    pub keep: Offer,
    /// Silencing everything.
    pub silence: Offer,
}

/// A message that the profile keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeptRow {
    /// Its name.
    pub name: String,
    /// Bus name.
    pub bus: String,
    /// "0x500".
    pub id: String,
    /// Message name, or empty.
    pub message: String,
    /// "02 10 00 00".
    pub data: String,
    /// "every 100 ms, 5 times, with a counter and a checksum".
    pub how: String,
    /// The key that sends it, or empty.
    pub key: String,
    /// Sending it once.
    pub send: Offer,
    /// Sending it again and again.
    pub start: Offer,
    /// Taking it out of the profile.
    pub forget: Offer,
    /// The same to be changed or sent otherwise.
    pub draft: SendPrefs,
}

/// A message to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MessageChoice {
    /// Its name.
    pub name: String,
    /// Its id as it is typed: "6FA".
    pub id: String,
    /// How many bytes it has.
    pub length: usize,
}

/// A bus that may be sent to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SendBus {
    /// Its name.
    pub name: String,
    /// "armed, 9 min 32 s left, by ada", "listened to only".
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// Why the last frame did not go out.
    pub refused: Option<String>,
    /// Arming it.
    pub arm: Offer,
    /// Silencing it; `None` while nothing is to be silenced.
    pub silence: Option<Offer>,
    /// Load, error counters, lost frames in words.
    pub health: String,
}

/// A scheduled frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// Bus name.
    pub bus: String,
    /// "0x500".
    pub id: String,
    /// Message name, or empty.
    pub message: String,
    /// "02 10 00 00".
    pub data: String,
    /// "100 ms".
    pub every: String,
    /// How many were sent.
    pub sent: String,
    /// "late by 0.1 ms, at most 0.6 ms", "12 not taken".
    pub health: String,
    /// "running", or why it stopped.
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// Who has started it, and what ends it: "by ada, stops with the session".
    pub hangs: String,
    /// Stopping it, while it runs.
    pub stop: Option<Offer>,
    /// Starting it again, once it has stopped.
    pub again: Option<Offer>,
    /// Taking it from the list, once it has stopped.
    pub forget: Option<Offer>,
}

/// A signal of the draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DraftSignal {
    /// Its name.
    pub name: String,
    /// Its value as text, without its unit.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// The word that stands for the value.
    pub label: Option<String>,
    /// The words it can be; empty where it is a number.
    pub words: Vec<String>,
    /// Its comment.
    pub comment: String,
}
