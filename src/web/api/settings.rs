//! The system's settings. The password for the mail server goes in and never comes out.

mod change;
mod shown;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::{Administer, ChangeSettings, Right, Session, Settings, ViewPlant};
use crate::view::compose::settings::{
    ListenerState, SaveOrder, Seen, reset_order, settings as composed,
};
use crate::view::settings::Section;
use crate::web::api::give::{Answer, List, json, order, versioned};
use crate::web::api::take::{Body, Who, expected_version};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

pub use change::SettingsChange;
pub use shown::{FieldShown, Shown};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const SETTINGS: &str = "/api/v1/settings";
    let read = Access::Needs(Right::ReadSettings);
    // Which section needs more is the order's matter.
    let change_some = Access::Needs(Right::ChangeSettings);
    table
        .api(Method::GET, SETTINGS, read, look)
        .api(Method::PATCH, SETTINGS, change_some, change)
        .api(Method::GET, "/api/v1/settings/fields", read, fields)
        .api(Method::POST, "/api/v1/settings/reset", change_some, reset)
}

/// Shows the settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = Shown,
        headers(("ETag" = String, description = "Their version")))))]
pub async fn look(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let settings = shared.door().settings(&session.permit(ViewPlant)?);
    answer(&shared, &session, &settings)
}

/// The settings as whoever asks may see them.
fn answer(shared: &Shared, session: &Session, settings: &Settings) -> Answer {
    let marks = shared.door().marks(&session.permit(ViewPlant)?);
    let shown = Shown::of(settings, &marks, session);
    Ok(versioned(StatusCode::OK, settings.version, &shown))
}

/// Lists every setting with its default, its effect and where its value comes from.
#[utoipa::path(get, path = "/api/v1/settings/fields", tag = "settings",
    responses((status = 200, description = "Every setting", body = List<FieldShown>)))]
pub async fn fields(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let grant = session.permit(ViewPlant)?;
    let door = shared.door();
    let seen = Seen {
        settings: &door.settings(&grant),
        marks: &door.marks(&grant),
        overrides: door.overrides(&grant),
        listener: &ListenerState::default(),
        snapshot: &door.look(&grant),
        accounts: &[],
        displays: door.displays(&grant),
        zone: &TimeZone::UTC,
        find: "",
    };
    let view = composed(&seen, &session);
    let mut items = Vec::new();
    for section in view.sections {
        let fields = section.fields.clone();
        items.extend(fields.into_iter().map(|field| FieldShown::of(&section, field)));
    }
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Changes settings. Those of the listener, sessions, e-mail and displays need an administrator, the
/// others Change system settings.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings",
    params(("If-Match" = Option<String>, Header, description = "The ETag that was looked at")),
    request_body = SettingsChange,
    responses(
        (status = 200, description = "As they are now", body = Shown,
            headers(("ETag" = String, description = "Their version"))),
        (status = 412, description = "They were changed meanwhile"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    headers: HeaderMap,
    Body(asked): Body<SettingsChange>,
) -> Answer {
    let asked_version = expected_version(&headers)?;
    let mut now = shared.door().settings(&session.permit(ViewPlant)?);
    // Sections are made whole from what was just read: they are saved only while that still holds.
    let expected = asked_version.or(Some(now.version));
    let (mut save, mut system) = asked.orders(&now)?;
    (save.expected, system.expected) = (expected, expected);
    if expected != Some(now.version) {
        return Err(crate::engine::OrderError::Stale { what: "a setting".into() }.into());
    }
    // Nothing is changed where a part of it may not be, or cannot be.
    if !save.is_empty() {
        session.permit(Administer)?;
    }
    session.permit(ChangeSettings)?;
    if !save.is_empty() {
        save.system = system;
        now = order(&shared, &session, save).await?;
    } else if !system.is_empty() {
        now = order(&shared, &session, system).await?;
    }
    answer(&shared, &session, &now)
}

/// A setting to be set back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetWanted {
    /// Its name, such as `sessions.idle_min` or `cell_max_mv`.
    setting: String,
}

/// Sets one setting back to its default.
#[utoipa::path(post, path = "/api/v1/settings/reset", tag = "settings",
    params(("If-Match" = Option<String>, Header, description = "The ETag that was looked at")),
    request_body = ResetWanted,
    responses(
        (status = 200, description = "The settings as they are now", body = Shown,
            headers(("ETag" = String, description = "Their version"))),
        (status = 412, description = "They were changed meanwhile"),
    ))]
pub async fn reset(
    State(shared): State<Shared>,
    Who(session): Who,
    headers: HeaderMap,
    Body(wanted): Body<ResetWanted>,
) -> Answer {
    let expected = expected_version(&headers)?;
    let name = wanted.setting;
    let made = {
        let grant = session.permit(ViewPlant)?;
        let (old, snapshot) = (shared.door().settings(&grant), shared.door().look(&grant));
        let section = name.split_once('.').map_or(Some(Section::Safety), |(section, _)| {
            Section::named(section).filter(|section| *section != Section::Safety)
        });
        let section = section.ok_or_else(|| {
            let detail = "There is no such setting: GET /api/v1/settings/fields lists them all.";
            Problem::invalid(detail).about("setting")
        })?;
        // The version of the limits is another one.
        let expected = expected.filter(|_| section != Section::Safety);
        let expected = expected.or((section != Section::Safety).then_some(old.version));
        reset_order(section, (&old, &snapshot.rules.rules), expected, &name)
    };
    let made = made.map_err(|error| Problem::invalid(error.sentence()).about("setting"))?;
    match made {
        SaveOrder::Settings(made) => drop(order(&shared, &session, made).await?),
        SaveOrder::System(made) => drop(order(&shared, &session, made).await?),
        SaveOrder::Safety(all) => {
            for one in all {
                order(&shared, &session, one).await?;
            }
        }
    }
    let now = shared.door().settings(&session.permit(ViewPlant)?);
    answer(&shared, &session, &now)
}
