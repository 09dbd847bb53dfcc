//! Parts of the vehicle besides pack, charger and controls: solar trackers, a motor controller, a
//! shunt. Each says in frames of its own folder what the power side
//! does; a tracker also gives what the sun gives it.

use serde::Deserialize;

use super::chance::Chance;
use super::plant::{Plant, Strand};
use super::wire::{Mouth, Slot, Voice, WireError};
use crate::base::id::Name;
use crate::base::time::Mono;
use crate::engine::device::Catalog;

/// Time of a motor controller's fast messages, of a shunt's current, and of most others.
const MOTOR_NS: i64 = 200_000_000;
const SHUNT_NS: i64 = 20_000_000;
const TRACKER_NS: i64 = 100_000_000;
const BMS_NS: i64 = 100_000_000;
/// Share of the array's power that a tracker passes on.
const TRACKER_SHARE: f64 = 0.985;
/// How a cloud comes and goes, seconds.
const CLOUD_S: f64 = 97.0;
/// Device ids of the two motor controllers (protocol note, section 1).
const WAVESCULPTOR_22: f64 = 16_387.0;
const WAVESCULPTOR_200: f64 = 16_386.0;

/// A part of a scene.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartPlan {
    pub name: Name,
    pub kind: PartKind,
    pub base: Option<u32>,
    /// Most power of a tracker's array.
    #[serde(default = "PartPlan::default_watts")]
    pub watts: f64,
    /// The BMU whose string a shunt is on; all of them together without one.
    pub on: Option<Name>,
}

impl PartPlan {
    const fn default_watts() -> f64 {
        250.0
    }
}

/// What a part is: a device folder that can be simulated so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum PartKind {
    #[serde(rename = "elmar-mppt")]
    Tracker,
    #[serde(rename = "wavesculptor-22")]
    SmallMotor,
    #[serde(rename = "wavesculptor-200")]
    LargeMotor,
    #[serde(rename = "isabellenhuette-ivt-s")]
    Shunt,
    #[serde(rename = "foxbms-2")]
    FoxBms,
}

impl PartKind {
    /// The device folder.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Tracker => "elmar-mppt",
            Self::SmallMotor => "wavesculptor-22",
            Self::LargeMotor => "wavesculptor-200",
            Self::Shunt => "isabellenhuette-ivt-s",
            Self::FoxBms => "foxbms-2",
        }
    }

    /// Its messages with their fields, in the order in which they are said.
    const fn messages(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Tracker => &[
                ("MPPT_Input", &["InputVoltage", "InputCurrent"]),
                ("MPPT_Output", &["OutputVoltage", "OutputCurrent"]),
                ("MPPT_Temperature", &["MosfetTemperature", "ControllerTemperature"]),
                ("MPPT_Supply", &["TwelveVolts", "ThreeVolts"]),
                ("MPPT_Limits", &["MaxOutputVoltage", "MaxInputCurrent"]),
                ("MPPT_Status", &["LowArrayPower,BatteryLow", "LocalTracking", "Mode", "Counter"]),
                ("MPPT_Connector", &["BatteryVoltage", "ConnectorTemperature"]),
            ],
            Self::SmallMotor => MOTOR,
            Self::LargeMotor => LARGE_MOTOR,
            Self::Shunt => &[
                ("IVT_Result_I", &["Channel", "MessageCount", "Current"]),
                ("IVT_Result_U1", &["Channel", "MessageCount", "Voltage1"]),
                ("IVT_Result_T", &["Channel", "MessageCount", "Temperature"]),
                ("IVT_Result_W", &["Channel", "MessageCount", "Power"]),
                ("IVT_Result_As", &["Channel", "MessageCount", "Charge"]),
                ("IVT_Result_Wh", &["Channel", "MessageCount", "Energy"]),
            ],
            // It has a list of its own.
            Self::FoxBms => &[],
        }
    }
}

/// What both motor controllers say, in the order in which it is said.
const MOTOR: &[(&str, &[&str])] = &[
    ("WS_Heartbeat", &["DeviceId", "SerialOrAnswer"]),
    ("WS_Status", &["LimitOutputPwm,LimitMotorCurrent", "ActiveMotor"]),
    ("WS_Bus", &["BusVoltage", "BusCurrent"]),
    ("WS_Velocity", &["MotorVelocity", "VehicleVelocity"]),
    ("WS_PhaseCurrent", &["PhaseB", "PhaseC"]),
    ("WS_MotorVoltage", &["Vq", "Vd"]),
    ("WS_MotorCurrent", &["Iq", "Id"]),
    ("WS_BackEmf", &["BackEmfQ", "BackEmfD"]),
    ("WS_Rail15", &["Rail15"]),
    ("WS_Rails", &["Rail1V9", "Rail3V3"]),
    ("WS_Temperature", &["MotorTemperature", "HeatsinkTemperature"]),
    ("WS_DspTemperature", &["DspTemperature"]),
    ("WS_Odometer", &["Odometer", "BusCharge"]),
];
const LARGE_MOTOR: &[(&str, &[&str])] = &[
    ("WS_Heartbeat", &["DeviceId", "SerialOrAnswer"]),
    ("WS_Status", &["LimitOutputPwm,LimitMotorCurrent", "ActiveMotor"]),
    ("WS_Bus", &["BusVoltage", "BusCurrent"]),
    ("WS_Velocity", &["MotorVelocity", "VehicleVelocity"]),
    ("WS_PhaseCurrent", &["PhaseB", "PhaseC"]),
    ("WS_MotorVoltage", &["Vq", "Vd"]),
    ("WS_MotorCurrent", &["Iq", "Id"]),
    ("WS_BackEmf", &["BackEmfQ", "BackEmfD"]),
    ("WS_Rail15", &["Rail15"]),
    ("WS_Rails", &["Rail1V9", "Rail3V3"]),
    ("WS_Temperature", &["MotorTemperature", "PhaseATemperature"]),
    ("WS_DspTemperature", &["DspTemperature", "PhaseBTemperature"]),
    ("WS_Odometer", &["Odometer", "BusCharge"]),
    ("WS_PhaseCTemperature", &["PhaseCTemperature"]),
];

/// A part that lives.
#[derive(Clone, Debug)]
pub(super) struct Part {
    kind: PartKind,
    watts: f64,
    /// Number among the parts; trackers are where the sun finds them.
    number: usize,
    /// Number of the BMU whose string it is on.
    strand: Option<usize>,
    slots: Vec<Slot>,
    ticks: u64,
    chance: Chance,
    /// What it has counted: ampere-seconds, watt-seconds, metres.
    counted: (f64, f64, f64),
    /// Speed, metres a second, and how warm it is beyond its surroundings.
    speed: f64,
    warmth: f64,
    given_amps: f64,
}

impl Part {
    /// A part that was just switched on.
    pub(super) fn new(
        catalog: &Catalog,
        plan: &PartPlan,
        number: usize,
        strand: Option<usize>,
        seed: u64,
    ) -> Result<Self, WireError> {
        let voice = Voice::new(catalog, plan.kind.folder(), &plan.name, plan.base)?;
        let own = plan.kind.messages().iter().map(|(name, fields)| voice.slot(name, fields));
        let slots = match plan.kind {
            PartKind::FoxBms => super::foxbms::slots(&voice)?,
            PartKind::Tracker | PartKind::SmallMotor | PartKind::LargeMotor | PartKind::Shunt => {
                own.collect::<Result<_, _>>()?
            }
        };
        Ok(Self {
            kind: plan.kind,
            watts: plan.watts,
            number,
            strand,
            slots,
            ticks: 0,
            chance: Chance::new(seed, 500 + number as u64),
            counted: (0.0, 0.0, 0.0),
            speed: 0.0,
            warmth: 0.0,
            given_amps: 0.0,
        })
    }

    /// Its messages.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// Current that it gives, amperes into the battery.
    pub(super) const fn given_amps(&self) -> f64 {
        self.given_amps
    }

    /// Says what is due and gives the time until the next, nanoseconds.
    pub(super) fn tick(&mut self, now: Mono, plant: &Plant, mouth: &mut Mouth<'_>) -> i64 {
        let span = match self.kind {
            PartKind::Tracker => {
                self.track(now, plant, mouth);
                TRACKER_NS
            }
            PartKind::SmallMotor => {
                self.drive(plant, mouth, WAVESCULPTOR_22);
                MOTOR_NS
            }
            PartKind::LargeMotor => {
                self.drive(plant, mouth, WAVESCULPTOR_200);
                MOTOR_NS
            }
            PartKind::Shunt => {
                self.measure(plant, mouth);
                SHUNT_NS
            }
            PartKind::FoxBms => {
                if let Some(strand) = plant.strands.get(self.strand.unwrap_or(0)) {
                    super::foxbms::say(self.ticks, strand, &self.slots, mouth);
                }
                BMS_NS
            }
        };
        self.ticks += 1;
        span
    }

    fn say(&self, slot: usize, values: &[f64], mouth: &mut Mouth<'_>) {
        if let Some(slot) = self.slots.get(slot) {
            mouth.say(slot, values);
        }
    }

    /// The strings that it is on and that are connected.
    fn strands<'p>(&self, plant: &'p Plant) -> impl Iterator<Item = &'p Strand> {
        let own = self.strand;
        let all = plant.strands.iter().enumerate();
        all.filter(move |(at, one)| one.connected && own.is_none_or(|own| own == *at))
            .map(|(_, one)| one)
    }

    /// What the sun gives, as a share: a long swell with clouds, another one for each array.
    fn sun(&self, now: Mono) -> f64 {
        let seconds = now.nanos() as f64 / 1e9 + 31.0 * self.number as f64;
        let swell = 0.72 + 0.2 * (seconds / 600.0).sin();
        let cloud = (seconds / CLOUD_S * std::f64::consts::TAU).sin();
        swell * if cloud > 0.75 { 0.35 } else { 1.0 }
    }

    fn track(&mut self, now: Mono, plant: &Plant, mouth: &mut Mouth<'_>) {
        let volts = plant.charger.volts;
        let connected = self.strands(plant).next().is_some() && volts > 20.0;
        let watts = if connected { self.watts * self.sun(now) } else { 0.0 };
        self.given_amps = if connected { watts * TRACKER_SHARE / volts } else { 0.0 };
        self.warmth += (watts / 12.0 - self.warmth) * 0.002;
        if self.ticks % 10 != self.number as u64 % 10 {
            return;
        }
        let noise = self.chance.between(-0.05, 0.05);
        let array = 62.0 + 14.0 * self.sun(now) + noise;
        let warm = 27.0 + self.warmth;
        let seconds = (self.ticks / 10 % 256) as f64;
        let low = f64::from(u8::from(connected && watts < 0.3 * self.watts));
        let battery = f64::from(u8::from(!connected)) * 2.0;
        let works = f64::from(u8::from(connected));
        self.say(0, &[array, watts / array], mouth);
        self.say(1, &[volts, self.given_amps], mouth);
        self.say(2, &[warm + 6.0, warm], mouth);
        self.say(3, &[12.1 + noise, 3.3], mouth);
        self.say(4, &[168.0, 7.0], mouth);
        self.say(5, &[low + battery, works, works, seconds], mouth);
        self.say(6, &[volts - 0.02, warm - 3.0], mouth);
    }

    fn drive(&mut self, plant: &Plant, mouth: &mut Mouth<'_>, device: f64) {
        let (volts, amps) = (plant.charger.volts, -plant.load_amps());
        let watts = volts * amps;
        // What is not needed to keep the speed changes it.
        let goal = if watts > 0.0 { 4.2 * (watts / 100.0).sqrt() } else { 0.0 };
        let pull = if watts < 0.0 { 0.06 } else { 0.012 };
        self.speed += (goal - self.speed) * pull;
        self.warmth += (amps.abs() * 1.1 - self.warmth) * 0.004;
        let seconds = MOTOR_NS as f64 / 1e9;
        self.counted.0 += amps * seconds;
        self.counted.2 += self.speed * seconds;
        // A wheel of 0.27 m, driven without a gear.
        let rpm = self.speed / 0.27 * 60.0 / std::f64::consts::TAU;
        let emf = self.speed * 3.3;
        let torque = if emf > 2.0 { watts * 0.94 / emf / 1.5 } else { amps };
        let torque = torque.clamp(-90.0, 90.0);
        let held = if torque.abs() > 60.0 { 2.0 } else { f64::from(u8::from(emf > 0.9 * volts)) };
        self.say(1, &[held, 0.0], mouth);
        self.say(2, &[volts, amps], mouth);
        self.say(3, &[rpm, self.speed], mouth);
        let phase = torque.abs() / std::f64::consts::SQRT_2;
        self.say(4, &[phase, phase * 0.995], mouth);
        self.say(5, &[emf + torque * 0.05, -torque * 0.08], mouth);
        self.say(6, &[torque, -0.2], mouth);
        self.say(7, &[emf, 0.0], mouth);
        if self.ticks.is_multiple_of(5) {
            let (motor, stage) = (31.0 + 1.4 * self.warmth, 29.0 + 0.8 * self.warmth);
            self.say(0, &[device, 2210.0 + self.number as f64], mouth);
            self.say(8, &[14.93], mouth);
            self.say(9, &[1.9, 3.29], mouth);
            self.say(10, &[motor, stage], mouth);
            self.say(11, &[33.0 + 0.3 * self.warmth, stage + 0.8], mouth);
            self.say(12, &[self.counted.2, self.counted.0 / 3600.0], mouth);
            self.say(13, &[stage - 0.6], mouth);
        }
    }

    fn measure(&mut self, plant: &Plant, mouth: &mut Mouth<'_>) {
        let amps: f64 = self.strands(plant).map(|strand| strand.cells.amps()).sum();
        let volts = plant.charger.volts;
        // A shunt of its own: a little off, and never quite still.
        let amps = amps * 1.002 + 0.004 + self.chance.between(-0.006, 0.006);
        let seconds = SHUNT_NS as f64 / 1e9;
        self.counted.0 += amps * seconds;
        self.counted.1 += amps * volts * seconds;
        self.warmth += (amps * amps / 900.0 - self.warmth) * 0.0005;
        let count = (self.ticks % 16) as f64;
        self.say(0, &[0.0, count, (amps * 1e3).round()], mouth);
        if self.ticks.is_multiple_of(3) {
            self.say(1, &[1.0, count, (volts * 1e3).round()], mouth);
        }
        if self.ticks.is_multiple_of(5) {
            self.say(2, &[4.0, count, 24.0 + self.warmth], mouth);
            self.say(3, &[5.0, count, (amps * volts).round()], mouth);
            self.say(4, &[6.0, count, self.counted.0.round()], mouth);
            self.say(5, &[7.0, count, (self.counted.1 / 3600.0).round()], mouth);
        }
    }
}
