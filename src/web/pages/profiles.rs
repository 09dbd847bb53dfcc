//! The pages of profiles: the list with adding, running and deleting, and one profile with its text, its
//! description and its versions.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::base::id::Name;
use crate::engine::{
    AddProfile, CarryPack, DeleteProfile, EditProfile, ProfileChange, RenameProfile,
    RestoreProfile, Revision, Right, UseCan, VersionId, ViewPlant, interfaces, profiles,
};
use crate::view::compose;
use crate::view::exchange::{AlongRow, MOST_OFFERED};
use crate::view::profiles::{ProfileView, ProfilesView, Shown};
use crate::web::api::{self, Begins};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::services::Done;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Meanwhile, Wrong, aside, give, theirs};
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where they are.
const PLACE: &str = "/profiles";

type Pairs = Sealed<Vec<(String, String)>>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let read = Access::Needs(Right::ReadSettings);
    let change = Access::Needs(Right::ChangeSettings);
    table
        .page(Method::GET, PLACE, read, page)
        .page(Method::POST, PLACE, change, add)
        .page(Method::GET, "/profiles/{name}", read, one)
        .page(Method::POST, "/profiles/{name}", change, save)
        .page(Method::POST, "/profiles/{name}/run", change, run)
        .page(Method::POST, "/profiles/{name}/restore", change, restore)
        .page(Method::POST, "/profiles/{name}/delete", change, delete)
}

#[derive(Template)]
#[template(path = "profiles.html", config = ".config/askama.toml")]
struct ProfilesPage {
    shell: Shell,
    view: ProfilesView,
    /// What was typed for a new one: its name.
    typed: String,
    done: &'static str,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "profile.html", config = ".config/askama.toml")]
struct ProfilePage {
    shell: Shell,
    view: ProfileView,
    place: String,
    /// Recordings that may go along in a pack, the newest first.
    along: Vec<AlongRow>,
    /// What was typed, and on which version: name, description, revision.
    typed: Option<(String, String, String)>,
    done: &'static str,
    wrong: Wrong,
}

impl ProfilePage {
    fn name(&self) -> &str {
        self.typed.as_ref().map_or(&self.view.row.name, |(name, ..)| name)
    }

    fn description(&self) -> &str {
        self.typed.as_ref().map_or(&self.view.row.description, |(_, text, _)| text)
    }

    /// The version that the form is of: what was typed was made on no newer one.
    fn revision(&self) -> &str {
        self.typed.as_ref().map_or(&self.view.row.revision, |(.., revision)| revision)
    }
}

/// Where a profile is shown.
fn place(name: &Name) -> String {
    format!("{PLACE}/{}", escaped(name.as_str()))
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    listed(&shared, &ask, form::done(&query.done), "", None).await
}

async fn listed(
    shared: &Shared,
    ask: &Ask,
    done: &'static str,
    typed: &str,
    problem: Option<Problem>,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let wrong = problem.as_ref().map_or_else(Wrong::nothing, |problem| {
        Wrong::from(problem).known(if typed.is_empty() { &[] } else { &["name"] })
    });
    let drawn = async {
        let session = Arc::clone(&ask.session);
        let all = aside(shared, move |shared| {
            let grant = session.permit(ViewPlant)?;
            let all = profiles::all(&shared.door().library(&grant));
            let all = all.map_err(|error| api::profile_problem(&error))?;
            let last = shared.door().last_changes(&grant)?;
            let found = interfaces().interfaces.into_iter();
            Ok((all, last, found.map(|one| one.name).collect::<Vec<_>>()))
        });
        let (all, last, interfaces) = all.await?;
        let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
        let who = (&*ask.session, &TimeZone::system());
        Ok::<_, Problem>(ProfilesPage {
            shell: plain::framed(shared, ask, "Profiles", PLACE)?,
            view: compose::profiles::profiles((&all, &last), interfaces, &snapshot, who),
            typed: typed.to_owned(),
            done,
            wrong,
        })
    };
    match drawn.await {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

async fn add(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Pairs) -> Response {
    let typed = Typed::from(pairs);
    let text = typed.text("name").to_owned();
    let order = api::new_profile_name(&text).and_then(|name| {
        let begins = match typed.text("from").split_once(':') {
            Some(("copy", from)) => Begins::Copy(from.to_owned()),
            Some(("interface", name)) => Begins::Interface(name.to_owned()),
            Some(("scene", name)) => Begins::Scene(name.to_owned()),
            Some(_) | None => Begins::Empty,
        };
        let says = api::new_profile(&name, begins)?;
        Ok(AddProfile { name, says })
    });
    let done = match order {
        Ok(order) => {
            let place = place(&order.name);
            give(&shared, &ask.session, order).await.map(|()| place)
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(place) => go(&format!("{place}?done=added")),
        Err(problem) => listed(&shared, &ask, "", &text, Some(problem)).await,
    }
}

/// What of a profile is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    done: String,
    /// The version whose change is shown.
    version: String,
}

async fn one(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    match api::profile_named(&which) {
        Ok(name) => shown(&shared, &ask, name, wanted, None, None).await,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn shown(
    shared: &Shared,
    ask: &Ask,
    name: Name,
    wanted: Wanted,
    typed: Option<(String, String, String)>,
    problem: Option<Problem>,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let wrong = problem.as_ref().map_or_else(Wrong::nothing, |problem| {
        Wrong::from(problem).known(if typed.is_some() { &["name"] } else { &[] })
    });
    let drawn = async {
        let (session, own) = (Arc::clone(&ask.session), name.clone());
        let along = along(shared, ask).await?;
        let version = wanted.version.parse().map(VersionId).ok();
        let read = aside(shared, move |shared| {
            let grant = session.permit(ViewPlant)?;
            let door = shared.door();
            let said = door.profile_text(&grant, &own);
            let said = said.map_err(|error| api::profile_problem(&error))?;
            let lines = door.profile_versions(&grant, own.as_str())?;
            let version = match version {
                Some(id) => door.profile_version(&grant, own.as_str(), id)?,
                None => None,
            };
            let all = profiles::all(&door.library(&grant));
            let all = all.map_err(|error| api::profile_problem(&error))?;
            let found = all.into_iter().find(|one| one.name == own.as_str());
            let missing = || Problem::not_found(format!("There is no profile {own} in a file."));
            Ok((found.ok_or_else(missing)?, said, lines, version))
        });
        let (found, said, lines, version) = read.await?;
        let snapshot = shared.door().look(&ask.session.permit(ViewPlant)?);
        let (who, versions) = ((&*ask.session, &TimeZone::system()), (&*lines, version.as_ref()));
        Ok::<_, Problem>(ProfilePage {
            shell: plain::framed(shared, ask, name.as_str(), PLACE)?,
            view: compose::profiles::profile(&found, &said, versions, &snapshot, who),
            place: place(&name),
            along,
            typed,
            done: form::done(&wanted.done),
            wrong,
        })
    };
    match drawn.await {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

/// The recordings that whoever asks may have in a pack.
async fn along(shared: &Shared, ask: &Ask) -> Result<Vec<AlongRow>, Problem> {
    let may = CarryPack::WithRecordings;
    if ask.session.permit(may).is_err() {
        return Ok(Vec::new());
    }
    let session = Arc::clone(&ask.session);
    aside(shared, move |shared| {
        let shelf = shared.door().recordings(&session.permit(UseCan)?);
        Ok(compose::exchange::along(&shelf.newest(MOST_OFFERED)?))
    })
    .await
}

async fn save(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    let profile = match api::profile_named(&which) {
        Ok(name) => name,
        Err(problem) => return failed(&problem, &ask),
    };
    match saved(&shared, &ask, &profile, &typed).await {
        Ok(name) => go(&format!("{}?done=saved", place(&name))),
        Err(problem) => {
            let text = |name: &str| typed.text(name).to_owned();
            let text = (text("name"), text("description"), text("revision"));
            let problem = theirs(problem, Meanwhile::Hidden);
            shown(&shared, &ask, profile, Wanted::default(), Some(text), Some(problem)).await
        }
    }
}

/// Describes a profile and calls it otherwise, as far as either was changed; gives its name.
async fn saved(shared: &Shared, ask: &Ask, profile: &Name, typed: &Typed) -> Result<Name, Problem> {
    let to = api::new_profile_name(typed.text("name"))?;
    let mut on = Revision::told(typed.text("revision"));
    let changes = vec![ProfileChange::Describe(typed.text("description").replace("\r\n", "\n"))];
    let edit = EditProfile { profile: profile.clone(), on, changes };
    give(shared, &ask.session, edit).await?;
    if to != *profile {
        on = api::profile_text(shared, &ask.session, profile).await?.revision();
        let renamed = RenameProfile { profile: profile.clone(), on, to: to.clone() };
        give(shared, &ask.session, renamed).await?;
    }
    Ok(to)
}

async fn run(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Sealed(_): Pairs,
) -> Response {
    let done = match api::profile_named(&which) {
        Ok(name) => api::run_profile(&shared, &ask.session, &name).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => go(&format!("{PLACE}?done=profile-runs")),
        Err(problem) => listed(&shared, &ask, "", "", Some(problem)).await,
    }
}

/// Goes back to a version; without one, to the version before.
async fn restore(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    let profile = match api::profile_named(&which) {
        Ok(name) => name,
        Err(problem) => return failed(&problem, &ask),
    };
    let version = match typed.text("version").parse() {
        Ok(id) => Ok(VersionId(id)),
        Err(_) => api::version_before(&shared, &ask.session, &profile).await,
    };
    let done = match version {
        Ok(version) => {
            let on = Revision::told(typed.text("revision"));
            let order = RestoreProfile { profile: profile.clone(), on, version };
            give(&shared, &ask.session, order).await
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => go(&format!("{}?done=restored", place(&profile))),
        Err(problem) => shown(&shared, &ask, profile, Wanted::default(), None, Some(problem)).await,
    }
}

async fn delete(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let revision = Typed::from(pairs).text("revision").to_owned();
    let done = match api::profile_named(&which) {
        Ok(profile) => {
            let on = (!revision.is_empty()).then(|| Revision::told(&revision));
            give(&shared, &ask.session, DeleteProfile { profile, on }).await
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => go(&format!("{PLACE}?done=profile-deleted")),
        Err(problem) => listed(&shared, &ask, "", "", Some(problem)).await,
    }
}
