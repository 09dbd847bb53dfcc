//! The one table of routes: every route is entered here with who may use it, and the entry is what
//! lets a request through to its handler. The policy golden and the sweep are made from the entries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use crate::engine::{
    Administer, ChangeSettings, ChargePacks, Denied, Grant, OwnAccount, Permission, Right, Session,
    UseCan, ViewPlant,
};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::shield::Over;
use crate::web::visitor::Visitor;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Everybody signed in, even who must change the password first; what they get is their own.
    SignedIn,
    /// Who holds this right.
    Needs(Right),
    /// Who holds this right, and everybody on this machine itself.
    NeedsOrLoopback(Right),
    /// A display that has signed itself in, and nobody else.
    Display,
}

impl Access {
    /// Its word in the policy golden.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedIn => "signed in",
            Self::Needs(right) => right.code(),
            Self::NeedsOrLoopback(_) => "read_settings or loopback",
            Self::Display => "display",
        }
    }

    /// Whether `session` may pass.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(self, session: &Session) -> Result<(), Denied> {
        fn held<P: Permission>(grant: Result<Grant<'_, P>, Denied>) -> Result<(), Denied> {
            grant.map(|_| ())
        }
        match self {
            Self::Open => Ok(()),
            // The turnstile asks the display, not whoever is signed in.
            Self::Display => held(session.permit(ViewPlant)),
            Self::SignedIn => match session.actor().account() {
                Some(id) => held(session.permit(OwnAccount(id))),
                None => held(session.permit(ViewPlant)),
            },
            Self::Needs(right) | Self::NeedsOrLoopback(right) => match right {
                Right::Administrator => held(session.permit(Administer)),
                Right::ReadSettings => held(session.permit(ViewPlant)),
                Right::ChangeSettings => held(session.permit(ChangeSettings)),
                Right::ChargePacks => held(session.permit(ChargePacks)),
                Right::SendReceiveCan => held(session.permit(UseCan)),
            },
        }
    }
}

/// What answers somebody who may not pass: a document for programs or a page for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Programs: problem details.
    Programs,
    /// People: the sign-in page, or a page that says what is missing.
    People,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its method.
    pub method: Method,
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// Whom it speaks to.
    pub audience: Audience,
}

/// The routes.
pub struct Table {
    shared: Shared,
    router: Router<Shared>,
    entries: Vec<Entry>,
}

impl Table {
    /// No route yet.
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone(), router: Router::new(), entries: Vec::new() }
    }

    /// Enters a route of the API.
    #[must_use]
    pub fn api<H, T>(self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.enter(Entry { method, path, access, audience: Audience::Programs }, handler)
    }

    /// Enters a page.
    #[must_use]
    pub fn page<H, T>(self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.enter(Entry { method, path, access, audience: Audience::People }, handler)
    }

    /// Enters a page that takes files: what it takes of them is its own matter.
    #[must_use]
    pub fn upload<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let entry = Entry { method: Method::POST, path, access, audience: Audience::People };
        self.enter(entry, handler.layer(DefaultBodyLimit::disable()))
    }

    fn enter<H, T>(mut self, entry: Entry, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        // Only methods that a filter knows are entered; anything else is a slip found by every test.
        let filter = MethodFilter::try_from(entry.method.clone()).unwrap_or(MethodFilter::GET);
        let door = Turnstile {
            shared: self.shared.clone(),
            access: entry.access,
            audience: entry.audience,
            request: format!("{} {}", entry.method, entry.path).into(),
        };
        let route = on(filter, handler).layer(from_fn_with_state(door, pass));
        self.router = self.router.route(entry.path, route);
        self.entries.push(entry);
        self
    }

    /// Every route.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The routes as a service, with what stands around all of them.
    pub fn router(self) -> Router {
        let shared = self.shared;
        let router = self.router.fallback(crate::web::routes::nothing_there);
        let router = router.method_not_allowed_fallback(crate::web::routes::not_that_way);
        let router =
            router.layer(from_fn_with_state(shared.clone(), crate::web::visitor::identify));
        let router = router.layer(from_fn_with_state(shared.clone(), crate::web::shield::shield));
        let router = router.layer(DefaultBodyLimit::max(shared.limits().body_bytes));
        router.with_state(shared)
    }
}

#[derive(Clone)]
struct Turnstile {
    shared: Shared,
    access: Access,
    audience: Audience,
    /// Method and path as they stand in the table: a path as it was asked for may hold a token.
    request: Arc<str>,
}

/// Lets a request through to its handler if the route's access allows.
async fn pass(State(turnstile): State<Turnstile>, mut request: Request, next: Next) -> Response {
    let Turnstile { shared, access, audience, request: route } = turnstile;
    // Forms ask which access let them in.
    request.extensions_mut().insert(access);
    let Some(visitor) = request.extensions().get::<Visitor>() else {
        return Problem::stopping().into_response();
    };
    let over = request.extensions().get::<Over>().map(|over| over.0.clone());
    let reader = (audience == Audience::People).then(|| (visitor.clone(), request.uri().clone()));
    if access == Access::Open || (visitor.is_here() && matches!(access, Access::NeedsOrLoopback(_)))
    {
        return match over {
            Some(problem) => crate::web::pages::turned_away(&problem, visitor, request.uri()),
            None => in_our_words(next.run(request).await, reader),
        };
    }
    let who = match access {
        Access::Display => visitor.display(),
        Access::Open | Access::SignedIn | Access::Needs(_) | Access::NeedsOrLoopback(_) => {
            visitor.session()
        }
    };
    let refused = match who {
        Ok(session) => access.admit(session).err().map(|denied| {
            shared.door().note_refusal(session, route.to_string(), &denied);
            Problem::from(denied)
        }),
        Err(not_in) => Some(Problem::from(not_in)),
    };
    if let (None, Some(problem)) = (&refused, over) {
        return crate::web::pages::refused(&problem, request, &shared).await;
    }
    match (refused, audience) {
        (None, _) => in_our_words(next.run(request).await, reader),
        (Some(problem), Audience::Programs) => problem.into_response(),
        (Some(problem), Audience::People) => {
            crate::web::pages::turned_away(&problem, visitor, request.uri())
        }
    }
}

/// What the framework says by itself of an address that it cannot take apart (a field that comes
/// twice, bytes that are no text) is a line without a page: people get the page that they know.
fn in_our_words(answer: Response, reader: Option<(Visitor, Uri)>) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_bare = kind.is_some_and(|kind| kind.starts_with(b"text/plain"));
    match reader {
        Some((visitor, uri)) if is_bare && answer.status().is_client_error() => {
            let problem = Problem::new(
                answer.status(),
                "invalid",
                "Not valid",
                "This address cannot be understood.",
                "Go to the page by its links, or check what was typed.",
            );
            crate::web::pages::turned_away(&problem, &visitor, &uri)
        }
        Some(_) | None => answer,
    }
}
