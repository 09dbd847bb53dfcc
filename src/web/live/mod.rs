//! `/api/v1/live`: snapshots and changes over WebSocket.

use crate::web::table::Table;

/// The routes of the live streams.
#[must_use]
pub fn routes(table: Table) -> Table {
    table
}
