//! Composes the frame around every page.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::time::Mono;
use crate::engine::{
    Address, BusPicture, BusState, Face, Listening, PlayState, Progress, Session, Snapshot, Speed,
    UseCan,
};
use crate::view::chrome::{Chip, Chrome, PlayerView, Playing};
use crate::view::compose::pack::open_flags;
use crate::view::compose::settings::ListenerState;
use crate::view::compose::{charge, recordings, sending};
use crate::view::offer::Offer;
use crate::view::shown::{Note, Tone};
use crate::view::text;

/// Makes the frame for `session`, with the clock in `zone`.
#[must_use]
pub fn chrome(snapshot: &Snapshot, session: &Session, zone: &TimeZone) -> Chrome {
    let profile = snapshot.profile.as_ref();
    let problems = profile.map_or(&[][..], |profile| &profile.problems);
    let notices = snapshot.notices.iter().map(|notice| &notice.text);
    let note = |text: &String| Note { tone: Tone::Warning, text: text.clone(), closable: false };
    Chrome {
        profile: profile.map_or_else(|| "No profile".into(), |profile| profile.name.to_string()),
        buses: snapshot.buses.iter().map(bus_chip).collect(),
        alarms: alarms(snapshot),
        charging: charge::chip(snapshot),
        stop: charge::stop(snapshot, session),
        armed: sending::armed(snapshot).map(|text| Chip {
            text,
            tone: Tone::Warning,
            hover: "Frames may be sent by hand, or are replayed. Silence ends that at once.".into(),
        }),
        recording: recordings::chip(snapshot).map(|text| Chip {
            text,
            tone: Tone::Fault,
            hover:
                "Frames are being recorded. The tab Record of the CAN page shows into which files."
                    .into(),
        }),
        silence: sending::armed(snapshot).map(|_| Offer::open("Silence")),
        demo: charge::demo_offer(snapshot),
        who: who(session),
        notes: charge::alerts(snapshot)
            .into_iter()
            .chain(trouble(snapshot))
            .chain(problems.iter().chain(notices).map(note))
            .collect(),
        bottom: bottom(snapshot),
        web: None,
        clock: text::minutes(snapshot.wall, zone),
        player: snapshot.player.as_ref().map(|progress| player(progress, session)),
    }
}

/// A bus's state in a word, and how it is meant.
#[must_use]
pub const fn bus_state(state: BusState) -> (&'static str, Tone) {
    match state {
        BusState::Opening => ("opening", Tone::Muted),
        BusState::Active => ("running", Tone::Ok),
        BusState::Warning => ("error warning", Tone::Warning),
        BusState::Passive => ("error passive", Tone::Fault),
        BusState::Off => ("bus off", Tone::Fault),
        BusState::Down => ("down", Tone::Fault),
        BusState::Missing => ("missing", Tone::Fault),
        BusState::Failed => ("failed", Tone::Fault),
        BusState::Ended => ("ended", Tone::Muted),
    }
}

/// Whether Busbar and the controller may disturb the bus, in words.
#[must_use]
pub const fn listening(address: &Address, listening: Listening) -> &'static str {
    match (address, listening) {
        (Address::Replay(_), _) => "a recording cannot be sent to",
        (Address::Tcp { .. }, _) => "text to one supply, no frames",
        (Address::Virtual(_), Listening::Silent | Listening::Asked | Listening::Confirmed) => {
            "Busbar sends nothing"
        }
        (Address::Slcan(_), Listening::Silent) => "nothing; the adapter acknowledges frames",
        (Address::SocketCan(_), Listening::Silent) => "nothing; not confirmed listen-only",
        (Address::SocketCan(_) | Address::Slcan(_), Listening::Asked) => {
            "listen-only was asked for and is not confirmed"
        }
        (Address::SocketCan(_) | Address::Slcan(_), Listening::Confirmed) => {
            "listen-only, confirmed"
        }
        (Address::SocketCan(_) | Address::Slcan(_) | Address::Virtual(_), Listening::Armed) => {
            "armed: Busbar may send"
        }
    }
}

/// A bit rate in words: "500 kbit/s".
#[must_use]
pub fn bit_rate(rate: u32) -> String {
    if rate >= 1_000_000 && rate.is_multiple_of(100_000) {
        return format!("{} Mbit/s", f64::from(rate) / 1e6);
    }
    format!("{} kbit/s", f64::from(rate) / 1000.0)
}

/// A chip for a bus.
#[must_use]
pub fn bus_chip(bus: &BusPicture) -> Chip {
    let (word, tone) = bus_state(bus.status.state);
    let is_recording = matches!(bus.address, Address::Replay(_));
    let mut parts = vec![bus.name.to_string()];
    if tone != Tone::Ok {
        parts.push(word.to_owned());
    }
    parts.extend(bus.status.bit_rate.map(bit_rate));
    parts.extend(bus.load.map(|load| format!("{load:.0} % load")));
    if tone == Tone::Ok && !is_recording {
        parts.push(format!("{} fr/s", text::grouped(bus.rate.round() as u64)));
    }
    let sentence = bus.status.sentence.clone();
    let hover = sentence.unwrap_or_else(|| format!("{} is {word}", bus.address));
    Chip { text: parts.join(" \u{b7} "), tone, hover }
}

/// What keeps buses from running, one sentence each.
pub fn trouble(snapshot: &Snapshot) -> impl Iterator<Item = Note> {
    snapshot.buses.iter().filter_map(|bus| {
        let (_, tone) = bus_state(bus.status.state);
        let sentence = bus.status.sentence.as_ref().filter(|_| tone == Tone::Fault)?;
        let named = sentence.contains(bus.name.as_str());
        let text = if named { sentence.clone() } else { format!("{}: {sentence}", bus.name) };
        Some(Note { tone, text, closable: false })
    })
}

/// All open warnings and faults in one chip.
fn alarms(snapshot: &Snapshot) -> Option<Chip> {
    let open = open_flags(snapshot);
    let faults = open.iter().filter(|lamp| lamp.tone == Tone::Fault).count();
    let warnings = open.iter().filter(|lamp| lamp.tone == Tone::Warning).count();
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    let (text, tone) = match (faults, warnings) {
        (0, 0) => return None,
        (0, warnings) => (count(warnings, "warning"), Tone::Warning),
        (faults, 0) => (count(faults, "fault"), Tone::Fault),
        (faults, warnings) => {
            (format!("{}, {}", count(faults, "fault"), count(warnings, "warning")), Tone::Fault)
        }
    };
    let lines: Vec<&str> = open.iter().map(|lamp| lamp.label.as_str()).collect();
    Some(Chip { text, tone, hover: lines.join("\n") })
}

fn bottom(snapshot: &Snapshot) -> Vec<Chip> {
    let totals = snapshot.totals;
    let plain = |text: String, hover: &str| Chip { text, tone: Tone::Muted, hover: hover.into() };
    let lost = format!("lost {}", text::grouped(totals.lost));
    vec![
        plain(format!("rx {}", text::grouped(totals.received)), "Frames received since the start"),
        plain(
            format!("tx {}", text::grouped(totals.sent)),
            "Frames sent by Busbar since the start",
        ),
        Chip {
            tone: if totals.lost > 0 { Tone::Warning } else { Tone::Muted },
            ..plain(lost, "Frames lost in the kernel, in a bus's queue or before the hub")
        },
    ]
}

/// The listener and who is signed in through it, for the bottom line.
#[must_use]
pub fn web(listener: &ListenerState, sessions: usize) -> Chip {
    let hover = match (&listener.sentence, &listener.url) {
        (Some(sentence), _) => sentence.clone(),
        (None, Some(_)) => "Where the web listener listens, and who is signed in through it".into(),
        (None, None) => "Admin, Settings switches it on".into(),
    };
    let (text, tone) = match &listener.url {
        Some(url) => {
            let sessions = text::count(sessions, "session");
            (format!("web listener {url} \u{b7} {sessions}"), Tone::Muted)
        }
        None if listener.sentence.is_some() => ("web listener not open".into(), Tone::Fault),
        None => ("web listener off".into(), Tone::Muted),
    };
    Chip { text, tone, hover }
}

fn player(progress: &Progress, session: &Session) -> PlayerView {
    let file = progress.file.file_name().unwrap_or(progress.file.as_os_str());
    let since = |at: Mono| progress.start.map_or(Duration::ZERO, |start| at.since(start));
    let position = progress.position.map_or(Duration::ZERO, since);
    let length = progress.end.map(since);
    let length_s = length.unwrap_or(position).as_secs_f64();
    let fraction = if length_s > 0.0 { position.as_secs_f64() / length_s } else { 0.0 };
    let (state, label) = match progress.state {
        PlayState::Playing => (Playing::Playing, "Pause"),
        PlayState::Paused => (Playing::Paused, "Play"),
        PlayState::Ended => (Playing::Ended, "Play again"),
    };
    PlayerView {
        file: file.to_string_lossy().into_owned(),
        position: text::position(position),
        length: length.map_or_else(|| text::DASH.into(), text::position),
        fraction: fraction.clamp(0.0, 1.0),
        length_s,
        speed: speed(progress.speed),
        state,
        skipped: skipped(progress),
        toggle: if session.may(UseCan) {
            Offer::open(label)
        } else {
            Offer::shut(label, "This needs the permission to send and receive CAN.")
        },
    }
}

fn speed(speed: Speed) -> String {
    match speed {
        Speed::Factor(factor) => format!("{factor}\u{d7}"),
        Speed::Fastest => "as fast as possible".into(),
    }
}

fn skipped(progress: &Progress) -> String {
    let Some(first) = progress.problems.first() else { return String::new() };
    let lines = match progress.skipped {
        0 if first.line == 0 => return first.text.clone(),
        0 => return format!("Line {}: {}", first.line, first.text),
        1 => "1 line was skipped".to_owned(),
        many => format!("{} lines were skipped", text::grouped(many)),
    };
    format!("{lines}; line {}: {}", first.line, first.text)
}

fn who(session: &Session) -> String {
    match session.face() {
        Face::Desktop => "Desktop \u{b7} full access".to_owned(),
        Face::CommandLine => "Command line \u{b7} full access".to_owned(),
        Face::Web | Face::Api | Face::Inside => session.actor().to_string(),
    }
}
