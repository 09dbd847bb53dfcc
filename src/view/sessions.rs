//! Who is signed in: the Sessions page of an administrator, and everybody's own account.

use crate::engine::{AccountId, SessionId};
use crate::view::chrome::Chip;
use crate::view::offer::{Grave, Offer};
use crate::view::shown::{Badge, Note};
use crate::view::tokens::TokensView;

/// The Sessions page.
#[derive(Clone, Debug, Default)]
pub struct SessionsView {
    /// Those that live, newest first, then those that ended not long ago.
    pub rows: Vec<SessionRow>,
    /// Everybody who is signed in, by name: to end all sessions of one.
    pub people: Vec<SignedInPerson>,
    /// "3 sessions of 2 users".
    pub summary: String,
    /// What stands here when there are none.
    pub empty: String,
}

/// Somebody with at least one living session.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedInPerson {
    /// Who.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// "2 sessions".
    pub sessions: String,
    /// "End all…".
    pub end_all: Grave,
}

/// One session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Their name.
    pub who: String,
    /// "Web · 192.0.2.7".
    pub from: String,
    /// What the other side calls itself, shortened to a few words; the whole in `agent_hover`.
    pub agent: String,
    /// What the other side calls itself, in full.
    pub agent_hover: String,
    /// Since when.
    pub since: String,
    /// "12 s ago".
    pub last_used: String,
    /// "in 11 h", or when it ended.
    pub ends: String,
    /// "Signed in", "This session", or why it ended.
    pub state: Badge,
    /// The session of whoever looks.
    pub own: bool,
    /// It has ended: greyed.
    pub ended: bool,
    /// "End"; absent where it has ended.
    pub end: Option<Offer>,
}

/// Everybody's own account.
#[derive(Clone, Debug, Default)]
pub struct OwnView {
    /// Its name.
    pub name: String,
    /// Its permissions.
    pub permissions: Vec<Chip>,
    /// Label and value: e-mail, service, made, last sign-in.
    pub facts: Vec<(String, String)>,
    /// A password that must be changed, and the like.
    pub notes: Vec<Note>,
    /// Its sessions.
    pub sessions: Vec<SessionRow>,
    /// "Sign out everywhere else…".
    pub end_others: Grave,
    /// Its tokens.
    pub tokens: TokensView,
    /// What a password must be like.
    pub password: String,
    /// "Change password".
    pub change_password: Offer,
}
