//! The compiled form of one or more schemas: finds the message of a frame and decodes it.

use super::layout::{self, FRAME_BYTES};
use super::lookup::Lookup;
use super::plan::Arena;
use super::row::Row;
use super::run::{self, Level, Ran};
use super::schema::{Kind, Matching, Message, Schema, Signal};
use crate::engine::can::frame::Id;

/// A message of a [`Codec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageIndex(pub(super) u32);

impl MessageIndex {
    /// Its place among [`Codec::messages`], for tables beside a codec.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

/// Decodes and encodes the messages of one or more schemas.
#[derive(Clone, Debug)]
pub struct Codec {
    messages: Vec<Message>,
    lookup: Lookup,
    arena: Arena,
    most_signals: usize,
    level: Level,
}

impl Codec {
    /// Compiles schemas. Where two messages have the same id, the first one is used.
    #[must_use]
    pub fn compile(schemas: &[&Schema]) -> Self {
        Self::build(schemas.iter().flat_map(|s| s.messages.iter().cloned()).collect())
    }

    /// Compiles a schema with all standard ids moved by `id_offset`; messages whose id would no
    /// longer be one are left out.
    #[must_use]
    pub fn compile_shifted(schema: &Schema, id_offset: i64) -> Self {
        let shifted = schema.messages.iter().filter_map(|message| {
            let mut message = message.clone();
            if !message.id.is_extended() {
                message.id = message.id.offset(id_offset)?;
            }
            Some(message)
        });
        Self::build(shifted.collect())
    }

    /// The same codec with the vector instructions of a lower level.
    #[cfg(test)]
    pub(super) fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    fn build(messages: Vec<Message>) -> Self {
        let mut lookup = Lookup::new(messages.len());
        for (index, message) in messages.iter().enumerate() {
            lookup.insert(message.id, index as u32);
            if message.matching == Matching::ParameterGroup && message.id.is_extended() {
                lookup.insert_group(message.id, index as u32);
            }
        }
        let mut arena = Arena::default();
        messages.iter().for_each(|message| arena.add(message));
        let most_signals = messages.iter().map(|m| m.signals.len()).max().unwrap_or(0);
        Self { messages, lookup, arena, most_signals, level: Level::detect() }
    }

    /// The message of a frame with this id: by the whole id, else by J1939 parameter group where
    /// the message is matched so.
    #[must_use]
    #[inline]
    pub fn find(&self, id: Id) -> Option<MessageIndex> {
        self.lookup.find(id).map(MessageIndex)
    }

    /// The message with this name, the first of that name.
    #[must_use]
    pub fn find_named(&self, name: &str) -> Option<MessageIndex> {
        self.messages.iter().position(|m| m.name == name).map(|at| MessageIndex(at as u32))
    }

    /// All messages with their indexes, in the order of the schemas.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = (MessageIndex, &Message)> + '_ {
        self.messages.iter().enumerate().map(|(at, m)| (MessageIndex(at as u32), m))
    }

    /// The index of the message at this position; `None` where there is none.
    #[must_use]
    pub fn index(&self, position: usize) -> Option<MessageIndex> {
        (position < self.messages.len()).then_some(MessageIndex(position as u32))
    }

    /// What the schema says about a message of this codec.
    ///
    /// # Panics
    /// If the index is of another codec with more messages.
    #[must_use]
    pub fn message(&self, index: MessageIndex) -> &Message {
        &self.messages[index.0 as usize]
    }

    /// What the schema says about a signal; `None` where the message has no such position.
    #[must_use]
    pub fn signal(&self, index: MessageIndex, position: usize) -> Option<&Signal> {
        self.message(index).signals.get(position)
    }

    /// Decodes a frame's bytes into `row`: every signal that fits into `data` and that its
    /// switches select. Each signal stands on its own.
    #[inline]
    pub fn decode(&self, index: MessageIndex, data: &[u8], row: &mut Row) {
        row.reserve(self.most_signals);
        if run::run(self.level, &self.arena, index.0, data, row) == Ran::NoPlan {
            self.decode_singly(index, data, row);
        }
    }

    /// Signal by signal: for messages whose multiplexing is beyond a plan.
    #[cold]
    fn decode_singly(&self, index: MessageIndex, data: &[u8], row: &mut Row) {
        row.len = 0;
        let Some(message) = self.messages.get(index.0 as usize) else { return };
        let data = data.get(..FRAME_BYTES).unwrap_or(data);
        for (position, signal) in message.signals.iter().enumerate() {
            if let Some(raw) = layout::extract(data, signal)
                && is_selected(message, signal, data)
            {
                row.push(position as u16, raw, physical(signal, raw));
            }
        }
    }
}

fn physical(signal: &Signal, raw: u64) -> f64 {
    let number = match signal.kind {
        Kind::Unsigned => raw as f64,
        Kind::Signed => raw as i64 as f64,
        Kind::Float => f64::from(f32::from_bits(raw as u32)),
        Kind::Double => f64::from_bits(raw),
    };
    number * signal.factor + signal.offset
}

/// Whether all switches above a signal select it.
fn is_selected(message: &Message, signal: &Signal, data: &[u8]) -> bool {
    let mut below = signal;
    // Reading makes sure that switches end long before.
    for _ in 0..64 {
        let Some(selection) = &below.selection else { return true };
        let Some(switch) = message.signals.get(selection.switch) else { return false };
        if !layout::extract(data, switch).is_some_and(|raw| selection.holds(raw)) {
            return false;
        }
        below = switch;
    }
    false
}
