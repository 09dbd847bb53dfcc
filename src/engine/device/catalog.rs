//! The device kinds that are known: the folders under `assets/devices`, embedded.

use std::sync::Arc;

use super::bound::Tables;
use super::manifest::{Manifest, ManifestError};
use super::panel::Sheet;
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
    /// What it says at the addresses where it was last bound.
    pub(super) tables: Tables,
}

/// All known kinds.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    kinds: Vec<Arc<Kind>>,
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
pub(super) const FOLDERS: [Folder; 11] = [
    folder!("elcon-tc"),
    folder!("elcon-tc-v1"),
    folder!("elmar-mppt"),
    folder!("ev-driver-controls"),
    folder!("generic-charger"),
    folder!("isabellenhuette-ivt-s"),
    folder!("prohelion-d1000-gen1"),
    folder!("siglent-spd3303x"),
    folder!("tdk-genesys"),
    folder!("wavesculptor-200"),
    folder!("wavesculptor-22"),
];

impl Kind {
    /// The settings of a component that sets nothing.
    #[must_use]
    pub const fn defaults(&self) -> Settings {
        let Manifest { address, current_sign, .. } = &self.manifest;
        Settings { base: address.default, current_sign: *current_sign, strings: 1 }
    }
}

impl Catalog {
    /// The kinds that come with the program.
    #[must_use]
    pub fn builtin() -> Self {
        let mut catalog = Self::default();
        for folder in &FOLDERS {
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
        let sheet = Sheet::of(&manifest, &schema);
        let sheet = sheet.map_err(|why| ManifestError::Panel { folder: folder.to_owned(), why })?;
        self.kinds.retain(|kind| kind.manifest.id != manifest.id);
        let (sheet, tables) = (Arc::new(sheet), Tables::default());
        self.kinds.push(Arc::new(Kind { manifest, schema, sheet, tables }));
        self.kinds.sort_by(|a, b| a.manifest.id.cmp(&b.manifest.id));
        Ok(())
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
