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

/// Called with where the listener stands whenever that changes; must return at once.
type Watcher = Box<dyn Fn(&State) + Send + Sync>;

/// A handle to where the listener stands. Cloning gives another one.
#[derive(Clone, Default)]
pub struct Standing(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: RwLock<State>,
    watchers: RwLock<Vec<Watcher>>,
}

impl Standing {
    /// Where it stands now.
    #[must_use]
    pub fn now(&self) -> State {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls `watcher` with where it stands, now and whenever that changes.
    #[cfg(any(test, feature = "desktop"))]
    pub fn watch(&self, watcher: Watcher) {
        watcher(&self.now());
        self.0.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Under which address it can be reached, if it is open.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        self.now().open.map(|open| open.base)
    }

    /// It stands otherwise from now on.
    #[cfg_attr(not(any(test, feature = "web")), expect(dead_code, reason = "there is no listener"))]
    pub(super) fn set(&self, state: State) {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner).clone_from(&state);
        let watchers = self.0.watchers.read().unwrap_or_else(PoisonError::into_inner);
        watchers.iter().for_each(|watcher| watcher(&state));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn whoever_watches_is_told_at_once_and_after_every_change() {
        let standing = Standing::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        standing.watch(Box::new(move |state| {
            telling.lock().unwrap().push(state.trouble.clone());
        }));
        standing.set(State { open: None, trouble: Some("the port is taken".into()) });
        standing.set(State::default());
        let told = told.lock().unwrap();
        assert_eq!(*told, [None, Some("the port is taken".to_owned()), None]);
    }
}
