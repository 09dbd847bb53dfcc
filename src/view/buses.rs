//! The buses: how each is doing, what its controller is set to, and what can be done to it.

use serde::Serialize;

use crate::view::offer::{Grave, Offer};
use crate::view::shown::Tone;

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BusesView {
    /// The buses of the running profile.
    pub buses: Vec<BusSheet>,
}

/// A bus.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BusSheet {
    /// Its name.
    pub name: String,
    /// "running", "bus off".
    pub state: String,
    /// Colour of the dot before it.
    pub tone: Tone,
    /// "socketcan:can0".
    pub address: String,
    /// What is wrong and what to do; empty where nothing is.
    pub sentence: String,
    /// What it is doing: load, rates, counters.
    pub doing: Vec<Fact>,
    /// How it is set.
    pub set: Vec<Fact>,
    /// Starting its controller anew; `None` where it has none.
    pub restart: Option<Offer>,
    /// Looking for its bit rate; `None` where it has none.
    pub scan: Option<Grave>,
    /// What goes on or what came of it, in a sentence; empty where there is nothing to say.
    pub said: String,
    /// What every rate of the last search brought.
    pub tried: Vec<TriedRow>,
}

/// One thing that is known of a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// "Load".
    pub label: String,
    /// "43 %".
    pub value: String,
    /// Colour of the value.
    pub tone: Tone,
}

/// What one rate brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TriedRow {
    /// "500 kbit/s".
    pub rate: String,
    /// "124 frames, no errors".
    pub heard: String,
    /// It is the one.
    pub tone: Tone,
}
