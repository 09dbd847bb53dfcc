//! The filter box: what is wrong with its text, what may follow where somebody types, and the
//! filters that a person keeps.

use serde::{Deserialize, Serialize};

use crate::view::shown::Tone;

/// Most filters that are kept.
pub const MOST_SAVED: usize = 50;
/// Longest name of one, characters.
pub const LONGEST_NAME: usize = 60;

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

/// A filter that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedFilter {
    /// What a person calls it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Whether a filter was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was.
    Kept,
    /// It took the place of another of that name.
    Replaced,
    /// There is no name, or nothing to keep.
    Nothing,
    /// There are too many; one must be forgotten first.
    Full,
}

/// Keeps a filter by a name, in the order of names. Names count the same in either size.
pub fn save(kept: &mut Vec<SavedFilter>, name: &str, text: &str) -> Saved {
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let text = text.trim();
    if name.is_empty() || text.is_empty() {
        return Saved::Nothing;
    }
    let folded = name.to_lowercase();
    if let Some(same) = kept.iter_mut().find(|one| one.name.to_lowercase() == folded) {
        *same = SavedFilter { name, text: text.to_owned() };
        return Saved::Replaced;
    }
    if kept.len() >= MOST_SAVED {
        return Saved::Full;
    }
    kept.push(SavedFilter { name, text: text.to_owned() });
    kept.sort_by_key(|one| one.name.to_lowercase());
    Saved::Kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_kept_by_name_in_order_and_not_without_end() {
        let mut kept = Vec::new();
        assert_eq!(save(&mut kept, " ", "id:600"), Saved::Nothing);
        assert_eq!(save(&mut kept, "Pack", " "), Saved::Nothing);
        assert_eq!(save(&mut kept, "Pack", "id:600"), Saved::Kept);
        assert_eq!(save(&mut kept, "cells", " msg:cell* "), Saved::Kept);
        assert_eq!(save(&mut kept, "pack", "id:6FA"), Saved::Replaced);
        let shown: Vec<(&str, &str)> =
            kept.iter().map(|one| (one.name.as_str(), one.text.as_str())).collect();
        assert_eq!(shown, [("cells", "msg:cell*"), ("pack", "id:6FA")]);
        for n in 0..MOST_SAVED {
            save(&mut kept, &format!("f{n}"), "id:1");
        }
        assert_eq!((kept.len(), save(&mut kept, "x", "id:1")), (MOST_SAVED, Saved::Full));
    }
}
