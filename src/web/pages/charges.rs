//! The charges that were, and the report of one: as a page and as files.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{ChargeFilter, ChargePage as Kept, ChargeReport, Right, ViewPlant};
use crate::view::compose;
use crate::view::report::{ReportView, ReportsView};
use crate::web::api::{ReportFile, report_file};
use crate::web::pages::shell::{Ask, Shell, draw, failed};
use crate::web::pages::wrong::aside;
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Charges on a page.
const CHARGES: usize = 50;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    table
        .page(Method::GET, "/charges", read, page)
        .page(Method::GET, "/charges/{id}", read, report)
        .page(Method::GET, "/charges/{id}/html", read, html)
        .page(Method::GET, "/charges/{id}/csv", read, csv)
}

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ChargesQuery {
    pack: String,
    before: String,
}

#[derive(Template)]
#[template(path = "charges.html", config = ".config/askama.toml")]
struct ChargesPage {
    shell: Shell,
    view: ReportsView,
    pack: String,
    paged: bool,
}

#[derive(Template)]
#[template(path = "report.html", config = ".config/askama.toml")]
struct ReportPage {
    shell: Shell,
    view: ReportView,
}

impl ChargesPage {
    fn here(&self) -> String {
        format!("/charges?pack={}", escaped(&self.pack))
    }
}

async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<ChargesQuery>,
) -> Response {
    match draw_list(&shared, &ask, query).await {
        Ok(response) => response,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn draw_list(shared: &Shared, ask: &Ask, query: ChargesQuery) -> Result<Response, Problem> {
    let before: Option<u64> = query.before.parse().ok();
    let filter = ChargeFilter { pack: Some(query.pack.clone()).filter(|pack| !pack.is_empty()) };
    let session = ask.session.clone();
    let kept: Kept = aside(shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        Ok(shared.door().charges(&grant, &filter, before, CHARGES)?)
    })
    .await?;
    Ok(draw(&ChargesPage {
        shell: plain::framed(shared, ask, "Charges", "/charge")?,
        view: compose::report::list(&kept, &TimeZone::system()),
        pack: query.pack,
        paged: before.is_some(),
    }))
}

/// The kept charge with this number.
async fn kept(shared: &Shared, ask: &Ask, id: &str) -> Result<ChargeReport, Problem> {
    let gone = || Problem::not_found("There is no charge with this number.");
    let id: u64 = id.parse().map_err(|_| gone())?;
    let session = ask.session.clone();
    let found = aside(shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        Ok(shared.door().charge(&grant, id)?)
    });
    found.await?.ok_or_else(gone)
}

async fn report(State(shared): State<Shared>, ask: Ask, Path(id): Path<String>) -> Response {
    let charge = match kept(&shared, &ask, &id).await {
        Ok(charge) => charge,
        Err(problem) => return failed(&problem, &ask),
    };
    let now = shared.door().clock().wall();
    let view = compose::report::report(&charge, &TimeZone::system(), now);
    match plain::framed(&shared, &ask, "Report", "/charge") {
        Ok(shell) => draw(&ReportPage { shell, view }),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn html(state: State<Shared>, ask: Ask, id: Path<String>) -> Response {
    file(state, ask, id, ReportFile::Html).await
}

async fn csv(state: State<Shared>, ask: Ask, id: Path<String>) -> Response {
    file(state, ask, id, ReportFile::Csv).await
}

async fn file(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    kind: ReportFile,
) -> Response {
    let made = match kept(&shared, &ask, &id).await {
        Ok(charge) => report_file(&charge, kind, shared.door().clock().wall()),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(mut response) => {
            let keep = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, keep);
            response.into_response()
        }
        Err(problem) => failed(&problem, &ask),
    }
}
