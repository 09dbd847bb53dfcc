//! The Users page: who has an account, what each may do, and the editor of one account.

use serde::{Deserialize, Serialize};

use crate::engine::{AccountId, AccountKind, Preset, Right, Rights, Secret, ServiceId, Status};
use crate::view::chrome::Chip;
use crate::view::offer::{Grave, Offer};
use crate::view::shown::{Badge, Note};
use crate::view::tokens::TokensView;
use crate::view::traffic::SortOrder;

/// What a person wants of the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsersPrefs {
    /// Only accounts whose name, e-mail address or service contains this, whatever its case.
    pub filter: String,
    /// Only accounts of this status.
    pub status: Option<Status>,
    /// Only accounts of this service.
    pub service: ServiceFilter,
    /// Column to sort by.
    pub sort: UserColumn,
    /// Which end comes first.
    pub order: SortOrder,
    /// The account whose editor is shown.
    pub selected: Option<AccountId>,
}

/// Accounts of which service are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceFilter {
    /// Whatever the service.
    #[default]
    Any,
    /// Those that belong to none.
    Nobody,
    /// Those of this one.
    Of(ServiceId),
}

/// A column to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserColumn {
    /// Name.
    #[default]
    Name,
    /// E-mail address.
    Email,
    /// Service, accounts without one last.
    Service,
    /// Invited, active, disabled.
    Status,
    /// Last sign-in, accounts without one as the earliest.
    LastSignIn,
}

impl UserColumn {
    /// All of them, as the columns stand.
    pub const ALL: [Self; 5] =
        [Self::Name, Self::Email, Self::Service, Self::Status, Self::LastSignIn];

    /// The head of the column.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Email => "E-mail",
            Self::Service => "Service",
            Self::Status => "Status",
            Self::LastSignIn => "Last sign-in",
        }
    }

    /// Its name in an address.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Service => "service",
            Self::Status => "status",
            Self::LastSignIn => "last_sign_in",
        }
    }
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct UsersView {
    /// The accounts that fit the filter, in the wanted order.
    pub rows: Vec<UserRow>,
    /// "6 users · 4 active · 1 invited · 1 disabled", or "2 of 6 users".
    pub summary: String,
    /// What stands here when there are no rows, or none fits the filter.
    pub empty: String,
    /// All services, for the filter and for the fields.
    pub services: Vec<ServiceName>,
    /// Statuses to filter by.
    pub statuses: Vec<(Status, &'static str)>,
    /// Sentences that concern the page.
    pub notes: Vec<Note>,
    /// What a new account starts from.
    pub add: AddForm,
    /// The editor of the selected account.
    pub editor: Option<UserEditor>,
}

/// A service to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    /// Its number.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
}

/// One account in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRow {
    /// Its number.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Who it is for.
    pub kind: AccountKind,
    /// Its e-mail address, or a dash.
    pub email: String,
    /// Its service, or a dash.
    pub service: String,
    /// What it may do, one chip a permission.
    pub permissions: Vec<Chip>,
    /// "Active", "Invited · link expires in 2 d", "Disabled".
    pub status: Badge,
    /// "2026-11-21 14:00", or a dash.
    pub last_sign_in: String,
    /// Its editor is shown.
    pub selected: bool,
}

/// A permission to tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightChoice {
    /// Which.
    pub right: Right,
    /// Its name in the API and in forms.
    pub code: &'static str,
    /// The words for it.
    pub words: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Held, whether itself or because an administrator holds everything.
    pub held: bool,
    /// Why it cannot be changed; `None` when it can.
    pub fixed: Option<String>,
}

/// A usual set of permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetChoice {
    /// Which.
    pub preset: Preset,
    /// Its name in forms.
    pub code: &'static str,
    /// The word for it.
    pub word: &'static str,
    /// Its permissions in words.
    pub about: String,
    /// Its permissions.
    pub rights: Rights,
}

/// What a new account starts from.
#[derive(Clone, Debug, Default)]
pub struct AddForm {
    /// "Add user".
    pub offer: Offer,
    /// Usual sets of permissions; the first is what a new account starts with.
    pub presets: Vec<PresetChoice>,
    /// The permissions of a new account.
    pub rights: Vec<RightChoice>,
    /// What becomes of an invitation: "The link works once, within 72 h…".
    pub invitation: String,
    /// What a password must be like.
    pub password: String,
    /// What a service account is.
    pub machine: String,
}

/// The editor of one account.
#[derive(Clone, Debug)]
pub struct UserEditor {
    /// Its number.
    pub id: AccountId,
    /// The version that is shown: an edit names it.
    pub version: i64,
    /// Who it is for.
    pub kind: AccountKind,
    /// Its name.
    pub name: String,
    /// Its e-mail address; empty if none.
    pub email: String,
    /// Its service.
    pub service: Option<ServiceId>,
    /// Its permissions as a set.
    pub rights: Rights,
    /// Its permissions to tick.
    pub permissions: Vec<RightChoice>,
    /// Why it must stay an administrator, where it must.
    pub keeps_administrator: Option<String>,
    /// As in the list.
    pub status: Badge,
    /// Label and value: made, last sign-in, password, sessions.
    pub facts: Vec<(String, String)>,
    /// Sentences about this account.
    pub notes: Vec<Note>,
    /// "Save".
    pub save: Offer,
    /// "Reset password…", by a link; absent for a service account.
    pub reset: Option<Offer>,
    /// "Set a temporary password…"; absent for a service account.
    pub temporary: Option<Offer>,
    /// "New invitation link"; absent where the account already has a password.
    pub invite: Option<Offer>,
    /// "Disable…"; absent where it is disabled.
    pub disable: Option<Grave>,
    /// "Enable"; absent where it is enabled.
    pub enable: Option<Offer>,
    /// "Sign out everywhere…".
    pub end_sessions: Grave,
    /// "Lift the sign-in wait"; absent for a service account.
    pub lift_wait: Option<Offer>,
    /// "Delete…".
    pub delete: Grave,
    /// Its API tokens.
    pub tokens: TokensView,
}

/// Something shown this once and never again: a one-time link or a token.
#[derive(Clone, Debug)]
pub struct ShownOnce {
    /// "Invitation for grace".
    pub title: String,
    /// What to do with it, until when it works, where it was sent.
    pub sentence: String,
    /// The link or the token.
    pub secret: Secret,
    /// "Link" or "Token": the label of the field it stands in.
    pub label: &'static str,
}
