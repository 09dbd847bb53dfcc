//! Orders: every change as a value that names the permission it needs, and how a permitted one
//! becomes [`Admitted`], the only thing the hub takes. One file a family:
//!
//! | file | about | carried out by |
//! |---|---|---|
//! | `plant` | profiles, players, tables | the hub |
//! | `charging` | charges, contactors, latches, rules, the demo's scene | the hub |
//! | `replaying` | recordings sent onto buses | the hub |
//! | `recording` | recordings: beginning, ending, taking in, deleting | the hub and its recorders |
//! | `sending` | arming buses, sending and scheduling by hand | the hub |
//! | `profiles` | what profiles say; adding, renaming, deleting them | the hub, the store |
//! | `dbc` | DBC files: keeping them, and by which a bus is read | the store, the hub |
//! | `devices` | device folders of one's own | the store |
//! | `buses` | restarting controllers, looking for a bit rate | the hub |
//! | `accounts` | accounts, services, links | the store |
//! | `sessions` | sessions, tokens, waits | the store |
//! | `settings` | the system's settings | the store |
//! | `reports` | mailing reports of feedback | the store and the post |
//! | `backup` | backups of everything | whoever gave it, aside |

/// An order that the hub carries out and that gives nothing back: what it is, its name in the journal,
/// what it needs, how fast it goes, what it is about, and which command it becomes.
macro_rules! plant_order {
    ($order:ident, $name:literal, $needs:ident, $haste:ident, |$one:ident| $target:expr, $family:ident, $wrap:expr) => {
        impl $crate::engine::orders::Order for $order {
            type Needs = $needs;
            type Done = ();
            const NAME: &'static str = $name;
            const HASTE: $crate::engine::orders::Haste = $crate::engine::orders::Haste::$haste;

            fn needs(&self) -> $needs {
                $needs
            }

            fn target(&self) -> String {
                let $one = self;
                $target
            }

            fn route(self) -> $crate::engine::orders::Route<()> {
                let command = $crate::engine::orders::plant::Command::$family($wrap(self));
                $crate::engine::orders::Route::Plant(command, ())
            }
        }
    };
}

pub(in crate::engine) mod accounts;
pub(in crate::engine) mod backup;
pub(in crate::engine) mod buses;
pub(in crate::engine) mod charging;
pub(in crate::engine) mod dbc;
pub(in crate::engine) mod deeds;
pub(in crate::engine) mod desk;
pub(in crate::engine) mod devices;
pub(in crate::engine) mod filters;
pub(in crate::engine) mod plant;
pub(in crate::engine) mod profiles;
pub(in crate::engine) mod recording;
pub(in crate::engine) mod replaying;
pub(in crate::engine) mod reports;
pub(in crate::engine) mod sending;
pub(in crate::engine) mod sessions;
pub(in crate::engine) mod settings;

use std::fmt;

use crossbeam_channel::{Receiver, TryRecvError};
use thiserror::Error;

use crate::base::time::Mono;
use crate::engine::access::account::{FieldError, SessionId};
use crate::engine::access::actor::{Rights, Who};
use crate::engine::access::grant::{Face, Grant};
use crate::engine::access::permission::{Permission, Right};
use crate::engine::access::secret::NoRandom;
use crate::engine::access::settings::SettingError;
use crate::engine::charge::{RuleError, SetPointError, StationError};
use crate::engine::orders::desk::Desk;
use crate::engine::orders::plant::Command;
use crate::engine::store::StoreError;

/// A change somebody asks for.
pub trait Order: Sized + Send + 'static {
    /// What it needs.
    type Needs: Permission;
    /// What whoever gave it gets when it is done.
    type Done: Send + 'static;
    /// Its name in the journal.
    const NAME: &'static str;
    /// Whether it makes things safer: such an order never waits for the disk.
    const HASTE: Haste = Haste::AfterJournal;

    /// The permission, with its target where it has one.
    fn needs(&self) -> Self::Needs;
    /// What it is about, for the journal: never a secret.
    fn target(&self) -> String;
    /// Who carries it out.
    fn route(self) -> Route<Self::Done>;
}

/// Whether an order waits until its journal line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// It is carried out once the line is written, and refused if that fails.
    AfterJournal,
    /// It is carried out at once; the line follows.
    AtOnce,
}

/// What an order about people and settings does, in the transaction that also writes its line.
pub type Deed<D> = Box<dyn FnOnce(&mut Desk<'_>) -> Result<D, OrderError> + Send>;

/// Who carries an order out.
pub enum Route<D> {
    /// The hub; and what is given back when it has.
    Plant(Command, D),
    /// The store.
    Records(Deed<D>),
}

impl<D> Route<D> {
    /// An order that the store carries out.
    pub fn records(
        deed: impl FnOnce(&mut Desk<'_>) -> Result<D, OrderError> + Send + 'static,
    ) -> Self {
        Self::Records(Box::new(deed))
    }
}

/// An order for the hub that was permitted: made from a grant, and from nothing else.
#[derive(Debug)]
pub struct Admitted {
    command: Command,
    by: String,
    who: Who,
    rights: Rights,
    face: Face,
    session: Option<SessionId>,
    asked: Option<Mono>,
}

impl Admitted {
    /// Admits `command`, which the holder of `grant` gave through a face in a session.
    pub fn new<P: Permission>(
        grant: &Grant<'_, P>,
        command: Command,
        (face, session): (Face, Option<SessionId>),
    ) -> Self {
        let actor = grant.actor();
        let (by, who, rights) = (actor.to_string(), actor.who().clone(), actor.rights());
        Self { command, by, who, rights, face, session, asked: None }
    }

    /// The same, asked for at this moment: it may be carried out later.
    #[must_use]
    pub fn asked_at(self, at: Mono) -> Self {
        Self { asked: Some(at), ..self }
    }

    /// When it was asked for, where that is known.
    #[must_use]
    pub const fn asked(&self) -> Option<Mono> {
        self.asked
    }

    /// The order.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// What whoever gave it holds, and the session they gave it in, if it has a number.
    #[must_use]
    pub const fn held(&self) -> (Rights, Option<SessionId>) {
        (self.rights, self.session)
    }

    /// Who gave it.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// Who gave it in words, and through which face.
    #[must_use]
    pub fn given(&self) -> (&str, Face) {
        (&self.by, self.face)
    }
}

/// Why an admitted order was not carried out. Whatever the reason, nothing was changed.
#[derive(Debug, Error)]
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
    /// What it is about is not there (any more).
    #[error("there is no {what} {which}")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Which was asked for.
        which: String,
    },
    /// Somebody else has changed it since it was read.
    #[error("{what} was changed by somebody else meanwhile: look at it again before changing it")]
    Stale {
        /// What.
        what: String,
    },
    /// The name is taken.
    #[error("there is already {what} named \u{201c}{name}\u{201d}")]
    Taken {
        /// Kind of thing, with its article.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Nobody could administer any more.
    #[error("nobody could administer any more: {name} is the last enabled administrator")]
    LastAdministrator {
        /// The account.
        name: String,
    },
    /// The service has members.
    #[error("the service {name} still has {members} members: move them first")]
    ServiceInUse {
        /// Its name.
        name: String,
        /// How many.
        members: usize,
    },
    /// A set point of a charge that cannot be.
    #[error(transparent)]
    SetPoint(#[from] SetPointError),
    /// A rule of charging that cannot be so.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// It does not fit what the thing is at the moment.
    #[error("{0}")]
    Unfit(String),
    /// What it is about needs a permission beside the order's own.
    #[error("{what} needs the permission \u{201c}{needs}\u{201d} too")]
    NeedsToo {
        /// What needs it, as the beginning of a sentence.
        what: String,
        /// What is missing.
        needs: Right,
    },
    /// A field that cannot be.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A setting that cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// This Busbar sends no mail.
    #[error("e-mail is not set up on this Busbar")]
    NoMail,
    /// Too much of it of late.
    #[error("that is enough for now: try again in {}", wait_words(*.seconds))]
    Wait {
        /// When it can be tried again.
        seconds: u32,
    },
    /// No random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    /// The store or the journal cannot be written.
    #[error("it cannot be written down, so it was not done")]
    Store(#[from] StoreError),
    /// The hub has too much to do.
    #[error("the engine is too busy to take this order: try again")]
    Busy,
    /// The engine is stopping, or there is none.
    #[error("the engine is stopping")]
    Stopping,
}

/// "40 s", "12 min".
fn wait_words(seconds: u32) -> String {
    match seconds {
        0..=99 => format!("{seconds} s"),
        more => format!("{} min", more.div_ceil(60)),
    }
}

impl From<StationError> for OrderError {
    /// A set point is told as one, so that faces find its field.
    fn from(error: StationError) -> Self {
        match error {
            StationError::SetPoint(error) => Self::SetPoint(error),
            StationError::Rules(error) => Self::Rule(error),
            StationError::Busy | StationError::NothingRuns => Self::Unfit(error.to_string()),
        }
    }
}

/// How an order for the hub ended.
pub type Answer = Result<(), OrderError>;

/// Takes the [`Answer`] of the hub to whoever waits for it. One that is dropped without an answer,
/// because the hub has ended, says so: no order goes without an outcome.
pub struct Reply(Option<Box<dyn FnOnce(Answer) + Send>>);

impl Reply {
    pub(in crate::engine) fn new(take: impl FnOnce(Answer) + Send + 'static) -> Self {
        Self(Some(Box::new(take)))
    }

    /// Gives the answer.
    pub(in crate::engine) fn give(mut self, answer: Answer) {
        if let Some(take) = self.0.take() {
            take(answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(take) = self.0.take() {
            take(Err(OrderError::Stopping));
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// The promise of an answer.
#[derive(Debug)]
pub struct Ticket<D = ()> {
    answer: Receiver<Result<D, OrderError>>,
}

impl<D> Ticket<D> {
    pub(in crate::engine) const fn new(answer: Receiver<Result<D, OrderError>>) -> Self {
        Self { answer }
    }

    /// The answer, if it is there: for faces that must not block.
    #[must_use]
    pub fn poll(&self) -> Option<Result<D, OrderError>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(OrderError::Stopping)),
        }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// The order was not carried out.
    pub fn wait(self) -> Result<D, OrderError> {
        self.answer.recv().unwrap_or(Err(OrderError::Stopping))
    }
}
