//! The Buses page: how each bus is doing, how it is set, and the forms that restart its controller or
//! look for its bit rate.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::base::id::Name;
use crate::engine::{RestartBus, Right, ScanBitRate, UseCan, ViewPlant};
use crate::view::buses::BusesView;
use crate::web::api;
use crate::web::pages::can::Tab;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw, failed, go};
use crate::web::pages::wrong::give;
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/buses";

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .page(Method::GET, PLACE, can, page)
        .page(Method::POST, "/can/buses/restart", can, restart)
        .page(Method::POST, "/can/buses/scan", can, scan)
}

type Pairs = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "buses.html", config = ".config/askama.toml")]
struct BusesPage {
    shell: Shell,
    done: &'static str,
}

impl BusesPage {
    const fn tab() -> Tab {
        Tab::Buses
    }
}

/// The buses, for everybody with the permission.
#[derive(Template)]
#[template(path = "parts/bus_sheets.html", config = ".config/askama.toml")]
struct Sheets<'v> {
    view: &'v BusesView,
}

/// Adds the part that changes by itself.
pub fn add(parts: &mut live::Parts, view: &BusesView) {
    parts.add("bus-sheets", &Sheets { view });
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    let looked = ask.session.permit(UseCan).and_then(|_| ask.session.permit(ViewPlant));
    let snapshot = match looked {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    let watched = Watched::Buses;
    let parts = live::parts(&watched, &snapshot, &ask.session);
    let shell = Shell::new(&ask, "Buses", "/can", parts).live(push::address(&watched));
    draw(&BusesPage { shell, done: form::done(&query.done) })
}

fn named(pairs: Pairs) -> Result<Name, Problem> {
    let typed = Typed::from(pairs);
    api::named(typed.text("bus"), "bus")
}

async fn restart(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let asked = match named(pairs) {
        Ok(bus) => give(&shared, &ask.session, RestartBus { bus }).await,
        Err(problem) => Err(problem),
    };
    match asked {
        Ok(()) => go("/can/buses?done=bus-restart"),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn scan(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let asked = match named(pairs) {
        Ok(bus) => give(&shared, &ask.session, ScanBitRate { bus }).await,
        Err(problem) => Err(problem),
    };
    match asked {
        Ok(()) => go("/can/buses?done=bus-scan"),
        Err(problem) => failed(&problem, &ask),
    }
}
