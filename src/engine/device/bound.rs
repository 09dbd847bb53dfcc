//! A device kind bound to an address: frames in, facts out; values in, frames out.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use super::battery;
use super::catalog::Kind;
use super::fact::{BatteryFact, Fact};
use super::kinds::{self, Meaning, Values};
use super::manifest::{AddressRule, AddressWay, ByteOrderRule, Sending};
use super::panel::Told;
use super::settings::{BindError, Claim, Settings};
use super::tells::Tells;
use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frame, FrameRef, Id, Kind as FrameKind};
use crate::engine::can::guard::Allow;
use crate::engine::dbc::{Codec, EncodeError, MessageIndex, Order, Row, Schema};

/// Most parallel strings of a battery.
const STRINGS_LIMIT: u16 = 1000;

/// A device of some kind at some address.
#[derive(Clone, Debug)]
pub struct Device {
    kind: Arc<Kind>,
    settings: Settings,
    table: Arc<Table>,
    row: Row,
    malformed: Malformed,
    /// The firmware that it has said it runs, where the meaning of its messages depends on that.
    version: Option<(u8, u8)>,
}

/// What a kind says at one address. It never changes, so that all devices there share it.
#[derive(Debug)]
struct Table {
    codec: Arc<Codec>,
    slots: Vec<Slot>,
    /// For each 11-bit id from `first` on its slot.
    near: Vec<Option<u16>>,
    /// The base, where ids move with it.
    first: u32,
    /// 29-bit ids and their slots.
    far: Vec<(Id, u16)>,
    names: HashMap<String, u16>,
}

/// Tables that were made lately, by their address: whoever simulates binds the same few again and
/// again.
#[derive(Debug, Default)]
pub(super) struct Tables(Mutex<Vec<Made>>);

/// A table, by the address and the order of bytes that it was made for.
type Made = ((u32, Order), Arc<Table>);

/// Tables that a kind keeps.
const KEPT: usize = 8;

/// One message of a device.
#[derive(Clone, Debug)]
struct Slot {
    index: MessageIndex,
    meaning: Meaning,
    places: Vec<u16>,
    /// What it tells of the kind's sheet.
    told: Vec<Told>,
    /// What it says of a battery that its folder maps.
    battery: Option<Box<battery::Says>>,
    len: usize,
    /// Fewest bytes that make sense.
    least: usize,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was this device's, and what it says is among the facts. A remote request for one of its
    /// messages says nothing.
    Known,
    /// It has this device's id, but not its shape; it was counted and not used.
    Malformed,
    /// It is somebody else's.
    Foreign,
}

/// Frames with an id of the device that were not what the device sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Malformed {
    /// How many.
    pub count: u64,
    /// The last one, in a sentence; empty without one.
    pub last: String,
}

/// Why values are no frame of a device.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ShapeError {
    /// No such message.
    #[error("{device} has no message {message}")]
    NoMessage {
        /// Title of the kind.
        device: String,
        /// What was asked for.
        message: String,
    },
    /// No such signal.
    #[error("message {message} of {device} has no signal {signal}")]
    NoSignal {
        /// Title of the kind.
        device: String,
        /// The message.
        message: String,
        /// What was asked for.
        signal: String,
    },
    /// A value that does not fit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Kind {
    /// A device of this kind with these settings.
    ///
    /// # Errors
    /// Says which setting it cannot have and which it could.
    pub fn bind(self: &Arc<Self>, settings: Settings) -> Result<Device, BindError> {
        let title = || self.manifest.title.clone();
        check_address(&self.manifest.address, settings.base, title)?;
        if !(1..=STRINGS_LIMIT).contains(&settings.strings) {
            let (strings, limit) = (settings.strings, STRINGS_LIMIT);
            return Err(BindError::Strings { title: title(), strings, limit });
        }
        let values = settings.values.complete(&self.manifest.settings);
        let values =
            values.map_err(|(name, why)| BindError::Setting { title: title(), name, why })?;
        let settings = Settings { values, ..settings };
        let order = self.manifest.byte_order.as_ref().map_or(Order::Big, |rule| rule.of(&settings));
        let table = self.table((settings.base, order))?;
        let (kind, row, malformed) = (Arc::clone(self), Row::new(), Malformed::default());
        Ok(Device { kind, settings, table, row, malformed, version: None })
    }

    /// The table at an address: a kept one, or a new one.
    fn table(&self, key: (u32, Order)) -> Result<Arc<Table>, BindError> {
        let kept = || self.tables.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, table)) = kept().iter().find(|(own, _)| *own == key) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(Table::of(self, key)?);
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(&table)));
        Ok(table)
    }

    /// The schema with all ids at another address.
    fn moved_to(&self, (base, order): (u32, Order)) -> Schema {
        let rule = &self.manifest.address;
        let mut schema = self.schema.clone();
        for message in &mut schema.messages {
            let moved = match rule.way {
                AddressWay::Base => {
                    let offset = i64::from(base) - i64::from(rule.default);
                    message.id.offset(offset)
                }
                AddressWay::Text | AddressWay::Fixed => None,
                AddressWay::Node => Id::extended(with_node(message.id.raw(), rule.default, base)),
            };
            message.id = moved.unwrap_or(message.id);
        }
        if order == Order::Little && self.manifest.byte_order.is_some() {
            ByteOrderRule::turn(&mut schema);
        }
        schema
    }
}

/// A 29-bit id with the address `own` replaced by `new`: as source in the lowest byte, as
/// destination in the byte above where the id has one (J1939 format byte below 240).
const fn with_node(raw: u32, own: u32, new: u32) -> u32 {
    let mut moved = raw;
    if raw & 0xFF == own {
        moved = (moved & !0xFF) | new;
    }
    if (raw >> 16) & 0xFF < 240 && (raw >> 8) & 0xFF == own {
        moved = (moved & !0xFF00) | (new << 8);
    }
    moved
}

fn check_address(
    rule: &AddressRule,
    base: u32,
    title: impl Fn() -> String,
) -> Result<(), BindError> {
    match rule.way {
        AddressWay::Fixed if base == rule.default => Ok(()),
        AddressWay::Fixed => {
            let choices = vec![rule.default];
            Err(BindError::NotAChoice { title: title(), base, choices })
        }
        AddressWay::Text if rule.choices.is_empty() => {
            let highest = rule.highest.unwrap_or(rule.default);
            let out = BindError::OutOfRange { title: title(), base, step: 1, highest };
            if base <= highest { Ok(()) } else { Err(out) }
        }
        AddressWay::Node | AddressWay::Text if rule.choices.contains(&base) => Ok(()),
        AddressWay::Node | AddressWay::Text => {
            Err(BindError::NotAChoice { title: title(), base, choices: rule.choices.clone() })
        }
        AddressWay::Base => {
            let highest = rule.highest.unwrap_or((Id::MAX_STANDARD + 1).saturating_sub(rule.span));
            let step = rule.step.max(1);
            if base > highest {
                return Err(BindError::OutOfRange { title: title(), base, step, highest });
            }
            if !base.is_multiple_of(step) {
                let below = base - base % step;
                let above = (below + step <= highest).then_some(below + step);
                return Err(BindError::NotAMultiple { title: title(), base, step, below, above });
            }
            Ok(())
        }
    }
}

impl Table {
    /// Fills the table from the codec.
    fn of(kind: &Kind, key: (u32, Order)) -> Result<Self, BindError> {
        let (base, _) = key;
        let codec = Arc::new(Codec::compile(&[&kind.moved_to(key)]));
        let moves = kind.manifest.address.way == AddressWay::Base;
        let mut table = Self {
            codec: Arc::clone(&codec),
            slots: Vec::new(),
            near: Vec::new(),
            first: if moves { base } else { 0 },
            far: Vec::new(),
            names: HashMap::new(),
        };
        for (index, message) in codec.messages() {
            let map = kind.manifest.charger.as_ref();
            let mapped = map.and_then(|map| Meaning::mapped(map, &message.name));
            let beats = kind.manifest.heartbeat.as_ref();
            let beats = beats.is_some_and(|rule| rule.message == message.name);
            let mapped = mapped.or_else(|| beats.then_some(Meaning::Heartbeat));
            let meaning = mapped.unwrap_or_else(|| Meaning::of(&kind.manifest.id, &message.name));
            let named = map.and_then(|map| map.signals(&message.name));
            let place = |signal: &&str| {
                let missing = || BindError::Schema {
                    title: kind.manifest.title.clone(),
                    message: message.name.clone(),
                    signal: (*signal).to_owned(),
                };
                message.position(signal).map(|at| at as u16).ok_or_else(missing)
            };
            let signals = named.unwrap_or_else(|| meaning.signals().to_vec());
            let places = signals.iter().map(place).collect::<Result<_, _>>()?;
            let slot = table.slots.len() as u16;
            let (told, len) = (kind.sheet.told_by(&message.name), usize::from(message.len));
            let least = kind.manifest.least(&message.name, len);
            let battery = kind.manifest.battery.as_ref().map(|map| map.says(message));
            let battery = battery.filter(|says| !says.is_silent()).map(Box::new);
            table.slots.push(Slot { index, meaning, places, told, battery, len, least });
            table.names.insert(message.name.clone(), slot);
            if message.id.is_extended() {
                table.far.push((message.id, slot));
            } else if let Some(offset) = message.id.raw().checked_sub(table.first) {
                let offset = offset as usize;
                if table.near.len() <= offset {
                    table.near.resize(offset + 1, None);
                }
                if let Some(entry) = table.near.get_mut(offset) {
                    *entry = Some(slot);
                }
            }
        }
        Ok(table)
    }
}

impl Device {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &Arc<Kind> {
        &self.kind
    }

    /// What it was bound with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its messages at its address, compiled; shared by all devices of its kind there.
    #[must_use]
    pub fn codec(&self) -> &Arc<Codec> {
        &self.table.codec
    }

    /// The ids that it owns on its bus.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        let rule = &self.kind.manifest.address;
        match rule.way {
            AddressWay::Base => {
                let base = self.settings.base;
                vec![Claim { ids: base..=base + rule.span.max(1) - 1, extended: false }]
            }
            AddressWay::Node | AddressWay::Text | AddressWay::Fixed => {
                let far = self.table.far.iter().map(|(id, _)| (id.raw(), true));
                let near = self.table.near.iter().enumerate();
                let near =
                    near.filter(|(_, slot)| slot.is_some()).map(|(id, _)| (id as u32, false));
                let all = near.chain(far);
                all.map(|(id, extended)| Claim { ids: id..=id, extended }).fold(Vec::new(), joined)
            }
        }
    }

    /// How many ids it owns.
    #[must_use]
    pub fn claimed(&self) -> u32 {
        let width = |claim: Claim| claim.ids.end().saturating_sub(*claim.ids.start()) + 1;
        self.claims().into_iter().map(width).fold(0, u32::saturating_add)
    }

    /// What a battery management system of this kind, set like this one, tells at all.
    #[must_use]
    pub fn tells(&self) -> Tells {
        kinds::tells(&self.kind.manifest, &self.settings)
    }

    /// The ids that no host may ever send.
    #[must_use]
    pub fn nevers(&self) -> Vec<Claim> {
        let nevers = self.kind.manifest.nevers.iter();
        nevers
            .map(|never| {
                let base = if never.from_base { self.settings.base } else { 0 };
                Claim { ids: base + never.first..=base + never.last, extended: false }
            })
            .collect()
    }

    /// What a host may send to it or in its place, for the guard of its bus.
    #[must_use]
    pub fn allows(&self) -> Vec<Allow> {
        let allow = |send: &super::manifest::Send| {
            let message = self.table.codec.message(self.slot_named(&send.message)?.index);
            Some(Allow {
                id: message.id,
                kind: FrameKind::Data,
                len: usize::from(message.len),
                every: Duration::from_millis(send.every_ms),
                ranges: send.ranges.clone(),
                bits: send.bits.clone(),
                words: Vec::new(),
                stop: send.stop.clone(),
            })
        };
        self.kind.manifest.sends.iter().filter_map(allow).collect()
    }

    /// The same for a device that can give no more than this.
    #[must_use]
    pub fn allows_up_to(&self, volts: f64, amps: f64) -> Vec<Allow> {
        let mut allows = self.allows();
        for send in &self.kind.manifest.sends {
            let id =
                self.slot_named(&send.message).map(|slot| self.table.codec.message(slot.index).id);
            for allow in allows.iter_mut().filter(|allow| Some(allow.id) == id) {
                allow.words = send.limits.iter().map(|limit| limit.word(volts, amps)).collect();
            }
        }
        allows
    }

    /// The frame that tells a charger to give at most this; `None`: to stop. A number that is none,
    /// is negative or does not fit makes no frame; what lies between two steps is rounded down.
    #[must_use]
    pub fn charger_frame(&self, most: Option<(f64, f64)>) -> Option<Frame> {
        let manifest = &self.kind.manifest;
        let map = manifest.charger.as_ref();
        let message = match map {
            Some(map) => &map.command,
            None => &manifest.sends.first()?.message,
        };
        let ([volts, amps], control, go, stop) = match map {
            Some(map) => (map.most.each_ref().map(String::as_str), &*map.control, map.go, map.stop),
            None => (["MaxVoltage", "MaxCurrent"], "Control", 0, 1),
        };
        let values = match most {
            Some((v, a)) => [
                (volts, self.down(message, volts, v)?),
                (amps, self.down(message, amps, a)?),
                (control, f64::from(go)),
            ],
            None => [(volts, 0.0), (amps, 0.0), (control, f64::from(stop))],
        };
        self.encode(message, &values).ok()
    }

    /// A value in whole steps of its signal, never more than it was.
    fn down(&self, message: &str, signal: &str, value: f64) -> Option<f64> {
        let shape = self.table.codec.message(self.slot_named(message)?.index);
        let step = shape.signals.get(shape.position(signal)?)?.factor;
        // A hair more, so that 16.1 is not 160 steps of 0.1.
        let steps = (value / step + 1e-6).floor();
        let whole = steps >= 0.0 && steps.is_finite() && value >= 0.0;
        whole.then_some(steps * step)
    }

    fn slot_named(&self, message: &str) -> Option<&Slot> {
        self.table.names.get(message).and_then(|&slot| self.table.slots.get(usize::from(slot)))
    }

    fn slot_of(&self, id: Id) -> Option<usize> {
        let slot = if id.is_extended() {
            self.table.far.iter().find(|(own, _)| *own == id).map(|(_, slot)| *slot)
        } else {
            let offset = id.raw().checked_sub(self.table.first)?;
            self.table.near.get(offset as usize).copied().flatten()
        };
        slot.map(usize::from)
    }

    /// Its messages where it is: id, name, and whether it sends them by itself.
    pub fn messages(&self) -> impl Iterator<Item = (Id, &str, Sending)> {
        let manifest = &self.kind.manifest;
        let messages = self.table.codec.messages();
        messages.map(|(_, one)| (one.id, one.name.as_str(), manifest.sending(&one.name)))
    }

    /// The name of its message with this id.
    #[must_use]
    pub fn message_name(&self, id: Id) -> Option<&str> {
        let slot = self.table.slots.get(self.slot_of(id)?)?;
        Some(&self.table.codec.message(slot.index).name)
    }

    /// Takes a frame and appends what it says to `facts`.
    pub fn take(&mut self, frame: FrameRef<'_>, facts: &mut Vec<Fact>) -> Taken {
        let Some(slot) = self.slot_of(frame.id()).and_then(|at| self.table.slots.get(at)) else {
            return Taken::Foreign;
        };
        match frame.kind() {
            FrameKind::Data => {}
            FrameKind::Remote => return Taken::Known,
            FrameKind::Error => return Taken::Foreign,
            FrameKind::Fd => {
                let name = &self.table.codec.message(slot.index).name;
                self.malformed.add(format_args!(
                    "{} ({name}) came as an FD frame; the device sends classic frames",
                    frame.id()
                ));
                return Taken::Malformed;
            }
        }
        if slot.meaning == Meaning::Named && slot.told.is_empty() && slot.battery.is_none() {
            return Taken::Known;
        }
        if !(slot.least..=slot.len).contains(&frame.data.len()) {
            let name = &self.table.codec.message(slot.index).name;
            self.malformed.add(format_args!(
                "{} ({name}) came with {} bytes instead of {} and was not used",
                frame.id(),
                frame.data.len(),
                Bytes(slot.least, slot.len)
            ));
            return Taken::Malformed;
        }
        self.table.codec.decode(slot.index, frame.data, &mut self.row);
        let from = facts.len();
        let values = Values { row: &self.row, places: &slot.places, version: self.version };
        slot.meaning.say(&values, &self.settings, facts);
        for fact in facts.iter().skip(from) {
            if let Fact::Battery(BatteryFact::Version { major, minor }) = *fact {
                self.version = Some((major, minor));
            }
        }
        let sign = self.settings.current_sign.factor();
        if let Some(says) = &slot.battery {
            says.say(&self.row, sign, facts);
        }
        facts.extend(slot.told.iter().filter_map(|told| told.fact(&self.row, sign)));
        Taken::Known
    }

    /// Frames that had the wrong shape.
    #[must_use]
    pub const fn malformed(&self) -> &Malformed {
        &self.malformed
    }

    /// A frame of this device from physical values by signal name; what is not given is zero.
    ///
    /// # Errors
    /// Names the message or signal that is not there or does not hold its value.
    pub fn encode(&self, message: &str, values: &[(&str, f64)]) -> Result<Frame, ShapeError> {
        let device = || self.kind.manifest.title.clone();
        let no_message = || ShapeError::NoMessage { device: device(), message: message.to_owned() };
        let slot = self.slot_named(message).ok_or_else(no_message)?;
        let shape = self.table.codec.message(slot.index);
        let placed = values
            .iter()
            .map(|&(signal, value)| {
                let missing = || ShapeError::NoSignal {
                    device: device(),
                    message: message.to_owned(),
                    signal: signal.to_owned(),
                };
                Ok((shape.position(signal).ok_or_else(missing)?, value))
            })
            .collect::<Result<Vec<_>, ShapeError>>()?;
        let mut bytes = [0; FD_BYTES];
        let len = self.table.codec.encode(slot.index, &placed, &mut bytes)?;
        // All device kinds have classic frames; a test reads every folder's lengths.
        let payload = bytes.get(..len.min(CLASSIC_BYTES)).unwrap_or_default();
        Frame::classic(shape.id, payload).ok_or_else(no_message)
    }
}

/// "8", or "6 to 8".
struct Bytes(usize, usize);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == self.1 {
            write!(f, "{}", self.1)
        } else {
            write!(f, "{} to {}", self.0, self.1)
        }
    }
}

/// Claims in order, those of neighbouring ids as one.
fn joined(mut claims: Vec<Claim>, next: Claim) -> Vec<Claim> {
    match claims.last_mut() {
        Some(last) if last.extended == next.extended && last.ids.end() + 1 == *next.ids.start() => {
            last.ids = *last.ids.start()..=*next.ids.end();
        }
        Some(_) | None => claims.push(next),
    }
    claims
}

impl Malformed {
    /// Counts one and keeps its sentence, in the same memory.
    fn add(&mut self, sentence: std::fmt::Arguments<'_>) {
        self.count += 1;
        self.last.clear();
        // Writing to a string cannot fail.
        let _ = self.last.write_fmt(sentence);
    }
}
