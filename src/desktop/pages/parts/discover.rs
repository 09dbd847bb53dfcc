//! What talks on a bus or in a recording that is open, and the way to add it.

use egui::{RichText, Ui};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::{line, paragraph};
use crate::view::discovery::{DiscoverIn, DiscoveryView, FoundView};

/// Draws it; gives what is to be added. `wanted` is where it is looked.
pub fn draw<'v>(
    ui: &mut Ui,
    theme: &Theme,
    view: &'v DiscoveryView,
    wanted: &mut DiscoverIn,
) -> Option<&'v FoundView> {
    ui.horizontal_wrapped(|ui| {
        for name in &view.buses {
            let here = view.log.is_none() && *name == view.bus;
            if ui.selectable_label(here, name).clicked() {
                *wanted = DiscoverIn::Bus(name.clone());
            }
        }
        for (log, name) in &view.logs {
            if ui.selectable_label(view.log == Some(*log), name).clicked() {
                *wanted = DiscoverIn::Log(*log);
            }
        }
        line(ui, &view.heard, fonts::text(12.5), theme.muted);
    });
    paragraph(
        ui,
        "Nothing is sent, and nothing is taken for a device by its ids alone.",
        theme.muted,
    );
    if !view.empty.is_empty() {
        paragraph(ui, &view.empty, theme.text);
    }
    let mut chosen = None;
    for found in &view.found {
        ui.add_space(4.0);
        panel(ui, theme, "", |ui| {
            if one(ui, theme, found) {
                chosen = Some(found);
            }
        });
    }
    if !view.unknown.is_empty() {
        ui.add_space(8.0);
        paragraph(ui, &view.unknown, theme.muted);
    }
    chosen
}

fn one(ui: &mut Ui, theme: &Theme, found: &FoundView) -> bool {
    let pressed = ui.horizontal(|ui| {
        ui.label(RichText::new(&found.title).font(fonts::strong(14.0)).color(theme.text));
        line(ui, &found.place, fonts::text(12.5), theme.muted);
        let score = RichText::new(&found.score).font(fonts::strong(12.5));
        ui.label(score.color(theme.tone(found.tone)));
        let name = format!("Add {} {}", found.title, found.place);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            form::named_offer(ui, theme, &found.add, Look::Plain, &name)
        })
        .inner
    });
    if !found.remark.is_empty() {
        paragraph(ui, &found.remark, theme.text);
    }
    for reason in &found.good {
        paragraph(ui, &format!("+ {reason}"), theme.muted);
    }
    for reason in &found.bad {
        paragraph(ui, &format!("\u{2212} {reason}"), theme.muted);
    }
    pressed.inner
}
