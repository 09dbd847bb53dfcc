//! Services as rows.

use rusqlite::{OptionalExtension, Row};

use crate::engine::access::account::{Service, ServiceId};
use crate::engine::store::{Reading, StoreError, Writing};

const SELECT: &str = "SELECT s.id, s.name, s.version, \
     (SELECT COUNT(*) FROM accounts a WHERE a.service_id = s.id) AS members FROM services s";

/// All services, by name.
///
/// # Errors
/// The database refuses.
pub fn all(reading: &Reading<'_>) -> Result<Vec<Service>, StoreError> {
    let sql = format!("{SELECT} ORDER BY s.name COLLATE NOCASE, s.id");
    let mut statement = reading.connection.prepare(&sql)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The service with this number.
///
/// # Errors
/// The database refuses.
pub fn get(reading: &Reading<'_>, id: ServiceId) -> Result<Option<Service>, StoreError> {
    let sql = format!("{SELECT} WHERE s.id = ?1");
    Ok(reading.connection.query_row(&sql, [id.0], read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Service> {
    let members: i64 = row.get("members")?;
    Ok(Service {
        id: ServiceId(row.get("id")?),
        name: row.get("name")?,
        members: usize::try_from(members).unwrap_or_default(),
        version: row.get("version")?,
    })
}

/// The service of this name, whatever the case of all letters.
///
/// # Errors
/// The database refuses.
pub fn named(reading: &Reading<'_>, name: &str) -> Result<Option<Service>, StoreError> {
    let name = name.to_lowercase();
    Ok(all(reading)?.into_iter().find(|service| service.name.to_lowercase() == name))
}

/// Adds a service.
///
/// # Errors
/// The database refuses.
pub fn insert(writing: &Writing<'_>, name: &str) -> Result<ServiceId, StoreError> {
    writing.tx.execute("INSERT INTO services (name) VALUES (?1)", [name])?;
    Ok(ServiceId(writing.tx.last_insert_rowid()))
}

/// Renames a service and counts its version up.
///
/// # Errors
/// The database refuses.
pub fn rename(writing: &Writing<'_>, id: ServiceId, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE services SET name = ?2, version = version + 1 WHERE id = ?1";
    writing.tx.execute(sql, (id.0, name))?;
    Ok(())
}

/// Deletes a service; the database refuses while it has members.
///
/// # Errors
/// The database refuses.
pub fn delete(writing: &Writing<'_>, id: ServiceId) -> Result<(), StoreError> {
    writing.tx.execute("DELETE FROM services WHERE id = ?1", [id.0])?;
    Ok(())
}
