//! How many lines about what was refused or failed somebody elsewhere can put into the journal, which
//! never forgets: so many a minute, and after that the number of those left out. And how many reports
//! somebody can have mailed.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::time::Mono;
use crate::engine::access::account::AccountId;

/// Lines about refused and failed requests of one account in a window.
const LINES: u32 = 20;
/// The window.
const WINDOW: Duration = Duration::from_secs(60);
/// Accounts that are kept in mind; those with nothing left out go first.
const ACCOUNTS: usize = 10_000;

/// What accounts have written of late.
#[derive(Debug, Default)]
pub struct Budget(HashMap<String, Spent>);

#[derive(Debug)]
struct Spent {
    since: Mono,
    lines: u32,
    left_out: u32,
}

impl Budget {
    /// Whether a line about `who` may be written at `now`: with how many were left out before it.
    pub fn take(&mut self, who: &str, now: Mono) -> Option<u32> {
        if !self.0.contains_key(who) && self.0.len() >= ACCOUNTS {
            self.0.retain(|_, spent| now.since(spent.since) < WINDOW);
        }
        let spent =
            self.0.entry(who.to_owned()).or_insert(Spent { since: now, lines: 0, left_out: 0 });
        if now.since(spent.since) >= WINDOW {
            (spent.since, spent.lines) = (now, 0);
        }
        if spent.lines >= LINES {
            spent.left_out = spent.left_out.saturating_add(1);
            return None;
        }
        spent.lines += 1;
        Some(std::mem::take(&mut spent.left_out))
    }
}

/// Reports that an account can have mailed in an hour.
const REPORTS: usize = 3;
/// The hour.
const HOUR: Duration = Duration::from_secs(3600);

/// When accounts have had reports mailed of late; the local seat is the one without a number. What is
/// older than an hour goes, so that it holds a few times for each account at most.
#[derive(Debug, Default)]
pub struct Mailings(HashMap<Option<AccountId>, Vec<Mono>>);

impl Mailings {
    /// Counts one more of `account` at `now`.
    ///
    /// # Errors
    /// It has had as many as it may: how long to wait.
    pub fn take(&mut self, account: Option<AccountId>, now: Mono) -> Result<(), Duration> {
        self.0.retain(|_, taken| {
            taken.retain(|at| now.since(*at) < HOUR);
            !taken.is_empty()
        });
        let taken = self.0.entry(account).or_default();
        match taken.first() {
            Some(oldest) if taken.len() >= REPORTS => Err(HOUR.saturating_sub(now.since(*oldest))),
            Some(_) | None => {
                taken.push(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_report_in_an_hour_waits_for_the_first_to_be_an_hour_old() {
        let mut mailings = Mailings::default();
        let (ada, minute) = (Some(AccountId(1)), Duration::from_secs(60));
        let at = |minutes: u32| Mono::ZERO.after(minute * minutes);
        for minutes in [0, 10, 20] {
            assert_eq!(mailings.take(ada, at(minutes)), Ok(()));
        }
        assert_eq!(mailings.take(ada, at(45)), Err(minute * 15));
        assert_eq!(mailings.take(None, at(45)), Ok(()), "another's are not theirs");
        assert_eq!(mailings.take(ada, at(60)), Ok(()));
        assert_eq!(mailings.take(ada, at(61)), Err(minute * 9));
    }

    #[test]
    fn a_flood_is_cut_and_the_next_line_says_how_much_was_left_out() {
        let mut budget = Budget::default();
        let written = (0..1000).filter_map(|_| budget.take("ada", Mono::ZERO)).count();
        assert_eq!(written, 20);
        assert_eq!(budget.take("grace", Mono::ZERO), Some(0));
        let later = Mono::ZERO.after(WINDOW);
        assert_eq!(budget.take("ada", later), Some(980));
        assert_eq!(budget.take("ada", later), Some(0));
    }
}
