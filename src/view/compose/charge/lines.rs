//! What is read off a charge: the charger's lines, checks, counters, plot and log.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::time::{Mono, Wall};
use crate::base::units::{Amps, Volts};
use crate::engine::{
    ChargeCheck, ChargeKey, ChargePicture, ChargeState, ChargerIntent, CurvePoint, Snapshot,
};
use crate::view::charge::{CheckView, CurveLine, CurveView, LineView, LogView};
use crate::view::shown::{Shade, Shown, Tone};
use crate::view::text::{self, DASH};

/// A master of the charger that was silent for so long counts as gone, for the colour of its line.
const MASTER_GONE: Duration = Duration::from_secs(10);

fn line_of(label: &str, text: String, tone: Tone) -> LineView {
    LineView { label: label.to_owned(), text, tone }
}

fn electric(volts: Option<Volts>, amps: Option<Amps>) -> String {
    let figure = |value: Option<f64>, unit: &str| {
        value.map_or_else(|| format!("{DASH} {unit}"), |v| format!("{} {unit}", text::fixed(v, 1)))
    };
    format!("{} \u{b7} {}", figure(volts.map(Volts::get), "V"), figure(amps.map(Amps::get), "A"))
}

/// The charger's lines.
pub(super) fn charger(picture: &ChargePicture) -> Vec<LineView> {
    let seen = &picture.seen.1;
    let power = seen.voltage.zip(seen.current).map(|(v, a)| v.get() * a.get() / 1000.0);
    let power = power.map_or_else(String::new, |kw| format!(" \u{b7} {} kW", text::fixed(kw, 2)));
    let mut lines = vec![
        match seen.voltage.is_none() && seen.current.is_none() {
            true => line_of("Output", "not known".into(), Tone::Muted),
            false => line_of(
                "Output",
                format!("{}{power}", electric(seen.voltage, seen.current)),
                Tone::Plain,
            ),
        },
        match picture.charger_intent {
            ChargerIntent::Silent => line_of("Requested", "nothing is sent".into(), Tone::Muted),
            ChargerIntent::Stop => line_of("Requested", "0 V \u{b7} 0 A, stop".into(), Tone::Plain),
            ChargerIntent::Give { volts, amps } => {
                line_of("Requested", electric(Some(volts), Some(amps)), Tone::Plain)
            }
        },
        heartbeat(picture),
    ];
    let fault = |label: &str, bad: Option<bool>, good: &str, wrong: &str| match bad {
        Some(false) => line_of(label, good.to_owned(), Tone::Plain),
        Some(true) => line_of(label, wrong.to_owned(), Tone::Fault),
        None => line_of(label, "not known".into(), Tone::Muted),
    };
    let faults = seen.faults;
    lines.push(fault("Temperature", faults.map(|f| f.over_temperature), "normal", "too hot"));
    lines.push(fault("AC input", faults.map(|f| f.input), "normal", "missing or out of range"));
    lines.push(fault("Hardware", faults.map(|f| f.hardware), "ok", "broken"));
    // With its contactors open no charger sees a pack, and one that is told nothing misses commands.
    let open = picture.seen.0.any_closed == Some(false);
    lines.push(match faults.map(|f| f.no_battery) {
        Some(true) if open => line_of("Battery", "not seen, contactors open".into(), Tone::Muted),
        no_battery => {
            fault("Battery", no_battery, "connected", "none, reversed, or still starting")
        }
    });
    if faults.is_some_and(|f| f.command_timeout) {
        lines.push(match picture.charger_intent {
            ChargerIntent::Silent => {
                line_of("Commands", "none, and none are sent".into(), Tone::Muted)
            }
            ChargerIntent::Stop | ChargerIntent::Give { .. } => {
                line_of("Commands", "none for too long".into(), Tone::Warning)
            }
        });
    }
    if let Some(bits) = faults.map(|f| f.undocumented).filter(|bits| *bits != 0) {
        lines.push(line_of("Other bits", format!("0x{bits:02X}, undocumented"), Tone::Warning));
    }
    if let Some(foreign) = &seen.foreign {
        let told = electric(Some(foreign.command.voltage), Some(foreign.command.current));
        let words = format!("{told}, {} ago", text::span(foreign.ago));
        // One that has been silent for so long is told of, and is no longer in the way.
        let tone = if foreign.ago < MASTER_GONE { Tone::Fault } else { Tone::Muted };
        lines.push(line_of("Another master", words, tone));
    }
    if let Some(rating) = seen.rating {
        let kilowatts = text::fixed(rating.watts.get() / 1000.0, 1);
        let words =
            format!("{} \u{b7} {kilowatts} kW", electric(Some(rating.volts), Some(rating.amps)));
        lines.push(line_of("Rating", words, Tone::Muted));
    }
    lines
}

fn heartbeat(picture: &ChargePicture) -> LineView {
    let limit = picture.rules.time(ChargeKey::ChargerLost);
    let late = picture.rules.time(ChargeKey::ChargerLate);
    match picture.seen.1.age {
        None => line_of("Heartbeat", "never heard".into(), Tone::Muted),
        Some(age) => {
            let tone = match age {
                age if age > limit => Tone::Fault,
                age if age > late => Tone::Warning,
                _ => Tone::Plain,
            };
            let words =
                format!("{} s ago (limit {})", text::fixed(age.as_secs_f64(), 1), short(limit));
            line_of("Heartbeat", words, tone)
        }
    }
}

/// "3 s", "1.5 s".
fn short(span: Duration) -> String {
    format!("{} s", super::words::trimmed(span.as_secs_f64()))
}

/// The checks that count now: interlocks while anything runs, else preconditions.
pub(super) fn live(picture: &ChargePicture) -> &[ChargeCheck] {
    match picture.state.is_running() && !picture.interlocks.is_empty() {
        true => &picture.interlocks,
        false => &picture.preconditions,
    }
}

/// Said of what does not hold and need not before the contactors are closed.
const LATER: &str = "Asked for once the contactors are closed.";

pub(super) fn checks(picture: &ChargePicture) -> Vec<CheckView> {
    let one = |check: &ChargeCheck| CheckView {
        code: check.id.code().to_owned(),
        label: check.id.title().to_owned(),
        text: found(check),
        why: match check.waits {
            true => LATER.to_owned(),
            false => check.why.clone(),
        },
        said: match (check.ok, check.waits) {
            (true, _) => "holds",
            (false, true) => "is not asked for yet",
            (false, false) => "does not hold",
        },
        tone: match (check.ok, check.waits) {
            (true, _) => Tone::Ok,
            (false, true) => Tone::Muted,
            (false, false) => Tone::Fault,
        },
    };
    live(picture).iter().map(one).collect()
}

/// What was found and what it must keep. Where there must be none, what was found says all of it.
fn found(check: &ChargeCheck) -> String {
    let (value, limit) = (check.value.as_str(), check.limit.as_str());
    match (value.is_empty(), limit) {
        (false, "" | "none") => value.to_owned(),
        (false, _) => format!("{value}, {limit}"),
        (true, _) => limit.to_owned(),
    }
}

/// One word on all checks.
pub(super) fn checks_word(picture: &ChargePicture) -> (String, Tone) {
    let checks = live(picture);
    match checks.iter().filter(|check| !check.ok && !check.waits).count() {
        _ if checks.is_empty() => (String::new(), Tone::Muted),
        0 if checks.iter().any(|check| check.waits) => ("CLEAR SO FAR".into(), Tone::Ok),
        0 => ("ALL CLEAR".into(), Tone::Ok),
        bad => (format!("{bad} NOT CLEAR"), Tone::Fault),
    }
}

fn fresh(text: String, unit: &str, note: String) -> Shown {
    Shown { text, unit: unit.to_owned(), shade: Shade::Fresh, note }
}

fn never(note: &str) -> Shown {
    Shown { text: DASH.into(), unit: String::new(), shade: Shade::Never, note: note.to_owned() }
}

/// Whether a charge was counted: one runs, or one has ended and is still shown.
const fn counted(picture: &ChargePicture) -> bool {
    !matches!(picture.state, ChargeState::Idle { .. })
}

pub(super) fn left(picture: &ChargePicture) -> Shown {
    match picture.meter.left {
        Some(left) if picture.state.is_running() => {
            fresh(text::span(left), "", picture.meter.left_how.to_owned())
        }
        None if picture.state.is_running() && !picture.meter.left_how.is_empty() => {
            never(picture.meter.left_how)
        }
        Some(_) | None => never("cannot be told yet"),
    }
}

pub(super) fn ah(picture: &ChargePicture) -> Shown {
    match counted(picture) {
        true => fresh(text::fixed(picture.meter.ah, 2), "Ah", "delivered".into()),
        false => never("no charge yet"),
    }
}

pub(super) fn kwh(picture: &ChargePicture) -> Shown {
    match counted(picture) {
        true => fresh(text::fixed(picture.meter.kwh, 2), "kWh", "into the pack".into()),
        false => never("no charge yet"),
    }
}

pub(super) fn elapsed(picture: &ChargePicture) -> Shown {
    let note = match picture.pace > 1.0 {
        true => format!("at {}\u{d7}", super::words::trimmed(picture.pace)),
        false => "since the start".to_owned(),
    };
    match counted(picture) {
        true => fresh(text::span(picture.meter.elapsed), "", note),
        false => never("no charge yet"),
    }
}

/// State, time left and charge in one line.
pub(super) fn line(picture: &ChargePicture) -> String {
    let (state, _) = super::words::state(picture);
    let mut parts = vec![state];
    if picture.state.is_running() {
        parts.extend(picture.meter.left.map(|left| format!("{} left", text::span(left))));
    }
    if counted(picture) && picture.meter.ah > 0.0 {
        parts.push(format!("{} Ah delivered", text::fixed(picture.meter.ah, 1)));
    }
    parts.join(" \u{b7} ")
}

/// The plot: current, pack voltage and highest cell, each with a scale of its own.
pub(super) fn curve(picture: &ChargePicture) -> CurveView {
    let points = &picture.curve.points;
    let line = |label: &str, unit: &str, decimals, value: fn(&CurvePoint) -> Option<f64>| {
        let values: Vec<Option<f64>> =
            points.iter().map(|point| value(point).filter(|v| v.is_finite())).collect();
        let newest = values.last().copied().flatten();
        let now = newest
            .map_or_else(|| DASH.to_owned(), |v| format!("{} {unit}", text::fixed(v, decimals)));
        CurveLine { label: label.into(), unit: unit.into(), decimals, now, values }
    };
    CurveView {
        seconds: points.iter().map(|point| point.seconds).collect(),
        lines: vec![
            line("Current", "A", 1, |p| p.amps.map(Amps::get)),
            line("Pack voltage", "V", 1, |p| p.volts.map(Volts::get)),
            line("Highest cell", "V", 3, |p| p.highest_mv.map(|mv| f64::from(mv) / 1000.0)),
        ],
        empty:
            "Current, pack voltage and the highest cell of the charge are drawn here once one runs."
                .into(),
    }
}

/// The log, newest first.
pub(super) fn log(snapshot: &Snapshot, picture: &ChargePicture, zone: &TimeZone) -> Vec<LogView> {
    let one = |(at, said): &(Mono, String)| LogView {
        at: text::time_of_day(wall(snapshot, *at), zone),
        text: said.clone(),
    };
    picture.log.iter().rev().map(one).collect()
}

/// The wall clock at a moment of the engine's.
fn wall(snapshot: &Snapshot, at: Mono) -> Wall {
    let ago = snapshot.at.nanos().saturating_sub(at.nanos());
    Wall::from_nanos(snapshot.wall.nanos().saturating_sub(ago))
}
