//! The chain of smallest limits, the slow rise and the taper. Pure numbers.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::charge::rules::{Key, Rules};
use crate::engine::charge::state::{Flow, Governor};
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::SetPoints;

/// Longest time between two steps that a rise or an integral counts: whatever stood still longer has
/// missed readings too.
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// The taper governs below this share of the other limits.
const CLEARLY: f64 = 0.97;

/// The taper aims so far below the highest cell voltage of the rules, millivolts: with a steep curve
/// and much current a cell goes some 20 mV above its aim before the current has come down.
const BELOW_CELL_MAX: i32 = 25;

/// Where the highest cell is to stay, millivolts: the balance threshold or the person's set point,
/// whichever is lower, and always a little below the rule that stops the charge: a cell held at that
/// limit itself would end every charge as a fault. `None` while no BMU tells its threshold.
#[must_use]
pub fn cell_target(pack: &PackView, set: &SetPoints, rules: &Rules) -> Option<i32> {
    let most = rules.get(Key::CellMax) as i32 - BELOW_CELL_MAX;
    pack.balance_mv.map(|balance| balance.min(set.cell.get()).min(most))
}

/// The highest voltage that the charger is told.
#[must_use]
pub fn voltage_limit(
    pack: &PackView,
    charger: &ChargerView,
    set: &SetPoints,
    rules: &Rules,
) -> Volts {
    let mut volts = rules.get(Key::PackMax);
    if let Some(own) = set.pack {
        volts = volts.min(own.get());
    }
    if let Some(rating) = charger.rating {
        volts = volts.min(rating.volts.get());
    }
    if pack.cells > 0 {
        volts = volts.min(f64::from(pack.cells) * f64::from(set.cell.get()) / 1000.0);
    }
    Volts(if volts.is_finite() { volts.max(0.0) } else { 0.0 })
}

/// How far below both temperature limits the hottest cell is, kelvin; `None` while unknown.
#[must_use]
pub fn temperature_room(pack: &PackView, rules: &Rules) -> Option<f64> {
    let own = rules.get(Key::TemperatureMax) - pack.hottest?.temperature.get();
    // The BMU's margin is negative while all is well.
    let told = -pack.margin_k?;
    let room = own.min(told);
    room.is_finite().then_some(room)
}

/// The share of the current that the temperature leaves, 0 to 1.
fn derate(room_k: f64, rules: &Rules) -> f64 {
    let (from, to) = (rules.get(Key::DerateFrom), rules.get(Key::DerateTo));
    ((room_k - to) / (from - to).max(0.1)).clamp(0.0, 1.0)
}

/// The smallest of all limits that do not depend on what was before, and which it is. Whatever is not
/// known limits to zero.
#[must_use]
pub fn smallest(
    pack: &PackView,
    charger: &ChargerView,
    set: &SetPoints,
    rules: &Rules,
) -> (Amps, Governor) {
    let zero = (Amps(0.0), Governor::Zero);
    let (Some(rating), Some(volts), Some(room)) =
        (charger.rating, pack.voltage, temperature_room(pack, rules))
    else {
        return zero;
    };
    // Below a volt there is no pack, and nothing is divided by it.
    let volts = volts.get();
    if !volts.is_finite() || volts < 1.0 {
        return zero;
    }
    let mains = set.mains.map_or(rules.get(Key::MainsAmps), Amps::get);
    let supply = rules.get(Key::MainsVolts) * mains * rules.get(Key::Efficiency) / 100.0;
    let person = set.current.get();
    let profile = rules.get(Key::CurrentMax);
    let chain = [
        (person, Governor::Person),
        (profile, Governor::Profile),
        (rating.amps.get(), Governor::ChargerCurrent),
        (rating.watts.get() / volts, Governor::ChargerPower),
        (supply / volts, Governor::Supply),
        (person.min(profile) * derate(room, rules), Governor::Temperature),
    ];
    let mut least = (f64::INFINITY, Governor::Zero);
    for (amps, governor) in chain {
        if !amps.is_finite() {
            return zero;
        }
        if amps < least.0 {
            least = (amps, governor);
        }
    }
    (Amps(least.0.max(0.0)), least.1)
}

/// The next command: the smallest limit, the taper on the highest cell, and the slow rise.
#[must_use]
pub fn follow(
    flow: Flow,
    now: Mono,
    pack: &PackView,
    charger: &ChargerView,
    set: &SetPoints,
    rules: &Rules,
) -> Flow {
    let dt = now.since(flow.at).min(LONGEST_STEP).as_secs_f64();
    let (limit, governor) = smallest(pack, charger, set, rules);
    let limit = limit.get();
    let (Some(target), Some(highest)) = (cell_target(pack, set, rules), pack.highest) else {
        let (command, governor) = (Amps(0.0), Governor::Zero);
        return Flow { command, governor, integral: 0.0, at: now, ..flow };
    };
    let error = f64::from(target - highest.mv) / 1000.0;
    let proportional = rules.get(Key::TaperGain) * error;
    // The integral is held where the sum just meets the limit, so that it has nothing to unwind when
    // the cell comes up; and it never asks for current by itself below zero.
    let least = (-proportional).min(0.0);
    let integral = (flow.integral + rules.get(Key::TaperIntegral) * error * dt)
        .clamp(least, (limit - proportional).max(least));
    let taper = (proportional + integral).max(0.0);
    let wanted = taper.min(limit);
    // A reading's last digit moves the taper a little; it governs once it is clearly below.
    let governor = if taper < limit * CLEARLY { Governor::HighestCell } else { governor };
    let risen = flow.command.get() + rules.get(Key::RampUp) * dt;
    let (command, governor) =
        if wanted > risen { (risen, Governor::Ramp) } else { (wanted, governor) };
    Flow { command: Amps(command.max(0.0)), governor, integral, at: now, ..flow }
}
