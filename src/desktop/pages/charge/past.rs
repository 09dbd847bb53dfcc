//! The list of past charges, and saving their reports.

use std::path::PathBuf;

use egui::{TextEdit, Ui};

use crate::desktop::ask::{Ask, Brought, Existing, ReportForm, SaveTo};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::list::{self, Head, Table};
use crate::desktop::widgets::text::{note, paragraph};
use crate::view::report::ReportsView;
use crate::view::shown::{Note, Tone};

/// What is kept of the list between frames.
#[derive(Default)]
pub(super) struct Past {
    view: Option<ReportsView>,
    /// The list was asked for since it came into sight.
    asked: bool,
    /// What came of saving, until it is read.
    said: Option<Note>,
    /// The system has no file dialog: which report is to be saved, and the path as typed.
    typed: Option<(u64, ReportForm, String)>,
}

impl Past {
    /// It is out of sight: the next look reads it anew.
    pub(super) const fn leave(&mut self) {
        self.asked = false;
    }

    pub(super) fn take(&mut self, outcome: Result<Brought, String>) {
        let (tone, text) = match outcome {
            Ok(Brought::Charges(view)) => {
                self.view = Some(view);
                return;
            }
            Ok(Brought::Done(words)) => (Tone::Ok, words),
            Ok(
                Brought::Added { .. }
                | Brought::Once(_)
                | Brought::Lines { .. }
                | Brought::Found(_)
                | Brought::Own(..)
                | Brought::System(_)
                | Brought::Profiles(_)
                | Brought::Pack(_),
            ) => return,
            Err(sentence) => (Tone::Fault, sentence),
        };
        self.said = Some(Note { tone, text, closable: true });
    }

    pub(super) fn chosen(
        &mut self,
        (id, form): (u64, ReportForm),
        chosen: Result<PathBuf, String>,
    ) -> Option<Ask> {
        match chosen {
            Ok(path) => {
                let to = SaveTo { path, existing: Existing::Replace };
                Some(Ask::SaveReport { id, form, to })
            }
            Err(text) => {
                self.said = Some(Note { tone: Tone::Warning, text, closable: true });
                self.typed = Some((id, form, String::new()));
                None
            }
        }
    }

    pub(super) fn draw(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Command> {
        let mut asked = None;
        if !std::mem::replace(&mut self.asked, true) {
            asked = Some(Command::Submit(Intent::Admin(Ask::ReadCharges)));
        }
        if self.said.as_ref().is_some_and(|said| note(ui, theme, said)) {
            self.said = None;
        }
        asked = asked.or(self.path(ui));
        let Some(view) = &self.view else {
            paragraph(ui, "The list is being read\u{2026}", theme.muted);
            return asked;
        };
        if view.rows.is_empty() {
            paragraph(ui, &view.empty, theme.muted);
            return asked;
        }
        let heads = [
            Head::plain("Started", Some(130.0)),
            Head::plain("Pack", Some(120.0)),
            Head::plain("Took", Some(92.0)),
            Head::plain("Charge", Some(76.0)),
            Head::plain("Energy", Some(76.0)),
            Head::plain("End", None),
            Head::plain("Save the report", Some(196.0)),
        ];
        let rows = view.rows.len();
        let table = Table { id: "past charges", heads: &heads, rows, height: 32.0, least: 860.0 };
        list::table(ui, theme, &table, |at, row| {
            let Some(one) = view.rows.get(at) else { return };
            let mono = || fonts::mono(12.5);
            list::cell(row, &one.started, mono(), theme.text, "");
            let who = format!("With {}, started by {}", one.charger, one.by);
            list::cell(row, &one.pack, fonts::text(13.0), theme.text, &who);
            list::cell(row, &one.took, mono(), theme.text, "");
            list::cell(row, &one.ah, mono(), theme.text, "");
            list::cell(row, &one.kwh, mono(), theme.text, "");
            let colour = theme.tone(one.outcome.1);
            let end = if one.words.is_empty() { &one.outcome.0 } else { &one.words };
            list::cell(row, end, fonts::text(13.0), colour, &one.words);
            row.col(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                ui.spacing_mut().button_padding = egui::Vec2::new(8.0, 3.0);
                ui.spacing_mut().interact_size.y = 22.0;
                for (form, words) in ReportForm::ALL {
                    let name = format!("Save the report of {} as {words}", one.started);
                    let text = egui::RichText::new(words).font(fonts::text(12.0));
                    if ui.button(text).accessible_name(name).clicked() {
                        asked = Some(Command::BrowseReport(one.id, form));
                    }
                }
            });
            list::finish(row, theme, &format!("{} {}: {}", one.started, one.pack, one.words));
        });
        asked
    }

    /// The path, where the system cannot ask for it.
    fn path(&mut self, ui: &mut Ui) -> Option<Command> {
        let (id, form, path) = self.typed.as_mut()?;
        let save = ui
            .horizontal(|ui| {
                let hint = format!("/home/ada/charge{}", form.ending());
                let field = TextEdit::singleline(path)
                    .hint_text(hint)
                    .font(fonts::mono(12.5))
                    .desired_width(340.0)
                    .margin(egui::Margin::symmetric(10, 6));
                ui.add(field).accessible_name("Path of the report");
                ui.add_enabled(!path.trim().is_empty(), egui::Button::new("Save")).clicked()
            })
            .inner;
        if !save {
            return None;
        }
        let to = SaveTo { path: PathBuf::from(path.trim()), existing: Existing::Keep };
        let ask = Ask::SaveReport { id: *id, form: *form, to };
        self.typed = None;
        Some(Command::Submit(Intent::Admin(ask)))
    }
}
