//! What to run: from the arguments, from the last choice, or from what a person picks; and the
//! order that runs it. A choice becomes a profile in the data folder, where a person can edit it;
//! one that is there already is run as it stands, never overwritten.

use thiserror::Error;

use crate::engine::{
    ActivateProfile, Address, Library, LibraryError, PrepareError, Profile, StarterError,
    bus_profile, demo_profile, load_profile,
};

/// Something to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A scene on a virtual bus: a built-in one or a file.
    Demo(String),
    /// A bus: a recording with the components that speak in it, any other with the usual ones.
    Bus(Address),
    /// A profile of the data folder, or a profile file.
    Profile(String),
}

/// Why a choice cannot be run.
#[derive(Debug, Error)]
pub enum ChoiceError {
    /// The scene or the recording.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The profile.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A profile cannot be made for it.
    #[error(transparent)]
    Starter(#[from] StarterError),
}

impl Choice {
    /// The demo of the first start.
    #[must_use]
    pub fn first() -> Self {
        Self::Demo("demo".to_owned())
    }

    /// The order that runs it, from memory: nothing is written.
    ///
    /// # Errors
    /// Says what is wrong with the scene, profile or recording.
    pub fn order(&self, library: &Library) -> Result<ActivateProfile, ChoiceError> {
        match self.made(library)? {
            Made::New(profile) => Ok(ActivateProfile::of(profile)),
            Made::Kept(text) => {
                let file = library.resolve(&text)?;
                Ok(ActivateProfile::loaded(load_profile(&file, &library.catalog())?))
            }
        }
    }

    /// The order that runs it, and keeps it: the profile is written if it is not there yet, and
    /// remembered as the last choice.
    ///
    /// # Errors
    /// Says what is wrong with it, or that it cannot be written.
    #[cfg(feature = "desktop")]
    pub fn keep(&self, library: &Library) -> Result<ActivateProfile, ChoiceError> {
        let text = match self.made(library)? {
            Made::Kept(text) => text,
            Made::New(profile) => write_once(profile, library)?,
        };
        let order = Self::Profile(text.clone()).order(library)?;
        library.remember(|settings| settings.profile = Some(text))?;
        Ok(order)
    }

    fn made(&self, library: &Library) -> Result<Made, ChoiceError> {
        Ok(match self {
            Self::Demo(scene) => Made::New(demo_profile(scene)?),
            Self::Bus(address) => Made::New(bus_profile(address, &library.catalog())?),
            Self::Profile(text) => Made::Kept(text.clone()),
        })
    }
}

/// Where the profile of a choice comes from.
#[expect(clippy::large_enum_variant, reason = "one at a start")]
enum Made {
    /// It is made up now.
    New(Profile),
    /// It is kept: a name in the data folder, or a file.
    Kept(String),
}

/// Writes `profile` and returns its name. Where a profile of that name runs the same bus already,
/// that one is taken: a person may have edited it.
#[cfg(feature = "desktop")]
fn write_once(profile: Profile, library: &Library) -> Result<String, LibraryError> {
    let file = library.file_of(&profile.name);
    let bus = |profile: &Profile| -> Option<(Address, Option<String>)> {
        profile.buses.first().map(|bus| (bus.address.clone(), bus.scene.clone()))
    };
    if let Ok(there) = load_profile(&file, &library.catalog())
        && bus(&there.profile) == bus(&profile)
    {
        return Ok(profile.name.to_string());
    }
    let name = library.free_name(&profile.name);
    let profile = Profile { name, ..profile };
    library.save(&profile)?;
    Ok(profile.name.to_string())
}
