//! The Parts page: buses and components with their status in words and their settings.

use egui::{RichText, ScrollArea, Ui, Vec2};

use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::readings::readings;
use crate::desktop::widgets::text::{caption, line, note, paragraph};
use crate::view::parts::{Part, PartsView};

/// Draws the page.
pub fn draw(ui: &mut Ui, theme: &Theme, view: &PartsView) -> Option<Command> {
    ScrollArea::vertical().id_salt("parts page").auto_shrink(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, "Parts");
            if !view.profile_file.is_empty() {
                let text = format!("from {}", view.profile_file);
                line(ui, &text, fonts::text(12.0), theme.muted).on_hover_text(
                    "The profile. Edits made to this file are picked up while Busbar runs.",
                );
            }
        });
        for sentence in &view.notes {
            note(ui, theme, sentence);
        }
        if view.buses.is_empty() && view.components.is_empty() {
            let text = "The buses and components of the profile stand here. Open a demo, a CAN \
                        interface or a recording to get some.";
            pages::empty(ui, theme, icons::CUBE, text);
            return;
        }
        section(ui, theme, "Buses", &view.buses);
        section(ui, theme, "Components", &view.components);
    });
    None
}

fn section(ui: &mut Ui, theme: &Theme, title: &str, parts: &[Part]) {
    if parts.is_empty() {
        return;
    }
    ui.add_space(8.0);
    caption(ui, theme, title);
    ui.add_space(2.0);
    let width = ui.available_width();
    let columns = ((width / 360.0).floor() as usize).clamp(1, 4);
    let each = (width - GAP * (columns as f32 - 1.0)) / columns as f32;
    for row in parts.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = GAP;
            for part in row {
                ui.allocate_ui(Vec2::new(each, 0.0), |ui| {
                    ui.set_width(each);
                    ui.vertical(|ui| panel(ui, theme, "", |ui| card(ui, theme, part)));
                });
            }
        });
        ui.add_space(GAP - 6.0);
    }
}

fn card(ui: &mut Ui, theme: &Theme, part: &Part) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 5.0, theme.lamp(part.tone));
        ui.label(RichText::new(&part.name).font(fonts::strong(14.5)).color(theme.text));
        ui.label(
            RichText::new(&part.status).font(fonts::strong(12.0)).color(theme.tone(part.tone)),
        );
    });
    line(ui, &part.kind, fonts::text(12.5), theme.muted);
    if !part.sentence.is_empty() {
        paragraph(ui, &part.sentence, theme.text);
    }
    readings(ui, theme, &part.panels);
    ui.add_space(4.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().interact_size.y = 20.0;
    for (label, value) in &part.settings {
        ui.horizontal_top(|ui| {
            let width = ui.available_width() * 0.42;
            ui.allocate_ui(Vec2::new(width, 18.0), |ui| {
                ui.set_width(width);
                line(ui, label, fonts::text(12.5), theme.muted);
            });
            let value = RichText::new(value).font(fonts::mono(12.0)).color(theme.text);
            ui.add(egui::Label::new(value).wrap());
        });
    }
}
