//! Prohelion D1000 Gen 2 (protocol note, section 3), firmware 1.2 and what is known of 1.1. What a
//! message means depends on the firmware, so that nothing that depends on it is read before the device
//! has said which it runs; where the documents are silent or contradict themselves, nothing is said.

use super::Values;
use crate::base::units::{Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::device::fact::{
    BatteryFact, CellWord, Fact, Limits, Outputs, PackState, ReportedCell, ReportedTemperature,
};
use crate::engine::device::flag::{Flag, FlagSet};
use crate::engine::device::identity::Model;
use crate::engine::device::settings::Settings;
use crate::engine::device::tells::{CellsTold, Group, Speaker, Switching, Tells};

/// The folder.
pub(in super::super) const KIND: &str = "prohelion-d1000-gen2";

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    Heartbeat,
    Firmware,
    State,
    Current,
    Voltage,
    Charge,
    Health11,
    Limits,
    Nodes,
    CellRange,
    TemperatureRange,
    Contactors,
    NodeCounts,
    Cells { module: u16, first: u8 },
    Temperatures(u16),
    Counts(u16),
    Command,
}

/// Firmware whose layouts are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// 1.1.
    First,
    /// 1.2.
    Second,
}

/// Where the bits of the state begin among the signals of its message, and where what is not documented
/// begins.
const FAULTS: usize = 12;
const UNNAMED: usize = FAULTS + FAULT_FLAGS.len();
/// Where each of the undocumented parts stands in the message, in tens of bits from the state on, so
/// that all of them fit into one word.
const UNNAMED_AT: [u32; 4] = [0, 4, 5, 8];

/// What each bit after the states means: precharge, contactors, reasons to be in Safe.
const FAULT_FLAGS: [Flag; 37] = [
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::PrechargeFailed,
    Flag::ContactorStuck,
    Flag::ContactorStuck,
    Flag::ContactorStuck,
    Flag::ContactorStuck,
    Flag::ContactorStuck,
    Flag::SystemFault,
    Flag::SystemFault,
    Flag::ContactorStuck,
    Flag::InterlockOpen,
    Flag::VoltageFault,
    Flag::VoltageFault,
    Flag::VoltageFault,
    Flag::VoltageFault,
    Flag::DischargeOverCurrent,
    Flag::CountMismatch,
    Flag::CountMismatch,
    Flag::CountMismatch,
    Flag::ShuntLost,
    Flag::SystemFault,
    Flag::VehicleTimeout,
    Flag::InternalComms,
    Flag::CellOverVoltage,
    Flag::CellUnderVoltage,
    Flag::CellOverTemperature,
    Flag::CellUnderTemperature,
    Flag::PackAir,
    Flag::PackAir,
    Flag::PackAir,
    Flag::PackAir,
    Flag::PrechargeFailed,
];

const FLAGS: FlagSet = FlagSet::of(&FAULT_FLAGS);

/// The type of a command that is one.
const COMMAND_UPDATE: i64 = 1;

/// A sensor that is there reads something between these, degrees Celsius.
const PLAUSIBLE_C: std::ops::RangeInclusive<f64> = -60.0..=150.0;
/// Temperature up to which its cells may be used from the factory (protocol note, 3.5).
const TEMPERATURE_LIMIT: f64 = 60.0;

const STATE_SIGNALS: [&str; 53] = [
    "StateInit",
    "StateCalibrate",
    "StateIdle",
    "StateConnect",
    "StatePrecharge",
    "StateEnabled",
    "StateChargeInit",
    "StateChargeConnect",
    "StateChargeEnabled",
    "StateChargeStopping",
    "StateDisconnect",
    "StateSafe",
    "PrechargeTimeout",
    "PrechargeCurrentMax",
    "PrechargeOverCurrent",
    "PrechargeNegativeCurrent",
    "PrechargeNotDecaying",
    "PrechargeOverVoltage",
    "PrechargeNotRising",
    "Contactor1Fault",
    "Contactor2Fault",
    "Contactor3Fault",
    "Contactor4Fault",
    "Contactor5Fault",
    "SafeSelfTest",
    "SafeWatchdog",
    "SafeContactorFeedback",
    "SafeHvil",
    "SafeBatteryVoltage",
    "SafeSumVoltage",
    "SafeLoadVoltage",
    "SafeChargerVoltage",
    "SafeOverCurrent",
    "SafeNodeCount",
    "SafeCellCount",
    "SafeSensorCount",
    "SafeSensorLost",
    "SafeIoExpander",
    "SafeControlTimeout",
    "SafeInternalComms",
    "SafeCellOverVoltage",
    "SafeCellUnderVoltage",
    "SafeOverTemperature",
    "SafeUnderTemperature",
    "SafePressure",
    "SafeHumidity",
    "SafeVoc",
    "SafeNox",
    "SafePrechargeFailed",
    "Unnamed12",
    "Unnamed23",
    "Unnamed29",
    "Unnamed57",
];

/// What a battery of this kind tells.
pub(super) fn tells(settings: &Settings) -> Tells {
    Tells {
        groups: &[
            Group::Heartbeat,
            Group::Version,
            Group::Modules,
            Group::Charge,
            Group::Precharge,
            Group::CellRange,
            Group::TemperatureRange,
            Group::Totals,
            Group::Status,
            Group::ExtendedStatus,
            Group::Limits,
        ],
        flags: FLAGS,
        cells: CellsTold::Every,
        switching: Switching::Command,
        speaker: Speaker::D1000Gen2,
        temperature_limit: settings.values.number("temperature_limit").or(Some(TEMPERATURE_LIMIT)),
        silence: "",
    }
}

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        if let Some(rest) = message.strip_prefix("CMU") {
            let (number, what) = rest.split_once('_')?;
            let module = number.parse().ok()?;
            return Some(match what {
                "Cells1" => Self::Cells { module, first: 0 },
                "Cells2" => Self::Cells { module, first: 4 },
                "Cells3" => Self::Cells { module, first: 8 },
                "Cells4" => Self::Cells { module, first: 12 },
                "Temperatures" => Self::Temperatures(module),
                "Counts" => Self::Counts(module),
                _ => return None,
            });
        }
        Some(match message {
            "G2_Heartbeat" => Self::Heartbeat,
            "G2_Firmware" => Self::Firmware,
            "G2_State" => Self::State,
            "G2_Current" => Self::Current,
            "G2_Voltage" => Self::Voltage,
            "G2_Charge" => Self::Charge,
            "G2_Health11" => Self::Health11,
            "G2_Limits" => Self::Limits,
            "G2_Nodes" => Self::Nodes,
            "G2_CellRange" => Self::CellRange,
            "G2_TemperatureRange" => Self::TemperatureRange,
            "G2_Contactors" => Self::Contactors,
            "G2_NodeCounts" => Self::NodeCounts,
            "G2_Commands" => Self::Command,
            _ => return None,
        })
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Heartbeat => &["DeviceType", "DeviceSerial"],
            Self::Firmware => &["Major", "Minor"],
            Self::State => &STATE_SIGNALS,
            Self::Current => &["Instantaneous"],
            Self::Voltage => &["Battery"],
            Self::Charge => &["StateOfCharge", "StateOfHealth"],
            Self::Health11 => &["StateOfHealth11"],
            Self::Limits => &["MaxDischarge", "MaxCharge"],
            Self::Nodes => &["BalanceThreshold"],
            Self::CellRange => &[
                "MinCell",
                "MinCellNode",
                "MinCellNumber",
                "MaxCell",
                "MaxCellNode",
                "MaxCellNumber",
            ],
            Self::TemperatureRange => {
                &["MinTemperature", "MinTemperatureNode", "MaxTemperature", "MaxTemperatureNode"]
            }
            Self::Contactors => &[
                "Target1",
                "Target2",
                "Target3",
                "Target4",
                "Target5",
                "TargetSensor",
                "State1",
                "State2",
                "State3",
                "State4",
                "State5",
                "StateSensor",
            ],
            Self::NodeCounts => &["ConfiguredNodes"],
            Self::Cells { first: 0, .. } => &["Cell01", "Cell02", "Cell03", "Cell04"],
            Self::Cells { first: 4, .. } => &["Cell05", "Cell06", "Cell07", "Cell08"],
            Self::Cells { first: 8, .. } => &["Cell09", "Cell10", "Cell11", "Cell12"],
            Self::Cells { .. } => &["Cell13", "Cell14"],
            Self::Temperatures(_) => {
                &["Temperature1", "Temperature2", "Temperature3", "Temperature4"]
            }
            Self::Counts(_) => &["BalanceStatus"],
            Self::Command => &["Command", "CommandType"],
        }
    }

    pub fn say(self, v: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
        let layout = match v.version {
            Some((1, 1)) => Some(Layout::First),
            Some((1, 2)) => Some(Layout::Second),
            Some(_) | None => None,
        };
        match (self, layout) {
            (Self::Heartbeat, _) => facts.push(heartbeat(v)),
            (Self::Firmware, _) => facts
                .push(Fact::Battery(BatteryFact::Version { major: v.byte(0), minor: v.byte(1) })),
            (Self::Command, _) => {
                let told = u8::try_from(v.whole(0)).ok().filter(|_| v.whole(1) == COMMAND_UPDATE);
                facts.extend(told.map(|told| Fact::Battery(BatteryFact::Commanded(told))));
            }
            // Everything else waits until it has said what it runs.
            (_, None) => {}
            (Self::State, Some(layout)) => state(v, layout, facts),
            (Self::Voltage, Some(_)) => {
                let volts = v.finite(0).filter(|volts| *volts >= 0.0);
                facts.extend(
                    volts.map(|volts| Fact::Battery(BatteryFact::PackVoltage(Volts(volts)))),
                );
            }
            (Self::Charge, Some(layout)) => charge(v, layout, facts),
            (Self::Health11, Some(Layout::First)) => facts.extend(health(v, 0)),
            (Self::CellRange, Some(_)) => facts.extend(cell_range(v)),
            (Self::Nodes, Some(_)) => {
                let at = Millivolts(v.whole(0) as i32);
                facts.push(Fact::Battery(BatteryFact::BalanceAt(at)));
            }
            (said, Some(Layout::Second)) => said.say_second(v, settings, facts),
            // Its documents contradict themselves on the sign of these, or do not have them.
            (
                Self::Current
                | Self::Limits
                | Self::TemperatureRange
                | Self::Contactors
                | Self::NodeCounts
                | Self::Cells { .. }
                | Self::Temperatures(_)
                | Self::Counts(_),
                Some(Layout::First),
            ) => {}
        }
    }

    /// What only the tables of firmware 1.2 have.
    fn say_second(self, v: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
        match self {
            Self::Current => {
                let amps = v.finite(0).map(|amps| amps * settings.current_sign.factor() + 0.0);
                facts.extend(amps.map(|amps| Fact::Battery(BatteryFact::PackCurrent(Amps(amps)))));
            }
            Self::Limits => {
                // A limit below nothing is none, and what is no limit lets nothing flow.
                let amps = |number| v.finite(number).filter(|amps| *amps >= 0.0).map(Amps);
                facts.push(Fact::Battery(BatteryFact::Limits(Limits {
                    discharge_current: amps(0),
                    charge_current: amps(1),
                    ..Limits::default()
                })));
            }
            Self::TemperatureRange => facts
                .push(Fact::TemperatureRange { low: temperature(v, 0), high: temperature(v, 2) }),
            Self::Contactors => facts.push(Fact::Battery(BatteryFact::Outputs(Outputs {
                target: [0, 1, 2, 3, 4, 5].map(|number| v.byte(number)),
                state: [6, 7, 8, 9, 10, 11].map(|number| v.byte(number)),
            }))),
            Self::NodeCounts => {
                facts.push(Fact::Battery(BatteryFact::ModuleCount(v.word(0))));
            }
            Self::Cells { module, first } => {
                let cells = [0, 1, 2, 3].map(|number| cell(v.said(number)));
                facts.push(Fact::Cells { module, first, cells });
            }
            Self::Temperatures(module) => {
                // The hottest speaks for the module; the coldest of all is told elsewhere.
                let sensors = [0, 1, 2, 3].into_iter().filter_map(|number| v.finite(number));
                let hottest = sensors.filter(|c| PLAUSIBLE_C.contains(c)).reduce(f64::max);
                let cells = hottest.map(Celsius);
                facts.push(Fact::Module { module, serial: 0, board: None, cells });
            }
            Self::Counts(module) => {
                let cells = u32::from(v.word(0));
                facts.push(Fact::Battery(BatteryFact::Shunts { module, cells }));
            }
            Self::Heartbeat
            | Self::Firmware
            | Self::State
            | Self::Voltage
            | Self::Charge
            | Self::Health11
            | Self::Nodes
            | Self::Command
            | Self::CellRange => {}
        }
    }
}

/// Its type number is a whole word: no answer to a question hides in its last byte.
fn heartbeat(v: &Values<'_>) -> Fact {
    let (kind, serial) = (v.whole(0) as u32, v.whole(1) as u32);
    let model = match kind {
        4472 | 4476 => Model::BmsGen2,
        other => Model::from_word(other & 0x00FF_FFFF).0,
    };
    Fact::Heartbeat { model, serial }
}

fn state(v: &Values<'_>, layout: Layout, facts: &mut Vec<Fact>) {
    let bits = (0..FAULTS).filter(|number| v.bit(*number)).fold(0_u32, |bits, n| bits | 1 << n);
    let state = match (bits, layout) {
        (0x001 | 0x002, _) => PackState::Starting,
        (0x004, _) => PackState::Idle,
        (0x008, _) => PackState::Enable,
        (0x010, _) => PackState::Precharge,
        (0x020, _) => PackState::Run,
        (0x040, Layout::First) => PackState::Charge,
        (0x080, Layout::First) | (0x800, Layout::Second) => PackState::Safe,
        (0x040, Layout::Second) => PackState::ChargeInit,
        (0x080, Layout::Second) => PackState::ChargeConnect,
        (0x100, Layout::Second) => PackState::ChargeEnabled,
        (0x200, Layout::Second) => PackState::ChargeStopping,
        (0x400, Layout::Second) => PackState::Disconnect,
        // None, several at once, or one that this firmware does not have.
        (other, _) => PackState::Undocumented((other & 0xFF) as u8),
    };
    facts.push(Fact::Battery(BatteryFact::State(state)));
    let mut raised = FlagSet::NONE;
    for (at, &flag) in FAULT_FLAGS.iter().enumerate() {
        if v.bit(FAULTS + at) {
            raised = raised.with(flag);
        }
    }
    let undocumented = UNNAMED_AT
        .iter()
        .enumerate()
        .fold(0_u32, |word, (at, shift)| word | (v.whole(UNNAMED + at) as u32) << shift);
    facts.push(Fact::Flags { told: FLAGS, raised, undocumented });
}

fn charge(v: &Values<'_>, layout: Layout, facts: &mut Vec<Fact>) {
    let soc = v.finite(0).filter(|percent| (0.0..=100.0).contains(percent)).map(Percent);
    facts.push(Fact::Charge { used: None, soc });
    if layout == Layout::Second {
        facts.extend(health(v, 1));
    }
}

fn health(v: &Values<'_>, number: usize) -> Option<Fact> {
    let percent = v.finite(number).filter(|percent| *percent > 0.0 && *percent <= 150.0)?;
    Some(Fact::Battery(BatteryFact::Health(Percent(percent))))
}

fn cell_range(v: &Values<'_>) -> Option<Fact> {
    // Whether nodes count from 0 or 1 is not documented: they are named as the device does.
    let at = |[mv, node, number]: [usize; 3]| ReportedCell {
        voltage: v.whole(mv) as i32,
        module: v.word(node),
        cell: v.byte(number),
    };
    let (low, high) = (at([0, 1, 2]), at([3, 4, 5]));
    (low.voltage <= high.voltage).then_some(Fact::CellRange { low, high })
}

fn temperature(v: &Values<'_>, number: usize) -> ReportedTemperature {
    let celsius = v.finite(number).filter(|celsius| PLAUSIBLE_C.contains(celsius));
    ReportedTemperature { temperature: celsius.map(Celsius), module: v.word(number + 1) }
}

/// A place for which nothing is sent, or nothing at all, has no cell; a dead cell is told as the lowest
/// and by the count of cells.
const fn cell(raw: Option<i64>) -> CellWord {
    match raw {
        None | Some(0) => CellWord::Absent,
        Some(mv) => CellWord::Good(Millivolts(mv as i32)),
    }
}
