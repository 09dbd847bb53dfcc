//! What every wire offers: a receive half that fills batches, a transmit half that takes only
//! cleared frames, and a status in words.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono};
use crate::engine::can::address::Address;
use crate::engine::can::frame::Frames;
use crate::engine::can::guard::Cleared;
use crate::engine::can::replay::Player;
use crate::engine::can::virtual_bus::VirtualNet;

/// Most frames a receive half puts into one batch.
pub const BATCH_FRAMES: usize = 256;
/// Longest a receive half waits before it hands on what it has.
pub const BATCH_WAIT: Duration = Duration::from_millis(10);
/// So many frames, none more than [`BATCH_WAIT`] after the one before, are a stream.
const STREAM_FRAMES: usize = 8;

/// Whether frames come one soon after the other. A stream is read every [`BATCH_WAIT`] instead of at
/// every frame: frames are stamped already, so nothing but a little delay comes of it. Questions and
/// answers, where nothing comes while one waits, pass at once.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine::can) struct Stream {
    frames: usize,
    last: Option<Mono>,
}

impl Stream {
    /// Takes note of `got` frames that have come by `now`; says whether it is worth waiting for more.
    pub(in crate::engine::can) fn flows(&mut self, got: usize, now: Mono) -> bool {
        let close = self.last.is_some_and(|last| now.since(last) <= BATCH_WAIT);
        self.frames = if close { self.frames.saturating_add(got) } else { got };
        self.frames >= STREAM_FRAMES && got < BATCH_FRAMES
    }

    /// Takes note of `more` frames that came while one waited.
    pub(in crate::engine::can) const fn waited(&mut self, more: usize) {
        if more == 0 {
            self.frames = 0;
        }
    }

    /// Takes note that frames were handed on at `now`.
    pub(in crate::engine::can) const fn handed_on(&mut self, now: Mono) {
        self.last = Some(now);
    }
}

/// How a bus is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusState {
    /// Not yet open.
    Opening,
    /// Running.
    Active,
    /// The controller has counted at least 96 errors.
    Warning,
    /// The controller has counted at least 128 errors and no longer signals them.
    Passive,
    /// The controller has taken itself off the bus.
    Off,
    /// The interface exists and is switched off.
    Down,
    /// The interface is not there (not plugged in, or no such name).
    Missing,
    /// It cannot be opened or has failed; the sentence says why.
    Failed,
    /// A recording has come to its end.
    Ended,
}

impl BusState {
    /// Whether nothing can come or go: what was begun on the bus does not go on by itself.
    #[must_use]
    pub const fn is_lost(self) -> bool {
        match self {
            Self::Off | Self::Down | Self::Missing | Self::Failed | Self::Ended => true,
            Self::Opening | Self::Active | Self::Warning | Self::Passive => false,
        }
    }
}

/// Whether the controller may disturb the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// This program does not send; whether the controller acknowledges frames is not known.
    Silent,
    /// It was told to listen only and has not confirmed it; this program does not send.
    Asked,
    /// The controller itself is in listen-only mode, as read back from it.
    Confirmed,
    /// Armed: this program may send.
    Armed,
}

/// Everything that is known of a bus's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusStatus {
    /// State.
    pub state: BusState,
    /// Nominal bit rate in bit/s, where the wire has one.
    pub bit_rate: Option<u32>,
    /// FD data bit rate in bit/s, where the wire has one.
    pub data_bit_rate: Option<u32>,
    /// Whether FD frames can be received.
    pub fd: bool,
    /// Transmit and receive error counters of the controller, where it tells.
    pub error_counters: Option<(u16, u16)>,
    /// Frames the kernel or a queue dropped since the bus was opened.
    pub dropped: u64,
    /// Whether it may disturb the bus.
    pub listening: Listening,
    /// Where a bit is sampled, in thousandths of it, where the controller tells.
    pub sample_point: Option<u16>,
    /// What the adapter says of itself: its kind, firmware, serial number.
    pub adapter: Option<String>,
    /// After how many milliseconds the driver restarts the controller by itself; 0 for never.
    pub restart_ms: Option<u32>,
    /// What is wrong and what to do, where something is.
    pub sentence: Option<String>,
}

impl BusStatus {
    /// A bus in `state` of which nothing else is known.
    #[must_use]
    pub const fn plain(state: BusState) -> Self {
        Self {
            state,
            bit_rate: None,
            data_bit_rate: None,
            fd: false,
            error_counters: None,
            dropped: 0,
            listening: Listening::Silent,
            sample_point: None,
            adapter: None,
            restart_ms: None,
            sentence: None,
        }
    }
}

/// What one call of [`BusRx::receive`] brought besides frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The status is another than before the call.
    pub status_changed: bool,
    /// Where the bus's own clock stands, if it is not the program's (a recording): ages on this
    /// bus are measured against it.
    pub position: Option<Mono>,
    /// The stream jumped (a recording was sought): forget what was known before these frames.
    pub restarted: bool,
}

/// The receive half of a bus; owned by one thread. Recovers by itself: a missing or switched-off
/// interface is a status, not an error, and comes back without a restart.
pub trait BusRx: Send {
    /// Waits up to `wait` for frames and appends at most [`BATCH_FRAMES`], stamped and marked with
    /// the bus's id; sets the batch's timebase.
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received;

    /// The status as of the last call.
    fn status(&self) -> BusStatus;
}

/// The transmit half of a bus; owned by one thread.
pub trait BusTx: Send {
    /// Sends one cleared frame.
    ///
    /// # Errors
    /// The wire did not take it; the text says why.
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError>;
}

/// Why a wire did not take a frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// Its queue is full.
    #[error("the send queue of {bus} is full")]
    Full {
        /// The bus.
        bus: String,
    },
    /// It is down, missing, off or ended.
    #[error("{bus} is not running: {why}")]
    NotRunning {
        /// The bus.
        bus: String,
        /// What is wrong.
        why: String,
    },
    /// It has taken this frame, and one before it did not go out.
    #[error("a frame before this one was not sent on {bus}: {why}")]
    Earlier {
        /// The bus.
        bus: String,
        /// What became of the one before.
        why: String,
    },
    /// It cannot carry such a frame.
    #[error("{bus} cannot carry this frame: {why}")]
    Unfit {
        /// The bus.
        bus: String,
        /// What does not fit.
        why: String,
    },
}

/// An opened bus.
pub struct Link {
    /// Receives.
    pub rx: Box<dyn BusRx>,
    /// Sends, where the wire can.
    pub tx: Option<Box<dyn BusTx>>,
    /// Plays, where the bus is a recording.
    pub player: Option<Player>,
    /// Restarts its controller and sets its rate, where it has one.
    pub control: Option<Arc<dyn Control>>,
}

/// What can be done to the controller of a bus besides sending through it. Every call may take
/// seconds, and none of them sends a frame.
pub trait Control: Send + Sync {
    /// Starts the controller anew, as it was.
    ///
    /// # Errors
    /// It was not restarted; the text says why.
    fn restart(&self) -> Result<(), ControlError>;

    /// Sets the nominal rate to `rate` and listens only. Says whether that was confirmed.
    ///
    /// # Errors
    /// It was not set; the text says why.
    fn listen_at(&self, rate: u32) -> Result<Listening, ControlError>;

    /// Sets what was set before the first [`Control::listen_at`].
    ///
    /// # Errors
    /// It was not set; the text says why.
    fn restore(&self) -> Result<(), ControlError>;
}

/// Why something was not done to a controller, in a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// It does not offer this bit rate; another one may do.
    #[error("{0}")]
    Rate(String),
    /// It cannot be done, whatever the rate.
    #[error("{0}")]
    Failed(String),
}

/// Why a bus cannot be opened at all. What may still come (an interface not plugged in) is a
/// status, not this.
#[derive(Debug, Error)]
pub enum OpenError {
    /// This build or this system has no such kind of bus.
    #[error("{address}: this build has no SocketCAN; use a virtual bus or a recording")]
    NoSocketCan {
        /// The address.
        address: Address,
    },
    /// A device that speaks text.
    #[error("{address} speaks text and carries no frames: it is a bus for a supply only")]
    NoFrames {
        /// The address.
        address: Address,
    },
    /// An adapter that cannot be set as its address says.
    #[error("{0}")]
    Slcan(String),
    /// A recording that cannot be read.
    #[error("{0}")]
    Recording(#[from] crate::engine::can::trace::OpenLogError),
}

/// What buses are opened with.
#[derive(Clone)]
pub struct Wires {
    /// The virtual channels of this program.
    pub net: VirtualNet,
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
}

impl Wires {
    /// Opens the bus at `address`; its frames will carry `bus`. Listen-only: whoever wants to send
    /// needs a guard's clearance.
    ///
    /// # Errors
    /// A kind of bus that this build does not have, or a recording that cannot be read.
    pub fn open(&self, address: &Address, bus: BusId) -> Result<Link, OpenError> {
        match address {
            Address::Virtual(channel) => Ok(self.net.open(channel, bus)),
            Address::Tcp { .. } => Err(OpenError::NoFrames { address: address.clone() }),
            Address::Slcan(to) => {
                to.check().map_err(|why| OpenError::Slcan(why.to_string()))?;
                Ok(crate::engine::can::slcan::open(to, bus, Arc::clone(&self.clock)))
            }
            Address::Replay(path) => {
                Ok(crate::engine::can::replay::open(path, bus, Arc::clone(&self.clock))?)
            }
            #[cfg(all(target_os = "linux", feature = "socketcan"))]
            Address::SocketCan(name) => {
                Ok(crate::engine::can::socketcan::open(name, bus, Arc::clone(&self.clock)))
            }
            #[cfg(not(all(target_os = "linux", feature = "socketcan")))]
            Address::SocketCan(_) => Err(OpenError::NoSocketCan { address: address.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_come_close_are_a_stream_until_nothing_comes_while_one_waits() {
        let ms = |ms| Mono::default().after(Duration::from_millis(ms));
        let mut stream = Stream::default();
        // One a millisecond: the eighth makes it one.
        for at in 1..8 {
            assert!(!stream.flows(1, ms(at)), "after {at} ms");
            stream.handed_on(ms(at));
        }
        assert!(stream.flows(1, ms(8)));
        stream.waited(9);
        stream.handed_on(ms(18));
        assert!(stream.flows(1, ms(19)));
        assert!(!stream.flows(BATCH_FRAMES, ms(19)), "a whole batch waits for nothing");
        // Questions and answers.
        stream.waited(0);
        stream.handed_on(ms(29));
        assert!(!stream.flows(1, ms(30)));
        // A pause ends it too.
        stream.handed_on(ms(30));
        assert!(!stream.flows(7, ms(41)));
        assert!(stream.flows(8, ms(80)), "what lies there already is one");
    }
}
