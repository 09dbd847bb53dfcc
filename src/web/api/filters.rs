//! The filters that an account keeps by a name: its own, on every browser and for every program of it.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{ForgetFilter, KeepFilter, Right, SavedFilter, UseCan};
use crate::web::api::give::{Answer, List, aside, json, nothing, order};
use crate::web::api::take::{Body, Who, Word};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ONE: &str = "/api/v1/filters/{name}";
    let can = Access::Needs(Right::SendReceiveCan);
    table.api(Method::GET, "/api/v1/filters", can, list).api(Method::PUT, ONE, can, keep).api(
        Method::DELETE,
        ONE,
        can,
        forget,
    )
}

/// A filter to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterWanted {
    /// What it asks, in the language of every filter: `id:600..6FF msg:*cell*`.
    filter: String,
}

/// A filter that is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptFilter)]
pub struct FilterShown {
    /// Its name.
    name: String,
    /// What it asks.
    filter: String,
}

impl From<SavedFilter> for FilterShown {
    fn from(one: SavedFilter) -> Self {
        Self { name: one.name, filter: one.text }
    }
}

/// Lists the filters that this account keeps. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/filters", tag = "plant",
    responses((status = 200, description = "All of them, by name", body = List<FilterShown>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let kept = aside(&shared, move |shared| {
        Ok(shared.door().filters(&session.permit(UseCan)?, &session)?)
    });
    let items = kept.await?.into_iter().map(FilterShown::from).collect();
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Keeps a filter by a name for this account; one of the same name is replaced, whichever size its
/// letters have. At most 50 are kept. Needs Send and receive CAN.
#[utoipa::path(put, path = "/api/v1/filters/{name}", tag = "plant",
    params(("name" = String, Path, description = "What it is to be called")),
    request_body = FilterWanted,
    responses(
        (status = 200, description = "It is kept", body = FilterShown),
        (status = 409, description = "It asks nothing, cannot be read, or there are too many"),
    ))]
pub async fn keep(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    Body(asked): Body<FilterWanted>,
) -> Answer {
    let filter = SavedFilter { name, text: asked.filter };
    let kept = order(&shared, &session, KeepFilter { filter }).await?;
    Ok(json(StatusCode::OK, &FilterShown::from(kept)))
}

/// Forgets a filter that this account keeps. Needs Send and receive CAN.
#[utoipa::path(delete, path = "/api/v1/filters/{name}", tag = "plant",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is no longer kept"),
        (status = 404, description = "None of this name is kept"),
    ))]
pub async fn forget(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    order(&shared, &session, ForgetFilter { name }).await?;
    Ok(nothing())
}
