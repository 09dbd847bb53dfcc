//! Records buses without a running engine: opens them, and writes what they bring until somebody, the
//! time or the number of frames ends it. Never sends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use serde::Serialize;
use thiserror::Error;

use crate::base::id::{BusId, Name};
use crate::base::time::{Clock, Mono};
use crate::engine::can::address::Address;
use crate::engine::can::bus::{BusRx, BusState, BusStatus, OpenError, Wires};
use crate::engine::can::frame::Frames;
use crate::engine::can::record::Moment;
use crate::engine::can::record::disk::RealDisk;
use crate::engine::can::record::plan::PlanError;
pub use crate::engine::can::record::plan::{FilePlan, Place};
use crate::engine::can::record::roll::{Broken, Figures, Roll, Title};
use crate::engine::can::record::tap::{Aside, QUEUE, Tap, Tapped, Told, tap};
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::dbc::Codec;
use crate::engine::device::Catalog;
use crate::engine::filter::{Filter, Memory, Scope, Sieve, Vocabulary};
use crate::engine::offline::check;
use crate::engine::profile::model::Profile;
use crate::engine::sim::{Runner, Scene, SceneError};

/// Longest wait of a thread that receives, and for something to record.
const WAIT: Duration = Duration::from_millis(50);
/// Step of a simulated world.
const SIM_STEP: Duration = Duration::from_millis(5);
/// How often somebody hears how far it is.
const WATCHED: Duration = Duration::from_millis(200);
/// Longest that is still written of what had come when it was told to end.
const REST: Duration = Duration::from_secs(1);
/// Why what had come by then is missing.
const UNWRITTEN: &str = "the recording ended before they were written";

/// Why nothing is recorded, or no more.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The files cannot be made so.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A bus that is not there.
    #[error("the profile has no bus {0:?}")]
    NoBus(String),
    /// Nothing to record.
    #[error("there is no bus to record")]
    Nothing,
    /// A filter that cannot be read.
    #[error("the filter, character {place}: {text}")]
    Filter {
        /// Where.
        place: usize,
        /// What is wrong.
        text: String,
    },
    /// A bus that cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The scene of a simulated bus.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// Its world.
    #[error("the simulated devices cannot be had: {0}")]
    World(String),
    /// A DBC file.
    #[error("{0}")]
    Dbc(String),
    /// A thread.
    #[error("a thread cannot be started")]
    Thread(#[from] std::io::Error),
    /// Not even the first file can be written.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What is to be recorded.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its buses are recorded.
    pub profile: Profile,
    /// The kinds of device that are known: the filter may use their names.
    pub catalog: Arc<Catalog>,
    /// Only these of them; none: all.
    pub only: Vec<Name>,
    /// Which frames.
    pub filter: String,
    /// The files.
    pub files: FilePlan,
    /// Where they go.
    pub place: Place,
    /// For how long.
    pub span: Option<Duration>,
    /// How many frames.
    pub count: Option<u64>,
}

/// How far it is.
#[derive(Clone, Debug, Default)]
pub struct Position {
    /// The figures.
    pub figures: Figures,
    /// What has just happened to a bus, where something has.
    pub word: Option<String>,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Somebody has stopped it.
    Stopped,
    /// The time is over.
    Time,
    /// There are as many frames as were wanted.
    Count,
    /// No bus brings any more.
    BusesEnded,
    /// It cannot be written any more.
    Broken,
}

/// What was recorded, as machines read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Frames written.
    pub frames: u64,
    /// Bytes in all files.
    pub bytes: u64,
    /// Frames that the filter left out.
    pub left_out: u64,
    /// Frames that are missing.
    pub missing: u64,
    /// Gaps.
    pub gaps: u64,
    /// The files that are there.
    pub files: Vec<PathBuf>,
    /// Files that were given up to make room.
    pub deleted_files: u32,
    /// Seconds that it took.
    pub seconds: f64,
    /// What the format could not hold, in the last file.
    pub not_kept: Vec<String>,
    /// How it ended.
    pub ended: Ended,
    /// Why it could not go on.
    pub why: Option<String>,
}

/// Records.
///
/// # Errors
/// Nothing could be recorded at all. What ends a recording that has begun is in the summary.
pub fn run(
    request: Request,
    clock: &Arc<dyn Clock>,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Position),
) -> Result<Summary, RecordError> {
    request.files.check()?;
    let buses = chosen(&request)?;
    let sieve = sieve(&request)?;
    let wires = Wires { net: VirtualNet::new(Arc::clone(clock)), clock: Arc::clone(clock) };
    let (first, told, aside) = tap(QUEUE);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        for (bus, entry) in &buses {
            let link = wires.open(&entry.address, *bus)?;
            if let Some(scene) = &entry.scene {
                let scene = Scene::find(scene)?;
                let other = wires.open(&entry.address, *bus)?;
                let runner = Runner::new(&scene, other, clock.now());
                let mut runner = runner.map_err(|error| RecordError::World(error.to_string()))?;
                let over = &over;
                spawn(scope, "sim", move || {
                    while !over.load(Ordering::SeqCst) {
                        runner.step(clock.now());
                        std::thread::sleep(SIM_STEP);
                    }
                })?;
            }
            let is_recording = matches!(entry.address, Address::Replay(_));
            let (name, tap) = (entry.name.to_string(), first.another());
            let ear = Ear { rx: link.rx, name, tap, is_recording };
            let over = &over;
            spawn(scope, &format!("rx:{}", entry.name), move || ear.run(over))?;
        }
        drop(first);
        let title = Title {
            name: request.profile.name.to_string(),
            by: "busbar record".to_owned(),
            filter: request.filter.trim().to_owned(),
        };
        let asked = (request.files.clone(), request.place.clone(), title);
        let begun = Moment::of(&**clock);
        let roll = Roll::begin(asked, Box::new(RealDisk), Vec::new(), begun)?;
        let names = buses.iter().map(|(bus, entry)| (*bus, entry.name.to_string())).collect();
        let (memory, count) = (Memory::new(), request.count);
        let desk = Desk { roll, sieve, names, memory, count, aside, heard: 0, left_out: 0 };
        let until = request.span.map(|span| begun.mono.after(span));
        Ok(desk.record(&told, &**clock, (begun, until, stop), watch))
    })
}

/// Says to the threads that it is over, whatever ends it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn spawn<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    name: &str,
    body: impl FnOnce() + Send + 's,
) -> Result<(), RecordError> {
    std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, body)?;
    Ok(())
}

type Chosen = Vec<(BusId, crate::engine::profile::model::BusEntry)>;

/// The buses that are recorded: those that carry frames.
fn chosen(request: &Request) -> Result<Chosen, RecordError> {
    for name in &request.only {
        if request.profile.bus(name).is_none() {
            return Err(RecordError::NoBus(name.to_string()));
        }
    }
    let all = request.profile.buses.iter().enumerate();
    let wanted = all.filter(|(_, entry)| {
        let named = request.only.is_empty() || request.only.contains(&entry.name);
        named && !matches!(entry.address, Address::Tcp { .. })
    });
    let chosen: Chosen = wanted.map(|(at, entry)| (BusId(at as u16), entry.clone())).collect();
    if chosen.is_empty() { Err(RecordError::Nothing) } else { Ok(chosen) }
}

/// The filter with the names that the profile's devices and DBC files know.
fn sieve(request: &Request) -> Result<Sieve, RecordError> {
    let mut vocabulary = Vocabulary::new();
    for bus in &request.profile.buses {
        let here = request.profile.components.iter().filter(|one| one.bus == bus.name);
        let devices = here.filter_map(|one| {
            let kind = request.catalog.find(&one.kind)?;
            let device = Arc::clone(kind).bind(one.settings(kind)).ok()?;
            Some(Arc::clone(device.codec()))
        });
        let mut codecs: Vec<Arc<Codec>> = devices.collect();
        for file in &bus.dbc {
            let parsed = check::read(file).map_err(|error| RecordError::Dbc(error.to_string()))?;
            codecs.push(Arc::new(Codec::compile(&[&parsed.schema])));
        }
        vocabulary.add_bus(bus.name.as_str(), &codecs);
    }
    let read = Filter::parse(&request.filter);
    let read = read.and_then(|filter| filter.compile(&vocabulary, Scope::Recording));
    read.map_err(|mistake| {
        let before = request.filter.get(..mistake.span.start).unwrap_or_default();
        RecordError::Filter { place: before.chars().count() + 1, text: mistake.text }
    })
}

/// Hears one bus.
struct Ear {
    rx: Box<dyn BusRx>,
    name: String,
    tap: Tap,
    /// It is a recording: one that fails is over, while an interface may come back.
    is_recording: bool,
}

impl Ear {
    fn run(mut self, over: &AtomicBool) {
        let mut number = 0;
        let mut last = BusStatus::plain(BusState::Opening);
        let first = self.rx.status();
        if is_away(first.state) {
            // One that was never there has nothing to change, and is waited for: that is said.
            self.status(&last, &first);
            last = first;
        }
        while !over.load(Ordering::SeqCst) {
            let mut frames = Frames::default();
            let got = self.rx.receive(&mut frames, WAIT);
            if !frames.is_empty() {
                let count = frames.len() as u64;
                self.tap.frames(number, &Arc::new(frames));
                number += count;
            }
            if got.status_changed {
                let status = self.rx.status();
                self.status(&last, &status);
                last = status;
            }
            let is_over = match last.state {
                BusState::Ended => true,
                BusState::Failed => self.is_recording,
                BusState::Opening
                | BusState::Active
                | BusState::Warning
                | BusState::Passive
                | BusState::Off
                | BusState::Down
                | BusState::Missing => false,
            };
            if is_over {
                return;
            }
        }
    }

    fn status(&mut self, last: &BusStatus, now: &BusStatus) {
        let name = &self.name;
        let lost = now.dropped.saturating_sub(last.dropped);
        if lost > 0 {
            let why = format!("{name} dropped them before Busbar").into();
            self.tap.word(Told::Gap(lost, why));
        }
        let is_new = now.state != last.state || now.sentence != last.sentence;
        if let Some(sentence) = now.sentence.as_ref().filter(|_| is_new) {
            self.tap.word(Told::Gap(0, format!("{name}: {sentence}").into()));
        }
    }
}

/// Whether a bus brings nothing until somebody does something about it.
const fn is_away(state: BusState) -> bool {
    match state {
        BusState::Failed | BusState::Off | BusState::Down | BusState::Missing => true,
        BusState::Opening
        | BusState::Active
        | BusState::Warning
        | BusState::Passive
        | BusState::Ended => false,
    }
}

/// Writes.
struct Desk {
    roll: Roll,
    sieve: Sieve,
    names: BTreeMap<BusId, String>,
    memory: Memory,
    count: Option<u64>,
    aside: Aside,
    /// So many of the frames that did not fit were heard of.
    heard: u64,
    /// Frames that the filter left out.
    left_out: u64,
}

impl Desk {
    fn record(
        mut self,
        told: &crossbeam_channel::Receiver<Tapped>,
        clock: &dyn Clock,
        (begun, until, stop): (Moment, Option<Mono>, &AtomicBool),
        watch: &mut dyn FnMut(&Position),
    ) -> Summary {
        let mut watched = begun.mono;
        let mut broken = None;
        let ended = loop {
            let now = Moment::of(clock);
            let mut word = None;
            let took = match told.recv_timeout(WAIT) {
                Ok(tapped) => self.take(tapped, now, &mut word),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => break Ended::BusesEnded,
            };
            if let Err(error) = took.and_then(|()| self.roll.tick(now)) {
                broken = Some(error);
                break Ended::Broken;
            }
            if word.is_some() || now.mono.since(watched) >= WATCHED {
                watched = now.mono;
                watch(&Position { figures: self.roll.figures(), word });
            }
            if self.count.is_some_and(|count| self.roll.figures().frames >= count) {
                break Ended::Count;
            }
            if stop.load(Ordering::SeqCst) {
                break Ended::Stopped;
            }
            if until.is_some_and(|until| now.mono >= until) {
                break Ended::Time;
            }
        };
        let rest = match ended {
            Ended::Stopped | Ended::Time | Ended::BusesEnded => self.rest(told, clock),
            Ended::Count | Ended::Broken => Ok(()),
        };
        broken = broken.or(rest.err());
        let now = Moment::of(clock);
        let files = self.roll.files();
        let (figures, done) = self.roll.finish(now);
        let why = broken.or(done.err()).map(|error| error.to_string());
        Summary {
            frames: figures.frames,
            bytes: figures.bytes,
            left_out: self.left_out,
            missing: figures.missing,
            gaps: figures.gaps,
            files,
            deleted_files: figures.given_up,
            seconds: now.mono.since(begun.mono).as_secs_f64(),
            not_kept: figures.not_kept,
            ended: if why.is_some() { Ended::Broken } else { ended },
            why,
        }
    }

    fn take(
        &mut self,
        tapped: Tapped,
        now: Moment,
        word: &mut Option<String>,
    ) -> Result<(), Broken> {
        self.gap(now, tapped.missed)?;
        match tapped.what {
            Told::Frames(_, frames) => {
                let mut left = self.left();
                for frame in frames.iter() {
                    let Some(name) = self.names.get(&frame.bus()) else { continue };
                    if left == 0 {
                        break;
                    }
                    if self.sieve.lets(frame, &mut self.memory) {
                        self.roll.frame(now, (name, frames.timebase()), frame)?;
                        left -= 1;
                    } else {
                        self.left_out += 1;
                    }
                }
                Ok(())
            }
            Told::Gap(lost, why) => {
                *word = Some(why.to_string());
                self.roll.gap(now, lost, &why)
            }
            Told::Begin | Told::End => Ok(()),
        }
    }

    /// Writes what had come when it was told to end and was not yet written, for [`REST`] at most; what is
    /// left then is missing, and so is what did not fit into the queue.
    fn rest(
        &mut self,
        told: &crossbeam_channel::Receiver<Tapped>,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let (waiting, spilled, began) = (told.len(), self.aside.frames(), clock.now());
        let mut late = 0;
        for tapped in told.try_iter().take(waiting) {
            let now = Moment::of(clock);
            if late == 0 && now.mono.since(began) < REST {
                self.take(tapped, now, &mut None)?;
                continue;
            }
            late += match &tapped.what {
                Told::Frames(_, frames) => frames.len() as u64,
                Told::Gap(lost, _) => *lost,
                Told::Begin | Told::End => 0,
            };
        }
        let untold = spilled.saturating_sub(self.heard);
        let now = Moment::of(clock);
        self.gap(now, untold)?;
        if late == 0 {
            return Ok(());
        }
        self.roll.gap(now, late, UNWRITTEN)
    }

    /// Notes frames that did not fit into the queue.
    fn gap(&mut self, now: Moment, missed: u64) -> Result<(), Broken> {
        self.heard += missed;
        if missed == 0 {
            return Ok(());
        }
        self.roll.gap(now, missed, "the recorder could not follow")
    }

    /// How many frames are still wanted.
    fn left(&self) -> u64 {
        self.count.map_or(u64::MAX, |count| count.saturating_sub(self.roll.frames()))
    }
}

#[cfg(test)]
mod tests;
