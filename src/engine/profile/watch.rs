//! Notices that a profile file was edited outside. Asked now and then, it compares what the file
//! says; it does not read the clock and starts no thread.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::engine::profile::library::{self, LibraryError};

/// The look of a file at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    /// Length, bytes.
    len: u64,
    /// Of the content, or of the sentence why it cannot be read.
    hash: u64,
}

/// Watches one file.
#[derive(Debug)]
pub struct Watch {
    file: PathBuf,
    seen: Look,
}

/// What a look at the file gave.
#[derive(Debug)]
pub enum Change {
    /// It says the same as before.
    Same,
    /// It says something else: the whole new text.
    New(String),
    /// It cannot be read any more; said once.
    Unreadable(LibraryError),
}

impl Watch {
    /// Watches `file` from its present state on.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let (seen, _) = look(file);
        Self { file: file.to_owned(), seen }
    }

    /// Watches `file`, of which `text` was read before: a change since then is noticed too.
    #[must_use]
    pub fn since(file: &Path, text: &str) -> Self {
        let len = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let seen = Look { len, hash: hash_of(text) };
        Self { file: file.to_owned(), seen }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the file said just this when it was looked at last.
    #[must_use]
    pub fn said(&self, text: &str) -> bool {
        self.seen.hash == hash_of(text) && usize::try_from(self.seen.len) == Ok(text.len())
    }

    /// Looks at the file. Meant to be asked twice a second: a profile is small, so that its whole
    /// text is compared and an edit within the time resolution of the file system is not missed.
    pub fn poll(&mut self) -> Change {
        let (now, text) = look(&self.file);
        let same = now.hash == self.seen.hash && now.len == self.seen.len;
        self.seen = now;
        match text {
            _ if same => Change::Same,
            Ok(text) => Change::New(text),
            Err(error) => Change::Unreadable(error),
        }
    }
}

fn look(file: &Path) -> (Look, Result<String, LibraryError>) {
    let text = library::read(file);
    let (len, hash) = match &text {
        Ok(text) => (u64::try_from(text.len()).unwrap_or(u64::MAX), hash_of(text)),
        Err(error) => (0, hash_of(&error.to_string())),
    };
    (Look { len, hash }, text)
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_edit_is_noticed_once_and_so_is_a_lost_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "name = 'a'").unwrap();
        let mut watch = Watch::new(&file);
        assert!(matches!(watch.poll(), Change::Same));
        fs::write(&file, "name = 'b'").unwrap();
        assert!(matches!(watch.poll(), Change::New(text) if text == "name = 'b'"));
        assert!(matches!(watch.poll(), Change::Same));
        fs::remove_file(&file).unwrap();
        assert!(matches!(watch.poll(), Change::Unreadable(_)));
        assert!(matches!(watch.poll(), Change::Same));
        fs::write(&file, "name = 'b'").unwrap();
        assert!(matches!(watch.poll(), Change::New(_)));
    }

    #[test]
    fn an_edit_between_reading_and_watching_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "name = 'b'").unwrap();
        assert!(matches!(Watch::since(&file, "name = 'a'").poll(), Change::New(_)));
        assert!(matches!(Watch::since(&file, "name = 'b'").poll(), Change::Same));
    }
}
