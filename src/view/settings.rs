//! The Settings page: sections of fields, each with its default, where its value comes from and what it
//! does.

use serde::{Deserialize, Serialize};

use crate::view::offer::Offer;
use crate::view::shown::Note;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct SettingsView {
    /// The version that is shown: an edit names it.
    pub version: i64,
    /// One form a section, with the fields that were looked for.
    pub sections: Vec<SectionView>,
    /// What is looked for; empty for everything.
    pub find: String,
    /// What was found, in words; empty where nothing is looked for.
    pub found: String,
}

/// A section, saved as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What concerns everything.
    General,
    /// Units and look.
    Look,
    /// The web listener.
    Web,
    /// Sessions, passwords and links.
    Sessions,
    /// E-mail.
    Mail,
    /// Displays that sign themselves in.
    Kiosk,
    /// What is kept, and how much of it.
    Records,
    /// The limits that charging decides by.
    Safety,
}

impl Section {
    /// All of them, as they stand on the page.
    pub const ALL: [Self; 8] = [
        Self::General,
        Self::Look,
        Self::Web,
        Self::Sessions,
        Self::Mail,
        Self::Kiosk,
        Self::Records,
        Self::Safety,
    ];

    /// Its name in addresses and forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Look => "look",
            Self::Web => "web",
            Self::Sessions => "sessions",
            Self::Mail => "mail",
            Self::Kiosk => "kiosk",
            Self::Records => "records",
            Self::Safety => "safety",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Look => "Units and look",
            Self::Web => "Web listener",
            Self::Sessions => "Sessions and passwords",
            Self::Mail => "E-mail",
            Self::Kiosk => "Displays",
            Self::Records => "Storage and retention",
            Self::Safety => "Safety limits",
        }
    }

    /// Whether it decides who comes in, so that an administrator alone may change it.
    #[must_use]
    pub const fn is_for_administrators(self) -> bool {
        match self {
            Self::Web | Self::Sessions | Self::Mail | Self::Kiosk => true,
            Self::General | Self::Look | Self::Records | Self::Safety => false,
        }
    }

    /// The section of this name.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.code() == code)
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
    /// The version of what is in it: an edit names it.
    pub version: i64,
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
    /// Where its value comes from, a sentence: "Set by ada on 2026-11-21 14:00."
    pub origin: String,
    /// The same in a word.
    pub source: Source,
    /// Whether what is set here is the default, whatever stands above it.
    pub is_default: bool,
}

/// Where the value of a setting comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It is the default.
    #[default]
    Default,
    /// Somebody set it here.
    Set,
    /// The running profile says so.
    Profile,
    /// An argument of the command line stands above what is set here, for this run.
    CommandLine,
    /// A variable of the environment stands above what is set here, for this run.
    Environment,
}

impl Source {
    /// Its name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Set => "set",
            Self::Profile => "profile",
            Self::CommandLine => "command_line",
            Self::Environment => "environment",
        }
    }
}

impl Field {
    /// Whether it can be set back to its default: it is not there yet. For a secret that is to remove it.
    #[must_use]
    pub const fn can_be_reset(&self) -> bool {
        !self.is_default
    }

    /// What sets it back: the word on a button, and what the button says to whoever cannot see where it
    /// stands.
    #[must_use]
    pub fn set_back(&self) -> (&'static str, String) {
        match self.input {
            Input::Secret => ("Remove", format!("Remove the {}", self.label.to_lowercase())),
            Input::Switch
            | Input::Number { .. }
            | Input::Text(_)
            | Input::Lines(_)
            | Input::Choice(_) => ("Set back", format!("Set {} back to its default", self.label)),
        }
    }
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
    Choice(Vec<(String, String)>),
    /// A secret, which never comes back; empty leaves it as it is.
    Secret,
}
