//! A value that knows when it was last seen. There is no reading without an age: stale is unsafe,
//! unknown is shown as unknown.

use std::time::Duration;

use crate::base::time::Mono;

/// After how long a reading counts as late and as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Older than this: shown dimmed, with its age.
    pub late: Duration,
    /// Older than this: no value any more.
    pub lost: Duration,
}

/// How old a reading is, judged by a [`Patience`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Age {
    /// Nothing was ever received.
    #[default]
    Never,
    /// Within its time.
    Fresh(Duration),
    /// Overdue.
    Late(Duration),
    /// Too old to be used.
    Lost(Duration),
}

impl Age {
    /// The time since the reading, where there was one.
    #[must_use]
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Fresh(d) | Self::Late(d) | Self::Lost(d) => Some(d),
        }
    }

    /// Fresh or late: the value may be shown.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Fresh(_) | Self::Late(_))
    }
}

/// The latest value of something a device sends, or its own word that it has none (a sentinel).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<T> {
    seen: Option<(Mono, Option<T>)>,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self::NEVER
    }
}

impl<T> Reading<T> {
    /// Nothing received yet.
    pub const NEVER: Self = Self { seen: None };

    /// A value received at `at`.
    pub const fn new(at: Mono, value: T) -> Self {
        Self { seen: Some((at, Some(value))) }
    }

    /// The device said at `at` that it has no value.
    pub const fn sentinel(at: Mono) -> Self {
        Self { seen: Some((at, None)) }
    }

    /// Takes in a new value, or the device's word that there is none.
    pub fn take(&mut self, at: Mono, value: Option<T>) {
        self.seen = Some((at, value));
    }

    /// When it was last received.
    pub fn at(&self) -> Option<Mono> {
        self.seen.as_ref().map(|(at, _)| *at)
    }

    /// How old it is at `now`. A reading from the future (a clock that stepped) counts as age zero.
    pub fn age(&self, now: Mono, patience: Patience) -> Age {
        let Some(at) = self.at() else { return Age::Never };
        let age = now.since(at);
        if age > patience.lost {
            Age::Lost(age)
        } else if age > patience.late {
            Age::Late(age)
        } else {
            Age::Fresh(age)
        }
    }

    /// The last value whatever its age: for history and hover texts, never for decisions.
    pub fn last(&self) -> Option<&T> {
        self.seen.as_ref().and_then(|(_, v)| v.as_ref())
    }

    /// The value while it may be used: neither lost, nor a sentinel.
    pub fn usable(&self, now: Mono, patience: Patience) -> Option<&T> {
        if self.age(now, patience).is_usable() { self.last() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Patience = Patience { late: Duration::from_millis(500), lost: Duration::from_secs(1) };

    #[test]
    fn a_reading_ages_from_fresh_over_late_to_lost() {
        let r = Reading::new(Mono::from_millis(1000), 5);
        assert_eq!(r.age(Mono::from_millis(1500), P), Age::Fresh(Duration::from_millis(500)));
        assert_eq!(r.age(Mono::from_millis(1501), P), Age::Late(Duration::from_millis(501)));
        assert_eq!(r.usable(Mono::from_millis(2000), P), Some(&5));
        assert_eq!(r.usable(Mono::from_millis(2001), P), None);
        assert_eq!(r.last(), Some(&5));
    }

    #[test]
    fn a_sentinel_is_no_value_but_has_an_age() {
        let r: Reading<i32> = Reading::sentinel(Mono::from_millis(10));
        assert_eq!(r.usable(Mono::from_millis(20), P), None);
        assert!(matches!(r.age(Mono::from_millis(20), P), Age::Fresh(_)));
        assert_eq!(Reading::<i32>::NEVER.age(Mono::ZERO, P), Age::Never);
    }

    #[test]
    fn a_clock_that_steps_back_gives_age_zero() {
        let r = Reading::new(Mono::from_millis(1000), 5);
        assert_eq!(r.age(Mono::from_millis(900), P), Age::Fresh(Duration::ZERO));
    }
}
