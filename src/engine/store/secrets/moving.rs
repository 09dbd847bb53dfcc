//! The way of a secret from the days when it was kept in the clear: it is sealed, and the places where it
//! stood are overwritten, in the database and in the copies that were made of it before upgrades.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use zeroize::Zeroizing;

use crate::engine::access::secret::Secret;
use crate::engine::access::settings::Mark;
use crate::engine::store::secrets::{MAIL_PASSWORD, Vault};
use crate::engine::store::{StoreError, columns, migrate, place, secrets};

/// The first schema that keeps secrets sealed.
const SEALED_SINCE: i64 = 4;

/// Seals what is kept in the clear: part of the step to the schema that keeps it sealed.
///
/// # Errors
/// No key can be made or used, or the database refuses.
pub fn seal_all(tx: &Connection, vault: &Vault) -> Result<(), StoreError> {
    let mut statement = tx.prepare("SELECT name, value FROM clear_secrets")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let value = Zeroizing::new(row.get::<_, Vec<u8>>(1)?);
        let text = std::str::from_utf8(&value).map_err(|_| StoreError::Odd("a secret"))?;
        let by = set_by(tx, &name)?;
        secrets::put(tx, vault, (&name, &Secret::new(text.to_owned())), by.as_ref())?;
    }
    tx.execute("DELETE FROM clear_secrets", [])?;
    Ok(())
}

/// Who set it, as the journal has it.
fn set_by(tx: &Connection, name: &str) -> Result<Option<Mark>, StoreError> {
    if name != MAIL_PASSWORD {
        return Ok(None);
    }
    let sql = "SELECT who, at_ms FROM journal WHERE action = 'save_settings' AND outcome = 'done'
         AND after LIKE '%\"mail.password\":\"given\"%' ORDER BY seq DESC LIMIT 1";
    let read =
        |row: &rusqlite::Row<'_>| Ok(Mark { who: row.get(0)?, at: columns::wall(row.get(1)?) });
    Ok(tx.query_row(sql, [], read).optional()?)
}

/// Ends the move in a database that was made new: nothing ever stood there.
///
/// # Errors
/// The database refuses.
pub fn never_was(tx: &Connection) -> rusqlite::Result<()> {
    tx.execute_batch("DROP TABLE IF EXISTS clear_secrets")
}

/// Whether the move was begun and not ended.
///
/// # Errors
/// The database refuses.
pub fn is_due(connection: &Connection) -> rusqlite::Result<bool> {
    let there =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'clear_secrets'";
    Ok(connection.query_row(there, [], |row| row.get::<_, i64>(0))? > 0)
}

/// Ends the move: writes the whole database anew, so that no page and no free space holds what stood
/// there, and shortens the log of changes to nothing. Where that cannot be done now, such as while another
/// program reads, it is done at the next start.
///
/// # Errors
/// The database refuses.
pub fn overwrite(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("VACUUM")?;
    if !empty_log(connection)? {
        tracing::warn!("the log of changes is still in use: it is emptied at the next start");
        return Ok(());
    }
    connection.execute_batch("DROP TABLE clear_secrets")
}

/// Takes the log of changes over into the file and shortens it to nothing; says whether it could.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Takes the secrets that stand in the clear out of the copies in `folder`, and says what could not be
/// done. The copies are as before otherwise.
pub fn clean_copies(folder: &Path, remarks: &mut Vec<String>) {
    for copy in copies(&folder.join(place::BACKUPS)) {
        if let Err(error) = clean(&copy) {
            tracing::error!(copy = %copy.display(), %error, "a copy cannot be cleaned");
            remarks.push(format!(
                "The copy {} may hold the mail server\u{2019}s password in the clear, and it cannot be taken out ({error}): remove the file, or set a new password at the mail server",
                copy.display()
            ));
        }
    }
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("busbar-") && name.ends_with(".db"))
    };
    paths.filter(is_copy).collect()
}

fn clean(copy: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(copy)?;
    let schema = migrate::version(&connection)?;
    if !(1..SEALED_SINCE).contains(&schema) {
        return Ok(());
    }
    let kept: i64 = connection.query_row("SELECT count(*) FROM secrets", [], |row| row.get(0))?;
    // A copy is written without free space, so that what was taken away before is not in it.
    if kept == 0 {
        return Ok(());
    }
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch("DELETE FROM secrets; VACUUM")
}
