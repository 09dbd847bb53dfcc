//! A charger as it is heard: what it delivers, what it complains of, and what somebody tells it.

use crate::base::reading::Patience;
use crate::base::time::Mono;
use crate::base::units::{Amps, Volts, Watts};
use crate::engine::device::{ChargerCommand, ChargerFaults, Fact, Level};
use crate::engine::pack::picture::Remark;
use crate::engine::pack::seen::Seen;

/// A charger at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChargerPicture {
    /// The moment.
    pub at: Mono,
    /// Output voltage.
    pub voltage: Seen<Volts>,
    /// Output current, positive into the battery.
    pub current: Seen<Amps>,
    /// Output power.
    pub power: Seen<Watts>,
    /// What it complains of.
    pub faults: Seen<ChargerFaults>,
    /// What somebody on the bus tells it.
    pub command: Seen<ChargerCommand>,
    /// One word on it: "charging", "idle", "fault", "lost", "never heard".
    pub state: &'static str,
    /// Sentences, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of them.
    pub level: Level,
}

/// A charger, from facts.
#[derive(Clone, Debug)]
pub struct Charger {
    patience: Patience,
}

impl Charger {
    /// A charger that was not heard yet.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self { patience }
    }

    /// Takes in a fact heard at `at`.
    pub fn apply(&mut self, at: Mono, fact: &Fact) {
        let _ = (at, fact, self.patience);
    }

    /// Forgets everything, as after a jump in a recording.
    pub fn forget(&mut self) {
        *self = Self::new(self.patience);
    }

    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> ChargerPicture {
        ChargerPicture { at: now, state: "never heard", ..ChargerPicture::default() }
    }
}
