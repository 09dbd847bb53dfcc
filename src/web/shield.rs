//! What every request must be and what every answer must have, whatever the route: names, sizes,
//! times, headers. Knows nobody: who asks is found out behind it.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::web::limits::{Brings, Limits};
use crate::web::problem::Problem;
use crate::web::sealed::too_large;
use crate::web::shared::Shared;
use crate::web::site::Site;

/// Scripts, styles, fonts and streams of our own, nothing inline, nothing of others.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What pages never need.
const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
    gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// What every answer has.
const ALWAYS: [(HeaderName, HeaderValue); 8] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // Links with tokens in them are told to nobody else. Not "no-referrer": with that, browsers
    // leave out where a form comes from, which is needed to tell ours from another site's.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(FEATURES)),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
];

/// A year.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Nothing is kept on the way or in the browser, unless the handler knows better.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// What pages of listed sites may ask of the API.
const CROSS_METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const CROSS_FIELDS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, If-Match, If-None-Match, Range");
const CROSS_SEEN: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Location, Retry-After",
);
/// Ten minutes, in seconds.
const CROSS_AGE: HeaderValue = HeaderValue::from_static("600");

/// Stands around all routes.
pub async fn shield(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    shared.counts().requests.fetch_add(1, Ordering::Relaxed);
    let site = shared.site();
    let foreign = Foreign::of(&site, &request);
    let only_https = site.is_seen_over_https() && is_name(host(request.headers()));
    // What follows a body of unknown length on the same connection is not trusted to be the next
    // request: whoever passes it on may have counted otherwise.
    let last = request.headers().contains_key(header::TRANSFER_ENCODING);
    let admitted = match admit(&shared, &site, &request) {
        // People are told on a page, which is made behind who they are is found out. Nothing is read.
        Err(problem) if is_over(&problem) && !request.uri().path().starts_with("/api/") => {
            *request.body_mut() = Body::empty();
            request.extensions_mut().insert(Over(problem));
            Ok(())
        }
        admitted => admitted,
    };
    let mut response = match (foreign.asks_first(&request), admitted) {
        (_, Err(problem)) => problem.into_response(),
        (true, Ok(())) => foreign.answer_first(),
        (false, Ok(())) => answer(&shared, request, next).await,
    };
    let headers = response.headers_mut();
    for (name, value) in &ALWAYS {
        headers.insert(name, value.clone());
    }
    if only_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, NOT_KEPT);
    }
    if last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    foreign.dress(headers);
    response
}

/// What is brought to a page is larger than it takes. In the extensions of the request, which has no body
/// any more.
#[derive(Clone, Debug)]
pub struct Over(pub Problem);

fn is_over(problem: &Problem) -> bool {
    problem.status() == StatusCode::PAYLOAD_TOO_LARGE
}

/// The answer of what is behind, in time.
async fn answer(shared: &Shared, request: Request, next: Next) -> Response {
    let limit = Brings::of(request.method(), request.uri().path()).time(shared.limits());
    let has_body = has_body(request.headers());
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!("a request ended by a panic");
            own_fault().into_response()
        }
        Err(_elapsed) if has_body => too_slow(StatusCode::REQUEST_TIMEOUT).into_response(),
        Err(_elapsed) => too_slow(StatusCode::SERVICE_UNAVAILABLE).into_response(),
    }
}

/// Whether the request is looked at at all.
fn admit(shared: &Shared, site: &Site, request: &Request) -> Result<(), Problem> {
    let limits = shared.limits();
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > limits.uri_bytes {
        return Err(too_long());
    }
    let headers = request.headers();
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) => host,
        (Some(_) | None, _) => return Err(no_host()),
    };
    // A request that names the site in its first line too must name the same one.
    if uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host)) {
        return Err(no_host());
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // From this machine itself, a browser may have been sent here by a page elsewhere whose name
    // was made to point here. From other machines any name is taken: names are given by others.
    let is_here = peer.is_none_or(|peer| peer.0.ip().to_canonical().is_loopback());
    if is_here && !site.is_called(host) {
        return Err(other_name());
    }
    check_body(headers, Brings::of(request.method(), uri.path()), limits)
}

fn check_body(headers: &HeaderMap, brings: Brings, limits: &Limits) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.map(str::parse::<u64>) {
        Some(Ok(length)) if length > brings.most_of_body(limits) => {
            Err(too_large(brings.most(limits)))
        }
        Some(Ok(_)) | None => Ok(()),
        Some(Err(_)) => Err(no_host()),
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Whether a host is a name that is this machine's for everybody. Addresses take no note of "HTTPS
/// only", and `localhost` belongs to other programs too.
fn is_name(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    let digits = name.chars().all(|c| c.is_ascii_digit() || c == '.');
    !host.starts_with('[') && !digits && !name.eq_ignore_ascii_case("localhost")
}

/// What a page of another site asks of the API.
enum Foreign {
    /// Nothing: it is not the API, or no page of another site.
    No,
    /// It is not listed.
    Unlisted,
    /// It is listed, and has this origin.
    Listed(HeaderValue),
}

impl Foreign {
    fn of(site: &Site, request: &Request) -> Self {
        let headers = request.headers();
        let Some(origin) = headers.get(header::ORIGIN) else { return Self::No };
        let text = origin.to_str().unwrap_or_default();
        if !request.uri().path().starts_with("/api/") || site.is_origin(text, host(headers)) {
            Self::No
        } else if site.is_open_to(text) {
            Self::Listed(origin.clone())
        } else {
            Self::Unlisted
        }
    }

    /// Whether a browser asks whether it may ask.
    fn asks_first(&self, request: &Request) -> bool {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        match self {
            Self::No => false,
            Self::Unlisted | Self::Listed(_) => asks,
        }
    }

    fn answer_first(&self) -> Response {
        match self {
            Self::No | Self::Unlisted => crate::web::origin::foreign().into_response(),
            Self::Listed(_) => {
                let headers = [
                    (header::ACCESS_CONTROL_ALLOW_METHODS, CROSS_METHODS),
                    (header::ACCESS_CONTROL_ALLOW_HEADERS, CROSS_FIELDS),
                    (header::ACCESS_CONTROL_MAX_AGE, CROSS_AGE),
                ];
                (StatusCode::NO_CONTENT, headers).into_response()
            }
        }
    }

    /// Lets the page see the answer, never with a cookie.
    fn dress(self, headers: &mut HeaderMap) {
        match self {
            Self::No => {}
            Self::Unlisted => {
                headers.append(header::VARY, HeaderValue::from_static("Origin"));
            }
            Self::Listed(origin) => {
                headers.append(header::VARY, HeaderValue::from_static("Origin"));
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, CROSS_SEEN);
            }
        }
    }
}

fn too_long() -> Problem {
    Problem::new(
        StatusCode::URI_TOO_LONG,
        "address_too_long",
        "Address too long",
        "The address is longer than any here.",
        "Ask for less at once.",
    )
}

fn no_host() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed",
        "Not understood",
        "The request does not say, or does not say clearly, which host and what length it has.",
        "Send one header Host, and one Content-Length where there is a body.",
    )
}

fn other_name() -> Problem {
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "other_host",
        "Another host",
        "Nothing here goes by the name that the request gives in its header Host.",
        "Use the address that Busbar shows, or set the public address in the settings.",
    )
}

fn own_fault() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "own_fault",
        "Fault in Busbar",
        "Busbar made a mistake of its own while answering this.",
        "Look whether the change was made before trying again. The log says more.",
    )
}

fn too_slow(status: StatusCode) -> Problem {
    Problem::new(
        status,
        "too_slow",
        "Took too long",
        "It was not done within its time.",
        "Look whether the change was made before trying again.",
    )
}

#[cfg(test)]
mod tests {
    use tower::Service as _;

    use super::*;
    use crate::engine::{Config, testing};
    use crate::web::table::{Access, Table};

    async fn boom() -> Response {
        panic!("on purpose")
    }

    async fn for_ever() -> Response {
        std::future::pending().await
    }

    /// What is answered at `path` by routes that do not do as they should.
    fn asked(path: &str) -> Response {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let running = testing::start_cheaply(config).unwrap();
        let limits = Limits { answer: std::time::Duration::from_millis(20), ..Limits::default() };
        let (door, gate) = (running.door.clone(), running.gate.clone());
        let shared = Shared::of(door, gate, Site::at("http://localhost:1".into()), limits, None);
        let table = Table::new(&shared).api(Method::GET, "/boom", Access::Open, boom);
        let table = table.api(Method::GET, "/for-ever", Access::Open, for_ever);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = Request::builder().uri(path).header(header::HOST, "localhost:1");
        let request = request.body(Body::empty()).unwrap();
        runtime.block_on(async move { table.router().call(request).await.unwrap() })
    }

    #[test]
    fn a_fault_of_our_own_is_answered_without_its_details() {
        let response = asked("/boom");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::X_FRAME_OPTIONS], "DENY");
        let kind = &response.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "application/problem+json");
    }

    #[test]
    fn an_answer_that_does_not_come_is_not_waited_for() {
        assert_eq!(asked("/for-ever").status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn only_names_of_this_machine_alone_are_kept_to_https() {
        assert!(is_name("rack-7:18080") && is_name("pack.example.org"));
        for other in ["localhost:1", "127.0.0.1:18080", "192.168.1.5", "[::1]:2", ""] {
            assert!(!is_name(other), "{other}");
        }
    }
}
