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
use crate::engine::store::{StoreError, Writing, putback};

/// Why a profile is not kept. Whatever the reason, it stays as it was.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// There is none of this name.
    #[error("there is no profile {0}")]
    Missing(Name),
    /// There is one of this name already.
    #[error("there is already a profile named {0}")]
    Taken(String),
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
            self.guard(file)?;
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
        self.is_free(name, None)?;
        if self.library.names()?.len() >= LIST_LIMIT {
            return Err(LedgerError::Full);
        }
        self.library.make()?;
        self.version(&file, None, text, author)?;
        self.guard(&file)?;
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
        self.is_free(to, Some(file))?;
        if read(file)? != before {
            return Err(LedgerError::Edited(file.display().to_string()));
        }
        let text = apply(before, file, &[Change::Rename(to.clone())], &environment)?;
        let (old, new) = (key_of(self.library, file), key_of(self.library, &target));
        versions::rename(self.writing, &old, &new)?;
        self.version(&target, Some(before), &text, author)?;
        self.guard(&target)?;
        write_whole(&target, &text)?;
        if target != file {
            self.guard(file)?;
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
        self.guard(&file)?;
        remove(&file)?;
        self.remembered(&key_of(self.library, &file), None);
        Ok(())
    }

    /// Whether no profile has this name, but for that in `own`. Names that differ only in their case are one:
    /// there are disks that do not tell them apart.
    fn is_free(&self, name: &Name, own: Option<&Path>) -> Result<(), LedgerError> {
        let file = self.library.file_of(name);
        if own == Some(&*file) {
            return Ok(());
        }
        let own = own.and_then(Path::file_stem);
        let same = |there: &String| {
            own != Some(there.as_ref()) && there.to_lowercase() == name.as_str().to_lowercase()
        };
        match self.library.names()?.into_iter().find(same) {
            Some(there) => Err(LedgerError::Taken(there)),
            None if file.exists() => Err(LedgerError::Taken(name.to_string())),
            None => Ok(()),
        }
    }

    /// The file is what it was where this is not kept.
    fn guard(&self, file: &Path) -> Result<(), LedgerError> {
        let failed = |source| LibraryError::Write { file: file.to_owned(), source };
        Ok(putback::guard(self.writing, file).map_err(failed)?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::FakeClock;
    use crate::engine::store::{Opener, Store};

    #[test]
    fn a_deleted_profile_is_gone_only_where_its_version_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock::new(Wall::from_nanos(0));
        let (store, _) =
            Store::open(folder.path(), Opener::Command, clock, Box::new(|_| {})).unwrap();
        let library = Library::of(folder.path());
        let name: Name = "Van".parse().unwrap();
        library.make().unwrap();
        let text = "[[bus]]\nname = \"can0\"\naddress = \"virtual:can0\"\n";
        write_whole(&library.file_of(&name), text).unwrap();
        let delete = |then: Result<(), LedgerError>| {
            let (library, name) = (library.clone(), name.clone());
            store.write(move |writing| {
                let ledger = Ledger { writing, library: &library, at: Wall::from_nanos(0) };
                let what = "deleted".to_owned();
                let author = Author { by: "Ana".to_owned(), face: "web", what };
                ledger.delete(&name, None, &author)?;
                assert!(!library.file_of(&name).exists(), "out of sight");
                then
            })
        };
        assert!(delete(Err(LedgerError::Full)).is_err());
        assert_eq!(read(&library.file_of(&name)).unwrap(), text, "back in its place");
        delete(Ok(())).unwrap();
        let left = std::fs::read_dir(library.profiles()).unwrap().count();
        assert_eq!(left, 0, "nothing is left beside");
    }

    #[test]
    fn what_is_not_kept_is_not_in_the_file_and_a_file_of_nobody_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock::new(Wall::from_nanos(0));
        let (store, _) =
            Store::open(folder.path(), Opener::Command, clock, Box::new(|_| {})).unwrap();
        let library = Library::of(folder.path());
        library.make().unwrap();
        let van = library.file_of(&"Van".parse().unwrap());
        write_whole(&van, "first").unwrap();
        let tried = |then: Result<(), LedgerError>| {
            let (library, van) = (library.clone(), van.clone());
            store.write(move |writing| {
                let ledger = Ledger { writing, library: &library, at: Wall::from_nanos(0) };
                let author = Author { by: "Ana".to_owned(), face: "web", what: "x".to_owned() };
                ledger.replace(&van, ("first", "second"), &author)?;
                ledger.replace(&van, ("second", "third"), &author)?;
                ledger.add(&"Bus".parse().unwrap(), "new", &author)?;
                assert_eq!(read(&van)?, "third");
                then
            })
        };
        assert!(tried(Err(LedgerError::Full)).is_err());
        assert_eq!(read(&van).unwrap(), "first");
        assert_eq!(std::fs::read_dir(library.profiles()).unwrap().count(), 1);
        tried(Ok(())).unwrap();
        assert_eq!(read(&van).unwrap(), "third");
        assert_eq!(std::fs::read_dir(library.profiles()).unwrap().count(), 2, "nothing beside");
    }

    #[test]
    fn names_that_differ_only_in_case_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock::new(Wall::from_nanos(0));
        let (store, _) =
            Store::open(folder.path(), Opener::Command, clock, Box::new(|_| {})).unwrap();
        let library = Library::of(folder.path());
        let kept = library.clone();
        let job = move |writing: &Writing<'_>| {
            let ledger = Ledger { writing, library: &kept, at: Wall::from_nanos(0) };
            let author = Author { by: "Ana".to_owned(), face: "web", what: "added".to_owned() };
            let name = |text: &str| text.parse::<Name>().unwrap();
            let text = |name: &str| format!("name = \"{name}\"\n");
            let taken = |said: Result<(), LedgerError>, by: &str| {
                assert!(matches!(&said, Err(LedgerError::Taken(there)) if there == by), "{said:?}");
            };
            ledger.add(&name("Van"), &text("Van"), &author)?;
            ledger.add(&name("Bus"), &text("Bus"), &author)?;
            taken(ledger.add(&name("vAN"), &text("vAN"), &author), "Van");
            let bus = kept.file_of(&name("Bus"));
            taken(ledger.rename(&bus, &text("Bus"), &name("VAN"), &author).map(drop), "Van");
            let _text = ledger.rename(&bus, &text("Bus"), &name("Coach"), &author)?;
            Ok::<_, LedgerError>(())
        };
        store.write(job).unwrap();
        assert_eq!(library.names().unwrap(), ["Coach", "Van"]);
    }
}
