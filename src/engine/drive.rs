//! The threads around the hub: one that owns it, one per bus that receives and one that sends, one
//! per simulated world. Every queue is bounded and says what it drops; a thread that ends by a panic is told to
//! everybody, so that nothing it left behind passes for live.

pub(in crate::engine) mod sending;
mod sentinel;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded, select};
use thiserror::Error;

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono, SystemClock};
use crate::engine::access::grant::LocalSeat;
use crate::engine::access::password::Cost;
use crate::engine::can::bus::{BATCH_FRAMES, BATCH_WAIT, BusRx, BusState, BusStatus, Link, Wires};
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::can::replay::Player;
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::device::{Catalog, Device};
use crate::engine::door::{Board, Door, Plant, Wakers};
use crate::engine::drive::sending::{Outlet, Pulse, QUEUE, TxThread};
use crate::engine::drive::sentinel::{Program, Sentinel};
use crate::engine::hub::{BusPlan, Effect, Epoch, Event, Hub, Now};
use crate::engine::orders::charging::SetDemo;
use crate::engine::orders::plant::Play;
use crate::engine::people::People;
use crate::engine::people::gate::Gate;
use crate::engine::sim::{Parked, Runner, Scene};
use crate::engine::snapshot::Notice;
use crate::engine::store::historian::LOOK_EVERY;
use crate::engine::store::{OpenError, Opener, StoreError, lock};
use crate::engine::supply::{self, Target};

/// Events the hub may be behind before live buses drop batches.
const INBOX_EVENTS: usize = 4096;
/// Stops that may wait to be taken.
const URGENT_EVENTS: usize = 64;
/// Events handled between two looks at the clock.
const EVENTS_A_TURN: usize = 64;
/// Longest that a receiving thread waits for the first frame of a batch: an idle bus wakes it this
/// often, and it ends within this time.
const RX_WAIT: Duration = Duration::from_millis(100);
/// How often a player's position is told.
const PLAYER_NEWS: Duration = Duration::from_millis(100);
/// Longest that a thread which has failed waits to say so.
const SEND_LIMIT: Duration = Duration::from_secs(1);
/// How long a program that ends waits for what charges to be stopped: the bounds of a stop are
/// shorter.
const STOP_LIMIT: Duration = Duration::from_secs(13);
/// What a simulated world may be told before it looks.
const DEMOS: usize = 64;
/// Step of a simulated world.
const SIM_STEP: Duration = Duration::from_millis(5);

/// What an engine is started with.
pub struct Config {
    /// The data folder.
    pub folder: PathBuf,
    /// Which kind of engine this is, for whoever wants the folder too: "the window".
    pub face: &'static str,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// On the machine's clock.
    #[must_use]
    pub fn new(folder: PathBuf, face: &'static str) -> Self {
        Self { folder, face, clock: SystemClock::new() }
    }
}

/// A running engine: drop it to stop every thread.
pub struct Running {
    /// The one way in.
    pub door: Door,
    /// Where people come in from elsewhere.
    pub gate: Gate,
    /// The place at the machine; `None` once taken.
    seat: Option<LocalSeat>,
    inbox: Sender<Event>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    watchdog: Program,
}

impl Running {
    /// The program that is started as the watchdog when a charge begins; without one there is none.
    pub fn watch_with(&self, program: PathBuf) {
        let _again = self.watchdog.set(program);
    }

    /// Takes the one local seat.
    pub const fn take_seat(&mut self) -> Option<LocalSeat> {
        self.seat.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A tick wakes the hub so that it sees the flag at once; a full inbox wakes it anyway.
        let _woken = self.inbox.try_send(Event::Tick);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine ended by a panic");
            }
        }
        // What was asked of the hub and never answered has just got its line.
        self.door.settle();
    }
}

/// Why the engine cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A thread cannot be made.
    #[error("a thread of the engine cannot be started")]
    Thread(#[from] std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// What is latched cannot be read: without it nobody knows what must not be started.
    #[error("it cannot be read at which packs a stop or a fault is latched")]
    Latches(#[from] StoreError),
}

/// Starts the engine, without a profile: give it one by an order.
///
/// # Errors
/// The data folder cannot be used, or the machine has no more threads.
pub fn start(config: Config) -> Result<Running, StartError> {
    let cost = Cost::of(&*config.clock);
    start_with(config, cost)
}

/// The same, with hashes of passwords that cost so much.
pub(in crate::engine) fn start_with(config: Config, cost: Cost) -> Result<Running, StartError> {
    let Config { folder, face, clock } = config;
    let opener = Opener::Engine { face };
    let (people, remarks) = People::open(&folder, opener, Arc::clone(&clock), cost)?;
    let (inbox, events) = bounded(INBOX_EVENTS);
    let latches = people.store().latches()?;
    let hub = Hub::latched(Arc::new(Catalog::builtin()), now(&*clock), latches);
    let board: Board = Arc::new(RwLock::new(hub.snapshot(now(&*clock))));
    let wakers = Wakers::default();
    let stop = Arc::new(AtomicBool::new(false));
    // Looked at by the hub's thread in every turn, so that no full inbox can lose it.
    let roster_news = Arc::new(AtomicBool::new(true));
    let news = Arc::clone(&roster_news);
    people.watch(Box::new(move || news.store(true, Ordering::SeqCst)));
    let (urgent, stops) = bounded(URGENT_EVENTS);
    let plant = Plant {
        inbox: inbox.clone(),
        urgent: urgent.clone(),
        board: Arc::clone(&board),
        wakers: wakers.clone(),
    };
    let door = Door::new(plant, Arc::clone(&people));
    let wires = Wires { net: VirtualNet::new(Arc::clone(&clock)), clock: Arc::clone(&clock) };
    let watchdog = Program::default();
    let plant = PlantThreads {
        inbox: inbox.clone(),
        wires,
        sentinel: Sentinel::new(Arc::clone(&watchdog)),
        pulse: Pulse::new(),
        running: None,
        failures: Vec::new(),
    };
    let (flag, records) = (Arc::clone(&stop), Arc::clone(&people));
    let owner = Owner {
        hub,
        events,
        stops,
        _urgent: urgent,
        board,
        wakers,
        clock,
        stop: flag,
        plant,
        people: records,
        roster_news,
    };
    for text in remarks {
        tracing::warn!("{text}");
        let _told = inbox.try_send(Event::Notice(Notice { subject: "data folder", text }));
    }
    let hub_thread = std::thread::Builder::new().name("hub".into()).spawn(move || owner.run())?;
    let threads = vec![hub_thread];
    let gate = Gate::new(people);
    Ok(Running { door, gate, seat: Some(LocalSeat::new()), inbox, stop, threads, watchdog })
}

/// The records of a data folder without a plant: for commands about accounts, beside a running
/// engine or without one.
pub struct Office {
    /// The way in; orders for a plant are refused.
    pub door: Door,
    /// Passwords and links.
    pub gate: Gate,
    /// Whoever may write the files of the folder sits here.
    pub seat: LocalSeat,
    /// What the person should know, such as a damaged file that was moved aside.
    pub remarks: Vec<String>,
    folder: PathBuf,
}

impl Office {
    /// Waits until an engine that runs on the folder knows of what was changed here, so that whoever
    /// goes on from here, such as the next line of a script, finds it in force.
    pub fn wait_until_seen(&self) {
        if lock::look(&self.folder).is_ok_and(|holder| holder.is_some()) {
            std::thread::sleep(LOOK_EVERY * 2);
        }
    }
}

/// Opens the records in `folder` on the machine's clock.
///
/// # Errors
/// The data folder cannot be used.
pub fn office(folder: &Path) -> Result<Office, StartError> {
    let clock: Arc<dyn Clock> = SystemClock::new();
    let (people, remarks) =
        People::open(folder, Opener::Command, Arc::clone(&clock), Cost::STANDARD)?;
    let hub = Hub::new(Arc::new(Catalog::builtin()), now(&*clock));
    let board: Board = Arc::new(RwLock::new(hub.snapshot(now(&*clock))));
    // Nobody takes from this inbox: the engine is stopping, as far as orders for it are concerned.
    let (inbox, _) = bounded(1);
    let plant = Plant { urgent: inbox.clone(), inbox, board, wakers: Wakers::default() };
    let door = Door::new(plant, Arc::clone(&people));
    Ok(Office {
        door,
        gate: Gate::new(people),
        seat: LocalSeat::new(),
        remarks,
        folder: folder.to_owned(),
    })
}

fn now(clock: &dyn Clock) -> Now {
    Now { mono: clock.now(), wall: clock.wall() }
}

/// The hub's thread.
struct Owner {
    hub: Hub,
    events: Receiver<Event>,
    /// What must not wait behind anything.
    stops: Receiver<Event>,
    /// Keeps that queue open when the last door is gone.
    _urgent: Sender<Event>,
    board: Board,
    wakers: Wakers,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
    plant: PlantThreads,
    people: Arc<People>,
    /// Set when people or their rights have changed.
    roster_news: Arc<AtomicBool>,
}

impl Owner {
    fn run(mut self) {
        let _obituary = Obituary { board: Arc::clone(&self.board), wakers: self.wakers.clone() };
        while !self.stop.load(Ordering::SeqCst) && self.turn(None) {}
        // What charges is stopped before any thread ends: the wires are still there.
        let until = self.clock.now().after(STOP_LIMIT);
        let mut first = Some(Event::Shutdown);
        while (first.is_some() || !self.hub.is_at_rest()) && self.clock.now() < until {
            if !self.turn(first.take()) {
                break;
            }
        }
        self.plant.close();
    }

    /// Waits for something to happen, or takes `first`, and does everything that follows; says
    /// whether there can be more.
    fn turn(&mut self, first: Option<Event>) -> bool {
        let mut effects = Vec::new();
        let event = match first {
            Some(event) => event,
            None => {
                let wait = self.hub.next_deadline().since(self.clock.now());
                let taken = select! {
                    recv(self.stops) -> event => event.ok(),
                    recv(self.events) -> event => event.ok(),
                    default(wait) => Some(Event::Tick),
                };
                let Some(event) = taken else { return false };
                event
            }
        };
        let now = now(&*self.clock);
        if self.roster_news.swap(false, Ordering::SeqCst) {
            self.hub.step(now, Event::Roster(self.people.roster()), &mut effects);
        }
        // Stops before everything else, even before what was taken first.
        for event in self.stops.try_iter().take(EVENTS_A_TURN) {
            self.hub.step(now, event, &mut effects);
        }
        self.hub.step(now, event, &mut effects);
        for event in self.events.try_iter().take(EVENTS_A_TURN) {
            self.hub.step(now, event, &mut effects);
        }
        while !effects.is_empty() {
            effects.drain(..).for_each(|effect| self.carry_out(effect));
            for failed in std::mem::take(&mut self.plant.failures) {
                self.hub.step(now, failed, &mut effects);
            }
        }
        if self.hub.is_at_rest() {
            self.plant.sentinel.rest();
        }
        true
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect { epoch, buses } => self.plant.connect(epoch, &buses),
            Effect::Play(play) => self.plant.play(play),
            Effect::Beat => self.plant.beat(self.clock.now()),
            Effect::Send { epoch, bus, frames } => self.plant.send(epoch, bus, frames),
            Effect::Demo(demo) => self.plant.demo(demo),
            Effect::Journal(entry) => self.people.store().file(*entry),
            Effect::Keep(keep) => self.people.store().keep(keep),
            Effect::Publish(snapshot) => {
                *self.board.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
                self.wakers.wake();
            }
            Effect::Answer(reply, answer) => reply.give(answer),
        }
    }
}

/// Left behind by the hub's thread: if it ends by a panic, the last snapshot loses what could pass
/// for live, and says why.
struct Obituary {
    board: Board,
    wakers: Wakers,
}

impl Drop for Obituary {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        let mut last = (**board).clone();
        last.version += 1;
        last.components.clear();
        last.groups.clear();
        last.notices.push(Notice {
            subject: "engine",
            text: "The engine has stopped by a fault of its own: nothing here is live any more. Start Busbar again.".into(),
        });
        *board = Arc::new(last);
        drop(board);
        self.wakers.wake();
    }
}

/// Held by a thread of a bus: if it ends by a panic, the hub hears that the bus has failed.
struct Mourner {
    inbox: Sender<Event>,
    epoch: Epoch,
    bus: BusId,
}

impl Mourner {
    const fn new(inbox: Sender<Event>, epoch: Epoch, bus: BusId) -> Self {
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

fn failure(epoch: Epoch, bus: BusId, why: String) -> Event {
    let status = BusStatus { sentence: Some(why), ..BusStatus::plain(BusState::Failed) };
    Event::Bus { epoch, bus, status }
}

/// The threads of the running plant.
struct PlantThreads {
    inbox: Sender<Event>,
    wires: Wires,
    /// Holds what would go on without this program.
    sentinel: Sentinel,
    /// When the hub last said that it decides.
    pulse: Pulse,
    running: Option<PlantRunning>,
    /// Buses that could not be opened, and frames that did not go out, for the hub.
    failures: Vec<Event>,
}

struct PlantRunning {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    players: Vec<Player>,
    /// The queues of the sending threads.
    outlets: Vec<(BusId, Sender<Frame>)>,
    /// Where simulated worlds are told what they are to do besides their scene.
    demos: Vec<Sender<SetDemo>>,
}

impl PlantThreads {
    fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.store(true, Ordering::SeqCst);
        for thread in running.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of a bus ended by a panic");
            }
        }
    }

    fn connect(&mut self, epoch: Epoch, buses: &[BusPlan]) {
        self.close();
        self.sentinel.plan(buses);
        let stop = Arc::new(AtomicBool::new(false));
        let (threads, players) = (Vec::new(), Vec::new());
        let (outlets, demos) = (Vec::new(), Vec::new());
        let mut running = PlantRunning { stop, threads, players, outlets, demos };
        for plan in buses {
            let opened = match &plan.supply {
                Some((target, device)) => self.supply(plan, target, device),
                None => self.wires.open(&plan.address, plan.bus).map_err(|e| e.to_string()),
            };
            match opened {
                Ok(link) => {
                    if let Err(why) = self.attach(epoch, plan, link, &mut running) {
                        self.failures.push(failure(epoch, plan.bus, why));
                    }
                }
                Err(why) => self.failures.push(failure(epoch, plan.bus, why)),
            }
        }
        self.running = Some(running);
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
        running: &mut PlantRunning,
    ) -> Result<(), String> {
        if let Some(scene) = &plan.scene {
            self.simulate(epoch, plan, scene, running)?;
        }
        let Link { rx, tx, player } = link;
        if let (Some(tx), Some(sending)) = (tx, &plan.sending) {
            let (sender, frames) = bounded(QUEUE);
            let thread = TxThread {
                epoch,
                bus: plan.bus,
                outlet: Outlet::new(tx, sending.clone()),
                frames,
                pulse: self.pulse.clone(),
                inbox: self.inbox.clone(),
                stop: Arc::clone(&running.stop),
                clock: Arc::clone(&self.wires.clock),
            };
            let name = format!("tx:{}", plan.name);
            let thread = std::thread::Builder::new().name(name).spawn(move || thread.run());
            running.threads.push(thread.map_err(|error| error.to_string())?);
            running.outlets.push((plan.bus, sender));
        }
        running.players.extend(player.clone());
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
        running: &mut PlantRunning,
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
        running.demos.push(sender);
        Ok(())
    }

    /// Puts frames into the queue of a bus; one that is not taken is told to the hub.
    fn send(&mut self, epoch: Epoch, bus: BusId, frames: Vec<Frame>) {
        // A command goes out only once something watches that can take it back.
        if let Err(why) = self.sentinel.sends(self.wires.clock.now(), bus, &frames) {
            self.failures.push(Event::Unsent { epoch, bus, why });
            return;
        }
        let outlets = self.running.iter().flat_map(|running| &running.outlets);
        let outlet = outlets.clone().find(|(own, _)| *own == bus).map(|(_, outlet)| outlet);
        for frame in frames {
            let sent = outlet.map(|outlet| outlet.try_send(frame));
            if !matches!(sent, Some(Ok(()))) {
                let why = if outlet.is_some() {
                    "too many frames wait to be sent"
                } else {
                    "this bus takes no frames"
                };
                self.failures.push(Event::Unsent { epoch, bus, why: why.to_owned() });
                return;
            }
        }
    }

    /// The hub decides: the guards may know it, and the watchdog.
    fn beat(&mut self, now: Mono) {
        self.pulse.beat(now);
        if let Err(why) = self.sentinel.beat(now) {
            // The next command starts another one, or does not go out.
            tracing::error!("{why}");
        }
    }

    fn demo(&self, demo: SetDemo) {
        for world in self.running.iter().flat_map(|running| &running.demos) {
            if world.try_send(demo).is_err() {
                tracing::error!("a simulated world was told too much at once");
            }
        }
    }

    fn play(&self, play: Play) {
        let players = self.running.iter().flat_map(|running| &running.players);
        for player in players {
            match play {
                Play::Resume => player.resume(),
                Play::Pause => player.pause(),
                Play::Speed(speed) => player.set_speed(speed),
                Play::Seek(offset) => player.seek(offset),
            }
        }
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
