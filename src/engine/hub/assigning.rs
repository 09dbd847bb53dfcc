//! Which DBC files the buses are read by. A change is in force at once, also while something charges:
//! devices are decoded by their own. Where the profile is kept in a file the new text is written first,
//! by somebody else.

use std::sync::Arc;

use crate::engine::hub::event::{Effect, Epoch, Found, KeepProfile};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::dbc::AssignDbcs;
use crate::engine::orders::{OrderError, Reply};
use crate::engine::people::ledger::Author;
use crate::engine::profile::edit::Change;

/// Numbers of these writings begin here, so that nobody takes them for those of charge rules.
const FIRST: u64 = 1 << 63;

/// Changes that are being written.
#[derive(Default)]
pub(super) struct Assigning {
    writings: u64,
    writing: Option<Writing>,
}

struct Writing {
    number: u64,
    epoch: Epoch,
    order: AssignDbcs,
    reply: Reply,
    before: Arc<str>,
}

impl Assigning {
    /// Why the profile's file cannot be written at the moment.
    pub(super) fn hinders(&self) -> Option<String> {
        let said = "the profile's file is just being written: try again in a moment";
        self.writing.is_some().then(|| said.to_owned())
    }

    /// Carries a change out, or begins to; gives what is to be done after the next picture.
    pub(super) fn set(
        &mut self,
        (order, reply): (AssignDbcs, Reply),
        by: (String, &'static str),
        plant: &mut Plant,
        epoch: Epoch,
    ) -> Effect {
        match self.begin(&order, by, plant) {
            Err(error) => Effect::Answer(reply, Err(error)),
            Ok(None) => {
                plant.assign(order);
                Effect::Answer(reply, Ok(()))
            }
            Ok(Some(job)) => {
                // Known as the profile's text from now on: nobody takes it for somebody else's edit.
                plant.say(Arc::clone(&job.text));
                let (number, before) = (job.number, Arc::clone(&job.before));
                self.writing = Some(Writing { number, epoch, order, reply, before });
                Effect::KeepProfile(job)
            }
        }
    }

    /// What has to be written first.
    fn begin(
        &mut self,
        order: &AssignDbcs,
        (by, face): (String, &'static str),
        plant: &mut Plant,
    ) -> Result<Option<KeepProfile>, OrderError> {
        if let Some(why) = self.hinders() {
            return Err(OrderError::Unfit(why));
        }
        let Some(bus) = plant.bus_named(&order.bus) else {
            return Err(OrderError::NotFound { what: "bus", which: order.bus.to_string() });
        };
        let mut files: Vec<_> = plant.dbcs(bus).into_iter().map(|dbc| dbc.file).collect();
        order.change.clone().apply(&mut files, |file| file, |dbc| dbc.file);
        let change = Change::SetDbcs { bus: order.bus.clone(), files };
        let (before, text) =
            plant.edited(&change).map_err(|error| OrderError::Unfit(error.to_string()))?;
        let Some(file) = plant.file().filter(|_| text != before) else {
            plant.say(text);
            return Ok(None);
        };
        self.writings += 1;
        let number = FIRST + self.writings;
        let author = Author { by, face, what: change.to_string() };
        Ok(Some(KeepProfile { number, file, before, found: Found::Stays, text, author }))
    }

    /// The file is written, or is not; gives what is to be done after the next picture.
    pub(super) fn kept(
        &mut self,
        number: u64,
        outcome: &Result<(), String>,
        plant: &mut Plant,
        epoch: Epoch,
    ) -> Option<Effect> {
        let writing = self.writing.take_if(|writing| writing.number == number)?;
        let Writing { order, reply, before, epoch: own, .. } = writing;
        let answer = match outcome {
            Ok(()) if own != epoch => Err(OrderError::Unfit(
                "another profile was made to run meanwhile: look at both before changing this"
                    .into(),
            )),
            Ok(()) => {
                plant.assign(order);
                Ok(())
            }
            Err(why) => {
                if own == epoch {
                    plant.say(before);
                }
                Err(OrderError::Unfit(format!("the bus is read by what it was: {why}")))
            }
        };
        Some(Effect::Answer(reply, answer))
    }
}

#[cfg(test)]
mod tests;
