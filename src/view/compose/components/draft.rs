//! A form that is being filled in while the profile is changed by somebody else: what was typed is
//! kept, and goes on upon what the profile says now.

use std::collections::BTreeMap;

use crate::view::components::{ComponentForm, Draft, FieldView};
use crate::view::offer::Offer;
use crate::view::shown::{Note, Tone};

/// Lets a form be of the present version of the profile, if it is of none yet.
pub fn begin(draft: &mut Draft, view: &ComponentForm) {
    if draft.revision.is_empty() {
        draft.revision.clone_from(&view.revision);
        draft.began = stands(view);
    }
}

/// What is said beside the button where the profile was changed since the form was begun.
#[must_use]
pub fn late(draft: &Draft, view: &ComponentForm) -> Option<Note> {
    if !is_late(draft, view) {
        return None;
    }
    let mut text =
        "The profile was changed since you began to type. What you typed is kept: go on \
                    with it, and it is put on the profile as it is now."
            .to_owned();
    for field in fields(view).filter(|field| clashes(draft, field)) {
        let now = match (field.stands.as_str(), field.unit.as_str()) {
            ("", _) => "empty".to_owned(),
            (stands, "") => stands.to_owned(),
            (stands, unit) => format!("{stands} {unit}"),
        };
        text.push_str(&format!(" {} is {now} there now, and becomes what you typed.", field.title));
    }
    Some(Note { tone: Tone::Warning, text, closable: false })
}

/// Saving it: not before whoever types has seen that the profile was changed.
#[must_use]
pub fn save(draft: &Draft, view: &ComponentForm) -> Offer {
    if view.save.is_open() && is_late(draft, view) {
        let why =
            "The profile was changed since you began to type: go on with what you typed first.";
        return Offer::shut(&view.save.label, why);
    }
    view.save.clone()
}

/// Puts what was typed on the present version of the profile. Fields that nobody has touched say what
/// they say there.
pub fn go_on(draft: &mut Draft, view: &ComponentForm) {
    if let Some(typed) = &mut draft.typed {
        let began = &draft.began;
        for field in fields(view) {
            if text(typed, field) == text(began, field) {
                typed.insert(field.name.clone(), field.stands.clone());
            }
        }
    }
    draft.revision.clone_from(&view.revision);
    draft.began = stands(view);
}

fn is_late(draft: &Draft, view: &ComponentForm) -> bool {
    draft.typed.is_some() && !draft.revision.is_empty() && draft.revision != view.revision
}

/// Whether a field was changed there and here, and not to the same.
fn clashes(draft: &Draft, field: &FieldView) -> bool {
    let began = text(&draft.began, field);
    let typed = draft.typed.as_ref().map_or(began, |typed| text(typed, field));
    field.stands != began && typed != began && typed != field.stands
}

fn fields(view: &ComponentForm) -> impl Iterator<Item = &FieldView> {
    view.groups.iter().flat_map(|group| &group.fields)
}

fn stands(view: &ComponentForm) -> BTreeMap<String, String> {
    fields(view).map(|field| (field.name.clone(), field.stands.clone())).collect()
}

fn text<'t>(texts: &'t BTreeMap<String, String>, field: &FieldView) -> &'t str {
    texts.get(&field.name).map_or("", String::as_str)
}
