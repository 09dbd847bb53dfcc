//! What `busbar simulate` does, without a window and without a hub: a scene on a bus by the clock,
//! or into a log as fast as it goes. Prints nothing and asks nobody.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::runner::{Runner, RunnerError, Tally};
use super::scene::{Scene, SceneError};
use super::world::{World, WorldError};
use crate::base::id::BusId;
use crate::base::problem::system_words;
use crate::base::time::{Clock, Mono};
use crate::engine::can::address::{Address, AddressError};
use crate::engine::can::bus::{BusState, OpenError, Wires};
use crate::engine::can::frame::Frames;
use crate::engine::can::trace::write::write_line;
use crate::engine::can::virtual_bus::VirtualNet;

/// World time that is put into a log at a time.
const CHUNK: Duration = Duration::from_secs(10);
/// Longest that a bus is waited for in one step.
const MOST_WAIT: Duration = Duration::from_millis(10);
/// Tries, of [`MOST_WAIT`] each, until an interface has said how it is.
const OPEN_TRIES: usize = 50;

/// Why there is no simulation, or no more.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// There is no such scene, or it is broken.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The scene is no world.
    #[error("the scene {scene} cannot run: {source}")]
    World {
        /// The scene.
        scene: String,
        /// Why not.
        source: Box<WorldError>,
    },
    /// The speed is none.
    #[error("--speed is {0}; it may be 0.01 to 1000")]
    Speed(f64),
    /// The duration is none.
    #[error("--duration is {0}; it may be 0.001 to 31622400 seconds (a year)")]
    Duration(f64),
    /// A log without an end.
    #[error("a log needs an end: give --duration SECONDS")]
    Endless,
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A recording was given as the bus.
    #[error(
        "{0} is a recording, and a recording cannot be sent to: give socketcan:NAME or virtual:NAME"
    )]
    Recording(Address),
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
    /// The log cannot be written.
    #[error("the log cannot be written: {}", system_words(.0))]
    Write(#[source] io::Error),
}

/// What is to be simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Scene: a built-in name or a file.
    pub scene: String,
    /// Seed, where it is not the scene's own.
    pub seed: Option<u64>,
    /// Speed, where it is not the scene's own.
    pub speed: Option<f64>,
    /// Seconds of the scene, where it is to end.
    pub duration: Option<f64>,
}

/// A simulation that is ready to go.
pub struct Prepared {
    scene: Scene,
    world: World,
    seed: u64,
    speed: f64,
    end: Option<Mono>,
}

impl Wanted {
    /// Finds the scene and builds its world.
    ///
    /// # Errors
    /// Says what is wrong with the scene or the numbers.
    pub fn prepare(&self) -> Result<Prepared, SimulateError> {
        let scene = Scene::find(&self.scene)?;
        let speed = self.speed.unwrap_or(scene.speed);
        if !(0.01..=1000.0).contains(&speed) {
            return Err(SimulateError::Speed(speed));
        }
        let end = match self.duration {
            Some(s) if !(0.001..=31_622_400.0).contains(&s) => {
                return Err(SimulateError::Duration(s));
            }
            Some(s) => Some(Mono::from_nanos((s * 1e9) as i64)),
            None => None,
        };
        let seed = self.seed.unwrap_or(scene.seed);
        let world = World::new(&scene, seed)
            .map_err(|e| SimulateError::World { scene: scene.name.clone(), source: Box::new(e) })?;
        Ok(Prepared { scene, world, seed, speed, end })
    }
}

impl Prepared {
    /// One line about it: title, seed, speed.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (title, seed, speed) = (&self.scene.title, self.seed, self.speed);
        format!("{title}, seed {seed}, speed {speed}: {}", self.scene.description)
    }

    /// Writes it as a candump log, as fast as it goes, until its end or until `goes_on` says no;
    /// `bus` names the bus in the log. Gives the number of frames.
    ///
    /// # Errors
    /// As `to` says.
    pub fn write_log(
        mut self,
        bus: &str,
        to: &mut impl Write,
        goes_on: &mut dyn FnMut(Mono, u64) -> bool,
    ) -> Result<u64, SimulateError> {
        let start = self.scene.start.nanos();
        let Some(end) = self.end else { return Err(SimulateError::Endless) };
        let mut frames = Frames::default();
        let mut count = 0;
        while self.world.now() < end && goes_on(self.world.now(), count) {
            frames.clear();
            self.world.advance(self.world.now().after(CHUNK).min(end), &mut frames);
            for frame in frames.iter() {
                // A log holds the time of day, cut to whole microseconds as candump writes it.
                let at = start.saturating_add(frame.time().nanos()) / 1000 * 1000;
                let stamped = frame.to_frame().at(Mono::from_nanos(at));
                write_line(to, bus, stamped.view()).map_err(SimulateError::Write)?;
            }
            count += frames.len() as u64;
        }
        to.flush().map_err(SimulateError::Write)?;
        Ok(count)
    }

    /// Puts it on the bus at `address`.
    ///
    /// # Errors
    /// There is no such bus, it is a recording, or it is missing or down.
    pub fn broadcast(
        self,
        address: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Broadcast, SimulateError> {
        let address: Address = address.parse()?;
        if matches!(address, Address::Replay(_)) {
            return Err(SimulateError::Recording(address));
        }
        let wires = Wires { net: VirtualNet::new(Arc::clone(&clock)), clock: Arc::clone(&clock) };
        let mut link = wires.open(&address, BusId(0))?;
        let mut frames = Frames::default();
        for _ in 0..OPEN_TRIES {
            link.rx.receive(&mut frames, MOST_WAIT);
            frames.clear();
            let status = link.rx.status();
            match status.state {
                BusState::Opening => {}
                BusState::Missing | BusState::Failed | BusState::Down | BusState::Ended => {
                    let why = status.sentence.unwrap_or_else(|| "it is not there".to_owned());
                    return Err(SimulateError::Unusable { address, why });
                }
                BusState::Active | BusState::Warning | BusState::Passive | BusState::Off => break,
            }
        }
        let end = self.end;
        let runner = Runner::of(self.world, self.speed, link, clock.now())
            .map_err(|RunnerError::Mute| SimulateError::Recording(address))?;
        Ok(Broadcast { runner, clock, end })
    }
}

/// A simulation on a bus.
pub struct Broadcast {
    runner: Runner,
    clock: Arc<dyn Clock>,
    end: Option<Mono>,
}

/// How a simulation on a bus is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far the world has come.
    pub at: Mono,
    /// What was sent and heard.
    pub tally: Tally,
    /// What is wrong with the bus, where something is.
    pub trouble: Option<String>,
    /// The end is reached.
    pub over: bool,
}

impl Broadcast {
    /// Sends what is due and waits for the next, or for frames of others; at most 10 ms.
    pub fn step(&mut self) -> Progress {
        let next = self.runner.step(self.clock.now());
        let wait = next.since(self.clock.now()).min(MOST_WAIT);
        self.runner.listen(wait);
        let status = self.runner.status();
        let refusal = || self.runner.tally().last_refusal.as_ref().map(ToString::to_string);
        let at = self.runner.world_time();
        Progress {
            at,
            tally: self.runner.tally().clone(),
            trouble: status.sentence.or_else(refusal),
            over: self.end.is_some_and(|end| at >= end),
        }
    }
}
