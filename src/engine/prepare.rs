//! Makes an order out of a profile: reads the DBC files it names, so that the hub need not. What
//! cannot be read is a problem of the running profile, not a refusal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::base::id::{BusId, Name, NameError};
use crate::base::problem::Severity;
use crate::base::units::{Amps, Volts, Watts};
use crate::engine::can::address::Address;
use crate::engine::can::trace::OpenLogError;
use crate::engine::dbc::{Codec, Extent};
use crate::engine::device::{Catalog, Category, Kind};
use crate::engine::discovery::{Candidate, Discovery};
use crate::engine::offline::check;
use crate::engine::offline::discover;
use crate::engine::offline::profiles::ground;
use crate::engine::orders::dbc::{AssignDbcs, BusDbc, DbcChange};
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::profile::check::admit;
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{self, LibraryError, Loaded};
use crate::engine::profile::model::{BusEntry, ComponentEntry, OwnRating, Profile};
use crate::engine::profile::starters::{StartError, usual_components};
use crate::engine::sim::{Scene, SceneComponent, SceneError};

/// Why a profile cannot be made for a scene or a recording.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The scene.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The recording.
    #[error(transparent)]
    Recording(#[from] OpenLogError),
    /// Its name.
    #[error("no profile can have this name")]
    Name(#[from] NameError),
    /// A starting profile.
    #[error(transparent)]
    Starter(#[from] StartError),
    /// A supply alone is no plant.
    #[error("{0} is a supply and carries no frames: write a profile with it and the bus of a pack")]
    Text(Address),
}

impl ActivateProfile {
    /// The order to run `profile`, which is kept in no file.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let (dbcs, problems) = (Vec::new(), Vec::new());
        let mut order = Self { profile, file: None, dbcs, problems, text: None };
        order.read_dbcs();
        order
    }

    /// The order to run a profile that was read from a file.
    #[must_use]
    pub fn loaded(loaded: Loaded) -> Self {
        let problems = loaded.warnings.iter().map(|problem| problem.text.clone()).collect();
        let file = Some(loaded.file);
        let (profile, text) = (loaded.profile, Some(loaded.text.into()));
        let mut order = Self { profile, file, dbcs: Vec::new(), problems, text };
        order.read_dbcs();
        order
    }

    fn read_dbcs(&mut self) {
        for (at, bus) in self.profile.buses.iter().enumerate() {
            for file in &bus.dbc {
                match read_dbc(file) {
                    Ok((dbc, warning)) => {
                        self.dbcs.push((BusId(at as u16), dbc));
                        self.problems.extend(warning);
                    }
                    Err(why) => self.problems.push(why),
                }
            }
        }
    }
}

impl AssignDbcs {
    /// The order to read `bus` by this file too. Blocks for reading it.
    ///
    /// # Errors
    /// It cannot be read, or has no message.
    pub fn add(bus: Name, file: &Path) -> Result<Self, String> {
        read_dbc(file).map(|(dbc, _)| Self { bus, change: DbcChange::Add(dbc) })
    }

    /// The order to read this file anew where `bus` is read by it. Blocks for reading it.
    ///
    /// # Errors
    /// It cannot be read, or has no message.
    pub fn renew(bus: Name, file: &Path) -> Result<Self, String> {
        read_dbc(file).map(|(dbc, _)| Self { bus, change: DbcChange::Renew(dbc) })
    }

    /// The order to read `bus` by this file no longer.
    #[must_use]
    pub const fn remove(bus: Name, file: PathBuf) -> Self {
        Self { bus, change: DbcChange::Remove(file) }
    }
}

/// Reads a profile file and checks that it may run with the kinds of `catalog`.
///
/// # Errors
/// Says what is wrong, in which file and line.
pub fn load_profile(file: &Path, catalog: &Catalog) -> Result<Loaded, LibraryError> {
    admit(library::load(file, &environment)?, &ground(catalog))
}

/// Takes `text` as that of the profile file `file` and checks that it may run with the kinds of
/// `catalog`.
///
/// # Errors
/// Says what is wrong, in which line.
pub fn interpret_profile(
    file: &Path,
    text: String,
    catalog: &Catalog,
) -> Result<Loaded, LibraryError> {
    admit(library::interpret(file, text, &environment)?, &ground(catalog))
}

/// The codec of a DBC file, and a sentence if something of it was left out.
fn read_dbc(file: &Path) -> Result<(BusDbc, Option<String>), String> {
    let name = file.display();
    let parsed = check::read(file).map_err(|error| error.to_string())?;
    if parsed.schema.messages.is_empty() {
        return Err(format!("{name} has no message: it is no DBC file, or every line is broken"));
    }
    if let Some(why) = Extent::of(&parsed.schema).why_not() {
        return Err(format!("{name} {why}"));
    }
    let left_out = parsed.problems.iter().filter(|problem| problem.severity == Severity::Error);
    let warning = match left_out.clone().count() {
        0 => None,
        count => {
            let first = left_out.map(|p| format!("line {}: {}", p.line, p.text)).next();
            let first = first.unwrap_or_default();
            Some(format!("{name}: {count} things were left out; {first}"))
        }
    };
    let codec = Arc::new(Codec::compile(&[&parsed.schema]));
    Ok((BusDbc { file: file.to_owned(), codec, problems: parsed.problems.into() }, warning))
}

/// The profile that watches `scene`, a built-in scene or a scene file, on a virtual bus.
///
/// # Errors
/// There is no such scene, or it is broken.
pub fn demo_profile(scene: &str) -> Result<Profile, PrepareError> {
    let found = Scene::find(scene)?;
    let bus = Name::new("demo")?;
    let entry = |part: SceneComponent| ComponentEntry {
        base: part.base,
        strings: part.strings.max(1),
        pack: part.pack,
        rating: match found.charger_rating() {
            Some((volts, amps, watts)) if part.kind == CHARGER => OwnRating {
                volts: Some(Volts(volts)),
                amps: Some(Amps(amps)),
                watts: Some(Watts(watts)),
            },
            Some(_) | None => OwnRating::default(),
        },
        ..ComponentEntry::new(part.name, part.kind, bus.clone())
    };
    let components = found.components().into_iter().map(entry).collect();
    let address = Address::Virtual("demo".to_owned());
    let entry = BusEntry { scene: Some(scene.to_owned()), ..BusEntry::new(bus, address) };
    Ok(Profile::new(Name::new(&found.title)?, vec![entry], components))
}

/// The profile that watches the bus at `address`: a recording with the components that speak in it,
/// any other bus with the usual ones.
///
/// # Errors
/// A recording that cannot be opened or is none.
pub fn bus_profile(address: &Address, catalog: &Catalog) -> Result<Profile, PrepareError> {
    match address {
        Address::SocketCan(interface) => Ok(Profile::for_interface(interface)?),
        Address::Slcan(to) => Ok(Profile::for_adapter(to)?),
        Address::Virtual(channel) => {
            let bus = Name::new(channel)?;
            let components = usual_components(&bus)?;
            let buses = vec![BusEntry::new(bus.clone(), address.clone())];
            Ok(Profile::new(bus, buses, components))
        }
        Address::Replay(path) => recording_profile(path, catalog),
        Address::Tcp { .. } => Err(PrepareError::Text(address.clone())),
    }
}

fn recording_profile(path: &Path, catalog: &Catalog) -> Result<Profile, PrepareError> {
    // Of several buses only the first: it is the one that is played.
    let first = discover::recording(path, catalog)?.buses.into_iter().next();
    let heard = first.map(|bus| sure(bus.discovery)).unwrap_or_default();
    // A profile is kept elsewhere, and a relative path would be looked for there.
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let bus = Name::new("recording")?;
    let is_battery = |found: &Candidate| found.kind.manifest.category == Category::Battery;
    let batteries = heard.iter().filter(|found| is_battery(found)).count();
    let pack = if batteries > 1 { Some(Name::new("Pack")?) } else { None };
    let mut components = Vec::new();
    for found in heard {
        let (kind, base) = (found.kind.manifest.id.as_str(), found.base);
        let pack = pack.clone().filter(|_| is_battery(&found));
        let name = Name::new(&format!("{} 0x{base:X}", title(&found.kind)))?;
        let entry = ComponentEntry::new(name, kind, bus.clone()).at(base);
        components.push(ComponentEntry { pack, ..entry });
    }
    // Watching a strange recording for the usual devices would show its frames as a battery.
    Ok(Profile { components, ..Profile::for_recording(path, Vec::new())? })
}

/// What is likely enough to be taken for a device, of several on the same ids only the likeliest; in
/// the order of kind and address.
fn sure(discovery: Discovery) -> Vec<Candidate> {
    let mut sure: Vec<Candidate> = Vec::new();
    for found in discovery.candidates.into_iter().filter(Candidate::is_offered) {
        if !sure.iter().any(|surer| surer.overlaps(&found)) {
            sure.push(found);
        }
    }
    sure.sort_by_key(|found| (found.kind.manifest.id.clone(), found.base));
    sure
}

const CHARGER: &str = "elcon-tc";

/// What to call a device of `kind` in a profile that Busbar writes.
fn title(kind: &Kind) -> String {
    match kind.manifest.category {
        Category::Battery => "BMU".to_owned(),
        Category::Charger => "Charger".to_owned(),
        other @ (Category::MotorController
        | Category::Solar
        | Category::Sensor
        | Category::DriverControls
        | Category::Custom) => sentence_case(other.words()),
    }
}

fn sentence_case(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_not_read_by_a_file_that_says_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vast.dbc");
        let message = |n: u32| format!("BO_ {} M{n}: 8 X\n", n | 1 << 31);
        let text = |most: u32| (0..most).map(message).collect::<String>();
        let add = || AssignDbcs::add(Name::new("can0").unwrap(), &file);
        std::fs::write(&file, text(16_385)).unwrap();
        let told = add().unwrap_err();
        assert!(told.contains("has 16385 messages; a DBC file can have 16384"), "{told}");
        std::fs::write(&file, text(16_384)).unwrap();
        assert!(add().is_ok());
    }
}
