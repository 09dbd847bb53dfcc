//! The one filter language for frames: the table by id, traces, recordings and the API ask in it.
//! Knows frames and the names of buses, messages and signals; no devices, no files, no faces.
//!
//! A [`Filter`] is text that was understood. With a [`Vocabulary`] it is compiled to a [`Sieve`],
//! which asks frames, keeping what it must remember of a stream in a [`Memory`]. What is wrong with a
//! text is one [`Mistake`] with its place; a name that nobody knows (yet) is a warning of the
//! sieve. [`complete`] says what may follow while somebody types.
//!
//! ```text
//! filter  = terms parted by `or`; terms that stand side by side or with `and` must all hold
//! term    = `not` term, `-`term, `!`term, ( filter ), or one of:
//!   id:600..6FF          hex; lists 600,601; masks 600/7F0; std, ext; eight digits mean 29 bits
//!   bus:can* msg:*cell*   names with * and ?, in quotes where they have spaces
//!   sig:PackVoltage>140  also Message.Signal, units (140V), ranges, words of the value table;
//!                        sig:Name alone asks whether it is in the frame; `sig:` may be left out
//!                        before a comparison
//!   dir:rx type:error    rx, tx; data, remote, error, fd
//!   data:12??34          bytes from the first on; data:*1234 anywhere
//!   b3=7F b3>10 b0&80    a byte, counted from 0: equal, above, any of these bits
//!   len:>4 count:>100    numbers and ranges; count is of the table by id only
//!   pgn:FEF2 sa:F4       J1939
//!   changed              other bytes than the last of its bus and id; in the table: lately
//!   time:10..20          seconds from the beginning; not in the table
//!   since:30s            within the last 30 seconds; not in recordings
//!   word "some text"     in the id, the message's name, a signal's name or the bus's name
//! ```
//!
//! Letters count the same in either size. An empty filter lets everything through.

mod compile;
mod complete;
mod expr;
mod fields;
mod kept;
mod memory;
mod mistake;
mod numbers;
mod parse;
mod pattern;
mod recording;
mod run;
mod saved;
mod show;
mod signals;
#[cfg(test)]
mod tests;
mod token;
mod units;
mod vocabulary;
mod words;

use std::fmt;

pub use compile::Scope;
pub use complete::{Completion, complete};
use expr::Expr;
pub use memory::Memory;
pub use mistake::{Mistake, Weight};
pub use recording::Sifter;
pub use run::{Change, RowFacts, Sieve};
pub use saved::{LONGEST_NAME, MOST_SAVED, Saved, SavedFilter, forget, save};
pub use token::LONGEST;
pub use vocabulary::Vocabulary;

/// A filter that was understood. It is written as its plainest text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    expr: Option<Expr>,
}

impl Filter {
    /// Reads a filter. The empty text lets everything through.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        parse::parse(text).map(|expr| Self { expr })
    }

    /// Whether it lets everything through.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// Makes it ready to run over frames of buses with these names.
    ///
    /// # Errors
    /// A term means nothing where the filter is to run.
    pub fn compile(&self, vocabulary: &Vocabulary, scope: Scope) -> Result<Sieve, Mistake> {
        compile::compile(self.expr.as_ref(), vocabulary, scope)
    }
}

/// An example of every kind of term, and what it asks of a frame.
pub fn terms() -> impl Iterator<Item = (&'static str, &'static str)> {
    words::KEYS.iter().map(|word| (word.example, word.says))
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.as_ref().map_or(Ok(()), |expr| expr.fmt(f))
    }
}
