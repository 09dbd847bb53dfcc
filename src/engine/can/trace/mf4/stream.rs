//! The bytes of a group: blocks of data, plain or packed, one after the other, looked at as if they
//! were one.

use std::sync::Arc;

use crate::engine::can::trace::block::{self, u32_at, u64_at};
use crate::engine::can::trace::line::Fault;
use crate::engine::can::trace::mf4::blocks::{HEAD, Walk};
use crate::engine::can::trace::window::Window;

/// Greatest packed block, packed and unpacked.
pub const LIMIT: usize = 64 * 1024 * 1024;
/// Most blocks of data of a group.
const SEGMENTS: usize = 262_144;
/// Bytes of a plain block that are taken in at once.
const CHUNK: u64 = 256 * 1024;
/// How often a look may jump back to what it has let go of: each time a block is unpacked anew.
const JUMPS: u32 = 4096;
/// Front of a packed block, behind that of every block.
const PACKED_HEAD: usize = 24;

/// A block of data.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Where its bytes begin among all of the group.
    from: u64,
    /// How many there are, unpacked.
    len: u64,
    /// Where they are in the file.
    at: u64,
    packing: Option<Packing>,
}

/// How a block is packed.
#[derive(Clone, Copy, Debug)]
struct Packing {
    /// Bytes in the file.
    len: u64,
    /// Bytes of a row, where the rows were turned to columns before.
    row: Option<u32>,
}

/// The blocks of data that `link` leads to, directly or through lists.
pub fn segments(walk: &mut Walk, link: u64) -> Vec<Segment> {
    let mut found = Vec::new();
    let mut next = link;
    // A list may be followed by a list; a circle of them comes to its end here.
    for _ in 0..SEGMENTS {
        let Some((name, ..)) = walk.head(next) else { break };
        match &name {
            b"##HL" => {
                let Some(block) = walk.block(next, name) else { break };
                next = block.link(0);
            }
            b"##DL" => {
                let Some(block) = walk.block(next, name) else { break };
                for at in block.links(1) {
                    add(walk, *at, &mut found);
                }
                next = block.link(0);
            }
            _ => {
                add(walk, next, &mut found);
                break;
            }
        }
        if found.len() >= SEGMENTS {
            break;
        }
    }
    found
}

fn add(walk: &mut Walk, at: u64, found: &mut Vec<Segment>) {
    let Some((name, size, _)) = walk.head(at) else { return };
    let from = found.last().map_or(0, |last: &Segment| last.from.saturating_add(last.len));
    let rest = walk.rest(at + HEAD);
    let body = (size - HEAD).min(rest);
    let segment = match &name {
        // A recorder that was cut off has not written the length of its last block: it reaches to the
        // end of the file.
        b"##DT" | b"##SD" | b"##DV" => {
            let len = if body == 0 && is_unfinished(walk) { rest } else { body };
            Segment { from, len, at: at + HEAD, packing: None }
        }
        b"##DZ" => {
            let Some(head) = walk.array::<PACKED_HEAD>(at + HEAD) else { return };
            let len = u64_at(&head, 8).unwrap_or(0);
            let packed = u64_at(&head, 16).unwrap_or(0).min(body.saturating_sub(24));
            let row = u32_at(&head, 4).filter(|row| head[2] == 1 && *row > 0);
            let packing = Some(Packing { len: packed, row });
            Segment { from, len, at: at + HEAD + PACKED_HEAD as u64, packing }
        }
        _ => return,
    };
    if segment.len > 0 && found.len() < SEGMENTS {
        found.push(segment);
    }
}

/// Whether the file says of itself that it was not finished.
fn is_unfinished(walk: &mut Walk) -> bool {
    walk.array::<8>(0).is_some_and(|mark| &mark == b"UnFinMF ")
}

/// A look at the bytes of a group that moves forwards, and at times jumps.
#[derive(Debug)]
pub struct Stream {
    segments: Arc<Vec<Segment>>,
    /// Greatest block that may be unpacked.
    limit: usize,
    /// Bytes taken in, from `origin` on.
    buffer: Vec<u8>,
    origin: u64,
    jumps: u32,
}

impl Stream {
    /// Looks at nothing yet.
    pub fn new(segments: &Arc<Vec<Segment>>, limit: usize) -> Self {
        Self { segments: Arc::clone(segments), limit, buffer: Vec::new(), origin: 0, jumps: 0 }
    }

    /// The first byte behind all.
    pub fn end(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.from.saturating_add(last.len))
    }

    /// Where in the file a byte of the group is, or the block that it is packed in.
    pub fn place(&self, offset: u64) -> u64 {
        match self.find(offset) {
            Some(segment) if segment.packing.is_none() => segment.at + (offset - segment.from),
            Some(segment) => segment.at,
            None => self.segments.last().map_or(0, |last| last.at),
        }
    }

    fn find(&self, offset: u64) -> Option<Segment> {
        let next = self.segments.partition_point(|segment| segment.from <= offset);
        let segment = *self.segments.get(next.checked_sub(1)?)?;
        (offset - segment.from < segment.len).then_some(segment)
    }

    /// The `len` bytes at `offset`; fewer at the end.
    ///
    /// # Errors
    /// They are in a block that cannot be unpacked. `len` is small.
    pub fn bytes(&mut self, window: &mut Window, offset: u64, len: usize) -> Result<&[u8], Fault> {
        let end = offset.saturating_add(len as u64).min(self.end());
        if offset >= end {
            return Ok(&[]);
        }
        let have = self.origin..=self.origin + self.buffer.len() as u64;
        if !have.contains(&offset) {
            if offset < self.origin {
                self.jumps += 1;
            }
            if self.jumps > JUMPS {
                return Err(Fault::Data);
            }
            self.buffer.clear();
            // A block that must be unpacked is kept whole: what comes next may point back into it.
            let packed = self.find(offset).filter(|segment| segment.packing.is_some());
            self.origin = packed.map_or(offset, |segment| segment.from);
        }
        while self.origin + (self.buffer.len() as u64) < end {
            self.take_in(window, offset)?;
        }
        let place = usize::try_from(offset - self.origin).unwrap_or(usize::MAX);
        let upto = usize::try_from(end - self.origin).unwrap_or(usize::MAX);
        self.buffer.get(place..upto).ok_or(Fault::Cut)
    }

    /// Takes in what follows, and lets go of what stands before `offset`.
    fn take_in(&mut self, window: &mut Window, offset: u64) -> Result<(), Fault> {
        let used = usize::try_from(offset - self.origin).unwrap_or(0).min(self.buffer.len());
        self.buffer.drain(..used);
        self.origin += used as u64;
        let at = self.origin + self.buffer.len() as u64;
        let segment = self.find(at).ok_or(Fault::Cut)?;
        let inside = at - segment.from;
        let Some(packing) = segment.packing else {
            let wanted = (segment.len - inside).min(CHUNK) as usize;
            let bytes = window.bytes(segment.at + inside, wanted);
            if bytes.is_empty() {
                return Err(Fault::Cut);
            }
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        };
        let len = usize::try_from(segment.len).ok().filter(|len| *len <= self.limit);
        let packed = usize::try_from(packing.len).ok().filter(|len| *len <= self.limit);
        let (len, packed) = len.zip(packed).ok_or(Fault::Packed)?;
        let mut unpacked = Vec::new();
        block::inflate(window.bytes(segment.at, packed), len, &mut unpacked)?;
        if unpacked.len() != len {
            return Err(Fault::Packed);
        }
        if let Some(row) = packing.row {
            unpacked = turned(&unpacked, row as usize);
        }
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        self.buffer.extend_from_slice(unpacked.get(inside..).unwrap_or_default());
        Ok(())
    }

    /// Jumping back is free again: somebody sought another place.
    pub const fn forgive(&mut self) {
        self.jumps = 0;
    }

    /// The first byte behind the block that `offset` is in.
    pub fn behind(&self, offset: u64) -> u64 {
        self.find(offset).map_or(self.end(), |segment| segment.from.saturating_add(segment.len))
    }
}

/// Columns back to rows; what is left over at the end stands as it was.
fn turned(bytes: &[u8], row: usize) -> Vec<u8> {
    let rows = bytes.len() / row.max(1);
    let whole = rows * row;
    let mut out = Vec::with_capacity(bytes.len());
    for place in 0..whole {
        let (line, column) = (place / row, place % row);
        out.push(bytes.get(column * rows + line).copied().unwrap_or(0));
    }
    out.extend_from_slice(bytes.get(whole..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_again() {
        // Rows ABC, DEF, and a rest.
        assert_eq!(turned(b"ADBECFxy", 3), b"ABCDEFxy");
        assert_eq!(turned(b"ab", 5), b"ab");
        assert_eq!(turned(b"", 5), b"");
    }
}
