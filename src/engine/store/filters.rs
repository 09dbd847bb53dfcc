//! The filters that people keep, a row each among the settings, under whom they belong to. Knows nothing
//! of what a filter says.

use rusqlite::OptionalExtension;

use crate::engine::access::account::AccountId;
use crate::engine::filter::SavedFilter;
use crate::engine::store::{Reading, StoreError, Writing};

/// What the rows' keys begin with: they are nobody's settings.
pub const KEYS: &str = "filters:";

/// Whose filters they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This account's.
    Account(AccountId),
    /// Those of whoever sits at this machine.
    Machine,
}

impl From<Option<AccountId>> for Owner {
    fn from(account: Option<AccountId>) -> Self {
        account.map_or(Self::Machine, Self::Account)
    }
}

impl Owner {
    fn key(self) -> String {
        match self {
            Self::Account(id) => format!("{KEYS}{}", id.0),
            Self::Machine => format!("{KEYS}machine"),
        }
    }
}

/// The filters of somebody, by name.
///
/// # Errors
/// The database refuses, or what is kept cannot be understood.
pub fn of(reading: &Reading<'_>, owner: Owner) -> Result<Vec<SavedFilter>, StoreError> {
    let sql = "SELECT value FROM settings WHERE section = ?1";
    let text: Option<String> =
        reading.connection.query_row(sql, [owner.key()], |row| row.get(0)).optional()?;
    let kept = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(kept.map_err(|_| StoreError::Odd("the filters that somebody keeps"))?.unwrap_or_default())
}

/// Keeps exactly these for somebody.
///
/// # Errors
/// The database refuses.
pub fn keep(writing: &Writing<'_>, owner: Owner, kept: &[SavedFilter]) -> Result<(), StoreError> {
    if kept.is_empty() {
        return forget_all(writing, owner);
    }
    super::settings::save(writing, &owner.key(), &kept)
}

/// Forgets every filter of somebody.
///
/// # Errors
/// The database refuses.
pub fn forget_all(writing: &Writing<'_>, owner: Owner) -> Result<(), StoreError> {
    writing.tx.execute("DELETE FROM settings WHERE section = ?1", [owner.key()])?;
    Ok(())
}
