//! What orders about sessions, tokens and waits do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::base::time::Wall;
use crate::engine::access::account::{Status, TokenEntry, name};
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::secret::{new_token, token_hash};
use crate::engine::orders::OrderError;
use crate::engine::orders::deeds::accounts::current;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::sessions::{
    CreateToken, EndSession, EndSessions, LiftWait, NewToken, RevokeToken,
};
use crate::engine::store::{sessions, tokens};

/// Longest life of a token.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
/// Most tokens of an account that are in use.
const MOST_TOKENS: usize = 100;

pub fn end(desk: &mut Desk<'_>, order: EndSession) -> Result<(), OrderError> {
    let account = current(desk, order.account, None)?;
    desk.target = Some(format!("session {} of account {}", order.id, account.name));
    let holder = sessions::holder(&desk.writing.reading(), order.id)?;
    if holder != Some(account.id) {
        let which = format!("{} of {} (any more)", order.id, account.name);
        return Err(OrderError::NotFound { what: "session", which });
    }
    sessions::end(desk.writing, order.id, desk.by.at, Ended::ByOthers)?;
    desk.writing.touch();
    Ok(())
}

pub fn end_all(desk: &mut Desk<'_>, order: EndSessions) -> Result<usize, OrderError> {
    let account = current(desk, order.account, None)?;
    desk.target = Some(format!("sessions of account {}", account.name));
    let end = (desk.by.at, Ended::ByOthers);
    let ended = sessions::end_all(desk.writing, account.id, order.keep, end)?;
    desk.after = Some(json!({ "ended": ended }));
    desk.writing.touch();
    Ok(ended)
}

pub fn create_token(desk: &mut Desk<'_>, order: CreateToken) -> Result<NewToken, OrderError> {
    let CreateToken { account, name: text, rights, expires } = order;
    let account = current(desk, account, None)?;
    let name = name("name", &text)?;
    desk.target = Some(format!("token {name} of account {}", account.name));
    let now = desk.by.at;
    if account.status == Status::Disabled {
        return unfit(format!("{} is disabled: enable it first", account.name));
    }
    if rights.iter().next().is_none() {
        return unfit("a token needs at least one permission");
    }
    if !account.rights.cover(rights) {
        return unfit(format!("{} does not have every permission of the token", account.name));
    }
    let latest = now.nanos().saturating_add(LONGEST.as_nanos() as i64);
    if expires <= now || expires.nanos() > latest {
        return unfit("a token expires in the future, but not more than ten years on");
    }
    let used = |token: &tokens::Kept| token.revoked.is_none() && token.expires > now;
    let mut others = tokens::of(&desk.writing.reading(), account.id)?;
    others.retain(used);
    if others.len() >= MOST_TOKENS {
        return unfit(format!("{} has {MOST_TOKENS} tokens: revoke one first", account.name));
    }
    if others.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
        return Err(OrderError::Taken { what: "a token", name });
    }
    let token = new_token()?;
    let hash = token_hash(token.reveal());
    let named = (name.as_str(), rights);
    let id = tokens::insert(desk.writing, account.id, named, &hash, (now, expires))?;
    let listed: Vec<_> = rights.iter().collect();
    desk.after = Some(json!({ "permissions": listed, "expires_ms": millis(expires) }));
    desk.writing.touch();
    let entry = TokenEntry {
        id,
        account: account.id,
        name,
        rights,
        created: now,
        expires,
        used: None,
        revoked: None,
        life: Arc::new(Life::new(now)),
    };
    Ok(NewToken { entry, token })
}

const fn millis(at: Wall) -> i64 {
    at.nanos().div_euclid(1_000_000)
}

pub fn revoke_token(desk: &mut Desk<'_>, order: RevokeToken) -> Result<(), OrderError> {
    let account = current(desk, order.account, None)?;
    let all = tokens::of(&desk.writing.reading(), account.id)?;
    let found = all.into_iter().find(|token| token.id == order.id && token.revoked.is_none());
    let Some(token) = found else {
        let which = format!("{} of {} (any more)", order.id, account.name);
        return Err(OrderError::NotFound { what: "token", which });
    };
    desk.target = Some(format!("token {} of account {}", token.name, account.name));
    tokens::revoke(desk.writing, token.id, desk.by.at)?;
    desk.writing.touch();
    Ok(())
}

pub fn lift_wait(desk: &mut Desk<'_>, order: LiftWait) -> Result<(), OrderError> {
    let account = current(desk, order.account, None)?;
    desk.people.lift_wait(&account.name);
    Ok(())
}

fn unfit<T>(why: impl Into<String>) -> Result<T, OrderError> {
    Err(OrderError::Unfit(why.into()))
}
