//! What a person asks for about sending by hand, made into orders: the same for every face.

use super::{kept, once, planned};
use crate::engine::{
    ExpectedFile, ForgetMessage, KeepMessage, Keeps, MessageEntry, Reel, SchedulePicture,
    SendFrames, Snapshot, StartSchedule, StopSchedule, Then,
};
use crate::view::sending::{Draft, SendPrefs, Stays};
use crate::view::text::{a_name, short_name};

/// What is said where the frame that a draft was to be made of has gone.
pub const FRAME_GONE: &str = "That frame is no longer kept: nothing was taken over.";

/// Sends the draft once.
///
/// # Errors
/// Says why it cannot be, in a sentence.
pub fn send_once(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<SendFrames, String> {
    let frames = vec![once(snapshot, prefs)?];
    Ok(SendFrames { bus: a_name(&prefs.draft.bus)?, frames })
}

/// Sends the draft again and again.
///
/// # Errors
/// Says why it cannot be, in a sentence.
pub fn start(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<StartSchedule, String> {
    let schedule = planned(snapshot, prefs)?;
    let keeps = match prefs.stays {
        Stays::WithSession => Keeps::WithSession,
        Stays::Alone => Keeps::Alone,
    };
    Ok(StartSchedule { bus: a_name(&prefs.draft.bus)?, schedule, keeps })
}

/// Starts a schedule of the list again, as it was.
///
/// # Errors
/// It is no longer in the list.
pub fn again(snapshot: &Snapshot, wanted: &str) -> Result<StartSchedule, String> {
    let found = snapshot.schedules.iter().find(|one| one.schedule.name.as_str() == wanted);
    let gone = || {
        let wanted = short_name(wanted);
        format!("\u{201c}{wanted}\u{201d} is no longer in the list: nothing was started.")
    };
    let SchedulePicture { bus, schedule, keeps, .. } = &**found.ok_or_else(gone)?;
    let bus = snapshot.buses.iter().find(|one| one.id == *bus).ok_or_else(gone)?;
    let (bus, schedule) = (bus.name.clone(), schedule.clone());
    Ok(StartSchedule { bus, schedule, keeps: *keeps })
}

/// Stops a schedule, or takes it from the list.
///
/// # Errors
/// Nothing is called so.
pub fn stop(wanted: &str, then: Then) -> Result<StopSchedule, String> {
    Ok(StopSchedule { name: a_name(wanted)?, then })
}

/// Keeps the draft in the profile.
///
/// # Errors
/// Says why it cannot be, in a sentence.
pub fn keep_draft(snapshot: &Snapshot, prefs: &SendPrefs) -> Result<KeepMessage, String> {
    let message = Box::new(kept(snapshot, prefs)?);
    Ok(KeepMessage { message, expected: ExpectedFile::Anything })
}

/// Sends a kept message once.
///
/// # Errors
/// It is no longer kept.
pub fn send_kept(snapshot: &Snapshot, wanted: &str) -> Result<SendFrames, String> {
    let entry = find(snapshot, wanted)?;
    Ok(SendFrames { bus: entry.bus.clone(), frames: vec![entry.once()] })
}

/// Sends a kept message again and again.
///
/// # Errors
/// It is no longer kept.
pub fn start_kept(snapshot: &Snapshot, wanted: &str) -> Result<StartSchedule, String> {
    let entry = find(snapshot, wanted)?;
    let keeps = if entry.stays { Keeps::Alone } else { Keeps::WithSession };
    Ok(StartSchedule { bus: entry.bus.clone(), schedule: entry.schedule(), keeps })
}

/// Takes a kept message out of the profile.
///
/// # Errors
/// Nothing is called so.
pub fn forget_kept(wanted: &str) -> Result<ForgetMessage, String> {
    Ok(ForgetMessage { name: a_name(wanted)?, expected: None })
}

fn find<'s>(snapshot: &'s Snapshot, wanted: &str) -> Result<&'s MessageEntry, String> {
    let found = snapshot.messages.iter().find(|one| one.name.as_str() == wanted);
    found.ok_or_else(|| {
        let wanted = short_name(wanted);
        format!("\u{201c}{wanted}\u{201d} is no longer kept: nothing was sent.")
    })
}

/// A draft like a frame of the trace; none where that is no longer kept.
#[must_use]
pub fn like_frame(snapshot: &Snapshot, reel: &Reel, number: u64) -> Option<Draft> {
    let frame = reel.get(number)?;
    let bus = snapshot.buses.get(usize::from(frame.bus().0))?;
    Some(Draft::like(bus.name.as_str(), &frame.to_frame()))
}
