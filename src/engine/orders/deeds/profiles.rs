//! What orders do that put a profile into the data folder.

use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::profiles::{AddProfile, NewProfile, RememberProfile};
use crate::engine::people::ledger::{Author, Ledger, LedgerError};
use crate::engine::profile::edit::{Change, apply};
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{self, LibraryError, interpret, read};
use crate::engine::profile::model::Profile;
use crate::engine::profile::remote::{brought, no_variable};
use crate::engine::profile::write::write;

pub fn add(desk: &mut Desk<'_>, order: &AddProfile) -> Result<(), OrderError> {
    let library = desk.people.library();
    let (text, what) = match &order.says {
        NewProfile::Of(profile) => {
            let profile = Profile { name: order.name.clone(), ..(**profile).clone() };
            (write(&profile), "added".to_owned())
        }
        NewProfile::Copy(from) => {
            let file = library.file_of(from);
            if !file.exists() {
                return Err(said(LedgerError::Missing(from.clone())));
            }
            let text = read(&file).map_err(|error| said(error.into()))?;
            (text, format!("added as a copy of {from}"))
        }
        NewProfile::Text(text) => (text.clone(), "added".to_owned()),
    };
    let file = library.file_of(&order.name);
    let refused = |why| OrderError::Profile { name: order.name.to_string(), why };
    // What a copy says was here before.
    let is_sent = desk.by.face.is_remote() && !matches!(order.says, NewProfile::Copy(_));
    if is_sent {
        no_variable((None, &text)).map_err(refused)?;
    }
    let named = apply(&text, &file, &[Change::Rename(order.name.clone())], &environment);
    let sent = text.lines().count();
    let text = named.map_err(|error| said(error.into()))?;
    // A name that was not said is put in front; whoever sent the text counts without that line.
    let in_front = text.lines().count().saturating_sub(sent);
    // A copy of what cannot be read cannot be read either, and there is no use in two.
    interpret(&file, text.clone(), &environment).map_err(|error| refused(error.to_string()))?;
    if is_sent {
        let places = (file.as_path(), library.folder());
        brought((None, &text), places, &environment)
            .map_err(|why| refused(why.without(in_front).to_string()))?;
    }
    let author = Author { by: desk.by.who.clone(), face: desk.by.face.code(), what };
    let ledger = Ledger { writing: desk.writing, library, at: desk.by.at };
    ledger.add(&order.name, &text, &author).map_err(said)?;
    desk.writing.touch();
    Ok(())
}

pub fn remember(desk: &mut Desk<'_>, order: &RememberProfile) -> Result<(), OrderError> {
    let library = desk.people.library();
    let file = library.file_of(&order.profile);
    if !file.exists() {
        return Err(said(LedgerError::Missing(order.profile.clone())));
    }
    let refused = |error: LibraryError| OrderError::Profile {
        name: order.profile.to_string(),
        why: error.to_string(),
    };
    // What cannot be read would be refused at the next start, where nobody expects it.
    library::load(&file, &environment).map_err(refused)?;
    let name = order.profile.to_string();
    library.remember(|settings| settings.profile = Some(name)).map_err(|error| said(error.into()))
}

/// A mistake as an order's.
pub fn said(error: LedgerError) -> OrderError {
    match error {
        LedgerError::Missing(name) => {
            OrderError::NotFound { what: "profile", which: name.to_string() }
        }
        LedgerError::Taken(name) => OrderError::Taken { what: "a profile", name },
        LedgerError::Edited(what) => OrderError::Stale { what },
        LedgerError::Store(error) => error.into(),
        error @ (LedgerError::Full
        | LedgerError::Edit(_)
        | LedgerError::File(_)
        | LedgerError::Unkept(_)
        | LedgerError::Remove { .. }) => OrderError::Unfit(error.to_string()),
    }
}
