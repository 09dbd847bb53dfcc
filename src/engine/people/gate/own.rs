//! What whoever is in does about themselves: signing out, and changing the password.

use crate::engine::access::backoff::Attempt;
use crate::engine::access::grant::{Origin, Session};
use crate::engine::access::life::Ended;
use crate::engine::access::password::{self, PasswordError};
use crate::engine::access::permission::OwnAccount;
use crate::engine::access::secret::{Secret, new_token};
use crate::engine::people::People;
use crate::engine::people::gate::come_in::Entrance;
use crate::engine::people::gate::sign_in::{Judged, judge, refused, target_of};
use crate::engine::people::gate::{OwnPasswordError, SignInError, SignedIn};
use crate::engine::people::stamp::Stamp;
use crate::engine::people::work::COME_AGAIN_S;
use crate::engine::store::accounts::Change;
use crate::engine::store::{StoreError, accounts, journal, links, sessions};

pub fn sign_out(people: &People, session: &Session) -> Result<(), StoreError> {
    let Some(id) = session.id() else { return Ok(()) };
    session.life().end(Ended::SignedOut);
    let stamp = Stamp::of(session, people.clock.wall());
    let who = session.actor().to_string();
    people.store.write(move |writing| {
        if sessions::end(writing, id, stamp.at, Ended::SignedOut)? {
            journal::append(writing, &stamp.entry("sign_out", format!("account {who}")))?;
            writing.touch();
        }
        Ok(())
    })
}

pub fn change_password(
    people: &People,
    session: &Session,
    current: &Secret,
    new: Secret,
    from: &Origin,
) -> Result<SignedIn, OwnPasswordError> {
    let (Some(id), Some(own)) = (session.actor().account(), session.id()) else {
        return Err(OwnPasswordError::NoAccount);
    };
    session.permit(OwnAccount(id))?;
    let picture = people.picture();
    let account = picture.roster.account(id).ok_or(OwnPasswordError::NoAccount)?.clone();
    let least = picture.roster.settings.sessions.password_chars;
    password::check(&new, &account.name, usize::try_from(least).unwrap_or(usize::MAX))?;
    let old = picture.password(id).cloned();
    let attempt = Attempt::sign_in(&account.name, from.address);
    let stamp = Stamp { address: from.address, ..Stamp::of(session, people.clock.wall()) };
    let target = target_of(&account);
    if let Judged::Wrong(struck) = judge(people, &attempt, current, old.clone())? {
        refused(people, &stamp, "change_password", &target, struck).map_err(SignInError::Store)?;
        return Err(SignInError::Wrong.into());
    }
    if *current == new {
        return Err(OwnPasswordError::Same);
    }
    let busy = |_full| PasswordError::Busy { seconds: COME_AGAIN_S };
    let hash = people.work.run(move |hasher| hasher.hash(&new)).map_err(busy)??;
    let token = new_token().map_err(SignInError::NoRandom)?;
    let entrance = Entrance::new(people, &token, from);
    let making = entrance.clone();
    let done = people.store.write(move |writing| {
        let kept = accounts::get(&writing.reading(), id)?;
        let lives = sessions::holder(&writing.reading(), own)? == Some(id);
        if !lives || kept.is_none_or(|kept| kept.password != old) {
            let note = Some("the account was changed in the same moment".to_owned());
            let entry = stamp.entry("change_password", target);
            let outcome = journal::Outcome::Refused;
            journal::append(writing, &journal::Entry { outcome, note, ..entry })?;
            return Ok(None);
        }
        accounts::set_password(writing, id, Some(&hash), Change::NotDue)?;
        links::delete_of(writing, Some(id))?;
        sessions::end(writing, own, making.now, Ended::Replaced)?;
        sessions::end_all(writing, id, None, (making.now, Ended::PasswordChanged))?;
        making.write(writing, id)?;
        journal::append(writing, &stamp.entry("change_password", target))?;
        Ok::<_, SignInError>(Some(()))
    })?;
    done.ok_or(SignInError::Wrong)?;
    Ok(entrance.opened(people, token).map_err(SignInError::Store)?)
}
