//! Several batteries side by side as one pack: the worst of every value, and none where one of them
//! does not tell.

use std::time::Duration;

use crate::base::units::{AmpHours, Amps, Percent, Volts};
use crate::engine::charge::view::{BmsLimit, PackView};
use crate::engine::device::{PackState, Switching};
use crate::engine::pack::{CellAt, Glance, TemperatureAt};

impl PackView {
    /// One battery, the `member`th of its pack. What its bus and others on it do is set by whoever
    /// knows.
    #[must_use]
    pub fn of(glance: &Glance, member: u8) -> Self {
        let cell = |cell: Option<CellAt>| cell.map(|cell| CellAt { member, ..cell });
        let place = |at: Option<TemperatureAt>| at.map(|at| TemperatureAt { member, ..at });
        Self {
            bmus: 1,
            fast_age: glance.fast_age,
            slow_age: glance.slow_age,
            module_age: glance.module_age,
            voltage: glance.voltage,
            current: glance.current,
            highest: cell(glance.highest),
            lowest: cell(glance.lowest),
            hottest: place(glance.hottest),
            coldest: place(glance.coldest),
            room_mv: glance.room_mv,
            margin_k: glance.margin_k,
            balance_mv: glance.balance_mv,
            all_balancing: glance.all_balancing,
            cells: glance.cells,
            untrusted: glance.untrusted,
            soc: glance.soc,
            capacity: glance.capacity,
            state: glance.state,
            all_run: runs(glance),
            all_init: matches!(
                glance.state,
                Some(PackState::ChargeInit | PackState::ChargeConnect | PackState::ChargeEnabled)
            ),
            all_idle: glance.state == Some(PackState::Idle),
            any_closed: glance.any_closed,
            flags: glance.flags,
            undocumented_flags: glance.undocumented_flags,
            foreign_key: None,
            bus_ok: false,
            switching: glance.switching,
            takes_commands: glance.takes_commands,
            cells_told: glance.cells_told,
            no_threshold: glance.switching == Switching::Own && !glance.tells_threshold,
            charge_amps: charge_amps(glance),
            charge_volts: charge_volts(glance),
            period: glance.period,
        }
    }

    /// This and another battery beside it.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        Self {
            bmus: self.bmus.saturating_add(other.bmus),
            fast_age: both(self.fast_age, other.fast_age, Duration::max),
            slow_age: both(self.slow_age, other.slow_age, Duration::max),
            module_age: both(self.module_age, other.module_age, Duration::max),
            voltage: both(self.voltage, other.voltage, |a, b| Volts(a.get().max(b.get()))),
            current: both(self.current, other.current, |a, b| Amps(a.get() + b.get())),
            highest: both(self.highest, other.highest, |a, b| if b.mv > a.mv { b } else { a }),
            lowest: both(self.lowest, other.lowest, |a, b| if b.mv < a.mv { b } else { a }),
            hottest: both(self.hottest, other.hottest, |a, b| {
                if b.temperature > a.temperature { b } else { a }
            }),
            coldest: both(self.coldest, other.coldest, |a, b| {
                if b.temperature < a.temperature { b } else { a }
            }),
            room_mv: both(self.room_mv, other.room_mv, i32::min),
            // Negative is good: the greatest margin is the hottest pack.
            margin_k: both(self.margin_k, other.margin_k, f64::max),
            balance_mv: both(self.balance_mv, other.balance_mv, i32::min),
            all_balancing: both(self.all_balancing, other.all_balancing, |a, b| a && b),
            cells: if self.cells == 0 || other.cells == 0 {
                0
            } else {
                self.cells.max(other.cells)
            },
            untrusted: self.untrusted.saturating_add(other.untrusted),
            soc: both(self.soc, other.soc, |a, b| Percent(a.get().min(b.get()))),
            capacity: both(self.capacity, other.capacity, |a, b| AmpHours(a.get() + b.get())),
            state: both(self.state, other.state, further),
            all_run: self.all_run && other.all_run,
            all_init: self.all_init && other.all_init,
            all_idle: self.all_idle && other.all_idle,
            any_closed: match (self.any_closed, other.any_closed) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                (None, _) | (_, None) => None,
            },
            flags: both(self.flags, other.flags, |a, b| a.or(b)),
            undocumented_flags: self.undocumented_flags || other.undocumented_flags,
            foreign_key: match (self.foreign_key, other.foreign_key) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            bus_ok: self.bus_ok && other.bus_ok,
            switching: if self.switching == other.switching {
                self.switching
            } else {
                Switching::Unknown
            },
            takes_commands: self.takes_commands && other.takes_commands,
            cells_told: self.cells_told.common(other.cells_told),
            no_threshold: self.no_threshold && other.no_threshold,
            charge_amps: self.charge_amps.least(other.charge_amps),
            charge_volts: self.charge_volts.least(other.charge_volts),
            period: self.period.max(other.period),
        }
    }
}

/// Whether one lets current flow.
fn runs(glance: &Glance) -> bool {
    match glance.switching {
        Switching::Key => glance.state == Some(PackState::Run) && glance.is_closed,
        Switching::Command => glance.state == Some(PackState::ChargeEnabled) && glance.is_closed,
        Switching::Own => glance.limits.is_some(),
        Switching::Unknown => false,
    }
}

/// The current that one lets itself be charged with: nothing where it does not permit it.
fn charge_amps(glance: &Glance) -> BmsLimit {
    if !glance.tells_limits {
        return BmsLimit::NotTold;
    }
    if glance.permits.is_some_and(|permits| !permits.charge) {
        return BmsLimit::At(0.0);
    }
    let amps = glance.limits.and_then(|limits| limits.charge_current).map(Amps::get);
    amps.filter(|amps| amps.is_finite())
        .map_or(BmsLimit::Unknown, |amps| BmsLimit::At(amps.max(0.0)))
}

/// The voltage that one lets itself be charged with. Not all that tell a current tell a voltage.
fn charge_volts(glance: &Glance) -> BmsLimit {
    let Some(limits) = glance.limits else {
        return if glance.tells_limits && glance.switching == Switching::Own {
            BmsLimit::Unknown
        } else {
            BmsLimit::NotTold
        };
    };
    let volts = limits.charge_voltage.map(Volts::get).filter(|volts| volts.is_finite());
    volts.map_or(BmsLimit::NotTold, BmsLimit::At)
}

fn both<T>(one: Option<T>, other: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    one.zip(other).map(|(one, other)| join(one, other))
}

/// The state that is further from Run.
const fn further(one: PackState, other: PackState) -> PackState {
    if other.rank() < one.rank() { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::{Flag, FlagSet};

    fn battery(mv: i32, room: i32, margin: f64) -> PackView {
        let at = |mv| Some(CellAt { member: 0, mv, module: 1, cell: 0 });
        let glance = Glance {
            fast_age: Some(Duration::from_millis(50)),
            slow_age: Some(Duration::from_millis(500)),
            module_age: Some(Duration::from_millis(900)),
            voltage: Some(Volts(140.0)),
            current: Some(Amps(5.0)),
            highest: at(mv),
            lowest: at(mv - 20),
            room_mv: Some(room),
            margin_k: Some(margin),
            state: Some(PackState::Run),
            is_closed: true,
            any_closed: Some(true),
            flags: Some(FlagSet::NONE),
            ..Glance::default()
        };
        PackView::of(&glance, 0)
    }

    #[test]
    fn of_two_batteries_the_worse_value_counts() {
        let (mild, hot) = (battery(3900, 200, -30.0), battery(4050, 50, -4.0));
        for pack in [mild.beside(hot), hot.beside(mild)] {
            assert_eq!(pack.bmus, 2);
            assert_eq!(pack.highest.map(|cell| cell.mv), Some(4050));
            assert_eq!(pack.lowest.map(|cell| cell.mv), Some(3880));
            assert_eq!(pack.room_mv, Some(50));
            // The margin is negative when it is good: the greater one is nearer to its limit.
            assert_eq!(pack.margin_k, Some(-4.0));
            assert_eq!(pack.current, Some(Amps(10.0)));
            assert!(pack.all_run);
        }
    }

    #[test]
    fn of_two_batteries_the_older_reading_counts() {
        let fresh = battery(3900, 200, -30.0);
        let old = PackView {
            fast_age: Some(Duration::from_millis(900)),
            slow_age: Some(Duration::from_millis(1900)),
            module_age: Some(Duration::from_millis(2900)),
            ..fresh
        };
        for pack in [fresh.beside(old), old.beside(fresh)] {
            assert_eq!(pack.fast_age, old.fast_age);
            assert_eq!(pack.slow_age, old.slow_age);
            assert_eq!(pack.module_age, old.module_age);
        }
    }

    #[test]
    fn what_one_battery_does_not_tell_the_pack_does_not_know() {
        let silent = PackView { bmus: 1, ..PackView::default() };
        let pack = battery(3900, 200, -30.0).beside(silent);
        assert_eq!((pack.fast_age, pack.voltage, pack.highest), (None, None, None));
        assert_eq!((pack.room_mv, pack.margin_k, pack.flags), (None, None, None));
        assert!(!pack.all_run && !pack.bus_ok);
        // A contactor that one reports closed is closed, whatever the other does not say.
        assert_eq!(pack.any_closed, Some(true));
    }

    #[test]
    fn the_state_that_is_further_from_run_and_every_flag_count() {
        let mut idle = battery(3900, 200, -30.0);
        idle.state = Some(PackState::Idle);
        idle.flags = Some(FlagSet::of(&[Flag::ModuleTimeout]));
        let pack = battery(3900, 200, -30.0).beside(idle);
        assert_eq!(pack.state, Some(PackState::Idle));
        assert_eq!(pack.flags, Some(FlagSet::of(&[Flag::ModuleTimeout])));
    }
}
