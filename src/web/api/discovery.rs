//! What talks on a bus or in a recording: what it looks like, with scores and reasons.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::discover::{self, BusFound};
use crate::engine::{
    Candidate, ChangeSettings, Discovery, DiscoverySide, OFFERED, Right, Session, Snapshot, UseCan,
    ViewPlant,
};
use crate::web::api::give::{Answer, aside, json};
use crate::web::api::take::{Who, Word};
use crate::web::problem::Problem;
use crate::web::shared::{Shared, Turn};
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    let can = Access::Needs(Right::SendReceiveCan);
    table.api(Method::GET, "/api/v1/buses/{name}/discovery", change, on_bus).api(
        Method::GET,
        "/api/v1/recordings/{name}/discovery",
        can,
        in_recording,
    )
}

/// What talks on a bus.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// Name of the bus.
    bus: String,
    /// Seconds that were listened to.
    seconds: f64,
    /// Ids that were heard.
    ids: usize,
    /// Ids that belong to no component and to nothing that is likely.
    unknown_ids: Vec<String>,
    /// From this score on something is offered.
    offered_from: u8,
    /// What it looks like, the surest first.
    candidates: Vec<Looks>,
}

/// What talks in a recording.
#[derive(Serialize, ToSchema)]
pub struct FoundInRecording {
    /// Name of the file.
    recording: String,
    /// What talks on each of its buses, in the order in which they come first.
    buses: Vec<Found>,
}

/// Something that looks like a device.
#[derive(Serialize, ToSchema)]
pub struct Looks {
    /// Id of the kind of device.
    kind: String,
    /// Title of the kind.
    title: String,
    /// Its address.
    base: u32,
    /// Percent; at most 99.
    score: u8,
    /// Whether it is likely enough, and not in the profile yet.
    offered: bool,
    /// Serial number, where it says it.
    serial: Option<u64>,
    /// Firmware, where it says it.
    firmware: Option<String>,
    /// Settings that follow from what it says, by name, as one would type them.
    settings: BTreeMap<String, String>,
    /// What speaks for it.
    reasons_for: Vec<String>,
    /// What speaks against it.
    reasons_against: Vec<String>,
    /// The component that it is already.
    component: Option<String>,
    /// Components that own some of its ids.
    shares_ids_with: Vec<String>,
}

impl Found {
    /// What was found on the bus of this name.
    pub fn of(bus: String, discovery: &Discovery) -> Self {
        Self {
            bus,
            seconds: discovery.span.as_secs_f64(),
            ids: discovery.ids,
            unknown_ids: discovery.unknown.iter().map(ToString::to_string).collect(),
            offered_from: OFFERED,
            candidates: discovery.candidates.iter().map(Looks::from).collect(),
        }
    }
}

impl From<&Candidate> for Looks {
    fn from(one: &Candidate) -> Self {
        let side = |wanted: DiscoverySide| {
            let of = one.reasons.iter().filter(|reason| reason.side == wanted);
            of.map(|reason| reason.text.clone()).collect()
        };
        Self {
            kind: one.kind.manifest.id.clone(),
            title: one.kind.manifest.title.clone(),
            base: one.base,
            score: one.score,
            offered: one.is_offered(),
            serial: one.serial,
            firmware: one.firmware.clone(),
            settings: one.settings.clone(),
            reasons_for: side(DiscoverySide::For),
            reasons_against: side(DiscoverySide::Against),
            component: one.known.as_ref().map(ToString::to_string),
            shares_ids_with: one.shares.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What talks on a bus, as far as it was heard until now: the kinds of device that it looks like, each
/// with a score in percent, the reasons for and against it, and its settings. Nothing is taken for a
/// device by its ids alone. Needs Change system settings.
#[utoipa::path(get, path = "/api/v1/buses/{name}/discovery", tag = "plant",
    params(("name" = String, Path, description = "Name of the bus")),
    responses(
        (status = 200, description = "What it looks like", body = Found),
        (status = 404, description = "There is no such bus"),
    ))]
pub async fn on_bus(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(ChangeSettings)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let found = aside(&shared, move |_| {
        let bus =
            snapshot.buses.iter().find(|bus| bus.name.as_str() == which).ok_or_else(|| {
                let which: String = which.chars().take(Name::LIMIT).collect();
                Problem::not_found(format!("There is no bus \u{201c}{which}\u{201d}."))
            })?;
        Ok(Found::of(bus.name.to_string(), &snapshot.discovery(bus)))
    });
    Ok(json(StatusCode::OK, &found.await?))
}

/// What talks in a recording of the folder: the same as on a bus that is listened to, for each bus of it.
/// About a minute of a busy bus is looked at. Where the profile has a bus of the same name, or else its
/// first one, what it has there already is named. Needs Send and receive CAN, as everything about
/// recordings does.
#[utoipa::path(get, path = "/api/v1/recordings/{name}/discovery", tag = "recordings",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 200, description = "What it looks like", body = FoundInRecording),
        (status = 404, description = "There is no such recording"),
        (status = 422, description = "It cannot be read"),
    ))]
pub async fn in_recording(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
) -> Answer {
    let (_, found) = recorded(&shared, &session, name.clone()).await?;
    let buses = found.into_iter().map(|bus| Found::of(bus.name, &bus.discovery)).collect();
    Ok(json(StatusCode::OK, &FoundInRecording { recording: name, buses }))
}

/// What talks on the buses of a recording, beside what the running profile has.
///
/// # Errors
/// Whoever asks may not read recordings, there is none of this name, or it cannot be read.
pub async fn recorded(
    shared: &Shared,
    session: &Arc<Session>,
    name: String,
) -> Result<(Arc<Snapshot>, Vec<BusFound>), Problem> {
    let session = Arc::clone(session);
    let work = move |shared: &Shared| -> Result<_, Problem> {
        let shelf = shared.door().recordings(&session.permit(UseCan)?).clone();
        let file = shelf.find(&name)?;
        let snapshot = shared.door().look(&session.permit(ViewPlant)?);
        let configured =
            |bus: &str| snapshot.bus_for(bus).map_or_else(Vec::new, |bus| snapshot.configured(bus));
        let found = discover::recording_beside(&file.path, &snapshot.catalog, &configured);
        Ok((Arc::clone(&snapshot), found.map_err(|_| unread(&name))?.buses))
    };
    let done = shared.aside_in(Turn::Incoming, work).await;
    done.unwrap_or_else(|_| Err(Problem::stopping()))
}

fn unread(name: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no_recording",
        "No recording",
        format!("\u{201c}{name}\u{201d} cannot be read as a recording."),
        "`busbar inspect` on the machine says what is wrong with it.",
    )
}
