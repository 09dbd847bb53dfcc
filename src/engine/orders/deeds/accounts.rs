//! What orders about accounts and links do.
//!
//! A reset link takes the old password away at once: whoever asks for one has reason to think that
//! somebody else knows it.

use serde_json::{Map, Value, json};

use crate::engine::access::account::{
    Account, AccountId, AccountKind, OneTimeLink, Purpose, ServiceId, Status, account_name, email,
};
use crate::engine::access::actor::Rights;
use crate::engine::access::life::Ended;
use crate::engine::orders::OrderError;
use crate::engine::orders::accounts::{
    AddAccount, Added, ChangeAccount, Credential, DeleteAccount, GivePassword, MakeLink,
    MustChangeIt,
};
use crate::engine::orders::deeds::services;
use crate::engine::orders::desk::Desk;
use crate::engine::people::LinkError;
use crate::engine::store::accounts::{self, Change, Fields};
use crate::engine::store::{links, sessions, tokens};

pub fn add(desk: &mut Desk<'_>, order: AddAccount) -> Result<Added, OrderError> {
    let AddAccount { kind, name, email, service, rights, credential, link_base } = order;
    let name = free_name(desk, &name, None)?;
    let email = checked_email(email)?;
    let status = match (kind, &credential) {
        (AccountKind::Person, Credential::Invitation) => Status::Invited,
        (AccountKind::Person, Credential::Password { .. })
        | (AccountKind::Machine, Credential::None) => Status::Active,
        (AccountKind::Person, Credential::None) => {
            return unfit("a person needs a password or an invitation");
        }
        (AccountKind::Machine, Credential::Invitation | Credential::Password { .. }) => {
            return unfit("a service account has no password: it comes in with tokens");
        }
    };
    let service = services::choose(desk, service)?;
    let fields = Fields { name, email, service, rights: normal(rights), status };
    let id = accounts::insert(desk.writing, kind, &fields, desk.by.at)?;
    desk.target = Some(format!("account {}", fields.name));
    desk.after = Some(Value::Object(described(desk, &fields)?));
    let mut link = None;
    match credential {
        Credential::Invitation => {
            link = Some(make(desk, id, Purpose::Invitation, &link_base)?);
            desk.remember("link", json!(Purpose::Invitation));
        }
        Credential::Password { hash, must_change } => {
            accounts::set_password(desk.writing, id, Some(&hash), due(must_change))?;
            let given = json!({ "must_change": must_change == MustChangeIt::Yes });
            desk.remember("password", given);
        }
        Credential::None => desk.remember("kind", json!(kind)),
    }
    no_set_up_any_more(desk)?;
    desk.writing.touch();
    Ok(Added { account: account(desk, id)?, link })
}

pub fn change(desk: &mut Desk<'_>, order: ChangeAccount) -> Result<Account, OrderError> {
    let Some(id) = order.id else { return Err(absent("which none was named for")) };
    let old = current(desk, id, order.expected)?;
    let before = Fields::of(&old);
    let after = Fields {
        name: match order.name {
            Some(name) => free_name(desk, &name, Some(id))?,
            None => before.name.clone(),
        },
        email: match order.email {
            Some(email) => checked_email(email)?,
            None => before.email.clone(),
        },
        service: match order.service {
            Some(choice) => services::choose(desk, choice)?,
            None => before.service,
        },
        rights: order.rights.map_or(before.rights, normal),
        status: order.status.map_or(Ok(old.status), |status| next_status(&old, status))?,
    };
    if before == after {
        return Ok(old);
    }
    accounts::update(desk.writing, id, &after)?;
    follow(desk, &old, &after)?;
    keep_an_administrator(desk, &old)?;
    no_set_up_any_more(desk)?;
    let (was, is) = (described(desk, &before)?, described(desk, &after)?);
    let changed = |from: &Map<String, Value>, other: &Map<String, Value>| {
        let differs = from.iter().filter(|(key, value)| other.get(*key) != Some(value));
        Value::Object(differs.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    (desk.before, desk.after) = (Some(changed(&was, &is)), Some(changed(&is, &was)));
    desk.writing.touch();
    account(desk, id)
}

/// What follows from a change for those who are in.
fn follow(desk: &Desk<'_>, old: &Account, after: &Fields) -> Result<(), OrderError> {
    let at = desk.by.at;
    if after.rights != old.rights {
        sessions::end_all(desk.writing, old.id, None, (at, Ended::RightsChanged))?;
        for token in tokens::of(&desk.writing.reading(), old.id)? {
            if !after.rights.cover(token.rights) {
                tokens::revoke(desk.writing, token.id, at)?;
            }
        }
    }
    if after.status == Status::Disabled && old.status != Status::Disabled {
        sessions::end_all(desk.writing, old.id, None, (at, Ended::Disabled))?;
        links::delete_of(desk.writing, Some(old.id))?;
    }
    Ok(())
}

/// The status that comes of asking for `wanted`.
fn next_status(old: &Account, wanted: Status) -> Result<Status, OrderError> {
    let able = old.has_password || old.kind == AccountKind::Machine;
    match (old.status, wanted) {
        (Status::Active, Status::Active)
        | (Status::Invited, Status::Invited)
        | (_, Status::Disabled) => Ok(wanted),
        // Without a password it waits for one, as it did before it was disabled.
        (Status::Disabled, Status::Active | Status::Invited) if !able => Ok(Status::Invited),
        (Status::Disabled, Status::Active) => Ok(Status::Active),
        (Status::Invited, Status::Active) => unfit(format!(
            "{} has no password yet: it becomes active when the invitation is used, or when you give it a password",
            old.name
        )),
        (Status::Active | Status::Disabled, Status::Invited) => unfit(format!(
            "{} has a password already: make a reset link instead of an invitation",
            old.name
        )),
    }
}

pub fn delete(desk: &mut Desk<'_>, order: DeleteAccount) -> Result<(), OrderError> {
    let old = current(desk, order.id, order.expected)?;
    desk.before = Some(Value::Object(described(desk, &Fields::of(&old))?));
    accounts::delete(desk.writing, old.id)?;
    keep_an_administrator(desk, &old)?;
    desk.writing.touch();
    Ok(())
}

pub fn make_link(desk: &mut Desk<'_>, order: MakeLink) -> Result<Added, OrderError> {
    let old = current(desk, order.id, None)?;
    let name = &old.name;
    match (old.kind, old.status, order.purpose) {
        (_, _, Purpose::SetUp) => {
            return unfit("a set-up link is for the first administrator and for no account");
        }
        (AccountKind::Machine, _, _) => {
            return unfit(format!("{name} is a service account: it comes in with tokens"));
        }
        (AccountKind::Person, Status::Disabled, _) => {
            return unfit(format!("{name} is disabled: enable it first"));
        }
        (AccountKind::Person, Status::Active, Purpose::Invitation) => {
            return unfit(format!("{name} is active already: make a reset link instead"));
        }
        (AccountKind::Person, Status::Invited, Purpose::Reset) => {
            return unfit(format!("{name} has no password yet: make a new invitation instead"));
        }
        (AccountKind::Person, Status::Invited, Purpose::Invitation) => {}
        (AccountKind::Person, Status::Active, Purpose::Reset) => {
            accounts::set_password(desk.writing, old.id, None, Change::NotDue)?;
            let end = (desk.by.at, Ended::PasswordChanged);
            sessions::end_all(desk.writing, old.id, None, end)?;
            keep_an_administrator(desk, &old)?;
        }
    }
    let link = make(desk, old.id, order.purpose, &order.link_base)?;
    desk.after = Some(json!({ "link": order.purpose, "mailed_to": link.mailed_to }));
    desk.writing.touch();
    Ok(Added { account: account(desk, old.id)?, link: Some(link) })
}

pub fn give_password(desk: &mut Desk<'_>, order: GivePassword) -> Result<Account, OrderError> {
    let old = current(desk, order.id, order.expected)?;
    if old.kind == AccountKind::Machine {
        return unfit(format!("{} is a service account: it comes in with tokens", old.name));
    }
    if old.status == Status::Invited {
        let fields = Fields { status: Status::Active, ..Fields::of(&old) };
        accounts::update(desk.writing, old.id, &fields)?;
        desk.before = Some(json!({ "status": old.status }));
        desk.remember("status", json!(fields.status));
    }
    accounts::set_password(desk.writing, old.id, Some(&order.hash), due(order.must_change))?;
    links::delete_of(desk.writing, Some(old.id))?;
    let end = (desk.by.at, Ended::PasswordChanged);
    sessions::end_all(desk.writing, old.id, None, end)?;
    no_set_up_any_more(desk)?;
    desk.remember("password", json!({ "must_change": order.must_change == MustChangeIt::Yes }));
    desk.writing.touch();
    account(desk, old.id)
}

/// The account, if it is there and nobody has changed it since `expected`; names it in the journal.
pub fn current(
    desk: &mut Desk<'_>,
    id: AccountId,
    expected: Option<i64>,
) -> Result<Account, OrderError> {
    let account = account(desk, id)?;
    desk.target = Some(format!("account {}", account.name));
    if expected.is_some_and(|version| version != account.version) {
        return Err(OrderError::Stale { what: format!("the account {}", account.name) });
    }
    Ok(account)
}

fn account(desk: &Desk<'_>, id: AccountId) -> Result<Account, OrderError> {
    let kept = accounts::get(&desk.writing.reading(), id)?;
    kept.map(|kept| kept.account).ok_or_else(|| absent(&format!("with the number {id}")))
}

fn absent(which: &str) -> OrderError {
    OrderError::NotFound { what: "account", which: which.to_owned() }
}

fn free_name(desk: &Desk<'_>, text: &str, own: Option<AccountId>) -> Result<String, OrderError> {
    let name = account_name(text)?;
    let holder = accounts::named(&desk.writing.reading(), &name)?;
    if holder.is_some() && holder != own {
        return Err(OrderError::Taken { what: "an account", name });
    }
    Ok(name)
}

fn checked_email(text: Option<String>) -> Result<Option<String>, OrderError> {
    Ok(email(&text.unwrap_or_default())?)
}

fn normal(rights: Rights) -> Rights {
    Rights::of_account(&rights.iter().collect::<Vec<_>>())
}

fn due(must_change: MustChangeIt) -> Change {
    match must_change {
        MustChangeIt::Yes => Change::Due,
        MustChangeIt::No => Change::NotDue,
    }
}

fn make(
    desk: &Desk<'_>,
    id: AccountId,
    purpose: Purpose,
    base: &str,
) -> Result<OneTimeLink, OrderError> {
    let account = account(desk, id)?;
    desk.people.link_for(desk.writing, &account, purpose, base).map_err(|error| match error {
        LinkError::Store(error) => error.into(),
        LinkError::NoRandom(error) => error.into(),
    })
}

/// Refuses what would leave nobody who can administer, where `old` could.
fn keep_an_administrator(desk: &Desk<'_>, old: &Account) -> Result<(), OrderError> {
    let left = accounts::has_administrator(&desk.writing.reading())?;
    if old.is_working_administrator() && !left {
        return Err(OrderError::LastAdministrator { name: old.name.clone() });
    }
    Ok(())
}

/// Cancels the set-up link once there is an administrator.
fn no_set_up_any_more(desk: &Desk<'_>) -> Result<(), OrderError> {
    if accounts::has_administrator(&desk.writing.reading())? {
        links::delete_of(desk.writing, None)?;
    }
    Ok(())
}

/// The fields as the journal shows them.
fn described(desk: &Desk<'_>, fields: &Fields) -> Result<Map<String, Value>, OrderError> {
    let Fields { name, email, service, rights, status } = fields;
    let service = service.map(|id| service_name(desk, id)).transpose()?;
    let rights: Vec<_> = rights.iter().collect();
    let all = [
        ("name", json!(name)),
        ("email", json!(email)),
        ("service", json!(service)),
        ("permissions", json!(rights)),
        ("status", json!(status)),
    ];
    Ok(all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn service_name(desk: &Desk<'_>, id: ServiceId) -> Result<String, OrderError> {
    Ok(services::get(desk, id)?.name)
}

fn unfit<T>(why: impl Into<String>) -> Result<T, OrderError> {
    Err(OrderError::Unfit(why.into()))
}
