//! Orders: every change as a value that names the permission it needs, and how a permitted one
//! becomes [`Admitted`], the only thing the hub takes.
//!
//! An order has no answer but done or refused until one exists that has more to say.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use thiserror::Error;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::access::grant::{Face, Grant};
use crate::engine::access::permission::{ChangeSettings, Permission, UseCan};
use crate::engine::can::replay::Speed;
use crate::engine::dbc::Codec;
use crate::engine::profile::model::Profile;

/// A change somebody asks for.
pub trait Order: Sized {
    /// What it needs.
    type Needs: Permission;
    /// Its name in the journal.
    const NAME: &'static str;

    /// The permission, with its target where it has one.
    fn needs(&self) -> Self::Needs;
    /// What it is about, for the journal: never a secret.
    fn target(&self) -> String;
    /// The order as the hub understands it.
    fn command(self) -> Command;
}

/// Every order the hub knows.
#[derive(Debug)]
pub enum Command {
    /// See [`ActivateProfile`].
    Activate(Box<ActivateProfile>),
    /// See [`Play`].
    Play(Play),
    /// See [`ClearTraffic`].
    ClearTraffic,
}

/// Runs a profile instead of the present one. Everything known of the present plant is forgotten.
#[derive(Debug)]
pub struct ActivateProfile {
    /// The profile.
    pub profile: Profile,
    /// The file it is kept in; `None` for one that was made up (a demo, a recording opened).
    pub file: Option<PathBuf>,
    /// The codecs of its DBC files, by bus.
    pub dbcs: Vec<(BusId, Arc<Codec>)>,
    /// What is odd about it, though it runs.
    pub problems: Vec<String>,
    /// The text of its file as it was read, so that a later edit is noticed.
    pub text: Option<Arc<str>>,
}

impl Order for ActivateProfile {
    type Needs = ChangeSettings;
    const NAME: &'static str = "activate_profile";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        self.profile.name.to_string()
    }

    fn command(self) -> Command {
        Command::Activate(Box::new(self))
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
    const NAME: &'static str = "play_recording";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        format!("{self:?}")
    }

    fn command(self) -> Command {
        Command::Play(self)
    }
}

/// Empties the by-id table.
#[derive(Clone, Copy, Debug)]
pub struct ClearTraffic;

impl Order for ClearTraffic {
    type Needs = UseCan;
    const NAME: &'static str = "clear_traffic";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        "traffic".to_owned()
    }

    fn command(self) -> Command {
        Command::ClearTraffic
    }
}

/// An order that was permitted: made from a grant, and from nothing else.
#[derive(Debug)]
pub struct Admitted {
    command: Command,
    by: String,
    face: Face,
    at: Mono,
}

impl Admitted {
    /// Admits `order`, which the holder of `grant` gave through `face` at `at`.
    pub fn new<O: Order>(grant: &Grant<'_, O::Needs>, order: O, face: Face, at: Mono) -> Self {
        Self { command: order.command(), by: grant.actor().to_string(), face, at }
    }

    /// The order.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Who gave it, through which face, when.
    #[must_use]
    pub fn given(&self) -> (&str, Face, Mono) {
        (&self.by, self.face, self.at)
    }
}

/// Why an admitted order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// The profile cannot run; the running one stays.
    #[error("the profile {name} cannot run: {why}")]
    Profile {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// No recording is being played.
    #[error("no recording is open")]
    NoRecording,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
}

/// How an order ended.
pub type Answer = Result<(), OrderError>;

/// The promise of an [`Answer`].
#[derive(Debug)]
pub struct Ticket {
    answer: Receiver<Answer>,
}

impl Ticket {
    pub(in crate::engine) const fn new(answer: Receiver<Answer>) -> Self {
        Self { answer }
    }

    /// The answer, if it is there: for faces that must not block.
    #[must_use]
    pub fn poll(&self) -> Option<Answer> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Err(OrderError::Stopping)),
        }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// The order was not carried out.
    pub fn wait(self) -> Answer {
        self.answer.recv().unwrap_or(Err(OrderError::Stopping))
    }
}
