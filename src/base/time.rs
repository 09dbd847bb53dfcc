//! Time: monotonic and wall clock in nanoseconds, where a stamp came from, and the clocks.
//! The only place in the program that asks the machine for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time: nanoseconds since an origin of its clock. Only differences mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mono(i64);

impl Mono {
    /// The origin of the clock.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the origin.
    #[must_use]
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// From milliseconds since the origin.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// From whole seconds since the origin.
    #[must_use]
    pub const fn from_secs(s: i64) -> Self {
        Self(s.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the origin.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        let ns = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(if ns < 0 { 0 } else { ns as u64 })
    }

    /// This moment and `span` on.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(clamp_nanos(span)))
    }

    /// This moment and `span` back.
    #[must_use]
    pub const fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(clamp_nanos(span)))
    }
}

const fn clamp_nanos(span: Duration) -> i64 {
    let ns = span.as_nanos();
    if ns > i64::MAX as u128 { i64::MAX } else { ns as i64 }
}

/// Wall clock: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wall(i64);

impl Wall {
    /// From nanoseconds since 1970 UTC.
    #[must_use]
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since 1970 UTC.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

/// Who put the time on a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeSource {
    /// The adapter's own clock.
    Hardware,
    /// The kernel, when the frame came in.
    Kernel,
    /// This program, when it read the frame.
    #[default]
    Program,
    /// The recording.
    Recording,
    /// A simulated clock.
    Simulation,
}

impl TimeSource {
    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hardware => "adapter clock",
            Self::Kernel => "kernel clock",
            Self::Program => "program clock",
            Self::Recording => "recording",
            Self::Simulation => "simulated clock",
        }
    }
}

/// How the monotonic stamps of a stream map to the wall clock, and who made them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timebase {
    /// Who stamped the frames.
    pub source: TimeSource,
    /// Wall clock at monotonic zero; `None` where the date is not known (a log without one).
    pub wall_at_zero: Option<Wall>,
}

impl Timebase {
    /// The wall clock at `at`, where it is known.
    #[must_use]
    pub fn wall(self, at: Mono) -> Option<Wall> {
        self.wall_at_zero.map(|zero| Wall(zero.0.saturating_add(at.0)))
    }
}

/// A source of time.
pub trait Clock: Send + Sync {
    /// Monotonic now.
    fn now(&self) -> Mono;
    /// Wall clock now.
    fn wall(&self) -> Wall;

    /// Whether it moves on while somebody waits. Where it does not, waiting is for nothing.
    fn runs_by_itself(&self) -> bool {
        true
    }

    /// The mapping from this clock's monotonic to its wall time, as of now.
    fn timebase(&self, source: TimeSource) -> Timebase {
        let wall_at_zero = Some(Wall(self.wall().0.saturating_sub(self.now().0)));
        Timebase { source, wall_at_zero }
    }
}

/// The machine's clock. Monotonic zero is when it was made.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    /// Wall clock at monotonic zero, ns, as streams are told.
    zero: AtomicI64,
}

/// A wall clock that differs by less from what was told has not been set: it is disciplined in small steps,
/// and two readings, one after the other, are never of one moment.
const SET_NS: i64 = 20_000_000;

/// Where the wall clock was at monotonic zero: as it was told, unless two readings in a row say that it was
/// set since. Stamps of a stream would go back otherwise wherever two readings lay closer together.
fn steady(told: i64, mut read: impl FnMut() -> i64) -> i64 {
    let is_set = |seen: i64| seen.saturating_sub(told).saturating_abs() > SET_NS;
    if !is_set(read()) {
        return told;
    }
    let again = read();
    if is_set(again) { again } else { told }
}

impl SystemClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let clock = Self { origin: Instant::now(), zero: AtomicI64::new(0) };
        clock.zero.store(clock.read_zero(), Ordering::Relaxed);
        Arc::new(clock)
    }

    fn read_zero(&self) -> i64 {
        self.wall().0.saturating_sub(self.now().0)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Mono {
        Mono(clamp_nanos(self.origin.elapsed()))
    }

    fn wall(&self) -> Wall {
        Wall(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, clamp_nanos))
    }

    fn timebase(&self, source: TimeSource) -> Timebase {
        let zero = steady(self.zero.load(Ordering::Relaxed), || self.read_zero());
        self.zero.store(zero, Ordering::Relaxed);
        Timebase { source, wall_at_zero: Some(Wall(zero)) }
    }
}

/// A clock that stands still until it is told to move: for tests and for simulation in virtual
/// time.
#[derive(Debug)]
pub struct FakeClock {
    now_ns: AtomicI64,
    wall_at_zero: Wall,
}

impl FakeClock {
    /// A clock at monotonic zero.
    #[must_use]
    pub fn new(wall_at_zero: Wall) -> Arc<Self> {
        Arc::new(Self { now_ns: AtomicI64::new(0), wall_at_zero })
    }

    /// Moves it to `to`.
    pub fn set(&self, to: Mono) {
        self.now_ns.store(to.0, Ordering::SeqCst);
    }

    /// Moves it on by `span`.
    pub fn advance(&self, span: Duration) {
        self.now_ns.fetch_add(clamp_nanos(span), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Mono {
        Mono(self.now_ns.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Wall {
        Wall(self.wall_at_zero.0.saturating_add(self.now().0))
    }

    fn runs_by_itself(&self) -> bool {
        false
    }
}

/// Sees whether the wall clock goes on evenly or is set: what goes by age must not be deleted by a clock that
/// is wrong for a while.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evenness {
    /// Wall clock less monotonic at the last look, and since when it is so.
    last: Option<(i64, Mono)>,
    was_set: bool,
}

impl Evenness {
    /// A clock that is set by less is only put right.
    const SET: i64 = 3_600_000_000_000;
    /// So long after it was set it is believed.
    pub const BELIEVED: Duration = Duration::from_secs(3600);

    /// Looks at both clocks; says whether the wall clock was set since the last look.
    pub fn look(&mut self, now: Mono, wall: Wall) -> bool {
        let offset = wall.0.saturating_sub(now.0);
        let is_set = self
            .last
            .is_some_and(|(last, _)| offset.saturating_sub(last).saturating_abs() > Self::SET);
        self.was_set |= is_set;
        // What it drifts meanwhile is no setting.
        let since = self.last.filter(|_| !is_set).map_or(now, |(_, since)| since);
        self.last = Some((offset, since));
        is_set
    }

    /// For how long it has gone on evenly.
    #[must_use]
    pub fn lasts(&self, now: Mono) -> Duration {
        self.last.map_or(Duration::ZERO, |(_, since)| now.since(since))
    }

    /// Whether it was never set, or is believed again.
    #[must_use]
    pub fn is_believed(&self, now: Mono) -> bool {
        !self.was_set || self.lasts(now) >= Self::BELIEVED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timebase_maps_monotonic_to_wall_time() {
        let clock = FakeClock::new(Wall::from_nanos(1_000));
        clock.advance(Duration::from_nanos(50));
        let base = clock.timebase(TimeSource::Simulation);
        assert_eq!(base.wall(Mono::from_nanos(50)), Some(Wall::from_nanos(1_050)));
        assert_eq!(Timebase::default().wall(Mono::ZERO), None);
    }

    #[test]
    fn the_mapping_of_streams_follows_a_clock_that_is_set_and_nothing_less() {
        let readings = |list: [i64; 2]| {
            let mut list = list.into_iter();
            move || list.next().unwrap()
        };
        assert_eq!(steady(1_000, readings([1_700, 0])), 1_000, "two readings at two moments");
        assert_eq!(steady(1_000, readings([-SET_NS * 9, 900])), 1_000, "put aside in between");
        let later = SET_NS * 50;
        assert_eq!(steady(1_000, readings([later, later + 3])), later + 3, "set forward");
        assert_eq!(steady(1_000, readings([-later, -later])), -later, "set back");
        let clock = SystemClock::new();
        let told = clock.timebase(TimeSource::Program);
        assert!((0..1_000).all(|_| clock.timebase(TimeSource::Program) == told));
    }

    #[test]
    fn the_machines_clock_never_goes_back() {
        let clock = SystemClock::new();
        let a = clock.now();
        assert!(clock.now() >= a);
        assert!(clock.wall().nanos() > 1_600_000_000_000_000_000);
    }

    #[test]
    fn a_clock_that_was_set_is_believed_after_an_hour() {
        const HOUR: i64 = 3600;
        let day = |days: i64| Wall::from_nanos(days * 24 * HOUR * 1_000_000_000);
        let at = |seconds: i64| (Mono::from_secs(seconds), day(20_000).0 + seconds * 1_000_000_000);
        let mut clock = Evenness::default();
        let mut look = |seconds: i64, off: i64| {
            let (now, wall) = at(seconds);
            let is_set = clock.look(now, Wall(wall + off));
            (is_set, clock.is_believed(now))
        };
        assert_eq!(look(0, 0), (false, true));
        assert_eq!(look(60, 30_000_000_000), (false, true), "put right by half a minute");
        assert_eq!(look(61, day(20_000).0), (true, false));
        assert_eq!(look(61 + HOUR - 1, day(20_000).0), (false, false));
        assert_eq!(look(61 + HOUR, day(20_000).0), (false, true));
        assert_eq!(look(62 + HOUR, 0), (true, false), "set back");
    }
}
