//! What the door tells about profiles and accounts, as plain data.

use crate::engine::access::account::{Account, SessionEntry, TokenEntry};
use crate::engine::profile::edit::Revision;
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{LibraryError, interpret};
use crate::engine::profile::model::Profile;

/// What a profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileText {
    /// Its file; none: the running one is in none.
    pub file: Option<std::path::PathBuf>,
    /// Whether it runs.
    pub runs: bool,
    /// Its text.
    pub text: String,
}

impl ProfileText {
    /// Which text it is: an edit names it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of(&self.text)
    }

    /// What it means, with files found from its folder.
    ///
    /// # Errors
    /// Says what is wrong with it, in which line.
    pub fn profile(&self) -> Result<Profile, LibraryError> {
        let file = self.file.clone().unwrap_or_default();
        interpret(&file, self.text.clone(), &environment).map(|loaded| loaded.profile)
    }
}

/// An account with what belongs to it.
#[derive(Clone, Debug)]
pub struct Own {
    /// The account.
    pub account: Account,
    /// The name of its service.
    pub service: Option<String>,
    /// Its sessions, newest first.
    pub sessions: Vec<SessionEntry>,
    /// Its tokens.
    pub tokens: Vec<TokenEntry>,
}
