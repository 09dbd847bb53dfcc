//! Which files of a recording are given up so that no more are kept than it may have.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::time::{Mono, Wall};
use crate::engine::can::record::Moment;
use crate::engine::can::record::plan::Keeping;

/// A finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it ended.
    pub ended: Wall,
    /// The same on the clock that nobody sets, of what ended in this recording.
    pub since: Option<Mono>,
}

/// Before this no recording was made: the clock was not set yet (1 January 2020).
const NOT_SET: Wall = Wall::from_nanos(1_577_836_800_000_000_000);

impl OldFile {
    /// Its age; none where its date or the clock, if that is not believed, says nothing.
    fn age(&self, now: Moment, clock: Believed) -> Option<Duration> {
        match (self.since, clock) {
            (Some(since), _) => Some(now.mono.since(since)),
            (None, Believed::No) => None,
            (None, Believed::Yes) if self.ended < NOT_SET => None,
            (None, Believed::Yes) => {
                let span = now.wall.nanos().saturating_sub(self.ended.nanos());
                Some(Duration::from_nanos(u64::try_from(span).unwrap_or_default()))
            }
        }
    }
}

/// Whether the wall clock is believed: it was not set lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Takes those out of `files`, oldest first, that go beside an open file of `open` bytes.
pub fn given_up(
    files: &mut VecDeque<OldFile>,
    keeping: Keeping,
    (open, now, clock): (u64, Moment, Believed),
) -> Vec<OldFile> {
    let mut gone = Vec::new();
    loop {
        let bytes = files.iter().map(|file| file.bytes).sum::<u64>().saturating_add(open);
        let count = files.len() as u64 + 1;
        let oldest = files.front();
        let is_old = |file: &OldFile| {
            keeping.age.zip(file.age(now, clock)).is_some_and(|(most, age)| age > most)
        };
        let goes = keeping.files.is_some_and(|most| count > u64::from(most))
            || keeping.bytes.is_some_and(|most| bytes > most)
            || oldest.is_some_and(is_old);
        match goes.then(|| files.pop_front()).flatten() {
            Some(file) => gone.push(file),
            None => return gone,
        }
    }
}
