//! The device kinds that are known: the folders under `assets/devices`, embedded, and those that
//! somebody has put into the data folder (`engine::profile::devices`).

use std::sync::{Arc, LazyLock};

use super::bound::Tables;
use super::check::Fault;
use super::manifest::{Manifest, ManifestError};
use super::panel::Sheet;
use super::setting::SettingValues;
use super::settings::Settings;
use crate::engine::dbc::{self, Schema};

/// A kind of device: its manifest and its messages.
#[derive(Debug)]
pub struct Kind {
    /// What its folder says of it.
    pub manifest: Manifest,
    /// Its messages at the default address.
    pub schema: Schema,
    /// What is shown of it besides what every part of its category has.
    pub sheet: Arc<Sheet>,
    /// Where its folder is from.
    pub origin: Origin,
    /// What it says at the addresses where it was last bound.
    pub(super) tables: Tables,
}

/// Where a device folder is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It comes with the program.
    Builtin,
    /// It is in the data folder.
    Own,
}

/// A device folder of the data folder that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub folder: String,
    /// Everything that is wrong with it.
    pub faults: Vec<Fault>,
    /// Whether what it said before is still in force.
    pub stays: Stays,
}

/// What is in force in place of a device folder that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// What it said before.
    Former,
    /// Nothing.
    Nothing,
}

/// All known kinds.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    kinds: Vec<Arc<Kind>>,
    refused: Vec<Refused>,
}

/// An embedded device folder.
pub(super) struct Folder {
    pub name: &'static str,
    pub manifest: &'static str,
    pub dbc: &'static [u8],
    #[cfg(test)]
    pub sample: &'static str,
}

macro_rules! folder {
    ($name:literal) => {
        Folder {
            name: $name,
            manifest: include_str!(concat!("../../../assets/devices/", $name, "/device.toml")),
            dbc: include_bytes!(concat!("../../../assets/devices/", $name, "/messages.dbc")),
            #[cfg(test)]
            sample: include_str!(concat!("../../../assets/devices/", $name, "/sample.log")),
        }
    };
}

/// Every folder under `assets/devices`; a test compares this list with the disk.
pub(super) const FOLDERS: &[Folder] = &[
    folder!("elcon-tc"),
    folder!("elcon-tc-v1"),
    folder!("elmar-mppt"),
    folder!("ev-driver-controls"),
    folder!("foxbms-2"),
    folder!("generic-charger"),
    folder!("inverter-bms-351"),
    folder!("isabellenhuette-ivt-s"),
    folder!("orion-bms"),
    folder!("prohelion-d1000-gen1"),
    folder!("prohelion-d1000-gen2"),
    folder!("siglent-spd3303x"),
    folder!("tdk-genesys"),
    folder!("wavesculptor-200"),
    folder!("wavesculptor-22"),
];

impl Kind {
    /// The kind, unless its panels show what is not there.
    pub(super) fn new(manifest: Manifest, schema: Schema, origin: Origin) -> Result<Self, String> {
        let sheet = Arc::new(Sheet::of(&manifest, &schema)?);
        Ok(Self { manifest, schema, sheet, origin, tables: Tables::default() })
    }

    #[cfg(test)]
    pub(in crate::engine) fn for_tests(manifest: Manifest, schema: Schema) -> Self {
        let sheet = Arc::default();
        Self { manifest, schema, sheet, origin: Origin::Own, tables: Tables::default() }
    }

    /// The settings of a component that sets nothing.
    #[must_use]
    pub fn defaults(&self) -> Settings {
        let Manifest { address, current_sign, .. } = &self.manifest;
        let (base, current_sign) = (address.default, *current_sign);
        Settings { base, current_sign, strings: 1, values: SettingValues::default() }
    }
}

impl Catalog {
    /// The kinds that come with the program. They are read once: the hub asks while frames wait.
    #[must_use]
    pub fn builtin() -> Self {
        static BUILTIN: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);
        BUILTIN.clone()
    }

    fn embedded() -> Self {
        let mut catalog = Self::default();
        for folder in FOLDERS {
            // A test reads every embedded folder, so none is left out here.
            if let Err(error) = catalog.add(folder.name, folder.manifest, folder.dbc) {
                tracing::error!("{error}");
            }
        }
        catalog
    }

    /// Takes in a device folder. A kind of the same id is replaced.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn add(&mut self, folder: &str, manifest: &str, dbc: &[u8]) -> Result<(), ManifestError> {
        let manifest = Manifest::parse(folder, manifest)?;
        let schema = dbc::parse(dbc).schema;
        if schema.messages.is_empty() {
            return Err(ManifestError::EmptySchema { folder: folder.to_owned() });
        }
        let kind = Kind::new(manifest, schema, Origin::Builtin);
        let kind = kind.map_err(|why| ManifestError::Panel { folder: folder.to_owned(), why })?;
        self.put(Arc::new(kind));
        Ok(())
    }

    /// Takes in a kind, in place of one of the same id.
    pub(in crate::engine) fn put(&mut self, kind: Arc<Kind>) {
        self.kinds.retain(|other| other.manifest.id != kind.manifest.id);
        self.kinds.push(kind);
        self.kinds.sort_by(|a, b| a.manifest.id.cmp(&b.manifest.id));
    }

    /// Notes a folder that was not taken.
    pub(in crate::engine) fn refuse(&mut self, refused: Refused) {
        self.refused.push(refused);
    }

    /// The device folders of the data folder that were not taken, by name.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Whether a kind of this id comes with the program.
    #[must_use]
    pub fn comes_with(id: &str) -> bool {
        FOLDERS.iter().any(|folder| folder.name == id)
    }

    /// The kind with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Arc<Kind>> {
        self.kinds.iter().find(|kind| kind.manifest.id == id)
    }

    /// All kinds, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Kind>> {
        self.kinds.iter()
    }
}
