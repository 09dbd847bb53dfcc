//! The roster: an immutable picture of who there is, who is in, and the settings, made anew after
//! every change. What the Users, Services, Sessions and Settings pages show.

use std::sync::Arc;

use crate::engine::access::account::{
    Account, AccountId, Service, ServiceId, SessionEntry, TokenEntry,
};
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
