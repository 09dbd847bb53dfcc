//! Secrets that have to be said again to another system, such as the mail server's password: kept sealed,
//! opened only by whoever says them. Everybody else learns at most that one is set, since when and by
//! whom. What only has to be recognised (passwords of accounts, tokens) is kept as a hash, and not here.
//!
//! Two things are needed to read one: the database and the key file beside it. A copy of the database
//! alone, such as one that was sent in for help, gives nothing away.

pub(in crate::engine) mod key;
pub(in crate::engine::store) mod moving;
mod seal;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use thiserror::Error;

use crate::engine::access::secret::{NoRandom, Secret};
use crate::engine::access::settings::Mark;
use crate::engine::store::{Reading, StoreError, Writing, columns};

/// Name of the mail server's password.
pub const MAIL_PASSWORD: &str = "mail_password";
/// Longest secret, in bytes.
pub const LONGEST: usize = 1024;

/// Why a secret cannot be kept or got back. Never says anything of the secret itself.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Somebody else may have read the key.
    #[error(
        "other users of this machine may read the key file {} (mode {mode:o}): run chmod 600 on it as its owner, and set the secrets anew if somebody may have seen it",
        file.display()
    )]
    Open {
        /// The key file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There are secrets, and the key that they were sealed with is not there.
    #[error(
        "the key file {} is missing, and secrets were sealed with it: put it back from a backup, or remove the secrets and set them anew",
        file.display()
    )]
    Missing {
        /// The key file.
        file: PathBuf,
    },
    /// What is in the key file is no key.
    #[error(
        "the key file {} holds {found} bytes instead of {}: put it back from a backup, or move it away, remove the secrets and set them anew",
        file.display(),
        key::BYTES
    )]
    Length {
        /// The key file.
        file: PathBuf,
        /// How many bytes it holds.
        found: u64,
    },
    /// It was sealed with another key, or changed afterwards.
    #[error(
        "{} does not open with the key file {}: put the key file that belongs to it back from a backup, or set it anew",
        words(name),
        file.display()
    )]
    Sealed {
        /// Which secret.
        name: String,
        /// The key file.
        file: PathBuf,
    },
    /// It is longer than any secret.
    #[error("a secret has at most {LONGEST} bytes")]
    Long,
    /// The key file cannot be made or read.
    #[error("the key file {} cannot be {what}: {source}", file.display())]
    File {
        /// The key file.
        file: PathBuf,
        /// What was tried: "made", "read".
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Where the key is. Holds no key: that is read when it is needed, so that a key file that was opened to
/// others, or taken away, is seen at once.
#[derive(Clone, Debug)]
pub struct Vault {
    file: PathBuf,
}

impl Vault {
    /// That of the data folder `folder`.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { file: folder.join(key::FILE) }
    }

    /// The key file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// What a secret is called on screens.
#[must_use]
pub fn words(name: &str) -> String {
    match name {
        MAIL_PASSWORD => "the mail server\u{2019}s password".to_owned(),
        other => format!("the secret {other}"),
    }
}

/// Keeps a secret in the place of an older one of that name.
///
/// # Errors
/// The key cannot be used, or the database refuses.
pub fn keep(
    writing: &Writing<'_>,
    name: &str,
    value: &Secret,
    by: &Mark,
) -> Result<(), StoreError> {
    if value.reveal().len() > LONGEST {
        return Err(SecretError::Long.into());
    }
    put(writing.tx, writing.vault, (name, value), Some(by))
}

fn put(
    tx: &Connection,
    vault: &Vault,
    (name, value): (&str, &Secret),
    by: Option<&Mark>,
) -> Result<(), StoreError> {
    let count = "SELECT count(*) FROM secrets";
    let others: i64 = tx.query_row(count, [], |row| row.get(0))?;
    // Whoever writes to the database is alone, in all processes: nobody else makes a key meanwhile.
    let key = match key::read(&vault.file)? {
        Some(key) => key,
        None if others == 0 => key::make(&vault.file)?,
        None => return Err(SecretError::Missing { file: vault.file.clone() }.into()),
    };
    let sealed = seal::seal(&key, name, value)?;
    let sql =
        "INSERT INTO secrets (name, nonce, sealed, set_ms, set_by) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE SET nonce = excluded.nonce, sealed = excluded.sealed,
         set_ms = excluded.set_ms, set_by = excluded.set_by";
    let (at, who) = (by.map(|by| columns::ms(by.at)), by.map(|by| by.who.as_str()));
    tx.execute(sql, (name, sealed.nonce, sealed.text, at, who))?;
    Ok(())
}

/// Removes a secret. Needs no key: what cannot be opened any more can still be removed.
///
/// # Errors
/// The database refuses.
pub fn remove(writing: &Writing<'_>, name: &str) -> Result<(), StoreError> {
    writing.tx.execute("DELETE FROM secrets WHERE name = ?1", [name])?;
    Ok(())
}

/// Opens a secret, for whoever has to say it to another system.
///
/// # Errors
/// The key cannot be used, the secret does not open with it, or the database refuses.
#[cfg_attr(
    not(any(test, feature = "mail")),
    expect(dead_code, reason = "nothing is said to others")
)]
pub fn open(reading: &Reading<'_>, name: &str) -> Result<Option<Secret>, StoreError> {
    open_with(reading.connection, reading.vault, name)
}

fn open_with(
    connection: &Connection,
    vault: &Vault,
    name: &str,
) -> Result<Option<Secret>, StoreError> {
    let sql = "SELECT nonce, sealed FROM secrets WHERE name = ?1";
    let found: Option<(Vec<u8>, Vec<u8>)> =
        connection.query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((nonce, text)) = found else { return Ok(None) };
    let file = || vault.file.clone();
    let key = key::read(&vault.file)?.ok_or_else(|| SecretError::Missing { file: file() })?;
    match seal::open(&key, name, &nonce, &text) {
        Some(secret) => Ok(Some(secret)),
        None => Err(SecretError::Sealed { name: name.to_owned(), file: file() }.into()),
    }
}

/// Whether a secret of this name is set. Needs no key.
///
/// # Errors
/// The database refuses.
pub fn is_set(reading: &Reading<'_>, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM secrets WHERE name = ?1";
    Ok(reading.connection.query_row(sql, [name], |row| row.get::<_, i64>(0))? > 0)
}

/// Since when a secret is set and by whom, where that is known. Needs no key.
///
/// # Errors
/// The database refuses.
pub fn mark(reading: &Reading<'_>, name: &str) -> Result<Option<Mark>, StoreError> {
    let sql = "SELECT set_ms, set_by FROM secrets
         WHERE name = ?1 AND set_ms IS NOT NULL AND set_by IS NOT NULL";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Mark { at: columns::wall(row.get(0)?), who: row.get("set_by")? })
    };
    Ok(reading.connection.query_row(sql, [name], read).optional()?)
}

/// The names of the secrets that are kept, and why those that cannot be opened cannot: for the check-up.
///
/// # Errors
/// The database refuses.
pub fn try_all(
    connection: &Connection,
    vault: &Vault,
) -> Result<(Vec<String>, Vec<SecretError>), StoreError> {
    let mut statement = connection.prepare("SELECT name FROM secrets ORDER BY name")?;
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut wrong = Vec::new();
    for name in &names {
        match open_with(connection, vault, name) {
            Ok(opened) => drop(opened),
            Err(StoreError::Secret(error)) => wrong.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((names, wrong))
}
