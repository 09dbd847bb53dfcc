//! Where something is saved, and in which form.

use std::path::PathBuf;

/// Where something is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveTo {
    /// The file.
    pub path: PathBuf,
    /// What becomes of one that is there already.
    pub existing: Existing,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is left alone: its path was typed, and nobody has said that it is not wanted any more.
    Keep,
    /// It is replaced: the system's own dialog has asked.
    Replace,
}

/// The form of a saved report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportForm {
    /// A page to print.
    Html,
    /// What is in it, line by line.
    Csv,
    /// The points of its plot.
    Points,
}

impl ReportForm {
    /// All of them with their words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Html, "Page"), (Self::Csv, "CSV"), (Self::Points, "Plot as CSV")];

    /// The end of a file's name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Html => ".html",
            Self::Csv => ".csv",
            Self::Points => "-plot.csv",
        }
    }
}
