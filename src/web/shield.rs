//! What every answer and every request must have, whatever the route: headers, origin, sizes, times.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::web::shared::Shared;

/// Stands around all routes.
pub async fn shield(State(_shared): State<Shared>, request: Request, next: Next) -> Response {
    next.run(request).await
}
