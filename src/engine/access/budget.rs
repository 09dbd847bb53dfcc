//! How many lines about what was refused or failed somebody elsewhere can put into the journal, which
//! never forgets: so many a minute, and after that the number of those left out.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::time::Mono;

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

#[cfg(test)]
mod tests {
    use super::*;

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
