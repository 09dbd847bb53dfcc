//! People: who there is, who comes in, and what they are told. Stands on the store for what is kept
//! and on `access` for what it means; knows nothing of orders, packs and buses.
//!
//! ```text
//! historian --commit--> lobby: picture (roster | passes, links, hashes) <--enter-- faces
//! gate --password--> thread `work` --right--> store: session + journal line
//! thread `sessions`: ends what is over, writes last uses      thread `mail`: sends letters
//! ```

pub(in crate::engine) mod displays;
pub(in crate::engine) mod gate;
pub(in crate::engine) mod ledger;
mod letters;
mod lobby;
#[cfg(feature = "mail")]
mod mail;
mod pass;
mod picture;
mod post;
pub(in crate::engine) mod stamp;
mod sweep;
#[cfg(test)]
mod tests;
mod work;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::time::Clock;
use crate::engine::access::backoff::{Attempt, Backoff};
use crate::engine::access::budget::{Budget, Mailings};
use crate::engine::access::password::{Cost, Hasher};
use crate::engine::access::roster::Roster;
use crate::engine::people::displays::Displays;
pub(in crate::engine) use crate::engine::people::letters::LinkError;
use crate::engine::people::lobby::Lobby;
use crate::engine::people::picture::Picture;
use crate::engine::people::sweep::Sweeper;
use crate::engine::people::work::Work;
use crate::engine::profile::devices::Devices;
use crate::engine::profile::library::Library;
use crate::engine::profile::shelf::Shelf;
use crate::engine::store::charges::Reader;
use crate::engine::store::journal::Entry;
use crate::engine::store::{OnChange, OpenError, Opener, Store};

/// The people of an engine: the store, the roster, who is in.
pub struct People {
    /// First, so that it ends before the store closes.
    _sweeper: Option<Sweeper>,
    store: Store,
    clock: Arc<dyn Clock>,
    lobby: Arc<Lobby>,
    work: Work,
    waits: Arc<Mutex<Backoff>>,
    refused: AtomicU64,
    budget: Mutex<Budget>,
    mailings: Mutex<Mailings>,
    shelf: Shelf,
    devices: Devices,
    displays: Arc<Displays>,
    library: Library,
}

impl People {
    /// Opens the store in `folder`; says what the person should know. New hashes of passwords cost
    /// `cost`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        folder: &Path,
        opener: Opener,
        clock: Arc<dyn Clock>,
        cost: Cost,
    ) -> Result<(Arc<Self>, Vec<String>), OpenError> {
        let lobby = Arc::new(Lobby::new(Arc::clone(&clock)));
        let displays = Arc::new(Displays::default());
        let (hung, shown) = (Arc::clone(&lobby), Arc::clone(&displays));
        let on_change: OnChange = Box::new(move |reading| {
            hung.remake(reading);
            shown.judge(&hung.picture().roster);
        });
        let (store, remarks) = Store::open(folder, opener, Arc::clone(&clock), on_change)?;
        let first = store.read(|reading| {
            lobby.remake(reading);
            Ok(())
        });
        if let Err(error) = first {
            tracing::error!(%error, "accounts cannot be read");
        }
        let hasher = Hasher::new(cost)
            .map_err(|error| OpenError::Thread(std::io::Error::other(error.to_string())))?;
        let work = Work::start(hasher).map_err(OpenError::Thread)?;
        let sweeper = match opener {
            Opener::Engine { .. } => {
                let (lobby, clock) = (Arc::clone(&lobby), Arc::clone(&clock));
                Some(Sweeper::start(lobby, store.clone(), clock).map_err(OpenError::Thread)?)
            }
            // It serves nobody for longer than a moment.
            Opener::Command => None,
        };
        #[cfg(feature = "mail")]
        mail::start(&lobby, store.clone(), Arc::clone(&clock)).map_err(OpenError::Thread)?;
        let waits = Arc::default();
        let refused = AtomicU64::new(0);
        let budget = Mutex::default();
        let (shelf, library) = (Shelf::new(folder), Library::of(folder));
        let devices = Devices::open(folder);
        let people = Self {
            _sweeper: sweeper,
            store,
            clock,
            lobby,
            work,
            waits,
            refused,
            budget,
            mailings: Mutex::default(),
            shelf,
            devices,
            displays,
            library,
        };
        people.know_where_they_came_from();
        Ok((Arc::new(people), remarks))
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The DBC files of the data folder.
    #[must_use]
    pub const fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The device folders of the data folder.
    #[must_use]
    pub const fn devices(&self) -> &Devices {
        &self.devices
    }

    /// Who is signed in as a display.
    #[must_use]
    pub fn displays(&self) -> &Displays {
        &self.displays
    }

    /// The profiles of the data folder.
    #[must_use]
    pub const fn library(&self) -> &Library {
        &self.library
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The newest roster.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        self.lobby.with_picture(|picture| Arc::clone(&picture.roster))
    }

    /// Whether somebody has read the safety text of charging.
    #[must_use]
    pub fn has_read(&self, reader: Reader) -> bool {
        self.lobby.with_picture(|picture| picture.has_read(reader))
    }

    /// Calls `waker` after every new roster; it must return at once.
    pub fn watch(&self, waker: Box<dyn Fn() + Send + Sync>) {
        self.lobby.watch(waker);
    }

    /// Lets the account `name`, and the addresses it was tried from, sign in again at once.
    pub fn lift_wait(&self, name: &str) {
        self.waits().lift(name);
    }

    /// Letters that wait to be sent, and how many may.
    #[must_use]
    pub fn letters(&self) -> (usize, usize) {
        self.lobby.post.queue()
    }

    /// How many sign-ins were refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The line about something refused or failed, as it may be written: as it is for this machine's
    /// own faces; for others within their budget, with how many were left out before it.
    pub fn within_budget(&self, entry: Entry) -> Option<Entry> {
        if entry.address.is_none() {
            return Some(entry);
        }
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = budget.take(&entry.who, self.clock.now())?;
        if left_out == 0 {
            return Some(entry);
        }
        let said = entry.note.unwrap_or_default();
        let note = Some(format!("{said} ({left_out} more like this were not written)"));
        Some(Entry { note, ..entry })
    }

    /// Somebody who came in from an address before need not wait for strangers' attempts there, even
    /// after the program was started anew.
    fn know_where_they_came_from(&self) {
        let (roster, now) = (self.roster(), self.clock.now());
        let mut waits = self.waits();
        for session in &roster.sessions {
            if let Some(account) = roster.account(session.account) {
                waits.know(&Attempt::sign_in(&account.name, session.address), now);
            }
        }
    }

    fn picture(&self) -> Arc<Picture> {
        self.lobby.picture()
    }

    fn waits(&self) -> MutexGuard<'_, Backoff> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for People {
    fn drop(&mut self) {
        self.lobby.post.close();
    }
}
