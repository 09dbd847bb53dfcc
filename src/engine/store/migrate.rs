//! Bringing a database up to date: numbered steps, embedded, forward only, each in one transaction
//! together with the number it leads to. A database that holds something is copied first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::base::time::Wall;
use crate::engine::store::secrets::{Vault, moving};
use crate::engine::store::{OpenError, StoreError, place};

/// A step. Its number is its place in the list, from 1.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The name of its file.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
    /// What it does that SQL cannot, in the same transaction.
    pub then: Option<Then>,
}

/// What a step does in code.
pub type Then = fn(&Connection, &Vault) -> Result<(), StoreError>;

macro_rules! migration {
    ($name:literal) => {
        migration!($name, None)
    };
    ($name:literal, $then:expr) => {
        Migration {
            name: $name,
            sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name)),
            then: $then,
        }
    };
}

/// All steps, oldest first. A step that was released is never edited: another one follows it.
pub const MIGRATIONS: &[Migration] = &[
    migration!("0001_people.sql"),
    migration!("0002_charges.sql"),
    migration!("0003_profiles.sql"),
    migration!("0004_secrets.sql", Some(moving::seal_all)),
];

/// The schema that this program writes.
pub const fn newest(migrations: &[Migration]) -> i64 {
    migrations.len() as i64
}

/// What has to be done to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// It is empty: everything is made.
    Making,
    /// It is brought up from this schema.
    Upgrade(i64),
}

/// Looks at what has to be done.
///
/// # Errors
/// The database is newer than this program, or not one of ours, or refuses.
pub fn due(connection: &Connection, file: &Path, list: &[Migration]) -> Result<Due, OpenError> {
    let failed = |source| OpenError::Database { file: file.to_owned(), source };
    let found = version(connection).map_err(failed)?;
    let known = newest(list);
    if found > known {
        return Err(OpenError::Newer { file: file.to_owned(), found, known });
    }
    if found == known {
        return Ok(Due::Nothing);
    }
    if found > 0 {
        return Ok(Due::Upgrade(found));
    }
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(failed)?;
    // Another process may be making everything at this moment: then it has a number, too.
    if found < 0 || (tables > 0 && version(connection).map_err(failed)? == 0) {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    Ok(Due::Making)
}

/// The schema's number.
///
/// # Errors
/// The database refuses.
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes an empty database: all steps in one transaction, so that another process that looks
/// meanwhile sees nothing or everything, and never one to be brought up from halfway.
///
/// # Errors
/// A step fails; nothing is done.
pub fn make(connection: &mut Connection, file: &Path, list: &[Migration]) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database { file: file.to_owned(), source };
    let tx =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Somebody else may have made it while we waited for the transaction.
    if version(&tx).map_err(failed)? == 0 {
        for (number, migration) in (1..).zip(list) {
            step(&tx, file, number, migration)?;
        }
        moving::never_was(&tx).map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

fn step(tx: &Connection, file: &Path, number: i64, migration: &Migration) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database { file: file.to_owned(), source };
    tracing::info!(step = migration.name, "bringing the database up to date");
    tx.execute_batch(migration.sql).map_err(failed)?;
    if let Some(then) = migration.then {
        let vault = Vault::of(file.parent().unwrap_or(file));
        then(tx, &vault).map_err(|error| match error {
            StoreError::Database(source) => failed(source),
            source => OpenError::Secrets { file: file.to_owned(), source },
        })?;
    }
    tx.pragma_update(None, "user_version", number).map_err(failed)
}

/// Takes every step that is due.
///
/// # Errors
/// A step fails; it and what follows it is not done.
pub fn apply(
    connection: &mut Connection,
    file: &Path,
    list: &[Migration],
) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database { file: file.to_owned(), source };
    for (number, migration) in (1..).zip(list) {
        let tx =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // Somebody else may have taken this step while we waited for the transaction.
        if version(&tx).map_err(failed)? >= number {
            continue;
        }
        step(&tx, file, number, migration)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}

/// Copies the database into the folder of copies and says where to.
///
/// # Errors
/// It cannot be copied.
pub fn back_up(
    connection: &Connection,
    file: &Path,
    schema: i64,
    at: Wall,
) -> Result<PathBuf, OpenError> {
    let what = "backed up before its upgrade";
    let failed = |source| OpenError::File { file: file.to_owned(), what, source };
    let folder = file.parent().unwrap_or(file).join(place::BACKUPS);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).create(&folder).map_err(failed)?;
    place::tighten(&folder, 0o700).map_err(failed)?;
    let stem = format!("busbar-{schema}-{}", place::stamp(at));
    let copy = place::fresh(&folder, &stem, ".db").map_err(failed)?;
    let copied = connection
        .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .map_err(std::io::Error::other)
        .and_then(|_| File::open(&copy)?.sync_all())
        .and_then(|()| place::sync(&folder));
    if let Err(why) = copied {
        // Half a copy is worse than none: somebody might rely on it.
        drop(fs::remove_file(&copy));
        return Err(failed(why));
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The hash of every step that was released. A new step gets a line here; an old line never
    /// changes.
    const RELEASED: &[(&str, &str)] = &[
        ("0001_people.sql", "b598c121bb6bf5dedcaccaf9d4b242c607ad8035c85fc7dd96029fef6a4b8a8a"),
        ("0002_charges.sql", "ea8b0a697fba5c3fd011c0501f16bfe3a901dda19ee5243d20465af35b67f5dd"),
        ("0003_profiles.sql", "be19846657e5e7e8fcfbf619016135a6468f2fbc711e56ded5f5789573a1eeb1"),
        ("0004_secrets.sql", "274ad3f9f4f99774ab7c8bcbbb5d768cb09d2f439cf45aca8ca106feba16dfcc"),
    ];

    const NEXT: Migration = Migration {
        name: "0001_next.sql",
        sql: "ALTER TABLE services ADD COLUMN colour TEXT; CREATE TABLE more (id INTEGER) STRICT;",
        then: None,
    };
    const BROKEN: Migration = Migration {
        name: "0002_broken.sql",
        sql: "CREATE TABLE even_more (id); NONSENSE;",
        then: None,
    };

    fn open(folder: &Path) -> (Connection, PathBuf) {
        let file = folder.join(place::DATABASE);
        (Connection::open(&file).unwrap(), file)
    }

    #[test]
    fn no_released_step_was_edited_and_every_file_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let listed: Vec<&str> = MIGRATIONS.iter().map(|step| step.name).collect();
        assert_eq!(names, listed, "the folder and the list differ");
        assert_eq!(RELEASED.len(), MIGRATIONS.len(), "a step has no hash");
        for (number, (step, (name, hash))) in MIGRATIONS.iter().zip(RELEASED).enumerate() {
            assert!(step.name.starts_with(&format!("{:04}_", number + 1)), "{}", step.name);
            assert_eq!(step.name, *name);
            let found = HEXLOWER.encode(&Sha256::digest(step.sql));
            assert_eq!(found, *hash, "{name} was edited: a released step stays as it is");
        }
    }

    #[test]
    fn an_empty_database_is_made_and_one_that_is_current_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, file) = open(folder.path());
        assert_eq!(due(&connection, &file, MIGRATIONS).unwrap(), Due::Making);
        make(&mut connection, &file, MIGRATIONS).unwrap();
        assert_eq!(version(&connection).unwrap(), newest(MIGRATIONS));
        assert_eq!(due(&connection, &file, MIGRATIONS).unwrap(), Due::Nothing);
        apply(&mut connection, &file, MIGRATIONS).unwrap();
    }

    #[test]
    fn an_older_database_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, file) = open(folder.path());
        apply(&mut connection, &file, MIGRATIONS).unwrap();
        connection.execute("INSERT INTO services (name) VALUES ('Yard')", []).unwrap();
        let list = [MIGRATIONS, &[NEXT]].concat();
        assert_eq!(due(&connection, &file, &list).unwrap(), Due::Upgrade(newest(MIGRATIONS)));
        let at = Wall::from_nanos(1_700_000_000_000_000_000);
        let copy = back_up(&connection, &file, newest(MIGRATIONS), at).unwrap();
        apply(&mut connection, &file, &list).unwrap();
        let name = "SELECT name FROM services WHERE colour IS NULL";
        let kept: String = connection.query_row(name, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "Yard");
        let wanted = format!("backups/busbar-{}-20231114T221320Z.db", newest(MIGRATIONS));
        assert!(copy.ends_with(wanted), "{}", copy.display());
        #[cfg(unix)]
        assert_eq!(place::mode(&copy).unwrap(), Some(0o600));
        let copied = Connection::open(&copy).unwrap();
        assert_eq!(version(&copied).unwrap(), newest(MIGRATIONS));
        let kept: String =
            copied.query_row("SELECT name FROM services", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "Yard");
    }

    #[test]
    fn a_database_of_the_first_release_is_brought_up_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, file) = open(folder.path());
        make(&mut connection, &file, &MIGRATIONS[..1]).unwrap();
        connection.execute("INSERT INTO services (name) VALUES ('Yard')", []).unwrap();
        assert_eq!(due(&connection, &file, MIGRATIONS).unwrap(), Due::Upgrade(1));
        apply(&mut connection, &file, MIGRATIONS).unwrap();
        let sql = "SELECT name, (SELECT count(*) FROM charges), (SELECT count(*) FROM latches),
             (SELECT count(*) FROM profile_versions) FROM services";
        let found: (String, i64, i64, i64) = connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap();
        assert_eq!(found, ("Yard".to_owned(), 0, 0, 0));
    }

    #[test]
    fn making_is_done_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, file) = open(folder.path());
        let list = [MIGRATIONS, &[BROKEN]].concat();
        assert!(make(&mut connection, &file, &list).is_err());
        assert_eq!(due(&connection, &file, MIGRATIONS).unwrap(), Due::Making);
    }

    #[test]
    fn a_step_that_fails_leaves_the_step_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, file) = open(folder.path());
        let list = [MIGRATIONS, &[NEXT, BROKEN]].concat();
        assert!(apply(&mut connection, &file, &list).is_err());
        assert_eq!(version(&connection).unwrap(), newest(MIGRATIONS) + 1);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'even_more'";
        let left: i64 = connection.query_row(tables, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn a_database_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, file) = open(folder.path());
        connection.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
        let said = due(&connection, &file, MIGRATIONS).unwrap_err().to_string();
        assert!(
            said.ends_with("is a database of another program: use another --data-dir"),
            "{said}"
        );
        connection.pragma_update(None, "user_version", 999).unwrap();
        let said = due(&connection, &file, MIGRATIONS).unwrap_err().to_string();
        let known = newest(MIGRATIONS);
        let wanted = format!("newer Busbar (schema 999; this one knows up to {known})");
        assert!(said.contains(&wanted), "{said}");
    }
}
