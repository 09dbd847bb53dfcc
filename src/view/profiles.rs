//! The Profiles page: which there are, what each says and said, what differs between two of its versions.

use crate::engine::{DiffKind, SceneLine, VersionId};
use crate::view::exchange::AlongRow;
use crate::view::offer::{Grave, Offer};
use crate::view::shown::Tone;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct ProfilesView {
    /// By name.
    pub rows: Vec<ProfileRow>,
    /// "3 profiles".
    pub summary: String,
    /// What runs, where that is in no file.
    pub unkept: Option<String>,
    /// "Add profile".
    pub add: Offer,
    /// Names of interfaces of this machine, of which a profile can be made.
    pub interfaces: Vec<String>,
    /// Built-in scenes, of which a profile can be made.
    pub scenes: Vec<SceneLine>,
    /// What stands here where there are none.
    pub empty: &'static str,
}

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileRow {
    /// Its name: that of its file.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// "1 bus, 3 components".
    pub parts: String,
    /// Its components by name.
    pub components: String,
    /// When its file was last written.
    pub changed: String,
    /// Who did that, and through which face; empty where nobody knows.
    pub by: String,
    /// "runs", "refused", or nothing.
    pub state: &'static str,
    /// How that is coloured.
    pub tone: Tone,
    /// Why it is refused, with file and line.
    pub refused: Option<String>,
    /// Which text is shown: a change names it.
    pub revision: String,
    /// "Run".
    pub activate: Offer,
    /// "Copy…".
    pub copy: Offer,
    /// "Save": its name, its description, what a version said.
    pub change: Offer,
    /// "Undo".
    pub undo: Offer,
    /// "Delete…".
    pub delete: Grave,
}

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProfilesLook {
    /// The list.
    #[default]
    All,
    /// One profile, and what this version of it changed; without one, what it says.
    One(String, Option<VersionId>),
}

/// What is seen there.
#[derive(Clone, Debug, Default)]
pub struct ProfilesSeen {
    /// What was looked at.
    pub look: ProfilesLook,
    /// All of them.
    pub all: ProfilesView,
    /// The one that is looked at, or why there is none.
    pub one: Option<Result<Box<ProfileView>, String>>,
    /// Recordings that may go along in a pack of it.
    pub along: Vec<AlongRow>,
}

/// What a new profile begins as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// Nothing is in it.
    #[default]
    Empty,
    /// The usual components on this interface of the machine.
    Interface(String),
    /// What this built-in scene simulates.
    Scene(SceneLine),
    /// What this profile says.
    Copy(String),
}

/// A profile with its versions.
#[derive(Clone, Debug, Default)]
pub struct ProfileView {
    /// The profile.
    pub row: ProfileRow,
    /// Its versions, newest first.
    pub versions: Vec<VersionRow>,
    /// How many are kept, in words.
    pub bounds: String,
    /// The version that an undo goes back to.
    pub undo_to: Option<VersionId>,
    /// What is shown: its text, or what a version changed.
    pub shown: Shown,
}

/// What of a profile is shown.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Its text.
    Text(String),
    /// What a version changed.
    Change {
        /// "Version 7, by Ada, 2026-01-31 12:00".
        title: String,
        /// The lines.
        lines: Vec<DiffRow>,
    },
}

impl Default for Shown {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// A version in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its number.
    pub id: VersionId,
    /// When.
    pub at: String,
    /// Who, and through which face.
    pub by: String,
    /// What was changed.
    pub what: String,
    /// "Go back to this"; the present one cannot be gone back to.
    pub restore: Offer,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// What became of it.
    pub kind: DiffKind,
    /// `+`, `-`, a blank, or `@`: never by colour alone.
    pub sign: &'static str,
    /// How it is coloured.
    pub tone: Tone,
    /// The line.
    pub text: String,
}
