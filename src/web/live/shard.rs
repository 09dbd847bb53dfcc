//! The fan-out: connections are dealt to shards, each of them one task that reads and writes its own
//! sockets, so that a beat wakes as many tasks as there are shards and not as many as there are
//! connections. A metronome gives the beat to all of them, and stands still while nobody listens.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use crate::web::live::feed::Feeds;
use crate::web::live::peer::{Eyes, Gone, Peer, Turn};
use crate::web::shared::Counted;

/// Most connections.
pub const PEERS: usize = 2048;
/// Connections that wait for a shard to take them.
const WAITING: usize = 64;
/// Bytes read from a socket at once; the buffer is one for all connections of a shard.
const READ_BYTES: usize = 16 * 1024;

/// All live connections.
pub struct Core {
    shards: Vec<mpsc::Sender<Newcomer>>,
    next: AtomicUsize,
    common: Arc<Common>,
}

/// What the shards share.
struct Common {
    eyes: Box<dyn Eyes>,
    feeds: Feeds,
    beat: watch::Sender<u64>,
    places: Arc<Semaphore>,
    arrived: Notify,
    is_stopping: AtomicBool,
}

/// A connection on its way to its shard.
struct Newcomer {
    peer: Peer,
    place: Place,
}

/// A place among the connections: given back when it is dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Option<Counted>,
}

impl Place {
    /// The same place, counted among all that goes on.
    #[must_use]
    pub fn counted(self, counted: Counted) -> Self {
        Self { _counted: Some(counted), ..self }
    }
}

impl Core {
    /// Starts `shards` tasks and a metronome on the runtime that this is called on.
    #[must_use]
    pub fn start(eyes: Box<dyn Eyes>, shards: usize, beat: Duration) -> Self {
        let (sender, beats) = watch::channel(1);
        let common = Arc::new(Common {
            eyes,
            feeds: Feeds::default(),
            beat: sender,
            places: Arc::new(Semaphore::new(PEERS)),
            arrived: Notify::new(),
            is_stopping: AtomicBool::new(false),
        });
        tokio::spawn(metronome(Arc::clone(&common), beat));
        let shards = (0..shards.max(1)).map(|_| {
            let (inbox, newcomers) = mpsc::channel(WAITING);
            let shard = Shard {
                newcomers,
                beats: beats.clone(),
                slots: Vec::new(),
                free: Vec::new(),
                ready: Arc::default(),
                scratch: vec![0; READ_BYTES],
                common: Arc::clone(&common),
            };
            // It reads and writes many sockets a turn and yields by itself between turns.
            tokio::spawn(tokio::task::unconstrained(shard.run()));
            inbox
        });
        Self { shards: shards.collect(), next: AtomicUsize::new(0), common }
    }

    /// A place for one more connection; `None` where there are too many.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.common.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit, _counted: None })
    }

    /// The beat, for a new connection.
    #[must_use]
    pub fn beat(&self) -> u64 {
        *self.common.beat.borrow()
    }

    /// Says goodbye to everybody from the next beat on.
    pub fn stop(&self) {
        self.common.is_stopping.store(true, Ordering::Release);
    }

    /// Takes in a connection.
    pub async fn join(&self, peer: Peer, place: Place) {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.shards.len().max(1);
        if let Some(shard) = self.shards.get(at) {
            // It fails only when the runtime is being stopped.
            let _taken = shard.send(Newcomer { peer, place }).await;
            self.common.arrived.notify_one();
        }
    }
}

/// Gives the beat while somebody listens.
async fn metronome(common: Arc<Common>, beat: Duration) {
    let mut ticks = interval(beat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        if common.places.available_permits() == PEERS {
            common.arrived.notified().await;
            ticks.reset();
        }
        ticks.tick().await;
        common.beat.send_modify(|beat| *beat += 1);
    }
}

/// Connections that have something to read or room to write.
#[derive(Default)]
struct Ready {
    slots: Mutex<Vec<usize>>,
    shard: AtomicWaker,
}

/// Wakes a shard for one of its connections.
struct Bell {
    slot: usize,
    has_rung: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.has_rung.swap(true, Ordering::AcqRel) {
            self.ready.slots.lock().unwrap_or_else(PoisonError::into_inner).push(self.slot);
            self.ready.shard.wake();
        }
    }
}

struct Slot {
    peer: Peer,
    bell: Arc<Bell>,
    waker: Waker,
    _place: Place,
}

struct Shard {
    newcomers: mpsc::Receiver<Newcomer>,
    beats: watch::Receiver<u64>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    ready: Arc<Ready>,
    scratch: Vec<u8>,
    common: Arc<Common>,
}

impl Shard {
    async fn run(mut self) {
        loop {
            let is_empty = self.slots.len() == self.free.len();
            let ready = Arc::clone(&self.ready);
            tokio::select! {
                biased;
                beat = self.beats.changed(), if !is_empty => match beat {
                    Ok(()) => self.beat(),
                    Err(_stopped) => return,
                },
                newcomer = self.newcomers.recv() => match newcomer {
                    Some(newcomer) => self.take(newcomer),
                    None => return,
                },
                slots = some_ready(&ready), if !is_empty => self.poll(&slots),
            }
            // Others on this worker have their turn.
            tokio::task::yield_now().await;
        }
    }

    fn take(&mut self, Newcomer { peer, place }: Newcomer) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let ready = Arc::clone(&self.ready);
        let bell = Arc::new(Bell { slot, has_rung: AtomicBool::new(false), ready });
        let waker = Waker::from(Arc::clone(&bell));
        if let Some(free) = self.slots.get_mut(slot) {
            *free = Some(Slot { peer, bell, waker, _place: place });
        }
        self.poll(&[slot]);
    }

    fn beat(&mut self) {
        let beat = *self.beats.borrow_and_update();
        let turn = Turn { beat, eyes: &*self.common.eyes, feeds: &self.common.feeds };
        let is_stopping = self.common.is_stopping.load(Ordering::Acquire);
        let mut seen = None;
        for (at, place) in self.slots.iter_mut().enumerate() {
            let Some(slot) = place else { continue };
            if is_stopping {
                slot.peer.stop(beat);
            }
            let mut cx = Context::from_waker(&slot.waker);
            if slot.peer.beat(&mut cx, &turn, &mut seen) == Err(Gone) {
                *place = None;
                self.free.push(at);
            }
        }
    }

    fn poll(&mut self, slots: &[usize]) {
        let beat = *self.beats.borrow();
        let turn = Turn { beat, eyes: &*self.common.eyes, feeds: &self.common.feeds };
        for &at in slots {
            let Some(place) = self.slots.get_mut(at) else { continue };
            let Some(slot) = place else { continue };
            // Before the look: what comes after it rings again.
            slot.bell.has_rung.store(false, Ordering::Release);
            let mut cx = Context::from_waker(&slot.waker);
            if slot.peer.poll(&mut cx, &turn, &mut self.scratch) == Err(Gone) {
                *place = None;
                self.free.push(at);
            }
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.slots.iter_mut().flatten().for_each(|slot| slot.peer.go_away());
    }
}

/// Waits until some connections are ready, and takes them.
async fn some_ready(ready: &Ready) -> Vec<usize> {
    std::future::poll_fn(|cx| {
        ready.shard.register(cx.waker());
        let mut slots = ready.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.is_empty() { Poll::Pending } else { Poll::Ready(std::mem::take(&mut *slots)) }
    })
    .await
}
