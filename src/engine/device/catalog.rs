//! The device kinds that are known: the folders under `assets/devices`, embedded.

use std::sync::Arc;

use super::manifest::{Manifest, ManifestError};
use super::settings::Settings;

/// A kind of device: its manifest and its messages.
#[derive(Debug)]
pub struct Kind {
    /// What its folder says of it.
    pub manifest: Manifest,
}

/// All known kinds.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    kinds: Vec<Arc<Kind>>,
}

impl Kind {
    /// The settings of a component that sets nothing.
    #[must_use]
    pub fn defaults(&self) -> Settings {
        Settings {
            base: self.manifest.address.default,
            current_sign: self.manifest.current_sign,
            strings: 1,
        }
    }
}

impl Catalog {
    /// The kinds that come with the program.
    #[must_use]
    pub fn builtin() -> Self {
        Self::default()
    }

    /// Takes in a device folder.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn add(&mut self, folder: &str, manifest: &str, _dbc: &[u8]) -> Result<(), ManifestError> {
        let manifest = Manifest::parse(folder, manifest)?;
        self.kinds.push(Arc::new(Kind { manifest }));
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
