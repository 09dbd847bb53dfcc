//! Sessions, grants and the seat: how a permission becomes a value.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::access::account::SessionId;
use crate::engine::access::actor::{Actor, Rights, Who};
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::permission::{Permission, Right};

/// Proof that the session it borrows from holds `P`. Made only by [`Session::permit`].
#[derive(Debug)]
pub struct Grant<'s, P: Permission> {
    actor: &'s Actor,
    what: P,
    _session: PhantomData<&'s Session>,
}

impl<P: Permission> Grant<'_, P> {
    /// Who holds it.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        self.actor
    }

    /// What it permits.
    #[must_use]
    pub const fn what(&self) -> &P {
        &self.what
    }
}

/// The answer to somebody who lacks a permission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// The permission is missing.
    #[error("this needs the permission \u{201c}{needs}\u{201d}, which {actor} does not have")]
    Lacks {
        /// What is missing.
        needs: Right,
        /// Who asked.
        actor: String,
    },
    /// The password was given by somebody else: nothing else may be done before it is changed.
    #[error("the password of {actor} must be changed before anything else")]
    MustChangePassword {
        /// Who asked.
        actor: String,
    },
    /// The session has ended.
    #[error("{0}")]
    Ended(Ended),
}

/// Which face somebody came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// The window.
    Desktop,
    /// The command line.
    CommandLine,
    /// The pages of the web listener.
    Web,
    /// The API.
    Api,
    /// The program itself.
    Inside,
}

impl Face {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Desktop, Self::CommandLine, Self::Web, Self::Api, Self::Inside];

    /// Its name in the store, the journal and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::CommandLine => "command_line",
            Self::Web => "web",
            Self::Api => "api",
            Self::Inside => "inside",
        }
    }

    /// Whether whoever comes through it need not sit at this machine.
    #[must_use]
    pub const fn is_remote(self) -> bool {
        match self {
            Self::Web | Self::Api => true,
            Self::Desktop | Self::CommandLine | Self::Inside => false,
        }
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Face {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|face| face.code() == code).ok_or(())
    }
}

/// Where somebody comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Through which face.
    pub face: Face,
    /// From which address; `None` on this machine's own faces.
    pub address: Option<IpAddr>,
    /// What the other side calls itself (a browser's name).
    pub agent: Option<String>,
}

impl Origin {
    /// A face of this machine.
    #[must_use]
    pub const fn local(face: Face) -> Self {
        Self { face, address: None, agent: None }
    }
}

/// Somebody who has come in.
#[derive(Debug)]
pub struct Session {
    actor: Actor,
    face: Face,
    address: Option<IpAddr>,
    id: Option<SessionId>,
    must_change_password: MustChange,
    life: Arc<Life>,
}

/// Whether a session may do nothing but change its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustChange {
    /// The password must be changed first.
    Password,
    /// Nothing has to be changed.
    Nothing,
}

impl Session {
    pub(in crate::engine) fn local(actor: Actor, face: Face) -> Self {
        let life = Arc::new(Life::new(Wall::from_nanos(0)));
        let must_change_password = MustChange::Nothing;
        Self { actor, face, address: None, id: None, must_change_password, life }
    }

    /// The session `id` of somebody who came in from elsewhere; a token has no `id`.
    pub(in crate::engine) const fn remote(
        actor: Actor,
        (face, address): (Face, Option<IpAddr>),
        id: Option<SessionId>,
        must_change_password: MustChange,
        life: Arc<Life>,
    ) -> Self {
        Self { actor, face, address, id, must_change_password, life }
    }

    /// The same session, come through another face or from another address.
    pub(in crate::engine) fn moved(&self, (face, address): (Face, Option<IpAddr>)) -> Self {
        let life = Arc::clone(&self.life);
        let actor = self.actor.clone();
        let must_change_password = self.must_change_password;
        Self { actor, face, address, id: self.id, must_change_password, life }
    }

    /// Who it is.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Which face they came through.
    #[must_use]
    pub const fn face(&self) -> Face {
        self.face
    }

    /// From which address, if from another face than this machine's own.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Its number; `None` for local ones and tokens.
    #[must_use]
    pub const fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// Whether the password must be changed first.
    #[must_use]
    pub fn must_change_password(&self) -> bool {
        self.must_change_password == MustChange::Password
    }

    /// Its life: streams ask it again and again.
    #[must_use]
    pub const fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Mints the grant for `what`: the only mint.
    ///
    /// # Errors
    /// The actor does not hold the permission, must change the password first, or the session has
    /// ended.
    pub fn permit<P: Permission>(&self, what: P) -> Result<Grant<'_, P>, Denied> {
        if let Some(ended) = self.life.ended() {
            return Err(Denied::Ended(ended));
        }
        if self.must_change_password() && !what.covers_before_password_change(&self.actor) {
            return Err(Denied::MustChangePassword { actor: self.actor.to_string() });
        }
        if what.covers(&self.actor) {
            Ok(Grant { actor: &self.actor, what, _session: PhantomData })
        } else {
            let needs = what.lacking(&self.actor);
            Err(Denied::Lacks { needs, actor: self.actor.to_string() })
        }
    }

    /// Whether [`permit`](Self::permit) would grant `what`: the same policy, for greying out.
    pub fn may<P: Permission>(&self, what: P) -> bool {
        self.permit(what).is_ok()
    }
}

/// The place at the machine itself. The engine makes exactly one at its start; `boot` gives it to
/// the desktop or the command line, never to the web. It cannot be made or copied elsewhere.
#[derive(Debug)]
pub struct LocalSeat(());

impl LocalSeat {
    pub(in crate::engine) const fn new() -> Self {
        Self(())
    }

    /// Sends the part of the program that picks up profiles edited outside, with no more rights
    /// than that needs.
    #[must_use]
    pub fn send_profile_watcher(&self) -> Session {
        let rights = Rights::of(&[Right::ReadSettings, Right::ChangeSettings]);
        Session::local(Actor::new(Who::ProfileWatcher, rights), Face::Inside)
    }

    /// Sends the part of the program that opens and closes the web listener: it reads the settings
    /// and tells what went wrong.
    #[must_use]
    pub fn send_web_host(&self) -> Session {
        let rights = Rights::of(&[Right::ReadSettings, Right::ChangeSettings]);
        Session::local(Actor::new(Who::WebListener, rights), Face::Inside)
    }

    /// Sends a reader for what the web listener tells this machine itself without a sign-in.
    #[must_use]
    pub fn send_web_reader(&self) -> Session {
        let rights = Rights::of(&[Right::ReadSettings]);
        Session::local(Actor::new(Who::WebListener, rights), Face::Inside)
    }

    /// Sits down: the session of the implicit local administrator.
    #[must_use]
    pub fn sit(&self, face: Face) -> Session {
        let rights = Rights::of(&[Right::Administrator]);
        Session::local(Actor::new(Who::LocalConsole, rights), face)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::access::account::AccountId;
    use crate::engine::access::permission::{
        Administer, ChangeSettings, MakeSafe, OwnAccount, UseCan, ViewPlant,
    };

    fn session(rights: &[Right]) -> Session {
        let account = Who::Account { id: AccountId(1), name: "ada".into() };
        Session::local(Actor::new(account, Rights::of(rights)), Face::Web)
    }

    #[test]
    fn the_local_seat_may_do_everything() {
        let session = LocalSeat::new().sit(Face::Desktop);
        assert!(session.permit(ViewPlant).is_ok());
        assert!(session.permit(ChangeSettings).is_ok());
        assert!(session.permit(Administer).is_ok());
        assert_eq!(session.actor().to_string(), "local console");
    }

    #[test]
    fn a_viewer_may_look_and_nothing_else() {
        let session = session(&[Right::ReadSettings]);
        assert!(session.may(ViewPlant));
        assert!(!session.may(UseCan));
        let denied = session.permit(ChangeSettings).unwrap_err();
        assert!(matches!(denied, Denied::Lacks { needs: Right::ChangeSettings, .. }));
        assert!(denied.to_string().contains("Change system settings"));
    }

    #[test]
    fn ones_own_account_needs_no_right_and_anothers_needs_an_administrator() {
        let (own, other) = (OwnAccount(AccountId(1)), OwnAccount(AccountId(2)));
        assert!(session(&[]).may(own));
        assert!(!session(&[Right::ChangeSettings]).may(other));
        assert!(session(&[Right::Administrator]).may(other));
        assert!(LocalSeat::new().sit(Face::Desktop).may(other));
    }

    #[test]
    fn who_must_change_the_password_may_do_nothing_else() {
        let account = Who::Account { id: AccountId(1), name: "ada".into() };
        let actor = Actor::new(account, Rights::of(&[Right::Administrator]));
        let life = Arc::new(Life::new(Wall::from_nanos(0)));
        let from = (Face::Web, None);
        let session = Session::remote(actor, from, None, MustChange::Password, life);
        assert!(session.may(OwnAccount(AccountId(1))));
        let denied = session.permit(ViewPlant).unwrap_err();
        assert!(matches!(denied, Denied::MustChangePassword { .. }));
        // Whoever is in may stop what runs.
        assert!(session.may(MakeSafe));
        // Not even an administrator gets at another's account.
        let denied = session.permit(OwnAccount(AccountId(2))).unwrap_err();
        assert!(matches!(denied, Denied::MustChangePassword { .. }));
        session.life().end(Ended::Disabled);
        let denied = session.permit(OwnAccount(AccountId(1))).unwrap_err();
        assert_eq!(denied, Denied::Ended(Ended::Disabled));
    }

    #[test]
    fn nobody_without_rights_gets_anything() {
        let session = session(&[]);
        assert!(session.permit(ViewPlant).is_err());
        assert!(session.permit(MakeSafe).is_err());
        assert!(session.permit(Administer).is_err());
    }
}
