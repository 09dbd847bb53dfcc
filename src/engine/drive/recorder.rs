//! The threads that record. The hub's thread hands what the buses bring to a tap for each of them and
//! never waits: what does not fit is counted, and stands in the recording as a gap.

#[cfg(test)]
mod tests;
mod thread;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

use crate::base::id::BusId;
use crate::base::time::Clock;
use crate::engine::can::bus::{BusState, BusStatus};
use crate::engine::can::record::plan::Place;
use crate::engine::can::record::shelf::{Shelf, ShelfError};
use crate::engine::can::record::tap::{QUEUE, Tap, Told, tap};
use crate::engine::door::SharedTape;
use crate::engine::drive::recorder::thread::{Job, Recorder};
use crate::engine::hub::{BusPlan, Event, Fate, RecordNews, RecordWork};
use crate::engine::orders::recording::KeepUpload;
use crate::engine::orders::{OrderError, Reply};
use crate::engine::snapshot::RecordState;

/// What the threads need.
pub(super) struct Desk {
    pub(super) inbox: Sender<Event>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shelf: Shelf,
    pub(super) tape: SharedTape,
}

struct Run {
    number: u64,
    tap: Tap,
    /// What it records: what becomes of other buses is none of its gaps.
    buses: BTreeSet<BusId>,
    /// Where whoever waits for the end of it is put.
    waits: Sender<Reply>,
}

struct Bus {
    name: Arc<str>,
    state: BusState,
    dropped: u64,
}

/// The recorders of the running plant.
pub(super) struct Recorders {
    desk: Desk,
    runs: Vec<Run>,
    /// Those that still write are waited for when the program ends.
    threads: Vec<JoinHandle<()>>,
    buses: BTreeMap<BusId, Bus>,
}

impl Recorders {
    pub(super) const fn new(desk: Desk) -> Self {
        Self { desk, runs: Vec::new(), threads: Vec::new(), buses: BTreeMap::new() }
    }

    /// Other buses are there.
    pub(super) fn connect(&mut self, plans: &[BusPlan]) {
        let bus = |plan: &BusPlan| {
            let name = plan.name.as_str().into();
            (plan.bus, Bus { name, state: BusState::Opening, dropped: 0 })
        };
        self.buses = plans.iter().map(bus).collect();
    }

    /// Some buses are others now.
    pub(super) fn amend(&mut self, plans: &[(BusPlan, Fate)]) {
        let mut old = std::mem::take(&mut self.buses);
        for (plan, fate) in plans {
            let kept = old.remove(&plan.bus).filter(|_| *fate != Fate::Opened);
            let new =
                || Bus { name: plan.name.as_str().into(), state: BusState::Opening, dropped: 0 };
            self.buses.insert(plan.bus, kept.unwrap_or_else(new));
        }
    }

    /// Ends all of them, and waits until what they have is on the disk.
    pub(super) fn close(&mut self) {
        self.runs.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a recorder ended by a panic");
            }
        }
    }

    /// Hands on what a bus of the running plant brought; its first frame has this number on the tape.
    pub(super) fn hear(&mut self, event: &Event, number: u64) {
        match event {
            Event::Frames { bus, frames, .. } if !frames.is_empty() => {
                let mut runs = self.of(*bus).peekable();
                if runs.peek().is_some() {
                    let frames = Arc::new(frames.clone());
                    runs.for_each(|run| run.tap.frames(number, &frames));
                }
            }
            Event::Lost { bus, frames, .. } => {
                let why = format!("Busbar could not follow {}", self.name(*bus));
                self.tell(*bus, &Told::Gap(*frames, why.into()));
            }
            Event::Bus { bus, status, .. } => self.status(*bus, status),
            Event::Frames { .. }
            | Event::Played { .. }
            | Event::Order { .. }
            | Event::Unsent { .. }
            | Event::Hand { .. }
            | Event::Record { .. }
            | Event::Replay { .. }
            | Event::Controlled { .. }
            | Event::Watchdog { .. }
            | Event::Kept { .. }
            | Event::Profile { .. }
            | Event::Present { .. }
            | Event::Roster(_)
            | Event::Catalog(_)
            | Event::Shutdown
            | Event::Notice(_)
            | Event::Tick => {}
        }
    }

    fn name(&self, bus: BusId) -> Arc<str> {
        self.buses.get(&bus).map_or_else(|| "a bus".into(), |bus| Arc::clone(&bus.name))
    }

    /// Those that record this bus.
    fn of(&mut self, bus: BusId) -> impl Iterator<Item = &mut Run> {
        self.runs.iter_mut().filter(move |run| run.buses.contains(&bus))
    }

    fn tell(&mut self, bus: BusId, told: &Told) {
        self.of(bus).for_each(|run| run.tap.word(told.clone()));
    }

    /// A bus that was lost, or whose kernel has dropped frames, leaves a gap.
    fn status(&mut self, id: BusId, status: &BusStatus) {
        let Some(bus) = self.buses.get_mut(&id) else { return };
        let name = Arc::clone(&bus.name);
        let lost = status.dropped.saturating_sub(bus.dropped);
        let was = std::mem::replace(&mut bus.state, status.state);
        bus.dropped = status.dropped;
        if lost > 0 {
            self.tell(id, &Told::Gap(lost, format!("{name} dropped them before Busbar").into()));
        }
        let word = match (is_there(was), is_there(status.state)) {
            (true, false) => format!("{name} was lost"),
            (false, true) if was != BusState::Opening => format!("{name} is back"),
            (true, true) | (false, _) => return,
        };
        self.tell(id, &Told::Gap(0, word.into()));
    }

    /// Does what the hub asks for.
    pub(super) fn work(&mut self, number: u64, work: RecordWork) {
        self.threads.retain(|thread| !thread.is_finished());
        match work {
            RecordWork::Begin { entry, by, buses, sieves, reply } => {
                let (tap, told, aside) = tap(QUEUE);
                let heard = buses.iter().map(|one| one.bus).collect();
                let (waits, ends) = bounded(1);
                let desk = &self.desk;
                let from = desk.tape.read().unwrap_or_else(PoisonError::into_inner).end();
                let job = Job { number, entry, by, buses, sieves: *sieves, from };
                let place = Place::Folder(desk.shelf.folder().to_path_buf());
                let thread = Recorder::new(job, place, desk, (told, aside, ends), reply);
                self.spawn("recorder", move || thread.run());
                self.runs.push(Run { number, tap, buses: heard, waits });
            }
            RecordWork::Rule(begins) => {
                let here = self.runs.iter_mut().filter(|run| run.number == number);
                for run in here {
                    run.tap.word(if begins { Told::Begin } else { Told::End });
                }
            }
            RecordWork::End(reply) => {
                let Some(at) = self.runs.iter().position(|run| run.number == number) else {
                    if let Some(reply) = reply {
                        reply.give(Ok(()));
                    }
                    return;
                };
                let run = self.runs.swap_remove(at);
                if let Some(reply) = reply {
                    // There is room for one, and nobody else is told to end it.
                    let _full = run.waits.try_send(reply);
                }
            }
            RecordWork::Delete(name, reply) => {
                let shelf = self.desk.shelf.clone();
                self.spawn("recordings", move || reply.give(done(shelf.remove(&name))));
            }
            RecordWork::Keep(upload, reply) => {
                let shelf = self.desk.shelf.clone();
                self.spawn("recordings", move || reply.give(keep(&shelf, &upload)));
            }
        }
    }

    /// Where there is no thread, what the body holds is dropped, and with it a reply that says so.
    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new().name(name.into()).spawn(body) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => tracing::error!(%error, "there is no thread to record with"),
        }
    }
}

/// Whether frames can come from a bus in this state.
const fn is_there(state: BusState) -> bool {
    match state {
        BusState::Active | BusState::Warning | BusState::Passive => true,
        BusState::Opening
        | BusState::Off
        | BusState::Down
        | BusState::Missing
        | BusState::Failed
        | BusState::Ended => false,
    }
}

fn keep(shelf: &Shelf, upload: &KeepUpload) -> Result<(), OrderError> {
    match upload.take() {
        Some(incoming) => done(shelf.keep(incoming)),
        None => Err(OrderError::Unfit("it was taken in already".to_owned())),
    }
}

fn done(said: Result<(), ShelfError>) -> Result<(), OrderError> {
    said.map_err(|error| match error {
        ShelfError::Missing(which) => {
            OrderError::NotFound { what: "recording", which: format!("{which:?}") }
        }
        ShelfError::Taken(name) => OrderError::Taken { what: "a recording", name },
        ShelfError::Name(_)
        | ShelfError::Busy(_)
        | ShelfError::TooLarge(_)
        | ShelfError::TooMany
        | ShelfError::NoRoom(_)
        | ShelfError::Unknown(_)
        | ShelfError::Disk(_) => OrderError::Unfit(error.to_string()),
    })
}

/// What is said of a recording whose thread has ended by a fault.
fn fault() -> RecordNews {
    let state = RecordState::Ended("the recorder has stopped by a fault of its own".to_owned());
    RecordNews { state, figures: Default::default(), rate: 0.0, full: None, answer: None }
}
