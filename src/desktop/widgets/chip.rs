//! Chips and badges: a short text in a rounded border, with a dot or a fill; and a row of chips
//! that says how many more there are where they do not all fit.

use egui::{Color32, CornerRadius, FontId, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{cut, name};
use crate::view::chrome::Chip;
use crate::view::shown::{Badge, Tone};

const HEIGHT: f32 = 24.0;
const PAD: f32 = 10.0;
const DOT: f32 = 14.0;

/// Width of a chip with this text.
#[must_use]
pub fn width(ui: &Ui, text: &str) -> f32 {
    let galley =
        ui.painter().layout_no_wrap(text.to_owned(), fonts::text(12.0), Color32::PLACEHOLDER);
    galley.size().x + DOT + 2.0 * PAD
}

/// A chip with a dot of its tone; `None` as tone leaves the dot out.
pub fn chip(ui: &mut Ui, theme: &Theme, text: &str, tone: Option<Tone>, hover: &str) -> Response {
    let room = ui.available_width();
    chip_within(ui, theme, text, (tone, hover), room)
}

/// A chip that is at most `room` wide.
pub fn chip_within(
    ui: &mut Ui,
    theme: &Theme,
    text: &str,
    (tone, hover): (Option<Tone>, &str),
    room: f32,
) -> Response {
    let dot = if tone.is_some() { DOT } else { 0.0 };
    let room = (room - dot - 2.0 * PAD).max(16.0);
    let galley = cut(ui, text, fonts::text(12.0), room);
    let size = Vec2::new(galley.size().x + dot + 2.0 * PAD, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter();
    let corner = CornerRadius::same((HEIGHT / 2.0) as u8);
    painter.rect_stroke(rect, corner, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    if let Some(tone) = tone {
        let centre = egui::pos2(rect.left() + PAD + 4.0, rect.center().y);
        painter.circle_filled(centre, 4.0, theme.lamp(tone));
    }
    let at = egui::pos2(rect.left() + PAD + dot, rect.center().y - galley.size().y / 2.0);
    painter.galley(at, galley, theme.muted);
    name(&response, Role::Label, text);
    if hover.is_empty() { response } else { response.on_hover_text(hover) }
}

/// As many chips as fit; the rest is counted in a last one, which lists them on hover.
pub fn chips(ui: &mut Ui, theme: &Theme, chips: &[Chip]) {
    let gap = ui.spacing().item_spacing.x;
    let more = width(ui, "+99");
    for (at, shown) in chips.iter().enumerate() {
        let last = at + 1 == chips.len();
        let room = ui.available_width() - if last { 0.0 } else { more + gap };
        // The first is cut rather than left out; the others are whole or counted.
        let fits = if at == 0 { room > 90.0 } else { width(ui, &shown.text) <= room };
        if !fits {
            let left = chips.get(at..).unwrap_or_default();
            let list: Vec<&str> = left.iter().map(|c| c.text.as_str()).collect();
            let worst = left.iter().map(|c| c.tone).max().unwrap_or_default();
            chip(ui, theme, &format!("+{}", left.len()), Some(worst), &list.join("\n"));
            return;
        }
        chip_within(ui, theme, &shown.text, (Some(shown.tone), &shown.hover), room);
    }
}

/// Permissions, one small chip each; those that do not fit are counted in a last one and named on
/// hover.
pub fn permissions(ui: &mut Ui, theme: &Theme, chips: &[Chip]) {
    ui.spacing_mut().item_spacing.x = 5.0;
    let wide = |ui: &Ui, text: &str| {
        let font = fonts::text(11.5);
        ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x + 14.0
    };
    let more = wide(ui, "+9") + 5.0;
    for (at, shown) in chips.iter().enumerate() {
        let last = at + 1 == chips.len();
        let room = ui.available_width() - if last { 0.0 } else { more };
        if wide(ui, &shown.text) > room && at > 0 {
            let left = chips.get(at..).unwrap_or_default();
            let names: Vec<&str> = left.iter().map(|c| c.text.as_str()).collect();
            let rest = Chip {
                text: format!("+{}", left.len()),
                tone: Tone::Plain,
                hover: names.join("\n"),
            };
            permission(ui, theme, &rest, f32::INFINITY);
            return;
        }
        permission(ui, theme, shown, room);
    }
}

fn permission(ui: &mut Ui, theme: &Theme, shown: &Chip, room: f32) {
    let galley = cut(ui, &shown.text, fonts::text(11.5), (room - 14.0).max(16.0));
    let size = Vec2::new(galley.size().x + 14.0, 20.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let special = shown.tone == Tone::Warning;
    let (edge, text) =
        if special { (theme.accent, theme.accent) } else { (theme.line, theme.text) };
    let corner = CornerRadius::same(4);
    let stroke = Stroke::new(1.0, edge);
    ui.painter().rect(rect, corner, theme.raised, stroke, StrokeKind::Inside);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, text);
    if !shown.hover.is_empty() {
        response.on_hover_text(&shown.hover);
    }
}

/// A filled word.
pub fn badge(ui: &mut Ui, theme: &Theme, badge: &Badge) -> Response {
    let quiet = matches!(badge.tone, Tone::Muted | Tone::Plain);
    let fill = if quiet { theme.raised } else { theme.tone(badge.tone) };
    let response = filled(ui, &badge.word, fonts::strong(12.0), fill, theme.on_tone(badge.tone));
    if badge.hover.is_empty() { response } else { response.on_hover_text(&badge.hover) }
}

/// An id or address in a border.
pub fn tag(ui: &mut Ui, theme: &Theme, text: &str) -> Response {
    filled(ui, text, fonts::mono(12.0), theme.raised, theme.muted)
}

fn filled(ui: &mut Ui, text: &str, font: FontId, fill: Color32, colour: Color32) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    let size = Vec2::new(galley.size().x + 2.0 * PAD, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same((HEIGHT / 2.0) as u8), fill);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
    name(&response, Role::Label, text);
    response
}
