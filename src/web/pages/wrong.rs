//! What is wrong with a form that comes back, and the way from a form to an order.

use std::sync::Arc;

use axum::response::Response;

use crate::engine::{Order, Session};
use crate::web::problem::Problem;
use crate::web::shared::Shared;

/// What is wrong with a form, if anything is.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    field: String,
    sentence: String,
}

impl Wrong {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// This sentence about this field.
    #[must_use]
    pub fn about(field: &str, sentence: &str) -> Self {
        Self { field: field.to_owned(), sentence: sentence.to_owned() }
    }

    /// What is wrong with `field`; empty where nothing is.
    #[must_use]
    pub fn at(&self, field: &str) -> &str {
        if self.field == field { &self.sentence } else { "" }
    }

    /// What is wrong with no single field; empty where nothing is.
    #[must_use]
    pub fn general(&self) -> &str {
        if self.field.is_empty() { &self.sentence } else { "" }
    }

    /// The same as something about no single field, where the form has no field of this name.
    #[must_use]
    pub fn known(self, fields: &[&str]) -> Self {
        if fields.contains(&self.field.as_str()) {
            return self;
        }
        Self { field: String::new(), ..self }
    }
}

impl From<&Problem> for Wrong {
    fn from(problem: &Problem) -> Self {
        match problem.field() {
            Some(field) => Self::about(field, problem.detail()),
            None => {
                let sentence = format!("{} {}", problem.detail(), problem.advice());
                Self { field: String::new(), sentence }
            }
        }
    }
}

/// Work that blocks, with a problem instead of an answer where the listener is stopping.
///
/// # Errors
/// As the work says.
pub async fn aside<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Shared) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done: Result<Result<T, Problem>, Response> = shared.aside(work).await;
    done.unwrap_or_else(|_stopping| Err(Problem::stopping()))
}

/// Gives an order and waits for what comes of it.
///
/// # Errors
/// It was refused or not carried out.
pub async fn give<O: Order>(
    shared: &Shared,
    session: &Arc<Session>,
    order: O,
) -> Result<O::Done, Problem> {
    let session = Arc::clone(session);
    aside(shared, move |shared| {
        let ticket = shared.door().submit(&session, order).map_err(Problem::from)?;
        ticket.wait().map_err(Problem::from)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_at_its_field_or_above_the_form() {
        let at_name = Wrong::from(&Problem::invalid("The name is empty.").about("name"));
        assert_eq!((at_name.at("name"), at_name.at("email")), ("The name is empty.", ""));
        assert_eq!(at_name.general(), "");
        let unknown = at_name.known(&["email"]);
        assert_eq!(unknown.general(), "The name is empty.");
        let general = Wrong::from(&Problem::invalid("No."));
        assert!(general.general().starts_with("No. "));
        assert!(Wrong::nothing().general().is_empty());
    }
}
