//! What not every battery management system tells, as the API shows it: the limits that it sets itself,
//! what it permits and wants, its health, its outputs. What a device does not tell is `null`: no limit is
//! ever taken for zero or for none.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{CellAt, PackPicture, Permits, Switching, TemperatureAt};
use crate::view::compose::tiles::lack_words;
use crate::web::api::pack_json::{CellPlace, Warmth};
use crate::web::api::reading::{Reading, reading, tidy};

/// What a battery management system says of itself beyond what a first generation does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnWord)]
pub struct OwnWord {
    /// What the device lets itself be charged and discharged with.
    limits: OwnLimits,
    /// What the device permits and wants.
    permits: Reading<PermitsShown>,
    /// What is left of the capacity when new.
    health_percent: Reading<f64>,
    /// One temperature for the whole battery; nobody knows of which cell.
    temperature_c: Reading<f64>,
    /// Who made it, in the letters that it sends.
    maker: Reading<String>,
    /// Its firmware, major and minor.
    version: Reading<String>,
    /// Who closes its contactors.
    switching: SwitchingShown,
    /// The outputs of a second generation: contactor 1 to 5, and its current sensor's.
    outputs: Reading<Vec<OutputShown>>,
    /// Lowest and highest cell as the device itself reports them.
    reported_cells: Reading<Ends<CellPlace>>,
    /// Coldest and hottest place as the device itself reports them.
    reported_temperatures: Reading<Ends<Option<Warmth>>>,
}

/// Limits that a device sets itself. One that it does not tell has no value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnLimits)]
struct OwnLimits {
    /// Highest current to charge it with, amperes into the battery.
    charge_current_a: Reading<f64>,
    /// Highest voltage to charge it with.
    charge_voltage_v: Reading<f64>,
    /// Highest current to draw from it, amperes out of the battery.
    discharge_current_a: Reading<f64>,
    /// Lowest voltage to draw it down to.
    discharge_voltage_v: Reading<f64>,
    /// Of a pack of several batteries: why limits of all together are not known, by the names of the fields.
    /// Currents add up and the strictest voltage holds, while every battery has said its own in time.
    unknown: BTreeMap<&'static str, String>,
}

/// What a device permits and wants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permits)]
struct PermitsShown {
    /// It may be charged.
    charge: bool,
    /// It may be discharged.
    discharge: bool,
    /// It wants to be charged soon.
    wants_charge: bool,
    /// It wants to be charged until it is full.
    wants_full: bool,
}

impl From<Permits> for PermitsShown {
    fn from(permits: Permits) -> Self {
        let Permits { charge, discharge, wants_charge, wants_full } = permits;
        Self { charge, discharge, wants_charge, wants_full }
    }
}

/// Who closes the contactors of a battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SwitchedBy)]
enum SwitchingShown {
    /// The vehicle's key on the bus.
    Key,
    /// Commands to the device itself, step by step.
    Command,
    /// The device alone.
    Own,
    /// Nobody has said how: nothing is closed from here.
    Unknown,
}

impl From<Switching> for SwitchingShown {
    fn from(switching: Switching) -> Self {
        match switching {
            Switching::Key => Self::Key,
            Switching::Command => Self::Command,
            Switching::Own => Self::Own,
            Switching::Unknown => Self::Unknown,
        }
    }
}

/// An output of a second generation, as the numbers that it sends. The documents do not list what they
/// mean: 0 is taken for off, all else for on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Output)]
struct OutputShown {
    /// What it is to be.
    target: u8,
    /// What it is.
    state: u8,
    /// Whether it counts as closed.
    closed: bool,
}

/// The two ends of a range.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Ends<T> {
    /// The lower.
    lowest: T,
    /// The upper.
    highest: T,
}

impl OwnWord {
    /// What the device of `picture` says.
    #[must_use]
    pub fn of(picture: &PackPicture) -> Self {
        let limits = &picture.limits;
        let volts = |v: crate::base::units::Volts| tidy(v.get());
        let amps = |a: crate::base::units::Amps| tidy(a.get());
        let cells =
            |(low, high): (CellAt, CellAt)| Ends { lowest: low.into(), highest: high.into() };
        let warmth = |at: Option<TemperatureAt>| at.map(Warmth::from);
        Self {
            limits: OwnLimits {
                charge_current_a: reading(limits.and_then(|l| l.charge_current), amps),
                charge_voltage_v: reading(limits.and_then(|l| l.charge_voltage), volts),
                discharge_current_a: reading(limits.and_then(|l| l.discharge_current), amps),
                discharge_voltage_v: reading(limits.and_then(|l| l.discharge_voltage), volts),
                unknown: unknown(picture),
            },
            permits: reading(picture.permits, PermitsShown::from),
            health_percent: reading(picture.health, |health| tidy(health.get())),
            temperature_c: reading(picture.temperature, |celsius| tidy(celsius.get())),
            maker: reading(picture.maker, |letters| crate::view::text::in_letters(&letters)),
            version: reading(picture.version, |(major, minor)| format!("{major}.{minor}")),
            switching: picture.switching.into(),
            outputs: reading(picture.outputs, |outputs| {
                let both = outputs.target.into_iter().zip(outputs.state);
                let shown = |(target, state)| OutputShown { target, state, closed: state != 0 };
                both.map(shown).collect()
            }),
            reported_cells: reading(picture.reported_cells, cells),
            reported_temperatures: reading(picture.reported_temperatures, |(low, high)| Ends {
                lowest: warmth(low),
                highest: warmth(high),
            }),
        }
    }
}

/// Whose word is missing for which limit of all together.
fn unknown(picture: &PackPicture) -> BTreeMap<&'static str, String> {
    let lacking = &picture.lacking;
    let limits = [
        ("charge_current_a", lacking.charge_current),
        ("charge_voltage_v", lacking.charge_voltage),
        ("discharge_current_a", lacking.discharge_current),
        ("discharge_voltage_v", lacking.discharge_voltage),
    ];
    let words = |(name, lack): (_, Option<_>)| Some((name, lack_words(picture, lack?)));
    limits.into_iter().filter_map(words).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::base::reading::Age;
    use crate::engine::Lack;
    use crate::engine::testing::plant::Plant;
    use crate::web::api::pack_json::{Pack, sources};

    /// The first battery of a scene as the API shows it, after `seconds`, and then after a silence.
    fn own(scene: &str, silence: u64) -> Value {
        let mut plant = Plant::of(scene);
        plant.run(Duration::from_secs(20));
        if silence > 0 {
            plant.silence(Duration::from_secs(silence));
        }
        let snapshot = plant.hub.snapshot(plant.now());
        let shown = Pack::of(&snapshot, sources(&snapshot).first().unwrap());
        serde_json::to_value(shown).unwrap()["own"].take()
    }

    #[test]
    fn the_limits_that_a_battery_sets_itself_are_told_and_grow_old() {
        let told = own("inverter-battery", 0);
        for limit in ["charge_current_a", "charge_voltage_v", "discharge_current_a"] {
            let reading = &told["limits"][limit];
            assert!(reading["value"].as_f64().is_some_and(|value| value > 0.0), "{limit}: {told}");
            assert_eq!(reading["state"], json!("fresh"), "{limit}");
        }
        assert!(told["health_percent"]["value"].as_f64().is_some_and(|health| health > 0.0));
        assert_eq!(told["switching"], json!("own"));
        assert_eq!(told["outputs"], json!({"value": null, "age_s": null, "state": "absent"}));
        let silent = own("inverter-battery", 30);
        let reading = &silent["limits"]["charge_current_a"];
        assert_eq!((&reading["value"], &reading["state"]), (&Value::Null, &json!("lost")));
        assert!(reading["age_s"].as_f64().is_some_and(|age| age > 25.0), "{reading}");
    }

    #[test]
    fn what_several_batteries_have_not_together_says_whose_word_is_missing() {
        let mut picture = PackPicture {
            members: vec!["Left".to_owned(), "Right".to_owned()],
            ..PackPicture::default()
        };
        let limits = |picture: &PackPicture| {
            serde_json::to_value(OwnWord::of(picture)).unwrap()["limits"].take()
        };
        assert_eq!(limits(&picture)["unknown"], json!({}));
        let age = Age::Lost(Duration::from_secs(12));
        picture.lacking.charge_current = Some(Lack { member: 1, age });
        let told = limits(&picture);
        assert_eq!(told["charge_current_a"]["value"], Value::Null);
        let why = json!({"charge_current_a": "Right has said nothing of it for 12 s"});
        assert_eq!(told["unknown"], why);
    }

    #[test]
    fn a_second_generation_tells_its_contactors_and_its_firmware() {
        let told = own("second-generation", 0);
        assert_eq!(told["outputs"]["value"].as_array().map(Vec::len), Some(6), "{told}");
        assert_eq!(
            (&told["version"]["value"], &told["switching"]),
            (&json!("1.2"), &json!("command"))
        );
    }

    #[test]
    fn what_a_first_generation_does_not_tell_is_unknown_and_never_a_zero() {
        let told = own("demo", 0);
        let limits = told["limits"].as_object().unwrap();
        for (name, reading) in limits.iter().filter(|(name, _)| *name != "unknown") {
            assert_eq!(
                (&reading["value"], &reading["state"]),
                (&Value::Null, &json!("absent")),
                "{name}"
            );
        }
        assert_eq!(
            (&told["health_percent"]["value"], &told["switching"]),
            (&Value::Null, &json!("key"))
        );
    }
}
