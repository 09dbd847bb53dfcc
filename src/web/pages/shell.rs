//! What stands around every page: menu, top bar, bottom line, theme; who asks for it; and the pages
//! that say no.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use crate::engine::{Administer, NotIn, Origin, Permission, Session, UseCan, ViewPlant};
use crate::web::pages::live::Parts as LiveParts;
use crate::web::pages::plain::framed;
use crate::web::pages::{assets, door, icons};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::visitor::Visitor;

/// Name of the cookie that keeps the theme.
const THEME_COOKIE: &str = "busbar-theme";

/// Which theme a person wants of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Whatever the system says.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Theme {
    /// All of them, as they are offered.
    pub const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    /// Its name in the cookie, in forms and in the page.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Dark => "Dark",
            Self::Light => "Light",
        }
    }

    /// The theme of this name, else the system's.
    #[must_use]
    pub fn named(code: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.code() == code).unwrap_or_default()
    }

    /// The theme that the request's cookie keeps, else that of the settings.
    #[must_use]
    pub fn of(headers: &HeaderMap, shared: &Shared) -> Self {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let mut pairs = values.flat_map(|text| text.split(';')).filter_map(|p| p.split_once('='));
        let found = pairs.find(|(name, _)| name.trim() == THEME_COOKIE);
        match found {
            Some((_, code)) => Self::named(code.trim()),
            None => Self::named(House::of(shared).theme),
        }
    }

    /// The cookie that keeps it for a year. It holds no secret and is never needed to be believed.
    #[must_use]
    pub fn cookie(self) -> String {
        let code = self.code();
        format!("{THEME_COOKIE}={code}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly")
    }
}

/// What pages show of the settings before anybody has signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// What this Busbar is called; empty for none.
    pub name: String,
    /// Code of the theme where nobody chose one.
    pub theme: &'static str,
}

impl House {
    /// As the settings say.
    #[must_use]
    pub fn of(shared: &Shared) -> Self {
        let grant = shared.reader().and_then(|reader| reader.permit(ViewPlant).ok());
        grant.map_or_else(Self::default, |grant| {
            let settings = shared.door().settings(&grant);
            Self { name: settings.general.name.clone(), theme: settings.look.theme.code() }
        })
    }
}

/// Somebody signed in who asks for a page.
pub struct Ask {
    /// Their session.
    pub session: Arc<Session>,
    /// Where they come from.
    pub origin: Origin,
    /// What their forms carry.
    pub form_token: String,
    /// Their theme.
    pub theme: Theme,
    /// What this Busbar is called; empty for none.
    pub house: String,
    /// The address that is asked for, without its query.
    path: String,
    shared: Shared,
}

impl FromRequestParts<Shared> for Ask {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let theme = Theme::of(&parts.headers, shared);
        let house = House::of(shared).name;
        let visitor = parts.extensions.get::<Visitor>();
        let visitor = visitor.ok_or_else(|| Problem::stopping().into_response())?;
        match visitor.session() {
            Ok(session) => Ok(Self {
                session: Arc::clone(session),
                origin: visitor.origin().clone(),
                form_token: visitor.form_token().to_owned(),
                theme,
                house,
                path: parts.uri.path().to_owned(),
                shared: shared.clone(),
            }),
            Err(not_in) => Err(Problem::from(not_in).into_response()),
        }
    }
}

/// A page of the menu.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub title: &'static str,
    /// Its address.
    pub href: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// It is the page that is shown.
    pub here: bool,
}

/// What stands around a page.
pub struct Shell {
    /// Title of the page.
    pub title: String,
    /// Name of the theme.
    pub theme: &'static str,
    /// Name of the set of files that pages are made of.
    pub files: &'static str,
    /// The menu.
    pub menu: Vec<Entry>,
    /// What this Busbar is called; empty for none.
    pub house: String,
    /// Who is signed in.
    pub who: String,
    /// What forms carry.
    pub form_token: String,
    /// Where changes come from; `None` where nothing on the page changes by itself.
    pub live: Option<String>,
    /// What changes by itself.
    pub parts: LiveParts,
}

/// Pages of the menu in a row on a narrow screen; the rest is behind "More".
const FIRST: usize = 4;

impl Shell {
    /// Around a page whose address begins with `here`, with its parts that change by themselves.
    #[must_use]
    pub fn new(ask: &Ask, title: &str, here: &str, parts: LiveParts) -> Self {
        Self {
            title: title.to_owned(),
            theme: ask.theme.code(),
            files: assets::version(),
            menu: menu(&ask.session, here),
            house: ask.house.clone(),
            who: ask.session.actor().to_string(),
            form_token: ask.form_token.clone(),
            live: None,
            parts,
        }
    }

    /// The same, with changes from `address`.
    #[must_use]
    pub fn live(self, address: String) -> Self {
        Self { live: Some(address), ..self }
    }

    /// The pages in a row on a narrow screen.
    #[must_use]
    pub fn first(&self) -> &[Entry] {
        self.menu.get(..FIRST).unwrap_or(&self.menu)
    }

    /// The pages behind "More".
    #[must_use]
    pub fn rest(&self) -> &[Entry] {
        self.menu.get(FIRST..).unwrap_or_default()
    }

    /// Whether the page that is shown is behind "More".
    #[must_use]
    pub fn in_rest(&self) -> bool {
        self.rest().iter().any(|entry| entry.here)
    }
}

/// The pages that `session` may see.
fn menu(session: &Session, here: &str) -> Vec<Entry> {
    fn may<P: Permission>(session: &Session, what: P) -> bool {
        session.may(what)
    }
    let plant = may(session, ViewPlant);
    let administer = may(session, Administer);
    let all = [
        (plant, "Pack", "/pack", icons::PACK),
        (plant, "Charge", "/charge", icons::CHARGE),
        (may(session, UseCan), "CAN", "/can", icons::CAN),
        (plant, "Parts", "/parts", icons::PARTS),
        (plant, "Profiles", "/profiles", icons::PROFILES),
        (administer, "Users", "/users", icons::USERS),
        (administer, "Services", "/services", icons::SERVICES),
        (administer, "Sessions", "/sessions", icons::SESSIONS),
        (administer, "Journal", "/journal", icons::JOURNAL),
        (plant, "Settings", "/settings", icons::SETTINGS),
        (session.actor().account().is_some(), "Account", "/account", icons::ACCOUNT),
        (plant, "System", "/system", icons::SETTINGS),
        (plant, "About", "/about", icons::ABOUT),
    ];
    let shown = all.into_iter().filter(|(may, ..)| *may);
    let entry = |(_, title, href, icon)| Entry { title, href, icon, here: here == href };
    shown.map(entry).collect()
}

/// A page as an answer that nobody keeps.
pub fn draw(page: &impl Template) -> Response {
    draw_as(StatusCode::OK, page)
}

/// The same with another status.
pub fn draw_as(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let keep = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (status, keep, Html(text)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be drawn");
            let title = "The page cannot be drawn";
            let advice = "Try again; the log of the machine that runs Busbar says more.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not_drawn", title, title, advice)
                .into_response()
        }
    }
}

/// A page with one sentence.
#[derive(Template)]
#[template(path = "said.html", config = ".config/askama.toml")]
struct Said {
    theme: &'static str,
    files: &'static str,
    title: String,
    sentence: String,
    advice: String,
    go: (&'static str, &'static str),
}

/// The answer to somebody who may not see a page, or whose form was not taken: where to sign in, or
/// what is wrong.
pub fn turned_away(problem: &Problem, visitor: &Visitor, uri: &Uri) -> Response {
    let theme = Theme::System;
    match visitor.session() {
        Err(not_in) if problem.status() == StatusCode::UNAUTHORIZED => {
            let why = match not_in {
                NotIn::Unknown => None,
                NotIn::Ended(ended) => Some(ended),
            };
            door::sign_in_page(theme, StatusCode::UNAUTHORIZED, why, back_to(uri))
        }
        Ok(session) if session.must_change_password() => {
            said(problem, theme, ("/account/password", "Change the password"))
        }
        Ok(_) | Err(_) => said(problem, theme, ("/", "Go to the Pack page")),
    }
}

/// Pages that can be gone to.
const PAGES: [&str; 27] = [
    "/pack",
    "/charge",
    "/charges",
    "/charge/rules",
    "/can",
    "/can/trace",
    "/can/send",
    "/can/recordings",
    "/can/replay",
    "/can/buses",
    "/can/dbc",
    "/parts",
    "/parts/custom",
    "/profiles",
    "/users",
    "/users/new",
    "/services",
    "/sessions",
    "/journal",
    "/settings",
    "/account",
    "/about",
    "/system",
    "/system/backup",
    "/doctor",
    "/log",
    "/feedback",
];

/// The page on which what is sent to `path` stands: the nearest one above it.
fn page_above(path: &str) -> &'static str {
    if path == "/profile-pack" {
        return "/profiles";
    }
    let is_in = |page: &&&str| {
        path.strip_prefix(**page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    PAGES.iter().filter(is_in).max_by_key(|page| page.len()).copied().unwrap_or("/")
}

/// Where to go after a sign-in: the page that was asked for, if it is one; what a form was sent to is
/// none.
pub fn back_to(uri: &Uri) -> &str {
    let path = uri.path();
    let user = path.strip_prefix("/users/").is_some_and(|id| id.parse::<i64>().is_ok());
    let page = user || PAGES.contains(&path);
    uri.path_and_query().filter(|_| page).map_or("/", |address| address.as_str())
}

/// A page that says a problem.
pub fn said(problem: &Problem, theme: Theme, go: (&'static str, &'static str)) -> Response {
    let page = Said {
        theme: theme.code(),
        files: assets::version(),
        title: problem.title().to_owned(),
        sentence: problem.detail().to_owned(),
        advice: problem.advice().to_owned(),
        go,
    };
    draw_as(problem.status(), &page)
}

/// A page with its menu that says what went wrong.
#[derive(Template)]
#[template(path = "refused.html", config = ".config/askama.toml")]
struct Refused {
    shell: Shell,
    sentence: String,
    advice: String,
    back: &'static str,
}

/// A page that says what went wrong with something that was asked on a page.
pub fn failed(problem: &Problem, ask: &Ask) -> Response {
    let back = page_above(&ask.path);
    let here = PAGES.iter().find(|page| back.starts_with(**page)).copied().unwrap_or_default();
    match framed(&ask.shared, ask, problem.title(), here) {
        Ok(shell) => {
            let (sentence, advice) = (problem.detail().to_owned(), problem.advice().to_owned());
            draw_as(problem.status(), &Refused { shell, sentence, advice, back })
        }
        // Whoever may not see the plant gets no frame around it either.
        Err(_denied) => said(problem, ask.theme, ("/", "Go to the Pack page")),
    }
}

/// The same for a request that no handler has seen.
pub async fn refused(problem: &Problem, request: Request, shared: &Shared) -> Response {
    let (mut parts, _) = request.into_parts();
    match Ask::from_request_parts(&mut parts, shared).await {
        Ok(ask) => failed(problem, &ask),
        Err(response) => response,
    }
}

/// The page for an address with nothing behind it.
pub fn nothing_there() -> Response {
    let problem = Problem::not_found("There is nothing at this address.");
    said(&problem, Theme::System, ("/", "Go to the first page"))
}

/// Sends the browser to `address` to look at what came of a form.
pub fn go(address: &str) -> Response {
    let keep = HeaderValue::from_static("no-store");
    match HeaderValue::from_str(address) {
        Ok(place) => {
            let headers = [(header::LOCATION, place), (header::CACHE_CONTROL, keep)];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => nothing_there(),
    }
}
