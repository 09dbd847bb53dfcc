//! The folder of recordings. A recording goes by the name of its file, which is never a path: nothing
//! outside of the folder can be named, and nothing that is being written can be taken away.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::can::record::disk::{Disk, Paper, RealDisk, keep_name};
use crate::engine::can::record::keep::OldFile;
use crate::engine::can::record::label::Label;
use crate::engine::can::record::plan::FilePlan;
use crate::engine::can::room::{LOOK_EVERY, Room};
use crate::engine::can::trace::{Log, OpenLogError};

/// Most recordings that are listed.
pub const LISTED: usize = 10_000;
/// Most letters of a name.
const NAME_LETTERS: usize = 160;
/// Threads that read what was taken in.
const READERS: NonZeroUsize = NonZeroUsize::MIN;
/// The name of a file while it is taken in.
const UPLOAD: &str = ".upload-";
const PART: &str = ".part";
/// Recordings that are being taken in at the same time, at most.
const INCOMING: usize = 8;

/// Why a recording cannot be had, taken in or taken away.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// It could be a path, or is the name of something else.
    #[error(
        "{0:?} is no name of a recording: a name has at most {NAME_LETTERS} letters, digits, spaces, \
         points, dashes and underscores, and does not begin with a point"
    )]
    Name(String),
    /// There is none of that name.
    #[error("there is no recording {0:?}")]
    Missing(String),
    /// There is one of that name.
    #[error("there is already a recording {0:?}")]
    Taken(String),
    /// It grows.
    #[error("{0:?} is being written: stop the recording first")]
    Busy(String),
    /// It is larger than may be taken in.
    #[error("it is larger than {0} MB, which is the most that is taken in")]
    TooLarge(u64),
    /// Too little would be left of the disk.
    #[error("there is no room for it: {0}")]
    NoRoom(String),
    /// Too many at once.
    #[error("{INCOMING} recordings are being taken in already: wait until one is done")]
    TooMany,
    /// It is no recording.
    #[error("it was not taken in: {0}")]
    Unknown(String),
    /// The system refuses.
    #[error("the folder of recordings: {0}")]
    Disk(#[from] io::Error),
}

/// A recording in the folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelved {
    /// Its name: that of the file.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last written.
    pub written: Option<Wall>,
    /// What is known of it.
    pub label: Option<Label>,
    /// Whether it grows.
    pub grows: bool,
}

impl Shelved {
    /// What it is listed by: the greatest first.
    #[must_use]
    pub fn place(&self) -> (Option<Wall>, &str) {
        (self.written, &self.name)
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: Arc<RwLock<Arc<Path>>>,
    busy: Busy,
    /// How many are being taken in.
    incoming: Arc<AtomicUsize>,
    room: Room,
}

/// Files that are being written.
type Busy = Arc<Mutex<BTreeSet<PathBuf>>>;

impl Shelf {
    /// Of this folder, which is made when something goes into it.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        let folder = Arc::new(RwLock::new(folder.into()));
        let (busy, incoming) = (Busy::default(), Arc::default());
        Self { folder, busy, incoming, room: Room::default() }
    }

    /// The same on a disk with other room.
    #[cfg(test)]
    pub fn with_room(self, room: Room) -> Self {
        Self { room, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> Arc<Path> {
        Arc::clone(&self.folder.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// It is elsewhere from now on, for everybody who holds it. What is being written goes on where it
    /// was begun; what is there stays there.
    pub fn move_to(&self, folder: PathBuf) {
        if *self.folder() != *folder {
            *self.folder.write().unwrap_or_else(PoisonError::into_inner) = folder.into();
        }
    }

    /// A disk for a recorder that writes here: what it writes cannot be taken away meanwhile. Makes the
    /// folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn disk(&self) -> io::Result<ShelfDisk> {
        fs::create_dir_all(self.folder())?;
        Ok(ShelfDisk { busy: Arc::clone(&self.busy) })
    }

    /// Takes away what a program has left that was killed while it took something in or wrote what stands
    /// beside a recording. For whoever opens the folder before anybody uses it.
    pub fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.folder()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_upload = name.starts_with(UPLOAD) && name.ends_with(PART);
            let is_label = name.starts_with('.') && name.ends_with(".json.part");
            if (is_upload || is_label)
                && entry.file_type().is_ok_and(|kind| kind.is_file())
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(%error, file = %name, "half a recording was left and stays");
            }
        }
    }

    /// The ten thousand newest, the newest first.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Shelved>, ShelfError> {
        self.newest(LISTED)
    }

    /// The `most` newest, the newest first.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn newest(&self, most: usize) -> Result<Vec<Shelved>, ShelfError> {
        let mut all = Vec::new();
        let newest = |one: &Shelved, other: &Shelved| other.place().cmp(&one.place());
        self.each(&mut |found| keep_first(&mut all, found, most, newest))?;
        all.sort_by(newest);
        all.truncate(most);
        for one in &mut all {
            one.label = Label::read(&one.path);
        }
        Ok(all)
    }

    /// Goes through all recordings, in no order, without what stands beside them.
    fn each(&self, see: &mut dyn FnMut(Shelved)) -> Result<(), ShelfError> {
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Of a link this is about the link, which could lead out of the folder.
            let Ok(kind) = entry.metadata() else { continue };
            if check(&name).is_ok() && kind.is_file() {
                see(self.shelved(entry.path(), name, &kind));
            }
        }
        Ok(())
    }

    fn shelved(&self, path: PathBuf, name: String, kind: &fs::Metadata) -> Shelved {
        let written = kind.modified().ok().and_then(|at| {
            let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_nanos()).ok().map(Wall::from_nanos)
        });
        let grows = self.is_busy(&path);
        Shelved { name, path, bytes: kind.len(), written, label: None, grows }
    }

    /// The recording of this name.
    ///
    /// # Errors
    /// There is none, or this is no name.
    pub fn find(&self, name: &str) -> Result<Shelved, ShelfError> {
        check(name)?;
        let missing = || ShelfError::Missing(name.to_owned());
        let path = self.folder().join(name);
        // A link could lead out of the folder.
        let kind = fs::symlink_metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => ShelfError::Disk(error),
        })?;
        if !kind.is_file() {
            return Err(missing());
        }
        let label = Label::read(&path);
        Ok(Shelved { label, ..self.shelved(path, name.to_owned(), &kind) })
    }

    /// Finished files of the recorder `name`, the oldest first, for what is kept of them.
    #[must_use]
    pub fn of_recorder(&self, name: &str) -> Vec<OldFile> {
        let mut all: Vec<(Option<Wall>, OldFile)> = Vec::new();
        let oldest = |one: &(Option<Wall>, OldFile), other: &(Option<Wall>, OldFile)| {
            (one.0, &one.1.path).cmp(&(other.0, &other.1.path))
        };
        let seen = self.each(&mut |one| {
            let label = (!one.grows).then(|| Label::read(&one.path)).flatten();
            let Some(label) = label.filter(|label| label.recording == name) else { return };
            let ended = label.ended.map(Wall::from_nanos).or(one.written);
            let ended = ended.unwrap_or(Wall::from_nanos(0));
            let file = OldFile { path: one.path, bytes: one.bytes, ended, since: None };
            keep_first(&mut all, (one.written, file), LISTED, oldest);
        });
        if let Err(error) = seen {
            tracing::warn!(%error, "nobody knows which old recordings there are");
        }
        all.sort_by(oldest);
        all.truncate(LISTED);
        all.into_iter().map(|(_, file)| file).collect()
    }

    /// Takes a recording away, with what stands beside it.
    ///
    /// # Errors
    /// There is none, or it is being written.
    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        let found = self.find(name)?;
        // Held until it is gone, so that no recorder begins it meanwhile.
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.contains(&found.path) {
            return Err(ShelfError::Busy(name.to_owned()));
        }
        fs::remove_file(&found.path)?;
        match fs::remove_file(Label::place(&found.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Begins to take in a recording of at most `limit` bytes under this name.
    ///
    /// # Errors
    /// This is no name, or it is taken, or too many are being taken in, or the disk is nearly full.
    pub fn take_in(&self, name: &str, limit: u64) -> Result<Incoming, ShelfError> {
        self.is_free(name)?;
        let among = Among::enter(&self.incoming).ok_or(ShelfError::TooMany)?;
        self.begin(name, limit, Arc::new(among))
    }

    /// Takes in recordings that belong together and are there already: all of them, looked at, or none.
    ///
    /// # Errors
    /// As of [`Self::take_in`] and [`Incoming::look`], with the name of the one that it is about.
    pub fn take_in_all(
        &self,
        all: &[(&str, &[u8])],
        now: Wall,
    ) -> Result<Vec<Incoming>, (String, ShelfError)> {
        let among = match all.first() {
            None => return Ok(Vec::new()),
            Some((first, _)) => Among::enter(&self.incoming)
                .ok_or_else(|| ((*first).to_owned(), ShelfError::TooMany))?,
        };
        let among = Arc::new(among);
        let one = |(name, bytes): &(&str, &[u8])| {
            self.is_free(name)?;
            let mut incoming = self.begin(name, bytes.len() as u64, Arc::clone(&among))?;
            incoming.add(bytes)?;
            incoming.look(now)
        };
        let named = |file: &(&str, &[u8])| one(file).map_err(|error| (file.0.to_owned(), error));
        all.iter().map(named).collect()
    }

    fn is_free(&self, name: &str) -> Result<(), ShelfError> {
        match self.find(name) {
            Ok(_) => return Err(ShelfError::Taken(name.to_owned())),
            Err(ShelfError::Missing(_)) => {}
            Err(other) => return Err(other),
        }
        // Names that differ only in their case are one: there are disks that do not tell them apart.
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let there = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        match { there }.find(|there| there.to_lowercase() == name.to_lowercase()) {
            Some(there) => Err(ShelfError::Taken(there)),
            None => Ok(()),
        }
    }

    fn begin(&self, name: &str, limit: u64, among: Arc<Among>) -> Result<Incoming, ShelfError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = self.folder();
        fs::create_dir_all(&folder)?;
        self.room.look(&folder, 0).map_err(ShelfError::NoRoom)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let part = format!("{UPLOAD}{}-{number}{PART}", std::process::id());
        let path = folder.join(part);
        let file = File::create(&path)?;
        let (name, room, looked) = (name.to_owned(), self.room, 0);
        Ok(Incoming { name, path, file, got: 0, limit, label: None, room, looked, _among: among })
    }

    /// Gives what was taken in its name.
    ///
    /// # Errors
    /// There is one of that name by now.
    pub fn keep(&self, incoming: Incoming) -> Result<(), ShelfError> {
        // Beside where it was taken in: the folder may have been chosen anew meanwhile.
        let path = incoming.path.with_file_name(&incoming.name);
        let taken = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => ShelfError::Taken(incoming.name.clone()),
            _ => ShelfError::Disk(error),
        };
        match fs::hard_link(&incoming.path, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken(error)),
            Err(_) => {
                // Some file systems have no links: an empty file holds the name until it is replaced.
                File::create_new(&path).map_err(taken)?;
                if let Err(error) = fs::rename(&incoming.path, &path) {
                    // Nobody's recording.
                    let _ = fs::remove_file(&path);
                    return Err(error.into());
                }
            }
        }
        keep_name(&path);
        // It is there, whatever becomes of what stands beside it.
        if let Some(label) = &incoming.label
            && let Err(error) = RealDisk.write_whole(&Label::place(&path), &label.text())
        {
            tracing::warn!(%error, "the label of a recording that was taken in was not written");
        }
        Ok(())
    }

    fn is_busy(&self, path: &Path) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }
}

/// Adds to `all`, of which only the first `most` by `order` are wanted.
fn keep_first<T>(
    all: &mut Vec<T>,
    one: T,
    most: usize,
    order: impl FnMut(&T, &T) -> std::cmp::Ordering,
) {
    all.push(one);
    // Now and then, so that a folder with very many files takes no more room than twice that.
    if all.len() > most.saturating_mul(2) {
        all.sort_by(order);
        all.truncate(most);
    }
}

/// What was given as a name, shortened where it is longer than any.
fn told(name: &str) -> String {
    let short: String = name.chars().take(NAME_LETTERS / 4).collect();
    if name.chars().count() > NAME_LETTERS { format!("{short}\u{2026}") } else { name.to_owned() }
}

/// Whether this can be the name of a recording.
///
/// # Errors
/// It could be a path, or is the name of something else.
pub fn check(name: &str) -> Result<(), ShelfError> {
    let is_fit = |c: char| c.is_alphanumeric() || " ._-+()@,".contains(c);
    let is_name = !name.is_empty()
        && name.chars().count() <= NAME_LETTERS
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
        && !has_ending(name, "json")
        && name.chars().all(is_fit);
    if is_name { Ok(()) } else { Err(ShelfError::Name(told(name))) }
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|one| one.eq_ignore_ascii_case(ending))
}

/// A recording that is being taken in. Gone again unless it is kept.
#[derive(Debug)]
pub struct Incoming {
    name: String,
    path: PathBuf,
    file: File,
    got: u64,
    limit: u64,
    label: Option<Label>,
    room: Room,
    /// So much of it was there when it was last looked how much room there is.
    looked: u64,
    _among: Arc<Among>,
}

/// One of those, or several together, that are being taken in; one fewer when it goes.
#[derive(Debug)]
struct Among(Arc<AtomicUsize>);

impl Among {
    /// `None`: there are too many already.
    fn enter(count: &Arc<AtomicUsize>) -> Option<Self> {
        let more = |now: usize| (now < INCOMING).then_some(now + 1);
        let entered = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        entered.ok().map(|_| Self(Arc::clone(count)))
    }
}

impl Drop for Among {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Incoming {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.got
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// There are more than may be, or the disk would be too full.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), ShelfError> {
        self.got += bytes.len() as u64;
        if self.got > self.limit {
            return Err(ShelfError::TooLarge(self.limit / 1_000_000));
        }
        if self.got - self.looked >= LOOK_EVERY || self.looked == 0 {
            self.looked = self.got;
            let folder = self.path.parent().unwrap_or(Path::new("."));
            self.room.look(folder, bytes.len() as u64).map_err(ShelfError::NoRoom)?;
        }
        Ok(self.file.write_all(bytes)?)
    }

    /// Looks at what was taken in: it has to be a recording. Reads it once.
    ///
    /// # Errors
    /// It is none.
    pub fn look(mut self, now: Wall) -> Result<Self, ShelfError> {
        self.file.flush()?;
        self.file.sync_data()?;
        let said = |error: OpenLogError| {
            // The file has another name to whoever sent it.
            let text = error.to_string().replace(&self.path.display().to_string(), &self.name);
            ShelfError::Unknown(text)
        };
        let log = Log::open_with(&self.path, self.room).map_err(said)?;
        let (mut first, mut last) = (None, None);
        let reader = log.sweep(READERS, &mut |frames, _| {
            for frame in frames.iter() {
                let at = frame.time().nanos();
                first = Some(first.unwrap_or(at).min(at));
                last = Some(last.unwrap_or(at).max(at));
            }
            ControlFlow::Continue(())
        });
        let span = first.zip(last).map_or(0, |(first, last)| last - first);
        let dated = log.timebase().wall_at_zero.is_some();
        let words = log.format().words();
        let short = FilePlan::format_name(log.format());
        self.label = Some(Label {
            format: if short.is_empty() { words.to_owned() } else { short.to_owned() },
            started: first.filter(|_| dated).unwrap_or(now.nanos()),
            ended: Some(last.filter(|_| dated).unwrap_or(now.nanos())),
            frames: reader.frames(),
            seconds: span as f64 / 1e9,
            buses: reader.bus_names().to_vec(),
            ..Label::default()
        });
        Ok(self)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Gone already where it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

/// The machine's disk; remembers which of its files are being written.
#[derive(Clone, Debug)]
pub struct ShelfDisk {
    busy: Busy,
}

impl Disk for ShelfDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let paper = RealDisk.create(path)?;
        busy.insert(path.to_owned());
        drop(busy);
        let (path, busy) = (path.to_owned(), Arc::clone(&self.busy));
        Ok(Box::new(BusyPaper { paper, path, busy }))
    }

    fn write_whole(&self, path: &Path, text: &str) -> io::Result<()> {
        RealDisk.write_whole(path, text)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn free(&self, folder: &Path) -> Option<u64> {
        RealDisk.free(folder)
    }
}

struct BusyPaper {
    paper: Box<dyn Paper>,
    path: PathBuf,
    busy: Busy,
}

impl Drop for BusyPaper {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
    }
}

impl Write for BusyPaper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.paper.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.paper.flush()
    }
}

impl Seek for BusyPaper {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.paper.seek(to)
    }
}

impl Paper for BusyPaper {
    fn sync(&mut self) -> io::Result<()> {
        self.paper.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.paper.cut(length)
    }
}
