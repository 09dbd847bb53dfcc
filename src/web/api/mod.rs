//! `/api/v1` as JSON: the same orders and queries as every face.

use crate::web::table::Table;

/// The routes of the API.
#[must_use]
pub fn routes(table: Table) -> Table {
    table
}
