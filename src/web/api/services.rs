//! Services: teams and organisations that accounts belong to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{
    AddService, Administer, RemoveService, RenameService, Right, Roster, Service, ServiceId,
    Session,
};
use crate::web::api::give::{
    Answer, List, PageWanted, at_place, json, nothing, order, page, versioned,
};
use crate::web::api::take::{Asked, At, Body, Who, expected_version};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const SERVICES: &str = "/api/v1/services";
    const SERVICE: &str = "/api/v1/services/{id}";
    let access = Access::Needs(Right::Administrator);
    table
        .api(Method::GET, SERVICES, access, list)
        .api(Method::POST, SERVICES, access, add)
        .api(Method::GET, SERVICE, access, look)
        .api(Method::PATCH, SERVICE, access, rename)
        .api(Method::DELETE, SERVICE, access, remove)
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Service)]
pub struct ServiceEntry {
    /// Its number.
    id: i64,
    /// Its name.
    name: String,
    /// How many accounts belong to it.
    members: usize,
    /// Counts its changes; the same as the ETag.
    version: i64,
}

impl From<&Service> for ServiceEntry {
    fn from(service: &Service) -> Self {
        let Service { id, name, members, version } = service;
        Self { id: id.0, name: name.clone(), members: *members, version: *version }
    }
}

fn roster(shared: &Shared, session: &Session) -> Result<Arc<Roster>, Problem> {
    Ok(shared.door().roster(&session.permit(Administer)?))
}

/// Lists services by their numbers.
#[utoipa::path(get, path = "/api/v1/services", tag = "services", params(PageWanted),
    responses((status = 200, description = "A page of them", body = List<ServiceEntry>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<PageWanted>,
) -> Answer {
    let roster = roster(&shared, &session)?;
    let services = roster.services.iter().map(ServiceEntry::from);
    let list = page(services, |service| service.id, wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

/// The name of a service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Unique, whatever the case.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
}

/// What is wrong with the name of a service is about the field `name` here.
fn here(problem: Problem) -> Problem {
    match problem.status() {
        StatusCode::UNPROCESSABLE_ENTITY => problem.about("name"),
        _ => problem,
    }
}

/// Adds a service.
#[utoipa::path(post, path = "/api/v1/services", tag = "services", request_body = Named,
    responses(
        (status = 201, description = "Added", body = ServiceEntry, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        (status = 409, description = "The name is taken"),
    ))]
pub async fn add(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<Named>,
) -> Answer {
    let service = order(&shared, &session, AddService { name: asked.name }).await.map_err(here)?;
    let place = format!("/api/v1/services/{}", service.id);
    let entry = ServiceEntry::from(&service);
    Ok(at_place(versioned(StatusCode::CREATED, service.version, &entry), &place))
}

/// Shows a service.
#[utoipa::path(get, path = "/api/v1/services/{id}", tag = "services",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The service", body = ServiceEntry,
        headers(("ETag" = String, description = "Its version")))))]
pub async fn look(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<ServiceId>,
) -> Answer {
    let roster = roster(&shared, &session)?;
    let nothing = || Problem::not_found(format!("There is no service {id}."));
    let service = roster.service(id).ok_or_else(nothing)?;
    Ok(versioned(StatusCode::OK, service.version, &ServiceEntry::from(service)))
}

/// Renames a service.
#[utoipa::path(patch, path = "/api/v1/services/{id}", tag = "services",
    params(
        ("id" = i64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was looked at"),
    ),
    request_body = Named,
    responses(
        (status = 200, description = "As it is now", body = ServiceEntry,
            headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "The name is taken"),
        (status = 412, description = "It was changed meanwhile"),
    ))]
pub async fn rename(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<ServiceId>,
    headers: HeaderMap,
    Body(asked): Body<Named>,
) -> Answer {
    let expected = expected_version(&headers)?;
    let rename = RenameService { id, expected, name: asked.name };
    let service = order(&shared, &session, rename).await.map_err(here)?;
    Ok(versioned(StatusCode::OK, service.version, &ServiceEntry::from(&service)))
}

/// Removes a service that nobody belongs to.
#[utoipa::path(delete, path = "/api/v1/services/{id}", tag = "services",
    params(
        ("id" = i64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was looked at"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "It still has members"),
        (status = 412, description = "It was changed meanwhile"),
    ))]
pub async fn remove(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<ServiceId>,
    headers: HeaderMap,
) -> Answer {
    let expected = expected_version(&headers)?;
    order(&shared, &session, RemoveService { id, expected }).await?;
    Ok(nothing())
}
