//! Composes what a device folder wants shown of a part: readings with unit, words and age, and lamps.

use crate::base::reading::Age;
use crate::engine::{Level, PartPicture, ReadingPicture, Seen, SheetLamp, SheetReading};
use crate::view::compose::pack::tone;
use crate::view::parts::PanelView;
use crate::view::shown::{Lamp, Shown, Tile, Tone};
use crate::view::text;

/// Beyond this a number is written with an exponent, so that no page breaks on a strange one.
const LARGE: f64 = 1e9;

/// The panels of a part, in the order of its folder.
#[must_use]
pub fn panels(part: &PartPicture) -> Vec<PanelView> {
    let panel = |(number, title): (usize, &String)| {
        let readings = part.sheet.readings.iter().zip(&part.readings);
        let readings = readings.filter(|(shown, _)| shown.panel == number);
        let lamps = part.sheet.lamps.iter().zip(&part.lamps);
        let lamps = lamps.filter(|(shown, _)| shown.panel == number);
        PanelView {
            title: title.clone(),
            tiles: readings.map(|(shown, now)| tile(shown, now)).collect(),
            lamps: lamps.map(|(shown, now)| lamp(shown, now)).collect(),
        }
    };
    part.sheet.panels.iter().enumerate().map(panel).collect()
}

fn tile(shown: &SheetReading, now: &ReadingPicture) -> Tile {
    let tone = match now.level {
        Level::Ok | Level::Info => Tone::Plain,
        Level::Warning | Level::Fault => tone(now.level),
    };
    Tile { label: shown.rule.label.clone(), value: value(shown, now.value), tone }
}

/// A reading as text: its word where it has one, else its number with the unit.
#[must_use]
pub fn value(shown: &SheetReading, seen: Seen<f64>) -> Shown {
    let rule = &shown.rule;
    if let Some(word) = seen.value.and_then(|value| shown.word(value)) {
        return text::shown(seen.age, Some(word.to_owned()), "", String::new());
    }
    let digits = usize::from(rule.digits);
    let number = |value: f64| match value.abs() {
        large if large >= LARGE => format!("{value:.2e}"),
        _ if rule.into_battery => text::signed(value, digits),
        _ => text::fixed(value, digits),
    };
    // What is shown as zero is neither above nor below it.
    let half = 0.5 * 0.1_f64.powi(i32::from(rule.digits));
    let word = match seen.value {
        Some(value) if value >= half => rule.above.clone(),
        Some(value) if value <= -half => rule.below.clone(),
        Some(_) | None => None,
    };
    let unit = rule.unit.as_deref().unwrap_or_default();
    let unit = match unit {
        "C" | "degC" => "\u{b0}C",
        other => other,
    };
    text::shown(seen.age, seen.value.map(number), unit, word.unwrap_or_default())
}

fn lamp(shown: &SheetLamp, now: &Seen<bool>) -> Lamp {
    let rule = &shown.rule;
    match (now.value, now.age) {
        (Some(true), _) => Lamp {
            label: rule.label.clone(),
            tone: tone(Level::from(rule.level)),
            hover: rule.meaning.clone(),
        },
        (Some(false), _) => Lamp {
            label: rule.label.clone(),
            tone: Tone::Muted,
            hover: format!("Not so now. When lit: {}", rule.meaning),
        },
        (None, Age::Never) => Lamp {
            label: format!("{}: unknown", rule.label),
            tone: Tone::Muted,
            hover: "Nothing has been heard of it yet.".to_owned(),
        },
        (None, Age::Fresh(age) | Age::Late(age) | Age::Lost(age)) => Lamp {
            label: format!("{}: unknown", rule.label),
            tone: Tone::Muted,
            hover: format!("Nothing has been heard of it for {}.", text::span(age)),
        },
    }
}
