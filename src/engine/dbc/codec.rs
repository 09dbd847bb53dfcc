//! The compiled form of one or more schemas: finds the message of a frame and decodes it.

use super::layout;
use super::lookup::Lookup;
use super::row::Row;
use super::schema::{Kind, Matching, Message, Schema, Signal};
use crate::engine::can::frame::Id;

/// A message of a [`Codec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageIndex(pub(super) u32);

/// Decodes and encodes the messages of one or more schemas.
#[derive(Clone, Debug)]
pub struct Codec {
    messages: Vec<Message>,
    lookup: Lookup,
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

    fn build(messages: Vec<Message>) -> Self {
        let mut lookup = Lookup::new(messages.len());
        for (index, message) in messages.iter().enumerate() {
            lookup.insert(message.id, index as u32);
            if message.matching == Matching::ParameterGroup && message.id.is_extended() {
                lookup.insert_group(message.id, index as u32);
            }
        }
        Self { messages, lookup }
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
    pub fn decode(&self, index: MessageIndex, data: &[u8], row: &mut Row) {
        row.clear();
        let message = self.message(index);
        for (position, signal) in message.signals.iter().enumerate() {
            if !present(message, signal, data, 0) {
                continue;
            }
            let Some(raw) = layout::extract(data, signal) else { continue };
            let number = match signal.kind {
                Kind::Unsigned => raw as f64,
                Kind::Signed => raw as i64 as f64,
                Kind::Float => f64::from(f32::from_bits(raw as u32)),
                Kind::Double => f64::from_bits(raw),
            };
            row.positions.push(position as u16);
            row.values.push(number * signal.factor + signal.offset);
            row.raws.push(raw);
        }
    }
}

fn present(message: &Message, signal: &Signal, data: &[u8], depth: usize) -> bool {
    let Some(selection) = &signal.selection else { return true };
    let Some(switch) = message.signals.get(selection.switch) else { return false };
    depth < 64
        && layout::extract(data, switch).is_some_and(|raw| selection.holds(raw))
        && present(message, switch, data, depth + 1)
}
