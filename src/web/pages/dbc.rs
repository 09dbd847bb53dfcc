//! The DBC page: what the buses are read by, the chosen message with its values and its bits as a
//! picture, the files that are kept, and by which a bus is read.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{ChangeSettings, Right, UseCan, ViewPlant};
use crate::view::compose::dbc::{self, SignalWatch};
use crate::view::dbc::{DbcKey, DbcPrefs, DbcView, LayoutView};
use crate::web::api::dbc as files;
use crate::web::api::dbc_json::DbcEntry;
use crate::web::pages::can::Tab;
use crate::web::pages::escaped;
use crate::web::pages::form::Typed;
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::aside;
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/dbc";
/// Frames of the trace that figures are made of.
const FRAMES: usize = 300_000;
/// Longest filter, in characters.
const FILTER_CHARS: usize = 500;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    table.page(Method::GET, PLACE, Access::Needs(Right::SendReceiveCan), page).page(
        Method::POST,
        PLACE,
        change,
        act,
    )
}

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DbcQuery {
    /// Only messages that this filter lets through.
    filter: String,
    /// The chosen message: bus, source and message.
    m: String,
}

impl DbcQuery {
    fn key(&self) -> Option<DbcKey> {
        let mut parts = self.m.split('-');
        let (bus, source) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(DbcKey { bus, source, message: parts.next()?.parse().ok()? })
    }
}

/// A cell of the picture.
struct Cell {
    x: usize,
    y: usize,
    fill: String,
    wrong: bool,
    value: String,
    label: String,
    hover: String,
}

#[derive(Template)]
#[template(path = "dbc.html", config = ".config/askama.toml")]
struct DbcPage {
    shell: Shell,
    query: DbcQuery,
    view: DbcView,
    cells: Vec<Cell>,
    rows: usize,
    kept: Vec<DbcEntry>,
    buses: Vec<String>,
    may_change: bool,
    said: String,
}

impl DbcPage {
    const fn tab() -> Tab {
        Tab::Dbc
    }

    /// The address with another message.
    fn choose(&self, key: &DbcKey) -> String {
        let filter = escaped(&self.query.filter);
        format!("{PLACE}?filter={filter}&m={}-{}-{}", key.bus, key.source, key.message)
    }

    fn is(&self, key: &DbcKey) -> bool {
        self.query.key() == Some(*key)
    }

    /// The height of the picture.
    const fn height(&self) -> usize {
        20 + self.rows * 26
    }
}

/// The colour of the signal at this position.
fn colour(signal: u16) -> String {
    let hue = (f32::from(signal) * 0.618_034 + 0.56).fract() * 360.0;
    format!("hsl({hue:.0}, 60%, 72%)")
}

fn cells(layout: &LayoutView) -> Vec<Cell> {
    let owner = |at: usize| layout.cells.get(at).and_then(|cell| cell.signals.first().copied());
    let cell = |(at, cell): (usize, &crate::view::dbc::BitCell)| {
        let signal = cell.signals.first().copied();
        // A name stands once in each row, over its first bit there.
        let begins = at % 8 == 0 || owner(at.wrapping_sub(1)) != signal;
        let name = signal.and_then(|signal| layout.names.get(usize::from(signal)));
        Cell {
            x: 30 + at % 8 * 70,
            y: 20 + at / 8 * 26,
            fill: signal.map_or_else(|| "none".to_owned(), colour),
            wrong: cell.wrong,
            value: cell.value.map_or_else(String::new, |value| value.to_string()),
            label: name.filter(|_| begins).cloned().unwrap_or_default(),
            hover: cell.hover.clone(),
        }
    };
    layout.cells.iter().enumerate().map(cell).collect()
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<DbcQuery>) -> Response {
    match made(&shared, &ask, query, String::new()).await {
        Ok(page) => draw_as(StatusCode::OK, &page),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn made(
    shared: &Shared,
    ask: &Ask,
    query: DbcQuery,
    said: String,
) -> Result<DbcPage, Problem> {
    let grant = ask.session.permit(UseCan)?;
    let (reel, shelf) = (shared.door().reel(&grant), shared.door().dbcs(&grant));
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    let filter: String = query.filter.chars().take(FILTER_CHARS).collect();
    let prefs = DbcPrefs { filter, selected: query.key(), ..DbcPrefs::default() };
    let buses = snapshot.buses.iter().map(|bus| bus.name.to_string()).collect();
    let (view, kept) = aside(shared, move |_| {
        let mut watch = SignalWatch::default();
        watch.look(&snapshot, &reel, prefs.selected, FRAMES);
        Ok((dbc::dbc(&snapshot, &prefs, &watch), files::all(&shelf, &snapshot)?))
    })
    .await?;
    let layout = view.selected.as_ref().map(|message| &message.layout);
    let cells = layout.map(cells).unwrap_or_default();
    Ok(DbcPage {
        shell: plain::framed(shared, ask, "DBC", "/can")?,
        rows: cells.len() / 8,
        cells,
        query,
        view,
        kept,
        buses,
        may_change: ask.session.permit(ChangeSettings).is_ok(),
        said,
    })
}

async fn act(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    match carry_out(&shared, &ask, &typed).await {
        Ok(()) => go(PLACE),
        Err(problem) => {
            let said = problem.detail().to_owned();
            match made(&shared, &ask, DbcQuery::default(), said).await {
                Ok(page) => draw_as(problem.status(), &page),
                // Whoever may change settings need not be one who may look.
                Err(_) => failed(&problem, &ask),
            }
        }
    }
}

async fn carry_out(shared: &Shared, ask: &Ask, typed: &Typed) -> Result<(), Problem> {
    let name = files::named(typed.text("name").trim())?;
    let session = &ask.session;
    match typed.text("do") {
        "keep" => {
            let bytes = typed.text("text").as_bytes().to_vec();
            files::keep(shared, session, (name, bytes), None).await.map(|_| ())
        }
        "remove" => {
            let snapshot = shared.door().look(&session.permit(ViewPlant)?);
            files::take_away(shared, session, name, &snapshot, None).await
        }
        "assign" => files::give_to(shared, session, &name, typed.text("bus")).await.map(|_| ()),
        "unassign" => files::take_from(shared, session, &name, typed.text("bus")).await.map(|_| ()),
        _ => Err(Problem::invalid("There is no such thing to do with a DBC file.")),
    }
}
