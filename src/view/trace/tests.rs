//! The index follows a tape that grows, forgets and is wiped.

use super::*;
use crate::base::time::Mono;
use crate::engine::{Filter, Frame, Frames, Id, Scope, Tape, Vocabulary};

fn sieve(text: &str) -> Sieve {
    let vocabulary = Vocabulary::new();
    Filter::parse(text).unwrap().compile(&vocabulary, Scope::Trace).unwrap()
}

/// A tape of `count` frames with the ids 0, 1 .. 9, 0, 1 ..
fn fill(tape: &mut Tape, count: u64) {
    let mut frames = Frames::default();
    let end = tape.reel().end();
    for n in end..end + count {
        let id = Id::guess((n % 10) as u32).unwrap();
        let frame = Frame::classic(id, &n.to_le_bytes()).unwrap();
        frames.push(frame.at(Mono::from_nanos(n as i64)).view());
    }
    tape.push(&frames);
}

#[test]
fn without_a_filter_every_frame_is_a_row_and_nothing_is_looked_through() {
    let mut tape = Tape::new(10_000);
    fill(&mut tape, 30_000);
    let (reel, mut index) = (tape.reel(), TraceIndex::new(Sieve::everything()));
    assert_eq!(index.advance(&reel, 1), Looked::All);
    assert_eq!(index.fit(&reel), reel.len());
    assert_eq!(index.number(&reel, 0), Some(reel.first()));
    assert_eq!(index.number(&reel, reel.len()), None);
    assert_eq!(index.row_of(&reel, 0), 0, "what has gone is before the first");
    assert_eq!(index.row_of(&reel, reel.end() - 1), reel.len() - 1);
    let last: Vec<u64> = index.rows(&reel, reel.len() - 2, 10).map(|(n, _)| n).collect();
    assert_eq!(last, [29_998, 29_999]);
}

#[test]
fn what_fits_is_found_a_stretch_at_a_time_and_goes_when_the_tape_forgets_it() {
    let mut tape = Tape::new(8192);
    fill(&mut tape, 5000);
    let mut index = TraceIndex::new(sieve("id:3"));
    let reel = tape.reel();
    assert_eq!(index.advance(&reel, 1000), Looked::Part);
    assert_eq!((index.fit(&reel), index.looked(&reel)), (100, 0.2));
    while index.advance(&reel, 1000) == Looked::Part {}
    assert_eq!((index.fit(&reel), index.looked(&reel)), (500, 1.0));
    assert_eq!(index.number(&reel, 1), Some(13));
    assert_eq!((index.row_of(&reel, 13), index.row_of(&reel, 14)), (1, 2));
    fill(&mut tape, 20_000);
    let reel = tape.reel();
    while index.advance(&reel, 1000) == Looked::Part {}
    let first = index.number(&reel, 0).unwrap();
    assert!(first >= reel.first() && first % 10 == 3);
    let fits = reel.from(0).filter(|(n, _)| n % 10 == 3).count() as u64;
    assert_eq!(index.fit(&reel), fits);
}

#[test]
fn a_wiped_tape_begins_anew_without_mixing_up_numbers() {
    let mut tape = Tape::default();
    fill(&mut tape, 100);
    let mut index = TraceIndex::new(sieve("id:5"));
    index.advance(&tape.reel(), 1000);
    tape.wipe();
    let reel = tape.reel();
    index.advance(&reel, 1000);
    assert_eq!((index.fit(&reel), index.looked(&reel)), (0, 1.0));
    fill(&mut tape, 20);
    let reel = tape.reel();
    index.advance(&reel, 1000);
    let rows: Vec<u64> = index.rows(&reel, 0, 10).map(|(n, _)| n).collect();
    assert_eq!(rows, [105, 115]);
}
