//! Who is signed in. One's own sessions are everybody's, those of others an administrator's.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{
    AccountId, Administer, EndSession, EndSessions, OwnAccount, Session, SessionEntry, SessionId,
};
use crate::web::api::give::{Answer, List, Time, json, nothing, order, page};
use crate::web::api::take::{Asked, At, Who};
use crate::web::api::words::{FaceName, ended_word};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const SESSIONS: &str = "/api/v1/sessions";
    table
        .api(Method::GET, SESSIONS, Access::SignedIn, list)
        .api(Method::DELETE, SESSIONS, Access::SignedIn, end_all)
        .api(Method::DELETE, "/api/v1/sessions/{id}", Access::SignedIn, end)
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionShown {
    /// Its number.
    id: i64,
    /// Number of the account.
    account: i64,
    /// Name of the account.
    name: String,
    /// Through which face.
    face: FaceName,
    /// From which address.
    address: Option<String>,
    /// What the other side calls itself.
    agent: Option<String>,
    /// Since when.
    created: Time,
    /// When it was last used.
    last_used: Time,
    /// When it ends at the latest.
    expires_at: Time,
    /// Whether it is the one that asks.
    current: bool,
    /// When and why it ended; `null` while it lives.
    ended: Option<EndShown>,
}

/// The end of a session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionEnd)]
pub struct EndShown {
    /// When.
    at: Option<Time>,
    /// Why, as a word: `signed_out`, `expired`, `ended_by_others`, `rights_changed`,
    /// `password_changed`, `account_disabled`, `account_deleted`, `replaced`.
    why: &'static str,
    /// Why, in a sentence.
    sentence: &'static str,
}

fn shown(entry: &SessionEntry, name: &str, current: Option<SessionId>) -> SessionShown {
    let ended = entry.ended.map(|(at, why)| (Some(Time(at)), why));
    let ended = ended.or_else(|| entry.life.ended().map(|why| (None, why)));
    SessionShown {
        id: entry.id.0,
        account: entry.account.0,
        name: name.to_owned(),
        face: entry.face.into(),
        address: entry.address.map(|address| address.to_string()),
        agent: entry.agent.clone(),
        created: Time(entry.created),
        last_used: Time(entry.life.used()),
        expires_at: Time(entry.expires),
        current: Some(entry.id) == current,
        ended: ended.map(|(at, why)| EndShown {
            at,
            why: ended_word(why),
            sentence: why.sentence(),
        }),
    }
}

/// Which accounts' things whoever asks may see: all of them, or those of one.
pub enum Reach {
    /// Of everybody.
    All,
    /// Of this account.
    One(AccountId),
}

/// What `session` may see when it asks for `account`: an administrator all unless one is named,
/// everybody else their own.
///
/// # Errors
/// It asks for another's without being an administrator.
pub fn reach(session: &Session, account: Option<i64>) -> Result<Reach, Problem> {
    let own = session.actor().account();
    match (account.map(AccountId), own) {
        (Some(id), _) => {
            session.permit(OwnAccount(id))?;
            if Some(id) != own {
                session.permit(Administer)?;
            }
            Ok(Reach::One(id))
        }
        (None, _) if session.may(Administer) => Ok(Reach::All),
        (None, Some(id)) => Ok(Reach::One(id)),
        (None, None) => Err(Problem::not_found("This session belongs to no account.")),
    }
}

/// Which sessions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Number of an account: one's own, or any for an administrator.
    account: Option<i64>,
    /// Whether sessions that ended not long ago are wanted too.
    ended: Option<bool>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// Lists sessions: one's own; for an administrator everybody's.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<SessionShown>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let current = session.id();
    let all = match reach(&session, wanted.account)? {
        Reach::All => {
            let roster = shared.door().roster(&session.permit(Administer)?);
            let name = |id| roster.account(id).map_or("", |account| account.name.as_str());
            let entries = roster.sessions.iter();
            entries.map(|entry| shown(entry, name(entry.account), current)).collect()
        }
        Reach::One(id) => {
            let own = shared.door().own(&session.permit(OwnAccount(id))?);
            own.map_or_else(Vec::new, |own| {
                let name = &own.account.name;
                own.sessions.iter().map(|entry| shown(entry, name, current)).collect()
            })
        }
    };
    let ended_too = wanted.ended.unwrap_or_default();
    let wished = all.into_iter().filter(|session| ended_too || session.ended.is_none());
    let list = page(wished, |session| session.id, wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

/// Ends a session.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "Ended")))]
pub async fn end(State(shared): State<Shared>, Who(session): Who, At(id): At<SessionId>) -> Answer {
    let nothing_there = || Problem::not_found(format!("There is no session {id}."));
    let account = match reach(&session, None)? {
        Reach::All => {
            let roster = shared.door().roster(&session.permit(Administer)?);
            let entry = roster.sessions.iter().find(|entry| entry.id == id);
            entry.ok_or_else(nothing_there)?.account
        }
        // Another's session is not found, as one that there never was.
        Reach::One(own) => own,
    };
    order(&shared, &session, EndSession { account, id }).await?;
    Ok(nothing())
}

/// Whose sessions are to end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhoseEnd {
    /// Number of the account; one's own unless told otherwise.
    account: Option<i64>,
    /// Whether the session that asks goes on.
    keep_current: Option<bool>,
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub struct EndedSessions {
    /// So many.
    ended: usize,
}

/// Ends all sessions of an account.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "sessions", params(WhoseEnd),
    responses(
        (status = 200, description = "Ended", body = EndedSessions),
        (status = 404, description = "There is no such account"),
    ))]
pub async fn end_all(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(asked): Asked<WhoseEnd>,
) -> Answer {
    let account = whose(&session, asked.account)?;
    let keep = session.id().filter(|_| asked.keep_current.unwrap_or_default());
    let ended = order(&shared, &session, EndSessions { account, keep }).await?;
    Ok(json(StatusCode::OK, &EndedSessions { ended }))
}

fn whose(session: &Arc<Session>, account: Option<i64>) -> Result<AccountId, Problem> {
    let own = session.actor().account();
    account
        .map(AccountId)
        .or(own)
        .ok_or_else(|| Problem::invalid("Name an account.").about("account"))
}
