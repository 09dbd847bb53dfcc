//! What a change of a profile means, in steps that set, take out and add: worked out on what the profile
//! says, and done there. The same steps are done in the text by [`draft`](super::draft).

use std::path::{Component as Part, Path, PathBuf};

use toml::{Table, Value};

use crate::base::id::Name;
use crate::engine::can::address::Address;
use crate::engine::profile::edit::{Change, EditError};
use crate::engine::profile::expand::expand;
use crate::engine::profile::model::BusEntry;
use crate::engine::profile::write::{Pair, bus_pairs, component_pairs, quote};

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the head of the file.
    Root,
    /// In a table of its own, such as `[charge]`.
    Section(&'static str),
    /// In one table of a list, such as the second `[[component]]`.
    One(&'static str, usize),
    /// In a table within that.
    Within(&'static str, usize, String),
}

/// A step. Values are written as they stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key has this value.
    Set(Place, String, String),
    /// A key goes.
    Unset(Place, String),
    /// A table is added at the end of a list.
    Push(&'static str, Vec<(String, String)>),
    /// A table of a list goes.
    Remove(&'static str, usize),
}

const BUS: &str = "bus";
const COMPONENT: &str = "component";
const MESSAGE: &str = "message";
const RECORDER: &str = "recorder";

/// The steps of `change` on a profile that says `had`; none where it says so already.
pub fn plan(had: &Table, folder: &Path, change: &Change) -> Result<Vec<Step>, EditError> {
    match change {
        Change::Rename(name) => {
            Ok(set_if_other(had, Place::Root, "name", Some(quote(name.as_str()))))
        }
        Change::Describe(text) => {
            let text = text.trim();
            let value = (!text.is_empty()).then(|| quote(text));
            Ok(set_if_other(had, Place::Root, "description", value))
        }
        Change::SetRule { key, value } => {
            let value = value.map(|value| value.to_string());
            Ok(set_if_other(had, Place::Section("charge"), key.rule().name, value))
        }
        Change::SetDbcs { bus, files } => {
            let at = found(had, BUS, bus)?;
            let files = dbc_names(element(had, BUS, at), folder, files);
            // A bus without files need not say so.
            if files.is_empty() && element(had, BUS, at).is_none_or(|bus| !bus.contains_key("dbc"))
            {
                return Ok(Vec::new());
            }
            Ok(set_if_other(had, Place::One(BUS, at), "dbc", Some(list(&files))))
        }
        Change::PutMessage(entry) => {
            let lines = entry.lines().into_iter();
            let pairs = lines.map(|(key, value)| Pair::said(key, value)).collect::<Vec<_>>();
            let at = place_of(had, MESSAGE, entry.name.as_str());
            Ok(at.map_or_else(|| push(MESSAGE, &pairs), |at| merge(had, MESSAGE, at, &pairs)))
        }
        Change::DropMessage(name) => Ok(vec![Step::Remove(MESSAGE, found(had, MESSAGE, name)?)]),
        Change::PutComponent { name, entry } => {
            let at = seat(had, COMPONENT, name.as_ref(), &entry.name)?;
            let pairs = component_pairs(entry);
            Ok(at.map_or_else(|| push(COMPONENT, &pairs), |at| merge(had, COMPONENT, at, &pairs)))
        }
        Change::DropComponent(name) => {
            Ok(vec![Step::Remove(COMPONENT, found(had, COMPONENT, name)?)])
        }
        Change::EnableComponent(name) => {
            let place = Place::One(COMPONENT, found(had, COMPONENT, name)?);
            Ok(set_if_other(had, place, "enabled", None))
        }
        Change::DisableComponent(name) => {
            let place = Place::One(COMPONENT, found(had, COMPONENT, name)?);
            Ok(set_if_other(had, place, "enabled", Some("false".to_owned())))
        }
        Change::PutBus { name, entry } => put_bus(had, folder, name.as_ref(), entry),
        Change::DropBus(name) => {
            let at = found(had, BUS, name)?;
            match used_by(had, name.as_str()) {
                Some(by) => Err(EditError::InUse { bus: name.to_string(), by }),
                None => Ok(vec![Step::Remove(BUS, at)]),
            }
        }
    }
}

fn put_bus(
    had: &Table,
    folder: &Path,
    name: Option<&Name>,
    entry: &BusEntry,
) -> Result<Vec<Step>, EditError> {
    let at = seat(had, BUS, name, &entry.name)?;
    let old = at.and_then(|at| element(had, BUS, at));
    let entry = from_here(old, folder, entry);
    let pairs = bus_pairs(&entry);
    let Some(at) = at else { return Ok(push(BUS, &pairs)) };
    let mut steps = merge(had, BUS, at, &pairs);
    let Some(old) = name.filter(|old| **old != entry.name) else { return Ok(steps) };
    // What names it follows.
    let new = || quote(entry.name.as_str());
    for kind in [COMPONENT, MESSAGE] {
        for (at, one) in elements(had, kind).enumerate() {
            if one.get(BUS).and_then(Value::as_str) == Some(old.as_str()) {
                steps.push(Step::Set(Place::One(kind, at), BUS.to_owned(), new()));
            }
        }
    }
    for (at, one) in elements(had, RECORDER).enumerate() {
        let buses = texts(one.get("buses"));
        if buses.iter().any(|bus| bus == old.as_str()) {
            let renamed = |bus: &String| {
                let is_it = bus == old.as_str();
                if is_it { entry.name.to_string() } else { bus.clone() }
            };
            let buses: Vec<String> = buses.iter().map(renamed).collect();
            steps.push(Step::Set(Place::One(RECORDER, at), "buses".to_owned(), list(&buses)));
        }
    }
    Ok(steps)
}

/// What names a bus, in words.
fn used_by(had: &Table, bus: &str) -> Option<String> {
    let named = |kind: &'static str, what: &'static str| {
        let on_it = move |one: &&Table| {
            one.get(BUS).and_then(Value::as_str) == Some(bus)
                || texts(one.get("buses")).iter().any(|other| other == bus)
        };
        elements(had, kind).filter(on_it).map(move |one| format!("{what} {}", name_in(one)))
    };
    let all: Vec<String> = named(COMPONENT, "component")
        .chain(named(MESSAGE, "message"))
        .chain(named(RECORDER, "recorder"))
        .collect();
    match all.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(several.join(", ")),
    }
}

/// The bus with its files as they are to be written: those that are there already stay as they are
/// written.
fn from_here(old: Option<&Table>, folder: &Path, entry: &BusEntry) -> BusEntry {
    let mut entry = entry.clone();
    entry.dbc = dbc_names(old, folder, &entry.dbc).into_iter().map(PathBuf::from).collect();
    let text = |key| old.and_then(|old: &Table| old.get(key)).and_then(Value::as_str);
    if let Address::Replay(file) = &entry.address {
        let written = text("address").and_then(|text| text.parse::<Address>().ok());
        entry.address = match written {
            Some(Address::Replay(same)) if folder.join(&same) == *file => Address::Replay(same),
            Some(_) | None => Address::Replay(from_folder(folder, file)),
        };
    }
    if let Some(scene) = &mut entry.scene
        && scene.ends_with(".toml")
    {
        let same = text("scene").filter(|same| folder.join(same) == Path::new(&*scene));
        let new = || from_folder(folder, Path::new(&*scene)).to_string_lossy().into_owned();
        *scene = same.map_or_else(new, str::to_owned);
    }
    entry
}

fn dbc_names(old: Option<&Table>, folder: &Path, files: &[PathBuf]) -> Vec<String> {
    let old = texts(old.and_then(|old| old.get("dbc")));
    let name = |file: &PathBuf| match old.iter().find(|old| folder.join(old) == *file) {
        Some(same) => same.clone(),
        None => from_folder(folder, file).to_string_lossy().into_owned(),
    };
    files.iter().map(name).collect()
}

/// The way from `folder` to `file`, where they have a folder in common besides the root; else the
/// file's own path.
fn from_folder(folder: &Path, file: &Path) -> PathBuf {
    let (here, there): (Vec<_>, Vec<_>) =
        (folder.components().collect(), file.components().collect());
    let common = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    let named = here.iter().take(common).any(|part| matches!(part, Part::Normal(_)));
    let up = here.len() - common;
    if !(named || folder.as_os_str().is_empty()) || up > 2 {
        return file.to_owned();
    }
    let up = std::iter::repeat_n(Part::ParentDir, up);
    up.chain(there.into_iter().skip(common)).collect()
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", quoted.join(", "))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn elements<'t>(had: &'t Table, kind: &str) -> impl Iterator<Item = &'t Table> + use<'t> {
    let all = had.get(kind).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_table)
}

fn element<'t>(had: &'t Table, kind: &str, at: usize) -> Option<&'t Table> {
    elements(had, kind).nth(at)
}

fn name_in(one: &Table) -> &str {
    one.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn place_of(had: &Table, kind: &'static str, name: &str) -> Option<usize> {
    elements(had, kind).position(|one| name_in(one) == name)
}

fn found(had: &Table, kind: &'static str, name: &Name) -> Result<usize, EditError> {
    let missing = || EditError::Missing { what: kind, name: name.to_string() };
    place_of(had, kind, name.as_str()).ok_or_else(missing)
}

/// Where an entry goes: in the place of the old one, or at the end. Its name may not be another's.
fn seat(
    had: &Table,
    kind: &'static str,
    old: Option<&Name>,
    new: &Name,
) -> Result<Option<usize>, EditError> {
    let at = old.map(|old| found(had, kind, old)).transpose()?;
    match place_of(had, kind, new.as_str()) {
        Some(other) if at != Some(other) => {
            Err(EditError::Taken { what: kind, name: new.to_string() })
        }
        Some(_) | None => Ok(at),
    }
}

fn push(kind: &'static str, pairs: &[Pair]) -> Vec<Step> {
    let said = pairs.iter().filter(|pair| !pair.is_usual);
    let said = said.filter_map(|pair| Some((pair.key.to_owned(), pair.value.clone()?)));
    vec![Step::Push(kind, said.collect())]
}

/// What has to change for a table of a list to say `pairs` and nothing else.
fn merge(had: &Table, kind: &'static str, at: usize, pairs: &[Pair]) -> Vec<Step> {
    let Some(one) = element(had, kind, at) else { return Vec::new() };
    let place = || Place::One(kind, at);
    let mut steps = Vec::new();
    for pair in pairs {
        let (there, key) = (one.get(pair.key), pair.key.to_owned());
        match (&pair.value, there) {
            (Some(value), Some(there)) => match (there, value_of(value)) {
                (there, Some(value)) if same(there, &value) => {}
                (Value::Table(there), Some(Value::Table(wanted))) => {
                    steps.extend(inner(there, &wanted, (kind, at, pair.key)));
                }
                _ => steps.push(Step::Set(place(), key, value.clone())),
            },
            (Some(value), None) if !pair.is_usual => {
                steps.push(Step::Set(place(), key, value.clone()));
            }
            (None, Some(_)) => steps.push(Step::Unset(place(), key)),
            (Some(_) | None, None) => {}
        }
    }
    let known = |key: &&String| !pairs.iter().any(|pair| pair.key == **key);
    steps.extend(one.keys().filter(known).map(|key| Step::Unset(place(), key.clone())));
    steps
}

/// The same for a table within it.
fn inner(there: &Table, wanted: &Table, at: (&'static str, usize, &str)) -> Vec<Step> {
    let place = || Place::Within(at.0, at.1, at.2.to_owned());
    let other =
        |(key, value): &(&String, &Value)| there.get(*key).is_none_or(|there| !same(there, value));
    let set = wanted.iter().filter(other).map(|(key, value)| {
        // A dollar sign is doubled in a file.
        Step::Set(place(), key.clone(), value.to_string().replace('$', "$$"))
    });
    let gone = there.keys().filter(|key| !wanted.contains_key(*key));
    set.chain(gone.map(|key| Step::Unset(place(), key.clone()))).collect()
}

fn set_if_other(had: &Table, place: Place, key: &str, value: Option<String>) -> Vec<Step> {
    let there = table_at(had, &place).and_then(|table| table.get(key));
    match (value, there) {
        (Some(value), Some(there)) if value_of(&value).is_some_and(|v| same(there, &v)) => {
            Vec::new()
        }
        (Some(value), _) => vec![Step::Set(place, key.to_owned(), value)],
        (None, Some(_)) => vec![Step::Unset(place, key.to_owned())],
        (None, None) => Vec::new(),
    }
}

fn table_at<'t>(had: &'t Table, place: &Place) -> Option<&'t Table> {
    match place {
        Place::Root => Some(had),
        Place::Section(name) => had.get(*name)?.as_table(),
        Place::One(kind, at) => had.get(*kind)?.as_array()?.get(*at)?.as_table(),
        Place::Within(kind, at, key) => {
            had.get(*kind)?.as_array()?.get(*at)?.as_table()?.get(key)?.as_table()
        }
    }
}

fn table_at_mut<'t>(had: &'t mut Table, place: &Place) -> Option<&'t mut Table> {
    match place {
        Place::Root => Some(had),
        Place::Section(name) => {
            let section = had.entry(*name).or_insert_with(|| Value::Table(Table::new()));
            section.as_table_mut()
        }
        Place::One(kind, at) => had.get_mut(*kind)?.as_array_mut()?.get_mut(*at)?.as_table_mut(),
        Place::Within(kind, at, key) => {
            let one = had.get_mut(*kind)?.as_array_mut()?.get_mut(*at)?.as_table_mut()?;
            one.get_mut(key)?.as_table_mut()
        }
    }
}

/// The value that stands there when `text` is read from a file.
fn value_of(text: &str) -> Option<Value> {
    let filled = expand(&format!("v = {text}\n"), &|_| None).ok()?;
    filled.parse::<Table>().ok()?.remove("v")
}

/// Does a step to what the profile says.
pub fn reckon(had: &mut Table, step: &Step) -> Option<()> {
    match step {
        Step::Set(place, key, text) => {
            table_at_mut(had, place)?.insert(key.clone(), value_of(text)?);
        }
        Step::Unset(place, key) => {
            table_at_mut(had, place)?.remove(key);
        }
        Step::Push(kind, pairs) => {
            let mut one = Table::new();
            for (key, text) in pairs {
                one.insert(key.clone(), value_of(text)?);
            }
            let list = had.entry(*kind).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut()?.push(Value::Table(one));
        }
        Step::Remove(kind, at) => {
            let list = had.get_mut(*kind)?.as_array_mut()?;
            if *at >= list.len() {
                return None;
            }
            list.remove(*at);
            if list.is_empty() {
                had.remove(*kind);
            }
        }
    }
    Some(())
}

/// Whether two values say the same: whole numbers may be written either way.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
            *a as f64 == *b
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Table(a), Value::Table(b)) => same_table(a, b),
        (one, other) => one == other,
    }
}

/// The same of tables.
pub fn same_table(one: &Table, other: &Table) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| same(a, b)))
}
