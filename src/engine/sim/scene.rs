//! A scene: a simulated world written down. What devices there are, how their cells are made, what
//! the load does, what goes wrong and when. Plain values, already checked: [`Scene::parse`] is the
//! only way to one, and it names the line of whatever does not hold together. The file format is
//! described in `assets/scenes/README.md`.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::part::{PartKind, PartPlan};
use super::world::Parked;
use crate::base::id::Name;
use crate::base::time::{Mono, Wall};

/// Most cells that a CMU measures (protocol note, section 2.7).
pub const MODULE_CELLS: u16 = 8;
/// Largest scene file, bytes.
pub(super) const FILE_BYTES: u64 = 1 << 20;

/// A checked scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// What to call it on the command line: the file's name without its ending.
    pub name: String,
    /// What to call it on screen.
    pub title: String,
    /// One sentence about it.
    pub description: String,
    /// Seed of all chance in it.
    pub seed: u64,
    /// How much faster than the clock it runs.
    pub speed: f64,
    /// Date and time at its start.
    pub start: Wall,
    /// Temperature around everything, degrees Celsius.
    pub ambient_c: f64,
    /// Whether somebody sits in the vehicle at its start.
    pub parked: Parked,
    /// Name of the pack that the BMUs are strings of.
    pub pack: Name,
    /// The BMUs: parallel strings of the one pack.
    pub(super) bmus: Vec<BmuPlan>,
    /// The charger.
    pub(super) charger: Option<ChargerPlan>,
    /// The driver controls.
    pub(super) controls: Option<ControlsPlan>,
    /// Parts besides these.
    pub(super) parts: Vec<PartPlan>,
    /// What the driver does, over and over.
    pub(super) legs: Vec<Leg>,
    /// What goes wrong.
    pub(super) faults: Vec<Fault>,
}

/// What a profile needs to watch one device of a scene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SceneComponent {
    /// Kind of device: the folder's name in `assets/devices`.
    pub kind: &'static str,
    /// Name in the scene.
    pub name: Name,
    /// Base address, where the device has one.
    pub base: Option<u32>,
    /// Pack it belongs to; none for devices that are no part of a battery.
    pub pack: Option<Name>,
    /// Cells in series behind it; 0 for devices that are no battery.
    pub cells: u16,
    /// Parallel strings of cells behind it.
    pub strings: u16,
}

/// A scene in one line, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SceneLine {
    /// Name on the command line.
    pub name: String,
    /// Name on screen.
    pub title: String,
    /// One sentence.
    pub description: String,
}

/// Why there is no scene.
#[derive(Debug, Error)]
pub enum SceneError {
    /// No built-in scene has the name, and no file either.
    #[error("there is no scene {name:?}: choose one of {known}, or give a scene file")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is far too large for a scene.
    #[error("{path} has {bytes} bytes; a scene file has at most {FILE_BYTES}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// Something in it does not hold together.
    #[error("{origin}, line {line}: {text}")]
    Wrong {
        /// File or built-in scene.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        text: String,
    },
}

/// What kind of battery management system a scene's is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum BmuKind {
    /// Of the first generation.
    #[default]
    #[serde(rename = "prohelion-d1000-gen1")]
    D1000Gen1,
    /// Of the second generation.
    #[serde(rename = "prohelion-d1000-gen2")]
    D1000Gen2,
    /// One that speaks to inverters, in all dialects at once.
    #[serde(rename = "inverter-bms-351")]
    Inverter,
}

/// A BMU and the cells behind it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BmuPlan {
    pub name: Name,
    #[serde(default)]
    pub kind: BmuKind,
    #[serde(default = "BmuPlan::default_base")]
    pub base: u32,
    #[serde(default = "BmuPlan::default_serial")]
    pub serial: u32,
    pub modules: u16,
    #[serde(default = "BmuPlan::default_cells")]
    pub cells: u16,
    pub last_module_cells: Option<u16>,
    #[serde(default = "BmuPlan::default_capacity")]
    pub capacity_ah: f64,
    #[serde(default = "BmuPlan::default_soc")]
    pub soc_percent: f64,
    pub counted_soc_percent: Option<f64>,
    #[serde(default = "BmuPlan::default_soc_spread")]
    pub soc_spread_percent: f64,
    #[serde(default = "BmuPlan::default_capacity_spread")]
    pub capacity_spread_percent: f64,
    #[serde(default = "BmuPlan::default_resistance")]
    pub resistance_mohm: f64,
    #[serde(default = "BmuPlan::default_resistance_spread")]
    pub resistance_spread_percent: f64,
    #[serde(default = "BmuPlan::default_loss")]
    pub loss_percent_per_day: f64,
    pub temperature_c: Option<f64>,
    #[serde(default = "BmuPlan::default_balance")]
    pub balance_mv: u16,
    #[serde(default = "BmuPlan::default_hysteresis")]
    pub balance_hysteresis_mv: u16,
    #[serde(default = "BmuPlan::default_empty")]
    pub empty_mv: u16,
    #[serde(default = "BmuPlan::default_over")]
    pub over_mv: u16,
    #[serde(default = "BmuPlan::default_under")]
    pub under_mv: u16,
    #[serde(default = "BmuPlan::default_over_temperature")]
    pub over_temperature_c: f64,
    /// Cells that are made differently; filled from the `[[cell]]` tables.
    #[serde(skip)]
    pub oddities: Vec<Oddity>,
}

impl BmuPlan {
    const fn default_base() -> u32 {
        0x600
    }
    const fn default_serial() -> u32 {
        61_905
    }
    const fn default_cells() -> u16 {
        MODULE_CELLS
    }
    const fn default_capacity() -> f64 {
        50.0
    }
    const fn default_soc() -> f64 {
        70.0
    }
    const fn default_soc_spread() -> f64 {
        0.5
    }
    const fn default_capacity_spread() -> f64 {
        1.0
    }
    const fn default_resistance() -> f64 {
        1.5
    }
    const fn default_resistance_spread() -> f64 {
        8.0
    }
    const fn default_loss() -> f64 {
        0.05
    }
    const fn default_balance() -> u16 {
        4100
    }
    const fn default_hysteresis() -> u16 {
        5
    }
    const fn default_empty() -> u16 {
        3000
    }
    const fn default_over() -> u16 {
        4200
    }
    const fn default_under() -> u16 {
        2500
    }
    const fn default_over_temperature() -> f64 {
        60.0
    }

    /// Cells that module `module` (from 0) has.
    pub(super) fn cells_of(&self, module: u16) -> u16 {
        match self.last_module_cells {
            Some(last) if module + 1 == self.modules => last,
            Some(_) | None => self.cells,
        }
    }

    /// Cells in series.
    pub(super) fn cell_count(&self) -> u16 {
        (0..self.modules).map(|module| self.cells_of(module)).sum()
    }
}

/// A cell that is made or charged differently from its neighbours. Module and cell from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Oddity {
    pub module: u16,
    pub cell: u16,
    pub soc_percent: Option<f64>,
    pub capacity_factor: f64,
    pub resistance_factor: f64,
    pub loss_percent_per_day: Option<f64>,
}

/// A charger.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChargerPlan {
    pub name: Name,
    pub volts: f64,
    #[serde(default = "ChargerPlan::default_amps")]
    pub amps: f64,
    #[serde(default = "ChargerPlan::default_watts")]
    pub watts: f64,
}

impl ChargerPlan {
    const fn default_amps() -> f64 {
        16.0
    }
    const fn default_watts() -> f64 {
        6600.0
    }
}

/// Driver controls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlsPlan {
    pub name: Name,
    #[serde(default = "ControlsPlan::default_base")]
    pub base: u32,
    #[serde(default = "ControlsPlan::default_serial")]
    pub serial: u32,
}

impl ControlsPlan {
    const fn default_base() -> u32 {
        0x500
    }
    const fn default_serial() -> u32 {
        2204
    }
}

/// What the driver does for a while.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leg {
    #[serde(rename = "do")]
    pub what: Doing,
    pub seconds: f64,
    pub amps: Option<f64>,
    /// State of charge at which it ends early.
    pub until_percent: Option<f64>,
}

/// What a driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Doing {
    /// Key off: contactors open.
    Off,
    /// Key in run, standing still.
    Rest,
    /// Driving: draws, with peaks and braking.
    Drive,
    /// A long descent: charges the pack from the motor.
    Regen,
    /// Key in run, the charger commanded.
    Charge,
}

/// Something that goes wrong, checked. Times are nanoseconds of the world.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub what: Wrong,
    /// The device it happens to; the whole bus where there is none.
    pub on: Option<Name>,
    /// Module, from 0.
    pub module: Option<u16>,
    /// Cell of the module, from 0.
    pub cell: Option<u16>,
    /// Message, by its name in the device's DBC.
    pub message: Option<String>,
    pub from: Mono,
    pub until: Option<Mono>,
    /// Comes again after this many nanoseconds.
    pub every: Option<i64>,
    /// How much: seconds for late, millivolts or degrees for wrong, a share for lost.
    pub by: f64,
}

impl Fault {
    /// Whether it is at work at `now`.
    pub(super) fn is_on(&self, now: Mono) -> bool {
        let mut since = now.nanos() - self.from.nanos();
        if since < 0 {
            return false;
        }
        if let Some(every) = self.every {
            since %= every.max(1);
        }
        self.until.is_none_or(|until| since < until.nanos() - self.from.nanos())
    }
}

/// Ways to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Wrong {
    /// Nothing is sent: a device, a module, or a message.
    Silent,
    /// Everything comes late: a device or a message.
    Late,
    /// Always the same: a device, a message, or the reading of a cell.
    Stuck,
    /// Wrong: random bytes of a message, a cell's reading off by millivolts, a module's
    /// temperature off by degrees.
    #[serde(rename = "wrong")]
    Misread,
    /// Some frames are lost: a device, a module or a message.
    Lost,
    /// The two channels of a cell disagree: its voltage comes negative.
    Untrusted,
    /// A voltage on a cell that is configured absent.
    ExtraCell,
    /// The 12 V supply of the contactors vanishes.
    ContactorSupply,
    /// A contactor does not do what it was told.
    ContactorStuck,
    /// The bus capacitors do not fill, so that the precharge timer runs out.
    PrechargeFails,
    /// The charger has no mains.
    NoMains,
    /// Somebody else sends driver controls with the key off.
    SecondControls,
    /// The controller counts errors and takes itself off the bus.
    BusOff,
    /// Frames come twice: a device or a message.
    Twice,
    /// Frames overtake one another: each comes late by another time.
    Shuffled,
    /// A bit of some frames is flipped: a device or a message.
    Corrupt,
    /// A cell's reading jumps about.
    Jumps,
    /// The shunt of a BMU is connected the wrong way round.
    Reversed,
    /// The contactors of a BMU do not open any more once they are closed.
    Welded,
    /// The contactors of a BMU do not close although it says so.
    NeverCloses,
    /// A BMU or the charger is away, and begins anew afterwards.
    Reboots,
    /// The charger does not hear a stop.
    IgnoresStop,
    /// The charger goes on giving what it gives, whatever it is told.
    KeepsOn,
    /// The charger says that it gives nothing.
    Lies,
    /// The charger speaks with another's address.
    OtherAddress,
    /// Somebody else commands the charger.
    SecondMaster,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "silent",
            Self::Late => "late",
            Self::Stuck => "stuck",
            Self::Misread => "wrong",
            Self::Lost => "lost",
            Self::Untrusted => "untrusted",
            Self::ExtraCell => "extra-cell",
            Self::ContactorSupply => "contactor-supply",
            Self::ContactorStuck => "contactor-stuck",
            Self::PrechargeFails => "precharge-fails",
            Self::NoMains => "no-mains",
            Self::SecondControls => "second-controls",
            Self::BusOff => "bus-off",
            Self::Twice => "twice",
            Self::Shuffled => "shuffled",
            Self::Corrupt => "corrupt",
            Self::Jumps => "jumps",
            Self::Reversed => "reversed",
            Self::Welded => "welded",
            Self::NeverCloses => "never-closes",
            Self::Reboots => "reboots",
            Self::IgnoresStop => "ignores-stop",
            Self::KeepsOn => "keeps-on",
            Self::Lies => "lies",
            Self::OtherAddress => "other-address",
            Self::SecondMaster => "second-master",
        })
    }
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        const BUILT_IN: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenes/", $name, ".toml")),
        )),*];
    };
}

built_in!(
    "demo",
    "cold-morning",
    "unbalanced",
    "weak-cell",
    "cmu-dropout",
    "bus-off",
    "sensor-untrusted",
    "large",
    "second-generation",
    "inverter-battery",
    "solar-car",
    "foxbms",
);

impl Scene {
    /// Names of the built-in scenes, the default one first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in scenes with their titles and sentences, the default one first.
    #[must_use]
    pub fn list() -> Vec<SceneLine> {
        let read = |name| Self::builtin(name).ok();
        Self::names()
            .filter_map(read)
            .map(|Self { name, title, description, .. }| SceneLine { name, title, description })
            .collect()
    }

    /// The built-in scene `name`.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn builtin(name: &str) -> Result<Self, SceneError> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Self::parse(text, &format!("the scene {name}"), name),
            None => Err(SceneError::Unknown {
                name: name.to_owned(),
                known: Self::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// The scene in the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or something in it does not hold together: with the line.
    pub fn load(path: &Path) -> Result<Self, SceneError> {
        let shown = path.display().to_string();
        let read = |source| SceneError::Read { path: shown.clone(), source };
        let bytes = std::fs::metadata(path).map_err(read)?.len();
        if bytes > FILE_BYTES {
            return Err(SceneError::TooLarge { path: shown, bytes });
        }
        let text = std::fs::read_to_string(path).map_err(read)?;
        let name = path.file_stem().map_or_else(|| shown.clone(), |s| s.to_string_lossy().into());
        Self::parse(&text, &shown, &name)
    }

    /// A built-in scene by its name, or else the scene in a file.
    ///
    /// # Errors
    /// Neither is there, or the file is no scene.
    pub fn find(name_or_file: &str) -> Result<Self, SceneError> {
        let path = Path::new(name_or_file);
        let is_path = name_or_file.ends_with(".toml") || path.components().count() > 1;
        if is_path || (!Self::names().any(|n| n == name_or_file) && path.is_file()) {
            Self::load(path)
        } else {
            Self::builtin(name_or_file)
        }
    }

    /// What its charger can give at most, where it has one: volts, amperes, watts.
    #[must_use]
    pub fn charger_rating(&self) -> Option<(f64, f64, f64)> {
        self.charger.as_ref().map(|plan| (plan.volts, plan.amps, plan.watts))
    }

    /// What a profile needs to watch the devices of this scene.
    #[must_use]
    pub fn components(&self) -> Vec<SceneComponent> {
        let bmus = self.bmus.iter().map(|bmu| SceneComponent {
            kind: bmu.kind.folder(),
            name: bmu.name.clone(),
            base: (bmu.kind != BmuKind::Inverter).then_some(bmu.base),
            pack: Some(self.pack.clone()),
            cells: bmu.cell_count(),
            strings: 1,
        });
        let other = |kind, name: &Name, base| SceneComponent {
            kind,
            name: name.clone(),
            base,
            pack: None,
            cells: 0,
            strings: 0,
        };
        let charger = self.charger.iter().map(|c| other(super::wire::CHARGER_KIND, &c.name, None));
        let controls =
            self.controls.iter().map(|c| other(super::wire::CONTROLS_KIND, &c.name, Some(c.base)));
        let parts = self.parts.iter().map(|part| {
            // A shunt stands beside the pack that it measures.
            let pack = (part.kind == PartKind::Shunt).then(|| self.pack.clone());
            SceneComponent { pack, ..other(part.kind.folder(), &part.name, part.base) }
        });
        bmus.chain(charger).chain(controls).chain(parts).collect()
    }
}
