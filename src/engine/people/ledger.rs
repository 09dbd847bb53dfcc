//! Profiles of the data folder as something that is kept: every change of a file goes with its version
//! and its line in the journal, in one transaction as far as two disks of one machine can. Only here is a
//! profile's file written while an engine runs, and only on the thread that writes: no two edits can
//! overtake each other.

use std::path::Path;

use serde_json::json;
use thiserror::Error;

use crate::base::id::Name;
use crate::base::time::Wall;
use crate::engine::profile::edit::{Change, EditError, Revision, apply};
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{LIST_LIMIT, Library, LibraryError, read, write_whole};
use crate::engine::store::journal::{self, Entry, Outcome};
use crate::engine::store::versions::{self, Saved};
use crate::engine::store::{StoreError, Writing};

/// Why a profile is not kept. Whatever the reason, it stays as it was.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// There is none of this name.
    #[error("there is no profile {0}")]
    Missing(Name),
    /// There is one of this name already.
    #[error("there is already a profile named {0}")]
    Taken(Name),
    /// Too many.
    #[error("there are {LIST_LIMIT} profiles already: delete one first")]
    Full,
    /// Somebody has changed it since it was read.
    #[error("{0} was edited meanwhile: look at it again before changing it")]
    Edited(String),
    /// Its text cannot be changed so.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Its file.
    #[error("{}", told(.0))]
    File(#[from] LibraryError),
    /// Its text cannot be kept as a version, so it is not deleted.
    #[error(
        "{}, so that no version of it can be kept: make it one that can be read, or delete the file by hand",
        told(.0)
    )]
    Unkept(LibraryError),
    /// It cannot be removed.
    #[error("{file} cannot be removed: {source}")]
    Remove {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The versions.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The error with what is behind it.
fn told(error: &LibraryError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Who changes a profile, and what that is in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who, in words.
    pub by: String,
    /// Through which face: its code.
    pub face: &'static str,
    /// What was changed.
    pub what: String,
}

/// What the versions of the profile in `file` are kept under: its name in the data folder, else the
/// path of its file.
#[must_use]
pub fn key_of(library: &Library, file: &Path) -> String {
    let inside = file.parent() == Some(library.profiles().as_path());
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|_| inside).unwrap_or_else(|| file.display().to_string())
}

/// Keeping profiles within one transaction.
pub struct Ledger<'t> {
    /// The transaction.
    pub writing: &'t Writing<'t>,
    /// The data folder.
    pub library: &'t Library,
    /// When.
    pub at: Wall,
}

impl Ledger<'_> {
    /// Writes `text` into `file`, which has to say `before`, and keeps it as a version. What is there
    /// already is only kept.
    ///
    /// # Errors
    /// Somebody has edited the file, or it cannot be written or kept.
    pub fn replace(
        &self,
        file: &Path,
        (before, text): (&str, &str),
        author: &Author,
    ) -> Result<(), LedgerError> {
        let there = read(file)?;
        if there != before && there != text {
            return Err(LedgerError::Edited(file.display().to_string()));
        }
        self.version(file, Some(before), text, author)?;
        if there != text {
            write_whole(file, text)?;
        }
        Ok(())
    }

    /// A new profile.
    ///
    /// # Errors
    /// There is one of this name, there are too many, or it cannot be written.
    pub fn add(&self, name: &Name, text: &str, author: &Author) -> Result<(), LedgerError> {
        let file = self.library.file_of(name);
        if file.exists() {
            return Err(LedgerError::Taken(name.clone()));
        }
        if self.library.names()?.len() >= LIST_LIMIT {
            return Err(LedgerError::Full);
        }
        self.library.make()?;
        self.version(&file, None, text, author)?;
        Ok(write_whole(&file, text)?)
    }

    /// Calls the profile in `file`, which has to say `before`, otherwise; gives its new text.
    ///
    /// # Errors
    /// There is one of the new name, somebody has edited it, or it cannot be written.
    pub fn rename(
        &self,
        file: &Path,
        before: &str,
        to: &Name,
        author: &Author,
    ) -> Result<String, LedgerError> {
        let target = self.library.file_of(to);
        if target.exists() && target != file {
            return Err(LedgerError::Taken(to.clone()));
        }
        if read(file)? != before {
            return Err(LedgerError::Edited(file.display().to_string()));
        }
        let text = apply(before, file, &[Change::Rename(to.clone())], &environment)?;
        let (old, new) = (key_of(self.library, file), key_of(self.library, &target));
        versions::rename(self.writing, &old, &new)?;
        self.version(&target, Some(before), &text, author)?;
        write_whole(&target, &text)?;
        if target != file {
            remove(file)?;
        }
        self.remembered(&old, Some(&new));
        Ok(text)
    }

    /// Takes a profile away. Its versions stay: one that is added again under its name has them. What
    /// cannot be kept as a version is not taken away.
    ///
    /// # Errors
    /// There is none, it is another one, its text cannot be kept, or it cannot be removed.
    pub fn delete(
        &self,
        name: &Name,
        on: Option<&Revision>,
        author: &Author,
    ) -> Result<(), LedgerError> {
        let file = self.library.file_of(name);
        if !file.exists() {
            return Err(LedgerError::Missing(name.clone()));
        }
        // One that no profile can be read from is kept and deleted, too: only its text is needed.
        let text = read(&file).map_err(LedgerError::Unkept)?;
        if on.is_some_and(|on| Revision::of(&text) != *on) {
            return Err(LedgerError::Edited(format!("the profile {name}")));
        }
        self.version(&file, Some(&text), &text, author)?;
        remove(&file)?;
        self.remembered(&key_of(self.library, &file), None);
        Ok(())
    }

    /// Keeps a version and writes its line. What was there before is kept too, where nobody has: before
    /// versions were, or by an edit while no engine ran.
    fn version(
        &self,
        file: &Path,
        before: Option<&str>,
        text: &str,
        author: &Author,
    ) -> Result<(), LedgerError> {
        let key = key_of(self.library, file);
        let saved = |text, what: &str, (who, face): (&str, &str)| {
            let (profile, at) = (key.as_str(), self.at);
            versions::save(self.writing, &Saved { profile, at, who, face, what, text })
        };
        let newest = versions::newest(&self.writing.reading(), &key)?;
        if let Some(before) = before.filter(|before| newest.as_deref() != Some(*before)) {
            saved(before, "as it was found", ("nobody known", "inside"))?;
        }
        let id = saved(text, &author.what, (&author.by, author.face))?;
        let revision = |text: &str| json!({ "revision": Revision::of(text).code() });
        let entry = Entry {
            at: self.at,
            who: author.by.clone(),
            face: author.face,
            address: None,
            action: "profile_version",
            target: key,
            before: before.map(revision),
            after: Some(json!({ "revision": Revision::of(text).code(), "version": id.0 })),
            outcome: Outcome::Done,
            note: Some(author.what.clone()),
            of: None,
        };
        journal::append(self.writing, &entry)?;
        Ok(())
    }

    /// The profile that is opened at the next start is called otherwise, or is gone.
    fn remembered(&self, old: &str, new: Option<&str>) {
        let is_it = self.library.settings().is_ok_and(|all| all.profile.as_deref() == Some(old));
        if is_it
            && let Err(error) = self.library.remember(|all| all.profile = new.map(str::to_owned))
        {
            tracing::warn!(%error, "the profile that was last chosen is still remembered as {old}");
        }
    }
}

fn remove(file: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Remove { file: file.display().to_string(), source };
    std::fs::remove_file(file).map_err(failed)
}
