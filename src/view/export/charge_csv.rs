//! A charge as CSV: two files, since a table has one kind of line. `summary` says what happened in
//! the columns section, at_s, name, value, unit; `points` is the plot, one line for each point.

use std::io::{self, Write};

use crate::base::time::Wall;
use crate::engine::{ChargeKey, ChargeReport, ReportPoint, SetPoints};
use crate::view::export::{cell, moment};

/// The columns of the summary.
const SUMMARY: &str = "section,at_s,name,value,unit";
/// The columns of the points.
const POINTS: &str =
    "seconds,current_a,pack_v,highest_cell_mv,lowest_cell_mv,hottest_cell_c,soc_percent";

/// One value. Only texts can be taken for a formula: a number is written as it is, with its sign.
enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Whole(i64),
    Nothing,
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}

impl From<Option<i32>> for Value<'_> {
    fn from(number: Option<i32>) -> Self {
        number.map_or(Self::Nothing, |number| Self::Whole(number.into()))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl Value<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text(text) => cell(text, out),
            Self::Number(number) if number.is_finite() => write!(out, "{number}"),
            Self::Whole(number) => write!(out, "{number}"),
            Self::Number(_) | Self::Nothing => Ok(()),
        }
    }
}

fn row(values: &[Value<'_>], out: &mut dyn Write) -> io::Result<()> {
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            write!(out, ",")?;
        }
        value.write(out)?;
    }
    write!(out, "\r\n")
}

/// Writes the summary: the charge itself, its set points, the rules that a profile had set, what
/// governed from when on, and what happened.
///
/// # Errors
/// `out` cannot be written.
pub fn summary(charge: &ChargeReport, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{SUMMARY}\r\n")?;
    for (name, value, unit) in facts(charge) {
        row(&["charge".into(), Value::Nothing, name.into(), value, unit.into()], out)?;
    }
    let started = wall(charge.started_ms);
    let ended = charge.ended_ms.map(wall).unwrap_or_default();
    for (name, at) in [("started", started), ("ended", ended)] {
        row(&["charge".into(), Value::Nothing, name.into(), (*at).into(), "UTC".into()], out)?;
    }
    if let Some(set) = &charge.set {
        for (name, value, unit) in set_points(set) {
            row(&["set_point".into(), Value::Nothing, name.into(), value, unit.into()], out)?;
        }
    }
    for (name, value) in &charge.rules {
        let unit = name.parse::<ChargeKey>().map_or("", |key| key.rule().unit);
        let cells = ["rule".into(), Value::Nothing, (**name).into(), (*value).into(), unit.into()];
        row(&cells, out)?;
    }
    for (at, name) in &charge.governors {
        row(&["governor".into(), (*at).into(), (**name).into(), "".into(), "".into()], out)?;
    }
    for event in &charge.events {
        let text = (*event.text).into();
        row(&["event".into(), event.seconds.into(), "".into(), text, "".into()], out)?;
    }
    Ok(())
}

/// Writes the points of the plot.
///
/// # Errors
/// `out` cannot be written.
pub fn points(charge: &ChargeReport, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{POINTS}\r\n")?;
    charge.curve.iter().try_for_each(|point| {
        let ReportPoint { seconds, amps, volts, highest_mv, lowest_mv, hottest_c, soc } = *point;
        let cells = [
            seconds.into(),
            amps.into(),
            volts.into(),
            highest_mv.into(),
            lowest_mv.into(),
            hottest_c.into(),
            soc.into(),
        ];
        row(&cells, out)
    })
}

fn wall(ms: i64) -> String {
    moment(Wall::from_nanos(ms.saturating_mul(1_000_000)))
}

fn facts(charge: &ChargeReport) -> [(&'static str, Value<'_>, &'static str); 19] {
    let id = i64::try_from(charge.id).map_or(Value::Nothing, Value::Whole);
    [
        ("id", id, ""),
        ("pack", (*charge.pack).into(), ""),
        ("charger", (*charge.charger).into(), ""),
        ("started_by", (*charge.by).into(), ""),
        ("face", (*charge.face).into(), ""),
        ("outcome", (*charge.outcome).into(), ""),
        ("outcome_words", (*charge.outcome_words).into(), ""),
        ("stop_words", (*charge.stop_words).into(), ""),
        ("demo_pace", charge.pace.into(), ""),
        ("charged_for", charge.seconds.into(), "s"),
        ("charge", charge.ah.into(), "Ah"),
        ("energy", charge.kwh.into(), "kWh"),
        ("soc_start", charge.soc.0.into(), "%"),
        ("soc_end", charge.soc.1.into(), "%"),
        ("cell_spread_start", charge.spread_mv.0.into(), "mV"),
        ("cell_spread_end", charge.spread_mv.1.into(), "mV"),
        ("highest_cell", charge.highest_mv.into(), "mV"),
        ("hottest_cell", charge.hottest_c.into(), "\u{b0}C"),
        ("points", Value::Whole(charge.curve.len() as i64), ""),
    ]
}

fn set_points(set: &SetPoints) -> [(&'static str, Value<'_>, &'static str); 7] {
    [
        ("current_a", set.current.get().into(), "A"),
        ("cell_mv", Value::Whole(set.cell.get().into()), "mV"),
        ("pack_v", set.pack.map(|volts| volts.get()).into(), "V"),
        ("soc_percent", set.soc.map(|soc| soc.get()).into(), "%"),
        ("seconds", set.seconds.into(), "s"),
        ("charge_ah", set.charge.map(|charge| charge.get()).into(), "Ah"),
        ("mains_a", set.mains.map(|amps| amps.get()).into(), "A"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures::charge_report;

    fn written(
        charge: &ChargeReport,
        write: fn(&ChargeReport, &mut dyn Write) -> io::Result<()>,
    ) -> String {
        let mut out = Vec::new();
        write(charge, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_charge_is_written_as_two_tables() {
        let charge = charge_report();
        crate::engine::testing::golden("view/charge-summary.csv", &written(&charge, summary));
        crate::engine::testing::golden("view/charge-points.csv", &written(&charge, points));
    }

    #[test]
    fn every_line_has_the_columns_of_the_first() {
        let charge = charge_report();
        for write in [summary, points] {
            let text = written(&charge, write);
            let columns = text.lines().next().unwrap().matches(',').count();
            // Commas in quotes separate nothing.
            let bare = |line: &str| -> String { line.split('"').step_by(2).collect() };
            let odd: Vec<&str> = text
                .split("\r\n")
                .filter(|line| !line.is_empty() && bare(line).matches(',').count() != columns)
                .collect();
            assert!(odd.is_empty(), "{odd:?}");
        }
    }

    #[test]
    fn no_name_is_carried_out_by_a_spreadsheet_and_numbers_keep_their_sign() {
        let mut charge = charge_report();
        charge.pack = "=HYPERLINK(\"mailto:x\")".to_owned();
        charge.by = "@ada".to_owned();
        charge.rules = vec![("+1".to_owned(), -5.0), ("cell_max_mv".to_owned(), f64::NAN)];
        charge.events = vec![crate::engine::ReportEvent { seconds: 1.0, text: "-1+1".to_owned() }];
        let text = written(&charge, summary);
        assert!(text.contains("charge,,pack,\"'=HYPERLINK(\"\"mailto:x\"\")\",\r\n"), "{text}");
        assert!(text.contains("charge,,started_by,\"'@ada\",\r\n"), "{text}");
        assert!(text.contains("rule,,\"'+1\",-5,\r\n"), "{text}");
        assert!(text.contains("rule,,cell_max_mv,,mV\r\n"), "{text}");
        assert!(text.contains("event,1,,\"'-1+1\",\r\n"), "{text}");
        charge.curve = vec![ReportPoint { amps: Some(-1.25), ..ReportPoint::default() }];
        assert!(written(&charge, points).ends_with("\r\n0,-1.25,,,,,\r\n"));
    }
}
