//! What people see: pages drawn from `view`, server side, whole without a script; what changes by
//! itself is sent in parts.
//!
//! | module | what it is |
//! |---|---|
//! | `shell` | what stands around a page; pages that say no |
//! | `door` | sign-in, one-time links, sign-out |
//! | `pack`, `can`, `buses`, `plain` | the plant |
//! | `profiles`, `exchange` | profiles, and packs of them for other machines |
//! | `components` | adding and changing components |
//! | `trace`, `send` | every frame in its order; sending by hand |
//! | `charge`, `charges` | charging, and the reports of charges |
//! | `users`, `user_forms`, `services`, `sessions`, `journal`, `settings` | people and the system |
//! | `kiosk` | the page for displays that sign themselves in |
//! | `system` | doctor, information, licences, log, feedback |
//! | `backup` | everything that is kept, as one file |
//! | `form`, `wrong` | what was typed, and what is wrong with it |
//! | `live`, `push` | the parts that change by themselves, and the stream that sends them |
//! | `paint`, `theme`, `trend`, `icons` | classes, colours, drawings |
//! | `assets` | style sheets, script, fonts |

mod assets;
mod backup;
mod brought;
mod buses;
mod can;
mod charge;
mod charges;
mod components;
mod custom;
mod dbc;
mod discover;
mod door;
mod exchange;
mod filters;
mod form;
mod icons;
mod journal;
mod kiosk;
mod live;
mod pack;
mod paint;
mod plain;
mod profiles;
mod push;
mod recordings;
mod replay;
mod rules;
mod send;
mod services;
mod sessions;
mod settings;
mod shell;
pub mod system;
#[cfg(test)]
mod tests;
mod theme;
mod trace;
mod trend;
mod user_forms;
mod users;
mod wrong;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::Method;

use crate::engine::Right;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

pub use assets::version as files;
pub use shell::{nothing_there, refused, turned_away};

/// The pages.
#[must_use]
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    let press = Arc::new(push::Press::default());
    let stream = move |shared: State<Shared>,
                       ask: shell::Ask,
                       query: Query<push::LiveQuery>,
                       upgrade: WebSocketUpgrade| {
        push::live(shared, Arc::clone(&press), ask, query, upgrade)
    };
    let table = table
        .page(Method::GET, "/assets/{set}/{name}", Access::Open, assets::asset)
        .page(Method::GET, "/", read, pack::page)
        .page(Method::GET, "/pack", read, pack::page)
        .page(Method::GET, "/can", Access::Needs(Right::SendReceiveCan), can::page)
        .page(Method::GET, "/can/complete", Access::Needs(Right::SendReceiveCan), can::complete)
        .page(Method::GET, "/parts", read, plain::parts)
        .page(Method::GET, "/about", read, plain::about)
        .page(Method::GET, "/live/pages", read, stream);
    let table = filters::routes(table);
    let table = trace::routes(table);
    let table = send::routes(table);
    let table = dbc::routes(table);
    let table = discover::routes(table);
    let table = profiles::routes(table);
    let table = exchange::routes(table);
    let table = custom::routes(table);
    let table = replay::routes(table);
    let table = buses::routes(table);
    let table = recordings::routes(table);
    let table = charge::routes(table);
    let table = charges::routes(table);
    let table = rules::routes(table);
    let table = components::routes(table);
    let table = door::routes(table);
    let table = user_forms::routes(table);
    let table = services::routes(table);
    let table = sessions::routes(table);
    let table = journal::routes(table);
    let table = kiosk::routes(table);
    let table = system::routes(table);
    let table = backup::routes(table);
    settings::routes(table)
}

/// A text as a part of an address.
#[must_use]
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => _ = write!(escaped, "%{other:02X}"),
        }
    }
    escaped
}
