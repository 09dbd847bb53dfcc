//! The journal as a file, sent while it is read: whoever takes it slowly holds up nobody for long.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, channel as bounded};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{Administer, JournalFilter, Right, Session};
use crate::view::export::{self, JournalExport};
use crate::web::api::give::{Answer, Time};
use crate::web::api::journal::{LineShown, Parts};
use crate::web::api::take::{Asked, Who};
use crate::web::api::words::JournalOutcome;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Exports at once; each holds a connection to the database.
const AT_ONCE: usize = 2;
/// Chunks that may wait for whoever takes them.
const WAITING: usize = 8;
/// Bytes of a chunk, roughly.
const CHUNK: usize = 32 * 1024;
/// How long a chunk waits for whoever takes it before the export is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Enters the route.
pub fn routes(table: Table) -> Table {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let export = move |shared: State<Shared>, who: Who, asked: Asked<Wanted>| {
        export(Arc::clone(&turns), shared, who, asked)
    };
    let access = Access::Needs(Right::Administrator);
    table.api(Method::GET, "/api/v1/journal/export", access, export)
}

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated values with a line of names, RFC 4180.
    #[default]
    Csv,
    /// A JSON list of lines as in `GET /api/v1/journal`.
    Json,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
        }
    }
}

/// Which lines are wanted, and in which form.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// In which form; CSV unless told otherwise.
    format: Option<Format>,
    /// Part of who did it.
    who: Option<String>,
    /// What was done, whole.
    action: Option<String>,
    /// Part of what it was done on.
    target: Option<String>,
    /// Not before this moment.
    from: Option<Time>,
    /// Before this moment.
    until: Option<Time>,
    /// Anywhere in the line.
    text: Option<String>,
    /// How it ended.
    outcome: Option<JournalOutcome>,
}

/// The journal as a file, oldest line first. In CSV, a text that a spreadsheet would take for a
/// formula has an apostrophe in front.
#[utoipa::path(get, path = "/api/v1/journal/export", tag = "journal", params(Wanted),
    responses((status = 200, description = "The file", content(
        (String = "text/csv"),
        (Vec<LineShown> = "application/json"),
    ))))]
async fn export(
    turns: Arc<Semaphore>,
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    session.permit(Administer)?;
    let turn = turns
        .try_acquire_owned()
        .map_err(|_| Problem::busy("Other exports of the journal are running."))?;
    let Wanted { format, who, action, target, from, until, text, outcome } = wanted;
    let format = format.unwrap_or_default();
    let filter = Parts { who, action, target, from, until, text, outcome }.filter();
    let (sender, receiver) = bounded(WAITING);
    let runtime = tokio::runtime::Handle::current();
    let give = move |chunk: io::Result<Bytes>| {
        let sent = runtime.block_on(tokio::time::timeout(PATIENCE, sender.send(chunk)));
        match sent {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) | Err(_) => ControlFlow::Break(()),
        }
    };
    tokio::task::spawn_blocking(move || write(&shared, &session, &filter, format, turn, give));
    Ok(file(format, receiver))
}

fn file(format: Format, receiver: Receiver<io::Result<Bytes>>) -> Response {
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let kind = export::Format::from(format).content_type();
    let name = match format {
        Format::Csv => "attachment; filename=\"journal.csv\"",
        Format::Json => "attachment; filename=\"journal.json\"",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// Reads the journal line by line and gives it away in chunks. An export that ends early ends with
/// an error, so that nobody takes it for the whole.
fn write(
    shared: &Shared,
    session: &Session,
    filter: &JournalFilter,
    form: Format,
    _turn: OwnedSemaphorePermit,
    give: impl Fn(io::Result<Bytes>) -> ControlFlow<()>,
) {
    // Nobody left to take it is no fault.
    let _given = match text(shared, session, filter, form, &give) {
        Ok(rest) => give(Ok(rest.into())),
        Err(error) => {
            tracing::warn!(%error, "an export of the journal ended early");
            give(Err(error))
        }
    };
}

fn text(
    shared: &Shared,
    session: &Session,
    filter: &JournalFilter,
    form: Format,
    give: &impl Fn(io::Result<Bytes>) -> ControlFlow<()>,
) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut export = JournalExport::begin(form.into(), &mut text)?;
    let mut failed: Option<io::Error> = None;
    let grant = session.permit(Administer).map_err(io::Error::other)?;
    let read = shared.door().each_journal_line(&grant, filter, &mut |line| {
        if let Some(ended) = session.life().ended() {
            failed = Some(io::Error::other(ended.sentence()));
        } else if let Err(error) = export.line(&line, &mut text) {
            failed = Some(error);
        } else if text.len() < CHUNK || give(Ok(std::mem::take(&mut text).into())).is_continue() {
            return ControlFlow::Continue(());
        } else {
            failed = Some(io::Error::other("nobody takes it"));
        }
        ControlFlow::Break(())
    });
    read.map_err(io::Error::other)?;
    match failed {
        Some(error) => Err(error),
        None => {
            export.end(&mut text)?;
            Ok(text)
        }
    }
}
