//! The connections for queries: a few, handed out one query at a time, each seeing one state of the
//! database while it lasts.

use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use crate::engine::store::secrets::Vault;
use crate::engine::store::{Reading, StoreError, open};

/// How many there are.
const CONNECTIONS: usize = 2;
/// Longest that a query waits for one.
const WAIT: Duration = Duration::from_secs(10);

/// The connections that are free.
pub struct Readers {
    free: Receiver<Connection>,
    give_back: Sender<Connection>,
    vault: Vault,
}

impl Readers {
    /// Connects.
    ///
    /// # Errors
    /// The database refuses.
    pub fn open(file: &Path, vault: Vault) -> rusqlite::Result<Self> {
        let (give_back, free) = bounded(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            // There is room for all of them.
            drop(give_back.try_send(open::reader(file)?));
        }
        Ok(Self { free, give_back, vault })
    }

    /// Asks one, waiting for it if need be.
    ///
    /// # Errors
    /// As `query` says; or none has become free.
    pub fn ask<T>(
        &self,
        query: impl FnOnce(&Reading<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.free.recv_timeout(WAIT).map_err(|_| StoreError::Busy)?;
        let borrowed = Borrowed { connection: Some(connection), give_back: &self.give_back };
        let connection = borrowed.connection.as_ref().ok_or(StoreError::Closed)?;
        let view = connection.unchecked_transaction()?;
        query(&Reading { connection: &view, vault: &self.vault })
    }

    /// Closes those that are free: all of them, once nobody has a handle.
    pub fn close(&self) {
        self.free.try_iter().for_each(drop);
    }
}

/// A connection that is given back even if the query ends by a panic.
struct Borrowed<'r> {
    connection: Option<Connection>,
    give_back: &'r Sender<Connection>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(self.give_back.try_send(connection));
        }
    }
}
