//! Paces a world by a clock and puts its frames on a bus, through a guard that knows only what the
//! devices of the scene may send.

use std::time::Duration;

use super::{Scene, World, WorldError};
use crate::base::time::{Mono, Timebase};
use crate::engine::can::bus::{BusRx, BusTx, Link, SendError};
use crate::engine::can::frame::{Direction, Frames, Kind};
use crate::engine::can::guard::Guard;

/// The guard's patience: the runner itself beats it at every step.
const PATIENCE: Duration = Duration::from_secs(1);
/// Batches taken from the bus in one step; what is left comes with the next.
const BATCHES: usize = 16;

/// A world on a bus.
pub struct Runner {
    world: World,
    guard: Guard,
    rx: Box<dyn BusRx>,
    tx: Option<Box<dyn BusTx>>,
    origin: Mono,
    speed: f64,
    heard: Frames,
    due: Frames,
    /// Frames put on the bus.
    pub sent: u64,
    /// Frames that the guard or the wire did not take.
    pub refused: u64,
    /// The last refusal of the wire.
    pub trouble: Option<SendError>,
}

impl Runner {
    /// Lets `scene` live on the bus behind `link`, its time beginning at `now`.
    ///
    /// # Errors
    /// The world of the scene cannot be built.
    pub fn new(scene: &Scene, link: Link, now: Mono) -> Result<Self, WorldError> {
        let world = World::new(scene, scene.seed)?;
        let guard = Guard::new(world.allow(), PATIENCE);
        Ok(Self {
            world,
            guard,
            rx: link.rx,
            tx: link.tx,
            origin: now,
            speed: scene.speed,
            heard: Frames::default(),
            due: Frames::new(Timebase::default()),
            sent: 0,
            refused: 0,
            trouble: None,
        })
    }

    /// The same at another speed.
    #[must_use]
    pub const fn at_speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Lets the world live up to `now`: hears the bus, then sends what is due.
    pub fn step(&mut self, now: Mono) {
        for _ in 0..BATCHES {
            self.heard.clear();
            self.rx.receive(&mut self.heard, Duration::ZERO);
            if self.heard.is_empty() {
                break;
            }
            let others = self.heard.iter().filter(|f| f.direction() == Direction::Received);
            others.filter(|f| f.kind() == Kind::Data).for_each(|f| self.world.receive(f));
        }
        let lived = now.since(self.origin).as_nanos() as f64 * self.speed;
        self.due.clear();
        self.world.advance(Mono::from_nanos(lived as i64), &mut self.due);
        for frame in self.due.iter() {
            // Rates are judged in the world's time: a fast world is no frequent one.
            self.guard.beat(frame.time());
            let cleared = self.guard.clear(frame.time(), frame.to_frame());
            let sent = match (cleared, &mut self.tx) {
                (Ok(cleared), Some(tx)) => tx.transmit(cleared).map_err(Some),
                (Err(_), _) | (_, None) => Err(None),
            };
            match sent {
                Ok(()) => self.sent += 1,
                Err(trouble) => {
                    self.refused += 1;
                    self.trouble = trouble.or(self.trouble.take());
                }
            }
        }
    }
}
