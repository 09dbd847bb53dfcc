//! One picture of several batteries that work in parallel.

use std::sync::Arc;

use crate::base::reading::Age;
use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts, Watts};
use crate::engine::device::{
    CellsTold, Contactors, Flag, Headroom, Level, Limits, PackState, Permits, Switching,
};
use crate::engine::pack::look::worst;
use crate::engine::pack::picture::{
    BalancingKnown, CellAt, CellSummary, FlagPicture, Lack, Lacking, PackPicture, Remark, Soc,
    SocSource, TemperatureAt, TemperatureSummary,
};
use crate::engine::pack::remarks::worst_first;
use crate::engine::pack::seen::{Seen, older};
use crate::engine::pack::trend::Trend;

type Members<'a> = [(&'a str, &'a PackPicture)];

/// One picture of several batteries that work in parallel: currents and charges summed, voltages
/// averaged, cells of all, the worst state and flags. A sum needs every member: while one is lost
/// there is none, rather than a wrong one. The strictest limits hold, while
/// every member has said its own in time. Members beyond 256 are left out.
#[must_use]
pub fn together(members: &Members<'_>) -> PackPicture {
    let members = members.get(..256).unwrap_or(members);
    let Some((_, first)) = members.first() else { return PackPicture::default() };
    let pictures = || members.iter().map(|(_, picture)| *picture);
    let modules: Vec<_> = members
        .iter()
        .enumerate()
        .flat_map(|(member, (_, picture))| {
            picture.modules.iter().cloned().map(move |mut module| {
                module.member = member as u8;
                module
            })
        })
        .collect();
    let count = members.len() as f64;
    let voltage = every(members, |p| p.voltage.map(Volts::get), |all| all.iter().sum::<f64>());
    let trends: Vec<&Trend> = pictures().map(|picture| &*picture.trend).collect();
    let (limits, lacking) = limits(members);
    let told = |all: &[u16]| all.iter().copied().fold(0, u16::saturating_add);
    // The extremes of those that tell every cell are not those of all.
    let cells_told = pictures().map(|p| p.cells_told).fold(CellsTold::Every, CellsTold::common);
    let silence = pictures().find(|p| p.cells_told == cells_told).map_or("", |p| p.silence);
    let mut picture = PackPicture {
        at: first.at,
        presence: pictures().map(|p| p.presence).reduce(older).unwrap_or_default(),
        heard_for: pictures().map(|p| p.heard_for).min().flatten(),
        members: members.iter().map(|(name, _)| (*name).to_owned()).collect(),
        voltage: voltage.map(|sum| Volts(sum / count)),
        current: every(members, |p| p.current.map(Amps::get), |all| Amps(all.iter().sum())),
        power: every(members, |p| p.power.map(Watts::get), |all| Watts(all.iter().sum())),
        cell_sum: pictures()
            .map(|p| p.cell_sum.map(Volts::get))
            .sum::<Option<f64>>()
            .map(|sum| Volts(sum / count)),
        strings: pictures().map(|p| p.strings).fold(0, u16::saturating_add),
        soc: soc(members),
        used: every(members, |p| p.used.map(AmpHours::get), |all| AmpHours(all.iter().sum())),
        capacity: every(
            members,
            |p| p.capacity.map(AmpHours::get),
            |all| AmpHours(all.iter().sum()),
        ),
        headroom: every(members, |p| p.headroom, headroom),
        limits,
        lacking,
        permits: every(members, |p| p.permits, permits),
        state: every(members, |p| p.state, least),
        state_level: pictures().map(|p| p.state_level).max().unwrap_or_default(),
        state_words: states(members),
        contactors: every(members, |p| p.contactors, contactors),
        switching: switching(members),
        cells_told,
        silence,
        flags: flags(members),
        flags_age: pictures().map(|p| p.flags_age).reduce(older).unwrap_or_default(),
        undocumented_flags: pictures().fold(0, |bits, p| bits | p.undocumented_flags),
        modules_told: every(members, |p| p.modules_told, told),
        cells: CellSummary::of(&modules),
        reported_cells: reported_cells(members),
        temperatures: TemperatureSummary::of(&modules),
        reported_temperatures: reported_temperatures(members),
        balance: every(members, |p| p.balance, |all| all.iter().copied().min_by_key(|b| b.on))
            .and_then(|lowest| lowest),
        balancing_known: balancing(members),
        not_sent: first
            .not_sent
            .iter()
            .copied()
            .filter(|group| pictures().all(|p| p.not_sent.contains(group)))
            .collect(),
        remarks: remarks(members),
        trend: Arc::new(Trend::together(&trends)),
        modules,
        ..PackPicture::default()
    };
    picture.level = worst(&picture);
    picture
}

/// Something that needs the same reading of every member: as old as the oldest, and no value where
/// one has none.
fn every<T, U>(
    members: &Members<'_>,
    part: impl Fn(&PackPicture) -> Seen<T>,
    sum: impl FnOnce(&[T]) -> U,
) -> Seen<U> {
    let seen: Vec<Seen<T>> = members.iter().map(|(_, picture)| part(picture)).collect();
    let age = seen.iter().map(|s| s.age).reduce(older).unwrap_or(Age::Never);
    let values: Option<Vec<T>> = seen.into_iter().map(|s| s.value).collect();
    Seen { value: values.map(|all| sum(&all)), age }
}

/// Weighed by capacity; a plain mean where a capacity is not known.
fn soc(members: &Members<'_>) -> Seen<Soc> {
    let weight = |p: &PackPicture| p.capacity.value.map(AmpHours::get);
    let weights: Option<Vec<f64>> = members.iter().map(|(_, p)| weight(p)).collect();
    let weights = weights.unwrap_or_else(|| vec![1.0; members.len()]);
    every(
        members,
        |p| p.soc,
        |all| {
            let sum: f64 = all.iter().zip(&weights).map(|(soc, w)| soc.percent.get() * w).sum();
            let invalid = all.iter().any(|soc| soc.source == SocSource::ReportedInvalid);
            let source = if invalid { SocSource::ReportedInvalid } else { SocSource::Combined };
            Soc { percent: Percent(sum / weights.iter().sum::<f64>()), source }
        },
    )
}

/// What all may be charged and discharged with together. A limit that one of them does not say, or said too
/// long ago, is none: nobody knows what that one would bear.
fn limits(members: &Members<'_>) -> (Seen<Limits>, Lacking) {
    let joined = |part: fn(&Limits) -> Option<f64>, join: fn(f64, f64) -> f64| {
        let mut sum: Option<f64> = None;
        for (member, (_, picture)) in members.iter().enumerate() {
            let Seen { value, age } = picture.limits;
            let fresh = value.filter(|_| matches!(age, Age::Fresh(_)));
            let Some(own) = fresh.as_ref().and_then(part).filter(|own| own.is_finite()) else {
                return Err(Lack { member: member as u8, age });
            };
            sum = Some(sum.map_or(own, |sum| join(sum, own)));
        }
        Ok(sum)
    };
    // Nobody knows how the current divides, nor whether all are connected: it has to fit through the one that
    // bears least, as charging reckons too.
    let charge_current = joined(|l| l.charge_current.map(Amps::get), f64::min);
    let charge_voltage = joined(|l| l.charge_voltage.map(Volts::get), f64::min);
    let discharge_current = joined(|l| l.discharge_current.map(Amps::get), f64::min);
    let discharge_voltage = joined(|l| l.discharge_voltage.map(Volts::get), f64::max);
    let known = |joined: Result<Option<f64>, Lack>| joined.ok().flatten();
    let limits = Limits {
        charge_voltage: known(charge_voltage).map(Volts),
        charge_current: known(charge_current).map(Amps),
        discharge_current: known(discharge_current).map(Amps),
        discharge_voltage: known(discharge_voltage).map(Volts),
    };
    let lacking = Lacking {
        charge_current: charge_current.err(),
        charge_voltage: charge_voltage.err(),
        discharge_current: discharge_current.err(),
        discharge_voltage: discharge_voltage.err(),
    };
    let ages = members.iter().map(|(_, picture)| picture.limits.age);
    let age = ages.reduce(older).unwrap_or(Age::Never);
    (Seen { value: (limits != Limits::default()).then_some(limits), age }, lacking)
}

/// What all of them permit, and what any of them wants.
fn permits(all: &[Permits]) -> Permits {
    Permits {
        charge: all.iter().all(|one| one.charge),
        discharge: all.iter().all(|one| one.discharge),
        wants_charge: all.iter().any(|one| one.wants_charge),
        wants_full: all.iter().any(|one| one.wants_full),
    }
}

/// How the contactors of all are worked; nobody knows where they differ.
fn switching(members: &Members<'_>) -> Switching {
    let mut ways = members.iter().map(|(_, picture)| picture.switching);
    let first = ways.next().unwrap_or_default();
    if ways.all(|way| way == first) { first } else { Switching::Unknown }
}

/// The member that is nearest to its limit governs: the least charge room, and for the two whose
/// negative values are good the greatest.
fn headroom(all: &[Headroom]) -> Headroom {
    let none = Headroom {
        charge: Millivolts(i32::MAX),
        temperature: Celsius(f64::NEG_INFINITY),
        discharge: Millivolts(i32::MIN),
        capacity: AmpHours(0.0),
    };
    all.iter().fold(none, |sum, one| Headroom {
        charge: Millivolts(sum.charge.get().min(one.charge.get())),
        temperature: Celsius(sum.temperature.get().max(one.temperature.get())),
        discharge: Millivolts(sum.discharge.get().max(one.discharge.get())),
        capacity: AmpHours(sum.capacity.get() + one.capacity.get()),
    })
}

/// The state that is farthest from closed contactors.
fn least(all: &[PackState]) -> PackState {
    all.iter().copied().min_by_key(|state| state.rank()).unwrap_or(PackState::Error)
}

/// One sentence when all say the same, else one a member.
fn states(members: &Members<'_>) -> String {
    let Some((_, first)) = members.first() else { return String::new() };
    if members.iter().all(|(_, p)| p.state_words == first.state_words) {
        return first.state_words.clone();
    }
    let each = members.iter().map(|(name, p)| format!("{name}: {}", p.state_words));
    each.collect::<Vec<_>>().join(" ")
}

fn contactors(all: &[Contactors]) -> Contactors {
    let each = |way: fn(&Contactors) -> [bool; 3]| {
        [0, 1, 2].map(|n| all.iter().all(|c| way(c).get(n).copied().unwrap_or(false)))
    };
    Contactors {
        on: each(|c| c.on),
        feedback: each(|c| c.feedback),
        supply_ok: all.iter().all(|c| c.supply_ok),
    }
}

fn flags(members: &Members<'_>) -> Vec<FlagPicture> {
    let of = |flag: Flag| {
        let each: Vec<(&str, &FlagPicture)> = members
            .iter()
            .filter_map(|(name, p)| Some((*name, p.flags.iter().find(|f| f.flag == flag)?)))
            .collect();
        let raised: Vec<_> = each.iter().filter(|(_, f)| f.raised == Some(true)).collect();
        let worst = raised.iter().max_by_key(|(_, f)| f.level);
        let level = worst.map_or(Level::Ok, |(_, f)| f.level);
        let (raised, words) = match worst {
            Some((_, worst)) => {
                let names: Vec<&str> = raised.iter().map(|(name, _)| *name).collect();
                (Some(true), format!("{}: {}", names.join(", "), worst.words))
            }
            None if each.iter().all(|(_, f)| f.raised == Some(false)) => {
                (Some(false), "Not raised.".to_owned())
            }
            None => (None, "Not known now of every battery.".to_owned()),
        };
        FlagPicture { flag, raised, level, words }
    };
    let known = |flag: &Flag| members.iter().any(|(_, p)| p.flags.iter().any(|f| f.flag == *flag));
    Flag::ALL.into_iter().filter(known).map(of).collect()
}

fn reported_cells(members: &Members<'_>) -> Seen<(CellAt, CellAt)> {
    let each = every(members, |p| p.reported_cells, <[_]>::to_vec);
    each.and_then(|all| {
        let at = |(member, cell): (usize, CellAt)| CellAt { member: member as u8, ..cell };
        let lows = all.iter().map(|(low, _)| *low).enumerate().map(at);
        let highs = all.iter().map(|(_, high)| *high).enumerate().map(at);
        lows.min_by_key(|c| c.mv).zip(highs.max_by_key(|c| c.mv))
    })
}

fn reported_temperatures(
    members: &Members<'_>,
) -> Seen<(Option<TemperatureAt>, Option<TemperatureAt>)> {
    every(
        members,
        |p| p.reported_temperatures,
        |all| {
            // An end that one of them does not tell is known of none: it may lie there.
            let of = |end: fn(&(Option<TemperatureAt>, Option<TemperatureAt>)) -> Option<_>| {
                let at = |(member, told)| {
                    end(told).map(|p: TemperatureAt| TemperatureAt { member: member as u8, ..p })
                };
                all.iter().enumerate().map(at).collect::<Option<Vec<_>>>().unwrap_or_default()
            };
            let by = |a: &TemperatureAt, b: &TemperatureAt| {
                a.temperature.get().total_cmp(&b.temperature.get())
            };
            (of(|told| told.0).into_iter().min_by(by), of(|told| told.1).into_iter().max_by(by))
        },
    )
}

fn balancing(members: &Members<'_>) -> BalancingKnown {
    let known = |way| members.iter().all(|(_, p)| p.balancing_known == way);
    if known(BalancingKnown::Told) {
        BalancingKnown::Told
    } else if members.iter().any(|(_, p)| p.balancing_known == BalancingKnown::Unknown) {
        BalancingKnown::Unknown
    } else {
        BalancingKnown::Expected
    }
}

fn remarks(members: &Members<'_>) -> Vec<Remark> {
    let of = |(name, picture): &(&str, &PackPicture)| {
        let named = |r: &Remark| Remark { level: r.level, text: format!("{name}: {}", r.text) };
        picture.remarks.iter().map(named).collect::<Vec<_>>()
    };
    let mut said: Vec<Remark> = members.iter().flat_map(of).collect();
    let states: Vec<_> = members.iter().map(|(_, p)| p.state.value).collect();
    if states.windows(2).any(|two| matches!(two, [a, b] if a != b)) {
        let text = "The batteries are not in the same state.".to_owned();
        said.push(Remark { level: Level::Info, text });
    }
    worst_first(said)
}
