//! What a step wants to be sent and written down.

use crate::base::units::{Amps, Volts};
use crate::engine::charge::state::{Governor, State};

/// What the charger is to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ChargerIntent {
    /// Nothing: it is not ours.
    #[default]
    Silent,
    /// Zero volts, zero amperes, stop.
    Stop,
    /// Charge with at most this. Zero amperes keep its output at the voltage.
    Give {
        /// Highest voltage.
        volts: Volts,
        /// Highest current.
        amps: Amps,
    },
}

/// What the BMUs are to be told in the vehicle's place (protocol note, 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyIntent {
    /// Nothing.
    #[default]
    Silent,
    /// 0x0000.
    Off,
    /// 0x0070.
    Start,
    /// 0x0030.
    Run,
}

impl KeyIntent {
    /// The switch word; none where nothing is sent.
    #[must_use]
    pub const fn word(self) -> Option<u16> {
        match self {
            Self::Silent => None,
            Self::Off => Some(0x0000),
            Self::Start => Some(0x0070),
            Self::Run => Some(0x0030),
        }
    }
}

/// Everything a step wants. Derived anew in every step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Intents {
    /// To the charger.
    pub charger: ChargerIntent,
    /// To the BMUs.
    pub key: KeyIntent,
    /// The latch that this step sets.
    pub latch_fault: bool,
    /// The asked stop was dealt with.
    pub stop_taken: bool,
}

/// Something for the journal, the report and the log of a charge: made by the station, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a few a charge, and none is kept")]
pub enum Note {
    /// A charge (or only contactors) was taken up.
    Began {
        /// Number of the want.
        number: u64,
    },
    /// The machine went from one state to another.
    Entered {
        /// From.
        from: State,
        /// To.
        to: State,
    },
    /// Another limit governs.
    Governed {
        /// Which.
        by: Governor,
        /// The command then.
        amps: Amps,
    },
}
