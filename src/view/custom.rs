//! Components of one's own: the device folders that a person has made, and what the signals of one are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::view::offer::{Grave, Offer};
use crate::view::shown::Note;

/// The page that lists them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnDevicesView {
    /// Those that are in force.
    pub rows: Vec<OwnRow>,
    /// Those that were refused, and why.
    pub refused: Vec<Note>,
    /// What to say where there is none.
    pub empty: String,
    /// Making one out of a DBC.
    pub make: Offer,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnRow {
    /// Name of its folder.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// What it is, in a word.
    pub category: String,
    /// One sentence on it.
    pub summary: String,
}

/// The page of one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnDeviceView {
    /// Name of its folder.
    pub id: String,
    /// The mark of the folder that the page was made of.
    pub mark: String,
    /// What a person calls it.
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// Its messages.
    pub messages: Vec<OwnMessage>,
    /// Why its signals cannot be changed here; empty where they can.
    pub by_hand: String,
    /// What it says, for whoever changes it by hand.
    pub manifest: String,
    /// What a signal can be, as examples.
    pub roles: Vec<String>,
    /// Who uses it, in a sentence.
    pub used: String,
    /// Saving it.
    pub save: Offer,
    /// Removing it.
    pub remove: Grave,
}

/// A message of one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnMessage {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Whether it stays in the folder.
    pub taken: bool,
    /// Milliseconds between two.
    pub period: String,
    /// Its signals.
    pub signals: Vec<OwnSignal>,
}

/// A signal of one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnSignal {
    /// Its name.
    pub name: String,
    /// Its unit; empty without one.
    pub unit: String,
    /// What it is.
    pub role: String,
}

/// What stands in the form of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnTyped {
    /// What a person calls it.
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// Its messages, by name.
    pub messages: BTreeMap<String, OwnTaken>,
    /// What its signals are, by message and signal.
    pub roles: BTreeMap<(String, String), String>,
}

/// What stands beside a message in that form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnTaken {
    /// Whether it stays in the folder.
    pub taken: bool,
    /// Milliseconds between two.
    pub period: String,
}

impl OwnDeviceView {
    /// The form as nobody has touched it.
    #[must_use]
    pub fn typed(&self) -> OwnTyped {
        let taken = |message: &OwnMessage| {
            let taken = OwnTaken { taken: message.taken, period: message.period.clone() };
            (message.name.clone(), taken)
        };
        let roles = self.messages.iter().flat_map(|message| {
            let key = |signal: &OwnSignal| (message.name.clone(), signal.name.clone());
            message.signals.iter().map(move |signal| (key(signal), signal.role.clone()))
        });
        OwnTyped {
            title: self.title.clone(),
            maker: self.maker.clone(),
            messages: self.messages.iter().map(taken).collect(),
            roles: roles.collect(),
        }
    }
}

/// Something asked for about components of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnAsk {
    /// Show the one of this name.
    Look(String),
    /// Make one out of a DBC file.
    Make {
        /// The file.
        file: PathBuf,
        /// Name of its folder.
        id: String,
        /// What a person calls it; empty: its name.
        title: String,
    },
    /// Save what stands in the form.
    Save {
        /// Which.
        id: String,
        /// The mark of the folder that the form was made of.
        mark: String,
        /// What stands there.
        typed: OwnTyped,
    },
    /// Remove one.
    Remove {
        /// Which.
        id: String,
        /// The mark of the folder that was looked at.
        mark: String,
    },
}
