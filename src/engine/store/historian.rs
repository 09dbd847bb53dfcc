//! The thread `historian`: the only one that writes. It takes what waits, does it in one
//! transaction, each job in a part of its own, and answers once that is committed.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::{Connection, TransactionBehavior};

use crate::base::time::{Clock, Mono};
use crate::engine::access::grant::Face;
use crate::engine::store::journal::{self, Entry, Outcome};
use crate::engine::store::keeping::Keeping;
use crate::engine::store::lock::Lock;
use crate::engine::store::secrets::Vault;
use crate::engine::store::{OnChange, Reading, StoreError, Writing};

/// Jobs that may wait.
pub const INBOX_JOBS: usize = 4096;
/// Jobs in one transaction.
const BATCH_JOBS: usize = 256;
/// How often it is looked whether another process has written.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long after a failure it is tried again to keep something of charging.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

/// A job, and who is told how it ended.
pub trait Work: Send {
    /// Does it.
    fn perform(&mut self, writing: &Writing<'_>);
    /// Says how it ended, once `committed` is known.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A job with its types.
struct Posted<J, T, E, K> {
    job: Option<J>,
    outcome: Option<Result<T, E>>,
    then: K,
}

/// Wraps a job.
pub fn work<T, E, J, K>(job: J, then: K) -> Box<dyn Work>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    J: FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
    K: FnOnce(Result<T, E>) + Send + 'static,
{
    Box::new(Posted { job: Some(job), outcome: None, then })
}

impl<T, E, J, K> Work for Posted<J, T, E, K>
where
    T: Send,
    E: From<StoreError> + Send,
    J: FnOnce(&Writing<'_>) -> Result<T, E> + Send,
    K: FnOnce(Result<T, E>) + Send,
{
    fn perform(&mut self, writing: &Writing<'_>) {
        let Some(job) = self.job.take() else { return };
        self.outcome = Some(writing.part(|part| {
            catch_unwind(AssertUnwindSafe(|| job(part))).unwrap_or_else(|_panic| {
                tracing::error!("a change to the records ended by a fault and was taken back");
                Err(StoreError::Fault.into())
            })
        }));
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, then, .. } = *self;
        let outcome = match (committed, outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // It failed by itself, and that says more than what became of the others.
            (Err(_), Some(Err(error))) => Err(error),
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Fault.into()),
        };
        if catch_unwind(AssertUnwindSafe(|| then(outcome))).is_err() {
            tracing::error!("whoever waited for a change to the records ended by a fault");
        }
    }
}

/// What is done once a transaction is committed.
pub type Afterwards = Box<dyn FnOnce()>;

/// What a transaction remembers besides what it writes.
#[derive(Default)]
pub struct Remembered {
    /// People or settings were changed.
    pub touched: Cell<bool>,
    /// Something that failed could not be taken back: nothing of this may be committed.
    pub spoiled: Cell<bool>,
    /// To be done after the commit, and only then.
    pub afterwards: RefCell<Vec<Afterwards>>,
    /// To be done where there is no commit.
    pub otherwise: RefCell<Vec<Afterwards>>,
}

impl Remembered {
    /// How much is to be done by now, after a commit and without one.
    pub fn marks(&self) -> (usize, usize) {
        (self.afterwards.borrow().len(), self.otherwise.borrow().len())
    }

    /// Does what was put off for the case that it is not kept, but for the first `stay`.
    pub fn put_back(&self, stay: usize) {
        let acts = self.otherwise.borrow_mut().split_off(stay);
        for act in acts.into_iter().rev() {
            if catch_unwind(AssertUnwindSafe(act)).is_err() {
                tracing::error!("what a change had written ended by a fault when it was put back");
            }
        }
    }

    /// Does what was put off until the commit.
    fn follow(&self) {
        for act in self.afterwards.take() {
            if catch_unwind(AssertUnwindSafe(act)).is_err() {
                tracing::error!("what follows a change to the records ended by a fault");
            }
        }
    }
}

/// How many journal lines could not be written that nothing depended on, such as refusals while the
/// disk was full: as soon as it can, the journal itself says so.
pub type Lost = Arc<AtomicU64>;

/// What the thread owns.
pub struct Historian {
    /// The one connection that writes. Closed before the lock is given back.
    pub connection: Connection,
    /// Where the key of secrets is.
    pub vault: Vault,
    /// What is to be done.
    pub inbox: Receiver<Box<dyn Work>>,
    /// Whom to tell of changes.
    pub on_change: OnChange,
    /// What the last look at other processes' writing said.
    pub seen: i64,
    /// Journal lines that are missing.
    pub lost: Lost,
    /// What waits to be kept of charging.
    pub keeping: Arc<Keeping>,
    /// Not to be tried before, after a failure.
    pub keep_after: Mono,
    /// The time for the line about them.
    pub clock: Arc<dyn Clock>,
    /// The lock of the folder.
    pub _lock: Option<Lock>,
}

/// A number that changes whenever another connection has written.
///
/// # Errors
/// The database refuses.
pub fn writes_of_others(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

impl Historian {
    /// Works until every handle of the store is gone and everything that waited is written.
    pub fn run(mut self) {
        loop {
            match self.inbox.recv_timeout(LOOK_EVERY) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(self.inbox.try_iter().take(BATCH_JOBS - 1));
                    self.keep_if_due();
                    self.write(batch);
                }
                Err(RecvTimeoutError::Timeout) if self.lost.load(Ordering::SeqCst) > 0 => {
                    self.keep_if_due();
                    self.write(Vec::new());
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.keep_if_due();
                    self.tell(Ours::Nothing);
                }
                Err(RecvTimeoutError::Disconnected) => return self.keep_last(),
            }
        }
    }

    /// Writes what is to be kept of charging, in a transaction of its own: whatever hinders it takes
    /// nobody's change with it.
    fn keep_if_due(&mut self) {
        let now = self.clock.now();
        if now < self.keep_after || self.keeping.is_empty() {
            return;
        }
        if let Err(error) = self.keep() {
            self.keep_after = now.after(KEEP_AGAIN);
            tracing::error!(%error, "charges and latches cannot be kept: it is tried again");
        }
    }

    /// The last try, when nobody can put anything in any more.
    fn keep_last(&mut self) {
        if !self.keeping.is_empty()
            && let Err(error) = self.keep()
        {
            tracing::error!(%error, "the last state of charges and latches is lost");
        }
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        let waiting = self.keeping.look();
        let remembered = Remembered::default();
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let writing = Writing { tx: &tx, remembered: &remembered, vault: &self.vault, depth: 0 };
        let written = waiting.write(&writing)?;
        if remembered.spoiled.get() || tx.is_autocommit() {
            drop(tx);
            return Err(StoreError::NotWritten("the disk is full or refuses to write".into()));
        }
        tx.commit()?;
        remembered.follow();
        self.keeping.done(&written);
        Ok(())
    }

    fn write(&mut self, mut batch: Vec<Box<dyn Work>>) {
        let remembered = Remembered::default();
        let committed = self.commit(&mut batch, &remembered);
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = batch.len(), "the records cannot be written");
        }
        let touched = committed.is_ok() && remembered.touched.get();
        self.tell(if touched { Ours::Touched } else { Ours::Nothing });
        // Before the answer: whoever has it finds what it says.
        match committed {
            Ok(()) => remembered.follow(),
            Err(_) => remembered.put_back(0),
        }
        for job in batch {
            let committed = committed.as_ref().map(|_| ()).map_err(StoreError::again);
            job.settle(committed);
        }
    }

    fn commit(
        &mut self,
        batch: &mut [Box<dyn Work>],
        remembered: &Remembered,
    ) -> Result<(), StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut lost = self.lost.load(Ordering::SeqCst);
        if lost > 0 {
            let line = about_lost(lost, &*self.clock);
            let writing = Writing { tx: &tx, remembered, vault: &self.vault, depth: 0 };
            if let Err(error) = writing.part(|part| journal::append(part, &line)) {
                tracing::error!(%error, "the journal cannot say yet that {lost} lines are missing");
                lost = 0;
            }
        }
        for job in &mut *batch {
            job.perform(&Writing { tx: &tx, remembered, vault: &self.vault, depth: 0 });
            // A full disk, among others, ends the whole transaction, with what was done before.
            if remembered.spoiled.get() || tx.is_autocommit() {
                drop(tx);
                return Err(StoreError::NotWritten("the disk is full or refuses to write".into()));
            }
        }
        tx.commit()?;
        self.lost.fetch_sub(lost, Ordering::SeqCst);
        Ok(())
    }

    /// Tells of our own change and of those of other processes.
    fn tell(&mut self, ours: Ours) {
        let others = match writes_of_others(&self.connection) {
            // Asked before the change is looked at: what comes after is seen the next time.
            Ok(now) => std::mem::replace(&mut self.seen, now) != now,
            Err(error) => {
                tracing::warn!(%error, "it cannot be seen whether another program changed the records");
                false
            }
        };
        if ours == Ours::Nothing && !others {
            return;
        }
        let told = self.connection.unchecked_transaction().map(|view| {
            let reading = Reading { connection: &view, vault: &self.vault };
            catch_unwind(AssertUnwindSafe(|| (self.on_change)(&reading))).is_ok()
        });
        match told {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(
                    "a change to the records could not be told: a fault of the program"
                );
            }
            Err(error) => tracing::error!(%error, "a change to the records could not be told"),
        }
    }
}

/// The line about lines that are missing.
fn about_lost(lost: u64, clock: &dyn Clock) -> Entry {
    let lines = if lost == 1 { "1 line".to_owned() } else { format!("{lost} lines") };
    let note = format!(
        "{lines} about refusals or outcomes could not be written: too much waited, or the disk refused"
    );
    Entry {
        at: clock.wall(),
        who: "journal".to_owned(),
        face: Face::Inside.code(),
        address: None,
        action: "lose_lines",
        target: "journal".to_owned(),
        before: None,
        after: None,
        outcome: Outcome::Failed,
        note: Some(note),
        of: None,
    }
}

/// What our own work changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    /// People or settings.
    Touched,
    /// Neither.
    Nothing,
}
