//! Changes of a schema as values: each can be done, and doing it gives the value that undoes it.
//! Knows no files and no faces; what is odd about a schema is said by [`faults`], and keeps nobody
//! from going on.

mod editor;
mod faults;
mod make;
mod proof;
#[cfg(test)]
mod tests;

use thiserror::Error;

use super::schema::{
    Attribute, Definition, Group, Kind, Label, Message, Node, Order, Role, Schema, Selection,
    Signal,
};
use crate::engine::can::frame::Id;

pub use editor::{Editor, Pace};
pub use faults::{Fault, Field, Place, faults};
pub use make::{
    Framing, LONGEST_NAME, define_what_is_used, framing, new_message, new_signal, rename_message,
    rename_signal, set_cycle, set_framing, set_senders,
};
pub use proof::{misread, unfit_names};

/// A change of a schema. Messages and signals are meant by their positions.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a message in.
    AddMessage {
        /// Where.
        at: usize,
        /// What.
        message: Box<Message>,
    },
    /// Takes a message out.
    RemoveMessage {
        /// Which.
        at: usize,
    },
    /// Puts a signal into a message.
    AddSignal {
        /// The message.
        message: usize,
        /// Where.
        at: usize,
        /// What.
        signal: Box<Signal>,
    },
    /// Takes a signal out of a message. What it switched is always there from then on.
    RemoveSignal {
        /// The message.
        message: usize,
        /// Which.
        at: usize,
    },
    /// Changes one thing about a message.
    Message {
        /// Which.
        at: usize,
        /// To what.
        to: MessageField,
    },
    /// Changes one thing about a signal.
    Signal {
        /// The message.
        message: usize,
        /// Which.
        at: usize,
        /// To what.
        to: SignalField,
    },
    /// Changes the nodes.
    Nodes(Vec<Node>),
    /// Changes what attributes there are.
    Definitions(Vec<Definition>),
    /// Several changes that are done and undone together.
    Several(Vec<Self>),
}

/// One thing about a message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageField {
    /// Its name, and the short one that stands for it.
    Name(String, Option<String>),
    /// Its id.
    Id(Id),
    /// Its length, bytes.
    Length(u16),
    /// Who sends it.
    Senders(Vec<String>),
    /// Its comment.
    Comment(Option<String>),
    /// Its attributes.
    Attributes(Vec<Attribute>),
    /// Its groups of signals.
    Groups(Vec<Group>),
}

/// One thing about a signal.
#[derive(Clone, Debug, PartialEq)]
pub enum SignalField {
    /// Its name, and the short one that stands for it.
    Name(String, Option<String>),
    /// Its start bit.
    Start(u16),
    /// Its length, bits.
    Length(u8),
    /// Its byte order, and the start bit that goes with it.
    Order(Order, u16),
    /// What its bits are.
    Kind(Kind),
    /// Its factor.
    Factor(f64),
    /// Its offset.
    Offset(f64),
    /// Its smallest and largest value.
    Range(Option<(f64, f64)>),
    /// Its unit.
    Unit(String),
    /// Who reads it.
    Receivers(Vec<String>),
    /// Names of its values.
    Labels(Vec<Label>),
    /// Whether it selects others, and when it is there.
    Multiplexing(Role, Option<Selection>),
    /// Its comment.
    Comment(Option<String>),
    /// Its attributes.
    Attributes(Vec<Attribute>),
}

/// Why a change cannot be done. The schema is then as it was.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EditError {
    /// There is no such message.
    #[error("there is no message number {0}")]
    NoMessage(usize),
    /// There is no such signal.
    #[error("message {0} has no signal number {1}")]
    NoSignal(String, usize),
    /// A signal cannot be selected by this one.
    #[error("signal {0} cannot be selected by itself, nor by one that it selects")]
    Circle(String),
    /// A signal has 1 to 64 bits.
    #[error("a signal has 1 to 64 bits, not {0}")]
    Length(u8),
    /// A number that is none.
    #[error("{0} is no number that a DBC can hold")]
    Number(f64),
}

/// Does `edit` and gives the one that undoes it.
///
/// # Errors
/// It is about nothing that is there; nothing was changed.
pub fn apply(schema: &mut Schema, edit: Edit) -> Result<Edit, EditError> {
    match edit {
        Edit::AddMessage { at, message } => {
            let at = at.min(schema.messages.len());
            schema.messages.insert(at, *message);
            Ok(Edit::RemoveMessage { at })
        }
        Edit::RemoveMessage { at } => {
            if at >= schema.messages.len() {
                return Err(EditError::NoMessage(at));
            }
            let message = Box::new(schema.messages.remove(at));
            Ok(Edit::AddMessage { at, message })
        }
        Edit::AddSignal { message, at, signal } => add_signal(schema, message, at, *signal),
        Edit::RemoveSignal { message, at } => remove_signal(schema, message, at),
        Edit::Message { at, to } => {
            let message = schema.messages.get_mut(at).ok_or(EditError::NoMessage(at))?;
            Ok(Edit::Message { at, to: set_message(message, to) })
        }
        Edit::Signal { message, at, to } => set_signal(schema, message, at, to),
        Edit::Nodes(mut nodes) => {
            std::mem::swap(&mut schema.nodes, &mut nodes);
            Ok(Edit::Nodes(nodes))
        }
        Edit::Definitions(mut definitions) => {
            std::mem::swap(&mut schema.definitions, &mut definitions);
            Ok(Edit::Definitions(definitions))
        }
        Edit::Several(edits) => several(schema, edits),
    }
}

fn several(schema: &mut Schema, edits: Vec<Edit>) -> Result<Edit, EditError> {
    let mut done = Vec::with_capacity(edits.len());
    for edit in edits {
        match apply(schema, edit) {
            Ok(inverse) => done.push(inverse),
            Err(error) => {
                for inverse in done.into_iter().rev() {
                    // What was just done can be undone.
                    let _: Result<Edit, EditError> = apply(schema, inverse);
                }
                return Err(error);
            }
        }
    }
    done.reverse();
    Ok(Edit::Several(done))
}

fn find(schema: &mut Schema, at: usize) -> Result<&mut Message, EditError> {
    schema.messages.get_mut(at).ok_or(EditError::NoMessage(at))
}

fn add_signal(
    schema: &mut Schema,
    at_message: usize,
    at: usize,
    signal: Signal,
) -> Result<Edit, EditError> {
    let message = find(schema, at_message)?;
    let at = at.min(message.signals.len());
    for selection in message.signals.iter_mut().filter_map(|s| s.selection.as_mut()) {
        selection.switch += usize::from(selection.switch >= at);
    }
    message.signals.insert(at, signal);
    Ok(Edit::RemoveSignal { message: at_message, at })
}

fn remove_signal(schema: &mut Schema, of: usize, at: usize) -> Result<Edit, EditError> {
    let message = find(schema, of)?;
    if at >= message.signals.len() {
        return Err(EditError::NoSignal(message.name.clone(), at));
    }
    let back = |at, to| Edit::Signal { message: of, at, to };
    let mut after = Vec::new();
    for (position, signal) in message.signals.iter_mut().enumerate() {
        let Some(selection) = &mut signal.selection else { continue };
        if selection.switch == at && position != at {
            let selection = signal.selection.take();
            after.push(back(position, SignalField::Multiplexing(signal.role, selection)));
        } else if selection.switch > at && position != at {
            selection.switch -= 1;
        }
    }
    let signal = message.signals.remove(at);
    let written = signal.short.as_ref().unwrap_or(&signal.name);
    if message.groups.iter().any(|group| group.signals.contains(written)) {
        let groups = message.groups.clone();
        after.push(Edit::Message { at: of, to: MessageField::Groups(groups) });
        message.groups.iter_mut().for_each(|group| group.signals.retain(|name| name != written));
    }
    let mut edits = vec![Edit::AddSignal { message: of, at, signal: Box::new(signal) }];
    edits.append(&mut after);
    Ok(Edit::Several(edits))
}

fn set_message(message: &mut Message, to: MessageField) -> MessageField {
    use std::mem::replace;
    match to {
        MessageField::Name(name, short) => {
            MessageField::Name(replace(&mut message.name, name), replace(&mut message.short, short))
        }
        MessageField::Id(id) => MessageField::Id(replace(&mut message.id, id)),
        MessageField::Length(len) => MessageField::Length(replace(&mut message.len, len)),
        MessageField::Senders(to) => MessageField::Senders(replace(&mut message.senders, to)),
        MessageField::Comment(to) => MessageField::Comment(replace(&mut message.comment, to)),
        MessageField::Attributes(to) => {
            MessageField::Attributes(replace(&mut message.attributes, to))
        }
        MessageField::Groups(to) => MessageField::Groups(replace(&mut message.groups, to)),
    }
}

fn set_signal(
    schema: &mut Schema,
    of: usize,
    at: usize,
    to: SignalField,
) -> Result<Edit, EditError> {
    use std::mem::replace;
    let message = find(schema, of)?;
    if let SignalField::Multiplexing(_, Some(selection)) = &to {
        leads_back(message, at, selection.switch)?;
    }
    let name = message.name.clone();
    let signal = message.signals.get_mut(at).ok_or(EditError::NoSignal(name, at))?;
    let finite = |number: f64| {
        if number.is_finite() { Ok(number) } else { Err(EditError::Number(number)) }
    };
    let was = match to {
        SignalField::Name(name, short) => {
            SignalField::Name(replace(&mut signal.name, name), replace(&mut signal.short, short))
        }
        SignalField::Start(to) => SignalField::Start(replace(&mut signal.start, to)),
        SignalField::Length(to @ 1..=64) => SignalField::Length(replace(&mut signal.length, to)),
        SignalField::Length(to) => return Err(EditError::Length(to)),
        SignalField::Order(order, start) => {
            SignalField::Order(replace(&mut signal.order, order), replace(&mut signal.start, start))
        }
        SignalField::Kind(to) => SignalField::Kind(replace(&mut signal.kind, to)),
        SignalField::Factor(to) => SignalField::Factor(replace(&mut signal.factor, finite(to)?)),
        SignalField::Offset(to) => SignalField::Offset(replace(&mut signal.offset, finite(to)?)),
        SignalField::Range(to) => {
            if let Some((min, max)) = to {
                finite(min).and(finite(max))?;
            }
            SignalField::Range(set_range(signal, to))
        }
        SignalField::Unit(to) => SignalField::Unit(replace(&mut signal.unit, to)),
        SignalField::Receivers(to) => SignalField::Receivers(replace(&mut signal.receivers, to)),
        SignalField::Labels(to) => {
            SignalField::Labels(replace(&mut signal.labels, to.into()).to_vec())
        }
        SignalField::Multiplexing(role, selection) => SignalField::Multiplexing(
            replace(&mut signal.role, role),
            replace(&mut signal.selection, selection),
        ),
        SignalField::Comment(to) => SignalField::Comment(replace(&mut signal.comment, to)),
        SignalField::Attributes(to) => SignalField::Attributes(replace(&mut signal.attributes, to)),
    };
    Ok(Edit::Signal { message: of, at, to: was })
}

/// A range that holds nothing is kept as it was typed.
fn set_range(signal: &mut Signal, to: Option<(f64, f64)>) -> Option<(f64, f64)> {
    let was = signal.min.zip(signal.max).or(signal.odd_range);
    let sound = to.filter(|(min, max)| min < max);
    (signal.min, signal.max) = (sound.map(|(min, _)| min), sound.map(|(_, max)| max));
    signal.odd_range = to.filter(|&range| sound.is_none() && range != (0.0, 0.0));
    was
}

fn leads_back(message: &Message, at: usize, switch: usize) -> Result<(), EditError> {
    let mut above = switch;
    for _ in 0..=message.signals.len() {
        let Some(signal) = message.signals.get(above) else {
            return Err(EditError::NoSignal(message.name.clone(), above));
        };
        if above == at {
            return Err(EditError::Circle(signal.name.clone()));
        }
        match &signal.selection {
            Some(selection) => above = selection.switch,
            None => return Ok(()),
        }
    }
    Err(EditError::Circle(message.name.clone()))
}
