//! Orders about sessions and tokens. One's own need no right; others' need an administrator.

use crate::base::time::Wall;
use crate::engine::access::account::{AccountId, SessionId, TokenEntry, TokenId};
use crate::engine::access::actor::Rights;
use crate::engine::access::permission::{Administer, OwnAccount};
use crate::engine::access::secret::Secret;
use crate::engine::orders::deeds::sessions as deed;
use crate::engine::orders::{Order, Route};

/// Ends a session.
#[derive(Clone, Copy, Debug)]
pub struct EndSession {
    /// Whose; a session of somebody else is not found.
    pub account: AccountId,
    /// Which.
    pub id: SessionId,
}

impl Order for EndSession {
    type Needs = OwnAccount;
    type Done = ();
    const NAME: &'static str = "end_session";

    fn needs(&self) -> OwnAccount {
        OwnAccount(self.account)
    }

    fn target(&self) -> String {
        format!("session {} of account {}", self.id, self.account)
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::end(desk, self))
    }
}

/// Ends all sessions of an account; `keep` goes on.
#[derive(Clone, Copy, Debug)]
pub struct EndSessions {
    /// Whose.
    pub account: AccountId,
    /// The session that stays, such as one's own.
    pub keep: Option<SessionId>,
}

impl Order for EndSessions {
    type Needs = OwnAccount;
    /// How many were ended.
    type Done = usize;
    const NAME: &'static str = "end_sessions";

    fn needs(&self) -> OwnAccount {
        OwnAccount(self.account)
    }

    fn target(&self) -> String {
        format!("sessions of account {}", self.account)
    }

    fn route(self) -> Route<usize> {
        Route::records(move |desk| deed::end_all(desk, self))
    }
}

/// Makes an API token.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// For which account.
    pub account: AccountId,
    /// Its name; unique among those of the account that are in use.
    pub name: String,
    /// What it allows: not more than the account.
    pub rights: Rights,
    /// Until when: not more than ten years on.
    pub expires: Wall,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What is kept of it.
    pub entry: TokenEntry,
    /// The token itself, shown this once.
    pub token: Secret,
}

impl Order for CreateToken {
    type Needs = Administer;
    type Done = NewToken;
    const NAME: &'static str = "create_token";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        format!("token {} of account {}", self.name.trim(), self.account)
    }

    fn route(self) -> Route<NewToken> {
        Route::records(move |desk| deed::create_token(desk, self))
    }
}

/// Revokes an API token.
#[derive(Clone, Copy, Debug)]
pub struct RevokeToken {
    /// Whose; a token of another account is not found.
    pub account: AccountId,
    /// Which.
    pub id: TokenId,
}

impl Order for RevokeToken {
    type Needs = OwnAccount;
    type Done = ();
    const NAME: &'static str = "revoke_token";

    fn needs(&self) -> OwnAccount {
        OwnAccount(self.account)
    }

    fn target(&self) -> String {
        format!("token {} of account {}", self.id, self.account)
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::revoke_token(desk, self))
    }
}

/// Lets an account and the addresses it was tried from sign in again at once.
#[derive(Clone, Copy, Debug)]
pub struct LiftWait {
    /// Which account.
    pub account: AccountId,
}

impl Order for LiftWait {
    type Needs = Administer;
    type Done = ();
    const NAME: &'static str = "lift_wait";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        format!("account {}", self.account)
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::lift_wait(desk, self))
    }
}
