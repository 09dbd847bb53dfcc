//! What the machine sees: the worst of all BMUs of a pack, and the charger. Plain values with their
//! ages; what is not known is `None`, and the machine takes that for the unsafe value.

use std::time::Duration;

use crate::base::units::{AmpHours, Amps, Percent, Volts, Watts};
use crate::engine::device::{
    CellsTold, ChargerCommand, ChargerFaults, FlagSet, PackState, Switching,
};
use crate::engine::pack::{CellAt, TemperatureAt};

/// A pack: one BMU or several side by side. Every value is the worst of them and `None` unless every
/// BMU tells it and it is not lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PackView {
    /// How many BMUs there should be.
    pub bmus: u8,
    /// Age of the oldest of voltage and current, cell range and headroom of all BMUs; `None` if one
    /// was never heard.
    pub fast_age: Option<Duration>,
    /// Age of the oldest of state and flags of all BMUs.
    pub slow_age: Option<Duration>,
    /// Age of the oldest module of all BMUs that tell of modules; a module that was never heard
    /// though its BMU counts it makes it `None`.
    pub module_age: Option<Duration>,
    /// Highest voltage that a BMU measures.
    pub voltage: Option<Volts>,
    /// Current of all of them together, positive into the battery.
    pub current: Option<Amps>,
    /// Highest cell.
    pub highest: Option<CellAt>,
    /// Lowest cell.
    pub lowest: Option<CellAt>,
    /// Hottest cells.
    pub hottest: Option<TemperatureAt>,
    /// Coldest cells.
    pub coldest: Option<TemperatureAt>,
    /// Smallest room between a highest cell and its BMU's balance threshold, millivolts; negative
    /// when the cell is above it (protocol note, 2.1, 0xF6).
    pub room_mv: Option<i32>,
    /// Greatest temperature margin, kelvin; negative is good, 0 trips (0xF6).
    pub margin_k: Option<f64>,
    /// Lowest balance threshold of all BMUs, millivolts.
    pub balance_mv: Option<i32>,
    /// Whether every cell of all BMUs is at its balance threshold, as far as that is known.
    pub all_balancing: Option<bool>,
    /// Cells in series, as counted; 0 where modules are not told.
    pub cells: u16,
    /// Untrusted or extra cells.
    pub untrusted: u16,
    /// Lowest state of charge of all BMUs.
    pub soc: Option<Percent>,
    /// Capacity of all together.
    pub capacity: Option<AmpHours>,
    /// State of the BMU that is furthest from Run; `None` if one is not known.
    pub state: Option<PackState>,
    /// Whether all of them let current flow: in Run, or in the charge of a second generation, with
    /// contactors confirmed. One that works its contactors by itself has to tell its limits.
    pub all_run: bool,
    /// Whether all of them have taken up the charge that they were asked for, where that is a step of
    /// its own.
    pub all_init: bool,
    /// Whether all of them are in Idle.
    pub all_idle: bool,
    /// Whether any contactor is reported closed; `None` if one BMU does not tell.
    pub any_closed: Option<bool>,
    /// Flags that any of them raises; `None` if one does not tell.
    pub flags: Option<FlagSet>,
    /// Bits raised that no document explains.
    pub undocumented_flags: bool,
    /// The time since somebody else last sent the vehicle's switches or heartbeat; `None`: never.
    pub foreign_key: Option<Duration>,
    /// The bus of the pack is running and can send.
    pub bus_ok: bool,
    /// How its contactors are worked; not known where its BMSs differ.
    pub switching: Switching,
    /// Whether all of them, where they are commanded, run a firmware whose commands are documented.
    pub takes_commands: bool,
    /// What the least talkative of them tells of its cells at all.
    pub cells_told: CellsTold,
    /// Whether no balance threshold will ever be told, so that the rules and the person stand alone.
    pub no_threshold: bool,
    /// Highest current that a BMS lets itself be charged with.
    pub charge_amps: BmsLimit,
    /// Highest voltage that a BMS lets itself be charged with.
    pub charge_volts: BmsLimit,
    /// Time between two of the fast messages of the slowest of them.
    pub period: Duration,
}

/// A limit that a BMS sets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BmsLimit {
    /// It tells none.
    #[default]
    NotTold,
    /// It should tell one and has not, or not lately.
    Unknown,
    /// This.
    At(f64),
}

impl BmsLimit {
    /// The smaller of two; unknown where one should be known.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::NotTold, only) | (only, Self::NotTold) => only,
            (Self::At(one), Self::At(other)) => Self::At(one.min(other)),
        }
    }

    /// Its number, where it is known.
    #[must_use]
    pub const fn known(self) -> Option<f64> {
        match self {
            Self::At(value) => Some(value),
            Self::NotTold | Self::Unknown => None,
        }
    }
}

/// What a charger can give at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// Voltage.
    pub volts: Volts,
    /// Current.
    pub amps: Amps,
    /// Power.
    pub watts: Watts,
}

/// Another node that commands the charger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foreign {
    /// How long ago.
    pub ago: Duration,
    /// What it said.
    pub command: ChargerCommand,
}

/// The charger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChargerView {
    /// Age of its last status; `None` if it was never heard.
    pub age: Option<Duration>,
    /// Output voltage.
    pub voltage: Option<Volts>,
    /// Output current.
    pub current: Option<Amps>,
    /// What it complains of.
    pub faults: Option<ChargerFaults>,
    /// What it can give; `None` if nobody has said.
    pub rating: Option<Rating>,
    /// Another node that commands it.
    pub foreign: Option<Foreign>,
    /// Its bus is running and can send.
    pub bus_ok: bool,
}
