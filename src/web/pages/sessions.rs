//! The Sessions page, and everybody's own account.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::engine::{
    AccountId, Administer, EndSession, EndSessions, Order, OwnAccount, RevokeToken, Right,
    SessionId,
};
use crate::view::compose;
use crate::view::sessions::{OwnView, SessionsView};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::plain;
use crate::web::pages::services::Done;
use crate::web::pages::shell::{Ask, Shell, Theme, draw, failed, go, nothing_there};
use crate::web::pages::wrong::give;
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

type Pairs = Sealed<Vec<(String, String)>>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let (administer, own) = (Access::Needs(Right::Administrator), Access::SignedIn);
    table
        .page(Method::GET, "/sessions", administer, page)
        .page(Method::POST, "/sessions/{id}/end", administer, end_any)
        .page(Method::GET, "/account", own, account)
        .page(Method::POST, "/account/sessions/end-others", own, end_others)
        .page(Method::POST, "/account/sessions/{id}/end", own, end_own)
        .page(Method::POST, "/account/tokens/{id}/revoke", own, revoke)
        .page(Method::POST, "/account/theme", own, theme)
}

#[derive(Template)]
#[template(path = "sessions.html", config = ".config/askama.toml")]
struct SessionsPage {
    shell: Shell,
    view: SessionsView,
    done: &'static str,
}

#[derive(Template)]
#[template(path = "account.html", config = ".config/askama.toml")]
struct AccountPage {
    shell: Shell,
    view: OwnView,
    done: &'static str,
}

async fn page(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    let drawn = || -> Result<SessionsPage, Problem> {
        let roster = shared.door().roster(&ask.session.permit(Administer)?);
        let (now, zone) = (shared.door().clock().wall(), TimeZone::system());
        Ok(SessionsPage {
            shell: plain::framed(&shared, &ask, "Sessions", "/sessions")?,
            view: compose::sessions::sessions(&roster, &ask.session, now, &zone),
            done: form::done(&query.done),
        })
    };
    match drawn() {
        Ok(page) => draw(&page),
        Err(problem) => failed(&problem, &ask),
    }
}

/// The account of whoever asks.
fn own_id(ask: &Ask) -> Result<AccountId, Problem> {
    let none = || Problem::not_found("Only a signed-in account has this page.");
    ask.session.actor().account().ok_or_else(none)
}

async fn account(State(shared): State<Shared>, ask: Ask, Query(query): Query<Done>) -> Response {
    if ask.session.must_change_password() {
        return go("/account/password");
    }
    let drawn = || -> Result<Option<AccountPage>, Problem> {
        let grant = ask.session.permit(OwnAccount(own_id(&ask)?))?;
        let Some(own) = shared.door().own(&grant) else { return Ok(None) };
        let settings = shared.door().settings(&ask.session.permit(crate::engine::ViewPlant)?);
        let (now, zone) = (shared.door().clock().wall(), TimeZone::system());
        Ok(Some(AccountPage {
            shell: plain::framed(&shared, &ask, "Your account", "/account")?,
            view: compose::sessions::own(&own, &settings.sessions, &ask.session, now, &zone),
            done: form::done(&query.done),
        }))
    };
    match drawn() {
        Ok(Some(page)) => draw(&page),
        Ok(None) => nothing_there(),
        Err(problem) => failed(&problem, &ask),
    }
}

async fn do_it<O: Order>(shared: &Shared, ask: &Ask, order: O, then: &str) -> Response {
    match give(shared, &ask.session, order).await {
        // Whoever ended the own session is asked to sign in.
        Ok(_) if ask.session.life().ended().is_some() => go("/sign-in?why=ended_by_others"),
        Ok(_) => go(then),
        Err(problem) => failed(&problem, ask),
    }
}

fn session(text: &str) -> Result<SessionId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("There is no session {text}.")))
}

async fn end_any(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    _: Pairs,
) -> Response {
    let found = || -> Result<EndSession, Problem> {
        let id = session(&id)?;
        let roster = shared.door().roster(&ask.session.permit(Administer)?);
        let entry = roster.sessions.iter().find(|entry| entry.id == id);
        let gone = || Problem::not_found(format!("There is no session {id} (any more)."));
        Ok(EndSession { account: entry.ok_or_else(gone)?.account, id })
    };
    match found() {
        Ok(order) => do_it(&shared, &ask, order, "/sessions?done=ended").await,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn end_own(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    _: Pairs,
) -> Response {
    match own_id(&ask).and_then(|account| Ok(EndSession { account, id: session(&id)? })) {
        Ok(order) => do_it(&shared, &ask, order, "/account?done=ended").await,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn end_others(State(shared): State<Shared>, ask: Ask, _: Pairs) -> Response {
    match own_id(&ask) {
        Ok(account) => {
            let order = EndSessions { account, keep: ask.session.id() };
            do_it(&shared, &ask, order, "/account?done=others").await
        }
        Err(problem) => failed(&problem, &ask),
    }
}

async fn revoke(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    _: Pairs,
) -> Response {
    let none = |_| Problem::not_found(format!("There is no token {id}."));
    match own_id(&ask)
        .and_then(|account| Ok(RevokeToken { account, id: id.parse().map_err(none)? }))
    {
        Ok(order) => do_it(&shared, &ask, order, "/account?done=revoked").await,
        Err(problem) => failed(&problem, &ask),
    }
}

async fn theme(_: Ask, Sealed(pairs): Pairs) -> Response {
    let theme = Theme::named(Typed::from(pairs).text("theme"));
    let mut response = go("/account?done=theme");
    if let Ok(cookie) = HeaderValue::from_str(&theme.cookie()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
