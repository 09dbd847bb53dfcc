//! Makes a device folder out of a DBC and of what a person says its signals are, and reads one that was
//! made so back to be changed. Knows no files and no face: bytes in, bytes out.

#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::base::problem::Severity;
use crate::engine::dbc::{self, Form, Parsed, Schema, Signal};
use crate::engine::device::battery::NUMBER_LIMIT;
use crate::engine::device::check::{self, DBC_LIMIT};
use crate::engine::device::{Category, Fault, Manifest};
use crate::engine::profile::devices::Files;

/// Most signals that are shown as readings.
pub const SHOWN_LIMIT: usize = 256;
/// Longest time between two of a message, milliseconds.
const GREATEST_PERIOD_MS: u64 = 600_000;
/// The time between two of a message where nobody says it.
const USUAL_PERIOD_MS: u64 = 1000;

/// What a signal of a component of one's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is in the trace and in filters, and shown nowhere else.
    Signal,
    /// A reading on the page of the parts.
    Reading,
    /// Voltage of the pack.
    PackVoltage,
    /// Current of the pack.
    PackCurrent,
    /// State of charge.
    StateOfCharge,
    /// Voltage of this cell, from 1.
    Cell(u16),
    /// This temperature of the cells, from 1.
    Temperature(u16),
}

impl Role {
    /// Those that stand for themselves, and examples of those with a number: for lists.
    pub const EXAMPLES: [&'static str; 7] = [
        "signal",
        "reading",
        "pack voltage",
        "pack current",
        "state of charge",
        "cell 1",
        "temperature 1",
    ];

    /// Whether only a battery has it.
    #[must_use]
    pub const fn is_of_battery(self) -> bool {
        match self {
            Self::Signal | Self::Reading => false,
            Self::PackVoltage
            | Self::PackCurrent
            | Self::StateOfCharge
            | Self::Cell(_)
            | Self::Temperature(_) => true,
        }
    }

    /// The units it can be in, each with what a value in it is multiplied with to be in volts,
    /// amperes, percent, millivolts of a cell or degrees Celsius.
    const fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Signal | Self::Reading => &[],
            Self::PackVoltage => &[("V", 1.0), ("mV", 0.001), ("volts", 1.0), ("volt", 1.0)],
            Self::PackCurrent => &[("A", 1.0), ("mA", 0.001), ("amps", 1.0), ("amp", 1.0)],
            Self::Cell(_) => &[("mV", 1.0), ("V", 1000.0), ("volts", 1000.0), ("volt", 1000.0)],
            Self::StateOfCharge => &[("%", 1.0), ("fraction", 100.0), ("percent", 1.0)],
            Self::Temperature(_) => &[("degC", 1.0), ("C", 1.0), ("celsius", 1.0)],
        }
    }

    /// What a value in `unit` is multiplied with; none where it cannot be in that.
    fn scale(self, unit: &str) -> Option<f64> {
        let bare = |text: &str| {
            let letters =
                text.chars().filter(|c| !c.is_whitespace() && !"\u{b0}\u{ba}".contains(*c));
            letters.collect::<String>().to_lowercase()
        };
        let unit = bare(unit);
        self.units().iter().find(|(word, _)| bare(word) == unit).map(|(_, scale)| *scale)
    }
}

/// What a signal is said to be, and in which unit where the DBC's is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What it is.
    pub role: Role,
    /// Its unit; empty: that of the DBC.
    pub unit: String,
}

impl From<Role> for Chosen {
    fn from(role: Role) -> Self {
        Self { role, unit: String::new() }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit.as_str() {
            "" => write!(f, "{}", self.role),
            unit => write!(f, "{} in {unit}", self.role),
        }
    }
}

impl FromStr for Chosen {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        let (role, unit) = text.split_once(" in ").unwrap_or((text, ""));
        let chosen = Self { role: role.parse()?, unit: unit.trim().to_owned() };
        let fits = chosen.unit.is_empty() || chosen.role.scale(&chosen.unit).is_some();
        if fits { Ok(chosen) } else { Err(BadRole(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal => f.write_str("signal"),
            Self::Reading => f.write_str("reading"),
            Self::PackVoltage => f.write_str("pack voltage"),
            Self::PackCurrent => f.write_str("pack current"),
            Self::StateOfCharge => f.write_str("state of charge"),
            Self::Cell(number) => write!(f, "cell {number}"),
            Self::Temperature(number) => write!(f, "temperature {number}"),
        }
    }
}

/// Not a role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is nothing that a signal can be: it can be signal, reading, pack voltage, pack current, state of charge, cell 1 to {NUMBER_LIMIT} or temperature 1 to {NUMBER_LIMIT}, and behind it its unit where the DBC has none: cell 1 in mV"
)]
pub struct BadRole(String);

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        // A hyphen joins words only where there is no space: "cell -1" is no cell.
        let text = text.trim();
        let between: &[char] = if text.contains(' ') { &[' '] } else { &['-', '_'] };
        let words: Vec<String> = text.split(between).map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
        let number = |digits: &str| {
            let number = digits.parse().ok();
            number.filter(|number| (1..=NUMBER_LIMIT).contains(number))
        };
        let role = match words[..] {
            [] | ["signal"] => Some(Self::Signal),
            ["reading"] => Some(Self::Reading),
            ["pack", "voltage"] => Some(Self::PackVoltage),
            ["pack", "current"] => Some(Self::PackCurrent),
            ["state", "of", "charge"] | ["soc"] => Some(Self::StateOfCharge),
            ["cell", digits] => number(digits).map(Self::Cell),
            ["temperature", digits] => number(digits).map(Self::Temperature),
            _ => None,
        };
        role.ok_or_else(|| BadRole(text.chars().take(80).collect()))
    }
}

/// Why a device folder cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CustomError {
    /// It is no DBC.
    #[error("the DBC cannot be used: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Dbc(Vec<Fault>),
    /// What was made is not sound: the sentence names file and line.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Unsound(Vec<Fault>),
    /// Something about one signal or message.
    #[error("{at}: {why}")]
    At {
        /// Message, or message and signal.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// The folder was written by hand.
    #[error(
        "this device folder was written by hand: change its device.toml, or copy it under another name"
    )]
    ByHand,
}

/// A message of a component of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftMessage {
    /// Time between two, milliseconds; 0 where it comes only now and then.
    pub period_ms: u64,
}

/// A component of one's own in the making.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its name, which is the id of the kind.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// What it is; a battery where a signal is something that only a battery has.
    pub category: Category,
    /// The messages that are taken, by name.
    pub messages: BTreeMap<String, DraftMessage>,
    /// What the signals are, by message and signal; what is not named is a signal.
    pub roles: BTreeMap<(String, String), Chosen>,
    /// Everything that the DBC says.
    pub schema: Schema,
    form: Form,
}

impl Draft {
    /// A component of all messages of a DBC, every signal of which is shown as far as there is room.
    ///
    /// # Errors
    /// It is no DBC, or too large.
    pub fn new(id: &str, title: &str, bytes: &[u8]) -> Result<Self, CustomError> {
        let (schema, form) = parsed(bytes)?;
        let messages = schema.messages.iter().map(|message| {
            let period = message.cycle_ms().map_or(USUAL_PERIOD_MS, |ms| ms as u64);
            (message.name.clone(), DraftMessage { period_ms: period.min(GREATEST_PERIOD_MS) })
        });
        let messages = messages.collect();
        let names = schema.messages.iter().flat_map(|message| {
            message.signals.iter().map(|signal| (message.name.clone(), signal.name.clone()))
        });
        let roles = names.take(SHOWN_LIMIT).map(|name| (name, Role::Reading.into())).collect();
        let (id, title) = (id.to_owned(), title.to_owned());
        let (maker, category) = ("own".to_owned(), Category::Custom);
        Ok(Self { id, title, maker, category, messages, roles, schema, form })
    }

    /// What was made before, to be changed.
    ///
    /// # Errors
    /// It was not made so, or is not sound.
    pub fn of(id: &str, files: &Files) -> Result<Self, CustomError> {
        let written = std::str::from_utf8(&files.manifest).unwrap_or_default();
        if !written.starts_with(text::MARK) {
            return Err(CustomError::ByHand);
        }
        let kind =
            check::read(id, &files.manifest, &files.messages).map_err(CustomError::Unsound)?;
        let (schema, form) = parsed(&files.messages)?;
        let Manifest { title, maker, category, .. } = kind.manifest.clone();
        let messages = schema.messages.iter().map(|message| {
            let rate = kind.manifest.rate_of(&message.name);
            let period_ms = rate.map_or(0, |rate| rate.period_ms);
            (message.name.clone(), DraftMessage { period_ms })
        });
        let messages = messages.collect();
        let roles = text::roles(&kind.manifest, &schema);
        Ok(Self { id: id.to_owned(), title, maker, category, messages, roles, schema, form })
    }

    /// Goes on from what was made before out of another DBC: what is said of messages and signals
    /// that are still there stays. A title that is given is the new one.
    pub fn go_on_from(&mut self, former: Self, title: Option<String>) {
        self.title = title.unwrap_or(former.title);
        self.maker = former.maker;
        self.category = former.category;
        for (name, message) in former.messages {
            if let Some(own) = self.messages.get_mut(&name) {
                *own = message;
            }
        }
        for message in &self.schema.messages {
            let Some(before) = former.schema.message_named(&message.name) else { continue };
            for signal in &message.signals {
                let key = (message.name.clone(), signal.name.clone());
                match former.roles.get(&key) {
                    Some(role) => _ = self.roles.insert(key, role.clone()),
                    // It was there, and is to be nothing but a signal.
                    None if before.position(&signal.name).is_some() => _ = self.roles.remove(&key),
                    None => {}
                }
            }
        }
    }

    /// What a signal is.
    #[must_use]
    pub fn role(&self, message: &str, signal: &str) -> Chosen {
        let key = (message.to_owned(), signal.to_owned());
        self.roles.get(&key).cloned().unwrap_or_else(|| Role::Signal.into())
    }

    /// The device folder.
    ///
    /// # Errors
    /// Says which message or signal cannot be what it is said to be, or what is wrong with the whole.
    pub fn make(&self) -> Result<Files, CustomError> {
        let schema = self.taken()?;
        let mapped = self.mapped(&schema)?;
        let manifest = text::manifest(self, &schema, &mapped).into_bytes();
        let written = dbc::write(&schema, self.form);
        let written = written.map_err(|error| CustomError::At {
            at: check::MESSAGES.to_owned(),
            why: error.to_string(),
        })?;
        let files = Files { manifest, messages: written.bytes };
        check::read(&self.id, &files.manifest, &files.messages).map_err(CustomError::Unsound)?;
        Ok(files)
    }

    /// What the DBC says of the messages that are taken.
    fn taken(&self) -> Result<Schema, CustomError> {
        let mut schema = self.schema.clone();
        schema.messages.retain(|message| self.messages.contains_key(&message.name));
        if schema.messages.is_empty() {
            let why = "at least one of its messages has to be taken".to_owned();
            return Err(CustomError::At { at: self.id.clone(), why });
        }
        for (name, message) in &self.messages {
            let at = || name.clone();
            if message.period_ms > GREATEST_PERIOD_MS {
                let why = format!("the time between two is at most {GREATEST_PERIOD_MS} ms");
                return Err(CustomError::At { at: at(), why });
            }
            if schema.message_named(name).is_none() {
                return Err(CustomError::At {
                    at: at(),
                    why: "the DBC has no such message".into(),
                });
            }
        }
        Ok(schema)
    }

    /// The signals that are something, each with what its value is multiplied with.
    fn mapped<'s>(&self, schema: &'s Schema) -> Result<Vec<Mapped<'s>>, CustomError> {
        let mut mapped: Vec<Mapped<'s>> = Vec::new();
        for ((message, signal), Chosen { role, unit }) in &self.roles {
            let at = || format!("{message}.{signal}");
            // What belongs to a message that is not taken is nothing any more.
            let Some(owner) = schema.message_named(message) else { continue };
            let found = owner.signals.iter().find(|own| own.name == *signal);
            let Some(found) = found else {
                return Err(CustomError::At { at: at(), why: "the DBC has no such signal".into() });
            };
            if *role == Role::Signal {
                continue;
            }
            let unit = if unit.is_empty() { found.unit.trim() } else { unit };
            let scale = if role.is_of_battery() { role.scale(unit) } else { Some(1.0) };
            let Some(scale) = scale else {
                let example = role.units().first().map_or("", |(unit, _)| unit);
                let why = match unit {
                    "" => {
                        format!("the DBC gives it no unit: write {role} in {example}, or as it is")
                    }
                    unit => {
                        format!("it is in {unit:?}: write {role} in {example} if that is wrong")
                    }
                };
                return Err(CustomError::At { at: at(), why });
            };
            let twice = mapped.iter().find(|other| other.role == *role && role.is_of_battery());
            if let Some(other) = twice {
                let why = format!("{}.{} is {role} already", other.message, other.signal.name);
                return Err(CustomError::At { at: at(), why });
            }
            mapped.push(Mapped { message: &owner.name, signal: found, role: *role, scale });
        }
        let shown = mapped.iter().filter(|one| one.role == Role::Reading).count();
        if shown > SHOWN_LIMIT {
            let why = format!("{shown} readings are too many: there is room for {SHOWN_LIMIT}");
            return Err(CustomError::At { at: self.id.clone(), why });
        }
        Ok(mapped)
    }
}

/// A signal that is something.
struct Mapped<'s> {
    message: &'s str,
    signal: &'s Signal,
    role: Role,
    scale: f64,
}

fn parsed(bytes: &[u8]) -> Result<(Schema, Form), CustomError> {
    let fault = |line: u32, text: String| Fault { file: check::MESSAGES, line, text };
    if bytes.len() > DBC_LIMIT {
        let text = format!("it has {} bytes; it can have {DBC_LIMIT}", bytes.len());
        return Err(CustomError::Dbc(vec![fault(0, text)]));
    }
    let Parsed { schema, problems, form, .. } = dbc::parse(bytes);
    let broken = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
    let broken: Vec<Fault> =
        broken.map(|problem| fault(problem.line, problem.text)).take(20).collect();
    if !broken.is_empty() {
        return Err(CustomError::Dbc(broken));
    }
    if schema.messages.is_empty() {
        return Err(CustomError::Dbc(vec![fault(0, "it defines no message".to_owned())]));
    }
    Ok((schema, form))
}
