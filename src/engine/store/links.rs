//! One-time links as rows. An account has one at most; so has the first administrator to be.

use crate::base::time::Wall;
use crate::engine::access::account::{AccountId, Purpose};
use crate::engine::access::secret::TokenHash;
use crate::engine::store::columns;
use crate::engine::store::{Reading, StoreError, Writing};

/// A link as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Whose; `None` for the set-up link.
    pub account: Option<AccountId>,
    /// What for.
    pub purpose: Purpose,
    /// Hash of its token.
    pub token: TokenHash,
    /// Until when.
    pub expires: Wall,
}

/// All links, run out or not.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn all(reading: &Reading<'_>) -> Result<Vec<Kept>, StoreError> {
    let sql = "SELECT account_id, purpose, token_hash, expires_ms FROM links";
    let mut statement = reading.connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Kept {
            account: row.get::<_, Option<i64>>(0)?.map(AccountId),
            purpose: columns::purpose(&row.get::<_, String>(1)?)?,
            token: row.get(2)?,
            expires: columns::wall(row.get(3)?),
        });
    }
    Ok(all)
}

/// The link with this hash.
///
/// # Errors
/// As for [`all`].
pub fn find(reading: &Reading<'_>, token: &TokenHash) -> Result<Option<Kept>, StoreError> {
    Ok(all(reading)?.into_iter().find(|link| link.token == *token))
}

/// Puts a link in the place of the account's older one; without an account, of the older set-up
/// link.
///
/// # Errors
/// The database refuses.
pub fn put(writing: &Writing<'_>, link: &Kept) -> Result<(), StoreError> {
    delete_of(writing, link.account)?;
    let sql = "INSERT INTO links (account_id, purpose, token_hash, expires_ms)
         VALUES (?1, ?2, ?3, ?4)";
    let account = link.account.map(|id| id.0);
    let purpose = columns::purpose_code(link.purpose);
    writing.tx.execute(sql, (account, purpose, link.token, columns::ms(link.expires)))?;
    Ok(())
}

/// Deletes the link of an account, or the set-up link.
///
/// # Errors
/// The database refuses.
pub fn delete_of(writing: &Writing<'_>, account: Option<AccountId>) -> Result<(), StoreError> {
    let sql = "DELETE FROM links WHERE account_id IS ?1";
    writing.tx.execute(sql, [account.map(|id| id.0)])?;
    Ok(())
}
