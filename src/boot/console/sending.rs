//! What a person asks for on the Send tab, turned into orders. None of it waits: silence least.

use super::Shared;
use crate::base::id::Name;
use crate::desktop::ask::{Like, SendAsk};
use crate::engine::{
    ArmBus, ExpectedFile, ForgetMessage, KeepMessage, Keeps, MessageEntry, Reel, RestartBus,
    ScanBitRate, SchedulePicture, SendFrames, Silence, Snapshot, StartSchedule, StopSchedule, Then,
};
use crate::view::compose::sending::{self, once, planned};
use crate::view::sending::{Draft, SendPrefs, Stays};
use crate::view::shown::Tone;

/// Gives the order; what was refused is left to be read.
pub(super) fn carry_out(shared: &Shared, snapshot: Option<&Snapshot>, ask: SendAsk) {
    if let Err(sentence) = order(shared, snapshot, ask) {
        shared.note(Tone::Fault, sentence);
    }
}

fn order(shared: &Shared, snapshot: Option<&Snapshot>, ask: SendAsk) -> Result<(), String> {
    // Silence first: it needs nothing else.
    if let SendAsk::Silence(None) = ask {
        shared.submit(Silence { bus: None });
        return Ok(());
    }
    let snapshot = snapshot.ok_or("Nothing runs: nothing was sent.")?;
    match ask {
        SendAsk::Silence(bus) => {
            let bus = bus.as_deref().map(name).transpose()?;
            shared.submit(Silence { bus });
        }
        SendAsk::Arm(bus) => shared.submit(ArmBus { bus: name(&bus)?, span: ArmBus::USUAL }),
        SendAsk::Once(prefs) => {
            let frames = vec![once(snapshot, &prefs)?];
            shared.submit(SendFrames { bus: name(&prefs.draft.bus)?, frames });
        }
        SendAsk::Start(prefs) => start(shared, snapshot, &prefs)?,
        SendAsk::Stop(wanted) => {
            shared.submit(StopSchedule { name: name(&wanted)?, then: Then::Keep });
        }
        SendAsk::Forget(wanted) => {
            shared.submit(StopSchedule { name: name(&wanted)?, then: Then::Forget });
        }
        SendAsk::Restart(bus) => shared.submit(RestartBus { bus: name(&bus)? }),
        SendAsk::FindRate(bus) => shared.submit(ScanBitRate { bus: name(&bus)? }),
        SendAsk::Again(wanted) => again(shared, snapshot, &wanted)?,
        SendAsk::Keep(prefs) => {
            let message = Box::new(sending::kept(snapshot, &prefs)?);
            shared.submit(KeepMessage { message, expected: ExpectedFile::Anything });
        }
        SendAsk::SendKept(wanted) => {
            let entry = kept(snapshot, &wanted)?;
            shared.submit(SendFrames { bus: entry.bus.clone(), frames: vec![entry.once()] });
        }
        SendAsk::StartKept(wanted) => {
            let entry = kept(snapshot, &wanted)?;
            let (bus, schedule) = (entry.bus.clone(), entry.schedule());
            let keeps = if entry.stays { Keeps::Alone } else { Keeps::WithSession };
            shared.submit(StartSchedule { bus, schedule, keeps });
        }
        SendAsk::ForgetKept(wanted) => {
            shared.submit(ForgetMessage { name: name(&wanted)?, expected: None })
        }
    }
    Ok(())
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| format!("\u{201c}{text}\u{201d}: {error}."))
}

fn kept<'s>(snapshot: &'s Snapshot, wanted: &str) -> Result<&'s MessageEntry, String> {
    let found = snapshot.messages.iter().find(|one| one.name.as_str() == wanted);
    found.ok_or_else(|| format!("{wanted} is no longer kept: nothing was sent."))
}

fn start(shared: &Shared, snapshot: &Snapshot, prefs: &SendPrefs) -> Result<(), String> {
    let schedule = planned(snapshot, prefs)?;
    let keeps = match prefs.stays {
        Stays::WithSession => Keeps::WithSession,
        Stays::Alone => Keeps::Alone,
    };
    shared.submit(StartSchedule { bus: name(&prefs.draft.bus)?, schedule, keeps });
    Ok(())
}

fn again(shared: &Shared, snapshot: &Snapshot, wanted: &str) -> Result<(), String> {
    let found = snapshot.schedules.iter().find(|one| one.schedule.name.as_str() == wanted);
    let gone = || format!("{wanted} is no longer in the list: nothing was started.");
    let SchedulePicture { bus, schedule, keeps, .. } = &**found.ok_or_else(gone)?;
    let bus = snapshot.buses.iter().find(|one| one.id == *bus).ok_or_else(gone)?;
    let (bus, schedule) = (bus.name.clone(), schedule.clone());
    shared.submit(StartSchedule { bus, schedule, keeps: *keeps });
    Ok(())
}

/// A draft like a frame that was seen.
pub(super) fn like(snapshot: &Snapshot, reel: &Reel, like: Like) -> Option<Draft> {
    match like {
        Like::Row(_, key) => sending::like(snapshot, key),
        Like::Frame(_, number) => {
            let frame = reel.get(number)?;
            let bus = snapshot.buses.get(usize::from(frame.bus().0))?;
            Some(Draft::like(bus.name.as_str(), &frame.to_frame()))
        }
    }
}
