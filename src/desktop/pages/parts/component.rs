//! The form of a component, and what can be done with one that is there. Knows nothing of what may be
//! typed: the view says what is wrong with every field, as it stands there.

use std::collections::BTreeMap;

use egui::{Align, RichText, Ui};

use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::{line, note, paragraph};
use crate::view::components::{ComponentForm, Draft, FieldView, Input};
use crate::view::compose::components::draft;
use crate::view::shown::{Note, Tone};

/// The button that puts what was typed on the present version of the profile.
const GO_ON: &str = "Go on with what I typed";

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Save what stands in the fields.
    Save,
    /// Leave the form.
    Cancel,
}

/// What came of the last attempt to save it, said where that is done.
pub struct Outcome<'a> {
    /// The sentence, until it is read.
    pub said: &'a mut Option<Note>,
    /// Nobody has seen it yet: it is brought into sight.
    pub fresh: bool,
    /// Whether it is told already that the profile was changed meanwhile.
    pub told: &'a mut bool,
}

/// Draws the form; what is typed goes into the draft.
pub fn draw(
    ui: &mut Ui,
    theme: &Theme,
    (view, draft): (&ComponentForm, &mut Draft),
    outcome: Outcome<'_>,
) -> Option<Pressed> {
    line(ui, &view.kind_title, fonts::text(12.5), theme.muted);
    paragraph(ui, &view.summary, theme.muted);
    for (about, text) in &view.notes {
        paragraph(ui, &format!("{about}: {text}."), theme.muted);
    }
    let mut typed = draft.typed.clone().unwrap_or_else(|| standing(view));
    let before = typed.clone();
    let labels: Vec<String> =
        view.groups.iter().flat_map(|group| &group.fields).map(label).collect();
    let width = form::label_width(ui, labels.iter().map(String::as_str));
    for group in &view.groups {
        ui.add_space(6.0);
        panel(ui, theme, &group.title, |ui| {
            for field in &group.fields {
                let text = typed.entry(field.name.clone()).or_default();
                one(ui, theme, (field, width), text);
            }
        });
    }
    if typed != before {
        draft::begin(draft, view);
        draft.typed = Some(typed);
    }
    for remark in &view.remarks {
        note(ui, theme, remark);
    }
    ui.add_space(8.0);
    let late = draft::late(draft, view);
    // What is new there does not push the buttons out of sight.
    let news = !std::mem::replace(outcome.told, late.is_some()) && late.is_some();
    let end = ui.scope(|ui| end(ui, theme, (view, draft), (late.as_ref(), outcome.said)));
    if outcome.fresh || (news && ui.is_rect_visible(end.response.rect)) {
        end.response.scroll_to_me(Some(Align::Max));
    }
    end.inner
}

/// What stands at the end of the form: what came of saving it, and the buttons.
fn end(
    ui: &mut Ui,
    theme: &Theme,
    (view, draft): (&ComponentForm, &mut Draft),
    (late, said): (Option<&Note>, &mut Option<Note>),
) -> Option<Pressed> {
    if said.as_ref().is_some_and(|said| note(ui, theme, said)) {
        *said = None;
    }
    if let Some(late) = late {
        note(ui, theme, late);
    }
    let mut pressed = None;
    ui.horizontal(|ui| {
        if late.is_some() && ui.add(pages::primary(theme, GO_ON)).clicked() {
            draft::go_on(draft, view);
            *said = None;
        }
        let look = if late.is_some() { Look::Plain } else { Look::Primary };
        if form::offer(ui, theme, &draft::save(draft, view), look) {
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

/// What stands before a field.
fn label(field: &FieldView) -> String {
    match field.unit.as_str() {
        "" => field.title.clone(),
        unit => format!("{} ({unit})", field.title),
    }
}

fn one(ui: &mut Ui, theme: &Theme, (field, width): (&FieldView, f32), text: &mut String) {
    form::row_of(ui, theme, (&label(field), width), |ui| match &field.input {
        Input::Choice(choices) => {
            let shown = choices.iter().find(|(value, _)| value == text);
            let shown = shown.map_or(text.clone(), |(_, title)| title.clone());
            let room = ui.available_width().min(320.0);
            form::choice(ui, &field.title, (&shown, room), text, choices);
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
