//! Offers: what a person could do, whether they can do it now, and if not, why.

use serde::Serialize;

/// An action on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Text of the button.
    pub label: String,
    /// `None` when it can be pressed; otherwise the sentence why not.
    pub why_not: Option<String>,
}

impl Offer {
    /// Can be pressed.
    #[must_use]
    pub fn open(label: &str) -> Self {
        Self { label: label.to_owned(), why_not: None }
    }

    /// Cannot be pressed.
    #[must_use]
    pub fn shut(label: &str, why: &str) -> Self {
        Self { label: label.to_owned(), why_not: Some(why.to_owned()) }
    }

    /// Whether it can be pressed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.why_not.is_none()
    }
}

/// An action that names what will happen and asks once. The answer that does it is never the
/// default and never on Enter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grave {
    /// The action; its label ends in an ellipsis.
    pub offer: Offer,
    /// What is asked before it is done.
    pub question: Question,
}

/// What is asked before something grave is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    /// "Delete grace?".
    pub title: String,
    /// What will happen.
    pub text: String,
    /// Text of the button that does it: "Delete grace".
    pub confirm: String,
}
