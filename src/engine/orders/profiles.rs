//! Orders about profiles: editing what one says, and keeping them in the data folder. What is edited is
//! one text, named by its revision: whoever edits an older one is told, and nothing is overwritten
//! unseen. The running profile is amended while it runs; what is charged, recorded, replayed or armed
//! on something that would change is named, and the edit refused.

use serde_json::json;

use crate::base::id::Name;
use crate::engine::access::permission::{CarryPack, ChangeSettings};
use crate::engine::orders::deeds::{packs, profiles as deed};
use crate::engine::orders::plant::{ActivateProfile, Command};
use crate::engine::orders::{Order, Route};
use crate::engine::profile::edit::{Change, Revision, words};
use crate::engine::profile::model::Profile;
use crate::engine::profile::pack::{Brought, Pack, Preview};
use crate::engine::store::versions::VersionId;

/// Changes what a profile says: the running one, or one in the data folder. Every edit is kept as a
/// version of the profile, but of one that is in no file.
#[derive(Clone, Debug)]
pub struct EditProfile {
    /// Which.
    pub profile: Name,
    /// The text that the changes were made on.
    pub on: Revision,
    /// The changes, one after the other. All of them are made, or none.
    pub changes: Vec<Change>,
}

/// Makes a profile say what one of its versions said. That is a new version.
#[derive(Clone, Debug)]
pub struct RestoreProfile {
    /// Which.
    pub profile: Name,
    /// Its text as it was seen.
    pub on: Revision,
    /// The version.
    pub version: VersionId,
}

/// Calls a profile of the data folder otherwise, also while it runs.
#[derive(Clone, Debug)]
pub struct RenameProfile {
    /// Which.
    pub profile: Name,
    /// Its text as it was seen.
    pub on: Revision,
    /// What it is to be called.
    pub to: Name,
}

/// Deletes a profile of the data folder. Not the running one.
#[derive(Clone, Debug)]
pub struct DeleteProfile {
    /// Which.
    pub profile: Name,
    /// Its text as it was seen; none: whatever it says.
    pub on: Option<Revision>,
}

/// Orders about texts of profiles that the hub knows: it says whether one runs.
#[derive(Clone, Debug)]
pub enum Profiling {
    /// See [`EditProfile`].
    Edit(EditProfile),
    /// See [`RestoreProfile`].
    Restore(RestoreProfile),
    /// See [`RenameProfile`].
    Rename(RenameProfile),
    /// See [`DeleteProfile`].
    Delete(DeleteProfile),
}

impl Profiling {
    /// Which profile it is about.
    #[must_use]
    pub const fn profile(&self) -> &Name {
        match self {
            Self::Edit(order) => &order.profile,
            Self::Restore(order) => &order.profile,
            Self::Rename(order) => &order.profile,
            Self::Delete(order) => &order.profile,
        }
    }
}

macro_rules! profile_order {
    ($order:ident, $name:literal, $variant:ident, |$one:ident| $target:expr) => {
        impl Order for $order {
            type Needs = ChangeSettings;
            type Done = ();
            const NAME: &'static str = $name;

            fn needs(&self) -> ChangeSettings {
                ChangeSettings
            }

            fn target(&self) -> String {
                let $one = self;
                $target
            }

            fn route(self) -> Route<()> {
                Route::Plant(Command::Profile(Box::new(Profiling::$variant(self))), ())
            }
        }
    };
}

profile_order!(EditProfile, "edit_profile", Edit, |one| format!(
    "{}: {}",
    one.profile,
    words(&one.changes)
));
profile_order!(RestoreProfile, "restore_profile", Restore, |one| format!(
    "{}: version {}",
    one.profile, one.version
));
profile_order!(RenameProfile, "rename_profile", Rename, |one| format!(
    "{}: {}",
    one.profile, one.to
));
profile_order!(DeleteProfile, "delete_profile", Delete, |one| one.profile.to_string());

/// What a new profile begins as.
#[derive(Clone, Debug)]
pub enum NewProfile {
    /// What this profile says.
    Of(Box<Profile>),
    /// A copy of this one, letter for letter but for its name.
    Copy(Name),
    /// This text, letter for letter: of a pack, or brought by somebody. Its name is set in it.
    Text(String),
}

/// Puts a profile into the data folder. It does not run yet. Never in place of another one.
#[derive(Clone, Debug)]
pub struct AddProfile {
    /// What it is to be called.
    pub name: Name,
    /// What it says.
    pub says: NewProfile,
}

impl Order for AddProfile {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "add_profile";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        match &self.says {
            NewProfile::Of(_) | NewProfile::Text(_) => self.name.to_string(),
            NewProfile::Copy(from) => format!("{}: copy of {from}", self.name),
        }
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::add(desk, &self))
    }
}

/// Notes that a profile is the one to open when Busbar is started next. Nothing that runs is changed.
#[derive(Clone, Debug)]
pub struct RememberProfile {
    /// Which.
    pub profile: Name,
}

impl Order for RememberProfile {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "remember_profile";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.profile.to_string()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::remember(desk, &self))
    }
}

/// Puts a profile pack into the data folder: its device folders, its DBC files, its recordings, its profile; all of it or
/// nothing. The profile does not run yet and never takes the place of another one.
#[derive(Clone, Debug)]
pub struct ImportPack {
    /// What it says.
    pub pack: Box<Pack>,
    /// What its profile is to be called; none: as it says.
    pub name: Option<Name>,
    /// The mark of the preview that was seen: device folders and DBC files that were told as changed are
    /// replaced then, if nothing is otherwise meanwhile. None: nothing is replaced.
    pub seen: Option<String>,
    /// Its recordings, taken in.
    pub recordings: Brought,
}

impl Order for ImportPack {
    type Needs = CarryPack;
    type Done = Preview;
    const NAME: &'static str = "import_pack";

    fn needs(&self) -> CarryPack {
        self.pack.carrying()
    }

    fn target(&self) -> String {
        self.name.as_ref().unwrap_or(self.pack.name()).to_string()
    }

    fn route(self) -> Route<Preview> {
        Route::records(move |desk| packs::import(desk, &self))
    }
}

/// Writes down that a profile is handed out as a pack: whoever has written one gives this order before the
/// pack leaves.
#[derive(Clone, Debug)]
pub struct ExportPack {
    profile: Name,
    holds: String,
    recordings: Vec<String>,
    needs: CarryPack,
}

impl ExportPack {
    /// The profile `profile` goes out as this pack.
    #[must_use]
    pub fn of(profile: &Name, pack: &Pack) -> Self {
        let (dbcs, devices) = (pack.dbcs().len(), pack.devices().len());
        let recordings: Vec<String> = pack.recordings().keys().cloned().collect();
        let told = match recordings.as_slice() {
            [] => "no recordings".to_owned(),
            all => format!("recordings: {}", all.join(", ")),
        };
        let holds = format!("DBC files: {dbcs}, device folders: {devices}, {told}");
        Self { profile: profile.clone(), holds, recordings, needs: pack.carrying() }
    }
}

impl Order for ExportPack {
    type Needs = CarryPack;
    type Done = ();
    const NAME: &'static str = "export_pack";

    fn needs(&self) -> CarryPack {
        self.needs
    }

    fn target(&self) -> String {
        format!("{}: {}", self.profile, self.holds)
    }

    fn route(self) -> Route<()> {
        // Nothing is changed: the line is all that becomes of it. All names are in it, however long.
        Route::records(move |desk| {
            if !self.recordings.is_empty() {
                desk.remember("recordings", json!(self.recordings));
            }
            Ok(())
        })
    }
}

/// Takes the running profile's file as it says now: somebody has edited it outside. It is amended like
/// by [`EditProfile`], and what the file says is kept as a version.
#[derive(Debug)]
pub struct TakeEdit(pub ActivateProfile);

impl Order for TakeEdit {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "take_profile_edit";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.0.profile.name.to_string()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::TakeEdit(Box::new(self.0)), ())
    }
}
