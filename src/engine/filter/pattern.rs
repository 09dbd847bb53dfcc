//! Names with wildcards: `*` stands for any letters, `?` for one. Letters are compared whatever
//! their case. Written bare, or in quotes where a letter would mean something else; `\` before a
//! letter in quotes takes its meaning away.

use std::fmt;

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atom {
    /// This letter.
    Letter(char),
    /// Any letters, or none.
    Any,
    /// One letter.
    One,
}

/// A name with wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(Vec<Atom>);

/// One lower case letter for each letter, which is enough for names.
fn folded(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    letter.to_lowercase().next().unwrap_or(letter)
}

impl Pattern {
    /// Of these parts.
    pub(super) const fn new(atoms: Vec<Atom>) -> Self {
        Self(atoms)
    }

    /// This very name.
    pub(super) fn literal(name: &str) -> Self {
        Self(name.chars().map(Atom::Letter).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no wildcard is in it.
    pub(super) fn is_plain(&self) -> bool {
        self.0.iter().all(|atom| matches!(atom, Atom::Letter(_)))
    }

    /// Whether `text` as a whole is such a name.
    pub fn fits(&self, text: &str) -> bool {
        matches(&self.0, text)
    }

    /// Whether such a name is anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() && self.is_plain() {
            // Nearly all there is, and without going back and forth.
            let wanted = self.0.len();
            let bytes = text.as_bytes();
            return bytes.windows(wanted.max(1)).any(|window| {
                self.0.iter().zip(window).all(|(atom, byte)| match atom {
                    Atom::Letter(letter) => {
                        folded(*letter) == char::from(byte.to_ascii_lowercase())
                    }
                    Atom::Any | Atom::One => true,
                })
            });
        }
        self.anywhere().fits(text)
    }

    /// The same between two stars.
    pub(super) fn anywhere(&self) -> Self {
        let mut wide = vec![Atom::Any];
        wide.extend(&self.0);
        wide.push(Atom::Any);
        Self(wide)
    }

    /// Whether a text of at most `longest` of these letters could have it.
    pub(super) fn could_be_in(&self, longest: usize, letters: impl Fn(char) -> bool) -> bool {
        let least = self.0.iter().filter(|atom| **atom != Atom::Any).count();
        least <= longest
            && self.0.iter().all(|atom| match atom {
                Atom::Letter(letter) => letters(*letter),
                Atom::Any | Atom::One => true,
            })
    }

    /// The letters before the only wildcard, a `*` at the end.
    pub(super) fn beginning(&self) -> Option<String> {
        let (last, lead) = self.0.split_last()?;
        let letters = lead.iter().map(|atom| match atom {
            Atom::Letter(letter) => Some(*letter),
            Atom::Any | Atom::One => None,
        });
        if *last == Atom::Any { letters.collect() } else { None }
    }

    /// Its letters, where it has no wildcard.
    pub(super) fn plain(&self) -> Option<String> {
        let letters = self.0.iter().map(|atom| match atom {
            Atom::Letter(letter) => Some(*letter),
            Atom::Any | Atom::One => None,
        });
        letters.collect()
    }

    /// As it is written where `bare` letters need no quotes.
    pub(super) fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        bare: impl Fn(&[Atom]) -> bool,
    ) -> fmt::Result {
        use fmt::Write;
        let quoted = !bare(&self.0);
        if quoted {
            f.write_char('"')?;
        }
        for atom in &self.0 {
            match atom {
                Atom::Any => f.write_char('*')?,
                Atom::One => f.write_char('?')?,
                Atom::Letter(letter @ ('"' | '\\' | '*' | '?')) if quoted => {
                    write!(f, "\\{letter}")?;
                }
                Atom::Letter(letter) => f.write_char(*letter)?,
            }
        }
        if quoted { f.write_char('"') } else { Ok(()) }
    }
}

/// Whether a name can stand without quotes.
pub(super) fn is_bare_name(atoms: &[Atom]) -> bool {
    let starts = !matches!(atoms.first(), None | Some(Atom::Letter('-')));
    starts
        && atoms.iter().all(|atom| match atom {
            Atom::Any | Atom::One => true,
            Atom::Letter(letter) => letter.is_alphanumeric() || "_-.#+".contains(*letter),
        })
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, is_bare_name)
    }
}

/// Goes back to the last `*` only: each `*` takes as few letters as it can, so no more is needed.
fn matches(atoms: &[Atom], text: &str) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut again: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        let fits = match (atoms.get(at), rest.next()) {
            (Some(Atom::Any), _) => {
                again = Some((at, before.clone()));
                rest = before;
                at += 1;
                continue;
            }
            (None, None) => return true,
            (Some(Atom::One), Some(_)) => true,
            (Some(Atom::Letter(wanted)), Some(letter)) => folded(*wanted) == folded(letter),
            (Some(Atom::One | Atom::Letter(_)), None) | (None, Some(_)) => false,
        };
        if fits {
            at += 1;
            continue;
        }
        let Some((star, mut from)) = again.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        rest = from.clone();
        again = Some((star, from));
        at = star + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let atom = |letter| match letter {
            '*' => Atom::Any,
            '?' => Atom::One,
            letter => Atom::Letter(letter),
        };
        Pattern::new(text.chars().map(atom).collect())
    }

    #[test]
    fn wildcards_stand_for_letters_whatever_the_case() {
        let fits = |wanted: &str, text: &str| pattern(wanted).fits(text);
        assert!(fits("cell*", "CELL_1") && fits("*1", "Cell_1") && fits("c*l*1", "cell_1"));
        assert!(fits("*ab*ab", "abxabab") && fits("a?c", "AbC") && fits("\u{c4}*", "\u{e4}x"));
        assert!(!fits("cell", "cells") && !fits("a?c", "ac") && !fits("*ab", "aba"));
        assert!(fits("**", "") && fits("*", "x") && !fits("?", ""));
    }

    #[test]
    fn a_name_is_found_inside_a_text() {
        assert!(pattern("VOLT").is_in("PackVoltage") && pattern("p*v").is_in("xPackVx"));
        assert!(!pattern("volts").is_in("volt") && pattern("\u{b0}").is_in("x\u{b0}C"));
    }
}
