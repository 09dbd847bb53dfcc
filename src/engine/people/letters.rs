//! One-time links: made for an account, or for the first administrator, and put into a letter where
//! mail is set up. And reports, which are letters too.

use std::sync::PoisonError;
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::access::account::{Account, AccountId, OneTimeLink, Purpose};
use crate::engine::access::secret::{NoRandom, Secret, new_token, token_hash};
use crate::engine::people::People;
use crate::engine::people::post::{Link, Parcel, Report};
use crate::engine::store::{StoreError, Writing, links};

/// The token of a new link is kept; what is returned is shown this once.
pub struct NewLink {
    token: Secret,
    expires: Wall,
}

/// Why a link is not made.
pub enum LinkError {
    /// The database refuses.
    Store(StoreError),
    /// The system gives no random numbers.
    NoRandom(NoRandom),
}

impl People {
    /// Makes a link for `account`; the caller says the database what it means.
    fn new_link(
        &self,
        writing: &Writing<'_>,
        account: Option<AccountId>,
        purpose: Purpose,
    ) -> Result<NewLink, LinkError> {
        let token = new_token().map_err(LinkError::NoRandom)?;
        let hours = u64::from(self.roster().settings.sessions.link_h);
        let expires = after(self.clock.wall(), Duration::from_secs(hours * 3600));
        let link = links::Kept { account, purpose, token: token_hash(token.reveal()), expires };
        links::put(writing, &link).map_err(LinkError::Store)?;
        Ok(NewLink { token, expires })
    }

    /// Makes the link of `account` for `purpose`, which takes the place of an older one, and has it
    /// sent once it is kept. `base` is where the listener is found.
    pub(in crate::engine) fn link_for(
        &self,
        writing: &Writing<'_>,
        account: &Account,
        purpose: Purpose,
        base: &str,
    ) -> Result<OneTimeLink, LinkError> {
        let NewLink { token, expires } = self.new_link(writing, Some(account.id), purpose)?;
        let url = url(base, "invitation", &token);
        let mail = &self.roster().settings.mail;
        let mailed_to = account.email.clone().filter(|to| {
            let (name, url) = (account.name.clone(), url.clone());
            let link = Link { name, purpose, url, expires };
            let hash = token_hash(token.reveal());
            mail.enabled && self.lobby.post.hold(hash, to.clone(), link)
        });
        Ok(OneTimeLink { purpose, token, url, expires, mailed_to })
    }

    /// Makes the set-up link of the first administrator.
    pub(in crate::engine) fn link_for_set_up(
        &self,
        writing: &Writing<'_>,
        base: &str,
    ) -> Result<OneTimeLink, LinkError> {
        let purpose = Purpose::SetUp;
        let NewLink { token, expires } = self.new_link(writing, None, purpose)?;
        let url = url(base, "set-up", &token);
        Ok(OneTimeLink { purpose, token, url, expires, mailed_to: None })
    }
}

impl People {
    /// Packs a report for `to`, by somebody on the Busbar of this name; none where there is no room for it.
    pub(in crate::engine) fn pack_report(
        &self,
        to: &str,
        (by, busbar): (String, String),
        text: String,
    ) -> Option<Parcel> {
        self.lobby.post.pack(to.to_owned(), Report { by, busbar, text })
    }

    /// Counts a report that `account` wants to have mailed.
    ///
    /// # Errors
    /// They have had enough of late: how long to wait.
    pub(in crate::engine) fn count_report(
        &self,
        account: Option<AccountId>,
    ) -> Result<(), Duration> {
        let mut mailings = self.mailings.lock().unwrap_or_else(PoisonError::into_inner);
        mailings.take(account, self.clock.now())
    }
}

fn url(base: &str, page: &str, token: &Secret) -> Secret {
    Secret::new(format!("{}/{page}/{}", base.trim_end_matches('/'), token.reveal()))
}

/// `span` after `at`.
pub fn after(at: Wall, span: Duration) -> Wall {
    let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    Wall::from_nanos(at.nanos().saturating_add(nanos))
}
