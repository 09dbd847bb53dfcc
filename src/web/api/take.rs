//! What a request brings: who asks, the numbers in its path, its query, its JSON body. Whatever is
//! wrong with one of them is answered with a problem that names the field, never with plain text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base::id::Name;
use crate::engine::{ExpectedFile, Session};
use crate::view::text::short_name;
use crate::web::api::place::field_at;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::visitor;

/// Longest JSON body.
const BODY_BYTES: usize = 64 * 1024;

/// The session of whoever asks.
pub struct Who(pub Arc<Session>);

impl FromRequestParts<Shared> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Self, Problem> {
        let visitor = parts.extensions.get::<visitor::Visitor>().ok_or_else(Problem::stopping)?;
        Ok(Self(Arc::clone(visitor.session()?)))
    }
}

/// A number in the path.
pub struct At<T>(pub T);

impl<T: FromStr> FromRequestParts<Shared> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let nothing = || Problem::not_found("There is nothing with this number.");
        let found = RawPathParams::from_request_parts(parts, shared).await;
        let found = found.map_err(|_| nothing())?;
        let text = found.iter().next().map(|(_, text)| text).ok_or_else(nothing)?;
        text.parse().map(Self).map_err(|_| nothing())
    }
}

/// A word in the path.
pub struct Word(pub String);

impl FromRequestParts<Shared> for Word {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let found = Path::<String>::from_request_parts(parts, shared).await;
        let nothing = |_| Problem::not_found("There is nothing at this address.");
        found.map(|Path(word)| Self(word)).map_err(nothing)
    }
}

/// A name out of an address or a body.
///
/// # Errors
/// Nothing can be called so.
pub fn named(text: &str, what: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|_| missing(text, what))
}

/// Nothing of this kind is called so.
pub fn missing(text: &str, what: &str) -> Problem {
    let text = short_name(text);
    Problem::not_found(format!("There is no {what} \u{201c}{text}\u{201d}."))
}

/// A name in a field of a body.
///
/// # Errors
/// Nothing can be called so.
pub fn named_in(field: &'static str, text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|why| Problem::invalid(format!("{field}: {why}.")).about(field))
}

/// Two words in the path.
pub struct Words(pub String, pub String);

impl FromRequestParts<Shared> for Words {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let found = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let nothing = |_| Problem::not_found("There is nothing at this address.");
        found.map(|Path((first, second))| Self(first, second)).map_err(nothing)
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ");
                Err(wrong_query(text.unwrap_or("it cannot be read")))
            }
        }
    }
}

fn wrong_query(text: &str) -> Problem {
    let problem = Problem::invalid(format!("The query of the address: {}.", plain(text)));
    let before_colon = || text.split_once(": ").map(|(field, _)| field.to_owned());
    match quoted(text).map(str::to_owned).or_else(before_colon) {
        Some(field) => problem.about(field),
        None => problem,
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _shared: &Shared) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(not_json());
        }
        let bytes = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| too_large())?;
        understand(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
pub struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Shared> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _shared: &Shared) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| too_large())?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json {
            return Err(not_json());
        }
        understand(&bytes).map(Self)
    }
}

fn not_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_json",
        "Not JSON",
        "The body of this request is JSON.",
        "Send it with Content-Type: application/json.",
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "Too large",
        format!("The body has more than {BODY_BYTES} bytes, or did not arrive whole."),
        "Send less at once.",
    )
}

/// Takes a JSON object apart into `T`.
fn understand<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let broken = |detail: String| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "broken_json",
            "Broken JSON",
            detail,
            "Correct the text; a JSON checker shows the place.",
        )
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        broken(format!("The body is not UTF-8 from byte {} on.", error.valid_up_to()))
    })?;
    // A list would be taken for the fields in their order.
    if text.trim_start().starts_with('[') {
        return Err(Problem::invalid("The body of this request is a JSON object, not a list."));
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        if !error.is_data() {
            return broken(format!(
                "The body is no JSON: {} at line {line}, column {column}.",
                plain(said)
            ));
        }
        let problem = Problem::invalid(format!("The body: {}.", plain(said)));
        let named = ["unknown field", "missing field", "duplicate field"]
            .iter()
            .any(|word| said.starts_with(word));
        let outer = field_at(text, line, column);
        match (quoted(said).filter(|_| named), outer) {
            (Some(field), _) => problem.about(field.to_owned()),
            (None, Some(field)) => problem.about(field),
            (None, None) => problem,
        }
    })
}

/// The first word between backticks.
fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

/// The text without what would end the sentence early.
fn plain(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// A field that may be left out, given, or given as `null`.
///
/// # Errors
/// The value is none of the three.
pub fn nullable<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// An object that may be left out or `null`; a list is not taken for its fields in their order.
///
/// # Errors
/// It is something else.
pub fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    from.deserialize_any(Fields(PhantomData))
}

/// The ETag that `If-Match` asks for, without its quotes; `None` where any will do. A weak one is none
/// that anything here could have.
///
/// # Errors
/// It holds no ETag, or one that nothing could have.
pub fn expected_tag(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if values.next().is_none() && text == "*" {
        return Ok(None);
    }
    let tag = text.strip_suffix('"').and_then(|text| text.split_once('"'));
    let (Some((before, tag)), None) = (tag, values.next()) else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "broken_if_match",
            "Broken If-Match",
            "If-Match holds no ETag.",
            "Send the ETag of the answer that you looked at, as it is, with its quotes.",
        ));
    };
    if before.is_empty() && !tag.contains('"') { Ok(Some(tag)) } else { Err(no_version()) }
}

/// What `If-Match` and `If-None-Match` say is to be there.
///
/// # Errors
/// One of them is broken, or they contradict each other.
pub fn expected_file(headers: &HeaderMap) -> Result<ExpectedFile, Problem> {
    let mut none = headers.get_all(header::IF_NONE_MATCH).iter().map(HeaderValue::as_bytes);
    match (expected_tag(headers)?, none.next(), none.next()) {
        (Some(mark), None, _) => Ok(ExpectedFile::Mark(mark.to_owned())),
        (None, Some(b"*"), None) if !headers.contains_key(header::IF_MATCH) => {
            Ok(ExpectedFile::Nothing)
        }
        (None, None, _) => Ok(ExpectedFile::Anything),
        (Some(_) | None, Some(_), _) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "broken_if_none_match",
            "Broken If-None-Match",
            "If-None-Match is * here, and stands alone: keep it only where there is none.",
            "Send If-None-Match: *, or If-Match with the ETag of what is replaced.",
        )),
    }
}

fn no_version() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "changed_meanwhile",
        "Changed meanwhile",
        "If-Match names no version of this.",
        "Send the ETag of the answer that you looked at, as it is.",
    )
}

/// The version that `If-Match` asks for; `None` where any will do.
///
/// # Errors
/// It names no version that anything could have.
pub fn expected_version(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let tag = expected_tag(headers)?;
    tag.map(|tag| tag.parse().map_err(|_| no_version())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default, deserialize_with = "nullable")]
        email: Option<Option<String>>,
        #[serde(default, deserialize_with = "object")]
        inner: Option<Box<Sample>>,
    }

    fn refused(text: &str) -> (u16, String) {
        let problem = understand::<Sample>(text.as_bytes()).unwrap_err();
        (problem.status().as_u16(), serde_json::to_value(&problem).unwrap()["field"].to_string())
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named() {
        assert_eq!(refused("{\"name\": \"a\", \"role\": 1}"), (422, "\"role\"".into()));
        assert_eq!(refused("{\"name\": 1}"), (422, "\"name\"".into()));
        assert_eq!(refused("{}"), (422, "\"name\"".into()));
        assert_eq!(refused("{\"name\": "), (400, "null".into()));
        assert_eq!(refused("[\"a\", \"b\"]"), (422, "null".into()));
        assert_eq!(refused("7"), (422, "null".into()));
        let inner = "{\"name\": \"a\", \"inner\": ";
        assert_eq!(refused(&format!("{inner}[\"b\"]}}")), (422, "\"inner\"".into()));
        assert_eq!(refused(&format!("{inner}{{\"name\": 1}}}}")), (422, "\"inner.name\"".into()));
        let whole = understand::<Sample>(format!("{inner}{{\"name\": \"b\"}}}}").as_bytes());
        assert_eq!(whole.unwrap().inner.unwrap().name, "b");
        assert_eq!(refused(""), (400, "null".into()));
        let problem = understand::<Sample>(b"{\"name\": \"\xff\"}").unwrap_err();
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn null_is_not_the_same_as_nothing() {
        let of = |text: &str| understand::<Sample>(text.as_bytes()).unwrap();
        assert_eq!(of("{\"name\": \"a\"}").email, None);
        assert_eq!(of("{\"name\": \"a\", \"email\": null}").email, Some(None));
        assert_eq!(of("{\"name\": \"b\", \"email\": \"x\"}").email, Some(Some("x".into())));
        assert_eq!(of("{\"name\": \"b\"}").name, "b");
    }

    #[test]
    fn if_match_names_a_version_or_any() {
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, text.parse().unwrap());
            expected_version(&headers).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(with("\"7\""), Ok(Some(7)));
        assert_eq!(with("*"), Ok(None));
        assert_eq!(with("W/\"7\""), Err(412));
        assert_eq!(with("\"seven\""), Err(412));
        assert_eq!(with("\"7\", \"8\""), Err(412));
        assert_eq!(with("7"), Err(400));
        assert_eq!(with(""), Err(400));
        assert_eq!(expected_version(&HeaderMap::new()).ok(), Some(None));
    }
}
