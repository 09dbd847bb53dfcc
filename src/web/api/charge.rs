//! Charging a pack: how it stands, start, change, stop, contactors, latches, the demo. A start says
//! first what will happen; a stop asks nothing, needs nothing but to be signed in, and waits for no
//! disk.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use utoipa::ToSchema;

use crate::base::id::{ComponentId, Name};
use crate::base::units::{AmpHours, Amps, Millivolts, Percent, Volts};
use crate::engine::{
    ChangeCharge, ChargePacks, ChargePicture, ClearLatches, Confirm, EngageContactors, Lease,
    OrderError, ReadSafetyText, Refusal, Right, Session, SetDemo, SetPointError, SetPoints,
    Snapshot, StartCharge, StopCharge, Ticket, ViewPlant,
};
use crate::web::api::charge_json::Charge;
use crate::web::api::give::{Answer, json, nothing, order};
use crate::web::api::pack_json::{PackKind, sources};
use crate::web::api::take::{Body, Who, Word, named_in, nullable, object};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// How often a stop is offered to a hub that has too much to do, and its answer looked for.
const LOOK: Duration = Duration::from_millis(10);
/// How many times each: about two seconds.
const LOOKS: u32 = 200;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const CHARGE: &str = "/api/v1/packs/{id}/charge";
    let charge = Access::Needs(Right::ChargePacks);
    table
        .api(Method::GET, CHARGE, Access::Needs(Right::ReadSettings), look)
        .api(Method::POST, CHARGE, charge, start)
        .api(Method::PATCH, CHARGE, charge, change)
        .api(Method::DELETE, CHARGE, Access::SignedIn, stop)
        .api(Method::DELETE, "/api/v1/charge", Access::SignedIn, stop_all)
        .api(Method::POST, "/api/v1/packs/{id}/charge/latches", charge, clear)
        .api(Method::POST, "/api/v1/packs/{id}/contactors", Access::SignedIn, contactors)
        .api(Method::POST, "/api/v1/charge/safety-text", charge, safety_text)
        .api(Method::PUT, "/api/v1/demo", Access::Needs(Right::ChangeSettings), demo)
}

/// The charge of the pack with this number or name. A single BMS goes by its own name and by that of
/// its pack.
fn find<'s>(snapshot: &'s Snapshot, which: &str) -> Result<&'s ChargePicture, Problem> {
    let named = |name: &str| snapshot.charges.iter().find(|charge| charge.pack.as_str() == name);
    let sources = sources(snapshot);
    let number = which.parse().ok();
    let numbered = sources.iter().find(|source| Some(source.id) == number);
    let source = numbered.or_else(|| sources.iter().find(|source| source.name == which));
    if let (None, Some(charge)) = (source, named(which)) {
        return Ok(charge);
    }
    let source = source.ok_or_else(|| {
        let which: String = which.chars().take(64).collect();
        let detail = format!("There is no pack \u{201c}{which}\u{201d} in the running profile.");
        Problem::not_found(detail)
    })?;
    let single = || {
        let is_it = |bmus: &[ComponentId]| match bmus {
            [only] => usize::from(only.0) == source.id,
            _ => false,
        };
        snapshot.charges.iter().find(|charge| is_it(&charge.bmus))
    };
    let found = match source.kind {
        PackKind::Single => single(),
        PackKind::Group => named(source.name),
    };
    found.map(|charge| &**charge).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "not_chargeable",
            "Not charged by itself",
            format!("The pack \u{201c}{}\u{201d} is not charged by itself.", source.name),
            "A member of a group is charged with its group; a recording is not charged.",
        )
    })
}

fn shown(shared: &Shared, session: &Session, which: &str, status: StatusCode) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    Ok(json(status, &Charge::of(&snapshot, find(&snapshot, which)?)))
}

/// How the charge of a pack stands.
#[utoipa::path(get, path = "/api/v1/packs/{id}/charge", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    responses(
        (status = 200, description = "How it stands", body = Charge),
        (status = 409, description = "This pack is not charged by itself"),
    ))]
pub async fn look(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    shown(&shared, &session, &which, StatusCode::OK)
}

/// Set points; what is left out stays, `null` takes away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ChargeSetChange)]
pub struct SetChange {
    /// Highest current, amperes.
    current_a: Option<f64>,
    /// Highest cell voltage, millivolts.
    cell_mv: Option<i32>,
    /// Highest pack voltage, volts; `null`: as the cells allow.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    pack_v: Option<Option<f64>>,
    /// State of charge to stop at; `null`: until it is full.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    soc_percent: Option<Option<f64>>,
    /// Seconds to stop after.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    seconds: Option<Option<f64>>,
    /// Ampere-hours to stop after.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    charge_ah: Option<Option<f64>>,
    /// What the socket gives, amperes of the mains; `null`: the rule's.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    mains_a: Option<Option<f64>>,
}

impl SetChange {
    fn on(&self, old: &SetPoints) -> SetPoints {
        SetPoints {
            current: self.current_a.map_or(old.current, Amps),
            cell: self.cell_mv.map_or(old.cell, Millivolts),
            pack: self.pack_v.map_or(old.pack, |new| new.map(Volts)),
            soc: self.soc_percent.map_or(old.soc, |new| new.map(Percent)),
            seconds: self.seconds.unwrap_or(old.seconds),
            charge: self.charge_ah.map_or(old.charge, |new| new.map(AmpHours)),
            mains: self.mains_a.map_or(old.mains, |new| new.map(Amps)),
        }
    }
}

/// A charge to start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeStart {
    /// Name of the charger; the only one there is may be left out.
    charger: Option<String>,
    /// What it is to do; what is left out is as usual: the highest current and cell voltage that the
    /// rules allow, until it is full.
    #[serde(default, deserialize_with = "object")]
    set: Option<SetChange>,
    /// Stops when the session that started it (or the token) has neither asked for anything nor
    /// answered on a live stream for ten seconds. Unless told so, it goes on.
    #[serde(default)]
    stop_if_i_leave: bool,
    /// Must be `true`: contactors close and current flows.
    #[serde(default)]
    confirm: bool,
}

/// The problem of a set point, about a field that stands under `prefix`.
fn wrong_set(error: &SetPointError, prefix: &str) -> Problem {
    let said = error.to_string();
    let mut chars = said.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let field = format!("{prefix}{}", error.field());
    Problem::invalid(format!("{first}{}.", chars.as_str())).about(field)
}

fn unconfirmed(detail: String) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "confirmation_needed",
        "Not confirmed",
        detail,
        "Look whether that is meant, and send it again with \"confirm\": true.",
    )
    .about("confirm")
}

/// A name as it was given, for a thing that then is there or not.
/// What a start would do, in sentences.
#[must_use]
pub fn warning(pack: &Name, charger: Option<&Name>, set: &SetPoints, lease: Lease) -> String {
    let charger =
        charger.map_or_else(|| "the charger".to_owned(), |name| format!("\u{201c}{name}\u{201d}"));
    let goes_on = match lease {
        Lease::GoesOn => "It goes on without whoever started it until it is done or stopped.",
        Lease::WhilePresent { .. } => {
            "It stops when whoever started it has been gone for ten seconds."
        }
    };
    format!(
        "This brings {charger} to the voltage of \u{201c}{pack}\u{201d}, closes its contactors and \
         charges with up to {} A until the highest cell is at {:.3} V. {goes_on} Nothing was started.",
        set.current.get(),
        f64::from(set.cell.get()) / 1000.0
    )
}

/// Starts a charge. Without `confirm` it says what would happen and does nothing.
#[utoipa::path(post, path = "/api/v1/packs/{id}/charge", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    request_body = ChargeStart,
    responses(
        (status = 202, description = "Taken up: the preconditions are looked at first", body = Charge),
        (status = 409, description = "Not confirmed, or not possible now"),
    ))]
pub async fn start(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<ChargeStart>,
) -> Answer {
    session.permit(ChargePacks)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let picture = find(&snapshot, &which)?;
    let usual = SetPoints::usual(&picture.rules);
    let set = asked.set.as_ref().map_or(usual, |change| change.on(&usual));
    set.check(&picture.rules).map_err(|error| wrong_set(&error, "set."))?;
    let charger = asked.charger.as_deref().map(|name| named_in("charger", name)).transpose()?;
    let lease =
        if asked.stop_if_i_leave { Lease::WhilePresent { present: true } } else { Lease::GoesOn };
    let pack = picture.pack.clone();
    if !asked.confirm {
        return Err(unconfirmed(warning(&pack, charger.as_ref(), &set, lease)));
    }
    order(&shared, &session, StartCharge { pack, charger, set, lease, confirm: Confirm }).await?;
    shown(&shared, &session, &which, StatusCode::ACCEPTED)
}

/// Changes the set points of a running charge, or those of the next one.
#[utoipa::path(patch, path = "/api/v1/packs/{id}/charge", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    request_body = SetChange,
    responses(
        (status = 200, description = "As it stands now", body = Charge),
        (status = 409, description = "Not possible now"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<SetChange>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let picture = find(&snapshot, &which)?;
    let set = asked.on(&picture.set);
    set.check(&picture.rules).map_err(|error| wrong_set(&error, ""))?;
    order(&shared, &session, ChangeCharge { pack: picture.pack.clone(), set }).await?;
    shown(&shared, &session, &which, StatusCode::OK)
}

/// That a stop was asked for.
#[derive(Serialize, ToSchema)]
pub struct StopAsked {
    /// The pack; `null`: every pack.
    pack: Option<String>,
    /// `done`: it is taken up. `asked`: it is on its way, and nobody has said more yet.
    stop: &'static str,
}

/// Stops the charge of a pack and opens its contactors. Everybody signed in may; it never asks.
#[utoipa::path(delete, path = "/api/v1/packs/{id}/charge", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    responses((status = 202, description = "Asked for", body = StopAsked)))]
pub async fn stop(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let pack = pack_to_stop(&shared, &session, &which)?;
    stop_now(&shared, &session, Some(pack)).await
}

/// Stops every pack. Everybody signed in may; it never asks.
#[utoipa::path(delete, path = "/api/v1/charge", tag = "charge",
    responses((status = 202, description = "Asked for", body = StopAsked)))]
pub async fn stop_all(State(shared): State<Shared>, Who(session): Who) -> Answer {
    stop_now(&shared, &session, None).await
}

/// The name of the pack that is to be stopped. Who must change the password first sees no plant, but
/// the listener's own reader knows the numbers.
fn pack_to_stop(shared: &Shared, session: &Session, which: &str) -> Result<Name, Problem> {
    let grant = session.permit(ViewPlant).ok();
    let grant = grant.or_else(|| shared.reader().and_then(|reader| reader.permit(ViewPlant).ok()));
    match grant {
        Some(grant) => Ok(find(&shared.door().look(&grant), which)?.pack.clone()),
        None => Name::new(which).map_err(|_| Problem::not_found("There is no such pack.")),
    }
}

/// What is said of a stop that is taken up, or of which nothing was heard yet.
const fn taken(is_taken_up: bool) -> &'static str {
    if is_taken_up { "done" } else { "asked" }
}

async fn stop_now(shared: &Shared, session: &Session, pack: Option<Name>) -> Answer {
    let name = pack.as_ref().map(Name::to_string);
    let stop = taken(give_stop(shared, session, pack).await?);
    Ok(json(StatusCode::ACCEPTED, &StopAsked { pack: name, stop }))
}

/// Gives the order to stop: at once, from the thread that took the request, without a turn among the
/// work that blocks. A hub that has too much to do is asked again. `true` when it said that it is
/// taken up.
///
/// # Errors
/// Not signed in any more, no such pack, or nobody took it in time.
pub async fn give_stop(
    shared: &Shared,
    session: &Session,
    pack: Option<Name>,
) -> Result<bool, Problem> {
    for _ in 0..LOOKS {
        match shared.door().submit(session, StopCharge { pack: pack.clone() }) {
            Ok(ticket) => match answered(&ticket).await {
                Some(Ok(())) => return Ok(true),
                None => return Ok(false),
                Some(Err(OrderError::Busy)) => {}
                Some(Err(error)) => return Err(error.into()),
            },
            Err(Refusal::Busy) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        sleep(LOOK).await;
    }
    Err(Problem::busy("The engine has too much to do to take the stop: use the emergency stop."))
}

/// The answer, if it comes soon.
async fn answered(ticket: &Ticket) -> Option<Result<(), OrderError>> {
    for _ in 0..LOOKS {
        match ticket.poll() {
            Some(answer) => return Some(answer),
            None => sleep(LOOK).await,
        }
    }
    None
}

/// Clears what is latched. A stop at the machine itself is cleared only there.
#[utoipa::path(post, path = "/api/v1/packs/{id}/charge/latches", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    responses(
        (status = 200, description = "As it stands now", body = Charge),
        (status = 409, description = "It can be cleared only at the machine, or something runs"),
    ))]
pub async fn clear(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let pack = find(&snapshot, &which)?.pack.clone();
    order(&shared, &session, ClearLatches { pack }).await?;
    shown(&shared, &session, &which, StatusCode::OK)
}

/// How contactors are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactorsWanted {
    /// Closed, without a charge; or open, which stops whatever runs.
    closed: bool,
    /// Must be `true` to close them; opening never asks.
    #[serde(default)]
    confirm: bool,
}

/// That contactors were asked to close or to open. It says nothing of the pack: whoever may only stop
/// is answered the same; how the pack stands is told by `GET /api/v1/packs/{id}/charge`.
#[derive(Serialize, ToSchema)]
pub struct ContactorsAsked {
    /// The pack.
    pack: String,
    /// How they are to be.
    closed: bool,
    /// `done`: it is taken up. `asked`: it is on its way, and nobody has said more yet.
    order: &'static str,
}

impl ContactorsAsked {
    fn answer(pack: &Name, closed: bool, order: &'static str) -> Response {
        json(StatusCode::ACCEPTED, &Self { pack: pack.to_string(), closed, order })
    }
}

/// Closes the contactors of a pack without a charge, or opens them. Closing needs `charge_packs`;
/// opening is a stop and open to everybody signed in.
#[utoipa::path(post, path = "/api/v1/packs/{id}/contactors", tag = "charge",
    params(("id" = String, Path, description = "Number or name of the pack")),
    request_body = ContactorsWanted,
    responses(
        (status = 202, description = "Taken up, or on its way", body = ContactorsAsked),
        (status = 409, description = "Not confirmed, or not possible now"),
    ))]
pub async fn contactors(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<ContactorsWanted>,
) -> Answer {
    if !asked.closed {
        let pack = pack_to_stop(&shared, &session, &which)?;
        let stop = taken(give_stop(&shared, &session, Some(pack.clone())).await?);
        return Ok(ContactorsAsked::answer(&pack, false, stop));
    }
    close(&shared, &session, &which, asked.confirm.then_some(Confirm)).await
}

async fn close(
    shared: &Shared,
    session: &Arc<Session>,
    which: &str,
    confirm: Option<Confirm>,
) -> Answer {
    session.permit(ChargePacks)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let pack = find(&snapshot, which)?.pack.clone();
    let Some(confirm) = confirm else {
        return Err(unconfirmed(format!(
            "This closes the contactors of \u{201c}{pack}\u{201d}: its terminals are live from then \
             on, until somebody opens them. Nothing was closed."
        )));
    };
    order(shared, session, EngageContactors { pack: pack.clone(), confirm }).await?;
    Ok(ContactorsAsked::answer(&pack, true, "done"))
}

/// Notes that whoever asks has read the safety text of charging.
#[utoipa::path(post, path = "/api/v1/charge/safety-text", tag = "charge",
    responses((status = 204, description = "Noted")))]
pub async fn safety_text(State(shared): State<Shared>, Who(session): Who) -> Response {
    match order(&shared, &session, ReadSafetyText).await {
        Ok(()) => nothing(),
        Err(problem) => axum::response::IntoResponse::into_response(problem),
    }
}

/// How the demo is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoWanted {
    /// Parked at its charger: nobody drives and nobody sends the key.
    parked: bool,
    /// How much faster than the clock its cells live.
    #[serde(default = "usual_pace")]
    #[schema(minimum = 1, maximum = 60)]
    pace: f64,
}

const fn usual_pace() -> f64 {
    1.0
}

/// Parks the simulated vehicle of the demo, or lets it drive, and hurries its cells.
#[utoipa::path(put, path = "/api/v1/demo", tag = "charge",
    request_body = DemoWanted,
    responses(
        (status = 204, description = "Done"),
        (status = 409, description = "What runs is no demo, or a charge runs"),
    ))]
pub async fn demo(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<DemoWanted>,
) -> Answer {
    if !(1.0..=60.0).contains(&asked.pace) {
        let detail = format!("pace is {}; it is from 1 to 60.", asked.pace);
        return Err(Problem::invalid(detail).about("pace"));
    }
    order(&shared, &session, SetDemo { parked: asked.parked, pace: asked.pace }).await?;
    Ok(nothing())
}
