//! Composes the filter box, and makes its text ready to pick frames.

use std::sync::Arc;

use crate::engine::{Mistake, Scope, Sieve, Vocabulary, Weight, complete, terms};
use crate::view::filter::{CompletionView, FilterState, FilterView, HelpLine, MistakeView};
use crate::view::shown::Tone;

/// Most letters of the filter that are shown before and after what is wrong.
const AROUND: usize = 40;
/// Most mistakes that are shown.
const SHOWN: usize = 4;

/// A filter that is ready to run, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What picks; everything where the text cannot be read.
    pub sieve: Arc<Sieve>,
    /// What the box shows.
    pub view: FilterView,
}

/// What is said once a filter is kept.
#[must_use]
pub fn kept(name: &str) -> String {
    format!("Filter \u{201c}{name}\u{201d} is kept.")
}

/// What is said once a filter is forgotten.
#[must_use]
pub fn forgotten(name: &str) -> String {
    format!("Filter \u{201c}{name}\u{201d} is forgotten.")
}

/// Makes a filter ready. `cursor` is where somebody types, a byte of `text`; nothing is completed
/// where nobody does.
#[must_use]
pub fn prepare(
    text: &str,
    cursor: Option<usize>,
    vocabulary: &Vocabulary,
    scope: Scope,
) -> Prepared {
    let read = vocabulary.sieve(text, scope);
    let completions = cursor.map(|at| complete(text, at, vocabulary)).unwrap_or_default();
    let completions = completions
        .into_iter()
        .map(|one| CompletionView {
            from: one.span.start,
            to: one.span.end,
            text: one.text,
            says: one.says,
        })
        .collect();
    let (sieve, state, mistakes) = match read {
        Ok(sieve) => {
            let shown = sieve.warnings().iter().take(SHOWN);
            let mistakes = shown.map(|warning| mistake(text, warning)).collect();
            let empty = text.trim().is_empty();
            let state = if empty { FilterState::Empty } else { FilterState::Applied };
            (sieve, state, mistakes)
        }
        Err(error) => {
            (Arc::new(Sieve::everything()), FilterState::Refused, vec![mistake(text, &error)])
        }
    };
    Prepared { sieve, view: FilterView { state, mistakes, completions } }
}

fn mistake(text: &str, mistake: &Mistake) -> MistakeView {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let (start, end) = (mistake.span.start, mistake.span.end);
    let (before, wrong, after) = (part(0, start), part(start, end), part(end, text.len()));
    let (tone, said) = match mistake.weight {
        Weight::Error => (Tone::Fault, format!("{} Until then everything is shown.", mistake.text)),
        Weight::Warning => (Tone::Warning, mistake.text.clone()),
    };
    MistakeView {
        tone,
        text: said,
        before: ending(before),
        wrong: beginning(wrong),
        after: beginning(after),
        mended: mistake.instead.as_ref().map(|instead| format!("{before}{instead}{after}")),
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(AROUND) {
        Some((end, _)) => format!("{}\u{2026}", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn ending(text: &str) -> String {
    match text.char_indices().rev().nth(AROUND) {
        Some((start, letter)) => {
            let from = start + letter.len_utf8();
            format!("\u{2026}{}", text.get(from..).unwrap_or_default())
        }
        None => text.to_owned(),
    }
}

/// What may be asked, a line for each kind of term.
pub fn help() -> impl Iterator<Item = HelpLine> {
    let joined = [
        ("b3=7F b3>10 b0&80", "a byte, counted from 0: equal, above, any of these bits"),
        ("changed", "other bytes than the last of its bus and id"),
        ("voltage \"two words\"", "in the id or a name"),
        ("id:600 or not (dir:tx len:8)", "joined by and, or, not; a space says and"),
    ];
    let terms = terms().map(|(example, says)| HelpLine { example, says });
    terms.chain(joined.into_iter().map(|(example, says)| HelpLine { example, says }))
}

/// What is wrong with a filter in one sentence with its place, for programs and terminals.
#[must_use]
pub fn said(text: &str, mistake: &Mistake) -> String {
    let before = text.get(..mistake.span.start).unwrap_or_default().chars().count();
    format!("At character {} of the filter: {}", before + 1, mistake.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Filter;

    fn view(text: &str) -> FilterView {
        prepare(text, Some(text.len()), &Vocabulary::new(), Scope::Table).view
    }

    #[test]
    fn a_mistake_is_marked_in_its_place_with_the_filter_that_was_meant() {
        let view = view("id:600 mgs:cell*");
        assert_eq!(view.state, FilterState::Refused);
        let [one] = view.mistakes.as_slice() else { panic!("{view:?}") };
        assert_eq!(
            (one.tone, one.before.as_str(), one.wrong.as_str()),
            (Tone::Fault, "id:600 ", "mgs:")
        );
        assert_eq!(one.mended.as_deref(), Some("id:600 msg:cell*"));
        assert!(one.text.ends_with("did you mean `msg:`? Until then everything is shown."));
    }

    #[test]
    fn a_name_that_nobody_knows_is_a_warning_and_the_filter_works() {
        let view = view("msg:cell*");
        assert_eq!(view.state, FilterState::Applied);
        assert_eq!(view.mistakes.first().map(|one| one.tone), Some(Tone::Warning));
        assert_eq!(super::tests::view("  ").state, FilterState::Empty);
    }

    #[test]
    fn a_long_filter_is_shown_around_what_is_wrong() {
        let long = format!("{}zz:1 {}", "id:600 ".repeat(20), "id:601 ".repeat(20));
        let view = view(&long);
        let one = view.mistakes.first().unwrap();
        assert!(one.before.starts_with('\u{2026}') && one.before.chars().count() == AROUND + 1);
        assert!(one.after.ends_with('\u{2026}') && one.wrong == "zz:");
    }

    #[test]
    fn every_example_of_the_help_can_be_read() {
        assert!(help().count() > 15);
        for line in help() {
            assert_eq!(Filter::parse(line.example).map(|_| ()), Ok(()), "{}", line.example);
        }
    }

    #[test]
    fn what_is_typed_is_completed_at_the_cursor() {
        let offered = view("dir:r").completions;
        assert_eq!((offered[0].text.as_str(), offered[0].from, offered[0].to), ("rx", 4, 5));
        let none = prepare("dir:r", None, &Vocabulary::new(), Scope::Table);
        assert!(none.view.completions.is_empty());
    }
}
