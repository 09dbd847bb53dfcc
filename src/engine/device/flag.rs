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
    /// A cell is too cold.
    CellUnderTemperature,
    /// More current is drawn than may be.
    DischargeOverCurrent,
    /// More current is charged than may be.
    ChargeOverCurrent,
    /// A short circuit.
    ShortCircuit,
    /// The cells are too far apart.
    CellImbalance,
    /// The device is broken, or failed its own test.
    SystemFault,
    /// Parts of the device do not hear one another.
    InternalComms,
    /// The device raises an alarm without saying which.
    GeneralAlarm,
    /// The precharge failed.
    PrechargeFailed,
    /// The loop through all high-voltage plugs is open.
    InterlockOpen,
    /// A voltage is out of range, or does not agree with another.
    VoltageFault,
    /// Not as many modules, cells or sensors as are configured.
    CountMismatch,
    /// The current sensor does not answer.
    ShuntLost,
    /// Pressure, humidity or gas in the pack.
    PackAir,
}

impl Flag {
    /// All flags, in the order of the screen.
    pub const ALL: [Self; 27] = [
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
        Self::CellUnderTemperature,
        Self::DischargeOverCurrent,
        Self::ChargeOverCurrent,
        Self::ShortCircuit,
        Self::CellImbalance,
        Self::SystemFault,
        Self::InternalComms,
        Self::GeneralAlarm,
        Self::PrechargeFailed,
        Self::InterlockOpen,
        Self::VoltageFault,
        Self::CountMismatch,
        Self::ShuntLost,
        Self::PackAir,
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
            | Self::ExtraCell
            | Self::CellUnderTemperature
            | Self::DischargeOverCurrent
            | Self::ChargeOverCurrent
            | Self::ShortCircuit
            | Self::SystemFault
            | Self::InternalComms
            | Self::GeneralAlarm
            | Self::PrechargeFailed
            | Self::InterlockOpen
            | Self::VoltageFault
            | Self::CountMismatch
            | Self::ShuntLost
            | Self::PackAir => Level::Fault,
            Self::MeasurementUntrusted
            | Self::SetupMode
            | Self::ModulePowerMissing
            | Self::SocInvalid
            | Self::CellImbalance
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
            Self::CellUnderTemperature => "Cell under temperature",
            Self::DischargeOverCurrent => "Discharge over current",
            Self::ChargeOverCurrent => "Charge over current",
            Self::ShortCircuit => "Short circuit",
            Self::CellImbalance => "Cell imbalance",
            Self::SystemFault => "BMS system fault",
            Self::InternalComms => "BMS internal comms",
            Self::GeneralAlarm => "General alarm",
            Self::PrechargeFailed => "Precharge failed",
            Self::InterlockOpen => "Interlock loop open",
            Self::VoltageFault => "Voltage fault",
            Self::CountMismatch => "Count mismatch",
            Self::ShuntLost => "Current sensor lost",
            Self::PackAir => "Air in the pack",
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
            Self::CellUnderTemperature => "cell-under-temperature",
            Self::DischargeOverCurrent => "discharge-over-current",
            Self::ChargeOverCurrent => "charge-over-current",
            Self::ShortCircuit => "short-circuit",
            Self::CellImbalance => "cell-imbalance",
            Self::SystemFault => "system-fault",
            Self::InternalComms => "internal-comms",
            Self::GeneralAlarm => "general-alarm",
            Self::PrechargeFailed => "precharge-failed",
            Self::InterlockOpen => "interlock-open",
            Self::VoltageFault => "voltage-fault",
            Self::CountMismatch => "count-mismatch",
            Self::ShuntLost => "current-sensor-lost",
            Self::PackAir => "pack-air",
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
                "Nobody sends the vehicle heartbeat (0x505) that the BMU waits for, or the command (0x6FA) of a second generation, so it keeps the contactors open."
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
            Self::CellUnderTemperature => {
                "A cell is too cold. Charging a cold cell damages it: warm the pack first."
            }
            Self::DischargeOverCurrent => {
                "More current is drawn than the BMS allows. Lessen the load and look for a short."
            }
            Self::ChargeOverCurrent => {
                "More current is charged than the BMS allows. Stop the charger and compare its limit with the BMS's."
            }
            Self::ShortCircuit => {
                "The BMS sees a short circuit. Keep away, and find it before the pack is used again."
            }
            Self::CellImbalance => {
                "The cells are further apart than the BMS likes. Let it balance, and watch the weakest cell."
            }
            Self::SystemFault => {
                "The BMS is broken or failed its own test, so that nobody watches the cells. Do not use the pack."
            }
            Self::InternalComms => {
                "Parts of the BMS do not hear one another. Look at its inner wiring."
            }
            Self::GeneralAlarm => {
                "The BMS raises an alarm and does not say which. Look at the BMS itself."
            }
            Self::PrechargeFailed => {
                "The precharge failed and the contactors stay open. Look for a load on the bus, and at the precharge resistor."
            }
            Self::InterlockOpen => {
                "The loop through the high-voltage plugs is open or shorted. A plug may be off: do not touch."
            }
            Self::VoltageFault => {
                "A voltage of the pack, the load or the charger is out of range, or does not agree with the cells. Look at the fuse and the sense wires."
            }
            Self::CountMismatch => {
                "Not as many modules, cells or sensors answer as are configured. Compare the configuration with the wiring."
            }
            Self::ShuntLost => {
                "The current sensor does not answer, so that current is not known. Look at its plug and its bus."
            }
            Self::PackAir => {
                "Pressure, humidity or gas in the pack is out of range. A cell may be venting: keep away and look."
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

    /// Those of a D1000 of the first generation.
    pub const D1000_GEN1: Self = Self::of(&[
        Flag::CellOverVoltage,
        Flag::CellUnderVoltage,
        Flag::CellOverTemperature,
        Flag::MeasurementUntrusted,
        Flag::ModuleTimeout,
        Flag::VehicleTimeout,
        Flag::SetupMode,
        Flag::ModulePowerMissing,
        Flag::IsolationFailed,
        Flag::SocInvalid,
        Flag::SupplyLow,
        Flag::ContactorStuck,
        Flag::ExtraCell,
    ]);

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

    /// Whether they are exactly `others`.
    #[must_use]
    pub const fn is(self, others: Self) -> bool {
        self.0 == others.0
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
