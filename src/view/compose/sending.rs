//! Composes sending by hand.

mod kept;
pub mod orders;
mod plan;
pub mod typed;

pub use kept::{kept, loaded};
pub use plan::{like, once, planned, with_signal};

use std::time::Duration;

use crate::engine::{
    Address, ArmBus, BusPicture, BusState, Frame, Keeps, MakeSafe, ScheduleFigures,
    SchedulePicture, ScheduleState, Session, Snapshot, UseCan,
};
use crate::view::compose::chrome::bus_state;
use crate::view::offer::Offer;
use crate::view::sending::{
    Draft, DraftSignal, MessageChoice, ScheduleRow, SendBus, SendPrefs, SendView,
};
use crate::view::shown::Tone;
use crate::view::text;

/// Makes the page for `session`.
#[must_use]
pub fn sending(snapshot: &Snapshot, session: &Session, prefs: &SendPrefs) -> SendView {
    let buses = snapshot.buses.iter().map(|bus| send_bus(snapshot, session, bus)).collect();
    let schedules = snapshot.schedules.iter().map(|one| schedule_row(snapshot, session, one));
    let frame = draft_frame(snapshot, &prefs.draft);
    let decoded = frame.as_ref().ok().and_then(|one| snapshot.decoders.decode(one.view()));
    let message = decoded.as_ref().map_or_else(String::new, |one| one.message.clone());
    let signals = decoded.into_iter().flat_map(|one| one.signals).map(|signal| DraftSignal {
        value: text::fixed(signal.value, signal.places),
        words: words(snapshot, frame.as_ref().ok(), &signal.name),
        name: signal.name,
        unit: signal.unit,
        label: signal.label,
        comment: signal.comment,
    });
    let signals: Vec<DraftSignal> = signals.collect();
    let problem = frame.as_ref().err().cloned();
    let why_not = why_not_send(snapshot, session, &prefs.draft).or_else(|| problem.clone());
    let offer = |label: &str, bad: Option<String>| match why_not.clone().or(bad) {
        Some(why) => Offer::shut(label, &why),
        None => Offer::open(label),
    };
    let dressed = frame.and_then(|frame| Ok((frame, once(snapshot, prefs)?)));
    let first = dressed.as_ref().ok().filter(|(plain, dressed)| plain != dressed);
    let first = first
        .map(|(_, dressed)| format!("The first goes out as {}", Draft::like("", dressed).hex()));
    SendView {
        buses,
        schedules: schedules.collect(),
        kept: kept::rows(snapshot, session),
        signals,
        message,
        messages: messages(snapshot, &prefs.draft.bus),
        first,
        send: offer("Send once", dressed.err()),
        schedule: offer("Start the schedule", planned(snapshot, prefs).err()),
        keep: kept::keep(snapshot, session, prefs),
        silence: silence(session, "Silence every bus"),
        problem,
    }
}

/// The frame of a draft on its bus.
///
/// # Errors
/// Says why it is none, in a sentence.
pub fn draft_frame(snapshot: &Snapshot, draft: &Draft) -> Result<Frame, String> {
    let frame = draft.frame().map_err(|problem| sentence(&problem.to_string()))?;
    let bus = snapshot.buses.iter().find(|bus| bus.name.as_str() == draft.bus);
    let bus = bus.ok_or_else(|| "Choose a bus to send it to.".to_owned())?;
    Ok(frame.on(bus.id))
}

fn words(snapshot: &Snapshot, frame: Option<&Frame>, signal: &str) -> Vec<String> {
    let Some(frame) = frame else { return Vec::new() };
    snapshot.decoders.words(frame.bus(), frame.id(), signal)
}

fn messages(snapshot: &Snapshot, bus: &str) -> Vec<MessageChoice> {
    let bus = snapshot.buses.iter().find(|one| one.name.as_str() == bus);
    let known = bus.into_iter().flat_map(|bus| snapshot.decoders.messages(bus.id));
    let choices = known.map(|(name, id, length)| {
        let id = id.to_string();
        let id = id.strip_prefix("0x").unwrap_or(&id).to_owned();
        MessageChoice { name: name.to_owned(), id, length }
    });
    choices.collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.map_or_else(String::new, |first| format!("{first}{}.", letters.as_str()))
}

fn why_not_send(snapshot: &Snapshot, session: &Session, draft: &Draft) -> Option<String> {
    if !session.may(UseCan) {
        return Some(format!("This needs the permission \u{201c}{}\u{201d}.", right()));
    }
    let bus = snapshot.buses.iter().find(|bus| bus.name.as_str() == draft.bus);
    match bus {
        None => Some("Choose a bus to send it to.".to_owned()),
        Some(bus) if bus.armed.is_none() => {
            Some(format!("{} is listened to only: arm it first.", bus.name))
        }
        Some(_) => None,
    }
}

pub(super) fn right() -> &'static str {
    use crate::engine::Permission as _;
    UseCan::RIGHT.words()
}

fn silence(session: &Session, label: &str) -> Offer {
    if session.may(MakeSafe) {
        Offer::open(label)
    } else {
        Offer::shut(label, "This needs to be signed in.")
    }
}

fn send_bus(snapshot: &Snapshot, session: &Session, bus: &BusPicture) -> SendBus {
    let (state, tone) = match &bus.armed {
        Some(arm) => {
            let state = format!("armed, {} left, by {}", text::span(arm.left), arm.by);
            (state, Tone::Warning)
        }
        None => ("listened to only".to_owned(), Tone::Muted),
    };
    let scheduled = snapshot.schedules.iter().any(|one| one.bus == bus.id && is_running(one));
    SendBus {
        name: bus.name.to_string(),
        state,
        tone,
        refused: bus.hand_refusal.as_deref().map(sentence),
        arm: arm(session, bus),
        silence: (bus.armed.is_some() || scheduled).then(|| silence(session, "Silence")),
        health: health(bus),
    }
}

fn arm(session: &Session, bus: &BusPicture) -> Offer {
    let label = match &bus.armed {
        Some(_) => "Arm anew",
        None => "Arm\u{2026}",
    };
    if !session.may(UseCan) {
        return Offer::shut(
            label,
            &format!("This needs the permission \u{201c}{}\u{201d}.", right()),
        );
    }
    match &bus.address {
        Address::Replay(_) => Offer::shut(label, "A recording cannot be sent to."),
        Address::Tcp { .. } => {
            Offer::shut(label, "It leads to a supply that is spoken to in text.")
        }
        Address::Virtual(_) | Address::SocketCan(_) | Address::Slcan(_) => Offer::open(label),
    }
}

/// What is said of arming a bus for a time that is still to be chosen.
#[must_use]
pub fn arm_warning(bus: &str) -> String {
    format!(
        "Frames can then be sent to {bus} by hand, by everybody who holds \u{201c}{}\u{201d}. Frames on \
         a vehicle's bus can move it or switch it off.",
        right()
    )
}

/// What is asked before a bus is armed.
#[must_use]
pub fn arm_question(bus: &str) -> String {
    format!(
        "Frames can then be sent to {bus} by hand for {}, by everybody who holds \u{201c}{}\u{201d}. \
         Frames on a vehicle's bus can move it or switch it off.",
        text::span(ArmBus::USUAL),
        right()
    )
}

fn health(bus: &BusPicture) -> String {
    let mut parts = Vec::new();
    match bus.status.state {
        BusState::Active => {}
        state @ (BusState::Opening
        | BusState::Warning
        | BusState::Passive
        | BusState::Off
        | BusState::Down
        | BusState::Missing
        | BusState::Failed
        | BusState::Ended) => parts.push(bus_state(state).0.to_owned()),
    }
    if let Some(load) = bus.load {
        parts.push(format!("{} % load", text::fixed(load, 0)));
    }
    if let Some((transmit, receive)) = bus.status.error_counters {
        parts.push(format!("error counters {transmit} and {receive}"));
    }
    if bus.status.dropped > 0 {
        parts.push(format!("{} frames lost", text::grouped(bus.status.dropped)));
    }
    parts.extend(bus.status.sentence.clone());
    parts.join(", ")
}

fn is_running(one: &SchedulePicture) -> bool {
    one.state == ScheduleState::Running
}

fn schedule_row(snapshot: &Snapshot, session: &Session, one: &SchedulePicture) -> ScheduleRow {
    let bus = snapshot.buses.iter().find(|bus| bus.id == one.bus);
    let schedule = &one.schedule;
    let view = schedule.frame.view();
    let (state, tone) = match &one.state {
        ScheduleState::Running => ("running".to_owned(), Tone::Ok),
        ScheduleState::Stopped(why) => (format!("stopped: {why}"), Tone::Muted),
    };
    let named = snapshot.decoders.name(one.bus, view.id());
    ScheduleRow {
        name: schedule.name.to_string(),
        bus: bus.map_or_else(String::new, |bus| bus.name.to_string()),
        id: view.id().to_string(),
        message: named.unwrap_or_default().to_owned(),
        data: Draft::like("", &schedule.frame).hex(),
        every: period(schedule.every),
        sent: text::grouped(one.figures.sent),
        health: figures(&one.figures),
        state,
        tone,
        hangs: hangs(one),
        stop: (is_running(one) && session.may(UseCan)).then(|| Offer::open("Stop")),
        again: (!is_running(one)).then(|| again(snapshot, session, bus)),
        forget: (!is_running(one) && session.may(UseCan)).then(|| Offer::open("Forget")),
    }
}

/// A period: to the microsecond where it is short.
fn period(every: Duration) -> String {
    if every.is_zero() {
        return "back to back".to_owned();
    }
    if every >= Duration::from_secs(10) {
        return text::span_or_ms(every);
    }
    let ms = every.as_secs_f64() * 1e3;
    let places = (0..3).find(|places| (ms * 10f64.powi(*places)).fract().abs() < 1e-6);
    format!("{} ms", text::fixed(ms, places.unwrap_or(3) as usize))
}

fn hangs(one: &SchedulePicture) -> String {
    match one.keeps {
        Keeps::WithSession => format!("by {}, stops with the session", one.by),
        Keeps::Alone => format!("by {}, goes on while the bus is armed", one.by),
    }
}

fn again(snapshot: &Snapshot, session: &Session, bus: Option<&BusPicture>) -> Offer {
    let name = bus.map_or_else(String::new, |bus| bus.name.to_string());
    let draft = Draft { bus: name, ..Draft::default() };
    match why_not_send(snapshot, session, &draft) {
        Some(why) => Offer::shut("Start", &why),
        None => Offer::open("Start"),
    }
}

fn figures(figures: &ScheduleFigures) -> String {
    let ms = |span: Duration| text::fixed(span.as_secs_f64() * 1e3, 2);
    let mut parts = Vec::new();
    if figures.sent > 0 {
        let (usual, most) = (ms(figures.late_p50), ms(figures.late_p99));
        parts.push(format!("late by {usual} ms, 99 % within {most} ms"));
    }
    if figures.failed > 0 {
        parts.push(format!("{} not taken", text::grouped(figures.failed)));
    }
    if figures.missed > 0 {
        parts.push(format!("{} missed", text::grouped(figures.missed)));
    }
    parts.join(", ")
}

/// The buses that are armed and the replays that play, for the frame around every page; `None` while
/// there is neither.
#[must_use]
pub fn armed(snapshot: &Snapshot) -> Option<String> {
    let armed = snapshot.buses.iter().filter_map(|bus| Some((bus, bus.armed.as_ref()?)));
    let armed = armed.map(|(bus, arm)| format!("{} armed, {}", bus.name, text::coarse(arm.left)));
    let armed: Vec<String> = armed.chain(super::replay::playing(snapshot)).collect();
    (!armed.is_empty()).then(|| armed.join(", "))
}
