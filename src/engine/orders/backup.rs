//! The order that lets somebody make a backup, and the one that writes down what came of it. What the first
//! gives back is made into a file beside whatever runs, by whoever gave it: that takes as long as the
//! recordings are large.

use serde_json::json;

use crate::engine::access::permission::Administer;
use crate::engine::backup::{BackupError, Made, Recordings, Source};
use crate::engine::orders::{Order, OrderError, Route};
use crate::engine::store::settings;

/// Makes a backup of everything that is kept. An administrator's: the hashes of all passwords are in it.
#[derive(Clone, Copy, Debug)]
pub struct MakeBackup {
    /// Whether recordings go along.
    pub recordings: Recordings,
    /// Whether it is to be sealed with a passphrase, for the journal.
    pub sealed: bool,
}

impl Order for MakeBackup {
    type Needs = Administer;
    type Done = Source;
    const NAME: &'static str = "make_backup";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        let recordings = match self.recordings {
            Recordings::Take => "with recordings",
            Recordings::Leave => "without recordings",
        };
        let sealed = if self.sealed { "encrypted" } else { "not encrypted" };
        format!("everything, {recordings}, {sealed}")
    }

    fn route(self) -> Route<Source> {
        Route::records(move |desk| {
            let records = settings::all(&desk.writing.reading())?.records;
            let folder = desk.people.library().folder();
            Ok(Source::new(folder, &records, self.recordings, desk.by.at))
        })
    }
}

/// Writes down what came of a backup that was let be made: how large it is, or why there is none. The line
/// of one that was not made is one of a failure, so this order is then answered with why.
#[derive(Clone, Debug)]
pub struct NoteBackup {
    /// The name that was proposed for its file.
    name: String,
    /// What came of it: bytes and entries, or why there is none.
    came: Result<(u64, usize), String>,
}

impl NoteBackup {
    /// What came of making `source` into a file.
    #[must_use]
    pub fn of(source: &Source, came: Result<&Made, &BackupError>) -> Self {
        let came = came.map(|made| (made.bytes, made.entries)).map_err(ToString::to_string);
        Self { name: source.name(), came }
    }
}

impl Order for NoteBackup {
    type Needs = Administer;
    type Done = ();
    const NAME: &'static str = "backup_made";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        self.name.clone()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| {
            let (bytes, entries) = self.came.map_err(OrderError::Unfit)?;
            desk.remember("bytes", json!(bytes));
            desk.remember("entries", json!(entries));
            Ok(())
        })
    }
}
