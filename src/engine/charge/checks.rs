//! Preconditions and interlocks: each looked at anew in every step, each with its value, its limit
//! and whether it holds. An unknown value does not hold.

use std::time::Duration;

use crate::engine::charge::check_words::{Words, words};
use crate::engine::charge::rules::{Key, Rules};
use crate::engine::charge::state::State;
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::{SetPoints, Want, Wish};
use crate::engine::device::{Flag, FlagSet, PackState, Switching};

/// A foreign word older than this is no longer there.
pub(super) const FOREIGN_GONE: Duration = Duration::from_secs(5);
/// Flags that forbid charging wherever it stands.
pub(super) const FORBIDDING: FlagSet = FlagSet::of(&[
    Flag::CellOverVoltage,
    Flag::CellUnderVoltage,
    Flag::CellOverTemperature,
    Flag::MeasurementUntrusted,
    Flag::ModuleTimeout,
    Flag::IsolationFailed,
    Flag::ContactorStuck,
    Flag::ExtraCell,
    Flag::SetupMode,
    Flag::ModulePowerMissing,
    Flag::SupplyLow,
    Flag::CellUnderTemperature,
    Flag::DischargeOverCurrent,
    Flag::ChargeOverCurrent,
    Flag::ShortCircuit,
    Flag::SystemFault,
    Flag::InternalComms,
    Flag::GeneralAlarm,
    Flag::PrechargeFailed,
    Flag::InterlockOpen,
    Flag::VoltageFault,
    Flag::CountMismatch,
    Flag::ShuntLost,
    Flag::PackAir,
]);

/// Which check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckId {
    /// Voltage, current, range and headroom of all BMUs are recent.
    BmuFresh,
    /// State and flags of all BMUs are recent.
    BmuStatusFresh,
    /// All modules are recent.
    ModulesFresh,
    /// The charger's status is recent.
    ChargerFresh,
    /// No flag of a BMU is raised that forbids charging.
    BmuFlags,
    /// The BMUs are in a state from which contactors can close (before) or in Run (while).
    BmuState,
    /// The charger complains of nothing.
    ChargerFaults,
    /// The highest cell is below its limit.
    HighestCell,
    /// The lowest cell is not too low.
    LowestCell,
    /// Cells are not too far apart.
    CellSpread,
    /// No cell is untrusted and none is where none should be.
    CellsTrusted,
    /// The hottest cell is below its limit, and the BMU's margin is kept.
    HottestCell,
    /// The coldest cell is above its limit.
    ColdestCell,
    /// The pack is below its highest voltage.
    PackVoltage,
    /// The measured current is not above the command.
    CurrentAbove,
    /// The current goes into the pack.
    CurrentSign,
    /// What the charger delivers arrives in the pack.
    CurrentArrives,
    /// Nobody else commands the charger.
    OtherCharger,
    /// Nobody else sends the vehicle's switches.
    OtherKey,
    /// The bus of the pack runs and can send.
    PackBus,
    /// The bus of the charger runs and can send.
    ChargerBus,
    /// The charger can reach the pack's voltage.
    ChargerFits,
    /// The set points are within their ranges.
    SetPoints,
    /// The wanted state of charge is above the present one.
    Target,
    /// Whoever asks may.
    Permission,
    /// No latch is set.
    Latches,
    /// The charger reached the pack's voltage in time.
    Matched,
    /// The BMUs hear the key that is sent in the vehicle's place.
    KeyHeard,
    /// The BMUs reached Idle, and then Run, in time.
    Engaged,
    /// Current flowed in time.
    Flows,
}

/// How a check stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// Whether it holds.
    pub ok: bool,
    /// What was found: "80 ms", "3.799 V", "unknown".
    pub value: String,
    /// What it must keep: "limit 1000 ms".
    pub limit: String,
    /// Why it does not hold and what to do; empty where it does.
    pub why: String,
    /// It does not hold, and this step does not ask for it yet: nothing stops for it.
    pub waits: bool,
}

impl CheckId {
    /// Its name in the API, the journal and the campaign.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BmuFresh => "bmu_fresh",
            Self::BmuStatusFresh => "bmu_status_fresh",
            Self::ModulesFresh => "modules_fresh",
            Self::ChargerFresh => "charger_fresh",
            Self::BmuFlags => "bmu_flags",
            Self::BmuState => "bmu_state",
            Self::ChargerFaults => "charger_faults",
            Self::HighestCell => "highest_cell",
            Self::LowestCell => "lowest_cell",
            Self::CellSpread => "cell_spread",
            Self::CellsTrusted => "cells_trusted",
            Self::HottestCell => "hottest_cell",
            Self::ColdestCell => "coldest_cell",
            Self::PackVoltage => "pack_voltage",
            Self::CurrentAbove => "current_above",
            Self::CurrentSign => "current_sign",
            Self::CurrentArrives => "current_arrives",
            Self::OtherCharger => "other_charger_master",
            Self::OtherKey => "other_key",
            Self::PackBus => "pack_bus",
            Self::ChargerBus => "charger_bus",
            Self::ChargerFits => "charger_fits",
            Self::SetPoints => "set_points",
            Self::Target => "target",
            Self::Permission => "permission",
            Self::Latches => "latches",
            Self::Matched => "matched",
            Self::KeyHeard => "key_heard",
            Self::Engaged => "engaged",
            Self::Flows => "flows",
        }
    }

    /// What to call it on screen.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BmuFresh => "BMU telemetry",
            Self::BmuStatusFresh => "BMU status",
            Self::ModulesFresh => "Modules",
            Self::ChargerFresh => "Charger status",
            Self::BmuFlags => "BMU flags",
            Self::BmuState => "BMU state",
            Self::ChargerFaults => "Charger faults",
            Self::HighestCell => "Highest cell",
            Self::LowestCell => "Lowest cell",
            Self::CellSpread => "Cell spread",
            Self::CellsTrusted => "Cells trusted",
            Self::HottestCell => "Hottest cell",
            Self::ColdestCell => "Coldest cell",
            Self::PackVoltage => "Pack voltage",
            Self::CurrentAbove => "Pack current",
            Self::CurrentSign => "Current direction",
            Self::CurrentArrives => "Current arrives",
            Self::OtherCharger => "Second master",
            Self::OtherKey => "Second key",
            Self::PackBus => "Bus of the pack",
            Self::ChargerBus => "Bus of the charger",
            Self::ChargerFits => "Charger fits the pack",
            Self::SetPoints => "Set points",
            Self::Target => "Target",
            Self::Permission => "Operator",
            Self::Latches => "Latches",
            Self::Matched => "Charger at pack voltage",
            Self::KeyHeard => "Key heard",
            Self::Engaged => "Contactors",
            Self::Flows => "Current flows",
        }
    }
}

/// How far a charge has come, as far as checks differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is sent yet.
    Before,
    /// The charger is being matched, or the contactors are being closed.
    Closing,
    /// Contactors closed, current may flow.
    Flowing,
}

impl State {
    /// How far it has come; `None` where no check ends it.
    pub(super) const fn phase(&self) -> Option<Phase> {
        match self {
            Self::Idle { .. } | Self::Done { .. } | Self::Fault { .. } | Self::Finishing(_) => None,
            Self::Checking(_) => Some(Phase::Before),
            Self::Preconditioning(run) if run.closed => Some(Phase::Flowing),
            Self::Preconditioning(_) | Self::Contactors(..) => Some(Phase::Closing),
            Self::Engaged(_)
            | Self::ConstantCurrent(..)
            | Self::Taper(..)
            | Self::BalanceHold(..)
            | Self::Paused(..) => Some(Phase::Flowing),
        }
    }
}

/// What is wanted, as far as checks differ by it: a charge with its set points, or contactors only.
pub(super) type Wanted<'a> = Option<&'a SetPoints>;

/// Everything a check looks at.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub pack: &'a PackView,
    pub charger: &'a ChargerView,
    pub wish: &'a Wish,
    pub set: Wanted<'a>,
    pub phase: Phase,
}

/// What is looked at before anything is sent, in the order of the screen.
const BEFORE: [CheckId; 24] = [
    CheckId::PackBus,
    CheckId::BmuFresh,
    CheckId::BmuStatusFresh,
    CheckId::ModulesFresh,
    CheckId::BmuFlags,
    CheckId::BmuState,
    CheckId::HighestCell,
    CheckId::LowestCell,
    CheckId::CellSpread,
    CheckId::CellsTrusted,
    CheckId::HottestCell,
    CheckId::ColdestCell,
    CheckId::PackVoltage,
    CheckId::ChargerBus,
    CheckId::ChargerFresh,
    CheckId::ChargerFaults,
    CheckId::ChargerFits,
    CheckId::OtherCharger,
    CheckId::OtherKey,
    CheckId::SetPoints,
    CheckId::Target,
    CheckId::Permission,
    CheckId::Latches,
    CheckId::CurrentSign,
];

/// What is looked at while anything is sent, in the order of the screen.
const WHILE: [CheckId; 17] = [
    CheckId::BmuFresh,
    CheckId::BmuStatusFresh,
    CheckId::ModulesFresh,
    CheckId::ChargerFresh,
    CheckId::HighestCell,
    CheckId::HottestCell,
    CheckId::ColdestCell,
    CheckId::CellSpread,
    CheckId::CellsTrusted,
    CheckId::PackVoltage,
    CheckId::BmuFlags,
    CheckId::BmuState,
    CheckId::ChargerFaults,
    CheckId::OtherCharger,
    CheckId::OtherKey,
    CheckId::PackBus,
    CheckId::ChargerBus,
];

/// Everything that must hold before a start, in the order of the screen.
#[must_use]
pub fn preconditions(
    pack: &PackView,
    charger: &ChargerView,
    wish: &Wish,
    set: &SetPoints,
) -> Vec<Check> {
    let sight = Sight { pack, charger, wish, set: Some(set), phase: Phase::Before };
    BEFORE.iter().map(|id| sight.check(*id)).collect()
}

/// Everything that must hold while current may flow, in the order of the screen. What `state` does not
/// ask for yet waits.
#[must_use]
pub fn interlocks(
    pack: &PackView,
    charger: &ChargerView,
    wish: &Wish,
    state: &State,
) -> Vec<Check> {
    let set = match &wish.want {
        Want::Charge { set, .. } => Some(set),
        Want::Nothing | Want::Contactors { .. } => None,
    };
    let sight = Sight { pack, charger, wish, set, phase: Phase::Flowing };
    // The very look by which the state goes on or ends.
    let now = Sight { phase: state.phase().unwrap_or(Phase::Flowing), ..sight };
    let check = |id: &CheckId| {
        let check = sight.check(*id);
        Check { waits: !check.ok && now.holds(*id), ..check }
    };
    WHILE.iter().filter(|id| sight.concerns(**id)).map(check).collect()
}

impl Sight<'_> {
    /// The first check that does not hold.
    pub(super) fn first_broken(&self) -> Option<CheckId> {
        let list: &[CheckId] = if self.phase == Phase::Before { &BEFORE } else { &WHILE };
        list.iter().copied().find(|id| self.concerns(*id) && !self.holds(*id))
    }

    /// Whether a check is about what is wanted: contactors alone need no charger and no room to charge.
    fn concerns(&self, id: CheckId) -> bool {
        let always = matches!(
            id,
            CheckId::PackBus
                | CheckId::BmuFresh
                | CheckId::BmuStatusFresh
                | CheckId::BmuFlags
                | CheckId::BmuState
                | CheckId::OtherKey
                | CheckId::Permission
                | CheckId::Latches
        );
        self.set.is_some() || always
    }

    fn check(&self, id: CheckId) -> Check {
        let ok = self.holds(id);
        let Words { value, limit, why } = words(self, id);
        let why = if ok { String::new() } else { why };
        Check { id, ok, value, limit, why, waits: false }
    }

    /// Whether a check holds. What is not known does not.
    pub(super) fn holds(&self, id: CheckId) -> bool {
        let (pack, charger, rules) = (self.pack, self.charger, &self.wish.rules);
        match id {
            CheckId::BmuFresh => {
                pack.bmus > 0 && pack.fast_age.is_some_and(|age| age <= self.bmu_limit())
            }
            CheckId::BmuStatusFresh => young(pack.slow_age, rules, Key::SlowLost),
            CheckId::ModulesFresh => young(pack.module_age, rules, Key::ModuleLost),
            CheckId::ChargerFresh => young(charger.age, rules, self.charger_key()),
            CheckId::BmuFlags => pack.flags.is_some_and(|flags| self.flags_allow(flags)),
            CheckId::BmuState => self.state_allows(),
            CheckId::ChargerFaults => charger.faults.is_some_and(|faults| {
                let broken = faults.hardware || faults.over_temperature || faults.input;
                let missing = self.phase == Phase::Flowing && faults.no_battery;
                !broken && !missing && faults.undocumented == 0
            }),
            CheckId::HighestCell => pack.highest.is_some_and(|cell| cell.mv <= self.highest_mv()),
            CheckId::LowestCell => {
                pack.lowest.is_some_and(|cell| f64::from(cell.mv) >= rules.get(Key::CellMin))
            }
            CheckId::CellSpread => pack.highest.zip(pack.lowest).is_some_and(|(high, low)| {
                f64::from(high.mv - low.mv) <= rules.get(Key::CellSpread)
            }),
            CheckId::CellsTrusted => pack.untrusted == 0,
            CheckId::HottestCell => self.heat_allows(),
            CheckId::ColdestCell => pack
                .coldest
                .is_some_and(|at| at.temperature.get() >= rules.get(Key::TemperatureMin)),
            CheckId::PackVoltage => pack.voltage.is_some_and(|volts| {
                let volts = volts.get();
                let own = self.set.and_then(|set| set.pack).map_or(f64::MAX, |most| most.get());
                // A volt above the person's own limit is measurement; above the rule it is not.
                let bms = pack.charge_volts.known().unwrap_or(f64::MAX);
                let within = volts <= own + 1.0 && volts <= bms + 1.0;
                volts > 0.0 && volts <= rules.get(Key::PackMax) && within
            }),
            CheckId::CurrentSign => {
                pack.current.is_some_and(|amps| amps.get() >= -rules.get(Key::WrongSign))
            }
            CheckId::OtherCharger => !spoke(charger.foreign.map(|foreign| foreign.ago)),
            CheckId::OtherKey => !spoke(pack.foreign_key),
            CheckId::PackBus => pack.bus_ok,
            CheckId::ChargerBus => charger.bus_ok,
            CheckId::ChargerFits => self.charger_fits(),
            CheckId::SetPoints => self.set.is_none_or(|set| set.check(rules).is_ok()),
            CheckId::Target => self.target_allows(),
            CheckId::Permission => self.wish.permitted,
            CheckId::Latches => self.wish.latches.is_clear(),
            // These are times, which the machine itself measures.
            CheckId::CurrentAbove
            | CheckId::CurrentArrives
            | CheckId::Matched
            | CheckId::KeyHeard
            | CheckId::Engaged
            | CheckId::Flows => true,
        }
    }

    /// Before a start, late is too late; after it, there is the pause between late and lost.
    pub(super) fn bmu_limit(&self) -> Duration {
        let rules = &self.wish.rules;
        if self.phase == Phase::Before {
            bmu_late(self.pack, rules)
        } else {
            rules.time(Key::BmuLost)
        }
    }

    pub(super) fn charger_key(&self) -> Key {
        if self.phase == Phase::Before { Key::ChargerLate } else { Key::ChargerLost }
    }

    /// The vehicle's word is missing until we send it; a state of charge that is not valid matters
    /// only where it is the target.
    fn flags_allow(&self, flags: FlagSet) -> bool {
        let vehicle = self.phase == Phase::Flowing && flags.has(Flag::VehicleTimeout);
        let soc = self.set.is_some_and(|set| set.soc.is_some()) && flags.has(Flag::SocInvalid);
        flags.and(FORBIDDING).is_empty() && !vehicle && !soc && !self.pack.undocumented_flags
    }

    fn state_allows(&self) -> bool {
        match self.pack.switching {
            Switching::Key => {}
            // Its commands are documented for one firmware, and there for a charge.
            Switching::Command if self.pack.takes_commands && self.set.is_some() => {}
            // What closes its contactors by itself is asked for nothing.
            Switching::Own => return self.pack.all_run && self.set.is_some(),
            Switching::Command | Switching::Unknown => return false,
        }
        match (self.phase, self.pack.state) {
            (_, None) => false,
            (Phase::Flowing, Some(_)) => self.pack.all_run,
            (Phase::Closing, Some(_)) => true,
            (Phase::Before, Some(PackState::Idle | PackState::Error | PackState::Safe)) => {
                self.pack.any_closed == Some(false)
            }
            (
                Phase::Before,
                Some(
                    PackState::Enable
                    | PackState::Measure
                    | PackState::Precharge
                    | PackState::Run
                    | PackState::Starting
                    | PackState::ChargeInit
                    | PackState::ChargeConnect
                    | PackState::ChargeEnabled
                    | PackState::ChargeStopping
                    | PackState::Disconnect
                    | PackState::Charge
                    | PackState::Undocumented(_),
                ),
            ) => false,
        }
    }

    /// The highest a cell may be: the profile's limit, the person's set point with what a reading
    /// may wander, and a little above its BMU's balance threshold.
    pub(super) fn highest_mv(&self) -> i32 {
        let rules = &self.wish.rules;
        let over = rules.get(Key::CellOver) as i32;
        let by_rule = rules.get(Key::CellMax) as i32;
        let by_balance = match self.pack.balance_mv {
            Some(mv) => mv.saturating_add(over),
            None if self.pack.no_threshold => i32::MAX,
            None => 0,
        };
        let by_person = self.set.map_or(i32::MAX, |set| set.cell.get().saturating_add(over));
        by_rule.min(by_balance).min(by_person)
    }

    fn heat_allows(&self) -> bool {
        let rules = &self.wish.rules;
        let own = self.pack.hottest.map(|at| rules.get(Key::TemperatureMax) - at.temperature.get());
        let told = self.pack.margin_k.map(|margin| -margin);
        let to = rules.get(Key::DerateTo);
        own.is_some_and(|room| room >= to) && told.is_some_and(|room| room >= to)
    }

    fn charger_fits(&self) -> bool {
        let Some((rating, volts)) = self.charger.rating.zip(self.pack.voltage) else {
            return false;
        };
        rating.volts.get() >= volts.get() && rating.amps.get() > 0.0 && rating.watts.get() > 0.0
    }

    fn target_allows(&self) -> bool {
        let wanted = self.set.and_then(|set| set.soc);
        wanted.is_none_or(|wanted| self.pack.soc.is_some_and(|soc| soc.get() < wanted.get()))
    }
}

/// Telemetry older than this is late: as the rule says, or two of its own periods where a BMS speaks so
/// slowly, and never longer than what counts as lost.
pub(super) fn bmu_late(pack: &PackView, rules: &Rules) -> Duration {
    rules.time(Key::BmuLate).max(2 * pack.period).min(rules.time(Key::BmuLost))
}

/// Whether something is as young as a rule wants it.
fn young(age: Option<Duration>, rules: &Rules, key: Key) -> bool {
    age.is_some_and(|age| age <= rules.time(key))
}

/// Whether somebody else has spoken lately.
fn spoke(ago: Option<Duration>) -> bool {
    ago.is_some_and(|ago| ago <= FOREIGN_GONE)
}
