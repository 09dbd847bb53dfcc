//! The store: the only SQL. One SQLite file in the data folder, one thread `historian` that writes,
//! read-only connections for queries. Rows never leave; plain values do.
//!
//! ```text
//! busbar.db      WAL, mode 0600, in a folder of mode 0700
//! engine.lock    held by the engine that runs on this folder, with who it is
//! ```

pub(in crate::engine) mod journal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::base::time::Clock;

/// Why the store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data folder cannot be made or is not ours.
    #[error("the data folder {folder} cannot be used: {why}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        why: String,
    },
    /// Another engine runs on this folder.
    #[error(
        "another Busbar already runs on {folder}: {holder}. Close it, or use another --data-dir"
    )]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Who holds it: face, process number, since when.
        holder: String,
    },
    /// The file comes from a newer Busbar.
    #[error(
        "{file} was written by a newer Busbar (schema {found}; this one knows up to {known}): update Busbar, or use another --data-dir"
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The file cannot be opened or brought up to date.
    #[error("{file} cannot be opened")]
    Database {
        /// The file.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A file cannot be backed up or moved aside.
    #[error("{file} cannot be {what}")]
    File {
        /// The file.
        file: PathBuf,
        /// What was tried: "backed up", "moved aside".
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The historian cannot be started.
    #[error("the thread that writes cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Why something cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite refuses.
    #[error("the database refuses: {0}")]
    Database(#[from] rusqlite::Error),
    /// What is kept cannot be understood.
    #[error("{0} in the database cannot be understood")]
    Odd(&'static str),
    /// Too much waits to be written.
    #[error("too much waits to be written: try again")]
    Busy,
    /// The store is closed.
    #[error("the database is closed")]
    Closed,
}

/// Who opens the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// An engine, which takes the lock of the folder; `face` says which kind.
    Engine {
        /// "the window", "busbar serve".
        face: &'static str,
    },
    /// A command that only changes or reads records, beside a running engine if there is one.
    Command,
}

/// Called on the historian's thread after every commit that changed people or settings, ours or
/// another process's, before anybody is answered.
pub type OnChange = Box<dyn Fn(&Reading<'_>) + Send>;

/// The open store. Cloning gives another handle.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner;

/// A transaction that writes; others see it after its commit.
pub struct Writing<'t> {
    pub(in crate::engine::store) tx: &'t rusqlite::Connection,
}

/// A view for queries.
pub struct Reading<'c> {
    pub(in crate::engine::store) connection: &'c rusqlite::Connection,
}

impl Store {
    /// Opens the store in `folder`, making what is missing; says what the person should know (a
    /// damaged file moved aside).
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        _folder: &Path,
        _opener: Opener,
        _clock: Arc<dyn Clock>,
        _on_change: OnChange,
    ) -> Result<(Self, Vec<String>), OpenError> {
        todo!()
    }

    /// Does `job` in the next transaction and calls `then` with its outcome once that is committed.
    /// What a job that fails has written is taken back. Never blocks.
    ///
    /// # Errors
    /// Too much waits, or the store is closed; neither `job` nor `then` will be called.
    pub fn post<T, E>(
        &self,
        _job: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
        _then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        todo!()
    }

    /// The same, and waits for it.
    ///
    /// # Errors
    /// As the job says, or it could not be written.
    pub fn write<T, E>(
        &self,
        _job: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        todo!()
    }

    /// Asks a read-only connection.
    ///
    /// # Errors
    /// As the query says.
    pub fn read<T>(
        &self,
        _query: impl FnOnce(&Reading<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        todo!()
    }
}

impl Writing<'_> {
    /// Does `part`; what it has written is taken back if it fails.
    ///
    /// # Errors
    /// As `part` says.
    pub fn part<T, E: From<StoreError>>(
        &self,
        _part: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        todo!()
    }

    /// Says that people or settings were changed: the roster is made anew after the commit.
    pub fn touch(&self) {
        todo!()
    }

    /// The same transaction, for queries.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        todo!()
    }
}
