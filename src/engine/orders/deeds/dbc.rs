//! What orders about kept DBC files do: the file and its line stand or fall together as far as two
//! disks of one machine can.

use serde_json::json;

use crate::base::id::Name;
use crate::engine::dbc::Extent;
use crate::engine::orders::OrderError;
use crate::engine::orders::dbc::{KeepDbc, RemoveDbc};
use crate::engine::orders::desk::Desk;
use crate::engine::profile::shelf::{Shelf, ShelfError, mark};
use crate::engine::store::putback;

pub fn keep(desk: &mut Desk<'_>, order: &KeepDbc) -> Result<(), OrderError> {
    if let Some(why) = Extent::of_lines(&order.bytes).why_not() {
        return Err(OrderError::Unfit(format!("the DBC file {} {why}", order.name)));
    }
    let shelf = desk.people.shelf();
    guard(desk, shelf, &order.name)?;
    let before = shelf.write(&order.name, &order.bytes, &order.expected).map_err(said)?;
    desk.before = before.map(|mark| json!({ "mark": mark }));
    desk.remember("mark", json!(mark(&order.bytes)));
    desk.remember("bytes", json!(order.bytes.len()));
    Ok(())
}

pub fn remove(desk: &mut Desk<'_>, order: &RemoveDbc) -> Result<(), OrderError> {
    let shelf = desk.people.shelf();
    let there = shelf.read(&order.name).map_err(said)?;
    guard(desk, shelf, &order.name)?;
    shelf.remove(&order.name, order.expected.as_deref()).map_err(said)?;
    desk.before = Some(json!({ "mark": mark(&there), "bytes": there.len() }));
    Ok(())
}

/// The file is what it was where the order's line is not kept.
pub fn guard(desk: &Desk<'_>, shelf: &Shelf, name: &Name) -> Result<(), OrderError> {
    putback::guard(desk.writing, &shelf.file_of(name)).map_err(|source| {
        said(ShelfError::File { name: name.to_string(), done: "written", source })
    })
}

fn said(error: ShelfError) -> OrderError {
    match error {
        ShelfError::Unknown(name) => {
            OrderError::NotFound { what: "DBC file", which: name.to_string() }
        }
        ShelfError::Taken(name) => OrderError::Taken { what: "a DBC file", name: name.to_string() },
        ShelfError::Changed(name) => OrderError::Stale { what: format!("the DBC file {name}") },
        error @ (ShelfError::TooLarge { .. } | ShelfError::Full | ShelfError::File { .. }) => {
            OrderError::Unfit(error.to_string())
        }
    }
}
