//! Pages of a trace that goes on and forgets.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::base::time::Mono;
use crate::engine::{Frame, Frames, Id, Scope, Snapshot, Tape};
use crate::view::fixtures::{Stage, charging};

/// Frames of the ids 0 to 9 in turn, one a millisecond; each says its number divided by 100.
fn record(tape: &mut Tape, count: u64) {
    let mut frames = Frames::default();
    let end = tape.reel().end();
    for n in end..end + count {
        let id = Id::standard((n % 10) as u32).unwrap();
        let frame = Frame::classic(id, &[(n / 100) as u8]).unwrap();
        frames.push(frame.at(Mono::from_nanos(n as i64 * 1_000_000)).view());
    }
    tape.push(&frames);
}

struct Bench {
    snapshot: Snapshot,
    tape: Tape,
}

impl Bench {
    fn new(count: u64) -> Self {
        let mut tape = Tape::new(1 << 20);
        record(&mut tape, count);
        Self { snapshot: charging(Stage::Idle), tape }
    }

    fn sieve(&self, text: &str) -> Arc<Sieve> {
        self.snapshot.vocabulary().sieve(text, Scope::Trace).unwrap()
    }

    fn page(&self, filter: &str, place: WindowPlace, rows: usize) -> WindowView {
        let ask = WindowAsk { place, rows, times: TraceTimes::Delta, ..WindowAsk::default() };
        let zone = TimeZone::UTC;
        let naming = Naming::of(&self.snapshot, &zone);
        let reel = self.tape.reel();
        window(&naming, (&reel, &self.sieve(filter)), &ask, FilterView::default())
    }
}

fn numbers(view: &WindowView) -> Vec<u64> {
    view.rows.iter().map(|row| row.number).collect()
}

#[test]
fn a_page_stands_at_the_end_before_after_or_around_a_frame() {
    let bench = Bench::new(1000);
    let end = bench.page("id:3", WindowPlace::End, 3);
    assert_eq!(numbers(&end), [973, 983, 993]);
    assert_eq!((end.older, end.newer), (Some(973), None));
    assert_eq!(end.rows[0].time, "10.000", "the row before the page says since when");
    let before = bench.page("id:3", WindowPlace::Until(973), 3);
    assert_eq!(numbers(&before), [943, 953, 963]);
    assert_eq!(before.newer, Some(973));
    let after = bench.page("id:3", WindowPlace::From(964), 3);
    assert_eq!((numbers(&after), after.newer), (vec![973, 983, 993], Some(994)));
    assert_eq!(after.rows[0].time, "10.000");
    let around = bench.page("id:3", WindowPlace::Around(503), 4);
    assert_eq!(numbers(&around), [483, 493, 503, 513]);
    let all = bench.page("", WindowPlace::Until(5), 50);
    assert_eq!((numbers(&all), all.older), ((0..5).collect(), None));
    assert!(numbers(&bench.page("id:7FF", WindowPlace::End, 3)).is_empty());
    assert!(numbers(&bench.page("", WindowPlace::From(99_999), 3)).is_empty());
}

#[test]
fn pages_that_are_turned_back_and_forth_show_every_row_once() {
    let bench = Bench::new(5000);
    let mut all = Vec::new();
    let mut place = WindowPlace::End;
    for _ in 0..200 {
        let page = bench.page("id:3", place, 7);
        all.splice(0..0, numbers(&page));
        match page.older {
            Some(older) => place = WindowPlace::Until(older),
            None => break,
        }
    }
    assert_eq!(all, (0..500).map(|n| n * 10 + 3).collect::<Vec<u64>>());
}

#[test]
fn changed_is_as_true_in_the_middle_as_from_the_beginning() {
    let bench = Bench::new(200_000);
    let reel = bench.tape.reel();
    let sieve = bench.sieve("id:3 changed");
    let (whole, _) = onward(&reel, &sieve, 0, usize::MAX);
    assert_eq!(whole[..3], [3, 103, 203]);
    let (back, _) = backward(&reel, &sieve, 150_000, 5);
    assert_eq!(back, [149_503, 149_603, 149_703, 149_803, 149_903]);
    let (on, _) = onward(&reel, &sieve, 150_001, 2);
    assert_eq!(on, [150_003, 150_103]);
}

#[test]
fn the_newest_rows_are_followed_over_forgetting_and_wiping() {
    let mut bench = Bench::new(100);
    let mut tail = Tail::new(bench.sieve("id:3"), 3);
    let zone = TimeZone::UTC;
    let mut look = |bench: &Bench| {
        let reel = bench.tape.reel();
        tail.advance(&reel);
        let naming = Naming::of(&bench.snapshot, &zone);
        numbers(&tail.page(&naming, &reel, (TraceTimes::Clock, FilterView::default())))
    };
    assert_eq!(look(&bench), [73, 83, 93]);
    assert_eq!(look(&bench), [73, 83, 93]);
    record(&mut bench.tape, 5);
    assert_eq!(look(&bench), [83, 93, 103]);
    bench.tape.wipe();
    assert!(look(&bench).is_empty());
    record(&mut bench.tape, 20);
    assert_eq!(look(&bench), [113, 123]);
    record(&mut bench.tape, LOOKED_AT + 1_000);
    assert_eq!(look(&bench).len(), 3);
}

#[test]
fn a_search_goes_on_beside_a_row_and_says_where_it_ends() {
    let bench = Bench::new(1000);
    let reel = bench.tape.reel();
    let (shown, wanted) = (bench.sieve("id:3..4"), bench.sieve("id:4..5"));
    let find = |from, towards| beside((&reel, &shown), &wanted, (from, towards));
    assert_eq!(find(Some(14), Towards::Next), Beside::At(24));
    assert_eq!(find(Some(14), Towards::Previous), Beside::At(4));
    assert_eq!(find(None, Towards::Previous), Beside::At(994));
    assert_eq!(find(None, Towards::Next), Beside::At(4));
    assert_eq!(
        find(Some(994), Towards::Next),
        Beside::Nothing("Nothing further down fits.".to_owned())
    );
    assert!(matches!(find(Some(4), Towards::Previous), Beside::Nothing(_)));
}

#[test]
fn a_file_holds_what_fits_between_two_rows() {
    let bench = Bench::new(100);
    let zone = TimeZone::UTC;
    let naming = Naming::of(&bench.snapshot, &zone);
    let reel = bench.tape.reel();
    let LogPiece { text, frames, next } = log(&naming, (&reel, &bench.sieve("id:3")), (40, 15));
    assert_eq!((frames, text.lines().count(), next), (2, 2, None), "{text}");
    assert!(text.lines().all(|line| line.ends_with(" 003#00")), "{text}");
}

#[test]
fn a_file_of_more_than_one_look_goes_on_in_pieces_until_all_of_it_is_there() {
    let bench = Bench::new(LOOKED_AT + 100_000);
    let zone = TimeZone::UTC;
    let naming = Naming::of(&bench.snapshot, &zone);
    let (reel, sieve) = (bench.tape.reel(), bench.sieve("id:3"));
    let (mut lines, mut from, mut pieces) = (0, Some(0), 0);
    while let Some(begin) = from {
        let piece = log(&naming, (&reel, &sieve), (begin, u64::MAX));
        assert_eq!(piece.text.lines().count(), piece.frames);
        (lines, from, pieces) = (lines + piece.frames, piece.next, pieces + 1);
    }
    assert_eq!((lines as u64, pieces), ((LOOKED_AT + 100_000) / 10, 2));
}
