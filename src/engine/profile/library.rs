//! The data folder: profiles by name, read and written as whole files. A save either replaces the
//! file or leaves it as it was. Knows nothing of the running profile.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::ProjectDirs;
use thiserror::Error;

use crate::base::id::{Name, NameError};
use crate::base::problem::Problem;
use crate::engine::can::address::Address;
use crate::engine::device::Catalog;
use crate::engine::profile::devices::Devices;
use crate::engine::profile::expand::Lookup;
use crate::engine::profile::model::Profile;
use crate::engine::profile::parse::{self, Lines};
use crate::engine::profile::write;

/// Greatest size of a profile or settings file, bytes.
pub const FILE_LIMIT: u64 = 1 << 20;
/// Most profiles that are listed.
pub const LIST_LIMIT: usize = 1_000;

/// Why a profile, or the folder it is in, cannot be used.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// This machine has no place for a program's data.
    #[error("no home folder to keep profiles in: name one with --data-dir DIR")]
    NoHome,
    /// There is no profile of this name.
    #[error("no profile {name:?} in {}: {}", folder.display(), there(known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What is there.
        known: Vec<String>,
    },
    /// That is neither a name nor a file.
    #[error("{text:?} is neither a profile's name nor a file")]
    NoName {
        /// What was asked for.
        text: String,
        /// Why it is no name.
        #[source]
        source: NameError,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The data folder is a file.
    #[error("the data folder {} cannot be used: it is a file: {source}", folder.display())]
    DataFolder {
        /// The data folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{} is no regular file", .0.display())]
    NoFile(PathBuf),
    /// It is too large to be one.
    #[error("{} has {len} bytes; a profile has at most {FILE_LIMIT}", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its length, bytes.
        len: u64,
    },
    /// It is no text.
    #[error("{}:{line}: this is no UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The first line that is none.
        line: usize,
    },
    /// It says something that cannot be.
    #[error("{}", refusal(file, problems))]
    Refused {
        /// The file.
        file: PathBuf,
        /// Everything that is wrong, with lines.
        problems: Vec<Problem>,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn there(known: &[String]) -> String {
    match known {
        [] => "there is none yet".to_owned(),
        known => format!("there is {}", known.join(", ")),
    }
}

fn refusal(file: &Path, problems: &[Problem]) -> String {
    let place = |problem: &Problem| match problem.line {
        0 => file.display().to_string(),
        line => format!("{}:{line}", file.display()),
    };
    let mut said = problems.first().map_or_else(
        || file.display().to_string(),
        |first| format!("{}: {}", place(first), first.text),
    );
    if problems.len() > 1 {
        said.push_str(&format!(" (and {} more)", problems.len() - 1));
    }
    said
}

/// A profile read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What it says; files in it are found from the folder of the profile's file.
    pub profile: Profile,
    /// Where it says it.
    pub lines: Lines,
    /// Its file.
    pub file: PathBuf,
    /// The file's text, for [`super::watch::Watch::since`].
    pub text: String,
    /// What is odd about it, and does not keep it from running.
    pub warnings: Vec<Problem>,
}

/// One profile of the folder.
#[derive(Debug)]
pub struct Listed {
    /// Its name: that of its file.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What it says, or why it is refused.
    pub outcome: Result<Loaded, LibraryError>,
}

/// The data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    folder: PathBuf,
}

impl Library {
    /// The folder `chosen`, else this user's own. Nothing is read or made yet.
    ///
    /// # Errors
    /// None was chosen and the user has no home folder.
    pub fn find(chosen: Option<&Path>) -> Result<Self, LibraryError> {
        let folder = match chosen {
            Some(folder) => folder.to_owned(),
            None => ProjectDirs::from("", "", "busbar")
                .map(|dirs| dirs.data_dir().to_owned())
                .ok_or(LibraryError::NoHome)?,
        };
        Ok(Self { folder })
    }

    /// The data folder `folder`.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The data folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The kinds of device that are known with this data folder: those that come with the program, and
    /// its own. Blocks for reading them.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Devices::open(&self.folder).catalog()
    }

    /// Where the profiles are.
    #[must_use]
    pub fn profiles(&self) -> PathBuf {
        self.folder.join("profiles")
    }

    /// The file of the profile `name`, whether it exists or not.
    #[must_use]
    pub fn file_of(&self, name: &Name) -> PathBuf {
        self.profiles().join(format!("{name}.toml"))
    }

    /// The file that `text`, a profile's name or a file, means. A file it is when it has a folder
    /// in it or ends in `.toml`.
    ///
    /// # Errors
    /// There is no such profile; says which there are.
    pub fn resolve(&self, text: &str) -> Result<PathBuf, LibraryError> {
        let path = Path::new(text);
        if path.components().count() > 1 || path.extension() == Some(OsStr::new("toml")) {
            return Ok(path.to_owned());
        }
        let name = Name::new(text)
            .map_err(|source| LibraryError::NoName { text: text.to_owned(), source })?;
        let file = self.file_of(&name);
        if file.exists() {
            return Ok(file);
        }
        let known = self.names()?;
        Err(LibraryError::Unknown { name: text.to_owned(), folder: self.profiles(), known })
    }

    /// The names of all profiles, sorted.
    ///
    /// # Errors
    /// The folder cannot be read. A folder that does not exist has no profiles.
    pub fn names(&self) -> Result<Vec<String>, LibraryError> {
        let folder = self.profiles();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) if self.folder.is_file() => {
                return Err(LibraryError::DataFolder { folder: self.folder.clone(), source });
            }
            Err(source) => return Err(LibraryError::Read { file: folder, source }),
        };
        let toml = |path: &PathBuf| path.extension() == Some(OsStr::new("toml"));
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(toml)
            .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
            .filter(|stem| !stem.starts_with('.'))
            .take(LIST_LIMIT)
            .collect();
        names.sort();
        Ok(names)
    }

    /// All profiles, the broken ones with the reason.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self, lookup: Lookup<'_>) -> Result<Vec<Listed>, LibraryError> {
        let listed = |name: String| {
            let file = self.profiles().join(format!("{name}.toml"));
            Listed { outcome: load(&file, lookup), name, file }
        };
        Ok(self.names()?.into_iter().map(listed).collect())
    }

    /// `wanted` if no profile is called so, else the first free one of "wanted 2", "wanted 3" …
    #[must_use]
    pub fn free_name(&self, wanted: &Name) -> Name {
        let stem: String = wanted.as_str().chars().take(Name::LIMIT - 5).collect();
        let more = (2..10_000).filter_map(|n| Name::new(&format!("{} {n}", stem.trim())).ok());
        let mut all = std::iter::once(wanted.clone()).chain(more);
        all.find(|name| !self.file_of(name).exists()).unwrap_or_else(|| wanted.clone())
    }

    /// Writes `profile`, in place of one of the same name.
    ///
    /// # Errors
    /// The folder or the file cannot be written; what was there stays.
    pub fn save(&self, profile: &Profile) -> Result<PathBuf, LibraryError> {
        self.make()?;
        let file = self.file_of(&profile.name);
        write_whole(&file, &write::write(profile))?;
        Ok(file)
    }

    /// Makes the folder, for this user alone, if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<(), LibraryError> {
        for folder in [self.folder.clone(), self.profiles()] {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .create(&folder)
                .map_err(|source| LibraryError::Write { file: folder.clone(), source })?;
        }
        Ok(())
    }
}

/// Reads a profile file.
///
/// # Errors
/// Says what is wrong, in which file and line.
pub fn load(file: &Path, lookup: Lookup<'_>) -> Result<Loaded, LibraryError> {
    let text = read(file)?;
    interpret(file, text, lookup)
}

/// Takes `text` as that of the profile file `file`.
///
/// # Errors
/// Says what is wrong, in which line.
pub fn interpret(file: &Path, text: String, lookup: Lookup<'_>) -> Result<Loaded, LibraryError> {
    let parsed = parse::parse(&text, lookup)
        .map_err(|problems| LibraryError::Refused { file: file.to_owned(), problems })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let profile = beside(parsed.profile, folder);
    let lines = parsed.lines;
    Ok(Loaded { profile, lines, file: file.to_owned(), text, warnings: Vec::new() })
}

/// The profile with every file in it found from `folder`.
fn beside(mut profile: Profile, folder: &Path) -> Profile {
    for bus in &mut profile.buses {
        if let Address::Replay(file) = &mut bus.address {
            *file = folder.join(&*file);
        }
        for file in &mut bus.dbc {
            *file = folder.join(&*file);
        }
        if let Some(scene) = &mut bus.scene
            && scene.ends_with(".toml")
        {
            *scene = folder.join(&*scene).to_string_lossy().into_owned();
        }
    }
    profile
}

/// The text of a small file.
///
/// # Errors
/// It is missing, not a regular file, too large, or no text.
pub fn read(file: &Path) -> Result<String, LibraryError> {
    let failed = |source| LibraryError::Read { file: file.to_owned(), source };
    let meta = fs::metadata(file).map_err(failed)?;
    if !meta.is_file() {
        return Err(LibraryError::NoFile(file.to_owned()));
    }
    let too_large = |len| LibraryError::TooLarge { file: file.to_owned(), len };
    if meta.len() > FILE_LIMIT {
        return Err(too_large(meta.len()));
    }
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    let len = opened.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    // It may have grown since it was measured.
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(too_large(len as u64));
    }
    String::from_utf8(bytes).map_err(|error| {
        let sound = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..sound).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        LibraryError::NotText { file: file.to_owned(), line }
    })
}

/// Replaces `file` by one that holds `text`, or leaves it as it is: written beside it, brought to
/// the disk, then renamed.
///
/// # Errors
/// It cannot be written.
pub fn write_whole(file: &Path, text: &str) -> Result<(), LibraryError> {
    let failed = |source| LibraryError::Write { file: file.to_owned(), source };
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = (|| {
        let mut new = File::create(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        drop(new);
        fs::rename(&beside, file)
    })();
    if let Err(source) = written {
        // The old file is untouched; what is left of the new one is of no use.
        let _ = fs::remove_file(&beside);
        return Err(failed(source));
    }
    // The rename itself is brought to the disk too where the system can; it has happened either way.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
