//! Accounts: list, add, change, delete, invite, reset.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{
    Account, AccountId, AccountKind, AddAccount, Administer, ChangeAccount, Credential,
    DeleteAccount, GivePassword, LiftWait, MakeLink, MustChangeIt, OneTimeLink, Preset, Purpose,
    Rights, Roster, Secret, ServiceChoice, Session,
};
use crate::web::api::give::{
    Answer, List, Time, aside, at_place, json, nothing, order, page, versioned,
};
use crate::web::api::service_choice::ServiceName;
use crate::web::api::take::{Asked, At, Body, MaybeBody, Who, expected_version, nullable};
use crate::web::api::words::{LinkPurpose, Permission, PermissionPreset, UserKind, UserStatus};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const USERS: &str = "/api/v1/users";
    const USER: &str = "/api/v1/users/{id}";
    let access = Access::Needs(crate::engine::Right::Administrator);
    table
        .api(Method::GET, USERS, access, list)
        .api(Method::POST, USERS, access, add)
        .api(Method::GET, USER, access, look)
        .api(Method::PATCH, USER, access, change)
        .api(Method::DELETE, USER, access, delete)
        .api(Method::POST, "/api/v1/users/{id}/invitation", access, invite)
        .api(Method::POST, "/api/v1/users/{id}/password-reset", access, reset)
        .api(Method::POST, "/api/v1/users/{id}/lift-wait", access, lift_wait)
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// Its number; never used again.
    id: i64,
    /// Who it is for.
    kind: UserKind,
    /// The name it signs in with.
    name: String,
    /// Where links are sent.
    email: Option<String>,
    /// The service (team, organisation) it belongs to.
    service: Option<String>,
    /// What it may do.
    permissions: Vec<Permission>,
    /// Where it stands.
    status: UserStatus,
    /// When somebody last signed in with it.
    last_sign_in: Option<Time>,
    /// Its password was given by somebody else and must be changed first.
    must_change_password: bool,
    /// Counts its changes; the same as the ETag.
    version: i64,
}

impl User {
    /// The account as the API shows it.
    #[must_use]
    pub fn of(account: &Account, service: Option<String>) -> Self {
        Self {
            id: account.id.0,
            kind: account.kind.into(),
            name: account.name.clone(),
            email: account.email.clone(),
            service,
            permissions: account.rights.iter().map(Permission::from).collect(),
            status: account.status.into(),
            last_sign_in: account.last_sign_in.map(Time),
            must_change_password: account.must_change_password,
            version: account.version,
        }
    }

    fn listed(roster: &Roster, account: &Account) -> Self {
        let service = account.service.and_then(|id| roster.service(id));
        Self::of(account, service.map(|service| service.name.clone()))
    }
}

/// The newest roster: an order has it renewed before it answers.
fn roster(shared: &Shared, session: &Session) -> Result<Arc<Roster>, Problem> {
    Ok(shared.door().roster(&session.permit(Administer)?))
}

/// The account as it is after an order. Whoever has just lost the right to look gets it without what
/// only the roster knows.
fn after(shared: &Shared, session: &Session, account: &Account) -> User {
    match roster(shared, session) {
        Ok(roster) => User::listed(&roster, account),
        Err(_) => User::of(account, None),
    }
}

/// Which accounts are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Part of the name or of the e-mail address, whatever the case.
    text: Option<String>,
    /// Where they stand.
    status: Option<UserStatus>,
    /// Name of their service.
    service: Option<String>,
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// Lists accounts by their numbers.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<User>)))]
pub async fn list(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let roster = roster(&shared, &session)?;
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let holds = |part: &str, whole: &str| whole.to_lowercase().contains(part);
    let users = roster.accounts.iter().map(|account| User::listed(&roster, account));
    let users = users.filter(|user| {
        let named = text.as_deref().is_none_or(|text| {
            holds(text, &user.name) || user.email.as_deref().is_some_and(|email| holds(text, email))
        });
        let stands = wanted.status.is_none_or(|status| user.status == status);
        named && stands && wanted.service.as_ref().is_none_or(|s| user.service.as_ref() == Some(s))
    });
    let list = page(users, |user| user.id, wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name it signs in with.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// Where links are sent.
    #[serde(default)]
    email: Option<String>,
    /// Name of its service, which is made if it is not there, or its number.
    #[serde(default)]
    service: Option<ServiceName>,
    /// What it may do; reading, where neither this nor `preset` is given.
    #[serde(default)]
    permissions: Option<Vec<Permission>>,
    /// A usual set of permissions, instead of `permissions`.
    #[serde(default)]
    preset: Option<PermissionPreset>,
    /// Its first password; without one the answer holds an invitation link.
    #[serde(default)]
    password: Option<String>,
    /// Whether that password must be changed at the first sign-in; it must unless this is `false`.
    #[serde(default)]
    must_change_password: Option<bool>,
    /// Who it is for; a person unless told otherwise.
    #[serde(default)]
    kind: Option<UserKind>,
}

impl NewUser {
    fn rights(&self) -> Result<Rights, Problem> {
        match (&self.permissions, self.preset) {
            (Some(_), Some(_)) => {
                let detail = "Give permissions or preset, not both.";
                Err(Problem::invalid(detail).about("preset"))
            }
            (Some(permissions), None) => Ok(account_rights(permissions)),
            (None, Some(preset)) => Ok(Preset::from(preset).rights()),
            (None, None) => Ok(Preset::Viewer.rights()),
        }
    }

    fn credential(&mut self, shared: &Shared) -> Result<Credential, Problem> {
        let kind = self.kind.map_or(AccountKind::Person, AccountKind::from);
        match (self.password.take(), kind) {
            (None, AccountKind::Person) => Ok(Credential::Invitation),
            (None, AccountKind::Machine) => Ok(Credential::None),
            (Some(_), AccountKind::Machine) => {
                let detail = "A machine has no password: it comes in with tokens.";
                Err(Problem::invalid(detail).about("password"))
            }
            (Some(password), AccountKind::Person) => {
                let hash = shared.gate().hash(&self.name, &Secret::new(password))?;
                Ok(Credential::Password {
                    hash,
                    must_change: must_change(self.must_change_password),
                })
            }
        }
    }
}

/// The service that is asked for. A number that no service has is a wrong field, not a wrong address.
fn service(
    shared: &Shared,
    session: &Session,
    asked: Option<ServiceName>,
) -> Result<ServiceChoice, Problem> {
    let choice = asked.map_or(ServiceChoice::None, ServiceChoice::from);
    match choice {
        ServiceChoice::Id(id) if roster(shared, session)?.service(id).is_none() => {
            Err(Problem::invalid(format!("There is no service {id}.")).about("service"))
        }
        ServiceChoice::None | ServiceChoice::Id(_) | ServiceChoice::Named(_) => Ok(choice),
    }
}

fn account_rights(permissions: &[Permission]) -> Rights {
    let rights: Vec<_> = permissions.iter().map(|one| (*one).into()).collect();
    Rights::of_account(&rights)
}

const fn must_change(asked: Option<bool>) -> MustChangeIt {
    match asked {
        Some(false) => MustChangeIt::No,
        Some(true) | None => MustChangeIt::Yes,
    }
}

/// A one-time link, shown this once.
#[derive(Serialize, ToSchema)]
pub struct Link {
    /// What it is for.
    purpose: LinkPurpose,
    /// The whole link.
    url: String,
    /// What stands at its end.
    token: String,
    /// Until when it can be used.
    expires_at: Time,
    /// The address to which it is being sent; `null` where no mail is sent.
    mailed_to: Option<String>,
}

impl From<OneTimeLink> for Link {
    fn from(link: OneTimeLink) -> Self {
        Self {
            purpose: link.purpose.into(),
            url: link.url.reveal().to_owned(),
            token: link.token.reveal().to_owned(),
            expires_at: Time(link.expires),
            mailed_to: link.mailed_to,
        }
    }
}

/// An account that was just made.
#[derive(Serialize, ToSchema)]
pub struct AddedUser {
    /// The account.
    #[serde(flatten)]
    user: User,
    /// The link with which its first password is set; `null` where it needs none.
    invitation: Option<Link>,
}

/// Adds an account. Without a password the answer holds an invitation link.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses(
        (status = 201, description = "Added", body = AddedUser, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        (status = 409, description = "The name is taken"),
    ))]
pub async fn add(
    State(shared): State<Shared>,
    Who(session): Who,
    Body(mut asked): Body<NewUser>,
) -> Answer {
    let rights = asked.rights()?;
    let credential = {
        let check = aside(&shared, move |shared| Ok((asked.credential(shared)?, asked)));
        check.await
    };
    let (credential, asked) = credential?;
    let service = service(&shared, &session, asked.service)?;
    let new = AddAccount {
        kind: asked.kind.map_or(AccountKind::Person, AccountKind::from),
        name: asked.name,
        email: asked.email,
        service,
        rights,
        credential,
        link_base: shared.base(),
    };
    let added = order(&shared, &session, new).await?;
    let user = after(&shared, &session, &added.account);
    let place = format!("/api/v1/users/{}", user.id);
    let version = user.version;
    let added = AddedUser { user, invitation: added.link.map(Link::from) };
    Ok(at_place(versioned(StatusCode::CREATED, version, &added), &place))
}

/// Shows an account.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The account", body = User,
        headers(("ETag" = String, description = "Its version")))))]
pub async fn look(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<AccountId>,
) -> Answer {
    let roster = roster(&shared, &session)?;
    let account = roster.account(id).ok_or_else(|| no_account(id))?;
    Ok(versioned(StatusCode::OK, account.version, &User::listed(&roster, account)))
}

fn no_account(id: AccountId) -> Problem {
    Problem::not_found(format!("There is no account {id}."))
}

/// What is to change about an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// A new name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// Another e-mail address; `null` takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Another service by its name or number; `null` for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ServiceName>)]
    service: Option<Option<ServiceName>>,
    /// What it may do from now on. Its sessions end, and tokens that allow more are revoked.
    #[serde(default)]
    permissions: Option<Vec<Permission>>,
    /// A usual set of permissions, instead of `permissions`.
    #[serde(default)]
    preset: Option<PermissionPreset>,
    /// `active` enables, `disabled` disables it; its sessions end.
    #[serde(default)]
    status: Option<UserStatus>,
    /// A password to sign in with; its sessions end.
    #[serde(default)]
    password: Option<String>,
    /// Whether that password must be changed at the next sign-in; it must unless this is `false`.
    #[serde(default)]
    must_change_password: Option<bool>,
}

impl UserChange {
    fn rights(&self) -> Result<Option<Rights>, Problem> {
        match (&self.permissions, self.preset) {
            (Some(_), Some(_)) => {
                let detail = "Give permissions or preset, not both.";
                Err(Problem::invalid(detail).about("preset"))
            }
            (Some(permissions), None) => Ok(Some(account_rights(permissions))),
            (None, Some(preset)) => Ok(Some(Preset::from(preset).rights())),
            (None, None) => Ok(None),
        }
    }

    /// Whether it changes anything but the password.
    const fn is_about_the_account(&self) -> bool {
        self.name.is_some()
            || self.email.is_some()
            || self.service.is_some()
            || self.permissions.is_some()
            || self.preset.is_some()
            || self.status.is_some()
    }
}

/// Changes an account.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users",
    params(
        ("id" = i64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was looked at"),
    ),
    request_body = UserChange,
    responses(
        (status = 200, description = "As it is now", body = User,
            headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "The name is taken, or it is the last administrator"),
        (status = 412, description = "It was changed meanwhile"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<AccountId>,
    headers: HeaderMap,
    Body(asked): Body<UserChange>,
) -> Answer {
    let rights = asked.rights()?;
    let mut expected = expected_version(&headers)?;
    if asked.password.is_none() && asked.must_change_password.is_some() {
        let detail = "must_change_password goes with a password.";
        return Err(Problem::invalid(detail).about("must_change_password"));
    }
    // Refused before anything is changed, since the two orders are not one.
    let given = match &asked.password {
        Some(password) => {
            let name = asked.name.clone().map_or_else(|| name_of(&shared, &session, id), Ok)?;
            let password = Secret::new(password.clone());
            Some(aside(&shared, move |shared| Ok(shared.gate().hash(&name, &password)?)).await?)
        }
        None => None,
    };
    let must_change = must_change(asked.must_change_password);
    let mut account = None;
    if given.is_none() || asked.is_about_the_account() {
        let service = asked.service.map(|asked| service(&shared, &session, asked)).transpose()?;
        let (name, email, status) = (asked.name, asked.email, asked.status.map(Into::into));
        let change = ChangeAccount { id: Some(id), expected, name, email, service, rights, status };
        let changed = order(&shared, &session, change).await?;
        expected = Some(changed.version);
        account = Some(changed);
    }
    if let Some(hash) = given {
        let give = GivePassword { id, expected, hash, must_change };
        account = Some(order(&shared, &session, give).await?);
    }
    let account = account.ok_or_else(|| no_account(id))?;
    let user = after(&shared, &session, &account);
    Ok(versioned(StatusCode::OK, user.version, &user))
}

fn name_of(shared: &Shared, session: &Session, id: AccountId) -> Result<String, Problem> {
    let roster = roster(shared, session)?;
    Ok(roster.account(id).ok_or_else(|| no_account(id))?.name.clone())
}

/// Deletes an account with its sessions, tokens and links.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users",
    params(
        ("id" = i64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was looked at"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It is the last administrator"),
        (status = 412, description = "It was changed meanwhile"),
    ))]
pub async fn delete(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<AccountId>,
    headers: HeaderMap,
) -> Answer {
    let expected = expected_version(&headers)?;
    order(&shared, &session, DeleteAccount { id, expected }).await?;
    Ok(nothing())
}

/// Makes a new invitation link, which takes the place of an older one.
#[utoipa::path(post, path = "/api/v1/users/{id}/invitation", tag = "users",
    params(("id" = i64, Path, description = "The account's number")),
    responses(
        (status = 201, description = "The link", body = Link),
        (status = 409, description = "The account needs no invitation"),
    ))]
pub async fn invite(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<AccountId>,
) -> Answer {
    let link = make_link(&shared, &session, id, Purpose::Invitation).await?;
    Ok(json(StatusCode::CREATED, &link))
}

async fn make_link(
    shared: &Shared,
    session: &Arc<Session>,
    id: AccountId,
    purpose: Purpose,
) -> Result<Link, Problem> {
    let link_base = shared.base();
    let added = order(shared, session, MakeLink { id, purpose, link_base }).await?;
    added.link.map(Link::from).ok_or_else(|| no_account(id))
}

/// How a password is reset.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// A password to sign in with; without one a link is made.
    #[serde(default)]
    password: Option<String>,
    /// Whether that password must be changed at the next sign-in; it must unless this is `false`.
    #[serde(default)]
    must_change_password: Option<bool>,
}

/// Resets a password: by a link, or by a password that is given now. With a password the account's
/// sessions end at once.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-reset", tag = "users",
    params(
        ("id" = i64, Path, description = "The account's number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was looked at"),
    ),
    request_body(content = Option<Reset>),
    responses(
        (status = 200, description = "The password was given", body = User,
            headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "A link was made", body = Link),
        (status = 409, description = "The account has no password to reset"),
        (status = 412, description = "It was changed meanwhile"),
    ))]
pub async fn reset(
    State(shared): State<Shared>,
    Who(session): Who,
    At(id): At<AccountId>,
    headers: HeaderMap,
    MaybeBody(asked): MaybeBody<Reset>,
) -> Answer {
    let expected = expected_version(&headers)?;
    let Some(password) = asked.password else {
        let link = make_link(&shared, &session, id, Purpose::Reset).await?;
        return Ok(json(StatusCode::CREATED, &link));
    };
    let name = name_of(&shared, &session, id)?;
    let password = Secret::new(password);
    let hash = aside(&shared, move |shared| Ok(shared.gate().hash(&name, &password)?)).await?;
    let must_change = must_change(asked.must_change_password);
    let give = GivePassword { id, expected, hash, must_change };
    let account = order(&shared, &session, give).await?;
    let user = after(&shared, &session, &account);
    Ok(versioned(StatusCode::OK, user.version, &user))
}

/// Lets the account, and the addresses it was tried from, sign in again at once.
#[utoipa::path(post, path = "/api/v1/users/{id}/lift-wait", tag = "users",
    params(("id" = i64, Path, description = "The account's number")),
    responses((status = 204, description = "Lifted")))]
pub async fn lift_wait(
    State(shared): State<Shared>,
    Who(session): Who,
    At(account): At<AccountId>,
) -> Answer {
    order(&shared, &session, LiftWait { account }).await?;
    Ok(nothing())
}
