//! Backups as the window makes them: weighed now and then, made on a thread of their own. A backup that
//! replaces another is whole before it takes its place.

use std::fs;
use std::time::Duration;

use super::Shared;
use super::file::{self, beside};
use super::people::{Clerk, Outcome, done, sentence};
use crate::desktop::ask::{Existing, SaveTo};
use crate::engine::{
    Administer, BackupError, BackupMade, BackupRecordings, BackupSource, MakeBackup, NoteBackup,
    Secret, ViewPlant, weigh_backup,
};
use crate::view::compose::system::{backup, backup_made};
use crate::view::system::BackupView;

/// How often everything is weighed: every file of the data folder is looked at for that.
const WEIGH_EVERY: Duration = Duration::from_secs(60);

/// What a backup would hold, as it was last weighed.
pub(super) fn view(shared: &Shared) -> Result<BackupView, String> {
    shared.session.permit(Administer).map_err(sentence)?;
    let grant = shared.session.permit(ViewPlant).map_err(sentence)?;
    let records = shared.door.settings(&grant).records.clone();
    let clock = shared.door.clock();
    let (now, wall) = (clock.now(), clock.wall());
    let folder = shared.library.folder();
    let kept = shared.state().weighed;
    let fresh = kept.filter(|(at, _)| now.since(*at) < WEIGH_EVERY).map(|(_, weight)| weight);
    let weight = match fresh {
        Some(weight) => weight,
        None => {
            let weight = weigh_backup(folder, &records).map_err(sentence)?;
            shared.state().weighed = Some((now, weight));
            weight
        }
    };
    let source = BackupSource::new(folder, &records, BackupRecordings::Leave, wall);
    Ok(backup(&weight, source.name()))
}

impl Clerk<'_> {
    /// Makes a backup into a file, and says what came of it.
    pub(super) fn make_backup(
        &self,
        recordings: BackupRecordings,
        passphrase: Option<&Secret>,
        to: &SaveTo,
    ) -> Outcome {
        let source = self.order(MakeBackup { recordings, sealed: passphrase.is_some() })?;
        let came = match to.existing {
            Existing::Keep => source.write(&to.path, passphrase),
            Existing::Replace => replaced(&source, passphrase, to),
        };
        let noted = self.order(NoteBackup::of(&source, came.as_ref()));
        let made = came.map_err(sentence)?;
        noted?;
        done(backup_made(&to.path.display().to_string(), &made))
    }
}

/// Writes it beside what is there, and puts it in its place once it is whole.
fn replaced(
    source: &BackupSource,
    passphrase: Option<&Secret>,
    to: &SaveTo,
) -> Result<BackupMade, BackupError> {
    let failed = |source| BackupError::File { file: to.path.clone(), what: "replaced", source };
    // It stays as private as a backup is made, whatever the old one was.
    let (place, _) = file::replaced(&to.path).map_err(failed)?;
    let part = beside(&place);
    let made = source.write(&part, passphrase)?;
    fs::rename(&part, &place).map_err(|source| {
        // What is left of it would only be in the way; the old file is still there.
        _ = fs::remove_file(&part);
        failed(source)
    })?;
    Ok(made)
}
