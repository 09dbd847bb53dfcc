//! Composes the CAN page.

use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::{
    BusPicture, Change, DecodedSignal, Decoders, Direction, Id, Kind, RowFacts, Scope, Sieve,
    Snapshot, TrafficEntry,
};
use crate::view::compose::filter::{Prepared, prepare};
use crate::view::shown::Shade;
use crate::view::text::{self, DASH};
use crate::view::traffic::{
    ByteCell, RowKey, SignalPanel, SignalRow, TrafficPrefs, TrafficRow, TrafficView, arrange,
};

/// An id counts as silent after so many of its cycles without a frame.
const SILENT_CYCLES: u32 = 4;
/// And not before this time.
const SILENT_LEAST: Duration = Duration::from_secs(2);

/// Makes the table: what is on the buses now, and the signals of the selected id.
#[must_use]
pub fn traffic(snapshot: &Snapshot, prefs: &TrafficPrefs) -> TrafficView {
    let entries = snapshot.traffic.rows();
    let Prepared { sieve, view: filter } =
        prepare(&prefs.filter, prefs.cursor, &snapshot.vocabulary(), Scope::Table);
    let wanted = entries.iter().filter(|entry| fits(&sieve, snapshot, entry));
    let mut rows: Vec<TrafficRow> = wanted.map(|entry| row(snapshot, entry)).collect();
    let chosen = entries.iter().find(|entry| Some(key(entry)) == prefs.selected);
    let rate: f64 = snapshot.buses.iter().map(|bus| bus.rate).sum();
    let ids = match (rows.len(), entries.len()) {
        (shown, all) if sieve.is_everything() || shown == all => format!("{all} ids"),
        (shown, all) => format!("{shown} of {all} ids"),
    };
    let mut summary = format!("{ids}, {} frames a second", text::grouped(rate.round() as u64));
    if snapshot.traffic.beyond > 0 {
        let beyond = text::grouped(snapshot.traffic.beyond);
        summary.push_str(&format!("; the table is full, {beyond} frames of further ids not shown"));
    }
    arrange(&mut rows, prefs);
    TrafficView {
        rows,
        selected: chosen.map(|entry| panel(snapshot, entry)),
        filter,
        empty: empty(snapshot, entries.len()),
        summary,
    }
}

/// Whether a filter lets a row of the table through.
#[must_use]
pub fn fits(sieve: &Sieve, snapshot: &Snapshot, entry: &TrafficEntry) -> bool {
    let now = bus(snapshot, entry.last.bus()).map_or(snapshot.at, |bus| bus.now);
    let is_warm = (0..entry.changed.len()).any(|byte| entry.heat(byte, now) > 0.0);
    let facts = RowFacts {
        count: entry.count,
        age: now.since(entry.last.time()),
        changed: if is_warm { Change::Changed } else { Change::Same },
    };
    sieve.lets_row(entry.last.view(), &facts)
}

fn empty(snapshot: &Snapshot, entries: usize) -> String {
    if entries > 0 {
        return format!("None of the {entries} ids fits the filter. Clear it to see them all.");
    }
    match snapshot.buses.first() {
        None => {
            "No bus is open. Choose a demo, an interface or a recording on the Open page.".into()
        }
        Some(bus) => format!(
            "Nothing has been received on {} yet. Frames appear here as soon as something talks on the bus.",
            bus.name
        ),
    }
}

fn key(entry: &TrafficEntry) -> RowKey {
    let id = entry.last.id();
    let extended = u32::from(id.is_extended()) << 31;
    RowKey {
        bus: entry.last.bus().0,
        id: id.raw() | extended,
        sent: entry.last.direction() == Direction::Sent,
    }
}

fn bus(snapshot: &Snapshot, id: BusId) -> Option<&BusPicture> {
    snapshot.buses.get(usize::from(id.0))
}

fn row(snapshot: &Snapshot, entry: &TrafficEntry) -> TrafficRow {
    let frame = entry.last.view();
    let bus = bus(snapshot, frame.bus());
    let now = bus.map_or(snapshot.at, |bus| bus.now);
    TrafficRow {
        key: key(entry),
        id: frame.id().to_string(),
        message: message(&snapshot.decoders, frame.bus(), frame.id(), frame.kind()),
        direction: direction(frame.kind(), frame.direction()).into(),
        bus: bus.map_or_else(|| DASH.to_owned(), |bus| bus.name.to_string()),
        bytes: bytes(entry, now),
        cycle: entry.cycle_ns.map_or_else(|| DASH.into(), |ns| text::fixed(ns / 1e6, 1)),
        count: text::grouped(entry.count),
        shade: shade(entry, now),
        cycle_ms: entry.cycle_ns.map(|ns| ns / 1e6),
        frames: entry.count,
    }
}

fn bytes(entry: &TrafficEntry, now: Mono) -> Vec<ByteCell> {
    let bytes = entry.last.view().data.iter().enumerate();
    bytes.map(|(at, &value)| ByteCell { value, heat: entry.heat(at, now) }).collect()
}

/// The name of a frame's message; of an error frame what it says.
pub(super) fn message(decoders: &Decoders, bus: BusId, id: Id, kind: Kind) -> String {
    match kind {
        Kind::Error => format!("error frame: {}", error_class(id.raw())),
        Kind::Data | Kind::Remote | Kind::Fd => {
            decoders.name(bus, id).unwrap_or_default().to_owned()
        }
    }
}

/// The classes of an error frame in words (`linux/can/error.h`).
fn error_class(class: u32) -> String {
    const WORDS: [&str; 10] = [
        "transmit timeout",
        "lost arbitration",
        "controller problem",
        "protocol violation",
        "transceiver status",
        "no acknowledgement",
        "bus off",
        "bus error",
        "controller restarted",
        "error counters",
    ];
    let raised = WORDS.iter().enumerate().filter(|(bit, _)| class & (1 << bit) != 0);
    let words: Vec<&str> = raised.map(|(_, word)| *word).collect();
    if words.is_empty() { "unspecified".into() } else { words.join(", ") }
}

/// Which way a frame went and of what kind it is, in a few letters.
pub(super) const fn direction(kind: Kind, direction: Direction) -> &'static str {
    match (kind, direction) {
        (Kind::Error, _) => "err",
        (Kind::Remote, Direction::Received) => "rx rtr",
        (Kind::Remote, Direction::Sent) => "tx rtr",
        (Kind::Fd, Direction::Received) => "rx fd",
        (Kind::Fd, Direction::Sent) => "tx fd",
        (Kind::Data, Direction::Received) => "rx",
        (Kind::Data, Direction::Sent) => "tx",
    }
}

fn shade(entry: &TrafficEntry, now: Mono) -> Shade {
    if is_silent(entry, now) { Shade::Late } else { Shade::Fresh }
}

/// Whether an id that used to come has stopped coming.
#[must_use]
pub fn is_silent(entry: &TrafficEntry, now: Mono) -> bool {
    let silent = now.since(entry.last.time());
    let cycle = Duration::from_nanos(entry.cycle_ns.unwrap_or_default() as u64);
    silent > cycle.saturating_mul(SILENT_CYCLES).max(SILENT_LEAST)
}

fn panel(snapshot: &Snapshot, entry: &TrafficEntry) -> SignalPanel {
    let frame = entry.last.view();
    let id = frame.id();
    let decoded = match frame.kind() {
        Kind::Data | Kind::Fd => snapshot.decoders.decode(frame),
        Kind::Remote | Kind::Error => None,
    };
    let named = message(&snapshot.decoders, frame.bus(), id, frame.kind());
    let title = if named.is_empty() { id.to_string() } else { format!("{id} \u{b7} {named}") };
    let empty = match (frame.kind(), &decoded) {
        (Kind::Remote, _) => "A remote request carries no data.",
        (Kind::Error, _) => "An error frame carries no signals; its class is named above.",
        (Kind::Data | Kind::Fd, Some(_)) => "This message has no signals in this frame.",
        (Kind::Data | Kind::Fd, None) => {
            "No device or DBC file of the profile knows this id. Add a DBC file to its bus to see signals."
        }
    };
    let (comment, signals) = decoded.map_or_else(Default::default, |d| (d.comment, d.signals));
    let signals = signals.iter().map(signal).collect();
    let now = bus(snapshot, frame.bus()).map_or(snapshot.at, |bus| bus.now);
    SignalPanel {
        key: key(entry),
        title,
        comment,
        bytes: bytes(entry, now),
        shade: shade(entry, now),
        signals,
        empty: empty.into(),
    }
}

/// A unit as people write it: DBC files often keep to ASCII.
fn unit(written: &str) -> &str {
    match written {
        "degC" | "deg C" | "DegC" => "\u{b0}C",
        other => other,
    }
}

fn signal(signal: &DecodedSignal) -> SignalRow {
    let number = text::fixed(signal.value, signal.places);
    let value = match (&signal.label, signal.unit.is_empty()) {
        (Some(label), _) => format!("{label} ({number})"),
        (None, true) => number,
        (None, false) => format!("{number} {}", unit(&signal.unit)),
    };
    SignalRow {
        name: signal.name.clone(),
        value,
        raw: format!("0x{:X}", signal.raw),
        hover: signal.comment.clone(),
    }
}
