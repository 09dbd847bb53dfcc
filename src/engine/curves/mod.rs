//! What signals did over time: gathered from a tape by a thread of its own, kept so that drawing costs
//! what the picture is wide, and bounded. Knows tapes and codecs; no plant, no faces.

mod gather;
mod series;
mod study;
mod table;

pub use gather::{Curves, LineState, Wanted};
pub use series::{Joint, Point, Series};
pub use study::{Group, SignalStudy, Study};
pub use table::{Column, Take, table};

use crate::base::id::BusId;
use crate::engine::can::frame::{Direction, Id};

/// A signal of a message on a bus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The bus.
    pub bus: BusId,
    /// The id of the message.
    pub id: Id,
    /// The name of the signal.
    pub signal: String,
}

/// An id in one direction on a bus, whose frames are looked at closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The bus.
    pub bus: BusId,
    /// The id.
    pub id: Id,
    /// Which way its frames go.
    pub direction: Direction,
}
