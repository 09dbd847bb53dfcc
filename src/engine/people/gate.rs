//! The gate: where people come in from elsewhere. Sign-in, sessions by token, one-time links, one's
//! own password. Everything here may block (a password takes a quarter of a second to check) except
//! [`Gate::enter`].

mod come_in;
mod link;
mod own;
mod sign_in;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::access::account::{Account, FieldError, OneTimeLink, Purpose};
use crate::engine::access::grant::{Denied, LocalSeat, Origin, Session};
use crate::engine::access::life::Ended;
use crate::engine::access::password::{self, PasswordError, PasswordHash};
use crate::engine::access::secret::{NoRandom, Secret, token_hash};
use crate::engine::people::People;
use crate::engine::people::displays::{self, NoDisplay};
use crate::engine::people::work::COME_AGAIN_S;
use crate::engine::store::StoreError;

/// The way in. Cloning gives another handle.
#[derive(Clone)]
pub struct Gate {
    people: Arc<People>,
}

/// Somebody who has just come in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The token of the session, shown this once.
    pub token: Secret,
    /// When the session ends at the latest.
    pub expires: Wall,
    /// The account.
    pub account: Account,
    /// The session.
    pub session: Arc<Session>,
}

/// Why somebody does not come in.
#[derive(Debug, Error)]
pub enum SignInError {
    /// Unknown name, wrong password, no password yet, disabled: never said which.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many wrong attempts.
    #[error("too many wrong attempts: try again in {seconds} s")]
    Wait {
        /// How long to wait.
        seconds: u32,
    },
    /// Too many passwords are being checked.
    #[error("many people are signing in at the moment: try again in {seconds} s")]
    Busy {
        /// How long to wait.
        seconds: u32,
    },
    /// It cannot be written down.
    #[error("the sign-in cannot be written down")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Why a token does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotIn {
    /// Nobody has such a token.
    #[error("you are not signed in")]
    Unknown,
    /// It was good once.
    #[error("{0}")]
    Ended(Ended),
}

/// What a one-time link offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOffer {
    /// What for.
    pub purpose: Purpose,
    /// The account's name; `None` for the set-up link, whose user chooses one.
    pub name: Option<String>,
    /// Until when.
    pub expires: Wall,
    /// Least length of a password.
    pub password_chars: u32,
}

/// Why a link is not taken.
#[derive(Debug, Error)]
pub enum RedeemError {
    /// Unknown, used, expired or replaced: never said which.
    #[error("this link cannot be used (any more): ask for a new one")]
    NoLink,
    /// The name.
    #[error(transparent)]
    Name(#[from] FieldError),
    /// The name is taken.
    #[error("there is already an account named \u{201c}{0}\u{201d}")]
    Taken(String),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Too many attempts with links that there are not.
    #[error("too many wrong attempts: try again in {seconds} s")]
    Wait {
        /// How long to wait.
        seconds: u32,
    },
    /// It cannot be written down.
    #[error("it cannot be written down, so it was not done")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Why one's own password is not changed.
#[derive(Debug, Error)]
pub enum OwnPasswordError {
    /// The present one is wrong, or there is a wait, or it cannot be written.
    #[error(transparent)]
    Current(#[from] SignInError),
    /// The new one.
    #[error(transparent)]
    New(#[from] PasswordError),
    /// The new one is the old one.
    #[error("the new password is the old one")]
    Same,
    /// Only an account has a password.
    #[error("only a signed-in account has a password of its own")]
    NoAccount,
    /// The session has ended.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Every token has so many characters; nothing else needs to be looked for.
const TOKEN_CHARS: usize = 43;

impl Gate {
    pub(in crate::engine) const fn new(people: Arc<People>) -> Self {
        Self { people }
    }

    /// Signs in. A wrong password, an unknown name and an account that may not come in cost the same
    /// time and say the same.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub fn sign_in(
        &self,
        name: &str,
        password: &Secret,
        from: &Origin,
    ) -> Result<SignedIn, SignInError> {
        let answer = sign_in::sign_in(&self.people, name, password, from);
        if answer.is_err() {
            self.people.refused.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// The session of whoever shows `token` (of a session or of the API), and notes its use. Takes
    /// less than a microsecond; never blocks.
    ///
    /// # Errors
    /// There is none, or it has ended.
    pub fn enter(&self, token: &str, from: &Origin) -> Result<Arc<Session>, NotIn> {
        if token.len() != TOKEN_CHARS {
            return Err(NotIn::Unknown);
        }
        let hash = token_hash(token);
        self.people.lobby.with_picture(|picture| {
            let pass = picture.pass(&hash).ok_or(NotIn::Unknown)?;
            pass.enter(self.people.clock.wall(), picture.idle(), from).map_err(NotIn::Ended)
        })
    }

    /// Signs the display at this address in, without a password: where, as whom and whether at all is in
    /// the settings. Returns its token, which is worth nothing from another address. Blocks.
    ///
    /// # Errors
    /// See [`NoDisplay`].
    pub fn sign_in_display(&self, from: &Origin) -> Result<(Secret, Arc<Session>), NoDisplay> {
        displays::sign_in(&self.people, from)
    }

    /// The session of the display that shows `token`. Never blocks.
    ///
    /// # Errors
    /// There is none, from there, or it has ended.
    pub fn enter_display(&self, token: &str, from: &Origin) -> Result<Arc<Session>, NotIn> {
        if token.len() != TOKEN_CHARS {
            return Err(NotIn::Unknown);
        }
        displays::enter(&self.people, token, from)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// It cannot be written down; the session has ended all the same.
    pub fn sign_out(&self, session: &Session) -> Result<(), StoreError> {
        own::sign_out(&self.people, session)
    }

    /// Changes one's own password: all other sessions end, and this one is replaced by the one that
    /// is returned.
    ///
    /// # Errors
    /// See [`OwnPasswordError`].
    pub fn change_password(
        &self,
        session: &Session,
        current: &Secret,
        new: Secret,
        from: &Origin,
    ) -> Result<SignedIn, OwnPasswordError> {
        own::change_password(&self.people, session, current, new, from)
    }

    /// Checks a password that somebody chose for the account `name`, and hashes it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn hash(&self, name: &str, password: &Secret) -> Result<PasswordHash, PasswordError> {
        let least = self.people.roster().settings.sessions.password_chars;
        password::check(password, name, usize::try_from(least).unwrap_or(usize::MAX))?;
        let password = password.clone();
        let busy = |_full| PasswordError::Busy { seconds: COME_AGAIN_S };
        self.people.work.run(move |hasher| hasher.hash(&password)).map_err(busy)?
    }

    /// What the link with `token` offers; `None` where it cannot be used.
    #[must_use]
    pub fn look_at_link(&self, token: &str) -> Option<LinkOffer> {
        link::look(&self.people, token)
    }

    /// Uses a link: sets the password, makes the account active (for the set-up link: makes the
    /// administrator `name`), and signs in.
    ///
    /// # Errors
    /// See [`RedeemError`]. The link stays usable after a refused password.
    pub fn redeem(
        &self,
        token: &str,
        name: Option<&str>,
        password: &Secret,
        from: &Origin,
    ) -> Result<SignedIn, RedeemError> {
        link::redeem(self, token, name, password, from)
    }

    /// A new set-up link for the first administrator, which cancels an older one; `None` where there
    /// is an administrator. `link_base` as in `AddAccount`.
    ///
    /// # Errors
    /// It cannot be written down.
    pub fn set_up_link(
        &self,
        _seat: &LocalSeat,
        link_base: &str,
    ) -> Result<Option<OneTimeLink>, StoreError> {
        link::set_up(&self.people, link_base)
    }

    /// Whether nobody could administer yet.
    #[must_use]
    pub fn needs_set_up(&self) -> bool {
        !self.people.roster().has_administrator()
    }

    /// Waits until every mail was sent or given up, but not longer than `limit`; says whether. For
    /// commands, which end after this.
    #[must_use]
    pub fn wait_for_mail(&self, limit: Duration) -> bool {
        self.people.lobby.post.wait(limit)
    }
}
