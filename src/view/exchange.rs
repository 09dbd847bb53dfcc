//! What would become of a profile pack that somebody has brought, and what may go along in one.

use serde::Serialize;

use crate::view::offer::Offer;
use crate::view::shown::Tone;

/// A profile pack that is looked at before it is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackView {
    /// What its profile would be called.
    pub name: String,
    /// "2 new, 1 changed".
    pub summary: String,
    /// Everything that is in it.
    pub rows: Vec<PackRow>,
    /// What its profile needs and is neither in it nor here, in sentences.
    pub lacks: Vec<String>,
    /// What becomes of its recordings.
    pub recordings: CarryRow,
    /// "Take it".
    pub take: Offer,
    /// The mark of all this: whoever takes it names it.
    pub mark: String,
}

/// What becomes of the recordings of a profile pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CarryRow {
    /// How many there are.
    pub count: usize,
    /// Whether they are left out.
    pub left: bool,
    /// Why whoever looks cannot have them.
    pub why_not: Option<String>,
}

/// A part of a profile pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackRow {
    /// "device folder".
    pub what: &'static str,
    /// What it is called.
    pub name: String,
    /// "changed".
    pub state: &'static str,
    /// How that is coloured.
    pub tone: Tone,
    /// What would become of it, in a sentence.
    pub means: &'static str,
}

/// Recordings that are offered to go along in a pack: so many of the newest.
pub const MOST_OFFERED: usize = 100;

/// A recording of the folder that may go along in a profile pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlongRow {
    /// The name of its file.
    pub name: String,
    /// "12 MB".
    pub size: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// Why it cannot go along.
    pub why_not: Option<&'static str>,
}
