//! Recent frames: the last one of every id, with how often it comes and what it says.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{
    DecodedSignal, Direction, Kind, Right, Scope, Sieve, Snapshot, TrafficEntry, UseCan, ViewPlant,
};
use crate::view::compose::filter::said;
use crate::view::compose::traffic::fits;
use crate::web::api::give::{Answer, List, json, page};
use crate::web::api::reading::tidy;
use crate::web::api::take::{Asked, Who};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the route.
pub fn routes(table: Table) -> Table {
    table.api(Method::GET, "/api/v1/frames", Access::Needs(Right::SendReceiveCan), list)
}

/// Which frames are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Ids as hexadecimal numbers, several parted by commas, such as `6FA` or `0x600,0x601`.
    id: Option<String>,
    /// Name of a bus.
    bus: Option<String>,
    /// Part of the name of the message, whatever the case.
    name: Option<String>,
    /// Only frames that this filter lets through, such as `bus:can0 id:600..6FF sig:PackVoltage>140`:
    /// the language of the filter box on the CAN page.
    #[param(max_length = 2000)]
    filter: Option<String>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// The last frame of an id.
#[derive(Serialize, ToSchema)]
#[schema(as = Frame)]
pub struct FrameShown {
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
    /// How many there were.
    count: u64,
    /// Mean time between them.
    cycle_ms: Option<f64>,
    /// Seconds since the last one, by the clock of its bus.
    age_s: f64,
    /// Name of the message, where a device or a DBC file knows it.
    name: Option<String>,
    /// What it says.
    signals: Vec<Signal>,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Somebody else sent it.
    Received,
    /// This program sent it.
    Sent,
}

/// Kinds of frame.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrameKind {
    /// Classic data frame.
    Data,
    /// Remote request.
    Remote,
    /// Error frame made by the driver.
    Error,
    /// FD data frame.
    Fd,
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Received => Self::Received,
            Direction::Sent => Self::Sent,
        }
    }
}

impl From<Kind> for FrameKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Data => Self::Data,
            Kind::Remote => Self::Remote,
            Kind::Error => Self::Error,
            Kind::Fd => Self::Fd,
        }
    }
}

/// A decoded signal.
#[derive(Serialize, ToSchema)]
pub struct Signal {
    /// Its name.
    name: String,
    /// Physical value; `null` where it is no finite number.
    value: Option<f64>,
    /// Unit.
    unit: String,
    /// Word of the value table that stands for the value.
    label: Option<String>,
}

impl From<DecodedSignal> for Signal {
    fn from(signal: DecodedSignal) -> Self {
        let value = Some(signal.value).filter(|value| value.is_finite());
        Self { name: signal.name, value, unit: signal.unit, label: signal.label }
    }
}

/// Lists the last frame of every id on every bus. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/frames", tag = "plant", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<FrameShown>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let ids = wanted.id.as_deref().map(ids).transpose()?;
    let name = wanted.name.as_deref().map(str::to_lowercase);
    let sieve = sieve(wanted.filter.as_deref().unwrap_or_default(), &snapshot)?;
    let rows = snapshot.traffic.rows().iter().filter(|row| {
        let of_bus = wanted.bus.as_deref().is_none_or(|bus| bus_name(&snapshot, row) == bus);
        let of_id = ids.as_ref().is_none_or(|ids| ids.contains(&row.last.id().raw()));
        of_bus
            && of_id
            && name.as_deref().is_none_or(|name| is_named(&snapshot, row, name))
            && fits(&sieve, &snapshot, row)
    });
    let page = page(rows, |row| key(row), wanted.cursor.as_deref(), wanted.limit)?;
    let items = page.items.into_iter().map(|row| shown(&snapshot, row)).collect();
    Ok(json(StatusCode::OK, &List::<FrameShown> { items, next: page.next }))
}

/// A filter, ready. Names that nobody knows are no mistake: a DBC file may come later.
fn sieve(text: &str, snapshot: &Snapshot) -> Result<Arc<Sieve>, Problem> {
    let read = snapshot.vocabulary().sieve(text, Scope::Table);
    read.map_err(|mistake| Problem::invalid(said(text, &mistake)).about("filter"))
}

fn ids(text: &str) -> Result<Vec<u32>, Problem> {
    let ids = text.split(',').map(str::trim).map(|id| {
        let digits = id.strip_prefix("0x").or_else(|| id.strip_prefix("0X")).unwrap_or(id);
        u32::from_str_radix(digits, 16).map_err(|_| {
            let id: String = id.chars().take(32).collect();
            let detail = format!("\u{201c}{id}\u{201d} is no hexadecimal number such as 6FA.");
            Problem::invalid(detail).about("id")
        })
    });
    ids.collect()
}

fn bus_name<'s>(snapshot: &'s Snapshot, row: &TrafficEntry) -> &'s str {
    let bus = snapshot.buses.get(usize::from(row.last.bus().0));
    bus.map_or("", |bus| bus.name.as_str())
}

fn is_named(snapshot: &Snapshot, row: &TrafficEntry, part: &str) -> bool {
    let name = snapshot.decoders.name(row.last.bus(), row.last.id());
    name.is_some_and(|name| name.to_lowercase().contains(part))
}

/// One number for bus, direction and id, in the order of the list.
fn key(row: &TrafficEntry) -> i64 {
    let sent = match row.last.direction() {
        Direction::Received => 0,
        Direction::Sent => 1,
    };
    let id = row.last.id();
    i64::from(row.last.bus().0) << 34
        | i64::from(id.is_extended()) << 33
        | i64::from(id.raw()) << 1
        | sent
}

fn shown(snapshot: &Snapshot, row: &TrafficEntry) -> FrameShown {
    let frame = &row.last;
    let bytes = frame.view().data;
    let id = frame.id();
    let raw = id.raw();
    let now = snapshot.buses.get(usize::from(frame.bus().0)).map_or(snapshot.at, |bus| bus.now);
    let decoded = snapshot.decoders.decode(frame.view());
    let name = snapshot.decoders.name(frame.bus(), id).map(str::to_owned);
    FrameShown {
        bus: bus_name(snapshot, row).to_owned(),
        id: if id.is_extended() { format!("0x{raw:08X}") } else { format!("0x{raw:03X}") },
        extended: id.is_extended(),
        direction: frame.direction().into(),
        kind: frame.kind().into(),
        data: data_encoding::HEXUPPER.encode(bytes),
        length: frame.len(),
        count: row.count,
        cycle_ms: row.cycle_ns.map(|ns| tidy(ns / 1e6)),
        age_s: tidy(now.since(frame.time()).as_secs_f64()),
        name,
        signals: decoded
            .map(|decoded| decoded.signals.into_iter().map(Signal::from).collect())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hexadecimal_with_or_without_a_prefix() {
        assert_eq!(ids("6FA, 0x600").ok(), Some(vec![0x6FA, 0x600]));
        assert!(ids("six").is_err() && ids("").is_err() && ids("1FFFFFFFFF").is_err());
    }
}
