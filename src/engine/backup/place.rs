//! What may be in a backup, by its name: there are no other names, so that nothing climbs out of the
//! folder or lands where a program would run it.

use std::path::{Path, PathBuf};

use crate::base::id::Name;
use crate::engine::device::check::{DBC_LIMIT, MANIFEST, MANIFEST_LIMIT, MESSAGES, is_id};
use crate::engine::profile::library::FILE_LIMIT;
use crate::engine::profile::shelf;

/// What the backup says of itself: the first entry.
pub const ABOUT: &str = "about.json";
/// The list of all entries: the last entry.
pub const LIST: &str = "list.json";
/// The database.
pub const DATABASE: &str = "busbar.db";
/// What is remembered from one start to the next.
const SETTINGS: &str = "settings.toml";
/// The key of the secrets in the database.
const KEY: &str = "secrets.key";
/// Files of the listener.
const TLS: [&str; 3] = ["cert.pem", "key.pem", "made.toml"];
/// Most bytes of the name of a recording.
const NAME_BYTES: usize = 250;

/// How deep DBC files lie under the profiles, folders.
pub const DBC_DEPTH: usize = 8;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// What the backup says of itself.
    About,
    /// The database.
    Database,
    /// What is remembered from one start to the next.
    Settings,
    /// A profile.
    Profile,
    /// A DBC file: of the folder of those, or one that lies with the profiles.
    Dbc,
    /// A file of a device folder.
    Device,
    /// The key of the secrets.
    Key,
    /// A file of the listener.
    Tls,
    /// A recording, or what stands beside one: its name.
    Recording(String),
    /// The list of all entries.
    List,
}

impl Place {
    /// The place of this name.
    pub fn of(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        let is_name = |text: &str| Name::new(text).is_ok();
        match parts.as_slice() {
            [ABOUT] => Some(Self::About),
            [LIST] => Some(Self::List),
            [DATABASE] => Some(Self::Database),
            [SETTINGS] => Some(Self::Settings),
            [KEY] => Some(Self::Key),
            ["profiles", file] if file.ends_with(".toml") => {
                is_name(file.strip_suffix(".toml")?).then_some(Self::Profile)
            }
            ["dbc", file] => is_name(file.strip_suffix(".dbc")?).then_some(Self::Dbc),
            ["devices", id, MANIFEST | MESSAGES] if is_id(id) => Some(Self::Device),
            ["tls", file] if TLS.contains(file) => Some(Self::Tls),
            ["recordings", file] => is_recording(file).then(|| Self::Recording((*file).to_owned())),
            ["profiles", folders @ .., file] if folders.len() < DBC_DEPTH => {
                let sound = folders.iter().all(|folder| is_name(folder));
                (sound && is_name(file.strip_suffix(".dbc")?)).then_some(Self::Dbc)
            }
            _ => None,
        }
    }

    /// Most bytes that there can be.
    pub const fn most(&self) -> u64 {
        match self {
            Self::About => 64 << 10,
            Self::List => 64 << 20,
            Self::Settings | Self::Profile | Self::Tls => FILE_LIMIT,
            Self::Key => 4 << 10,
            Self::Dbc => shelf::LARGEST,
            Self::Device if MANIFEST_LIMIT > DBC_LIMIT => MANIFEST_LIMIT as u64,
            Self::Device => DBC_LIMIT as u64,
            Self::Database => 256 << 30,
            Self::Recording(_) => 4 << 40,
        }
    }

    /// Whether it is in a sealed backup only.
    pub const fn is_secret(&self) -> bool {
        match self {
            Self::Key | Self::Tls => true,
            Self::About
            | Self::Database
            | Self::Settings
            | Self::Profile
            | Self::Dbc
            | Self::Device
            | Self::Recording(_)
            | Self::List => false,
        }
    }

    /// Where it goes in a data folder whose recordings are in `recordings`; `None` where it says only
    /// something of the backup.
    pub fn file(&self, name: &str, folder: &Path, recordings: &Path) -> Option<PathBuf> {
        match self {
            Self::About | Self::List => None,
            Self::Recording(name) => Some(folder.join(recordings).join(name)),
            Self::Database
            | Self::Settings
            | Self::Profile
            | Self::Dbc
            | Self::Device
            | Self::Key
            | Self::Tls => Some(folder.join(name)),
        }
    }
}

/// Whether a recording, or what stands beside it, can be called so. Half of one that is being taken in is
/// none.
fn is_recording(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    !name.is_empty()
        && name.len() <= NAME_BYTES
        && !matches!(name, "." | "..")
        && !name.ends_with(".part")
        && !name.contains(odd)
}

/// Folders of a data folder in which there is something to keep, with how deep it lies.
pub const FOLDERS: [(&str, usize); 4] = [("profiles", 1), ("dbc", 1), ("devices", 2), ("tls", 1)];
/// Files of a data folder to keep, beside the database.
pub const FILES: [&str; 2] = [SETTINGS, KEY];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_data_folder_keeps_has_a_place() {
        for good in [
            "busbar.db",
            "settings.toml",
            "profiles/Van 2.toml",
            "profiles/motor.dbc",
            "profiles/drive line/rear/motor.dbc",
            "dbc/car.dbc",
            "devices/my-pack/device.toml",
            "devices/my-pack/messages.dbc",
            "tls/key.pem",
            "recordings/2026-01-01 run.log.zst",
            "recordings/.2026.json",
        ] {
            assert!(Place::of(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../busbar.db",
            "profiles/../busbar.db",
            "profiles/..toml",
            "profiles/a/b.toml",
            "profiles/run.sh",
            "profiles/../motor.dbc",
            "profiles/a/../../motor.dbc",
            "profiles/a//motor.dbc",
            "profiles/a\\b/motor.dbc",
            "profiles/a/.dbc",
            "profiles/a/run.sh",
            "profiles/1/2/3/4/5/6/7/8/motor.dbc",
            "dbc/.dbc",
            "devices/../device.toml",
            "devices/UP/device.toml",
            "devices/my-pack/run.sh",
            "tls/other.pem",
            "recordings/..",
            "recordings/a/b",
            "recordings/a\\b",
            "recordings/c:x",
            "recordings/.upload-1.part",
            "recordings/a\0b",
            "engine.lock",
            "busbar.db-wal",
            "Busbar.db",
        ] {
            assert!(Place::of(bad).is_none(), "{bad}");
        }
    }
}
