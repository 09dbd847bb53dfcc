//! Comparisons of signals: which signals of which messages are meant, and what each must say. Each
//! is read by itself, so that one that lies wrong spoils no other.

use std::ops::Range;

use super::compile::{Workshop, labels, meant};
use super::expr::{Against, Check, Placed, Quantity};
use super::mistake::Mistake;
use super::pattern::Pattern;
use super::run::Node;
use super::token::Op;
use super::units;
use crate::engine::dbc::{Kind, Label, Probe, Probed, Signal};

/// The signals that a term asks, by the message of a frame.
#[derive(Clone, Debug, Default)]
pub(super) struct SignalTable {
    /// By number of message: which tests are its own.
    places: Vec<(u32, u32)>,
    tests: Vec<Test>,
}

/// One signal and what it must say.
#[derive(Clone, Debug)]
struct Test {
    probe: Probe,
    says: Says,
}

/// What a signal must say.
#[derive(Clone, Debug)]
enum Says {
    /// Anything: it must be in the frame.
    Something,
    /// A number above or below one.
    Ordered { op: Op, limit: f64, slack: f64 },
    /// One of these.
    One(Box<[Value]>),
    /// A number, and none of these.
    None(Box<[Value]>),
}

/// A value that a signal is equal to or not.
#[derive(Clone, Debug)]
enum Value {
    /// From one number to another.
    Number { from: f64, to: f64 },
    /// A raw value that has the word that was asked for.
    Raw(i64),
}

impl SignalTable {
    /// Whether a signal of message `number` says what it must.
    #[inline]
    pub fn holds(&self, number: usize, bytes: &[u8]) -> bool {
        let Some(&(from, to)) = self.places.get(number) else { return false };
        let tests = self.tests.get(from as usize..to as usize).unwrap_or(&[]);
        tests.iter().any(|test| test.probe.read(bytes).is_some_and(|probed| test.says.fits(probed)))
    }
}

impl Says {
    #[inline]
    fn fits(&self, probed: Probed) -> bool {
        let value = probed.value;
        match self {
            Self::Something => true,
            Self::Ordered { op, limit, slack } => match op {
                Op::Less => value < limit - slack,
                Op::AtMost => value <= limit + slack,
                Op::More => value > limit + slack,
                Op::AtLeast => value >= limit - slack,
                Op::Equal | Op::Differs => false,
            },
            Self::One(values) => values.iter().any(|wanted| wanted.is(probed)),
            Self::None(values) => !value.is_nan() && !values.iter().any(|wanted| wanted.is(probed)),
        }
    }
}

impl Value {
    #[inline]
    fn is(&self, probed: Probed) -> bool {
        match self {
            Self::Number { from, to } => (*from..=*to).contains(&probed.value),
            Self::Raw(raw) => *raw == probed.raw as i64,
        }
    }
}

/// How far a value may lie from a number and still be that number: what is written in decimal is
/// seldom exact as a sum of powers of two.
fn slack(signal: &Signal, limit: f64) -> f64 {
    match signal.kind {
        Kind::Unsigned | Kind::Signed => signal.factor.abs() * 1e-3,
        Kind::Float => (limit.abs() + signal.offset.abs()) * f64::from(f32::EPSILON),
        Kind::Double => limit.abs() * 1e-12,
    }
}

/// What was found while the signals were looked through.
#[derive(Default)]
struct Found {
    /// Signals of that name.
    named: usize,
    /// Units of those that do not fit, with the unit that was asked for.
    other_unit: Option<(String, String)>,
}

/// Compiles a comparison.
pub(super) fn compile(
    message: Option<&Placed<Pattern>>,
    signal: &Placed<Pattern>,
    check: Option<&Check>,
    span: &Range<usize>,
    workshop: &mut Workshop<'_>,
) -> Node {
    let vocabulary = workshop.vocabulary;
    let mut table =
        SignalTable { places: vec![(0, 0); vocabulary.message_count()], tests: Vec::new() };
    let mut found = Found::default();
    for (number, described) in vocabulary.messages() {
        let from = table.tests.len() as u32;
        if message.is_none_or(|name| name.value.fits(&described.name)) {
            let named = described.signals.iter().enumerate();
            for (at, one) in named.filter(|(_, one)| signal.value.fits(&one.name)) {
                found.named += 1;
                let says = check.map_or(Some(Says::Something), |c| says(c, one, &mut found));
                if let (Some(says), Some(probe)) = (says, Probe::new(described, at)) {
                    table.tests.push(Test { probe, says });
                }
            }
        }
        if let Some(place) = table.places.get_mut(number) {
            *place = (from, table.tests.len() as u32);
        }
    }
    complain(message, signal, check, span, &table, &found, workshop);
    Node::Signal(Box::new(table))
}

/// What one signal must say; `None` where it cannot be compared so.
fn says(check: &Check, signal: &Signal, found: &mut Found) -> Option<Says> {
    let mut in_its_unit = |quantity: &Quantity| {
        if quantity.unit.is_empty() {
            return Some(quantity.value);
        }
        let factor = units::factor(&quantity.unit, &signal.unit);
        if factor.is_none() {
            found.other_unit = Some((quantity.unit.clone(), signal.unit.clone()));
        }
        factor.map(|factor| quantity.value * factor)
    };
    let mut values = Vec::new();
    for against in &check.against {
        match &against.value {
            Against::Number(quantity) => {
                let limit = in_its_unit(quantity)?;
                let slack = slack(signal, limit);
                match check.op {
                    Op::Less | Op::AtMost | Op::More | Op::AtLeast => {
                        return Some(Says::Ordered { op: check.op, limit, slack });
                    }
                    Op::Equal | Op::Differs => {
                        values.push(Value::Number { from: limit - slack, to: limit + slack });
                    }
                }
            }
            Against::Between(from, to) => {
                let (from, to) = (in_its_unit(from)?, in_its_unit(to)?);
                let (below, above) = (slack(signal, from), slack(signal, to));
                values.push(Value::Number { from: from - below, to: to + above });
            }
            Against::Label(label) => values.extend(worded(signal, label)),
        }
    }
    Some(match check.op {
        Op::Differs => Says::None(values.into()),
        Op::Equal | Op::Less | Op::AtMost | Op::More | Op::AtLeast => Says::One(values.into()),
    })
}

fn worded(signal: &Signal, wanted: &Pattern) -> impl Iterator<Item = Value> {
    let fits = |label: &&Label| wanted.fits(&label.text);
    signal.labels.iter().filter(fits).map(|label| Value::Raw(label.value))
}

/// Says what of the names, words and units nothing has.
fn complain(
    message: Option<&Placed<Pattern>>,
    signal: &Placed<Pattern>,
    check: Option<&Check>,
    span: &Range<usize>,
    table: &SignalTable,
    found: &Found,
    workshop: &mut Workshop<'_>,
) {
    let vocabulary = workshop.vocabulary;
    if let Some(message) = message
        && !vocabulary.messages().any(|(_, described)| message.value.fits(&described.name))
    {
        let known: Vec<&str> = vocabulary.messages().map(|(_, m)| m.name.as_str()).collect();
        workshop.unknown("message", message, &known);
        return;
    }
    if found.named == 0 {
        let signals = vocabulary.messages().flat_map(|(_, m)| &m.signals);
        let known: Vec<&str> = signals.map(|signal| signal.name.as_str()).collect();
        workshop.unknown("signal", signal, &known);
        return;
    }
    if let Some((asked, own)) = found.other_unit.as_ref().filter(|_| table.tests.is_empty()) {
        let own = if own.is_empty() { "has no unit".into() } else { format!("is in {own}") };
        let said = format!("`{}` {own}, which cannot be compared with {asked}.", signal.value);
        workshop.warn(Mistake::warning(span.clone(), said));
    }
    let Some(check) = check else { return };
    for (label, span) in labels(check) {
        let all = vocabulary.messages().flat_map(|(_, m)| &m.signals);
        let of_name = all.filter(|one| signal.value.fits(&one.name));
        let words: Vec<&str> =
            of_name.flat_map(|one| one.labels.iter()).map(|word| word.text.as_str()).collect();
        if !words.iter().any(|word| label.fits(word)) {
            let said = format!("`{}` has no value called {label}.", signal.value);
            let meant = meant(label, &words);
            workshop.warn(Mistake::warning(span.clone(), said).meant(meant));
        }
    }
}
