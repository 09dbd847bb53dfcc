//! Who acts: a person at the desktop, an account, or a named part of the program itself.

use std::fmt;

use crate::engine::access::permission::Right;

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);

    /// The set of `rights`.
    #[must_use]
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |set, right| set | 1 << *right as u8))
    }

    /// Whether `right` itself is in the set (an administrator's implied rights are the policy's
    /// matter).
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }
}

/// Who acts, and what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    rights: Rights,
}

/// Kinds of actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever sits at the machine: the implicit local administrator.
    LocalConsole,
    /// A signed-in account, by name.
    Account(String),
    /// The profile watcher, which picks up edits made outside.
    ProfileWatcher,
}

impl Actor {
    pub(in crate::engine) const fn new(who: Who, rights: Rights) -> Self {
        Self { who, rights }
    }

    /// Whether it holds `right` itself.
    #[must_use]
    pub const fn holds(&self, right: Right) -> bool {
        self.rights.contains(right)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::LocalConsole => f.write_str("local console"),
            Who::Account(name) => write!(f, "account {name}"),
            Who::ProfileWatcher => f.write_str("profile watcher"),
        }
    }
}
