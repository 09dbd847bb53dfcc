//! The one way to change what a profile says: [`apply`] takes the text that a person wrote, and
//! [`Change`]s, and gives the text with those changes and every other letter as it was, comments,
//! order and variables included. Knows no file and no running profile.
//!
//! What comes out is read again and compared with what the changes say: a text that would then say
//! anything else is not given out. Whether the profile can *run* so is
//! [`check`](crate::engine::profile::check)'s matter.

mod draft;
mod mask;
mod plan;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use toml::Table;

use crate::base::id::Name;
use crate::engine::charge::Key;
use crate::engine::profile::edit::draft::Draft;
use crate::engine::profile::edit::plan::{Step, plan, reckon};
use crate::engine::profile::expand::{Lookup, expand, variables};
use crate::engine::profile::message::MessageEntry;
use crate::engine::profile::model::{BusEntry, ComponentEntry};

/// Most changes at once.
pub const MOST_CHANGES: usize = 256;

/// A change of what a profile says.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Its name. Its file is called otherwise by
    /// [`RenameProfile`](crate::engine::orders::profiles::RenameProfile).
    Rename(Name),
    /// What it is for, in words; empty: nothing is said.
    Describe(String),
    /// A rule of charging; `None`: as usual.
    SetRule {
        /// Which.
        key: Key,
        /// Its value, in its own unit.
        value: Option<f64>,
    },
    /// Which DBC files a bus is read by.
    SetDbcs {
        /// The bus.
        bus: Name,
        /// The files, in this order.
        files: Vec<PathBuf>,
    },
    /// A kept message, in place of one of the same name.
    PutMessage(Box<MessageEntry>),
    /// A kept message goes.
    DropMessage(Name),
    /// A component: another one, or in place of one.
    PutComponent {
        /// The one it takes the place of; `None`: it is added.
        name: Option<Name>,
        /// What it is.
        entry: Box<ComponentEntry>,
    },
    /// A component goes.
    DropComponent(Name),
    /// A component is listened to again.
    EnableComponent(Name),
    /// A component stays in the file and is not listened to.
    DisableComponent(Name),
    /// A bus: another one, or in place of one. What names it in the profile follows a new name.
    PutBus {
        /// The one it takes the place of; `None`: it is added.
        name: Option<Name>,
        /// What it is.
        entry: Box<BusEntry>,
    },
    /// A bus goes. Nothing may name it any more.
    DropBus(Name),
}

/// In words, for the journal and the list of versions.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = |f: &mut fmt::Formatter<'_>, what: &str, old: Option<&Name>, new: &Name| match old
        {
            None => write!(f, "{what} {new} added"),
            Some(old) if old == new => write!(f, "{what} {new} changed"),
            Some(old) => write!(f, "{what} {old} changed, now called {new}"),
        };
        match self {
            Self::Rename(name) => write!(f, "named {name}"),
            Self::Describe(text) if text.is_empty() => f.write_str("description taken out"),
            Self::Describe(_) => f.write_str("description changed"),
            Self::SetRule { key, value: Some(value) } => {
                write!(f, "{} set to {value} {}", key.rule().name, key.rule().unit)
            }
            Self::SetRule { key, value: None } => {
                write!(f, "{} set back to what is usual", key.rule().name)
            }
            Self::SetDbcs { bus, .. } => write!(f, "DBC files of bus {bus} changed"),
            Self::PutMessage(entry) => write!(f, "message {} kept", entry.name),
            Self::DropMessage(name) => write!(f, "message {name} taken out"),
            Self::PutComponent { name, entry } => put(f, "component", name.as_ref(), &entry.name),
            Self::DropComponent(name) => write!(f, "component {name} taken out"),
            Self::EnableComponent(name) => write!(f, "component {name} enabled"),
            Self::DisableComponent(name) => write!(f, "component {name} disabled"),
            Self::PutBus { name, entry } => put(f, "bus", name.as_ref(), &entry.name),
            Self::DropBus(name) => write!(f, "bus {name} taken out"),
        }
    }
}

/// What several changes are in words: bounded, however many there are.
#[must_use]
pub fn words(changes: &[Change]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = changes.iter().take(SHOWN).map(ToString::to_string).collect();
    match changes.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// Why a profile's text cannot be changed so. Whatever the reason, it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// It cannot be read.
    #[error("the profile cannot be read, line {line}: {text}")]
    Unreadable {
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// What is wrong with it.
        text: String,
    },
    /// It is about something that is not there.
    #[error("the profile has no {what} {name}")]
    Missing {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is something of that name already.
    #[error("the profile already has a {what} named {name}")]
    Taken {
        /// What it is.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A bus that is still named elsewhere.
    #[error("the bus {bus} is used by {by}: change that first")]
    InUse {
        /// The bus.
        bus: String,
        /// What names it.
        by: String,
    },
    /// It is written in a form that cannot be taken apart.
    #[error(
        "{0} of the profile is written in a way that cannot be changed here: change it in the file"
    )]
    Form(String),
    /// Too much at once.
    #[error("{0} changes at once are too many: {MOST_CHANGES} are possible")]
    TooMany(usize),
}

/// Which text of a profile is meant: another one after every change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(String);

impl Revision {
    /// That of a profile's text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or_default()))
    }

    /// One that somebody was told: of no text where it is none.
    #[must_use]
    pub fn told(code: &str) -> Self {
        Self(code.chars().take(64).collect())
    }

    /// As it is told: letters and digits.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text`, the profile in the file `file`, with `changes`, one after the other.
///
/// # Errors
/// One of them cannot be made: says why, and which.
pub fn apply(
    text: &str,
    file: &Path,
    changes: &[Change],
    lookup: Lookup<'_>,
) -> Result<String, EditError> {
    if changes.len() > MOST_CHANGES {
        return Err(EditError::TooMany(changes.len()));
    }
    // Files are named from its folder.
    let folder = file.parent().unwrap_or(Path::new(""));
    changes.iter().try_fold(text.to_owned(), |text, change| one(&text, folder, change, lookup))
}

fn one(
    text: &str,
    folder: &Path,
    change: &Change,
    lookup: Lookup<'_>,
) -> Result<String, EditError> {
    let mut wanted = read(text, lookup)?;
    let steps = plan(&wanted, folder, change)?;
    if steps.is_empty() {
        return Ok(text.to_owned());
    }
    let edited = carry(text, &steps).ok_or_else(|| form(change))?;
    steps.iter().try_for_each(|step| reckon(&mut wanted, step)).ok_or_else(|| form(change))?;
    match read(&edited, lookup) {
        Ok(given) if plan::same_table(&given, &wanted) => Ok(edited),
        Ok(_) | Err(_) => Err(form(change)),
    }
}

/// The same steps in the text.
fn carry(text: &str, steps: &[Step]) -> Option<String> {
    let mut draft = Draft::new(text)?;
    steps.iter().try_for_each(|step| draft.take(step))?;
    Some(draft.text())
}

/// What the text says, with everything filled in. What a variable stands for that is not set and has no
/// default is the same before and after, whatever it is.
fn read(text: &str, lookup: Lookup<'_>) -> Result<Table, EditError> {
    let unset: Vec<&str> = variables(text)
        .into_iter()
        .filter_map(|place| text.get(place)?.strip_prefix("${")?.strip_suffix('}'))
        .filter(|name| !name.contains(":-") && lookup(name).is_none())
        .collect();
    let filled = expand(text, &|name| {
        lookup(name).or_else(|| unset.contains(&name).then(|| "1".to_owned()))
    });
    let filled = filled.map_err(|problems| {
        let first = problems.into_iter().next();
        let (line, text) = first.map_or((0, String::new()), |one| (one.line as usize, one.text));
        EditError::Unreadable { line, text }
    })?;
    filled.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(0, |span| {
            filled.get(..span.start).map_or(0, |before| before.matches('\n').count() + 1)
        });
        let text = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        EditError::Unreadable { line, text }
    })
}

fn form(change: &Change) -> EditError {
    EditError::Form(match change {
        Change::Rename(_) => "the name".to_owned(),
        Change::Describe(_) => "the description".to_owned(),
        Change::SetRule { key, .. } => format!("the charge rule {}", key.rule().name),
        Change::SetDbcs { bus, .. } | Change::DropBus(bus) => format!("the bus {bus}"),
        Change::PutBus { name, entry } => {
            format!("the bus {}", name.as_ref().unwrap_or(&entry.name))
        }
        Change::PutMessage(entry) => format!("the message {}", entry.name),
        Change::DropMessage(name) => format!("the message {name}"),
        Change::PutComponent { name, entry } => {
            format!("the component {}", name.as_ref().unwrap_or(&entry.name))
        }
        Change::DropComponent(name)
        | Change::EnableComponent(name)
        | Change::DisableComponent(name) => format!("the component {name}"),
    })
}
