//! The Journal page: filter, pages, check of the chain, and the journal as a file.

use std::io;
use std::ops::ControlFlow;

use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::tz::TimeZone;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::engine::{Administer, JournalFilter, JournalLine, JournalPage as Lines, Right};
use crate::view::compose;
use crate::view::export::{Format, JournalExport};
use crate::view::journal::{JournalPrefs, JournalView};
use crate::view::shown::Note;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed};
use crate::web::pages::wrong::{Wrong, aside};
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Lines on a page.
const LINES: usize = 100;
/// Pieces of a file that wait to be sent.
const PIECES: usize = 8;
/// Size of a piece, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let administer = Access::Needs(Right::Administrator);
    table
        .page(Method::GET, "/journal", administer, page)
        .page(Method::GET, "/journal/csv", administer, csv)
        .page(Method::GET, "/journal/json", administer, json)
}

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct JournalQuery {
    who: String,
    action: String,
    target: String,
    text: String,
    outcome: String,
    from: String,
    until: String,
    before: String,
    verify: String,
}

impl JournalQuery {
    fn prefs(&self) -> JournalPrefs {
        JournalPrefs {
            who: self.who.clone(),
            action: self.action.clone(),
            target: self.target.clone(),
            text: self.text.clone(),
            outcome: self.outcome.clone(),
            from: self.from.clone(),
            until: self.until.clone(),
        }
    }

    /// The filter as a part of an address.
    fn here(&self) -> String {
        let fields = [
            ("who", &self.who),
            ("action", &self.action),
            ("target", &self.target),
            ("text", &self.text),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let said = fields.iter().filter(|(_, value)| !value.is_empty());
        let said: Vec<String> =
            said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        said.join("&")
    }

    fn filter(&self) -> Result<JournalFilter, Problem> {
        let filter = compose::journal::filter(&self.prefs(), &TimeZone::system());
        filter.map_err(|error| {
            let said = error.to_string();
            let mut chars = said.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            Problem::invalid(format!("{first}{}.", chars.as_str()))
        })
    }
}

#[derive(Template)]
#[template(path = "journal.html", config = ".config/askama.toml")]
struct JournalPage {
    shell: Shell,
    view: JournalView,
    prefs: JournalPrefs,
    here: String,
    paged: bool,
    verdict: Option<Note>,
    wrong: Wrong,
}

async fn page(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<JournalQuery>,
) -> Response {
    match draw_page(&shared, &ask, query).await {
        Ok(response) => response,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn draw_page(shared: &Shared, ask: &Ask, query: JournalQuery) -> Result<Response, Problem> {
    let before = query.before.parse().ok();
    let verify = query.verify == "yes";
    let (lines, wrong, status) = match query.filter() {
        Ok(filter) => {
            let session = ask.session.clone();
            let read = move |shared: &Shared| -> Result<Lines, Problem> {
                let grant = session.permit(Administer)?;
                Ok(shared.door().journal(&grant, &filter, before, LINES)?)
            };
            (aside(shared, read).await?, Wrong::nothing(), StatusCode::OK)
        }
        Err(problem) => (Lines::default(), Wrong::from(&problem), problem.status()),
    };
    let verdict = if verify {
        let session = ask.session.clone();
        let check = move |shared: &Shared| -> Result<Note, Problem> {
            let grant = session.permit(Administer)?;
            Ok(compose::journal::verdict(&shared.door().verify_journal(&grant)?))
        };
        Some(aside(shared, check).await?)
    } else {
        None
    };
    let prefs = query.prefs();
    let zone = TimeZone::system();
    let page = JournalPage {
        shell: plain::framed(shared, ask, "Journal", "/journal")?,
        view: compose::journal::journal(&lines, &prefs, &ask.session, &zone),
        here: query.here(),
        paged: before.is_some(),
        prefs,
        verdict,
        wrong,
    };
    Ok(draw_as(status, &page))
}

async fn csv(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<JournalQuery>,
) -> Response {
    file(shared, ask, query, Format::Csv)
}

async fn json(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<JournalQuery>,
) -> Response {
    file(shared, ask, query, Format::Json)
}

/// Sends the journal as a file, piece by piece: a reader that stalls holds a few pieces, no more.
fn file(shared: Shared, ask: Ask, query: JournalQuery, format: Format) -> Response {
    let filter = match query.filter() {
        Ok(filter) => filter,
        Err(problem) => return failed(&problem, &ask),
    };
    let (sender, receiver) = mpsc::channel::<io::Result<Vec<u8>>>(PIECES);
    let session = ask.session;
    let work = move || {
        let written = write(&shared, &session, &filter, format, &sender);
        if let Err(error) = written {
            // The file ends early: a browser says so.
            drop(sender.blocking_send(Err(error)));
        }
    };
    // It waits for whoever reads, so it has a thread of its own and not one that others wait for.
    drop(tokio::task::spawn_blocking(work));
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let name = format!("attachment; filename=\"busbar-journal.{}\"", format.code());
    let kind = HeaderValue::from_static(format.content_type());
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn write(
    shared: &Shared,
    session: &crate::engine::Session,
    filter: &JournalFilter,
    format: Format,
    sender: &mpsc::Sender<io::Result<Vec<u8>>>,
) -> io::Result<()> {
    let grant = session.permit(Administer).map_err(io::Error::other)?;
    let mut piece = Vec::with_capacity(PIECE_BYTES + 4096);
    let mut export = JournalExport::begin(format, &mut piece)?;
    let mut failed = None;
    let mut take = |line: JournalLine| -> ControlFlow<()> {
        if let Err(error) = export.line(&line, &mut piece) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        let gone = piece.len() >= PIECE_BYTES
            && sender.blocking_send(Ok(std::mem::take(&mut piece))).is_err();
        if gone || session.life().ended().is_some() {
            failed = Some(io::Error::other("whoever reads has gone"));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    shared
        .door()
        .each_journal_line(&grant, filter, &mut take)
        .map_err(|error| io::Error::other(error.to_string()))?;
    if let Some(error) = failed {
        return Err(error);
    }
    export.end(&mut piece)?;
    sender.blocking_send(Ok(piece)).map_err(|_| io::Error::other("whoever reads has gone"))
}
