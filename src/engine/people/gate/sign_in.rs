//! Signing in with a name and a password.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::access::account::{Account, AccountKind, Status};
use crate::engine::access::backoff::{Attempt, Backoff, Struck};
use crate::engine::access::grant::Origin;
use crate::engine::access::password::{Check, PasswordHash};
use crate::engine::access::secret::{Secret, new_token};
use crate::engine::people::People;
use crate::engine::people::gate::come_in::Entrance;
use crate::engine::people::gate::{SignInError, SignedIn};
use crate::engine::people::stamp::Stamp;
use crate::engine::people::work::COME_AGAIN_S;
use crate::engine::store::journal::{self, Outcome};
use crate::engine::store::{StoreError, Writing, accounts};

/// What the journal calls a name that nobody has: people type passwords into the wrong field.
const UNKNOWN: &str = "an unknown name";

pub fn sign_in(
    people: &People,
    name: &str,
    password: &Secret,
    from: &Origin,
) -> Result<SignedIn, SignInError> {
    // The account may have been made by a command in this very moment; asked for every name alike.
    people.store.catch_up();
    let attempt = Attempt::sign_in(name, from.address);
    let (account, hash) = find(people, name);
    let target = account.as_ref().map_or_else(|| UNKNOWN.to_owned(), target_of);
    let judged = judge(people, &attempt, password, hash.clone())?;
    let token = new_token()?;
    let entrance = Entrance::new(people, &token, from);
    let (account, hash, renewed) = match (judged, account, hash) {
        (Judged::Right { renewed }, Some(account), Some(hash)) => (account, hash, renewed),
        (Judged::Wrong(struck), _, _) => {
            refused(people, &entrance.stamp_of_nobody(), "sign_in", &target, struck)?;
            return Err(SignInError::Wrong);
        }
        // Without a hash no password is right.
        (Judged::Right { .. }, _, _) => return Err(SignInError::Wrong),
    };
    let stamp = entrance.stamp(&account.name);
    let nobody = entrance.stamp_of_nobody();
    let making = entrance.clone();
    let done = people.store.write(move |writing| {
        let kept = accounts::get(&writing.reading(), account.id)?;
        let still = kept.is_some_and(|kept| {
            may_come_in(&kept.account) && kept.password.as_ref() == Some(&hash)
        });
        if !still {
            let note = Some("the account was changed in the same moment".to_owned());
            let entry = nobody.entry("sign_in", target);
            let outcome = Outcome::Refused;
            journal::append(writing, &journal::Entry { outcome, note, ..entry })?;
            return Ok(None);
        }
        if let Some(hash) = &renewed {
            accounts::renew_hash(writing, account.id, hash)?;
        }
        making.write(writing, account.id)?;
        journal::append(writing, &stamp.entry("sign_in", target))?;
        Ok::<_, SignInError>(Some(()))
    })?;
    done.ok_or(SignInError::Wrong)?;
    Ok(entrance.opened(people, token)?)
}

/// How the journal names an account.
pub fn target_of(account: &Account) -> String {
    format!("account {}", account.name)
}

/// The account of this name, and the hash of its password if it may come in.
fn find(people: &People, name: &str) -> (Option<Account>, Option<PasswordHash>) {
    let picture = people.picture();
    let account = picture.roster.named(name).cloned();
    let able = account.as_ref().filter(|account| may_come_in(account));
    let hash = able.and_then(|account| picture.password(account.id)).cloned();
    (account, hash)
}

/// Whether the account lets anybody in with a password.
pub fn may_come_in(account: &Account) -> bool {
    account.status == Status::Active && account.kind == AccountKind::Person
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub enum Judged {
    /// The password is right; and a stronger hash of it, where the kept one is weak.
    Right { renewed: Option<PasswordHash> },
    /// It is wrong.
    Wrong(Struck),
}

/// Checks a password on the thread `work`. Attempts are judged one after the other, so that not even
/// those made at once escape the wait.
///
/// # Errors
/// It has to wait, or too much waits already.
pub fn judge(
    people: &People,
    attempt: &Attempt,
    password: &Secret,
    hash: Option<PasswordHash>,
) -> Result<Judged, SignInError> {
    let now = people.clock.now();
    if let Some(wait) = people.waits().ask(attempt, now) {
        return Err(SignInError::Wait { seconds: seconds(wait) });
    }
    let (attempt, password) = (attempt.clone(), password.clone());
    let (waits, clock) = (Arc::clone(&people.waits), Arc::clone(&people.clock));
    let judged = people.work.run(move |hasher| {
        let waits =
            || -> MutexGuard<'_, Backoff> { waits.lock().unwrap_or_else(PoisonError::into_inner) };
        // The ones before may have led to a wait while this one stood in the queue.
        if let Some(wait) = waits().ask(&attempt, clock.now()) {
            return Err(SignInError::Wait { seconds: seconds(wait) });
        }
        let checked = hasher.check(&password, hash.as_ref());
        match checked {
            Check::Wrong => Ok(Judged::Wrong(waits().wrong(&attempt, clock.now()))),
            Check::Right | Check::RightButWeak => {
                waits().right(&attempt, clock.now());
                let weak = checked == Check::RightButWeak;
                // A hash that cannot be renewed now is renewed another time.
                let renewed = weak.then(|| hasher.hash(&password).ok()).flatten();
                Ok(Judged::Right { renewed })
            }
        }
    });
    judged.map_err(|_full| SignInError::Busy { seconds: COME_AGAIN_S })?
}

/// Whole seconds, so that whoever waits so long has waited long enough.
pub fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

/// Writes the line about a refused attempt, and one about the wait that begins with it.
///
/// # Errors
/// They cannot be written.
pub fn refused(
    people: &People,
    stamp: &Stamp,
    action: &'static str,
    target: &str,
    struck: Struck,
) -> Result<(), StoreError> {
    let note = match struck {
        Struck::Free | Struck::Begins(_) => None,
        Struck::Goes(wait) => Some(format!("the next attempt has to wait {} s", seconds(wait))),
    };
    let entry = stamp.entry(action, target.to_owned());
    let line = journal::Entry { outcome: Outcome::Refused, note, ..entry.clone() };
    let waiting = match struck {
        Struck::Begins(wait) => Some(journal::Entry {
            action: "begin_wait",
            outcome: Outcome::Done,
            note: Some(format!(
                "too many wrong attempts: the next one has to wait {} s, and the longer the more follow",
                seconds(wait)
            )),
            ..entry
        }),
        Struck::Free | Struck::Goes(_) => None,
    };
    people.store.write(move |writing: &Writing<'_>| {
        journal::append(writing, &line)?;
        if let Some(line) = &waiting {
            journal::append(writing, line)?;
        }
        Ok(())
    })
}
