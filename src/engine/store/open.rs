//! Opening the database: the checks before anything is written, the settings of every connection,
//! and what happens to a file that is damaged.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::base::time::Wall;
use crate::engine::store::lock::Lock;
use crate::engine::store::migrate::{self, Due, Migration};
use crate::engine::store::secrets::moving;
use crate::engine::store::{OpenError, lock, place};

/// How long a connection waits for another process that writes.
pub const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How often the first contact is tried while another process makes the same file.
const CONTACTS: u32 = 50;
/// Between two such tries.
const BETWEEN: Duration = Duration::from_millis(50);
/// Longest that the log of changes stays on the disk once it was taken over into the file.
const LOG_BYTES: i64 = 16 * 1024 * 1024;
/// What every database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the number of the schema is in the file.
const VERSION_AT: usize = 60;

/// Whether the file is read through at opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Every page is looked at.
    Through,
    /// Only what opening needs.
    Briefly,
}

/// How the database is opened.
pub struct Opening<'a> {
    /// The file.
    pub file: &'a Path,
    /// The lock of the folder, where it is held.
    pub lock: Option<&'a Lock>,
    /// Whether the file is read through.
    pub look: Look,
    /// When.
    pub at: Wall,
    /// The steps to the newest schema.
    pub migrations: &'a [Migration],
}

impl Opening<'_> {
    /// The one connection that writes, to a database that is whole and up to date. Adds to `remarks`
    /// what the person should know.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn writer(&self, remarks: &mut Vec<String>) -> Result<Connection, OpenError> {
        match self.attempt(remarks) {
            // A command that only looks must not start the records anew behind anybody's back.
            Err(OpenError::Database { file, source })
                if is_damage(&source) && self.look == Look::Briefly =>
            {
                Err(OpenError::Damaged { file, source })
            }
            Err(OpenError::Database { source, .. }) if is_damage(&source) => {
                self.move_aside(&source, remarks)?;
                self.attempt(remarks)
            }
            other => other,
        }
    }

    fn attempt(&self, remarks: &mut Vec<String>) -> Result<Connection, OpenError> {
        let file = self.file;
        let failed = |source| OpenError::Database { file: file.to_owned(), source };
        let unmade =
            |source| OpenError::File { file: file.to_owned(), what: "made or read", source };
        place::file(file, remarks).map_err(unmade)?;
        self.look_at_header().map_err(unmade)??;
        let mut connection = contact(file).map_err(failed)?;
        match migrate::due(&connection, file, self.migrations)? {
            Due::Nothing => {}
            Due::Making => migrate::make(&mut connection, file, self.migrations)?,
            Due::Upgrade(schema) => self.upgrade(&mut connection, schema, remarks)?,
        }
        self.finish_moving(&connection, remarks);
        if self.look == Look::Through {
            whole(&connection).map_err(failed)?;
        }
        Ok(connection)
    }

    /// What can be said of the file without opening it, so that a newer one is left as it is.
    fn look_at_header(&self) -> io::Result<Result<(), OpenError>> {
        let mut header = Vec::with_capacity(100);
        File::open(self.file)?.take(100).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(Ok(()));
        }
        let file = self.file.to_owned();
        let field = header.get(VERSION_AT..VERSION_AT + 4).and_then(|b| b.try_into().ok());
        let Some(field) = field.filter(|_| header.starts_with(MAGIC)) else {
            return Ok(Err(OpenError::Database { file, source: no_database() }));
        };
        let (found, known) =
            (i64::from(i32::from_be_bytes(field)), migrate::newest(self.migrations));
        if found > known {
            return Ok(Err(OpenError::Newer { file, found, known }));
        }
        Ok(Ok(()))
    }

    fn upgrade(
        &self,
        connection: &mut Connection,
        schema: i64,
        remarks: &mut Vec<String>,
    ) -> Result<(), OpenError> {
        // An engine of an older version may be running on it: it must not be surprised.
        let _lock = self.borrow_lock()?;
        let copy = migrate::back_up(connection, self.file, schema, self.at)?;
        migrate::apply(connection, self.file, self.migrations)?;
        remarks.push(format!(
            "The data folder was brought up to date; a copy of what it was before is {}",
            copy.display()
        ));
        Ok(())
    }

    /// Ends the move of secrets out of the clear, where it is not ended: after the step that seals them, and
    /// where that was as far as it came. What hinders it is no reason not to start.
    fn finish_moving(&self, connection: &Connection, remarks: &mut Vec<String>) {
        match moving::is_due(connection) {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                tracing::error!(%error, "whether secrets stood in the clear cannot be seen");
                return;
            }
        }
        // Where an engine runs here, it has done it or does it at its next start.
        let Ok(_lock) = self.borrow_lock() else { return };
        moving::clean_copies(self.file.parent().unwrap_or(self.file), remarks);
        let done = moving::overwrite(connection);
        if let Err(error) = done {
            tracing::error!(%error, "the old place of secrets cannot be overwritten");
            remarks.push(format!(
                "The mail server\u{2019}s password is sealed now, but the place in {} where it stood in the clear cannot be overwritten yet ({error}): it is tried again at the next start",
                self.file.display()
            ));
        }
    }

    fn move_aside(
        &self,
        why: &rusqlite::Error,
        remarks: &mut Vec<String>,
    ) -> Result<(), OpenError> {
        let _lock = self.borrow_lock()?;
        let aside = |source| OpenError::File {
            file: self.file.to_owned(),
            what: "moved aside, although it is damaged",
            source,
        };
        let to = place::aside(self.file, self.at).map_err(aside)?;
        remarks.push(format!(
            "The database {} was damaged ({why}) and has been moved to {}: Busbar starts with an empty one, so accounts and settings have to be made again or a backup put back",
            self.file.display(),
            to.display()
        ));
        Ok(())
    }

    /// The lock, for what needs the folder to itself; a command takes it for that moment.
    fn borrow_lock(&self) -> Result<Option<Lock>, OpenError> {
        if self.lock.is_some() {
            return Ok(None);
        }
        let folder = self.file.parent().unwrap_or(self.file);
        lock::take(folder, "a command", self.at).map(Some)
    }
}

fn no_database() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
    rusqlite::Error::SqliteFailure(code, Some("it does not begin as a database does".to_owned()))
}

/// Whether the file itself is broken, rather than its surroundings.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Connects and sets what is kept with the connection. Two processes that make the same file at once
/// hinder each other in places where SQLite does not wait by itself.
fn contact(file: &Path) -> rusqlite::Result<Connection> {
    let mut tries = 0;
    loop {
        match try_contact(file) {
            Err(error) if is_busy(&error) && tries < CONTACTS => {
                tries += 1;
                std::thread::sleep(BETWEEN);
            }
            other => return other,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn try_contact(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // What was acknowledged survives a power cut, not only a dead process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What is taken away is overwritten: it may have been a secret, or what somebody wanted gone.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.query_row(&format!("PRAGMA journal_size_limit = {LOG_BYTES}"), [], |_| Ok(()))?;
    Ok(connection)
}

/// A connection for queries only.
///
/// # Errors
/// The database refuses.
pub fn reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Reads the database through.
///
/// # Errors
/// It is damaged: says where.
pub fn whole(connection: &Connection) -> rusqlite::Result<()> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(said)))
}
