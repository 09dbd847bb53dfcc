//! Replays: recordings of the recordings folder that are sent onto buses. A bus within the program may
//! be replayed onto at will, any other only while it is armed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    Begins, ChangeReplay, EndKnown, IdMap, Keeps, OrderError, PauseReplay, PlanError, PlayState,
    RecordShelfError, ReplayChange, ReplayPicture, ReplayPlan, ReplayRefusal, ReplayState, Right,
    SeekTo, Session, Snapshot, Speed, StartReplay, StopReplay, Then, UseCan, ViewPlant,
    check_speed,
};
use crate::view::compose::replay::name_for;
use crate::view::text;
use crate::web::api::give::{Answer, List, aside, json, nothing, order};
use crate::web::api::reading::tidy;
use crate::web::api::take::{Body, Who, Word, named};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Most mappings of one replay.
const MAPPINGS: usize = 64;
/// Most buses of one replay.
const BUSES: usize = 16;
/// How long it is waited for what a replay says to what it was told, and how often it is looked.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 100;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ALL: &str = "/api/v1/replays";
    const ONE: &str = "/api/v1/replays/{name}";
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .api(Method::GET, ALL, can, list)
        .api(Method::POST, ALL, can, start)
        .api(Method::GET, ONE, can, one)
        .api(Method::PATCH, ONE, can, change)
        .api(Method::DELETE, ONE, Access::SignedIn, stop)
}

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SpeedWanted {
    /// So many times as fast as it was recorded, 0.1 to 100.
    Factor(f64),
    /// As fast as the bus takes it.
    Word(SpeedWord),
}

/// The one speed that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeedWord {
    /// As fast as the bus takes it.
    Max,
}

impl SpeedWanted {
    const fn speed(self) -> Speed {
        match self {
            Self::Factor(factor) => Speed::Factor(factor),
            Self::Word(SpeedWord::Max) => Speed::Fastest,
        }
    }

    const fn of(speed: Speed) -> Self {
        match speed {
            Speed::Factor(factor) => Self::Factor(factor),
            Speed::Fastest => Self::Word(SpeedWord::Max),
        }
    }
}

/// A recording to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWanted {
    /// What it is to be called; left out: by its recording.
    name: Option<String>,
    /// Name of the recording in the folder of recordings; never a path.
    recording: String,
    /// Name of the bus that its frames go onto.
    bus: String,
    /// Buses of the recording that go onto others, by their names there.
    #[serde(default)]
    buses: BTreeMap<String, String>,
    /// How fast.
    #[serde(default = "usual_speed")]
    speed: SpeedWanted,
    /// How often it is sent; left out: once.
    #[schema(minimum = 1)]
    times: Option<u32>,
    /// Whether it begins again at its end until somebody stops it.
    #[serde(default, rename = "loop")]
    again: bool,
    /// Where the part begins, seconds after the first frame.
    #[schema(minimum = 0)]
    from_s: Option<f64>,
    /// Where it ends.
    #[schema(minimum = 0)]
    to_s: Option<f64>,
    /// Longer pauses of the recording are shortened to this, seconds.
    #[schema(minimum = 0)]
    longest_gap_s: Option<f64>,
    /// Which frames, in the language of filters; empty: all.
    #[serde(default)]
    filter: String,
    /// Ids that go out as others: `0x123=0x456`, `0x600-0x6FF=0x200`.
    #[serde(default)]
    #[schema(max_items = 64)]
    ids: Vec<String>,
    /// Whether it stands at its beginning until somebody plays it.
    #[serde(default)]
    paused: bool,
    /// Whether it goes on when the session that started it ends.
    #[serde(default)]
    stays: bool,
}

const fn usual_speed() -> SpeedWanted {
    SpeedWanted::Factor(1.0)
}

/// What is to be changed; what is left out stays. Several are done in the order of this list.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayChanged {
    /// How fast it goes.
    speed: Option<SpeedWanted>,
    /// How often it is sent.
    #[schema(minimum = 1)]
    times: Option<u32>,
    /// Whether it begins again at its end.
    #[serde(rename = "loop")]
    again: Option<bool>,
    /// Where it is to stand, seconds after the first frame.
    #[schema(minimum = 0)]
    position_s: Option<f64>,
    /// Where it is to stand, as a share of the recording, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    position: Option<f64>,
    /// What it is to do.
    #[serde(rename = "do")]
    action: Option<ReplayAction>,
    /// With `step`: goes to the next frame that passes this filter, and sends none before it.
    until: Option<String>,
}

/// What a replay is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayAction {
    /// Go on; from its beginning, where it had come to its end.
    Play,
    /// Stand still.
    Pause,
    /// Send one frame and stand still.
    Step,
}

/// A recording that is sent onto buses.
#[derive(Serialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayShown {
    /// Its name.
    name: String,
    /// Name of the recording.
    recording: String,
    /// Name of the bus that its frames go onto.
    bus: String,
    /// Buses of the recording that go onto others.
    buses: BTreeMap<String, String>,
    /// Which frames.
    filter: String,
    /// Ids that go out as others.
    ids: Vec<String>,
    /// `opening`, `playing`, `paused`, `ended` (at its end) or `stopped` (for good).
    state: &'static str,
    /// Why it stands, where that is not because somebody said so.
    why: Option<String>,
    /// How fast it goes.
    speed: SpeedWanted,
    /// How often it is sent; `null`: until somebody stops it.
    times: Option<u32>,
    /// Rounds that are over.
    rounds: u32,
    /// Where it stands, seconds after the first frame.
    position_s: f64,
    /// How long the recording is; `null` while that is not known.
    length_s: Option<f64>,
    /// Whether that is known for certain.
    length_exact: bool,
    /// Whether it goes on when the session that started it ends.
    stays: bool,
    /// Who let it play.
    by: String,
    /// Frames that the buses took.
    sent: u64,
    /// Frames that were not sent, by reason.
    refused: BTreeMap<&'static str, u64>,
    /// Frames that the filter left out.
    left_out: u64,
    /// By how much frames were late.
    late: LateShown,
    /// How far it fell behind the clock, seconds: what was too late was put off, not sent in a bunch.
    behind_s: f64,
    /// By how much pauses were shortened, seconds.
    gaps_shortened_s: f64,
    /// Lines or parts of the recording that were skipped, as far as it was read.
    skipped_lines: u64,
    /// The first of them with their lines, and what holds for the recording as a whole.
    problems: Vec<String>,
}

/// Due against sent, of all frames since it began.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplayLateness)]
pub struct LateShown {
    /// Half of the frames were late by less than this, microseconds.
    p50_us: f64,
    /// 99 of 100 by less than this, microseconds.
    p99_us: f64,
    /// The latest, microseconds.
    max_us: f64,
    /// Frames that were late by more than a millisecond.
    late_frames: u64,
}

impl ReplayShown {
    /// Of what is known of it.
    #[must_use]
    pub fn of(snapshot: &Snapshot, one: &ReplayPicture) -> Self {
        let bus = |id| {
            let found = snapshot.buses.iter().find(|bus| bus.id == id);
            found.map_or_else(String::new, |bus| bus.name.to_string())
        };
        let progress = one.progress.as_ref();
        let figures = progress.map(|one| one.figures).unwrap_or_default();
        let us = |span: Duration| tidy(span.as_secs_f64() * 1e6);
        let (state, why) = state(one);
        let odd = progress.map(|one| &one.odd);
        let recording = one.file.file_name().map(|name| name.to_string_lossy().into_owned());
        Self {
            name: one.name.to_string(),
            recording: recording.unwrap_or_default(),
            bus: bus(one.bus),
            buses: one.named.iter().map(|(from, to)| (from.clone(), bus(*to))).collect(),
            filter: one.filter.clone(),
            ids: one.plan.ids.iter().map(ToString::to_string).collect(),
            state,
            why,
            speed: SpeedWanted::of(progress.map_or(one.plan.speed, |one| one.speed)),
            times: progress.map_or(one.plan.times, |one| one.times),
            rounds: progress.map_or(0, |one| one.rounds),
            position_s: tidy(progress.map_or(0.0, |one| one.position.as_secs_f64())),
            length_s: progress.and_then(|one| one.length).map(|span| tidy(span.as_secs_f64())),
            length_exact: progress.is_some_and(|one| one.length_known == EndKnown::Exactly),
            stays: one.keeps == Keeps::Alone,
            by: one.by.clone(),
            sent: figures.sent,
            refused: ReplayRefusal::ALL.map(|why| (why.name(), figures.refused.of(why))).into(),
            left_out: figures.left_out,
            late: LateShown {
                p50_us: us(figures.late_p50),
                p99_us: us(figures.late_p99),
                max_us: us(figures.late_max),
                late_frames: figures.late,
            },
            behind_s: tidy(figures.behind.as_secs_f64()),
            gaps_shortened_s: tidy(figures.gaps.1.as_secs_f64()),
            skipped_lines: odd.map_or(0, |odd| odd.skipped),
            problems: odd
                .map_or_else(Vec::new, |odd| odd.problems.iter().map(text::problem).collect()),
        }
    }
}

fn state(one: &ReplayPicture) -> (&'static str, Option<String>) {
    match (&one.state, &one.progress) {
        (ReplayState::Stopped(why), _) => ("stopped", Some(why.clone())),
        (ReplayState::Held(why), _) => ("paused", Some(why.clone())),
        (ReplayState::Ready, None) => ("opening", None),
        (ReplayState::Ready, Some(progress)) => {
            let word = match progress.state {
                PlayState::Playing => "playing",
                PlayState::Paused => "paused",
                PlayState::Ended => "ended",
            };
            (word, progress.why.clone())
        }
    }
}

fn gone(text: &str, what: &str) -> Problem {
    let text: String = text.chars().take(Name::LIMIT).collect();
    Problem::not_found(format!("There is no {what} \u{201c}{text}\u{201d}."))
}

fn invalid(error: &PlanError, field: &str) -> Problem {
    Problem::invalid(format!("{error}.")).about(field.to_owned())
}

fn seconds(given: Option<f64>, field: &str) -> Result<Option<Duration>, Problem> {
    let read = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            Problem::invalid(format!("{field} is {seconds}; it is a time of 0 s or more."))
                .about(field.to_owned())
        })
    };
    given.map(read).transpose()
}

/// How often it is sent, of the two fields that say so.
fn times(times: Option<u32>, again: bool) -> Result<Option<u32>, Problem> {
    match (times, again) {
        (Some(_), true) => {
            let detail = "A replay has times or loop, not both.".to_owned();
            Err(Problem::invalid(detail).about("loop"))
        }
        (None, true) => Ok(None),
        (times, false) => Ok(Some(times.unwrap_or(1))),
    }
}

/// Where the recording of this name is.
///
/// # Errors
/// There is none, or it is still being written.
pub fn recording(shared: &Shared, session: &Session, name: &str) -> Result<PathBuf, Problem> {
    let folder = shared.door().recordings(&session.permit(UseCan)?);
    let found = folder.find(name).map_err(|error| match error {
        RecordShelfError::Name(_) | RecordShelfError::Missing(_) => {
            gone(name, "recording").about("recording")
        }
        error => Problem::from(error),
    })?;
    if found.grows {
        let detail = format!(
            "The recording \u{201c}{}\u{201d} is being written: stop that first, then replay it",
            found.name
        );
        return Err(Problem::from(OrderError::Unfit(detail)));
    }
    Ok(found.path)
}

impl ReplayWanted {
    fn plan(&self) -> Result<ReplayPlan, Problem> {
        if self.ids.len() > MAPPINGS {
            let detail = format!("ids has {}; at most {MAPPINGS} are kept.", self.ids.len());
            return Err(Problem::invalid(detail).about("ids"));
        }
        let each = self.ids.iter().enumerate();
        let ids: Result<Vec<IdMap>, Problem> = each
            .map(|(at, text)| text.parse().map_err(|error| invalid(&error, &format!("ids.{at}"))))
            .collect();
        check_speed(self.speed.speed()).map_err(|error| invalid(&error, "speed"))?;
        let plan = ReplayPlan {
            speed: self.speed.speed(),
            times: times(self.times, self.again)?,
            from: seconds(self.from_s, "from_s")?,
            to: seconds(self.to_s, "to_s")?,
            longest_gap: seconds(self.longest_gap_s, "longest_gap_s")?,
            ids: ids?,
        };
        plan.check().map_err(|error| {
            let field = if plan.times == Some(0) { "times" } else { "to_s" };
            invalid(&error, field)
        })?;
        Ok(plan)
    }

    fn order(&self, shared: &Shared, session: &Session) -> Result<StartReplay, Problem> {
        let plan = self.plan()?;
        let bus = named(&self.bus, "bus").map_err(|problem| problem.about("bus"))?;
        if self.buses.len() >= BUSES {
            let detail =
                format!("buses has {}; there are at most {}.", self.buses.len(), BUSES - 1);
            return Err(Problem::invalid(detail).about("buses"));
        }
        let each = self.buses.iter();
        let elsewhere: Result<Vec<(String, Name)>, Problem> = each
            .map(|(from, to)| {
                let to = named(to, "bus").map_err(|problem| problem.about("buses"))?;
                Ok((from.clone(), to))
            })
            .collect();
        let file = recording(shared, session, &self.recording)?;
        let snapshot = shared.door().look(&session.permit(ViewPlant)?);
        let name = match &self.name {
            Some(name) => Name::new(name)
                .map_err(|error| Problem::invalid(format!("{error}.")).about("name"))?,
            None => {
                name_for(&snapshot, &file).map_err(|said| Problem::invalid(said).about("name"))?
            }
        };
        Ok(StartReplay {
            name,
            file,
            bus,
            named: elsewhere?,
            plan,
            filter: self.filter.clone(),
            keeps: if self.stays { Keeps::Alone } else { Keeps::WithSession },
            begins: if self.paused { Begins::Paused } else { Begins::Playing },
        })
    }
}

fn shown(shared: &Shared, session: &Session, name: &Name) -> Result<ReplayShown, Problem> {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let found = snapshot.replays.iter().find(|one| one.name == *name);
    let found = found.ok_or_else(|| gone(name.as_str(), "replay"))?;
    Ok(ReplayShown::of(&snapshot, found))
}

/// Lists the replays, those that have ended too. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/replays", tag = "replays",
    responses((status = 200, description = "All of them", body = List<ReplayShown>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let items = snapshot.replays.iter().map(|one| ReplayShown::of(&snapshot, one)).collect();
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Sends a recording onto a bus. A bus within the program may be replayed onto at will, any other only
/// while it is armed; what commands chargers or contactors needs Charge battery packs too, and nothing
/// is replayed beside a charge. Needs Send and receive CAN.
#[utoipa::path(post, path = "/api/v1/replays", tag = "replays", request_body = ReplayWanted,
    responses(
        (status = 201, description = "It plays, or stands where that was asked", body = ReplayShown),
        (status = 404, description = "There is no such bus or recording"),
        (status = 409, description = "The bus is not armed, or something is in the way"),
    ))]
pub async fn start(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<ReplayWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let by = Arc::clone(&session);
    let wanted = aside(&shared, move |shared| asked.order(shared, &by)).await?;
    let name = wanted.name.clone();
    order(&shared, &session, wanted).await?;
    Ok(json(StatusCode::CREATED, &shown(&shared, &session, &name)?))
}

/// One replay. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/replays/{name}", tag = "replays",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "How it is doing", body = ReplayShown)))]
pub async fn one(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    Ok(json(StatusCode::OK, &shown(&shared, &session, &named(&which, "replay")?)?))
}

/// Changes a replay: plays, pauses, steps, seeks, other speed, other number of times. Standing still
/// never waits. Needs Send and receive CAN.
#[utoipa::path(patch, path = "/api/v1/replays/{name}", tag = "replays",
    params(("name" = String, Path, description = "Its name")),
    request_body = ReplayChanged,
    responses(
        (status = 200, description = "As it is now", body = ReplayShown),
        (status = 409, description = "The bus is not armed, or it has ended for good"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<ReplayChanged>,
) -> Answer {
    session.permit(UseCan)?;
    let name = named(&which, "replay")?;
    let changes = asked.changes()?;
    // What is not there is said before anything else is.
    shown(&shared, &session, &name)?;
    if asked.action == Some(ReplayAction::Pause) {
        // First of all: what makes it safer waits for nothing.
        order(&shared, &session, PauseReplay { name: name.clone() }).await?;
    }
    for change in changes {
        order(&shared, &session, ChangeReplay { name: name.clone(), change }).await?;
    }
    heard(&shared, &session, &name).await?;
    Ok(json(StatusCode::OK, &shown(&shared, &session, &name)?))
}

/// Waits until a replay has said how it is doing after it was last told something; not for ever.
async fn heard(shared: &Shared, session: &Session, name: &Name) -> Result<(), Problem> {
    for _ in 0..LOOKS {
        let snapshot = shared.door().look(&session.permit(ViewPlant)?);
        let found = snapshot.replays.iter().find(|one| one.name == *name);
        let waits = |one: &Arc<ReplayPicture>| one.state == ReplayState::Ready && !one.is_of_now;
        if !found.is_some_and(waits) {
            break;
        }
        sleep(LOOK).await;
    }
    Ok(())
}

impl ReplayChanged {
    /// What is asked for besides a pause, in order.
    fn changes(&self) -> Result<Vec<ReplayChange>, Problem> {
        let mut changes = Vec::new();
        if let Some(speed) = self.speed {
            check_speed(speed.speed()).map_err(|error| invalid(&error, "speed"))?;
            changes.push(ReplayChange::Speed(speed.speed()));
        }
        if self.times.is_some() || self.again.is_some() {
            let wanted = times(self.times, self.again.unwrap_or_default())?;
            if wanted == Some(0) {
                return Err(invalid(&PlanError::Never, "times"));
            }
            changes.push(ReplayChange::Times(wanted));
        }
        match (seconds(self.position_s, "position_s")?, self.position) {
            (Some(_), Some(_)) => {
                let detail = "A place is position_s or position, not both.".to_owned();
                return Err(Problem::invalid(detail).about("position"));
            }
            (Some(offset), None) => changes.push(ReplayChange::Seek(SeekTo::Offset(offset))),
            (None, Some(share)) if (0.0..=1.0).contains(&share) => {
                changes.push(ReplayChange::Seek(SeekTo::Share(share)));
            }
            (None, Some(share)) => {
                let detail = format!("position is {share}; it is from 0 to 1.");
                return Err(Problem::invalid(detail).about("position"));
            }
            (None, None) => {}
        }
        if self.until.is_some() && self.action != Some(ReplayAction::Step) {
            let detail = "until goes with \"do\": \"step\".".to_owned();
            return Err(Problem::invalid(detail).about("until"));
        }
        match self.action {
            Some(ReplayAction::Play) => changes.push(ReplayChange::Play),
            Some(ReplayAction::Step) => changes.push(ReplayChange::Step(self.until.clone())),
            Some(ReplayAction::Pause) | None => {}
        }
        if changes.is_empty() && self.action.is_none() {
            let detail =
                "Nothing is to be changed: give speed, times, loop, position_s, position or do.";
            return Err(Problem::invalid(detail.to_owned()));
        }
        Ok(changes)
    }
}

/// Stops a replay and takes it from the list; nothing of it goes out any more but the frame in flight.
/// Everybody signed in may.
#[utoipa::path(delete, path = "/api/v1/replays/{name}", tag = "replays",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is stopped")))]
pub async fn stop(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let name = named(&which, "replay")?;
    order(&shared, &session, StopReplay { name, then: Then::Forget }).await?;
    Ok(nothing())
}
