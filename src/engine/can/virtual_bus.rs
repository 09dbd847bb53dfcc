//! Virtual buses: named channels inside the program. Every opened end hears what all other ends of
//! the channel send, and its own frames marked as sent, in the same order at every end. Stamps come
//! from the net's clock.
//!
//! Each end has a queue of its own with room for 16,384 frames. Whoever does not read loses the
//! newest frames and has them counted; nobody else is held up by it.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::{Clock, TimeSource};
use crate::engine::can::bus::{
    BATCH_FRAMES, BATCH_WAIT, BusRx, BusStatus, BusTx, Link, Received, SendError, Stream,
};
use crate::engine::can::controller::{self, Controller};
use crate::engine::can::frame::{Direction, Frame, Frames};
use crate::engine::can::guard::Cleared;

/// Frames an end may be behind before frames are dropped and counted.
pub const QUEUE_FRAMES: usize = 16_384;

/// All virtual channels of a running engine. Cloning gives another handle to the same net.
#[derive(Clone)]
pub struct VirtualNet {
    channels: Arc<Mutex<HashMap<String, Arc<Channel>>>>,
    clock: Arc<dyn Clock>,
}

/// The ends of one channel. Its lock is held while a frame goes out, so that all ends hear all
/// frames in one order and with stamps that do not run backwards.
#[derive(Default)]
struct Channel {
    ends: Mutex<Vec<Weak<Inbox>>>,
}

/// What an end has not yet read.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    frames: Frames,
    /// Frames that were taken out of here and not yet handed on.
    taken: usize,
    dropped: u64,
}

impl VirtualNet {
    /// A net without channels, stamping with `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { channels: Arc::default(), clock }
    }

    /// Opens an end of the channel `name`, which comes into being with its first end and goes with
    /// its last.
    #[must_use]
    pub fn open(&self, name: &str, bus: BusId) -> Link {
        let channel = {
            let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            channels.retain(|_, channel| Arc::strong_count(channel) > 1);
            Arc::clone(channels.entry(name.to_owned()).or_default())
        };
        let inbox = Arc::new(Inbox::default());
        let own = Arc::downgrade(&inbox);
        {
            let mut ends = channel.ends.lock().unwrap_or_else(PoisonError::into_inner);
            ends.retain(|end| end.strong_count() > 0);
            ends.push(own.clone());
        }
        let rx = Rx {
            name: name.to_owned(),
            bus,
            clock: Arc::clone(&self.clock),
            inbox,
            ready: Frames::default(),
            next: 0,
            dropped: 0,
            controller: Controller::default(),
            stream: Stream::default(),
            _channel: Arc::clone(&channel),
        };
        let tx = Tx { own, channel, clock: Arc::clone(&self.clock) };
        Link { rx: Box::new(rx), tx: Some(Box::new(tx)), player: None, control: None }
    }
}

struct Rx {
    name: String,
    bus: BusId,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox>,
    /// Frames taken out of the inbox at one time, and how far they are handed on.
    ready: Frames,
    next: usize,
    dropped: u64,
    controller: Controller,
    stream: Stream,
    /// Keeps the channel alive while anybody listens.
    _channel: Arc<Channel>,
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        let runs = self.clock.runs_by_itself();
        let source = if runs { TimeSource::Program } else { TimeSource::Simulation };
        into.set_timebase(self.clock.timebase(source));
        let told = (self.dropped, self.controller);
        // Waiting for a clock that stands still would be waiting for nothing.
        self.take(if runs { wait } else { Duration::ZERO });
        for place in (self.next..self.ready.len()).take(BATCH_FRAMES) {
            if let Some(frame) = self.ready.get(place) {
                self.controller.hear(&frame);
                into.push(frame.on(self.bus));
            }
            self.next = place + 1;
        }
        Received { status_changed: told != (self.dropped, self.controller), ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        let state = self.controller.state();
        BusStatus {
            fd: true,
            dropped: self.dropped.saturating_add(self.controller.overflows()),
            error_counters: self.controller.counters(),
            sentence: controller::sentence(&self.name, state),
            ..BusStatus::plain(state)
        }
    }
}

impl Rx {
    /// Makes sure that there is something ready, if anything comes within `wait`.
    fn take(&mut self, wait: Duration) {
        let mut waiting = self.inbox.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.ready.len().saturating_sub(self.next);
        if left == 0 {
            // Waits while there are fewer than so many.
            let filled = |waiting, count, wait| {
                let few = |waiting: &mut Waiting| waiting.frames.len() < count;
                let woken = self.inbox.arrived.wait_timeout_while(waiting, wait, few);
                woken.unwrap_or_else(PoisonError::into_inner).0
            };
            if !wait.is_zero() {
                if waiting.frames.is_empty() {
                    waiting = filled(waiting, 1, wait);
                }
                let got = waiting.frames.len();
                if got > 0 && self.stream.flows(got, self.clock.now()) {
                    waiting = filled(waiting, BATCH_FRAMES, BATCH_WAIT.min(wait));
                    self.stream.waited(waiting.frames.len() - got);
                }
                if got > 0 {
                    self.stream.handed_on(self.clock.now());
                }
            }
            self.ready.clear();
            self.next = 0;
            std::mem::swap(&mut self.ready, &mut waiting.frames);
        }
        let left = self.ready.len().saturating_sub(self.next);
        waiting.taken = left.saturating_sub(BATCH_FRAMES);
        self.dropped = waiting.dropped;
    }
}

struct Tx {
    own: Weak<Inbox>,
    channel: Arc<Channel>,
    clock: Arc<dyn Clock>,
}

impl BusTx for Tx {
    /// Never fails: whoever has no room for the frame has it counted as dropped.
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let mut ends = self.channel.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = frame.into_frame().at(self.clock.now());
        ends.retain(|end| {
            let Some(inbox) = end.upgrade() else { return false };
            let own = Weak::ptr_eq(end, &self.own);
            inbox.put(frame.going(if own { Direction::Sent } else { Direction::Received }));
            true
        });
        Ok(())
    }
}

impl Inbox {
    fn put(&self, frame: Frame) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.frames.len() + waiting.taken >= QUEUE_FRAMES {
            waiting.dropped = waiting.dropped.saturating_add(1);
            return;
        }
        waiting.frames.push(frame.view());
        let count = waiting.frames.len();
        drop(waiting);
        // Whoever reads waits for the first, or for as many as make a batch.
        if count == 1 || count == BATCH_FRAMES {
            self.arrived.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{FakeClock, Mono, SystemClock, Wall};
    use crate::engine::can::bus::BusState;
    use crate::engine::can::conformance::{Pair, clear, data, suite};

    fn net() -> (Arc<FakeClock>, VirtualNet) {
        let clock = FakeClock::new(Wall::from_nanos(0));
        (Arc::clone(&clock), VirtualNet::new(clock))
    }

    fn read(link: &mut Link) -> Frames {
        let mut frames = Frames::default();
        link.rx.receive(&mut frames, Duration::from_secs(3600));
        frames
    }

    fn send(link: &mut Link, frame: Frame) {
        link.tx.as_mut().unwrap().transmit(clear(frame)).unwrap();
    }

    #[test]
    fn the_virtual_bus_passes_the_conformance_suite_on_a_fake_clock() {
        let (clock, net) = net();
        let ends = [1, 2, 3].map(|number| net.open("suite", BusId(number)));
        let tick = {
            let clock = Arc::clone(&clock);
            move || clock.advance(Duration::from_millis(1))
        };
        suite(&mut Pair::new(ends, clock, tick, QUEUE_FRAMES + 1000));
    }

    #[test]
    fn a_frame_stays_on_its_channel() {
        let (_, net) = net();
        let mut a = net.open("a", BusId(0));
        let mut b = net.open("b", BusId(1));
        send(&mut a, data(1));
        assert_eq!(read(&mut a).len(), 1);
        assert!(read(&mut b).is_empty());
    }

    #[test]
    fn on_a_fake_clock_nothing_waits_and_stamps_say_that_they_are_simulated() {
        let (clock, net) = net();
        let mut a = net.open("a", BusId(0));
        assert!(read(&mut a).is_empty(), "an hour's wait for nothing returns at once");
        clock.set(Mono::from_secs(86_400));
        send(&mut a, data(1));
        let frames = read(&mut a);
        assert_eq!(frames.get(0).unwrap().time(), Mono::from_secs(86_400));
        assert_eq!(frames.timebase().source, TimeSource::Simulation);
    }

    #[test]
    fn a_waiting_end_is_woken_by_a_frame() {
        let net = VirtualNet::new(SystemClock::new());
        let mut a = net.open("a", BusId(0));
        let mut b = net.open("a", BusId(1));
        let woken = std::thread::spawn(move || read(&mut b).len());
        send(&mut a, data(1));
        assert_eq!(woken.join().unwrap(), 1);
    }

    #[test]
    fn a_stream_is_read_in_batches_and_a_single_frame_at_once() {
        let net = VirtualNet::new(SystemClock::new());
        let mut reader = net.open("a", BusId(0));
        let mut sender = net.open("a", BusId(1));
        let mut batch = || {
            let mut frames = Frames::default();
            reader.rx.receive(&mut frames, Duration::from_secs(3600));
            frames.len()
        };
        send(&mut sender, data(0));
        assert_eq!(batch(), 1);
        // More than make a stream are there: the rest of a batch is waited for, and no longer than until it
        // is whole.
        for number in 0..BATCH_FRAMES as u32 / 2 {
            send(&mut sender, data(number));
        }
        let rest = std::thread::spawn(move || {
            (0..BATCH_FRAMES as u32 / 2).for_each(|number| send(&mut sender, data(number)));
            sender
        });
        let mut heard = 0;
        while heard < BATCH_FRAMES {
            heard += batch();
        }
        assert_eq!(heard, BATCH_FRAMES);
        drop(rest.join().unwrap());
    }

    #[test]
    fn who_does_not_read_loses_the_newest_frames_counted_and_holds_up_nobody() {
        let (_, net) = net();
        let mut sender = net.open("a", BusId(0));
        let mut reader = net.open("a", BusId(1));
        let mut idle = net.open("a", BusId(2));
        let total = QUEUE_FRAMES + 100;
        let mut heard = 0;
        for number in 0..total {
            send(&mut sender, data(number as u32));
            heard += read(&mut reader).len();
        }
        assert_eq!(heard, total);
        assert_eq!(reader.rx.status().dropped, 0);
        let mut frames = Frames::default();
        assert!(idle.rx.receive(&mut frames, Duration::ZERO).status_changed);
        assert_eq!(idle.rx.status().dropped, 100);
        assert_eq!(frames.len(), BATCH_FRAMES);
        assert_eq!(frames.get(0).unwrap().data, data(0).view().data);
        // Room that was read free is room again, and not more than that.
        for number in 0..BATCH_FRAMES + 1 {
            send(&mut sender, data(number as u32));
        }
        assert!(idle.rx.receive(&mut frames, Duration::ZERO).status_changed);
        assert_eq!(idle.rx.status().dropped, 101);
        assert!(!idle.rx.receive(&mut frames, Duration::ZERO).status_changed);
    }

    #[test]
    fn ends_and_channels_that_nobody_holds_are_forgotten() {
        let (_, net) = net();
        for number in 0..100 {
            drop(net.open(&format!("channel {number}"), BusId(0)));
        }
        let kept = net.open("kept", BusId(0));
        assert_eq!(net.channels.lock().unwrap().len(), 1);
        let mut sender = net.open("kept", BusId(1));
        drop(kept);
        send(&mut sender, data(1));
        let channels = net.channels.lock().unwrap();
        assert_eq!(channels["kept"].ends.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_error_frame_on_the_bus_is_seen_in_the_status() {
        let (_, net) = net();
        let mut a = net.open("a", BusId(0));
        let mut frames = Frames::default();
        send(&mut a, Frame::error(0x40, &[0; 8]).unwrap());
        assert!(a.rx.receive(&mut frames, Duration::ZERO).status_changed);
        assert_eq!(a.rx.status().state, BusState::Off);
        assert!(a.rx.status().sentence.unwrap().contains("taken itself off"));
        send(&mut a, Frame::error(0x100, &[0; 8]).unwrap());
        assert!(a.rx.receive(&mut frames, Duration::ZERO).status_changed);
        assert_eq!(a.rx.status(), BusStatus { fd: true, ..BusStatus::plain(BusState::Active) });
    }
}
