//! Orders about replays: sending a recording onto the plant's buses. A bus within the program may be
//! replayed onto at will, any other only while it is armed.

use std::path::PathBuf;

use crate::base::id::Name;
use crate::engine::access::permission::{MakeSafe, UseCan};
use crate::engine::can::replay::{ReplayPlan, SeekTo, Speed};
use crate::engine::orders::sending::{Keeps, Then};

/// Every order about replays that the hub knows.
#[derive(Clone, Debug)]
pub enum Replaying {
    /// See [`StartReplay`].
    Start(Box<StartReplay>),
    /// See [`ChangeReplay`].
    Change(ChangeReplay),
    /// See [`PauseReplay`].
    Pause(PauseReplay),
    /// See [`StopReplay`].
    Stop(StopReplay),
}

/// Sends a recording onto buses. One of the same name that has ended is replaced.
#[derive(Clone, Debug)]
pub struct StartReplay {
    /// What people call it, unique in the program.
    pub name: Name,
    /// The recording.
    pub file: PathBuf,
    /// The bus that its frames go onto.
    pub bus: Name,
    /// Buses of the recording that go onto others.
    pub named: Vec<(String, Name)>,
    /// How fast, which part, how often, under which ids.
    pub plan: ReplayPlan,
    /// Which frames; the empty text lets everything through.
    pub filter: String,
    /// What ends it besides a stop.
    pub keeps: Keeps,
    /// Whether it plays at once.
    pub begins: Begins,
}

/// How a replay begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begins {
    /// Playing.
    #[default]
    Playing,
    /// Standing at the beginning of its part.
    Paused,
}

/// Changes a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeReplay {
    /// Its name.
    pub name: Name,
    /// What.
    pub change: ReplayChange,
}

/// What is changed at a replay.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayChange {
    /// It goes on; from its beginning, where it had come to the end.
    Play,
    /// It sends one frame and stands: the next, or the next that passes a filter.
    Step(Option<String>),
    /// It goes to a place, and on from there if it went on.
    Seek(SeekTo),
    /// It goes on at another speed.
    Speed(Speed),
    /// It is sent so often; `None`: until somebody stops it.
    Times(Option<u32>),
}

/// Lets a replay stand still. Never waits.
#[derive(Clone, Debug)]
pub struct PauseReplay {
    /// Its name.
    pub name: Name,
}

/// Ends a replay. Never waits, and everybody signed in may.
#[derive(Clone, Debug)]
pub struct StopReplay {
    /// Its name.
    pub name: Name,
    /// Whether it stays in the list.
    pub then: Then,
}

plant_order!(
    StartReplay,
    "start_replay",
    UseCan,
    AfterJournal,
    |one| format!("{}: {} onto {}{}", one.name, one.file.display(), one.bus, elsewhere(&one.named)),
    Replaying,
    |order| Replaying::Start(Box::new(order))
);
plant_order!(
    ChangeReplay,
    "change_replay",
    UseCan,
    AfterJournal,
    |one| format!("{}: {}", one.name, change(&one.change)),
    Replaying,
    Replaying::Change
);
plant_order!(
    PauseReplay,
    "pause_replay",
    UseCan,
    AtOnce,
    |one| one.name.to_string(),
    Replaying,
    Replaying::Pause
);
plant_order!(
    StopReplay,
    "stop_replay",
    MakeSafe,
    AtOnce,
    |one| one.name.to_string(),
    Replaying,
    Replaying::Stop
);

fn elsewhere(named: &[(String, Name)]) -> String {
    let each: Vec<String> = named.iter().map(|(from, to)| format!(", {from} onto {to}")).collect();
    each.concat()
}

fn change(change: &ReplayChange) -> String {
    match change {
        ReplayChange::Play => "play".to_owned(),
        ReplayChange::Step(None) => "one frame".to_owned(),
        ReplayChange::Step(Some(filter)) => format!("to the next frame with {filter}"),
        ReplayChange::Seek(SeekTo::Offset(offset)) => format!("to {} s", offset.as_secs_f64()),
        ReplayChange::Seek(SeekTo::Share(share)) => format!("to {:.1} %", share * 100.0),
        ReplayChange::Speed(Speed::Factor(factor)) => format!("{factor} times as fast"),
        ReplayChange::Speed(Speed::Fastest) => "as fast as possible".to_owned(),
        ReplayChange::Times(Some(times)) => format!("{times} times"),
        ReplayChange::Times(None) => "again and again".to_owned(),
    }
}
