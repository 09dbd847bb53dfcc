//! What is wrong with a form that comes back, and the way from a form to an order.

pub use crate::web::api::{aside, order as give};
use crate::web::problem::Problem;

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
