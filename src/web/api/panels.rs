//! What a device folder wants shown of a component, as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{Level, PartPicture};
use crate::web::api::reading::{Freshness, Reading, Weight, age_s, reading, tidy};

/// A group of readings and lamps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Panel {
    /// What it is about.
    title: String,
    /// Numbers and words.
    readings: Vec<PanelReading>,
    /// Flags.
    lamps: Vec<PanelLamp>,
}

/// A reading of a panel.
#[derive(Debug, Serialize, ToSchema)]
struct PanelReading {
    /// What a person calls it.
    label: String,
    /// Its message and signal in the DBC of the device folder.
    signal: String,
    /// Its unit; empty without one.
    unit: String,
    /// Its value in that unit; what counts into the battery is positive into it.
    reading: Reading<f64>,
    /// The word that stands for the value, where one does.
    word: Option<String>,
    /// How much the value matters.
    level: Weight,
}

/// A lamp of a panel.
#[derive(Debug, Serialize, ToSchema)]
struct PanelLamp {
    /// What a person calls it.
    label: String,
    /// Its message and signal in the DBC of the device folder.
    signal: String,
    /// Whether it is lit; `null` while nothing recent is known.
    lit: Option<bool>,
    /// Seconds since it was told.
    age_s: Option<f64>,
    /// How old that is, as a word.
    state: Freshness,
    /// How much it matters now.
    level: Weight,
    /// What it means when lit and what to do.
    meaning: String,
}

/// The panels of a part.
pub fn panels(part: &PartPicture) -> Vec<Panel> {
    let panel = |(number, title): (usize, &String)| {
        let readings = part.sheet.readings.iter().zip(&part.readings);
        let readings = readings.filter(|(shown, _)| shown.panel == number);
        let readings = readings.map(|(shown, now)| PanelReading {
            label: shown.rule.label.clone(),
            signal: shown.rule.signal.name().to_owned(),
            unit: shown.rule.unit.clone().unwrap_or_default(),
            reading: reading(now.value, tidy),
            word: now.value.value.and_then(|value| shown.word(value)).map(str::to_owned),
            level: now.level.into(),
        });
        let lamps = part.sheet.lamps.iter().zip(&part.lamps);
        let lamps = lamps.filter(|(shown, _)| shown.panel == number);
        let lamps = lamps.map(|(shown, now)| PanelLamp {
            label: shown.rule.label.clone(),
            signal: shown.rule.signal.name().to_owned(),
            lit: now.value,
            age_s: age_s(now.age),
            state: now.age.into(),
            level: match now.value {
                Some(true) => Level::from(shown.rule.level).into(),
                Some(false) | None => Weight::Ok,
            },
            meaning: shown.rule.meaning.clone(),
        });
        Panel { title: title.clone(), readings: readings.collect(), lamps: lamps.collect() }
    };
    part.sheet.panels.iter().enumerate().map(panel).collect()
}
