//! Orders about controllers, given to a hub on a clock that stands still, with a controller made of
//! answers.

use std::sync::Mutex;

use super::*;
use crate::base::id::Name;
use crate::engine::access::grant::LocalSeat;
use crate::engine::can::bus::{BusStatus, ControlError, Listening};
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::hub::event::Event;
use crate::engine::hub::{HandWork, Hub};
use crate::engine::orders::buses::{RestartBus, ScanBitRate};
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::orders::sending::ArmBus;
use crate::engine::orders::{Admitted, Order, Reply, Route};
use crate::engine::profile::model::{BusEntry, Profile};
use crate::engine::snapshot::BusPicture;

struct Bench {
    hub: Hub,
    now: Now,
    effects: Vec<Effect>,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn bench(address: &str) -> Bench {
    let now = Now { mono: Mono::ZERO, wall: crate::base::time::Wall::from_nanos(0) };
    let catalog = Arc::new(crate::engine::device::Catalog::builtin());
    let mut hub = Hub::new(catalog, now);
    let bus = BusEntry::new(name("can"), address.parse().unwrap());
    let profile = Profile::new(name("p"), vec![bus], Vec::new());
    let order =
        ActivateProfile { profile, file: None, dbcs: Vec::new(), problems: Vec::new(), text: None };
    let mut effects = Vec::new();
    hub.activate(order, &mut effects).unwrap();
    let mut bench = Bench { hub, now, effects };
    bench.status(BusState::Active);
    bench
}

impl Bench {
    fn step(&mut self, event: Event) {
        self.hub.step(self.now, event, &mut self.effects);
    }

    fn status(&mut self, state: BusState) {
        let (epoch, bus, status) = (Epoch(1), BusId(0), BusStatus::plain(state));
        self.step(Event::Bus { epoch, bus, status });
    }

    fn later(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after(Duration::from_millis(ms));
        self.step(Event::Tick);
    }

    fn give<O: Order<Done = ()>>(&mut self, order: O) -> Answer {
        let session = LocalSeat::new().sit(Face::Desktop);
        let grant = session.permit(order.needs()).unwrap();
        let Route::Plant(command, ()) = order.route() else { panic!("not for the hub") };
        let order = Admitted::new(&grant, command, (Face::Desktop, None));
        let answer = Arc::new(Mutex::new(None));
        let told = Arc::clone(&answer);
        let reply = Reply::new(move |answer| *told.lock().unwrap() = Some(answer));
        self.step(Event::Order { order, reply });
        let mut others = Vec::new();
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Answer(reply, answer) => reply.give(answer),
                other => others.push(other),
            }
        }
        self.effects = others;
        answer.lock().unwrap().take().expect("an answer")
    }

    fn restart(&mut self) -> Answer {
        self.give(RestartBus { bus: name("can") })
    }

    fn scan(&mut self) -> Answer {
        self.give(ScanBitRate { bus: name("can") })
    }

    fn works(&mut self) -> Vec<ControlWork> {
        let works = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Control { work, .. } => Some(work),
            _ => None,
        });
        works.collect()
    }

    fn news(&mut self, news: ControlNews) {
        self.step(Event::Controlled { epoch: Epoch(1), bus: BusId(0), news });
    }

    fn frames(&mut self, count: usize) {
        let frame = Frame::classic(Id::guess(0x123).unwrap(), &[0; 8]).unwrap();
        let mut frames = Frames::default();
        (0..count).for_each(|_| frames.push(frame.view()));
        let (epoch, bus, received) = (Epoch(1), BusId(0), Default::default());
        self.step(Event::Frames { epoch, bus, frames, received });
    }

    fn picture(&self) -> BusPicture {
        self.hub.snapshot(self.now).buses[0].clone()
    }
}

fn said(answer: Answer) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn a_controller_that_is_off_is_restarted_once_and_counted() {
    let mut bench = bench("socketcan:can0");
    assert!(said(bench.restart()).contains("has not taken itself off the bus"));
    bench.status(BusState::Off);
    bench.restart().unwrap();
    assert_eq!(bench.works(), [ControlWork::Restart]);
    assert!(bench.picture().controller.restarting);
    assert!(said(bench.restart()).contains("already"));
    bench.news(ControlNews::Restarted(Ok(())));
    let lines = bench.effects.iter().filter(|effect| matches!(effect, Effect::Journal(_))).count();
    assert_eq!(lines, 1, "what came of it is in the journal");
    let controller = bench.picture().controller;
    assert_eq!((controller.restarts, controller.last.unwrap()), (1, "can was restarted.".into()));
    bench.later(60_000);
    assert_eq!(bench.works(), [], "nothing restarts it by itself");
}

#[test]
fn a_restart_that_does_not_help_has_to_wait_longer_every_time() {
    let mut bench = bench("socketcan:can0");
    bench.status(BusState::Off);
    let mut waited = Vec::new();
    for _ in 0..8 {
        let mut wait = 0;
        while let Err(why) = bench.restart() {
            assert!(why.to_string().contains("look for the cause"), "{why}");
            bench.later(500);
            wait += 500;
        }
        waited.push(wait);
        bench.news(ControlNews::Restarted(Ok(())));
    }
    assert_eq!(waited[..5], [0, 1000, 2000, 4000, 8000]);
    assert!(waited.iter().all(|wait| *wait <= 30_000), "{waited:?}");
}

#[test]
fn a_refused_restart_says_why_and_a_silent_one_is_given_up() {
    let mut bench = bench("socketcan:can0");
    bench.status(BusState::Off);
    bench.restart().unwrap();
    let why = ControlError::Failed("this user may not".into());
    bench.news(ControlNews::Restarted(Err(why)));
    let last = bench.picture().controller.last.unwrap();
    assert_eq!(last, "can was not restarted: this user may not.");
    bench.later(2_000);
    bench.restart().unwrap();
    bench.later(21_000);
    let controller = bench.picture().controller;
    assert!(!controller.restarting);
    assert!(controller.last.unwrap().contains("gave no answer"));
}

#[test]
fn what_was_armed_is_not_when_the_bus_is_back() {
    let mut bench = bench("socketcan:can0");
    bench.give(ArmBus { bus: name("can"), span: Duration::from_secs(600) }).unwrap();
    assert!(bench.picture().armed.is_some());
    bench.effects.clear();
    bench.status(BusState::Missing);
    let silenced = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Hand { work: HandWork::Silence, .. }));
    assert!(silenced, "the sending thread is told");
    bench.status(BusState::Active);
    assert!(bench.picture().armed.is_none());
}

#[test]
fn the_bit_rate_is_looked_for_and_the_bus_set_as_it_was() {
    let mut bench = bench("slcan:/dev/ttyX@250000");
    bench.scan().unwrap();
    assert_eq!(bench.works(), [ControlWork::ListenAt(500_000)]);
    bench.news(ControlNews::Listening(Ok(Listening::Confirmed)));
    let scan = bench.picture().controller.scan.unwrap();
    assert_eq!((scan.rate, scan.done), (Some(500_000), 0));
    bench.later(1_300);
    assert_eq!(bench.works(), [ControlWork::ListenAt(250_000)]);
    bench.news(ControlNews::Listening(Ok(Listening::Confirmed)));
    bench.frames(30);
    bench.later(1_300);
    assert_eq!(bench.works(), [ControlWork::Restore]);
    bench.news(ControlNews::Restored(Ok(())));
    let controller = bench.picture().controller;
    let report = controller.report.unwrap();
    assert_eq!((report.found, controller.scan), (Some(250_000), None));
    assert_eq!(controller.restarts, 0);
}

#[test]
fn no_rate_is_looked_for_without_confirmed_listening_beside_a_person_or_where_there_is_none() {
    let mut bench = bench("slcan:/dev/ttyX@250000");
    bench.give(ArmBus { bus: name("can"), span: Duration::from_secs(600) }).unwrap();
    assert!(said(bench.scan()).contains("armed: silence it first"));
    bench.give(crate::engine::orders::sending::Silence { bus: None }).unwrap();
    bench.scan().unwrap();
    bench.works();
    bench.news(ControlNews::Listening(Ok(Listening::Asked)));
    assert_eq!(bench.works(), [ControlWork::Restore]);
    bench.news(ControlNews::Restored(Ok(())));
    let report = bench.picture().controller.report.unwrap();
    assert!(report.found.is_none() && report.sentence.contains("was not confirmed"));
    // Whoever arms the bus in the midst of it ends it.
    bench.scan().unwrap();
    bench.news(ControlNews::Listening(Ok(Listening::Confirmed)));
    bench.give(ArmBus { bus: name("can"), span: Duration::from_secs(600) }).unwrap();
    bench.works();
    bench.later(1_300);
    assert_eq!(bench.works(), [ControlWork::Restore]);
    let mut virtual_one = super::tests::bench("virtual:x");
    assert!(said(virtual_one.scan()).contains("so it has no bit rate"));
    assert!(said(virtual_one.restart()).contains("nothing to restart"));
    let mut missing = super::tests::bench("slcan:/dev/ttyX@250000");
    missing.status(BusState::Missing);
    assert!(said(missing.scan()).contains("is not there"));
    assert!(said(missing.restart()).contains("is not there"));
}
