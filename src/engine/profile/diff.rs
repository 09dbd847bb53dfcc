//! What two texts differ in, line by line. Knows nothing of what they say.

use std::ops::Range;

/// Lines that are shown around a change.
const AROUND: usize = 3;
/// Most pairs of lines that are compared; where there are more, what differs is shown as a whole.
const MOST_PAIRS: usize = 4_000_000;

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What became of it.
    pub kind: DiffKind,
    /// The line, without its end.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// It is in both.
    Same,
    /// It is in the second only.
    Added,
    /// It is in the first only.
    Removed,
    /// Lines that are in both are left out here; the text says how many.
    Left,
}

/// The lines that differ from `old` to `new`, with some around them; none where nothing does.
#[must_use]
pub fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let all = whole(&old, &new);
    let changed: Vec<usize> = (0..all.len())
        .filter(|at| all.get(*at).is_some_and(|(kind, _)| *kind != DiffKind::Same))
        .collect();
    let mut shown: Vec<Range<usize>> = Vec::new();
    for at in changed {
        let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(all.len());
        match shown.last_mut() {
            Some(last) if last.end >= near.start => last.end = near.end,
            Some(_) | None => shown.push(near),
        }
    }
    let mut lines = Vec::new();
    let mut behind = 0;
    for range in &shown {
        left(&mut lines, range.start - behind);
        let here = all.get(range.clone()).unwrap_or_default();
        lines.extend(
            here.iter().map(|(kind, text)| DiffLine { kind: *kind, text: (*text).to_owned() }),
        );
        behind = range.end;
    }
    if !shown.is_empty() {
        left(&mut lines, all.len() - behind);
    }
    lines
}

fn left(lines: &mut Vec<DiffLine>, count: usize) {
    let text = match count {
        0 => return,
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    };
    lines.push(DiffLine { kind: DiffKind::Left, text });
}

/// Every line of both, once.
fn whole<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(DiffKind, &'t str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) =
        (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let ends = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let old_part = old_rest.get(..old_rest.len() - tail).unwrap_or_default();
    let new_part = new_rest.get(..new_rest.len() - tail).unwrap_or_default();
    let mut all: Vec<(DiffKind, &str)> = Vec::with_capacity(old.len().max(new.len()));
    all.extend(old.iter().take(head).map(|line| (DiffKind::Same, *line)));
    middle(old_part, new_part, &mut all);
    all.extend(old.iter().skip(old.len() - tail).map(|line| (DiffKind::Same, *line)));
    all
}

/// The longest run of lines that both have in this order stays; the rest goes and comes.
fn middle<'t>(old: &[&'t str], new: &[&'t str], all: &mut Vec<(DiffKind, &'t str)>) {
    let width = new.len() + 1;
    let common = (old.len().saturating_mul(new.len()) <= MOST_PAIRS).then(|| {
        // How long that run is from here to the end, for every pair of places.
        let mut lengths = vec![0_u32; (old.len() + 1) * width];
        for (a, one) in old.iter().enumerate().rev() {
            for (b, other) in new.iter().enumerate().rev() {
                let at =
                    |a: usize, b: usize| lengths.get(a * width + b).copied().unwrap_or_default();
                let best = if one == other {
                    at(a + 1, b + 1) + 1
                } else {
                    at(a + 1, b).max(at(a, b + 1))
                };
                if let Some(length) = lengths.get_mut(a * width + b) {
                    *length = best;
                }
            }
        }
        lengths
    });
    let at = |a: usize, b: usize| {
        common.as_ref().and_then(|lengths| lengths.get(a * width + b)).copied().unwrap_or_default()
    };
    let (mut a, mut b) = (0, 0);
    loop {
        match (old.get(a), new.get(b)) {
            (Some(one), Some(other)) if common.is_some() && one == other => {
                all.push((DiffKind::Same, one));
                (a, b) = (a + 1, b + 1);
            }
            (Some(one), Some(_)) if common.is_none() || at(a + 1, b) >= at(a, b + 1) => {
                all.push((DiffKind::Removed, one));
                a += 1;
            }
            (Some(_) | None, Some(other)) => {
                all.push((DiffKind::Added, other));
                b += 1;
            }
            (Some(one), None) => {
                all.push((DiffKind::Removed, one));
                a += 1;
            }
            (None, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(old: &str, new: &str) -> Vec<String> {
        let mark = |line: DiffLine| match line.kind {
            DiffKind::Same => format!(" {}", line.text),
            DiffKind::Added => format!("+{}", line.text),
            DiffKind::Removed => format!("-{}", line.text),
            DiffKind::Left => format!("@{}", line.text),
        };
        diff(old, new).into_iter().map(mark).collect()
    }

    #[test]
    fn what_was_changed_is_shown_with_what_is_around_it() {
        assert_eq!(said("a\nb\nc\n", "a\nB\nc\n"), [" a", "-b", "+B", " c"]);
        assert_eq!(said("a\n", "a\n"), [] as [&str; 0]);
        assert_eq!(said("", "a\nb"), ["+a", "+b"]);
        let long: String = (0..20).map(|n| format!("{n}\n")).collect();
        let other = long.replace("10\n", "ten\n");
        let wanted = ["@7 lines", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13", "@6 lines"];
        assert_eq!(said(&long, &other), wanted);
    }

    #[test]
    fn texts_that_are_too_long_to_compare_are_shown_as_a_whole() {
        let text = |letter: &str| (0..3000).map(|n| format!("{letter}{n}\n")).collect::<String>();
        let lines = diff(&text("a"), &text("b"));
        assert_eq!(lines.len(), 6000);
        assert!(lines.iter().take(3000).all(|line| line.kind == DiffKind::Removed));
    }

    proptest! {
        #[test]
        fn the_second_text_can_be_made_of_the_difference(
            old in proptest::collection::vec("[abc]", 0..30),
            new in proptest::collection::vec("[abc]", 0..30),
        ) {
            let (old, new): (Vec<&str>, Vec<&str>) =
                (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
            let all = whole(&old, &new);
            let of = |kind| all.iter().filter(move |(own, _)| *own == DiffKind::Same || *own == kind);
            let made: Vec<&str> = of(DiffKind::Added).map(|(_, text)| *text).collect();
            let was: Vec<&str> = of(DiffKind::Removed).map(|(_, text)| *text).collect();
            prop_assert_eq!(made, new);
            prop_assert_eq!(was, old);
        }
    }
}
