//! Accounts as rows. Knows nothing of what may be changed by whom.

use rusqlite::{OptionalExtension, Row, named_params};

use crate::base::time::Wall;
use crate::engine::access::account::{
    Account, AccountId, AccountKind, PendingLink, ServiceId, Status,
};
use crate::engine::access::actor::Rights;
use crate::engine::access::password::PasswordHash;
use crate::engine::store::columns;
use crate::engine::store::filters;
use crate::engine::store::{Reading, StoreError, Writing};

const SELECT: &str = "SELECT a.id, a.kind, a.name, a.email, a.service_id, a.rights, a.status, \
     a.must_change_password, a.password_hash, a.created_ms, a.last_sign_in_ms, a.version, \
     l.purpose, l.expires_ms FROM accounts a LEFT JOIN links l ON l.account_id = a.id";

/// An account with the hash of its password, which goes no further than to whoever checks it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The account.
    pub account: Account,
    /// The hash of its password.
    pub password: Option<PasswordHash>,
}

/// What an edit can change of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its service.
    pub service: Option<ServiceId>,
    /// What it may do.
    pub rights: Rights,
    /// Where it stands.
    pub status: Status,
}

impl Fields {
    /// Those of `account`.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let Account { name, email, service, rights, status, .. } = account.clone();
        Self { name, email, service, rights, status }
    }
}

/// Whether the password must be changed at the next sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It must.
    Due,
    /// It need not.
    NotDue,
}

/// All accounts, by name.
///
/// # Errors
/// The database refuses, or a row cannot be understood.
pub fn all(reading: &Reading<'_>) -> Result<Vec<Kept>, StoreError> {
    let sql = format!("{SELECT} ORDER BY a.name COLLATE NOCASE, a.id");
    let mut statement = reading.connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// The account with this number.
///
/// # Errors
/// As for [`all`].
pub fn get(reading: &Reading<'_>, id: AccountId) -> Result<Option<Kept>, StoreError> {
    let sql = format!("{SELECT} WHERE a.id = ?1");
    let mut statement = reading.connection.prepare(&sql)?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<Kept, StoreError> {
    let password: Option<String> = row.get("password_hash")?;
    let purpose: Option<String> = row.get("purpose")?;
    let link = purpose.map(|code| -> Result<_, StoreError> {
        let expires = columns::wall(row.get("expires_ms")?);
        Ok(PendingLink { purpose: columns::purpose(&code)?, expires })
    });
    let account = Account {
        id: AccountId(row.get("id")?),
        kind: columns::kind(&row.get::<_, String>("kind")?)?,
        name: row.get("name")?,
        email: row.get("email")?,
        service: row.get::<_, Option<i64>>("service_id")?.map(ServiceId),
        rights: columns::rights(row.get("rights")?)?,
        status: columns::status(&row.get::<_, String>("status")?)?,
        must_change_password: row.get("must_change_password")?,
        has_password: password.is_some(),
        link: link.transpose()?,
        created: columns::wall(row.get("created_ms")?),
        last_sign_in: row.get::<_, Option<i64>>("last_sign_in_ms")?.map(columns::wall),
        version: row.get("version")?,
    };
    Ok(Kept { account, password: password.map(PasswordHash::kept) })
}

/// Who has this name, whatever the case. The database compares the letters of ASCII only; this
/// compares all of them.
///
/// # Errors
/// The database refuses.
pub fn named(reading: &Reading<'_>, name: &str) -> Result<Option<AccountId>, StoreError> {
    let name = name.to_lowercase();
    let mut statement = reading.connection.prepare("SELECT id, name FROM accounts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, String>(1)?.to_lowercase() == name {
            return Ok(Some(AccountId(row.get(0)?)));
        }
    }
    Ok(None)
}

/// Adds an account without a password.
///
/// # Errors
/// The database refuses.
pub fn insert(
    writing: &Writing<'_>,
    kind: AccountKind,
    fields: &Fields,
    created: Wall,
) -> Result<AccountId, StoreError> {
    writing.tx.execute(
        "INSERT INTO accounts (kind, name, email, service_id, rights, status, created_ms)
         VALUES (:kind, :name, :email, :service, :rights, :status, :created)",
        named_params! {
            ":kind": columns::kind_code(kind),
            ":name": fields.name,
            ":email": fields.email,
            ":service": fields.service.map(|id| id.0),
            ":rights": fields.rights.bits(),
            ":status": columns::status_code(fields.status),
            ":created": columns::ms(created),
        },
    )?;
    Ok(AccountId(writing.tx.last_insert_rowid()))
}

/// Changes an account and counts its version up.
///
/// # Errors
/// The database refuses.
pub fn update(writing: &Writing<'_>, id: AccountId, fields: &Fields) -> Result<(), StoreError> {
    writing.tx.execute(
        "UPDATE accounts SET name = :name, email = :email, service_id = :service,
         rights = :rights, status = :status, version = version + 1 WHERE id = :id",
        named_params! {
            ":id": id.0,
            ":name": fields.name,
            ":email": fields.email,
            ":service": fields.service.map(|id| id.0),
            ":rights": fields.rights.bits(),
            ":status": columns::status_code(fields.status),
        },
    )?;
    Ok(())
}

/// Sets or takes away a password and counts the version up.
///
/// # Errors
/// The database refuses.
pub fn set_password(
    writing: &Writing<'_>,
    id: AccountId,
    hash: Option<&PasswordHash>,
    change: Change,
) -> Result<(), StoreError> {
    writing.tx.execute(
        "UPDATE accounts SET password_hash = ?2, must_change_password = ?3,
         version = version + 1 WHERE id = ?1",
        (id.0, hash.map(PasswordHash::text), change == Change::Due),
    )?;
    Ok(())
}

/// Puts a stronger hash of the same password in its place; no version is counted.
///
/// # Errors
/// The database refuses.
pub fn renew_hash(
    writing: &Writing<'_>,
    id: AccountId,
    hash: &PasswordHash,
) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET password_hash = ?2 WHERE id = ?1";
    writing.tx.execute(sql, (id.0, hash.text()))?;
    Ok(())
}

/// Notes a sign-in; no version is counted.
///
/// # Errors
/// The database refuses.
pub fn note_sign_in(writing: &Writing<'_>, id: AccountId, at: Wall) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET last_sign_in_ms = ?2 WHERE id = ?1";
    writing.tx.execute(sql, (id.0, columns::ms(at)))?;
    Ok(())
}

/// Deletes an account; its sessions, tokens, links and kept filters go with it.
///
/// # Errors
/// The database refuses.
pub fn delete(writing: &Writing<'_>, id: AccountId) -> Result<(), StoreError> {
    writing.tx.execute("DELETE FROM accounts WHERE id = ?1", [id.0])?;
    filters::forget_all(writing, filters::Owner::Account(id))
}

/// Whether somebody could come in and administer.
///
/// # Errors
/// The database refuses.
pub fn has_administrator(reading: &Reading<'_>) -> Result<bool, StoreError> {
    let administrator =
        Rights::of_account(&[crate::engine::access::permission::Right::Administrator]);
    let sql = "SELECT 1 FROM accounts WHERE kind = 'person' AND status = 'active'
         AND password_hash IS NOT NULL AND rights & ?1 != 0 LIMIT 1";
    let found = reading.connection.query_row(sql, [administrator.bits()], |_| Ok(()));
    Ok(found.optional()?.is_some())
}
