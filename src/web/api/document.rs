//! The document of the API, OpenAPI 3.1. It is part of the program as a file; what makes that file, out of
//! what stands beside each route, is in `made`, and a test holds that the one is what the other makes.

use axum::body::Bytes;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

#[cfg(test)]
mod made;

/// Where the document is.
pub const PLACE: &str = "/api/v1/openapi.json";

/// The document, as it was made last.
pub const DOCUMENT: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/api.json"));

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let show = || std::future::ready(shown());
    let table = table.api(Method::GET, PLACE, Access::Open, show);
    table.api(Method::GET, "/api/v1/health", Access::Open, health)
}

fn shown() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Bytes::from_static(DOCUMENT)).into_response()
}

/// Says that the listener answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "system", security(()),
    responses((status = 200, description = "It does", body = Health)))]
async fn health(state: axum::extract::State<Shared>) -> Response {
    crate::web::routes::health(state).await
}

/// How the listener is.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[cfg_attr(not(test), expect(dead_code, reason = "only the document shows it"))]
struct Health {
    /// `ok`, or `fault` where the live state has not been renewed for too long.
    status: &'static str,
}
