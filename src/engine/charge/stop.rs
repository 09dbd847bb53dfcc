//! The stop sequence: explicit zero until the current is gone, then the contactors, each bounded, so
//! that it always ends, whatever anybody answers.

use crate::base::time::Mono;
use crate::base::units::Amps;
use crate::engine::charge::intent::{ChargerIntent, KeyIntent};
use crate::engine::charge::rules::Key as Rule;
use crate::engine::charge::state::{Outcome, Run, State, StopReason, Stopping};
use crate::engine::charge::step::Scene;
use crate::engine::device::Switching;

/// Ends what runs in `state`. Where nothing was sent yet there is nothing to stop.
pub(super) fn begin(scene: &Scene<'_>, state: &State, why: StopReason) -> State {
    let mut held = true;
    let (run, charger, contactors): (&Run, bool, bool) = match state {
        State::Idle { .. } | State::Done { .. } | State::Fault { .. } | State::Finishing(_) => {
            return *state;
        }
        State::Checking(run) => {
            let outcome =
                Outcome { why, current_gone: true, opened: true, under_load: None, seconds: 0.0 };
            return State::Done { done: run.number, outcome };
        }
        State::Preconditioning(run) => (run, true, run.closed),
        State::Contactors(run, _) => {
            held = scene.pack.all_run || carries(scene);
            (run, run.set.is_some(), true)
        }
        State::Engaged(run) => (run, false, true),
        State::ConstantCurrent(run, _)
        | State::Taper(run, _)
        | State::BalanceHold(run, _)
        | State::Paused(run, _, _) => (run, true, true),
    };
    // One that works its contactors by itself is not told to open them.
    let contactors = contactors && scene.pack.switching != Switching::Own;
    State::Finishing(Stopping {
        number: run.number,
        started: run.started,
        since: scene.now,
        opening: None,
        opened_at: None,
        why,
        charger,
        contactors,
        held,
    })
}

/// Whether the pack says that current flows.
fn carries(scene: &Scene<'_>) -> bool {
    let least = scene.rules().get(Rule::CurrentGone);
    scene.pack.current.is_some_and(|amps| amps.get().abs() >= least)
}

/// The next step of a stop.
pub(super) fn go_on(scene: &Scene<'_>, stopping: Stopping) -> State {
    let rules = scene.rules();
    let Some(opening) = stopping.opening else {
        let gone = current_gone(scene, &stopping, stopping.since);
        let waited = scene.now.since(stopping.since) >= rules.time(Rule::StopCurrent);
        return match (gone || waited, stopping.contactors) {
            (false, _) => State::Finishing(stopping),
            (true, true) => {
                let opened_at = if gone { None } else { measured(scene) };
                let opening = Some(scene.now);
                State::Finishing(Stopping { opening, opened_at, ..stopping })
            }
            (true, false) => end(scene, &stopping, true),
        };
    };
    // A state from before the key went off says nothing about it.
    let told = scene.pack.slow_age.is_some_and(|age| age < scene.now.since(opening));
    let opened = told && scene.pack.any_closed == Some(false);
    if opened || scene.now.since(opening) >= rules.time(Rule::StopContactors) {
        return end(scene, &stopping, opened);
    }
    State::Finishing(stopping)
}

/// Whether charger and pack both say, after `since`, that no current flows.
fn current_gone(scene: &Scene<'_>, stopping: &Stopping, since: Mono) -> bool {
    let span = scene.now.since(since);
    let least = scene.rules().get(Rule::CurrentGone);
    let small = |amps: Option<Amps>| amps.is_some_and(|amps| amps.get().abs() < least);
    let pack = scene.pack.fast_age.is_some_and(|age| age < span) && small(scene.pack.current);
    let charger = scene.charger.age.is_some_and(|age| age < span) && small(scene.charger.current);
    pack && (charger || !stopping.charger)
}

/// The largest current that anybody tells.
fn measured(scene: &Scene<'_>) -> Option<Amps> {
    let all = [scene.pack.current, scene.charger.current];
    all.into_iter().flatten().map(|amps| amps.get().abs()).reduce(f64::max).map(Amps)
}

/// The stop is over. What was not seen to be so is a fault, which latches.
fn end(scene: &Scene<'_>, stopping: &Stopping, opened: bool) -> State {
    let current_gone = current_gone(scene, stopping, stopping.since);
    let outcome = Outcome {
        why: stopping.why,
        current_gone,
        opened: opened || !stopping.contactors,
        under_load: stopping.opened_at,
        seconds: scene.now.since(stopping.since).as_secs_f64(),
    };
    let done = stopping.number;
    if stopping.why.latches() || !outcome.opened || !current_gone || outcome.under_load.is_some() {
        State::Fault { done, outcome }
    } else {
        State::Done { done, outcome }
    }
}

/// What is sent while a stop is on its way. The charger is told to stop until the very end.
pub(super) const fn intents(stopping: &Stopping) -> (ChargerIntent, KeyIntent) {
    let charger = if stopping.charger { ChargerIntent::Stop } else { ChargerIntent::Silent };
    let key = if !stopping.contactors {
        KeyIntent::Silent
    } else if stopping.held && stopping.opening.is_none() {
        // The contactors are held while current may still flow.
        KeyIntent::Run
    } else {
        KeyIntent::Off
    };
    (charger, key)
}

/// After a fault: a charger that still delivers is told to stop. For how long, the station says.
pub(super) fn still(scene: &Scene<'_>, outcome: &Outcome) -> ChargerIntent {
    let least = scene.rules().get(Rule::CurrentGone);
    let fresh = scene.charger.age.is_some_and(|age| age <= scene.rules().time(Rule::ChargerLost));
    let delivers = scene.charger.current.is_some_and(|amps| amps.get() >= least);
    // It was seen to be off, and somebody has looked at it: what delivers now is somebody else's.
    let is_over = outcome.current_gone && scene.wish.latches.is_clear();
    if fresh && delivers && !is_over { ChargerIntent::Stop } else { ChargerIntent::Silent }
}
