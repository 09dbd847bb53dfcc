//! What devices say, in words that belong to no device: the vocabulary between the wire and the
//! models. A fact is a copy of a few numbers, made without memory of its own. Current is positive
//! into the battery whatever the device's own sign is.

use std::time::Duration;

use serde::Serialize;

use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::device::flag::FlagSet;
use crate::engine::device::identity::{Model, Question};

/// One thing a device said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// It is alive and says who it is.
    Heartbeat {
        /// What it is.
        model: Model,
        /// Its serial number.
        serial: u32,
    },
    /// It answered a question of the device protocol (protocol note, section 1).
    Answer {
        /// What was asked.
        question: Question,
        /// What it answered.
        value: u32,
    },
    /// A module's serial number and temperatures.
    Module {
        /// Module, from 1.
        module: u16,
        /// Serial number of the module's board.
        serial: u32,
        /// Temperature of its board; `None` where no sensor is fitted.
        board: Option<Celsius>,
        /// Temperature of its cells; `None` where no sensor is fitted.
        cells: Option<Celsius>,
    },
    /// Four cells of a module.
    Cells {
        /// Module, from 1.
        module: u16,
        /// Number of the first of the four, from 0.
        first: u8,
        /// The four.
        cells: [CellWord; 4],
    },
    /// One cell of a module.
    Cell {
        /// Module, from 1.
        module: u16,
        /// Its number, from 0.
        place: u8,
        /// What is told of it.
        cell: CellWord,
    },
    /// Charge of the pack as the device counts it.
    Charge {
        /// Charge taken out since full; negative while charging beyond the point of reset.
        used: Option<AmpHours>,
        /// State of charge.
        soc: Option<Percent>,
    },
    /// Charge since the first cell began to balance.
    BalanceCharge {
        /// Charge since then.
        since: Option<AmpHours>,
        /// The same as a share of the capacity.
        soc: Option<Percent>,
    },
    /// How far the pack is from its limits, and its capacity.
    Headroom(Headroom),
    /// State of the contactors and of the precharge.
    Precharge(Precharge),
    /// Lowest and highest cell as the device reports them.
    CellRange {
        /// Lowest.
        low: ReportedCell,
        /// Highest.
        high: ReportedCell,
    },
    /// Coldest and hottest module as the device reports them.
    TemperatureRange {
        /// Coldest; `None` in the temperature where no sensor is fitted.
        low: ReportedTemperature,
        /// Hottest.
        high: ReportedTemperature,
    },
    /// Voltage and current of the pack.
    Totals {
        /// Voltage.
        voltage: Volts,
        /// Current, positive into the battery.
        current: Amps,
    },
    /// What not every battery tells.
    Battery(BatteryFact),
    /// When balancing starts and stops, how many modules there are, which firmware runs.
    Balance {
        /// A cell above this is balanced.
        on: Millivolts,
        /// A balanced cell below this is no longer balanced.
        off: Millivolts,
        /// Modules the device knows.
        modules: u8,
        /// Its firmware build.
        firmware: u16,
    },
    /// Status flags.
    Flags {
        /// Which flags this message speaks of.
        told: FlagSet,
        /// Which of them are raised.
        raised: FlagSet,
        /// Raised bits that no document explains, by their place in the device's word.
        undocumented: u32,
    },
    /// Fans and the 12 V side.
    Fans(Fans),
    /// Hardware version and model number.
    Hardware {
        /// Version.
        version: u8,
        /// Model.
        model: u8,
    },
    /// What a charger delivers.
    ChargerOutput {
        /// Output voltage.
        voltage: Volts,
        /// Output current, positive into the battery.
        current: Amps,
        /// What it complains of.
        faults: ChargerFaults,
    },
    /// What somebody on the bus tells a charger to do.
    ChargerCommand(ChargerCommand),
    /// The driver's switches.
    Switches(Switches),
    /// What the driver controls ask of the motor.
    Drive {
        /// Speed to reach, revolutions a minute.
        velocity_rpm: f64,
        /// Motor current as a share of the highest, 0 to 1.
        motor_current: f64,
    },
    /// Highest bus current that the driver controls allow the motor, as a share, 0 to 1.
    DrivePower {
        /// The share.
        bus_current: f64,
    },
    /// A reading that the device's folder wants shown.
    Reading {
        /// Its place on the sheet of the kind.
        place: u16,
        /// In the unit of the sheet, currents positive into the battery; `None` where the device sent
        /// what is no number.
        value: Option<f64>,
    },
    /// A lamp that the device's folder wants shown.
    Lamp {
        /// Its place on the sheet of the kind.
        place: u16,
        /// Whether it is lit.
        lit: bool,
    },
}

/// What a battery tells, beyond what a first generation does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BatteryFact {
    /// Voltage of the pack, where current comes by itself.
    PackVoltage(Volts),
    /// Current of the pack, positive into the battery, where voltage comes by itself.
    PackCurrent(Amps),
    /// One temperature for the whole pack; nobody knows of which cell.
    PackTemperature(Celsius),
    /// What the device lets itself be charged and discharged with.
    Limits(Limits),
    /// What the device permits and wants.
    Permits(Permits),
    /// How much is left of the pack's capacity when new.
    Health(Percent),
    /// Capacity.
    Capacity(AmpHours),
    /// Who made it, in up to eight letters.
    Maker([u8; 8]),
    /// Where the sequence of a second generation stands.
    State(PackState),
    /// What its contactors are to do, and do.
    Outputs(Outputs),
    /// Firmware version.
    Version {
        /// Major.
        major: u8,
        /// Minor.
        minor: u8,
    },
    /// What somebody on the bus tells it to do, as a number of its own.
    Commanded(u8),
    /// A cell above this is balanced.
    BalanceAt(Millivolts),
    /// How many modules the device is configured with.
    ModuleCount(u16),
    /// Which cells of a module are balanced: bit 0 is the first.
    Shunts {
        /// Module, from 1.
        module: u16,
        /// The cells.
        cells: u32,
    },
    /// What the device warns of, before it is a fault.
    Warnings {
        /// Which warnings this message speaks of.
        told: FlagSet,
        /// Which of them are raised.
        raised: FlagSet,
    },
}

/// What a module says of one cell's place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum CellWord {
    /// Measured.
    Good(Millivolts),
    /// The two channels disagree; the slow accurate one says this (Gen 1 protocol note, 2.2).
    Untrusted(Millivolts),
    /// No cell is configured here.
    Absent,
    /// A voltage where no cell is configured.
    Extra,
}

/// How far the pack is from its limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Headroom {
    /// Balance threshold minus the highest cell; negative when the cell is above it.
    pub charge: Millivolts,
    /// Hottest cell minus its limit, kelvin; negative is good, 0 trips.
    pub temperature: Celsius,
    /// Zero-charge threshold minus the lowest cell; negative is good.
    pub discharge: Millivolts,
    /// Capacity.
    pub capacity: AmpHours,
}

/// Where the sequence of closing the contactors stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum PackState {
    /// Contactors off because something is wrong, or nobody sends the vehicle's word.
    Error,
    /// Contactors off, ready.
    Idle,
    /// Contactor 1 on.
    Enable,
    /// Contactor 1 and the precharge path on, measuring.
    Measure,
    /// Charging the bus through the precharge path.
    Precharge,
    /// All contactors on.
    Run,
    /// A second generation counts its cells and tests itself, or calibrates.
    Starting,
    /// A second generation rests with contactors off, because something is wrong or nobody commands it.
    Safe,
    /// A second generation waits for the charge to be let go; contactors off.
    ChargeInit,
    /// The contactor to the charger is on, waiting for its voltage to match.
    ChargeConnect,
    /// The contactors to the charger are on.
    ChargeEnabled,
    /// The charge ends: waiting for its current to go.
    ChargeStopping,
    /// About to open the contactors because of a fault.
    Disconnect,
    /// Firmware 1.1 has one state for all of charging, and no document says what its contactors do there.
    Charge,
    /// A number that the documents do not explain.
    Undocumented(u8),
}

impl PackState {
    /// The steps from open to closed contactors, in order.
    pub const SEQUENCE: [Self; 5] =
        [Self::Idle, Self::Enable, Self::Measure, Self::Precharge, Self::Run];

    /// The steps of a charge of a second generation, in order.
    pub const CHARGE_SEQUENCE: [Self; 5] = [
        Self::Idle,
        Self::ChargeInit,
        Self::ChargeConnect,
        Self::ChargeEnabled,
        Self::ChargeStopping,
    ];

    /// How close to closed contactors a state is; the lowest is the farthest.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Error | Self::Safe | Self::Disconnect => 0,
            Self::Undocumented(_) | Self::Charge => 1,
            Self::Starting => 2,
            Self::Idle => 3,
            Self::Enable | Self::ChargeInit => 4,
            Self::Measure => 5,
            Self::Precharge | Self::ChargeConnect | Self::ChargeStopping => 6,
            Self::Run | Self::ChargeEnabled => 7,
        }
    }

    /// "Run", "state 6 (undocumented)".
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Error => "Error".to_owned(),
            Self::Idle => "Idle".to_owned(),
            Self::Enable => "Enable".to_owned(),
            Self::Measure => "Measure".to_owned(),
            Self::Precharge => "Precharge".to_owned(),
            Self::Run => "Run".to_owned(),
            Self::Starting => "Starting".to_owned(),
            Self::Safe => "Safe".to_owned(),
            Self::ChargeInit => "Charge init".to_owned(),
            Self::ChargeConnect => "Charge connect".to_owned(),
            Self::ChargeEnabled => "Charge enabled".to_owned(),
            Self::ChargeStopping => "Charge stopping".to_owned(),
            Self::Disconnect => "Disconnect".to_owned(),
            Self::Charge => "Charge".to_owned(),
            Self::Undocumented(code) => format!("state {code} (undocumented)"),
        }
    }
}

/// Outputs and inputs of the contactors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contactors {
    /// Output of contactor 1, 2 and 3 (pack minus, main plus, precharge path) is on.
    pub on: [bool; 3],
    /// The bit that the documents call "contactor error". Firmware 931 sets it while the contactor
    /// is closed in a healthy pack, so it behaves like feedback and no alarm is made of it (Gen 1
    /// protocol note, 2.4).
    pub feedback: [bool; 3],
    /// The 12 V supply of the contactors is good.
    pub supply_ok: bool,
}

/// The outputs of a second generation: its five contactors, and the one of its current sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// What each is to be. The documents do not list the values: 0 is taken for off, all else for on.
    pub target: [u8; 6],
    /// What each is.
    pub state: [u8; 6],
}

impl Outputs {
    /// Whether any may be closed: whatever is other than 0 counts.
    #[must_use]
    pub fn any_closed(&self) -> bool {
        self.target.iter().chain(&self.state).any(|nibble| *nibble != 0)
    }

    /// Whether both contactors to the charger, the fourth and the fifth, say that they are closed.
    #[must_use]
    pub const fn charger_closed(&self) -> bool {
        matches!(self.state, [_, _, _, four, five, _] if four != 0 && five != 0)
    }
}

/// What a device lets itself be charged and discharged with. What it does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    /// Highest voltage to charge it with.
    pub charge_voltage: Option<Volts>,
    /// Highest current to charge it with.
    pub charge_current: Option<Amps>,
    /// Highest current to draw from it.
    pub discharge_current: Option<Amps>,
    /// Lowest voltage to draw it down to.
    pub discharge_voltage: Option<Volts>,
}

/// What a device permits and wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permits {
    /// It may be charged.
    pub charge: bool,
    /// It may be discharged.
    pub discharge: bool,
    /// It wants to be charged soon.
    pub wants_charge: bool,
    /// It wants to be charged until it is full.
    pub wants_full: bool,
}

/// State of the contactors and of the precharge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Precharge {
    /// Where the sequence stands.
    pub state: PackState,
    /// Outputs and inputs.
    pub contactors: Contactors,
    /// Supply of the contactors, where the device measures it.
    pub supply: Option<Volts>,
    /// The precharge timer has run out or is not running.
    pub elapsed: bool,
    /// What is left on the precharge timer.
    pub timer: Duration,
    /// Running count of these messages.
    pub count: u16,
}

/// A cell that the device names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedCell {
    /// Its voltage.
    pub voltage: i32,
    /// Module, from 1.
    pub module: u16,
    /// Cell, from 0.
    pub cell: u8,
}

/// A module's temperature that the device names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReportedTemperature {
    /// Its temperature; `None` where no sensor is fitted.
    pub temperature: Option<Celsius>,
    /// Module, from 1.
    pub module: u16,
}

/// Fans and the 12 V side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fans {
    /// Speed of the two fans, revolutions a minute.
    pub rpm: [u16; 2],
    /// Current of fans and contactors.
    pub actuators: Amps,
    /// Current of the modules' supply.
    pub modules: Amps,
}

/// What a charger complains of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChargerFaults {
    /// Broken.
    pub hardware: bool,
    /// Too hot.
    pub over_temperature: bool,
    /// The mains are missing or out of range.
    pub input: bool,
    /// No battery, the wrong way round, or still starting.
    pub no_battery: bool,
    /// Nobody has told it what to do for too long.
    pub command_timeout: bool,
    /// Bits that no document explains.
    pub undocumented: u8,
}

/// What a charger is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChargerCommand {
    /// Highest voltage.
    pub voltage: Volts,
    /// Highest current.
    pub current: Amps,
    /// What to do.
    pub control: ChargerControl,
}

/// What a charger is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChargerControl {
    /// Charge.
    Charge,
    /// Stop and protect.
    Stop,
    /// Sleep (newer units).
    Sleep,
    /// A number that the documents do not explain.
    Undocumented(u8),
}

/// The driver's switches (protocol note, 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Switches {
    /// One bit a switch.
    pub word: u16,
    /// Flags of the driver controls.
    pub flags: u8,
    /// State of the driver controls.
    pub state: u8,
}
