//! What an answer is made of: moments, lists cut into pages, versions as ETags; and the way an order
//! takes from a request through the door.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use crate::base::time::Wall;
use crate::engine::{Order, Session};
use crate::web::problem::Problem;
use crate::web::shared::{Shared, Turn};

/// An answer, or the problem to answer instead.
pub type Answer = Result<Response, Problem>;

/// A moment, RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub Wall);

impl Time {
    /// As text.
    #[must_use]
    pub fn text(self) -> String {
        match Timestamp::from_nanosecond(self.0.nanos().into()) {
            Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            // Nanoseconds in 64 bits reach from 1677 to 2262, which every calendar holds.
            Err(_) => String::new(),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let moment = text.parse::<Timestamp>().ok();
        let nanos = moment.and_then(|moment| i64::try_from(moment.as_nanosecond()).ok());
        nanos.map(|nanos| Self(Wall::from_nanos(nanos))).ok_or_else(|| {
            serde::de::Error::custom(
                "a moment is written as in RFC 3339, such as 2026-01-31T12:00:00Z",
            )
        })
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Where the next page begins: give it as `cursor`. `null` on the last page.
    pub next: Option<String>,
}

/// Items on a page unless told otherwise.
const PAGE: u32 = 100;
/// Most items on a page.
const LARGEST_PAGE: u32 = 1000;

/// Which page of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageWanted {
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    pub cursor: Option<String>,
}

/// How many items a page may have.
///
/// # Errors
/// It is none, or more than a page holds.
pub fn page_size(limit: Option<u32>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE) {
        size @ 1..=LARGEST_PAGE => Ok(size as usize),
        size => {
            let detail = format!("limit is {size}; it is from 1 to {LARGEST_PAGE}.");
            Err(Problem::invalid(detail).about("limit"))
        }
    }
}

/// Cuts the page out of all items: those whose key is above `cursor`, in the order of their keys.
///
/// # Errors
/// The cursor or the limit cannot be.
pub fn page<T>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> i64,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<List<T>, Problem> {
    let size = page_size(limit)?;
    let after = cursor.map(number_of).transpose()?;
    let mut items: Vec<T> =
        items.filter(|item| after.is_none_or(|after| key(item) > after)).collect();
    items.sort_by_key(&key);
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|last| key(last).to_string());
    Ok(List { items, next })
}

/// The number that a cursor stands for.
///
/// # Errors
/// It is none that was given out.
pub fn number_of<T: std::str::FromStr>(cursor: &str) -> Result<T, Problem> {
    cursor.parse().map_err(|_| never_given())
}

/// A cursor that was never given out.
#[must_use]
pub fn never_given() -> Problem {
    Problem::invalid("This cursor was never given out: take it from \"next\" of a page.")
        .about("cursor")
}

/// JSON with a status.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    (status, Json(value)).into_response()
}

/// The same with the version of what it shows as ETag.
pub fn versioned(status: StatusCode, version: i64, value: &impl Serialize) -> Response {
    marked(status, &version.to_string(), value)
}

/// The same with the mark of what it shows as ETag.
pub fn marked(status: StatusCode, mark: &str, value: &impl Serialize) -> Response {
    let mut response = json(status, value);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{mark}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The same, with where the new thing is.
pub fn at_place(mut response: Response, place: &str) -> Response {
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Whether the asker has what `tag` stands for already.
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.any(|value| {
        value == tag
            || value.as_bytes() == b"*"
            || value.to_str().is_ok_and(|text| {
                let mut tags = text.split(',').map(str::trim);
                tags.any(|one| one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
            })
    })
}

/// Done, and there is nothing to say.
#[must_use]
pub fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Does what may block where it hurts nobody.
///
/// # Errors
/// As the work says, or the listener is stopping.
pub async fn aside<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Shared) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    shared.aside(work).await.unwrap_or_else(|_| Err(Problem::stopping()))
}

/// Gives an order and waits for what came of it.
///
/// # Errors
/// The order was refused or not carried out.
pub async fn order<O: Order>(
    shared: &Shared,
    session: &Arc<Session>,
    order: O,
) -> Result<O::Done, Problem> {
    let session = Arc::clone(session);
    let work = move |shared: &Shared| -> Result<O::Done, Problem> {
        Ok(shared.door().submit(&session, order)?.wait()?)
    };
    let done = shared.aside_in(Turn::of(O::HASTE), work).await;
    done.unwrap_or_else(|_| Err(Problem::stopping()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_milliseconds_and_are_utc() {
        let time = Time(Wall::from_nanos(1_767_225_600_123_456_789));
        assert_eq!(time.text(), "2026-01-01T00:00:00.123Z");
        let read: Time = serde_json::from_str("\"2026-01-01T01:00:00.5+01:00\"").unwrap();
        assert_eq!(read.text(), "2026-01-01T00:00:00.500Z");
        assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
        assert!(serde_json::from_str::<Time>("\"9999-01-01T00:00:00Z\"").is_err());
        assert_ne!(Time(Wall::from_nanos(i64::MIN)).text(), "");
    }

    #[test]
    fn pages_cover_a_list_once() {
        let all = [5_i64, 3, 9, 1, 7];
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..3 {
            let list = page(all.into_iter(), |n| *n, cursor.as_deref(), Some(2)).unwrap();
            seen.extend(list.items);
            cursor = list.next;
        }
        assert_eq!((seen, cursor), (vec![1, 3, 5, 7, 9], None));
        assert!(page(all.into_iter(), |n| *n, Some("x"), None).is_err());
        assert!(page(all.into_iter(), |n| *n, None, Some(0)).is_err());
        assert!(page(all.into_iter(), |n| *n, None, Some(1001)).is_err());
    }

    #[test]
    fn who_has_the_newest_is_told_so() {
        let tag = HeaderValue::from_static("\"7-a\"");
        let has = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(text));
            is_known(&headers, &tag)
        };
        assert!(has("\"7-a\"") && has("W/\"7-a\"") && has("\"1\", \"7-a\"") && has("*"));
        assert!(!has("\"7\"") && !is_known(&HeaderMap::new(), &tag));
    }
}
