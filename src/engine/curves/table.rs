//! Values of signals as a table: a row for every moment at which one of them has a value. Reads the
//! tape itself, so that every value is there and none is a picture's; knows no files.

use std::ops::ControlFlow;

use super::Line;
use crate::base::id::BusId;
use crate::engine::can::frame::{FrameRef, Id, Kind};
use crate::engine::can::tape::Reel;
use crate::engine::dbc::Row;
use crate::engine::hub::decoders::{Decoders, Picker};

/// Frames between two looks at whether somebody stopped it.
const LOOK: u64 = 16_384;

/// A signal whose values stand in a column.
#[derive(Clone, Debug)]
pub struct Column {
    /// The signal.
    pub line: Line,
    /// What is added to the times of its bus so that all columns have the same clock, nanoseconds.
    pub zero: i64,
}

/// What becomes of a table while it is made.
pub trait Take {
    /// Takes a row: its moment, and a value for every column that has one then.
    fn row(&mut self, at: i64, values: &[Option<f64>]) -> ControlFlow<()>;

    /// Hears now and then which share of the frames was looked through.
    fn looked(&mut self, share: f32) -> ControlFlow<()>;
}

/// Gives the rows of `columns` to `take`, the oldest first, until it breaks off. `between` are the first
/// and the last moment that count.
pub fn table(
    (reel, decoders): (&Reel, &Decoders),
    columns: &[Column],
    between: Option<(i64, i64)>,
    take: &mut dyn Take,
) -> ControlFlow<()> {
    let mut buses: Vec<BusId> = columns.iter().map(|column| column.line.bus).collect();
    buses.sort_unstable();
    buses.dedup();
    let mut tally = Tally { looked: 0, all: (reel.len() * buses.len() as u64).max(1) };
    let mut ways: Vec<Way<'_>> =
        buses.iter().map(|bus| Way::new((reel, decoders), *bus, columns, between)).collect();
    for way in &mut ways {
        way.go_on(&mut tally, take)?;
    }
    let mut open: Option<i64> = None;
    let mut values: Vec<Option<f64>> = vec![None; columns.len()];
    // Buses are read side by side: the stamps of one are in order, those of two need not be.
    while let Some(way) = ways.iter_mut().filter(|way| way.at.is_some()).min_by_key(|way| way.at) {
        let Some(at) = way.at else { break };
        let is_taken = |column: &usize| values.get(*column).is_some_and(Option::is_some);
        let fits = open == Some(at) && !way.values.iter().any(|(column, _)| is_taken(column));
        if let Some(before) = open.filter(|_| !fits) {
            take.row(before, &values)?;
            values.fill(None);
        }
        open = Some(at);
        for (column, value) in way.values.drain(..) {
            if let Some(cell) = values.get_mut(column) {
                *cell = Some(value);
            }
        }
        way.go_on(&mut tally, take)?;
    }
    open.map_or(ControlFlow::Continue(()), |at| take.row(at, &values))
}

/// How much was looked through.
struct Tally {
    looked: u64,
    all: u64,
}

/// The frames of one bus, and the next of them that has a value.
struct Way<'a> {
    frames: Box<dyn Iterator<Item = (u64, FrameRef<'a>)> + 'a>,
    bus: BusId,
    zero: i64,
    between: Option<(i64, i64)>,
    wanted: Vec<(usize, Id, Picker)>,
    row: Row,
    /// When that frame was; none at the end.
    at: Option<i64>,
    values: Vec<(usize, f64)>,
}

impl<'a> Way<'a> {
    fn new(
        (reel, decoders): (&'a Reel, &Decoders),
        bus: BusId,
        columns: &[Column],
        between: Option<(i64, i64)>,
    ) -> Self {
        let own = columns.iter().enumerate().filter(|(_, column)| column.line.bus == bus);
        let zero = own.clone().map(|(_, column)| column.zero).next().unwrap_or_default();
        let wanted = own.filter_map(|(place, Column { line, .. })| {
            Some((place, line.id, decoders.pick(bus, line.id, &line.signal)?))
        });
        Self {
            frames: Box::new(reel.from(reel.first()).take(reel.len() as usize)),
            bus,
            zero,
            between,
            wanted: wanted.collect(),
            row: Row::new(),
            at: None,
            values: Vec::new(),
        }
    }

    /// Goes to the next frame that has a value.
    fn go_on(&mut self, tally: &mut Tally, take: &mut dyn Take) -> ControlFlow<()> {
        self.at = None;
        self.values.clear();
        for (_, frame) in &mut self.frames {
            tally.looked += 1;
            if tally.looked.is_multiple_of(LOOK) {
                take.looked((tally.looked as f64 / tally.all as f64) as f32)?;
            }
            if frame.bus() != self.bus || !matches!(frame.kind(), Kind::Data | Kind::Fd) {
                continue;
            }
            let at = frame.time().nanos().saturating_add(self.zero);
            if self.between.is_some_and(|(first, last)| at < first || at > last) {
                continue;
            }
            for (place, id, picker) in &self.wanted {
                if *id != frame.id() {
                    continue;
                }
                let value = picker.value(frame.data, &mut self.row);
                self.values.extend(value.filter(|one| one.is_finite()).map(|one| (*place, one)));
            }
            if !self.values.is_empty() {
                self.at = Some(at);
                break;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::Mono;
    use crate::engine::can::frame::{Frame, Frames};
    use crate::engine::can::tape::Tape;
    use crate::engine::dbc::{self, Codec};

    const DBC: &str = "BO_ 3 Three: 8 X\n SG_ Volts : 0|8@1+ (0.5,0) [0|0] \"V\" X\n \
                       SG_ Mux M : 8|8@1+ (1,0) [0|0] \"\" X\n \
                       SG_ Cell m1 : 16|8@1+ (1,0) [0|0] \"mV\" X\n";

    /// What was given, and after how many rows and looks it breaks off.
    struct Kept {
        rows: Vec<(i64, Vec<Option<f64>>)>,
        looks: Vec<f32>,
        most: (usize, usize),
    }

    impl Take for Kept {
        fn row(&mut self, at: i64, values: &[Option<f64>]) -> ControlFlow<()> {
            self.rows.push((at, values.to_vec()));
            if self.rows.len() < self.most.0 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }

        fn looked(&mut self, share: f32) -> ControlFlow<()> {
            self.looks.push(share);
            if self.looks.len() < self.most.1 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }
    }

    fn decoders() -> Decoders {
        let codec = Arc::new(Codec::compile(&[&dbc::parse(DBC.as_bytes()).schema]));
        let mut decoders = Decoders::new(2);
        decoders.add(BusId(0), Arc::clone(&codec));
        decoders.add(BusId(1), codec);
        decoders
    }

    fn column(bus: u16, signal: &str, zero: i64) -> Column {
        let id = Id::standard(3).unwrap();
        Column { line: Line { bus: BusId(bus), id, signal: signal.to_owned() }, zero }
    }

    /// Frames on either bus as they came: bus, moment, bytes.
    fn reel(frames: &[(u16, i64, [u8; 3])]) -> Reel {
        let mut batch = Frames::default();
        for (bus, at, bytes) in frames {
            let frame = Frame::classic(Id::standard(3).unwrap(), bytes).unwrap();
            batch.push(frame.on(BusId(*bus)).at(Mono::from_nanos(*at)).view());
        }
        let other = Frame::classic(Id::standard(4).unwrap(), &[9; 3]).unwrap();
        batch.push(other.at(Mono::from_nanos(1)).view());
        let mut tape = Tape::default();
        tape.push(&batch);
        tape.reel()
    }

    fn made(reel: &Reel, columns: &[Column], between: Option<(i64, i64)>) -> Kept {
        let mut kept = Kept { rows: Vec::new(), looks: Vec::new(), most: (99, 99) };
        let done = table((reel, &decoders()), columns, between, &mut kept);
        assert_eq!(done, ControlFlow::Continue(()));
        kept
    }

    #[test]
    fn a_row_has_the_values_of_its_moment_and_nothing_where_a_signal_has_none() {
        // The second bus began ten later, so that its 5 is the first one's 15.
        let frames = [
            (0, 10, [2, 1, 7]),
            (0, 15, [4, 0, 7]),
            (0, 30, [6, 0, 7]),
            (1, 5, [8, 0, 0]),
            (1, 12, [10, 0, 0]),
        ];
        let columns = [column(0, "Volts", 0), column(0, "Cell", 0), column(1, "Volts", 10)];
        let kept = made(&reel(&frames), &columns, None);
        let expected = [
            (10, vec![Some(1.0), Some(7.0), None]),
            (15, vec![Some(2.0), None, Some(4.0)]),
            (22, vec![None, None, Some(5.0)]),
            (30, vec![Some(3.0), None, None]),
        ];
        assert_eq!(kept.rows, expected);
        let part = made(&reel(&frames), &columns, Some((15, 22)));
        assert_eq!(part.rows, expected[1..3]);
    }

    #[test]
    fn no_value_is_lost_where_two_frames_have_the_same_time() {
        let kept =
            made(&reel(&[(0, 5, [2, 0, 0]), (0, 5, [4, 0, 0])]), &[column(0, "Volts", 0)], None);
        assert_eq!(kept.rows, [(5, vec![Some(1.0)]), (5, vec![Some(2.0)])]);
    }

    #[test]
    fn a_signal_that_nobody_knows_has_no_row() {
        let reel = reel(&[(0, 5, [2, 0, 0])]);
        assert_eq!(made(&reel, &[column(0, "Else", 0)], None).rows, []);
        assert_eq!(made(&reel, &[], None).rows, []);
    }

    #[test]
    fn it_ends_when_it_is_told_to_and_says_how_far_it_is() {
        let many: Vec<_> = (0..40_000).map(|n| (0, n, [2, 0, 0])).collect();
        let (reel, decoders) = (reel(&many), decoders());
        for most in [(7, 99), (99_999, 2)] {
            let mut kept = Kept { rows: Vec::new(), looks: Vec::new(), most };
            let done = table((&reel, &decoders), &[column(0, "Volts", 0)], None, &mut kept);
            assert_eq!(done, ControlFlow::Break(()));
            assert!(kept.rows.len() == 7 || kept.looks.len() == 2);
            assert!(kept.looks.iter().all(|share| (0.3..0.9).contains(share)), "{:?}", kept.looks);
        }
    }
}
