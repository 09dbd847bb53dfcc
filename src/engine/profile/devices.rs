//! The device folders of the data folder: read at the start and when they change, refused with file and
//! line where they are not sound, written and removed whole. What was sound before stays in force until
//! something sound takes its place. Knows neither buses nor what runs.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::engine::device::check::{self, DBC_LIMIT, MANIFEST, MANIFEST_LIMIT, MESSAGES};
use crate::engine::device::{Catalog, Fault, Kind, Refused, Stays};
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{self, Library};
use crate::engine::profile::shelf::{Expected, write_whole};

/// Most device folders of a data folder.
pub const FOLDER_LIMIT: usize = 200;
/// Most users of a folder that are looked for.
const USERS_TOLD: usize = 20;

#[cfg(test)]
mod tests;

/// Called when there is another catalog; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// Why a device folder is not kept, or cannot be read.
#[derive(Debug, Error)]
pub enum DevicesError {
    /// There is none of this name.
    #[error("there is no device folder {0}")]
    Unknown(String),
    /// It is not sound.
    #[error("{}", told(.0))]
    Unsound(Vec<Fault>),
    /// It comes with the program.
    #[error("{0} comes with Busbar and stays as it is: give yours another name")]
    Builtin(String),
    /// Somebody has changed it, or made it, since it was looked at.
    #[error("the device folder {0} was changed by somebody else meanwhile: look at it again")]
    Changed(String),
    /// There are too many already.
    #[error("there are {FOLDER_LIMIT} device folders already: remove one first")]
    Full,
    /// It cannot be read or written.
    #[error("the device folder {name} cannot be {done}: {source}")]
    File {
        /// Its name.
        name: String,
        /// What was tried.
        done: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// The first fault, and how many more there are.
fn told(faults: &[Fault]) -> String {
    let first = faults.first().map_or_else(|| "it is not sound".to_owned(), ToString::to_string);
    match faults.len() {
        0 | 1 => first,
        count => format!("{first} (and {} more)", count - 1),
    }
}

/// What a device folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its `device.toml`.
    pub manifest: Vec<u8>,
    /// Its `messages.dbc`.
    pub messages: Vec<u8>,
}

impl Files {
    /// A mark of what it says: another one after every change.
    #[must_use]
    pub fn mark(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.manifest.len() as u64).to_le_bytes());
        hash.update(&self.manifest);
        hash.update(&self.messages);
        data_encoding::HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default())
    }
}

impl Files {
    /// Everything that keeps them from making a device folder of this name.
    #[must_use]
    pub fn faults(&self, name: &str) -> Vec<Fault> {
        check::read(name, &self.manifest, &self.messages).err().unwrap_or_default()
    }

    /// Whether they make a device folder of this name.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn check(&self, name: &str) -> Result<(), DevicesError> {
        let read = check::read(name, &self.manifest, &self.messages);
        read.map(drop).map_err(DevicesError::Unsound)
    }
}

/// The device folders of a data folder, and the catalog that is made of them. Cloning gives another
/// handle to the same.
#[derive(Clone)]
pub struct Devices(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    now: RwLock<Arc<Catalog>>,
    seen: Mutex<BTreeMap<String, Seen>>,
    wakers: RwLock<Vec<Waker>>,
}

/// A folder as it was last seen.
struct Seen {
    look: [Option<Look>; 2],
    kind: Option<Arc<Kind>>,
    faults: Vec<Fault>,
}

/// The look of a file: by which a change is noticed without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    len: u64,
    modified: Option<SystemTime>,
    /// Which file it is, and when anything about it was changed, where the system tells it.
    inode: (u64, i64, i64),
    is_file: bool,
}

impl Look {
    fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt as _;
            (meta.ino(), meta.ctime(), meta.ctime_nsec())
        };
        #[cfg(not(unix))]
        let inode = (0, 0, 0);
        Self { len: meta.len(), modified: meta.modified().ok(), inode, is_file: meta.is_file() }
    }
}

/// Whether a look at the folders has changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Everything is as before.
    Same,
    /// There is another catalog.
    New,
}

impl Devices {
    /// The device folders of the data folder `data`, read. Blocks.
    #[must_use]
    pub fn open(data: &Path) -> Self {
        let devices = Self(Arc::new(Inner {
            folder: data.join("devices"),
            now: RwLock::new(Arc::new(Catalog::builtin())),
            seen: Mutex::default(),
            wakers: RwLock::default(),
        }));
        devices.look();
        devices
    }

    /// Takes away what a program has left that was killed while it made or removed a folder. For whoever
    /// opens the data folder before anybody uses it.
    pub fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.0.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_left = name.to_str().is_some_and(is_passing);
            if is_left
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, "{} is left of a device folder and stays", name.display());
            }
        }
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The kinds that are known now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `waker` whenever there is another catalog.
    pub fn watch(&self, waker: Waker) {
        self.0.wakers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// The folder of this kind, whether it exists or not.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.0.folder.join(name)
    }

    /// Looks whether the folders have changed, and reads those that have. Blocks.
    pub fn look(&self) -> Looked {
        let mut seen = self.seen();
        self.look_over(&mut seen)
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_over(&self, seen: &mut BTreeMap<String, Seen>) -> Looked {
        let names = self.names();
        let mut changed = false;
        seen.retain(|name, _| {
            let stays = names.contains(name);
            changed |= !stays;
            stays
        });
        for (at, name) in names.iter().enumerate() {
            let looks = [MANIFEST, MESSAGES].map(|file| self.look_at(name, file));
            let before = seen.get(name);
            if before.is_some_and(|before| before.look == looks) {
                continue;
            }
            changed = true;
            let read = match at {
                at if at >= FOLDER_LIMIT => {
                    let text = format!(
                        "there are more than {FOLDER_LIMIT} device folders: this one is not read"
                    );
                    Err(vec![Fault { file: "", line: 0, text }])
                }
                _ => self.read_kind(name),
            };
            let former = before.and_then(|before| before.kind.clone());
            let now = match read {
                Ok(kind) => Seen { look: looks, kind: Some(kind), faults: Vec::new() },
                Err(faults) => Seen { look: looks, kind: former, faults },
            };
            seen.insert(name.clone(), now);
        }
        if !changed {
            return Looked::Same;
        }
        let mut catalog = Catalog::builtin();
        for (name, Seen { kind, faults, .. }) in seen.iter() {
            let stays = if kind.is_some() { Stays::Former } else { Stays::Nothing };
            if let Some(kind) = kind {
                catalog.put(Arc::clone(kind));
            }
            if !faults.is_empty() {
                catalog.refuse(Refused { folder: name.clone(), faults: faults.clone(), stays });
            }
        }
        *self.0.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        for waker in self.0.wakers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            waker();
        }
        Looked::New
    }

    /// The names of the folders, sorted; one more than there can be at most. A folder that cannot be
    /// read, or is not there, has none. What begins with a dot is being written or was left behind.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0.folder) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_file()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .take(FOLDER_LIMIT * 2)
            .collect();
        names.sort();
        names.truncate(FOLDER_LIMIT + 1);
        names
    }

    fn look_at(&self, name: &str, file: &str) -> Option<Look> {
        let path = self.0.folder.join(name).join(file);
        fs::symlink_metadata(path).ok().map(|meta| Look::of(&meta))
    }

    fn read_kind(&self, name: &str) -> Result<Arc<Kind>, Vec<Fault>> {
        if is_builtin(name) {
            let text = DevicesError::Builtin(name.to_owned()).to_string();
            return Err(vec![Fault { file: "", line: 0, text }]);
        }
        let files = self.read_files(name)?;
        check::read(name, &files.manifest, &files.messages)
    }

    fn read_files(&self, name: &str) -> Result<Files, Vec<Fault>> {
        let folder = self.0.folder.join(name);
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
        if !is_folder {
            let text = "it is no folder of its own: a link is not followed".to_owned();
            return Err(vec![Fault { file: "", line: 0, text }]);
        }
        let manifest = whole(&folder, MANIFEST, MANIFEST_LIMIT);
        let messages = whole(&folder, MESSAGES, DBC_LIMIT);
        match (manifest, messages) {
            (Ok(manifest), Ok(messages)) => Ok(Files { manifest, messages }),
            (manifest, messages) => {
                Err([manifest.err(), messages.err()].into_iter().flatten().collect())
            }
        }
    }

    /// What the device folder `name` says, sound or not. Blocks.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(&self, name: &str) -> Result<Files, DevicesError> {
        if !check::is_id(name) || !self.0.folder.join(name).exists() {
            return Err(DevicesError::Unknown(name.to_owned()));
        }
        self.read_files(name).map_err(DevicesError::Unsound)
    }

    /// Keeps a device folder, in place of the files of one of the same name; it is in force at once.
    /// Gives back the mark of what was there. Blocks.
    ///
    /// # Errors
    /// It is not sound, is not what was expected, is one too many or cannot be written; what was there
    /// stays.
    pub fn write(
        &self,
        name: &str,
        files: &Files,
        expected: &Expected,
    ) -> Result<Option<String>, DevicesError> {
        if is_builtin(name) {
            return Err(DevicesError::Builtin(name.to_owned()));
        }
        files.check(name)?;
        let mut seen = self.seen();
        let before = self.expect(name, expected)?;
        if before.is_none() && self.names().len() >= FOLDER_LIMIT {
            return Err(DevicesError::Full);
        }
        let failed = |source| DevicesError::File { name: name.to_owned(), done: "written", source };
        let folder = self.0.folder.join(name);
        match &before {
            None => self.put_new(name, files).map_err(failed)?,
            Some(former) => {
                write_whole(&folder.join(MESSAGES), &files.messages).map_err(failed)?;
                if let Err(source) = write_whole(&folder.join(MANIFEST), &files.manifest) {
                    // The two belong together: the other one goes back to what it was.
                    drop(write_whole(&folder.join(MESSAGES), &former.messages));
                    return Err(failed(source));
                }
            }
        }
        self.look_over(&mut seen);
        Ok(before.map(|files| files.mark()))
    }

    /// A folder that was not there: made beside, then named, so that nobody sees half of it.
    fn put_new(&self, name: &str, files: &Files) -> io::Result<()> {
        let beside = self.0.folder.join(format!(".{name}.{}.new", std::process::id()));
        drop(fs::remove_dir_all(&beside));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&beside)?;
        let named = write_whole(&beside.join(MESSAGES), &files.messages)
            .and_then(|()| write_whole(&beside.join(MANIFEST), &files.manifest))
            .and_then(|()| fs::rename(&beside, self.0.folder.join(name)));
        if named.is_err() {
            drop(fs::remove_dir_all(&beside));
        }
        named
    }

    /// What is there, if it is what was expected.
    fn expect(&self, name: &str, expected: &Expected) -> Result<Option<Files>, DevicesError> {
        let there = match self.read(name) {
            Ok(files) => Some(files),
            Err(DevicesError::Unknown(_)) => None,
            Err(error) => return Err(error),
        };
        let fits = match expected {
            Expected::Anything => true,
            Expected::Nothing => there.is_none(),
            Expected::Mark(mark) => there.as_ref().is_some_and(|files| files.mark() == *mark),
        };
        if fits { Ok(there) } else { Err(DevicesError::Changed(name.to_owned())) }
    }

    /// The components that are of this kind, with their profiles; a profile that cannot be read and
    /// names it counts too. Blocks for reading the profiles.
    #[must_use]
    pub fn users(&self, name: &str) -> Vec<String> {
        let data = self.0.folder.parent().unwrap_or(Path::new("."));
        let Ok(library) = Library::find(Some(data)) else { return Vec::new() };
        let listed = library.list(&environment).unwrap_or_default();
        let mut users = Vec::new();
        for one in listed {
            match one.outcome {
                Ok(loaded) => {
                    let of_kind = loaded.profile.components.iter().filter(|c| c.kind == name);
                    users
                        .extend(of_kind.map(|c| format!("{} in the profile {}", c.name, one.name)));
                }
                Err(_) => {
                    let text = library::read(&one.file).unwrap_or_default();
                    if text.contains(&format!("\"{name}\"")) || text.contains(&format!("'{name}'"))
                    {
                        users.push(format!("the broken profile {}", one.name));
                    }
                }
            }
            if users.len() >= USERS_TOLD {
                break;
            }
        }
        users
    }

    /// Removes a device folder with all that is in it; gives back the mark that it had. Blocks.
    ///
    /// # Errors
    /// There is none, it is not what was expected, or it cannot be removed.
    pub fn remove(&self, name: &str, expected: &Expected) -> Result<Option<String>, DevicesError> {
        let mut seen = self.seen();
        let path = self.0.folder.join(name);
        let there = match self.expect(name, expected) {
            // A folder that cannot even be read can still be removed, by whoever means just that.
            Err(DevicesError::Unsound(_)) if *expected == Expected::Anything => None,
            Ok(None) => return Err(DevicesError::Unknown(name.to_owned())),
            other => other?,
        };
        // A folder whose name could be no kind's is no business of this.
        if !check::is_id(name) {
            return Err(DevicesError::Unknown(name.to_owned()));
        }
        let failed = |source| DevicesError::File { name: name.to_owned(), done: "removed", source };
        let is_folder = fs::symlink_metadata(&path).map_err(failed)?.is_dir();
        if !is_folder {
            fs::remove_file(&path).map_err(failed)?;
        } else {
            let aside = self.0.folder.join(format!(".{name}.{}.old", std::process::id()));
            fs::rename(&path, &aside).map_err(failed)?;
            // It is gone either way: what begins with a dot is not read.
            drop(fs::remove_dir_all(&aside));
        }
        self.look_over(&mut seen);
        Ok(there.map(|files| files.mark()))
    }
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Devices").field(&self.0.folder).finish()
    }
}

/// Whether a folder is called as one is that is being made or removed: ".my-pack.4711.new".
fn is_passing(name: &str) -> bool {
    let bare = name.strip_prefix('.');
    let bare =
        bare.and_then(|bare| bare.strip_suffix(".new").or_else(|| bare.strip_suffix(".old")));
    bare.and_then(|bare| bare.split_once('.')).is_some_and(|(id, process)| {
        check::is_id(id) && !process.is_empty() && process.chars().all(|c| c.is_ascii_digit())
    })
}

/// Whether a kind of this id comes with the program.
fn is_builtin(name: &str) -> bool {
    Catalog::comes_with(name)
}

/// A whole regular file of a folder, if it is not too large.
fn whole(folder: &Path, file: &'static str, limit: usize) -> Result<Vec<u8>, Fault> {
    let path = folder.join(file);
    let fault = |text: String| Fault { file, line: 0, text };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => fault("it is not there".to_owned()),
        _ => fault(format!("it cannot be read: {error}")),
    };
    // Looked at before it is opened: a pipe would never answer.
    let meta = fs::symlink_metadata(&path).map_err(failed)?;
    if !meta.is_file() {
        return Err(fault("it is no file: a link, a folder or a pipe is not read".to_owned()));
    }
    let too_large = |len: u64| fault(format!("it has {len} bytes; it can have {limit}"));
    if meta.len() > limit as u64 {
        return Err(too_large(meta.len()));
    }
    let mut bytes = Vec::new();
    let opened = File::open(&path).map_err(failed)?;
    opened.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}
