//! Writes a file that a person asked for, whole or not at all where one of its name was there before.
//! Knows nothing of what is in it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::people::sentence;
use crate::desktop::ask::{Existing, SaveTo};

/// Writes what `fill` gives. A file that is there already is left alone unless a person has said that
/// it may be replaced; then it stays as it was until the new one is whole.
pub(super) fn write<T>(
    to: &SaveTo,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failed>,
) -> Result<T, String> {
    let path = to.path.as_path();
    match to.existing {
        Existing::Keep => {
            let file = File::create_new(path).map_err(|why| match why.kind() {
                std::io::ErrorKind::AlreadyExists => sentence(format!(
                    "{} is there already and was left alone: choose another name",
                    path.display()
                )),
                _ => Failed::from(why).told(path),
            })?;
            filled(file, fill).map_err(|failed| {
                // It is ours, and half of it is worth nothing.
                _ = fs::remove_file(path);
                failed.told(path)
            })
        }
        Existing::Replace => {
            let (place, there) = replaced(path).map_err(|why| Failed::from(why).told(path))?;
            let part = beside(&place);
            let done = File::create(&part).map_err(Failed::from).and_then(|file| {
                let done = filled(file, fill)?;
                if let Some(there) = there {
                    fs::set_permissions(&part, there.permissions())?;
                }
                fs::rename(&part, &place)?;
                Ok(done)
            });
            done.map_err(|failed| {
                // What is left of it would only be in the way; the old file is still there.
                _ = fs::remove_file(&part);
                failed.told(path)
            })
        }
    }
}

fn filled<T>(
    file: File,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut out = BufWriter::new(file);
    let done = fill(&mut out)?;
    out.flush()?;
    Ok(done)
}

/// What a file that replaces `path` takes the place of, and how that is now. A link stays one: what it
/// leads to is replaced. A device or a pipe is not.
pub(super) fn replaced(path: &Path) -> std::io::Result<(PathBuf, Option<fs::Metadata>)> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = fs::metadata(&place).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return Err(std::io::Error::other("what is there is no regular file"));
    }
    Ok((place, there))
}

/// A name beside `path` that nobody else has.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// Why a file was not written.
pub(super) enum Failed {
    /// The file itself.
    File(std::io::Error),
    /// What was to be in it, in a sentence.
    Content(String),
}

impl From<std::io::Error> for Failed {
    fn from(why: std::io::Error) -> Self {
        Self::File(why)
    }
}

impl Failed {
    fn told(self, path: &Path) -> String {
        match self {
            Self::File(why) => sentence(format!("{} cannot be written: {why}", path.display())),
            Self::Content(words) => words,
        }
    }
}
