//! Something that is wrong with a piece of input: where, how bad, and what was done about it.

use std::io;

use serde::Serialize;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing was lost.
    Note,
    /// Something was corrected or guessed.
    Warning,
    /// Something was left out.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What the system says, behind the reason in plain words where it is one that everybody meets.
#[must_use]
pub fn system_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => format!("the disk is full: {error}"),
        io::ErrorKind::QuotaExceeded => format!("no more may be kept here: {error}"),
        _ => error.to_string(),
    }
}

/// One problem of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line in the input, from 1; 0 where the whole input is meant.
    pub line: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what was done, one sentence.
    pub text: String,
}
