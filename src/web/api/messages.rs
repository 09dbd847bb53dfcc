//! Messages that the running profile keeps to be sent by hand: what they are, keeping and forgetting
//! them, sending one. None is ever sent by itself.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    ForgetMessage, HotKey, KeepMessage, Keeps, MessageEntry, Right, SendFrames, Snapshot,
    StartSchedule, UseCan, ViewPlant,
};
use crate::web::api::give::{Answer, List, json, marked, nothing, order};
use crate::web::api::reading::tidy;
use crate::web::api::sending::{Planned, SendTaken};
use crate::web::api::sending_json::{ChecksumWanted, CounterWanted, FrameWanted, frame_shown};
use crate::web::api::take::{Body, Who, Word, expected_file, expected_tag, named};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ONE: &str = "/api/v1/messages/{name}";
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .api(Method::GET, "/api/v1/messages", can, list)
        .api(Method::GET, ONE, can, look_at)
        .api(Method::PUT, ONE, can, keep)
        .api(Method::DELETE, ONE, can, forget)
        .api(Method::POST, "/api/v1/messages/{name}/send", can, send)
        .api(Method::POST, "/api/v1/messages/{name}/start", can, start)
}

/// A message to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeptMessageWanted)]
pub struct MessageWanted {
    /// Name of the bus.
    bus: String,
    /// The frame.
    frame: FrameWanted,
    /// Time between two sendings where it is started, 1 ms to an hour; 0 for a burst: back to back, with
    /// `times` 1 to 500.
    #[serde(default = "usual_ms")]
    #[schema(minimum = 0, maximum = 3600000, default = 100)]
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
    /// The key that sends it in the window: a letter, a digit, or F2 to F10.
    key: Option<String>,
}

const fn usual_ms() -> u32 {
    100
}

/// A message that the profile keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptMessage)]
pub struct MessageShown {
    /// Its name.
    name: String,
    /// Name of its bus.
    bus: String,
    /// The id, such as `0x6FA`; eight digits for an extended one.
    id: String,
    /// Its bytes in hexadecimal digits, before counter and checksum are set.
    data: String,
    /// Time between two sendings.
    every_ms: f64,
    /// After how many it ends.
    times: Option<u64>,
    /// Whether it has a counter.
    has_counter: bool,
    /// Whether it has a checksum.
    has_checksum: bool,
    /// Whether it goes on when the session that started it ends.
    stays: bool,
    /// The key that sends it in the window.
    key: Option<String>,
    /// Its mark: give it as If-Match to change just this.
    mark: String,
}

/// A message as an answer, with its mark as ETag.
fn one(entry: &MessageEntry) -> Response {
    marked(StatusCode::OK, &entry.mark(), &MessageShown::of(entry))
}

impl MessageShown {
    fn of(entry: &MessageEntry) -> Self {
        let (id, data) = frame_shown(&entry.frame);
        Self {
            name: entry.name.to_string(),
            bus: entry.bus.to_string(),
            id,
            data,
            every_ms: tidy(entry.every.as_secs_f64() * 1e3),
            times: entry.times,
            has_counter: entry.dress.counter.is_some(),
            has_checksum: entry.dress.checksum.is_some(),
            stays: entry.stays,
            key: entry.key.map(|key| key.to_string()),
            mark: entry.mark(),
        }
    }
}

fn kept<'s>(snapshot: &'s Snapshot, name: &Name) -> Result<&'s MessageEntry, Problem> {
    snapshot.messages.iter().find(|one| one.name == *name).ok_or_else(|| {
        Problem::not_found(format!("No message called \u{201c}{name}\u{201d} is kept."))
    })
}

/// Lists the messages that the running profile keeps to be sent by hand. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/messages", tag = "sending",
    responses((status = 200, description = "All of them", body = List<MessageShown>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let items = snapshot.messages.iter().map(MessageShown::of).collect();
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// A kept message; the ETag is its mark. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/messages/{name}", tag = "sending",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It, with its mark as ETag", body = MessageShown),
        (status = 404, description = "None of this name is kept"),
    ))]
pub async fn look_at(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    Ok(one(kept(&snapshot, &named(&which, "kept message")?)?))
}

/// Keeps a message in the running profile, and in its file where it has one; one of the same name is
/// replaced: with `If-Match` only if it is still the one of that ETag, with `If-None-Match: *` not at
/// all. It is never sent by itself. Needs Send and receive CAN.
#[utoipa::path(put, path = "/api/v1/messages/{name}", tag = "sending",
    params(("name" = String, Path, description = "What it is to be called"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the message that is replaced"),
        ("If-None-Match" = Option<String>, Header, description = "* for a message that is new")),
    request_body = MessageWanted,
    responses(
        (status = 200, description = "It is kept; the ETag is its new mark", body = MessageShown),
        (status = 404, description = "There is no such bus"),
        (status = 409, description = "No profile runs, its file cannot be changed, the key is taken, or with If-None-Match one is kept already"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn keep(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    Body(asked): Body<MessageWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let expected = expected_file(&headers)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let key = asked.key.as_deref().map(str::parse::<HotKey>).transpose();
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
    let message = Box::new(MessageEntry {
        name: schedule.name,
        bus,
        frame: schedule.frame,
        every: schedule.every,
        times: schedule.times,
        dress: schedule.dress,
        key: key.map_err(|error| Problem::invalid(format!("{error}.")).about("key"))?,
        stays: asked.stays,
    });
    let answer = one(&message);
    order(&shared, &session, KeepMessage { message, expected }).await?;
    Ok(answer)
}

/// Takes a message out of the running profile. Needs Send and receive CAN.
#[utoipa::path(delete, path = "/api/v1/messages/{name}", tag = "sending",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the message that was looked at")),
    responses(
        (status = 204, description = "It is no longer kept"),
        (status = 404, description = "None of this name is kept"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn forget(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let name = named(&which, "kept message")?;
    let expected = expected_tag(&headers)?.map(str::to_owned);
    order(&shared, &session, ForgetMessage { name, expected }).await?;
    Ok(nothing())
}

/// Sends a kept message once, through the guard. Its bus must be armed. Needs Send and receive CAN.
#[utoipa::path(post, path = "/api/v1/messages/{name}/send", tag = "sending",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 202, description = "Handed to the bus", body = SendTaken),
        (status = 404, description = "None of this name is kept"),
        (status = 409, description = "The bus is not armed, or the guard keeps it back"),
    ))]
pub async fn send(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let entry = kept(&snapshot, &named(&which, "kept message")?)?;
    let frames = vec![entry.once()];
    order(&shared, &session, SendFrames { bus: entry.bus.clone(), frames }).await?;
    Ok(json(StatusCode::ACCEPTED, &SendTaken::of(1)))
}

/// Starts a kept message as a scheduled frame of its name. Its bus must be armed. Needs Send and
/// receive CAN.
#[utoipa::path(post, path = "/api/v1/messages/{name}/start", tag = "sending",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It runs: see the scheduled frames"),
        (status = 404, description = "None of this name is kept"),
        (status = 409, description = "The bus is not armed, or the guard keeps it back"),
    ))]
pub async fn start(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let entry = kept(&snapshot, &named(&which, "kept message")?)?;
    let (bus, schedule) = (entry.bus.clone(), entry.schedule());
    let keeps = if entry.stays { Keeps::Alone } else { Keeps::WithSession };
    order(&shared, &session, StartSchedule { bus, schedule, keeps }).await?;
    Ok(nothing())
}
