//! The store: the only SQL. One SQLite file in the data folder, one thread `historian` that writes,
//! read-only connections for queries. Rows never leave; plain values do.
//!
//! ```text
//! busbar.db      WAL, mode 0600, in a folder of mode 0700
//! secrets.key    what secrets in it are sealed with, mode 0600, made when there is a first one
//! engine.lock    held by the engine that runs on this folder, with who it is
//! ```

pub(in crate::engine) mod accounts;
pub(in crate::engine) mod charges;
pub(in crate::engine) mod checkup;
mod columns;
pub(in crate::engine) mod copy;
pub(in crate::engine) mod filters;
pub(in crate::engine) mod journal;
pub(in crate::engine) mod links;
pub(in crate::engine) mod secrets;
pub(in crate::engine) mod services;
pub(in crate::engine) mod sessions;
pub(in crate::engine) mod settings;
pub(in crate::engine) mod tokens;
pub(in crate::engine) mod versions;

pub(in crate::engine) mod historian;
mod keeping;
pub(in crate::engine) mod lock;
mod migrate;
mod open;
mod place;
pub(in crate::engine) mod putback;
mod readers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{JoinHandle, Thread};

use crossbeam_channel::{Sender, TrySendError, bounded};
use rusqlite::ErrorCode;
use thiserror::Error;

pub(in crate::engine) use lock::take as hold;
pub(in crate::engine) use place::{
    stamp as moment_stamp, sync as sync_folder, words as moment_words,
};

use crate::base::time::Clock;
use crate::engine::charge::{Keep, Latches};
use crate::engine::store::historian::{Historian, INBOX_JOBS, Lost, Remembered, Work};
use crate::engine::store::journal::Entry;
use crate::engine::store::keeping::{First, Keeping};
use crate::engine::store::open::{Look, Opening};
use crate::engine::store::readers::Readers;
pub use crate::engine::store::secrets::SecretError;
use crate::engine::store::secrets::Vault;

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
    /// The file belongs to another program.
    #[error("{file} is a database of another program: use another --data-dir")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file is damaged, and this is not the place to move it aside.
    #[error(
        "{file} is damaged ({}): the next start of Busbar moves it aside and begins with an empty one; copy it first if you want to rescue it",
        said(source)
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file cannot be opened or brought up to date.
    #[error("{file} cannot be opened: {}", said(source))]
    Database {
        /// The file.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// Secrets that stood in the clear cannot be sealed.
    #[error(
        "{file} cannot be brought up to date, because a secret in it cannot be sealed: {source}"
    )]
    Secrets {
        /// The file.
        file: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// A file cannot be backed up or moved aside.
    #[error("{file} cannot be {what}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// What was tried: "made or read", "moved aside".
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
    #[error("the database refuses: {}", said(.0))]
    Database(#[from] rusqlite::Error),
    /// The transaction that it was part of could not be committed.
    #[error("the database cannot be written: {0}")]
    NotWritten(String),
    /// What is kept cannot be understood.
    #[error("{0} in the database cannot be understood")]
    Odd(&'static str),
    /// Too much waits to be written, or to be read.
    #[error("the database has too much to do: try again")]
    Busy,
    /// The change ended by a fault of the program.
    #[error("the change ended by a fault of the program and was taken back")]
    Fault,
    /// A secret cannot be kept or got back.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The store is closed.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// The same, for one more who has to be told.
    fn again(&self) -> Self {
        match self {
            Self::Database(error) => Self::NotWritten(said(error)),
            Self::NotWritten(why) => Self::NotWritten(why.clone()),
            Self::Odd(what) => Self::Odd(what),
            Self::Busy => Self::Busy,
            Self::Fault => Self::Fault,
            Self::Secret(error) => Self::NotWritten(error.to_string()),
            Self::Closed => Self::Closed,
        }
    }
}

/// What SQLite says, in words for people where it is something that they can mend.
fn said(error: &rusqlite::Error) -> String {
    let plain = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the file, its folder or the disk may only be read",
        Some(ErrorCode::DatabaseBusy) => "another program has been writing to it for too long",
        Some(ErrorCode::SystemIoFailure) => "the disk reports a failure",
        Some(ErrorCode::CannotOpen) => "the file or its folder cannot be opened",
        _ => return error.to_string(),
    };
    format!("{plain} ({error})")
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

/// The open store. Cloning gives another handle; when the last one is dropped, what waits is written
/// and the file is closed.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Readers,
    /// `None` only while this is being dropped.
    inbox: Option<Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    lost: Lost,
    keeping: Arc<Keeping>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The connection that writes is the last to close: only it can tidy the files up.
        self.readers.close();
        self.inbox = None;
        let Some(thread) = self.thread.take() else { return };
        // A job may hold the last handle; then the historian itself comes by here.
        if thread.thread().id() == std::thread::current().id() {
            return;
        }
        if thread.join().is_err() {
            tracing::error!("the historian ended by a fault");
        }
    }
}

/// A transaction that writes; others see it after its commit.
pub struct Writing<'t> {
    pub(in crate::engine::store) tx: &'t rusqlite::Connection,
    remembered: &'t Remembered,
    pub(in crate::engine::store) vault: &'t Vault,
    depth: u32,
}

/// A view for queries: what it sees does not change while it lasts.
pub struct Reading<'c> {
    pub(in crate::engine::store) connection: &'c rusqlite::Connection,
    pub(in crate::engine::store) vault: &'c Vault,
}

impl Store {
    /// Opens the store in `folder`, making what is missing; says what the person should know (a
    /// damaged file moved aside). `on_change` is not called for what is there already, and not for
    /// what is there by the time this returns: read it afterwards.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        folder: &Path,
        opener: Opener,
        clock: Arc<dyn Clock>,
        on_change: OnChange,
    ) -> Result<(Self, Vec<String>), OpenError> {
        let at = clock.wall();
        let mut remarks = Vec::new();
        place::folder(folder, &mut remarks)?;
        let lock = match opener {
            Opener::Engine { face } => Some(lock::take(folder, face, at)?),
            Opener::Command => None,
        };
        let file = folder.join(place::DATABASE);
        let look = if lock.is_some() { Look::Through } else { Look::Briefly };
        let migrations = migrate::MIGRATIONS;
        let opening = Opening { file: &file, lock: lock.as_ref(), look, at, migrations };
        let connection = opening.writer(&mut remarks)?;
        if lock.is_some() {
            copy::sweep(folder, at);
            remark_interrupted(&connection, &mut remarks);
        }
        let failed = |source| OpenError::Database { file: file.clone(), source };
        let seen = historian::writes_of_others(&connection).map_err(failed)?;
        let vault = Vault::of(folder);
        let readers = Readers::open(&file, vault.clone()).map_err(failed)?;
        let (sender, inbox) = bounded(INBOX_JOBS);
        let lost = Lost::default();
        let told = Arc::clone(&lost);
        let keeping = Arc::new(Keeping::default());
        let historian = Historian {
            connection,
            vault,
            inbox,
            on_change,
            seen,
            lost: told,
            keeping: Arc::clone(&keeping),
            keep_after: clock.now(),
            clock,
            _lock: lock,
        };
        let thread = std::thread::Builder::new()
            .name("historian".into())
            .spawn(move || historian.run())
            .map_err(OpenError::Thread)?;
        let inner = Inner { readers, inbox: Some(sender), thread: Some(thread), lost, keeping };
        Ok((Self { inner: Arc::new(inner) }, remarks))
    }

    /// Does `job` in the next transaction and calls `then` with its outcome once that is committed.
    /// What a job that fails has written is taken back. Never blocks.
    ///
    /// # Errors
    /// Too much waits, or the store is closed; neither `job` nor `then` will be called.
    pub fn post<T, E>(
        &self,
        job: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let inbox = self.inner.inbox.as_ref().ok_or(StoreError::Closed)?;
        inbox.try_send(historian::work(job, then)).map_err(|unsent| match unsent {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }

    /// The same, and waits for it. Not for the historian's own thread, which would wait for itself.
    ///
    /// # Errors
    /// As the job says, or it could not be written.
    pub fn write<T, E>(
        &self,
        job: impl FnOnce(&Writing<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.is_historian(&std::thread::current()) {
            return Err(StoreError::Busy.into());
        }
        let (sender, answer) = bounded(1);
        self.post(job, move |outcome| drop(sender.try_send(outcome)))?;
        answer.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Jobs that wait for the historian, and how many may.
    #[must_use]
    pub fn queue(&self) -> (usize, usize) {
        (self.inner.inbox.as_ref().map_or(0, Sender::len), INBOX_JOBS)
    }

    /// Has a line written on which nothing depends, without waiting for it. If that fails, the log has
    /// it, and the journal will say how many such lines are missing.
    pub fn file(&self, entry: Entry) {
        let said = format!("{} {} {}: {:?}", entry.who, entry.action, entry.target, entry.outcome);
        let lose = {
            let lost = Arc::clone(&self.inner.lost);
            move |error: &StoreError| {
                lost.fetch_add(1, Ordering::SeqCst);
                tracing::error!(target: "journal", %error, "a line could not be written: {said}");
            }
        };
        let then = {
            let lose = lose.clone();
            move |line: Result<u64, StoreError>| {
                if let Err(error) = line {
                    lose(&error);
                }
            }
        };
        if let Err(error) = self.post(move |writing| journal::append(writing, &entry), then) {
            lose(&error);
        }
    }

    /// Keeps something of charging. Never blocks and never refuses: what cannot be written now is
    /// tried again while the program lives, and the newest state of a charge is the one that is kept.
    pub fn keep(&self, keep: Keep) {
        if self.inner.keeping.put(keep) == First::Yes
            && let Some(inbox) = &self.inner.inbox
        {
            // Only to wake it: a full inbox says that it is awake.
            let nothing = historian::work(|_: &Writing<'_>| Ok::<_, StoreError>(()), drop);
            drop(inbox.try_send(nothing));
        }
    }

    /// What is latched, by pack, as it was last kept. Blocks: for the start, before anything runs.
    ///
    /// # Errors
    /// The database refuses: whoever asks must then take everything for latched.
    pub fn latches(&self) -> Result<BTreeMap<String, Latches>, StoreError> {
        self.read(charges::latches)
    }

    /// Waits until everything that was posted before is written or has failed: before a program
    /// ends, since nobody waits for lines about refusals.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        if self.is_historian(&std::thread::current()) {
            return Err(StoreError::Busy);
        }
        let (sender, answer) = bounded(1);
        let job = |_: &Writing<'_>| Ok::<_, StoreError>(());
        let then = move |outcome| drop(sender.try_send(outcome));
        let inbox = self.inner.inbox.as_ref().ok_or(StoreError::Closed)?;
        // It waits for its place, too: a full inbox is no reason to lose what is in it.
        inbox.send(historian::work(job, then)).map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until what other processes have committed so far was told to whoever watches. Where that
    /// cannot be found out, things stay as they were last known.
    pub fn catch_up(&self) {
        // The historian looks for others' changes before it answers anything.
        if let Err(error) = self.write(|_| Ok::<(), StoreError>(())) {
            tracing::warn!(%error, "it is not known whether another program changed the records");
        }
    }

    /// Asks a read-only connection.
    ///
    /// # Errors
    /// As the query says; or every connection has been in use for too long.
    pub fn read<T>(
        &self,
        query: impl FnOnce(&Reading<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.inner.readers.ask(query)
    }

    fn is_historian(&self, thread: &Thread) -> bool {
        self.inner.thread.as_ref().is_some_and(|ours| ours.thread().id() == thread.id())
    }
}

/// Closes charges that ran when the program ended. A database that refuses is no reason not to start.
fn remark_interrupted(connection: &rusqlite::Connection, remarks: &mut Vec<String>) {
    match charges::close_interrupted(connection) {
        Ok(packs) => remarks.extend(packs.iter().map(|pack| {
            format!(
                "A charge of {pack} was running when Busbar ended. It does not go on by itself: look at the pack, then start a new one"
            )
        })),
        Err(error) => {
            tracing::error!(%error, "charges that ran when the program ended cannot be closed");
        }
    }
}

impl Writing<'_> {
    /// Does `part`; what it has written is taken back if it fails.
    ///
    /// # Errors
    /// As `part` says.
    pub fn part<T, E: From<StoreError>>(
        &self,
        part: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let touched = self.remembered.touched.get();
        let (acts, backs) = self.remembered.marks();
        let sql = |text: &str| self.tx.execute_batch(text).map_err(StoreError::from);
        // Named by depth, so that taking back an outer part takes back inner ones that a panic left.
        let name = format!("part{}", self.depth);
        sql(&format!("SAVEPOINT {name}"))?;
        let inner = Writing { depth: self.depth + 1, ..*self };
        let done =
            part(&inner).and_then(|done| Ok(sql(&format!("RELEASE {name}")).map(|()| done)?));
        if done.is_err() {
            self.remembered.touched.set(touched);
            self.remembered.afterwards.borrow_mut().truncate(acts);
            self.remembered.put_back(backs);
            if let Err(error) = sql(&format!("ROLLBACK TO {name}; RELEASE {name}")) {
                tracing::error!(%error, "a change that failed cannot be taken back alone");
                self.remembered.spoiled.set(true);
            }
        }
        done
    }

    /// Says that people or settings were changed: the roster is made anew after the commit.
    pub fn touch(&self) {
        self.remembered.touched.set(true);
    }

    /// Has `act` done once this is committed: for what cannot be taken back, such as a mail. It is
    /// dropped where the part that asked for it fails, or the commit.
    pub fn afterwards(&self, act: impl FnOnce() + 'static) {
        self.remembered.afterwards.borrow_mut().push(Box::new(act));
    }

    /// Has `act` done where this is not kept: the part fails that asked for it, or the commit. What was asked
    /// for last comes first.
    pub fn otherwise(&self, act: impl FnOnce() + 'static) {
        self.remembered.otherwise.borrow_mut().push(Box::new(act));
    }

    /// The same transaction, for queries.
    #[must_use]
    pub const fn reading(&self) -> Reading<'_> {
        Reading { connection: self.tx, vault: self.vault }
    }
}
