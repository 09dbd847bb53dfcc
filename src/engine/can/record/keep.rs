//! Which files of a recording are given up so that no more are kept than it may have.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::base::time::Wall;
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
}

/// Takes those out of `files`, oldest first, that go beside an open file of `open` bytes.
pub fn given_up(
    files: &mut VecDeque<OldFile>,
    keeping: Keeping,
    (open, now): (u64, Wall),
) -> Vec<OldFile> {
    let mut gone = Vec::new();
    loop {
        let bytes = files.iter().map(|file| file.bytes).sum::<u64>().saturating_add(open);
        let count = files.len() as u64 + 1;
        let oldest = files.front();
        let is_old = |file: &OldFile| {
            let span = now.nanos().saturating_sub(file.ended.nanos());
            keeping.age.is_some_and(|age| i128::from(span) > age.as_nanos() as i128)
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
