//! Whether a request comes from one of our own pages or is one that another site makes a browser
//! send. A browser adds the session's cookie by itself, so a cookie alone proves no intention: what
//! changes something, and what opens a stream, must come from our own pages.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};

use crate::web::problem::Problem;
use crate::web::site::Site;
use crate::web::visitor::{Proof, Visitor, same};

/// Where a script of our pages puts the form token.
pub const FORM_TOKEN_FIELD: HeaderName = HeaderName::from_static("x-form-token");
/// What browsers say about where a request comes from; no page can change it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request comes from, as far as a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of our own pages, or somebody who typed the address.
    Own,
    /// Another site.
    Foreign,
    /// Nothing is said: no browser, or a very old one.
    Unknown,
}

/// Where the request with `headers` comes from. Whatever speaks against us outweighs the rest.
#[must_use]
pub fn source(site: &Site, headers: &HeaderMap) -> Source {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    let is_ours = |origin: &str| site.is_origin(origin, host);
    let said = [
        text(FETCH_SITE).map(|said| said == "same-origin" || said == "none"),
        text(header::ORIGIN).map(is_ours),
        text(header::REFERER).map(|referer| is_ours(origin_part(referer))),
    ];
    if said.contains(&Some(false)) {
        Source::Foreign
    } else if said.contains(&Some(true)) {
        Source::Own
    } else {
        Source::Unknown
    }
}

/// Scheme, host and port of a URL.
fn origin_part(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(host..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

/// Whether the request may go on.
///
/// # Errors
/// It would change something or open a stream, and is not known to be meant.
pub fn check(site: &Site, request: &Request, visitor: &Visitor) -> Result<(), Problem> {
    let headers = request.headers();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !changes && !headers.contains_key(header::UPGRADE) {
        return Ok(());
    }
    let source = source(site, headers);
    let is_api = request.uri().path().starts_with("/api/");
    // Only a program, or a script that this site lets in, adds this header.
    if headers.contains_key(header::AUTHORIZATION) && visitor.proof() != Some(Proof::Cookie) {
        let listed = is_api
            && headers
                .get(header::ORIGIN)
                .and_then(|origin| origin.to_str().ok())
                .is_some_and(|origin| site.is_open_to(origin));
        return if source == Source::Foreign && !listed { Err(foreign()) } else { Ok(()) };
    }
    let with_cookie = visitor.proof() == Some(Proof::Cookie);
    match source {
        Source::Own => {}
        Source::Foreign => return Err(foreign()),
        // A program without a cookie, such as one that asks for a token.
        Source::Unknown if is_api && !with_cookie => {}
        Source::Unknown => return Err(unknown()),
    }
    if is_api && changes && with_cookie {
        let token = headers.get(FORM_TOKEN_FIELD).map(|value| value.as_bytes());
        if !same(token.unwrap_or_default(), visitor.form_token().as_bytes()) {
            return Err(no_token());
        }
    }
    Ok(())
}

/// Another site asked.
#[must_use]
pub fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "Refused",
        "A page of another site has sent this request, so nothing was done.",
        "Use the pages here; an administrator can list other sites that may use the API.",
    )
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "origin_missing",
        "Refused",
        "The request does not say which page it comes from, so nothing was done.",
        "Programs use /api/v1 with a token; browsers send Origin or Referer unless told not to.",
    )
}

fn no_token() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "form_token_missing",
        "Refused",
        "A change with the cookie of a session needs the session's form token as X-Form-Token.",
        "Programs sign in with a token as Authorization: Bearer instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&'static str, &str)]) -> Source {
        let site = Site::at("http://127.0.0.1:18080".into());
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:18080".parse().unwrap());
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        source(&site, &headers)
    }

    #[test]
    fn a_page_of_another_site_is_told_from_our_own() {
        assert_eq!(said(&[]), Source::Unknown);
        assert_eq!(said(&[("sec-fetch-site", "same-origin")]), Source::Own);
        assert_eq!(said(&[("sec-fetch-site", "none")]), Source::Own);
        assert_eq!(said(&[("origin", "http://127.0.0.1:18080")]), Source::Own);
        assert_eq!(said(&[("referer", "http://127.0.0.1:18080/users?x=1")]), Source::Own);
        for foreign in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "nonsense"),
            ("origin", "null"),
            ("origin", "http://evil.example"),
            ("origin", "http://127.0.0.1:18081"),
            ("referer", "http://evil.example/http://127.0.0.1:18080/"),
            ("referer", "http://127.0.0.1:18080.evil.example/"),
            ("referer", "http://127.0.0.1:18080@evil.example/"),
        ] {
            assert_eq!(said(&[foreign]), Source::Foreign, "{foreign:?}");
            let both = [foreign, ("host", "127.0.0.1:18080")];
            assert_eq!(said(&both), Source::Foreign, "{foreign:?}");
        }
    }

    #[test]
    fn what_speaks_against_us_outweighs_the_rest() {
        let mixed = [("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")];
        assert_eq!(said(&mixed), Source::Foreign);
    }
}
