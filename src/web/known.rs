//! What the kept DBC files say, in short. Each is read and taken apart once for as long as it stays the
//! same file: whoever lists them again waits for no parser. Knows nothing of buses or of who asks.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::base::id::Name;
use crate::engine::Shelf;
use crate::web::api::dbc_json::DbcSummary;

/// What is known of the files.
#[derive(Debug, Default)]
pub struct KnownDbcs {
    files: Mutex<HashMap<Name, Known>>,
}

#[derive(Debug)]
struct Known {
    /// When it was written and its size: another file has others.
    stamp: (Option<SystemTime>, u64),
    says: Arc<DbcSummary>,
}

impl KnownDbcs {
    /// What a file says; `None` where it is not there or cannot be read. Blocks.
    #[must_use]
    pub fn get(&self, shelf: &Shelf, name: &Name) -> Option<Arc<DbcSummary>> {
        let about = fs::metadata(shelf.file_of(name)).ok()?;
        let stamp = (about.modified().ok(), about.len());
        let known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name).filter(|known| known.stamp == stamp) {
            return Some(Arc::clone(&known.says));
        }
        drop(known);
        let says = Arc::new(DbcSummary::of(&shelf.read(name).ok()?));
        let known = Known { stamp, says: Arc::clone(&says) };
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), known);
        Some(says)
    }

    /// Forgets every file but these.
    pub fn keep_only(&self, names: &[Name]) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|name, _| names.contains(name));
    }

    /// Forgets a file that is written anew, whatever its time of writing says.
    pub fn forget(&self, name: &Name) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ExpectedFile;

    #[test]
    fn a_file_is_taken_apart_once_and_anew_when_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, known) = (Shelf::new(folder.path()), KnownDbcs::default());
        let name = Name::new("car").unwrap();
        assert!(known.get(&shelf, &name).is_none());
        let keep =
            |text: &str| shelf.write(&name, text.as_bytes(), &ExpectedFile::Anything).unwrap();
        keep("BO_ 291 Door: 8 X\n");
        let one = known.get(&shelf, &name).unwrap();
        assert_eq!(one.messages, 1);
        let again = known.get(&shelf, &name).unwrap();
        assert!(Arc::ptr_eq(&one, &again), "it was read again");
        keep("BO_ 291 Door: 8 X\n\nBO_ 292 Seat: 8 X\n");
        assert_eq!(known.get(&shelf, &name).unwrap().messages, 2);
        known.keep_only(&[]);
        assert!(known.files.lock().unwrap().is_empty());
    }
}
