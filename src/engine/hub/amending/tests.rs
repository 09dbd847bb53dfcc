//! A running plant that is amended: what goes on, what is opened, what is refused.

use std::time::Duration;

use super::*;
use crate::engine::can::address::Address;
use crate::engine::orders::sending::ArmBus;
use crate::engine::profile::model::{BusEntry, Profile};
use crate::engine::snapshot::{ModelPicture, Snapshot};
use crate::engine::testing::plant::{Plant as Scene, demo_profile};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn picture(scene: &Scene) -> Arc<Snapshot> {
    scene.hub.snapshot(scene.now())
}

fn amend(scene: &mut Scene, profile: Profile) -> Answer {
    let now = scene.now();
    scene.hub.amend(now, ActivateProfile::of(profile), &mut scene.effects)
}

fn fates(scene: &Scene) -> Vec<Fate> {
    let last = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Amend { buses, .. } => Some(buses.iter().map(|(_, fate)| *fate).collect()),
        _ => None,
    });
    last.expect("the buses were amended")
}

/// The voltage of a pack, which is there once it was heard.
fn volts(snapshot: &Snapshot, part: &str) -> Option<String> {
    let part = snapshot.components.iter().find(|one| one.name.as_str() == part)?;
    match &part.model {
        ModelPicture::Bms(pack) => Some(format!("{:?}", pack.voltage)),
        _ => None,
    }
}

fn heard() -> (Scene, Profile, String) {
    let mut scene = Scene::of("demo");
    scene.run(Duration::from_secs(2));
    let profile = demo_profile("demo").unwrap();
    let bms = profile.components.iter().find(|one| one.kind.starts_with("prohelion")).unwrap();
    let bms = bms.name.to_string();
    (scene, profile, bms)
}

#[test]
fn what_is_the_same_goes_on_and_what_is_new_is_opened() {
    let (mut scene, mut profile, bms) = heard();
    let before = picture(&scene);
    assert!(before.buses[0].frames > 100, "{}", before.buses[0].frames);
    let address: Address = "virtual:other".parse().unwrap();
    profile.buses.push(BusEntry::new(name("other"), address));
    let first = profile.components.remove(0);
    profile.components.push(first);
    for part in &mut profile.components {
        part.limits.current_max = Some(crate::base::units::Amps(3.0));
    }
    amend(&mut scene, profile.clone()).unwrap();
    // Its components stand in another order, and so do the rules of its guard.
    assert_eq!(fates(&scene), [Fate::Replanned, Fate::Opened]);
    let after = picture(&scene);
    assert_eq!(after.buses[0].frames, before.buses[0].frames);
    assert_eq!(volts(&after, &bms), volts(&before, &bms));
    assert!(volts(&after, &bms).is_some_and(|said| said.contains("Volts")));
    // Frames of the bus that goes on are taken in still.
    scene.run(Duration::from_secs(1));
    assert!(picture(&scene).buses[0].frames > before.buses[0].frames + 50);
    // One that is called otherwise is the same one.
    let place = profile.components.iter().position(|one| one.name.as_str() == bms).unwrap();
    profile.components[place].name = name("Called otherwise");
    let before = picture(&scene);
    amend(&mut scene, profile).unwrap();
    assert_eq!(volts(&picture(&scene), "Called otherwise"), volts(&before, &bms));
}

#[test]
fn a_component_that_is_switched_off_is_gone_and_comes_back_as_never_heard() {
    let (mut scene, profile, bms) = heard();
    let mut off = profile.clone();
    let place = off.components.iter().position(|one| one.name.as_str() == bms).unwrap();
    off.components[place].enabled = false;
    amend(&mut scene, off).unwrap();
    let picture_off = picture(&scene);
    assert!(picture_off.components.iter().all(|one| one.name.as_str() != bms));
    assert_eq!(picture_off.components.len() + 1, profile.components.len());
    assert_eq!(fates(&scene), [Fate::Replanned]);
    let heard = volts(&picture(&scene), &bms);
    amend(&mut scene, profile).unwrap();
    assert!(heard.is_none() && volts(&picture(&scene), &bms).is_some());
}

#[test]
fn a_bus_that_is_armed_is_named_and_nothing_changes() {
    let (mut scene, mut profile, _) = heard();
    let bus = profile.buses[0].name.clone();
    scene.give(ArmBus { bus: bus.clone(), span: Duration::from_secs(60) }).unwrap();
    let same = profile.clone();
    amend(&mut scene, same).unwrap();
    profile.buses[0].address = "virtual:elsewhere".parse().unwrap();
    let why = amend(&mut scene, profile).unwrap_err().to_string();
    assert_eq!(why, format!("the bus {bus} is armed by local console: silence it first"));
    assert!(picture(&scene).buses[0].armed.is_some());
}
