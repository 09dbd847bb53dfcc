//! The pages of components of one's own: made out of a DBC that is brought, changed, removed.

use std::sync::Arc;

use askama::Template;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Path, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{ChangeSettings, ExpectedFile, RemoveDevice, Right, ViewPlant};
use crate::view::compose;
use crate::view::custom::{OwnDeviceView, OwnDevicesView};
use crate::web::api::devices::{DevicePatch, bring, change};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Wrong, aside, give};
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::sealed::{self, FORM_TOKEN, Sealed};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::visitor::{Proof, Visitor, same};

/// Where they are.
const PLACE: &str = "/parts/custom";
/// Largest DBC that is taken, bytes.
const MOST_BYTES: usize = 2 << 20;
/// Longest name or title that is read.
const MOST_WORD: usize = 200;

type Pairs = Vec<(String, String)>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    table
        .page(Method::GET, PLACE, change, list)
        .upload(PLACE, change, make)
        .page(Method::GET, "/parts/custom/{id}", change, one)
        .page(Method::POST, "/parts/custom/{id}", change, save)
        .page(Method::POST, "/parts/custom/{id}/remove", change, remove)
}

#[derive(Template)]
#[template(path = "custom.html", config = ".config/askama.toml")]
struct ListPage {
    shell: Shell,
    view: OwnDevicesView,
    id: String,
    title: String,
    done: &'static str,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "custom_one.html", config = ".config/askama.toml")]
struct OnePage {
    shell: Shell,
    view: OwnDeviceView,
    done: &'static str,
    wrong: Wrong,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn list(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    listed(&shared, &ask, form::done(&query.done), (String::new(), String::new()), None)
}

fn listed(
    shared: &Shared,
    ask: &Ask,
    done: &'static str,
    (id, title): (String, String),
    problem: Option<Problem>,
) -> Response {
    let drawn = || -> Result<ListPage, Problem> {
        ask.session.permit(ChangeSettings)?;
        let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
        let view = compose::custom::own_devices(&snapshot, &ask.session);
        let shell = plain::framed(shared, ask, "Components of one's own", "/parts")?;
        let wrong =
            problem.as_ref().map_or_else(Wrong::nothing, |problem| Wrong::from(problem).known(&[]));
        Ok(ListPage { shell, view, id, title, done, wrong })
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    match drawn() {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

/// What the form that makes one brings.
#[derive(Default)]
struct Brought {
    id: String,
    title: String,
    dbc: Vec<u8>,
}

/// Reads the form. Its token comes first, and nothing else is read without it.
async fn brought(shared: &Shared, request: Request) -> Result<Brought, Problem> {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let visitor = visitor.ok_or_else(Problem::stopping)?;
    let broken = |_: MultipartError| Problem::invalid("The form cannot be read.");
    let form = Multipart::from_request(request, shared).await;
    let mut form = form.map_err(|_| Problem::invalid("The form brings no file."))?;
    let mut sealed = visitor.proof() != Some(Proof::Cookie);
    let mut brought = Brought::default();
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let most = if name == "file" { MOST_BYTES } else { MOST_WORD };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > most {
                let detail = format!("{name} has more than {most} bytes.");
                return Err(Problem::invalid(detail));
            }
            bytes.extend_from_slice(&chunk);
        }
        if name == FORM_TOKEN {
            sealed |= same(&bytes, visitor.form_token().as_bytes());
        }
        if !sealed {
            return Err(sealed::out_of_date());
        }
        match name.as_str() {
            "id" => brought.id = String::from_utf8_lossy(&bytes).trim().to_owned(),
            "title" => brought.title = String::from_utf8_lossy(&bytes).trim().to_owned(),
            "file" => brought.dbc = bytes,
            _ => {}
        }
    }
    Ok(brought)
}

async fn make(State(shared): State<Shared>, ask: Ask, request: Request) -> Response {
    let Brought { id, title, dbc } = match brought(&shared, request).await {
        Ok(brought) => brought,
        Err(problem) => return failed(&problem, &ask),
    };
    let named = Some(title.clone()).filter(|title| !title.is_empty());
    let made = match dbc.is_empty() {
        true => Err(Problem::invalid("Choose a DBC file first.")),
        false => {
            bring(&shared, &ask.session, (id.clone(), named), dbc, ExpectedFile::Nothing).await
        }
    };
    match made {
        Ok(()) => go(&format!("{PLACE}/{}?done=saved", escaped(&id))),
        Err(problem) => listed(&shared, &ask, "", (id, title), Some(problem)),
    }
}

async fn one(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Query(query): Query<Done>,
) -> Response {
    shown(&shared, &ask, (id, &Vec::new()), form::done(&query.done), None).await
}

async fn shown(
    shared: &Shared,
    ask: &Ask,
    (id, pairs): (String, &Pairs),
    done: &'static str,
    problem: Option<Problem>,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let wrong =
        problem.as_ref().map_or_else(Wrong::nothing, |problem| Wrong::from(problem).known(&[]));
    match drawn(shared, ask, id, (done, wrong)).await {
        Ok(mut page) => {
            if !pairs.is_empty() {
                typed(&mut page.view, pairs);
            }
            draw_as(status, &page)
        }
        Err(problem) => failed(&problem, ask),
    }
}

/// Puts what was typed in the place of what the folder says, on the version that it was typed on.
fn typed(view: &mut OwnDeviceView, pairs: &Pairs) {
    let typed = Typed::from(pairs.clone());
    let text = |name: &str| typed.text(name).to_owned();
    (view.mark, view.title, view.maker) = (text("mark"), text("title"), text("maker"));
    for message in &mut view.messages {
        let take = format!("take.{}", message.name);
        message.taken = pairs.iter().any(|(name, _)| *name == take);
        message.period = text(&format!("period.{}", message.name));
        for signal in &mut message.signals {
            signal.role = text(&format!("role.{}.{}", message.name, signal.name));
        }
    }
}

async fn drawn(
    shared: &Shared,
    ask: &Ask,
    id: String,
    (done, wrong): (&'static str, Wrong),
) -> Result<OnePage, Problem> {
    let devices = shared.door().devices(&ask.session.permit(ChangeSettings)?);
    let session = Arc::clone(&ask.session);
    let looked = aside(shared, move |_| {
        let files = devices.read(&id)?;
        let users = devices.users(&id);
        Ok(compose::custom::own_device((&id, &files), &users, &session))
    });
    let view = looked.await?;
    Ok(OnePage { shell: plain::framed(shared, ask, &view.id, "/parts")?, view, done, wrong })
}

async fn save(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let mark = Typed::from(pairs.clone()).text("mark").to_owned();
    let saved = match DevicePatch::of_form(&pairs) {
        Ok(patch) => {
            change(&shared, &ask.session, (id.clone(), patch), ExpectedFile::Mark(mark)).await
        }
        Err(problem) => Err(problem),
    };
    match saved {
        Ok(()) => go(&format!("{PLACE}/{}?done=saved", escaped(&id))),
        Err(problem) => shown(&shared, &ask, (id, &pairs), "", Some(problem)).await,
    }
}

async fn remove(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    let mark = Typed::from(pairs).text("mark").to_owned();
    let order = RemoveDevice { name: id.clone(), expected: ExpectedFile::Mark(mark) };
    match give(&shared, &ask.session, order).await {
        Ok(()) => go(&format!("{PLACE}?done=removed")),
        Err(problem) => shown(&shared, &ask, (id, &Vec::new()), "", Some(problem)).await,
    }
}
