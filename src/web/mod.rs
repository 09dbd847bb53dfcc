//! The web face (feature `web`): the only place with async. Stands on the door and the gate; holds
//! no seat, so no request can become the local administrator.
//!
//! | module | what it is |
//! |---|---|
//! | `listen` | the socket: connections within limits |
//! | `tls` | HTTPS: certificates, given or made |
//! | `known` | what the kept DBC files say, taken apart once |
//! | `limits` | what connections and requests may take |
//! | `site` | how the listener is found: names, origins |
//! | `shield` | what every answer and every request must have: headers, names, sizes, times |
//! | `visitor` | who asks: the session of a cookie or a bearer token; cookies |
//! | `origin` | whether a browser asks for one of our own pages or for another site's |
//! | `sealed` | the fields of a form that one of our own pages posts |
//! | `table` | the one table of routes, each with who may use it |
//! | `routes` | puts the table together |
//! | `metrics` | `/metrics` as text for Prometheus |
//! | `problem` | errors as RFC 9457 problem details |
//! | `api` | `/api/v1` as JSON |
//! | `live` | `/api/v1/live`: snapshots and changes over WebSocket |
//! | `pages` | what people see, drawn from `view` |
//!
//! A request passes `shield`, then `visitor`, then the access that its route names in the table; the
//! handler still needs a grant for whatever it looks at or orders.

mod api;
mod known;
mod limits;
mod listen;
mod live;
mod metrics;
mod origin;
mod pages;
mod problem;
mod routes;
mod sealed;
mod shared;
mod shield;
mod site;
mod table;
mod tls;
mod visitor;

pub use limits::Limits;
pub use listen::{ListenError, Listener, Socket};
#[cfg(any(test, feature = "testing"))]
pub use live::inside as live_inside;
pub use routes::routes;
pub use shared::{Counted, Counts, Shared};
pub use site::Site;
pub use table::{Access, Audience, Entry, Table};
pub use tls::{Certificate, TlsError};
