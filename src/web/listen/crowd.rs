//! How many connections there are, in all and from each address of another machine.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::web::shared::{Counted, Shared};

/// Who is here.
pub struct Crowd {
    shared: Shared,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    all: usize,
    /// Never holds more entries than there are connections.
    elsewhere: HashMap<IpAddr, usize>,
    from_elsewhere: usize,
}

/// The place of a connection; dropping it makes room.
pub struct Place {
    crowd: Arc<Crowd>,
    /// The address that counts, of another machine.
    from: Option<IpAddr>,
    _counted: Counted,
}

impl Crowd {
    /// Nobody yet.
    #[must_use]
    pub fn new(shared: &Shared) -> Arc<Self> {
        Arc::new(Self { shared: shared.clone(), present: Mutex::default() })
    }

    /// A place for a connection from `address`, if there is one.
    #[must_use]
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let limits = self.shared.limits();
        let from = counted_as(address);
        let mut present = self.present();
        let from_there = from.and_then(|from| present.elsewhere.get(&from)).copied();
        let crowded = from.is_some()
            && (present.from_elsewhere >= limits.from_elsewhere
                || from_there.unwrap_or(0) >= limits.per_address);
        if crowded || present.all >= limits.connections {
            self.shared.counts().turned_away.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        present.all += 1;
        if let Some(from) = from {
            present.from_elsewhere += 1;
            *present.elsewhere.entry(from).or_default() += 1;
        }
        let counted = self.shared.count(|counts| &counts.connections);
        Some(Place { crowd: Arc::clone(self), from, _counted: counted })
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.present();
        present.all = present.all.saturating_sub(1);
        let Some(from) = self.from else { return };
        present.from_elsewhere = present.from_elsewhere.saturating_sub(1);
        if let Some(there) = present.elsewhere.get_mut(&from) {
            *there = there.saturating_sub(1);
            if *there == 0 {
                present.elsewhere.remove(&from);
            }
        }
    }
}

/// What an address counts as: nothing on this machine itself; a network of IPv6, which is what one
/// customer gets, as one.
fn counted_as(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(IpAddr::V4(address)),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Some(IpAddr::V6(Ipv6Addr::from_bits(network)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_counts_as_nobody_and_an_ipv6_network_as_one() {
        let counted = |text: &str| counted_as(text.parse().unwrap()).map(|a| a.to_string());
        assert_eq!(counted("127.0.0.2"), None);
        assert_eq!(counted("::1"), None);
        assert_eq!(counted("::ffff:127.0.0.1"), None);
        assert_eq!(counted("::ffff:10.0.0.5").as_deref(), Some("10.0.0.5"));
        assert_eq!(counted("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
    }
}
