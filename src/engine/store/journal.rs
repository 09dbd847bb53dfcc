//! The journal: every sign-in, refusal, change and command, append-only, each line chained to the
//! one before by SHA-256.

use std::net::IpAddr;

use serde::Serialize;

use crate::base::time::Wall;
use crate::engine::store::{Reading, StoreError, Writing};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Asked of the hub; another line says how it ended.
    Asked,
    /// Done.
    Done,
    /// Refused: the permission, the password or something else was missing.
    Refused,
    /// Tried, and not done.
    Failed,
}

/// A line to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Wall,
    /// Who, in words.
    pub who: String,
    /// Through which face: [`Face::code`](crate::engine::access::grant::Face::code).
    pub face: &'static str,
    /// From which address.
    pub address: Option<IpAddr>,
    /// What: the name of an order, or `sign_in`, `sign_out`, `redeem_link`.
    pub action: &'static str,
    /// On what.
    pub target: String,
    /// What was there before, as a JSON object of the fields that changed; never a secret.
    pub before: Option<serde_json::Value>,
    /// What is there now.
    pub after: Option<serde_json::Value>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub note: Option<String>,
    /// The line that this one is the outcome of.
    pub of: Option<u64>,
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    #[serde(skip)]
    pub at: Wall,
    /// Who.
    pub who: String,
    /// Through which face.
    pub face: String,
    /// From which address.
    pub address: Option<String>,
    /// What.
    pub action: String,
    /// On what.
    pub target: String,
    /// What was there before.
    pub before: Option<serde_json::Value>,
    /// What was there after.
    pub after: Option<serde_json::Value>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub note: Option<String>,
    /// The line that this one is the outcome of.
    pub of: Option<u64>,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// Which lines are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of who.
    pub who: Option<String>,
    /// Action, whole.
    pub action: Option<String>,
    /// Part of the target.
    pub target: Option<String>,
    /// Not before.
    pub from: Option<Wall>,
    /// Before.
    pub until: Option<Wall>,
    /// Anywhere in the line.
    pub text: Option<String>,
    /// Outcome.
    pub outcome: Option<Outcome>,
}

/// Some lines, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page begins: lines with a smaller number.
    pub next: Option<u64>,
}

/// What the check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line fits.
    Whole {
        /// How many.
        lines: u64,
        /// The hash of the last one, to compare with one noted elsewhere.
        head: Option<String>,
    },
    /// A line does not fit.
    Broken {
        /// The first such line.
        seq: u64,
        /// What is wrong, in a sentence.
        why: String,
    },
}

/// Writes a line and returns its number.
///
/// # Errors
/// It cannot be written.
pub fn append(_writing: &Writing<'_>, _entry: &Entry) -> Result<u64, StoreError> {
    todo!()
}

/// Lines that `filter` wants with numbers below `before`, newest first, at most `limit`.
///
/// # Errors
/// The database refuses.
pub fn page(
    _reading: &Reading<'_>,
    _filter: &Filter,
    _before: Option<u64>,
    _limit: usize,
) -> Result<Page, StoreError> {
    todo!()
}

/// Hands every line that `filter` wants to `take`, oldest first, until it says stop.
///
/// # Errors
/// The database refuses.
pub fn each(
    _reading: &Reading<'_>,
    _filter: &Filter,
    _take: &mut dyn FnMut(Line) -> std::ops::ControlFlow<()>,
) -> Result<(), StoreError> {
    todo!()
}

/// Checks the whole chain.
///
/// # Errors
/// The database refuses.
pub fn verify(_reading: &Reading<'_>) -> Result<Verdict, StoreError> {
    todo!()
}
