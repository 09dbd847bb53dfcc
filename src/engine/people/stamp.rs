//! Who does something, from where, when: what every journal line begins with.

use std::net::IpAddr;

use crate::base::time::Wall;
use crate::engine::access::account::AccountId;
use crate::engine::access::grant::{Face, Session};
use crate::engine::store::journal::{Entry, Outcome};

/// Who does something, for the journal.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// Who, in words.
    pub who: String,
    /// The account, where it is somebody's who has one.
    pub account: Option<AccountId>,
    /// Through which face.
    pub face: Face,
    /// From which address.
    pub address: Option<IpAddr>,
    /// When.
    pub at: Wall,
}

impl Stamp {
    /// What `session` does at `at`.
    #[must_use]
    pub fn of(session: &Session, at: Wall) -> Self {
        let who = session.actor().to_string();
        let account = session.actor().account();
        Self { who, account, face: session.face(), address: session.address(), at }
    }
}

impl Stamp {
    /// A journal line of this: done, until it turns out otherwise.
    #[must_use]
    pub fn entry(&self, action: &'static str, target: String) -> Entry {
        Entry {
            at: self.at,
            who: self.who.clone(),
            face: self.face.code(),
            address: self.address,
            action,
            target,
            before: None,
            after: None,
            outcome: Outcome::Done,
            note: None,
            of: None,
        }
    }
}
