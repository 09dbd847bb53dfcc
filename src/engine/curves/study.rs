//! A close look at one id: what each of its signals was at least and at most and what it did lately,
//! and for every value of its multiplexers the last frame.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Subject;
use crate::engine::can::frame::{Frame, FrameRef, Kind};
use crate::engine::dbc::{Codec, MessageIndex, Row};
use crate::engine::hub::decoders::Decoders;

/// Values of a signal that are kept for a small picture.
const RECENT: usize = 256;
/// Most values of multiplexers that are told apart.
const MOST_GROUPS: usize = 256;

/// What is known of one signal.
#[derive(Clone, Debug, Default)]
pub struct SignalStudy {
    /// Its name.
    pub name: String,
    /// Its smallest and its greatest value; none before the first.
    pub extremes: Option<(f64, f64)>,
    /// How many values there were.
    pub count: u64,
    /// The last ones with their times, nanoseconds of the bus.
    pub recent: VecDeque<(i64, f64)>,
}

impl SignalStudy {
    fn take(&mut self, at: i64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let (low, high) = self.extremes.unwrap_or((value, value));
        self.extremes = Some((low.min(value), high.max(value)));
        self.count += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((at, value));
    }
}

/// The frames with one value of the multiplexers.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last of them.
    pub last: Frame,
    /// How many there were.
    pub count: u64,
}

/// Everything about one id.
#[derive(Clone, Debug)]
pub struct Study {
    /// Which.
    pub subject: Subject,
    /// Frames looked at.
    pub frames: u64,
    /// Its signals in the order of the message.
    pub signals: Vec<SignalStudy>,
    /// The names of its multiplexers.
    pub switches: Vec<String>,
    /// For every value of them, raw, what came with it; empty where there is no multiplexer.
    pub groups: BTreeMap<Vec<u64>, Group>,
    /// Frames of further values, which are not told apart.
    pub beyond: u64,
    places: Vec<usize>,
    codec: Option<(Arc<Codec>, MessageIndex)>,
    row: Row,
}

impl Study {
    /// Of this id, without a frame yet.
    #[must_use]
    pub fn new(subject: Subject, decoders: &Decoders) -> Self {
        let codec = decoders.found(subject.bus, subject.id);
        let mut study = Self {
            subject,
            frames: 0,
            signals: Vec::new(),
            switches: Vec::new(),
            groups: BTreeMap::new(),
            beyond: 0,
            places: Vec::new(),
            codec,
            row: Row::new(),
        };
        if let Some((codec, index)) = &study.codec {
            let message = codec.message(*index);
            let named = |signal: &crate::engine::dbc::Signal| SignalStudy {
                name: signal.name.clone(),
                ..SignalStudy::default()
            };
            study.signals = message.signals.iter().map(named).collect();
            let mut places: Vec<usize> = message
                .signals
                .iter()
                .filter_map(|one| Some(one.selection.as_ref()?.switch))
                .collect();
            places.sort_unstable();
            places.dedup();
            let name = |place: &usize| message.signals.get(*place).map(|one| one.name.clone());
            study.switches = places.iter().filter_map(name).collect();
            study.places = places;
        }
        study
    }

    /// Takes in a frame, if it is one of these.
    pub fn take(&mut self, frame: FrameRef<'_>) {
        let Subject { bus, id, direction } = self.subject;
        if frame.id() != id || frame.bus() != bus || frame.direction() != direction {
            return;
        }
        if !matches!(frame.kind(), Kind::Data | Kind::Fd) {
            return;
        }
        self.frames += 1;
        let Some((codec, index)) = &self.codec else { return };
        codec.decode(*index, frame.data, &mut self.row);
        let at = frame.time().nanos();
        for (place, value) in self.row.values() {
            if let Some(signal) = self.signals.get_mut(place) {
                signal.take(at, value);
            }
        }
        if self.places.is_empty() {
            return;
        }
        let key: Vec<u64> = self.places.iter().filter_map(|place| self.row.raw(*place)).collect();
        if let Some(group) = self.groups.get_mut(&key) {
            group.last = frame.to_frame();
            group.count += 1;
        } else if self.groups.len() < MOST_GROUPS {
            self.groups.insert(key, Group { last: frame.to_frame(), count: 1 });
        } else {
            self.beyond += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::base::time::Mono;
    use crate::engine::can::frame::{Direction, Id};
    use crate::engine::dbc;

    const DBC: &str = "BO_ 256 Cells: 8 X\n SG_ Mux M : 0|8@1+ (1,0) [0|0] \"\" X\n \
                       SG_ A m0 : 8|8@1+ (0.5,0) [0|0] \"V\" X\n SG_ B m1 : 8|8@1+ (1,0) [0|0] \"\" X\n";

    fn decoders() -> Decoders {
        let codec = Codec::compile(&[&dbc::parse(DBC.as_bytes()).schema]);
        let mut decoders = Decoders::new(1);
        decoders.add(BusId(0), Arc::new(codec));
        decoders
    }

    #[test]
    fn every_value_of_a_multiplexer_has_its_last_frame_and_every_signal_its_extremes() {
        let id = Id::standard(256).unwrap();
        let subject = Subject { bus: BusId(0), id, direction: Direction::Received };
        let mut study = Study::new(subject, &decoders());
        for n in 0..10_u8 {
            let frame = Frame::classic(id, &[n % 2, n * 10, 0, 0, 0, 0, 0, 0]).unwrap();
            study.take(frame.at(Mono::from_millis(i64::from(n))).view());
        }
        study.take(Frame::classic(Id::standard(1).unwrap(), &[9; 8]).unwrap().view());
        study.take(Frame::classic(id, &[0; 8]).unwrap().going(Direction::Sent).view());
        assert_eq!((study.frames, study.switches.as_slice()), (10, &["Mux".to_owned()][..]));
        let groups: Vec<(&[u64], u64, u8)> = study
            .groups
            .iter()
            .map(|(key, group)| (key.as_slice(), group.count, group.last.view().data[1]))
            .collect();
        assert_eq!(groups, [(&[0][..], 5, 80), (&[1][..], 5, 90)]);
        let extremes: Vec<_> = study.signals.iter().map(|one| one.extremes).collect();
        assert_eq!(extremes, [Some((0.0, 1.0)), Some((0.0, 40.0)), Some((10.0, 90.0))]);
        assert_eq!(study.signals[1].recent.len(), 5, "only where its value selects it");
    }

    #[test]
    fn an_id_that_no_file_knows_has_frames_and_nothing_else() {
        let id = Id::standard(7).unwrap();
        let subject = Subject { bus: BusId(0), id, direction: Direction::Received };
        let mut study = Study::new(subject, &decoders());
        study.take(Frame::classic(id, &[1]).unwrap().view());
        assert_eq!((study.frames, study.signals.len(), study.groups.len()), (1, 0, 0));
    }
}
