//! The Discover page: what talks on a bus, with the reasons, and what can be added of it.

use serde::Serialize;

use crate::view::logs::LogId;
use crate::view::offer::Offer;
use crate::view::shown::Tone;

/// Where is listened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoverIn {
    /// On the bus of this name; empty: on the first.
    Bus(String),
    /// In a recording that is open.
    Log(LogId),
}

impl Default for DiscoverIn {
    fn default() -> Self {
        Self::Bus(String::new())
    }
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DiscoveryView {
    /// The bus that is looked at; empty where the profile has none.
    pub bus: String,
    /// The buses that can be looked at.
    pub buses: Vec<String>,
    /// The recordings that can be looked at: where they are open.
    pub logs: Vec<(LogId, String)>,
    /// The recording that is looked at, instead of a bus.
    pub log: Option<LogId>,
    /// "62 ids heard within 12 s".
    pub heard: String,
    /// What to say where nothing was found; empty where something was.
    pub empty: String,
    /// What was found, the surest first.
    pub found: Vec<FoundView>,
    /// The ids that are nobody's, in words; empty where there is none.
    pub unknown: String,
}

/// Something that looks like a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FoundView {
    /// "Prohelion D1000 Gen 1".
    pub title: String,
    /// "at 0x200, serial 61905, firmware 931".
    pub place: String,
    /// "94 %".
    pub score: String,
    /// The same as a share, 0 to 1.
    pub share: f32,
    /// How sure that is.
    pub tone: Tone,
    /// What speaks for it.
    pub good: Vec<String>,
    /// What speaks against it.
    pub bad: Vec<String>,
    /// That it is in the profile already, or that others own some of its ids; empty otherwise.
    pub remark: String,
    /// Opening the form to add it, filled in.
    pub add: Offer,
    /// Id of its kind.
    pub kind: String,
    /// What stands in the fields of the form, by their names.
    pub fields: Vec<(String, String)>,
}
