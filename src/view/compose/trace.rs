//! Composes the trace: the rows that are seen, written out.

mod reader;
mod seek;
pub mod window;

use std::sync::Arc;

use jiff::tz::TimeZone;

pub use reader::{MOST_LINES, TraceReader, shut};
pub use seek::place;

use crate::base::id::BusId;
use crate::base::time::{Mono, Timebase, Wall};
use crate::engine::logs::LogPicture;
use crate::engine::{
    Decoders, Filter, FrameRef, Kind, Reel, Scope, Sieve, Snapshot, Vocabulary, write_candump,
};
use crate::view::compose::traffic::{direction, message, signal};
use crate::view::text::{self, DASH};
use crate::view::trace::{Mark, MarkView, TraceIndex, TracePrefs, TraceRow, TraceTimes, TraceView};
use crate::view::traffic::SignalRow;

/// Signals that are told in a row; more are counted.
const SIGNALS: usize = 6;

/// What the buses of a trace are called, what their stamps mean, what their frames say.
pub struct Naming<'a> {
    buses: Vec<(&'a str, Timebase)>,
    decoders: &'a Arc<Decoders>,
    zone: &'a TimeZone,
}

impl<'a> Naming<'a> {
    /// That of the running plant.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot, zone: &'a TimeZone) -> Self {
        let buses = snapshot.buses.iter().map(|bus| (bus.name.as_str(), bus.timebase)).collect();
        Self { buses, decoders: &snapshot.decoders, zone }
    }

    /// That of a recording.
    #[must_use]
    pub fn of_log(
        picture: &'a LogPicture,
        decoders: &'a Arc<Decoders>,
        zone: &'a TimeZone,
    ) -> Self {
        let base = picture.timebase;
        let buses = picture.buses.iter().map(|name| (name.as_str(), base)).collect();
        Self { buses, decoders, zone }
    }

    /// The names that filters are compared with.
    fn vocabulary(&self) -> Arc<Vocabulary> {
        let names: Vec<&str> = self.buses.iter().map(|(name, _)| *name).collect();
        self.decoders.vocabulary(&names)
    }

    /// The time of day of a stamp of a bus, where that is known.
    fn wall(&self, bus: BusId, at: Mono) -> Option<Wall> {
        self.buses.get(usize::from(bus.0)).and_then(|(_, base)| base.wall(at))
    }

    /// Name of a bus.
    pub(super) fn bus(&self, bus: BusId) -> &str {
        self.buses.get(usize::from(bus.0)).map_or("can", |(name, _)| name)
    }

    pub(super) const fn zone(&self) -> &TimeZone {
        self.zone
    }

    /// The bus of this name.
    pub(super) fn find(&self, name: &str) -> Option<BusId> {
        let place = self.buses.iter().position(|(known, _)| *known == name)?;
        u16::try_from(place).ok().map(BusId)
    }

    /// What the stamps of a bus mean.
    pub(super) fn timebase(&self, bus: BusId) -> Timebase {
        self.buses.get(usize::from(bus.0)).map(|(_, base)| *base).unwrap_or_default()
    }

    /// Whether every bus knows the date.
    pub(super) fn is_dated(&self) -> bool {
        self.buses.iter().all(|(_, base)| base.wall_at_zero.is_some())
    }

    /// The names of its buses, and what their stamps mean.
    #[must_use]
    pub fn named_buses(&self) -> Vec<(String, Timebase)> {
        self.buses.iter().map(|(name, base)| ((*name).to_owned(), *base)).collect()
    }

    /// A filter over its frames.
    ///
    /// # Errors
    /// Says what is wrong with it, in a sentence.
    pub fn sieve(&self, filter: &str) -> Result<Sieve, String> {
        let read = Filter::parse(filter);
        let made = read.and_then(|read| read.compile(&self.vocabulary(), Scope::Trace));
        made.map_err(|mistake| mistake.text)
    }

    /// What frames mean.
    #[must_use]
    pub const fn decoders(&self) -> &'a Arc<Decoders> {
        self.decoders
    }
}

/// Makes the rows from `top` on, at most `most`.
#[must_use]
pub fn trace(
    naming: &Naming<'_>,
    (reel, index): (&Reel, &TraceIndex),
    prefs: &TracePrefs,
    (top, most): (u64, usize),
) -> TraceView {
    let (fit, kept) = (index.fit(reel), reel.len());
    let top = top.min(fit);
    let begin = reel.get(reel.first()).map(|frame| frame.time());
    let before = top.checked_sub(1).and_then(|row| index.number(reel, row));
    let mut before = before.and_then(|number| reel.get(number)).map(|frame| frame.time());
    let rows = index
        .rows(reel, top, most)
        .map(|(number, frame)| {
            let time = time(naming, frame, prefs.times, (begin, before));
            before = Some(frame.time());
            let named = prefs.marks.get(&number);
            let mark = if named.is_some() { Mark::Marked } else { Mark::None };
            let mark_name = named.cloned().unwrap_or_default();
            TraceRow { number, time, mark, mark_name, ..row(naming, frame) }
        })
        .collect();
    let looked = index.looked(reel);
    let marks = prefs.marks.keys().map(|&number| {
        let kept = reel.get(number);
        // A list has no row before.
        let times = match prefs.times {
            TraceTimes::Delta => TraceTimes::Relative,
            times @ (TraceTimes::Clock | TraceTimes::Relative) => times,
        };
        let told = kept.map(|frame| time(naming, frame, times, (begin, None)));
        MarkView { number, time: told.unwrap_or_else(|| DASH.to_owned()) }
    });
    let marks = marks.collect();
    TraceView {
        rows,
        marks,
        top,
        fit,
        kept,
        summary: summary(reel, fit, looked),
        looked,
        empty: empty(kept),
        ..TraceView::default()
    }
}

fn summary(reel: &Reel, fit: u64, looked: f64) -> String {
    let kept = text::grouped(reel.len());
    let megabytes = megabytes(reel);
    let of = if fit == reel.len() { kept } else { format!("{} of {kept}", text::grouped(fit)) };
    let searched = if looked < 1.0 {
        format!(", {} % looked through", text::fixed((looked * 100.0).floor(), 0))
    } else {
        String::new()
    };
    format!("{of} frames, {megabytes} MB{searched}")
}

/// What a frame says, signal by signal; nothing where nobody knows its id.
#[must_use]
pub fn signals(snapshot: &Snapshot, frame: FrameRef<'_>) -> Vec<SignalRow> {
    if !matches!(frame.kind(), Kind::Data | Kind::Fd) {
        return Vec::new();
    }
    let decoded = snapshot.decoders.decode(frame);
    decoded.map_or_else(Vec::new, |decoded| decoded.signals.iter().map(signal).collect())
}

/// Appends a frame as a line of a candump log.
fn candump(naming: &Naming<'_>, frame: FrameRef<'_>, lines: &mut Vec<u8>) {
    let at = naming.wall(frame.bus(), frame.time());
    let at = at.map_or(frame.time(), |at| Mono::from_nanos(at.nanos()));
    let bus = naming.bus(frame.bus()).replace(char::is_whitespace, "_");
    // Writing to memory cannot fail.
    let _ = write_candump(lines, &bus, frame.to_frame().at(at).view());
}

fn megabytes(reel: &Reel) -> String {
    text::grouped(reel.bytes().div_ceil(1_000_000))
}

fn empty(kept: u64) -> String {
    if kept == 0 {
        "No frame has come yet. Every frame appears here, in the order it comes.".to_owned()
    } else {
        "No frame fits the filter.".to_owned()
    }
}

fn time(
    naming: &Naming<'_>,
    frame: FrameRef<'_>,
    times: TraceTimes,
    (begin, before): (Option<Mono>, Option<Mono>),
) -> String {
    let at = frame.time();
    let relative = |to: Option<Mono>, scale: f64, places| {
        let ns = to.map_or(0, |to| at.nanos().saturating_sub(to.nanos()));
        text::fixed(ns as f64 * scale, places)
    };
    match times {
        TraceTimes::Relative => relative(begin, 1e-9, 6),
        TraceTimes::Delta => before.map_or_else(|| DASH.to_owned(), |_| relative(before, 1e-6, 3)),
        TraceTimes::Clock => {
            let wall = naming.wall(frame.bus(), at);
            wall.map_or_else(|| relative(begin, 1e-9, 6), |wall| text::micros(wall, naming.zone))
        }
    }
}

fn row(naming: &Naming<'_>, frame: FrameRef<'_>) -> TraceRow {
    let bus = naming.buses.get(usize::from(frame.bus().0));
    TraceRow {
        bus: bus.map_or_else(|| DASH.to_owned(), |(name, _)| (*name).to_owned()),
        direction: direction(frame.kind(), frame.direction()).to_owned(),
        id: frame.id().to_string(),
        message: message(naming.decoders, frame.bus(), frame.id(), frame.kind()),
        length: frame.len(),
        data: hex(frame),
        says: says(naming, frame),
        ..TraceRow::default()
    }
}

/// Its bytes, "00 52 46".
pub(super) fn hex(frame: FrameRef<'_>) -> String {
    let mut text = String::with_capacity(frame.data.len() * 3);
    for (at, byte) in frame.data.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        for half in [byte >> 4, byte & 0xF] {
            text.push(char::from_digit(half.into(), 16).unwrap_or('?').to_ascii_uppercase());
        }
    }
    text
}

fn says(naming: &Naming<'_>, frame: FrameRef<'_>) -> String {
    if !matches!(frame.kind(), Kind::Data | Kind::Fd) {
        return String::new();
    }
    told(naming.decoders, frame)
}

/// What its signals say.
pub(super) fn told(decoders: &Decoders, frame: FrameRef<'_>) -> String {
    let Some(decoded) = decoders.decode(frame) else { return String::new() };
    let told = decoded.signals.iter().take(SIGNALS).map(|signal| {
        // A word stands for the value and its unit.
        match &signal.label {
            Some(label) => format!("{} {label}", signal.name),
            None => {
                let value = text::fixed(signal.value, signal.places);
                let unit = if signal.unit.is_empty() { "" } else { " " };
                format!("{} {value}{unit}{}", signal.name, signal.unit)
            }
        }
    });
    let told: Vec<String> = told.collect();
    let more = decoded.signals.len().saturating_sub(SIGNALS);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!("{}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::plant::Plant;
    use crate::engine::{Frames, Sieve, Tape};

    #[test]
    fn a_row_tells_numbers_with_their_units_and_words_without() {
        let mut plant = Plant::of("demo");
        plant.run(std::time::Duration::from_secs(2));
        let snapshot = plant.published();
        let mut frames = Frames::default();
        snapshot.traffic.rows().iter().for_each(|row| frames.push(row.last.view()));
        let mut tape = Tape::default();
        tape.push(&frames);
        let (reel, mut index) = (tape.reel(), TraceIndex::new(Sieve::everything()));
        index.advance(&reel, 1);
        let zone = TimeZone::UTC;
        let naming = Naming::of(&snapshot, &zone);
        let view = trace(&naming, (&reel, &index), &TracePrefs::default(), (0, 1000));
        assert_eq!(view.rows.len(), snapshot.traffic.rows().len());
        let says = |name: &str| view.rows.iter().find(|row| row.message == name).map(|r| &r.says);
        assert!(says("BMU_PackVoltageCurrent").unwrap().contains(" mV, PackCurrent "));
        let last = view.rows.iter().find(|row| row.says.contains("no cell"));
        assert!(!last.unwrap().says.contains("no cell mV"), "{}", last.unwrap().says);
    }
}
