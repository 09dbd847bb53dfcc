//! The decoded signals of one frame, in memory that is used again for the next frame.

use super::lanes::{Block, LANES};

/// What one frame said: the signals that were in it, by their position in the message.
///
/// Within a message that is always the same, integers come first and in the order of the message,
/// then floats. Use [`Row::get`] where a certain signal is wanted.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub(super) len: usize,
    positions: Vec<u16>,
    values: Vec<f64>,
    raws: Vec<u64>,
    /// Plans that are still to be carried out.
    pub(super) waiting: Vec<u32>,
}

impl Row {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many signals are present.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The signals that are present: position in the message and physical value.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        let pairs = self.positions.iter().zip(&self.values).take(self.len);
        pairs.map(|(&position, &value)| (usize::from(position), value))
    }

    /// The physical value of the signal at `position` in the message, where it is present.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<f64> {
        self.place(position).and_then(|at| self.values.get(at).copied())
    }

    /// The raw value of the signal at `position`: an unsigned integer as it is, a signed one sign
    /// extended to 64 bits, a float as its bits.
    #[must_use]
    pub fn raw(&self, position: usize) -> Option<u64> {
        self.place(position).and_then(|at| self.raws.get(at).copied())
    }

    fn place(&self, position: usize) -> Option<usize> {
        let wanted = u16::try_from(position).ok()?;
        let present = self.positions.get(..self.len)?;
        if present.get(position) == Some(&wanted) {
            return Some(position);
        }
        present.iter().position(|&p| p == wanted)
    }

    /// Makes room for a message with so many signals.
    #[inline(always)]
    pub(super) fn reserve(&mut self, signals: usize) {
        if self.positions.len() < signals + LANES {
            self.grow(signals + LANES);
        }
    }

    #[cold]
    fn grow(&mut self, size: usize) {
        self.positions.resize(size, 0);
        self.values.resize(size, 0.0);
        self.raws.resize(size, 0);
    }

    /// The row's memory from its first free place on. The caller puts the length back.
    #[inline(always)]
    pub(super) fn open(&mut self) -> Places<'_> {
        Places {
            len: self.len,
            positions: &mut self.positions,
            values: &mut self.values,
            raws: &mut self.raws,
        }
    }

    /// Enters one signal.
    #[inline(always)]
    pub(super) fn push(&mut self, position: u16, raw: u64, value: f64) {
        let places = (
            self.positions.get_mut(self.len),
            self.raws.get_mut(self.len),
            self.values.get_mut(self.len),
        );
        if let (Some(at), Some(raws), Some(values)) = places {
            (*at, *raws, *values) = (position, raw, value);
            self.len += 1;
        }
    }
}

/// The memory of a row while blocks are written. No closures are handed in here: they would be
/// compiled without the vector instructions of the function that calls.
pub(super) struct Places<'a> {
    /// Signals in the row; the caller puts it back.
    pub len: usize,
    positions: &'a mut [u16],
    values: &'a mut [f64],
    raws: &'a mut [u64],
}

impl Places<'_> {
    /// The places for a block; its positions are entered and its lanes counted.
    #[inline(always)]
    pub fn next(&mut self, block: &Block) -> Option<(&mut [f64; LANES], &mut [u64; LANES])> {
        let at = self.len;
        let positions = self.positions.get_mut(at..)?.first_chunk_mut::<LANES>()?;
        let values = self.values.get_mut(at..)?.first_chunk_mut::<LANES>()?;
        let raws = self.raws.get_mut(at..)?.first_chunk_mut::<LANES>()?;
        *positions = block.positions;
        self.len = at + usize::from(block.count);
        Some((values, raws))
    }
}
