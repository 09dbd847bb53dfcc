//! The values of one signal over time, so that drawing them costs what the picture is wide and not
//! how long the series is: of every 64 and of every 4096 values the lowest and the highest are kept.
//! A time without values is a gap, and a gap stays one however coarse the picture is.

use std::collections::VecDeque;

/// Values of a chunk.
const CHUNK: usize = 4096;
/// Values of a block.
const BLOCK: usize = 64;
/// Blocks that are kept as one too.
const SOME: usize = 8;
/// Most values that are kept one by one; of older ones only their blocks are.
const MOST_SAMPLES: u64 = 2_000_000;
/// A value that comes later than so many usual times between two leaves a gap.
const GAP_CYCLES: f64 = 4.0;
/// And not before this time, nanoseconds.
const GAP_LEAST: f64 = 5e8;
/// Weight of the newest time between two values in the usual one.
const WEIGHT: f64 = 0.125;

/// Whether a line goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joint {
    /// It goes on from the point before.
    #[default]
    Joined,
    /// It begins here: before it is a gap.
    Begins,
}

/// A value at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, nanoseconds of its bus.
    pub at: i64,
    /// How much.
    pub value: f64,
    /// Whether the line goes on from the point before.
    pub joint: Joint,
}

/// Values beside each other, as one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    first: i64,
    last: i64,
    head: f64,
    tail: f64,
    low: f64,
    high: f64,
    /// Before its first value is a gap.
    joint: Joint,
    /// Somewhere between its values is a gap.
    broken: bool,
}

impl Block {
    const fn of(point: Point) -> Self {
        let Point { at, value, joint } = point;
        let (head, tail, low, high) = (value, value, value, value);
        Self { first: at, last: at, head, tail, low, high, joint, broken: false }
    }

    fn join(&mut self, next: &Self) {
        self.last = next.last;
        self.tail = next.tail;
        self.low = self.low.min(next.low);
        self.high = self.high.max(next.high);
        self.broken |= next.broken || next.joint == Joint::Begins;
    }

    const fn span(&self) -> i64 {
        self.last.saturating_sub(self.first)
    }
}

#[derive(Debug, Default)]
struct Chunk {
    /// Empty where only the blocks are kept.
    samples: Vec<(i64, f64)>,
    /// Places of samples before which is a gap.
    gaps: Vec<u16>,
    blocks: Vec<Block>,
    /// Of [`SOME`] blocks each.
    middles: Vec<Block>,
    whole: Option<Block>,
    count: usize,
}

impl Chunk {
    fn push(&mut self, point: Point) {
        if point.joint == Joint::Begins {
            self.gaps.push(self.count as u16);
        }
        self.samples.push((point.at, point.value));
        let block = Block::of(point);
        for (kept, of) in [(&mut self.blocks, BLOCK), (&mut self.middles, BLOCK * SOME)] {
            match kept.last_mut().filter(|_| !self.count.is_multiple_of(of)) {
                Some(last) => last.join(&block),
                None => kept.push(block),
            }
        }
        match &mut self.whole {
            Some(whole) => whole.join(&block),
            None => self.whole = Some(block),
        }
        self.count += 1;
    }

    /// The blocks of a middle, or their values where a block is wider than a column.
    fn draw(&self, middle: usize, drawn: &mut Columns) {
        let from = middle * SOME;
        for (place, block) in self.blocks.iter().enumerate().skip(from).take(SOME) {
            if drawn.is_done() {
                return;
            }
            if self.samples.is_empty() || block.span() <= drawn.width {
                drawn.add(*block);
            } else {
                self.points(place).for_each(|point| drawn.add(Block::of(point)));
            }
        }
    }

    fn points(&self, block: usize) -> impl Iterator<Item = Point> + '_ {
        let from = block * BLOCK;
        let some = self.samples.iter().enumerate().skip(from).take(BLOCK);
        some.map(|(place, &(at, value))| {
            let begins = self.gaps.binary_search(&(place as u16)).is_ok();
            let joint = if begins { Joint::Begins } else { Joint::Joined };
            Point { at, value, joint }
        })
    }
}

/// The values of one signal.
#[derive(Debug, Default)]
pub struct Series {
    chunks: VecDeque<Chunk>,
    /// Values that are kept one by one.
    kept: u64,
    /// Usual time between two, nanoseconds.
    cycle: Option<f64>,
    last: Option<i64>,
    /// Values whose time is before that of the one before them.
    backwards: u64,
    is_missing: bool,
}

impl Series {
    /// Adds the next value. One that is no number leaves a gap; one whose time runs backwards is
    /// counted and left out.
    pub fn push(&mut self, at: i64, value: f64) {
        if !value.is_finite() {
            self.is_missing = true;
            return;
        }
        let gap = match self.last {
            None => true,
            Some(last) if at < last => {
                self.backwards += 1;
                return;
            }
            Some(last) => self.is_late((at - last) as f64),
        };
        if let Some(last) = self.last.filter(|_| !gap) {
            let span = (at - last) as f64;
            self.cycle = Some(self.cycle.map_or(span, |mean| mean + (span - mean) * WEIGHT));
        }
        let begins = gap || std::mem::take(&mut self.is_missing);
        let joint = if begins { Joint::Begins } else { Joint::Joined };
        self.last = Some(at);
        if self.chunks.back().is_none_or(|chunk| chunk.count == CHUNK) {
            self.chunks.push_back(Chunk::default());
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(Point { at, value, joint });
        }
        self.kept += 1;
        self.bound();
    }

    /// Lets go of single values where there are too many: their blocks stay.
    fn bound(&mut self) {
        while self.kept > MOST_SAMPLES {
            let Some(oldest) = self.chunks.iter_mut().find(|chunk| !chunk.samples.is_empty())
            else {
                return;
            };
            self.kept = self.kept.saturating_sub(oldest.samples.len() as u64);
            (oldest.samples, oldest.gaps) = (Vec::new(), Vec::new());
        }
    }

    /// Whether a value that comes `span` nanoseconds after another one comes too late for a line
    /// between them.
    fn is_late(&self, span: f64) -> bool {
        let usual = self.cycle.unwrap_or(GAP_LEAST);
        span > (usual * GAP_CYCLES).max(GAP_LEAST)
    }

    /// Forgets what is older, a chunk at a time.
    pub fn forget_before(&mut self, at: i64) {
        while self.chunks.front().and_then(|one| one.whole).is_some_and(|whole| whole.last < at) {
            if let Some(gone) = self.chunks.pop_front() {
                self.kept = self.kept.saturating_sub(gone.samples.len() as u64);
            }
        }
    }

    /// The time of the first and of the last value.
    #[must_use]
    pub fn ends(&self) -> Option<(i64, i64)> {
        let first = self.chunks.front()?.whole?.first;
        Some((first, self.last?))
    }

    /// Values that it was given and has not forgotten.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.count as u64).sum()
    }

    /// Values that were left out because their time ran backwards.
    #[must_use]
    pub const fn backwards(&self) -> u64 {
        self.backwards
    }

    /// Bytes that it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |chunk: &Chunk| {
            let blocks = chunk.blocks.capacity() + chunk.middles.capacity();
            chunk.samples.capacity() * 16 + blocks * size_of::<Block>()
        };
        self.chunks.iter().map(of).sum::<usize>() as u64
    }

    /// The value that held at `at`: the newest before it, unless that one was too old by then.
    #[must_use]
    pub fn value_at(&self, at: i64) -> Option<(i64, f64)> {
        let place = self.chunks.partition_point(|one| one.whole.is_some_and(|w| w.first <= at));
        let chunk = self.chunks.get(place.checked_sub(1)?)?;
        let (time, value) = if chunk.samples.is_empty() {
            let place = chunk.blocks.partition_point(|block| block.first <= at);
            let block = chunk.blocks.get(place.checked_sub(1)?)?;
            (block.last.min(at), block.tail)
        } else {
            let place = chunk.samples.partition_point(|(time, _)| *time <= at);
            *chunk.samples.get(place.checked_sub(1)?)?
        };
        (!self.is_late((at - time) as f64)).then_some((time, value))
    }

    /// Points that draw it between two moments, in at most `columns` columns of the same width: of
    /// each the first, the lowest, the highest and the last value. One point beyond either end is
    /// there too, so that lines leave the picture.
    #[must_use]
    pub fn points(&self, from: i64, until: i64, columns: usize) -> Vec<Point> {
        let width = (until.saturating_sub(from) / columns.max(1) as i64).max(1);
        let (open, before, out) = (None, None, Vec::new());
        let mut drawn = Columns { width, until, from, open, edge: from, before, out };
        let start = self.chunks.partition_point(|one| one.whole.is_some_and(|w| w.last < from));
        for chunk in self.chunks.iter().skip(start.saturating_sub(1)) {
            let Some(whole) = &chunk.whole else { continue };
            if drawn.is_done() {
                break;
            }
            if whole.span() <= width {
                drawn.add(*whole);
                continue;
            }
            let first = chunk.middles.partition_point(|middle| middle.last < from);
            for (place, middle) in chunk.middles.iter().enumerate().skip(first.saturating_sub(1)) {
                if drawn.is_done() {
                    break;
                }
                if middle.span() <= width {
                    drawn.add(*middle);
                } else {
                    chunk.draw(place, &mut drawn);
                }
            }
        }
        drawn.finish()
    }
}

/// Puts what comes into columns.
struct Columns {
    width: i64,
    from: i64,
    until: i64,
    open: Option<Block>,
    /// Where the column of the open one ends.
    edge: i64,
    /// The last one before the picture.
    before: Option<Block>,
    out: Vec<Point>,
}

impl Columns {
    /// Whether something behind the picture is there.
    fn is_done(&self) -> bool {
        self.open.is_some_and(|open| open.first > self.until)
    }

    fn add(&mut self, block: Block) {
        if self.is_done() {
            return;
        }
        if block.last < self.from {
            self.before = Some(block);
            return;
        }
        if let Some(before) = self.before.take() {
            let Block { last: at, tail: value, .. } = before;
            self.out.push(Point { at, value, joint: Joint::Begins });
        }
        match &mut self.open {
            Some(open) if block.joint == Joint::Joined && block.first < self.edge => {
                open.join(&block);
            }
            Some(_) | None => {
                self.close();
                let column = block.first.saturating_sub(self.from).div_euclid(self.width);
                let edge = (column + 1).saturating_mul(self.width);
                self.edge = self.from.saturating_add(edge);
                self.open = Some(block);
            }
        }
    }

    fn close(&mut self) {
        let Some(Block { first, last, head, tail, low, high, joint, .. }) = self.open.take() else {
            return;
        };
        let joint = if self.out.is_empty() { Joint::Begins } else { joint };
        self.out.push(Point { at: first, value: head, joint });
        let middle = first + (last - first) / 2;
        let joined = |at, value| Point { at, value, joint: Joint::Joined };
        if low < head.min(tail) {
            self.out.push(joined(middle, low));
        }
        if high > head.max(tail) {
            self.out.push(joined(middle, high));
        }
        if last > first {
            self.out.push(joined(last, tail));
        }
    }

    fn finish(mut self) -> Vec<Point> {
        self.close();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// A value every 10 ms.
    fn series(count: i64, value: impl Fn(i64) -> f64) -> Series {
        let mut series = Series::default();
        (0..count).for_each(|n| series.push(n * 10 * MS, value(n)));
        series
    }

    #[test]
    fn few_values_are_drawn_as_they_are() {
        let points = series(5, |n| n as f64).points(0, 40 * MS, 1_000);
        let seen: Vec<(i64, f64)> = points.iter().map(|p| (p.at / MS, p.value)).collect();
        assert_eq!(seen, [(0, 0.0), (10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)]);
        assert_eq!(points.iter().filter(|p| p.joint == Joint::Begins).count(), 1);
    }

    #[test]
    fn a_picture_of_a_million_values_is_as_wide_as_it_is_and_loses_no_spike() {
        let long = series(1_000_000, |n| if n == 777_777 { 99.0 } else { (n % 7) as f64 });
        let points = long.points(0, 1_000_000 * 10 * MS, 1_000);
        assert!(points.len() <= 4_000, "{}", points.len());
        let spike = points.iter().find(|p| p.value == 99.0).unwrap();
        assert!((spike.at - 777_777 * 10 * MS).abs() <= 10_000 * MS, "within its column");
        assert!(points.iter().any(|p| p.value == 0.0));
        assert!(points.windows(2).all(|w| w[0].at <= w[1].at), "time runs forwards");
        assert!(points.iter().filter(|p| p.joint == Joint::Begins).count() == 1);
        let near = long.points(7_777_700 * MS, 7_777_800 * MS, 1_000);
        assert!(near.iter().any(|p| p.value == 99.0 && p.at == 7_777_770 * MS), "to the value");
    }

    #[test]
    fn lines_go_on_beyond_both_ends_of_the_picture() {
        let points = series(100, |n| n as f64).points(205 * MS, 395 * MS, 1_000);
        assert_eq!((points[0].at, points.last().unwrap().at), (200 * MS, 400 * MS));
    }

    #[test]
    fn a_time_without_values_is_a_gap_at_every_width() {
        let mut halting = Series::default();
        for n in 0..100_000_i64 {
            let pause = if n >= 50_000 { 900_000 } else { 0 };
            halting.push((n * 10 + pause) * MS, 1.0);
        }
        for columns in [100, 1_000, 10_000] {
            let points = halting.points(0, 1_900_000 * MS, columns);
            let begins = points.iter().filter(|p| p.joint == Joint::Begins);
            let begins: Vec<i64> = begins.map(|p| p.at / MS).collect();
            assert_eq!(begins, [0, 1_400_000], "{columns} columns");
        }
    }

    #[test]
    fn what_is_no_number_is_a_gap_and_what_runs_backwards_is_left_out() {
        let mut odd = Series::default();
        for (at, value) in [(0, 1.0), (10, f64::NAN), (20, 2.0), (15, 7.0), (30, 3.0)] {
            odd.push(at * MS, value);
        }
        let points = odd.points(0, 100 * MS, 100);
        let joints: Vec<Joint> = points.iter().map(|p| p.joint).collect();
        assert_eq!(joints, [Joint::Begins, Joint::Begins, Joint::Joined]);
        assert_eq!((odd.backwards(), odd.count()), (1, 3));
    }

    #[test]
    fn the_value_at_a_moment_is_the_newest_before_it_unless_that_is_stale() {
        let mut one = series(100, |n| n as f64);
        assert_eq!(one.value_at(455 * MS), Some((450 * MS, 45.0)));
        assert_eq!(one.value_at(-1), None);
        assert_eq!(one.value_at(990 * MS + 400 * MS).map(|(_, v)| v), Some(99.0));
        assert_eq!(one.value_at(990 * MS + 600 * MS), None, "a stale value is none");
        one.push(5_000 * MS, 7.0);
        assert_eq!(one.value_at(3_000 * MS), None, "nor is there one within a gap");
    }

    #[test]
    fn memory_is_bounded_and_old_values_stay_as_blocks() {
        let long = series(MOST_SAMPLES as i64 + 10_000, |n| n as f64);
        assert!(long.kept <= MOST_SAMPLES);
        assert_eq!(long.count(), MOST_SAMPLES + 10_000);
        assert!(long.bytes() < 20 * MOST_SAMPLES, "{}", long.bytes());
        let front = long.points(0, 100 * 10 * MS, 1_000);
        assert_eq!(front[0].value, 0.0);
        assert!(front.len() < 12, "blocks of 64: {}", front.len());
    }

    #[test]
    fn what_the_tape_forgets_is_forgotten() {
        let mut long = series(20_000, |n| n as f64);
        long.forget_before(100_000 * MS);
        let (first, last) = long.ends().unwrap();
        assert!((50_000 * MS..100_000 * MS).contains(&first), "{}", first / MS);
        assert_eq!(last, 199_990 * MS);
    }
}
