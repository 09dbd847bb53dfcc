//! The order that lets somebody make a backup. What it gives back is made into a file beside whatever
//! runs, by whoever gave it: that takes as long as the recordings are large.

use crate::engine::access::permission::Administer;
use crate::engine::backup::{Recordings, Source};
use crate::engine::orders::{Order, Route};
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
