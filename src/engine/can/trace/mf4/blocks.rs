//! Single blocks of MDF 4: head, links and body, looked at only within their own size.

use crate::engine::can::trace::block::{u16_at, u32_at, u64_at};
use crate::engine::can::trace::window::Window;

/// Front of every block.
pub const HEAD: u64 = 24;
/// Greatest size of a block that describes others.
const LIMIT: u64 = 4 * 1024 * 1024;
/// Longest name that is read.
const NAME: usize = 1024;

/// A block that describes others: its links and what follows them.
#[derive(Debug)]
pub struct Block {
    links: Vec<u64>,
    body: Vec<u8>,
}

/// A walk from block to block that ends after so many of them: a file may link its blocks in circles.
#[derive(Debug)]
pub struct Walk {
    window: Window,
    left: u32,
}

impl Walk {
    /// Sets out.
    pub const fn new(window: Window, blocks: u32) -> Self {
        Self { window, left: blocks }
    }

    /// The front of a block: its name, size and number of links.
    pub fn head(&mut self, at: u64) -> Option<([u8; 4], u64, u64)> {
        // Null links, and those that lead into the front of the file or out of it.
        if at < 64 {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let head: [u8; 24] = self.window.array(at)?;
        let size = u64_at(&head, 8).filter(|size| *size >= HEAD)?;
        let links = u64_at(&head, 16).filter(|n| *n <= (size - HEAD) / 8)?;
        Some((*head.first_chunk::<4>()?, size, links))
    }

    /// `N` bytes of the file.
    pub fn array<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        self.window.array(at)
    }

    /// Bytes of the file from `at` on.
    pub fn rest(&self, at: u64) -> u64 {
        self.window.size().unwrap_or(u64::MAX).saturating_sub(at)
    }

    /// The block `name` at `at`; `None` where there is none, or it is broken.
    pub fn block(&mut self, at: u64, name: [u8; 4]) -> Option<Block> {
        let (found, size, links) = self.head(at)?;
        if found != name || size > LIMIT {
            return None;
        }
        let rest = self.window.bytes(at + HEAD, usize::try_from(size - HEAD).ok()?);
        let (front, body) = rest.split_at_checked(usize::try_from(8 * links).ok()?)?;
        let links = front.as_chunks::<8>().0.iter().map(|link| u64::from_le_bytes(*link)).collect();
        Some(Block { links, body: body.to_vec() })
    }

    /// The text of a text block.
    pub fn text(&mut self, at: u64) -> Option<String> {
        let (name, size, _) = self.head(at)?;
        if &name != b"##TX" {
            return None;
        }
        let bytes = self.window.bytes(at + HEAD, usize::try_from(size - HEAD).ok()?.min(NAME));
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned())
    }
}

impl Block {
    /// A link; 0 where there is none.
    pub fn link(&self, place: usize) -> u64 {
        self.links.get(place).copied().unwrap_or(0)
    }

    /// All links from `from` on.
    pub fn links(&self, from: usize) -> &[u64] {
        self.links.get(from..).unwrap_or_default()
    }

    /// A byte of the body; 0 behind its end, as all numbers here.
    pub fn u8(&self, at: usize) -> u8 {
        self.body.get(at).copied().unwrap_or(0)
    }

    /// Two bytes of the body.
    pub fn u16(&self, at: usize) -> u16 {
        u16_at(&self.body, at).unwrap_or(0)
    }

    /// Four bytes of the body.
    pub fn u32(&self, at: usize) -> u32 {
        u32_at(&self.body, at).unwrap_or(0)
    }

    /// Eight bytes of the body.
    pub fn u64(&self, at: usize) -> u64 {
        u64_at(&self.body, at).unwrap_or(0)
    }

    /// Eight bytes of the body as a real number.
    pub fn f64(&self, at: usize) -> f64 {
        f64::from_bits(self.u64(at))
    }
}
