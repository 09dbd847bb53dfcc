//! What the forms of the Users page do: each an order, and back to the page.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::base::time::Wall;
use crate::engine::{
    AccountId, AccountKind, AddAccount, Added, ChangeAccount, CreateToken, Credential,
    DeleteAccount, EndSessions, GivePassword, LiftWait, MakeLink, MustChangeIt, Order, Preset,
    Purpose, RevokeToken, Right, Rights, Secret, Status,
};
use crate::view::compose;
use crate::web::pages::form::{self, Typed};
use crate::web::pages::shell::{Ask, failed, go};
use crate::web::pages::users::{self, Came, UsersQuery, preset_code};
use crate::web::pages::wrong::{Meanwhile, aside, give, theirs};
use crate::web::problem::{CHANGED_MEANWHILE, Problem};
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

type Pairs = Sealed<Vec<(String, String)>>;

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let administer = Access::Needs(Right::Administrator);
    table
        .page(Method::GET, "/users", administer, users::list)
        .page(Method::POST, "/users", administer, add)
        .page(Method::GET, "/users/new", administer, users::add)
        .page(Method::GET, "/users/{id}", administer, users::edit)
        .page(Method::POST, "/users/{id}", administer, change)
        .page(Method::POST, "/users/{id}/invitation", administer, invite)
        .page(Method::POST, "/users/{id}/reset", administer, reset)
        .page(Method::POST, "/users/{id}/password", administer, temporary)
        .page(Method::POST, "/users/{id}/wait", administer, lift_wait)
        .page(Method::POST, "/users/{id}/enable", administer, enable)
        .page(Method::POST, "/users/{id}/disable", administer, disable)
        .page(Method::POST, "/users/{id}/sign-out", administer, sign_out)
        .page(Method::POST, "/users/{id}/delete", administer, delete)
        .page(Method::POST, "/users/{id}/tokens", administer, create_token)
        .page(Method::POST, "/users/{id}/tokens/{token}/revoke", administer, revoke_token)
}

/// Draws the editor again with what is wrong.
fn wrong(shared: &Shared, ask: &Ask, id: AccountId, problem: Problem, typed: Typed) -> Response {
    // What was typed was typed over what somebody else has changed: drawn again, a second press of
    // Save would undo that unseen.
    let is_theirs = problem.code() == CHANGED_MEANWHILE;
    let typed = if is_theirs { Typed::default() } else { typed };
    let problem = theirs(problem, Meanwhile::Shown);
    let came = Came { wrong: Some((problem, typed)), ..Came::default() };
    users::answer(shared, ask, UsersQuery::default(), Some(id), came)
}

/// Gives an order about the account `id` and goes back to its editor, or to the list where there is
/// nothing to edit any more.
async fn do_it<O: Order>(
    shared: &Shared,
    ask: &Ask,
    id: AccountId,
    typed: Typed,
    order: O,
    done: &str,
) -> Response {
    match give(shared, &ask.session, order).await {
        Ok(_) if done == "deleted" => go("/users?done=deleted"),
        Ok(_) => go(&format!("/users/{id}?done={done}")),
        Err(problem) => wrong(shared, ask, id, problem, typed),
    }
}

/// Draws the editor of an account with its new link, shown this once.
fn with_link(shared: &Shared, ask: &Ask, added: &Added) -> Response {
    let Added { account, link } = added;
    let Some(link) = link else { return go(&format!("/users/{}?done=added", account.id)) };
    let (now, zone) = (shared.door().clock().wall(), TimeZone::system());
    let once = Some(compose::users::shown_link(link, &account.name, now, &zone));
    let came = Came { once, ..Came::default() };
    users::answer(shared, ask, UsersQuery::default(), Some(account.id), came)
}

async fn add(State(shared): State<Shared>, ask: Ask, Sealed(pairs): Pairs) -> Response {
    let typed = Typed::from(pairs);
    let added = match new_account(&shared, &typed).await {
        Ok(order) => give(&shared, &ask.session, order).await,
        Err(problem) => Err(problem),
    };
    match added {
        Ok(added) => with_link(&shared, &ask, &added),
        Err(problem) => users::new_page(&shared, &ask, Some((problem, typed))),
    }
}

async fn new_account(shared: &Shared, typed: &Typed) -> Result<AddAccount, Problem> {
    let preset = Preset::ALL.into_iter().find(|p| preset_code(*p) == typed.text("preset"));
    let rights = match preset {
        Some(preset) => preset.rights(),
        None => typed.account_rights()?,
    };
    let name = typed.text("name").to_owned();
    let (kind, credential) = match typed.text("way") {
        "password" => {
            let hash = hash(shared, &name, typed.text("password")).await?;
            let must_change = MustChangeIt::Yes;
            (AccountKind::Person, Credential::Password { hash, must_change })
        }
        "machine" => (AccountKind::Machine, Credential::None),
        _invitation => (AccountKind::Person, Credential::Invitation),
    };
    Ok(AddAccount {
        kind,
        name,
        email: Some(typed.text("email").to_owned()).filter(|text| !text.trim().is_empty()),
        service: typed.service(),
        rights,
        credential,
        link_base: shared.base(),
    })
}

async fn hash(
    shared: &Shared,
    name: &str,
    password: &str,
) -> Result<crate::engine::PasswordHash, Problem> {
    let (name, password) = (name.to_owned(), Secret::new(password.to_owned()));
    aside(shared, move |shared| shared.gate().hash(&name, &password).map_err(Problem::from)).await
}

async fn change(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    let id = match form::account(&id) {
        Ok(id) => id,
        Err(problem) => return failed(&problem, &ask),
    };
    let rights = match kept_rights(&shared, &ask, id, &typed) {
        Ok(rights) => rights,
        Err(problem) => return wrong(&shared, &ask, id, problem, typed),
    };
    let email = typed.text("email").trim().to_owned();
    let order = ChangeAccount {
        id: Some(id),
        expected: typed.version(),
        name: Some(typed.text("name").to_owned()),
        email: Some((!email.is_empty()).then_some(email)),
        service: Some(typed.service()),
        rights: Some(rights),
        status: None,
    };
    do_it(&shared, &ask, id, typed, order, "saved").await
}

/// The rights that were ticked. A tick that could not be changed was not sent: the last administrator
/// stays one.
fn kept_rights(
    shared: &Shared,
    ask: &Ask,
    id: AccountId,
    typed: &Typed,
) -> Result<Rights, Problem> {
    let roster = shared.door().roster(&ask.session.permit(crate::engine::Administer)?);
    let account = roster.account(id);
    let must_stay = account.is_some_and(|account| roster.is_last_administrator(account));
    let rights = typed.account_rights()?;
    Ok(if must_stay { Rights::of_account(&[Right::Administrator]) } else { rights })
}

async fn link(shared: Shared, ask: Ask, id: String, purpose: Purpose) -> Response {
    let id = match form::account(&id) {
        Ok(id) => id,
        Err(problem) => return failed(&problem, &ask),
    };
    let order = MakeLink { id, purpose, link_base: shared.base() };
    match give(&shared, &ask.session, order).await {
        Ok(added) => with_link(&shared, &ask, &added),
        Err(problem) => wrong(&shared, &ask, id, problem, Typed::default()),
    }
}

async fn invite(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    _: Pairs,
) -> Response {
    link(shared, ask, id, Purpose::Invitation).await
}

async fn reset(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    _: Pairs,
) -> Response {
    link(shared, ask, id, Purpose::Reset).await
}

async fn temporary(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    let id = match form::account(&id) {
        Ok(id) => id,
        Err(problem) => return failed(&problem, &ask),
    };
    let name = match ask.session.permit(crate::engine::Administer) {
        Ok(grant) => shared.door().roster(&grant).account(id).map(|account| account.name.clone()),
        Err(denied) => return failed(&denied.into(), &ask),
    };
    match hash(&shared, name.as_deref().unwrap_or_default(), typed.text("password")).await {
        Ok(hash) => {
            let (expected, must_change) = (typed.version(), MustChangeIt::Yes);
            let order = GivePassword { id, expected, hash, must_change };
            do_it(&shared, &ask, id, typed, order, "temporary").await
        }
        Err(problem) => wrong(&shared, &ask, id, problem, typed),
    }
}

/// Handlers that are one order and nothing else.
macro_rules! orders {
    ($($name:ident($id:ident, $typed:ident) => $order:expr, $done:literal;)*) => {$(
        async fn $name(
            State(shared): State<Shared>,
            ask: Ask,
            Path(id): Path<String>,
            Sealed(pairs): Pairs,
        ) -> Response {
            let $typed = Typed::from(pairs);
            match form::account(&id) {
                Ok($id) => {
                    let order = $order;
                    do_it(&shared, &ask, $id, $typed, order, $done).await
                }
                Err(problem) => failed(&problem, &ask),
            }
        }
    )*};
}

fn switched(id: AccountId, typed: &Typed, status: Status) -> ChangeAccount {
    let (id, expected, status) = (Some(id), typed.version(), Some(status));
    ChangeAccount { id, expected, status, ..ChangeAccount::default() }
}

orders! {
    lift_wait(id, typed) => LiftWait { account: id }, "wait";
    enable(id, typed) => switched(id, &typed, Status::Active), "enabled";
    disable(id, typed) => switched(id, &typed, Status::Disabled), "disabled";
    sign_out(id, typed) => EndSessions { account: id, keep: None }, "out";
    delete(id, typed) => DeleteAccount { id, expected: typed.version() }, "deleted";
}

/// Seconds of a day.
const DAY_S: i64 = 24 * 3600;
/// Longest life of a token that can be asked for, in days.
const DAYS: i64 = 3650;

/// How many days a token is to work, as the form says.
fn days(typed: &str) -> Result<i64, Problem> {
    let days = typed.trim().parse().ok().filter(|days| (1..=DAYS).contains(days));
    days.ok_or_else(|| {
        let said = format!("A token works for 1 to {DAYS} days, a whole number.");
        Problem::invalid(said).about("days")
    })
}

async fn create_token(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Sealed(pairs): Pairs,
) -> Response {
    let typed = Typed::from(pairs);
    let account = match form::account(&id) {
        Ok(id) => id,
        Err(problem) => return failed(&problem, &ask),
    };
    let rights = match typed.account_rights() {
        Ok(rights) => rights,
        Err(problem) => return wrong(&shared, &ask, account, problem, typed),
    };
    let life = match days(typed.text("days")) {
        Ok(days) => days * DAY_S * 1_000_000_000,
        Err(problem) => return wrong(&shared, &ask, account, problem, typed),
    };
    let expires = Wall::from_nanos(shared.door().clock().wall().nanos().saturating_add(life));
    let name = typed.text("token_name").to_owned();
    match give(&shared, &ask.session, CreateToken { account, name, rights, expires }).await {
        Ok(token) => {
            let owner = match ask.session.permit(crate::engine::Administer) {
                Ok(grant) => shared.door().roster(&grant).account(account).map(|a| a.name.clone()),
                Err(_) => None,
            };
            let owner = owner.unwrap_or_default();
            let once = compose::tokens::shown_token(&token, &owner, &TimeZone::system());
            let came = Came { once: Some(once), ..Came::default() };
            users::answer(&shared, &ask, UsersQuery::default(), Some(account), came)
        }
        Err(problem) => {
            let problem = match problem.field() {
                Some("name") => problem.about("token_name"),
                Some(_) | None => problem,
            };
            wrong(&shared, &ask, account, problem, typed)
        }
    }
}

async fn revoke_token(
    State(shared): State<Shared>,
    ask: Ask,
    Path((id, token)): Path<(String, String)>,
    _: Pairs,
) -> Response {
    let account = match form::account(&id) {
        Ok(id) => id,
        Err(problem) => return failed(&problem, &ask),
    };
    match token.parse() {
        Ok(id) => {
            let order = RevokeToken { account, id };
            do_it(&shared, &ask, account, Typed::default(), order, "revoked").await
        }
        Err(_) => failed(&Problem::not_found(format!("There is no token {token}.")), &ask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_none_are_refused_at_their_field() {
        assert_eq!((days("1").ok(), days(" 3650 ").ok()), (Some(1), Some(3650)));
        for typed in ["", "0", "-1", "3651", "90.5", "ninety", "99999999999999999999"] {
            let problem = days(typed).expect_err(typed);
            assert_eq!(problem.field(), Some("days"), "{typed}");
            assert_eq!(problem.detail(), "A token works for 1 to 3650 days, a whole number.");
        }
    }
}
