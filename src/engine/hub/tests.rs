//! The hub on a clock that stands still until it is told to move.

use std::time::Duration;

use super::*;
use crate::base::reading::Age;
use crate::engine::access::grant::{Face, LocalSeat};
use crate::engine::access::permission::UseCan;
use crate::engine::can::bus::BusState;
use crate::engine::can::frame::{Frame, Id};
use crate::engine::orders::plant::ClearTraffic;
use crate::engine::orders::{Admitted, Order as _, Reply, Route};
use crate::engine::pack::PackPicture;
use crate::engine::snapshot::{ModelPicture, Snapshot};
use crate::engine::testing::plant::Plant as Scene;

const SECOND: Duration = Duration::from_secs(1);

fn bms(snapshot: &Snapshot) -> &PackPicture {
    let found = snapshot.components.iter().find_map(|part| match &part.model {
        ModelPicture::Bms(picture) => Some(&**picture),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    });
    found.expect("a BMS")
}

fn publishes(scene: &Scene) -> usize {
    scene.effects.iter().filter(|effect| matches!(effect, Effect::Publish(_))).count()
}

#[test]
fn the_screen_knows_within_a_second_that_the_bmu_is_lost() {
    let mut scene = Scene::of("demo");
    scene.run(20 * SECOND);
    assert!(matches!(bms(&scene.published()).presence, Age::Fresh(_)));
    // Lost is older than one second; the snapshot that says so may take a quarter more.
    scene.silence(Duration::from_millis(1250));
    let last = scene.published();
    let picture = bms(&last);
    assert!(matches!(picture.presence, Age::Lost(_)), "{:?}", picture.presence);
    assert_eq!(picture.voltage.value, None);
}

#[test]
fn ages_go_on_every_second_however_long_a_bus_is_silent() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    scene.silence(3600 * SECOND);
    let age = bms(&scene.published()).presence.duration().unwrap();
    assert!(age >= 3599 * SECOND, "{age:?}");
}

#[test]
fn a_bus_on_which_nothing_was_ever_heard_lets_the_console_rest() {
    let mut scene = Scene::of("demo");
    scene.silence(SECOND);
    let before = publishes(&scene);
    scene.silence(600 * SECOND);
    assert_eq!(publishes(&scene) - before, 10, "once a minute, for the clock");
}

#[test]
fn frames_are_shown_ten_times_a_second_and_no_oftener() {
    let mut scene = Scene::of("demo");
    scene.run(5 * SECOND);
    let before = publishes(&scene);
    scene.run(10 * SECOND);
    let after = publishes(&scene) - before;
    assert!((95..=100).contains(&after), "{after}");
}

#[test]
fn losing_frames_does_not_make_the_hub_publish_more() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let before = publishes(&scene);
    for _ in 0..1000 {
        let (epoch, bus) = (scene.epoch, BusId(0));
        scene.step(Event::Lost { epoch, bus, frames: 7 });
    }
    assert!(publishes(&scene) - before <= 1);
    scene.silence(SECOND);
    assert_eq!(scene.published().totals.lost, 7000);
}

#[test]
fn counters_that_run_are_not_urgent_and_a_state_is() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let (epoch, bus) = (scene.epoch, BusId(0));
    let status = |state, counter| BusStatus {
        error_counters: Some((counter, 0)),
        ..BusStatus::plain(state)
    };
    scene.step(Event::Bus { epoch, bus, status: status(BusState::Active, 0) });
    let before = publishes(&scene);
    for counter in 1..50 {
        scene.step(Event::Bus { epoch, bus, status: status(BusState::Active, counter) });
    }
    assert!(publishes(&scene) - before <= 1);
    scene.step(Event::Bus { epoch, bus, status: status(BusState::Off, 255) });
    assert_eq!(scene.published().buses[0].status.state, BusState::Off);
}

#[test]
fn what_belongs_to_a_plant_that_was_replaced_is_dropped() {
    let mut scene = Scene::of("demo");
    let frame = Frame::classic(Id::standard(0x600).unwrap(), &[0; 8]).unwrap();
    let mut frames = Frames::default();
    frames.push(frame.view());
    let (epoch, bus, received) = (Epoch(0), BusId(0), Received::default());
    scene.step(Event::Frames { epoch, bus, frames, received });
    scene.silence(SECOND);
    assert_eq!(scene.published().totals.received, 0);
}

#[test]
fn an_answer_comes_after_the_snapshot_that_shows_it() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    scene.effects.clear();
    let session = LocalSeat::new().sit(Face::Desktop);
    let grant = session.permit(UseCan).unwrap();
    let Route::Plant(command, ()) = ClearTraffic.route() else { panic!("not for the hub") };
    let order = Admitted::new(&grant, command, (Face::Desktop, None));
    let reply = Reply::new(drop);
    scene.step(Event::Order { order, reply });
    assert!(matches!(
        scene.effects.as_slice(),
        [Effect::Wipe, Effect::Publish(_), Effect::Answer(..)]
    ));
    assert!(scene.published().traffic.rows().is_empty());
}

#[test]
fn a_busy_bus_of_small_batches_shows_its_true_rate() {
    let mut scene = Scene::of("demo");
    let frame = Frame::classic(Id::standard(0x123).unwrap(), &[1]).unwrap();
    let mut frames = Frames::default();
    frames.push(frame.view());
    let mut hub_time = scene.now();
    for _ in 0..4000 {
        hub_time.mono = hub_time.mono.after(Duration::from_micros(250));
        let (epoch, bus, received) = (scene.epoch, BusId(0), Received::default());
        let event = Event::Frames { epoch, bus, frames: frames.clone(), received };
        scene.hub.step(hub_time, event, &mut scene.effects);
    }
    let rate = scene.hub.snapshot(hub_time).buses[0].rate;
    assert!((3900.0..=4000.0).contains(&rate), "{rate}");
}
