//! The handshake of a WebSocket (RFC 6455, section 4.2): whether a request asks for one, and the
//! answer to it. Knows nothing of who asks.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::web::problem::Problem;

/// The only version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// Length of a key: 16 bytes in base 64.
const KEY_CHARS: usize = 24;

/// The key of a request that asks for a WebSocket.
///
/// # Errors
/// The answer to a request that does not.
pub fn key<'h>(
    method: &Method,
    version: Version,
    headers: &'h HeaderMap,
) -> Result<&'h HeaderValue, Box<Response>> {
    let asks = names(headers, &header::CONNECTION, "upgrade")
        && names(headers, &header::UPGRADE, "websocket")
        && method == Method::GET
        && version == Version::HTTP_11;
    if !asks {
        let problem = Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_required",
            "A WebSocket only",
            "This address speaks WebSocket; the request does not ask for one.",
            "Connect with a WebSocket client.",
        );
        return Err(Box::new(upgrade(problem)));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let problem = Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_version",
            "Another version",
            "Only version 13 of the WebSocket protocol is spoken here.",
            "Use a client that speaks it.",
        );
        return Err(Box::new(upgrade(problem)));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == KEY_CHARS);
    key.ok_or_else(|| {
        let problem = Problem::new(
            StatusCode::BAD_REQUEST,
            "websocket_key",
            "No key",
            "Sec-WebSocket-Key must be there and have 24 characters.",
            "Use a client that makes it.",
        );
        Box::new(problem.into_response())
    })
}

/// Whether a list of words in a header names `word`.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
}

fn upgrade(problem: Problem) -> Response {
    let mut response = problem.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    response
}

/// The answer after which both sides speak WebSocket. No extension and no subprotocol is taken up.
#[must_use]
pub fn accept(key: &HeaderValue) -> Response {
    let accept = derive_accept_key(key.as_bytes());
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    fn answer(pairs: &[(&'static str, &'static str)]) -> Result<String, StatusCode> {
        let headers = headers(pairs);
        key(&Method::GET, Version::HTTP_11, &headers)
            .map(|key| {
                let answer = accept(key);
                let accept = &answer.headers()[header::SEC_WEBSOCKET_ACCEPT];
                accept.to_str().unwrap().to_owned()
            })
            .map_err(|response| response.status())
    }

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn the_example_of_the_rfc_is_answered_as_it_says() {
        assert_eq!(answer(&GOOD).as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn what_asks_for_no_websocket_is_told_so() {
        assert_eq!(answer(&[]), Err(StatusCode::UPGRADE_REQUIRED));
        assert_eq!(answer(&GOOD[1..]), Err(StatusCode::UPGRADE_REQUIRED));
        let mut old = GOOD;
        old[2] = ("sec-websocket-version", "8");
        assert_eq!(answer(&old), Err(StatusCode::UPGRADE_REQUIRED));
        assert_eq!(answer(&GOOD[..3]), Err(StatusCode::BAD_REQUEST));
        let good = headers(&GOOD);
        let posted = key(&Method::POST, Version::HTTP_11, &good).map_err(|r| r.status());
        assert_eq!(posted, Err(StatusCode::UPGRADE_REQUIRED));
    }
}
