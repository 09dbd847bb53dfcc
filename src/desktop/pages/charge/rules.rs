//! The table of rules that charging decides by, and the line in which one of them is changed. Knows
//! nothing of what is allowed: the view says so before, the answer to a change after.

use egui::{RichText, TextEdit, Ui};

use crate::desktop::ask::{Ask, Brought};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::list::{self, Head, Table};
use crate::desktop::widgets::text::{line, note};
use crate::view::charge::{RuleView, RulesView};
use crate::view::shown::{Note, Tone};

/// What is kept of the table between frames.
#[derive(Default)]
pub(super) struct Rules {
    /// The rule that is being changed.
    editing: Option<Editing>,
    /// What came of the last change, until it is read.
    said: Option<Note>,
}

/// A rule that is being changed.
struct Editing {
    name: String,
    text: String,
    /// The version of the table that it was read from.
    version: i64,
    /// It was just opened, and is to be typed into.
    fresh: bool,
}

/// Name of the field, also for tests.
pub const VALUE: &str = "Value of the rule";

impl Rules {
    /// Takes what came of a change.
    pub(super) fn take(&mut self, outcome: Result<Brought, String>) {
        let (tone, text) = match outcome {
            Ok(Brought::Done(words)) => {
                self.editing = None;
                (Tone::Ok, words)
            }
            Ok(
                Brought::Added { .. }
                | Brought::Once(_)
                | Brought::Lines { .. }
                | Brought::Charges(_)
                | Brought::Found(_)
                | Brought::Own(..)
                | Brought::System(_)
                | Brought::Profiles(_)
                | Brought::Pack(_),
            ) => return,
            // What was typed stays, to be mended.
            Err(sentence) => (Tone::Fault, sentence),
        };
        self.said = Some(Note { tone, text, closable: true });
    }

    pub(super) fn draw(&mut self, ui: &mut Ui, theme: &Theme, view: &RulesView) -> Option<Command> {
        if self.said.as_ref().is_some_and(|said| note(ui, theme, said)) {
            self.said = None;
        }
        let asked = self.editor(ui, theme, view);
        if self.editing.is_none() {
            let why = view.change.why_not.as_deref().unwrap_or_default();
            let words = format!("For every pack. {} {why}", view.kept);
            line(ui, words.trim_end(), fonts::text(12.0), theme.muted);
        }
        let heads = [
            Head::plain("Rule", None),
            Head::plain("Value", Some(104.0)),
            Head::plain("Usual", Some(88.0)),
            Head::plain("Hard bounds", Some(150.0)),
            Head::plain("Set by", Some(80.0)),
            Head::plain("Figure from", Some(196.0)),
            Head::plain("", Some(84.0)),
        ];
        let rows = view.rows.len();
        let table = Table { id: "charge rules", heads: &heads, rows, height: 28.0, least: 880.0 };
        list::table(ui, theme, &table, |at, row| {
            let Some(rule) = view.rows.get(at) else { return };
            let value = format!("{} {}", rule.value, rule.unit);
            let colour = if rule.is_set { theme.accent } else { theme.muted };
            list::cell(row, &rule.title, fonts::text(13.0), theme.text, &rule.about);
            list::cell(row, &value, fonts::mono(12.5), theme.text, "");
            list::cell(row, &rule.usual, fonts::mono(12.0), theme.muted, "");
            list::cell(row, &rule.bounds, fonts::mono(12.0), theme.muted, "");
            list::cell(row, &rule.origin, fonts::text(12.5), colour, "");
            list::cell(row, &rule.source, fonts::text(12.5), theme.muted, "");
            row.col(|ui| {
                ui.spacing_mut().button_padding = egui::Vec2::new(8.0, 2.0);
                ui.spacing_mut().interact_size.y = 20.0;
                let spoken = format!("Change {}", rule.title);
                let mut offer = view.change.clone();
                offer.label.push('\u{2026}');
                if form::named_offer(ui, theme, &offer, Look::Plain, &spoken) {
                    self.begin(rule, view.version);
                }
            });
            list::finish(row, theme, &format!("{}: {value}", rule.title));
        });
        asked
    }

    fn begin(&mut self, rule: &RuleView, version: i64) {
        let (name, text) = (rule.name.clone(), rule.value.clone());
        self.editing = Some(Editing { name, text, version, fresh: true });
        self.said = None;
    }

    /// The line in which a rule is changed.
    fn editor(&mut self, ui: &mut Ui, theme: &Theme, view: &RulesView) -> Option<Command> {
        let editing = self.editing.as_mut()?;
        let rule = view.rows.iter().find(|rule| rule.name == editing.name)?;
        let (mut value, mut closed) = (None, false);
        ui.horizontal(|ui| {
            ui.label(RichText::new(&rule.title).font(fonts::strong(13.0)).color(theme.text));
            let entry = TextEdit::singleline(&mut editing.text)
                .id(egui::Id::unique("charge rule"))
                .font(fonts::mono(13.0))
                .char_limit(24)
                .desired_width(70.0)
                .margin(egui::Margin::symmetric(9, 5));
            let field = ui.add(entry).accessible_name(VALUE);
            if std::mem::take(&mut editing.fresh) {
                field.request_focus();
            }
            ui.label(RichText::new(&rule.unit).color(theme.text));
            let entered = form::entered(ui, &field) && view.change.is_open();
            let mut save = view.change.clone();
            save.label = "Save".into();
            if form::offer(ui, theme, &save, Look::Primary) || entered {
                value = Some(editing.text.clone());
            }
            if rule.is_set && form::offer(ui, theme, &view.reset, Look::Plain) {
                value = Some(String::new());
            }
            closed = ui.button("Cancel").clicked();
            let about = format!("{} {}; usual {}.", rule.about, rule.bounds, rule.usual);
            line(ui, &about, fonts::text(12.0), theme.muted);
        });
        let asked = value.map(|text| {
            let (name, version) = (editing.name.clone(), editing.version);
            Command::Submit(Intent::Admin(Ask::SetRule { name, text, version }))
        });
        if closed {
            (self.editing, self.said) = (None, None);
        }
        asked
    }
}
