//! The Settings page: the web listener, sessions and passwords, e-mail.

use serde::{Deserialize, Serialize};

use crate::view::offer::Offer;
use crate::view::shown::Note;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct SettingsView {
    /// The version that is shown: an edit names it.
    pub version: i64,
    /// One form a section.
    pub sections: Vec<SectionView>,
}

/// A section, saved as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// The web listener.
    Web,
    /// Sessions, passwords and links.
    Sessions,
    /// E-mail.
    Mail,
}

impl Section {
    /// All of them, as they stand on the page.
    pub const ALL: [Self; 3] = [Self::Web, Self::Sessions, Self::Mail];

    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Sessions => "sessions",
            Self::Mail => "mail",
        }
    }
}

/// One section.
#[derive(Clone, Debug)]
pub struct SectionView {
    /// Which.
    pub section: Section,
    /// Its title.
    pub title: &'static str,
    /// What it is about and when a change takes effect.
    pub about: String,
    /// What is worth knowing about what is set.
    pub notes: Vec<Note>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// "Save".
    pub save: Offer,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in forms and in complaints: "sessions.idle_min".
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// How it is entered.
    pub input: Input,
    /// Its value as it is typed; "on" or empty for a switch; one line each for a list; always empty
    /// for a secret.
    pub value: String,
    /// Its default in words.
    pub default: String,
    /// Its unit, empty where it has none.
    pub unit: &'static str,
    /// What it does.
    pub effect: String,
}

/// How a setting is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// On or off.
    Switch,
    /// A whole number between two others.
    Number {
        /// The smallest.
        least: u32,
        /// The largest.
        most: u32,
    },
    /// A line of text; what stands in the empty field.
    Text(&'static str),
    /// Several lines of text.
    Lines(&'static str),
    /// One of these: code and words.
    Choice(Vec<(&'static str, &'static str)>),
    /// A secret, which never comes back; empty leaves it as it is.
    Secret,
}
