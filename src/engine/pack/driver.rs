//! The driver controls as they are heard: which switches are on and what is asked of the motor.

use crate::base::reading::Patience;
use crate::base::time::Mono;
use crate::engine::device::{Fact, Level, Switches};
use crate::engine::pack::picture::{Identity, Remark};
use crate::engine::pack::seen::Seen;

/// The driver controls at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverPicture {
    /// The moment.
    pub at: Mono,
    /// Who it says it is.
    pub identity: Seen<Identity>,
    /// The switch word.
    pub switches: Seen<Switches>,
    /// The switches that are on, in words; empty when none is.
    pub switched_on: Vec<&'static str>,
    /// What the word means for the pack: "off", "accessories", "run", "start".
    pub key: Seen<&'static str>,
    /// Speed to reach, revolutions a minute, and motor current as a share.
    pub drive: Seen<(f64, f64)>,
    /// Highest bus current as a share.
    pub bus_current: Seen<f64>,
    /// Sentences, worst first.
    pub remarks: Vec<Remark>,
    /// The worst of them.
    pub level: Level,
}

/// The driver controls, from facts.
#[derive(Clone, Debug)]
pub struct DriverControls {
    patience: Patience,
}

impl DriverControls {
    /// Driver controls that were not heard yet.
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

    /// What they look like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> DriverPicture {
        DriverPicture { at: now, ..DriverPicture::default() }
    }
}
