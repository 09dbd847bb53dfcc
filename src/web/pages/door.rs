//! How people come in and go: sign-in, one-time links, a password that must be changed, sign-out.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{Ended, LinkOffer, Purpose, Secret, SignedIn};
use crate::web::pages::assets;
use crate::web::pages::form;
use crate::web::pages::services::Done;
use crate::web::pages::shell::{Ask, Theme, draw_as, go, nothing_there};
use crate::web::pages::wrong::{Wrong, aside};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::visitor::{Visitor, no_cookie, session_cookie};

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    table
        .page(Method::GET, "/sign-in", Access::Open, sign_in)
        .page(Method::POST, "/sign-in", Access::Open, signing_in)
        .page(Method::POST, "/sign-out", Access::SignedIn, sign_out)
        .page(Method::GET, "/set-up/{token}", Access::Open, link)
        .page(Method::POST, "/set-up/{token}", Access::Open, redeem)
        .page(Method::GET, "/invitation/{token}", Access::Open, link)
        .page(Method::POST, "/invitation/{token}", Access::Open, redeem)
        .page(Method::GET, "/account/password", Access::SignedIn, password)
        .page(Method::POST, "/account/password", Access::SignedIn, change_password)
}

/// A field of a form at the door.
struct Field {
    label: &'static str,
    name: &'static str,
    value: String,
    kind: &'static str,
    complete: &'static str,
    hint: String,
}

impl Field {
    fn name(label: &'static str, name: &'static str, value: &str) -> Self {
        let (kind, complete, hint) = ("text", "username", String::new());
        Self { label, name, value: value.to_owned(), kind, complete, hint }
    }

    fn password(label: &'static str, name: &'static str, complete: &'static str) -> Self {
        let (value, kind, hint) = (String::new(), "password", String::new());
        Self { label, name, value, kind, complete, hint }
    }

    fn hint(self, hint: String) -> Self {
        Self { hint, ..self }
    }
}

#[derive(Template)]
#[template(path = "door.html", config = ".config/askama.toml")]
struct DoorPage {
    theme: &'static str,
    files: &'static str,
    title: &'static str,
    sentence: String,
    note: String,
    action: String,
    next: Option<String>,
    form_token: String,
    /// Whose password it is, for the browser that keeps passwords.
    who: String,
    fields: Vec<Field>,
    button: &'static str,
    leave: bool,
    wrong: Wrong,
}

impl DoorPage {
    fn new(theme: Theme, title: &'static str, action: String, button: &'static str) -> Self {
        Self {
            theme: theme.code(),
            files: assets::version(),
            title,
            sentence: String::new(),
            note: String::new(),
            action,
            next: None,
            form_token: String::new(),
            who: String::new(),
            fields: Vec::new(),
            button,
            leave: false,
            wrong: Wrong::nothing(),
        }
    }
}

/// What the address of the sign-in page says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignInQuery {
    next: String,
    why: String,
}

/// What is typed to sign in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SignInForm {
    username: String,
    password: String,
    next: String,
}

/// Where to go after a sign-in: an address of ours, or the first page.
fn local(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    let plain = next.len() <= 512 && next.chars().all(|c| c.is_ascii_graphic());
    if own && plain { next } else { "/" }
}

/// The page where people sign in, and why they have to.
pub fn sign_in_page(theme: Theme, status: StatusCode, why: Option<Ended>, next: &str) -> Response {
    let note = why.map_or_else(String::new, |ended| ended.sentence().to_owned());
    draw_as(status, &DoorPage { note, ..sign_in_form(theme, "", next) })
}

fn sign_in_form(theme: Theme, username: &str, next: &str) -> DoorPage {
    DoorPage {
        next: Some(local(next).to_owned()),
        fields: vec![
            Field::name("Name", "username", username),
            Field::password("Password", "password", "current-password"),
        ],
        ..DoorPage::new(theme, "Sign in", "/sign-in".into(), "Sign in")
    }
}

async fn sign_in(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<SignInQuery>,
) -> Response {
    if visitor.session().is_ok() {
        return go(local(&query.next));
    }
    sign_in_page(Theme::of(&headers, &shared), StatusCode::OK, query.why.parse().ok(), &query.next)
}

async fn signing_in(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Extension(visitor): Extension<Visitor>,
    Sealed(form): Sealed<SignInForm>,
) -> Response {
    let SignInForm { username, password, next } = form;
    let (name, origin) = (username.clone(), visitor.origin().clone());
    let password = Secret::new(password);
    let done = aside(&shared, move |shared| {
        shared.gate().sign_in(&name, &password, &origin).map_err(Problem::from)
    });
    match done.await {
        Ok(signed_in) => come_in(&shared, &signed_in, local(&next)),
        Err(problem) => {
            let page = DoorPage {
                wrong: Wrong::from(&problem),
                ..sign_in_form(Theme::of(&headers, &shared), &username, &next)
            };
            refused(&problem, &page)
        }
    }
}

/// A form that comes back, with the status and the wait of its problem.
fn refused(problem: &Problem, page: &DoorPage) -> Response {
    let mut response = draw_as(problem.status(), page);
    if let Some(seconds) = problem.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Gives the browser its session and sends it to `next`; a password that must be changed comes first.
fn come_in(shared: &Shared, signed_in: &SignedIn, next: &str) -> Response {
    let must_change = signed_in.session.must_change_password();
    let mut response = go(if must_change { "/account/password" } else { next });
    response.headers_mut().insert(header::SET_COOKIE, session_cookie(shared, signed_in));
    response
}

async fn sign_out(State(shared): State<Shared>, ask: Ask, _: Sealed<Nothing>) -> Response {
    let session = ask.session;
    let done =
        aside(&shared, move |shared| shared.gate().sign_out(&session).map_err(Problem::from));
    // The session has ended even where that could not be written down.
    if let Err(problem) = done.await {
        tracing::error!(detail = problem.detail(), "a sign-out could not be written down");
    }
    let mut response = go("/sign-in?why=signed_out");
    response.headers_mut().insert(header::SET_COOKIE, no_cookie(&shared));
    response
}

/// A form without fields of its own.
#[derive(Debug, Default, Deserialize)]
pub struct Nothing {}

/// What is typed behind a one-time link.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkForm {
    name: String,
    password: String,
    again: String,
}

fn link_page(theme: Theme, token: &str, offer: &LinkOffer, form: &LinkForm) -> DoorPage {
    let (title, sentence, way) = match offer.purpose {
        Purpose::SetUp => (
            "Make the first administrator",
            "Nobody can administer this Busbar yet. Choose a name and a password; you can then add everybody else.".to_owned(),
            "set-up",
        ),
        Purpose::Invitation => (
            "Welcome",
            format!("You are invited as {}. Set a password of your own; you sign in with both.", offer.name.as_deref().unwrap_or_default()),
            "invitation",
        ),
        Purpose::Reset => (
            "Set a new password",
            format!("For the account {}. All its sessions end.", offer.name.as_deref().unwrap_or_default()),
            "invitation",
        ),
    };
    let hint = format!(
        "At least {} characters; not a common password and not the name.",
        offer.password_chars
    );
    let mut fields = vec![
        Field::password("Password", "password", "new-password").hint(hint),
        Field::password("The same again", "again", "new-password"),
    ];
    if offer.name.is_none() {
        fields.insert(0, Field::name("Name", "name", &form.name));
    }
    let page = DoorPage::new(theme, title, format!("/{way}/{token}"), "Set password and sign in");
    DoorPage { sentence, fields, who: offer.name.clone().unwrap_or_default(), ..page }
}

async fn offer(shared: &Shared, token: &str) -> Result<Option<LinkOffer>, Problem> {
    let token = token.to_owned();
    aside(shared, move |shared| Ok(shared.gate().look_at_link(&token))).await
}

async fn link(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Response {
    let theme = Theme::of(&headers, &shared);
    match offer(&shared, &token).await {
        Ok(Some(offer)) => {
            draw_as(StatusCode::OK, &link_page(theme, &token, &offer, &LinkForm::default()))
        }
        Ok(None) => no_link(theme),
        Err(problem) => super::shell::said(&problem, theme, ("/", "Go to the first page")),
    }
}

fn no_link(theme: Theme) -> Response {
    let problem = Problem::from(crate::engine::RedeemError::NoLink);
    super::shell::said(&problem, theme, ("/sign-in", "Sign in"))
}

async fn redeem(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(token): Path<String>,
    Extension(visitor): Extension<Visitor>,
    Sealed(form): Sealed<LinkForm>,
) -> Response {
    let theme = Theme::of(&headers, &shared);
    let offer = match offer(&shared, &token).await {
        Ok(Some(offer)) => offer,
        Ok(None) => return no_link(theme),
        Err(problem) => return super::shell::said(&problem, theme, ("/", "Go to the first page")),
    };
    let done = if form.password == form.again {
        let (origin, secret) = (visitor.origin().clone(), Secret::new(form.password.clone()));
        let (token, name) = (token.clone(), form.name.clone());
        let chosen = offer.name.is_none();
        aside(&shared, move |shared| {
            let name = chosen.then_some(name.as_str());
            shared.gate().redeem(&token, name, &secret, &origin).map_err(Problem::from)
        })
        .await
    } else {
        Err(not_the_same())
    };
    match done {
        Ok(signed_in) => come_in(&shared, &signed_in, "/"),
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => no_link(theme),
        Err(problem) => {
            let wrong = Wrong::from(&problem).known(&["name", "password", "again"]);
            refused(&problem, &DoorPage { wrong, ..link_page(theme, &token, &offer, &form) })
        }
    }
}

fn not_the_same() -> Problem {
    Problem::invalid("The two passwords are not the same: type both again.").about("again")
}

/// What is typed to change one's own password.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current_password: String,
    new_password: String,
    again: String,
}

fn password_page(ask: &Ask) -> DoorPage {
    let must = ask.session.must_change_password();
    let sentence = if must {
        "Somebody else chose your password. Set one of your own; until then nothing else can be done."
    } else {
        "All your other sessions end."
    };
    DoorPage {
        sentence: sentence.to_owned(),
        form_token: ask.form_token.clone(),
        who: ask.session.actor().to_string(),
        fields: vec![
            Field::password("Present password", "current_password", "current-password"),
            Field::password("New password", "new_password", "new-password"),
            Field::password("The new one again", "again", "new-password"),
        ],
        leave: must,
        ..DoorPage::new(
            ask.theme,
            "Change your password",
            "/account/password".into(),
            "Change password",
        )
    }
}

async fn password(ask: Ask, Query(query): Query<Done>) -> Response {
    if ask.session.actor().account().is_none() {
        return nothing_there();
    }
    let note = form::done(&query.done).to_owned();
    draw_as(StatusCode::OK, &DoorPage { note, ..password_page(&ask) })
}

async fn change_password(
    State(shared): State<Shared>,
    ask: Ask,
    Sealed(form): Sealed<PasswordForm>,
) -> Response {
    let must = ask.session.must_change_password();
    let done = if form.new_password == form.again {
        let (session, origin) = (ask.session.clone(), ask.origin.clone());
        let current = Secret::new(form.current_password);
        let new = Secret::new(form.new_password);
        aside(&shared, move |shared| {
            let done = shared.gate().change_password(&session, &current, new, &origin);
            done.map_err(Problem::from)
        })
        .await
    } else {
        Err(not_the_same())
    };
    match done {
        Ok(signed_in) => {
            come_in(&shared, &signed_in, if must { "/" } else { "/account?done=password" })
        }
        Err(problem) => {
            let fields = ["current_password", "new_password", "again"];
            let wrong = Wrong::from(&problem).known(&fields);
            refused(&problem, &DoorPage { wrong, ..password_page(&ask) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_a_sign_in() {
        assert_eq!(local("/users/3?done=saved"), "/users/3?done=saved");
        for elsewhere in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "javascript:alert(1)",
            "",
            "/a\r\nSet-Cookie: x=1",
            "\\\\evil",
        ] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
