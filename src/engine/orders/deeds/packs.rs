//! What the order does that brings a profile pack: everything is looked at before anything is written,
//! and what was written is taken back where something later fails.

use serde_json::json;

use crate::base::id::Name;
use crate::engine::can::record::shelf::Shelf as Recordings;
use crate::engine::orders::OrderError;
use crate::engine::orders::deeds::profiles::said;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::profiles::ImportPack;
use crate::engine::people::ledger::{Author, Ledger};
use crate::engine::profile::devices::{Devices, DevicesError, Files};
use crate::engine::profile::expand::environment;
use crate::engine::profile::pack::{Item, PackError, Part, Preview, Stand};
use crate::engine::profile::remote::no_variable;
use crate::engine::profile::shelf::{Expected, Shelf, ShelfError};

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
    let mut undo = Undo { devices: people.devices(), shelf: people.shelf(), steps: Vec::new() };
    let done = put(desk, order, &preview, &mut undo);
    if done.is_err() {
        undo.take_back();
    }
    done?;
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

fn put(
    desk: &Desk<'_>,
    order: &ImportPack,
    preview: &Preview,
    undo: &mut Undo<'_>,
) -> Result<(), OrderError> {
    let is_same = |part: Part, name: &str| {
        preview.those(Stand::Same).any(|item| item.part == part && item.name == name)
    };
    for (name, files) in order.pack.devices() {
        if is_same(Part::Device, name) {
            continue;
        }
        let former = match undo.devices.read(name) {
            Ok(former) => Some(former),
            Err(DevicesError::Unknown(_)) => None,
            // It could not be put back: whoever wants it replaced removes it first.
            Err(error) => {
                return Err(OrderError::Unfit(format!("the device folder {name}: {error}")));
            }
        };
        let written = undo.devices.write(name, files, &Expected::Anything);
        written.map_err(|error| OrderError::Unfit(error.to_string()))?;
        undo.steps.push(Step::Device(name.clone(), former));
    }
    for (name, bytes) in order.pack.dbcs() {
        if is_same(Part::Dbc, name.as_str()) {
            continue;
        }
        let unfit = |error: ShelfError| OrderError::Unfit(error.to_string());
        let former = match undo.shelf.read(name) {
            Ok(former) => Some(former),
            Err(ShelfError::Unknown(_)) => None,
            Err(error) => return Err(unfit(error)),
        };
        undo.shelf.write(name, bytes, &Expected::Anything).map_err(unfit)?;
        undo.steps.push(Step::Dbc(name.clone(), former));
    }
    if let Some((shelf, incoming)) = order.recordings.take() {
        for one in incoming {
            let name = one.name().to_owned();
            shelf.keep(one).map_err(|error| OrderError::Unfit(error.to_string()))?;
            undo.steps.push(Step::Recording(shelf.clone(), name));
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

/// What was written, with what was there before.
enum Step {
    Device(String, Option<Files>),
    Dbc(Name, Option<Vec<u8>>),
    Recording(Recordings, String),
}

/// What was written so far.
struct Undo<'d> {
    devices: &'d Devices,
    shelf: &'d Shelf,
    steps: Vec<Step>,
}

impl Undo<'_> {
    /// Puts back what was there, last things first. What cannot be put back is told in the log.
    fn take_back(&mut self) {
        while let Some(step) = self.steps.pop() {
            let failed = match step {
                Step::Device(name, former) => match former {
                    Some(files) => self.devices.write(&name, &files, &Expected::Anything),
                    None => self.devices.remove(&name, &Expected::Anything),
                }
                .err()
                .map(|error| error.to_string()),
                Step::Dbc(name, former) => match former {
                    Some(bytes) => self.shelf.write(&name, &bytes, &Expected::Anything).map(drop),
                    None => self.shelf.remove(&name, None),
                }
                .err()
                .map(|error| error.to_string()),
                Step::Recording(shelf, name) => {
                    shelf.remove(&name).err().map(|error| error.to_string())
                }
            };
            if let Some(error) = failed {
                tracing::error!(%error, "a part of a refused profile pack stays");
            }
        }
    }
}
