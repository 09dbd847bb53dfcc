//! The page for displays: the pack in full, without a menu, without links and without a stop button. A
//! browser at a listed address that opens it is signed in without a password; what it is given opens this
//! page and its stream and nothing else.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::engine::{NoDisplay, Session, ViewPlant};
use crate::web::origin::{self, Source};
use crate::web::pages::assets;
use crate::web::pages::live::{self, Parts, Watched};
use crate::web::pages::push::{self, Press};
use crate::web::pages::shell::{House, Theme, draw_as};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};
use crate::web::visitor::{DISPLAY_PATH, Visitor, display_cookie};

/// Where its parts come from.
const STREAM: &str = "/kiosk/live";

/// The routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let press = Arc::new(Press::default());
    let stream =
        move |shared: State<Shared>, visitor: Extension<Visitor>, upgrade: WebSocketUpgrade| {
            live(shared, Arc::clone(&press), visitor, upgrade)
        };
    table.page(Method::GET, DISPLAY_PATH, Access::Open, page).page(
        Method::GET,
        STREAM,
        Access::Display,
        stream,
    )
}

#[derive(Template)]
#[template(path = "kiosk.html", config = ".config/askama.toml")]
struct KioskPage {
    theme: &'static str,
    files: &'static str,
    house: String,
    live: &'static str,
    parts: Parts,
}

/// What a browser is told that is no display.
#[derive(Template)]
#[template(path = "kiosk_shut.html", config = ".config/askama.toml")]
struct ShutPage {
    theme: &'static str,
    files: &'static str,
    sentence: String,
}

async fn page(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Response {
    if let Ok(session) = visitor.display() {
        return drawn(&shared, session, &headers);
    }
    if origin::source(&shared.site(), &headers) == Source::Foreign {
        // Another site's page must not sign a screen in that happens to stand here.
        return shut(&shared, "Open this address by itself, not from another site.", &headers);
    }
    let from = visitor.origin().clone();
    let signed_in = match shared.aside(move |shared| shared.gate().sign_in_display(&from)).await {
        Ok(signed_in) => signed_in,
        Err(stopping) => return stopping,
    };
    match signed_in {
        Ok((token, session)) => {
            let mut page = drawn(&shared, &session, &headers);
            page.headers_mut().append(header::SET_COOKIE, display_cookie(&shared, &token));
            page
        }
        Err(NoDisplay::Store(error)) => Problem::from(error).into_response(),
        Err(why) => {
            let words = why.to_string();
            let mut chars = words.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            shut(&shared, &format!("{first}{}.", chars.as_str()), &headers)
        }
    }
}

fn drawn(shared: &Shared, session: &Session, headers: &HeaderMap) -> Response {
    let snapshot = match session.permit(ViewPlant) {
        Ok(grant) => shared.door().look(&grant),
        Err(denied) => return shut(shared, &format!("{denied}"), headers),
    };
    let page = KioskPage {
        theme: Theme::of(headers, shared).code(),
        files: assets::version(),
        house: House::of(shared).name,
        live: STREAM,
        parts: live::parts(&Watched::Display, &snapshot, session),
    };
    draw_as(StatusCode::OK, &page)
}

fn shut(shared: &Shared, sentence: &str, headers: &HeaderMap) -> Response {
    let theme = Theme::of(headers, shared).code();
    let page = ShutPage { theme, files: assets::version(), sentence: sentence.to_owned() };
    let mut response = draw_as(StatusCode::FORBIDDEN, &page);
    // Nobody stands at a display to try again.
    response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("30"));
    response
}

/// Opens the stream of the page.
async fn live(
    State(shared): State<Shared>,
    press: Arc<Press>,
    Extension(visitor): Extension<Visitor>,
    upgrade: WebSocketUpgrade,
) -> Response {
    match visitor.display() {
        Ok(session) => push::open(shared, press, Arc::clone(session), Watched::Display, upgrade),
        Err(not_in) => Problem::from(not_in).into_response(),
    }
}
