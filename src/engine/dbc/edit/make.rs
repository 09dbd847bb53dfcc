//! Changes that take more than one value: long names, cycles and frame formats live in attributes
//! that must be defined, and who sends must be a node.

use std::collections::HashSet;

use super::{Edit, MessageField, SignalField};
use crate::engine::can::frame::Id;
use crate::engine::dbc::layout::bits;
use crate::engine::dbc::schema::{
    Attribute, AttributeKind, AttributeValue, Definition, Group, Kind, Matching, Message, Node,
    Order, Role, Schema, Signal, Target,
};

/// Longest name that a statement can hold, characters; longer ones are kept in attributes.
pub const LONGEST_NAME: usize = 32;

const CYCLE: &str = "GenMsgCycleTime";
const FRAMING: &str = "VFrameFormat";
/// The frame formats in the order of the numbers that tools know them by.
const FORMATS: [&str; 16] = [
    "StandardCAN",
    "ExtendedCAN",
    "reserved",
    "J1939PG",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
    "StandardCAN_FD",
    "ExtendedCAN_FD",
];

/// Whether a message is carried by classic or by FD frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Classic CAN.
    Classic,
    /// CAN FD.
    Fd,
}

/// How a message is carried: as its attribute says, else by its length.
#[must_use]
pub fn framing(message: &Message) -> Framing {
    let said = message.attribute(FRAMING).map(|value| match value {
        AttributeValue::Text(text) => text.ends_with("_FD"),
        AttributeValue::Number(number) => *number == 14.0 || *number == 15.0,
    });
    match said {
        Some(true) => Framing::Fd,
        None if message.len > 8 && message.len <= 64 => Framing::Fd,
        Some(false) | None => Framing::Classic,
    }
}

/// A free name: `stem` and a number.
fn free(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let names = (1..100_000u32).map(|n| format!("{stem}_{n}"));
    names.into_iter().find(|name| !taken(name)).unwrap_or_else(|| stem.to_owned())
}

/// Puts a new message with a free id and name at the end.
#[must_use]
pub fn new_message(schema: &Schema) -> Edit {
    let name = free("Message", |name| schema.message_named(name).is_some());
    let mut ids = (0x100..=Id::MAX_STANDARD).chain(0..0x100).filter_map(Id::standard);
    let id = ids.find(|id| schema.message(*id).is_none());
    let Some(id) = id.or(Id::extended(0x100)) else { return Edit::Several(Vec::new()) };
    let message = Message {
        id,
        name,
        short: None,
        len: 8,
        senders: Vec::new(),
        signals: Vec::new(),
        groups: Vec::new(),
        comment: None,
        attributes: Vec::new(),
        matching: Matching::Exact,
        unread: Vec::new(),
        line: 0,
    };
    Edit::AddMessage { at: schema.messages.len(), message: Box::new(message) }
}

/// Puts a new signal at the end of a message: a byte where one is free, else fewer bits.
#[must_use]
pub fn new_signal(schema: &Schema, at: usize) -> Edit {
    let Some(message) = schema.messages.get(at) else { return Edit::Several(Vec::new()) };
    let mut taken = vec![false; usize::from(message.len.min(64)) * 8];
    for bit in message.signals.iter().flat_map(bits) {
        if let Some(taken) = taken.get_mut(bit) {
            *taken = true;
        }
    }
    let run = |length: usize| taken.windows(length).position(|run| !run.contains(&true));
    let bytes = taken.chunks(8).position(|byte| byte.len() == 8 && !byte.contains(&true));
    let (start, length) = match bytes {
        Some(byte) => (byte * 8, 8),
        None => (1..8usize).rev().find_map(|n| Some((run(n)?, n))).unwrap_or((0, 8)),
    };
    let signal = Signal {
        name: free("Signal", |name| message.position(name).is_some()),
        short: None,
        start: start as u16,
        length: length as u8,
        order: Order::Little,
        kind: Kind::Unsigned,
        factor: 1.0,
        offset: 0.0,
        min: None,
        max: None,
        odd_range: None,
        unit: String::new(),
        receivers: Vec::new(),
        labels: [].into(),
        role: Role::Value,
        selection: None,
        comment: None,
        attributes: Vec::new(),
        line: 0,
    };
    Edit::AddSignal { message: at, at: message.signals.len(), signal: Box::new(signal) }
}

/// The attributes with one set, or without it.
fn with(attributes: &[Attribute], name: &str, value: Option<AttributeValue>) -> Vec<Attribute> {
    let mut all = attributes.to_vec();
    match (all.iter_mut().find(|a| a.name == name), value) {
        (Some(there), Some(value)) => there.value = value,
        (None, Some(value)) => all.push(Attribute { name: name.to_owned(), value }),
        (_, None) => all.retain(|a| a.name != name),
    }
    all
}

/// The change that defines an attribute, where it is not defined yet.
fn defines(
    schema: &Schema,
    name: &str,
    target: Target,
    of: (AttributeKind, &str, AttributeValue),
) -> Option<Edit> {
    if schema.definitions.iter().any(|d| d.name == name && d.target == target) {
        return None;
    }
    let (kind, range, default) = of;
    let mut all = schema.definitions.clone();
    all.push(Definition {
        name: name.to_owned(),
        target,
        relates: String::new(),
        kind,
        range: range.to_owned(),
        default: Some(default),
    });
    Some(Edit::Definitions(all))
}

fn text_kind() -> (AttributeKind, &'static str, AttributeValue) {
    (AttributeKind::Text, "", AttributeValue::Text(String::new()))
}

fn cycles() -> (AttributeKind, &'static str, AttributeValue) {
    (AttributeKind::Number("INT".to_owned()), "0 65535", AttributeValue::Number(0.0))
}

fn frame_formats() -> (AttributeKind, &'static str, AttributeValue) {
    let choices = FORMATS.iter().map(|format| (*format).to_owned()).collect();
    let default = AttributeValue::Text("StandardCAN".to_owned());
    (AttributeKind::Choice(choices), "", default)
}

/// The short name for a long one.
fn shortened(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let stem: String = name.chars().take(LONGEST_NAME - 6).collect();
    free(&stem, taken)
}

/// Several changes as one; one alone as itself.
fn together(first: Option<Edit>, rest: Vec<Edit>) -> Edit {
    let mut all: Vec<Edit> = first.into_iter().chain(rest).collect();
    match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            all.extend(last);
            Edit::Several(all)
        }
    }
}

/// Gives a message another name.
#[must_use]
pub fn rename_message(schema: &Schema, at: usize, name: &str) -> Edit {
    const LONG: &str = "SystemMessageLongSymbol";
    let set = |short| Edit::Message { at, to: MessageField::Name(name.to_owned(), short) };
    let Some(message) = schema.messages.get(at) else { return set(None) };
    let attributes = |value| Edit::Message {
        at,
        to: MessageField::Attributes(with(&message.attributes, LONG, value)),
    };
    let is_long = name.chars().count() > LONGEST_NAME;
    if is_long {
        let taken = |short: &str| {
            schema.messages.iter().any(|m| m.short.as_deref().unwrap_or(&m.name) == short)
        };
        let short = message.short.clone().unwrap_or_else(|| shortened(name, taken));
        let defined = defines(schema, LONG, Target::Message, text_kind());
        let value = AttributeValue::Text(name.to_owned());
        return together(defined, vec![attributes(Some(value)), set(Some(short))]);
    }
    match message.short {
        Some(_) => together(None, vec![attributes(None), set(None)]),
        None => set(None),
    }
}

/// Gives a signal another name, also in the groups that it is in.
#[must_use]
pub fn rename_signal(schema: &Schema, of: usize, at: usize, name: &str) -> Edit {
    const LONG: &str = "SystemSignalLongSymbol";
    let change = |to| Edit::Signal { message: of, at, to };
    let set = |short| change(SignalField::Name(name.to_owned(), short));
    let Some(message) = schema.messages.get(of) else { return set(None) };
    let Some(signal) = message.signals.get(at) else { return set(None) };
    let attributes = |value| change(SignalField::Attributes(with(&signal.attributes, LONG, value)));
    let was = signal.short.as_deref().unwrap_or(&signal.name);
    let is_long = name.chars().count() > LONGEST_NAME;
    let (defined, mut edits, now) = if is_long {
        let taken = |short: &str| {
            message.signals.iter().any(|s| s.short.as_deref().unwrap_or(&s.name) == short)
        };
        let short = signal.short.clone().unwrap_or_else(|| shortened(name, taken));
        let defined = defines(schema, LONG, Target::Signal, text_kind());
        let value = AttributeValue::Text(name.to_owned());
        (defined, vec![attributes(Some(value)), set(Some(short.clone()))], short)
    } else if signal.short.is_some() {
        (None, vec![attributes(None), set(None)], name.to_owned())
    } else {
        (None, vec![set(None)], name.to_owned())
    };
    if message.groups.iter().any(|group| group.signals.iter().any(|s| s == was)) {
        let rename = |group: &Group| {
            let signals = group.signals.iter();
            let signals = signals.map(|s| if s == was { now.clone() } else { s.clone() });
            Group { signals: signals.collect(), ..group.clone() }
        };
        let groups = message.groups.iter().map(rename).collect();
        edits.push(Edit::Message { at: of, to: MessageField::Groups(groups) });
    }
    together(defined, edits)
}

/// Says how often a message is sent, milliseconds; `None` where nobody knows.
#[must_use]
pub fn set_cycle(schema: &Schema, at: usize, ms: Option<f64>) -> Edit {
    let attributes = schema.messages.get(at).map_or(&[][..], |m| m.attributes.as_slice());
    let value = ms.map(AttributeValue::Number);
    let set = MessageField::Attributes(with(attributes, CYCLE, value));
    let defined = ms.and_then(|_| defines(schema, CYCLE, Target::Message, cycles()));
    together(defined, vec![Edit::Message { at, to: set }])
}

/// Says how a message is carried.
#[must_use]
pub fn set_framing(schema: &Schema, at: usize, to: Framing) -> Edit {
    let message = schema.messages.get(at);
    let attributes = message.map_or(&[][..], |m| m.attributes.as_slice());
    let format = match (to, message.is_some_and(|m| m.id.is_extended())) {
        (Framing::Classic, false) => 0,
        (Framing::Classic, true) => 1,
        (Framing::Fd, false) => 14,
        (Framing::Fd, true) => 15,
    };
    let text = FORMATS.get(format).copied().unwrap_or_default();
    let value = AttributeValue::Text(text.to_owned());
    let defined = defines(schema, FRAMING, Target::Message, frame_formats());
    let set = MessageField::Attributes(with(attributes, FRAMING, Some(value)));
    together(defined, vec![Edit::Message { at, to: set }])
}

/// Says who sends a message; whoever is no node yet becomes one.
#[must_use]
pub fn set_senders(schema: &Schema, at: usize, senders: Vec<String>) -> Edit {
    let is_new = |name: &&String| schema.nodes.iter().all(|node| node.name != **name);
    let new: Vec<Node> = senders
        .iter()
        .filter(is_new)
        .map(|name| Node { name: name.clone(), ..Node::default() })
        .collect();
    let nodes =
        (!new.is_empty()).then(|| Edit::Nodes(schema.nodes.iter().cloned().chain(new).collect()));
    together(nodes, vec![Edit::Message { at, to: MessageField::Senders(senders) }])
}

/// The schema with every sender a node and every attribute defined that something has: other tools
/// refuse what is not.
#[must_use]
pub fn define_what_is_used(mut schema: Schema) -> Schema {
    let mut known: HashSet<(String, Target)> =
        schema.definitions.iter().map(|d| (d.name.clone(), d.target)).collect();
    let messages = schema.messages.iter().flat_map(|message| {
        let signals = message.signals.iter().flat_map(|signal| &signal.attributes);
        let own = message.attributes.iter().map(|attribute| (Target::Message, attribute));
        own.chain(signals.map(|attribute| (Target::Signal, attribute)))
    });
    let mut new = Vec::new();
    for (target, attribute) in messages {
        if !known.insert((attribute.name.clone(), target)) {
            continue;
        }
        let (kind, range, default) = match (&attribute.value, attribute.name.as_str()) {
            (AttributeValue::Text(_), FRAMING) => frame_formats(),
            (AttributeValue::Text(_), _) => text_kind(),
            (AttributeValue::Number(_), CYCLE) => cycles(),
            (AttributeValue::Number(_), _) => {
                (AttributeKind::Number("FLOAT".to_owned()), "0 0", AttributeValue::Number(0.0))
            }
        };
        new.push(Definition {
            name: attribute.name.clone(),
            target,
            relates: String::new(),
            kind,
            range: range.to_owned(),
            default: Some(default),
        });
    }
    schema.definitions.extend(new);
    let mut nodes: HashSet<String> = schema.nodes.iter().map(|node| node.name.clone()).collect();
    let named = schema.messages.iter().flat_map(|message| {
        message.senders.iter().chain(message.signals.iter().flat_map(|signal| &signal.receivers))
    });
    let unknown: Vec<String> =
        named.filter(|name| nodes.insert((*name).clone())).cloned().collect();
    schema.nodes.extend(unknown.into_iter().map(|name| Node { name, ..Node::default() }));
    schema
}
