//! What the hub wants kept of charging, until it is written. Whoever puts something in never waits
//! for the disk: the newest state of a charge takes the place of an older one, and what could not be
//! written is tried again until it is, or the program ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::charge::{ChargeReport, Keep, Latches};
use crate::engine::store::{StoreError, Writing, charges, settings};

/// Most charges that wait; the oldest goes first. Latches are never dropped: there is one for each
/// pack.
const CHARGES: usize = 64;

/// What waits. Shared by those who put in and the historian, which takes out.
#[derive(Debug, Default)]
pub struct Keeping(Mutex<Waiting>);

/// Everything that waits, each with the number of the call that brought it.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    calls: u64,
    charges: BTreeMap<u64, (u64, Arc<ChargeReport>)>,
    latches: BTreeMap<String, (u64, Latches)>,
}

impl Keeping {
    /// Takes something in; says whether nothing waited before, so that the historian has to be woken.
    pub fn put(&self, keep: Keep) -> First {
        let mut waiting = self.lock();
        let first = if waiting.is_empty() { First::Yes } else { First::No };
        waiting.calls += 1;
        let call = waiting.calls;
        match keep {
            Keep::Charge(charge) => {
                waiting.charges.insert(charge.id, (call, Arc::from(charge)));
                if waiting.charges.len() > CHARGES
                    && let Some((id, _)) = waiting.charges.pop_first()
                {
                    tracing::error!(id, "too many charges wait to be written: one is not kept");
                }
            }
            Keep::Latches { pack, latches } => {
                waiting.latches.insert(pack, (call, latches));
            }
        }
        first
    }

    /// What waits now. It goes on waiting until it is [`done`](Self::done).
    pub fn look(&self) -> Waiting {
        self.lock().clone()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Forgets what was written, where nothing newer has come meanwhile.
    pub fn done(&self, written: &Waiting) {
        let mut waiting = self.lock();
        for (id, (call, _)) in &written.charges {
            if waiting.charges.get(id).is_some_and(|(newest, _)| newest == call) {
                waiting.charges.remove(id);
            }
        }
        for (pack, (call, _)) in &written.latches {
            if waiting.latches.get(pack).is_some_and(|(newest, _)| newest == call) {
                waiting.latches.remove(pack);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether something is the first that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Nothing waited before.
    Yes,
    /// Something did.
    No,
}

impl Waiting {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.latches.is_empty()
    }

    /// Writes all of it, latches first. One charge that cannot be written does not keep back the
    /// others; it is left out of what this gives.
    ///
    /// # Errors
    /// The database refuses as a whole.
    pub fn write(&self, writing: &Writing<'_>) -> Result<Self, StoreError> {
        for (pack, (_, latches)) in &self.latches {
            charges::write_latches(writing, pack, *latches)?;
        }
        let mut written = self.clone();
        for (id, (_, charge)) in &self.charges {
            match writing.part(|part| charges::write(part, charge)) {
                Ok(()) => {}
                Err(error @ (StoreError::Odd(_) | StoreError::Fault)) => {
                    tracing::error!(id, %error, "a charge can never be written: it is not kept");
                }
                Err(error) if writing.tx.is_autocommit() => return Err(error),
                Err(error) => {
                    tracing::error!(id, %error, "a charge cannot be written");
                    written.charges.remove(id);
                }
            }
        }
        if self.charges.values().any(|(_, charge)| charge.ended_ms.is_some()) {
            prune(writing);
        }
        Ok(written)
    }
}

/// Makes room for the newest charges. What cannot be taken away now is no reason not to keep them: it
/// goes after the next one.
fn prune(writing: &Writing<'_>) {
    let done = writing.part(|part| {
        let most = settings::records(&part.reading())?.charges;
        charges::prune(part, most)
    });
    match done {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "old charges were taken away"),
        Err(error) => tracing::error!(%error, "old charges cannot be taken away"),
    }
}
