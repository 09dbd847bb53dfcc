//! The Services page: a list, a field to add one, a field to rename one.

use egui::{Align, Layout, RichText, Ui};

use crate::desktop::ask::{Ask, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::list::{self, Head, Table};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::line;
use crate::engine::ServiceId;
use crate::view::offer::Offer;
use crate::view::services::{ServiceRow, ServicesView};

/// Name of the field for a new service, also for tests.
pub const NEW: &str = "New service";

/// What the page keeps between frames.
#[derive(Default)]
pub(super) struct ServicesPage {
    new: String,
    renaming: Option<(ServiceId, String)>,
}

impl ServicesPage {
    pub(super) fn settled(&mut self) {
        self.new.clear();
        self.renaming = None;
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &ServicesView,
        shared: &mut Shared,
    ) -> Option<Command> {
        let mut asked = self.header(ui, theme, view, shared);
        shared.answers(ui, theme, Place::Services);
        ui.add_space(GAP - 6.0);
        let body = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(body);
        panel_in(ui, theme, body, |ui| {
            if view.rows.is_empty() {
                return pages::empty(ui, theme, icons::USERS, &view.empty);
            }
            let heads = [
                Head::plain("Name", None),
                Head::plain("Users", Some(110.0)),
                Head::plain("", Some(230.0)),
            ];
            let rows = view.rows.len();
            let table = Table { id: "services", heads: &heads, rows, height: 40.0, least: 520.0 };
            list::table(ui, theme, &table, |at, line| {
                if let Some(row) = view.rows.get(at) {
                    self.name(line, theme, row);
                    list::cell(line, &row.members, fonts::text(13.0), theme.muted, "");
                    line.col(|ui| {
                        if let Some(command) = self.buttons(ui, theme, row, shared) {
                            asked = Some(command);
                        }
                    });
                    list::finish(line, theme, &format!("{}, {}", row.name, row.members));
                }
            });
        });
        asked
    }

    fn header(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &ServicesView,
        shared: &mut Shared,
    ) -> Option<Command> {
        let mut asked = None;
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, "Services");
            line(ui, &view.summary, fonts::text(12.0), theme.muted);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let offer = match self.new.trim().is_empty() {
                    true if view.add.is_open() => {
                        Offer::shut(&view.add.label, "Type a name first.")
                    }
                    true | false => view.add.clone(),
                };
                let pressed = form::offer(ui, theme, &offer, Look::Primary);
                let field = form::line_field(ui, theme, NEW, &mut self.new, "Name of a team");
                if pressed || form::entered(ui, &field) && offer.is_open() {
                    asked = shared.ask(Ask::AddService(self.new.trim().to_owned()));
                }
            });
        });
        asked
    }

    fn name(&mut self, line: &mut egui_extras::TableRow<'_, '_>, theme: &Theme, row: &ServiceRow) {
        match &mut self.renaming {
            Some((id, text)) if *id == row.id => {
                line.col(|ui| {
                    form::line_field(ui, theme, "New name of the service", text, "");
                });
            }
            Some(_) | None => list::cell(line, &row.name, fonts::strong(13.0), theme.text, ""),
        }
    }

    fn buttons(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        row: &ServiceRow,
        shared: &mut Shared,
    ) -> Option<Command> {
        let (id, version) = (row.id, row.version);
        if let Some((_, text)) = self.renaming.as_ref().filter(|(renamed, _)| *renamed == id) {
            let name = text.trim().to_owned();
            let offer = if name.is_empty() {
                Offer::shut("Save", "Type a name first.")
            } else {
                Offer::open("Save")
            };
            let pressed = form::named_offer(ui, theme, &offer, Look::Primary, "Save the name");
            if ui.button(RichText::new("Cancel")).clicked() {
                self.renaming = None;
            }
            if pressed {
                return shared.ask(Ask::RenameService { id, version, name });
            }
            return None;
        }
        let name = format!("Rename {}", row.name);
        if form::named_offer(ui, theme, &row.rename, Look::Plain, &name) {
            self.renaming = Some((id, row.name.clone()));
        }
        let name = format!("Remove the service {}", row.name);
        if form::named_offer(ui, theme, &row.remove.offer, Look::Grave, &name) {
            shared.confirm(&row.remove, Ask::RemoveService { id, version });
        }
        None
    }
}
