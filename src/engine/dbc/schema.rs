//! What a DBC file says, as plain values: messages, signals, nodes, value tables, attributes.
//! Knows nothing of text and nothing of how a frame is decoded.

use std::sync::Arc;

use crate::engine::can::frame::Id;

/// Everything one DBC file says that was sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The text of `VERSION`.
    pub version: String,
    /// The keywords that `NS_` lists.
    pub symbols: Vec<String>,
    /// What `BS_` says, as written; nearly always nothing.
    pub timing: String,
    /// The nodes of `BU_`.
    pub nodes: Vec<Node>,
    /// The messages, in the order of the file.
    pub messages: Vec<Message>,
    /// The named value tables of `VAL_TABLE_`.
    pub tables: Vec<ValueTable>,
    /// Environment variables of `EV_`.
    pub variables: Vec<Variable>,
    /// What attributes there are.
    pub definitions: Vec<Definition>,
    /// Attributes of the whole file.
    pub attributes: Vec<Attribute>,
    /// Attributes of relations (`BA_REL_`), each as its text.
    pub relations: Vec<String>,
    /// Comment on the whole file.
    pub comment: Option<String>,
    /// Lines that belong to no message that is here, as written.
    pub strays: Vec<String>,
    /// Whatever else the file says, statement by statement, as written.
    pub leftover: Vec<String>,
}

impl Schema {
    /// The message with this id.
    #[must_use]
    pub fn message(&self, id: Id) -> Option<&Message> {
        self.messages.iter().find(|m| m.id == id)
    }

    /// The message with this name.
    #[must_use]
    pub fn message_named(&self, name: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.name == name)
    }

    /// How many signals all messages have together.
    #[must_use]
    pub fn signal_count(&self) -> usize {
        self.messages.iter().map(|m| m.signals.len()).sum()
    }
}

/// A node of the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its name, the long one where there is one.
    pub name: String,
    /// The short name that stands for the long one in statements.
    pub short: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: Id,
    /// Its name, the long one where there is one.
    pub name: String,
    /// The short name that stands for the long one in statements.
    pub short: Option<String>,
    /// Declared length in bytes; more than 64 where a transport protocol carries it.
    pub len: u16,
    /// Who sends it; empty where the file does not say.
    pub senders: Vec<String>,
    /// Its signals, in the order of the file.
    pub signals: Vec<Signal>,
    /// Groups of signals (`SIG_GROUP_`).
    pub groups: Vec<Group>,
    /// Its comment.
    pub comment: Option<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Whether it is found by its J1939 parameter group number where the exact id is not there.
    pub matching: Matching,
    /// Its `SG_` lines that could not be read, as written.
    pub unread: Vec<String>,
    /// Line of its `BO_`.
    pub line: u32,
}

impl Message {
    /// Position of the signal with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.signals.iter().position(|s| s.name == name)
    }

    /// An attribute of the message.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        find(&self.attributes, name)
    }

    /// How often it is sent, milliseconds (`GenMsgCycleTime`); `None` where not said or zero.
    #[must_use]
    pub fn cycle_ms(&self) -> Option<f64> {
        match self.attribute("GenMsgCycleTime") {
            Some(AttributeValue::Number(ms)) if *ms > 0.0 => Some(*ms),
            Some(AttributeValue::Number(_) | AttributeValue::Text(_)) | None => None,
        }
    }
}

/// How frames are matched to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// By the whole id.
    #[default]
    Exact,
    /// By the whole id first, then by parameter group number, whatever priority and addresses.
    ParameterGroup,
}

/// Byte order of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Intel: `start` is the least significant bit.
    Little,
    /// Motorola: `start` is the most significant bit.
    Big,
}

/// What the bits of a signal are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Unsigned integer, 1 to 64 bits.
    Unsigned,
    /// Two's complement integer, 1 to 64 bits.
    Signed,
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 64 bits.
    Double,
}

/// One signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Its name, the long one where there is one.
    pub name: String,
    /// The short name that stands for the long one in statements.
    pub short: Option<String>,
    /// Start bit as written in the file (bit 0 is the lowest bit of byte 0).
    pub start: u16,
    /// Length in bits, 1 to 64.
    pub length: u8,
    /// Byte order.
    pub order: Order,
    /// What the bits are.
    pub kind: Kind,
    /// Physical value = raw * factor + offset.
    pub factor: f64,
    /// Physical value = raw * factor + offset.
    pub offset: f64,
    /// Smallest physical value, where the file gives a range.
    pub min: Option<f64>,
    /// Largest physical value, where the file gives a range.
    pub max: Option<f64>,
    /// The range as written, where it holds nothing: reversed, or of one number that is not zero.
    pub odd_range: Option<(f64, f64)>,
    /// Unit as written.
    pub unit: String,
    /// Who reads it; empty where the file does not say.
    pub receivers: Vec<String>,
    /// Names of values; signals that use the same table share it.
    pub labels: Arc<[Label]>,
    /// Whether its value selects other signals.
    pub role: Role,
    /// When it is in the message; `None` means always.
    pub selection: Option<Selection>,
    /// Its comment.
    pub comment: Option<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Line of its `SG_`.
    pub line: u32,
}

impl Signal {
    /// The name of a raw value as [`super::Row::raw`] gives it.
    #[must_use]
    pub fn label(&self, raw: u64) -> Option<&str> {
        self.labels.iter().find(|l| l.value == raw as i64).map(|l| l.text.as_str())
    }

    /// An attribute of the signal.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        find(&self.attributes, name)
    }
}

/// Whether a signal is a multiplexer switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A plain value.
    #[default]
    Value,
    /// Its raw value selects which other signals are in the message.
    Switch,
}

/// When a multiplexed signal is in the message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Position of the switch in the message.
    pub switch: usize,
    /// Raw values of the switch, as inclusive ranges.
    pub ranges: Vec<(u64, u64)>,
}

impl Selection {
    /// Whether this raw value of the switch selects the signal.
    #[must_use]
    pub fn holds(&self, raw: u64) -> bool {
        self.ranges.iter().any(|&(from, to)| (from..=to).contains(&raw))
    }
}

/// A named value of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Raw value; an unsigned 64-bit one above `i64::MAX` by its bits.
    pub value: i64,
    /// Its name.
    pub text: String,
}

/// A named list of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueTable {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Arc<[Label]>,
}

/// A named group of signals of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The number before its signals, which is nearly always 1.
    pub repetitions: i64,
    /// Names of its signals.
    pub signals: Vec<String>,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The rest of its definition, as written.
    pub definition: String,
    /// Names of its values.
    pub labels: Vec<Label>,
    /// Its comment.
    pub comment: Option<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// What an attribute may be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The whole file.
    Database,
    /// A node.
    Node,
    /// A message.
    Message,
    /// A signal.
    Signal,
    /// An environment variable.
    Variable,
    /// A relation between two of them.
    Relation,
}

/// What values an attribute may have.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeKind {
    /// A number (`INT`, `HEX`, `FLOAT`), as the file calls it.
    Number(String),
    /// A text.
    Text,
    /// One of these.
    Choice(Vec<String>),
}

/// Definition of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it is attached to.
    pub target: Target,
    /// What it relates, where it is one of a relation, as the file calls it.
    pub relates: String,
    /// What values it may have.
    pub kind: AttributeKind,
    /// Its range, as written.
    pub range: String,
    /// Its value where a thing has none of its own.
    pub default: Option<AttributeValue>,
}

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// A number.
    Number(f64),
    /// A text, or the name of a choice.
    Text(String),
}

/// An attribute a thing has.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: AttributeValue,
}

pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a AttributeValue> {
    attributes.iter().find(|a| a.name == name).map(|a| &a.value)
}
