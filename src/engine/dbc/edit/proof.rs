//! Whether what was edited can be read again once it is written, by this program and by others.

use std::collections::BTreeSet;

use crate::engine::dbc::parse::parse;
use crate::engine::dbc::schema::{Kind, Message, Schema, Signal};

/// Whether a statement can hold this name: a letter or _ first, then letters, digits and _.
pub(super) fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    begins && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Names of messages, signals and nodes that no statement can hold.
#[must_use]
pub fn unfit_names(schema: &Schema) -> BTreeSet<&str> {
    let nodes = schema.nodes.iter().map(|node| &node.name);
    let messages = schema.messages.iter().flat_map(|message| {
        let signals = message.signals.iter();
        let signals = signals.flat_map(|one| std::iter::once(&one.name).chain(&one.receivers));
        std::iter::once(&message.name).chain(&message.senders).chain(signals)
    });
    nodes.chain(messages).map(String::as_str).filter(|name| !is_name(name)).collect()
}

/// What is read otherwise from `bytes`, the written `schema`, than it is here, in words; none where
/// nothing is.
#[must_use]
pub fn misread(schema: &Schema, bytes: &[u8]) -> Option<String> {
    let again = parse(bytes).schema;
    let pairs = schema.messages.iter().zip(&again.messages);
    for (here, there) in pairs {
        // What is said of an id is said of the first message with it.
        let first = schema.messages.iter().find(|one| one.id == here.id);
        let is_first = first.is_some_and(|first| std::ptr::eq(first, here));
        if let Some(place) = differs(here, there, is_first) {
            return Some(place);
        }
    }
    let lost = schema.messages.get(again.messages.len());
    let more = again.messages.get(schema.messages.len());
    lost.or(more).map(|message| format!("message {}", message.name))
}

/// The first part of a message that is another one.
fn differs(here: &Message, there: &Message, is_first: bool) -> Option<String> {
    let head = |one: &Message| (one.id, one.len, one.name.clone());
    if head(here) != head(there) && (is_first || here.id != there.id || here.len != there.len) {
        return Some(format!("message {}", here.name));
    }
    let signal = |one: &Signal| format!("signal {} of message {}", one.name, here.name);
    let pairs = here.signals.iter().zip(&there.signals);
    let mut others = pairs.filter(|(a, b)| !same(a, b, is_first)).map(|(a, _)| a);
    let place = others.next().map(signal);
    let lost = here.signals.get(there.signals.len()).map(signal);
    let more = there.signals.get(here.signals.len()).map(signal);
    place.or(lost).or(more)
}

fn same(a: &Signal, b: &Signal, is_first: bool) -> bool {
    let shape = |one: &Signal| (one.start, one.length, one.order);
    let is_float = |kind: Kind| matches!(kind, Kind::Float | Kind::Double);
    let kind = a.kind == b.kind || (!is_first && is_float(a.kind));
    let scale = a.factor == b.factor && a.offset == b.offset;
    shape(a) == shape(b) && (a.name == b.name || !is_first) && kind && scale
}
