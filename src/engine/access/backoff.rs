//! Waits after wrong attempts to come in, by account name and by address. Pure: it is given the
//! time, and owns no lock. Knows nothing of passwords and accounts; a name that no account has is
//! counted like any other.
//!
//! The first [`FREE`] wrong attempts may follow one another at once; from then on the next attempt
//! has to wait 1 s, 2 s, 4 s and so on up to [`LONGEST`]. Every [`FORGET`] without a wrong attempt
//! takes one back. Nobody is ever locked out for good, and where somebody has come in from before,
//! the wrong attempts of others elsewhere do not keep them waiting.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::access::account::NAME_CHARS;

/// Wrong attempts that may follow one another at once.
pub const FREE: u32 = 5;
/// Longest wait.
pub const LONGEST: Duration = Duration::from_secs(300);
/// After so long without a wrong attempt one is forgotten.
pub const FORGET: Duration = Duration::from_secs(300);
/// More wrong attempts than this count no further: the wait is the longest then.
const MOST_STRIKES: u32 = FREE + 9;
/// Most names, addresses and pairs of both that are remembered; the oldest go first.
pub const MOST_KEYS: usize = 10_000;

/// An address as it is counted: an IPv6 one by its /64, which is what one connection is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Net(IpAddr);

impl Net {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => Self(IpAddr::V6((u128::from(address) >> 64 << 64).into())),
        }
    }
}

/// An attempt to come in, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    name: Option<String>,
    net: Option<Net>,
}

impl Attempt {
    /// With a name and a password, from `address`; `None` on this machine's own faces.
    #[must_use]
    pub fn sign_in(name: &str, address: Option<IpAddr>) -> Self {
        Self { name: Some(fold(name)), net: address.map(Net::of) }
    }

    /// With a link.
    #[must_use]
    pub fn link(address: Option<IpAddr>) -> Self {
        Self { name: None, net: address.map(Net::of) }
    }

    fn pair(&self) -> Option<(String, Net)> {
        self.name.clone().zip(self.net)
    }
}

/// A name whatever its case. No account has a longer one than is kept of it.
fn fold(name: &str) -> String {
    name.trim().chars().take(NAME_CHARS).flat_map(char::to_lowercase).collect()
}

/// What a wrong attempt led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// The next may follow at once.
    Free,
    /// The first that leads to a wait.
    Begins(Duration),
    /// It leads to a wait, as the one before did.
    Goes(Duration),
}

/// Who has to wait.
#[derive(Debug, Default)]
pub struct Backoff {
    names: Table<String>,
    nets: Table<Net>,
    /// Attempts from where the account has come in before.
    pairs: Table<(String, Net)>,
    /// From where accounts have come in.
    known: HashMap<(String, Net), Mono>,
}

impl Backoff {
    /// How long this attempt has to wait; `None` where it may be made now.
    #[must_use]
    pub fn ask(&self, attempt: &Attempt, now: Mono) -> Option<Duration> {
        // Who came in from there before waits for wrong attempts at that very account only:
        // strangers behind the same address keep nobody out.
        if let Some(pair) = attempt.pair().filter(|pair| self.known.contains_key(pair)) {
            return self.pairs.wait(&pair, now);
        }
        let net = attempt.net.and_then(|net| self.nets.wait(&net, now));
        net.max(attempt.name.as_ref().and_then(|name| self.names.wait(name, now)))
    }

    /// Counts a wrong attempt.
    pub fn wrong(&mut self, attempt: &Attempt, now: Mono) -> Struck {
        let before = self.ask_after(attempt);
        if let Some(net) = attempt.net {
            self.nets.strike(net, now);
        }
        if let Some(name) = &attempt.name {
            self.names.strike(name.clone(), now);
        }
        if let Some(pair) = attempt.pair() {
            self.pairs.strike(pair, now);
        }
        match (self.ask(attempt, now), before) {
            (None, _) => Struck::Free,
            (Some(wait), None) => Struck::Begins(wait),
            (Some(wait), Some(_)) => Struck::Goes(wait),
        }
    }

    /// Whether an earlier wrong attempt of the same kind has led to a wait that is not forgotten.
    fn ask_after(&self, attempt: &Attempt) -> Option<()> {
        if let Some(pair) = attempt.pair().filter(|pair| self.known.contains_key(pair)) {
            return self.pairs.has_waited(&pair).then_some(());
        }
        let net = attempt.net.is_some_and(|net| self.nets.has_waited(&net));
        let name = attempt.name.as_ref().is_some_and(|name| self.names.has_waited(name));
        (net || name).then_some(())
    }

    /// Notes that somebody has come in: the account need not wait any more. The address is forgiven
    /// the wrong attempts at this account only, not those at others.
    pub fn right(&mut self, attempt: &Attempt, now: Mono) {
        if let Some(name) = &attempt.name {
            self.names.0.remove(name);
        }
        let Some(pair) = attempt.pair() else { return };
        if let Some(own) = self.pairs.0.remove(&pair) {
            self.nets.forgive(&pair.1, own.left(now), now);
        }
        self.remember(pair, now);
    }

    /// Notes from where an account came in before.
    pub fn know(&mut self, attempt: &Attempt, now: Mono) {
        if let Some(pair) = attempt.pair() {
            self.remember(pair, now);
        }
    }

    fn remember(&mut self, pair: (String, Net), now: Mono) {
        bound(&mut self.known, &pair, |at| *at);
        self.known.insert(pair, now);
    }

    /// Lets the account `name` and the addresses it was tried from try again at once.
    pub fn lift(&mut self, name: &str) {
        let name = fold(name);
        self.names.0.remove(&name);
        let tried: Vec<(String, Net)> =
            self.pairs.0.keys().filter(|pair| pair.0 == name).cloned().collect();
        for pair in tried {
            self.nets.0.remove(&pair.1);
            self.pairs.0.remove(&pair);
        }
        // And those it comes from, whoever else was wrong there.
        for (_, net) in self.known.keys().filter(|pair| pair.0 == name) {
            self.nets.0.remove(net);
        }
    }
}

/// How often somebody was wrong, and when last.
#[derive(Clone, Copy, Debug)]
struct Entry {
    strikes: u32,
    last: Mono,
    until: Mono,
}

impl Entry {
    /// Wrong attempts that are not forgotten.
    fn left(&self, now: Mono) -> u32 {
        let forgotten = now.since(self.last).as_secs() / FORGET.as_secs();
        self.strikes.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }
}

fn wait_after(strikes: u32) -> Duration {
    match strikes.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1 << more.min(16)).min(LONGEST),
    }
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Entry>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Table<K> {
    fn wait(&self, key: &K, now: Mono) -> Option<Duration> {
        let left = self.0.get(key)?.until.since(now);
        (left > Duration::ZERO).then_some(left)
    }

    fn has_waited(&self, key: &K) -> bool {
        self.0.get(key).is_some_and(|entry| entry.strikes >= FREE)
    }

    fn strike(&mut self, key: K, now: Mono) {
        bound(&mut self.0, &key, |entry| entry.last);
        let left = self.0.get(&key).map_or(0, |entry| entry.left(now));
        let strikes = (left + 1).min(MOST_STRIKES);
        self.0.insert(key, Entry { strikes, last: now, until: now.after(wait_after(strikes)) });
    }

    /// Takes `strikes` back.
    fn forgive(&mut self, key: &K, strikes: u32, now: Mono) {
        let Some(entry) = self.0.get_mut(key) else { return };
        let left = entry.left(now).saturating_sub(strikes);
        if left == 0 {
            self.0.remove(key);
        } else {
            let until = entry.until.min(entry.last.after(wait_after(left)));
            *entry = Entry { strikes: left, last: entry.last, until };
        }
    }
}

/// Makes room for `key` in a full table: the entry that is oldest by `age` goes.
fn bound<K: Clone + Eq + Hash, V>(table: &mut HashMap<K, V>, key: &K, age: impl Fn(&V) -> Mono) {
    if table.len() < MOST_KEYS || table.contains_key(key) {
        return;
    }
    let oldest = table.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        table.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Mono {
        Mono::from_secs(seconds)
    }

    fn attempt(name: &str, address: &str) -> Attempt {
        Attempt::sign_in(name, Some(address.parse().unwrap()))
    }

    fn strike(backoff: &mut Backoff, attempt: &Attempt, times: u32, now: Mono) {
        for _ in 0..times {
            backoff.wrong(attempt, now);
        }
    }

    #[test]
    fn five_are_free_and_then_the_wait_doubles_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        let ada = attempt("ada", "192.0.2.1");
        let mut now = Mono::ZERO;
        let mut waits = Vec::new();
        for _ in 0..16 {
            assert_eq!(backoff.ask(&ada, now), None);
            backoff.wrong(&ada, now);
            let wait = backoff.ask(&ada, now).unwrap_or_default();
            waits.push(wait.as_secs());
            now = now.after(wait);
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn the_beginning_of_a_wait_is_told_apart_from_its_going_on() {
        let mut backoff = Backoff::default();
        let ada = attempt("ada", "192.0.2.1");
        for _ in 0..4 {
            assert_eq!(backoff.wrong(&ada, at(0)), Struck::Free);
        }
        assert_eq!(backoff.wrong(&ada, at(0)), Struck::Begins(Duration::from_secs(1)));
        assert_eq!(backoff.wrong(&ada, at(1)), Struck::Goes(Duration::from_secs(2)));
    }

    #[test]
    fn the_name_waits_wherever_it_is_tried_from_and_whatever_its_case() {
        let mut backoff = Backoff::default();
        strike(&mut backoff, &attempt("ada", "192.0.2.1"), 5, at(0));
        assert!(backoff.ask(&attempt(" ADA ", "192.0.2.2"), at(0)).is_some());
        assert!(backoff.ask(&attempt("grace", "192.0.2.2"), at(0)).is_none());
    }

    #[test]
    fn the_address_waits_whatever_name_is_tried_and_counts_a_whole_ipv6_network() {
        let mut backoff = Backoff::default();
        for n in 0..5 {
            let address = format!("2001:db8::{n}");
            strike(&mut backoff, &attempt(&format!("name{n}"), &address), 1, at(0));
        }
        assert!(backoff.ask(&attempt("ada", "2001:db8::ffff"), at(0)).is_some());
        assert!(backoff.ask(&Attempt::link("2001:db8::1".parse().ok()), at(0)).is_some());
        assert!(backoff.ask(&attempt("ada", "2001:db8:0:1::1"), at(0)).is_none());
        strike(&mut backoff, &attempt("x", "::ffff:192.0.2.9"), 5, at(0));
        assert!(backoff.ask(&attempt("y", "192.0.2.9"), at(0)).is_some());
    }

    #[test]
    fn coming_in_clears_the_account_but_not_what_the_address_did_to_others() {
        let mut backoff = Backoff::default();
        let (ada, grace) = (attempt("ada", "192.0.2.1"), attempt("grace", "192.0.2.1"));
        strike(&mut backoff, &ada, 2, at(0));
        strike(&mut backoff, &grace, 4, at(0));
        assert!(backoff.ask(&ada, at(0)).is_some());
        backoff.right(&ada, at(100));
        strike(&mut backoff, &grace, 1, at(100));
        // Five at the other account are left: without those at this one the wait is 1 s, not 4 s.
        assert_eq!(backoff.ask(&grace, at(100)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn strangers_cannot_keep_somebody_out_who_has_come_in_from_there_before() {
        let mut backoff = Backoff::default();
        let home = attempt("ada", "192.0.2.1");
        backoff.right(&home, at(0));
        strike(&mut backoff, &attempt("ada", "203.0.113.7"), 9, at(1));
        assert!(backoff.ask(&attempt("ada", "203.0.113.8"), at(1)).is_some());
        assert_eq!(backoff.ask(&home, at(1)), None);
        strike(&mut backoff, &home, 5, at(1));
        assert!(backoff.ask(&home, at(1)).is_some());
    }

    #[test]
    fn wrong_attempts_are_forgotten_with_time() {
        let mut backoff = Backoff::default();
        let ada = attempt("ada", "192.0.2.1");
        strike(&mut backoff, &ada, 5, at(0));
        backoff.wrong(&ada, at(300));
        assert_eq!(backoff.ask(&ada, at(300)), Some(Duration::from_secs(1)));
        for n in 0..4 {
            assert_eq!(backoff.wrong(&ada, at(3000 + n)), Struck::Free);
        }
    }

    #[test]
    fn a_lift_clears_the_account_and_the_addresses_it_was_tried_from() {
        let mut backoff = Backoff::default();
        let ada = attempt("ada", "192.0.2.1");
        strike(&mut backoff, &ada, 12, at(0));
        strike(&mut backoff, &attempt("bob", "192.0.2.2"), 12, at(0));
        backoff.lift("Ada");
        assert_eq!(backoff.ask(&ada, at(0)), None);
        assert_eq!(
            backoff.ask(&attempt("bob", "192.0.2.1"), at(0)).map(|w| w.as_secs()),
            Some(128)
        );
    }

    #[test]
    fn the_tables_stay_bounded_and_the_oldest_go_first() {
        let mut backoff = Backoff::default();
        for n in 0..MOST_KEYS as i64 + 50 {
            let address = IpAddr::from((n as u32).to_be_bytes());
            backoff
                .wrong(&Attempt::sign_in(&format!("name{n}"), Some(address)), Mono::from_millis(n));
        }
        assert_eq!(backoff.names.0.len(), MOST_KEYS);
        assert_eq!(backoff.nets.0.len(), MOST_KEYS);
        assert_eq!(backoff.pairs.0.len(), MOST_KEYS);
        assert!(!backoff.names.0.contains_key("name0"));
        assert!(backoff.names.0.contains_key(&format!("name{}", MOST_KEYS + 49)));
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_five_minutes_after_the_last_attempt(
            steps in proptest::collection::vec((0_u8..4, 0_u8..3, 0_i64..2000, any::<bool>()), 1..200),
        ) {
            let mut backoff = Backoff::default();
            let mut now = 0;
            for (name, net, pause, right) in steps {
                now += pause;
                let attempt = attempt(&format!("n{name}"), &format!("192.0.2.{net}"));
                if backoff.ask(&attempt, at(now)).is_none() {
                    if right {
                        backoff.right(&attempt, at(now));
                    } else {
                        backoff.wrong(&attempt, at(now));
                    }
                }
                prop_assert!(backoff.ask(&attempt, at(now)).unwrap_or_default() <= LONGEST);
                prop_assert_eq!(backoff.ask(&attempt, at(now + 300)), None);
            }
        }
    }
}
