//! Packs and their cells. The newest state of a pack is asked for again and again by many: it is
//! made into JSON once a snapshot and then only handed out.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::engine::{Right, Snapshot, ViewPlant};
use crate::web::api::give::{Answer, List, is_known, json, page};
use crate::web::api::pack_json::{Module, Pack, PackSummary, modules, sources};
use crate::web::api::take::{Asked, Who, Word};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let access = Access::Needs(Right::ReadSettings);
    let board = Arc::new(Board::default());
    let look = move |shared: State<Shared>, who: Who, pack: Word, headers: HeaderMap| {
        let answer = look(&board, shared, who, pack, &headers);
        std::future::ready(answer)
    };
    table
        .api(Method::GET, "/api/v1/packs", access, list)
        .api(Method::GET, "/api/v1/packs/{id}", access, look)
        .api(Method::GET, "/api/v1/packs/{id}/cells", access, cells)
}

/// The packs of the newest snapshot that was asked for, as JSON.
#[derive(Default)]
struct Board {
    newest: RwLock<Option<Arc<Written>>>,
}

/// The packs of a snapshot.
struct Written {
    snapshot: Arc<Snapshot>,
    tag: HeaderValue,
    packs: Vec<Sheet>,
}

/// A pack of it; written when it is first asked for.
struct Sheet {
    id: usize,
    name: String,
    text: OnceLock<Bytes>,
}

impl Board {
    fn of(&self, snapshot: Arc<Snapshot>) -> Arc<Written> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = newest.as_ref().filter(|known| is_of(known, &snapshot)) {
            return Arc::clone(written);
        }
        drop(newest);
        let written = Arc::new(Written::of(snapshot));
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever was first has written it; who looked at an older snapshot does not bring it back.
        match newest.as_ref() {
            Some(known) if known.snapshot.version >= written.snapshot.version => {
                if is_of(known, &written.snapshot) { Arc::clone(known) } else { written }
            }
            Some(_) | None => {
                *newest = Some(Arc::clone(&written));
                written
            }
        }
    }
}

fn is_of(written: &Written, snapshot: &Arc<Snapshot>) -> bool {
    Arc::ptr_eq(&written.snapshot, snapshot)
}

impl Written {
    fn of(snapshot: Arc<Snapshot>) -> Self {
        // The moment is part of the tag, since numbers begin anew with every start.
        let tag = format!("\"{}-{:x}\"", snapshot.version, snapshot.wall.nanos());
        let tag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"0\""));
        let packs = sources(&snapshot).into_iter().map(|source| Sheet {
            id: source.id,
            name: source.name.to_owned(),
            text: OnceLock::new(),
        });
        let packs = packs.collect();
        Self { snapshot, tag, packs }
    }

    /// The pack of this number or, where there is none, of this name.
    fn find(&self, which: &str) -> Result<&Sheet, Problem> {
        let number = which.parse().ok();
        let numbered = self.packs.iter().find(|sheet| Some(sheet.id) == number);
        let found = numbered.or_else(|| self.packs.iter().find(|sheet| sheet.name == which));
        found.ok_or_else(|| no_pack(which))
    }

    fn text(&self, sheet: &Sheet) -> Bytes {
        let write = || {
            let source = sources(&self.snapshot).into_iter().find(|one| one.id == sheet.id);
            let pack = source.map(|source| Pack::of(&self.snapshot, &source));
            // Plain values always have a JSON form.
            Bytes::from(serde_json::to_vec(&pack).unwrap_or_default())
        };
        sheet.text.get_or_init(write).clone()
    }
}

fn no_pack(which: &str) -> Problem {
    let which: String = which.chars().take(64).collect();
    Problem::not_found(format!("There is no pack \u{201c}{which}\u{201d} in the running profile."))
}

/// Which packs are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// Lists the packs of the running profile.
#[utoipa::path(get, path = "/api/v1/packs", tag = "plant", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<PackSummary>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let sources = sources(&snapshot);
    let key = |source: &&crate::web::api::pack_json::Source<'_>| i64::try_from(source.id);
    let key = |source: &_| key(source).unwrap_or(i64::MAX);
    let page = page(sources.iter(), key, wanted.cursor.as_deref(), wanted.limit)?;
    let items = page.items.into_iter().map(PackSummary::of).collect();
    Ok(json(StatusCode::OK, &List { items, next: page.next }))
}

/// The newest state of a pack. Ask with `If-None-Match` to get it only when it is new.
#[utoipa::path(get, path = "/api/v1/packs/{id}", tag = "plant",
    params(
        ("id" = String, Path, description = "Number or name of the pack"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of what is known already"),
    ),
    responses(
        (status = 200, description = "The newest state", body = Pack,
            headers(("ETag" = String, description = "Stands for the snapshot"))),
        (status = 304, description = "Nothing newer"),
    ))]
fn look(
    board: &Board,
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    headers: &HeaderMap,
) -> Answer {
    let written = board.of(shared.door().look(&session.permit(ViewPlant)?));
    let sheet = written.find(&which)?;
    let mut response = if is_known(headers, &written.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(written.text(sheet)));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    response.headers_mut().insert(header::ETAG, written.tag.clone());
    Ok(response)
}

/// The cells of a pack, module by module.
#[utoipa::path(get, path = "/api/v1/packs/{id}/cells", tag = "plant",
    params(("id" = String, Path, description = "Number or name of the pack"), Wanted),
    responses((status = 200, description = "A page of modules with their cells", body = List<Module>)))]
pub async fn cells(
    State(shared): State<Shared>,
    Who(session): Who,
    Word(which): Word,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let id = Written::of(Arc::clone(&snapshot)).find(&which)?.id;
    let sources = sources(&snapshot);
    let source = sources.iter().find(|source| source.id == id).ok_or_else(|| no_pack(&which))?;
    let places = modules(source.picture).into_iter().zip(0_i64..);
    let page = page(places, |(_, place)| *place, wanted.cursor.as_deref(), wanted.limit)?;
    let items = page.items.into_iter().map(|(module, _)| module).collect::<Vec<_>>();
    Ok(json(StatusCode::OK, &List { items, next: page.next }))
}
