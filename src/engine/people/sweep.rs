//! The thread `sessions`: ends what nobody uses or what is too old, so that open streams end too,
//! and writes down what is written lazily: ends, last uses, and what may be forgotten.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::base::time::{Clock, Evenness, Mono, Wall};
use crate::engine::access::life::Ended;
use crate::engine::people::lobby::Lobby;
use crate::engine::people::pass::{Pass, PassId};
use crate::engine::store::{Store, StoreError, Writing, sessions, tokens};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often last uses are written.
const USES_EVERY: Duration = Duration::from_secs(60);
/// How often old rows are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// How long the row of a session or token is kept after its end.
const KEPT_AFTER_END: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most rows of ended sessions that are kept.
const MOST_ENDED: usize = 10_000;

/// The thread; it ends when this is dropped.
pub struct Sweeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Starts it.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn start(lobby: Arc<Lobby>, store: Store, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let mut broom = Broom::new(lobby, store, clock);
        let body = move || broom.run(&stopped);
        let thread = std::thread::Builder::new().name("sessions".into()).spawn(body)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It only hands work on, so it ends at once.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that ends sessions ended by a panic");
        }
    }
}

/// What the thread does, so that it can be done without one.
pub struct Broom {
    lobby: Arc<Lobby>,
    store: Store,
    clock: Arc<dyn Clock>,
    uses_at: Mono,
    pruned_at: Option<Mono>,
    evenness: Evenness,
}

impl Broom {
    /// One that looks at who is in `lobby`.
    pub fn new(lobby: Arc<Lobby>, store: Store, clock: Arc<dyn Clock>) -> Self {
        let uses_at = clock.now();
        Self { lobby, store, clock, uses_at, pruned_at: None, evenness: Evenness::default() }
    }

    fn run(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
        self.note_uses();
    }

    /// Looks once.
    pub fn look(&mut self) {
        let now = self.clock.now();
        self.end_what_is_over();
        if now.since(self.uses_at) >= USES_EVERY {
            self.uses_at = now;
            self.note_uses();
        }
        if self.evenness.look(now, self.clock.wall()) {
            tracing::warn!("the clock was set: no session and no token is forgotten for an hour");
        }
        // A clock that is wrong when the machine starts is set soon: what is forgotten is gone for good.
        let is_even = self.evenness.lasts(now) >= Evenness::BELIEVED;
        if is_even && self.pruned_at.is_none_or(|at| now.since(at) >= PRUNE_EVERY) {
            self.pruned_at = Some(now);
            self.prune();
        }
    }

    fn end_what_is_over(&self) {
        let picture = self.lobby.picture();
        let (now, idle) = (self.clock.wall(), picture.idle());
        let mut over: Vec<(Arc<Pass>, Ended)> = Vec::new();
        for pass in picture.passes() {
            if pass.look(now, idle).is_err()
                && let Some(why) = pass.take_end()
            {
                over.push((Arc::clone(pass), why));
            }
        }
        if over.is_empty() {
            return;
        }
        let ends: Vec<(PassId, Ended)> = over.iter().map(|(pass, why)| (pass.id, *why)).collect();
        let job = move |writing: &Writing<'_>| {
            for (id, why) in ends {
                if let PassId::Session(id) = id {
                    sessions::end(writing, id, now, why)?;
                }
            }
            writing.touch();
            Ok::<(), StoreError>(())
        };
        let failed = move |over: &[(Arc<Pass>, Ended)]| {
            over.iter().for_each(|(pass, _)| pass.give_end_back());
        };
        let again = over.clone();
        let then = move |done: Result<(), StoreError>| {
            if done.is_err() {
                failed(&again);
            }
        };
        if self.store.post(job, then).is_err() {
            failed(&over);
        }
    }

    fn note_uses(&self) {
        let (mut of_sessions, mut of_tokens) = (Vec::new(), Vec::new());
        for pass in self.lobby.picture().passes() {
            match (pass.take_use(), pass.id) {
                (Some(at), PassId::Session(id)) => of_sessions.push((id, at)),
                (Some(at), PassId::Token(id)) => of_tokens.push((id, at)),
                (None, PassId::Session(_) | PassId::Token(_)) => {}
            }
        }
        if of_sessions.is_empty() && of_tokens.is_empty() {
            return;
        }
        self.post("when sessions were last used", move |writing| {
            sessions::note_use(writing, &of_sessions)?;
            tokens::note_use(writing, &of_tokens)?;
            // So that the lists say when a token was last used.
            writing.touch();
            Ok(())
        });
    }

    fn prune(&self) {
        let kept = i64::try_from(KEPT_AFTER_END.as_nanos()).unwrap_or(i64::MAX);
        let before = Wall::from_nanos(self.clock.wall().nanos().saturating_sub(kept));
        self.post("which old sessions are forgotten", move |writing| {
            sessions::prune(writing, before, MOST_ENDED)?;
            tokens::prune(writing, before).map(|_| ())
        });
    }

    /// Has something written that may be lost.
    fn post(
        &self,
        what: &'static str,
        job: impl FnOnce(&Writing<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        let then = move |done: Result<(), StoreError>| {
            if let Err(error) = done {
                tracing::warn!(%error, "{what} could not be written");
            }
        };
        if let Err(error) = self.store.post(job, then) {
            tracing::warn!(%error, "{what} could not be written");
        }
    }
}
