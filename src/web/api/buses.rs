//! The controllers of buses: starting one anew that went off the bus, and looking for the bit rate.
//! Both are asked for here and seen to end in the list of buses.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{
    ControllerPicture, RestartBus, Right, ScanBitRate, ScanReport, TriedRate, UseCan,
};
use crate::web::api::give::{Answer, json, order};
use crate::web::api::take::{Who, Word, named};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table.api(Method::POST, "/api/v1/buses/{name}/restart", can, restart).api(
        Method::POST,
        "/api/v1/buses/{name}/scan",
        can,
        scan,
    )
}

/// What was asked of a controller.
#[derive(Serialize, ToSchema)]
pub struct Begun {
    /// Name of the bus: what comes of it is in the list of buses.
    bus: String,
}

/// The controller of a bus: what was done to it, and what can be.
#[derive(Serialize, ToSchema)]
pub struct Controller {
    /// How often it was restarted by an order since the profile was opened.
    restarts: u32,
    /// It is being restarted.
    restarting: bool,
    /// What came of the last restart.
    last_restart: Option<String>,
    /// Why it cannot be restarted now; null: it can.
    no_restart: Option<String>,
    /// The search for the bit rate that goes on.
    scan: Option<Scan>,
    /// What the last search has found.
    scan_report: Option<Found>,
    /// Why the bit rate cannot be looked for now; null: it can.
    no_scan: Option<String>,
}

/// A search for the bit rate that goes on.
#[derive(Serialize, ToSchema)]
pub struct Scan {
    /// The rate that is listened at, bit/s.
    bit_rate: Option<u32>,
    /// Rates that are done.
    done: usize,
    /// Of how many.
    of: usize,
}

/// What a search for the bit rate has found.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// The rate, bit/s.
    bit_rate: Option<u32>,
    /// What that means, in a sentence.
    sentence: String,
    /// What every rate brought.
    tried: Vec<Tried>,
}

/// What one rate brought.
#[derive(Serialize, ToSchema)]
pub struct Tried {
    /// The rate, bit/s.
    bit_rate: u32,
    /// Good frames heard at it.
    frames: u64,
    /// Error frames heard at it.
    errors: u64,
    /// Why it could not be tried.
    refused: Option<String>,
}

impl From<&ControllerPicture> for Controller {
    fn from(picture: &ControllerPicture) -> Self {
        Self {
            restarts: picture.restarts,
            restarting: picture.restarting,
            last_restart: picture.last.clone(),
            no_restart: picture.no_restart.clone(),
            scan: picture.scan.map(|scan| Scan {
                bit_rate: scan.rate,
                done: scan.done,
                of: scan.of,
            }),
            scan_report: picture.report.as_deref().map(Found::from),
            no_scan: picture.no_scan.clone(),
        }
    }
}

impl From<&ScanReport> for Found {
    fn from(report: &ScanReport) -> Self {
        let tried = report.tried.iter().map(|TriedRate { rate, heard, refused }| Tried {
            bit_rate: *rate,
            frames: heard.frames,
            errors: heard.errors,
            refused: refused.clone(),
        });
        Self { bit_rate: report.found, sentence: report.sentence.clone(), tried: tried.collect() }
    }
}

/// Starts the controller of a bus anew that has taken itself off the bus after too many errors. Done
/// once and counted; after several within a minute it has to wait. Needs Send and receive CAN.
#[utoipa::path(post, path = "/api/v1/buses/{name}/restart", tag = "plant",
    params(("name" = String, Path, description = "Name of the bus")),
    responses(
        (status = 202, description = "It is being restarted", body = Begun),
        (status = 409, description = "It is not off, has no controller, or must wait"),
    ))]
pub async fn restart(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    let bus = named(&which, "bus")?;
    order(&shared, &session, RestartBus { bus: bus.clone() }).await?;
    Ok(json(StatusCode::ACCEPTED, &Begun { bus: bus.to_string() }))
}

/// Looks for the bit rate of a bus: listens at the usual ones, a second each, only while the controller
/// has confirmed that it listens only, and sets it as it was in the end. Refused while anything is sent
/// on the bus. Needs Send and receive CAN.
#[utoipa::path(post, path = "/api/v1/buses/{name}/scan", tag = "plant",
    params(("name" = String, Path, description = "Name of the bus")),
    responses(
        (status = 202, description = "It is being looked for", body = Begun),
        (status = 409, description = "The bus is armed or charges, or has no bit rate"),
    ))]
pub async fn scan(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    session.permit(UseCan)?;
    let bus = named(&which, "bus")?;
    order(&shared, &session, ScanBitRate { bus: bus.clone() }).await?;
    Ok(json(StatusCode::ACCEPTED, &Begun { bus: bus.to_string() }))
}
