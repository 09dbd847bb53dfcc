//! Backups as the window makes them: weighed now and then, made on a thread of their own. A backup that
//! replaces another is whole before it takes its place.

use std::time::Duration;
use std::{fs, io};

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
            Existing::Keep => kept(&source, passphrase, to),
            Existing::Replace => replaced(&source, passphrase, to),
        };
        let noted = self.order(NoteBackup::of(&source, came.as_ref()));
        let made = came.map_err(sentence)?;
        noted?;
        done(backup_made(&to.path.display().to_string(), &made))
    }
}

/// Writes it beside its place, and gives it its name once it is whole: what is broken off is never taken
/// for a backup. What is there stays.
fn kept(
    source: &BackupSource,
    passphrase: Option<&Secret>,
    to: &SaveTo,
) -> Result<BackupMade, BackupError> {
    let failed = |source| BackupError::File { file: to.path.clone(), what: "made", source };
    let taken = || Err(failed(io::Error::from(io::ErrorKind::AlreadyExists)));
    if fs::symlink_metadata(&to.path).is_ok() {
        return taken();
    }
    let part = beside(&to.path);
    let made = source.write(&part, passphrase)?;
    let named = match fs::hard_link(&part, &to.path) {
        // A disk without links: only there may somebody come in between.
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists && !to.path.exists() => {
            return fs::rename(&part, &to.path).map(|()| made).map_err(|why| {
                _ = fs::remove_file(&part);
                failed(why)
            });
        }
        named => named,
    };
    _ = fs::remove_file(&part);
    named.map(|()| made).map_err(failed)
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
