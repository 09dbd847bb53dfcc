//! The roster: an immutable picture of who there is, who is in, and the settings, made anew after
//! every change. What the Users, Services, Sessions and Settings pages show.

use std::sync::Arc;

use crate::engine::access::account::{
    Account, AccountId, Service, ServiceId, SessionEntry, Status, TokenEntry,
};
use crate::engine::access::actor::{Actor, Rights, Who};
use crate::engine::access::permission::Permission;
use crate::engine::access::settings::{Marks, Settings};

/// Who there is and who is in.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// Counts the pictures.
    pub version: u64,
    /// All accounts, by name.
    pub accounts: Vec<Account>,
    /// All services, by name.
    pub services: Vec<Service>,
    /// Sessions, newest first: those that live, and those that ended not long ago.
    pub sessions: Vec<SessionEntry>,
    /// Tokens, by name.
    pub tokens: Vec<TokenEntry>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Who changed which of them, and when.
    pub marks: Arc<Marks>,
}

impl Roster {
    /// The account with this number.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account of this name, whatever the case.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Account> {
        let name = name.trim().to_lowercase();
        self.accounts.iter().find(|account| account.name.to_lowercase() == name)
    }

    /// The service with this number.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// Whether `who` may still do what they began. Whoever sits at the machine always may; of an account it
    /// is asked whether it is in use and holds the right, of a token also whether it lives. That a session
    /// has ended does not matter here.
    #[must_use]
    pub fn lets(&self, who: &Who, what: &impl Permission) -> bool {
        let holds = |id: AccountId, limit: Option<Rights>| {
            let account = self.account(id).filter(|account| account.status == Status::Active);
            account.is_some_and(|account| {
                let rights = limit.map_or(account.rights, |limit| account.rights.both(limit));
                what.covers(&Actor::new(who.clone(), rights))
            })
        };
        match who {
            Who::LocalConsole => true,
            Who::Account { id, .. } => holds(*id, None),
            Who::Token { account, token, .. } => self
                .tokens
                .iter()
                .filter(|one| one.account == *account && one.name == *token)
                .any(|one| one.life.ended().is_none() && holds(*account, Some(one.rights))),
            Who::Nobody
            | Who::Display { .. }
            | Who::ProfileWatcher
            | Who::WebListener
            | Who::ChargeControl
            | Who::SendControl
            | Who::RecordControl => false,
        }
    }

    /// Whether somebody could come in and administer.
    #[must_use]
    pub fn has_administrator(&self) -> bool {
        self.accounts.iter().any(Account::is_working_administrator)
    }

    /// Whether `account` is the only one that could come in and administer: it cannot be removed,
    /// disabled or demoted.
    #[must_use]
    pub fn is_last_administrator(&self, account: &Account) -> bool {
        let others = || self.accounts.iter().filter(|other| other.id != account.id);
        account.is_working_administrator() && !others().any(Account::is_working_administrator)
    }
}
