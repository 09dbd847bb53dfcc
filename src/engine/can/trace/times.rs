//! From what the lines of a recording say about time to one time line: wall time where the log has
//! a date, else time of its own. The order of the file is never changed.

use crate::base::time::{TimeSource, Timebase, Wall};
use crate::engine::can::trace::line::Stamp;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Times before this (in 1973) are no dates: recorders without a clock count from zero.
pub const FIRST_DATE: i64 = 100_000_000 * SECOND;
/// A log without any times is played at this many nanoseconds a frame.
const UNTIMED_STEP: i64 = 1_000_000;

/// What the times of a recording mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStyle {
    /// Since 1970, UTC.
    Wall,
    /// A local date and time, whose zone is not known.
    Local,
    /// Since something the log does not name.
    Relative,
    /// Since midnight of a day the log does not name.
    OfDay,
    /// Since the line before.
    Delta,
    /// Since the line before, in a log that has a local date at its front.
    LocalDelta,
    /// The log has no times.
    Missing,
}

impl TimeStyle {
    /// Judges the stamps of the first frames. `delta_possible`: the format may say times since the
    /// line before.
    pub fn judge(stamps: &[Stamp], delta: DeltaTimes) -> Self {
        match stamps.first() {
            None | Some(Stamp::Unsaid) => Self::Missing,
            Some(Stamp::Local(_)) => Self::Local,
            Some(Stamp::LocalSpan(..)) => Self::LocalDelta,
            Some(Stamp::OfDay(_)) => Self::OfDay,
            Some(Stamp::At(first)) if *first >= FIRST_DATE => Self::Wall,
            Some(Stamp::At(_)) => match delta {
                DeltaTimes::Always => Self::Delta,
                DeltaTimes::Never => Self::Relative,
                DeltaTimes::Possible if falls_often(stamps) => Self::Delta,
                DeltaTimes::Possible => Self::Relative,
            },
        }
    }

    /// The mapping to the wall clock.
    pub fn timebase(self) -> Timebase {
        let wall_at_zero = match self {
            Self::Wall | Self::Local | Self::LocalDelta => Some(Wall::from_nanos(0)),
            Self::Relative | Self::OfDay | Self::Delta | Self::Missing => None,
        };
        Timebase { source: TimeSource::Recording, wall_at_zero }
    }

    /// Whether the time of a line is known without all lines before it.
    pub const fn is_absolute(self) -> bool {
        match self {
            Self::Wall | Self::Local | Self::Relative | Self::OfDay => true,
            Self::Delta | Self::LocalDelta | Self::Missing => false,
        }
    }

    /// Whether the time of a line is known without any other.
    pub const fn is_independent(self) -> bool {
        match self {
            Self::Wall | Self::Local | Self::Relative => true,
            Self::OfDay | Self::Delta | Self::LocalDelta | Self::Missing => false,
        }
    }

    /// What a reader of the log should be told about its times.
    pub const fn note(self) -> Option<&'static str> {
        match self {
            Self::Wall | Self::Delta => None,
            Self::Local | Self::LocalDelta => {
                Some("the times are local and do not name their zone; taken as UTC")
            }
            Self::Relative => Some("the recording has times but no date"),
            Self::OfDay => Some("the recording has times of day but no date"),
            Self::Missing => Some("the recording has no times; its frames are put 1 ms apart"),
        }
    }
}

/// Whether a format may say times since the line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaTimes {
    /// Its times only grow.
    Never,
    /// It depends on how the recorder was called.
    Possible,
    /// Its header says so.
    Always,
}

/// Times since the line before fall about every other line, growing ones hardly ever.
fn falls_often(stamps: &[Stamp]) -> bool {
    let falls = stamps.windows(2).filter(|pair| match pair {
        [Stamp::At(a), Stamp::At(b)] => b < a,
        _ => false,
    });
    let falls = falls.count();
    falls > 0 && falls * 10 >= stamps.len()
}

/// The time line of one reading pass. Small enough to be kept beside every mark in a file.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    style: TimeStyle,
    /// Last time given out; the sum so far for delta times.
    last: Option<i64>,
    /// Start of the current day, for times of day.
    midnight: i64,
}

impl Times {
    pub const fn new(style: TimeStyle) -> Self {
        Self { style, last: None, midnight: 0 }
    }

    /// The time of a line far behind one of the time `start`, for times that do not depend on the
    /// lines between. A time of day before `start` is taken as one of the next day.
    pub fn continued(style: TimeStyle, start: i64, stamp: Stamp) -> Option<i64> {
        match stamp {
            Stamp::At(at) | Stamp::Local(at) => style.is_absolute().then_some(at),
            Stamp::OfDay(ns) if ns < start => ns.checked_add(DAY),
            Stamp::OfDay(ns) => Some(ns),
            Stamp::LocalSpan(..) | Stamp::Unsaid => None,
        }
    }

    /// Whether this time lies before the last one.
    pub fn is_behind(&self, at: i64) -> bool {
        self.last.is_some_and(|last| at < last)
    }

    /// The time of the next frame, and whether it lies before that of the frame before.
    pub fn take(&mut self, stamp: Stamp) -> (i64, bool) {
        let at = self.resolve(stamp);
        let back = self.last.is_some_and(|last| at < last);
        self.last = Some(at);
        (at, back)
    }

    fn resolve(&mut self, stamp: Stamp) -> i64 {
        let last = self.last.unwrap_or(0);
        match (self.style, stamp) {
            (TimeStyle::Delta, Stamp::At(span)) => last.saturating_add(span),
            (_, Stamp::LocalSpan(start, span)) => self.last.unwrap_or(start).saturating_add(span),
            (_, Stamp::At(at) | Stamp::Local(at)) => at,
            (_, Stamp::OfDay(ns)) => self.of_day(ns),
            (TimeStyle::Missing, Stamp::Unsaid) => {
                self.last.map_or(0, |last| last.saturating_add(UNTIMED_STEP))
            }
            (_, Stamp::Unsaid) => last,
        }
    }

    /// A time of day that falls by more than half a day is past a midnight; one that jumps up by
    /// more than half a day is a straggler from before it.
    fn of_day(&mut self, ns: i64) -> i64 {
        let at = self.midnight.saturating_add(ns);
        let Some(last) = self.last else { return at };
        if at < last.saturating_sub(DAY / 2) {
            self.midnight = self.midnight.saturating_add(DAY);
            at.saturating_add(DAY)
        } else if at > last.saturating_add(DAY / 2) && self.midnight > 0 {
            at.saturating_sub(DAY)
        } else {
            at
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[f64]) -> Vec<Stamp> {
        seconds.iter().map(|s| Stamp::At((s * 1e9) as i64)).collect()
    }

    #[test]
    fn the_kind_of_times_is_found_from_the_times() {
        let judge = |s: &[f64]| TimeStyle::judge(&at(s), DeltaTimes::Possible);
        assert_eq!(judge(&[1_436_509_052.0, 1_436_509_053.0]), TimeStyle::Wall);
        assert_eq!(judge(&[0.0, 0.1, 0.2, 0.3]), TimeStyle::Relative);
        assert_eq!(judge(&[0.0, 0.1, 0.02, 0.1, 0.08]), TimeStyle::Delta);
        assert_eq!(TimeStyle::judge(&at(&[5.0, 1.0]), DeltaTimes::Never), TimeStyle::Relative);
        assert_eq!(TimeStyle::judge(&[Stamp::Unsaid], DeltaTimes::Possible), TimeStyle::Missing);
        assert_eq!(TimeStyle::Relative.timebase().wall_at_zero, None);
    }

    #[test]
    fn a_time_of_day_goes_on_past_midnight() {
        let mut times = Times::new(TimeStyle::OfDay);
        let late = DAY - 5;
        assert_eq!(times.take(Stamp::OfDay(late)), (late, false));
        assert_eq!(times.take(Stamp::OfDay(3)), (DAY + 3, false));
        assert_eq!(times.take(Stamp::OfDay(late + 1)), (late + 1, true));
        assert_eq!(times.take(Stamp::OfDay(4)), (DAY + 4, false));
        assert_eq!(times.take(Stamp::OfDay(2)), (DAY + 2, true));
    }

    #[test]
    fn times_since_the_line_before_add_up() {
        let mut times = Times::new(TimeStyle::Delta);
        let got: Vec<_> = [0, 5, 3].map(|ns| times.take(Stamp::At(ns)).0).into();
        assert_eq!(got, [0, 5, 8]);
        let mut times = Times::new(TimeStyle::Missing);
        assert_eq!(times.take(Stamp::Unsaid).0, 0);
        assert_eq!(times.take(Stamp::Unsaid).0, 1_000_000);
    }
}
