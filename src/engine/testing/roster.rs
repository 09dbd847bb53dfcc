//! A believable roster: a small team with every kind of account, for pages and their tests.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::access::account::{
    Account, AccountId, AccountKind, PendingLink, Preset, Purpose, Service, ServiceId,
    SessionEntry, SessionId, Status, TokenEntry, TokenId,
};
use crate::engine::access::actor::{Actor, Rights, Who};
use crate::engine::access::grant::{Face, MustChange, Session};
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::permission::Right;
use crate::engine::access::roster::Roster;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// 2026-11-21T14:26:08Z: the moment at which the roster is looked at.
pub const NOW: Wall = Wall::from_nanos(1_795_271_168_000_000_000);

/// `seconds` before [`NOW`].
#[must_use]
pub fn before(seconds: u64) -> Wall {
    at(NOW.nanos(), -(i128::from(seconds)))
}

/// `seconds` after [`NOW`].
#[must_use]
pub fn after(seconds: u64) -> Wall {
    at(NOW.nanos(), i128::from(seconds))
}

fn at(nanos: i64, seconds: i128) -> Wall {
    let ns = i128::from(nanos) + seconds * Duration::from_secs(1).as_nanos() as i128;
    Wall::from_nanos(i64::try_from(ns).unwrap_or(i64::MAX))
}

/// An active person, without e-mail address and service.
#[must_use]
pub fn person(id: i64, name: &str, rights: Rights) -> Account {
    Account {
        id: AccountId(id),
        kind: AccountKind::Person,
        name: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        service: None,
        rights,
        status: Status::Active,
        must_change_password: false,
        has_password: true,
        link: None,
        created: before(30 * DAY),
        last_sign_in: Some(before(u64::try_from(id).unwrap_or_default() * HOUR)),
        version: 1,
    }
}

/// Six accounts of every kind, two services and an empty one, sessions and tokens.
#[must_use]
pub fn roster() -> Roster {
    let (team, workshop) = (Some(ServiceId(1)), Some(ServiceId(2)));
    let ada = Account { service: team, ..person(1, "ada", Preset::Administrator.rights()) };
    let grace = Account { service: team, ..person(2, "grace", Preset::Operator.rights()) };
    let linus = Account {
        service: workshop,
        must_change_password: true,
        ..person(3, "linus", Preset::Engineer.rights())
    };
    let tim = Account {
        service: workshop,
        status: Status::Invited,
        has_password: false,
        last_sign_in: None,
        link: Some(PendingLink { purpose: Purpose::Invitation, expires: after(50 * HOUR) }),
        ..person(4, "tim", Preset::Viewer.rights())
    };
    let machine = |account: Account| Account {
        kind: AccountKind::Machine,
        email: None,
        has_password: false,
        last_sign_in: None,
        ..account
    };
    let display =
        Account { service: team, ..machine(person(5, "pit-display", Preset::Operator.rights())) };
    let old = Account {
        status: Status::Disabled,
        ..machine(person(6, "old-ci", Preset::Viewer.rights()))
    };
    Roster {
        version: 1,
        accounts: vec![ada, grace, linus, old, display, tim],
        services: vec![
            service(3, "Guests", 0),
            service(1, "Race team", 3),
            service(2, "Workshop", 2),
        ],
        sessions: sessions(),
        tokens: tokens(),
        settings: Arc::default(),
        marks: Arc::default(),
    }
}

fn service(id: i64, name: &str, members: usize) -> Service {
    Service { id: ServiceId(id), name: name.to_owned(), members, version: 1 }
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

fn sessions() -> Vec<SessionEntry> {
    let entry =
        |id: i64, account: i64, address: IpAddr, agent: &str, age: u64, idle: u64| SessionEntry {
            id: SessionId(id),
            account: AccountId(account),
            face: Face::Web,
            address: Some(address),
            agent: Some(agent.to_owned()),
            created: before(age),
            expires: after(12 * HOUR - age.min(12 * HOUR)),
            life: Arc::new(Life::new(before(idle))),
            ended: None,
        };
    let ended = |entry: SessionEntry, ago: u64, why: Ended| {
        entry.life.end(why);
        SessionEntry { ended: Some((before(ago), why)), ..entry }
    };
    let here = IpAddr::from([127, 0, 0, 1]);
    let there = IpAddr::from([192, 0, 2, 7]);
    vec![
        ended(entry(14, 3, there, FIREFOX, 20 * 60, 19 * 60), 18 * 60, Ended::RightsChanged),
        entry(13, 2, there, PHONE, 25 * 60, 12),
        SessionEntry { face: Face::Api, ..entry(12, 2, here, "curl/8.5.0", 2 * HOUR, 20 * 60) },
        entry(11, 1, here, FIREFOX, 3 * HOUR, 2),
    ]
}

fn tokens() -> Vec<TokenEntry> {
    let token = |id: i64, account: i64, name: &str, rights: Rights, used: Option<u64>| TokenEntry {
        id: TokenId(id),
        account: AccountId(account),
        name: name.to_owned(),
        rights,
        created: before(10 * DAY),
        expires: after(80 * DAY),
        used: used.map(before),
        revoked: None,
        life: Arc::new(Life::new(before(10 * DAY))),
    };
    let read = Rights::of(&[Right::ReadSettings]);
    let charge = Rights::of(&[Right::ReadSettings, Right::ChargePacks]);
    vec![
        TokenEntry { revoked: Some(before(DAY)), ..token(1, 5, "bench", read, None) },
        token(2, 5, "pit screen", charge, Some(40)),
    ]
}

/// The session `id` of `account`, which came in through a browser on this machine.
#[must_use]
pub fn signed_in(account: &Account, id: i64) -> Session {
    let who = Who::Account { id: account.id, name: account.name.clone() };
    let from = (Face::Web, Some(IpAddr::from([127, 0, 0, 1])));
    let must =
        if account.must_change_password { MustChange::Password } else { MustChange::Nothing };
    let life = Arc::new(Life::new(NOW));
    Session::remote(Actor::new(who, account.rights), from, Some(SessionId(id)), must, life)
}
