//! Changing the components of the running profile: the kinds there are with the fields of their forms,
//! one component as it is set, putting, enabling, disabling and deleting it. Every change is one of the
//! profile's text; the ETag is the version of that text.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::base::id::Name;
use crate::engine::{
    ChangeSettings, ComponentEntry, DeviceKind, EditProfile, FormWrong, ProfileChange, Revision,
    Right, Session, SettingValue, Snapshot, Typed, ViewPlant,
};
use crate::view::components::{ComponentForm, FieldView};
use crate::view::compose::components::{self, Wanted};
use crate::web::api::give::{Answer, List, json, nothing, order};
use crate::web::api::take::{Asked, Body, Who, Word, expected_tag};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ONE: &str = "/api/v1/components/{name}";
    let (read, change) = (Access::Needs(Right::ReadSettings), Access::Needs(Right::ChangeSettings));
    table
        .api(Method::GET, "/api/v1/component-kinds", read, kinds)
        .api(Method::GET, "/api/v1/component-kinds/{name}", read, kind)
        .api(Method::GET, ONE, read, look)
        .api(Method::PUT, ONE, change, put)
        .api(Method::DELETE, ONE, change, delete)
        .api(Method::POST, "/api/v1/components/{name}/enable", change, enable)
        .api(Method::POST, "/api/v1/components/{name}/disable", change, disable)
}

/// Which kinds are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KindsWanted {
    /// Only those in whose name, maker, description or category every word is found.
    #[serde(default)]
    search: String,
}

/// A kind of device.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentKind)]
pub struct KindShown {
    /// What `kind` of a component says.
    id: String,
    /// What it is called.
    title: String,
    /// Who makes it.
    maker: String,
    /// What kind of part it is.
    category: String,
    /// One sentence on it.
    summary: String,
}

/// A kind of device with the fields that a component of it has.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentKindForm)]
pub struct KindForm {
    /// The kind.
    #[serde(flatten)]
    kind: KindShown,
    /// The fields, in their order.
    fields: Vec<FieldShown>,
}

/// A field of a component.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentField)]
pub struct FieldShown {
    /// Its name in `fields`.
    name: String,
    /// What it is called.
    title: String,
    /// `integer`, `number`, `choice`, `switch` or `text`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its unit; empty without one.
    unit: String,
    /// What is possible, in words.
    possible: String,
    /// The words of a choice.
    choices: Vec<String>,
    /// What holds where it is left out, in words; `null` where it must be given.
    default: Option<String>,
    /// What it does.
    help: String,
}

/// A component as it is set.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentSet)]
pub struct ComponentShown {
    /// Its name.
    name: String,
    /// The id of its kind.
    kind: String,
    /// Whether it is listened to.
    enabled: bool,
    /// What it sets, as text, by the names of the fields; what is not here is usual.
    fields: BTreeMap<String, String>,
    /// What is odd about it: ids that another component claims too.
    remarks: Vec<String>,
    /// What depends on it.
    dependents: Vec<String>,
}

/// What a component is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ComponentWanted)]
pub struct ComponentBody {
    /// The id of its kind; may be left out where there is such a component already.
    kind: Option<String>,
    /// What it sets, by the names of the fields of its kind; what is left out is usual. `name` calls it
    /// otherwise than the address does.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    fields: BTreeMap<String, SettingValue>,
}

fn kind_shown(kind: &DeviceKind) -> KindShown {
    let manifest = &kind.manifest;
    KindShown {
        id: manifest.id.clone(),
        title: manifest.title.clone(),
        maker: manifest.maker.clone(),
        category: components::category_title(manifest.category).to_owned(),
        summary: manifest.summary.clone(),
    }
}

/// Lists the kinds of device that a component can be of.
#[utoipa::path(get, path = "/api/v1/component-kinds", tag = "components", params(KindsWanted),
    responses((status = 200, description = "Those that fit, by category", body = List<KindShown>)))]
pub async fn kinds(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<KindsWanted>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let view = components::kinds(&snapshot, &session, &wanted.search);
    let ids = view.groups.iter().flat_map(|group| &group.kinds).map(|kind| kind.id.as_str());
    let items = ids.filter_map(|id| snapshot.catalog.find(id)).map(|kind| kind_shown(kind));
    Ok(json(StatusCode::OK, &List { items: items.collect(), next: None }))
}

/// A kind of device with the fields of its form, as they are in the running profile.
#[utoipa::path(get, path = "/api/v1/component-kinds/{name}", tag = "components",
    params(("name" = String, Path, description = "The id of the kind")),
    responses(
        (status = 200, description = "The kind and its fields", body = KindForm),
        (status = 404, description = "There is no such kind, or no profile runs"),
    ))]
pub async fn kind(State(shared): State<Shared>, Who(session): Who, Word(id): Word) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let form = form(&snapshot, &session, Wanted::New(&id))?;
    let kind = snapshot.catalog.find(&id);
    let kind = kind.ok_or_else(|| Problem::not_found("There is no such kind of device."))?;
    let fields = form.groups.iter().flat_map(|group| &group.fields).map(field_shown);
    Ok(json(StatusCode::OK, &KindForm { kind: kind_shown(kind), fields: fields.collect() }))
}

fn field_shown(field: &FieldView) -> FieldShown {
    FieldShown {
        name: field.name.clone(),
        title: field.title.clone(),
        kind: field.word,
        unit: field.unit.clone(),
        possible: field.possible.clone(),
        choices: field.input.words(),
        default: (!field.is_required()).then(|| field.usual_text().to_owned()),
        help: field.help.clone(),
    }
}

fn form(
    snapshot: &Snapshot,
    session: &Session,
    wanted: Wanted<'_>,
) -> Result<ComponentForm, Problem> {
    components::form(snapshot, session, wanted, None).map_err(Problem::not_found)
}

fn entry<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s ComponentEntry, Problem> {
    components::entry_of(snapshot, name).ok_or_else(|| {
        let name: String = name.chars().take(64).collect();
        Problem::not_found(format!("There is no component \u{201c}{name}\u{201d}."))
    })
}

/// A component with the version of the profile as its ETag.
fn shown(snapshot: &Snapshot, session: &Session, name: &str, status: StatusCode) -> Answer {
    let entry = entry(snapshot, name)?;
    let form = form(snapshot, session, Wanted::Known(name))?;
    let fields = form.groups.iter().flat_map(|group| &group.fields);
    let fields = fields.filter(|field| !field.text.is_empty());
    let fields = fields.map(|field| (field.name.clone(), field.text.clone())).collect();
    let shown = ComponentShown {
        name: entry.name.to_string(),
        kind: entry.kind.clone(),
        enabled: entry.enabled,
        fields,
        remarks: form.remarks.iter().map(|note| note.text.clone()).collect(),
        dependents: components::dependents(snapshot, name).lines,
    };
    Ok(tagged(json(status, &shown), &form.revision))
}

fn tagged(mut response: Response, revision: &str) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A component of the running profile as it is set.
#[utoipa::path(get, path = "/api/v1/components/{name}", tag = "components",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "What it sets; the ETag is the version of the profile",
            body = ComponentShown),
        (status = 404, description = "There is no such component"),
    ))]
pub async fn look(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    shown(&snapshot, &session, &name, StatusCode::OK)
}

/// The version that a change is made on: that of If-Match, else the present one.
fn on(snapshot: &Snapshot, headers: &HeaderMap) -> Result<Revision, Problem> {
    let told = expected_tag(headers)?;
    let present = || components::revision(snapshot);
    Ok(Revision::told(&told.map_or_else(present, str::to_owned)))
}

fn running(snapshot: &Snapshot) -> Result<Name, Problem> {
    let profile = snapshot.profile.as_ref();
    profile.map(|profile| profile.name.clone()).ok_or_else(|| {
        Problem::not_found("No profile runs: there is nothing that a component could be in.")
    })
}

/// What is wrong with the fields, as one problem: the first by its field, all of them in words.
fn refused(wrong: &[FormWrong]) -> Problem {
    let texts: Vec<&str> = wrong.iter().map(|one| one.text.as_str()).collect();
    let problem = Problem::invalid(texts.join(" "));
    match wrong.first().filter(|first| !first.field.is_empty()) {
        Some(first) => problem.about(format!("fields.{}", first.field)),
        None => problem,
    }
}

/// Puts a component into the running profile, or changes it. It is in force at once, without a restart;
/// buses and components that it does not concern go on. Needs Change system settings.
#[utoipa::path(put, path = "/api/v1/components/{name}", tag = "components",
    params(("name" = String, Path, description = "Its name")),
    request_body = ComponentBody,
    responses(
        (status = 200, description = "It is changed; the ETag is the new version of the profile",
            body = ComponentShown),
        (status = 201, description = "It is added", body = ComponentShown),
        (status = 409, description = "It has a part in a charge, or the profile's file cannot be written"),
        (status = 412, description = "The profile was changed meanwhile"),
        (status = 422, description = "A field cannot be so, or the kind is not known"),
    ))]
pub async fn put(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
    Body(asked): Body<ComponentBody>,
) -> Answer {
    session.permit(ChangeSettings)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let known = components::entry_of(&snapshot, &name);
    let wanted = match (known, asked.kind.as_deref()) {
        (Some(entry), Some(kind)) if entry.kind != kind => {
            let text = format!("{name} is of the kind {}: delete it to add another.", entry.kind);
            return Err(Problem::invalid(text).about("kind"));
        }
        (Some(_), _) => Wanted::Known(&name),
        (None, Some(kind)) if snapshot.catalog.find(kind).is_none() => {
            return Err(Problem::invalid("There is no such kind of device.").about("kind"));
        }
        (None, Some(kind)) => Wanted::New(kind),
        (None, None) => {
            return Err(Problem::invalid("A new component needs a kind.").about("kind"));
        }
    };
    let fields = asked.fields.iter();
    let mut typed: Typed = fields.map(|(name, value)| (name.clone(), value.to_string())).collect();
    typed.entry("name".to_owned()).or_insert_with(|| name.clone());
    let (old, entry) =
        components::entry(&snapshot, wanted, &typed).map_err(|wrong| refused(&wrong))?;
    let status = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let now = entry.name.to_string();
    let change = ProfileChange::PutComponent { name: old, entry: Box::new(entry) };
    change_one(&shared, &session, &snapshot, &headers, change).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    shown(&snapshot, &session, &now, status)
}

async fn change_one(
    shared: &Shared,
    session: &std::sync::Arc<Session>,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    change: ProfileChange,
) -> Result<(), Problem> {
    let (profile, on) = (running(snapshot)?, on(snapshot, headers)?);
    order(shared, session, EditProfile { profile, on, changes: vec![change] }).await?;
    Ok(())
}

/// Takes a component out of the running profile. Needs Change system settings.
#[utoipa::path(delete, path = "/api/v1/components/{name}", tag = "components",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is no longer there"),
        (status = 404, description = "There is no such component"),
        (status = 409, description = "It has a part in a charge"),
        (status = 412, description = "The profile was changed meanwhile"),
    ))]
pub async fn delete(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
) -> Answer {
    session.permit(ChangeSettings)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let change = ProfileChange::DropComponent(entry(&snapshot, &name)?.name.clone());
    change_one(&shared, &session, &snapshot, &headers, change).await?;
    Ok(nothing())
}

/// Listens to a component again. Needs Change system settings.
#[utoipa::path(post, path = "/api/v1/components/{name}/enable", tag = "components",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It is listened to", body = ComponentShown),
        (status = 404, description = "There is no such component"),
        (status = 409, description = "A change of the profile is under way, or its file cannot be written"),
        (status = 412, description = "The profile was changed meanwhile"),
    ))]
pub async fn enable(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
) -> Answer {
    switch(&shared, &session, &name, &headers, ProfileChange::EnableComponent).await
}

/// Keeps a component in the profile and listens to it no more. Needs Change system settings.
#[utoipa::path(post, path = "/api/v1/components/{name}/disable", tag = "components",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It is not listened to", body = ComponentShown),
        (status = 404, description = "There is no such component"),
        (status = 409, description = "It has a part in a charge"),
        (status = 412, description = "The profile was changed meanwhile"),
    ))]
pub async fn disable(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
) -> Answer {
    switch(&shared, &session, &name, &headers, ProfileChange::DisableComponent).await
}

async fn switch(
    shared: &Shared,
    session: &std::sync::Arc<Session>,
    name: &str,
    headers: &HeaderMap,
    change: fn(Name) -> ProfileChange,
) -> Answer {
    session.permit(ChangeSettings)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let change = change(entry(&snapshot, name)?.name.clone());
    change_one(shared, session, &snapshot, headers, change).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    shown(&snapshot, session, name, StatusCode::OK)
}
