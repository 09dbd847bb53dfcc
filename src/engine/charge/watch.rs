//! What takes time to be seen: current above the command, current the wrong way, current that does
//! not arrive, and completion. Each has the moment since when it is so; the current control carries
//! them from step to step.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::Amps;
use crate::engine::charge::checks::CheckId;
use crate::engine::charge::current;
use crate::engine::charge::rules::Key as Rule;
use crate::engine::charge::state::{Flow, Governor};
use crate::engine::charge::step::Scene;
use crate::engine::charge::wish::SetPoints;

/// Less than this out of a charger is not delivery: what its status can tell apart, and a little.
const DELIVERS: f64 = 1.0;

/// Notes since when each of them is so.
pub(super) fn note(scene: &Scene<'_>, flow: Flow, set: &SetPoints) -> Flow {
    let since = |before: Option<Mono>, is: bool| if is { before.or(Some(scene.now)) } else { None };
    Flow {
        over_since: since(flow.over_since, is_over(scene, &flow)),
        wrong_sign_since: since(flow.wrong_sign_since, is_wrong_way(scene)),
        missing_since: since(flow.missing_since, is_missing(scene)),
        idle_since: since(flow.idle_since, is_idle(scene, &flow)),
        complete_since: since(flow.complete_since, is_complete(scene, &flow, set)),
        ..flow
    }
}

/// The first of them that has been so for too long.
pub(super) fn broken(scene: &Scene<'_>, flow: &Flow) -> Option<CheckId> {
    let rules = scene.rules();
    let long = |since: Option<Mono>, most: Duration| {
        since.is_some_and(|since| scene.now.since(since) >= most)
    };
    if long(flow.over_since, rules.time(Rule::OverFor)) {
        return Some(CheckId::CurrentAbove);
    }
    if long(flow.wrong_sign_since, rules.time(Rule::WrongSignFor)) {
        return Some(CheckId::CurrentSign);
    }
    if long(flow.missing_since, rules.time(Rule::MissingFor)) {
        return Some(CheckId::CurrentArrives);
    }
    // That nothing flows at all may take a charger longer: it switches itself on first.
    long(flow.idle_since, rules.time(Rule::FlowWithin)).then_some(CheckId::Flows)
}

/// A current as a number: what is none is not known, and never passes for a small one.
fn known(amps: Option<Amps>) -> Option<f64> {
    amps.map(Amps::get).filter(|amps| amps.is_finite())
}

/// More flows than is told, by what the charger or the pack says.
fn is_over(scene: &Scene<'_>, flow: &Flow) -> bool {
    let rules = scene.rules();
    let most = flow.command.get() * (1.0 + rules.get(Rule::OverPercent) / 100.0)
        + rules.get(Rule::OverAmps);
    let over = |amps| known(amps).is_none_or(|amps| amps > most);
    over(scene.pack.current) || over(scene.charger.current)
}

/// Current leaves the pack.
fn is_wrong_way(scene: &Scene<'_>) -> bool {
    let most = scene.rules().get(Rule::WrongSign);
    known(scene.pack.current).is_none_or(|amps| amps < -most)
}

/// What the charger gives does not arrive. Something else on the pack may take its share, but not
/// half of it.
fn is_missing(scene: &Scene<'_>) -> bool {
    let Some(given) = known(scene.charger.current) else { return true };
    let arrives = known(scene.pack.current).unwrap_or(f64::NEG_INFINITY);
    given >= DELIVERS && arrives < given * 0.5 - scene.rules().get(Rule::WrongSign)
}

/// The charger gives nothing of what it is told.
fn is_idle(scene: &Scene<'_>, flow: &Flow) -> bool {
    let given = known(scene.charger.current).unwrap_or(0.0);
    // At the voltage that the BMS allows a charger gives less by itself.
    let asked = flow.command.get() >= DELIVERS && !current::is_at_bms_voltage(scene.pack);
    asked && given < DELIVERS * 0.3
}

/// The lowest cell is there, or the taper has come to its end.
fn is_complete(scene: &Scene<'_>, flow: &Flow, set: &SetPoints) -> bool {
    let rules = scene.rules();
    let Some(target) = current::cell_target(scene.pack, set, rules) else { return false };
    let within = rules.get(Rule::CompleteWithin) as i32;
    if scene.pack.lowest.is_some_and(|cell| cell.mv >= target - within) {
        return true;
    }
    let small = flow.governor == Governor::HighestCell
        && flow.command.get() <= rules.get(Rule::CompleteCurrent)
        && scene.pack.current.is_some_and(|amps| amps.get() <= rules.get(Rule::CompleteCurrent));
    let trickles = scene
        .pack
        .current
        .is_some_and(|amps| amps.get() >= 0.0 && amps.get() <= rules.get(Rule::CompleteCurrent));
    let allowed = flow.command.get() > rules.get(Rule::CompleteCurrent);
    if current::is_at_bms_voltage(scene.pack) && allowed && trickles {
        return true;
    }
    // Below the balance threshold no shunt runs, so that waiting would bring nothing more.
    let by_person =
        scene.pack.no_threshold || scene.pack.balance_mv.is_some_and(|balance| target < balance);
    small && (by_person || scene.pack.all_balancing == Some(true))
}
