//! The Users page: the list at the left, the editor of the selected account or the form for a new one
//! at the right.

use egui::{Align, FocusDirection, Key, Layout, Modifiers, Pos2, Rect, RichText, TextEdit, Ui};

use crate::desktop::ask::Place;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::pages::admin::add_user::Adding;
use crate::desktop::pages::admin::user_editor::Draft;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::chip;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::list::{self, Head, Sorts, Table};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::{line, note};
use crate::view::offer::Offer;
use crate::view::traffic::SortOrder;
use crate::view::users::{ServiceFilter, UserColumn, UserRow, UsersPrefs, UsersView};

/// Name of the filter field, also for tests.
pub const FILTER: &str = "Filter by name, e-mail or service";

/// Height of a row.
const ROW: f32 = 30.0;

/// What the page keeps between frames.
#[derive(Default)]
pub(super) struct UsersPage {
    adding: Option<Adding>,
    draft: Option<Draft>,
}

impl UsersPage {
    pub(super) fn add(&mut self) {
        self.adding = Some(Adding::new());
    }

    pub(super) fn added(&mut self) {
        self.adding = None;
    }

    pub(super) fn settled(&mut self) {
        self.draft = self.draft.take().and_then(Draft::settle);
    }

    pub(super) fn refused(&mut self, place: Place) {
        if let (Place::User, Some(draft)) = (place, &mut self.draft) {
            draft.refuse();
        }
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &UsersView,
        prefs: &mut UsersPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        self.header(ui, theme, view, prefs);
        self.keys(ui, view, prefs);
        for sentence in &view.notes {
            note(ui, theme, sentence);
        }
        ui.add_space(GAP - 6.0);
        let body = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(body);
        let beside = self.adding.is_some() || view.editor.is_some();
        if !beside {
            self.draft = None;
            panel_in(ui, theme, body, |ui| people(ui, theme, view, prefs));
            return None;
        }
        let width = (body.width() * 0.34).clamp(372.0, 460.0);
        let split = body.right() - width;
        let left = Rect::from_min_max(body.min, Pos2::new(split - GAP, body.bottom()));
        let right = Rect::from_min_max(Pos2::new(split, body.top()), body.max);
        panel_in(ui, theme, left, |ui| people(ui, theme, view, prefs));
        panel_in(ui, theme, right, |ui| self.side(ui, theme, view, prefs, shared))
    }

    fn side(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &UsersView,
        prefs: &mut UsersPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        if let Some(adding) = self.adding.take() {
            let (asked, adding) = adding.draw(ui, theme, view, shared);
            self.adding = adding;
            return asked;
        }
        let editor = view.editor.as_ref()?;
        let draft = self.draft.take().map(|draft| draft.follow(editor));
        let mut draft = draft.unwrap_or_else(|| Draft::of(editor));
        let (asked, open) = draft.draw(ui, theme, (view, editor), shared);
        if open.is_none() {
            prefs.selected = None;
        }
        self.draft = Some(draft);
        asked
    }

    fn header(&mut self, ui: &mut Ui, theme: &Theme, view: &UsersView, prefs: &mut UsersPrefs) {
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, "Users");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let label = format!("+ {}", view.add.offer.label);
                let add = Offer { label, ..view.add.offer.clone() };
                let name = view.add.offer.label.as_str();
                if form::named_offer(ui, theme, &add, Look::Primary, name) {
                    self.add();
                }
                choices(ui, view, prefs);
                filter(ui, theme, prefs);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let words =
                        "Accounts are for the web listener and the API. The desktop needs none.";
                    // Less room than a few letters want is left to the filter.
                    if ui.available_width() > 30.0 {
                        let said = line(ui, &view.summary, fonts::text(12.0), theme.muted);
                        said.on_hover_text(words);
                    }
                });
            });
        });
    }

    /// Arrow keys move the selection and Esc lets go while no field has the focus.
    fn keys(&mut self, ui: &Ui, view: &UsersView, prefs: &mut UsersPrefs) {
        if !ui.is_enabled() || egui::Popup::is_any_open(ui.ctx()) {
            return;
        }
        let pressed = |m, key| ui.input_mut(|i| i.consume_key(m, key));
        if view.add.offer.is_open() && pressed(Modifiers::COMMAND, Key::N) {
            return self.add();
        }
        if ui.memory(|m| m.focused().is_some()) {
            return;
        }
        let at = prefs.selected.and_then(|id| view.rows.iter().position(|row| row.id == id));
        let last = view.rows.len().saturating_sub(1);
        let to = if pressed(Modifiers::NONE, Key::ArrowDown) {
            at.map_or(0, |at| (at + 1).min(last))
        } else if pressed(Modifiers::NONE, Key::ArrowUp) {
            at.map_or(0, |at| at.saturating_sub(1))
        } else {
            // What was typed is not thrown away by the key that leaves a field: Cancel and Undo do.
            let typed = match (&self.adding, &self.draft) {
                (Some(adding), _) => !adding.is_blank(),
                (None, draft) => draft.as_ref().is_some_and(Draft::touched),
            };
            let open = self.adding.is_some() || prefs.selected.is_some();
            if open
                && !typed
                && pressed(Modifiers::NONE, Key::Escape)
                && self.adding.take().is_none()
            {
                prefs.selected = None;
            }
            return;
        };
        ui.memory_mut(|m| m.move_focus(FocusDirection::None));
        if let (None, Some(row)) = (&self.adding, view.rows.get(to)) {
            prefs.selected = Some(row.id);
        }
    }
}

fn choices(ui: &mut Ui, view: &UsersView, prefs: &mut UsersPrefs) {
    let mut services = vec![(ServiceFilter::Any, "all".to_owned())];
    services.extend(view.services.iter().map(|s| (ServiceFilter::Of(s.id), s.name.clone())));
    services.push((ServiceFilter::Nobody, "none".to_owned()));
    let shown = services.iter().find(|(filter, _)| *filter == prefs.service);
    let shown = format!("Service: {}", shown.map_or("all", |(_, words)| words));
    form::choice(ui, "Service", (&shown, 110.0), &mut prefs.service, &services);
    let mut statuses = vec![(None, "all".to_owned())];
    statuses.extend(view.statuses.iter().map(|(status, word)| (Some(*status), (*word).to_owned())));
    let shown = statuses.iter().find(|(status, _)| *status == prefs.status);
    let shown =
        format!("Status: {}", shown.map_or_else(|| "all".into(), |(_, w)| w.to_lowercase()));
    form::choice(ui, "Status", (&shown, 100.0), &mut prefs.status, &statuses);
}

fn filter(ui: &mut Ui, theme: &Theme, prefs: &mut UsersPrefs) {
    let width = (ui.available_width() * 0.5).clamp(90.0, 230.0);
    let field = TextEdit::singleline(&mut prefs.filter)
        .id(egui::Id::unique("users filter"))
        .prefix(RichText::new(icons::SEARCH).color(theme.muted))
        .hint_text(RichText::new("Filter by name or e-mail").color(theme.muted))
        .char_limit(100)
        .desired_width(width)
        .margin(egui::Margin::symmetric(10, 7));
    let response = ui.add(field).accessible_name(FILTER);
    if ui.is_enabled() && ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::F)) {
        response.request_focus();
    }
}

/// A column, its width where it has one, and the room from which on it is shown.
const COLUMNS: [(Option<UserColumn>, &str, Option<f32>, f32); 6] = [
    (Some(UserColumn::Name), "Name", Some(110.0), 0.0),
    (Some(UserColumn::Email), "E-mail", Some(190.0), 1000.0),
    (Some(UserColumn::Service), "Service", Some(96.0), 620.0),
    (None, "Permissions", None, 0.0),
    (Some(UserColumn::Status), "Status", Some(206.0), 0.0),
    (Some(UserColumn::LastSignIn), "Last sign-in", Some(128.0), 760.0),
];

fn people(ui: &mut Ui, theme: &Theme, view: &UsersView, prefs: &mut UsersPrefs) {
    if view.rows.is_empty() {
        pages::empty(ui, theme, icons::USERS, &view.empty);
        return;
    }
    let room = ui.available_width();
    let there = COLUMNS.iter().filter(|(.., from)| room >= *from);
    let columns: Vec<(Option<UserColumn>, Head)> = there
        .map(|(column, label, width, _)| {
            // Where there is little room, the permissions need it more than the status.
            let tight = *column == Some(UserColumn::Status) && room < 700.0;
            let width = if tight { Some(168.0) } else { *width };
            let sorts = match column {
                None => Sorts::Never,
                Some(column) if *column == prefs.sort => Sorts::Now(prefs.order),
                Some(_) => Sorts::Could,
            };
            (*column, Head { label, width, sorts })
        })
        .collect();
    let heads: Vec<Head> = columns.iter().map(|(_, head)| *head).collect();
    let shown: Vec<Option<UserColumn>> = columns.into_iter().map(|(column, _)| column).collect();
    let table =
        Table { id: "users", heads: &heads, rows: view.rows.len(), height: ROW, least: 460.0 };
    let mut clicked = None;
    let sorted = list::table(ui, theme, &table, |at, line| {
        let Some(row) = view.rows.get(at) else { return };
        line.set_selected(row.selected);
        for column in &shown {
            field(line, theme, row, *column);
        }
        let spoken = format!("{}, {}, {}", row.name, row.service, row.status.word);
        if list::finish(line, theme, &spoken).clicked() {
            clicked = Some(row.id);
        }
    });
    if clicked.is_some() {
        prefs.selected = clicked;
    }
    if let Some(column) = sorted.and_then(|at| shown.get(at).copied().flatten()) {
        prefs.order = match (prefs.sort == column, prefs.order) {
            (true, SortOrder::Ascending) => SortOrder::Descending,
            (true, SortOrder::Descending) | (false, _) => SortOrder::Ascending,
        };
        prefs.sort = column;
    }
}

fn field(
    line: &mut egui_extras::TableRow<'_, '_>,
    theme: &Theme,
    row: &UserRow,
    column: Option<UserColumn>,
) {
    let hover = format!("{}\n{}\n{}", row.name, row.email, row.service);
    match column {
        Some(UserColumn::Name) => {
            list::cell(line, &row.name, fonts::strong(13.0), theme.text, &hover);
        }
        Some(UserColumn::Email) => {
            list::cell(line, &row.email, fonts::text(13.0), theme.muted, "");
        }
        Some(UserColumn::Service) => {
            list::cell(line, &row.service, fonts::text(13.0), theme.muted, "");
        }
        None => {
            line.col(|ui| chip::permissions(ui, theme, &row.permissions));
        }
        Some(UserColumn::Status) => list::status(line, theme, &row.status),
        Some(UserColumn::LastSignIn) => {
            list::cell(line, &row.last_sign_in, fonts::mono(12.0), theme.muted, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_columns_leave_room_for_the_permissions_at_every_width() {
        for room in [460.0_f32, 520.0, 620.0, 760.0, 900.0, 1000.0, 1300.0] {
            let there = COLUMNS.iter().filter(|(.., from)| room >= *from);
            let fixed: f32 = there.map(|(_, _, width, _)| width.unwrap_or(0.0) + 10.0).sum();
            assert!(room - fixed >= 100.0, "{room}: {}", room - fixed);
        }
    }
}
