//! DBC files in the window: the editor and what is on the disk. Reading and writing run aside.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Console, Shared};
use crate::engine::{
    AssignDbcs, DbcSource, LARGEST_DBC, Snapshot, UseCan, ViewPlant, dbc_mark, same_dbc_file,
    write_dbc_file,
};
use crate::view::compose::dbc::desk::DbcDesk;
use crate::view::compose::dbc::{self, SignalWatch, source_name};
use crate::view::dbc::{DbcAsk, DbcKey, DbcPrefs, DbcView};
use crate::view::shown::Tone;

/// Frames of the trace that are looked at for one picture.
const FRAMES: usize = 300_000;

/// What the window keeps of DBC files.
#[derive(Default)]
pub(super) struct Room {
    desk: Arc<Mutex<DbcDesk>>,
    watch: SignalWatch,
}

fn lock(desk: &Mutex<DbcDesk>) -> MutexGuard<'_, DbcDesk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Room {
    /// Whether a file is open that was not saved.
    pub(super) fn is_changed(&self) -> bool {
        lock(&self.desk).is_changed()
    }
}

/// The tab.
pub(super) fn view(console: &mut Console, prefs: &DbcPrefs) -> DbcView {
    let snapshot = console.snapshot();
    let buses = snapshot.iter().flat_map(|snapshot| &snapshot.buses);
    let buses = buses.map(|bus| bus.name.to_string()).collect();
    let desk = lock(&console.dbc.desk).view(buses);
    let Some(snapshot) = snapshot else {
        return DbcView { desk, ..DbcView::default() };
    };
    if desk.is_none()
        && let Ok(grant) = console.shared.session.permit(UseCan)
    {
        let reel = console.shared.door.reel(&grant);
        console.dbc.watch.look(&snapshot, &reel, prefs.selected, FRAMES);
    }
    DbcView { desk, ..dbc::dbc(&snapshot, prefs, &console.dbc.watch) }
}

/// Does what is asked.
pub(super) fn carry_out(console: &Console, ask: DbcAsk) {
    let desk = Arc::clone(&console.dbc.desk);
    let snapshot = console.snapshot();
    match ask {
        DbcAsk::Desk(one) => lock(&desk).ask(one),
        DbcAsk::New => lock(&desk).begin(),
        DbcAsk::Close => lock(&desk).close(),
        DbcAsk::Copy(bus, source) => {
            let key = DbcKey { bus, source, message: 0 };
            if let Some(snapshot) = &snapshot
                && let Some((codec, from)) =
                    dbc::codec(snapshot, key).zip(dbc::source(snapshot, key))
            {
                lock(&desk).copy(&source_name(from), codec);
            }
        }
        DbcAsk::Open(path) => console.aside("dbc open", move |shared| {
            match read(&path) {
                Ok(bytes) => lock(&desk).open(&path, &bytes),
                Err(why) => shared.note(Tone::Fault, why),
            }
            shared.changed();
        }),
        DbcAsk::Save => console.aside("dbc save", move |shared| {
            if let Some(file) = save(&desk, None) {
                again(shared, &file);
            }
            shared.changed();
        }),
        DbcAsk::SaveAs(path) => console.aside("dbc save", move |shared| {
            let mut path = path;
            if path.extension().is_none() {
                path.set_extension("dbc");
            }
            if let Some(file) = save(&desk, Some(path)) {
                again(shared, &file);
            }
            shared.changed();
        }),
        DbcAsk::Assign(bus) => console.aside("dbc assign", move |shared| {
            if let Some(file) = save(&desk, None) {
                assign(shared, &bus, &file);
            }
            shared.changed();
        }),
        DbcAsk::Unassign(bus, source) => {
            if let Some(snapshot) = snapshot {
                console.aside("dbc assign", move |shared| unassign(shared, &snapshot, bus, source));
            }
        }
    }
    console.shared.changed();
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}.", path.display());
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(format!("{} is not a file.", path.display()));
    }
    if about.len() > LARGEST_DBC {
        let most = LARGEST_DBC >> 20;
        return Err(format!("{} is larger than any DBC file: {most} MiB.", path.display()));
    }
    std::fs::read(path).map_err(failed)
}

/// Saves what is in the editor, where it is kept or to `path`; gives the file. What somebody else has
/// changed meanwhile is not overwritten.
fn save(desk: &Mutex<DbcDesk>, path: Option<PathBuf>) -> Option<PathBuf> {
    let saving = lock(desk).saving();
    let saving = match saving {
        Ok(saving) => saving,
        Err(why) => {
            lock(desk).say(Tone::Fault, why);
            return None;
        }
    };
    let own = path.is_none() || path == saving.file;
    let Some(file) = path.or(saving.file) else {
        lock(desk).say(Tone::Warning, "It is in no file yet: choose Save as first.".to_owned());
        return None;
    };
    let there = read(&file).ok().map(|bytes| dbc_mark(&bytes));
    if own && there.is_some() && there != saving.expected {
        let text = format!(
            "Not saved: {} was changed outside since it was opened. Choose Save as to keep both, or open it again to see what it says now.",
            file.display()
        );
        lock(desk).say(Tone::Fault, text);
        return None;
    }
    match write_dbc_file(&file, &saving.bytes) {
        Ok(()) => {
            lock(desk).saved(&file, &saving.bytes);
            Some(file)
        }
        Err(error) => {
            let text = format!("Not saved: {} cannot be written: {error}.", file.display());
            lock(desk).say(Tone::Fault, text);
            None
        }
    }
}

/// Gives an order that a file was read for.
fn give(shared: &Shared, order: Result<AssignDbcs, String>) {
    match order {
        Ok(order) => shared.submit(order),
        Err(why) => shared.note(Tone::Fault, format!("The bus is read as before: {why}.")),
    }
}

fn look(shared: &Shared) -> Option<Arc<Snapshot>> {
    let grant = shared.session.permit(ViewPlant).ok()?;
    Some(shared.door.look(&grant))
}

fn assign(shared: &Shared, bus: &str, file: &Path) {
    let Some(snapshot) = look(shared) else { return };
    let Some(found) = snapshot.buses.iter().find(|one| one.name.as_str() == bus) else { return };
    give(shared, AssignDbcs::add(found.name.clone(), file));
}

/// Buses that are read by this file are read by what it says now.
fn again(shared: &Shared, file: &Path) {
    let Some(snapshot) = look(shared) else { return };
    for bus in &snapshot.buses {
        let mut sources = snapshot.decoders.sources(bus.id);
        let own = |source: &DbcSource| match source {
            DbcSource::File { file: one, .. } => same_dbc_file(one, file),
            DbcSource::Device(_) | DbcSource::Unsaid => false,
        };
        if sources.any(|(source, _)| own(source)) {
            give(shared, AssignDbcs::renew(bus.name.clone(), file));
        }
    }
}

fn unassign(shared: &Shared, snapshot: &Snapshot, bus: u16, source: u16) {
    let key = DbcKey { bus, source, message: 0 };
    let Some(DbcSource::File { file, .. }) = dbc::source(snapshot, key) else { return };
    if let Some(bus) = snapshot.buses.get(usize::from(bus)) {
        give(shared, Ok(AssignDbcs::remove(bus.name.clone(), file.clone())));
    }
}
