//! Forms: what a page posts, taken only from our own pages. The one way in which a handler gets at
//! the fields of a form.

use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::web::limits::size_words;
use crate::web::pages;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::Access;
use crate::web::visitor::{Proof, Visitor, same};

/// Name of the hidden field that every form of a signed-in page carries.
pub const FORM_TOKEN: &str = "form_token";
/// How browsers send a form.
const KIND: &str = "application/x-www-form-urlencoded";

/// The fields of a form that one of our own pages has posted. Whoever is signed in must have sent the
/// hidden field `form_token` with [`Visitor::form_token`] in it, unless the route is open to
/// everybody; that the request comes from our own pages was seen to before.
///
/// The token is taken out before the fields are looked at, so that `T` may refuse unknown ones. For
/// fields that come several times, `T` is a list of pairs. It has no text: one of them may be a password.
pub struct Sealed<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Sealed<T> {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Response> {
        let access = request.extensions().get::<Access>().copied();
        let Some(visitor) = request.extensions().get::<Visitor>().cloned() else {
            return Err(Problem::stopping().into_response());
        };
        let uri = request.uri().clone();
        let refuse = |problem: Problem| pages::turned_away(&problem, &visitor, &uri);
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(KIND) {
            return Err(refuse(not_a_form()));
        }
        let body = Bytes::from_request(request, shared).await;
        let most = shared.limits().body_bytes as u64;
        let body = body.map_err(|error| refuse(unreadable(error.status(), most)))?;
        let (token, fields) = take_token(&body);
        let needs_token = access != Some(Access::Open) && visitor.proof() == Some(Proof::Cookie);
        if needs_token && !same(&token, visitor.form_token().as_bytes()) {
            return Err(refuse(out_of_date()));
        }
        let fields = Request::builder()
            .method(Method::POST)
            .header(header::CONTENT_TYPE, KIND)
            .body(Body::from(fields))
            .map_err(|_built| Problem::stopping().into_response())?;
        match Form::from_request(fields, shared).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(error) => {
                Err(refuse(Problem::invalid(format!("The form: {}.", error.body_text()))))
            }
        }
    }
}

/// The value of the token's field, and the body without it.
fn take_token(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut token = Vec::new();
    let mut rest: Vec<&[u8]> = Vec::new();
    for pair in body.split(|byte| *byte == b'&') {
        match pair.strip_prefix(FORM_TOKEN.as_bytes()).and_then(|value| value.strip_prefix(b"=")) {
            // The token's alphabet needs no escapes in a form.
            Some(value) => token = value.to_vec(),
            None => rest.push(pair),
        }
    }
    (token, rest.join(&b'&'))
}

fn not_a_form() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_a_form",
        "Not a form",
        "This address takes forms only.",
        "Programs use /api/v1, which takes JSON.",
    )
}

/// The form was made for another session.
#[must_use]
pub fn out_of_date() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "form_out_of_date",
        "The form is out of date",
        "This form was made for another session, so nothing was changed.",
        "Open the page again and fill it in anew.",
    )
}

fn unreadable(status: StatusCode, most: u64) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large(most);
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "unreadable",
        "Cannot be read",
        "The request ended before all of it was there.",
        "Send it again.",
    )
}

/// What is brought has more bytes than are taken.
#[must_use]
pub fn too_large(most: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "Too large",
        format!(
            "It is larger than {}, which is the most that this address takes.",
            size_words(most)
        ),
        "Send less at once.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_taken_out_of_the_fields() {
        let (token, rest) = take_token(b"name=ada&form_token=abc-_1&email=a%40b");
        assert_eq!(
            (token.as_slice(), rest.as_slice()),
            (&b"abc-_1"[..], &b"name=ada&email=a%40b"[..])
        );
        let (token, rest) = take_token(b"name=ada&xform_token=1");
        assert_eq!((token.as_slice(), rest.as_slice()), (&b""[..], &b"name=ada&xform_token=1"[..]));
        assert_eq!(take_token(b""), (Vec::new(), Vec::new()));
    }
}
