//! Figures of the signals of one message over what the trace holds: looked at a stretch at a time, so
//! that nobody waits for ten million frames.

use std::sync::Arc;

use crate::engine::{Codec, DbcRow, Kind, Reel, Snapshot};
use crate::view::compose::dbc::codec;
use crate::view::dbc::DbcKey;
use crate::view::text;

/// Figures of a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Values there were.
    pub count: u64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// All of them together.
    pub sum: f64,
    /// How often one was another than the one before.
    pub changes: u64,
    last: u64,
}

/// Watches the signals of one message at a time.
#[derive(Default)]
pub struct SignalWatch {
    of: Option<(DbcKey, Arc<Codec>)>,
    wiped: u64,
    first: u64,
    next: u64,
    end: u64,
    tallies: Vec<Tally>,
}

impl SignalWatch {
    /// Looks at up to `most` further frames for the message of `key`. Returns whether there are more.
    pub fn look(
        &mut self,
        snapshot: &Snapshot,
        reel: &Reel,
        key: Option<DbcKey>,
        most: usize,
    ) -> bool {
        let Some((key, codec)) = key.and_then(|key| Some((key, codec(snapshot, key)?))) else {
            self.of = None;
            return false;
        };
        let same =
            self.of.as_ref().is_some_and(|(one, own)| *one == key && Arc::ptr_eq(own, codec));
        if !same || self.wiped != reel.wiped() {
            let signals = codec.index(key.message as usize).map(|index| codec.message(index));
            let count = signals.map_or(0, |message| message.signals.len());
            *self = Self {
                of: Some((key, Arc::clone(codec))),
                wiped: reel.wiped(),
                first: reel.first(),
                next: reel.first(),
                end: reel.end(),
                tallies: vec![Tally::default(); count],
            };
        }
        self.end = reel.end();
        let Some(index) = codec.index(key.message as usize) else { return false };
        let mut row = DbcRow::default();
        self.next = self.next.max(reel.first());
        for (number, frame) in reel.from(self.next).take(most) {
            self.next = number + 1;
            let carries = matches!(frame.kind(), Kind::Data | Kind::Fd);
            if frame.bus().0 != key.bus || !carries || codec.find(frame.id()) != Some(index) {
                continue;
            }
            codec.decode(index, frame.data, &mut row);
            for (at, value) in row.values() {
                let raw = row.raw(at).unwrap_or_default();
                if let Some(tally) = self.tallies.get_mut(at) {
                    tally.take(value, raw);
                }
            }
        }
        self.next < reel.end()
    }

    /// The figures of a signal; none where it was not seen.
    #[must_use]
    pub fn tally(&self, key: DbcKey, signal: usize) -> Option<&Tally> {
        let (of, _) = self.of.as_ref()?;
        self.tallies.get(signal).filter(|tally| *of == key && tally.count > 0)
    }

    /// What the figures are of, in words.
    #[must_use]
    pub fn said(&self, key: DbcKey) -> String {
        match &self.of {
            Some((of, _)) if *of == key => {
                let frames = text::grouped(self.next.saturating_sub(self.first));
                let more = if self.next < self.end { ", still looking" } else { "" };
                format!("Least, most, mean and changes over {frames} frames of the trace{more}.")
            }
            Some(_) | None => String::new(),
        }
    }
}

impl Tally {
    fn take(&mut self, value: f64, raw: u64) {
        if !value.is_finite() {
            return;
        }
        if self.count == 0 {
            (self.least, self.most) = (value, value);
        } else {
            self.changes += u64::from(raw != self.last);
        }
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.sum += value;
        self.count += 1;
        self.last = raw;
    }
}
