//! Composes the tokens of an account.

use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{
    Account, NewToken, OwnAccount, Right, Rights, Roster, Session, Status, TokenEntry,
};
use crate::view::compose::users::{choices, guarded, permissions, sentence};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::shown::{Badge, Tone};
use crate::view::text::{self, DASH};
use crate::view::tokens::{TokenRow, TokensView};
use crate::view::users::{RightChoice, ShownOnce};

/// Lengths of life to choose, in days.
const LIVES: [u32; 5] = [90, 7, 30, 365, 3650];

/// The tokens of `account`.
#[must_use]
pub fn tokens(
    roster: &Roster,
    account: &Account,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> TokensView {
    let own = roster.tokens.iter().filter(|token| token.account == account.id);
    tokens_of(account, own, session, now, zone)
}

/// The same from the tokens themselves.
pub(super) fn tokens_of<'t>(
    account: &Account,
    tokens: impl Iterator<Item = &'t TokenEntry>,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> TokensView {
    let mut rows: Vec<TokenRow> = tokens.map(|token| row(token, session, now, zone)).collect();
    rows.sort_by_key(|row| row.revoke.is_none());
    TokensView {
        rows,
        empty: "No tokens. A token lets a program use the API in this account's name, with no more than its permissions.".into(),
        create: create(account, session),
        rights: allowed(account.rights),
        lives: LIVES.into_iter().map(|days| (days, life(days))).collect(),
    }
}

fn create(account: &Account, session: &Session) -> Offer {
    let label = "New token\u{2026}";
    let why = match account.status {
        Status::Active => None,
        Status::Disabled => Some("A disabled account cannot be used: enable it first."),
        Status::Invited => Some("The invitation has not been used yet."),
    };
    match (guarded(label, session), why) {
        (Offer { why_not: None, .. }, Some(why)) => Offer::shut(label, why),
        (offer, _) => offer,
    }
}

fn life(days: u32) -> String {
    match days {
        365 => "1 year".into(),
        3650 => "10 years".into(),
        days => format!("{days} days"),
    }
}

/// What a token of an account that holds `rights` may be allowed, to tick.
fn allowed(rights: Rights) -> Vec<RightChoice> {
    let all = rights.contains(Right::Administrator);
    let mut choices = choices(Rights::of_account(&[]), None);
    choices.retain(|choice| all || rights.contains(choice.right));
    choices
}

fn row(token: &TokenEntry, session: &Session, now: Wall, zone: &TimeZone) -> TokenRow {
    let (word, tone, hover) = match token.revoked {
        Some(at) => ("Revoked", Tone::Muted, format!("Revoked {}.", text::date(at, zone))),
        None if token.expires <= now => {
            ("Expired", Tone::Muted, format!("Expired {}.", text::date(token.expires, zone)))
        }
        None => ("In use", Tone::Ok, format!("Expires {}.", text::ahead(token.expires, now))),
    };
    let over = tone == Tone::Muted;
    TokenRow {
        id: token.id,
        account: token.account,
        name: token.name.clone(),
        permissions: permissions(token.rights),
        created: text::date(token.created, zone),
        expires: text::date(token.expires, zone),
        used: token.used.map_or_else(|| DASH.into(), |at| text::ago(at, now)),
        state: Badge { word: word.into(), tone, hover },
        revoke: (!over).then(|| revoke(token, session)),
    }
}

fn revoke(token: &TokenEntry, session: &Session) -> Grave {
    let label = "Revoke\u{2026}";
    let offer = match session.permit(OwnAccount(token.account)) {
        Ok(_) => Offer::open(label),
        Err(denied) => Offer::shut(label, &sentence(&denied.to_string())),
    };
    let name = &token.name;
    let text = format!(
        "Programs that use the token {name} are refused at once. It cannot be brought back; a new one can be made."
    );
    let (title, confirm) = (format!("Revoke {name}?"), format!("Revoke {name}"));
    Grave { offer, question: Question { title, text, confirm } }
}

/// A token that was just made for the account `name`, to be shown once.
#[must_use]
pub fn shown_token(new: &NewToken, name: &str, zone: &TimeZone) -> ShownOnce {
    let until = text::date(new.entry.expires, zone);
    ShownOnce {
        title: format!("Token {} of {name}", new.entry.name),
        sentence: format!(
            "Send it as \u{201c}Authorization: Bearer \u{2026}\u{201d} with every request. It works until {until}. Keep it where secrets are kept: it is not shown again."
        ),
        secret: new.token.clone(),
        label: "Token",
    }
}
