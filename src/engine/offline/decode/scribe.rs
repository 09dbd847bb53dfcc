//! Decoded frames as lines of text. Everything that does not change from frame to frame is
//! prepared once per message.

use std::io::Write;

use crate::engine::can::frame::FrameRef;
use crate::engine::dbc::{Codec, Label, Message, MessageIndex, Row, Signal};
use crate::engine::offline::decode::number;
use crate::engine::offline::decode::{Format, Values};

/// Writes decoded frames in one format.
pub struct Scribe {
    format: Format,
    /// By the place of the message in the codec.
    messages: Vec<MessageText>,
}

struct MessageText {
    /// `,"message":"Name","signals":{` or the like.
    front: Vec<u8>,
    signals: Vec<SignalText>,
}

struct SignalText {
    /// `"Name":` or the like.
    front: Vec<u8>,
    /// What follows the value.
    back: Vec<u8>,
    /// By raw value, sorted.
    labels: Vec<(i64, Vec<u8>)>,
}

/// Longest message name that others are padded to.
const NAME_WIDTH: usize = 32;

impl Scribe {
    /// Prepares the texts of all messages of `codec`.
    pub fn new(codec: &Codec, format: Format, values: Values) -> Self {
        let longest = codec.messages().map(|(_, m)| m.name.chars().count()).max();
        let name_width = longest.unwrap_or(0).min(NAME_WIDTH);
        let messages = codec.messages();
        let texts = messages.map(|(_, m)| MessageText::new(m, format, values, name_width));
        Self { format, messages: texts.collect() }
    }

    /// What the front of the output is.
    pub const fn header(&self) -> &'static str {
        match self.format {
            Format::Jsonl | Format::Text => "",
            Format::Csv => "t,bus,id,ext,message,signal,value,unit\n",
        }
    }

    /// A bus name as it stands in a line.
    pub fn bus(&self, name: &str) -> Vec<u8> {
        match self.format {
            Format::Jsonl => json(name),
            Format::Csv => csv(name),
            Format::Text => format!("{name:<6}").into_bytes(),
        }
    }

    /// Appends a decoded frame; `bus` as [`Scribe::bus`] gave it.
    pub fn write(
        &self,
        text: &mut Vec<u8>,
        frame: FrameRef<'_>,
        bus: &[u8],
        index: MessageIndex,
        row: &Row,
    ) {
        let Some(message) = self.messages.get(index.place()) else { return };
        match self.format {
            Format::Jsonl => json_line(text, frame, bus, message, row),
            Format::Csv => csv_lines(text, frame, bus, message, row),
            Format::Text => text_line(text, frame, bus, message, row),
        }
    }
}

fn json_line(
    text: &mut Vec<u8>,
    frame: FrameRef<'_>,
    bus: &[u8],
    message: &MessageText,
    row: &Row,
) {
    text.extend_from_slice(b"{\"t\":");
    number::push_seconds(text, frame.time().nanos());
    text.extend_from_slice(b",\"bus\":");
    text.extend_from_slice(bus);
    text.extend_from_slice(b",\"id\":");
    number::push_whole(text, u64::from(frame.id().raw()));
    text.extend_from_slice(ext(frame, b",\"ext\":true", b",\"ext\":false"));
    text.extend_from_slice(&message.front);
    let mut first = true;
    for (position, value) in row.values() {
        let Some(signal) = message.signals.get(position) else { continue };
        if !std::mem::take(&mut first) {
            text.push(b',');
        }
        text.extend_from_slice(&signal.front);
        signal.value(text, value, "null", row, position);
    }
    text.extend_from_slice(b"}}\n");
}

fn csv_lines(
    text: &mut Vec<u8>,
    frame: FrameRef<'_>,
    bus: &[u8],
    message: &MessageText,
    row: &Row,
) {
    let mut head = Vec::with_capacity(64);
    number::push_seconds(&mut head, frame.time().nanos());
    head.push(b',');
    head.extend_from_slice(bus);
    head.push(b',');
    number::push_whole(&mut head, u64::from(frame.id().raw()));
    head.extend_from_slice(ext(frame, b",true,", b",false,"));
    head.extend_from_slice(&message.front);
    for (position, value) in row.values() {
        let Some(signal) = message.signals.get(position) else { continue };
        text.extend_from_slice(&head);
        text.extend_from_slice(&signal.front);
        signal.value(text, value, "", row, position);
        text.extend_from_slice(&signal.back);
    }
}

fn text_line(
    text: &mut Vec<u8>,
    frame: FrameRef<'_>,
    bus: &[u8],
    message: &MessageText,
    row: &Row,
) {
    let ns = frame.time().nanos();
    // Writing to a vector cannot fail.
    let _ =
        write!(text, "{:>10}.{:06}  ", ns / 1_000_000_000, ns.unsigned_abs() / 1000 % 1_000_000);
    text.extend_from_slice(bus);
    let _ = write!(text, " {:>10}  ", frame.id().to_string());
    text.extend_from_slice(&message.front);
    for (position, value) in row.values() {
        let Some(signal) = message.signals.get(position) else { continue };
        text.extend_from_slice(&signal.front);
        signal.value(text, value, "no number", row, position);
        text.extend_from_slice(&signal.back);
    }
    text.push(b'\n');
}

fn ext<'a>(frame: FrameRef<'_>, yes: &'a [u8], no: &'a [u8]) -> &'a [u8] {
    if frame.id().is_extended() { yes } else { no }
}

impl MessageText {
    fn new(message: &Message, format: Format, values: Values, name_width: usize) -> Self {
        let front = match format {
            Format::Jsonl => {
                let mut front = b",\"message\":".to_vec();
                front.extend(json(&message.name));
                front.extend_from_slice(b",\"signals\":{");
                front
            }
            Format::Csv => {
                let mut front = csv(&message.name);
                front.push(b',');
                front
            }
            Format::Text => format!("{:<name_width$}", message.name).into_bytes(),
        };
        let signals = message.signals.iter().map(|s| SignalText::new(s, format, values));
        Self { front, signals: signals.collect() }
    }
}

impl SignalText {
    fn new(signal: &Signal, format: Format, values: Values) -> Self {
        let (front, back) = match format {
            Format::Jsonl => {
                let mut front = json(&signal.name);
                front.push(b':');
                (front, Vec::new())
            }
            Format::Csv => {
                let mut front = csv(&signal.name);
                front.push(b',');
                let mut back = b",".to_vec();
                back.extend(csv(&signal.unit));
                back.push(b'\n');
                (front, back)
            }
            Format::Text => {
                let unit = match signal.unit.as_str() {
                    "" => String::new(),
                    unit => format!(" {unit}"),
                };
                (format!("  {}=", signal.name).into_bytes(), unit.into_bytes())
            }
        };
        let labels = match values {
            Values::Numbers => Vec::new(),
            Values::Labels => labels(&signal.labels, format),
        };
        Self { front, back, labels }
    }

    /// Appends the label of the value, or the number.
    fn value(&self, text: &mut Vec<u8>, value: f64, otherwise: &str, row: &Row, position: usize) {
        if !self.labels.is_empty()
            && let Some(raw) = row.raw(position)
            && let Ok(place) = self.labels.binary_search_by_key(&(raw as i64), |(v, _)| *v)
            && let Some((_, label)) = self.labels.get(place)
        {
            text.extend_from_slice(label);
        } else {
            number::push(text, value, otherwise);
        }
    }
}

/// The labels by raw value; the first of a value is used.
fn labels(labels: &[Label], format: Format) -> Vec<(i64, Vec<u8>)> {
    let text = |label: &Label| match format {
        Format::Jsonl => json(&label.text),
        Format::Csv => csv(&label.text),
        Format::Text => label.text.clone().into_bytes(),
    };
    let mut sorted: Vec<_> = labels.iter().map(|label| (label.value, text(label))).collect();
    sorted.sort_by_key(|(value, _)| *value);
    sorted.dedup_by_key(|(value, _)| *value);
    sorted
}

/// A JSON string.
fn json(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}

/// A field of a CSV line, in quotes where it must be.
fn csv(text: &str) -> Vec<u8> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()
    } else {
        text.as_bytes().to_vec()
    }
}
