//! What is asked for on the Profiles page.

use crate::engine::VersionId;
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
    /// Delete it.
    Delete {
        /// Which.
        profile: String,
        /// The text that was looked at; empty where it cannot be read.
        revision: String,
    },
}
