//! Backups: everything that a data folder keeps in one file, made while Busbar runs, and back again.
//!
//! | module | what it is |
//! |---|---|
//! | `place` | what may be in a backup, by name; nothing else is written or taken |
//! | `envelope` | what is sealed with a passphrase, in chunks |
//! | `stream` | entries one after the other, packed, with a list of their hashes at the end |
//! | `make` | a data folder as a backup, checked by reading it back |
//! | `restore` | a backup as a data folder, after a look at what it would replace |
//!
//! Passwords of other systems and private keys are in a sealed backup only. Knows nothing of orders, faces
//! or what runs.

pub mod envelope;
mod make;
pub mod place;
mod restore;
pub mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::problem::system_words;
use crate::engine::access::secret::NoRandom;
use crate::engine::store::{OpenError, StoreError};

pub use envelope::is_sealed;
pub use make::{Made, Recordings, Source, Weight, weigh};
pub use restore::{BackupItem, BackupPreview, BackupStand, Restored, preview, restore};

/// Least characters of a passphrase.
pub const LEAST_PASSPHRASE: usize = 10;
/// Most bytes of one.
pub const MOST_PASSPHRASE: usize = 1024;
/// The form of what is written here.
pub const FORM: u32 = 1;

/// Why there is no backup, or it cannot be restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{} cannot be {what}: {}", file.display(), system_words(source))]
    File {
        /// The file or folder.
        file: PathBuf,
        /// What was tried: "read", "written", "made".
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It is no backup, or a broken one.
    #[error("this is no backup of Busbar that can be used: {0}")]
    Broken(String),
    /// One of its entries cannot be taken.
    #[error("the backup is refused: {entry:?} {why}")]
    Entry {
        /// Which, shortened.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// It was made by a newer Busbar.
    #[error(
        "the backup was made by a newer Busbar (schema {found}; this one knows up to {known}): update Busbar first"
    )]
    Newer {
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It is sealed, and there is no passphrase.
    #[error("the backup is encrypted: its passphrase is needed")]
    NoPassphrase,
    /// A passphrase that cannot be.
    #[error("{0}")]
    Passphrase(String),
    /// Something that is to be in it changed while it was made.
    #[error("{} became shorter while it was read: try again", .0.display())]
    Shrank(PathBuf),
    /// What was written is not what is read back.
    #[error("what was written is not what is read back ({0}): the disk cannot be relied on")]
    ReadBack(String),
    /// The data folder is in use, or cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

impl BackupError {
    /// The same failure of this file.
    fn of(file: &std::path::Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File { file, what, source }
    }
}

/// What a backup says of itself, before everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The form of the file.
    pub form: u32,
    /// The version of the Busbar that made it.
    pub busbar: String,
    /// When, in words.
    pub made: String,
    /// The schema of its database.
    pub schema: i64,
    /// Whether recordings are in it.
    pub recordings: bool,
    /// Whether passwords of other systems and private keys are in it.
    pub secrets: bool,
    /// The folder inside the data folder that recordings go into.
    pub recordings_in: String,
}

/// What is known of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}
