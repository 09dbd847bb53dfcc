//! What a battery looks like at a moment: every reading judged by its age, the flags and the state
//! in plain words, and what is odd.

use std::time::Duration;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Volts, Watts};
use crate::engine::device::{Contactors, Flag, FlagSet, Level, PackState};
use crate::engine::pack::model::Pack;
use crate::engine::pack::modules::added_up;
use crate::engine::pack::picture::{
    BalancingKnown, CellSummary, FlagPicture, Group, PackPicture, Soc, SocSource,
    TemperatureSummary,
};
use crate::engine::pack::remarks;
use crate::engine::pack::seen::{Seen, younger};

/// After this long without a group of messages it counts as not sent: three times the slowest.
const NOT_SENT_AFTER: Duration = Duration::from_secs(3);

impl Pack {
    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> PackPicture {
        let (fast, slow) = (self.settings.fast, self.settings.slow);
        let totals = Seen::judge(&self.totals, now, fast);
        let charge = Seen::judge(&self.charge, now, slow);
        let headroom = Seen::judge(&self.headroom, now, fast);
        let precharge = Seen::judge(&self.precharge, now, slow);
        let balance = Seen::judge(&self.balance, now, slow);
        let thresholds = balance.and_then(|(limits, _)| (limits.on > 0).then_some(limits));
        let modules = self.modules.picture(now, self.settings.modules, thresholds.value);
        let (flags, flags_age) = self.flags(now, precharge.value.map(|p| p.state));
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
            voltage: totals.map(|(voltage, _)| voltage),
            current: totals.map(|(_, current)| current),
            power: totals.map(|(voltage, current)| Watts(voltage.get() * current.get())),
            cell_sum: added_up(&modules)
                .map(|total| Volts(total as f64 / 1000.0 / f64::from(strings.max(1)))),
            strings,
            soc: charge.and_then(|(_, soc)| soc).map(|p| Soc { percent: p, source: soc_source }),
            used: charge.and_then(|(used, _)| used),
            balance_charge: Seen::judge(&self.balance_charge, now, slow),
            // A capacity of 0 is one that nobody has set.
            capacity: headroom
                .and_then(|h| (h.capacity.get() > 0.0).then_some(AmpHours(h.capacity.get()))),
            headroom,
            state: precharge.map(|p| p.state),
            state_level: Level::Ok,
            state_words: String::new(),
            transitions: self.transitions.iter().copied().collect(),
            contactors: precharge.map(|p| p.contactors),
            contactor_supply: precharge.and_then(|p| p.supply),
            precharge_timer: precharge.map(|p| p.timer),
            flags,
            flags_age,
            undocumented_flags: Seen::judge(&self.undocumented_flags, now, slow).value.unwrap_or(0),
            modules_told: balance.map(|(_, modules)| modules),
            cells: CellSummary::of(&modules),
            reported_cells: Seen::judge(&self.cell_range, now, fast),
            temperatures: TemperatureSummary::of(&modules),
            reported_temperatures: Seen::judge(&self.temperature_range, now, slow),
            balance: thresholds,
            balancing_known: match thresholds.value {
                Some(_) => BalancingKnown::Expected,
                None => BalancingKnown::Unknown,
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
        if picture.heard_for.is_none_or(|heard_for| heard_for < NOT_SENT_AFTER) {
            return Vec::new();
        }
        let heard = Group::ALL.iter().zip(&self.groups);
        heard.filter(|(_, heard)| !**heard).map(|(group, _)| *group).collect()
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
        let rests =
            faults == FlagSet::of(&[Flag::VehicleTimeout]) && state == Some(PackState::Error);
        let picture = |(&flag, reading): (&Flag, &Reading<bool>)| {
            let raised = raised(reading);
            let (level, words) = match raised {
                Some(true) if flag == Flag::VehicleTimeout && rests => {
                    (Level::Info, RESTING.to_owned())
                }
                Some(true) => (flag.level(), flag.meaning().to_owned()),
                Some(false) => (Level::Ok, "Not raised.".to_owned()),
                None => (Level::Ok, "Not known now.".to_owned()),
            };
            FlagPicture { flag, raised, level, words }
        };
        let flags = Flag::ALL.iter().zip(&self.flags).map(picture).collect();
        let ages = self.flags.iter().map(|reading| reading.age(now, patience));
        (flags, ages.reduce(younger).unwrap_or_default())
    }
}

const RESTING: &str = "Resting in Error because nobody sends the vehicle heartbeat (0x505). That is normal while no driver controls are on the bus; the contactors stay open.";

fn source_of_soc(flags: &[FlagPicture]) -> SocSource {
    let invalid = |f: &FlagPicture| f.flag == Flag::SocInvalid && f.raised == Some(true);
    if flags.iter().any(invalid) { SocSource::ReportedInvalid } else { SocSource::Reported }
}

/// How much the state matters, and a sentence on it.
fn state_in_words(picture: &PackPicture) -> (Level, String) {
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
        PackState::Error => error_in_words(picture),
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
        return (Level::Info, RESTING.to_owned());
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
