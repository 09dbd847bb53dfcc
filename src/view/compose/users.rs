//! Composes the Users page.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{
    Account, AccountKind, Administer, OneTimeLink, Preset, Purpose, Right, Rights, Roster, Session,
    SessionSettings, Settings, Status,
};
use crate::view::chrome::Chip;
use crate::view::compose::user_editor::editor;
use crate::view::offer::Offer;
use crate::view::shown::{Badge, Note, Tone};
use crate::view::text::{self, DASH};
use crate::view::traffic::SortOrder;
use crate::view::users::{
    AddForm, PresetChoice, RightChoice, ServiceFilter, ServiceName, ShownOnce, UserColumn, UserRow,
    UsersPrefs, UsersView,
};

/// Makes the page as `prefs` wants it, with times of `zone` as seen at `now`.
#[must_use]
pub fn users(
    roster: &Roster,
    prefs: &UsersPrefs,
    session: &Session,
    now: Wall,
    zone: &TimeZone,
) -> UsersView {
    let mut wanted: Vec<&Account> =
        roster.accounts.iter().filter(|account| fits(roster, account, prefs)).collect();
    wanted.sort_by(|a, b| order(roster, prefs, a, b));
    let rows = wanted.into_iter().map(|account| UserRow {
        selected: prefs.selected == Some(account.id),
        ..row(roster, account, now, zone)
    });
    let rows: Vec<UserRow> = rows.collect();
    let chosen = prefs.selected.and_then(|id| roster.account(id));
    UsersView {
        summary: summary(roster, rows.len()),
        empty: empty(roster),
        services: service_names(roster),
        statuses: STATUSES.to_vec(),
        notes: notes(roster),
        add: add_form(&roster.settings, session),
        editor: chosen.map(|account| editor(roster, account, session, now, zone)),
        rows,
    }
}

/// Longest that a link takes from being made to being shown.
const MOMENT: Duration = Duration::from_secs(60);

/// Statuses with their words.
const STATUSES: [(Status, &str); 3] =
    [(Status::Active, "Active"), (Status::Invited, "Invited"), (Status::Disabled, "Disabled")];

fn fits(roster: &Roster, account: &Account, prefs: &UsersPrefs) -> bool {
    let text = prefs.filter.trim().to_lowercase();
    let holds = |field: &str| field.to_lowercase().contains(&text);
    let by_text = text.is_empty()
        || holds(&account.name)
        || account.email.as_deref().is_some_and(holds)
        || service_of(roster, account).is_some_and(holds);
    let by_service = match prefs.service {
        ServiceFilter::Any => true,
        ServiceFilter::Nobody => account.service.is_none(),
        ServiceFilter::Of(id) => account.service == Some(id),
    };
    by_text && by_service && prefs.status.is_none_or(|status| account.status == status)
}

fn order(roster: &Roster, prefs: &UsersPrefs, a: &Account, b: &Account) -> Ordering {
    // An account without the field comes after all that have it.
    let maybe = |a: Option<&str>, b: Option<&str>| match (a, b) {
        (Some(a), Some(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    let by_name = a.name.to_lowercase().cmp(&b.name.to_lowercase());
    let by_column = match prefs.sort {
        UserColumn::Name => by_name,
        UserColumn::Email => maybe(a.email.as_deref(), b.email.as_deref()),
        UserColumn::Service => maybe(service_of(roster, a), service_of(roster, b)),
        UserColumn::Status => a.status.cmp(&b.status),
        UserColumn::LastSignIn => a.last_sign_in.cmp(&b.last_sign_in),
    };
    let by_column = match prefs.order {
        SortOrder::Ascending => by_column,
        SortOrder::Descending => by_column.reverse(),
    };
    by_column.then(by_name).then(a.id.cmp(&b.id))
}

fn service_of<'r>(roster: &'r Roster, account: &Account) -> Option<&'r str> {
    account.service.and_then(|id| roster.service(id)).map(|service| service.name.as_str())
}

/// One account as a row of the list, not selected.
#[must_use]
pub fn row(roster: &Roster, account: &Account, now: Wall, zone: &TimeZone) -> UserRow {
    UserRow {
        id: account.id,
        name: account.name.clone(),
        kind: account.kind,
        email: account.email.clone().unwrap_or_else(|| DASH.into()),
        service: service_of(roster, account).unwrap_or(DASH).to_owned(),
        permissions: permissions(account.rights),
        status: status(account, now),
        last_sign_in: account.last_sign_in.map_or_else(|| DASH.into(), |at| text::date(at, zone)),
        selected: false,
    }
}

/// One chip a permission, in the order in which they are listed everywhere.
#[must_use]
pub fn permissions(rights: Rights) -> Vec<Chip> {
    let chip = |right: Right| Chip {
        text: short(right).into(),
        tone: if right == Right::Administrator { Tone::Warning } else { Tone::Plain },
        hover: format!("{}: {}.", right.words(), right.about()),
    };
    rights.iter().map(chip).collect()
}

/// The words for a chip.
const fn short(right: Right) -> &'static str {
    match right {
        Right::Administrator => "Administrator",
        Right::ReadSettings => "Read settings",
        Right::ChangeSettings => "Change settings",
        Right::ChargePacks => "Charge packs",
        Right::SendReceiveCan => "Send/receive CAN",
    }
}

/// Where an account stands, in words.
#[must_use]
pub fn status(account: &Account, now: Wall) -> Badge {
    let link = account.link.filter(|link| link.expires > now);
    let left = |expires: Wall| text::coarse(text::between(now, expires));
    let badge = |word: String, tone, hover: &str| Badge { word, tone, hover: hover.into() };
    match account.status {
        Status::Disabled => {
            badge("Disabled".into(), Tone::Muted, "Cannot sign in until it is enabled again.")
        }
        Status::Invited => match link {
            Some(link) => badge(
                format!("Invited \u{b7} link expires in {}", left(link.expires)),
                Tone::Warning,
                "Nobody has set a password yet: the invitation link waits to be used.",
            ),
            None => badge(
                "Invited \u{b7} no valid link".into(),
                Tone::Warning,
                "Nobody has set a password, and the link has expired: make a new invitation link.",
            ),
        },
        Status::Active => match (account.kind, link) {
            (AccountKind::Machine, _) => badge(
                "Active \u{b7} service account".into(),
                Tone::Ok,
                "A program: it comes in with tokens only.",
            ),
            (AccountKind::Person, Some(link)) => badge(
                format!("Active \u{b7} reset link expires in {}", left(link.expires)),
                Tone::Ok,
                "A link to set a new password waits to be used.",
            ),
            (AccountKind::Person, None) if account.must_change_password => badge(
                "Active \u{b7} must change password".into(),
                Tone::Ok,
                "Somebody else chose the password: it must be changed at the next sign-in.",
            ),
            (AccountKind::Person, None) => badge("Active".into(), Tone::Ok, "Can sign in."),
        },
    }
}

fn summary(roster: &Roster, shown: usize) -> String {
    let all = roster.accounts.len();
    if shown < all {
        return format!("{shown} of {}", text::count(all, "user"));
    }
    let of = |status: Status| roster.accounts.iter().filter(|a| a.status == status).count();
    let parts = STATUSES.iter().map(|(status, word)| (of(*status), word.to_lowercase()));
    let parts = parts.filter(|(number, _)| *number > 0);
    let said: Vec<String> = parts.map(|(number, word)| format!("{number} {word}")).collect();
    let mut text = text::count(all, "user");
    for part in said {
        text.push_str(&format!(" \u{b7} {part}"));
    }
    text
}

fn empty(roster: &Roster) -> String {
    if roster.accounts.is_empty() {
        "Nobody has an account yet. Add user makes one; the desktop itself needs none.".into()
    } else {
        format!("None of the {} fits the filter.", text::count(roster.accounts.len(), "user"))
    }
}

/// All services, for a choice.
#[must_use]
pub fn service_names(roster: &Roster) -> Vec<ServiceName> {
    let name = |service: &crate::engine::Service| ServiceName {
        id: service.id,
        name: service.name.clone(),
    };
    roster.services.iter().map(name).collect()
}

fn notes(roster: &Roster) -> Vec<Note> {
    if roster.has_administrator() || roster.accounts.is_empty() {
        return Vec::new();
    }
    let text = "No administrator can sign in through the web listener at the moment. This desktop can still change everything; give somebody the permission Administrator.";
    vec![Note { tone: Tone::Info, text: text.into(), closable: false }]
}

fn add_form(settings: &Settings, session: &Session) -> AddForm {
    let presets: Vec<PresetChoice> = Preset::ALL.into_iter().map(preset).collect();
    AddForm {
        offer: guarded("Add user", session),
        rights: choices(Rights::of_account(&[]), None),
        presets,
        invitation: invitation(settings),
        password: password_rule(&settings.sessions),
        machine: "A service account is for a program. It has no password and cannot sign in; it comes in with tokens, which you make once it is added.".into(),
    }
}

/// An offer that needs an administrator.
pub(super) fn guarded(label: &str, session: &Session) -> Offer {
    match session.permit(Administer) {
        Ok(_) => Offer::open(label),
        Err(denied) => Offer::shut(label, &sentence(&denied.to_string())),
    }
}

/// Makes a sentence of an error's words.
pub(super) fn sentence(said: &str) -> String {
    let mut chars = said.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn preset(preset: Preset) -> PresetChoice {
    let rights = preset.rights();
    let words: Vec<&str> = rights.iter().map(Right::words).collect();
    PresetChoice {
        preset,
        code: match preset {
            Preset::Viewer => "viewer",
            Preset::Operator => "operator",
            Preset::Engineer => "engineer",
            Preset::Administrator => "administrator",
        },
        word: preset.word(),
        about: words.join(", "),
        rights,
    }
}

/// The permissions to tick for whoever holds `rights`; `administrator_stays` says why the right of
/// that name cannot be taken away, where it cannot.
#[must_use]
pub fn choices(rights: Rights, administrator_stays: Option<&str>) -> Vec<RightChoice> {
    let all = rights.contains(Right::Administrator);
    let choice = |right: Right| RightChoice {
        right,
        code: right.code(),
        words: right.words(),
        about: right.about(),
        held: all || rights.contains(right),
        fixed: match right {
            Right::Administrator => administrator_stays.filter(|_| all).map(str::to_owned),
            Right::ReadSettings if !all => Some("Every account may read.".into()),
            Right::ReadSettings
            | Right::ChangeSettings
            | Right::ChargePacks
            | Right::SendReceiveCan => {
                all.then(|| "An administrator holds every permission.".into())
            }
        },
    };
    Right::ALL.into_iter().map(choice).collect()
}

/// `rights` with `right` ticked or unticked, whichever it was not. The others stay as they are ticked,
/// also below an administrator's, so that unticking that brings them back.
#[must_use]
pub fn toggled(rights: Rights, right: Right) -> Rights {
    if rights.contains(right) {
        let others: Vec<Right> = rights.iter().filter(|held| *held != right).collect();
        return Rights::of(&others);
    }
    rights.with(right)
}

fn invitation(settings: &Settings) -> String {
    let hours = settings.sessions.link_h;
    let way = if settings.mail.enabled {
        "It is sent to the e-mail address, if there is one, and shown to you once."
    } else {
        "It is shown to you once, to copy and pass on; e-mail is not set up."
    };
    format!("The invitation link works once, within {hours} h. {way}")
}

/// What a password must be like.
#[must_use]
pub fn password_rule(settings: &SessionSettings) -> String {
    format!(
        "At least {} characters, not a common password, not made of the name.",
        settings.password_chars
    )
}

/// A link that was just made for `name`, to be shown once.
#[must_use]
pub fn shown_link(link: &OneTimeLink, name: &str, now: Wall, zone: &TimeZone) -> ShownOnce {
    let (title, what) = match link.purpose {
        Purpose::Invitation => (format!("Invitation for {name}"), "set a password and sign in"),
        Purpose::Reset => (format!("New password for {name}"), "set a new password"),
        Purpose::SetUp => ("First administrator".into(), "make the first administrator"),
    };
    let way = match &link.mailed_to {
        Some(address) => format!("It is being sent to {address}."),
        None => "Pass it on by a way you trust: it is not shown again.".into(),
    };
    let until = text::date(link.expires, zone);
    // The moment between making and showing it takes no hour off.
    let left = text::coarse(text::between(now, link.expires) + MOMENT);
    ShownOnce {
        title,
        sentence: format!(
            "Whoever opens this link can {what}. It works once, until {until} ({left}). {way}"
        ),
        secret: link.url.clone(),
        label: "Link",
    }
}
