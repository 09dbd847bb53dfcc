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
    /// The mark of what it is to replace, for whoever does not want to overwrite somebody else's.
    pub expected: Option<String>,
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

/// Says by which DBC files a bus is read, after the devices on it, in this order. It is in force at
/// once, and written into the profile's file where the profile has one.
#[derive(Clone, Debug)]
pub struct AssignDbcs {
    /// The bus.
    pub bus: Name,
    /// The files.
    pub dbcs: Vec<BusDbc>,
}

impl Order for AssignDbcs {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "assign_dbcs";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        let names: Vec<String> = self.dbcs.iter().map(|dbc| stem(&dbc.file)).collect();
        format!("{}: {}", self.bus, if names.is_empty() { "none".into() } else { names.join(", ") })
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
