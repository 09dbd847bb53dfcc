//! Status flags of a battery: what each means, how bad it is, and what to do. A flag is raised when
//! something is not as it should be; a bit that a device sets when all is well is turned round at
//! its edge.

use serde::Serialize;

/// How much something matters. Ordered: the worst of several is their `max()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    #[default]
    Ok,
    /// Worth knowing, nothing wrong.
    Info,
    /// Attend to it.
    Warning,
    /// Something is wrong.
    Fault,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// A status flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Flag {
    /// A cell is above its limit.
    CellOverVoltage,
    /// A cell is below its limit.
    CellUnderVoltage,
    /// A cell is too hot.
    CellOverTemperature,
    /// Two channels of a cell disagree.
    MeasurementUntrusted,
    /// A module is silent.
    ModuleTimeout,
    /// The vehicle's word is missing.
    VehicleTimeout,
    /// The device is being set up.
    SetupMode,
    /// The modules have no power.
    ModulePowerMissing,
    /// Current leaks to the chassis.
    IsolationFailed,
    /// The state of charge is not known.
    SocInvalid,
    /// The 12 V supply is about to fail.
    SupplyLow,
    /// A contactor does not follow.
    ContactorStuck,
    /// A module sees a cell that is not configured.
    ExtraCell,
}

impl Flag {
    /// All flags, in the order of the screen.
    pub const ALL: [Self; 13] = [
        Self::CellOverVoltage,
        Self::CellUnderVoltage,
        Self::CellOverTemperature,
        Self::MeasurementUntrusted,
        Self::ModuleTimeout,
        Self::VehicleTimeout,
        Self::IsolationFailed,
        Self::SocInvalid,
        Self::SupplyLow,
        Self::ContactorStuck,
        Self::ExtraCell,
        Self::SetupMode,
        Self::ModulePowerMissing,
    ];

    /// How much it matters when raised, taken by itself.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::CellOverVoltage
            | Self::CellUnderVoltage
            | Self::CellOverTemperature
            | Self::ModuleTimeout
            | Self::VehicleTimeout
            | Self::IsolationFailed
            | Self::ContactorStuck
            | Self::ExtraCell => Level::Fault,
            Self::MeasurementUntrusted
            | Self::SetupMode
            | Self::ModulePowerMissing
            | Self::SocInvalid
            | Self::SupplyLow => Level::Warning,
        }
    }

    /// Its name on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CellOverVoltage => "Cell over voltage",
            Self::CellUnderVoltage => "Cell under voltage",
            Self::CellOverTemperature => "Cell over temperature",
            Self::MeasurementUntrusted => "Measurement untrusted",
            Self::ModuleTimeout => "CMU comms timeout",
            Self::VehicleTimeout => "Vehicle comms timeout",
            Self::SetupMode => "BMU setup mode",
            Self::ModulePowerMissing => "CMU power missing",
            Self::IsolationFailed => "Isolation test failed",
            Self::SocInvalid => "SoC not valid",
            Self::SupplyLow => "12 V supply low",
            Self::ContactorStuck => "Contactor stuck",
            Self::ExtraCell => "CMU extra cell",
        }
    }

    /// Its name in machine-readable output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CellOverVoltage => "cell-over-voltage",
            Self::CellUnderVoltage => "cell-under-voltage",
            Self::CellOverTemperature => "cell-over-temperature",
            Self::MeasurementUntrusted => "measurement-untrusted",
            Self::ModuleTimeout => "cmu-timeout",
            Self::VehicleTimeout => "vehicle-timeout",
            Self::SetupMode => "setup-mode",
            Self::ModulePowerMissing => "cmu-power-missing",
            Self::IsolationFailed => "isolation-failed",
            Self::SocInvalid => "soc-invalid",
            Self::SupplyLow => "supply-low",
            Self::ContactorStuck => "contactor-stuck",
            Self::ExtraCell => "extra-cell",
        }
    }

    /// What it means when raised and what to do, one or two sentences.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CellOverVoltage => {
                "A cell is above its highest voltage; the BMU opens the contactors. Stop charging and find the cell."
            }
            Self::CellUnderVoltage => {
                "A cell is below its lowest voltage; the BMU opens the contactors. Stop the load and charge gently."
            }
            Self::CellOverTemperature => {
                "A cell is too hot; the BMU opens the contactors. Let the pack cool and find out why."
            }
            Self::MeasurementUntrusted => {
                "The two measuring channels of a cell disagree. Its value is not used until they agree again; look at the cell's sense wires."
            }
            Self::ModuleTimeout => {
                "A CMU does not report to the BMU. Look at the CMU bus, its plugs and its termination."
            }
            Self::VehicleTimeout => {
                "Nobody sends the vehicle heartbeat (0x505) that the BMU waits for, so it keeps the contactors open."
            }
            Self::SetupMode => {
                "The BMU is in setup mode; it does not work normally until it is restarted."
            }
            Self::ModulePowerMissing => {
                "The CMUs have no power from the BMU, so cells cannot be measured. Look at the CMU bus and its fuse."
            }
            Self::IsolationFailed => {
                "Current leaks between the pack and the chassis. Do not touch; find the fault before using the pack."
            }
            Self::SocInvalid => {
                "The BMU does not trust its state of charge. It is right again after a full charge."
            }
            Self::SupplyLow => {
                "The 12 V supply of the CAN bus is low and the BMU is about to switch off. Charge or replace the 12 V battery."
            }
            Self::ContactorStuck => {
                "A contactor did not follow its command. Look at the contactor, its wiring and its supply."
            }
            Self::ExtraCell => {
                "A CMU measures a cell where none is configured. Compare the configuration with the wiring."
            }
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// Several flags at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlagSet(u32);

impl FlagSet {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(flags: &[Flag]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < flags.len() {
            bits |= flags[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Whether `flag` is among them.
    #[must_use]
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// These and `flag`.
    #[must_use]
    pub const fn with(self, flag: Flag) -> Self {
        Self(self.0 | flag.bit())
    }

    /// These without `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Those that are in either.
    #[must_use]
    pub const fn or(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Them, in the order of the screen.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_listed_once_and_speaks_plainly() {
        let all = FlagSet::of(&Flag::ALL);
        assert_eq!(all.iter().count(), Flag::ALL.len());
        for flag in Flag::ALL {
            assert!(flag.level() >= Level::Warning, "{}", flag.label());
            assert!(flag.meaning().ends_with('.'), "{}", flag.label());
        }
    }

    #[test]
    fn the_worst_of_several_levels_is_their_maximum() {
        assert_eq!(
            [Level::Warning, Level::Fault, Level::Info].into_iter().max(),
            Some(Level::Fault)
        );
    }
}
