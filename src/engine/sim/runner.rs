//! Paces a world by a clock and puts its frames on a bus, through a guard that knows only what
//! the world's devices say. Owns no thread and asks no clock: [`Runner::step`] is told the time,
//! so that it runs on a fake clock as well.

use std::time::Duration;

use thiserror::Error;

use super::scene::Scene;
use super::world::{Parked, World, WorldError};
use crate::base::time::Mono;
use crate::engine::can::bus::{BusStatus, Link, SendError};
use crate::engine::can::frame::{Direction, Frames};
use crate::engine::can::guard::Guard;

/// A world that is further behind than this (a machine that slept) does not catch up.
const MOST_BEHIND: Duration = Duration::from_secs(1);
/// Batches that are read from the bus in one step at most.
const MOST_BATCHES: usize = 64;
/// The guard closes when the world has not moved for this long.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Why a world cannot run on a bus.
#[derive(Debug, Error)]
pub enum RunnerError {
    /// The bus cannot send.
    #[error("this bus cannot be sent to: a recording is only played")]
    Mute,
}

/// Why a scene cannot run on a bus.
#[derive(Debug, Error)]
pub enum StartError {
    /// The scene is no world.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The bus will not do.
    #[error(transparent)]
    Bus(#[from] RunnerError),
}

/// What a runner did since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames on the bus.
    pub sent: u64,
    /// Frames that came from others.
    pub heard: u64,
    /// Frames that the guard kept back.
    pub withheld: u64,
    /// Frames that the wire did not take, and its last word on that.
    pub refused: u64,
    /// The last refusal.
    pub last_refusal: Option<SendError>,
}

/// A world on a bus.
pub struct Runner {
    world: World,
    link: Link,
    guard: Guard,
    speed: f64,
    /// Clock and world time from which the pace is counted.
    from: (Mono, Mono),
    frames: Frames,
    heard: Frames,
    tally: Tally,
}

impl Runner {
    /// The world of `scene` on a bus, starting at `now`, at the scene's own speed and seed.
    ///
    /// # Errors
    /// The scene is no world, or the bus cannot send.
    pub fn new(scene: &Scene, link: Link, now: Mono) -> Result<Self, StartError> {
        Ok(Self::of(World::new(scene, scene.seed)?, scene.speed, link, now)?)
    }

    /// A world on a bus, starting at `now`, so many times faster than the clock.
    ///
    /// # Errors
    /// The bus cannot send.
    pub fn of(world: World, speed: f64, link: Link, now: Mono) -> Result<Self, RunnerError> {
        if link.tx.is_none() {
            return Err(RunnerError::Mute);
        }
        let mut guard = Guard::new(world.allow(), PATIENCE);
        guard.beat(world.now());
        let from = (now, world.now());
        let (frames, heard) = (Frames::default(), Frames::default());
        Ok(Self { world, link, guard, speed, from, frames, heard, tally: Tally::default() })
    }

    /// Takes the world to where it should be at `now`, sends what its devices say, and lets them
    /// hear what others said. Gives the clock time at which the next thing happens.
    pub fn step(&mut self, now: Mono) -> Mono {
        let target = self.pace(now);
        self.frames.clear();
        self.world.advance(target, &mut self.frames);
        self.guard.beat(self.world.now());
        if let Some(tx) = &mut self.link.tx {
            for frame in self.frames.iter() {
                // Rates are judged by the world's own clock: at ten times its speed everything
                // rightly comes ten times as often.
                match self.guard.clear(frame.time(), frame.to_frame()) {
                    Ok(cleared) => match tx.transmit(cleared) {
                        Ok(()) => self.tally.sent += 1,
                        Err(why) => {
                            self.tally.refused += 1;
                            self.tally.last_refusal = Some(why);
                        }
                    },
                    Err(_) => self.tally.withheld += 1,
                }
            }
        }
        self.listen(Duration::ZERO);
        self.clock_at(self.world.next_due())
    }

    /// Parks the vehicle of the world, or lets somebody drive it, and hurries its cells.
    pub fn demo(&mut self, parked: Parked, pace: f64) {
        self.world.park(parked);
        self.world.pace(pace);
    }

    /// Waits up to `wait` for frames of others and lets the devices hear them.
    pub fn listen(&mut self, wait: Duration) {
        let mut wait = wait;
        for _ in 0..MOST_BATCHES {
            self.heard.clear();
            self.link.rx.receive(&mut self.heard, wait);
            wait = Duration::ZERO;
            if self.heard.is_empty() {
                return;
            }
            for frame in self.heard.iter().filter(|f| f.direction() == Direction::Received) {
                self.tally.heard += 1;
                self.world.receive(frame);
            }
        }
    }

    /// Where the world should be at `now`; time that it is hopelessly behind is let go.
    fn pace(&mut self, now: Mono) -> Mono {
        let passed = now.since(self.from.0).as_secs_f64() * self.speed;
        let target = self.from.1.after(Duration::try_from_secs_f64(passed).unwrap_or(PATIENCE));
        let most = self.world.now().after(MOST_BEHIND.mul_f64(self.speed.max(1.0)));
        if target > most {
            self.from = (now, most);
            return most;
        }
        target
    }

    fn clock_at(&self, world: Mono) -> Mono {
        let ahead = world.since(self.from.1).as_secs_f64() / self.speed.max(1e-6);
        self.from.0.after(Duration::try_from_secs_f64(ahead).unwrap_or(PATIENCE))
    }

    /// How far the world has come.
    #[must_use]
    pub const fn world_time(&self) -> Mono {
        self.world.now()
    }

    /// What was sent and heard so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How the bus is.
    #[must_use]
    pub fn status(&self) -> BusStatus {
        self.link.rx.status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::base::time::{Clock, FakeClock, Wall};
    use crate::engine::can::frame::{Frame, Id, Kind};
    use crate::engine::can::guard::Allow;
    use crate::engine::can::virtual_bus::VirtualNet;

    fn key(word: u8) -> Frame {
        Frame::classic(Id::standard(0x505).unwrap(), &[word, 0, 0, 0, 0, 0, 0, 0]).unwrap()
    }

    #[test]
    fn a_world_on_a_bus_is_heard_there_at_its_speed() {
        let clock = FakeClock::new(Wall::from_nanos(0));
        let net = VirtualNet::new(clock.clone());
        let mut watcher = net.open("demo", BusId(3));
        let scene = Scene::builtin("demo").unwrap();
        let mut runner = Runner::new(&scene, net.open("demo", BusId(0)), clock.now()).unwrap();
        let mut frames = Frames::default();
        for _ in 0..500 {
            clock.advance(Duration::from_millis(20));
            runner.step(clock.now());
            watcher.rx.receive(&mut frames, Duration::ZERO);
        }
        assert_eq!(runner.world_time(), Mono::from_secs(10));
        assert_eq!(runner.tally().withheld, 0);
        assert_eq!(runner.tally().refused, 0);
        assert_eq!(frames.len() as u64, runner.tally().sent);
        assert!((1000..1300).contains(&frames.len()), "{}", frames.len());
        assert!(frames.iter().all(|f| f.bus() == BusId(3)));
    }

    #[test]
    fn a_host_on_the_bus_starts_a_pack_that_nobody_drives() {
        let text = "title = 'T'\ndescription = 'D'\npack = 'P'\n[[bmu]]\nname = 'B'\nmodules = 1";
        let scene = Scene::parse(text, "test", "test").unwrap();
        let clock = FakeClock::new(Wall::from_nanos(0));
        let net = VirtualNet::new(clock.clone());
        let mut host = net.open("x", BusId(0));
        let any = Allow::any(key(0).id(), Kind::Data, 8, Duration::ZERO);
        let rule = Allow { stop: Some(Vec::new()), ..any };
        let mut guard = Guard::new(vec![rule], Duration::ZERO);
        let mut runner = Runner::new(&scene, net.open("x", BusId(0)), clock.now()).unwrap();
        let mut frames = Frames::default();
        for tenth in 0..60 {
            let word = if tenth < 30 { 0 } else { 0x70 };
            let cleared = guard.clear(clock.now(), key(word)).unwrap();
            host.tx.as_mut().unwrap().transmit(cleared).unwrap();
            clock.advance(Duration::from_millis(100));
            runner.step(clock.now());
            host.rx.receive(&mut frames, Duration::ZERO);
        }
        let last = frames.iter().filter(|f| f.id().raw() == 0x6F7).last().unwrap();
        assert_eq!(last.data[1], 4, "it runs");
        assert!(runner.tally().heard >= 60);
    }

    #[test]
    fn a_machine_that_slept_is_not_followed_by_an_hour_of_frames() {
        let clock = FakeClock::new(Wall::from_nanos(0));
        let net = VirtualNet::new(clock.clone());
        let scene = Scene::builtin("demo").unwrap();
        let mut runner = Runner::new(&scene, net.open("demo", BusId(0)), clock.now()).unwrap();
        clock.advance(Duration::from_secs(3600));
        let next = runner.step(clock.now());
        assert_eq!(runner.world_time(), Mono::from_secs(1));
        assert!(next >= clock.now());
        clock.advance(Duration::from_secs(1));
        runner.step(clock.now());
        assert_eq!(runner.world_time(), Mono::from_secs(2), "and the pace goes on from there");
    }
}
