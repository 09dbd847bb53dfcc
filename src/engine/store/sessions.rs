//! Sessions as rows: those that live, and for a while those that have ended.

use std::net::IpAddr;

use rusqlite::{OptionalExtension, Row, named_params};

use crate::base::time::Wall;
use crate::engine::access::account::{AccountId, SessionId};
use crate::engine::access::grant::{Face, Origin};
use crate::engine::access::life::Ended;
use crate::engine::access::secret::TokenHash;
use crate::engine::store::columns;
use crate::engine::store::{Reading, StoreError, Writing};

/// A session as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Hash of its token.
    pub token: TokenHash,
    /// Where it came from.
    pub from: Origin,
    /// Since when.
    pub created: Wall,
    /// When it was last used, as far as that was written.
    pub used: Wall,
    /// When it ends at the latest.
    pub expires: Wall,
    /// When and why it ended.
    pub ended: Option<(Wall, Ended)>,
}

const SELECT: &str = "SELECT id, account_id, token_hash, face, address, agent, created_ms, \
     used_ms, expires_ms, ended_ms, ended_why FROM sessions";

/// Sessions that live, and the newest `most` that ended after `since`; newest first.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn recent(reading: &Reading<'_>, since: Wall, most: usize) -> Result<Vec<Kept>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE ended_ms IS NULL OR id IN (SELECT id FROM sessions
         WHERE ended_ms >= ?1 ORDER BY ended_ms DESC LIMIT ?2) ORDER BY id DESC"
    );
    let mut statement = reading.connection.prepare(&sql)?;
    let mut rows = statement.query((columns::ms(since), most as i64))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn read(row: &Row<'_>) -> Result<Kept, StoreError> {
    let face: String = row.get("face")?;
    let address: Option<String> = row.get("address")?;
    let why: Option<String> = row.get("ended_why")?;
    let ended = match (row.get::<_, Option<i64>>("ended_ms")?, why) {
        (Some(at), Some(why)) => {
            let why = why.parse().map_err(|()| StoreError::Odd("why a session ended"))?;
            Some((columns::wall(at), why))
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(StoreError::Odd("the end of a session")),
    };
    Ok(Kept {
        id: SessionId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        token: row.get("token_hash")?,
        from: Origin {
            face: face.parse::<Face>().map_err(|()| StoreError::Odd("the face of a session"))?,
            address: address
                .map(|text| text.parse::<IpAddr>())
                .transpose()
                .map_err(|_| StoreError::Odd("the address of a session"))?,
            agent: row.get("agent")?,
        },
        created: columns::wall(row.get("created_ms")?),
        used: columns::wall(row.get("used_ms")?),
        expires: columns::wall(row.get("expires_ms")?),
        ended,
    })
}

/// The account of a session that lives.
///
/// # Errors
/// The database refuses.
pub fn holder(reading: &Reading<'_>, id: SessionId) -> Result<Option<AccountId>, StoreError> {
    let sql = "SELECT account_id FROM sessions WHERE id = ?1 AND ended_ms IS NULL";
    let found = reading.connection.query_row(sql, [id.0], |row| row.get(0).map(AccountId));
    Ok(found.optional()?)
}

/// Adds a session.
///
/// # Errors
/// The database refuses.
pub fn insert(
    writing: &Writing<'_>,
    account: AccountId,
    token: &TokenHash,
    from: &Origin,
    (created, expires): (Wall, Wall),
) -> Result<SessionId, StoreError> {
    writing.tx.execute(
        "INSERT INTO sessions (account_id, token_hash, face, address, agent, created_ms, used_ms,
         expires_ms) VALUES (:account, :token, :face, :address, :agent, :created, :created, :expires)",
        named_params! {
            ":account": account.0,
            ":token": token,
            ":face": from.face.code(),
            ":address": from.address.map(|address| address.to_string()),
            ":agent": from.agent,
            ":created": columns::ms(created),
            ":expires": columns::ms(expires),
        },
    )?;
    Ok(SessionId(writing.tx.last_insert_rowid()))
}

/// Ends one session; `false` where it had ended or is not there.
///
/// # Errors
/// The database refuses.
pub fn end(writing: &Writing<'_>, id: SessionId, at: Wall, why: Ended) -> Result<bool, StoreError> {
    let sql =
        "UPDATE sessions SET ended_ms = ?2, ended_why = ?3 WHERE id = ?1 AND ended_ms IS NULL";
    Ok(writing.tx.execute(sql, (id.0, columns::ms(at), why.code()))? > 0)
}

/// Ends all sessions of an account but `keep`, and says how many.
///
/// # Errors
/// The database refuses.
pub fn end_all(
    writing: &Writing<'_>,
    account: AccountId,
    keep: Option<SessionId>,
    (at, why): (Wall, Ended),
) -> Result<usize, StoreError> {
    let sql = "UPDATE sessions SET ended_ms = ?3, ended_why = ?4
         WHERE account_id = ?1 AND ended_ms IS NULL AND id IS NOT ?2";
    let values = (account.0, keep.map(|id| id.0), columns::ms(at), why.code());
    Ok(writing.tx.execute(sql, values)?)
}

/// Ends the oldest sessions of an account, so that not more than `most` live.
///
/// # Errors
/// The database refuses.
pub fn end_oldest(
    writing: &Writing<'_>,
    account: AccountId,
    most: usize,
    (at, why): (Wall, Ended),
) -> Result<usize, StoreError> {
    let sql = "UPDATE sessions SET ended_ms = ?3, ended_why = ?4 WHERE id IN (
         SELECT id FROM sessions WHERE account_id = ?1 AND ended_ms IS NULL
         ORDER BY id DESC LIMIT -1 OFFSET ?2)";
    let values = (account.0, most as i64, columns::ms(at), why.code());
    Ok(writing.tx.execute(sql, values)?)
}

/// Notes when sessions were last used; use never goes back.
///
/// # Errors
/// The database refuses.
pub fn note_use(writing: &Writing<'_>, uses: &[(SessionId, Wall)]) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET used_ms = max(used_ms, ?2) WHERE id = ?1";
    let mut statement = writing.tx.prepare(sql)?;
    for (id, at) in uses {
        statement.execute((id.0, columns::ms(*at)))?;
    }
    Ok(())
}

/// Deletes rows of sessions that ended before `before`, and the oldest of more than `most` ended
/// ones.
///
/// # Errors
/// The database refuses.
pub fn prune(writing: &Writing<'_>, before: Wall, most: usize) -> Result<usize, StoreError> {
    let old = "DELETE FROM sessions WHERE ended_ms < ?1";
    let many = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
         WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT -1 OFFSET ?1)";
    let old = writing.tx.execute(old, [columns::ms(before)])?;
    Ok(old + writing.tx.execute(many, [most as i64])?)
}
