//! From the kernel's wall clock stamps to the engine's monotonic time.
//!
//! The kernel stamps frames with the wall clock, which can be set while frames are on their way.
//! The offset between the two clocks is measured at every read; when it has jumped, a frame may
//! have been stamped before or after the jump, and the mapping that puts it closest before now is
//! the right one, because frames wait only milliseconds to be read.

use crate::base::time::{Clock, Mono, TimeSource, Timebase, Wall};

/// Readings of the clocks tried to get a tight one.
const TRIES: usize = 3;
/// Tight enough, nanoseconds.
const TIGHT_NS: i64 = 5_000;

/// The mapping of one socket. Stamps it gives never run backwards and are never after now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Wall clock at monotonic zero now, nanoseconds.
    offset: i64,
    /// The same at the read before.
    before: i64,
    now: Mono,
    last: Mono,
}

impl Mapping {
    /// A mapping as the clock stands now.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        let (now, offset, _) = measure(clock);
        Self { offset, before: offset, now, last: Mono::from_nanos(i64::MIN) }
    }

    /// Compares the clocks again: to be called after each read of the socket, before
    /// [`Mapping::place`].
    pub fn refresh(&mut self, clock: &dyn Clock) {
        let (now, offset, doubt) = measure(clock);
        self.now = now;
        self.before = self.offset;
        // Within the doubt of the measurement nothing has moved, and intervals stay exact.
        if offset.abs_diff(self.offset) > doubt.unsigned_abs() {
            self.offset = offset;
        }
    }

    /// The monotonic time of a frame stamped `wall`.
    pub fn place(&mut self, wall: Wall) -> Mono {
        let by = |offset: i64| Mono::from_nanos(wall.nanos().saturating_sub(offset));
        let (new, old) = (by(self.offset), by(self.before));
        let both_past = new <= self.now && old <= self.now;
        let best = if both_past {
            new.max(old)
        } else if old <= self.now {
            old
        } else {
            new
        };
        self.last = best.min(self.now).max(self.last);
        self.last
    }

    /// The time of a frame that carries no stamp: now.
    pub fn place_unstamped(&mut self) -> Mono {
        self.last = self.now.max(self.last);
        self.last
    }

    /// What the stamps mean.
    #[must_use]
    pub const fn timebase(&self) -> Timebase {
        Timebase { source: TimeSource::Kernel, wall_at_zero: Some(Wall::from_nanos(self.offset)) }
    }
}

/// Monotonic now, the offset of the wall clock, and how far that may be off, nanoseconds.
fn measure(clock: &dyn Clock) -> (Mono, i64, i64) {
    let mut best: Option<(Mono, i64, i64)> = None;
    for _ in 0..TRIES {
        let earlier = clock.now();
        let wall = clock.wall();
        let later = clock.now();
        let width = later.nanos().saturating_sub(earlier.nanos()).max(0);
        let middle = earlier.nanos().saturating_add(width / 2);
        let found = (later, wall.nanos().saturating_sub(middle), width);
        if best.is_none_or(|(_, _, narrowest)| width < narrowest) {
            best = Some(found);
        }
        if width <= TIGHT_NS {
            break;
        }
    }
    best.unwrap_or((Mono::ZERO, 0, i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;

    /// A clock whose wall time can be set apart from its monotonic time.
    #[derive(Default)]
    struct Settable {
        now: AtomicI64,
        offset: AtomicI64,
    }

    impl Settable {
        fn run(&self, span: Duration) {
            self.now.fetch_add(span.as_nanos() as i64, Ordering::Relaxed);
        }

        fn step(&self, seconds: i64) {
            self.offset.fetch_add(seconds * 1_000_000_000, Ordering::Relaxed);
        }
    }

    impl Clock for Settable {
        fn now(&self) -> Mono {
            Mono::from_nanos(self.now.load(Ordering::Relaxed))
        }

        fn wall(&self) -> Wall {
            let now = self.now.load(Ordering::Relaxed);
            Wall::from_nanos(now + self.offset.load(Ordering::Relaxed))
        }
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_stamp_becomes_the_moment_it_was_made() {
        let clock = Settable::default();
        clock.step(1_000_000);
        let mut mapping = Mapping::new(&clock);
        clock.run(5 * MS);
        let (stamp, moment) = (clock.wall(), clock.now());
        clock.run(3 * MS);
        mapping.refresh(&clock);
        assert_eq!(mapping.place(stamp), moment);
        assert_eq!(mapping.timebase().wall(moment), Some(stamp));
    }

    #[test]
    fn a_wall_clock_set_forward_or_back_moves_no_frame() {
        for seconds in [3600, -3600, 1, -1] {
            let clock = Settable::default();
            clock.step(1_000_000);
            let mut mapping = Mapping::new(&clock);
            clock.run(Duration::from_secs(20_000));
            mapping.refresh(&clock);
            clock.run(2 * MS);
            let before = (clock.wall(), clock.now());
            clock.run(MS);
            clock.step(seconds);
            clock.run(MS);
            let after = (clock.wall(), clock.now());
            clock.run(MS);
            mapping.refresh(&clock);
            assert_eq!(mapping.place(before.0), before.1, "stamped before a step of {seconds} s");
            assert_eq!(mapping.place(after.0), after.1, "stamped after a step of {seconds} s");
        }
    }

    #[test]
    fn stamps_never_run_backwards_and_never_lie_ahead() {
        let clock = Settable::default();
        clock.run(Duration::from_secs(1));
        let mut mapping = Mapping::new(&clock);
        mapping.refresh(&clock);
        let now = clock.now();
        assert_eq!(mapping.place(Wall::from_nanos(now.nanos() + 77)), now);
        assert_eq!(mapping.place(Wall::from_nanos(now.nanos() - 500)), now);
        assert_eq!(mapping.place_unstamped(), now);
        assert_eq!(mapping.place(Wall::from_nanos(i64::MIN)), now);
        assert_eq!(mapping.place(Wall::from_nanos(i64::MAX)), now);
    }
}
