//! Passwords: what one must be like, and the hash that is kept of it.

use thiserror::Error;

use crate::engine::access::secret::Secret;

/// A hash in the PHC string format (`$argon2id$v=19$m=65536,t=3,p=1$salt$hash`), made only from a
/// password that passed the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short.
    #[error("the password has {chars} characters; at least {least} are needed")]
    Short {
        /// How long it is.
        chars: usize,
        /// How long it must be.
        least: usize,
    },
    /// Too long.
    #[error("the password has more than {most} bytes")]
    Long {
        /// How long it may be.
        most: usize,
    },
    /// One of the passwords that are tried first.
    #[error("this password is one of the first that anybody would try: choose another")]
    Common,
    /// Made of the account's own name.
    #[error("the password is too much like the account\u{2019}s name: choose another")]
    LikeName,
    /// Too many passwords are being checked at the moment.
    #[error("too many passwords are being checked at the moment: try again in {seconds} s")]
    Busy {
        /// How long to wait.
        seconds: u32,
    },
    /// The machine cannot compute it.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// Checks `password` for the account `name` against the rules, `least` characters among them.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(_password: &Secret, _name: &str, _least: usize) -> Result<(), PasswordError> {
    todo!()
}
