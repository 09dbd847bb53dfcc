//! Checks a DBC file and lists its problems. Reads the file whole, so its size is bounded.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::base::problem::Problem;
use crate::engine::dbc::{self, Parsed};

/// Largest DBC file that is read, bytes. The largest known ones have a few million.
pub const LARGEST_BYTES: u64 = 64 << 20;

/// What a DBC file holds and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Messages that were loaded.
    pub messages: usize,
    /// Signals that were loaded.
    pub signals: usize,
    /// What was wrong and what was done, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Why a DBC file could not be read at all.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder or a device.
    #[error("{} is not a file", .0.display())]
    NoFile(PathBuf),
    /// It is larger than any DBC file.
    #[error(
        "{} has {} MiB; a DBC file may have at most {} MiB", path.display(), bytes >> 20,
        LARGEST_BYTES >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It has no bytes.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    /// It has bytes that no text has.
    #[error("{} is not a DBC file: it holds binary data", .0.display())]
    Binary(PathBuf),
}

/// Reads a DBC file.
///
/// # Errors
/// Says why the file cannot be read at all; a file that is merely wrong is no error.
pub fn read(path: &Path) -> Result<Parsed, ReadError> {
    let failed = |source| ReadError::Read { path: path.to_owned(), source };
    // A pipe or device has no size and may never end, so it is refused before it is opened.
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(ReadError::NoFile(path.to_owned()));
    }
    if about.len() > LARGEST_BYTES {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes: about.len() });
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    file.take(LARGEST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(ReadError::Empty(path.to_owned()));
    }
    let is_utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    if !is_utf16 && memchr::memchr(0, &bytes).is_some() {
        return Err(ReadError::Binary(path.to_owned()));
    }
    Ok(dbc::parse(&bytes))
}

/// Reads a DBC file and says what is wrong with it.
///
/// # Errors
/// As [`read`].
pub fn check(path: &Path) -> Result<Check, ReadError> {
    let Parsed { schema, problems, .. } = read(path)?;
    Ok(Check { messages: schema.messages.len(), signals: schema.signal_count(), problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".dbc").tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn a_file_with_one_bad_line_is_loaded_and_the_line_is_named() {
        let file = file(b"BO_ 1 A: 8 X\n SG_ B : 0|99@1+ (1,0) [0|0] \"\" X\n SG_ C : 0|8@1+ (1,0) [0|0] \"\" X\n");
        let check = check(file.path()).unwrap();
        assert_eq!((check.messages, check.signals), (1, 1));
        let json = serde_json::to_value(&check).unwrap();
        assert_eq!(json["problems"][0]["line"], 2);
        assert_eq!(json["problems"][0]["severity"], "error");
        assert_eq!(
            json["problems"][0]["text"],
            "SG_ B has 99 bits, a signal has 1 to 64; left out"
        );
    }

    #[test]
    fn what_cannot_be_read_at_all_is_said_in_one_sentence_that_names_the_file() {
        let missing = check(Path::new("/no/such/file.dbc")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read /no/such/file.dbc: "));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(check(folder.path()), Err(ReadError::NoFile(_))));
        assert!(matches!(check(file(b"").path()), Err(ReadError::Empty(_))));
        assert!(matches!(check(file(b"MDF \0\0 4.10").path()), Err(ReadError::Binary(_))));
    }

    #[test]
    fn a_file_of_4_gb_is_refused_before_it_is_read() {
        let large = file(b"");
        large.as_file().set_len(4 << 30).unwrap();
        let refusal = check(large.path()).unwrap_err().to_string();
        assert!(refusal.ends_with("has 4096 MiB; a DBC file may have at most 64 MiB"), "{refusal}");
    }
}
