//! Composes what a device folder wants shown of a part: readings with unit, words and age, and lamps.

use crate::base::reading::Age;
use crate::engine::{
    Level, PartPicture, ReadingPicture, Seen, SheetLamp, SheetReading, TemperatureUnit,
};
use crate::view::compose::pack::tone;
use crate::view::parts::PanelView;
use crate::view::shown::{Lamp, Shown, Tile, Tone};
use crate::view::text;

/// Beyond this a number is written with an exponent, so that no page breaks on a strange one.
const LARGE: f64 = 1e9;

/// The panels of a part, in the order of its folder.
#[must_use]
pub fn panels(part: &PartPicture, warmth: TemperatureUnit) -> Vec<PanelView> {
    let panel = |(number, title): (usize, &String)| {
        let readings = part.sheet.readings.iter().zip(&part.readings);
        let readings = readings.filter(|(shown, _)| shown.panel == number);
        let lamps = part.sheet.lamps.iter().zip(&part.lamps);
        let lamps = lamps.filter(|(shown, _)| shown.panel == number);
        PanelView {
            title: title.clone(),
            tiles: readings.map(|(shown, now)| tile(shown, now, warmth)).collect(),
            lamps: lamps.map(|(shown, now)| lamp(shown, now)).collect(),
        }
    };
    part.sheet.panels.iter().enumerate().map(panel).collect()
}

fn tile(shown: &SheetReading, now: &ReadingPicture, warmth: TemperatureUnit) -> Tile {
    let tone = match now.level {
        Level::Ok | Level::Info => Tone::Plain,
        Level::Warning | Level::Fault => tone(now.level),
    };
    Tile { label: shown.rule.label.clone(), value: value(shown, now.value, warmth), tone }
}

/// A reading as text: its word where it has one, else its number with the unit.
#[must_use]
pub fn value(shown: &SheetReading, seen: Seen<f64>, warmth: TemperatureUnit) -> Shown {
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
    let (value, unit) = match rule.unit.as_deref().unwrap_or_default() {
        "C" | "degC" => (seen.value.map(|celsius| warmth.of(celsius)), warmth.symbol()),
        other => (seen.value, other),
    };
    text::shown(seen.age, value.map(number), unit, word.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::engine::testing::golden;
    use crate::engine::testing::plant::Plant;
    use crate::engine::{ModelPicture, Snapshot};
    use crate::view::compose;
    use crate::view::shown::Shade;

    fn car(seconds: u64) -> Arc<Snapshot> {
        let mut plant = Plant::of("solar-car");
        plant.run(Duration::from_secs(seconds));
        plant.published()
    }

    fn text(snapshot: &Snapshot) -> String {
        let mut text = String::new();
        for part in &snapshot.components {
            let (status, _, sentence) = compose::pack::standing(part);
            text += &format!("{}: {} {status} {sentence}\n", part.name, part.title);
            for panel in panels(&part.part, snapshot.temperature) {
                text += &format!("  {}\n", panel.title);
                for Tile { label, value, tone } in &panel.tiles {
                    let line = value.line();
                    text += &format!(
                        "    {label}: {line} [{:?} {tone:?}] {}\n",
                        value.shade, value.note
                    );
                }
                for lamp in &panel.lamps {
                    text += &format!("    ({:?}) {}\n", lamp.tone, lamp.label);
                }
            }
        }
        text
    }

    #[test]
    fn the_parts_of_a_solar_car_are_shown_as_their_folders_say() {
        golden("view/parts-solar-car.txt", &text(&car(60)));
    }

    #[test]
    fn the_current_of_a_shunt_stands_beside_that_of_its_pack_and_of_no_string() {
        let snapshot = car(60);
        let labels = |pack: &str| {
            let facts = compose::pack::pack(&snapshot, Some(pack)).facts;
            facts.into_iter().map(|tile| tile.label).collect::<Vec<_>>()
        };
        let whole = compose::pack::pack(&snapshot, Some("Solar pack")).facts;
        let shunt = whole.iter().find(|tile| tile.label == "Shunt: current").unwrap();
        assert_eq!((shunt.value.shade, shunt.value.unit.as_str()), (Shade::Fresh, "A"));
        assert!(shunt.value.note.ends_with("A from the BMS's own"), "{:?}", shunt.value);
        assert!(!labels("String 1").contains(&"Shunt: current".to_owned()));
    }

    fn number(snapshot: &Snapshot, name: &str, label: &str) -> f64 {
        let part = snapshot.components.iter().find(|one| one.name.as_str() == name).unwrap();
        let at = part.part.sheet.readings.iter().position(|one| one.rule.label == label);
        let value = part.part.readings[at.unwrap()].value.value;
        value.unwrap_or_else(|| panic!("{label} of {name} has no value"))
    }

    #[test]
    fn the_shunt_measures_what_both_strings_carry_and_what_sun_and_motor_make() {
        let snapshot = car(60);
        let shunt = number(&snapshot, "Shunt", "Current");
        let strings: f64 = snapshot
            .components
            .iter()
            .filter_map(|part| match &part.model {
                ModelPicture::Bms(pack) => pack.current.value.map(|amps| amps.get()),
                ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => {
                    None
                }
            })
            .sum();
        // The BMUs speak ten times a second, the shunt fifty times, and the motor is never quite even.
        assert!((shunt - strings).abs() < 0.1 + 0.1 * strings.abs(), "{shunt} A, {strings} A");
        let trackers = ["Tracker front", "Tracker middle", "Tracker rear"];
        let sun: f64 = trackers.map(|one| number(&snapshot, one, "Into the battery")).iter().sum();
        let motor = number(&snapshot, "Motor", "Into the battery");
        assert!(sun > 1.0, "the sun shines: {sun} A");
        assert!((sun + motor - shunt).abs() < 2.0, "{sun} A, {motor} A and {shunt} A");
    }

    #[test]
    fn a_number_beyond_reason_stays_short() {
        let snapshot = car(5);
        let motor = snapshot.components.iter().find(|one| one.name.as_str() == "Motor").unwrap();
        let shown = &motor.part.sheet.readings[0];
        for number in [f64::MAX, -3.4e38, 1e9, 0.004, -0.004] {
            let age = Age::Fresh(Duration::ZERO);
            let seen = Seen { value: Some(number), age };
            let text = value(shown, seen, TemperatureUnit::Celsius).text;
            assert!(text.chars().count() <= 10, "{text}");
        }
    }
}
