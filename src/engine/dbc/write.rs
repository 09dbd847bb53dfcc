//! From a schema back to DBC text that other tools read: every statement in the order that the
//! format's own tools use, so that two saves of the same schema are the same file. What the schema
//! keeps as it was written goes out as it was written.

#[cfg(test)]
mod tests;
mod text;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use thiserror::Error;

use super::parse::{EXTENDED, Encoding, Form, LineEnd, NOBODY, VARIABLE_DATA};
use super::schema::{
    Attribute, AttributeKind, AttributeValue, Definition, Kind, Label, Message, Order, Role,
    Schema, Signal, Target,
};
use text::{number, quoted};

/// A written DBC file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the format has no place for, a sentence each.
    pub notes: Vec<String>,
}

/// Why a schema cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The encoding of the file lacks a character.
    #[error(
        "the character {0:?} is not in Windows-1252, in which the file is written: take it out, or \
         save the file as UTF-8"
    )]
    Character(char),
}

/// Writes `schema` as a file of this form.
///
/// # Errors
/// The form's encoding lacks a character.
pub fn write(schema: &Schema, form: Form) -> Result<Written, WriteError> {
    let mut writer = Writer::new(schema, form.line_end);
    writer.all();
    let Writer { out, notes, .. } = writer;
    Ok(Written { bytes: text::encode(&out, form.encoding)?, notes })
}

/// Puts statement after statement into a text.
struct Writer<'a> {
    schema: &'a Schema,
    out: String,
    end: &'static str,
    notes: Vec<String>,
    /// The short names of nodes by their long ones.
    nodes: HashMap<&'a str, &'a str>,
    choices: HashMap<&'a str, &'a [String]>,
    /// The messages that what is said of their id is said of: the first with each id.
    first: Vec<&'a Message>,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema, line_end: LineEnd) -> Self {
        let end = match line_end {
            LineEnd::Unix => "\n",
            LineEnd::Dos => "\r\n",
        };
        let short = |short: &'a Option<String>, name: &'a str| Some((name, short.as_deref()?));
        let choice = |definition: &'a Definition| match &definition.kind {
            AttributeKind::Choice(choices) => Some((definition.name.as_str(), choices.as_slice())),
            AttributeKind::Number(_) | AttributeKind::Text => None,
        };
        let mut seen = HashSet::new();
        let mut notes = Vec::new();
        let mut first = Vec::new();
        for message in &schema.messages {
            if seen.insert(message.id) {
                first.push(message);
            } else if says_more(message) {
                notes.push(format!(
                    "message {} has the id {} of another one: its comments, attributes, labels and \
                     float types are not written, because a DBC names them by that id",
                    message.name, message.id
                ));
            }
        }
        Self {
            schema,
            out: String::new(),
            end,
            notes,
            nodes: schema.nodes.iter().filter_map(|n| short(&n.short, &n.name)).collect(),
            choices: schema.definitions.iter().filter_map(choice).collect(),
            first,
        }
    }

    fn all(&mut self) {
        let schema = self.schema;
        self.line(&format!("VERSION {}", quoted(&schema.version)));
        self.line("");
        self.line("NS_ :");
        schema.symbols.iter().for_each(|symbol| self.line(&format!("\t{symbol}")));
        self.line("");
        let timing = if schema.timing.is_empty() { "" } else { " " };
        self.line(&format!("BS_:{timing}{}", schema.timing));
        self.line("");
        let nodes: Vec<&str> =
            schema.nodes.iter().map(|n| n.short.as_deref().unwrap_or(&n.name)).collect();
        let blank = if nodes.is_empty() { "" } else { " " };
        self.line(&format!("BU_:{blank}{}", nodes.join(" ")));
        for table in &schema.tables {
            let labels = labels(&table.labels, Kind::Signed);
            self.line(&format!("VAL_TABLE_ {}{labels} ;", table.name));
        }
        self.line("");
        for stray in &schema.strays {
            let indent = if stray.starts_with("SG_") { " " } else { "" };
            self.line(&format!("{indent}{stray}"));
        }
        if !schema.strays.is_empty() {
            self.line("");
        }
        schema.messages.iter().for_each(|message| self.message(message));
        schema.messages.iter().for_each(|message| self.senders(message));
        for variable in &schema.variables {
            self.line(&format!("EV_ {}: {};", variable.name, variable.definition));
        }
        let is_early = |text: &&String| text.starts_with(VARIABLE_DATA);
        schema.leftover.iter().filter(is_early).for_each(|text| self.line(text));
        self.comments();
        self.definitions();
        self.attributes();
        self.values();
        schema.leftover.iter().filter(|text| !is_early(text)).for_each(|text| self.line(text));
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str(self.end);
    }

    fn message(&mut self, message: &Message) {
        let sender = message.senders.first().map_or(NOBODY, |name| self.node(name));
        let (key, name) = (key(message), short(message));
        self.line(&format!("BO_ {key} {name}: {} {sender}", message.len));
        for signal in &message.signals {
            let text = self.signal(message, signal);
            self.line(&text);
        }
        message.unread.iter().for_each(|text| self.line(&format!(" {text}")));
        self.line("");
    }

    fn signal(&self, message: &Message, signal: &Signal) -> String {
        let (order, sign) = marks(signal);
        let (min, max) = signal.min.zip(signal.max).or(signal.odd_range).unwrap_or_default();
        let receivers: Vec<&str> = signal.receivers.iter().map(|name| self.node(name)).collect();
        let receivers = if receivers.is_empty() { NOBODY.to_owned() } else { receivers.join(",") };
        format!(
            " SG_ {}{} : {}|{}@{order}{sign} ({},{}) [{}|{}] {} {receivers}",
            name_of(signal),
            mark(message, signal),
            signal.start,
            signal.length,
            number(signal.factor),
            number(signal.offset),
            number(min),
            number(max),
            quoted(&signal.unit),
        )
    }

    fn node<'n>(&self, name: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.nodes.get(name).copied().unwrap_or(name)
    }

    fn senders(&mut self, message: &Message) {
        let only =
            message.senders.len() == 1 && message.senders.first().is_none_or(|n| n != NOBODY);
        if message.senders.is_empty() || only {
            return;
        }
        let names: Vec<&str> = message.senders.iter().map(|name| self.node(name)).collect();
        self.line(&format!("BO_TX_BU_ {} : {};", key(message), names.join(",")));
    }

    /// What is said of something, with the words that name it.
    fn each(&mut self, mut put: impl FnMut(&mut Self, &str, Option<&String>, &[Attribute])) {
        let schema = self.schema;
        put(self, "", schema.comment.as_ref(), &schema.attributes);
        for node in &schema.nodes {
            let name = node.short.as_deref().unwrap_or(&node.name);
            put(self, &format!("BU_ {name} "), node.comment.as_ref(), &node.attributes);
        }
        for message in self.first.clone() {
            let key = key(message);
            put(self, &format!("BO_ {key} "), message.comment.as_ref(), &message.attributes);
            for signal in &message.signals {
                let about = format!("SG_ {key} {} ", name_of(signal));
                put(self, &about, signal.comment.as_ref(), &signal.attributes);
            }
        }
        for variable in &schema.variables {
            let about = format!("EV_ {} ", variable.name);
            put(self, &about, variable.comment.as_ref(), &variable.attributes);
        }
    }

    fn comments(&mut self) {
        self.each(|writer, about, comment, _| {
            if let Some(comment) = comment {
                writer.line(&format!("CM_ {about}{};", quoted(comment)));
            }
        });
    }

    fn definitions(&mut self) {
        let schema = self.schema;
        let is_relation = |d: &&Definition| d.target == Target::Relation;
        let (relations, plain): (Vec<_>, Vec<_>) =
            schema.definitions.iter().partition(|d| is_relation(d));
        for definition in plain.iter().chain(&relations) {
            self.line(&defined(definition));
        }
        for definition in plain.iter().chain(&relations) {
            let Some(default) = &definition.default else { continue };
            let keyword = keyword("BA_DEF_DEF_", definition.target);
            let value = match default {
                AttributeValue::Number(value) => number(*value),
                AttributeValue::Text(text) => quoted(text),
            };
            self.line(&format!("{keyword}  {} {value};", quoted(&definition.name)));
        }
    }

    fn attributes(&mut self) {
        self.each(|writer, about, _, attributes| {
            for attribute in attributes {
                let value = writer.value(attribute);
                writer.line(&format!("BA_ {} {about}{value};", quoted(&attribute.name)));
            }
        });
        let schema = self.schema;
        schema.relations.iter().for_each(|text| self.line(&format!("BA_REL_ {text};")));
    }

    /// A choice goes by its number, as the format's own tools write it.
    fn value(&self, attribute: &Attribute) -> String {
        match &attribute.value {
            AttributeValue::Number(value) => number(*value),
            AttributeValue::Text(text) => {
                let choices = self.choices.get(attribute.name.as_str()).copied().unwrap_or(&[]);
                match choices.iter().position(|choice| choice == text) {
                    Some(at) => at.to_string(),
                    None => quoted(text),
                }
            }
        }
    }

    fn values(&mut self) {
        let schema = self.schema;
        let first = self.first.clone();
        let signals =
            || first.iter().flat_map(|m| m.signals.iter().map(move |signal| (*m, signal)));
        for (message, signal) in signals().filter(|(_, signal)| !signal.labels.is_empty()) {
            let labels = labels(&signal.labels, signal.kind);
            self.line(&format!("VAL_ {} {}{labels} ;", key(message), name_of(signal)));
        }
        for variable in schema.variables.iter().filter(|variable| !variable.labels.is_empty()) {
            let labels = labels(&variable.labels, Kind::Signed);
            self.line(&format!("VAL_ {}{labels} ;", variable.name));
        }
        for message in &first {
            for group in &message.groups {
                let names = group.signals.join(" ");
                let (key, name, times) = (key(message), &group.name, group.repetitions);
                self.line(&format!("SIG_GROUP_ {key} {name} {times} : {names};"));
            }
        }
        for (message, signal) in signals() {
            let kind = match signal.kind {
                Kind::Float => 1,
                Kind::Double => 2,
                Kind::Unsigned | Kind::Signed => continue,
            };
            self.line(&format!("SIG_VALTYPE_ {} {} : {kind};", key(message), name_of(signal)));
        }
        for message in first.iter().filter(|message| needs_ranges(message)) {
            for signal in &message.signals {
                if let Some(text) = selected(message, signal) {
                    self.line(&text);
                }
            }
        }
    }
}

fn says_more(message: &Message) -> bool {
    let about = |signal: &Signal| {
        let real = matches!(signal.kind, Kind::Float | Kind::Double);
        real || signal.comment.is_some()
            || !signal.labels.is_empty()
            || !signal.attributes.is_empty()
    };
    message.comment.is_some()
        || !message.attributes.is_empty()
        || !message.groups.is_empty()
        || needs_ranges(message)
        || message.signals.iter().any(about)
}

fn key(message: &Message) -> u32 {
    message.id.raw() | if message.id.is_extended() { EXTENDED } else { 0 }
}

fn short(message: &Message) -> &str {
    message.short.as_deref().unwrap_or(&message.name)
}

fn name_of(signal: &Signal) -> &str {
    signal.short.as_deref().unwrap_or(&signal.name)
}

const fn marks(signal: &Signal) -> (char, char) {
    let order = match signal.order {
        Order::Little => '1',
        Order::Big => '0',
    };
    let sign = match signal.kind {
        Kind::Unsigned => '+',
        Kind::Signed | Kind::Float | Kind::Double => '-',
    };
    (order, sign)
}

/// ` M`, ` m3` or ` m3M`.
fn mark(message: &Message, signal: &Signal) -> String {
    let switches = match signal.role {
        Role::Switch => "M",
        Role::Value => "",
    };
    let value = signal.selection.as_ref().filter(|s| s.switch < message.signals.len());
    match value.and_then(|selection| selection.ranges.first()) {
        Some((from, _)) => format!(" m{from}{switches}"),
        None if switches.is_empty() => String::new(),
        None => format!(" {switches}"),
    }
}

/// Whether the marks alone do not say when its signals are in a message: a switch that is not the
/// first, or more than one value.
fn needs_ranges(message: &Message) -> bool {
    let root = message
        .signals
        .iter()
        .position(|signal| signal.role == Role::Switch && signal.selection.is_none());
    message.signals.iter().filter_map(|signal| signal.selection.as_ref()).any(|selection| {
        let single = matches!(selection.ranges.as_slice(), [(from, to)] if from == to);
        Some(selection.switch) != root || !single
    })
}

fn selected(message: &Message, signal: &Signal) -> Option<String> {
    let selection = signal.selection.as_ref()?;
    let switch = message.signals.get(selection.switch)?;
    let ranges: Vec<String> =
        selection.ranges.iter().map(|(from, to)| format!("{from}-{to}")).collect();
    let (key, ranges) = (key(message), ranges.join(", "));
    Some(format!("SG_MUL_VAL_ {key} {} {} {ranges};", name_of(signal), name_of(switch)))
}

/// ` 0 "Off" 1 "On"`.
fn labels(labels: &[Label], kind: Kind) -> String {
    let mut text = String::new();
    for label in labels {
        let written = match kind {
            Kind::Unsigned => write!(text, " {}", label.value as u64),
            Kind::Signed | Kind::Float | Kind::Double => write!(text, " {}", label.value),
        };
        // Writing into a text does not fail.
        debug_assert!(written.is_ok());
        text.push(' ');
        text.push_str(&quoted(&label.text));
    }
    text
}

const fn keyword(plain: &'static str, target: Target) -> &'static str {
    match (target, plain.len()) {
        (Target::Relation, 7) => "BA_DEF_REL_",
        (Target::Relation, _) => "BA_DEF_DEF_REL_",
        (
            Target::Database | Target::Node | Target::Message | Target::Signal | Target::Variable,
            _,
        ) => plain,
    }
}

fn defined(definition: &Definition) -> String {
    let target = match definition.target {
        Target::Database => "",
        Target::Node => "BU_ ",
        Target::Message => "BO_ ",
        Target::Signal => "SG_ ",
        Target::Variable => "EV_ ",
        Target::Relation => &format!("{} ", definition.relates),
    };
    let kind = match &definition.kind {
        AttributeKind::Number(word) => word.clone(),
        AttributeKind::Text => "STRING".to_owned(),
        AttributeKind::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| quoted(choice)).collect();
            format!("ENUM  {}", choices.join(","))
        }
    };
    let blank = if definition.range.is_empty() { "" } else { " " };
    let (keyword, name) = (keyword("BA_DEF_", definition.target), quoted(&definition.name));
    format!("{keyword} {target} {name} {kind}{blank}{};", definition.range)
}
