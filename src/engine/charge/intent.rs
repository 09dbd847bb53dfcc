//! What a step wants to be sent and written down.

use crate::base::units::{Amps, Volts};
use crate::engine::charge::state::{Governor, State};
use crate::engine::device::Switching;

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
    /// 0x0000; the second generation is told to be idle.
    Off,
    /// A charge is asked for: a step of the second generation only.
    Init,
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
            // A key has no such position: off is what opens nothing and closes nothing.
            Self::Off | Self::Init => Some(0x0000),
            Self::Start => Some(0x0070),
            Self::Run => Some(0x0030),
        }
    }

    /// The command to a second generation (protocol note, 3.3); none where nothing is sent.
    #[must_use]
    pub const fn command(self) -> Option<u8> {
        match self {
            Self::Silent => None,
            Self::Off => Some(1),
            Self::Init => Some(8),
            Self::Start | Self::Run => Some(16),
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
    /// How the BMUs are told.
    pub switching: Switching,
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
