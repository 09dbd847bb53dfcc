//! Composes the editor of one account.

use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{Account, AccountKind, Administer, Purpose, Roster, Session, Status};
use crate::view::compose::tokens::tokens;
use crate::view::compose::users::{choices, guarded, status};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::shown::{Note, Tone};
use crate::view::text::{self, DASH};
use crate::view::users::UserEditor;

/// Makes the editor of `account`.
#[must_use]
pub fn editor(
    roster: &Roster,
    account: &Account,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> UserEditor {
    let last = roster.is_last_administrator(account).then(|| last_administrator(&account.name));
    let person = account.kind == AccountKind::Person;
    let open = |label: &str| guarded(label, session);
    let enabled = account.status != Status::Disabled;
    UserEditor {
        id: account.id,
        version: account.version,
        kind: account.kind,
        name: account.name.clone(),
        email: account.email.clone().unwrap_or_default(),
        service: account.service,
        rights: account.rights,
        permissions: choices(account.rights, last.as_deref()),
        status: status(account, now),
        facts: facts(roster, account, now, zone),
        notes: notes(account, session),
        save: open("Save"),
        reset: person.then(|| reset(account, session)),
        temporary: person.then(|| open("Set a temporary password\u{2026}")),
        invite: (person && !account.has_password).then(|| invite(account, session)),
        disable: enabled.then(|| disable(account, session, last.as_deref())),
        enable: (!enabled).then(|| open("Enable")),
        end_sessions: end_sessions(roster, account, session),
        lift_wait: person.then(|| open("Lift the sign-in wait")),
        delete: delete(account, session, last.as_deref()),
        tokens: tokens(roster, account, session, now, zone),
        keeps_administrator: last,
    }
}

fn last_administrator(name: &str) -> String {
    format!("{name} is the last administrator who can sign in: make another one first.")
}

/// An offer for administrators that another reason may stand against.
fn unless(label: &str, session: &Session, why_not: Option<&str>) -> Offer {
    match why_not {
        Some(why) if session.may(Administer) => Offer::shut(label, why),
        Some(_) | None => guarded(label, session),
    }
}

fn reset(account: &Account, session: &Session) -> Offer {
    let why = match account.status {
        Status::Active => None,
        Status::Invited => Some("Nobody has set a password yet: make a new invitation link."),
        Status::Disabled => Some("A disabled account cannot sign in: enable it first."),
    };
    unless("Reset password by a link", session, why)
}

fn invite(account: &Account, session: &Session) -> Offer {
    let disabled = account.status == Status::Disabled;
    let why = disabled.then_some("A disabled account cannot be invited: enable it first.");
    unless("New invitation link", session, why)
}

fn disable(account: &Account, session: &Session, last: Option<&str>) -> Grave {
    let name = &account.name;
    Grave {
        offer: unless("Disable\u{2026}", session, last),
        question: Question {
            title: format!("Disable {name}?"),
            text: format!(
                "{name} is signed out everywhere at once, its tokens do not work, and it cannot sign in until it is enabled again: then its tokens work again. Revoke those that must not."
            ),
            confirm: format!("Disable {name}"),
        },
    }
}

fn delete(account: &Account, session: &Session, last: Option<&str>) -> Grave {
    let name = &account.name;
    Grave {
        offer: unless("Delete\u{2026}", session, last),
        question: Question {
            title: format!("Delete {name}?"),
            text: format!(
                "The account, its sessions, links and tokens are gone at once, and this cannot be undone. What {name} did stays in the journal."
            ),
            confirm: format!("Delete {name}"),
        },
    }
}

/// To end all sessions of `account`.
pub(super) fn end_sessions(roster: &Roster, account: &Account, session: &Session) -> Grave {
    let living = living(roster, account);
    let name = &account.name;
    let why = (living == 0).then(|| format!("{name} is not signed in."));
    Grave {
        offer: unless("Sign out everywhere\u{2026}", session, why.as_deref()),
        question: Question {
            title: format!("Sign {name} out everywhere?"),
            text: format!(
                "{name} is signed out of {} at once, open pages included, and can sign in again.",
                text::count(living, "session")
            ),
            confirm: format!("Sign {name} out"),
        },
    }
}

/// How many sessions of `account` live.
pub(super) fn living(roster: &Roster, account: &Account) -> usize {
    let own = roster.sessions.iter().filter(|entry| entry.account == account.id);
    own.filter(|entry| entry.ended.is_none() && entry.life.ended().is_none()).count()
}

fn facts(roster: &Roster, account: &Account, now: Wall, zone: &TimeZone) -> Vec<(String, String)> {
    let fact = |label: &str, value: String| (label.to_owned(), value);
    let signed_in = account.last_sign_in.map_or_else(
        || DASH.to_owned(),
        |at| format!("{} ({})", text::date(at, zone), text::ago(at, now)),
    );
    let mut facts = vec![
        fact("Added", text::date(account.created, zone)),
        fact("Last sign-in", signed_in),
        fact("Signed in now", text::count(living(roster, account), "session")),
    ];
    if account.kind == AccountKind::Person {
        let password = match (account.has_password, account.must_change_password) {
            (false, _) => "none yet",
            (true, true) => "must be changed at the next sign-in",
            (true, false) => "set",
        };
        facts.push(fact("Password", password.into()));
    }
    if let Some(link) = account.link {
        let what = match link.purpose {
            Purpose::Invitation => "Invitation link",
            Purpose::Reset => "Reset link",
            Purpose::SetUp => "Set-up link",
        };
        let until = text::date(link.expires, zone);
        let said = if link.expires > now {
            format!("until {until} ({})", text::ahead(link.expires, now))
        } else {
            format!("expired {until}")
        };
        facts.push(fact(what, said));
    }
    facts
}

fn notes(account: &Account, session: &Session) -> Vec<Note> {
    if session.actor().account() != Some(account.id) {
        return Vec::new();
    }
    let text = "This is your own account. Changing its permissions or disabling it signs you out.";
    vec![Note { tone: Tone::Info, text: text.into(), closable: false }]
}
