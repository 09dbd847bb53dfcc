//! The pages of profile packs: a profile is taken along as one file, and one from elsewhere is brought,
//! looked at, and then taken. What is brought waits here, for one person and a short time, in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::base::time::Mono;
use crate::engine::{
    AccountId, ChangeSettings, ImportPack, LARGEST_PACK, PackCarry, ProfilePack, Right, Session,
};
use crate::view::compose;
use crate::view::exchange::PackView;
use crate::web::api;
use crate::web::limits::size_words;
use crate::web::pages::brought::Brought;
use crate::web::pages::form::Typed;
use crate::web::pages::shell::{Ask, Shell, draw_as, failed, go};
use crate::web::pages::wrong::{Wrong, give};
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::sealed::{self, Sealed};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Where a pack is looked at.
const PLACE: &str = "/profile-pack";
/// Packs that wait at once, of all people together.
const MOST_WAITING: usize = 4;
/// Bytes of all that wait, but for one.
const MOST_BYTES: usize = 32 << 20;
/// How long one waits.
const WAITS: Duration = Duration::from_secs(15 * 60);

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let change = Access::Needs(Right::ChangeSettings);
    let waiting = Arc::new(Waiting::default());
    let (shown, brought) = (Arc::clone(&waiting), Arc::clone(&waiting));
    let page = move |shared: State<Shared>, ask: Ask, wanted: Query<Wanted>| {
        page(shared, Arc::clone(&shown), ask, wanted)
    };
    let bring = move |shared: State<Shared>, ask: Ask, request: Request| {
        bring(shared, Arc::clone(&brought), ask, request)
    };
    let take = move |shared: State<Shared>, ask: Ask, pairs: Sealed<Vec<(String, String)>>| {
        take(shared, Arc::clone(&waiting), ask, pairs)
    };
    table
        .page(Method::GET, "/profiles/{name}/pack", change, export)
        .page(Method::GET, PLACE, change, page)
        .upload(PLACE, change, bring)
        .page(Method::POST, "/profile-pack/take", change, take)
}

/// Packs that were brought and not taken yet: at most one of each person.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waits>>);

struct Waits {
    whose: AccountId,
    since: Mono,
    zip: Bytes,
}

impl Waiting {
    /// Puts one there, in place of whatever the same person brought before, and of the oldest where there
    /// are too many or too large.
    fn put(&self, whose: AccountId, since: Mono, zip: Bytes) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.whose != whose && since.since(one.since) < WAITS);
        let bytes = |all: &[Waits]| all.iter().map(|one| one.zip.len()).sum::<usize>();
        while !all.is_empty() && (all.len() >= MOST_WAITING || bytes(&all) > MOST_BYTES) {
            all.remove(0);
        }
        all.push(Waits { whose, since, zip });
    }

    fn of(&self, whose: AccountId, now: Mono) -> Option<Bytes> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| now.since(one.since) < WAITS);
        all.iter().find(|one| one.whose == whose).map(|one| one.zip.clone())
    }

    fn drop_of(&self, whose: AccountId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.whose != whose);
    }
}

#[derive(Template)]
#[template(path = "exchange.html", config = ".config/askama.toml")]
struct ExchangePage {
    shell: Shell,
    view: Option<PackView>,
    /// The name that was typed for its profile; empty for its own.
    typed: String,
    largest: String,
    wrong: Wrong,
}

/// As what the pack is to be taken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    name: String,
    /// "leave": its recordings stay out.
    recordings: String,
}

impl Wanted {
    /// The pack as it is to be taken by whoever asks: recordings that are not for them stay out.
    fn of(&self, pack: ProfilePack, session: &Session) -> ProfilePack {
        let denied = session.permit(pack.carrying()).is_err();
        let leave = denied || self.recordings == "leave";
        pack.carry(if leave { PackCarry::Leave } else { PackCarry::Take })
    }
}

/// The profile as a pack, to be saved.
async fn export(
    State(shared): State<Shared>,
    ask: Ask,
    Path(which): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    match api::export_pack(&shared, &ask.session, &which, asked).await {
        Ok(response) => response,
        Err(problem) => failed(&problem, &ask),
    }
}

fn account(session: &Session) -> Result<AccountId, Problem> {
    session.permit(ChangeSettings)?;
    let whose = session.actor().account();
    whose.ok_or_else(|| Problem::invalid("Sign in with an account to bring a pack."))
}

async fn page(
    State(shared): State<Shared>,
    waiting: Arc<Waiting>,
    ask: Ask,
    Query(wanted): Query<Wanted>,
) -> Response {
    shown(&shared, &waiting, &ask, &wanted, None).await
}

async fn shown(
    shared: &Shared,
    waiting: &Waiting,
    ask: &Ask,
    wanted: &Wanted,
    problem: Option<Problem>,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let mut wrong = problem.as_ref().map_or_else(Wrong::nothing, Wrong::from);
    let drawn = async {
        let zip = waiting.of(account(&ask.session)?, shared.door().clock().now());
        let view = match zip {
            None => None,
            Some(zip) => match previewed(shared, &ask.session, zip, wanted).await {
                Ok(view) => Some(view),
                Err(problem) => {
                    if problem_free(&wrong) {
                        wrong = Wrong::from(&problem);
                    }
                    None
                }
            },
        };
        let fields: &[&str] = if view.is_some() { &["name"] } else { &[] };
        Ok::<_, Problem>(ExchangePage {
            shell: plain::framed(shared, ask, "Profile pack", "/profiles")?,
            view,
            typed: wanted.name.clone(),
            largest: size_words(LARGEST_PACK),
            wrong: wrong.known(fields),
        })
    };
    match drawn.await {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

fn problem_free(wrong: &Wrong) -> bool {
    wrong.general().is_empty() && wrong.at("name").is_empty()
}

/// What would become of a pack with its profile called so.
async fn previewed(
    shared: &Shared,
    session: &Session,
    zip: Bytes,
    wanted: &Wanted,
) -> Result<PackView, Problem> {
    let name = api::pack_name(&wanted.name)?;
    let pack = wanted.of(api::read_pack(shared, zip).await?, session);
    let preview = api::preview_pack(shared, session, pack, name).await?;
    Ok(compose::exchange::pack(&preview, session))
}

/// Takes in what is brought and shows what would become of it.
async fn bring(
    State(shared): State<Shared>,
    waiting: Arc<Waiting>,
    ask: Ask,
    request: Request,
) -> Response {
    let done = async {
        let whose = account(&ask.session)?;
        let zip = Bytes::from(brought(&shared, request).await?);
        // Whatever is no pack does not wait.
        api::read_pack(&shared, zip.clone()).await?;
        waiting.put(whose, shared.door().clock().now(), zip);
        Ok(())
    };
    match done.await {
        Ok(()) => go(PLACE),
        Err(problem) => shown(&shared, &waiting, &ask, &Wanted::default(), Some(problem)).await,
    }
}

async fn brought(shared: &Shared, request: Request) -> Result<Vec<u8>, Problem> {
    let mut form = Brought::open(shared, request).await?;
    let mut field = form.file().await?;
    let broken = |_| Problem::invalid("The file ended before all of it was there.");
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > LARGEST_PACK {
            return Err(sealed::too_large(LARGEST_PACK));
        }
    }
    Ok(bytes)
}

/// Takes the pack that waits, as it was looked at.
async fn take(
    State(shared): State<Shared>,
    waiting: Arc<Waiting>,
    ask: Ask,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let [name, recordings] = ["name", "recordings"].map(|field| typed.text(field).to_owned());
    let wanted = Wanted { name, recordings };
    let done = async {
        let whose = account(&ask.session)?;
        let zip = waiting
            .of(whose, shared.door().clock().now())
            .ok_or_else(|| Problem::invalid("The pack waits no longer. Bring it once more."))?;
        let pack = wanted.of(api::read_pack(&shared, zip).await?, &ask.session);
        let (pack, recordings) = api::take_pack_in(&shared, &ask.session, pack).await?;
        let order = ImportPack {
            name: api::pack_name(&wanted.name)?,
            pack: Box::new(pack),
            seen: Some(typed.text("mark").to_owned()),
            recordings,
        };
        let preview = give(&shared, &ask.session, order).await?;
        waiting.drop_of(whose);
        Ok(preview.name)
    };
    match done.await {
        Ok(name) => go(&format!("/profiles/{}?done=pack-taken", escaped(name.as_str()))),
        Err(problem) => shown(&shared, &waiting, &ask, &wanted, Some(problem)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_packs_wait_for_a_while_each_for_whoever_brought_it() {
        let waiting = Waiting::default();
        let at = Mono::from_secs;
        let zip = |text: &'static str| Bytes::from_static(text.as_bytes());
        waiting.put(AccountId(1), at(0), zip("one"));
        waiting.put(AccountId(2), at(1), zip("two"));
        waiting.put(AccountId(1), at(2), zip("three"));
        assert_eq!(waiting.of(AccountId(1), at(3)), Some(zip("three")));
        assert_eq!(waiting.of(AccountId(2), at(3)), Some(zip("two")));
        assert_eq!(waiting.of(AccountId(3), at(3)), None);
        assert_eq!(waiting.of(AccountId(2), at(1).after(WAITS)), None, "its time is over");
        for whose in 10..20 {
            waiting.put(AccountId(whose), at(4), zip("more"));
        }
        assert_eq!(waiting.0.lock().unwrap().len(), MOST_WAITING);
        waiting.drop_of(AccountId(19));
        assert_eq!(waiting.of(AccountId(19), at(5)), None);
    }
}
