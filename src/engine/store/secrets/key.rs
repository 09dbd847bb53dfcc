//! The key file: 32 random bytes that only their owner may read, made when the first secret is kept.
//! Knows nothing of what is sealed with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use crate::engine::access::secret::random;
use crate::engine::store::place;
use crate::engine::store::secrets::SecretError;

/// The file's name in the data folder.
pub const FILE: &str = "secrets.key";
/// How many bytes a key has.
pub const BYTES: usize = 32;
/// Read and written by its owner alone.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// A key. Wiped from memory when dropped; has no text.
pub struct Key(Zeroizing<[u8; BYTES]>);

impl Key {
    /// Its bytes, for the cipher.
    pub(super) fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// The key in `file`; `None` where there is no such file.
///
/// # Errors
/// Others may read it, it is no key, or it cannot be read.
pub fn read(file: &Path) -> Result<Option<Key>, SecretError> {
    let failed = |source| SecretError::File { file: file.to_owned(), what: "read", source };
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(failed(why)),
    };
    // Looked at through the open file: what its name means may change meanwhile.
    let found = opened.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(failed(io::Error::other("it is not a file")));
    }
    check_mode(file, &found)?;
    if found.len() != BYTES as u64 {
        return Err(SecretError::Length { file: file.to_owned(), found: found.len() });
    }
    let mut key = Zeroizing::new([0; BYTES]);
    opened.read_exact(&mut *key).map_err(failed)?;
    Ok(Some(Key(key)))
}

#[cfg(unix)]
fn check_mode(file: &Path, found: &fs::Metadata) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = found.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(SecretError::Open { file: file.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_file: &Path, _found: &fs::Metadata) -> Result<(), SecretError> {
    // Elsewhere a person's own folder belongs to that person alone.
    Ok(())
}

/// Makes a key where there is none. It is for its owner alone from the first moment, and under its name
/// only once it is whole and on the disk.
///
/// # Errors
/// There are no random numbers, or it cannot be written.
pub fn make(file: &Path) -> Result<Key, SecretError> {
    let failed = |source| SecretError::File { file: file.to_owned(), what: "made", source };
    let mut bytes = random::<BYTES>()?;
    let key = Key(Zeroizing::new(bytes));
    bytes.zeroize();
    let draft = place::beside(file, ".new");
    let made = write(&draft, &key).and_then(|()| fs::rename(&draft, file));
    if let Err(why) = made {
        drop(fs::remove_file(&draft));
        return Err(failed(why));
    }
    place::sync(file.parent().unwrap_or(file)).map_err(failed)?;
    Ok(key)
}

fn write(draft: &Path, key: &Key) -> io::Result<()> {
    // One may be left of a program that ended in between; nothing was ever sealed with it.
    match fs::remove_file(draft) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    place::private(&mut options);
    let mut opened = options.open(draft)?;
    opened.write_all(key.bytes())?;
    opened.sync_all()
}
