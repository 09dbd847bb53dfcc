//! Signing in and out, one's own password, and one-time links.

use axum::Extension;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{LinkOffer, OwnAccount, Secret, Session, SignedIn, Who as Actor};
use crate::web::api::give::{Answer, Time, aside, json, nothing};
use crate::web::api::take::{Body, Who, Word};
use crate::web::api::users::User;
use crate::web::api::words::{FaceName, LinkPurpose, Permission};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::visitor::Visitor;

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const SESSION: &str = "/api/v1/session";
    const LINK: &str = "/api/v1/invitations/{token}";
    table
        .api(Method::POST, SESSION, Access::Open, sign_in)
        .api(Method::GET, SESSION, Access::SignedIn, look)
        .api(Method::DELETE, SESSION, Access::SignedIn, sign_out)
        .api(Method::POST, "/api/v1/session/password", Access::SignedIn, change_password)
        .api(Method::GET, LINK, Access::Open, look_at_link)
        .api(Method::POST, LINK, Access::Open, redeem)
}

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Name of the account, whatever the case.
    username: String,
    /// Its password.
    password: String,
}

/// A new session.
#[derive(Serialize, ToSchema)]
pub struct NewSession {
    /// For `Authorization: Bearer`; shown this once.
    token: String,
    /// When the session ends at the latest.
    expires_at: Time,
    /// Nothing but `POST /api/v1/session/password` is possible before it is changed.
    must_change_password: bool,
    /// Who has signed in.
    user: User,
}

impl NewSession {
    fn of(shared: &Shared, signed: &SignedIn) -> Self {
        let service = own_service(shared, &signed.session);
        Self {
            token: signed.token.reveal().to_owned(),
            expires_at: Time(signed.expires),
            must_change_password: signed.account.must_change_password,
            user: User::of(&signed.account, service),
        }
    }
}

fn own_service(shared: &Shared, session: &Session) -> Option<String> {
    let grant = session.permit(OwnAccount(session.actor().account()?)).ok()?;
    shared.door().own(&grant)?.service
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()),
    request_body = Credentials,
    responses((status = 200, description = "Signed in", body = NewSession)))]
pub async fn sign_in(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Body(asked): Body<Credentials>,
) -> Answer {
    let password = Secret::new(asked.password);
    let new = aside(&shared, move |shared| {
        let signed = shared.gate().sign_in(&asked.username, &password, visitor.origin())?;
        Ok(NewSession::of(shared, &signed))
    });
    Ok(json(StatusCode::OK, &new.await?))
}

/// Who asks, and what they may do.
#[derive(Serialize, ToSchema)]
pub struct PresentSession {
    /// The account.
    user: User,
    /// What this session or token may do.
    permissions: Vec<Permission>,
    /// Nothing but `POST /api/v1/session/password` is possible before it is changed.
    must_change_password: bool,
    /// Through which face the session came.
    face: FaceName,
    /// Number of the session; `null` with an API token.
    session: Option<i64>,
    /// Name of the API token; `null` with a session.
    token: Option<String>,
    /// When it ends at the latest.
    expires_at: Option<Time>,
}

/// Says who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, description = "Who asks", body = PresentSession)))]
pub async fn look(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let gone = || Problem::not_found("This session belongs to no account.");
    let id = session.actor().account().ok_or_else(gone)?;
    let grant = session.permit(OwnAccount(id))?;
    let own = shared.door().own(&grant).ok_or_else(gone)?;
    let token = match session.actor().who() {
        Actor::Token { token, .. } => Some(token.clone()),
        Actor::LocalConsole
        | Actor::Account { .. }
        | Actor::Display { .. }
        | Actor::Nobody
        | Actor::ProfileWatcher
        | Actor::WebListener
        | Actor::ChargeControl
        | Actor::SendControl
        | Actor::RecordControl => None,
    };
    let by_token =
        || own.tokens.iter().find(|t| Some(&t.name) == token.as_ref() && t.revoked.is_none());
    let by_session = || own.sessions.iter().find(|entry| Some(entry.id) == session.id());
    let expires = by_session().map(|entry| entry.expires);
    let expires = expires.or_else(|| by_token().map(|entry| entry.expires));
    let present = PresentSession {
        user: User::of(&own.account, own.service.clone()),
        permissions: session.actor().rights().iter().map(Permission::from).collect(),
        must_change_password: session.must_change_password(),
        face: session.face().into(),
        session: session.id().map(|id| id.0),
        token,
        expires_at: expires.map(Time),
    };
    Ok(json(StatusCode::OK, &present))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses(
        (status = 204, description = "Signed out"),
        (status = 409, description = "This is an API token: revoke it instead"),
    ))]
pub async fn sign_out(State(shared): State<Shared>, Who(session): Who) -> Answer {
    if session.id().is_none() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "no_session",
            "No session",
            "An API token has no session to sign out of.",
            "Revoke the token: DELETE /api/v1/tokens/{id}.",
        ));
    }
    aside(&shared, move |shared| Ok(shared.gate().sign_out(&session)?)).await?;
    Ok(nothing())
}

/// The present password and a new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPassword {
    /// The present one.
    current_password: String,
    /// The new one.
    new_password: String,
}

/// Changes one's own password. All sessions of the account end; the answer holds a new one.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session",
    request_body = OwnPassword,
    responses((status = 200, description = "Changed", body = NewSession)))]
pub async fn change_password(
    State(shared): State<Shared>,
    Who(session): Who,
    Extension(visitor): Extension<Visitor>,
    Body(asked): Body<OwnPassword>,
) -> Answer {
    let current = Secret::new(asked.current_password);
    let new = Secret::new(asked.new_password);
    let answer = aside(&shared, move |shared| {
        let from = visitor.origin();
        let signed = shared.gate().change_password(&session, &current, new, from)?;
        Ok(NewSession::of(shared, &signed))
    });
    Ok(json(StatusCode::OK, &answer.await?))
}

/// What a one-time link offers.
#[derive(Serialize, ToSchema)]
pub struct Offer {
    /// What it is for.
    purpose: LinkPurpose,
    /// The account's name; `null` for the set-up link, whose user chooses one.
    name: Option<String>,
    /// Until when.
    expires_at: Time,
    /// Least length of the password to set, in characters.
    password_chars: u32,
}

impl From<LinkOffer> for Offer {
    fn from(offer: LinkOffer) -> Self {
        Self {
            purpose: offer.purpose.into(),
            name: offer.name,
            expires_at: Time(offer.expires),
            password_chars: offer.password_chars,
        }
    }
}

/// Says what a one-time link (invitation, password reset, first administrator) is for.
#[utoipa::path(get, path = "/api/v1/invitations/{token}", tag = "session", security(()),
    params(("token" = String, Path, description = "What stands at the end of the link")),
    responses(
        (status = 200, description = "It can be used", body = Offer),
        (status = 404, description = "It cannot be used (any more)"),
    ))]
pub async fn look_at_link(State(shared): State<Shared>, Word(token): Word) -> Answer {
    let offer = aside(&shared, move |shared| Ok(shared.gate().look_at_link(&token))).await?;
    let offer = offer.ok_or_else(|| Problem::from(crate::engine::RedeemError::NoLink))?;
    Ok(json(StatusCode::OK, &Offer::from(offer)))
}

/// What a one-time link is used with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// The password to set.
    password: String,
    /// The name of the first administrator: with a set-up link only.
    #[serde(default)]
    name: Option<String>,
}

/// Uses a one-time link: sets the password and signs in.
#[utoipa::path(post, path = "/api/v1/invitations/{token}", tag = "session", security(()),
    params(("token" = String, Path, description = "What stands at the end of the link")),
    request_body = Redeem,
    responses(
        (status = 200, description = "Set and signed in", body = NewSession),
        (status = 404, description = "It cannot be used (any more)"),
        (status = 409, description = "The name is taken"),
    ))]
pub async fn redeem(
    State(shared): State<Shared>,
    Word(token): Word,
    Extension(visitor): Extension<Visitor>,
    Body(asked): Body<Redeem>,
) -> Answer {
    let password = Secret::new(asked.password);
    let answer = aside(&shared, move |shared| {
        let name = asked.name.as_deref();
        let signed = shared.gate().redeem(&token, name, &password, visitor.origin())?;
        Ok(NewSession::of(shared, &signed))
    });
    Ok(json(StatusCode::OK, &answer.await?))
}
