//! Passwords: what one must be like, and the hash that is kept of it.
//!
//! Every character counts as it was typed: spaces are kept, wherever they are, and letters are not
//! brought into another form. Only the rules below look past the case.

mod common;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::base::time::Clock;
use crate::engine::access::secret::{Secret, random};

/// A hash in the PHC string format (`$argon2id$v=19$m=65536,t=3,p=1$salt$hash`), made only from a
/// password that passed the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash that was kept.
    pub(in crate::engine) const fn kept(text: String) -> Self {
        Self(text)
    }

    /// The text to keep.
    pub(in crate::engine) fn text(&self) -> &str {
        &self.0
    }
}

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

/// Longest password, in bytes: hashing must not be work that a stranger can give out.
pub const MOST_BYTES: usize = 1024;
/// A name says little in a password that has so many characters beside it.
const BESIDE_NAME: usize = 8;
/// A shorter name is found in too many good passwords.
const SHORTEST_NAME: usize = 3;

/// Checks `password` for the account `name` against the rules, `least` characters among them.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(password: &Secret, name: &str, least: usize) -> Result<(), PasswordError> {
    let password = password.reveal();
    if password.len() > MOST_BYTES {
        return Err(PasswordError::Long { most: MOST_BYTES });
    }
    let chars = password.chars().count();
    if chars < least {
        return Err(PasswordError::Short { chars, least });
    }
    let folded = password.to_lowercase();
    if is_like_name(&folded, &name.trim().to_lowercase()) {
        return Err(PasswordError::LikeName);
    }
    if common::is_common(&folded) { Err(PasswordError::Common) } else { Ok(()) }
}

/// Whether little is left of the password without the name, forwards or backwards.
fn is_like_name(password: &str, name: &str) -> bool {
    if name.chars().count() < SHORTEST_NAME {
        return false;
    }
    let backwards: String = name.chars().rev().collect();
    [name, &backwards].into_iter().any(|name| {
        let rest = password.replace(name, "");
        rest.len() < password.len() && rest.chars().count() < BESIDE_NAME
    })
}

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// What new hashes cost: above the least that OWASP names (19 MiB and 2 passes), and below a
    /// quarter of a second on a small machine.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// For tests, which sign in thousands of times.
    #[cfg(any(test, feature = "testing"))]
    pub const CHEAP: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// What new hashes cost an engine on `clock`: a clock that stands still is a test's.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn of(clock: &dyn Clock) -> Self {
        if clock.runs_by_itself() { Self::STANDARD } else { Self::CHEAP }
    }

    /// What new hashes cost an engine on this clock: on every one the same.
    #[cfg(not(any(test, feature = "testing")))]
    #[must_use]
    pub const fn of(_clock: &dyn Clock) -> Self {
        Self::STANDARD
    }

    fn argon2(self) -> Result<Argon2<'static>, PasswordError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        let params = params.map_err(|error| PasswordError::Hash(error.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A key of 32 bytes that only whoever knows `passphrase` can make again, from the same salt at the same
/// cost: memory in KiB, passes, lanes.
///
/// # Errors
/// The cost cannot be, or there is no memory for it.
pub fn key_of(
    passphrase: &Secret,
    salt: &[u8],
    [memory_kib, passes, lanes]: [u32; 3],
) -> Result<Zeroizing<[u8; 32]>, PasswordError> {
    let failed = |error: argon2::Error| PasswordError::Hash(error.to_string());
    let mut key = Zeroizing::new([0; 32]);
    Cost { memory_kib, passes, lanes }
        .argon2()?
        .hash_password_into(passphrase.reveal().as_bytes(), salt, &mut *key)
        .map_err(failed)?;
    Ok(key)
}

/// What a check of a password says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is right.
    Right,
    /// It is right, and its hash is weaker than new ones: it should be hashed again.
    RightButWeak,
    /// It is wrong, or there is none.
    Wrong,
}

/// Makes and checks hashes. It blocks for as long as they cost.
#[derive(Clone, Debug)]
pub struct Hasher {
    cost: Cost,
    /// Costs as much as any other and fits no password: for names that nobody has.
    decoy: PasswordHash,
}

impl Hasher {
    /// One whose new hashes cost so much.
    ///
    /// # Errors
    /// The cost cannot be, or the system gives no random numbers.
    pub fn new(cost: Cost) -> Result<Self, PasswordError> {
        let hash = |error: String| PasswordError::Hash(error);
        let salt = random::<16>().map_err(|error| hash(error.to_string()))?;
        let output = random::<32>().map_err(|error| hash(error.to_string()))?;
        let argon2 = cost.argon2()?;
        let odd = |error: phc::Error| PasswordError::Hash(error.to_string());
        let decoy = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(argon2.params())
                .map_err(|error| hash(error.to_string()))?,
            salt: Some(phc::Salt::new(&salt).map_err(odd)?),
            hash: Some(phc::Output::new(&output).map_err(odd)?),
        };
        Ok(Self { cost, decoy: PasswordHash(decoy.to_string()) })
    }

    /// Hashes a password that was checked against the rules.
    ///
    /// # Errors
    /// The system gives no random numbers, or no memory.
    pub fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        let salt = random::<16>().map_err(|error| PasswordError::Hash(error.to_string()))?;
        let hash = self.cost.argon2()?.hash_password_with_salt(password.reveal().as_bytes(), &salt);
        let hash = hash.map_err(|error| PasswordError::Hash(error.to_string()))?;
        Ok(PasswordHash(hash.to_string()))
    }

    /// Checks a password with the parameters that are kept with its hash. Without a hash it costs as
    /// much and is wrong.
    #[must_use]
    pub fn check(&self, password: &Secret, against: Option<&PasswordHash>) -> Check {
        // Nothing longer was ever taken, so it need not be computed to be wrong.
        if password.reveal().len() > MOST_BYTES {
            return Check::Wrong;
        }
        let kept = against.and_then(|hash| phc::PasswordHash::new(hash.text()).ok());
        let Some(hash) = kept.clone().or_else(|| phc::PasswordHash::new(self.decoy.text()).ok())
        else {
            return Check::Wrong;
        };
        let right = Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok();
        match (right && kept.is_some(), self.is_weaker(&hash)) {
            (false, _) => Check::Wrong,
            (true, false) => Check::Right,
            (true, true) => Check::RightButWeak,
        }
    }

    /// Whether a hash costs less than new ones, in any way.
    fn is_weaker(&self, hash: &phc::PasswordHash) -> bool {
        let Ok(params) = Params::try_from(hash) else { return true };
        hash.algorithm != Algorithm::Argon2id.ident()
            || params.m_cost() < self.cost.memory_kib
            || params.t_cost() < self.cost.passes
            || params.p_cost() < self.cost.lanes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn judge(password: &str, name: &str) -> Result<(), PasswordError> {
        check(&secret(password), name, 12)
    }

    #[test]
    fn twelve_characters_are_needed_whatever_their_bytes() {
        let error = judge("kurz genug", "ada").unwrap_err();
        assert_eq!(error, PasswordError::Short { chars: 10, least: 12 });
        assert_eq!(judge("ünïcödé wörd", "ada"), Ok(()));
        assert!(judge("ünïcödé wör", "ada").unwrap_err().to_string().contains("11"));
        let long = "a7 ".repeat(400);
        assert_eq!(judge(&long, "ada"), Err(PasswordError::Long { most: MOST_BYTES }));
    }

    #[test]
    fn spaces_count_and_stay() {
        assert_eq!(judge("tin of beans", "ada"), Ok(()));
        let hasher = Hasher::new(Cost::CHEAP).unwrap();
        let hash = hasher.hash(&secret(" tin of beans ")).unwrap();
        assert_eq!(hasher.check(&secret(" tin of beans "), Some(&hash)), Check::Right);
        assert_eq!(hasher.check(&secret("tin of beans"), Some(&hash)), Check::Wrong);
    }

    #[test]
    fn a_password_made_of_the_name_is_refused_forwards_and_backwards() {
        for bad in ["adalovelace1", "AdaLovelace!!", "ecalevolada99", "2026adalovelace"] {
            assert_eq!(judge(bad, "AdaLovelace"), Err(PasswordError::LikeName), "{bad}");
        }
        assert_eq!(judge("adalovelace met a kettle", "adalovelace"), Ok(()));
        assert_eq!(judge("a mill of numbers", "a"), Ok(()));
    }

    #[test]
    fn a_hash_names_its_cost_and_two_of_one_password_differ() {
        let hasher = Hasher::new(Cost::STANDARD).unwrap();
        let one = hasher.hash(&secret("tin of beans")).unwrap();
        assert!(one.text().starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{}", one.text());
        assert_ne!(one, hasher.hash(&secret("tin of beans")).unwrap());
        assert!(!format!("{one:?}").contains("argon2"));
        let salt = one.text().split('$').nth(4).unwrap();
        assert_eq!(salt.len(), 22, "16 bytes are 22 characters: {salt}");
    }

    #[test]
    fn a_weak_hash_still_lets_in_and_asks_to_be_renewed() {
        let cheap = Hasher::new(Cost { memory_kib: 32, passes: 1, lanes: 1 }).unwrap();
        let hash = cheap.hash(&secret("tin of beans")).unwrap();
        let hasher = Hasher::new(Cost::CHEAP).unwrap();
        assert_eq!(hasher.check(&secret("tin of beans"), Some(&hash)), Check::RightButWeak);
        assert_eq!(hasher.check(&secret("tin of bean"), Some(&hash)), Check::Wrong);
        assert_eq!(cheap.check(&secret("tin of beans"), Some(&hash)), Check::Right);
    }

    #[test]
    fn the_decoy_costs_what_others_cost_and_fits_nothing() {
        let hasher = Hasher::new(Cost::CHEAP).unwrap();
        let decoy = hasher.decoy.clone();
        let real = hasher.hash(&secret("tin of beans")).unwrap();
        let cost = |hash: &PasswordHash| hash.text().rsplitn(3, '$').nth(2).map(str::to_owned);
        assert_eq!(cost(&decoy), cost(&real));
        assert_eq!(hasher.check(&secret("tin of beans"), None), Check::Wrong);
        assert_eq!(hasher.check(&secret("tin of beans"), Some(&decoy)), Check::Wrong);
        let odd = PasswordHash::kept("plain".into());
        assert_eq!(hasher.check(&secret("plain"), Some(&odd)), Check::Wrong);
    }
}
