//! Orders about device folders of the data folder: keeping one, removing one.

use crate::engine::access::permission::ChangeSettings;
use crate::engine::orders::deeds::devices as deed;
use crate::engine::orders::{Order, Route};
use crate::engine::profile::devices::Files;
use crate::engine::profile::shelf::Expected;

/// Keeps a device folder, in place of one of the same name. It is checked as every device folder is,
/// and in force at once; what runs goes by what it said when the profile was activated.
#[derive(Clone, Debug)]
pub struct KeepDevice {
    /// Its name, which is the id of the kind.
    pub name: String,
    /// What it says.
    pub files: Files,
    /// What has to be there, for whoever does not want to overwrite somebody else's.
    pub expected: Expected,
}

impl Order for KeepDevice {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "keep_device";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.name.clone()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::keep(desk, &self))
    }
}

/// Removes a device folder, if no profile names it.
#[derive(Clone, Debug)]
pub struct RemoveDevice {
    /// Its name.
    pub name: String,
    /// What has to be there.
    pub expected: Expected,
}

impl Order for RemoveDevice {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "remove_device";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.name.clone()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::remove(desk, &self))
    }
}
