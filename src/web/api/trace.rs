//! The trace: every frame that is kept, in the order it came, a page at a time.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{FrameRef, Right, Scope, Snapshot, UseCan, ViewPlant};
use crate::view::compose::filter::said;
use crate::view::compose::trace::window::{backward, onward};
use crate::web::api::frames::{FrameKind, Signal, Way};
use crate::web::api::give::{Answer, Time, aside, json, page_size};
use crate::web::api::take::{Asked, Who};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the route.
pub fn routes(table: Table) -> Table {
    table.api(Method::GET, "/api/v1/trace", Access::Needs(Right::SendReceiveCan), list)
}

/// Which frames are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Number of the frame to begin with; left out: so that the newest are on the page.
    from: Option<u64>,
    /// Only frames that this filter lets through, such as `bus:can0 id:600..6FF sig:PackVoltage>140`.
    #[param(max_length = 2000)]
    filter: Option<String>,
    /// Most frames on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Frames of the trace.
#[derive(Serialize, ToSchema)]
#[schema(as = TracePage)]
pub struct TracePage {
    /// The frames, oldest first.
    items: Vec<TraceFrame>,
    /// Give it as `from` to go on; frames that come later begin there too.
    next: u64,
    /// Number of the oldest frame that is kept.
    first: u64,
    /// Number that the next frame will have.
    end: u64,
}

/// A frame of the trace.
#[derive(Serialize, ToSchema)]
pub struct TraceFrame {
    /// Its number since the trace was begun.
    number: u64,
    /// When it came, where its bus knows the time of day.
    at: Option<Time>,
    /// The same on the clock of its bus, seconds.
    seconds: f64,
    /// Name of the bus.
    bus: String,
    /// The id, such as `0x6FA`; eight digits for an extended one.
    id: String,
    /// Whether the id is extended (29 bits).
    extended: bool,
    /// Which way it went.
    direction: Way,
    /// What kind of frame it is.
    kind: FrameKind,
    /// Its bytes in hexadecimal digits; empty for a remote request.
    data: String,
    /// Its length in bytes, or the length a remote request asks for.
    length: usize,
    /// Name of the message, where a device or a DBC file knows it.
    name: Option<String>,
    /// What it says.
    signals: Vec<Signal>,
}

/// Lists the frames that are kept, in the order they came. Needs Send and receive CAN. A page may
/// have fewer frames than `limit`, or none, where few fit the filter: go on from `next`.
#[utoipa::path(get, path = "/api/v1/trace", tag = "plant", params(Wanted),
    responses((status = 200, description = "A page of them", body = TracePage)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let size = page_size(wanted.limit)?;
    // Frames are numbered from nought up, and the document says that a number has 63 bits.
    if wanted.from.is_some_and(|from| i64::try_from(from).is_err()) {
        return Err(Problem::invalid("from is greater than any number of a frame.").about("from"));
    }
    let reel = shared.door().reel(&session.permit(UseCan)?);
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let text = wanted.filter.unwrap_or_default();
    let read = snapshot.vocabulary().sieve(&text, Scope::Trace);
    let sieve = read.map_err(|mistake| Problem::invalid(said(&text, &mistake)).about("filter"))?;
    // Looking through so many frames takes too long for a thread that others wait for.
    let page = aside(&shared, move |_| {
        let (numbers, next) = match wanted.from {
            Some(from) => onward(&reel, &sieve, from, size),
            None => (backward(&reel, &sieve, reel.end(), size).0, reel.end()),
        };
        let frames = numbers.into_iter().filter_map(|number| Some((number, reel.get(number)?)));
        let items = frames.map(|(number, frame)| shown(&snapshot, number, frame)).collect();
        Ok(TracePage { items, next, first: reel.first(), end: reel.end() })
    });
    let page = page.await?;
    Ok(json(StatusCode::OK, &page))
}

fn shown(snapshot: &Snapshot, number: u64, frame: FrameRef<'_>) -> TraceFrame {
    let bus = snapshot.buses.get(usize::from(frame.bus().0));
    let decoded = snapshot.decoders.decode(frame);
    let name = snapshot.decoders.name(frame.bus(), frame.id()).map(str::to_owned);
    TraceFrame {
        number,
        at: bus.and_then(|bus| bus.timebase.wall(frame.time())).map(Time),
        seconds: frame.time().secs_f64(),
        bus: bus.map_or_else(String::new, |bus| bus.name.to_string()),
        id: frame.id().to_string(),
        extended: frame.id().is_extended(),
        direction: frame.direction().into(),
        kind: frame.kind().into(),
        data: data_encoding::HEXUPPER.encode(frame.data),
        length: frame.len(),
        name,
        signals: decoded
            .map(|decoded| decoded.signals.into_iter().map(Signal::from).collect())
            .unwrap_or_default(),
    }
}
