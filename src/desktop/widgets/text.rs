//! Texts: captions, labels cut to their place, lamps, values with an age.

use egui::{Align2, Color32, FontId, Label, Response, RichText, Role, Sense, Ui, Vec2, WidgetInfo};

use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::view::shown::{Lamp, Note, Shade, Shown, Tone};

/// A heading in small capitals; a screen reader hears it as it is written.
pub fn caption(ui: &mut Ui, theme: &Theme, text: &str) -> Response {
    let galley =
        ui.painter().layout_no_wrap(text.to_uppercase(), fonts::strong(11.0), Color32::PLACEHOLDER);
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    ui.painter().galley(rect.min, galley, theme.muted);
    name(&response, Role::Label, text);
    response
}

/// Gives what was painted a name for screen readers and tests.
pub fn name(response: &Response, role: Role, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(role, true, text));
}

/// One line, cut with "…" where the place is too narrow; then the whole text shows on hover.
pub fn line(ui: &mut Ui, text: &str, font: FontId, colour: Color32) -> Response {
    ui.add(Label::new(RichText::new(text).font(font).color(colour)).truncate())
}

/// Text that wraps.
pub fn paragraph(ui: &mut Ui, text: &str, colour: Color32) -> Response {
    ui.add(Label::new(RichText::new(text).color(colour)).wrap())
}

/// Colour of a value of this age.
#[must_use]
pub const fn shade(theme: &Theme, shade: Shade, tone: Tone) -> Color32 {
    match shade {
        Shade::Fresh => theme.tone(tone),
        Shade::Late | Shade::Lost | Shade::Never => theme.muted,
    }
}

/// A number in its place, right or left of `at`.
pub fn value_at(ui: &Ui, theme: &Theme, at: (egui::Pos2, Align2), value: &Shown, size: f32) {
    let colour = shade(theme, value.shade, Tone::Plain);
    ui.painter().text(at.0, at.1, &value.text, fonts::mono(size), colour);
}

/// A dot and its words; what it means shows on hover.
pub fn lamp(ui: &mut Ui, theme: &Theme, lamp: &Lamp, width: f32) -> Response {
    let height = 20.0;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
    if ui.is_rect_visible(rect) {
        let centre = egui::pos2(rect.left() + 5.0, rect.center().y);
        ui.painter().circle_filled(centre, 4.0, theme.lamp(lamp.tone));
        let lit = lamp.tone != Tone::Muted;
        let colour = if lit && lamp.tone != Tone::Ok { theme.tone(lamp.tone) } else { theme.muted };
        let galley = cut(ui, &lamp.label, fonts::text(12.5), width - 18.0);
        let place = egui::pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(place, galley, colour);
    }
    name(&response, Role::Label, &lamp.label);
    if lamp.hover.is_empty() { response } else { response.on_hover_text(&lamp.hover) }
}

/// One line of text, cut with "…" to `width`.
#[must_use]
pub fn cut(ui: &Ui, text: &str, font: FontId, width: f32) -> std::sync::Arc<egui::Galley> {
    let mut job =
        egui::text::LayoutJob::simple_singleline(text.to_owned(), font, Color32::PLACEHOLDER);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(8.0));
    ui.painter().layout_job(job)
}

/// Name of the button that closes a sentence, also for tests.
pub const CLOSE_NOTE: &str = "Close message";

/// A sentence that stays until it is no longer true. Returns whether a person closed it.
pub fn note(ui: &mut Ui, theme: &Theme, note: &Note) -> bool {
    let icon = match note.tone {
        Tone::Muted | Tone::Plain | Tone::Info => icons::INFO,
        Tone::Ok => icons::CHECK,
        Tone::Warning => icons::WARNING,
        Tone::Fault => icons::FAULT,
    };
    let colour = theme.tone(note.tone);
    egui::Frame::new()
        .fill(theme.panel)
        .stroke(egui::Stroke::new(1.0, colour.gamma_multiply(0.55)))
        .corner_radius(8)
        .inner_margin(egui::Margin::symmetric(12, 7))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(RichText::new(icon).font(fonts::text(15.0)).color(colour));
                if !note.closable {
                    paragraph(ui, &note.text, theme.text);
                    return false;
                }
                let words = (ui.available_width() - 56.0).max(60.0);
                ui.allocate_ui(Vec2::new(words, 0.0), |ui| {
                    ui.set_width(words);
                    paragraph(ui, &note.text, theme.text);
                });
                let close = ui.small_button(icons::CLOSE).accessible_name(CLOSE_NOTE);
                close.on_hover_text("Close, Esc").clicked()
            })
            .inner
        })
        .inner
}
