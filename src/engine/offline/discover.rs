//! Who speaks in a recording, or on a bus that is listened to for a moment: every bus goes through the
//! table by id and then to `engine::discovery`, as the bus of a running profile does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;

use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Clock, Mono, Timebase};
use crate::engine::can::address::Address;
use crate::engine::can::bus::{BusState, BusStatus, OpenError, Wires};
use crate::engine::can::frame::Frames;
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::device::Catalog;
use crate::engine::discovery::{self, Configured, Discovery};
use crate::engine::hub::traffic::Traffic;
use crate::engine::sim::{Runner, Scene, SceneError};

/// So many frames are looked at: about a minute of a busy bus, and every device that sends at least
/// once a second is in it.
const FRAMES: usize = 200_000;
/// Frames read at once.
const CHUNK: usize = 4096;
/// How long one look at a live bus waits.
const WAIT: Duration = Duration::from_millis(20);

/// What was found on a bus of a recording, or on a bus that was listened to.
#[derive(Debug)]
pub struct BusFound {
    /// Its name.
    pub name: String,
    /// What was found.
    pub discovery: Discovery,
    /// Frames that were looked at.
    pub frames: u64,
    /// How the bus was doing at the end, where it was a live one.
    pub status: Option<BusStatus>,
}

/// What was found in a recording.
#[derive(Debug)]
pub struct RecordingFound {
    /// On its buses, in the order in which they come first.
    pub buses: Vec<BusFound>,
    /// Lines that were skipped, of those that were looked at.
    pub skipped: u64,
    /// Which, and what else is odd about the recording.
    pub problems: Vec<Problem>,
}

/// Why a bus cannot be listened to.
#[derive(Debug, Error)]
pub enum ListenError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can be opened, but nothing can be heard there.
    #[error("{address} cannot be used: {why}")]
    Unusable {
        /// The bus.
        address: Address,
        /// Why, and what to type.
        why: String,
    },
    /// Its scene.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The world of its scene.
    #[error("the scene cannot be run: {0}")]
    World(String),
}

/// What speaks on the buses of the recording at `path`. Blocks for reading it.
///
/// # Errors
/// The recording cannot be opened.
pub fn recording(path: &Path, catalog: &Catalog) -> Result<RecordingFound, OpenLogError> {
    recording_beside(path, catalog, &|_| Vec::new())
}

/// The same beside a profile: `configured` says what it has on the bus that a recorded bus of a name would
/// go onto.
///
/// # Errors
/// As for [`recording`].
pub fn recording_beside(
    path: &Path,
    catalog: &Catalog,
    configured: &dyn Fn(&str) -> Vec<Configured>,
) -> Result<RecordingFound, OpenLogError> {
    let log = Log::open(path)?;
    let mut reader = log.reader();
    let mut frames = Frames::with_capacity(Timebase::default(), CHUNK);
    let mut traffic = Traffic::default();
    // The place, the last time and the number of frames of every bus.
    let mut seen: BTreeMap<u16, (usize, Mono, u64)> = BTreeMap::new();
    for _ in 0..FRAMES.div_ceil(CHUNK) {
        frames.clear();
        if reader.read(&mut frames, CHUNK) == 0 {
            break;
        }
        for frame in frames.iter() {
            let next = seen.len();
            let bus = seen.entry(frame.bus().0).or_insert((next, frame.time(), 0));
            bus.1 = bus.1.max(frame.time());
            bus.2 += 1;
            traffic.take(frame);
        }
    }
    let mut buses: Vec<(usize, BusFound)> = seen
        .into_iter()
        .map(|(bus, (place, last, count))| {
            let hearing = traffic.hearing(BusId(bus), last);
            let name = reader.bus_names().get(usize::from(bus)).cloned();
            let name = name.unwrap_or_else(|| format!("bus {bus}"));
            let discovery = discovery::discover(&hearing, catalog, &configured(&name));
            (place, BusFound { name, discovery, frames: count, status: None })
        })
        .collect();
    buses.sort_by_key(|(place, _)| *place);
    let buses = buses.into_iter().map(|(_, bus)| bus).collect();
    Ok(RecordingFound { buses, skipped: reader.skipped(), problems: reader.problems() })
}

/// What speaks on the bus at `address`, with the devices of `scene` on it where one is given, within
/// `span` or until `stop` is set. Nothing is sent. Blocks.
///
/// # Errors
/// The bus cannot be opened or heard, or the scene cannot be run.
pub fn bus(
    (address, scene): (&Address, Option<&str>),
    span: Duration,
    clock: &Arc<dyn Clock>,
    stop: &AtomicBool,
    catalog: &Catalog,
) -> Result<BusFound, ListenError> {
    let wires = Wires { net: VirtualNet::new(Arc::clone(clock)), clock: Arc::clone(clock) };
    let mut rx = wires.open(address, BusId(0))?.rx;
    let mut runner = match scene {
        None => None,
        Some(scene) => {
            let scene = Scene::find(scene)?;
            let other = wires.open(address, BusId(0))?;
            let runner = Runner::new(&scene, other, clock.now());
            Some(runner.map_err(|error| ListenError::World(error.to_string()))?)
        }
    };
    let until = clock.now().after(span);
    let (mut traffic, mut last, mut count) = (Traffic::default(), Mono::ZERO, 0);
    let mut frames = Frames::with_capacity(Timebase::default(), CHUNK);
    while clock.now() < until && !stop.load(Ordering::SeqCst) {
        if let Some(runner) = &mut runner {
            runner.step(clock.now());
        }
        frames.clear();
        rx.receive(&mut frames, WAIT);
        for frame in frames.iter() {
            last = last.max(frame.time());
            count += 1;
            traffic.take(frame);
        }
        let status = rx.status();
        match status.state {
            BusState::Ended => break,
            BusState::Failed | BusState::Down | BusState::Missing if count == 0 => {
                let why = status.sentence.unwrap_or_else(|| "it is not there".to_owned());
                return Err(ListenError::Unusable { address: address.clone(), why });
            }
            BusState::Opening
            | BusState::Active
            | BusState::Warning
            | BusState::Passive
            | BusState::Off
            | BusState::Failed
            | BusState::Down
            | BusState::Missing => {}
        }
    }
    let discovery = discovery::discover(&traffic.hearing(BusId(0), last), catalog, &[]);
    Ok(BusFound { name: address.to_string(), discovery, frames: count, status: Some(rx.status()) })
}

#[cfg(test)]
mod tests;
