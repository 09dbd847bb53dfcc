//! The web face (feature `web`): the only place with async. Stands on the door and the gate; holds
//! no seat, so no request can become the local administrator.
//!
//! | module | what it is |
//! |---|---|
//! | `listen` | the socket: connections within limits, HTTPS |
//! | `shield` | what every answer and every request must have: headers, origin, sizes |
//! | `visitor` | who asks: the session of a cookie or a bearer token |
//! | `table` | the one table of routes, each with who may use it |
//! | `routes` | puts the table together |
//! | `problem` | errors as RFC 9457 problem details |
//! | `api` | `/api/v1` as JSON |
//! | `live` | `/api/v1/live`: snapshots and changes over WebSocket |
//! | `pages` | what people see, drawn from `view` |
//!
//! A request passes `shield`, then `visitor`, then the access that its route names in the table; the
//! handler still needs a grant for whatever it looks at or orders.

mod api;
mod listen;
mod live;
mod pages;
mod problem;
mod routes;
mod shared;
mod shield;
mod table;
mod visitor;

pub use listen::{ListenError, Listener};
pub use routes::routes;
pub use shared::Shared;
pub use table::{Access, Entry, Table};
