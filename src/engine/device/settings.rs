//! What a component sets on its device kind: address, current sign, parallel strings; and which ids
//! it then owns.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::device::setting::SettingValues;

/// Which way round a device counts current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurrentSign {
    /// Positive into the battery, as Busbar does.
    #[default]
    ChargePositive,
    /// Positive out of the battery; turned round at the device's edge.
    DischargePositive,
}

impl CurrentSign {
    /// Both, for lists.
    pub const ALL: [Self; 2] = [Self::ChargePositive, Self::DischargePositive];

    /// The word in profiles and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChargePositive => "charge-positive",
            Self::DischargePositive => "discharge-positive",
        }
    }

    /// What a device's number is multiplied with to be positive into the battery.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Self::ChargePositive => 1.0,
            Self::DischargePositive => -1.0,
        }
    }
}

impl fmt::Display for CurrentSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CurrentSign {
    type Err = BadCurrentSign;

    fn from_str(text: &str) -> Result<Self, BadCurrentSign> {
        let found = Self::ALL.into_iter().find(|sign| sign.name() == text);
        found.ok_or_else(|| BadCurrentSign(text.to_owned()))
    }
}

/// Not a current sign.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no current sign; it is charge-positive or discharge-positive")]
pub struct BadCurrentSign(String);

/// What a component sets on its device kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Base address, or for a device of fixed 29-bit ids the address of its node.
    pub base: u32,
    /// Which way round it counts current.
    pub current_sign: CurrentSign,
    /// Parallel strings below it, at least 1.
    pub strings: u16,
    /// What its kind lets it set besides; a bound device has all of them.
    pub values: SettingValues,
}

/// Why a kind cannot be bound with these settings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BindError {
    /// Not a multiple of the step.
    #[error(
        "base address 0x{base:03X} of {title} is not a multiple of 0x{step:02X}; the nearest are {}",
        Near(*below, *above)
    )]
    NotAMultiple {
        /// Title of the kind.
        title: String,
        /// What was asked for.
        base: u32,
        /// Its step.
        step: u32,
        /// Nearest below.
        below: u32,
        /// Nearest above, where there is one in range.
        above: Option<u32>,
    },
    /// Beyond the last possible address.
    #[error(
        "base address 0x{base:X} of {title} is out of range: it can be 0x000 to 0x{highest:03X} in steps of 0x{step:02X}"
    )]
    OutOfRange {
        /// Title of the kind.
        title: String,
        /// What was asked for.
        base: u32,
        /// Its step.
        step: u32,
        /// Highest possible.
        highest: u32,
    },
    /// Not among the possible addresses.
    #[error("address 0x{base:X} of {title} does not exist; it can be {}", Listed(choices))]
    NotAChoice {
        /// Title of the kind.
        title: String,
        /// What was asked for.
        base: u32,
        /// Possible ones.
        choices: Vec<u32>,
    },
    /// No string, or more than the limit.
    #[error("{title} cannot have {strings} parallel strings; it can have 1 to {limit}")]
    Strings {
        /// Title of the kind.
        title: String,
        /// What was asked for.
        strings: u16,
        /// Most it can have.
        limit: u16,
    },
    /// A setting that cannot be so.
    #[error("{title}: {why}")]
    Setting {
        /// Title of the kind.
        title: String,
        /// The setting.
        name: String,
        /// Why not.
        why: String,
    },
    /// The kind's own DBC lacks what its code reads.
    #[error("the DBC of {title} has no signal {signal} in message {message}")]
    Schema {
        /// Title of the kind.
        title: String,
        /// Message that was looked at.
        message: String,
        /// Signal that is missing.
        signal: String,
    },
}

struct Near(u32, Option<u32>);

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:03X}", self.0)?;
        self.1.map_or(Ok(()), |above| write!(f, " and 0x{above:03X}"))
    }
}

struct Listed<'a>(&'a [u32]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, choice)| {
            let lead = match at {
                0 => "",
                _ if at + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{lead}0x{choice:02X}")
        })
    }
}

/// Ids that a device owns on its bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The ids.
    pub ids: RangeInclusive<u32>,
    /// Whether they are 29-bit ids.
    pub extended: bool,
}

impl Claim {
    /// The ids that both own, if any.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<RangeInclusive<u32>> {
        let first = *self.ids.start().max(other.ids.start());
        let last = *self.ids.end().min(other.ids.end());
        (self.extended == other.extended && first <= last).then_some(first..=last)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.ids.start(), self.ids.end());
        match (self.extended, first == last) {
            (true, true) => write!(f, "0x{first:08X}"),
            (true, false) => write!(f, "0x{first:08X} to 0x{last:08X}"),
            (false, true) => write!(f, "0x{first:03X}"),
            (false, false) => write!(f, "0x{first:03X} to 0x{last:03X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(ids: RangeInclusive<u32>) -> Claim {
        Claim { ids, extended: false }
    }

    #[test]
    fn two_devices_overlap_only_on_ids_of_the_same_kind() {
        assert_eq!(claim(0x600..=0x6FF).overlap(&claim(0x6A0..=0x6AF)), Some(0x6A0..=0x6AF));
        assert_eq!(claim(0x600..=0x6FF).overlap(&claim(0x700..=0x7FF)), None);
        let extended = Claim { ids: 0x600..=0x6FF, extended: true };
        assert_eq!(claim(0x600..=0x6FF).overlap(&extended), None);
        assert_eq!(claim(0x600..=0x6FF).to_string(), "0x600 to 0x6FF");
    }

    #[test]
    fn a_current_sign_is_a_word() {
        assert_eq!("discharge-positive".parse(), Ok(CurrentSign::DischargePositive));
        let said = "minus".parse::<CurrentSign>().unwrap_err().to_string();
        assert!(said.contains("\"minus\"") && said.contains("charge-positive"), "{said}");
    }
}
