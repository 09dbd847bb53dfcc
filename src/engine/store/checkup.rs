//! The check-up of a data folder: what `busbar doctor` says. Looks and changes nothing, beside a
//! running engine as well as without one.

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::engine::access::permission::Right;
use crate::engine::store::journal::{Verdict, chain};
use crate::engine::store::secrets::{self, SecretError, Vault, key};
use crate::engine::store::{StoreError, lock, migrate, open, place, said};

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or cannot be relied on.
    Fault,
}

impl Health {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word.
    pub check: &'static str,
    /// How well it is.
    pub health: Health,
    /// What was found, a sentence.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    fn new(check: &'static str, health: Health, text: String) -> Self {
        Self { check, health, text, advice: None }
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// Looks at everything in `folder`.
#[must_use]
pub fn examine(folder: &Path) -> Vec<Finding> {
    let file = folder.join(place::DATABASE);
    if let Some(absent) = absent(folder, &file) {
        return absent;
    }
    let mut found = vec![modes(folder, &file)];
    found.extend(read_only(folder, &file));
    let (engine, running) = engine(folder);
    found.push(engine);
    found.extend(aside(folder));
    match connect(&file, running) {
        Ok(connection) => found.extend(inside(&connection, &file)),
        Err(error) => found.push(unreadable(&file, &error)),
    }
    found
}

/// Where there is nothing to look at yet.
fn absent(folder: &Path, file: &Path) -> Option<Vec<Finding>> {
    let look = |path: &Path| fs::metadata(path).map(|found| found.len());
    let name = folder.display();
    match look(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            let text = format!("There is no data folder {name} yet.");
            let advice = "Start Busbar once, or name another folder with --data-dir.";
            return Some(vec![Finding::new("folder", Health::Warning, text).advise(advice)]);
        }
        Err(why) => {
            let text = format!("The data folder {name} cannot be looked at: {why}.");
            return Some(vec![Finding::new("folder", Health::Fault, text)]);
        }
        Ok(_) if !folder.is_dir() => {
            let text = format!("The data folder {name} is a file.");
            let advice = "Name another folder with --data-dir.";
            return Some(vec![Finding::new("folder", Health::Fault, text).advise(advice)]);
        }
        Ok(_) => {}
    }
    let text = match look(file) {
        Ok(bytes) if bytes > 0 || place::beside(file, "-wal").exists() => return None,
        Ok(_) => format!("The database {} is empty: nothing was written yet.", file.display()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            format!("There is no database in {name} yet.")
        }
        Err(why) => {
            let text = format!("{} cannot be looked at: {why}.", file.display());
            return Some(vec![Finding::new("database", Health::Fault, text)]);
        }
    };
    let advice = "Start Busbar once, or name another folder with --data-dir.";
    Some(vec![Finding::new("database", Health::Warning, text).advise(advice)])
}

/// Who may read the folder and its files.
fn modes(folder: &Path, file: &Path) -> Finding {
    let mut paths = vec![(folder.to_owned(), 0o700), (folder.join(place::BACKUPS), 0o700)];
    let ends = ["", "-wal", "-shm"];
    paths.extend(ends.iter().map(|end| (place::beside(file, end), 0o600)));
    paths.push((folder.join(lock::NAME), 0o600));
    paths.extend(copies(folder).into_iter().map(|copy| (copy, 0o600)));
    let open: Vec<String> = paths
        .iter()
        .filter_map(|(path, wanted): &(PathBuf, u32)| {
            let mode: u32 = place::mode(path).ok()??;
            (mode & !*wanted != 0)
                .then(|| format!("{} has mode {mode:o} instead of {wanted:o}", path.display()))
        })
        .collect();
    if open.is_empty() {
        let text = format!("{} and what is in it are for their owner alone.", folder.display());
        return Finding::new("files", Health::Ok, text);
    }
    let text = format!("Other users of this machine may get at it: {}.", open.join("; "));
    let advice = "Start Busbar, which tightens them, or run chmod as their owner.";
    Finding::new("files", Health::Warning, text).advise(advice)
}

/// Where nothing can be written. Looks without writing: a file that is opened and left stays as it is.
fn read_only(folder: &Path, file: &Path) -> Option<Finding> {
    let is_shut = |found: fs::Metadata| cfg!(unix) && found.permissions().readonly();
    let is_folder_shut = fs::metadata(folder).is_ok_and(is_shut);
    let refused = fs::OpenOptions::new().append(true).open(file).err();
    let refused = refused.filter(|why| {
        matches!(why.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    });
    let text = match (refused, is_folder_shut) {
        (Some(why), _) => format!("{} cannot be written: {why}.", file.display()),
        (None, true) => format!("Nothing can be written into {}.", folder.display()),
        (None, false) => return None,
    };
    let advice = "Run Busbar as the owner of the folder, on a disk that can be written, or name another folder with --data-dir.";
    Some(Finding::new("writing", Health::Fault, text).advise(advice))
}

/// Copies that were made before upgrades, oldest first.
fn copies(folder: &Path) -> Vec<PathBuf> {
    named(&folder.join(place::BACKUPS), |name| name.ends_with(".db"))
}

fn named(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| wanted(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Whether an engine runs on the folder.
fn engine(folder: &Path) -> (Finding, Running) {
    match lock::look(folder) {
        Ok(Some(holder)) => {
            let text = format!("Busbar is running on it: {holder}.");
            (Finding::new("engine", Health::Ok, text), Running::Yes)
        }
        Ok(None) => {
            let text = "Busbar is not running on it.".to_owned();
            (Finding::new("engine", Health::Ok, text), Running::No)
        }
        Err(why) => {
            let text = format!("Whether Busbar is running on it cannot be seen: {why}.");
            (Finding::new("engine", Health::Warning, text), Running::Yes)
        }
    }
}

/// Whether an engine may be writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

/// Damaged databases that were moved aside.
fn aside(folder: &Path) -> Option<Finding> {
    let prefix = format!("{}.damaged-", place::DATABASE);
    let is_database = |name: &str| {
        name.starts_with(&prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let found = named(folder, is_database);
    let newest = found.last()?;
    let text = match found.len() {
        1 => format!("A damaged database was moved aside: {}.", newest.display()),
        more => format!(
            "{more} damaged databases were moved aside, the last one to {}.",
            newest.display()
        ),
    };
    let advice =
        "Accounts may have to be made again; remove the file once nothing in it is wanted.";
    Some(Finding::new("aside", Health::Warning, text).advise(advice))
}

/// A connection that leaves every file as it is.
fn connect(file: &Path, running: Running) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    // Without a log of changes and without an engine nobody writes: then SQLite is told so, and
    // makes no files of its own.
    let still = running == Running::No && !place::beside(file, "-wal").exists();
    let query = if still { "?immutable=1" } else { "" };
    let connection = Connection::open_with_flags(format!("{}{query}", address(file)), flags)?;
    connection.busy_timeout(open::BUSY_WAIT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The path as SQLite's addresses have it.
fn address(file: &Path) -> String {
    let mut text = "file:".to_owned();
    for byte in file.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-:\\".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn unreadable(file: &Path, error: &rusqlite::Error) -> Finding {
    let text = format!("{} cannot be read: {}.", file.display(), said(error));
    let finding = Finding::new("database", Health::Fault, text);
    if open::is_damage(error) {
        finding.advise(
            "It is damaged: Busbar moves it aside at its next start and begins with an empty one. To go back to a backup, put it in this file's place while Busbar does not run.",
        )
    } else {
        finding.advise("Run this command as the owner of the file.")
    }
}

/// Everything inside the database.
fn inside(connection: &Connection, file: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    let known = migrate::newest(migrate::MIGRATIONS);
    match migrate::version(connection) {
        Ok(schema) => found.push(schema_of(schema, known)),
        Err(error) => return vec![unreadable(file, &error)],
    }
    found.push(match whole(connection) {
        Ok(None) => {
            Finding::new("database", Health::Ok, "The database is whole.".to_owned())
        }
        Ok(Some(why)) => Finding::new(
            "database",
            Health::Fault,
            format!("The database is damaged: {why}."),
        )
        .advise("Stop Busbar, keep a copy of the whole folder, and put back a backup; see the folder backups."),
        Err(error) => refused("database", &error.into()),
    });
    if found.iter().any(|finding| finding.check == "schema" && finding.health != Health::Ok) {
        // What is in it may look different: nothing more can be said of it.
        return found;
    }
    found.push(chain::verify(connection).map_or_else(|error| refused("journal", &error), journal));
    found.push(secrets_of(connection, file));
    found.push(people(connection).unwrap_or_else(|error| refused("people", &error.into())));
    found
}

fn refused(check: &'static str, error: &StoreError) -> Finding {
    Finding::new(check, Health::Fault, format!("It cannot be looked at: {error}."))
}

fn schema_of(found: i64, known: i64) -> Finding {
    let finding = |health, text| Finding::new("schema", health, text);
    if found == known {
        return finding(Health::Ok, format!("The schema is {found}, the newest."));
    }
    if found > known {
        let text =
            format!("The schema is {found}, from a newer Busbar; this one knows up to {known}.");
        return finding(Health::Fault, text).advise("Update Busbar.");
    }
    if found == 0 {
        let text = "This is a database of another program.".to_owned();
        return finding(Health::Fault, text).advise("Name another folder with --data-dir.");
    }
    let text = format!("The schema is {found}; the newest is {known}.");
    finding(Health::Warning, text)
        .advise("Start Busbar: it makes a copy and brings the database up to date.")
}

/// What is wrong with the file, if anything is.
fn whole(connection: &Connection) -> rusqlite::Result<Option<String>> {
    match open::whole(connection) {
        Ok(()) => {}
        Err(error) if open::is_damage(&error) => return Ok(Some(said(&error))),
        Err(error) => return Err(error),
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let table: String = row.get(0)?;
    Ok(Some(format!("a row in {table} refers to one that is not there")))
}

fn journal(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Whole { lines, head } => {
            let head = head.map_or_else(String::new, |head| format!("; the last hash is {head}"));
            let text = match lines {
                0 => "The journal is empty.".to_owned(),
                1 => format!("The journal has 1 line, which fits{head}."),
                _ => format!("The journal has {lines} lines, and each fits the one before{head}."),
            };
            Finding::new("journal", Health::Ok, text)
        }
        Verdict::Broken { seq, why } => {
            let text = format!("The journal cannot be relied on from line {seq} on: {why}.");
            let advice = "Somebody has changed the file outside Busbar: keep a copy of the whole folder as evidence, and compare with a backup.";
            Finding::new("journal", Health::Fault, text).advise(advice)
        }
    }
}

/// Whether the secrets that are kept open with the key file. Says nothing of what is in them.
fn secrets_of(connection: &Connection, file: &Path) -> Finding {
    const CHECK: &str = "secrets";
    let vault = Vault::of(file.parent().unwrap_or(file));
    let (kept, wrong) = match secrets::try_all(connection, &vault) {
        Ok(found) => found,
        Err(error) => return refused(CHECK, &error),
    };
    let key = key::read(vault.file());
    // Without a secret, a key that cannot be used hinders only the next one that is set.
    let fault = match (wrong.first(), &key) {
        (Some(error), _) | (None, Err(error)) => Some(error),
        (None, Ok(_)) => None,
    };
    if let Some(error) = fault {
        let health = if kept.is_empty() { Health::Warning } else { Health::Fault };
        let (said, advice) = told(error);
        return Finding::new(CHECK, health, said).advise(advice);
    }
    let text = match (kept.as_slice(), key) {
        ([], Ok(None)) => "No secret is kept, and there is no key file yet.".to_owned(),
        ([], Ok(Some(_)) | Err(_)) => {
            format!("No secret is kept; the key file {} is in order.", vault.file().display())
        }
        ([one], _) => format!(
            "1 secret is kept, {}, and opens with the key file {}.",
            secrets::words(one),
            vault.file().display()
        ),
        (more, _) => format!(
            "{} secrets are kept, and open with the key file {}.",
            more.len(),
            vault.file().display()
        ),
    };
    Finding::new(CHECK, Health::Ok, text)
}

/// What is wrong and what to do about it, apart.
fn told(error: &SecretError) -> (String, String) {
    let said = error.to_string();
    let (what, then) = said.split_once(": ").unwrap_or((said.as_str(), ""));
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| {
            format!("{}{}.", first.to_uppercase(), letters.as_str())
        })
    };
    (capital(what), capital(then))
}

fn people(connection: &Connection) -> rusqlite::Result<Finding> {
    let bit = 1_i64 << Right::Administrator as u8;
    let ask = "SELECT count(*), coalesce(sum(status = 'active' AND kind = 'person' AND password_hash IS NOT NULL \
               AND rights & ?1 <> 0), 0) FROM accounts";
    let (accounts, administrators): (i64, i64) =
        connection.query_row(ask, [bit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let many = |count: i64, noun: &str| match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let text = format!(
        "There is {}, and {} that can sign in.",
        many(accounts, "account"),
        many(administrators, "administrator")
    );
    let text = if accounts > 1 { text.replacen("There is", "There are", 1) } else { text };
    if administrators > 0 {
        return Ok(Finding::new("people", Health::Ok, text));
    }
    let health = if accounts > 0 { Health::Warning } else { Health::Ok };
    let advice = "The window needs none. For the web: run busbar user add NAME --permission administrator, or use the link that busbar serve prints.";
    Ok(Finding::new("people", health, text).advise(advice))
}
