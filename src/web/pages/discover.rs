//! The Discover pages: what talks on a bus or in a recording, and the way to add it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{ChangeSettings, Right, ViewPlant};
use crate::view::compose;
use crate::view::discovery::{DiscoveryView, FoundView};
use crate::web::api::talks_in_recording;
use crate::web::pages::shell::{Ask, Shell, draw, failed};
use crate::web::pages::wrong::aside;
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/parts/discover";

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table.page(Method::GET, PLACE, Access::Needs(Right::ChangeSettings), page).page(
        Method::GET,
        "/can/recordings/{name}/discover",
        can,
        recorded,
    )
}

#[derive(Template)]
#[template(path = "discover_recording.html", config = ".config/askama.toml")]
struct RecordingPage {
    shell: Shell,
    name: String,
    view: DiscoveryView,
}

#[derive(Template)]
#[template(path = "discover.html", config = ".config/askama.toml")]
struct DiscoverPage {
    shell: Shell,
    view: DiscoveryView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    bus: String,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(asked): Query<Asked>) -> Response {
    match drawn(&shared, &ask, asked.bus).await {
        Ok(page) => draw(&page),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn drawn(shared: &Shared, ask: &Ask, bus: String) -> Result<DiscoverPage, Problem> {
    ask.session.permit(ChangeSettings)?;
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    let session = Arc::clone(&ask.session);
    let looked =
        aside(shared, move |_| Ok(compose::discovery::discovery(&snapshot, &session, &bus)));
    let view = looked.await?;
    Ok(DiscoverPage { shell: plain::framed(shared, ask, "Discover", "/parts")?, view })
}

/// What talks in a recording of the folder.
async fn recorded(State(shared): State<Shared>, ask: Ask, Path(name): Path<String>) -> Response {
    let looked = async {
        let (snapshot, found) = talks_in_recording(&shared, &ask.session, name.clone()).await?;
        let view = compose::discovery::in_recording(&snapshot, &ask.session, found);
        Ok::<_, Problem>((plain::framed(&shared, &ask, "Devices in a recording", "/can")?, view))
    };
    match looked.await {
        Ok((shell, view)) => draw(&RecordingPage { shell, name, view }),
        Err(problem) => failed(&problem, &ask),
    }
}

/// Where the form to add it is, with its fields filled in.
fn form(found: &FoundView) -> String {
    let fields = found.fields.iter();
    let fields = fields.map(|(name, value)| format!("&{}={}", escaped(name), escaped(value)));
    format!("/parts/add?kind={}{}", escaped(&found.kind), fields.collect::<String>())
}
