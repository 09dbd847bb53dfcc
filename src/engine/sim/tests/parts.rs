//! Parts besides pack, charger and controls: what they say agrees with the power side and with one
//! another.

use std::sync::Arc;

use super::run;
use crate::base::time::Mono;
use crate::engine::device::{Catalog, Device, Fact, Level};
use crate::engine::pack::{Part, PartPicture};
use crate::engine::sim::{Scene, World};

/// A part of the solar car after so many seconds, with the current of both strings.
struct Car {
    parts: Vec<(String, Device, Part)>,
    amps: [f64; 2],
}

impl Car {
    fn after(seconds: f64) -> (Self, Mono) {
        let scene = Scene::builtin("solar-car").unwrap();
        let mut world = World::new(&scene, scene.seed).unwrap();
        let mut car = Self::bound(&scene);
        let frames = run(&mut world, seconds);
        for frame in frames.iter() {
            let mut facts = Vec::new();
            for (_, device, part) in &mut car.parts {
                facts.clear();
                device.take(frame, &mut facts);
                for fact in &facts {
                    part.apply(frame.time(), fact);
                    let string = usize::from(device.settings().base == 0x200);
                    if let Fact::Totals { current, .. } = fact {
                        car.amps[string] = current.get();
                    }
                }
            }
        }
        (car, world.now())
    }

    fn bound(scene: &Scene) -> Self {
        let catalog = Catalog::builtin();
        let parts = scene.components().into_iter().map(|one| {
            let kind = catalog.find(one.kind).unwrap();
            let mut settings = kind.defaults();
            settings.base = one.base.unwrap_or(settings.base);
            let patience = kind.manifest.rates[0].patience();
            let part = Part::new(Arc::clone(&kind.sheet), patience, None);
            (one.name.to_string(), kind.bind(settings).unwrap(), part)
        });
        Self { parts: parts.collect(), amps: [0.0; 2] }
    }

    fn picture(&self, name: &str, now: Mono) -> PartPicture {
        let (_, _, part) = self.parts.iter().find(|(own, _, _)| own == name).unwrap();
        part.picture(now)
    }
}

fn value(picture: &PartPicture, label: &str) -> f64 {
    let at = picture.sheet.readings.iter().position(|one| one.rule.label == label);
    picture.readings[at.unwrap()].value.value.unwrap_or_else(|| panic!("{label} has no value"))
}

#[test]
fn the_shunt_measures_what_both_strings_carry() {
    let (car, now) = Car::after(60.0);
    let shunt = value(&car.picture("Shunt", now), "Current");
    let strings = car.amps[0] + car.amps[1];
    // The BMUs speak ten times a second, the shunt fifty times, and the motor is never quite even.
    assert!((shunt - strings).abs() < 0.05 + 0.1 * strings.abs(), "{shunt} A and {strings} A");
    assert!(strings.abs() > 0.5, "the car does something: {strings} A");
}

#[test]
fn trackers_and_motor_make_the_current_of_the_pack() {
    let (car, now) = Car::after(90.0);
    let trackers = ["Tracker front", "Tracker middle", "Tracker rear"];
    let sun: f64 =
        trackers.map(|one| value(&car.picture(one, now), "Into the battery")).iter().sum();
    let motor = value(&car.picture("Motor", now), "Into the battery");
    let shunt = value(&car.picture("Shunt", now), "Current");
    assert!(sun > 1.0, "the sun shines: {sun} A");
    assert!((sun + motor - shunt).abs() < 1.5, "{sun} A, {motor} A and {shunt} A");
}

#[test]
fn nothing_is_wrong_with_a_healthy_car() {
    let (car, now) = Car::after(60.0);
    for name in ["Tracker front", "Motor", "Shunt", "Driver controls"] {
        let picture = car.picture(name, now);
        assert!(picture.level <= Level::Info, "{name}: {:?}", picture.remarks);
        assert!(picture.presence.is_usable(), "{name}");
        let silent = picture.readings.iter().zip(&picture.sheet.readings);
        let silent: Vec<_> = silent
            .filter(|(now, _)| now.value.value.is_none())
            .map(|(_, shown)| shown.rule.label.as_str())
            .collect();
        // The second and third voltage of the shunt are not connected in this car.
        let expected: &[&str] = if name == "Shunt" { &["U2", "U3"] } else { &[] };
        assert_eq!(silent, expected, "{name}");
    }
}

#[test]
fn a_part_can_fall_silent_like_any_device() {
    let text = "title = 'T'\ndescription = 'D'\npack = 'P'\n[[bmu]]\nname = 'B'\nmodules = 1\n[[part]]\nname = 'M'\nkind = 'wavesculptor-200'\n[[fault]]\ndo = 'silent'\non = 'M'\nmessage = 'WS_Bus'\nfrom = 0\n";
    let scene = Scene::parse(text, "test", "test").unwrap();
    let mut world = World::new(&scene, 1).unwrap();
    let frames = run(&mut world, 5.0);
    let heard = |id| frames.iter().any(|frame| frame.id().raw() == id);
    assert!(heard(0x401) && !heard(0x402));
    let wrong = text.replace("on = 'M'", "on = 'N'");
    let said = Scene::parse(&wrong, "test", "test").unwrap_err().to_string();
    assert!(said.contains("B, M"), "{said}");
}
