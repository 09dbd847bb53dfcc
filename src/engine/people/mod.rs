//! People: who there is, who comes in, and what they are told. Stands on the store for what is kept
//! and on `access` for what it means; knows nothing of orders, packs and buses.

pub(in crate::engine) mod gate;
pub(in crate::engine) mod stamp;

use std::sync::Arc;

use crate::base::time::Clock;
use crate::engine::access::roster::Roster;
use crate::engine::store::{OpenError, Opener, Store};

/// The people of an engine: the store, the roster, who is in.
pub struct People {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl People {
    /// Opens the store in `folder`; says what the person should know.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        _folder: &std::path::Path,
        _opener: Opener,
        _clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Self>, Vec<String>), OpenError> {
        todo!()
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The newest roster.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        todo!()
    }

    /// Calls `waker` after every new roster; it must return at once.
    pub fn watch(&self, _waker: Box<dyn Fn() + Send + Sync>) {
        todo!()
    }
}
