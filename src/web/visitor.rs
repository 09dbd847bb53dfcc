//! Who asks: the session of a cookie or of a bearer token, and where the request comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::engine::{Face, NotIn, Origin, Session};
use crate::web::shared::Shared;

/// Name of the cookie over HTTPS; the prefix binds it to this host and to HTTPS.
const SECURE_COOKIE: &str = "__Host-busbar";
/// Its equivalent over plain HTTP, where a browser takes no such prefix.
const PLAIN_COOKIE: &str = "busbar";
/// Longest token that is looked up, in bytes.
const TOKEN_BYTES: usize = 128;
/// How much of a browser's name is kept, in characters.
const AGENT_CHARS: usize = 120;

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
    form_token: String,
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

    /// Where they come from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the request comes from this machine itself.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.origin.address.is_some_and(|address| address.is_loopback())
    }

    /// What forms of their pages carry, and what `X-Form-Token` must hold where there is no form; made
    /// from the session's token, so that no other page knows it. Empty for who is not signed in.
    #[must_use]
    pub fn form_token(&self) -> &str {
        &self.form_token
    }
}

/// Finds out who asks.
pub async fn identify(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let visitor = visitor(&shared, &request);
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

fn visitor(shared: &Shared, request: &Request) -> Visitor {
    let headers = request.headers();
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let bearer = bearer(headers);
    let face = if bearer.is_some() || request.uri().path().starts_with("/api/") {
        Face::Api
    } else {
        Face::Web
    };
    let origin = Origin { face, address: address.map(unmapped), agent: agent(headers) };
    let cookie = || cookie(headers, cookie_name(shared.is_https()));
    let shown =
        bearer.map(|token| (token, Proof::Bearer)).or_else(|| Some((cookie()?, Proof::Cookie)));
    let Some((token, proof)) = shown.filter(|(token, _)| token.len() <= TOKEN_BYTES) else {
        return Visitor { session: Err(NotIn::Unknown), origin, form_token: String::new() };
    };
    let session = shared.gate().enter(token, &origin).map(|session| (session, proof));
    let form_token = match (&session, proof) {
        (Ok(_), Proof::Cookie) => form_token(token),
        (Ok(_), Proof::Bearer) | (Err(_), _) => String::new(),
    };
    Visitor { session, origin, form_token }
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
