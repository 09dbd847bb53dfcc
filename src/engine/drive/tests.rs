//! An engine with real threads and the demo, which charges, and somebody else on its bus who hears
//! what the charger is told. Whatever ends, and however, the charger is told to stop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::base::id::{BusId, Name};
use crate::engine::access::grant::{Face, Session};
use crate::engine::access::permission::{UseCan, ViewPlant};
use crate::engine::can::bus::BusRx;
use crate::engine::can::dress::Dress;
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::can::schedule::Schedule;
use crate::engine::charge::{Lease, Rules, SetPoints};
use crate::engine::device::Catalog;
use crate::engine::device::{ChargerControl, Device, Fact};
use crate::engine::hub::{Epoch, HandWork};
use crate::engine::orders::charging::{Confirm, SetDemo, StartCharge};
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::{Admitted, Order, Reply};
use crate::engine::testing::plant::demo_profile;

/// Much longer than anything takes on a machine that has other things to do.
const TURNS: u32 = 600;
const TURN: Duration = Duration::from_millis(100);

/// Somebody else on the demo's bus.
struct Ear {
    rx: Box<dyn BusRx>,
    charger: Device,
}

/// What the charger is told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Charge,
    Stop,
}

impl Ear {
    fn on(net: &VirtualNet) -> Self {
        let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
        let charger = kind.bind(kind.defaults()).unwrap();
        Self { rx: net.open("demo", BusId(0)).rx, charger }
    }

    /// What the charger was told since this was last asked; waits a moment for it.
    fn hear(&mut self) -> Vec<Told> {
        let mut frames = Frames::default();
        self.rx.receive(&mut frames, TURN);
        let mut facts = Vec::new();
        for frame in frames.iter() {
            self.charger.take(frame, &mut facts);
        }
        let told = facts.iter().filter_map(|fact| match fact {
            Fact::ChargerCommand(command) => Some(match command.control {
                ChargerControl::Charge if command.current.get() > 0.0 => Told::Charge,
                _ => Told::Stop,
            }),
            _ => None,
        });
        told.collect()
    }

    /// Waits until the charger is told this.
    fn until(&mut self, wanted: Told) -> bool {
        (0..TURNS).any(|_| self.hear().contains(&wanted))
    }
}

/// An engine at which the demo charges.
struct Charging {
    running: Running,
    session: Session,
    ear: Ear,
    _folder: tempfile::TempDir,
}

impl Charging {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let net = VirtualNet::new(Arc::clone(&config.clock));
        let mut running = start_on(config, Cost::CHEAP, net.clone()).unwrap();
        let session = running.take_seat().unwrap().sit(Face::Desktop);
        let ear = Ear::on(&net);
        let mut house = Self { running, session, ear, _folder: folder };
        house.order(ActivateProfile::of(demo_profile("demo").unwrap())).unwrap();
        house.order(SetDemo { parked: true, pace: 1.0 }).unwrap();
        // The preconditions come true one after the other: it is asked until all of them are.
        let started = (0..TURNS).any(|_| {
            let grant = house.session.permit(ViewPlant).unwrap();
            let snapshot = house.running.door.look(&grant);
            let Some(charge) = snapshot.charges.first() else { return false };
            let order = StartCharge {
                pack: charge.pack.clone(),
                charger: None,
                set: SetPoints::usual(&Rules::default()),
                lease: Lease::GoesOn,
                confirm: Confirm,
            };
            if house.order(order).is_ok() {
                return true;
            }
            // Takes a moment, so that this is no busy loop.
            house.ear.hear();
            false
        });
        assert!(started, "the demo was never ready to be charged");
        assert!(house.ear.until(Told::Charge), "no current was ever asked for");
        house
    }

    fn order<O: Order<Done = ()>>(&self, order: O) -> Result<(), String> {
        let ticket = self.running.door.submit(&self.session, order).unwrap();
        ticket.wait().map_err(|error| error.to_string())
    }
}

#[test]
fn a_panic_of_the_hubs_thread_stops_the_charger() {
    let mut house = Charging::begin();
    let grant = house.session.permit(UseCan).unwrap();
    let order = Admitted::new(&grant, Command::ClearTraffic, (Face::Desktop, None));
    // Whoever gets the answer is called on the hub's thread.
    let reply = Reply::new(|_| panic!("the hub falls, as a test wants it"));
    house.running.stopper().inbox().send(Event::Order { order, reply }).unwrap();
    assert!(house.ear.until(Told::Stop), "nobody has told the charger to stop");
    let stopper = house.running.stopper();
    assert!((0..TURNS).any(|_| stopper.has_ended() || house.ear.hear().contains(&Told::Charge)));
    assert!(stopper.has_ended(), "somebody went on charging");
    let grant = house.session.permit(ViewPlant).unwrap();
    let last = house.running.door.look(&grant);
    assert!(last.charges.is_empty() && last.components.is_empty());
    assert!(last.notices.iter().any(|notice| notice.text.contains("nothing here is live")));
}

#[test]
fn a_panic_of_the_thread_that_holds_the_engine_stops_the_charger_before_the_faces_go() {
    let Charging { running, session: _session, mut ear, _folder } = Charging::begin();
    let stopper = running.stopper();
    let was_first = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&was_first);
    let fallen = catch_unwind(AssertUnwindSafe(move || {
        let running = running;
        let _face = Window(running.stopper(), seen);
        let _first = stopper::StopFirst(running.stopper());
        panic!("the window falls, as a test wants it");
    }));
    assert!(fallen.is_err() && was_first.load(Ordering::SeqCst));
    assert!(stopper.has_ended(), "the engine was waited for");
    assert!(ear.until(Told::Stop));
    assert!(!ear.hear().contains(&Told::Charge));
}

/// A face that looks, when it goes, whether charging was to be stopped before.
struct Window(Stopper, Arc<AtomicBool>);

impl Drop for Window {
    fn drop(&mut self) {
        self.1.store(self.0.is_asked(), Ordering::SeqCst);
    }
}

#[test]
fn an_engine_that_is_asked_to_end_stops_the_charger_and_then_ends() {
    let mut house = Charging::begin();
    let stopper = house.running.stopper();
    let grant = house.session.permit(ViewPlant).unwrap();
    // A face that falls over every picture takes nobody with it.
    house.running.door.watch(&grant, Box::new(|| panic!("a face falls, as a test wants it")));
    stopper.stop();
    assert!(house.ear.until(Told::Stop));
    assert!((0..TURNS).any(|_| stopper.has_ended() || house.ear.hear().contains(&Told::Charge)));
    assert!(stopper.has_ended());
}

#[test]
fn a_schedule_that_does_not_even_reach_its_bus_is_told_to_have_ended() {
    let (inbox, _events) = bounded(1);
    let clock: Arc<dyn Clock> = SystemClock::new();
    let wires = Wires { net: VirtualNet::new(Arc::clone(&clock)), clock };
    let mut plant = PlantThreads::new(inbox, wires, Sentinel::new(Program::default()));
    let schedule = Schedule {
        name: Name::new("s").unwrap(),
        frame: Frame::classic(Id::standard(1).unwrap(), &[]).unwrap(),
        every: Duration::from_millis(10),
        times: None,
        dress: Dress::default(),
    };
    plant.by_hand(Epoch(1), BusId(0), HandWork::Start(7, Box::new(schedule)));
    let Some(Event::Hand { news, .. }) = plant.failures.pop() else { panic!("it is told") };
    assert!(matches!(news.ended.as_slice(), [(7, why)] if why.contains("takes no frames")));
}
