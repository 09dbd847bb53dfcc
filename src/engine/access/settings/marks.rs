//! Where the value of a setting comes from: who set it and when, read out of the journal, which knows it
//! anyway; and what stands above it for this run.

use std::collections::BTreeMap;

use crate::base::time::Wall;

/// The last change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who made it.
    pub who: String,
    /// When.
    pub at: Wall,
}

/// The last change of every setting that was ever changed, by its name such as `sessions.idle_min`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub BTreeMap<String, Mark>);

impl Marks {
    /// The last change of the setting of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Mark> {
        self.0.get(name)
    }
}

/// What stands above a setting for this run of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The setting, such as `web.listen`.
    pub field: &'static str,
    /// What holds instead, as it is written.
    pub value: String,
    /// Who says so.
    pub by: OverrideBy,
    /// The argument or variable: `--listen`, `BUSBAR_LOG`.
    pub name: &'static str,
}

/// Who stands above a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideBy {
    /// An argument of the command line.
    CommandLine,
    /// A variable of the environment.
    Environment,
}
