//! `device.toml`: what a device folder says of its kind besides the DBC.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::base::reading::Patience;
use crate::engine::can::guard::WordLimit;
use crate::engine::dbc::{Order, Schema};
use crate::engine::device::battery::BatteryMap;
use crate::engine::device::panel::{HeartbeatRule, PanelRule};
use crate::engine::device::recognise::Recognition;
use crate::engine::device::setting::{SETTINGS_LIMIT, SettingRule};
use crate::engine::device::settings::{CurrentSign, Settings};

/// A device folder's manifest.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the folder, and of the kind in profiles and on the command line.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// What it is.
    pub category: Category,
    /// One sentence on it.
    pub summary: String,
    /// Where its messages are.
    pub address: AddressRule,
    /// Which way round it counts current, unless the component says otherwise.
    #[serde(default)]
    pub current_sign: CurrentSign,
    /// Messages that are only sent when asked for, and so have no rate.
    #[serde(default)]
    pub on_demand: Vec<String>,
    /// Messages that may come shorter than the DBC says, with the fewest bytes that make sense. What is
    /// beyond the end of a frame was not said.
    #[serde(default, rename = "short")]
    pub shorts: Vec<Short>,
    /// How often it sends what.
    #[serde(rename = "rate")]
    pub rates: Vec<Rate>,
    /// What a host may send to it. Nothing is sent without a guard that is made from this.
    #[serde(default, rename = "send")]
    pub sends: Vec<Send>,
    /// What no host may ever send.
    #[serde(default, rename = "never")]
    pub nevers: Vec<Never>,
    /// What it can put out at most, unless its component says otherwise.
    pub rating: Option<RatingRule>,
    /// After how long without a command a charger stops by itself, as its documents say. Nothing relies
    /// on it: it stands beside what is measured. Left out: they do not say.
    pub lapse_ms: Option<u64>,
    /// What whoever connects one should know, for the page of the parts.
    #[serde(default, rename = "note")]
    pub notes: Vec<NoteRule>,
    /// Which signals say what, of a charger that needs no code of its own.
    #[serde(default)]
    pub charger: Option<ChargerMap>,
    /// What is shown of it besides what every part of its category has.
    #[serde(default, rename = "panel")]
    pub panels: Vec<PanelRule>,
    /// By which setting its numbers come least significant byte first.
    pub byte_order: Option<ByteOrderRule>,
    /// Which message says who it is, of a Tritium or Prohelion device without code of its own.
    pub heartbeat: Option<HeartbeatRule>,
    /// Which signals say what, of a battery that needs no code of its own.
    pub battery: Option<BatteryMap>,
    /// By what a device of the kind gives itself away on a bus; left out: it is never offered.
    #[serde(default)]
    pub recognise: Option<Recognition>,
    /// What its components may set besides what every component can.
    #[serde(default, rename = "setting")]
    pub settings: Vec<SettingRule>,
}

/// A setting that turns the bytes of numbers round. The DBC has them most significant byte first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByteOrderRule {
    /// Name of the setting.
    pub setting: String,
    /// Its word for least significant byte first.
    pub little: String,
}

impl ByteOrderRule {
    /// The order of a device that is set so.
    #[must_use]
    pub fn of(&self, settings: &Settings) -> Order {
        match settings.values.word(&self.setting) {
            Some(word) if word == self.little => Order::Little,
            Some(_) | None => Order::Big,
        }
    }

    /// Turns every number of whole bytes round that comes most significant byte first.
    pub fn turn(schema: &mut Schema) {
        let signals = schema.messages.iter_mut().flat_map(|message| &mut message.signals);
        for signal in signals {
            let whole = signal.length.is_multiple_of(8) && signal.start % 8 == 7;
            if whole && signal.length > 8 && signal.order == Order::Big {
                // The highest bit of the first byte becomes the lowest one of it.
                signal.order = Order::Little;
                signal.start -= 7;
            }
        }
    }
}

/// Something to know about a kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteRule {
    /// What it is about, in a word or two.
    pub about: String,
    /// What there is to know.
    pub text: String,
}

/// Where a charger says and hears what every charger does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargerMap {
    /// The message by which it says what it does.
    pub status: String,
    /// Its signals of output voltage and current.
    pub output: [String; 2],
    /// Signals that are other than zero when something is wrong.
    #[serde(default)]
    pub faults: FaultMap,
    /// The message by which it is told what to do.
    pub command: String,
    /// Its signals of highest voltage and current.
    pub most: [String; 2],
    /// Its signal that lets it charge or stops it.
    pub control: String,
    /// The value of that signal that lets it charge.
    pub go: u8,
    /// The value that stops it.
    pub stop: u8,
}

/// Which signals say that something is wrong. Whatever is other than zero ends a charge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultMap {
    /// Broken.
    pub hardware: Vec<String>,
    /// Too hot.
    pub over_temperature: Vec<String>,
    /// The mains are missing or out of range.
    pub input: Vec<String>,
    /// No battery, or the wrong way round.
    pub no_battery: Vec<String>,
    /// Nobody told it what to do for too long.
    pub command_timeout: Vec<String>,
    /// What no document explains: unknown counts as wrong.
    pub unknown: Vec<String>,
}

impl FaultMap {
    /// In the order in which they are numbered.
    #[must_use]
    pub const fn all(&self) -> [&Vec<String>; 6] {
        [
            &self.hardware,
            &self.over_temperature,
            &self.input,
            &self.no_battery,
            &self.command_timeout,
            &self.unknown,
        ]
    }
}

impl ChargerMap {
    /// The signals of a message that it speaks of, in the order in which a meaning numbers them.
    #[must_use]
    pub fn signals(&self, message: &str) -> Option<Vec<&str>> {
        if message == self.status {
            let faults = self.faults.all().into_iter().flatten();
            return Some(self.output.iter().chain(faults).map(String::as_str).collect());
        }
        let command = || self.most.iter().chain([&self.control]).map(String::as_str).collect();
        (message == self.command).then(command)
    }
}

/// Whether a device sends a message by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It does, unless it was told otherwise.
    Always,
    /// It depends on what is connected to it: one of many that a pattern stands for.
    Maybe,
    /// It is sent to it, or only when asked for.
    Never,
}

/// What kind of part a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// A battery management system.
    Battery,
    /// A charger or a supply.
    Charger,
    /// What drives a motor.
    MotorController,
    /// What takes power from the sun.
    Solar,
    /// What only measures.
    Sensor,
    /// Pedals, keys and switches.
    DriverControls,
    /// Whatever a person has described.
    Custom,
}

impl Category {
    /// All of them, in the order of lists.
    pub const ALL: [Self; 7] = [
        Self::Battery,
        Self::Charger,
        Self::MotorController,
        Self::Solar,
        Self::Sensor,
        Self::DriverControls,
        Self::Custom,
    ];

    /// What to call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Battery => "battery",
            Self::Charger => "charger",
            Self::MotorController => "motor controller",
            Self::Solar => "solar",
            Self::Sensor => "sensor",
            Self::DriverControls => "driver controls",
            Self::Custom => "custom",
        }
    }
}

/// Where a device's messages are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRule {
    /// How the address gets into the ids.
    pub way: AddressWay,
    /// The address that the DBC is written for, and the default.
    pub default: u32,
    /// Bases are multiples of this.
    #[serde(default = "one")]
    pub step: u32,
    /// Ids that it owns from its base on.
    #[serde(default = "one")]
    pub span: u32,
    /// Highest base; without it the highest that keeps the whole span within 11 bits.
    pub highest: Option<u32>,
    /// The possible addresses, where they are a list.
    #[serde(default)]
    pub choices: Vec<u32>,
}

const fn one() -> u32 {
    1
}

/// How an address gets into the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressWay {
    /// 11-bit ids that all move with the base.
    Base,
    /// 29-bit ids with the device's address in them: as source in the lowest byte of what it
    /// sends, as destination in the byte above in what it is sent.
    Node,
    /// Its ids are where the DBC has them and do not move.
    Fixed,
    /// The device speaks text and the number is what its language calls it by; its frames are inside
    /// the program only, and their ids do not move.
    Text,
}

/// A message that may come shorter than the DBC says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Short {
    /// Name of the message.
    pub message: String,
    /// Fewest bytes.
    pub least: usize,
}

/// Messages that are sent at one rate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Name of the group.
    pub name: String,
    /// Time between two of the same message.
    pub period_ms: u64,
    /// Older than this is late.
    pub late_ms: u64,
    /// Older than this is lost.
    pub lost_ms: u64,
    /// Names of the messages; a `*` stands for anything.
    pub messages: Vec<String>,
}

impl Rate {
    /// The two times.
    #[must_use]
    pub const fn patience(&self) -> Patience {
        Patience {
            late: Duration::from_millis(self.late_ms),
            lost: Duration::from_millis(self.lost_ms),
        }
    }

    /// Whether `message` belongs to this group.
    #[must_use]
    pub fn covers(&self, message: &str) -> bool {
        self.messages.iter().any(|pattern| covers(pattern, message))
    }
}

/// Whether `pattern`, in which a `*` stands for anything, means this message.
pub(super) fn covers(pattern: &str, message: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == message,
        Some((head, tail)) => {
            message.len() >= head.len() + tail.len()
                && message.starts_with(head)
                && message.ends_with(tail)
        }
    }
}

/// A message that a host may send.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Name of the message.
    pub message: String,
    /// Shortest time between two.
    pub every_ms: u64,
    /// Per byte the least and the greatest value.
    pub ranges: Vec<(u8, u8)>,
    /// Per byte the bits that may be set; left out: all of them.
    #[serde(default)]
    pub bits: Vec<u8>,
    /// Content by which such a frame is a stop, per byte the least and the greatest value: it passes
    /// the guard even when the console no longer decides. Left out: none is.
    pub stop: Option<Vec<(u8, u8)>>,
    /// Words that hold what the device may put out at most, as its component's rating says.
    #[serde(default, rename = "limit")]
    pub limits: Vec<SendLimit>,
    /// Why a host would send it.
    pub why: String,
}

/// A 16-bit word of a message, most significant byte first, that may not tell a device more than its
/// rating.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendLimit {
    /// First byte, from 0.
    pub byte: usize,
    /// What one step of the word is worth.
    pub step: f64,
    /// Of what.
    pub what: Rated,
}

impl SendLimit {
    /// The greatest word for a device that can give so much.
    #[must_use]
    pub fn word(&self, volts: f64, amps: f64) -> WordLimit {
        let rated = match self.what {
            Rated::Volts => volts,
            Rated::Amps => amps,
        };
        // A hair more, so that a rating of 16.1 is not 160 steps of 0.1. No number becomes 0.
        let steps = (rated / self.step + 1e-6).floor();
        let most = steps.clamp(0.0, f64::from(u16::MAX)) as u16;
        WordLimit { byte: self.byte, most }
    }
}

/// What of a rating a word is limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rated {
    /// Its voltage.
    Volts,
    /// Its current.
    Amps,
}

/// What a device can put out at most, as far as its kind says.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingRule {
    /// Volts.
    pub volts: f64,
    /// Amperes.
    pub amps: f64,
    /// Watts.
    pub watts: f64,
}

/// Ids that no host may ever send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// First id, counted from the base where `from_base` says so.
    pub first: u32,
    /// Last id.
    pub last: u32,
    /// Whether the two move with the base.
    #[serde(default)]
    pub from_base: bool,
    /// Why not.
    pub why: String,
}

/// Why a device folder is none.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not TOML, or not of this shape.
    #[error("device.toml of {folder}: {source}")]
    Toml {
        /// Name of the folder.
        folder: String,
        /// Where and what.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The folder has another name.
    #[error("device.toml of {folder} has the id {id}; it must be the name of its folder")]
    OtherName {
        /// Name of the folder.
        folder: String,
        /// Id in the manifest.
        id: String,
    },
    /// A panel shows what is not there.
    #[error("device.toml of {folder}: {why}")]
    Panel {
        /// Name of the folder.
        folder: String,
        /// What is wrong.
        why: String,
    },
    /// Two settings of one name, or too many.
    #[error("device.toml of {folder}: {why}")]
    Settings {
        /// Name of the folder.
        folder: String,
        /// What is wrong.
        why: String,
    },
    /// The DBC defines nothing.
    #[error("the DBC of {folder} defines no message")]
    EmptySchema {
        /// Name of the folder.
        folder: String,
    },
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Says what is wrong and in which line.
    pub fn parse(folder: &str, text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|source| ManifestError::Toml {
            folder: folder.to_owned(),
            source: Box::new(source),
        })?;
        if manifest.id != folder {
            return Err(ManifestError::OtherName { folder: folder.to_owned(), id: manifest.id });
        }
        match manifest.odd_settings() {
            None => Ok(manifest),
            Some(why) => Err(ManifestError::Settings { folder: folder.to_owned(), why }),
        }
    }

    /// What is odd about its settings.
    pub(super) fn odd_settings(&self) -> Option<String> {
        let settings = &self.settings;
        if settings.len() > SETTINGS_LIMIT {
            let found = settings.len();
            return Some(format!("{found} settings; at most {SETTINGS_LIMIT} are possible"));
        }
        let earlier = |at: usize| settings.iter().take(at);
        let twice = settings.iter().enumerate();
        let twice = twice.map(|(at, one)| (one, earlier(at).any(|other| other.name == one.name)));
        twice
            .filter(|(_, again)| *again)
            .map(|(one, _)| format!("a second setting is called {:?}", one.name))
            .next()
    }

    /// Whether a device of the kind sends `message` by itself.
    #[must_use]
    pub fn sending(&self, message: &str) -> Sending {
        let told = self.sends.iter().any(|send| send.message == message);
        if told || self.on_demand.iter().any(|one| one == message) {
            return Sending::Never;
        }
        match self.rate_of(message) {
            None => Sending::Never,
            Some(rate) if rate.messages.iter().any(|one| one == message) => Sending::Always,
            Some(_) => Sending::Maybe,
        }
    }

    /// The group that `message` belongs to.
    #[must_use]
    pub fn rate_of(&self, message: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.covers(message))
    }

    /// The fewest bytes that `message` comes with, which has `len` in the DBC.
    #[must_use]
    pub fn least(&self, message: &str, len: usize) -> usize {
        let short = self.shorts.iter().find(|short| short.message == message);
        short.map_or(len, |short| short.least.min(len))
    }

    /// The group of this name.
    #[must_use]
    pub fn rate(&self, name: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.name == name)
    }
}
