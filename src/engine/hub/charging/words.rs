//! What a charge does, in sentences: for its log, its report and the journal.

use serde_json::json;

use crate::base::id::Name;
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::charge::{Check, CheckId, Governor, Outcome, PauseReason, State, StopReason};
use crate::engine::hub::Now;
use crate::engine::pack::{Lapse, LapseSign};
use crate::engine::store::journal::{Entry, Outcome as JournalOutcome};

/// What a state means for whoever reads the log. `checks` are those that hold or do not at the time.
pub(super) fn entered(to: &State, checks: &[Check]) -> String {
    match to {
        State::Idle { .. } => "Nothing runs.".to_owned(),
        State::Checking(_) => "Checking: listening before anything is sent.".to_owned(),
        State::Preconditioning(_) => {
            "Bringing the charger to the pack's voltage, contactors open.".to_owned()
        }
        State::Contactors(..) => "Closing the contactors.".to_owned(),
        State::Engaged(_) => "Contactors closed, charger off.".to_owned(),
        State::ConstantCurrent(..) => "Charging at the smallest limit.".to_owned(),
        State::Taper(..) => "Tapering: the highest cell is held where it is to stay.".to_owned(),
        State::BalanceHold(..) => "Balance hold: little current, low cells catch up.".to_owned(),
        State::Paused(_, _, why) => match why {
            PauseReason::BmuLate => "At zero: BMU telemetry is late.".to_owned(),
            PauseReason::ChargerLate => "At zero: the charger's status is late.".to_owned(),
        },
        State::Finishing(stopping) => format!("Stopping: {}", reason(&stopping.why, checks)),
        State::Done { outcome, .. } => {
            format!("Done: {} {}", reason(&outcome.why, checks), stop(outcome))
        }
        State::Fault { outcome, .. } => {
            format!("Fault: {} {}", reason(&outcome.why, checks), stop(outcome))
        }
    }
}

/// Why a charge ends.
pub(super) fn reason(why: &StopReason, checks: &[Check]) -> String {
    let check = |id: CheckId, lead: &str| {
        let found = checks.iter().find(|check| check.id == id && !check.ok);
        match found.map(|check| check.why.as_str()) {
            Some(why) if !why.is_empty() => format!("{lead} ({}): {why}", id.title()),
            Some(_) | None => format!("{lead}: {}.", id.title()),
        }
    };
    match why {
        StopReason::Complete => "the pack is full.".to_owned(),
        StopReason::TargetSoc => "the wanted state of charge is reached.".to_owned(),
        StopReason::TargetCharge => "the wanted charge is in.".to_owned(),
        StopReason::Time => "the time is over.".to_owned(),
        StopReason::Asked(face) => format!("somebody stopped it {}.", through(*face)),
        StopReason::Withdrawn => "something else was asked for.".to_owned(),
        StopReason::Left => "whoever started it has left.".to_owned(),
        StopReason::NotPermitted => "whoever started it may no longer charge.".to_owned(),
        StopReason::Shutdown => "Busbar ends.".to_owned(),
        StopReason::NotReady(id) => check(*id, "not everything was as it must be before a start"),
        StopReason::Interlock(id) => check(*id, "an interlock broke"),
    }
}

/// How a stop went.
pub(super) fn stop(outcome: &Outcome) -> String {
    let current = if outcome.current_gone {
        "The current was seen to be gone"
    } else {
        "The current was not seen to be gone"
    };
    let contactors = if outcome.opened {
        "the contactors were seen to be open"
    } else {
        "the contactors were not seen to be open: look at them"
    };
    let load = outcome.under_load.map(|amps| {
        format!(" They were told to open at {:.1} A, because waiting had its bound.", amps.get())
    });
    let seconds = outcome.seconds;
    format!(
        "{current} and {contactors}, {seconds:.1} s after the stop.{}",
        load.unwrap_or_default()
    )
}

/// The journal's line on how long a charger went on after the last command.
pub(in crate::engine::hub) fn lapse_line(now: Now, charger: &Name, lapse: Lapse) -> Entry {
    let (least, most) = (lapse.least.as_secs_f64(), lapse.most.as_secs_f64());
    let sign = match lapse.sign {
        LapseSign::Said => "its status said that it had given up waiting",
        LapseSign::OutputOff => "its output went off though it had been told to charge",
    };
    Entry {
        at: now.wall,
        who: Who::ChargeControl.to_string(),
        face: Face::Inside.code(),
        address: None,
        action: "charger_lapse",
        target: charger.to_string(),
        before: None,
        after: Some(json!({
            "least_ms": lapse.least.as_millis() as u64,
            "most_ms": lapse.most.as_millis() as u64,
        })),
        outcome: JournalOutcome::Done,
        note: Some(format!("{least:.1} to {most:.1} s after the last command {sign}.")),
        of: None,
    }
}

/// A word for machines on why a charge ended.
pub(super) const fn code(why: &StopReason) -> &'static str {
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

/// Whether it ended as it should not have.
pub(super) const fn is_failure(why: &StopReason) -> bool {
    match why {
        StopReason::Complete
        | StopReason::TargetSoc
        | StopReason::TargetCharge
        | StopReason::Time
        | StopReason::Asked(_)
        | StopReason::Withdrawn
        | StopReason::Left => false,
        StopReason::NotPermitted
        | StopReason::Shutdown
        | StopReason::NotReady(_)
        | StopReason::Interlock(_) => true,
    }
}

/// What governs, in a word.
pub(super) const fn governor(by: Governor) -> &'static str {
    match by {
        Governor::Person => "set point",
        Governor::Profile => "profile",
        Governor::HighestCell => "highest cell",
        Governor::Bms => "BMS",
        Governor::BmsVoltage => "BMS charge voltage",
        Governor::Temperature => "temperature",
        Governor::ChargerCurrent => "charger current",
        Governor::ChargerPower => "charger power",
        Governor::Supply => "mains",
        Governor::Ramp => "slow rise",
        Governor::Zero => "zero",
    }
}

const fn through(face: Face) -> &'static str {
    match face {
        Face::Desktop => "in the window",
        Face::CommandLine => "on the command line",
        Face::Web => "on a web page",
        Face::Api => "by the API",
        Face::Inside => "from within the program",
    }
}
