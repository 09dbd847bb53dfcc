//! The by-id table: for every bus, id and direction the last frame, how often it comes and which
//! bytes change. Knows nothing of what a frame means.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, FD_BYTES, Frame, FrameRef, Head, Id};

/// Most rows the table holds; frames of further ids are counted in [`Traffic::beyond`].
pub const ROWS: usize = 8192;

/// How long a changed byte stays warm.
const COOLING: Duration = Duration::from_secs(2);

/// Weight of the newest gap in the running mean of the cycle time.
const CYCLE_WEIGHT: f64 = 0.125;

/// Bytes whose changes are kept in the row itself; those of longer frames stand aside.
const NEAR: usize = 8;
/// Stands for a byte that never changed.
const NEVER: i64 = i64::MIN;
/// Frames are counted over at least this time to say how many come a second.
const RATE_SPAN: Duration = Duration::from_secs(1);
const RATE_SPAN_NS: i64 = 1_000_000_000;

/// The times between the frames of an id, since it was first seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gaps {
    count: u64,
    /// The first one: sums are of differences to it, which keeps them exact.
    first: f64,
    sum: f64,
    squares: f64,
    least: f64,
    most: f64,
}

impl Gaps {
    fn take(&mut self, gap: f64) {
        if self.count == 0 {
            (self.first, self.least, self.most) = (gap, gap, gap);
        }
        let beyond = gap - self.first;
        self.count += 1;
        self.sum += beyond;
        self.squares += beyond * beyond;
        self.least = self.least.min(gap);
        self.most = self.most.max(gap);
    }

    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean, nanoseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.first + self.sum / self.count as f64)
    }

    /// Their standard deviation, nanoseconds; none before the second gap.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let count = self.count as f64;
        (self.count > 1).then(|| {
            let mean = self.sum / count;
            (self.squares / count - mean * mean).max(0.0).sqrt()
        })
    }

    /// The shortest and the longest, nanoseconds.
    #[must_use]
    pub fn extremes(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.least, self.most))
    }
}

/// When each byte last changed.
#[derive(Clone, Debug)]
struct Changes {
    near: [i64; NEAR],
    /// Those of the further bytes, once one of them has changed.
    far: Option<Box<[i64; FD_BYTES - NEAR]>>,
    latest: i64,
}

impl Changes {
    const NONE: Self = Self { near: [NEVER; NEAR], far: None, latest: NEVER };

    fn take(&mut self, before: &[u8], after: &[u8], now: i64) {
        if before == after {
            return;
        }
        self.latest = now;
        if before.len() == after.len() && after.len() <= NEAR {
            for (place, (was, is)) in self.near.iter_mut().zip(before.iter().zip(after)) {
                if was != is {
                    *place = now;
                }
            }
            return;
        }
        for byte in 0..before.len().max(after.len()) {
            if before.get(byte) == after.get(byte) {
                continue;
            }
            let place = match byte.checked_sub(NEAR) {
                None => self.near.get_mut(byte),
                Some(far) => {
                    let none = || Box::new([NEVER; FD_BYTES - NEAR]);
                    self.far.get_or_insert_with(none).get_mut(far)
                }
            };
            if let Some(place) = place {
                *place = now;
            }
        }
    }

    fn at(&self, byte: usize) -> Option<Mono> {
        let at = match byte.checked_sub(NEAR) {
            None => self.near.get(byte).copied(),
            Some(far) => self.far.as_ref().and_then(|all| all.get(far).copied()),
        };
        at.filter(|at| *at != NEVER).map(Mono::from_nanos)
    }
}

/// How many frames come a second: counted over a second or more.
#[derive(Clone, Copy, Debug)]
struct Rate {
    since: Mono,
    frames: u32,
    last: Option<f64>,
}

impl Rate {
    fn take(&mut self, now: Mono) {
        self.frames += 1;
        // In nanoseconds, because it is asked for every frame.
        let span = now.nanos().saturating_sub(self.since.nanos());
        if span >= RATE_SPAN_NS {
            self.last = Some(f64::from(self.frames) / (span as f64 / 1e9));
            (self.since, self.frames) = (now, 0);
        }
    }
}

/// One id of one bus in one direction.
#[derive(Clone, Debug)]
pub struct Row {
    /// The last frame.
    pub last: Frame,
    /// How many there were.
    pub count: u64,
    /// Running mean of the time between frames, nanoseconds; `None` before the second.
    pub cycle_ns: Option<f64>,
    /// The times between frames since the first.
    pub gaps: Gaps,
    changes: Changes,
    rate: Rate,
}

impl Row {
    fn new(frame: Frame) -> Self {
        let rate = Rate { since: frame.time(), frames: 0, last: None };
        let gaps = Gaps::default();
        Self { last: frame, count: 1, cycle_ns: None, gaps, changes: Changes::NONE, rate }
    }

    fn take(&mut self, frame: FrameRef<'_>) {
        let now = frame.time();
        let gap = now.nanos().saturating_sub(self.last.time().nanos()).max(0) as f64;
        self.cycle_ns = Some(match self.cycle_ns {
            Some(mean) => mean + (gap - mean) * CYCLE_WEIGHT,
            None => gap,
        });
        self.gaps.take(gap);
        self.rate.take(now);
        self.changes.take(self.last.view().data, frame.data, now.nanos());
        self.last = frame.to_frame();
        self.count += 1;
    }

    /// How many frames came a second lately; none before that can be told. Nothing where it has been
    /// silent for longer than it is counted over and four of its cycles.
    #[must_use]
    pub fn rate(&self, now: Mono) -> Option<f64> {
        let cycle = Duration::from_nanos(self.cycle_ns? as u64);
        if now.since(self.last.time()) > cycle.saturating_mul(4).max(2 * RATE_SPAN) {
            return Some(0.0);
        }
        self.rate.last.or_else(|| self.cycle_ns.filter(|ns| *ns > 0.0).map(|ns| 1e9 / ns))
    }

    /// How warm byte `index` is at `now`: 1 just after a change, cooling to 0.
    #[must_use]
    pub fn heat(&self, index: usize, now: Mono) -> f32 {
        let Some(at) = self.changes.at(index) else { return 0.0 };
        let age = now.since(at).as_secs_f32() / COOLING.as_secs_f32();
        (1.0 - age).clamp(0.0, 1.0)
    }

    /// Whether any byte is warm at `now`.
    #[must_use]
    pub fn is_warm(&self, now: Mono) -> bool {
        let latest = self.changes.latest;
        latest != NEVER && now.since(Mono::from_nanos(latest)) < COOLING
    }
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    rows: Vec<Row>,
    places: HashMap<u64, u32, Spread>,
    /// Frames of ids for which there was no room.
    pub beyond: u64,
}

impl Traffic {
    /// Takes in a frame.
    pub fn take(&mut self, frame: FrameRef<'_>) {
        let key = key(&frame.head);
        if let Some(row) = self.places.get(&key).and_then(|&at| self.rows.get_mut(at as usize)) {
            row.take(frame);
        } else if self.rows.len() < ROWS {
            self.places.insert(key, self.rows.len() as u32);
            self.rows.push(Row::new(frame.to_frame()));
        } else {
            self.beyond += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets one bus.
    pub fn clear_bus(&mut self, bus: BusId) {
        self.rows.retain(|row| row.last.bus() != bus);
        let places = self.rows.iter().enumerate();
        self.places = places.map(|(at, row)| (key(&row.last), at as u32)).collect();
    }

    /// All rows, in order of first appearance.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a bus, id and direction.
    #[must_use]
    pub fn row(&self, bus: BusId, id: Id, direction: Direction) -> Option<&Row> {
        self.places.get(&pack_key(bus, id, direction)).and_then(|&at| self.rows.get(at as usize))
    }
}

fn key(head: &Head) -> u64 {
    pack_key(head.bus(), head.id(), head.direction())
}

const fn pack_key(bus: BusId, id: Id, direction: Direction) -> u64 {
    let sent = matches!(direction, Direction::Sent) as u64;
    let extended = id.is_extended() as u64;
    (bus.0 as u64) << 34 | sent << 33 | extended << 32 | id.raw() as u64
}

/// A hash for these keys: one multiplication, since they are our own and need no defence.
#[derive(Clone, Copy, Debug, Default)]
struct Spread;

impl std::hash::BuildHasher for Spread {
    type Hasher = SpreadHasher;

    fn build_hasher(&self) -> SpreadHasher {
        SpreadHasher(0)
    }
}

struct SpreadHasher(u64);

impl std::hash::Hasher for SpreadHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(raw: u32, bytes: &[u8], ms: i64) -> Frame {
        Frame::classic(Id::guess(raw).unwrap(), bytes).unwrap().at(Mono::from_millis(ms))
    }

    #[test]
    fn a_row_knows_count_cycle_and_which_bytes_changed() {
        let mut traffic = Traffic::default();
        for i in 0..10_u8 {
            traffic.take(frame(0x6FA, &[i, 0], i64::from(i) * 100).view());
        }
        let id = Id::guess(0x6FA).unwrap();
        let row = traffic.row(BusId(0), id, Direction::Received).unwrap();
        assert_eq!(row.count, 10);
        assert!((row.cycle_ns.unwrap() - 1e8).abs() < 1.0);
        let now = Mono::from_millis(900);
        assert!((row.heat(0, now) - 1.0).abs() < 1e-6);
        assert_eq!(row.heat(1, now), 0.0);
        assert_eq!(row.heat(0, Mono::from_millis(2900)), 0.0);
    }

    #[test]
    fn all_bytes_of_a_long_frame_warm_up_and_cool_down() {
        let mut traffic = Traffic::default();
        let mut bytes = [0; FD_BYTES];
        for (at, touched) in [(0, 0), (100, 63), (200, 8)] {
            bytes[touched] += 1;
            let long = Frame::fd(Id::guess(0x10).unwrap(), &bytes).unwrap();
            traffic.take(long.at(Mono::from_millis(at)).view());
        }
        let row = &traffic.rows()[0];
        let now = Mono::from_millis(200);
        assert_eq!(row.heat(8, now), 1.0);
        assert!((0.9..1.0).contains(&row.heat(63, now)), "{}", row.heat(63, now));
        assert_eq!((row.heat(0, now), row.heat(9, now), row.heat(64, now)), (0.0, 0.0, 0.0));
        assert!(row.is_warm(now) && !row.is_warm(Mono::from_millis(2_200)));
        let short = Frame::fd(Id::guess(0x10).unwrap(), &bytes[..8]).unwrap();
        traffic.take(short.at(Mono::from_millis(5_000)).view());
        let gone = traffic.rows()[0].heat(63, Mono::from_millis(5_000));
        assert_eq!(gone, 1.0, "a byte that is no longer there has changed");
    }

    #[test]
    fn the_times_between_frames_are_told_with_their_jitter() {
        let mut traffic = Traffic::default();
        // An origin far from nought must not cost precision.
        let begin = 1_700_000_000_000_i64;
        for (n, off) in [0, 2, -2, 2, -2, 0].into_iter().enumerate() {
            traffic.take(frame(0x6FA, &[], begin + n as i64 * 100 + off).view());
        }
        let row = &traffic.rows()[0];
        assert_eq!(row.gaps.count(), 5);
        assert_eq!(row.gaps.mean(), Some(100e6));
        assert_eq!(row.gaps.extremes(), Some((96e6, 104e6)));
        // 102, 96, 104, 96, 102: the squares of what they are off are 4, 16, 16, 16, 4.
        let expected = (56.0_f64 / 5.0).sqrt() * 1e6;
        assert!((row.gaps.deviation().unwrap() - expected).abs() < 1.0);
        assert_eq!(Gaps::default().mean(), None);
    }

    #[test]
    fn the_rate_is_counted_over_a_second_and_ends_with_the_frames() {
        let mut traffic = Traffic::default();
        for n in 0..250 {
            traffic.take(frame(0x6FA, &[], n * 10).view());
        }
        let row = &traffic.rows()[0];
        assert!((row.rate(Mono::from_millis(2_490)).unwrap() - 100.0).abs() < 1e-9);
        assert_eq!(row.rate(Mono::from_secs(60)), Some(0.0));
        traffic.take(frame(0x6FB, &[], 0).view());
        assert_eq!(traffic.rows()[1].rate(Mono::ZERO), None, "one frame is no rate");
    }

    #[test]
    fn standard_and_extended_sent_and_received_are_different_rows() {
        let mut traffic = Traffic::default();
        let bytes: [u8; 1] = [1];
        let standard = Frame::classic(Id::standard(0x100).unwrap(), &bytes).unwrap();
        let extended = Frame::classic(Id::extended(0x100).unwrap(), &bytes).unwrap();
        traffic.take(standard.view());
        traffic.take(extended.view());
        traffic.take(standard.going(Direction::Sent).view());
        traffic.take(standard.on(BusId(1)).view());
        assert_eq!(traffic.rows().len(), 4);
        traffic.clear_bus(BusId(0));
        assert_eq!(traffic.rows().len(), 1);
        let id = Id::standard(0x100).unwrap();
        assert!(traffic.row(BusId(1), id, Direction::Received).is_some());
    }

    #[test]
    fn the_table_is_bounded() {
        let mut traffic = Traffic::default();
        for raw in 0..ROWS as u32 + 10 {
            traffic.take(frame(0x10000 + raw, &[], 0).view());
        }
        assert_eq!(traffic.rows().len(), ROWS);
        assert_eq!(traffic.beyond, 10);
    }
}
