//! Settings as rows, one JSON object a section. Secrets are kept elsewhere; it is said whether there is one.

use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::engine::access::settings::{Mark, Marks, RecordSettings, Settings};
use crate::engine::store::columns;
use crate::engine::store::filters;
use crate::engine::store::secrets::{self, MAIL_PASSWORD};
use crate::engine::store::{Reading, StoreError, Writing};

/// What the mail server's password is called as a setting.
pub const MAIL_PASSWORD_FIELD: &str = "mail.password";

/// All settings; a section that was never saved has its defaults. The version counts every change
/// of any section.
///
/// # Errors
/// The database refuses, or a section cannot be understood.
pub fn all(reading: &Reading<'_>) -> Result<Settings, StoreError> {
    let mut settings = Settings {
        web: section(reading, "web")?.unwrap_or_default(),
        sessions: section(reading, "sessions")?.unwrap_or_default(),
        mail: section(reading, "mail")?.unwrap_or_default(),
        records: records(reading)?,
        general: section(reading, "general")?.unwrap_or_default(),
        look: section(reading, "look")?.unwrap_or_default(),
        kiosk: section(reading, "kiosk")?.unwrap_or_default(),
        version: 0,
    };
    settings.mail.has_password = secrets::is_set(reading, MAIL_PASSWORD)?;
    // Whoever keeps a filter of their own has changed nothing for others.
    let sql = "SELECT coalesce(sum(version), 0) FROM settings WHERE section NOT LIKE ?1 || '%'";
    settings.version = reading.connection.query_row(sql, [filters::KEYS], |row| row.get(0))?;
    Ok(settings)
}

/// How much is kept.
///
/// # Errors
/// The database refuses, or the section cannot be understood.
pub fn records(reading: &Reading<'_>) -> Result<RecordSettings, StoreError> {
    Ok(section(reading, "records")?.unwrap_or_default())
}

/// Changes of settings that are looked through for who made the last one of each.
const MARKED: u32 = 2_000;

/// Who changed which setting last, and when. What somebody else than the journal knows nothing of,
/// such as a setting restored from elsewhere, has no mark.
///
/// # Errors
/// The database refuses.
pub fn marks(reading: &Reading<'_>) -> Result<Marks, StoreError> {
    let sql = "SELECT who, at_ms, after FROM journal
         WHERE action IN ('save_settings', 'save_system') AND outcome = 'done' AND after IS NOT NULL
         ORDER BY seq DESC LIMIT ?1";
    let mut statement = reading.connection.prepare(sql)?;
    let mut rows = statement.query([MARKED])?;
    let mut marks = Marks::default();
    while let Some(row) = rows.next()? {
        let (who, at, after): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(&after) else { continue };
        for name in fields.into_iter().map(|(name, _)| name) {
            let mark = || Mark { who: who.clone(), at: columns::wall(at) };
            marks.0.entry(name).or_insert_with(mark);
        }
    }
    // Of a secret that is set it is kept with it, however long that is ago.
    if let Some(mark) = secrets::mark(reading, MAIL_PASSWORD)? {
        marks.0.insert(MAIL_PASSWORD_FIELD.to_owned(), mark);
    }
    Ok(marks)
}

fn section<T: DeserializeOwned>(
    reading: &Reading<'_>,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let sql = "SELECT value FROM settings WHERE section = ?1";
    let text: Option<String> =
        reading.connection.query_row(sql, [name], |row| row.get(0)).optional()?;
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    read.map_err(|_| StoreError::Odd("a section of the settings"))
}

/// Saves a section and counts its version up.
///
/// # Errors
/// The database refuses.
pub fn save<T: Serialize>(writing: &Writing<'_>, name: &str, value: &T) -> Result<(), StoreError> {
    let text = serde_json::to_string(value)
        .map_err(|_| StoreError::Odd("a section that was to be put"))?;
    let sql = "INSERT INTO settings (section, value) VALUES (?1, ?2)
         ON CONFLICT (section) DO UPDATE SET value = excluded.value, version = version + 1";
    writing.tx.execute(sql, (name, text))?;
    Ok(())
}
