//! A charger without code of its own: its folder says which signals are voltage, current, faults and
//! commands. Whatever counts as a fault and is other than zero is one.

use super::Values;
use crate::base::units::{Amps, Volts};
use crate::engine::device::fact::{ChargerCommand, ChargerControl, ChargerFaults, Fact};
use crate::engine::device::manifest::ChargerMap;

/// What a message is about, with what is needed to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    /// Output, then so many signals of each kind of fault.
    Status([u8; 6]),
    /// Highest values, then the control with these values.
    Command { go: u8, stop: u8 },
}

impl Says {
    pub fn of(map: &ChargerMap, message: &str) -> Option<Self> {
        if message == map.status {
            let count = |signals: &Vec<String>| u8::try_from(signals.len()).unwrap_or(u8::MAX);
            return Some(Self::Status(map.faults.all().map(count)));
        }
        (message == map.command).then_some(Self::Command { go: map.go, stop: map.stop })
    }

    pub fn say(self, v: &Values<'_>, facts: &mut Vec<Fact>) {
        // A value that is no number says nothing, and what says nothing grows old.
        let (Some(voltage), Some(current)) = (v.finite(0), v.finite(1)) else { return };
        let (voltage, current) = (Volts(voltage), Amps(current));
        facts.push(match self {
            Self::Status(counts) => {
                let mut next = 2;
                let raised = counts.map(|count| {
                    let own = next..next + usize::from(count);
                    next = own.end;
                    own.into_iter().any(|place| v.bit(place))
                });
                let [hardware, over_temperature, input, no_battery, command_timeout, unknown] =
                    raised;
                let undocumented = u8::from(unknown);
                let faults = ChargerFaults {
                    hardware,
                    over_temperature,
                    input,
                    no_battery,
                    command_timeout,
                    undocumented,
                };
                Fact::ChargerOutput { voltage, current, faults }
            }
            Self::Command { go, stop } => {
                let control = match v.byte(2) {
                    value if value == go => ChargerControl::Charge,
                    value if value == stop => ChargerControl::Stop,
                    other => ChargerControl::Undocumented(other),
                };
                Fact::ChargerCommand(ChargerCommand { voltage, current, control })
            }
        });
    }
}
