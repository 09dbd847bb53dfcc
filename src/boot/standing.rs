//! Where the web listener stands: open and where, or closed and why. Written by the host, read by
//! whoever shows it.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// An open listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenListener {
    /// The address it listens on.
    pub address: SocketAddr,
    /// Scheme, host and port under which it can be reached.
    pub base: String,
    /// The same under other names of this machine, where it listens on all its addresses.
    pub also: Vec<String>,
    /// SHA-256 of its certificate, over HTTPS.
    pub fingerprint: Option<String>,
}

/// Where the listener stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What is open.
    pub open: Option<OpenListener>,
    /// Why it is not as the settings want it; a sentence.
    pub trouble: Option<String>,
}

/// A handle to where the listener stands. Cloning gives another one.
#[derive(Clone, Debug, Default)]
pub struct Standing(Arc<RwLock<State>>);

impl Standing {
    /// Where it stands now.
    #[must_use]
    pub fn now(&self) -> State {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Under which address it can be reached, if it is open.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        self.now().open.map(|open| open.base)
    }

    /// It stands otherwise from now on.
    pub(super) fn set(&self, state: State) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
