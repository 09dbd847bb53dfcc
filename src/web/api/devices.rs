//! Device folders: which kinds of device are known, those of one's own, and components made out of a
//! DBC. Names are never paths.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{
    ChangeSettings, DeviceDraft, DeviceFiles, DeviceOrigin, DeviceRole, DraftMessage, ExpectedFile,
    KeepDevice, RefusedDevice, RemoveDevice, Right, Session, ViewPlant,
};
use crate::web::api::give::{Answer, aside, json, nothing, order};
use crate::web::api::take::{Asked, Body, Who, Word, expected_file};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Largest file that is taken, bytes: no device folder has a larger one.
const MOST_BYTES: usize = 2 << 20;
/// Longest name that is told again.
const TOLD_CHARS: usize = 64;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const ONE: &str = "/api/v1/devices/{id}";
    let change = Access::Needs(Right::ChangeSettings);
    table
        .api(Method::GET, "/api/v1/devices", Access::Needs(Right::ReadSettings), list)
        .api(Method::GET, ONE, change, look_at)
        .api(Method::PATCH, ONE, change, patch)
        .api(Method::DELETE, ONE, change, remove)
        .api(Method::PUT, "/api/v1/devices/{id}/dbc", change, put_dbc)
        .api(Method::PUT, "/api/v1/devices/{id}/manifest", change, put_manifest)
}

/// The kinds of device that are known.
#[derive(Serialize, ToSchema)]
pub struct DeviceKinds {
    /// Those that can be used.
    kinds: Vec<DeviceKind>,
    /// Device folders of the data folder that cannot, and why.
    refused: Vec<RefusedFolder>,
}

/// A kind of device.
#[derive(Serialize, ToSchema)]
pub struct DeviceKind {
    /// Its name in profiles: that of its folder.
    id: String,
    /// What a person calls it.
    title: String,
    /// Who makes it.
    maker: String,
    /// What it is.
    category: &'static str,
    /// One sentence on it.
    summary: String,
    /// Whether its folder is in the data folder, and does not come with the program.
    own: bool,
}

/// A device folder that was refused.
#[derive(Serialize, ToSchema)]
pub struct RefusedFolder {
    /// Its name.
    folder: String,
    /// What is wrong with it, each with file and line.
    faults: Vec<String>,
    /// Whether what it said before is still in force.
    former_stays: bool,
}

/// A device folder of one's own.
#[derive(Serialize, ToSchema)]
pub struct OwnDevice {
    /// Its name.
    id: String,
    /// Its mark: give it as If-Match.
    mark: String,
    /// Its device.toml.
    manifest: String,
    /// Whether it was made out of its DBC, and its signals can be changed one by one.
    made: bool,
    /// What its signals are, by message and signal; those that are plain signals are left out.
    signals: BTreeMap<String, String>,
    /// Milliseconds between two of each message; 0 for those that come now and then.
    messages: BTreeMap<String, u64>,
    /// The components that are of this kind, and their profiles.
    used_by: Vec<String>,
}

/// What is changed of a device that was made out of a DBC; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DevicePatch {
    /// What a person calls it.
    title: Option<String>,
    /// Who makes it.
    maker: Option<String>,
    /// What its signals are, by message and signal, as "Pack.CellA": "cell 1", "reading", "pack voltage",
    /// "pack current in mA", "state of charge", "temperature 2" or "signal".
    signals: BTreeMap<String, String>,
    /// Milliseconds between two of a message; null takes the message out for good.
    messages: BTreeMap<String, Option<u64>>,
}

/// What a component of a DBC is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titled {
    title: Option<String>,
}

fn own(id: &str) -> Result<String, Problem> {
    let told: String = id.chars().take(TOLD_CHARS).collect();
    let plain = id.len() == told.len() && id.chars().all(|c| c.is_ascii_graphic());
    if plain {
        return Ok(told);
    }
    Err(Problem::not_found(format!("There is no device folder \u{201c}{told}\u{201d}.")))
}

/// The name that a folder is to have.
fn new_name(id: &str) -> Result<String, Problem> {
    own(id).map_err(|_| {
        let told: String = id.chars().take(TOLD_CHARS).collect();
        Problem::invalid(format!(
            "A device folder cannot be called \u{201c}{told}\u{201d}: its name has 1 to 40 small letters, digits and hyphens."
        ))
        .about("id")
    })
}

/// Lists the kinds of device that are known, and the device folders that were refused with file, line
/// and reason. Needs Read system settings.
#[utoipa::path(get, path = "/api/v1/devices", tag = "plant",
    responses((status = 200, description = "All of them, by id", body = DeviceKinds)))]
pub async fn list(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let kinds = snapshot.catalog.iter().map(|kind| DeviceKind {
        id: kind.manifest.id.clone(),
        title: kind.manifest.title.clone(),
        maker: kind.manifest.maker.clone(),
        category: kind.manifest.category.words(),
        summary: kind.manifest.summary.clone(),
        own: kind.origin == DeviceOrigin::Own,
    });
    let refused =
        snapshot.catalog.refused().iter().map(|RefusedDevice { folder, faults, stays }| {
            RefusedFolder {
                folder: folder.clone(),
                faults: faults.iter().map(ToString::to_string).collect(),
                former_stays: *stays == crate::engine::DeviceStays::Former,
            }
        });
    let all = DeviceKinds { kinds: kinds.collect(), refused: refused.collect() };
    Ok(json(StatusCode::OK, &all))
}

/// A device folder of one's own: what it says, and who uses it. Needs Change system settings.
#[utoipa::path(get, path = "/api/v1/devices/{id}", tag = "plant",
    params(("id" = String, Path, description = "Name of the folder")),
    responses(
        (status = 200, description = "What it says; the ETag is its mark", body = OwnDevice),
        (status = 404, description = "There is no such folder of one's own"),
    ))]
pub async fn look_at(State(shared): State<Shared>, Who(session): Who, Word(which): Word) -> Answer {
    shown(&shared, &session, own(&which)?).await
}

async fn shown(shared: &Shared, session: &Arc<Session>, id: String) -> Answer {
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let (device, mark) = aside(shared, move |_| {
        let files = devices.read(&id).map_err(Problem::from)?;
        let draft = DeviceDraft::of(&id, &files).ok();
        let mark = files.mark();
        let named = |(message, signal): &(String, String)| format!("{message}.{signal}");
        let device = OwnDevice {
            mark: mark.clone(),
            manifest: String::from_utf8_lossy(&files.manifest).into_owned(),
            made: draft.is_some(),
            signals: draft
                .iter()
                .flat_map(|d| &d.roles)
                .map(|(k, v)| (named(k), v.to_string()))
                .collect(),
            messages: draft
                .iter()
                .flat_map(|d| &d.messages)
                .map(|(k, v)| (k.clone(), v.period_ms))
                .collect(),
            used_by: devices.users(&id),
            id,
        };
        Ok((device, mark))
    })
    .await?;
    let mut response = json(StatusCode::OK, &device);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{mark}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

async fn body(request: Request) -> Result<Vec<u8>, Problem> {
    let bytes = to_bytes(request.into_body(), MOST_BYTES).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            format!("The file has more than {} MiB, or did not arrive whole.", MOST_BYTES >> 20),
            "Send a smaller file.",
        )
    })?;
    Ok(bytes.to_vec())
}

/// Keeps a device folder.
///
/// # Errors
/// It is not sound, was changed by somebody else, or cannot be written.
pub async fn keep(
    shared: &Shared,
    session: &Arc<Session>,
    (name, files): (String, DeviceFiles),
    expected: ExpectedFile,
) -> Result<(), Problem> {
    let (checked, own) = (files.clone(), name.clone());
    aside(shared, move |_| checked.check(&own).map_err(Problem::from)).await?;
    order(shared, session, KeepDevice { name, files, expected }).await
}

/// Makes a device folder out of a DBC: the body is the DBC. All its messages are taken and its signals
/// shown as readings; what they are besides is said with PATCH. The DBC of one that was made so before
/// is replaced, and what its signals were stays as far as they are there. Needs Change system settings.
#[utoipa::path(put, path = "/api/v1/devices/{id}/dbc", tag = "plant",
    params(("id" = String, Path, description = "Name of the folder: small letters, digits and hyphens"),
        ("title" = Option<String>, Query, description = "What a person calls it"),
        ("If-Match" = Option<String>, Header, description = "The mark of the folder that is replaced"),
        ("If-None-Match" = Option<String>, Header, description = "* where there must be none yet")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "It is kept and in force", body = OwnDevice),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "It is no DBC, with the line"),
    ))]
pub async fn put_dbc(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Asked(asked): Asked<Titled>,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let id = new_name(&which)?;
    let bytes = body(request).await?;
    bring(&shared, &session, (id.clone(), asked.title), bytes, expected_file(&headers)?).await?;
    shown(&shared, &session, id).await
}

/// Makes a device folder out of a DBC, or gives one that was made so another DBC.
///
/// # Errors
/// It is no DBC, or the folder cannot be kept.
pub async fn bring(
    shared: &Shared,
    session: &Arc<Session>,
    (id, title): (String, Option<String>),
    bytes: Vec<u8>,
    expected: ExpectedFile,
) -> Result<(), Problem> {
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let own = id.clone();
    let files = aside(shared, move |_| {
        let name = title.clone().unwrap_or_else(|| own.clone());
        let mut draft = DeviceDraft::new(&own, &name, &bytes).map_err(Problem::from)?;
        if let Some(former) = devices.read(&own).ok().and_then(|f| DeviceDraft::of(&own, &f).ok()) {
            draft.go_on_from(former, title);
        }
        draft.make().map_err(Problem::from)
    })
    .await?;
    keep(shared, session, (id, files), expected).await
}

/// Changes what the signals of a device are that was made out of a DBC. Needs Change system settings.
#[utoipa::path(patch, path = "/api/v1/devices/{id}", tag = "plant",
    params(("id" = String, Path, description = "Name of the folder"),
        ("If-Match" = Option<String>, Header, description = "The mark of the folder that is changed")),
    request_body = DevicePatch,
    responses(
        (status = 200, description = "It is changed and in force", body = OwnDevice),
        (status = 404, description = "There is no such folder of one's own"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "A signal cannot be what it is said to be"),
    ))]
pub async fn patch(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    Body(wanted): Body<DevicePatch>,
) -> Answer {
    let id = own(&which)?;
    change(&shared, &session, (id.clone(), wanted), expected_file(&headers)?).await?;
    shown(&shared, &session, id).await
}

/// Changes a device that was made out of a DBC.
///
/// # Errors
/// It was not made so, or cannot be so.
pub async fn change(
    shared: &Shared,
    session: &Arc<Session>,
    (id, wanted): (String, DevicePatch),
    expected: ExpectedFile,
) -> Result<(), Problem> {
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let own = id.clone();
    let (files, mark) = aside(shared, move |_| {
        let there = devices.read(&own).map_err(Problem::from)?;
        let mut draft = DeviceDraft::of(&own, &there).map_err(Problem::from)?;
        wanted.apply(&mut draft)?;
        Ok((draft.make().map_err(Problem::from)?, there.mark()))
    })
    .await?;
    // What was read is what is changed: not what somebody else has made of it since.
    let expected = match expected {
        ExpectedFile::Anything => ExpectedFile::Mark(mark),
        other => other,
    };
    keep(shared, session, (id, files), expected).await
}

impl DevicePatch {
    fn apply(self, draft: &mut DeviceDraft) -> Result<(), Problem> {
        draft.title = self.title.unwrap_or_else(|| draft.title.clone());
        draft.maker = self.maker.unwrap_or_else(|| draft.maker.clone());
        for (name, text) in self.signals {
            let Some((message, signal)) = name.split_once('.') else {
                let detail =
                    format!("{name:?} is no signal: write message and signal, as Pack.CellA.");
                return Err(Problem::invalid(detail).about("signals"));
            };
            let chosen: DeviceRole = text
                .parse()
                .map_err(|why| Problem::invalid(format!("{name}: {why}.")).about("signals"))?;
            draft.roles.insert((message.to_owned(), signal.to_owned()), chosen);
        }
        for (name, period) in self.messages {
            match period {
                Some(period_ms) => {
                    draft.messages.insert(name, DraftMessage { period_ms });
                }
                None => {
                    draft.messages.remove(&name);
                }
            }
        }
        Ok(())
    }

    /// The same out of the fields of a form.
    pub fn of_form(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let mut patch = Self::default();
        let taken =
            |name: &str| pairs.iter().any(|(own, _)| own.strip_prefix("take.") == Some(name));
        for (field, value) in pairs {
            if field == "title" {
                patch.title = Some(value.clone());
            } else if field == "maker" {
                patch.maker = Some(value.clone());
            } else if let Some(signal) = field.strip_prefix("role.") {
                patch.signals.insert(signal.to_owned(), value.clone());
            } else if let Some(message) = field.strip_prefix("period.") {
                let period = value.trim().parse().map_err(|_| {
                    let detail = format!("{message}: {value:?} is no time in milliseconds.");
                    Problem::invalid(detail).about(field.clone())
                })?;
                patch.messages.insert(message.to_owned(), Some(period).filter(|_| taken(message)));
            }
        }
        Ok(patch)
    }
}

/// Replaces the device.toml of a device folder of one's own: the body is the file. It is checked as
/// every device folder is. Needs Change system settings.
#[utoipa::path(put, path = "/api/v1/devices/{id}/manifest", tag = "plant",
    params(("id" = String, Path, description = "Name of the folder"),
        ("If-Match" = Option<String>, Header, description = "The mark of the folder that is changed")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "It is kept and in force", body = OwnDevice),
        (status = 404, description = "There is no such folder of one's own"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "It is not sound, with file and line"),
    ))]
pub async fn put_manifest(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
    request: Request,
) -> Answer {
    let id = own(&which)?;
    let manifest = body(request).await?;
    let devices = shared.door().devices(&session.permit(ChangeSettings)?);
    let name = id.clone();
    let files = aside(&shared, move |_| {
        let there = devices.read(&name).map_err(Problem::from)?;
        Ok(DeviceFiles { manifest, ..there })
    })
    .await?;
    keep(&shared, &session, (id.clone(), files), expected_file(&headers)?).await?;
    shown(&shared, &session, id).await
}

/// Removes a device folder of one's own that no profile names. Needs Change system settings.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", tag = "plant",
    params(("id" = String, Path, description = "Name of the folder"),
        ("If-Match" = Option<String>, Header, description = "The mark of the folder")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such folder of one's own"),
        (status = 409, description = "A profile names it"),
        (status = 412, description = "Somebody else has changed it"),
    ))]
pub async fn remove(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: HeaderMap,
) -> Answer {
    let (name, expected) = (own(&which)?, expected_file(&headers)?);
    let gone: Result<(), Problem> = order(&shared, &session, RemoveDevice { name, expected }).await;
    gone.map(|()| nothing())
}
