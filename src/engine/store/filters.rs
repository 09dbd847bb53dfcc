//! The filters that people keep, a row each among the settings, under the account that they belong to.
//! Knows nothing of what a filter says.

use rusqlite::OptionalExtension;

use crate::engine::access::account::AccountId;
use crate::engine::filter::SavedFilter;
use crate::engine::store::{Reading, StoreError, Writing};

/// What the rows' keys begin with: they are nobody's settings.
pub const KEYS: &str = "filters:";

fn key(owner: AccountId) -> String {
    format!("{KEYS}{}", owner.0)
}

/// The filters of an account, by name.
///
/// # Errors
/// The database refuses, or what is kept cannot be understood.
pub fn of(reading: &Reading<'_>, owner: AccountId) -> Result<Vec<SavedFilter>, StoreError> {
    let sql = "SELECT value FROM settings WHERE section = ?1";
    let text: Option<String> =
        reading.connection.query_row(sql, [key(owner)], |row| row.get(0)).optional()?;
    let kept = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(kept.map_err(|_| StoreError::Odd("the filters that somebody keeps"))?.unwrap_or_default())
}

/// Keeps exactly these for an account.
///
/// # Errors
/// The database refuses.
pub fn keep(
    writing: &Writing<'_>,
    owner: AccountId,
    kept: &[SavedFilter],
) -> Result<(), StoreError> {
    if kept.is_empty() {
        return forget_all(writing, owner);
    }
    super::settings::save(writing, &key(owner), &kept)
}

/// Forgets every filter of an account.
///
/// # Errors
/// The database refuses.
pub fn forget_all(writing: &Writing<'_>, owner: AccountId) -> Result<(), StoreError> {
    writing.tx.execute("DELETE FROM settings WHERE section = ?1", [key(owner)])?;
    Ok(())
}
