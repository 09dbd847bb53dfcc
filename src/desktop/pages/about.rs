//! The About page: what this is, how it looks, whose work is in it.

use egui::{RichText, ScrollArea, Ui};

use crate::desktop::command::{Command, ScaleStep};
use crate::desktop::credits;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::{Theme, ThemeChoice};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::paragraph;

/// Draws the page; `chosen` is the theme in force.
pub fn draw(ui: &mut Ui, theme: &Theme, chosen: ThemeChoice) -> Option<Command> {
    let mut asked = None;
    ScrollArea::vertical().id_salt("about page").auto_shrink(false).show(ui, |ui| {
        let width = ui.available_width().min(860.0);
        ui.set_max_width(width);
        pages::title(ui, theme, "About Busbar");
        let version = concat!("Version ", env!("CARGO_PKG_VERSION"));
        ui.label(RichText::new(version).font(fonts::mono(12.5)).color(theme.muted));
        ui.add_space(GAP - 6.0);
        panel(ui, theme, "Safety", |ui| paragraph(ui, credits::SAFETY, theme.text));
        ui.add_space(GAP - 6.0);
        asked = panel(ui, theme, "Appearance", |ui| appearance(ui, theme, chosen));
        ui.add_space(GAP - 6.0);
        panel(ui, theme, "Fonts and icons", |ui| {
            for font in fonts::BUNDLED {
                let head = format!("{} — {}, {}", font.name, font.used_for, font.licence);
                licence(ui, theme, &head, font.licence_text);
            }
        });
        ui.add_space(GAP - 6.0);
        panel(ui, theme, "Licences", |ui| {
            paragraph(ui, credits::OWN, theme.text);
            licence(ui, theme, "Apache License 2.0", credits::APACHE);
            licence(ui, theme, "MIT License", credits::MIT);
            ui.add_space(4.0);
            paragraph(ui, "Busbar stands on these libraries, among others:", theme.muted);
            for (name, what, terms) in credits::CRATES {
                let text = format!("{name} — {what} ({terms})");
                paragraph(ui, &text, theme.text);
            }
        });
    });
    asked
}

fn appearance(ui: &mut Ui, theme: &Theme, chosen: ThemeChoice) -> Option<Command> {
    let mut asked = None;
    ui.horizontal_wrapped(|ui| {
        for choice in ThemeChoice::ALL {
            let icon = match choice {
                ThemeChoice::Dark => icons::MOON,
                ThemeChoice::Light => icons::SUN,
                ThemeChoice::System => icons::CIRCLE_HALF,
            };
            let active = choice == chosen;
            let colour = if active { theme.accent } else { theme.text };
            let text = RichText::new(format!("{icon}  {}", choice.words())).color(colour);
            let button = egui::Button::new(text).selected(active);
            if ui.add(button).accessible_name(choice.words()).clicked() {
                asked = Some(Command::Theme(choice));
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        let percent = (ui.ctx().zoom_factor() * 100.0).round();
        let steps = [
            ("Smaller", ScaleStep::Smaller),
            ("Normal size", ScaleStep::Normal),
            ("Larger", ScaleStep::Larger),
        ];
        for (words, step) in steps {
            if ui.button(words).clicked() {
                asked = Some(Command::Scale(step));
            }
        }
        ui.label(
            RichText::new(format!("{percent:.0} %")).font(fonts::mono(12.5)).color(theme.muted),
        );
    });
    asked
}

fn licence(ui: &mut Ui, theme: &Theme, head: &str, text: &str) {
    egui::CollapsingHeader::new(RichText::new(head).color(theme.text)).id_salt(head).show(
        ui,
        |ui| {
            let text = RichText::new(text).font(fonts::mono(11.0)).color(theme.muted);
            ui.add(egui::Label::new(text).wrap().selectable(true));
        },
    );
}
