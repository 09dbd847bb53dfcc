//! Reads a profile's text. Everything a person can get wrong in the file itself is found here,
//! with its line; what the catalog of devices has to say is [`super::check`]'s matter.

mod component;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize as DeriveDeserialize;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use toml::Spanned;

use self::component::RawComponent;
pub use self::component::{bounds, setting_key};
use crate::base::id::Name;
use crate::base::problem::{Problem, Severity};
use crate::engine::can::address::{Address, SlcanError};
use crate::engine::can::slcan::rate::RateError;
use crate::engine::charge::{Key, RuleError, Rules};
use crate::engine::profile::expand::{self, Lookup};
use crate::engine::profile::message::RawMessage;
use crate::engine::profile::model::{BusEntry, Profile};
use crate::engine::profile::recorder::RawRecorder;

/// Most buses a profile may have.
pub const BUS_LIMIT: usize = 64;
/// Most components a profile may have.
pub const COMPONENT_LIMIT: usize = 512;
/// Most characters of a profile's description.
pub const DESCRIPTION_LIMIT: usize = 2_000;

/// What a line number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The profile itself.
    Profile,
    /// The bus at this position.
    Bus(usize),
    /// The component at this position.
    Component(usize),
    /// The recorder at this position.
    Recorder(usize),
}

/// Where in the file everything stands, for problems that are found later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<(Part, String), u32>);

impl Lines {
    /// The line of `key` in `part`, else the line where `part` begins, else 0.
    #[must_use]
    pub fn of(&self, part: Part, key: &str) -> u32 {
        let at = |key: &str| self.0.get(&(part, key.to_owned())).copied();
        at(key).or_else(|| at("")).unwrap_or_default()
    }
}

/// A profile as read from a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What it says.
    pub profile: Profile,
    /// Where it says it.
    pub lines: Lines,
}

/// Reads a profile, with variables filled in from `lookup`.
///
/// # Errors
/// Everything that is wrong with it, with lines, in the order of the file.
pub fn parse(text: &str, lookup: Lookup<'_>) -> Result<Parsed, Vec<Problem>> {
    let filled = expand::expand(text, lookup)?;
    if filled.trim().is_empty() {
        return Err(vec![refuse(0, "the file is empty".into())]);
    }
    let raw: RawProfile =
        toml::from_str(&filled).map_err(|error| vec![toml_problem(&filled, &error)])?;
    let mut reader = Reader { text: &filled, lines: Lines::default(), problems: Vec::new() };
    let profile = reader.profile(raw);
    reader.problems.sort_by_key(|problem| problem.line);
    match profile {
        Some(profile) if reader.problems.is_empty() => Ok(Parsed { profile, lines: reader.lines }),
        Some(_) | None => Err(reader.problems),
    }
}

/// What the TOML reader says about `text`, with its line.
pub fn toml_problem(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map_or(0, |span| line_at(text, span.start));
    let said = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    refuse(line, said)
}

fn refuse(line: u32, text: String) -> Problem {
    Problem { line, severity: Severity::Error, text }
}

fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// A whole number, written plainly, as `0x600`, or either in quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number such as 1536 or 0x600")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                let trimmed = text.trim();
                let hex = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"));
                let number = match hex {
                    Some(digits) => i64::from_str_radix(digits, 16),
                    None => trimmed.parse(),
                };
                number.map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Reads)
    }
}

#[derive(DeriveDeserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    name: Spanned<String>,
    description: Option<Spanned<String>>,
    #[serde(default)]
    bus: Vec<Spanned<RawBus>>,
    #[serde(default)]
    component: Vec<Spanned<RawComponent>>,
    #[serde(default)]
    charge: BTreeMap<String, Spanned<f64>>,
    #[serde(default)]
    recorder: Vec<Spanned<RawRecorder>>,
    #[serde(default)]
    message: Vec<Spanned<RawMessage>>,
}

#[derive(DeriveDeserialize)]
#[serde(deny_unknown_fields)]
struct RawBus {
    name: Spanned<String>,
    address: Spanned<String>,
    bit_rate: Option<Spanned<Number>>,
    data_bit_rate: Option<Spanned<Number>>,
    listen_only: Option<Spanned<bool>>,
    baud: Option<Spanned<Number>>,
    scene: Option<Spanned<String>>,
    #[serde(default)]
    dbc: Vec<Spanned<String>>,
}

/// Turns raw tables into a profile and collects what is wrong.
pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) lines: Lines,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn line<T>(&self, at: &Spanned<T>) -> u32 {
        line_at(self.text, at.span().start)
    }

    pub(super) fn note<T>(&mut self, part: Part, key: &str, at: &Spanned<T>) -> u32 {
        let line = self.line(at);
        self.lines.0.insert((part, key.to_owned()), line);
        line
    }

    pub(super) fn wrong(&mut self, line: u32, text: String) {
        self.problems.push(refuse(line, text));
    }

    fn profile(&mut self, raw: RawProfile) -> Option<Profile> {
        let name = self.name(Part::Profile, "name", &raw.name);
        let description = raw.description.and_then(|text| self.description(&text));
        if raw.bus.len() > BUS_LIMIT {
            self.wrong(0, format!("{} buses; at most {BUS_LIMIT} are allowed", raw.bus.len()));
            return None;
        }
        if raw.component.len() > COMPONENT_LIMIT {
            let found = raw.component.len();
            self.wrong(0, format!("{found} components; at most {COMPONENT_LIMIT} are allowed"));
            return None;
        }
        let buses: Vec<_> = raw.bus.into_iter().enumerate().map(|(i, b)| self.bus(i, b)).collect();
        let entries = raw.component.into_iter().enumerate();
        let components: Vec<_> = entries.map(|(i, c)| self.component(i, c)).collect();
        let charge = self.rules(&raw.charge);
        let recorders = self.recorders(raw.recorder);
        let messages = self.messages(&raw.message);
        let profile = Profile {
            name: name?,
            description,
            buses: buses.into_iter().collect::<Option<_>>()?,
            components: components.into_iter().collect::<Option<_>>()?,
            charge,
            recorders: recorders?,
            messages,
        };
        self.names(&profile);
        self.recorded(&profile);
        self.message_names(&profile, &raw.message);
        Some(profile)
    }

    /// What it is for, in words.
    fn description(&mut self, raw: &Spanned<String>) -> Option<String> {
        let line = self.note(Part::Profile, "description", raw);
        let text = raw.get_ref().trim();
        let letters = text.chars().count();
        if letters > DESCRIPTION_LIMIT {
            self.wrong(
                line,
                format!(
                    "the description has {letters} characters; at most {DESCRIPTION_LIMIT} are allowed"
                ),
            );
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The rules of charging that the profile sets. Those that go together are checked together.
    fn rules(&mut self, raw: &BTreeMap<String, Spanned<f64>>) -> Rules {
        let mut rules = Rules::default();
        for (name, value) in raw {
            let line = self.line(value);
            let set = name.parse::<Key>().and_then(|key| {
                self.lines.0.insert((Part::Profile, key.rule().name.to_owned()), line);
                rules.set(key, *value.get_ref())
            });
            if let Err(why) = set {
                self.wrong(line, format!("[charge]: {why}"));
            }
        }
        if let Err(why) = rules.check() {
            let line = match &why {
                RuleError::Swapped { lower, upper } => {
                    let of = |name| self.lines.of(Part::Profile, name);
                    of(upper).max(of(lower))
                }
                RuleError::Unknown(_) | RuleError::OutOfBounds { .. } => 0,
            };
            self.wrong(line, format!("[charge]: {why}"));
        }
        rules
    }

    /// Names must be unique, and a component's bus must be one of the profile.
    fn names(&mut self, profile: &Profile) {
        let mut seen: BTreeMap<&Name, u32> = BTreeMap::new();
        for (position, bus) in profile.buses.iter().enumerate() {
            let line = self.lines.of(Part::Bus(position), "name");
            if let Some(first) = seen.insert(&bus.name, line) {
                let name = &bus.name;
                self.wrong(
                    line,
                    format!(
                        "a second bus is called {name:?}; the first is in line {first}",
                        name = name.as_str()
                    ),
                );
            }
        }
        let known: Vec<&str> = profile.buses.iter().map(|bus| bus.name.as_str()).collect();
        let mut seen: BTreeMap<&Name, u32> = BTreeMap::new();
        for (position, component) in profile.components.iter().enumerate() {
            let part = Part::Component(position);
            let (name, bus) = (component.name.as_str(), component.bus.as_str());
            let line = self.lines.of(part, "name");
            if let Some(first) = seen.insert(&component.name, line) {
                let text =
                    format!("a second component is called {name:?}; the first is in line {first}");
                self.wrong(line, text);
            }
            if profile.bus(&component.bus).is_none() {
                let there = match known.as_slice() {
                    [] => "this profile has none".to_owned(),
                    known => format!("there is {}", known.join(", ")),
                };
                let line = self.lines.of(part, "bus");
                self.wrong(
                    line,
                    format!("component {name:?} names an unknown bus {bus:?}: {there}"),
                );
            }
        }
    }

    pub(super) fn name(
        &mut self,
        part: Part,
        key: &'static str,
        raw: &Spanned<String>,
    ) -> Option<Name> {
        let line = self.note(part, key, raw);
        match Name::new(raw.get_ref()) {
            Ok(name) => Some(name),
            Err(why) => {
                self.wrong(line, format!("{key} {:?}: {why}", raw.get_ref()));
                None
            }
        }
    }

    fn bus(&mut self, position: usize, raw: Spanned<RawBus>) -> Option<BusEntry> {
        let part = Part::Bus(position);
        self.note(part, "", &raw);
        let raw = raw.into_inner();
        let name = self.name(part, "name", &raw.name);
        let line = self.note(part, "address", &raw.address);
        let address = match raw.address.get_ref().parse::<Address>() {
            Ok(address) => Some(address),
            Err(why) => {
                self.wrong(line, why.to_string());
                None
            }
        };
        let address = self.adapter(part, address, &raw);
        if let Some(scene) = &raw.scene {
            let line = self.note(part, "scene", scene);
            let elsewhere = |address: &Address| !matches!(address, Address::Virtual(_));
            if let Some(address) = address.as_ref().filter(|address| elsewhere(address)) {
                self.wrong(line, format!("a scene lives on a virtual bus only, not on {address}"));
            }
        }
        for dbc in &raw.dbc {
            let line = self.note(part, "dbc", dbc);
            if dbc.get_ref().trim().is_empty() {
                self.wrong(line, "dbc names an empty file name".into());
            }
        }
        let scene = raw.scene.map(Spanned::into_inner);
        let dbc = raw.dbc.into_iter().map(|file| PathBuf::from(file.into_inner())).collect();
        Some(BusEntry { name: name?, address: address?, scene, dbc })
    }

    /// The address with what is set beside it: a bit rate and the like belong to an adapter on a
    /// serial port, which this program opens itself.
    fn adapter(&mut self, part: Part, address: Option<Address>, raw: &RawBus) -> Option<Address> {
        let before = self.problems.len();
        let rate = self.whole(part, "bit_rate", raw.bit_rate.as_ref(), 5_000, 1_000_000);
        let fast = raw.data_bit_rate.as_ref();
        let data_rate = self.whole(part, "data_bit_rate", fast, 1_000_000, 8_000_000);
        let baud = self.whole(part, "baud", raw.baud.as_ref(), 300, 12_000_000);
        let listen = raw.listen_only.as_ref();
        if let Some(listen) = listen {
            self.note(part, "listen_only", listen);
        }
        let mut to = match address? {
            Address::Slcan(to) => to,
            other => {
                let set = [
                    ("bit_rate", raw.bit_rate.is_some()),
                    ("data_bit_rate", fast.is_some()),
                    ("listen_only", listen.is_some()),
                    ("baud", raw.baud.is_some()),
                ];
                for (key, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
                    let line = self.lines.of(part, key);
                    let text = format!(
                        "{key} is for an adapter on a serial port (slcan:PORT) and not for \
                         {other}, which is set up elsewhere or has none"
                    );
                    self.wrong(line, text);
                }
                return Some(other);
            }
        };
        to.listen_only |= listen.is_some_and(|listen| *listen.get_ref());
        for (key, own, beside) in [
            ("bit_rate", &mut to.bit_rate, rate),
            ("data_bit_rate", &mut to.data_bit_rate, data_rate),
            ("baud", &mut to.baud, baud),
        ] {
            match (*own, beside) {
                (Some(own), Some(beside)) if own != beside => {
                    let line = self.lines.of(part, key);
                    let text = format!("{key} is {beside}, and the address says {own}: say one");
                    self.wrong(line, text);
                }
                _ => *own = own.or(beside),
            }
        }
        // A number that is out of bounds has been told already.
        if self.problems.len() == before
            && let Err(why) = to.check()
        {
            let key = match &why {
                SlcanError::NoRate(_) => "address",
                SlcanError::Rate(RateError::Nominal(_)) => "bit_rate",
                SlcanError::Rate(RateError::Data(_)) => "data_bit_rate",
            };
            let line = self.lines.of(part, key);
            self.wrong(line, why.to_string());
        }
        Some(Address::Slcan(to))
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<&Spanned<Number>>,
        least: u32,
        most: u32,
    ) -> Option<u32> {
        let raw = raw?;
        let line = self.note(part, key, raw);
        let Number(number) = *raw.get_ref();
        let fits = u32::try_from(number).ok().filter(|n| (least..=most).contains(n));
        if fits.is_none() {
            let text = if key == "base" {
                format!("base is {number:#x}: from 0x0 to {most:#x} is possible")
            } else {
                format!("{key} is {number}: from {least} to {most} is possible")
            };
            self.wrong(line, text);
        }
        fits
    }

    /// A number from `least` to `most`.
    pub(super) fn real(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<&Spanned<f64>>,
        least: f64,
        most: f64,
    ) -> Option<f64> {
        let raw = raw?;
        let line = self.note(part, key, raw);
        let number = *raw.get_ref();
        // Written so that a number that is none (nan) is refused too.
        if (least..=most).contains(&number) {
            return Some(number);
        }
        self.wrong(line, format!("{key} is {number}: from {least} to {most} is possible"));
        None
    }
}
