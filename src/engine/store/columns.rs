//! How plain values stand in columns: moments as milliseconds, sets of rights as bits, kinds as
//! their names. What cannot be read back is refused, not guessed.

use crate::base::time::Wall;
use crate::engine::access::account::{AccountKind, Purpose, Status};
use crate::engine::access::actor::Rights;
use crate::engine::store::StoreError;

const NANOS_IN_MS: i64 = 1_000_000;

/// Milliseconds since 1970 UTC.
pub(super) const fn ms(at: Wall) -> i64 {
    at.nanos().div_euclid(NANOS_IN_MS)
}

/// The moment so many milliseconds after 1970 UTC.
pub(super) const fn wall(ms: i64) -> Wall {
    Wall::from_nanos(ms.saturating_mul(NANOS_IN_MS))
}

/// A set of rights from its bits.
pub(super) fn rights(bits: i64) -> Result<Rights, StoreError> {
    let known = u8::try_from(bits).ok().map(Rights::from_bits);
    known
        .filter(|rights| i64::from(rights.bits()) == bits)
        .ok_or(StoreError::Odd("a set of rights"))
}

pub(super) const fn kind_code(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Person => "person",
        AccountKind::Machine => "machine",
    }
}

pub(super) fn kind(code: &str) -> Result<AccountKind, StoreError> {
    let all = [AccountKind::Person, AccountKind::Machine];
    let found = all.into_iter().find(|kind| kind_code(*kind) == code);
    found.ok_or(StoreError::Odd("the kind of an account"))
}

pub(super) const fn status_code(status: Status) -> &'static str {
    match status {
        Status::Invited => "invited",
        Status::Active => "active",
        Status::Disabled => "disabled",
    }
}

pub(super) fn status(code: &str) -> Result<Status, StoreError> {
    let all = [Status::Invited, Status::Active, Status::Disabled];
    let found = all.into_iter().find(|status| status_code(*status) == code);
    found.ok_or(StoreError::Odd("the status of an account"))
}

pub(super) const fn purpose_code(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Invitation => "invitation",
        Purpose::Reset => "reset",
        Purpose::SetUp => "set_up",
    }
}

pub(super) fn purpose(code: &str) -> Result<Purpose, StoreError> {
    let all = [Purpose::Invitation, Purpose::Reset, Purpose::SetUp];
    let found = all.into_iter().find(|purpose| purpose_code(*purpose) == code);
    found.ok_or(StoreError::Odd("the purpose of a link"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_written_is_refused() {
        assert_eq!(rights(0b11).unwrap(), Rights::from_bits(0b11));
        assert!(rights(0b10_0000).is_err() && rights(-1).is_err() && rights(300).is_err());
        assert!(kind("robot").is_err() && status("").is_err() && purpose("Reset").is_err());
    }

    #[test]
    fn moments_before_1970_do_not_jump() {
        assert_eq!(ms(Wall::from_nanos(-1)), -1);
        assert_eq!(wall(ms(Wall::from_nanos(1_999_999))), Wall::from_nanos(1_000_000));
    }
}
