//! The lock of a data folder: `engine.lock`, held by the engine that runs on it, with who that is in
//! its text. The system takes the lock away from a process that dies, so nothing has to be repaired.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::store::OpenError;
use crate::engine::store::place::{self, words};

/// The file's name.
pub const NAME: &str = "engine.lock";
/// `busbar doctor` holds the lock for a moment when it looks whether anybody else does.
const TRIES: u32 = 5;
/// Between two tries.
const BETWEEN: Duration = Duration::from_millis(60);
/// Longest text of a holder.
const HOLDER_BYTES: u64 = 200;

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock of `folder` for `face` and writes down who holds it.
///
/// # Errors
/// Another engine holds it, or the file cannot be written.
pub fn take(folder: &Path, face: &str, at: Wall) -> Result<Lock, OpenError> {
    let path = folder.join(NAME);
    let failed = |why: std::io::Error| unusable(&path, &why);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    place::private(&mut options);
    let mut file = options.open(&path).map_err(failed)?;
    for attempt in 1..=TRIES {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(why)) => return Err(failed(why)),
            Err(TryLockError::WouldBlock) if attempt == TRIES => {
                let holder = holder(&mut file).unwrap_or_else(|| "it does not say who".to_owned());
                return Err(OpenError::Held { folder: folder.to_owned(), holder });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
        }
    }
    let text = format!("{face}, process {}, since {}\n", std::process::id(), words(at));
    file.set_len(0).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(Lock { _file: file })
}

/// Who holds the lock of `folder`; `None` where nobody does.
///
/// # Errors
/// The file cannot be read.
pub fn look(folder: &Path) -> std::io::Result<Option<String>> {
    let path = folder.join(NAME);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(why)) => Err(why),
        Err(TryLockError::WouldBlock) => {
            Ok(Some(holder(&mut file).unwrap_or_else(|| "it does not say who".to_owned())))
        }
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(HOLDER_BYTES).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn unusable(path: &Path, why: &std::io::Error) -> OpenError {
    let why = format!("{} cannot be written: {why}", path.display());
    OpenError::Folder { folder: path.parent().unwrap_or(path).to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Wall = Wall::from_nanos(1_700_000_000_000_000_000);

    #[test]
    fn a_second_engine_is_told_who_has_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path(), "the window", AT).unwrap();
        let said = take(folder.path(), "busbar serve", AT).unwrap_err().to_string();
        let who =
            format!("the window, process {}, since 2023-11-14 22:13:20 UTC", std::process::id());
        assert!(said.contains(&who), "{said}");
        assert_eq!(look(folder.path()).unwrap(), Some(who));
        drop(first);
        assert_eq!(look(folder.path()).unwrap(), None);
        take(folder.path(), "busbar serve", AT).unwrap();
    }

    #[test]
    fn a_folder_without_a_lock_is_held_by_nobody() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(folder.path()).unwrap(), None);
    }
}
