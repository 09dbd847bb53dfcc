//! The chain of smallest limits, the slow rise and the taper. Pure numbers.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::charge::rules::{Key, Rules};
use crate::engine::charge::state::{Flow, Governor};
use crate::engine::charge::view::{BmsLimit, ChargerView, PackView};
use crate::engine::charge::wish::SetPoints;

/// Longest time between two steps that a rise or an integral counts: whatever stood still longer has
/// missed readings too.
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// The taper begins to govern below this share of the other limits.
const BEGINS: f64 = 0.97;
/// The taper ends to govern only above this share of the other limits: a reading's last digit does
/// not make it come and go.
const ENDS: f64 = 1.25;

/// The integral works so close to the aim, millivolts. Further away it would only fill itself.
const INTEGRAL_WITHIN: i32 = 20;
/// The integral moves the aim by at most so much, millivolts: it arrives empty, and what it holds at
/// most is all that a cell can be carried above its aim by it.
const INTEGRAL_REACH: f64 = 4.0;

/// The taper aims so far below the highest cell voltage of the rules, millivolts: what a cell may go
/// above its aim, and what its reading may be wrong by.
const BELOW_CELL_MAX: i32 = 25;

/// Where the highest cell is to stay, millivolts: the balance threshold or the person's set point,
/// whichever is lower, and always a little below the rule that stops the charge: a cell held at that
/// limit itself would end every charge as a fault. `None` while no BMU tells its threshold, unless none
/// of its kind ever does.
#[must_use]
pub fn cell_target(pack: &PackView, set: &SetPoints, rules: &Rules) -> Option<i32> {
    let most = (rules.get(Key::CellMax) as i32 - BELOW_CELL_MAX).min(set.cell.get());
    match pack.balance_mv {
        Some(balance) => Some(balance.min(most)),
        None => pack.no_threshold.then_some(most),
    }
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
    if let BmsLimit::At(limit) = pack.charge_volts {
        volts = volts.min(limit);
    }
    if pack.cells > 0 {
        volts = volts.min(f64::from(pack.cells) * f64::from(set.cell.get()) / 1000.0);
    }
    Volts(if volts.is_finite() { volts.max(0.0) } else { 0.0 })
}

/// The pack is so close to the voltage that its BMS lets it be charged with that the charger lessens the
/// current by itself.
const AT_LIMIT_V: f64 = 0.3;

/// Whether the pack is at the voltage that its BMS lets it be charged with.
#[must_use]
pub fn is_at_bms_voltage(pack: &PackView) -> bool {
    let limit = pack.charge_volts.known().zip(pack.voltage);
    limit.is_some_and(|(limit, volts)| volts.get() >= limit - AT_LIMIT_V)
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
    let bms = match pack.charge_amps {
        BmsLimit::At(amps) => amps,
        BmsLimit::NotTold => f64::MAX,
        // It should tell one: what is stale lets nothing flow.
        BmsLimit::Unknown => return (Amps(0.0), Governor::Bms),
    };
    let chain = [
        (bms, Governor::Bms),
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

/// What the highest cell leaves of `limit`, and the integral part of it. The current falls in a line
/// from the limit, where the cell enters the band below its aim, to nothing at the aim. That is a gain
/// which fits small and large chargers alike: a fixed one would begin a volt before the aim with a
/// hundred amperes, or not before it is passed with one.
fn taper(flow: &Flow, error_mv: i32, limit: f64, dt: f64, rules: &Rules) -> (f64, f64) {
    // Amperes for each millivolt.
    let gain = limit / rules.get(Key::TaperBand).max(1.0);
    let error = f64::from(error_mv);
    let grown = if error_mv > INTEGRAL_WITHIN {
        // It keeps what it has while the cell is only a little below, and begins anew further away.
        if error > rules.get(Key::TaperBand) { 0.0 } else { flow.integral }
    } else {
        flow.integral + gain * error * dt / rules.get(Key::TaperReset).max(1.0)
    };
    let integral = grown.clamp(0.0, gain * INTEGRAL_REACH);
    ((gain * error + integral).max(0.0), integral)
}

/// The next command: the smallest limit, the taper on the highest cell, and the slow rise. It falls at
/// once. It rises by its ramp, and ever slower where the taper comes close: what a charger does is
/// seen a second or two later, and by then a cell of much resistance is where it must not be.
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
    let before = flow.command.get();
    let (taper, integral) = taper(&flow, target.saturating_sub(highest.mv), limit, dt, rules);
    let wanted = taper.min(limit);
    let ramp = rules.get(Key::RampUp) * dt;
    let eased = (taper - before) * dt / rules.get(Key::TaperRise).max(1.0);
    let risen = before + ramp.min(eased).max(0.0);
    let command = wanted.min(risen).max(0.0);
    let tapers = if flow.governor == Governor::HighestCell {
        taper < limit * ENDS
    } else {
        // While it still rises, that which makes it rise slowest governs.
        taper < limit * BEGINS && eased <= ramp
    };
    let governor = if tapers {
        Governor::HighestCell
    } else if wanted > risen {
        Governor::Ramp
    } else if command > 0.0 && is_at_bms_voltage(pack) {
        Governor::BmsVoltage
    } else {
        governor
    };
    Flow { command: Amps(command), governor, integral, at: now, ..flow }
}
