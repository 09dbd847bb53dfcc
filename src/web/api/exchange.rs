//! Profile packs: a profile with what it needs as one ZIP, out of this machine and into it. What is
//! brought is looked at whole before anything is kept, and overwrites nothing unseen.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    ChangeSettings, ExportPack, ImportPack, LARGEST_PACK, PackCarry, PackItem, PackPreview,
    PackRecordings, ProfilePack, ProfilePackError, RecordShelfError, Right, Session, UseCan,
    ViewPlant, environment,
};
use crate::web::api::give::{Answer, aside, at_place, json, order};
use crate::web::api::profiles::{named, new_name, problem as profile_problem, text_of};
use crate::web::api::take::{Asked, Who, Word, expected_tag};
use crate::web::problem::{Problem, sentence};
use crate::web::sealed::too_large;
use crate::web::shared::{Shared, Turn};
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    table.api(Method::GET, "/api/v1/profiles/{name}/pack", change, export).api(
        Method::POST,
        "/api/v1/packs",
        change,
        import,
    )
}

/// What is wrong with a pack, as an answer.
fn problem(error: ProfilePackError) -> Problem {
    match error {
        ProfilePackError::Profile(error) => profile_problem(&error),
        ProfilePackError::Recording {
            source:
                source @ (RecordShelfError::Missing(_)
                | RecordShelfError::Busy(_)
                | RecordShelfError::Taken(_)
                | RecordShelfError::NoRoom(_)
                | RecordShelfError::TooMany),
            ..
        } => source.into(),
        error @ (ProfilePackError::Broken(_)
        | ProfilePackError::Entry { .. }
        | ProfilePackError::TooLarge { .. }
        | ProfilePackError::Dbc(_)
        | ProfilePackError::Named { .. }
        | ProfilePackError::Device { .. }
        | ProfilePackError::Recording { .. }
        | ProfilePackError::RecordingSize { .. }
        | ProfilePackError::Edit(_)) => Problem::invalid(sentence(&error.to_string())),
    }
}

/// A profile with the DBC files of its buses and the device folders of one's own that it names, as one
/// ZIP for another machine. No password, token or key is in it. Needs Change system settings. Recordings
/// of the folder go along where they are named: at most 16 of them, of 64 MiB together, none that is being
/// written. With them it needs Send and receive CAN too.
#[utoipa::path(get, path = "/api/v1/profiles/{name}/pack", tag = "profiles",
    params(("name" = String, Path, description = "Its name"),
        ("recording" = Option<Vec<String>>, Query,
            description = "A recording that goes along; once for each of them")),
    responses(
        (status = 200, description = "The pack", content_type = "application/zip"),
        (status = 404, description = "There is no such profile, or no such recording"),
        (status = 409, description = "A recording is being written"),
        (status = 422, description = "It is refused, something that it needs cannot be read, or the recordings are too many or too large"),
    ))]
pub async fn export(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Answer {
    written(&shared, &session, &which, asked).await
}

/// The pack of this profile, as a file to be saved; the query of the address names the recordings that go
/// along.
///
/// # Errors
/// There is no such profile, or something that it needs or that was named cannot be read.
pub async fn written(
    shared: &Shared,
    session: &Arc<Session>,
    which: &str,
    asked: Vec<(String, String)>,
) -> Answer {
    let name = named(which)?;
    if let Some((other, _)) = asked.iter().find(|(field, _)| field != "recording") {
        return Err(Problem::invalid(format!("A pack knows no {other:?}, only recording.")));
    }
    let recordings: Vec<String> = asked.into_iter().map(|(_, recording)| recording).collect();
    let shelf = match recordings.is_empty() {
        true => None,
        false => Some(shared.door().recordings(&session.permit(UseCan)?).clone()),
    };
    let now = shared.door().clock().wall();
    let text = text_of(shared, session, &name).await?.text;
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let library = shared.door().library(&session.permit(ViewPlant)?);
    let packed = name.clone();
    let bytes = aside(shared, move |_| {
        let pack = ProfilePack::of((&library, &devices), &packed, &text, &environment);
        let pack = match shelf {
            None => pack,
            Some(shelf) => pack.and_then(|pack| pack.with_recordings(&shelf, &recordings, now)),
        };
        let written = pack.and_then(|pack| Ok((pack.write()?, ExportPack::of(&packed, &pack))));
        written.map_err(problem)
    });
    let (bytes, note) = bytes.await?;
    order(shared, session, note).await?;
    let mut response = ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response();
    // The name of a profile has no letter that would end the quotes.
    let told = HeaderValue::from_str(&format!("attachment; filename=\"{name}.zip\""));
    response.headers_mut().extend(told.map(|told| (header::CONTENT_DISPOSITION, told)));
    Ok(response)
}

/// What is to be called so; none where nothing was typed.
///
/// # Errors
/// No profile can be called so.
pub fn name_of(typed: &str) -> Result<Option<Name>, Problem> {
    Some(typed.trim()).filter(|typed| !typed.is_empty()).map(new_name).transpose()
}

/// Reads a pack that somebody has brought.
///
/// # Errors
/// It is none, or one that is refused.
pub async fn read(shared: &Shared, zip: Bytes) -> Result<ProfilePack, Problem> {
    aside(shared, move |_| ProfilePack::read_sent(&zip, &environment).map_err(problem)).await
}

/// Takes in the recordings of a pack, if it has any. None is kept yet.
///
/// # Errors
/// Whoever asks may not take recordings, or one of them cannot be taken in.
pub async fn taken_in(
    shared: &Shared,
    session: &Session,
    pack: ProfilePack,
) -> Result<(ProfilePack, PackRecordings), Problem> {
    if pack.recordings().is_empty() {
        return Ok((pack, PackRecordings::default()));
    }
    session.permit(pack.carrying())?;
    let shelf = shared.door().recordings(&session.permit(UseCan)?).clone();
    let now = shared.door().clock().wall();
    let work = move |_: &Shared| {
        let brought = pack.take_in(&shelf, now).map_err(problem)?;
        Ok((pack, brought))
    };
    shared.aside_in(Turn::Incoming, work).await.map_err(|_| Problem::stopping())?
}

/// What would become of a pack here, with its profile called `name`, else as it says.
///
/// # Errors
/// Whoever asks may not change settings, or something that is here cannot be read.
pub async fn preview(
    shared: &Shared,
    session: &Session,
    pack: ProfilePack,
    name: Option<Name>,
) -> Result<PackPreview, Problem> {
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let library = shared.door().library(&session.permit(ViewPlant)?);
    let (pack, brought) = taken_in(shared, session, pack).await?;
    let look = move |_: &Shared| {
        let places = (&library, &devices);
        let preview =
            pack.preview(name.as_ref(), places, &brought, &environment).map_err(problem)?;
        preview.check_sent(&library, &environment).map_err(problem)?;
        Ok(preview)
    };
    aside(shared, look).await
}

/// How a pack is brought.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bringing {
    preview: Option<String>,
    name: Option<String>,
    #[serde(default)]
    recordings: Wish,
}

/// What becomes of the recordings of a pack.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    #[default]
    Take,
    Leave,
}

impl From<Wish> for PackCarry {
    fn from(wish: Wish) -> Self {
        match wish {
            Wish::Take => Self::Take,
            Wish::Leave => Self::Leave,
        }
    }
}

/// What would become of a profile pack, or became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = PackPreview)]
pub struct PreviewShown {
    /// What the profile is called.
    name: String,
    /// Everything that is in it.
    items: Vec<ItemShown>,
    /// What the profile needs and is neither in the pack nor here.
    lacks: Vec<String>,
    /// The ETag: with it as If-Match, what is told as changed is replaced.
    mark: String,
}

/// A part of a profile pack.
#[derive(Serialize, ToSchema)]
#[schema(as = PackPart)]
pub struct ItemShown {
    /// What it is: profile, DBC file, device folder or recording.
    what: &'static str,
    /// What it is called.
    name: String,
    /// How it stands to what is here: new, same, changed, clashes; or that it is left out.
    state: &'static str,
}

impl From<&PackItem> for ItemShown {
    fn from(item: &PackItem) -> Self {
        Self { what: item.part.words(), name: item.name.clone(), state: item.stand.word() }
    }
}

fn shown(status: StatusCode, preview: &PackPreview) -> axum::response::Response {
    let body = PreviewShown {
        name: preview.name.to_string(),
        items: preview.items.iter().map(ItemShown::from).collect(),
        lacks: preview.lacks.clone(),
        mark: preview.mark.clone(),
    };
    let mut response = json(status, &body);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", preview.mark)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Takes a profile pack: the body is the ZIP, of at most 80 MiB. Its device folders, its DBC files, its
/// recordings and its profile are kept, all of it or nothing; the profile does not run yet. With `preview` nothing is kept and
/// the answer says what would be. A profile is never replaced: `name` calls it otherwise. Device folders
/// and DBC files are replaced with `If-Match` and the ETag of the preview only, if nothing is otherwise
/// since. A recording is never replaced, and has to be one that Busbar reads. Needs Change system settings,
/// and Send and receive CAN too where recordings are in it and not left out.
#[utoipa::path(post, path = "/api/v1/packs", tag = "profiles",
    params(
        ("preview" = Option<String>, Query, description = "Keep nothing, say what would become of it"),
        ("name" = Option<String>, Query, description = "What its profile is to be called"),
        ("recordings" = Option<String>, Query, description = "take, as usual, or leave: they stay out"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the preview that was seen")),
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses(
        (status = 200, description = "What would become of it; the ETag is its mark", body = PreviewShown),
        (status = 201, description = "It is here", body = PreviewShown),
        (status = 409, description = "A name is taken, or something would be replaced"),
        (status = 412, description = "What would be replaced is not what was seen"),
        (status = 413, description = "It is larger than any pack"),
        (status = 422, description = "It is no profile pack, or one that is refused: which entry, why"),
    ))]
pub async fn import(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(asked): Asked<Bringing>,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let name = asked.name.as_deref().map(new_name).transpose()?;
    let seen = expected_tag(&headers)?.map(str::to_owned);
    let most = usize::try_from(LARGEST_PACK).unwrap_or(usize::MAX);
    let bytes = to_bytes(request.into_body(), most).await.map_err(|_| too_large(LARGEST_PACK))?;
    let pack = read(&shared, bytes).await?.carry(asked.recordings.into());
    if asked.preview.is_some() {
        let preview = preview(&shared, &session, pack, name).await?;
        return Ok(shown(StatusCode::OK, &preview));
    }
    let (pack, recordings) = taken_in(&shared, &session, pack).await?;
    let order_given = ImportPack { pack: Box::new(pack), name, seen, recordings };
    let preview = order(&shared, &session, order_given).await?;
    let place = format!("/api/v1/profiles/{}", preview.name);
    Ok(at_place(shown(StatusCode::CREATED, &preview), &place))
}
