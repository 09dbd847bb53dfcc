//! Turns what was typed as set points back into set points. Each bad field gets its own sentence.

use std::time::Duration;

use thiserror::Error;

use super::fields::FIELDS;
use super::words::trimmed;
use crate::base::units::{AmpHours, Amps, Millivolts, Percent, Volts};
use crate::engine::{ChargeRules, SetPoints};

/// Why what was typed is no set point.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TypedSetPoint {
    /// It cannot be left empty.
    #[error("{label} cannot be left empty: it is {range}")]
    Missing {
        /// Its name in the API.
        field: &'static str,
        /// What it is called.
        label: &'static str,
        /// What it may be.
        range: String,
    },
    /// It cannot be read.
    #[error("{label}: \u{201c}{typed}\u{201d} is no {what}")]
    Unreadable {
        /// Its name in the API.
        field: &'static str,
        /// What it is called.
        label: &'static str,
        /// What was typed.
        typed: String,
        /// What was expected.
        what: &'static str,
    },
    /// It can be read and cannot be.
    #[error("{label} cannot be {value}: it is {range}")]
    OutOfRange {
        /// Its name in the API.
        field: &'static str,
        /// What it is called.
        label: &'static str,
        /// What was asked for, with its unit.
        value: String,
        /// What it may be.
        range: String,
    },
}

impl TypedSetPoint {
    /// The name of the field in the API.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Missing { field, .. }
            | Self::Unreadable { field, .. }
            | Self::OutOfRange { field, .. } => field,
        }
    }
}

/// How a set point is typed and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number of this unit.
    Number(&'static str),
    /// Millivolts, typed in volts.
    Cell,
    /// Seconds, typed as hours and minutes.
    Time,
}

impl Kind {
    /// The number as it is typed, without its unit.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Number(_) => trimmed(value),
            Self::Cell => crate::view::text::fixed(value / 1000.0, 3),
            Self::Time => {
                let span = Duration::try_from_secs_f64(value).unwrap_or_default().as_secs();
                if !span.is_multiple_of(60) {
                    return format!("{span} s");
                }
                format!("{}:{:02}", span / 3600, span % 3600 / 60)
            }
        }
    }

    /// The unit as it is shown.
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Number(unit) => unit,
            Self::Cell => "V",
            Self::Time => "h",
        }
    }

    /// What is expected, for a sentence.
    const fn what(self) -> &'static str {
        match self {
            Self::Number(_) => "number such as 17.5",
            Self::Cell => "voltage such as 4.150 V or 4150 mV",
            Self::Time => "time such as 6:00 h or 90 min",
        }
    }

    /// The value that `typed` means, in the unit of the API; `None` where it means nothing.
    fn read(self, typed: &str) -> Option<f64> {
        let value = match self {
            Self::Number(unit) => number(typed.strip_suffix(unit).unwrap_or(typed))?,
            Self::Cell => match typed.strip_suffix("mV") {
                Some(millivolts) => number(millivolts)?,
                // A whole millivolt is meant even where its thousandth is no exact number.
                None => (number(typed.strip_suffix('V').unwrap_or(typed))? * 1000.0).round(),
            },
            Self::Time => time(typed)?,
        };
        value.is_finite().then_some(value)
    }

    fn range(self, least: f64, most: f64) -> String {
        match self {
            Self::Time => format!("{} to {} h", self.show(least.max(60.0)), self.show(most)),
            Self::Cell => format!("{} to {} V", self.show(least), self.show(most)),
            Self::Number(unit) => format!("{} to {} {unit}", trimmed(least), trimmed(most)),
        }
    }
}

/// A plain decimal number: digits and at most one point, with a sign. No exponent, no "nan".
pub(super) fn number(typed: &str) -> Option<f64> {
    let typed = typed.trim();
    let plain = typed.replace('\u{2212}', "-");
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let fits = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if fits { plain.parse().ok() } else { None }
}

/// "6:00", "6:00 h", "1.5 h", "90 min", "45 s" in seconds. A bare number is hours.
fn time(typed: &str) -> Option<f64> {
    let typed = typed.trim();
    if let Some((hours, minutes)) = typed.strip_suffix('h').unwrap_or(typed).split_once(':') {
        let (hours, minutes) = (number(hours)?, minutes.trim().parse::<u32>().ok()?);
        let sign = if hours.is_sign_negative() { -1.0 } else { 1.0 };
        return (minutes < 60).then_some(hours * 3600.0 + sign * f64::from(minutes) * 60.0);
    }
    let units = [("min", 60.0), ("m", 60.0), ("s", 1.0), ("h", 3600.0)];
    let found = units.iter().find_map(|(unit, seconds)| Some((typed.strip_suffix(unit)?, seconds)));
    let (figure, seconds) = found.unwrap_or((typed, &3600.0));
    Some(number(figure)? * seconds)
}

/// What is allowed for a field, in words.
pub(super) fn range_of(field: &str, kind: Kind, rules: &ChargeRules) -> String {
    let (least, most) = bounds(field, rules);
    kind.range(least, most)
}

fn bounds(field: &str, rules: &ChargeRules) -> (f64, f64) {
    let ranges = SetPoints::usual(rules).ranges(rules);
    let found = ranges.into_iter().find(|(name, ..)| *name == field);
    found.map_or((0.0, 0.0), |(.., least, most)| (least, most))
}

/// Reads one field. `Ok(None)` where it is empty and may be.
pub(super) fn one(
    field: &'static str,
    typed: &str,
    rules: &ChargeRules,
) -> Result<Option<f64>, TypedSetPoint> {
    let Some(entry) = FIELDS.iter().find(|entry| entry.field == field) else { return Ok(None) };
    let (label, kind, typed) = (entry.label, entry.kind, typed.trim());
    let range = || range_of(field, kind, rules);
    if typed.is_empty() {
        return match entry.optional() {
            true => Ok(None),
            false => Err(TypedSetPoint::Missing { field, label, range: range() }),
        };
    }
    let unreadable =
        || TypedSetPoint::Unreadable { field, label, typed: typed.to_owned(), what: kind.what() };
    let value = kind.read(typed).ok_or_else(unreadable)?;
    let (least, most) = bounds(field, rules);
    // Written so that nothing but a number in between passes.
    if !(value >= least && value <= most) {
        let value = match typed.ends_with(kind.unit()) {
            true => typed.to_owned(),
            false if typed.ends_with(|c: char| c.is_ascii_digit()) => {
                format!("{typed} {}", kind.unit())
            }
            false => typed.to_owned(),
        };
        return Err(TypedSetPoint::OutOfRange { field, label, value, range: range() });
    }
    Ok(Some(value))
}

/// The set points as typed on top of `current`. `typed` gives the text of the field with that name;
/// a field that was not typed (`None`) stays, an empty one is not wanted.
///
/// # Errors
/// One for each field that cannot be, in the order of the page.
pub fn typed<'t>(
    current: &SetPoints,
    rules: &ChargeRules,
    typed: &dyn Fn(&str) -> Option<&'t str>,
) -> Result<SetPoints, Vec<TypedSetPoint>> {
    let mut set = *current;
    let mut bad = Vec::new();
    for entry in FIELDS {
        let Some(text) = typed(entry.field) else { continue };
        match one(entry.field, text, rules) {
            Ok(value) => put(&mut set, entry.field, value),
            Err(error) => bad.push(error),
        }
    }
    if bad.is_empty() { Ok(set) } else { Err(bad) }
}

fn put(set: &mut SetPoints, field: &str, value: Option<f64>) {
    match (field, value) {
        ("current_a", Some(value)) => set.current = Amps(value),
        ("cell_mv", Some(value)) => set.cell = Millivolts(value.round() as i32),
        ("pack_v", value) => set.pack = value.map(Volts),
        ("soc_percent", value) => set.soc = value.map(Percent),
        ("seconds", value) => set.seconds = value,
        ("charge_ah", value) => set.charge = value.map(AmpHours),
        ("mains_a", value) => set.mains = value.map(Amps),
        (_, _) => {}
    }
}
