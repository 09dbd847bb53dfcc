//! Adding and changing components: the kinds there are, the form of one, and what a deletion takes
//! with it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::view::custom::OwnDevicesView;
use crate::view::discovery::{DiscoverIn, DiscoveryView};
use crate::view::offer::{Grave, Offer};
use crate::view::parts::PartsView;
use crate::view::shown::Note;

/// The list of kinds to choose from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindsView {
    /// What was searched for.
    pub search: String,
    /// Those that fit, by category.
    pub groups: Vec<KindGroup>,
    /// What to say where none fits.
    pub empty: String,
    /// Adding one: not open where nothing runs or the person may not.
    pub add: Offer,
}

/// The kinds of one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindGroup {
    /// "Chargers and supplies".
    pub title: String,
    /// The kinds.
    pub kinds: Vec<KindView>,
}

/// A kind of component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindView {
    /// Its name in profiles and addresses.
    pub id: String,
    /// "Prohelion D1000 Gen 1".
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// One sentence on it.
    pub summary: String,
    /// How many of it the profile has: "2 in this profile"; empty for none.
    pub there: String,
}

/// The form of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ComponentForm {
    /// "Add Prohelion D1000 Gen 1", "Edit Pack".
    pub title: String,
    /// The id of its kind.
    pub kind: String,
    /// The kind and its maker.
    pub kind_title: String,
    /// One sentence on the kind.
    pub summary: String,
    /// What whoever connects one should know: about what, and what.
    pub notes: Vec<(String, String)>,
    /// The name that it has in the profile; empty for a new one.
    pub old: String,
    /// The version of the profile that the form was made on.
    pub revision: String,
    /// The fields under their headings.
    pub groups: Vec<FieldGroup>,
    /// What is odd though it can be, and what is wrong with no field in particular.
    pub remarks: Vec<Note>,
    /// Saving it.
    pub save: Offer,
    /// How many fields are wrong.
    pub wrong: usize,
}

/// Fields under one heading.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldGroup {
    /// The heading.
    pub title: String,
    /// The fields.
    pub fields: Vec<FieldView>,
}

/// A field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldView {
    /// Its name in the profile, in forms and in the API.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// Its unit; empty without one.
    pub unit: String,
    /// What stands in it.
    pub text: String,
    /// What stands in it at first: what the profile says, whatever was typed.
    pub stands: String,
    /// What holds where it is empty: "default: 0x600"; empty where something must stand in it.
    pub usual: String,
    /// What is possible, in words.
    pub possible: String,
    /// What it does.
    pub help: String,
    /// Its type in a word: `integer`, `number`, `choice`, `switch`, `text`.
    pub word: &'static str,
    /// How it is filled in.
    pub input: Input,
    /// What is wrong with what stands in it.
    pub wrong: Option<String>,
}

/// How a field is filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// A line of text.
    #[default]
    Text,
    /// A number, from and to as text.
    Number {
        /// From.
        least: String,
        /// To.
        most: String,
    },
    /// One of these: value and title. The empty value stands for what is usual.
    Choice(Vec<(String, String)>),
}

/// What stands before what holds where a field is empty.
pub const USUAL: &str = "default: ";

impl Input {
    /// The words of a choice, without the one that stands for what is usual.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Text | Self::Number { .. } => Vec::new(),
            Self::Choice(choices) => {
                let words = choices.iter().map(|(value, _)| value.clone());
                words.filter(|value| !value.is_empty()).collect()
            }
        }
    }
}

impl FieldView {
    /// Whether something must stand in it.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.usual.is_empty()
    }

    /// What holds where it is empty, without the word for it.
    #[must_use]
    pub fn usual_text(&self) -> &str {
        self.usual.strip_prefix(USUAL).unwrap_or(&self.usual)
    }
}

/// Whether a component is to be listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// It is.
    Enable,
    /// It stays in the profile and is not.
    #[default]
    Disable,
}

impl Switch {
    /// Its word in addresses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }
}

/// What can be done with a component on the Parts page, and what it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ComponentOffers {
    /// Its name.
    pub name: String,
    /// Changing it; its label ends in an ellipsis.
    pub edit: Offer,
    /// Listening to it no more, or again.
    pub switch: Offer,
    /// What [`switch`](Self::switch) does.
    pub switches: Switch,
    /// Taking it out of the profile.
    pub delete: Grave,
}

/// What depends on a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dependents {
    /// What would no longer be there or no longer work, a sentence each.
    pub lines: Vec<String>,
    /// Why it cannot be done now.
    pub why_not: Option<String>,
}

/// What of the Parts page is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartsPrefs {
    /// The parts there are.
    #[default]
    List,
    /// The kinds that can be added, searched by this.
    Kinds(String),
    /// What talks there.
    Discover(DiscoverIn),
    /// Components of one's own.
    Own,
    /// A form.
    Form(Draft),
}

/// A form as it is being filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Of which component or kind.
    pub of: DraftOf,
    /// What stands in the fields; none: nobody has touched it.
    pub typed: Option<BTreeMap<String, String>>,
    /// The version of the profile that it was begun on; empty: the present one.
    pub revision: String,
    /// What stood in the fields of that version.
    pub began: BTreeMap<String, String>,
}

/// What a form is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftOf {
    /// A new component of this kind.
    New(String),
    /// The component of this name.
    Known(String),
}

impl Default for DraftOf {
    fn default() -> Self {
        Self::New(String::new())
    }
}

/// The Parts page with whatever is looked at there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartsSeen {
    /// The parts.
    pub view: PartsView,
    /// The kinds, where they are looked at.
    pub kinds: KindsView,
    /// What talks on a bus, where that is looked at.
    pub discovery: DiscoveryView,
    /// Components of one's own, where they are looked at.
    pub own: OwnDevicesView,
    /// The form, or why there is none.
    pub form: Option<Result<ComponentForm, String>>,
}
