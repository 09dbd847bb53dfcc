//! A message that a profile keeps to be sent by hand: its frame, how often, what changes from one
//! sending to the next, the key that sends it. It is never sent by itself. Knows how it is written and
//! read, and no bus that runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;
use toml::Spanned;

use crate::base::id::{Name, NameError};
use crate::engine::can::dress::{Checksum, Counter, Dress};
use crate::engine::can::frame::{Frame, Id, Kind};
use crate::engine::can::schedule::{Schedule, ScheduleError};
use crate::engine::profile::model::Profile;
use crate::engine::profile::parse::Reader;
use crate::engine::profile::shelf;

/// Most messages that a profile keeps.
pub const MESSAGE_LIMIT: usize = 256;
/// Time between two sendings where a profile does not say.
const USUAL_MS: f64 = 100.0;

/// A message that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEntry {
    /// Its name, unique among the profile's messages.
    pub name: Name,
    /// The name of its bus.
    pub bus: Name,
    /// The frame, before counter and checksum are set.
    pub frame: Frame,
    /// Time between two sendings.
    pub every: Duration,
    /// After how many it ends; `None`: when somebody stops it.
    pub times: Option<u64>,
    /// What changes from one to the next.
    pub dress: Dress,
    /// The key that sends it once, while its bus is armed.
    pub key: Option<HotKey>,
    /// Whether it goes on when the session that started it ends.
    pub stays: bool,
}

/// A key that sends a message: a letter, a digit, or F2 to F10; the others have a meaning already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HotKey {
    /// A letter or a digit.
    Char(char),
    /// F2 to F10.
    Function(u8),
}

/// Why a message cannot be kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// Its name or that of its bus.
    #[error("{0:?}: {1}")]
    Name(String, NameError),
    /// No id.
    #[error(
        "{0:?} is no id: write it in hexadecimal digits, up to 7FF, or eight digits up to 1FFFFFFF"
    )]
    Id(String),
    /// No such kind.
    #[error("{0:?} is no kind of frame: there are data, remote, fd and fd_fast")]
    Kind(String),
    /// No bytes.
    #[error("{0:?} are no bytes: write pairs of hexadecimal digits")]
    Data(String),
    /// A length that its kind does not have.
    #[error("a frame of this kind cannot have {0} bytes")]
    Length(usize),
    /// No such key.
    #[error("{0:?} is no key for this: there are the letters, the digits and F2 to F10")]
    Key(String),
    /// No time.
    #[error("{0} is no number of milliseconds")]
    Every(String),
    /// It could not be sent.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl FromStr for HotKey {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, MessageError> {
        let typed = text.trim().to_ascii_uppercase();
        let wrong = || MessageError::Key(text.to_owned());
        let mut letters = typed.chars();
        match (letters.next(), letters.as_str()) {
            (Some(only), "") if only.is_ascii_alphanumeric() => Ok(Self::Char(only)),
            (Some('F'), number) => {
                let number = number.parse().ok().filter(|number| (2..=10).contains(number));
                number.map(Self::Function).ok_or_else(wrong)
            }
            (Some(_) | None, _) => Err(wrong()),
        }
    }
}

impl fmt::Display for HotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(letter) => write!(f, "{letter}"),
            Self::Function(number) => write!(f, "F{number}"),
        }
    }
}

impl MessageEntry {
    /// The same as something that runs.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            name: self.name.clone(),
            frame: self.frame,
            every: self.every,
            times: self.times,
            dress: self.dress.clone(),
        }
    }

    /// The frame as it goes out once.
    #[must_use]
    pub fn once(&self) -> Frame {
        self.frame.edited(|data| self.dress.put_on(data, 0))
    }

    /// Whether it could be sent.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), MessageError> {
        Ok(self.schedule().check()?)
    }

    /// What it is in a line: "0x123#0A0B every 100 ms".
    #[must_use]
    pub fn short(&self) -> String {
        let view = self.frame.view();
        let data: Vec<String> = view.data.iter().map(|byte| format!("{byte:02X}")).collect();
        let every = match self.every.is_zero() {
            true => "back to back".to_owned(),
            false => format!("every {} ms", millis(self.every)),
        };
        format!("{}#{} {every} on {}", view.id(), data.concat(), self.bus)
    }

    /// A mark of what it is: another one after every change.
    #[must_use]
    pub fn mark(&self) -> String {
        let lines = self.lines().into_iter();
        let lines: Vec<String> = lines.map(|(key, value)| format!("{key} = {value}")).collect();
        shelf::mark(lines.join("\n").as_bytes())
    }

    /// Its table in the file, without its head.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        use crate::engine::profile::write::quote;
        let view = self.frame.view();
        let kind = kind(&self.frame);
        let mut lines = vec![
            ("name", quote(self.name.as_str())),
            ("bus", quote(self.bus.as_str())),
            ("id", quote(&view.id().to_string())),
        ];
        if kind != "data" {
            lines.push(("kind", quote(kind)));
        }
        match view.kind() {
            Kind::Remote => lines.push(("length", view.len().to_string())),
            Kind::Data | Kind::Fd | Kind::Error => {
                let bytes: Vec<String> = view.data.iter().map(|b| format!("{b:02X}")).collect();
                lines.push(("data", quote(&bytes.join(" "))));
            }
        }
        lines.push(("every_ms", millis(self.every)));
        if let Some(times) = self.times {
            lines.push(("times", times.to_string()));
        }
        if let Some(key) = self.key {
            lines.push(("key", quote(&key.to_string())));
        }
        if self.stays {
            lines.push(("stays", "true".to_owned()));
        }
        if let Some(Ok(counter)) = self.dress.counter.as_ref().map(toml::Value::try_from) {
            lines.push(("counter", counter.to_string()));
        }
        if let Some(Ok(checksum)) = self.dress.checksum.as_ref().map(toml::Value::try_from) {
            lines.push(("checksum", checksum.to_string()));
        }
        lines
    }
}

fn millis(every: Duration) -> String {
    (every.as_secs_f64() * 1e3).to_string()
}

fn kind(frame: &Frame) -> &'static str {
    let view = frame.view();
    match view.kind() {
        Kind::Remote => "remote",
        Kind::Fd if view.has_bit_rate_switch() => "fd_fast",
        Kind::Fd => "fd",
        Kind::Data | Kind::Error => "data",
    }
}

impl Serialize for MessageEntry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let view = self.frame.view();
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("bus", &self.bus)?;
        map.serialize_entry("id", &view.id().to_string())?;
        map.serialize_entry("kind", kind(&self.frame))?;
        map.serialize_entry("data", &data_encoding::HEXUPPER.encode(view.data))?;
        map.serialize_entry("length", &view.len())?;
        map.serialize_entry("every_ms", &(self.every.as_secs_f64() * 1e3))?;
        map.serialize_entry("times", &self.times)?;
        map.serialize_entry("key", &self.key.map(|key| key.to_string()))?;
        map.serialize_entry("stays", &self.stays)?;
        map.serialize_entry("counter", &self.dress.counter)?;
        map.serialize_entry("checksum", &self.dress.checksum)?;
        map.end()
    }
}

/// A message as it stands in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMessage {
    /// See [`MessageEntry::name`].
    pub name: Spanned<String>,
    /// See [`MessageEntry::bus`].
    pub bus: Spanned<String>,
    id: String,
    kind: Option<String>,
    data: Option<String>,
    length: Option<u8>,
    every_ms: Option<f64>,
    times: Option<u64>,
    key: Option<String>,
    #[serde(default)]
    stays: bool,
    counter: Option<Counter>,
    checksum: Option<Checksum>,
}

impl RawMessage {
    /// The message.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(&self) -> Result<MessageEntry, MessageError> {
        let name = |text: &str| {
            Name::new(text).map_err(|error| MessageError::Name(text.to_owned(), error))
        };
        let every = self.every_ms.unwrap_or(USUAL_MS);
        let every = Duration::try_from_secs_f64(every / 1e3)
            .map_err(|_| MessageError::Every(every.to_string()))?;
        let entry = MessageEntry {
            name: name(self.name.get_ref())?,
            bus: name(self.bus.get_ref())?,
            frame: self.frame()?,
            every,
            times: self.times,
            dress: Dress { counter: self.counter.clone(), checksum: self.checksum.clone() },
            key: self.key.as_deref().map(str::parse).transpose()?,
            stays: self.stays,
        };
        entry.check()?;
        Ok(entry)
    }

    fn frame(&self) -> Result<Frame, MessageError> {
        let id = typed_id(&self.id).ok_or_else(|| MessageError::Id(self.id.clone()))?;
        let bytes = self.bytes()?;
        let length = usize::from(self.length.unwrap_or(bytes.len() as u8));
        let frame = match self.kind.as_deref().unwrap_or("data") {
            "data" => Frame::classic(id, &bytes),
            "remote" => Frame::remote(id, length).filter(|_| bytes.is_empty()),
            "fd" => Frame::fd(id, &bytes),
            "fd_fast" => Frame::fd(id, &bytes).map(Frame::with_bit_rate_switch),
            other => return Err(MessageError::Kind(other.to_owned())),
        };
        frame.ok_or(MessageError::Length(bytes.len()))
    }

    fn bytes(&self) -> Result<Vec<u8>, MessageError> {
        let text = self.data.as_deref().unwrap_or_default();
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(digits.as_bytes());
        bytes.map_err(|_| MessageError::Data(text.to_owned()))
    }
}

/// An id as people type it, in hexadecimal digits: up to three say a standard one, eight an extended
/// one. Any other number of them is taken for a slip, because it would be another id on the bus.
#[must_use]
pub fn typed_id(text: &str) -> Option<Id> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    let raw = is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
    match digits.len() {
        1..=3 => Id::standard(raw),
        8 => Id::extended(raw),
        _ => None,
    }
}

impl Reader<'_> {
    /// The messages that are kept.
    pub(super) fn messages(&mut self, raw: &[Spanned<RawMessage>]) -> Vec<MessageEntry> {
        if raw.len() > MESSAGE_LIMIT {
            let found = raw.len();
            self.wrong(0, format!("{found} messages; at most {MESSAGE_LIMIT} are allowed"));
            return Vec::new();
        }
        let mut messages = Vec::with_capacity(raw.len());
        for one in raw {
            match one.get_ref().read() {
                Ok(message) => messages.push(message),
                Err(why) => {
                    let line = self.line(&one.get_ref().name);
                    let name = one.get_ref().name.get_ref();
                    self.wrong(line, format!("message {name:?}: {why}"));
                }
            }
        }
        messages
    }

    /// Their names and keys must be unique, and their buses known.
    pub(super) fn message_names(&mut self, profile: &Profile, raw: &[Spanned<RawMessage>]) {
        let lines: Vec<u32> = raw.iter().map(|one| self.line(&one.get_ref().name)).collect();
        for (at, (message, line)) in profile.messages.iter().zip(lines).enumerate() {
            let name = message.name.as_str();
            let before = profile.messages.get(..at).unwrap_or_default();
            if before.iter().any(|other| other.name == message.name) {
                self.wrong(line, format!("a second message is called {name:?}"));
            }
            let key = message.key.filter(|key| before.iter().any(|one| one.key == Some(*key)));
            if let Some(key) = key {
                self.wrong(
                    line,
                    format!("message {name:?}: another one has the key {key} already"),
                );
            }
            if profile.bus(&message.bus).is_none() {
                let bus = message.bus.as_str();
                self.wrong(line, format!("message {name:?} names an unknown bus {bus:?}"));
            }
        }
    }
}
