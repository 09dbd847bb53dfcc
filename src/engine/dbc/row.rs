//! The decoded signals of one frame, in memory that is used again for the next frame.

/// What one frame said: the signals that were in it, by their position in the message.
///
/// Positions ascend where all signals of a message are always present; multiplexed signals follow
/// in the order in which their switches were read.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub(super) positions: Vec<u16>,
    pub(super) values: Vec<f64>,
    pub(super) raws: Vec<u64>,
}

impl Row {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many signals are present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The signals that are present: position in the message and physical value.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        self.positions.iter().zip(&self.values).map(|(&p, &v)| (usize::from(p), v))
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
        if self.positions.get(position) == Some(&wanted) {
            return Some(position);
        }
        self.positions.iter().position(|&p| p == wanted)
    }

    pub(super) fn clear(&mut self) {
        self.positions.clear();
        self.values.clear();
        self.raws.clear();
    }
}
