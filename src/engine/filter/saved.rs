//! Filters that somebody keeps by a name: how many, how long, in which order. Does not know who keeps
//! them and where.

use serde::{Deserialize, Serialize};

/// Most filters that are kept.
pub const MOST_SAVED: usize = 50;
/// Longest name of one, characters.
pub const LONGEST_NAME: usize = 60;

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

/// Takes the filter of this name away, and gives it.
pub fn forget(kept: &mut Vec<SavedFilter>, name: &str) -> Option<SavedFilter> {
    let folded = name.trim().to_lowercase();
    let at = kept.iter().position(|one| one.name.to_lowercase() == folded)?;
    Some(kept.remove(at))
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
        assert_eq!(forget(&mut kept, "nobody's"), None);
        assert_eq!(forget(&mut kept, "Pack").map(|one| one.text), Some("id:6FA".to_owned()));
        for n in 0..MOST_SAVED {
            save(&mut kept, &format!("f{n}"), "id:1");
        }
        assert_eq!((kept.len(), save(&mut kept, "x", "id:1")), (MOST_SAVED, Saved::Full));
    }
}
