//! The DBC files of the data folder, by name: read, written and removed as whole files. Knows nothing
//! of what they say, nor which bus uses them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::base::id::Name;

/// Greatest size of a DBC file that is kept, bytes.
pub const LARGEST: u64 = 16 << 20;
/// Most files that are kept.
pub const MOST_FILES: usize = 500;

/// Why a DBC file is not kept or cannot be read.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// There is none of this name.
    #[error("there is no DBC file {0}")]
    Unknown(Name),
    /// It is larger than any DBC file.
    #[error("a DBC file has at most {} MiB, this one has {bytes} bytes", LARGEST >> 20)]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// There are too many already.
    #[error("there are {MOST_FILES} DBC files already: remove one first")]
    Full,
    /// There is one of this name.
    #[error("there is already a DBC file {0}: look at it before replacing it")]
    Taken(Name),
    /// Somebody has changed it since it was read.
    #[error("the DBC file {0} was changed by somebody else meanwhile: look at it again")]
    Changed(Name),
    /// It cannot be read or written.
    #[error("the DBC file {name} cannot be {done}: {source}")]
    File {
        /// Its name.
        name: String,
        /// What was tried.
        done: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// What is to be there when a file, a folder of them, or something else with a name is kept or taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever: what is there is replaced.
    #[default]
    Anything,
    /// Nothing of this name.
    Nothing,
    /// One that bears this mark ([`mark`] of a file).
    Mark(String),
}

/// A mark of what a file says: another one after every change.
#[must_use]
pub fn mark(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or_default())
}

/// The DBC files of a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The files of this data folder. Nothing is read or made yet.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { folder: data.join("dbc") }
    }

    /// The file of this name, whether it exists or not.
    #[must_use]
    pub fn file_of(&self, name: &Name) -> PathBuf {
        self.folder.join(format!("{name}.dbc"))
    }

    /// The name of this file, where it is one of these.
    #[must_use]
    pub fn name_of(&self, file: &Path) -> Option<Name> {
        let inside = plain(file).parent() == Some(plain(&self.folder).as_path());
        let stem = file.file_stem().and_then(OsStr::to_str)?;
        let name = Name::new(stem).ok()?;
        (inside && file.extension() == Some(OsStr::new("dbc"))).then_some(name)
    }

    /// The names of all, sorted. A folder that is not there has none.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> Result<Vec<Name>, ShelfError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(ShelfError::File { name: "folder".into(), done: "read", source });
            }
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut names: Vec<Name> =
            paths.filter_map(|path| self.name_of(&path)).take(MOST_FILES).collect();
        names.sort();
        Ok(names)
    }

    /// What a file says.
    ///
    /// # Errors
    /// There is none, it is too large, or it cannot be read.
    pub fn read(&self, name: &Name) -> Result<Vec<u8>, ShelfError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ShelfError::Unknown(name.clone()),
            _ => ShelfError::File { name: name.to_string(), done: "read", source },
        };
        let path = self.file_of(name);
        let about = fs::metadata(&path).map_err(failed)?;
        if !about.is_file() {
            return Err(ShelfError::Unknown(name.clone()));
        }
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        fits(&bytes)?;
        Ok(bytes)
    }

    /// Keeps a file, in place of one of the same name where that is `expected`. Gives back the mark of
    /// what was there.
    ///
    /// # Errors
    /// It is too large, another one, one too many, or cannot be written; what was there stays.
    pub fn write(
        &self,
        name: &Name,
        bytes: &[u8],
        expected: &Expected,
    ) -> Result<Option<String>, ShelfError> {
        fits(bytes)?;
        let before = match self.read(name) {
            Ok(there) => Some(mark(&there)),
            Err(ShelfError::Unknown(_)) => None,
            Err(ShelfError::TooLarge { .. }) => Some(String::new()),
            Err(error) => return Err(error),
        };
        match (expected, &before) {
            (Expected::Mark(mark), before) if before.as_ref() != Some(mark) => {
                return Err(ShelfError::Changed(name.clone()));
            }
            (Expected::Nothing, Some(_)) => return Err(ShelfError::Taken(name.clone())),
            (Expected::Mark(_) | Expected::Nothing | Expected::Anything, _) => {}
        }
        if before.is_none() && self.names()?.len() >= MOST_FILES {
            return Err(ShelfError::Full);
        }
        let failed = |source| ShelfError::File { name: name.to_string(), done: "written", source };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(failed)?;
        write_whole(&self.file_of(name), bytes).map_err(failed)?;
        Ok(before)
    }

    /// Removes a file. With `expected`, only if it bears this [`mark`].
    ///
    /// # Errors
    /// There is none, it is another one, or it cannot be removed.
    pub fn remove(&self, name: &Name, expected: Option<&str>) -> Result<(), ShelfError> {
        let there = self.read(name)?;
        if expected.is_some_and(|expected| mark(&there) != expected) {
            return Err(ShelfError::Changed(name.clone()));
        }
        fs::remove_file(self.file_of(name)).map_err(|source| ShelfError::File {
            name: name.to_string(),
            done: "removed",
            source,
        })
    }
}

const fn fits(bytes: &[u8]) -> Result<(), ShelfError> {
    match bytes.len() as u64 {
        bytes if bytes > LARGEST => Err(ShelfError::TooLarge { bytes }),
        _ => Ok(()),
    }
}

/// Whether two paths lead to the same file, as far as they are written.
#[must_use]
pub fn same_file(one: &Path, other: &Path) -> bool {
    plain(one) == plain(other)
}

/// The path without `.` and with every `..` carried out: what a profile writes leads to the same
/// file as what stands here.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            std::path::Component::Prefix(_)
            | std::path::Component::RootDir
            | std::path::Component::Normal(_) => out.push(part),
        }
    }
    out
}

/// Replaces `file` by one of these bytes, or leaves it as it is: written beside it, brought to the
/// disk, then renamed.
///
/// # Errors
/// It cannot be written.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("what is there is no regular file"));
    }
    let written = (|| {
        let mut new = File::create(&beside)?;
        new.write_all(bytes)?;
        new.sync_all()?;
        drop(new);
        fs::rename(&beside, file)
    })();
    if written.is_err() {
        // The old file is untouched; what is left of the new one is of no use.
        drop(fs::remove_file(&beside));
    } else if let Ok(folder) = File::open(folder) {
        // The rename has happened either way.
        drop(folder.sync_all());
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn a_file_is_kept_found_changed_and_removed_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        assert_eq!(shelf.names().unwrap(), []);
        assert!(shelf.write(&name("my car"), b"one", &Expected::Nothing).unwrap().is_none());
        assert_eq!(shelf.names().unwrap(), [name("my car")]);
        assert_eq!(shelf.read(&name("my car")).unwrap(), b"one");
        let old = shelf.write(&name("my car"), b"two", &Expected::Mark(mark(b"one"))).unwrap();
        assert_eq!(old, Some(mark(b"one")));
        let taken = shelf.write(&name("my car"), b"three", &Expected::Nothing).unwrap_err();
        assert!(taken.to_string().starts_with("there is already a DBC file my car"));
        let one = Expected::Mark(mark(b"one"));
        let stale = shelf.write(&name("my car"), b"three", &one).unwrap_err();
        assert!(stale.to_string().starts_with("the DBC file my car was changed by somebody else"));
        assert_eq!(shelf.read(&name("my car")).unwrap(), b"two");
        shelf.remove(&name("my car"), None).unwrap();
        let gone = shelf.remove(&name("my car"), None).unwrap_err();
        assert_eq!(gone.to_string(), "there is no DBC file my car");
    }

    #[test]
    fn what_is_too_large_is_refused_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        let large = vec![b' '; LARGEST as usize + 1];
        let refused = shelf.write(&name("a"), &large, &Expected::Anything).unwrap_err();
        let wanted = "a DBC file has at most 16 MiB, this one has 16777217 bytes";
        assert_eq!(refused.to_string(), wanted);
        assert_eq!(shelf.names().unwrap(), []);
    }

    #[test]
    fn a_path_of_a_profile_is_known_by_its_name() {
        let shelf = Shelf::new(Path::new("/data"));
        let of = |path: &str| shelf.name_of(Path::new(path)).map(|name| name.to_string());
        assert_eq!(of("/data/profiles/../dbc/car.dbc"), Some("car".into()));
        assert_eq!(of("/data/dbc/car.dbc"), Some("car".into()));
        assert_eq!(of("/elsewhere/car.dbc"), None);
        assert_eq!(of("/data/dbc/car.txt"), None);
        let (one, other) =
            (Path::new("/data/profiles/../dbc/car.dbc"), Path::new("/data/dbc/car.dbc"));
        assert!(same_file(one, other) && !same_file(one, Path::new("/data/profiles/car.dbc")));
    }
}
