//! The by-id table: for every bus, id and direction the last frame, how often it comes and which
//! bytes change. Knows nothing of what a frame means.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, Frame, FrameRef, Head, Id};

/// Most rows the table holds; frames of further ids are counted in [`Traffic::beyond`].
pub const ROWS: usize = 8192;

/// How long a changed byte stays warm.
const COOLING: Duration = Duration::from_secs(2);

/// Weight of the newest gap in the running mean of the cycle time.
const CYCLE_WEIGHT: f64 = 0.125;

/// One id of one bus in one direction.
#[derive(Clone, Debug)]
pub struct Row {
    /// The last frame.
    pub last: Frame,
    /// How many there were.
    pub count: u64,
    /// Running mean of the time between frames, nanoseconds; `None` before the second.
    pub cycle_ns: Option<f64>,
    /// When each of the first 8 bytes last changed.
    pub changed: [Option<Mono>; 8],
}

impl Row {
    const fn new(frame: Frame) -> Self {
        Self { last: frame, count: 1, cycle_ns: None, changed: [None; 8] }
    }

    fn take(&mut self, frame: FrameRef<'_>) {
        let now = frame.time();
        let gap = now.since(self.last.time()).as_nanos() as f64;
        self.cycle_ns = Some(match self.cycle_ns {
            Some(mean) => mean + (gap - mean) * CYCLE_WEIGHT,
            None => gap,
        });
        let before = self.last.view().data;
        if word(before) != word(frame.data) || before.len() != frame.data.len() {
            for (byte, at) in self.changed.iter_mut().enumerate() {
                if before.get(byte) != frame.data.get(byte) {
                    *at = Some(now);
                }
            }
        }
        self.last = frame.to_frame();
        self.count += 1;
    }

    /// How warm byte `index` is at `now`: 1 just after a change, cooling to 0.
    #[must_use]
    pub fn heat(&self, index: usize, now: Mono) -> f32 {
        let Some(at) = self.changed.get(index).copied().flatten() else { return 0.0 };
        let age = now.since(at).as_secs_f32() / COOLING.as_secs_f32();
        (1.0 - age).clamp(0.0, 1.0)
    }
}

/// The first eight bytes as one number, zeros behind the last: most frames say again what the one before
/// said, and that is seen at one look.
fn word(data: &[u8]) -> u64 {
    match data.first_chunk() {
        Some(whole) => u64::from_le_bytes(*whole),
        None => data.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
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
