//! Text to tokens with their places. Every text gives tokens or one mistake; nothing here knows
//! what a word means.

use std::ops::Range;

use super::mistake::Mistake;
use super::pattern::Atom;

/// Longest filter, bytes.
pub const LONGEST: usize = 2000;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    Differs,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Op {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Differs => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A bare word.
    Word,
    /// A text in quotes, already freed of them.
    Quoted(Vec<Atom>),
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// A comparison.
    Op(Op),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `!`, or `-` before a term.
    Not,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
    /// Whether it follows the one before without a space.
    pub glued: bool,
}

/// Cuts a filter into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    if text.len() > LONGEST {
        let said = format!("A filter has at most {LONGEST} bytes; this one has {}.", text.len());
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        return Err(Mistake::error(end..text.len(), said));
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        let glued = tokens.last().is_some_and(|token| token.span.end == at);
        let expects_value = tokens.last().is_some_and(|token| match token.kind {
            Kind::Op(_) => true,
            Kind::Colon | Kind::Comma => glued,
            Kind::Word | Kind::Quoted(_) | Kind::Open | Kind::Close | Kind::Not => false,
        });
        let (kind, end) = next(text, at, letter, expects_value)?;
        tokens.push(Token { kind, span: at..end, glued });
        at = end;
    }
    Ok(tokens)
}

/// The token that begins at `at` with `letter`, and its end.
fn next(text: &str, at: usize, letter: char, is_value: bool) -> Result<(Kind, usize), Mistake> {
    let rest = text.get(at..).unwrap_or_default();
    let after = rest.chars().nth(1);
    let single = |kind| Ok((kind, at + 1));
    let double = |kind| Ok((kind, at + 2));
    match (letter, after) {
        ('(', _) => single(Kind::Open),
        (')', _) => single(Kind::Close),
        (':', _) => single(Kind::Colon),
        (',', _) => single(Kind::Comma),
        ('"', _) => quoted(text, at),
        ('!', Some('=')) => double(Kind::Op(Op::Differs)),
        ('!', _) => single(Kind::Not),
        ('<', Some('=')) => double(Kind::Op(Op::AtMost)),
        ('<', _) => single(Kind::Op(Op::Less)),
        ('>', Some('=')) => double(Kind::Op(Op::AtLeast)),
        ('>', _) => single(Kind::Op(Op::More)),
        ('=', Some('=')) => double(Kind::Op(Op::Equal)),
        ('=', _) => single(Kind::Op(Op::Equal)),
        ('-', Some(next)) if !is_value && !next.is_whitespace() => single(Kind::Not),
        (_, _) => Ok((Kind::Word, at + word(rest))),
    }
}

/// Length of the word that `rest` begins with, bytes; at least one letter.
fn word(rest: &str) -> usize {
    let mut letters = rest.char_indices().peekable();
    letters.next();
    for (at, letter) in letters {
        let ends = letter.is_whitespace()
            || "():,\"=<>".contains(letter)
            || (letter == '!' && rest.get(at + 1..).is_some_and(|more| more.starts_with('=')));
        if ends {
            return at;
        }
    }
    rest.len()
}

/// A text in quotes that begins at `start`.
fn quoted(text: &str, start: usize) -> Result<(Kind, usize), Mistake> {
    let mut atoms = Vec::new();
    let mut letters = text.get(start + 1..).unwrap_or_default().char_indices();
    while let Some((at, letter)) = letters.next() {
        let atom = match letter {
            '"' => return Ok((Kind::Quoted(atoms), start + at + 2)),
            '*' => Atom::Any,
            '?' => Atom::One,
            '\\' => match letters.next() {
                Some((_, letter)) => Atom::Letter(letter),
                None => break,
            },
            letter => Atom::Letter(letter),
        };
        atoms.push(atom);
    }
    Err(Mistake::error(start..text.len(), "This quote is not closed; put a `\"` at its end."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).unwrap().iter().map(|token| &text[token.span.clone()]).collect()
    }

    #[test]
    fn a_text_is_cut_where_meaning_changes() {
        assert_eq!(
            words("bus:can0 (id:600..6ff,7?0)"),
            ["bus", ":", "can0", "(", "id", ":", "600..6ff", ",", "7?0", ")"]
        );
        assert_eq!(
            words("sig:I>=-5 -x !y a-b b3!=7F"),
            ["sig", ":", "I", ">=", "-5", "-", "x", "!", "y", "a-b", "b3", "!=", "7F"]
        );
        assert_eq!(words("msg:\"a \\\" b\"x"), ["msg", ":", "\"a \\\" b\"", "x"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_shown_from_its_beginning() {
        let mistake = tokens("id:1 \"open").unwrap_err();
        assert_eq!(mistake.span, 5..10);
        assert!(tokens(&"\u{e4}".repeat(LONGEST)).unwrap_err().text.contains("2000 bytes"));
    }
}
