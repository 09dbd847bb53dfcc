//! The life of a session: whoever holds it can ask at any time whether it has ended, and why.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use crate::base::time::{Mono, Wall};

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ended {
    /// Its holder signed out.
    SignedOut = 1,
    /// It was not used for too long, or was too old.
    Expired,
    /// Somebody ended it on the Sessions page.
    ByOthers,
    /// The account's rights were changed.
    RightsChanged,
    /// The account's password was changed or reset.
    PasswordChanged,
    /// The account was disabled.
    Disabled,
    /// The account was deleted.
    Deleted,
    /// The token was revoked.
    Revoked,
    /// Another session took its place: a new token was given out.
    Replaced,
    /// Displays were switched off, or this one may not be any more.
    DisplayOff,
}

impl Ended {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SignedOut,
        Self::Expired,
        Self::ByOthers,
        Self::RightsChanged,
        Self::PasswordChanged,
        Self::Disabled,
        Self::Deleted,
        Self::Revoked,
        Self::Replaced,
        Self::DisplayOff,
    ];

    /// Its name in the store and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Expired => "expired",
            Self::ByOthers => "ended_by_others",
            Self::RightsChanged => "rights_changed",
            Self::PasswordChanged => "password_changed",
            Self::Disabled => "account_disabled",
            Self::Deleted => "account_deleted",
            Self::Revoked => "token_revoked",
            Self::Replaced => "replaced",
            Self::DisplayOff => "display_off",
        }
    }

    /// What to tell its holder.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You have signed out.",
            Self::Expired => "The session has expired: sign in again.",
            Self::ByOthers => "The session was ended from the Sessions page: sign in again.",
            Self::RightsChanged => "The permissions of this account have changed: sign in again.",
            Self::PasswordChanged => "The password of this account has changed: sign in again.",
            Self::Disabled => "This account is disabled. An administrator can enable it.",
            Self::Deleted => "This account no longer exists.",
            Self::Revoked => "This token was revoked.",
            Self::Replaced => "A newer session has taken the place of this one.",
            Self::DisplayOff => "This display was switched off, or may not be shown here any more.",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl FromStr for Ended {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|ended| ended.code() == code).ok_or(())
    }
}

/// The life of a session, shared by all who use it.
#[derive(Debug)]
pub struct Life {
    ended: AtomicU8,
    /// When it was last told that its holder is there: engine clock, in nanoseconds.
    told: AtomicI64,
    /// Wall clock, in nanoseconds.
    used: AtomicI64,
}

impl Life {
    pub(in crate::engine) const fn new(used: Wall) -> Self {
        let (ended, told) = (AtomicU8::new(0), AtomicI64::new(i64::MIN));
        Self { ended, told, used: AtomicI64::new(used.nanos()) }
    }

    /// Ends it; the first reason stands.
    pub(in crate::engine) fn end(&self, why: Ended) {
        let _first = self.ended.compare_exchange(0, why as u8, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Whether it is time to tell that its holder is there: once in every `span`, however often this
    /// is asked.
    pub(in crate::engine) fn is_time_to_tell(&self, now: Mono, span: Duration) -> bool {
        let last = self.told.load(Ordering::Relaxed);
        let due = last == i64::MIN || now.since(Mono::from_nanos(last)) >= span;
        let swap = |last| {
            let (now, order) = (now.nanos(), Ordering::Relaxed);
            self.told.compare_exchange(last, now, order, order).is_ok()
        };
        due && swap(last)
    }

    /// Notes that it is used now.
    pub(in crate::engine) fn touch(&self, now: Wall) {
        self.used.fetch_max(now.nanos(), Ordering::Relaxed);
    }

    /// Why it ended; `None` while it lives.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let code = self.ended.load(Ordering::SeqCst);
        Ended::ALL.into_iter().find(|ended| *ended as u8 == code)
    }

    /// When it was last used.
    #[must_use]
    pub fn used(&self) -> Wall {
        Wall::from_nanos(self.used.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_for_an_end_stands() {
        let life = Life::new(Wall::from_nanos(5));
        assert_eq!(life.ended(), None);
        life.end(Ended::Disabled);
        life.end(Ended::Expired);
        assert_eq!(life.ended(), Some(Ended::Disabled));
        for ended in Ended::ALL {
            assert_eq!(ended.code().parse(), Ok(ended));
        }
    }

    #[test]
    fn use_never_goes_back() {
        let life = Life::new(Wall::from_nanos(5));
        life.touch(Wall::from_nanos(9));
        life.touch(Wall::from_nanos(7));
        assert_eq!(life.used(), Wall::from_nanos(9));
    }

    #[test]
    fn that_its_holder_is_there_is_told_once_in_a_while_however_often_it_is_asked() {
        let life = Life::new(Wall::from_nanos(0));
        let second = Duration::from_secs(1);
        let told = (0..3500).filter(|ms| life.is_time_to_tell(Mono::from_millis(*ms), second));
        assert_eq!(told.count(), 4);
    }
}
