//! The form of a component, and what can be done with one that is there. Knows nothing of what may be
//! typed: the view says what is wrong with every field, as it stands there.

use std::collections::BTreeMap;

use egui::{RichText, Ui};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::{line, note, paragraph};
use crate::view::components::{ComponentForm, Draft, FieldView, Input};
use crate::view::shown::Tone;

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Save what stands in the fields.
    Save,
    /// Leave the form.
    Cancel,
}

/// Draws the form; what is typed goes into the draft.
pub fn draw(
    ui: &mut Ui,
    theme: &Theme,
    view: &ComponentForm,
    draft: &mut Draft,
) -> Option<Pressed> {
    line(ui, &view.kind_title, fonts::text(12.5), theme.muted);
    paragraph(ui, &view.summary, theme.muted);
    for (about, text) in &view.notes {
        paragraph(ui, &format!("{about}: {text}."), theme.muted);
    }
    let mut typed = draft.typed.clone().unwrap_or_else(|| standing(view));
    let before = typed.clone();
    for group in &view.groups {
        ui.add_space(6.0);
        panel(ui, theme, &group.title, |ui| {
            for field in &group.fields {
                let text = typed.entry(field.name.clone()).or_default();
                one(ui, theme, field, text);
            }
        });
    }
    if typed != before {
        if draft.revision.is_empty() {
            draft.revision.clone_from(&view.revision);
        }
        draft.typed = Some(typed);
    }
    for remark in &view.remarks {
        note(ui, theme, remark);
    }
    ui.add_space(8.0);
    let mut pressed = None;
    ui.horizontal(|ui| {
        if form::offer(ui, theme, &view.save, Look::Primary) {
            pressed = Some(Pressed::Save);
        }
        if ui.button("Cancel").clicked() {
            pressed = Some(Pressed::Cancel);
        }
    });
    pressed
}

/// What stands in the fields of a form.
pub fn standing(view: &ComponentForm) -> BTreeMap<String, String> {
    let fields = view.groups.iter().flat_map(|group| &group.fields);
    fields.map(|field| (field.name.clone(), field.text.clone())).collect()
}

fn one(ui: &mut Ui, theme: &Theme, field: &FieldView, text: &mut String) {
    let label = match field.unit.as_str() {
        "" => field.title.clone(),
        unit => format!("{} ({unit})", field.title),
    };
    form::row(ui, theme, &label, |ui| match &field.input {
        Input::Choice(choices) => {
            let shown = choices.iter().find(|(value, _)| value == text);
            let shown = shown.map_or(text.clone(), |(_, title)| title.clone());
            form::choice(ui, &field.title, (&shown, 320.0), text, choices);
        }
        Input::Text | Input::Number { .. } => {
            let hint = field.usual_text();
            form::line_field(ui, theme, &field.title, text, hint).on_hover_text(&field.possible);
        }
    });
    if let Some(wrong) = &field.wrong {
        paragraph(ui, wrong, theme.tone(Tone::Fault));
    }
    let range = match &field.input {
        Input::Number { .. } => format!(" Possible: {}.", field.possible),
        Input::Text | Input::Choice(_) => String::new(),
    };
    let help = match field.usual_text() {
        "" => format!("{}{range}", field.help),
        usual => format!("{}{range} Left empty: {usual}.", field.help),
    };
    ui.label(RichText::new(help).font(fonts::text(11.5)).color(theme.muted));
}
