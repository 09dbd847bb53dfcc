//! Profiles: which there are, what they say and said, and changing them. Names are never paths. The ETag of
//! a profile is the revision of its text: a change with `If-Match` overwrites nothing unseen.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    ActivateProfile, AddProfile, ChangeSettings, DeleteProfile, DiffKind, EditProfile,
    LibraryError, NewProfile, Profile, ProfileChange, ProfileText, ProfileVersionLine,
    RenameProfile, RestoreProfile, Revision, Right, Scene, Session, VersionId, ViewPlant,
    demo_profile, diff, load_profile,
};
use crate::view::compose::profiles::a_profile_name;
use crate::web::api::give::{Answer, Time, aside, at_place, json, nothing, order};
use crate::web::api::profile_list;
use crate::web::api::take::{self, Body, Who, Word, Words, expected_tag};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ALL: &str = "/api/v1/profiles";
    const ONE: &str = "/api/v1/profiles/{name}";
    const VERSION: &str = "/api/v1/profiles/{name}/versions/{version}";
    let read = Access::Needs(Right::ReadSettings);
    let change = Access::Needs(Right::ChangeSettings);
    profile_list::routes(table)
        .api(Method::POST, ALL, change, add)
        .api(Method::GET, ONE, read, look)
        .api(Method::PATCH, ONE, change, alter)
        .api(Method::DELETE, ONE, change, delete)
        .api(Method::POST, "/api/v1/profiles/{name}/activate", change, activate)
        .api(Method::POST, "/api/v1/profiles/{name}/undo", change, undo)
        .api(Method::GET, "/api/v1/profiles/{name}/versions", read, versions)
        .api(Method::GET, VERSION, read, version)
        .api(Method::POST, "/api/v1/profiles/{name}/versions/{version}/restore", change, restore)
}

/// What is looked for here, in sentences.
const WHAT: &str = "profile";

/// The name that stands in an address.
///
/// # Errors
/// No profile can be called so.
pub fn named(text: &str) -> Result<Name, Problem> {
    take::named(text, WHAT)
}

/// What is wrong with a file of a profile, as an answer.
#[must_use]
pub fn problem(error: &LibraryError) -> Problem {
    match error {
        LibraryError::Unknown { name, .. } => take::missing(name, WHAT),
        LibraryError::Refused { .. }
        | LibraryError::NoHome
        | LibraryError::NoName { .. }
        | LibraryError::Read { .. }
        | LibraryError::DataFolder { .. }
        | LibraryError::NoFile(_)
        | LibraryError::TooLarge { .. }
        | LibraryError::NotText { .. }
        | LibraryError::Write { .. } => Problem::invalid(format!("{error}.")),
    }
}

/// A profile to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWanted)]
pub struct Wanted {
    /// What it is to be called.
    name: String,
    /// The profile it is a copy of.
    copy_of: Option<String>,
    /// The CAN interface of the machine that it watches for the usual components.
    interface: Option<String>,
    /// The built-in scene that it simulates: `demo` is the demo.
    scene: Option<String>,
    /// What it is to say, as TOML.
    text: Option<String>,
}

/// What a new profile begins as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Nothing is in it.
    Empty,
    /// What the profile of this name says.
    Copy(String),
    /// The usual components on this interface of the machine.
    Interface(String),
    /// What this built-in scene simulates.
    Scene(String),
    /// This text.
    Text(String),
}

impl Begins {
    fn of(wanted: Wanted) -> Result<Self, Problem> {
        let Wanted { name: _, copy_of, interface, scene, text } = wanted;
        let said = [
            copy_of.map(Self::Copy),
            interface.map(Self::Interface),
            scene.map(Self::Scene),
            text.map(Self::Text),
        ];
        let mut said = said.into_iter().flatten();
        match (said.next(), said.next()) {
            (None, _) => Ok(Self::Empty),
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => {
                let why = "Say one of copy_of, interface, scene and text, or none of them.";
                Err(Problem::invalid(why).about("copy_of"))
            }
        }
    }
}

/// What a new profile called `name` says that begins so.
///
/// # Errors
/// That cannot be.
pub fn beginning(name: &Name, begins: Begins) -> Result<NewProfile, Problem> {
    let profile = match begins {
        Begins::Copy(from) => return Ok(NewProfile::Copy(named(&from)?)),
        Begins::Text(text) => return Ok(NewProfile::Text(text)),
        Begins::Empty => Profile::new(name.clone(), Vec::new(), Vec::new()),
        Begins::Interface(interface) => Profile::for_interface(&interface)
            .map_err(|_| Problem::invalid("No interface can be called so.").about("interface"))?,
        Begins::Scene(scene) => {
            let refused = |why: String| Problem::invalid(why).about("scene");
            let all: Vec<String> = Scene::list().into_iter().map(|one| one.name).collect();
            // A file of the machine that holds a scene is named by whoever sits there.
            if !all.contains(&scene) {
                return Err(refused(format!("There is no such scene: {}.", all.join(", "))));
            }
            demo_profile(&scene).map_err(|error| refused(format!("{error}.")))?
        }
    };
    Ok(NewProfile::Of(Box::new(profile)))
}

/// Adds a profile to the data folder: empty, for an interface, for a simulated scene, as a copy, or with a
/// text of its own. It does not run yet, and never takes the place of another one.
#[utoipa::path(post, path = "/api/v1/profiles", tag = "profiles", request_body = Wanted,
    responses(
        (status = 201, description = "It is there", body = ProfileShown),
        (status = 404, description = "There is no profile to copy"),
        (status = 409, description = "There is one of this name, or what it is to say is refused"),
        (status = 422, description = "No profile can be called so"),
    ))]
pub async fn add(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(wanted): Body<Wanted>,
) -> Answer {
    let name = new_name(&wanted.name)?;
    let says = beginning(&name, Begins::of(wanted)?)?;
    order(&shared, &session, AddProfile { name: name.clone(), says }).await?;
    let place = format!("/api/v1/profiles/{name}");
    Ok(at_place(shown(&shared, &session, StatusCode::CREATED, name).await?, &place))
}

/// A name for a profile.
///
/// # Errors
/// None can be called so.
pub fn new_name(text: &str) -> Result<Name, Problem> {
    a_profile_name(text).map_err(|why| Problem::invalid(why).about("name"))
}

/// A profile.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub struct ProfileShown {
    /// Its name.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Whether it runs.
    runs: bool,
    /// Which text it is: the ETag.
    revision: String,
    /// Why it is refused, with the line.
    refused: Option<String>,
    /// What it says, as TOML.
    text: String,
    /// The same as JSON, under the names of the file; `null` where it is refused.
    #[schema(value_type = Option<Object>)]
    profile: Option<serde_json::Value>,
}

/// The text of a profile. Blocks.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn text_of(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
) -> Result<ProfileText, Problem> {
    let (session, name) = (Arc::clone(session), name.clone());
    aside(shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        shared.door().profile_text(&grant, &name).map_err(|error| problem(&error))
    })
    .await
}

async fn shown(
    shared: &Shared,
    session: &Arc<Session>,
    status: StatusCode,
    name: Name,
) -> Result<Response, Problem> {
    let said = text_of(shared, session, &name).await?;
    let (profile, refused) = match said.profile() {
        Ok(profile) => (Some(profile), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let revision = said.revision();
    let shown = ProfileShown {
        name: name.to_string(),
        description: profile.as_ref().and_then(|profile| profile.description.clone()),
        runs: said.runs,
        revision: revision.code().to_owned(),
        refused,
        text: said.text,
        profile: profile.and_then(|profile| serde_json::to_value(profile).ok()),
    };
    let mut response = json(status, &shown);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// What a profile says. The running one is shown as it runs.
#[utoipa::path(get, path = "/api/v1/profiles/{name}", tag = "profiles",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "What it says; the ETag is its revision", body = ProfileShown),
        (status = 404, description = "There is no such profile"),
    ))]
pub async fn look(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    shown(&shared, &session, StatusCode::OK, named(&which)?).await
}

/// The revision that a change is made on: that of `If-Match`, else that of the text as it is now.
async fn on(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
    headers: &HeaderMap,
) -> Result<Revision, Problem> {
    match expected(headers)? {
        Some(revision) => Ok(revision),
        None => Ok(text_of(shared, session, name).await?.revision()),
    }
}

fn expected(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    Ok(expected_tag(headers)?.map(Revision::told))
}

/// What is to be changed about a profile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileChange)]
pub struct Changed {
    /// What it is to be called.
    name: Option<String>,
    /// What it is for; empty: nothing is said.
    description: Option<String>,
}

/// Describes a profile, or calls it otherwise, also while it runs. Every change is kept as a version.
#[utoipa::path(patch, path = "/api/v1/profiles/{name}", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at")),
    request_body = Changed,
    responses(
        (status = 200, description = "As it is now", body = ProfileShown),
        (status = 404, description = "There is no such profile"),
        (status = 409, description = "There is one of the new name, or it cannot be changed now"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "It cannot be called so"),
    ))]
pub async fn alter(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    Body(changed): Body<Changed>,
) -> Answer {
    let mut profile = named(&which)?;
    let to = changed.name.as_deref().map(new_name).transpose()?;
    let mut on = on(&shared, &session, &profile, &headers).await?;
    if let Some(text) = changed.description {
        let changes = vec![ProfileChange::Describe(text)];
        let edit = EditProfile { profile: profile.clone(), on, changes };
        order(&shared, &session, edit).await?;
        on = text_of(&shared, &session, &profile).await?.revision();
    }
    if let Some(to) = to.filter(|to| *to != profile) {
        let renamed = RenameProfile { profile, on, to: to.clone() };
        order(&shared, &session, renamed).await?;
        profile = to;
    }
    shown(&shared, &session, StatusCode::OK, profile).await
}

/// Deletes a profile. Not the running one. Its versions stay.
#[utoipa::path(delete, path = "/api/v1/profiles/{name}", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such profile"),
        (status = 409, description = "It runs"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn delete(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let (profile, on) = (named(&which)?, expected(&headers)?);
    order(&shared, &session, DeleteProfile { profile, on }).await?;
    Ok(nothing())
}

/// Has a profile run instead of the present one, and opened at the next start.
///
/// # Errors
/// It cannot run, or something that charges or is recorded must be stopped first.
pub async fn run(shared: &Shared, session: &Arc<Session>, name: &Name) -> Result<(), Problem> {
    let grant = session.permit(ViewPlant)?;
    let library = shared.door().library(&grant);
    let file = library.file_of(name);
    if !file.exists() {
        return Err(take::missing(name.as_str(), WHAT));
    }
    let loaded = aside(shared, move |_| {
        let loaded = load_profile(&file, &library.catalog()).map_err(|error| problem(&error))?;
        Ok(ActivateProfile::loaded(loaded))
    });
    order(shared, session, loaded.await?).await?;
    let (session, name) = (Arc::clone(session), name.clone());
    aside(shared, move |shared| {
        let grant = session.permit(ChangeSettings)?;
        // It runs; that it will not be opened by itself next time is no reason to say otherwise.
        if let Err(error) = shared.door().remember_profile(&grant, &name) {
            tracing::warn!(%error, "the profile is not remembered");
        }
        Ok(())
    })
    .await
}

/// Has a profile run instead of the present one, without a restart. What charges or is recorded is named
/// and must be stopped first.
#[utoipa::path(post, path = "/api/v1/profiles/{name}/activate", tag = "profiles",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It runs", body = ProfileShown),
        (status = 404, description = "There is no such profile"),
        (status = 409, description = "Something must be stopped first"),
        (status = 422, description = "It is refused: why, with file and line"),
    ))]
pub async fn activate(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
) -> Answer {
    let name = named(&which)?;
    run(&shared, &session, &name).await?;
    shown(&shared, &session, StatusCode::OK, name).await
}

/// A version of a profile.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileVersionEntry)]
pub struct VersionListed {
    /// Its number.
    version: i64,
    /// When.
    at: Time,
    /// Who.
    by: String,
    /// Through which face: `desktop`, `web`, `api`, `command_line` or `inside`.
    face: String,
    /// What was changed, in words.
    what: String,
    /// Bytes of its text.
    bytes: u64,
}

impl From<&ProfileVersionLine> for VersionListed {
    fn from(line: &ProfileVersionLine) -> Self {
        Self {
            version: line.id.0,
            at: Time(line.at),
            by: line.who.clone(),
            face: line.face.clone(),
            what: line.what.clone(),
            bytes: line.bytes,
        }
    }
}

/// The versions of a profile. Blocks.
///
/// # Errors
/// The database refuses.
pub async fn lines(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
) -> Result<Vec<ProfileVersionLine>, Problem> {
    let (session, name) = (Arc::clone(session), name.clone());
    aside(shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        Ok(shared.door().profile_versions(&grant, name.as_str())?)
    })
    .await
}

/// Lists the versions of a profile, newest first: one for each edit from any face, and for each that was
/// picked up from its file. At most 200 are kept.
#[utoipa::path(get, path = "/api/v1/profiles/{name}/versions", tag = "profiles",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "Those that are kept", body = Vec<VersionListed>)))]
pub async fn versions(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
) -> Answer {
    let lines = lines(&shared, &session, &named(&which)?).await?;
    Ok(json(StatusCode::OK, &lines.iter().map(VersionListed::from).collect::<Vec<_>>()))
}

/// A line of a difference.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileDifference)]
pub struct LineShown {
    /// What became of it: `same`, `added`, `removed`, or `left_out` for lines that are the same and not
    /// shown.
    kind: &'static str,
    /// The line; of those left out, how many.
    text: String,
}

/// A version with its text.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileVersion)]
pub struct VersionShown {
    /// What is said of it.
    #[serde(flatten)]
    line: VersionListed,
    /// The version before it; `null`: it is the oldest that is kept.
    before: Option<i64>,
    /// Its text.
    text: String,
    /// The lines that differ from the version before.
    difference: Vec<LineShown>,
}

fn number(text: &str) -> Result<VersionId, Problem> {
    let missing = || Problem::not_found(format!("There is no version {text}."));
    text.parse().map(VersionId).map_err(|_| missing())
}

/// A version of a profile, with the lines that differ from the one before.
#[utoipa::path(get, path = "/api/v1/profiles/{name}/versions/{version}", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("version" = i64, Path, description = "Number of the version")),
    responses(
        (status = 200, description = "What it says", body = VersionShown),
        (status = 404, description = "There is no such version"),
    ))]
pub async fn version(
    State(shared): State<Shared>,
    Who(session): Who,
    Words(which, version): Words,
) -> Answer {
    let (name, id) = (named(&which)?, number(&version)?);
    let found = aside(&shared, move |shared| {
        let grant = session.permit(ViewPlant)?;
        let found = shared.door().profile_version(&grant, name.as_str(), id)?;
        found.ok_or_else(|| Problem::not_found(format!("There is no version {id} of {name}.")))
    });
    let found = found.await?;
    let before = found.before.as_ref().map_or("", |(_, text)| text.as_str());
    let line = |line: crate::engine::DiffLine| LineShown {
        kind: match line.kind {
            DiffKind::Same => "same",
            DiffKind::Added => "added",
            DiffKind::Removed => "removed",
            DiffKind::Left => "left_out",
        },
        text: line.text,
    };
    let difference = diff(before, &found.text).into_iter().map(line).collect();
    let shown = VersionShown {
        line: VersionListed::from(&found.line),
        before: found.before.map(|(id, _)| id.0),
        text: found.text,
        difference,
    };
    Ok(json(StatusCode::OK, &shown))
}

/// Makes a profile say what a version said; that is a new version.
#[utoipa::path(post, path = "/api/v1/profiles/{name}/versions/{version}/restore", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("version" = i64, Path, description = "Number of the version"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at")),
    responses(
        (status = 200, description = "As it is now", body = ProfileShown),
        (status = 404, description = "There is no such version"),
        (status = 409, description = "Something must be stopped first, or it is refused"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn restore(
    State(shared): State<Shared>,
    Who(session): Who,
    Words(which, version): Words,
    headers: HeaderMap,
) -> Answer {
    let (profile, version) = (named(&which)?, number(&version)?);
    let on = on(&shared, &session, &profile, &headers).await?;
    let restored = RestoreProfile { profile: profile.clone(), on, version };
    order(&shared, &session, restored).await?;
    shown(&shared, &session, StatusCode::OK, profile).await
}

/// The version before the newest one.
///
/// # Errors
/// There is none.
pub async fn before(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
) -> Result<VersionId, Problem> {
    let lines = lines(shared, session, name).await?;
    lines.get(1).map(|line| line.id).ok_or_else(|| {
        Problem::not_found(format!("There is no version of {name} before the present one."))
    })
}

/// Undoes the last change: makes a profile say what the version before said. That is a new version, so
/// that it can be undone, too.
#[utoipa::path(post, path = "/api/v1/profiles/{name}/undo", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at")),
    responses(
        (status = 200, description = "As it is now", body = ProfileShown),
        (status = 404, description = "There is no version before"),
        (status = 409, description = "Something must be stopped first, or it is refused"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn undo(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let profile = named(&which)?;
    let version = before(&shared, &session, &profile).await?;
    let on = on(&shared, &session, &profile, &headers).await?;
    let restored = RestoreProfile { profile: profile.clone(), on, version };
    order(&shared, &session, restored).await?;
    shown(&shared, &session, StatusCode::OK, profile).await
}
