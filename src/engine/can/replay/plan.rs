//! What a replay onto buses is asked to do: how fast, which part, how often, and under which ids.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::engine::can::frame::Id;
use crate::engine::can::replay::Speed;

/// Most mappings of ids of one replay.
pub const MAPPINGS: usize = 64;
/// Greatest factor of a replay onto buses.
pub const QUICKEST: f64 = 100.0;

/// What a replay is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayPlan {
    /// How fast.
    pub speed: Speed,
    /// How often the part is sent; `None`: until somebody stops it.
    pub times: Option<u32>,
    /// Where the part begins, after the first frame of the recording; `None`: at its front.
    pub from: Option<Duration>,
    /// Where it ends; `None`: with the recording.
    pub to: Option<Duration>,
    /// Longer pauses of the recording are shortened to this; `None`: none is.
    pub longest_gap: Option<Duration>,
    /// Ids that go out as others; the first that fits counts.
    pub ids: Vec<IdMap>,
}

impl Default for ReplayPlan {
    /// All of it once, as it was recorded.
    fn default() -> Self {
        let (from, to, longest_gap, ids) = (None, None, None, Vec::new());
        Self { speed: Speed::NORMAL, times: Some(1), from, to, longest_gap, ids }
    }
}

/// Why a replay cannot be so.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PlanError {
    /// A factor out of range.
    #[error("a replay goes at 0.1 to 100 times its own speed, not at {0}")]
    Speed(f64),
    /// No times at all.
    #[error("a recording cannot be replayed 0 times")]
    Never,
    /// The end is not behind the beginning.
    #[error("the part to be replayed ends at {to:?} and begins at {from:?}: the end comes first")]
    Empty {
        /// The beginning.
        from: Duration,
        /// The end.
        to: Duration,
    },
    /// The part lies behind the recording.
    #[error(
        "the part to be replayed begins at {from:?}, and the recording is only {length:?} long"
    )]
    Behind {
        /// The beginning.
        from: Duration,
        /// How long the recording is.
        length: Duration,
    },
    /// There are too many mappings.
    #[error("{0} mappings of ids are given, at most {MAPPINGS} are kept")]
    TooMany(usize),
    /// A mapping that cannot be read.
    #[error("“{0}” maps no id: write 0x123=0x456, or 0x600-0x6FF=0x200 for several")]
    Text(String),
    /// A mapping whose ids do not fit.
    #[error("“{0}” maps ids beyond the last that there is")]
    Beyond(String),
}

impl ReplayPlan {
    /// Whether it can be.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), PlanError> {
        check_speed(self.speed)?;
        if self.times == Some(0) {
            return Err(PlanError::Never);
        }
        let from = self.from.unwrap_or_default();
        if let Some(to) = self.to.filter(|to| *to <= from) {
            return Err(PlanError::Empty { from, to });
        }
        if self.ids.len() > MAPPINGS {
            return Err(PlanError::TooMany(self.ids.len()));
        }
        Ok(())
    }

    /// The id that goes out in place of `id`.
    #[must_use]
    pub fn mapped(&self, id: Id) -> Id {
        self.ids.iter().find_map(|map| map.apply(id)).unwrap_or(id)
    }
}

/// Whether a replay can go so fast.
///
/// # Errors
/// It is out of range, or no number.
pub fn check_speed(speed: Speed) -> Result<(), PlanError> {
    match speed {
        Speed::Factor(factor) if !(Speed::SLOWEST..=QUICKEST).contains(&factor) => {
            Err(PlanError::Speed(factor))
        }
        Speed::Factor(_) | Speed::Fastest => Ok(()),
    }
}

/// Ids that go out as others, each as far from the first as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMap {
    from: RangeInclusive<u32>,
    extended: bool,
    to: Id,
}

impl IdMap {
    fn apply(&self, id: Id) -> Option<Id> {
        let fits = id.is_extended() == self.extended && self.from.contains(&id.raw());
        fits.then(|| self.to.offset(i64::from(id.raw()) - i64::from(*self.from.start()))).flatten()
    }
}

impl FromStr for IdMap {
    type Err = PlanError;

    /// `0x123=0x456`, `0x600-0x6FF=0x200`; more than three digits, or more
    /// than 7FF, mean 29 bits.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let wrong = || PlanError::Text(text.to_owned());
        let parted = text.split_once("->").or_else(|| text.split_once('='));
        let (from, to) = parted.ok_or_else(wrong)?;
        let to = id(to).ok_or_else(wrong)?;
        let (first, last) = match from.split_once('-') {
            Some((first, last)) => (id(first), id(last)),
            None => (id(from), id(from)),
        };
        let (first, last) = first.zip(last).ok_or_else(wrong)?;
        if first.raw() > last.raw() {
            return Err(wrong());
        }
        // 600-8FF are 29-bit ids as a whole, because its last one is none of 11 bits.
        let extended = first.is_extended() || last.is_extended();
        if to.offset(i64::from(last.raw()) - i64::from(first.raw())).is_none() {
            return Err(PlanError::Beyond(text.to_owned()));
        }
        Ok(Self { from: first.raw()..=last.raw(), extended, to })
    }
}

fn id(text: &str) -> Option<Id> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let raw = u32::from_str_radix(digits, 16).ok()?;
    if digits.len() > 3 { Id::extended(raw) } else { Id::guess(raw) }
}

impl fmt::Display for IdMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |raw: u32| if self.extended { Id::extended(raw) } else { Id::standard(raw) };
        let (first, last) = (one(*self.from.start()), one(*self.from.end()));
        let (Some(first), Some(last)) = (first, last) else { return Err(fmt::Error) };
        if first == last {
            write!(f, "{first}={}", self.to)
        } else {
            write!(f, "{first}-{last}={}", self.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> IdMap {
        text.parse().unwrap()
    }

    fn through(text: &str, raw: u32) -> u32 {
        let ids = vec![map(text)];
        let plan = ReplayPlan { ids, ..ReplayPlan::default() };
        plan.mapped(Id::guess(raw).unwrap()).raw()
    }

    #[test]
    fn single_ids_and_ranges_go_out_as_others_and_the_rest_stays() {
        assert_eq!(through("0x123=0x456", 0x123), 0x456);
        assert_eq!(through("123->456", 0x124), 0x124);
        assert_eq!(through("0x600-0x6ff=0x200", 0x622), 0x222);
        assert_eq!(through("0x600-0x6ff=0x200", 0x700), 0x700);
        assert_eq!(through("0x600=18FF50E5", 0x600), 0x18FF_50E5);
        // The same number with 29 bits is another id.
        let long = Id::extended(0x123).unwrap();
        let plan = ReplayPlan { ids: vec![map("123=456")], ..ReplayPlan::default() };
        assert_eq!(plan.mapped(long), long);
        let plan = ReplayPlan { ids: vec![map("00000123=456")], ..ReplayPlan::default() };
        assert_eq!(plan.mapped(long), Id::standard(0x456).unwrap());
    }

    #[test]
    fn a_mapping_is_written_as_it_is_read() {
        for text in ["0x123=0x456", "0x600-0x6FF=0x200", "0x00000600=0x18FF50E5"] {
            assert_eq!(map(text).to_string(), text);
        }
    }

    #[test]
    fn a_mapping_that_cannot_be_is_refused_with_its_text() {
        for text in ["", "123", "x=1", "0x123=", "6ff-600=200", "123=456=789", "123456789=1"] {
            let said = text.parse::<IdMap>().unwrap_err().to_string();
            assert!(said.contains("maps no id"), "{text}: {said}");
        }
        let said = "600-6ff=7f0".parse::<IdMap>().unwrap_err().to_string();
        assert!(said.contains("beyond the last"), "{said}");
    }

    #[test]
    fn a_plan_that_cannot_be_is_refused() {
        let usual = ReplayPlan::default;
        let said = |plan: ReplayPlan| plan.check().unwrap_err().to_string();
        for factor in [0.0, 0.09, 100.1, -1.0, f64::NAN, f64::INFINITY] {
            let speed = Speed::Factor(factor);
            assert!(said(ReplayPlan { speed, ..usual() }).contains("0.1 to 100"), "{factor}");
        }
        assert!(said(ReplayPlan { times: Some(0), ..usual() }).contains("0 times"));
        let (from, to) = (Some(Duration::from_secs(5)), Some(Duration::from_secs(5)));
        assert!(said(ReplayPlan { from, to, ..usual() }).contains("the end comes first"));
        let ids = vec![map("1=2"); MAPPINGS + 1];
        assert!(said(ReplayPlan { ids, ..usual() }).contains("at most 64"));
        assert_eq!(ReplayPlan { speed: Speed::Fastest, ..usual() }.check(), Ok(()));
    }
}
