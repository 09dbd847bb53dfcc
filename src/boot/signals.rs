//! The system ends the program while the window is open: by a signal, because somebody logs out or the
//! machine goes down. Whatever charges is stopped first, then the window is closed, and the program
//! ends even if the window does not.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::engine::Stopper;

/// How often the flag of the signals is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long the engine may take to stop what charges: longer than the bounds of a stop.
const STOP_LOOKS: u32 = 300;
/// How long the window may take to close after that.
const CLOSE_LOOKS: u32 = 60;

/// What is done when the system ends the program.
pub struct Leaving {
    /// The engine, which is stopped first.
    pub stopper: Stopper,
    /// Closes the window.
    pub close: Box<dyn FnMut() + Send>,
    /// Ends the program, whatever the window does.
    pub end: Box<dyn FnOnce() + Send>,
}

/// A thread that waits for the system's wish; dropping it says that the window is closed.
pub struct Signals {
    closed: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Waits for `asked`, then leaves.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn watch(asked: Arc<AtomicBool>, leaving: Leaving) -> io::Result<Self> {
        let (closed, gone) = bounded(0);
        let body = move || wait(&asked, &gone, leaving);
        let thread = std::thread::Builder::new().name("signals".into()).spawn(body)?;
        Ok(Self { closed: Some(closed), thread: Some(thread) })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        drop(self.closed.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that waits for signals ended by a panic");
        }
    }
}

fn wait(asked: &AtomicBool, gone: &Receiver<()>, mut leaving: Leaving) {
    let open = || matches!(gone.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout));
    while !asked.load(Ordering::SeqCst) {
        if !open() {
            return;
        }
    }
    leaving.stopper.stop();
    for _ in 0..STOP_LOOKS {
        if leaving.stopper.has_ended() || !open() {
            break;
        }
    }
    for _ in 0..CLOSE_LOOKS {
        (leaving.close)();
        if !open() {
            return;
        }
    }
    (leaving.end)();
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;
    use crate::engine::Config;
    use crate::engine::testing::start_cheaply;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn the_engine_has_ended_before_the_window_is_closed_and_a_window_that_stays_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let running = start_cheaply(config).unwrap();
        let (to, said) = unbounded();
        let asked = Arc::new(AtomicBool::new(false));
        let (stopper, closes, ends) = (running.stopper(), to.clone(), to);
        let leaving = Leaving {
            stopper: stopper.clone(),
            close: Box::new(move || closes.send(("close", stopper.has_ended())).unwrap()),
            end: Box::new(move || ends.send(("end", true)).unwrap()),
        };
        let signals = Signals::watch(Arc::clone(&asked), leaving).unwrap();
        assert!(said.recv_timeout(LOOK * 3).is_err(), "nothing happens without a signal");
        asked.store(true, Ordering::SeqCst);
        assert_eq!(said.recv_timeout(SOON), Ok(("close", true)));
        let last = said.iter().find(|(what, _)| *what == "end");
        assert_eq!(last, Some(("end", true)));
        drop(signals);
    }

    #[test]
    fn a_window_that_was_closed_by_a_person_needs_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let running = start_cheaply(Config::new(folder.path().to_owned(), "a test")).unwrap();
        let (to, said) = unbounded();
        let ends = to.clone();
        let leaving = Leaving {
            stopper: running.stopper(),
            close: Box::new(move || to.send("close").unwrap()),
            end: Box::new(move || ends.send("end").unwrap()),
        };
        drop(Signals::watch(Arc::default(), leaving).unwrap());
        assert!(said.iter().next().is_none());
        assert!(!running.stopper().has_ended());
    }
}
