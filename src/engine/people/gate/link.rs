//! One-time links: what they offer, and how they are used.

use crate::engine::access::account::{
    Account, AccountId, AccountKind, FieldError, OneTimeLink, Purpose, Status, account_name,
};
use crate::engine::access::actor::{Rights, Who};
use crate::engine::access::backoff::Attempt;
use crate::engine::access::grant::{Face, Origin};
use crate::engine::access::life::Ended;
use crate::engine::access::password::PasswordHash;
use crate::engine::access::permission::Right;
use crate::engine::access::secret::{Secret, new_token, token_hash};
use crate::engine::people::People;
use crate::engine::people::gate::come_in::Entrance;
use crate::engine::people::gate::sign_in::{refused, seconds};
use crate::engine::people::gate::{Gate, LinkOffer, RedeemError, SignedIn};
use crate::engine::people::letters::LinkError;
use crate::engine::people::stamp::Stamp;
use crate::engine::store::accounts::{Change, Fields};
use crate::engine::store::{Reading, StoreError, Writing, accounts, journal, links, sessions};

/// A link that can be used.
struct Usable {
    link: links::Kept,
    /// Whose; `None` for the set-up link.
    account: Option<Account>,
}

/// The link with this token, if it can be used.
fn usable(people: &People, token: &str) -> Option<Usable> {
    let picture = people.picture();
    let link = picture.link(&token_hash(token))?.clone();
    let account = link.account.and_then(|id| picture.roster.account(id)).cloned();
    let fits = match (&account, link.purpose) {
        (Some(account), Purpose::Invitation) => account.status == Status::Invited,
        (Some(account), Purpose::Reset) => account.status == Status::Active,
        (None, Purpose::SetUp) => !picture.roster.has_administrator(),
        (Some(_), Purpose::SetUp) | (None, Purpose::Invitation | Purpose::Reset) => false,
    };
    let fresh = people.clock.wall() < link.expires;
    (fits && fresh).then_some(Usable { link, account })
}

pub fn look(people: &People, token: &str) -> Option<LinkOffer> {
    people.store.catch_up();
    let Usable { link, account } = usable(people, token)?;
    Some(LinkOffer {
        purpose: link.purpose,
        name: account.map(|account| account.name),
        expires: link.expires,
        password_chars: people.roster().settings.sessions.password_chars,
    })
}

pub fn redeem(
    gate: &Gate,
    token: &str,
    name: Option<&str>,
    password: &Secret,
    from: &Origin,
) -> Result<SignedIn, RedeemError> {
    let people = &*gate.people;
    let attempt = Attempt::link(from.address);
    if let Some(wait) = people.waits().ask(&attempt, people.clock.now()) {
        return Err(RedeemError::Wait { seconds: seconds(wait) });
    }
    people.store.catch_up();
    let own_token = new_token()?;
    let entrance = Entrance::new(people, &own_token, from);
    let Some(Usable { link, account }) = usable(people, token) else {
        let struck = people.waits().wrong(&attempt, people.clock.now());
        refused(people, &entrance.stamp_of_nobody(), "redeem_link", "a link", struck)?;
        return Err(RedeemError::NoLink);
    };
    let name = match &account {
        Some(account) => account.name.clone(),
        None => new_name(people, name)?,
    };
    let hash = gate.hash(&name, password)?;
    let redeeming = Redeeming { link, name, hash, entrance: entrance.clone() };
    let account = people.store.write(move |writing| redeeming.write(writing))?;
    people.waits().right(&Attempt::sign_in(&account, from.address), people.clock.now());
    Ok(entrance.opened(people, own_token)?)
}

/// The name that the first administrator chose.
fn new_name(people: &People, name: Option<&str>) -> Result<String, RedeemError> {
    let name = account_name(name.ok_or(FieldError::Empty("name"))?)?;
    match people.roster().named(&name) {
        Some(_) => Err(RedeemError::Taken(name)),
        None => Ok(name),
    }
}

/// A link being used.
struct Redeeming {
    link: links::Kept,
    name: String,
    hash: PasswordHash,
    entrance: Entrance,
}

impl Redeeming {
    /// Does it, and returns the account's name; all of it is taken back if it cannot be done.
    fn write(&self, writing: &Writing<'_>) -> Result<String, RedeemError> {
        let Entrance { now, .. } = self.entrance;
        // It was looked at in a picture: it may have been used, or replaced, in the same moment.
        let kept = links::find(&writing.reading(), &self.link.token)?;
        if kept.is_none_or(|kept| now >= kept.expires) {
            return Err(RedeemError::NoLink);
        }
        let id = match self.link.account {
            None => self.first_administrator(writing)?,
            Some(id) => self.activate(&writing.reading(), writing, id)?,
        };
        accounts::set_password(writing, id, Some(&self.hash), Change::NotDue)?;
        links::delete_of(writing, self.link.account)?;
        if accounts::has_administrator(&writing.reading())? {
            links::delete_of(writing, None)?;
        }
        sessions::end_all(writing, id, None, (now, Ended::PasswordChanged))?;
        self.entrance.write(writing, id)?;
        let entry = self.entrance.stamp(&self.name).entry("redeem_link", self.target());
        let purpose = serde_json::json!({ "link": self.link.purpose });
        journal::append(writing, &journal::Entry { after: Some(purpose), ..entry })?;
        Ok(self.name.clone())
    }

    fn target(&self) -> String {
        format!("account {}", self.name)
    }

    fn first_administrator(&self, writing: &Writing<'_>) -> Result<AccountId, RedeemError> {
        if accounts::has_administrator(&writing.reading())? {
            return Err(RedeemError::NoLink);
        }
        if accounts::named(&writing.reading(), &self.name)?.is_some() {
            return Err(RedeemError::Taken(self.name.clone()));
        }
        let fields = Fields {
            name: self.name.clone(),
            email: None,
            service: None,
            rights: Rights::of_account(&[Right::Administrator]),
            status: Status::Active,
        };
        Ok(accounts::insert(writing, AccountKind::Person, &fields, self.entrance.now)?)
    }

    fn activate(
        &self,
        reading: &Reading<'_>,
        writing: &Writing<'_>,
        id: AccountId,
    ) -> Result<AccountId, RedeemError> {
        let account = accounts::get(reading, id)?.ok_or(RedeemError::NoLink)?.account;
        match account.status {
            Status::Disabled => return Err(RedeemError::NoLink),
            Status::Active => {}
            Status::Invited => {
                let fields = Fields { status: Status::Active, ..Fields::of(&account) };
                accounts::update(writing, id, &fields)?;
            }
        }
        Ok(id)
    }
}

pub fn set_up(
    people: &std::sync::Arc<People>,
    base: &str,
) -> Result<Option<OneTimeLink>, StoreError> {
    let stamp = Stamp {
        who: Who::LocalConsole.to_string(),
        account: None,
        face: Face::CommandLine,
        address: None,
        at: people.clock.wall(),
    };
    let (base, making) = (base.to_owned(), std::sync::Arc::clone(people));
    people.store.write(move |writing| {
        if accounts::has_administrator(&writing.reading())? {
            return Ok(None);
        }
        let link = making.link_for_set_up(writing, &base).map_err(|error| match error {
            LinkError::Store(error) => error,
            LinkError::NoRandom(_) => StoreError::Odd("the system's source of random numbers"),
        })?;
        let entry = stamp.entry("make_link", "the first administrator".to_owned());
        let after = serde_json::json!({ "link": link.purpose });
        journal::append(writing, &journal::Entry { after: Some(after), ..entry })?;
        writing.touch();
        Ok(Some(link))
    })
}
