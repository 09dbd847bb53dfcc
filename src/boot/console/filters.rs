//! The filters that whoever sits at this machine keeps: in the data folder, by the same orders as those
//! of an account. What is asked waits for the disk, on a thread aside.

use std::sync::PoisonError;

use super::Shared;
use super::people::sentence;
use crate::engine::{ForgetFilter, KeepFilter, Order, SavedFilter, UseCan};
use crate::view::compose::filter;
use crate::view::filter::FilterAsk;
use crate::view::shown::Tone;

/// Reads what is kept.
pub(super) fn read(shared: &Shared) {
    let _turn = shared.filtering.lock().unwrap_or_else(PoisonError::into_inner);
    look(shared);
}

/// Does what was asked, says what came of it, and reads what is kept then.
pub(super) fn carry_out(shared: &Shared, ask: FilterAsk) {
    // One after the other: what is read last is the newest.
    let _turn = shared.filtering.lock().unwrap_or_else(PoisonError::into_inner);
    let said = match ask {
        FilterAsk::Keep(filter) => {
            Some(give(shared, KeepFilter { filter }).map(|kept| filter::kept(&kept.name)))
        }
        FilterAsk::Forget(name) => {
            let order = ForgetFilter { name: name.clone() };
            Some(give(shared, order).map(|()| filter::forgotten(&name)))
        }
        FilterAsk::TakeOver { earlier, told } => {
            take_over(shared, earlier, &told);
            None
        }
    };
    look(shared);
    match said {
        Some(Ok(words)) => shared.note(Tone::Info, words),
        Some(Err(words)) => shared.note(Tone::Fault, words),
        None => {}
    }
}

/// Keeps what an earlier version kept elsewhere, and says what cannot be kept, unless that was told before.
fn take_over(shared: &Shared, earlier: Vec<SavedFilter>, told: &[String]) {
    look(shared);
    let Some(list) = shared.state().filters.clone() else { return };
    for filter in earlier {
        let name = filter.name.trim().to_lowercase();
        if list.iter().any(|kept| kept.name.to_lowercase() == name) {
            continue;
        }
        let (name, text) = (filter.name.clone(), filter.text.clone());
        if let Err(words) = give(shared, KeepFilter { filter })
            && !told.contains(&name)
        {
            let words = format!(
                "Filter \u{201c}{name}\u{201d} ({text}) is not taken over. {words} This is said once: to have it, type it anew and keep it."
            );
            shared.note(Tone::Warning, words);
        }
    }
}

fn look(shared: &Shared) {
    let Ok(grant) = shared.session.permit(UseCan) else { return };
    match shared.door.filters(&grant, &shared.session) {
        Ok(list) => shared.state().filters = Some(list),
        Err(error) => shared.note(Tone::Fault, sentence(error)),
    }
    shared.changed();
}

fn give<O: Order>(shared: &Shared, order: O) -> Result<O::Done, String> {
    let ticket = shared.door.submit(&shared.session, order).map_err(sentence)?;
    ticket.wait().map_err(sentence)
}
