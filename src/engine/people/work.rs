//! The thread `work`: hashes passwords, one at a time, because each takes tens of megabytes and a
//! large part of a second. What waits for it is bounded; beyond that one is told to come again.

use std::io;

use crossbeam_channel::{Sender, bounded};

use crate::engine::access::password::Hasher;

/// Hashes that may wait for the one that is computed.
const WAITING: usize = 8;
/// What is said to whoever does not fit: by then those that wait now are done.
pub const COME_AGAIN_S: u32 = 2;

type Job = Box<dyn FnOnce(&Hasher) + Send>;

/// The thread, for whoever has work for it. It ends when this is dropped.
#[derive(Debug)]
pub struct Work {
    jobs: Sender<Job>,
}

/// Too much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Work {
    /// Starts it.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn start(hasher: Hasher) -> io::Result<Self> {
        let (jobs, waiting) = bounded::<Job>(WAITING);
        let body = move || waiting.iter().for_each(|job| job(&hasher));
        std::thread::Builder::new().name("work".into()).spawn(body)?;
        Ok(Self { jobs })
    }

    /// Has `job` done, and waits for it.
    ///
    /// # Errors
    /// Too much waits already.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, Full> {
        let (sender, done) = bounded(1);
        let job = move |hasher: &Hasher| {
            // Whoever asked waits for it, unless its thread was ended.
            drop(sender.send(job(hasher)));
        };
        self.jobs.try_send(Box::new(job)).map_err(|_full| Full)?;
        done.recv().map_err(|_gone| Full)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::access::password::Cost;

    #[test]
    fn what_does_not_fit_is_told_to_come_again_and_nothing_runs_beside_another() {
        let work = Arc::new(Work::start(Hasher::new(Cost::CHEAP).unwrap()).unwrap());
        let (hold, held) = bounded::<()>(0);
        let (started, has_started) = bounded::<()>(0);
        let running = Arc::new(AtomicUsize::new(0));
        let first = {
            let work = Arc::clone(&work);
            std::thread::spawn(move || {
                work.run(move |_| {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                })
            })
        };
        has_started.recv().unwrap();
        // Fills the queue from threads of their own, since each waits for its answer.
        let others: Vec<_> = (0..WAITING)
            .map(|_| {
                let (work, running) = (Arc::clone(&work), Arc::clone(&running));
                std::thread::spawn(move || {
                    work.run(move |_| {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        running.fetch_sub(1, Ordering::SeqCst);
                    })
                })
            })
            .collect();
        while work.jobs.len() < WAITING {
            std::thread::yield_now();
        }
        assert_eq!(work.run(|_| ()), Err(Full));
        hold.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(()));
        assert!(others.into_iter().all(|other| other.join().unwrap() == Ok(())));
        assert_eq!(work.run(|_| 5), Ok(5));
    }
}
