//! What orders about device folders do: the folder and its line stand or fall together as far as two
//! disks of one machine can.

use serde_json::json;

use crate::engine::device::check::is_id;
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::devices::{KeepDevice, RemoveDevice};
use crate::engine::profile::devices::{Devices, DevicesError};
use crate::engine::store::{Writing, putback};

pub fn keep(desk: &mut Desk<'_>, order: &KeepDevice) -> Result<(), OrderError> {
    let devices = desk.people.devices();
    guard(desk.writing, devices, &order.name).map_err(said)?;
    let before = devices.write(&order.name, &order.files, &order.expected).map_err(said)?;
    desk.before = before.map(|mark| json!({ "mark": mark }));
    desk.remember("mark", json!(order.files.mark()));
    desk.remember("bytes", json!(order.files.manifest.len() + order.files.messages.len()));
    Ok(())
}

pub fn remove(desk: &mut Desk<'_>, order: &RemoveDevice) -> Result<(), OrderError> {
    let devices = desk.people.devices();
    let users = devices.users(&order.name);
    if !users.is_empty() {
        return Err(OrderError::Unfit(format!(
            "the device folder {} is used by {}: take them out of their profiles first",
            order.name,
            users.join(", ")
        )));
    }
    guard(desk.writing, devices, &order.name).map_err(said)?;
    let before = devices.remove(&order.name, &order.expected).map_err(said)?;
    desk.before = before.map(|mark| json!({ "mark": mark }));
    Ok(())
}

/// The folder is what it was, and its kind with it, where what `writing` does is not kept.
pub fn guard(writing: &Writing<'_>, devices: &Devices, name: &str) -> Result<(), DevicesError> {
    // A name that could be no kind's is refused where it is written, and leads to no folder of one.
    if !is_id(name) {
        return Ok(());
    }
    let own = devices.clone();
    writing.otherwise(move || _ = own.look());
    putback::guard(writing, &devices.folder_of(name)).map_err(|source| DevicesError::File {
        name: name.to_owned(),
        done: "written",
        source,
    })
}

fn said(error: DevicesError) -> OrderError {
    match error {
        DevicesError::Unknown(name) => OrderError::NotFound { what: "device folder", which: name },
        DevicesError::Changed(name) => {
            OrderError::Stale { what: format!("the device folder {name}") }
        }
        error @ (DevicesError::Unsound(_)
        | DevicesError::Builtin(_)
        | DevicesError::Full
        | DevicesError::File { .. }) => OrderError::Unfit(error.to_string()),
    }
}
