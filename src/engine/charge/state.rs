//! What is: the states of the machine with their data, why one is left, and how it ended.

use crate::base::time::Mono;
use crate::base::units::Amps;
use crate::engine::access::grant::Face;
use crate::engine::charge::checks::CheckId;
use crate::engine::charge::wish::SetPoints;

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing is done and nothing is sent. `done` is the number of the last want that was dealt
    /// with: only a greater one starts anything.
    Idle {
        /// Last want dealt with.
        done: u64,
    },
    /// A start was asked: the bus is listened to and the preconditions are looked at. Nothing is
    /// sent.
    Checking(Run),
    /// The charger is brought to the pack's voltage with the contactors open.
    Preconditioning(Run),
    /// The contactors are closed: key off until Idle, start until Run, then run only.
    Contactors(Run, Key),
    /// Contactors closed on somebody's wish, charger off.
    Engaged(Run),
    /// Charging at the smallest limit.
    ConstantCurrent(Run, Flow),
    /// The highest cell is held where it is to stay.
    Taper(Run, Flow),
    /// Little current: shunts carry the high cells, low ones catch up.
    BalanceHold(Run, Flow),
    /// At zero because a reading is late; goes on when it is back in time, else stops.
    Paused(Run, Flow, PauseReason),
    /// The stop sequence.
    Finishing(Stopping),
    /// Ended as asked. A new start is a person's act.
    Done {
        /// Last want dealt with.
        done: u64,
        /// How.
        outcome: Outcome,
    },
    /// Ended by a fault; latched until a person clears it.
    Fault {
        /// Last want dealt with.
        done: u64,
        /// How.
        outcome: Outcome,
    },
}

/// What every running state knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Number of the want.
    pub number: u64,
    /// When the want was taken up.
    pub started: Mono,
    /// When this state was entered.
    pub since: Mono,
    /// What was asked; none where only contactors are wanted.
    pub set: Option<SetPoints>,
    /// The contactors were closed by an earlier want and stay so.
    pub closed: bool,
}

/// What the key says while contactors are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Off, until every BMU is Idle.
    Off,
    /// A charge is asked for, until every BMS has taken that up: a step of the second generation.
    Init,
    /// Start, until every BMU is in Run.
    Start,
}

/// What the current control carries from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// The last command.
    pub command: Amps,
    /// Integral part of the taper, amperes.
    pub integral: f64,
    /// Which limit governs.
    pub governor: Governor,
    /// Time of the last step.
    pub at: Mono,
    /// Since when the condition for completion holds.
    pub complete_since: Option<Mono>,
    /// Since when the measured current is above the command.
    pub over_since: Option<Mono>,
    /// Since when the current goes the wrong way.
    pub wrong_sign_since: Option<Mono>,
    /// Since when the charger delivers what the pack does not see.
    pub missing_since: Option<Mono>,
    /// Since when nothing flows of what the charger is told to give.
    pub idle_since: Option<Mono>,
    /// Ampere-hours delivered, by the clock of the cells.
    pub ah: f64,
}

/// A stop on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stopping {
    /// Number of the want that is stopped.
    pub number: u64,
    /// When its charge was taken up.
    pub started: Mono,
    /// When the stop began.
    pub since: Mono,
    /// When the contactors were told to open; none while the current is waited for.
    pub opening: Option<Mono>,
    /// Current when the contactors were told to open, where it was known.
    pub opened_at: Option<Amps>,
    /// Why.
    pub why: StopReason,
    /// Whether the charger is ours to stop.
    pub charger: bool,
    /// Whether the contactors are ours to open.
    pub contactors: bool,
    /// Whether they may carry current, so that the key holds them until it is gone; where they were
    /// not closed yet, nothing is to close after a stop.
    pub held: bool,
}

/// Which limit is the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Governor {
    /// The person's set point.
    Person,
    /// The profile's highest current.
    Profile,
    /// Room of the highest cell: the taper.
    HighestCell,
    /// The current that the BMS lets itself be charged with.
    Bms,
    /// The voltage that the BMS lets itself be charged with: the charger lessens the current at it.
    BmsVoltage,
    /// The temperature.
    Temperature,
    /// The charger's current.
    ChargerCurrent,
    /// The charger's power.
    ChargerPower,
    /// The socket.
    Supply,
    /// The slow rise.
    Ramp,
    /// Nothing flows: zero by an interlock or a late reading.
    Zero,
}

/// Why a charge stands at zero for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// BMU telemetry is late.
    BmuLate,
    /// Charger status is late.
    ChargerLate,
}

/// Why a charge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// Full.
    Complete,
    /// The wanted state of charge is reached.
    TargetSoc,
    /// The wanted charge is in.
    TargetCharge,
    /// The time is over.
    Time,
    /// Somebody stopped it.
    Asked(Face),
    /// Another want took its place.
    Withdrawn,
    /// Whoever started it has left, and wanted it to stop then.
    Left,
    /// Whoever started it may no longer.
    NotPermitted,
    /// The program ends, the profile is changed, or the panic hook ran.
    Shutdown,
    /// A precondition does not hold.
    NotReady(CheckId),
    /// An interlock is broken.
    Interlock(CheckId),
}

impl StopReason {
    /// Whether it is a fault that latches.
    #[must_use]
    pub const fn latches(self) -> bool {
        matches!(self, Self::Interlock(_))
    }
}

/// How a charge ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Why.
    pub why: StopReason,
    /// Whether the current was seen to be gone.
    pub current_gone: bool,
    /// Whether the contactors were seen to be open.
    pub opened: bool,
    /// The current at which the contactors were told to open, where there was more than may be.
    pub under_load: Option<Amps>,
    /// How long the stop took, seconds.
    pub seconds: f64,
}

impl State {
    /// A machine that has done nothing yet; wants up to `done` are not taken up.
    #[must_use]
    pub const fn idle(done: u64) -> Self {
        Self::Idle { done }
    }

    /// Its name in the journal, the report and the campaign.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Idle { .. } => "idle",
            Self::Checking(_) => "checking",
            Self::Preconditioning(_) => "preconditioning",
            Self::Contactors(..) => "contactors",
            Self::Engaged(_) => "engaged",
            Self::ConstantCurrent(..) => "constant_current",
            Self::Taper(..) => "taper",
            Self::BalanceHold(..) => "balance_hold",
            Self::Paused(..) => "paused",
            Self::Finishing(_) => "finishing",
            Self::Done { .. } => "done",
            Self::Fault { .. } => "fault",
        }
    }

    /// All names, in the order of the diagram.
    pub const NAMES: [&'static str; 12] = [
        "idle",
        "checking",
        "preconditioning",
        "contactors",
        "engaged",
        "constant_current",
        "taper",
        "balance_hold",
        "paused",
        "finishing",
        "done",
        "fault",
    ];

    /// How the last charge ended; none before the first and while one runs.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Done { outcome, .. } | Self::Fault { outcome, .. } => Some(outcome),
            Self::Idle { .. }
            | Self::Checking(_)
            | Self::Preconditioning(_)
            | Self::Contactors(..)
            | Self::Engaged(_)
            | Self::ConstantCurrent(..)
            | Self::Taper(..)
            | Self::BalanceHold(..)
            | Self::Paused(..)
            | Self::Finishing(_) => None,
        }
    }

    /// Whether anything is under way, so that Stop has something to stop.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        !matches!(self, Self::Idle { .. } | Self::Done { .. } | Self::Fault { .. })
    }
}
