//! The filter box: what is wrong with its text, and what may follow where somebody types. The filters
//! that a person keeps are the engine's.

use serde::Serialize;

pub use crate::engine::{LONGEST_NAME, MOST_SAVED, SavedFilter};
use crate::view::shown::Tone;

/// What stands at and below the box.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FilterView {
    /// Whether the filter is at work.
    pub state: FilterState,
    /// What is wrong with it, the worst first.
    pub mistakes: Vec<MistakeView>,
    /// What may follow at the cursor, best first.
    pub completions: Vec<CompletionView>,
}

/// Whether a filter is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterState {
    /// There is none.
    #[default]
    Empty,
    /// It is.
    Applied,
    /// It cannot be read, so everything is shown.
    Refused,
}

/// One mistake.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MistakeView {
    /// Fault where the filter cannot be used, warning where a name is not known.
    pub tone: Tone,
    /// What is wrong and what was probably meant, in a sentence; and what that means.
    pub text: String,
    /// The filter before what is wrong, its beginning cut off where it is long.
    pub before: String,
    /// What is wrong; empty where something is missing.
    pub wrong: String,
    /// The filter after it, its end cut off where it is long.
    pub after: String,
    /// The whole filter as it was probably meant.
    pub mended: Option<String>,
}

/// Something that may follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CompletionView {
    /// Where what it replaces begins, bytes of the filter.
    pub from: usize,
    /// Where that ends.
    pub to: usize,
    /// What is written there.
    pub text: String,
    /// What it is.
    pub says: String,
}

/// A line of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HelpLine {
    /// A filter that works.
    pub example: &'static str,
    /// What it asks.
    pub says: &'static str,
}

/// The filters that somebody keeps, and what is asked about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptFilters {
    /// Those that are kept, by name.
    pub list: Vec<SavedFilter>,
    /// What was asked and has not been handed on.
    pub asked: Vec<FilterAsk>,
}

/// Something asked for about kept filters. What came of it is said above the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterAsk {
    /// Keep this one; one of the same name is replaced.
    Keep(SavedFilter),
    /// Forget the one of this name.
    Forget(String),
    /// Keep those that were kept elsewhere before, where none of the same name is kept.
    TakeOver {
        /// The filters.
        earlier: Vec<SavedFilter>,
        /// The names of those that were tried at an earlier start: nothing is said of them any more.
        told: Vec<String>,
    },
}
