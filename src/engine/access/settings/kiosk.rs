//! Displays that sign themselves in: as which account, under which profile, from which addresses.

use serde::{Deserialize, Serialize};

use crate::engine::access::account::{Account, AccountId, AccountKind, Status};
use crate::engine::access::actor::Rights;
use crate::engine::access::permission::Right;
use crate::engine::access::range::AddressRange;
use crate::engine::access::settings::SettingError;

/// Displays that sign themselves in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KioskSettings {
    /// Whether they may.
    pub enabled: bool,
    /// Only while this profile runs; `None` for any.
    pub profile: Option<String>,
    /// As whom: an account that holds Read system settings and nothing else.
    pub account: Option<AccountId>,
    /// From where.
    pub addresses: Vec<AddressRange>,
}

/// Most addresses that may be listed.
pub const ADDRESSES: usize = 64;

impl KioskSettings {
    /// Checks them; whether the account may be one is checked where accounts are known.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        let wrong = |field, why: &str| Err(SettingError { field, why: why.to_owned() });
        if self.addresses.len() > ADDRESSES {
            return wrong("kiosk.addresses", "at most 64 addresses can be listed");
        }
        if self.addresses.iter().any(AddressRange::is_everything) {
            let why = "a range of every address there is would let everybody in";
            return wrong("kiosk.addresses", why);
        }
        if !self.enabled {
            return Ok(());
        }
        if self.account.is_none() {
            return wrong("kiosk.account", "no account is chosen");
        }
        if self.addresses.is_empty() {
            return wrong("kiosk.addresses", "no address is listed");
        }
        Ok(())
    }
}

/// Why a display cannot sign in as `account`; `None` where it can. Looked at again whenever an account
/// changes: one that gains a right takes its displays with it.
#[must_use]
pub fn unfit(account: &Account) -> Option<&'static str> {
    if account.rights != Rights::of(&[Right::ReadSettings]) {
        return Some(
            "it may do more than read: a display needs an account that holds Read system settings and nothing else",
        );
    }
    match (account.status, account.kind) {
        (Status::Disabled, _) => Some("it is disabled"),
        (Status::Invited, AccountKind::Person) => Some("nobody has set its password yet"),
        (Status::Invited, AccountKind::Machine) | (Status::Active, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_need_an_account_and_an_address_and_never_come_from_everywhere() {
        let addresses = vec!["10.0.0.0/24".parse().unwrap()];
        let good =
            KioskSettings { enabled: true, profile: None, account: Some(AccountId(1)), addresses };
        assert_eq!(good.check(), Ok(()));
        let nobody = KioskSettings { account: None, ..good.clone() };
        assert_eq!(nobody.check().unwrap_err().field, "kiosk.account");
        let nowhere = KioskSettings { addresses: Vec::new(), ..good.clone() };
        assert_eq!(nowhere.check().unwrap_err().field, "kiosk.addresses");
        let off = KioskSettings { enabled: false, ..nowhere };
        assert_eq!(off.check(), Ok(()));
        let everywhere = KioskSettings { addresses: vec!["::/0".parse().unwrap()], ..off };
        assert_eq!(everywhere.check().unwrap_err().field, "kiosk.addresses");
        assert_eq!(KioskSettings::default().check(), Ok(()));
    }
}
