//! What the order does that brings a profile pack: everything is looked at before anything is written,
//! and what was written is taken back where something later fails.

use serde_json::json;

use crate::engine::orders::OrderError;
use crate::engine::orders::deeds::dbc::guard as guard_dbc;
use crate::engine::orders::deeds::devices::guard as guard_device;
use crate::engine::orders::deeds::profiles::said;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::profiles::ImportPack;
use crate::engine::people::ledger::{Author, Ledger};
use crate::engine::profile::devices::DevicesError;
use crate::engine::profile::expand::environment;
use crate::engine::profile::pack::{Item, PackError, Part, Preview, Stand};
use crate::engine::profile::remote::no_variable;
use crate::engine::profile::shelf::Expected;

pub fn import(desk: &mut Desk<'_>, order: &ImportPack) -> Result<Preview, OrderError> {
    let people = desk.people.clone();
    let places = (people.library(), people.devices());
    let (name, recordings) = (order.name.as_ref(), &order.recordings);
    let unfit = |error: PackError| OrderError::Unfit(error.to_string());
    let is_remote = desk.by.face.is_remote();
    if is_remote {
        no_variable((None, order.pack.profile())).map_err(OrderError::Unfit)?;
    }
    let preview = order.pack.preview(name, places, recordings, &environment).map_err(unfit)?;
    if is_remote {
        preview.check_sent(people.library(), &environment).map_err(unfit)?;
    }
    may(order, &preview)?;
    put(desk, order, &preview)?;
    let told = |item: &Item| format!("{} {}: {}", item.part.words(), item.name, item.stand.word());
    desk.remember("parts", json!(preview.items.iter().map(told).collect::<Vec<_>>()));
    Ok(preview)
}

/// Whether whoever gave it has seen what would be replaced.
fn may(order: &ImportPack, preview: &Preview) -> Result<(), OrderError> {
    if let Some(item) = preview.those(Stand::Clashes).next() {
        return Err(match item.part {
            Part::Profile => OrderError::Taken { what: "a profile", name: item.name.clone() },
            Part::Recording => OrderError::Taken { what: "a recording", name: item.name.clone() },
            Part::Device | Part::Dbc => {
                OrderError::Unfit(DevicesError::Builtin(item.name.clone()).to_string())
            }
        });
    }
    match &order.seen {
        Some(seen) if *seen != preview.mark => {
            Err(OrderError::Stale { what: "what the pack would replace".to_owned() })
        }
        Some(_) => Ok(()),
        None => match preview.those(Stand::Changed).next() {
            None => Ok(()),
            Some(item) => Err(OrderError::Unfit(format!(
                "there is another {} {} already: look at the preview, and say that it is to be replaced",
                item.part.words(),
                item.name
            ))),
        },
    }
}

fn put(desk: &Desk<'_>, order: &ImportPack, preview: &Preview) -> Result<(), OrderError> {
    let (devices, shelf) = (desk.people.devices(), desk.people.shelf());
    let is_same = |part: Part, name: &str| {
        preview.those(Stand::Same).any(|item| item.part == part && item.name == name)
    };
    for (name, files) in order.pack.devices() {
        if is_same(Part::Device, name) {
            continue;
        }
        let unfit = |error: DevicesError| OrderError::Unfit(error.to_string());
        guard_device(desk.writing, devices, name).map_err(unfit)?;
        devices.write(name, files, &Expected::Anything).map_err(unfit)?;
    }
    for (name, bytes) in order.pack.dbcs() {
        if is_same(Part::Dbc, name.as_str()) {
            continue;
        }
        guard_dbc(desk, shelf, name)?;
        shelf
            .write(name, bytes, &Expected::Anything)
            .map_err(|error| OrderError::Unfit(error.to_string()))?;
    }
    if let Some((shelf, incoming)) = order.recordings.take() {
        for one in incoming {
            let name = one.name().to_owned();
            shelf.keep(one).map_err(|error| OrderError::Unfit(error.to_string()))?;
            let own = shelf.clone();
            desk.writing.otherwise(move || {
                if let Err(error) = own.remove(&name) {
                    tracing::error!(%error, "a recording of a refused profile pack stays");
                }
            });
        }
    }
    if is_same(Part::Profile, preview.name.as_str()) {
        return Ok(());
    }
    let what = "brought by a profile pack".to_owned();
    let author = Author { by: desk.by.who.clone(), face: desk.by.face.code(), what };
    let ledger = Ledger { writing: desk.writing, library: desk.people.library(), at: desk.by.at };
    ledger.add(&preview.name, &preview.text, &author).map_err(said)?;
    desk.writing.touch();
    Ok(())
}
