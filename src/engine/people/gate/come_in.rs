//! Making the session of somebody who has shown who they are: in the same transaction as the line
//! about it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::access::account::{Account, AccountId};
use crate::engine::access::grant::Origin;
use crate::engine::access::life::Ended;
use crate::engine::access::secret::{Secret, TokenHash, token_hash};
use crate::engine::people::People;
use crate::engine::people::gate::SignedIn;
use crate::engine::people::letters::after;
use crate::engine::people::stamp::Stamp;
use crate::engine::store::{StoreError, Writing, accounts, sessions};

/// Most sessions of an account that live; the oldest ends.
const MOST_SESSIONS: usize = 64;
/// Most characters that are kept of what the other side calls itself.
const AGENT_CHARS: usize = 200;

/// A session that is about to be made.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Hash of its token.
    pub token: TokenHash,
    /// Where it comes from.
    pub from: Origin,
    /// When.
    pub now: Wall,
    /// When it ends at the latest.
    pub expires: Wall,
}

impl Entrance {
    /// One for whoever will hold `token`.
    pub fn new(people: &People, token: &Secret, from: &Origin) -> Self {
        let now = people.clock.wall();
        let hours = u64::from(people.roster().settings.sessions.absolute_h);
        let agent = from.agent.as_ref().map(|agent| {
            let shown = agent.chars().filter(|c| !c.is_control());
            shown.take(AGENT_CHARS).collect()
        });
        Self {
            token: token_hash(token.reveal()),
            from: Origin { agent, ..from.clone() },
            now,
            expires: after(now, Duration::from_secs(hours * 3600)),
        }
    }

    /// Who comes in: the account of this name.
    pub fn stamp(&self, name: &str) -> Stamp {
        let (face, address) = (self.from.face, self.from.address);
        Stamp { who: name.to_owned(), account: None, face, address, at: self.now }
    }

    /// Somebody who has not come in.
    pub fn stamp_of_nobody(&self) -> Stamp {
        self.stamp(&crate::engine::access::actor::Who::Nobody.to_string())
    }

    /// Makes the session.
    ///
    /// # Errors
    /// The database refuses.
    pub fn write(&self, writing: &Writing<'_>, account: AccountId) -> Result<(), StoreError> {
        sessions::insert(writing, account, &self.token, &self.from, (self.now, self.expires))?;
        sessions::end_oldest(writing, account, MOST_SESSIONS, (self.now, Ended::Replaced))?;
        accounts::note_sign_in(writing, account, self.now)?;
        writing.touch();
        Ok(())
    }

    /// What whoever came in is given, once the session is kept.
    ///
    /// # Errors
    /// It ended at once.
    pub fn opened(self, people: &People, token: Secret) -> Result<SignedIn, StoreError> {
        let picture = people.picture();
        let pass = picture.pass(&self.token).ok_or(StoreError::Odd("a session just made"))?;
        let session = pass.session();
        let account: Option<&Account> =
            session.actor().account().and_then(|id| picture.roster.account(id));
        let account = account.ok_or(StoreError::Odd("the account of a session just made"))?.clone();
        Ok(SignedIn { token, expires: self.expires, account, session: Arc::clone(&session) })
    }
}
