//! Copies of the database for backups: made while it is written to, whole, of one moment.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};

use crate::base::time::Wall;
use crate::engine::store::{OpenError, StoreError, migrate, open, place};

/// The newest schema that this program knows.
#[must_use]
pub const fn newest_schema() -> i64 {
    migrate::newest(migrate::MIGRATIONS)
}

/// Whether secrets of other systems go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// As they are kept.
    Take,
    /// None of them.
    Leave,
}

/// Copies the database of the data folder `folder` to `to`, an empty file or none, and says which schema
/// it has. Whoever writes meanwhile is not hindered: what is copied is the state of one moment.
///
/// # Errors
/// The database refuses, or the copy cannot be written.
pub fn copy(folder: &Path, to: &Path, secrets: Secrets) -> Result<i64, StoreError> {
    let from = reader(folder)?;
    from.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open(to)?;
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    if secrets == Secrets::Leave {
        // Built anew, so that nothing stays in a page that nobody uses.
        copy.execute_batch("PRAGMA secure_delete = ON; DELETE FROM secrets; VACUUM;")?;
    }
    open::whole(&copy)?;
    Ok(migrate::version(&copy)?)
}

/// How many bytes a copy of the database of the data folder `folder` would take at this moment: its pages in
/// use, those that are still only in its write-ahead log among them.
///
/// # Errors
/// The database refuses.
pub fn weigh(folder: &Path) -> Result<u64, StoreError> {
    let from = reader(folder)?;
    let number = |pragma| from.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let used = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(used.saturating_mul(number("page_size")?).unsigned_abs())
}

/// A connection that reads what others write meanwhile.
fn reader(folder: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(folder.join(place::DATABASE), flags)?;
    from.busy_timeout(open::BUSY_WAIT)?;
    Ok(from)
}

/// The schema of a copy, which is read through.
///
/// # Errors
/// It is damaged, or no database of Busbar.
pub fn look(file: &Path) -> Result<i64, OpenError> {
    let failed = |source| OpenError::Database { file: file.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    open::whole(&connection).map_err(failed)?;
    let schema = migrate::version(&connection).map_err(failed)?;
    if schema == 0 {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    Ok(schema)
}

/// A new, empty file for its owner alone where copies are kept.
///
/// # Errors
/// It cannot be made.
pub fn room(folder: &Path, stem: &str, end: &str) -> std::io::Result<std::path::PathBuf> {
    let folder = folder.join(place::BACKUPS);
    std::fs::DirBuilder::new().recursive(true).create(&folder)?;
    place::tighten(&folder, 0o700)?;
    place::fresh(&folder, stem, end)
}

/// How the names of databases begin that are about to be packed.
pub const MAKING: &str = "making-";
/// How the names of backups begin that are gone once they are sent.
pub const SENDING: &str = "sending-";
/// Nothing is copied or sent for so long.
const SENT_WITHIN: Duration = Duration::from_hours(24);

/// Removes what a program that was killed in the middle of a backup left where copies are kept.
pub fn sweep(folder: &Path, at: Wall) {
    let Ok(entries) = std::fs::read_dir(folder.join(place::BACKUPS)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_passing = [MAKING, SENDING]
            .into_iter()
            .any(|start| name.to_str().is_some_and(|name| name.starts_with(start)));
        let touched = entry.metadata().and_then(|found| found.modified()).ok();
        let touched = touched.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let now = Duration::from_nanos(at.nanos().unsigned_abs());
        if !is_passing || touched.is_none_or(|then| now.saturating_sub(then) < SENT_WITHIN) {
            continue;
        }
        match std::fs::remove_file(entry.path()) {
            Ok(()) => tracing::info!("{} was left of a backup and is removed", name.display()),
            Err(error) => tracing::warn!(%error, "{} is left of a backup", name.display()),
        }
    }
}

/// Options for a file that nobody but its owner reads and that must not be there yet.
#[must_use]
pub fn private_new() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    place::private(&mut options);
    options
}

/// A data folder as a Busbar of this schema left it, with a planted secret and a setting.
#[cfg(test)]
pub fn old_folder(folder: &Path, schema: usize) {
    let file = folder.join(place::DATABASE);
    let mut connection = Connection::open(&file).unwrap();
    let list = migrate::MIGRATIONS.get(..schema).unwrap();
    migrate::make(&mut connection, &file, list).unwrap();
    let sql = "INSERT INTO settings (section, value) VALUES ('general', '{\"name\":\"Rig\"}')";
    connection.execute(sql, []).unwrap();
    if schema < 4 {
        let sql = "INSERT INTO secrets (name, value) VALUES ('mail_password', CAST('planted-5ecret' AS BLOB))";
        connection.execute(sql, []).unwrap();
    }
}

/// Puts a million bytes into the database of a data folder; they stay in its write-ahead log while the
/// connection is open.
#[cfg(test)]
pub fn grown(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join(place::DATABASE)).unwrap();
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let sql =
        "INSERT INTO settings (section, value) VALUES ('grown', printf('\"%1000000c\"', 'x'))";
    connection.execute(sql, []).unwrap();
    connection
}

/// What the setting of [`old_folder`] says, how many secrets there are, and the schema.
#[cfg(test)]
pub fn seen(folder: &Path) -> (String, i64, i64) {
    let connection = Connection::open(folder.join(place::DATABASE)).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let text = "SELECT value FROM settings WHERE section = 'general'";
    let name: String = connection.query_row(text, [], |row| row.get(0)).unwrap();
    (name, one("SELECT count(*) FROM secrets"), one("PRAGMA user_version"))
}

/// Has the database say that it is of this schema.
#[cfg(test)]
pub fn pretend(folder: &Path, schema: i64) {
    let connection = Connection::open(folder.join(place::DATABASE)).unwrap();
    connection.pragma_update(None, "user_version", schema).unwrap();
}
