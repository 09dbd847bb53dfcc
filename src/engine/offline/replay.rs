//! Replays a recording onto buses without a running engine. A real interface is sent to only where
//! whoever asks says so; there is no profile here, so what is
//! blocked there are the ids that set up the devices that are known.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Clock, Mono};
use crate::engine::can::address::{Address, AddressError};
use crate::engine::can::bus::{BusRx, BusState, BusTx, OpenError, Wires};
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::can::guard::{Block, HandGuard, Reach};
use crate::engine::can::interfaces::is_virtual;
use crate::engine::can::replay::{Due, Outcome, Pick, Replay, Routes, Unsent};
pub use crate::engine::can::replay::{
    EndKnown, IdMap, PlanError, PlayState, Refusal, ReplayPlan, ReplayProgress, Speed,
};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::dbc::{Codec, Parsed, Schema};
use crate::engine::device::Catalog;
use crate::engine::filter::{Mistake, Sifter};
use crate::engine::offline::decode::load;

/// Longest that it sleeps without looking whether it is to stop.
const SLICE: Duration = Duration::from_millis(20);
/// So long before a frame is due it stops sleeping and watches the clock: a system wakes nobody more
/// exactly than this.
const WATCH: Duration = Duration::from_micros(150);
/// It looks ahead in the recording only where this is left.
const LEISURE: Duration = Duration::from_millis(5);
/// Tries, of [`OPEN_WAIT`] each, until an interface has said how it is.
const OPEN_TRIES: usize = 50;
const OPEN_WAIT: Duration = Duration::from_millis(10);
/// How often somebody hears how far it is.
const SHOWN: Duration = Duration::from_millis(50);
/// How often it is looked what the buses say, and how often at one before it is the next one's turn: a
/// serial adapter brings little at a time, and all it says has to be read.
const RX_WAIT: Duration = Duration::from_millis(5);
const RX_TURNS: usize = 256;
/// Most buses of one replay.
pub const BUSES: usize = 16;

/// Why nothing is replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The recording.
    #[error(transparent)]
    Log(#[from] OpenLogError),
    /// There is nothing in it, or it cannot be read.
    #[error("{0}")]
    Recording(String),
    /// What is asked for cannot be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The filter.
    #[error("the filter cannot be used: {}", .0.text)]
    Filter(Mistake),
    /// A DBC file.
    #[error("{0}")]
    Dbc(String),
    /// The bus is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A bus that takes no frames.
    #[error("{0} takes no frames: give an interface such as vcan0, or virtual:NAME")]
    Mute(Address),
    /// A real bus, and nobody said that it may be sent to.
    #[error(
        "{0} is a real interface: what is replayed there moves real devices. Add --arm if that is \
         what you want"
    )]
    NotArmed(String),
    /// The bus cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can be opened, but not used.
    #[error("{address} cannot be used: {why}")]
    Unusable {
        /// The bus.
        address: Address,
        /// Why, and what to type.
        why: String,
    },
    /// There are too many.
    #[error("a replay goes onto at most {BUSES} buses")]
    TooManyBuses,
    /// There is no thread left.
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Whether real interfaces may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arming {
    /// Only what has no hardware behind it.
    VirtualOnly,
    /// Whoever asks has said so.
    Armed,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The recording.
    pub file: PathBuf,
    /// Where its frames go: the name of an interface, or an address.
    pub bus: String,
    /// Buses of the recording that go elsewhere.
    pub named: Vec<(String, String)>,
    /// How fast, which part, how often, under which ids.
    pub plan: ReplayPlan,
    /// Which frames; the empty text lets everything through.
    pub filter: String,
    /// DBC files whose names the filter may use.
    pub dbcs: Vec<PathBuf>,
    /// Whether real interfaces may be sent to.
    pub arming: Arming,
    /// The kinds of device that are known: what sets them up is never sent to hardware.
    pub catalog: Arc<Catalog>,
}

/// How a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It came to its end.
    End,
    /// Somebody stopped it.
    Stopped,
    /// It could not go on.
    Halted,
}

/// What was replayed, as machines read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The recording.
    pub recording: PathBuf,
    /// How it ended.
    pub ended: Ended,
    /// Why, where it did not come to its end.
    pub why: Option<String>,
    /// Frames that the buses took.
    pub frames_sent: u64,
    /// Frames that were not sent, by reason.
    pub refused: std::collections::BTreeMap<&'static str, u64>,
    /// Frames that the filter left out.
    pub left_out: u64,
    /// Rounds that are over.
    pub rounds: u32,
    /// By how much frames were late, microseconds.
    pub late_us: LateUs,
    /// Frames that were late by more than a millisecond.
    pub late_frames: u64,
    /// How far it fell behind the clock altogether, seconds.
    pub behind_s: f64,
    /// How far it shortened pauses, seconds.
    pub gaps_shortened_s: f64,
    /// Lines of the recording that were skipped, as far as it was read.
    pub skipped_lines: u64,
    /// Which, and what else is odd about the recording.
    pub problems: Vec<Problem>,
}

/// Lateness in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LateUs {
    /// Half of the frames less than this.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// The latest.
    pub max: f64,
}

impl Summary {
    fn of(recording: &Path, progress: ReplayProgress, ended: Ended) -> Self {
        let figures = &progress.figures;
        let us = |span: Duration| span.as_nanos() as f64 / 1000.0;
        Self {
            recording: recording.to_owned(),
            ended,
            why: progress.why,
            frames_sent: figures.sent,
            refused: Refusal::ALL.map(|why| (why.name(), figures.refused.of(why))).into(),
            left_out: figures.left_out,
            rounds: progress.rounds,
            late_us: LateUs {
                p50: us(figures.late_p50),
                p90: us(figures.late_p90),
                p99: us(figures.late_p99),
                max: us(figures.late_max),
            },
            late_frames: figures.late,
            behind_s: figures.behind.as_secs_f64(),
            gaps_shortened_s: figures.gaps.1.as_secs_f64(),
            skipped_lines: progress.odd.skipped,
            problems: progress.odd.problems,
        }
    }
}

/// A bus that is sent to.
struct Target {
    address: Address,
    tx: Box<dyn BusTx>,
    guard: HandGuard,
}

/// A replay that is ready to begin.
pub struct Job {
    file: PathBuf,
    replay: Replay,
    targets: Vec<Target>,
    clock: Arc<dyn Clock>,
    listener: Listener,
}

impl Job {
    /// Opens the recording and the buses.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn open(request: &Request, clock: Arc<dyn Clock>) -> Result<Self, ReplayError> {
        let net = VirtualNet::new(Arc::clone(&clock));
        Self::open_with(request, &Wires { net, clock })
    }

    /// The same, on wires that others have too.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn open_with(request: &Request, wires: &Wires) -> Result<Self, ReplayError> {
        request.plan.check()?;
        let log = Log::open(&request.file)?;
        if log.size().is_none() {
            return Err(OpenLogError::Pipe { path: request.file.clone() }.into());
        }
        let pick = picker(&request.filter, &request.dbcs)?;
        let mut addresses = vec![address(&request.bus)?];
        let mut routes = Routes::default();
        for (name, bus) in &request.named {
            let address = address(bus)?;
            let place = addresses.iter().position(|own| *own == address);
            let target = place.unwrap_or(addresses.len());
            if place.is_none() {
                addresses.push(address);
            }
            routes.named.push((name.clone(), target));
        }
        if addresses.len() > BUSES {
            return Err(ReplayError::TooManyBuses);
        }
        let replay = Replay::new(&log, request.plan.clone(), routes, pick);
        let replay = replay.map_err(ReplayError::Recording)?;
        let (mut targets, mut ears) = (Vec::new(), Vec::new());
        for address in addresses {
            let (target, ear) = open_bus(address, request, wires)?;
            targets.push(target);
            ears.push(ear);
        }
        let listener = Listener::start(ears).map_err(ReplayError::Thread)?;
        let (file, clock) = (request.file.clone(), Arc::clone(&wires.clock));
        Ok(Self { file, replay, targets, clock, listener })
    }

    /// Sends it, until its end or until `stop` is set; `show` is told how far it is, some twenty times
    /// a second at most. Once `stop` is set nothing goes out any more but the frame in flight.
    ///
    /// # Errors
    /// The part begins behind the recording's end, which a long recording says only once it has been
    /// looked through. Nothing was sent.
    pub fn run(
        mut self,
        stop: &AtomicBool,
        show: &mut dyn FnMut(&ReplayProgress),
    ) -> Result<Summary, ReplayError> {
        self.replay.play(self.clock.now());
        let mut shown = self.clock.now();
        while !stop.load(Ordering::SeqCst) {
            let now = self.clock.now();
            match self.replay.next(now) {
                Due::Frame(frame, target) => {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let outcome = self.send(now, frame, target);
                    self.replay.done(self.clock.now(), outcome);
                }
                Due::At(until) => self.wait(until, stop),
                Due::Busy => {}
                Due::Nothing => break,
            }
            if now.since(shown) >= SHOWN {
                shown = now;
                show(&self.replay.progress(now));
            }
        }
        self.replay.check_begin()?;
        let progress = self.replay.progress(self.clock.now());
        let ended = match (progress.state, &progress.why) {
            (PlayState::Ended, _) => Ended::End,
            (PlayState::Paused, Some(_)) => Ended::Halted,
            (PlayState::Paused | PlayState::Playing, _) => Ended::Stopped,
        };
        self.listener.end();
        Ok(Summary::of(&self.file, progress, ended))
    }

    fn send(&mut self, now: Mono, frame: Frame, target: usize) -> Outcome {
        let Some(target) = self.targets.get_mut(target) else {
            return Outcome::Halt("the bus is not there".to_owned());
        };
        // This loop is what decides: it lives as long as it gets here.
        target.guard.beat(now);
        let cleared = target.guard.clear(now, frame).map_err(Unsent::Kept);
        match cleared.and_then(|cleared| target.tx.transmit(cleared).map_err(Unsent::Wire)) {
            Ok(()) => Outcome::Sent,
            Err(why) => why.outcome(now, &target.guard),
        }
    }

    fn wait(&mut self, until: Mono, stop: &AtomicBool) {
        let mut ahead = true;
        while !stop.load(Ordering::SeqCst) {
            let left = until.since(self.clock.now());
            if left.is_zero() {
                return;
            }
            if left > LEISURE && ahead {
                ahead = self.replay.look_ahead();
            } else if left > WATCH {
                std::thread::sleep(left.saturating_sub(WATCH).min(SLICE));
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// The buses that it goes onto.
    pub fn buses(&self) -> impl Iterator<Item = &Address> {
        self.targets.iter().map(|target| &target.address)
    }
}

fn picker(filter: &str, dbcs: &[PathBuf]) -> Result<Option<Box<dyn Pick>>, ReplayError> {
    // A file that cannot be read is said, whether the filter uses it or not.
    let parsed: Result<Vec<Parsed>, _> = dbcs.iter().map(|path| load(path)).collect();
    let parsed = parsed.map_err(|error| ReplayError::Dbc(error.to_string()))?;
    if filter.trim().is_empty() {
        return Ok(None);
    }
    let nothing = Schema::default();
    let mut schemas: Vec<&Schema> = parsed.iter().map(|parsed| &parsed.schema).collect();
    if schemas.is_empty() {
        schemas.push(&nothing);
    }
    let sifter =
        Sifter::new(filter, Arc::new(Codec::compile(&schemas))).map_err(ReplayError::Filter)?;
    Ok(Some(Box::new(sifter)))
}

/// An address, or the bare name of an interface.
fn address(text: &str) -> Result<Address, ReplayError> {
    if text.contains(':') || text.is_empty() {
        return Ok(text.parse()?);
    }
    Ok(format!("socketcan:{text}").parse()?)
}

fn open_bus(
    address: Address,
    Request { arming, catalog, .. }: &Request,
    wires: &Wires,
) -> Result<(Target, Box<dyn BusRx>), ReplayError> {
    let (reach, blocks) = match &address {
        Address::Replay(_) | Address::Tcp { .. } => return Err(ReplayError::Mute(address)),
        Address::Virtual(_) => (Reach::Within, Vec::new()),
        Address::Slcan(to) => {
            if *arming == Arming::VirtualOnly {
                return Err(ReplayError::NotArmed(to.port.clone()));
            }
            (Reach::Wire, reserved(catalog))
        }
        Address::SocketCan(name) if is_virtual(name) => (Reach::Wire, Vec::new()),
        Address::SocketCan(name) => {
            if *arming == Arming::VirtualOnly && exists(name) {
                return Err(ReplayError::NotArmed(name.clone()));
            }
            (Reach::Wire, reserved(catalog))
        }
    };
    let mut link = wires.open(&address, BusId(0))?;
    let mut frames = Frames::default();
    let runs = wires.clock.runs_by_itself();
    for _ in 0..OPEN_TRIES {
        link.rx.receive(&mut frames, if runs { OPEN_WAIT } else { Duration::ZERO });
        frames.clear();
        let status = link.rx.status();
        match status.state {
            BusState::Opening => {}
            BusState::Missing | BusState::Failed | BusState::Down | BusState::Ended => {
                let why = status.sentence.unwrap_or_else(|| "it is not there".to_owned());
                return Err(ReplayError::Unusable { address, why });
            }
            BusState::Active | BusState::Warning | BusState::Passive | BusState::Off => break,
        }
    }
    let Some(tx) = link.tx else { return Err(ReplayError::Mute(address)) };
    let mut guard = HandGuard::of_replays(blocks, Duration::from_secs(1), reach);
    // Whether this may be sent to was said above, for as long as the command runs.
    guard.arm(Mono::from_nanos(i64::MAX));
    Ok((Target { address, tx, guard }, link.rx))
}

/// What sets up the devices that are known, at the addresses they have from the factory: without a
/// profile nobody says which of them are there.
fn reserved(catalog: &Catalog) -> Vec<Block> {
    let devices = catalog.iter().filter_map(|kind| kind.bind(kind.defaults()).ok());
    let claims = devices.flat_map(|device| device.nevers());
    claims.map(|claim| Block { ids: claim.ids, extended: claim.extended }).collect()
}

/// Whether there is such an interface; of one that is not the opening says so.
fn exists(name: &str) -> bool {
    crate::engine::can::interfaces::interfaces().interfaces.iter().any(|one| one.name == name)
}

/// Looks at the buses now and then, so that one that goes, or comes back, is known to its sending
/// half, and so are the answers of adapters. What is heard there is nobody's here.
struct Listener {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Listener {
    fn start(mut ears: Vec<Box<dyn BusRx>>) -> Result<Self, std::io::Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let body = move || {
            let mut frames = Frames::default();
            while !ends.load(Ordering::SeqCst) {
                for ear in &mut ears {
                    for _ in 0..RX_TURNS {
                        ear.receive(&mut frames, Duration::ZERO);
                        if frames.is_empty() || ends.load(Ordering::SeqCst) {
                            break;
                        }
                        frames.clear();
                    }
                }
                std::thread::park_timeout(RX_WAIT);
            }
        };
        let thread = std::thread::Builder::new().name("replay:listen".into()).spawn(body)?;
        Ok(Self { stop, thread: Some(thread) })
    }

    fn end(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the thread that listens beside a replay ended by a fault");
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.halt();
    }
}

#[cfg(test)]
mod tests;
