//! What every handler shares: the door, the gate, and how this listener is found.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::engine::{Door, Gate};
use crate::web::problem::Problem;

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
    /// Scheme, host and port under which this listener is found, such as `http://127.0.0.1:18080`.
    base: String,
    aside: Semaphore,
}

impl Shared {
    /// For a listener found under `base` (scheme, host and port).
    #[must_use]
    pub fn new(door: Door, gate: Gate, base: String) -> Self {
        Self { inner: Arc::new(Inner { door, gate, base, aside: Semaphore::new(ASIDE) }) }
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

    /// Scheme, host and port under which this listener is found.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.inner.base
    }

    /// Whether it speaks HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.inner.base.starts_with("https:")
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
