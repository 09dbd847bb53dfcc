//! Voltage and current of the last ten minutes, one point a second, in bounded memory.

use std::collections::VecDeque;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};

/// How long a trend is, seconds.
pub const TREND_SECONDS: usize = 600;

/// One second: means of what was received in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPoint {
    /// When the second began.
    pub at: Mono,
    /// Mean voltage.
    pub voltage: Volts,
    /// Mean current, positive into the battery.
    pub current: Amps,
}

/// Voltage and current of the last ten minutes. Seconds without a value are missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    points: VecDeque<TrendPoint>,
}

impl Trend {
    /// The points, oldest first.
    pub fn points(&self) -> impl ExactSizeIterator<Item = &TrendPoint> {
        self.points.iter()
    }

    /// Appends a point; the oldest goes when there are too many.
    pub fn push(&mut self, point: TrendPoint) {
        while self.points.len() >= TREND_SECONDS {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }
}
