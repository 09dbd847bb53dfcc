//! Charging through the hub: orders from every face on a simulated world, on a clock that stands still
//! until it is told to move.

mod latches;

use std::time::Duration;

use super::*;
use crate::base::units::{Amps, Millivolts};
use crate::engine::access::grant::{LocalSeat, Session};
use crate::engine::access::permission::{ChangeSettings, ChargePacks, Permission};
use crate::engine::charge::{CheckId, SetPoints, State};
use crate::engine::hub::Event;
use crate::engine::orders::charging::Confirm;
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::{Admitted, Reply};
use crate::engine::snapshot::ModelPicture;
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
    let asked = scene.now().mono;
    give_late(scene, (face, asked), needs, order)
}

/// The same of an order that was asked for a while ago.
fn give_late<P: Permission>(
    scene: &mut Scene,
    (face, asked): (Face, Mono),
    needs: P,
    order: Order,
) -> Answer {
    let session: Session = LocalSeat::new().sit(face);
    let grant = session.permit(needs).unwrap();
    let order = Admitted::new(&grant, Command::Charging(order), (face, None)).asked_at(asked);
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
fn a_foxbms_is_not_charged_because_nobody_says_how_its_contactors_are_closed() {
    let scene = include_str!("../../../../assets/scenes/foxbms.toml");
    let charger = "[charger]\nname = \"Charger\"\nvolts = 200.0\namps = 10.0\n";
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), format!("{scene}\n{charger}")).unwrap();
    let mut scene = Scene::of(&file.path().to_string_lossy());
    scene.run(10 * SECOND);
    let order = StartCharge {
        pack: name("foxBMS"),
        charger: None,
        set: set_points(),
        lease: Lease::GoesOn,
        confirm: Confirm,
    };
    let told = why(give(&mut scene, Face::Desktop, ChargePacks, Order::Start(order)));
    let reason = "How the contactors are closed is in no document";
    assert!(told.contains("foxBMS is not ready to be charged") && told.contains(reason), "{told}");
    let charges = &scene.published().charges;
    let fox = charges.iter().find(|charge| charge.pack.as_str() == "foxBMS");
    assert_eq!(fox.map(|charge| charge.state.is_running()), Some(false));
}

/// The demo, parked at its charger: nobody else sends anything.
fn parked() -> Scene {
    let mut scene = Scene::of("demo");
    scene.run(SECOND);
    let demo = Order::Demo(SetDemo { parked: true, pace: 1.0 });
    give(&mut scene, Face::Desktop, ChangeSettings, demo).unwrap();
    scene.run(15 * SECOND);
    scene
}

fn state(scene: &Scene) -> State {
    scene.published().charges[0].state
}

/// Runs until the state has this name.
fn until(scene: &mut Scene, name: &str, most: u32) {
    for _ in 0..most * 10 {
        if state(scene).name() == name {
            return;
        }
        scene.run(Duration::from_millis(100));
    }
    let charge = Arc::clone(&scene.published().charges[0]);
    panic!("no {name} after {most} s: {:?}\n{:#?}\n{:#?}", charge.state, charge.log, charge.seen);
}

fn charging() -> Scene {
    let mut scene = parked();
    start(&mut scene, Face::Desktop).unwrap();
    until(&mut scene, "constant_current", 40);
    scene.run(20 * SECOND);
    scene
}

fn seen(scene: &Scene) -> (f64, bool) {
    let (pack, _) = scene.published().charges[0].seen;
    (pack.current.unwrap_or_default().get(), pack.any_closed == Some(true))
}

#[test]
fn the_demo_is_charged_from_start_to_done_and_everything_is_written_down() {
    let mut scene = charging();
    let (amps, closed) = seen(&scene);
    assert!(amps > 5.0 && closed, "{amps} A, closed: {closed}");
    let demo = Order::Demo(SetDemo { parked: true, pace: 60.0 });
    give(&mut scene, Face::Desktop, ChangeSettings, demo).unwrap();
    until(&mut scene, "done", 3600);
    let charge = Arc::clone(&scene.published().charges[0]);
    assert!(charge.meter.ah > 0.1 && charge.meter.kwh > 0.0, "{:?}", charge.meter);
    assert!(charge.record.is_some() && charge.curve.points.len() > 5);
    let (amps, closed) = seen(&scene);
    assert!(amps.abs() < 0.5 && !closed);
    let told = |effect: &Effect| match effect {
        Effect::Journal(entry) => entry.after.as_ref().map(|after| after["state"].clone()),
        _ => None,
    };
    let told: Vec<_> = scene.effects.iter().filter_map(told).collect();
    for state in ["checking", "preconditioning", "contactors", "constant_current", "done"] {
        assert!(told.contains(&serde_json::json!(state)), "{state} is missing: {told:?}");
    }
    let kept = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Keep(crate::engine::charge::Keep::Charge(report)) => Some(report.clone()),
        _ => None,
    });
    let report = kept.expect("a report");
    assert_eq!(Some(report.id), charge.record);
    assert!(report.ended_ms.is_some() && !report.outcome.is_empty(), "{report:?}");
    assert!(!report.events.is_empty() && !report.governors.is_empty() && report.ah > 0.1);
}

#[test]
fn a_stop_from_every_face_takes_the_current_away_before_the_contactors_open() {
    for face in Face::ALL {
        let mut scene = charging();
        drop(scene.heard());
        let order = Order::Stop(StopCharge { pack: None });
        give(&mut scene, face, ChargePacks, order).unwrap();
        scene.run(Duration::from_millis(20));
        let first = scene.heard();
        let stop = first.iter().find(|frame| frame.id().is_extended()).expect("a command");
        assert_eq!(stop.view().data, [0, 0, 0, 0, 1, 0, 0, 0], "{face:?}: at once");
        for _ in 0..120 {
            scene.run(Duration::from_millis(100));
            let (amps, closed) = seen(&scene);
            assert!(closed || amps.abs() < 0.6, "{face:?}: opened at {amps} A");
        }
        assert_eq!(state(&scene).name(), "done", "{face:?}");
        let latches = scene.published().charges[0].latches;
        let local = Latches::is_local(face);
        assert_eq!((latches.local_stop, latches.remote_stop), (local, !local));
        // And it never begins again by itself.
        drop(scene.heard());
        scene.run(30 * SECOND);
        assert!(scene.heard().is_empty(), "{face:?}");
    }
}

#[test]
fn after_a_stop_the_buses_go_on_running() {
    let mut scene = charging();
    give(&mut scene, Face::Desktop, ChargePacks, Order::Stop(StopCharge { pack: None })).unwrap();
    until(&mut scene, "done", 20);
    for _ in 0..100 {
        scene.run(Duration::from_millis(100));
        let picture = scene.published();
        let checks = picture.charges[0].preconditions.iter();
        let buses = checks.filter(|one| matches!(one.id, CheckId::PackBus | CheckId::ChargerBus));
        let off: Vec<_> = buses.filter(|one| !one.ok).map(|one| (one.id, &one.why)).collect();
        assert!(off.is_empty(), "{off:?}");
    }
}

#[test]
fn after_a_charge_the_charger_is_timed_until_it_gives_up_waiting_and_nothing_is_kept_from_it() {
    let measured = |scene: &Scene| {
        let picture = scene.published();
        let charger = picture.components.iter().find_map(|part| match &part.model {
            ModelPicture::Charger(charger) => Some(Arc::clone(charger)),
            ModelPicture::Bms(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
        });
        charger.expect("a charger").lapse
    };
    let mut scene = charging();
    let before = scene.effects.len();
    let order = Order::Stop(StopCharge { pack: None });
    give(&mut scene, Face::Desktop, ChargePacks, order).unwrap();
    scene.run(20 * SECOND);
    let lapse = measured(&scene).expect("a measurement");
    let five = 5 * SECOND;
    // Its status comes once a second, so that the five seconds lie between two of them.
    assert!(lapse.least < five && lapse.most >= five, "{lapse:?}");
    assert!(lapse.most - lapse.least < SECOND + Duration::from_millis(100), "{lapse:?}");
    let told = |effect: &Effect| match effect {
        Effect::Journal(entry) if entry.action == "charger_lapse" => entry.note.clone(),
        _ => None,
    };
    let told: Vec<String> = scene.effects.iter().skip(before).filter_map(told).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("after the last command its status said"), "{told:?}");
}

#[test]
fn when_the_bus_is_lost_the_charge_ends_and_does_not_begin_again() {
    let mut scene = charging();
    scene.silence(20 * SECOND);
    assert!(!state(&scene).is_running(), "{:?}", state(&scene));
    drop(scene.heard());
    scene.run(30 * SECOND);
    assert!(scene.heard().is_empty());
    assert!(scene.published().charges[0].latches.fault);
}

#[test]
fn a_frame_that_does_not_go_out_ends_a_charge() {
    let mut scene = charging();
    let (epoch, bus) = (scene.epoch, crate::base::id::BusId(0));
    scene.step(Event::Unsent { epoch, bus, why: "the send queue is full".to_owned() });
    scene.run(15 * SECOND);
    assert!(!state(&scene).is_running());
    assert!(scene.published().charges[0].latches.fault);
}

#[test]
fn a_watchdog_that_was_replaced_is_said_everywhere_and_ends_nothing() {
    let mut scene = charging();
    let (epoch, bus) = (scene.epoch, BusId(0));
    let text = "The watchdog process has died.".to_owned();
    scene.step(Event::Watchdog { epoch, bus, text });
    scene.run(5 * SECOND);
    assert!(state(&scene).is_running());
    let picture = scene.published();
    assert!(picture.notices.iter().any(|notice| notice.subject == "watchdog"));
    assert!(picture.charges[0].log.iter().any(|(_, text)| text.contains("watchdog")));
    let lines = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Journal(entry) => Some(entry.action),
        _ => None,
    });
    assert_eq!(lines.filter(|action| *action == "charge_warning").count(), 1);
}

#[test]
fn after_a_restart_of_the_program_nothing_goes_on_and_nothing_is_sent() {
    let mut scene = charging();
    scene.restart(BTreeMap::new());
    drop(scene.heard());
    scene.run(30 * SECOND);
    assert_eq!(state(&scene).name(), "idle");
    assert!(scene.heard().is_empty());
}

#[test]
fn a_second_master_on_the_bus_ends_a_charge() {
    let mut scene = charging();
    let demo = SetDemo { parked: false, pace: 1.0 };
    let told = why(give(&mut scene, Face::Desktop, ChangeSettings, Order::Demo(demo)));
    assert!(told.contains("is being charged"), "{told}");
    // Somebody gets in and drives, whatever the console says.
    scene.drive();
    scene.run(15 * SECOND);
    assert!(!state(&scene).is_running(), "{:?}", state(&scene));
    assert!(scene.published().charges[0].latches.fault);
    // It is looked after as long as the program runs, and keeps nobody from ending it.
    scene.step(Event::Shutdown);
    assert!(!scene.hub.is_at_rest() && scene.hub.may_end(), "{:?}", state(&scene));
}

#[test]
fn whoever_may_no_longer_charge_has_it_stopped_and_an_ended_page_does_not() {
    use crate::engine::access::account::AccountId;
    let starter = |who| Starter { words: "ada".to_owned(), who, face: Face::Web, session: None };
    let account = Who::Account { id: AccountId(7), name: "ada".to_owned() };
    let mut scene = charging();
    let now = scene.now().mono;
    scene.hub.charging_for_tests().bays[0].begin(now, starter(account));
    // Nobody of that number is in the roster.
    scene.step(Event::Roster(Arc::new(Roster::default())));
    scene.run(15 * SECOND);
    let State::Done { outcome, .. } = state(&scene) else { panic!("{:?}", state(&scene)) };
    assert_eq!(outcome.why, StopReason::NotPermitted);
    // That is no matter for whoever comes next, however often it is said.
    scene.step(Event::Roster(Arc::new(Roster::default())));
    assert!(scene.hub.charging_for_tests().bays[0].station.wish().permitted);
}

#[test]
fn a_charge_that_hangs_on_a_session_is_not_kept_going_by_another_one_of_the_same_account() {
    use crate::engine::access::account::AccountId;
    let who = Who::Account { id: AccountId(7), name: "ada".to_owned() };
    let own = Some(SessionId(3));
    let mut scene = parked();
    let order = StartCharge {
        pack: pack(&scene),
        charger: None,
        set: set_points(),
        lease: Lease::WhilePresent { present: true },
        confirm: Confirm,
    };
    give(&mut scene, Face::Web, ChargePacks, Order::Start(order)).unwrap();
    let (words, face) = ("ada".to_owned(), Face::Web);
    let starter = Starter { words, who: who.clone(), face, session: own };
    let now = scene.now().mono;
    scene.hub.charging_for_tests().bays[0].begin(now, starter);
    let hear = |scene: &mut Scene, session| {
        for _ in 0..5 {
            scene.step(Event::Present { who: who.clone(), session });
            scene.run(5 * SECOND);
        }
        state(scene)
    };
    let there = hear(&mut scene, own);
    assert!(there.is_running(), "{there:?}");
    for other in [Some(SessionId(4)), None] {
        let State::Done { outcome, .. } = hear(&mut scene, other) else {
            panic!("{:?}", state(&scene));
        };
        assert_eq!(outcome.why, StopReason::Left);
    }
}

#[test]
fn a_profile_is_not_changed_while_something_charges_and_the_end_of_the_program_stops_it_first() {
    let mut scene = charging();
    let told = why(scene.activate_again());
    assert!(told.contains("is being charged"), "{told}");
    scene.step(Event::Shutdown);
    assert!(!scene.hub.is_at_rest());
    scene.run(12 * SECOND);
    assert!(scene.hub.is_at_rest(), "{:?}", state(&scene));
    let told = why(start(&mut scene, Face::Desktop));
    assert_eq!(told, "the engine is stopping");
}

#[test]
fn contactors_are_held_without_a_charge_and_opened_by_a_stop() {
    let mut scene = parked();
    let pack = pack(&scene);
    let order = Order::Engage(EngageContactors { pack, confirm: Confirm });
    give(&mut scene, Face::Desktop, ChargePacks, order).unwrap();
    until(&mut scene, "engaged", 30);
    scene.run(10 * SECOND);
    assert!(seen(&scene).1);
    let order = Order::Stop(StopCharge { pack: None });
    give(&mut scene, Face::Desktop, ChargePacks, order).unwrap();
    scene.run(12 * SECOND);
    assert!(!seen(&scene).1 && !state(&scene).is_running());
}

#[test]
fn a_pack_that_stands_still_leaves_the_charger_to_the_one_that_is_charged_by_it() {
    let mut scene = charging();
    // Another pack of the same plant, as it is before anything was started there.
    let mut twin = parked();
    let mut other = twin.hub.charging_for_tests().bays.remove(0);
    let bays = &mut scene.hub.charging_for_tests().bays;
    assert!(other.charger.is_some() && other.charger == bays[0].charger);
    other.pack = name("Other");
    bays.push(other);
    let lent = |scene: &mut Scene| {
        scene.run(SECOND);
        let bays = &scene.hub.charging_for_tests().bays;
        (bays[0].lent, bays[1].lent)
    };
    assert_eq!(lent(&mut scene), (false, true));
    // And back again: nobody charges by it.
    let stop = Order::Stop(StopCharge { pack: None });
    give(&mut scene, Face::Desktop, ChargePacks, stop).unwrap();
    scene.run(15 * SECOND);
    scene.hub.charging_for_tests().lend();
    assert_eq!(lent(&mut scene), (false, false));
}

#[test]
fn contactors_that_are_held_without_a_charge_take_no_charger_from_anybody() {
    let mut scene = parked();
    let order = Order::Engage(EngageContactors { pack: pack(&scene), confirm: Confirm });
    give(&mut scene, Face::Desktop, ChargePacks, order).unwrap();
    until(&mut scene, "engaged", 30);
    let mut other = parked().hub.charging_for_tests().bays.remove(0);
    other.pack = name("Other");
    let hall = scene.hub.charging_for_tests();
    assert!(other.charger.is_some() && other.charger == hall.bays[0].charger);
    hall.bays.push(other);
    hall.lend();
    assert_eq!((hall.bays[0].lent, hall.bays[1].lent), (false, false));
}

#[test]
fn two_packs_that_obey_the_same_switches_are_not_charged_one_without_the_other() {
    let mut scene = parked();
    let mut other = parked().hub.charging_for_tests().bays.remove(0);
    other.pack = name("Other");
    scene.hub.charging_for_tests().bays.push(other);
    let said = start(&mut scene, Face::Desktop).unwrap_err().to_string();
    assert!(said.contains("Other on the same bus obeys the same switches"), "{said}");
    let order = Order::Engage(EngageContactors { pack: pack(&scene), confirm: Confirm });
    let said = give(&mut scene, Face::Desktop, ChargePacks, order).unwrap_err().to_string();
    assert!(said.contains("Other on the same bus obeys the same switches"), "{said}");
}

#[test]
fn a_fault_that_was_cleared_keeps_nobody_from_sending() {
    let mut scene = charging();
    let guarded = |scene: &mut Scene| scene.hub.charging_for_tests().guarded().is_some();
    assert!(guarded(&mut scene));
    scene.silence(15 * SECOND);
    scene.run(15 * SECOND);
    let State::Fault { outcome, .. } = state(&scene) else { panic!("{:?}", state(&scene)) };
    assert!(guarded(&mut scene), "it latches");
    let clear = Order::Clear(ClearLatches { pack: pack(&scene) });
    give(&mut scene, Face::Desktop, ChargePacks, clear).unwrap();
    scene.run(SECOND);
    assert_eq!(guarded(&mut scene), !outcome.current_gone, "{outcome:?}");
}

#[test]
fn what_commands_a_battery_goes_with_it_when_its_bus_moves_up() {
    let text = |buses: &[&str]| {
        let mut text = "name = \"Two\"\n".to_owned();
        for bus in buses {
            text += &format!("[[bus]]\nname = \"{bus}\"\naddress = \"virtual:{bus}\"\n");
        }
        text + "[[component]]\nname = \"G\"\nkind = \"prohelion-d1000-gen2\"\nbus = \"b\"\n"
    };
    let loaded = |buses: &[&str]| {
        let file = std::path::Path::new("Two.toml");
        let found = crate::engine::profile::library::interpret(file, text(buses), &|_| None);
        ActivateProfile::loaded(found.unwrap())
    };
    let mut scene = Scene::of("demo");
    let now = scene.now();
    scene.hub.activate(loaded(&["a", "b", "c"]), &mut scene.effects).unwrap();
    let at = |scene: &mut Scene| scene.hub.charging_for_tests().bays[0].commanded_on();
    assert_eq!(at(&mut scene), [BusId(1)]);
    scene.hub.amend(now, loaded(&["b", "c"]), &mut scene.effects).unwrap();
    assert_eq!(at(&mut scene), [BusId(0)], "its stop would go to another bus");
}
