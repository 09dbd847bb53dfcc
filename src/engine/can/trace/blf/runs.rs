//! Parts of a file that can be read side by side. Where the first object of a part begins is not
//! written down, as the one before may reach into it: it is guessed, and whoever puts the parts
//! together looks whether the part before really ends there.

use crate::engine::can::trace::blf::{
    CONTAINER, LIMIT, MARK, More, OBJECT_HEAD, PLAIN, Pass, Place, ZLIB,
};
use crate::engine::can::trace::block::{u16_at, u32_at};
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::window::Window;

/// Bytes read at once while containers are found.
const HEADS: usize = 4096;
/// Greatest container of a part: as there are several of them at once.
const CONTAINER_LIMIT: usize = 4 * 1024 * 1024;
/// Contents of a part, about. The first is small, so that its frames are there at once.
#[cfg(not(test))]
const CONTENTS: usize = 4 * 1024 * 1024;
/// Small, so that small files have several.
#[cfg(test)]
const CONTENTS: usize = 300;
/// Objects that must follow each other for a guess.
const CHAIN: usize = 3;

/// Where the parts of a file begin, and where the last one ends; as far as containers follow each
/// other. What is behind that is for whoever reads one thing after the other.
pub fn parts(source: Source) -> Vec<u64> {
    let mut window = Window::new(source, HEADS);
    let Some(mut at) = window.array::<4>(4).map(|size| u64::from(u32::from_le_bytes(size))) else {
        return Vec::new();
    };
    let mut parts = vec![at];
    let mut contents = 0;
    while let Some(head) = window.array::<32>(at) {
        let size = u32_at(&head, 8).unwrap_or(0) as usize;
        let claimed = u32_at(&head, 24).unwrap_or(0) as usize;
        let is_container = head.starts_with(MARK)
            && u32_at(&head, 12) == Some(CONTAINER)
            && matches!(u16_at(&head, 16), Some(ZLIB | PLAIN));
        let is_sound =
            (OBJECT_HEAD..=LIMIT).contains(&size) && size.max(claimed) <= CONTAINER_LIMIT;
        if !is_container || !is_sound {
            break;
        }
        let enough = if parts.len() == 1 { 1 } else { CONTENTS };
        if contents >= enough {
            parts.push(at);
            contents = 0;
        }
        contents += size.max(claimed);
        at += (size + size % 4) as u64;
    }
    parts.push(at);
    parts
}

impl Pass {
    /// Goes to the first object that seems to begin in the container at `at`; gives its place.
    pub fn enter(&mut self, at: u64) -> Option<Place> {
        self.go_to(Place { container: at, inside: 0 });
        match self.load() {
            More::Yes if self.told.is_none() => {}
            More::Yes | More::No => return None,
        }
        let mut marks = memchr::memmem::find_iter(&self.buffer, MARK);
        self.used = marks.find(|at| is_chain(self.buffer.get(*at..).unwrap_or_default()))?;
        Some(self.place())
    }

    /// Objects that begin in the container at `container`, or behind it, are left alone.
    pub const fn until(&mut self, container: u64) {
        self.until = container;
    }
}

/// Whether some objects follow each other, as far as can be seen.
fn is_chain(mut rest: &[u8]) -> bool {
    for _ in 0..CHAIN {
        if rest.len() < OBJECT_HEAD {
            return true;
        }
        let size = u32_at(rest, 8).unwrap_or(0) as usize;
        if !rest.starts_with(MARK) || !(OBJECT_HEAD..=LIMIT).contains(&size) {
            return false;
        }
        rest = rest.get(size + size % 4..).unwrap_or_default();
    }
    true
}
