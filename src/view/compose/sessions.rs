//! Composes the Sessions page and one's own account.

use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{
    Account, Denied, Ended, Face, Own, OwnAccount, Roster, Session, SessionEntry, SessionSettings,
};
use crate::view::compose::tokens::tokens_of;
use crate::view::compose::user_editor::{end_sessions, living};
use crate::view::compose::users::{password_rule, permissions, sentence, status};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::sessions::{OwnView, SessionRow, SessionsView, SignedInPerson};
use crate::view::shown::{Badge, Note, Tone};
use crate::view::text::{self, DASH};

/// Longest name of a browser in a list, in characters.
const AGENT_CHARS: usize = 28;

/// Makes the Sessions page.
#[must_use]
pub fn sessions(roster: &Roster, session: &Session, now: Wall, zone: &TimeZone) -> SessionsView {
    let row = |entry: &SessionEntry| {
        let name = roster.account(entry.account).map(|account| account.name.clone());
        row(entry, name.unwrap_or_else(|| DASH.into()), session, now, zone)
    };
    let rows = alive_first(roster.sessions.iter().map(row).collect());
    let people: Vec<SignedInPerson> =
        roster.accounts.iter().filter_map(|account| person(roster, account, session)).collect();
    let alive = rows.iter().filter(|row| !row.ended).count();
    let users = text::count(people.len(), "user");
    SessionsView {
        summary: format!("{} of {users}", text::count(alive, "session")),
        empty: "Nobody is signed in through the web listener or the API. Whoever signs in appears here.".into(),
        rows,
        people,
    }
}

fn alive_first(mut rows: Vec<SessionRow>) -> Vec<SessionRow> {
    rows.sort_by_key(|row| row.ended);
    rows
}

fn person(roster: &Roster, account: &Account, session: &Session) -> Option<SignedInPerson> {
    let alive = living(roster, account);
    (alive > 0).then(|| SignedInPerson {
        account: account.id,
        name: account.name.clone(),
        sessions: text::count(alive, "session"),
        end_all: end_sessions(roster, account, session),
    })
}

/// How many sessions live, for the bottom line.
#[must_use]
pub fn living_sessions(roster: &Roster) -> usize {
    let alive = |entry: &&SessionEntry| entry.ended.is_none() && entry.life.ended().is_none();
    roster.sessions.iter().filter(alive).count()
}

fn row(
    entry: &SessionEntry,
    who: String,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> SessionRow {
    let own = session.id() == Some(entry.id);
    let used = entry.life.used();
    let end = entry.ended.or_else(|| entry.life.ended().map(|why| (used, why)));
    let agent = entry.agent.as_deref().unwrap_or(DASH);
    SessionRow {
        id: entry.id,
        account: entry.account,
        who,
        from: from(entry.face.code(), entry.address.map(|address| address.to_string()).as_deref()),
        agent: short_agent(agent),
        agent_hover: agent.to_owned(),
        since: text::date(entry.created, zone),
        last_used: text::ago(used, now),
        ends: match end {
            Some((at, _)) => text::date(at, zone),
            None => text::ahead(entry.expires, now),
        },
        state: state(end.map(|(_, why)| why), own),
        own,
        ended: end.is_some(),
        end: end.is_none().then(|| end_offer(entry, session)),
    }
}

/// Face and address: "Web · 192.0.2.7".
pub(super) fn from(face: &str, address: Option<&str>) -> String {
    let face = match face.parse() {
        Ok(Face::Desktop) => "Desktop",
        Ok(Face::CommandLine) => "Command line",
        Ok(Face::Web) => "Web",
        Ok(Face::Api) => "API",
        Ok(Face::Inside) => "Busbar itself",
        Err(()) => face,
    };
    match address {
        Some(address) => format!("{face} \u{b7} {address}"),
        None => face.to_owned(),
    }
}

/// The part of a browser's name that tells one from another.
fn short_agent(agent: &str) -> String {
    const KNOWN: [(&str, &str); 7] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("python-requests/", "Python requests"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(part, _)| agent.contains(part)).map(|(_, word)| *word)
    };
    match (find(&KNOWN), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let cut: String = agent.chars().take(AGENT_CHARS).collect();
            if cut.len() < agent.len() { format!("{cut}\u{2026}") } else { cut }
        }
    }
}

fn state(ended: Option<Ended>, own: bool) -> Badge {
    let (word, tone, hover) = match ended {
        None if own => ("This session", Tone::Info, "The one you are using."),
        None => ("Signed in", Tone::Ok, "In use."),
        Some(Ended::SignedOut) => ("Signed out", Tone::Muted, "Its holder signed out."),
        Some(Ended::Expired) => ("Expired", Tone::Muted, "Not used for too long, or too old."),
        Some(Ended::ByOthers) => ("Ended", Tone::Muted, "Somebody ended it on this page."),
        Some(Ended::RightsChanged) => {
            ("Permissions changed", Tone::Muted, "The account's permissions were changed.")
        }
        Some(Ended::PasswordChanged) => {
            ("Password changed", Tone::Muted, "The account's password was changed or reset.")
        }
        Some(Ended::Disabled) => ("Account disabled", Tone::Muted, "The account was disabled."),
        Some(Ended::Deleted) => ("Account deleted", Tone::Muted, "The account was deleted."),
        Some(Ended::Revoked) => ("Token revoked", Tone::Muted, "The token was revoked."),
        Some(Ended::Replaced) => ("Replaced", Tone::Muted, "A newer session took its place."),
        Some(Ended::DisplayOff) => ("Switched off", Tone::Muted, "Displays were switched off."),
    };
    Badge { word: word.into(), tone, hover: hover.into() }
}

fn end_offer(entry: &SessionEntry, session: &Session) -> Offer {
    own_offer("End", session.permit(OwnAccount(entry.account)).err())
}

fn own_offer(label: &str, denied: Option<Denied>) -> Offer {
    match denied {
        None => Offer::open(label),
        Some(denied) => Offer::shut(label, &sentence(&denied.to_string())),
    }
}

/// Makes one's own account out of what belongs to it.
#[must_use]
pub fn own(
    own: &Own,
    settings: &SessionSettings,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> OwnView {
    let account = &own.account;
    let fact = |label: &str, value: String| (label.to_owned(), value);
    let rows =
        own.sessions.iter().map(|entry| row(entry, account.name.clone(), session, now, zone));
    let rows = alive_first(rows.collect());
    let others = rows.iter().filter(|row| !row.ended && !row.own).count();
    let date = |at: Option<Wall>| at.map_or_else(|| DASH.to_owned(), |at| text::date(at, zone));
    OwnView {
        name: account.name.clone(),
        permissions: permissions(account.rights),
        facts: vec![
            fact("E-mail", account.email.clone().unwrap_or_else(|| DASH.into())),
            fact("Service", own.service.clone().unwrap_or_else(|| DASH.into())),
            fact("Status", status(account, now).word),
            fact("Added", date(Some(account.created))),
            fact("Last sign-in", date(account.last_sign_in)),
        ],
        notes: own_notes(session),
        end_others: end_others(others, session.permit(OwnAccount(account.id)).err()),
        sessions: rows,
        tokens: tokens_of(account, own.tokens.iter(), session, now, zone),
        password: password_rule(settings),
        change_password: own_offer("Change password", session.permit(OwnAccount(account.id)).err()),
    }
}

fn own_notes(session: &Session) -> Vec<Note> {
    if !session.must_change_password() {
        return Vec::new();
    }
    let text = "Somebody else chose this password. Set one of your own; until then nothing else can be done.";
    vec![Note { tone: Tone::Warning, text: text.into(), closable: false }]
}

fn end_others(others: usize, denied: Option<Denied>) -> Grave {
    let label = "Sign out everywhere else\u{2026}";
    let offer = match (others, denied) {
        (0, None) => Offer::shut(label, "This is the only session of the account."),
        (_, denied) => own_offer(label, denied),
    };
    Grave {
        offer,
        question: Question {
            title: "Sign out everywhere else?".into(),
            text: format!(
                "This ends {} at once, open pages included; the one you are using goes on.",
                text::count(others, "other session")
            ),
            confirm: "Sign out everywhere else".into(),
        },
    }
}
