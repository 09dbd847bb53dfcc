//! Tokens to an expression: and, or, not, parentheses. What a single term says is in `fields`.
//! Depth and number of terms are limited; every text gives an expression or one mistake.

use std::ops::Range;

use super::expr::{Expr, Placed, Term};
use super::fields;
use super::mistake::{Mistake, nearest};
use super::pattern::{Atom, Pattern};
use super::token::{Kind, Op, Token, tokens};
use super::words;

/// Deepest nesting of parentheses and `not`.
pub const DEEPEST: usize = 32;
/// Most terms of a filter.
pub const MOST_TERMS: usize = 200;

/// Reads a filter; `None` where it is empty and so lets everything through.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, Mistake> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { text, tokens, at: 0, terms: 0 };
    let expr = parser.any(0)?;
    match parser.peek() {
        None => Ok(Some(expr)),
        Some(token) => Err(match token.kind {
            Kind::Close => {
                let span = token.span.clone();
                Mistake::error(span, "There is no `(` for this `)`; take it out.").mended_by("")
            }
            Kind::Word
            | Kind::Quoted(_)
            | Kind::Colon
            | Kind::Comma
            | Kind::Op(_)
            | Kind::Open
            | Kind::Not => Mistake::error(token.span.clone(), "This cannot stand here."),
        }),
    }
}

/// A word between terms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    And,
    Or,
    Not,
}

/// A value of a term.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its letters, and whether each stood in quotes.
    pub atoms: Vec<(Atom, Quotes)>,
    pub span: Range<usize>,
}

/// Whether a letter stood in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Inside,
    Outside,
}

impl Piece {
    /// As a name with wildcards.
    pub fn pattern(&self) -> Pattern {
        Pattern::new(self.atoms.iter().map(|(atom, _)| *atom).collect())
    }

    /// As plain text, wildcards as they are written.
    pub fn text(&self) -> String {
        let letter = |(atom, _): &(Atom, Quotes)| match atom {
            Atom::Letter(letter) => *letter,
            Atom::Any => '*',
            Atom::One => '?',
        };
        self.atoms.iter().map(letter).collect()
    }

    /// Whether all of it stood in quotes.
    pub fn is_quoted(&self) -> bool {
        self.atoms.iter().all(|(_, quotes)| *quotes == Quotes::Inside)
    }
}

/// Reads tokens from the left to the right.
pub(super) struct Parser<'t> {
    pub text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
}

impl Parser<'_> {
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// The place of the token before the next one.
    pub fn last_span(&self) -> Range<usize> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0..0, |token| token.span.clone())
    }

    /// The comparison that comes next, if one does.
    pub fn op(&mut self) -> Option<Op> {
        match self.peek()?.kind {
            Kind::Op(op) => {
                self.at += 1;
                Some(op)
            }
            Kind::Word
            | Kind::Quoted(_)
            | Kind::Colon
            | Kind::Comma
            | Kind::Open
            | Kind::Close
            | Kind::Not => None,
        }
    }

    fn joint(&self) -> Option<Joint> {
        let token = self.peek().filter(|token| token.kind == Kind::Word)?;
        match self.text.get(token.span.clone())?.to_ascii_lowercase().as_str() {
            "and" | "&&" => Some(Joint::And),
            "or" | "||" => Some(Joint::Or),
            "not" => Some(Joint::Not),
            _ => None,
        }
    }

    fn any(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let mut parts = vec![self.all(depth)?];
        while self.joint() == Some(Joint::Or) {
            self.at += 1;
            parts.push(self.all(depth)?);
        }
        let flat = parts.into_iter().flat_map(|part| match part {
            Expr::Any(inner) => inner,
            other => vec![other],
        });
        Ok(joined(flat.collect(), Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let mut parts = vec![self.one(depth)?];
        loop {
            match self.joint() {
                Some(Joint::Or) => break,
                Some(Joint::And) => self.at += 1,
                Some(Joint::Not) => {}
                None if self.peek().is_none_or(|token| token.kind == Kind::Close) => break,
                None => {}
            }
            parts.push(self.one(depth)?);
        }
        let flat = parts.into_iter().flat_map(|part| match part {
            Expr::All(inner) => inner,
            other => vec![other],
        });
        Ok(joined(flat.collect(), Expr::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let Some(token) = self.peek() else { return Err(self.nothing_follows()) };
        let span = token.span.clone();
        if depth > DEEPEST {
            let said = format!("This is nested too deeply; {DEEPEST} levels are the most.");
            return Err(Mistake::error(span, said));
        }
        let is_not = self.joint() == Some(Joint::Not) || token.kind == Kind::Not;
        if is_not {
            self.at += 1;
            return Ok(Expr::Not(Box::new(self.one(depth + 1)?)));
        }
        match token.kind {
            Kind::Open => {
                self.at += 1;
                let inner = self.any(depth + 1)?;
                if self.peek().is_none_or(|token| token.kind != Kind::Close) {
                    return Err(Mistake::error(span, "This `(` is not closed; put a `)`."));
                }
                self.at += 1;
                Ok(inner)
            }
            Kind::Close if self.at > 0 => Err(self.nothing_follows()),
            Kind::Close => {
                Err(Mistake::error(span, "There is no `(` for this `)`; take it out.")
                    .mended_by(""))
            }
            Kind::Colon => Err(Mistake::error(
                span,
                "A word such as `id` must stand right before a colon, without a space.",
            )),
            Kind::Comma => Err(Mistake::error(
                span,
                "Lists stand after a word with a colon, such as `id:600,601`.",
            )),
            Kind::Op(op) => Err(Mistake::error(
                span,
                format!("The name of a signal must stand before `{}`.", op.sign()),
            )),
            Kind::Word | Kind::Quoted(_) | Kind::Not => self.term(),
        }
    }

    /// What is said where something must follow and nothing does.
    fn nothing_follows(&self) -> Mistake {
        let span = self.last_span();
        let word = self.text.get(span.clone()).unwrap_or_default();
        Mistake::error(span, format!("Something must follow after `{word}`."))
    }

    fn term(&mut self) -> Result<Expr, Mistake> {
        self.terms += 1;
        let Some(first) = self.peek().cloned() else { return Err(self.nothing_follows()) };
        if self.terms > MOST_TERMS {
            let said = format!("A filter has at most {MOST_TERMS} terms.");
            return Err(Mistake::error(first.span, said));
        }
        if self.joint().is_some() {
            let word = self.text.get(first.span.clone()).unwrap_or_default();
            let said =
                format!("`{word}` stands between two terms; put quotes around it to look for it.");
            return Err(Mistake::error(first.span, said));
        }
        self.at += 1;
        let (is_colon, is_op) = match self.peek() {
            Some(next) => {
                (next.kind == Kind::Colon && next.glued, matches!(next.kind, Kind::Op(_)))
            }
            None => (false, false),
        };
        let term = if is_colon {
            self.keyed(&first)?
        } else if is_op {
            fields::compared(self, &first)?
        } else {
            fields::bare(self.text, &first)?
        };
        let span = first.span.start..self.last_span().end;
        let place = |term: Term| Expr::Term(Placed { value: term, span });
        Ok(match term {
            Sense::Is(term) => place(term),
            Sense::IsNot(term) => Expr::Not(Box::new(place(term))),
        })
    }

    /// A term with a colon.
    fn keyed(&mut self, first: &Token) -> Result<Sense, Mistake> {
        let name = self.text.get(first.span.clone()).unwrap_or_default();
        if let Some(word) = words::find(name) {
            self.at += 1;
            return fields::keyed(self, word);
        }
        let span = first.span.start..first.span.end + 1;
        let known = words::KEYS.iter().map(|word| word.name);
        let known = known.chain(words::ALIASES.iter().map(|(alias, _)| *alias));
        let meant = nearest(name, known).map(|name| format!("{name}:"));
        let said = match meant {
            Some(_) => format!("There is no term `{name}:`."),
            None => format!(
                "There is no term `{name}:`; put quotes around a text that has a colon in it."
            ),
        };
        Err(Mistake::error(span, said).meant(meant))
    }

    /// The values that come next: words and quotes without spaces between, parted by commas. The
    /// first may follow a comparison after a space.
    pub fn pieces(&mut self) -> Result<Vec<Piece>, Mistake> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open = true;
        let mut is_first = true;
        while let Some(token) = self.peek().cloned() {
            let after_op = is_first && self.follows_op();
            if !token.glued && !after_op {
                break;
            }
            let letters = match token.kind {
                Kind::Word => self.bare(&token),
                Kind::Quoted(atoms) => atoms.iter().map(|a| (*a, Quotes::Inside)).collect(),
                Kind::Comma => {
                    if open {
                        return Err(Mistake::error(
                            token.span,
                            "A value is missing before this comma.",
                        ));
                    }
                    open = true;
                    self.at += 1;
                    continue;
                }
                Kind::Colon => {
                    let said =
                        "There is a second colon here; put quotes around a value that has one.";
                    return Err(Mistake::error(token.span, said));
                }
                Kind::Op(_) | Kind::Open | Kind::Close | Kind::Not => break,
            };
            self.at += 1;
            is_first = false;
            match pieces.last_mut().filter(|_| !open) {
                Some(last) => {
                    last.atoms.extend(letters);
                    last.span.end = token.span.end;
                }
                None => pieces.push(Piece { atoms: letters, span: token.span }),
            }
            open = false;
        }
        if open && !pieces.is_empty() {
            return Err(Mistake::error(self.last_span(), "A value is missing after this comma."));
        }
        match pieces.iter().find(|piece| piece.atoms.is_empty()) {
            Some(piece) => {
                Err(Mistake::error(piece.span.clone(), "There is nothing in these quotes."))
            }
            None => Ok(pieces),
        }
    }

    fn follows_op(&self) -> bool {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.is_some_and(|token| matches!(token.kind, Kind::Op(_)))
    }

    fn bare(&self, token: &Token) -> Vec<(Atom, Quotes)> {
        letters(self.text.get(token.span.clone()).unwrap_or_default())
            .map(|atom| (atom, Quotes::Outside))
            .collect()
    }
}

/// The letters of a bare word.
pub(super) fn letters(word: &str) -> impl Iterator<Item = Atom> + '_ {
    word.chars().map(|letter| match letter {
        '*' => Atom::Any,
        '?' => Atom::One,
        letter => Atom::Letter(letter),
    })
}

/// A term, or that it is not so.
pub(super) enum Sense {
    Is(Term),
    IsNot(Term),
}

fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            join(parts)
        }
        (_, None) => join(parts),
    }
}
