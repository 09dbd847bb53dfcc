//! Joins what names something else: labels, comments, attributes, value types and multiplexing to
//! their signals and messages, long names to short ones.

use std::collections::HashMap;

use super::draft::{About, Draft, DraftMessage, NO_MESSAGE, Saying, What};
use super::overlap;
use super::report::Report;
use crate::engine::dbc::schema::{
    Attribute, AttributeKind, AttributeValue, Definition, Group, Kind, Matching, Message, Role,
    Schema, Selection, Signal, Target, find,
};

/// What says more of an environment variable; nothing here reads it.
pub(in crate::engine::dbc) const VARIABLE_DATA: &str = "ENVVAR_DATA_";

/// Most switches in a row; real files have two.
const MOST_SWITCHES: usize = 16;

/// Where messages and signals are, by the names the file uses.
#[derive(Default)]
struct Places {
    nodes: HashMap<String, usize>,
    variables: HashMap<String, usize>,
    tables: HashMap<String, usize>,
    messages: HashMap<u32, usize>,
    signals: HashMap<(usize, String), usize>,
}

/// Makes the schema.
pub(super) fn finish(mut draft: Draft, text: &str, report: &mut Report) -> Schema {
    let places = Places {
        nodes: by_name(&draft.nodes, |n| &n.name),
        variables: by_name(&draft.variables, |v| &v.name),
        tables: by_name(&draft.tables, |t| &t.name),
        ..places(&mut draft.messages, report)
    };
    default_selections(&mut draft.messages, report);
    let mut schema = Schema {
        version: draft.version,
        symbols: draft.symbols,
        timing: draft.timing,
        nodes: draft.nodes,
        messages: draft.messages.into_iter().map(|d| d.message).collect(),
        tables: draft.tables,
        variables: draft.variables,
        definitions: draft.definitions,
        attributes: Vec::new(),
        relations: draft.relations,
        comment: None,
        strays: draft.strays,
        leftover: draft.leftover,
    };
    set_defaults(&mut schema.definitions, draft.defaults, report);
    let choices = choices(&schema.definitions);
    for saying in draft.sayings {
        let place = saying.text.clone();
        if join(&mut schema, &places, &choices, saying, report) == Joined::No {
            schema.leftover.push(text.get(place).unwrap_or_default().to_owned());
        }
    }
    for definition in &mut schema.definitions {
        if let Some(default) = definition.default.take() {
            definition.default = Some(chosen(&choices, &definition.name, default));
        }
    }
    // Where a writer puts them: those of environment variables stand before all others.
    schema.leftover.sort_by_key(|text| !text.starts_with(VARIABLE_DATA));
    drop_circles(&mut schema, report);
    matching(&mut schema);
    long_names(&mut schema);
    overlap::check(&schema, report);
    schema
}

fn by_name<T>(things: &[T], name: impl Fn(&T) -> &String) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (at, thing) in things.iter().enumerate() {
        places.entry(name(thing).clone()).or_insert(at);
    }
    places
}

/// Finds messages and signals by name and makes names that are there twice different.
fn places(messages: &mut [DraftMessage], report: &mut Report) -> Places {
    let mut places = Places::default();
    let mut first_names: HashMap<u32, String> = HashMap::new();
    for (at, draft) in messages.iter_mut().enumerate() {
        let message = &mut draft.message;
        if let Some(first) = first_names.get(&draft.key) {
            let text = format!(
                "message {} has the id {} of message {first}; both are kept, frames are decoded as \
                 {first}",
                message.name, message.id
            );
            report.warn(message.line, text);
        } else {
            first_names.insert(draft.key, message.name.clone());
            places.messages.insert(draft.key, at);
        }
        let mut counts: HashMap<String, u32> = HashMap::new();
        for (position, signal) in message.signals.iter_mut().enumerate() {
            let count = counts.entry(signal.name.clone()).or_insert(0);
            *count += 1;
            if *count == 1 {
                places.signals.insert((at, signal.name.clone()), position);
                continue;
            }
            let renamed = format!("{}_{count}", signal.name);
            let text = format!(
                "message {} has a second signal {}; it is called {renamed}",
                message.name, signal.name
            );
            report.warn(signal.line, text);
            signal.name = renamed;
        }
    }
    places
}

/// `m3` without more belongs to the message's first switch that is itself always there.
fn default_selections(messages: &mut [DraftMessage], report: &mut Report) {
    for draft in messages {
        let root = |m: &super::draft::Mark| m.switches && m.selected_by.is_none();
        let switch = draft.marks.iter().position(root);
        for (signal, mark) in draft.message.signals.iter_mut().zip(&draft.marks) {
            let Some(value) = mark.selected_by else { continue };
            match switch {
                Some(switch) => {
                    signal.selection = Some(Selection { switch, ranges: vec![(value, value)] });
                }
                None => {
                    let text = format!(
                        "signal {} is multiplexed but message {} has no switch; taken as always there",
                        signal.name, draft.message.name
                    );
                    report.warn(signal.line, text);
                }
            }
        }
    }
}

fn set_defaults(
    definitions: &mut [Definition],
    defaults: Vec<(u32, String, AttributeValue)>,
    report: &mut Report,
) {
    let places = by_name(definitions, |d| &d.name);
    for (line, name, value) in defaults {
        match places.get(&name).and_then(|&at| definitions.get_mut(at)) {
            Some(definition) => definition.default = Some(value),
            None => {
                let text =
                    format!("a default for attribute {name}, which is not defined; left out");
                report.warn(line, text);
            }
        }
    }
}

fn choices(definitions: &[Definition]) -> HashMap<String, Vec<String>> {
    let choice = |d: &Definition| match &d.kind {
        AttributeKind::Choice(choices) => Some((d.name.clone(), choices.clone())),
        AttributeKind::Number(_) | AttributeKind::Text => None,
    };
    definitions.iter().filter_map(choice).collect()
}

/// The name of a choice that was given by its number.
fn chosen(
    choices: &HashMap<String, Vec<String>>,
    name: &str,
    value: AttributeValue,
) -> AttributeValue {
    let AttributeValue::Number(number) = value else { return value };
    let text = choices.get(name).and_then(|list| list.get(number as usize));
    match text {
        Some(text) if number >= 0.0 => AttributeValue::Text(text.clone()),
        _ => AttributeValue::Number(number),
    }
}

fn join(
    schema: &mut Schema,
    places: &Places,
    choices: &HashMap<String, Vec<String>>,
    saying: Saying,
    report: &mut Report,
) -> Joined {
    let Saying { line, text: _, about, what } = saying;
    let what = match what {
        What::Attribute(name, value) => {
            let value = chosen(choices, &name, value);
            What::Attribute(name, value)
        }
        other => other,
    };
    match about {
        About::Message(NO_MESSAGE) | About::Signal(NO_MESSAGE, _) => return Joined::No,
        About::Database => match what {
            What::Comment(text) => schema.comment = Some(text),
            What::Attribute(name, value) => schema.attributes.push(Attribute { name, value }),
            _ => {}
        },
        About::Node(name) => match places.nodes.get(&name).and_then(|&at| schema.nodes.get_mut(at))
        {
            Some(node) => describe(&mut node.comment, &mut node.attributes, what),
            None => return unknown(report, line, &what, &format!("node {name}")),
        },
        About::Variable(name) => {
            match places.variables.get(&name).and_then(|&at| schema.variables.get_mut(at)) {
                Some(variable) => match what {
                    What::Labels(labels) => variable.labels = labels,
                    other => describe(&mut variable.comment, &mut variable.attributes, other),
                },
                None => return unknown(report, line, &what, &format!("variable {name}")),
            }
        }
        About::Message(key) => {
            let message = places.messages.get(&key).and_then(|&at| schema.messages.get_mut(at));
            match message {
                Some(message) => describe_message(message, what),
                None => return unknown(report, line, &what, &format!("message {key}")),
            }
        }
        About::Signal(key, name) => {
            let tables = &schema.tables;
            let place = places
                .messages
                .get(&key)
                .and_then(|&at| Some((at, *places.signals.get(&(at, name.clone()))?)));
            let message = place.and_then(|(at, _)| schema.messages.get_mut(at));
            let (Some(message), Some((at, position))) = (message, place) else {
                return unknown(report, line, &what, &format!("signal {name} of message {key}"));
            };
            let found = match &what {
                What::Table(table) => places.tables.get(table).and_then(|&at| tables.get(at)),
                _ => None,
            };
            if let What::Selection(switch, ranges) = what {
                let switch_at = places.signals.get(&(at, switch.clone())).copied();
                return select(message, position, (switch_at, switch), ranges, line, report);
            } else if let What::Table(table) = what {
                match (found, message.signals.get_mut(position)) {
                    (Some(found), Some(signal)) => signal.labels = found.labels.clone(),
                    _ => {
                        let text =
                            format!("there is no table {table} for signal {name}; no labels");
                        report.warn(line, text);
                        return Joined::No;
                    }
                }
            } else if let Some(signal) = message.signals.get_mut(position) {
                describe_signal(signal, what, line, report);
            }
        }
    }
    Joined::Yes
}

/// Whether what was said is about something that is in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Yes,
    No,
}

fn unknown(report: &mut Report, line: u32, what: &What, of: &str) -> Joined {
    let noun = match what {
        What::Comment(_) => "a comment",
        What::Attribute(..) => "an attribute",
        What::Labels(_) | What::Table(_) => "labels",
        What::ValueType(_) => "a value type",
        What::Selection(..) => "multiplexing",
        What::Group(..) => "a signal group",
        What::Senders(_) => "senders",
    };
    report.warn(line, format!("{noun} for {of}, which is not in the file; left out"));
    Joined::No
}

fn describe(comment: &mut Option<String>, attributes: &mut Vec<Attribute>, what: What) {
    match what {
        What::Comment(text) => *comment = Some(text),
        What::Attribute(name, value) => attributes.push(Attribute { name, value }),
        What::Labels(_)
        | What::Table(_)
        | What::ValueType(_)
        | What::Selection(..)
        | What::Group(..)
        | What::Senders(_) => {}
    }
}

fn describe_message(message: &mut Message, what: What) {
    match what {
        What::Group(name, repetitions, signals) => {
            message.groups.push(Group { name, repetitions, signals });
        }
        What::Senders(nodes) => {
            for node in nodes.into_iter().take(1024) {
                if !message.senders.contains(&node) {
                    message.senders.push(node);
                }
            }
        }
        other => describe(&mut message.comment, &mut message.attributes, other),
    }
}

fn describe_signal(signal: &mut Signal, what: What, line: u32, report: &mut Report) {
    match what {
        What::Labels(labels) => signal.labels = labels.into(),
        What::ValueType(kind) => {
            signal.kind = match (kind, signal.length) {
                (1, 32) => Kind::Float,
                (2, 64) => Kind::Double,
                (0, _) => signal.kind,
                (_, length) => {
                    let text = format!(
                        "signal {} has the value type {kind} and {length} bits, which do not go \
                         together; taken as an integer",
                        signal.name
                    );
                    report.warn(line, text);
                    signal.kind
                }
            };
        }
        other => describe(&mut signal.comment, &mut signal.attributes, other),
    }
}

fn select(
    message: &mut Message,
    position: usize,
    switch: (Option<usize>, String),
    ranges: Vec<(u64, u64)>,
    line: u32,
    report: &mut Report,
) -> Joined {
    let (Some(at), name) = switch else {
        let text = format!("there is no switch {} in message {}; left out", switch.1, message.name);
        report.warn(line, text);
        return Joined::No;
    };
    if let Some(switch) = message.signals.get_mut(at)
        && switch.role == Role::Value
    {
        switch.role = Role::Switch;
        report.note(line, format!("signal {name} is a switch, though it is not marked as one"));
    }
    if let Some(signal) = message.signals.get_mut(position) {
        signal.selection = Some(Selection { switch: at, ranges });
    }
    Joined::Yes
}

/// A signal whose switches lead back to itself would never be there, and one behind too many of
/// them is no honest file: its selection goes.
fn drop_circles(schema: &mut Schema, report: &mut Report) {
    for message in &mut schema.messages {
        // How many switches stand above a signal, where that is known.
        let mut depths: Vec<Option<usize>> = vec![None; message.signals.len()];
        for position in 0..message.signals.len() {
            let mut above = 0;
            let mut at = position;
            while above <= MOST_SWITCHES {
                if let Some(Some(known)) = depths.get(at) {
                    above += known;
                    break;
                }
                let Some(selection) = message.signals.get(at).and_then(|s| s.selection.as_ref())
                else {
                    break;
                };
                at = selection.switch;
                above += 1;
            }
            if above > MOST_SWITCHES
                && let Some(signal) = message.signals.get_mut(position)
            {
                let text = format!(
                    "signal {} is selected by itself or by more than {MOST_SWITCHES} switches in a \
                     row; taken as always there",
                    signal.name
                );
                report.warn(signal.line, text);
                signal.selection = None;
                above = 0;
            }
            if let Some(depth) = depths.get_mut(position) {
                *depth = Some(above);
            }
        }
    }
}

/// J1939: by the message's own frame format, else by that of the file.
fn matching(schema: &mut Schema) {
    let is = |value: Option<&AttributeValue>, word: &str| match value {
        Some(AttributeValue::Text(text)) => text.eq_ignore_ascii_case(word),
        Some(AttributeValue::Number(_)) | None => false,
    };
    let default = |name: &str, target: Target| {
        let found = schema.definitions.iter().find(|d| d.name == name && d.target == target);
        found.and_then(|d| d.default.as_ref())
    };
    let format = default("VFrameFormat", Target::Message).cloned();
    let protocol = find(&schema.attributes, "ProtocolType")
        .or_else(|| default("ProtocolType", Target::Database));
    let by_protocol = is(protocol, "J1939");
    for message in &mut schema.messages {
        let own = message.attribute("VFrameFormat").or(format.as_ref());
        let j1939 = if own.is_some() { is(own, "J1939PG") } else { by_protocol };
        if j1939 && message.id.is_extended() {
            message.matching = Matching::ParameterGroup;
        }
    }
}

/// Names longer than 32 characters stand in attributes.
fn long_names(schema: &mut Schema) {
    let long = |attributes: &[Attribute], name: &str| match find(attributes, name) {
        Some(AttributeValue::Text(text)) if !text.is_empty() => Some(text.clone()),
        Some(AttributeValue::Text(_) | AttributeValue::Number(_)) | None => None,
    };
    let mut nodes: HashMap<String, String> = HashMap::new();
    for node in &mut schema.nodes {
        if let Some(name) = long(&node.attributes, "SystemNodeLongSymbol") {
            let short = std::mem::replace(&mut node.name, name.clone());
            node.short = Some(short.clone());
            nodes.insert(short, name);
        }
    }
    let lengthen = |name: &mut String| {
        if let Some(long) = nodes.get(name) {
            name.clone_from(long);
        }
    };
    for message in &mut schema.messages {
        if let Some(name) = long(&message.attributes, "SystemMessageLongSymbol") {
            message.short = Some(std::mem::replace(&mut message.name, name));
        }
        message.senders.iter_mut().for_each(lengthen);
        for signal in &mut message.signals {
            if let Some(name) = long(&signal.attributes, "SystemSignalLongSymbol") {
                signal.short = Some(std::mem::replace(&mut signal.name, name));
            }
            signal.receivers.iter_mut().for_each(lengthen);
        }
    }
}
