//! Virtual buses: named channels inside the program. Every opened end hears what all other ends of
//! the channel send, and its own frames marked as sent. Stamps come from the net's clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::base::id::BusId;
use crate::base::time::{Clock, TimeSource};
use crate::engine::can::bus::{
    BATCH_FRAMES, BusRx, BusState, BusStatus, BusTx, Link, Received, SendError,
};
use crate::engine::can::frame::{Direction, Frame, Frames};
use crate::engine::can::guard::Cleared;

/// Frames an end may be behind before frames are dropped and counted.
const QUEUE_FRAMES: usize = 16_384;

/// All virtual channels of a running engine. Cloning gives another handle to the same net.
#[derive(Clone)]
pub struct VirtualNet {
    channels: Arc<Mutex<HashMap<String, Channel>>>,
    clock: Arc<dyn Clock>,
}

type Channel = Arc<Mutex<Vec<End>>>;

struct End {
    number: u64,
    queue: Sender<Frame>,
    dropped: Arc<AtomicU64>,
}

static NEXT_END: AtomicU64 = AtomicU64::new(1);

impl VirtualNet {
    /// A net without channels, stamping with `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { channels: Arc::default(), clock }
    }

    /// Opens an end of the channel `name`, which comes into being with its first end.
    #[must_use]
    pub fn open(&self, name: &str, bus: BusId) -> Link {
        let channel = {
            let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(channels.entry(name.to_owned()).or_default())
        };
        let (queue, frames) = bounded(QUEUE_FRAMES);
        let dropped = Arc::new(AtomicU64::new(0));
        let number = NEXT_END.fetch_add(1, Ordering::Relaxed);
        let end = End { number, queue, dropped: Arc::clone(&dropped) };
        channel.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        let clock = Arc::clone(&self.clock);
        let rx = Rx { frames, dropped, bus, clock: Arc::clone(&clock), told_drops: 0 };
        let tx = Tx { name: name.to_owned(), number, channel, clock };
        Link { rx: Box::new(rx), tx: Some(Box::new(tx)), player: None }
    }
}

struct Rx {
    frames: Receiver<Frame>,
    dropped: Arc<AtomicU64>,
    bus: BusId,
    clock: Arc<dyn Clock>,
    told_drops: u64,
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        into.set_timebase(self.clock.timebase(TimeSource::Program));
        match self.frames.recv_timeout(wait) {
            Ok(first) => {
                into.push(first.on(self.bus).view());
                let more = self.frames.try_iter().take(BATCH_FRAMES - 1);
                more.for_each(|frame| into.push(frame.on(self.bus).view()));
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        let dropped = self.dropped.load(Ordering::Relaxed);
        let status_changed = dropped != self.told_drops;
        self.told_drops = dropped;
        Received { status_changed, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        let dropped = self.dropped.load(Ordering::Relaxed);
        BusStatus { fd: true, dropped, ..BusStatus::plain(BusState::Active) }
    }
}

struct Tx {
    name: String,
    number: u64,
    channel: Channel,
    clock: Arc<dyn Clock>,
}

impl BusTx for Tx {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let frame = frame.into_frame().at(self.clock.now());
        let mut ends = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        let mut heard = true;
        ends.retain(|end| {
            let direction =
                if end.number == self.number { Direction::Sent } else { Direction::Received };
            match end.queue.try_send(frame.going(direction)) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    end.dropped.fetch_add(1, Ordering::Relaxed);
                    heard &= end.number != self.number;
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            }
        });
        if heard { Ok(()) } else { Err(SendError::Full { bus: format!("virtual:{}", self.name) }) }
    }
}
