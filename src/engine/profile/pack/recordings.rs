//! Recordings that go along in a profile pack, and those that came in one. They go by the names of their
//! files and are looked at as if each had been sent alone; one that is there already is never replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::base::time::Wall;
use crate::engine::can::record::shelf::{Incoming, Shelf, ShelfError, Shelved};
use crate::engine::profile::pack::preview::Stand;
use crate::engine::profile::pack::{Pack, PackError};

/// Most recordings of a pack.
pub const MOST: usize = 16;
/// Greatest size of all of them together, bytes: a pack is made in memory.
pub const MOST_BYTES: u64 = 64 << 20;
/// A file that says of itself that it is not finished is taken as being written for so long after its
/// last change: what records it may be another program.
const GROWS: Duration = Duration::from_secs(10);

/// Recordings of a pack that came, looked at, beside those that are here. What is not kept is gone again
/// when this goes.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// How each stands, and its check sum.
    stands: BTreeMap<String, (Stand, [u8; 32])>,
    /// The folder of recordings.
    folder: Option<Arc<Path>>,
    /// The new ones, and where they go. They can be taken once.
    incoming: Arc<Mutex<Option<New>>>,
}

/// New recordings, and the folder that they go into.
type New = (Shelf, Vec<Incoming>);

impl Brought {
    /// How the recording of this name stands, and its check sum, if it was looked at.
    pub(super) fn stand(&self, name: &str, bytes: &[u8]) -> Option<(Stand, [u8; 32])> {
        let found = self.stands.get(name)?;
        // Those of another pack do not count.
        (found.1 == sum(bytes)).then_some(*found)
    }

    /// Whether this file is there once they are taken.
    pub(super) fn holds(&self, file: &Path) -> bool {
        let folder = self.folder.as_deref();
        folder.is_some_and(|folder| self.stands.keys().any(|name| *file == folder.join(name)))
    }

    /// The new ones, to be kept in this folder.
    pub(in crate::engine) fn take(&self) -> Option<New> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn sum(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl Pack {
    /// The pack with these recordings of the folder, in place of any that it has.
    ///
    /// # Errors
    /// One of them is not there, is being written or cannot be read, or they are too many or too large.
    pub fn with_recordings(
        mut self,
        shelf: &Shelf,
        names: &[String],
        now: Wall,
    ) -> Result<Self, PackError> {
        let names: BTreeSet<&String> = names.iter().collect();
        if names.len() > MOST {
            let (found, most) = (format!("{} recordings", names.len()), MOST.to_string());
            return Err(PackError::TooLarge { what: "the pack", found, most });
        }
        self.recordings.clear();
        let mut sum = 0;
        for name in names {
            let of = |source| PackError::Recording { name: name.clone(), source };
            let found = shelf.find(name).map_err(of)?;
            sum += found.bytes;
            if sum > MOST_BYTES {
                let (name, bytes) = (name.clone(), found.bytes);
                let most = format!("{} MiB", MOST_BYTES >> 20);
                return Err(PackError::RecordingSize { name, bytes, sum, most });
            }
            let bytes = read(&found, now).map_err(of)?;
            self.recordings.insert(name.clone(), bytes);
        }
        Ok(self)
    }

    /// Takes in its recordings beside those of the folder, and looks at them. None is kept yet.
    ///
    /// # Errors
    /// One of them is none, or the folder cannot take it in.
    pub fn take_in(&self, shelf: &Shelf, now: Wall) -> Result<Brought, PackError> {
        let mut stands = BTreeMap::new();
        let mut new = Vec::new();
        for (name, bytes) in &self.recordings {
            let stand = match shelf.find(name) {
                Ok(there) if is_same(&there, bytes) => Stand::Same,
                Ok(_) => Stand::Clashes,
                Err(ShelfError::Missing(_)) => {
                    new.push((name.as_str(), bytes.as_slice()));
                    Stand::New
                }
                Err(source) => return Err(PackError::Recording { name: name.clone(), source }),
            };
            stands.insert(name.clone(), (stand, sum(bytes)));
        }
        let incoming = shelf
            .take_in_all(&new, now)
            .map_err(|(name, source)| PackError::Recording { name, source })?;
        let incoming = Arc::new(Mutex::new(Some((shelf.clone(), incoming))));
        Ok(Brought { stands, folder: Some(shelf.folder()), incoming })
    }
}

/// All of a recording that nobody writes.
fn read(found: &Shelved, now: Wall) -> Result<Vec<u8>, ShelfError> {
    let busy = || ShelfError::Busy(found.name.clone());
    let unfinished = found.label.as_ref().is_some_and(|label| label.ended.is_none());
    let newest = found.written.is_some_and(|at| now.nanos() - at.nanos() < nanos(GROWS));
    if found.grows || (unfinished && newest) {
        return Err(busy());
    }
    let mut bytes = Vec::new();
    File::open(&found.path)?.take(found.bytes + 1).read_to_end(&mut bytes)?;
    // It grew or was cut while it was read.
    if bytes.len() as u64 == found.bytes { Ok(bytes) } else { Err(busy()) }
}

const fn nanos(span: Duration) -> i64 {
    span.as_nanos() as i64
}

/// Whether what is there says the same. One that grows or cannot be read is another one.
fn is_same(there: &Shelved, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut compared = || -> io::Result<bool> {
        let mut file = File::open(&there.path)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            let got = file.read(&mut piece)?;
            let Some(now) = piece.get(..got).filter(|now| !now.is_empty()) else {
                return Ok(rest.is_empty());
            };
            match rest.strip_prefix(now) {
                Some(left) => rest = left,
                None => return Ok(false),
            }
        }
    };
    !there.grows && there.bytes == bytes.len() as u64 && compared().unwrap_or(false)
}
