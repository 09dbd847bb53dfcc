//! Composes the CAN page.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::logs::LogPicture;
use crate::engine::{
    Change, DecodedSignal, Decoders, Direction, ERROR_CLASSES, Id, Kind, RowFacts, Scope, Sieve,
    Snapshot, Traffic, TrafficEntry, Vocabulary,
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

/// What a table by id is made of: that of the running plant, or that of a recording.
struct Table<'a> {
    traffic: &'a Traffic,
    decoders: &'a Decoders,
    /// Names of the buses, and what the clock of each shows.
    buses: Vec<(&'a str, Mono)>,
    vocabulary: Arc<Vocabulary>,
    /// What is said of how much there is.
    rate: String,
}

impl<'a> Table<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let rate: f64 = snapshot.buses.iter().map(|bus| bus.rate).sum();
        Self {
            traffic: &snapshot.traffic,
            decoders: &snapshot.decoders,
            buses: snapshot.buses.iter().map(|bus| (bus.name.as_str(), bus.now)).collect(),
            vocabulary: snapshot.vocabulary(),
            rate: format!("{} frames a second", text::grouped(rate.round() as u64)),
        }
    }

    /// In a recording it is as late as its last frame.
    fn of_log(picture: &'a LogPicture, decoders: &'a Decoders) -> Self {
        let rows = picture.traffic.rows();
        let end = rows.iter().map(|row| row.last.time()).max().unwrap_or(Mono::ZERO);
        let names: Vec<&str> = picture.buses.iter().map(String::as_str).collect();
        let vocabulary = decoders.vocabulary(&names);
        Self {
            traffic: &picture.traffic,
            decoders,
            buses: picture.buses.iter().map(|name| (name.as_str(), end)).collect(),
            vocabulary,
            rate: format!("{} frames", text::grouped(picture.reel.len())),
        }
    }

    fn bus(&self, bus: BusId) -> Option<(&'a str, Mono)> {
        self.buses.get(usize::from(bus.0)).copied()
    }

    /// What the clock of the entry's bus shows; with an unknown bus, the time of its last frame.
    fn now(&self, entry: &TrafficEntry) -> Mono {
        self.bus(entry.last.bus()).map_or(entry.last.time(), |(_, now)| now)
    }

    fn view(&self, prefs: &TrafficPrefs, nothing: impl Fn() -> String) -> TrafficView {
        let entries = self.traffic.rows();
        let Prepared { sieve, view: filter } =
            prepare(&prefs.filter, prefs.cursor, &self.vocabulary, Scope::Table);
        let wanted = entries.iter().filter(|entry| lets(&sieve, self.now(entry), entry));
        let mut rows: Vec<TrafficRow> = wanted.map(|entry| row(self, entry)).collect();
        let chosen = entries.iter().find(|entry| Some(key(entry)) == prefs.selected);
        let ids = match (rows.len(), entries.len()) {
            (shown, all) if sieve.is_everything() || shown == all => format!("{all} ids"),
            (shown, all) => format!("{shown} of {all} ids"),
        };
        let mut summary = format!("{ids}, {}", self.rate);
        if self.traffic.beyond > 0 {
            let beyond = text::grouped(self.traffic.beyond);
            summary.push_str(&format!(
                "; the table is full, {beyond} frames of further ids not shown"
            ));
        }
        arrange(&mut rows, prefs);
        let empty = match entries.len() {
            0 => nothing(),
            all => format!("None of the {all} ids fits the filter. Clear it to see them all."),
        };
        let selected = chosen.map(|entry| panel(self, entry));
        TrafficView { rows, selected, filter, empty, summary }
    }
}

/// Makes the table: what is on the buses now, and the signals of the selected id.
#[must_use]
pub fn traffic(snapshot: &Snapshot, prefs: &TrafficPrefs) -> TrafficView {
    Table::of(snapshot).view(prefs, || empty(snapshot))
}

/// Makes the table of a recording.
#[must_use]
pub fn log_traffic(picture: &LogPicture, decoders: &Decoders, prefs: &TrafficPrefs) -> TrafficView {
    Table::of_log(picture, decoders)
        .view(prefs, || "No frame of this recording has been read.".to_owned())
}

/// Whether a filter lets a row of the table through.
#[must_use]
pub fn fits(sieve: &Sieve, snapshot: &Snapshot, entry: &TrafficEntry) -> bool {
    let bus = snapshot.buses.get(usize::from(entry.last.bus().0));
    lets(sieve, bus.map_or(snapshot.at, |bus| bus.now), entry)
}

fn lets(sieve: &Sieve, now: Mono, entry: &TrafficEntry) -> bool {
    let facts = RowFacts {
        count: entry.count,
        age: now.since(entry.last.time()),
        changed: if entry.is_warm(now) { Change::Changed } else { Change::Same },
    };
    sieve.lets_row(entry.last.view(), &facts)
}

fn empty(snapshot: &Snapshot) -> String {
    match snapshot.buses.first() {
        None => "No bus is open: what runs has none. The page Profiles runs another profile, and adds one with a simulated pack or for a CAN interface.".into(),
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

fn row(table: &Table<'_>, entry: &TrafficEntry) -> TrafficRow {
    let frame = entry.last.view();
    let bus = table.bus(frame.bus());
    let now = table.now(entry);
    let (jitter, rate) = (entry.gaps.deviation(), entry.rate(now));
    TrafficRow {
        key: key(entry),
        id: frame.id().to_string(),
        message: message(table.decoders, frame.bus(), frame.id(), frame.kind()),
        direction: direction(frame.kind(), frame.direction()).into(),
        bus: bus.map_or_else(|| DASH.to_owned(), |(name, _)| name.to_owned()),
        bytes: bytes(entry, now),
        cycle: entry.cycle_ns.map_or_else(|| DASH.into(), |ns| text::fixed(ns / 1e6, 1)),
        jitter: jitter.map_or_else(|| DASH.into(), |ns| text::fixed(ns / 1e6, 2)),
        gaps: gaps(entry),
        rate: rate.map_or_else(|| DASH.into(), |rate| text::fixed(rate, 1)),
        count: text::grouped(entry.count),
        shade: shade(entry, now),
        cycle_ms: entry.cycle_ns.map(|ns| ns / 1e6),
        jitter_ms: jitter.map(|ns| ns / 1e6),
        frames_a_second: rate,
        frames: entry.count,
    }
}

/// What is known of the times between its frames.
fn gaps(entry: &TrafficEntry) -> String {
    let gaps = &entry.gaps;
    let ms = |ns: f64| text::fixed(ns / 1e6, 2);
    let (Some(mean), Some((least, most))) = (gaps.mean(), gaps.extremes()) else {
        return "A second frame tells the time between them.".to_owned();
    };
    let deviation = gaps.deviation().map_or_else(|| DASH.to_owned(), ms);
    format!(
        "Between {} frames: mean {} ms, least {} ms, most {} ms, standard deviation {deviation} ms",
        text::grouped(gaps.count() + 1),
        ms(mean),
        ms(least),
        ms(most),
    )
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

/// The classes of an error frame in words.
fn error_class(class: u32) -> String {
    let raised = ERROR_CLASSES.iter().enumerate().filter(|(bit, _)| class & (1 << bit) != 0);
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

fn panel(table: &Table<'_>, entry: &TrafficEntry) -> SignalPanel {
    let frame = entry.last.view();
    let id = frame.id();
    let decoded = match frame.kind() {
        Kind::Data | Kind::Fd => table.decoders.decode(frame),
        Kind::Remote | Kind::Error => None,
    };
    let named = message(table.decoders, frame.bus(), id, frame.kind());
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
    let now = table.now(entry);
    SignalPanel {
        key: key(entry),
        bus: table.bus(frame.bus()).map_or_else(String::new, |(name, _)| name.to_owned()),
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

pub(super) fn signal(signal: &DecodedSignal) -> SignalRow {
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
