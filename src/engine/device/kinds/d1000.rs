//! Prohelion D1000 Gen 1 BMU (Gen 1 protocol note, section 2).

use std::time::Duration;

use super::{HEARTBEAT, Values, heartbeat};
use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::device::fact::{
    CellWord, Contactors, Fact, Fans, Headroom, PackState, Precharge, ReportedCell,
    ReportedTemperature,
};
use crate::engine::device::flag::{Flag, FlagSet};
use crate::engine::device::settings::CurrentSign;

/// What a message of the BMU is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    Heartbeat,
    Module(u16),
    Cells { module: u16, first: u8 },
    PackSoc,
    BalanceSoc,
    ChargerControl,
    Precharge,
    CellRange,
    TemperatureRange,
    Totals,
    PackStatus,
    Fans,
    ExtendedStatus,
}

/// What each flag bit means; the power bit is set when all is well and is turned round.
const FLAGS: [Flag; 13] = [
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
];

/// The first eight flags stand in the pack status too.
const SHORT: usize = 8;

/// A temperature of −40.0 °C means that no thermistor is fitted.
const NO_THERMISTOR: i64 = -400;

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        if let Some(rest) = message.strip_prefix("CMU") {
            let (number, what) = rest.split_once('_')?;
            let module = number.parse().ok()?;
            return match what {
                "Status" => Some(Self::Module(module)),
                "Cells0to3" => Some(Self::Cells { module, first: 0 }),
                "Cells4to7" => Some(Self::Cells { module, first: 4 }),
                _ => None,
            };
        }
        Some(match message {
            "BMU_Heartbeat" => Self::Heartbeat,
            "BMU_PackSoc" => Self::PackSoc,
            "BMU_BalanceSoc" => Self::BalanceSoc,
            "BMU_ChargerControl" => Self::ChargerControl,
            "BMU_PrechargeStatus" => Self::Precharge,
            "BMU_CellVoltageRange" => Self::CellRange,
            "BMU_CellTemperatureRange" => Self::TemperatureRange,
            "BMU_PackVoltageCurrent" => Self::Totals,
            "BMU_PackStatus" => Self::PackStatus,
            "BMU_Fans" => Self::Fans,
            "BMU_ExtendedStatus" => Self::ExtendedStatus,
            _ => return None,
        })
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Heartbeat => HEARTBEAT,
            Self::Module(_) => &["SerialNumber", "BoardTemperature", "CellTemperature"],
            Self::Cells { first: 0, .. } => &["Cell0", "Cell1", "Cell2", "Cell3"],
            Self::Cells { .. } => &["Cell4", "Cell5", "Cell6", "Cell7"],
            Self::PackSoc => &["AmpHoursUsed", "SocFraction"],
            Self::BalanceSoc => &["AmpHoursSinceBalance", "BalanceFraction"],
            Self::ChargerControl => {
                &["ChargeCellError", "TemperatureMargin", "DischargeCellError", "PackCapacity"]
            }
            Self::Precharge => &[
                "Contactor1Feedback",
                "Contactor2Feedback",
                "Contactor3Feedback",
                "Contactor1On",
                "Contactor2On",
                "Contactor3On",
                "ContactorSupplyOk",
                "State",
                "ContactorSupply",
                "MessageCount",
                "TimerElapsed",
                "Timer",
            ],
            Self::CellRange => &[
                "MinCellVoltage",
                "MaxCellVoltage",
                "MinCellModule",
                "MinCellNumber",
                "MaxCellModule",
                "MaxCellNumber",
            ],
            Self::TemperatureRange => &[
                "MinCellTemperature",
                "MaxCellTemperature",
                "MinTemperatureModule",
                "MaxTemperatureModule",
            ],
            Self::Totals => &["PackVoltage", "PackCurrent"],
            Self::PackStatus => &[
                "CellOverVoltage",
                "CellUnderVoltage",
                "CellOverTemperature",
                "MeasurementUntrusted",
                "CmuTimeout",
                "VehicleTimeout",
                "SetupMode",
                "CmuPowerPresent",
                "BalanceOnVoltage",
                "BalanceOffVoltage",
                "CmuCount",
                "FirmwareBuild",
            ],
            Self::Fans => &["Fan0Speed", "Fan1Speed", "FanContactorCurrent", "CmuCurrent"],
            Self::ExtendedStatus => &[
                "CellOverVoltage",
                "CellUnderVoltage",
                "CellOverTemperature",
                "MeasurementUntrusted",
                "CmuTimeout",
                "VehicleTimeout",
                "SetupMode",
                "CmuPowerPresent",
                "IsolationFailed",
                "SocInvalid",
                "SupplyLow",
                "ContactorStuck",
                "ExtraCell",
                "UndocumentedFlags",
                "HardwareVersion",
                "ModelId",
            ],
        }
    }

    pub fn say(self, v: &Values<'_>, sign: CurrentSign, facts: &mut Vec<Fact>) {
        match self {
            Self::Heartbeat => facts.push(heartbeat(v)),
            Self::Module(module) => facts.push(Fact::Module {
                module,
                serial: v.whole(0) as u32,
                board: celsius(v.whole(1)),
                cells: celsius(v.whole(2)),
            }),
            Self::Cells { module, first } => {
                let cells = [0, 1, 2, 3].map(|number| cell(v.whole(number)));
                facts.push(Fact::Cells { module, first, cells });
            }
            Self::PackSoc => facts.push(Fact::Charge {
                used: v.finite(0).map(AmpHours),
                soc: v.finite(1).and_then(percent),
            }),
            Self::BalanceSoc => facts.push(Fact::BalanceCharge {
                since: v.finite(0).map(AmpHours),
                soc: v.finite(1).and_then(percent),
            }),
            Self::ChargerControl => facts.push(headroom(v)),
            Self::Precharge => facts.push(precharge(v)),
            Self::CellRange => facts.push(Fact::CellRange {
                low: reported_cell(v, [0, 2, 3]),
                high: reported_cell(v, [1, 4, 5]),
            }),
            Self::TemperatureRange => facts.push(Fact::TemperatureRange {
                low: reported_temperature(v, [0, 2]),
                high: reported_temperature(v, [1, 3]),
            }),
            Self::Totals => facts.push(Fact::Totals {
                voltage: Volts(v.whole(0) as f64 / 1000.0),
                current: Amps(sign.factor() * v.whole(1) as f64 / 1000.0),
            }),
            Self::PackStatus => {
                facts.push(flags(v, SHORT, 0));
                facts.push(Fact::Balance {
                    on: Millivolts(v.whole(8) as i32),
                    off: Millivolts(v.whole(9) as i32),
                    modules: v.byte(10),
                    firmware: v.word(11),
                });
            }
            Self::Fans => facts.push(Fact::Fans(Fans {
                rpm: [v.word(0), v.word(1)],
                actuators: Amps(v.whole(2) as f64 / 1000.0),
                modules: Amps(v.whole(3) as f64 / 1000.0),
            })),
            Self::ExtendedStatus => {
                let undocumented = (v.whole(FLAGS.len()) as u32) << FLAGS.len();
                facts.push(flags(v, FLAGS.len(), undocumented));
                facts.push(Fact::Hardware { version: v.byte(14), model: v.byte(15) });
            }
        }
    }
}

/// Tenths of a degree; `None` where no thermistor is fitted.
fn celsius(tenths: i64) -> Option<Celsius> {
    (tenths != NO_THERMISTOR).then_some(Celsius(tenths as f64 / 10.0))
}

/// A fraction of 1 as a percentage, to a ten-thousandth, since the wire has only an f32. What is
/// far from 0 to 1 is no state of charge.
fn percent(fraction: f64) -> Option<Percent> {
    (-0.5..=1.5).contains(&fraction).then_some(Percent((fraction * 1e6).round() / 1e4))
}

/// The special values of a cell (section 2.2).
const fn cell(raw: i64) -> CellWord {
    match raw as i32 {
        -32768 => CellWord::Absent,
        -32767 => CellWord::Extra,
        negative @ ..0 => CellWord::Untrusted(Millivolts(-negative)),
        good => CellWord::Good(Millivolts(good)),
    }
}

fn headroom(v: &Values<'_>) -> Fact {
    Fact::Headroom(Headroom {
        charge: Millivolts(v.whole(0) as i32),
        temperature: Celsius(v.whole(1) as f64 / 10.0),
        discharge: Millivolts(v.whole(2) as i32),
        capacity: AmpHours(v.whole(3) as f64),
    })
}

fn precharge(v: &Values<'_>) -> Fact {
    let supply = v.whole(8);
    Fact::Precharge(Precharge {
        state: state(v.byte(7)),
        contactors: Contactors {
            feedback: [v.bit(0), v.bit(1), v.bit(2)],
            on: [v.bit(3), v.bit(4), v.bit(5)],
            supply_ok: v.bit(6),
        },
        // BMUs from version 5 on do not measure it and send 0.
        supply: (supply > 0).then_some(Volts(supply as f64 / 1000.0)),
        elapsed: v.bit(10),
        timer: Duration::from_millis(10 * v.whole(11) as u64),
        count: v.word(9),
    })
}

const fn state(code: u8) -> PackState {
    match code {
        0 => PackState::Error,
        1 => PackState::Idle,
        2 => PackState::Measure,
        3 => PackState::Precharge,
        4 => PackState::Run,
        5 => PackState::Enable,
        other => PackState::Undocumented(other),
    }
}

fn reported_cell(v: &Values<'_>, [voltage, module, cell]: [usize; 3]) -> ReportedCell {
    ReportedCell { voltage: v.whole(voltage) as i32, module: v.word(module), cell: v.byte(cell) }
}

fn reported_temperature(v: &Values<'_>, [value, module]: [usize; 2]) -> ReportedTemperature {
    ReportedTemperature { temperature: celsius(v.whole(value)), module: v.word(module) }
}

fn flags(v: &Values<'_>, count: usize, undocumented: u32) -> Fact {
    let told = FLAGS.iter().take(count);
    let mut raised = FlagSet::NONE;
    for (number, &flag) in told.clone().enumerate() {
        let is_set = v.bit(number);
        if is_set != matches!(flag, Flag::ModulePowerMissing) {
            raised = raised.with(flag);
        }
    }
    let told = told.fold(FlagSet::NONE, |set, &flag| set.with(flag));
    Fact::Flags { told, raised, undocumented }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of both status messages, in the order of their bits, which is that of [`FLAGS`].
    const FLAG_SIGNALS: [&str; 13] = [
        "CellOverVoltage",
        "CellUnderVoltage",
        "CellOverTemperature",
        "MeasurementUntrusted",
        "CmuTimeout",
        "VehicleTimeout",
        "SetupMode",
        "CmuPowerPresent",
        "IsolationFailed",
        "SocInvalid",
        "SupplyLow",
        "ContactorStuck",
        "ExtraCell",
    ];

    #[test]
    fn both_status_messages_list_the_flags_in_the_order_of_their_bits() {
        assert_eq!(&Says::ExtendedStatus.signals()[..13], &FLAG_SIGNALS);
        assert_eq!(&Says::PackStatus.signals()[..SHORT], &FLAG_SIGNALS[..SHORT]);
    }

    #[test]
    fn two_cell_values_are_words_and_other_negative_ones_are_untrusted() {
        assert_eq!(cell(3724), CellWord::Good(Millivolts(3724)));
        assert_eq!(cell(-3724), CellWord::Untrusted(Millivolts(3724)));
        assert_eq!(cell(-32768), CellWord::Absent);
        assert_eq!(cell(-32767), CellWord::Extra);
        assert_eq!(cell(-32766), CellWord::Untrusted(Millivolts(32766)));
    }
}
