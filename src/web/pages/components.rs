//! Adding and changing components: the kinds there are, the form of one, and what can be done with it.
//! What may be typed is the engine's form to say; while somebody types, the same answer is drawn beside
//! the fields (`form.js`), and without a script it stands there after sending.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::base::id::Name;
use crate::engine::{
    ChangeSettings, EditProfile, ProfileChange, Revision, Right, Snapshot, Typed as Fields,
    ViewPlant,
};
use crate::view::components::{ComponentForm, ComponentOffers, FieldView, Input, KindsView};
use crate::view::compose::components::{self, Wanted};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Meanwhile, give, theirs};
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where a new one is added.
const ADD: &str = "/parts/add";

type Pairs = Vec<(String, String)>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    const EDIT: &str = "/parts/{name}/edit";
    let change = Access::Needs(Right::ChangeSettings);
    table
        .page(Method::GET, ADD, change, kinds)
        .page(Method::POST, ADD, change, add)
        .page(Method::POST, "/parts/check", change, check)
        .page(Method::GET, EDIT, change, edit)
        .page(Method::POST, EDIT, change, save)
        .page(Method::POST, "/parts/{name}/enable", change, enable)
        .page(Method::POST, "/parts/{name}/disable", change, disable)
        .page(Method::POST, "/parts/{name}/delete", change, delete)
}

/// What is asked of the page of kinds.
#[derive(Debug, Default, Deserialize)]
pub struct KindsQuery {
    /// What is searched for.
    #[serde(default)]
    search: String,
    /// The kind whose form is wanted.
    kind: Option<String>,
    /// What stands in its fields already, as discovery fills them in.
    #[serde(flatten)]
    fields: Fields,
}

/// What was done.
#[derive(Debug, Default, Deserialize)]
pub struct EditQuery {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "component_kinds.html", config = ".config/askama.toml")]
struct KindsPage {
    shell: Shell,
    view: KindsView,
}

#[derive(Template)]
#[template(path = "component.html", config = ".config/askama.toml")]
struct FormPage {
    shell: Shell,
    view: ComponentForm,
    /// Where the form goes.
    action: String,
    /// The address of the component; empty for a new one.
    place: String,
    /// What can be done with a component that is there.
    offers: Option<ComponentOffers>,
    /// What depends on it.
    dependents: Vec<String>,
    /// What came of it, and what is wrong with no field.
    done: &'static str,
    wrong: String,
}

/// What stands below a field.
#[derive(Template)]
#[template(path = "parts/component_hint.html", config = ".config/askama.toml")]
struct Hint<'v> {
    field: &'v FieldView,
}

/// What is odd about what was typed.
#[derive(Template)]
#[template(path = "parts/component_remarks.html", config = ".config/askama.toml")]
struct Remarks<'v> {
    view: &'v ComponentForm,
}

impl FormPage {
    fn hint(field: &FieldView) -> String {
        Hint { field }.render().unwrap_or_default()
    }

    fn remarks(&self) -> String {
        Remarks { view: &self.view }.render().unwrap_or_default()
    }
}

fn look(shared: &Shared, ask: &Ask) -> Result<Arc<Snapshot>, Problem> {
    ask.session.permit(ChangeSettings)?;
    Ok(shared.door().look(&ask.session.permit(ViewPlant)?))
}

/// The address of a component.
fn place(name: &str) -> String {
    format!("/parts/{}", escaped(name))
}

async fn kinds(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<KindsQuery>,
) -> Response {
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    if let Some(kind) = &query.kind {
        let given = Some(&query.fields).filter(|fields| !fields.is_empty());
        return match form_page(&shared, &ask, &snapshot, Wanted::New(kind), given) {
            Ok(page) => draw_as(StatusCode::OK, &page),
            Err(problem) => failed(&problem, &ask),
        };
    }
    match plain::framed(&shared, &ask, "Add component", "/parts") {
        Ok(shell) => {
            let view = components::kinds(&snapshot, &ask.session, &query.search);
            draw_as(StatusCode::OK, &KindsPage { shell, view })
        }
        Err(problem) => failed(&problem, &ask),
    }
}

fn form_page(
    shared: &Shared,
    ask: &Ask,
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    typed: Option<&Fields>,
) -> Result<FormPage, Problem> {
    let view =
        components::form(snapshot, &ask.session, wanted, typed).map_err(Problem::not_found)?;
    let shell = plain::framed(shared, ask, &view.title, "/parts")?;
    let (place, action) = match view.old.as_str() {
        "" => (String::new(), ADD.to_owned()),
        old => (place(old), format!("{}/edit", place(old))),
    };
    let all = components::offers(snapshot, &ask.session).into_iter();
    let offers = all.into_iter().find(|offer| offer.name == view.old);
    let dependents = components::dependents(snapshot, &view.old).lines;
    Ok(FormPage { shell, view, action, place, offers, dependents, done: "", wrong: String::new() })
}

async fn edit(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    Query(query): Query<EditQuery>,
) -> Response {
    let page = look(&shared, &ask)
        .and_then(|snapshot| form_page(&shared, &ask, &snapshot, Wanted::Known(&name), None));
    match page {
        Ok(page) => draw_as(StatusCode::OK, &FormPage { done: form::done(&query.done), ..page }),
        Err(problem) => failed(&problem, &ask),
    }
}

/// The fields of the form without what is not one of them.
fn fields(pairs: &Pairs) -> Fields {
    let others = ["kind", "old", "revision"];
    let fields = pairs.iter().filter(|(name, _)| !others.contains(&name.as_str()));
    fields.take(256).cloned().collect()
}

async fn add(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let kind = Typed::from(pairs.clone()).text("kind").to_owned();
    put(&shared, &ask, Wanted::New(&kind), &pairs).await
}

async fn save(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    put(&shared, &ask, Wanted::Known(&name), &pairs).await
}

/// Puts what was typed into the profile; what is wrong stands beside the fields.
async fn put(shared: &Shared, ask: &Ask, wanted: Wanted<'_>, pairs: &Pairs) -> Response {
    let snapshot = match look(shared, ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, ask),
    };
    let fields = fields(pairs);
    let again = |status: StatusCode, wrong: String| match form_page(
        shared,
        ask,
        &snapshot,
        wanted,
        Some(&fields),
    ) {
        Ok(mut page) => {
            // What was typed was made on that version, and on no newer one.
            page.view.revision = Typed::from(pairs.clone()).text("revision").to_owned();
            draw_as(status, &FormPage { wrong, ..page })
        }
        Err(problem) => failed(&problem, ask),
    };
    let Ok((old, entry)) = components::entry(&snapshot, wanted, &fields) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, String::new());
    };
    let (name, done) = (entry.name.to_string(), if old.is_some() { "saved" } else { "added" });
    let change = ProfileChange::PutComponent { name: old, entry: Box::new(entry) };
    match change_one(shared, ask, &snapshot, pairs, change).await {
        Ok(()) => go(&format!("{}/edit?done={done}", place(&name))),
        Err(problem) => {
            let problem = theirs(problem, Meanwhile::Hidden);
            let said = format!("{} {}", problem.detail(), problem.advice());
            again(problem.status(), said)
        }
    }
}

async fn change_one(
    shared: &Shared,
    ask: &Ask,
    snapshot: &Snapshot,
    pairs: &Pairs,
    change: ProfileChange,
) -> Result<(), Problem> {
    let profile = snapshot.profile.as_ref().map(|profile| profile.name.clone());
    let profile = profile.ok_or_else(|| Problem::not_found("No profile runs: open one first."))?;
    let on = Revision::told(Typed::from(pairs.clone()).text("revision"));
    give(shared, &ask.session, EditProfile { profile, on, changes: vec![change] }).await?;
    Ok(())
}

/// What is wrong with what stands in a form while it is typed: what is drawn below every field.
async fn check(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Sealed<Pairs>) -> Response {
    let snapshot = match look(&shared, &ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, &ask),
    };
    let typed = Typed::from(pairs.clone());
    let wanted = match typed.text("old") {
        "" => Wanted::New(typed.text("kind")),
        old => Wanted::Known(old),
    };
    let fields = fields(&pairs);
    let view = match components::form(&snapshot, &ask.session, wanted, Some(&fields)) {
        Ok(view) => view,
        Err(said) => return failed(&Problem::not_found(said), &ask),
    };
    let mut parts = BTreeMap::new();
    for field in view.groups.iter().flat_map(|group| &group.fields) {
        parts.insert(format!("h-{}", field.name), FormPage::hint(field));
    }
    parts.insert("remarks".to_owned(), Remarks { view: &view }.render().unwrap_or_default());
    Json(parts).into_response()
}

async fn enable(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    act(&shared, &ask, &name, &pairs, (ProfileChange::EnableComponent, "component-enabled")).await
}

async fn disable(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    act(&shared, &ask, &name, &pairs, (ProfileChange::DisableComponent, "component-disabled")).await
}

async fn delete(
    State(shared): State<Shared>,
    ask: Ask,
    Path(name): Path<String>,
    Sealed(pairs): Sealed<Pairs>,
) -> Response {
    act(&shared, &ask, &name, &pairs, (ProfileChange::DropComponent, "")).await
}

/// Does something with a component that is there.
async fn act(
    shared: &Shared,
    ask: &Ask,
    name: &str,
    pairs: &Pairs,
    (change, done): (fn(Name) -> ProfileChange, &str),
) -> Response {
    let snapshot = match look(shared, ask) {
        Ok(snapshot) => snapshot,
        Err(problem) => return failed(&problem, ask),
    };
    let Some(entry) = components::entry_of(&snapshot, name) else {
        return failed(&Problem::not_found("There is no such component."), ask);
    };
    let change = change(entry.name.clone());
    match change_one(shared, ask, &snapshot, pairs, change).await {
        Ok(()) if done.is_empty() => go("/parts"),
        Ok(()) => go(&format!("{}/edit?done={done}", place(name))),
        Err(problem) => match form_page(shared, ask, &snapshot, Wanted::Known(name), None) {
            Ok(page) => {
                let wrong = format!("{} {}", problem.detail(), problem.advice());
                draw_as(problem.status(), &FormPage { wrong, ..page })
            }
            Err(problem) => failed(&problem, ask),
        },
    }
}
