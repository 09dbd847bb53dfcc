//! A reading judged at one moment: its value while it may be used, and its age.

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;

/// A reading judged at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen<T> {
    /// The value; `None` when it is lost, was never received, or the device has none.
    pub value: Option<T>,
    /// How old it is.
    pub age: Age,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self::NEVER
    }
}

impl<T> Seen<T> {
    /// Nothing received.
    pub const NEVER: Self = Self { value: None, age: Age::Never };

    /// Judges `reading` at `now`.
    pub fn judge(reading: &Reading<T>, now: Mono, patience: Patience) -> Self
    where
        T: Clone,
    {
        Self { value: reading.usable(now, patience).cloned(), age: reading.age(now, patience) }
    }

    /// The same reading seen another way.
    pub fn map<U>(self, way: impl FnOnce(T) -> U) -> Seen<U> {
        Seen { value: self.value.map(way), age: self.age }
    }

    /// A part of the reading, which may have no value of its own.
    pub fn and_then<U>(self, way: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        Seen { value: self.value.and_then(way), age: self.age }
    }
}

/// The older of two ages: what is made of two readings is as old as its older one.
#[must_use]
pub fn older(one: Age, other: Age) -> Age {
    const fn rank(age: Age) -> u8 {
        match age {
            Age::Fresh(_) => 0,
            Age::Late(_) => 1,
            Age::Lost(_) => 2,
            Age::Never => 3,
        }
    }
    let key = |age: Age| (rank(age), age.duration());
    if key(other) > key(one) { other } else { one }
}

/// The younger of two ages.
#[must_use]
pub fn younger(one: Age, other: Age) -> Age {
    if older(one, other) == one { other } else { one }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_made_of_two_readings_is_as_old_as_its_older_one() {
        let fresh = Age::Fresh(Duration::from_millis(900));
        let late = Age::Late(Duration::from_millis(400));
        assert_eq!(older(fresh, late), late);
        assert_eq!(older(late, Age::Never), Age::Never);
        assert_eq!(younger(late, fresh), fresh);
        assert_eq!(younger(fresh, Age::Never), fresh);
    }
}
