//! What charging needs of a battery at a moment: the worst values with their ages, found without
//! taking memory, so that it can be asked ten times a second. Its own patience is longer than that of
//! the screen: a value that is late is still told, with its age, and whoever decides judges by that.

use std::time::Duration;

use crate::base::reading::{Patience, Reading};
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Percent, Volts};
use crate::engine::device::{
    CellsTold, Flag, FlagSet, Group, Limits, Outputs, PackState, Permits, Speaker, Switching,
};
use crate::engine::pack::model::Pack;
use crate::engine::pack::modules::Extremes;
use crate::engine::pack::picture::{CellAt, TemperatureAt};

/// After these times a value is not told at all any more. No rule of charging waits longer.
const FAST: Patience = Patience { late: Duration::from_secs(1), lost: Duration::from_secs(3) };
const SLOW: Patience = Patience { late: Duration::from_secs(3), lost: Duration::from_secs(5) };

/// The firmware of a second generation whose commands are documented.
const COMMANDED: (u8, u8) = (1, 2);

/// One battery at a moment, as charging sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glance {
    /// How its contactors are worked.
    pub switching: Switching,
    /// Whether what it says of its firmware allows to command it: its commands are documented.
    pub takes_commands: bool,
    /// What its kind tells of cells at all.
    pub cells_told: CellsTold,
    /// Whether its kind tells a balance threshold at all.
    pub tells_threshold: bool,
    /// Whether its kind tells what it lets itself be charged with.
    pub tells_limits: bool,
    /// Time between two of its fast messages.
    pub period: Duration,
    /// What it lets itself be charged with.
    pub limits: Option<Limits>,
    /// What it permits.
    pub permits: Option<Permits>,
    /// Age of the oldest of voltage and current, cell range and headroom, as far as its kind tells them
    /// fast; `None` if one of them was never heard.
    pub fast_age: Option<Duration>,
    /// Age of the oldest of state and flags; `None` if one of them was never heard.
    pub slow_age: Option<Duration>,
    /// Age of the oldest message of the modules; `None` if one that the device counts was never
    /// heard, or nobody knows how many there are.
    pub module_age: Option<Duration>,
    /// Voltage.
    pub voltage: Option<Volts>,
    /// Current, positive into the battery.
    pub current: Option<Amps>,
    /// The higher of the highest reported cell and the highest cell of the modules.
    pub highest: Option<CellAt>,
    /// The lower of the lowest reported cell and the lowest cell of the modules.
    pub lowest: Option<CellAt>,
    /// The hotter of what is reported and what the modules say.
    pub hottest: Option<TemperatureAt>,
    /// The colder of the two.
    pub coldest: Option<TemperatureAt>,
    /// Room between the highest cell and the balance threshold, millivolts.
    pub room_mv: Option<i32>,
    /// Temperature margin, kelvin; negative is good.
    pub margin_k: Option<f64>,
    /// Balance threshold, millivolts.
    pub balance_mv: Option<i32>,
    /// Whether every cell of the modules is above the lower balance threshold.
    pub all_balancing: Option<bool>,
    /// Cells in series, as counted.
    pub cells: u16,
    /// Cells that are untrusted for longer than a moment, and cells where none should be.
    pub untrusted: u16,
    /// State of charge.
    pub soc: Option<Percent>,
    /// Capacity.
    pub capacity: Option<AmpHours>,
    /// State of the contactor sequence.
    pub state: Option<PackState>,
    /// Whether a contactor is on, or its feedback says that it is closed.
    pub any_closed: Option<bool>,
    /// Whether the two main contactors are on and the precharge path is done with.
    pub is_closed: bool,
    /// Raised flags; `None` unless all flags are told.
    pub flags: Option<FlagSet>,
    /// Whether bits are raised that no document explains.
    pub undocumented_flags: bool,
}

/// The greater of two ages, both of which must be known.
fn older(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.zip(other).map(|(one, other)| one.max(other))
}

impl Pack {
    /// What charging needs of it at `now`.
    #[must_use]
    pub fn glance(&self, now: Mono) -> Glance {
        let voltage = self.voltage.usable(now, FAST);
        let current = self.current.usable(now, FAST);
        let headroom = self.headroom.usable(now, FAST);
        let precharge = self.precharge.usable(now, SLOW);
        let range = self.cell_range.usable(now, FAST);
        let temperatures = self.temperature_range.usable(now, SLOW);
        let told = self.balance.usable(now, SLOW);
        let thresholds = told.copied().filter(|on| on.on > 0);
        let own = self.modules.extremes(now, SLOW);
        let flags = self.raised(now);
        let feeds = precharge.map(|word| word.contactors);
        let strings = usize::from(self.settings.strings.max(1));
        let tells = self.settings.tells;
        let highest =
            worse(range.map(|(_, high)| *high), own.cells.map(|(_, high)| high), |a, b| {
                a.mv >= b.mv
            });
        let hottest = worse(
            temperatures.and_then(|(_, high)| *high),
            own.temperatures.map(|(_, high)| high),
            |a, b| a.temperature >= b.temperature,
        );
        let (any_closed, is_closed) = match tells.switching {
            Switching::Key => (
                feeds.map(|c| c.on.contains(&true) || c.feedback.contains(&true)),
                feeds.is_some_and(|c| matches!(c.on, [true, true, _])),
            ),
            Switching::Command | Switching::Unknown => {
                let outputs = self.outputs.usable(now, SLOW);
                (outputs.map(Outputs::any_closed), outputs.is_some_and(Outputs::charger_closed))
            }
            Switching::Own => (None, false),
        };
        Glance {
            switching: tells.switching,
            takes_commands: self.version.last() == Some(&COMMANDED),
            cells_told: tells.cells,
            tells_threshold: tells.sends(Group::Status),
            tells_limits: tells.sends(Group::Limits),
            period: self.settings.period,
            limits: self.limits.usable(now, SLOW).copied(),
            permits: self.permits.usable(now, SLOW).copied(),
            fast_age: self.fast_age(now),
            slow_age: self.slow_age(now),
            module_age: self.module_age(now, &own),
            voltage: voltage.copied(),
            current: current.copied(),
            highest,
            lowest: worse(range.map(|(low, _)| *low), own.cells.map(|(low, _)| low), |a, b| {
                a.mv <= b.mv
            }),
            hottest,
            coldest: worse(
                temperatures.and_then(|(low, _)| *low),
                own.temperatures.map(|(low, _)| low),
                |a, b| a.temperature <= b.temperature,
            ),
            room_mv: if tells.sends(Group::Headroom) {
                headroom.map(|room| room.charge.get())
            } else {
                thresholds.zip(highest).map(|(limits, cell)| limits.on.saturating_sub(cell.mv))
            },
            margin_k: match tells.temperature_limit {
                None => headroom.map(|room| room.temperature.get()),
                Some(limit) => hottest.map(|at| at.temperature.get() - limit),
            },
            balance_mv: thresholds.map(|limits| limits.on),
            all_balancing: thresholds.zip(own.cells).map(|(limits, (low, _))| low.mv >= limits.off),
            cells: u16::try_from(own.counted / strings).unwrap_or(u16::MAX),
            untrusted: u16::try_from(own.untrusted).unwrap_or(u16::MAX),
            soc: self.charge.usable(now, SLOW).and_then(|(_, soc)| *soc),
            capacity: headroom
                .map(|room| room.capacity)
                .or_else(|| self.capacity.usable(now, SLOW).copied())
                .filter(|ah| ah.get() > 0.0),
            state: self.state.usable(now, SLOW).copied(),
            any_closed,
            is_closed,
            flags,
            undocumented_flags: self.undocumented_flags.usable(now, SLOW).is_some_and(|b| *b != 0),
        }
    }

    /// Age of the oldest of what is told ten times a second, or as often as its kind does.
    fn fast_age(&self, now: Mono) -> Option<Duration> {
        let age = |at: Option<Mono>| at.map(|at| now.since(at));
        let totals = older(age(self.voltage.at()), age(self.current.at()));
        match self.settings.tells.speaker {
            Speaker::D1000Gen1 => {
                older(older(totals, age(self.headroom.at())), age(self.cell_range.at()))
            }
            // The cell range is among the slow messages.
            Speaker::D1000Gen2 => totals,
            Speaker::Nameless => {
                let cells = self.settings.tells.cells != CellsTold::Nothing;
                if cells { older(totals, age(self.cell_range.at())) } else { totals }
            }
        }
    }

    /// Age of the oldest of state and flags, and of what else is told slowly and decided by.
    fn slow_age(&self, now: Mono) -> Option<Duration> {
        let age = |at: Option<Mono>| at.map(|at| now.since(at));
        let flags = self.flags_age(now);
        match self.settings.tells.speaker {
            Speaker::D1000Gen1 => older(age(self.precharge.at()), flags),
            Speaker::D1000Gen2 => older(
                older(age(self.state.at()), age(self.outputs.at())),
                older(age(self.cell_range.at()), flags),
            ),
            Speaker::Nameless => older(age(self.limits.at()), flags),
        }
    }

    /// Its own flags.
    fn own_flags(&self) -> impl Iterator<Item = (Flag, &Reading<bool>)> {
        let own = self.settings.tells.flags;
        let all = Flag::ALL.into_iter().zip(&self.flags);
        all.filter(move |(flag, _)| own.has(*flag))
    }

    /// Every flag that is raised, while all of them are told.
    fn raised(&self, now: Mono) -> Option<FlagSet> {
        if self.settings.tells.flags.is_empty() {
            return None;
        }
        self.own_flags().try_fold(FlagSet::NONE, |set, (flag, reading)| {
            let raised = *reading.usable(now, SLOW)?;
            Some(if raised { set.with(flag) } else { set })
        })
    }

    fn flags_age(&self, now: Mono) -> Option<Duration> {
        let mut ages = self.own_flags().map(|(_, flag)| flag.at().map(|at| now.since(at)));
        ages.try_fold(Duration::ZERO, |oldest, age| Some(oldest.max(age?)))
    }

    /// The oldest word of the modules, where all are heard that the device counts.
    fn module_age(&self, now: Mono, own: &Extremes) -> Option<Duration> {
        match self.settings.tells.cells {
            CellsTold::Every => {}
            // What is told of cells is the range, and nothing else can be silent.
            CellsTold::Range => return self.cell_range.at().map(|at| now.since(at)),
            CellsTold::Nothing => return None,
        }
        let told = self.count.usable(now, SLOW)?;
        if own.modules == 0 || own.modules < usize::from(*told) {
            return None;
        }
        own.oldest
    }
}

/// The worse of what is reported and what is seen; the only one where there is no other.
fn worse<T: Copy>(one: Option<T>, other: Option<T>, first: impl Fn(&T, &T) -> bool) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if first(&one, &other) { one } else { other }),
        (one, other) => one.or(other),
    }
}
