//! The pages: pure drawings of a view and the page's own small state, returning what was asked.

pub mod about;
pub mod admin;
pub mod can;
pub mod charge;
pub mod pack;
pub mod parts;
pub mod profiles;
pub mod signals;
pub mod start;

use egui::{Color32, RichText, Ui};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;

/// The title of a page.
pub fn title(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(fonts::strong(20.0)).color(theme.text));
}

/// The one button of a page that stands out.
pub fn primary<'a>(theme: &Theme, text: &str) -> egui::Button<'a> {
    let text = RichText::new(text).font(fonts::strong(13.0)).color(theme.on_accent);
    egui::Button::new(text).fill(theme.accent).stroke(egui::Stroke::NONE)
}

/// What stands in the middle of an empty place.
pub fn empty(ui: &mut Ui, theme: &Theme, icon: &str, text: &str) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).min(90.0));
        ui.label(RichText::new(icon).font(fonts::text(30.0)).color(theme.muted));
        ui.add_space(4.0);
        ui.set_max_width(ui.available_width().min(460.0));
        let text = RichText::new(text).font(fonts::text(13.5)).color(theme.muted);
        ui.add(egui::Label::new(text).wrap());
    });
}

/// A colour between a ground and a sign, for soft fills.
#[must_use]
pub fn soft(ground: Color32, sign: Color32) -> Color32 {
    ground.lerp_to_gamma(sign, 0.16)
}
