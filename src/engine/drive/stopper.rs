//! How a running engine is ended from elsewhere: by the system's signals, by whoever is about to take
//! the faces down, by a panic. Whatever charges is stopped before anything else ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;

use crate::engine::hub::Event;

/// A handle that ends an engine. Cloning gives another one to the same engine.
#[derive(Clone, Debug)]
pub struct Stopper {
    asked: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    inbox: Sender<Event>,
}

impl Stopper {
    pub(super) fn new(inbox: Sender<Event>) -> Self {
        Self { asked: Arc::default(), ended: Arc::default(), inbox }
    }

    /// Asks the engine to stop whatever charges and then to end. Waits for nothing.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::SeqCst);
        // A tick wakes the hub so that it sees the flag at once; a full inbox wakes it anyway.
        drop(self.inbox.try_send(Event::Tick));
    }

    /// Whether nothing charges any more because the engine has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// The hub's inbox, for tests that bring it down.
    #[cfg(test)]
    pub(super) fn inbox(&self) -> &Sender<Event> {
        &self.inbox
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Says that the hub's thread has ended once this is dropped, however that comes.
    pub(super) fn end(&self) -> End {
        End(Arc::clone(&self.ended))
    }
}

/// See [`Stopper::end`].
pub(super) struct End(Arc<AtomicBool>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Asks the engine to stop when it is dropped. Whoever holds an engine and its faces makes this last,
/// so that charging is stopped before any face is taken down, even by a panic.
#[derive(Debug)]
pub struct StopFirst(pub Stopper);

impl Drop for StopFirst {
    fn drop(&mut self) {
        self.0.stop();
    }
}
