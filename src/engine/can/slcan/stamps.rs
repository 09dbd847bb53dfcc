//! An adapter's own clock, of which only the milliseconds within a minute are told, on the program's.
//! Knows no lines and no ports.

use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::can::slcan::line::STAMP_WRAP;

/// A millisecond.
const MS: i64 = 1_000_000;
/// Two quartzes differ by less than this in a second.
const DRIFT_NS: i64 = 200_000;
/// A frame that seems to have come so much later than others has not waited: the clock has jumped.
const JUMP: Duration = Duration::from_secs(2);
/// A frame that seems to have waited so much less than all before may have a disturbed stamp.
const DOUBT_NS: i64 = 100 * MS;
/// So many of them one after the other are believed.
const BELIEVED: u8 = 3;
/// Frames within one millisecond follow each other at least so closely.
const STEP: Duration = Duration::from_nanos(1_000);

/// Maps stamps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamps {
    /// The last frame: when it was read, and the adapter's milliseconds counted on.
    last: Option<(Mono, i64)>,
    /// Where the adapter's zero lies, as the frame that waited least says, in ns.
    zero: i64,
    /// How many frames one after the other say that it lies much earlier, and where at least.
    doubt: (u8, i64),
    /// The last stamp that was given.
    given: Option<Mono>,
}

impl Stamps {
    /// The adapter was opened anew: its clock may have started anew.
    pub const fn restart(&mut self) {
        self.last = None;
    }

    /// When a frame was on the bus that was read at `now`; never later than that, and later than
    /// every one before.
    pub fn place(&mut self, now: Mono, stamp: Option<u16>) -> Mono {
        let at = match stamp {
            Some(stamp) => self.stamped(now, stamp),
            None => now,
        };
        let at = match self.given {
            Some(given) => at.max(given.after(STEP)).min(now.max(given.after(STEP))),
            None => at,
        };
        self.given = Some(at);
        at
    }

    fn stamped(&mut self, now: Mono, stamp: u16) -> Mono {
        let wrap = i64::from(STAMP_WRAP);
        let stamp = i64::from(stamp);
        let Some((read, count)) = self.last else {
            self.last = Some((now, stamp));
            self.zero = now.nanos().saturating_sub(stamp * MS);
            self.doubt = (0, 0);
            return now;
        };
        // The number of minutes that went by unseen is the one that fits the program's clock best.
        let passed = now.since(read);
        let expected = count.saturating_add(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        let rounds = (expected.saturating_sub(stamp).saturating_add(wrap / 2)).div_euclid(wrap);
        let count = rounds.saturating_mul(wrap).saturating_add(stamp);
        self.last = Some((now, count));
        let zero = now.nanos().saturating_sub(count.saturating_mul(MS));
        let grown = (passed.as_secs_f64() * DRIFT_NS as f64) as i64;
        let kept = self.zero.saturating_add(grown);
        let jumped = zero.saturating_sub(kept) > i64::try_from(JUMP.as_nanos()).unwrap_or(i64::MAX);
        let is_doubtful = zero < kept.saturating_sub(DOUBT_NS);
        self.doubt = match self.doubt {
            (0, _) if is_doubtful => (1, zero),
            (times, least) if is_doubtful => (times + 1, least.max(zero)),
            _ => (0, 0),
        };
        self.zero = match self.doubt {
            _ if jumped => zero,
            (0, _) => kept.min(zero),
            (BELIEVED.., least) => {
                self.doubt = (0, 0);
                least
            }
            // Until then it came when it was read.
            _ => kept,
        };
        Mono::from_nanos(self.zero.saturating_add(count.saturating_mul(MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_go_on_over_the_end_of_a_minute_and_are_not_late() {
        let mut stamps = Stamps::default();
        let mut last = None;
        // Frames every 10 ms, read up to 16 ms late, over three minutes.
        for number in 0..18_000_i64 {
            let on_bus = number * 10 + 59_000;
            let late = (number * 7) % 17;
            let read = Mono::from_millis(on_bus + late);
            let at = stamps.place(read, Some((on_bus % 60_000) as u16));
            assert!(at <= read);
            assert!(last.is_none_or(|last| at > last));
            if number > 20 {
                let off = (at.nanos() - on_bus * MS).abs();
                assert!(off <= 4 * MS, "frame {number} is off by {off} ns");
            }
            last = Some(at);
        }
    }

    #[test]
    fn one_disturbed_stamp_does_not_date_those_after_it_early() {
        let mut stamps = Stamps::default();
        for number in 0..6_000_i64 {
            let on_bus = number * 10;
            // A digit of it was disturbed on the wire.
            let disturbed = if number == 1_000 { 1_024 } else { 0 };
            let read = Mono::from_millis(on_bus + 2);
            let at = stamps.place(read, Some(((on_bus + disturbed) % 60_000) as u16));
            let early = read.since(at);
            assert!(early < Duration::from_millis(20), "frame {number} is {early:?} early");
        }
    }

    #[test]
    fn a_first_frame_that_waited_long_does_not_date_those_after_it_late() {
        let mut stamps = Stamps::default();
        for number in 0..100_i64 {
            let on_bus = number * 10;
            let late = if number == 0 { 900 } else { 905 - on_bus }.max(1);
            let at = stamps.place(Mono::from_millis(on_bus + late), Some(on_bus as u16));
            let off = (at.nanos() - on_bus * MS).abs();
            assert!(number < 95 || off <= 5 * MS, "frame {number} is off by {off} ns");
        }
    }

    #[test]
    fn a_bus_that_was_silent_for_minutes_is_not_early() {
        let mut stamps = Stamps::default();
        stamps.place(Mono::from_secs(0), Some(0));
        let later = stamps.place(Mono::from_secs(200), Some(20_000));
        assert!(Mono::from_secs(200).since(later) < Duration::from_millis(50), "{later:?}");
    }

    #[test]
    fn an_adapter_that_starts_anew_is_believed_anew() {
        let mut stamps = Stamps::default();
        stamps.place(Mono::from_secs(100), Some(50_000));
        // Its clock has jumped back by 5 s without a word.
        let at = stamps.place(Mono::from_secs(101), Some(46_000));
        assert!(Mono::from_secs(101).since(at) <= Duration::from_secs(5));
        let at = stamps.place(Mono::from_secs(102), Some(47_000));
        assert!(Mono::from_secs(102).since(at) <= Duration::from_secs(5));
    }

    #[test]
    fn without_a_stamp_it_is_the_time_of_reading_and_still_in_order() {
        let mut stamps = Stamps::default();
        let now = Mono::from_secs(5);
        let (first, second) = (stamps.place(now, None), stamps.place(now, None));
        assert_eq!(first, now);
        assert_eq!(second, now.after(STEP));
    }
}
