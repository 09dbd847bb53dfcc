//! Orders to send by hand, given to a hub on a clock that stands still.

use super::*;
use crate::engine::access::account::AccountId;
use crate::engine::access::permission::Right;
use crate::engine::can::dress::Dress;
use crate::engine::can::frame::Frame;
use crate::engine::hub::event::Event;
use crate::engine::snapshot::Snapshot;
use crate::engine::testing::plant::Plant as Scene;

const SECOND: Duration = Duration::from_secs(1);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What the hub asked of the sending thread since the last look.
fn works(scene: &mut Scene) -> Vec<HandWork> {
    let works = scene.effects.drain(..).filter_map(|effect| match effect {
        Effect::Hand { work, .. } => Some(work),
        _ => None,
    });
    works.collect()
}

fn arm(secs: u64) -> ArmBus {
    ArmBus { bus: bus_name(), span: Duration::from_secs(secs) }
}

fn bus_name() -> Name {
    Scene::of("demo").bus_name()
}

fn frame(raw: u32) -> Frame {
    Frame::classic(Id::guess(raw).unwrap(), &[1, 2]).unwrap()
}

fn schedule(text: &str, raw: u32) -> StartSchedule {
    let every = Duration::from_millis(100);
    let (frame, dress) = (frame(raw), Dress::default());
    let schedule = Schedule { name: name(text), frame, every, times: None, dress };
    StartSchedule { bus: bus_name(), schedule, keeps: Keeps::WithSession }
}

fn send(raw: u32) -> SendFrames {
    SendFrames { bus: bus_name(), frames: vec![frame(raw)] }
}

fn why(answer: Answer) -> String {
    answer.unwrap_err().to_string()
}

fn picture(scene: &Scene) -> Arc<Snapshot> {
    scene.hub.snapshot(scene.now())
}

#[test]
fn a_bus_is_listen_only_until_it_is_armed_and_again_when_its_time_is_over() {
    let mut scene = Scene::of("demo");
    assert!(why(scene.give(send(0x100))).contains("is not armed"));
    scene.give(arm(10)).unwrap();
    let arm = picture(&scene).buses[0].armed.clone().unwrap();
    assert_eq!((arm.left, arm.by.as_str()), (10 * SECOND, "local console"));
    scene.give(send(0x100)).unwrap();
    scene.give(schedule("beat", 0x101)).unwrap();
    works(&mut scene);
    scene.run(9 * SECOND);
    assert!(works(&mut scene).is_empty());
    scene.run(SECOND);
    assert!(matches!(works(&mut scene).as_slice(), [HandWork::Silence]));
    assert_eq!(picture(&scene).buses[0].armed, None);
    let stopped = &picture(&scene).schedules[0];
    assert!(matches!(&stopped.state, ScheduleState::Stopped(why) if why.contains("over")));
    assert!(why(scene.give(send(0x100))).contains("is not armed"));
}

#[test]
fn the_guards_hear_the_hub_while_a_bus_is_armed_and_not_after() {
    let mut scene = Scene::of("demo");
    let beats = |scene: &mut Scene| {
        let beats = scene.effects.iter().filter(|effect| matches!(effect, Effect::Beat)).count();
        scene.effects.clear();
        beats
    };
    scene.run(SECOND);
    assert_eq!(beats(&mut scene), 0);
    scene.give(arm(10)).unwrap();
    scene.effects.clear();
    scene.run(SECOND);
    assert!((9..=10).contains(&beats(&mut scene)));
    scene.give(Silence { bus: None }).unwrap();
    scene.effects.clear();
    scene.run(SECOND);
    assert_eq!(beats(&mut scene), 0);
}

#[test]
fn one_order_silences_everything_and_says_who_gave_it() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    scene.give(schedule("one", 0x101)).unwrap();
    scene.give(schedule("two", 0x102)).unwrap();
    scene.give(Silence { bus: None }).unwrap();
    let now = picture(&scene);
    assert_eq!(now.buses[0].armed, None);
    for one in &now.schedules {
        let said = ScheduleState::Stopped("silenced by local console".to_owned());
        assert_eq!(one.state, said);
    }
    let unknown = Silence { bus: Some(name("elsewhere")) };
    assert_eq!(why(scene.give(unknown)), "there is no bus elsewhere");
}

#[test]
fn ids_by_which_devices_are_set_up_are_never_sent_and_the_refusal_names_them() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    let bus = scene.hub.snapshot(scene.now()).components[0].bus;
    let blocked = scene.hub.plant.blocked_ids(bus);
    let first = blocked.first().expect("the BMU has reserved ids");
    let told = why(scene.give(send(*first.ids.start())));
    assert!(told.contains("may never be sent"), "{told}");
    let told = why(scene.give(schedule("bad", *first.ids.end())));
    assert!(told.contains("may never be sent"), "{told}");
}

#[test]
fn what_commands_a_charger_needs_the_right_to_charge_too() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    let bus = scene.hub.plant.bus_ids().next().unwrap();
    let command = scene.hub.plant.charging_ids(bus)[0];
    let plant = &scene.hub.plant;
    let bench = Bench { plant, epoch: scene.epoch, now: scene.now(), charging: None };
    let hand = |rights| Hand {
        words: "ada".to_owned(),
        who: Who::Account { id: AccountId(7), name: "ada".to_owned() },
        rights,
        session: None,
    };
    let may = |rights| scene.hub.hands.may_send(command, bus, &hand(rights), &bench);
    let told = why(may(Rights::of(&[Right::SendReceiveCan])));
    assert!(told.contains("Charge battery packs"), "{told}");
    may(Rights::of(&[Right::SendReceiveCan, Right::ChargePacks])).unwrap();
    may(Rights::of(&[Right::Administrator])).unwrap();
    let pack = name("Demo pack");
    let bench = Bench { charging: Some(&pack), ..bench };
    let rights = Rights::of(&[Right::Administrator]);
    let told = why(scene.hub.hands.may_send(command, bus, &hand(rights), &bench));
    assert!(told.contains("belongs to the charge of Demo pack"), "{told}");
}

#[test]
fn a_schedule_of_a_charging_id_keeps_a_charge_from_starting() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    assert_eq!(scene.hub.hands.in_the_way(&scene.hub.plant, scene.now().mono), None);
    let bus = scene.hub.plant.bus_ids().next().unwrap();
    let id = scene.hub.plant.charging_ids(bus)[0];
    let mut order = schedule("mine", 0x100);
    order.schedule.frame = Frame::classic(id, &[0; 8]).unwrap();
    scene.give(order).unwrap();
    let told = scene.hub.hands.in_the_way(&scene.hub.plant, scene.now().mono).unwrap();
    assert!(told.contains("mine sends"), "{told}");
    scene.give(StopSchedule { name: name("mine"), then: Then::Keep }).unwrap();
    assert_eq!(scene.hub.hands.in_the_way(&scene.hub.plant, scene.now().mono), None);
}

#[test]
fn a_schedule_that_commands_a_charger_ends_with_the_right_to_charge() {
    use crate::engine::testing::roster::person;
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    let bus = scene.hub.plant.bus_ids().next().unwrap();
    let id = scene.hub.plant.charging_ids(bus)[0];
    let mut order = schedule("charger", 0x100);
    order.schedule.frame = Frame::classic(id, &[0; 8]).unwrap();
    scene.give(order).unwrap();
    scene.give(schedule("other", 0x101)).unwrap();
    for one in &mut scene.hub.hands.scheduled {
        one.by.who = Who::Account { id: AccountId(7), name: "ada".to_owned() };
        one.keeps = Keeps::Alone;
    }
    let both = Rights::of(&[Right::SendReceiveCan, Right::ChargePacks]);
    let roster = |rights| Roster { accounts: vec![person(7, "ada", rights)], ..Roster::default() };
    scene.step(Event::Roster(Arc::new(roster(both))));
    assert!(scene.hub.hands.scheduled.iter().all(Scheduled::is_running));
    let left = Rights::of(&[Right::SendReceiveCan]);
    scene.step(Event::Roster(Arc::new(roster(left))));
    let told: Vec<_> = scene.hub.hands.scheduled.iter().map(|one| one.state.clone()).collect();
    let ScheduleState::Stopped(why) = &told[0] else { panic!("{told:?}") };
    assert!(why.contains("may no longer command chargers"), "{why}");
    assert_eq!(told[1], ScheduleState::Running);
}

/// An id by which a battery or the charger of the plant reports.
fn reported(scene: &Scene) -> (BusId, Id) {
    let plant = &scene.hub.plant;
    let bus = plant.bus_ids().next().unwrap();
    let mut ids = (0..0x800).map(|raw| Id::standard(raw).unwrap());
    let blocked = plant.blocked_ids(bus);
    let free = |id: &Id| !blocked.iter().any(|block| block.holds(*id));
    (bus, ids.find(|id| free(id) && plant.reporter(bus, *id).is_some()).unwrap())
}

#[test]
fn nobody_sends_in_the_place_of_a_battery_while_it_is_charged() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    let (bus, id) = reported(&scene);
    let plant = &scene.hub.plant;
    let rights = Rights::of(&[Right::Administrator]);
    let words = "ada".to_owned();
    let who = Who::Account { id: AccountId(7), name: words.clone() };
    let hand = Hand { words, who, rights, session: None };
    let bench = Bench { plant, epoch: scene.epoch, now: scene.now(), charging: None };
    scene.hub.hands.may_send(id, bus, &hand, &bench).unwrap();
    let pack = name("Demo pack");
    let bench = Bench { charging: Some(&pack), ..bench };
    let told = why(scene.hub.hands.may_send(id, bus, &hand, &bench));
    assert!(told.contains("reports, and the charge of Demo pack goes by that"), "{told}");
    let of_charger = Id::extended(0x18FF_50E5).unwrap();
    let told = why(scene.hub.hands.may_send(of_charger, bus, &hand, &bench));
    assert!(told.contains("reports"), "{told}");
    scene.hub.hands.may_send(Id::standard(0x7E).unwrap(), bus, &hand, &bench).unwrap();
}

#[test]
fn what_was_sent_in_the_place_of_a_battery_keeps_a_charge_from_starting_for_a_while() {
    let mut scene = Scene::of("demo");
    scene.give(arm(600)).unwrap();
    let (_, id) = reported(&scene);
    let in_the_way = |scene: &Scene| scene.hub.hands.in_the_way(&scene.hub.plant, scene.now().mono);
    assert_eq!(in_the_way(&scene), None);
    let mut order = schedule("mine", 0x7E);
    order.schedule.frame = Frame::classic(id, &[0; 8]).unwrap();
    scene.give(order).unwrap();
    let told = in_the_way(&scene).unwrap();
    assert!(told.contains("mine sends") && told.contains("reports"), "{told}");
    scene.give(StopSchedule { name: name("mine"), then: Then::Forget }).unwrap();
    let told = in_the_way(&scene).unwrap();
    assert!(told.contains("a moment ago"), "{told}");
    scene.run(AFTERGLOW);
    assert_eq!(in_the_way(&scene), None);
    scene.give(send(id.raw())).unwrap();
    assert!(in_the_way(&scene).unwrap().contains("a moment ago"));
    scene.run(AFTERGLOW);
    assert_eq!(in_the_way(&scene), None);
    scene.give(send(0x7E)).unwrap();
    assert_eq!(in_the_way(&scene), None, "what nobody reports with is nothing to it");
}

#[test]
fn what_hangs_on_a_session_ends_with_it_and_what_stands_alone_does_not() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    scene.give(schedule("one", 0x101)).unwrap();
    scene.give(StartSchedule { keeps: Keeps::Alone, ..schedule("two", 0x102) }).unwrap();
    for one in &mut scene.hub.hands.scheduled {
        // As if they had been started from elsewhere by whoever may, in a session that has ended.
        one.by.session = Some(SessionId(99));
    }
    works(&mut scene);
    scene.step(Event::Roster(Arc::new(Roster::default())));
    let ended = works(&mut scene);
    assert!(matches!(ended.as_slice(), [HandWork::Stop(one)] if *one == name("one")));
    let now = picture(&scene);
    assert!(
        matches!(&now.schedules[0].state, ScheduleState::Stopped(why) if why.contains("session"))
    );
    assert_eq!(now.schedules[1].state, ScheduleState::Running);
    // An account that is not there may not send, whatever it was told to hang on.
    let who = Who::Account { id: AccountId(7), name: "ada".to_owned() };
    scene.hub.hands.scheduled[1].by.who = who.clone();
    scene.hub.hands.arms[0].by.who = who;
    scene.step(Event::Roster(Arc::new(Roster::default())));
    assert!(matches!(works(&mut scene).as_slice(), [HandWork::Silence]));
    assert_eq!(picture(&scene).buses[0].armed, None);
}

#[test]
fn another_profile_begins_with_every_bus_listened_to_only() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    scene.give(schedule("one", 0x101)).unwrap();
    scene.activate_again().unwrap();
    let now = picture(&scene);
    assert_eq!((now.buses[0].armed.clone(), now.schedules.len()), (None, 0));
}

#[test]
fn bad_orders_are_refused_in_one_sentence_and_change_nothing() {
    let mut scene = Scene::of("demo");
    assert!(why(scene.give(arm(9))).contains("10 s to 8 h, not for 9 s"));
    assert!(why(scene.give(arm(8 * 3600 + 1))).contains("not for 28801 s"));
    scene.give(arm(60)).unwrap();
    let none = SendFrames { bus: bus_name(), frames: Vec::new() };
    assert!(why(scene.give(none)).contains("not 0"));
    let many = SendFrames { bus: bus_name(), frames: vec![frame(1); 65] };
    assert!(why(scene.give(many)).contains("not 65"));
    let mut never = schedule("never", 0x100);
    never.schedule.times = Some(0);
    assert!(why(scene.give(never)).contains("0 times"));
    let unknown = StopSchedule { name: name("nobody"), then: Then::Keep };
    assert_eq!(why(scene.give(unknown)), "there is no scheduled frame nobody");
    assert!(picture(&scene).schedules.is_empty());
    for n in 0..SCHEDULES {
        scene.give(schedule(&format!("s{n}"), 0x100)).unwrap();
    }
    assert!(why(scene.give(schedule("more", 0x100))).contains("stop one first"));
    scene.give(StopSchedule { name: name("s3"), then: Then::Forget }).unwrap();
    scene.give(schedule("more", 0x100)).unwrap();
    assert_eq!(picture(&scene).schedules.len(), SCHEDULES);
}

#[test]
fn what_is_told_of_a_schedule_is_about_that_one_and_no_other_of_its_name() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    scene.give(schedule("one", 0x101)).unwrap();
    let first = scene.hub.hands.scheduled[0].number;
    scene.give(schedule("one", 0x102)).unwrap();
    let (epoch, bus) = (scene.epoch, scene.hub.plant.bus_ids().next().unwrap());
    let news = |number| HandNews { ended: vec![(number, "x".to_owned())], ..HandNews::default() };
    scene.step(Event::Hand { epoch, bus, news: news(first) });
    assert_eq!(picture(&scene).schedules[0].state, ScheduleState::Running);
    scene.step(Event::Hand { epoch, bus, news: news(first + 1) });
    assert_eq!(picture(&scene).schedules[0].state, ScheduleState::Stopped("x".to_owned()));
}

#[test]
fn the_last_figures_of_a_schedule_are_taken_after_it_has_ended_or_was_stopped() {
    let mut scene = Scene::of("demo");
    scene.give(arm(60)).unwrap();
    scene.give(schedule("one", 0x101)).unwrap();
    let number = scene.hub.hands.scheduled[0].number;
    let (epoch, bus) = (scene.epoch, scene.hub.plant.bus_ids().next().unwrap());
    let news = |number, sent| {
        let figures = ScheduleFigures { sent, ..ScheduleFigures::default() };
        HandNews { figures: vec![(number, figures)], ..HandNews::default() }
    };
    scene.step(Event::Hand { epoch, bus, news: news(number, 4) });
    scene.give(StopSchedule { name: name("one"), then: Then::Keep }).unwrap();
    scene.step(Event::Hand { epoch, bus, news: news(number, 7) });
    assert_eq!(picture(&scene).schedules[0].figures.sent, 7);
    scene.give(schedule("one", 0x101)).unwrap();
    scene.step(Event::Hand { epoch, bus, news: news(number, 9) });
    assert_eq!(picture(&scene).schedules[0].figures.sent, 0, "that is of the one before");
}
