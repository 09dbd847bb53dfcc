//! The page of recordings: what runs, starting another, and the recordings in the folder, to be taken
//! along, brought and deleted.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use futures_util::stream;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{
    DeleteRecording, ForgetRecording, Right, StartRecording, StopRecording, UseCan, ViewPlant,
};
use crate::view::compose::recordings::{self, entry};
use crate::view::recordings::{RecordPrefs, RecordView, ShelfView};
use crate::view::text;
use crate::web::api::{send_recording, take_in_recording};
use crate::web::pages::brought::Brought;
use crate::web::pages::can::Tab;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::live::{self, Watched};
use crate::web::pages::push;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{aside, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/can/recordings";

/// Recordings of the folder on a page.
const ROWS: usize = 100;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .page(Method::GET, PLACE, can, page)
        .page(Method::GET, "/can/recordings/{name}/file", can, file)
        .page(Method::POST, "/can/recordings/start", can, start)
        .page(Method::POST, "/can/recordings/stop", can, stop)
        .page(Method::POST, "/can/recordings/delete", can, delete)
        .upload("/can/recordings/upload", can, upload)
}

#[derive(Template)]
#[template(path = "recordings.html", config = ".config/askama.toml")]
struct RecordingsPage {
    shell: Shell,
    prefs: RecordPrefs,
    view: RecordView,
    shelf: ShelfView,
    pages: Pages,
    said: Said,
}

/// What is said above the page.
#[derive(Default)]
struct Said {
    status: StatusCode,
    done: &'static str,
    /// What is wrong with what was typed.
    wrong: String,
    /// What is wrong with what was brought.
    unbrought: String,
}

/// Which rows of the folder the page has, and the pages beside it.
struct Pages {
    rows: std::ops::Range<usize>,
    newer: Option<usize>,
    older: Option<usize>,
}

impl Pages {
    fn of(page: usize, all: usize) -> Self {
        let page = page.min(all.saturating_sub(1) / ROWS);
        let (from, to) = (page * ROWS, all.min((page + 1) * ROWS));
        Self { rows: from..to, newer: page.checked_sub(1), older: (to < all).then_some(page + 1) }
    }
}

impl RecordingsPage {
    const fn tab() -> Tab {
        Tab::Recordings
    }
}

/// What runs.
#[derive(Template)]
#[template(path = "parts/recordings_running.html", config = ".config/askama.toml")]
struct Running<'v> {
    view: &'v RecordView,
}

/// Adds the part that changes by itself.
pub fn add(parts: &mut live::Parts, view: &RecordView) {
    parts.add("recordings-running", &Running { view });
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
    /// Which page of the folder, from 0.
    page: usize,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(asked): Query<Asked>) -> Response {
    let said = Said { done: form::done(&asked.done), ..Said::default() };
    drawn(&shared, &ask, (RecordPrefs::default(), asked.page), said).await
}

async fn drawn(
    shared: &Shared,
    ask: &Ask,
    (prefs, page): (RecordPrefs, usize),
    said: Said,
) -> Response {
    match look(shared, ask).await {
        Ok((shell, view, mut shelf)) => {
            let pages = Pages::of(page, shelf.rows.len());
            shelf.rows = shelf.rows.drain(pages.rows.clone()).collect();
            draw_as(said.status, &RecordingsPage { shell, prefs, view, shelf, pages, said })
        }
        Err(problem) => failed(&problem, ask),
    }
}

async fn look(shared: &Shared, ask: &Ask) -> Result<(Shell, RecordView, ShelfView), Problem> {
    let session = ask.session.clone();
    let listed = aside(shared, move |shared| {
        let shelf = shared.door().recordings(&session.permit(UseCan)?).clone();
        let all = shelf.list().map_err(|error| format!("{error}."));
        let place = (&*shelf.folder(), &*session);
        Ok(recordings::shelf(&all, place, &TimeZone::system()))
    });
    let shelf = listed.await?;
    let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
    let parts = live::parts(&Watched::Recordings, &snapshot, &ask.session);
    let view = recordings::recording(&snapshot, &ask.session, &TimeZone::system());
    let shell = Shell::new(ask, "Recordings", "/can", parts);
    Ok((shell.live(push::address(&Watched::Recordings)), view, shelf))
}

type Pairs = Vec<(String, String)>;

async fn start(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let mut prefs = RecordPrefs::default();
    for (name, value) in pairs {
        if let Some(field) = prefs.field(&name) {
            *field = value;
        }
    }
    let done = match entry(&prefs).map_err(Problem::invalid) {
        Ok(entry) => give(&shared, &ask.session, StartRecording { entry }).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => went("recording"),
        Err(problem) => {
            let wrong = problem.detail().to_owned();
            let said = Said { status: problem.status(), wrong, ..Said::default() };
            drawn(&shared, &ask, (prefs, 0), said).await
        }
    }
}

fn went(done: &str) -> Response {
    go(&format!("{PLACE}?done={done}"))
}

async fn stop(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let typed = Typed::from(pairs);
    let named = |text: &str| text::a_name(text).map_err(Problem::invalid);
    let (word, done) = match (typed.get("stop"), typed.get("forget")) {
        (Some(name), _) => match named(name) {
            Ok(name) => ("stopped", give(&shared, &ask.session, StopRecording { name }).await),
            Err(problem) => ("", Err(problem)),
        },
        (None, name) => match named(name.unwrap_or_default()) {
            Ok(name) => ("forgotten", give(&shared, &ask.session, ForgetRecording { name }).await),
            Err(problem) => ("", Err(problem)),
        },
    };
    match done {
        Ok(()) => went(word),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn delete(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let name = Typed::from(pairs).text("name").to_owned();
    match give(&shared, &ask.session, DeleteRecording { name }).await {
        Ok(()) => went("recording-deleted"),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn file(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match send_recording(&shared, &ask.session, name, &headers).await {
        Ok(response) => response,
        Err(problem) => failed(&problem, &ask),
    }
}

/// Takes in a file. The form's token comes first, and nothing of the file is read without it.
async fn upload(State(shared): State<Shared>, ask: Ask, request: Request) -> Response {
    match taken(&shared, &ask, request).await {
        Ok(()) => went("recording-taken"),
        Err(problem) => {
            let unbrought = format!("{} {}", problem.detail(), problem.advice());
            let said = Said { status: problem.status(), unbrought, ..Said::default() };
            drawn(&shared, &ask, (RecordPrefs::default(), 0), said).await
        }
    }
}

async fn taken(shared: &Shared, ask: &Ask, request: Request) -> Result<(), Problem> {
    let mut form = Brought::open(shared, request).await?;
    let field = form.file().await?;
    let name = field.file_name().unwrap_or_default().to_owned();
    let chunks = stream::unfold(field, |mut field| async move {
        let chunk = field.chunk().await.transpose()?;
        Some((chunk, field))
    });
    take_in_recording(shared, &ask.session, name, chunks).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_folder_once_and_one_beyond_it_is_the_last() {
        let of = |page, all| {
            let Pages { rows, newer, older } = Pages::of(page, all);
            (rows, newer, older)
        };
        assert_eq!(of(0, 0), (0..0, None, None));
        assert_eq!(of(0, 100), (0..100, None, None));
        assert_eq!(of(0, 101), (0..100, None, Some(1)));
        assert_eq!(of(1, 101), (100..101, Some(0), None));
        assert_eq!(of(usize::MAX, 101), (100..101, Some(0), None));
    }
}
