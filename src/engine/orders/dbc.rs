//! Orders about DBC files: keeping and removing those of the data folder, and which a bus is read by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::id::Name;
use crate::base::problem::Problem;
use crate::engine::access::permission::ChangeSettings;
use crate::engine::dbc::Codec;
use crate::engine::orders::deeds::dbc as deed;
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Order, Route};
use crate::engine::profile::shelf::{Expected, same_file};

/// A DBC file that a bus is read by.
#[derive(Clone, Debug)]
pub struct BusDbc {
    /// The file.
    pub file: PathBuf,
    /// What it says, ready to decode.
    pub codec: Arc<Codec>,
    /// What is wrong with it.
    pub problems: Arc<[Problem]>,
}

/// Keeps a DBC file in the data folder, in place of one of the same name.
#[derive(Clone, Debug)]
pub struct KeepDbc {
    /// Its name.
    pub name: Name,
    /// What it says.
    pub bytes: Vec<u8>,
    /// What is to be there, for whoever does not want to overwrite somebody else's.
    pub expected: Expected,
}

impl Order for KeepDbc {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "keep_dbc";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.name.to_string()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::keep(desk, &self))
    }
}

/// Removes a DBC file from the data folder.
#[derive(Clone, Debug)]
pub struct RemoveDbc {
    /// Its name.
    pub name: Name,
    /// The mark that it must bear.
    pub expected: Option<String>,
}

impl Order for RemoveDbc {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "remove_dbc";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.name.to_string()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::remove(desk, &self))
    }
}

/// Changes by which DBC files a bus is read, after the devices on it. It is in force at once, and written
/// into the profile's file where the profile has one. It says what is to change and not what there is to
/// be afterwards: two people who each add a file have added two.
#[derive(Clone, Debug)]
pub struct AssignDbcs {
    /// The bus.
    pub bus: Name,
    /// What is to change.
    pub change: DbcChange,
}

/// A change of the DBC files of a bus. Two paths that lead to the same file are the same file.
#[derive(Clone, Debug)]
pub enum DbcChange {
    /// The bus is read by this file too, after the others. One that it is read by is read anew.
    Add(BusDbc),
    /// This file is read anew where the bus is read by it.
    Renew(BusDbc),
    /// The bus is read by this file no longer.
    Remove(PathBuf),
}

impl DbcChange {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Add(dbc) | Self::Renew(dbc) => &dbc.file,
            Self::Remove(file) => file,
        }
    }

    /// Changes a list, of which `file` gives the file of each entry. A file that is read anew keeps its
    /// place and its path.
    pub fn apply<T>(
        self,
        all: &mut Vec<T>,
        file: impl Fn(&T) -> &Path,
        made: impl FnOnce(BusDbc) -> T,
    ) {
        let own = self.file().to_owned();
        let at = all.iter().position(|one| same_file(file(one), &own));
        match (self, at) {
            (Self::Add(dbc) | Self::Renew(dbc), Some(at)) => {
                if let Some(place) = all.get_mut(at) {
                    let file = file(place).to_owned();
                    *place = made(BusDbc { file, ..dbc });
                }
            }
            (Self::Add(dbc), None) => all.push(made(dbc)),
            (Self::Renew(_), None) => {}
            (Self::Remove(_), _) => all.retain(|one| !same_file(file(one), &own)),
        }
    }
}

impl Order for AssignDbcs {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "assign_dbcs";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        let what = match self.change {
            DbcChange::Add(_) => "add",
            DbcChange::Renew(_) => "read anew",
            DbcChange::Remove(_) => "take away",
        };
        format!("{}: {what} {}", self.bus, stem(self.change.file()))
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Assign(self), ())
    }
}

/// What a file is called without its folder and its ending.
#[must_use]
pub fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
