//! What would become of a profile pack in a data folder: what is new there, what is there already, what
//! is something else. Only looks.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::base::id::Name;
use crate::engine::can::address::Address;
use crate::engine::device::Catalog;
use crate::engine::profile::devices::{Devices, DevicesError};
use crate::engine::profile::edit::{Change, apply};
use crate::engine::profile::expand::Lookup;
use crate::engine::profile::library::{self, Library, interpret};
use crate::engine::profile::pack::{Brought, PROFILE, Pack, PackError, refused};
use crate::engine::profile::remote::brought;
use crate::engine::profile::shelf::{self, Shelf};

/// What part of a pack something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The profile.
    Profile,
    /// A DBC file.
    Dbc,
    /// A device folder.
    Device,
    /// A recording.
    Recording,
}

impl Part {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Dbc => "DBC file",
            Self::Device => "device folder",
            Self::Recording => "recording",
        }
    }
}

/// How a part of a pack stands to what is in the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// There is none of its name.
    New,
    /// The same is there.
    Same,
    /// Another one of its name is there: it is replaced, if somebody says so who has seen it.
    Changed,
    /// Its name is taken, and what has it stays.
    Clashes,
    /// It is left out, as somebody said.
    Left,
}

impl Stand {
    /// As a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Clashes => "clashes",
            Self::Left => "left out",
        }
    }
}

/// A part of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub part: Part,
    /// What it is called.
    pub name: String,
    /// How it stands to what is there.
    pub stand: Stand,
}

/// What would become of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What the profile would be called.
    pub name: Name,
    /// Its text then.
    pub text: String,
    /// Everything that is in it: device folders, DBC files, recordings, the profile.
    pub items: Vec<Item>,
    /// What the profile needs and is neither in the pack nor here, in sentences.
    pub lacks: Vec<String>,
    /// A mark of all this and of what is there: who has seen it may have it replaced.
    pub mark: String,
}

impl Preview {
    /// The parts that stand so.
    pub fn those(&self, stand: Stand) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.stand == stand)
    }

    /// Whether somebody may bring it who is not at this machine.
    ///
    /// # Errors
    /// Its profile names what is for whoever is: says what, and in which line.
    pub fn check_sent(&self, library: &Library, lookup: Lookup<'_>) -> Result<(), PackError> {
        let (file, folder) = (library.file_of(&self.name), library.folder());
        brought((None, &self.text), (&file, folder), lookup)
            .map_err(|why| refused(PROFILE, why.to_string()))
    }
}

/// Looks, and takes down what the mark is made of.
struct Look {
    items: Vec<Item>,
    hash: Sha256,
}

impl Look {
    fn note(&mut self, item: Item, says: &[u8], there: Option<&[u8]>) {
        for bytes in [item.part.words().as_bytes(), item.name.as_bytes(), says] {
            self.hash.update((bytes.len() as u64).to_le_bytes());
            self.hash.update(bytes);
        }
        self.hash.update([u8::from(there.is_some())]);
        let there = there.unwrap_or_default();
        self.hash.update((there.len() as u64).to_le_bytes());
        self.hash.update(there);
        self.items.push(item);
    }
}

impl Pack {
    /// What would become of it in this data folder, with its profile called `name`, else as it is. Its
    /// recordings were taken in before, as `brought`.
    ///
    /// # Errors
    /// Something that is there cannot be read.
    pub fn preview(
        &self,
        name: Option<&Name>,
        (library, devices): (&Library, &Devices),
        brought: &Brought,
        lookup: Lookup<'_>,
    ) -> Result<Preview, PackError> {
        let name = name.unwrap_or(&self.name).clone();
        let mut look = Look { items: Vec::new(), hash: Sha256::new() };
        for (id, files) in &self.devices {
            let there = match devices.read(id) {
                Ok(files) => Some(files.mark()),
                Err(DevicesError::Unknown(_)) => None,
                // Broken, but somebody's.
                Err(DevicesError::Unsound(_)) => Some("unsound".to_owned()),
                Err(source) => return Err(PackError::Device { name: id.clone(), source }),
            };
            let stand = match &there {
                _ if Catalog::comes_with(id) => Stand::Clashes,
                None => Stand::New,
                Some(mark) if *mark == files.mark() => Stand::Same,
                Some(_) => Stand::Changed,
            };
            let item = Item { part: Part::Device, name: id.clone(), stand };
            look.note(item, files.mark().as_bytes(), there.as_deref().map(str::as_bytes));
        }
        let shelf = Shelf::new(library.folder());
        for (dbc, bytes) in &self.dbcs {
            let there = match shelf.read(dbc) {
                Ok(there) => Some(there),
                Err(shelf::ShelfError::Unknown(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let stand = match &there {
                None => Stand::New,
                Some(there) if there == bytes => Stand::Same,
                Some(_) => Stand::Changed,
            };
            let item = Item { part: Part::Dbc, name: dbc.to_string(), stand };
            look.note(item, bytes, there.as_deref());
        }
        for (recording, bytes) in &self.recordings {
            let unseen = || refused(&format!("recordings/{recording}"), "was not looked at");
            let (stand, sum) = brought.stand(recording, bytes).ok_or_else(unseen)?;
            let there = (stand != Stand::New).then(|| stand.word().as_bytes());
            look.note(Item { part: Part::Recording, name: recording.clone(), stand }, &sum, there);
        }
        for recording in &self.left {
            let item = Item { part: Part::Recording, name: recording.clone(), stand: Stand::Left };
            look.note(item, Stand::Left.word().as_bytes(), None);
        }
        let file = library.file_of(&name);
        let text = apply(&self.profile, &file, &[Change::Rename(name.clone())], lookup)?;
        let there = file.exists().then(|| library::read(&file)).transpose()?;
        let stand = match &there {
            None => Stand::New,
            Some(there) if *there == text => Stand::Same,
            // A profile is never replaced: it may run, and its versions are another one's.
            Some(_) => Stand::Clashes,
        };
        let item = Item { part: Part::Profile, name: name.to_string(), stand };
        look.note(item, text.as_bytes(), there.as_deref().map(str::as_bytes));
        let lacks = self.lacks(&file, &text, (library, &devices.catalog(), brought), lookup)?;
        let mark =
            data_encoding::HEXLOWER.encode(look.hash.finalize().get(..16).unwrap_or_default());
        Ok(Preview { name, text, items: look.items, lacks, mark })
    }

    /// What the profile needs and is neither in the pack nor here.
    fn lacks(
        &self,
        file: &Path,
        text: &str,
        (library, catalog, brought): (&Library, &Catalog, &Brought),
        lookup: Lookup<'_>,
    ) -> Result<Vec<String>, PackError> {
        let profile = interpret(file, text.to_owned(), lookup)?.profile;
        let shelf = Shelf::new(library.folder());
        let mut lacks = Vec::new();
        for one in &profile.components {
            if !self.devices.contains_key(&one.kind) && catalog.find(&one.kind).is_none() {
                lacks.push(format!(
                    "the component {} is of the kind {}, which nobody knows here",
                    one.name, one.kind
                ));
            }
        }
        for bus in &profile.buses {
            for dbc in &bus.dbc {
                let is_in = shelf.name_of(dbc).is_some_and(|name| self.dbcs.contains_key(&name));
                if !is_in && !dbc.is_file() {
                    lacks.push(format!(
                        "the bus {} is read by {}, which is not in the pack",
                        bus.name,
                        dbc.display()
                    ));
                }
            }
            if let Address::Replay(recording) = &bus.address
                && !recording.is_file()
                && !brought.holds(recording)
            {
                lacks.push(format!(
                    "the bus {} plays {}, which is not in the pack",
                    bus.name,
                    recording.display()
                ));
            }
            if let Some(scene) = &bus.scene
                && scene.ends_with(".toml")
                && !Path::new(scene).is_file()
            {
                lacks.push(format!(
                    "the bus {} simulates {scene}, which is not in the pack",
                    bus.name
                ));
            }
        }
        Ok(lacks)
    }
}
