//! What the statements said, before things that name each other are joined.

use std::ops::Range;

use super::super::schema::{
    AttributeValue, Definition, Label, Message, Node, ValueTable, Variable,
};

/// The id that tools give to a message that is none: it holds signals of no message.
pub(super) const NO_MESSAGE: u32 = 0xC000_0000;

/// A file as its statements gave it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub version: String,
    pub symbols: Vec<String>,
    pub timing: String,
    pub nodes: Vec<Node>,
    pub messages: Vec<DraftMessage>,
    pub tables: Vec<ValueTable>,
    pub variables: Vec<Variable>,
    pub definitions: Vec<Definition>,
    pub defaults: Vec<(u32, String, AttributeValue)>,
    pub relations: Vec<String>,
    pub strays: Vec<String>,
    pub leftover: Vec<String>,
    pub sayings: Vec<Saying>,
    /// Where the next `SG_` belongs.
    pub open: Open,
}

/// Where the next `SG_` belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Open {
    /// No `BO_` was read yet.
    #[default]
    Nowhere,
    /// The last message.
    Message,
    /// A `BO_` that was left out.
    LeftOut,
    /// The message that is none.
    NoMessage,
}

/// A message and what its signals said of multiplexing.
#[derive(Debug)]
pub(super) struct DraftMessage {
    pub message: Message,
    /// The id as written.
    pub key: u32,
    /// One per signal.
    pub marks: Vec<Mark>,
}

/// What stands between the name of a signal and its colon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// `m3`: in the message when the switch has this value.
    pub selected_by: Option<u64>,
    /// `M`: a switch.
    pub switches: bool,
}

/// What something is said about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The whole file.
    Database,
    /// A node.
    Node(String),
    /// A message by its id as written.
    Message(u32),
    /// A signal.
    Signal(u32, String),
    /// An environment variable.
    Variable(String),
}

/// Something that is said about something else, to be joined at the end.
#[derive(Debug)]
pub(super) struct Saying {
    pub line: u32,
    /// Where its text begins and ends, to be kept where it is about nothing that is here.
    pub text: Range<usize>,
    pub about: About,
    pub what: What,
}

/// What is said.
#[derive(Debug)]
pub(super) enum What {
    /// `CM_`.
    Comment(String),
    /// `BA_`.
    Attribute(String, AttributeValue),
    /// `VAL_` with its own labels.
    Labels(Vec<Label>),
    /// `VAL_` with the name of a table.
    Table(String),
    /// `SIG_VALTYPE_`: 0 integer, 1 float, 2 double.
    ValueType(i128),
    /// `SG_MUL_VAL_`: the switch and its values.
    Selection(String, Vec<(u64, u64)>),
    /// `SIG_GROUP_`: name and signals.
    Group(String, i64, Vec<String>),
    /// `BO_TX_BU_`.
    Senders(Vec<String>),
}
