//! The threads of a running plant: for every bus one that receives and one that sends, one for every
//! simulated world. They know no pack: the hub says what is opened and what is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError, bounded};

use crate::base::id::{BusId, Name};
use crate::base::time::{Clock, Mono};
use crate::engine::can::bus::{
    BATCH_FRAMES, BATCH_WAIT, BusRx, BusState, BusStatus, Control, ControlError, Link, Wires,
};
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::can::replay::Player;
use crate::engine::device::Device;
use crate::engine::drive::hand::{self, HandDesk, HandSender};
use crate::engine::drive::replay::{self, ReplayHandle, Stage};
use crate::engine::drive::sending::{Outlet, Pulse, QUEUE, TxThread};
use crate::engine::drive::sentinel::{Lapse, Sentinel};
use crate::engine::hub::{
    BusPlan, ControlNews, ControlWork, Epoch, Event, Fate, HandNews, HandWork, ReplayNews,
    ReplayWork,
};
use crate::engine::orders::charging::SetDemo;
use crate::engine::orders::plant::Play;
use crate::engine::sim::{Parked, Runner, Scene};
use crate::engine::supply::{self, Target};

/// Longest that a receiving thread waits for the first frame of a batch: an idle bus wakes it this
/// often, and it ends within this time.
const RX_WAIT: Duration = Duration::from_millis(100);
/// How often a player's position is told.
const PLAYER_NEWS: Duration = Duration::from_millis(100);
/// Longest that a thread which has failed waits to say so.
const SEND_LIMIT: Duration = Duration::from_secs(1);
/// What a simulated world may be told before it looks.
const DEMOS: usize = 64;
/// Step of a simulated world.
const SIM_STEP: Duration = Duration::from_millis(5);

/// Held by a thread of a bus: if it ends by a panic, the hub hears that the bus has failed.
pub(super) struct Mourner {
    inbox: Sender<Event>,
    epoch: Epoch,
    bus: BusId,
}

impl Mourner {
    pub(super) const fn new(inbox: Sender<Event>, epoch: Epoch, bus: BusId) -> Self {
        Self { inbox, epoch, bus }
    }
}

impl Drop for Mourner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why =
                "a thread of this bus has stopped by a fault: open the profile again".to_owned();
            let event = failure(self.epoch, self.bus, why);
            if self.inbox.send_timeout(event, SEND_LIMIT).is_err() {
                tracing::error!("the hub did not hear that a bus has failed");
            }
        }
    }
}

fn failed(work: ControlWork, why: ControlError) -> ControlNews {
    match work {
        ControlWork::Restart => ControlNews::Restarted(Err(why)),
        ControlWork::ListenAt(_) => ControlNews::Listening(Err(why)),
        ControlWork::Restore => ControlNews::Restored(Err(why)),
    }
}

fn failure(epoch: Epoch, bus: BusId, why: String) -> Event {
    let status = BusStatus { sentence: Some(why), ..BusStatus::plain(BusState::Failed) };
    Event::Bus { epoch, bus, status }
}

/// The threads of the running plant.
pub(super) struct PlantThreads {
    inbox: Sender<Event>,
    wires: Wires,
    /// Holds what would go on without this program.
    pub(super) sentinel: Sentinel,
    /// When the hub last said that it decides.
    pulse: Pulse,
    running: Option<PlantRunning>,
    /// Which running of the plant it is.
    epoch: Epoch,
    /// Buses that could not be opened, and frames that did not go out, for the hub.
    pub(super) failures: Vec<Event>,
}

struct PlantRunning {
    stop: Arc<AtomicBool>,
    buses: Vec<BusRunning>,
    /// Recordings that are sent onto buses.
    replays: Vec<ReplayHandle>,
}

/// The threads of one bus, and the ways to them.
struct BusRunning {
    bus: BusId,
    /// In which running of the plant it was opened.
    since: Epoch,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    player: Option<Player>,
    /// The queue of the sending thread.
    outlet: Option<Sender<Frame>>,
    /// The way for what people send by hand.
    hand: Option<HandSender>,
    /// Where its simulated world is told what it is to do besides its scene.
    demo: Option<Sender<SetDemo>>,
    /// Its controller, where it has one.
    control: Option<(String, Arc<dyn Control>)>,
}

impl BusRunning {
    fn new(bus: BusId, since: Epoch) -> Self {
        Self {
            bus,
            since,
            stop: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
            player: None,
            outlet: None,
            hand: None,
            demo: None,
            control: None,
        }
    }

    /// Has the guards of the sending thread work by other rules; says whether it hears of them.
    fn replan(&mut self, plan: &BusPlan) -> bool {
        let (Some(way), Some(hand)) = (&mut self.hand, &plan.hand) else { return false };
        let sending = plan.sending.clone().unwrap_or_default();
        way.send(HandWork::Replan(Box::new((sending, hand.clone())))).is_ok()
    }

    fn close(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of a bus ended by a panic");
            }
        }
    }
}

impl PlantThreads {
    /// Without a plant.
    pub(super) fn new(inbox: Sender<Event>, wires: Wires, sentinel: Sentinel) -> Self {
        let (pulse, epoch, failures) = (Pulse::new(), Epoch::default(), Vec::new());
        Self { inbox, wires, sentinel, pulse, running: None, epoch, failures }
    }

    /// The hub's inbox, for whoever works aside.
    pub(super) fn inbox(&self) -> Sender<Event> {
        self.inbox.clone()
    }

    pub(super) fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.store(true, Ordering::SeqCst);
        running.replays.into_iter().for_each(ReplayHandle::close);
        // All of them are told first: they end side by side.
        running.buses.iter().for_each(|bus| bus.stop.store(true, Ordering::SeqCst));
        running.buses.into_iter().for_each(BusRunning::close);
    }

    /// Whether what bears `epoch` is of this bus as it is now open.
    pub(super) fn holds(&self, epoch: Epoch, bus: BusId) -> bool {
        let buses = self.running.iter().flat_map(|running| &running.buses);
        let own = buses.clone().find(|own| own.bus == bus);
        epoch <= self.epoch && own.is_some_and(|own| epoch >= own.since)
    }

    pub(super) fn connect(&mut self, epoch: Epoch, buses: &[BusPlan]) {
        self.close();
        self.epoch = epoch;
        self.sentinel.plan(buses);
        let stop = Arc::new(AtomicBool::new(false));
        let buses = buses.iter().map(|plan| self.open(epoch, plan)).collect();
        self.running = Some(PlantRunning { stop, buses, replays: Vec::new() });
    }

    /// Whether a bus that is there would be another one, or none.
    pub(super) fn moves(&self, buses: &[(BusPlan, Fate)]) -> bool {
        let there = self.running.iter().flat_map(|running| &running.buses);
        there.clone().any(|own| {
            let fate = buses.iter().find(|(plan, _)| plan.bus == own.bus).map(|(_, fate)| *fate);
            fate.is_none_or(|fate| fate == Fate::Opened)
        })
    }

    /// Opens and closes what is another bus now; the others go on, under other rules where they have
    /// such.
    pub(super) fn amend(&mut self, epoch: Epoch, buses: &[(BusPlan, Fate)]) {
        let Some(mut running) = self.running.take() else {
            let plans: Vec<BusPlan> = buses.iter().map(|(plan, _)| plan.clone()).collect();
            return self.connect(epoch, &plans);
        };
        self.epoch = epoch;
        let plans: Vec<BusPlan> = buses.iter().map(|(plan, _)| plan.clone()).collect();
        self.sentinel.plan(&plans);
        let stays = |own: &BusRunning| {
            let fate = buses.iter().find(|(plan, _)| plan.bus == own.bus).map(|(_, fate)| *fate);
            fate.is_some_and(|fate| fate != Fate::Opened)
        };
        let (kept, gone): (Vec<_>, Vec<_>) = running.buses.into_iter().partition(stays);
        gone.iter().for_each(|bus| bus.stop.store(true, Ordering::SeqCst));
        gone.into_iter().for_each(BusRunning::close);
        running.buses = kept;
        for (plan, fate) in buses {
            let own = running.buses.iter().position(|own| own.bus == plan.bus);
            match (fate, own) {
                (Fate::Kept, Some(_)) => {}
                (Fate::Replanned, Some(at)) => {
                    let told = running.buses.get_mut(at).is_some_and(|own| own.replan(plan));
                    if !told {
                        // A guard that does not hear of its new rules must not go on with the old ones.
                        running.buses.remove(at).close();
                        running.buses.push(self.open(epoch, plan));
                    }
                }
                (Fate::Opened, Some(_)) | (_, None) => {
                    running.buses.push(self.open(epoch, plan));
                }
            }
        }
        self.running = Some(running);
    }

    /// Opens a bus. What goes wrong is told to the hub.
    fn open(&mut self, epoch: Epoch, plan: &BusPlan) -> BusRunning {
        let opened = match &plan.supply {
            Some((target, device)) => self.supply(plan, target, device),
            None => self.wires.open(&plan.address, plan.bus).map_err(|e| e.to_string()),
        };
        let mut running = BusRunning::new(plan.bus, epoch);
        let attached = opened.and_then(|link| self.attach(epoch, plan, link, &mut running));
        if let Err(why) = attached {
            self.failures.push(failure(epoch, plan.bus, why));
        }
        running
    }

    /// A supply, as a bus that carries what its device says and hears.
    fn supply(&self, plan: &BusPlan, target: &Target, device: &Device) -> Result<Link, String> {
        let clock = Arc::clone(&self.wires.clock);
        let opened = supply::open(&plan.name, target.clone(), device.clone(), plan.bus, clock);
        opened.map_err(|error| error.to_string())
    }

    fn attach(
        &self,
        epoch: Epoch,
        plan: &BusPlan,
        link: Link,
        running: &mut BusRunning,
    ) -> Result<(), String> {
        if let Some(scene) = &plan.scene {
            self.simulate(epoch, plan, scene, running)?;
        }
        let Link { rx, tx, player, control } = link;
        running.control = control.map(|control| (plan.name.clone(), control));
        if let Some(tx) = tx.filter(|_| plan.sending.is_some() || plan.hand.is_some()) {
            let (sender, frames) = bounded(QUEUE);
            let (orders, receiver) = hand::way();
            let desk = plan.hand.as_ref().map(|hand| HandDesk::new(hand, &receiver));
            let thread = TxThread {
                epoch,
                bus: plan.bus,
                outlet: Outlet::new(tx, plan.sending.clone().unwrap_or_default()),
                frames,
                hand: desk.map(|desk| (desk, receiver)),
                pulse: self.pulse.clone(),
                inbox: self.inbox.clone(),
                stop: Arc::clone(&running.stop),
                clock: Arc::clone(&self.wires.clock),
            };
            let name = format!("tx:{}", plan.name);
            let thread = std::thread::Builder::new().name(name).spawn(move || thread.run());
            running.threads.push(thread.map_err(|error| error.to_string())?);
            running.outlet = Some(sender);
            running.hand = plan.hand.as_ref().map(|_| orders);
        }
        running.player.clone_from(&player);
        let receiver = RxThread {
            epoch,
            plan: plan.clone(),
            rx,
            player,
            inbox: self.inbox.clone(),
            stop: Arc::clone(&running.stop),
            clock: Arc::clone(&self.wires.clock),
        };
        let name = format!("rx:{}", plan.name);
        let thread = std::thread::Builder::new().name(name).spawn(move || receiver.run());
        running.threads.push(thread.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Puts the simulated devices of `scene` onto the other end of the bus.
    fn simulate(
        &self,
        epoch: Epoch,
        plan: &BusPlan,
        scene: &str,
        running: &mut BusRunning,
    ) -> Result<(), String> {
        let scene = Scene::find(scene).map_err(|error| error.to_string())?;
        let link = self.wires.open(&plan.address, plan.bus).map_err(|error| error.to_string())?;
        let clock = Arc::clone(&self.wires.clock);
        let mut runner =
            Runner::new(&scene, link, clock.now()).map_err(|error| error.to_string())?;
        let stop = Arc::clone(&running.stop);
        let mourner = Mourner::new(self.inbox.clone(), epoch, plan.bus);
        let (sender, demos) = bounded::<SetDemo>(DEMOS);
        let body = move || {
            let _mourner = mourner;
            while !stop.load(Ordering::SeqCst) {
                if let Some(SetDemo { parked, pace }) = demos.try_iter().last() {
                    runner.demo(if parked { Parked::Parked } else { Parked::Driving }, pace);
                }
                runner.step(clock.now());
                std::thread::sleep(SIM_STEP);
            }
        };
        let name = format!("sim:{}", plan.name);
        let thread = std::thread::Builder::new().name(name).spawn(body);
        running.threads.push(thread.map_err(|error| error.to_string())?);
        running.demo = Some(sender);
        Ok(())
    }

    /// Puts frames into the queue of a bus; one that is not taken is told to the hub.
    pub(super) fn send(&mut self, epoch: Epoch, bus: BusId, frames: Vec<Frame>) {
        // A command goes out only once something watches that can take it back.
        if let Err(why) = self.sentinel.sends(self.wires.clock.now(), bus, &frames) {
            self.failures.push(Event::Unsent { epoch, bus, why });
            return;
        }
        let buses = self.running.iter().flat_map(|running| &running.buses);
        let outlet = buses.clone().find(|own| own.bus == bus).and_then(|own| own.outlet.as_ref());
        for frame in frames {
            let why = match outlet.map(|outlet| outlet.try_send(frame)) {
                Some(Ok(())) => None,
                Some(Err(TrySendError::Full(_))) => Some("too many frames wait to be sent"),
                Some(Err(TrySendError::Disconnected(_))) => {
                    // It has said its own stop if it could; the watchdog has a wire of its own.
                    self.sentinel.act();
                    Some("the thread that sends to this bus has ended by a fault")
                }
                None => Some("this bus takes no frames"),
            };
            if let Some(why) = why {
                self.failures.push(Event::Unsent { epoch, bus, why: why.to_owned() });
                return;
            }
        }
    }

    /// Passes on what is to be done for people who send by hand.
    pub(super) fn by_hand(&mut self, epoch: Epoch, bus: BusId, work: HandWork) {
        let mut buses = self.running.iter_mut().flat_map(|running| &mut running.buses);
        let way = buses.find(|own| own.bus == bus).and_then(|own| own.hand.as_mut());
        // A schedule that does not even get there has ended.
        let starts = match &work {
            HandWork::Start(number, _) => Some(*number),
            HandWork::Arm(_)
            | HandWork::Silence
            | HandWork::Send(_)
            | HandWork::Stop(_)
            | HandWork::Replan(_) => None,
        };
        // Silencing a bus that nobody can send to is no fault.
        let sent = match (way, &work) {
            (Some(way), _) => way.send(work),
            (None, HandWork::Silence | HandWork::Stop(_) | HandWork::Replan(_)) => Ok(()),
            (None, HandWork::Arm(_) | HandWork::Send(_) | HandWork::Start(..)) => {
                Err("this bus takes no frames".to_owned())
            }
        };
        if let Err(why) = sent {
            let ended = starts.map(|number| (number, why.clone())).into_iter().collect();
            let news = HandNews { ended, refused: Some(why), ..HandNews::default() };
            self.failures.push(Event::Hand { epoch, bus, news });
        }
    }

    /// Passes on what a replay is to do, or begins one.
    pub(super) fn replay(&mut self, epoch: Epoch, name: &Name, (order, work): (u64, ReplayWork)) {
        let Some(running) = &mut self.running else { return };
        let place = running.replays.iter().position(|one| one.name == *name);
        let told = match (work, place) {
            (ReplayWork::Start(job), _) => {
                let way = |own: &BusRunning| Some((own.bus, own.hand.as_ref()?.for_replays()));
                let ways = running.buses.iter().filter_map(way);
                let stage = Stage {
                    epoch,
                    inbox: self.inbox.clone(),
                    stop: Arc::clone(&running.stop),
                    clock: Arc::clone(&self.wires.clock),
                    ways: ways.collect(),
                };
                let number = job.number;
                let started = replay::start(name, (order, *job), stage);
                started.map(|handle| running.replays.push(handle)).map_err(|why| (number, why))
            }
            (ReplayWork::Stop, Some(place)) => {
                let handle = running.replays.remove(place);
                // Its gate is shut at once; it ends by itself.
                handle.leave();
                Ok(())
            }
            (work, Some(place)) => match running.replays.get(place) {
                Some(handle) => handle.tell(order, work).map_err(|why| (handle.number, why)),
                None => Ok(()),
            },
            (_, None) => Ok(()),
        };
        if let Err((number, why)) = told {
            let news = Box::new(ReplayNews { order, progress: None, ended: Some(why) });
            self.failures.push(Event::Replay { epoch, name: name.clone(), number, news });
        }
    }

    /// Does something to the controller of a bus, aside: it may take seconds. The hub asks for one thing
    /// at a time.
    pub(super) fn control(&mut self, epoch: Epoch, bus: BusId, work: ControlWork) {
        let buses = self.running.iter().flat_map(|running| &running.buses);
        let found = buses.clone().find(|own| own.bus == bus).and_then(|own| own.control.as_ref());
        let Some((name, control)) = found else {
            let why = ControlError::Failed("this bus has no controller".to_owned());
            self.failures.push(Event::Controlled { epoch, bus, news: failed(work, why) });
            return;
        };
        let (control, inbox) = (Arc::clone(control), self.inbox.clone());
        let body = move || {
            let news = match work {
                ControlWork::Restart => ControlNews::Restarted(control.restart()),
                ControlWork::ListenAt(rate) => ControlNews::Listening(control.listen_at(rate)),
                ControlWork::Restore => ControlNews::Restored(control.restore()),
            };
            let event = Event::Controlled { epoch, bus, news };
            if inbox.send_timeout(event, SEND_LIMIT).is_err() {
                tracing::error!("the hub did not hear what came of an order about a controller");
            }
        };
        let thread = std::thread::Builder::new().name(format!("ctl:{name}")).spawn(body);
        if let Err(error) = thread {
            let why = ControlError::Failed(error.to_string());
            self.failures.push(Event::Controlled { epoch, bus, news: failed(work, why) });
        }
    }

    /// The hub decides: the guards may know it, and the watchdog.
    pub(super) fn beat(&mut self, now: Mono) {
        self.pulse.beat(now);
        for Lapse { bus, text, goes_on } in self.sentinel.beat(now) {
            tracing::error!(bus = bus.0, "{text}");
            let epoch = self.epoch;
            self.failures.push(if goes_on {
                Event::Watchdog { epoch, bus, text }
            } else {
                Event::Unsent { epoch, bus, why: text }
            });
        }
    }

    pub(super) fn demo(&self, demo: SetDemo) {
        let buses = self.running.iter().flat_map(|running| &running.buses);
        for world in buses.filter_map(|own| own.demo.as_ref()) {
            if world.try_send(demo).is_err() {
                tracing::error!("a simulated world was told too much at once");
            }
        }
    }

    pub(super) fn play(&self, play: Play) {
        let buses = self.running.iter().flat_map(|running| &running.buses);
        for player in buses.filter_map(|own| own.player.as_ref()) {
            match play {
                Play::Resume => player.resume(),
                Play::Pause => player.pause(),
                Play::Speed(speed) => player.set_speed(speed),
                Play::Seek(offset) => player.seek(offset),
            }
        }
    }
}

impl Drop for PlantThreads {
    /// A hub that ends by a panic takes its threads with it, and not before they have stopped what
    /// charges.
    fn drop(&mut self) {
        self.close();
    }
}

/// The receiving thread of a bus.
struct RxThread {
    epoch: Epoch,
    plan: BusPlan,
    rx: Box<dyn BusRx>,
    player: Option<Player>,
    inbox: Sender<Event>,
    stop: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
}

impl RxThread {
    fn run(mut self) {
        let (epoch, bus) = (self.epoch, self.plan.bus);
        let _mourner = Mourner::new(self.inbox.clone(), epoch, bus);
        let mut told = None;
        self.send(Event::Bus { epoch, bus, status: self.rx.status() });
        while !self.stop.load(Ordering::SeqCst) {
            let mut frames = Frames::with_capacity(Default::default(), BATCH_FRAMES);
            let received = self.rx.receive(&mut frames, RX_WAIT);
            if !frames.is_empty() || received.restarted || received.position.is_some() {
                self.hand_on(Event::Frames { epoch, bus, frames, received });
            }
            if received.status_changed {
                self.send(Event::Bus { epoch, bus, status: self.rx.status() });
            }
            let now = self.clock.now();
            if let Some(player) = &self.player
                && told.is_none_or(|at| now.since(at) >= PLAYER_NEWS)
            {
                told = Some(now);
                self.send(Event::Played { epoch, progress: player.progress() });
            }
        }
    }

    /// Frames: a live bus drops and counts where the hub cannot follow; a recording waits.
    fn hand_on(&self, event: Event) {
        if self.player.is_some() {
            return self.send(event);
        }
        let frames = match &event {
            Event::Frames { frames, .. } => frames.len() as u64,
            _ => 0,
        };
        if self.inbox.try_send(event).is_err() {
            let (epoch, bus) = (self.epoch, self.plan.bus);
            self.send(Event::Lost { epoch, bus, frames });
        }
    }

    /// Everything else waits for room, but not beyond the end of the plant.
    fn send(&self, mut event: Event) {
        while !self.stop.load(Ordering::SeqCst) {
            match self.inbox.send_timeout(event, BATCH_WAIT) {
                Ok(()) | Err(SendTimeoutError::Disconnected(_)) => return,
                Err(SendTimeoutError::Timeout(back)) => event = back,
            }
        }
    }
}
