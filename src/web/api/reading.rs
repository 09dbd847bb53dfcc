//! A reading as the API shows it: the value in the unit of its field's name, its age, and a word
//! for how far it may be trusted. Unknown is `null`, never a zero.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::reading::Age;
use crate::engine::{Level, Remark, Seen};

/// How old a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Within its time.
    Fresh,
    /// Overdue, but may still be used.
    Late,
    /// Too old to be used: there is no value.
    Lost,
    /// Never received.
    Absent,
}

impl From<Age> for Freshness {
    fn from(age: Age) -> Self {
        match age {
            Age::Never => Self::Absent,
            Age::Fresh(_) => Self::Fresh,
            Age::Late(_) => Self::Late,
            Age::Lost(_) => Self::Lost,
        }
    }
}

/// A value with its age.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Reading<T> {
    /// In the unit of the field's name; `null` when it is lost, was never received, or the device
    /// says that it has none.
    pub value: Option<T>,
    /// Seconds since it was received, at the moment of the snapshot.
    pub age_s: Option<f64>,
    /// How old it is.
    pub state: Freshness,
}

/// Seconds of an age, to the millisecond.
#[must_use]
pub fn age_s(age: Age) -> Option<f64> {
    age.duration().map(|span| span.as_millis() as f64 / 1000.0)
}

/// A reading, its value made into `U`.
pub fn reading<T, U>(seen: Seen<T>, way: impl FnOnce(T) -> U) -> Reading<U> {
    Reading { value: seen.value.map(way), age_s: age_s(seen.age), state: seen.age.into() }
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// As it should be.
    Ok,
    /// Worth knowing, nothing wrong.
    Info,
    /// Attend to it.
    Warning,
    /// Something is wrong.
    Fault,
}

impl From<Level> for Weight {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Ok,
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Fault => Self::Fault,
        }
    }
}

/// A sentence on what is odd or worth knowing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sentence {
    /// How much it matters.
    pub level: Weight,
    /// The sentence.
    pub text: String,
}

impl From<&Remark> for Sentence {
    fn from(remark: &Remark) -> Self {
        Self { level: remark.level.into(), text: remark.text.clone() }
    }
}

/// Rounds to what a float is worth here: six digits after the point, so that a sum of
/// tenths does not show its binary tail.
#[must_use]
pub fn tidy(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.is_finite() { rounded } else { value }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_lost_reading_has_an_age_and_no_value() {
        let lost = Age::Lost(Duration::from_millis(2345));
        let shown = reading(Seen::<f64> { value: None, age: lost }, |v| v);
        let json = serde_json::to_value(&shown).unwrap();
        assert_eq!(json, serde_json::json!({"value": null, "age_s": 2.345, "state": "lost"}));
        let never = serde_json::to_value(reading(Seen::<f64>::NEVER, |v| v)).unwrap();
        assert_eq!(never, serde_json::json!({"value": null, "age_s": null, "state": "absent"}));
    }

    #[test]
    fn sums_of_tenths_look_like_tenths() {
        assert_eq!(tidy(0.1 + 0.2), 0.3);
        assert!(tidy(f64::NAN).is_nan());
    }
}
