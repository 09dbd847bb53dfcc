//! Orders about the plant: what the hub carries out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::id::BusId;
use crate::engine::access::permission::{ChangeSettings, UseCan};
use crate::engine::can::replay::Speed;
use crate::engine::orders::buses::Controlling;
use crate::engine::orders::charging::{Charging, SetChargeRule};
use crate::engine::orders::dbc::{AssignDbcs, BusDbc};
use crate::engine::orders::profiles::Profiling;
use crate::engine::orders::recording::Recording;
use crate::engine::orders::replaying::Replaying;
use crate::engine::orders::sending::{Keeping, Sending};
use crate::engine::orders::{Order, Route};
use crate::engine::profile::model::Profile;

/// Every order the hub knows.
#[derive(Debug)]
pub enum Command {
    /// See [`ActivateProfile`].
    Activate(Box<ActivateProfile>),
    /// See [`profiles`](crate::engine::orders::profiles).
    Profile(Box<Profiling>),
    /// See [`TakeEdit`](crate::engine::orders::profiles::TakeEdit).
    TakeEdit(Box<ActivateProfile>),
    /// See [`Play`].
    Play(Play),
    /// See [`ClearTraffic`].
    ClearTraffic,
    /// See [`charging`](crate::engine::orders::charging).
    Charging(Charging),
    /// See [`sending`](crate::engine::orders::sending).
    Sending(Sending),
    /// See [`replaying`](crate::engine::orders::replaying).
    Replaying(Replaying),
    /// See [`recording`](crate::engine::orders::recording).
    Recording(Recording),
    /// See [`buses`](crate::engine::orders::buses).
    Controlling(Controlling),
    /// See [`SetChargeRule`].
    Rule(SetChargeRule),
    /// See [`AssignDbcs`].
    Assign(AssignDbcs),
    /// See [`KeepMessage`](crate::engine::orders::sending::KeepMessage) and its opposite.
    Keeping(Keeping),
}

impl Command {
    /// Whether it begins something that an edit of the running profile could touch.
    #[must_use]
    pub fn begins(&self) -> bool {
        match self {
            Self::Activate(_) => true,
            Self::Charging(order) => order.begins(),
            Self::Sending(order) => matches!(order, Sending::Arm(_)),
            Self::Replaying(order) => matches!(order, Replaying::Start(_)),
            Self::Recording(order) => matches!(order, Recording::Start(_)),
            Self::Controlling(_) => true,
            Self::Profile(_)
            | Self::TakeEdit(_)
            | Self::Play(_)
            | Self::ClearTraffic
            | Self::Rule(_)
            | Self::Assign(_)
            | Self::Keeping(_) => false,
        }
    }
}

/// Runs a profile instead of the present one. Everything known of the present plant is forgotten.
#[derive(Clone, Debug)]
pub struct ActivateProfile {
    /// The profile.
    pub profile: Profile,
    /// The file it is kept in; `None` for one that was made up (a demo, a recording opened).
    pub file: Option<PathBuf>,
    /// The codecs of its DBC files, by bus.
    pub dbcs: Vec<(BusId, BusDbc)>,
    /// What is odd about it, though it runs.
    pub problems: Vec<String>,
    /// The text of its file as it was read, so that a later edit is noticed.
    pub text: Option<Arc<str>>,
}

impl Order for ActivateProfile {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "activate_profile";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.profile.name.to_string()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Activate(Box::new(self)), ())
    }
}

/// Controls the recording that is being played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Play {
    /// Goes on.
    Resume,
    /// Stands still.
    Pause,
    /// Plays at a speed.
    Speed(Speed),
    /// Goes to a moment, given as time since the start of the recording.
    Seek(std::time::Duration),
}

impl Order for Play {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "play_recording";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        format!("{self:?}")
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Play(self), ())
    }
}

/// Empties the by-id table.
#[derive(Clone, Copy, Debug)]
pub struct ClearTraffic;

impl Order for ClearTraffic {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "clear_traffic";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        "traffic".to_owned()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::ClearTraffic, ())
    }
}
