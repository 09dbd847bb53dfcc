//! Forms that bring a file. The form's token comes first, and nothing else is read without it; then come
//! the short fields, in the order of the page, and the file at last, piece by piece.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};

use crate::web::problem::Problem;
use crate::web::sealed::{self, FORM_TOKEN};
use crate::web::shared::Shared;
use crate::web::visitor::{Proof, Visitor, same};

/// Longest token that is read; one of ours is shorter.
const TOKEN_BYTES: usize = 512;

/// A form whose token is right.
pub struct Brought(Multipart);

impl Brought {
    /// Looks at the token.
    ///
    /// # Errors
    /// It is missing or that of another session, or this is no such form.
    pub async fn open(shared: &Shared, request: Request) -> Result<Self, Problem> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let visitor = visitor.ok_or_else(Problem::stopping)?;
        let form = Multipart::from_request(request, shared).await;
        let mut form = Self(form.map_err(|_| no_file())?);
        let token = match form.0.next_field().await.map_err(broken)? {
            Some(field) if field.name() == Some(FORM_TOKEN) => short(field, TOKEN_BYTES).await?,
            Some(_) | None => Vec::new(),
        };
        let needs_token = visitor.proof() == Some(Proof::Cookie);
        if needs_token && !same(&token, visitor.form_token().as_bytes()) {
            return Err(sealed::out_of_date());
        }
        Ok(form)
    }

    /// The next field, which has this name.
    ///
    /// # Errors
    /// It has another, is longer than `most` bytes, or is no text.
    pub async fn word(&mut self, name: &str, most: usize) -> Result<String, Problem> {
        let field = self.0.next_field().await.map_err(broken)?;
        let field = field.filter(|field| field.name() == Some(name));
        let field = field.ok_or_else(|| Problem::invalid(format!("The form has no {name}.")))?;
        let bytes = short(field, most).await?;
        String::from_utf8(bytes).map_err(|_| Problem::invalid(format!("The {name} is no text.")))
    }

    /// The file, which is the next field.
    ///
    /// # Errors
    /// None was chosen.
    pub async fn file(&mut self) -> Result<Field<'_>, Problem> {
        let field = self.0.next_field().await.map_err(broken)?;
        let field = field.filter(|field| field.name() == Some("file")).ok_or_else(no_file)?;
        if field.file_name().unwrap_or_default().is_empty() {
            return Err(Problem::invalid("Choose a file first."));
        }
        Ok(field)
    }
}

fn no_file() -> Problem {
    Problem::invalid("The form brings no file.")
}

fn broken(_: MultipartError) -> Problem {
    Problem::invalid("The form cannot be read.")
}

/// All of a short field, in however many pieces it comes.
async fn short(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Problem> {
    let mut all = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        all.extend_from_slice(&piece);
        if all.len() > most {
            return Err(Problem::invalid(format!(
                "A field of the form has more than {most} bytes."
            )));
        }
    }
    Ok(all)
}
