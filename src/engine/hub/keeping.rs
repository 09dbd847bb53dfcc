//! Keeping messages that are sent by hand in the running profile. Where the profile is in a file the
//! new text is written first, by somebody else, and the message is kept once it is there. Nothing that is
//! kept is ever sent from here.

use std::sync::Arc;

use crate::base::time::Wall;
use crate::engine::access::grant::Face;
use crate::engine::hub::event::{Effect, Epoch, Found, KeepProfile};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::sending::Keeping as Order;
use crate::engine::orders::{OrderError, Reply};
use crate::engine::people::ledger::Author;
use crate::engine::profile::edit::Change;
use crate::engine::profile::message::{MESSAGE_LIMIT, MessageEntry};
use crate::engine::profile::shelf::Expected;
use crate::engine::store::journal::{Entry, Outcome};

/// The numbers of these writings begin here, so that they are told from those of rules,
const FIRST: u64 = 1 << 32;
/// and end before this, where those of edits begin.
const LAST: u64 = 1 << 62;
/// Said while a file is being written.
const WRITING: &str = "the profile's file is just being written: try again in a moment";

/// Whether a writing with this number is of a message.
pub(super) const fn is_own(number: u64) -> bool {
    number >= FIRST && number < LAST
}

/// A change that somebody asks for.
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) by: String,
    pub(super) face: Face,
    pub(super) reply: Reply,
}

/// The kept messages as something that is changed.
#[derive(Default)]
pub(super) struct Keeping {
    writings: u64,
    writing: Option<Writing>,
}

/// A change whose file is being written.
struct Writing {
    number: u64,
    epoch: Epoch,
    asked: Asked,
    messages: Vec<MessageEntry>,
    /// What the file said before.
    before: Arc<str>,
}

impl Keeping {
    /// Why the file cannot be written by anybody else at the moment.
    pub(super) fn hinders(&self) -> Option<String> {
        self.writing.is_some().then(|| WRITING.to_owned())
    }

    /// Changes the list, or begins to; gives what is to be done after the next picture: the answer, or
    /// the writing that it waits for. `busy` says why the file cannot be written.
    pub(super) fn set(
        &mut self,
        asked: Asked,
        busy: Option<String>,
        plant: &mut Plant,
        (now, epoch): (Wall, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Effect {
        let begun = match busy.or_else(|| self.hinders()) {
            Some(why) => Err(OrderError::Unfit(why)),
            None => changed(&asked.order, plant),
        };
        let messages = match begun {
            Err(error) => return Effect::Answer(asked.reply, Err(error)),
            Ok(messages) => messages,
        };
        let change = match &asked.order {
            Order::Keep(order) => Change::PutMessage(Box::new((*order.message).clone())),
            Order::Forget(order) => Change::DropMessage(order.name.clone()),
        };
        let (before, text) = match plant.edited(&change) {
            Ok(edited) => edited,
            Err(error) => {
                let error = OrderError::Unfit(error.to_string());
                return Effect::Answer(asked.reply, Err(error));
            }
        };
        let Some(file) = plant.file().filter(|_| text != before) else {
            plant.say(text);
            return finish(asked, messages, plant, now, effects);
        };
        self.writings += 1;
        let number = FIRST + self.writings;
        // Known as the profile's text from now on: nobody takes it for somebody else's edit.
        plant.say(Arc::clone(&text));
        let (own, what) = (Arc::clone(&before), change.to_string());
        let author = Author { by: asked.by.clone(), face: asked.face.code(), what };
        self.writing = Some(Writing { number, epoch, asked, messages, before: own });
        Effect::KeepProfile(KeepProfile { number, file, before, found: Found::Stays, text, author })
    }

    /// The file is written, or is not; gives what is to be done after the next picture.
    pub(super) fn kept(
        &mut self,
        (number, outcome): (u64, Result<(), String>),
        plant: &mut Plant,
        (now, epoch): (Wall, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Option<Effect> {
        let writing = self.writing.take_if(|writing| writing.number == number)?;
        let Writing { asked, messages, before, epoch: own, .. } = writing;
        if own != epoch {
            let why = "another profile was made to run meanwhile: look at both before going on";
            return Some(Effect::Answer(asked.reply, Err(OrderError::Unfit(why.to_owned()))));
        }
        match outcome {
            Ok(()) => Some(finish(asked, messages, plant, now, effects)),
            Err(why) => {
                plant.say(before);
                let text = format!("the messages stay as they were: {why}");
                Some(Effect::Answer(asked.reply, Err(OrderError::Unfit(text))))
            }
        }
    }
}

/// The list as it is to be.
fn changed(order: &Order, plant: &Plant) -> Result<Vec<MessageEntry>, OrderError> {
    if plant.profile().is_none() {
        let why = "no profile runs: open one first, what is kept belongs to it";
        return Err(OrderError::Unfit(why.to_owned()));
    }
    let mut messages = plant.messages.to_vec();
    as_expected(order, &messages)?;
    match order {
        Order::Forget(order) => {
            let before = messages.len();
            messages.retain(|one| one.name != order.name);
            if messages.len() == before {
                let which = order.name.to_string();
                return Err(OrderError::NotFound { what: "kept message", which });
            }
        }
        Order::Keep(order) => {
            let entry = &*order.message;
            entry.check().map_err(|error| OrderError::Unfit(error.to_string()))?;
            if plant.bus_named(&entry.bus).is_none() {
                let which = entry.bus.to_string();
                return Err(OrderError::NotFound { what: "bus", which });
            }
            let others = messages.iter().filter(|one| one.name != entry.name);
            let rival = entry.key.and_then(|key| others.clone().find(|one| one.key == Some(key)));
            if let (Some(key), Some(rival)) = (entry.key, rival) {
                let text = format!("the key {key} sends {} already", rival.name);
                return Err(OrderError::Unfit(text));
            }
            let (place, count) =
                (messages.iter().position(|one| one.name == entry.name), messages.len());
            match place.and_then(|place| messages.get_mut(place)) {
                Some(old) => old.clone_from(entry),
                None if count >= MESSAGE_LIMIT => {
                    let text =
                        format!("{MESSAGE_LIMIT} messages are kept already: forget one first");
                    return Err(OrderError::Unfit(text));
                }
                None => messages.push(entry.clone()),
            }
        }
    }
    Ok(messages)
}

/// Whether what is kept under the name is what the order was made on.
fn as_expected(order: &Order, messages: &[MessageEntry]) -> Result<(), OrderError> {
    let there = messages.iter().find(|one| one.name == *order.name());
    let wanted = match order {
        Order::Keep(order) => match &order.expected {
            Expected::Anything => return Ok(()),
            Expected::Nothing => {
                return match there {
                    None => Ok(()),
                    Some(_) => {
                        let name = order.message.name.to_string();
                        Err(OrderError::Taken { what: "a kept message", name })
                    }
                };
            }
            Expected::Mark(mark) => mark,
        },
        // One that is not there at all is said to be so.
        Order::Forget(order) => match (&order.expected, there) {
            (Some(mark), Some(_)) => mark,
            (Some(_) | None, Some(_) | None) => return Ok(()),
        },
    };
    if there.is_some_and(|there| there.mark() == *wanted) {
        return Ok(());
    }
    Err(OrderError::Stale { what: format!("the kept message {}", order.name()) })
}

/// The new list is in force; gives the answer.
fn finish(
    asked: Asked,
    messages: Vec<MessageEntry>,
    plant: &mut Plant,
    now: Wall,
    effects: &mut Vec<Effect>,
) -> Effect {
    let old = std::mem::replace(&mut plant.messages, messages.into());
    let kept = plant.profile().and_then(|profile| profile.file);
    let kept = kept.map_or_else(
        || "it is not kept in a file, because this profile is in none".to_owned(),
        |file| format!("kept in {}", file.display()),
    );
    let name = asked.order.name();
    let shown = |list: &[MessageEntry]| -> Option<serde_json::Value> {
        let entry = list.iter().find(|one| one.name == *name);
        entry.and_then(|entry| serde_json::to_value(entry).ok())
    };
    let entry = Entry {
        at: now,
        who: asked.by.clone(),
        face: asked.face.code(),
        address: None,
        action: "kept_messages",
        target: name.to_string(),
        before: shown(&old),
        after: shown(&plant.messages),
        outcome: Outcome::Done,
        note: Some(format!("{kept}.")),
        of: None,
    };
    effects.push(Effect::Journal(Box::new(entry)));
    Effect::Answer(asked.reply, Ok(()))
}

#[cfg(test)]
mod tests;
