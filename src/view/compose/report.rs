//! Composes the report of a charge and the list of charges.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{
    ChargeKey, ChargeLine, ChargePage, ChargeReport, INTERRUPTED, ReportPoint, SetPoints,
};
use crate::view::charge::{LineView, LogView};
use crate::view::compose::plot::{self, Series};
use crate::view::report::{GovernorView, PlotView, ReportRow, ReportView, ReportsView};
use crate::view::shown::Tone;
use crate::view::text::{self, DASH};

/// A sentence that was kept, with its first letter a capital.
fn begun(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

/// Words for outcomes: code, word, tone.
const OUTCOMES: [(&str, &str, Tone); 10] = [
    ("complete", "Complete", Tone::Ok),
    ("target_soc", "Target reached", Tone::Ok),
    ("target_charge", "Charge reached", Tone::Ok),
    ("time", "Time over", Tone::Ok),
    ("asked", "Stopped", Tone::Plain),
    ("left", "Left", Tone::Warning),
    ("not_permitted", "Not permitted", Tone::Warning),
    ("shutdown", "Shut down", Tone::Warning),
    ("not_ready", "Not started", Tone::Warning),
    ("interlock", "Fault", Tone::Fault),
];

/// Words for what governs: code, word.
const GOVERNORS: [(&str, &str); 10] = [
    ("person", "Set point"),
    ("profile", "Profile"),
    ("highest_cell", "Highest cell"),
    ("bms", "BMS"),
    ("temperature", "Temperature"),
    ("charger_current", "Charger current"),
    ("charger_power", "Charger power"),
    ("supply", "Supply"),
    ("ramp", "Slow rise"),
    ("zero", "Zero"),
];

/// The list of charges, with times of `zone`.
#[must_use]
pub fn list(page: &ChargePage, zone: &TimeZone) -> ReportsView {
    let empty = if page.charges.is_empty() {
        "No charge is kept here. Each one gets a report when it begins.".to_owned()
    } else {
        String::new()
    };
    let rows = page.charges.iter().map(|line| row(line, zone)).collect();
    ReportsView { rows, next: page.next, empty }
}

fn row(line: &ChargeLine, zone: &TimeZone) -> ReportRow {
    let took = line.ended.map(|ended| text::span(text::between(line.started, ended)));
    ReportRow {
        id: line.id,
        started: text::date(line.started, zone),
        took: took.unwrap_or_else(|| DASH.to_owned()),
        pack: line.pack.clone(),
        charger: line.charger.clone(),
        by: line.by.clone(),
        ah: format!("{} Ah", text::fixed(line.ah, 2)),
        kwh: format!("{} kWh", text::fixed(line.kwh, 2)),
        outcome: outcome(&line.outcome),
        words: begun(&line.words),
    }
}

/// A word for how a charge ended, with its tone.
fn outcome(code: &str) -> (String, Tone) {
    if code.is_empty() {
        return ("Running".to_owned(), Tone::Info);
    }
    if code == INTERRUPTED {
        return ("Interrupted".to_owned(), Tone::Fault);
    }
    let found = OUTCOMES.iter().find(|(known, ..)| *known == code);
    found.map_or_else(|| (spoken(code), Tone::Plain), |(_, word, tone)| ((*word).into(), *tone))
}

/// A code as a person reads it: "some_code" is "Some code".
fn spoken(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn governor(code: &str) -> String {
    let found = GOVERNORS.iter().find(|(known, _)| *known == code);
    found.map_or_else(|| spoken(code), |(_, word)| (*word).to_owned())
}

/// The report of a charge, with times of `zone`, made at `now`.
#[must_use]
pub fn report(charge: &ChargeReport, zone: &TimeZone, now: Wall) -> ReportView {
    let started = Wall::from_nanos(charge.started_ms.saturating_mul(1_000_000));
    let rules = charge.rules.iter().map(|(name, value)| rule(name, *value)).collect();
    let rules_words = if charge.rules.is_empty() {
        "The profile set no limit of its own: all were the usual ones."
    } else {
        "All limits that are not listed were the usual ones."
    };
    ReportView {
        id: charge.id,
        title: format!("Charge of {}, {}", charge.pack, text::date(started, zone)),
        outcome: outcome(&charge.outcome),
        outcome_words: begun(&charge.outcome_words),
        stop_words: charge.stop_words.clone(),
        summary: summary(charge, started, zone),
        set_points: charge.set.as_ref().map(set_points).unwrap_or_default(),
        rules,
        rules_words: rules_words.to_owned(),
        governors: governors(charge),
        events: events(charge),
        plots: plots(&charge.curve),
        file: file(charge, started, zone),
        made: format!("Made by Busbar {} on {}", env!("CARGO_PKG_VERSION"), text::exact(now, zone)),
    }
}

/// The name of a file: letters and digits of the pack's name stay, whatever it is.
fn file(charge: &ChargeReport, started: Wall, zone: &TimeZone) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let pack: String = charge.pack.chars().map(plain).collect();
    let at = text::date(started, zone).replace(':', "").replace(' ', "-");
    let at: String = at.chars().map(plain).collect();
    format!("charge-{at}-{}", pack.trim_matches('-')).trim_end_matches('-').to_owned()
}

fn line(label: &str, text: String) -> LineView {
    LineView { label: label.to_owned(), text, tone: Tone::Plain }
}

fn summary(charge: &ChargeReport, started: Wall, zone: &TimeZone) -> Vec<LineView> {
    let ended = charge.ended_ms.map(|ms| Wall::from_nanos(ms.saturating_mul(1_000_000)));
    let when = |at: Wall| text::exact(at, zone);
    let unit = |value: Option<String>, unit: &str| {
        value.map_or_else(|| DASH.to_owned(), |value| format!("{value} {unit}"))
    };
    let mv = |value: Option<i32>| unit(value.map(|mv| mv.to_string()), "mV");
    let percent = |value: Option<f64>| unit(value.map(|share| text::fixed(share, 1)), "%");
    let mut lines = vec![
        line("Pack", charge.pack.clone()),
        line("Charger", charge.charger.clone()),
        line("Started by", format!("{} ({})", charge.by, spoken(&charge.face))),
        line("Started", when(started)),
        line("Ended", ended.map_or_else(|| DASH.to_owned(), when)),
        line("Charged for", text::span(seconds(charge.seconds))),
        line("Charge", format!("{} Ah", text::fixed(charge.ah, 3))),
        line("Energy", format!("{} kWh", text::fixed(charge.kwh, 3))),
        line("State of charge, start", percent(charge.soc.0)),
        line("State of charge, end", percent(charge.soc.1)),
        line("Cell spread, start", mv(charge.spread_mv.0)),
        line("Cell spread, end", mv(charge.spread_mv.1)),
        line("Highest cell", mv(charge.highest_mv)),
        line("Hottest cell", unit(charge.hottest_c.map(|hot| text::fixed(hot, 1)), "\u{b0}C")),
    ];
    if charge.pace > 1.0 {
        let pace = text::fixed(charge.pace, 0);
        lines.push(line("Demo", format!("Its cells lived {pace} times as fast as the clock")));
    }
    lines
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn set_points(set: &SetPoints) -> Vec<LineView> {
    let mut lines = vec![
        line("Highest current", format!("{} A", text::fixed(set.current.get(), 1))),
        line("Highest cell voltage", format!("{} mV", set.cell.get())),
    ];
    let mut more = |label, value: Option<(f64, usize, &str)>| {
        if let Some((value, places, unit)) = value {
            lines.push(line(label, format!("{} {unit}", text::fixed(value, places))));
        }
    };
    more("Highest pack voltage", set.pack.map(|volts| (volts.get(), 1, "V")));
    more("Stop at a state of charge of", set.soc.map(|soc| (soc.get(), 0, "%")));
    more("Stop after a charge of", set.charge.map(|charge| (charge.get(), 3, "Ah")));
    more("Current of the socket", set.mains.map(|amps| (amps.get(), 1, "A")));
    if let Some(time) = set.time() {
        lines.push(line("Stop after", text::span(time)));
    }
    lines
}

/// A rule with its title and unit; one that this version no longer knows goes by its name.
fn rule(name: &str, value: f64) -> LineView {
    match name.parse::<ChargeKey>() {
        Ok(key) => {
            let rule = key.rule();
            line(rule.title, format!("{value} {}", rule.unit))
        }
        Err(_) => line(name, value.to_string()),
    }
}

/// A time since the start: "0:41:03".
fn since_start(at: f64) -> String {
    let s = seconds(at).as_secs();
    format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60)
}

fn governors(charge: &ChargeReport) -> Vec<GovernorView> {
    let ends = charge.governors.iter().skip(1).map(|(at, _)| since_start(*at));
    let ends = ends.chain(std::iter::once(DASH.to_owned()));
    let spans = charge.governors.iter().zip(ends);
    spans
        .map(|((at, code), until)| GovernorView {
            from: since_start(*at),
            until,
            label: governor(code),
        })
        .collect()
}

fn events(charge: &ChargeReport) -> Vec<LogView> {
    let one = |event: &crate::engine::ReportEvent| LogView {
        at: since_start(event.seconds),
        text: event.text.clone(),
    };
    charge.events.iter().map(one).collect()
}

fn plots(curve: &[ReportPoint]) -> Vec<PlotView> {
    let of = |pick: fn(&ReportPoint) -> Option<f64>| {
        curve.iter().map(|point| (point.seconds, pick(point))).collect::<Vec<_>>()
    };
    let volts = |mv: i32| f64::from(mv) / 1000.0;
    let highest = curve.iter().map(|p| (p.seconds, p.highest_mv.map(volts))).collect();
    let lowest = curve.iter().map(|p| (p.seconds, p.lowest_mv.map(volts))).collect();
    let series = |label: &str, points| Series { label: label.to_owned(), points };
    vec![
        plot::plot("Current", "A", &[series("Current", of(|point| point.amps))]),
        plot::plot("Pack voltage", "V", &[series("Pack voltage", of(|point| point.volts))]),
        plot::plot(
            "Cell voltage",
            "V",
            &[series("Highest cell", highest), series("Lowest cell", lowest)],
        ),
        plot::plot(
            "Hottest cell",
            "\u{b0}C",
            &[series("Hottest cell", of(|point| point.hottest_c))],
        ),
        plot::plot("State of charge", "%", &[series("State of charge", of(|point| point.soc))]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures::charge_report;

    const NOW: Wall = Wall::from_nanos(1_700_010_000_000_000_000);

    fn said(lines: &[LineView], label: &str) -> String {
        let found = lines.iter().find(|line| line.label == label);
        found.map(|line| line.text.clone()).unwrap_or_else(|| format!("no {label}"))
    }

    #[test]
    fn a_report_says_everything_that_was_kept() {
        let view = report(&charge_report(), &TimeZone::UTC, NOW);
        assert_eq!(view.title, "Charge of Demo pack, 2023-11-14 22:13");
        assert_eq!(view.file, "charge-2023-11-14-2213-Demo-pack");
        assert_eq!(view.outcome, ("Stopped".to_owned(), Tone::Plain));
        let summary = |label| said(&view.summary, label);
        assert_eq!(summary("Started by"), "ada (Web)");
        assert_eq!(summary("Charged for"), "1 h 30 min");
        assert_eq!((&*summary("Charge"), &*summary("Energy")), ("22.418 Ah", "3.127 kWh"));
        assert_eq!(summary("Cell spread, start"), "34 mV");
        assert_eq!(summary("Cell spread, end"), "21 mV");
        assert_eq!(said(&view.set_points, "Stop at a state of charge of"), "90 %");
        assert_eq!(said(&view.rules, "Highest cell voltage"), "4100 mV");
        let spans: Vec<(&str, &str, &str)> =
            view.governors.iter().map(|g| (&*g.from, &*g.until, &*g.label)).collect();
        assert_eq!(
            spans,
            [
                ("0:00:05", "0:00:22", "Slow rise"),
                ("0:00:22", "1:10:05", "Set point"),
                ("1:10:05", DASH, "Highest cell"),
            ]
        );
        assert_eq!((view.events.len(), &*view.events[4].at), (5, "1:30:00"));
        assert!(view.plots.iter().all(|plot| plot.empty.is_empty()));
        assert_eq!(view.plots[1].lines[0].path.matches('M').count(), 2, "a gap is a gap");
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_what_is_new_goes_by_its_code() {
        let charge = ChargeReport {
            pack: "Küche/..".to_owned(),
            outcome: "some_new_way".to_owned(),
            rules: vec![("gone_rule_v".to_owned(), 1.5)],
            governors: vec![(0.0, "new_limit".to_owned())],
            ..ChargeReport::default()
        };
        let view = report(&charge, &TimeZone::UTC, NOW);
        assert_eq!(view.outcome.0, "Some new way");
        assert_eq!(view.file, "charge-1970-01-01-0000-K-che");
        assert_eq!(said(&view.summary, "Ended"), DASH);
        assert_eq!(said(&view.summary, "Hottest cell"), DASH);
        assert_eq!(said(&view.rules, "gone_rule_v"), "1.5");
        assert_eq!(view.governors[0].label, "New limit");
    }

    #[test]
    fn the_list_tells_running_interrupted_and_ended_charges_apart() {
        let line = |id, ended: Option<i64>, outcome: &str| ChargeLine {
            id,
            pack: "Yard".into(),
            charger: "Elcon".into(),
            by: "ada".into(),
            started: Wall::from_nanos(0),
            ended: ended.map(|s| Wall::from_nanos(s * 1_000_000_000)),
            outcome: outcome.into(),
            words: String::new(),
            ah: 1.0,
            kwh: 0.5,
        };
        let charges =
            vec![line(3, None, ""), line(2, None, INTERRUPTED), line(1, Some(90), "interlock")];
        let view = list(&ChargePage { charges, next: Some(1) }, &TimeZone::UTC);
        let rows: Vec<(&str, &str, Tone)> =
            view.rows.iter().map(|row| (&*row.took, &*row.outcome.0, row.outcome.1)).collect();
        let known = [
            (DASH, "Running", Tone::Info),
            (DASH, "Interrupted", Tone::Fault),
            ("1 min 30 s", "Fault", Tone::Fault),
        ];
        assert_eq!(rows, known);
        assert_eq!((&*view.rows[2].ah, view.next, &*view.empty), ("1.00 Ah", Some(1), ""));
        assert!(!list(&ChargePage::default(), &TimeZone::UTC).empty.is_empty());
    }
}
