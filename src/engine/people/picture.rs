//! The picture: everything that is known of people at a moment, read from the store as a whole. The
//! [`Roster`] is the part of it that may be shown; tokens' and passwords' hashes stay inside.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::access::account::{
    Account, AccountId, AccountKind, SessionEntry, Status, TokenEntry,
};
use crate::engine::access::actor::{Actor, Who};
use crate::engine::access::grant::{Face, MustChange, Session};
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::password::PasswordHash;
use crate::engine::access::roster::Roster;
use crate::engine::access::secret::TokenHash;
use crate::engine::people::pass::{End, Pass, PassId};
use crate::engine::store::charges::{self, Reader};
use crate::engine::store::settings as kept_settings;
use crate::engine::store::{Reading, StoreError, accounts, links, services, sessions, tokens};

/// Sessions that ended so long ago are no longer shown.
const SHOWN_AFTER_END: Duration = Duration::from_secs(24 * 3600);
/// Most ended sessions that are shown.
const MOST_ENDED: usize = 1000;

/// Everything known of people at a moment.
#[derive(Debug, Default)]
pub struct Picture {
    /// What may be shown.
    pub roster: Arc<Roster>,
    passes: HashMap<TokenHash, Arc<Pass>>,
    links: HashMap<TokenHash, links::Kept>,
    passwords: HashMap<AccountId, PasswordHash>,
    readers: BTreeSet<Reader>,
}

impl Picture {
    /// Reads it. Passes of `old` that still say the same are kept; those that are gone are ended.
    ///
    /// # Errors
    /// The database refuses, or a row cannot be understood.
    pub fn read(reading: &Reading<'_>, old: &Self, now: Wall) -> Result<Self, StoreError> {
        let mut accounts_by_name = Vec::new();
        let mut passwords = HashMap::new();
        for kept in accounts::all(reading)? {
            if let Some(hash) = kept.password {
                passwords.insert(kept.account.id, hash);
            }
            accounts_by_name.push(kept.account);
        }
        let settings = Arc::new(kept_settings::all(reading)?);
        // They change only with the settings.
        let marks = if old.roster.version > 0 && old.roster.settings.version == settings.version {
            Arc::clone(&old.roster.marks)
        } else {
            Arc::new(kept_settings::marks(reading)?)
        };
        let mut making = Making { old, accounts: &accounts_by_name, passes: HashMap::new() };
        let shown = i64::try_from(SHOWN_AFTER_END.as_nanos()).unwrap_or(i64::MAX);
        let since = Wall::from_nanos(now.nanos().saturating_sub(shown));
        let mut session_entries = Vec::new();
        for kept in sessions::recent(reading, since, MOST_ENDED)? {
            session_entries.extend(making.session(kept));
        }
        let mut token_entries = Vec::new();
        for kept in tokens::all(reading)? {
            token_entries.extend(making.token(kept, now));
        }
        let passes = making.passes;
        for (hash, pass) in &old.passes {
            if !passes.contains_key(hash) {
                pass.life().end(Ended::Deleted);
            }
        }
        let links = links::all(reading)?.into_iter().map(|link| (link.token, link)).collect();
        let roster = Roster {
            version: old.roster.version + 1,
            accounts: accounts_by_name,
            services: services::all(reading)?,
            sessions: session_entries,
            tokens: token_entries,
            settings,
            marks,
        };
        let readers = charges::readers(reading)?;
        Ok(Self { roster: Arc::new(roster), passes, links, passwords, readers })
    }

    /// The same, with nobody in: where the store cannot be read, nobody may come in on what was true
    /// before.
    pub fn without_passes(&self) -> Self {
        for pass in self.passes.values() {
            pass.life().end(Ended::Expired);
        }
        let roster = Roster { version: self.roster.version + 1, ..Roster::clone(&self.roster) };
        Self { roster: Arc::new(roster), ..Self::default() }
    }

    /// What the token with this hash opens.
    pub fn pass(&self, token: &TokenHash) -> Option<&Arc<Pass>> {
        self.passes.get(token)
    }

    /// All passes.
    pub fn passes(&self) -> impl Iterator<Item = &Arc<Pass>> {
        self.passes.values()
    }

    /// The link with this hash, run out or not.
    pub fn link(&self, token: &TokenHash) -> Option<&links::Kept> {
        self.links.get(token)
    }

    /// The hash of an account's password.
    pub fn password(&self, account: AccountId) -> Option<&PasswordHash> {
        self.passwords.get(&account)
    }

    /// Whether somebody has read the safety text of charging.
    pub fn has_read(&self, reader: Reader) -> bool {
        self.readers.contains(&reader)
    }

    /// How long a session may be unused.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.roster.settings.sessions.idle_min) * 60)
    }
}

/// A picture being made.
struct Making<'a> {
    old: &'a Picture,
    accounts: &'a [Account],
    passes: HashMap<TokenHash, Arc<Pass>>,
}

impl Making<'_> {
    fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    fn session(&mut self, kept: sessions::Kept) -> Option<SessionEntry> {
        let account = self.account(kept.account)?;
        let who = Who::Account { id: account.id, name: account.name.clone() };
        let actor = Actor::new(who, account.rights);
        let change =
            if account.must_change_password { MustChange::Password } else { MustChange::Nothing };
        let why = kept.ended.map(|(_, why)| why).or_else(|| end_by_account(account));
        let end = if kept.ended.is_some() { End::Kept } else { End::NotKept };
        let from = (kept.from.face, kept.from.address);
        let old = self.old.pass(&kept.token);
        let life = old.map_or_else(|| Arc::new(Life::new(kept.used)), |old| old.life().clone());
        let pass = old.filter(|old| says_the_same(old, &actor, change)).cloned();
        let pass = pass.unwrap_or_else(|| {
            if old.is_some_and(|old| old.session().actor().rights() != actor.rights()) {
                life.end(why.unwrap_or(Ended::RightsChanged));
            }
            let life = Arc::clone(&life);
            let session = Session::remote(actor, from, Some(kept.id), change, life);
            Arc::new(Pass::new(PassId::Session(kept.id), kept.expires, session, end))
        });
        if let Some(why) = why {
            pass.life().end(why);
        }
        if end == End::Kept {
            // Nothing is left to be written of it.
            let _told = pass.take_end();
        }
        self.passes.insert(kept.token, pass);
        Some(SessionEntry {
            id: kept.id,
            account: kept.account,
            face: kept.from.face,
            address: kept.from.address,
            agent: kept.from.agent,
            created: kept.created,
            expires: kept.expires,
            life,
            ended: kept.ended,
        })
    }

    fn token(&mut self, kept: tokens::Kept, now: Wall) -> Option<TokenEntry> {
        let account = self.account(kept.account)?;
        let rights = account.rights.both(kept.rights);
        let (name, token) = (account.name.clone(), kept.name.clone());
        let actor = Actor::new(Who::Token { account: account.id, name, token }, rights);
        let why = if kept.revoked.is_some() {
            Some(Ended::Revoked)
        } else if now >= kept.expires {
            Some(Ended::Expired)
        } else {
            end_by_account(account)
        };
        let old = self.old.pass(&kept.token);
        // A token of an account that is enabled again begins a new life: whoever held the old one
        // has been told that it ended.
        let lives_on = old.filter(|old| why.is_some() || old.life().ended().is_none());
        let used = kept.used.unwrap_or(kept.created);
        let life = lives_on.map_or_else(|| Arc::new(Life::new(used)), |old| old.life().clone());
        let change = MustChange::Nothing;
        let pass = lives_on.filter(|old| says_the_same(old, &actor, change)).cloned();
        let pass = pass.unwrap_or_else(|| {
            if lives_on.is_some_and(|old| old.session().actor().rights() != rights) {
                life.end(why.unwrap_or(Ended::RightsChanged));
            }
            let session =
                Session::remote(actor, (Face::Api, None), None, change, Arc::clone(&life));
            Arc::new(Pass::new(PassId::Token(kept.id), kept.expires, session, End::Kept))
        });
        if let Some(why) = why {
            pass.life().end(why);
        }
        self.passes.insert(kept.token, pass);
        Some(TokenEntry {
            id: kept.id,
            account: kept.account,
            name: kept.name,
            rights: kept.rights,
            created: kept.created,
            expires: kept.expires,
            used: kept.used,
            revoked: kept.revoked,
            life,
        })
    }
}

/// Why nobody may be in for this account.
fn end_by_account(account: &Account) -> Option<Ended> {
    match account.status {
        Status::Disabled => Some(Ended::Disabled),
        Status::Invited if account.kind == AccountKind::Person => Some(Ended::Disabled),
        Status::Invited | Status::Active => None,
    }
}

/// Whether a pass was made for the same actor with the same duties.
fn says_the_same(pass: &Pass, actor: &Actor, change: MustChange) -> bool {
    let session = pass.session();
    let must_change = change == MustChange::Password;
    session.actor() == actor && session.must_change_password() == must_change
}
