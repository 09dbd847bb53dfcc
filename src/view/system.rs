//! The System pages: information, the log, licences, feedback.

use serde::{Deserialize, Serialize};

use crate::view::doctor::DoctorView;
use crate::view::shown::Tone;

/// What is known of this Busbar and its machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SystemView {
    /// A label and what is known.
    pub lines: Vec<(String, String)>,
}

/// A line of the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogRow {
    /// Its number since the start.
    pub seq: u64,
    /// When.
    pub at: String,
    /// How grave, in a word.
    pub level: &'static str,
    /// The same as a tone.
    pub tone: Tone,
    /// Which part said it.
    pub part: String,
    /// What it said.
    pub text: String,
}

/// The log as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogView {
    /// The newest first.
    pub rows: Vec<LogRow>,
    /// "200 lines", or why there is none.
    pub summary: String,
    /// Where its files are.
    pub kept: String,
}

/// What the System page of the window shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemSeen {
    /// What the doctor says.
    pub doctor: DoctorView,
    /// What is known.
    pub information: SystemView,
    /// The log.
    pub log: LogView,
    /// What a backup would hold, or why that is not known.
    pub backup: Result<BackupView, String>,
    /// How a report can go out by e-mail.
    pub mail: MailOffer,
}

/// What a backup would hold at this moment, and what is to be known before one is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupView {
    /// "12 files, 1.2 MB before packing"
    pub holds: String,
    /// "3 files, 1.2 GB"
    pub recordings: String,
    /// What a passphrase is for.
    pub passphrase: String,
    /// Least characters of one.
    pub least: usize,
    /// A name for the file.
    pub name: String,
    /// How one is restored.
    pub restore: String,
    /// The commands for that.
    pub commands: Vec<&'static str>,
}

/// Which lines of the log a person wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogPrefs {
    /// Code of the level; empty for all.
    pub level: String,
    /// Words that are looked for.
    pub find: String,
}

/// How a report can go out by e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailOffer {
    /// The address that the settings name for feedback; may be empty.
    pub to: String,
    /// Where Busbar itself sends none: an address that opens a mail in one's own mail program.
    pub begin: Option<String>,
    /// Whom it reaches, or why Busbar sends none.
    pub words: &'static str,
}

/// What a person puts into feedback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// What they write.
    pub text: String,
    /// What else goes with it.
    pub with: Vec<Enclosure>,
}

/// What can go with feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enclosure {
    /// Version, features, machine.
    System,
    /// What the doctor says, the present problems among it.
    Problems,
    /// The last lines of the log.
    Log,
    /// The text of the running profile.
    Profile,
}

impl Enclosure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::System, Self::Problems, Self::Log, Self::Profile];

    /// Its name in forms and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Problems => "problems",
            Self::Log => "log",
            Self::Profile => "profile",
        }
    }

    /// What it is, for whoever chooses.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::System => "Information about this Busbar and its machine",
            Self::Problems => "What the doctor says at the moment",
            Self::Log => "The last 300 lines of the system log",
            Self::Profile => "The text of the running profile",
        }
    }

    /// Whether it needs Change system settings, as the page does that shows it.
    #[must_use]
    pub const fn needs_change_settings(self) -> bool {
        match self {
            Self::System | Self::Problems => false,
            Self::Log | Self::Profile => true,
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// A crate that Busbar is built of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
    /// Numbers of its texts.
    pub texts: Vec<usize>,
}

/// Everything Busbar is built of, with the texts of the licences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Licences {
    /// Crates by name.
    pub crates: Vec<Crate>,
    /// Texts that came with them.
    pub texts: Vec<String>,
}
