//! What is latched, and what a charger is still owed.

use super::*;
use crate::base::id::ComponentId;
use crate::engine::can::bus::{BusState, BusStatus};

#[test]
fn a_stop_latches_even_where_nothing_runs_so_that_no_start_on_its_way_comes_through() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let stop = || Order::Stop(StopCharge { pack: None });
    give(&mut scene, Face::Desktop, ChargePacks, stop()).unwrap();
    let told = why(start(&mut scene, Face::Desktop));
    assert!(told.contains("is latched: somebody at the machine"), "{told}");
    let clear = |pack| Order::Clear(ClearLatches { pack });
    let own = pack(&scene);
    let told = why(give(&mut scene, Face::Web, ChargePacks, clear(own.clone())));
    assert!(told.contains("released only there"), "{told}");
    give(&mut scene, Face::Desktop, ChargePacks, clear(own)).unwrap();
    let told = why(start(&mut scene, Face::Desktop));
    assert!(!told.contains("is latched"), "{told}");
    let kept = |effect: &Effect| match effect {
        Effect::Keep(crate::engine::charge::Keep::Latches { latches, .. }) => Some(*latches),
        _ => None,
    };
    let kept: Vec<Latches> = scene.effects.iter().filter_map(kept).collect();
    assert!(kept.first().is_some_and(|latches| latches.local_stop), "{kept:?}");
    assert!(kept.last().is_some_and(|latches| latches.is_clear()), "{kept:?}");
}

#[test]
fn a_stop_is_not_cleared_by_what_was_asked_before_it() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let asked = scene.now().mono;
    scene.run(SECOND);
    give(&mut scene, Face::Desktop, ChargePacks, Order::Stop(StopCharge { pack: None })).unwrap();
    let clear = |scene: &Scene| Order::Clear(ClearLatches { pack: pack(scene) });
    let late = clear(&scene);
    let told = why(give_late(&mut scene, (Face::Desktop, asked), ChargePacks, late));
    assert!(told.contains("stopped after that was asked"), "{told}");
    let told = why(start(&mut scene, Face::Desktop));
    assert!(told.contains("is latched"), "{told}");
    scene.run(SECOND);
    let anew = clear(&scene);
    give(&mut scene, Face::Desktop, ChargePacks, anew).unwrap();
}

#[test]
fn while_a_charger_is_owed_a_stop_its_pack_is_not_charged_by_another() {
    let mut scene = charging();
    let bus = |scene: &mut Scene, state| {
        let (epoch, status) = (scene.epoch, BusStatus::plain(state));
        scene.step(Event::Bus { epoch, bus: BusId(0), status });
    };
    bus(&mut scene, BusState::Off);
    scene.silence(15 * SECOND);
    assert!(matches!(state(&scene), State::Fault { .. }), "{:?}", state(&scene));
    let clear = Order::Clear(ClearLatches { pack: pack(&scene) });
    give(&mut scene, Face::Desktop, ChargePacks, clear).unwrap();
    bus(&mut scene, BusState::Active);
    let bay = &mut scene.hub.charging_for_tests().bays[0];
    assert!(bay.station.still_stops(), "it was not heard");
    let own = bay.charger.replace(ComponentId(999));
    let told = why(start(&mut scene, Face::Desktop));
    assert!(told.contains("still being told to stop"), "{told}");
    scene.hub.charging_for_tests().bays[0].charger = own;
    let told = why(start(&mut scene, Face::Desktop));
    assert!(!told.contains("still being told to stop"), "{told}");
}

#[test]
fn what_was_latched_before_the_start_of_the_program_still_is() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let latches = Latches { fault: true, ..Latches::default() };
    let latched = BTreeMap::from([(pack(&scene).to_string(), latches)]);
    scene.restart(latched);
    scene.run(SECOND);
    let told = why(start(&mut scene, Face::Web));
    assert!(told.contains("a fault has stopped a charge"), "{told}");
    let preconditions = &scene.published().charges[0].preconditions;
    let check = preconditions.iter().find(|check| check.id == CheckId::Latches);
    assert!(check.is_none_or(|check| !check.ok));
}
