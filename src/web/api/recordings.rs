//! Recordings: what is being recorded, starting and stopping it, and the recordings in the folder: listed,
//! sent, taken in and deleted. None is ever whole in memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use axum::body::{Body as Answered, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::{Stream, StreamExt, stream};

use crate::base::id::Name;
use crate::base::time::Wall;
use crate::engine::{
    DeleteRecording, ForgetRecording, Incoming, KeepUpload, RecordShelf, RecordShelfError, Right,
    Session, Shelved, StartRecording, StopRecording, Taken, UseCan, ViewPlant,
};
use crate::web::api::give::{
    Answer, List, PageWanted, aside, at_place, json, never_given, nothing, order, page_size,
};
use crate::web::api::recordings_json::{RecorderShown, RecordingShown, StartWanted};
use crate::web::api::take::{Asked, Body, Who, Word};
use crate::web::limits::UPLOAD_BYTES;
use crate::web::problem::Problem;
use crate::web::shared::{Shared, Turn};
use crate::web::table::{Access, Table};

/// Bytes of a recording that are read and sent at once.
const CHUNK: usize = 256 * 1024;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ALL: &str = "/api/v1/recordings";
    const ONE: &str = "/api/v1/recordings/{name}";
    let can = Access::Needs(Right::SendReceiveCan);
    table
        .api(Method::GET, ALL, can, list)
        .api(Method::POST, ALL, can, start)
        .api(Method::GET, ONE, can, look)
        .api(Method::GET, "/api/v1/recordings/{name}/file", can, file)
        .api(Method::PUT, ONE, can, upload)
        .api(Method::DELETE, ONE, can, delete)
        .api(Method::GET, "/api/v1/recorders", can, recorders)
        .api(Method::POST, "/api/v1/recorders/{name}/stop", can, stop)
        .api(Method::DELETE, "/api/v1/recorders/{name}", can, forget)
}

impl From<RecordShelfError> for Problem {
    fn from(error: RecordShelfError) -> Self {
        let mut detail = error.to_string();
        if let Some(first) = detail.get(..1).map(str::to_uppercase) {
            detail.replace_range(..1, &first);
        }
        detail.push('.');
        let conflict = |code, title| {
            let advice = "Look at the list of recordings.";
            Self::new(StatusCode::CONFLICT, code, title, detail.clone(), advice)
        };
        match error {
            RecordShelfError::Name(_) => Self::invalid(detail).about("name"),
            RecordShelfError::Missing(_) => Self::not_found(detail),
            RecordShelfError::Taken(_) => conflict("name_taken", "Name taken"),
            RecordShelfError::Busy(_) => conflict("unfit", "Not possible now"),
            RecordShelfError::TooLarge(_) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "Too large",
                detail,
                "Cut it, or put it into the folder of recordings by hand.",
            ),
            RecordShelfError::NoRoom(_) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "Disk nearly full",
                detail,
                "Delete recordings that are no longer needed, then send it again.",
            ),
            RecordShelfError::TooMany => Self::busy(detail),
            RecordShelfError::Unknown(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "no_recording",
                "No recording",
                detail,
                "Send a recording: candump, ASC, BLF, PCAN, ArrowPoint, GVRET, python-can CSV, CRTD, pcap or MF4.",
            ),
            RecordShelfError::Disk(_) => Self::not_kept(detail),
        }
    }
}

/// Looks at the folder where that hurts nobody.
async fn at_shelf<T: Send + 'static>(
    shared: &Shared,
    session: &Arc<Session>,
    work: impl FnOnce(&RecordShelf) -> Result<T, RecordShelfError> + Send + 'static,
) -> Result<T, Problem> {
    let session = Arc::clone(session);
    aside(shared, move |shared| {
        let shelf = shared.door().recordings(&session.permit(UseCan)?).clone();
        Ok(work(&shelf)?)
    })
    .await
}

/// Lists the recordings in the folder, the newest first. Needs Send and receive CAN, as everything
/// about recordings does.
#[utoipa::path(get, path = "/api/v1/recordings", tag = "recordings", params(PageWanted),
    responses((status = 200, description = "A page of them", body = List<RecordingShown>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<PageWanted>,
) -> Answer {
    let size = page_size(wanted.limit)?;
    let all = at_shelf(&shared, &session, RecordShelf::list).await?;
    // Where the page before ended stays a place in the list when that recording is deleted.
    let after = wanted.cursor.as_deref().map(place_of).transpose()?;
    let begin = after.map_or(0, |after| all.partition_point(|one| one.place() >= after));
    let rest = all.get(begin..).unwrap_or_default();
    let items: Vec<_> = rest.iter().take(size).map(RecordingShown::of).collect();
    let next = rest.get(size - 1).filter(|_| rest.len() > size).map(cursor_of);
    Ok(json(StatusCode::OK, &List { items, next }))
}

/// The place of a recording in the list as a cursor.
fn cursor_of(one: &Shelved) -> String {
    let (written, name) = one.place();
    format!("{}:{name}", written.map_or_else(String::new, |at| at.nanos().to_string()))
}

fn place_of(cursor: &str) -> Result<(Option<Wall>, &str), Problem> {
    let (written, name) = cursor.split_once(':').ok_or_else(never_given)?;
    let nanos = Some(written).filter(|written| !written.is_empty()).map(str::parse).transpose();
    let written = nanos.map_err(|_| never_given())?.map(Wall::from_nanos);
    Ok((written, name))
}

/// What is known of a recording.
#[utoipa::path(get, path = "/api/v1/recordings/{name}", tag = "recordings",
    params(("name" = String, Path, description = "Name of the file")),
    responses((status = 200, description = "It", body = RecordingShown)))]
pub async fn look(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    let found = at_shelf(&shared, &session, move |shelf| shelf.find(&name)).await?;
    Ok(json(StatusCode::OK, &RecordingShown::of(&found)))
}

/// Starts a recording. It is there, with its first file, when this is answered; one with a rule waits
/// for it.
#[utoipa::path(post, path = "/api/v1/recordings", tag = "recordings", request_body = StartWanted,
    responses(
        (status = 201, description = "It runs, or waits", body = RecorderShown),
        (status = 404, description = "There is no such bus"),
        (status = 409, description = "There is one of this name, or it cannot be written"),
    ))]
pub async fn start(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<StartWanted>,
) -> Answer {
    session.permit(UseCan)?;
    let entry = asked.entry()?;
    let name = entry.name.clone();
    order(&shared, &session, StartRecording { entry }).await?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let found = snapshot.recordings.iter().find(|one| one.entry.name == name);
    let found = found.ok_or_else(|| gone(name.as_str()))?;
    let shown = json(StatusCode::CREATED, &RecorderShown::of(found));
    let place: String = name.as_str().bytes().map(in_address).collect();
    Ok(at_place(shown, &format!("/api/v1/recorders/{place}")))
}

/// A byte of a name as it stands in an address.
fn in_address(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

fn gone(name: &str) -> Problem {
    Problem::not_found(format!("There is no recording called \u{201c}{name}\u{201d} that runs."))
}

fn named(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|_| gone(&text.chars().take(Name::LIMIT).collect::<String>()))
}

/// What is recorded, and what was since the profile runs.
#[utoipa::path(get, path = "/api/v1/recorders", tag = "recordings",
    responses((status = 200, description = "All of it", body = List<RecorderShown>)))]
pub async fn recorders(State(shared): State<Shared>, Who(session): Who) -> Answer {
    session.permit(UseCan)?;
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let items: Vec<_> = snapshot.recordings.iter().map(|one| RecorderShown::of(one)).collect();
    Ok(json(StatusCode::OK, &List { items, next: None }))
}

/// Stops a recording. Its last file is whole when this is answered.
#[utoipa::path(post, path = "/api/v1/recorders/{name}/stop", tag = "recordings",
    params(("name" = String, Path, description = "Name of the recording")),
    responses((status = 204, description = "It has ended")))]
pub async fn stop(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    order(&shared, &session, StopRecording { name: named(&name)? }).await?;
    Ok(nothing())
}

/// Takes a recording that has ended out of the list of recorders. Its files stay.
#[utoipa::path(delete, path = "/api/v1/recorders/{name}", tag = "recordings",
    params(("name" = String, Path, description = "Name of the recording")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 409, description = "It still runs"),
    ))]
pub async fn forget(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    order(&shared, &session, ForgetRecording { name: named(&name)? }).await?;
    Ok(nothing())
}

/// Deletes a recording from the folder.
#[utoipa::path(delete, path = "/api/v1/recordings/{name}", tag = "recordings",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It is being written"),
    ))]
pub async fn delete(State(shared): State<Shared>, Who(session): Who, Word(name): Word) -> Answer {
    // What cannot be is said before the journal has a line of it.
    let asked = name.clone();
    at_shelf(&shared, &session, move |shelf| shelf.find(&asked)).await?;
    order(&shared, &session, DeleteRecording { name }).await?;
    Ok(nothing())
}

/// The recording itself. Takes one Range in bytes. One that is being written is sent as far as it is.
#[utoipa::path(get, path = "/api/v1/recordings/{name}/file", tag = "recordings",
    params(("name" = String, Path, description = "Name of the file")),
    responses(
        (status = 200, description = "All of it", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 416, description = "It has no such part"),
    ))]
pub async fn file(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    headers: HeaderMap,
) -> Answer {
    send(&shared, &session, name, &headers).await
}

/// A recording as an answer.
///
/// # Errors
/// There is none of this name, or it has no such part.
pub async fn send(
    shared: &Shared,
    session: &Arc<Session>,
    name: String,
    headers: &HeaderMap,
) -> Answer {
    let found: Shelved = at_shelf(shared, session, move |shelf| shelf.find(&name)).await?;
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, from, until) = match asked.map(|text| range(text, found.bytes)) {
        None | Some(Part::Whole) => (StatusCode::OK, 0, found.bytes),
        Some(Part::Of(from, until)) => (StatusCode::PARTIAL_CONTENT, from, until),
        Some(Part::None) => return Err(no_part(found.bytes)),
    };
    let path = found.path.clone();
    let opened = aside(shared, move |_| {
        let mut file = File::open(&path).map_err(RecordShelfError::from)?;
        file.seek(SeekFrom::Start(from)).map_err(RecordShelfError::from)?;
        Ok(file)
    });
    let file = opened.await?;
    // A download that goes on where it was broken off is the same one.
    if from == 0 {
        let taken = Taken::Recording(found.name.clone());
        shared.door().note_taken(&session.permit(UseCan)?, session, taken);
    }
    let session = Arc::clone(session);
    let chunks = stream::unfold(Some((file, until - from)), move |state| {
        next_chunk(state, Arc::clone(&session))
    });
    let mut response = (status, Answered::from_stream(chunks)).into_response();
    let head = response.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    head.insert(header::CONTENT_TYPE, kind);
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(until - from));
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {from}-{}/{}", until - 1, found.bytes);
        head.extend(HeaderValue::from_str(&text).map(|value| (header::CONTENT_RANGE, value)));
    }
    // The name has no letter that would end the quotes.
    let plain: String = found.name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""));
    head.extend(name.map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(response)
}

/// What is left of a file that is being sent.
pub type Left = Option<(File, u64)>;

/// The next piece of a file. Whoever loses the session meanwhile gets no more of it.
pub async fn next_chunk(
    state: Left,
    session: Arc<Session>,
) -> Option<(Result<Bytes, std::io::Error>, Left)> {
    let (mut file, left) = state.filter(|(_, left)| *left > 0)?;
    if let Some(ended) = session.life().ended() {
        return Some((Err(std::io::Error::other(ended.sentence())), None));
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
        let got = file.read(&mut chunk)?;
        chunk.truncate(got);
        Ok::<_, std::io::Error>((chunk, file))
    });
    match read.await {
        // It was cut meanwhile: an end that is too early says so.
        Ok(Ok((chunk, _))) if chunk.is_empty() => {
            Some((Err(std::io::ErrorKind::UnexpectedEof.into()), None))
        }
        Ok(Ok((chunk, file))) => {
            let left = left - chunk.len() as u64;
            Some((Ok(Bytes::from(chunk)), Some((file, left))))
        }
        Ok(Err(error)) => Some((Err(error), None)),
        Err(_) => None,
    }
}

/// The part of a recording that a header Range asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it: what is asked for is not understood, or several parts.
    Whole,
    /// From the first to before the second.
    Of(u64, u64),
    /// There is no such part.
    None,
}

fn range(text: &str, size: u64) -> Part {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|part| part.split_once('-')) else {
        return Part::Whole;
    };
    let part = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if to.trim().is_empty() => (from, size),
        (Err(_), Ok(last)) if from.trim().is_empty() => (size.saturating_sub(last), size),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => return Part::Whole,
    };
    if part.0 < part.1 { Part::Of(part.0, part.1) } else { Part::None }
}

fn no_part(size: u64) -> Problem {
    Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "no_such_part",
        "No such part",
        format!("The recording has {size} bytes, and none of those that were asked for."),
        "Ask for bytes that it has.",
    )
}

/// Takes in a recording: the body is the file. It has to be one that Busbar reads, packed or not, of at
/// most 4 GB.
#[utoipa::path(put, path = "/api/v1/recordings/{name}", tag = "recordings",
    params(("name" = String, Path, description = "Name that the file is to have")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is in the folder", body = RecordingShown),
        (status = 408, description = "Nothing came for too long"),
        (status = 409, description = "There is one of this name"),
        (status = 413, description = "It is too large"),
        (status = 507, description = "Too little would be left of the disk"),
    ))]
pub async fn upload(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(name): Word,
    request: Request,
) -> Answer {
    let body = request.into_body().into_data_stream();
    let kept = take_in(&shared, &session, name, body).await?;
    Ok(json(StatusCode::CREATED, &RecordingShown::of(&kept)))
}

/// Takes in a recording that comes in pieces.
///
/// # Errors
/// It is none, is too large, or its name is taken.
pub async fn take_in<E>(
    shared: &Shared,
    session: &Arc<Session>,
    name: String,
    chunks: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Shelved, Problem> {
    let asked = name.clone();
    let begin = move |shelf: &RecordShelf| shelf.take_in(&asked, UPLOAD_BYTES);
    let mut incoming: Incoming = at_shelf(shared, session, begin).await?;
    let mut chunks = std::pin::pin!(chunks);
    loop {
        let next = tokio::time::timeout(shared.limits().stall, chunks.next()).await;
        let bytes = match next {
            Err(_elapsed) => return Err(cut_off(StatusCode::REQUEST_TIMEOUT)),
            Ok(Some(Err(_))) => return Err(cut_off(StatusCode::BAD_REQUEST)),
            Ok(Some(Ok(bytes))) => bytes,
            Ok(None) => break,
        };
        session.permit(UseCan)?;
        let added = incoming_aside(shared, move || {
            incoming.add(&bytes)?;
            Ok(incoming)
        });
        incoming = added.await?;
    }
    let now = shared.door().clock().wall();
    let looked = incoming_aside(shared, move || incoming.look(now)).await?;
    order(shared, session, KeepUpload::new(looked)).await?;
    at_shelf(shared, session, move |shelf| shelf.find(&name)).await
}

/// Work for a recording that comes in: it may take minutes, and has turns of its own.
async fn incoming_aside(
    shared: &Shared,
    work: impl FnOnce() -> Result<Incoming, RecordShelfError> + Send + 'static,
) -> Result<Incoming, Problem> {
    let done = shared.aside_in(Turn::Incoming, move |_| work()).await;
    Ok(done.map_err(|_| Problem::stopping())??)
}

fn cut_off(status: StatusCode) -> Problem {
    Problem::new(
        status,
        "unreadable",
        "Cannot be read",
        "The recording ended before all of it was there, so nothing was kept.",
        "Send it again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_browsers_send_them() {
        assert_eq!(range("bytes=0-9", 100), Part::Of(0, 10));
        assert_eq!(range("bytes=90-", 100), Part::Of(90, 100));
        assert_eq!(range("bytes=-10", 100), Part::Of(90, 100));
        assert_eq!(range("bytes=50-500", 100), Part::Of(50, 100));
        assert_eq!(range("bytes=100-", 100), Part::None);
        assert_eq!(range("bytes=-0", 100), Part::None);
        for odd in ["lines=1-2", "bytes=5-1", "bytes=a-b", "bytes=0-1,3-4", "bytes="] {
            assert_eq!(range(odd, 100), Part::Whole, "{odd}");
        }
    }
}
