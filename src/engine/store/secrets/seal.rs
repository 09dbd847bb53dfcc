//! Sealing and opening: XChaCha20-Poly1305 with a random nonce for every value and the secret's name as
//! associated data, so that one secret does not open in the place of another. Pure but for the nonce.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::engine::access::secret::{Secret, random};
use crate::engine::store::secrets::SecretError;
use crate::engine::store::secrets::key::Key;

/// How many bytes a nonce has. So many that random ones never meet.
pub const NONCE: usize = 24;

/// A sealed secret.
pub struct Sealed {
    /// Used for this one only.
    pub nonce: [u8; NONCE],
    /// What is kept, with the tag that shows whether it was changed.
    pub text: Vec<u8>,
}

/// Seals `value` under `key` as the secret `name`.
///
/// # Errors
/// There are no random numbers, or it is longer than can be sealed.
pub fn seal(key: &Key, name: &str, value: &Secret) -> Result<Sealed, SecretError> {
    let nonce = random::<NONCE>()?;
    let payload = Payload { msg: value.reveal().as_bytes(), aad: name.as_bytes() };
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let text = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SecretError::Long)?;
    Ok(Sealed { nonce, text })
}

/// Opens what was sealed under `key` as the secret `name`; `None` where it was not, or was changed.
#[must_use]
pub fn open(key: &Key, name: &str, nonce: &[u8], text: &[u8]) -> Option<Secret> {
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let payload = Payload { msg: text, aad: name.as_bytes() };
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let opened = Zeroizing::new(cipher.decrypt(&XNonce::from(nonce), payload).ok()?);
    let text = std::str::from_utf8(&opened).ok()?;
    Some(Secret::new(text.to_owned()))
}
