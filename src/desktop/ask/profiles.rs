//! What is asked for on the Profiles page.

use std::path::PathBuf;

use crate::desktop::ask::SaveTo;
use crate::engine::{PackCarry, VersionId};
use crate::view::exchange::PackView;
use crate::view::profiles::{Beginning, ProfilesLook};

/// Something asked for about profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileAsk {
    /// Look at them.
    Look(ProfilesLook),
    /// Add one.
    Add {
        /// What it is to be called, as typed.
        name: String,
        /// What it begins as.
        begins: Beginning,
    },
    /// Call it so, and describe it so.
    Save {
        /// Which.
        profile: String,
        /// The text that was looked at.
        revision: String,
        /// What it is to be called, as typed.
        name: String,
        /// What it is for, as typed.
        description: String,
    },
    /// Have it run.
    Run(String),
    /// Go back to a version.
    Restore {
        /// Which.
        profile: String,
        /// The text that was looked at.
        revision: String,
        /// The version.
        version: VersionId,
    },
    /// Look at a profile pack, and say what would become of it.
    Bring {
        /// The file.
        path: PathBuf,
        /// What its profile is to be called, as typed; empty: as it says.
        name: String,
        /// What becomes of its recordings.
        carry: PackCarry,
    },
    /// Take a profile pack.
    Take {
        /// The file.
        path: PathBuf,
        /// What its profile is to be called, as typed; empty: as it says.
        name: String,
        /// What becomes of its recordings.
        carry: PackCarry,
        /// The mark of what was seen.
        mark: String,
    },
    /// Save a profile with what it needs as a pack.
    Export {
        /// Which.
        profile: String,
        /// The recordings that go along, by their names.
        recordings: Vec<String>,
        /// Where to.
        to: SaveTo,
    },
    /// Delete it.
    Delete {
        /// Which.
        profile: String,
        /// The text that was looked at; empty where it cannot be read.
        revision: String,
    },
}

/// What would become of a profile pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtPack {
    /// Its file.
    pub path: PathBuf,
    /// What was found.
    pub view: PackView,
}
