//! What a profile says, as plain data. Knows nothing of files or of what a kind of device is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::base::id::Name;
use crate::base::reading::Patience;
use crate::base::units::{Amps, Celsius, Millivolts, Volts, Watts};
use crate::engine::can::address::Address;
use crate::engine::charge::{Rating, Rules};
use crate::engine::device::{CurrentSign, Kind, SettingValue, SettingValues, Settings};
use crate::engine::profile::message::MessageEntry;
pub use crate::engine::profile::recorder::{Begins, RecorderEntry};

/// A named set of buses and components. Serialised under the names of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: Name,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Buses; the position is the `BusId` while the profile runs.
    #[serde(rename = "bus")]
    pub buses: Vec<BusEntry>,
    /// Components; the position among those that are enabled is the `ComponentId` while the profile
    /// runs.
    #[serde(rename = "component")]
    pub components: Vec<ComponentEntry>,
    /// The rules of charging that it sets; the others are the usual ones.
    pub charge: Rules,
    /// What is recorded by itself while it runs.
    #[serde(rename = "recorder", skip_serializing_if = "Vec::is_empty")]
    pub recorders: Vec<RecorderEntry>,
    /// Messages that are kept to be sent by hand.
    #[serde(rename = "message")]
    pub messages: Vec<MessageEntry>,
}

/// A bus of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BusEntry {
    /// Its name, unique in the profile.
    pub name: Name,
    /// Where it is found.
    pub address: Address,
    /// The simulated world that lives on it: a scene's name or a file. Only on a virtual bus.
    pub scene: Option<String>,
    /// DBC files that name what is seen on it, beside those of the components.
    pub dbc: Vec<PathBuf>,
}

/// A component of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentEntry {
    /// Its name, unique in the profile.
    pub name: Name,
    /// The id of its kind of device, such as `prohelion-d1000-gen1`.
    pub kind: String,
    /// The name of its bus.
    pub bus: Name,
    /// Whether it is listened to; one that is not stays in the file and is not there otherwise.
    pub enabled: bool,
    /// Base address; `None` is the kind's own.
    pub base: Option<u32>,
    /// Which way round it counts current; `None` is the kind's own.
    pub current_sign: Option<CurrentSign>,
    /// Parallel strings behind it, at least 1.
    pub strings: u16,
    /// The pack it belongs to; components that name the same pack are shown as one. `None`: a pack
    /// of its own, named as the component.
    pub pack: Option<Name>,
    /// After how long its data counts as late; `None` is the kind's own.
    #[serde(rename = "late_ms", serialize_with = "millis")]
    pub late: Option<Duration>,
    /// After how long its data counts as lost; `None` is the kind's own.
    #[serde(rename = "lost_ms", serialize_with = "millis")]
    pub lost: Option<Duration>,
    /// What its values should stay within.
    pub limits: Limits,
    /// What it can give, where it is a charger.
    #[serde(flatten)]
    pub rating: OwnRating,
    /// What else its kind lets it set; what is not here is the kind's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, SettingValue>,
}

/// What a charger can give at most, as far as its profile says; the rest is its kind's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct OwnRating {
    /// Voltage.
    #[serde(rename = "rating_v")]
    pub volts: Option<Volts>,
    /// Current.
    #[serde(rename = "rating_a")]
    pub amps: Option<Amps>,
    /// Power.
    #[serde(rename = "rating_w")]
    pub watts: Option<Watts>,
}

/// What values should stay within. `None`: no limit of ours; the device's own still hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    /// Least cell voltage.
    #[serde(rename = "cell_min_mv")]
    pub cell_min: Option<Millivolts>,
    /// Greatest cell voltage.
    #[serde(rename = "cell_max_mv")]
    pub cell_max: Option<Millivolts>,
    /// Least cell temperature.
    #[serde(rename = "temperature_min_c")]
    pub temperature_min: Option<Celsius>,
    /// Greatest cell temperature.
    #[serde(rename = "temperature_max_c")]
    pub temperature_max: Option<Celsius>,
    /// Greatest pack current, either way.
    #[serde(rename = "current_max_a")]
    pub current_max: Option<Amps>,
}

impl Profile {
    /// A profile with the usual rules of charging.
    #[must_use]
    pub fn new(name: Name, buses: Vec<BusEntry>, components: Vec<ComponentEntry>) -> Self {
        let (recorders, messages) = (Vec::new(), Vec::new());
        let (description, charge) = (None, Rules::default());
        Self { name, description, buses, components, charge, recorders, messages }
    }

    /// The position of the bus called `name`.
    #[must_use]
    pub fn bus(&self, name: &Name) -> Option<usize> {
        self.buses.iter().position(|bus| bus.name == *name)
    }
}

impl BusEntry {
    /// A bus without a scene or DBC files.
    #[must_use]
    pub const fn new(name: Name, address: Address) -> Self {
        Self { name, address, scene: None, dbc: Vec::new() }
    }
}

impl ComponentEntry {
    /// A component with everything left to its kind.
    #[must_use]
    pub fn new(name: Name, kind: &str, bus: Name) -> Self {
        Self {
            name,
            kind: kind.to_owned(),
            bus,
            enabled: true,
            base: None,
            current_sign: None,
            strings: 1,
            pack: None,
            late: None,
            lost: None,
            limits: Limits::default(),
            rating: OwnRating::default(),
            settings: BTreeMap::new(),
        }
    }

    /// What it can give at most, where it is a charger and anybody has said: the profile, else its
    /// kind.
    #[must_use]
    pub fn rating(&self, kind: &Kind) -> Option<Rating> {
        let usual = kind.manifest.rating;
        Some(Rating {
            volts: self.rating.volts.or_else(|| usual.map(|u| Volts(u.volts)))?,
            amps: self.rating.amps.or_else(|| usual.map(|u| Amps(u.amps)))?,
            watts: self.rating.watts.or_else(|| usual.map(|u| Watts(u.watts)))?,
        })
    }

    /// The same at the base address `base`.
    #[must_use]
    pub fn at(self, base: u32) -> Self {
        Self { base: Some(base), ..self }
    }

    /// What it sets on its kind of device.
    #[must_use]
    pub fn settings(&self, kind: &Kind) -> Settings {
        let usual = kind.defaults();
        Settings {
            base: self.base.unwrap_or(usual.base),
            current_sign: self.current_sign.unwrap_or(usual.current_sign),
            strings: self.strings,
            values: SettingValues::of(&self.settings),
        }
    }

    /// How long its data may be silent; `usual` is the kind's own.
    #[must_use]
    pub fn patience(&self, usual: Patience) -> Patience {
        Patience { late: self.late.unwrap_or(usual.late), lost: self.lost.unwrap_or(usual.lost) }
    }

    /// The pack it belongs to: the one it names, else one named as itself.
    #[must_use]
    pub fn pack(&self) -> &Name {
        self.pack.as_ref().unwrap_or(&self.name)
    }
}

// By reference, as serde asks for it.
fn millis<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    span.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)).serialize(to)
}
