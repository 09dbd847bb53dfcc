//! What a battery looks like at a moment: every reading judged by its age, the flags and the state
//! in plain words, and what is odd.

use std::time::Duration;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Volts, Watts};
use crate::engine::device::{
    CellsTold, Contactors, Flag, FlagSet, Group, Level, PackState, Switching,
};
use crate::engine::pack::model::Pack;
use crate::engine::pack::modules::{added_up, is_temperature};
use crate::engine::pack::picture::{
    BalancingKnown, CellSummary, FlagPicture, Lacking, PackPicture, Soc, SocSource, TemperatureAt,
    TemperatureSummary,
};
use crate::engine::pack::remarks;
use crate::engine::pack::seen::{Seen, older, younger};
use crate::engine::pack::settings::PackSettings;

/// After this long without a group of messages it counts as not sent, or after three times the slowest.
const NOT_SENT_AFTER: Duration = Duration::from_secs(3);

impl Pack {
    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> PackPicture {
        let (fast, slow) = (self.settings.fast, self.settings.slow);
        let voltage = Seen::judge(&self.voltage, now, fast);
        let current = Seen::judge(&self.current, now, fast);
        let both = voltage.value.zip(current.value);
        let tells = self.settings.tells;
        let state = Seen::judge(&self.state, now, slow);
        let charge = Seen::judge(&self.charge, now, slow);
        let headroom = Seen::judge(&self.headroom, now, fast);
        let precharge = Seen::judge(&self.precharge, now, slow);
        let balance = Seen::judge(&self.balance, now, slow);
        let thresholds = balance.and_then(|limits| (limits.on > 0).then_some(limits));
        let rated = Seen::judge(&self.capacity, now, slow);
        let modules = self.modules.picture(now, self.settings.modules, thresholds.value);
        let (flags, flags_age) = self.flags(now, state.value);
        let soc_source = source_of_soc(&flags);
        let strings = self.settings.strings;
        let mut picture = PackPicture {
            at: now,
            presence: self.presence(now),
            heard_for: self.first.map(|first| now.since(first)),
            members: Vec::new(),
            identity: self.alive(&self.identity, now),
            firmware: self.alive(&self.firmware, now),
            hardware: self.alive(&self.hardware, now),
            voltage,
            current,
            // As old as the older of the two that it is made of.
            power: Seen {
                value: both.map(|(voltage, current)| Watts(voltage.get() * current.get())),
                age: older(voltage.age, current.age),
            },
            cell_sum: added_up(&modules)
                .map(|total| Volts(total as f64 / 1000.0 / f64::from(strings.max(1)))),
            strings,
            soc: charge.and_then(|(_, soc)| soc).map(|p| Soc { percent: p, source: soc_source }),
            used: charge.and_then(|(used, _)| used),
            balance_charge: Seen::judge(&self.balance_charge, now, slow),
            // A capacity of 0 is one that nobody has set.
            capacity: match tells.sends(Group::Headroom) {
                true => headroom
                    .and_then(|h| (h.capacity.get() > 0.0).then_some(AmpHours(h.capacity.get()))),
                false => rated,
            },
            headroom,
            health: Seen::judge(&self.health, now, slow),
            limits: Seen::judge(&self.limits, now, slow),
            lacking: Lacking::default(),
            permits: Seen::judge(&self.permits, now, slow),
            temperature: Seen::judge(&self.temperature, now, fast)
                .and_then(|celsius| is_temperature(celsius).then_some(celsius)),
            maker: self.alive(&self.maker, now),
            version: self.alive(&self.version, now),
            state,
            state_level: Level::Ok,
            state_words: String::new(),
            transitions: self.transitions.iter().copied().collect(),
            contactors: precharge.map(|p| p.contactors),
            outputs: Seen::judge(&self.outputs, now, slow),
            switching: tells.switching,
            cells_told: tells.cells,
            silence: tells.silence,
            contactor_supply: precharge.and_then(|p| p.supply),
            precharge_timer: precharge.map(|p| p.timer),
            flags,
            flags_age,
            undocumented_flags: Seen::judge(&self.undocumented_flags, now, slow).value.unwrap_or(0),
            modules_told: Seen::judge(&self.count, now, slow),
            cells: CellSummary::of(&modules),
            reported_cells: Seen::judge(&self.cell_range, now, fast),
            temperatures: TemperatureSummary::of(&modules),
            reported_temperatures: Seen::judge(&self.temperature_range, now, slow).map(
                |(low, high)| {
                    let known = |at: &TemperatureAt| is_temperature(at.temperature);
                    (low.filter(known), high.filter(known))
                },
            ),
            balance: thresholds,
            balancing_known: match (tells.cells, thresholds.value) {
                (CellsTold::Every, _) if self.modules.tells_shunts(now, self.settings.modules) => {
                    BalancingKnown::Told
                }
                (CellsTold::Every | CellsTold::Range, Some(_)) => BalancingKnown::Expected,
                (_, None) | (CellsTold::Nothing, _) => BalancingKnown::Unknown,
            },
            modules,
            fans: Seen::judge(&self.fans, now, slow),
            not_sent: Vec::new(),
            remarks: Vec::new(),
            level: Level::Ok,
            trend: self.trend.done(),
        };
        picture.not_sent = self.not_sent(&picture);
        (picture.state_level, picture.state_words) = state_in_words(&picture);
        picture.remarks = remarks::of(self, &picture);
        picture.level = worst(&picture);
        picture
    }

    /// What a device is does not grow old while the device is there.
    fn alive<T: Copy>(&self, reading: &Reading<T>, now: Mono) -> Seen<T> {
        let seen = Seen::judge(reading, now, self.settings.slow);
        let value = if self.presence(now).is_usable() { reading.last().copied() } else { None };
        Seen { value, age: seen.age }
    }

    fn not_sent(&self, picture: &PackPicture) -> Vec<Group> {
        let PackSettings { fast, slow, modules, .. } = self.settings;
        let after = NOT_SENT_AFTER.max(fast.late).max(slow.late).max(modules.late);
        if picture.heard_for.is_none_or(|heard_for| heard_for < after) {
            return Vec::new();
        }
        let heard = Group::ALL.iter().zip(&self.groups);
        let silent = heard.filter(|(_, heard)| !**heard).map(|(group, _)| *group);
        silent.filter(|group| self.settings.tells.sends(*group)).collect()
    }

    /// Every flag with what it means now, and the age of the youngest.
    fn flags(&self, now: Mono, state: Option<PackState>) -> (Vec<FlagPicture>, Age) {
        let patience: Patience = self.settings.slow;
        let raised = |reading: &Reading<bool>| reading.usable(now, patience).copied();
        let faults = Flag::ALL
            .iter()
            .zip(&self.flags)
            .filter(|(flag, reading)| flag.level() == Level::Fault && raised(reading) == Some(true))
            .fold(FlagSet::NONE, |set, (flag, _)| set.with(*flag));
        // "Resting in Error because nobody sends the vehicle heartbeat" is normal.
        let rests = faults == FlagSet::of(&[Flag::VehicleTimeout])
            && matches!(state, Some(PackState::Error | PackState::Safe));
        let resting = if state == Some(PackState::Safe) { RESTING_SAFE } else { RESTING };
        let own = self.settings.tells.flags;
        let picture = |(&flag, reading): (&Flag, &Reading<bool>)| {
            let raised = raised(reading);
            let (level, words) = match raised {
                Some(true) if flag == Flag::VehicleTimeout && rests => {
                    (Level::Info, resting.to_owned())
                }
                Some(true) => (flag.level(), flag.meaning().to_owned()),
                Some(false) => (Level::Ok, "Not raised.".to_owned()),
                None => (Level::Ok, "Not known now.".to_owned()),
            };
            FlagPicture { flag, raised, level, words }
        };
        let those = || Flag::ALL.iter().zip(&self.flags).filter(|(flag, _)| own.has(**flag));
        let flags = those().map(picture).collect();
        let ages = those().map(|(_, reading)| reading.age(now, patience));
        (flags, ages.reduce(younger).unwrap_or_default())
    }
}

const RESTING: &str = "Resting in Error because nobody sends the vehicle heartbeat (0x505). That is normal while no driver controls are on the bus; the contactors stay open.";

const RESTING_SAFE: &str = "Resting in Safe because nobody commands it. That is normal while no vehicle and no console wants anything of it; the contactors stay open.";

fn source_of_soc(flags: &[FlagPicture]) -> SocSource {
    let invalid = |f: &FlagPicture| f.flag == Flag::SocInvalid && f.raised == Some(true);
    if flags.iter().any(invalid) { SocSource::ReportedInvalid } else { SocSource::Reported }
}

/// How much the state matters, and a sentence on it.
fn state_in_words(picture: &PackPicture) -> (Level, String) {
    if picture.switching == Switching::Own {
        let words = "It works its contactors by itself and does not tell how they are.";
        return (Level::Ok, words.to_owned());
    }
    let Some(state) = picture.state.value else {
        let words = match picture.state.age {
            Age::Never => "The state of the contactors was never received.",
            Age::Fresh(_) | Age::Late(_) | Age::Lost(_) => {
                "The state of the contactors is not known any more."
            }
        };
        return (Level::Ok, words.to_owned());
    };
    let contactors = picture.contactors.value.unwrap_or_default();
    let said = |level, words: &str| (level, words.to_owned());
    match state {
        PackState::Error | PackState::Safe => error_in_words(picture),
        PackState::Idle if picture.switching == Switching::Command => {
            said(Level::Ok, "Contactors open, ready; waiting for a command.")
        }
        PackState::Idle if contactors.on.contains(&true) => {
            said(Level::Info, "Contactors are being released.")
        }
        PackState::Idle => {
            said(Level::Ok, "Contactors open, ready; waiting for the key to be turned to start.")
        }
        PackState::Enable => said(Level::Info, "Contactor 1 closes; measuring comes next."),
        PackState::Measure => {
            said(Level::Info, "Measuring before the precharge; main contactor open.")
        }
        PackState::Precharge => {
            let left = picture.precharge_timer.value.unwrap_or_default().as_secs_f64();
            (Level::Info, format!("Precharging the bus, {left:.1} s left before it gives up."))
        }
        PackState::Starting => said(Level::Info, "It counts its cells and tests itself."),
        PackState::ChargeInit => {
            said(Level::Info, "A charge was asked for; waiting for it to be let go.")
        }
        PackState::ChargeConnect => said(
            Level::Info,
            "Contactor 4 is closed; waiting for the charger to come to the voltage of the battery.",
        ),
        PackState::ChargeEnabled => {
            said(Level::Ok, "Contactors 4 and 5 to the charger are closed.")
        }
        PackState::ChargeStopping => {
            said(Level::Info, "The charge ends; waiting for its current to go.")
        }
        PackState::Disconnect => {
            said(Level::Fault, "A fault: it opens its contactors within two seconds.")
        }
        PackState::Charge => said(
            Level::Info,
            "Charging, as firmware 1.1 calls it; no document says what its contactors do.",
        ),
        PackState::Run if picture.switching == Switching::Command => {
            said(Level::Ok, "Contactors closed to drive.")
        }
        PackState::Run if is_closing(contactors) => {
            said(Level::Info, "Precharged; the main contactor closes.")
        }
        PackState::Run => said(Level::Ok, "Contactors closed."),
        PackState::Undocumented(code) => (
            Level::Warning,
            format!(
                "State {code} is in no document. State 6 was seen when the 12 V supply of the contactors vanished."
            ),
        ),
    }
}

/// Run is told a moment before the main contactor is on.
const fn is_closing(contactors: Contactors) -> bool {
    let [_, main, precharge] = contactors.on;
    precharge && !main
}

fn error_in_words(picture: &PackPicture) -> (Level, String) {
    let raised = |f: &&FlagPicture| f.raised == Some(true) && f.flag.level() == Level::Fault;
    let faults: Vec<&FlagPicture> = picture.flags.iter().filter(raised).collect();
    if faults.iter().any(|f| f.level == Level::Info) {
        let safe = picture.state.value == Some(PackState::Safe);
        return (Level::Info, if safe { RESTING_SAFE } else { RESTING }.to_owned());
    }
    if !faults.is_empty() {
        let names: Vec<&str> = faults.iter().map(|f| f.flag.label()).collect();
        return (
            Level::Fault,
            format!("The contactors are open because of: {}.", names.join(", ")),
        );
    }
    let known = picture.flags.iter().any(|f| f.raised.is_some());
    let words = if known {
        "The contactors are open because of an error, but no flag says which."
    } else {
        "The contactors are open because of an error; which one is not known, since no flags are received."
    };
    (Level::Warning, words.to_owned())
}

/// The worst of state, flags, remarks and presence: a maximum, so nothing hides behind a lesser
/// thing that came later.
pub(super) fn worst(picture: &PackPicture) -> Level {
    let presence = match picture.presence {
        Age::Never => Level::Info,
        Age::Fresh(_) => Level::Ok,
        Age::Late(_) => Level::Warning,
        Age::Lost(_) => Level::Fault,
    };
    let flags = picture.flags.iter().map(|flag| flag.level);
    let remarks = picture.remarks.iter().map(|remark| remark.level);
    flags.chain(remarks).fold(presence.max(picture.state_level), Level::max)
}
