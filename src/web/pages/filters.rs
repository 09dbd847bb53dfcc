//! The filters that an account keeps, beside the boxes where one is typed: choosing is a link, keeping
//! and forgetting are forms that lead back to the page they stand on.

use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;

use crate::engine::{ForgetFilter, KeepFilter, Right, SavedFilter, Session, UseCan};
use crate::web::pages::form::Typed;
use crate::web::pages::shell::{Ask, failed, go};
use crate::web::pages::wrong::{aside, give};
use crate::web::problem::Problem;
use crate::web::sealed::Sealed;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// The pages that have them.
const PLACES: [&str; 2] = ["/can", "/can/trace"];
/// Where they stand on those pages.
const MARK: &str = "kept-filters";

/// The route.
#[must_use]
pub fn routes(table: Table) -> Table {
    table.page(Method::POST, "/can/filters", Access::Needs(Right::SendReceiveCan), change)
}

/// A filter as a link.
pub struct Choice {
    /// What it is called.
    pub name: String,
    /// What it asks.
    pub text: String,
    /// The page with it.
    pub href: String,
}

/// The filters that whoever asks keeps; `with` gives the address of the page with one.
///
/// # Errors
/// It is not permitted, or the database refuses.
pub async fn kept(
    shared: &Shared,
    session: &std::sync::Arc<Session>,
    with: impl Fn(&str) -> String,
) -> Result<Vec<Choice>, Problem> {
    let session = std::sync::Arc::clone(session);
    let kept = aside(shared, move |shared| {
        Ok(shared.door().filters(&session.permit(UseCan)?, &session)?)
    });
    let choice =
        |one: SavedFilter| Choice { href: with(&one.text), name: one.name, text: one.text };
    Ok(kept.await?.into_iter().map(choice).collect())
}

async fn change(
    State(shared): State<Shared>,
    ask: Ask,
    headers: HeaderMap,
    Sealed(pairs): Sealed<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(pairs);
    let done = match typed.get("forget") {
        Some(name) => give(&shared, &ask.session, ForgetFilter { name: name.to_owned() }).await,
        None => {
            let (name, text) = (typed.text("name").to_owned(), typed.text("filter").to_owned());
            let filter = SavedFilter { name, text };
            give(&shared, &ask.session, KeepFilter { filter }).await.map(drop)
        }
    };
    match done {
        Ok(()) => go(&back(&headers)),
        Err(problem) => failed(&problem, &ask),
    }
}

/// The page that the form was sent from, with the filters open.
fn back(headers: &HeaderMap) -> String {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
    let from: Option<Uri> = from.and_then(|from| from.parse().ok());
    let place = from.as_ref().filter(|from| PLACES.contains(&from.path()));
    let Some(from) = place else { return format!("{}#{MARK}", PLACES[0]) };
    match from.query() {
        Some(query) => format!("{}?{query}#{MARK}", from.path()),
        None => format!("{}#{MARK}", from.path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_a_page_of_ours_and_to_no_other() {
        let back = |from: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, from.parse().unwrap());
            back(&headers)
        };
        assert_eq!(
            back("http://127.0.0.1:1/can/trace?filter=id%3A1"),
            "/can/trace?filter=id%3A1#kept-filters"
        );
        assert_eq!(back("http://127.0.0.1:1/can"), "/can#kept-filters");
        assert_eq!(back("http://evil.example/else?x"), "/can#kept-filters");
        assert_eq!(super::back(&HeaderMap::new()), "/can#kept-filters");
    }
}
