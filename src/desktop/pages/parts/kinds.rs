//! The kinds of component that can be added: by category, with a search.

use egui::{RichText, Ui};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::{caption, line, paragraph};
use crate::view::components::{KindView, KindsView};
use crate::view::offer::Offer;

/// Name of the field, also for tests.
pub const SEARCH: &str = "Search kinds";

/// Draws them; gives the kind that was chosen.
pub fn draw(ui: &mut Ui, theme: &Theme, view: &KindsView, search: &mut String) -> Option<String> {
    form::line_field(ui, theme, SEARCH, search, "Name, maker, what it is");
    if let Some(why) = &view.add.why_not {
        paragraph(ui, why, theme.tone(crate::view::shown::Tone::Warning));
    }
    let mut chosen = None;
    for group in &view.groups {
        ui.add_space(8.0);
        caption(ui, theme, &group.title);
        for kind in &group.kinds {
            panel(ui, theme, "", |ui| {
                if one(ui, theme, kind, &view.add) {
                    chosen = Some(kind.id.clone());
                }
            });
            ui.add_space(4.0);
        }
    }
    if !view.empty.is_empty() {
        ui.add_space(8.0);
        paragraph(ui, &view.empty, theme.muted);
    }
    chosen
}

fn one(ui: &mut Ui, theme: &Theme, kind: &KindView, add: &Offer) -> bool {
    let pressed = ui.horizontal(|ui| {
        let title = RichText::new(&kind.title).font(fonts::strong(14.0)).color(theme.text);
        ui.label(title);
        let there = if kind.there.is_empty() { String::new() } else { format!(", {}", kind.there) };
        line(ui, &format!("{}{there}", kind.maker), fonts::text(12.5), theme.muted);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            form::named_offer(ui, theme, add, Look::Plain, &format!("Add {}", kind.title))
        })
        .inner
    });
    paragraph(ui, &kind.summary, theme.muted);
    pressed.inner
}
