//! The door: the one way in. It takes orders from every face, mints the grant, writes the journal
//! line, and hands the admitted order to the hub; and it gives out snapshots to those who may look.

use std::sync::{Arc, PoisonError, RwLock};

use crossbeam_channel::{Sender, TrySendError, bounded};
use thiserror::Error;

use crate::base::time::Clock;
use crate::engine::access::grant::{Denied, Grant, Session};
use crate::engine::access::permission::{ChangeSettings, ViewPlant};
use crate::engine::hub::Event;
use crate::engine::order::{Admitted, Order, Ticket};
use crate::engine::snapshot::{Notice, Snapshot};

/// Why the door did not take an order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The permission is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The hub has too much to do; nothing was changed.
    #[error("the engine is too busy to take this order: try again")]
    Busy,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
}

/// Where the hub leaves the newest snapshot.
pub(in crate::engine) type Board = Arc<RwLock<Arc<Snapshot>>>;

/// Called after every new snapshot; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// The door of a running engine. Cloning gives another handle to the same door.
#[derive(Clone)]
pub struct Door {
    inbox: Sender<Event>,
    board: Board,
    wakers: Wakers,
    clock: Arc<dyn Clock>,
}

/// The wakers of everybody who watches.
#[derive(Clone, Default)]
pub(in crate::engine) struct Wakers(Arc<RwLock<Vec<Waker>>>);

impl Wakers {
    /// Wakes everybody.
    pub(in crate::engine) fn wake(&self) {
        let wakers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        wakers.iter().for_each(|waker| waker());
    }
}

impl Door {
    pub(in crate::engine) fn new(
        inbox: Sender<Event>,
        board: Board,
        wakers: Wakers,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inbox, board, wakers, clock }
    }

    /// Takes an order: asks the policy, writes the journal line, passes it on.
    ///
    /// # Errors
    /// The session lacks the permission, or the hub cannot take it now.
    pub fn submit<O: Order>(&self, session: &Session, order: O) -> Result<Ticket, Refusal> {
        let target = order.target();
        let journal = |outcome: &str| {
            tracing::info!(
                target: "journal",
                actor = %session.actor(), face = ?session.face(), order = O::NAME, %target, outcome,
            );
        };
        let grant = session.permit(order.needs()).inspect_err(|_| journal("denied"))?;
        let admitted = Admitted::new(&grant, order, session.face(), self.clock.now());
        let (reply, answer) = bounded(1);
        match self.inbox.try_send(Event::Order { order: admitted, reply }) {
            Ok(()) => {
                journal("admitted");
                Ok(Ticket::new(answer))
            }
            Err(TrySendError::Full(_)) => {
                journal("busy");
                Err(Refusal::Busy)
            }
            Err(TrySendError::Disconnected(_)) => {
                journal("stopping");
                Err(Refusal::Stopping)
            }
        }
    }

    /// The newest picture of everything.
    #[must_use]
    pub fn look(&self, _grant: &Grant<'_, ViewPlant>) -> Arc<Snapshot> {
        Arc::clone(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `waker` after every new snapshot.
    pub fn watch(&self, _grant: &Grant<'_, ViewPlant>, waker: Waker) {
        self.wakers.0.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// Tells everybody something about the plant; a full inbox loses it, and the log has it.
    pub fn tell(&self, grant: &Grant<'_, ChangeSettings>, notice: Notice) {
        tracing::warn!(actor = %grant.actor(), subject = notice.subject, "{}", notice.text);
        if self.inbox.try_send(Event::Notice(notice)).is_err() {
            tracing::error!("the inbox was full: a notice was lost");
        }
    }
}
