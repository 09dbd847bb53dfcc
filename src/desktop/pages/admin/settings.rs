//! The Settings page: one form a section, each saved as one.

use std::collections::BTreeMap;

use egui::{RichText, ScrollArea, TextEdit, Ui};
use zeroize::Zeroize;

use crate::desktop::ask::{Ask, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::{note, paragraph};
use crate::engine::Secret;
use crate::view::offer::Offer;
use crate::view::settings::{Field, Input, Section, SectionView, SettingsView};

/// What was typed into a section.
#[derive(Default)]
struct Draft {
    version: i64,
    typed: BTreeMap<&'static str, String>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One of them may be a password.
        self.typed.values_mut().for_each(Zeroize::zeroize);
    }
}

/// What the page keeps between frames.
#[derive(Default)]
pub(super) struct SettingsPage {
    drafts: BTreeMap<&'static str, Draft>,
}

impl SettingsPage {
    pub(super) fn settled(&mut self, section: Section) {
        self.drafts.remove(section.code());
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &SettingsView,
        (find, shared): (&mut String, &mut Shared),
    ) -> Option<Command> {
        let mut asked = None;
        ScrollArea::vertical().id_salt("settings").auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(900.0));
            pages::title(ui, theme, "Settings");
            form::line_field(ui, theme, "Find a setting", find, "Find a setting");
            if !view.found.is_empty() {
                paragraph(ui, &view.found, theme.muted);
            }
            for section in &view.sections {
                ui.add_space(GAP - 6.0);
                let drawn =
                    panel(ui, theme, section.title, |ui| self.section(ui, theme, section, shared));
                asked = asked.take().or(drawn);
            }
        });
        asked
    }

    fn section(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        section: &SectionView,
        shared: &mut Shared,
    ) -> Option<Command> {
        paragraph(ui, &section.about, theme.muted);
        section.notes.iter().for_each(|said| {
            note(ui, theme, said);
        });
        shared.answers(ui, theme, Place::Settings(section.section));
        ui.add_space(4.0);
        let version = section.version;
        let shown: BTreeMap<&'static str, String> =
            section.fields.iter().map(|field| (field.name, field.value.clone())).collect();
        let fresh = || Draft { version, typed: shown.clone() };
        let draft = self.drafts.entry(section.section.code()).or_insert_with(fresh);
        let mut reset = None;
        let may = section.save.is_open();
        for field in &section.fields {
            // What is looked for may bring fields into sight that were not there before.
            let text = draft.typed.entry(field.name).or_insert_with(|| field.value.clone());
            let set_back = entry(ui, theme, field, text);
            if may && set_back {
                reset = Some(field.name);
            }
        }
        let is_shown = |(name, text): (&&'static str, &String)| {
            shown.get(*name).is_none_or(|shown| shown == text)
        };
        let touched = !draft.typed.iter().all(is_shown);
        if !touched {
            draft.version = version;
        }
        let mut asked = None;
        let mut undone = false;
        ui.horizontal_wrapped(|ui| {
            let offer = match touched {
                false if section.save.is_open() => Offer::shut("Save", "Nothing was changed."),
                true | false => section.save.clone(),
            };
            let name = format!("Save {}", section.title.to_lowercase());
            if form::named_offer(ui, theme, &offer, Look::Primary, &name) {
                let (section, version) = (section.section, draft.version);
                let hidden = |text: &String| Secret::new(text.clone());
                let typed = draft.typed.iter().map(|(name, text)| (*name, hidden(text))).collect();
                asked = shared.ask(Ask::SaveSettings { section, version, typed });
            }
            if let Some(name) = reset {
                let section = section.section;
                asked = shared.ask(Ask::ResetSetting { section, version, name });
            }
            undone = touched && ui.button("Undo").clicked();
            if touched && draft.version != version {
                let words = "Settings were changed by somebody else meanwhile; Undo shows them.";
                ui.label(RichText::new(words).color(theme.warning));
            }
        });
        if undone {
            self.drafts.remove(section.section.code());
        }
        asked
    }
}

/// Width of the names of settings.
const NAMES: f32 = 210.0;

/// One setting: its field, its unit, what it does, its default and where its value comes from. Says
/// whether it is to be set back.
fn entry(ui: &mut Ui, theme: &Theme, field: &Field, text: &mut String) -> bool {
    let about = format!("{} Default: {}. {}", field.effect, field.default, field.origin);
    let set_back = |ui: &mut Ui| {
        let (label, name) = field.set_back();
        field.can_be_reset()
            && form::named_offer(ui, theme, &Offer::open(label), Look::Plain, &name)
    };
    if field.input == Input::Switch {
        let on = Ticked::from(!text.is_empty());
        if form::tick(ui, theme, on, (field.label, &about), None) {
            *text = if text.is_empty() { "on".to_owned() } else { String::new() };
        }
        return set_back(ui);
    }
    ui.horizontal(|ui| {
        let label = RichText::new(field.label).color(theme.text);
        let size = egui::Vec2::new(NAMES, 30.0);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(NAMES);
            ui.add(egui::Label::new(label).wrap());
        });
        match &field.input {
            Input::Switch => {}
            Input::Number { least, most } => {
                number(ui, theme, field, text);
                let words = format!("{} ({least} to {most})", field.unit);
                ui.label(RichText::new(words.trim()).color(theme.muted));
            }
            Input::Text(hint) => line(ui, theme, field, text, hint),
            Input::Lines(hint) => lines(ui, theme, field, text, hint),
            Input::Choice(options) => {
                let found = options.iter().find(|(code, _)| *code == text.as_str());
                let shown = found.map_or_else(|| text.clone(), |(_, words)| (*words).to_owned());
                form::choice(ui, field.label, (&shown, 330.0), text, options);
            }
            Input::Secret => {
                form::secret_field(ui, theme, field.label, text);
            }
        };
    });
    ui.horizontal_top(|ui| {
        ui.add_space(NAMES + ui.spacing().item_spacing.x);
        let text = RichText::new(&about).font(fonts::text(12.0)).color(theme.muted);
        ui.add(egui::Label::new(text).wrap());
    });
    let asked = set_back(ui);
    ui.add_space(3.0);
    asked
}

fn number(ui: &mut Ui, theme: &Theme, field: &Field, text: &mut String) {
    let entry = TextEdit::singleline(text)
        .id(egui::Id::unique(("field", field.name)))
        .font(fonts::mono(13.0))
        .hint_text(RichText::new("").color(theme.muted))
        .char_limit(10)
        .desired_width(70.0)
        .margin(egui::Margin::symmetric(10, 6));
    ui.add(entry).accessible_name(field.label);
}

/// A line of text. Two limits may have the same label, so that it goes by its name.
fn line(ui: &mut Ui, theme: &Theme, field: &Field, text: &mut String, hint: &str) {
    let entry = TextEdit::singleline(text)
        .id(egui::Id::unique(("field", field.name)))
        .hint_text(RichText::new(hint).color(theme.muted))
        .char_limit(1_000)
        .desired_width(ui.available_width().min(340.0) - 20.0)
        .margin(egui::Margin::symmetric(10, 6));
    ui.add(entry).accessible_name(field.label);
}

fn lines(ui: &mut Ui, theme: &Theme, field: &Field, text: &mut String, hint: &str) {
    let entry = TextEdit::multiline(text)
        .id(egui::Id::unique(("field", field.name)))
        .hint_text(RichText::new(hint).color(theme.muted))
        .char_limit(10_000)
        .desired_rows(2)
        .desired_width(ui.available_width().min(340.0) - 20.0)
        .margin(egui::Margin::symmetric(10, 6));
    ui.add(entry).accessible_name(field.label);
}
