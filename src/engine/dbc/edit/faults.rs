//! What is wrong with a schema that is being edited: where, in which field, in a sentence.

use std::collections::HashMap;

use super::proof::is_name;
use super::{Framing, framing};
use crate::base::problem::Severity;
use crate::engine::can::frame::Id;
use crate::engine::dbc::layout::bits;
use crate::engine::dbc::parse::meetings;
use crate::engine::dbc::schema::{Kind, Message, Role, Schema, Signal};

/// Most faults that are listed.
pub const MOST_FAULTS: usize = 2_000;

/// What a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A message, by its position.
    Message(usize),
    /// A signal, by the positions of its message and its own.
    Signal(usize, usize),
}

/// The field that a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name.
    Name,
    /// The id of a message.
    Id,
    /// The length, in bytes or bits.
    Length,
    /// Who sends it.
    Senders,
    /// Where a signal lies.
    Start,
    /// Factor and offset.
    Scale,
    /// Smallest and largest value.
    Range,
    /// What selects it.
    Multiplexing,
    /// Names of values.
    Labels,
    /// What the bits are.
    Kind,
    /// A comment, a unit or another text.
    Text,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// In which field.
    pub field: Field,
    /// How bad it is: an error is something that other tools refuse or read differently.
    pub severity: Severity,
    /// What, in a sentence.
    pub text: String,
}

/// Everything that is wrong with `schema`, in its order.
#[must_use]
pub fn faults(schema: &Schema) -> Vec<Fault> {
    let mut found = Found::default();
    let mut ids: HashMap<Id, &str> = HashMap::new();
    let mut names: HashMap<&str, ()> = HashMap::new();
    for (at, message) in schema.messages.iter().enumerate() {
        if found.all.len() >= MOST_FAULTS {
            break;
        }
        let place = Place::Message(at);
        if let Some(other) = ids.insert(message.id, &message.name) {
            let text = format!(
                "messages {other} and {} have the id {}: frames are decoded as {other} alone",
                message.name, message.id
            );
            found.error(place, Field::Id, text);
        }
        if names.insert(&message.name, ()).is_some() {
            let text = format!("two messages are called {}", message.name);
            found.error(place, Field::Name, text);
        }
        of_message(schema, message, place, &mut found);
        of_signals(message, at, &mut found);
    }
    found.all.truncate(MOST_FAULTS);
    found.all
}

#[derive(Default)]
struct Found {
    all: Vec<Fault>,
}

impl Found {
    fn error(&mut self, place: Place, field: Field, text: String) {
        self.all.push(Fault { place, field, severity: Severity::Error, text });
    }

    fn warning(&mut self, place: Place, field: Field, text: String) {
        self.all.push(Fault { place, field, severity: Severity::Warning, text });
    }

    fn name(&mut self, place: Place, what: &str, name: &str) {
        if name.is_empty() {
            self.error(place, Field::Name, format!("a {what} has no name"));
        } else if !is_name(name) {
            let text = format!(
                "\"{name}\" is no name for a {what}: letters, digits and _ only, and no digit first"
            );
            self.error(place, Field::Name, text);
        }
    }

    fn text(&mut self, place: Place, what: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.ends_with('\\')) {
            let text =
                format!("the {what} ends with a backslash, which a DBC cannot: a blank is added");
            self.warning(place, Field::Text, text);
        }
    }
}

fn of_message(schema: &Schema, message: &Message, place: Place, found: &mut Found) {
    found.name(place, "message", &message.name);
    let lengths = match framing(message) {
        Framing::Classic => message.len <= 8,
        Framing::Fd => matches!(message.len, 0..=8 | 12 | 16 | 20 | 24 | 32 | 48 | 64),
    };
    if !lengths && message.len > 64 {
        let text = format!(
            "message {} has {} bytes, more than a frame: only a transport protocol carries it",
            message.name, message.len
        );
        found.warning(place, Field::Length, text);
    } else if !lengths {
        let which = match framing(message) {
            Framing::Classic => "a classic frame has 0 to 8",
            Framing::Fd => "an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64",
        };
        let text = format!("message {} has {} bytes: {which}", message.name, message.len);
        found.error(place, Field::Length, text);
    }
    for sender in &message.senders {
        if schema.nodes.iter().all(|node| node.name != *sender) {
            let text = format!("{sender}, who sends {}, is not in the list of nodes", message.name);
            found.warning(place, Field::Senders, text);
        }
    }
    found.text(place, "comment", message.comment.as_deref());
}

fn of_signals(message: &Message, at: usize, found: &mut Found) {
    let mut names: HashMap<&str, ()> = HashMap::new();
    for (position, signal) in message.signals.iter().enumerate() {
        if found.all.len() >= MOST_FAULTS {
            return;
        }
        let place = Place::Signal(at, position);
        if names.insert(&signal.name, ()).is_some() {
            let text = format!("message {} has two signals called {}", message.name, signal.name);
            found.error(place, Field::Name, text);
        }
        of_signal(message, signal, place, found);
    }
    for (other, position) in meetings(message).into_iter().take(MOST_FAULTS) {
        let name = |at: usize| message.signals.get(at).map_or("", |s| s.name.as_str());
        let text = format!(
            "signals {} and {} of message {} share bits",
            name(other),
            name(position),
            message.name
        );
        found.warning(Place::Signal(at, position), Field::Start, text);
    }
}

fn of_signal(message: &Message, signal: &Signal, place: Place, found: &mut Found) {
    let name = &signal.name;
    found.name(place, "signal", name);
    let last = bits(signal).max().unwrap_or_default();
    if last >= usize::from(message.len) * 8 {
        let text = format!(
            "signal {name} of message {} reaches bit {last}, beyond its {} bytes: make the message \
             longer or move the signal",
            message.name, message.len
        );
        found.error(place, Field::Start, text);
    }
    if signal.factor == 0.0 {
        let text = format!("signal {name} has the factor 0: it always reads {}", signal.offset);
        found.error(place, Field::Scale, text);
    }
    if let Some((min, max)) = signal.odd_range {
        let text =
            format!("the range of signal {name} goes from {min} to {max}, which holds nothing");
        found.warning(place, Field::Range, text);
    }
    match (signal.kind, signal.length) {
        (Kind::Float, 32) | (Kind::Double, 64) | (Kind::Unsigned | Kind::Signed, _) => {}
        (Kind::Float, bits) => {
            let text = format!("signal {name} is a float of {bits} bits: a float has 32");
            found.error(place, Field::Kind, text);
        }
        (Kind::Double, bits) => {
            let text = format!("signal {name} is a double of {bits} bits: a double has 64");
            found.error(place, Field::Kind, text);
        }
    }
    selection(message, signal, place, found);
    labels(signal, place, found);
    found.text(place, "comment", signal.comment.as_deref());
    found.text(place, "unit", Some(&signal.unit));
}

fn selection(message: &Message, signal: &Signal, place: Place, found: &mut Found) {
    let Some(selection) = &signal.selection else { return };
    let Some(switch) = message.signals.get(selection.switch) else {
        let text = format!("signal {} is selected by a signal that is not there", signal.name);
        return found.error(place, Field::Multiplexing, text);
    };
    if switch.role == Role::Value {
        let text = format!(
            "signal {} is selected by {}, which is not marked as a switch",
            signal.name, switch.name
        );
        found.error(place, Field::Multiplexing, text);
    }
    let most = u64::MAX >> (64 - u32::from(switch.length.clamp(1, 64)));
    if let Some((_, to)) = selection.ranges.iter().find(|(_, to)| *to > most) {
        let text = format!(
            "signal {} is there when {} is {to}, which its {} bits cannot be",
            signal.name, switch.name, switch.length
        );
        found.error(place, Field::Multiplexing, text);
    }
    if selection.ranges.is_empty() {
        let text = format!("signal {} is there for no value of {}", signal.name, switch.name);
        found.error(place, Field::Multiplexing, text);
    }
}

fn labels(signal: &Signal, place: Place, found: &mut Found) {
    let mut seen: HashMap<i64, ()> = HashMap::new();
    let bits = u32::from(signal.length.clamp(1, 64));
    for label in signal.labels.iter() {
        let fits = match signal.kind {
            Kind::Unsigned => label.value as u64 <= u64::MAX >> (64 - bits),
            Kind::Signed => {
                let half = 1i128 << (bits - 1);
                (-half..half).contains(&i128::from(label.value))
            }
            Kind::Float | Kind::Double => true,
        };
        if !fits {
            let text = format!(
                "the value {} of signal {}, called \"{}\", does not fit its {bits} bits",
                label.value, signal.name, label.text
            );
            found.warning(place, Field::Labels, text);
        }
        if seen.insert(label.value, ()).is_some() {
            let text = format!("signal {} names the value {} twice", signal.name, label.value);
            found.warning(place, Field::Labels, text);
        }
    }
}
