//! Sessions, grants and the seat: how a permission becomes a value.

use std::marker::PhantomData;

use thiserror::Error;

use crate::engine::access::actor::{Actor, Rights, Who};
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
#[error("this needs the permission \u{201c}{needs}\u{201d}, which {actor} does not have")]
pub struct Denied {
    /// What is missing.
    pub needs: Right,
    /// Who asked.
    pub actor: String,
}

/// Which face somebody came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The window.
    Desktop,
    /// The command line, with an engine of its own.
    CommandLine,
    /// The web listener.
    Web,
    /// The program itself.
    Inside,
}

/// Somebody who has come in.
#[derive(Debug)]
pub struct Session {
    actor: Actor,
    face: Face,
}

impl Session {
    pub(in crate::engine) const fn new(actor: Actor, face: Face) -> Self {
        Self { actor, face }
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

    /// Mints the grant for `what`: the only mint.
    ///
    /// # Errors
    /// The actor does not hold the permission.
    pub fn permit<P: Permission>(&self, what: P) -> Result<Grant<'_, P>, Denied> {
        if what.covers(&self.actor) {
            Ok(Grant { actor: &self.actor, what, _session: PhantomData })
        } else {
            Err(Denied { needs: P::RIGHT, actor: self.actor.to_string() })
        }
    }

    /// Whether [`permit`](Self::permit) would grant `what`: the same policy, for greying out.
    pub fn may<P: Permission>(&self, what: &P) -> bool {
        what.covers(&self.actor)
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
        Session::new(Actor::new(Who::ProfileWatcher, rights), Face::Inside)
    }

    /// Sits down: the session of the implicit local administrator.
    #[must_use]
    pub fn sit(&self, face: Face) -> Session {
        let rights = Rights::of(&[Right::Administrator]);
        Session::new(Actor::new(Who::LocalConsole, rights), face)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::access::permission::{Administer, ChangeSettings, UseCan, ViewPlant};

    fn session(rights: &[Right]) -> Session {
        Session::new(Actor::new(Who::Account("ada".into()), Rights::of(rights)), Face::Web)
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
        assert!(session.may(&ViewPlant));
        assert!(!session.may(&UseCan));
        let denied = session.permit(ChangeSettings).unwrap_err();
        assert_eq!(denied.needs, Right::ChangeSettings);
        assert!(denied.to_string().contains("Change system settings"));
    }

    #[test]
    fn nobody_without_rights_gets_anything() {
        let session = session(&[]);
        assert!(session.permit(ViewPlant).is_err());
        assert!(session.permit(Administer).is_err());
    }
}
