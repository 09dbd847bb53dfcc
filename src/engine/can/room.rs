//! Room that stays free on a disk whatever people bring: the journal and the recorders write to the same
//! one. Knows nothing of what is written.

use std::fmt;
use std::path::Path;

/// Bytes that may be written between two looks at what is left.
pub const LOOK_EVERY: u64 = 4 * 1024 * 1024;
/// Room that stays free, bytes: more than recorders leave, so that they and the journal go on when
/// nothing is taken in any more.
const FLOOR: u64 = 250_000_000;

/// How much stays free, and who says how much is.
#[derive(Clone, Copy)]
pub struct Room {
    floor: u64,
    free: fn(&Path) -> Option<u64>,
}

impl Default for Room {
    fn default() -> Self {
        Self { floor: FLOOR, free: |folder| fs4::available_space(folder).ok() }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("floor", &self.floor).finish_non_exhaustive()
    }
}

impl Room {
    /// One whose disk says what it is told to.
    #[cfg(test)]
    pub fn of(floor: u64, free: fn(&Path) -> Option<u64>) -> Self {
        Self { floor, free }
    }

    /// Looks whether `more` bytes may be written into a folder. A system that does not say how much is
    /// free is believed to have enough: a full disk is then told by the writing.
    ///
    /// # Errors
    /// Too little would be left; a part of a sentence says so.
    pub fn look(&self, folder: &Path, more: u64) -> Result<(), String> {
        let Some(free) = (self.free)(folder) else { return Ok(()) };
        if free >= self.floor.saturating_add(more) {
            return Ok(());
        }
        Err(format!(
            "{} are free in {}, and {} of them stay free for the journal and the recorders",
            size(free),
            folder.display(),
            size(self.floor),
        ))
    }
}

/// A number of bytes in whole units, rounded down.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000.. => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_too_little_is_not_written() {
        let room = Room::of(1_000_000, |_| Some(3_000_000));
        let folder = Path::new("/data");
        assert_eq!(room.look(folder, 2_000_000), Ok(()));
        let said = room.look(folder, 2_000_001).unwrap_err();
        assert!(said.starts_with("3 MB are free in /data, and 1 MB of them stay free"), "{said}");
        let said = Room::of(50_000, |_| Some(49_999)).look(folder, 1).unwrap_err();
        assert!(said.starts_with("49 kB are free in /data, and 50 kB of them"), "{said}");
        assert_eq!(Room::of(1, |_| None).look(folder, 1), Ok(()));
    }
}
