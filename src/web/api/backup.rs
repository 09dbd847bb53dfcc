//! Backups: everything that is kept as one file, made while Busbar runs and sent to whoever may have it.
//! Restoring is done on the command line, where nothing runs.

use std::fs::{self, File};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body as Answered;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{
    Administer, BackupError, BackupMade, BackupRecordings, BackupSource, BackupWeight,
    LEAST_PASSPHRASE, MakeBackup, NoteBackup, Right, Secret, Session, ViewPlant, weigh_backup,
};
use crate::web::api::give::{Answer, aside, json, order};
use crate::web::api::recordings::next_chunk;
use crate::web::api::take::{Body, Who};
use crate::web::problem::{Problem, sentence};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let administrator = Access::Needs(Right::Administrator);
    table.api(Method::GET, "/api/v1/backup", administrator, weigh).api(
        Method::POST,
        "/api/v1/backup",
        administrator,
        make,
    )
}

/// What a backup would hold at this moment.
#[derive(Serialize, ToSchema)]
#[schema(as = BackupContents)]
pub struct WeightShown {
    /// Files: the database, settings, profiles, DBC files, device folders.
    files: usize,
    /// Their bytes, unpacked.
    bytes: u64,
    /// Recordings, with what stands beside them.
    recordings: usize,
    /// Their bytes.
    recording_bytes: u64,
    /// Least characters of a passphrase.
    least_passphrase: usize,
}

/// What a backup would hold.
///
/// # Errors
/// Whoever asks is no administrator, or a folder cannot be read.
pub async fn weight(shared: &Shared, session: &Session) -> Result<BackupWeight, Problem> {
    session.permit(Administer)?;
    let grant = session.permit(ViewPlant)?;
    let (library, settings) = (shared.door().library(&grant), shared.door().settings(&grant));
    aside(shared, move |_| weigh_backup(library.folder(), &settings.records).map_err(problem)).await
}

/// Says what a backup would hold at this moment. Needs Administrator.
#[utoipa::path(get, path = "/api/v1/backup", tag = "system",
    responses((status = 200, description = "What it would hold", body = WeightShown)))]
pub async fn weigh(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let weight = weight(&shared, &session).await?;
    let body = WeightShown {
        files: weight.files,
        bytes: weight.bytes,
        recordings: weight.recordings,
        recording_bytes: weight.recording_bytes,
        least_passphrase: LEAST_PASSPHRASE,
    };
    Ok(json(StatusCode::OK, &body))
}

/// What a backup is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupWanted {
    /// Whether recordings go along.
    pub recordings: bool,
    /// Encrypts it. Passwords of other systems and private keys are in an encrypted one only. It is kept
    /// nowhere: without it nobody can ever open the file.
    #[schema(min_length = 10)]
    pub passphrase: Option<String>,
}

/// Makes a backup of everything that is kept (accounts, settings, the journal, profiles, DBC files, device
/// folders; recordings if asked for), reads it back and sends it. One at a time. `busbar restore` puts it in
/// the place of a data folder. Needs Administrator.
#[utoipa::path(post, path = "/api/v1/backup", tag = "system", request_body = BackupWanted,
    responses(
        (status = 200, description = "The backup", content_type = "application/octet-stream"),
        (status = 409, description = "Another one is being made"),
        (status = 422, description = "The passphrase cannot be one"),
    ))]
pub async fn make(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(wanted): Body<BackupWanted>,
) -> Answer {
    made(&shared, &session, wanted).await
}

/// While one is being made.
struct Making(Arc<AtomicBool>);

impl Making {
    fn begin(shared: &Shared) -> Result<Self, Problem> {
        if shared.backing_up().swap(true, Ordering::SeqCst) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "busy",
                "A backup is being made",
                "Another backup is being made at the moment.",
                "Wait until it is done.",
            ));
        }
        Ok(Self(Arc::clone(shared.backing_up())))
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Makes a backup and answers with it.
///
/// # Errors
/// Whoever asks is no administrator, the passphrase cannot be one, or the disk refuses.
pub async fn made(shared: &Shared, session: &Arc<Session>, wanted: BackupWanted) -> Answer {
    let passphrase = wanted.passphrase.map(Secret::new);
    if let Some(passphrase) = &passphrase
        && passphrase.reveal().chars().count() < LEAST_PASSPHRASE
    {
        let detail = format!("The passphrase has fewer than {LEAST_PASSPHRASE} characters.");
        return Err(Problem::invalid(detail).about("passphrase"));
    }
    let making = Making::begin(shared)?;
    let recordings =
        if wanted.recordings { BackupRecordings::Take } else { BackupRecordings::Leave };
    let wish = MakeBackup { recordings, sealed: passphrase.is_some() };
    let source = order(shared, session, wish).await?;
    let name = source.name();
    let written = aside(shared, move |_| {
        let _making = making;
        let came = passing(&source, passphrase.as_ref());
        let note = NoteBackup::of(&source, came.as_ref().map(|(_, made)| made));
        Ok((came.map_err(problem), note))
    });
    let (came, note) = written.await?;
    let noted = order(shared, session, note).await;
    let (file, made) = came?;
    // A backup that is not written down is not handed out.
    noted?;
    Ok(sent(file, made.bytes, &name, Arc::clone(session)))
}

/// A backup in a file that has no name any more: it is gone when it was sent, whatever happens.
fn passing(
    source: &BackupSource,
    passphrase: Option<&Secret>,
) -> Result<(File, BackupMade), BackupError> {
    let path = source.passing_place()?;
    let made = source.write(&path, passphrase)?;
    let opened = File::open(&path);
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!(%error, "{} is left of a backup", path.display());
    }
    let file = opened.map_err(|source| BackupError::File { file: path, what: "read", source })?;
    Ok((file, made))
}

fn sent(file: File, bytes: u64, name: &str, session: Arc<Session>) -> Response {
    let chunks =
        stream::unfold(Some((file, bytes)), move |state| next_chunk(state, Arc::clone(&session)));
    let mut response = Answered::from_stream(chunks).into_response();
    let head = response.headers_mut();
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let told = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    head.extend(told.map(|told| (header::CONTENT_DISPOSITION, told)));
    response
}

fn problem(error: BackupError) -> Problem {
    match error {
        BackupError::Passphrase(why) => Problem::invalid(sentence(&why)).about("passphrase"),
        error @ (BackupError::File { .. }
        | BackupError::Broken(_)
        | BackupError::Entry { .. }
        | BackupError::Newer { .. }
        | BackupError::NoPassphrase
        | BackupError::Shrank(_)
        | BackupError::ReadBack(_)
        | BackupError::Open(_)
        | BackupError::Store(_)
        | BackupError::NoRandom(_)) => {
            tracing::error!(%error, "a backup cannot be made");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "not_made",
                "The backup was not made",
                sentence(&error.to_string()),
                "Look at the Doctor page for the disk, then try again.",
            )
        }
    }
}
