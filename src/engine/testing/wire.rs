//! Virtual buses of a running engine that somebody else sends on, as fast as real ones do.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Clock;
use crate::engine::access::password::Cost;
use crate::engine::can::bus::BusTx;
use crate::engine::can::frame::Frame;
use crate::engine::can::guard::{HandGuard, Reach};
use crate::engine::can::virtual_bus::VirtualNet;
use crate::engine::drive::{Config, Running, StartError, start_on};

/// Starts an engine, and gives its virtual buses beside it.
///
/// # Errors
/// As the engine says.
pub fn start_beside(config: Config) -> Result<(Running, Wire), StartError> {
    let clock = Arc::clone(&config.clock);
    let net = VirtualNet::new(Arc::clone(&clock));
    let running = start_on(config, Cost::CHEAP, net.clone())?;
    Ok((running, Wire { net, clock }))
}

/// The virtual buses of an engine.
pub struct Wire {
    net: VirtualNet,
    clock: Arc<dyn Clock>,
}

impl Wire {
    /// Somebody who sends on the virtual bus `name`.
    #[must_use]
    pub fn voice(&self, name: &str) -> Option<Voice> {
        let tx = self.net.open(name, BusId(0)).tx?;
        let guard = HandGuard::of_replays(Vec::new(), Duration::from_secs(1), Reach::Within);
        Some(Voice { tx, guard, clock: Arc::clone(&self.clock) })
    }
}

/// Somebody who sends on a virtual bus.
pub struct Voice {
    tx: Box<dyn BusTx>,
    guard: HandGuard,
    clock: Arc<dyn Clock>,
}

impl Voice {
    /// Sends a frame; whether the bus took it.
    pub fn send(&mut self, frame: Frame) -> bool {
        let now = self.clock.now();
        self.guard.beat(now);
        let cleared = self.guard.clear(now, frame);
        cleared.is_ok_and(|cleared| self.tx.transmit(cleared).is_ok())
    }
}
