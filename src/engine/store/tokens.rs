//! Tokens of the API as rows.

use rusqlite::Row;

use crate::base::time::Wall;
use crate::engine::access::account::{AccountId, TokenId};
use crate::engine::access::actor::Rights;
use crate::engine::access::secret::TokenHash;
use crate::engine::store::columns;
use crate::engine::store::{Reading, StoreError, Writing};

/// A token as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its number.
    pub id: TokenId,
    /// Whose.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its hash.
    pub token: TokenHash,
    /// What it allows.
    pub rights: Rights,
    /// Since when.
    pub created: Wall,
    /// Until when.
    pub expires: Wall,
    /// When it was last used, as far as that was written.
    pub used: Option<Wall>,
    /// When it was revoked.
    pub revoked: Option<Wall>,
}

const SELECT: &str = "SELECT id, account_id, name, token_hash, rights, created_ms, expires_ms, \
     used_ms, revoked_ms FROM tokens";

/// All tokens, by name.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn all(reading: &Reading<'_>) -> Result<Vec<Kept>, StoreError> {
    list(reading, &format!("{SELECT} ORDER BY name COLLATE NOCASE, id"), ())
}

/// The tokens of an account, revoked ones too.
///
/// # Errors
/// As for [`all`].
pub fn of(reading: &Reading<'_>, account: AccountId) -> Result<Vec<Kept>, StoreError> {
    list(reading, &format!("{SELECT} WHERE account_id = ?1 ORDER BY id"), (account.0,))
}

fn list(
    reading: &Reading<'_>,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Kept>, StoreError> {
    let mut statement = reading.connection.prepare(sql)?;
    let mut rows = statement.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn read(row: &Row<'_>) -> Result<Kept, StoreError> {
    Ok(Kept {
        id: TokenId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        name: row.get("name")?,
        token: row.get("token_hash")?,
        rights: columns::rights(row.get("rights")?)?,
        created: columns::wall(row.get("created_ms")?),
        expires: columns::wall(row.get("expires_ms")?),
        used: row.get::<_, Option<i64>>("used_ms")?.map(columns::wall),
        revoked: row.get::<_, Option<i64>>("revoked_ms")?.map(columns::wall),
    })
}

/// Adds a token.
///
/// # Errors
/// The database refuses.
pub fn insert(
    writing: &Writing<'_>,
    account: AccountId,
    (name, rights): (&str, Rights),
    token: &TokenHash,
    (created, expires): (Wall, Wall),
) -> Result<TokenId, StoreError> {
    let sql = "INSERT INTO tokens (account_id, name, token_hash, rights, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (created, expires) = (columns::ms(created), columns::ms(expires));
    writing.tx.execute(sql, (account.0, name, token, rights.bits(), created, expires))?;
    Ok(TokenId(writing.tx.last_insert_rowid()))
}

/// Revokes a token; `false` where it was revoked before or is not there.
///
/// # Errors
/// The database refuses.
pub fn revoke(writing: &Writing<'_>, id: TokenId, at: Wall) -> Result<bool, StoreError> {
    let sql = "UPDATE tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL";
    Ok(writing.tx.execute(sql, (id.0, columns::ms(at)))? > 0)
}

/// Notes when tokens were last used; use never goes back.
///
/// # Errors
/// The database refuses.
pub fn note_use(writing: &Writing<'_>, uses: &[(TokenId, Wall)]) -> Result<(), StoreError> {
    let sql = "UPDATE tokens SET used_ms = max(coalesce(used_ms, 0), ?2) WHERE id = ?1";
    let mut statement = writing.tx.prepare(sql)?;
    for (id, at) in uses {
        statement.execute((id.0, columns::ms(*at)))?;
    }
    Ok(())
}

/// Deletes tokens that were revoked or ran out before `before`.
///
/// # Errors
/// The database refuses.
pub fn prune(writing: &Writing<'_>, before: Wall) -> Result<usize, StoreError> {
    let sql = "DELETE FROM tokens WHERE revoked_ms < ?1 OR expires_ms < ?1";
    Ok(writing.tx.execute(sql, [columns::ms(before)])?)
}
