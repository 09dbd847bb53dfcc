//! Secrets: passwords and tokens. They never show in a log, and only the hash of a token is kept.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// A text that must not be shown: wiped from memory when dropped, hidden in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: for whoever checks it, sends it, or shows it this once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is to become of a secret that is kept for another system. Where nothing is, it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretChange {
    /// It takes the place of the one that is kept.
    Set(Secret),
    /// It is taken away.
    Remove,
}

/// The system has no random numbers.
#[derive(Debug, Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandom(getrandom::Error);

/// Random bytes from the system.
///
/// # Errors
/// The system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes)
}

/// What is kept of a token.
pub type TokenHash = [u8; 32];

/// A new token: 256 random bits as 43 characters that a link can hold.
///
/// # Errors
/// The system gives no random numbers.
pub fn new_token() -> Result<Secret, NoRandom> {
    Ok(Secret::new(BASE64URL_NOPAD.encode(&random::<32>()?)))
}

/// The hash under which `token` is kept. One round is enough: 256 random bits cannot be guessed.
#[must_use]
pub fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_and_does_not_show() {
        let token = new_token().unwrap();
        assert_eq!(token.reveal().len(), 43);
        assert_ne!(token, new_token().unwrap());
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
