//! A profile that is handed to another machine: its text, the DBC files that its buses are read by, the
//! device folders of one's own that its components are of and the recordings that somebody names, as one
//! ZIP. `zipped` reads and writes that; `preview` says what would become of it here; `recordings` has them
//! out of their folder and into it. Passwords, tokens and keys are in none of these
//! files, and what the environment fills in is never written out. Changes nothing in the data folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::base::id::Name;
use crate::engine::access::permission::CarryPack;
use crate::engine::can::record::shelf::ShelfError as RecordShelfError;
use crate::engine::dbc;
use crate::engine::device::Catalog;
use crate::engine::profile::devices::{Devices, DevicesError, Files};
use crate::engine::profile::edit::{Change, EditError, apply};
use crate::engine::profile::expand::Lookup;
use crate::engine::profile::library::{Library, LibraryError, interpret};
use crate::engine::profile::model::Profile;
use crate::engine::profile::remote::no_variable;
use crate::engine::profile::shelf::{self, Shelf, ShelfError};

mod preview;
mod recordings;
#[cfg(test)]
mod tests;
mod zipped;

pub use preview::{Item, Part, Preview, Stand};
pub use recordings::{Brought, MOST as MOST_RECORDINGS, MOST_BYTES as MOST_RECORDED};
pub use zipped::LARGEST;

/// What the profile's file is called inside.
const PROFILE: &str = "profile.toml";

/// Why something is no profile pack, or cannot be made one.
#[derive(Debug, Error)]
pub enum PackError {
    /// It is no ZIP, or a broken one.
    #[error("this is no profile pack: {0}")]
    Broken(String),
    /// One of its entries cannot be taken.
    #[error("the pack is refused: {entry:?} {why}")]
    Entry {
        /// Which, shortened.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is larger than any pack.
    #[error("{what} has {found}; a profile pack has at most {most}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How much there is, with its unit.
        found: String,
        /// How much there may be.
        most: String,
    },
    /// The profile.
    #[error(transparent)]
    Profile(#[from] LibraryError),
    /// A DBC file that is here.
    #[error(transparent)]
    Dbc(#[from] ShelfError),
    /// A DBC file that the profile names.
    #[error("a DBC file of the bus {bus} cannot be read: {source}")]
    Named {
        /// The bus.
        bus: Name,
        /// Why.
        source: io::Error,
    },
    /// A device folder.
    #[error("the device folder {name}: {source}")]
    Device {
        /// Its name.
        name: String,
        /// Why.
        source: DevicesError,
    },
    /// A recording.
    #[error("the recording {name:?}: {source}")]
    Recording {
        /// Its name.
        name: String,
        /// Why.
        source: RecordShelfError,
    },
    /// A recording that makes too much of them.
    #[error(
        "the recording {name:?} has {bytes} bytes, which makes {sum} of recordings: a pack holds {most} \
         of them at most"
    )]
    RecordingSize {
        /// Its name.
        name: String,
        /// Its size.
        bytes: u64,
        /// What it and those before it have.
        sum: u64,
        /// How much there may be.
        most: String,
    },
    /// The text of the profile cannot be made to fit.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// What is in a profile pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    name: Name,
    profile: String,
    dbcs: BTreeMap<Name, Vec<u8>>,
    devices: BTreeMap<String, Files>,
    recordings: BTreeMap<String, Vec<u8>>,
    left: BTreeSet<String>,
}

/// What becomes of the recordings of a pack that somebody has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// They are taken with the rest.
    #[default]
    Take,
    /// They are left out.
    Leave,
}

impl Pack {
    /// The profile `name` of this data folder that says `text`, with what it needs.
    ///
    /// # Errors
    /// It is refused, or something that it needs cannot be read.
    pub fn of(
        (library, devices): (&Library, &Devices),
        name: &Name,
        text: &str,
        lookup: Lookup<'_>,
    ) -> Result<Self, PackError> {
        let file = library.file_of(name);
        let profile = interpret(&file, text.to_owned(), lookup)?.profile;
        let (dbcs, changes) = gathered(&profile, text, library)?;
        let text = if changes.is_empty() {
            text.to_owned()
        } else {
            apply(text, &file, &changes, lookup)?
        };
        let kinds = profile.components.iter().map(|component| component.kind.as_str());
        let mut own = BTreeMap::new();
        for kind in kinds.filter(|kind| !Catalog::comes_with(kind)) {
            match devices.read(kind) {
                Ok(files) => drop(own.insert(kind.to_owned(), files)),
                // The profile names a kind that nobody knows here: it is told on the other side too.
                Err(DevicesError::Unknown(_)) => {}
                Err(source) => return Err(PackError::Device { name: kind.to_owned(), source }),
            }
        }
        let (name, recordings, left) = (name.clone(), BTreeMap::new(), BTreeSet::new());
        Self { name, profile: text, dbcs, devices: own, recordings, left }.checked(lookup)
    }

    /// Reads one that came over the network: as [`Pack::read`], without variables.
    ///
    /// # Errors
    /// As [`Pack::read`], or there is a variable in it.
    pub fn read_sent(bytes: &[u8], lookup: Lookup<'_>) -> Result<Self, PackError> {
        let pack = zipped::read(bytes)?;
        no_variable((None, &pack.profile)).map_err(|why| refused(PROFILE, why))?;
        pack.checked(lookup)
    }

    /// Reads one that somebody has brought. Nothing of it is believed before it was looked at.
    ///
    /// # Errors
    /// It is no profile pack, or holds something that none holds.
    pub fn read(bytes: &[u8], lookup: Lookup<'_>) -> Result<Self, PackError> {
        zipped::read(bytes)?.checked(lookup)
    }

    /// The pack as a ZIP: the same bytes for the same pack.
    ///
    /// # Errors
    /// It is larger than any pack.
    pub fn write(&self) -> Result<Vec<u8>, PackError> {
        zipped::write(self)
    }

    /// What its profile is called.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// What its profile says.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Its DBC files.
    #[must_use]
    pub const fn dbcs(&self) -> &BTreeMap<Name, Vec<u8>> {
        &self.dbcs
    }

    /// Its device folders.
    #[must_use]
    pub const fn devices(&self) -> &BTreeMap<String, Files> {
        &self.devices
    }

    /// Its recordings, by the names of their files.
    #[must_use]
    pub const fn recordings(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.recordings
    }

    /// The pack as it is to be taken: with its recordings, or with their names only.
    #[must_use]
    pub fn carry(mut self, carry: Carry) -> Self {
        if carry == Carry::Leave {
            self.left.extend(std::mem::take(&mut self.recordings).into_keys());
        }
        self
    }

    /// What handing it out or taking it needs.
    #[must_use]
    pub fn carrying(&self) -> CarryPack {
        if self.recordings.is_empty() { CarryPack::Plain } else { CarryPack::WithRecordings }
    }

    /// The pack, if each of its files is what it should be, with the name that its profile says.
    fn checked(mut self, lookup: Lookup<'_>) -> Result<Self, PackError> {
        let loaded = interpret(Path::new(PROFILE), self.profile.clone(), lookup)?;
        self.name = loaded.profile.name;
        for (name, bytes) in &self.dbcs {
            let entry = format!("dbc/{name}.dbc");
            // What says too much is not even taken apart.
            if let Some(why) = dbc::Extent::of_lines(bytes).why_not() {
                return Err(refused(&entry, why));
            }
            let schema = dbc::parse(bytes).schema;
            if schema.messages.is_empty() {
                let why = "has no message: it is no DBC file, or every line of it is broken";
                return Err(refused(&entry, why));
            }
            if let Some(why) = dbc::Extent::of(&schema).why_not() {
                return Err(refused(&entry, why));
            }
        }
        for (name, files) in &self.devices {
            let sound = files.check(name);
            sound.map_err(|source| PackError::Device { name: name.clone(), source })?;
        }
        Ok(self)
    }
}

/// An entry that cannot be taken.
fn refused(entry: &str, why: impl Into<String>) -> PackError {
    PackError::Entry { entry: entry.chars().take(100).collect(), why: why.into() }
}

type Gathered = (BTreeMap<Name, Vec<u8>>, Vec<Change>);

/// The DBC files that a profile's buses are read by, and what has to change in its text so that each is
/// found beside it, on whatever machine.
fn gathered(profile: &Profile, text: &str, library: &Library) -> Result<Gathered, PackError> {
    let shelf = Shelf::new(library.folder());
    let mut dbcs = BTreeMap::new();
    let mut names: BTreeMap<&PathBuf, Name> = BTreeMap::new();
    let mut changes = Vec::new();
    for bus in profile.buses.iter().filter(|bus| !bus.dbc.is_empty()) {
        let mut files = Vec::new();
        for file in &bus.dbc {
            let known = names.iter().find(|(path, _)| shelf::same_file(path, file));
            let name = if let Some((_, name)) = known {
                name.clone()
            } else {
                let wanted = shelf.name_of(file).or_else(|| called(file));
                // A name that only the environment knows stays here.
                let wanted = wanted.filter(|name| text.contains(name.as_str()));
                let name = free_name(&dbcs, &wanted.unwrap_or_else(|| bus.name.clone()));
                let named = |source| PackError::Named { bus: bus.name.clone(), source };
                dbcs.insert(name.clone(), small(file).map_err(named)?);
                names.insert(file, name.clone());
                name
            };
            files.push(library.profiles().join("../dbc").join(format!("{name}.dbc")));
        }
        changes.push(Change::SetDbcs { bus: bus.name.clone(), files });
    }
    Ok((dbcs, changes))
}

/// A DBC file, wherever it is.
fn small(file: &Path) -> io::Result<Vec<u8>> {
    // Looked at before it is opened: a pipe would never answer.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(shelf::LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > shelf::LARGEST {
        return Err(io::Error::other("it is larger than any DBC file"));
    }
    Ok(bytes)
}

/// What a DBC file from elsewhere is called.
fn called(file: &Path) -> Option<Name> {
    file.file_stem().and_then(|stem| Name::new(&stem.to_string_lossy()).ok())
}

/// `wanted`, or the first name like it that no other one has, in whatever case.
fn free_name(taken: &BTreeMap<Name, Vec<u8>>, wanted: &Name) -> Name {
    let is_free = |name: &Name| {
        let lower = name.as_str().to_lowercase();
        !taken.keys().any(|taken| taken.as_str().to_lowercase() == lower)
    };
    let stem: String = wanted.as_str().chars().take(Name::LIMIT - 6).collect();
    let more = (2..10_000).filter_map(|n| Name::new(&format!("{} {n}", stem.trim())).ok());
    let mut all = std::iter::once(wanted.clone()).chain(more);
    all.find(is_free).unwrap_or_else(|| wanted.clone())
}
