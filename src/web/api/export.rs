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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{Administer, JournalFilter, Right, Session, StoreError};
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
    let turn = turns.try_acquire_owned().map_err(|_| Problem::busy(
        "Other exports of the journal are running.",
    ))?;
    let Wanted { format, who, action, target, from, until, text, outcome } = wanted;
    let format = format.unwrap_or_default();
    let filter = Parts { who, action, target, from, until, text, outcome }.filter();
    let (sender, receiver) = mpsc::channel(WAITING);
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

fn file(format: Format, receiver: mpsc::Receiver<io::Result<Bytes>>) -> Response {
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"journal.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"journal.json\""),
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
    format: Format,
    _turn: OwnedSemaphorePermit,
    give: impl Fn(io::Result<Bytes>) -> ControlFlow<()>,
) {
    let mut page = Page { format, text: String::new(), lines: 0 };
    page.begin();
    let mut gone = false;
    let read = session.permit(Administer).map_err(|_| StoreError::Closed).and_then(|grant| {
        shared.door().each_journal_line(&grant, filter, &mut |line| {
            if session.life().ended().is_some() {
                return ControlFlow::Break(());
            }
            page.add(&LineShown::from(line));
            if page.text.len() < CHUNK {
                return ControlFlow::Continue(());
            }
            let flow = give(Ok(std::mem::take(&mut page.text).into()));
            gone = flow.is_break();
            flow
        })
    });
    let last = match read {
        Ok(()) if gone => return,
        Ok(()) if session.life().ended().is_none() => {
            page.end();
            Ok(page.text.into())
        }
        Ok(()) => Err(io::Error::other("the session has ended")),
        Err(error) => {
            tracing::error!(%error, "the export of the journal");
            Err(io::Error::other("the journal cannot be read"))
        }
    };
    // Nobody left to take it is no fault.
    let _given = give(last);
}

struct Page {
    format: Format,
    text: String,
    lines: u64,
}

const COLUMNS: &str =
    "seq,at,who,face,address,action,target,before,after,outcome,note,of,hash\r\n";

impl Page {
    fn begin(&mut self) {
        self.text.push_str(match self.format {
            Format::Csv => COLUMNS,
            Format::Json => "[",
        });
    }

    fn add(&mut self, line: &LineShown) {
        self.lines += 1;
        match self.format {
            Format::Csv => self.row(line),
            Format::Json => {
                self.text.push_str(if self.lines > 1 { ",\n" } else { "\n" });
                // A line is plain values: it always has a JSON form.
                self.text.push_str(&serde_json::to_string(line).unwrap_or_default());
            }
        }
    }

    fn row(&mut self, line: &LineShown) {
        let word = |value: &Option<serde_json::Value>| {
            value.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        let outcome = serde_json::to_value(line.outcome).unwrap_or_default();
        let cells = [
            line.seq.to_string(),
            line.at.text(),
            line.who.clone(),
            line.face.clone(),
            line.address.clone().unwrap_or_default(),
            line.action.clone(),
            line.target.clone(),
            word(&line.before),
            word(&line.after),
            outcome.as_str().unwrap_or_default().to_owned(),
            line.note.clone().unwrap_or_default(),
            line.of.map(|of| of.to_string()).unwrap_or_default(),
            line.hash.clone(),
        ];
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.text.push_str(&csv_cell(cell));
        }
        self.text.push_str("\r\n");
    }

    fn end(&mut self) {
        match self.format {
            Format::Csv => {}
            Format::Json => self.text.push_str("\n]\n"),
        }
    }
}

/// A cell of a CSV file that no spreadsheet computes with.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Wall;

    fn line(who: &str) -> LineShown {
        LineShown {
            seq: 1,
            at: Time(Wall::from_nanos(0)),
            who: who.into(),
            face: "api".into(),
            address: None,
            action: "add_account".into(),
            target: "account a, \"b\"".into(),
            before: None,
            after: Some(serde_json::json!({"name": "a"})),
            outcome: JournalOutcome::Done,
            note: None,
            of: None,
            hash: "00".into(),
        }
    }

    fn written(format: Format, names: &[&str]) -> String {
        let mut page = Page { format, text: String::new(), lines: 0 };
        page.begin();
        names.iter().for_each(|name| page.add(&line(name)));
        page.end();
        page.text
    }

    #[test]
    fn a_csv_file_has_quotes_where_needed_and_no_formula() {
        let text = written(Format::Csv, &["=cmd()"]);
        let row = text.lines().nth(1).unwrap();
        assert_eq!(
            row,
            "1,1970-01-01T00:00:00.000Z,'=cmd(),api,,add_account,\"account a, \"\"b\"\"\",,\"{\"\"name\"\":\"\"a\"\"}\",done,,,00"
        );
    }

    #[test]
    fn a_json_file_is_a_list_whatever_its_length() {
        for names in [&[][..], &["a"], &["a", "b"]] {
            let text = written(Format::Json, names);
            let list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(list.len(), names.len());
        }
    }
}
