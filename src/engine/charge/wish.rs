//! What people asked, apart from what is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::units::{AmpHours, Amps, Millivolts, Percent, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::rules::{Key, Rules};
use crate::engine::charge::state::StopReason;

/// What a charge is to do. Checked against the rules by [`SetPoints::check`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPoints {
    /// Highest current.
    #[serde(rename = "current_a")]
    pub current: Amps,
    /// Highest cell voltage.
    #[serde(rename = "cell_mv")]
    pub cell: Millivolts,
    /// Highest pack voltage, where one was given.
    #[serde(rename = "pack_v", default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<Volts>,
    /// State of charge to stop at; 100 or none: until it is full.
    #[serde(rename = "soc_percent", default, skip_serializing_if = "Option::is_none")]
    pub soc: Option<Percent>,
    /// Time to stop after, seconds.
    #[serde(rename = "seconds", default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Charge to stop after.
    #[serde(rename = "charge_ah", default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<AmpHours>,
    /// What the socket gives, amperes of the mains; none: the rule's.
    #[serde(rename = "mains_a", default, skip_serializing_if = "Option::is_none")]
    pub mains: Option<Amps>,
}

/// Why set points cannot be.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SetPointError {
    /// No number, negative, or beyond what the rules allow.
    #[error("{what} cannot be {value} {unit}: it is {least} to {most} {unit}")]
    OutOfRange {
        /// Name of the field in the API.
        field: &'static str,
        /// What to call it.
        what: &'static str,
        /// What was asked for.
        value: f64,
        /// Least.
        least: f64,
        /// Most.
        most: f64,
        /// Unit.
        unit: &'static str,
    },
}

impl SetPointError {
    /// Name of the field in the API.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::OutOfRange { field, .. } => field,
        }
    }
}

/// A set point's field in the API, what to call it, its unit, its value, the least and the most.
pub type SetPointRange = (&'static str, &'static str, &'static str, Option<f64>, f64, f64);

impl SetPoints {
    /// The usual set points under `rules`: its highest current and cell voltage, until full.
    #[must_use]
    pub fn usual(rules: &Rules) -> Self {
        Self {
            current: Amps(rules.get(Key::CurrentMax)),
            cell: Millivolts(rules.get(Key::CellMax) as i32),
            pack: None,
            soc: None,
            seconds: None,
            charge: None,
            mains: None,
        }
    }

    /// The allowed range of each: field, what to call it, unit, value, least, most.
    #[must_use]
    pub fn ranges(&self, rules: &Rules) -> [SetPointRange; 7] {
        let rule = |key| rules.get(key);
        [
            (
                "current_a",
                "the highest current",
                "A",
                Some(self.current.get()),
                0.1,
                rule(Key::CurrentMax),
            ),
            (
                "cell_mv",
                "the highest cell voltage",
                "mV",
                Some(f64::from(self.cell.get())),
                rule(Key::CellMin),
                rule(Key::CellMax),
            ),
            (
                "pack_v",
                "the highest pack voltage",
                "V",
                self.pack.map(Volts::get),
                10.0,
                rule(Key::PackMax),
            ),
            (
                "soc_percent",
                "the state of charge to stop at",
                "%",
                self.soc.map(Percent::get),
                1.0,
                100.0,
            ),
            (
                "seconds",
                "the time to stop after",
                "s",
                self.seconds,
                1.0,
                rule(Key::Longest) * 3600.0,
            ),
            (
                "charge_ah",
                "the charge to stop after",
                "Ah",
                self.charge.map(AmpHours::get),
                0.001,
                10_000.0,
            ),
            (
                "mains_a",
                "the current of the socket",
                "A",
                self.mains.map(Amps::get),
                1.0,
                rule(Key::MainsAmps),
            ),
        ]
    }

    /// Checks every one against its range.
    ///
    /// # Errors
    /// Names the first that is no number or out of its range.
    pub fn check(&self, rules: &Rules) -> Result<(), SetPointError> {
        for (field, what, unit, value, least, most) in self.ranges(rules) {
            let Some(value) = value else { continue };
            // Written so that NaN is refused too.
            if !(value >= least && value <= most) {
                return Err(SetPointError::OutOfRange { field, what, value, least, most, unit });
            }
        }
        Ok(())
    }

    /// The time to stop after.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        self.seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

/// What somebody wants of a pack. A want is consumed: its number is remembered by the state that
/// dealt with it, so that the same want starts nothing twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Want {
    /// Nothing: contactors open, charger off.
    #[default]
    Nothing,
    /// Contactors closed, no charge.
    Contactors {
        /// Number of the want, never used twice in a station's life.
        number: u64,
    },
    /// A charge.
    Charge {
        /// Number of the want, never used twice in a station's life.
        number: u64,
        /// What it is to do.
        set: SetPoints,
    },
}

/// What keeps a charge going besides its readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lease {
    /// It goes on without whoever started it.
    #[default]
    GoesOn,
    /// It stops when whoever started it has been gone for ten seconds.
    WhilePresent {
        /// Whether that person still is there.
        present: bool,
    },
}

/// Whether whoever started something still may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    May,
    /// The permission or the account is gone.
    MayNot,
}

impl From<bool> for Standing {
    fn from(may: bool) -> Self {
        if may { Self::May } else { Self::MayNot }
    }
}

/// Whether whoever started something is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Yes.
    There,
    /// Not for a while.
    Gone,
}

impl From<bool> for Presence {
    fn from(there: bool) -> Self {
        if there { Self::There } else { Self::Gone }
    }
}

/// What must be cleared by a person before a start. They survive a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latches {
    /// A fault stopped a charge.
    pub fault: bool,
    /// Somebody at the machine stopped it: only there it is released.
    pub local_stop: bool,
    /// Somebody elsewhere stopped it.
    pub remote_stop: bool,
}

impl Latches {
    /// Whether none is set.
    #[must_use]
    pub const fn is_clear(self) -> bool {
        !self.fault && !self.local_stop && !self.remote_stop
    }

    /// Whether a face stands at the machine itself.
    #[must_use]
    pub const fn is_local(face: Face) -> bool {
        match face {
            Face::Desktop | Face::CommandLine | Face::Inside => true,
            Face::Web | Face::Api => false,
        }
    }
}

/// All that people want, and by which rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// What is wanted.
    pub want: Want,
    /// Somebody asked for a stop that is not dealt with yet; the face it came from.
    pub stop: Option<Face>,
    /// The program's own reason to end what runs: its shutdown.
    pub end: Option<StopReason>,
    /// What must be cleared first.
    pub latches: Latches,
    /// What keeps it going.
    pub lease: Lease,
    /// Whether whoever started it still may (permission, account).
    pub permitted: bool,
    /// What is decided by.
    pub rules: Rules,
    /// How much faster than the clock the cells of a demo live; 1 for anything real. Only counts
    /// (ampere-hours, time left) use it, never a decision.
    pub pace: f64,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            want: Want::Nothing,
            stop: None,
            end: None,
            latches: Latches::default(),
            lease: Lease::default(),
            permitted: true,
            rules: Rules::default(),
            pace: 1.0,
        }
    }
}
