//! Voltage and current of the last ten minutes, one point a second, in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};

/// How long a trend is, seconds.
pub const TREND_SECONDS: usize = 600;

const SECOND_NS: i64 = 1_000_000_000;

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

    /// Appends a point; points more than ten minutes older go.
    pub fn push(&mut self, point: TrendPoint) {
        let oldest = point.at.before(Duration::from_secs(TREND_SECONDS as u64));
        while self.points.front().is_some_and(|first| first.at <= oldest)
            || self.points.len() >= TREND_SECONDS
        {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The sum of several currents and the mean of their voltages, for the seconds that all have.
    pub(super) fn together(trends: &[&Self]) -> Self {
        let mut sum = Self::default();
        let Some((first, others)) = trends.split_first() else { return sum };
        let mut others: Vec<_> = others.iter().map(|trend| trend.points().peekable()).collect();
        'seconds: for point in first.points() {
            let (mut volts, mut amps) = (point.voltage.get(), point.current.get());
            for other in &mut others {
                while other.next_if(|earlier| earlier.at < point.at).is_some() {}
                let Some(same) = other.peek().filter(|same| same.at == point.at) else {
                    continue 'seconds;
                };
                volts += same.voltage.get();
                amps += same.current.get();
            }
            let voltage = Volts(volts / trends.len() as f64);
            sum.push(TrendPoint { at: point.at, voltage, current: Amps(amps) });
        }
        sum
    }
}

/// A trend being made.
#[derive(Clone, Debug, Default)]
pub(super) struct TrendInMaking {
    done: Arc<Trend>,
    second: i64,
    count: u32,
    volts: f64,
    amps: f64,
}

impl TrendInMaking {
    /// Takes in a pair of values. A clock that stepped back begins a new trend.
    pub fn take(&mut self, at: Mono, voltage: Volts, current: Amps) {
        let second = at.nanos().div_euclid(SECOND_NS);
        if second < self.second && self.count > 0 {
            *self = Self::default();
        }
        if second != self.second && self.count > 0 {
            let count = f64::from(self.count);
            let point = TrendPoint {
                at: Mono::from_secs(self.second),
                voltage: Volts(self.volts / count),
                current: Amps(self.amps / count),
            };
            // A snapshot that still holds the old trend makes this a copy, once a second.
            Arc::make_mut(&mut self.done).push(point);
            (self.count, self.volts, self.amps) = (0, 0.0, 0.0);
        }
        self.second = second;
        self.count += 1;
        self.volts += voltage.get();
        self.amps += current.get();
    }

    /// The finished seconds.
    pub fn done(&self) -> Arc<Trend> {
        Arc::clone(&self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(making: &mut TrendInMaking, from_s: i64, to_s: i64, amps: f64) {
        for tenth in from_s * 10..to_s * 10 {
            making.take(Mono::from_millis(tenth * 100), Volts(150.0), Amps(amps));
        }
    }

    #[test]
    fn a_trend_holds_ten_minutes_and_no_more() {
        let mut making = TrendInMaking::default();
        fill(&mut making, 0, 2000, 3.0);
        let done = making.done();
        assert_eq!(done.points().len(), TREND_SECONDS);
        assert_eq!(done.points().last().map(|p| p.at), Some(Mono::from_secs(1998)));
        assert!(done.points().all(|p| (p.current.get() - 3.0).abs() < 1e-9));
    }

    #[test]
    fn a_clock_that_steps_back_begins_a_new_trend() {
        let mut making = TrendInMaking::default();
        fill(&mut making, 100, 110, 3.0);
        fill(&mut making, 10, 12, 4.0);
        let done = making.done();
        assert_eq!(done.points().map(|p| p.at).collect::<Vec<_>>(), [Mono::from_secs(10)]);
    }

    #[test]
    fn parallel_currents_add_up_for_the_seconds_that_both_have() {
        let (mut a, mut b) = (TrendInMaking::default(), TrendInMaking::default());
        fill(&mut a, 0, 10, 3.0);
        fill(&mut b, 5, 12, 4.0);
        let sum = Trend::together(&[&a.done(), &b.done()]);
        assert_eq!(sum.points().len(), 4);
        assert!(sum.points().all(|p| (p.current.get() - 7.0).abs() < 1e-9));
    }
}
