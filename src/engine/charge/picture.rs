//! What is shown of a station: plain data, made for every snapshot.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{ComponentId, Name};
use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::charge::checks::Check;
use crate::engine::charge::intent::{ChargerIntent, KeyIntent};
use crate::engine::charge::rules::Rules;
use crate::engine::charge::state::{Governor, State};
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::{Latches, Lease, SetPoints};

/// The charge of one pack at one moment.
#[derive(Clone, Debug)]
pub struct ChargePicture {
    /// The pack: a group's name, or that of a single BMS's pack.
    pub pack: Name,
    /// Its BMUs.
    pub bmus: Vec<ComponentId>,
    /// Chargers that could charge it.
    pub chargers: Vec<ComponentId>,
    /// The chosen one.
    pub charger: Option<ComponentId>,
    /// The machine.
    pub state: State,
    /// The five steps of the screen.
    pub step: Step,
    /// What was last asked, or the usual set points.
    pub set: SetPoints,
    /// By which rules.
    pub rules: Rules,
    /// What must be cleared first.
    pub latches: Latches,
    /// What keeps it going.
    pub lease: Lease,
    /// Who started it, through which face, in words; none while nothing runs.
    pub by: Option<String>,
    /// What is told to charger and BMUs.
    pub charger_intent: ChargerIntent,
    /// What is told to the BMUs.
    pub key_intent: KeyIntent,
    /// Preconditions, while idle or checking.
    pub preconditions: Vec<Check>,
    /// Interlocks, while anything runs.
    pub interlocks: Vec<Check>,
    /// What was seen.
    pub seen: (PackView, ChargerView),
    /// What was counted.
    pub meter: Meter,
    /// The number under which this charge is kept, once it is.
    pub record: Option<u64>,
    /// Log of this charge: when, and what; oldest first, at most 256.
    pub log: Arc<Vec<(Mono, String)>>,
    /// The plot of this charge.
    pub curve: Arc<Curve>,
    /// The demo's pace; 1 for anything real.
    pub pace: f64,
    /// Whether this is a demo, whose scene can be parked and hurried.
    pub is_demo: bool,
    /// Whether its simulated vehicle is parked at its charger; false for anything real.
    pub parked: bool,
}

/// Where a charge stands, for the row of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nothing runs.
    #[default]
    None,
    /// 1 Check.
    Check,
    /// 2 Contactors: matching the charger and closing.
    Contactors,
    /// 3 Constant current.
    ConstantCurrent,
    /// 4 Taper and balance hold.
    Taper,
    /// 5 Done, while stopping and after.
    Done,
}

/// What was counted in a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meter {
    /// Time since the start, by the cells' clock.
    pub elapsed: Duration,
    /// Ampere-hours into the pack.
    pub ah: f64,
    /// Energy into the pack, kilowatt-hours.
    pub kwh: f64,
    /// Time left, where it can be estimated.
    pub left: Option<Duration>,
    /// How that was estimated, in words.
    pub left_how: &'static str,
    /// Cell spread at the start and now, millivolts.
    pub spread_mv: (Option<i32>, Option<i32>),
    /// Highest command so far.
    pub highest: Amps,
}

/// The plot of a charge: at most [`Curve::POINTS`] points, thinned out evenly as it grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Oldest first.
    pub points: Vec<CurvePoint>,
}

impl Curve {
    /// Most points.
    pub const POINTS: usize = 720;
}

/// One point of the plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Seconds since the start, by the cells' clock.
    pub seconds: f64,
    /// Current into the pack.
    pub amps: Option<Amps>,
    /// Pack voltage.
    pub volts: Option<Volts>,
    /// Highest cell, millivolts.
    pub highest_mv: Option<i32>,
    /// Lowest cell, millivolts.
    pub lowest_mv: Option<i32>,
    /// Hottest cell, degrees Celsius.
    pub hottest_c: Option<f64>,
    /// State of charge, percent.
    pub soc: Option<f64>,
    /// What governed.
    pub governor: Governor,
}
