//! The words of charging: states, reasons, limits, and how a stop went.

use crate::engine::{
    ChargeKey, ChargeOutcome, ChargePicture, ChargeState, ChargerIntent, CheckId, Face, Governor,
    PauseReason, StopReason, charge_cell_target,
};
use crate::view::shown::Tone;
use crate::view::text;

/// A charge state in words, with its tone.
pub(super) fn state(picture: &ChargePicture) -> (String, Tone) {
    let (pack, charger) = &picture.seen;
    let volts = |volts: Option<crate::base::units::Volts>| {
        volts.map_or_else(|| "unknown".to_owned(), |v| format!("{} V", text::fixed(v.get(), 1)))
    };
    match &picture.state {
        ChargeState::Idle { .. } if !picture.latches.is_clear() => {
            ("Not charging; a stop is latched".into(), Tone::Warning)
        }
        ChargeState::Idle { .. } => ("Not charging".into(), Tone::Muted),
        ChargeState::Checking(_) => {
            ("Checking, and listening for another master".into(), Tone::Info)
        }
        ChargeState::Preconditioning(_) => {
            let (is, wanted) = (volts(charger.voltage), volts(pack.voltage));
            (
                format!("Bringing the charger to the pack\u{2019}s voltage: {is} of {wanted}"),
                Tone::Info,
            )
        }
        ChargeState::Contactors(_, key) => {
            let waits = match key {
                crate::engine::ChargeSwitch::Off => "Contactors: waiting for the BMS to be idle",
                crate::engine::ChargeSwitch::Init => "Waiting for the BMS to take up the charge",
                crate::engine::ChargeSwitch::Start => "Closing the contactors",
            };
            (waits.into(), Tone::Info)
        }
        ChargeState::Engaged(_) => ("Contactors closed, charger off".into(), Tone::Info),
        ChargeState::ConstantCurrent(..) => (format!("Charging at {}", amps(picture)), Tone::Ok),
        ChargeState::Taper(..) => {
            (format!("Charging at {}, easing off near full", amps(picture)), Tone::Ok)
        }
        ChargeState::BalanceHold(..) => {
            (format!("Balancing at {}: low cells catch up", amps(picture)), Tone::Ok)
        }
        ChargeState::Paused(_, _, why) => {
            let why = match why {
                PauseReason::BmuLate => "the BMS is late",
                PauseReason::ChargerLate => "the charger is late",
            };
            (format!("Held at 0 A: {why}"), Tone::Warning)
        }
        ChargeState::Finishing(stopping) => {
            let waits = match stopping.opening {
                None => "waiting for the current to go",
                Some(_) => "opening the contactors",
            };
            (format!("Stopping, {waits}"), Tone::Info)
        }
        ChargeState::Done { outcome: ended, .. } => (stop_reason(ended.why), ended_tone(ended.why)),
        ChargeState::Fault { outcome: ended, .. } => (stop_reason(ended.why), Tone::Fault),
    }
}

/// Well where what was wanted is reached, a warning where nothing began, and neither where somebody
/// or something else ended it.
pub(super) const fn ended_tone(why: StopReason) -> Tone {
    match why {
        StopReason::Complete
        | StopReason::TargetSoc
        | StopReason::TargetCharge
        | StopReason::Time => Tone::Ok,
        StopReason::NotReady(_) => Tone::Warning,
        StopReason::Interlock(_) => Tone::Fault,
        StopReason::Asked(_)
        | StopReason::Withdrawn
        | StopReason::Left
        | StopReason::NotPermitted
        | StopReason::Shutdown => Tone::Info,
    }
}

/// The current that flows, or the one that is asked for where none is measured.
fn amps(picture: &ChargePicture) -> String {
    let asked = match picture.charger_intent {
        ChargerIntent::Give { amps, .. } => Some(amps),
        ChargerIntent::Silent | ChargerIntent::Stop => None,
    };
    let shown = picture.seen.0.current.or(asked);
    shown.map_or_else(|| "an unknown current".into(), |a| format!("{} A", text::fixed(a.get(), 1)))
}

/// A limit's name: "the highest cell".
#[must_use]
pub const fn governor(governor: Governor) -> &'static str {
    match governor {
        Governor::Person => "your set point",
        Governor::Profile => "the profile",
        Governor::HighestCell => "the highest cell",
        Governor::Bms => "the BMS",
        Governor::BmsVoltage => "the BMS\u{2019}s charge voltage",
        Governor::Temperature => "the temperature",
        Governor::ChargerCurrent => "the charger\u{2019}s current",
        Governor::ChargerPower => "the charger\u{2019}s power",
        Governor::Supply => "the mains supply",
        Governor::Ramp => "the slow rise",
        Governor::Zero => "an interlock or a late reading",
    }
}

/// What governs the current, with its figure; empty where nothing flows.
pub(super) fn governs(picture: &ChargePicture) -> String {
    let flow = match &picture.state {
        ChargeState::ConstantCurrent(_, flow)
        | ChargeState::Taper(_, flow)
        | ChargeState::BalanceHold(_, flow)
        | ChargeState::Paused(_, flow, _) => flow,
        ChargeState::Idle { .. }
        | ChargeState::Checking(_)
        | ChargeState::Preconditioning(_)
        | ChargeState::Contactors(..)
        | ChargeState::Engaged(_)
        | ChargeState::Finishing(_)
        | ChargeState::Done { .. }
        | ChargeState::Fault { .. } => return String::new(),
    };
    let rule = |key: ChargeKey| picture.rules.get(key);
    let (pack, charger) = &picture.seen;
    let figure = match flow.governor {
        Governor::Person => format!("{} A", trimmed(picture.set.current.get())),
        Governor::Profile => format!("{} A", trimmed(rule(ChargeKey::CurrentMax))),
        Governor::HighestCell => {
            // Where it is held, which the balance threshold of a BMU may put below the set point.
            let target = charge_cell_target(pack, &picture.set, &picture.rules);
            let volts = |mv: i32| text::fixed(f64::from(mv) / 1000.0, 3);
            pack.highest.zip(target).map_or_else(String::new, |(cell, target)| {
                format!("{} V, held at {} V", volts(cell.mv), volts(target))
            })
        }
        Governor::Bms => {
            pack.charge_amps.known().map_or_else(String::new, |a| format!("{} A", trimmed(a)))
        }
        Governor::BmsVoltage => {
            pack.charge_volts.known().map_or_else(String::new, |v| format!("{} V", trimmed(v)))
        }
        Governor::Temperature => pack.hottest.map_or_else(String::new, |hot| {
            let limit = trimmed(rule(ChargeKey::TemperatureMax));
            format!("{} \u{b0}C, limit {limit} \u{b0}C", text::fixed(hot.temperature.get(), 1))
        }),
        Governor::ChargerCurrent => {
            charger.rating.map_or_else(String::new, |r| format!("{} A", trimmed(r.amps.get())))
        }
        Governor::ChargerPower => charger.rating.map_or_else(String::new, |rating| {
            format!("{} kW", text::fixed(rating.watts.get() / 1000.0, 2))
        }),
        Governor::Supply => {
            let most = picture.set.mains.map_or(rule(ChargeKey::MainsAmps), |amps| amps.get());
            format!("{} A at {} V", trimmed(most), trimmed(rule(ChargeKey::MainsVolts)))
        }
        Governor::Ramp => format!("{} A a second", trimmed(rule(ChargeKey::RampUp))),
        Governor::Zero => String::new(),
    };
    let named = governor(flow.governor);
    let named = named.strip_prefix("your").map_or_else(
        || named.replacen("the ", "The ", 1).replacen("an ", "An ", 1),
        |rest| format!("Your{rest}"),
    );
    if figure.is_empty() {
        format!("{named} governs")
    } else {
        format!("{named} governs: {figure}")
    }
}

/// A number without needless zeros: "20", "17.5", "0.05".
pub(super) fn trimmed(number: f64) -> String {
    let text = text::fixed(number, 3);
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// Where a stop came from, in words.
const fn face(face: Face) -> &'static str {
    match face {
        Face::Desktop => "at the desktop",
        Face::CommandLine => "from the command line",
        Face::Web => "from a web page",
        Face::Api => "through the API",
        Face::Inside => "by the program itself",
    }
}

/// Why a charge ended, as a sentence without its stop.
#[must_use]
pub fn stop_reason(why: StopReason) -> String {
    match why {
        StopReason::Complete => "Done: the pack is full".into(),
        StopReason::TargetSoc => "Done: the wanted state of charge is reached".into(),
        StopReason::TargetCharge => "Done: the wanted charge is in".into(),
        StopReason::Time => "Done: the time is over".into(),
        StopReason::Asked(from) => format!("Stopped {}", face(from)),
        StopReason::Withdrawn => "Stopped: something else was asked for".into(),
        StopReason::Left => "Stopped: whoever started it has left".into(),
        StopReason::NotPermitted => "Stopped: whoever started it may no longer charge".into(),
        StopReason::Shutdown => "Stopped: the program ended or the profile changed".into(),
        StopReason::NotReady(check) => format!("Not started: {}", failed(check)),
        StopReason::Interlock(check) => format!("Stopped by a fault: {}", failed(check)),
    }
}

fn failed(check: CheckId) -> String {
    let title = check.title();
    // A name with a capital letter inside ("BMU flags") keeps it.
    let mut chars = title.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            format!("{}{}", first.to_lowercase(), title.get(first.len_utf8()..).unwrap_or_default())
        }
        (Some(_), Some(_) | None) | (None, _) => title.to_owned(),
    }
}

/// The reason in a word for machines: "complete", "asked", "interlock".
#[must_use]
pub const fn outcome_code(why: StopReason) -> &'static str {
    match why {
        StopReason::Complete => "complete",
        StopReason::TargetSoc => "target_soc",
        StopReason::TargetCharge => "target_charge",
        StopReason::Time => "time",
        StopReason::Asked(_) => "asked",
        StopReason::Withdrawn => "withdrawn",
        StopReason::Left => "left",
        StopReason::NotPermitted => "not_permitted",
        StopReason::Shutdown => "shutdown",
        StopReason::NotReady(_) => "not_ready",
        StopReason::Interlock(_) => "interlock",
    }
}

/// How a stop went, in a sentence.
#[must_use]
pub fn stop_words(ended: &ChargeOutcome) -> String {
    let current = match ended.current_gone {
        true => "the current went to zero",
        false => "the current was not seen to go to zero",
    };
    let contactors = match ended.opened {
        true => "the contactors were seen to open",
        false => "the contactors were not seen to open",
    };
    let load = ended.under_load.map_or_else(String::new, |amps| {
        format!(" They were told to open at {} A.", text::fixed(amps.get(), 1))
    });
    format!("Within {} s {current} and {contactors}.{load}", text::fixed(ended.seconds, 1))
}

/// How a charge ended: why, and how the stop went.
#[must_use]
pub fn outcome(ended: &ChargeOutcome) -> String {
    match ended.why {
        StopReason::NotReady(_) => format!("{}.", stop_reason(ended.why)),
        StopReason::Complete
        | StopReason::TargetSoc
        | StopReason::TargetCharge
        | StopReason::Time
        | StopReason::Asked(_)
        | StopReason::Withdrawn
        | StopReason::Left
        | StopReason::NotPermitted
        | StopReason::Shutdown
        | StopReason::Interlock(_) => format!("{}. {}", stop_reason(ended.why), stop_words(ended)),
    }
}
