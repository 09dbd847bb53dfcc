//! Names and decodes what is on a bus: the devices of the profile first, then its DBC files in
//! their order.

use std::sync::Arc;

use crate::base::id::BusId;
use crate::engine::can::frame::{FrameRef, Id};
use crate::engine::dbc::{Codec, Kind, MessageIndex, Row, Signal};

/// The codecs of every bus.
#[derive(Clone, Default)]
pub struct Decoders {
    buses: Vec<Vec<Arc<Codec>>>,
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

impl Decoders {
    /// Without any codec, for `buses` buses.
    #[must_use]
    pub fn new(buses: usize) -> Self {
        Self { buses: vec![Vec::new(); buses] }
    }

    /// Adds a codec to a bus, after those it has.
    pub fn add(&mut self, bus: BusId, codec: Arc<Codec>) {
        if let Some(codecs) = self.buses.get_mut(usize::from(bus.0)) {
            codecs.push(codec);
        }
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
