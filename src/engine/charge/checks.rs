//! Preconditions and interlocks: each looked at anew in every step, each with its value, its limit
//! and whether it holds. An unknown value does not hold.

use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::Wish;

/// Which check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckId {
    /// Voltage, current, range and headroom of all BMUs are recent.
    BmuFresh,
    /// State and flags of all BMUs are recent.
    BmuStatusFresh,
    /// All modules are recent.
    ModulesFresh,
    /// The charger's status is recent.
    ChargerFresh,
    /// No flag of a BMU is raised that forbids charging.
    BmuFlags,
    /// The BMUs are in a state from which contactors can close (before) or in Run (while).
    BmuState,
    /// The charger complains of nothing.
    ChargerFaults,
    /// The highest cell is below its limit.
    HighestCell,
    /// The lowest cell is not too low.
    LowestCell,
    /// Cells are not too far apart.
    CellSpread,
    /// No cell is untrusted and none is where none should be.
    CellsTrusted,
    /// The hottest cell is below its limit, and the BMU's margin is kept.
    HottestCell,
    /// The coldest cell is above its limit.
    ColdestCell,
    /// The pack is below its highest voltage.
    PackVoltage,
    /// The measured current is not above the command.
    CurrentAbove,
    /// The current goes into the pack.
    CurrentSign,
    /// What the charger delivers arrives in the pack.
    CurrentArrives,
    /// Nobody else commands the charger.
    OtherCharger,
    /// Nobody else sends the vehicle's switches.
    OtherKey,
    /// The bus of the pack runs and can send.
    PackBus,
    /// The bus of the charger runs and can send.
    ChargerBus,
    /// The charger can reach the pack's voltage.
    ChargerFits,
    /// The set points are within their ranges.
    SetPoints,
    /// The wanted state of charge is above the present one.
    Target,
    /// Whoever asks may.
    Permission,
    /// No latch is set.
    Latches,
    /// The charger reached the pack's voltage in time.
    Matched,
    /// The BMUs reached Idle, and then Run, in time.
    Engaged,
    /// Current flowed in time.
    Flows,
}

/// How a check stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// Whether it holds.
    pub ok: bool,
    /// What was found: "80 ms", "3.799 V", "unknown".
    pub value: String,
    /// What it must keep: "limit 1000 ms".
    pub limit: String,
    /// Why it does not hold and what to do; empty where it does.
    pub why: String,
}

impl CheckId {
    /// Its name in the API, the journal and the campaign.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BmuFresh => "bmu_fresh",
            Self::BmuStatusFresh => "bmu_status_fresh",
            Self::ModulesFresh => "modules_fresh",
            Self::ChargerFresh => "charger_fresh",
            Self::BmuFlags => "bmu_flags",
            Self::BmuState => "bmu_state",
            Self::ChargerFaults => "charger_faults",
            Self::HighestCell => "highest_cell",
            Self::LowestCell => "lowest_cell",
            Self::CellSpread => "cell_spread",
            Self::CellsTrusted => "cells_trusted",
            Self::HottestCell => "hottest_cell",
            Self::ColdestCell => "coldest_cell",
            Self::PackVoltage => "pack_voltage",
            Self::CurrentAbove => "current_above",
            Self::CurrentSign => "current_sign",
            Self::CurrentArrives => "current_arrives",
            Self::OtherCharger => "other_charger_master",
            Self::OtherKey => "other_key",
            Self::PackBus => "pack_bus",
            Self::ChargerBus => "charger_bus",
            Self::ChargerFits => "charger_fits",
            Self::SetPoints => "set_points",
            Self::Target => "target",
            Self::Permission => "permission",
            Self::Latches => "latches",
            Self::Matched => "matched",
            Self::Engaged => "engaged",
            Self::Flows => "flows",
        }
    }

    /// What to call it on screen.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BmuFresh => "BMU telemetry",
            Self::BmuStatusFresh => "BMU status",
            Self::ModulesFresh => "Modules",
            Self::ChargerFresh => "Charger status",
            Self::BmuFlags => "BMU flags",
            Self::BmuState => "BMU state",
            Self::ChargerFaults => "Charger faults",
            Self::HighestCell => "Highest cell",
            Self::LowestCell => "Lowest cell",
            Self::CellSpread => "Cell spread",
            Self::CellsTrusted => "Cells trusted",
            Self::HottestCell => "Hottest cell",
            Self::ColdestCell => "Coldest cell",
            Self::PackVoltage => "Pack voltage",
            Self::CurrentAbove => "Pack current",
            Self::CurrentSign => "Current direction",
            Self::CurrentArrives => "Current arrives",
            Self::OtherCharger => "No other charger master",
            Self::OtherKey => "No other vehicle key",
            Self::PackBus => "Bus of the pack",
            Self::ChargerBus => "Bus of the charger",
            Self::ChargerFits => "Charger fits the pack",
            Self::SetPoints => "Set points",
            Self::Target => "Target",
            Self::Permission => "Operator",
            Self::Latches => "Latches",
            Self::Matched => "Charger at pack voltage",
            Self::Engaged => "Contactors",
            Self::Flows => "Current flows",
        }
    }
}

/// Everything that must hold before a start, in the order of the screen.
#[must_use]
pub fn preconditions(_pack: &PackView, _charger: &ChargerView, _wish: &Wish) -> Vec<Check> {
    Vec::new()
}

/// Everything that must hold while current may flow, in the order of the screen.
#[must_use]
pub fn interlocks(_pack: &PackView, _charger: &ChargerView, _wish: &Wish) -> Vec<Check> {
    Vec::new()
}
