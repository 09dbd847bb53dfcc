//! Charging through the hub: orders from every face on a simulated world, on a clock that stands still
//! until it is told to move.

use std::time::Duration;

use super::*;
use crate::base::units::{Amps, Millivolts};
use crate::engine::access::grant::{LocalSeat, Session};
use crate::engine::access::permission::{ChangeSettings, ChargePacks, Permission};
use crate::engine::charge::{CheckId, SetPoints};
use crate::engine::hub::Event;
use crate::engine::orders::charging::Confirm;
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Admitted, Reply};
use crate::engine::testing::plant::Plant as Scene;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn set_points() -> SetPoints {
    SetPoints {
        current: Amps(10.0),
        cell: Millivolts(4100),
        pack: None,
        soc: None,
        seconds: None,
        charge: None,
        mains: None,
    }
}

/// Gives an order through a face, and says how it ended.
pub(super) fn give<P: Permission>(scene: &mut Scene, face: Face, needs: P, order: Order) -> Answer {
    let session: Session = LocalSeat::new().sit(face);
    let grant = session.permit(needs).unwrap();
    let order = Admitted::new(&grant, Command::Charging(order), face, scene.now().mono);
    scene.step(Event::Order { order, reply: Reply::new(drop) });
    let answers = scene.effects.iter_mut().rev();
    let mut answers = answers.filter_map(|effect| match effect {
        Effect::Answer(_, answer) => Some(std::mem::replace(answer, Ok(()))),
        _ => None,
    });
    answers.next().expect("an answer")
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn pack(scene: &Scene) -> Name {
    scene.published().charges[0].pack.clone()
}

pub(super) fn start(scene: &mut Scene, face: Face) -> Answer {
    let order = StartCharge {
        pack: pack(scene),
        charger: None,
        set: set_points(),
        lease: Lease::GoesOn,
        confirm: Confirm,
    };
    give(scene, face, ChargePacks, Order::Start(order))
}

fn why(answer: Answer) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn of_the_demo_everything_is_seen_that_a_charge_needs() {
    let mut scene = Scene::of("demo");
    scene.run(10 * SECOND);
    let published = scene.published();
    let [charge] = published.charges.as_slice() else { panic!("one pack") };
    let (pack, charger) = charge.seen;
    let short = |age: Option<Duration>, most| age.is_some_and(|age| age <= most);
    assert!(short(pack.fast_age, Duration::from_millis(200)), "{:?}", pack.fast_age);
    assert!(short(pack.slow_age, Duration::from_millis(1500)), "{:?}", pack.slow_age);
    assert!(short(pack.module_age, Duration::from_millis(1500)), "{:?}", pack.module_age);
    assert!(pack.voltage.is_some() && pack.current.is_some() && pack.soc.is_some());
    assert!(pack.highest.zip(pack.lowest).is_some_and(|(high, low)| high.mv >= low.mv));
    assert!(pack.hottest.is_some() && pack.coldest.is_some() && pack.room_mv.is_some());
    assert!(pack.margin_k.is_some_and(|margin| margin < 0.0) && pack.balance_mv.is_some());
    assert!(pack.state.is_some() && pack.flags.is_some() && pack.any_closed.is_some());
    assert_eq!((pack.untrusted, pack.undocumented_flags), (0, false));
    assert!(pack.cells > 0 && pack.capacity.is_some());
    // The demo's driver sends the key, and its own host commands the charger.
    assert!(short(pack.foreign_key, Duration::from_millis(200)), "{:?}", pack.foreign_key);
    assert!(charger.foreign.is_some_and(|foreign| foreign.ago <= SECOND));
    assert!(short(charger.age, Duration::from_millis(1100)), "{:?}", charger.age);
    assert!(charger.rating.is_some() && charger.faults.is_some());
    assert!(charge.is_demo && charge.charger.is_some());
}

#[test]
fn what_is_lost_is_not_seen_and_its_age_goes_on() {
    let mut scene = Scene::of("demo");
    scene.run(10 * SECOND);
    scene.silence(10 * SECOND);
    let (pack, charger) = scene.published().charges[0].seen;
    assert!(pack.fast_age.is_some_and(|age| age >= 9 * SECOND));
    assert_eq!((pack.voltage, pack.highest, pack.room_mv), (None, None, None));
    assert_eq!((pack.state, pack.flags, pack.any_closed), (None, None, None));
    assert!(!pack.all_run && !pack.all_idle);
    assert!(charger.age.is_some_and(|age| age >= 9 * SECOND));
}

#[test]
fn an_order_that_cannot_be_is_refused_with_the_reason() {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let order = |pack, charger: Option<&str>, set| {
        let charger = charger.map(name);
        Order::Start(StartCharge { pack, charger, set, lease: Lease::GoesOn, confirm: Confirm })
    };
    let own = pack(&scene);
    let mut said = |order| why(give(&mut scene, Face::Desktop, ChargePacks, order));
    let told = said(order(name("Nobody's"), None, set_points()));
    assert_eq!(told, "there is no pack Nobody's");
    let told = said(order(own.clone(), Some("Socket"), set_points()));
    assert_eq!(told, "there is no charger Socket");
    for current in [f64::NAN, -1.0, 0.0, 1e9, f64::INFINITY] {
        let set = SetPoints { current: Amps(current), ..set_points() };
        let told = said(order(own.clone(), None, set));
        assert!(told.starts_with("the highest current cannot be"), "{told}");
    }
    let set = SetPoints { cell: Millivolts(4300), ..set_points() };
    let told = said(order(own, None, set));
    assert!(told.starts_with("the highest cell voltage cannot be 4300 mV"), "{told}");
    for pace in [f64::NAN, 0.0, 61.0] {
        let demo = Order::Demo(SetDemo { parked: true, pace });
        let told = why(give(&mut scene, Face::Desktop, ChangeSettings, demo));
        assert!(told.contains("1 to 60 times as fast"), "{told}");
    }
}

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
    start(&mut scene, Face::Desktop).unwrap();
    let kept = |effect: &Effect| match effect {
        Effect::Keep(crate::engine::charge::Keep::Latches { latches, .. }) => Some(*latches),
        _ => None,
    };
    let kept: Vec<Latches> = scene.effects.iter().filter_map(kept).collect();
    assert!(kept.first().is_some_and(|latches| latches.local_stop), "{kept:?}");
    assert!(kept.last().is_some_and(|latches| latches.is_clear()), "{kept:?}");
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
