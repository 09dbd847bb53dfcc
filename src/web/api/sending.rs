//! Sending by hand: arming a bus for a time, sending once, scheduling, silencing it all. Silencing
//! asks nothing and needs nothing but to be signed in.

use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    ArmBus, ArmPicture, BusPicture, Keeps, Right, Schedule, SchedulePicture, ScheduleState,
    SendFrames, Silence, Snapshot, StartSchedule, StopSchedule, Then, UseCan, ViewPlant,
};
use crate::web::api::give::{Answer, List, json, nothing, order};
use crate::web::api::reading::tidy;
use crate::web::api::sending_json::{
    ChecksumWanted, CounterWanted, FrameWanted, dress, frame_shown,
};
use crate::web::api::take::{Body, Who, Word, named};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ARM: &str = "/api/v1/buses/{name}/arm";
    const SCHEDULE: &str = "/api/v1/schedules/{name}";
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .api(Method::PUT, ARM, can, arm)
        .api(Method::DELETE, ARM, Access::SignedIn, silence)
        .api(Method::DELETE, "/api/v1/sending", Access::SignedIn, silence_all)
        .api(Method::POST, "/api/v1/frames", can, send)
        .api(Method::GET, "/api/v1/schedules", can, schedules)
        .api(Method::PUT, SCHEDULE, can, start)
        .api(Method::DELETE, SCHEDULE, can, stop)
}

/// The bus of this name.
///
/// # Errors
/// There is none.
pub fn find<'s>(snapshot: &'s Snapshot, bus: &Name) -> Result<&'s BusPicture, Problem> {
    snapshot.buses.iter().find(|one| one.name == *bus).ok_or_else(|| {
        let detail = format!("There is no bus \u{201c}{bus}\u{201d} in the running profile.");
        Problem::not_found(detail)
    })
}

/// For how long a bus is to be armed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmWanted {
    /// Seconds, 10 to 28800.
    #[serde(default = "usual_seconds")]
    #[schema(minimum = 10, maximum = 28800, default = 600)]
    seconds: u32,
}

const fn usual_seconds() -> u32 {
    ArmBus::USUAL.as_secs() as u32
}

/// A bus that frames may be sent to.
#[derive(Serialize, ToSchema)]
pub struct Armed {
    /// Name of the bus.
    bus: String,
    /// Seconds until it is only listened to again.
    seconds_left: f64,
    /// Who has armed it.
    by: String,
}

impl Armed {
    fn of(bus: &str, arm: &ArmPicture) -> Self {
        let (bus, by) = (bus.to_owned(), arm.by.clone());
        Self { bus, seconds_left: tidy(arm.left.as_secs_f64()), by }
    }
}

/// Arms a bus: frames may be sent to it by hand, for a time. Until then it is only listened to.
/// Needs Send and receive CAN.
#[utoipa::path(put, path = "/api/v1/buses/{name}/arm", tag = "sending",
    params(("name" = String, Path, description = "Name of the bus")),
    request_body = ArmWanted,
    responses(
        (status = 200, description = "It is armed", body = Armed),
        (status = 409, description = "Nothing can be sent to it"),
    ))]
pub async fn arm(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<ArmWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let bus = named(&which, "bus")?;
    let span = Duration::from_secs(asked.seconds.into());
    if !(ArmBus::LEAST..=ArmBus::MOST).contains(&span) {
        let detail = format!("seconds is {}; it is from 10 to 28800.", asked.seconds);
        return Err(Problem::invalid(detail).about("seconds"));
    }
    order(&shared, &session, ArmBus { bus: bus.clone(), span }).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    match &find(&snapshot, &bus)?.armed {
        Some(arm) => Ok(json(StatusCode::OK, &Armed::of(bus.as_str(), arm))),
        // Somebody was quicker to silence it.
        None => Err(Problem::not_found(format!("The bus \u{201c}{bus}\u{201d} is not armed."))),
    }
}

/// Ends sending by hand on a bus: it is only listened to again, and its schedules stop. Everybody
/// signed in may. A charge is not touched: it has a stop of its own.
#[utoipa::path(delete, path = "/api/v1/buses/{name}/arm", tag = "sending",
    params(("name" = String, Path, description = "Name of the bus")),
    responses((status = 204, description = "It is silent")))]
pub async fn silence(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let bus = Some(named(&which, "bus")?);
    order(&shared, &session, Silence { bus }).await?;
    Ok(nothing())
}

/// Ends sending by hand on every bus. Everybody signed in may.
#[utoipa::path(delete, path = "/api/v1/sending", tag = "sending",
    responses((status = 204, description = "Every bus is silent")))]
pub async fn silence_all(State(shared): State<Shared>, Who(session): Who) -> Response {
    match order(&shared, &session, Silence { bus: None }).await {
        Ok(()) => nothing(),
        Err(problem) => problem.into_response(),
    }
}

/// Frames to send once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendWanted {
    /// Name of the bus.
    bus: String,
    /// One to 64, sent in this order.
    #[schema(min_items = 1, max_items = 64)]
    frames: Vec<FrameWanted>,
}

/// How many frames were handed to the bus.
#[derive(Serialize, ToSchema)]
pub struct SendTaken {
    /// How many.
    frames: usize,
}

impl SendTaken {
    /// So many.
    #[must_use]
    pub const fn of(frames: usize) -> Self {
        Self { frames }
    }
}

/// Sends frames once, through the guard. The bus must be armed. Needs Send and receive CAN; frames
/// that command a charger or contactors need Charge battery packs too.
#[utoipa::path(post, path = "/api/v1/frames", tag = "sending", request_body = SendWanted,
    responses(
        (status = 202, description = "Handed to the bus", body = SendTaken),
        (status = 404, description = "There is no such bus"),
        (status = 409, description = "The bus is not armed, or the guard keeps one back: none was sent"),
    ))]
pub async fn send(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<SendWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let bus = named(&asked.bus, "bus").map_err(|problem| problem.about("bus"))?;
    let id = find(&snapshot, &bus)?.id;
    let count = asked.frames.len();
    if count == 0 || count > SendFrames::MOST {
        let detail = format!("frames has {count}; 1 to {} are sent at once.", SendFrames::MOST);
        return Err(Problem::invalid(detail).about("frames"));
    }
    let each = asked.frames.iter().enumerate();
    let frames: Result<Vec<_>, Problem> =
        each.map(|(at, frame)| frame.build(&snapshot, id, &format!("frames.{at}."))).collect();
    order(&shared, &session, SendFrames { bus, frames: frames? }).await?;
    Ok(json(StatusCode::ACCEPTED, &SendTaken { frames: count }))
}

/// A frame that is to be sent again and again, as a request has it.
pub struct Planned<'w> {
    /// What it is to be called.
    pub name: &'w str,
    /// Name of the bus.
    pub bus: &'w str,
    /// The frame.
    pub frame: &'w FrameWanted,
    /// Time between two sendings.
    pub every_ms: u32,
    /// After how many it ends.
    pub times: Option<u64>,
    /// A counter.
    pub counter: Option<&'w CounterWanted>,
    /// A checksum.
    pub checksum: Option<&'w ChecksumWanted>,
}

impl Planned<'_> {
    /// Its bus, and what could be started.
    ///
    /// # Errors
    /// Says which field is wrong, or that there is no such bus.
    pub fn build(&self, snapshot: &Snapshot) -> Result<(Name, Schedule), Problem> {
        let name = Name::new(self.name).map_err(|error| Problem::invalid(format!("{error}.")))?;
        let bus = named(self.bus, "bus").map_err(|problem| problem.about("bus"))?;
        let frame = self.frame.build(snapshot, find(snapshot, &bus)?.id, "frame.")?;
        let schedule = Schedule {
            name,
            frame,
            every: Duration::from_millis(self.every_ms.into()),
            times: self.times,
            dress: dress(self.counter, self.checksum)?,
        };
        schedule.check().map_err(|error| Problem::invalid(format!("{error}.")))?;
        Ok((bus, schedule))
    }
}

/// A frame to be sent again and again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleWanted {
    /// Name of the bus.
    bus: String,
    /// The frame.
    frame: FrameWanted,
    /// Time between two sendings, 1 ms to an hour; 0 for a burst: back to back, with `times` 1 to 500.
    #[schema(minimum = 0, maximum = 3600000)]
    every_ms: u32,
    /// After how many it ends; left out: when somebody stops it.
    #[schema(minimum = 1)]
    times: Option<u64>,
    /// A counter that goes up with every sending.
    counter: Option<CounterWanted>,
    /// A checksum, computed after the counter is set.
    checksum: Option<ChecksumWanted>,
    /// Whether it goes on when the session that started it ends, while its bus is armed.
    #[serde(default)]
    stays: bool,
}

/// A scheduled frame.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleShown {
    /// Its name.
    name: String,
    /// Name of the bus.
    bus: String,
    /// The id, such as `0x6FA`; eight digits for an extended one.
    id: String,
    /// Its bytes in hexadecimal digits, before counter and checksum are set.
    data: String,
    /// Time between two sendings.
    every_ms: f64,
    /// After how many it ends.
    times: Option<u64>,
    /// Whether it is being sent.
    running: bool,
    /// Why it is not.
    stopped: Option<String>,
    /// Whether it goes on when the session that started it ends.
    stays: bool,
    /// Who has started it.
    by: String,
    /// Frames that the bus took.
    sent: u64,
    /// Frames that were kept back or not taken.
    failed: u64,
    /// Periods that passed without a frame.
    missed: u64,
    /// Half of the last thousand frames were late by less than this, microseconds.
    late_p50_us: f64,
    /// 99 of 100 of them by less than this, microseconds.
    late_p99_us: f64,
}

impl ScheduleShown {
    fn of(snapshot: &Snapshot, one: &SchedulePicture) -> Self {
        let bus = snapshot.buses.iter().find(|bus| bus.id == one.bus);
        let (id, data) = frame_shown(&one.schedule.frame);
        let micros = |span: Duration| tidy(span.as_secs_f64() * 1e6);
        Self {
            name: one.schedule.name.to_string(),
            bus: bus.map_or_else(String::new, |bus| bus.name.to_string()),
            id,
            data,
            every_ms: tidy(one.schedule.every.as_secs_f64() * 1e3),
            times: one.schedule.times,
            running: one.state == ScheduleState::Running,
            stopped: match &one.state {
                ScheduleState::Running => None,
                ScheduleState::Stopped(why) => Some(why.clone()),
            },
            stays: one.keeps == Keeps::Alone,
            by: one.by.clone(),
            sent: one.figures.sent,
            failed: one.figures.failed,
            missed: one.figures.missed,
            late_p50_us: micros(one.figures.late_p50),
            late_p99_us: micros(one.figures.late_p99),
        }
    }
}

/// Lists the scheduled frames, running and stopped. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "sending",
    responses((status = 200, description = "All of them", body = List<ScheduleShown>)))]
pub async fn schedules(State(shared): State<Shared>, Who(session): Who) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let items = snapshot.schedules.iter().map(|one| ScheduleShown::of(&snapshot, one)).collect();
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Starts a scheduled frame, its first sending at once; one of the same name is replaced. The bus
/// must be armed. Needs Send and receive CAN.
#[utoipa::path(put, path = "/api/v1/schedules/{name}", tag = "sending",
    params(("name" = String, Path, description = "What it is to be called")),
    request_body = ScheduleWanted,
    responses(
        (status = 200, description = "It runs", body = ScheduleShown),
        (status = 409, description = "The bus is not armed, or the guard keeps it back"),
    ))]
pub async fn start(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<ScheduleWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let (bus, schedule) = Planned {
        name: &which,
        bus: &asked.bus,
        frame: &asked.frame,
        every_ms: asked.every_ms,
        times: asked.times,
        counter: asked.counter.as_ref(),
        checksum: asked.checksum.as_ref(),
    }
    .build(&snapshot)?;
    let name = schedule.name.clone();
    let keeps = if asked.stays { Keeps::Alone } else { Keeps::WithSession };
    order(&shared, &session, StartSchedule { bus, schedule, keeps }).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let found = snapshot.schedules.iter().find(|one| one.schedule.name == name);
    let gone =
        || Problem::not_found(format!("There is no scheduled frame \u{201c}{name}\u{201d}."));
    Ok(json(StatusCode::OK, &ScheduleShown::of(&snapshot, found.ok_or_else(gone)?)))
}

/// Stops a scheduled frame and takes it from the list. Needs Send and receive CAN.
#[utoipa::path(delete, path = "/api/v1/schedules/{name}", tag = "sending",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is stopped")))]
pub async fn stop(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let name = named(&which, "scheduled frame")?;
    order(&shared, &session, StopSchedule { name, then: Then::Forget }).await?;
    Ok(nothing())
}
