//! A pass: what a token, of a session or of the API, opens. It is kept from picture to picture as
//! long as it says the same, so that whoever holds its session or its life sees it end.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::access::account::{SessionId, TokenId};
use crate::engine::access::grant::{Origin, Session};
use crate::engine::access::life::{Ended, Life};

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassId {
    /// A session of somebody signed in.
    Session(SessionId),
    /// A token of the API.
    Token(TokenId),
}

/// A pass.
#[derive(Debug)]
pub struct Pass {
    /// What for.
    pub id: PassId,
    expires: Wall,
    life: Arc<Life>,
    /// As it was last used: face and address may change from one use to the next.
    session: RwLock<Arc<Session>>,
    /// Whether the store knows that it has ended.
    end_is_kept: AtomicBool,
    /// Last use that the store knows of, in nanoseconds.
    use_kept: AtomicI64,
}

/// Whether the store knows that something has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does.
    Kept,
    /// It does not, or there was no end.
    NotKept,
}

impl Pass {
    /// A pass for `session`.
    pub fn new(id: PassId, expires: Wall, session: Session, end: End) -> Self {
        let life = Arc::clone(session.life());
        let use_kept = AtomicI64::new(life.used().nanos());
        let end_is_kept = AtomicBool::new(end == End::Kept);
        Self { id, expires, life, session: RwLock::new(Arc::new(session)), end_is_kept, use_kept }
    }

    /// The session behind it, and notes its use.
    ///
    /// # Errors
    /// It has ended, or ends now because nobody used it for longer than `idle` or it is too old.
    pub fn enter(&self, now: Wall, idle: Duration, from: &Origin) -> Result<Arc<Session>, Ended> {
        self.look(now, idle)?;
        self.life.touch(now);
        let kept = self.session.read().unwrap_or_else(PoisonError::into_inner);
        if kept.face() == from.face && kept.address() == from.address {
            return Ok(Arc::clone(&kept));
        }
        let moved = Arc::new(kept.moved((from.face, from.address)));
        drop(kept);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&moved);
        Ok(moved)
    }

    /// Ends it if its time is over.
    ///
    /// # Errors
    /// Why it has ended.
    pub fn look(&self, now: Wall, idle: Duration) -> Result<(), Ended> {
        let unused = match self.id {
            PassId::Session(_) => now.nanos().saturating_sub(self.life.used().nanos()),
            // A program may come as rarely as it likes.
            PassId::Token(_) => 0,
        };
        let idle = i64::try_from(idle.as_nanos()).unwrap_or(i64::MAX);
        if now >= self.expires || unused >= idle {
            self.life.end(Ended::Expired);
        }
        self.life.ended().map_or(Ok(()), Err)
    }

    /// The session as it was last used.
    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Its life.
    pub const fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Why it ended, if the store does not know that yet. Asked once: from then on the store is
    /// taken to know.
    pub fn take_end(&self) -> Option<Ended> {
        let ended = self.life.ended()?;
        let known = self.end_is_kept.swap(true, Ordering::SeqCst);
        (!known).then_some(ended)
    }

    /// Puts back an end that could not be written.
    pub fn give_end_back(&self) {
        self.end_is_kept.store(false, Ordering::SeqCst);
    }

    /// When it was last used, if the store does not know that yet.
    pub fn take_use(&self) -> Option<Wall> {
        let used = self.life.used();
        (self.use_kept.swap(used.nanos(), Ordering::Relaxed) != used.nanos()).then_some(used)
    }
}
