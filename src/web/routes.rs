//! Puts the table of routes together.

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::{api, live, pages};

/// All routes.
#[must_use]
pub fn routes(shared: &Shared) -> Table {
    let table = Table::new(shared);
    let table = table.api(Method::GET, "/health", Access::Open, health);
    let table = api::routes(table);
    let table = live::routes(table);
    pages::routes(table)
}

async fn health() -> Response {
    let kind = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (kind, "{\"status\":\"ok\"}\n").into_response()
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
