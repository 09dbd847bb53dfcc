//! Addresses and ranges of them, such as `10.0.0.7` and `10.0.0.0/24`: who is meant by a setting that
//! lists addresses. Knows nothing of names, which others give out.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An address, or all that begin with the same bits. An IPv4 address in IPv6 clothes is an IPv4 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange {
    base: IpAddr,
    bits: u8,
}

/// A text that names no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\u{201c}{0}\u{201d} is no address such as 10.0.0.7 and no range such as 10.0.0.0/24")]
pub struct NoRange(String);

impl AddressRange {
    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (one, width) = bits_of(self.base);
        let (other, other_width) = bits_of(address.to_canonical());
        let shift = width.saturating_sub(u32::from(self.bits));
        let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
        width == other_width && cut(one) == cut(other)
    }

    /// Whether it is every address there is of its kind.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.bits == 0
    }
}

/// The bits of an address, and how many there are.
fn bits_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

impl FromStr for AddressRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let no_range = || NoRange(text.chars().take(60).collect());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().map_err(|_| no_range())?;
        let base = base.to_canonical();
        let width = bits_of(base).1 as u8;
        let bits = match bits {
            None => width,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(no_range)?,
        };
        Ok(Self { base, bits })
    }
}

impl TryFrom<String> for AddressRange {
    type Error = NoRange;

    fn try_from(text: String) -> Result<Self, NoRange> {
        text.parse()
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if u32::from(self.bits) == bits_of(self.base).1 {
            return self.base.fmt(f);
        }
        write!(f, "{}/{}", self.base, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_holds_what_begins_with_the_same_bits() {
        let net = range("10.1.2.0/23");
        assert!(net.contains(ip("10.1.2.1")) && net.contains(ip("10.1.3.255")));
        assert!(!net.contains(ip("10.1.4.0")) && !net.contains(ip("::a01:201")));
        assert!(range("fd00::/8").contains(ip("fd12::1")));
        assert!(!range("fd00::/8").contains(ip("fe80::1")));
        assert!(range("0.0.0.0/0").contains(ip("255.1.1.1")) && range("::/0").is_everything());
    }

    #[test]
    fn an_address_is_itself_alone_however_it_comes_in() {
        let one = range(" 10.0.0.7 ");
        assert!(one.contains(ip("10.0.0.7")) && one.contains(ip("::ffff:10.0.0.7")));
        assert!(!one.contains(ip("10.0.0.8")));
        assert_eq!(range("::ffff:10.0.0.7"), one);
        assert_eq!(one.to_string(), "10.0.0.7");
        assert_eq!(range("10.0.0.0/8").to_string(), "10.0.0.0/8");
    }

    #[test]
    fn what_is_no_range_is_said() {
        for bad in ["", "x", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "::1/129", "pack.local"] {
            assert!(bad.parse::<AddressRange>().is_err(), "{bad}");
        }
    }
}
