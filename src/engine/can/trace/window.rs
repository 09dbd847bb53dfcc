//! A window onto a source of bytes that readers of binary recordings look through: any piece of a
//! file, a pipe from front to end. Its size is bounded by what is asked for, and that by the size of
//! the file.

use std::io;

use crate::engine::can::trace::source::Source;

/// Bytes that are usually read at once.
pub const CHUNK: usize = 1024 * 1024;

/// The window.
#[derive(Debug)]
pub struct Window {
    source: Source,
    /// Bytes read at once.
    chunk: usize,
    buffer: Vec<u8>,
    /// Where in the source the buffer begins.
    origin: u64,
    filled: usize,
    failure: Option<io::Error>,
}

impl Window {
    /// Looks at nothing yet; reads `chunk` bytes at once.
    pub const fn new(source: Source, chunk: usize) -> Self {
        Self { source, chunk, buffer: Vec::new(), origin: 0, filled: 0, failure: None }
    }

    /// Why reading stopped early, where it did.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Size of the source in bytes, where it is known.
    pub fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// The `len` bytes at `offset`; fewer where the source ends.
    pub fn bytes(&mut self, offset: u64, len: usize) -> &[u8] {
        if self.within(offset).is_none_or(|place| self.filled - place < len) {
            self.move_to(offset, len);
        }
        let place = self.within(offset).unwrap_or(self.filled);
        let end = place.saturating_add(len).min(self.filled);
        self.buffer.get(place..end).unwrap_or_default()
    }

    /// `N` bytes at `offset`, if the source has them.
    pub fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        self.bytes(offset, N).first_chunk::<N>().copied()
    }

    fn within(&self, offset: u64) -> Option<usize> {
        let place = usize::try_from(offset.checked_sub(self.origin)?).ok()?;
        (place <= self.filled).then_some(place)
    }

    fn move_to(&mut self, offset: u64, len: usize) {
        if let Some(place) = self.within(offset) {
            self.buffer.copy_within(place..self.filled, 0);
            self.filled -= place;
        } else {
            self.pass_to(offset);
            self.filled = 0;
        }
        self.origin = offset;
        let rest = self.source.size().map(|size| size.saturating_sub(offset));
        let rest = rest.map_or(usize::MAX, |rest| usize::try_from(rest).unwrap_or(usize::MAX));
        let wanted = len.max(self.chunk).min(rest);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.filled < len.min(wanted) {
            let at = self.origin + self.filled as u64;
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.source.read(at, room) {
                Ok(0) => break,
                Ok(got) => self.filled += got,
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
    }

    /// A pipe has no places: what lies between is read and forgotten.
    fn pass_to(&mut self, offset: u64) {
        if self.source.size().is_some() {
            return;
        }
        let mut at = self.origin + self.filled as u64;
        self.buffer.resize(self.chunk.max(1), 0);
        while at < offset {
            let room = usize::try_from(offset - at).unwrap_or(usize::MAX).min(self.chunk);
            match self.source.read(at, self.buffer.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return,
                Ok(got) => at += got as u64,
                Err(error) => {
                    self.failure = Some(error);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_piece_of_a_source_can_be_looked_at() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * CHUNK).collect();
        let mut window = Window::new(Source::Memory(bytes.clone().into()), CHUNK);
        for (offset, len) in [(0, 4), (CHUNK - 2, 4), (7, 2 * CHUNK), (2 * CHUNK, CHUNK), (5, 5)] {
            assert_eq!(window.bytes(offset as u64, len), &bytes[offset..offset + len]);
        }
        assert_eq!(window.bytes(3 * CHUNK as u64 - 2, 100).len(), 2);
        assert_eq!(window.bytes(u64::MAX, 100), b"");
        assert_eq!(window.array::<2>(256), Some([0, 1]));
        assert_eq!(window.array::<2>(3 * CHUNK as u64 - 1), None);
    }

    #[test]
    fn a_huge_wish_takes_no_more_memory_than_the_source_has() {
        let mut window = Window::new(Source::Memory(vec![1, 2, 3].into()), CHUNK);
        assert_eq!(window.bytes(1, usize::MAX), [2, 3]);
        assert!(window.buffer.len() <= 3);
    }
}
