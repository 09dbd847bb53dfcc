//! What is wrong with a form that comes back, and the way from a form to an order.

pub use crate::web::api::{aside, order as give};
use crate::web::problem::{CHANGED_MEANWHILE, Problem};

/// What to do where somebody else has changed what a form is about, in words for people; everything else
/// stays as it is. A form whose fields show what stands there now says `now`.
#[must_use]
pub fn theirs(problem: Problem, now: Meanwhile) -> Problem {
    if problem.code() != CHANGED_MEANWHILE {
        return problem;
    }
    problem.advising(match now {
        Meanwhile::Shown => "What stands here now is theirs. Make your change again.",
        Meanwhile::Hidden => {
            "What you typed is still below, and not saved: open the page again and change there what it says now."
        }
    })
}

/// What the fields of a form show after somebody else has changed what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// What stands there now.
    Shown,
    /// What was typed over the old.
    Hidden,
}

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
                Self { field: String::new(), sentence: sentence.trim_end().to_owned() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::OrderError;

    #[test]
    fn whoever_types_over_what_somebody_else_changed_is_told_in_words_for_people() {
        let stale = || Problem::from(OrderError::Stale { what: "a setting".into() });
        for now in [Meanwhile::Shown, Meanwhile::Hidden] {
            let said = theirs(stale(), now);
            assert!(!said.advice().contains("ETag"), "{}", said.advice());
            assert_eq!(said.status(), stale().status());
        }
        let other = theirs(Problem::invalid("No."), Meanwhile::Shown);
        assert_eq!(other.advice(), Problem::invalid("No.").advice());
    }

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
