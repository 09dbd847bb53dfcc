//! The threads around the hub: one that owns it, one per bus that receives, one per simulated
//! world, one that watches the profile file. Every queue is bounded and says what it drops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use thiserror::Error;

use crate::base::time::{Clock, SystemClock};
use crate::engine::access::grant::LocalSeat;
use crate::engine::can::bus::{BATCH_FRAMES, BATCH_WAIT, BusRx, BusState, BusStatus, Link, Wires};
use crate::engine::can::frame::Frames;
use crate::engine::can::replay::Player;
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::device::Catalog;
use crate::engine::door::{Board, Door, Wakers};
use crate::engine::hub::{BusPlan, Effect, Epoch, Event, Hub, Now};
use crate::engine::order::Play;
use crate::engine::sim::{Runner, Scene};

/// Events the hub may be behind before live buses drop batches.
const INBOX_EVENTS: usize = 4096;
/// Events handled between two looks at the clock.
const EVENTS_A_TURN: usize = 64;
/// How often a player's position is told.
const PLAYER_NEWS: Duration = Duration::from_millis(100);
/// Step of a simulated world.
const SIM_STEP: Duration = Duration::from_millis(5);

/// A running engine: drop it to stop every thread.
pub struct Running {
    /// The one way in.
    pub door: Door,
    /// The place at the machine; `None` once taken.
    seat: Option<LocalSeat>,
    inbox: Sender<Event>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
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
    }
}

/// Why the engine cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A thread cannot be made.
    #[error("a thread of the engine cannot be started")]
    Thread(#[from] std::io::Error),
}

/// Starts the engine on the machine's clock, without a profile: give it one by an order.
///
/// # Errors
/// The machine has no more threads.
pub fn start() -> Result<Running, StartError> {
    start_on(SystemClock::new())
}

/// Starts the engine on `clock`.
///
/// # Errors
/// The machine has no more threads.
pub fn start_on(clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let (inbox, events) = bounded(INBOX_EVENTS);
    let hub = Hub::new(Arc::new(Catalog::builtin()), now(&*clock));
    let board: Board = Arc::new(RwLock::new(hub.snapshot(now(&*clock))));
    let wakers = Wakers::default();
    let stop = Arc::new(AtomicBool::new(false));
    let door = Door::new(inbox.clone(), Arc::clone(&board), wakers.clone(), Arc::clone(&clock));
    let wires = Wires { net: VirtualNet::new(Arc::clone(&clock)), clock: Arc::clone(&clock) };
    let plant = PlantThreads { inbox: inbox.clone(), wires, running: None };
    let owner = Owner { hub, events, board, wakers, clock, stop: Arc::clone(&stop), plant };
    let hub_thread = std::thread::Builder::new().name("hub".into()).spawn(move || owner.run())?;
    let threads = vec![hub_thread];
    Ok(Running { door, seat: Some(LocalSeat::new()), inbox, stop, threads })
}

fn now(clock: &dyn Clock) -> Now {
    Now { mono: clock.now(), wall: clock.wall() }
}

/// The hub's thread.
struct Owner {
    hub: Hub,
    events: Receiver<Event>,
    board: Board,
    wakers: Wakers,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
    plant: PlantThreads,
}

impl Owner {
    fn run(mut self) {
        let mut effects = Vec::new();
        while !self.stop.load(Ordering::SeqCst) {
            let wait = self.hub.next_deadline().since(self.clock.now());
            let event = match self.events.recv_timeout(wait) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let now = now(&*self.clock);
            self.hub.step(now, event, &mut effects);
            for event in self.events.try_iter().take(EVENTS_A_TURN) {
                self.hub.step(now, event, &mut effects);
            }
            effects.drain(..).for_each(|effect| self.carry_out(effect));
        }
        self.plant.close();
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect { epoch, buses } => self.plant.connect(epoch, &buses),
            Effect::Play(play) => self.plant.play(play),
            Effect::Publish(snapshot) => {
                *self.board.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
                self.wakers.wake();
            }
            // Nobody waiting for the answer is no fault: a face may have closed meanwhile.
            Effect::Answer(reply, answer) => drop(reply.try_send(answer)),
        }
    }
}

/// The threads of the running plant.
struct PlantThreads {
    inbox: Sender<Event>,
    wires: Wires,
    running: Option<PlantRunning>,
}

struct PlantRunning {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    players: Vec<Player>,
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
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = PlantRunning { stop, threads: Vec::new(), players: Vec::new() };
        for plan in buses {
            match self.wires.open(&plan.address, plan.bus) {
                Ok(link) => self.attach(epoch, plan, link, &mut running),
                Err(error) => self.failed(epoch, plan, error.to_string()),
            }
        }
        self.running = Some(running);
    }

    fn attach(&self, epoch: Epoch, plan: &BusPlan, link: Link, running: &mut PlantRunning) {
        let Link { rx, tx: _, player } = link;
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
        match std::thread::Builder::new().name(name).spawn(move || receiver.run()) {
            Ok(thread) => running.threads.push(thread),
            Err(error) => return self.failed(epoch, plan, error.to_string()),
        }
        if let Some(scene) = &plan.scene {
            match self.simulate(plan, scene, &running.stop) {
                Ok(thread) => running.threads.push(thread),
                Err(why) => self.failed(epoch, plan, why),
            }
        }
    }

    /// Puts the simulated devices of `scene` onto the other end of the bus.
    fn simulate(
        &self,
        plan: &BusPlan,
        scene: &str,
        stop: &Arc<AtomicBool>,
    ) -> Result<JoinHandle<()>, String> {
        let scene = Scene::find(scene).map_err(|error| error.to_string())?;
        let link = self.wires.open(&plan.address, plan.bus).map_err(|error| error.to_string())?;
        let clock = Arc::clone(&self.wires.clock);
        let mut runner =
            Runner::new(&scene, link, clock.now()).map_err(|error| error.to_string())?;
        let stop = Arc::clone(stop);
        let body = move || {
            while !stop.load(Ordering::SeqCst) {
                runner.step(clock.now());
                std::thread::sleep(SIM_STEP);
            }
        };
        let name = format!("sim:{}", plan.name);
        std::thread::Builder::new().name(name).spawn(body).map_err(|error| error.to_string())
    }

    fn failed(&self, epoch: Epoch, plan: &BusPlan, why: String) {
        let sentence = Some(why);
        let status = BusStatus { sentence, ..BusStatus::plain(BusState::Failed) };
        let event = Event::Bus { epoch, bus: plan.bus, status };
        if self.inbox.try_send(event).is_err() {
            tracing::error!(bus = plan.name, "the inbox was full when a bus failed");
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
        let mut told = None;
        self.send(Event::Bus { epoch, bus, status: self.rx.status() });
        while !self.stop.load(Ordering::SeqCst) {
            let mut frames = Frames::with_capacity(Default::default(), BATCH_FRAMES);
            let received = self.rx.receive(&mut frames, BATCH_WAIT);
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
