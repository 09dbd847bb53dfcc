//! The Services page and its forms.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{
    AddService, Administer, Order, RemoveService, RenameService, Right, ServiceId,
};
use crate::view::compose;
use crate::view::services::ServicesView;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Wrong, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

type Pairs = Sealed<Vec<(String, String)>>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let administer = Access::Needs(Right::Administrator);
    table
        .page(Method::GET, "/services", administer, page)
        .page(Method::POST, "/services", administer, add)
        .page(Method::POST, "/services/{id}", administer, rename)
        .page(Method::POST, "/services/{id}/remove", administer, remove)
}

/// What an address says of what was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    /// A word of [`form::done`].
    pub done: String,
}

#[derive(Template)]
#[template(path = "services.html", config = ".config/askama.toml")]
struct ServicesPage {
    shell: Shell,
    view: ServicesView,
    typed: String,
    done: &'static str,
    wrong: Wrong,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    answer(&shared, &ask, form::done(&query.done), "", None)
}

fn answer(
    shared: &Shared,
    ask: &Ask,
    done: &'static str,
    typed: &str,
    problem: Option<Problem>,
) -> Response {
    let drawn = || -> Result<ServicesPage, Problem> {
        let roster = shared.door().roster(&ask.session.permit(Administer)?);
        Ok(ServicesPage {
            shell: plain::framed(shared, ask, "Services", "/services")?,
            view: compose::services::services(&roster, &ask.session),
            typed: typed.to_owned(),
            done,
            wrong: problem.as_ref().map_or_else(Wrong::nothing, |problem| {
                // A name that was typed into a row is no fault of the field for a new service.
                Wrong::from(problem).known(if typed.is_empty() { &[] } else { &["name"] })
            }),
        })
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    match drawn() {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

async fn do_it<O: Order>(
    shared: &Shared,
    ask: &Ask,
    order: O,
    (done, typed): (&'static str, &str),
) -> Response {
    match give(shared, &ask.session, order).await {
        Ok(_) => go(&format!("/services?done={done}")),
        Err(problem) => answer(shared, ask, "", typed, Some(problem)),
    }
}

fn service(text: &str) -> Result<ServiceId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("There is no service {text}.")))
}

async fn add(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Pairs) -> Response {
    let name = Typed::from(pairs).text("name").to_owned();
    do_it(&shared, &ask, AddService { name: name.clone() }, ("added", &name)).await
}

async fn rename(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    match service(&id) {
        Ok(id) => {
            let (expected, name) = (typed.version(), typed.text("name").to_owned());
            do_it(&shared, &ask, RenameService { id, expected, name }, ("renamed", "")).await
        }
        Err(problem) => failed(&problem, &ask),
    }
}

async fn remove(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let expected = Typed::from(pairs).version();
    match service(&id) {
        Ok(id) => do_it(&shared, &ask, RemoveService { id, expected }, ("removed", "")).await,
        Err(problem) => failed(&problem, &ask),
    }
}
