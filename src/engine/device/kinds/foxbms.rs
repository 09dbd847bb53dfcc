//! foxBMS 2. All cells come in groups of four, one group after the other, and nothing on the bus says
//! how many of them make a module: a component says it, so that the map of the cells is that of the
//! pack.

use super::Values;
use crate::base::units::{Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::device::fact::{
    BatteryFact, CellWord, Fact, Limits, PackState, ReportedCell, ReportedTemperature,
};
use crate::engine::device::flag::{Flag, FlagSet};
use crate::engine::device::settings::Settings;
use crate::engine::device::tells::{CellsTold, Group, Speaker, Switching, Tells};

/// The folder.
pub(in super::super) const KIND: &str = "foxbms-2";
/// The setting that says how many cells make a module.
const MODULE_CELLS: &str = "module_cells";
/// Where it is not set.
const USUAL_MODULE: i64 = 12;
/// Cells of a group, and signals of one: four that say whether, four that say how much.
const GROUP_CELLS: i64 = 4;
const GROUP_SIGNALS: usize = 8;
/// Groups that the messages have room for.
const GROUPS: i64 = 45;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    State,
    TemperatureRange,
    VoltageRange,
    Limits,
    Values,
    Estimation,
    Cells,
}

/// Errors of the state message, in the order of its signals from the second on.
const ERRORS: [(usize, Flag); 13] = [
    (1, Flag::SystemFault),
    (2, Flag::SystemFault),
    (3, Flag::SystemFault),
    (4, Flag::PrechargeFailed),
    (5, Flag::PrechargeFailed),
    (6, Flag::SystemFault),
    (7, Flag::InterlockOpen),
    (8, Flag::IsolationFailed),
    (9, Flag::VehicleTimeout),
    (10, Flag::ChargeOverCurrent),
    (11, Flag::DischargeOverCurrent),
    (12, Flag::SystemFault),
    (13, Flag::SupplyLow),
];

/// The flags that it has.
const FLAGS: FlagSet = FlagSet::of(&[
    Flag::SystemFault,
    Flag::PrechargeFailed,
    Flag::InterlockOpen,
    Flag::IsolationFailed,
    Flag::VehicleTimeout,
    Flag::ChargeOverCurrent,
    Flag::DischargeOverCurrent,
    Flag::SupplyLow,
]);

/// What it tells.
pub(super) const fn tells() -> Tells {
    Tells {
        groups: &[
            Group::Modules,
            Group::Charge,
            Group::CellRange,
            Group::TemperatureRange,
            Group::Totals,
            Group::Limits,
            Group::ExtendedStatus,
        ],
        flags: FLAGS,
        cells: CellsTold::Every,
        switching: Switching::Unknown,
        speaker: Speaker::Nameless,
        temperature_limit: None,
        silence: "",
    }
}

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        Some(match message {
            "FOX_State" => Self::State,
            "FOX_TemperatureRange" => Self::TemperatureRange,
            "FOX_VoltageRange" => Self::VoltageRange,
            "FOX_Limits" => Self::Limits,
            "FOX_PackValues" => Self::Values,
            "FOX_Estimation" => Self::Estimation,
            "FOX_Cells" => Self::Cells,
            _ => return None,
        })
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::State => &[
                "BmsState",
                "GeneralError",
                "EmergencyShutoff",
                "SystemMonitoringError",
                "PrechargeVoltageError",
                "PrechargeCurrentError",
                "MainFuseBlown",
                "InterlockOpen",
                "InsulationError",
                "CanTimingError",
                "PackOverCurrentCharge",
                "PackOverCurrentDischarge",
                "NvramCrcError",
                "Clamp30cError",
            ],
            Self::TemperatureRange => &[
                "MinTemperature",
                "MinTemperatureModule",
                "MaxTemperature",
                "MaxTemperatureModule",
            ],
            Self::VoltageRange => &[
                "MinVoltage",
                "MinVoltageModule",
                "MinVoltagePlace",
                "MaxVoltage",
                "MaxVoltageModule",
                "MaxVoltagePlace",
            ],
            Self::Limits => &[
                "MaxBatteryVoltage",
                "MinBatteryVoltage",
                "MaxChargeCurrent",
                "MaxDischargeCurrent",
            ],
            Self::Values => &["BatteryVoltage", "PackCurrent"],
            Self::Estimation => &["MinSoc", "Soh"],
            // The others of the same shape follow it.
            Self::Cells => &["Group", "Valid000"],
        }
    }

    pub fn say(self, v: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
        match self {
            Self::State => {
                facts.push(Fact::Battery(BatteryFact::State(state(v.byte(0)))));
                let raised = ERRORS.iter().filter(|(at, _)| v.bit(*at));
                let raised = raised.fold(FlagSet::NONE, |set, (_, flag)| set.with(*flag));
                facts.push(Fact::Flags { told: FLAGS, raised, undocumented: 0 });
            }
            Self::TemperatureRange => {
                let at = |value: usize, module: usize| ReportedTemperature {
                    temperature: Some(Celsius(v.whole(value) as f64)),
                    module: v.word(module) + 1,
                };
                facts.push(Fact::TemperatureRange { low: at(0, 1), high: at(2, 3) });
            }
            Self::VoltageRange => {
                let at = |[value, module, cell]: [usize; 3]| ReportedCell {
                    voltage: v.whole(value) as i32,
                    module: v.word(module) + 1,
                    cell: v.byte(cell),
                };
                facts.push(Fact::CellRange { low: at([0, 1, 2]), high: at([3, 4, 5]) });
            }
            Self::Limits => {
                let limits = Limits {
                    charge_voltage: v.finite(0).map(Volts),
                    discharge_voltage: v.finite(1).map(Volts),
                    charge_current: v.finite(2).map(Amps),
                    discharge_current: v.finite(3).map(Amps),
                };
                facts.push(Fact::Battery(BatteryFact::Limits(limits)));
            }
            Self::Values => {
                if let (Some(voltage), Some(current)) = (v.finite(0), v.finite(1)) {
                    let current = Amps(current * settings.current_sign.factor());
                    facts.push(Fact::Totals { voltage: Volts(voltage), current });
                }
            }
            Self::Estimation => {
                let soc = v.finite(0).map(Percent);
                facts.push(Fact::Charge { used: None, soc });
                facts.extend(
                    v.finite(1).map(|soh| Fact::Battery(BatteryFact::Health(Percent(soh)))),
                );
            }
            Self::Cells => facts.extend(cells(v, settings)),
        }
    }
}

/// Its states in the words of all batteries. While contactors are being opened nothing is certain, and
/// discharge and charge have them closed.
const fn state(code: u8) -> PackState {
    match code {
        0..=2 => PackState::Starting,
        3..=5 => PackState::Idle,
        6 => PackState::Precharge,
        7..=9 => PackState::Run,
        10 => PackState::Error,
        other => PackState::Undocumented(other),
    }
}

/// The four cells of a group; nothing for a group that there is not.
fn cells(v: &Values<'_>, settings: &Settings) -> Option<Fact> {
    let group = v.said(0).filter(|group| (0..GROUPS).contains(group))?;
    let first = usize::from(*v.places.get(1)?) + GROUP_SIGNALS * usize::try_from(group).ok()?;
    let word = |cell: usize| {
        let is_valid = v.row.raw(first + cell) == Some(1);
        let mv = v.row.raw(first + 4 + cell).map_or(0, |raw| raw as i32);
        match (is_valid, mv) {
            (true, mv) => CellWord::Good(Millivolts(mv)),
            // Behind the last cell of a pack the frame is filled with zeros.
            (false, 0) => CellWord::Absent,
            (false, mv) => CellWord::Untrusted(Millivolts(mv)),
        }
    };
    let said = settings.values.word(MODULE_CELLS).and_then(|word| word.parse().ok());
    let size: i64 = said.unwrap_or(USUAL_MODULE);
    // Groups of four do not straddle modules of a multiple of four.
    let size = (size / GROUP_CELLS * GROUP_CELLS).max(GROUP_CELLS);
    let cell = group * GROUP_CELLS;
    Some(Fact::Cells {
        module: u16::try_from(cell / size + 1).ok()?,
        first: u8::try_from(cell % size).ok()?,
        cells: [word(0), word(1), word(2), word(3)],
    })
}
