//! A filter over a recording, whose buses get their names only as it is read.

use std::sync::Arc;

use super::{Filter, Memory, Mistake, Scope, Sieve, Vocabulary};
use crate::engine::can::frame::Frames;
use crate::engine::can::replay::Pick;
use crate::engine::dbc::Codec;

/// What buses are called where a recording has no names.
const NAMELESS: &str = "can0";

/// Picks frames of a recording, batch by batch in its order.
#[derive(Clone, Debug)]
pub struct Sifter {
    filter: Filter,
    vocabulary: Vocabulary,
    /// How many buses had a name when the sieve was made.
    named: usize,
    sieve: Sieve,
    memory: Memory,
}

impl Sifter {
    /// Of a filter in words, over frames that `codec` decodes.
    ///
    /// # Errors
    /// The filter cannot be read, or asks for what a recording does not have.
    pub fn new(text: &str, codec: Arc<Codec>) -> Result<Self, Mistake> {
        let filter = Filter::parse(text)?;
        let vocabulary = Vocabulary::of_recording(codec);
        let sieve = filter.compile(&vocabulary, Scope::Recording)?;
        Ok(Self { filter, vocabulary, named: 0, sieve, memory: Memory::new() })
    }

    /// Names in the filter that nothing has; of buses those that were named so far.
    #[must_use]
    pub fn warnings(&self) -> &[Mistake] {
        self.sieve.warnings()
    }

    /// Says of each frame of the next batch whether it is let through. `names` are those of all buses
    /// so far; empty ones count as `can0`.
    pub fn pick(&mut self, frames: &Frames, names: &[String], picked: &mut Vec<bool>) {
        if names.len() != self.named {
            self.named = names.len();
            let named = names.iter().map(String::as_str);
            let named = named.map(|name| if name.is_empty() { NAMELESS } else { name });
            self.vocabulary.name_buses(named);
            // It could be compiled before, and more names make nothing worse.
            if let Ok(sieve) = self.filter.compile(&self.vocabulary, Scope::Recording) {
                self.sieve = sieve;
            }
        }
        picked.clear();
        picked.extend(frames.iter().map(|frame| self.sieve.lets(frame, &mut self.memory)));
    }
}

impl Pick for Sifter {
    fn pick(&mut self, frames: &Frames, names: &[String], picked: &mut Vec<bool>) {
        Self::pick(self, frames, names, picked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::engine::can::frame::{Frame, Id};
    use crate::engine::dbc::Schema;

    fn batch(buses: &[u16]) -> Frames {
        let mut frames = Frames::default();
        for bus in buses {
            let frame = Frame::classic(Id::standard(1).unwrap(), &[*bus as u8]).unwrap();
            frames.push(frame.on(BusId(*bus)).view());
        }
        frames
    }

    #[test]
    fn a_bus_that_appears_late_is_known_from_then_on_and_what_changed_is_remembered() {
        let codec = Arc::new(Codec::compile(&[&Schema::default()]));
        let mut sifter = Sifter::new("bus:can1 changed or bus:can0", Arc::clone(&codec)).unwrap();
        let mut picked = Vec::new();
        sifter.pick(&batch(&[0, 0]), &[String::new()], &mut picked);
        assert_eq!(picked, [true, true], "a bus without a name is can0");
        let names = ["".to_owned(), "can1".to_owned()];
        sifter.pick(&batch(&[1, 0, 1]), &names, &mut picked);
        assert_eq!(picked, [true, true, false]);
        sifter.pick(&batch(&[1]), &names, &mut picked);
        assert_eq!((picked, sifter.warnings().len()), (vec![false], 0));
        assert!(Sifter::new("count:>1", codec).is_err());
    }
}
