//! Small handles that stand for things of the running profile, and the names people give them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A bus of the running profile, by position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BusId(pub u16);

/// A component of the running profile, by position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ComponentId(pub u16);

/// What a person calls a bus, component, pack or profile: 1 to 64 characters, no control
/// characters, no `/` or `\`, not starting or ending with a space or a dot, so that it is a file
/// name everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a name must have at least one character")]
    Empty,
    /// More than 64 characters.
    #[error("a name may have at most {limit} characters, this one has {found}")]
    TooLong {
        /// Characters given.
        found: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A character that a file name cannot hold.
    #[error("a name may not contain {0:?}")]
    BadCharacter(char),
    /// A space or dot at an end.
    #[error("a name may not start or end with a space or a dot")]
    BadEdge,
}

impl Name {
    /// Longest name, in characters.
    pub const LIMIT: usize = 64;

    /// Checks `text` and makes it a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let found = text.chars().count();
        if found > Self::LIMIT {
            return Err(NameError::TooLong { found, limit: Self::LIMIT });
        }
        let edge = |c: char| c == ' ' || c == '.';
        if text.starts_with(edge) || text.ends_with(edge) {
            return Err(NameError::BadEdge);
        }
        let bad = |c: &char| c.is_control() || "/\\:*?\"<>|".contains(*c);
        match text.chars().find(bad) {
            Some(c) => Err(NameError::BadCharacter(c)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_file_names_everywhere() {
        assert!(Name::new("Demo pack").is_ok());
        assert!(Name::new("Akku 48 V (Küche)").is_ok());
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("../up"), Err(NameError::BadEdge));
        assert_eq!(Name::new("a/b"), Err(NameError::BadCharacter('/')));
        assert_eq!(Name::new("a\nb"), Err(NameError::BadCharacter('\n')));
        assert!(matches!(Name::new(&"x".repeat(65)), Err(NameError::TooLong { found: 65, .. })));
    }
}
