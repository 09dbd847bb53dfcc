//! The Discover page: what talks on a bus, and the way to add it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{ChangeSettings, Right, ViewPlant};
use crate::view::compose;
use crate::view::discovery::{DiscoveryView, FoundView};
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
    table.page(Method::GET, PLACE, Access::Needs(Right::ChangeSettings), page)
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

impl DiscoverPage {
    /// Where the form to add it is, with its fields filled in.
    fn form(&self, found: &FoundView) -> String {
        let fields = found.fields.iter();
        let fields = fields.map(|(name, value)| format!("&{}={}", escaped(name), escaped(value)));
        format!("/parts/add?kind={}{}", escaped(&found.kind), fields.collect::<String>())
    }
}
