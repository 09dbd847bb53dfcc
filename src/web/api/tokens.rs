//! Tokens of the API: made by an administrator, shown once, revoked by whoever they belong to.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::base::time::Wall;
use crate::engine::{
    AccountId, Administer, CreateToken, OwnAccount, RevokeToken, Right, Rights, TokenEntry, TokenId,
};
use crate::web::api::give::{Answer, List, Time, at_place, json, nothing, order, page};
use crate::web::api::sessions::{Reach, reach};
use crate::web::api::take::{Asked, At, Body, Who};
use crate::web::api::words::Permission;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const TOKENS: &str = "/api/v1/tokens";
    table
        .api(Method::GET, TOKENS, Access::SignedIn, list)
        .api(Method::POST, TOKENS, Access::Needs(Right::Administrator), create)
        .api(Method::DELETE, "/api/v1/tokens/{id}", Access::SignedIn, revoke)
}

/// What is kept of a token.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// Its number.
    id: i64,
    /// Number of the account.
    account: i64,
    /// Its name.
    name: String,
    /// What it allows, as far as its account still may.
    permissions: Vec<Permission>,
    /// Since when.
    created: Time,
    /// Until when.
    expires_at: Time,
    /// When it was last used, to a minute or so.
    last_used: Option<Time>,
    /// When it was revoked; `null` while it is in use.
    revoked: Option<Time>,
}

impl From<&TokenEntry> for Token {
    fn from(entry: &TokenEntry) -> Self {
        Self {
            id: entry.id.0,
            account: entry.account.0,
            name: entry.name.clone(),
            permissions: entry.rights.iter().map(Permission::from).collect(),
            created: Time(entry.created),
            expires_at: Time(entry.expires),
            last_used: entry.used.map(Time),
            revoked: entry.revoked.map(Time),
        }
    }
}

/// Which tokens are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Number of an account: one's own, or any for an administrator.
    account: Option<i64>,
    /// Whether revoked tokens are wanted too.
    revoked: Option<bool>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// Lists tokens: one's own; for an administrator everybody's.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<Token>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let all: Vec<Token> = match reach(&session, wanted.account)? {
        Reach::All => {
            let roster = shared.door().roster(&session.permit(Administer)?);
            roster.tokens.iter().map(Token::from).collect()
        }
        Reach::One(id) => {
            let own = shared.door().own(&session.permit(OwnAccount(id))?);
            own.map_or_else(Vec::new, |own| own.tokens.iter().map(Token::from).collect())
        }
    };
    let revoked_too = wanted.revoked.unwrap_or_default();
    let wished = all.into_iter().filter(|token| revoked_too || token.revoked.is_none());
    let list = page(wished, |token| token.id, wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedToken {
    /// Number of the account it acts for.
    account: i64,
    /// Its name, unique among the account's tokens in use.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// What it allows: not more than the account may. All of that unless told otherwise.
    #[serde(default)]
    permissions: Option<Vec<Permission>>,
    /// Until when.
    #[serde(default)]
    expires_at: Option<Time>,
    /// For how many days, instead of `expires_at`; 90 unless told otherwise.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

/// Days that a token lives unless told otherwise.
const DAYS: u32 = 90;
/// Most days that can be asked for.
const MOST_DAYS: u32 = 3650;
const DAY_NS: i64 = 24 * 3600 * 1_000_000_000;

impl WantedToken {
    fn expires(&self, now: Wall) -> Result<Wall, Problem> {
        match (self.expires_at, self.expires_in_days) {
            (Some(_), Some(_)) => {
                let detail = "Give expires_at or expires_in_days, not both.";
                Err(Problem::invalid(detail).about("expires_in_days"))
            }
            (Some(Time(at)), None) => Ok(at),
            (None, days) => match days.unwrap_or(DAYS) {
                days @ 1..=MOST_DAYS => {
                    let span = i64::from(days).saturating_mul(DAY_NS);
                    Ok(Wall::from_nanos(now.nanos().saturating_add(span)))
                }
                days => {
                    let detail = format!("expires_in_days is {days}; it is from 1 to {MOST_DAYS}.");
                    Err(Problem::invalid(detail).about("expires_in_days"))
                }
            },
        }
    }
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    /// What is kept of it.
    #[serde(flatten)]
    entry: Token,
    /// The token itself, shown this once: for `Authorization: Bearer`.
    token: String,
}

/// Makes a token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = WantedToken,
    responses(
        (status = 201, description = "Made", body = CreatedToken,
            headers(("Location" = String, description = "Where it is revoked"))),
        (status = 404, description = "There is no such account"),
        (status = 409, description = "The name is taken, or the account may less"),
    ))]
pub async fn create(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(asked): Body<WantedToken>,
) -> Answer {
    let account = AccountId(asked.account);
    let expires = asked.expires(shared.door().clock().wall())?;
    let rights = match &asked.permissions {
        Some(permissions) => {
            let rights: Vec<Right> = permissions.iter().map(|one| (*one).into()).collect();
            Rights::of_account(&rights)
        }
        None => {
            let roster = shared.door().roster(&session.permit(Administer)?);
            let nobody = || Problem::not_found(format!("There is no account {account}."));
            roster.account(account).ok_or_else(nobody)?.rights
        }
    };
    let create = CreateToken { account, name: asked.name, rights, expires };
    let new = order(&shared, &session, create).await?;
    let place = format!("/api/v1/tokens/{}", new.entry.id);
    let created =
        CreatedToken { entry: Token::from(&new.entry), token: new.token.reveal().to_owned() };
    Ok(at_place(json(StatusCode::CREATED, &created), &place))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "Revoked"),
        (status = 409, description = "It was revoked before")))]
pub async fn revoke(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<TokenId>,
) -> Answer {
    let account = match reach(&session, None)? {
        Reach::All => {
            let roster = shared.door().roster(&session.permit(Administer)?);
            let nothing_there = || Problem::not_found(format!("There is no token {id}."));
            roster.tokens.iter().find(|entry| entry.id == id).ok_or_else(nothing_there)?.account
        }
        // Another's token is not found, as one that there never was.
        Reach::One(own) => own,
    };
    order(&shared, &session, RevokeToken { account, id }).await?;
    Ok(nothing())
}
