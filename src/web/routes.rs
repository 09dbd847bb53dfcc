//! Puts the table of routes together.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::engine::ViewPlant;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::{api, live, metrics, pages};

/// From this age on the newest picture says that something hangs.
const OLD: Duration = Duration::from_secs(90);

/// All routes.
#[must_use]
pub fn routes(shared: &Shared) -> Table {
    let table = Table::new(shared);
    let table = table.api(Method::GET, "/health", Access::Open, health);
    let table = metrics::routes(table);
    let table = api::routes(table);
    let table = live::routes(table);
    pages::routes(table)
}

/// Whether this machine answers and its live state is live; says nothing more to whoever asks.
pub async fn health(State(shared): State<Shared>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    if is_well(&shared) {
        (kind, "{\"status\":\"ok\"}\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, kind, "{\"status\":\"fault\"}\n").into_response()
    }
}

/// Whether the newest picture is as new as it should be. Where nothing happens there is one a minute.
fn is_well(shared: &Shared) -> bool {
    let Some(grant) = shared.reader().and_then(|reader| reader.permit(ViewPlant).ok()) else {
        return true;
    };
    let clock = shared.door().clock();
    let age = clock.now().since(shared.door().look(&grant).at);
    !clock.runs_by_itself() || age < OLD
}

/// There is nothing at this address; the same answer for whoever asks.
pub async fn nothing_there(request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        Problem::not_found("There is nothing at this address.").into_response()
    } else {
        pages::nothing_there()
    }
}

/// The address is there, but not for this method.
pub async fn not_that_way() -> Response {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Not this method",
        "This address does not take this method.",
        "The header Allow says which it takes.",
    )
    .into_response()
}
