//! Who asks: the session of a cookie or of a bearer token, and where the request comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::base::time::Wall;
use crate::engine::{Face, NotIn, Origin, Secret, Session, SignedIn};
use crate::web::origin;
use crate::web::shared::Shared;

/// Name of the cookie over HTTPS; the prefix binds it to this host and to HTTPS.
const SECURE_COOKIE: &str = "__Host-busbar";
/// Its equivalent over plain HTTP, where a browser takes no such prefix.
const PLAIN_COOKIE: &str = "busbar";
/// The page for displays, and what belongs to it.
pub const DISPLAY_PATH: &str = "/kiosk";
/// Name of a display's cookie over HTTPS.
const SECURE_DISPLAY_COOKIE: &str = "__Secure-busbar-display";
/// Its equivalent over plain HTTP.
const PLAIN_DISPLAY_COOKIE: &str = "busbar-display";
/// How long a browser keeps a display's cookie, in seconds: it is signed in again without.
const DISPLAY_SECONDS: u32 = 30 * 24 * 3600;
/// Longest token that is looked up, in bytes.
const TOKEN_BYTES: usize = 128;
/// How much of a browser's name is kept, in characters.
const AGENT_CHARS: usize = 120;

/// What proxies add.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// How somebody proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// With a cookie, which a browser adds by itself: changes need a form token too.
    Cookie,
    /// With `Authorization: Bearer`, which only a program adds.
    Bearer,
}

/// Whoever asks. In the extensions of every request.
#[derive(Clone, Debug)]
pub struct Visitor {
    session: Result<(Arc<Session>, Proof), NotIn>,
    origin: Origin,
    from: Nearness,
    form_token: String,
    /// The display that asks, on the page for displays.
    display: Result<Arc<Session>, NotIn>,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nearness {
    /// A program or browser of this machine.
    Here,
    /// Another machine, as far as is known.
    Elsewhere,
}

impl Visitor {
    /// Their session.
    ///
    /// # Errors
    /// They are not signed in, or not any more.
    pub fn session(&self) -> Result<&Arc<Session>, NotIn> {
        self.session.as_ref().map(|(session, _)| session).map_err(|not_in| *not_in)
    }

    /// How they proved who they are.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        self.session.as_ref().ok().map(|(_, proof)| *proof)
    }

    /// The display that asks; only ever one on the page for displays.
    ///
    /// # Errors
    /// It is none, or not any more.
    pub fn display(&self) -> Result<&Arc<Session>, NotIn> {
        self.display.as_ref().map_err(|not_in| *not_in)
    }

    /// Where they come from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the request comes from this machine itself, and was not passed on by a proxy that runs
    /// here.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.from == Nearness::Here
    }

    /// What forms of their pages carry, and what `X-Form-Token` must hold where there is no form; made
    /// from the session's token, so that no other page knows it. Empty for who is not signed in.
    #[must_use]
    pub fn form_token(&self) -> &str {
        &self.form_token
    }
}

/// Finds out who asks, and refuses what another site's page makes a browser ask.
pub async fn identify(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let visitor = visitor(&shared, &request);
    if let Err(problem) = origin::check(&shared.site(), &request, &visitor) {
        return if request.uri().path().starts_with("/api/") {
            problem.into_response()
        } else {
            crate::web::pages::turned_away(&problem, &visitor, request.uri())
        };
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

fn visitor(shared: &Shared, request: &Request) -> Visitor {
    let headers = request.headers();
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| unmapped(info.0.ip()));
    let site = shared.site();
    let address = peer.map(|peer| site.origin_of(peer, passed_on(headers)));
    let bearer = bearer(headers);
    let face = if bearer.is_some() || request.uri().path().starts_with("/api/") {
        Face::Api
    } else {
        Face::Web
    };
    let origin = Origin { face, address, agent: agent(headers) };
    let from = from(shared, peer, headers);
    let display = display(shared, request, &origin);
    let cookie = || cookie(headers, cookie_name(shared.is_https()));
    let shown =
        bearer.map(|token| (token, Proof::Bearer)).or_else(|| Some((cookie()?, Proof::Cookie)));
    let Some((token, proof)) = shown.filter(|(token, _)| token.len() <= TOKEN_BYTES) else {
        let (session, form_token) = (Err(NotIn::Unknown), String::new());
        return Visitor { session, origin, from, form_token, display };
    };
    let session = shared.gate().enter(token, &origin).map(|session| (session, proof));
    if let Ok((session, _)) = &session {
        shared.door().present(session);
    }
    let form_token = match (&session, proof) {
        (Ok(_), Proof::Cookie) => form_token(token),
        (Ok(_), Proof::Bearer) | (Err(_), _) => String::new(),
    };
    Visitor { session, origin, from, form_token, display }
}

/// The display that asks for the page for displays. Its token is looked at nowhere else.
fn display(shared: &Shared, request: &Request, origin: &Origin) -> Result<Arc<Session>, NotIn> {
    if !request.uri().path().starts_with(DISPLAY_PATH) {
        return Err(NotIn::Unknown);
    }
    let token = cookie(request.headers(), display_cookie_name(shared.is_https()));
    let token = token.filter(|token| token.len() <= TOKEN_BYTES).ok_or(NotIn::Unknown)?;
    shared.gate().enter_display(token, origin)
}

/// What proxies say of where a request comes from, the nearest last.
fn passed_on(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    let said = headers.get_all("x-forwarded-for").iter().filter_map(|said| said.to_str().ok());
    let said: Vec<&str> = said.flat_map(|said| said.split(',')).collect();
    said.into_iter()
}

/// Whether a request from `peer` comes from this machine itself. Where a proxy may stand in front,
/// which the public address says, nothing does.
fn from(shared: &Shared, peer: Option<IpAddr>, headers: &HeaderMap) -> Nearness {
    let passed_on = PASSED_ON.iter().any(|name| headers.contains_key(*name));
    let near = peer.is_some_and(|peer| peer.is_loopback());
    if near && !passed_on && !shared.site().is_published() {
        Nearness::Here
    } else {
        Nearness::Elsewhere
    }
}

/// An IPv4 address that came in over an IPv6 socket is an IPv4 address.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The name of the session's cookie.
#[must_use]
pub fn cookie_name(https: impl Into<Https>) -> &'static str {
    match https.into() {
        Https::Yes => SECURE_COOKIE,
        Https::No => PLAIN_COOKIE,
    }
}

/// The name of a display's cookie.
fn display_cookie_name(https: impl Into<Https>) -> &'static str {
    match https.into() {
        Https::Yes => SECURE_DISPLAY_COOKIE,
        Https::No => PLAIN_DISPLAY_COOKIE,
    }
}

/// The header `Set-Cookie` that gives a display its session: sent to the page for displays alone.
#[must_use]
pub fn display_cookie(shared: &Shared, token: &Secret) -> HeaderValue {
    let https = shared.is_https();
    let (name, secure) = (display_cookie_name(https), if https { "; Secure" } else { "" });
    let token = token.reveal();
    let text = format!(
        "{name}={token}; Path={DISPLAY_PATH}; Max-Age={DISPLAY_SECONDS}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut value =
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("busbar-display="));
    value.set_sensitive(true);
    value
}

/// Whether a listener speaks HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Https {
    /// It does.
    Yes,
    /// It speaks plain HTTP.
    No,
}

impl From<bool> for Https {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// The header `Set-Cookie` that gives a browser the session of somebody who has just come in.
#[must_use]
pub fn session_cookie(shared: &Shared, signed_in: &SignedIn) -> HeaderValue {
    let now = shared.door().clock().wall();
    let seconds = seconds_between(now, signed_in.expires);
    set_cookie(shared, signed_in.token.reveal(), seconds)
}

/// The header `Set-Cookie` that takes the session from a browser.
#[must_use]
pub fn no_cookie(shared: &Shared) -> HeaderValue {
    set_cookie(shared, "", 0)
}

fn set_cookie(shared: &Shared, token: &str, seconds: i64) -> HeaderValue {
    let https = shared.is_https();
    let (name, secure) = (cookie_name(https), if https { "; Secure" } else { "" });
    let text =
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value =
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("busbar="));
    value.set_sensitive(true);
    value
}

fn seconds_between(now: Wall, end: Wall) -> i64 {
    (end.nanos().saturating_sub(now.nanos()) / 1_000_000_000).max(0)
}

/// Whether two texts are the same; takes the same time wherever they differ.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && !one.is_empty() && differences == 0
}

/// The form token that belongs to a session's `token`.
#[must_use]
pub fn form_token(token: &str) -> String {
    let digest = Sha256::new().chain_update(b"busbar form\0").chain_update(token).finalize();
    data_encoding::BASE64URL_NOPAD.encode(&digest)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|text| text.split(';'));
    pairs
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect())
}
