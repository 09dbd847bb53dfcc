//! Who acts: a person at the desktop, an account, a token, or a named part of the program itself.

use std::fmt;

use crate::engine::access::account::AccountId;
use crate::engine::access::permission::Right;

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);

    /// The set of `rights`.
    #[must_use]
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |set, right| set | 1 << *right as u8))
    }

    /// The set that an account asked to have `rights` holds: an administrator needs no other, and
    /// everybody else may read.
    #[must_use]
    pub fn of_account(rights: &[Right]) -> Self {
        if rights.contains(&Right::Administrator) {
            return Self::of(&[Right::Administrator]);
        }
        Self::of(rights).with(Right::ReadSettings)
    }

    /// The set and `right`.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u8)
    }

    /// Whether `right` itself is in the set (an administrator's implied rights are the policy's
    /// matter).
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// The rights of the set, in the order in which they are listed everywhere.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.contains(*right))
    }

    /// Whether whoever holds this set may do everything that `other` allows.
    #[must_use]
    pub const fn cover(self, other: Self) -> bool {
        self.contains(Right::Administrator) || other.0 & !self.0 == 0
    }

    /// What both sets allow.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        if self.contains(Right::Administrator) {
            return other;
        }
        if other.contains(Right::Administrator) {
            return self;
        }
        Self(self.0 & other.0)
    }

    /// One bit a right, in the order of [`Right::ALL`].
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set with these bits; bits without a right are left out.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
    }
}

/// Who acts, and what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    rights: Rights,
}

/// Kinds of actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever sits at the machine: the implicit local administrator.
    LocalConsole,
    /// A signed-in account.
    Account {
        /// Which.
        id: AccountId,
        /// Its name when it came in.
        name: String,
    },
    /// A token of an account.
    Token {
        /// Which account's.
        account: AccountId,
        /// The account's name.
        name: String,
        /// The token's name.
        token: String,
    },
    /// A display that signed itself in as an account: it may read, and nothing else, not even stop.
    Display {
        /// The account's name.
        name: String,
    },
    /// Somebody who has not come in (yet): an attempt to sign in, a link being used.
    Nobody,
    /// The profile watcher, which picks up edits made outside.
    ProfileWatcher,
    /// The web listener itself, not whoever comes through it.
    WebListener,
    /// The machine that charges: what it does by itself once somebody has started it.
    ChargeControl,
    /// The part that sends what people have scheduled: what it ends by itself.
    SendControl,
    /// The part that records: what it ends by itself.
    RecordControl,
}

impl Actor {
    pub(in crate::engine) const fn new(who: Who, rights: Rights) -> Self {
        Self { who, rights }
    }

    /// Who it is.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// What it holds.
    #[must_use]
    pub const fn rights(&self) -> Rights {
        self.rights
    }

    /// The account it acts for, if any.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        match &self.who {
            Who::Account { id, .. } => Some(*id),
            Who::Token { account, .. } => Some(*account),
            Who::LocalConsole
            | Who::Display { .. }
            | Who::Nobody
            | Who::ProfileWatcher
            | Who::WebListener
            | Who::ChargeControl
            | Who::SendControl
            | Who::RecordControl => None,
        }
    }

    /// Whether it is a display, at which nobody sits.
    #[must_use]
    pub const fn is_display(&self) -> bool {
        matches!(self.who, Who::Display { .. })
    }

    /// Whether it holds `right` itself.
    #[must_use]
    pub const fn holds(&self, right: Right) -> bool {
        self.rights.contains(right)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.who.fmt(f)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalConsole => f.write_str("local console"),
            Self::Account { name, .. } => f.write_str(name),
            Self::Token { name, token, .. } => write!(f, "{name} (token {token})"),
            Self::Display { name } => write!(f, "{name} (display)"),
            Self::Nobody => f.write_str("not signed in"),
            Self::ProfileWatcher => f.write_str("profile watcher"),
            Self::WebListener => f.write_str("web listener"),
            Self::ChargeControl => f.write_str("charge control"),
            Self::SendControl => f.write_str("send control"),
            Self::RecordControl => f.write_str("record control"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_may_read_and_an_administrator_needs_nothing_else() {
        let operator = Rights::of_account(&[Right::ChargePacks]);
        assert_eq!(operator.iter().collect::<Vec<_>>(), [Right::ReadSettings, Right::ChargePacks]);
        let all = Rights::of_account(&[Right::ChargePacks, Right::Administrator]);
        assert_eq!(all.iter().collect::<Vec<_>>(), [Right::Administrator]);
    }

    #[test]
    fn no_account_is_called_as_the_journal_calls_something_else() {
        use crate::engine::access::account::account_name;

        let own = [Who::LocalConsole, Who::Nobody, Who::ProfileWatcher, Who::WebListener];
        for who in own.into_iter().chain([Who::ChargeControl, Who::SendControl, Who::RecordControl])
        {
            assert!(account_name(&who.to_string()).is_err(), "{who}");
            assert!(account_name(&format!(" {} ", who.to_string().to_uppercase())).is_err());
        }
        let (account, name, token) = (AccountId(1), "ada".into(), "ci".into());
        assert!(account_name(&Who::Token { account, name, token }.to_string()).is_err());
        assert!(account_name(&Who::Display { name: "wall".into() }.to_string()).is_err());
        assert_eq!(account_name("mailroom").as_deref(), Ok("mailroom"));
    }

    #[test]
    fn a_token_never_holds_more_than_its_account() {
        let operator = Rights::of_account(&[Right::ChargePacks]);
        let engineer = Rights::of_account(&[Right::SendReceiveCan]);
        assert!(!operator.cover(engineer));
        assert_eq!(operator.both(engineer), Rights::of(&[Right::ReadSettings]));
        let all = Rights::of_account(&[Right::Administrator]);
        assert!(all.cover(engineer));
        assert_eq!(all.both(engineer), engineer);
        assert_eq!(engineer.both(all), engineer);
    }
}
