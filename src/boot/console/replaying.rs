//! What a person asks for on the Replay tab, turned into orders. None of it waits: pause and stop least.

use std::path::PathBuf;

use super::Shared;
use crate::desktop::ask::ReplayAsk;
use crate::engine::{ChangeReplay, PauseReplay, ReplayChange, SeekTo, Snapshot, StopReplay, Then};
use crate::view::compose::replay::{anew, planned, speed};
use crate::view::shown::Tone;
use crate::view::text::a_name;

/// Gives the order; what was refused is left to be read.
pub(super) fn carry_out(shared: &Shared, snapshot: Option<&Snapshot>, ask: ReplayAsk) {
    if let Err(sentence) = order(shared, snapshot, ask) {
        shared.note(Tone::Fault, sentence);
    }
}

fn order(shared: &Shared, snapshot: Option<&Snapshot>, ask: ReplayAsk) -> Result<(), String> {
    let nothing = "Nothing runs: nothing was replayed.";
    let change = |wanted: &str, change| -> Result<(), String> {
        shared.submit(ChangeReplay { name: a_name(wanted)?, change });
        Ok(())
    };
    match ask {
        ReplayAsk::Pause(wanted) => shared.submit(PauseReplay { name: a_name(&wanted)? }),
        ReplayAsk::Stop(wanted) => {
            shared.submit(StopReplay { name: a_name(&wanted)?, then: Then::Keep });
        }
        ReplayAsk::Forget(wanted) => {
            shared.submit(StopReplay { name: a_name(&wanted)?, then: Then::Forget });
        }
        ReplayAsk::Play(wanted) => change(&wanted, ReplayChange::Play)?,
        ReplayAsk::Step(wanted, until) => change(&wanted, ReplayChange::Step(until))?,
        ReplayAsk::Seek(wanted, share) => {
            change(&wanted, ReplayChange::Seek(SeekTo::Share(share)))?;
        }
        ReplayAsk::Speed(wanted, words) => {
            let speed = speed(&words).ok_or("Choose how fast it goes.")?;
            change(&wanted, ReplayChange::Speed(speed))?;
        }
        ReplayAsk::Again(wanted, again) => {
            change(&wanted, ReplayChange::Times((!again).then_some(1)))?;
        }
        ReplayAsk::Start(prefs) => {
            let file = PathBuf::from(prefs.file.trim());
            shared.submit(planned(snapshot.ok_or(nothing)?, &prefs, file)?);
        }
        ReplayAsk::Anew(wanted) => {
            let snapshot = snapshot.ok_or(nothing)?;
            shared.submit(anew(snapshot, &wanted)?);
        }
    }
    Ok(())
}
