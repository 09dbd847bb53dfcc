//! What every handler shares: the door, the gate, and how this listener is found. Holds no more than
//! a session that reads: whatever a visitor asks for is asked for in the visitor's own name.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};

use crate::engine::{Door, Gate, Haste, Session};
use crate::web::known::KnownDbcs;
use crate::web::limits::Limits;
use crate::web::problem::Problem;
use crate::web::site::Site;

/// Work that blocks (passwords, the store) done at once; what is more waits its turn.
const ASIDE: usize = 16;
/// Turns that are kept for what makes things safer, which waits behind nothing else.
const SAFE: usize = 8;
/// Turns of recordings that are taken in and looked through, which may take minutes.
const INCOMING: usize = 8;

/// Which turn work that blocks waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One of those of everything usual.
    Usual,
    /// One that is kept for orders that make things safer.
    Safe,
    /// One of those of recordings that are taken in.
    Incoming,
}

impl Turn {
    /// The turn of an order that is so urgent.
    #[must_use]
    pub const fn of(haste: Haste) -> Self {
        match haste {
            Haste::AfterJournal => Self::Usual,
            Haste::AtOnce => Self::Safe,
        }
    }
}

/// The turns.
struct Turns {
    usual: Arc<Semaphore>,
    safe: Arc<Semaphore>,
    incoming: Arc<Semaphore>,
}

impl Turns {
    fn new() -> Self {
        let turns = |count| Arc::new(Semaphore::new(count));
        Self { usual: turns(ASIDE), safe: turns(SAFE), incoming: turns(INCOMING) }
    }

    fn of(&self, turn: Turn) -> Arc<Semaphore> {
        Arc::clone(match turn {
            Turn::Usual => &self.usual,
            Turn::Safe => &self.safe,
            Turn::Incoming => &self.incoming,
        })
    }
}

/// What handlers share. Cloning gives another handle.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    gate: Gate,
    site: RwLock<Arc<Site>>,
    limits: Limits,
    /// Reads what this machine itself may read without signing in; nothing else.
    reader: Option<Arc<Session>>,
    turns: Turns,
    dbcs: KnownDbcs,
    counts: Counts,
    backing_up: Arc<AtomicBool>,
    stopping: watch::Sender<bool>,
}

/// What is going on at the moment.
#[derive(Debug, Default)]
pub struct Counts {
    /// Open connections.
    pub connections: AtomicUsize,
    /// Connections refused because there were too many.
    pub turned_away: AtomicUsize,
    /// Live streams.
    pub live: AtomicUsize,
    /// Requests answered.
    pub requests: AtomicUsize,
}

/// Counts one thing until it is dropped.
#[derive(Debug)]
pub struct Counted {
    shared: Shared,
    which: fn(&Counts) -> &AtomicUsize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(self.shared.counts()).fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("site", &self.site()).finish_non_exhaustive()
    }
}

impl Shared {
    /// For a listener found under `base` (scheme, host and port), with the usual limits.
    #[must_use]
    pub fn new(door: Door, gate: Gate, base: String) -> Self {
        Self::of(door, gate, Site::at(base), Limits::default(), None)
    }

    /// For a listener of `site`. `reader` is a session that may read the plant, for what this machine
    /// itself is told without signing in.
    #[must_use]
    pub fn of(
        door: Door,
        gate: Gate,
        site: Site,
        limits: Limits,
        reader: Option<Arc<Session>>,
    ) -> Self {
        let inner = Inner {
            door,
            gate,
            site: RwLock::new(Arc::new(site)),
            limits,
            reader,
            turns: Turns::new(),
            dbcs: KnownDbcs::default(),
            counts: Counts::default(),
            backing_up: Arc::default(),
            stopping: watch::Sender::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The way in for orders and looks.
    #[must_use]
    pub fn door(&self) -> &Door {
        &self.inner.door
    }

    /// The way in for people.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// How this listener is found.
    #[must_use]
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.inner.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes how it is found, from the next request on.
    pub fn move_to(&self, site: Site) {
        *self.inner.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// Scheme, host and port for links: where people find this listener.
    #[must_use]
    pub fn base(&self) -> String {
        self.site().link_base().to_owned()
    }

    /// Whether it speaks HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.site().is_seen_over_https()
    }

    /// Whether a backup is being made.
    #[must_use]
    pub fn backing_up(&self) -> &Arc<AtomicBool> {
        &self.inner.backing_up
    }

    /// What a request may take.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Whoever reads for this machine itself.
    #[must_use]
    pub fn reader(&self) -> Option<&Session> {
        self.inner.reader.as_deref()
    }

    /// What is known of the kept DBC files.
    #[must_use]
    pub fn dbcs(&self) -> &KnownDbcs {
        &self.inner.dbcs
    }

    /// What is going on at the moment.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    /// Counts one more of `which` until what is returned is dropped; `|counts| &counts.live` for a
    /// live stream.
    #[must_use]
    pub fn count(&self, which: fn(&Counts) -> &AtomicUsize) -> Counted {
        which(self.counts()).fetch_add(1, Ordering::Relaxed);
        Counted { shared: self.clone(), which }
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.counts().connections.load(Ordering::Relaxed)
    }

    /// Comes back when the listener is about to stop: streams then say goodbye.
    pub async fn stopping(&self) {
        let mut stopping = self.inner.stopping.subscribe();
        // The sender is in `self`: it cannot be gone before this is.
        let _stopping = stopping.wait_for(|stopping| *stopping).await;
    }

    /// Tells every stream that the listener is about to stop.
    pub fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }

    /// Does `work`, which may block, on a thread where that hurts nobody.
    ///
    /// # Errors
    /// The answer to give instead, where the work ended by a panic or the listener is stopping.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Response> {
        self.aside_in(Turn::Usual, work).await
    }

    /// The same in another turn. A turn is over when the work is, also where nobody waits for it any
    /// more: so there is never more of it than there are turns.
    ///
    /// # Errors
    /// As of [`Shared::aside`].
    pub async fn aside_in<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Response> {
        let stopping = || Problem::stopping().into_response();
        let turn = self.inner.turns.of(turn).acquire_owned().await.map_err(|_closed| stopping())?;
        let shared = self.clone();
        let work = move || {
            let _turn = turn;
            work(&shared)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_ended| stopping())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;
    use crate::engine::{Config, testing};

    #[test]
    fn work_that_nobody_waits_for_keeps_its_turn_and_never_that_of_a_safety_order() {
        let folder = tempfile::tempdir().unwrap();
        let running =
            testing::start_cheaply(Config::new(folder.path().to_owned(), "a test")).unwrap();
        let (door, gate) = (running.door.clone(), running.gate.clone());
        let shared = Shared::new(door, gate, "http://localhost:1".into());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(ASIDE + SAFE)
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let mut ends = Vec::new();
        let (began, begins) = mpsc::channel();
        for _ in 0..ASIDE {
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            let began = began.clone();
            let mut job = Box::pin(shared.aside(move |_| {
                began.send(()).unwrap();
                // Until the test lets it end.
                let _ended = ended.recv();
            }));
            // It has begun, and then whoever waits for it goes away.
            assert!(job.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        (0..ASIDE).for_each(|_| begins.recv().unwrap());
        let mut more = Box::pin(shared.aside(|_| 1));
        assert!(more.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let free = shared.inner.turns.usual.available_permits();
        assert_eq!(free, 0, "turns of work that still runs were given back");
        let safe = runtime.block_on(shared.aside_in(Turn::of(Haste::AtOnce), |_| 2));
        assert_eq!(safe.ok(), Some(2));
        ends.clear();
        assert_eq!(runtime.block_on(more).ok(), Some(1));
    }
}
