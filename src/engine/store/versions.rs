//! Versions of profiles as rows: what one said after each edit. Knows nothing of what a profile means.

use std::fmt;

use rusqlite::{Row, named_params, params};

use crate::base::time::Wall;
use crate::engine::store::columns;
use crate::engine::store::{Reading, StoreError, Writing};

/// Most versions of one profile.
pub const MOST_VERSIONS: usize = 200;
/// Most bytes of the texts of all of them.
pub const MOST_BYTES: u64 = 8 << 20;
/// Most bytes of the texts of every profile together.
pub const MOST_BYTES_ALL: u64 = 64 << 20;
/// Versions that stay however large they are: the present one and the one before.
const STAY: usize = 2;
/// Longest description of what was changed, characters.
const WHAT_CHARS: usize = 500;

/// The number of a version: a later one of any profile has a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub i64);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A version to be kept.
#[derive(Clone, Debug)]
pub struct Saved<'a> {
    /// Of which profile.
    pub profile: &'a str,
    /// When.
    pub at: Wall,
    /// Who, in words.
    pub who: &'a str,
    /// Through which face.
    pub face: &'a str,
    /// What was changed, in words.
    pub what: &'a str,
    /// The whole text.
    pub text: &'a str,
}

/// A version, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionLine {
    /// Its number.
    pub id: VersionId,
    /// When.
    pub at: Wall,
    /// Who, in words.
    pub who: String,
    /// Through which face.
    pub face: String,
    /// What was changed, in words.
    pub what: String,
    /// Bytes of its text.
    pub bytes: u64,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What is said of it.
    pub line: VersionLine,
    /// The text of the version before it; none: it is the oldest that is kept.
    pub before: Option<(VersionId, String)>,
    /// Its text.
    pub text: String,
}

/// Keeps a version, and lets the oldest go where there are too many or too large ones.
///
/// # Errors
/// The database refuses.
pub fn save(writing: &Writing<'_>, saved: &Saved<'_>) -> Result<VersionId, StoreError> {
    let what: String = saved.what.chars().take(WHAT_CHARS).collect();
    writing.tx.execute(
        "INSERT INTO profile_versions (profile, at_ms, who, face, what, text)
         VALUES (:profile, :at, :who, :face, :what, :text)",
        named_params! {
            ":profile": saved.profile,
            ":at": columns::ms(saved.at),
            ":who": saved.who,
            ":face": saved.face,
            ":what": what,
            ":text": saved.text,
        },
    )?;
    let id = VersionId(writing.tx.last_insert_rowid());
    prune(writing, Some(saved.profile), MOST_VERSIONS, MOST_BYTES)?;
    prune(writing, None, usize::MAX, MOST_BYTES_ALL)?;
    Ok(id)
}

/// Lets the oldest go, of one profile or of all together.
fn prune(
    writing: &Writing<'_>,
    profile: Option<&str>,
    most: usize,
    most_bytes: u64,
) -> Result<(), StoreError> {
    // The newest of each profile stay: their place among their own is below `STAY`.
    let sql = "SELECT id, length(CAST(text AS BLOB)),
           (SELECT count(*) FROM profile_versions newer
            WHERE newer.profile = one.profile AND newer.id > one.id) AS place
         FROM profile_versions one WHERE :profile IS NULL OR profile = :profile
         ORDER BY id DESC";
    let mut statement = writing.tx.prepare(sql)?;
    let mut rows = statement.query(named_params! { ":profile": profile })?;
    let (mut count, mut bytes, mut gone) = (0, 0_u64, Vec::new());
    while let Some(row) = rows.next()? {
        let (id, size, place): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        count += 1;
        bytes = bytes.saturating_add(u64::try_from(size).unwrap_or_default());
        if (count > most || bytes > most_bytes) && place >= STAY as i64 {
            gone.push(id);
        }
    }
    for id in gone {
        writing.tx.execute("DELETE FROM profile_versions WHERE id = ?1", params![id])?;
    }
    Ok(())
}

/// The versions of a profile, newest first.
///
/// # Errors
/// The database refuses.
pub fn list(reading: &Reading<'_>, profile: &str) -> Result<Vec<VersionLine>, StoreError> {
    let sql = "SELECT id, at_ms, who, face, what, length(CAST(text AS BLOB)) AS bytes
         FROM profile_versions WHERE profile = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = reading.connection.prepare(sql)?;
    let rows = statement.query_map(params![profile, MOST_VERSIONS as i64], line)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One version of a profile; none where there is none with this number.
///
/// # Errors
/// The database refuses.
pub fn one(
    reading: &Reading<'_>,
    profile: &str,
    id: VersionId,
) -> Result<Option<Version>, StoreError> {
    let sql = "SELECT id, at_ms, who, face, what, length(CAST(text AS BLOB)) AS bytes, text
         FROM profile_versions WHERE profile = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 2";
    let mut statement = reading.connection.prepare(sql)?;
    let rows = statement
        .query_map(params![profile, id.0], |row| Ok((line(row)?, row.get::<_, String>("text")?)))?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
    let Some((line, text)) = found.next().filter(|(line, _)| line.id == id) else {
        return Ok(None);
    };
    let before = found.next().map(|(line, text)| (line.id, text));
    Ok(Some(Version { line, before, text }))
}

/// The text of the newest version of a profile.
///
/// # Errors
/// The database refuses.
pub fn newest(reading: &Reading<'_>, profile: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT text FROM profile_versions WHERE profile = ?1 ORDER BY id DESC LIMIT 1";
    let mut statement = reading.connection.prepare(sql)?;
    let mut rows = statement.query(params![profile])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

/// The newest version of every profile: whose it is, the version, its text.
///
/// # Errors
/// The database refuses.
pub fn newest_of_all(
    reading: &Reading<'_>,
) -> Result<Vec<(String, VersionLine, String)>, StoreError> {
    let sql =
        "SELECT profile, id, at_ms, who, face, what, length(CAST(text AS BLOB)) AS bytes, text
         FROM profile_versions WHERE id IN (SELECT max(id) FROM profile_versions GROUP BY profile)";
    let mut statement = reading.connection.prepare(sql)?;
    let rows =
        statement.query_map([], |row| Ok((row.get("profile")?, line(row)?, row.get("text")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The versions of a profile are those of another from now on: it is called otherwise.
///
/// # Errors
/// The database refuses.
pub fn rename(writing: &Writing<'_>, from: &str, to: &str) -> Result<(), StoreError> {
    let sql = "UPDATE profile_versions SET profile = ?2 WHERE profile = ?1";
    writing.tx.execute(sql, params![from, to])?;
    Ok(())
}

fn line(row: &Row<'_>) -> rusqlite::Result<VersionLine> {
    let bytes: i64 = row.get("bytes")?;
    Ok(VersionLine {
        id: VersionId(row.get("id")?),
        at: columns::wall(row.get("at_ms")?),
        who: row.get("who")?,
        face: row.get("face")?,
        what: row.get("what")?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
    })
}
