//! A filter as text again, in its plainest form. What is written parses to the same filter.

use std::fmt::{self, Display, Formatter};

use super::expr::{
    Against, Check, Expr, Ids, MaskedByte, Placed, Quantity, Seconds, Start, Stretch, Term, Wanted,
};
use super::pattern::{Atom, Pattern, is_bare_name};
use super::words;
use crate::engine::can::frame::Id;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " ", |part, f| match part {
                Self::Any(_) => write!(f, "({part})"),
                Self::All(_) | Self::Not(_) | Self::Term(_) => part.fmt(f),
            }),
            Self::Any(parts) => joined(f, parts, " or ", Display::fmt),
            Self::Not(part) => match &**part {
                Self::All(_) | Self::Any(_) => write!(f, "not ({part})"),
                Self::Not(_) | Self::Term(_) => write!(f, "not {part}"),
            },
            Self::Term(term) => term.value.fmt(f),
        }
    }
}

/// Writes a list.
fn joined<T>(
    f: &mut Formatter<'_>,
    parts: &[T],
    between: &str,
    write: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        write(part, f)?;
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(names) => names_of(f, "bus", names),
            Self::Id(ids) => {
                f.write_str("id:")?;
                joined(f, ids, ",", Display::fmt)
            }
            Self::Direction(ways) => {
                f.write_str("dir:")?;
                joined(f, ways, ",", |way, f| f.write_str(words::direction(*way)))
            }
            Self::Kind(kinds) => {
                f.write_str("type:")?;
                joined(f, kinds, ",", |kind, f| f.write_str(words::kind(*kind)))
            }
            Self::Len(runs) => numbers(f, "len", runs),
            Self::Count(runs) => numbers(f, "count", runs),
            Self::Bytes { start, pattern, wanted } => bytes(f, *start, pattern, *wanted),
            Self::Byte { at, stretch } => {
                write!(f, "b{at}={:02X}..{:02X}", stretch.from, stretch.to)
            }
            Self::Bits { at, mask } => write!(f, "b{at}&{mask:02X}"),
            Self::Group(runs) => hex(f, "pgn", runs, words::GROUPS),
            Self::Source(runs) => hex(f, "sa", runs, words::ADDRESSES),
            Self::Message(names) => names_of(f, "msg", names),
            Self::Signal { message, signal, check } => {
                f.write_str("sig:")?;
                if let Some(message) = message {
                    part_of_signal(f, &message.value)?;
                    f.write_str(".")?;
                }
                part_of_signal(f, &signal.value)?;
                check.as_ref().map_or(Ok(()), |check| check.fmt(f))
            }
            Self::Changed => f.write_str("changed"),
            Self::Time(spans) => {
                f.write_str("time:")?;
                joined(f, spans, ",", Display::fmt)
            }
            Self::Since(seconds) => write!(f, "since:{}", Number(*seconds)),
            Self::Text(pattern) => pattern.write(f, |atoms| {
                let start = matches!(atoms.first(), Some(Atom::Letter(letter)) if *letter != '-');
                start && is_bare_name(atoms) && !is_keyword(pattern)
            }),
        }
    }
}

fn is_keyword(pattern: &Pattern) -> bool {
    let word = pattern.plain().unwrap_or_default();
    words::JOINTS.iter().chain(&["changed"]).any(|joint| word.eq_ignore_ascii_case(joint))
}

fn names_of(f: &mut Formatter<'_>, key: &str, names: &[Placed<Pattern>]) -> fmt::Result {
    write!(f, "{key}:")?;
    joined(f, names, ",", |name, f| name.value.fmt(f))
}

/// A dot parts message and signal.
fn part_of_signal(f: &mut Formatter<'_>, pattern: &Pattern) -> fmt::Result {
    pattern.write(f, |atoms| is_bare_name(atoms) && !atoms.contains(&Atom::Letter('.')))
}

fn numbers(f: &mut Formatter<'_>, key: &str, runs: &[Stretch]) -> fmt::Result {
    write!(f, "{key}:")?;
    joined(f, runs, ",", |run, f| match (run.from, run.to) {
        (from, to) if from == to => write!(f, "{from}"),
        (from, u64::MAX) => write!(f, "{from}.."),
        (0, to) => write!(f, "..{to}"),
        (from, to) => write!(f, "{from}..{to}"),
    })
}

fn hex(f: &mut Formatter<'_>, key: &str, runs: &[Stretch], last: u64) -> fmt::Result {
    write!(f, "{key}:")?;
    joined(f, runs, ",", |run, f| match (run.from, run.to) {
        (from, to) if from == to => write!(f, "{from:02X}"),
        (from, to) if to == last => write!(f, "{from:02X}.."),
        (from, to) => write!(f, "{from:02X}..{to:02X}"),
    })
}

impl Display for Ids {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let last = u64::from(Id::MAX_EXTENDED);
        match self {
            Self::Run(run) if run.from == run.to => write!(f, "{:03X}", run.from),
            Self::Run(run) if run.to == last => write!(f, "{:03X}..", run.from),
            Self::Run(run) => write!(f, "{:03X}..{:03X}", run.from, run.to),
            Self::Extended(run) if run.from == run.to => write!(f, "{:08X}", run.from),
            Self::Extended(run) if run.to == last => write!(f, "{:08X}..", run.from),
            Self::Extended(run) => write!(f, "{:08X}..{:08X}", run.from, run.to),
            Self::Masked { value, mask } => write!(f, "{value:03X}/{mask:03X}"),
            Self::AllStandard => f.write_str("std"),
            Self::AllExtended => f.write_str("ext"),
        }
    }
}

fn bytes(f: &mut Formatter<'_>, start: Start, bytes: &[MaskedByte], is: Wanted) -> fmt::Result {
    let sign = match is {
        Wanted::Same => "=",
        Wanted::Other => "!=",
    };
    match (start, is) {
        (Start::At(0), Wanted::Same) => f.write_str("data:")?,
        (Start::At(at), _) => write!(f, "b{at}{sign}")?,
        (Start::Anywhere, Wanted::Same) => f.write_str("data:*")?,
        (Start::Anywhere, Wanted::Other) => f.write_str("data!=*")?,
    }
    for byte in bytes {
        for (digit, counts) in
            [(byte.value >> 4, byte.mask >> 4), (byte.value & 15, byte.mask & 15)]
        {
            if counts == 0 {
                f.write_str("?")?;
            } else {
                write!(f, "{digit:X}")?;
            }
        }
    }
    Ok(())
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.sign())?;
        joined(f, &self.against, ",", |against, f| match &against.value {
            Against::Number(quantity) => quantity.fmt(f),
            Against::Between(from, to) => write!(f, "{from}..{to}"),
            Against::Label(label) => label.write(f, |atoms| {
                let starts_as_number = matches!(atoms.first(), Some(Atom::Letter(letter))
                    if letter.is_ascii_digit() || "+-.".contains(*letter));
                is_bare_name(atoms) && !starts_as_number
            }),
        })
    }
}

impl Display for Quantity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Number(self.value), self.unit)
    }
}

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.from.is_finite(), self.to.is_finite()) {
            (true, true) => write!(f, "{}..{}", Number(self.from), Number(self.to)),
            (true, false) => write!(f, "{}..", Number(self.from)),
            (false, _) => write!(f, "..{}", Number(self.to)),
        }
    }
}

/// A number that reads back as the same one, never long.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-6..1e12).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}
