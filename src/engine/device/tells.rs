//! What a kind of battery management system tells at all, and how its contactors are worked. What a
//! kind never tells is no fault of the one at hand, and whatever needs it has to do without or refuse:
//! a model can only know the difference when the kind says so.

use serde::Serialize;

use crate::engine::device::flag::FlagSet;

/// What a battery management system tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tells {
    /// Groups of messages that it sends where nobody has told it otherwise.
    pub groups: &'static [Group],
    /// Flags that it has.
    pub flags: FlagSet,
    /// What it tells of its cells.
    pub cells: CellsTold,
    /// How its contactors are worked.
    pub switching: Switching,
    /// Who speaks.
    pub speaker: Speaker,
    /// Temperature at which its cells must not be any more, degrees Celsius, where it does not tell how
    /// far it is from its limit itself.
    pub temperature_limit: Option<f64>,
    /// What it never tells, in a sentence for people; empty where it tells everything.
    pub silence: &'static str,
}

/// What is told of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellsTold {
    /// Every cell, module by module.
    #[default]
    Every,
    /// The lowest and the highest.
    Range,
    /// Nothing.
    Nothing,
}

impl CellsTold {
    /// What two batteries both tell.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Range, _) | (_, Self::Range) => Self::Range,
            (Self::Every, Self::Every) => Self::Every,
        }
    }
}

/// How the contactors of a battery are closed and opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switching {
    /// By the vehicle's key on the bus (0x505), or whoever sends it in the vehicle's place.
    #[default]
    Key,
    /// By commands to the battery management system itself, step by step.
    Command,
    /// By the battery management system alone: nobody asks for it.
    Own,
    /// Nobody has said how, or no document does: nothing is closed from here.
    Unknown,
}

/// Which family of battery management systems speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A D1000 of the first generation.
    D1000Gen1,
    /// A D1000 of the second generation.
    D1000Gen2,
    /// One that sends no heartbeat by which it could be recognised.
    Nameless,
}

/// Groups of messages that a device can be told not to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Sign of life.
    Heartbeat,
    /// Voltages and temperatures of the modules.
    Modules,
    /// State of charge.
    Charge,
    /// Charge since balancing began.
    BalanceCharge,
    /// Distance to the limits, capacity.
    Headroom,
    /// State and contactors.
    Precharge,
    /// Lowest and highest cell.
    CellRange,
    /// Coldest and hottest module.
    TemperatureRange,
    /// Voltage and current.
    Totals,
    /// Balance thresholds, modules, firmware, the first eight flags.
    Status,
    /// Fans and 12 V.
    Fans,
    /// All flags, hardware version.
    ExtendedStatus,
    /// What it lets itself be charged and discharged with.
    Limits,
    /// Which firmware runs.
    Version,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 14] = [
        Self::Heartbeat,
        Self::Modules,
        Self::Charge,
        Self::BalanceCharge,
        Self::Headroom,
        Self::Precharge,
        Self::CellRange,
        Self::TemperatureRange,
        Self::Totals,
        Self::Status,
        Self::Fans,
        Self::ExtendedStatus,
        Self::Limits,
        Self::Version,
    ];

    /// Those of a D1000 of the first generation.
    pub const D1000_GEN1: &'static [Self] = &[
        Self::Heartbeat,
        Self::Modules,
        Self::Charge,
        Self::BalanceCharge,
        Self::Headroom,
        Self::Precharge,
        Self::CellRange,
        Self::TemperatureRange,
        Self::Totals,
        Self::Status,
        Self::Fans,
        Self::ExtendedStatus,
    ];

    /// What to call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Modules => "modules and cells",
            Self::Charge => "state of charge",
            Self::BalanceCharge => "balance charge",
            Self::Headroom => "charger control and capacity",
            Self::Precharge => "contactors and precharge",
            Self::CellRange => "lowest and highest cell",
            Self::TemperatureRange => "coldest and hottest module",
            Self::Totals => "pack voltage and current",
            Self::Status => "balance thresholds and status",
            Self::Fans => "fans and 12 V",
            Self::ExtendedStatus => "extended status",
            Self::Limits => "limits of charge and discharge",
            Self::Version => "firmware version",
        }
    }
}

impl Tells {
    /// A D1000 of the first generation, and whatever speaks like one.
    pub const D1000_GEN1: Self = Self {
        groups: Group::D1000_GEN1,
        flags: FlagSet::D1000_GEN1,
        cells: CellsTold::Every,
        switching: Switching::Key,
        speaker: Speaker::D1000Gen1,
        temperature_limit: None,
        silence: "",
    };

    /// Whether it sends a group.
    #[must_use]
    pub fn sends(&self, group: Group) -> bool {
        self.groups.contains(&group)
    }
}

impl Default for Tells {
    fn default() -> Self {
        Self::D1000_GEN1
    }
}
