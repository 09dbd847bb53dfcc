//! What a filter says, as plain values: terms joined by and, or, not. Knows neither text nor frames.

use std::ops::Range;

use super::pattern::Pattern;
use super::token::Op;
use crate::engine::can::frame::{Direction, Kind};

/// A value and where it stands in the text. Two are equal where their values are, wherever they
/// stand.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its place, bytes.
    pub span: Range<usize>,
}

impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A filter, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of these; at least two, none of them [`Expr::All`].
    All(Vec<Expr>),
    /// One of these; at least two, none of them [`Expr::Any`].
    Any(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// One term.
    Term(Placed<Term>),
}

/// A run of whole numbers, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl Stretch {
    /// Whether `number` is in it.
    pub const fn holds(self, number: u64) -> bool {
        self.from <= number && number <= self.to
    }
}

/// Some ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// A run of them, 11 and 29 bits.
    Run(Stretch),
    /// A run of 29-bit ones.
    Extended(Stretch),
    /// Those that have the value's bits where the mask has ones.
    Masked {
        /// The bits.
        value: u32,
        /// Which of them count.
        mask: u32,
    },
    /// All of 11 bits.
    AllStandard,
    /// All of 29 bits.
    AllExtended,
}

/// Where a pattern of bytes stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this byte, counted from 0.
    At(u8),
    /// Anywhere.
    Anywhere,
}

/// Whether something must be so or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It must be so.
    Same,
    /// It must be there and differ.
    Other,
}

/// A byte of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedByte {
    /// Its value, zero where the mask is.
    pub value: u8,
    /// Which bits count: whole halves of the byte.
    pub mask: u8,
}

/// A number with the unit it was written with.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// The number, finite.
    pub value: f64,
    /// The unit; empty for that of the signal.
    pub unit: String,
}

/// What a signal is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Against {
    /// A number.
    Number(Quantity),
    /// Everything from one number to another.
    Between(Quantity, Quantity),
    /// A word of its value table.
    Label(Pattern),
}

/// A comparison of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// How.
    pub op: Op,
    /// With what: any of these for `=`, none of these for `!=`, one number for the others.
    pub against: Vec<Placed<Against>>,
}

/// Seconds, both ends in it; infinite where one is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds {
    /// The first moment.
    pub from: f64,
    /// The last.
    pub to: f64,
}

/// One thing that a frame must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// On one of these buses.
    Bus(Vec<Placed<Pattern>>),
    /// With one of these ids.
    Id(Vec<Ids>),
    /// Going this way.
    Direction(Vec<Direction>),
    /// Of one of these kinds.
    Kind(Vec<Kind>),
    /// Of such a length, bytes.
    Len(Vec<Stretch>),
    /// Of an id that came so often.
    Count(Vec<Stretch>),
    /// With these bytes.
    Bytes {
        /// Where.
        start: Start,
        /// The bytes, at least one.
        pattern: Vec<MaskedByte>,
        /// Whether they must be these or others.
        wanted: Wanted,
    },
    /// With a byte in this run.
    Byte {
        /// Which byte, counted from 0.
        at: u8,
        /// What it may be.
        stretch: Stretch,
    },
    /// With any of these bits set in a byte.
    Bits {
        /// Which byte, counted from 0.
        at: u8,
        /// The bits.
        mask: u8,
    },
    /// Of one of these J1939 parameter groups.
    Group(Vec<Stretch>),
    /// From one of these J1939 source addresses.
    Source(Vec<Stretch>),
    /// Of a message with one of these names.
    Message(Vec<Placed<Pattern>>),
    /// With a signal.
    Signal {
        /// Name of its message; any where not said.
        message: Option<Placed<Pattern>>,
        /// Its name.
        signal: Placed<Pattern>,
        /// What it must say; that it is there where not said.
        check: Option<Check>,
    },
    /// With other bytes than the last of its bus and id.
    Changed,
    /// At a time after the beginning, seconds.
    Time(Vec<Seconds>),
    /// Within the last seconds.
    Since(f64),
    /// With this in its id or one of its names.
    Text(Pattern),
}
