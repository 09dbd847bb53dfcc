//! The filters that an account keeps, beside the boxes where one is typed: choosing is a link, keeping
//! and forgetting are forms that lead back to the page they stand on.

use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use serde::Deserialize;

use crate::engine::{ForgetFilter, KeepFilter, Right, SavedFilter, Session, UseCan};
use crate::view::compose::filter;
use crate::view::filter::LONGEST_NAME;
use crate::web::pages::escaped;
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
        Some(name) => {
            let order = ForgetFilter { name: name.to_owned() };
            give(&shared, &ask.session, order).await.map(|()| ("forgot", name.to_owned()))
        }
        None => {
            let (name, text) = (typed.text("name").to_owned(), typed.text("filter").to_owned());
            let filter = SavedFilter { name, text };
            give(&shared, &ask.session, KeepFilter { filter }).await.map(|one| ("kept", one.name))
        }
    };
    match done {
        Ok((what, name)) => go(&back(&headers, what, &name)),
        Err(problem) => failed(&problem, &ask),
    }
}

/// What came of a form, as the address of the page says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The name of a filter that is kept.
    kept: String,
    /// The name of one that is forgotten.
    forgot: String,
}

impl Told {
    /// What is said of it, where that is so; an address that somebody made up says nothing else.
    #[must_use]
    pub fn said(&self, filters: &[Choice]) -> String {
        let is_kept = |name: &str| filters.iter().any(|one| one.name == name);
        if is_kept(&self.kept) {
            return filter::kept(&self.kept);
        }
        let is_name = !self.forgot.is_empty() && self.forgot.chars().count() <= LONGEST_NAME;
        if is_name && !is_kept(&self.forgot) {
            return filter::forgotten(&self.forgot);
        }
        String::new()
    }
}

/// The page that the form was sent from, with the filters open and what came of it.
fn back(headers: &HeaderMap, what: &str, name: &str) -> String {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
    let from: Option<Uri> = from.and_then(|from| from.parse().ok());
    let place = from.as_ref().filter(|from| PLACES.contains(&from.path()));
    let path = place.map_or(PLACES[0], |from| from.path());
    let pairs = place.and_then(|from| from.query()).unwrap_or_default().split('&');
    let told = ["kept=", "forgot="];
    let mut pairs: Vec<&str> = pairs
        .filter(|pair| !pair.is_empty() && !told.iter().any(|told| pair.starts_with(told)))
        .collect();
    let done = format!("{what}={}", escaped(name));
    pairs.push(&done);
    format!("{path}?{}#{MARK}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_a_page_of_ours_and_to_no_other() {
        let back = |from: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, from.parse().unwrap());
            back(&headers, "kept", "A b")
        };
        assert_eq!(
            back("http://127.0.0.1:1/can/trace?filter=id%3A1&forgot=x"),
            "/can/trace?filter=id%3A1&kept=A%20b#kept-filters"
        );
        assert_eq!(back("http://127.0.0.1:1/can"), "/can?kept=A%20b#kept-filters");
        assert_eq!(back("http://evil.example/else?x"), "/can?kept=A%20b#kept-filters");
        let nowhere = super::back(&HeaderMap::new(), "forgot", "c");
        assert_eq!(nowhere, "/can?forgot=c#kept-filters");
    }

    #[test]
    fn an_address_says_only_what_is_so() {
        let one = Choice { name: "Pack".into(), text: String::new(), href: String::new() };
        let said = |kept: &str, forgot: &str| {
            Told { kept: kept.into(), forgot: forgot.into() }.said(std::slice::from_ref(&one))
        };
        assert_eq!(said("Pack", ""), "Filter \u{201c}Pack\u{201d} is kept.");
        assert_eq!(said("", "Other"), "Filter \u{201c}Other\u{201d} is forgotten.");
        assert_eq!((said("Other", ""), said("", "Pack")), (String::new(), String::new()));
        assert_eq!(said("", &"n".repeat(LONGEST_NAME + 1)), "");
    }
}
