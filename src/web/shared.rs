//! What every handler shares: the door, the gate, and how this listener is found. Holds no more than
//! a session that reads: whatever a visitor asks for is asked for in the visitor's own name.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};

use crate::engine::{Door, Gate, Session};
use crate::web::limits::Limits;
use crate::web::problem::Problem;
use crate::web::site::Site;

/// Work that blocks (passwords, the store) done at once; what is more waits its turn.
const ASIDE: usize = 16;

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
    aside: Semaphore,
    counts: Counts,
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
            aside: Semaphore::new(ASIDE),
            counts: Counts::default(),
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
        let stopping = || Problem::stopping().into_response();
        let _turn = self.inner.aside.acquire().await.map_err(|_closed| stopping())?;
        let shared = self.clone();
        tokio::task::spawn_blocking(move || work(&shared)).await.map_err(|_ended| stopping())
    }
}
