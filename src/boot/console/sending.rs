//! What a person asks for on the Send tab, turned into orders. None of it waits: silence least.

use super::Shared;
use crate::desktop::ask::{Like, SendAsk};
use crate::engine::{ArmBus, Reel, RestartBus, ScanBitRate, Silence, Snapshot, Then};
use crate::view::compose::sending::{self, orders};
use crate::view::sending::Draft;
use crate::view::shown::Tone;
use crate::view::text::a_name;

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
            let bus = bus.as_deref().map(a_name).transpose()?;
            shared.submit(Silence { bus });
        }
        SendAsk::Arm(bus) => shared.submit(ArmBus { bus: a_name(&bus)?, span: ArmBus::USUAL }),
        SendAsk::Once(prefs) => shared.submit(orders::send_once(snapshot, &prefs)?),
        SendAsk::Start(prefs) => shared.submit(orders::start(snapshot, &prefs)?),
        SendAsk::Stop(wanted) => shared.submit(orders::stop(&wanted, Then::Keep)?),
        SendAsk::Forget(wanted) => shared.submit(orders::stop(&wanted, Then::Forget)?),
        SendAsk::Restart(bus) => shared.submit(RestartBus { bus: a_name(&bus)? }),
        SendAsk::FindRate(bus) => shared.submit(ScanBitRate { bus: a_name(&bus)? }),
        SendAsk::Again(wanted) => shared.submit(orders::again(snapshot, &wanted)?),
        SendAsk::Keep(prefs) => shared.submit(orders::keep_draft(snapshot, &prefs)?),
        SendAsk::SendKept(wanted) => shared.submit(orders::send_kept(snapshot, &wanted)?),
        SendAsk::StartKept(wanted) => shared.submit(orders::start_kept(snapshot, &wanted)?),
        SendAsk::ForgetKept(wanted) => shared.submit(orders::forget_kept(&wanted)?),
    }
    Ok(())
}

/// A draft like a frame that was seen.
pub(super) fn like(snapshot: &Snapshot, reel: &Reel, like: Like) -> Option<Draft> {
    match like {
        Like::Row(_, key) => sending::like(snapshot, key),
        Like::Frame(_, number) => orders::like_frame(snapshot, reel, number),
    }
}
