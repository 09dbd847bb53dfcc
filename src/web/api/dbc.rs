//! DBC files: those of the data folder by name, what they say, what is wrong with them, and by which a
//! bus is read. Names are never paths.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    AssignDbcs, BusPicture, DbcSource, KeepDbc, RemoveDbc, Right, Session, Shelf, ShelfError,
    Snapshot, UseCan, ViewPlant, dbc_mark, parse_dbc,
};
use crate::web::api::dbc_json::{DbcEntry, DbcFile, entry, file};
use crate::web::api::give::{Answer, aside, json, nothing, order};
use crate::web::api::take::{Body, Who, Word};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Largest file that is taken over the web, bytes.
pub const MOST_BYTES: usize = 8 << 20;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ONE: &str = "/api/v1/dbc/{name}";
    let look = Access::Needs(Right::SendReceiveCan);
    let change = Access::Needs(Right::ChangeSettings);
    table
        .api(Method::GET, "/api/v1/dbc", look, list)
        .api(Method::GET, ONE, look, look_at)
        .api(Method::GET, "/api/v1/dbc/{name}/file", look, download)
        .api(Method::PUT, ONE, change, upload)
        .api(Method::DELETE, ONE, change, remove)
        .api(Method::POST, "/api/v1/dbc/{name}/assign", change, assign)
        .api(Method::POST, "/api/v1/dbc/{name}/unassign", change, unassign)
}

/// The name that stands in an address.
pub fn named(text: &str) -> Result<Name, Problem> {
    let text = text.strip_suffix(".dbc").unwrap_or(text);
    Name::new(text).map_err(|_| {
        let text: String = text.chars().take(Name::LIMIT).collect();
        Problem::not_found(format!("There is no DBC file \u{201c}{text}\u{201d}."))
    })
}

/// What went wrong with a file, as an answer.
pub fn problem(error: ShelfError) -> Problem {
    match error {
        ShelfError::Unknown(name) => {
            Problem::not_found(format!("There is no DBC file \u{201c}{name}\u{201d}."))
        }
        error @ (ShelfError::TooLarge { .. }
        | ShelfError::Full
        | ShelfError::Changed(_)
        | ShelfError::File { .. }) => Problem::invalid(format!("{error}.")),
    }
}

/// The DBC files that a bus is read by.
fn files(snapshot: &Snapshot, bus: &BusPicture) -> Vec<PathBuf> {
    let sources = snapshot.decoders.sources(bus.id);
    sources
        .filter_map(|(source, _)| match source {
            DbcSource::File { file, .. } => Some(file.clone()),
            DbcSource::Device(_) | DbcSource::Unsaid => None,
        })
        .collect()
}

/// The buses that are read by a file.
fn buses(snapshot: &Snapshot, shelf: &Shelf, name: &Name) -> Vec<String> {
    let reads = |bus: &&BusPicture| {
        files(snapshot, bus).iter().any(|file| shelf.name_of(file).as_ref() == Some(name))
    };
    snapshot.buses.iter().filter(reads).map(|bus| bus.name.to_string()).collect()
}

fn shelf(shared: &Shared, session: &Session) -> Result<(Shelf, Arc<Snapshot>), Problem> {
    let shelf = shared.door().dbcs(&session.permit(UseCan)?);
    Ok((shelf, shared.door().look(&session.permit(ViewPlant)?)))
}

/// Lists the DBC files that are kept, with what is wrong with each and the buses that are read by it.
/// Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/dbc", tag = "dbc",
    responses((status = 200, description = "All of them, by name", body = Vec<DbcEntry>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let (shelf, snapshot) = shelf(&shared, &session)?;
    let entries = aside(&shared, move |_| all(&shelf, &snapshot)).await?;
    Ok(json(StatusCode::OK, &entries))
}

/// Every kept file.
pub fn all(shelf: &Shelf, snapshot: &Snapshot) -> Result<Vec<DbcEntry>, Problem> {
    let mut entries = Vec::new();
    for name in shelf.names().map_err(problem)? {
        // One that is removed at this moment is simply not there.
        let Ok(bytes) = shelf.read(&name) else { continue };
        entries.push(entry(&name, &bytes, buses(snapshot, shelf, &name)));
    }
    Ok(entries)
}

/// What a DBC file says: messages, signals, value names, and what is wrong with it. Needs Send and
/// receive CAN.
#[utoipa::path(get, path = "/api/v1/dbc/{name}", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 200, description = "What it says", body = DbcFile),
        (status = 404, description = "There is no such file"),
    ))]
pub async fn look_at(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    let (shelf, snapshot) = shelf(&shared, &session)?;
    let name = named(&which)?;
    let shown = aside(&shared, move |_| {
        let bytes = shelf.read(&name).map_err(problem)?;
        Ok(file(&name, &bytes, buses(&snapshot, &shelf, &name)))
    });
    Ok(json(StatusCode::OK, &shown.await?))
}

/// The file itself, byte for byte. Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/dbc/{name}/file", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 200, description = "The file; the ETag is its mark", content_type = "text/plain"),
        (status = 404, description = "There is no such file"),
    ))]
pub async fn download(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
) -> Answer {
    let (shelf, _) = shelf(&shared, &session)?;
    let name = named(&which)?;
    let bytes = aside(&shared, move |_| shelf.read(&name).map_err(problem)).await?;
    let tag = HeaderValue::from_str(&format!("\"{}\"", dbc_mark(&bytes)));
    let kind = [(header::CONTENT_TYPE, "text/plain"), (header::CONTENT_DISPOSITION, "attachment")];
    let mut response = (kind, bytes).into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The mark that a file must bear, of `If-Match`.
fn expected(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::IF_MATCH)?.to_str().ok()?;
    Some(text.trim().trim_matches('"').to_owned())
}

/// Keeps a DBC file: the body is the file. One of the same name is replaced; with `If-Match` only if
/// it is still the one of that ETag. Buses that are read by it are read by the new one at once. Needs
/// Change system settings.
#[utoipa::path(put, path = "/api/v1/dbc/{name}", tag = "dbc",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the file that is replaced")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "It is kept", body = DbcEntry),
        (status = 412, description = "Somebody else has changed it"),
        (status = 413, description = "It is larger than any DBC file"),
        (status = 422, description = "It has no message: it is no DBC file"),
    ))]
pub async fn upload(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let name = named(&which)?;
    let bytes = to_bytes(request.into_body(), MOST_BYTES).await.map_err(|_| too_large())?;
    let shown = keep(&shared, &session, (name, bytes.to_vec()), expected(&headers)).await?;
    Ok(json(StatusCode::OK, &shown))
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "Too large",
        format!("The file has more than {} MiB, or did not arrive whole.", MOST_BYTES >> 20),
        "Send a smaller file.",
    )
}

/// Keeps a file, and reads the buses anew that are read by it.
///
/// # Errors
/// It is no DBC file, or was changed by somebody else.
pub async fn keep(
    shared: &Shared,
    session: &Arc<Session>,
    (name, bytes): (Name, Vec<u8>),
    expected: Option<String>,
) -> Result<DbcEntry, Problem> {
    let (bytes, is_sound) = aside(shared, move |_| {
        let is_sound = !parse_dbc(&bytes).schema.messages.is_empty();
        Ok((bytes, is_sound))
    })
    .await?;
    if !is_sound {
        let detail = "The file has no message: it is no DBC file, or every line of it is broken.";
        return Err(Problem::invalid(detail));
    }
    let (kept, own) = (bytes.clone(), name.clone());
    order(shared, session, KeepDbc { name: own, bytes: kept, expected }).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    // Whoever may change settings need not be one who may look at files.
    let used = match session.permit(UseCan) {
        Ok(grant) => {
            let shelf = shared.door().dbcs(&grant);
            buses(&snapshot, &shelf, &name)
        }
        Err(_) => Vec::new(),
    };
    for bus in
        snapshot.buses.iter().filter(|bus| used.iter().any(|used| *used == *bus.name.as_str()))
    {
        read_by(shared, session, bus.name.clone(), files(&snapshot, bus)).await?;
    }
    aside(shared, move |_| Ok(entry(&name, &bytes, used))).await
}

/// Removes a DBC file that no bus is read by. Needs Change system settings.
#[utoipa::path(delete, path = "/api/v1/dbc/{name}", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such file"),
        (status = 409, description = "A bus is read by it"),
    ))]
pub async fn remove(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let name = named(&which)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    take_away(&shared, &session, name, &snapshot, expected(&headers)).await?;
    Ok(nothing())
}

/// Removes a file, unless a bus is read by it.
///
/// # Errors
/// It is not there, or used.
pub async fn take_away(
    shared: &Shared,
    session: &Arc<Session>,
    name: Name,
    snapshot: &Snapshot,
    expected: Option<String>,
) -> Result<(), Problem> {
    let ending = format!("{name}.dbc");
    let reads = |bus: &&BusPicture| {
        files(snapshot, bus).iter().any(|file| file.file_name().is_some_and(|n| *n == *ending))
    };
    if let Some(bus) = snapshot.buses.iter().find(reads) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "in_use",
            "In use",
            format!("The bus {} is read by {name}.", bus.name),
            "Take it from the bus first.",
        ));
    }
    order(shared, session, RemoveDbc { name, expected }).await
}

/// Which bus.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DbcBus {
    /// Name of the bus.
    bus: String,
}

/// Reads a bus by a DBC file, after those that it is read by already. The running profile's file says so
/// from then on. Needs Change system settings.
#[utoipa::path(post, path = "/api/v1/dbc/{name}/assign", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file")),
    request_body = DbcBus,
    responses(
        (status = 204, description = "The bus is read by it"),
        (status = 404, description = "There is no such file or bus"),
        (status = 409, description = "The profile cannot be written"),
    ))]
pub async fn assign(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<DbcBus>,
) -> Answer {
    give_to(&shared, &session, &named(&which)?, &asked.bus).await
}

/// Reads a bus by one more file.
///
/// # Errors
/// There is no such file or bus, or the profile cannot be written.
pub async fn give_to(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
    bus: &str,
) -> Result<Response, Problem> {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let bus = bus_named(&snapshot, bus)?;
    let mut all = files(&snapshot, bus);
    let file = shared.door().dbc_file(&session.permit(ViewPlant)?, name);
    if !file.is_file() {
        return Err(problem(ShelfError::Unknown(name.clone())));
    }
    if !all.contains(&file) {
        all.push(file);
    }
    read_by(shared, session, bus.name.clone(), all).await?;
    Ok(nothing())
}

/// Reads a bus by a DBC file no longer; the file stays. Needs Change system settings.
#[utoipa::path(post, path = "/api/v1/dbc/{name}/unassign", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file")),
    request_body = DbcBus,
    responses(
        (status = 204, description = "The bus is not read by it"),
        (status = 404, description = "There is no such bus"),
    ))]
pub async fn unassign(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Body(asked): Body<DbcBus>,
) -> Answer {
    take_from(&shared, &session, &named(&which)?, &asked.bus).await
}

/// Reads a bus by a file no longer.
///
/// # Errors
/// There is no such bus, or the profile cannot be written.
pub async fn take_from(
    shared: &Shared,
    session: &Arc<Session>,
    name: &Name,
    bus: &str,
) -> Result<Response, Problem> {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let bus = bus_named(&snapshot, bus)?;
    let ending = format!("{name}.dbc");
    let mut all = files(&snapshot, bus);
    all.retain(|file| file.file_name().is_none_or(|name| *name != *ending));
    read_by(shared, session, bus.name.clone(), all).await?;
    Ok(nothing())
}

fn bus_named<'s>(snapshot: &'s Snapshot, bus: &str) -> Result<&'s BusPicture, Problem> {
    snapshot.buses.iter().find(|one| one.name.as_str() == bus).ok_or_else(|| {
        let bus: String = bus.chars().take(Name::LIMIT).collect();
        let detail = format!("There is no bus \u{201c}{bus}\u{201d} in the running profile.");
        Problem::not_found(detail)
    })
}

async fn read_by(
    shared: &Shared,
    session: &Arc<Session>,
    bus: Name,
    files: Vec<PathBuf>,
) -> Result<(), Problem> {
    let read = move |_: &Shared| {
        AssignDbcs::read(bus, &files).map_err(|why| Problem::invalid(format!("{why}.")))
    };
    let asked = aside(shared, read).await?;
    order(shared, session, asked).await
}
