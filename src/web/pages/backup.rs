//! The page on which an administrator makes a backup and saves it.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::engine::Right;
use crate::view::compose::system::backup;
use crate::web::api::{self, BackupWanted};
use crate::web::pages::form::Typed;
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed};
use crate::web::pages::wrong::Wrong;
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where it is.
const PLACE: &str = "/system/backup";

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let administrator = Access::Needs(Right::Administrator);
    table.page(Method::GET, PLACE, administrator, page).page(
        Method::POST,
        PLACE,
        administrator,
        make,
    )
}

#[derive(Template)]
#[template(path = "backup.html", config = ".config/askama.toml")]
struct BackupPage {
    shell: Shell,
    /// "12 files, 1.2 MB".
    holds: String,
    /// "3 recordings, 1.2 GB".
    recordings: String,
    with_recordings: bool,
    least: usize,
    wrong: Wrong,
}

async fn page(State(shared): State<Shared>, ask: Ask) -> Response {
    shown(&shared, &ask, false, None).await
}

async fn shown(
    shared: &Shared,
    ask: &Ask,
    with_recordings: bool,
    problem: Option<Problem>,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let wrong = problem.as_ref().map_or_else(Wrong::nothing, |problem| {
        Wrong::from(problem).known(&["passphrase", "again"])
    });
    let drawn = async {
        let weight = api::backup_weight(shared, &ask.session).await?;
        let view = backup(&weight, String::new());
        Ok::<_, Problem>(BackupPage {
            shell: plain::framed(shared, ask, "Backup", "/system")?,
            holds: view.holds,
            recordings: view.recordings,
            with_recordings,
            least: view.least,
            wrong,
        })
    };
    match drawn.await {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

async fn make(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let recordings = typed.get("recordings").is_some();
    let passphrase = typed.get("passphrase").filter(|typed| !typed.is_empty());
    let done = if typed.text("do") != "make" {
        Err(Problem::invalid("The form does not say what is to be done."))
    } else if passphrase.unwrap_or_default() != typed.text("again") {
        Err(Problem::invalid("The two passphrases differ.").about("again"))
    } else {
        let wanted = BackupWanted { recordings, passphrase: passphrase.map(str::to_owned) };
        api::make_backup(&shared, &ask.session, wanted).await
    };
    match done {
        Ok(response) => response,
        Err(problem) => shown(&shared, &ask, recordings, Some(problem)).await,
    }
}
