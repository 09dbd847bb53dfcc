//! What charging needs of a battery at a moment: the worst values with their ages, found without
//! taking memory, so that it can be asked ten times a second. Its own patience is longer than that of
//! the screen: a value that is late is still told, with its age, and whoever decides judges by that.

use std::time::Duration;

use crate::base::reading::Patience;
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Percent, Volts};
use crate::engine::device::{Flag, FlagSet, PackState};
use crate::engine::pack::model::Pack;
use crate::engine::pack::modules::Extremes;
use crate::engine::pack::picture::{CellAt, TemperatureAt};

/// After these times a value is not told at all any more. No rule of charging waits longer.
const FAST: Patience = Patience { late: Duration::from_secs(1), lost: Duration::from_secs(3) };
const SLOW: Patience = Patience { late: Duration::from_secs(3), lost: Duration::from_secs(5) };

/// One battery at a moment, as charging sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glance {
    /// Age of the oldest of voltage and current, cell range and headroom; `None` if one of them was
    /// never heard.
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
        let age = |at: Option<Mono>| at.map(|at| now.since(at));
        let totals = self.totals.usable(now, FAST);
        let headroom = self.headroom.usable(now, FAST);
        let precharge = self.precharge.usable(now, SLOW);
        let range = self.cell_range.usable(now, FAST);
        let temperatures = self.temperature_range.usable(now, SLOW);
        let told = self.balance.usable(now, SLOW);
        let thresholds = told.map(|(thresholds, _)| *thresholds).filter(|on| on.on > 0);
        let own = self.modules.extremes(now, SLOW);
        let flags = self.raised(now);
        let feeds = precharge.map(|word| word.contactors);
        let strings = usize::from(self.settings.strings.max(1));
        Glance {
            fast_age: older(
                older(age(self.totals.at()), age(self.headroom.at())),
                age(self.cell_range.at()),
            ),
            slow_age: older(age(self.precharge.at()), self.flags_age(now)),
            module_age: self.module_age(now, &own),
            voltage: totals.map(|(voltage, _)| *voltage),
            current: totals.map(|(_, current)| *current),
            highest: worse(
                range.map(|(_, high)| *high),
                own.cells.map(|(_, high)| high),
                |a, b| a.mv >= b.mv,
            ),
            lowest: worse(range.map(|(low, _)| *low), own.cells.map(|(low, _)| low), |a, b| {
                a.mv <= b.mv
            }),
            hottest: worse(
                temperatures.and_then(|(_, high)| *high),
                own.temperatures.map(|(_, high)| high),
                |a, b| a.temperature >= b.temperature,
            ),
            coldest: worse(
                temperatures.and_then(|(low, _)| *low),
                own.temperatures.map(|(low, _)| low),
                |a, b| a.temperature <= b.temperature,
            ),
            room_mv: headroom.map(|room| room.charge.get()),
            margin_k: headroom.map(|room| room.temperature.get()),
            balance_mv: thresholds.map(|limits| limits.on),
            all_balancing: thresholds.zip(own.cells).map(|(limits, (low, _))| low.mv >= limits.off),
            cells: u16::try_from(own.counted / strings).unwrap_or(u16::MAX),
            untrusted: u16::try_from(own.untrusted).unwrap_or(u16::MAX),
            soc: self.charge.usable(now, SLOW).and_then(|(_, soc)| *soc),
            capacity: headroom.map(|room| room.capacity).filter(|ah| ah.get() > 0.0),
            state: precharge.map(|word| word.state),
            any_closed: feeds.map(|c| c.on.contains(&true) || c.feedback.contains(&true)),
            is_closed: feeds.is_some_and(|c| matches!(c.on, [true, true, _])),
            flags,
            undocumented_flags: self.undocumented_flags.usable(now, SLOW).is_some_and(|b| *b != 0),
        }
    }

    /// Every flag that is raised, while all of them are told.
    fn raised(&self, now: Mono) -> Option<FlagSet> {
        Flag::ALL.iter().zip(&self.flags).try_fold(FlagSet::NONE, |set, (flag, reading)| {
            let raised = *reading.usable(now, SLOW)?;
            Some(if raised { set.with(*flag) } else { set })
        })
    }

    fn flags_age(&self, now: Mono) -> Option<Duration> {
        let mut ages = self.flags.iter().map(|flag| flag.at().map(|at| now.since(at)));
        ages.try_fold(Duration::ZERO, |oldest, age| Some(oldest.max(age?)))
    }

    /// The oldest word of the modules, where all are heard that the device counts.
    fn module_age(&self, now: Mono, own: &Extremes) -> Option<Duration> {
        let (_, told) = self.balance.usable(now, SLOW)?;
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
