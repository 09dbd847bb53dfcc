//! The names that filters are compared with: buses, and the messages and signals of their codecs.
//! Finds the message of a frame as decoding does: the first codec of its bus that knows the id.

use std::sync::Arc;

use super::Filter;
use super::compile::Scope;
use super::kept::Sieves;
use super::mistake::Mistake;
use super::run::Sieve;
use crate::base::id::BusId;
use crate::engine::can::frame::Id;
use crate::engine::dbc::{Codec, Message};

/// Names of buses, messages and signals. Made anew when one of them changes.
#[derive(Clone, Default)]
pub struct Vocabulary {
    buses: Vec<Bus>,
    /// Codecs of buses that are not listed, by position.
    common: Vec<usize>,
    codecs: Vec<Known>,
    pub(super) sieves: Sieves,
}

#[derive(Clone)]
struct Bus {
    name: String,
    /// Its codecs, by position.
    codecs: Vec<usize>,
}

/// A codec, and the number of its first message among those of all codecs.
#[derive(Clone)]
struct Known {
    codec: Arc<Codec>,
    first: usize,
}

impl Vocabulary {
    /// Without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of recordings whose buses all speak by one codec; their names come later.
    #[must_use]
    pub fn of_recording(codec: Arc<Codec>) -> Self {
        let mut vocabulary = Self::default();
        let at = vocabulary.know(codec);
        vocabulary.common.push(at);
        vocabulary
    }

    /// The filter of `text`, ready to run over frames of these buses: made once, then kept for as long
    /// as these names are.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn sieve(&self, text: &str, scope: Scope) -> Result<Arc<Sieve>, Mistake> {
        let make = || Filter::parse(text)?.compile(self, scope).map(Arc::new);
        self.sieves.get(text, scope, make)
    }

    /// Adds the next bus, with the codecs that are asked in this order.
    pub fn add_bus(&mut self, name: &str, codecs: &[Arc<Codec>]) {
        self.sieves = Sieves::default();
        let codecs = codecs.iter().map(|codec| self.know(Arc::clone(codec))).collect();
        self.buses.push(Bus { name: name.to_owned(), codecs });
    }

    /// Names the buses of a recording, all of them with what any bus has.
    pub fn name_buses<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.sieves = Sieves::default();
        let common = &self.common;
        let bus = |name: &str| Bus { name: name.to_owned(), codecs: common.clone() };
        self.buses = names.into_iter().map(bus).collect();
    }

    fn know(&mut self, codec: Arc<Codec>) -> usize {
        if let Some(at) = self.codecs.iter().position(|known| Arc::ptr_eq(&known.codec, &codec)) {
            return at;
        }
        let first = self.message_count();
        self.codecs.push(Known { codec, first });
        self.codecs.len() - 1
    }

    /// Messages of all codecs.
    pub(super) fn message_count(&self) -> usize {
        self.codecs.last().map_or(0, |last| last.first + last.codec.messages().len())
    }

    /// All messages with their numbers.
    pub(super) fn messages(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.codecs.iter().flat_map(|known| {
            known.codec.messages().map(|(index, message)| (known.first + index.place(), message))
        })
    }

    /// Names of all buses, in their order.
    pub(super) fn bus_names(&self) -> impl Iterator<Item = &str> {
        self.buses.iter().map(|bus| bus.name.as_str())
    }

    /// Number of the message of a frame.
    #[inline]
    pub(super) fn find(&self, bus: BusId, id: Id) -> Option<usize> {
        let bus = self.buses.get(usize::from(bus.0));
        let codecs = bus.map_or(&self.common, |bus| &bus.codecs);
        codecs.iter().find_map(|&at| {
            let known = self.codecs.get(at)?;
            known.codec.find(id).map(|index| known.first + index.place())
        })
    }
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let buses: Vec<&str> = self.bus_names().collect();
        let mut shown = f.debug_struct("Vocabulary");
        shown.field("buses", &buses).field("messages", &self.message_count()).finish()
    }
}
