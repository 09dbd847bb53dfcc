//! Elcon and TC chargers (protocol note, section 9.1).

use super::Values;
use crate::base::units::{Amps, Volts};
use crate::engine::device::fact::{ChargerCommand, ChargerControl, ChargerFaults, Fact};

/// What a message of the charger is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    Command,
    Status,
}

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        match message {
            "Elcon_Command" => Some(Self::Command),
            "Elcon_Status" => Some(Self::Status),
            _ => None,
        }
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Command => &["MaxVoltage", "MaxCurrent", "Control"],
            Self::Status => &[
                "OutputVoltage",
                "OutputCurrent",
                "HardwareFailure",
                "OverTemperature",
                "InputFault",
                "NoBattery",
                "CommandTimeout",
                "UndocumentedFlags",
            ],
        }
    }

    pub fn say(self, v: &Values<'_>, facts: &mut Vec<Fact>) {
        let voltage = Volts(v.whole(0) as f64 / 10.0);
        let current = Amps(v.whole(1) as f64 / 10.0);
        facts.push(match self {
            Self::Command => {
                let control = match v.byte(2) {
                    0 => ChargerControl::Charge,
                    1 => ChargerControl::Stop,
                    2 => ChargerControl::Sleep,
                    other => ChargerControl::Undocumented(other),
                };
                Fact::ChargerCommand(ChargerCommand { voltage, current, control })
            }
            Self::Status => {
                let faults = ChargerFaults {
                    hardware: v.bit(2),
                    over_temperature: v.bit(3),
                    input: v.bit(4),
                    no_battery: v.bit(5),
                    command_timeout: v.bit(6),
                    undocumented: v.byte(7) << 5,
                };
                Fact::ChargerOutput { voltage, current, faults }
            }
        });
    }
}
