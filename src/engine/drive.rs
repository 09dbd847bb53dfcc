//! The threads around the hub: one that owns it, one per bus that receives and one that sends, one
//! per simulated world. Every queue is bounded and says what it drops; a thread that ends by a panic is told to
//! everybody, so that nothing it left behind passes for live.

mod clerk;
mod devices;
mod hand;
mod recorder;
mod replay;
pub(in crate::engine) mod sending;
mod sentinel;
pub(crate) mod stopper;
#[cfg(test)]
mod tests;
mod threads;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use thiserror::Error;

use crate::base::id::Name;
use crate::base::time::{Clock, Mono, SystemClock};
use crate::engine::access::grant::LocalSeat;
use crate::engine::access::password::Cost;
use crate::engine::access::settings::{Override, RecordSettings};
use crate::engine::can::bus::Wires;
use crate::engine::can::record::shelf::Shelf;
use crate::engine::can::tape::Tape;
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::door::{Board, Door, Plant, SharedTape, Wakers};
use crate::engine::drive::devices::DeviceWatch;
use crate::engine::drive::recorder::{Desk, Recorders};
use crate::engine::drive::sentinel::{Program, Sentinel};
use crate::engine::drive::stopper::{End, Stopper};
use crate::engine::drive::threads::PlantThreads;
use crate::engine::hub::{Effect, Event, Hub, Now};
use crate::engine::log::SystemLog;
use crate::engine::people::People;
use crate::engine::people::gate::Gate;
use crate::engine::snapshot::{Notice, Snapshot};
use crate::engine::store::historian::LOOK_EVERY;
use crate::engine::store::{OpenError, Opener, StoreError, charges, lock};

/// Events the hub may be behind before live buses drop batches.
const INBOX_EVENTS: usize = 4096;
/// Stops that may wait to be taken.
const URGENT_EVENTS: usize = 64;
/// Where recordings go in the data folder.
const RECORDINGS: &str = "recordings";
/// Events handled between two looks at the clock.
const EVENTS_A_TURN: usize = 64;
/// How long a program that ends waits for what charges to be stopped: the bounds of a stop are
/// shorter.
const STOP_LIMIT: Duration = Duration::from_secs(13);

/// What an engine is started with.
pub struct Config {
    /// The data folder.
    pub folder: PathBuf,
    /// Which kind of engine this is, for whoever wants the folder too: "the window".
    pub face: &'static str,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What stands above the settings for this run.
    pub overrides: Vec<Override>,
    /// What the program says of itself.
    pub log: SystemLog,
}

impl Config {
    /// On the machine's clock.
    #[must_use]
    pub fn new(folder: PathBuf, face: &'static str) -> Self {
        let clock: Arc<dyn Clock> = SystemClock::new();
        let log = SystemLog::new(Arc::clone(&clock));
        Self { folder, face, clock, overrides: Vec::new(), log }
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
    stopper: Stopper,
    threads: Vec<JoinHandle<()>>,
    watchdog: Program,
}

impl Running {
    /// The program that is started as the watchdog when a charge begins; without one there is none.
    pub fn watch_with(&self, program: PathBuf) {
        let _again = self.watchdog.set(program);
    }

    /// A handle that ends this engine from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Takes the one local seat.
    pub const fn take_seat(&mut self) -> Option<LocalSeat> {
        self.seat.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
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
    let net = VirtualNet::new(Arc::clone(&config.clock));
    start_on(config, cost, net)
}

/// The same, with virtual buses on which others may listen.
pub(in crate::engine) fn start_on(
    config: Config,
    cost: Cost,
    net: VirtualNet,
) -> Result<Running, StartError> {
    let Config { folder, face, clock, overrides, log } = config;
    let opener = Opener::Engine { face };
    let (people, remarks) = People::open(&folder, opener, Arc::clone(&clock), cost)?;
    let settings = Arc::clone(&people.roster().settings);
    let shelf = Shelf::new(place_of(&folder, &settings.records));
    // The folder is this engine's now, and nobody takes anything in yet.
    shelf.sweep();
    let (inbox, events) = bounded(INBOX_EVENTS);
    let latches = people.store().latches()?;
    let devices = people.devices().clone();
    devices.sweep();
    let newest = people.store().read(charges::newest)?;
    let hub = Hub::latched(devices.catalog(), now(&*clock), latches).numbered_after(newest);
    let board: Board = Arc::new(RwLock::new(hub.snapshot(now(&*clock))));
    let tape = Arc::new(RwLock::new(Tape::new(u64::from(settings.records.trace_frames))));
    let wakers = Wakers::default();
    let stopper = Stopper::new(inbox.clone());
    // Looked at by the hub's thread in every turn, so that no full inbox can lose it.
    let roster_news = Arc::new(AtomicBool::new(true));
    let news = Arc::clone(&roster_news);
    people.watch(Box::new(move || news.store(true, Ordering::SeqCst)));
    let catalog_news = Arc::new(AtomicBool::new(true));
    let news = Arc::clone(&catalog_news);
    devices.watch(Box::new(move || news.store(true, Ordering::SeqCst)));
    let device_watch = DeviceWatch::start(devices)?;
    let (urgent, stops) = bounded(URGENT_EVENTS);
    let plant = Plant {
        inbox: inbox.clone(),
        urgent: urgent.clone(),
        board: Arc::clone(&board),
        tape: Arc::clone(&tape),
        wakers: wakers.clone(),
        shelf: shelf.clone(),
        overrides: overrides.into(),
        log: log.clone(),
        folder: folder.as_path().into(),
        started: clock.now(),
    };
    let door = Door::new(plant, Arc::clone(&people));
    let wires = Wires { net, clock: Arc::clone(&clock) };
    let watchdog = Program::default();
    let sentinel = Sentinel::new(Arc::clone(&watchdog));
    let plant = PlantThreads::new(inbox.clone(), wires, sentinel);
    let desk = Desk {
        inbox: inbox.clone(),
        clock: Arc::clone(&clock),
        shelf: shelf.clone(),
        tape: Arc::clone(&tape),
    };
    let records = Arc::clone(&people);
    let owner = Owner {
        hub,
        events,
        stops,
        _urgent: urgent,
        board,
        tape,
        wakers,
        clock,
        stopper: stopper.clone(),
        plant,
        recorders: Recorders::new(desk),
        people: records,
        roster_news,
        catalog_news,
        _device_watch: device_watch,
        running: None,
        log,
        folder,
        shelf,
        _end: stopper.end(),
    };
    for text in remarks {
        tracing::warn!("{text}");
        let _told = inbox.try_send(Event::Notice(Notice { subject: "data folder", text }));
    }
    let hub_thread = std::thread::Builder::new().name("hub".into()).spawn(move || owner.run())?;
    let threads = vec![hub_thread];
    let gate = Gate::new(people);
    Ok(Running { door, gate, seat: Some(LocalSeat::new()), stopper, threads, watchdog })
}

/// The records of a data folder without a plant: for commands about accounts, beside a running
/// engine or without one.
pub struct Office {
    /// The way in; orders for a plant are refused, but for those about profiles where no engine runs.
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
    /// Who runs an engine on the folder, as it says of itself; none where nobody does.
    ///
    /// # Errors
    /// It cannot be found out.
    pub fn engine(&self) -> std::io::Result<Option<String>> {
        lock::look(&self.folder)
    }

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
    let hub = Hub::new(people.devices().catalog(), now(&*clock));
    let board: Board = Arc::new(RwLock::new(hub.snapshot(now(&*clock))));
    // Texts of profiles are worked on here, too; all else about a plant is refused.
    let inbox = clerk::start(folder.to_owned(), Arc::clone(&people))?;
    let (tape, wakers) = (SharedTape::default(), Wakers::default());
    let shelf = Shelf::new(place_of(folder, &people.roster().settings.records));
    let plant = Plant {
        urgent: inbox.clone(),
        inbox,
        board,
        tape,
        wakers,
        shelf,
        overrides: Arc::default(),
        log: SystemLog::new(Arc::clone(&clock)),
        folder: folder.into(),
        started: clock.now(),
    };
    let door = Door::new(plant, Arc::clone(&people));
    Ok(Office {
        door,
        gate: Gate::new(people),
        seat: LocalSeat::new(),
        remarks,
        folder: folder.to_owned(),
    })
}

/// Where recordings go.
fn place_of(folder: &Path, records: &RecordSettings) -> PathBuf {
    folder.join(records.recordings.as_deref().unwrap_or(Path::new(RECORDINGS)))
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
    tape: SharedTape,
    wakers: Wakers,
    clock: Arc<dyn Clock>,
    stopper: Stopper,
    plant: PlantThreads,
    recorders: Recorders,
    people: Arc<People>,
    /// Set when people or their rights have changed.
    roster_news: Arc<AtomicBool>,
    /// Set when other kinds of device are known.
    catalog_news: Arc<AtomicBool>,
    _device_watch: DeviceWatch,
    /// What the program says of itself.
    log: SystemLog,
    /// The profile that runs, as displays know it.
    running: Option<Name>,
    /// The data folder.
    folder: PathBuf,
    /// The folder of recordings.
    shelf: Shelf,
    /// Last of all: says that everything before it has ended.
    _end: End,
}

impl Owner {
    fn run(mut self) {
        let _obituary = Obituary { board: Arc::clone(&self.board), wakers: self.wakers.clone() };
        while !self.stopper.is_asked() && self.turn(None) {}
        // What charges is stopped before any thread ends: the wires are still there.
        let until = self.clock.now().after(STOP_LIMIT);
        let mut first = Some(Event::Shutdown);
        while (first.is_some() || !self.hub.may_end()) && self.clock.now() < until {
            if !self.turn(first.take()) {
                break;
            }
        }
        self.plant.close();
        self.recorders.close();
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
            let roster = self.people.roster();
            self.follow(&roster.settings.records);
            self.log.follow(&roster.settings);
            self.hub.step(now, Event::Roster(roster), &mut effects);
        }
        if self.catalog_news.swap(false, Ordering::SeqCst) {
            let catalog = self.people.devices().catalog();
            self.hub.step(now, Event::Catalog(catalog), &mut effects);
        }
        // Stops before everything else, even before what was taken first.
        for event in self.stops.try_iter().take(EVENTS_A_TURN) {
            self.hub.step(now, event, &mut effects);
        }
        self.keep(&event);
        self.hub.step(now, event, &mut effects);
        for _ in 0..EVENTS_A_TURN {
            let Ok(event) = self.events.try_recv() else { break };
            self.keep(&event);
            self.hub.step(now, event, &mut effects);
        }
        while !effects.is_empty() {
            effects.drain(..).for_each(|effect| self.carry_out(now.mono, effect));
            for failed in std::mem::take(&mut self.plant.failures) {
                self.hub.step(now, failed, &mut effects);
            }
        }
        if self.hub.is_at_rest() {
            self.plant.sentinel.rest();
        }
        true
    }

    /// Brings the tape and the folder of recordings to what the settings say.
    fn follow(&self, records: &RecordSettings) {
        self.shelf.move_to(place_of(&self.folder, records));
        let limit = u64::from(records.trace_frames);
        self.tape.write().unwrap_or_else(PoisonError::into_inner).hold(limit);
    }

    /// Displays may belong to a profile: they end when another one runs.
    fn tell_displays(&mut self, snapshot: &Snapshot) {
        let name = snapshot.profile.as_ref().map(|profile| &profile.name);
        if name != self.running.as_ref() {
            self.running = name.cloned();
            let name = self.running.as_ref().map(Name::as_str);
            self.people.displays().profile_runs(name, &self.people.roster());
        }
    }

    /// Puts what the present plant brought onto the tape, and hands it to whoever records.
    fn keep(&mut self, event: &Event) {
        let (Event::Frames { epoch, bus, .. }
        | Event::Lost { epoch, bus, .. }
        | Event::Bus { epoch, bus, .. }) = event
        else {
            return;
        };
        if !self.plant.holds(*epoch, *bus) {
            return;
        }
        let mut number = 0;
        if let Event::Frames { frames, .. } = event {
            let mut tape = self.tape.write().unwrap_or_else(PoisonError::into_inner);
            number = tape.end();
            tape.push(frames);
        }
        self.recorders.hear(event, number);
    }

    fn wipe(&self) {
        self.tape.write().unwrap_or_else(PoisonError::into_inner).wipe();
    }

    fn carry_out(&mut self, decided: Mono, effect: Effect) {
        match effect {
            Effect::Connect { epoch, buses } => {
                self.wipe();
                self.recorders.connect(&buses);
                self.plant.connect(epoch, &buses);
            }
            Effect::Amend { epoch, buses } => {
                // What was heard on a bus that is another one now would pass for what that one says.
                if self.plant.moves(&buses) {
                    self.wipe();
                }
                self.recorders.amend(&buses);
                self.plant.amend(epoch, &buses);
            }
            Effect::Wipe => self.wipe(),
            Effect::Play(play) => self.plant.play(play),
            // The moment it was decided at, not this one: a program that was frozen in between must not
            // give what it decided before that a fresh heartbeat.
            Effect::Beat => self.plant.beat(decided),
            Effect::Send { epoch, bus, frames } => {
                let frames = frames.into_iter().map(|frame| frame.at(decided)).collect();
                self.plant.send(epoch, bus, frames);
            }
            Effect::Hand { epoch, bus, work } => self.plant.by_hand(epoch, bus, work),
            Effect::Replay { epoch, name, order, work } => {
                self.plant.replay(epoch, &name, (order, work));
            }
            Effect::Record { number, work } => self.recorders.work(number, work),
            Effect::Control { epoch, bus, work } => self.plant.control(epoch, bus, work),
            Effect::Demo(demo) => self.plant.demo(demo),
            Effect::Journal(entry) => self.people.store().file(*entry),
            Effect::Keep(keep) => self.people.store().keep(keep),
            Effect::KeepProfile(job) => {
                let (inbox, people) = (self.plant.inbox(), Arc::clone(&self.people));
                self.plant.failures.extend(writing::keep(inbox, people, job));
            }
            Effect::Profile(job) => {
                let (inbox, people) = (self.plant.inbox(), Arc::clone(&self.people));
                self.plant.failures.extend(writing::work(inbox, people, job));
            }
            Effect::Publish(snapshot) => {
                self.tell_displays(&snapshot);
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
        last.charges.clear();
        last.schedules.clear();
        last.replays.clear();
        last.notices.push(Notice {
            subject: "engine",
            text: "The engine has stopped by a fault of its own: nothing here is live any more. Start Busbar again.".into(),
        });
        *board = Arc::new(last);
        drop(board);
        self.wakers.wake();
    }
}
