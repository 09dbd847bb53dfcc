//! The list of profiles, with who has changed each last.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{Right, ViewPlant, profiles};
use crate::web::api::give::{Answer, Time, aside, json};
use crate::web::api::profiles::{VersionListed, problem};
use crate::web::api::take::Who;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the route.
pub fn routes(table: Table) -> Table {
    table.api(Method::GET, "/api/v1/profiles", Access::Needs(Right::ReadSettings), list)
}

/// A profile in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileEntry)]
pub struct ProfileListed {
    /// Its name.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Whether it runs.
    runs: bool,
    /// How many buses it has; `null` where it is refused.
    buses: Option<usize>,
    /// Its components by name.
    components: Vec<String>,
    /// When its file was last written.
    changed: Option<Time>,
    /// Its newest version: who changed it last here, when and how. `null` where none is kept.
    last_change: Option<VersionListed>,
    /// Whether its file says something else than that version: somebody outside of Busbar has edited it.
    edited_outside: bool,
    /// Why it is refused, with file and line.
    refused: Option<String>,
    /// Which text it is: the ETag of the profile.
    revision: Option<String>,
}

/// Lists the profiles of the data folder, the broken ones with the reason.
#[utoipa::path(get, path = "/api/v1/profiles", tag = "profiles",
    responses((status = 200, description = "All of them, by name", body = Vec<ProfileListed>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let grant = session.permit(ViewPlant)?;
    let (library, snapshot) = (shared.door().library(&grant), shared.door().look(&grant));
    let asked = Arc::clone(&session);
    let all = aside(&shared, move |shared| {
        let all = profiles::all(&library).map_err(|error| problem(&error))?;
        Ok((all, shared.door().last_changes(&asked.permit(ViewPlant)?)?))
    });
    let running = snapshot.profile.as_ref().filter(|profile| profile.file.is_some());
    let running = running.map(|profile| profile.key().to_owned());
    let (all, last) = all.await?;
    let shown = all.into_iter().map(|one| {
        let last = last.iter().find(|last| last.profile == one.name);
        let outside =
            last.is_some_and(|last| one.revision.as_deref() != Some(last.revision.code()));
        ProfileListed {
            runs: running.as_ref() == Some(&one.name),
            last_change: last.map(|last| VersionListed::from(&last.line)),
            edited_outside: outside,
            name: one.name,
            description: one.description,
            buses: one.parts.map(|(buses, _)| buses),
            components: one.components,
            changed: one
                .changed_ms
                .map(|ms| Time(crate::base::time::Wall::from_nanos(ms.saturating_mul(1_000_000)))),
            refused: one.refused,
            revision: one.revision,
        }
    });
    Ok(json(StatusCode::OK, &shown.collect::<Vec<_>>()))
}
