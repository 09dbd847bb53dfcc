//! Displays: screens that sign themselves in by their address, as an account that may only read. They are
//! kept in memory alone: after a start a display signs in again, and nothing of it could be found in a
//! copy of the data folder. A display's token is looked up here and nowhere else, so that it opens nothing
//! but the page for displays; it is worth nothing from another address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use crate::base::time::Wall;
use crate::engine::access::account::AccountId;
use crate::engine::access::actor::{Actor, Rights, Who};
use crate::engine::access::grant::{Face, MustChange, Origin, Session};
use crate::engine::access::life::{Ended, Life};
use crate::engine::access::permission::Right;
use crate::engine::access::roster::Roster;
use crate::engine::access::secret::{NoRandom, Secret, TokenHash, new_token, token_hash};
use crate::engine::access::settings::kiosk::unfit;
use crate::engine::people::People;
use crate::engine::people::gate::NotIn;
use crate::engine::people::stamp::Stamp;
use crate::engine::store::{StoreError, Writing, journal};

/// Most displays at once.
const MOST: usize = 64;
/// Most displays of an address: the oldest goes. A browser that keeps no cookie is a new one each time.
const OF_AN_ADDRESS: usize = 4;

/// Why no display is signed in.
#[derive(Debug, Error)]
pub enum NoDisplay {
    /// Displays are switched off, or this address is not listed. Never said which.
    #[error("no display is signed in from here")]
    NotHere,
    /// The account may not be that of a display any more.
    #[error("no display is signed in at the moment: an administrator can see why in the settings")]
    Unfit,
    /// There are too many, or it was tried too often.
    #[error("there are too many displays: try again later")]
    TooMany,
    /// It cannot be written down.
    #[error("the display cannot be written down")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Who is signed in as a display.
#[derive(Default)]
pub struct Displays {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    all: HashMap<TokenHash, Display>,
    /// The profile that runs.
    running: Option<String>,
}

struct Display {
    session: Arc<Session>,
    address: IpAddr,
    account: AccountId,
    since: Wall,
}

impl Displays {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are signed in.
    pub fn count(&self) -> usize {
        let lives = |one: &&Display| one.session.life().ended().is_none();
        self.state().all.values().filter(lives).count()
    }

    /// Another profile runs: displays that belong to the old one end.
    pub fn profile_runs(&self, name: Option<&str>, roster: &Roster) {
        let mut state = self.state();
        if state.running.as_deref() != name {
            state.running = name.map(str::to_owned);
            judge(&mut state, roster);
        }
    }

    /// Ends every display that may not be any more.
    pub fn judge(&self, roster: &Roster) {
        judge(&mut self.state(), roster);
    }
}

fn judge(state: &mut State, roster: &Roster) {
    let State { all, running } = state;
    all.retain(|_, display| {
        let fits = allowed(roster, running.as_deref(), display.address)
            .is_ok_and(|account| account == display.account);
        if !fits {
            display.session.life().end(Ended::DisplayOff);
        }
        fits
    });
}

/// As which account a display at `address` comes in.
fn allowed(
    roster: &Roster,
    running: Option<&str>,
    address: IpAddr,
) -> Result<AccountId, NoDisplay> {
    let kiosk = &roster.settings.kiosk;
    let is_listed = kiosk.addresses.iter().any(|range| range.contains(address));
    let runs = kiosk.profile.as_deref().is_none_or(|profile| running == Some(profile));
    if !kiosk.enabled || !is_listed || !runs {
        return Err(NoDisplay::NotHere);
    }
    let account = kiosk.account.and_then(|id| roster.account(id)).ok_or(NoDisplay::Unfit)?;
    match unfit(account) {
        None => Ok(account.id),
        Some(_) => Err(NoDisplay::Unfit),
    }
}

/// Signs a display in. Waits for its line in the journal.
pub fn sign_in(people: &People, from: &Origin) -> Result<(Secret, Arc<Session>), NoDisplay> {
    let address = from.address.ok_or(NoDisplay::NotHere)?.to_canonical();
    let roster = people.roster();
    let account = {
        let state = people.displays().state();
        allowed(&roster, state.running.as_deref(), address)?
    };
    let name = roster.account(account).map(|one| one.name.clone()).ok_or(NoDisplay::Unfit)?;
    let now = people.clock.wall();
    let who = Who::Display { name };
    let entry = Stamp {
        who: who.to_string(),
        account: None,
        face: Face::Web,
        address: Some(address),
        at: now,
    }
    .entry("sign_in_display", "the page for displays".to_owned());
    let entry = people.within_budget(entry).ok_or(NoDisplay::TooMany)?;
    let token = new_token()?;
    people.store.write(move |writing: &Writing<'_>| journal::append(writing, &entry))?;
    // Never more than reading, whatever the account holds by now.
    let actor = Actor::new(who, Rights::of(&[Right::ReadSettings]));
    let life = Arc::new(Life::new(now));
    let place = (Face::Web, Some(address));
    let session = Arc::new(Session::remote(actor, place, None, MustChange::Nothing, life));
    let display = Display { session: Arc::clone(&session), address, account, since: now };
    let mut state = people.displays().state();
    make_room(&mut state.all, address)?;
    state.all.insert(token_hash(token.reveal()), display);
    // It may have been switched off while the line was written.
    judge(&mut state, &people.roster());
    drop(state);
    match session.life().ended() {
        None => Ok((token, session)),
        Some(_) => Err(NoDisplay::NotHere),
    }
}

fn make_room(all: &mut HashMap<TokenHash, Display>, address: IpAddr) -> Result<(), NoDisplay> {
    let own = |display: &&Display| display.address == address;
    if all.values().filter(own).count() >= OF_AN_ADDRESS {
        let oldest = all.iter().filter(|(_, one)| own(one)).min_by_key(|(_, one)| one.since);
        if let Some(gone) = oldest.map(|(token, _)| *token).and_then(|token| all.remove(&token)) {
            gone.session.life().end(Ended::Replaced);
        }
    }
    if all.len() >= MOST { Err(NoDisplay::TooMany) } else { Ok(()) }
}

/// The session of a display that shows `token` from where it was signed in.
pub fn enter(people: &People, token: &str, from: &Origin) -> Result<Arc<Session>, NotIn> {
    let state = people.displays().state();
    let display = state.all.get(&token_hash(token)).ok_or(NotIn::Unknown)?;
    if from.address.map(|address| address.to_canonical()) != Some(display.address) {
        return Err(NotIn::Unknown);
    }
    match display.session.life().ended() {
        Some(ended) => Err(NotIn::Ended(ended)),
        None => {
            display.session.life().touch(people.clock.wall());
            Ok(Arc::clone(&display.session))
        }
    }
}
