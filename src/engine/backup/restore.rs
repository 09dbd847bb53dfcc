//! A backup as a data folder. It is read whole before anything is written, unpacked beside the folder,
//! opened there once, and only then put in its place; what was there is kept aside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::base::time::Clock;
use crate::engine::access::grant::Face;
use crate::engine::access::secret::Secret;
use crate::engine::access::settings::RecordSettings;
use crate::engine::backup::place::{DATABASE, Place};
use crate::engine::backup::stream::{self, Whole, refused};
use crate::engine::backup::{About, BackupError, Listed};
use crate::engine::store::journal::{Entry, Outcome};
use crate::engine::store::{Opener, Store, copy, hold, lock, moment_stamp, settings, sync_folder};

/// How an entry stands to what is in the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStand {
    /// There is none of its name.
    New,
    /// The same is there.
    Same,
    /// Another one is there.
    Replaces,
}

impl BackupStand {
    /// As a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Replaces => "replaces",
        }
    }
}

/// An entry of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupItem {
    /// Its name.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// How it stands to what is there.
    pub stand: BackupStand,
}

/// What would become of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPreview {
    /// What it says of itself.
    pub about: About,
    /// Everything that is in it.
    pub items: Vec<BackupItem>,
    /// Files that are in the data folder now and would not be in it afterwards, by their names in it.
    pub goes: Vec<String>,
    /// What is to be known, in sentences: what is not in it, what has to be set anew.
    pub remarks: Vec<String>,
}

/// What a restore has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where what was there is now.
    pub aside: Option<PathBuf>,
    /// What is to be known, in sentences.
    pub remarks: Vec<String>,
}

/// Reads the backup whole and says what it would replace in `folder`.
///
/// # Errors
/// It is none, is damaged, is of a newer Busbar, or sealed with another passphrase.
pub fn preview(
    file: &Path,
    passphrase: Option<&Secret>,
    folder: &Path,
) -> Result<BackupPreview, BackupError> {
    let Whole { about, listed } = stream::read(file, passphrase, &mut |_, _, _| Ok(()))?;
    let recordings = recordings_in(&about)?;
    if !listed.iter().any(|entry| entry.name == DATABASE) {
        return Err(BackupError::Broken("there is no database in it".to_owned()));
    }
    let item = |entry: &Listed| -> Option<BackupItem> {
        let there = Place::of(&entry.name)?.file(&entry.name, folder, &recordings)?;
        let stand = match hash_of(&there) {
            None => BackupStand::New,
            Some(hash) if hash == entry.sha256 => BackupStand::Same,
            Some(_) => BackupStand::Replaces,
        };
        Some(BackupItem { name: entry.name.clone(), bytes: entry.bytes, stand })
    };
    let items = listed.iter().filter_map(item).collect();
    let goes = goes(&about, &listed, &recordings, folder);
    let remarks = remarks(&about);
    Ok(BackupPreview { about, items, goes, remarks })
}

/// What is in the data folder and neither in the backup nor among what stays. What the engine makes anew
/// whenever it runs is not told.
fn goes(about: &About, listed: &[Listed], recordings: &Path, folder: &Path) -> Vec<String> {
    let place = |entry: &Listed| Place::of(&entry.name)?.file(&entry.name, folder, recordings);
    let mut comes: BTreeSet<PathBuf> = listed.iter().filter_map(place).collect();
    for own in [lock::NAME, "busbar.db-wal", "busbar.db-shm"] {
        comes.insert(folder.join(own));
    }
    let stays: Vec<PathBuf> =
        kept_places(about, recordings).into_iter().map(|place| folder.join(place)).collect();
    let mut gone = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inside) = waiting.pop() {
        for entry in fs::read_dir(&inside).into_iter().flatten().flatten() {
            // A link is a file here: what it leads to is not in the data folder.
            let kind = entry.file_type();
            let path = entry.path();
            let stays = stays.contains(&inside) && kind.as_ref().is_ok_and(fs::FileType::is_file);
            if kind.is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            } else if !stays && !comes.contains(&path) {
                let name = path.strip_prefix(folder).unwrap_or(&path);
                gone.insert(name.to_string_lossy().into_owned());
            }
        }
    }
    gone.into_iter().collect()
}

/// Folders of which the files stay where they are not in the backup.
fn kept_places<'a>(about: &About, recordings: &'a Path) -> Vec<&'a Path> {
    let recordings = (!about.recordings).then_some(recordings);
    recordings.into_iter().chain((!about.secrets).then_some(Path::new("tls"))).collect()
}

fn remarks(about: &About) -> Vec<String> {
    let mut remarks = Vec::new();
    if !about.secrets {
        remarks.push(
            "Passwords of other systems and private keys are not in it: the mail server's password has to be set anew, and keys that are here stay."
                .to_owned(),
        );
    }
    if !about.recordings {
        remarks.push("Recordings are not in it: those that are here stay.".to_owned());
    }
    remarks
}

/// Where recordings go: a folder inside of the data folder that is one for recordings.
fn recordings_in(about: &About) -> Result<PathBuf, BackupError> {
    let place = PathBuf::from(&about.recordings_in);
    let settings = RecordSettings { recordings: Some(place.clone()), ..RecordSettings::default() };
    match settings.check() {
        Ok(()) if place.is_relative() => Ok(place),
        Ok(()) | Err(_) => {
            Err(BackupError::Broken("its recordings would go where none belong".to_owned()))
        }
    }
}

fn hash_of(file: &Path) -> Option<String> {
    let mut from = File::open(file).ok()?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        let count = from.read(&mut piece).ok()?;
        if count == 0 {
            return Some(HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(piece.get(..count)?);
    }
}

/// A folder beside another one, of this name or with a number where that is taken.
fn beside(folder: &Path, word: &str, stamp: &str) -> Result<PathBuf, BackupError> {
    let name = |end: &str| {
        let mut name = folder.as_os_str().to_owned();
        name.push(format!(".{word}-{stamp}{end}"));
        PathBuf::from(name)
    };
    let ends = std::iter::once(String::new()).chain((2..1000).map(|n| format!("-{n}")));
    let free = ends.map(|end| name(&end)).find(|path| fs::symlink_metadata(path).is_err());
    free.ok_or_else(|| {
        BackupError::of(folder, "kept aside")(io::Error::other("every name is taken"))
    })
}

/// Takes what was unpacked away again unless it was put in its place.
struct Staged(Option<PathBuf>);

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && let Err(error) = fs::remove_dir_all(&folder)
        {
            tracing::warn!(%error, "{} is left of a restore", folder.display());
        }
    }
}

/// Puts the backup in the place of `folder`, on which no engine may run. What was there is kept aside
/// under another name; where anything fails, everything is as it was.
///
/// # Errors
/// It cannot be used, an engine runs there, or the disk refuses.
pub fn restore(
    file: &Path,
    passphrase: Option<&Secret>,
    folder: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Restored, BackupError> {
    // Renaming a link would leave what it names where it is.
    let folder = &fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let at = clock.wall();
    let _held = if folder.exists() { Some(hold(folder, "busbar restore", at)?) } else { None };
    let preview = preview(file, passphrase, folder)?;
    let mut remarks = preview.remarks;
    let staged = beside(folder, "restore", &moment_stamp(at))?;
    make_folder(&staged)?;
    let mut staging = Staged(Some(staged.clone()));
    let recordings = recordings_in(&preview.about)?;
    unpack(file, passphrase, (&staged, &recordings))?;
    let schema = copy::look(&staged.join(DATABASE))?;
    if schema > copy::newest_schema() {
        return Err(BackupError::Newer { found: schema, known: copy::newest_schema() });
    }
    remarks.extend(open_once(&staged, &preview.about, &clock)?);
    if folder.exists() {
        for place in kept_places(&preview.about, &recordings) {
            carry(folder, &staged, place, &mut remarks);
        }
        give_to_owner_of(folder, &staged, &mut remarks);
    }
    let renamed = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(BackupError::of(from, "put in its place"))
    };
    let aside = if folder.exists() {
        let aside = beside(folder, "before-restore", &moment_stamp(at))?;
        renamed(folder, &aside)?;
        Some(aside)
    } else {
        None
    };
    if let Err(error) = renamed(&staged, folder) {
        if let Some(aside) = &aside {
            renamed(aside, folder)?;
        }
        return Err(error);
    }
    staging.0 = None;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    sync_folder(parent).map_err(BackupError::of(parent, "written"))?;
    Ok(Restored { aside, remarks })
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(BackupError::of(folder, "made"))
}

/// Unpacks everything into the new folder. What is written is what was hashed: the reader holds it against
/// the list once more.
fn unpack(
    file: &Path,
    passphrase: Option<&Secret>,
    (folder, recordings): (&Path, &Path),
) -> Result<(), BackupError> {
    let mut folders = BTreeSet::from([folder.to_owned()]);
    stream::read(file, passphrase, &mut |place, name, from| {
        let to = place.file(name, folder, recordings);
        let to = to.ok_or_else(|| refused(name, "has no place in a data folder"))?;
        if let Some(parent) = to.parent() {
            make_folder(parent)?;
            folders.insert(parent.to_owned());
        }
        let failed = |source| BackupError::File { file: to.clone(), what: "written", source };
        let mut out = copy::private_new().open(&to).map_err(failed)?;
        let mut piece = vec![0; 64 << 10];
        loop {
            let count = from
                .read(&mut piece)
                .map_err(|error| refused(name, format!("cannot be read: {error}")))?;
            let read = piece.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            out.write_all(read).map_err(failed)?;
        }
        out.sync_all().map_err(failed)
    })?;
    let sync = |folder: &PathBuf| sync_folder(folder).map_err(BackupError::of(folder, "written"));
    folders.iter().try_for_each(sync)
}

/// Opens the database once, which brings an older one up to date, and writes into its journal where it
/// came from.
fn open_once(
    folder: &Path,
    about: &About,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<String>, BackupError> {
    let watch = Box::new(|_: &crate::engine::store::Reading<'_>| {});
    let (store, mut remarks) = Store::open(folder, Opener::Command, Arc::clone(clock), watch)?;
    store.file(Entry {
        at: clock.wall(),
        who: "command line".to_owned(),
        face: Face::CommandLine.code(),
        address: None,
        action: "restore_backup",
        target: format!("the backup of {}", about.made),
        before: None,
        after: None,
        outcome: Outcome::Done,
        note: None,
        of: None,
    });
    store.settle()?;
    let records = store.read(settings::records)?;
    drop(store);
    let is_elsewhere = about.recordings && !records.stays_inside();
    if let Some(place) = records.recordings.filter(|_| is_elsewhere) {
        remarks.push(format!(
            "Recordings go to {} by the settings; those of the backup are in {} of the data folder: choose that in the settings to see them.",
            place.display(), about.recordings_in
        ));
    }
    let here = |remark: String| remark.replace(&*folder.to_string_lossy(), "the data folder");
    Ok(remarks.into_iter().map(here).collect())
}

/// Has files stay that are not in the backup: they are in both folders then, and take no more room.
fn carry(from: &Path, to: &Path, place: &Path, remarks: &mut Vec<String>) {
    let (old, new) = (from.join(place), to.join(place));
    let Ok(entries) = fs::read_dir(&old) else { return };
    if let Err(error) = make_folder(&new) {
        remarks.push(format!("{} cannot be kept: {error}.", place.display()));
        return;
    }
    let mut failed = BTreeMap::new();
    for entry in entries.flatten().filter(|one| one.file_type().is_ok_and(|kind| kind.is_file())) {
        if let Err(error) = fs::hard_link(entry.path(), new.join(entry.file_name())) {
            failed.insert(entry.file_name(), error);
        }
    }
    if let Some((name, error)) = failed.first_key_value() {
        remarks.push(format!(
            "{} files of {} are only in the folder that was kept aside ({}: {error}).",
            failed.len(),
            place.display(),
            name.to_string_lossy()
        ));
    }
}

/// Whoever restores may be another user than the one Busbar runs as.
#[cfg(unix)]
fn give_to_owner_of(folder: &Path, staged: &Path, remarks: &mut Vec<String>) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (Ok(was), Ok(is)) = (fs::metadata(folder), fs::metadata(staged)) else { return };
    if (was.uid(), was.gid()) == (is.uid(), is.gid()) {
        return;
    }
    let mut waiting = vec![staged.to_owned()];
    while let Some(path) = waiting.pop() {
        if let Err(error) = chown(&path, Some(was.uid()), Some(was.gid())) {
            remarks.push(format!(
                "The data folder belongs to you now and not to whom it belonged ({error}): run chown on it."
            ));
            return;
        }
        if let Ok(entries) = fs::read_dir(&path) {
            waiting.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
}

#[cfg(not(unix))]
fn give_to_owner_of(_folder: &Path, _staged: &Path, _remarks: &mut Vec<String>) {}
