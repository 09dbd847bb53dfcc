//! Whether a device folder is sound: everything that the folders that come with the program are
//! tested for, asked of a folder of somebody's own, with file and line. Knows no files: it is given
//! what they say.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::catalog::{Kind, Origin};
use super::manifest::{AddressWay, Manifest};
use super::recognise::{POINT_LIMIT, SIGN_LIMIT};
use crate::base::problem::Severity;
use crate::engine::can::frame::{CLASSIC_BYTES, Id};
use crate::engine::dbc::{self, Message, Schema};

/// Greatest size of a `device.toml`, bytes.
pub const MANIFEST_LIMIT: usize = 256 << 10;
/// Greatest size of a `messages.dbc` of a device folder, bytes.
pub const DBC_LIMIT: usize = 2 << 20;
/// Most messages of a kind.
const MESSAGE_LIMIT: usize = 2048;
/// Most signals of all messages of a kind.
const SIGNAL_LIMIT: usize = 20_000;
/// Longest id of a kind.
const ID_CHARS: usize = 40;
/// Longest title or maker.
const TITLE_CHARS: usize = 80;
/// Longest text.
const TEXT_CHARS: usize = 1000;
/// Longest time that something may be late, milliseconds.
const GREATEST_MS: u64 = 3_600_000;
/// Most problems that are told of one folder.
const PROBLEM_LIMIT: usize = 20;

/// Name of the manifest in a device folder.
pub const MANIFEST: &str = "device.toml";
/// Name of the DBC in a device folder.
pub const MESSAGES: &str = "messages.dbc";

/// Something that keeps a device folder from being one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file in the folder; empty where the folder itself is meant.
    pub file: &'static str,
    /// Line in it, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// What is wrong, in a sentence without its end.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file, self.line) {
            ("", _) => f.write_str(&self.text),
            (file, 0) => write!(f, "{file}: {}", self.text),
            (file, line) => write!(f, "{file}:{line}: {}", self.text),
        }
    }
}

/// Whether `text` can be the id of a kind: small letters, digits and hyphens.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=ID_CHARS).contains(&text.len())
        && text.chars().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The kind that a folder of somebody's own describes.
///
/// # Errors
/// Everything that is wrong with it, in the order of the files.
pub fn read(folder: &str, manifest: &[u8], messages: &[u8]) -> Result<Arc<Kind>, Vec<Fault>> {
    if !is_id(folder) {
        let text = format!(
            "{folder:?} cannot be the name of a device folder: it has 1 to {ID_CHARS} small letters, digits and hyphens"
        );
        return Err(vec![Fault { file: "", line: 0, text }]);
    }
    let schema = schema(messages);
    let text = text(manifest);
    let (schema, (manifest, lines)) = match (schema, text.and_then(|text| parse(folder, text))) {
        (Ok(schema), Ok(manifest)) => (schema, manifest),
        (schema, manifest) => {
            let faults = [schema.err(), manifest.err()];
            return Err(faults.into_iter().flatten().flatten().take(PROBLEM_LIMIT).collect());
        }
    };
    let mut check = Check { manifest: &manifest, schema: &schema, lines, faults: Vec::new() };
    check.all();
    let mut faults = check.faults;
    if faults.is_empty() {
        let made = Kind::new(manifest, schema, Origin::Own).map(Arc::new);
        let bound = made.and_then(|kind| {
            let bound = kind.bind(kind.defaults()).map(drop);
            bound.map(|()| kind).map_err(|error| error.to_string())
        });
        match bound {
            Ok(kind) => return Ok(kind),
            Err(text) => faults.push(Fault { file: MANIFEST, line: 0, text }),
        }
    }
    faults.sort_by_key(|fault| fault.line);
    faults.truncate(PROBLEM_LIMIT);
    Err(faults)
}

fn fault(file: &'static str, line: u32, text: String) -> Vec<Fault> {
    vec![Fault { file, line, text }]
}

fn text(manifest: &[u8]) -> Result<&str, Vec<Fault>> {
    let bytes = manifest.len();
    if bytes > MANIFEST_LIMIT {
        let text = format!("it has {bytes} bytes; it can have {MANIFEST_LIMIT}");
        return Err(fault(MANIFEST, 0, text));
    }
    std::str::from_utf8(manifest).map_err(|error| {
        let sound = manifest.get(..error.valid_up_to()).unwrap_or_default();
        fault(MANIFEST, line_after(sound), "this is no UTF-8 text".to_owned())
    })
}

fn line_after(bytes: &[u8]) -> u32 {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

/// The manifest, and where it says what.
fn parse<'t>(folder: &str, text: &'t str) -> Result<(Manifest, Lines<'t>), Vec<Fault>> {
    let told = |error: &toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = line_after(text.as_bytes().get(..start).unwrap_or_default());
        let said = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        fault(MANIFEST, line, said)
    };
    let table = DeTable::parse(text).map_err(|error| told(&error))?;
    let lines = Lines { text, table: table.into_inner() };
    let manifest: Manifest = toml::from_str(text).map_err(|error| told(&error))?;
    if manifest.id == folder {
        return Ok((manifest, lines));
    }
    let text =
        format!("the id is {:?}; it must be the name of its folder, {folder:?}", manifest.id);
    Err(fault(MANIFEST, lines.of(&[At::Key("id")]), text))
}

fn schema(messages: &[u8]) -> Result<Schema, Vec<Fault>> {
    let bytes = messages.len();
    if bytes > DBC_LIMIT {
        let text = format!("it has {bytes} bytes; it can have {DBC_LIMIT}");
        return Err(fault(MESSAGES, 0, text));
    }
    let parsed = dbc::parse(messages);
    let broken = parsed.problems.into_iter().filter(|p| p.severity == Severity::Error);
    let mut faults: Vec<Fault> = broken
        .map(|p| Fault { file: MESSAGES, line: p.line, text: p.text })
        .take(PROBLEM_LIMIT)
        .collect();
    let schema = parsed.schema;
    let (count, signals) = (schema.messages.len(), schema.signal_count());
    let mut refuse = |line, text| faults.push(Fault { file: MESSAGES, line, text });
    match count {
        0 => refuse(0, "it defines no message".to_owned()),
        count if count > MESSAGE_LIMIT => {
            refuse(0, format!("it has {count} messages; a device can have {MESSAGE_LIMIT}"));
        }
        _ if signals > SIGNAL_LIMIT => {
            refuse(0, format!("it has {signals} signals; a device can have {SIGNAL_LIMIT}"));
        }
        _ => {}
    }
    let mut names = HashSet::new();
    for message in schema.messages.iter().take(MESSAGE_LIMIT) {
        let (line, name) = (message.line, &message.name);
        if usize::from(message.len) > CLASSIC_BYTES {
            let len = message.len;
            refuse(
                line,
                format!("{name} has {len} bytes; a device sends classic frames of at most 8"),
            );
        }
        if !names.insert(name.as_str()) {
            refuse(
                line,
                format!("there is a second message {name}: the manifest could mean either"),
            );
        }
    }
    faults.truncate(PROBLEM_LIMIT);
    if faults.is_empty() { Ok(schema) } else { Err(faults) }
}

/// A step on the way to a value of the manifest.
#[derive(Clone, Copy, Debug)]
enum At {
    Key(&'static str),
    Nth(usize),
}

/// Where the manifest says what.
struct Lines<'t> {
    text: &'t str,
    table: DeTable<'t>,
}

impl Lines<'_> {
    /// The line of the value at the end of `way`, or of the last step of it that is there; 0 where
    /// not even the first is.
    fn of(&self, way: &[At]) -> u32 {
        let line = |start: usize| line_after(self.text.as_bytes().get(..start).unwrap_or_default());
        let mut found = 0;
        let mut here: Option<&DeValue<'_>> = None;
        for (depth, step) in way.iter().enumerate() {
            let table =
                if depth == 0 { Some(&self.table) } else { here.and_then(DeValue::as_table) };
            let (start, value) = match step {
                At::Key(name) => {
                    let entry = table
                        .and_then(|table| table.iter().find(|(key, _)| key.get_ref() == *name));
                    let Some((key, value)) = entry else { break };
                    (key.span().start, value.get_ref())
                }
                At::Nth(place) => {
                    let list = here.and_then(DeValue::as_array);
                    let Some(value) = list.and_then(|list| list.get(*place)) else { break };
                    (value.span().start, value.get_ref())
                }
            };
            found = line(start);
            here = Some(value);
        }
        found
    }
}

struct Check<'a> {
    manifest: &'a Manifest,
    schema: &'a Schema,
    lines: Lines<'a>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn refuse(&mut self, way: &[At], text: String) {
        self.faults.push(Fault { file: MANIFEST, line: self.lines.of(way), text });
    }

    fn all(&mut self) {
        self.texts();
        self.address();
        self.rates();
        self.sends();
        self.signs();
        self.battery();
    }

    fn battery(&mut self) {
        let Some(map) = &self.manifest.battery else { return };
        let top = [At::Key("battery")];
        if let Some(odd) = map.odd() {
            self.refuse(&top, odd);
        }
        for (_, message, signal, _) in map.all() {
            let found = self.schema.message_named(message);
            if found.and_then(|message| message.position(signal)).is_none() {
                self.refuse(&top, format!("messages.dbc has no signal {signal:?} in {message:?}"));
            }
        }
    }

    fn texts(&mut self) {
        if let Some(odd) = self.manifest.odd_settings() {
            self.refuse(&[At::Key("setting")], odd);
        }
        let Manifest { title, maker, summary, notes, rating, lapse_ms, .. } = self.manifest;
        for (key, text, limit) in [
            ("title", title, TITLE_CHARS),
            ("maker", maker, TITLE_CHARS),
            ("summary", summary, TEXT_CHARS),
        ] {
            let chars = text.chars().count();
            if !(1..=limit).contains(&chars) || text.chars().any(char::is_control) {
                let said = format!(
                    "the {key} has {chars} characters; it can have 1 to {limit}, in one line"
                );
                self.refuse(&[At::Key(key)], said);
            }
        }
        let long = |text: &String| text.chars().count() > TEXT_CHARS;
        if let Some(at) = notes.iter().position(|note| long(&note.about) || long(&note.text)) {
            self.refuse(
                &[At::Key("note"), At::Nth(at)],
                format!("a note has at most {TEXT_CHARS} characters"),
            );
        }
        if rating.is_some_and(|r| {
            [r.volts, r.amps, r.watts].iter().any(|n| !(n.is_finite() && *n >= 0.0))
        }) {
            self.refuse(&[At::Key("rating")], "a rating is numbers from 0 on".to_owned());
        }
        if lapse_ms.is_some_and(|ms| ms > GREATEST_MS) {
            self.refuse(&[At::Key("lapse_ms")], format!("lapse_ms can be at most {GREATEST_MS}"));
        }
    }

    fn address(&mut self) {
        let rule = &self.manifest.address;
        let limit = Id::MAX_STANDARD + 1;
        if rule.step == 0 || rule.span == 0 {
            self.refuse(&[At::Key("address")], "step and span are at least 1".to_owned());
        }
        let highest = rule.highest.unwrap_or(0);
        let greatest = match rule.way {
            AddressWay::Base => limit,
            AddressWay::Node | AddressWay::Text | AddressWay::Fixed => Id::MAX_EXTENDED,
        };
        if rule.span > limit || [rule.default, highest].iter().any(|at| *at > greatest) {
            let said = format!(
                "default and highest can be at most 0x{greatest:X}, span at most 0x{limit:X}"
            );
            self.refuse(&[At::Key("address")], said);
            return;
        }
        if rule.choices.len() > 256 {
            self.refuse(
                &[At::Key("address"), At::Key("choices")],
                "there can be 256 choices".to_owned(),
            );
        }
        if rule.way != AddressWay::Base {
            return;
        }
        if highest.saturating_add(rule.span) > limit || rule.default + rule.span > limit {
            self.refuse(
                &[At::Key("address")],
                "the span of the highest base is beyond the 11-bit ids".to_owned(),
            );
        }
        let own = rule.default..rule.default + rule.span;
        let strange =
            |message: &&Message| message.id.is_extended() || !own.contains(&message.id.raw());
        if let Some(message) = self.schema.messages.iter().find(strange) {
            let text = format!(
                "{} ({}) is not among the ids that [address] claims, 0x{:03X} to 0x{:03X}",
                message.name,
                message.id,
                own.start,
                own.end - 1
            );
            self.faults.push(Fault { file: MESSAGES, line: message.line, text });
        }
    }

    fn rates(&mut self) {
        let names: Vec<&str> = self.schema.messages.iter().map(|m| m.name.as_str()).collect();
        for (at, rate) in self.manifest.rates.iter().enumerate() {
            let way = [At::Key("rate"), At::Nth(at)];
            let times = [rate.period_ms, rate.late_ms, rate.lost_ms];
            let in_order = 0 < times[0] && times[0] < times[1] && times[1] < times[2];
            if !in_order || rate.lost_ms > GREATEST_MS {
                let said = format!(
                    "of the rate {:?} period_ms is above 0, late_ms above that and lost_ms above both, at most {GREATEST_MS}",
                    rate.name
                );
                self.refuse(&way, said);
            }
            for pattern in &rate.messages {
                let one = super::manifest::Rate { messages: vec![pattern.clone()], ..rate.clone() };
                if !names.iter().any(|name| one.covers(name)) {
                    let said = format!("messages.dbc has no message {pattern:?}");
                    self.refuse(&[way[0], way[1], At::Key("messages")], said);
                }
            }
        }
        for name in self.manifest.on_demand.iter().filter(|name| !names.contains(&name.as_str())) {
            self.refuse(&[At::Key("on_demand")], format!("messages.dbc has no message {name:?}"));
        }
    }

    fn sends(&mut self) {
        for (at, send) in self.manifest.sends.iter().enumerate() {
            let way = [At::Key("send"), At::Nth(at)];
            let Some(message) = self.schema.message_named(&send.message) else {
                self.refuse(&way, format!("messages.dbc has no message {:?}", send.message));
                continue;
            };
            let len = usize::from(message.len);
            let stop = send.stop.as_ref().map_or(0, Vec::len);
            if send.ranges.len() != len || stop > len || send.bits.len() > len {
                let said = format!(
                    "{} has {len} bytes: ranges names each of them, stop and bits no more",
                    send.message
                );
                self.refuse(&way, said);
            }
            let mut ranges = send.ranges.iter().chain(send.stop.iter().flatten());
            if ranges.any(|(least, most)| least > most) {
                self.refuse(&way, "a range goes from the least to the greatest value".to_owned());
            }
            if send.every_ms < 10 {
                self.refuse(&way, "every_ms is at least 10".to_owned());
            }
            if send.limits.iter().any(|l| l.byte + 2 > len || !(l.step.is_finite() && l.step > 0.0))
            {
                let said = "a limit is of two bytes that are there, in steps above 0".to_owned();
                self.refuse(&way, said);
            }
        }
        for (at, never) in self.manifest.nevers.iter().enumerate() {
            if never.first > never.last || never.last > Id::MAX_EXTENDED {
                let said = "it goes from the first to the last id".to_owned();
                self.refuse(&[At::Key("never"), At::Nth(at)], said);
            }
        }
    }

    fn signs(&mut self) {
        let Some(recognise) = &self.manifest.recognise else { return };
        let top = At::Key("recognise");
        if recognise.signs.len() > SIGN_LIMIT {
            self.refuse(&[top], format!("there can be {SIGN_LIMIT} signs"));
        }
        let places = [("serial", &recognise.serial), ("firmware", &recognise.firmware)];
        for (key, place) in places.into_iter().filter_map(|(key, p)| Some((key, p.as_ref()?))) {
            let message = self.schema.message_named(&place.message);
            if message.and_then(|message| message.position(&place.signal)).is_none() {
                let said =
                    format!("messages.dbc has no signal {:?} in {:?}", place.signal, place.message);
                self.refuse(&[top, At::Key(key)], said);
            }
        }
        for (at, sign) in recognise.signs.iter().enumerate().take(SIGN_LIMIT) {
            let way = [top, At::Key("sign"), At::Nth(at)];
            let Some(message) = self.schema.message_named(&sign.message) else {
                self.refuse(&way, format!("messages.dbc has no message {:?}", sign.message));
                continue;
            };
            if sign.points > POINT_LIMIT {
                self.refuse(&way, format!("a sign counts at most {POINT_LIMIT} points"));
            }
            if sign.bytes.is_empty() && sign.ranges.is_empty() {
                let said =
                    "a sign names bytes, or signals and what they can be: an id alone is none"
                        .to_owned();
                self.refuse(&way, said);
            }
            if sign.bytes.iter().any(|bytes| bytes.len() > usize::from(message.len)) {
                self.refuse(&way, format!("{} has only {} bytes", sign.message, message.len));
            }
            for (name, text) in &sign.sets {
                let rule = self.manifest.settings.iter().find(|rule| rule.name == *name);
                let why = match rule {
                    None => Some(format!("a sign sets {name:?}, but there is no such [[setting]]")),
                    Some(rule) => rule.read(text).err(),
                };
                if let Some(why) = why {
                    self.refuse(&way, why);
                }
            }
            for range in &sign.ranges {
                if message.position(&range.signal).is_none() {
                    let said = format!(
                        "messages.dbc has no signal {:?} in {:?}",
                        range.signal, sign.message
                    );
                    self.refuse(&way, said);
                }
            }
        }
    }
}
