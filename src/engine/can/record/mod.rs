//! Recordings as they are written: files of any format that can be written, packed or not, that
//! follow one another by size and time, are given up to make room, and are whole up to the last
//! second whenever the program ends. Knows frames and files; not who records what, nor when.
//!
//! | file | about |
//! |---|---|
//! | `plan` | what is wanted: format, packing, when a new file begins, what is kept |
//! | `roll` | one recording over all of its files |
//! | `sink` | one file: whole frames come together in memory and are written out at once |
//! | `disk` | the folder and its room; another one in tests |
//! | `keep` | which old files go |
//! | `label` | what stands beside a recording: its figures, its gaps |
//! | `shelf` | the folder of recordings: list, look at, take in, give up |
//! | `tap` | hands batches of frames to a recorder without ever waiting for it |

pub(in crate::engine) mod disk;
mod keep;
pub(in crate::engine) mod label;
pub(in crate::engine) mod plan;
pub(in crate::engine) mod roll;
pub(in crate::engine) mod shelf;
mod sink;
pub(in crate::engine) mod tap;
#[cfg(test)]
mod tests;

use crate::base::time::{Clock, Mono, Wall};

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic.
    pub mono: Mono,
    /// Wall.
    pub wall: Wall,
}

impl Moment {
    /// Now, by this clock.
    #[must_use]
    pub fn of(clock: &dyn Clock) -> Self {
        Self { mono: clock.now(), wall: clock.wall() }
    }
}

/// A moment as it stands in names of files: "20260504T071500Z".
#[must_use]
pub fn stamp(at: Wall) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(at.nanos()));
    moment.map_or_else(
        |_| "00000000T000000Z".to_owned(),
        |m| m.strftime("%Y%m%dT%H%M%SZ").to_string(),
    )
}
