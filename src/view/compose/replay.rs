//! Composes the replays, and reads one that somebody makes up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::id::Name;
use crate::base::problem::Problem;
use crate::engine::{
    Address, Begins, BusPicture, EndKnown, IdMap, Keeps, MakeSafe, PlayState, ReplayFigures,
    ReplayPicture, ReplayPlan, ReplayProgress, ReplayRefusal, ReplayState, Scope, Session,
    Snapshot, Speed, StartReplay, UseCan,
};
use crate::view::compose::filter::prepare;
use crate::view::compose::sending::right;
use crate::view::offer::Offer;
use crate::view::replay::{ReplayBus, ReplayPrefs, ReplayRow, ReplayView, SPEEDS};
use crate::view::shown::Tone;
use crate::view::text;

/// A replay that fell less far behind is not worth a word.
const BEHIND: Duration = Duration::from_millis(1);
/// Names that are tried for a replay without one.
const NAMES: usize = 100;

/// Makes the page for `session`.
#[must_use]
pub fn replays(snapshot: &Snapshot, session: &Session, prefs: &ReplayPrefs) -> ReplayView {
    let rows = snapshot.replays.iter().map(|one| row(snapshot, session, one)).collect();
    let buses = snapshot.buses.iter().filter_map(|bus| replay_bus(session, bus)).collect();
    let filter = prepare(&prefs.filter, prefs.cursor, &snapshot.vocabulary(), Scope::Recording);
    let file = PathBuf::from(&prefs.file);
    let start =
        match why_not(snapshot, session, prefs).or_else(|| planned(snapshot, prefs, file).err()) {
            Some(why) => Offer::shut("Start the replay", &why),
            None => Offer::open("Start the replay"),
        };
    let step = prepare(&prefs.step, prefs.step_cursor, &snapshot.vocabulary(), Scope::Recording);
    ReplayView { rows, buses, filter: filter.view, step: step.view, start }
}

/// Why the one that is made up cannot be started, as far as the buses say.
fn why_not(snapshot: &Snapshot, session: &Session, prefs: &ReplayPrefs) -> Option<String> {
    if !session.may(UseCan) {
        return Some(needs());
    }
    let bus = snapshot.buses.iter().find(|bus| bus.name.as_str() == prefs.bus);
    bus.and_then(why_not_onto)
}

fn needs() -> String {
    format!("This needs the permission \u{201c}{}\u{201d}.", right())
}

fn why_not_onto(bus: &BusPicture) -> Option<String> {
    match &bus.address {
        Address::Virtual(_) => None,
        Address::Replay(_) => Some("A recording cannot be sent to.".to_owned()),
        Address::Tcp { .. } => Some("It leads to a supply that is spoken to in text.".to_owned()),
        Address::SocketCan(_) | Address::Slcan(_) if bus.armed.is_none() => {
            Some(format!("{} is listened to only: arm it first.", bus.name))
        }
        Address::SocketCan(_) | Address::Slcan(_) => None,
    }
}

fn replay_bus(session: &Session, bus: &BusPicture) -> Option<ReplayBus> {
    let name = bus.name.to_string();
    let arm = || {
        let label = if bus.armed.is_some() { "Arm anew" } else { "Arm\u{2026}" };
        if session.may(UseCan) { Offer::open(label) } else { Offer::shut(label, &needs()) }
    };
    match (&bus.address, &bus.armed) {
        (Address::Replay(_) | Address::Tcp { .. }, _) => None,
        (Address::Virtual(_), _) => Some(ReplayBus {
            name,
            state: "within the program".to_owned(),
            tone: Tone::Ok,
            arm: None,
        }),
        (Address::SocketCan(_) | Address::Slcan(_), Some(armed)) => Some(ReplayBus {
            name,
            state: format!("armed, {} left, by {}", text::span(armed.left), armed.by),
            tone: Tone::Warning,
            arm: Some(arm()),
        }),
        (Address::SocketCan(_) | Address::Slcan(_), None) => Some(ReplayBus {
            name,
            state: "listened to only".to_owned(),
            tone: Tone::Muted,
            arm: Some(arm()),
        }),
    }
}

/// The words of a speed.
#[must_use]
pub fn speed_words(speed: Speed) -> String {
    match speed {
        Speed::Factor(factor) => format!("{factor}x"),
        Speed::Fastest => "as fast as possible".to_owned(),
    }
}

/// The speed of these words.
#[must_use]
pub fn speed(words: &str) -> Option<Speed> {
    let listed = SPEEDS.iter().find(|(own, _)| *own == words);
    match listed {
        Some((_, factor)) => Some(factor.map_or(Speed::Fastest, Speed::Factor)),
        None => words.strip_suffix('x')?.parse().ok().map(Speed::Factor),
    }
}

fn row(snapshot: &Snapshot, session: &Session, one: &ReplayPicture) -> ReplayRow {
    let progress = one.progress.as_ref();
    let (state, tone) = state(one);
    let plays = is_playing(one);
    let over = matches!(one.state, ReplayState::Stopped(_));
    let ended = progress.is_some_and(|one| one.state == PlayState::Ended);
    let may = session.may(UseCan);
    let toggle = match (plays, over) {
        (_, true) => Offer::shut("Play", "It has ended: start it anew."),
        (true, _) if may => Offer::open("Pause"),
        (false, _) if may && ended => Offer::open("Play again"),
        (false, _) if may => Offer::open("Play"),
        (true, _) => Offer::shut("Pause", &needs()),
        (false, _) => Offer::shut("Play", &needs()),
    };
    let step = match over {
        true => Offer::shut("Step", "It has ended: start it anew."),
        false if may => Offer::open("Step"),
        false => Offer::shut("Step", &needs()),
    };
    let length = progress.and_then(|one| one.length).unwrap_or_default();
    let position = progress.map_or(Duration::ZERO, |one| one.position);
    let share = position.as_secs_f64() / length.as_secs_f64();
    let speed = progress.map_or(one.plan.speed, |one| one.speed);
    let times = progress.map_or(one.plan.times, |one| one.times);
    ReplayRow {
        name: one.name.to_string(),
        file: file_name(&one.file),
        onto: onto(snapshot, one),
        state,
        tone,
        position: text::position(position),
        length: progress.map_or_else(String::new, length_words),
        fraction: if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 },
        length_s: length.as_secs_f64(),
        speed: speed_words(speed),
        again: times != Some(1),
        rounds: rounds(progress),
        sent: text::grouped(progress.map_or(0, |one| one.figures.sent)),
        jitter: progress.map_or_else(String::new, |one| jitter(&one.figures)),
        remarks: progress.map_or_else(Vec::new, remarks),
        hangs: hangs(one),
        toggle,
        plays,
        step,
        stop: (!over && session.may(MakeSafe)).then(|| Offer::open("Stop")),
        again_from_start: over.then(|| match may {
            true => Offer::open("Start anew"),
            false => Offer::shut("Start anew", &needs()),
        }),
        forget: ((over || ended) && session.may(MakeSafe)).then(|| Offer::open("Forget")),
    }
}

fn is_playing(one: &ReplayPicture) -> bool {
    let plays = one.progress.as_ref().is_some_and(|one| one.state == PlayState::Playing);
    one.state == ReplayState::Ready && plays
}

fn state(one: &ReplayPicture) -> (String, Tone) {
    match (&one.state, &one.progress) {
        (ReplayState::Stopped(why), _) => (format!("stopped: {why}"), Tone::Muted),
        (ReplayState::Held(why), _) => (format!("paused: {why}"), Tone::Warning),
        (ReplayState::Ready, None) => ("opening".to_owned(), Tone::Info),
        (ReplayState::Ready, Some(progress)) => match (progress.state, &progress.why) {
            (PlayState::Playing, _) => ("playing".to_owned(), Tone::Ok),
            (PlayState::Paused, Some(why)) => (format!("paused: {why}"), Tone::Warning),
            (PlayState::Paused, None) => ("paused".to_owned(), Tone::Info),
            (PlayState::Ended, Some(why)) => (format!("at its end: {why}"), Tone::Warning),
            (PlayState::Ended, None) => ("at its end".to_owned(), Tone::Muted),
        },
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn onto(snapshot: &Snapshot, one: &ReplayPicture) -> String {
    let name = |id| {
        let bus = snapshot.buses.iter().find(|bus| bus.id == id);
        bus.map_or_else(String::new, |bus| bus.name.to_string())
    };
    let named = one.named.iter().map(|(from, to)| format!(", {from} onto {}", name(*to)));
    std::iter::once(name(one.bus)).chain(named).collect()
}

fn length_words(progress: &ReplayProgress) -> String {
    match (progress.length, progress.length_known) {
        (Some(length), EndKnown::Exactly) => text::position(length),
        (Some(length), EndKnown::Roughly) => format!("about {}", text::position(length)),
        (None, _) => String::new(),
    }
}

fn rounds(progress: Option<&ReplayProgress>) -> String {
    match progress.map_or(0, |one| one.rounds) {
        0 => String::new(),
        1 => "1 round".to_owned(),
        more => format!("{more} rounds"),
    }
}

fn jitter(figures: &ReplayFigures) -> String {
    if figures.late_max.is_zero() {
        return String::new();
    }
    let ms = |span: Duration| text::fixed(span.as_secs_f64() * 1e3, 3);
    format!(
        "late by {} ms, 99 % within {} ms, at most {} ms",
        ms(figures.late_p50),
        ms(figures.late_p99),
        ms(figures.late_max)
    )
}

fn remarks(progress: &ReplayProgress) -> Vec<(Tone, String)> {
    let (figures, odd) = (&progress.figures, &progress.odd);
    let mut said = Vec::new();
    if figures.behind >= BEHIND {
        let text = format!(
            "It cannot keep up: {} behind. What was too late was put off, not sent in a bunch.",
            text::span(figures.behind)
        );
        said.push((Tone::Warning, text));
    }
    for why in ReplayRefusal::ALL {
        let count = figures.refused.of(why);
        if count > 0 {
            let text = format!("{} not sent: {}.", text::grouped(count), why.words());
            said.push((Tone::Warning, text));
        }
    }
    let why = odd.problems.first();
    match odd.skipped {
        0 => said.extend(
            why.map(|why| (Tone::Warning, format!("The recording: {}", text::problem(why)))),
        ),
        1 => {
            said.push((Tone::Warning, because("1 line or part of the recording was skipped", why)))
        }
        many => {
            let many =
                format!("{} lines or parts of the recording were skipped", text::grouped(many));
            said.push((Tone::Warning, because(&many, why)));
        }
    }
    if figures.left_out > 0 {
        let text = format!("{} left out by the filter.", text::grouped(figures.left_out));
        said.push((Tone::Muted, text));
    }
    let (gaps, span) = figures.gaps;
    if gaps > 0 {
        let text = format!("{} pauses shortened by {}.", text::grouped(gaps), text::span(span));
        said.push((Tone::Muted, text));
    }
    said
}

fn because(what: &str, why: Option<&Problem>) -> String {
    why.map_or_else(|| format!("{what}."), |why| format!("{what}: {}", text::problem(why)))
}

fn hangs(one: &ReplayPicture) -> String {
    match one.keeps {
        Keeps::WithSession => format!("by {}, stops with the session", one.by),
        Keeps::Alone => format!("by {}, goes on without the session", one.by),
    }
}

/// The replay that somebody made up, of the recording `file`.
///
/// # Errors
/// Says in a sentence what is wrong with what was typed.
pub fn planned(
    snapshot: &Snapshot,
    prefs: &ReplayPrefs,
    file: PathBuf,
) -> Result<StartReplay, String> {
    if prefs.file.trim().is_empty() {
        return Err("Choose a recording to replay.".to_owned());
    }
    let bus = snapshot.buses.iter().find(|bus| bus.name.as_str() == prefs.bus);
    let bus = bus.ok_or("Choose a bus to replay it onto.")?.name.clone();
    let seconds = |typed: &str, what: &str| match typed.trim() {
        "" => Ok(None),
        text => {
            let span = text.replace(',', ".").parse().ok();
            let span = span.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            span.map(Some).ok_or_else(|| format!("\u{201c}{text}\u{201d} is no {what} in seconds."))
        }
    };
    let ids: Result<Vec<IdMap>, String> =
        items(&prefs.ids).map(|text| text.parse().map_err(|error| sentence(&error))).collect();
    let plan = ReplayPlan {
        speed: speed(&prefs.speed).ok_or("Choose how fast it goes.")?,
        times: (!prefs.again).then_some(1),
        from: seconds(&prefs.from, "beginning")?,
        to: seconds(&prefs.to, "end")?,
        longest_gap: seconds(&prefs.gap, "longest pause")?,
        ids: ids?,
    };
    plan.check().map_err(|error| sentence(&error))?;
    let filter = prepare(&prefs.filter, None, &snapshot.vocabulary(), Scope::Recording);
    if filter.view.state == crate::view::filter::FilterState::Refused {
        return Err("The filter cannot be used: see below it.".to_owned());
    }
    let keeps = if prefs.stays { Keeps::Alone } else { Keeps::WithSession };
    let named = items(&prefs.buses).map(elsewhere).collect::<Result<_, _>>()?;
    Ok(StartReplay {
        name: called(snapshot, prefs, &file)?,
        file,
        bus,
        named,
        plan,
        filter: prefs.filter.clone(),
        keeps,
        begins: Begins::Playing,
    })
}

/// A replay of the list again, as it was.
///
/// # Errors
/// It is no longer in the list, or its buses are gone.
pub fn anew(snapshot: &Snapshot, wanted: &str) -> Result<StartReplay, String> {
    let found = snapshot.replays.iter().find(|one| one.name.as_str() == wanted);
    found.and_then(|one| as_it_was(snapshot, one)).ok_or_else(|| {
        let wanted = text::short_name(wanted);
        format!("\u{201c}{wanted}\u{201d} is no longer in the list: nothing was started.")
    })
}

fn as_it_was(snapshot: &Snapshot, one: &ReplayPicture) -> Option<StartReplay> {
    let name = |id| snapshot.buses.iter().find(|bus| bus.id == id).map(|bus| bus.name.clone());
    let named = one.named.iter().map(|(from, to)| Some((from.clone(), name(*to)?)));
    Some(StartReplay {
        name: one.name.clone(),
        file: one.file.clone(),
        bus: name(one.bus)?,
        named: named.collect::<Option<_>>()?,
        plan: one.plan.clone(),
        filter: one.filter.clone(),
        keeps: one.keeps,
        begins: Begins::Playing,
    })
}

/// What is parted by commas or lines.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n', ';']).map(str::trim).filter(|item| !item.is_empty() && *item != "=")
}

fn elsewhere(text: &str) -> Result<(String, Name), String> {
    let wrong = || format!("\u{201c}{text}\u{201d} maps no bus: write can1=name.");
    let (from, to) = text.split_once('=').ok_or_else(wrong)?;
    let to = Name::new(to.trim()).map_err(|_| wrong())?;
    Ok((from.trim().to_owned(), to))
}

/// What it is called: as typed, or by its recording and a number where that is taken.
fn called(snapshot: &Snapshot, prefs: &ReplayPrefs, file: &Path) -> Result<Name, String> {
    let typed = prefs.name.trim();
    if !typed.is_empty() {
        return Name::new(typed).map_err(|error| format!("The name: {error}."));
    }
    name_for(snapshot, file)
}

/// A name for a replay of `file` that no other has.
///
/// # Errors
/// Every one that was tried is taken.
pub fn name_for(snapshot: &Snapshot, file: &Path) -> Result<Name, String> {
    let stem =
        file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    let stem: String = stem.chars().filter(|c| fits(*c)).take(40).collect();
    let stem = if stem.trim().is_empty() { "replay" } else { stem.trim() };
    let tried = (1..=NAMES).map(|n| if n == 1 { stem.to_owned() } else { format!("{stem} {n}") });
    let is_free = |name: &Name| !snapshot.replays.iter().any(|one| one.name == *name);
    let mut free = tried.filter_map(|text| Name::new(&text).ok()).filter(is_free);
    free.next().ok_or_else(|| "Give it a name: those of its recording are taken.".to_owned())
}

fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.map_or_else(String::new, |first| format!("{first}{}.", letters.as_str()))
}

/// The replays that play, for the frame around every page; `None` while none does.
#[must_use]
pub fn playing(snapshot: &Snapshot) -> Option<String> {
    let playing: Vec<String> = snapshot
        .replays
        .iter()
        .filter(|one| is_playing(one))
        .map(|one| format!("replaying {}", one.name))
        .collect();
    (!playing.is_empty()).then(|| playing.join(", "))
}

#[cfg(test)]
mod tests;
