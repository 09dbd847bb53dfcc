//! Battery management systems that speak to inverters on 0x351 and its neighbours: Pylontech, SMA,
//! Victron, BYD and whoever copies them. The ids are the same and what is in them is not, so that a
//! component says which dialect it is; what its dialect does not have is not read at all.

use super::Values;
use crate::base::units::{AmpHours, Amps, Celsius, Percent, Volts};
use crate::engine::device::fact::{
    BatteryFact, Fact, Limits, Permits, ReportedCell, ReportedTemperature,
};
use crate::engine::device::flag::{Flag, FlagSet};
use crate::engine::device::settings::Settings;
use crate::engine::device::tells::{CellsTold, Group, Speaker, Switching, Tells};

/// The folder.
pub(in super::super) const KIND: &str = "inverter-bms-351";

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// Pylontech's low-voltage batteries and their copies: alarms in 0x359.
    Pylontech,
    /// SMA and Victron: alarms two bits each in 0x35A, cells in 0x373.
    SmaVictron,
    /// BYD's low-voltage batteries: as SMA and Victron, but for the fine state of charge.
    Byd,
}

/// The setting that says in which steps voltage comes on 0x356, and how many of the usual steps the
/// larger one is.
const VOLTAGE_STEP: &str = "voltage_step";
const TENTHS: f64 = 10.0;

/// The setting that names it, and its words.
const DIALECT: &str = "dialect";
const WORDS: [(&str, Dialect); 3] = [
    ("pylontech", Dialect::Pylontech),
    ("sma-victron", Dialect::SmaVictron),
    ("byd", Dialect::Byd),
];

impl Dialect {
    /// The dialect of a component. The one that has the least is for who has said nothing.
    fn of(settings: &Settings) -> Self {
        let word = settings.values.word(DIALECT);
        let found = WORDS.into_iter().find(|(known, _)| word == Some(*known));
        found.map_or(Self::Pylontech, |(_, dialect)| dialect)
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    Limits,
    Charge,
    Measured,
    Alarms,
    Alerts,
    Requests,
    Maker,
    Rated,
    CellRange,
    Capacity,
}

/// Values by which SMA says that there is none.
const NO_WORD: i64 = 0xFFFF;
const NO_NUMBER: i64 = -0x8000;
/// A cell with more is none, and neither is one with nothing.
const CELL_MV: std::ops::RangeInclusive<i64> = 1..=6000;
/// Kelvin that a battery on Earth can have.
const KELVIN: std::ops::RangeInclusive<i64> = 200..=400;
/// From kelvin to degrees Celsius as these devices count them: in whole steps.
const ICE_K: i64 = 273;
/// The two states of charge of one message may be so far apart, percent: one is the other, rounded.
const ROUNDED: f64 = 1.0;

/// Protections of 0x359, in the order of its signals.
const PROTECTIONS: [Flag; 7] = [
    Flag::CellOverVoltage,
    Flag::CellUnderVoltage,
    Flag::CellOverTemperature,
    Flag::CellUnderTemperature,
    Flag::DischargeOverCurrent,
    Flag::ChargeOverCurrent,
    Flag::SystemFault,
];

/// Alarms of 0x35A, in the order of its signals.
const ALERTS: [Flag; 13] = [
    Flag::GeneralAlarm,
    Flag::CellOverVoltage,
    Flag::CellUnderVoltage,
    Flag::CellOverTemperature,
    Flag::CellUnderTemperature,
    // Too hot or too cold to be charged.
    Flag::CellOverTemperature,
    Flag::CellUnderTemperature,
    Flag::DischargeOverCurrent,
    Flag::ChargeOverCurrent,
    Flag::ContactorStuck,
    Flag::ShortCircuit,
    Flag::SystemFault,
    Flag::CellImbalance,
];

const PYLONTECH_FLAGS: FlagSet = FlagSet::of(&PROTECTIONS);
const ALERT_FLAGS: FlagSet = FlagSet::of(&ALERTS);

const PYLONTECH_GROUPS: &[Group] =
    &[Group::Totals, Group::Charge, Group::Limits, Group::ExtendedStatus];
const ALERT_GROUPS: &[Group] = &[
    Group::Totals,
    Group::Charge,
    Group::Limits,
    Group::ExtendedStatus,
    Group::CellRange,
    Group::TemperatureRange,
];

/// What such a battery tells.
pub(super) fn tells(settings: &Settings) -> Tells {
    let dialect = Dialect::of(settings);
    let (groups, flags, cells, silence) = match dialect {
        Dialect::Pylontech => (
            PYLONTECH_GROUPS,
            PYLONTECH_FLAGS,
            CellsTold::Nothing,
            "A battery of this dialect tells its voltage, current, one temperature, charge, limits and alarms, and nothing of its cells or contactors: these stay unknown.",
        ),
        Dialect::SmaVictron | Dialect::Byd => (
            ALERT_GROUPS,
            ALERT_FLAGS,
            CellsTold::Range,
            "A battery of this dialect tells its lowest and highest cell and no other, and nothing of its contactors: these stay unknown.",
        ),
    };
    Tells {
        groups,
        flags,
        cells,
        switching: Switching::Own,
        speaker: Speaker::Nameless,
        temperature_limit: settings.values.number("temperature_limit").or(Some(TEMPERATURE_LIMIT)),
        silence,
    }
}

/// Hottest that cells are charged where the battery does not say how far it is from its limit.
const TEMPERATURE_LIMIT: f64 = 55.0;

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        Some(match message {
            "LV_Limits" => Self::Limits,
            "LV_Charge" => Self::Charge,
            "LV_Measured" => Self::Measured,
            "LV_Alarms" => Self::Alarms,
            "LV_Alerts" => Self::Alerts,
            "LV_Requests" => Self::Requests,
            "LV_Maker" => Self::Maker,
            "LV_Rated" => Self::Rated,
            "LV_CellRange" => Self::CellRange,
            "LV_Capacity" => Self::Capacity,
            _ => return None,
        })
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Limits => {
                &["ChargeVoltage", "ChargeCurrent", "DischargeCurrent", "DischargeVoltage"]
            }
            Self::Charge => &["StateOfCharge", "StateOfHealth", "FineStateOfCharge"],
            Self::Measured => &["Voltage", "Current", "Temperature"],
            Self::Alarms => &[
                "ProtectOverVoltage",
                "ProtectUnderVoltage",
                "ProtectOverTemperature",
                "ProtectUnderTemperature",
                "ProtectDischargeCurrent",
                "ProtectChargeCurrent",
                "ProtectSystemError",
                "WarnHighVoltage",
                "WarnLowVoltage",
                "WarnHighTemperature",
                "WarnLowTemperature",
                "WarnDischargeCurrent",
                "WarnChargeCurrent",
                "WarnInternalComms",
                "Undocumented0",
                "Undocumented5",
                "Undocumented9",
                "Undocumented12",
            ],
            Self::Alerts => &[
                "AlarmGeneral",
                "AlarmHighVoltage",
                "AlarmLowVoltage",
                "AlarmHighTemperature",
                "AlarmLowTemperature",
                "AlarmHighTemperatureCharge",
                "AlarmLowTemperatureCharge",
                "AlarmDischargeCurrent",
                "AlarmChargeCurrent",
                "AlarmContactor",
                "AlarmShortCircuit",
                "AlarmInternal",
                "AlarmImbalance",
                "WarnGeneral",
                "WarnHighVoltage",
                "WarnLowVoltage",
                "WarnHighTemperature",
                "WarnLowTemperature",
                "WarnHighTemperatureCharge",
                "WarnLowTemperatureCharge",
                "WarnDischargeCurrent",
                "WarnChargeCurrent",
                "WarnContactor",
                "WarnShortCircuit",
                "WarnInternal",
                "WarnImbalance",
            ],
            Self::Requests => &[
                "ChargeEnable",
                "DischargeEnable",
                "ForceCharge1",
                "ForceCharge2",
                "RequestFullCharge",
            ],
            Self::Maker => &[
                "Letter0", "Letter1", "Letter2", "Letter3", "Letter4", "Letter5", "Letter6",
                "Letter7",
            ],
            Self::Rated => &["Capacity"],
            Self::CellRange => &["MinCell", "MaxCell", "MinTemperature", "MaxTemperature"],
            Self::Capacity => &["InstalledCapacity"],
        }
    }

    pub fn say(self, v: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
        let dialect = Dialect::of(settings);
        match (self, dialect) {
            (Self::Limits, _) => facts.push(limits(v)),
            (Self::Charge, _) => charge(v, dialect, facts),
            (Self::Measured, _) => measured(v, settings, facts),
            (Self::Alarms, Dialect::Pylontech) => alarms(v, facts),
            (Self::Alerts, Dialect::SmaVictron | Dialect::Byd) => alerts(v, facts),
            (Self::Requests, Dialect::Pylontech) => {
                facts.push(Fact::Battery(BatteryFact::Permits(Permits {
                    charge: v.bit(0),
                    discharge: v.bit(1),
                    wants_charge: v.bit(2) || v.bit(3),
                    wants_full: v.bit(4),
                })))
            }
            (Self::Maker, _) => facts.push(maker(v)),
            (Self::Rated, _) | (Self::Capacity, Dialect::SmaVictron | Dialect::Byd) => {
                let ah = v.said(0).filter(|raw| *raw > 0 && *raw != NO_WORD);
                facts.extend(
                    ah.and_then(|_| v.finite(0))
                        .map(|ah| Fact::Battery(BatteryFact::Capacity(AmpHours(ah)))),
                );
            }
            (Self::CellRange, Dialect::SmaVictron | Dialect::Byd) => cell_range(v, facts),
            // Another dialect may mean something else by these.
            (Self::Alarms, Dialect::SmaVictron | Dialect::Byd)
            | (Self::Alerts | Self::CellRange | Self::Capacity, Dialect::Pylontech)
            | (Self::Requests, Dialect::SmaVictron | Dialect::Byd) => {}
        }
    }
}

/// A value of sixteen bits without a sign, where it is one.
fn word(v: &Values<'_>, number: usize) -> Option<f64> {
    v.said(number).filter(|raw| *raw != NO_WORD).and_then(|_| v.finite(number))
}

/// The same with a sign.
fn signed(v: &Values<'_>, number: usize) -> Option<f64> {
    v.said(number).filter(|raw| *raw != NO_NUMBER).and_then(|_| v.finite(number))
}

fn limits(v: &Values<'_>) -> Fact {
    // A limit below nothing is none, and what is no limit lets nothing flow.
    let current = |number| signed(v, number).filter(|amps| *amps >= 0.0).map(Amps);
    Fact::Battery(BatteryFact::Limits(Limits {
        charge_voltage: word(v, 0).filter(|volts| *volts > 0.0).map(Volts),
        charge_current: current(1),
        discharge_current: current(2),
        discharge_voltage: word(v, 3).filter(|volts| *volts > 0.0).map(Volts),
    }))
}

fn charge(v: &Values<'_>, dialect: Dialect, facts: &mut Vec<Fact>) {
    let share = |percent: f64| (0.0..=100.0).contains(&percent);
    let coarse = word(v, 0).filter(|percent| share(*percent));
    let fine = match dialect {
        Dialect::SmaVictron => word(v, 2).filter(|percent| share(*percent)),
        Dialect::Pylontech | Dialect::Byd => None,
    };
    // Others put cells there: only what agrees with the coarse one is its finer self.
    let agrees = |fine: &f64| coarse.is_some_and(|coarse| (coarse - fine).abs() <= ROUNDED);
    let soc = fine.filter(agrees).or(coarse).map(Percent);
    facts.push(Fact::Charge { used: None, soc });
    // A battery may be better than new by a little.
    let health = word(v, 1).filter(|percent| *percent > 0.0 && *percent <= 150.0);
    facts.extend(health.map(|percent| Fact::Battery(BatteryFact::Health(Percent(percent)))));
}

fn measured(v: &Values<'_>, settings: &Settings, facts: &mut Vec<Fact>) {
    let tenths = settings.values.word(VOLTAGE_STEP) == Some("0.1");
    let volts = signed(v, 0).filter(|volts| *volts >= 0.0);
    let volts = volts.map(|volts| if tenths { volts * TENTHS } else { volts });
    let amps = signed(v, 1).map(|amps| amps * settings.current_sign.factor());
    facts.extend(volts.map(|volts| Fact::Battery(BatteryFact::PackVoltage(Volts(volts)))));
    // Nought turned round is nought.
    facts.extend(amps.map(|amps| Fact::Battery(BatteryFact::PackCurrent(Amps(amps + 0.0)))));
    facts.extend(
        signed(v, 2).map(|celsius| Fact::Battery(BatteryFact::PackTemperature(Celsius(celsius)))),
    );
}

fn alarms(v: &Values<'_>, facts: &mut Vec<Fact>) {
    let set = |first: usize, flags: &[Flag]| {
        let raised = flags.iter().enumerate().filter(|(at, _)| v.bit(first + at));
        raised.fold(FlagSet::NONE, |set, (_, &flag)| set.with(flag))
    };
    let raised = set(0, &PROTECTIONS);
    let undocumented =
        (v.whole(14) | v.whole(15) << 5 | v.whole(16) << 9 | v.whole(17) << 12) as u32;
    facts.push(Fact::Flags { told: PYLONTECH_FLAGS, raised, undocumented });
    let warnings = [
        Flag::CellOverVoltage,
        Flag::CellUnderVoltage,
        Flag::CellOverTemperature,
        Flag::CellUnderTemperature,
        Flag::DischargeOverCurrent,
        Flag::ChargeOverCurrent,
        Flag::InternalComms,
    ];
    let told = FlagSet::of(&warnings);
    facts.push(Fact::Battery(BatteryFact::Warnings {
        told,
        raised: set(PROTECTIONS.len(), &warnings),
    }));
}

/// Two bits each: 01 is raised, 10 cleared, and anything else says nothing new.
fn alerts(v: &Values<'_>, facts: &mut Vec<Fact>) {
    let sets = |first: usize| {
        let (mut told, mut raised) = (FlagSet::NONE, FlagSet::NONE);
        for (at, &flag) in ALERTS.iter().enumerate() {
            match v.said(first + at) {
                Some(1) => {
                    told = told.with(flag);
                    raised = raised.with(flag);
                }
                Some(2) => told = told.with(flag),
                Some(_) | None => {}
            }
        }
        (told, raised)
    };
    let (told, raised) = sets(0);
    facts.push(Fact::Flags { told, raised, undocumented: 0 });
    let (told, raised) = sets(ALERTS.len());
    facts.push(Fact::Battery(BatteryFact::Warnings { told, raised }));
}

fn maker(v: &Values<'_>) -> Fact {
    Fact::Battery(BatteryFact::Maker([0, 1, 2, 3, 4, 5, 6, 7].map(|number| v.byte(number))))
}

/// Which cells they are is told in letters elsewhere, if at all: module 0 is no place.
fn cell_range(v: &Values<'_>, facts: &mut Vec<Fact>) {
    let cell = |number| v.said(number).filter(|mv| CELL_MV.contains(mv));
    if let (Some(low), Some(high)) = (cell(0), cell(1))
        && low <= high
    {
        let at = |mv: i64| ReportedCell { voltage: mv as i32, module: 0, cell: 0 };
        facts.push(Fact::CellRange { low: at(low), high: at(high) });
    }
    let kelvin = |number| v.said(number).filter(|kelvin| KELVIN.contains(kelvin));
    if let (Some(low), Some(high)) = (kelvin(2), kelvin(3))
        && low <= high
    {
        let at = |kelvin: i64| ReportedTemperature {
            temperature: Some(Celsius((kelvin - ICE_K) as f64)),
            module: 0,
        };
        facts.push(Fact::TemperatureRange { low: at(low), high: at(high) });
    }
}
