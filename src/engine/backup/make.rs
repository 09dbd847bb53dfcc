//! A data folder as a backup: beside whatever runs on it, into a new file that is read back before anybody
//! relies on it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::time::Wall;
use crate::engine::access::secret::Secret;
use crate::engine::access::settings::RecordSettings;
use crate::engine::backup::envelope::{self, KeyCost};
use crate::engine::backup::place::{DATABASE, FILES, FOLDERS, Place};
use crate::engine::backup::{About, BackupError, FORM, stream};
use crate::engine::profile::expand::environment;
use crate::engine::profile::library;
use crate::engine::store::copy::{self, Secrets};
use crate::engine::store::{moment_stamp, moment_words};

/// Folder of recordings unless it was chosen otherwise.
pub const RECORDINGS: &str = "recordings";

/// What a backup is made of: whoever has one was let to make it.
#[derive(Clone, Debug)]
pub struct Source {
    folder: PathBuf,
    /// Recordings, where they go along.
    recordings: Option<PathBuf>,
    /// Where recordings go, inside the data folder.
    recordings_in: PathBuf,
    at: Wall,
    cost: KeyCost,
}

/// A backup that was made and read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its size, bytes.
    pub bytes: u64,
    /// How many profiles, DBC files, files of devices, recordings and others are in it.
    pub entries: usize,
    /// What was left out, in sentences.
    pub left_out: Vec<String>,
}

/// A file that is taken away again unless it was kept.
struct Passing(Option<PathBuf>);

impl Passing {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(file) = self.0.take()
            && let Err(error) = fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "{} is left of a backup", file.display());
        }
    }
}

impl Source {
    /// The data folder `folder` at this moment, with its recordings where `with` names how they are kept.
    pub fn new(folder: &Path, records: &RecordSettings, with: Recordings, at: Wall) -> Self {
        let chosen = records.recordings.as_deref();
        let place = folder.join(chosen.unwrap_or(Path::new(RECORDINGS)));
        let recordings = (with == Recordings::Take).then_some(place);
        let inside = chosen.filter(|chosen| chosen.is_relative()).unwrap_or(Path::new(RECORDINGS));
        let recordings_in = inside.to_owned();
        let cost = KeyCost::STANDARD;
        Self { folder: folder.to_owned(), recordings, recordings_in, at, cost }
    }

    /// The same with a key that costs nothing.
    #[cfg(test)]
    pub const fn cheap(mut self) -> Self {
        self.cost = KeyCost::CHEAP;
        self
    }

    /// A name for the file: "busbar-20260131T120000Z.backup".
    #[must_use]
    pub fn name(&self) -> String {
        format!("busbar-{}.backup", moment_stamp(self.at))
    }

    /// A name that is free for a backup that is to be sent and then gone: beside the copies that are made
    /// before upgrades.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn passing_place(&self) -> Result<PathBuf, BackupError> {
        let failed =
            |source| BackupError::File { file: self.folder.clone(), what: "written", source };
        let stem = format!("{}{}", copy::SENDING, moment_stamp(self.at));
        let file = copy::room(&self.folder, &stem, ".backup").map_err(failed)?;
        fs::remove_file(&file).map_err(failed)?;
        Ok(file)
    }

    /// Writes the backup into the new file `to`, sealed where there is a passphrase, and reads it back. It
    /// is written beside and gets its name once it is whole: what is broken off is never taken for a backup.
    /// Where it fails, no file stays.
    ///
    /// # Errors
    /// Something cannot be read or written, or `to` is there already.
    pub fn write(&self, to: &Path, passphrase: Option<&Secret>) -> Result<Made, BackupError> {
        if let Some(passphrase) = passphrase {
            envelope::fit(passphrase)?;
        }
        if fs::symlink_metadata(to).is_ok() {
            return Err(BackupError::of(to, "made")(ErrorKind::AlreadyExists.into()));
        }
        let mut part = to.to_owned().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let out = copy::private_new().open(&part).map_err(BackupError::of(to, "made"))?;
        let half = Passing(Some(part.clone()));
        let made = self.fill((to, &part, out), passphrase)?;
        match fs::hard_link(&part, to) {
            Ok(()) => return Ok(made),
            // A disk without links: only there may somebody come in between.
            Err(error) if error.kind() != ErrorKind::AlreadyExists && !to.exists() => {
                fs::rename(&part, to).map_err(BackupError::of(to, "made"))?;
            }
            Err(error) => return Err(BackupError::of(to, "made")(error)),
        }
        half.keep();
        Ok(made)
    }

    /// Writes it into the file `out` at `part`, which is to be called `to`, and reads it back.
    fn fill(
        &self,
        (to, part, out): (&Path, &Path, File),
        passphrase: Option<&Secret>,
    ) -> Result<Made, BackupError> {
        let stem = format!("{}{}", copy::MAKING, moment_stamp(self.at));
        let database = copy::room(&self.folder, &stem, ".db")
            .map_err(BackupError::of(&self.folder, "written"))?;
        let passing = Passing(Some(database.clone()));
        let secrets = if passphrase.is_some() { Secrets::Take } else { Secrets::Leave };
        let schema = copy::copy(&self.folder, &database, secrets)?;
        let about = About {
            form: FORM,
            busbar: env!("CARGO_PKG_VERSION").to_owned(),
            made: moment_words(self.at),
            schema,
            recordings: self.recordings.is_some(),
            secrets: passphrase.is_some(),
            recordings_in: self.recordings_in.to_string_lossy().replace('\\', "/"),
        };
        let sealed = passphrase.map(|passphrase| (passphrase, self.cost));
        let mut writer = stream::Writer::new((to, out), sealed, &about)?;
        writer.file(DATABASE, &database)?;
        drop(passing);
        let mut left_out = Vec::new();
        let listed_files = self.files()?;
        // As they would be on a disk that does not tell them apart: such a backup could not be restored there.
        let mut names = BTreeMap::new();
        for (name, file) in &listed_files {
            let place = Place::of(name);
            if passphrase.is_none() && place.as_ref().is_some_and(Place::is_secret) {
                continue;
            }
            let why_not = match &place {
                None => Some("is nothing of Busbar's own"),
                Some(place) => unfit(place, file),
            };
            let why_not = match (why_not, names.entry(name.to_lowercase())) {
                (Some(why), _) => Some(why.to_owned()),
                (None, Entry::Occupied(other)) => Some(format!(
                    "differs from {} in case alone: call one of them otherwise",
                    other.get()
                )),
                (None, Entry::Vacant(room)) => {
                    room.insert(name.clone());
                    None
                }
            };
            match why_not {
                None => writer.file(name, file)?,
                Some(why) => left_out.push(format!("{} {why}.", file.display())),
            }
        }
        left_out.extend(self.elsewhere(&listed_files));
        if passphrase.is_none() {
            left_out.push(
                "Passwords of other systems and private keys: they are in an encrypted backup only."
                    .to_owned(),
            );
        }
        if self.recordings.is_none() {
            left_out.push("Recordings.".to_owned());
        }
        let listed = writer.finish()?;
        let back = stream::read(part, passphrase, &mut |_, _, _| Ok(()))
            .map_err(|error| BackupError::ReadBack(error.to_string()))?;
        if back.about != about || listed.get(1..) != Some(&back.listed) {
            return Err(BackupError::ReadBack("it has other entries".to_owned()));
        }
        let bytes = fs::metadata(part).map_err(BackupError::of(to, "read"))?.len();
        Ok(Made { bytes, entries: back.listed.len(), left_out })
    }

    /// The DBC files that profiles of the folder name, each with the name of a profile.
    fn named(&self) -> BTreeMap<PathBuf, String> {
        let mut named = BTreeMap::new();
        let Ok(entries) = fs::read_dir(self.folder.join("profiles")) else { return named };
        let paths = entries.flatten().map(|entry| entry.path());
        for file in paths.filter(|path| path.extension().is_some_and(|end| end == "toml")) {
            // What cannot be read names nothing that would be used.
            let Ok(loaded) = library::load(&file, &environment) else { continue };
            let name = loaded.profile.name.to_string();
            for dbc in loaded.profile.buses.into_iter().flat_map(|bus| bus.dbc) {
                named.entry(dbc).or_insert_with(|| name.clone());
            }
        }
        named
    }

    /// Adds the DBC files that profiles name in folders under theirs.
    fn dbc_beside_profiles(&self, found: &mut Vec<(String, PathBuf)>) {
        let Ok(root) = fs::canonicalize(&self.folder) else { return };
        for file in self.named().into_keys() {
            let Ok(file) = fs::canonicalize(file) else { continue };
            let Ok(inside) = file.strip_prefix(&root) else { continue };
            let name = inside.to_string_lossy().replace('\\', "/");
            let has = found.iter().any(|(one, _)| *one == name);
            if !has && file.is_file() && Place::of(&name) == Some(Place::Dbc) {
                found.push((name, file));
            }
        }
    }

    /// What profiles name and is not in the backup, in sentences.
    fn elsewhere(&self, found: &[(String, PathBuf)]) -> Vec<String> {
        let real = |file: &Path| fs::canonicalize(file).ok();
        let taken: Vec<PathBuf> = found.iter().filter_map(|(_, file)| real(file)).collect();
        let named = self.named().into_iter();
        let left = named.filter(|(file, _)| real(file).is_some_and(|file| !taken.contains(&file)));
        let says = |(file, profile): (PathBuf, String)| {
            format!("{}, which the profile {profile} names.", file.display())
        };
        left.map(says).collect()
    }

    /// Everything to be kept beside the database, by the names it has in a backup.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, BackupError> {
        let mut found = Vec::new();
        for name in FILES {
            let file = self.folder.join(name);
            if file.is_file() {
                found.push((name.to_owned(), file));
            }
        }
        for (name, depth) in FOLDERS {
            gather(&self.folder.join(name), name, depth, &mut found)?;
        }
        self.dbc_beside_profiles(&mut found);
        if let Some(recordings) = &self.recordings {
            gather(recordings, RECORDINGS, 1, &mut found)?;
            // Half of one that is being taken in is none yet.
            found.retain(|(name, _)| !name.ends_with(".part"));
        }
        found.sort();
        Ok(found)
    }
}

/// Why a file cannot go along: whoever reads the backup would refuse it whole.
fn unfit(place: &Place, file: &Path) -> Option<&'static str> {
    match fs::metadata(file) {
        Ok(found) if found.len() > place.most() => Some("is larger than any of its kind can be"),
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound
                && matches!(place, Place::Recording(_)) =>
        {
            Some("was removed while the backup was made")
        }
        Ok(_) | Err(_) => None,
    }
}

/// What a backup would hold at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Files beside the recordings.
    pub files: usize,
    /// Their bytes, unpacked.
    pub bytes: u64,
    /// Recordings, with what stands beside them.
    pub recordings: usize,
    /// Their bytes.
    pub recording_bytes: u64,
}

/// Weighs what a backup of the data folder `folder` would hold.
///
/// # Errors
/// A folder or the database cannot be read.
pub fn weigh(folder: &Path, records: &RecordSettings) -> Result<Weight, BackupError> {
    let source = Source::new(folder, records, Recordings::Take, Wall::from_nanos(0));
    let mut weight = Weight { files: 1, bytes: copy::weigh(folder)?, ..Weight::default() };
    for (name, file) in source.files()? {
        // One that was taken away since weighs nothing.
        let bytes = fs::metadata(file).map_or(0, |found| found.len());
        match Place::of(&name) {
            Some(Place::Recording(_)) => {
                weight.recordings += 1;
                weight.recording_bytes += bytes;
            }
            Some(_) => {
                weight.files += 1;
                weight.bytes += bytes;
            }
            None => {}
        }
    }
    Ok(weight)
}

/// Whether recordings go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordings {
    /// All of them, those that are being written as far as they are.
    Take,
    /// None.
    Leave,
}

fn gather(
    folder: &Path,
    name: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::of(folder, "read")(error)),
    };
    for entry in entries {
        let entry = entry.map_err(BackupError::of(folder, "read"))?;
        let (path, own) = (entry.path(), entry.file_name());
        let name = format!("{name}/{}", own.to_string_lossy());
        if path.is_dir() && depth > 1 {
            gather(&path, &name, depth - 1, found)?;
        } else if path.is_file() {
            found.push((name, path));
        }
    }
    Ok(())
}
