//! The fields of the editor's form: their texts, and what a text changes.

use std::collections::HashSet;

use super::{kind_word, ranges, tone};
use crate::engine::dbc_edit::{
    Edit, Fault, Field, Framing, MessageField, Place, SignalField, define_what_is_used, framing,
    rename_message, rename_signal, set_cycle, set_framing, set_senders,
};
use crate::engine::{
    BitKind, BitOrder, DbcLabel, DbcMessage, DbcSchema, DbcSelection, DbcSignal, Id, SignalRole,
};
use crate::view::dbc::{DeskField, EditField, FieldForm};
use crate::view::shown::Tone;
use crate::view::text;

/// What the form is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub message: usize,
    pub signal: Option<usize>,
}

const ORDERS: [(&str, BitOrder); 2] = [("Intel", BitOrder::Little), ("Motorola", BitOrder::Big)];
const KINDS: [BitKind; 4] = [BitKind::Unsigned, BitKind::Signed, BitKind::Float, BitKind::Double];
const ALWAYS: &str = "always there";
const PLAIN: &str = "a value";
const SWITCH: &str = "a switch";
const ID_KINDS: [&str; 2] = ["11 bits", "29 bits"];
const FRAMINGS: [&str; 2] = ["classic", "FD"];

/// A schema whose senders are nodes and whose attributes are defined, as other tools want it.
pub(super) fn complete(schema: DbcSchema) -> DbcSchema {
    define_what_is_used(schema)
}

/// The form: of the signal where one is chosen, else of the message.
pub(super) fn form(
    schema: &DbcSchema,
    spot: Spot,
    faults: &[Fault],
    draft: &Option<(EditField, String, String)>,
) -> Vec<DeskField> {
    let Some(message) = schema.messages.get(spot.message) else { return Vec::new() };
    let signal = spot.signal.and_then(|at| message.signals.get(at));
    let place = match spot.signal {
        Some(at) if signal.is_some() => Place::Signal(spot.message, at),
        Some(_) | None => Place::Message(spot.message),
    };
    let mut fields = match signal {
        Some(signal) => of_signal(message, signal),
        None => of_message(message),
    };
    for shown in &mut fields {
        let fault = faults.iter().find(|f| f.place == place && Some(f.field) == about(shown.field));
        if let Some(fault) = fault {
            (shown.wrong, shown.tone) = (fault.text.clone(), tone(fault.severity));
        }
        if let Some((field, text, wrong)) = draft
            && *field == shown.field
        {
            shown.text.clone_from(text);
            if !wrong.is_empty() {
                (shown.wrong, shown.tone) = (wrong.clone(), Tone::Fault);
            }
        }
    }
    fields
}

/// Which kind of fault stands below a field.
const fn about(field: EditField) -> Option<Field> {
    Some(match field {
        EditField::MessageName | EditField::SignalName => Field::Name,
        EditField::Id => Field::Id,
        EditField::Bytes | EditField::Bits => Field::Length,
        EditField::Senders => Field::Senders,
        EditField::Start => Field::Start,
        EditField::Kind => Field::Kind,
        EditField::Factor => Field::Scale,
        EditField::Range => Field::Range,
        EditField::Values => Field::Multiplexing,
        EditField::Labels => Field::Labels,
        EditField::MessageComment | EditField::SignalComment => Field::Text,
        EditField::IdKind
        | EditField::Framing
        | EditField::Cycle
        | EditField::Order
        | EditField::Offset
        | EditField::Unit
        | EditField::Role
        | EditField::Switch
        | EditField::Receivers => return None,
    })
}

fn field(field: EditField, label: &str, text: String, form: FieldForm) -> DeskField {
    let label = label.to_owned();
    DeskField { field, label, text, form, wrong: String::new(), tone: Tone::Plain }
}

fn line(which: EditField, label: &str, text: String) -> DeskField {
    field(which, label, text, FieldForm::Line)
}

fn choices<'a>(of: impl IntoIterator<Item = &'a str>) -> FieldForm {
    FieldForm::Choice(of.into_iter().map(str::to_owned).collect())
}

fn of_message(message: &DbcMessage) -> Vec<DeskField> {
    let id_kind = ID_KINDS.get(usize::from(message.id.is_extended())).copied();
    let carried = match framing(message) {
        Framing::Classic => "classic",
        Framing::Fd => "FD",
    };
    let cycle = message.cycle_ms().map_or_else(String::new, |ms| ms.to_string());
    let comment = message.comment.clone().unwrap_or_default();
    vec![
        line(EditField::MessageName, "Name", message.name.clone()),
        line(EditField::Id, "Id", message.id.to_string()),
        field(EditField::IdKind, "Id has", id_kind.unwrap_or_default().into(), choices(ID_KINDS)),
        line(EditField::Bytes, "Bytes", message.len.to_string()),
        field(EditField::Framing, "Frames", carried.into(), choices(FRAMINGS)),
        line(EditField::Cycle, "Cycle ms", cycle),
        line(EditField::Senders, "Sent by", message.senders.join(", ")),
        field(EditField::MessageComment, "Comment", comment, FieldForm::Lines),
    ]
}

fn of_signal(message: &DbcMessage, signal: &DbcSignal) -> Vec<DeskField> {
    let order = ORDERS.iter().find(|(_, order)| *order == signal.order);
    let order = order.map_or("", |(word, _)| *word);
    let range = signal.min.zip(signal.max).or(signal.odd_range);
    let range = range.map_or_else(String::new, |(min, max)| {
        format!("{} to {}", text::exact_number(min), text::exact_number(max))
    });
    let role = match signal.role {
        SignalRole::Value => PLAIN,
        SignalRole::Switch => SWITCH,
    };
    let switches = message
        .signals
        .iter()
        .filter(|one| one.role == SignalRole::Switch && one.name != signal.name);
    let switches: Vec<&str> =
        std::iter::once(ALWAYS).chain(switches.map(|one| one.name.as_str())).collect();
    let selection = signal.selection.as_ref();
    let switch = selection.and_then(|selection| message.signals.get(selection.switch));
    let switch = switch.map_or(ALWAYS, |switch| switch.name.as_str());
    let labels: Vec<String> =
        signal.labels.iter().map(|label| format!("{} {}", label.value, label.text)).collect();
    let kind = kind_word(signal.kind).to_owned();
    let mut all = vec![
        line(EditField::SignalName, "Name", signal.name.clone()),
        line(EditField::Start, "Start bit", signal.start.to_string()),
        line(EditField::Bits, "Bits", signal.length.to_string()),
        field(EditField::Order, "Byte order", order.into(), choices(ORDERS.map(|(word, _)| word))),
        field(EditField::Kind, "Bits are", kind, choices(KINDS.map(kind_word))),
        line(EditField::Factor, "Factor", text::exact_number(signal.factor)),
        line(EditField::Offset, "Offset", text::exact_number(signal.offset)),
        line(EditField::Range, "Range", range),
        line(EditField::Unit, "Unit", signal.unit.clone()),
        field(EditField::Role, "It is", role.into(), choices([PLAIN, SWITCH])),
        field(EditField::Switch, "Selected by", switch.into(), choices(switches)),
    ];
    if let Some(selection) = selection {
        all.push(line(EditField::Values, "when it is", ranges(&selection.ranges)));
    }
    all.push(field(EditField::Labels, "Values", labels.join("\n"), FieldForm::Lines));
    all.push(line(EditField::Receivers, "Read by", signal.receivers.join(", ")));
    let comment = signal.comment.clone().unwrap_or_default();
    all.push(field(EditField::SignalComment, "Comment", comment, FieldForm::Lines));
    all
}

fn whole<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    let text = text.trim();
    text.parse().map_err(|_| match text {
        "" => format!("{what} is missing."),
        text => format!("\u{201c}{text}\u{201d} is no {what}."),
    })
}

fn number(text: &str, what: &str) -> Result<f64, String> {
    let value: f64 = whole(&text.replace(',', "."), what)?;
    if value.is_finite() { Ok(value) } else { Err(format!("\u{201c}{text}\u{201d} is no {what}.")) }
}

fn names(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let names = text.split([',', ' ', ';']).map(str::trim).filter(|name| !name.is_empty());
    names.filter(|name| seen.insert((*name).to_owned())).map(str::to_owned).collect()
}

fn comment(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The id that is typed, of the kind the message has; one too large for 11 bits has 29.
fn id(text: &str, was: Id) -> Result<Id, String> {
    let typed = text.trim();
    let digits = typed.strip_prefix("0x").or_else(|| typed.strip_prefix("0X"));
    let raw = match digits {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => typed.parse().ok(),
    };
    let raw = raw.ok_or_else(|| format!("\u{201c}{typed}\u{201d} is no id: type 0x123 or 291."))?;
    let id = if was.is_extended() { Id::extended(raw) } else { Id::guess(raw) };
    id.ok_or_else(|| format!("{typed} is larger than any id: 29 bits end at 0x1FFFFFFF."))
}

/// The change that a text in a field stands for.
pub(super) fn edit(
    schema: &DbcSchema,
    spot: Spot,
    field: EditField,
    text: &str,
) -> Result<Edit, String> {
    let gone = "What was typed is about nothing that is there any more.";
    let message = schema.messages.get(spot.message).ok_or(gone)?;
    let at = spot.message;
    let of = |to| Ok(Edit::Message { at, to });
    match field {
        EditField::MessageName => Ok(rename_message(schema, at, text.trim())),
        EditField::Id => of(MessageField::Id(id(text, message.id)?)),
        EditField::IdKind => {
            let raw = message.id.raw();
            let to = if text == ID_KINDS[0] { Id::standard(raw) } else { Id::extended(raw) };
            let too_large = || format!("{} does not fit into 11 bits.", message.id);
            of(MessageField::Id(to.ok_or_else(too_large)?))
        }
        EditField::Bytes => of(MessageField::Length(whole(text, "number of bytes")?)),
        EditField::Framing => {
            let to = if text == FRAMINGS[0] { Framing::Classic } else { Framing::Fd };
            Ok(set_framing(schema, at, to))
        }
        EditField::Cycle if text.trim().is_empty() => Ok(set_cycle(schema, at, None)),
        EditField::Cycle => {
            let ms = number(text, "time in milliseconds")?;
            if ms < 0.0 {
                return Err("a cycle is not less than nothing.".to_owned());
            }
            Ok(set_cycle(schema, at, Some(ms)))
        }
        EditField::Senders => Ok(set_senders(schema, at, names(text))),
        EditField::MessageComment => of(MessageField::Comment(comment(text))),
        EditField::SignalName
        | EditField::Start
        | EditField::Bits
        | EditField::Order
        | EditField::Kind
        | EditField::Factor
        | EditField::Offset
        | EditField::Range
        | EditField::Unit
        | EditField::Role
        | EditField::Switch
        | EditField::Values
        | EditField::Labels
        | EditField::Receivers
        | EditField::SignalComment => {
            let which = spot.signal.ok_or(gone)?;
            let signal = message.signals.get(which).ok_or(gone)?;
            if field == EditField::SignalName {
                return Ok(rename_signal(schema, at, which, text.trim()));
            }
            let to = signal_field(message, signal, field, text)?;
            Ok(Edit::Signal { message: at, at: which, to })
        }
    }
}

fn signal_field(
    message: &DbcMessage,
    signal: &DbcSignal,
    field: EditField,
    text: &str,
) -> Result<SignalField, String> {
    Ok(match field {
        EditField::Start => {
            let start: u16 = whole(text, "start bit")?;
            if start > 511 {
                return Err("the last bit of the longest frame is 511.".to_owned());
            }
            SignalField::Start(start)
        }
        EditField::Bits => SignalField::Length(whole(text, "number of bits")?),
        EditField::Order => turned(signal, text),
        EditField::Kind => {
            let kind = KINDS.into_iter().find(|kind| kind_word(*kind) == text);
            SignalField::Kind(kind.ok_or("there is no such kind.")?)
        }
        EditField::Factor => SignalField::Factor(number(text, "factor")?),
        EditField::Offset => SignalField::Offset(number(text, "offset")?),
        EditField::Range => SignalField::Range(range(text)?),
        EditField::Unit => SignalField::Unit(text.to_owned()),
        EditField::Role => {
            let role = if text == SWITCH { SignalRole::Switch } else { SignalRole::Value };
            SignalField::Multiplexing(role, signal.selection.clone())
        }
        EditField::Switch => selected_by(message, signal, text)?,
        EditField::Values => {
            let selection = signal.selection.as_ref().ok_or("no switch is chosen.")?;
            let selection = DbcSelection { switch: selection.switch, ranges: values(text)? };
            SignalField::Multiplexing(signal.role, Some(selection))
        }
        EditField::Labels => SignalField::Labels(labels(text)?),
        EditField::Receivers => SignalField::Receivers(names(text)),
        EditField::SignalComment => SignalField::Comment(comment(text)),
        EditField::MessageName
        | EditField::Id
        | EditField::IdKind
        | EditField::Bytes
        | EditField::Framing
        | EditField::Cycle
        | EditField::Senders
        | EditField::MessageComment
        | EditField::SignalName => return Err("that is about the message.".to_owned()),
    })
}

/// The other byte order, with a start bit that keeps the signal in the bytes where it is.
fn turned(signal: &DbcSignal, text: &str) -> SignalField {
    let order = ORDERS.iter().find(|(word, _)| *word == text).map_or(signal.order, |(_, o)| *o);
    let (start, length) = (signal.start, u16::from(signal.length));
    let byte = start / 8 * 8;
    let start = match (signal.order, order) {
        (BitOrder::Little, BitOrder::Big) if start % 8 + length <= 8 => start + length - 1,
        (BitOrder::Little, BitOrder::Big) => byte + 7,
        (BitOrder::Big, BitOrder::Little) if start % 8 + 1 >= length => start + 1 - length,
        (BitOrder::Big, BitOrder::Little) => byte,
        (BitOrder::Little, BitOrder::Little) | (BitOrder::Big, BitOrder::Big) => start,
    };
    SignalField::Order(order, start)
}

fn range(text: &str) -> Result<Option<(f64, f64)>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let form = || format!("\u{201c}{}\u{201d} is no range: type 0 to 500.", text.trim());
    let (min, max) = text.split_once("to").or_else(|| text.split_once("..")).ok_or_else(form)?;
    Ok(Some((number(min, "smallest value")?, number(max, "largest value")?)))
}

fn selected_by(
    message: &DbcMessage,
    signal: &DbcSignal,
    text: &str,
) -> Result<SignalField, String> {
    if text == ALWAYS {
        return Ok(SignalField::Multiplexing(signal.role, None));
    }
    let switch = message.position(text).ok_or_else(|| format!("there is no signal {text}."))?;
    let ranges = signal.selection.as_ref().map_or_else(|| vec![(0, 0)], |s| s.ranges.clone());
    Ok(SignalField::Multiplexing(signal.role, Some(DbcSelection { switch, ranges })))
}

fn values(text: &str) -> Result<Vec<(u64, u64)>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let one = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (whole::<u64>(from, "value")?, whole::<u64>(to, "value")?);
        Ok::<_, String>((from.min(to), from.max(to)))
    };
    let ranges = parts.map(one).collect::<Result<Vec<_>, _>>()?;
    if ranges.is_empty() { Err("type the values, such as 0-3, 7.".to_owned()) } else { Ok(ranges) }
}

/// A line each: a number and its name.
fn labels(text: &str) -> Result<Vec<DbcLabel>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let end = line.find([' ', '=', ':', '\t']).unwrap_or(line.len());
            let (value, name) = line.split_at(end);
            let value = value.parse::<i64>().or_else(|_| value.parse::<u64>().map(|v| v as i64));
            let value = value.map_err(|_| {
                format!("\u{201c}{line}\u{201d} does not begin with a number: type 0 Off.")
            })?;
            let text = name.trim_start_matches([' ', '=', ':', '\t']).to_owned();
            Ok(DbcLabel { value, text })
        })
        .collect()
}
