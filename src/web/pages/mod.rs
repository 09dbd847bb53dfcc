//! What people see: pages drawn from `view`.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::web::problem::Problem;
use crate::web::table::Table;
use crate::web::visitor::Visitor;

/// The pages.
#[must_use]
pub fn routes(table: Table) -> Table {
    table
}

/// The answer to somebody who may not see a page.
pub fn turned_away(problem: &Problem, _visitor: &Visitor, _uri: &Uri) -> Response {
    problem.clone().into_response()
}

/// The page for an address with nothing behind it.
pub fn nothing_there() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response()
}
