//! DBC files: those of the data folder by name, what they say, what is wrong with them, and by which a
//! bus is read. Names are never paths.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::base::id::Name;
use crate::engine::{
    AssignDbcs, BusPicture, DbcExtent, DbcSource, ExpectedFile, KeepDbc, LARGEST_DBC, RemoveDbc,
    Right, Session, Shelf, ShelfError, Snapshot, Taken, UseCan, ViewPlant, dbc_mark, same_dbc_file,
};
use crate::web::api::dbc_json::{DbcEntry, DbcFile, DbcKept, DbcSummary, DbcUnread, file};
use crate::web::api::give::{Answer, List, aside, json, nothing, order};
use crate::web::api::take::{self, Body, Who, Word, expected_file, expected_tag};
use crate::web::problem::{Problem, sentence};
use crate::web::sealed::too_large;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

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
    take::named(text.strip_suffix(".dbc").unwrap_or(text), "DBC file")
}

/// The name that a file is to have.
fn new_name(text: &str) -> Result<Name, Problem> {
    let refused = |why| Problem::invalid(sentence(&format!("{why}"))).about("name");
    Name::new(text.strip_suffix(".dbc").unwrap_or(text)).map_err(refused)
}

/// What went wrong with a file, as an answer.
pub fn problem(error: ShelfError) -> Problem {
    match error {
        ShelfError::Unknown(name) => {
            Problem::not_found(format!("There is no DBC file \u{201c}{name}\u{201d}."))
        }
        ShelfError::TooLarge { .. } => too_large(LARGEST_DBC),
        error @ (ShelfError::Taken(_)
        | ShelfError::Full
        | ShelfError::Changed(_)
        | ShelfError::File { .. }) => Problem::invalid(sentence(&error.to_string())),
    }
}

/// The DBC file of this name among those that a bus is read by.
fn reads(snapshot: &Snapshot, bus: &BusPicture, own: &FilePath) -> bool {
    let mut sources = snapshot.decoders.sources(bus.id);
    sources.any(|(source, _)| match source {
        DbcSource::File { file, .. } => same_dbc_file(file, own),
        DbcSource::Device(_) | DbcSource::Unsaid => false,
    })
}

/// The buses that are read by a file.
fn buses(snapshot: &Snapshot, own: &FilePath) -> Vec<Name> {
    let found = snapshot.buses.iter().filter(|bus| reads(snapshot, bus, own));
    found.map(|bus| bus.name.clone()).collect()
}

fn words(names: &[Name]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn shelf(shared: &Shared, session: &Session) -> Result<(Shelf, Arc<Snapshot>), Problem> {
    let shelf = shared.door().dbcs(&session.permit(UseCan)?);
    Ok((shelf, shared.door().look(&session.permit(ViewPlant)?)))
}

/// Lists the DBC files that are kept, with what is wrong with each and the buses that are read by it.
/// Needs Send and receive CAN.
#[utoipa::path(get, path = "/api/v1/dbc", tag = "dbc",
    responses((status = 200, description = "All of them, by name", body = List<DbcEntry>)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let (shelf, snapshot) = shelf(&shared, &session)?;
    let items = aside(&shared, move |shared| all(shared, &shelf, &snapshot)).await?;
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Every kept file.
///
/// # Errors
/// The folder cannot be read.
pub fn all(shared: &Shared, shelf: &Shelf, snapshot: &Snapshot) -> Result<Vec<DbcEntry>, Problem> {
    let names = shelf.names().map_err(problem)?;
    shared.dbcs().keep_only(&names);
    let entry = |name: &Name| {
        // One that is removed at this moment is simply not there.
        let says = shared.dbcs().get(shelf, name)?;
        let buses = words(&buses(snapshot, &shelf.file_of(name)));
        Some(DbcEntry { name: name.to_string(), says: DbcSummary::clone(&says), buses })
    };
    Ok(names.iter().filter_map(entry).collect())
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
        Ok(file(&name, &bytes, words(&buses(&snapshot, &shelf.file_of(&name)))))
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
    send(&shared, &session, &which).await
}

/// A kept file as an answer.
///
/// # Errors
/// There is none of this name.
pub async fn send(shared: &Shared, session: &Session, which: &str) -> Answer {
    let (shelf, _) = shelf(shared, session)?;
    let name = named(which)?;
    let file = name.clone();
    let bytes = aside(shared, move |_| shelf.read(&name).map_err(problem)).await?;
    shared.door().note_taken(&session.permit(UseCan)?, session, Taken::Dbc(file.clone()));
    let mark = HeaderValue::from_str(&format!("\"{}\"", dbc_mark(&bytes)));
    // The name of a file has no letter that would end the quotes.
    let told = HeaderValue::from_str(&format!("attachment; filename=\"{file}.dbc\""));
    let mut response = ([(header::CONTENT_TYPE, "text/plain")], bytes).into_response();
    response.headers_mut().extend(mark.map(|mark| (header::ETAG, mark)));
    response.headers_mut().extend(told.map(|told| (header::CONTENT_DISPOSITION, told)));
    Ok(response)
}

/// Keeps a DBC file: the body is the file, of at most 16 MiB, 16,384 messages and 131,072 signals. One of
/// the same name is replaced; with `If-Match` only if it is still the one of that ETag, with
/// `If-None-Match: *` not at all. Buses that are read by it are read by the new one at once; where that is
/// not possible the answer says so. Needs Change system settings.
#[utoipa::path(put, path = "/api/v1/dbc/{name}", tag = "dbc",
    params(("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the file that is replaced"),
        ("If-None-Match" = Option<String>, Header, description = "* for a file that is new")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "It is kept", body = DbcKept),
        (status = 409, description = "There is one of this name already"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 413, description = "It is larger than any DBC file"),
        (status = 422, description = "It cannot be called so; it has no message, or more than 16,384 of them or 131,072 signals"),
    ))]
pub async fn upload(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let (name, expected) = (new_name(&which)?, expected_file(&headers)?);
    let most = usize::try_from(LARGEST_DBC).unwrap_or(usize::MAX);
    let bytes = to_bytes(request.into_body(), most).await.map_err(|_| too_large(LARGEST_DBC))?;
    let kept = keep(&shared, &session, (name, bytes.to_vec()), expected).await?;
    Ok(json(StatusCode::OK, &kept))
}

/// Keeps a file, and reads the buses anew that are read by it.
///
/// # Errors
/// It is no DBC file, or not the expected one is there.
pub async fn keep(
    shared: &Shared,
    session: &Arc<Session>,
    (name, bytes): (Name, Vec<u8>),
    expected: ExpectedFile,
) -> Result<DbcKept, Problem> {
    let taken_apart = aside(shared, move |_| {
        let fits = |extent: DbcExtent| match extent.why_not() {
            Some(why) => Err(Problem::invalid(format!("The file {why}."))),
            None => Ok(()),
        };
        // What says too much is not even taken apart.
        fits(DbcExtent::of_lines(&bytes))?;
        let says = DbcSummary::of(&bytes);
        fits(DbcExtent { messages: says.messages, signals: says.signals })?;
        Ok((bytes, says))
    });
    let (bytes, says) = taken_apart.await?;
    if says.messages == 0 {
        let detail = "The file has no message: it is no DBC file, or every line of it is broken.";
        return Err(Problem::invalid(detail));
    }
    let grant = session.permit(ViewPlant)?;
    let (snapshot, file) = (shared.door().look(&grant), shared.door().dbc_file(&grant, &name));
    order(shared, session, KeepDbc { name: name.clone(), bytes, expected }).await?;
    shared.dbcs().forget(&name);
    // From here on it is kept, whatever becomes of the rest.
    let read = buses(&snapshot, &file);
    let mut unread = Vec::new();
    for bus in &read {
        let change = Change::Renew(bus.clone(), file.clone());
        if let Err(why) = changed(shared, session, change).await {
            unread.push(DbcUnread { bus: bus.to_string(), why: why.detail().to_owned() });
        }
    }
    let entry = DbcEntry { name: name.to_string(), says, buses: words(&read) };
    Ok(DbcKept { entry, unread })
}

/// Removes a DBC file that no bus is read by. Needs Change system settings.
#[utoipa::path(delete, path = "/api/v1/dbc/{name}", tag = "dbc",
    params(("name" = String, Path, description = "Name of the file"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the file that was looked at")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such file"),
        (status = 409, description = "A bus is read by it"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn remove(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let expected = expected_tag(&headers)?.map(str::to_owned);
    take_away(&shared, &session, named(&which)?, expected).await?;
    Ok(nothing())
}

/// Removes a file, unless a bus is read by it. With `expected`, only if it bears this mark.
///
/// # Errors
/// It is not there, used, or another one.
pub async fn take_away(
    shared: &Shared,
    session: &Arc<Session>,
    name: Name,
    expected: Option<String>,
) -> Result<(), Problem> {
    let grant = session.permit(ViewPlant)?;
    let file = shared.door().dbc_file(&grant, &name);
    if let Some(bus) = buses(&shared.door().look(&grant), &file).first() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "in_use",
            "In use",
            format!("The bus {bus} is read by {name}."),
            "Take it from the bus first.",
        ));
    }
    order(shared, session, RemoveDbc { name: name.clone(), expected }).await?;
    shared.dbcs().forget(&name);
    Ok(())
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
    read_by(&shared, &session, (&named(&which)?, &asked.bus), Reading::Begins).await?;
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
    read_by(&shared, &session, (&named(&which)?, &asked.bus), Reading::Ends).await?;
    Ok(nothing())
}

/// What becomes of a bus and a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The bus is read by it.
    Begins,
    /// It is not any more.
    Ends,
}

/// Reads a bus by a kept file, or no longer.
///
/// # Errors
/// There is no such file or bus, or the profile cannot be written.
pub async fn read_by(
    shared: &Shared,
    session: &Arc<Session>,
    (name, bus): (&Name, &str),
    reading: Reading,
) -> Result<(), Problem> {
    let grant = session.permit(ViewPlant)?;
    let snapshot = shared.door().look(&grant);
    let found = snapshot.buses.iter().find(|one| one.name.as_str() == bus);
    let bus = found.map(|bus| bus.name.clone()).ok_or_else(|| {
        let bus: String = bus.chars().take(Name::LIMIT).collect();
        let detail = format!("There is no bus \u{201c}{bus}\u{201d} in the running profile.");
        Problem::not_found(detail)
    })?;
    let file = shared.door().dbc_file(&grant, name);
    let change = match reading {
        Reading::Begins if file.is_file() => Change::Add(bus, file),
        Reading::Begins => return Err(problem(ShelfError::Unknown(name.clone()))),
        Reading::Ends => Change::Remove(bus, file),
    };
    changed(shared, session, change).await
}

/// A change of what a bus is read by, before its file is read.
enum Change {
    Add(Name, PathBuf),
    Renew(Name, PathBuf),
    Remove(Name, PathBuf),
}

async fn changed(shared: &Shared, session: &Arc<Session>, change: Change) -> Result<(), Problem> {
    let made = aside(shared, move |_| {
        let made = match change {
            Change::Add(bus, file) => AssignDbcs::add(bus, &file),
            Change::Renew(bus, file) => AssignDbcs::renew(bus, &file),
            Change::Remove(bus, file) => Ok(AssignDbcs::remove(bus, file)),
        };
        made.map_err(|why| Problem::invalid(sentence(&why)))
    });
    order(shared, session, made.await?).await
}
