//! Reads the trace for a face: keeps what the filter has found so far, looks a stretch further each
//! time, and writes out the rows that are in sight.

use std::sync::Arc;

use super::{Naming, seek, trace};
use crate::engine::{Decoders, Reel, Scope, Sieve};
use crate::view::compose::filter::{Prepared, prepare};
use crate::view::compose::signal_plot;
use crate::view::filter::FilterView;
use crate::view::trace::{Finding, Found, TraceAsk, TraceIndex, TracePlace, TraceSeen, TraceView};

/// Frames that the filter looks at in one reading: few enough that a window stays smooth.
const STRETCH: usize = 200_000;
/// Most lines that are copied at once.
pub const MOST_LINES: usize = 100_000;

/// What is kept between readings.
#[derive(Debug)]
pub struct TraceReader {
    /// What the index was made of.
    made_of: Option<(String, Arc<Decoders>)>,
    index: TraceIndex,
    /// What is looked for, ready to run.
    wanted: Option<(String, Result<Arc<Sieve>, String>)>,
}

impl Default for TraceReader {
    fn default() -> Self {
        let index = TraceIndex::new(Sieve::everything());
        Self { made_of: None, index, wanted: None }
    }
}

impl TraceReader {
    /// The rows in sight, what the search came to, and whether there is more to look at.
    pub fn read(&mut self, naming: &Naming<'_>, reel: &Reel, ask: &TraceAsk) -> TraceSeen {
        let filter = self.prepare(naming, ask);
        let looked = self.index.advance(reel, STRETCH);
        let (goes_to, mut refused) = match &ask.go_to {
            None => (None, None),
            Some(text) => match seek::place(naming, reel, text) {
                Ok(number) => (Some(number), None),
                Err(sentence) => (None, Some(sentence)),
            },
        };
        let found = ask.find.as_ref().map(|find| self.find(naming, reel, find));
        let found = match found {
            None => None,
            Some(Ok(found)) => Some(found),
            Some(Err(sentence)) => {
                refused = Some(sentence);
                Some(Found::Nothing)
            }
        };
        let goes_to = goes_to.or(match found {
            Some(Found::At(number)) => Some(number),
            Some(Found::Looking(_) | Found::Nothing) | None => None,
        });
        let top = self.top(reel, ask, goes_to);
        let mut view = trace(naming, (reel, &self.index), &ask.prefs, (top, ask.rows));
        view.filter = filter;
        view.chosen = ask.chosen.and_then(|number| signal_plot::chosen(naming, reel, number));
        TraceSeen { view, looked, found, goes_to, refused }
    }

    /// The first row in sight.
    fn top(&self, reel: &Reel, ask: &TraceAsk, goes_to: Option<u64>) -> u64 {
        let fit = self.index.fit(reel);
        let rows = ask.rows as u64;
        let last = fit.saturating_sub(rows);
        let row = match (goes_to, ask.place) {
            // What was gone to stands in the middle.
            (Some(number), _) => self.index.row_of(reel, number).saturating_sub(rows / 2),
            (None, TracePlace::End) => last,
            (None, TracePlace::Row(row)) => row,
            (None, TracePlace::Number(number)) => self.index.row_of(reel, number),
        };
        row.min(last)
    }

    fn prepare(&mut self, naming: &Naming<'_>, ask: &TraceAsk) -> FilterView {
        let text = &ask.prefs.filter;
        let vocabulary = naming.vocabulary();
        let Prepared { sieve, view } = prepare(text, ask.prefs.cursor, &vocabulary, Scope::Trace);
        let same = self
            .made_of
            .as_ref()
            .is_some_and(|(made, decoders)| made == text && Arc::ptr_eq(decoders, naming.decoders));
        if !same {
            self.index = TraceIndex::new(sieve);
            self.made_of = Some((text.clone(), Arc::clone(naming.decoders)));
            self.wanted = None;
        }
        view
    }

    fn find(&mut self, naming: &Naming<'_>, reel: &Reel, find: &Finding) -> Result<Found, String> {
        if self.wanted.as_ref().is_none_or(|(text, _)| *text != find.text) {
            let sieve = naming.vocabulary().sieve(&find.text, Scope::Trace);
            let sieve = sieve.map_err(|mistake| mistake.text);
            self.wanted = Some((find.text.clone(), sieve));
        }
        let Some((_, sieve)) = &self.wanted else { return Ok(Found::Nothing) };
        let sieve = sieve.as_ref().map_err(Clone::clone)?;
        let from = (find.from, find.towards);
        Ok(seek::next((reel, &self.index), sieve, from, STRETCH as u64))
    }

    /// The rows between two frames, both with them, as lines of a candump log. At most
    /// [`MOST_LINES`].
    #[must_use]
    pub fn copied(&self, naming: &Naming<'_>, reel: &Reel, (one, other): (u64, u64)) -> String {
        let (first, last) = (one.min(other), one.max(other));
        let top = self.index.row_of(reel, first);
        let rows = self.index.rows(reel, top, MOST_LINES);
        let mut lines = Vec::new();
        for (_, frame) in rows.take_while(|(number, _)| *number <= last) {
            super::candump(naming, frame, &mut lines);
        }
        String::from_utf8_lossy(&lines).into_owned()
    }
}

/// What stands on the page of somebody who may not see frames.
#[must_use]
pub fn shut() -> TraceView {
    let right = crate::view::compose::sending::right();
    TraceView {
        empty: format!("Every frame is shown to who has the permission \u{201c}{right}\u{201d}."),
        ..TraceView::default()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::time::Mono;
    use crate::engine::{Filter, Frame, Frames, Id, Snapshot, Tape};
    use crate::view::fixtures::{Stage, charging};
    use crate::view::trace::{Towards, TracePrefs};

    const SECOND: i64 = 1_000_000_000;

    /// Frames of the ids 0, 1 .. 9, 0, 1 .., ten a second.
    fn tape(count: u64) -> Tape {
        let mut frames = Frames::default();
        for n in 0..count {
            let frame = Frame::classic(Id::standard((n % 10) as u32).unwrap(), &[n as u8]).unwrap();
            frames.push(frame.at(Mono::from_nanos(n as i64 * SECOND / 10)).view());
        }
        let mut tape = Tape::new(1_000_000);
        tape.push(&frames);
        tape
    }

    fn ask(filter: &str, place: TracePlace) -> TraceAsk {
        let prefs = TracePrefs { filter: filter.into(), ..TracePrefs::default() };
        TraceAsk { prefs, place, rows: 5, ..TraceAsk::default() }
    }

    fn numbers(seen: &TraceSeen) -> Vec<u64> {
        seen.view.rows.iter().map(|row| row.number).collect()
    }

    struct Bench(Snapshot, Reel, TraceReader);

    impl Bench {
        fn new(count: u64) -> Self {
            Self(charging(Stage::Idle), tape(count).reel(), TraceReader::default())
        }

        fn read(&mut self, ask: &TraceAsk) -> TraceSeen {
            let Self(snapshot, reel, reader) = self;
            reader.read(&Naming::of(snapshot, &TimeZone::UTC), reel, ask)
        }
    }

    #[test]
    fn the_end_is_followed_and_a_place_is_kept() {
        let mut bench = Bench::new(100);
        assert_eq!(numbers(&bench.read(&ask("", TracePlace::End))), [95, 96, 97, 98, 99]);
        assert_eq!(numbers(&bench.read(&ask("", TracePlace::Number(10)))), [10, 11, 12, 13, 14]);
        assert_eq!(
            numbers(&bench.read(&ask("id:3", TracePlace::Number(10)))),
            [13, 23, 33, 43, 53]
        );
        assert_eq!(numbers(&bench.read(&ask("", TracePlace::Row(1_000)))), [95, 96, 97, 98, 99]);
    }

    #[test]
    fn a_frame_is_gone_to_by_number_and_by_time() {
        let mut bench = Bench::new(100);
        let mut go = |text: &str| {
            let go_to = Some(text.to_owned());
            let seen = bench.read(&TraceAsk { go_to, ..ask("", TracePlace::End) });
            (seen.goes_to, seen.refused)
        };
        assert_eq!(go("#50"), (Some(50), None));
        assert_eq!(go("2.5 s").0, Some(25));
        assert_eq!(go("2.51").0, Some(26));
        assert_eq!(go("900").0, None);
        assert!(go("900").1.unwrap().contains("0 to 99"));
        assert!(go("soon").1.unwrap().contains("is no place"));
        assert!(go("25:00").1.unwrap().contains("is no place"));
        assert_eq!(go("99999 s").0, Some(99), "the last one is nearest");
    }

    #[test]
    fn the_time_of_day_is_that_of_the_last_day() {
        let bench = Bench::new(100);
        let zone = TimeZone::UTC;
        let naming = Naming::of(&bench.0, &zone);
        let at = naming.wall(bench.1.get(40).unwrap().bus(), bench.1.get(40).unwrap().time());
        let text = crate::view::text::micros(at.unwrap(), &TimeZone::UTC);
        assert_eq!(seek::place(&naming, &bench.1, &text), Ok(40));
    }

    #[test]
    fn the_next_and_the_previous_match_are_found_from_any_row() {
        let mut bench = Bench::new(100);
        let mut find = |from, towards| {
            let find = Some(Finding { text: "id:7".into(), towards, from });
            bench.read(&TraceAsk { find, ..ask("", TracePlace::End) }).found
        };
        assert_eq!(find(None, Towards::Next), Some(Found::At(7)));
        assert_eq!(find(Some(7), Towards::Next), Some(Found::At(17)));
        assert_eq!(find(Some(17), Towards::Previous), Some(Found::At(7)));
        assert_eq!(find(Some(7), Towards::Previous), Some(Found::Nothing));
        assert_eq!(find(Some(97), Towards::Next), Some(Found::Nothing));
        assert_eq!(find(None, Towards::Previous), Some(Found::At(97)));
    }

    #[test]
    fn a_search_that_cannot_be_read_says_why_and_a_long_one_goes_on_where_it_stopped() {
        let mut bench = Bench::new(100);
        let find = Some(Finding { text: "id:zz".into(), towards: Towards::Next, from: None });
        let seen = bench.read(&TraceAsk { find, ..ask("", TracePlace::End) });
        assert!(seen.refused.is_some());
        let Bench(_, reel, reader) = &bench;
        let sieve = Filter::parse("id:7").unwrap();
        let sieve = sieve.compile(&bench.0.vocabulary(), Scope::Trace).unwrap();
        let found = seek::next((reel, &reader.index), &sieve, (None, Towards::Next), 3);
        assert_eq!(found, Found::Looking(Some(2)));
    }

    #[test]
    fn copied_rows_are_lines_of_a_candump_log() {
        let mut bench = Bench::new(30);
        bench.read(&ask("id:3", TracePlace::End));
        let Bench(snapshot, reel, reader) = &bench;
        let zone = TimeZone::UTC;
        let naming = Naming::of(snapshot, &zone);
        let text = reader.copied(&naming, reel, (29, 4));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "13 and 23: {text}");
        assert!(lines[0].ends_with(" 003#0D"), "{text}");
        assert!(lines[1].ends_with(" 003#17"), "{text}");
    }
}
