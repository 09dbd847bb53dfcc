//! Panels: a filled, bordered rectangle with a caption. One that takes its natural height, and one
//! that fills a given rectangle.

use egui::{CornerRadius, Frame, Margin, Rect, Stroke, StrokeKind, Ui, UiBuilder};

use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::caption;

/// Space between panels.
pub const GAP: f32 = 12.0;
/// Space inside a panel.
pub const INSET: f32 = 14.0;

/// A panel as wide as there is room and as high as its content.
pub fn panel<R>(ui: &mut Ui, theme: &Theme, title: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(1.0, theme.line))
        .corner_radius(10)
        .inner_margin(Margin::same(INSET as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            if !title.is_empty() {
                caption(ui, theme, title);
                ui.add_space(4.0);
            }
            content(ui)
        })
        .inner
}

/// Says to a screen reader that what lies outside the visible part of `ui` is scrolled out of sight.
pub fn scrolls(ui: &Ui) {
    let seen = ui.clip_rect();
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(egui::accesskit::Role::ScrollView);
        node.set_bounds(egui::accesskit::Rect {
            x0: seen.left().into(),
            y0: seen.top().into(),
            x1: seen.right().into(),
            y1: seen.bottom().into(),
        });
        node.set_clips_children();
    });
}

/// A panel that fills `rect`; what does not fit is for the content to scroll.
pub fn panel_in<R>(
    ui: &mut Ui,
    theme: &Theme,
    rect: Rect,
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    ui.painter().rect(
        rect,
        CornerRadius::same(10),
        theme.panel,
        Stroke::new(1.0, theme.line),
        StrokeKind::Inside,
    );
    let inner = rect.shrink(INSET);
    let mut child = ui.new_child(UiBuilder::new().max_rect(inner));
    child.shrink_clip_rect(rect);
    content(&mut child)
}
