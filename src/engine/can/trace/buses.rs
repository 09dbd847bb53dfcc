//! The buses of a recording, numbered in the order they are met.

use crate::base::id::BusId;
use crate::engine::can::trace::line::Bus;

/// Most buses of one recording.
const LIMIT: usize = 256;

/// The buses met so far.
#[derive(Clone, Debug, Default)]
pub struct Buses {
    names: Vec<String>,
    last: usize,
    /// The buses that go by numbers, at the places of these, so that no name is made of a number
    /// again and again.
    numbered: Vec<Option<BusId>>,
}

impl Buses {
    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The bus of this name, if it was met.
    pub fn known(&mut self, name: &[u8]) -> Option<BusId> {
        if self.names.get(self.last).is_none_or(|last| last.as_bytes() != name) {
            self.last = self.names.iter().position(|known| known.as_bytes() == name)?;
        }
        u16::try_from(self.last).ok().map(BusId)
    }

    /// The number of a bus; `None` when there are too many.
    pub fn number(&mut self, bus: Bus<'_>) -> Option<BusId> {
        match bus {
            Bus::Named(name) => {
                self.known(name).or_else(|| self.meet(String::from_utf8_lossy(name).into_owned()))
            }
            Bus::Numbered(number) => {
                let place = number as usize;
                if let Some(Some(bus)) = self.numbered.get(place) {
                    return Some(*bus);
                }
                let bus = self.meet(format!("can{number}"))?;
                if place < LIMIT {
                    self.numbered.resize(self.numbered.len().max(place + 1), None);
                    *self.numbered.get_mut(place)? = Some(bus);
                }
                Some(bus)
            }
            Bus::Unsaid => self.known(b"can0").or_else(|| self.meet("can0".to_owned())),
        }
    }

    /// The bus of this name, which may be a new one.
    fn meet(&mut self, name: String) -> Option<BusId> {
        self.last = match self.names.iter().position(|known| *known == name) {
            Some(place) => place,
            None if self.names.len() < LIMIT => {
                self.names.push(name);
                self.names.len() - 1
            }
            None => return None,
        };
        u16::try_from(self.last).ok().map(BusId)
    }
}
