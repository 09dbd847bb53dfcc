//! What a pack looks like at one moment: plain data, every value with its age. Made by
//! [`Pack::picture`](super::Pack::picture), drawn by the views.

use std::sync::Arc;
use std::time::Duration;

use crate::base::reading::Age;
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts, Watts};
use crate::engine::device::{
    CellsTold, Contactors, Fans, Flag, Group, Headroom, Level, Limits, Model, Outputs, PackState,
    Permits, Switching,
};
use crate::engine::pack::seen::Seen;
use crate::engine::pack::trend::Trend;

/// A battery, or several that work as one, at one moment.
#[derive(Clone, Debug, Default)]
pub struct PackPicture {
    /// The moment.
    pub at: Mono,
    /// How old the device's word as a whole is. With 10 Hz messages it is lost after one second
    /// without any of them; a device that was told not to send those is judged by everything it
    /// sends.
    pub presence: Age,
    /// How long the device has been heard; `None` before its first frame.
    pub heard_for: Option<Duration>,
    /// Names of the batteries that this picture is made of; empty for a single one.
    pub members: Vec<String>,
    /// Who it says it is.
    pub identity: Seen<Identity>,
    /// Its firmware build.
    pub firmware: Seen<u32>,
    /// Its hardware version and model number.
    pub hardware: Seen<(u8, u8)>,

    /// Voltage of the pack.
    pub voltage: Seen<Volts>,
    /// Current, positive into the battery.
    pub current: Seen<Amps>,
    /// Power, positive into the battery.
    pub power: Seen<Watts>,
    /// All cells added up and divided by the parallel strings; only while every cell has a value.
    pub cell_sum: Option<Volts>,
    /// Parallel strings.
    pub strings: u16,

    /// State of charge.
    pub soc: Seen<Soc>,
    /// What is left of its capacity when new.
    pub health: Seen<Percent>,
    /// What it lets itself be charged and discharged with; of several batteries, what all of them together
    /// do.
    pub limits: Seen<Limits>,
    /// Why several batteries have no such limit together.
    pub lacking: Lacking,
    /// What it permits and wants.
    pub permits: Seen<Permits>,
    /// One temperature for the whole pack.
    pub temperature: Seen<Celsius>,
    /// Who made it, where it says so.
    pub maker: Seen<[u8; 8]>,
    /// Firmware version, major and minor.
    pub version: Seen<(u8, u8)>,
    /// Charge taken out since full.
    pub used: Seen<AmpHours>,
    /// Charge since the first cell began to balance, and the same as a share.
    pub balance_charge: Seen<(AmpHours, Option<Percent>)>,
    /// Capacity.
    pub capacity: Seen<AmpHours>,
    /// How far the pack is from its limits.
    pub headroom: Seen<Headroom>,

    /// State of the contactor sequence.
    pub state: Seen<PackState>,
    /// How much that state matters now.
    pub state_level: Level,
    /// A sentence on it: what it means or waits for.
    pub state_words: String,
    /// The last states, oldest first, the present one last; at most 32.
    pub transitions: Vec<Transition>,
    /// Outputs and inputs of the contactors.
    pub contactors: Seen<Contactors>,
    /// The contactors of a second generation.
    pub outputs: Seen<Outputs>,
    /// How its contactors are worked.
    pub switching: Switching,
    /// Supply of the contactors in volts, where the device measures it.
    pub contactor_supply: Seen<Volts>,
    /// What is left on the precharge timer.
    pub precharge_timer: Seen<Duration>,

    /// Every flag, raised or not, in the order of the screen.
    pub flags: Vec<FlagPicture>,
    /// Age of the flags.
    pub flags_age: Age,
    /// Raised bits that no document explains.
    pub undocumented_flags: u32,

    /// What is told of cells at all.
    pub cells_told: CellsTold,
    /// What its kind never tells, in a sentence; empty where it tells everything.
    pub silence: &'static str,
    /// The modules, in order.
    pub modules: Vec<ModulePicture>,
    /// How many modules the device says there are.
    pub modules_told: Seen<u16>,
    /// Sums over the cells.
    pub cells: CellSummary,
    /// Lowest and highest cell as the device reports them.
    pub reported_cells: Seen<(CellAt, CellAt)>,
    /// Coldest and hottest module cells.
    pub temperatures: TemperatureSummary,
    /// Coldest and hottest as the device reports them.
    pub reported_temperatures: Seen<(Option<TemperatureAt>, Option<TemperatureAt>)>,
    /// When balancing starts and stops.
    pub balance: Seen<BalanceThresholds>,
    /// What is known of balancing.
    pub balancing_known: BalancingKnown,
    /// Fans and the 12 V side.
    pub fans: Seen<Fans>,

    /// Groups of messages that the device never sent although it has been heard for a while.
    pub not_sent: Vec<Group>,
    /// Sentences on what is odd or worth knowing, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of state, flags, remarks and presence.
    pub level: Level,
    /// Voltage and current of the last ten minutes.
    pub trend: Arc<Trend>,
}

/// Whose word is missing, so that a limit of several batteries together is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lacking {
    /// For the current to charge with.
    pub charge_current: Option<Lack>,
    /// For the voltage to charge with.
    pub charge_voltage: Option<Lack>,
    /// For the current to draw.
    pub discharge_current: Option<Lack>,
    /// For the voltage to draw down to.
    pub discharge_voltage: Option<Lack>,
}

/// A battery that does not say a limit now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lack {
    /// Which, in the order of the members.
    pub member: u8,
    /// How old what it last said of its limits is. One that is fresh does not have this limit among them.
    pub age: Age,
}

/// Who a device says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it is.
    pub model: Model,
    /// Serial number.
    pub serial: u32,
}

/// A state of charge and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Soc {
    /// The share.
    pub percent: Percent,
    /// Where it comes from.
    pub source: SocSource,
}

/// Where a state of charge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocSource {
    /// The device counts it and reports it.
    Reported,
    /// The device reports it, and says at the same time that it does not trust it.
    ReportedInvalid,
    /// Several batteries report it; weighed by their capacities.
    Combined,
}

impl SocSource {
    /// "reported by the BMU".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reported => "reported by the BMU",
            Self::ReportedInvalid => "reported by the BMU, which does not trust it",
            Self::Combined => "reported by the BMUs, weighed by capacity",
        }
    }
}

/// A change of the contactor sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When the new state was first heard.
    pub at: Mono,
    /// The new state.
    pub state: PackState,
}

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagPicture {
    /// Which.
    pub flag: Flag,
    /// Whether it is raised; `None` while nothing recent is known.
    pub raised: Option<bool>,
    /// How much it matters now: [`Level::Ok`] when it is not raised.
    pub level: Level,
    /// What it means now and what to do.
    pub words: String,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModulePicture {
    /// Which of the members it belongs to; 0 in a single battery.
    pub member: u8,
    /// Its number, from 1.
    pub module: u16,
    /// Serial number of its board.
    pub serial: Seen<u32>,
    /// Temperature of its board.
    pub board: Seen<Celsius>,
    /// Temperature of its cells; no value where no sensor is fitted.
    pub temperature: Seen<Celsius>,
    /// What its board and its cells were said to be that no sensor can report: shown as no value.
    pub implausible: [Option<Celsius>; 2],
    /// Its cells, in order, from cell 0.
    pub cells: Vec<CellPicture>,
    /// Age of the module as a whole: of its youngest message.
    pub age: Age,
}

/// What a cell's place holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellState {
    /// A measured cell.
    Ok,
    /// Measured, but its two channels disagree, or the voltage is more than a cell can have.
    Untrusted,
    /// No cell is configured here.
    Absent,
    /// A voltage where no cell is configured.
    Extra,
    /// It had a value, but that is too old.
    Lost,
    /// Nothing was ever received.
    #[default]
    Never,
}

impl CellState {
    /// The word in machine-readable output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Untrusted => "untrusted",
            Self::Absent => "absent",
            Self::Extra => "extra",
            Self::Lost => "lost",
            Self::Never => "never",
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CellPicture {
    /// What its place holds.
    pub state: CellState,
    /// Its voltage: of a measured cell, or the slow channel of an untrusted one.
    pub voltage: Option<Millivolts>,
    /// It counts as untrusted for an alarm: it has been so for half a second.
    pub alarming: bool,
    /// It is untrusted because no cell can have what was said, which is no voltage.
    pub implausible: bool,
    /// Balanced, as far as that is known.
    pub balancing: bool,
    /// Age.
    pub age: Age,
}

/// What is known of balancing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BalancingKnown {
    /// Nothing.
    #[default]
    Unknown,
    /// The device tells its threshold but not its shunts: a cell above the threshold is expected
    /// to be balanced.
    Expected,
    /// The device tells which shunts are on.
    Told,
}

impl BalancingKnown {
    /// A sentence for a legend.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "Whether cells are balanced is not known.",
            Self::Expected => {
                "The BMU does not tell which shunts are on; cells above its balance threshold are marked as balancing."
            }
            Self::Told => "The BMS tells which cells are balanced.",
        }
    }
}

/// When balancing starts and stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceThresholds {
    /// A cell above this is balanced.
    pub on: i32,
    /// Until it is below this.
    pub off: i32,
}

/// A cell and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellAt {
    /// Which of the members; 0 in a single battery.
    pub member: u8,
    /// Its voltage, millivolts.
    pub mv: i32,
    /// Module, from 1.
    pub module: u16,
    /// Cell, from 0, as the device counts.
    pub cell: u8,
}

/// A module's temperature and where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TemperatureAt {
    /// Which of the members; 0 in a single battery.
    pub member: u8,
    /// Its temperature.
    pub temperature: Celsius,
    /// Module, from 1.
    pub module: u16,
}

/// Sums over the cells of a battery. Only measured, trusted, usable cells count in the voltages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CellSummary {
    /// Lowest.
    pub min: Option<CellAt>,
    /// Highest.
    pub max: Option<CellAt>,
    /// Mean, millivolts.
    pub mean_mv: Option<f64>,
    /// Highest minus lowest, millivolts.
    pub spread_mv: Option<i32>,
    /// How many cells count.
    pub counted: usize,
    /// How many are untrusted.
    pub untrusted: usize,
    /// How many places are empty.
    pub absent: usize,
    /// How many are where none should be.
    pub extra: usize,
    /// How many have no usable value any more.
    pub lost: usize,
    /// How many are balanced, as far as that is known.
    pub balancing: usize,
}

impl CellSummary {
    /// How many cells the battery has, measured or not: all but empty places.
    #[must_use]
    pub const fn present(&self) -> usize {
        self.counted + self.untrusted + self.extra + self.lost
    }
}

/// Coldest and hottest cells of a battery, by module.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TemperatureSummary {
    /// Coldest.
    pub min: Option<TemperatureAt>,
    /// Hottest.
    pub max: Option<TemperatureAt>,
    /// Modules without a cell temperature sensor.
    pub without_sensor: usize,
}

/// A sentence on what is odd or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub text: String,
}
