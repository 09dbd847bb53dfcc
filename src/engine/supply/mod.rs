//! Bench supplies that charge a pack and are spoken to in lines of text over TCP: TDK-Lambda Genesys
//! behind a serial gateway, Siglent SPD3303X. It knows how to identify one, to set it, to read back
//! what was set, and to switch it off; it knows no pack, no station and no bus of frames.
//!
//! | file | what |
//! |---|---|
//! | `text` | the two languages: what is asked, what an answer must look like |
//! | `lines` | bytes to bounded lines |
//! | `machine` | one supply as a pure machine: bytes and times in, bytes and wishes for the socket out |
//! | `line` | the thread `supply:<name>` around a machine and a socket |
//! | `bus` | a line as a bus: what it says and hears, as the frames of its device folder |
//! | `pretend` | simulated supplies on loopback, with faults |
//!
//! Whoever runs a plant calls [`open`] with a [`Target`] made from the profile (address of the bus,
//! kind and number of the component, limits from rating and settings) and gets a bus: its commands
//! and statuses are frames that never leave the program, so that the guard, its limits and the ages
//! of everything hold for a supply as they do for a charger on CAN. Closing the bus switches the
//! output off first, for at most [`LAST_WORDS`].
//!
//! Invariants: nothing is set on a device that has not said it is what the profile says; nothing is
//! set beyond the smaller of rating and model; every write is read back; a wrong, late, odd or
//! missing answer takes the output off, and it stays off until a [`Command::Stop`] has been told and
//! the output has been seen off; without a command for [`machine::COMMAND_LIFE`] the output goes off;
//! before a connection is given up, and after one was lost, the first thing said is off.

#[cfg(test)]
mod attack;
mod bus;
mod line;
mod lines;
mod machine;
mod pretend;
#[cfg(test)]
mod tests;
mod text;

use crate::base::units::{Amps, Volts, Watts};

pub use bus::open;
pub use line::{Line, switch_off};
#[cfg(test)]
use machine::{COMMAND_LIFE, Machine, Need};
pub use pretend::{Fault, Pretend, Stand};

/// Which language a supply speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brand {
    /// TDK-Lambda Genesys: ASCII commands behind a serial gateway; the number is its address.
    Genesys,
    /// Siglent SPD3303X and SPD3303X-E: SCPI; the number is its channel.
    Spd3303x,
}

impl Brand {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Genesys, Self::Spd3303x];

    /// The id of its folder under `assets/devices`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Genesys => "tdk-genesys",
            Self::Spd3303x => "siglent-spd3303x",
        }
    }

    /// The word for it on the command line and in the watchdog's lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Genesys => "tdk",
            Self::Spd3303x => "siglent",
        }
    }

    /// The one whose folder or word this is.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|brand| brand.kind() == text || brand.word() == text)
    }
}

/// Which supply, where, and what it may be set to at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its language.
    pub brand: Brand,
    /// Name or number of its machine on the network.
    pub host: String,
    /// Port there.
    pub port: u16,
    /// Its address behind the gateway (Genesys), its channel (Siglent).
    pub number: u32,
    /// Highest voltage that it may be set to.
    pub volts: Volts,
    /// Highest current that it may be set to.
    pub amps: Amps,
}

/// What a supply is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Output on, at most this.
    Give {
        /// Highest voltage.
        volts: Volts,
        /// Highest current.
        amps: Amps,
    },
    /// Output off.
    Stop,
}

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is none.
    Offline,
    /// It is being asked who it is, and switched off.
    Greeting,
    /// It takes commands.
    Ready,
    /// It is another device than the profile says, and is left alone.
    Refused,
}

/// What is known of a supply after an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// How far the connection has come.
    pub stage: Stage,
    /// What it says it is.
    pub model: Option<String>,
    /// What it can give at most: the model's own, or less where the profile says so.
    pub rating: Option<(Volts, Amps, Watts)>,
    /// Whether its output is on; `None` where that is not known.
    pub output: Option<bool>,
    /// Measured in the last round; `None` if this is no end of a round.
    pub measured: Option<(Volts, Amps)>,
    /// Its output was taken off because of something that must not be.
    pub in_doubt: bool,
    /// What is wrong, in a sentence.
    pub sentence: Option<String>,
}
