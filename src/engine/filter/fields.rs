//! Single terms: what stands after a word and its colon, comparisons of signals and bytes, bare words.

use super::expr::{
    Against, Check, Expr, Ids, Placed, Quantity, Seconds, Start, Stretch, Term, Wanted,
};
use super::mistake::{Mistake, nearest};
use super::numbers::{self, Base, Limits, Wrong};
use super::parse::{Parser, Piece, Quotes, Sense, letters};
use super::pattern::{Atom, Pattern};
use super::token::{Kind as TokenKind, Op, Token};
use super::words::{self, Key, Word};
use crate::engine::can::frame::FD_BYTES;

impl Wrong {
    fn at(self, piece: &Piece) -> Mistake {
        Mistake::error(piece.span.clone(), self.text).meant(self.instead)
    }
}

/// A term after its colon.
pub(super) fn keyed(parser: &mut Parser<'_>, word: &Word) -> Result<Sense, Mistake> {
    if word.key == Key::Signal {
        return signal(parser, word);
    }
    let op = if parser.peek().is_some_and(|next| next.glued) { parser.op() } else { None };
    let pieces = some_pieces(parser, word)?;
    field(word, op.unwrap_or(Op::Equal), &pieces)
}

/// A word with a comparison: of a field, of a byte, or of a signal.
pub(super) fn compared(parser: &mut Parser<'_>, first: &Token) -> Result<Sense, Mistake> {
    let name = parser.text.get(first.span.clone()).unwrap_or_default();
    let is_word = first.kind == TokenKind::Word;
    if is_word && let Some(word) = words::find(name).filter(|word| word.key != Key::Signal) {
        let op = parser.op().unwrap_or(Op::Equal);
        let pieces = some_pieces(parser, word)?;
        return field(word, op, &pieces);
    }
    if is_word && let Some(at) = byte_place(name) {
        let at = at.map_err(|said| Mistake::error(first.span.clone(), said))?;
        let op = parser.op().unwrap_or(Op::Equal);
        let pieces = values(parser, "b3=7F")?;
        return byte(at, op, &pieces).map(Sense::Is);
    }
    let quotes = if is_word { Quotes::Outside } else { Quotes::Inside };
    let atoms = atoms_of(parser.text, first).into_iter().map(|atom| (atom, quotes)).collect();
    let piece = Piece { atoms, span: first.span.clone() };
    compared_signal(parser, &piece)
}

/// A word by itself.
pub(super) fn bare(text: &str, token: &Token) -> Result<Sense, Mistake> {
    let word = text.get(token.span.clone()).unwrap_or_default();
    if token.kind == TokenKind::Word {
        if word.eq_ignore_ascii_case("changed") {
            return Ok(Sense::Is(Term::Changed));
        }
        if let Some((name, mask)) = word.split_once('&')
            && let Some(at) = byte_place(name)
        {
            let at = at.map_err(|said| Mistake::error(token.span.clone(), said))?;
            let limits = Limits { base: Base::Sixteen, last: 0xFF, noun: "mask of a byte" };
            let mask = numbers::whole(mask, limits)
                .map_err(|wrong| Mistake::error(token.span.clone(), wrong.text))?;
            return Ok(Sense::Is(Term::Bits { at, mask: mask as u8 }));
        }
    }
    let pattern = Pattern::new(atoms_of(text, token));
    if pattern.is_empty() {
        return Err(Mistake::error(token.span.clone(), "There is nothing in these quotes."));
    }
    Ok(Sense::Is(Term::Text(pattern)))
}

fn atoms_of(text: &str, token: &Token) -> Vec<Atom> {
    match &token.kind {
        TokenKind::Quoted(atoms) => atoms.clone(),
        TokenKind::Word
        | TokenKind::Colon
        | TokenKind::Comma
        | TokenKind::Op(_)
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::Not => letters(text.get(token.span.clone()).unwrap_or_default()).collect(),
    }
}

/// The place of a byte in `b3`; `None` where the word is something else.
fn byte_place(word: &str) -> Option<Result<u8, String>> {
    let digits = word.strip_prefix(['b', 'B'])?;
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let place = digits.parse().ok().filter(|at: &u8| usize::from(*at) < FD_BYTES);
    Some(place.ok_or_else(|| {
        format!("There is no byte {digits}: bytes are counted from b0 to b{}.", FD_BYTES - 1)
    }))
}

fn some_pieces(parser: &mut Parser<'_>, word: &Word) -> Result<Vec<Piece>, Mistake> {
    let pieces = parser.pieces()?;
    if pieces.is_empty() {
        let said =
            format!("`{}:` needs a value right after it, such as `{}`.", word.name, word.example);
        return Err(Mistake::error(parser.last_span(), said));
    }
    Ok(pieces)
}

fn values(parser: &mut Parser<'_>, example: &str) -> Result<Vec<Piece>, Mistake> {
    let pieces = parser.pieces()?;
    if pieces.is_empty() {
        let said = format!("A value must follow, as in `{example}`.");
        return Err(Mistake::error(parser.last_span(), said));
    }
    Ok(pieces)
}

/// A term out of its word, how it compares, and its values.
fn field(word: &Word, op: Op, pieces: &[Piece]) -> Result<Sense, Mistake> {
    let last = |base, last, noun| Limits { base, last, noun };
    let term = match word.key {
        Key::Len => Term::Len(numbers_of(op, pieces, last(Base::Ten, u64::MAX, "length"))?),
        Key::Count => Term::Count(numbers_of(op, pieces, last(Base::Ten, u64::MAX, "count"))?),
        Key::Group => {
            let limits = last(Base::Sixteen, words::GROUPS, "parameter group");
            let runs = numbers_of(op, pieces, limits)?;
            groups(&runs, pieces)?;
            Term::Group(runs)
        }
        Key::Source => {
            let limits = last(Base::Sixteen, words::ADDRESSES, "source address");
            Term::Source(numbers_of(op, pieces, limits)?)
        }
        Key::Id if !matches!(op, Op::Equal | Op::Differs) => {
            let limits = last(Base::Sixteen, 0x1FFF_FFFF, "CAN id");
            let runs = numbers_of(op, pieces, limits)?;
            let whole = |run| if run_is_long(&run) { Ids::Extended(run) } else { Ids::Run(run) };
            Term::Id(runs.into_iter().map(whole).collect())
        }
        Key::Time if !matches!(op, Op::Equal | Op::Differs) => Term::Time(vec![bound(op, pieces)?]),
        Key::Bytes
        | Key::Id
        | Key::Bus
        | Key::Message
        | Key::Direction
        | Key::Kind
        | Key::Time
        | Key::Since
        | Key::Signal => {
            same_or_other(word, op, pieces)?;
            listed(word, pieces)?
        }
    };
    Ok(if op == Op::Differs { Sense::IsNot(term) } else { Sense::Is(term) })
}

const fn run_is_long(run: &Stretch) -> bool {
    run.from > 0x7FF
}

fn same_or_other(word: &Word, op: Op, pieces: &[Piece]) -> Result<(), Mistake> {
    match op {
        Op::Equal | Op::Differs => Ok(()),
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => {
            let span = pieces.first().map_or(0..0, |piece| piece.span.clone());
            let said = format!(
                "`{}` has no order, so `{}` says nothing; write `{}`.",
                word.name,
                op.sign(),
                word.example
            );
            Err(Mistake::error(span, said))
        }
    }
}

/// Terms whose values are a list and have no order.
fn listed(word: &Word, pieces: &[Piece]) -> Result<Term, Mistake> {
    let patterns = || pieces.iter().map(placed_pattern).collect();
    Ok(match word.key {
        Key::Bus => Term::Bus(patterns()),
        Key::Message => Term::Message(patterns()),
        Key::Id => Term::Id(each(pieces, numbers::ids)?),
        Key::Direction => Term::Direction(chosen(pieces, &words::DIRECTIONS, "direction")?),
        Key::Kind => Term::Kind(chosen(pieces, &words::KINDS, "type of frame")?),
        Key::Time => Term::Time(each(pieces, numbers::times)?),
        Key::Since => {
            let [piece] = pieces else { return Err(one_only(pieces)) };
            let seconds = numbers::seconds(&piece.text()).map_err(|wrong| wrong.at(piece))?;
            if seconds < 0.0 {
                let said = "A time that has passed is not below zero.";
                return Err(Mistake::error(piece.span.clone(), said));
            }
            Term::Since(seconds)
        }
        Key::Bytes => {
            let [piece] = pieces else { return Err(one_only(pieces)) };
            bytes_term(piece)?
        }
        Key::Len | Key::Count | Key::Group | Key::Source | Key::Signal => {
            return Err(one_only(pieces));
        }
    })
}

fn one_only(pieces: &[Piece]) -> Mistake {
    let span = pieces.get(1).or(pieces.first()).map_or(0..0, |piece| piece.span.clone());
    Mistake::error(span, "One value is the most here; write `or` between terms for several.")
}

fn placed_pattern(piece: &Piece) -> Placed<Pattern> {
    Placed { value: piece.pattern(), span: piece.span.clone() }
}

fn each<T>(pieces: &[Piece], read: fn(&str) -> Result<T, Wrong>) -> Result<Vec<T>, Mistake> {
    pieces.iter().map(|piece| read(&piece.text()).map_err(|wrong| wrong.at(piece))).collect()
}

fn chosen<T: Copy>(
    pieces: &[Piece],
    known: &[(&'static str, T)],
    noun: &str,
) -> Result<Vec<T>, Mistake> {
    let one = |piece: &Piece| {
        let text = piece.text();
        let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let said = format!("`{text}` is no {noun}; there are {}.", names.join(", "));
            let meant = nearest(&text, names).map(str::to_owned);
            match meant {
                Some(_) => Mistake::error(piece.span.clone(), format!("`{text}` is no {noun}."))
                    .meant(meant),
                None => Mistake::error(piece.span.clone(), said),
            }
        })
    };
    pieces.iter().map(one).collect()
}

/// Runs of whole numbers, or what is above or below one.
fn numbers_of(op: Op, pieces: &[Piece], limits: Limits) -> Result<Vec<Stretch>, Mistake> {
    match op {
        Op::Equal | Op::Differs => {
            let one = |piece: &Piece| {
                numbers::stretch(&piece.text(), limits).map_err(|wrong| wrong.at(piece))
            };
            pieces.iter().map(one).collect()
        }
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => {
            let [piece] = pieces else { return Err(one_only(pieces)) };
            let number = numbers::whole(&piece.text(), limits).map_err(|wrong| wrong.at(piece))?;
            let none = || {
                let said = format!("No {} is {} {}.", limits.noun, order(op), piece.text());
                Mistake::error(piece.span.clone(), said)
            };
            Ok(vec![beyond(op, number, limits.last).ok_or_else(none)?])
        }
    }
}

const fn order(op: Op) -> &'static str {
    match op {
        Op::Less => "below",
        Op::AtMost => "at most",
        Op::More => "above",
        Op::AtLeast => "at least",
        Op::Equal | Op::Differs => "equal to",
    }
}

/// The numbers above or below one; `None` where there are none.
fn beyond(op: Op, number: u64, last: u64) -> Option<Stretch> {
    Some(match op {
        Op::Less => Stretch { from: 0, to: number.checked_sub(1)? },
        Op::AtMost => Stretch { from: 0, to: number },
        Op::More if number >= last => return None,
        Op::More => Stretch { from: number + 1, to: last },
        Op::AtLeast => Stretch { from: number, to: last },
        Op::Equal | Op::Differs => Stretch { from: number, to: number },
    })
}

/// Groups that are sent to an address have no low byte.
fn groups(runs: &[Stretch], pieces: &[Piece]) -> Result<(), Mistake> {
    for (run, piece) in runs.iter().zip(pieces) {
        let is_addressed = (run.from >> 8) & 0xFF < 240 && run.from & 0xFF != 0;
        if run.from == run.to && is_addressed {
            let said = format!(
                "0x{:X} is no parameter group: below 0x..F000 the last two digits are an address.",
                run.from
            );
            let meant = format!("{:04X}", run.from & 0x3_FF00);
            return Err(Mistake::error(piece.span.clone(), said).meant(Some(meant)));
        }
    }
    Ok(())
}

fn bound(op: Op, pieces: &[Piece]) -> Result<Seconds, Mistake> {
    let [piece] = pieces else { return Err(one_only(pieces)) };
    let at = numbers::seconds(&piece.text()).map_err(|wrong| wrong.at(piece))?;
    Ok(match op {
        Op::Less => Seconds { from: f64::NEG_INFINITY, to: at.next_down() },
        Op::AtMost => Seconds { from: f64::NEG_INFINITY, to: at },
        Op::More => Seconds { from: at.next_up(), to: f64::INFINITY },
        Op::AtLeast | Op::Equal | Op::Differs => Seconds { from: at, to: f64::INFINITY },
    })
}

/// `data:12??34` from the first byte on, `data:*1234` anywhere.
fn bytes_term(piece: &Piece) -> Result<Term, Mistake> {
    let text = piece.text();
    let trimmed = text.trim().trim_end_matches('*');
    let (start, digits) = match trimmed.strip_prefix('*') {
        Some(digits) => (Start::Anywhere, digits.trim_start_matches('*')),
        None => (Start::At(0), trimmed),
    };
    let pattern = numbers::bytes(digits).map_err(|wrong| wrong.at(piece))?;
    Ok(Term::Bytes { start, pattern, wanted: Wanted::Same })
}

/// A comparison of bytes at a place.
fn byte(at: u8, op: Op, pieces: &[Piece]) -> Result<Term, Mistake> {
    let [piece] = pieces else { return Err(one_only(pieces)) };
    let limits = Limits { base: Base::Sixteen, last: 0xFF, noun: "byte" };
    let wanted = match op {
        Op::Equal if piece.text().contains("..") => {
            let run = numbers::stretch(&piece.text(), limits).map_err(|wrong| wrong.at(piece))?;
            return Ok(Term::Byte { at, stretch: run });
        }
        Op::Equal => Wanted::Same,
        Op::Differs => Wanted::Other,
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => {
            let runs = numbers_of(op, pieces, limits)?;
            let stretch = runs.first().copied().unwrap_or(Stretch { from: 0, to: 0xFF });
            return Ok(Term::Byte { at, stretch });
        }
    };
    let pattern = numbers::bytes(&piece.text()).map_err(|wrong| wrong.at(piece))?;
    if usize::from(at) + pattern.len() > FD_BYTES {
        let said = format!("A frame has at most {FD_BYTES} bytes.");
        return Err(Mistake::error(piece.span.clone(), said));
    }
    Ok(Term::Bytes { start: Start::At(at), pattern, wanted })
}

/// `sig:` with a name, and a comparison or none.
fn signal(parser: &mut Parser<'_>, word: &Word) -> Result<Sense, Mistake> {
    let pieces = some_pieces(parser, word)?;
    let [piece] = pieces.as_slice() else { return Err(one_only(&pieces)) };
    compared_signal(parser, piece)
}

fn compared_signal(parser: &mut Parser<'_>, name: &Piece) -> Result<Sense, Mistake> {
    let dot = name.atoms.iter().position(|atom| *atom == (Atom::Letter('.'), Quotes::Outside));
    let part = |atoms: &[(Atom, Quotes)]| Placed {
        value: Pattern::new(atoms.iter().map(|(atom, _)| *atom).collect()),
        span: name.span.clone(),
    };
    let (message, signal) = match dot {
        Some(at) => {
            let (message, rest) = name.atoms.split_at(at);
            (Some(part(message)), part(rest.get(1..).unwrap_or_default()))
        }
        None => (None, part(&name.atoms)),
    };
    if signal.value.is_empty() || message.as_ref().is_some_and(|m| m.value.is_empty()) {
        let said = "Before and after the dot must stand a message and a signal.";
        return Err(Mistake::error(name.span.clone(), said));
    }
    let Some(op) = parser.op() else {
        return Ok(Sense::Is(Term::Signal { message, signal, check: None }));
    };
    let pieces = values(parser, "sig:PackVoltage>140")?;
    let against: Result<Vec<_>, Mistake> = pieces.iter().map(against).collect();
    let check = Check { op, against: against? };
    match op {
        Op::Equal | Op::Differs => {}
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => ordered(op, &check, &pieces)?,
    }
    Ok(Sense::Is(Term::Signal { message, signal, check: Some(check) }))
}

fn ordered(op: Op, check: &Check, pieces: &[Piece]) -> Result<(), Mistake> {
    match check.against.as_slice() {
        [Placed { value: Against::Number(_), .. }] => Ok(()),
        [one] => {
            let said = format!("A number must stand after `{}`.", op.sign());
            Err(Mistake::error(one.span.clone(), said))
        }
        _ => Err(one_only(pieces)),
    }
}

/// What a signal is compared with.
fn against(piece: &Piece) -> Result<Placed<Against>, Mistake> {
    let text = piece.text();
    let wrong = |wrong: Wrong| wrong.at(piece);
    let value = if piece.is_quoted() || !numbers::looks_like_number(&text) {
        Against::Label(piece.pattern())
    } else if let Some((from, to)) = text.split_once("..") {
        let from: Quantity = numbers::quantity(from).map_err(wrong)?;
        let to = numbers::quantity(to).map_err(wrong)?;
        if from.unit == to.unit && from.value > to.value {
            let said = "The end of this range is below its beginning.";
            return Err(Mistake::error(piece.span.clone(), said));
        }
        Against::Between(from, to)
    } else {
        Against::Number(numbers::quantity(&text).map_err(wrong)?)
    };
    Ok(Placed { value, span: piece.span.clone() })
}

/// Whether a filter uses a term.
pub(super) fn uses(expr: &Expr, wanted: &dyn Fn(&Term) -> bool) -> bool {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| uses(part, wanted)),
        Expr::Not(part) => uses(part, wanted),
        Expr::Term(term) => wanted(&term.value),
    }
}
