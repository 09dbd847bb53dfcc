//! What is wrong with a filter, in words and with its place; and the nearest word that is known.
//! Knows no grammar.

use std::ops::Range;

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The filter works; a name in it is not known, or not yet.
    Warning,
    /// The filter cannot be used.
    Error,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// How bad it is.
    pub weight: Weight,
    /// Where in the text it stands, bytes; at most as long as the text, on boundaries of characters.
    pub span: Range<usize>,
    /// One sentence: what is wrong, and what was probably meant.
    pub text: String,
    /// What to write in place of [`Self::span`] to mend it, where that is known.
    pub instead: Option<String>,
}

impl Mistake {
    /// A mistake that makes the filter useless.
    pub(super) fn error(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { weight: Weight::Error, span, text: text.into(), instead: None }
    }

    /// A name that is not known.
    pub(super) fn warning(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, span, text: text.into(), instead: None }
    }

    /// The same with what was probably meant, which the sentence names too.
    pub(super) fn meant(mut self, instead: Option<String>) -> Self {
        if let Some(word) = &instead {
            let said = self.text.trim_end_matches('.');
            self.text = format!("{said}; did you mean `{word}`?");
        }
        self.instead = instead;
        self
    }

    /// The same with what mends it; the sentence says so already.
    pub(super) fn mended_by(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }

    /// The text that the mistake is about, in lines for a terminal: the filter, and marks below it.
    #[must_use]
    pub fn marked(&self, filter: &str) -> String {
        let before = filter.get(..self.span.start).unwrap_or_default().chars().count();
        let wrong = filter.get(self.span.clone()).unwrap_or_default().chars().count().max(1);
        format!("{filter}\n{}{}", " ".repeat(before), "^".repeat(wrong))
    }
}

/// Most names that are looked through for what was probably meant.
const LOOKED_THROUGH: usize = 4096;
/// Longest word that is compared, in characters.
const COMPARED: usize = 48;

/// The word of `known` that is nearest to `typed`, whatever the case; `None` where none is near.
pub(super) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().flat_map(char::to_lowercase).take(COMPARED).collect();
    let allowed = (typed.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for word in known.into_iter().take(LOOKED_THROUGH) {
        let other: Vec<char> = word.chars().flat_map(char::to_lowercase).take(COMPARED).collect();
        if other.len().abs_diff(typed.len()) > allowed {
            continue;
        }
        let steps = distance(&typed, &other);
        if steps <= allowed && best.is_none_or(|(least, _)| steps < least) {
            best = Some((steps, word));
        }
    }
    best.map(|(_, word)| word)
}

/// The beginning of a word of `known` that is nearest to `typed`, for `typed*`.
pub(super) fn nearest_beginning<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = typed.chars().count();
    let starts = known.into_iter().take(LOOKED_THROUGH / 3).flat_map(|word| {
        [length.saturating_sub(1), length, length + 1].into_iter().filter_map(move |chars| {
            let end = word.char_indices().nth(chars).map_or(word.len(), |(at, _)| at);
            word.get(..end).filter(|start| !start.is_empty())
        })
    });
    nearest(typed, starts)
}

/// Letters to put in, take out, change or swap with their neighbour to make one of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, &left) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, &right) in b.iter().enumerate() {
            let at = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&above, column) + usize::from(left != right))
                .min(at(&above, column + 1) + 1)
                .min(at(&line, column) + 1);
            let swapped = row > 0
                && column > 0
                && a.get(row - 1) == Some(&right)
                && b.get(column - 1) == Some(&left);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_through_swaps_and_slips_but_not_from_afar() {
        let known = ["bus", "id", "msg", "sig", "changed"];
        assert_eq!(nearest("BSU", known), Some("bus"));
        assert_eq!(nearest("chnaged", known), Some("changed"));
        assert_eq!(nearest("mesg", known), Some("msg"));
        assert_eq!(nearest("voltage", known), None);
        assert_eq!(nearest_beginning("celll", ["Heartbeat", "Cells_1"]), Some("Cell"));
    }

    #[test]
    fn marks_stand_below_what_is_wrong_also_after_wide_letters() {
        let mistake = Mistake::error(5..7, "Wrong.");
        assert_eq!(mistake.marked("\u{e4}\u{f6} xx"), "\u{e4}\u{f6} xx\n   ^^");
    }
}
