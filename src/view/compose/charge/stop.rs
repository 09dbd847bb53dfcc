//! What every page shows of charging: the red button, a chip, an alert for a latched fault.

use super::words::{outcome, state};
use crate::engine::{ChargePicture, ChargeState, MakeSafe, Session, Snapshot};
use crate::view::chrome::Chip;
use crate::view::offer::{Offer, Question};
use crate::view::shown::{Note, Tone};

fn running(snapshot: &Snapshot) -> impl Iterator<Item = &ChargePicture> {
    snapshot.charges.iter().map(AsRef::as_ref).filter(|picture| picture.state.is_running())
}

/// The red button, while anything runs.
#[must_use]
pub fn stop(snapshot: &Snapshot, session: &Session) -> Option<Offer> {
    running(snapshot).next()?;
    let label = "Stop charge";
    Some(match session.may(MakeSafe) {
        true => Offer::open(label),
        false => Offer::shut(label, "Sign in to stop a charge."),
    })
}

/// What charges, in a chip.
#[must_use]
pub fn chip(snapshot: &Snapshot) -> Option<Chip> {
    let all: Vec<&ChargePicture> = running(snapshot).collect();
    let first = all.first()?;
    let (words, tone) = state(first);
    let text = match all.len() {
        1 => format!("{}: {words}", first.pack),
        many => format!("{many} packs: {words}"),
    };
    let lines: Vec<String> =
        all.iter().map(|picture| format!("{}: {}", picture.pack, state(picture).0)).collect();
    Some(Chip { text, tone, hover: lines.join("\n") })
}

/// A sentence for every pack with a latched fault.
#[must_use]
pub fn alerts(snapshot: &Snapshot) -> Vec<Note> {
    let faulted = snapshot.charges.iter().filter(|picture| picture.latches.fault);
    let note = |picture: &std::sync::Arc<ChargePicture>| {
        let how = if let ChargeState::Fault { outcome: ended, .. } = &picture.state {
            outcome(ended)
        } else {
            "A fault stopped a charge.".to_owned()
        };
        let text = format!(
            "{}: {how} Nothing is charged until the fault is cleared on the Charge page.",
            picture.pack
        );
        Note { tone: Tone::Fault, text, closable: false }
    };
    faulted.map(note).collect()
}

/// What is asked when the window is closed while something runs; `None` where nothing does.
#[must_use]
pub fn closing(snapshot: &Snapshot) -> Option<Question> {
    let names: Vec<String> = running(snapshot).map(|picture| picture.pack.to_string()).collect();
    let first = names.first()?;
    let names = if names.len() == 1 { first.clone() } else { names.join(" and ") };
    Some(Question {
        title: format!("{names} is being charged"),
        text: "Closing Busbar stops the charge: the current goes to zero and the contactors open, then the window closes. To leave it charging, keep the window open.".into(),
        confirm: "Stop the charge and close".into(),
    })
}

/// Charging the demo, offered while it drives about and nothing runs.
#[must_use]
pub fn demo_offer(snapshot: &Snapshot) -> Option<Offer> {
    let drives = |picture: &ChargePicture| picture.is_demo && !picture.parked;
    let any = snapshot.charges.iter().any(|picture| drives(picture));
    (any && running(snapshot).next().is_none()).then(|| Offer::open("Charge the demo pack"))
}
