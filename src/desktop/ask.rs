//! What a person asks for on the Admin pages, and what comes of it. Orders about people may be
//! refused or bring something back (a link, a token), so each is answered to the place it was asked.

mod logs;
mod profiles;
mod save;

use std::collections::BTreeMap;

use crate::engine::{
    AccountId, AccountKind, BackupRecordings, MustChangeIt, Purpose, Rights, Secret, ServiceChoice,
    ServiceId, SessionId, Status, TokenId,
};
use crate::view::charge::ChargePrefs;
use crate::view::components::{DraftOf, Switch};
use crate::view::custom::{OwnAsk, OwnDeviceView};
use crate::view::export::Format;
use crate::view::journal::{JournalPrefs, JournalView};
use crate::view::logs::TraceOf;
use crate::view::profiles::ProfilesSeen;
use crate::view::recordings::RecordPrefs;
use crate::view::replay::ReplayPrefs;
use crate::view::report::ReportsView;
use crate::view::sending::SendPrefs;
use crate::view::settings::Section;
use crate::view::shown::Note;
use crate::view::system::{Feedback, LogPrefs, SystemSeen};
use crate::view::traffic::RowKey;
use crate::view::users::ShownOnce;

pub use logs::{FramesWanted, LogAsk, SavedPart, ValuesWanted};
pub use profiles::{BroughtPack, ProfileAsk};
pub use save::{Existing, ReportForm, SaveTo};

/// How a new account comes to its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By an invitation link.
    Invitation,
    /// This one.
    Password(Secret, MustChangeIt),
    /// It has none: a service account.
    None,
}

/// A new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Who it is for.
    pub kind: AccountKind,
    /// Its name.
    pub name: String,
    /// Its e-mail address as typed.
    pub email: String,
    /// Its service.
    pub service: ServiceChoice,
    /// What it may do.
    pub rights: Rights,
    /// Its password.
    pub way: Way,
}

/// An account as it was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedUser {
    /// Which.
    pub id: AccountId,
    /// The version that was edited.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Its e-mail address as typed.
    pub email: String,
    /// Its service.
    pub service: ServiceChoice,
    /// What it may do.
    pub rights: Rights,
}

/// Something asked for on the Admin pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Add this account.
    AddUser(NewUser),
    /// Save this account.
    SaveUser(EditedUser),
    /// Make a one-time link.
    MakeLink {
        /// For whom.
        id: AccountId,
        /// What for.
        purpose: Purpose,
    },
    /// Give a temporary password.
    GivePassword {
        /// To whom.
        id: AccountId,
        /// The version that was looked at.
        version: i64,
        /// The account's name, which the password may not resemble.
        name: String,
        /// The password.
        password: Secret,
        /// Whether it must be changed.
        must_change: MustChangeIt,
    },
    /// Enable or disable an account.
    SetStatus {
        /// Which.
        id: AccountId,
        /// The version that was looked at.
        version: i64,
        /// Active or disabled.
        status: Status,
    },
    /// Delete an account.
    DeleteUser {
        /// Which.
        id: AccountId,
        /// The version that was looked at.
        version: i64,
    },
    /// End one session.
    EndSession {
        /// Whose.
        account: AccountId,
        /// Which.
        id: SessionId,
    },
    /// End all sessions of an account; asked on this page.
    EndSessions(AccountId, Place),
    /// Let an account try to sign in again at once.
    LiftWait(AccountId),
    /// Make a token.
    NewToken {
        /// For which account.
        account: AccountId,
        /// The account's name.
        owner: String,
        /// The token's name.
        name: String,
        /// What it allows.
        rights: Rights,
        /// How long it lives.
        days: u32,
    },
    /// Revoke a token.
    RevokeToken {
        /// Whose.
        account: AccountId,
        /// Which.
        id: TokenId,
    },
    /// Add a service of this name.
    AddService(String),
    /// Rename a service.
    RenameService {
        /// Which.
        id: ServiceId,
        /// The version that was looked at.
        version: i64,
        /// Its new name.
        name: String,
    },
    /// Remove a service.
    RemoveService {
        /// Which.
        id: ServiceId,
        /// The version that was looked at.
        version: i64,
    },
    /// Read lines of the journal, older ones than `before`.
    ReadJournal {
        /// Which lines.
        prefs: JournalPrefs,
        /// Only lines with smaller numbers.
        before: Option<u64>,
    },
    /// Check the chain of the journal.
    VerifyJournal,
    /// Save all lines that fit into a file.
    ExportJournal {
        /// Which lines.
        prefs: JournalPrefs,
        /// In which form.
        format: Format,
        /// Where to.
        to: SaveTo,
    },
    /// Read the list of kept charges.
    ReadCharges,
    /// Save the report of a charge into a file.
    SaveReport {
        /// Which charge.
        id: u64,
        /// In which form.
        form: ReportForm,
        /// Where to.
        to: SaveTo,
    },
    /// Change a rule of charging.
    SetRule {
        /// Its name in a profile.
        name: String,
        /// What was typed; nothing sets it back.
        text: String,
        /// The version of the table that was looked at.
        version: i64,
    },
    /// Put a component into the profile.
    PutComponent {
        /// Which.
        of: DraftOf,
        /// What stands in the fields, by their names.
        typed: BTreeMap<String, String>,
        /// The version of the profile that was looked at.
        revision: String,
    },
    /// Listen to a component again, or no more.
    SwitchComponent {
        /// Its name.
        name: String,
        /// Whether it is to be listened to.
        to: Switch,
        /// The version of the profile that was looked at.
        revision: String,
    },
    /// Take a component out of the profile.
    DeleteComponent {
        /// Its name.
        name: String,
        /// The version of the profile that was looked at.
        revision: String,
    },
    /// Something about profiles.
    Profiles(ProfileAsk),
    /// Something about components of one's own.
    Own(OwnAsk),
    /// Save a section of the settings.
    SaveSettings {
        /// Which.
        section: Section,
        /// The version that was edited.
        version: i64,
        /// What stands in each field, by its name. One of them may be a password.
        typed: BTreeMap<&'static str, Secret>,
    },
    /// Look at the doctor, the machine and the log.
    LookAtSystem(LogPrefs),
    /// Write a report of feedback.
    WriteFeedback(Feedback),
    /// Have a report of feedback mailed.
    MailFeedback {
        /// What is in it.
        feedback: Feedback,
        /// To which address.
        to: String,
    },
    /// Make a backup of everything that is kept.
    MakeBackup {
        /// Whether recordings go along.
        recordings: BackupRecordings,
        /// Encrypts it.
        passphrase: Option<Secret>,
        /// Where to.
        to: SaveTo,
    },
    /// Set a setting back to its default.
    ResetSetting {
        /// In which section.
        section: Section,
        /// The version that was looked at.
        version: i64,
        /// Which.
        name: &'static str,
    },
}

/// Where something was asked, and where its answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The form for a new account.
    AddUser,
    /// The editor of an account.
    User,
    /// The Services page.
    Services,
    /// The Sessions page.
    Sessions,
    /// The lines of the Journal page.
    Journal,
    /// The check and the files of the Journal page.
    JournalTools,
    /// The list of kept charges.
    Charges,
    /// The rules of charging.
    Rules,
    /// The Parts page.
    Parts,
    /// What the Profiles page shows.
    ProfilesLook,
    /// What was asked on it.
    Profiles,
    /// A section of the Settings page.
    Settings(Section),
    /// What the System page shows.
    SystemLook,
    /// The form of the System page.
    Feedback,
    /// The backup on the System page.
    Backup,
}

impl Ask {
    /// Where it is asked.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::AddUser(_) => Place::AddUser,
            Self::SaveUser(_)
            | Self::MakeLink { .. }
            | Self::GivePassword { .. }
            | Self::SetStatus { .. }
            | Self::DeleteUser { .. }
            | Self::LiftWait(_)
            | Self::NewToken { .. }
            | Self::RevokeToken { .. } => Place::User,
            Self::EndSession { .. } => Place::Sessions,
            Self::EndSessions(_, place) => *place,
            Self::AddService(_) | Self::RenameService { .. } | Self::RemoveService { .. } => {
                Place::Services
            }
            Self::ReadJournal { .. } => Place::Journal,
            Self::VerifyJournal | Self::ExportJournal { .. } => Place::JournalTools,
            Self::ReadCharges | Self::SaveReport { .. } => Place::Charges,
            Self::SetRule { .. } => Place::Rules,
            Self::PutComponent { .. }
            | Self::SwitchComponent { .. }
            | Self::DeleteComponent { .. }
            | Self::Own(_) => Place::Parts,
            Self::Profiles(ProfileAsk::Look(_)) => Place::ProfilesLook,
            Self::Profiles(_) => Place::Profiles,
            Self::LookAtSystem(_) => Place::SystemLook,
            Self::WriteFeedback(_) | Self::MailFeedback { .. } => Place::Feedback,
            Self::MakeBackup { .. } => Place::Backup,
            Self::SaveSettings { section, .. } | Self::ResetSetting { section, .. } => {
                Place::Settings(*section)
            }
        }
    }
}

/// What came of an [`Ask`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// Where it was asked.
    pub place: Place,
    /// What came of it; otherwise the sentence why nothing did.
    pub outcome: Result<Brought, String>,
}

/// What an [`Ask`] brought.
#[derive(Clone, Debug)]
pub enum Brought {
    /// It is done; a few words to say so.
    Done(String),
    /// An account was added.
    Added {
        /// Which.
        id: AccountId,
        /// Its link.
        once: Option<ShownOnce>,
    },
    /// Something that is shown this once.
    Once(ShownOnce),
    /// Lines of the journal.
    Lines {
        /// The lines.
        view: JournalView,
        /// They are older than these lines and stand below them.
        after: Option<u64>,
    },
    /// Kept charges.
    Charges(ReportsView),
    /// What was found.
    Found(Note),
    /// A component of one's own, and what was done with it.
    Own(Box<OwnDeviceView>, String),
    /// What the System page shows.
    System(Box<SystemSeen>),
    /// What the Profiles page shows.
    Profiles(Box<ProfilesSeen>),
    /// A profile pack that was looked at.
    Pack(Box<BroughtPack>),
}

/// Something asked for about charging. What comes of it shows on the page; what was refused is said
/// above it.
#[derive(Clone, Debug, PartialEq)]
pub enum ChargeAsk {
    /// Start the charge that was described, with what stood in every field.
    Start(ChargePrefs),
    /// Use what stands in the fields from now on.
    Apply(ChargePrefs),
    /// Close the contactors of this pack.
    Engage(String),
    /// Stop whatever runs, at once.
    Stop,
    /// Clear what is latched at this pack.
    Clear(String),
    /// Park or drive the simulated vehicle, and hurry its cells.
    Demo {
        /// Parked at its charger.
        parked: bool,
        /// How much faster than the clock its cells live.
        pace: f64,
    },
    /// The safety text was read.
    ReadSafetyText,
}

/// Something asked for about sending by hand. What comes of it shows on the page; what was refused
/// is said above it.
#[derive(Clone, Debug, PartialEq)]
pub enum SendAsk {
    /// Arm this bus for the usual time.
    Arm(String),
    /// Silence this bus; none: every bus, at once.
    Silence(Option<String>),
    /// Send the frame once.
    Once(Box<SendPrefs>),
    /// Send it again and again.
    Start(Box<SendPrefs>),
    /// Stop this schedule.
    Stop(String),
    /// Start this schedule again, as it was.
    Again(String),
    /// Take this stopped schedule from the list.
    Forget(String),
    /// Keep the frame in the profile.
    Keep(Box<SendPrefs>),
    /// Send this kept message once.
    SendKept(String),
    /// Send this kept message again and again.
    StartKept(String),
    /// Take this kept message out of the profile.
    ForgetKept(String),
    /// Start the controller of this bus anew.
    Restart(String),
    /// Look for the bit rate of this bus.
    FindRate(String),
}

/// Something asked for about replays. What comes of it shows on the page; what was refused is said
/// above it.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayAsk {
    /// Start the one that was made up.
    Start(Box<ReplayPrefs>),
    /// Let this one go on.
    Play(String),
    /// Let this one stand.
    Pause(String),
    /// Send one frame of it: the next, or the next that passes this filter.
    Step(String, Option<String>),
    /// Go to this share of it.
    Seek(String, f64),
    /// Let it go at the speed of these words.
    Speed(String, String),
    /// Whether it begins again at its end.
    Again(String, bool),
    /// Stop it.
    Stop(String),
    /// Start it anew, as it was.
    Anew(String),
    /// Take it from the list.
    Forget(String),
}

/// A frame that another one is to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Like {
    /// The last frame of this row of the table by id.
    Row(TraceOf, RowKey),
    /// This frame of the trace.
    Frame(TraceOf, u64),
}

/// Something asked for about recording. What comes of it shows on the page; what was refused is said
/// above it.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordAsk {
    /// Start a recording.
    Start(Box<RecordPrefs>),
    /// Stop this one.
    Stop(String),
    /// Take this one, which has ended, from the list.
    Forget(String),
    /// Take this file out of the folder.
    Delete(String),
}
