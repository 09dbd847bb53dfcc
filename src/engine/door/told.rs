//! What the door tells about profiles and accounts, as plain data.

use crate::engine::access::account::{Account, SessionEntry, TokenEntry};
use crate::engine::access::grant::Grant;
use crate::engine::access::permission::ViewPlant;
use crate::engine::door::Door;
use crate::engine::profile::edit::Revision;
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{LibraryError, interpret};
use crate::engine::profile::model::Profile;
use crate::engine::store::StoreError;
use crate::engine::store::versions::{self, VersionLine};

impl Door {
    /// Who changed each profile last, of those that have versions. Blocks for the query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn last_changes(
        &self,
        _grant: &Grant<'_, ViewPlant>,
    ) -> Result<Vec<LastChange>, StoreError> {
        let all = self.people.store().read(versions::newest_of_all)?;
        let told = |(profile, line, text): (String, VersionLine, String)| LastChange {
            profile,
            line,
            revision: Revision::of(&text),
        };
        Ok(all.into_iter().map(told).collect())
    }
}

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

/// Who changed a profile last, as far as that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// Which profile: what versions are kept under.
    pub profile: String,
    /// The version.
    pub line: VersionLine,
    /// Which text it is: one that the file does not say was changed otherwise since.
    pub revision: Revision,
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
