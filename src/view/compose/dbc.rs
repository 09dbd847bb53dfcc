//! Composes DBC files with what is on the buses now.

pub mod desk;
mod fields;
mod kept;
mod layout;
mod stats;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::base::problem::{Problem, Severity};
use crate::base::time::Mono;
use crate::engine::{
    BitKind, BitOrder, BusPicture, Change, Codec, DbcMessage, DbcRow, DbcSignal, DbcSource,
    Direction, Frame, RowFacts, Scope, Snapshot, TrafficEntry, dbc_edit,
};
use crate::view::compose::filter::{Prepared, prepare};
use crate::view::compose::traffic::{fits, is_silent};
use crate::view::dbc::{
    DbcKey, DbcPrefs, DbcView, MessageRow, MessageView, Origin, ProblemLine, SignalLine, SourceView,
};
use crate::view::offer::Question;
use crate::view::shown::{Shade, Shown, Tone};
use crate::view::text::{self, DASH};

pub use kept::{KeptFacts, kept};
pub use layout::layout;
pub use stats::SignalWatch;

/// A message that has not come for so long is shown with dashes.
const LOST: Duration = Duration::from_secs(10);
/// Most problems of a file that are shown; the rest is counted.
const PROBLEMS: usize = 200;

/// The last frame of a message, and all there were.
#[derive(Clone, Copy)]
struct Heard<'a> {
    last: &'a TrafficEntry,
    count: u64,
}

type HeardOf<'a> = HashMap<DbcKey, Heard<'a>>;

/// Makes the page without the editor: what the buses are read by, and the chosen message with the
/// figures that `watch` has of it.
#[must_use]
pub fn dbc(snapshot: &Snapshot, prefs: &DbcPrefs, watch: &SignalWatch) -> DbcView {
    let Prepared { sieve, view: filter } =
        prepare(&prefs.filter, prefs.cursor, &snapshot.vocabulary(), Scope::Table);
    let heard = heard(snapshot);
    let lets = |key: DbcKey, message: &DbcMessage| match heard.get(&key) {
        Some(heard) => fits(&sieve, snapshot, heard.last),
        None => {
            // A message that was never seen fits by its name and its id: it has no values.
            let bus = snapshot.buses.get(usize::from(key.bus)).map(|bus| bus.id);
            let frame = Frame::classic(message.id, &[]).zip(bus).map(|(frame, bus)| frame.on(bus));
            let facts = RowFacts { count: 0, age: Duration::MAX, changed: Change::Same };
            frame.is_some_and(|frame| sieve.lets_row(frame.view(), &facts))
        }
    };
    let mut sources = Vec::new();
    let (mut shown, mut all) = (0, 0);
    for (key, source, codec, bus) in each(snapshot) {
        let mut messages = Vec::new();
        for (at, (_, message)) in codec.messages().enumerate() {
            all += 1;
            let key = DbcKey { message: at as u32, ..key };
            if sieve.is_everything() || lets(key, message) {
                messages.push(message_row(snapshot, key, message, heard.get(&key)));
            }
        }
        shown += messages.len();
        sources.push(source_view(key, source, bus, messages));
    }
    let selected = prefs.selected.and_then(|key| {
        let codec = codec(snapshot, key)?;
        let (_, message) = codec.messages().nth(key.message as usize)?;
        Some(message_view(snapshot, key, (codec, message), heard.get(&key), watch))
    });
    let empty = if sources.is_empty() {
        "No bus of what runs is read by a DBC. Run another profile, or open a DBC file here to look at it or change it."
    } else {
        "None of the messages fits the filter. Clear it to see them all."
    };
    let messages = match (shown, all) {
        (shown, all) if shown == all => text::count(all, "message"),
        (shown, all) => format!("{shown} of {}", text::count(all, "message")),
    };
    DbcView { sources, selected, filter, empty: empty.into(), summary: messages, desk: None }
}

/// Every component and file of every bus, in the order in which they are asked.
fn each(
    snapshot: &Snapshot,
) -> impl Iterator<Item = (DbcKey, &DbcSource, &Arc<Codec>, &BusPicture)> + '_ {
    snapshot.buses.iter().flat_map(move |bus| {
        snapshot.decoders.sources(bus.id).enumerate().map(move |(at, (source, codec))| {
            let key = DbcKey { bus: bus.id.0, source: at as u16, message: 0 };
            (key, source, codec, bus)
        })
    })
}

/// The codec that a key is of.
#[must_use]
pub fn codec(snapshot: &Snapshot, key: DbcKey) -> Option<&Arc<Codec>> {
    let bus = snapshot.buses.get(usize::from(key.bus))?;
    snapshot.decoders.codecs(bus.id).get(usize::from(key.source))
}

/// Where the codec that a key is of comes from.
#[must_use]
pub fn source(snapshot: &Snapshot, key: DbcKey) -> Option<&DbcSource> {
    let bus = snapshot.buses.get(usize::from(key.bus))?;
    snapshot.decoders.sources(bus.id).nth(usize::from(key.source)).map(|(source, _)| source)
}

/// What was heard of every message.
fn heard(snapshot: &Snapshot) -> HeardOf<'_> {
    let mut all: HeardOf<'_> = HashMap::new();
    for entry in snapshot.traffic.rows() {
        let (bus, id) = (entry.last.bus(), entry.last.id());
        if !carries_data(&entry.last) {
            continue;
        }
        for (at, codec) in snapshot.decoders.codecs(bus).iter().enumerate() {
            let Some(index) = codec.find(id) else { continue };
            let message = index.place() as u32;
            let key = DbcKey { bus: bus.0, source: at as u16, message };
            all.entry(key)
                .and_modify(|heard| {
                    heard.count += entry.count;
                    if entry.last.time() > heard.last.last.time() {
                        heard.last = entry;
                    }
                })
                .or_insert(Heard { last: entry, count: entry.count });
        }
    }
    all
}

fn carries_data(frame: &Frame) -> bool {
    use crate::engine::Kind;
    matches!(frame.kind(), Kind::Data | Kind::Fd)
}

/// A file name without its folder.
#[must_use]
pub fn source_name(source: &DbcSource) -> String {
    match source {
        DbcSource::Device(name) => name.to_string(),
        DbcSource::File { file, .. } => {
            file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        }
        DbcSource::Unsaid => DASH.to_owned(),
    }
}

fn source_view(
    key: DbcKey,
    source: &DbcSource,
    bus: &BusPicture,
    messages: Vec<MessageRow>,
) -> SourceView {
    let (origin, file, problems) = match source {
        DbcSource::Device(_) | DbcSource::Unsaid => (Origin::BuiltIn, None, Vec::new()),
        DbcSource::File { file, problems } => {
            (Origin::File, Some(file.clone()), problem_lines(problems))
        }
    };
    let about = match origin {
        Origin::BuiltIn => format!("on {}, a part of Busbar", bus.name),
        Origin::File => format!("on {}, a DBC file", bus.name),
    };
    let name = source_name(source);
    SourceView { bus: key.bus, source: key.source, name, about, origin, file, problems, messages }
}

/// Problems of a file as lines.
#[must_use]
pub fn problem_lines(problems: &[Problem]) -> Vec<ProblemLine> {
    let shown = problems.iter().take(PROBLEMS).map(|problem| ProblemLine {
        place: match problem.line {
            0 => String::new(),
            line => format!("line {line}"),
        },
        text: problem.text.clone(),
        tone: tone(problem.severity),
    });
    let mut all: Vec<ProblemLine> = shown.collect();
    if problems.len() > PROBLEMS {
        let text = format!("{} more are not shown", problems.len() - PROBLEMS);
        all.push(ProblemLine { place: String::new(), text, tone: Tone::Info });
    }
    all
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Note => Tone::Info,
        Severity::Warning => Tone::Warning,
        Severity::Error => Tone::Fault,
    }
}

fn now_of(snapshot: &Snapshot, key: DbcKey) -> Mono {
    snapshot.buses.get(usize::from(key.bus)).map_or(snapshot.at, |bus| bus.now)
}

fn shade(heard: Option<&Heard<'_>>, now: Mono) -> Shade {
    let Some(heard) = heard else { return Shade::Never };
    let age = now.since(heard.last.last.time());
    let is_silent = is_silent(heard.last, now);
    match (is_silent, age > LOST) {
        (true, true) => Shade::Lost,
        (true, false) => Shade::Late,
        (false, _) => Shade::Fresh,
    }
}

fn rate(heard: &Heard<'_>) -> Option<f64> {
    heard.last.cycle_ns.filter(|ns| *ns > 0.0).map(|ns| 1e9 / ns)
}

fn message_row(
    snapshot: &Snapshot,
    key: DbcKey,
    message: &DbcMessage,
    heard: Option<&Heard<'_>>,
) -> MessageRow {
    let shade = shade(heard, now_of(snapshot, key));
    let rate = heard.and_then(rate).filter(|_| shade == Shade::Fresh);
    MessageRow {
        key,
        id: message.id.to_string(),
        name: message.name.clone(),
        shade,
        rate: rate.map_or_else(|| DASH.into(), |rate| format!("{} Hz", text::fixed(rate, 1))),
        count: heard.map_or_else(|| "never seen".into(), |heard| text::grouped(heard.count)),
    }
}

fn message_view(
    snapshot: &Snapshot,
    key: DbcKey,
    (codec, message): (&Arc<Codec>, &DbcMessage),
    heard: Option<&Heard<'_>>,
    watch: &SignalWatch,
) -> MessageView {
    let now = now_of(snapshot, key);
    let shade = shade(heard, now);
    let mut row = DbcRow::default();
    let data = heard.map(|heard| heard.last.last.view());
    if let (Some(frame), Some(index)) = (data, codec.index(key.message as usize)) {
        codec.decode(index, frame.data, &mut row);
    }
    let age = heard.map(|heard| now.since(heard.last.last.time()));
    let signals = message.signals.iter().enumerate().map(|(at, signal)| {
        let tally = watch.tally(key, at);
        let figure = |value: Option<f64>| {
            value.map_or_else(|| DASH.into(), |value| text::fixed(value, places(signal)))
        };
        SignalLine {
            name: signal.name.clone(),
            value: value(signal, row.get(at).zip(row.raw(at)), (shade, age)),
            place: place(signal),
            selected: selected(message, signal),
            least: figure(tally.map(|tally| tally.least)),
            most: figure(tally.map(|tally| tally.most)),
            mean: figure(tally.map(|tally| tally.sum / tally.count as f64)),
            changes: tally.map_or_else(|| DASH.into(), |tally| text::grouped(tally.changes)),
            hover: hover(signal),
        }
    });
    MessageView {
        key,
        title: format!("{} \u{b7} {}", message.id, message.name),
        comment: message.comment.clone().unwrap_or_default(),
        facts: facts(message, heard, now),
        signals: signals.collect(),
        layout: layout(message, data.map(|frame| frame.data)),
        looked: watch.said(key),
    }
}

fn facts(message: &DbcMessage, heard: Option<&Heard<'_>>, now: Mono) -> Vec<(String, String)> {
    let dash = || DASH.to_owned();
    let ms = |ms: f64| format!("{} ms", text::fixed(ms, if ms < 10.0 { 1 } else { 0 }));
    let framing = match dbc_edit::framing(message) {
        dbc_edit::Framing::Classic => "",
        dbc_edit::Framing::Fd => ", FD",
    };
    let senders = match message.senders.as_slice() {
        [] => dash(),
        senders => senders.join(", "),
    };
    let seen = heard.map_or_else(
        || "never".to_owned(),
        |heard| format!("{} ago", text::span_or_ms(now.since(heard.last.last.time()))),
    );
    let cycle = heard.and_then(|heard| heard.last.cycle_ns).map(|ns| ns / 1e6);
    let way = heard.map(|heard| heard.last.last.direction());
    let way = match way {
        Some(Direction::Sent) => ", sent by Busbar",
        Some(Direction::Received) | None => "",
    };
    [
        ("Length", format!("{} bytes{framing}", message.len)),
        ("Sent by", senders),
        ("Cycle in the file", message.cycle_ms().map_or_else(dash, ms)),
        ("Cycle seen", cycle.map_or_else(dash, ms)),
        ("Frames", heard.map_or_else(|| "0".into(), |heard| text::grouped(heard.count))),
        ("Last seen", format!("{seen}{way}")),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into()
}

/// Decimals that a signal is worth.
fn places(signal: &DbcSignal) -> usize {
    match signal.kind {
        BitKind::Float | BitKind::Double => 4,
        BitKind::Unsigned | BitKind::Signed => {
            let decimals = |number: f64| {
                let text = format!("{number:.6}");
                let tail = text.split_once('.').map_or("", |(_, tail)| tail);
                tail.trim_end_matches('0').len()
            };
            decimals(signal.factor).max(decimals(signal.offset))
        }
    }
}

fn value(
    signal: &DbcSignal,
    decoded: Option<(f64, u64)>,
    (shade, age): (Shade, Option<Duration>),
) -> Shown {
    let note =
        age.map_or_else(|| "never seen".to_owned(), |age| format!("{} ago", text::span_or_ms(age)));
    let is_there = matches!(shade, Shade::Fresh | Shade::Late);
    match decoded.filter(|_| is_there) {
        Some((value, raw)) => {
            let number = text::fixed(value, places(signal));
            let (text, unit) = match signal.label(raw) {
                Some(label) => (format!("{label} ({number})"), String::new()),
                None => (number, signal.unit.clone()),
            };
            Shown { text, unit, shade, note }
        }
        None => {
            let absent = shade == Shade::Fresh || shade == Shade::Late;
            let note = if absent { "not in the last frame".to_owned() } else { note };
            let shade = if absent { Shade::Late } else { shade };
            Shown { text: DASH.to_owned(), unit: String::new(), shade, note }
        }
    }
}

fn place(signal: &DbcSignal) -> String {
    let order = match signal.order {
        BitOrder::Little => "Intel",
        BitOrder::Big => "Motorola",
    };
    format!("{}|{} {order}, {}", signal.start, signal.length, kind_word(signal.kind))
}

/// The word for what bits are.
pub(super) const fn kind_word(kind: BitKind) -> &'static str {
    match kind {
        BitKind::Unsigned => "unsigned",
        BitKind::Signed => "signed",
        BitKind::Float => "float",
        BitKind::Double => "double",
    }
}

/// `0-3, 7`.
fn ranges(ranges: &[(u64, u64)]) -> String {
    let one = |(from, to): &(u64, u64)| match from == to {
        true => from.to_string(),
        false => format!("{from}-{to}"),
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn selected(message: &DbcMessage, signal: &DbcSignal) -> String {
    let Some(selection) = &signal.selection else { return String::new() };
    let switch = message.signals.get(selection.switch).map_or(DASH, |s| s.name.as_str());
    format!("when {switch} = {}", ranges(&selection.ranges))
}

fn hover(signal: &DbcSignal) -> String {
    const LABELS: usize = 24;
    let mut lines = Vec::new();
    lines.extend(signal.comment.clone());
    let number = text::exact_number;
    let (factor, offset) = (number(signal.factor), number(signal.offset));
    lines.push(format!("value = raw \u{d7} {factor} + {offset}"));
    if let Some((min, max)) = signal.min.zip(signal.max) {
        lines.push(format!("from {} to {} {}", number(min), number(max), signal.unit));
    }
    if !signal.receivers.is_empty() {
        lines.push(format!("read by {}", signal.receivers.join(", ")));
    }
    let labels = signal.labels.iter().take(LABELS);
    lines.extend(labels.map(|label| format!("{} = {}", label.value, label.text)));
    if signal.labels.len() > LABELS {
        lines.push(format!("and {} more", signal.labels.len() - LABELS));
    }
    lines.join("\n")
}

/// What is asked before the window closes on a file that was not saved.
#[must_use]
pub fn closing() -> Question {
    Question {
        title: "Close without saving?".to_owned(),
        text: "The DBC file in the editor has changes that were not saved. They are lost when the window closes.".to_owned(),
        confirm: "Close without saving".to_owned(),
    }
}
