//! The profiles there are, one below the other, with what can be done with each.

use egui::{RichText, Ui, Vec2};

use super::Pressed;
use crate::desktop::ask::ProfileAsk;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::{line, paragraph};
use crate::view::profiles::{ProfileRow, ProfilesView};
use crate::view::shown::Tone;

/// In narrower pages the buttons stand below the words.
const WIDE: f32 = 700.0;
/// Width of the buttons.
const BUTTONS: f32 = 300.0;

pub(super) fn draw(ui: &mut Ui, theme: &Theme, view: &ProfilesView) -> Option<Pressed> {
    if view.rows.is_empty() {
        pages::empty(ui, theme, icons::FILE, view.empty);
        return None;
    }
    let mut pressed = None;
    for row in &view.rows {
        panel(ui, theme, "", |ui| {
            if let Some(what) = one(ui, theme, row) {
                pressed = Some(what);
            }
        });
        ui.add_space(GAP - 6.0);
    }
    pressed
}

fn one(ui: &mut Ui, theme: &Theme, row: &ProfileRow) -> Option<Pressed> {
    let room = ui.available_width();
    if room < WIDE {
        words(ui, theme, row);
        ui.add_space(4.0);
        return ui.horizontal_wrapped(|ui| buttons(ui, theme, row)).inner;
    }
    ui.horizontal_top(|ui| {
        let width = room - BUTTONS - GAP;
        ui.allocate_ui(Vec2::new(width, 0.0), |ui| {
            ui.set_width(width);
            ui.vertical(|ui| words(ui, theme, row));
        });
        let right = egui::Layout::right_to_left(egui::Align::Min);
        ui.with_layout(right, |ui| {
            let across = egui::Layout::left_to_right(egui::Align::Center);
            let size = Vec2::new(BUTTONS, 28.0);
            ui.allocate_ui_with_layout(size, across, |ui| buttons(ui, theme, row)).inner
        })
        .inner
    })
    .inner
}

/// Its name with what it is at the moment.
pub(super) fn state(ui: &mut Ui, theme: &Theme, row: &ProfileRow) {
    if row.state.is_empty() {
        return;
    }
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), egui::Sense::hover());
    ui.painter().circle_filled(rect.center(), 5.0, theme.lamp(row.tone));
    let text = RichText::new(row.state).font(fonts::strong(12.0));
    ui.label(text.color(theme.tone(row.tone)));
}

fn words(ui: &mut Ui, theme: &Theme, row: &ProfileRow) {
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.horizontal(|ui| {
        state(ui, theme, row);
        line(ui, &row.name, fonts::strong(14.5), theme.text);
    });
    if !row.description.is_empty() {
        paragraph(ui, &row.description, theme.text);
    }
    if let Some(why) = &row.refused {
        paragraph(ui, why, theme.tone(Tone::Fault));
    }
    let what = match (row.parts.as_str(), row.components.as_str()) {
        ("", _) => String::new(),
        (parts, "") => parts.to_owned(),
        (parts, components) => format!("{parts}: {components}"),
    };
    if !what.is_empty() {
        line(ui, &what, fonts::text(12.5), theme.muted);
    }
    line(ui, &changed(row), fonts::text(12.5), theme.muted);
}

/// When it was changed, and by whom.
pub(super) fn changed(row: &ProfileRow) -> String {
    match (row.changed.as_str(), row.by.as_str()) {
        ("", "") => String::new(),
        (at, "") => format!("Changed {at}"),
        (at, by) => format!("Changed {at} by {by}"),
    }
}

fn buttons(ui: &mut Ui, theme: &Theme, row: &ProfileRow) -> Option<Pressed> {
    let name = &row.name;
    let mut pressed = None;
    if ui.button("Open").accessible_name(format!("Open {name}")).clicked() {
        pressed = Some(Pressed::Open(name.clone()));
    }
    if form::named_offer(ui, theme, &row.activate, Look::Plain, &format!("Run {name}")) {
        pressed = Some(Pressed::Run(name.clone()));
    }
    if form::named_offer(ui, theme, &row.copy, Look::Plain, &format!("Copy {name}")) {
        pressed = Some(Pressed::Copy(name.clone()));
    }
    let spoken = format!("Delete {name}");
    if form::named_offer(ui, theme, &row.delete.offer, Look::Grave, &spoken) {
        let ask = ProfileAsk::Delete { profile: name.clone(), revision: row.revision.clone() };
        pressed = Some(Pressed::Delete(row.delete.question.clone(), ask));
    }
    pressed
}
