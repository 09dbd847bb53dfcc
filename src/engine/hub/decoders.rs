//! Names and decodes what is on a bus: the devices of the profile first, then its DBC files in
//! their order.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::id::{BusId, Name};
use crate::base::problem::Problem;
use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frame, FrameRef, Id};
use crate::engine::dbc::{Codec, Kind, MessageIndex, Row, Signal};
use crate::engine::filter::Vocabulary;
use crate::engine::orders::dbc::BusDbc;

/// The codecs of every bus.
#[derive(Clone, Default)]
pub struct Decoders {
    buses: Vec<Vec<Arc<Codec>>>,
    /// Where each codec is from.
    sources: Vec<Vec<Source>>,
    /// The names that filters are compared with, as they were wanted last.
    names: Names,
}

/// Names of buses with the vocabulary that was made of them. A copy of the codecs may be changed, and
/// begins without it.
#[derive(Default)]
struct Names(Mutex<Option<(Vec<String>, Arc<Vocabulary>)>>);

impl Clone for Names {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Where a codec is from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A component of the profile; it is a part of Busbar.
    Device(Name),
    /// Nobody has said.
    Unsaid,
    /// A DBC file of the bus.
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problems: Arc<[Problem]>,
    },
}

impl Source {
    /// Where the codec of `dbc` is from.
    #[must_use]
    pub fn of(dbc: &BusDbc) -> Self {
        Self::File { file: dbc.file.clone(), problems: Arc::clone(&dbc.problems) }
    }
}

/// One decoded signal.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedSignal {
    /// Name.
    pub name: String,
    /// Physical value.
    pub value: f64,
    /// Raw bits.
    pub raw: u64,
    /// Unit.
    pub unit: String,
    /// Word of the value table that stands for the value.
    pub label: Option<String>,
    /// Decimals that the signal's factor is worth.
    pub places: usize,
    /// Comment.
    pub comment: String,
}

/// One decoded frame.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedFrame {
    /// Name of the message.
    pub message: String,
    /// Its comment.
    pub comment: String,
    /// The signals that are in the frame.
    pub signals: Vec<DecodedSignal>,
}

/// Reads one signal out of the frames of its message.
#[derive(Clone, Debug)]
pub struct Picker {
    codec: Arc<Codec>,
    index: MessageIndex,
    position: usize,
}

impl Picker {
    /// Its value in a frame; none where it is not in it.
    #[must_use]
    pub fn value(&self, data: &[u8], row: &mut Row) -> Option<f64> {
        self.codec.decode(self.index, data, row);
        row.get(self.position)
    }

    fn signal(&self) -> Option<&Signal> {
        self.codec.signal(self.index, self.position)
    }

    /// Its unit.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.signal().map_or("", |signal| signal.unit.as_str())
    }

    /// Decimals that its factor is worth.
    #[must_use]
    pub fn places(&self) -> usize {
        self.signal().map_or(0, signal_places)
    }

    /// The word of its value table for a value.
    #[must_use]
    pub fn word(&self, value: f64) -> Option<&str> {
        let signal = self.signal().filter(|signal| !signal.labels.is_empty())?;
        let raw = ((value - signal.offset) / signal.factor).round();
        signal.label(raw as i64 as u64)
    }
}

/// A value for a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A physical value.
    Number(f64),
    /// A word of the signal's value table.
    Word(&'a str),
}

impl Value<'_> {
    fn of(self, signal: &Signal) -> Result<f64, String> {
        match self {
            Self::Number(number) if number.is_finite() => Ok(number),
            Self::Number(_) => Err(format!("{} needs a number", signal.name)),
            Self::Word(word) => {
                let same = |text: &str| text.eq_ignore_ascii_case(word);
                let label = signal.labels.iter().find(|label| same(&label.text));
                let Some(label) = label else {
                    return Err(format!("{} has no value called {word}", signal.name));
                };
                let raw = match signal.kind {
                    Kind::Unsigned => label.value as u64 as f64,
                    Kind::Signed | Kind::Float | Kind::Double => label.value as f64,
                };
                Ok(raw * signal.factor + signal.offset)
            }
        }
    }
}

impl Decoders {
    /// Without any codec, for `buses` buses.
    #[must_use]
    pub fn new(buses: usize) -> Self {
        let (buses, sources) = (vec![Vec::new(); buses], vec![Vec::new(); buses]);
        Self { buses, sources, names: Names::default() }
    }

    /// Adds a codec to a bus, after those it has.
    pub fn add(&mut self, bus: BusId, codec: Arc<Codec>) {
        self.add_from(bus, Source::Unsaid, codec);
    }

    /// The same, with where it is from.
    pub fn add_from(&mut self, bus: BusId, source: Source, codec: Arc<Codec>) {
        self.names = Names::default();
        let at = usize::from(bus.0);
        if let (Some(codecs), Some(sources)) = (self.buses.get_mut(at), self.sources.get_mut(at)) {
            codecs.push(codec);
            sources.push(source);
        }
    }

    /// Takes the DBC files of a bus away; its devices stay.
    pub fn drop_files(&mut self, bus: BusId) {
        self.names = Names::default();
        let at = usize::from(bus.0);
        let (Some(codecs), Some(sources)) = (self.buses.get_mut(at), self.sources.get_mut(at))
        else {
            return;
        };
        let mut kept = sources.iter().map(|source| matches!(source, Source::Device(_)));
        codecs.retain(|_| kept.next().unwrap_or(true));
        sources.retain(|source| matches!(source, Source::Device(_)));
    }

    /// The codecs of a bus with where they are from, in the order in which they are asked.
    pub fn sources(&self, bus: BusId) -> impl Iterator<Item = (&Source, &Arc<Codec>)> + '_ {
        let at = usize::from(bus.0);
        let sources = self.sources.get(at).map_or(&[][..], Vec::as_slice);
        sources.iter().zip(self.codecs(bus))
    }

    /// The names that filters are compared with, of buses called so. Made once for the same names, with
    /// the filters that were made ready.
    #[must_use]
    pub fn vocabulary(&self, buses: &[&str]) -> Arc<Vocabulary> {
        let mut names = self.names.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, vocabulary)) = &*names
            && known.iter().map(String::as_str).eq(buses.iter().copied())
        {
            return Arc::clone(vocabulary);
        }
        let mut vocabulary = Vocabulary::new();
        for (name, bus) in buses.iter().zip(0..) {
            vocabulary.add_bus(name, self.codecs(BusId(bus)));
        }
        let vocabulary = Arc::new(vocabulary);
        let known = buses.iter().map(|name| (*name).to_owned()).collect();
        *names = Some((known, Arc::clone(&vocabulary)));
        vocabulary
    }

    /// The codecs of a bus, in the order in which they are asked.
    #[must_use]
    pub fn codecs(&self, bus: BusId) -> &[Arc<Codec>] {
        self.buses.get(usize::from(bus.0)).map_or(&[], Vec::as_slice)
    }

    /// Name of the message with `id` on `bus`.
    #[must_use]
    pub fn name(&self, bus: BusId, id: Id) -> Option<&str> {
        self.find(bus, id).map(|(codec, index)| codec.message(index).name.as_str())
    }

    /// Takes a frame apart.
    #[must_use]
    pub fn decode(&self, frame: FrameRef<'_>) -> Option<DecodedFrame> {
        let (codec, index) = self.find(frame.bus(), frame.id())?;
        let message = codec.message(index);
        let mut row = Row::default();
        codec.decode(index, frame.data, &mut row);
        let signals = row.values().filter_map(|(at, value)| {
            let signal = message.signals.get(at)?;
            let raw = row.raw(at).unwrap_or_default();
            Some(DecodedSignal {
                name: signal.name.clone(),
                value,
                raw,
                unit: signal.unit.clone(),
                label: signal.label(raw).map(str::to_owned),
                places: signal_places(signal),
                comment: signal.comment.clone().unwrap_or_default(),
            })
        });
        let comment = message.comment.clone().unwrap_or_default();
        Some(DecodedFrame { message: message.name.clone(), comment, signals: signals.collect() })
    }

    /// What reads this signal of the message with `id` on `bus`.
    #[must_use]
    pub fn pick(&self, bus: BusId, id: Id, signal: &str) -> Option<Picker> {
        let (codec, index) = self.found(bus, id)?;
        let position = codec.message(index).position(signal)?;
        Some(Picker { codec, index, position })
    }

    /// The codec that knows `id` on `bus`, and its message.
    pub(in crate::engine) fn found(
        &self,
        bus: BusId,
        id: Id,
    ) -> Option<(Arc<Codec>, MessageIndex)> {
        let codecs = self.codecs(bus).iter();
        let mut known = codecs.filter_map(|one| Some((Arc::clone(one), one.find(id)?)));
        known.next()
    }

    /// Every message of `bus` with its id and length, in the order of its devices and files.
    pub fn messages(&self, bus: BusId) -> impl Iterator<Item = (&str, Id, usize)> + '_ {
        let codecs = self.buses.get(usize::from(bus.0)).map_or(&[][..], Vec::as_slice);
        codecs.iter().flat_map(|codec| {
            codec.messages().map(|(_, one)| (one.name.as_str(), one.id, usize::from(one.len)))
        })
    }

    /// The words of the value table of a signal; none where it is a plain number or not known.
    #[must_use]
    pub fn words(&self, bus: BusId, id: Id, signal: &str) -> Vec<String> {
        let found = self.find(bus, id).and_then(|(codec, index)| {
            let message = codec.message(index);
            message.signals.get(message.position(signal)?)
        });
        let labels = found.into_iter().flat_map(|signal| signal.labels.iter());
        labels.map(|label| label.text.clone()).collect()
    }

    /// Puts one value into a frame and leaves its other bits as they are.
    ///
    /// # Errors
    /// Says what is not known or does not fit.
    pub fn edit(&self, frame: Frame, signal: &str, value: Value<'_>) -> Result<Frame, String> {
        let Some((codec, index)) = self.find(frame.bus(), frame.id()) else {
            return Err(format!("no device and no DBC file of this bus knows {}", frame.id()));
        };
        let message = codec.message(index);
        let at = message
            .position(signal)
            .ok_or_else(|| format!("the message {} has no signal {signal}", message.name))?;
        let shape = message.signals.get(at).ok_or_else(|| format!("no signal {signal}"))?;
        let value = value.of(shape)?;
        let mut done = Ok(());
        let edited = frame.edited(|data| done = codec.put(index, at, value, data));
        done.map(|()| edited).map_err(|error| error.to_string())
    }

    /// The frame of the message called `message` on `bus` with these values, by name of signal; a
    /// value is a number or a word of the signal's table. Signals that are not given are zero.
    ///
    /// # Errors
    /// Says what is not known or does not fit.
    pub fn encode(
        &self,
        bus: BusId,
        message: &str,
        values: &[(&str, Value<'_>)],
    ) -> Result<Frame, String> {
        let codecs = self.buses.get(usize::from(bus.0)).map_or(&[][..], Vec::as_slice);
        let mut found = codecs.iter().filter_map(|codec| Some((codec, codec.find_named(message)?)));
        let Some((codec, index)) = found.next() else {
            return Err(format!("no device and no DBC file of this bus has a message {message}"));
        };
        let shape = codec.message(index);
        let mut placed = Vec::with_capacity(values.len());
        for (name, value) in values {
            let Some(at) = shape.position(name) else {
                return Err(format!("the message {message} has no signal {name}"));
            };
            let signal = shape.signals.get(at).ok_or_else(|| format!("no signal {name}"))?;
            placed.push((at, value.of(signal)?));
        }
        let mut bytes = [0; FD_BYTES];
        let len = codec.encode(index, &placed, &mut bytes).map_err(|error| error.to_string())?;
        let data = bytes.get(..len).unwrap_or_default();
        let frame = match len {
            0..=CLASSIC_BYTES => Frame::classic(shape.id, data),
            _ => Frame::fd(shape.id, data),
        };
        frame.ok_or_else(|| format!("{message} has {len} bytes, which no frame has"))
    }

    fn find(&self, bus: BusId, id: Id) -> Option<(&Codec, MessageIndex)> {
        let codecs = self.buses.get(usize::from(bus.0))?;
        codecs.iter().find_map(|codec| codec.find(id).map(|index| (&**codec, index)))
    }
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoders").field("buses", &self.buses.len()).finish()
    }
}

/// Decimals that a signal is worth: those of its factor and offset; of a floating point number,
/// which has no step, four.
fn signal_places(signal: &Signal) -> usize {
    match signal.kind {
        Kind::Float | Kind::Double => 4,
        Kind::Unsigned | Kind::Signed if signal.offset == 0.0 => places(signal.factor),
        Kind::Unsigned | Kind::Signed => places(signal.factor).max(places(signal.offset)),
    }
}

/// Decimals that a step of `factor` is worth: none for whole numbers, at most 6.
fn places(factor: f64) -> usize {
    let mut scaled = factor.abs();
    for places in 0..6 {
        if (scaled - scaled.round()).abs() < 1e-9 * scaled.max(1.0) && scaled >= 1.0 {
            return places;
        }
        scaled *= 10.0;
    }
    6
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn a_factor_says_how_many_decimals_are_worth_showing() {
        assert_eq!([1.0, 0.1, 0.01, 0.5, 10.0].map(places), [0, 1, 2, 1, 0]);
        assert_eq!(places(0.0), 6);
    }
}
